//! A third of the seats lies in concert, as auditors and as jurors, with providers in league: for what its friends claim, and
//! against what everybody else does. What docs/validation.md promises for that is what happens.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

use ogpu_continuous_pool::Requests;
use ogpu_protocol::{class::Class, jury::Verdict, token::OGPU};
use ogpu_result_validation::{Conclusion, Event, Records, Tasks};
use ogpu_runtime::{AccountId, Runtime, RuntimeEvent};
use ogpu_runtime_testing::world::{order, World};
use polkadot_sdk::*;
use sp_core::H256;
use sp_keyring::Sr25519Keyring;
use std::collections::{BTreeMap, BTreeSet};

/// All with the same stake.
const VALIDATORS: usize = 12;
/// Those of them that lie.
const LEAGUE: usize = 4;
const PROVIDERS: u32 = 8;

/// A result, and how it was judged.
struct Judged {
	task: H256,
	is_lie: bool,
	conclusion: Conclusion,
}

/// What came of many requests.
struct Outcome {
	judged: Vec<Judged>,
	/// Of each jury, whether it said what is so; `None` where it did not decide.
	juries: Vec<Option<bool>>,
}

/// All of these requests at once, of so many leaves each, half of the providers in league. Another number is another draw.
fn play(class: Class, requests: u32, leaves: u32, draw: u32) -> Outcome {
	let validators: Vec<_> = Sr25519Keyring::iter().take(VALIDATORS).collect();
	let mut world = World::of_validators(&validators);
	(0..draw).for_each(|_| drop(world.block(vec![])));
	let clients = world.fill(requests, PROVIDERS, class);
	world.league = validators.iter().step_by(VALIDATORS / LEAGUE).map(|key| key.to_account_id()).collect();
	assert_eq!(world.league.len(), LEAGUE);
	world.liars = world.devices.keys().step_by(2).cloned().collect();
	let asked = clients.iter().map(|client| {
		let call = ogpu_continuous_pool::Call::request { service: 0, order: order(leaves) };
		(client.clone(), call.into())
	});
	assert!(world.block(asked.collect()).iter().all(|is_in| *is_in), "all fit into a block");
	world.play_until("all is over", || {
		Requests::<Runtime>::iter().next().is_none() && Tasks::<Runtime>::iter().next().is_none()
	});

	let records: Vec<_> = world.chain.read(|| Records::<Runtime>::iter().collect());
	let lies: BTreeMap<H256, bool> =
		records.iter().map(|(task, record)| (*task, world.liars.contains(&record.provider))).collect();
	let judged =
		records.iter().map(|(task, record)| Judged { task: *task, is_lie: lies[task], conclusion: record.conclusion });
	let mut juries = Vec::new();
	for event in &world.events {
		if let RuntimeEvent::ResultValidation(Event::JuryClosed { task, verdict, .. }) = event {
			juries.push(verdict.map(|verdict| (verdict == Verdict::Convicted) == lies[task]));
		}
	}
	let outcome = Outcome { judged: judged.collect(), juries };
	assert_eq!(outcome.judged.len(), requests as usize, "each was validated");
	assert!(outcome.judged.iter().any(|judged| judged.is_lie) && outcome.judged.iter().any(|judged| !judged.is_lie));

	// Nobody who is honest has lost anything of a lock.
	let league: BTreeSet<AccountId> = world.league.union(&world.liars).cloned().collect();
	for event in &world.events {
		if let RuntimeEvent::StakingTrustlock(ogpu_staking_trustlock::Event::Slashed { who, amount, fault, work }) =
			event
		{
			assert!(league.contains(who), "{who:?} is honest, and lost {amount} for {fault:?} at {work:?}");
		}
	}
	// All validators make as many blocks. Whoever lies beside that is worse off.
	let (lying, honest): (Vec<_>, Vec<_>) =
		validators.iter().map(|key| key.to_account_id()).partition(|who| world.league.contains(who));
	let each =
		|world: &mut World, who: &[AccountId]| who.iter().map(|who| world.gain(who)).sum::<i128>() / who.len() as i128;
	let (lying, honest) = (each(&mut world, &lying), each(&mut world, &honest));
	assert!(lying < honest, "who lies has {lying} more, and who does not {honest}");
	let liars: Vec<_> = world.liars.iter().cloned().collect();
	let lied = each(&mut world, &liars);
	assert!(lied < 0, "liars have {lied} more");
	// The money is all there, and whoever is content has paid for no lie.
	world.burned();
	for client in &clients {
		assert!(world.gain(client) > -(OGPU as i128));
	}
	world.close();
	outcome
}

#[test]
fn where_every_leaf_is_audited_no_lie_is_accepted_and_all_that_is_right_is() {
	for draw in 0..2 {
		let Outcome { judged, juries } = play(Class::ASSURED, 16, 10, draw);
		for Judged { task, is_lie, conclusion } in &judged {
			let right = if *is_lie { Conclusion::Convicted } else { Conclusion::Accepted };
			assert_eq!(*conclusion, right, "{task:?}, draw {draw}");
		}
		println!("draw {draw}: {} requests, {} juries, all right", judged.len(), juries.len());
		assert!(juries.len() >= judged.len() / 2, "a third of the auditors calls many juries");
		assert!(juries.iter().all(|jury| *jury == Some(true)));
	}
}

#[test]
fn where_one_leaf_is_audited_a_lie_passes_as_often_as_its_auditor_is_a_friend_and_a_jury_is_never_wrong() {
	let once = Class { doubled_billionths: 0, leaves_billionths: 1, ..Class::HIGH };
	let (mut lies, mut passed, mut paid) = (0, 0, 0);
	for draw in 0..3 {
		let Outcome { judged, juries } = play(once, 40, 4, draw);
		assert!(juries.iter().all(|jury| *jury == Some(true)), "{juries:?}, draw {draw}");
		for Judged { task, is_lie, conclusion } in judged {
			match (is_lie, conclusion) {
				(false, conclusion) => assert_eq!(conclusion, Conclusion::Accepted, "{task:?}, draw {draw}"),
				(true, Conclusion::Accepted) => (passed, paid) = (passed + 1, paid + 1),
				// Nobody has found it out, but another of the same liar.
				(true, Conclusion::Forfeited) => passed += 1,
				(true, conclusion) => assert_eq!(conclusion, Conclusion::Convicted, "{task:?}, draw {draw}"),
			}
			lies += u32::from(is_lie);
		}
	}
	println!("{passed} of {lies} lies passed, and {paid} were paid");
	assert!(paid < passed, "who is convicted of one lie is paid for none that is open");
	// A third of the seats belongs to friends: beyond these bounds once in a thousand.
	let (mean, spread) = (f64::from(lies) / 3.0, 3.3 * (f64::from(lies) * 2.0 / 9.0).sqrt());
	assert!((f64::from(passed) - mean).abs() < spread, "{passed} of {lies}");
}
