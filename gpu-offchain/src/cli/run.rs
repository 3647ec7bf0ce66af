//! Runs a job, with a bar, a curve of losses, a sample or a picture.

use anyhow::{ensure, Context, Result};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use ogpu_protocol::leaf::Leaf;
use ogpu_worker::{
	artifacts::{Folder, Name, Store},
	device::DeviceName,
	job::{Job, Progress, ResultFile},
	manifest::Work,
};
use serde::{Deserialize, Serialize};
use std::{
	fs,
	path::{Path, PathBuf},
	process::ExitCode,
	time::{Duration, Instant},
};

/// Run a job, and write its output and its result. Run again, it goes on where it was interrupted.
#[derive(Debug, Args)]
pub struct RunCmd {
	manifest: PathBuf,
	/// Where everything goes. By default beside the manifest, under its name with the ending `.out`.
	#[arg(long)]
	out: Option<PathBuf>,
	/// The folder of artifacts. By default `artifacts` beside the manifest.
	#[arg(long)]
	artifacts: Option<PathBuf>,
	/// What is asked of a service, such as a JSON list of prompts: a file, which becomes an artifact.
	#[arg(long)]
	inputs: Option<PathBuf>,
	/// What computes: cpu, cuda, cuda:1. No bit depends on it.
	#[arg(long, default_value_t)]
	device: DeviceName,
	/// Stop after so many leaves, as if interrupted.
	#[arg(long)]
	leaves: Option<usize>,
}

/// Progress is not written down more often.
const PAUSE: Duration = Duration::from_secs(1);

/// What a run writes down.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved {
	task: Name,
	leaves: Vec<[Name; 3]>,
	/// Bytes of the output so far: what stands after them is of a leaf that was not finished.
	output_bytes: usize,
	opening: Name,
	losses: Vec<f32>,
	is_done: bool,
}

/// The folder of a run.
pub struct Files(PathBuf);

impl Files {
	pub fn new(path: PathBuf) -> Self {
		Self(path)
	}

	/// Slices and carries of leaves, by their names: what a provider serves to those who check.
	pub fn leaves(&self) -> Folder {
		Folder::new(self.0.join("leaves"))
	}

	fn progress(&self) -> PathBuf {
		self.0.join("progress.json")
	}

	fn output(&self) -> PathBuf {
		self.0.join("output")
	}

	/// Writes a file as a whole or not at all.
	fn write(&self, path: &Path, bytes: &[u8]) -> Result<()> {
		let unfinished = path.with_extension("unfinished");
		fs::write(&unfinished, bytes)?;
		Ok(fs::rename(unfinished, path)?)
	}

	/// Writes down how far a run has come.
	fn save(&self, task: Name, progress: &Progress, losses: &[f32]) -> Result<()> {
		let names = |leaf: &Leaf| [Name(leaf.output), Name(leaf.carry), Name(leaf.trace)];
		let saved = Saved {
			task,
			leaves: progress.leaves.iter().map(names).collect(),
			output_bytes: progress.output.len(),
			opening: Name::of(&progress.opening),
			losses: losses.to_vec(),
			is_done: progress.is_done,
		};
		self.write(&self.output(), &progress.output)?;
		self.write(&self.progress(), &serde_json::to_vec(&saved)?)
	}

	/// Where an earlier run of the same job stopped.
	fn resume(&self, task: Name) -> Result<(Progress, Vec<f32>)> {
		let Ok(text) = fs::read(self.progress()) else { return Ok(Default::default()) };
		let saved: Saved = serde_json::from_slice(&text).context("progress.json")?;
		ensure!(saved.task == task, "{} has the run of another job", self.0.display());
		let mut output = fs::read(self.output())?;
		ensure!(output.len() >= saved.output_bytes, "the output so far is lost");
		output.truncate(saved.output_bytes);
		let opening = if saved.opening == Name::of(&[]) {
			Vec::new()
		} else {
			self.leaves().find(&saved.opening).context("the last carry is lost")?
		};
		let leaves =
			saved.leaves.iter().map(|[output, carry, trace]| Leaf { output: output.0, carry: carry.0, trace: trace.0 });
		Ok((Progress { leaves: leaves.collect(), output, opening, is_done: saved.is_done }, saved.losses))
	}
}

impl RunCmd {
	pub fn run(&self) -> Result<ExitCode> {
		let manifest = super::read_manifest(&self.manifest)?;
		let store = super::artifacts(&self.manifest, self.artifacts.as_ref());
		let inputs = super::inputs(self.inputs.as_deref(), &store)?;
		let job = Job::on(&self.device.open()?, &manifest, inputs, None, &store)?;
		let folder = self.out.clone().unwrap_or_else(|| self.manifest.with_extension("out"));
		fs::create_dir_all(&folder)?;
		let files = Files::new(folder);
		let (progress, mut losses) = files.resume(Name(job.task))?;
		let bar = ProgressBar::new(job.work.most_leaves().into());
		bar.set_style(ProgressStyle::with_template("{bar:30} {pos}/{len} leaves, {elapsed} of {duration} {msg}")?);
		bar.set_position(progress.leaves.len() as u64);
		let mut left = self.leaves.unwrap_or(usize::MAX);
		let mut saved_at: Option<Instant> = None;
		let progress = job.run(progress, |progress, piece| {
			let kept = files.leaves();
			for bytes in [&piece.carry, &piece.output] {
				if !bytes.is_empty() {
					kept.put(bytes)?;
				}
			}
			losses.extend(&piece.note.losses);
			left = left.saturating_sub(1);
			// Of many quick leaves, not after each.
			if progress.is_done || left == 0 || saved_at.is_none_or(|at| at.elapsed() > PAUSE) {
				files.save(Name(job.task), progress, &losses)?;
				saved_at = Some(Instant::now());
			}
			bar.inc(1);
			let loss = losses.last().map(|loss| format!("loss {loss:.4}"));
			bar.set_message(loss.unwrap_or_else(|| shown(&piece.note.text)));
			Ok(left > 0)
		})?;
		bar.finish();
		if !progress.is_done {
			super::print(&format!("stopped after {} leaves; run again to go on\n", progress.leaves.len()))?;
			return Ok(ExitCode::SUCCESS);
		}
		let result = job.result(&progress)?;
		self.finish(&job, &files, &progress, &result, &losses)?;
		Ok(ExitCode::SUCCESS)
	}

	/// Writes what people want to see.
	fn finish(&self, job: &Job, files: &Files, progress: &Progress, result: &ResultFile, losses: &[f32]) -> Result<()> {
		files.write(&files.0.join("result.json"), &serde_json::to_vec_pretty(result)?)?;
		let output = &progress.output;
		match &job.manifest.work {
			Work::Train(_) => {
				files.write(&files.0.join("model.safetensors"), output)?;
				let lines = losses.iter().enumerate().map(|(step, loss)| format!("{step},{loss}\n"));
				files.write(&files.0.join("losses.csv"), lines.collect::<String>().as_bytes())?;
				super::print(&curve(losses))?;
			}
			Work::Generate(generate) => {
				let texts = generate.texts(output, &super::artifacts(&self.manifest, self.artifacts.as_ref()))?;
				files.write(&files.0.join("texts.json"), &serde_json::to_vec_pretty(&texts)?)?;
				super::print(&texts.iter().map(|text| format!("> {}\n", shown(text))).collect::<String>())?;
			}
			Work::Embed(embed) => {
				let numbers: Vec<f32> =
					output.as_chunks::<4>().0.iter().map(|number| f32::from_le_bytes(*number)).collect();
				let rows: Vec<&[f32]> = numbers.chunks(embed.shape.width as usize).collect();
				files.write(&files.0.join("embeddings.json"), &serde_json::to_vec(&rows)?)?;
			}
			Work::Render(render) => {
				for frame in 0..render.frames {
					let path = files.0.join(format!("frame-{frame}.png"));
					files.write(&path, &render.png(output, frame)?)?;
					super::print(&format!("{}\n", path.display()))?;
				}
			}
			Work::Benchmark(_) => {}
		}
		super::print(&format!(
			"task {}\nroot {}\noutput {}, {} bytes\nresult {}\n",
			result.task,
			result.root,
			result.output,
			output.len(),
			files.0.join("result.json").display()
		))
	}
}

/// What a model wrote, without what a terminal would obey.
fn shown(text: &str) -> String {
	text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Losses as a line of bars: each the mean of its share of the steps.
fn curve(losses: &[f32]) -> String {
	const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
	let share = losses.len().div_ceil(60).max(1);
	let means: Vec<f32> = losses.chunks(share).map(|part| part.iter().sum::<f32>() / part.len() as f32).collect();
	let most = means.iter().copied().fold(f32::MIN, f32::max);
	let least = means.iter().copied().fold(f32::MAX, f32::min);
	let bar = |mean: &f32| {
		let height = (mean - least) / (most - least).max(f32::MIN_POSITIVE) * 7.0;
		BARS.get(height.round() as usize).copied().unwrap_or(' ')
	};
	let line: String = means.iter().map(bar).collect();
	let ends = losses.first().zip(losses.last()).map(|(first, last)| format!("{first:.4} to {last:.4}"));
	format!("loss {line} {}\n", ends.unwrap_or_default())
}
