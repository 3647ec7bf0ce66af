//! Training and rendering: a manifest becomes a job, and the job a file.

use super::{blocks, connection::ClientArgs, fetch, live, say, tell, ClassName, DeviceName};
use crate::amount::Ogpu;
use anyhow::{ensure, Context, Result};
use clap::Args;
use ogpu::{
	answers::JobQuote,
	format_ogpu,
	home::Kind,
	jobs::{plan, Wish},
	work::{in_time, Work},
	Client, Error,
};
use ogpu_worker::{chain::calls::client::NewJob, workloads::Shape};
use serde_json::json;
use std::path::{Path, PathBuf};

/// What a job is to be.
#[derive(Clone, Debug, Args)]
pub struct JobArgs {
	/// What is to be done: docs/workloads.md says how it is written
	#[arg(value_name = "MANIFEST.toml")]
	pub manifest: PathBuf,
	/// Files that the manifest names, or folders with them; those in `artifacts` and `data` beside it are found
	#[arg(long, value_name = "FILES", num_args = 1..)]
	pub data: Vec<PathBuf>,
	/// The most that the work may cost, in OGPU. You pay what the second best bidder asks, and the rest returns
	#[arg(long, value_name = "OGPU", default_value = "10")]
	pub ceiling: Ogpu,
	/// How surely it is checked
	#[arg(long, value_enum, default_value = "standard")]
	pub class: ClassName,
	/// For how long bids are taken
	#[arg(long, value_name = "TIME", default_value = "1m", value_parser = blocks)]
	pub bidding: u32,
	/// How long the work may take [default: plenty for an ordinary machine, four hours at least]
	#[arg(long, value_name = "TIME", value_parser = blocks)]
	pub within: Option<u32>,
	/// Parts that are validated, and paid, one by one [default: one for each hour of work or so]
	#[arg(long)]
	pub parts: Option<u32>,
	/// Only devices of this kind
	#[arg(long, value_enum)]
	pub device: Option<DeviceName>,
	/// Lock what is missing to answer for your inputs
	#[arg(long)]
	pub lock: bool,
	#[command(flatten)]
	pub connection: ClientArgs,
	/// Print one JSON object a line
	#[arg(long)]
	pub json: bool,
}

impl JobArgs {
	fn wish(&self) -> Wish {
		Wish {
			assurance: self.class.assurance(),
			bidding_blocks: self.bidding,
			longest_blocks: self.within,
			parts: self.parts,
			device: self.device.map(Into::into),
			locks: self.lock,
			..Wish::new(self.ceiling.0)
		}
	}

	/// The manifest, if it is one of this kind.
	pub fn work(&self, kind: &str) -> Result<Work> {
		let work = Work::read(&self.manifest)?;
		ensure!(
			work.kind() == kind,
			Error::Invalid(format!("{} is a manifest of {}, not of {kind}", self.manifest.display(), work.kind()))
		);
		Ok(work)
	}

	pub fn plan(&self, work: &Work, shape: &Shape) -> Result<NewJob> {
		Ok(plan(work, shape, &self.wish())?)
	}
}

/// What a job comes to, for people.
pub fn describe(job: &NewJob, quote: &JobQuote, ceiling: u128) -> String {
	let fitting = quote.devices.iter().filter(|device| device.reasons.is_empty()).count();
	let usual = quote.usual_price.map_or("nothing like it was sold lately".into(), |price| {
		format!("such work was sold for {} OGPU lately", format_ogpu(price.0))
	});
	format!(
		"{} leaves in {} parts; at most {} OGPU for the work ({usual}), {} for checking; {} are held, of which a deposit of \
		 {} returns; {} of your lock answer for the inputs. Awarded in {}, the result is due in {}. {fitting} of {} devices \
		 could do it.",
		job.leaves,
		quote.parts,
		format_ogpu(ceiling),
		format_ogpu(quote.checking.0),
		format_ogpu(quote.held.0),
		format_ogpu(quote.deposit.0),
		format_ogpu(quote.client_bond.0),
		in_time(quote.award_blocks),
		in_time(quote.result_blocks),
		quote.devices.len()
	)
}

/// How long to wait, and for what.
#[derive(Clone, Debug, Args)]
struct Waiting {
	/// Waive the windows for challenges, and so have the verdict a day earlier
	#[arg(long)]
	accept: bool,
	/// Do not wait: `ogpu share` serves what has to be served, `ogpu watch` and `ogpu fetch` go on
	#[arg(long)]
	detach: bool,
}

/// Have a model trained by whoever bids best, and fetch it
///
/// What the manifest names is put into your store and served from there; a job is created; progress is shown; the result
/// is fetched from the provider, has the hash that the chain accepted, and is written as a safetensors file. At the first
/// use your store is registered as a device, so that workers find it: a deposit that returns when the device is retired.
#[derive(Debug, Args)]
pub struct TrainCmd {
	#[command(flatten)]
	job: JobArgs,
	/// Where the model goes [default: the manifest's name with .safetensors]
	#[arg(short, long, value_name = "FILE")]
	output: Option<PathBuf>,
	#[command(flatten)]
	waiting: Waiting,
}

/// Have pictures rendered by whoever bids best, and fetch them
///
/// As `ogpu train`, but for a manifest of `render`, with PNG files as the result: one for each frame.
#[derive(Debug, Args)]
pub struct RenderCmd {
	#[command(flatten)]
	job: JobArgs,
	/// Where the picture goes; of several, the number of the frame is put before `.png` [default: the manifest's name]
	#[arg(short, long, value_name = "FILE")]
	output: Option<PathBuf>,
	#[command(flatten)]
	waiting: Waiting,
}

impl TrainCmd {
	pub async fn run(&self) -> Result<()> {
		let Self { job, output, waiting } = self;
		run(job, Kind::Training, "train", "safetensors", output.as_deref(), waiting).await
	}
}

impl RenderCmd {
	pub async fn run(&self) -> Result<()> {
		let Self { job, output, waiting } = self;
		run(job, Kind::Rendering, "render", "png", output.as_deref(), waiting).await
	}
}

async fn run(
	args: &JobArgs,
	kind: Kind,
	word: &str,
	extension: &str,
	output: Option<&Path>,
	waiting: &Waiting,
) -> Result<()> {
	let work = args.work(word)?;
	let stem = args.manifest.file_stem().context("the manifest has no name")?;
	let output = output.map_or_else(|| Path::new(stem).with_extension(extension), Path::to_owned);
	ensure!(
		!output.exists(),
		Error::Invalid(format!("{} is there already: say with -o where the result goes", output.display()))
	);
	let client = args.connection.client().await?;
	let json = args.json;
	let shape = client.supply(&work, &args.data).await?;
	let job = args.plan(&work, &shape)?;
	let quote = client.quote_job(&job, args.ceiling.0).await?;
	say(json, &describe(&job, &quote, args.ceiling.0));
	if !quote.devices.iter().any(|device| device.reasons.is_empty()) {
		say(json, "Nobody could bid as things are: `ogpu quote` says why. If nobody bids, your money returns.");
	}
	let prepared = client.prepare(quote.held.0, quote.client_bond.0, args.lock).await?;
	for line in &prepared.said {
		say(json, line);
	}
	let absolute = std::path::absolute(&output)?;
	let entry = client.create(&work, &job, args.ceiling.0, prepared, Some(&absolute)).await?;
	debug_assert_eq!(entry.kind, kind);
	if json {
		tell(&json!({ "event": "created", "name": ogpu::hex(&entry.name.0), "output": absolute }))?;
	}
	say(json, &format!("job {}", ogpu::hex(&entry.name.0)));
	if waiting.detach {
		say(json, "Serve what it needs with `ogpu share`, until it has ended.");
		client.close().await;
		return Ok(());
	}
	finish(&client, &entry.name.0, json, waiting.accept, Some(&output)).await
}

/// Follows a job to its end, and writes what came of it.
pub async fn finish(client: &Client, name: &ogpu::Hash, json: bool, accept: bool, output: Option<&Path>) -> Result<()> {
	let mut follow = client.follow(name, accept).await?;
	let end = live::follow(&mut follow, json, async |_, _, _| Ok(())).await?;
	say(json, &live::verdict(&end));
	let mut entry = follow.entry.clone();
	if !end.is_accepted {
		return Err(Error::NotAccepted { task: ogpu::hex(name), why: end.why }.into());
	}
	let outputs = client.outputs(&mut entry).await?;
	let answer = client.read(&entry, &outputs).await?;
	let named = entry.output.clone();
	let output = output.or(named.as_deref());
	let files = match output {
		Some(path) => fetch::write_to(path, &answer)?,
		None => fetch::write_into(Path::new("."), &entry, &answer)?,
	};
	for file in &files {
		if json {
			tell(&json!({ "event": "written", "file": file }))?;
		} else {
			crate::output::print(&format!("{}\n", file.display()))?;
		}
	}
	client.close().await;
	Ok(())
}
