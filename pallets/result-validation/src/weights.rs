//! What calls and steps cost. The runtime has the measured numbers.

use frame_support::weights::Weight;
use polkadot_sdk::*;

pub trait WeightInfo {
	fn offer_seats() -> Weight;
	fn withdraw_seats() -> Weight;
	fn reveal_secret() -> Weight;
	/// For so many leaves.
	fn post_openings(n: u32) -> Weight;
	fn commit_audit() -> Weight;
	fn reveal() -> Weight;
	/// For so many leaves.
	fn reveal_leaves(n: u32) -> Weight;
	fn reveal_audit() -> Weight;
	fn challenge() -> Weight;
	fn commit_vote() -> Weight;
	fn reveal_vote() -> Weight;
	fn accept() -> Weight;
	fn commit_benchmark() -> Weight;
	/// The dearest step of a task of which so many leaves are looked at, by so many operators, if it does not end.
	fn task_step(n: u32, o: u32) -> Weight;
	/// The dearest step of a jury that has drawn so many seats, of so many operators, if the task does not end.
	fn jury_step(n: u32, o: u32) -> Weight;
	/// What a step costs besides that ends a task, by a conviction that frees all others of so many of its provider.
	fn conclude(n: u32) -> Weight;
	/// The dearest step of a benchmark's window.
	fn window_step() -> Weight;
	/// Looking at a block of the agenda.
	fn agenda_look() -> Weight;
	/// Keeping an author's output.
	fn keep_output() -> Weight;
	/// Rewarding the duty of so many operators and allotting seats to them.
	fn next_session(n: u32) -> Weight;
}

/// For mocks, where nothing costs anything. Not for a chain: without `std` there is none.
#[cfg(feature = "std")]
impl WeightInfo for () {
	fn offer_seats() -> Weight {
		Weight::zero()
	}

	fn withdraw_seats() -> Weight {
		Weight::zero()
	}

	fn reveal_secret() -> Weight {
		Weight::zero()
	}

	fn post_openings(_: u32) -> Weight {
		Weight::zero()
	}

	fn commit_audit() -> Weight {
		Weight::zero()
	}

	fn reveal() -> Weight {
		Weight::zero()
	}

	fn reveal_leaves(_: u32) -> Weight {
		Weight::zero()
	}

	fn reveal_audit() -> Weight {
		Weight::zero()
	}

	fn challenge() -> Weight {
		Weight::zero()
	}

	fn commit_vote() -> Weight {
		Weight::zero()
	}

	fn reveal_vote() -> Weight {
		Weight::zero()
	}

	fn accept() -> Weight {
		Weight::zero()
	}

	fn commit_benchmark() -> Weight {
		Weight::zero()
	}

	fn task_step(_: u32, _: u32) -> Weight {
		Weight::zero()
	}

	fn jury_step(_: u32, _: u32) -> Weight {
		Weight::zero()
	}

	fn conclude(_: u32) -> Weight {
		Weight::zero()
	}

	fn window_step() -> Weight {
		Weight::zero()
	}

	fn agenda_look() -> Weight {
		Weight::zero()
	}

	fn keep_output() -> Weight {
		Weight::zero()
	}

	fn next_session(_: u32) -> Weight {
		Weight::zero()
	}
}
