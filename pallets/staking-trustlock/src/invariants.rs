//! What always holds.

use super::*;
use alloc::collections::{BTreeMap, BTreeSet};
use frame_support::traits::fungible::InspectHold;
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
	/// 1. The tokens held for a lock are those of its record, and nothing is held without one.
	/// 2. What is unbonding is part of the lock, and no part of a record is empty.
	/// 3. No work is pinned twice to a lock, and no pin is empty.
	/// 4. The tokens held as deposits of an operator are those of its worker keys and devices.
	/// 5. Worker keys and devices name their operator, and their operator names them, once.
	/// 6. A worker key has a live account and is no operator.
	/// 7. A device's key is its operator's, and its number was given out.
	pub fn do_try_state() -> Result<(), TryRuntimeError> {
		Self::check_locks()?;
		let deposits = Self::check_operators()?;
		for who in frame_system::Account::<T>::iter_keys() {
			let on_hold = |reason: HoldReason| T::Currency::balance_on_hold(&reason.into(), &who);
			let locked = Locks::<T>::get(&who).map(|lock| lock.locked).unwrap_or_default();
			ensure!(on_hold(HoldReason::TrustLock) == locked, "what is held for a lock must be what is locked");
			let deposit = deposits.get(&who).copied().unwrap_or_default();
			ensure!(on_hold(HoldReason::Deposit) == deposit, "deposits must be those of the keys and devices");
		}
		Ok(())
	}

	fn check_locks() -> Result<(), TryRuntimeError> {
		for (who, lock) in Locks::<T>::iter() {
			ensure!(lock.locked > 0, "an empty lock must be gone");
			ensure!(frame_system::Account::<T>::contains_key(&who), "a lock must belong to an account");
			ensure!(lock.unbonding() <= lock.locked, "what is unbonding must be locked");
			ensure!(lock.unbonding.iter().all(|part| part.amount > 0), "what is unbonding must be something");
		}
		for (_, pins) in Pins::<T>::iter() {
			ensure!(!pins.is_empty() && pins.iter().all(|record| record.amount > 0), "an empty pin must be gone");
			let works: BTreeSet<_> = pins.iter().map(|record| record.work).collect();
			ensure!(works.len() == pins.len(), "no work may be pinned twice");
		}
		Ok(())
	}

	/// Returns what each operator has deposited.
	fn check_operators() -> Result<BTreeMap<AccountId32, Balance>, TryRuntimeError> {
		let mut deposits = BTreeMap::<AccountId32, Balance>::new();
		let mut add = |operator: &AccountId32, deposit: Balance| {
			let sum = deposits.entry(operator.clone()).or_default();
			*sum = sum.saturating_add(deposit);
		};
		let (mut keys, mut devices) = (0usize, 0usize);
		for (operator, record) in Operators::<T>::iter() {
			ensure!(!record.workers.is_empty() || !record.devices.is_empty(), "an empty operator must be gone");
			ensure!(!Workers::<T>::contains_key(&operator), "a worker key must be no operator");
			for key in &record.workers {
				let worker = Workers::<T>::get(key).filter(|worker| worker.operator == operator);
				add(&operator, worker.ok_or("an operator's key must name it")?.deposit);
				keys = keys.saturating_add(1);
			}
			for id in &record.devices {
				let device = Devices::<T>::get(id).filter(|device| device.operator == operator);
				add(&operator, device.ok_or("an operator's device must name it")?.deposit);
				devices = devices.saturating_add(1);
			}
		}
		ensure!(Workers::<T>::iter_keys().count() == keys, "each key must be listed with its operator, once");
		ensure!(Devices::<T>::iter_keys().count() == devices, "each device must be listed with its operator, once");
		for key in Workers::<T>::iter_keys() {
			ensure!(
				!Locks::<T>::contains_key(&key) && !Pins::<T>::contains_key(&key),
				"a worker key must lock nothing"
			);
			ensure!(frame_system::Pallet::<T>::sufficients(&key) > 0, "a worker key's account must be alive");
		}
		for (id, device) in Devices::<T>::iter() {
			ensure!(id < NextDevice::<T>::get(), "a device's number must have been given out");
			ensure!(device.spec.is_text(), "a device must be described in text");
			Self::ensure_works_for(&device.spec.worker, &device.operator)?;
		}
		Ok(deposits)
	}
}
