//! Every attack that the rules answer, by its name.

use super::*;
use ogpu_protocol::{
	commitment::{Obstacle, Vote},
	jury::{Ballot, Dispute, Next, Rules, Verdict},
};
use std::collections::BTreeMap;

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
fn whatever_waits_for_one_dispute_is_paid_when_that_is_over() {
	story(|| {
		let mut jobs: Vec<_> = (1..=12).map(|number| Job::new(number, 40, &[], Class::STANDARD)).collect();
		jobs.iter_mut().for_each(|job| job.open().unwrap());
		let tasks: Vec<_> = jobs.iter().map(|job| job.task).collect();
		let (first, others) = tasks.split_first().unwrap();
		let world = World::with(jobs);
		world.until_dawn_of(first, |stage| stage == Stage::Challengeable);
		send(challenger(), Call::challenge { task: *first, leaf: 0 }).unwrap();
		world.until(|| others.iter().all(|task| stage(task) == Some(Stage::Accepted)));
		assert!(tasks.iter().all(|task| conclusion(task).is_none()), "all wait for the jury");
		world.until_ended(first);
		// In a few blocks, since no step releases all of them.
		let ended = System::block_number();
		world.until(|| others.iter().all(|task| conclusion(task) == Some(Conclusion::Accepted)));
		assert!(System::block_number() <= ended + 3);
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
		// All leave before the jury comes, and take along what they can.
		for who in verifiers() {
			Validations::withdraw_seats(RuntimeOrigin::signed(who.clone())).unwrap();
			let unlock = |amount| TrustLock::unlock(RuntimeOrigin::signed(who.clone()), amount);
			assert!(unlock(1_000 * OGPU).is_err(), "the bond of a seat stays");
			unlock(1_000 * OGPU - SeatBond::get()).unwrap();
		}
		let world = World::with([job]).jurors([verifier(0), verifier(1)], Conduct::Lie);
		next_session();
		assert_eq!(world.until_ended(&task), Conclusion::Convicted);
		let lost: Balance = (0..2).map(|number| 1_000 * OGPU - TrustLock::locked(&verifier(number))).sum();
		assert!(lost > 0, "what is unbonding still answers");
		world.until(|| stage(&task).is_none());
		assert_eq!(Tables::<Test>::iter().count(), 1);
		// Then nothing is drawn from them any more.
		for who in verifiers() {
			send(who.clone(), Call::withdraw_seats {}).unwrap();
			TrustLock::unlock(RuntimeOrigin::signed(who), SeatBond::get() / 2).unwrap();
		}
	});
}

#[test]
fn replayed_commitment() {
	story(|| {
		// Two jobs, each leaf of which has two auditors. The second auditor of the first job copies what it saw: of the
		// first auditor of its leaf, or its own of another task.
		let class = Class { doubled_billionths: 1_000_000_000, ..Class::STANDARD };
		let mut jobs = [Job::new(1, 20, &[], class), Job::new(2, 20, &[], class)];
		jobs.iter_mut().for_each(|job| job.open().unwrap());
		let tasks = jobs.each_ref().map(|job| job.task);
		let world = World::with(jobs);
		world.until_dawn_of(&tasks[0], |stage| stage == Stage::AuditingTwice);
		let (leaf, check) = Checks::<Test>::iter_prefix(tasks[0]).next().unwrap();
		let (original, copier) = (check.first.unwrap(), check.second.unwrap().operator);
		let Answer::Committed(commitment) = original.answer else { panic!() };
		send(copier.clone(), Call::commit_audit { task: tasks[0], leaf, commitment }).unwrap();
		world.until_dawn_of(&tasks[0], |stage| stage == Stage::Comparing);
		// Now the original is opened, and everybody knows its value and its salt.
		let finding = world.jobs[&tasks[0]].audit(leaf, check.opening.unwrap().0, Conduct::Honest).unwrap();
		let reveal = |salt| Call::reveal_audit { task: tasks[0], leaf, finding, salt };
		send(original.operator.clone(), reveal(World::salt(&original.operator))).unwrap();
		refused(copier.clone(), reveal(World::salt(&original.operator)), Error::<Test>::WrongOpening);
		refused(copier.clone(), reveal(World::salt(&copier)), Error::<Test>::WrongOpening);
		// So it was silent after the reveal, and pays for the jury that meets over its leaf.
		let world = world.auditors([copier.clone()], Conduct::Withhold);
		assert_eq!(world.until_ended(&tasks[0]), Conclusion::Accepted);
		assert!(TrustLock::locked(&copier) < 1_000 * OGPU);
	});
}

#[test]
fn sybil_split() {
	let stake = |part: Balance| part * 1_003 * OGPU / 7;
	// Each of nine others has as much as the attacker has in all: in one account, or unevenly in seven.
	let seats = |parts: &[Balance]| {
		let mut all = 0;
		story(|| {
			let sybils: Vec<_> = (0..parts.len() as u8).map(|number| account(200 + number)).collect();
			for sybil in &sybils {
				newcomer(sybil, SeatBond::get());
				send(sybil.clone(), Call::offer_seats { capabilities: 1, device: None }).unwrap();
			}
			let mine = sybils.iter().cloned().zip(parts.iter().map(|part| stake(*part)));
			seat((0..9).map(|number| (verifier(number), stake(7))).chain(mine));
			let table = Tables::<Test>::get(CurrentTable::<Test>::get()).unwrap();
			let held = table.holders.iter().filter(|holder| sybils.contains(&holder.operator));
			all = held.map(|holder| holder.seats).sum();
			assert_eq!(table.holders.iter().map(|holder| holder.seats).sum::<u32>(), 1_000_000);
		});
		all
	};
	let whole = seats(&[7]);
	assert_eq!(whole, 100_000);
	for split in [&[1; 7][..], &[4, 2, 1], &[6, 1], &[3, 3, 1]] {
		assert!(seats(split).abs_diff(whole) <= 1, "{split:?}: {}", seats(split));
	}
	// On a jury, seats count and not accounts: two of three seats are two of three, whoever holds them.
	let claimed = [1; 32];
	let rules = Rules { draw_seats: 3, margin_seats: 1, cap_seats: 3, redraw_seats: 0 };
	let vote = |seats, digest| Ballot { seats, finding: Some(Ok(Vote { digest, binding: digest })) };
	let verdict = |ballots: &[Ballot]| match Dispute::open(rules, claimed, 1_000_000) {
		Next::Draw(dispute, 3) => dispute.round(ballots),
		other => other,
	};
	assert_eq!(
		verdict(&[vote(2, claimed), vote(1, [2; 32])]),
		verdict(&[vote(1, claimed), vote(1, claimed), vote(1, [2; 32])])
	);
}

#[test]
fn heavy_leaf() {
	// Deadlines give a leaf its time, twice; none may be without time, nor without end.
	for leaf_blocks in [1, 10, 600] {
		story(|| {
			let mut job = Job::new(1, 20, &[], Class::STANDARD);
			job.request.leaf_blocks = leaf_blocks;
			job.open().unwrap();
			let task = job.task;
			let world = World::with([job]).auditors(verifiers(), Conduct::Lie);
			world.until_dawn_of(&task, |stage| stage == Stage::Auditing);
			assert_eq!(Tasks::<Test>::get(task).unwrap().due, ClockAt::get() + 20 + 2 * leaf_blocks);
			let jury = || Juries::<Test>::iter_prefix_values(task).next();
			world.until_dawn(|| jury().is_some_and(|jury| matches!(jury.stage, JuryStage::Voting { .. })));
			assert_eq!(jury().unwrap().due, ClockAt::get() + 20 + 2 * leaf_blocks);
			assert_eq!(world.until_ended(&task), Conclusion::Accepted);
		});
	}
	story(|| {
		for leaf_blocks in [0, u32::MAX, u32::MAX / 2, 10_000_000] {
			let mut job = Job::new(1, 20, &[], Class::STANDARD);
			(job.request.leaf_blocks, job.request.seed_from) = (leaf_blocks, 2);
			not_opened(&mut job, Error::<Test>::NothingAtStake);
		}
	});
}

#[test]
fn a_fork_that_replays_a_reveal() {
	story(|| {
		let mut job = Job::new(1, 20, &[], Class { doubled_billionths: 1_000_000_000, ..Class::STANDARD });
		job.open().unwrap();
		let (task, world) = (job.task, World::with([job.clone()]));
		// On another branch the result and an audit were revealed already. Here, both are too early.
		world.until_dawn_of(&task, |stage| stage == Stage::Auditing);
		let (leaf, check) = Checks::<Test>::iter_prefix(task).next().unwrap();
		let (auditor, opening) = (check.first.unwrap().operator, check.opening.unwrap());
		let finding = job.audit(leaf, opening.0, Conduct::Honest).unwrap();
		let replay = Call::reveal_audit { task, leaf, finding, salt: World::salt(&auditor) };
		let result = Call::reveal { task, outcome: job.outcome(), salt: SALT };
		refused(auditor.clone(), replay.clone(), Error::<Test>::WrongPhase);
		refused(account(77), result.clone(), Error::<Test>::WrongPhase);
		// Who saw them there can commit to the same value, which it will have computed by then, but not in another's name.
		world.until_dawn_of(&task, |stage| stage == Stage::AuditingTwice);
		let copier = Checks::<Test>::get(task, leaf).unwrap().second.unwrap().operator;
		let commitment = World::commitment(&job, leaf, 0, &auditor, &finding);
		send(copier.clone(), Call::commit_audit { task, leaf, commitment }).unwrap();
		refused(account(77), result.clone(), Error::<Test>::WrongPhase);
		world.until_dawn_of(&task, |stage| stage == Stage::Revealing);
		send(account(77), result).unwrap();
		world.until_dawn_of(&task, |stage| stage == Stage::Comparing);
		refused(copier, replay.clone(), Error::<Test>::WrongOpening);
		// Whom it was replayed against reveals in time, and is not punished.
		send(auditor.clone(), replay).unwrap();
		let world = world.auditors(verifiers(), Conduct::Withhold);
		assert_eq!(world.until_ended(&task), Conclusion::Accepted);
		assert_eq!(TrustLock::locked(&auditor), 1_000 * OGPU);
		assert_eq!(TrustLock::locked(&provider()), 1_000 * OGPU);
	});
}

#[test]
fn finality_that_lags() {
	story(|| {
		// In the middle of each phase the clock stands still for long, and nobody can act.
		let mut job = Job::new(1, 20, &[], Class { doubled_billionths: 1_000_000_000, ..Class::STANDARD });
		job.open().unwrap();
		let (task, world) = (job.task, World::with([job]));
		let mut phases = 0;
		while conclusion(&task).is_none() {
			let before = stage(&task);
			world.everybody_acts();
			next_block(0);
			if stage(&task) != before {
				phases += 1;
				IsClockStopped::set(&true);
				(0..300).for_each(|_| next_block(0));
				IsClockStopped::set(&false);
			}
		}
		assert!(phases >= 8);
		assert_eq!(conclusion(&task), Some(Conclusion::Accepted));
		assert!(verifiers().chain([provider()]).all(|who| TrustLock::locked(&who) == 1_000 * OGPU));
		assert_eq!(Strikes::<Test>::iter().count(), 0);
		next_session();
		assert!(Rewarded::get().iter().all(|(_, share)| *share == 1_000_000_000));
	});
}

#[test]
fn commitments_timed_for_a_friendly_run_of_authors() {
	// The height of the seed was fixed with the work. Whoever commits, early or late, is drawn the same.
	let drawn = |luck: u64, committed_at: u32| {
		let mut drawn = Vec::new();
		story(|| {
			while System::block_number() < committed_at {
				next_block(luck);
			}
			let mut job = Job::new(1, 40, &[], Class { leaves_billionths: 100_000_000, ..Class::STANDARD });
			job.request.seed_from = 60;
			job.open().unwrap();
			let (task, mut world) = (job.task, World::with([job]));
			world.luck = luck;
			world.until_dawn_of(&task, |stage| stage == Stage::Opening);
			assert_eq!(System::block_number(), 76);
			drawn = Checks::<Test>::iter_prefix(task).map(|(leaf, it)| (leaf, it.first.unwrap().seat)).collect();
			drawn.sort();
		});
		drawn
	};
	let mut all = std::collections::BTreeSet::new();
	for luck in 0..60 {
		let early = drawn(luck, 1);
		assert!([2, 30, 59].into_iter().all(|committed_at| drawn(luck, committed_at) == early));
		all.insert(early);
	}
	assert_eq!(all.len(), 60, "and other authors draw otherwise");
	// When the first of them has made its block it is too late.
	story(|| {
		while System::block_number() < 60 {
			next_block(0);
		}
		let mut job = Job::new(1, 40, &[], Class::STANDARD);
		job.request.seed_from = 60;
		not_opened(&mut job, Error::<Test>::WrongSeedHeight);
	});
}

/// How likely a jury ends how, if so many of the seats lie, by trying all that can be drawn.
fn verdicts(next: Next, honest: u32, liars: u32, likely: f64, sum: &mut BTreeMap<Option<u8>, f64>) {
	let (dispute, draws) = match next {
		Next::Decided(verdict, _) => return *sum.entry(Some(verdict as u8)).or_default() += likely,
		Next::Void(_) => return *sum.entry(None).or_default() += likely,
		Next::Draw(dispute, draws) => (dispute, draws),
	};
	let choose = |of: u32, some: u32| (0..some).map(|i| f64::from(of - i) / f64::from(i + 1)).product::<f64>();
	for lying in 0..=draws {
		let chance = choose(liars, lying) * choose(honest, draws - lying) / choose(honest + liars, draws);
		let vote = |seats, digest| Ballot { seats, finding: Some(Ok(Vote { digest, binding: digest })) };
		let ballots = [vote(draws - lying, [1; 32]), vote(lying, [2; 32])];
		verdicts(dispute.round(&ballots), honest + lying - draws, liars - lying, likely * chance, sum);
	}
}

#[test]
fn verdict_rates_match_the_simulator() {
	const DISPUTES: u64 = 400;
	let rules = Rules { draw_seats: 3, margin_seats: 2, cap_seats: 9, redraw_seats: 0 };
	for liars in [3, 4] {
		// The auditor called the dispute and does not sit. It is a liar as often as there are liars.
		let mut expected = BTreeMap::new();
		for (seated_liars, likely) in [(liars - 1, liars), (liars, 10 - liars)] {
			let open = Dispute::open(rules, [1; 32], 900_000);
			let (lying, likely) = (100_000 * seated_liars, f64::from(likely) / 10.0);
			verdicts(open, 900_000 - lying, lying, likely, &mut expected);
		}
		assert!((expected.values().sum::<f64>() - 1.0).abs() < 1e-9);

		let mut counted = BTreeMap::<_, u64>::new();
		for luck in 0..DISPUTES {
			story(|| {
				let class = Class { doubled_billionths: 0, jury: rules, ..Class::STANDARD };
				let mut job = Job::new(1, 1, &[], class);
				job.open().unwrap();
				let task = job.task;
				let mut world = World::with([job]).auditors(verifiers(), Conduct::Lie);
				world.luck = luck;
				let world = world.jurors((0..liars as u8).map(verifier), Conduct::Lie);
				let verdict = || match Juries::<Test>::get(task, 0).map(|jury| jury.stage) {
					Some(JuryStage::Closed { verdict }) => Some(verdict.map(|verdict| verdict as u8)),
					_ => None,
				};
				world.until_dawn(|| verdict().is_some());
				*counted.entry(verdict().unwrap()).or_default() += 1;
			});
		}
		let ends = [Some(Verdict::Upheld as u8), Some(Verdict::Convicted as u8), None];
		assert_eq!(ends.iter().filter_map(|end| counted.get(end)).sum::<u64>(), DISPUTES);
		for end in ends {
			let (chance, count) = (expected[&end], counted.get(&end).copied().unwrap_or(0));
			let (mean, spread) = (chance * DISPUTES as f64, (DISPUTES as f64 * chance * (1.0 - chance)).sqrt());
			assert!((count as f64 - mean).abs() < 4.0 * spread, "{liars} liars, {end:?}: {count} and not {mean}");
			assert!(mean > 10.0, "rare enough to be interesting, and not too rare to be seen: {mean}");
		}
	}
}
