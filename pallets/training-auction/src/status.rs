//! Where a job stands, what comes next, and who has to do it: for whoever asks a node.

use crate::*;
use codec::{Decode, Encode};
use ogpu_result_validation::status::{Next, Page};
use scale_info::TypeInfo;

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub enum Act {
	/// Providers seal bids.
	Bid,
	/// The authors of blocks make a seed, which decides between equal bids.
	AwaitSeed,
	/// Bidders reveal.
	RevealBids,
	/// The chain counts bids.
	Count,
	/// Whoever is offered the work begins.
	Start,
	/// The provider works.
	Work,
	/// A jury looks for inputs that the provider says are missing.
	AwaitJury,
	/// What was committed is still being validated.
	AwaitVerdicts,
}

/// An open job.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct JobStatus {
	pub client: AccountId32,
	pub spec: Spec,
	/// What the network's clock shows.
	pub now: BlockNumber,
	/// Without a deadline of its own where it waits for validations.
	pub next: Next<Act>,
	/// The most that the client pays for the work, and what of its balance is still held.
	pub budget: Balance,
	pub held: Balance,
	/// How many bids are sealed.
	pub sealed: u32,
	/// Whoever has been offered the work, or does it.
	pub provider: Option<AccountId32>,
	/// What was agreed with it, what of that was paid, and until when it has to be done.
	pub fee: Balance,
	pub released: Balance,
	pub deadline: Option<BlockNumber>,
	/// How many parts there are, and how many in a row from the first are verified.
	pub parts: u32,
	pub verified: u32,
	/// The validations of the provider's parts.
	pub tasks: Vec<PartRecord>,
	pub is_cancelled: bool,
}

impl<T: Config> Pallet<T> {
	/// Where a job stands that has not ended.
	pub fn status(job: H256) -> Option<JobStatus> {
		let job = Jobs::<T>::get(job)?;
		let provider = job.run.as_ref().map(|run| run.bid.bidder.operator.clone());
		let (act, by) = match job.stage {
			Stage::Bidding => (Act::Bid, Vec::new()),
			Stage::Drawing { .. } => (Act::AwaitSeed, Vec::new()),
			Stage::Revealing { .. } => (Act::RevealBids, Bids::<T>::iter_key_prefix(job.id).collect()),
			Stage::Counting => (Act::Count, Vec::new()),
			Stage::Offered => (Act::Start, provider.iter().cloned().collect()),
			Stage::Working => (Act::Work, provider.iter().cloned().collect()),
			Stage::Claimed => (Act::AwaitJury, Vec::new()),
			Stage::Ending => (Act::AwaitVerdicts, Vec::new()),
		};
		let run = job.run.as_ref();
		Some(JobStatus {
			now: Self::now(),
			next: Next { act, due: job.due, by },
			budget: job.budget,
			held: job.held,
			sealed: job.sealed,
			provider,
			fee: run.map_or(0, |run| run.award.fee),
			released: run.map_or(0, |run| run.released),
			deadline: run.map(|run| run.deadline),
			parts: job.spec.parts(),
			verified: job.verified,
			tasks: run.map(|run| run.parts.to_vec()).unwrap_or_default(),
			is_cancelled: job.is_cancelled,
			client: job.client,
			spec: job.spec,
		})
	}

	/// The open jobs of a client, or of an operator that has bid or works, after this one.
	pub fn jobs_of(who: AccountId32, after: Option<H256>) -> Page {
		let jobs = match after {
			Some(name) => Jobs::<T>::iter_from(Jobs::<T>::hashed_key_for(name)),
			None => Jobs::<T>::iter(),
		};
		Page::of(jobs, |job| {
			let bids = job.winner.iter().chain(&job.runner_up).chain(job.run.iter().map(|run| &run.bid));
			job.client == who
				|| bids.map(|bid| &bid.bidder.operator).any(|operator| *operator == who)
				|| Bids::<T>::contains_key(job.id, &who)
		})
	}
}
