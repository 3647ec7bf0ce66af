//! What is remembered of accounts, and how it fades.

use super::*;
use crate::traits::Record;
use ogpu_protocol::{random::CERTAIN_BILLIONTHS as CERTAIN, time::DAYS};

const FLOOR: u32 = 50_000_000;

fn faults(who: &AccountId32) -> Vec<(Fault, WorkId, Balance)> {
	Faults::<Test>::get(who).iter().map(|record| (record.fault, record.work, record.taken)).collect()
}

#[test]
fn a_name_is_earned_by_clean_work_and_fades_with_the_clock() {
	scenario(|| {
		assert_eq!(Trustlock::score_billionths(&ada()), 0, "a stranger stands at the bottom");
		Trustlock::audited(&ada(), 1_000 * OGPU);
		Trustlock::delivered(&ada(), 1_000 * OGPU, false);
		assert_eq!(Trustlock::score_billionths(&ada()), CERTAIN / 2);
		System::set_block_number(90 * u64::from(DAYS));
		assert_eq!(Trustlock::score_billionths(&ada()), CERTAIN / 2, "the clock stood still");
		wait(90 * DAYS);
		assert_eq!(Trustlock::score_billionths(&ada()), CERTAIN / 3);
		let assessment = Trustlock::assessment(&ada());
		assert_eq!(assessment.record.clean, 500 * OGPU);
		assert_eq!(assessment.score_billionths, CERTAIN / 3);
		assert_eq!(Trustlock::score_billionths(&bob()), 0);
	});
}

#[test]
fn lateness_costs_a_name() {
	scenario(|| {
		Trustlock::audited(&ada(), 1_000 * OGPU);
		Trustlock::delivered(&ada(), 10 * OGPU, true);
		assert_eq!(Trustlock::assessment(&ada()).punctuality_billionths, CERTAIN / 2);
		Trustlock::delivered(&ada(), 20 * OGPU, false);
		assert_eq!(Trustlock::assessment(&ada()).punctuality_billionths, CERTAIN - CERTAIN / 4);
	});
}

#[test]
fn a_fresh_provider_is_audited_always_and_a_proven_one_as_its_class_asks_until_it_is_convicted() {
	scenario(|| {
		assert_eq!(Trustlock::audit_billionths(&ada(), OGPU, FLOOR), CERTAIN);
		Trustlock::audited(&ada(), 10 * OGPU);
		assert_eq!(Trustlock::audit_billionths(&ada(), OGPU, FLOOR), FLOOR);
		assert_eq!(Trustlock::audit_billionths(&ada(), OGPU + 1, FLOOR), CERTAIN);
		assert_eq!(Trustlock::audit_billionths(&ada(), u128::MAX, FLOOR), CERTAIN);

		Trustlock::faulted(&ada(), Fault::Convicted, work(1));
		assert_eq!(Trustlock::audit_billionths(&ada(), 1, FLOOR), CERTAIN);
		assert_eq!(Trustlock::assessment(&ada()).faultlessness_billionths, CERTAIN / 2);
		assert_eq!(faults(&ada()), [(Fault::Convicted, work(1), 0)]);
		System::assert_last_event(Event::<Test>::Faulted { who: ada(), fault: Fault::Convicted, work: work(1) }.into());
	});
}

#[test]
fn amounts_beyond_all_tokens_are_counted_as_the_most() {
	scenario(|| {
		for _ in 0..2 {
			Trustlock::audited(&ada(), u128::MAX);
			Trustlock::delivered(&ada(), u128::MAX, true);
			Trustlock::delivered(&ada(), u128::MAX, false);
		}
		Trustlock::audited(&ada(), 0);
		assert!(Trustlock::score_billionths(&ada()) <= CERTAIN);
	});
}

#[test]
fn one_fault_is_one_entry_whoever_reports_it_and_however_often_it_costs() {
	scenario(|| {
		assert_ok!(lock(ada(), 100 * OGPU));
		wait(5);
		drop(Trustlock::slash(&ada(), 10 * OGPU, Fault::Convicted, work(1)));
		wait(5);
		Trustlock::faulted(&ada(), Fault::Convicted, work(1));
		drop(Trustlock::slash(&ada(), 5 * OGPU, Fault::Convicted, work(1)));
		drop(Trustlock::slash(&ada(), OGPU, Fault::Abandoned, work(1)));
		drop(Trustlock::slash(&ada(), 200 * OGPU, Fault::Convicted, work(2)));
		let expected = [
			(Fault::Convicted, work(1), 15 * OGPU),
			(Fault::Abandoned, work(1), OGPU),
			(Fault::Convicted, work(2), 84 * OGPU),
		];
		assert_eq!(faults(&ada()), expected);
		assert_eq!(Faults::<Test>::get(ada())[0].at, 5);
	});
}

#[test]
fn of_many_faults_the_last_are_remembered() {
	scenario(|| {
		for index in 0..5 {
			drop(Trustlock::slash(&ada(), OGPU, Fault::SilentSeat, work(index)));
		}
		let expected = [2, 3, 4].map(|index| (Fault::SilentSeat, work(index), 0));
		assert_eq!(faults(&ada()), expected);
		assert_eq!(Trustlock::assessment(&ada()).record, Default::default(), "a seat's fault is none of a provider");
	});
}

#[test]
fn a_suspension_ends_by_the_clock_and_another_extends_it() {
	scenario(|| {
		assert!(!Trustlock::is_suspended(&ada()));
		Trustlock::suspend(&ada());
		System::assert_last_event(Event::<Test>::Suspended { who: ada(), until: SUSPENSION }.into());
		wait(SUSPENSION - 1);
		assert!(Trustlock::is_suspended(&ada()) && !Trustlock::is_suspended(&bob()));
		Trustlock::suspend(&ada());
		wait(1);
		assert!(Trustlock::is_suspended(&ada()));
		wait(SUSPENSION - 1);
		assert!(!Trustlock::is_suspended(&ada()));
	});
}

#[test]
fn everything_that_stands_about_an_operator_is_told_at_once() {
	scenario(|| {
		assert_ok!(lock(ada(), 100 * OGPU));
		assert_ok!(unlock(ada(), 10 * OGPU));
		assert_ok!(pin_shared(ada(), 1, 30 * OGPU));
		assert_ok!(authorise(ada(), 0));
		let device = register(ada(), key(0)).unwrap();
		assert_ok!(heartbeat(key(0), device));
		Trustlock::faulted(&ada(), Fault::Abandoned, work(1));
		let status = Trustlock::status(ada());
		assert_eq!((status.locked, status.free), (100 * OGPU, 60 * OGPU));
		assert_eq!((status.unbonding.len(), status.pins.len(), status.workers), (1, 1, vec![key(0)]));
		assert_eq!(status.faults[0].fault, Fault::Abandoned);
		assert!(status.assessment.faultlessness_billionths < 1_000_000_000);
		assert_eq!((status.devices[0].id, status.devices[0].is_online, status.suspended_until), (device, true, None));
		Trustlock::suspend(&ada());
		let status = Trustlock::status(ada());
		assert!(status.suspended_until > Some(status.now) && !status.devices[0].is_online);
	});
}
