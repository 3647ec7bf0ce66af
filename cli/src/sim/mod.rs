//! `ogpu sim`: how sure the validation of work is, computed with the chain's own drawing and counting.
//!
//! [`exact`] sums probabilities and is the source of rare events; [`chance`] draws, and shows by intervals that the
//! exact program computes what the chain does. Whoever asks gets both.

mod attack;
mod audit;
mod chance;
mod exact;
mod jury;
mod numbers;
mod population;
mod rerolls;
mod search;
mod table;

use anyhow::Result;
use chance::Trials;
use clap::{Args, Subcommand};
use population::Population;

/// Compute how sure the validation of work is: who wins on a jury, what an audit finds, what cheating earns.
///
/// Without a command: the figures of the four audit classes. Rare events come from exact sums over all draws of seats
/// without putting back; the commands check them by drawing at random, too, with the code that the chain runs.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct SimCmd {
	#[command(subcommand)]
	command: Option<What>,

	#[command(flatten)]
	table: table::TableCmd,
}

#[derive(Debug, Subcommand)]
enum What {
	Jury(jury::JuryCmd),
	Audit(audit::AuditCmd),
	Attack(attack::AttackCmd),
	Search(search::SearchCmd),
}

/// What all commands take.
#[derive(Debug, Args)]
struct Common {
	#[command(flatten)]
	population: Population,

	#[command(flatten)]
	trials: Trials,

	/// Print JSON, with all digits.
	#[arg(long)]
	json: bool,
}

impl SimCmd {
	pub fn run(&self) -> Result<()> {
		match &self.command {
			None => self.table.run(),
			Some(What::Jury(command)) => command.run(),
			Some(What::Audit(command)) => command.run(),
			Some(What::Attack(command)) => command.run(),
			Some(What::Search(command)) => command.run(),
		}
	}
}
