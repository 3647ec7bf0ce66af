//! What commands print: text for people, JSON for scripts, and how far long work is.

use anyhow::{Context, Result};
use serde::Serialize;
use std::{
	error::Error,
	fmt,
	io::{self, ErrorKind, IsTerminal, Write},
};

/// Writes to stdout. That the reader has gone, as in `ogpu … | head`, is no error.
pub fn print(text: &str) -> Result<()> {
	let mut stdout = io::stdout().lock();
	match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
		Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error).context("cannot write to stdout"),
		_ => Ok(()),
	}
}

pub fn print_json(value: &impl Serialize) -> Result<()> {
	print(&format!("{}\n", serde_json::to_string_pretty(value)?))
}

/// Why what was asked for makes no sense.
#[derive(Debug)]
pub struct Usage(pub String);

impl fmt::Display for Usage {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		self.0.fmt(f)
	}
}

impl Error for Usage {}

/// Refuses what makes no sense.
macro_rules! ensure_usage {
	($sense:expr, $($reason:tt)*) => {
		anyhow::ensure!($sense, $crate::output::Usage(format!($($reason)*)))
	};
}
pub(crate) use ensure_usage;

/// A text that somebody else wrote, fit for one line of an error.
pub fn quoted(text: &str) -> String {
	let short: String = text.chars().take(80).collect();
	format!("'{}'", short.escape_debug())
}

/// A line on stderr that says how far long work is, while somebody looks at it; gone when dropped.
pub struct Progress {
	visible: bool,
}

impl Progress {
	pub fn new() -> Self {
		Self { visible: io::stderr().is_terminal() }
	}

	pub fn show(&self, what: &str, done: u32) {
		if self.visible && done.is_multiple_of(10_000) {
			eprint!("\r\x1b[K{what} {done} …");
		}
	}
}

impl Drop for Progress {
	fn drop(&mut self) {
		if self.visible {
			eprint!("\r\x1b[K");
		}
	}
}
