//! A network of validators, a provider, a client and a challenger, whose story is told by each test. Everybody is honest
//! unless the test says how not. All stories end with a look at the books.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

mod agenda;
mod attacks;
mod audits;
mod claims;
mod juries;
mod money;
mod random;
mod refusals;
mod scores;
mod world;

use crate::*;
use frame_support::{
	derive_impl, parameter_types,
	traits::{ConstU32, ConstU8, Hooks, TryState, TryStateSelect},
};
use ogpu_protocol::{
	benchmark::BenchmarkParameters,
	class::Class,
	cost::{CheckingTariff, ReferenceVerifier, Work},
	phases::{Phases, Sale},
	reputation::ReputationParameters,
	slashing::SlashingParameters,
	token::OGPU,
};
use polkadot_sdk::*;
use sp_core::H256;
use sp_runtime::{
	traits::{BlockNumberProvider, Dispatchable, IdentityLookup},
	AccountId32, BuildStorage,
};
use world::*;

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
	pub type TrustLock = ogpu_staking_trustlock::Pallet<Test>;
	#[runtime::pallet_index(3)]
	pub type Validations = crate::Pallet<Test>;
}

pub const TREASURY: AccountId32 = AccountId32::new([99; 32]);
pub const LEAST: Balance = OGPU / 1_000;

parameter_types! {
	pub const ExistentialDeposit: Balance = LEAST;
	pub const Pot: PalletId = PalletId(*b"og/check");
	pub const Treasury: AccountId32 = TREASURY;
	pub const TreasuryGrant: Balance = 10 * OGPU;
	pub const SeatBond: Balance = 100 * OGPU;
	pub const LockedAtLeast: Balance = OGPU;
	pub const Deposit: Balance = OGPU;
	pub const FeeOfStake: Perbill = Perbill::from_percent(10);
	pub Measuring: BenchmarkParameters = BenchmarkParameters { spread_blocks: 30, ..Default::default() };
	pub Verifier: ReferenceVerifier = ReferenceVerifier::default();
	pub Tariff: CheckingTariff = CheckingTariff::default();
	pub const AgendaWeight: Weight = Weight::from_parts(1_000_000, 0);
	pub ThePhases: Phases = Phases::default();
	pub Penalties: SlashingParameters = SlashingParameters::default();
	pub Reputation: ReputationParameters = ReputationParameters::default();
	/// What the network's clock shows. It moves with the blocks unless it is stopped.
	pub storage ClockAt: u32 = 0;
	pub storage IsClockStopped: bool = false;
	pub storage Output: Option<H256> = None;
	pub storage ActiveStake: Vec<(AccountId32, Balance)> = Vec::new();
	/// What the market was told, in order.
	pub storage Told: Vec<(H256, Conclusion)> = Vec::new();
	pub storage Appointments: Vec<(H256, BlockNumber)> = Vec::new();
	/// What duty was rewarded.
	pub storage Rewarded: Vec<(AccountId32, u32)> = Vec::new();
	/// What a step costs.
	pub storage StepWeight: u64 = 0;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type AccountData = pallet_balances::AccountData<Balance>;
	type AccountId = AccountId32;
	type Block = frame_system::mocking::MockBlockU32<Test>;
	type Lookup = IdentityLookup<AccountId32>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
	type AccountStore = System;
	type Balance = Balance;
	type ExistentialDeposit = ExistentialDeposit;
}

pub struct NetworkClock;
impl BlockNumberProvider for NetworkClock {
	type BlockNumber = u32;

	fn current_block_number() -> u32 {
		ClockAt::get()
	}

	fn set_block_number(block: u32) {
		ClockAt::set(&block);
	}
}

impl ogpu_staking_trustlock::Config for Test {
	type Clock = NetworkClock;
	type Currency = Balances;
	type DeviceDeposit = Deposit;
	type HeartbeatBlocks = ConstU32<100>;
	type LongestValidation = ConstU32<40_000>;
	type MaxDevices = ConstU32<8>;
	type MaxFaults = ConstU32<8>;
	type MaxPins = ConstU32<256>;
	type MaxUnbonding = ConstU32<8>;
	type MaxWorkers = ConstU32<8>;
	type MinimumLock = LockedAtLeast;
	type Reputation = Reputation;
	type RuntimeHoldReason = RuntimeHoldReason;
	type ScoreBlocks = ConstU32<10_000>;
	type SuspensionBlocks = ConstU32<1_000>;
	type UnbondingBlocks = ConstU32<100_000>;
	type WeightInfo = ();
	type WorkerDeposit = Deposit;
}

/// Steps cost what the test says, all else nothing.
pub struct Costs;
impl WeightInfo for Costs {
	fn offer_seats() -> Weight {
		Weight::zero()
	}
	fn withdraw_seats() -> Weight {
		Weight::zero()
	}
	fn reveal_secret() -> Weight {
		Weight::zero()
	}
	fn post_openings(_: u32) -> Weight {
		Weight::zero()
	}
	fn commit_audit() -> Weight {
		Weight::zero()
	}
	fn reveal() -> Weight {
		Weight::zero()
	}
	fn reveal_leaves(_: u32) -> Weight {
		Weight::zero()
	}
	fn reveal_audit() -> Weight {
		Weight::zero()
	}
	fn challenge() -> Weight {
		Weight::zero()
	}
	fn commit_vote() -> Weight {
		Weight::zero()
	}
	fn reveal_vote() -> Weight {
		Weight::zero()
	}
	fn accept() -> Weight {
		Weight::zero()
	}
	fn commit_benchmark() -> Weight {
		Weight::zero()
	}
	fn task_step(_: u32, _: u32) -> Weight {
		Weight::from_parts(StepWeight::get(), 0)
	}
	fn jury_step(_: u32, _: u32) -> Weight {
		Weight::from_parts(StepWeight::get(), 0)
	}
	fn conclude(_: u32) -> Weight {
		Weight::zero()
	}
	fn window_step() -> Weight {
		Weight::from_parts(StepWeight::get(), 0)
	}
	fn agenda_look() -> Weight {
		Weight::zero()
	}
	fn keep_output() -> Weight {
		Weight::zero()
	}
	fn next_session(_: u32) -> Weight {
		Weight::zero()
	}
}

pub struct ActiveStakes;
impl Stakes for ActiveStakes {
	fn active() -> Vec<(AccountId32, Balance)> {
		ActiveStake::get()
	}
}

pub struct Points;
impl Duty for Points {
	fn served(shares: Vec<(AccountId32, u32)>) {
		Rewarded::set(&shares);
	}
}

/// A market that remembers what it is told, and ends the pin.
pub struct Ledger;
impl Market for Ledger {
	fn concluded(task: H256, conclusion: Conclusion) {
		TrustLock::unpin(&Records::<Test>::get(task).unwrap().provider, task);
		let mut told = Told::get();
		told.push((task, conclusion));
		Told::set(&told);
	}

	fn concluded_weight(_: H256) -> Weight {
		Weight::zero()
	}

	fn most_concluded_weight() -> Weight {
		Weight::zero()
	}

	fn due(item: H256) -> Option<BlockNumber> {
		Appointments::get().into_iter().find(|(other, _)| *other == item).map(|(_, due)| due)
	}

	fn step(item: H256) {
		let mut appointments = Appointments::get();
		appointments.retain(|(other, _)| *other != item);
		Appointments::set(&appointments);
	}

	fn step_weight(_: H256) -> Weight {
		Weight::from_parts(StepWeight::get(), 0)
	}

	fn most_step_weight() -> Weight {
		Weight::zero()
	}
}

/// Capability 0 asks for nothing, 1 for a measured device.
pub struct Capabilities;
impl Convert<u8, Option<Work>> for Capabilities {
	fn convert(capability: u8) -> Option<Work> {
		[0, 1_000].get(usize::from(capability)).copied()
	}
}

#[cfg(feature = "runtime-benchmarks")]
pub use world::new_test_ext;

#[cfg(feature = "runtime-benchmarks")]
pub struct Helper;

#[cfg(feature = "runtime-benchmarks")]
impl BenchmarkHelper for Helper {
	fn lock(who: &AccountId32, amount: Balance) {
		use ogpu_staking_trustlock::{traits::Pin, FaultRecord, Faults, PinRecord, Pins};
		TrustLock::lock(RuntimeOrigin::signed(who.clone()), amount).unwrap();
		let work = |number: u32| H256::from_low_u64_be(number.into());
		let pin = |number| PinRecord { work: work(number), amount: 1, pin: Pin::Shared };
		Pins::<Test>::insert(who, BoundedVec::truncate_from((2..256).map(pin).collect()));
		let fault = |number| FaultRecord { fault: Fault::Abandoned, work: work(number), at: 0, taken: 1 };
		Faults::<Test>::insert(who, BoundedVec::truncate_from((0..8).map(fault).collect()));
	}

	fn device(operator: &AccountId32) -> DeviceId {
		use ogpu_staking_trustlock::{traits::DeviceKind, NextDevice};
		let id = NextDevice::<Test>::get();
		let (origin, endpoint) = (RuntimeOrigin::signed(operator.clone()), BoundedVec::truncate_from(vec![b'e']));
		let name = BoundedVec::truncate_from(vec![b'n']);
		TrustLock::register_device(origin, DeviceKind::Cuda, name, 1, endpoint, operator.clone()).unwrap();
		id
	}

	fn activate(validators: &[(AccountId32, Balance)]) {
		ActiveStake::set(&validators.to_vec());
	}

	// They are there from the beginning.
	fn seats() {}

	fn outputs(from: BlockNumber, blocks: u32) {
		(from..from + blocks).for_each(|block| AuthorOutputs::<Test>::insert(block, H256::zero()));
	}
}

impl crate::Config for Test {
	type AgendaWeight = AgendaWeight;
	type AuthorOutput = Output;
	type Benchmark = Measuring;
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = Helper;
	type Capabilities = Capabilities;
	type Clock = NetworkClock;
	type Currency = Balances;
	type Duty = Points;
	type FeeOfStake = FeeOfStake;
	type Market = Ledger;
	type MaxChallenges = ConstU32<8>;
	type MaxChecks = ConstU32<64>;
	type MaxHolders = ConstU32<100>;
	type MaxOpen = ConstU32<16>;
	type MaxRedraws = ConstU8<3>;
	type MaxRoundSeats = ConstU32<23>;
	type MaxSeedDelay = ConstU32<1_000>;
	type MaxStrikes = ConstU32<3>;
	type MinHolders = ConstU32<1>;
	type Phases = ThePhases;
	type Pot = Pot;
	type RecordBlocks = ConstU32<50_000>;
	type RuntimeHoldReason = RuntimeHoldReason;
	type SeatBond = SeatBond;
	type SeedRetention = ConstU32<2_000>;
	type Slashing = Penalties;
	type Stakes = ActiveStakes;
	type Tariff = Tariff;
	type Treasury = Treasury;
	type TreasuryGrant = TreasuryGrant;
	type TrustLock = TrustLock;
	type Verifier = Verifier;
	type WeightInfo = Costs;
}

pub fn account(seed: u8) -> AccountId32 {
	AccountId32::new([seed; 32])
}

/// Ten validators of equal stake.
pub fn verifier(number: u8) -> AccountId32 {
	account(100 + number)
}
pub const VERIFIERS: u8 = 10;

pub fn provider() -> AccountId32 {
	account(1)
}

pub fn client() -> AccountId32 {
	account(2)
}

pub fn verifiers() -> impl Iterator<Item = AccountId32> {
	(0..VERIFIERS).map(verifier)
}

pub fn challenger() -> AccountId32 {
	account(3)
}

/// A task of the agenda, or a jury on one of its leaves.
pub fn item(task: H256, leaf: Option<u32>) -> Item {
	leaf.map_or(Item::Task(task), |leaf| Item::Jury(task, leaf))
}
