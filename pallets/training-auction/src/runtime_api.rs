//! What anyone may ask about auctions.

use crate::{
	quote::{JobQuote, Unfit, Verdict},
	status::JobStatus,
	Spec,
};
use alloc::vec::Vec;
use ogpu_protocol::{time::BlockNumber, token::Balance};
use ogpu_result_validation::status::Page;
use ogpu_staking_trustlock::traits::DeviceId;
use polkadot_sdk::*;
use sp_core::H256;
use sp_runtime::{AccountId32, DispatchError};

sp_api::decl_runtime_apis! {
	/// Auctions, before and after.
	pub trait AuctionApi {
		/// What a job would come to, or why it would be refused.
		fn quote(client: AccountId32, spec: Spec, ceiling: Balance) -> Result<JobQuote, DispatchError>;

		/// Why each of these devices may not be bid with for such a job, if it may not.
		fn eligible(
			client: AccountId32,
			spec: Spec,
			ceiling: Balance,
			devices: Vec<DeviceId>,
		) -> Result<Vec<(DeviceId, Option<Unfit>)>, DispatchError>;

		/// Why this device may not be bid with for a job that is for sale, if it may not. `None` without such a job.
		fn eligible_for(job: H256, device: DeviceId) -> Option<Result<(), Unfit>>;

		/// How a bid stands, or why it did not win: price and time as they were sealed, and the reputation that counted.
		fn verdict(
			job: H256,
			bidder: AccountId32,
			price: Balance,
			eta_blocks: BlockNumber,
			reputation_billionths: u32,
		) -> Option<Verdict>;

		/// Where an open job stands, what comes next, and who has to do it.
		fn status(job: H256) -> Option<JobStatus>;

		/// The open jobs of a client, or of an operator that has bid or works, after this one.
		fn jobs_of(who: AccountId32, after: Option<H256>) -> Page;
	}
}
