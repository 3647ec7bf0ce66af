//! Measures the calls, each with as many parts, keys and devices as there may be.

use super::*;
use frame_benchmarking::v2::*;
use frame_support::traits::{fungible::Balanced, tokens::Precision::Exact, OriginTrait};
use frame_system::RawOrigin;
use sp_core::{ecdsa, H256};
use sp_io::{crypto::secp256k1_ecdsa_recover_compressed, hashing::blake2_256};
use sp_runtime::BoundedVec;
use traits::Collateral;

/// The horizontal coordinate of secp256k1's base point.
const BASE_POINT: [u8; 32] = [
	0x79, 0xBE, 0x66, 0x7E, 0xF9, 0xDC, 0xBB, 0xAC, 0x55, 0xA0, 0x62, 0x95, 0xCE, 0x87, 0x0B, 0x07, 0x02, 0x9B, 0xFC,
	0xDB, 0x2D, 0xCE, 0x28, 0xD9, 0x59, 0xF2, 0x81, 0x5B, 0x16, 0xF8, 0x17, 0x98,
];

/// So much is locked, and the same again stays free.
fn stake<T: Config>() -> Balance {
	let parts = u128::from(T::MaxUnbonding::get().saturating_add(T::MaxPins::get()).saturating_add(2));
	T::MinimumLock::get().saturating_mul(parts)
}

/// An account that can pay for all that a benchmark does.
fn funded<T: Config>() -> AccountId32 {
	let who: AccountId32 = account("operator", 0, 0);
	let deposits = T::WorkerDeposit::get()
		.saturating_mul(T::MaxWorkers::get().into())
		.saturating_add(T::DeviceDeposit::get().saturating_mul(T::MaxDevices::get().into()));
	let amount = stake::<T>().saturating_mul(2).saturating_add(deposits).saturating_mul(2);
	drop(T::Currency::deposit(&who, amount, Exact));
	who
}

/// A lock with as many pins as there may be, and so many parts unbonding.
fn locked<T: Config>(parts: u32) -> Result<AccountId32, BenchmarkError> {
	let who = funded::<T>();
	Pallet::<T>::do_lock(who.clone(), stake::<T>())?;
	let part = T::MinimumLock::get();
	for pin in 0..T::MaxPins::get() {
		Pallet::<T>::pin(&who, H256(sp_io::hashing::blake2_256(&pin.to_le_bytes())), part, Pin::Own)?;
	}
	for block in 0..parts {
		T::Clock::set_block_number(block.into());
		Pallet::<T>::do_unlock(who.clone(), part)?;
	}
	T::Clock::set_block_number(parts.into());
	Ok(who)
}

/// How many parts of the lock are unbonding.
fn parts<T: Config>(who: &AccountId32) -> usize {
	Locks::<T>::get(who).map(|lock| lock.unbonding.len()).unwrap_or_default()
}

/// A key that consents to work for the operator, and its consent: to a signature there is always a key that made it.
fn willing<T: Config>(operator: &AccountId32) -> Result<(AccountId32, MultiSignature), BenchmarkError> {
	let mut signature = [0; 65];
	signature.iter_mut().zip(BASE_POINT).for_each(|(to, from)| *to = from);
	signature.iter_mut().skip(63).take(1).for_each(|s| *s = 1);
	let hash = blake2_256(&Pallet::<T>::consent(operator));
	let key = secp256k1_ecdsa_recover_compressed(&signature, &hash).map_err(|_| "a key made this signature")?;
	Ok((blake2_256(&key).into(), MultiSignature::Ecdsa(ecdsa::Signature::from_raw(signature))))
}

/// So many worker keys.
fn employ<T: Config>(operator: &AccountId32, keys: u32) -> Result<(), BenchmarkError> {
	for index in 0..keys {
		let worker: AccountId32 = account("worker", index, 0);
		Operators::<T>::mutate(operator, |record| record.workers.try_push(worker.clone()))
			.map_err(|_| "there is room for the key")?;
		let deposit = T::WorkerDeposit::get();
		Pallet::<T>::hold(HoldReason::Deposit, operator, deposit)?;
		frame_system::Pallet::<T>::inc_sufficients(&worker);
		Workers::<T>::insert(worker, WorkerRecord { operator: operator.clone(), deposit });
	}
	Ok(())
}

/// The longest description.
fn spec(worker: AccountId32) -> DeviceSpec {
	let name = BoundedVec::truncate_from(alloc::vec![b'n'; 64]);
	let endpoint = BoundedVec::truncate_from(alloc::vec![b'e'; 128]);
	DeviceSpec { kind: DeviceKind::Cuda, name, memory_mb: 143_771, endpoint, worker }
}

/// So many devices, measured and online, all with this key.
fn equip<T: Config>(operator: &AccountId32, worker: &AccountId32, devices: u32) -> Result<(), BenchmarkError> {
	T::Clock::set_block_number(0u32.into());
	for _ in 0..devices {
		let id = NextDevice::<T>::get();
		Pallet::<T>::do_register_device(operator.clone(), spec(worker.clone()))?;
		<Pallet<T> as traits::Devices<_>>::measured(id, 1_000_000_000_000);
		Pallet::<T>::do_heartbeat(worker.clone(), id)?;
	}
	T::Clock::set_block_number(T::HeartbeatBlocks::get().into());
	Ok(())
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn lock() -> Result<(), BenchmarkError> {
		let who = locked::<T>(T::MaxUnbonding::get())?;
		let before = Pallet::<T>::locked(&who);
		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), 1);
		assert!(Pallet::<T>::locked(&who) > before);
		Ok(())
	}

	#[benchmark]
	fn unlock() -> Result<(), BenchmarkError> {
		let others = T::MaxUnbonding::get().saturating_sub(1);
		let who = locked::<T>(others)?;
		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), T::MinimumLock::get());
		assert_eq!(parts::<T>(&who), T::MaxUnbonding::get() as usize);
		Ok(())
	}

	#[benchmark]
	fn cancel_unlock() -> Result<(), BenchmarkError> {
		let who = locked::<T>(T::MaxUnbonding::get())?;
		let all = T::MinimumLock::get().saturating_mul(T::MaxUnbonding::get().into());
		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), all);
		assert_eq!(parts::<T>(&who), 0);
		Ok(())
	}

	#[benchmark]
	fn withdraw() -> Result<(), BenchmarkError> {
		let who = locked::<T>(T::MaxUnbonding::get())?;
		T::Clock::set_block_number(T::UnbondingBlocks::get().saturating_add(T::MaxUnbonding::get()).into());
		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()));
		assert_eq!(parts::<T>(&who), 0);
		Ok(())
	}

	#[benchmark]
	fn authorise_worker() -> Result<(), BenchmarkError> {
		let who = funded::<T>();
		equip::<T>(&who, &who, T::MaxDevices::get())?;
		employ::<T>(&who, T::MaxWorkers::get().saturating_sub(1))?;
		let (worker, consent) = willing::<T>(&who)?;
		#[extrinsic_call]
		_(RawOrigin::Signed(who), worker.clone(), consent);
		assert!(Workers::<T>::contains_key(&worker));
		Ok(())
	}

	#[benchmark]
	fn rotate_worker() -> Result<(), BenchmarkError> {
		let (who, old) = (funded::<T>(), account::<AccountId32>("worker", 0, 0));
		employ::<T>(&who, T::MaxWorkers::get())?;
		equip::<T>(&who, &old, T::MaxDevices::get())?;
		let (new, consent) = willing::<T>(&who)?;
		#[extrinsic_call]
		_(RawOrigin::Signed(who), old, new.clone(), consent);
		assert!(Devices::<T>::get(0).is_some_and(|device| device.spec.worker == new));
		Ok(())
	}

	#[benchmark]
	fn revoke_worker() -> Result<(), BenchmarkError> {
		let (who, worker) = (funded::<T>(), account::<AccountId32>("worker", 0, 0));
		employ::<T>(&who, T::MaxWorkers::get())?;
		equip::<T>(&who, &worker, T::MaxDevices::get())?;
		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), worker);
		assert!(Devices::<T>::get(0).is_some_and(|device| device.spec.worker == who));
		Ok(())
	}

	#[benchmark]
	fn register_device() -> Result<(), BenchmarkError> {
		let (who, worker) = (funded::<T>(), account::<AccountId32>("worker", 0, 0));
		employ::<T>(&who, T::MaxWorkers::get())?;
		equip::<T>(&who, &worker, T::MaxDevices::get().saturating_sub(1))?;
		let id = NextDevice::<T>::get();
		let DeviceSpec { kind, name, memory_mb, endpoint, worker } = spec(worker);
		#[extrinsic_call]
		_(RawOrigin::Signed(who), kind, name, memory_mb, endpoint, worker);
		assert!(Devices::<T>::contains_key(id));
		Ok(())
	}

	#[benchmark]
	fn update_device() -> Result<(), BenchmarkError> {
		let (who, worker) = (funded::<T>(), account::<AccountId32>("worker", 0, 0));
		employ::<T>(&who, T::MaxWorkers::get())?;
		equip::<T>(&who, &who, 1)?;
		let DeviceSpec { kind, name, memory_mb, endpoint, worker } = spec(worker);
		#[extrinsic_call]
		_(RawOrigin::Signed(who), 0, kind, name, memory_mb, endpoint, worker.clone());
		assert!(Devices::<T>::get(0).is_some_and(|device| device.spec.worker == worker));
		Ok(())
	}

	#[benchmark]
	fn retire_device() -> Result<(), BenchmarkError> {
		let who = funded::<T>();
		employ::<T>(&who, T::MaxWorkers::get())?;
		equip::<T>(&who, &who, T::MaxDevices::get())?;
		#[extrinsic_call]
		_(RawOrigin::Signed(who), 0);
		assert!(!Devices::<T>::contains_key(0));
		Ok(())
	}

	#[benchmark]
	fn heartbeat() -> Result<(), BenchmarkError> {
		let (who, worker) = (funded::<T>(), account::<AccountId32>("worker", 0, 0));
		employ::<T>(&who, 1)?;
		equip::<T>(&who, &worker, 1)?;
		// What is paid for is the check before the dispatch too.
		let call = Call::<T>::heartbeat { id: 0 };
		let origin = T::RuntimeOrigin::signed(worker);
		#[block]
		{
			use frame_support::{dispatch::CheckIfFeeless, traits::UnfilteredDispatchable};
			assert!(call.is_feeless(&origin));
			call.dispatch_bypass_filter(origin)?;
		}
		assert!(Devices::<T>::get(0).is_some_and(|device| device.heartbeat == Some(T::HeartbeatBlocks::get())));
		Ok(())
	}

	impl_benchmark_test_suite!(Pallet, crate::tests::genesis(), crate::tests::Test);
}
