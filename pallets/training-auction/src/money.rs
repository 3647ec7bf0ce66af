//! Who holds what, and who is paid.

use crate::*;
use frame_support::traits::{
	fungible::hold::{Balanced as _, Mutate as _},
	tokens::Precision::BestEffort,
	Imbalance as _,
};

impl<T: Config> Pallet<T> {
	pub(crate) fn hold(reason: HoldReason, who: &AccountId32, amount: Balance) -> DispatchResult {
		T::Currency::hold(&reason.into(), who, amount)
	}

	/// Gives back what is held. What is recorded is held, so that it cannot fail.
	pub(crate) fn release(reason: HoldReason, who: &AccountId32, amount: Balance) {
		let _ = T::Currency::release(&reason.into(), who, amount, BestEffort);
	}

	/// Takes what a rule gives the provider and the fire out of what is held for a job. Returns what the provider got.
	pub(crate) fn pay(job: &mut JobOf<T>, provider: &AccountId32, amount: Balance, burned: Balance) -> Balance {
		let due = amount.saturating_add(burned).min(job.held);
		job.held = job.held.saturating_sub(due);
		let (mut purse, _) = T::Currency::slash(&HoldReason::Job.into(), &job.client, due);
		Self::give(&mut purse, provider, amount)
	}

	/// Gives up to so much of a purse to an account; the rest is burned when it is dropped, and so is what an account
	/// that does not exist is too small a sum to found.
	pub(crate) fn give(purse: &mut CreditOf<T>, who: &AccountId32, amount: Balance) -> Balance {
		let part = purse.extract(amount);
		let given = part.peek();
		T::Currency::resolve(who, part).map_or(0, |_| given)
	}

	/// Takes so much of a provider's lock for its client.
	pub(crate) fn compensate(job: &JobOf<T>, provider: &AccountId32, amount: Balance) -> Balance {
		let mut purse = T::TrustLock::slash(provider, amount, Fault::Abandoned, job.id);
		Self::give(&mut purse, &job.client, amount)
	}
}
