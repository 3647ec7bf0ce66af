//! Asking much at once.

use super::{blocks, connection::ClientArgs, live, say, tell};
use crate::{amount::Ogpu, output};
use anyhow::{Context, Result};
use clap::{value_parser, Args};
use ogpu::{
	client::DEVELOPMENT,
	format_ogpu,
	load::{Asker, Centiles, Latencies, Plan, Report, Update, MOST_ACCOUNTS, MOST_RATE, MOST_REQUESTS},
	Key,
};
use serde_json::json;
use std::{collections::BTreeMap, fmt::Write, time::Duration};

/// Ask a service very often, from many accounts, and say how the network bears it
///
/// Who asks are accounts derived from your key (on development chains, with --dev, from a phrase that everybody knows). They
/// are given what they need first, and keep what is left. It ends when all that was asked has ended; the window for
/// challenges is waited for. Every request is paid as any other is.
#[derive(Debug, Args)]
pub struct LoadCmd {
	/// The number of the service: `ogpu quote ask` lists them
	service: u32,
	/// How many requests
	#[arg(long, value_name = "N", default_value_t = 100, value_parser = value_parser!(u32).range(1..=MOST_REQUESTS.into()))]
	requests: u32,
	/// From how many accounts
	#[arg(long, value_name = "N", default_value_t = 16, value_parser = value_parser!(u16).range(1..=MOST_ACCOUNTS.into()))]
	accounts: u16,
	/// How many a second, at most
	#[arg(long, value_name = "PER-SECOND", default_value_t = 1.0, value_parser = rate)]
	rate: f64,
	/// For how long at most, what is open then is reported as open
	#[arg(long, value_name = "TIME", default_value = "1h", value_parser = blocks)]
	limit: u32,
	/// For how long whoever is drawn may compute
	#[arg(long, value_name = "TIME", default_value = "3m", value_parser = blocks)]
	window: u32,
	/// The most for a leaf, in OGPU [default: four times what it costs now]
	#[arg(long, value_name = "OGPU")]
	max_price: Option<Ogpu>,
	#[command(flatten)]
	connection: ClientArgs,
	/// Print one JSON object
	#[arg(long)]
	json: bool,
}

/// So many a second that one comes at least every day.
fn rate(text: &str) -> Result<f64, String> {
	let rate = text.parse::<f64>().ok().filter(|rate| (1.0 / 86_400.0..=MOST_RATE).contains(rate));
	rate.ok_or_else(|| format!("give a number of requests a second, such as 0.5, and at most {MOST_RATE}"))
}

impl LoadCmd {
	pub async fn run(&self) -> Result<()> {
		let source = self.connection.connection.key.source()?;
		let client = self.connection.client().await?;
		let is_development = client.node().chain().await.kind().await? == DEVELOPMENT;
		let asker = match source {
			Key::Development(_) if is_development => Asker::Development,
			source => Asker::Key(Box::new(source.read()?)),
		};
		let plan = Plan {
			service: self.service,
			requests: self.requests,
			accounts: self.accounts,
			rate: self.rate,
			limit: Duration::from_secs(u64::from(self.limit).saturating_mul(3)),
			window_blocks: self.window,
			max_price: self.max_price.map(|price| price.0),
		};
		let report = client.load(&asker, &plan, live::stop(), |update| self.show(&update)).await?;
		client.close().await;
		if self.json {
			return tell(&json!(report));
		}
		output::print(&text(&report).context("the report")?)
	}

	fn show(&self, update: &Update) {
		let line = match update {
			Update::Funding { accounts, each, all } => format!(
				"{accounts} accounts, each with {} OGPU to spend and lock; {} are sent to them",
				format_ogpu(*each),
				format_ogpu(*all)
			),
			Update::Begun => "all are ready; Ctrl-C ends it with a report".into(),
			Update::Block { number, .. } if !number.is_multiple_of(10) => return,
			Update::Block { number, submitted, refused, open, settled } => {
				format!("block {number}: {submitted} submitted, {refused} refused, {open} open, {settled} settled")
			}
			Update::Cut { reason } => format!("{reason}; trying again, no block is missed"),
		};
		say(self.json, &line);
	}
}

fn text(report: &Report) -> Result<String> {
	let mut text = String::new();
	let Report { submitted, in_blocks, settled, open, in_no_block, seconds, .. } = report;
	let refused: u64 = report.refused.values().sum();
	writeln!(text, "{} requests planned, {} a second, from {} accounts", report.planned, report.rate, report.accounts)?;
	writeln!(text, "{submitted} submitted, {refused} refused by the node, in {seconds:.0} s in all")?;
	writeln!(text, "{in_blocks} came into blocks, {in_no_block} did not; {settled} were accepted, {open} are open")?;
	if !report.is_whole {
		writeln!(text, "it was ended before all was")?;
	}
	for (what, reasons) in
		[("refused", &report.refused), ("failed", &report.failed), ("not accepted", &report.not_accepted)]
	{
		text.push_str(&counts(what, reasons));
	}
	let rate = |rate: Option<f64>| rate.map_or("?".into(), |rate| format!("{rate:.2}"));
	writeln!(
		text,
		"{} a second came into blocks, {} a second were accepted",
		rate(report.in_blocks_per_second),
		rate(report.settled_per_second)
	)?;
	writeln!(text, "\n{:<38}{:>10}{:>10}{:>10}", "", "p50", "p95", "p99")?;
	if let Some(centiles) = &report.to_a_block_seconds {
		row(&mut text, "from the node to a block, s", centiles)?;
	}
	for (name, latencies) in
		[("commitment", &report.to_commitment), ("reveal", &report.to_reveal), ("verdict", &report.to_verdict)]
	{
		if let Some(Latencies { blocks, seconds, .. }) = latencies {
			row(&mut text, &format!("from a block to the {name}, blocks"), blocks)?;
			row(&mut text, &format!("from a block to the {name}, s"), seconds)?;
		}
	}
	if let Some(memory) = report.node_memory {
		let mib = |bytes: u64| bytes >> 20;
		writeln!(
			text,
			"\nthe node's memory: {} MiB at the start, {} at most, {} at the end",
			mib(memory.start),
			mib(memory.peak),
			mib(memory.end)
		)?;
	}
	Ok(text)
}

fn row(text: &mut String, name: &str, centiles: &Centiles) -> Result<()> {
	Ok(writeln!(text, "{name:<38}{:>10.1}{:>10.1}{:>10.1}", centiles.p50, centiles.p95, centiles.p99)?)
}

fn counts(what: &str, reasons: &BTreeMap<String, u64>) -> String {
	reasons.iter().map(|(reason, count)| format!("  {count} {what}: {}\n", output::shown(reason))).collect()
}
