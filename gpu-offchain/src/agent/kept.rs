//! What a worker remembers from one block to the next: where it has been, and what it has read.

use crate::chain::{types::*, Happened};
use std::collections::{BTreeMap, VecDeque};

/// So many blocks are remembered. If a head is farther away from all of them, everything is looked at.
pub const MOST_STEPS: usize = 64;
/// A record of which no event told, and whose deadline has not passed, is read again after so many blocks at the latest. What
/// auditors and jurors say has none, nor has the moment from which a result is as good as accepted.
const KEPT_BLOCKS: BlockNumber = 12;

/// A way from the blocks that were looked at to another one.
pub struct Step {
	/// So many of those that are remembered lead there.
	pub from: usize,
	/// The others on the way, and what happened in them.
	pub blocks: Vec<(Hash, Vec<Happened>)>,
}

/// The blocks that were looked at last, each after its parent, and what happened in them.
#[derive(Default)]
pub struct Trail(VecDeque<(Hash, Vec<Happened>)>);

impl Trail {
	pub fn is_empty(&self) -> bool {
		self.0.is_empty()
	}

	/// How many lead to this block, if it is one of them.
	pub fn after(&self, block: &Hash) -> Option<usize> {
		self.0.iter().position(|(hash, _)| hash == block).map(|place| place.saturating_add(1))
	}

	/// Whether there is a block after so many.
	pub fn leads_elsewhere(&self, from: usize) -> bool {
		self.0.len() > from
	}

	/// What happened in the blocks after so many.
	pub fn beyond(&self, from: usize) -> impl Iterator<Item = &Happened> {
		self.0.iter().skip(from).flat_map(|(_, events)| events)
	}

	pub fn go(&mut self, step: Step) {
		self.0.truncate(step.from);
		self.0.extend(step.blocks);
		let old = self.0.len().saturating_sub(MOST_STEPS);
		self.0.drain(..old);
	}
}

/// Records that concern this worker, by their names, as they were when they were last read; or none, where one is to be
/// read. Few of them change in a block, and events name most of those.
pub struct Kept<R>(BTreeMap<Hash, Option<(BlockNumber, R)>>);

impl<R> Default for Kept<R> {
	fn default() -> Self {
		Self(BTreeMap::new())
	}
}

impl<R> FromIterator<Hash> for Kept<R> {
	fn from_iter<I: IntoIterator<Item = Hash>>(names: I) -> Self {
		Self(names.into_iter().map(|name| (name, None)).collect())
	}
}

impl<R: Clone> Kept<R> {
	/// It may concern this worker.
	pub fn note(&mut self, name: Hash) {
		self.0.insert(name, None);
	}

	/// It has changed.
	pub fn touch(&mut self, name: &Hash) {
		if let Some(kept) = self.0.get_mut(name) {
			*kept = None;
		}
	}

	/// Anything may have changed.
	pub fn touch_all(&mut self) {
		self.0.values_mut().for_each(|kept| *kept = None);
	}

	/// What is to be read now.
	pub fn stale(&self, number: BlockNumber, is_overdue: impl Fn(&R) -> bool) -> Vec<Hash> {
		let is_stale = |(name, kept): &(&Hash, &Option<(BlockNumber, R)>)| {
			let Some((read, record)) = kept else { return true };
			// Not all at once.
			let lot = name.first().copied().map_or(0, BlockNumber::from);
			let turn = |number: BlockNumber| number.saturating_add(lot).checked_div(KEPT_BLOCKS);
			is_overdue(record) || turn(*read) != turn(number)
		};
		self.0.iter().filter(is_stale).map(|(name, _)| *name).collect()
	}

	/// Keeps what was found of these names, and forgets the others of them.
	pub fn keep(&mut self, number: BlockNumber, names: Vec<Hash>, mut found: BTreeMap<Hash, R>) {
		for name in names {
			match found.remove(&name) {
				Some(record) => drop(self.0.insert(name, Some((number, record)))),
				None => drop(self.0.remove(&name)),
			}
		}
	}

	pub fn iter(&self) -> impl Iterator<Item = (Hash, R)> + '_ {
		self.0.iter().filter_map(|(name, kept)| kept.as_ref().map(|(_, record)| (*name, record.clone())))
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	const NAMES: [Hash; 3] = [[1; 32], [2; 32], [3; 32]];
	const NEVER: fn(&u32) -> bool = |_| false;

	fn kept(number: BlockNumber) -> Kept<u32> {
		let mut kept: Kept<u32> = NAMES.into_iter().collect();
		let names = kept.stale(number, NEVER);
		assert_eq!(names, NAMES, "whatever was never read");
		kept.keep(number, names, NAMES.into_iter().zip([10, 20, 30]).collect());
		kept
	}

	#[test]
	fn what_has_changed_is_read_in_the_next_block_and_the_rest_is_not() {
		// The turn of none of them.
		let mut kept = kept(100);
		assert_eq!(kept.stale(101, NEVER), Vec::<Hash>::new());
		kept.touch(&NAMES[1]);
		kept.touch(&[9; 32]);
		kept.note([4; 32]);
		assert_eq!(kept.stale(101, NEVER), [NAMES[1], [4; 32]]);
		assert_eq!(kept.stale(101, |record| *record == 30), [NAMES[1], NAMES[2], [4; 32]], "and what is overdue");
		// The one is over, and the other is of somebody else.
		kept.keep(101, vec![NAMES[1], [4; 32]], BTreeMap::new());
		assert_eq!(kept.iter().collect::<Vec<_>>(), [(NAMES[0], 10), (NAMES[2], 30)]);
		assert_eq!(kept.stale(101, NEVER), Vec::<Hash>::new());
	}

	#[test]
	fn of_a_trail_what_a_fork_has_left_is_known_and_no_more_than_a_part_is_kept() {
		let block = |number: u8| ([number; 32], vec![happened(number)]);
		let mut trail = Trail::default();
		assert!(trail.is_empty() && trail.after(&[1; 32]).is_none());
		trail.go(Step { from: 0, blocks: (1..=5).map(block).collect() });
		assert_eq!(trail.after(&[3; 32]), Some(3));
		assert!(trail.leads_elsewhere(3) && !trail.leads_elsewhere(5));
		assert_eq!(trail.beyond(3).map(|event| event.about).collect::<Vec<_>>(), [Some([4; 32]), Some([5; 32])]);
		trail.go(Step { from: 3, blocks: vec![block(14), block(15)] });
		assert_eq!((trail.after(&[4; 32]), trail.after(&[15; 32])), (None, Some(5)));
		trail.go(Step { from: 5, blocks: (100..200).map(block).collect() });
		assert_eq!((trail.0.len(), trail.after(&[199; 32])), (MOST_STEPS, Some(MOST_STEPS)));
	}

	fn happened(about: u8) -> Happened {
		Happened { pallet: "ContinuousPool".into(), name: "Drawn".into(), about: Some([about; 32]) }
	}

	#[test]
	fn what_nobody_tells_of_is_read_again_after_a_while_and_not_all_at_once() {
		let names: Vec<Hash> = (0..64u8).map(|lot| [lot; 32]).collect();
		let mut kept: Kept<u32> = names.iter().copied().collect();
		let all = || names.iter().map(|name| (*name, 1)).collect::<BTreeMap<_, _>>();
		kept.keep(100, names.clone(), all());
		let mut most = 0;
		for number in 101..400 {
			let stale = kept.stale(number, NEVER);
			most = most.max(stale.len());
			kept.keep(number, stale, all());
			let oldest = kept.0.values().flatten().map(|(read, _)| *read).min().unwrap();
			assert!(number < oldest + KEPT_BLOCKS);
		}
		assert_eq!(most, 6, "a twelfth of them");
	}
}
