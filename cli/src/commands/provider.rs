//! `ogpu provider`: what stands about an operator.

use super::{connection::Connection, wait};
use crate::output::{print, print_json, quoted};
use anyhow::{bail, Context, Result};
use clap::Args;
use ogpu::{answers::Amount, Key};
use ogpu_worker::chain::{address, parse_account, AccountId, Chain};
use serde::Deserialize;
use serde_json::Value as Json;
use std::fmt::Write;

/// Show what stands about a provider: its lock and what binds it, its devices, its faults, and its score with what it is
/// made of.
#[derive(Debug, Args)]
pub struct ProviderCmd {
	/// An address; on a development chain also a name, such as bob [default: the account of your key]
	account: Option<String>,
	#[command(flatten)]
	connection: Connection,
	/// Print what the node answers, as JSON.
	#[arg(long)]
	json: bool,
}

/// What `ogpu_provider` answers.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Provider {
	now: u32,
	locked: Amount,
	free: Amount,
	unbonding: Vec<Unbonding>,
	pins: Vec<Pin>,
	reputation: Reputation,
	faults: Vec<Fault>,
	suspended_until: Option<u32>,
	workers: Vec<String>,
	devices: Vec<Device>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Unbonding {
	amount: Amount,
	free_at: u32,
}

#[derive(Debug, Deserialize)]
struct Pin {
	work: String,
	amount: Amount,
	counts: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reputation {
	score_billionths: u32,
	experience_billionths: u32,
	punctuality_billionths: u32,
	faultlessness_billionths: u32,
	clean: Amount,
	punctual: Amount,
	late: Amount,
}

#[derive(Debug, Deserialize)]
struct Fault {
	fault: String,
	work: String,
	at: u32,
	taken: Amount,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Device {
	id: u32,
	kind: String,
	name: String,
	memory_mb: u32,
	endpoint: String,
	worker: String,
	work_per_block: Option<String>,
	measured_at: Option<u32>,
	is_online: bool,
}

impl ProviderCmd {
	pub fn run(&self) -> Result<()> {
		wait(async {
			let chain = self.connection.node.connect().await?;
			let account = address(&self.whose(&chain).await?);
			let answer: Json = chain.request("ogpu_provider", &[account.clone().into()]).await?;
			if self.json {
				return print_json(&answer);
			}
			let provider: Provider = serde_json::from_value(answer).context(
				"the node's answer is not what this program knows; get the version that belongs to the network",
			)?;
			print(&provider.text(&account)?)
		})
	}

	async fn whose(&self, chain: &Chain) -> Result<AccountId> {
		let known = match &self.account {
			None => self.connection.key.source()?,
			Some(text) => match parse_account(text) {
				Ok(account) => return Ok(account),
				// The longest names are short; a mistyped address is none.
				Err(_) if text.len() <= 16 => Key::Development(text.clone()),
				Err(_) => bail!("{} is no address of an account; copy it again", quoted(text)),
			},
		};
		known.check(chain).await?;
		Ok(known.read()?.public_key().0)
	}
}

impl Provider {
	fn text(&self, account: &str) -> Result<String> {
		let mut text = format!("{account}, at block {}\n", self.now);
		writeln!(text, "\nlock        {}, of which {} are free", self.locked, self.free)?;
		for Unbonding { amount, free_at } in &self.unbonding {
			writeln!(text, "            {amount} are unbonding until block {free_at}")?;
		}
		for Pin { work, amount, counts } in &self.pins {
			writeln!(text, "            {amount} answer for {} ({})", plain(work), plain(counts))?;
		}
		let percent = |billionths: u32| f64::from(billionths) / 1e7;
		let Reputation { clean, punctual, late, .. } = self.reputation;
		writeln!(text, "\nscore       {:.1} %, the product of", percent(self.reputation.score_billionths))?;
		writeln!(
			text,
			"            {:>5.1} %  experience: {clean} of work that was checked and right",
			percent(self.reputation.experience_billionths)
		)?;
		writeln!(
			text,
			"            {:>5.1} %  punctuality: {punctual} in time, {late} late",
			percent(self.reputation.punctuality_billionths)
		)?;
		writeln!(
			text,
			"            {:>5.1} %  faultlessness: {} on record",
			percent(self.reputation.faultlessness_billionths),
			match self.faults.len() {
				0 => "no fault".to_owned(),
				1 => "1 fault".to_owned(),
				faults => format!("{faults} faults"),
			}
		)?;
		for Fault { fault, work, at, taken } in &self.faults {
			writeln!(text, "            {} in {}, block {at}: {taken} taken", plain(fault), plain(work))?;
		}
		if let Some(until) = self.suspended_until {
			writeln!(text, "            suspended: gets no work before block {until}")?;
		}
		writeln!(text, "\n{}", if self.devices.is_empty() { "devices     none" } else { "devices" })?;
		for device in &self.devices {
			let Device { id, memory_mb, .. } = device;
			let speed = match (&device.work_per_block, device.measured_at) {
				(Some(work), Some(at)) => format!("{} multiply-adds a block, measured at block {at}", plain(work)),
				_ => "not measured yet, so no work is given to it".into(),
			};
			let state = if device.is_online { "online" } else { "OFFLINE: no heartbeat in this window" };
			writeln!(text, "  {id:<8}  {}, {}, {memory_mb} MB, {state}", quoted(&device.name), plain(&device.kind))?;
			writeln!(text, "            {speed}")?;
			writeln!(text, "            {}, worker {}", plain(&device.endpoint), plain(&device.worker))?;
		}
		for worker in &self.workers {
			writeln!(text, "worker key  {}", plain(worker))?;
		}
		Ok(text)
	}
}

/// A word of the node, without what a terminal would obey.
fn plain(text: &str) -> String {
	text.chars().take(160).collect::<String>().escape_debug().to_string()
}
