//! What the chain has to be told of a manifest, by the very code that the command line tool uses.

use super::{answer, question, Gateway, Refusal};
use crate::{
	jobs::{plan, Wish},
	orders::prompt_work,
	work::Work,
	Error, Result,
};
use axum::{body::Body, extract::State, response::Response};
use ogpu_worker::{artifacts::Store, limits, manifest};
use serde::Deserialize;
use serde_json::{json, Value};
use std::sync::Arc;

/// A manifest as JSON writes it, and some more.
const MOST_QUESTION: usize = 8 * limits::MANIFEST_BYTES;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Question {
	manifest: String,
	/// Of a service: how many are asked.
	#[serde(default = "one")]
	texts: u32,
	/// Of a job: how many parts are validated on their own, and how long it may take.
	parts: Option<u32>,
	longest_blocks: Option<u32>,
}

fn one() -> u32 {
	1
}

pub(super) async fn shape(State(gateway): State<Arc<Gateway>>, body: Body) -> Result<Response, Refusal> {
	let question: Question = question(body, MOST_QUESTION).await?;
	let store = gateway.store().blocking();
	let shaped = tokio::task::spawn_blocking(move || question.shape(&store)).await;
	Ok(answer(&shaped.map_err(|error| Error::Machine(error.into()))??))
}

impl Question {
	fn shape(self, store: &dyn Store) -> Result<Value> {
		if self.manifest.len() > limits::MANIFEST_BYTES {
			return Err(Error::Invalid(format!("a manifest has at most {} bytes", limits::MANIFEST_BYTES)));
		}
		let work = Work::parse(self.manifest.into_bytes())?;
		let shape = work.shape(self.texts, store)?;
		let memory_mb = u32::try_from(shape.memory_bytes.div_ceil(1 << 20)).unwrap_or(u32::MAX);
		let leaf = json!({
			"work": shape.leaf.work.to_string(),
			"recomputeWork": shape.leaf.recompute_work.to_string(),
			"fetchedBytes": shape.leaf.fetched_bytes.to_string(),
		});
		let kind = match work.manifest.work {
			manifest::Work::Train(_) => "training",
			manifest::Work::Render(_) => "rendering",
			_ if work.manifest.is_service() => {
				return Ok(json!({
					"kind": work.kind(), "leaves": shape.leaves, "leaf": leaf, "memoryMb": memory_mb,
					"promptWork": prompt_work(&work, self.texts, shape.leaf.recompute_work).to_string(),
				}))
			}
			_ => return Err(Error::invalid(
				"neither a job nor a service: of `generate` and `embed`, a manifest without prompts or texts is one",
			)),
		};
		// What it may cost changes nothing of its shape.
		let wish = Wish { parts: self.parts, longest_blocks: self.longest_blocks, ..Wish::new(0) };
		let job = plan(&work, &shape, &wish)?;
		Ok(json!({
			"kind": kind, "leaves": job.leaves, "leaf": leaf, "memoryMb": memory_mb,
			"partLeaves": job.part_leaves, "longestBlocks": job.longest_blocks,
		}))
	}
}
