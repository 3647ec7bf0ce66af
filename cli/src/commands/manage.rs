//! What a client can do about its tasks.

use super::{connection::ClientArgs, say, tell};
use crate::{amount::Ogpu, output};
use anyhow::Result;
use clap::Args;
use ogpu::format_ogpu;
use serde_json::json;

/// Take a job back
///
/// What was verified is paid, and so is what its provider has committed to by now, once it is verified; the rest returns.
#[derive(Debug, Args)]
pub struct CancelCmd {
	/// The job, or the first digits of its name
	name: String,
	#[command(flatten)]
	connection: ClientArgs,
	/// Print one JSON object
	#[arg(long)]
	json: bool,
}

/// Add to the budget of a job
///
/// As long as nobody has bid it raises the ceiling; later it is there for whoever takes over, or for when the rest is sold
/// anew.
#[derive(Debug, Args)]
pub struct TopUpCmd {
	/// The job, or the first digits of its name
	name: String,
	/// In OGPU
	amount: Ogpu,
	/// Lock what is missing to answer for your inputs
	#[arg(long)]
	lock: bool,
	#[command(flatten)]
	connection: ClientArgs,
	/// Print one JSON object
	#[arg(long)]
	json: bool,
}

/// Waive the rest of the window for challenges, so that the verdict comes at once
#[derive(Debug, Args)]
pub struct AcceptCmd {
	/// The task, or the first digits of its name
	name: String,
	#[command(flatten)]
	connection: ClientArgs,
	/// Print one JSON object
	#[arg(long)]
	json: bool,
}

/// Challenge a leaf of a result: a jury computes it again
///
/// Only in the window for challenges. A bond is held, twice what a jury costs: it returns if the leaf is wrong, and you are
/// paid as the finder; it pays the jury and the provider if the leaf is right.
#[derive(Debug, Args)]
pub struct ChallengeCmd {
	/// The task, or the first digits of its name
	name: String,
	/// The number of the leaf; of a job, its number in the whole job
	leaf: u32,
	#[command(flatten)]
	connection: ClientArgs,
	/// Print one JSON object
	#[arg(long)]
	json: bool,
}

impl CancelCmd {
	pub async fn run(&self) -> Result<()> {
		let client = self.connection.client().await?;
		let name = client.find(&self.name).await?;
		client.cancel(&name).await?;
		done(self.json, &name, "cancelled", "cancelled: `ogpu status` says what is still to be judged")
	}
}

impl TopUpCmd {
	pub async fn run(&self) -> Result<()> {
		let client = self.connection.client().await?;
		let name = client.find(&self.name).await?;
		for line in client.top_up(&name, self.amount.0, self.lock).await? {
			say(self.json, &line);
		}
		client.close().await;
		done(self.json, &name, "toppedUp", &format!("{} OGPU more are there for it", self.amount))
	}
}

impl AcceptCmd {
	pub async fn run(&self) -> Result<()> {
		let client = self.connection.client().await?;
		let name = client.find(&self.name).await?;
		let tasks = client.accept(&name).await?;
		done(self.json, &name, "waived", &format!("the window is waived for {} validations", tasks.len()))
	}
}

impl ChallengeCmd {
	pub async fn run(&self) -> Result<()> {
		let client = self.connection.client().await?;
		let name = client.find(&self.name).await?;
		let (task, bond) = client.challenge(&name, self.leaf).await?;
		if self.json {
			return tell(&json!({
				"event": "challenged", "name": ogpu::hex(&name), "task": ogpu::hex(&task), "leaf": self.leaf,
				"bond": bond.to_string(),
			}));
		}
		output::print(&format!(
			"leaf {} is challenged, with a bond of {} OGPU; when the window has ended a jury computes it: ogpu watch {}\n",
			self.leaf,
			format_ogpu(bond),
			self.name
		))
	}
}

fn done(json: bool, name: &ogpu::Hash, event: &str, line: &str) -> Result<()> {
	if json {
		return tell(&json!({ "event": event, "name": ogpu::hex(name) }));
	}
	output::print(&format!("{line}\n"))
}
