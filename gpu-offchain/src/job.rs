//! A job: a manifest and what it names, cut into leaves that are run one after the other and can be recomputed alone.

use crate::{
	artifacts::{Artifact, Memory, Name, Store},
	error::{ensure, Error, Result},
	manifest::{Manifest, Work},
	ops::{KernelSet, Ops},
	workloads::{self, benchmark::Benchmark},
};
use candle_core::Device;
use ogpu_protocol::{
	benchmark::BenchmarkParameters,
	commitment::Outcome,
	cost::LeafCost,
	leaf::{self, Leaf},
	merkle::{Hash, Tree},
};
use serde::{Deserialize, Serialize};

/// The hash of digests and trees: BLAKE2b with 256 bits, as on the chain.
pub fn blake2(bytes: &[u8]) -> Hash {
	let hash = blake2b_simd::Params::new().hash_length(32).hash(bytes);
	hash.as_bytes().try_into().unwrap_or_default()
}

/// What computing a leaf gives: bytes. Their BLAKE3 names are hashed into the leaf, so that an opening can be fetched, as
/// any artifact, by the hash that stands in the leaf before.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Piece {
	/// Its slice of the output.
	pub output: Vec<u8>,
	/// What the next leaf begins from; of the last, what is left in the end.
	pub carry: Vec<u8>,
	/// What was seen on the way.
	pub trace: Vec<u8>,
	/// Nothing comes after it.
	pub is_last: bool,
	/// For people: a loss, a sample.
	pub note: Note,
}

/// What a leaf tells people. No part of what is hashed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Note {
	pub losses: Vec<f32>,
	pub text: String,
}

impl Piece {
	pub fn leaf(&self) -> Leaf {
		Leaf { output: Name::of(&self.output).0, carry: Name::of(&self.carry).0, trace: Name::of(&self.trace).0 }
	}
}

/// A kind of work on given inputs.
pub trait Workload: Send + Sync {
	/// The most leaves that there can be.
	fn most_leaves(&self) -> u32;

	/// Whether a run may stop after any leaf, and is a result: one that takes as many leaves as it has time for.
	fn ends_anywhere(&self) -> bool {
		false
	}

	/// What one leaf weighs. Follows from the manifest alone.
	fn cost(&self, leaf: u32) -> LeafCost;

	/// Computes a leaf from its opening. Of the first leaf, the opening is empty: the manifest says all. The slice of the
	/// output that a provider claims is a hint that may save time, and changes nothing else.
	fn recompute(&self, leaf: u32, opening: &[u8], claimed: Option<&[u8]>) -> Result<Piece>;

	/// Runs on from a leaf. Where a run knows more than openings say, such as a cache, it is faster than
	/// [`recompute`](Self::recompute), and gives the same. For so many leaves it may do at once what they have in common;
	/// others come out as well.
	fn start<'a>(&'a self, leaf: u32, leaves: u32, opening: &[u8]) -> Result<Box<dyn Run + 'a>>;
}

/// A run through leaves.
pub trait Run {
	/// The next leaf. An error ends the run.
	fn next(&mut self) -> Result<Piece>;
}

/// A run that knows nothing but openings.
pub struct FromOpenings<'a, W: ?Sized> {
	work: &'a W,
	leaf: u32,
	opening: Vec<u8>,
}

impl<'a, W: Workload> FromOpenings<'a, W> {
	pub fn boxed(work: &'a W, leaf: u32, opening: &[u8]) -> Box<dyn Run + 'a> {
		Box::new(Self { work, leaf, opening: opening.to_vec() })
	}
}

impl<W: Workload + ?Sized> Run for FromOpenings<'_, W> {
	fn next(&mut self) -> Result<Piece> {
		let piece = self.work.recompute(self.leaf, &self.opening, None)?;
		self.leaf = self.leaf.saturating_add(1);
		self.opening.clone_from(&piece.carry);
		Ok(piece)
	}
}

/// What a provider has to show: everything but the bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResultFile {
	/// The task of which the leaves are hashed: alone, the hash of the manifest; on the chain, the task's id.
	pub task: Name,
	/// The Merkle root.
	pub root: Name,
	/// The hash of the output.
	pub output: Name,
	/// Each leaf's slice of the output, carry and trace.
	pub leaves: Vec<[Name; 3]>,
}

fn names(leaf: &Leaf) -> [Name; 3] {
	[Name(leaf.output), Name(leaf.carry), Name(leaf.trace)]
}

impl ResultFile {
	fn leaf(names: &[Name; 3]) -> Leaf {
		let [output, carry, trace] = *names;
		Leaf { output: output.0, carry: carry.0, trace: trace.0 }
	}

	pub fn leaves(&self) -> Vec<Leaf> {
		self.leaves.iter().map(Self::leaf).collect()
	}

	pub fn tree(&self) -> Option<Tree> {
		leaf::tree(blake2, &self.task.0, &self.leaves())
	}

	/// To what the provider commits.
	pub fn outcome(&self) -> Outcome {
		Outcome { root: self.root.0, output: self.output.0 }
	}
}

/// A job that is ready to be run or checked: inputs are read and found allowed.
pub struct Job {
	/// Of what its leaves are hashed: alone, what names the job; on the chain, the task's id.
	pub task: Hash,
	pub manifest: Manifest,
	pub work: Box<dyn Workload>,
	start: Hash,
}

/// The state of a run that was interrupted: the leaves so far, and where the rest begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
	pub leaves: Vec<Leaf>,
	pub output: Vec<u8>,
	pub opening: Vec<u8>,
	pub is_done: bool,
}

impl Progress {
	/// Before the first leaf of a part, which begins from what the leaf before it handed on.
	pub fn from(opening: Vec<u8>) -> Self {
		Self { opening, ..Self::default() }
	}
}

/// What names a job that no chain has named: the hash of its manifest, and where a request brings inputs to a service,
/// the hash of both names.
pub fn name(manifest: &[u8], inputs: Option<&Artifact>) -> Hash {
	let name = blake2(manifest);
	match inputs {
		Some(inputs) => blake2(&[name, inputs.hash.0].concat()),
		None => name,
	}
}

impl Job {
	/// On the CPU: reads a manifest and what it names. To a service, a request brings inputs. On the chain a task has a
	/// name; alone it follows from manifest and inputs.
	pub fn new(manifest: &[u8], inputs: Option<Artifact>, task: Option<Hash>, store: &dyn Store) -> Result<Self> {
		Self::on(&Device::Cpu, manifest, inputs, task, store)
	}

	/// The same on any device. The kernel set is that of the manifest.
	pub fn on(
		device: &Device,
		manifest: &[u8],
		inputs: Option<Artifact>,
		task: Option<Hash>,
		store: &dyn Store,
	) -> Result<Self> {
		let ops = Manifest::parse(manifest)?.kernels.ops(device);
		Self::with_ops(manifest, inputs, task, store, ops)
	}

	/// With other kernels: to compare them.
	pub fn with_ops(
		manifest: &[u8],
		inputs: Option<Artifact>,
		task: Option<Hash>,
		store: &dyn Store,
		ops: Box<dyn Ops>,
	) -> Result<Self> {
		let parsed = Manifest::parse(manifest)?;
		let parsed = match inputs {
			Some(inputs) => parsed.with_inputs(inputs)?,
			None => parsed,
		};
		let task = task.unwrap_or_else(|| name(manifest, inputs.as_ref()));
		// What the chain holds as the start: of a benchmark the task itself, from which its matrices are drawn.
		let start = match (&parsed.work, inputs) {
			(Work::Benchmark(_), _) => task,
			(_, Some(inputs)) => inputs.hash.0,
			(_, None) => Name::of(&[]).0,
		};
		let work = workloads::prepare(&parsed, store, ops)?;
		Ok(Self { task, manifest: parsed, work, start })
	}

	/// What a device computes in a window of the chain's benchmark: as many leaves as it can. Its task is named by the
	/// window's seed and the device's number.
	pub fn measuring(rules: &BenchmarkParameters, seed: &Hash, device: u32, ops: Box<dyn Ops>) -> Result<Self> {
		Self::measured(rules, ogpu_protocol::benchmark::task(blake2, seed, device), ops)
	}

	/// The same by the task's name, which is all that whoever checks it needs.
	pub fn measured(rules: &BenchmarkParameters, task: Hash, ops: Box<dyn Ops>) -> Result<Self> {
		let work = Work::Benchmark(Benchmark::of_task(rules, &task));
		let manifest = Manifest { version: 1, kernels: KernelSet::Repro1, work };
		let work = workloads::prepare(&manifest, &Memory::default(), ops)?;
		Ok(Self { task, manifest, work, start: task })
	}

	/// What the chain calls the start: the hash of the opening of the first leaf. A request's inputs are that opening; of
	/// other jobs it is empty. Of a benchmark, it is the task's name, and there are no bytes.
	pub fn start(&self) -> Hash {
		self.start
	}

	/// All leaves as one task.
	pub fn whole(&self) -> Part<'_> {
		Part { job: self, task: self.task, first: 0, leaves: self.work.most_leaves(), start: self.start }
	}

	/// So many leaves from this one on as a task of its own, named by the chain. `start` is the hash of what the leaf
	/// before them handed on, or of the job's start.
	pub fn part(&self, task: Hash, first: u32, leaves: u32, start: Hash) -> Result<Part<'_>> {
		let end = first.checked_add(leaves).filter(|end| *end <= self.work.most_leaves());
		ensure(leaves > 0 && end.is_some(), "a part that does not lie within its job")?;
		ensure(first > 0 || start == self.start, "a first part that does not begin where its job does")?;
		Ok(Part { job: self, task, first, leaves, start })
	}

	/// Runs on from `progress`, one leaf after the other, until the job is done or `each` says no.
	pub fn run(&self, progress: Progress, each: impl FnMut(&Progress, &Piece) -> Result<bool>) -> Result<Progress> {
		self.whole().run(progress, u32::MAX, each)
	}

	/// The result of a run that is done.
	pub fn result(&self, progress: &Progress) -> Result<ResultFile> {
		self.whole().result(progress)
	}

	/// Computes a leaf again: see [`Part::verify`].
	pub fn verify(&self, result: &ResultFile, index: u32, opening: &[u8], slice: Option<&[u8]>) -> Result<Verdict> {
		self.whole().verify(result, index, opening, slice)
	}
}

/// Leaves of a job that are a task of their own: all of them, or those between two milestones of an auction. Within its
/// task, leaves are numbered from zero.
#[derive(Clone, Copy)]
pub struct Part<'a> {
	job: &'a Job,
	/// Of what its leaves are hashed.
	pub task: Hash,
	/// The number within the job of its first leaf.
	pub first: u32,
	/// How many it has; fewer only where the job itself ends before.
	pub leaves: u32,
	/// The hash of the opening of its first leaf.
	pub start: Hash,
}

impl Part<'_> {
	/// Runs on from `progress`, which counts leaves of this part, until the part is done or `each` says no, which it will
	/// after `most` leaves. Before the first leaf, `progress` has its opening: see [`Progress::from`].
	pub fn run(
		&self,
		mut progress: Progress,
		most: u32,
		mut each: impl FnMut(&Progress, &Piece) -> Result<bool>,
	) -> Result<Progress> {
		let first = u32::try_from(progress.leaves.len()).map_err(|_| Error::invalid("too many leaves"))?;
		if progress.is_done {
			return Ok(progress);
		}
		let before = progress.leaves.last().map(|leaf| leaf.carry);
		ensure(self.begins(first, before, &progress.opening), "this is not what the leaf before handed on")?;
		let mut run = self.job.work.start(
			self.place(first)?,
			self.leaves.min(most).saturating_sub(first),
			self.opening(first, &progress.opening),
		)?;
		for index in first..self.leaves {
			let piece = run.next()?;
			progress.leaves.push(piece.leaf());
			progress.output.extend_from_slice(&piece.output);
			progress.opening.clone_from(&piece.carry);
			progress.is_done = self.is_end(index, &piece);
			let goes_on = each(&progress, &piece)?;
			if progress.is_done || !goes_on {
				break;
			}
		}
		Ok(progress)
	}

	/// The result of a run that is done, or of one that may end after any leaf.
	pub fn result(&self, progress: &Progress) -> Result<ResultFile> {
		ensure(progress.is_done || self.job.work.ends_anywhere(), "the run is not done")?;
		let tree = leaf::tree(blake2, &self.task, &progress.leaves).ok_or_else(|| Error::invalid("no leaves"))?;
		Ok(ResultFile {
			task: Name(self.task),
			root: Name(tree.root()),
			output: Name::of(&progress.output),
			leaves: progress.leaves.iter().map(names).collect(),
		})
	}

	/// Computes a leaf of this part from its opening, of which the caller knows that it is the right one. The slice of the
	/// output that a provider claims may save time, and changes nothing else.
	pub fn recompute(&self, index: u32, opening: &[u8], claimed: Option<&[u8]>) -> Result<Piece> {
		ensure(index < self.leaves, "no such leaf")?;
		self.job.work.recompute(self.place(index)?, self.opening(index, opening), claimed)
	}

	/// What stands in the tree, and in votes, for a leaf of this part.
	pub fn digest(&self, index: u32, leaf: &Leaf) -> Hash {
		leaf.digest(blake2, &self.task, index)
	}

	/// Whether nothing of this part comes after this leaf.
	pub fn is_end(&self, index: u32, piece: &Piece) -> bool {
		piece.is_last || index.saturating_add(1) >= self.leaves
	}

	/// Computes a leaf from its opening, which must be the one that the result names. Returns what the leaf is, or why
	/// it is no leaf of this part.
	pub fn verify(&self, result: &ResultFile, index: u32, opening: &[u8], slice: Option<&[u8]>) -> Result<Verdict> {
		let place = index as usize;
		let claimed = match result.leaves.get(place) {
			Some(claimed) if result.task.0 == self.task && index < self.leaves => *claimed,
			_ => return Ok(Verdict::NoSuchLeaf),
		};
		if result.tree().map(|tree| tree.root()) != Some(result.root.0) {
			return Ok(Verdict::WrongRoot);
		}
		let before = place.checked_sub(1).and_then(|before| result.leaves.get(before));
		if !self.begins(index, before.map(|[_, carry, _]| carry.0), opening) {
			return Ok(Verdict::WrongOpening);
		}
		let piece = self.recompute(index, opening, slice)?;
		let is_claimed_end = place.saturating_add(1) == result.leaves.len();
		let ends_well = self.is_end(index, &piece) == is_claimed_end || self.job.work.ends_anywhere();
		Ok(if names(&piece.leaf()) != claimed {
			Verdict::OtherLeaf
		} else if !ends_well {
			Verdict::WrongEnd
		} else {
			Verdict::Same
		})
	}

	/// The number within the job.
	fn place(&self, index: u32) -> Result<u32> {
		self.first.checked_add(index).ok_or_else(|| Error::invalid("no such leaf"))
	}

	/// Whether these bytes are what a leaf begins from. What the first leaf of a job begins from, whoever has the job
	/// knows, and may leave it out.
	fn begins(&self, index: u32, carry_before: Option<Hash>, opening: &[u8]) -> bool {
		let is_known = index == 0 && self.first == 0 && opening.is_empty();
		let expected = if index == 0 { Some(self.start) } else { carry_before };
		is_known || expected == Some(Name::of(opening).0)
	}

	/// Of the first leaf of the job, work is not told the opening: it is the job's inputs.
	fn opening<'o>(&self, index: u32, opening: &'o [u8]) -> &'o [u8] {
		if index == 0 && self.first == 0 {
			&[]
		} else {
			opening
		}
	}
}

/// What came of checking a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
	Same,
	/// The result is of another task, or has no such leaf.
	NoSuchLeaf,
	/// Its root is not that of its leaves.
	WrongRoot,
	/// The opening is not what the leaf before handed on.
	WrongOpening,
	/// Recomputing gives something else.
	OtherLeaf,
	/// The result stops too early, or goes on after the end.
	WrongEnd,
}
