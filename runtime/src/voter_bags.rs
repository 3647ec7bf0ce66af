//! Upper ends of the bags that keep voters roughly sorted by stake: 200 of them, from half an OGPU to more than the
//! whole supply, each about 9.3 % above the one before.

use ogpu_protocol::token::{CAP, OGPU, VOTE_UNIT};

const BAGS: usize = 200;
const GROWTH_PER_MILLE: u128 = 93;

pub const THRESHOLDS: [u64; BAGS] = thresholds();

#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "evaluated by the compiler")]
const fn thresholds() -> [u64; BAGS] {
	let mut bags = [u64::MAX; BAGS];
	let mut end = OGPU / 2 / VOTE_UNIT;
	let mut bag = 0;
	// The last bag has no end.
	while bag < BAGS - 1 {
		assert!(end < u64::MAX as u128);
		bags[bag] = end as u64;
		end += end * GROWTH_PER_MILLE / 1_000;
		bag += 1;
	}
	assert!(end > CAP / VOTE_UNIT, "the bags must tell apart voters up to the whole supply");
	bags
}
