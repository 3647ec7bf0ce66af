//! Whether what the leader of a race has shown can be right, if one's own result is.
//!
//! Outputs are the client's, so a racer does not see the leader's. What it sees, once leaves are shown with their proofs,
//! is the digest of each leaf that is shown, of the one before it, and of the one beside each in the tree. A leaf that
//! differs is certainly wrong only where the one before it does not: else it may be right about a wrong beginning.

use crate::{
	chain::types::{Hash, LeafProof, LeafReveal},
	job::blake2,
	journal::Doubt,
};
use ogpu_protocol::leaf::Leaf;
use std::collections::BTreeMap;

/// Leaves that cannot be right if these are. `start` is what the first one begins from.
pub fn wrong_leaves(task: &Hash, own: &[Leaf], start: Hash, shown: &[(u32, LeafReveal)]) -> Vec<Doubt> {
	let mut digests = BTreeMap::new();
	for (index, reveal) in shown {
		note(task, own.len(), *index, &reveal.leaf, &mut digests);
		if let Some((index, before)) = index.checked_sub(1).zip(reveal.before.as_ref()) {
			note(task, own.len(), index, before, &mut digests);
		}
	}
	let mine = |index: u32| own.get(index as usize).map(|leaf| leaf.digest(blake2, task, index));
	let is_same = |index: u32| digests.get(&index).copied() == mine(index);
	let doubt = |(index, theirs): (&u32, &Hash)| {
		let digest = mine(*index).filter(|digest| digest != theirs)?;
		let opening = match index.checked_sub(1) {
			None => start,
			Some(before) if is_same(before) => own.get(before as usize)?.carry,
			Some(_) => return None,
		};
		let is_drawn = shown.iter().any(|(drawn, _)| drawn == index);
		// Who checks the drawn ones was drawn as well.
		(!is_drawn).then_some(Doubt { leaf: *index, opening, digest })
	};
	digests.iter().filter_map(doubt).collect()
}

/// What a proof says of digests: of its own leaf, and of the one beside it, if there is one. The chain has checked that it
/// leads to the root.
fn note(task: &Hash, leaves: usize, index: u32, proven: &LeafProof, digests: &mut BTreeMap<u32, Hash>) {
	digests.insert(index, Leaf::from(&proven.leaf).digest(blake2, task, index));
	let beside = index ^ 1;
	if let Some(digest) = proven.proof.first().filter(|_| (beside as usize) < leaves) {
		digests.insert(beside, *digest);
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::chain::types::LeafParts;
	use ogpu_protocol::leaf;
	use proptest::prelude::*;

	const TASK: Hash = [7; 32];
	const START: Hash = [8; 32];

	fn result(leaves: u32) -> Vec<Leaf> {
		let part = |index: u32, part: u8| blake2(&[&index.to_le_bytes()[..], &[part]].concat());
		(0..leaves).map(|at| Leaf { output: part(at, 0), carry: part(at, 1), trace: part(at, 2) }).collect()
	}

	/// What a provider of these leaves shows when these are drawn.
	fn shown(leaves: &[Leaf], drawn: &[u32]) -> Vec<(u32, LeafReveal)> {
		let tree = leaf::tree(blake2, &TASK, leaves).unwrap();
		let proof = |index: u32| {
			let Leaf { output, carry, trace } = leaves[index as usize];
			LeafProof { leaf: LeafParts { output, carry, trace }, proof: tree.proof(index).unwrap() }
		};
		drawn.iter().map(|at| (*at, LeafReveal { leaf: proof(*at), before: at.checked_sub(1).map(proof) })).collect()
	}

	fn wrong(own: &[Leaf], theirs: &[Leaf], drawn: &[u32]) -> Vec<u32> {
		wrong_leaves(&TASK, own, START, &shown(theirs, drawn)).into_iter().map(|doubt| doubt.leaf).collect()
	}

	#[test]
	fn a_wrong_leaf_is_seen_beside_one_that_is_shown_if_what_it_begins_from_is_known() {
		let own = result(8);
		let changed = |at: usize| {
			let mut theirs = own.clone();
			theirs[at].output = [9; 32];
			theirs
		};
		assert_eq!(wrong(&own, &own, &[2, 5]), [0; 0], "they are the same");
		assert_eq!(wrong(&own, &changed(3), &[2]), [3], "beside the one that is shown, which it begins from");
		assert_eq!(wrong(&own, &changed(0), &[1]), [0], "the first begins from what everybody knows");
		assert_eq!(wrong(&own, &changed(4), &[5]), [0; 0], "from what it begins was not shown");
		assert_eq!(wrong(&own, &changed(4), &[5, 3]), [4], "now it was");
		assert_eq!(wrong(&own, &changed(2), &[2]), [0; 0], "it was drawn: others look at it");
		assert_eq!(wrong(&own, &changed(7), &[2]), [0; 0], "nobody can see it");
		let mut both = changed(2);
		both[3].output = [9; 32];
		assert_eq!(wrong(&own, &both, &[2]), [0; 0], "it may be right about a wrong beginning");
		let doubt = wrong_leaves(&TASK, &own, START, &shown(&changed(3), &[2])).remove(0);
		assert_eq!((doubt.opening, doubt.digest), (own[2].carry, own[3].digest(blake2, &TASK, 3)));
	}

	proptest! {
		/// Whatever differs and whatever is shown: who is called wrong differs, was not drawn, and begins from the same.
		#[test]
		fn nobody_is_called_wrong_who_may_be_right(
			leaves in 1u32..40,
			differing in prop::collection::btree_set(0u32..40, 0..6),
			drawn in prop::collection::btree_set(0u32..40, 0..6),
		) {
			let own = result(leaves);
			let mut theirs = own.clone();
			let differing: Vec<_> = differing.into_iter().filter(|at| *at < leaves).collect();
			let drawn: Vec<_> = drawn.into_iter().filter(|at| *at < leaves).collect();
			for at in &differing {
				theirs[*at as usize].carry = [9; 32];
			}
			for leaf in wrong(&own, &theirs, &drawn) {
				prop_assert!(differing.contains(&leaf) && !drawn.contains(&leaf));
				prop_assert!(leaf.checked_sub(1).is_none_or(|before| !differing.contains(&before)));
			}
		}
	}
}
