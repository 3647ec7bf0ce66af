//! What must always hold.

use crate::*;
use alloc::collections::BTreeMap;
use frame_support::{ensure, traits::fungible::InspectHold};
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
	/// 1. The pot holds what tasks have left for checking, the commons, and what keeps it alive.
	/// 2. What is held for challenges is what open checks say.
	/// 3. Every open task has exactly one next deadline: its own, that of its jury, or none because it waits for other
	///    validations of its provider, of which one is undecided.
	/// 4. Every open validation is counted by its provider and by its table, and nothing else is.
	/// 5. Juries are still to meet only over leaves that are looked at, of tasks that are being judged or have ended.
	/// 6. Seats that are still drawn from have a bond.
	/// 7. The agenda is behind the clock by what it could not do, never ahead, and nothing lies behind it.
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
		for (task, leaves) in Disputes::<T>::iter() {
			let stage = Tasks::<T>::get(task).map(|record| record.stage);
			let may_wait = matches!(stage, Some(Stage::Judging { .. } | Stage::Closing { .. }));
			ensure!(may_wait && !leaves.is_empty(), "what is judged next is of a task that is judged");
			let is_disputed = |leaf| Checks::<T>::contains_key(task, leaf) && !Juries::<T>::contains_key(task, leaf);
			ensure!(leaves.iter().all(is_disputed), "a leaf is judged once");
		}
		let oldest = OldestTable::<T>::get();
		ensure!(Tables::<T>::iter_keys().all(|table| table >= oldest), "no older table is drawn from");
		let bonded = Offers::<T>::iter_keys().chain(Leaving::<T>::iter_keys());
		ensure!(
			bonded.into_iter().all(|operator| T::TrustLock::pinned(&operator, SEAT) > 0),
			"seats stay bonded while they are drawn from"
		);
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
		let is_judged = matches!(record.stage, Stage::Judging { .. });
		ensure!(sitting.len() == usize::from(is_judged), "a task is judged by one jury at a time");
		match record.stage {
			Stage::Judging { .. } => {}
			_ if record.has_deadline() => {
				ensure!(Agenda::<T>::contains_key(record.due, Item::Task(task)), "a task has a deadline");
			}
			_ => {
				let provider = Providers::<T>::get(&record.request.provider);
				let standing = provider.open.get(&record.number).map(|open| open.standing);
				let waits = matches!(standing, Some(Standing::Accepted { .. })) && provider.forgets_nobody();
				ensure!(record.stage == Stage::Accepted && waits, "who waits, waits for something");
			}
		}
		Ok(())
	}
}
