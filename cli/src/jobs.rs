//! Training and rendering, by auction.

use crate::{
	answers::JobQuote,
	client::NOBODY,
	funds::Prepared,
	home::{Entry, Kind},
	tasks::{now, Cut},
	work::Work,
	Balance, BlockNumber, Client, Error, Name, Result,
};
use ogpu_protocol::cost::ReferenceVerifier;
use ogpu_worker::{
	chain::{
		calls::client::{self, Assurance, NewJob},
		state,
		types::{AboutJob, DeviceKind, JobKind, LeafShape, Needs},
	},
	manifest,
	workloads::Shape,
};
use serde_json::{json, Value};
use std::{
	collections::BTreeMap,
	path::{Path, PathBuf},
};

/// A milestone about so often: an hour, as the reference verifier computes.
const MILESTONE_BLOCKS: u64 = 1_200;
/// Parts of a job, at most.
const MOST_PARTS: u32 = 32;
/// What validating a part may take before the next one can be committed, and some more.
const PART_BLOCKS: u64 = 400;
/// The longest that a client may wait: 90 days.
const MOST_BLOCKS: u64 = 90 * 28_800;
/// Nobody has to be faster than this.
const LEAST_BLOCKS: u64 = 5_000;
/// Devices about which the node is asked at once.
const MOST_DEVICES: u32 = 1_000;

/// What a client wants besides what the manifest says.
#[derive(Clone, Debug)]
pub struct Wish {
	/// The most that the work may cost.
	pub ceiling: Balance,
	pub assurance: Assurance,
	/// For how long bids are taken.
	pub bidding_blocks: BlockNumber,
	/// How long the work may take; plenty for an ordinary machine, if it is `None`.
	pub longest_blocks: Option<BlockNumber>,
	/// How many parts are validated on their own; one for each hour or so, if it is `None`.
	pub parts: Option<u32>,
	/// Only devices of this kind.
	pub device: Option<DeviceKind>,
	/// What speed counts for against the price, from 0 to a billion.
	pub speed_billionths: u32,
	/// How often the rest is sold anew when a provider fails.
	pub reopens: u8,
	/// Lock what is missing to answer for the inputs.
	pub locks: bool,
}

impl Wish {
	pub fn new(ceiling: Balance) -> Self {
		Self {
			ceiling,
			assurance: Assurance::Standard,
			bidding_blocks: 20,
			longest_blocks: None,
			parts: None,
			device: None,
			speed_billionths: 0,
			reopens: 1,
			locks: false,
		}
	}
}

/// The job that the chain is asked for. Leaves, their weight and memory follow from the manifest.
pub fn plan(work: &Work, shape: &Shape, wish: &Wish) -> Result<NewJob> {
	let kind = match work.manifest.work {
		manifest::Work::Train(_) => JobKind::Training,
		manifest::Work::Render(_) => JobKind::Rendering,
		_ => {
			return Err(Error::Invalid(format!(
				"a manifest of {} is not sold by auction: publish it with `ogpu serve`, and ask with `ogpu ask`",
				work.kind()
			)))
		}
	};
	let leaf = LeafShape {
		work: shape.leaf.work,
		recompute_work: shape.leaf.recompute_work,
		fetched_bytes: shape.leaf.fetched_bytes,
	};
	let reference = ReferenceVerifier::default();
	let leaf_blocks = reference.leaf_blocks(&shape.leaf).ok_or_else(|| {
		Error::invalid("a leaf takes verifiers too long: cut the job into smaller ones (segment, tile)")
	})?;
	let work_blocks = u64::try_from(shape.leaf.work.checked_div(reference.work_per_block).unwrap_or_default())
		.unwrap_or(u64::MAX)
		.saturating_mul(shape.leaves.into());
	let by_time = work_blocks.checked_div(MILESTONE_BLOCKS).unwrap_or_default().clamp(1, MOST_PARTS.into()) as u32;
	let parts = wish.parts.unwrap_or(by_time);
	if parts == 0 || parts > MOST_PARTS || parts > shape.leaves {
		return Err(Error::Invalid(format!(
			"{parts} parts: a job of {} leaves has 1 to {}",
			shape.leaves,
			MOST_PARTS.min(shape.leaves)
		)));
	}
	let part_leaves = shape.leaves.div_ceil(parts);
	// An ordinary machine may be ten times slower than the verifier against which leaves are measured.
	let plenty = work_blocks
		.saturating_mul(10)
		.saturating_add(u64::from(parts).saturating_mul(PART_BLOCKS))
		.saturating_add(leaf_blocks.into())
		.clamp(LEAST_BLOCKS, MOST_BLOCKS) as u32;
	Ok(NewJob {
		kind,
		manifest: work.hash(),
		start: Name::of(&[]).0,
		leaves: shape.leaves,
		part_leaves,
		leaf,
		assurance: wish.assurance,
		capability: 0,
		needs: Needs {
			kind: wish.device.clone(),
			memory_mb: u32::try_from(shape.memory_bytes.div_ceil(1 << 20)).unwrap_or(u32::MAX),
			work_per_block: 1,
		},
		speed_billionths: wish.speed_billionths,
		bidding_blocks: wish.bidding_blocks,
		longest_blocks: wish.longest_blocks.unwrap_or(plenty),
		reopens: wish.reopens,
	})
}

impl Client {
	/// Puts what a manifest names into the store, from where workers fetch it, and says what the work weighs.
	pub async fn supply(&self, work: &Work, files: &[PathBuf]) -> Result<Shape> {
		let depot = self.depot().await?;
		depot.add(work.bytes.clone(), &work.hash()).await?;
		depot.supply(&work.named, files, &work.beside, &work.hash()).await?;
		let (work, store) = (work.clone(), depot.store().blocking());
		let shaped = tokio::task::spawn_blocking(move || work.shape(1, &store)).await;
		shaped.map_err(anyhow::Error::from)?
	}

	/// What a job would cost, and who could do it. Nothing is paid.
	pub async fn quote_job(&self, job: &NewJob, ceiling: Balance) -> Result<JobQuote> {
		let known = self
			.node
			.with(async |chain| Ok(chain.best().await?.get(&state::NEXT_DEVICE, ()).await?.unwrap_or_default()))
			.await?;
		let devices: Vec<u32> = (known.saturating_sub(MOST_DEVICES)..known).collect();
		let asked = json!({
			"client": crate::address(&self.account().unwrap_or(NOBODY)),
			"ceiling": ceiling.to_string(),
			"job": match job.kind { JobKind::Training => "training", JobKind::Rendering => "rendering" },
			"leaves": job.leaves,
			"partLeaves": job.part_leaves,
			"leafWork": job.leaf.work.to_string(),
			"recomputeWork": job.leaf.recompute_work.to_string(),
			"fetchedBytes": job.leaf.fetched_bytes.to_string(),
			"class": format!("{:?}", job.assurance).to_lowercase(),
			"capability": job.capability,
			"device": job.needs.kind.as_ref().map(|kind| format!("{kind:?}").to_lowercase()),
			"memoryMb": job.needs.memory_mb,
			"workPerBlock": job.needs.work_per_block.to_string(),
			"speedBillionths": job.speed_billionths,
			"biddingBlocks": job.bidding_blocks,
			"longestBlocks": job.longest_blocks,
			"reopens": job.reopens,
			"devices": devices,
		});
		let mut quote: JobQuote = self.node.ask("ogpu_quote", &[asked]).await?;
		quote.devices.retain(|device| !device.reasons.iter().any(|reason| reason == "noSuchDevice"));
		Ok(quote)
	}

	/// Has a job done by whoever bids best.
	pub async fn create(
		&self,
		work: &Work,
		job: &NewJob,
		ceiling: Balance,
		prepared: Prepared,
		output: Option<&Path>,
	) -> Result<Entry> {
		let mut calls = prepared.calls;
		calls.push(client::create(job, ceiling));
		let is_it =
			|task: &Value| task.get("manifest").and_then(Value::as_str) == Some(crate::hex(&job.manifest).as_str());
		let name = match self.send_once(calls, Cut::Job, is_it).await? {
			Ok(sent) => sent.event::<AboutJob>("TrainingAuction", "Created")?.job,
			Err(found) => found,
		};
		let entry = Entry {
			name: Name(name),
			kind: match job.kind {
				JobKind::Training => Kind::Training,
				JobKind::Rendering => Kind::Rendering,
			},
			service: None,
			manifest: work.name(),
			inputs: None,
			asked: now(),
			store: self.depot().await?.number,
			output: output.map(Path::to_owned),
			parts_in_all: job.leaves.div_ceil(job.part_leaves.max(1)),
			parts: BTreeMap::new(),
			ended: None,
		};
		self.journal.put(&entry)?;
		Ok(entry)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use ogpu_protocol::{cost::LeafCost, token::OGPU};

	fn example(name: &str) -> Work {
		Work::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../gpu-offchain/examples").join(name)).unwrap()
	}

	fn shape(leaves: u32, work: u128) -> Shape {
		let leaf = LeafCost { work, recompute_work: work, fetched_bytes: 1_000_000 };
		Shape { leaves, leaf, memory_bytes: 3 << 20 }
	}

	#[test]
	fn short_work_is_one_part_and_long_work_has_milestones() {
		let work = example("train-text.toml");
		let short = plan(&work, &shape(4, 1_000_000), &Wish::new(OGPU)).unwrap();
		assert_eq!((short.leaves, short.part_leaves, short.needs.memory_mb), (4, 4, 3));
		assert_eq!(u64::from(short.longest_blocks), LEAST_BLOCKS);
		// A hundred leaves of two minutes each, for the reference: 4,000 blocks.
		let long = plan(&work, &shape(100, 300_000_000_000 * 40), &Wish::new(OGPU)).unwrap();
		assert_eq!(long.leaves.div_ceil(long.part_leaves), 3);
		assert!(u64::from(long.longest_blocks) > 40_000);
	}

	#[test]
	fn what_cannot_be_sold_is_refused_before_anything_is_paid() {
		let wish = Wish { parts: Some(5), ..Wish::new(OGPU) };
		assert!(plan(&example("train-text.toml"), &shape(4, 1), &wish).is_err(), "more parts than leaves");
		let error = plan(&example("service.toml"), &shape(4, 1), &Wish::new(OGPU)).unwrap_err().to_string();
		assert!(error.contains("ogpu serve"), "{error}");
		let too_long = plan(&example("train-text.toml"), &shape(4, u128::MAX / 2), &Wish::new(OGPU));
		assert!(too_long.unwrap_err().to_string().contains("segment"));
	}
}
