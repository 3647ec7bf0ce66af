//! The kinds of work: each with its part of the manifest, its limits, and how a leaf is computed.

pub mod benchmark;
pub mod embed;
pub mod generate;
pub mod render;
pub mod text;
pub mod train;

use crate::{
	artifacts::{Artifact, Store},
	error::{ensure, Error, Result},
	job::Workload,
	limits,
	manifest::{Manifest, Work},
	ops::Ops,
};

/// What a request brings to a service.
fn asked(inputs: Option<&Artifact>) -> Result<&Artifact> {
	inputs.ok_or_else(|| Error::invalid("this manifest is a service: it needs the inputs of a request"))
}

/// Reads what the manifest names, and checks that all of it is allowed.
pub fn prepare(manifest: &Manifest, store: &dyn Store, ops: Box<dyn Ops>) -> Result<Box<dyn Workload>> {
	let work: Box<dyn Workload> = match &manifest.work {
		Work::Train(train) => Box::new(train::Training::new(train, store, ops)?),
		Work::Embed(embed) => Box::new(embed::Embedding::new(embed, store, ops)?),
		Work::Generate(generate) => Box::new(generate::Generation::new(generate, store, ops)?),
		Work::Render(render) => Box::new(render::Rendering::new(render, store)?),
		Work::Benchmark(benchmark) => Box::new(benchmark::Chain::new(benchmark, ops)?),
	};
	limits::within("leaves", work.most_leaves(), 1, limits::LEAVES)?;
	let heaviest = work.cost(work.most_leaves().saturating_sub(1));
	ensure(heaviest.recompute_work <= limits::LEAF_WORK, "a leaf that no verifier could check in time")?;
	Ok(work)
}
