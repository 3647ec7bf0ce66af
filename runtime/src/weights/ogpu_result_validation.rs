//! What the calls of `ogpu_result_validation` cost, measured on 2026-11-21 on AMD EPYC by `make weights`: 20 steps,
//! 10 repeats.

#![cfg_attr(rustfmt, rustfmt_skip)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};
use polkadot_sdk::*;

pub struct WeightInfo<T>(PhantomData<T>);
impl<T: frame_system::Config> ogpu_result_validation::WeightInfo for WeightInfo<T> {
	fn offer_seats() -> Weight {
		// At least 75_082_000 picoseconds.
		Weight::from_parts(80_621_000, 16059)
			.saturating_add(T::DbWeight::get().reads(8))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	fn withdraw_seats() -> Weight {
		// At least 60_900_000 picoseconds.
		Weight::from_parts(65_508_000, 16059)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	fn reveal_secret() -> Weight {
		// At least 16_695_000 picoseconds.
		Weight::from_parts(17_987_000, 4155)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	/// `n` is 1 to 256.
	fn post_openings(n: u32, ) -> Weight {
		// At least 23_375_000 picoseconds.
		Weight::from_parts(24_387_000, 4155)
			.saturating_add(Weight::from_parts(5_301_900, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().reads(1).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().writes(1).saturating_mul(n.into()))
			.saturating_add(Weight::from_parts(0, 2860).saturating_mul(n.into()))
	}
	fn commit_audit() -> Weight {
		// At least 19_249_000 picoseconds.
		Weight::from_parts(21_071_000, 4155)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn reveal() -> Weight {
		// At least 15_093_000 picoseconds.
		Weight::from_parts(16_574_000, 4155)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	/// `n` is 1 to 256.
	fn reveal_leaves(n: u32, ) -> Weight {
		// At least 54_321_000 picoseconds.
		Weight::from_parts(55_953_000, 4155)
			.saturating_add(Weight::from_parts(40_356_225, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().reads(1).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().writes(1))
			.saturating_add(T::DbWeight::get().writes(1).saturating_mul(n.into()))
			.saturating_add(Weight::from_parts(0, 2860).saturating_mul(n.into()))
	}
	fn reveal_audit() -> Weight {
		// At least 20_381_000 picoseconds.
		Weight::from_parts(22_253_000, 4155)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn challenge() -> Weight {
		// At least 66_960_000 picoseconds.
		Weight::from_parts(71_787_000, 4155)
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	fn commit_vote() -> Weight {
		// At least 25_378_000 picoseconds.
		Weight::from_parts(27_401_000, 10794)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn reveal_vote() -> Weight {
		// At least 26_860_000 picoseconds.
		Weight::from_parts(29_023_000, 10794)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn accept() -> Weight {
		// At least 22_724_000 picoseconds.
		Weight::from_parts(24_296_000, 4155)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	fn commit_benchmark() -> Weight {
		// At least 183_173_000 picoseconds.
		Weight::from_parts(194_190_000, 16059)
			.saturating_add(T::DbWeight::get().reads(17))
			.saturating_add(T::DbWeight::get().writes(7))
	}
	fn window_step() -> Weight {
		// At least 55_603_000 picoseconds.
		Weight::from_parts(58_968_000, 41294)
			.saturating_add(T::DbWeight::get().reads(18))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	/// `n` is 1 to 272.
	/// `o` is 1 to 100.
	fn task_step(n: u32, o: u32, ) -> Weight {
		// At least 249_923_000 picoseconds.
		Weight::from_parts(253_858_000, 9083)
			.saturating_add(Weight::from_parts(46_887_763, 0).saturating_mul(n.into()))
			.saturating_add(Weight::from_parts(22_505_906, 0).saturating_mul(o.into()))
			.saturating_add(T::DbWeight::get().reads(17))
			.saturating_add(T::DbWeight::get().reads(1).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(4).saturating_mul(o.into()))
			.saturating_add(T::DbWeight::get().writes(12))
			.saturating_add(T::DbWeight::get().writes(2).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().writes(5).saturating_mul(o.into()))
			.saturating_add(Weight::from_parts(0, 2860).saturating_mul(n.into()))
			.saturating_add(Weight::from_parts(0, 2316).saturating_mul(o.into()))
	}
	/// `n` is 1 to 64.
	fn conclude(n: u32, ) -> Weight {
		// At least 156_454_000 picoseconds.
		Weight::from_parts(162_796_780, 16059)
			.saturating_add(Weight::from_parts(9_471_119, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(19))
			.saturating_add(T::DbWeight::get().reads(1).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().writes(13))
			.saturating_add(T::DbWeight::get().writes(2).saturating_mul(n.into()))
			.saturating_add(Weight::from_parts(0, 3165).saturating_mul(n.into()))
	}
	/// `n` is 1 to 414.
	/// `o` is 1 to 100.
	fn jury_step(n: u32, o: u32, ) -> Weight {
		// At least 600_947_000 picoseconds.
		Weight::from_parts(331_207_205, 21814)
			.saturating_add(Weight::from_parts(33_868_656, 0).saturating_mul(n.into()))
			.saturating_add(Weight::from_parts(22_686_923, 0).saturating_mul(o.into()))
			.saturating_add(T::DbWeight::get().reads(35))
			.saturating_add(T::DbWeight::get().reads(1).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(3).saturating_mul(o.into()))
			.saturating_add(T::DbWeight::get().writes(31))
			.saturating_add(T::DbWeight::get().writes(4).saturating_mul(o.into()))
			.saturating_add(Weight::from_parts(0, 9260).saturating_mul(n.into()))
			.saturating_add(Weight::from_parts(0, 2599).saturating_mul(o.into()))
	}
	fn agenda_look() -> Weight {
		// At least 16_615_000 picoseconds.
		Weight::from_parts(18_067_000, 6070)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	fn keep_output() -> Weight {
		// At least 6_560_000 picoseconds.
		Weight::from_parts(7_161_000, 1518)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	/// `n` is 1 to 100.
	fn next_session(n: u32, ) -> Weight {
		// At least 75_622_000 picoseconds.
		Weight::from_parts(89_593_548, 17485)
			.saturating_add(Weight::from_parts(26_187_926, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(9))
			.saturating_add(T::DbWeight::get().reads(6).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().writes(6))
			.saturating_add(T::DbWeight::get().writes(1).saturating_mul(n.into()))
			.saturating_add(Weight::from_parts(0, 15069).saturating_mul(n.into()))
	}
}
