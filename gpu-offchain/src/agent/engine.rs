//! Jobs in processes of their own: one that crashes, runs out of memory or hangs fails alone, and is killed at its
//! deadline.
//!
//! Worker and engine share a folder. The worker puts an [`Order`] there and what it names; the engine leaves there, after
//! each leaf, how far it is, and goes on from there when it is started again.

use crate::{
	artifacts::{read_file, Artifact, Folder, Name, Store},
	chain::types::Hash,
	device::DeviceName,
	error::Error,
	job::{Job, Part, Progress},
	limits,
	manifest::Manifest,
	ops::KernelSet,
};
use anyhow::{bail, ensure, Context, Result};
use ogpu_protocol::{benchmark::BenchmarkParameters, leaf::Leaf};
use serde::{Deserialize, Serialize};
use std::{
	fs,
	io::{ErrorKind, Read, Write},
	path::{Path, PathBuf},
	process::Stdio,
	time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::{
	io::{AsyncBufReadExt, BufReader},
	process::Command,
};

/// The losses of no run take more on the disk: one for each step.
const MOST_LOSSES_BYTES: u64 = 64 << 20;

/// What stays of a job that is settled.
const KEPT: [&str; 2] = ["progress.json", "losses"];

/// What an engine is to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
	/// Of what leaves are hashed.
	pub task: Name,
	/// What computes.
	pub device: String,
	pub threads: usize,
	/// The folder of artifacts.
	pub artifacts: PathBuf,
	pub work: WorkKind,
	pub inputs: Option<Artifact>,
	/// The leaves of the task: the first one's number within the job, and how many. All of them if `None`.
	pub part: Option<PartOrder>,
	pub act: Act,
}

/// What computes a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkKind {
	/// The manifest in the folder.
	Manifest,
	/// The benchmark of the chain, drawn from the task's name.
	Benchmark,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartOrder {
	pub first: u32,
	pub leaves: u32,
	/// The hash of what the first leaf begins from.
	pub start: Name,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
	/// All leaves; from what is in the file `opening`, if there is one.
	Run {
		/// Where a run may end anywhere: in seconds since 1970.
		until: Option<u64>,
		/// More leaves than this make the run useless.
		allowed: Option<u32>,
	},
	/// One leaf, from what is in the file `opening`.
	Check { leaf: u32 },
}

/// How a run ended, or how far it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Saved {
	/// Slice of the output, carry and trace of each leaf.
	pub leaves: Vec<[Name; 3]>,
	pub output_bytes: u64,
	pub opening: Artifact,
	/// Of training: how many losses were written down.
	#[serde(default)]
	pub losses: u64,
	pub is_done: bool,
}

impl Saved {
	pub fn leaves(&self) -> Vec<Leaf> {
		self.leaves.iter().map(leaf).collect()
	}
}

fn leaf([output, carry, trace]: &[Name; 3]) -> Leaf {
	Leaf { output: output.0, carry: carry.0, trace: trace.0 }
}

fn names(leaf: &Leaf) -> [Name; 3] {
	[Name(leaf.output), Name(leaf.carry), Name(leaf.trace)]
}

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checked {
	pub leaf: [Name; 3],
	/// Nothing of the task comes after this leaf.
	pub is_end: bool,
}

/// Why an engine did not do what it should.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
	/// What the job brought may not be run.
	Invalid(String),
	/// Something that the job names is not there.
	Missing(String),
	/// What the leaf begins from is nothing that the leaf before can have handed on.
	Opening(String),
	/// This machine failed. Another time, or another machine, may do better.
	Machine(String),
}

impl std::fmt::Display for Fault {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		match self {
			Self::Invalid(reason) => write!(f, "not allowed: {reason}"),
			Self::Missing(name) => write!(f, "artifact {name} is not here"),
			Self::Opening(reason) => write!(f, "the opening makes no sense: {reason}"),
			Self::Machine(reason) => f.write_str(reason),
		}
	}
}

impl From<Error> for Fault {
	fn from(error: Error) -> Self {
		match error {
			Error::Invalid(reason) => Self::Invalid(reason),
			Error::Missing(name) => Self::Missing(name),
			Error::Machine(error) => Self::Machine(format!("{error:#}")),
		}
	}
}

/// The folder that worker and engine share.
#[derive(Clone, Debug)]
pub struct JobFolder(PathBuf);

impl JobFolder {
	pub fn new(path: impl Into<PathBuf>) -> Self {
		Self(path.into())
	}

	pub fn path(&self) -> &Path {
		&self.0
	}

	pub fn create(&self) -> Result<()> {
		fs::create_dir_all(&self.0).with_context(|| self.0.display().to_string())
	}

	/// Slices and carries of leaves, by their names.
	pub fn leaves(&self) -> Folder {
		Folder::new(self.0.join("leaves"))
	}

	pub fn output(&self) -> PathBuf {
		self.0.join("output")
	}

	fn losses_file(&self) -> PathBuf {
		self.0.join("losses")
	}

	/// The losses of what is done, one for each step, as far as they are on the disk.
	pub fn losses(&self, saved: &Saved) -> Result<Vec<f32>> {
		if saved.losses == 0 {
			return Ok(Vec::new());
		}
		let bytes = read_file(&self.losses_file(), MOST_LOSSES_BYTES)?;
		let losses = bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes));
		Ok(losses.take(usize::try_from(saved.losses)?).collect())
	}

	/// The bytes of a checked leaf: slice, carry and trace.
	pub fn leaf_bytes(&self) -> PathBuf {
		self.0.join("leaf")
	}

	pub fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
		// As a whole or not at all, also when the power fails.
		let mut file = tempfile::NamedTempFile::new_in(&self.0)?;
		file.write_all(bytes)?;
		file.as_file().sync_all()?;
		file.persist(self.0.join(name)).map_err(|error| error.error)?;
		Ok(())
	}

	fn read(&self, name: &str, most: u64) -> Result<Option<Vec<u8>>> {
		let path = self.0.join(name);
		if !path.exists() {
			return Ok(None);
		}
		Ok(Some(read_file(&path, most)?))
	}

	pub fn saved(&self) -> Result<Option<Saved>> {
		let Some(text) = self.read("progress.json", 1 << 30)? else { return Ok(None) };
		Ok(Some(serde_json::from_slice(&text).context("progress.json")?))
	}

	/// When how far it is was written down.
	pub fn written(&self) -> Result<Option<SystemTime>> {
		match fs::metadata(self.0.join("progress.json")) {
			Ok(about) => Ok(Some(about.modified()?)),
			Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
			Err(error) => Err(error.into()),
		}
	}

	pub fn checked(&self) -> Result<Option<Checked>> {
		let Some(text) = self.read("checked.json", 1 << 16)? else { return Ok(None) };
		Ok(Some(serde_json::from_slice(&text).context("checked.json")?))
	}

	fn fault(&self) -> Option<Fault> {
		serde_json::from_slice(&self.read("fault.json", 1 << 16).ok()??).ok()
	}

	/// Removes all but what says which leaves a result has.
	pub fn trim(&self) -> Result<()> {
		let files = match fs::read_dir(&self.0) {
			Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
			files => files?,
		};
		for file in files {
			let file = file?;
			if KEPT.iter().any(|kept| file.file_name() == *kept) {
				continue;
			}
			if file.file_type()?.is_dir() {
				fs::remove_dir_all(file.path())?;
			} else {
				fs::remove_file(file.path())?;
			}
		}
		Ok(())
	}

	pub fn remove(&self) -> Result<()> {
		match fs::remove_dir_all(&self.0) {
			Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
			_ => Ok(()),
		}
	}
}

/// How an engine is started.
#[derive(Clone, Debug)]
pub struct Engine {
	/// The binary: this one, or what the configuration names.
	pub binary: PathBuf,
	/// What a job may take of the machine's memory, in MB; 0 for no limit.
	pub memory_mb: u64,
}

impl Engine {
	/// Has an order done, and waits for it until the deadline. `progress` hears how many leaves there are.
	pub async fn run(
		&self,
		folder: &JobFolder,
		order: &Order,
		deadline: Duration,
		mut progress: impl FnMut(u32),
	) -> std::result::Result<(), Fault> {
		let machine = |error: &dyn std::fmt::Display| Fault::Machine(format!("{}: {error}", self.binary.display()));
		let prepare = || -> Result<()> {
			folder.create()?;
			let _ = fs::remove_file(folder.path().join("fault.json"));
			folder.write("order.json", &serde_json::to_vec_pretty(order)?)
		};
		prepare().map_err(|error| machine(&error))?;
		let mut command = self.command();
		command.arg("engine").arg(folder.path());
		// It ends when its input does: whatever happens to this process, it does not go on alone.
		command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
		// Ctrl-C at a terminal is for the worker: it says when its engines end.
		#[cfg(unix)]
		command.process_group(0);
		let mut child = command.spawn().map_err(|error| machine(&error))?;
		let _input = child.stdin.take();
		let (out, err) = (child.stdout.take(), child.stderr.take());
		let said = tokio::spawn(async move {
			let mut last = String::new();
			let Some(err) = err else { return last };
			let mut lines = BufReader::new(tokio::io::AsyncReadExt::take(err, 1 << 20)).lines();
			while let Ok(Some(line)) = lines.next_line().await {
				tracing::debug!(target: "engine", "{line}");
				last = line;
			}
			last
		});
		let watched = async {
			if let Some(out) = out {
				let mut lines = BufReader::new(tokio::io::AsyncReadExt::take(out, 64 << 20)).lines();
				while let Ok(Some(line)) = lines.next_line().await {
					if let Ok(leaves) = line.trim().parse() {
						progress(leaves);
					}
				}
			}
			child.wait().await
		};
		let status = match tokio::time::timeout(deadline, watched).await {
			Ok(status) => status.map_err(|error| machine(&error))?,
			Err(_) => {
				let _ = child.kill().await;
				return Err(Fault::Machine(format!("it took longer than {} s, and was stopped", deadline.as_secs())));
			}
		};
		if status.success() {
			return Ok(());
		}
		if let Some(fault) = folder.fault() {
			return Err(fault);
		}
		let last = said.await.unwrap_or_default();
		Err(Fault::Machine(format!("the engine ended with {status}: {}", last.trim())))
	}

	fn command(&self) -> Command {
		if self.memory_mb == 0 || cfg!(not(unix)) {
			return Command::new(&self.binary);
		}
		// What the kernel takes back from an engine it does not take from the rest of the machine.
		let mut command = Command::new("/bin/sh");
		let limit = self.memory_mb.saturating_mul(1024);
		command.args(["-c", r#"ulimit -v "$0" && exec "$@""#]).arg(limit.to_string()).arg(&self.binary);
		command
	}
}

/// The engine's side: does what the order in the folder says.
pub fn serve(folder: &Path) -> Result<()> {
	end_with_input();
	be_the_first_to_go();
	let folder = JobFolder::new(folder);
	let text = folder.read("order.json", 1 << 20)?.context("order.json is not here")?;
	let order: Order = serde_json::from_slice(&text).context("order.json")?;
	let pool = rayon::ThreadPoolBuilder::new().num_threads(order.threads).build()?;
	match pool.install(|| compute(&folder, &order)) {
		Ok(()) => Ok(()),
		Err(fault) => {
			folder.write("fault.json", &serde_json::to_vec(&fault)?)?;
			bail!("{fault}")
		}
	}
}

/// Ends this process when whoever started it is gone.
fn end_with_input() {
	std::thread::spawn(|| {
		let mut rest = Vec::new();
		let _ = std::io::stdin().read_to_end(&mut rest);
		std::process::exit(75);
	});
}

/// Where memory runs out, an engine goes before anything else does.
fn be_the_first_to_go() {
	#[cfg(target_os = "linux")]
	let _ = fs::write("/proc/self/oom_score_adj", "900");
}

fn compute(folder: &JobFolder, order: &Order) -> std::result::Result<(), Fault> {
	let device: DeviceName = order.device.parse()?;
	let device = device.open()?;
	let store = Folder::new(&order.artifacts);
	let job = match order.work {
		WorkKind::Manifest => {
			let manifest = folder.read("manifest.toml", limits::MANIFEST_BYTES as u64).map_err(Error::from)?;
			let manifest = manifest.ok_or_else(|| Error::Missing("manifest.toml".into()))?;
			Job::on(&device, &manifest, order.inputs, Some(order.task.0), &store)?
		}
		WorkKind::Benchmark => {
			Job::measured(&BenchmarkParameters::default(), order.task.0, KernelSet::Repro1.ops(&device))?
		}
	};
	let part = match order.part {
		Some(PartOrder { first, leaves, start }) => job.part(order.task.0, first, leaves, start.0)?,
		None => job.whole(),
	};
	match order.act {
		Act::Run { until, allowed } => Ok(run(folder, &job, &part, until, allowed)?),
		Act::Check { leaf } => check(folder, &part, leaf),
	}
}

fn run(
	folder: &JobFolder,
	job: &Job,
	part: &Part,
	until: Option<u64>,
	allowed: Option<u32>,
) -> crate::error::Result<()> {
	let pieces = folder.leaves();
	let progress = resume(folder, &pieces)?;
	let mut written = progress.output.len();
	let mut output = fs::OpenOptions::new().create(true).append(true).open(folder.output())?;
	output.set_len(written as u64)?;
	let mut losses = Losses::resume(folder)?;
	let most = allowed.map_or(u32::MAX, |allowed| allowed.saturating_add(1));
	let progress = part.run(progress, most, |progress, piece| {
		for bytes in [&piece.carry, &piece.output] {
			if !bytes.is_empty() {
				pieces.put(bytes)?;
			}
		}
		output.write_all(progress.output.get(written..).unwrap_or_default())?;
		written = progress.output.len();
		losses.add(&piece.note.losses)?;
		if allowed.is_some_and(|allowed| progress.leaves.len() > allowed as usize) {
			return Err(Error::invalid("it has more leaves than the client allows"));
		}
		let over = until.is_some_and(|until| now() >= until);
		save(folder, &output, &losses, progress, progress.is_done)?;
		println!("{}", progress.leaves.len());
		Ok(!over)
	})?;
	// Some runs are a result wherever they end.
	let is_done = progress.is_done || job.work.ends_anywhere();
	save(folder, &output, &losses, &progress, is_done)?;
	if is_done {
		Ok(())
	} else {
		Err(anyhow::anyhow!("stopped after {} leaves", progress.leaves.len()).into())
	}
}

fn save(
	folder: &JobFolder,
	output: &fs::File,
	losses: &Losses,
	progress: &Progress,
	is_done: bool,
) -> crate::error::Result<()> {
	output.sync_data()?;
	let saved = Saved {
		leaves: progress.leaves.iter().map(names).collect(),
		output_bytes: progress.output.len() as u64,
		opening: Artifact::of(&progress.opening),
		losses: losses.count,
		is_done,
	};
	let text = serde_json::to_vec(&saved).map_err(|error| Error::Machine(error.into()))?;
	Ok(folder.write("progress.json", &text)?)
}

/// Losses as they come, for whoever watches.
struct Losses {
	file: fs::File,
	count: u64,
}

impl Losses {
	/// Goes on after what belongs to finished leaves.
	fn resume(folder: &JobFolder) -> crate::error::Result<Self> {
		let file = fs::OpenOptions::new().create(true).append(true).open(folder.losses_file())?;
		let saved = folder.saved()?.filter(|saved| !saved.leaves.is_empty()).map_or(0, |saved| saved.losses);
		// After a power cut there may be fewer: they are for show, and nothing depends on them.
		let count = saved.min(file.metadata()?.len() / 4);
		file.set_len(count.saturating_mul(4))?;
		Ok(Self { file, count })
	}

	fn add(&mut self, losses: &[f32]) -> crate::error::Result<()> {
		let room = (MOST_LOSSES_BYTES / 4).saturating_sub(self.count);
		let fitting = usize::try_from(room).unwrap_or(usize::MAX).min(losses.len());
		let losses = losses.get(..fitting).unwrap_or_default();
		self.file.write_all(&losses.iter().flat_map(|loss| loss.to_le_bytes()).collect::<Vec<_>>())?;
		self.count = self.count.saturating_add(losses.len() as u64);
		Ok(())
	}
}

/// Where an earlier process stopped, or the beginning.
fn resume(folder: &JobFolder, pieces: &Folder) -> crate::error::Result<Progress> {
	let begin = || -> crate::error::Result<Progress> {
		Ok(Progress::from(folder.read("opening", crate::artifacts::MOST_BYTES)?.unwrap_or_default()))
	};
	let Some(saved) = folder.saved()? else { return begin() };
	if saved.leaves.is_empty() {
		return begin();
	}
	let output = read_file(&folder.output(), crate::artifacts::MOST_BYTES)?;
	let lost = || Error::Machine(anyhow::anyhow!("what was finished is damaged"));
	let output = output.get(..saved.output_bytes as usize).ok_or_else(lost)?.to_vec();
	let opening = if saved.opening.bytes == 0 { Vec::new() } else { pieces.get(&saved.opening)? };
	let leaves = saved.leaves();
	Ok(Progress { leaves, output, opening, is_done: saved.is_done })
}

fn check(folder: &JobFolder, part: &Part, index: u32) -> std::result::Result<(), Fault> {
	let machine = |error: anyhow::Error| Fault::Machine(format!("{error:#}"));
	let opening = folder.read("opening", crate::artifacts::MOST_BYTES).map_err(machine)?.unwrap_or_default();
	let piece = part.recompute(index, &opening, None).map_err(|error| match error {
		// What the job brought was found allowed: it is the provider's doing.
		Error::Invalid(reason) if !opening.is_empty() => Fault::Opening(reason),
		error => error.into(),
	})?;
	let bytes = [piece.output.as_slice(), &piece.carry, &piece.trace].concat();
	folder.write("leaf", &bytes).map_err(machine)?;
	let checked = Checked { leaf: names(&piece.leaf()), is_end: part.is_end(index, &piece) };
	let text = serde_json::to_vec(&checked).map_err(|error| machine(error.into()))?;
	folder.write("checked.json", &text).map_err(machine)
}

/// Seconds since 1970.
pub fn now() -> u64 {
	SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// The artifacts that a manifest names, wherever they stand in it.
pub fn artifacts_of(manifest: &[u8]) -> Result<Vec<Artifact>> {
	// Parsed as what it is first, so that nothing unknown is fetched.
	Manifest::parse(manifest).map_err(|error| anyhow::anyhow!("{error}"))?;
	let table: toml::Table = toml::from_str(std::str::from_utf8(manifest)?)?;
	let mut found = Vec::new();
	gather(&toml::Value::Table(table), &mut found);
	ensure!(found.len() <= 64, "a manifest that names {} artifacts", found.len());
	Ok(found)
}

fn gather(value: &toml::Value, found: &mut Vec<Artifact>) {
	match value {
		toml::Value::Table(table) => match value.clone().try_into::<Artifact>() {
			Ok(artifact) => {
				if !found.contains(&artifact) {
					found.push(artifact);
				}
			}
			Err(_) => table.values().for_each(|value| gather(value, found)),
		},
		toml::Value::Array(values) => values.iter().for_each(|value| gather(value, found)),
		_ => {}
	}
}

/// What a leaf of a task is, in votes and in the tree.
pub fn digest(task: &Hash, index: u32, leaf: &Leaf) -> Hash {
	leaf.digest(crate::job::blake2, task, index)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn of_a_settled_job_stays_what_the_chain_may_still_ask_for() {
		let place = tempfile::tempdir().unwrap();
		let folder = JobFolder::new(place.path().join("result"));
		folder.trim().unwrap();
		folder.create().unwrap();
		let saved = Saved {
			leaves: vec![[Name([1; 32]), Name([2; 32]), Name([3; 32])]],
			output_bytes: 3,
			opening: Artifact::of(&[]),
			losses: 0,
			is_done: true,
		};
		folder.write("progress.json", &serde_json::to_vec(&saved).unwrap()).unwrap();
		folder.write("output", b"abc").unwrap();
		folder.leaves().put(b"a carry").unwrap();
		folder.trim().unwrap();
		assert_eq!(folder.saved().unwrap(), Some(saved));
		let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
		assert_eq!(left, ["progress.json"]);
		folder.remove().unwrap();
		assert_eq!(folder.saved().unwrap(), None);
	}
}
