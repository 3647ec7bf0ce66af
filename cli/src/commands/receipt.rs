//! Getting a receipt.

use super::{connection::ClientArgs, fetch, say, tell};
use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// Get the receipt of a task that has ended: a file that proves to anybody what the chain recorded of it
///
/// A chain keeps what a receipt is made of for 90 days after the verdict. `ogpu verify` checks the file, wherever it goes.
#[derive(Debug, Args)]
pub struct ReceiptCmd {
	/// The request, the job or the validation, or the first digits of its name
	name: String,
	/// The file to write [default: NAME.receipt.json here]
	#[arg(short, long, value_name = "FILE")]
	output: Option<PathBuf>,
	/// The set of validators to begin with, by its number, where a receipt from the first block on would be too long
	#[arg(long, value_name = "SET")]
	since: Option<u64>,
	#[command(flatten)]
	connection: ClientArgs,
	/// Print one JSON object
	#[arg(long)]
	json: bool,
}

impl ReceiptCmd {
	pub async fn run(&self) -> Result<()> {
		let client = self.connection.reader().await?;
		let name = client.find(&self.name).await?;
		let receipt = client.receipt(&name, self.since).await?;
		let short: String = ogpu::Name(name).to_string().chars().take(12).collect();
		let path = self.output.clone().unwrap_or_else(|| format!("{short}.receipt.json").into());
		let mut written = fetch::write(&path, &serde_json::to_vec(&receipt)?)?;
		let path = written.pop().context("nothing was written")?;
		if self.json {
			return tell(&json!({ "name": ogpu::hex(&name), "file": path, "validations": receipt.names }));
		}
		crate::output::print(&format!("{}\n", path.display()))?;
		say(false, &format!("check it with: ogpu verify {}", path.display()));
		Ok(())
	}
}
