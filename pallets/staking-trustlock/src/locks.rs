//! Locks: what is locked, what of it is unbonding, and what open work binds.
//!
//! A lock is *bonded* as far as it is not unbonding. Pins bind the bonded part, and only what no pin binds can be
//! unlocked. A slash may take more than was free, so that pins exceed what is left: then nothing is free until the lock is
//! filled up, or work settles.

use super::*;
use frame_support::traits::{fungible::Credit, Imbalance};
use sp_runtime::BoundedVec;

impl<T: Config> LockRecord<T> {
	/// What is unbonding, and what has unbonded and was not withdrawn.
	pub fn unbonding(&self) -> Balance {
		self.unbonding.iter().fold(0, |sum, part| sum.saturating_add(part.amount))
	}

	/// What is not unbonding.
	pub fn bonded(&self) -> Balance {
		self.locked.saturating_sub(self.unbonding())
	}

	fn start_unbonding(&mut self, amount: Balance, free_at: BlockNumber) -> DispatchResult {
		match self.unbonding.last_mut() {
			Some(last) if last.free_at == free_at => last.amount = last.amount.saturating_add(amount),
			_ => {
				let part = Unbonding { amount, free_at };
				self.unbonding.try_push(part).map_err(|_| Error::<T>::TooManyUnbonding)?;
			}
		}
		Ok(())
	}

	/// Makes up to so much of what is unbonding bonded again, if the lock holds it; what began last comes first.
	fn stop_unbonding(&mut self, mut amount: Balance) {
		for part in self.unbonding.iter_mut().rev() {
			let stopped = amount.min(part.amount);
			part.amount = part.amount.saturating_sub(stopped);
			amount = amount.saturating_sub(stopped);
		}
		self.unbonding.retain(|part| part.amount > 0);
	}

	/// Removes what has unbonded, and returns how much it was.
	fn take_unbonded(&mut self, now: BlockNumber) -> Balance {
		let before = self.unbonding();
		self.unbonding.retain(|part| part.free_at > now);
		let unbonded = before.saturating_sub(self.unbonding());
		self.locked = self.locked.saturating_sub(unbonded);
		unbonded
	}

	/// Removes what was slashed: what is bonded first, then what began to unbond last.
	fn take_slashed(&mut self, amount: Balance) {
		self.locked = self.locked.saturating_sub(amount);
		self.stop_unbonding(self.unbonding().saturating_sub(self.locked));
	}
}

/// What these pins bind together: the largest that is shared, and each that is not.
fn bound<'a>(pins: impl IntoIterator<Item = &'a PinRecord>) -> Balance {
	let (mut shared, mut own) = (0, 0);
	for record in pins {
		match record.pin {
			Pin::Shared => shared = record.amount.max(shared),
			Pin::Own => own = record.amount.saturating_add(own),
		}
	}
	own.saturating_add(shared)
}

impl<T: Config> Pallet<T> {
	pub(crate) fn do_lock(who: AccountId32, amount: Balance) -> DispatchResult {
		ensure!(amount > 0, Error::<T>::ZeroAmount);
		let mut lock = Locks::<T>::get(&who).unwrap_or_default();
		Self::hold(HoldReason::TrustLock, &who, amount)?;
		lock.locked = lock.locked.saturating_add(amount);
		Self::ensure_large_enough(&lock)?;
		Locks::<T>::insert(&who, lock);
		Self::deposit_event(Event::Locked { who, amount });
		Ok(())
	}

	pub(crate) fn do_unlock(who: AccountId32, amount: Balance) -> DispatchResult {
		ensure!(amount > 0, Error::<T>::ZeroAmount);
		let mut lock = Locks::<T>::get(&who).ok_or(Error::<T>::NoLock)?;
		ensure!(amount <= Self::free_of(&lock, &who), Error::<T>::NotFree);
		let free_at = Self::now().saturating_add(T::UnbondingBlocks::get());
		lock.start_unbonding(amount, free_at)?;
		Self::ensure_large_enough(&lock)?;
		Locks::<T>::insert(&who, lock);
		Self::deposit_event(Event::Unlocked { who, amount, free_at });
		Ok(())
	}

	pub(crate) fn do_cancel_unlock(who: AccountId32, amount: Balance) -> DispatchResult {
		ensure!(amount > 0, Error::<T>::ZeroAmount);
		let mut lock = Locks::<T>::get(&who).ok_or(Error::<T>::NoLock)?;
		ensure!(amount <= lock.unbonding(), Error::<T>::NotUnbonding);
		lock.stop_unbonding(amount);
		Self::ensure_large_enough(&lock)?;
		Locks::<T>::insert(&who, lock);
		Self::deposit_event(Event::UnlockCancelled { who, amount });
		Ok(())
	}

	pub(crate) fn do_withdraw(who: AccountId32) -> DispatchResult {
		let mut lock = Locks::<T>::get(&who).ok_or(Error::<T>::NoLock)?;
		let amount = lock.take_unbonded(Self::now());
		ensure!(amount > 0, Error::<T>::NothingToWithdraw);
		Self::release(HoldReason::TrustLock, &who, amount)?;
		Self::put_lock(&who, lock);
		Self::deposit_event(Event::Withdrawn { who, amount });
		Ok(())
	}

	/// A lock that nobody slashed is either wound up or worth its record.
	fn ensure_large_enough(lock: &LockRecord<T>) -> DispatchResult {
		let bonded = lock.bonded();
		ensure!(bonded == 0 || bonded >= T::MinimumLock::get(), Error::<T>::BelowMinimum);
		Ok(())
	}

	fn put_lock(who: &AccountId32, lock: LockRecord<T>) {
		if lock.locked == 0 {
			Locks::<T>::remove(who);
		} else {
			Locks::<T>::insert(who, lock);
		}
	}

	/// The pins of an account with another one, which is none if it is of nothing.
	fn pins_with(who: &AccountId32, record: PinRecord) -> Result<BoundedVec<PinRecord, T::MaxPins>, Error<T>> {
		let mut pins = Pins::<T>::get(who);
		ensure!(pins.iter().all(|other| other.work != record.work), Error::<T>::AlreadyPinned);
		if record.amount > 0 {
			let bonded = Locks::<T>::get(who).map(|lock| lock.bonded()).unwrap_or_default();
			ensure!(bound(pins.iter().chain([&record])) <= bonded, Error::<T>::NotFree);
			pins.try_push(record).map_err(|_| Error::<T>::TooManyPins)?;
		}
		Ok(pins)
	}

	fn free_of(lock: &LockRecord<T>, who: &AccountId32) -> Balance {
		lock.bonded().saturating_sub(bound(&Pins::<T>::get(who)))
	}
}

impl<T: Config> traits::Collateral<AccountId32> for Pallet<T> {
	type Credit = Credit<AccountId32, T::Currency>;

	fn locked(who: &AccountId32) -> Balance {
		Locks::<T>::get(who).map(|lock| lock.locked).unwrap_or_default()
	}

	fn free(who: &AccountId32) -> Balance {
		Locks::<T>::get(who).map(|lock| Self::free_of(&lock, who)).unwrap_or_default()
	}

	fn pin(who: &AccountId32, work: WorkId, amount: Balance, pin: Pin) -> DispatchResult {
		let pins = Self::pins_with(who, PinRecord { work, amount, pin })?;
		if amount > 0 {
			Pins::<T>::insert(who, pins);
			Self::deposit_event(Event::Pinned { who: who.clone(), work, amount, pin });
		}
		Ok(())
	}

	fn could_pin(who: &AccountId32, work: WorkId, amount: Balance, pin: Pin) -> bool {
		Self::pins_with(who, PinRecord { work, amount, pin }).is_ok()
	}

	fn pinned(who: &AccountId32, work: WorkId) -> Balance {
		let pins = Pins::<T>::get(who);
		pins.iter().find(|record| record.work == work).map(|record| record.amount).unwrap_or_default()
	}

	fn unpin(who: &AccountId32, work: WorkId) {
		let mut pins = Pins::<T>::get(who);
		let Some(place) = pins.iter().position(|record| record.work == work) else { return };
		let amount = pins.swap_remove(place).amount;
		if pins.is_empty() {
			Pins::<T>::remove(who);
		} else {
			Pins::<T>::insert(who, pins);
		}
		Self::deposit_event(Event::Unpinned { who: who.clone(), work, amount });
	}

	fn slash(who: &AccountId32, amount: Balance, fault: Fault, work: WorkId) -> Self::Credit {
		let taken = Locks::<T>::get(who).map(|mut lock| {
			let due = amount.min(lock.locked);
			let (taken, _) = T::Currency::slash(&HoldReason::TrustLock.into(), who, due);
			lock.take_slashed(taken.peek());
			Self::put_lock(who, lock);
			taken
		});
		let taken = taken.unwrap_or_else(Credit::<AccountId32, T::Currency>::zero);
		let amount = taken.peek();
		Self::note_fault(who, fault, work, amount);
		Self::deposit_event(Event::Slashed { who: who.clone(), amount, fault, work });
		taken
	}
}
