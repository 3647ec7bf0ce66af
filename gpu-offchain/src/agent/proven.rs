//! From what challenged leaves begin. Their provider posts no openings of them: it shows the leaf before with a proof, and
//! the chain keeps no more of that than that it was right. A juror finds it in the block where it was shown.

use super::view::View;
use crate::{
	chain::{self, types::*, At, Chain},
	job::blake2,
};
use ogpu_protocol::leaf::{Job, Leaf, Proven, Reveal};
use std::collections::BTreeMap;
use subxt::ext::scale_decode::DecodeAsType;

/// Leaves that a provider has shown.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub struct Shown {
	pub task: Hash,
	pub reveals: Vec<(u32, LeafReveal)>,
}

/// Nodes forget what happened in blocks that are older than some 256.
const MOST_BLOCKS: usize = 240;

/// What was found of leaves of which nobody posted an opening.
#[derive(Default)]
pub struct Openings(BTreeMap<(Hash, u32), Option<Hash>>);

impl Openings {
	/// Puts openings into the view, where the operator sits on a jury that needs them.
	pub async fn find(&mut self, chain: &Chain, at: &At, view: &mut View) -> chain::Result<()> {
		self.0.retain(|(task, _), _| view.tasks.contains_key(task));
		for (name, task) in &mut view.tasks {
			let seats = task.juries.iter().filter(|(_, (_, ballot))| ballot.is_some());
			let leaves: Vec<u32> = seats.map(|(leaf, _)| *leaf).filter(|leaf| *leaf > 0).collect();
			for leaf in leaves {
				let Some(check) = task.checks.get_mut(&leaf).filter(|check| check.opening.is_none()) else { continue };
				let (Some(digest), Some(outcome)) = (check.digest, &task.task.outcome) else { continue };
				let found = match self.0.get(&(*name, leaf)) {
					Some(found) => *found,
					None => {
						let Claim { start, leaves, .. } = task.task.request;
						let job = Job { task: *name, leaves, root: outcome.root, start };
						let found = search(chain, at, &job, leaf, &digest).await?;
						if found.is_none() {
							tracing::error!(
								task = chain::hex(name),
								leaf,
								"no block says from what a challenged leaf begins: it cannot be judged here"
							);
						}
						self.0.insert((*name, leaf), found);
						found
					}
				};
				check.opening = found;
			}
		}
		Ok(())
	}
}

/// Looks through blocks, from this one back, for what a leaf was proven to begin from.
async fn search(chain: &Chain, at: &At, job: &Job, leaf: u32, digest: &Hash) -> chain::Result<Option<Hash>> {
	let mut block = at.hash();
	for _ in 0..MOST_BLOCKS {
		let here = chain.at(block).await?;
		let is_it = |event: &chain::Happened| event.name == "LeavesRevealed" && event.about == Some(job.task);
		if here.happened().await?.iter().any(is_it) {
			let sent: Vec<Shown> = here.sent("ResultValidation", "reveal_leaves").await?;
			if let Some(found) = opening(job, leaf, digest, &sent) {
				return Ok(Some(found));
			}
		}
		match chain.parent(block).await? {
			Some(parent) => block = parent,
			None => break,
		}
	}
	Ok(None)
}

/// From what a leaf begins, if it was shown so. What is not proven says nothing, whoever sent it.
fn opening(job: &Job, leaf: u32, digest: &Hash, sent: &[Shown]) -> Option<Hash> {
	let shown = sent.iter().filter(|shown| shown.task == job.task).flat_map(|shown| &shown.reveals);
	shown.filter(|(index, _)| *index == leaf).find_map(|(_, reveal)| {
		let before = reveal.before.as_ref()?;
		let opening = before.leaf.carry;
		let reveal = Reveal { leaf: proven(&reveal.leaf), before: Some(proven(before)) };
		(job.check(blake2, leaf, &opening, &reveal).ok()? == *digest).then_some(opening)
	})
}

fn proven(shown: &LeafProof) -> Proven {
	Proven { leaf: Leaf::from(&shown.leaf), proof: shown.proof.clone() }
}

#[cfg(test)]
mod tests {
	use super::*;
	use ogpu_protocol::leaf;

	const TASK: Hash = [7; 32];

	fn result(seed: u8) -> Vec<Leaf> {
		(0..5u8).map(|leaf| Leaf { output: [leaf; 32], carry: [seed.wrapping_add(leaf); 32], trace: [0; 32] }).collect()
	}

	fn shown(leaves: &[Leaf], index: u32) -> (u32, LeafReveal) {
		let tree = leaf::tree(blake2, &TASK, leaves).unwrap();
		let proof = |index: u32| {
			let Leaf { output, carry, trace } = leaves[index as usize];
			LeafProof { leaf: LeafParts { output, carry, trace }, proof: tree.proof(index).unwrap() }
		};
		(index, LeafReveal { leaf: proof(index), before: index.checked_sub(1).map(proof) })
	}

	#[test]
	fn a_challenged_leaf_begins_from_what_its_provider_has_proven_and_from_nothing_that_others_say() {
		let leaves = result(10);
		let root = leaf::tree(blake2, &TASK, &leaves).unwrap().root();
		let job = Job { task: TASK, leaves: 5, root, start: [9; 32] };
		let digest = leaves[3].digest(blake2, &TASK, 3);
		let of = |task, reveals| Shown { task, reveals };
		let right = of(TASK, vec![shown(&leaves, 1), shown(&leaves, 3)]);
		assert_eq!(opening(&job, 3, &digest, &[right]), Some([12; 32]));
		let others = result(50);
		let lies = [
			// Another result, whose transaction has failed.
			of(TASK, vec![shown(&others, 3)]),
			of([8; 32], vec![shown(&leaves, 3)]),
			of(TASK, vec![shown(&leaves, 2)]),
			of(TASK, vec![(3, LeafReveal { before: None, ..shown(&leaves, 3).1 })]),
			of(TASK, vec![(3, LeafReveal { before: shown(&others, 3).1.before, ..shown(&leaves, 3).1 })]),
		];
		assert_eq!(opening(&job, 3, &digest, &lies), None);
	}
}
