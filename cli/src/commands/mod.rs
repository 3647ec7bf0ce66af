//! The commands that talk to a node, one file each.

mod ask;
pub mod completions;
pub mod connection;
mod curve;
mod fetch;
mod job;
pub mod live;
mod load;
pub mod lock;
mod manage;
pub mod provider;
mod quote;
mod receipt;
mod serve;
mod share;
mod status;
mod watch;

use crate::output;
use anyhow::Result;
use clap::{Subcommand, ValueEnum};
use ogpu_protocol::class::Class;
use ogpu_worker::chain::{calls::client::Assurance, types::DeviceKind};
use std::future::Future;

#[derive(Debug, Subcommand)]
pub enum ClientCmd {
	Quote(quote::QuoteCmd),
	Train(job::TrainCmd),
	Render(job::RenderCmd),
	Serve(serve::ServeCmd),
	Ask(ask::AskCmd),
	Embed(ask::EmbedCmd),
	Status(status::StatusCmd),
	Watch(watch::WatchCmd),
	Fetch(fetch::FetchCmd),
	Receipt(receipt::ReceiptCmd),
	Cancel(manage::CancelCmd),
	TopUp(manage::TopUpCmd),
	Accept(manage::AcceptCmd),
	Challenge(manage::ChallengeCmd),
	Share(share::ShareCmd),
	Load(load::LoadCmd),
}

impl ClientCmd {
	pub fn run(&self) -> Result<()> {
		match self {
			Self::Quote(command) => wait(command.run()),
			Self::Train(command) => wait(command.run()),
			Self::Render(command) => wait(command.run()),
			Self::Serve(command) => wait(command.run()),
			Self::Ask(command) => wait(command.run()),
			Self::Embed(command) => wait(command.run()),
			Self::Status(command) => wait(command.run()),
			Self::Watch(command) => wait(command.run()),
			Self::Fetch(command) => wait(command.run()),
			Self::Receipt(command) => wait(command.run()),
			Self::Cancel(command) => wait(command.run()),
			Self::TopUp(command) => wait(command.run()),
			Self::Accept(command) => wait(command.run()),
			Self::Challenge(command) => wait(command.run()),
			Self::Share(command) => wait(command.run()),
			Self::Load(command) => wait(command.run()),
		}
	}
}

pub fn wait(work: impl Future<Output = Result<()>>) -> Result<()> {
	tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(work)
}

/// How surely results are checked: docs/validation.md says how sure each is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ClassName {
	/// One task in twenty is audited.
	Economy,
	/// Every task is audited, a twentieth of its leaves.
	Standard,
	/// The same with a jury twice as large.
	High,
	/// Every leaf is audited.
	Assured,
}

impl ClassName {
	fn assurance(self) -> Assurance {
		match self {
			Self::Economy => Assurance::Economy,
			Self::Standard => Assurance::Standard,
			Self::High => Assurance::High,
			Self::Assured => Assurance::Assured,
		}
	}

	fn class(self) -> Class {
		match self {
			Self::Economy => Class::ECONOMY,
			Self::Standard => Class::STANDARD,
			Self::High => Class::HIGH,
			Self::Assured => Class::ASSURED,
		}
	}
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DeviceName {
	Cpu,
	Cuda,
	Metal,
	Rocm,
	Vulkan,
}

impl From<DeviceName> for DeviceKind {
	fn from(name: DeviceName) -> Self {
		match name {
			DeviceName::Cpu => Self::Cpu,
			DeviceName::Cuda => Self::Cuda,
			DeviceName::Metal => Self::Metal,
			DeviceName::Rocm => Self::Rocm,
			DeviceName::Vulkan => Self::Vulkan,
		}
	}
}

/// A time such as `90s`, `30m`, `6h` or `2d`, in blocks of three seconds; or a number of blocks.
pub fn blocks(text: &str) -> Result<u32, String> {
	let wrong = || "give a time such as 90s, 30m, 6h or 2d, or a number of blocks".to_owned();
	let seconds = |unit: char| match unit {
		's' => Some(1u64),
		'm' => Some(60),
		'h' => Some(3_600),
		'd' => Some(86_400),
		_ => None,
	};
	let last = text.chars().last().ok_or_else(wrong)?;
	let blocks = match seconds(last) {
		Some(unit) => {
			let number: u64 = text.trim_end_matches(last).parse().map_err(|_| wrong())?;
			number.checked_mul(unit).ok_or_else(wrong)?.div_ceil(3)
		}
		None => text.parse().map_err(|_| wrong())?,
	};
	u32::try_from(blocks).ok().filter(|blocks| *blocks > 0).ok_or_else(wrong)
}

/// Prints a line for people, and nothing where scripts read.
pub fn say(json: bool, line: &str) {
	if !json {
		eprintln!("{line}");
	}
}

/// One JSON object in one line, for scripts.
pub fn tell(value: &serde_json::Value) -> Result<()> {
	output::print(&format!("{value}\n"))
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn times_are_read_in_blocks() {
		for (text, expected) in [("20", 20), ("60s", 20), ("1m", 20), ("1h", 1_200), ("2d", 57_600), ("1s", 1)] {
			assert_eq!(blocks(text), Ok(expected), "{text}");
		}
		for wrong in ["", "0", "0s", "m", "-1m", "1.5h", "1w", "99999999999d", "1mm"] {
			assert!(blocks(wrong).is_err(), "{wrong}");
		}
	}
}
