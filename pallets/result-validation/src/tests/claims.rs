//! A provider that says its inputs are missing, and a jury that tries to fetch them.

use super::*;
use ogpu_protocol::commitment::Obstacle;

const TASK: H256 = H256::repeat_byte(1);
const FEE: Balance = OGPU / 100;
const DONE: Balance = 3 * OGPU;

fn claimed() -> Job {
	let mut job = Job::new(1, 40, &[], Class { leaves_billionths: 1, ..Class::STANDARD });
	(job.request.fee, job.request.spent) = (DONE, 0);
	job.request.seed_from = System::block_number() + 1;
	TrustLock::pin(&provider(), TASK, job.bond, ogpu_staking_trustlock::traits::Pin::Shared).unwrap();
	<Validations as Validation>::claim(job.request.clone()).unwrap();
	job
}

fn ended(jurors: Conduct) -> (Conclusion, Balance, Balance, Balance) {
	let before = [provider(), client()].map(|who| wealth(&who));
	let world = World::with([claimed()]).jurors(verifiers(), jurors);
	let conclusion = world.until_ended(&TASK);
	let paid = events().into_iter().filter(|event| matches!(event, Event::Paid { .. })).count();
	let bill = paid as Balance * FEE;
	let [provider, client] = [provider(), client()].map(|who| wealth(&who));
	(conclusion, bill, before[0].abs_diff(provider), before[1] - client)
}

#[test]
fn a_client_that_withholds_its_inputs_pays_for_the_elapsed_work() {
	for obstacle in [Obstacle::InputMissing, Obstacle::InputInvalid] {
		story(|| {
			let (conclusion, bill, gained, paid) = ended(Conduct::Obstacle(obstacle));
			assert_eq!(conclusion, Conclusion::InputAtFault);
			assert_eq!(bill, 0, "nobody computed anything");
			assert_eq!(gained, DONE - DONE / 50, "the fee, less what is burned");
			assert_eq!(paid, DONE);
		});
	}
}

#[test]
fn of_inputs_that_the_jury_could_fetch_nobody_is_convicted_and_both_pay_half_of_the_jury() {
	for found in [Conduct::Honest, Conduct::Lie, Conduct::Obstacle(Obstacle::OutputMissing)] {
		story(|| {
			let (conclusion, bill, lost, paid) = ended(found);
			assert_eq!(conclusion, Conclusion::Unfounded);
			assert_eq!((lost, paid), (bill.div_ceil(2), bill / 2));
			assert!(bill > 0 || found == Conduct::Obstacle(Obstacle::OutputMissing), "whoever computes is paid");
		});
	}
}

#[test]
fn without_jurors_a_claim_is_void_and_costs_nobody() {
	story(|| {
		let world = World::with([claimed()]).jurors(verifiers(), Conduct::Silent);
		let before = [provider(), client()].map(|who| wealth(&who));
		assert_eq!(world.until_ended(&TASK), Conclusion::Void);
		assert_eq!([provider(), client()].map(|who| wealth(&who)), before);
	});
}

#[test]
fn a_claim_needs_seats_and_a_name_of_its_own() {
	story(|| {
		let mut job = claimed();
		assert_eq!(<Validations as Validation>::admits(&job.request), Err(Error::<Test>::AlreadyOpened.into()));
		let again = <Validations as Validation>::claim(job.request.clone());
		assert_eq!(again, Err(Error::<Test>::AlreadyOpened.into()));
		job.request.task = H256::repeat_byte(2);
		job.request.seed_from = System::block_number();
		let refused = <Validations as Validation>::claim(job.request.clone());
		assert_eq!(refused, Err(Error::<Test>::WrongSeedHeight.into()));
		job.request.capability = 1;
		let refused = <Validations as Validation>::claim(job.request.clone());
		assert_eq!(refused, Err(Error::<Test>::TooFewSeats.into()));
		World::with([job]).until_ended(&TASK);
	});
}

#[test]
fn what_the_last_leaf_handed_on_is_known_once_it_was_shown() {
	story(|| {
		let mut job = Job::new(1, 40, &[], Class::STANDARD);
		job.request.is_milestone = true;
		job.open().unwrap();
		let carry = H256(job.claimed[39].carry);
		let world = World::with([job]);
		world.until_dawn_of(&TASK, |stage| stage == Stage::Revealing);
		assert_eq!(<Validations as Validation>::carry(TASK), None);
		world.until_stage(&TASK, |stage| stage == Stage::Comparing);
		assert_eq!(<Validations as Validation>::carry(TASK), Some(carry));
		world.until_ended(&TASK);
		assert_eq!(<Validations as Validation>::carry(TASK), Some(carry), "as long as the market is being told");
	});
}
