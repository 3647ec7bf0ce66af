//! Errors as an operator reads them: one line, which names the file that is meant.

use polkadot_sdk::*;
use sc_cli::Error;
use std::path::Path;

/// The error and what caused it, each said once.
pub fn one_line(error: &dyn std::error::Error) -> String {
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

/// An error in our own words, to which the SDK adds nothing.
pub fn refusal(reason: String) -> Error {
	Error::Application(reason.into())
}

/// Adds the path to errors of files, which come without it.
pub fn naming(path: Option<&Path>) -> impl FnOnce(Error) -> Error + '_ {
	move |error| match path {
		Some(path) if matches!(error, Error::Io(_) | Error::KeyStorage(_)) => {
			refusal(format!("{}: {}", path.display(), one_line(&error)))
		}
		_ => error,
	}
}
