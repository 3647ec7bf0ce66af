//! The auction: sealed bids, a seed for ties, reveals, and the award.

use crate::{quote::Unfit, *};
use ogpu_protocol::{
	auction::{tie, Offer, Standing},
	commitment::{seed_not_before, Place, SEED_BLOCKS},
	slashing::unrevealed_bid,
};

/// So many sealed bids are fined, or given back, in one step.
pub const COUNTED: u32 = 16;

/// Calls of bidders.
impl<T: Config> Pallet<T> {
	pub(crate) fn do_commit_bid(bidder: AccountId32, id: H256, commitment: H256) -> DispatchResult {
		let mut job = Self::in_stage(&id, |stage| matches!(stage, Stage::Bidding))?;
		ensure!(!Self::is_clients(&job, &bidder), Error::<T>::OwnJob);
		ensure!(!T::TrustLock::is_suspended(&bidder), Error::<T>::Suspended);
		ensure!(!Bids::<T>::contains_key(id, &bidder), Error::<T>::AlreadyBid);
		T::TrustLock::pin(&bidder, Self::bid_name(&id, &bidder), job.bond, Pin::Shared)?;
		let deposit = T::BidDeposit::get();
		Self::hold(HoldReason::Bid, &bidder, deposit)?;
		let reputation_billionths = T::TrustLock::score_billionths(&bidder);
		Bids::<T>::insert(id, &bidder, SealedBid { commitment, reputation_billionths, deposit });
		job.sealed = job.sealed.saturating_add(1);
		Jobs::<T>::insert(id, job);
		Self::deposit_event(Event::BidSealed { job: id, bidder, reputation_billionths });
		Ok(())
	}

	pub(crate) fn do_reveal_bid(
		bidder: AccountId32,
		id: H256,
		offer: OfferRecord,
		device: DeviceId,
		salt: H256,
	) -> DispatchResult {
		let mut job = Self::in_stage(&id, |stage| matches!(stage, Stage::Revealing { .. }))?;
		let Stage::Revealing { seed } = job.stage else { return Err(Error::<T>::WrongStage.into()) };
		let sealed = Bids::<T>::take(id, &bidder).ok_or(Error::<T>::NoBid)?;
		let place = Place { task: id.0, round: job.round, account: bidder.clone().into() };
		let commitment = place.commit(blake2_256, &Offer::from(&offer), &salt.0);
		ensure!(commitment == sealed.commitment.0, Error::<T>::WrongOpening);
		Self::check_device(&job.spec.needs, &bidder, &offer.worker, device)?;

		Self::release(HoldReason::Bid, &bidder, sealed.deposit);
		job.sealed = job.sealed.saturating_sub(1);
		let OfferRecord { price, eta_blocks, .. } = offer;
		let bid = Bid {
			bidder: Bidder { operator: bidder.clone(), device },
			price,
			eta_blocks,
			reputation_billionths: sealed.reputation_billionths,
			tie: tie(blake2_256, &seed.0, bidder.as_ref()),
		};
		let terms = job.terms;
		Self::deposit_event(Event::BidRevealed { job: id, bidder, price, eta_blocks, score: terms.score(&bid) });
		let mut standing = job.standing();
		if let Some(out) = standing.rank(bid, &terms) {
			let bidder = out.bidder.operator.clone();
			T::TrustLock::unpin(&bidder, Self::bid_name(&id, &bidder));
			Self::deposit_event(Event::Outbid { job: id, bidder });
			let mut out_bid = Standing { winner: job.third.take(), runner_up: None };
			let _ = out_bid.rank(out, &terms);
			job.third = out_bid.winner;
		}
		(job.winner, job.runner_up) = (standing.winner, standing.runner_up);
		Jobs::<T>::insert(id, job);
		Ok(())
	}

	/// Whether an operator is the job's client, or the client works for it.
	pub(crate) fn is_clients(job: &JobOf<T>, operator: &AccountId32) -> bool {
		*operator == job.client || *operator == T::TrustLock::operator(job.client.clone())
	}

	fn check_device(needs: &Needs, bidder: &AccountId32, worker: &AccountId32, device: DeviceId) -> DispatchResult {
		let info = T::TrustLock::device(device).ok_or(Error::<T>::NotYourDevice)?;
		ensure!(info.operator == *bidder && info.worker == *worker, Error::<T>::NotYourDevice);
		match Self::misfit(needs, &info) {
			None => Ok(()),
			Some(Unfit::WrongKind { .. }) => Err(Error::<T>::WrongDeviceKind.into()),
			Some(Unfit::TooLittleMemory { .. }) => Err(Error::<T>::TooLittleMemory.into()),
			Some(Unfit::TooSlow { .. }) => Err(Error::<T>::DeviceTooSlow.into()),
			Some(_) => Err(Error::<T>::DeviceOffline.into()),
		}
	}
}

/// What happens when a stage of the auction is over.
impl<T: Config> Pallet<T> {
	/// Puts what is left of a job up for sale.
	pub(crate) fn open_bidding(job: JobOf<T>) {
		let due = Self::now().saturating_add(job.spec.bidding_blocks);
		Self::enter(job, Stage::Bidding, due);
	}

	pub(crate) fn end_bidding(job: JobOf<T>) {
		if job.sealed == 0 {
			return Self::close(job, End::Unsold);
		}
		let seed_from = T::Validation::after(job.due);
		Self::draw(job, seed_from);
	}

	fn draw(job: JobOf<T>, seed_from: BlockNumber) {
		Self::enter(job, Stage::Drawing { seed_from }, T::Validation::due(seed_from, SEED_BLOCKS));
	}

	pub(crate) fn end_drawing(job: JobOf<T>, seed_from: BlockNumber) {
		match T::Validation::seed(seed_from, SEED_BLOCKS, &job.id, job.round) {
			Ok(seed) => {
				let due = Self::now().saturating_add(T::RevealBlocks::get());
				Self::enter(job, Stage::Revealing { seed }, due);
			}
			Err(NoSeed::Early) => Self::draw(job, seed_from),
			Err(NoSeed::Forgotten) => {
				Self::draw(job, seed_not_before(seed_from, Self::block().saturating_add(1)));
			}
		}
	}

	/// Fines bids that were not revealed, or gives sealed bids back if the client has cancelled. When none is left the
	/// work is awarded.
	pub(crate) fn count(mut job: JobOf<T>) {
		let id = job.id;
		let some: Vec<_> = Bids::<T>::iter_prefix(id).take(COUNTED as usize).collect();
		for (bidder, sealed) in some {
			Bids::<T>::remove(id, &bidder);
			job.sealed = job.sealed.saturating_sub(1);
			Self::release(HoldReason::Bid, &bidder, sealed.deposit);
			if !job.is_cancelled {
				Self::fine_unrevealed(&job, &bidder);
			}
			T::TrustLock::unpin(&bidder, Self::bid_name(&id, &bidder));
		}
		if job.sealed > 0 {
			Self::enter(job, Stage::Counting, Self::now());
		} else if job.is_cancelled {
			Self::close(job, End::Cancelled);
		} else {
			Self::award(job);
		}
	}

	fn fine_unrevealed(job: &JobOf<T>, bidder: &AccountId32) {
		let penalty = unrevealed_bid(T::TrustLock::locked(bidder), job.terms.ceiling, &T::Slashing::get());
		let mut purse = T::TrustLock::slash(bidder, penalty.taken, Fault::UnrevealedBid, job.id);
		let taken = Self::give(&mut purse, &T::Treasury::get(), penalty.to.treasury);
		Self::deposit_event(Event::BidForfeited { job: job.id, bidder: bidder.clone(), taken });
	}

	fn award(mut job: JobOf<T>) {
		let terms = job.terms;
		let work = job.spec.work_of(job.left());
		let usual = Self::sales(job.spec.kind).usual_price(Self::now(), work, &T::Auction::get());
		match (job.standing().award(&terms, usual), job.winner.take()) {
			(Some(award), Some(bid)) => {
				let is_contested = job.runner_up.is_some();
				Self::offer(job, bid, award, terms, is_contested);
			}
			(_, winner) => {
				job.winner = winner;
				Self::close(job, End::Unsold);
			}
		}
	}
}
