//! A market of clients and providers, whose story is told by each test. Everybody is honest unless the test says how
//! not, and results are really validated. All stories end with a look at the books.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

mod delivery;
mod draws;
mod failures;
mod liveness;
mod prices;
mod quotes;
mod races;
mod random;
mod refusals;
mod services;
mod world;

use crate::*;
use frame_support::{
	derive_impl, parameter_types,
	traits::{ConstU32, ConstU8, Hooks, TryState, TryStateSelect},
};
use ogpu_protocol::{
	benchmark::BenchmarkParameters, class::Class, cost::Work, phases::Phases, reputation::ReputationParameters,
	token::OGPU,
};
use ogpu_result_validation as validation;
use ogpu_staking_trustlock::traits::DeviceKind;
use sp_runtime::{
	traits::{Convert, Dispatchable, IdentityLookup},
	BuildStorage, Perbill,
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
	pub type Validations = ogpu_result_validation::Pallet<Test>;
	#[runtime::pallet_index(4)]
	pub type Pool = crate::Pallet<Test>;
}

pub const TREASURY: AccountId32 = AccountId32::new([99; 32]);
pub const LEAST: Balance = OGPU / 1_000;
/// The deposits, so that each can be told from the others.
pub const FOR_SERVICE: Balance = 7 * OGPU;
pub const FOR_MEMBER: Balance = 3 * OGPU;
pub const FOR_REQUEST: Balance = OGPU / 10;
pub const SHARING: u32 = 20;
pub const REDRAWS: u32 = 2;

parameter_types! {
	pub const ExistentialDeposit: Balance = LEAST;
	pub const CheckingPot: PalletId = PalletId(*b"og/check");
	pub const PoolPot: PalletId = PalletId(*b"og/pool!");
	pub const Treasury: AccountId32 = TREASURY;
	pub const TreasuryGrant: Balance = 10 * OGPU;
	pub const SeatBond: Balance = 100 * OGPU;
	pub const LockedAtLeast: Balance = OGPU;
	pub const Deposit: Balance = OGPU;
	pub const FeeOfStake: Perbill = Perbill::from_percent(10);
	pub const AgendaWeight: Weight = Weight::from_parts(1_000_000, 0);
	pub const ServiceDeposit: Balance = FOR_SERVICE;
	pub const MemberDeposit: Balance = FOR_MEMBER;
	pub const RequestDeposit: Balance = FOR_REQUEST;
	pub ThePhases: Phases = Phases::default();
	pub Penalties: SlashingParameters = SlashingParameters::default();
	pub Reputation: ReputationParameters = ReputationParameters::default();
	pub Floating: PriceParameters = PriceParameters::default();
	pub Contests: RaceParameters = RaceParameters::default();
	pub TheReference: ReferenceVerifier = ReferenceVerifier::default();
	pub TheTariff: CheckingTariff = CheckingTariff::default();
	pub Measuring: BenchmarkParameters = BenchmarkParameters::default();
	/// What the network's clock shows. It moves with the blocks unless it is stopped.
	pub storage ClockAt: u32 = 0;
	pub storage IsClockStopped: bool = false;
	pub storage Output: Option<H256> = None;
	pub storage ActiveStake: Vec<(AccountId32, Balance)> = Vec::new();
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
	type FreezeIdentifier = [u8; 8];
	type MaxFreezes = ConstU32<1>;
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

/// Steps cost what the test says, all else nothing.
pub struct Costs;

macro_rules! free {
	($($call:ident),*) => {
		$(fn $call() -> Weight {
			Weight::zero()
		})*
	};
}

impl WeightInfo for Costs {
	free!(
		publish_service,
		update_service,
		retire_service,
		join,
		leave,
		request,
		decline,
		commit,
		alarm,
		confirm,
		claim_share
	);

	fn draw(_: u32) -> Weight {
		Weight::from_parts(StepWeight::get(), 0)
	}

	fn step() -> Weight {
		Weight::from_parts(StepWeight::get(), 0)
	}

	fn concluded(_: u32) -> Weight {
		Weight::zero()
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
	type MaxPins = ConstU32<1024>;
	type MaxUnbonding = ConstU32<8>;
	type MaxWorkers = ConstU32<8>;
	type MinimumLock = LockedAtLeast;
	type Reputation = Reputation;
	type RuntimeHoldReason = RuntimeHoldReason;
	type ScoreBlocks = ConstU32<1_000_000>;
	type SuspensionBlocks = ConstU32<1_000>;
	type UnbondingBlocks = ConstU32<100_000>;
	type WeightInfo = ();
	type WorkerDeposit = Deposit;
}

pub struct ActiveStakes;
impl validation::Stakes for ActiveStakes {
	fn active() -> Vec<(AccountId32, Balance)> {
		ActiveStake::get()
	}
}

/// One capability, which asks for nothing.
pub struct Capabilities;
impl Convert<u8, Option<Work>> for Capabilities {
	fn convert(capability: u8) -> Option<Work> {
		(capability == 0).then_some(0)
	}
}

#[cfg(feature = "runtime-benchmarks")]
pub struct Helper;

#[cfg(feature = "runtime-benchmarks")]
impl validation::BenchmarkHelper for Helper {
	fn lock(who: &AccountId32, amount: Balance) {
		use ogpu_staking_trustlock::{
			traits::{Fault, Pin},
			FaultRecord, Faults, PinRecord, Pins,
		};
		TrustLock::lock(RuntimeOrigin::signed(who.clone()), amount).unwrap();
		let work = |number: u32| H256(blake2_256(&number.to_le_bytes()));
		let pin = |number| PinRecord { work: work(number), amount: 1, pin: Pin::Shared };
		let fault = |number| FaultRecord { fault: Fault::Abandoned, work: work(number), at: 0, taken: 1 };
		Pins::<Test>::insert(who, BoundedVec::truncate_from((2..1024).map(pin).collect()));
		Faults::<Test>::insert(who, BoundedVec::truncate_from((0..8).map(fault).collect()));
	}

	fn device(operator: &AccountId32) -> DeviceId {
		equip(operator, u64::MAX)
	}

	fn activate(validators: &[(AccountId32, Balance)]) {
		ActiveStake::set(&validators.to_vec());
	}

	fn seats() {
		use frame_support::traits::fungible::Mutate;
		for who in (0..VERIFIERS).map(verifier) {
			Balances::mint_into(&who, 10_000 * OGPU).unwrap();
			TrustLock::lock(RuntimeOrigin::signed(who.clone()), 2_000 * OGPU).unwrap();
			Validations::offer_seats(RuntimeOrigin::signed(who), 1, None).unwrap();
		}
		ActiveStake::set(&(0..VERIFIERS).map(|number| (verifier(number), 1_000 * OGPU)).collect());
		next_session();
	}

	fn outputs(from: BlockNumber, blocks: u32) {
		(from..from + blocks).for_each(|block| validation::AuthorOutputs::<Test>::insert(block, H256::zero()));
	}
}

#[cfg(feature = "runtime-benchmarks")]
pub use world::new_test_ext;

impl ogpu_result_validation::Config for Test {
	type AgendaWeight = AgendaWeight;
	type AuthorOutput = Output;
	type Benchmark = Measuring;
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = Helper;
	type Capabilities = Capabilities;
	type Clock = NetworkClock;
	type Currency = Balances;
	type Duty = ();
	type FeeOfStake = FeeOfStake;
	type Market = Pool;
	type MaxChallenges = ConstU32<8>;
	type MaxChecks = ConstU32<64>;
	type MaxHolders = ConstU32<100>;
	type MaxOpen = ConstU32<400>;
	type MaxRedraws = ConstU8<3>;
	type MaxRoundSeats = ConstU32<23>;
	type MaxSeedDelay = ConstU32<1_000>;
	type MaxStrikes = ConstU32<3>;
	type MinHolders = ConstU32<1>;
	type Phases = ThePhases;
	type Pot = CheckingPot;
	type RecordBlocks = ConstU32<50_000>;
	type RuntimeHoldReason = RuntimeHoldReason;
	type SeatBond = SeatBond;
	type SeedRetention = ConstU32<2_000>;
	type Slashing = Penalties;
	type Stakes = ActiveStakes;
	type Tariff = TheTariff;
	type Treasury = Treasury;
	type TreasuryGrant = TreasuryGrant;
	type TrustLock = TrustLock;
	type Verifier = TheReference;
	type WeightInfo = ();
}

impl crate::Config for Test {
	type AlarmBlocks = ConstU32<10>;
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = Helper;
	type Clock = NetworkClock;
	type Currency = Balances;
	type DrawBlocks = ConstU32<4>;
	type FreeDeclines = ConstU32<2>;
	type MaxMembers = ConstU32<16>;
	type MaxRaces = ConstU32<360>;
	type MaxRacers = ConstU32<{ 5 * (REDRAWS + 1) }>;
	type MaxRedraws = ConstU32<REDRAWS>;
	type MaxSettlements = ConstU32<8>;
	type MaxWidth = ConstU32<5>;
	type MaxWindow = ConstU32<500>;
	type MemberDeposit = MemberDeposit;
	type Pot = PoolPot;
	type Prices = Floating;
	type Races = Contests;
	type Reference = TheReference;
	type RequestDeposit = RequestDeposit;
	type RuntimeHoldReason = RuntimeHoldReason;
	type ServiceDeposit = ServiceDeposit;
	type SharingBlocks = ConstU32<SHARING>;
	type Slashing = Penalties;
	type Tariff = TheTariff;
	type TrustLock = TrustLock;
	type Validation = Validations;
	type WeightInfo = Costs;
}
