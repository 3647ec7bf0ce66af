//! The OGPU node: it validates, follows and serves the chain.

mod chain_spec;
mod cli;
mod command;
mod new_chain;
mod rpc;
mod service;

use std::{error::Error, process::ExitCode};

fn main() -> ExitCode {
	match command::run() {
		Ok(()) => ExitCode::SUCCESS,
		Err(error) => {
			eprintln!("Error: {}", one_line(&error));
			ExitCode::FAILURE
		}
	}
}

/// The error and what caused it, each said once.
fn one_line(error: &dyn Error) -> String {
	let mut line = error.to_string();
	let mut source = error.source();
	while let Some(cause) = source {
		let cause_text = cause.to_string();
		if !line.contains(&cause_text) {
			line.push_str(": ");
			line.push_str(&cause_text);
		}
		source = cause.source();
	}
	line.split_whitespace().collect::<Vec<_>>().join(" ")
}
