//! A network of a few accounts, whose story is told by each test. All stories end with a look at the books.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

mod devices;
mod locks;
mod random;
mod records;
mod workers;

use crate::{
	traits::{Collateral, DeviceId, DeviceKind, Fault, Pin, WorkId},
	Endpoint, Error, Name, *,
};
use frame_support::{
	assert_noop, assert_ok, derive_impl,
	dispatch::{CheckIfFeeless, RawOrigin},
	parameter_types,
	traits::{TryState, TryStateSelect},
};
use ogpu_protocol::{
	reputation::ReputationParameters,
	token::{Balance, OGPU},
};
use polkadot_sdk::*;
use sp_core::{sr25519, Pair, H256};
use sp_runtime::{
	traits::{BlockNumberProvider, Dispatchable, IdentityLookup},
	AccountId32, BuildStorage, DispatchError, MultiSignature,
};

#[frame_support::runtime]
mod runtime {
	#[runtime::runtime]
	#[runtime::derive(
		RuntimeCall,
		RuntimeEvent,
		RuntimeError,
		RuntimeOrigin,
		RuntimeFreezeReason,
		RuntimeHoldReason,
		RuntimeSlashReason,
		RuntimeLockId,
		RuntimeTask,
		RuntimeViewFunction
	)]
	pub struct Test;

	#[runtime::pallet_index(0)]
	pub type System = polkadot_sdk::frame_system::Pallet<Test>;
	#[runtime::pallet_index(1)]
	pub type Balances = polkadot_sdk::pallet_balances::Pallet<Test>;
	#[runtime::pallet_index(2)]
	pub type Trustlock = crate::Pallet<Test>;
}

const ENDOWMENT: Balance = 1_000 * OGPU;
const LEAST_BALANCE: Balance = OGPU / 1_000;
const UNBONDING: u32 = 100;
const HEARTBEAT: u32 = 10;
const SUSPENSION: u32 = 50;

parameter_types! {
	pub const ExistentialDeposit: Balance = LEAST_BALANCE;
	/// What the network's clock shows. Blocks do not move it; [`wait`] does.
	pub storage Clock: u64 = 0;
	// Static, so that a test can set them to nonsense.
	pub static UnbondingBlocks: u32 = UNBONDING;
	pub static LongestValidation: u32 = 40;
	pub static MinimumLock: Balance = OGPU;
	pub static MaxUnbonding: u32 = 4;
	pub static MaxPins: u32 = 4;
	pub static MaxWorkers: u32 = 3;
	pub static WorkerDeposit: Balance = OGPU;
	pub static MaxDevices: u32 = 3;
	pub static DeviceDeposit: Balance = 2 * OGPU;
	pub static HeartbeatBlocks: u32 = HEARTBEAT;
	pub static MaxFaults: u32 = 3;
	pub static SuspensionBlocks: u32 = SUSPENSION;
	pub static Reputation: ReputationParameters = ReputationParameters::default();
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type AccountData = pallet_balances::AccountData<Balance>;
	type AccountId = AccountId32;
	type Block = frame_system::mocking::MockBlock<Test>;
	type Lookup = IdentityLookup<AccountId32>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
	type AccountStore = System;
	type Balance = Balance;
	type ExistentialDeposit = ExistentialDeposit;
}

/// A clock that stands still unless somebody moves it.
pub struct NetworkClock;

impl BlockNumberProvider for NetworkClock {
	type BlockNumber = u64;

	fn current_block_number() -> u64 {
		Clock::get()
	}

	fn set_block_number(block: u64) {
		Clock::set(&block);
	}
}

impl crate::Config for Test {
	type Clock = NetworkClock;
	type Currency = Balances;
	type DeviceDeposit = DeviceDeposit;
	type HeartbeatBlocks = HeartbeatBlocks;
	type LongestValidation = LongestValidation;
	type MaxDevices = MaxDevices;
	type MaxFaults = MaxFaults;
	type MaxPins = MaxPins;
	type MaxUnbonding = MaxUnbonding;
	type MaxWorkers = MaxWorkers;
	type MinimumLock = MinimumLock;
	type Reputation = Reputation;
	type RuntimeHoldReason = RuntimeHoldReason;
	type ScoreBlocks = sp_core::ConstU32<500>;
	type SuspensionBlocks = SuspensionBlocks;
	type UnbondingBlocks = UnbondingBlocks;
	type WeightInfo = ();
	type WorkerDeposit = WorkerDeposit;
}

fn pair(seed: u8) -> sr25519::Pair {
	sr25519::Pair::from_seed(&[seed; 32])
}

fn account(seed: u8) -> AccountId32 {
	pair(seed).public().into()
}

/// Ada, Bob and Eve have tokens; keys have none.
fn ada() -> AccountId32 {
	account(1)
}

fn bob() -> AccountId32 {
	account(2)
}

fn eve() -> AccountId32 {
	account(3)
}

fn key(index: u8) -> AccountId32 {
	account(100 + index)
}

pub(crate) fn genesis() -> sp_io::TestExternalities {
	let mut storage = frame_system::GenesisConfig::<Test>::default().build_storage().unwrap();
	let balances = [ada(), bob(), eve()].map(|who| (who, ENDOWMENT)).into();
	let genesis = pallet_balances::GenesisConfig::<Test> { balances, ..Default::default() };
	genesis.assimilate_storage(&mut storage).unwrap();
	storage.into()
}

fn scenario(story: impl FnOnce()) {
	genesis().execute_with(|| {
		System::set_block_number(1);
		frame_system::BlockHash::<Test>::insert(0, H256::repeat_byte(7));
		story();
		check();
	});
}

fn check() {
	AllPalletsWithSystem::try_state(System::block_number(), TryStateSelect::All).unwrap();
}

/// Lets the network's clock move on.
fn wait(blocks: u32) {
	Clock::set(&(Clock::get() + u64::from(blocks)));
}

/// As a block does.
fn send(who: AccountId32, call: crate::Call<Test>) -> Result<(), DispatchError> {
	RuntimeCall::from(call).dispatch(RawOrigin::Signed(who).into()).map(|_| ()).map_err(|refusal| refusal.error)
}

fn lock(who: AccountId32, amount: Balance) -> Result<(), DispatchError> {
	send(who, crate::Call::lock { amount })
}

fn unlock(who: AccountId32, amount: Balance) -> Result<(), DispatchError> {
	send(who, crate::Call::unlock { amount })
}

fn cancel_unlock(who: AccountId32, amount: Balance) -> Result<(), DispatchError> {
	send(who, crate::Call::cancel_unlock { amount })
}

fn withdraw(who: AccountId32) -> Result<(), DispatchError> {
	send(who, crate::Call::withdraw {})
}

/// What the key of this index signs to work for the operator.
fn consent(index: u8, operator: &AccountId32) -> MultiSignature {
	pair(100 + index).sign(&Trustlock::consent(operator)).into()
}

fn authorise(operator: AccountId32, index: u8) -> Result<(), DispatchError> {
	let consent = consent(index, &operator);
	send(operator, crate::Call::authorise_worker { worker: key(index), consent })
}

fn rotate(operator: AccountId32, old: u8, new: u8) -> Result<(), DispatchError> {
	let consent = consent(new, &operator);
	send(operator, crate::Call::rotate_worker { old: key(old), new: key(new), consent })
}

fn revoke(operator: AccountId32, index: u8) -> Result<(), DispatchError> {
	send(operator, crate::Call::revoke_worker { worker: key(index) })
}

fn name(text: &str) -> Name {
	text.as_bytes().to_vec().try_into().unwrap()
}

fn endpoint(text: &str) -> Endpoint {
	text.as_bytes().to_vec().try_into().unwrap()
}

fn register(operator: AccountId32, worker: AccountId32) -> Result<DeviceId, DispatchError> {
	let id = NextDevice::<Test>::get();
	let (kind, name, endpoint) = (DeviceKind::Cuda, name("H200 in the cellar"), endpoint("quic://192.0.2.7:4000"));
	send(operator, crate::Call::register_device { kind, name, memory_mb: 143_771, endpoint, worker }).map(|()| id)
}

fn retire(operator: AccountId32, id: DeviceId) -> Result<(), DispatchError> {
	send(operator, crate::Call::retire_device { id })
}

/// What is free of fees is just what is accepted.
fn heartbeat(who: AccountId32, id: DeviceId) -> Result<(), DispatchError> {
	let call = RuntimeCall::from(crate::Call::heartbeat { id });
	let is_free = call.is_feeless(&RawOrigin::Signed(who.clone()).into());
	let sent = send(who, crate::Call::heartbeat { id });
	assert_eq!(is_free, sent.is_ok());
	sent
}

fn work(index: u64) -> WorkId {
	H256::from_low_u64_be(index)
}

fn pin_shared(who: AccountId32, index: u64, amount: Balance) -> Result<(), DispatchError> {
	Trustlock::pin(&who, work(index), amount, Pin::Shared)
}

fn pin_own(who: AccountId32, index: u64, amount: Balance) -> Result<(), DispatchError> {
	Trustlock::pin(&who, work(index), amount, Pin::Own)
}

fn free_balance(who: &AccountId32) -> Balance {
	Balances::free_balance(who)
}

#[test]
fn a_nonsensical_configuration_does_not_start() {
	fn refused<V>(set: fn(V), nonsense: V, sound: V) {
		set(nonsense);
		let started = std::panic::catch_unwind(|| {
			use frame_support::traits::Hooks;
			Trustlock::integrity_test();
		});
		assert!(started.is_err());
		set(sound);
	}
	scenario(|| {
		use frame_support::traits::Hooks;
		Trustlock::integrity_test();
		refused(UnbondingBlocks::set, 80, UNBONDING);
		refused(LongestValidation::set, u32::MAX, 40);
		refused(HeartbeatBlocks::set, 0, HEARTBEAT);
		refused(SuspensionBlocks::set, 0, SUSPENSION);
		refused(MinimumLock::set, LEAST_BALANCE - 1, OGPU);
		refused(WorkerDeposit::set, LEAST_BALANCE - 1, OGPU);
		refused(DeviceDeposit::set, LEAST_BALANCE - 1, 2 * OGPU);
		for set in [MaxUnbonding::set, MaxPins::set] {
			refused(set, 0, 4);
		}
		for set in [MaxWorkers::set, MaxDevices::set, MaxFaults::set] {
			refused(set, 0, 3);
		}
		let unsound = ReputationParameters { half_experience: 0, ..Default::default() };
		refused(Reputation::set, unsound, Default::default());
		Trustlock::integrity_test();
	});
}
