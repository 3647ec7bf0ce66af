//! Measuring devices: in each session a window opens, at a time that a seed decides, and another seed says what is to be
//! computed. A score is validated like any other result.

use crate::*;
use frame_support::ensure;
use ogpu_protocol::{
	benchmark,
	commitment::{seed_not_before, SEED_BLOCKS},
	phases::{is_in_time, Sale},
};
use ogpu_staking_trustlock::traits::Pin;

/// Windows are no tasks, but their seeds have names as well.
const NAME: H256 = H256([0; 32]);
const PLACE_ROUND: u32 = 0;
const SEED_ROUND: u32 = 1;

impl<T: Config> Pallet<T> {
	/// A session begins: so does its benchmark, unless the last one is still going on.
	pub(crate) fn place_window() {
		if Window::<T>::get().is_none() {
			Self::await_place(Self::block().saturating_add(1));
		}
	}

	fn await_place(seed_from: BlockNumber) {
		Self::put_window(WindowStage::Placing { seed_from }, Self::seed_due(seed_from, SEED_BLOCKS));
	}

	fn await_seed(seed_from: BlockNumber, devices: DeviceId) {
		Self::put_window(WindowStage::Seeding { seed_from, devices }, Self::seed_due(seed_from, SEED_BLOCKS));
	}

	fn put_window(stage: WindowStage, due: BlockNumber) {
		Window::<T>::put(WindowRecord { stage, due });
		Self::schedule(Item::Window, due);
	}

	pub(crate) fn step_window() {
		let Some(WindowRecord { stage, due }) = Window::<T>::get() else { return };
		let (after, next) = (Self::seed_after(due), Self::block().saturating_add(1));
		let parameters = T::Benchmark::get();
		match stage {
			WindowStage::Placing { seed_from } => match Self::seed_at(seed_from, None, &NAME, PLACE_ROUND) {
				Ok(seed) => {
					let delay = parameters.delay(blake2_256, &seed.0);
					// Devices that take part have registered before their seed is known.
					let seed_from = seed_not_before(after.saturating_add(delay), next);
					Self::await_seed(seed_from, T::TrustLock::next_device());
				}
				Err(no_seed) => Self::await_place(Self::retry_from(no_seed, seed_from)),
			},
			WindowStage::Seeding { seed_from, devices } => match Self::seed_at(seed_from, None, &NAME, SEED_ROUND) {
				Ok(seed) => {
					let opened = Self::now();
					let window = parameters.window_blocks;
					let due = opened.saturating_add(window);
					let seed_from = seed_not_before(after.saturating_add(window), next.saturating_add(window));
					Self::put_window(WindowStage::Open { seed, opened, devices, seed_from }, due);
					Self::deposit_event(Event::BenchmarkOpened { seed, devices, due });
				}
				Err(no_seed) => Self::await_seed(Self::retry_from(no_seed, seed_from), devices),
			},
			WindowStage::Open { .. } => Window::<T>::kill(),
		}
	}

	pub(crate) fn do_commit_benchmark(
		operator: AccountId32,
		device: DeviceId,
		leaves: u32,
		commitment: H256,
	) -> DispatchResult {
		let window = Window::<T>::get().filter(|window| is_in_time(Self::now(), window.due));
		let Some(WindowStage::Open { seed, opened, devices, seed_from }) = window.map(|window| window.stage) else {
			return Err(Error::<T>::NoBenchmark.into());
		};
		let owner = T::TrustLock::device(device).map(|device| device.operator);
		ensure!(owner == Some(operator.clone()), Error::<T>::NotYours);
		ensure!(device < devices, Error::<T>::NoBenchmark);
		let (parameters, tariff) = (T::Benchmark::get(), T::Tariff::get());
		let leaf = parameters.leaf();
		let task = H256(benchmark::task(blake2_256, &seed.0, device));
		let (fee, pin) = parameters.stake(leaves, &tariff, &T::Slashing::get()).ok_or(Error::<T>::NothingAtStake)?;
		let request = Request {
			task,
			client: T::Treasury::get(),
			provider: operator.clone(),
			commitment,
			manifest: H256::zero(),
			start: task,
			leaves,
			class: parameters.class(leaves),
			capability: 0,
			leaf_blocks: T::Verifier::get().leaf_blocks(&leaf).ok_or(Error::<T>::NothingAtStake)?,
			leaf_fee: tariff.leaf_fee(&leaf),
			fee,
			spent: 0,
			sale: Sale::Pool,
			seed_from,
			secret: None,
			is_milestone: false,
		};
		T::TrustLock::pin(&operator, task, pin, Pin::Shared)?;
		let work_per_block = parameters.score(leaves, Self::now().saturating_sub(opened));
		let Checking { class, provider } = <Self as Validation>::checking(&request);
		Self::open(request, class.saturating_add(provider), &operator)?;
		Tasks::<T>::mutate_extant(task, |record| record.measures = Some(Measured { device, work_per_block }));
		Ok(())
	}

	/// A benchmark has ended.
	pub(crate) fn measured(task: H256, provider: &AccountId32, measured: Measured, conclusion: Conclusion) {
		T::TrustLock::unpin(provider, task);
		if conclusion == Conclusion::Accepted {
			T::TrustLock::measured(measured.device, measured.work_per_block);
		}
	}
}
