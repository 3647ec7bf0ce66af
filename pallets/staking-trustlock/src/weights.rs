//! What the calls cost.

use frame_support::weights::Weight;
use polkadot_sdk::*;

pub trait WeightInfo {
	fn lock() -> Weight;
	fn unlock() -> Weight;
	fn cancel_unlock() -> Weight;
	fn withdraw() -> Weight;
	fn authorise_worker() -> Weight;
	fn rotate_worker() -> Weight;
	fn revoke_worker() -> Weight;
	fn register_device() -> Weight;
	fn update_device() -> Weight;
	fn retire_device() -> Weight;
	fn heartbeat() -> Weight;
}

/// For mocks, where nothing costs anything. Not for a chain: without `std` there is none.
#[cfg(feature = "std")]
impl WeightInfo for () {
	fn lock() -> Weight {
		Weight::zero()
	}

	fn unlock() -> Weight {
		Weight::zero()
	}

	fn cancel_unlock() -> Weight {
		Weight::zero()
	}

	fn withdraw() -> Weight {
		Weight::zero()
	}

	fn authorise_worker() -> Weight {
		Weight::zero()
	}

	fn rotate_worker() -> Weight {
		Weight::zero()
	}

	fn revoke_worker() -> Weight {
		Weight::zero()
	}

	fn register_device() -> Weight {
		Weight::zero()
	}

	fn update_device() -> Weight {
		Weight::zero()
	}

	fn retire_device() -> Weight {
		Weight::zero()
	}

	fn heartbeat() -> Weight {
		Weight::zero()
	}
}
