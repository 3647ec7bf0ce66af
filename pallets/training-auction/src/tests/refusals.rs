//! What is refused, why, and that it leaves everything as it was.

use super::*;
use ogpu_result_validation::Error as ValidationError;
use ogpu_staking_trustlock::Error as LockError;

const CEILING: Balance = 100 * OGPU;

fn not_created(change: impl Fn(&mut Spec), why: impl Into<DispatchError>) {
	let mut spec = spec();
	change(&mut spec);
	refused(client(), Call::create { spec, ceiling: CEILING }, why);
}

#[test]
fn jobs_of_which_nothing_could_come_are_refused_before_anybody_pays() {
	story(|_| {
		not_created(|spec| spec.leaves = 0, Error::<Test>::NoLeaves);
		not_created(|spec| spec.leaf.work = 0, Error::<Test>::ImplausibleLeaf);
		not_created(|spec| spec.leaf.recompute_work -= 1, Error::<Test>::ImplausibleLeaf);
		not_created(|spec| spec.part_leaves = 0, Error::<Test>::WrongPartLength);
		not_created(|spec| spec.part_leaves = 21, Error::<Test>::WrongPartLength);
		not_created(|spec| spec.part_leaves = 2, Error::<Test>::TooManyParts);
		not_created(|spec| (spec.leaves, spec.part_leaves) = (u32::MAX, 1), Error::<Test>::TooManyParts);
		not_created(|spec| spec.bidding_blocks = 4, Error::<Test>::WrongBiddingTime);
		not_created(|spec| spec.bidding_blocks = u32::MAX, Error::<Test>::WrongBiddingTime);
		not_created(|spec| spec.longest_blocks = 0, Error::<Test>::NonsensicalTerms);
		not_created(|spec| spec.longest_blocks = 50_001, Error::<Test>::TooLong);
		not_created(|spec| spec.speed_billionths = 900_000_001, Error::<Test>::NonsensicalTerms);
		not_created(|spec| spec.reopens = 3, Error::<Test>::TooManyReopens);
		not_created(|spec| spec.leaf.recompute_work = u128::MAX, Error::<Test>::LeafTooLong);
		not_created(|spec| spec.leaf.fetched_bytes = u128::MAX, Error::<Test>::LeafTooLong);
		// What validation would refuse.
		not_created(|spec| spec.capability = 1, ValidationError::<Test>::TooFewSeats);
		not_created(|spec| (spec.leaves, spec.part_leaves) = (2_000, 2_000), ValidationError::<Test>::TooManyLeaves);
		let dear = Call::create { spec: spec(), ceiling: 1_001 * OGPU };
		refused(client(), dear, ValidationError::<Test>::FeeTooHigh);
		refused(client(), Call::create { spec: spec(), ceiling: 0 }, Error::<Test>::NonsensicalTerms);
		refused(client(), Call::create { spec: spec(), ceiling: u128::MAX }, Error::<Test>::NonsensicalTerms);
	});
}

#[test]
fn whoever_has_neither_money_nor_a_lock_creates_nothing() {
	story(|_| {
		let poor = account(77);
		let funds = |amount| {
			Balances::transfer_allow_death(RuntimeOrigin::signed(TREASURY), poor.clone(), amount).unwrap();
		};
		funds(50 * OGPU);
		let create = || Call::create { spec: spec(), ceiling: CEILING };
		let unavailable = sp_runtime::TokenError::FundsUnavailable;
		refused(poor.clone(), create(), unavailable);
		funds(200 * OGPU);
		refused(poor.clone(), create(), LockError::<Test>::NotFree);
		TrustLock::lock(RuntimeOrigin::signed(poor.clone()), 102 * OGPU).unwrap();
		send(poor.clone(), create()).unwrap();
	});
}

#[test]
fn clients_and_whoever_cannot_stand_for_it_do_not_bid() {
	story(|world| {
		let id = create(spec(), CEILING);
		let commit = |job| Call::commit_bid { job, commitment: SALT };
		refused(provider(ADA), commit(SALT), Error::<Test>::NoSuchJob);
		refused(client(), commit(id), Error::<Test>::OwnJob);
		refused(account(77), commit(id), LockError::<Test>::NotFree);
		<TrustLock as Record<_>>::suspend(&provider(ADA));
		refused(provider(ADA), commit(id), Error::<Test>::Suspended);
		send(provider(BOB), commit(id)).unwrap();
		refused(provider(BOB), commit(id), Error::<Test>::AlreadyBid);
		world.until_stage(&id, |stage| matches!(stage, Stage::Drawing { .. }));
		refused(provider(EVE), commit(id), Error::<Test>::WrongStage);
	});
}

#[test]
fn a_client_that_works_for_an_operator_sells_nothing_to_it() {
	story(|_| {
		use sp_core::{sr25519, Pair};
		let pair = sr25519::Pair::from_seed(&[7; 32]);
		let worker = AccountId32::from(pair.public());
		let id = create(spec(), CEILING);
		let mut job = job(&id);
		let consent = sp_runtime::MultiSignature::from(pair.sign(&TrustLock::consent(&provider(ADA))));
		TrustLock::authorise_worker(RuntimeOrigin::signed(provider(ADA)), worker.clone(), consent).unwrap();
		job.client = worker;
		assert!(Auctions::is_clients(&job, &provider(ADA)) && !Auctions::is_clients(&job, &provider(BOB)));
	});
}

#[test]
fn a_call_is_in_time_until_its_deadline_whenever_the_agenda_comes() {
	story(|world| {
		// No step fits into a block.
		StepWeight::set(&(AgendaWeight::get().ref_time() + 1));
		let id = create(spec(), CEILING);
		let due = job(&id).due;
		world.until_time(due);
		bid(ADA, id, OGPU, 10);
		world.block();
		refused(provider(BOB), Call::commit_bid { job: id, commitment: SALT }, Error::<Test>::TooLate);
		refused(client(), Call::cancel { job: id }, Error::<Test>::TooLate);
		refused(client(), Call::extend { job: id, blocks: 1 }, Error::<Test>::TooLate);
		// Anybody can do it instead.
		let item = ogpu_result_validation::Item::Market(id);
		let advance = || Validations::advance(RuntimeOrigin::signed(account(77)), item);
		assert!(advance().is_ok());
		assert!(matches!(job(&id).stage, Stage::Drawing { .. }));
		assert_eq!(advance().unwrap_err().error, ogpu_result_validation::Error::<Test>::TooEarly.into());
	});
}

#[test]
fn what_is_revealed_is_what_was_sealed_with_a_device_that_fits() {
	story(|world| {
		let needs = Needs { kind: Some(DeviceKind::Cuda), memory_mb: 16_000, work_per_block: 500 * GIGA };
		let id = create(Spec { needs, ..spec() }, CEILING);
		bid(ADA, id, 40 * OGPU, 500);
		let reveal = |price, eta, device, salt| {
			let offer = offer_of(ADA, price, eta);
			Call::reveal_bid { job: id, offer, device, salt }
		};
		refused(provider(ADA), reveal(40 * OGPU, 500, 0, SALT), Error::<Test>::WrongStage);
		world.until_stage(&id, |stage| matches!(stage, Stage::Revealing { .. }));
		refused(provider(BOB), reveal(40 * OGPU, 500, 0, SALT), Error::<Test>::NoBid);
		for call in
			[reveal(41 * OGPU, 500, 0, SALT), reveal(40 * OGPU, 501, 0, SALT), reveal(40 * OGPU, 500, 0, H256::zero())]
		{
			refused(provider(ADA), call, Error::<Test>::WrongOpening);
		}
		refused(provider(ADA), reveal(40 * OGPU, 500, 1, SALT), Error::<Test>::NotYourDevice);
		refused(provider(ADA), reveal(40 * OGPU, 500, 99, SALT), Error::<Test>::NotYourDevice);
		let fitting = |change: &dyn Fn(&mut ogpu_staking_trustlock::DeviceRecord), why: Error<Test>| {
			let before = ogpu_staking_trustlock::Devices::<Test>::get(0).unwrap();
			let mut device = before.clone();
			change(&mut device);
			ogpu_staking_trustlock::Devices::<Test>::insert(0, device);
			refused(provider(ADA), reveal(40 * OGPU, 500, 0, SALT), why);
			ogpu_staking_trustlock::Devices::<Test>::insert(0, before);
		};
		fitting(&|device| device.spec.kind = DeviceKind::Cpu, Error::WrongDeviceKind);
		fitting(&|device| device.spec.memory_mb = 15_999, Error::TooLittleMemory);
		fitting(&|device| device.measured = None, Error::DeviceTooSlow);
		fitting(&|device| device.heartbeat = None, Error::DeviceOffline);
		fitting(&|device| device.spec.worker = account(77), Error::NotYourDevice);
		send(provider(ADA), reveal(40 * OGPU, 500, 0, SALT)).unwrap();
		refused(provider(ADA), reveal(40 * OGPU, 500, 0, SALT), Error::<Test>::NoBid);
	});
}

#[test]
fn each_call_has_its_stage_and_its_sender() {
	story(|world| {
		let id = create(with_milestones(), CEILING);
		let commitment = SALT;
		let of_providers = [
			Call::start { job: id },
			Call::report_progress { job: id, commitment },
			Call::commit_result { job: id, commitment },
			Call::claim_inputs { job: id },
			Call::abandon { job: id },
		];
		let of_clients =
			[Call::top_up { job: id, amount: 1 }, Call::extend { job: id, blocks: 1 }, Call::cancel { job: id }];
		for call in &of_providers {
			refused(provider(ADA), call.clone(), Error::<Test>::WrongStage);
		}
		for call in &of_clients {
			refused(provider(ADA), call.clone(), Error::<Test>::NotYours);
		}
		refused(client(), Call::top_up { job: id, amount: 0 }, Error::<Test>::ZeroAmount);
		refused(client(), Call::extend { job: id, blocks: 0 }, Error::<Test>::ZeroAmount);
		refused(client(), Call::extend { job: id, blocks: 45_001 }, Error::<Test>::TooLong);
		world.auction(id, &[(ADA, 40 * OGPU, 500), (BOB, 50 * OGPU, 500)]);
		refused(provider(BOB), Call::start { job: id }, Error::<Test>::NotYours);
		start(ADA, id);
		for call in &of_providers[1..] {
			refused(provider(BOB), call.clone(), Error::<Test>::NotYours);
		}
		refused(provider(ADA), of_providers[0].clone(), Error::<Test>::WrongStage);
		refused(provider(ADA), of_providers[2].clone(), Error::<Test>::MilestonesMissing);
		refused(client(), Call::extend { job: id, blocks: 45_001 }, Error::<Test>::TooLong);
		for _ in 0..3 {
			world.deliver(ADA, id, &[]);
		}
		refused(provider(ADA), of_providers[1].clone(), Error::<Test>::NoMilestoneLeft);
		refused(provider(ADA), of_providers[2].clone(), Error::<Test>::NotShown);
		world.deliver(ADA, id, &[]);
		for call in &of_providers[1..] {
			refused(provider(ADA), call.clone(), Error::<Test>::WrongStage);
		}
		for call in &of_clients {
			refused(client(), call.clone(), Error::<Test>::WrongStage);
		}
		assert_eq!(world.until_ended(&id), End::Settled);
		refused(client(), of_clients[2].clone(), Error::<Test>::NoSuchJob);
	});
}

#[test]
fn a_lock_that_others_have_emptied_cannot_stand_for_a_result() {
	story(|world| {
		let id = world.sold(spec(), CEILING, &[(ADA, 40 * OGPU, 4_000)]);
		drop(<TrustLock as Collateral<_>>::slash(&provider(ADA), 9_999 * OGPU, Fault::Abandoned, SALT));
		assert_eq!(world.commit(ADA, id, &[]), Err(LockError::<Test>::NotFree.into()));
		TrustLock::lock(RuntimeOrigin::signed(provider(ADA)), 500 * OGPU).unwrap();
		world.deliver_all(ADA, id);
		assert_eq!(world.until_ended(&id), End::Settled);
	});
}
