//! Records: what accounts have shown, their last faults, and suspensions.

use super::*;
use ogpu_protocol::reputation::{Assessment, Reputation};

impl<T: Config> Pallet<T> {
	/// The score of an account, and what it is made of.
	pub fn assessment(who: &AccountId32) -> Assessment {
		Reputations::<T>::get(who).assess(Self::now(), &T::Reputation::get())
	}

	fn update(who: &AccountId32, change: impl FnOnce(Reputation, BlockNumber, &ReputationParameters) -> Reputation) {
		Reputations::<T>::mutate(who, |record| *record = change(*record, Self::now(), &T::Reputation::get()));
	}

	/// Adds to the list of faults, or to what was taken for this fault in this work; the oldest fault falls out.
	pub(crate) fn note_fault(who: &AccountId32, fault: Fault, work: WorkId, taken: Balance) {
		Faults::<T>::mutate(who, |faults| {
			match faults.iter_mut().find(|record| record.fault == fault && record.work == work) {
				Some(record) => record.taken = record.taken.saturating_add(taken),
				None => {
					let record = FaultRecord { fault, work, at: Self::now(), taken };
					// It cannot fail: the list has room for one, and the end is a place in it.
					let _ = faults.force_insert_keep_right(faults.len(), record);
				}
			}
		});
	}
}

impl<T: Config> traits::Record<AccountId32> for Pallet<T> {
	fn audited(who: &AccountId32, fee: Balance) {
		Self::update(who, |record, now, parameters| record.audited(now, fee, parameters));
	}

	fn delivered(who: &AccountId32, fee: Balance, is_late: bool) {
		Self::update(who, |record, now, parameters| record.delivered(now, fee, is_late, parameters));
	}

	fn faulted(who: &AccountId32, fault: Fault, work: WorkId) {
		Self::update(who, |record, now, parameters| record.faulted(now, parameters));
		Self::note_fault(who, fault, work, 0);
		Self::deposit_event(Event::Faulted { who: who.clone(), fault, work });
	}

	fn score_billionths(who: &AccountId32) -> u32 {
		Self::assessment(who).score_billionths
	}

	fn audit_billionths(who: &AccountId32, at_stake: Balance, class_billionths: u32) -> u32 {
		let (record, parameters) = (Reputations::<T>::get(who), T::Reputation::get());
		record.audit_billionths(Self::now(), at_stake, class_billionths, &parameters)
	}

	fn suspend(who: &AccountId32) {
		let until = Self::now().saturating_add(T::SuspensionBlocks::get());
		Suspended::<T>::insert(who, until);
		Self::deposit_event(Event::Suspended { who: who.clone(), until });
	}

	fn is_suspended(who: &AccountId32) -> bool {
		Suspended::<T>::get(who).is_some_and(|until| Self::now() < until)
	}
}
