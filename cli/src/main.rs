//! `ogpu`: what people and scripts do on the OGPU network beside running a node.

mod amount;
mod commands;
mod dashboard;
mod dev;
mod output;
mod plot;
mod sim;
mod token;
mod verify;

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

	#[command(flatten)]
	Client(commands::ClientCmd),
	Verify(verify::VerifyCmd),
	Dev(dev::DevCmd),
	Dashboard(dashboard::DashboardCmd),
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
			Command::Client(command) => command.run(),
			Command::Verify(command) => command.run(),
			Command::Dev(command) => command.run(),
			Command::Dashboard(command) => command.run(),
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
			// Whoever stopped it knows.
			if let Some(stopped) = error.downcast_ref::<output::Stopped>() {
				return ExitCode::from(stopped.code());
			}
			// With all its causes, and in one line.
			let line = format!("{error:#}");
			eprintln!("Error: {}", line.split_whitespace().collect::<Vec<_>>().join(" "));
			// As for what cannot even be parsed.
			if error.is::<output::Usage>() {
				ExitCode::from(2)
			} else if let Some(error) = error.downcast_ref::<ogpu::Error>() {
				ExitCode::from(output::code(error))
			} else if error.is::<verify::NotAccepted>() {
				ExitCode::from(3)
			} else {
				ExitCode::FAILURE
			}
		}
	}
}
