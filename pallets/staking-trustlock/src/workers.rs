//! Worker keys: hot keys that act for an operator and own nothing.
//!
//! The account of a key without balance is kept alive by a reference that the SDK calls *sufficient*: the chain then takes
//! free calls from it. Unlike a provider reference it can be dropped whatever else was done with the account, so that a
//! stolen key cannot prevent its own revocation.

use super::*;
use ogpu_protocol::commitment::Domain;
use sp_runtime::traits::{Verify, Zero};

/// With this begin the bytes by which a key consents to work for an operator.
pub const CONSENT: Domain = *b"ogpu/worker-keys";

impl<T: Config> Pallet<T> {
	/// What a key signs to work for `operator`: [`CONSENT`], the hash of this chain's genesis, and the operator's 32 bytes.
	///
	/// It is good for as long as the operator likes. Use the key for this operator and for nothing else.
	pub fn consent(operator: &AccountId32) -> Vec<u8> {
		let genesis = frame_system::Pallet::<T>::block_hash(frame_system::pallet_prelude::BlockNumberFor::<T>::zero());
		[CONSENT.as_slice(), genesis.as_ref(), operator.as_ref()].concat()
	}

	pub(crate) fn do_authorise_worker(
		operator: AccountId32,
		worker: AccountId32,
		consent: MultiSignature,
	) -> DispatchResult {
		Self::ensure_can_work(&worker, &operator, consent)?;
		Operators::<T>::try_mutate(&operator, |record| {
			record.workers.try_push(worker.clone()).map_err(|_| Error::<T>::TooManyWorkers)
		})?;
		let deposit = T::WorkerDeposit::get();
		Self::hold(HoldReason::Deposit, &operator, deposit)?;
		Self::put_worker(&worker, WorkerRecord { operator: operator.clone(), deposit });
		Self::deposit_event(Event::WorkerAuthorised { operator, worker });
		Ok(())
	}

	pub(crate) fn do_rotate_worker(
		operator: AccountId32,
		old: AccountId32,
		new: AccountId32,
		consent: MultiSignature,
	) -> DispatchResult {
		Self::ensure_can_work(&new, &operator, consent)?;
		let worker = Self::take_worker(&old, &operator)?;
		let devices = Operators::<T>::mutate(&operator, |record| {
			record.workers.iter_mut().filter(|key| **key == old).for_each(|key| *key = new.clone());
			record.devices.clone()
		});
		Self::hand_over(&devices, &old, |device| device.spec.worker = new.clone());
		Self::put_worker(&new, worker);
		Self::deposit_event(Event::WorkerRotated { operator, old, new });
		Ok(())
	}

	pub(crate) fn do_revoke_worker(operator: AccountId32, worker: AccountId32) -> DispatchResult {
		let deposit = Self::take_worker(&worker, &operator)?.deposit;
		let mut record = Operators::<T>::get(&operator);
		record.workers.retain(|key| *key != worker);
		Self::hand_over(&record.devices, &worker, |device| {
			device.spec.worker = operator.clone();
			device.heartbeat = None;
		});
		Self::put_operator(&operator, record);
		Self::release(HoldReason::Deposit, &operator, deposit)?;
		Self::deposit_event(Event::WorkerRevoked { operator, worker });
		Ok(())
	}

	/// A key works for one operator, of its own will, and is none itself.
	fn ensure_can_work(worker: &AccountId32, operator: &AccountId32, consent: MultiSignature) -> DispatchResult {
		ensure!(worker != operator && !Self::is_operator(worker), Error::<T>::IsOperator);
		ensure!(!Workers::<T>::contains_key(worker), Error::<T>::AlreadyWorker);
		ensure!(consent.verify(Self::consent(operator).as_slice(), worker), Error::<T>::BadConsent);
		Ok(())
	}

	/// Whether the account acts for itself: it has a lock, work that it answers for, keys or devices.
	fn is_operator(who: &AccountId32) -> bool {
		Locks::<T>::contains_key(who) || Pins::<T>::contains_key(who) || Operators::<T>::contains_key(who)
	}

	/// Whether the key may act for the operator: it is authorised, or the operator's own.
	pub(crate) fn ensure_works_for(key: &AccountId32, operator: &AccountId32) -> DispatchResult {
		let works = key == operator || Workers::<T>::get(key).is_some_and(|worker| worker.operator == *operator);
		ensure!(works, Error::<T>::NotYourWorker);
		Ok(())
	}

	fn put_worker(key: &AccountId32, record: WorkerRecord) {
		frame_system::Pallet::<T>::inc_sufficients(key);
		Workers::<T>::insert(key, record);
	}

	fn take_worker(key: &AccountId32, operator: &AccountId32) -> Result<WorkerRecord, Error<T>> {
		let record = Workers::<T>::get(key).filter(|record| record.operator == *operator);
		let record = record.ok_or(Error::<T>::NotYourWorker)?;
		Workers::<T>::remove(key);
		frame_system::Pallet::<T>::dec_sufficients(key);
		Ok(record)
	}

	/// Changes those of the devices that this key acts for.
	fn hand_over(devices: &[DeviceId], key: &AccountId32, change: impl Fn(&mut DeviceRecord)) {
		for id in devices {
			if let Some(mut device) = Devices::<T>::get(id).filter(|device| device.spec.worker == *key) {
				change(&mut device);
				Devices::<T>::insert(id, device);
			}
		}
	}

	pub(crate) fn put_operator(operator: &AccountId32, record: OperatorRecord<T>) {
		if record.workers.is_empty() && record.devices.is_empty() {
			Operators::<T>::remove(operator);
		} else {
			Operators::<T>::insert(operator, record);
		}
	}
}

impl<T: Config> traits::Workers<AccountId32> for Pallet<T> {
	fn operator(key: AccountId32) -> AccountId32 {
		Workers::<T>::get(&key).map(|worker| worker.operator).unwrap_or(key)
	}
}
