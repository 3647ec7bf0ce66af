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
use candle_core::Device;
use ogpu_protocol::cost::LeafCost;

/// What work comes to, by its manifest: no model is read for it, and no data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
	/// The most leaves that there can be.
	pub leaves: u32,
	/// What the heaviest of them weighs.
	pub leaf: LeafCost,
	/// What whoever runs it holds at once, roughly.
	pub memory_bytes: u64,
}

/// The shape of a job, or of a request that brings so many texts to a service. Of a picture the scene is read.
pub fn shape(manifest: &Manifest, texts: u32, store: &dyn Store) -> Result<Shape> {
	let shape = match &manifest.work {
		Work::Train(train) => train::Training::draft(train, manifest.kernels.ops(&Device::Cpu))?.shape()?,
		Work::Embed(embed) => {
			Shape { leaves: texts.div_ceil(embed.slice.max(1)), memory_bytes: embed.check()?, leaf: embed.cost() }
		}
		Work::Generate(generate) => Shape {
			memory_bytes: generate.check()?,
			leaves: texts.saturating_mul(generate.blocks()),
			leaf: generate.cost(),
		},
		Work::Render(render) => render::Rendering::new(render, store)?.shape(),
		Work::Benchmark(_) => return Err(Error::invalid("benchmarks are measured by the chain, and not sold")),
	};
	limits::within("leaves", shape.leaves, 1, limits::LEAVES)?;
	limits::within("memory", shape.memory_bytes, 0, limits::MEMORY)?;
	ensure(shape.leaf.recompute_work <= limits::LEAF_WORK, "a leaf that no verifier could check in time")?;
	Ok(shape)
}

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
