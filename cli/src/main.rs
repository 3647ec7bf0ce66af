//! `ogpu`: what people and scripts do on the OGPU network beside running a node.

mod amount;
mod commands;
mod dev;
mod output;
mod plot;
mod sim;
mod token;

use anyhow::Result;
use clap::{CommandFactory, Parser, Subcommand};
use std::process::ExitCode;

/// The command line of OGPU, a free market of GPU computing in which nobody has to trust anybody.
#[derive(Debug, Parser)]
#[command(name = "ogpu", version)]
struct Cli {
	#[command(subcommand)]
	command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
	/// The token: claims of its Ethereum holders, and its emission.
	#[command(subcommand)]
	Token(token::TokenCmd),

	Sim(sim::SimCmd),
	Dev(dev::DevCmd),
	Lock(commands::lock::LockCmd),
	Unlock(commands::lock::UnlockCmd),
	Withdraw(commands::lock::WithdrawCmd),
	Provider(commands::provider::ProviderCmd),
	Claim(token::ClaimCmd),
	Completions(commands::completions::CompletionsCmd),

	#[command(hide = true)]
	Become(dev::BecomeCmd),
	#[command(hide = true)]
	Sweep(dev::SweepCmd),
	#[command(hide = true)]
	Engine(dev::EngineCmd),
}

impl Cli {
	fn run(&self) -> Result<()> {
		match &self.command {
			Command::Token(command) => command.run(),
			Command::Sim(command) => command.run(),
			Command::Dev(command) => command.run(),
			Command::Lock(command) => command.run(),
			Command::Unlock(command) => command.run(),
			Command::Withdraw(command) => command.run(),
			Command::Provider(command) => command.run(),
			Command::Claim(command) => command.run(),
			Command::Completions(command) => command.run(Self::command()),
			Command::Become(command) => command.run(),
			Command::Sweep(command) => command.run(),
			Command::Engine(command) => command.run(),
		}
	}
}

fn main() -> ExitCode {
	match Cli::parse().run() {
		Ok(()) => ExitCode::SUCCESS,
		Err(error) => {
			// With all its causes, and in one line.
			let line = format!("{error:#}");
			eprintln!("Error: {}", line.split_whitespace().collect::<Vec<_>>().join(" "));
			// As for what cannot even be parsed.
			if error.is::<output::Usage>() {
				ExitCode::from(2)
			} else {
				ExitCode::FAILURE
			}
		}
	}
}
