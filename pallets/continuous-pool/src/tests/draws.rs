//! Lots fall in proportion to weights, and on nobody who may not be drawn.

use super::*;
use frame_support::storage::{with_transaction, TransactionOutcome};
use ogpu_protocol::cost::GIGA;
use ogpu_staking_trustlock::traits::Record as _;

/// Whether counts are what these shares would let us expect: Pearson's statistic within five standard deviations of its
/// mean. Seeds are fixed, so this never flickers.
#[track_caller]
fn assert_follows(counts: &[u64], shares: &[u64]) {
	let (drawn, whole) = (counts.iter().sum::<u64>() as f64, shares.iter().sum::<u64>() as f64);
	let expected = shares.iter().map(|share| drawn * *share as f64 / whole);
	let statistic: f64 = counts.iter().zip(expected).map(|(count, e)| (*count as f64 - e).powi(2) / e).sum();
	let freedom = (counts.len() - 1) as f64;
	assert!(
		statistic < freedom + 5.0 * (2.0 * freedom).sqrt(),
		"χ² = {statistic} at {freedom}: {counts:?} of {shares:?}"
	);
}

/// The racers of a request, as this luck draws them; all is taken back.
fn drawn(service: ServiceId, luck: u64) -> Vec<RacerRecord> {
	let draw = || {
		let request = ask(service, order(5));
		(0..6).for_each(|_| next_block(luck));
		record(request).racers.into_inner()
	};
	with_transaction(|| TransactionOutcome::Rollback(Ok::<_, sp_runtime::DispatchError>(draw()))).unwrap()
}

/// How many lots fell on each provider, in so many races, and how often it had the first rank.
fn lots(service: ServiceId, races: u64) -> [[u64; PROVIDERS as usize]; 2] {
	let mut counts = [[0; PROVIDERS as usize]; 2];
	for luck in 0..races {
		for (rank, racer) in drawn(service, luck).iter().enumerate() {
			let number = (0..PROVIDERS).find(|number| provider(*number) == racer.operator).unwrap();
			counts[0][usize::from(number)] += u64::from(racer.lots);
			counts[1][usize::from(number)] += u64::from(rank == 0);
		}
	}
	counts
}

const SPEEDS: [u64; 5] = [1_000, 500, 2_000, 250, 1_250];

fn set_speeds() {
	for (number, speed) in (0..).zip(SPEEDS) {
		<TrustLock as Devices<_>>::measured(device(number), Work::from(speed) * GIGA);
	}
}

#[test]
fn lots_and_first_ranks_fall_in_proportion_to_measured_speed() {
	story(|| {
		set_speeds();
		let service = serve(wide(3), PROVIDERS);
		let [lots, first] = lots(service, 2_000);
		assert_eq!(lots.iter().sum::<u64>(), 6_000, "every lot falls on somebody");
		assert_follows(&lots, &SPEEDS);
		assert_follows(&first, &SPEEDS);
	});
}

#[test]
fn a_device_behind_several_names_is_drawn_no_more() {
	story(|| {
		// The second and the third are one.
		for (number, speed) in [(0, 1_000u64), (1, 600), (2, 400)] {
			<TrustLock as Devices<_>>::measured(device(number), Work::from(speed) * GIGA);
		}
		let service = serve(wide(3), 3);
		let [lots, first] = lots(service, 1_500);
		assert_follows(&[lots[0], lots[1] + lots[2]], &[1, 1]);
		assert_follows(&[first[0], first[1] + first[2]], &[1, 1]);
	});
}

#[test]
fn what_a_device_really_does_counts_as_far_as_its_bond_carries_it() {
	story(|| {
		set_speeds();
		let service = serve(terms(), PROVIDERS);
		// The first was seen to do half of what it was measured to do, the second more; the third has little free.
		for (number, observed) in [(0, 500), (1, 3_000)] {
			Pool::change_member(service, device(number), |member| member.observed = Some(observed));
		}
		ruin(&provider(2), 2_000 * OGPU - 1_500 * OGPU / 1_000);
		let [counts, _] = lots(service, 1_500);
		assert_follows(&counts, &[500, 500, 1_500, 250, 1_250]);
		// Less than the bond of the request carries no weight at all.
		ruin(&provider(2), OGPU);
		let [counts, _] = lots(service, 1_000);
		assert_eq!(counts[2], 0);
		assert_follows(&[0, 1, 3, 4].map(|number| counts[number]), &[500, 500, 250, 1_250]);
	});
}

#[test]
fn a_bond_carries_all_devices_of_an_operator_together() {
	story(|| {
		// The pin must be far below what carries a weight.
		let cheap = Terms { floor: FLOOR / 10_000, ..terms() };
		let service = serve(cheap, 2);
		for _ in 0..2 {
			let device = equip(&provider(1), SPEED);
			send(provider(1), Call::join { service, device }).unwrap();
		}
		// Three devices of a thousand each, and a lock that carries one and a half of them.
		ruin(&provider(1), 2_000 * OGPU - 3 * OGPU / 2);
		let [counts, _] = lots(service, 1_500);
		assert_follows(&counts[..2], &[1_000, 1_500]);
	});
}

#[test]
fn who_may_not_be_drawn_is_not() {
	story(|| {
		let service = serve(wide(5), PROVIDERS);
		TrustLock::suspend(&provider(0));
		TrustLock::retire_device(RuntimeOrigin::signed(provider(1)), device(1)).unwrap();
		TrustLock::unlock(RuntimeOrigin::signed(provider(2)), 2_000 * OGPU).unwrap();
		send(provider(3), Call::leave { service, device: device(3) }).unwrap();
		for luck in 0..20 {
			let racers = drawn(service, luck);
			assert!(racers.len() == 1 && racers[0].operator == provider(4), "{racers:?}");
			assert_eq!(racers[0].lots, 5);
		}
		// Two heartbeats missed.
		(0..250).for_each(|_| next_block(0));
		let request = ask(service, order(5));
		let ending = World::with((0..5).map(|number| (number, SILENT))).until_ended(request);
		assert_eq!(ending, Ending::Refunded);
		assert!(!events()
			.iter()
			.any(|event| matches!(event, Event::Drawn { request: drawn, .. } if *drawn == request)));
	});
}

#[test]
fn nobody_is_drawn_for_its_own_request() {
	story(|| {
		let service = serve(wide(3), 2);
		for luck in 0..10 {
			let request = ask_as(provider(0), service, order(5)).unwrap();
			let world = World::default().lucky(luck);
			world.until_stage(request, |stage| stage == Stage::Racing);
			let racers = record(request).racers;
			assert!(racers.len() == 1 && racers[0].operator == provider(1));
			world.until_ended(request);
		}
	});
}

#[test]
fn who_was_silent_is_not_drawn_again_for_the_same_request() {
	story(|| {
		let service = serve(terms(), 3);
		let world = World::with([(0, SILENT), (1, SILENT)]);
		for luck in 0..8 {
			let request = ask(service, order(5));
			assert_eq!(world.lucky(luck).until_ended(request), Ending::Settled, "the third one is reached");
		}
		let redrawn = events().iter().filter(|event| matches!(event, Event::Redrawn { .. })).count();
		assert!(redrawn > 0);
		// They were seen to be silent where somebody else could serve.
		let observed = |number| Members::<Test>::get(service, device(number)).unwrap().observed;
		assert!(observed(0).unwrap() < SPEED && observed(2) == Some(SPEED));
	});
}

#[test]
fn a_seed_that_was_forgotten_is_made_again() {
	story(|| {
		let service = serve(terms(), 1);
		let request = ask(service, order(5));
		IsClockStopped::set(&true);
		(0..2_100).for_each(|_| next_block(3));
		IsClockStopped::set(&false);
		heartbeats();
		let Some(Stage::Drawing { seed_from: before }) = stage(request) else { panic!("it waits") };
		(0..5).for_each(|_| next_block(3));
		let Some(Stage::Drawing { seed_from }) = stage(request) else { panic!("it waits again") };
		assert!(seed_from > before + 2_000);
		assert_eq!(World::default().until_ended(request), Ending::Settled);
	});
}

#[test]
fn an_operator_is_in_so_many_races_at_once_and_no_more() {
	story(|| {
		let service = serve(terms(), 2);
		Races::<Test>::insert(provider(0), 360);
		for luck in 0..10 {
			assert_eq!(drawn(service, luck)[0].operator, provider(1));
		}
		Races::<Test>::remove(provider(0));
	});
}

/// Who uses fewer leaves than the client allows has a smaller fee at stake, but may be audited worse.
#[test]
fn a_bond_suffices_for_every_result_within_the_ceiling() {
	use ogpu_protocol::{detection::Sampling, slashing::pin};
	story(|| {
		let shares = [1, 33_000_000, 50_000_000, 70_000_000, 123_456_789, 300_000_000, 700_000_000, 1_000_000_000];
		for share in shares {
			for class in [Class::STANDARD, Class::ECONOMY, Class::HIGH] {
				let class = Class { leaves_billionths: share, ..class };
				let service = publish(Terms { class, ..wide(3) });
				for ceiling in [1, 2, 7, 19, 20, 21, 40, 41, 63, 64, 333] {
					if ogpu_protocol::audit::drawn_leaves(ceiling, share) > 63 {
						continue;
					}
					let record = Pool::draft(H256::zero(), service, client(), order(ceiling)).unwrap();
					for leaves in 1..=ceiling {
						let at_stake = Pool::fee_of(&record, leaves) + Pool::pot_of(&record, leaves);
						let jury_bill = record.leaf_fee * Balance::from(class.jury.draw_seats);
						let bond = Sampling::of(&class, leaves).bond(at_stake, jury_bill).unwrap();
						let needed = pin(bond, jury_bill, at_stake, 0, &Penalties::get());
						assert!(
							needed <= record.bond,
							"{needed} of {} for {leaves} of {ceiling} at {share}",
							record.bond
						);
					}
				}
				send(publisher(), Call::retire_service { service }).unwrap();
			}
		}
	});
}

#[test]
fn a_device_with_several_requests_at_once_does_not_look_slow() {
	story(|| {
		let service = serve(terms(), 1);
		// Each takes it ten blocks, and they come all at once.
		let requests: Vec<_> = (0..4).map(|_| ask(service, order(100))).collect();
		let world = World::with([(0, SILENT)]);
		requests.iter().for_each(|request| world.until_stage(*request, |stage| stage == Stage::Racing));
		for request in &requests {
			world.blocks(10);
			let (leaves, commitment) = world.commitment(&provider(0), *request);
			send(provider(0), Call::commit { request: *request, commitment, leaves }).unwrap();
		}
		let world = World::default();
		requests.iter().for_each(|request| assert_eq!(world.until_ended(*request), Ending::Settled));
		assert_eq!(Members::<Test>::get(service, device(0)).unwrap().observed, Some(SPEED));
		// One that takes ten times as long as it should is seen.
		let slow = World::with([(0, Conduct { commits_after: Some(100), ..HONEST })]);
		slow.play(service, Order { window_blocks: 200, ..order(100) });
		let seen = SPEED * (10 + 10) / 100;
		assert_eq!(Members::<Test>::get(service, device(0)).unwrap().observed, Some((3 * SPEED + seen) / 4));
	});
}
