//! Runs a network with mixed work and random faults for as long as asked, and reports what came of it.

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use ogpu_zombienet::soak::{run, Soak};

/// Four validators, three providers, three verifiers and three clients on this machine: everybody works, things break at
/// random, and what must always be so is looked at twice a minute. At the end nothing new is asked for, and all that is
/// open comes to its end.
///
/// Exits with 1 if anything was wrong. OGPU_NODE names the node; `ogpu` and `ogpu-worker` lie beside it.
#[derive(Parser)]
struct Arguments {
	/// For how long new work is asked for and things break, in minutes; what is open then takes up to half an hour more
	#[arg(long, default_value_t = 60)]
	minutes: u64,
	/// What is asked for and what breaks follows from this number [default: by lot, and printed]
	#[arg(long)]
	seed: Option<u64>,
	/// Print the report as JSON
	#[arg(long)]
	json: bool,
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
	let Arguments { minutes, seed, json } = Arguments::parse();
	let soak = Soak { minutes, seed: seed.unwrap_or_else(|| fastrand::u64(..1_000_000)), json };
	eprintln!("soak: seed {}; say --seed {} to have the same faults again", soak.seed, soak.seed);
	let report = run(soak).await?;
	match json {
		true => println!("{:#}", report.json()),
		false => println!("{}", report.text()),
	}
	Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
