//! Every attack that the rules answer, by its name.

use super::*;
use ogpu_protocol::commitment::Obstacle;

fn verifiers() -> impl Iterator<Item = AccountId32> {
	(0..VERIFIERS).map(verifier)
}

fn burned_since(issued: Balance) -> Balance {
	issued - Balances::total_issuance()
}

#[test]
fn wrong_result() {
	story(|| {
		let issued = Balances::total_issuance();
		let mut job = Job::new(1, 40, &(0..40).collect::<Vec<_>>(), Class::STANDARD);
		job.open().unwrap();
		let (task, had) = (job.task, wealth(&client()));
		assert_eq!(World::with([job]).until_ended(&task), Conclusion::Convicted);
		// 100 OGPU were pinned: the client gets what it had spent and a tenth of the fee, jurors their bill.
		assert_eq!(TrustLock::locked(&provider()), 900 * OGPU);
		assert_eq!(wealth(&client()) - had, OGPU + OGPU);
		let bill = Balance::from(Records::<Test>::get(task).unwrap().executions) * (OGPU / 100);
		assert_eq!(burned_since(issued), 100 * OGPU - 2 * OGPU - bill);
		assert_eq!(TrustLock::audit_billionths(&provider(), OGPU, 1), 1_000_000_000);
	});
}

#[test]
fn swapped_opening() {
	story(|| {
		let mut job = Job::new(1, 40, &[], Class::STANDARD);
		job.swaps_openings = true;
		assert_eq!(World::validate(job), Conclusion::Convicted);
		// Proven, so no jury meets.
		assert_eq!(Records::<Test>::get(H256::repeat_byte(1)).unwrap().juries, 0);
	});
}

#[test]
fn silence_under_audit() {
	let silences: [fn(&mut Job); 3] = [|job| job.posts = false, |job| job.reveals = false, |job| job.shows = false];
	for silence in silences {
		story(|| {
			let mut job = Job::new(1, 40, &[], Class::STANDARD);
			silence(&mut job);
			assert_eq!(World::validate(job), Conclusion::Convicted);
			assert_eq!(TrustLock::locked(&provider()), 900 * OGPU);
		});
	}
}

#[test]
fn burst_of_wrong_jobs_on_one_bond() {
	story(|| {
		// Nine jobs that nobody would find wrong, and one that is found, on a bond for one.
		let mut jobs: Vec<_> = (1..=10).map(|number| Job::new(number, 40, &[], Class::STANDARD)).collect();
		jobs[6] = Job::new(7, 40, &(0..40).collect::<Vec<_>>(), Class::STANDARD);
		for job in &mut jobs {
			job.open().unwrap();
		}
		let tasks: Vec<_> = jobs.iter().map(|job| job.task).collect();
		let world = World::with(jobs);
		world.until(|| tasks.iter().all(|task| conclusion(task).is_some()));
		for (place, task) in tasks.iter().enumerate() {
			let expected = if place == 6 { Conclusion::Convicted } else { Conclusion::Forfeited };
			assert_eq!(conclusion(task), Some(expected), "job {place}");
		}
	});
}

#[test]
fn a_pay_does_not_wait_for_what_was_opened_after_its_window() {
	story(|| {
		let mut first = Job::new(1, 40, &[], Class::STANDARD);
		first.open().unwrap();
		let mut world = World::with([first]);
		world.until_stage(&H256::repeat_byte(1), |stage| stage == Stage::Challengeable);
		world.until(|| Tasks::<Test>::get(H256::repeat_byte(1)).unwrap().due == ClockAt::get());
		world.block();
		let mut second = Job::new(2, 40, &[], Class::STANDARD);
		second.open().unwrap();
		world.jobs.insert(second.task, second);
		assert_eq!(world.until_ended(&H256::repeat_byte(1)), Conclusion::Accepted);
		assert!(conclusion(&H256::repeat_byte(2)).is_none());
		assert_eq!(world.until_ended(&H256::repeat_byte(2)), Conclusion::Accepted);
	});
}

#[test]
fn copied_digest() {
	story(|| {
		// Three jurors heard what the provider claims and have no bytes: they vote for it under bindings of their own.
		let mut job = Job::new(1, 40, &[], Class::STANDARD);
		job.open().unwrap();
		let task = job.task;
		let world = World::with([job]).auditors(verifiers(), Conduct::Lie).jurors([verifier(0)], Conduct::Lie);
		assert_eq!(world.until_ended(&task), Conclusion::Accepted);
		assert!(TrustLock::locked(&verifier(0)) < 1_000 * OGPU);
	});
}

#[test]
fn false_alarm() {
	story(|| {
		let mut job = Job::new(1, 20, &[], Class::STANDARD);
		job.open().unwrap();
		let task = job.task;
		let world = World::with([job]).auditors(verifiers(), Conduct::Lie);
		assert_eq!(world.until_ended(&task), Conclusion::Accepted);
		let fined: Vec<_> = verifiers().filter(|who| TrustLock::locked(who) < 1_000 * OGPU).collect();
		assert!(!fined.is_empty() && fined.len() <= 2);
		assert_eq!(TrustLock::locked(&provider()), 1_000 * OGPU);
	});
}

#[test]
fn bribed_silence_after_the_reveal() {
	story(|| {
		let mut job = Job::new(1, 20, &(0..20).collect::<Vec<_>>(), Class::STANDARD);
		job.open().unwrap();
		let task = job.task;
		let world = World::with([job]).auditors(verifiers(), Conduct::Withhold);
		assert_eq!(world.until_ended(&task), Conclusion::Convicted);
	});
}

#[test]
fn serving_no_auditor() {
	story(|| {
		let mut job = Job::new(1, 20, &[], Class::STANDARD);
		job.open().unwrap();
		let task = job.task;
		let world = World::with([job]).auditors(verifiers(), Conduct::Obstacle(Obstacle::OutputMissing));
		assert_eq!(world.until_ended(&task), Conclusion::Accepted);
		// Nobody can tell who is at fault, so provider and auditor share the jury's bill.
		let record = Records::<Test>::get(task).unwrap();
		let lost: Balance = 1_000 * OGPU - TrustLock::locked(&provider());
		let auditors: Balance = verifiers().map(|who| 1_000 * OGPU - TrustLock::locked(&who)).sum();
		assert!(record.juries == 1 && lost > 0);
		assert_eq!(lost, auditors);
	});
}

#[test]
fn serving_half_of_the_jurors() {
	story(|| {
		let mut job = Job::new(1, 20, &(0..20).collect::<Vec<_>>(), Class::STANDARD);
		job.open().unwrap();
		let task = job.task;
		let missing = Conduct::Obstacle(Obstacle::OutputMissing);
		let world = World::with([job]).jurors((0..5).map(verifier), missing);
		// What half of them could not fetch, and the others found wrong, speaks against the provider alike.
		assert_eq!(world.until_ended(&task), Conclusion::Convicted);
	});
}

#[test]
fn missing_and_invalid_input() {
	for obstacle in [Obstacle::InputMissing, Obstacle::InputInvalid] {
		story(|| {
			let mut job = Job::new(1, 20, &[], Class::STANDARD);
			job.open().unwrap();
			let (task, had) = (job.task, wealth(&provider()));
			let conduct = Conduct::Obstacle(obstacle);
			let world = World::with([job]).auditors(verifiers(), conduct).jurors(verifiers(), conduct);
			assert_eq!(world.until_ended(&task), Conclusion::InputAtFault);
			// The client supplied them: it pays the fee, of which a fiftieth is burned.
			assert_eq!(TrustLock::locked(&client()), 990 * OGPU);
			assert_eq!(wealth(&provider()) - had, 10 * OGPU * 98 / 100);
		});
	}
}

#[test]
fn false_challenge() {
	story(|| {
		let mut job = Job::new(1, 40, &[], Class::STANDARD);
		job.open().unwrap();
		let (task, world) = (job.task, World::with([job]));
		world.until_stage(&task, |stage| stage == Stage::Challengeable);
		let (had, provider_had) = (wealth(&challenger()), wealth(&provider()));
		Validations::challenge(RuntimeOrigin::signed(challenger()), task, 39).unwrap();
		assert_eq!(world.until_ended(&task), Conclusion::Accepted);
		// Twice the bill of 11 jurors at 0.01 OGPU, half of it for the provider.
		assert_eq!(had - wealth(&challenger()), OGPU * 22 / 100);
		assert_eq!(wealth(&provider()) - provider_had, OGPU * 11 / 100);
	});
}

#[test]
fn rightful_challenge_of_a_poisoned_leaf() {
	story(|| {
		let mut job = Job::new(1, 40, &[39], Class { leaves_billionths: 1, ..Class::STANDARD });
		job.open().unwrap();
		let (task, mut world) = (job.task, World::with([job]));
		// Until a draw misses the leaf.
		while !events().iter().any(|event| matches!(event, Event::Drawn { .. })) {
			world.block();
		}
		world.luck += 1;
		if Checks::<Test>::contains_key(task, 39) {
			assert_eq!(world.until_ended(&task), Conclusion::Convicted);
			return;
		}
		world.until_stage(&task, |stage| stage == Stage::Challengeable);
		let had = wealth(&challenger());
		Validations::challenge(RuntimeOrigin::signed(challenger()), task, 39).unwrap();
		assert_eq!(world.until_ended(&task), Conclusion::Convicted);
		// A fifth of the bond.
		assert_eq!(wealth(&challenger()) - had, 20 * OGPU);
	});
}

#[test]
fn challenged_leaf_that_is_not_shown() {
	story(|| {
		let mut job = Job::new(1, 40, &[], Class { leaves_billionths: 1, ..Class::STANDARD });
		job.answers = false;
		job.open().unwrap();
		let (task, world) = (job.task, World::with([job]));
		world.until_stage(&task, |stage| stage == Stage::Challengeable);
		let leaf = (0..40).find(|leaf| !Checks::<Test>::contains_key(task, leaf)).unwrap();
		let had = wealth(&challenger());
		Validations::challenge(RuntimeOrigin::signed(challenger()), task, leaf).unwrap();
		assert_eq!(world.until_ended(&task), Conclusion::Convicted);
		assert_eq!(wealth(&challenger()) - had, 20 * OGPU);
	});
}

#[test]
fn non_reveal_and_silence_of_jurors() {
	for (conduct, least) in [(Conduct::Silent, OGPU / 1_000), (Conduct::Withhold, OGPU / 20)] {
		story(|| {
			let mut job = Job::new(1, 20, &(0..20).collect::<Vec<_>>(), Class::STANDARD);
			job.open().unwrap();
			let task = job.task;
			let world = World::with([job]).jurors((0..3).map(verifier), conduct);
			assert_eq!(world.until_ended(&task), Conclusion::Convicted);
			let lost: Balance = (0..3).map(|number| 1_000 * OGPU - TrustLock::locked(&verifier(number))).sum();
			assert!(lost >= least, "{conduct:?}: {lost}");
			assert!((3..VERIFIERS).all(|number| TrustLock::locked(&verifier(number)) == 1_000 * OGPU));
		});
	}
}

#[test]
fn silent_auditors_are_replaced_and_suspended() {
	story(|| {
		let mut job = Job::new(1, 64, &[], Class { leaves_billionths: 500_000_000, ..Class::STANDARD });
		job.open().unwrap();
		let task = job.task;
		let world = World::with([job]).auditors([verifier(0), verifier(1)], Conduct::Silent);
		assert_eq!(world.until_ended(&task), Conclusion::Accepted);
		assert!(TrustLock::is_suspended(&verifier(0)) && TrustLock::is_suspended(&verifier(1)));
		next_session();
		let table = Tables::<Test>::get(CurrentTable::<Test>::get()).unwrap();
		assert_eq!(table.holders.len(), 8, "they have no seats for a while");
		let rewarded = Rewarded::get();
		assert!(rewarded
			.iter()
			.all(|(who, share)| (*share < 1_000_000_000) == [verifier(0), verifier(1)].contains(who)));
	});
}

#[test]
fn seats_after_unbonding() {
	story(|| {
		let mut job = Job::new(1, 20, &(0..20).collect::<Vec<_>>(), Class::STANDARD);
		job.open().unwrap();
		let task = job.task;
		// All lie on the jury that will come, and leave before it does.
		for who in verifiers() {
			Validations::withdraw_seats(RuntimeOrigin::signed(who.clone())).unwrap();
			TrustLock::unlock(RuntimeOrigin::signed(who), 1_000 * OGPU).unwrap();
		}
		let world = World::with([job]).jurors([verifier(0), verifier(1)], Conduct::Lie);
		next_session();
		assert_eq!(world.until_ended(&task), Conclusion::Convicted);
		let lost: Balance = (0..2).map(|number| 1_000 * OGPU - TrustLock::locked(&verifier(number))).sum();
		assert!(lost > 0, "what is unbonding still answers");
		world.until(|| stage(&task).is_none());
		assert_eq!(Tables::<Test>::iter().count(), 1);
	});
}
