//! What the calls of `ogpu_result_validation` cost, measured on 2026-11-21 on AMD EPYC by `make weights`: 20 steps,
//! 10 repeats.

#![cfg_attr(rustfmt, rustfmt_skip)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};
use polkadot_sdk::*;

pub struct WeightInfo<T>(PhantomData<T>);
impl<T: frame_system::Config> ogpu_result_validation::WeightInfo for WeightInfo<T> {
	/// With what is kept of those who leave, which is estimated, also below.
	fn offer_seats() -> Weight {
		// At least 67_741_000 picoseconds.
		Weight::from_parts(112_813_000, 16059)
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	fn withdraw_seats() -> Weight {
		// At least 51_357_000 picoseconds.
		Weight::from_parts(69_750_000, 16059)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	fn reveal_secret() -> Weight {
		// At least 16_244_000 picoseconds.
		Weight::from_parts(17_846_000, 4179)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	/// `n` is 1 to 256.
	fn post_openings(n: u32, ) -> Weight {
		// At least 23_425_000 picoseconds.
		Weight::from_parts(26_890_000, 4179)
			.saturating_add(Weight::from_parts(7_048_126, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().reads(1).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().writes(1).saturating_mul(n.into()))
			.saturating_add(Weight::from_parts(0, 2860).saturating_mul(n.into()))
	}
	fn commit_audit() -> Weight {
		// At least 18_708_000 picoseconds.
		Weight::from_parts(28_512_000, 4179)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn reveal() -> Weight {
		// At least 14_712_000 picoseconds.
		Weight::from_parts(15_964_000, 4179)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	/// `n` is 1 to 256.
	fn reveal_leaves(n: u32, ) -> Weight {
		// At least 56_064_000 picoseconds.
		Weight::from_parts(57_255_000, 4179)
			.saturating_add(Weight::from_parts(44_241_868, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().reads(1).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().writes(1))
			.saturating_add(T::DbWeight::get().writes(1).saturating_mul(n.into()))
			.saturating_add(Weight::from_parts(0, 2860).saturating_mul(n.into()))
	}
	fn reveal_audit() -> Weight {
		// At least 20_100_000 picoseconds.
		Weight::from_parts(21_902_000, 4179)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn challenge() -> Weight {
		// At least 66_930_000 picoseconds.
		Weight::from_parts(72_228_000, 4179)
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	fn commit_vote() -> Weight {
		// At least 25_238_000 picoseconds.
		Weight::from_parts(29_084_000, 10794)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn reveal_vote() -> Weight {
		// At least 26_620_000 picoseconds.
		Weight::from_parts(30_415_000, 10794)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn accept() -> Weight {
		// At least 22_013_000 picoseconds.
		Weight::from_parts(25_488_000, 4179)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	fn commit_benchmark() -> Weight {
		// At least 176_213_000 picoseconds.
		Weight::from_parts(269_612_000, 16059)
			.saturating_add(T::DbWeight::get().reads(16))
			.saturating_add(T::DbWeight::get().writes(7))
	}
	fn window_step() -> Weight {
		// At least 54_642_000 picoseconds.
		Weight::from_parts(60_140_000, 41294)
			.saturating_add(T::DbWeight::get().reads(18))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	/// `n` is 1 to 272. This, `jury_step` and `conclude` were measured in sums, of steps that ended a task; how the sums are
	/// divided is estimated.
	fn task_step(n: u32, ) -> Weight {
		Weight::from_parts(200_000_000, 8275)
			.saturating_add(Weight::from_parts(71_441_553, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(20))
			.saturating_add(T::DbWeight::get().reads(3).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().writes(20))
			.saturating_add(T::DbWeight::get().writes(3).saturating_mul(n.into()))
			.saturating_add(Weight::from_parts(0, 2860).saturating_mul(n.into()))
	}
	/// `n` is 1 to 414.
	fn jury_step(n: u32, ) -> Weight {
		Weight::from_parts(300_000_000, 8275)
			.saturating_add(Weight::from_parts(50_385_291, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(30))
			.saturating_add(T::DbWeight::get().reads(2).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().writes(40))
			.saturating_add(T::DbWeight::get().writes(1).saturating_mul(n.into()))
			.saturating_add(Weight::from_parts(0, 8697).saturating_mul(n.into()))
	}
	fn conclude() -> Weight {
		Weight::from_parts(1_695_924_971, 208275)
			.saturating_add(T::DbWeight::get().reads(320))
			.saturating_add(T::DbWeight::get().writes(408))
	}
	fn agenda_look() -> Weight {
		// At least 16_424_000 picoseconds.
		Weight::from_parts(25_328_000, 6070)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	fn keep_output() -> Weight {
		// At least 6_279_000 picoseconds.
		Weight::from_parts(9_334_000, 1518)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	/// `n` is 1 to 100.
	fn next_session(n: u32, ) -> Weight {
		// At least 72_017_000 picoseconds.
		Weight::from_parts(42_782_566, 17444)
			.saturating_add(Weight::from_parts(30_478_792, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().reads(6).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().writes(5))
			.saturating_add(T::DbWeight::get().writes(1).saturating_mul(n.into()))
			.saturating_add(Weight::from_parts(0, 15069).saturating_mul(n.into()))
	}
}
