//! A network of validators, providers and a client, whose story is told by each test. Everybody is honest unless the test
//! says how not. All stories end with a look at the books.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

mod bids;
mod ends;
mod honesty;
mod quotes;
mod random;
mod refusals;
mod work;
mod world;

use crate::{quote::*, *};
use frame_support::{
	derive_impl, parameter_types,
	traits::{ConstU32, ConstU8, Hooks, TryState, TryStateSelect},
	PalletId,
};
use ogpu_protocol::{
	benchmark::BenchmarkParameters,
	cost::{Work, GIGA},
	phases::Phases,
	reputation::ReputationParameters,
	token::OGPU,
};
use ogpu_result_validation::Stakes;
use ogpu_staking_trustlock::traits::DeviceKind;
use polkadot_sdk::*;
use sp_runtime::{
	traits::{Convert, Dispatchable, IdentityLookup},
	BuildStorage, DispatchError, Perbill,
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
	pub type Auctions = crate::Pallet<Test>;
}

pub const TREASURY: AccountId32 = AccountId32::new([99; 32]);
pub const LEAST: Balance = OGPU / 1_000;

parameter_types! {
	pub const ExistentialDeposit: Balance = LEAST;
	pub const Pot: PalletId = PalletId(*b"og/check");
	pub const Treasury: AccountId32 = TREASURY;
	pub const TreasuryGrant: Balance = 10 * OGPU;
	pub const SeatBond: Balance = 100 * OGPU;
	pub const Deposit: Balance = OGPU;
	pub const FeeOfStake: Perbill = Perbill::from_percent(10);
	pub const AgendaWeight: Weight = Weight::from_parts(1_000_000, 0);
	/// Who may challenge has not all day.
	pub ThePhases: Phases = Phases { auction_challenge_blocks: 60, ..Phases::default() };
	pub Penalties: SlashingParameters = SlashingParameters::default();
	pub Scoring: AuctionParameters = AuctionParameters::default();
	pub Reference: ReferenceVerifier = ReferenceVerifier::default();
	pub Tariff: CheckingTariff = CheckingTariff::default();
	pub Reputation: ReputationParameters = ReputationParameters::default();
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
	/// Whoever was there once is there for all of the story.
	type HeartbeatBlocks = ConstU32<1_000_000>;
	type LongestValidation = ConstU32<40_000>;
	type MaxDevices = ConstU32<8>;
	type MaxFaults = ConstU32<8>;
	type MaxPins = ConstU32<256>;
	type MaxUnbonding = ConstU32<8>;
	type MaxWorkers = ConstU32<8>;
	type MinimumLock = Deposit;
	type Reputation = Reputation;
	type RuntimeHoldReason = RuntimeHoldReason;
	type ScoreBlocks = ConstU32<1_000_000>;
	type SuspensionBlocks = ConstU32<1_000>;
	type UnbondingBlocks = ConstU32<100_000>;
	type WeightInfo = ();
	type WorkerDeposit = Deposit;
}

pub struct ActiveStakes;
impl Stakes for ActiveStakes {
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
pub use world::new_test_ext;

#[cfg(feature = "runtime-benchmarks")]
pub struct Helper;

#[cfg(feature = "runtime-benchmarks")]
impl ogpu_result_validation::BenchmarkHelper for Helper {
	fn lock(who: &AccountId32, amount: Balance) {
		use ogpu_staking_trustlock::{FaultRecord, Faults, PinRecord, Pins};
		TrustLock::lock(RuntimeOrigin::signed(who.clone()), amount).unwrap();
		let work = |number: u32| H256::from_low_u64_be(number.into());
		let pin = |number| PinRecord { work: work(number), amount: 1, pin: Pin::Shared };
		Pins::<Test>::insert(who, BoundedVec::truncate_from((2..256).map(pin).collect()));
		let fault = |number| FaultRecord { fault: Fault::Abandoned, work: work(number), at: 0, taken: 1 };
		Faults::<Test>::insert(who, BoundedVec::truncate_from((0..8).map(fault).collect()));
	}

	fn device(operator: &AccountId32) -> DeviceId {
		let id = device(operator);
		TrustLock::heartbeat(RuntimeOrigin::signed(operator.clone()), id).unwrap();
		id
	}

	fn activate(validators: &[(AccountId32, Balance)]) {
		ActiveStake::set(&validators.to_vec());
	}

	// They are there from the beginning.
	fn seats() {}

	fn outputs(from: BlockNumber, blocks: u32) {
		(from..from + blocks)
			.for_each(|block| ogpu_result_validation::AuthorOutputs::<Test>::insert(block, H256::zero()));
	}
}

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
	type Market = Auctions;
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
	type Verifier = Reference;
	type WeightInfo = ();
}

/// Steps cost what the test says, all else nothing.
pub struct Costs;
macro_rules! costs {
	($($call:ident: $weight:expr),* $(,)?) => {
		impl WeightInfo for Costs {
			$(fn $call() -> Weight {
				Weight::from_parts($weight, 0)
			})*
		}
	};
}
costs!(create: 0, top_up: 0, extend: 0, cancel: 0, commit_bid: 0, reveal_bid: 0, start: 0, commit_part: 0,
	claim_inputs: 0, abandon: 0, step: StepWeight::get(), count: StepWeight::get(), conclude: 0);

impl crate::Config for Test {
	type Auction = Scoring;
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = Helper;
	type BidDeposit = Deposit;
	type Clock = NetworkClock;
	type Currency = Balances;
	type JobDeposit = Deposit;
	type MaxBiddingBlocks = ConstU32<1_000>;
	type MaxJobBlocks = ConstU32<50_000>;
	type MaxParts = ConstU32<8>;
	type MaxReopens = ConstU8<2>;
	type MinBiddingBlocks = ConstU32<5>;
	type RevealBlocks = ConstU32<20>;
	type RuntimeHoldReason = RuntimeHoldReason;
	type SeedStride = ConstU32<10>;
	type Slashing = Penalties;
	type StartBlocks = ConstU32<30>;
	type Tariff = Tariff;
	type Treasury = Treasury;
	type TrustLock = TrustLock;
	type Validation = Validations;
	type Verifier = Reference;
	type WeightInfo = Costs;
}
