//! What is refused, and that a refusal changes nothing.

use super::*;
use ogpu_protocol::{
	commitment::{secret_commitment, Audit, Obstacle, Vote},
	jury::Rules,
};
use ogpu_staking_trustlock::{traits::DeviceKind, Error as LockError};
use sp_core::{ed25519, Pair};
use sp_runtime::{ArithmeticError, DispatchError, TokenError};

const TASK: H256 = H256::repeat_byte(1);
const SECRET: H256 = H256::repeat_byte(8);
const NOTHING: H256 = H256::zero();

fn stranger() -> AccountId32 {
	account(77)
}

/// Every leaf has two auditors, and the client has a secret.
fn job(wrong: &[u32]) -> Job {
	let mut job = Job::new(1, 8, wrong, Class { doubled_billionths: 1_000_000_000, ..Class::STANDARD });
	job.request.secret = Some(H256(secret_commitment(blake2_256, client().as_ref(), &SECRET.0)));
	job
}

/// The moments of a validation, in order, and what is in place then.
const MOMENTS: [(&str, &[&str]); 10] = [
	("sealed", &["reveal_secret"]),
	("opening", &["post_openings"]),
	("auditing", &["commit_audit"]),
	("doubling", &[]),
	("auditing twice", &["commit_audit"]),
	("revealing", &["reveal", "reveal_leaves"]),
	("comparing", &["reveal_audit"]),
	("challengeable", &["challenge", "accept", "reveal_leaves"]),
	("answering", &["reveal_leaves"]),
	("judging", &["commit_vote", "reveal_vote"]),
];

fn is_moment(name: &str, stage: Stage) -> bool {
	name == match stage {
		Stage::Sealed => "sealed",
		Stage::Opening => "opening",
		Stage::Auditing => "auditing",
		Stage::Doubling { .. } => "doubling",
		Stage::AuditingTwice => "auditing twice",
		Stage::Revealing => "revealing",
		Stage::Comparing => "comparing",
		Stage::Challengeable => "challengeable",
		Stage::Answering => "answering",
		Stage::Judging { .. } => "judging",
		Stage::Accepted | Stage::Closing { .. } => "over",
	}
}

/// A validation at the beginning of such a moment: nobody has acted in it.
fn at(name: &str, job: Job) -> World {
	let (task, mut job) = (job.task, job);
	job.open().unwrap();
	job.answers = name != "answering";
	let mut world = World::with([job]);
	if ["answering", "judging"].contains(&name) {
		world.until_dawn_of(&task, |stage| stage == Stage::Challengeable);
		send(challenger(), Call::challenge { task, leaf: undrawn(&task) }).unwrap();
	}
	world.until_dawn_of(&task, |stage| is_moment(name, stage));
	world.jobs.values_mut().for_each(|job| job.answers = true);
	world
}

fn undrawn(task: &H256) -> u32 {
	(0..).find(|leaf| !Checks::<Test>::contains_key(task, leaf)).unwrap()
}

fn drawn(task: &H256) -> (u32, CheckRecord) {
	Checks::<Test>::iter_prefix(task).find(|(_, check)| check.first.is_some()).unwrap()
}

fn juror(task: &H256) -> (u32, AccountId32) {
	let (leaf, jury) = Juries::<Test>::iter_prefix(task).next().unwrap();
	(leaf, Ballots::<Test>::get(task, (leaf, jury.round))[0].operator.clone())
}

fn shown(job: &Job, leaf: u32) -> Call<Test> {
	Call::reveal_leaves { task: job.task, reveals: vec![(leaf, job.reveal(leaf))].try_into().unwrap() }
}

fn posted(task: H256, openings: Vec<(u32, H256)>) -> Call<Test> {
	Call::post_openings { task, openings: openings.try_into().unwrap() }
}

/// One call of each kind about a task, by somebody who may make it if anybody may.
fn calls(job: &Job) -> Vec<(&'static str, AccountId32, Call<Test>)> {
	let task = job.task;
	let checks: Vec<_> = Checks::<Test>::iter_prefix(task).collect();
	let hidden = checks.iter().find(|(_, check)| check.digest.is_none()).map_or(0, |(leaf, _)| *leaf);
	let auditor = |wanted: fn(&Answer<Audit>) -> bool| {
		let seats = checks.iter().flat_map(|(leaf, check)| check.auditors().map(|auditor| (*leaf, auditor.clone())));
		let mut seats = seats.filter(|(_, auditor)| wanted(&auditor.answer));
		seats.next().map_or((hidden, verifier(0)), |(leaf, auditor)| (leaf, auditor.operator))
	};
	let (to_audit, auditor_to_commit) = auditor(|answer| *answer == Answer::Silent);
	let (audited, auditor_to_reveal) = auditor(|answer| matches!(answer, Answer::Committed(_)));
	let opening = checks.iter().find(|(leaf, _)| *leaf == audited).and_then(|(_, check)| check.opening);
	let finding = job.audit(audited, opening.unwrap_or_default().0, Conduct::Honest).unwrap();
	let salt = World::salt(&auditor_to_reveal);
	let openings = vec![(hidden, H256(job.opening(hidden)))];
	let vote = Err(Obstacle::OutputMissing);
	vec![
		("reveal_secret", client(), Call::reveal_secret { task, secret: SECRET }),
		("post_openings", provider(), posted(task, openings)),
		("commit_audit", auditor_to_commit, Call::commit_audit { task, leaf: to_audit, commitment: NOTHING }),
		("reveal", provider(), Call::reveal { task, outcome: job.outcome(), salt: SALT }),
		("reveal_leaves", provider(), shown(job, hidden)),
		("reveal_audit", auditor_to_reveal, Call::reveal_audit { task, leaf: audited, finding, salt }),
		("challenge", challenger(), Call::challenge { task, leaf: undrawn(&task) }),
		("commit_vote", verifier(0), Call::commit_vote { task, leaf: 0, commitment: NOTHING }),
		("reveal_vote", verifier(0), Call::reveal_vote { task, leaf: 0, finding: vote, salt: NOTHING }),
		("accept", client(), Call::accept { task }),
	]
}

#[test]
fn without_a_validation_there_is_nothing_to_say() {
	story(|| {
		for (name, who, call) in calls(&job(&[])) {
			let why = if name.ends_with("vote") { Error::<Test>::NoSuchJury } else { Error::NoSuchTask };
			refused(who, call, why);
		}
		refused(stranger(), Call::advance { item: Item::Task(TASK) }, Error::<Test>::NothingDue);
		refused(stranger(), Call::advance { item: Item::Jury(TASK, 0) }, Error::<Test>::NothingDue);
	});
}

#[test]
fn whatever_belongs_to_another_phase_is_refused() {
	for (moment, in_place) in MOMENTS {
		story(|| {
			let world = at(moment, job(&[]));
			let job = &world.jobs[&TASK];
			for (name, who, call) in calls(job) {
				if in_place.contains(&name) {
					continue;
				}
				let no_jury = name.ends_with("vote");
				refused(who, call, if no_jury { Error::<Test>::NoSuchJury } else { Error::WrongPhase });
			}
			assert_eq!(world.until_ended(&TASK), Conclusion::Accepted);
		});
	}
}

#[test]
fn what_is_in_place_works_until_the_deadline_and_not_after_it() {
	for (moment, in_place) in MOMENTS {
		for late in [false, true] {
			story(|| {
				let world = at(moment, job(&[]));
				// The agenda cannot move.
				StepWeight::set(&(2 * AgendaWeight::get().ref_time()));
				let leaf = Juries::<Test>::iter_prefix(TASK).next().map(|(leaf, _)| leaf);
				let item = leaf.map_or(Item::Task(TASK), |leaf| Item::Jury(TASK, leaf));
				let due = Validations::due(&item).unwrap();
				let advance = Call::advance { item };
				refused(stranger(), advance.clone(), Error::<Test>::TooEarly);
				ClockAt::set(&(due + u32::from(late)));
				for (name, who, call) in calls(&world.jobs[&TASK]) {
					// Who waits for a seed cannot vote, and leaves cannot be shown before what they are leaves of.
					let needs_more = name.ends_with("vote") || name == "reveal_leaves" && moment == "revealing";
					if !in_place.contains(&name) || needs_more {
						continue;
					}
					if late {
						refused(who, call, Error::<Test>::TooLate);
					} else if name == "accept" {
						// It was challenged a moment ago.
						refused(who, call, Error::<Test>::Challenged);
					} else if !(name == "reveal_leaves" && moment == "challengeable") {
						assert_eq!(send(who, call), Ok(()), "{name} when {moment}");
					}
				}
				if late {
					send(stranger(), advance).unwrap();
				} else {
					refused(stranger(), advance, Error::<Test>::TooEarly);
				}
			});
		}
	}
}

#[test]
fn votes_have_their_time() {
	story(|| {
		let world = at("judging", job(&[]));
		let jury = || Juries::<Test>::iter_prefix(TASK).next().unwrap().1;
		let leaf = Juries::<Test>::iter_prefix(TASK).next().unwrap().0;
		let commit = Call::commit_vote { task: TASK, leaf, commitment: NOTHING };
		let reveal = Call::reveal_vote { task: TASK, leaf, finding: Err(Obstacle::InputMissing), salt: NOTHING };
		refused(verifier(0), commit.clone(), Error::<Test>::WrongPhase);
		refused(verifier(0), reveal.clone(), Error::<Test>::WrongPhase);

		world.until_dawn(|| matches!(jury().stage, JuryStage::Voting { .. }));
		let who = juror(&TASK).1;
		refused(who.clone(), reveal.clone(), Error::<Test>::WrongPhase);
		refused(stranger(), commit.clone(), Error::<Test>::NotDrawn);
		refused(provider(), commit.clone(), Error::<Test>::NotDrawn);
		send(who.clone(), commit.clone()).unwrap();
		refused(who.clone(), commit.clone(), Error::<Test>::AlreadySaid);
		let other = Ballots::<Test>::get(TASK, (leaf, 1)).into_iter().find(|ballot| ballot.operator != who);
		let other = other.unwrap().operator;
		StepWeight::set(&(2 * AgendaWeight::get().ref_time()));
		ClockAt::set(&(jury().due + 1));
		refused(other.clone(), commit.clone(), Error::<Test>::TooLate);

		send(stranger(), Call::advance { item: Item::Jury(TASK, leaf) }).unwrap();
		refused(who.clone(), commit, Error::<Test>::WrongPhase);
		refused(other, reveal.clone(), Error::<Test>::NothingCommitted);
		refused(who.clone(), reveal.clone(), Error::<Test>::WrongOpening);
		ClockAt::set(&(jury().due + 1));
		refused(who.clone(), reveal.clone(), Error::<Test>::TooLate);
		StepWeight::set(&0);
		next_block(0);
		// The next round has not begun.
		refused(who, reveal, Error::<Test>::WrongPhase);
	});
}

#[test]
fn a_vote_opens_only_with_its_value_its_salt_and_in_its_round() {
	story(|| {
		let world = at("judging", job(&[]));
		let leaf = Juries::<Test>::iter_prefix(TASK).next().unwrap().0;
		let jury = || Juries::<Test>::get(TASK, leaf).unwrap();
		world.until_dawn(|| matches!(jury().stage, JuryStage::Voting { .. }));
		let JuryStage::Voting { seed } = jury().stage else { panic!() };
		let jurors: Vec<_> = Ballots::<Test>::get(TASK, (leaf, 1)).into_iter().map(|it| it.operator).collect();
		let job = &world.jobs[&TASK];
		let vote = job.vote(leaf, seed, Conduct::Honest).unwrap();
		let [first, second, third] = [0, 1, 2].map(|place| jurors[place].clone());
		let commit = |who: &AccountId32, commitment| {
			send(who.clone(), Call::commit_vote { task: TASK, leaf, commitment }).unwrap();
		};
		let own = World::commitment(job, leaf, 1, &first, &vote);
		commit(&first, own);
		// One copies it, another commits for the round that may come.
		commit(&second, own);
		commit(&third, World::commitment(job, leaf, 2, &third, &vote));
		while matches!(jury().stage, JuryStage::Voting { .. }) {
			next_block(world.luck);
		}
		let reveal = |finding, salt| Call::reveal_vote { task: TASK, leaf, finding, salt };
		let salt = World::salt(&first);
		refused(first.clone(), reveal(vote, NOTHING), Error::<Test>::WrongOpening);
		refused(first.clone(), reveal(Err(Obstacle::InputMissing), salt), Error::<Test>::WrongOpening);
		let unbound = vote.map(|vote| Vote { binding: [0; 32], ..vote });
		refused(first.clone(), reveal(unbound, salt), Error::<Test>::WrongOpening);
		refused(second.clone(), reveal(vote, salt), Error::<Test>::WrongOpening);
		refused(third.clone(), reveal(vote, World::salt(&third)), Error::<Test>::WrongOpening);
		refused(stranger(), reveal(vote, salt), Error::<Test>::NotDrawn);
		send(first.clone(), reveal(vote, salt)).unwrap();
		refused(first, reveal(vote, salt), Error::<Test>::AlreadySaid);
	});
}

#[test]
fn only_the_client_has_its_secret_and_only_before_the_seed() {
	story(|| {
		let mut job = job(&[]);
		job.request.seed_from = System::block_number() + 5;
		job.open().unwrap();
		let reveal = |secret| Call::reveal_secret { task: TASK, secret };
		refused(provider(), reveal(SECRET), Error::<Test>::NotYours);
		refused(client(), reveal(NOTHING), Error::<Test>::WrongOpening);
		send(client(), reveal(SECRET)).unwrap();
		refused(client(), reveal(SECRET), Error::<Test>::AlreadySaid);

		let mut late = Job { task: H256::repeat_byte(2), ..job.clone() };
		late.request.task = late.task;
		late.open().unwrap();
		let mut without = Job { task: H256::repeat_byte(3), ..job };
		(without.request.task, without.request.secret) = (without.task, None);
		without.open().unwrap();
		refused(client(), Call::reveal_secret { task: without.task, secret: SECRET }, Error::<Test>::NothingCommitted);
		while System::block_number() < late.request.seed_from {
			next_block(0);
		}
		refused(client(), Call::reveal_secret { task: late.task, secret: SECRET }, Error::<Test>::TooLate);
	});
}

#[test]
fn only_the_provider_posts_openings_and_only_once() {
	story(|| {
		let world = at("opening", job(&[]));
		let job = &world.jobs[&TASK];
		let (leaf, _) = drawn(&TASK);
		let opening = (leaf, H256(job.opening(leaf)));
		for who in [client(), verifier(0), stranger()] {
			refused(who, posted(TASK, vec![opening]), Error::<Test>::NotYours);
		}
		let other = undrawn(&TASK);
		refused(provider(), posted(TASK, vec![(other, NOTHING)]), Error::<Test>::NoSuchLeaf);
		refused(provider(), posted(TASK, vec![opening, (u32::MAX, NOTHING)]), Error::<Test>::NoSuchLeaf);
		refused(provider(), posted(TASK, vec![opening, opening]), Error::<Test>::AlreadySaid);
		send(provider(), posted(TASK, vec![opening])).unwrap();
		refused(provider(), posted(TASK, vec![(leaf, NOTHING)]), Error::<Test>::AlreadySaid);
	});
}

#[test]
fn only_a_drawn_auditor_audits_and_only_once() {
	story(|| {
		let world = at("auditing", job(&[]));
		let (leaf, check) = drawn(&TASK);
		let auditor = check.first.unwrap().operator;
		let commit = |leaf| Call::commit_audit { task: TASK, leaf, commitment: NOTHING };
		for who in verifiers().chain([provider(), client(), stranger()]).filter(|who| *who != auditor) {
			refused(who, commit(leaf), Error::<Test>::NotDrawn);
		}
		refused(auditor.clone(), commit(undrawn(&TASK)), Error::<Test>::NoSuchLeaf);
		refused(auditor.clone(), commit(u32::MAX), Error::<Test>::NoSuchLeaf);
		send(auditor.clone(), commit(leaf)).unwrap();
		refused(auditor.clone(), commit(leaf), Error::<Test>::AlreadySaid);

		// The first has had its time when the second commits.
		world.until_dawn_of(&TASK, |stage| stage == Stage::AuditingTwice);
		refused(auditor, commit(leaf), Error::<Test>::NotDrawn);
	});
}

#[test]
fn an_auditor_opens_what_it_committed_to() {
	story(|| {
		let world = at("auditing", job(&[])).auditors(verifiers(), Conduct::Silent);
		let job = &world.jobs[&TASK];
		let (leaf, check) = drawn(&TASK);
		let (first, opening) = (check.first.unwrap().operator, check.opening.unwrap());
		let finding = job.audit(leaf, opening.0, Conduct::Honest).unwrap();
		let commitment = World::commitment(job, leaf, 0, &first, &finding);
		send(first.clone(), Call::commit_audit { task: TASK, leaf, commitment }).unwrap();
		world.until_dawn_of(&TASK, |stage| stage == Stage::AuditingTwice);
		let copier = Checks::<Test>::get(TASK, leaf).unwrap().second.unwrap().operator;
		send(copier.clone(), Call::commit_audit { task: TASK, leaf, commitment }).unwrap();
		world.until_dawn_of(&TASK, |stage| stage == Stage::Comparing);

		let reveal = |leaf, finding, salt| Call::reveal_audit { task: TASK, leaf, finding, salt };
		let salt = World::salt(&first);
		refused(first.clone(), reveal(leaf, finding, NOTHING), Error::<Test>::WrongOpening);
		refused(first.clone(), reveal(leaf, Err(Obstacle::OutputMissing), salt), Error::<Test>::WrongOpening);
		let elsewhere = finding.map(|audit| Audit { opening: [0; 32], ..audit });
		refused(first.clone(), reveal(leaf, elsewhere, salt), Error::<Test>::WrongOpening);
		refused(first.clone(), reveal(undrawn(&TASK), finding, salt), Error::<Test>::NoSuchLeaf);
		refused(copier, reveal(leaf, finding, salt), Error::<Test>::WrongOpening);
		refused(stranger(), reveal(leaf, finding, salt), Error::<Test>::NotDrawn);
		send(first.clone(), reveal(leaf, finding, salt)).unwrap();
		refused(first, reveal(leaf, finding, salt), Error::<Test>::AlreadySaid);
	});
}

#[test]
fn who_did_not_commit_has_nothing_to_open() {
	story(|| {
		let world = at("auditing", job(&[])).auditors(verifiers(), Conduct::Silent);
		world.until_dawn_of(&TASK, |stage| stage == Stage::Comparing);
		let (leaf, check) = drawn(&TASK);
		let finding = Err(Obstacle::OutputMissing);
		let reveal = Call::reveal_audit { task: TASK, leaf, finding, salt: NOTHING };
		refused(check.first.unwrap().operator, reveal, Error::<Test>::NothingCommitted);
	});
}

#[test]
fn a_result_is_what_was_committed_to_and_leaves_are_proven() {
	story(|| {
		let world = at("revealing", job(&[]));
		let job = &world.jobs[&TASK];
		let (leaf, _) = drawn(&TASK);
		refused(provider(), shown(job, leaf), Error::<Test>::NotRevealed);
		let reveal = |outcome, salt| Call::reveal { task: TASK, outcome, salt };
		refused(provider(), reveal(job.outcome(), NOTHING), Error::<Test>::WrongOpening);
		let other = ogpu_protocol::commitment::Outcome { output: [2; 32], ..job.outcome() };
		refused(provider(), reveal(other, SALT), Error::<Test>::WrongOpening);
		// Whoever knows it may say it.
		send(stranger(), reveal(job.outcome(), SALT)).unwrap();
		refused(provider(), reveal(job.outcome(), SALT), Error::<Test>::AlreadySaid);

		let show = |reveals: Vec<_>| Call::reveal_leaves { task: TASK, reveals: reveals.try_into().unwrap() };
		let undrawn = undrawn(&TASK);
		refused(provider(), show(vec![(undrawn, job.reveal(undrawn))]), Error::<Test>::NoSuchLeaf);
		refused(provider(), show(vec![(8, job.reveal(7))]), Error::<Test>::NoSuchLeaf);
		let honest = job.reveal(leaf);
		let mut forgeries = vec![job.reveal((leaf + 1) % 8)];
		let mut forge = |change: fn(&mut ogpu_protocol::leaf::Reveal)| {
			let mut forgery = honest.clone();
			change(&mut forgery);
			forgeries.push(forgery);
		};
		forge(|it| it.leaf.leaf.output = [0; 32]);
		forge(|it| it.leaf.proof.truncate(2));
		forge(|it| it.leaf.proof.push([0; 32]));
		forge(|it| it.leaf.proof = vec![[0; 32]; 33]);
		forge(|it| it.leaf.proof = vec![[0; 32]; 10_000]);
		forge(|it| it.before = if it.before.is_some() { None } else { Some(it.leaf.clone()) });
		if honest.before.is_some() {
			forge(|it| it.before = Some(it.leaf.clone()));
			forge(|it| it.before.as_mut().unwrap().leaf.carry = [0; 32]);
			forge(|it| it.before.as_mut().unwrap().proof = vec![[0; 32]; 10_000]);
		}
		for forgery in forgeries {
			refused(provider(), show(vec![(leaf, forgery)]), Error::<Test>::WrongProof);
		}
		refused(provider(), show(vec![(leaf, honest.clone()), (leaf, honest.clone())]), Error::<Test>::AlreadySaid);
		send(stranger(), show(vec![(leaf, honest.clone())])).unwrap();
		refused(provider(), show(vec![(leaf, honest)]), Error::<Test>::AlreadySaid);
		assert_eq!(world.until_ended(&TASK), Conclusion::Accepted);
	});
}

#[test]
fn a_challenge_is_of_a_leaf_by_another_with_a_bond_and_once() {
	story(|| {
		let mut job = Job::new(1, 40, &[], Class::STANDARD);
		job.open().unwrap();
		let world = World::with([job]).auditors(verifiers(), Conduct::Lie);
		world.until_dawn_of(&TASK, |stage| stage == Stage::Challengeable);
		let challenge = |leaf| Call::challenge { task: TASK, leaf };
		let (judged, _) = Juries::<Test>::iter_prefix(TASK).next().unwrap();
		let leaves: Vec<_> = (0..40).filter(|leaf| !Checks::<Test>::contains_key(TASK, leaf)).collect();
		refused(provider(), challenge(leaves[0]), Error::<Test>::NotYours);
		refused(challenger(), challenge(40), Error::<Test>::NoSuchLeaf);
		refused(challenger(), challenge(u32::MAX), Error::<Test>::NoSuchLeaf);
		refused(challenger(), challenge(judged), Error::<Test>::AlreadyJudged);
		refused(stranger(), challenge(leaves[0]), TokenError::FundsUnavailable);
		send(challenger(), challenge(leaves[0])).unwrap();
		refused(challenger(), challenge(leaves[0]), Error::<Test>::AlreadyJudged);
		refused(client(), challenge(leaves[0]), Error::<Test>::AlreadyJudged);
		for (before, leaf) in leaves.iter().enumerate().take(8).skip(1) {
			send(challenger(), challenge(*leaf)).unwrap();
			let bond = Checks::<Test>::get(TASK, leaf).unwrap().challenge.unwrap().1;
			assert_eq!(bond, (2 * 11 * OGPU / 100) << before, "each twice as dear");
		}
		refused(challenger(), challenge(leaves[8]), Error::<Test>::TooManyChallenges);
		for who in [provider(), challenger(), stranger(), verifier(0)] {
			refused(who, Call::accept { task: TASK }, Error::<Test>::NotYours);
		}
		refused(client(), Call::accept { task: TASK }, Error::<Test>::Challenged);
		assert_eq!(world.until_ended(&TASK), Conclusion::Accepted);
	});
}

#[test]
fn a_client_waives_the_rest_of_the_window_once() {
	story(|| {
		let world = at("challengeable", job(&[]));
		send(client(), Call::accept { task: TASK }).unwrap();
		refused(client(), Call::accept { task: TASK }, Error::<Test>::TooLate);
		assert_eq!(world.until_ended(&TASK), Conclusion::Accepted);
	});
}

/// A key that works for an operator.
fn worker(operator: &AccountId32, number: u8) -> AccountId32 {
	let pair = ed25519::Pair::from_seed(&[number; 32]);
	let worker = AccountId32::from(pair.public());
	let consent = pair.sign(&TrustLock::consent(operator)).into();
	TrustLock::authorise_worker(RuntimeOrigin::signed(operator.clone()), worker.clone(), consent).unwrap();
	worker
}

#[test]
fn a_worker_key_speaks_for_its_operator_and_for_nobody_else() {
	story(|| {
		let world = at("opening", job(&[]));
		let job = &world.jobs[&TASK];
		let (hand, clients) = (worker(&provider(), 1), worker(&client(), 2));
		let hands: Vec<_> = (0..VERIFIERS).map(|number| worker(&verifier(number), 10 + number)).collect();
		let hand_of = |who: &AccountId32| hands[verifiers().position(|other| other == *who).unwrap()].clone();
		let (leaf, _) = drawn(&TASK);
		let openings = vec![(leaf, H256(job.opening(leaf)))];
		refused(clients.clone(), posted(TASK, openings.clone()), Error::<Test>::NotYours);
		send(hand.clone(), posted(TASK, openings)).unwrap();

		world.until_dawn_of(&TASK, |stage| stage == Stage::Auditing);
		let (_, check) = drawn(&TASK);
		let auditor = check.first.unwrap().operator;
		let finding = job.audit(leaf, check.opening.unwrap().0, Conduct::Honest).unwrap();
		let commitment = World::commitment(job, leaf, 0, &auditor, &finding);
		let commit = Call::commit_audit { task: TASK, leaf, commitment };
		for other in hands.iter().filter(|other| **other != hand_of(&auditor)) {
			refused(other.clone(), commit.clone(), Error::<Test>::NotDrawn);
		}
		send(hand_of(&auditor), commit).unwrap();
		world.until_dawn_of(&TASK, |stage| stage == Stage::Comparing);
		let reveal = Call::reveal_audit { task: TASK, leaf, finding, salt: World::salt(&auditor) };
		refused(clients.clone(), reveal.clone(), Error::<Test>::NotDrawn);
		send(hand_of(&auditor), reveal).unwrap();

		world.until_dawn_of(&TASK, |stage| stage == Stage::Challengeable);
		let challenge = Call::challenge { task: TASK, leaf: undrawn(&TASK) };
		refused(hand.clone(), challenge, Error::<Test>::NotYours);
		refused(hand, Call::accept { task: TASK }, Error::<Test>::NotYours);
		send(clients, Call::accept { task: TASK }).unwrap();
		assert_eq!(world.until_ended(&TASK), Conclusion::Accepted);
	});
}

#[test]
fn seats_are_offered_with_a_lock_and_with_devices_that_are_fast_enough() {
	story(|| {
		let offer = |capabilities, device| Call::offer_seats { capabilities, device };
		refused(stranger(), offer(1, None), LockError::<Test>::NotFree);
		refused(stranger(), Call::withdraw_seats {}, Error::<Test>::NoSeats);
		refused(challenger(), offer(0, None), Error::<Test>::NoSuchCapability);
		refused(challenger(), offer(4, None), Error::<Test>::NoSuchCapability);
		refused(challenger(), offer(u32::MAX, None), Error::<Test>::DeviceTooSlow);
		refused(challenger(), offer(2, None), Error::<Test>::DeviceTooSlow);
		refused(challenger(), offer(1, Some(9)), Error::<Test>::DeviceTooSlow);
		let register = |who: AccountId32| {
			let (name, endpoint) = (b"box".to_vec().try_into().unwrap(), Default::default());
			let origin = RuntimeOrigin::signed(who.clone());
			TrustLock::register_device(origin, DeviceKind::Cuda, name, 1, endpoint, who).unwrap();
		};
		register(challenger());
		register(client());
		refused(challenger(), offer(3, Some(0)), Error::<Test>::DeviceTooSlow);
		<TrustLock as Devices<_>>::measured(0, 999);
		<TrustLock as Devices<_>>::measured(1, 1_000);
		refused(challenger(), offer(3, Some(0)), Error::<Test>::DeviceTooSlow);
		refused(challenger(), offer(3, Some(1)), Error::<Test>::DeviceTooSlow);
		<TrustLock as Devices<_>>::measured(0, 1_000);
		send(challenger(), offer(3, Some(0))).unwrap();
		assert_eq!(<TrustLock as Collateral<_>>::pinned(&challenger(), SEAT), SeatBond::get());
		// Another offer replaces it, and takes no second bond.
		send(challenger(), offer(1, None)).unwrap();
		assert_eq!(Offers::<Test>::get(challenger()), Some(1));
		send(challenger(), Call::withdraw_seats {}).unwrap();
		refused(challenger(), Call::withdraw_seats {}, Error::<Test>::StillSeated);
		assert_eq!(<TrustLock as Collateral<_>>::pinned(&challenger(), SEAT), SeatBond::get());
		// Who comes back has its bond pinned already.
		send(challenger(), offer(1, None)).unwrap();
		send(challenger(), Call::withdraw_seats {}).unwrap();
		next_session();
		send(challenger(), Call::withdraw_seats {}).unwrap();
		refused(challenger(), Call::withdraw_seats {}, Error::<Test>::NoSeats);
		assert_eq!(<TrustLock as Collateral<_>>::pinned(&challenger(), SEAT), 0);
	});
}

#[test]
fn what_makes_no_sense_is_not_opened() {
	story(|| {
		System::set_block_number(5);
		let fresh = || Job::new(1, 40, &[], Class::STANDARD);
		let refuse = |why: Error<Test>, change: fn(&mut Request)| {
			let mut job = fresh();
			job.request.seed_from = System::block_number() + 1;
			change(&mut job.request);
			not_opened(&mut job, why);
		};
		refuse(Error::NoLeaves, |it| it.leaves = 0);
		refuse(Error::TooManyLeaves, |it| it.leaves = u32::MAX);
		refuse(Error::TooManyLeaves, |it| it.leaves = 1_281);
		refuse(Error::TooManyLeaves, |it| (it.leaves, it.is_milestone) = (1_280, true));
		refuse(Error::TooManyLeaves, |it| (it.leaves, it.class) = (65, Class::ASSURED));
		refuse(Error::NonsensicalClass, |it| it.class.audit_billionths = 0);
		refuse(Error::NonsensicalClass, |it| it.class.leaves_billionths = 1_000_000_001);
		refuse(Error::NonsensicalClass, |it| it.class.jury.margin_seats = 0);
		refuse(Error::NonsensicalClass, |it| it.class.jury.cap_seats = u32::MAX);
		refuse(Error::NonsensicalClass, |it| it.class.jury.redraw_seats = u32::MAX);
		refuse(Error::NonsensicalClass, |it| it.class.jury = Rules { draw_seats: 24, ..Class::HIGH.jury });
		refuse(Error::NothingAtStake, |it| it.fee = 0);
		refuse(Error::NothingAtStake, |it| it.leaf_fee = 0);
		refuse(Error::NothingAtStake, |it| it.leaf_blocks = 0);
		refuse(Error::NothingAtStake, |it| it.leaf_blocks = u32::MAX);
		refuse(Error::WrongSeedHeight, |it| it.seed_from = System::block_number());
		refuse(Error::WrongSeedHeight, |it| it.seed_from = System::block_number() - 1);
		refuse(Error::WrongSeedHeight, |it| it.seed_from = System::block_number() + 1_001);
		refuse(Error::WrongSeedHeight, |it| it.seed_from = u32::MAX);
		refuse(Error::TooFewSeats, |it| it.capability = 1);
		refuse(Error::TooFewSeats, |it| it.capability = 32);
		refuse(Error::TooFewSeats, |it| it.capability = u8::MAX);
		refuse(Error::FeeTooHigh, |it| it.fee = 1_000 * OGPU + 1);
		refuse(Error::FeeTooHigh, |it| it.fee = u128::MAX);
		// The client's own seats do not stand for it.
		refuse(Error::FeeTooHigh, |it| (it.fee, it.client) = (1_000 * OGPU, verifier(0)));
		let mut largest = fresh();
		largest.request.fee = 1_000 * OGPU;
		largest.open().unwrap();
	});
}

#[test]
fn nobody_judges_its_own_cause() {
	story(|| {
		seat([(verifier(0), OGPU)]);
		let mut of_client = Job::new(1, 40, &[], Class::STANDARD);
		of_client.request.client = verifier(0);
		for mut job in [of_client, Job::new(1, 40, &[], Class::STANDARD).by(verifier(0))] {
			(job.request.seed_from, job.request.fee) = (System::block_number() + 1, 1);
			not_opened(&mut job, Error::<Test>::TooFewSeats);
		}
	});
}

#[test]
fn a_task_is_opened_once() {
	story(|| {
		let mut job = Job::new(1, 40, &[], Class::STANDARD);
		job.open().unwrap();
		let world = World::with([job.clone()]);
		let again = |job: &Job| <Validations as Validation>::open(job.request.clone(), OGPU, &client());
		let mut cheap = Job::new(2, 40, &[], Class::STANDARD);
		cheap.request.seed_from = System::block_number() + 1;
		let less = cheap.asked() - 1;
		let open = || <Validations as Validation>::open(cheap.request, less, &client());
		assert_eq!(frame_support::storage::with_storage_layer(open), Err(Error::<Test>::CheckingTooLow.into()));
		assert_eq!(again(&job), Err(Error::<Test>::AlreadyOpened.into()));
		assert_eq!(world.until_ended(&TASK), Conclusion::Accepted);
		not_opened(&mut job.clone(), Error::<Test>::AlreadyOpened);
		world.until(|| stage(&TASK).is_none());
		not_opened(&mut job, Error::<Test>::AlreadyOpened);
	});
}

#[test]
fn a_provider_has_so_many_open_validations_and_a_client_what_it_pays() {
	story(|| {
		let mut poor = Job::new(20, 40, &[], Class::STANDARD);
		poor.checking = 9_000 * OGPU - LEAST + 1;
		not_opened(&mut poor, TokenError::Frozen);
		poor.checking = u128::MAX;
		let root = || sp_io::storage::root(sp_runtime::StateVersion::V1);
		let before = root();
		assert!(frame_support::storage::with_storage_layer(|| poor.open()).is_err());
		assert_eq!(root(), before);
		for number in 1..=16 {
			Job::new(number, 40, &[], Class::STANDARD).open().unwrap();
		}
		not_opened(&mut Job::new(17, 40, &[], Class::STANDARD), Error::<Test>::TooManyOpen);
	});
}

#[test]
fn an_alarm_comes_once_from_another_and_before_the_seed_begins() {
	story(|| {
		let alarm = |finder: &AccountId32| <Validations as Validation>::alarm(TASK, finder);
		let not = |why: Error<Test>| Err::<(), DispatchError>(why.into());
		assert_eq!(alarm(&challenger()), not(Error::NoSuchTask));
		let mut job = job(&[]);
		job.open().unwrap();
		assert_eq!(alarm(&provider()), not(Error::NotYours));
		// While the clock stands still, blocks come all the same.
		IsClockStopped::set(&true);
		while System::block_number() < job.request.seed_from {
			next_block(0);
		}
		assert_eq!(stage(&TASK), Some(Stage::Sealed));
		assert_eq!(alarm(&challenger()), not(Error::TooLate));
		IsClockStopped::set(&false);

		let mut second = Job::new(2, 40, &[], Class::STANDARD);
		second.open().unwrap();
		let alarm = |finder: &AccountId32| <Validations as Validation>::alarm(second.task, finder);
		alarm(&challenger()).unwrap();
		assert_eq!(alarm(&client()), not(Error::AlreadySaid));
		let world = World::with([job, second.clone()]);
		world.until_stage(&second.task, |stage| stage == Stage::Opening);
		assert_eq!(alarm(&client()), not(Error::WrongPhase));
	});
}

#[test]
fn the_largest_amounts_break_nothing() {
	story(|| {
		let mut job = Job::new(1, 8, &[0, 1, 2, 3, 4, 5, 6, 7], Class::ASSURED);
		(job.request.leaf_fee, job.request.spent) = (u128::MAX, u128::MAX);
		(job.request.seed_from, job.checking) = (System::block_number() + 1, u128::MAX);
		not_opened(&mut job, ArithmeticError::Underflow);
		job.request.leaf_fee = 400 * OGPU;
		job.checking = job.asked();
		job.open().unwrap();
		let world = World::with([job]).auditors([verifier(0)], Conduct::Approve).jurors([verifier(1)], Conduct::Lie);
		assert_eq!(world.until_ended(&TASK), Conclusion::Convicted);
		assert_eq!(TrustLock::locked(&provider()), 0, "all that there was");

		seat([(verifier(2), u128::MAX / 2), (verifier(3), u128::MAX / 2)]);
		let mut right = Job::new(2, 8, &[], Class::STANDARD).by(client());
		right.request.client = challenger();
		(right.request.fee, right.request.leaf_fee, right.request.spent) = (u128::MAX / 11, 500 * OGPU, u128::MAX);
		right.bond = OGPU;
		right.open().unwrap();
		let (task, world) = (right.task, World::with([right]).auditors(verifiers(), Conduct::Lie));
		assert_eq!(world.until_ended(&task), Conclusion::Accepted);
	});
}
