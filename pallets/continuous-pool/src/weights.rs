//! What calls and steps cost. The runtime has the measured numbers.

use frame_support::weights::Weight;
use polkadot_sdk::*;

pub trait WeightInfo {
	fn publish_service() -> Weight;
	fn update_service() -> Weight;
	fn retire_service() -> Weight;
	fn join() -> Weight;
	fn leave() -> Weight;
	fn request() -> Weight;
	fn decline() -> Weight;
	fn commit() -> Weight;
	fn alarm() -> Weight;
	fn confirm() -> Weight;
	fn claim_share() -> Weight;
	/// Drawing racers among so many members.
	fn draw(n: u32) -> Weight;
	/// The dearest of all other steps: a leader's result goes into validation and is paid at once.
	fn step() -> Weight;
	/// The end of the validation of a request for which so many have raced.
	fn concluded(n: u32) -> Weight;
}
