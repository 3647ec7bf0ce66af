//! What it would cost, before anything is paid.

use super::{
	ask::QuestionArgs,
	job::{describe, JobArgs},
	tell,
};
use crate::output;
use anyhow::Result;
use clap::{Args, Subcommand};
use ogpu::{answers::Candidate, format_ogpu, work::in_time};
use ogpu_worker::artifacts::Memory;
use serde_json::json;
use std::collections::BTreeMap;

/// Say what something would cost, who could do it, and why the others cannot. Nothing is paid
#[derive(Debug, Args)]
pub struct QuoteCmd {
	#[command(subcommand)]
	of: Of,
}

#[derive(Debug, Subcommand)]
enum Of {
	/// A training
	Train(JobArgs),
	/// A rendering
	Render(JobArgs),
	/// A request to a service; without one, the services and their prices
	Ask {
		service: Option<u32>,
		/// What would be asked
		text: Vec<String>,
		#[command(flatten)]
		question: QuestionArgs,
	},
}

impl QuoteCmd {
	pub async fn run(&self) -> Result<()> {
		match &self.of {
			Of::Train(args) => of_job(args, "train").await,
			Of::Render(args) => of_job(args, "render").await,
			Of::Ask { service: None, question, .. } => services(question).await,
			Of::Ask { service: Some(service), text, question } => of_request(*service, text, question).await,
		}
	}
}

async fn of_job(args: &JobArgs, kind: &str) -> Result<()> {
	let work = args.work(kind)?;
	let client = args.connection.reader().await?;
	// What a picture weighs depends on its scene; what training weighs, on nothing but the manifest.
	let shape = match kind {
		"render" => client.supply(&work, &args.data).await?,
		_ => work.shape(1, &Memory::default())?,
	};
	let job = args.plan(&work, &shape)?;
	let quote = client.quote_job(&job, args.ceiling.0).await?;
	client.close().await;
	if args.json {
		let leaf = json!({
			"work": job.leaf.work.to_string(), "recomputeWork": job.leaf.recompute_work.to_string(),
			"fetchedBytes": job.leaf.fetched_bytes.to_string(),
		});
		return tell(&json!({
			"leaves": job.leaves, "partLeaves": job.part_leaves, "leaf": leaf, "memoryMb": job.needs.memory_mb,
			"quote": quote,
		}));
	}
	output::print(&format!("{}\n{}", describe(&job, &quote, args.ceiling.0), table(&quote.devices)))
}

async fn of_request(service: u32, texts: &[String], args: &QuestionArgs) -> Result<()> {
	let client = args.connection.reader().await?;
	let offer = client.offer(service).await?;
	let texts = if texts.is_empty() { &["…".to_owned()] } else { texts };
	let quote = client.quote_request(&offer, &args.question(texts)).await?;
	client.close().await;
	if args.json {
		return tell(&json!({ "service": service, "kind": offer.work.kind(), "quote": quote }));
	}
	let matched = quote.matched_blocks.map_or("nothing is known of how fast".into(), |blocks| {
		format!("lately an answer was committed after {}", in_time(blocks))
	});
	output::print(&format!(
		"service {service} ({}): {} OGPU a leaf; at most {} for the answer, {} for who runs along, {} for checking; {} are \
		 held, of which a deposit of {} returns; {} of your lock answer for the inputs; {matched}.\n{}",
		offer.work.kind(),
		format_ogpu(quote.leaf_price.0),
		format_ogpu(quote.fee.0),
		format_ogpu(quote.pot.0),
		format_ogpu(quote.checking.0),
		format_ogpu(quote.held()),
		format_ogpu(quote.deposit.0),
		format_ogpu(quote.client_bond.0),
		table(&quote.devices)
	))
}

async fn services(args: &QuestionArgs) -> Result<()> {
	let client = args.connection.reader().await?;
	let services = client.services().await?.services;
	if args.json {
		return tell(&json!(services));
	}
	if services.is_empty() {
		return output::print("no services yet: `ogpu serve` publishes one\n");
	}
	for service in services {
		let state = if service.is_retired { ", retired" } else { "" };
		output::print(&format!(
			"{:>6}  {} OGPU a leaf, {} members, races of {}, {}{state}  {}\n",
			service.id,
			format_ogpu(service.leaf_price.0),
			service.members,
			service.width,
			output::shown(&service.delivery),
			service.manifest
		))?;
	}
	Ok(())
}

/// Devices with what stands against them; those that can do it first.
fn table(devices: &[Candidate]) -> String {
	let (able, others): (Vec<_>, Vec<_>) = devices.iter().partition(|device| device.reasons.is_empty());
	let mut text = String::new();
	for device in able.into_iter().chain(others) {
		let operator = device.operator.map(|operator| format!(" of {operator}")).unwrap_or_default();
		let reasons: Vec<String> = device.reasons.iter().map(|reason| reason_in_words(reason)).collect();
		let state = if reasons.is_empty() { "can do it".into() } else { reasons.join("; ") };
		text.push_str(&format!("  device {}{operator}: {state}\n", device.device));
	}
	text
}

/// Why nobody can: how often each reason stands in the way.
pub fn why(devices: &[Candidate]) -> String {
	if devices.is_empty() {
		return "no device serves it".into();
	}
	let mut counts = BTreeMap::<String, u32>::new();
	for reason in devices.iter().flat_map(|device| &device.reasons) {
		let count = counts.entry(reason_in_words(reason)).or_default();
		*count = count.saturating_add(1);
	}
	let counts: Vec<String> = counts.iter().map(|(reason, count)| format!("{count} × {reason}")).collect();
	counts.join(", ")
}

fn reason_in_words(reason: &str) -> String {
	match reason {
		"hasLeft" => "has left the service",
		"offline" => "sends no heartbeats",
		"kind" | "wrongKind" => "is of another kind",
		"memory" | "tooLittleMemory" => "has too little memory",
		"score" | "tooSlow" => "was not measured, or is too slow",
		"reputation" => "has too low a score",
		"client" | "clients" => "is yours",
		"busy" => "runs in as many races as it may",
		"ranBefore" => "ran before",
		"bond" | "bondTooHigh" => "has not enough locked",
		"checking" => "would pay more for its audits than it earns",
		"suspended" => "is suspended",
		other => return output::shown(other),
	}
	.to_owned()
}
