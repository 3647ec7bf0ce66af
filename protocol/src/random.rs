//! Drawing by lot. Whatever the network draws (leaves, auditors, jurors, racers) it draws through [`Random`], so that
//! the chain, which hashes a public seed, and the simulator, which wants speed, run the same code.
//!
//! Nothing here takes time or memory in proportion to what it draws from, only to what it draws: a task may have a
//! million leaves, and a draw is paid for by a block.

use crate::{commitment::Domain, merkle::Hash};
use alloc::{
	collections::{BTreeMap, BTreeSet},
	vec::Vec,
};
use core::ops::Range;

/// Certainty, where a probability or a share is given in billionths.
pub const CERTAIN_BILLIONTHS: u32 = 1_000_000_000;

/// A source of lots.
pub trait Random {
	/// Each number below the bound with the same probability; zero if there is none.
	fn below(&mut self, bound: u64) -> u64;

	/// True with this probability.
	fn chance(&mut self, billionths: u32) -> bool {
		self.below(CERTAIN_BILLIONTHS.into()) < billionths.into()
	}
}

/// The lots that a seed stands for: the hashes of (domain, seed, 0), (domain, seed, 1), … What is drawn for one purpose
/// tells nothing about what the same seed draws for another.
#[derive(Clone)]
pub struct Stream<H> {
	hash: H,
	domain: Domain,
	seed: Hash,
	blocks: u64,
	block: Hash,
	used_words: usize,
}

/// Of eight bytes, in one hash.
const BLOCK_WORDS: usize = 4;

impl<H: Fn(&[u8]) -> Hash> Stream<H> {
	pub fn new(hash: H, domain: &Domain, seed: &Hash) -> Self {
		Self { hash, domain: *domain, seed: *seed, blocks: 0, block: Hash::default(), used_words: BLOCK_WORDS }
	}

	fn word(&mut self) -> u64 {
		if self.used_words == BLOCK_WORDS {
			let counter = self.blocks.to_le_bytes();
			self.block = (self.hash)(&[self.domain.as_slice(), &self.seed, &counter].concat());
			self.blocks = self.blocks.saturating_add(1);
			self.used_words = 0;
		}
		let word = self.block.as_chunks().0.get(self.used_words).copied().unwrap_or_default();
		self.used_words = self.used_words.saturating_add(1);
		u64::from_le_bytes(word)
	}
}

impl<H: Fn(&[u8]) -> Hash> Random for Stream<H> {
	/// Lemire's method: the upper half of word × bound. The numbers that would come once too often are those whose
	/// lower half falls below 2⁶⁴ mod bound; then the next word is taken.
	fn below(&mut self, bound: u64) -> u64 {
		let excess = bound.wrapping_neg().checked_rem(bound).unwrap_or(0);
		loop {
			let product = u128::from(self.word()).saturating_mul(bound.into());
			if product as u64 >= excess {
				return (product >> 64) as u64;
			}
		}
	}
}

/// `count` of the numbers below `size`, each set of them with the same probability, in ascending order (Floyd's
/// method). All of them if there are not so many.
pub fn sample(random: &mut impl Random, size: u32, count: u32) -> Vec<u32> {
	let mut chosen = BTreeSet::new();
	for last in size.saturating_sub(count)..size {
		let lot = random.below(u64::from(last).saturating_add(1)).try_into().unwrap_or(last);
		if !chosen.insert(lot) {
			chosen.insert(last);
		}
	}
	chosen.into_iter().collect()
}

/// An urn of numbered lots from which is drawn without putting back: a permutation of which only the beginning exists.
/// Drawing five and then three is drawing eight, whenever the three are asked for and by whatever source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Urn {
	/// Start and length of what is gone.
	gone: BTreeMap<u64, u64>,
	left: u64,
}

impl Urn {
	/// With the lots below `size`.
	pub fn new(size: u64) -> Self {
		Self { gone: BTreeMap::new(), left: size }
	}

	/// As it was after these lots had been drawn, so that only they need to be kept.
	pub fn resume(size: u64, drawn: impl IntoIterator<Item = u64>) -> Self {
		let mut urn = Self::new(size);
		for lot in drawn.into_iter().filter(|lot| *lot < size) {
			if !urn.gone.contains_key(&lot) {
				urn.take(lot..lot.saturating_add(1));
			}
		}
		urn
	}

	/// How many lots are left.
	pub fn left(&self) -> u64 {
		self.left
	}

	/// The next lot, `None` from an empty urn.
	pub fn draw(&mut self, random: &mut impl Random) -> Option<u64> {
		let lot = self.look(random)?;
		self.take(lot..lot.saturating_add(1));
		Some(lot)
	}

	/// One of those that are left, which stays in the urn.
	fn look(&self, random: &mut impl Random) -> Option<u64> {
		if self.left == 0 {
			return None;
		}
		let mut lot = random.below(self.left);
		for (start, length) in &self.gone {
			if lot < *start {
				break;
			}
			lot = lot.saturating_add(*length);
		}
		Some(lot)
	}

	/// Takes out lots that are all still in it.
	fn take(&mut self, lots: Range<u64>) {
		let length = lots.end.saturating_sub(lots.start);
		self.gone.insert(lots.start, length);
		self.left = self.left.saturating_sub(length);
	}
}

/// Items with weights, as intervals of one line, in order: a point of the line belongs to an item, with a probability
/// in proportion to its weight.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Weights {
	ends: Vec<u64>,
}

impl Weights {
	/// `None` if the sum of the weights exceeds a `u64`.
	pub fn new(weights: impl IntoIterator<Item = u64>) -> Option<Self> {
		let mut total = 0u64;
		let mut end = |weight| {
			total = total.checked_add(weight)?;
			Some(total)
		};
		Some(Self { ends: weights.into_iter().map(&mut end).collect::<Option<_>>()? })
	}

	pub fn total(&self) -> u64 {
		self.ends.last().copied().unwrap_or(0)
	}

	/// The item that owns this point.
	pub fn at(&self, point: u64) -> Option<usize> {
		(point < self.total()).then(|| self.ends.partition_point(|end| *end <= point))
	}

	/// The points of an item.
	pub fn points(&self, item: usize) -> Option<Range<u64>> {
		let end = *self.ends.get(item)?;
		let start = item.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
		Some(start..end)
	}

	/// Different items, the first in proportion to the weights, each further one in proportion to the weights of those
	/// that are left. Fewer than `count` if there are not so many with a weight.
	pub fn draw(&self, random: &mut impl Random, count: usize) -> Vec<usize> {
		let mut urn = Urn::new(self.total());
		let next = |_| {
			let item = self.at(urn.look(random)?)?;
			urn.take(self.points(item)?);
			Some(item)
		};
		(0..count).map_while(next).collect()
	}

	/// A point of another item, each with the same probability. `None` if no other item has a weight.
	pub fn point_outside(&self, item: usize, random: &mut impl Random) -> Option<u64> {
		let mut urn = Urn::new(self.total());
		urn.take(self.points(item)?);
		urn.look(random)
	}
}

#[cfg(test)]
pub(crate) mod tests {
	use super::*;
	use proptest::prelude::*;
	use sha3::{Digest, Keccak256};

	pub fn keccak(bytes: &[u8]) -> Hash {
		Keccak256::digest(bytes).into()
	}

	pub fn stream(seed: u64) -> Stream<fn(&[u8]) -> Hash> {
		let mut bytes = Hash::default();
		bytes[..8].copy_from_slice(&seed.to_le_bytes());
		Stream::new(keccak, b"ogpu/tests-alone", &bytes)
	}

	/// Whether counts are what equal (or given) shares would let us expect: Pearson's statistic within five standard
	/// deviations of its mean. Seeds are fixed, so this never flickers.
	pub fn assert_follows(counts: &[u64], shares: &[f64]) {
		let (drawn, whole) = (counts.iter().sum::<u64>() as f64, shares.iter().sum::<f64>());
		let expected = shares.iter().map(|share| drawn * share / whole);
		let statistic: f64 = counts.iter().zip(expected).map(|(count, e)| (*count as f64 - e).powi(2) / e).sum();
		let freedom = (counts.len() - 1) as f64;
		assert!(statistic < freedom + 5.0 * (2.0 * freedom).sqrt(), "χ² = {statistic} at {freedom}: {counts:?}");
	}

	pub fn assert_uniform(counts: &[u64]) {
		assert_follows(counts, &vec![1.0; counts.len()]);
	}

	#[test]
	fn every_number_below_a_bound_comes_equally_often() {
		for bound in [2, 3, 7, 10, 1_000] {
			let (mut random, mut counts) = (stream(bound), vec![0; bound as usize]);
			for _ in 0..100 * bound {
				counts[random.below(bound) as usize] += 1;
			}
			assert_uniform(&counts);
		}
		// A bound that a word holds one and a half times: without the second draw, the lower half would come twice as
		// often.
		let (mut random, bound, mut halves) = (stream(1), (1u64 << 63) + (1 << 62), vec![0; 3]);
		for _ in 0..30_000 {
			halves[(random.below(bound) >> 62) as usize] += 1;
		}
		assert_uniform(&halves);
	}

	#[test]
	fn a_chance_comes_as_often_as_it_says() {
		let mut random = stream(5);
		let hits = (0..100_000).filter(|_| random.chance(50_000_000)).count() as u64;
		assert_follows(&[hits, 100_000 - hits], &[0.05, 0.95]);
		assert!((0..1_000).all(|_| random.chance(CERTAIN_BILLIONTHS) && !random.chance(0)));
	}

	#[test]
	fn every_set_of_three_of_seven_leaves_is_sampled_equally_often() {
		let mut counts = std::collections::BTreeMap::new();
		let mut random = stream(3);
		for _ in 0..35_000 {
			*counts.entry(sample(&mut random, 7, 3)).or_insert(0u64) += 1;
		}
		assert_eq!(counts.len(), 35);
		assert_uniform(&counts.into_values().collect::<Vec<_>>());
	}

	#[test]
	fn every_order_of_four_lots_is_drawn_equally_often() {
		let mut counts = std::collections::BTreeMap::new();
		let mut random = stream(4);
		for _ in 0..24_000 {
			let mut urn = Urn::new(4);
			let order: Vec<_> = core::iter::from_fn(|| urn.draw(&mut random)).collect();
			*counts.entry(order).or_insert(0u64) += 1;
		}
		assert_eq!(counts.len(), 24);
		assert_uniform(&counts.into_values().collect::<Vec<_>>());
	}

	#[test]
	fn racers_are_drawn_by_weight_and_the_second_by_the_weights_that_are_left() {
		let weights = Weights::new([5, 0, 3, 2]).unwrap();
		let mut random = stream(6);
		let mut counts = std::collections::BTreeMap::new();
		for _ in 0..30_000 {
			let pair = weights.draw(&mut random, 2);
			*counts.entry((pair[0], pair[1])).or_insert(0u64) += 1;
		}
		let weight = |item| [5.0, 0.0, 3.0, 2.0][item];
		let shares: Vec<_> =
			counts.keys().map(|(first, second)| weight(*first) * weight(*second) / (10.0 - weight(*first))).collect();
		assert_eq!(counts.len(), 6);
		assert_follows(&counts.into_values().collect::<Vec<_>>(), &shares);
	}

	#[test]
	fn a_million_leaves_are_sampled_without_touching_them() {
		struct Counted(Stream<fn(&[u8]) -> Hash>, u32);
		impl Random for Counted {
			fn below(&mut self, bound: u64) -> u64 {
				self.1 += 1;
				self.0.below(bound)
			}
		}
		let mut random = Counted(stream(7), 0);
		assert_eq!(sample(&mut random, 1_000_000, 50).len(), 50);
		assert_eq!(random.1, 50);
	}

	proptest! {
		#[test]
		fn a_stream_repeats_itself_and_differs_by_seed_and_domain(seed: Hash, other: Hash, bound in 1u64..) {
			prop_assume!(seed != other);
			let lots = |domain: &Domain, seed: &Hash| {
				let mut random = Stream::new(keccak, domain, seed);
				(0..20).map(|_| random.below(u64::MAX)).collect::<Vec<_>>()
			};
			prop_assert_eq!(lots(b"ogpu/audit-draws", &seed), lots(b"ogpu/audit-draws", &seed));
			prop_assert_ne!(lots(b"ogpu/audit-draws", &seed), lots(b"ogpu/audit-draws", &other));
			prop_assert_ne!(lots(b"ogpu/audit-draws", &seed), lots(b"ogpu/juror-draws", &seed));
			let mut random = Stream::new(keccak, b"ogpu/audit-draws", &seed);
			prop_assert!((0..20).all(|_| random.below(bound) < bound));
			prop_assert_eq!(random.below(0), 0);
			prop_assert_eq!(random.below(1), 0);
		}

		#[test]
		fn a_sample_is_of_different_numbers_in_order(seed: u64, size in 0u32..500, count in 0u32..500) {
			let sample = sample(&mut stream(seed), size, count);
			prop_assert_eq!(sample.len() as u32, count.min(size));
			prop_assert!(sample.is_sorted_by(|one, next| one < next));
			prop_assert!(sample.iter().all(|number| *number < size));
		}

		#[test]
		fn an_urn_yields_each_lot_once_and_then_nothing(seed: u64, size in 0u64..300) {
			let (mut urn, mut random) = (Urn::new(size), stream(seed));
			let mut lots: Vec<_> = core::iter::from_fn(|| urn.draw(&mut random)).collect();
			lots.sort();
			prop_assert_eq!(lots, (0..size).collect::<Vec<_>>());
			prop_assert_eq!(urn.left(), 0);
		}

		#[test]
		fn what_is_drawn_later_continues_the_same_permutation(seed: u64, size in 1u64..300, pause in 0usize..300) {
			let mut whole = Urn::new(size);
			let mut random = stream(seed);
			let all: Vec<_> = core::iter::from_fn(|| whole.draw(&mut random)).collect();

			let pause = pause.min(all.len());
			let (mut first, mut random) = (Urn::new(size), stream(seed));
			let before: Vec<_> = (0..pause).filter_map(|_| first.draw(&mut random)).collect();
			let mut resumed = Urn::resume(size, before.iter().rev().chain(&before).copied().chain([size]));
			prop_assert_eq!(&resumed, &first);
			let after: Vec<_> = core::iter::from_fn(|| resumed.draw(&mut random)).collect();
			prop_assert_eq!([before, after].concat(), all);
		}

		#[test]
		fn every_point_belongs_to_the_item_whose_interval_it_is(
			weights in prop::collection::vec(0u64..50, 0..40), at: u64,
		) {
			let table = Weights::new(weights.iter().copied()).unwrap();
			prop_assert_eq!(table.total(), weights.iter().sum::<u64>());
			let point = at % (table.total() + 3);
			match table.at(point) {
				Some(item) => prop_assert!(table.points(item).unwrap().contains(&point)),
				None => prop_assert!(point >= table.total()),
			}
			let lengths: Vec<_> = (0..weights.len()).map(|item| table.points(item).unwrap().count() as u64).collect();
			prop_assert_eq!(lengths, weights);
		}

		#[test]
		fn nobody_is_drawn_twice_nor_without_a_weight(
			weights in prop::collection::vec(0u64..4, 0..40), count in 0usize..50, seed: u64,
		) {
			let table = Weights::new(weights.iter().copied()).unwrap();
			let drawn = table.draw(&mut stream(seed), count);
			let eligible = weights.iter().filter(|weight| **weight > 0).count();
			prop_assert_eq!(drawn.len(), count.min(eligible));
			prop_assert!(drawn.iter().all(|item| weights[*item] > 0));
			prop_assert_eq!(drawn.iter().collect::<BTreeSet<_>>().len(), drawn.len());
			for (item, weight) in weights.into_iter().enumerate() {
				let outside = table.point_outside(item, &mut stream(seed));
				prop_assert!(outside.is_none_or(|point| table.at(point) != Some(item)));
				prop_assert_eq!(outside.is_none(), table.total() == weight);
			}
		}

		#[test]
		fn weights_that_overflow_are_refused(weights in prop::collection::vec(any::<u64>(), 0..6)) {
			let sum: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
			prop_assert_eq!(Weights::new(weights).is_some(), sum <= u64::MAX.into());
		}
	}
}
