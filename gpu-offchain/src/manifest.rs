//! Manifests: what a job is, in TOML that people can read. The hash of the exact bytes names the job, and everything
//! that could change a bit of the result stands in them.

use crate::{
	artifacts::Artifact,
	error::{ensure, Error, Result},
	limits,
	ops::KernelSet,
	workloads::{benchmark::Benchmark, embed::Embed, generate::Generate, render::Render, train::Train},
};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
	/// Of the format: 1.
	pub version: u32,
	pub kernels: KernelSet,
	pub work: Work,
}

/// The kinds of work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Work {
	Train(Train),
	Embed(Embed),
	Generate(Generate),
	Render(Render),
	Benchmark(Benchmark),
}

impl Manifest {
	pub fn parse(bytes: &[u8]) -> Result<Self> {
		ensure(bytes.len() <= limits::MANIFEST_BYTES, "a manifest of more than 64 KiB")?;
		let text = std::str::from_utf8(bytes).map_err(Error::invalid)?;
		let manifest: Self = toml::from_str(text).map_err(Error::invalid)?;
		ensure(manifest.version == 1, format_args!("version {} of manifests is not known here", manifest.version))?;
		Ok(manifest)
	}

	/// Whether it is a service: it answers what requests bring.
	pub fn is_service(&self) -> bool {
		match &self.work {
			Work::Generate(generate) => generate.prompts.is_none(),
			Work::Embed(embed) => embed.texts.is_none(),
			Work::Train(_) | Work::Render(_) | Work::Benchmark(_) => false,
		}
	}

	/// With what a request brings.
	pub fn with_inputs(mut self, inputs: Artifact) -> Result<Self> {
		ensure(self.is_service(), "this manifest names its inputs itself, and takes none")?;
		match &mut self.work {
			Work::Generate(generate) => generate.prompts = Some(inputs),
			Work::Embed(embed) => embed.texts = Some(inputs),
			Work::Train(_) | Work::Render(_) | Work::Benchmark(_) => {}
		}
		Ok(self)
	}
}
