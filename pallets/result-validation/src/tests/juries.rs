//! Disputes: who sits, how often, and what comes of it.

use super::*;
use ogpu_protocol::{
	audit::{assign, double, leaves, Check},
	commitment::{domain, leaf_task, seed, Obstacle},
	jury::{Rules, Verdict},
	random::{Stream, Urn},
	seats::{allot, draw, Table, SEATS},
};
use std::collections::BTreeMap;

const TASK: H256 = H256::repeat_byte(1);
const FEE: Balance = OGPU / 100 + 7;

/// One leaf, one auditor, and a jury with these rules.
fn small(draw_seats: u32, margin_seats: u32, cap_seats: u32, redraw_seats: u32) -> Class {
	let jury = Rules { draw_seats, margin_seats, cap_seats, redraw_seats };
	Class { jury, doubled_billionths: 0, ..Class::STANDARD }
}

/// A job of one leaf, right or wrong, that goes to a jury, and the jurors of whom some behave otherwise.
fn dispute(wrong: &[u32], class: Class, others: impl IntoIterator<Item = u8>, conduct: Conduct, luck: u64) -> World {
	let mut job = Job::new(1, 1, wrong, class);
	job.request.leaf_fee = FEE;
	job.open().unwrap();
	let auditors = if wrong.is_empty() { Conduct::Lie } else { Conduct::Honest };
	let mut world = World::with([job]).auditors(verifiers(), auditors);
	world.luck = luck;
	world.jurors(others.into_iter().map(verifier), conduct)
}

/// The first luck with which a story takes a turn, and what there is to tell of it.
fn with_luck<Told>(tell: impl Fn(u64) -> Option<Told>) -> Told {
	let told = (0..500).find_map(|luck| {
		let mut told = None;
		story(|| told = tell(luck));
		told
	});
	told.expect("some luck brings it about")
}

/// The seats of each round.
fn rounds(leaf: u32) -> Vec<Vec<BallotOf<Test>>> {
	let rounds = (1..).map(|round| Ballots::<Test>::get(TASK, (leaf, round)).into_inner());
	rounds.take_while(|ballots| !ballots.is_empty()).collect()
}

fn seats(ballots: &[BallotOf<Test>]) -> u32 {
	ballots.iter().map(|ballot| ballot.seats.len() as u32).sum()
}

fn is_silent(ballot: &BallotOf<Test>) -> bool {
	!matches!(ballot.answer, Answer::Revealed(_))
}

#[test]
fn who_disagrees_only_prolongs_the_walk() {
	with_luck(|luck| {
		let world = dispute(&[0], Class { doubled_billionths: 0, ..Class::STANDARD }, 0..3, Conduct::Approve, luck);
		assert_eq!(world.until_ended(&TASK), Conclusion::Convicted);
		let rounds = rounds(0);
		assert!(rounds.iter().all(|round| seats(round) == 11), "nobody was silent");
		let all: Vec<_> = rounds.iter().flatten().flat_map(|ballot| ballot.seats.iter().copied()).collect();
		let different: std::collections::BTreeSet<_> = all.iter().collect();
		assert_eq!(different.len(), all.len(), "no seat votes twice in a dispute");
		let told = events().into_iter().filter(|event| matches!(event, Event::JurorsDrawn { seats: 11, .. })).count();
		assert_eq!(told, rounds.len());
		(rounds.len() > 2).then_some(())
	});
}

#[test]
fn silent_seats_are_replaced_by_as_many_and_do_not_count_to_the_cap() {
	// The cap is one round: without replacements three of three must agree.
	let heard = with_luck(|luck| {
		let world = dispute(&[0], small(3, 3, 3, 9), 0..5, Conduct::Silent, luck);
		assert_eq!(world.until_ended(&TASK), Conclusion::Convicted);
		let rounds = rounds(0);
		for pair in rounds.windows(2) {
			let silent: Vec<_> = pair[0].iter().filter(|ballot| is_silent(ballot)).cloned().collect();
			assert_eq!(seats(&silent), seats(&pair[1]));
		}
		let all = rounds.concat();
		let heard: Vec<_> = all.iter().filter(|ballot| !is_silent(ballot)).cloned().collect();
		(rounds.len() > 2).then(|| seats(&heard))
	});
	assert_eq!(heard, 3);
	// Who committed and does not reveal is replaced just so, and pays more.
	with_luck(|luck| {
		let world = dispute(&[0], small(3, 3, 3, 9), 0..5, Conduct::Withhold, luck);
		assert_eq!(world.until_ended(&TASK), Conclusion::Convicted);
		let withheld = rounds(0).concat().iter().filter(|ballot| is_silent(ballot)).count() as Balance;
		let fined: Balance = (0..5).map(|number| 1_000 * OGPU - TrustLock::locked(&verifier(number))).sum();
		assert_eq!(fined, withheld * 5 * FEE);
		(withheld > 1).then_some(())
	});
}

#[test]
fn silence_beyond_the_redraws_counts_and_the_dispute_ends() {
	story(|| {
		let world = dispute(&[0], small(3, 3, 6, 4), 0..10, Conduct::Silent, 0);
		assert_eq!(world.until_ended(&TASK), Conclusion::Void);
		// Three, their three replacements of whom only one is excused, three more by the cap.
		let drawn: Vec<_> = rounds(0).iter().map(|round| seats(round)).collect();
		assert_eq!(drawn, [3, 3, 1, 3]);
		assert_eq!(TrustLock::locked(&provider()), 1_000 * OGPU);
		let fined = events().into_iter().filter(|event| matches!(event, Event::Fined { .. })).count();
		assert_eq!(fined, rounds(0).concat().len(), "each time, each juror that said nothing");
	});
}

/// A jury of three that must agree, and does not.
fn undecided(checking: Balance, leaf_fee: Balance, luck: u64, challenged: bool) -> Option<World> {
	let mut job = Job::new(1, 2, &[], Class { leaves_billionths: 1, ..small(3, 3, 3, 0) });
	(job.request.leaf_fee, job.checking) = (leaf_fee, checking);
	job.open().unwrap();
	let auditors = if challenged { Conduct::Honest } else { Conduct::Lie };
	let mut world = World::with([job]).auditors(verifiers(), auditors).jurors((0..5).map(verifier), Conduct::Lie);
	world.luck = luck;
	if challenged {
		world.until_dawn_of(&TASK, |stage| stage == Stage::Challengeable);
		let leaf = (0..2).find(|leaf| !Checks::<Test>::contains_key(TASK, leaf)).unwrap();
		send(challenger(), Call::challenge { task: TASK, leaf }).unwrap();
	}
	Some(world)
}

#[test]
fn void_pays_the_jury_and_fines_nobody() {
	with_luck(|luck| {
		let world = undecided(OGPU, FEE, luck, true)?;
		let had: Vec<_> = verifiers().chain([provider(), challenger(), TREASURY]).map(|who| wealth(&who)).collect();
		if world.until_ended(&TASK) != Conclusion::Void {
			return None;
		}
		let has: Vec<_> = verifiers().chain([provider(), challenger(), TREASURY]).map(|who| wealth(&who)).collect();
		assert!(events().iter().all(|event| !matches!(event, Event::Fined { .. })));
		// All who computed are paid, whatever they found; all else is as it was, bonds of challenges included.
		let jurors = Records::<Test>::get(TASK).unwrap().executions as Balance;
		assert_eq!(has.iter().sum::<Balance>() - had.iter().sum::<Balance>(), jurors * FEE);
		assert_eq!(has[10..], had[10..]);
		Some(())
	});
}

#[test]
fn the_jury_of_a_void_is_paid_by_the_client_then_the_challenger_then_the_treasury() {
	// Nothing is left for checking: the auditor was paid by the commons, and the bond pays the jury.
	with_luck(|luck| {
		let world = undecided(0, FEE, luck, true)?;
		let had = [challenger(), TREASURY].map(|who| wealth(&who));
		let is_void = world.until_ended(&TASK) == Conclusion::Void;
		let bill = Records::<Test>::get(TASK).unwrap().executions as Balance * FEE;
		let has = [challenger(), TREASURY].map(|who| wealth(&who));
		is_void.then(|| assert_eq!([had[0] - has[0], had[1] - has[1]], [bill, 0]))
	});
	// Nobody challenged: the treasury pays within its grant, and then the commons.
	with_luck(|luck| {
		let leaf_fee = 4 * OGPU;
		let world = undecided(0, leaf_fee, luck, false)?;
		let (had, commons) = (wealth(&TREASURY), Commons::<Test>::get());
		let is_void = world.until_ended(&TASK) == Conclusion::Void;
		let jurors = Records::<Test>::get(TASK).unwrap().executions as Balance;
		(is_void && jurors == 3).then(|| {
			assert_eq!(had - wealth(&TREASURY), 10 * OGPU);
			assert_eq!(Granted::<Test>::get(), 10 * OGPU);
			// The auditor and what the treasury does not pay.
			assert_eq!(commons - Commons::<Test>::get(), 4 * OGPU + 2 * OGPU);
			next_session();
			assert_eq!(Granted::<Test>::get(), 0);
		})
	});
}

#[test]
fn an_auditor_is_paid_once_though_its_leaf_is_challenged() {
	with_luck(|luck| {
		let world = dispute(&[], small(3, 3, 3, 0), [], Conduct::Honest, luck);
		let world = world.auditors(verifiers(), Conduct::Honest).jurors((0..5).map(verifier), Conduct::Lie);
		world.until_dawn_of(&TASK, |stage| stage == Stage::Challengeable);
		send(challenger(), Call::challenge { task: TASK, leaf: 0 }).unwrap();
		if world.until_ended(&TASK) != Conclusion::Void {
			return None;
		}
		let jurors = Records::<Test>::get(TASK).unwrap().executions as usize;
		assert_eq!(events().iter().filter(|event| matches!(event, Event::Paid { .. })).count(), jurors + 1);
		Some(())
	});
}

#[test]
fn where_nobody_may_sit_nothing_is_decided() {
	story(|| {
		let world = dispute(&[0], Class::STANDARD, [], Conduct::Honest, 0);
		world.until_dawn_of(&TASK, |stage| stage == Stage::Comparing);
		let table = Tasks::<Test>::get(TASK).unwrap().table;
		Tables::<Test>::mutate(table, |table| table.as_mut().unwrap().holders = Default::default());
		assert_eq!(world.until_ended(&TASK), Conclusion::Void);
	});
	// Nor where nobody may audit.
	story(|| {
		let world = dispute(&[0], Class::STANDARD, [], Conduct::Honest, 0);
		let table = Tasks::<Test>::get(TASK).unwrap().table;
		Tables::<Test>::mutate(table, |table| table.as_mut().unwrap().holders = Default::default());
		assert_eq!(world.until_ended(&TASK), Conclusion::Void);
	});
}

#[test]
fn the_minority_pays_five_checks_and_the_majority_is_paid_for_one() {
	with_luck(|luck| {
		let world = dispute(&[0], small(3, 3, 30, 0), 0..3, Conduct::Approve, luck);
		let auditor = {
			world.until_dawn_of(&TASK, |stage| stage == Stage::Comparing);
			Checks::<Test>::get(TASK, 0).unwrap().first.unwrap().operator
		};
		let had: BTreeMap<_, _> = verifiers().map(|who| (who.clone(), wealth(&who))).collect();
		if world.until_ended(&TASK) != Conclusion::Convicted {
			return None;
		}
		let mut due: BTreeMap<_, i128> = verifiers().map(|who| (who, 0)).collect();
		*due.get_mut(&auditor).unwrap() += FEE as i128;
		let mut lost = 0;
		for ballot in rounds(0).concat() {
			let is_wrong = (0..3).any(|number| verifier(number) == ballot.operator);
			lost += u32::from(is_wrong);
			*due.get_mut(&ballot.operator).unwrap() += if is_wrong { -5 * FEE as i128 } else { FEE as i128 };
		}
		for (who, due) in due {
			assert_eq!(wealth(&who) as i128 - had[&who] as i128, due);
		}
		(lost > 1).then_some(())
	});
}

#[test]
fn an_operator_votes_once_with_all_seats_that_are_drawn_for_it() {
	with_luck(|luck| {
		seat(verifiers().map(|who| (who.clone(), if who == verifier(0) { 5_000 * OGPU } else { 100 * OGPU })));
		let world = dispute(&[0], small(11, 10, 99, 0), [], Conduct::Honest, luck);
		assert_eq!(world.until_ended(&TASK), Conclusion::Convicted);
		let ballots = rounds(0).concat();
		let large = ballots.iter().find(|ballot| ballot.operator == verifier(0))?;
		assert!(large.seats.len() > 3);
		assert_eq!((rounds(0).len(), seats(&ballots)), (1, 11));
		let paid = events().into_iter().filter(|event| matches!(event, Event::Paid { .. })).count();
		assert_eq!(paid, ballots.len() + 1, "each for one execution");
		assert_eq!(Records::<Test>::get(TASK).unwrap().executions, ballots.len() as u32);
		Some(())
	});
}

#[test]
fn who_has_spoken_does_not_judge_unless_nobody_else_is_left() {
	let sat = |doubled_billionths: u32, challenges: bool| {
		let mut sat = Vec::new();
		story(|| {
			seat([(verifier(0), 1_000 * OGPU), (verifier(1), 1_000 * OGPU)]);
			let class = Class { doubled_billionths, ..Class::STANDARD };
			let conduct = if challenges { Conduct::Honest } else { Conduct::Lie };
			let world = dispute(&[], class, [], Conduct::Honest, 0).auditors(verifiers(), conduct);
			if challenges {
				world.until_dawn_of(&TASK, |stage| stage == Stage::Challengeable);
				let auditor = Checks::<Test>::get(TASK, 0).unwrap().first.unwrap().operator;
				let other = if auditor == verifier(0) { verifier(1) } else { verifier(0) };
				send(other, Call::challenge { task: TASK, leaf: 0 }).unwrap();
			}
			assert_eq!(world.until_ended(&TASK), Conclusion::Accepted);
			let check = Checks::<Test>::get(TASK, 0).unwrap();
			sat =
				rounds(0)[0].iter().map(|it| check.auditors().any(|auditor| auditor.operator == it.operator)).collect();
		});
		sat
	};
	assert_eq!(sat(0, false), [false], "the auditor does not sit");
	assert_eq!(sat(1_000_000_000, false), [true; 2], "both have audited, so both sit");
	assert_eq!(sat(0, true).len(), 2, "one has audited, and one has challenged");
}

#[test]
fn juries_meet_one_after_the_other_until_one_ends_the_task() {
	let upheld = (Conduct::Honest, Some(Verdict::Upheld));
	let undecided = (Conduct::Silent, None);
	let input = (Conduct::Obstacle(Obstacle::InputInvalid), Some(Verdict::InputAtFault));
	let wrong = (Conduct::Lie, Some(Verdict::Convicted));
	let cases = [
		(vec![upheld, upheld], 2, Conclusion::Accepted),
		(vec![upheld, undecided, upheld], 2, Conclusion::Void),
		(vec![upheld, input, wrong], 2, Conclusion::InputAtFault),
		(vec![upheld, upheld, wrong, input, undecided], 3, Conclusion::Convicted),
	];
	for (leaves, heard, ends) in cases {
		story(|| {
			let class = Class { doubled_billionths: 0, jury: Class::STANDARD.jury, ..Class::ASSURED };
			let mut job = Job::new(1, leaves.len() as u32, &[], class);
			job.open().unwrap();
			let mut world = World::with([job]).auditors(verifiers(), Conduct::Lie);
			world.leaves = (0..).zip(&leaves).map(|(leaf, (conduct, _))| (leaf, *conduct)).collect();
			world.until(|| {
				let sitting = Juries::<Test>::iter_prefix_values(TASK).filter(JuryRecord::is_sitting).count();
				assert!(sitting <= 1, "there is one to pay for it");
				conclusion(&TASK).is_some()
			});
			assert_eq!(conclusion(&TASK), Some(ends));
			assert_eq!(Records::<Test>::get(TASK).unwrap().juries, heard);
			let closed: Vec<_> = events()
				.into_iter()
				.filter_map(|event| match event {
					Event::JuryClosed { leaf, verdict, .. } => Some((leaf, verdict)),
					_ => None,
				})
				.collect();
			let expected: Vec<_> = (0..heard).zip(&leaves).map(|(leaf, (_, verdict))| (leaf, *verdict)).collect();
			assert_eq!(closed, expected, "the lowest leaf comes first");
			world.until(|| stage(&TASK).is_none());
			let dropped = events().into_iter().find_map(|event| match event {
				Event::DisputesDropped { leaves, .. } => Some(leaves),
				_ => None,
			});
			assert_eq!(dropped.unwrap_or(0), leaves.len() as u32 - heard);
		});
	}
}

/// What authors added to the randomness of these blocks, as the chain shows it.
fn outputs(from: u32) -> Vec<[u8; 32]> {
	(from..from + 16).map(|block| AuthorOutputs::<Test>::get(block).unwrap().0).collect()
}

#[test]
fn everybody_can_draw_again_what_the_chain_drew() {
	with_luck(|luck| {
		let mut job = Job::new(1, 40, &[], Class { leaves_billionths: 200_000_000, ..Class::HIGH });
		job.open().unwrap();
		let (request, mut world) = (job.request.clone(), World::with([job]));
		world.luck = luck;
		world = world.auditors(verifiers(), Conduct::Lie).jurors((0..3).map(verifier), Conduct::Silent);

		// The table, from the stake.
		let allotted = allot(&[1_000 * OGPU; VERIFIERS as usize], SEATS).unwrap();
		let seats = verifiers().zip(allotted).collect::<BTreeMap<_, _>>();
		let table = Table::new(seats.clone()).unwrap();

		// The leaves and their auditors.
		world.until_dawn_of(&TASK, |stage| stage == Stage::Opening);
		let at = seed(blake2_256, &outputs(request.seed_from), &TASK.0, 0);
		let mut random = Stream::new(blake2_256, &domain::AUDIT_DRAWS, &at);
		let drawn = leaves(&mut random, 0..40, 1_000_000_000, 200_000_000, false);
		let mut checks = assign(&mut random, drawn, &table).unwrap();
		let of_chain = || {
			let seat = |auditor: Option<Auditor>| auditor.map(|auditor| auditor.seat);
			let mut checks: Vec<_> = Checks::<Test>::iter_prefix(TASK)
				.map(|(leaf, it)| Check { leaf, seat: seat(it.first).unwrap(), second_seat: seat(it.second) })
				.collect();
			checks.sort_by_key(|check| check.leaf);
			checks
		};
		assert_eq!(of_chain(), checks);

		// The second auditors.
		world.until_dawn_of(&TASK, |stage| matches!(stage, Stage::Doubling { .. }));
		let Some(Stage::Doubling { seed_from }) = stage(&TASK) else { panic!() };
		world.until_dawn_of(&TASK, |stage| stage == Stage::Revealing || stage == Stage::AuditingTwice);
		let at = seed(blake2_256, &outputs(seed_from), &TASK.0, 1);
		double(&mut Stream::new(blake2_256, &domain::SECOND_DRAWS, &at), &mut checks, 200_000_000, &table);
		assert_eq!(of_chain(), checks);

		// The jurors of every round on the first leaf.
		world.until_dawn_of(&TASK, |stage| matches!(stage, Stage::Judging { .. }));
		let leaf = checks[0].leaf;
		let spoken: Vec<_> =
			Checks::<Test>::get(TASK, leaf).unwrap().auditors().map(|it| it.operator.clone()).collect();
		let jurors = table.only(|operator| !spoken.contains(operator));
		let mut gone = Vec::new();
		for round in 1..=2 {
			let jury = || Juries::<Test>::get(TASK, leaf).unwrap();
			world.until_dawn(|| jury().round == round || !jury().is_sitting());
			let JuryStage::Drawing { seed_from } = jury().stage else { break };
			world.until_dawn(|| matches!(jury().stage, JuryStage::Voting { .. }));
			let at = seed(blake2_256, &outputs(seed_from), &leaf_task(blake2_256, &TASK.0, leaf), round);
			assert_eq!(jury().stage, JuryStage::Voting { seed: H256(at) });
			let mut urn = Urn::resume(jurors.seats().into(), gone.clone());
			let drawn = draw(&mut urn, &mut Stream::new(blake2_256, &domain::JUROR_DRAWS, &at), jury().draws);
			let groups = jurors.group(drawn.iter().copied());
			let ballots = Ballots::<Test>::get(TASK, (leaf, round));
			let of_chain: BTreeMap<_, _> = ballots.iter().map(|it| (&it.operator, it.seats.len() as u32)).collect();
			assert_eq!(of_chain, groups);
			gone.extend(drawn.into_iter().map(u64::from));
			if round == 2 {
				return Some(());
			}
		}
		None
	});
}

/// A result of a provider that is hardly ever audited.
fn trusted(wrong: &[u32]) -> Job {
	for _ in 0..20 {
		TrustLock::audited(&provider(), 1_000 * OGPU);
	}
	let mut job = Job::new(1, 40, wrong, Class { audit_billionths: 1, ..Class::ECONOMY });
	job.request.leaf_fee = FEE;
	job.open().unwrap();
	job
}

#[test]
fn a_racer_that_is_right_has_found_the_provider_out() {
	story(|| {
		let world = World::with([trusted(&[39])]);
		let had = wealth(&challenger());
		<Validations as Validation>::alarm(TASK, &challenger()).unwrap();
		assert_eq!(world.until_ended(&TASK), Conclusion::Convicted);
		assert_eq!(Records::<Test>::get(TASK).unwrap().drawn, 40, "all leaves are audited");
		// A fifth of the bond.
		assert_eq!(wealth(&challenger()) - had, 20 * OGPU);
	});
}

#[test]
fn a_racer_that_is_wrong_pays_for_the_audit_that_it_caused() {
	story(|| {
		let world = World::with([trusted(&[])]);
		<Validations as Validation>::alarm(TASK, &challenger()).unwrap();
		world.until_dawn_of(&TASK, |stage| stage == Stage::Challengeable);
		let (commons, issued) = (Commons::<Test>::get(), Balances::total_issuance());
		let left = Tasks::<Test>::get(TASK).unwrap().checking;
		assert_eq!(world.until_ended(&TASK), Conclusion::Accepted);
		assert_eq!(1_000 * OGPU - TrustLock::locked(&challenger()), 45 * FEE);
		assert_eq!(Commons::<Test>::get() - commons, 40 * FEE + left);
		assert_eq!(issued - Balances::total_issuance(), 5 * FEE);
	});
}

#[test]
fn a_large_task_is_audited_as_far_as_may_be_looked_at() {
	story(|| {
		let mut job = Job::new(1, 1_000, &[], Class::STANDARD);
		job.open().unwrap();
		<Validations as Validation>::alarm(TASK, &challenger()).unwrap();
		let world = World::with([job]);
		assert_eq!(world.until_ended(&TASK), Conclusion::Accepted);
		assert_eq!(Records::<Test>::get(TASK).unwrap().drawn, 63);
	});
}

#[test]
fn the_first_that_was_right_is_the_finder_whoever_comes_later() {
	// The provider hides. Its friend challenges another leaf after it was caught.
	for (answers, wrong) in [(false, vec![30]), (true, vec![5, 30])] {
		story(|| {
			let mut job = Job::new(1, 40, &wrong, Class { leaves_billionths: 1, ..Class::STANDARD });
			job.answers = answers;
			job.open().unwrap();
			let mut world = World::with([job]);
			while Tasks::<Test>::get(TASK).unwrap().stage == Stage::Sealed {
				world.block();
			}
			world.luck += 1;
			let drawn: Vec<_> = Checks::<Test>::iter_key_prefix(TASK).collect();
			assert!(drawn.iter().all(|leaf| ![5, 30].contains(leaf)), "choose another luck: {drawn:?}");
			world.until_dawn_of(&TASK, |stage| stage == Stage::Challengeable);
			let friend = client();
			let had = [wealth(&challenger()), wealth(&friend)];
			send(challenger(), Call::challenge { task: TASK, leaf: 30 }).unwrap();
			send(friend.clone(), Call::challenge { task: TASK, leaf: 5 }).unwrap();
			assert_eq!(world.until_ended(&TASK), Conclusion::Convicted);
			assert_eq!(wealth(&challenger()) - had[0], 20 * OGPU);
			// What the client gets anyway.
			assert_eq!(wealth(&friend) - had[1], 2 * OGPU);
		});
	}
}
