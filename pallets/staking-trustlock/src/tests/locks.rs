//! Locks under ordinary use, at their edges, and under slashes.

use super::*;
use frame_support::traits::{fungible::Balanced, Imbalance};

fn record(who: &AccountId32) -> LockRecord<Test> {
	Locks::<Test>::get(who).unwrap_or_default()
}

fn parts(who: &AccountId32) -> Vec<(Balance, u32)> {
	record(who).unbonding.iter().map(|part| (part.amount, part.free_at)).collect()
}

#[test]
fn a_client_locks_waits_and_has_its_tokens_back() {
	scenario(|| {
		assert_ok!(lock(ada(), 60 * OGPU));
		assert_ok!(lock(ada(), 40 * OGPU));
		assert_eq!(Trustlock::locked(&ada()), 100 * OGPU);
		assert_eq!(Trustlock::free(&ada()), 100 * OGPU);
		assert_eq!(free_balance(&ada()), 900 * OGPU);

		assert_ok!(unlock(ada(), 30 * OGPU));
		assert_eq!(parts(&ada()), [(30 * OGPU, UNBONDING)]);
		assert_eq!((Trustlock::locked(&ada()), Trustlock::free(&ada())), (100 * OGPU, 70 * OGPU));
		wait(UNBONDING - 1);
		assert_noop!(withdraw(ada()), Error::<Test>::NothingToWithdraw);
		wait(1);
		assert_ok!(withdraw(ada()));
		assert_eq!((Trustlock::locked(&ada()), Trustlock::free(&ada())), (70 * OGPU, 70 * OGPU));
		assert_noop!(withdraw(ada()), Error::<Test>::NothingToWithdraw);

		assert_ok!(unlock(ada(), 70 * OGPU));
		wait(UNBONDING);
		assert_ok!(withdraw(ada()));
		assert_eq!(free_balance(&ada()), ENDOWMENT);
		assert!(!Locks::<Test>::contains_key(ada()), "nothing is left of it");
		System::assert_last_event(Event::<Test>::Withdrawn { who: ada(), amount: 70 * OGPU }.into());
	});
}

#[test]
fn a_clock_that_stands_still_frees_nothing() {
	scenario(|| {
		assert_ok!(lock(ada(), 10 * OGPU));
		assert_ok!(unlock(ada(), 10 * OGPU));
		System::set_block_number(1_000_000);
		assert_noop!(withdraw(ada()), Error::<Test>::NothingToWithdraw);
		wait(UNBONDING);
		assert_ok!(withdraw(ada()));
	});
}

#[test]
fn nothing_comes_of_nothing() {
	scenario(|| {
		assert_noop!(lock(ada(), 0), Error::<Test>::ZeroAmount);
		assert_noop!(unlock(ada(), 0), Error::<Test>::ZeroAmount);
		assert_noop!(cancel_unlock(ada(), 0), Error::<Test>::ZeroAmount);
		assert_noop!(unlock(ada(), 1), Error::<Test>::NoLock);
		assert_noop!(cancel_unlock(ada(), 1), Error::<Test>::NoLock);
		assert_noop!(withdraw(ada()), Error::<Test>::NoLock);
		assert_noop!(pin_own(ada(), 1, 1), Error::<Test>::NotFree);
		assert_ok!(lock(ada(), 10 * OGPU));
		assert_noop!(withdraw(ada()), Error::<Test>::NothingToWithdraw);
		assert_noop!(cancel_unlock(ada(), 1), Error::<Test>::NotUnbonding);
	});
}

#[test]
fn the_smallest_balance_of_an_account_stays_free() {
	scenario(|| {
		assert_noop!(lock(ada(), u128::MAX), Error::<Test>::InsufficientBalance);
		assert_noop!(lock(ada(), ENDOWMENT), Error::<Test>::InsufficientBalance);
		assert_noop!(lock(ada(), ENDOWMENT - LEAST_BALANCE + 1), Error::<Test>::InsufficientBalance);
		assert_noop!(lock(account(50), OGPU), Error::<Test>::InsufficientBalance);
		assert_ok!(lock(ada(), ENDOWMENT - LEAST_BALANCE));
		assert_noop!(lock(ada(), 1), Error::<Test>::InsufficientBalance);
		assert_ok!(unlock(ada(), ENDOWMENT - LEAST_BALANCE));
		wait(UNBONDING);
		assert_ok!(withdraw(ada()));
		assert_eq!(free_balance(&ada()), ENDOWMENT);
	});
}

#[test]
fn a_lock_is_worth_its_record_or_wound_up() {
	scenario(|| {
		assert_noop!(lock(ada(), OGPU - 1), Error::<Test>::BelowMinimum);
		assert_ok!(lock(ada(), OGPU));
		assert_ok!(lock(ada(), 1));
		assert_noop!(unlock(ada(), 2), Error::<Test>::BelowMinimum);
		assert_noop!(unlock(ada(), OGPU), Error::<Test>::BelowMinimum);
		assert_ok!(unlock(ada(), OGPU + 1));
		assert_noop!(cancel_unlock(ada(), 1), Error::<Test>::BelowMinimum);
		assert_ok!(cancel_unlock(ada(), OGPU));
	});
}

#[test]
fn only_what_no_work_binds_is_unlocked() {
	scenario(|| {
		assert_ok!(lock(ada(), 100 * OGPU));
		assert_ok!(pin_shared(ada(), 1, 20 * OGPU));
		assert_ok!(pin_shared(ada(), 2, 30 * OGPU));
		assert_ok!(pin_own(ada(), 3, 40 * OGPU));
		assert_eq!(Trustlock::free(&ada()), 30 * OGPU, "the larger shared pin, and the one of its own");
		assert_noop!(unlock(ada(), 30 * OGPU + 1), Error::<Test>::NotFree);
		assert_noop!(unlock(ada(), u128::MAX), Error::<Test>::NotFree);
		assert_ok!(unlock(ada(), 10 * OGPU));
		assert_noop!(unlock(ada(), 20 * OGPU + 1), Error::<Test>::NotFree);

		Trustlock::unpin(&ada(), work(2));
		assert_eq!(Trustlock::free(&ada()), 30 * OGPU, "the smaller shared pin counts now");
		Trustlock::unpin(&ada(), work(3));
		Trustlock::unpin(&ada(), work(1));
		assert_eq!(Trustlock::free(&ada()), 90 * OGPU);
		assert!(!Pins::<Test>::contains_key(ada()));
	});
}

#[test]
fn unlocking_in_parts_has_its_bounds_and_parts_of_one_block_are_one() {
	scenario(|| {
		assert_ok!(lock(ada(), 100 * OGPU));
		for part in 0..MaxUnbonding::get() {
			assert_ok!(unlock(ada(), OGPU));
			assert_ok!(unlock(ada(), OGPU));
			assert_eq!(parts(&ada()).last(), Some(&(2 * OGPU, part + UNBONDING)));
			wait(1);
		}
		assert_noop!(unlock(ada(), OGPU), Error::<Test>::TooManyUnbonding);
		wait(UNBONDING - 3);
		assert_ok!(withdraw(ada()));
		assert_eq!(parts(&ada()).len(), 2, "two have unbonded, two have not");
		assert_eq!(Trustlock::locked(&ada()), 96 * OGPU);
		assert_ok!(unlock(ada(), OGPU));
	});
}

#[test]
fn whoever_changes_its_mind_gives_up_what_it_waited_least_for() {
	scenario(|| {
		assert_ok!(lock(ada(), 100 * OGPU));
		assert_ok!(unlock(ada(), 10 * OGPU));
		wait(50);
		assert_ok!(unlock(ada(), 20 * OGPU));
		assert_noop!(cancel_unlock(ada(), 30 * OGPU + 1), Error::<Test>::NotUnbonding);
		assert_noop!(cancel_unlock(ada(), u128::MAX), Error::<Test>::NotUnbonding);
		assert_ok!(cancel_unlock(ada(), 25 * OGPU));
		assert_eq!(parts(&ada()), [(5 * OGPU, UNBONDING)]);
		assert_eq!(Trustlock::free(&ada()), 95 * OGPU);
		assert_ok!(pin_own(ada(), 1, 95 * OGPU));
		wait(50);
		assert_ok!(cancel_unlock(ada(), OGPU));
		assert_ok!(withdraw(ada()));
		assert_eq!(Trustlock::locked(&ada()), 96 * OGPU, "what has unbonded can be locked again, too");
	});
}

#[test]
fn work_is_pinned_once_and_unpinned_as_often_as_one_likes() {
	scenario(|| {
		assert_ok!(lock(ada(), 100 * OGPU));
		assert_ok!(pin_own(ada(), 1, 10 * OGPU));
		assert_noop!(pin_own(ada(), 1, 10 * OGPU), Error::<Test>::AlreadyPinned);
		assert_noop!(pin_shared(ada(), 1, 0), Error::<Test>::AlreadyPinned);
		assert_eq!(Trustlock::pinned(&ada(), work(1)), 10 * OGPU);
		assert_eq!(Trustlock::pinned(&ada(), work(2)), 0);
		assert_eq!(Trustlock::pinned(&bob(), work(1)), 0);

		Trustlock::unpin(&ada(), work(1));
		let events = System::event_count();
		Trustlock::unpin(&ada(), work(1));
		Trustlock::unpin(&bob(), work(1));
		assert_eq!(System::event_count(), events);
		assert_eq!(Trustlock::free(&ada()), 100 * OGPU);
		assert_ok!(pin_own(ada(), 1, 20 * OGPU));
	});
}

#[test]
fn a_lock_answers_for_no_more_than_it_holds() {
	scenario(|| {
		assert_ok!(lock(ada(), 100 * OGPU));
		assert_ok!(unlock(ada(), 10 * OGPU));
		assert_noop!(pin_own(ada(), 1, 90 * OGPU + 1), Error::<Test>::NotFree);
		assert_noop!(pin_shared(ada(), 1, u128::MAX), Error::<Test>::NotFree);
		assert_ok!(pin_shared(ada(), 1, 60 * OGPU));
		assert_noop!(pin_own(ada(), 2, u128::MAX), Error::<Test>::NotFree);
		assert_ok!(pin_own(ada(), 2, 30 * OGPU));
		assert_eq!(Trustlock::free(&ada()), 0);

		assert_ok!(pin_shared(ada(), 3, 60 * OGPU));
		assert_noop!(pin_shared(ada(), 4, 60 * OGPU + 1), Error::<Test>::NotFree);
		assert_ok!(pin_shared(ada(), 4, 1));
		assert_noop!(pin_shared(ada(), 5, 1), Error::<Test>::TooManyPins);
		assert_ok!(pin_own(ada(), 5, 0));
		assert_eq!(Pins::<Test>::get(ada()).len(), 4, "a pin of nothing is none");
	});
}

#[test]
fn what_is_taken_goes_to_whom_it_is_due_to_the_last_unit_and_the_rest_burns() {
	scenario(|| {
		assert_ok!(lock(ada(), 100 * OGPU));
		let issued = Balances::total_issuance();
		let taken = Trustlock::slash(&ada(), 30 * OGPU + 1, Fault::Convicted, work(1));
		assert_eq!(taken.peek(), 30 * OGPU + 1);
		let (client, rest) = taken.split(10 * OGPU);
		Balances::resolve(&bob(), client).ok().unwrap();
		drop(rest);
		assert_eq!(free_balance(&bob()), ENDOWMENT + 10 * OGPU);
		assert_eq!(Balances::total_issuance(), issued - 20 * OGPU - 1);
		assert_eq!(Trustlock::locked(&ada()), 70 * OGPU - 1);
		assert_eq!(free_balance(&ada()), 900 * OGPU, "only the lock is touched");
		let amount = 30 * OGPU + 1;
		System::assert_has_event(
			Event::<Test>::Slashed { who: ada(), amount, fault: Fault::Convicted, work: work(1) }.into(),
		);
	});
}

#[test]
fn unbonding_does_not_save_from_a_slash() {
	scenario(|| {
		assert_ok!(lock(ada(), 100 * OGPU));
		assert_ok!(unlock(ada(), 30 * OGPU));
		wait(10);
		assert_ok!(unlock(ada(), 20 * OGPU));
		let slash = |amount| Trustlock::slash(&ada(), amount, Fault::Convicted, work(1)).peek();
		assert_eq!(slash(40 * OGPU), 40 * OGPU);
		assert_eq!(parts(&ada()), [(30 * OGPU, UNBONDING), (20 * OGPU, UNBONDING + 10)], "the bonded part comes first");
		assert_eq!(slash(15 * OGPU), 15 * OGPU);
		assert_eq!(parts(&ada()), [(30 * OGPU, UNBONDING), (15 * OGPU, UNBONDING + 10)], "then what began last");
		wait(UNBONDING);
		assert_eq!(slash(20 * OGPU), 20 * OGPU);
		assert_eq!(parts(&ada()), [(25 * OGPU, UNBONDING)], "even what has unbonded");
		assert_ok!(withdraw(ada()));
		assert!(!Locks::<Test>::contains_key(ada()));
		assert_eq!(free_balance(&ada()), ENDOWMENT - 75 * OGPU);
	});
}

#[test]
fn a_slash_takes_no_more_than_there_is_and_no_deposit() {
	scenario(|| {
		assert_ok!(authorise(ada(), 0));
		assert_ok!(lock(ada(), 5 * OGPU));
		assert_ok!(pin_own(ada(), 1, 5 * OGPU));
		assert_eq!(Trustlock::slash(&ada(), u128::MAX, Fault::Abandoned, work(1)).peek(), 5 * OGPU);
		assert_eq!(Trustlock::slash(&ada(), OGPU, Fault::Abandoned, work(1)).peek(), 0);
		assert_eq!(Trustlock::slash(&bob(), OGPU, Fault::Abandoned, work(1)).peek(), 0);
		assert_eq!(Trustlock::slash(&account(50), OGPU, Fault::Abandoned, work(1)).peek(), 0);
		assert_eq!(Trustlock::locked(&ada()), 0);
		assert_eq!(Balances::reserved_balance(ada()), WorkerDeposit::get());

		assert_eq!(Trustlock::pinned(&ada(), work(1)), 5 * OGPU, "the work is still open");
		assert_noop!(unlock(ada(), 1), Error::<Test>::NoLock);
		Trustlock::unpin(&ada(), work(1));
	});
}

#[test]
fn a_slash_of_nothing_takes_nothing() {
	scenario(|| {
		assert_ok!(lock(ada(), 5 * OGPU));
		assert_eq!(Trustlock::slash(&ada(), 0, Fault::LostVote, work(1)).peek(), 0);
		assert_eq!(Trustlock::locked(&ada()), 5 * OGPU);
	});
}

#[test]
fn after_a_slash_open_work_may_bind_more_than_is_left_until_the_lock_is_filled_up() {
	scenario(|| {
		assert_ok!(lock(ada(), 100 * OGPU));
		assert_ok!(pin_shared(ada(), 1, 50 * OGPU));
		assert_ok!(pin_own(ada(), 2, 40 * OGPU));
		drop(Trustlock::slash(&ada(), 70 * OGPU, Fault::Convicted, work(1)));
		assert_eq!((Trustlock::locked(&ada()), Trustlock::free(&ada())), (30 * OGPU, 0));
		assert_noop!(unlock(ada(), 1), Error::<Test>::NotFree);
		assert_noop!(pin_shared(ada(), 3, 1), Error::<Test>::NotFree);
		assert_ok!(lock(ada(), 61 * OGPU));
		assert_eq!(Trustlock::free(&ada()), OGPU);
		assert_ok!(pin_shared(ada(), 3, 1));

		drop(Trustlock::slash(&ada(), u128::MAX, Fault::Convicted, work(2)));
		assert_ok!(lock(ada(), 10 * OGPU));
		assert_eq!(Trustlock::free(&ada()), 0, "a new lock answers for the old work");
		for index in 1..4 {
			Trustlock::unpin(&ada(), work(index));
		}
		assert_eq!(Trustlock::free(&ada()), 10 * OGPU);
	});
}

#[test]
fn tokens_that_vote_may_be_locked_as_well_and_are_taken_all_the_same() {
	use frame_support::traits::{LockableCurrency, WithdrawReasons};
	scenario(|| {
		Balances::set_lock(*b"pyconvot", &ada(), ENDOWMENT, WithdrawReasons::all());
		assert_ok!(lock(ada(), 100 * OGPU));
		assert_eq!(Trustlock::slash(&ada(), 60 * OGPU, Fault::Convicted, work(1)).peek(), 60 * OGPU);
		assert_ok!(unlock(ada(), 40 * OGPU));
		wait(UNBONDING);
		assert_ok!(withdraw(ada()));
	});
}

#[test]
fn what_a_slash_left_can_be_wound_up() {
	scenario(|| {
		assert_ok!(lock(ada(), OGPU));
		drop(Trustlock::slash(&ada(), OGPU - 1, Fault::Convicted, work(1)));
		assert_noop!(lock(ada(), 1), Error::<Test>::BelowMinimum);
		assert_ok!(unlock(ada(), 1));
		wait(UNBONDING);
		assert_ok!(withdraw(ada()));
		assert!(!Locks::<Test>::contains_key(ada()));
	});
}
