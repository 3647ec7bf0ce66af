//! Who is paid and who pays.

use crate::*;
use frame_support::traits::{
	fungible::{hold::Balanced as _, hold::Mutate as _},
	tokens::{Fortitude::Polite, Precision::BestEffort, Preservation::Preserve},
	Imbalance as _,
};
use ogpu_protocol::slashing::{input_fault, Conviction, Penalty, SeatFault};

impl<T: Config> Pallet<T> {
	/// Puts the fee for checking into the pot.
	pub(crate) fn take_checking(payer: &AccountId32, amount: Balance) -> DispatchResult {
		T::Currency::transfer(payer, &Self::pot(), amount, Preserve).map(|_| ())
	}

	/// So much out of what a task has left for checking, then out of the commons, as far as both reach.
	pub(crate) fn checking(record: &mut TaskRecord, amount: Balance) -> CreditOf<T> {
		let own = record.checking.min(amount);
		let common = Commons::<T>::get().min(amount.saturating_sub(own));
		let taken = T::Currency::withdraw(&Self::pot(), own.saturating_add(common), BestEffort, Preserve, Polite);
		let taken = taken.unwrap_or_else(|_| CreditOf::<T>::zero());
		let own = own.min(taken.peek());
		record.checking = record.checking.saturating_sub(own);
		let common = taken.peek().saturating_sub(own);
		Commons::<T>::mutate(|commons| *commons = commons.saturating_sub(common));
		taken
	}

	/// Adds to the commons.
	pub(crate) fn to_commons(credit: CreditOf<T>) {
		let amount = credit.peek();
		// What the pot cannot take is burned; it always can.
		if amount > 0 && T::Currency::resolve(&Self::pot(), credit).is_ok() {
			Commons::<T>::mutate(|commons| *commons = commons.saturating_add(amount));
		}
	}

	/// Gives up to so much of a purse to an account. An account that cannot receive it, because it does not exist and
	/// the sum is too small to found it, leaves it to the commons.
	pub(crate) fn give(purse: &mut CreditOf<T>, who: &AccountId32, amount: Balance) -> Balance {
		let part = purse.extract(amount);
		let given = part.peek();
		if let Err(part) = T::Currency::resolve(who, part) {
			Self::to_commons(part);
		}
		given
	}

	/// Pays an operator for a check out of a purse.
	pub(crate) fn pay(purse: &mut CreditOf<T>, task: H256, operator: &AccountId32, amount: Balance) {
		let amount = Self::give(purse, operator, amount);
		if amount > 0 {
			Self::deposit_event(Event::Paid { operator: operator.clone(), task, amount });
		}
	}

	/// Pays an auditor for a leaf.
	pub(crate) fn pay_auditor(record: &mut TaskRecord, operator: &AccountId32) {
		let Request { task, leaf_fee, .. } = record.request;
		let mut purse = Self::checking(record, leaf_fee);
		Self::pay(&mut purse, task, operator, leaf_fee);
	}

	/// Fines a seat. What of it is the jury's is returned, the rest is burned.
	pub(crate) fn fine(
		operator: &AccountId32,
		task: H256,
		leaf_fee: Balance,
		seat_fault: SeatFault,
		fault: Fault,
	) -> CreditOf<T> {
		let stake = T::TrustLock::locked(operator);
		let penalty = seat_fault.penalty(stake, leaf_fee, &T::Slashing::get());
		let taken = T::TrustLock::slash(operator, penalty.taken, fault, task);
		let amount = taken.peek();
		Self::deposit_event(Event::Fined { operator: operator.clone(), task, fault, amount });
		let (jury, _burned) = taken.split(penalty.to.jury);
		jury
	}

	/// Fines and counts a seat that did not commit.
	pub(crate) fn silent_before_commit(operator: &AccountId32, task: H256, leaf_fee: Balance) {
		Self::strike(operator);
		drop(Self::fine(operator, task, leaf_fee, SeatFault::SilentBeforeCommit, Fault::SilentSeat));
	}

	/// What the treasury still pays to a jury in this session.
	pub(crate) fn grant(amount: Balance) -> CreditOf<T> {
		let left = T::TreasuryGrant::get().saturating_sub(Granted::<T>::get());
		let grant = T::Currency::withdraw(&T::Treasury::get(), amount.min(left), BestEffort, Preserve, Polite);
		let grant = grant.unwrap_or_else(|_| CreditOf::<T>::zero());
		Granted::<T>::mutate(|granted| *granted = granted.saturating_add(grant.peek()));
		grant
	}

	/// Gives the bond of a challenge back.
	pub(crate) fn return_challenge(task: &H256, leaf: u32) {
		if let Some((challenger, bond)) = Self::end_challenge(task, leaf) {
			let _ = T::Currency::release(&HoldReason::Challenge.into(), &challenger, bond, BestEffort);
		}
	}

	/// Takes the bond of a challenge.
	pub(crate) fn take_challenge(task: &H256, leaf: u32) -> CreditOf<T> {
		Self::end_challenge(task, leaf).map_or_else(CreditOf::<T>::zero, |(challenger, bond)| {
			T::Currency::slash(&HoldReason::Challenge.into(), &challenger, bond).0
		})
	}

	fn end_challenge(task: &H256, leaf: u32) -> Option<(AccountId32, Balance)> {
		Checks::<T>::mutate_exists(task, leaf, |check| check.as_mut().and_then(|check| check.challenge.take()))
	}

	/// A racer called a result wrong in which nothing was found: it pays for the audit that it caused.
	pub(crate) fn clear_alarm(record: &TaskRecord) {
		let Some(finder) = &record.alarmed_by else { return };
		let Request { task, leaf_fee, .. } = record.request;
		let jury_bill = leaf_fee.saturating_mul(record.drawn.into());
		let fault = SeatFault::FalseAlarm { jury_bill };
		Self::to_commons(Self::fine(finder, task, leaf_fee, fault, Fault::FalseAlarm));
	}

	/// The provider is guilty: its bond makes good what it can, and all its unsettled pay is void. Returns what is for its
	/// jury.
	pub(crate) fn punish(record: &TaskRecord, fault: Fault, jury_bill: Balance) -> CreditOf<T> {
		let Request { task, client, provider, fee, spent, .. } = &record.request;
		let finder = record.found_by.as_ref().or(record.alarmed_by.as_ref());
		let conviction = Conviction {
			lock: T::TrustLock::locked(provider),
			bond: T::TrustLock::pinned(provider, *task),
			jury_bill,
			fee: *fee,
			spent_by_client: *spent,
			has_finder: finder.is_some(),
		};
		let Penalty { taken, to } = conviction.penalty(&T::Slashing::get());
		let mut purse = T::TrustLock::slash(provider, taken, fault, *task);
		Self::give(&mut purse, client, to.client);
		let jury = purse.extract(to.jury);
		if let Some(finder) = finder {
			Self::give(&mut purse, finder, to.finder);
		}
		T::TrustLock::faulted(provider, fault, *task);
		Providers::<T>::mutate(provider, |record| record.void_below = record.next);
		jury
	}

	/// The provider is guilty, and it takes no jury to see that.
	pub(crate) fn convict(record: TaskRecord, fault: Fault) {
		drop(Self::punish(&record, fault, 0));
		Self::conclude(record, Conclusion::Convicted);
	}

	/// Nobody could compute the task: the client, who had to supply its inputs, pays the provider. Returns what is for the
	/// jury.
	pub(crate) fn blame_input(record: &TaskRecord, jury_bill: Balance) -> CreditOf<T> {
		let Request { task, provider, client, fee, .. } = &record.request;
		let unpaid = fee.saturating_sub(record.paid);
		let Penalty { taken, to } = input_fault(T::TrustLock::locked(client), unpaid, jury_bill, &T::Slashing::get());
		let mut purse = T::TrustLock::slash(client, taken, Fault::InputAtFault, *task);
		let jury = purse.extract(to.jury);
		Self::give(&mut purse, provider, to.provider);
		jury
	}
}
