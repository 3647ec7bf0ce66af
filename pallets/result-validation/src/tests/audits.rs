//! The way of a task on which nobody disagrees.

use super::*;

#[test]
fn an_honest_result_is_accepted_and_its_auditors_are_paid() {
	story(|| {
		let mut job = Job::new(1, 40, &[], Class::STANDARD);
		job.open().unwrap();
		let (task, asked, outcome) = (job.task, job.request.clone(), job.outcome());
		let before: Balance = (0..VERIFIERS).map(|number| wealth(&verifier(number))).sum();
		assert_eq!(World::with([job]).until_ended(&task), Conclusion::Accepted);

		let record = Records::<Test>::get(task).unwrap();
		assert_eq!((record.drawn, record.juries, record.executions), (2, 0, 0));
		assert_eq!((record.client, record.manifest, record.start), (asked.client, asked.manifest.0, asked.start.0));
		assert_eq!(record.outcome, Some(outcome));
		let doubled = events().iter().any(|event| matches!(event, Event::Doubled { leaves: 1.., .. }));
		let paid = (0..VERIFIERS).map(|number| wealth(&verifier(number))).sum::<Balance>() - before;
		assert!(paid == 2 * (OGPU / 100) || doubled && paid > 2 * (OGPU / 100), "{paid}");
		assert_eq!(TrustLock::locked(&provider()), 1_000 * OGPU);
	});
}

#[test]
fn a_task_that_is_not_drawn_still_reveals_its_result() {
	story(|| {
		let class = Class { audit_billionths: 1, ..Class::ECONOMY };
		// The provider is known: its fees were audited clean.
		for _ in 0..20 {
			TrustLock::audited(&provider(), 1_000 * OGPU);
		}
		let mut job = Job::new(1, 40, &[], class);
		job.open().unwrap();
		let (task, world) = (job.task, World::with([job]));
		world.until_stage(&task, |stage| stage == Stage::Challengeable);
		assert_eq!(Tasks::<Test>::get(task).unwrap().drawn, 0);
		assert!(Tasks::<Test>::get(task).unwrap().outcome.is_some());
		assert_eq!(world.until_ended(&task), Conclusion::Accepted);

		let mut silent = Job::new(2, 40, &[], class);
		silent.reveals = false;
		assert_eq!(World::validate(silent), Conclusion::Convicted);
	});
}

#[test]
fn all_that_is_left_of_a_validation_is_its_record_and_that_is_forgotten_too() {
	story(|| {
		let mut job = Job::new(1, 40, &[3], Class::ASSURED);
		job.open().unwrap();
		let (task, world) = (job.task, World::with([job]));
		assert_eq!(world.until_ended(&task), Conclusion::Convicted);
		world.until(|| stage(&task).is_none());
		assert_eq!(
			Checks::<Test>::iter().count() + Juries::<Test>::iter().count() + Ballots::<Test>::iter().count(),
			0
		);
		assert_eq!(Providers::<Test>::iter().count(), 0);
		assert_eq!(Records::<Test>::get(task).unwrap().conclusion, Conclusion::Convicted);
		ClockAt::set(&(ClockAt::get() + 50_000));
		world.until(|| Records::<Test>::get(task).is_none());
		assert_eq!(Agenda::<Test>::iter().count(), 0);
	});
}

#[test]
fn a_client_that_is_content_need_not_wait_for_challenges() {
	story(|| {
		let mut job = Job::new(1, 40, &[], Class::STANDARD);
		job.request.sale = Sale::Auction;
		job.open().unwrap();
		let (task, world) = (job.task, World::with([job]));
		world.until_stage(&task, |stage| stage == Stage::Challengeable);
		world.block();
		Validations::accept(RuntimeOrigin::signed(client()), task).unwrap();
		let at = ClockAt::get();
		assert_eq!(world.until_ended(&task), Conclusion::Accepted);
		assert!(ClockAt::get() <= at + 3);
	});
}

#[test]
fn a_client_that_adds_a_secret_gets_its_seed_sooner() {
	let opened = |reveals: bool| {
		let mut blocks = 0;
		story(|| {
			let secret = H256::repeat_byte(8);
			let mut job = Job::new(1, 40, &[], Class::STANDARD);
			let commitment = ogpu_protocol::commitment::secret_commitment(blake2_256, client().as_ref(), &secret.0);
			job.request.secret = Some(H256(commitment));
			job.open().unwrap();
			if reveals {
				Validations::reveal_secret(RuntimeOrigin::signed(client()), job.task, secret).unwrap();
			}
			let (task, world, began) = (job.task, World::with([job]), System::block_number());
			world.until_stage(&task, |stage| stage == Stage::Opening);
			blocks = System::block_number() - began;
			assert_eq!(world.until_ended(&task), Conclusion::Accepted);
		});
		blocks
	};
	assert_eq!((opened(true), opened(false)), (5, 17));
}

#[test]
fn while_the_clock_stands_still_nobody_is_late() {
	story(|| {
		let mut job = Job::new(1, 40, &[], Class::STANDARD);
		job.open().unwrap();
		let (task, world) = (job.task, World::with([job]));
		world.until_stage(&task, |stage| stage == Stage::Auditing);
		IsClockStopped::set(&true);
		for _ in 0..500 {
			next_block(0);
		}
		assert_eq!(stage(&task), Some(Stage::Auditing));
		IsClockStopped::set(&false);
		assert_eq!(world.until_ended(&task), Conclusion::Accepted);
		assert_eq!(Strikes::<Test>::iter().count(), 0);
	});
}
