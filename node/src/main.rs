//! The OGPU node: it validates, follows and serves the chain.

mod chain_spec;
mod check_block;
mod cli;
mod command;
mod database;
mod error;
mod finality;
mod keys;
mod new_chain;
mod rpc;
mod service;

use std::process::ExitCode;

fn main() -> ExitCode {
	match command::run() {
		Ok(()) => ExitCode::SUCCESS,
		Err(error) => {
			eprintln!("Error: {}", error::one_line(&error));
			ExitCode::FAILURE
		}
	}
}
