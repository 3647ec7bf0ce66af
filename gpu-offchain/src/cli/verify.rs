//! Checks leaves of somebody's result.

use super::run::Files;
use anyhow::{bail, Context, Result};
use clap::Args;
use ogpu_worker::{
	artifacts::{read_file, Name},
	device::DeviceName,
	job::{Job, ResultFile, Verdict},
};
use std::{path::PathBuf, process::ExitCode, time::Instant};

/// Compute leaves of a result again, each from its opening alone, and say whether they are the same.
///
/// Openings are looked for in the folder `leaves` beside the result. Exits with 1 if anything differs.
#[derive(Debug, Args)]
pub struct VerifyCmd {
	manifest: PathBuf,
	/// The file `result.json` of a run.
	result: PathBuf,
	/// Which leaves: numbers with commas between, or `all`.
	#[arg(long, default_value = "all")]
	leaves: String,
	/// The folder of artifacts. By default `artifacts` beside the manifest.
	#[arg(long)]
	artifacts: Option<PathBuf>,
	/// The inputs of the request, where the manifest is a service.
	#[arg(long)]
	inputs: Option<PathBuf>,
	/// What computes: cpu, cuda, cuda:1. No bit depends on it.
	#[arg(long, default_value_t)]
	device: DeviceName,
}

impl VerifyCmd {
	fn leaves(&self, count: usize) -> Result<Vec<u32>> {
		if self.leaves == "all" {
			return Ok((0u32..).take(count).collect());
		}
		let number = |text: &str| text.trim().parse().with_context(|| format!("`{text}` is no leaf"));
		self.leaves.split(',').map(number).collect()
	}

	pub fn run(&self) -> Result<ExitCode> {
		let manifest = super::read_manifest(&self.manifest)?;
		let store = super::artifacts(&self.manifest, self.artifacts.as_ref());
		let inputs = super::inputs(self.inputs.as_deref(), &store)?;
		let job = Job::on(&self.device.open()?, &manifest, inputs, None, &store)?;
		let result: ResultFile = serde_json::from_slice(&read_file(&self.result, 1 << 30)?).context("result")?;
		let kept = Files::new(self.result.with_file_name("")).leaves();
		let mut different = 0usize;
		for index in self.leaves(result.leaves.len())? {
			let before = (index as usize).checked_sub(1);
			let opening = match before.and_then(|before| result.leaves.get(before)) {
				Some([_, carry, _]) if *carry != Name::of(&[]) => match kept.find(carry) {
					Some(opening) => opening,
					None => bail!("the opening of leaf {index}, {carry}, is not in {}", self.result.display()),
				},
				_ => Vec::new(),
			};
			let slice = result.leaves.get(index as usize).and_then(|[output, _, _]| kept.find(output));
			let start = Instant::now();
			let verdict = job.verify(&result, index, &opening, slice.as_deref())?;
			different = different.saturating_add(usize::from(verdict != Verdict::Same));
			let verdict = match verdict {
				Verdict::Same => "same",
				Verdict::NoSuchLeaf => "no such leaf of this job",
				Verdict::WrongRoot => "the root is not that of the leaves",
				Verdict::WrongOpening => "the opening is not what the leaf before handed on",
				Verdict::OtherLeaf => "DIFFERENT",
				Verdict::WrongEnd => "the result does not end where the job does",
			};
			super::print(&format!("leaf {index}: {verdict} ({:.2} s)\n", start.elapsed().as_secs_f64()))?;
		}
		Ok(if different == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
	}
}
