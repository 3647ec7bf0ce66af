//! What clients and providers may ask before they pay anything, and why a bid did not win. For runtime APIs; nothing here
//! changes the state.

use crate::*;
use codec::{Decode, Encode};
use ogpu_protocol::{
	commitment::SEED_BLOCKS,
	cost::{Work, GIGA},
	math::mul_div,
	random::CERTAIN_BILLIONTHS,
};
use ogpu_staking_trustlock::traits::DeviceKind;
use scale_info::TypeInfo;
use sp_runtime::DispatchError;

/// What a job would come to.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct JobQuote {
	/// How many validations it takes: milestones and the result.
	pub parts: u32,
	/// What a leaf takes the reference verifier.
	pub leaf_blocks: BlockNumber,
	/// What one check of a leaf pays.
	pub leaf_fee: Balance,
	/// What checking costs the client on top of the work.
	pub checking: Balance,
	/// What a provider of whom nothing is known pays for checking, of its fee.
	pub stranger_checking: Balance,
	/// What is held, the deposit included.
	pub held: Balance,
	/// What of it returns in any case.
	pub deposit: Balance,
	/// What is pinned of the client's lock, for inputs that might be missing.
	pub client_bond: Balance,
	/// What every bidder has to have locked.
	pub bond: Balance,
	/// What such work was sold for lately. Somebody who bids alone is paid that, unless it asks for more.
	pub usual_price: Option<Balance>,
	/// How much of all work that was sold lately was sold for no more than the ceiling.
	pub cheaper_billionths: Option<u32>,
	/// When the work will be awarded, in blocks from now.
	pub award_blocks: BlockNumber,
	/// When the result is due at the latest, unless a provider fails.
	pub result_blocks: BlockNumber,
}

/// Why a device may not be bid with.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub enum Unfit {
	/// There is none of this number.
	NoSuchDevice,
	/// It is the client's own.
	Clients,
	/// Its operator is suspended.
	Suspended,
	WrongKind {
		is: DeviceKind,
	},
	TooLittleMemory {
		has_mb: u32,
	},
	/// Multiply-adds in a block, as measured, if it was.
	TooSlow {
		measured: Option<Work>,
	},
	/// It sent no heartbeat.
	Offline,
	/// Its operator has not enough locked for the bond; so much is free.
	BondTooHigh {
		free: Balance,
	},
}

/// How a bid stands.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub enum Verdict {
	/// It is not revealed.
	Sealed,
	/// None that was revealed is better.
	Leads,
	/// Its bidder has been offered the work, or does it.
	HasTheWork { fee: Balance },
	/// It is offered the work if the winner fails.
	StandsBy,
	/// It is above the ceiling.
	TooDear { ceiling: Balance },
	/// It takes longer than the client waits.
	TooLate { longest_blocks: BlockNumber },
	/// Another one has a better score, which is lower.
	Outscored { score: Score, best: Score },
	/// Another one has the same score, and the better lot.
	LostByLot { score: Score },
	/// The work was given to somebody else since.
	Over,
}

impl<T: Config> Pallet<T> {
	/// What a job would come to, or why it would be refused.
	pub fn quote(client: AccountId32, spec: Spec, ceiling: Balance) -> Result<JobQuote, DispatchError> {
		let job = Self::draft(client, spec, ceiling)?;
		let work = job.spec.work_of(job.spec.leaves);
		let sales = Self::sales(job.spec.kind);
		let checking = Self::checking_of_the_rest(&job);
		let award_blocks = job
			.spec
			.bidding_blocks
			.saturating_add(SEED_BLOCKS)
			.saturating_add(T::RevealBlocks::get())
			.saturating_add(3);
		Ok(JobQuote {
			parts: job.spec.parts(),
			leaf_blocks: job.leaf_blocks,
			leaf_fee: job.leaf_fee,
			checking: checking.class,
			stranger_checking: checking.provider,
			held: job.held.saturating_add(job.deposit),
			deposit: job.deposit,
			client_bond: Self::client_bond(&job),
			bond: job.bond,
			usual_price: sales.usual_price(Self::now(), work, &T::Auction::get()),
			cheaper_billionths: Self::cheaper_billionths(job.spec.kind, work, ceiling),
			award_blocks,
			result_blocks: award_blocks.saturating_add(job.spec.longest_blocks),
		})
	}

	/// Of the work that was sold lately: how much was sold for no more than this price. `None` if nothing was sold.
	fn cheaper_billionths(kind: Kind, work: Work, price: Balance) -> Option<u32> {
		let giga_price = mul_div(price, GIGA, work)?;
		let oldest = Self::now().saturating_sub(T::Auction::get().window_blocks);
		let recent: Vec<_> = Sales::<T>::get(kind).into_iter().filter(|sale| sale.settled >= oldest).collect();
		let sum = |is_counted: &dyn Fn(&&Sold) -> bool| {
			recent.iter().filter(is_counted).fold(0, |sum: Work, sale| sum.saturating_add(sale.work))
		};
		let cheaper = sum(&|sale| sale.giga_price <= giga_price);
		mul_div(cheaper, CERTAIN_BILLIONTHS.into(), sum(&|_| true))?.try_into().ok()
	}

	/// Why each of these devices may not be bid with for such a job, if it may not; or why the job would be refused.
	pub fn eligible(
		client: AccountId32,
		spec: Spec,
		ceiling: Balance,
		devices: Vec<DeviceId>,
	) -> Result<Vec<(DeviceId, Option<Unfit>)>, DispatchError> {
		let job = Self::draft(client, spec, ceiling)?;
		Ok(devices.into_iter().map(|device| (device, Self::unfit(&job, device))).collect())
	}

	/// Why this device may not be bid with for a job that is for sale, if it may not. `None` without such a job.
	pub fn eligible_for(job: H256, device: DeviceId) -> Option<Result<(), Unfit>> {
		let job = Jobs::<T>::get(job)?;
		Some(Self::unfit(&job, device).map_or(Ok(()), Err))
	}

	fn unfit(job: &JobOf<T>, device: DeviceId) -> Option<Unfit> {
		let Some(info) = T::TrustLock::device(device) else { return Some(Unfit::NoSuchDevice) };
		let bidder = &info.operator;
		if Self::is_clients(job, bidder) {
			Some(Unfit::Clients)
		} else if T::TrustLock::is_suspended(bidder) {
			Some(Unfit::Suspended)
		} else {
			Self::misfit(&job.spec.needs, &info).or_else(|| {
				// Other work may share the bond, so what is free does not tell.
				let carries = T::TrustLock::could_pin(bidder, STRANGER_BID, job.bond, Pin::Shared);
				(!carries).then(|| Unfit::BondTooHigh { free: T::TrustLock::free(bidder) })
			})
		}
	}

	/// What a device lacks, if it lacks anything.
	pub(crate) fn misfit(needs: &Needs, info: &DeviceInfo<AccountId32>) -> Option<Unfit> {
		if needs.kind.is_some_and(|kind| kind != info.kind) {
			Some(Unfit::WrongKind { is: info.kind })
		} else if info.memory_mb < needs.memory_mb {
			Some(Unfit::TooLittleMemory { has_mb: info.memory_mb })
		} else if info.measured.unwrap_or(0) < needs.work_per_block {
			Some(Unfit::TooSlow { measured: info.measured })
		} else if !info.is_online {
			Some(Unfit::Offline)
		} else {
			None
		}
	}

	/// How a bid stands, or stood when the work was awarded: price and time as they were sealed, and the reputation that
	/// [`Event::BidSealed`] says. `None` without such a job.
	pub fn verdict(
		job: H256,
		bidder: AccountId32,
		price: Balance,
		eta_blocks: BlockNumber,
		reputation_billionths: u32,
	) -> Option<Verdict> {
		let job = Jobs::<T>::get(job)?;
		let is = |bid: &Bid<Bidder>| bid.bidder.operator == bidder;
		if Bids::<T>::contains_key(job.id, &bidder) {
			return Some(Verdict::Sealed);
		}
		match &job.run {
			Some(run) if is(&run.bid) => return Some(Verdict::HasTheWork { fee: run.award.fee }),
			None if job.winner.as_ref().is_some_and(is) => return Some(Verdict::Leads),
			_ if job.runner_up.as_ref().is_some_and(is) => return Some(Verdict::StandsBy),
			_ => {}
		}
		let terms = job.terms;
		if price > terms.ceiling {
			return Some(Verdict::TooDear { ceiling: terms.ceiling });
		}
		if eta_blocks > terms.longest_blocks {
			return Some(Verdict::TooLate { longest_blocks: terms.longest_blocks });
		}
		let bid = Bid { bidder: (), price, eta_blocks, reputation_billionths, tie: Default::default() };
		let winner = job.run.as_ref().filter(|run| !run.is_substitute).map(|run| &run.bid).or(job.winner.as_ref());
		let best = winner.and_then(|bid| terms.score(bid));
		match (terms.score(&bid), best) {
			(Some(score), Some(best)) if score > best => Some(Verdict::Outscored { score, best }),
			(Some(score), Some(best)) if score == best => Some(Verdict::LostByLot { score }),
			_ => Some(Verdict::Over),
		}
	}
}

/// Names the bid that is only tried.
const STRANGER_BID: WorkId = H256::zero();
