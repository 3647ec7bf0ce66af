//! Much to do, little room, and a clock that may stop.

use super::*;
use ogpu_protocol::commitment::secret_commitment;

const TASK: H256 = H256::repeat_byte(1);

/// A provider, who has so many open validations at most.
fn provider_number(number: u8) -> AccountId32 {
	account(20 + number)
}

/// So many jobs, opened in the same block by as many providers as it takes.
fn crowd(jobs: u8, change: impl Fn(&mut Job)) -> World {
	let providers = jobs.div_ceil(16);
	(0..providers).for_each(|number| newcomer(&provider_number(number), 200 * OGPU));
	World::with((0..jobs).map(|number| {
		let mut job = Job::new(number + 1, 20, &[], Class::STANDARD).by(provider_number(number / 16));
		change(&mut job);
		job.open().unwrap();
		job
	}))
}

/// Only so many steps fit into a block.
fn steps_in_a_block(steps: u64) {
	StepWeight::set(&(AgendaWeight::get().ref_time() / steps));
}

fn no_step_fits() {
	StepWeight::set(&(AgendaWeight::get().ref_time() + 1));
}

/// What is late, and since when.
fn late() -> Vec<(u32, Item)> {
	let mut late: Vec<_> = Agenda::<Test>::iter_keys().filter(|(due, _)| *due < ClockAt::get()).collect();
	late.sort_by_key(|(due, _)| *due);
	late
}

#[test]
fn what_does_not_fit_into_a_block_is_done_in_the_next_ones_in_order() {
	story(|| {
		let world = crowd(64, |_| ());
		steps_in_a_block(5);
		let (mut most_late, mut blocks) = (0, 0);
		while !world.jobs.keys().all(|task| conclusion(task).is_some()) {
			let before = late();
			world.block();
			blocks += 1;
			let after = late();
			most_late = most_late.max(after.len());
			// The oldest go first: what is done was due before all that is left, or with it.
			let done = before.iter().filter(|item| !after.contains(item));
			let oldest = after.first().map_or(u32::MAX, |(due, _)| *due);
			assert!(done.clone().all(|(due, _)| *due <= oldest));
			// Those that became late in this block may be done in it, too.
			assert!(before.len() < 5 || done.count() == 5);
			check_books();
			assert!(blocks < 5_000);
		}
		assert!(most_late > 50, "they really came at once: {most_late}");
		assert!(world.jobs.keys().all(|task| conclusion(task) == Some(Conclusion::Accepted)), "all were in time");
		assert!(verifiers().all(|who| TrustLock::locked(&who) == 1_000 * OGPU), "nobody was silent");
	});
}

#[test]
fn anybody_can_do_what_the_agenda_cannot() {
	story(|| {
		let world = crowd(20, |job| job.request.class.doubled_billionths = 1_000_000_000);
		let world = world.auditors([verifier(0)], Conduct::Lie);
		no_step_fits();
		let stranger = account(77);
		let mut advanced = 0;
		for _ in 0..2_000 {
			world.block();
			for (_, item) in late() {
				let (task, leaf) = match item {
					Item::Task(task) => (task, None),
					Item::Jury(task, leaf) => (task, Some(leaf)),
					Item::Record(_) | Item::Market(_) | Item::Window => continue,
				};
				send(stranger.clone(), Call::advance { item }).unwrap();
				refused(stranger.clone(), Call::advance { item }, advance_again(task, leaf));
				advanced += 1;
			}
			check_books();
		}
		assert!(advanced > 20 * 8);
		assert!(world.jobs.keys().all(|task| conclusion(task) == Some(Conclusion::Accepted)));
		assert_eq!(Tasks::<Test>::iter().count(), 0, "they are forgotten, too");
		assert!(events().iter().any(|event| matches!(event, Event::JuryClosed { .. })));
		// The agenda has nothing left to stumble over.
		StepWeight::set(&0);
		world.block();
		assert_eq!(late(), []);
	});
}

/// Why the same cannot be done twice: its next deadline is still to come, or there is none.
fn advance_again(task: H256, leaf: Option<u32>) -> Error<Test> {
	let item = leaf.map_or(Item::Task(task), |leaf| Item::Jury(task, leaf));
	Validations::due(&item).map_or(Error::NothingDue, |_| Error::TooEarly)
}

#[test]
fn the_free_part_of_a_block_counts_as_well() {
	story(|| {
		let world = crowd(3, |_| ());
		steps_in_a_block(1);
		world.until(|| !late().is_empty());
		let (before, block) = (late().len(), System::block_number());
		// Nothing is left of the block.
		let mut meter = frame_support::weights::WeightMeter::with_limit(Weight::from_parts(10, 0));
		Validations::on_poll(block, &mut meter);
		assert_eq!((late().len(), meter.consumed()), (before, Weight::zero()));
		let mut meter = frame_support::weights::WeightMeter::with_limit(Weight::MAX);
		Validations::on_poll(block, &mut meter);
		assert_eq!(late().len(), before - 1);
		assert_eq!(meter.consumed(), AgendaWeight::get());
	});
}

#[test]
fn who_was_in_time_stays_in_time_however_late_the_agenda_is() {
	for posts in [true, false] {
		story(|| {
			let mut job = Job::new(1, 20, &[], Class::STANDARD);
			job.posts = posts;
			job.open().unwrap();
			let mut world = World::with([job]);
			world.until_stage(&TASK, |stage| stage == Stage::Opening);
			no_step_fits();
			for _ in 0..300 {
				world.block();
			}
			assert_eq!(stage(&TASK), Some(Stage::Opening));
			// Now it would, but now it is too late, although the phase goes on.
			world.jobs.get_mut(&TASK).unwrap().posts = true;
			let missing: Vec<_> =
				Checks::<Test>::iter_prefix(TASK).filter(|(_, check)| check.opening.is_none()).collect();
			assert_eq!(missing.is_empty(), posts);
			let openings = missing.into_iter().map(|(leaf, _)| (leaf, H256::zero())).collect::<Vec<_>>();
			let call = Call::post_openings { task: TASK, openings: openings.try_into().unwrap() };
			refused(provider(), call, Error::<Test>::TooLate);
			StepWeight::set(&0);
			next_block(0);
			if posts {
				// The next phase has its full time.
				let record = Tasks::<Test>::get(TASK).unwrap();
				assert_eq!((record.stage, record.due), (Stage::Auditing, ClockAt::get() + 22));
			}
			let expected = if posts { Conclusion::Accepted } else { Conclusion::Convicted };
			assert_eq!(world.until_ended(&TASK), expected);
		});
	}
}

/// Stops the clock for longer than authors' outputs are kept.
fn long_halt() {
	IsClockStopped::set(&true);
	(0..2_100).for_each(|_| next_block(9));
	IsClockStopped::set(&false);
}

#[test]
fn a_seed_that_was_forgotten_is_made_again() {
	type Moment = (&'static str, fn(Stage) -> bool);
	let halts: [Moment; 3] = [
		("while it is sealed", |stage| stage == Stage::Sealed),
		("while second auditors are drawn", |stage| matches!(stage, Stage::Doubling { .. })),
		("while jurors are drawn", |stage| matches!(stage, Stage::Judging { .. })),
	];
	for (when, wanted) in halts {
		story(|| {
			let mut job = Job::new(1, 20, &[], Class { doubled_billionths: 1_000_000_000, ..Class::STANDARD });
			job.open().unwrap();
			let world = World::with([job]).auditors(verifiers(), Conduct::Lie);
			world.until_stage(&TASK, wanted);
			let stage_before = stage(&TASK);
			long_halt();
			assert_eq!(stage(&TASK), stage_before, "nothing happened {when}");
			assert!(AuthorOutputs::<Test>::iter().count() <= 2_000, "no more is kept");
			let at = System::block_number();
			// Then it is asked for from the next blocks on.
			let asked_from = || match (stage(&TASK).unwrap(), Juries::<Test>::iter_prefix_values(TASK).next()) {
				(Stage::Sealed, _) => Tasks::<Test>::get(TASK).unwrap().request.seed_from,
				(Stage::Doubling { seed_from }, _) => seed_from,
				(_, Some(JuryRecord { stage: JuryStage::Drawing { seed_from }, .. })) => seed_from,
				_ => 0,
			};
			world.until(|| asked_from() > at);
			assert_eq!(world.until_ended(&TASK), Conclusion::Accepted, "{when}");
		});
	}
}

#[test]
fn nobody_chooses_where_a_seed_begins_by_moving_something_on_late() {
	// The same authors, whether the agenda comes at once or somebody lets it wait for friendly ones.
	let tell = |stage_of_interest: fn(Stage) -> bool, waits: u32| {
		let mut begins = None;
		story(|| {
			let mut job = Job::new(1, 20, &[], Class { doubled_billionths: 1_000_000_000, ..Class::STANDARD });
			job.open().unwrap();
			let world = World::with([job]).auditors(verifiers(), Conduct::Lie);
			world.until_dawn_of(&TASK, stage_of_interest);
			// All that is to be done is done, in the block after its deadline or later.
			world.everybody_acts();
			let item = || {
				let jury = Juries::<Test>::iter_prefix(TASK).find(|(_, jury)| jury.is_sitting());
				jury.map_or(Item::Task(TASK), |(leaf, _)| Item::Jury(TASK, leaf))
			};
			let due = Validations::due(&item()).unwrap();
			no_step_fits();
			while ClockAt::get() <= due + waits {
				next_block(0);
			}
			send(challenger(), Call::advance { item: item() }).unwrap();
			StepWeight::set(&0);
			let next = || match (stage(&TASK), Juries::<Test>::iter_prefix_values(TASK).next()) {
				(Some(Stage::Doubling { seed_from }), _) => Some(seed_from),
				(_, Some(JuryRecord { stage: JuryStage::Drawing { seed_from }, .. })) => Some(seed_from),
				_ => None,
			};
			world.until(|| next().is_some());
			begins = next();
			assert_eq!(world.until_ended(&TASK), Conclusion::Accepted);
		});
		begins
	};
	for stage in [|stage| stage == Stage::Auditing, |stage| stage == Stage::Comparing] {
		let in_time = tell(stage, 0);
		assert!(in_time.is_some());
		for waits in [1, 7, 50] {
			assert_eq!(tell(stage, waits), in_time, "{waits} blocks later");
		}
	}
}

#[test]
fn a_secret_that_everybody_knows_is_no_part_of_a_new_seed() {
	story(|| {
		let secret = H256::repeat_byte(8);
		let mut job = Job::new(1, 40, &[], Class::STANDARD);
		job.request.secret = Some(H256(secret_commitment(blake2_256, client().as_ref(), &secret.0)));
		job.open().unwrap();
		let reveal = Call::reveal_secret { task: TASK, secret };
		send(client(), reveal.clone()).unwrap();
		let world = World::with([job]);
		long_halt();
		let at = System::block_number();
		world.until_dawn(|| Tasks::<Test>::get(TASK).unwrap().request.seed_from > at);
		refused(client(), reveal, Error::<Test>::NothingCommitted);
		let from = Tasks::<Test>::get(TASK).unwrap().request.seed_from;
		world.until_stage(&TASK, |stage| stage == Stage::Opening);
		assert_eq!(System::block_number(), from + 16);
		assert_eq!(world.until_ended(&TASK), Conclusion::Accepted);
	});
}

#[test]
fn a_block_without_an_output_makes_a_new_window() {
	story(|| {
		let mut job = Job::new(1, 20, &[], Class::STANDARD);
		job.open().unwrap();
		let from = job.request.seed_from;
		let world = World::with([job]);
		world.until(|| System::block_number() == from + 5);
		AuthorOutputs::<Test>::remove(from + 2);
		world.until_stage(&TASK, |stage| stage == Stage::Opening);
		assert_eq!(System::block_number(), from + 100 + 16, "nobody chooses where it begins again");
		assert_eq!(world.until_ended(&TASK), Conclusion::Accepted);
	});
}

#[test]
fn a_chain_that_starts_with_a_late_clock_catches_up() {
	story(|| {
		ClockAt::set(&100_000);
		let mut job = Job::new(1, 20, &[], Class::STANDARD);
		job.open().unwrap();
		assert_eq!(World::with([job]).until_ended(&TASK), Conclusion::Accepted);
	});
}

#[test]
fn appointments_of_markets_are_kept_once_and_can_be_cancelled() {
	story(|| {
		let appoint = |items: &[(u8, BlockNumber)]| {
			let items: Vec<_> = items.iter().map(|(item, due)| (H256::repeat_byte(*item), *due)).collect();
			items.iter().for_each(|(item, due)| <Validations as Deadlines>::schedule(*item, *due));
			Appointments::set(&items);
		};
		let left = || Appointments::get().into_iter().map(|(item, _)| item.0[0]).collect::<Vec<_>>();
		let now = ClockAt::get();
		appoint(&[(1, now + 2), (2, now + 2), (3, now + 3)]);
		<Validations as Deadlines>::cancel(H256::repeat_byte(2), now + 2);
		next_block(0);
		next_block(0);
		assert_eq!(left(), [1, 2, 3], "in the block of the deadline it is not over");
		let advance = Call::advance { item: Item::Market(H256::repeat_byte(3)) };
		refused(challenger(), advance.clone(), Error::<Test>::TooEarly);
		next_block(0);
		assert_eq!(left(), [2, 3]);
		no_step_fits();
		next_block(0);
		assert_eq!(left(), [2, 3]);
		send(challenger(), advance.clone()).unwrap();
		assert_eq!(left(), [2]);
		refused(challenger(), advance, Error::<Test>::NothingDue);
		Appointments::set(&Vec::new());
	});
}
