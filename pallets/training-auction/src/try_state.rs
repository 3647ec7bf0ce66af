//! What must always hold.

use crate::*;
use alloc::collections::BTreeMap;
use frame_support::traits::fungible::InspectHold;
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
	/// 1. What is held of an account for jobs is what its jobs say, and what is held for bids is what its sealed bids say.
	/// 2. Every job has a deadline, or waits for a validation.
	/// 3. Every open validation is an open part, or the claim, of the run of its job, and the other way round.
	/// 4. A job counts its sealed bids, of which there are none once the work is given out.
	/// 5. What is held reaches for the rest of the fee that was agreed on.
	/// 6. Whoever may still be offered the work, or has it, is bound.
	pub(crate) fn do_try_state() -> Result<(), TryRuntimeError> {
		let mut held = BTreeMap::<AccountId32, Balance>::new();
		let mut tasks = 0usize;
		for (id, job) in Jobs::<T>::iter() {
			ensure!(job.id == id, "a job is stored under its name");
			let sum = held.entry(job.client.clone()).or_default();
			*sum = sum.saturating_add(job.held).saturating_add(job.deposit);
			ensure!(Bids::<T>::iter_prefix(id).count() as u32 == job.sealed, "a job counts its sealed bids");
			Self::check_stage(&job)?;
			if let Some(run) = &job.run {
				tasks = tasks.saturating_add(Self::check_run(&job, run)?);
			}
		}
		ensure!(Tasks::<T>::iter().count() == tasks, "a validation belongs to a job");
		Self::check_holds(HoldReason::Job, held)?;
		let mut deposits = BTreeMap::<AccountId32, Balance>::new();
		for (id, bidder, bid) in Bids::<T>::iter() {
			ensure!(Jobs::<T>::contains_key(id), "bids are for jobs");
			Self::check_bound(id, &bidder)?;
			let sum = deposits.entry(bidder).or_default();
			*sum = sum.saturating_add(bid.deposit);
		}
		Self::check_holds(HoldReason::Bid, deposits)
	}

	fn check_holds(reason: HoldReason, due: BTreeMap<AccountId32, Balance>) -> Result<(), TryRuntimeError> {
		let reason = reason.into();
		let held = |who: &AccountId32| T::Currency::balance_on_hold(&reason, who);
		ensure!(due.iter().all(|(who, due)| held(who) == *due), "what is held is what records say");
		Ok(())
	}

	fn check_stage(job: &JobOf<T>) -> Result<(), TryRuntimeError> {
		let is_sold = matches!(job.stage, Stage::Offered | Stage::Working | Stage::Claimed | Stage::Ending);
		ensure!(job.run.is_some() == is_sold, "a run begins when the work is offered");
		ensure!(!is_sold || (job.sealed == 0 && job.winner.is_none()), "the auction is over by then");
		let waits = matches!(job.stage, Stage::Claimed | Stage::Ending);
		ensure!(job.has_deadline() != waits, "a job has a deadline or waits for validations");
		ensure!(!waits || job.run.as_ref().is_some_and(|run| !run.is_idle()), "who waits, waits for something");
		ensure!(job.verified < job.spec.parts(), "a job that is done has ended");
		let bidders = job.winner.iter().chain(&job.runner_up).chain(job.run.as_ref().map(|run| &run.bid));
		for bid in bidders {
			Self::check_bound(job.id, &bid.bidder.operator)?;
		}
		Ok(())
	}

	fn check_bound(job: H256, bidder: &AccountId32) -> Result<(), TryRuntimeError> {
		let pinned = T::TrustLock::pinned(bidder, Self::bid_name(&job, bidder));
		ensure!(pinned > 0, "whoever bids is bound");
		Ok(())
	}

	/// Returns how many validations of it are open.
	fn check_run(job: &JobOf<T>, run: &RunOf<T>) -> Result<usize, TryRuntimeError> {
		let open = run.parts.iter().filter(|part| part.state == PartState::Open).map(|part| part.task);
		let open: Vec<_> = open.chain(run.claim).collect();
		for task in &open {
			let record = Tasks::<T>::get(task).ok_or("what is open is known")?;
			ensure!(record.job == job.id, "a validation is of its job");
		}
		ensure!(job.stage != Stage::Claimed || run.claim.is_some(), "who claims, waits for a jury");
		ensure!(job.verified >= run.first && job.verified <= run.next(), "only what was committed to is verified");
		if run.failure.is_none() {
			let fee = run.award.fee.saturating_sub(run.released);
			ensure!(job.held >= fee, "what is held reaches for the fee");
		}
		ensure!(run.released <= run.award.fee, "no more is paid than was agreed");
		Ok(open.len())
	}
}
