//! `ogpu completions`.

use crate::output::print;
use anyhow::Result;
use clap::{Args, Command};
use clap_complete::Shell;

/// Print what makes a shell complete the words of `ogpu`.
///
/// For bash: ogpu completions bash > ~/.local/share/bash-completion/completions/ogpu
#[derive(Debug, Args)]
pub struct CompletionsCmd {
	shell: Shell,
}

impl CompletionsCmd {
	pub fn run(&self, mut command: Command) -> Result<()> {
		let mut script = Vec::new();
		clap_complete::generate(self.shell, &mut command, "ogpu", &mut script);
		print(&String::from_utf8(script)?)
	}
}
