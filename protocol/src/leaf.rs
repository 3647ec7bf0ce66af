//! Leaves, the pieces of every job: what each is hashed from, and what a provider must show when some are drawn. A leaf
//! begins from exactly what the one before it handed on, so a provider cannot present honest leaves of another job.

use crate::merkle::{self, Hash, Tree};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// What computing a leaf gives. A kind of work without a carry, or without a trace, has the hash of no bytes there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Leaf {
	/// Hash of its slice of the output.
	pub output: Hash,
	/// Hash of what the next leaf begins from.
	pub carry: Hash,
	/// Hash of what was seen on the way.
	pub trace: Hash,
}

impl Leaf {
	/// A leaf of the tree, under the tag that no node has; the task and the place are part of it.
	pub fn digest(&self, hash: impl Fn(&[u8]) -> Hash, task: &Hash, index: u32) -> Hash {
		let index = index.to_le_bytes();
		merkle::leaf(hash, &[task.as_slice(), &index, &self.output, &self.carry, &self.trace].concat())
	}
}

/// The tree of a job, whose root is its result. `None` without leaves.
pub fn tree(hash: impl Fn(&[u8]) -> Hash, task: &Hash, leaves: &[Leaf]) -> Option<Tree> {
	let digests = (0u32..).zip(leaves).map(|(index, leaf)| leaf.digest(&hash, task, index)).collect();
	Tree::new(hash, digests)
}

/// A leaf and its way to the root.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct Proven {
	pub leaf: Leaf,
	pub proof: Vec<Hash>,
}

/// What a provider shows of a drawn leaf after everybody has committed: the leaf, and the one before it, which says
/// where it begins. The first leaf has none before it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct Reveal {
	pub leaf: Proven,
	pub before: Option<Proven>,
}

/// What is known of a job when leaves are revealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Job {
	pub task: Hash,
	/// How many leaves it has. Fixed before leaves are drawn, as it fixes the shape of the tree.
	pub leaves: u32,
	/// To which the provider committed.
	pub root: Hash,
	/// The hash of what the manifest names as the opening of the first leaf.
	pub start: Hash,
}

/// How a reveal contradicts what its provider committed to or posted. Each convicts it without a jury.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum Mismatch {
	/// The leaf, as shown, does not stand in the root at its place.
	LeafNotInRoot,
	/// The leaf before it does not.
	BeforeNotInRoot,
	/// The leaf before it is not shown, or one is shown before the first.
	BeforeMissing,
	/// The opening that was posted is not what the leaf before it handed on.
	OpeningNotCarry,
	/// The opening that was posted for the first leaf is not what the manifest names.
	OpeningNotStart,
}

impl Job {
	/// Checks what is revealed of the leaf at this place against the opening that its provider had posted for it, and
	/// returns the leaf's digest, to be compared with those that the auditors found.
	pub fn check(
		&self,
		hash: impl Fn(&[u8]) -> Hash,
		index: u32,
		opening: &Hash,
		reveal: &Reveal,
	) -> Result<Hash, Mismatch> {
		let digest = self.prove(&hash, index, &reveal.leaf).ok_or(Mismatch::LeafNotInRoot)?;
		match (index.checked_sub(1), &reveal.before) {
			(None, None) if *opening == self.start => Ok(digest),
			(None, None) => Err(Mismatch::OpeningNotStart),
			(Some(place), Some(before)) => {
				self.prove(&hash, place, before).ok_or(Mismatch::BeforeNotInRoot)?;
				if *opening == before.leaf.carry {
					Ok(digest)
				} else {
					Err(Mismatch::OpeningNotCarry)
				}
			}
			_ => Err(Mismatch::BeforeMissing),
		}
	}

	/// The digest of a leaf that stands in the root at this place.
	fn prove(&self, hash: impl Fn(&[u8]) -> Hash, index: u32, shown: &Proven) -> Option<Hash> {
		let digest = shown.leaf.digest(&hash, &self.task, index);
		let root = merkle::root_from(hash, self.leaves, index, digest, shown.proof.iter().copied())?;
		(root == self.root).then_some(digest)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::random::tests::keccak;
	use proptest::prelude::*;

	const TASK: Hash = [7; 32];
	const START: Hash = [9; 32];

	fn leaf(seed: u64, index: u32) -> Leaf {
		let part = |part: u8| keccak(&[seed.to_le_bytes().as_slice(), &index.to_le_bytes(), &[part]].concat());
		Leaf { output: part(0), carry: part(1), trace: part(2) }
	}

	/// An honest provider, its job, and what it shows of each leaf.
	struct Provider {
		job: Job,
		leaves: Vec<Leaf>,
		tree: Tree,
	}

	impl Provider {
		fn new(seed: u64, count: u32) -> Self {
			let leaves: Vec<_> = (0..count).map(|index| leaf(seed, index)).collect();
			let tree = tree(keccak, &TASK, &leaves).unwrap();
			Self { job: Job { task: TASK, leaves: count, root: tree.root(), start: START }, leaves, tree }
		}

		fn proven(&self, index: u32) -> Proven {
			Proven { leaf: self.leaves[index as usize], proof: self.tree.proof(index).unwrap() }
		}

		fn opening(&self, index: u32) -> Hash {
			index.checked_sub(1).map_or(START, |before| self.leaves[before as usize].carry)
		}

		fn reveal(&self, index: u32) -> Reveal {
			Reveal { leaf: self.proven(index), before: index.checked_sub(1).map(|before| self.proven(before)) }
		}

		fn check(&self, index: u32, opening: &Hash, reveal: &Reveal) -> Result<Hash, Mismatch> {
			self.job.check(keccak, index, opening, reveal)
		}
	}

	#[test]
	fn a_job_has_leaves() {
		assert!(tree(keccak, &TASK, &[]).is_none());
	}

	/// Every bit that a provider shows, as a place to flip it.
	fn bits(shown: &mut Proven) -> Vec<&mut u8> {
		let Leaf { output, carry, trace } = &mut shown.leaf;
		output.iter_mut().chain(carry).chain(trace).chain(shown.proof.iter_mut().flatten()).collect()
	}

	proptest! {
		#[test]
		fn an_honest_provider_is_never_convicted(seed: u64, count in 1u32..40, index: u32) {
			let (provider, index) = (Provider::new(seed, count), index % count);
			let digest = provider.leaves[index as usize].digest(keccak, &TASK, index);
			prop_assert_eq!(provider.check(index, &provider.opening(index), &provider.reveal(index)), Ok(digest));
		}

		#[test]
		fn any_changed_bit_is_caught(seed: u64, count in 1u32..40, index: u32, at: prop::sample::Index, bit in 0..8u8) {
			let (provider, index) = (Provider::new(seed, count), index % count);
			let (opening, honest) = (provider.opening(index), provider.reveal(index));

			let mut changed = honest.clone();
			let mut shown = bits(&mut changed.leaf);
			let which = at.index(shown.len());
			*shown[which] ^= 1 << bit;
			prop_assert_eq!(provider.check(index, &opening, &changed), Err(Mismatch::LeafNotInRoot));

			let mut changed = honest.clone();
			if let Some(before) = &mut changed.before {
				let mut shown = bits(before);
				let which = at.index(shown.len());
				*shown[which] ^= 1 << bit;
				prop_assert_eq!(provider.check(index, &opening, &changed), Err(Mismatch::BeforeNotInRoot));
			}

			let mut posted = opening;
			posted[at.index(32)] ^= 1 << bit;
			let caught = if index == 0 { Mismatch::OpeningNotStart } else { Mismatch::OpeningNotCarry };
			prop_assert_eq!(provider.check(index, &posted, &honest), Err(caught));
		}

		#[test]
		fn leaves_of_another_place_task_or_run_are_not_accepted(seed: u64, count in 2u32..40, index: u32, other: u32) {
			let (provider, index, other) = (Provider::new(seed, count), index % count, other % count);
			let opening = provider.opening(index);
			let mut moved = provider.reveal(index);
			moved.leaf = provider.proven(other);
			prop_assert_eq!(provider.check(index, &opening, &moved).is_ok(), index == other);

			let honest = provider.reveal(index);
			let elsewhere = Job { task: [8; 32], ..provider.job };
			prop_assert_eq!(elsewhere.check(keccak, index, &opening, &honest), Err(Mismatch::LeafNotInRoot));
			let rerun = Provider::new(seed ^ 1, count).reveal(index);
			prop_assert_eq!(provider.check(index, &opening, &rerun), Err(Mismatch::LeafNotInRoot));
			prop_assert_eq!(provider.check(count, &opening, &honest), Err(Mismatch::LeafNotInRoot));
		}

		#[test]
		fn a_leaf_comes_with_the_one_before_it_and_no_other(seed: u64, count in 3u32..40, index: u32, other: u32) {
			let (provider, index, other) = (Provider::new(seed, count), index % count, other % count);
			let opening = provider.opening(index);
			let honest = provider.reveal(index);
			let before = if honest.before.is_some() { None } else { Some(provider.proven(other)) };
			let reveal = Reveal { before, ..honest.clone() };
			prop_assert_eq!(provider.check(index, &opening, &reveal), Err(Mismatch::BeforeMissing));
			if index > 0 && other + 1 != index {
				let reveal = Reveal { before: Some(provider.proven(other)), ..honest };
				let posted = provider.leaves[other as usize].carry;
				prop_assert_eq!(provider.check(index, &posted, &reveal), Err(Mismatch::BeforeNotInRoot));
			}
		}

		#[test]
		fn a_digest_binds_the_task_the_place_and_each_part(seed: u64, index: u32) {
			let leaf = leaf(seed, index);
			let this = leaf.digest(keccak, &TASK, index);
			for other in [
				leaf.digest(keccak, &START, index),
				leaf.digest(keccak, &TASK, index ^ 1),
				Leaf { output: leaf.carry, carry: leaf.output, ..leaf }.digest(keccak, &TASK, index),
				Leaf { trace: leaf.carry, carry: leaf.trace, ..leaf }.digest(keccak, &TASK, index),
			] {
				prop_assert_ne!(this, other);
			}
		}
	}
}
