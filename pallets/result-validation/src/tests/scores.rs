//! Measuring devices.

use super::*;
use frame_support::traits::fungible::Inspect;
use ogpu_protocol::benchmark;
use ogpu_staking_trustlock::{traits::DeviceKind, Reputations};

fn device(operator: &AccountId32) -> DeviceId {
	let id = <TrustLock as Devices<AccountId32>>::next_device();
	let origin = RuntimeOrigin::signed(operator.clone());
	let (name, endpoint) = (BoundedVec::truncate_from(b"cpu".to_vec()), BoundedVec::truncate_from(b"/dns/a".to_vec()));
	TrustLock::register_device(origin, DeviceKind::Cpu, name, 1, endpoint, operator.clone()).unwrap();
	id
}

fn score(id: DeviceId) -> Option<Work> {
	<TrustLock as Devices<AccountId32>>::device(id).unwrap().measured
}

/// Until the window opens in which a device may be measured: its seed, and when it opened.
fn until_open() -> (H256, BlockNumber) {
	for _ in 0..1_000 {
		if let Some(WindowRecord { stage: WindowStage::Open { seed, opened, .. }, .. }) = Window::<Test>::get() {
			return (seed, opened);
		}
		next_block(0);
	}
	panic!("it never opens");
}

/// The benchmark of a device, so many leaves of it, some of them wrong.
fn run(seed: H256, device: DeviceId, leaves: u32, wrong: &[u32]) -> Job {
	let task = H256(benchmark::task(blake2_256, &seed.0, device));
	let mut job = Job::new(1, leaves, wrong, Measuring::get().class(leaves)).named(task);
	job.request.start = task;
	job
}

fn commit(job: &Job, device: DeviceId) -> Call<Test> {
	Call::commit_benchmark { device, leaves: job.request.leaves, commitment: job.request.commitment }
}

#[test]
fn a_device_is_measured_by_what_it_computes_in_the_window() {
	story(|| {
		let id = device(&provider());
		let (seed, opened) = until_open();
		let job = run(seed, id, 120, &[]);
		while ClockAt::get() < opened + 30 {
			next_block(0);
		}
		let name = Reputations::<Test>::get(provider());
		send(provider(), commit(&job, id)).unwrap();
		assert_eq!(score(id), None, "it is to be validated");
		let world = World::with([job.clone()]);
		world.until(|| score(id).is_some());
		assert_eq!(score(id), Some(Measuring::get().leaf().work * 120 / 30));
		assert_eq!(Told::get(), [], "it is no market's");
		assert_eq!(<TrustLock as Collateral<_>>::pinned(&provider(), job.task), 0);
		assert_eq!(Reputations::<Test>::get(provider()), name, "no name is earned so");
		// It does not last for ever.
		ClockAt::set(&(ClockAt::get() + 10_001));
		assert_eq!(score(id), None);
	});
}

#[test]
fn who_claims_what_it_has_not_computed_is_convicted_and_not_measured() {
	story(|| {
		let id = device(&provider());
		let (seed, _) = until_open();
		let job = run(seed, id, 120, &(60..120).collect::<Vec<_>>());
		send(provider(), commit(&job, id)).unwrap();
		let locked = TrustLock::locked(&provider());
		let world = World::with([job.clone()]);
		world.until(|| Records::<Test>::contains_key(job.task));
		assert_eq!(Records::<Test>::get(job.task).unwrap().conclusion, Conclusion::Convicted);
		assert_eq!(score(id), None);
		assert!(TrustLock::locked(&provider()) < locked);
		assert_eq!(<TrustLock as Collateral<_>>::pinned(&provider(), job.task), 0);
	});
}

#[test]
fn windows_open_once_in_a_session_at_a_time_that_nobody_chooses() {
	let opened = |luck: u64| {
		let mut at = 0;
		story(|| {
			for _ in 0..200 {
				next_block(luck);
				if matches!(Window::<Test>::get().map(|it| it.stage), Some(WindowStage::Open { .. })) {
					break;
				}
			}
			at = ClockAt::get();
			// A session that begins meanwhile changes nothing.
			let before = Window::<Test>::get();
			assert!(before.is_some());
			next_session();
			assert_eq!(Window::<Test>::get(), before);
			while Window::<Test>::get().is_some() {
				next_block(luck);
			}
			assert_eq!(ClockAt::get(), at + 41);
			next_session();
			assert!(Window::<Test>::get().is_some());
		});
		at
	};
	let times: std::collections::BTreeSet<_> = (0..20).map(opened).collect();
	assert!(times.len() > 8, "{times:?}");
}

#[test]
fn what_is_no_benchmark_is_refused() {
	story(|| {
		let (mine, of_another) = (device(&provider()), device(&client()));
		let call = |device, leaves| Call::commit_benchmark { device, leaves, commitment: H256::zero() };
		refused(provider(), call(mine, 100), Error::<Test>::NoBenchmark);
		let (seed, opened) = until_open();
		let late = device(&provider());
		refused(provider(), call(late, 100), Error::<Test>::NoBenchmark);
		refused(provider(), call(99, 100), Error::<Test>::NotYours);
		refused(provider(), call(of_another, 100), Error::<Test>::NotYours);
		refused(provider(), call(mine, 0), Error::<Test>::NothingAtStake);
		refused(provider(), call(mine, u32::MAX), ogpu_staking_trustlock::Error::<Test>::NotFree);
		let poor = Balances::reducible_balance(
			&provider(),
			frame_support::traits::tokens::Preservation::Preserve,
			frame_support::traits::tokens::Fortitude::Polite,
		);
		TrustLock::lock(RuntimeOrigin::signed(provider()), poor - 1).unwrap();
		refused(provider(), call(mine, 100), sp_runtime::TokenError::FundsUnavailable);
		let job = run(seed, of_another, 100, &[]).by(client());
		send(client(), commit(&job, of_another)).unwrap();
		refused(client(), commit(&job, of_another), ogpu_staking_trustlock::Error::<Test>::AlreadyPinned);
		while ClockAt::get() <= opened + 40 {
			next_block(0);
		}
		refused(client(), call(of_another, 100), Error::<Test>::NoBenchmark);
		World::with([job.clone()]).until(|| stage(&job.task).is_none());
	});
}

#[test]
fn a_window_survives_a_seed_that_is_lost_and_a_clock_that_stands_still() {
	story(|| {
		device(&provider());
		next_block(0);
		let _ = AuthorOutputs::<Test>::clear(u32::MAX, None);
		let (_, opened) = until_open();
		IsClockStopped::set(&true);
		for _ in 0..100 {
			next_block(0);
		}
		assert!(Window::<Test>::get().is_some(), "it is open as long as it says");
		// But its results could no longer be validated by a seed that nobody knows.
		let call = Call::commit_benchmark { device: 0, leaves: 100, commitment: H256::zero() };
		refused(provider(), call, Error::<Test>::WrongSeedHeight);
		IsClockStopped::set(&false);
		while Window::<Test>::get().is_some() {
			next_block(0);
		}
		assert_eq!(ClockAt::get(), opened + 41);
	});
}
