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

/// A text that somebody else wrote, fit for a terminal: nothing in it moves the cursor or changes colours.
pub fn shown(text: &str) -> String {
	let is_plain = |letter: char| !letter.is_control() || matches!(letter, '\n' | '\t');
	text.chars()
		.map(|letter| if is_plain(letter) { letter.to_string() } else { letter.escape_debug().to_string() })
		.collect()
}

/// The exit code of an error, as `docs/cli.md` lists them.
pub fn code(error: &ogpu::Error) -> u8 {
	use ogpu::Error;
	match error {
		Error::NotAccepted { .. } => 3,
		Error::Poor { .. } | Error::LockTooSmall { .. } => 4,
		error if error.is_of_connection() => 5,
		_ => 1,
	}
}

/// Somebody stopped it with Ctrl-C, and was told how to go on.
#[derive(Debug)]
pub struct Stopped;

impl Stopped {
	/// As shells know it.
	pub fn code(&self) -> u8 {
		130
	}
}

impl fmt::Display for Stopped {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.write_str("stopped")
	}
}

impl Error for Stopped {}

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
