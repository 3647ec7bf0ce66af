//! What clients and providers are told before they pay, or afterwards.

use super::*;
use crate::quote::{Eligible, Reason, Standing};
use ogpu_staking_trustlock::traits::Record as _;
use std::collections::BTreeSet;

#[test]
fn a_quote_says_what_will_be_held_and_pinned() {
	story(|| {
		for terms in [terms(), wide(3), Terms { delivery: Delivery::FirstResponse, class: Class::ASSURED, ..wide(2) }] {
			let service = serve(terms, 5);
			let order = Order { prompt_work: LEAF.work, ..order(10) };
			let before = sp_io::storage::root(sp_runtime::StateVersion::V1);
			let quote = Pool::quote(service, client(), order).unwrap();
			assert_eq!(sp_io::storage::root(sp_runtime::StateVersion::V1), before, "asking changes nothing");
			assert_eq!((quote.leaf_price, quote.fee), (FLOOR, 11 * FLOOR));
			assert_eq!((quote.price_percentile, quote.matched_blocks), (None, None), "nothing was settled yet");
			assert_eq!(quote.eligible.len(), 5);
			let request = ask(service, order);
			let record = record(request);
			assert_eq!(record.held, quote.fee + quote.pot + quote.checking + quote.deposit);
			assert_eq!((record.bond, record.client_bond), (quote.bond, quote.client_bond));
			let world = World::default();
			world.until_stage(request, |stage| stage == Stage::Racing);
			let racer = &Requests::<Test>::get(request).unwrap().racers[0];
			assert_eq!(TrustLock::pinned(&racer.operator, request), quote.bond);
			world.until_ended(request);
		}
	});
}

#[test]
fn recent_settlements_tell_how_dear_a_price_is_and_how_long_it_will_take() {
	story(|| {
		let service = serve(terms(), 1);
		for after in [1, 7, 3] {
			World::with([(0, Conduct { commits_after: Some(after), ..HONEST })]).play(service, order(3));
		}
		let settled = |leaf_price| Settlement { leaf_price, matched_blocks: 9, at: 0 };
		let quote = || Pool::quote(service, client(), order(5)).unwrap();
		assert_eq!((quote().price_percentile, quote().matched_blocks), (Some(100), Some(5 + 3)), "the median");
		Settlements::<Test>::mutate(service, |last| {
			(0..3).for_each(|_| last.try_push(settled(2 * FLOOR)).unwrap());
		});
		assert_eq!(quote().price_percentile, Some(50));
		// More than eight are not remembered.
		for _ in 0..9 {
			World::default().play(service, order(3));
		}
		assert_eq!(Settlements::<Test>::get(service).len(), 8);
		assert_eq!(quote().price_percentile, Some(100));
		TrustLock::suspend(&provider(0));
		assert_eq!(quote().matched_blocks, None, "nobody is there");
	});
}

#[test]
fn a_price_above_the_limit_is_said_and_not_refused() {
	story(|| {
		let service = serve(terms(), 1);
		let quote = |max_price| Pool::quote(service, client(), Order { max_price, ..order(5) }).unwrap();
		assert!(quote(FLOOR).is_affordable);
		assert!(!quote(FLOOR - 1).is_affordable);
		assert_eq!(Pool::quote(9, client(), order(5)), Err(Error::<Test>::NoSuchService.into()));
		let looked_at = validation::Error::<Test>::TooManyLeaves;
		assert_eq!(Pool::quote(service, client(), order(5_000)), Err(looked_at.into()));
		assert_eq!(Pool::quote(service, client(), order(0)), Err(Error::<Test>::NoLeaves.into()));
	});
}

#[test]
fn whoever_cannot_be_drawn_is_told_why() {
	story(|| {
		let service = serve(terms(), 5);
		let mut asked = terms();
		asked.requirements = Requirements {
			kind: Some(DeviceKind::Metal),
			memory_mb: 100_000,
			score: u128::MAX,
			reputation_billionths: 1,
		};
		let reasons = |number| {
			let quote = Pool::quote(service, client(), order(5)).unwrap();
			quote.ineligible.into_iter().find(|it| it.device == device(number)).map(|it| it.reasons)
		};
		assert_eq!(reasons(0), None);
		send(provider(0), Call::leave { service, device: device(0) }).unwrap();
		Members::<Test>::insert(
			service,
			device(0),
			Members::<Test>::get(service, device(1))
				.map(|member| MemberRecord { operator: provider(0), left: Some(0), ..member })
				.unwrap(),
		);
		assert_eq!(reasons(0), Some(vec![Reason::HasLeft]));
		Members::<Test>::remove(service, device(0));
		TrustLock::suspend(&provider(1));
		assert_eq!(reasons(1), Some(vec![Reason::Offline]));
		TrustLock::unlock(RuntimeOrigin::signed(provider(2)), 2_000 * OGPU).unwrap();
		assert_eq!(reasons(2), Some(vec![Reason::Bond]));
		TrustLock::retire_device(RuntimeOrigin::signed(provider(4)), device(4)).unwrap();
		assert!(reasons(4).unwrap().contains(&Reason::Offline));
		Races::<Test>::insert(provider(3), 360);
		assert_eq!(reasons(3), Some(vec![Reason::Busy]));
		Races::<Test>::remove(provider(3));
		assert_eq!(reasons(3), None);
		send(publisher(), Call::update_service { service, terms: asked }).unwrap();
		let all = vec![Reason::Kind, Reason::Memory, Reason::Score, Reason::Reputation];
		assert_eq!(reasons(3), Some(all));
		let own = Pool::quote(service, provider(3), order(5)).unwrap().ineligible;
		assert!(own.iter().any(|it| it.device == device(3) && it.reasons.contains(&Reason::Client)));
	});
}

#[test]
fn who_would_pay_more_for_its_audits_than_it_earns_is_not_drawn() {
	story(|| {
		let economy = Class { leaves_billionths: 1_000_000_000, ..Class::ECONOMY };
		let (_, leaf_fee) = Pool::leaf_terms(LEAF).unwrap();
		let service = serve(Terms { class: economy, floor: leaf_fee, ..terms() }, 1);
		let quote = || Pool::quote(service, client(), order(10)).unwrap();
		assert_eq!(quote().ineligible[0].reasons, vec![Reason::Checking]);
		// Whoever is known is audited as the class asks.
		TrustLock::audited(&provider(0), 1_000_000 * OGPU);
		assert_eq!(quote().eligible.len(), 1);
	});
}

#[test]
fn a_stranger_pays_for_its_audits_itself() {
	story(|| {
		let service = serve(Terms { class: Class::ECONOMY, ..terms() }, 1);
		let since = Since::now();
		let world = World::default();
		let (_, leaf_fee) = Pool::leaf_terms(LEAF).unwrap();
		let checking = ogpu_protocol::cost::Checking::of(&Class::ECONOMY, 10, 0, 0, 0);
		let (class, own) = (checking.expected_fee(leaf_fee), checking.provider_fee(leaf_fee, 1_000_000_000));
		assert!(own > 0);
		let (_, ending) = world.play(service, order(10));
		assert_eq!(ending, Ending::Settled);
		let fee = 10 * FLOOR;
		assert_eq!(since.gain(&provider(0)), (fee - fee.div_ceil(50) - own) as i128);
		assert_eq!(since.gain(&client()), -((fee + class) as i128));
		assert_eq!(since.verifiers(), (class + own) as i128);
	});
}

#[test]
fn a_provider_is_told_why_it_was_not_drawn() {
	story(|| {
		let service = serve(terms(), 3);
		let request = ask(service, order(5));
		let standing = |number: u8| Pool::standing(request, device(number)).unwrap();
		let may = Standing::MayBeDrawn { weight: SPEED, total: 3 * SPEED };
		assert_eq!([0, 1, 2].map(standing), [may.clone(), may.clone(), may]);
		assert_eq!(standing(3), Standing::NoMember);
		let world = World::with([(0, SILENT), (1, SILENT), (2, SILENT)]);
		world.until_stage(request, |stage| stage == Stage::Racing);
		let racer = record(request).racers[0].clone();
		for number in 0..3 {
			let expected = if provider(number) == racer.operator {
				Standing::Drawn { rank: 0 }
			} else {
				Standing::Unlucky { weight: SPEED, total: 2 * SPEED }
			};
			assert_eq!(standing(number), expected, "the drawn one would not be drawn twice");
		}
		let other = equip(&racer.operator, SPEED);
		send(racer.operator.clone(), Call::join { service, device: other }).unwrap();
		assert_eq!(Pool::standing(request, other), Ok(Standing::OtherDevice { device: racer.device }));
		let redraws = record(request).redraws;
		world.until(|| record(request).redraws > redraws);
		world.until_stage(request, |stage| stage == Stage::Racing);
		assert_eq!(Pool::standing(request, racer.device), Ok(Standing::Ineligible(vec![Reason::RanBefore])));
		world.until_ended(request);
		assert_eq!(Pool::standing(request, 0), Err(Error::NoSuchRequest));
	});
}

#[test]
fn weights_in_a_quote_are_those_of_draws() {
	story(|| {
		let service = serve(terms(), 2);
		let second = equip(&provider(1), SPEED);
		send(provider(1), Call::join { service, device: second }).unwrap();
		ruin(&provider(1), 2_000 * OGPU - 3 * OGPU / 2);
		let quote = Pool::quote(service, client(), order(2)).unwrap();
		let weight = |id| quote.eligible.iter().find(|it: &&Eligible| it.device == id).unwrap().weight;
		assert_eq!([weight(0), weight(1), weight(second)], [SPEED, SPEED * 3 / 4, SPEED * 3 / 4]);
	});
}

#[test]
fn everybody_is_told_what_comes_next_and_who_has_to_do_it() {
	use crate::status::Act;
	use validation::status::Act as Check;
	story(|| {
		let class = Class { doubled_billionths: 1_000_000_000, ..Class::STANDARD };
		let request = ask(serve(Terms { class, ..wide(2) }, 5), order(10));
		let world = World::default();
		let mut told = Vec::new();
		while let Some(status) = Pool::status(request) {
			let check = Validations::status(request);
			let next = (status.next.act, check.as_ref().map(|check| check.next.act));
			if told.last() != Some(&next) {
				told.push(next);
			}
			let drawn: Vec<_> = status.racers.iter().map(|racer| racer.operator.clone()).collect();
			match (&status.next.act, &check) {
				(Act::Commit, _) => assert!(status.next.by.iter().all(|who| drawn.contains(who))),
				(Act::AwaitVerdict, Some(check)) => {
					assert_eq!(status.next.due, BlockNumber::MAX, "the deadline is the validation's");
					assert!(check.next.due >= check.now);
					assert_eq!(Some(&check.provider), status.leader.as_ref());
					let expected = match check.next.act {
						Check::PostOpenings | Check::Reveal => vec![check.provider.clone()],
						_ => check.next.by.clone(),
					};
					assert_eq!(check.next.by, expected);
				}
				_ => assert!(status.next.due >= status.now),
			}
			world.block();
		}
		let of_the_validation = [
			Check::AwaitSeed,
			Check::PostOpenings,
			Check::CommitAudits,
			Check::AwaitSeed,
			Check::CommitAudits,
			Check::Reveal,
			Check::RevealAudits,
			Check::Challenge,
		];
		let expected: Vec<_> = [(Act::AwaitSeed, None), (Act::Commit, None)]
			.into_iter()
			.chain(of_the_validation.map(|check| (Act::AwaitVerdict, Some(check))))
			.collect();
		assert!(told.starts_with(&expected), "{told:?}");
	});
}

#[test]
fn who_takes_part_finds_its_requests_page_by_page() {
	use validation::status::Page;
	story(|| {
		let service = serve(terms(), 1);
		let asked: BTreeSet<_> = (0..5).map(|_| ask(service, order(1))).collect();
		let Page { names, next } = Pool::requests_of(client(), None);
		assert_eq!((names.iter().copied().collect(), next), (asked, None));
		assert_eq!(Pool::requests_of(client(), Some(names[1])).names, names[2..]);
		assert!(Pool::requests_of(provider(0), None).names.is_empty(), "nobody is drawn yet");
		let world = World::with([(0, SILENT)]);
		world.until_stage(names[0], |stage| stage == Stage::Racing);
		assert_eq!(Pool::requests_of(provider(0), None).names.len(), 5);
		let everything = (0..3_000u32).map(|number| (H256::from_low_u64_be(number.into()), number));
		let page = Page::of(everything, |number| *number == 7);
		assert_eq!(page.names, [H256::from_low_u64_be(7)]);
		assert_eq!(page.next, Some(H256::from_low_u64_be(999)), "a node looks at so many and no more");
		let services = Pool::services_from(0);
		assert_eq!((services.len(), services[0].id, services[0].leaf_price), (1, service, FLOOR));
		assert!(Pool::services_from(service + 1).is_empty());
	});
}
