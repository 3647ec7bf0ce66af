//! What calls and steps cost. The runtime has the measured numbers.

use frame_support::weights::Weight;
use polkadot_sdk::*;

pub trait WeightInfo {
	fn create() -> Weight;
	fn top_up() -> Weight;
	fn extend() -> Weight;
	/// With as many sealed bids as are given back at once.
	fn cancel() -> Weight;
	fn commit_bid() -> Weight;
	fn reveal_bid() -> Weight;
	fn start() -> Weight;
	/// A milestone or the result.
	fn commit_part() -> Weight;
	fn claim_inputs() -> Weight;
	fn abandon() -> Weight;
	/// The dearest step of a job but for counting its bids.
	fn step() -> Weight;
	/// Fining as many sealed bids as are counted at once, and the award.
	fn count() -> Weight;
	/// Being told how a validation ended.
	fn conclude() -> Weight;
}
