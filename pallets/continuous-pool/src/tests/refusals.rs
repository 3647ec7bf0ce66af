//! Requests that are refused, each with its reason, and nothing changed.

use super::*;
use ogpu_staking_trustlock as trustlock;

#[test]
fn what_makes_no_sense_is_not_asked() {
	story(|| {
		let service = serve(terms(), 1);
		let no = |service, order, why: Error<Test>| refused(client(), Call::request { service, order }, why);
		no(9, order(5), Error::NoSuchService);
		no(service, order(0), Error::NoLeaves);
		no(service, Order { window_blocks: 0, ..order(5) }, Error::WrongWindow);
		no(service, Order { window_blocks: 501, ..order(5) }, Error::WrongWindow);
		no(service, Order { prompt_work: LEAF.recompute_work + 1, ..order(5) }, Error::PromptTooLong);
		no(service, Order { prompt_work: 1, ..order(u32::MAX) }, Error::FeeTooLarge);
	});
}

#[test]
fn a_request_whose_result_could_not_be_validated_is_refused() {
	story(|| {
		let service = serve(terms(), 1);
		let no =
			|service, order, why: validation::Error<Test>| refused(client(), Call::request { service, order }, why);
		// A twentieth of it, and the last leaf, are more than may be looked at.
		no(service, order(1_300), validation::Error::TooManyLeaves);
		no(service, order(1 << 20), validation::Error::TooManyLeaves);
		let dear = serve_at(Terms { floor: 400 * OGPU, ..terms() });
		let order = |leaves| Order { max_price: Balance::MAX, ..order(leaves) };
		no(dear, order(3), validation::Error::FeeTooHigh);
		let other = serve_at(Terms { capability: 9, ..terms() });
		no(other, order(3), validation::Error::TooFewSeats);
		let large = ogpu_protocol::jury::Rules { draw_seats: 24, margin_seats: 1, cap_seats: 24, redraw_seats: 0 };
		let class = Class { jury: large, ..Class::STANDARD };
		no(serve_at(Terms { class, ..terms() }), order(3), validation::Error::NonsensicalClass);
	});
}

fn serve_at(terms: Terms) -> ServiceId {
	let service = publish(terms);
	join(service, 1);
	service
}

#[test]
fn who_cannot_pay_or_stand_for_its_inputs_does_not_ask() {
	story(|| {
		let service = serve(terms(), 1);
		let call = || Call::request { service, order: order(10) };
		let poor = account(70);
		newcomer(&poor, OGPU);
		refused(poor.clone(), call(), trustlock::Error::<Test>::NotFree);
		TrustLock::lock(RuntimeOrigin::signed(poor.clone()), 9 * OGPU).unwrap();
		assert!(send(poor.clone(), call()).is_ok());
		let broke = account(71);
		newcomer(&broke, 10 * OGPU);
		let left = Balances::free_balance(&broke) - OGPU;
		Balances::transfer_allow_death(RuntimeOrigin::signed(broke.clone()), TREASURY, left).unwrap();
		refused(broke, call(), sp_runtime::TokenError::FundsUnavailable);
		World::default().blocks(400);
	});
}

#[test]
fn a_worker_key_does_not_ask() {
	use sp_core::{sr25519, Pair};
	story(|| {
		let service = serve(terms(), 1);
		let key = sr25519::Pair::from_seed(&[4; 32]);
		let worker: AccountId32 = key.public().into();
		let signature = key.sign(&TrustLock::consent(&provider(0)));
		TrustLock::authorise_worker(RuntimeOrigin::signed(provider(0)), worker.clone(), signature.into()).unwrap();
		refused(worker.clone(), Call::request { service, order: order(5) }, Error::<Test>::IsWorker);
		// But it commits for its operator.
		let request = ask(service, order(5));
		let world = World::with([(0, SILENT)]);
		world.until_stage(request, |stage| stage == Stage::Racing);
		let (leaves, commitment) = world.commitment(&provider(0), request);
		send(worker, Call::commit { request, commitment, leaves }).unwrap();
		assert_eq!(World::default().until_ended(request), Ending::Settled);
	});
}

#[test]
fn calls_about_nothing_or_in_another_stage_are_refused() {
	story(|| {
		let service = serve(wide(2), 2);
		let request = H256::zero();
		let outcome = Outcome { root: [0; 32], output: [0; 32] };
		let calls = |request| {
			[
				Call::decline { request },
				Call::commit { request, commitment: H256::zero(), leaves: 1 },
				Call::alarm { request },
				Call::confirm { request },
				Call::claim_share { request, outcome, salt: H256::zero(), leader_salt: H256::zero() },
			]
		};
		for call in calls(request) {
			refused(client(), call, Error::<Test>::NoSuchRequest);
		}
		let request = ask(service, order(5));
		for call in calls(request) {
			let who = if matches!(call, Call::confirm { .. }) { client() } else { provider(0) };
			refused(who, call, Error::<Test>::WrongStage);
		}
		let world = World::default();
		world.until_stage(request, |stage| stage == Stage::Racing);
		let racer = record(request).racers[0].operator.clone();
		for call in calls(request).into_iter().skip(2) {
			let who = if matches!(call, Call::confirm { .. }) { client() } else { racer.clone() };
			refused(who, call, Error::<Test>::WrongStage);
		}
		world.until_ended(request);
	});
}

#[test]
fn declining_is_free_a_few_times_in_an_hour() {
	story(|| {
		let service = serve(terms(), 1);
		let world = World::with([(0, SILENT)]);
		let decline = |expected: Result<(), Error<Test>>| {
			let request = ask(service, order(5));
			world.until_stage(request, |stage| stage == Stage::Racing);
			match expected {
				Ok(()) => send(provider(0), Call::decline { request }).unwrap(),
				Err(why) => refused(provider(0), Call::decline { request }, why),
			}
			assert_eq!(world.until_ended(request), Ending::Refunded);
		};
		decline(Ok(()));
		decline(Ok(()));
		decline(Err(Error::TooManyDeclines));
		world.blocks(Pool::hour());
		decline(Ok(()));
	});
}
