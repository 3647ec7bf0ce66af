//! Merkle trees over numbered leaves. Leaves and nodes are hashed under different tags, so that neither can be passed
//! off as the other; a level of odd length hands its last node up unchanged. The number of leaves fixes the tree's
//! shape, so each leaf has exactly one proof.

use alloc::vec::Vec;

pub type Hash = [u8; 32];

const LEAF: u8 = 0;
const NODE: u8 = 1;

/// No tree has more leaves than a `u32` counts, so no proof is longer.
pub const MAX_PROOF: u32 = 32;

/// The hash of a leaf with this content.
pub fn leaf(hash: impl Fn(&[u8]) -> Hash, content: &[u8]) -> Hash {
	hash(&[&[LEAF], content].concat())
}

fn node(hash: &impl Fn(&[u8]) -> Hash, left: &Hash, right: &Hash) -> Hash {
	hash(&[&[NODE], left.as_slice(), right].concat())
}

/// All levels of a tree, from the leaves to the root.
pub struct Tree(Vec<Vec<Hash>>);

impl Tree {
	/// `None` if there are no leaves, or more than a `u32` counts.
	pub fn new(hash: impl Fn(&[u8]) -> Hash, leaves: Vec<Hash>) -> Option<Self> {
		u32::try_from(leaves.len()).ok().filter(|count| *count > 0)?;
		let mut levels = Vec::new();
		let mut level = leaves;
		while level.len() > 1 {
			let above = level
				.chunks(2)
				.map(|pair| match pair {
					[left, right] => node(&hash, left, right),
					single => single.first().copied().unwrap_or_default(),
				})
				.collect();
			levels.push(core::mem::replace(&mut level, above));
		}
		levels.push(level);
		Some(Self(levels))
	}

	pub fn root(&self) -> Hash {
		self.0.last().and_then(|level| level.first()).copied().unwrap_or_default()
	}

	/// The siblings on the way from the leaf to the root.
	pub fn proof(&self, index: u32) -> Option<Vec<Hash>> {
		let mut at = index as usize;
		self.0.first()?.get(at)?;
		let mut proof = Vec::new();
		for level in &self.0 {
			proof.extend(level.get(at ^ 1).filter(|_| level.len() > 1));
			at /= 2;
		}
		Some(proof)
	}
}

/// The root of the tree of `count` leaves of which this is number `index`, with this proof. `None` if there is no such
/// place, or the proof has not the length that the place asks for.
pub fn root_from(
	hash: impl Fn(&[u8]) -> Hash,
	count: u32,
	index: u32,
	leaf: Hash,
	proof: impl IntoIterator<Item = Hash>,
) -> Option<Hash> {
	if index >= count {
		return None;
	}
	let mut proof = proof.into_iter();
	let (mut at, mut width, mut current) = (index, count, leaf);
	while width > 1 {
		let is_right = at % 2 == 1;
		if is_right || at.saturating_add(1) < width {
			let sibling = proof.next()?;
			current = if is_right { node(&hash, &sibling, &current) } else { node(&hash, &current, &sibling) };
		}
		at /= 2;
		width = width.div_ceil(2);
	}
	proof.next().is_none().then_some(current)
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;
	use sha3::{Digest, Keccak256};

	fn keccak(bytes: &[u8]) -> Hash {
		Keccak256::digest(bytes).into()
	}

	fn leaves(count: u32) -> Vec<Hash> {
		(0..count).map(|index| leaf(keccak, &index.to_le_bytes())).collect()
	}

	#[test]
	fn a_tree_needs_leaves() {
		assert!(Tree::new(keccak, Vec::new()).is_none());
		let one = Tree::new(keccak, leaves(1)).unwrap();
		assert_eq!(one.root(), leaves(1)[0]);
		assert_eq!(root_from(keccak, 1, 0, leaves(1)[0], []), Some(one.root()));
	}

	proptest! {
		#[test]
		fn each_leaf_proves_itself_at_its_place_alone(count in 1u32..70, index: u32, other: u32) {
			let tree = Tree::new(keccak, leaves(count)).unwrap();
			let (index, other) = (index % count, other % count);
			let proof = tree.proof(index).unwrap();
			prop_assert!(proof.len() <= MAX_PROOF as usize);
			let root = tree.root();
			let holds = |at, which: u32, proof: &[Hash]| {
				root_from(keccak, count, at, leaves(count)[which as usize], proof.iter().copied()) == Some(root)
			};
			prop_assert!(holds(index, index, &proof));
			prop_assert_eq!(holds(other, index, &proof), other == index);
			prop_assert_eq!(holds(index, other, &proof), other == index);
			prop_assert!(!holds(count, index, &proof));
			prop_assert!(tree.proof(count).is_none());
		}

		#[test]
		fn a_changed_shortened_or_longer_proof_fails(count in 2u32..70, index: u32, at: prop::sample::Index, bit in 0..256usize) {
			let tree = Tree::new(keccak, leaves(count)).unwrap();
			let index = index % count;
			let proof = tree.proof(index).unwrap();
			let leaf = leaves(count)[index as usize];
			let holds =
				|proof: &[Hash]| root_from(keccak, count, index, leaf, proof.iter().copied()) == Some(tree.root());
			let mut changed = proof.clone();
			changed[at.index(proof.len())][bit / 8] ^= 1 << (bit % 8);
			prop_assert!(!holds(&changed));
			prop_assert!(!holds(&proof[1..]));
			prop_assert!(!holds(&[proof.as_slice(), &[[0; 32]]].concat()));
		}

		#[test]
		fn a_node_is_no_leaf(count in 3u32..70) {
			let tree = Tree::new(keccak, leaves(count)).unwrap();
			let upper = tree.0[1].clone();
			prop_assert_ne!(Tree::new(keccak, upper.iter().map(|node| leaf(keccak, node)).collect()).unwrap().root(), tree.root());
		}
	}
}
