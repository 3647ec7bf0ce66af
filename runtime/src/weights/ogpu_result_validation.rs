//! What the calls of `ogpu_result_validation` cost, measured on 2026-11-21 on AMD EPYC by `make weights`: 20 steps,
//! 10 repeats.

#![cfg_attr(rustfmt, rustfmt_skip)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};
use polkadot_sdk::*;

pub struct WeightInfo<T>(PhantomData<T>);
impl<T: frame_system::Config> ogpu_result_validation::WeightInfo for WeightInfo<T> {
	fn offer_seats() -> Weight {
		// At least 67_531_000 picoseconds.
		Weight::from_parts(71_547_000, 16059)
			.saturating_add(T::DbWeight::get().reads(8))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	fn withdraw_seats() -> Weight {
		// At least 55_763_000 picoseconds.
		Weight::from_parts(62_694_000, 16059)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	fn reveal_secret() -> Weight {
		// At least 15_563_000 picoseconds.
		Weight::from_parts(18_407_000, 4123)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	/// `n` is 1 to 256.
	fn post_openings(n: u32, ) -> Weight {
		// At least 21_792_000 picoseconds.
		Weight::from_parts(24_206_000, 4123)
			.saturating_add(Weight::from_parts(5_247_434, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().reads(1).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().writes(1).saturating_mul(n.into()))
			.saturating_add(Weight::from_parts(0, 2860).saturating_mul(n.into()))
	}
	fn commit_audit() -> Weight {
		// At least 18_337_000 picoseconds.
		Weight::from_parts(20_050_000, 4123)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn reveal() -> Weight {
		// At least 14_321_000 picoseconds.
		Weight::from_parts(15_634_000, 4123)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	/// `n` is 1 to 256.
	fn reveal_leaves(n: u32, ) -> Weight {
		// At least 54_271_000 picoseconds.
		Weight::from_parts(56_735_000, 4123)
			.saturating_add(Weight::from_parts(43_017_749, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().reads(1).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().writes(1))
			.saturating_add(T::DbWeight::get().writes(1).saturating_mul(n.into()))
			.saturating_add(Weight::from_parts(0, 2860).saturating_mul(n.into()))
	}
	fn reveal_audit() -> Weight {
		// At least 19_559_000 picoseconds.
		Weight::from_parts(21_332_000, 4123)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn challenge() -> Weight {
		// At least 64_817_000 picoseconds.
		Weight::from_parts(67_942_000, 4123)
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	fn commit_vote() -> Weight {
		// At least 24_827_000 picoseconds.
		Weight::from_parts(26_459_000, 10794)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn reveal_vote() -> Weight {
		// At least 26_089_000 picoseconds.
		Weight::from_parts(28_102_000, 10794)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn accept() -> Weight {
		// At least 21_522_000 picoseconds.
		Weight::from_parts(23_174_000, 4123)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	fn commit_benchmark() -> Weight {
		// At least 183_444_000 picoseconds.
		Weight::from_parts(202_081_000, 16059)
			.saturating_add(T::DbWeight::get().reads(17))
			.saturating_add(T::DbWeight::get().writes(7))
	}
	fn window_step() -> Weight {
		// At least 53_890_000 picoseconds.
		Weight::from_parts(57_436_000, 41294)
			.saturating_add(T::DbWeight::get().reads(18))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	/// `n` is 1 to 272. The first hundred cost more than the others, as there are as many operators; measured with all of
	/// them, a line has 232 reads and 267 writes that a small task never makes. This one meets it at the largest.
	fn task_step(n: u32, _o: u32, ) -> Weight {
		Weight::from_parts(124_646_000, 8275)
			.saturating_add(Weight::from_parts(69_661_729, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(20))
			.saturating_add(T::DbWeight::get().reads(4).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().writes(20))
			.saturating_add(T::DbWeight::get().writes(4).saturating_mul(n.into()))
			.saturating_add(Weight::from_parts(0, 2860).saturating_mul(n.into()))
	}
	fn conclude(_n: u32, ) -> Weight {
		// At least 665_634_000 picoseconds.
		Weight::from_parts(715_708_000, 201502)
			.saturating_add(T::DbWeight::get().reads(83))
			.saturating_add(T::DbWeight::get().writes(141))
	}
	/// `n` is 1 to 414. As above; what it measured as well is in `conclude`.
	fn jury_step(n: u32, _o: u32, ) -> Weight {
		Weight::from_parts(300_000_000, 8275)
			.saturating_add(Weight::from_parts(38_723_754, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(20))
			.saturating_add(T::DbWeight::get().reads(3).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().writes(20))
			.saturating_add(T::DbWeight::get().writes(2).saturating_mul(n.into()))
			.saturating_add(Weight::from_parts(0, 8697).saturating_mul(n.into()))
	}
	fn agenda_look() -> Weight {
		// At least 16_004_000 picoseconds.
		Weight::from_parts(17_426_000, 6070)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	fn keep_output() -> Weight {
		// At least 6_269_000 picoseconds.
		Weight::from_parts(6_910_000, 1518)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	/// `n` is 1 to 100.
	fn next_session(n: u32, ) -> Weight {
		// At least 72_868_000 picoseconds.
		Weight::from_parts(56_312_549, 17485)
			.saturating_add(Weight::from_parts(26_558_021, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(9))
			.saturating_add(T::DbWeight::get().reads(6).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().writes(6))
			.saturating_add(T::DbWeight::get().writes(1).saturating_mul(n.into()))
			.saturating_add(Weight::from_parts(0, 15069).saturating_mul(n.into()))
	}
}
