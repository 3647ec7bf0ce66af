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
