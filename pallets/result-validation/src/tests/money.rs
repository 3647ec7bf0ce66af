//! Who gains and who loses, to the last unit.

use super::*;
use frame_support::traits::fungible::{Balanced, Mutate};
use ogpu_protocol::commitment::Obstacle;
use ogpu_staking_trustlock::traits::Fault;

const TASK: H256 = H256::repeat_byte(1);
/// No round number, so that halves and shares have remainders.
const FEE: Balance = OGPU / 100 + 7;

/// What everybody has, in this order; nobody else has anything.
fn wealths() -> [Balance; 7] {
	let seats = verifiers().map(|who| wealth(&who)).sum();
	[
		wealth(&client()),
		wealth(&provider()),
		wealth(&challenger()),
		seats,
		wealth(&TREASURY),
		wealth(&Validations::pot()),
		0,
	]
}

/// What everybody gained until now, and at the end what was burned. Nothing is left over.
struct Since([Balance; 7], Balance);

impl Since {
	fn now() -> Self {
		Self(wealths(), Balances::total_issuance())
	}

	#[track_caller]
	fn gains(&self, expected: Gains) {
		let now = wealths();
		let mut gains: Vec<_> = now.iter().zip(self.0).map(|(now, before)| *now as i128 - before as i128).collect();
		gains[6] = self.1 as i128 - Balances::total_issuance() as i128;
		let Gains { client, provider, challenger, verifiers, treasury, pot, burned } = expected;
		assert_eq!(gains, [client, provider, challenger, verifiers, treasury, pot, burned]);
		assert_eq!(gains.iter().sum::<i128>(), 0, "nothing is left over");
		assert_eq!(now.iter().sum::<Balance>(), Balances::total_issuance(), "and nobody else has anything");
	}
}

#[derive(Default)]
struct Gains {
	client: i128,
	provider: i128,
	challenger: i128,
	verifiers: i128,
	treasury: i128,
	pot: i128,
	burned: i128,
}

fn whole(tenths: i128) -> i128 {
	tenths * OGPU as i128 / 10
}

fn fees(count: u32) -> i128 {
	i128::from(count) * FEE as i128
}

fn single() -> Class {
	Class { doubled_billionths: 0, ..Class::STANDARD }
}

fn job(number: u8, leaves: u32, wrong: &[u32], class: Class) -> Job {
	let mut job = Job::new(number, leaves, wrong, class);
	job.request.leaf_fee = FEE;
	job
}

fn executions() -> u32 {
	Records::<Test>::get(TASK).unwrap().executions
}

#[test]
fn of_an_accepted_result_the_auditors_live() {
	story(|| {
		let since = Since::now();
		assert_eq!(World::validate(job(1, 60, &[], single())), Conclusion::Accepted);
		let paid = fees(3);
		since.gains(Gains { client: -whole(10), verifiers: paid, pot: whole(10) - paid, ..Gains::default() });
	});
}

#[test]
fn a_forfeited_result_moves_nothing_here() {
	story(|| {
		// The second is caught, the first right.
		let jobs = [job(1, 60, &[], single()), job(2, 1, &[0], single())];
		let tasks = jobs.each_ref().map(|job| job.task);
		let since = Since::now();
		let world = World::with(jobs.map(|mut job| {
			job.open().unwrap();
			job
		}));
		assert_eq!(tasks.map(|task| world.until_ended(&task)), [Conclusion::Forfeited, Conclusion::Convicted]);
		let bill = fees(Records::<Test>::get(tasks[1]).unwrap().executions);
		let audits = fees(4);
		since.gains(Gains {
			client: -whole(20) + whole(20),
			provider: -whole(1_000),
			verifiers: audits + bill,
			pot: whole(20) - audits,
			burned: whole(1_000) - whole(20) - bill,
			..Gains::default()
		});
	});
}

#[test]
fn a_conviction_pays_client_jury_and_finder_and_burns_the_rest() {
	for found in [false, true] {
		story(|| {
			let wrong = if found { vec![7] } else { (0..20).collect() };
			let mut job = job(1, 20, &wrong, Class { leaves_billionths: 1, ..single() });
			job.open().unwrap();
			let (since, world) = (Since::now(), World::with([job]));
			if found {
				world.until_dawn_of(&TASK, |stage| stage == Stage::Challengeable);
				send(challenger(), Call::challenge { task: TASK, leaf: 7 }).unwrap();
			}
			assert_eq!(world.until_ended(&TASK), Conclusion::Convicted);
			let (bill, finder) = (fees(executions()), if found { whole(200) } else { 0 });
			since.gains(Gains {
				client: whole(20),
				provider: -whole(1_000),
				challenger: finder,
				verifiers: fees(1) + bill,
				pot: -fees(1),
				burned: whole(1_000) - whole(20) - bill - finder,
				..Gains::default()
			});
		});
	}
}

#[test]
fn whoever_supplied_bad_inputs_pays_for_the_work() {
	story(|| {
		let mut job = job(1, 20, &[], single());
		job.request.fee = 10 * OGPU + 49;
		job.open().unwrap();
		let missing = Conduct::Obstacle(Obstacle::InputMissing);
		let world = World::with([job]).auditors(verifiers(), missing).jurors(verifiers(), missing);
		let since = Since::now();
		assert_eq!(world.until_ended(&TASK), Conclusion::InputAtFault);
		let fee = 10 * OGPU + 49;
		let pay = ogpu_protocol::slashing::Pay::of(fee, &Penalties::get());
		assert_eq!(pay.burned.abs_diff(OGPU / 5), 1, "a fiftieth, and a remainder");
		let [fee, provider, burned] = [fee, pay.provider, pay.burned].map(|amount| amount as i128);
		since.gains(Gains { client: -fee, provider, burned, ..Gains::default() });
	});
}

#[test]
fn a_void_pays_who_worked_and_fines_nobody() {
	story(|| {
		let mut job = job(1, 20, &[], single());
		job.open().unwrap();
		let mut world = World::with([job]).auditors(verifiers(), Conduct::Lie);
		world.leaves = (0..20).map(|leaf| (leaf, Conduct::Silent)).collect();
		let since = Since::now();
		assert_eq!(world.until_ended(&TASK), Conclusion::Void);
		// Jurors who said nothing lose a tenth of a check each time.
		let silent = events().into_iter().filter(|event| matches!(event, Event::Fined { .. })).count() as i128;
		let fines = silent * (FEE as i128 + 9).div_euclid(10);
		since.gains(Gains { verifiers: fees(1) - fines, pot: -fees(1), burned: fines, ..Gains::default() });
	});
}

#[test]
fn a_false_alarm_costs_the_jury_and_five_checks() {
	story(|| {
		let mut job = job(1, 20, &[], single());
		job.open().unwrap();
		let world = World::with([job]).auditors(verifiers(), Conduct::Lie);
		let since = Since::now();
		assert_eq!(world.until_ended(&TASK), Conclusion::Accepted);
		since.gains(Gains { verifiers: -fees(5), burned: fees(5), ..Gains::default() });
	});
}

#[test]
fn two_false_alarms_share_the_jury_to_the_last_unit() {
	story(|| {
		let mut job = job(1, 20, &[], Class { doubled_billionths: 1_000_000_000, ..Class::STANDARD });
		job.open().unwrap();
		let world = World::with([job]).auditors(verifiers(), Conduct::Lie);
		let since = Since::now();
		assert_eq!(world.until_ended(&TASK), Conclusion::Accepted);
		since.gains(Gains { verifiers: -fees(10), burned: fees(10), ..Gains::default() });
	});
}

#[test]
fn who_says_it_was_not_served_shares_the_jury_with_the_provider() {
	story(|| {
		let mut job = job(1, 20, &[], single());
		job.open().unwrap();
		let world = World::with([job]).auditors(verifiers(), Conduct::Obstacle(Obstacle::OutputMissing));
		let since = Since::now();
		assert_eq!(world.until_ended(&TASK), Conclusion::Accepted);
		let half = (fees(executions()) + 1) / 2;
		since.gains(Gains { provider: -half, verifiers: half, ..Gains::default() });
	});
}

/// Takes all out of the pot that belongs to no task.
fn empty_commons() {
	drop(<Balances as Balanced<_>>::withdraw(
		&Validations::pot(),
		Commons::<Test>::take(),
		frame_support::traits::tokens::Precision::Exact,
		frame_support::traits::tokens::Preservation::Preserve,
		frame_support::traits::tokens::Fortitude::Polite,
	));
}

#[test]
fn with_an_empty_pot_auditors_are_paid_as_far_as_it_reaches() {
	for (checking, paid) in [(0, 0), (FEE + 3, FEE + 3), (3 * FEE, 3 * FEE), (4 * FEE, 3 * FEE)] {
		story(|| {
			empty_commons();
			let mut job = job(1, 60, &[], single());
			job.checking = checking;
			let since = Since::now();
			assert_eq!(World::validate(job), Conclusion::Accepted);
			let (checking, paid) = (checking as i128, paid as i128);
			since.gains(Gains { client: -checking, verifiers: paid, pot: checking - paid, ..Gains::default() });
		});
	}
	// Nor does a jury break anything that nobody can pay.
	story(|| {
		empty_commons();
		let mut job = job(1, 60, &(0..60).collect::<Vec<_>>(), single());
		job.checking = 0;
		job.open().unwrap();
		drop(<TrustLock as Collateral<_>>::slash(&provider(), 1_000 * OGPU, Fault::Convicted, TASK));
		let since = Since::now();
		assert_eq!(World::with([job]).until_ended(&TASK), Conclusion::Convicted);
		since.gains(Gains::default());
	});
}

#[test]
fn what_a_small_lock_still_holds_goes_to_the_client_first() {
	let dues = [(0, 0), (OGPU / 2, OGPU / 2), (OGPU + FEE, OGPU)];
	for (left, to_client) in dues {
		story(|| {
			let mut job = job(1, 1, &[0], single());
			job.checking = 20 * FEE;
			job.open().unwrap();
			drop(<TrustLock as Collateral<_>>::slash(&provider(), 1_000 * OGPU - left, Fault::Convicted, TASK));
			let since = Since::now();
			assert_eq!(World::with([job]).until_ended(&TASK), Conclusion::Convicted);
			let (left, client) = (left as i128, to_client as i128);
			let checks = fees(1 + executions());
			// The jury gets the rest, and what it lacks out of the pot.
			let pot = left - client - checks;
			since.gains(Gains { client, provider: -left, verifiers: checks, pot, ..Gains::default() });
		});
	}
}

#[test]
fn a_bond_that_is_too_small_for_all_makes_the_client_whole_first() {
	story(|| {
		let mut job = job(1, 1, &[0], single());
		job.bond = OGPU + 3 * FEE;
		job.open().unwrap();
		let since = Since::now();
		assert_eq!(World::with([job]).until_ended(&TASK), Conclusion::Convicted);
		let checks = fees(1 + executions());
		assert!(checks > fees(4));
		since.gains(Gains {
			client: whole(10),
			provider: -whole(10) - fees(3),
			verifiers: checks,
			pot: fees(3) - checks,
			..Gains::default()
		});
	});
}

#[test]
fn juries_that_others_paid_for_do_not_eat_the_bond() {
	story(|| {
		// Twelve juries, of which the provider lost one.
		let class = Class { doubled_billionths: 0, jury: Class::STANDARD.jury, ..Class::ASSURED };
		let mut job = job(1, 12, &[11], class);
		job.bond = 2 * OGPU + OGPU / 2;
		job.open().unwrap();
		let world = World::with([job]).auditors(verifiers(), Conduct::Lie);
		let since = Since::now();
		assert_eq!(world.until_ended(&TASK), Conclusion::Convicted);
		let closed = events().into_iter().filter_map(|event| match event {
			Event::JurorsDrawn { leaf: 11, round, .. } => Some(Ballots::<Test>::get(TASK, (11, round)).len() as u32),
			_ => None,
		});
		let (lost, liars) = (fees(closed.sum()), 5 * fees(11));
		since.gains(Gains {
			client: whole(20),
			provider: -whole(25),
			verifiers: fees(1) + lost - liars,
			pot: -fees(1),
			burned: whole(5) - lost + liars,
			..Gains::default()
		});
	});
}

/// What the jurors of a leaf are paid together, if all of them agree.
fn jury_of(leaf: u32) -> i128 {
	fees((1..).map(|round| Ballots::<Test>::get(TASK, (leaf, round)).len() as u32).take_while(|some| *some > 0).sum())
}

#[test]
fn of_two_disputed_leaves_and_one_bond_all_jurors_are_paid_in_full() {
	story(|| {
		let class = Class { doubled_billionths: 0, jury: Class::STANDARD.jury, ..Class::ASSURED };
		let mut job = job(1, 2, &[0, 1], class);
		// As much as a conviction promises, with the jury of one leaf: each verifier but the auditor may sit on it.
		let jury = FEE * 9;
		job.bond = 2 * OGPU + jury;
		job.open().unwrap();
		let (since, world) = (Since::now(), World::with([job]));
		assert_eq!(world.until_ended(&TASK), Conclusion::Convicted);
		let bill = jury_of(0);
		assert_eq!((bill, jury_of(1)), (fees(executions()), 0));
		world.until(|| stage(&TASK).is_none());
		// Both auditors are paid for what they found, though one was not heard.
		since.gains(Gains {
			client: whole(20),
			provider: -whole(20) - jury as i128,
			verifiers: fees(2) + bill,
			pot: -fees(2),
			burned: jury as i128 - bill,
			..Gains::default()
		});
		assert!(events().contains(&Event::DisputesDropped { task: TASK, leaves: 1 }));
	});
}

/// A job of which one leaf is drawn, and two others are challenged: the first is 30, by the challenger, and the second 5,
/// by the client.
fn challenged_twice(wrong: &[u32]) -> (Since, World) {
	let mut job = job(1, 40, wrong, Class { leaves_billionths: 1, ..single() });
	job.request.seed_from = System::block_number() + 3;
	job.open().unwrap();
	let world = World::with([job]);
	world.until_dawn_of(&TASK, |stage| stage == Stage::Challengeable);
	let drawn: Vec<_> = Checks::<Test>::iter_key_prefix(TASK).collect();
	assert!(drawn.iter().all(|leaf| ![5, 30].contains(leaf)), "choose another seed: {drawn:?}");
	let since = Since::now();
	send(challenger(), Call::challenge { task: TASK, leaf: 30 }).unwrap();
	send(client(), Call::challenge { task: TASK, leaf: 5 }).unwrap();
	(since, world)
}

#[test]
fn who_challenges_after_one_that_was_right_has_its_bond_back() {
	// Whether or not it was right as well.
	for wrong in [vec![30], vec![5, 30]] {
		story(|| {
			let (since, world) = challenged_twice(&wrong);
			assert_eq!(world.until_ended(&TASK), Conclusion::Convicted);
			let bill = jury_of(30);
			assert_eq!((Records::<Test>::get(TASK).unwrap().juries, jury_of(5)), (1, 0));
			world.until(|| stage(&TASK).is_none());
			let finder = whole(200);
			since.gains(Gains {
				client: whole(20),
				provider: -whole(1_000),
				challenger: finder,
				verifiers: bill,
				burned: whole(1_000) - whole(20) - bill - finder,
				..Gains::default()
			});
		});
	}
}

#[test]
fn two_false_challenges_are_judged_in_turn_and_each_pays_its_own_jury() {
	story(|| {
		let (since, world) = challenged_twice(&[]);
		assert_eq!(world.until_ended(&TASK), Conclusion::Accepted);
		let bills = [jury_of(30), jury_of(5)];
		let bonds = [fees(22), fees(44)];
		let to_provider = [0, 1].map(|place| (bonds[place] / 2).min(bonds[place] - bills[place]));
		let called: Vec<_> = events()
			.into_iter()
			.filter_map(|event| match event {
				Event::JuryCalled { leaf, .. } => Some(leaf),
				_ => None,
			})
			.collect();
		assert_eq!(called, [30, 5], "in the order in which they came");
		since.gains(Gains {
			challenger: -bonds[0],
			client: -bonds[1],
			provider: to_provider.iter().sum(),
			verifiers: bills.iter().sum(),
			burned: (bonds.iter().sum::<i128>()) - bills.iter().sum::<i128>() - to_provider.iter().sum::<i128>(),
			..Gains::default()
		});
	});
}

#[test]
fn who_cannot_receive_leaves_it_to_the_commons() {
	// The client exists no more; a tenth of the fee may be enough to found its account again.
	for (fee, founds) in [(10, false), (10 * LEAST - 10, false), (10 * LEAST, true)] {
		story(|| {
			let gone = account(50);
			let mut job = job(1, 1, &[0], single());
			job.request.client = gone.clone();
			(job.request.fee, job.request.spent) = (fee, 0);
			job.open().unwrap();
			let since = Since::now();
			assert_eq!(World::with([job]).until_ended(&TASK), Conclusion::Convicted);
			let (bill, share) = (fees(executions()), fee as i128 / 10);
			assert_eq!(wealth(&gone) as i128, if founds { share } else { 0 });
			// It counts as the pot's neighbour here, so that the table still closes.
			<Balances as Mutate<_>>::transfer(
				&gone,
				&Validations::pot(),
				wealth(&gone),
				frame_support::traits::tokens::Preservation::Expendable,
			)
			.unwrap();
			since.gains(Gains {
				provider: -whole(1_000),
				verifiers: fees(1) + bill,
				pot: share - fees(1),
				burned: whole(1_000) - bill - share,
				..Gains::default()
			});
			// Gifts to the pot are nobody's.
			Commons::<Test>::mutate(|commons| *commons += if founds { share as Balance } else { 0 });
		});
	}
}

#[test]
fn a_fee_of_a_single_unit_is_dust_and_moves_all_the_same() {
	story(|| {
		let mut job = job(1, 60, &[], single());
		(job.request.leaf_fee, job.request.fee, job.checking) = (1, 1, 2);
		let since = Since::now();
		assert_eq!(World::validate(job), Conclusion::Accepted);
		since.gains(Gains { client: -2, verifiers: 3, pot: -1, ..Gains::default() });
	});
}

#[test]
fn duty_counts_in_the_session_in_which_it_ends() {
	story(|| {
		// Drawn in one session, served in the next, and nobody loses by it.
		let mut job = job(1, 60, &[], single());
		job.open().unwrap();
		let world = World::with([job]);
		world.until_dawn_of(&TASK, |stage| stage == Stage::Auditing);
		next_session();
		assert!(Rewarded::get().iter().all(|(_, share)| *share == 1_000_000_000));
		assert_eq!(world.until_ended(&TASK), Conclusion::Accepted);
		next_session();
		assert!(Rewarded::get().iter().all(|(_, share)| *share == 1_000_000_000));
	});
	story(|| {
		// A provider that is silent leaves its auditors nothing to do.
		let mut job = job(1, 60, &[], single());
		job.posts = false;
		assert_eq!(World::validate(job), Conclusion::Convicted);
		next_session();
		assert!(Rewarded::get().iter().all(|(_, share)| *share == 1_000_000_000));
	});
}
