//! Who leads, who is refused, and who says that something is wrong.

use super::*;

/// A race of these providers, each with one lot, at whatever luck it takes.
fn race_of(world: &World, terms: Terms, order: Order) -> (H256, World) {
	let providers = terms.width as u8;
	let service = serve(terms, providers);
	for luck in 0.. {
		let world = world.lucky(luck);
		let request = ask(service, order);
		world.until_stage(request, |stage| stage == Stage::Racing);
		if record(request).racers.len() == usize::from(providers) {
			return (request, world);
		}
		world.until_ended(request);
	}
	unreachable!()
}

fn idle() -> World {
	World::with((0..PROVIDERS).map(|number| (number, SILENT)))
}

fn commit(world: &World, request: H256, who: &AccountId32) {
	let (leaves, commitment) = world.commitment(who, request);
	send(who.clone(), Call::commit { request, commitment, leaves }).unwrap();
}

fn by_rank(request: H256) -> Vec<AccountId32> {
	record(request).running().map(|(_, racer)| racer.operator.clone()).collect()
}

fn leader(request: H256) -> AccountId32 {
	events()
		.into_iter()
		.find_map(|event| match event {
			Event::Led { request: led, operator, .. } if led == request => Some(operator),
			_ => None,
		})
		.unwrap()
}

#[test]
fn a_better_rank_within_two_blocks_leads() {
	for (late, leads) in [(2, 0), (3, 1)] {
		story(|| {
			let (request, world) = race_of(&idle(), wide(3), order(5));
			let racers = by_rank(request);
			commit(&world, request, &racers[1]);
			assert_eq!(record(request).due, ClockAt::get() + 2, "then it is too late for ties");
			world.blocks(late);
			if late <= 2 {
				assert_eq!(stage(request), Some(Stage::Racing));
			}
			commit(&world, request, &racers[0]);
			world.blocks(4);
			assert_eq!(leader(request), racers[leads]);
		});
	}
}

#[test]
fn a_race_of_which_all_have_committed_does_not_wait() {
	story(|| {
		let (request, world) = race_of(&idle(), wide(2), order(5));
		let racers = by_rank(request);
		commit(&world, request, &racers[1]);
		commit(&world, request, &racers[0]);
		world.block();
		assert_eq!(leader(request), racers[0]);
		let record = record(request);
		let task = validation::Tasks::<Test>::get(request).unwrap();
		assert_eq!(task.request.seed_from, record.race.seed_from, "but its seed comes when it was to come");
		assert_eq!(record.race.seed_from, System::block_number() - (ClockAt::get() - record.race.drawn) + 61);
	});
}

#[test]
fn a_race_whose_others_declined_does_not_wait_either() {
	story(|| {
		let (request, world) = race_of(&idle(), wide(2), order(5));
		let racers = by_rank(request);
		send(racers[0].clone(), Call::decline { request }).unwrap();
		refused(racers[0].clone(), Call::decline { request }, Error::<Test>::NotDrawn);
		assert_eq!(TrustLock::pinned(&racers[0], request), 0, "it is free");
		commit(&world, request, &racers[1]);
		world.block();
		assert_eq!(leader(request), racers[1]);
	});
}

#[test]
fn commitments_that_can_no_longer_earn_are_refused_and_cost_nothing() {
	use frame_support::dispatch::CheckIfFeeless;
	story(|| {
		let (request, world) = race_of(&idle(), wide(2), order(5));
		let racers = by_rank(request);
		let (leaves, commitment) = world.commitment(&racers[0], request);
		let call = Call::commit { request, commitment, leaves };
		let is_free = |who: &AccountId32, call: &Call<Test>| call.is_feeless(&RuntimeOrigin::signed(who.clone()));
		let no = |who: &AccountId32, call: &Call<Test>, why: Error<Test>| {
			assert!(!is_free(who, call));
			refused(who.clone(), call.clone(), why);
		};
		no(&racers[0], &Call::commit { request: H256::zero(), commitment, leaves }, Error::NoSuchRequest);
		no(&provider(4), &call, Error::NotDrawn);
		no(&client(), &call, Error::NotDrawn);
		no(&racers[0], &Call::commit { request, commitment, leaves: 0 }, Error::WrongLeaves);
		no(&racers[0], &Call::commit { request, commitment, leaves: 6 }, Error::WrongLeaves);
		assert!(is_free(&racers[0], &call));
		send(racers[0].clone(), call.clone()).unwrap();
		no(&racers[0], &call, Error::AlreadyCommitted);
		no(&racers[0], &Call::decline { request }, Error::AlreadyCommitted);
		// While the result is validated, others may still earn a part of the pot.
		world.until_stage(request, |stage| matches!(stage, Stage::Validating { .. }));
		assert!(is_free(&racers[1], &call) && is_free(&racers[1], &Call::decline { request }));
		let closes = record(request).race.closes;
		world.until(|| ClockAt::get() == closes);
		assert!(is_free(&racers[1], &call), "until the last block");
		world.block();
		no(&racers[1], &call, Error::RaceClosed);
		no(&racers[1], &Call::decline { request }, Error::RaceClosed);
		world.until_ended(request);
		no(&racers[1], &call, Error::NoSuchRequest);
	});
}

#[test]
fn who_commits_does_not_know_the_seed_even_where_the_clock_stood_still() {
	story(|| {
		let (request, world) = race_of(&idle(), wide(1), order(5));
		let racer = by_rank(request).remove(0);
		IsClockStopped::set(&true);
		world.until(|| System::block_number() + 1 == record(request).race.seed_from);
		assert_eq!(Pool::check_commit(&racer, &request, 5), Ok(()));
		world.block();
		assert_eq!(Pool::check_commit(&racer, &request, 5), Err(Error::SeedKnown));
		IsClockStopped::set(&false);
		assert_eq!(world.until_ended(request), Ending::Refunded, "nobody else is there");
	});
}

#[test]
fn a_clock_that_stood_still_before_the_validation_moves_the_seed_by_strides() {
	story(|| {
		let (request, world) = race_of(&idle(), wide(2), order(5));
		let racer = by_rank(request).remove(1);
		commit(&world, request, &racer);
		let from = record(request).race.seed_from;
		IsClockStopped::set(&true);
		world.until(|| System::block_number() == from + 130);
		IsClockStopped::set(&false);
		world.until_stage(request, |stage| matches!(stage, Stage::Validating { .. }));
		assert_eq!(validation::Tasks::<Test>::get(request).unwrap().request.seed_from, from + 200);
		assert_eq!(world.until_ended(request), Ending::Settled);
	});
}

#[test]
fn a_client_that_adds_a_secret_gets_its_seed_sooner() {
	use ogpu_protocol::commitment::secret_commitment;
	story(|| {
		let secret = H256::repeat_byte(8);
		let committed = H256(secret_commitment(blake2_256, client().as_ref(), &secret.0));
		let (request, world) = race_of(&World::default(), terms(), Order { secret: Some(committed), ..order(5) });
		world.until_stage(request, |stage| matches!(stage, Stage::Validating { .. }));
		validate(client(), validation::Call::reveal_secret { task: request, secret }).unwrap();
		let from = record(request).race.seed_from;
		let is_sealed = || {
			let task = validation::Tasks::<Test>::get(request).unwrap();
			task.stage == validation::Stage::Sealed
		};
		world.until(|| !is_sealed());
		assert_eq!(System::block_number(), from + 4);
		assert_eq!(world.until_ended(request), Ending::Settled);
	});
}

#[test]
fn whoever_sees_another_result_says_so_and_is_the_finder() {
	story(|| {
		// Its audit alone would look at one leaf.
		let class = Class { leaves_billionths: 1, ..Class::STANDARD };
		let finder = Conduct { alarms: true, commits_after: Some(9), ..HONEST };
		let world = World::with([(0, CHEAT), (1, finder)]);
		let (request, world) = race_of(&world, Terms { class, ..wide(2) }, order(20));
		world.until_stage(request, |stage| matches!(stage, Stage::Validating { .. }));
		let leader = leader(request);
		assert_eq!(leader, provider(0));
		refused(leader, Call::alarm { request }, Error::<Test>::IsLeader);
		refused(provider(1), Call::alarm { request }, Error::<Test>::NothingCommitted);
		refused(provider(4), Call::alarm { request }, Error::<Test>::NotDrawn);
		let since = Since::now();
		let bond = record(request).bond;
		assert_eq!(world.until_ended(request), Ending::Refunded);
		assert_eq!(conclusion(request), Some(Conclusion::Convicted));
		let record = validation::Records::<Test>::get(request).unwrap();
		assert_eq!(record.drawn, 20, "all of it was audited");
		assert_eq!(since.gain(&provider(1)), (bond / 5) as i128);
		assert!(since.gain(&client()) > (20 * FLOOR) as i128 / 10 - 1);
	});
}

#[test]
fn a_false_alarm_costs_the_audit_that_it_caused() {
	story(|| {
		let alarmist = Conduct { alarms: true, commits_after: Some(9), ..HONEST };
		let world = World::with([(0, HONEST), (1, alarmist)]);
		let (request, world) = race_of(&world, wide(2), order(20));
		let (_, leaf_fee) = Pool::leaf_terms(LEAF).unwrap();
		let (lock, bond) = (TrustLock::locked(&provider(1)), record(request).bond);
		assert_eq!(world.until_ended(request), Ending::Settled);
		let fine = lock - TrustLock::locked(&provider(1));
		assert_eq!(fine, 25 * leaf_fee, "twenty leaves, and five more");
		assert!(fine <= bond, "it stood for that");
	});
}

#[test]
fn an_alarm_comes_before_the_seed_or_not_at_all() {
	story(|| {
		let world = World::with([(0, HONEST), (1, Conduct { commits_after: Some(9), ..HONEST })]);
		let (request, world) = race_of(&world, wide(2), order(5));
		world.until(|| System::block_number() == record(request).race.seed_from);
		let why = validation::Error::<Test>::TooLate;
		let loser = if leader(request) == provider(0) { provider(1) } else { provider(0) };
		refused(loser, Call::alarm { request }, why);
		world.until_ended(request);
	});
}

#[test]
fn a_share_is_for_who_had_committed_to_the_same_before_it_was_known() {
	story(|| {
		let idle_claims = Conduct { claims: false, commits_after: Some(9), ..HONEST };
		let world = World::with([
			(0, Conduct { claims: false, ..HONEST }),
			(1, idle_claims),
			(2, Conduct { claims: false, commits_after: Some(9), ..CHEAT }),
		]);
		let (request, world) = race_of(&world, wide(3), order(5));
		let racers = by_rank(request);
		let outcome = world.work(request, 5, u32::MAX).outcome();
		let claim = |who: &AccountId32, leader: &AccountId32| Call::claim_share {
			request,
			outcome,
			salt: salt_of(who),
			leader_salt: salt_of(leader),
		};
		refused(provider(1), claim(&provider(1), &provider(0)), Error::<Test>::WrongStage);
		world.until_stage(request, |stage| matches!(stage, Stage::Sharing { .. }));
		let leads = leader(request);
		assert!(racers.contains(&leads) && leads == provider(0));
		refused(leads.clone(), claim(&leads, &leads), Error::<Test>::IsLeader);
		refused(provider(4), claim(&provider(4), &leads), Error::<Test>::NotDrawn);
		// It had committed to something else, and cannot open that to what it knows now.
		refused(provider(2), claim(&provider(2), &leads), Error::<Test>::WrongOpening);
		let wrong = Outcome { output: [2; 32], ..outcome };
		let (salt, leader_salt) = (salt_of(&provider(1)), salt_of(&leads));
		for (outcome, salt, leader_salt) in
			[(wrong, salt, leader_salt), (outcome, leader_salt, leader_salt), (outcome, salt, salt)]
		{
			let call = Call::claim_share { request, outcome, salt, leader_salt };
			refused(provider(1), call, Error::<Test>::WrongOpening);
		}
		send(provider(1), claim(&provider(1), &leads)).unwrap();
		refused(provider(1), claim(&provider(1), &leads), Error::<Test>::AlreadyCommitted);
		// The other's part is kept for it until the end.
		let pot = 5 * FLOOR / 4;
		assert_eq!(record(request).held, pot / 3 + FOR_REQUEST);
		assert_eq!(world.until_ended(request), Ending::Settled);
	});
}
