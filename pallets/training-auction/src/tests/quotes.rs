//! What can be asked before anything is paid, and after.

use super::*;
use ogpu_protocol::random::CERTAIN_BILLIONTHS;

const CEILING: Balance = 100 * OGPU;

#[test]
fn a_quote_is_what_creating_the_job_does() {
	story(|world| {
		let quote = Auctions::quote(client(), with_milestones(), CEILING).unwrap();
		assert_eq!((quote.parts, quote.usual_price, quote.cheaper_billionths), (4, None, None));
		let before = Balances::free_balance(client());
		let root = sp_io::storage::root(sp_runtime::StateVersion::V1);
		Auctions::quote(client(), with_milestones(), CEILING).unwrap();
		assert_eq!(sp_io::storage::root(sp_runtime::StateVersion::V1), root, "asking changes nothing");

		let created = now();
		let id = create(with_milestones(), CEILING);
		assert_eq!(before - Balances::free_balance(client()), quote.held);
		assert_eq!(quote.held, CEILING + quote.checking + quote.deposit);
		assert_eq!(TrustLock::pinned(&client(), id), quote.client_bond);
		world.auction(id, &[(ADA, 40 * OGPU, 4_000)]);
		assert_eq!(TrustLock::pinned(&provider(ADA), Auctions::bid_name(&id, &provider(ADA))), quote.bond);
		assert_eq!(now(), created + quote.award_blocks);
		assert_eq!(run(&id).deadline, created + quote.result_blocks);
		start(ADA, id);
		world.deliver_all(ADA, id);
		world.until_ended(&id);
		assert_eq!(before - Balances::free_balance(client()), 40 * OGPU + quote.checking);
	});
}

#[test]
fn a_price_is_held_against_recent_sales() {
	story(|world| {
		// Strangers all of them: a name would be paid more.
		for (who, price) in [(0, 20), (2, 40), (4, 60)] {
			let bids = [(who, price * OGPU / 2, 500), (who + 1, price * OGPU, 500)];
			let id = world.sold(spec(), CEILING, &bids);
			world.deliver_all(who, id);
			world.until_ended(&id);
		}
		let quote = |ceiling| Auctions::quote(client(), spec(), ceiling).unwrap();
		assert_eq!(quote(CEILING).usual_price.map(about), Some(40 * OGPU));
		let cheaper = [10, 30, 50, 70].map(|ceiling| quote(ceiling * OGPU).cheaper_billionths.unwrap());
		let third = CERTAIN_BILLIONTHS / 3;
		assert_eq!(cheaper, [0, third, 2 * third, CERTAIN_BILLIONTHS]);
	});
}

#[test]
fn every_device_is_told_why_it_may_not_be_bid_with() {
	story(|_| {
		let needs = Needs { kind: Some(DeviceKind::Cuda), memory_mb: 16_000, work_per_block: 500 * GIGA };
		let asked = Spec { needs, ..spec() };
		let why = |who: AccountId32, device| {
			let told = Auctions::eligible(who, asked.clone(), 50 * OGPU, vec![device]).unwrap();
			assert_eq!(told[0].0, device);
			told[0].1.clone()
		};
		let change = |device: DeviceId, change: &dyn Fn(&mut ogpu_staking_trustlock::DeviceRecord)| {
			ogpu_staking_trustlock::Devices::<Test>::mutate(device, |device| change(device.as_mut().unwrap()));
		};
		assert_eq!(why(client(), 0), None);
		assert_eq!(why(client(), 99), Some(Unfit::NoSuchDevice));
		assert_eq!(why(provider(ADA), 0), Some(Unfit::Clients));
		change(0, &|device| device.spec.kind = DeviceKind::Cpu);
		assert_eq!(why(client(), 0), Some(Unfit::WrongKind { is: DeviceKind::Cpu }));
		change(1, &|device| device.spec.memory_mb = 8_000);
		assert_eq!(why(client(), 1), Some(Unfit::TooLittleMemory { has_mb: 8_000 }));
		change(2, &|device| device.measured = None);
		assert_eq!(why(client(), 2), Some(Unfit::TooSlow { measured: None }));
		change(3, &|device| device.heartbeat = None);
		assert_eq!(why(client(), 3), Some(Unfit::Offline));
		TrustLock::unlock(RuntimeOrigin::signed(provider(4)), 9_990 * OGPU).unwrap();
		assert_eq!(why(client(), 4), Some(Unfit::BondTooHigh { free: 10 * OGPU }));
		<TrustLock as Record<_>>::suspend(&provider(5));
		assert_eq!(why(client(), 5), Some(Unfit::Suspended));
		let id = create(asked.clone(), 50 * OGPU);
		assert_eq!(Auctions::eligible_for(id, 3), Some(Err(Unfit::Offline)));
		assert_eq!(Auctions::eligible_for(H256::zero(), 3), None);
	});
}

#[test]
fn every_bidder_is_told_how_its_bid_stands() {
	story(|world| {
		let id = create(spec(), CEILING);
		let bids = [
			(ADA, 40 * OGPU, 500),
			(BOB, 50 * OGPU, 500),
			(EVE, 60 * OGPU, 500),
			(3, 101 * OGPU, 500),
			(4, 50 * OGPU, 5_001),
		];
		let verdict =
			|(who, price, eta): (u8, Balance, u32)| Auctions::verdict(id, provider(who), price, eta, 0).unwrap();
		bids.iter().for_each(|(who, price, eta)| bid(*who, id, *price, *eta));
		assert_eq!(verdict(bids[0]), Verdict::Sealed);
		world.until_stage(&id, |stage| matches!(stage, Stage::Revealing { .. }));
		bids.iter().for_each(|(who, price, eta)| reveal(*who, id, *price, *eta));
		assert_eq!(verdict(bids[0]), Verdict::Leads);
		world.until_stage(&id, |stage| stage == Stage::Offered);
		assert_eq!(verdict(bids[0]), Verdict::HasTheWork { fee: run(&id).award.fee });
		assert_eq!(verdict(bids[1]), Verdict::StandsBy);
		let Verdict::Outscored { score, best } = verdict(bids[2]) else { panic!() };
		assert_eq!((score, best), (660_000_000_000_000_000, 440_000_000_000_000_000), "strangers score a tenth worse");
		assert_eq!(verdict(bids[3]), Verdict::TooDear { ceiling: CEILING });
		assert_eq!(verdict(bids[4]), Verdict::TooLate { longest_blocks: 5_000 });
		assert_eq!(Auctions::verdict(H256::zero(), provider(ADA), 0, 0, 0), None);
	});
}

#[test]
fn the_lot_is_named_as_the_reason_where_it_decided() {
	story(|world| {
		let id = create(spec(), CEILING);
		let bids = [(ADA, 50 * OGPU, 500), (BOB, 50 * OGPU, 500), (EVE, 50 * OGPU, 500)];
		world.auction(id, &bids);
		let verdicts = bids.map(|(who, price, eta)| Auctions::verdict(id, provider(who), price, eta, 0).unwrap());
		let lost = |verdict: &&Verdict| matches!(verdict, Verdict::LostByLot { .. });
		assert_eq!(verdicts.iter().filter(lost).count(), 1);
		assert_eq!(verdicts.iter().filter(|verdict| **verdict == Verdict::StandsBy).count(), 1);
	});
}

#[test]
fn everybody_is_told_what_comes_next_and_who_has_to_do_it() {
	use crate::status::Act;
	story(|world| {
		let id = create(with_milestones(), 100 * OGPU);
		let mut told = Vec::new();
		let mut look = || {
			let status = Auctions::status(id).unwrap();
			told.push((status.next.act, status.next.by.clone(), status.verified));
			assert!(status.next.due >= status.now);
		};
		look();
		bid(ADA, id, 60 * OGPU, 2_000);
		world.until_stage(&id, |stage| matches!(stage, Stage::Drawing { .. }));
		look();
		world.until_stage(&id, |stage| matches!(stage, Stage::Revealing { .. }));
		look();
		reveal(ADA, id, 60 * OGPU, 2_000);
		world.until_stage(&id, |stage| stage == Stage::Offered);
		look();
		start(ADA, id);
		look();
		world.deliver(ADA, id, &[]);
		world.until(|| job(&id).verified == 1);
		look();
		let status = Auctions::status(id).unwrap();
		assert_eq!((status.parts, status.tasks.len(), status.provider), (4, 1, Some(provider(ADA))));
		assert!(status.released > 0 && status.released < status.fee && status.deadline > Some(status.now));
		for who in [client(), provider(ADA)] {
			assert_eq!(Auctions::jobs_of(who, None).names, [id]);
		}
		assert!(Auctions::jobs_of(provider(BOB), None).names.is_empty());
		assert!(Auctions::jobs_of(client(), Some(id)).names.is_empty());
		let ada = || vec![provider(ADA)];
		let expected = [
			(Act::Bid, vec![], 0),
			(Act::AwaitSeed, vec![], 0),
			(Act::RevealBids, ada(), 0),
			(Act::Start, ada(), 0),
			(Act::Work, ada(), 0),
			(Act::Work, ada(), 1),
		];
		assert_eq!(told, expected);
		world.deliver_all(ADA, id);
		world.until_ended(&id);
		assert_eq!(Auctions::status(id), None);
	});
}
