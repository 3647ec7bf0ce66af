//! Where work is sold: the auction for training and rendering, the pool for requests to services.

use super::{
	deposit,
	staking::TreasuryAccount,
	validation::{Penalties, Tariff, Verifier},
};
use crate::{Balance, Balances, BlockNumber, Clock, ResultValidation, Runtime, RuntimeHoldReason, StakingTrustlock};
use frame_support::{
	parameter_types,
	traits::{ConstU32, ConstU8},
	PalletId,
};
use ogpu_protocol::{
	auction::AuctionParameters,
	pool::{PriceParameters, RaceParameters},
	time::{DAYS, HOURS, MINUTES},
};
use polkadot_sdk::*;

parameter_types! {
	pub Auctions: AuctionParameters = AuctionParameters::default();
	pub const MinBiddingBlocks: BlockNumber = MINUTES;
	pub const MaxBiddingBlocks: BlockNumber = 7 * DAYS;
	/// Two minutes.
	pub const RevealBlocks: BlockNumber = 2 * MINUTES;
	pub const StartBlocks: BlockNumber = 5 * MINUTES;
	pub const MaxJobBlocks: BlockNumber = 90 * DAYS;
	pub const JobDeposit: Balance = deposit(3, 2_000);
	pub const BidDeposit: Balance = deposit(1, 120);
}

impl ogpu_training_auction::Config for Runtime {
	type Auction = Auctions;
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = super::validation::Benchmarks;
	type BidDeposit = BidDeposit;
	type Clock = Clock;
	type Currency = Balances;
	type JobDeposit = JobDeposit;
	type MaxBiddingBlocks = MaxBiddingBlocks;
	type MaxJobBlocks = MaxJobBlocks;
	/// Fewer than the validations that a provider may have open.
	type MaxParts = ConstU32<32>;
	type MaxReopens = ConstU8<3>;
	type MinBiddingBlocks = MinBiddingBlocks;
	type RevealBlocks = RevealBlocks;
	type RuntimeHoldReason = RuntimeHoldReason;
	type SeedStride = ConstU32<100>;
	type Slashing = Penalties;
	type StartBlocks = StartBlocks;
	type Tariff = Tariff;
	type Treasury = TreasuryAccount;
	type TrustLock = StakingTrustlock;
	type Validation = ResultValidation;
	type Verifier = Verifier;
	type WeightInfo = crate::weights::ogpu_training_auction::WeightInfo<Runtime>;
}

parameter_types! {
	pub const PoolPot: PalletId = PalletId(*b"og/pools");
	pub Prices: PriceParameters = PriceParameters::default();
	pub Races: RaceParameters = RaceParameters::default();
	pub const ServiceDeposit: Balance = deposit(2, 600);
	pub const MemberDeposit: Balance = deposit(1, 130);
	pub const RequestDeposit: Balance = deposit(2, 600);
	pub const MaxWindow: BlockNumber = 2 * HOURS;
	pub const SharingBlocks: BlockNumber = 10 * MINUTES;
}

impl ogpu_continuous_pool::Config for Runtime {
	type AlarmBlocks = ConstU32<10>;
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = super::validation::Benchmarks;
	type Clock = Clock;
	type Currency = Balances;
	type DrawBlocks = ConstU32<4>;
	type FreeDeclines = ConstU32<4>;
	type MaxMembers = ConstU32<128>;
	type MaxRacers = ConstU32<24>;
	/// Half of the validations that a provider may have open.
	type MaxRaces = ConstU32<128>;
	type MaxRedraws = ConstU32<2>;
	type MaxSettlements = ConstU32<64>;
	type MaxWidth = ConstU32<8>;
	type MaxWindow = MaxWindow;
	type MemberDeposit = MemberDeposit;
	type Pot = PoolPot;
	type Prices = Prices;
	type Races = Races;
	type Reference = Verifier;
	type RequestDeposit = RequestDeposit;
	type RuntimeHoldReason = RuntimeHoldReason;
	type ServiceDeposit = ServiceDeposit;
	type SharingBlocks = SharingBlocks;
	type Slashing = Penalties;
	type Tariff = Tariff;
	type TrustLock = StakingTrustlock;
	type Validation = ResultValidation;
	type WeightInfo = crate::weights::ogpu_continuous_pool::WeightInfo<Runtime>;
}
