//! Measures the calls, each at its worst, and the dearest steps.
//!
//! Operators are strangers to each other, with locks that are as long as they can be. What is put into storage here is
//! what calls and steps would have left there.

use super::*;
use frame_benchmarking::v2::*;
use frame_support::traits::fungible::hold::Mutate as _;
use frame_system::RawOrigin;
use ogpu_protocol::{class::Class, commitment::Place, cost::GIGA, pool::Served, token::OGPU};
use ogpu_result_validation::BenchmarkHelper as _;
use ogpu_staking_trustlock::traits::Pin;

const SERVICE: ServiceId = 0;
/// What is deposited for a member.
const DEPOSIT: Balance = OGPU;
const REQUEST: H256 = H256([1; 32]);
const SALT: H256 = H256([2; 32]);
const OUTCOME: Outcome = Outcome { root: [3; 32], output: [4; 32] };
/// What is measured happens at this block of the network's clock, and is due at this one.
const NOW: BlockNumber = 100;
const LEAVES: u32 = 20;
const LEAF: LeafCost = LeafCost { work: GIGA, recompute_work: GIGA, fetched_bytes: 1 };

fn funded<T: Config>(name: &'static str, index: u32) -> Result<AccountId32, BenchmarkError> {
	let who = account(name, index, 0);
	T::Currency::mint_into(&who, OGPU.saturating_mul(100_000))?;
	Ok(who)
}

fn locked<T: Config>(name: &'static str, index: u32) -> Result<AccountId32, BenchmarkError> {
	let who = funded::<T>(name, index)?;
	T::BenchmarkHelper::lock(&who, OGPU.saturating_mul(10_000));
	Ok(who)
}

fn terms<T: Config>(delivery: Delivery) -> Terms {
	Terms {
		floor: OGPU / 100,
		class: Class::STANDARD,
		capability: 0,
		width: T::MaxWidth::get(),
		delivery,
		requirements: Requirements { kind: None, memory_mb: 0, score: 1, reputation_billionths: 0 },
	}
}

fn order() -> Order {
	Order {
		inputs: SALT,
		ceiling_leaves: LEAVES,
		prompt_work: 0,
		max_price: Balance::MAX,
		window_blocks: 100,
		secret: Some(SALT),
	}
}

fn member(operator: AccountId32) -> MemberRecord {
	let served = Some(Served { slot: 0, capacity: 1 });
	MemberRecord {
		operator,
		observed: Some(u64::MAX),
		served,
		committed: 0,
		declines: 0,
		declined_since: 0,
		left: None,
		deposit: DEPOSIT,
	}
}

fn set_now<T: Config>(now: BlockNumber) {
	T::Clock::set_block_number(now.into());
}

/// A service whose settlements and members are as many as there may be, the last so many of them with devices.
fn serve<T: Config>(delivery: Delivery, members: u32) -> Result<AccountId32, BenchmarkError> {
	set_now::<T>(NOW);
	frame_system::Pallet::<T>::set_block_number(NOW.into());
	T::BenchmarkHelper::seats();
	if !frame_system::Account::<T>::contains_key(Pallet::<T>::pot()) {
		T::Currency::mint_into(&Pallet::<T>::pot(), T::Currency::minimum_balance())?;
	}
	let publisher = funded::<T>("publisher", 0)?;
	Pallet::<T>::do_publish(publisher.clone(), SALT, LEAF, terms::<T>(delivery))?;
	let settled = Settlement { leaf_price: 1, matched_blocks: 1, at: 1 };
	let settled = (0..T::MaxSettlements::get()).map(|_| settled).collect();
	Settlements::<T>::insert(SERVICE, BoundedVec::truncate_from(settled));
	for index in 0..members {
		let who = locked::<T>("provider", index)?;
		let device = T::BenchmarkHelper::device(&who);
		T::Currency::hold(&HoldReason::Member.into(), &who, DEPOSIT)?;
		Members::<T>::insert(SERVICE, device, member(who));
	}
	Services::<T>::mutate_extant(SERVICE, |service| service.members = members);
	Ok(publisher)
}

/// Puts a request into storage, with so many racers, of whom as many as a race is wide are in the last one.
fn put<T: Config>(
	racers: u32,
	racing: impl Fn(u32, &AccountId32) -> Racing,
	stage: impl Fn(u32) -> Stage,
) -> Result<RequestOf<T>, BenchmarkError> {
	let client = locked::<T>("client", 0)?;
	let mut record = Pallet::<T>::draft(REQUEST, SERVICE, client.clone(), order())?;
	T::Currency::hold(&HoldReason::Request.into(), &client, record.held)?;
	T::TrustLock::pin(&client, REQUEST, record.client_bond, Pin::Own)?;
	let first = racers.saturating_sub(T::MaxWidth::get());
	record.race = RaceRecord {
		first,
		drawn: 1,
		closes: NOW.saturating_add(100),
		seed_from: NOW.saturating_add(100).saturating_add(T::AlarmBlocks::get()),
	};
	let devices: alloc::vec::Vec<_> = Members::<T>::iter_prefix(SERVICE).take(racers as usize).collect();
	for (index, (device, MemberRecord { operator, .. })) in (0u32..).zip(devices) {
		let racing = if index < first { Racing::Silent } else { racing(index.saturating_sub(first), &operator) };
		if index >= first {
			T::TrustLock::pin(&operator, REQUEST, record.bond, Pallet::<T>::pin_of(&record))?;
			Races::<T>::insert(&operator, 1);
		}
		let racer = RacerRecord { operator, device, lots: 1, weight: 1, racing };
		record.racers.try_push(racer).map_err(|_| "there is room for the racer")?;
	}
	Services::<T>::mutate_extant(SERVICE, |service| service.requests = 1);
	Pallet::<T>::enter(REQUEST, record, stage(first), NOW);
	Ok(Requests::<T>::get(REQUEST).ok_or("it was put there")?)
}

/// The racer of this rank has committed to the result.
fn committed(operator: &AccountId32) -> Racing {
	let place = Place { task: REQUEST.0, round: 0, account: operator.clone().into() };
	let commitment = H256(place.commit(blake2_256, &OUTCOME, &SALT.0));
	Racing::Committed { commitment, leaves: LEAVES, since: 1, block: NOW }
}

fn operator_of<T: Config>(record: &RequestOf<T>, place: usize) -> Result<AccountId32, BenchmarkError> {
	Ok(record.racers.get(place).map(|racer| racer.operator.clone()).ok_or("there is such a racer")?)
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn publish_service() -> Result<(), BenchmarkError> {
		let publisher = funded::<T>("publisher", 0)?;
		#[extrinsic_call]
		_(RawOrigin::Signed(publisher), SALT, LEAF, terms::<T>(Delivery::Verified));
		assert!(Services::<T>::contains_key(SERVICE));
		Ok(())
	}

	/// With a price that has fallen from as high as it can be, slot by slot.
	#[benchmark]
	fn update_service() -> Result<(), BenchmarkError> {
		let publisher = serve::<T>(Delivery::Verified, 0)?;
		Services::<T>::mutate_extant(SERVICE, |service| service.market.leaf_price = Balance::MAX);
		set_now::<T>(T::Prices::get().slot_blocks.saturating_mul(4_000));
		#[extrinsic_call]
		_(RawOrigin::Signed(publisher), SERVICE, terms::<T>(Delivery::Manual));
		assert!(Services::<T>::get(SERVICE).is_some_and(|service| service.terms.delivery == Delivery::Manual));
		Ok(())
	}

	#[benchmark]
	fn retire_service() -> Result<(), BenchmarkError> {
		let publisher = serve::<T>(Delivery::Verified, 0)?;
		#[extrinsic_call]
		_(RawOrigin::Signed(publisher), SERVICE);
		assert!(!Services::<T>::contains_key(SERVICE));
		Ok(())
	}

	#[benchmark]
	fn join() -> Result<(), BenchmarkError> {
		serve::<T>(Delivery::Verified, 0)?;
		let who = locked::<T>("provider", 0)?;
		let device = T::BenchmarkHelper::device(&who);
		#[extrinsic_call]
		_(RawOrigin::Signed(who), SERVICE, device);
		assert!(Members::<T>::contains_key(SERVICE, device));
		Ok(())
	}

	/// The last one of a retired service, which goes with it.
	#[benchmark]
	fn leave() -> Result<(), BenchmarkError> {
		let publisher = serve::<T>(Delivery::Verified, 1)?;
		Pallet::<T>::do_retire(publisher, SERVICE)?;
		let (device, member) = Members::<T>::iter_prefix(SERVICE).next().ok_or("there is a member")?;
		#[extrinsic_call]
		_(RawOrigin::Signed(member.operator), SERVICE, device);
		assert!(!Services::<T>::contains_key(SERVICE));
		Ok(())
	}

	/// With a price that has fallen from as high as it can be, slot by slot.
	#[benchmark]
	fn request() -> Result<(), BenchmarkError> {
		serve::<T>(Delivery::Verified, 0)?;
		Services::<T>::mutate_extant(SERVICE, |service| service.market.leaf_price = Balance::MAX);
		set_now::<T>(T::Prices::get().slot_blocks.saturating_mul(4_000));
		Services::<T>::mutate_extant(SERVICE, |service| service.terms.class = Class::ASSURED);
		let client = locked::<T>("client", 0)?;
		// As many leaves as may be looked at.
		let orders = [1_024, 512, 256, 128, 64].map(|ceiling_leaves| Order { ceiling_leaves, ..order() });
		let is_possible = |order: &Order| Pallet::<T>::draft(REQUEST, SERVICE, client.clone(), *order).is_ok();
		let order = orders.into_iter().find(is_possible).ok_or("some leaves may be looked at")?;
		#[extrinsic_call]
		_(RawOrigin::Signed(client), SERVICE, order);
		assert!(Services::<T>::get(SERVICE).is_some_and(|service| service.requests == 1));
		Ok(())
	}

	/// The last one that runs.
	#[benchmark]
	fn decline() -> Result<(), BenchmarkError> {
		serve::<T>(Delivery::Verified, T::MaxRacers::get())?;
		let runs = |rank, _: &AccountId32| if rank == 0 { Racing::Running } else { Racing::Out };
		let record = put::<T>(T::MaxRacers::get(), runs, |_| Stage::Racing)?;
		Requests::<T>::mutate_extant(REQUEST, |record| record.due = record.race.closes);
		let who = operator_of::<T>(&record, record.race.first as usize)?;
		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), REQUEST);
		assert!(Requests::<T>::get(REQUEST).is_some_and(|record| record.due == NOW));
		assert_eq!(T::TrustLock::pinned(&who, REQUEST), 0);
		Ok(())
	}

	/// The last one that runs.
	#[benchmark]
	fn commit() -> Result<(), BenchmarkError> {
		serve::<T>(Delivery::Verified, T::MaxRacers::get())?;
		let runs = |rank, who: &AccountId32| if rank == 0 { Racing::Running } else { committed(who) };
		let record = put::<T>(T::MaxRacers::get(), runs, |_| Stage::Racing)?;
		Requests::<T>::mutate_extant(REQUEST, |record| record.due = record.race.closes);
		let who = operator_of::<T>(&record, record.race.first as usize)?;
		#[extrinsic_call]
		_(RawOrigin::Signed(who), REQUEST, SALT, LEAVES);
		assert!(Requests::<T>::get(REQUEST).is_some_and(|record| record.due == NOW));
		Ok(())
	}

	#[benchmark]
	fn alarm() -> Result<(), BenchmarkError> {
		serve::<T>(Delivery::Verified, T::MaxRacers::get())?;
		put::<T>(T::MaxRacers::get(), |_, who| committed(who), |_| Stage::Racing)?;
		Pallet::<T>::step(REQUEST);
		let record = Requests::<T>::get(REQUEST).ok_or("it is validated")?;
		let who = operator_of::<T>(&record, record.racers.len().saturating_sub(1))?;
		#[extrinsic_call]
		_(RawOrigin::Signed(who), REQUEST);
		Ok(())
	}

	#[benchmark]
	fn confirm() -> Result<(), BenchmarkError> {
		serve::<T>(Delivery::Manual, T::MaxRacers::get())?;
		let racers = T::MaxRacers::get();
		let record = put::<T>(racers, |_, who| committed(who), |leader| Stage::AwaitingConfirmation { leader })?;
		#[extrinsic_call]
		_(RawOrigin::Signed(record.client), REQUEST);
		let stage = Requests::<T>::get(REQUEST).map(|record| record.stage);
		assert!(matches!(stage, Some(Stage::Validating { is_paid: true, .. })));
		Ok(())
	}

	/// The last claim, with which the request ends.
	#[benchmark]
	fn claim_share() -> Result<(), BenchmarkError> {
		serve::<T>(Delivery::Verified, T::MaxRacers::get())?;
		let runs = |rank, who: &AccountId32| if rank < 2 { committed(who) } else { Racing::Paid };
		let sharing = |leader| Stage::Sharing { leader, ending: Ending::Settled };
		let record = put::<T>(T::MaxRacers::get(), runs, sharing)?;
		let who = operator_of::<T>(&record, (record.race.first as usize).saturating_add(1))?;
		#[extrinsic_call]
		_(RawOrigin::Signed(who), REQUEST, OUTCOME, SALT, SALT);
		assert!(!Requests::<T>::contains_key(REQUEST));
		Ok(())
	}

	#[benchmark]
	fn draw(n: Linear<1, { T::MaxMembers::get() }>) -> Result<(), BenchmarkError> {
		serve::<T>(Delivery::Verified, n)?;
		put::<T>(0, |_, _| Racing::Running, |_| Stage::Drawing { seed_from: 1 })?;
		T::BenchmarkHelper::outputs(1, T::DrawBlocks::get());
		#[block]
		{
			Pallet::<T>::step(REQUEST);
		}
		assert!(Requests::<T>::get(REQUEST).is_some_and(|record| record.stage == Stage::Racing));
		Ok(())
	}

	/// A leader's result goes into validation and is paid.
	#[benchmark]
	fn step() -> Result<(), BenchmarkError> {
		serve::<T>(Delivery::FirstResponse, T::MaxRacers::get())?;
		put::<T>(T::MaxRacers::get(), |_, who| committed(who), |_| Stage::Racing)?;
		#[block]
		{
			Pallet::<T>::step(REQUEST);
		}
		let stage = Requests::<T>::get(REQUEST).map(|record| record.stage);
		assert!(matches!(stage, Some(Stage::Validating { is_paid: true, .. })));
		Ok(())
	}

	/// Nobody committed, and the client has its money back.
	#[benchmark(extra)]
	fn step_refunded() -> Result<(), BenchmarkError> {
		serve::<T>(Delivery::Verified, T::MaxRacers::get())?;
		put::<T>(T::MaxRacers::get(), |_, _| Racing::Running, |_| Stage::Racing)?;
		Requests::<T>::mutate_extant(REQUEST, |record| {
			record.redraws = T::MaxRedraws::get();
			record.race.closes = 0;
		});
		#[block]
		{
			Pallet::<T>::step(REQUEST);
		}
		assert!(!Requests::<T>::contains_key(REQUEST));
		Ok(())
	}

	/// The leader is paid, one has committed as well, and all others were silent.
	#[benchmark]
	fn concluded(n: Linear<2, { T::MaxRacers::get() }>) -> Result<(), BenchmarkError> {
		serve::<T>(Delivery::Verified, n)?;
		let runs = |rank, who: &AccountId32| if rank < 2 { committed(who) } else { Racing::Running };
		let stage = |leader| Stage::Validating { leader, is_paid: false };
		put::<T>(n, runs, stage)?;
		#[block]
		{
			<Pallet<T> as Market>::concluded(REQUEST, Conclusion::Accepted);
		}
		let stage = Requests::<T>::get(REQUEST).map(|record| record.stage);
		assert!(matches!(stage, Some(Stage::Sharing { .. })));
		Ok(())
	}

	impl_benchmark_test_suite!(Pallet, crate::tests::new_test_ext(), crate::tests::Test);
}
