//! `ogpu-worker`: runs jobs of the OGPU network and checks them, alone or for money.

mod cli;

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// The engine of OGPU: real work, reproducible to the bit.
#[derive(Debug, Parser)]
#[command(name = "ogpu-worker", version)]
struct Cli {
	/// Threads of the kernels; as many as there are cores by default. No bit depends on it.
	#[arg(long, global = true, default_value_t = 0)]
	threads: usize,
	#[command(subcommand)]
	command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
	Run(cli::run::RunCmd),
	Verify(cli::verify::VerifyCmd),
	Add(cli::add::AddCmd),
	Selftest(cli::selftest::SelftestCmd),
	Bench(cli::bench::BenchCmd),
	#[cfg(feature = "network")]
	Serve(cli::serve::ServeCmd),
	#[cfg(feature = "network")]
	Fetch(cli::fetch::FetchCmd),
	#[cfg(feature = "network")]
	Init(cli::init::InitCmd),
	#[cfg(feature = "network")]
	Check(cli::check::CheckCmd),
	#[cfg(feature = "network")]
	Operator(cli::operator::OperatorCmd),
	#[cfg(feature = "network")]
	Start(cli::start::StartCmd),
	#[cfg(feature = "network")]
	#[command(hide = true)]
	Engine(cli::engine::EngineCmd),
}

impl Cli {
	fn run(&self) -> Result<ExitCode> {
		rayon::ThreadPoolBuilder::new().num_threads(self.threads).build_global()?;
		match &self.command {
			Command::Run(command) => command.run(),
			Command::Verify(command) => command.run(),
			Command::Add(command) => command.run(),
			Command::Selftest(command) => command.run(),
			Command::Bench(command) => command.run(),
			#[cfg(feature = "network")]
			Command::Init(command) => command.run(),
			#[cfg(feature = "network")]
			Command::Check(command) => command.run(),
			#[cfg(feature = "network")]
			Command::Operator(command) => command.run(),
			#[cfg(feature = "network")]
			Command::Start(command) => command.run(),
			#[cfg(feature = "network")]
			Command::Engine(command) => command.run(),
			#[cfg(feature = "network")]
			Command::Serve(command) => command.run(),
			#[cfg(feature = "network")]
			Command::Fetch(command) => command.run(),
		}
	}
}

fn main() -> ExitCode {
	match Cli::parse().run() {
		Ok(code) => code,
		Err(error) => {
			let line = format!("{error:#}");
			eprintln!("Error: {}", line.split_whitespace().collect::<Vec<_>>().join(" "));
			ExitCode::FAILURE
		}
	}
}
