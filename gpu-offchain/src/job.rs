//! A job: a manifest and what it names, cut into leaves that are run one after the other and can be recomputed alone.

use crate::{
	artifacts::{Name, Store},
	error::{ensure, Error, Result},
	manifest::Manifest,
	ops::Ops,
	workloads,
};
use ogpu_protocol::{
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

	/// What one leaf weighs. Follows from the manifest alone.
	fn cost(&self, leaf: u32) -> LeafCost;

	/// Computes a leaf from its opening. Of the first leaf, the opening is empty: the manifest says all. The slice of the
	/// output that a provider claims is a hint that may save time, and changes nothing else.
	fn recompute(&self, leaf: u32, opening: &[u8], claimed: Option<&[u8]>) -> Result<Piece>;

	/// Runs on from a leaf. Where a run knows more than openings say, such as a cache, it is faster than
	/// [`recompute`](Self::recompute), and gives the same.
	fn start<'a>(&'a self, leaf: u32, opening: &[u8]) -> Result<Box<dyn Run + 'a>>;
}

/// A run through leaves.
pub trait Run {
	/// The next leaf.
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
	pub task: Hash,
	pub manifest: Manifest,
	pub work: Box<dyn Workload>,
}

/// The state of a run that was interrupted: the leaves so far, and where the rest begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
	pub leaves: Vec<Leaf>,
	pub output: Vec<u8>,
	pub opening: Vec<u8>,
	pub is_done: bool,
}

impl Job {
	/// Reads a manifest and what it names. The kernel set is that of the manifest.
	pub fn new(manifest: &[u8], store: &dyn Store) -> Result<Self> {
		let parsed = Manifest::parse(manifest)?;
		let ops = parsed.kernels.ops();
		Self::with_ops(manifest, store, ops)
	}

	/// With other kernels: to compare them.
	pub fn with_ops(manifest: &[u8], store: &dyn Store, ops: Box<dyn Ops>) -> Result<Self> {
		let parsed = Manifest::parse(manifest)?;
		let work = workloads::prepare(&parsed, store, ops)?;
		Ok(Self { task: blake2(manifest), manifest: parsed, work })
	}

	/// What the chain calls the start: the hash of the opening of the first leaf, which is empty.
	pub fn start_hash() -> Hash {
		Name::of(&[]).0
	}

	/// Runs on from `progress`, one leaf after the other, until the job is done or `each` says no.
	pub fn run(
		&self,
		mut progress: Progress,
		mut each: impl FnMut(&Progress, &Piece) -> Result<bool>,
	) -> Result<Progress> {
		let first = u32::try_from(progress.leaves.len()).map_err(|_| Error::invalid("too many leaves"))?;
		if progress.is_done {
			return Ok(progress);
		}
		let mut run = self.work.start(first, &progress.opening)?;
		for index in first..self.work.most_leaves() {
			let piece = run.next()?;
			progress.leaves.push(piece.leaf());
			progress.output.extend_from_slice(&piece.output);
			progress.opening.clone_from(&piece.carry);
			progress.is_done = piece.is_last || index.saturating_add(1) == self.work.most_leaves();
			let goes_on = each(&progress, &piece)?;
			if progress.is_done || !goes_on {
				break;
			}
		}
		Ok(progress)
	}

	/// The result of a run that is done.
	pub fn result(&self, progress: &Progress) -> Result<ResultFile> {
		ensure(progress.is_done, "the run is not done")?;
		let tree = leaf::tree(blake2, &self.task, &progress.leaves).ok_or_else(|| Error::invalid("no leaves"))?;
		Ok(ResultFile {
			task: Name(self.task),
			root: Name(tree.root()),
			output: Name::of(&progress.output),
			leaves: progress.leaves.iter().map(names).collect(),
		})
	}

	/// Computes a leaf from its opening, which must be the one that the result names. Returns what the leaf is, or why
	/// it is no leaf of this job.
	pub fn verify(&self, result: &ResultFile, index: u32, opening: &[u8], slice: Option<&[u8]>) -> Result<Verdict> {
		let place = index as usize;
		let claimed = match result.leaves.get(place) {
			Some(claimed) if result.task.0 == self.task => *claimed,
			_ => return Ok(Verdict::NoSuchLeaf),
		};
		if result.tree().map(|tree| tree.root()) != Some(result.root.0) {
			return Ok(Verdict::WrongRoot);
		}
		let before = place.checked_sub(1).and_then(|before| result.leaves.get(before));
		let expected = before.map_or(Name(Self::start_hash()), |[_, carry, _]| *carry);
		if Name::of(opening) != expected {
			return Ok(Verdict::WrongOpening);
		}
		let piece = self.work.recompute(index, opening, slice)?;
		let is_end = piece.is_last || index.saturating_add(1) == self.work.most_leaves();
		let is_claimed_end = place.saturating_add(1) == result.leaves.len();
		Ok(if names(&piece.leaf()) != claimed {
			Verdict::OtherLeaf
		} else if is_end != is_claimed_end {
			Verdict::WrongEnd
		} else {
			Verdict::Same
		})
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
