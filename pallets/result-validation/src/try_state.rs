//! What must always hold.

use crate::*;
use alloc::collections::BTreeMap;
use frame_support::{ensure, traits::fungible::InspectHold};
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
	/// 1. The pot holds what tasks have left for checking, the commons, and what keeps it alive.
	/// 2. What is held for challenges is what open checks say.
	/// 3. Every open task has exactly one next deadline: its own, one of each of its juries, or none because it waits
	///    for other validations of its provider, of which one is undecided.
	/// 4. Every open validation is counted by its provider and by its table, and nothing else is.
	/// 5. The agenda is behind the clock by what it could not do, never ahead, and nothing lies behind it.
	pub(crate) fn do_try_state() -> Result<(), TryRuntimeError> {
		Self::check_pot()?;
		Self::check_challenges()?;
		let mut users = BTreeMap::<TableId, u32>::new();
		for (task, record) in Tasks::<T>::iter() {
			ensure!(record.request.task == task, "a task is stored under its name");
			Self::check_deadline(&record)?;
			let is_open = !matches!(record.stage, Stage::Closing { .. });
			let provider = Providers::<T>::get(&record.request.provider);
			let counted = provider.open.get(&record.number).is_some_and(|open| open.task == task);
			ensure!(counted == is_open, "a provider counts its open validations");
			ensure!(Records::<T>::contains_key(task) != is_open, "a validation that ended has a record");
			if is_open {
				let users = users.entry(record.table).or_default();
				*users = users.saturating_add(1);
			}
		}
		for (provider, record) in Providers::<T>::iter() {
			ensure!(!record.open.is_empty(), "a provider without open validations is forgotten");
			for (number, open) in &record.open {
				let task = Tasks::<T>::get(open.task).ok_or("an open validation is of a task")?;
				ensure!(task.request.provider == provider && *number < record.next, "a validation is its provider's");
			}
		}
		for (id, table) in Tables::<T>::iter() {
			ensure!(table.users == users.remove(&id).unwrap_or_default(), "a table counts its users");
			ensure!(table.users > 0 || id == CurrentTable::<T>::get(), "a table that nobody uses is forgotten");
		}
		ensure!(users.values().all(|users| *users == 0), "tables that are used exist");
		let window = Window::<T>::get();
		ensure!(
			window.is_none_or(|window| Agenda::<T>::contains_key(window.due, Item::Window)),
			"a window has a deadline"
		);
		let at = AgendaAt::<T>::get();
		ensure!(at <= Self::now(), "the agenda is not ahead of the clock");
		ensure!(Agenda::<T>::iter_keys().all(|(due, _)| due >= at), "the agenda leaves nothing behind");
		Ok(())
	}

	fn check_pot() -> Result<(), TryRuntimeError> {
		let checking = Tasks::<T>::iter_values().fold(0, |sum: Balance, record| sum.saturating_add(record.checking));
		let due = checking.saturating_add(Commons::<T>::get()).saturating_add(T::Currency::minimum_balance());
		ensure!(T::Currency::balance(&Self::pot()) >= due, "the pot holds what it owes");
		Ok(())
	}

	fn check_challenges() -> Result<(), TryRuntimeError> {
		let mut bonds = BTreeMap::<AccountId32, Balance>::new();
		for (challenger, bond) in Checks::<T>::iter_values().filter_map(|check| check.challenge) {
			let sum = bonds.entry(challenger).or_default();
			*sum = sum.saturating_add(bond);
		}
		for (challenger, bond) in bonds {
			let held = T::Currency::balance_on_hold(&HoldReason::Challenge.into(), &challenger);
			ensure!(held == bond, "challenges are bonded");
		}
		Ok(())
	}

	fn check_deadline(record: &TaskRecord) -> Result<(), TryRuntimeError> {
		let task = record.request.task;
		let sitting: Vec<_> = Juries::<T>::iter_prefix(task).filter(|(_, jury)| jury.is_sitting()).collect();
		for (leaf, jury) in &sitting {
			ensure!(Agenda::<T>::contains_key(jury.due, Item::Jury(task, *leaf)), "a jury has a deadline");
		}
		match record.stage {
			Stage::Judging { .. } => {
				ensure!(!sitting.is_empty(), "a task is judged by a jury");
				ensure!(sitting.len() as u32 == record.open_juries, "juries are counted");
			}
			_ if record.has_deadline() => {
				ensure!(Agenda::<T>::contains_key(record.due, Item::Task(task)), "a task has a deadline");
			}
			_ => {
				let provider = Providers::<T>::get(&record.request.provider);
				let waits_for = provider.open.get(&record.number).and_then(|open| open.waits_for);
				let waits = waits_for.is_some_and(|barrier| provider.undecided() < barrier);
				ensure!(record.stage == Stage::Accepted && waits, "who waits, waits for something");
			}
		}
		Ok(())
	}
}
