//! What clients, providers and verifiers stand for.
//!
//! - **Locks.** An account [locks](Call::lock) tokens. Open work [pins](traits::Collateral::pin) part of the lock, so that
//!   it cannot leave before the work is settled, and a fault is [paid](traits::Collateral::slash) out of it. Whoever wants
//!   tokens back [unlocks](Call::unlock) them and waits for longer than any fault could stay hidden; until they are
//!   [withdrawn](Call::withdraw) they answer for faults like the rest.
//! - **Worker keys.** An operator keeps its own key cold and [authorises](Call::authorise_worker) hot keys, which may send
//!   the calls of workers and nothing else. Whoever steals such a key gains no tokens.
//! - **Devices.** What an operator computes with, what it was measured to do, and whether it is there.
//! - **Records.** What an account delivered, what audits found clean, its last faults, and whether it is suspended.
//!
//! Other pallets use all of this through the [traits], and need no more of them than they ask for. Markets and juries
//! decide what is pinned, taken and remembered; this pallet keeps the books. Their equations, checked by `try_state`:
//! *tokens held for a lock = what its record says*, and *unbonding ≤ locked*.
//!
//! Time comes from [`Config::Clock`], which stands still while the network does, so that nobody's tokens become free in
//! a pause in which nobody could be accused.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod devices;
#[cfg(any(test, feature = "try-runtime"))]
mod invariants;
mod locks;
mod records;
pub mod runtime_api;
pub mod status;
#[cfg(test)]
mod tests;
pub mod traits;
mod types;
pub mod weights;
mod workers;

pub use pallet::*;
pub use types::*;
pub use weights::WeightInfo;
pub use workers::CONSENT;

use alloc::vec::Vec;
use frame_support::{
	dispatch::DispatchResult,
	ensure,
	traits::{
		fungible::{BalancedHold, Inspect, MutateHold},
		Get,
	},
};
use ogpu_protocol::{cost::Work, reputation::ReputationParameters, time::BlockNumber, token::Balance};
use polkadot_sdk::*;
use sp_runtime::{
	traits::{BlockNumberProvider, SaturatedConversion},
	AccountId32, MultiSignature,
};
use traits::{DeviceId, DeviceKind, Fault, Pin, WorkId};

#[frame_support::pallet]
#[allow(clippy::expect_used, reason = "FRAME expands to it, for names of pallets that always exist")]
pub mod pallet {
	use super::*;
	use frame_support::pallet_prelude::*;
	use frame_system::pallet_prelude::*;

	#[pallet::config]
	pub trait Config: polkadot_sdk::frame_system::Config<AccountId = AccountId32> {
		type Currency: Inspect<AccountId32, Balance = Balance>
			+ MutateHold<AccountId32, Reason = Self::RuntimeHoldReason>
			+ BalancedHold<AccountId32>;

		type RuntimeHoldReason: From<HoldReason>;

		/// The network's clock. It never goes back, and may stand still.
		type Clock: BlockNumberProvider<BlockNumber = BlockNumberFor<Self>>;

		/// How long unlocked tokens still answer for faults.
		#[pallet::constant]
		type UnbondingBlocks: Get<BlockNumber>;

		/// How long a piece of work usually stays open at most after its result was committed; what stays open longer keeps
		/// its pins. Tokens unbond for more than twice as long.
		#[pallet::constant]
		type LongestValidation: Get<BlockNumber>;

		/// A lock is at least so large, so that its record is worth keeping.
		#[pallet::constant]
		type MinimumLock: Get<Balance>;

		/// So many parts of a lock can be unbonding at once.
		#[pallet::constant]
		type MaxUnbonding: Get<u32>;

		/// So many pieces of work can be pinned at once.
		#[pallet::constant]
		type MaxPins: Get<u32>;

		/// So many keys can work for one operator.
		#[pallet::constant]
		type MaxWorkers: Get<u32>;

		/// What an operator deposits for a worker key.
		#[pallet::constant]
		type WorkerDeposit: Get<Balance>;

		/// So many devices can belong to one operator.
		#[pallet::constant]
		type MaxDevices: Get<u32>;

		/// What an operator deposits for a device.
		#[pallet::constant]
		type DeviceDeposit: Get<Balance>;

		/// A device says once in each window of so many blocks that it is there.
		#[pallet::constant]
		type HeartbeatBlocks: Get<BlockNumber>;

		/// For how long a measured score counts.
		#[pallet::constant]
		type ScoreBlocks: Get<BlockNumber>;

		/// So many faults of an account are kept with their reasons.
		#[pallet::constant]
		type MaxFaults: Get<u32>;

		/// How long a suspension lasts.
		#[pallet::constant]
		type SuspensionBlocks: Get<BlockNumber>;

		/// How reputation is counted.
		type Reputation: Get<ReputationParameters>;

		type WeightInfo: WeightInfo;
	}

	#[pallet::pallet]
	pub struct Pallet<T>(_);

	/// Why tokens are held.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// They are locked, and answer for faults.
		TrustLock,
		/// They are deposited for worker keys and devices, and come back when those are given up.
		Deposit,
	}

	/// What accounts have locked.
	#[pallet::storage]
	pub type Locks<T: Config> = StorageMap<_, Blake2_128Concat, AccountId32, LockRecord<T>>;

	/// The open work that each lock answers for.
	#[pallet::storage]
	pub type Pins<T: Config> =
		StorageMap<_, Blake2_128Concat, AccountId32, BoundedVec<PinRecord, T::MaxPins>, ValueQuery>;

	/// The worker keys and devices of each operator that has any.
	#[pallet::storage]
	pub type Operators<T: Config> = StorageMap<_, Blake2_128Concat, AccountId32, OperatorRecord<T>, ValueQuery>;

	/// For whom each worker key works.
	#[pallet::storage]
	pub type Workers<T: Config> = StorageMap<_, Blake2_128Concat, AccountId32, WorkerRecord>;

	/// The devices of all operators.
	#[pallet::storage]
	pub type Devices<T: Config> = StorageMap<_, Twox64Concat, DeviceId, DeviceRecord>;

	/// The number of the device that registers next. Numbers are never used twice.
	#[pallet::storage]
	pub type NextDevice<T: Config> = StorageValue<_, DeviceId, ValueQuery>;

	/// What accounts have shown.
	#[pallet::storage]
	pub type Reputations<T: Config> =
		StorageMap<_, Blake2_128Concat, AccountId32, ogpu_protocol::reputation::Reputation, ValueQuery>;

	/// The last faults of each account, the oldest first.
	#[pallet::storage]
	pub type Faults<T: Config> =
		StorageMap<_, Blake2_128Concat, AccountId32, BoundedVec<FaultRecord, T::MaxFaults>, ValueQuery>;

	/// When the suspension of an account ends, or has ended.
	#[pallet::storage]
	pub type Suspended<T: Config> = StorageMap<_, Blake2_128Concat, AccountId32, BlockNumber>;

	#[pallet::genesis_config]
	#[derive(frame_support::DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		/// What accounts have locked from the beginning, out of their balances.
		pub locks: Vec<(AccountId32, Balance)>,
		#[serde(skip)]
		pub _config: PhantomData<T>,
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			for (who, amount) in &self.locks {
				assert!(
					Pallet::<T>::do_lock(who.clone(), *amount).is_ok(),
					"stakingTrustlock.locks must be at least the minimum, and free in the account's balance"
				);
			}
		}
	}

	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// An account locked tokens.
		Locked { who: AccountId32, amount: Balance },
		/// Tokens began to unbond. From block `free_at` of the network's clock on they can be withdrawn.
		Unlocked { who: AccountId32, amount: Balance, free_at: BlockNumber },
		/// Tokens that were unbonding are locked as before.
		UnlockCancelled { who: AccountId32, amount: Balance },
		/// Tokens left the lock.
		Withdrawn { who: AccountId32, amount: Balance },
		/// A lock answers for a piece of work with this amount.
		Pinned { who: AccountId32, work: WorkId, amount: Balance, pin: Pin },
		/// A lock no longer answers for a piece of work.
		Unpinned { who: AccountId32, work: WorkId, amount: Balance },
		/// Tokens were taken out of a lock for a fault; `amount` is what was there of what was due.
		Slashed { who: AccountId32, amount: Balance, fault: Fault, work: WorkId },
		/// A key may work for an operator.
		WorkerAuthorised { operator: AccountId32, worker: AccountId32 },
		/// The key `new` took the place of the key `old`, in the operator's devices too.
		WorkerRotated { operator: AccountId32, old: AccountId32, new: AccountId32 },
		/// A key works for its operator no more; its devices are offline, and fell to the operator's own key.
		WorkerRevoked { operator: AccountId32, worker: AccountId32 },
		/// An operator registered a device.
		DeviceRegistered { id: DeviceId, operator: AccountId32 },
		/// An operator described its device anew.
		DeviceUpdated { id: DeviceId },
		/// A device is gone for good, and its number with it.
		DeviceRetired { id: DeviceId, operator: AccountId32 },
		/// A benchmark measured a device; `work_per_block` is in multiply-adds.
		DeviceMeasured { id: DeviceId, work_per_block: Work },
		/// What the account had shown before counts no more.
		Faulted { who: AccountId32, fault: Fault, work: WorkId },
		/// An account gets no work and no seats before block `until` of the network's clock.
		Suspended { who: AccountId32, until: BlockNumber },
	}

	#[pallet::error]
	#[derive(PartialEq, Eq)]
	pub enum Error<T> {
		/// An amount of nothing. Give one above zero.
		ZeroAmount,
		/// The account has not so much to hold: its smallest permitted balance must stay free. Ask for less.
		InsufficientBalance,
		/// What stays locked would be below the least that a lock is. Lock more, or unlock all.
		BelowMinimum,
		/// The account has no lock. Lock tokens first.
		NoLock,
		/// So much of the lock is not free: it is pinned by open work, or unbonding. Wait for the work to settle, ask for
		/// less, or lock more.
		NotFree,
		/// Too many parts of the lock are unbonding. Withdraw what is free, cancel one, or wait.
		TooManyUnbonding,
		/// Not so much is unbonding. Ask for less.
		NotUnbonding,
		/// Nothing has unbonded yet. Wait until the `free_at` that the unlocking named.
		NothingToWithdraw,
		/// This work has pinned part of the lock already. A pin is ended before it is made anew.
		AlreadyPinned,
		/// The lock answers for too many pieces of work. Wait for some to settle.
		TooManyPins,
		/// A worker key sent a call of operators. Send it from the operator's account.
		IsWorker,
		/// The account acts for itself: it has a lock, keys or devices. Take a fresh key as worker.
		IsOperator,
		/// The key works for an operator already. Take a fresh key.
		AlreadyWorker,
		/// The signature is not the worker key's consent to this operator on this chain. Sign the bytes of
		/// [`Pallet::consent`] with the worker key.
		BadConsent,
		/// The operator has as many worker keys as it may. Revoke one.
		TooManyWorkers,
		/// The key does not work for this operator. Authorise it first.
		NotYourWorker,
		/// The operator has as many devices as it may. Retire one.
		TooManyDevices,
		/// No number is left for another device. Update one that is there.
		NoDeviceLeft,
		/// The name or the endpoint is not UTF-8. Send text.
		NotText,
		/// There is no device of this number, or it was retired.
		NoDevice,
		/// The device belongs to another operator, or to another worker key.
		NotYourDevice,
		/// The device has sent its heartbeat in this window. Send the next one in the next window.
		TooEarly,
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Lock `amount` more of the sender's tokens.
		///
		/// They stay in its account, on hold, until they are unlocked and withdrawn, or taken for a fault. Tokens that vote
		/// or vest may be locked too. The smallest balance of an account must stay free.
		///
		/// For any account but worker keys. Emits [`Event::Locked`]. Refused, for the fee of the call, if the account has
		/// not so much, or the lock would be below the least.
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::lock())]
		pub fn lock(origin: OriginFor<T>, amount: Balance) -> DispatchResult {
			Self::do_lock(Self::ensure_operator(origin)?, amount)
		}

		/// Let `amount` of the sender's lock unbond, so that it can be withdrawn after [`Config::UnbondingBlocks`].
		///
		/// Until it is withdrawn it answers for faults like the rest, but no new work can be pinned to it.
		///
		/// For whoever has a lock. Emits [`Event::Unlocked`]. Refused, for the fee of the call, if so much is not free, if
		/// less than the least but more than nothing would stay, or if too many parts are unbonding.
		#[pallet::call_index(1)]
		#[pallet::weight(T::WeightInfo::unlock())]
		pub fn unlock(origin: OriginFor<T>, amount: Balance) -> DispatchResult {
			Self::do_unlock(Self::ensure_operator(origin)?, amount)
		}

		/// Lock `amount` of what is unbonding again, at once; what began to unbond last comes first.
		///
		/// For whoever has tokens that unbond. Emits [`Event::UnlockCancelled`]. Refused, for the fee of the call, if not
		/// so much is unbonding, or less than the least would be locked.
		#[pallet::call_index(2)]
		#[pallet::weight(T::WeightInfo::cancel_unlock())]
		pub fn cancel_unlock(origin: OriginFor<T>, amount: Balance) -> DispatchResult {
			Self::do_cancel_unlock(Self::ensure_operator(origin)?, amount)
		}

		/// Take all that has unbonded out of the sender's lock.
		///
		/// For whoever has a lock. Emits [`Event::Withdrawn`]. Refused, for the fee of the call, if nothing has unbonded.
		#[pallet::call_index(3)]
		#[pallet::weight(T::WeightInfo::withdraw())]
		pub fn withdraw(origin: OriginFor<T>) -> DispatchResult {
			Self::do_withdraw(Self::ensure_operator(origin)?)
		}

		/// Let the key `worker` work for the sender.
		///
		/// - `worker`: a fresh key. It needs no balance: the deposit keeps its account alive, so that it can send the
		///   calls of workers that are free. Use it for one operator and for nothing else.
		/// - `consent`: its signature of the bytes of [`Pallet::consent`], so that nobody can make a stranger's account
		///   his worker.
		///
		/// For any account but worker keys. Holds [`Config::WorkerDeposit`]. Emits [`Event::WorkerAuthorised`]. Refused,
		/// for the fee of the call, if the key works already or is an operator, if it did not consent, if the sender has
		/// too many keys, or not enough for the deposit.
		#[pallet::call_index(4)]
		#[pallet::weight(T::WeightInfo::authorise_worker())]
		pub fn authorise_worker(origin: OriginFor<T>, worker: AccountId32, consent: MultiSignature) -> DispatchResult {
			Self::do_authorise_worker(Self::ensure_operator(origin)?, worker, consent)
		}

		/// Put the key `new` in the place of the key `old`, in all devices of the sender too. They stay online.
		///
		/// - `old`: a worker key of the sender. From now on it can do nothing.
		/// - `new`, `consent`: as in [`Call::authorise_worker`]. The deposit stays.
		///
		/// For operators. Emits [`Event::WorkerRotated`]. Refused, for the fee of the call, if `old` does not work for the
		/// sender, or for what `authorise_worker` is refused for.
		#[pallet::call_index(5)]
		#[pallet::weight(T::WeightInfo::rotate_worker())]
		pub fn rotate_worker(
			origin: OriginFor<T>,
			old: AccountId32,
			new: AccountId32,
			consent: MultiSignature,
		) -> DispatchResult {
			Self::do_rotate_worker(Self::ensure_operator(origin)?, old, new, consent)
		}

		/// End what the key `worker` may do. This always works, whatever was done with the key.
		///
		/// Devices that had it fall to the sender's own key and are offline, until they are updated or the sender sends
		/// their heartbeats. The deposit comes back.
		///
		/// For operators. Emits [`Event::WorkerRevoked`]. Refused, for the fee of the call, if the key does not work for
		/// the sender.
		#[pallet::call_index(6)]
		#[pallet::weight(T::WeightInfo::revoke_worker())]
		pub fn revoke_worker(origin: OriginFor<T>, worker: AccountId32) -> DispatchResult {
			Self::do_revoke_worker(Self::ensure_operator(origin)?, worker)
		}

		/// Register a device of the sender.
		///
		/// - `kind`, `memory_mb`: what it computes with.
		/// - `name`: as people know it; UTF-8.
		/// - `endpoint`: where clients and verifiers reach it; UTF-8. It may be empty.
		/// - `worker`: the key that acts for it: one that the sender has authorised, or the sender's own.
		///
		/// For any account but worker keys. Holds [`Config::DeviceDeposit`]. Emits [`Event::DeviceRegistered`], with its
		/// number. It is online from its first heartbeat on. Refused, for the fee of the call, if a text is none, the key
		/// is not the sender's, or the sender has too many devices or not enough for the deposit.
		#[pallet::call_index(7)]
		#[pallet::weight(T::WeightInfo::register_device())]
		pub fn register_device(
			origin: OriginFor<T>,
			kind: DeviceKind,
			name: Name,
			memory_mb: u32,
			endpoint: Endpoint,
			worker: AccountId32,
		) -> DispatchResult {
			let operator = Self::ensure_operator(origin)?;
			Self::do_register_device(operator, DeviceSpec { kind, name, memory_mb, endpoint, worker })
		}

		/// Describe a device anew.
		///
		/// - `id`: its number.
		/// - the others: as in [`Call::register_device`]. All are replaced.
		///
		/// A device of another kind or with other memory has to be measured again; one with another key is offline until
		/// that key sends a heartbeat.
		///
		/// For its operator. Emits [`Event::DeviceUpdated`]. Refused, for the fee of the call, if the device is not the
		/// sender's, a text is none, or the key is not the sender's.
		#[pallet::call_index(8)]
		#[pallet::weight(T::WeightInfo::update_device())]
		pub fn update_device(
			origin: OriginFor<T>,
			id: DeviceId,
			kind: DeviceKind,
			name: Name,
			memory_mb: u32,
			endpoint: Endpoint,
			worker: AccountId32,
		) -> DispatchResult {
			let operator = Self::ensure_operator(origin)?;
			Self::do_update_device(operator, id, DeviceSpec { kind, name, memory_mb, endpoint, worker })
		}

		/// Take a device out of the network, and its deposit back. Its open work stays due: the operator's lock answers
		/// for it.
		///
		/// - `id`: its number, which no other device will get.
		///
		/// For its operator. Emits [`Event::DeviceRetired`]. Refused, for the fee of the call, if the device is not the
		/// sender's.
		#[pallet::call_index(9)]
		#[pallet::weight(T::WeightInfo::retire_device())]
		pub fn retire_device(origin: OriginFor<T>, id: DeviceId) -> DispatchResult {
			Self::do_retire_device(Self::ensure_operator(origin)?, id)
		}

		/// Say that a device is there.
		///
		/// - `id`: its number.
		///
		/// Windows of [`Config::HeartbeatBlocks`] follow each other from block 0 of the network's clock. A device is
		/// online if it said so in this window or in the one before.
		///
		/// For its worker key or its operator. Free, once in each window; emits nothing, because the device's record says
		/// it. Refused, for the fee of the call, if it was said in this window, or the sender is another.
		#[pallet::call_index(10)]
		#[pallet::weight(T::WeightInfo::heartbeat())]
		#[pallet::feeless_if(|origin: &OriginFor<T>, id: &DeviceId| -> bool {
			ensure_signed(origin.clone()).is_ok_and(|sender| Pallet::<T>::check_heartbeat(&sender, *id).is_ok())
		})]
		pub fn heartbeat(origin: OriginFor<T>, id: DeviceId) -> DispatchResult {
			Self::do_heartbeat(ensure_signed(origin)?, id)
		}
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn integrity_test() {
			let twice = T::LongestValidation::get().saturating_mul(2);
			assert!(T::UnbondingBlocks::get() > twice, "tokens must unbond for more than twice the longest validation");
			assert!(T::HeartbeatBlocks::get() > 0, "a window of heartbeats must have a length");
			assert!(T::SuspensionBlocks::get() > 0, "a suspension must have a length");
			let room = [T::MaxUnbonding::get(), T::MaxPins::get(), T::MaxWorkers::get(), T::MaxDevices::get()];
			assert!(room.iter().all(|places| *places > 0), "there must be room for one of each");
			assert!(T::MaxFaults::get() > 0, "the last fault must be kept");
			// Less than the smallest balance could not be given back to an account that holds nothing else.
			let least = T::Currency::minimum_balance();
			assert!(T::MinimumLock::get() >= least.max(1), "a lock must be worth an account");
			assert!(T::WorkerDeposit::get() >= least, "a worker's deposit must be worth an account");
			assert!(T::DeviceDeposit::get() >= least, "a device's deposit must be worth an account");
			assert!(T::Reputation::get().is_sound(), "reputation must be counted by sound parameters");
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	impl<T: Config> Pallet<T> {
		/// Who signed, unless it is a worker key.
		fn ensure_operator(origin: OriginFor<T>) -> Result<AccountId32, sp_runtime::DispatchError> {
			let who = ensure_signed(origin)?;
			ensure!(!Workers::<T>::contains_key(&who), Error::<T>::IsWorker);
			Ok(who)
		}
	}
}

impl<T: Config> Pallet<T> {
	/// What the network's clock shows.
	pub(crate) fn now() -> BlockNumber {
		T::Clock::current_block_number().saturated_into()
	}

	/// Holds so much, and says it plainly if the account has not enough.
	pub(crate) fn hold(reason: HoldReason, who: &AccountId32, amount: Balance) -> DispatchResult {
		use frame_support::traits::tokens::{Fortitude::Force, Preservation::Protect};
		let has = T::Currency::reducible_balance(who, Protect, Force);
		ensure!(amount <= has, Error::<T>::InsufficientBalance);
		T::Currency::hold(&reason.into(), who, amount)
	}

	pub(crate) fn release(reason: HoldReason, who: &AccountId32, amount: Balance) -> DispatchResult {
		use frame_support::traits::tokens::Precision::Exact;
		T::Currency::release(&reason.into(), who, amount, Exact).map(|_| ())
	}
}
