//! Nominated proof of stake: bonds, nominators, pools, and an election that fits into one block.

use super::governance::EnsureRootOr;
use crate::{
	AccountId, Balance, Balances, DelegatedStaking, NominationPools, Runtime, RuntimeEvent, RuntimeFreezeReason,
	RuntimeHoldReason, Session, Staking, System, Timestamp, VoterList,
};
use frame_election_provider_support::{
	bounds::{ElectionBounds, ElectionBoundsBuilder},
	onchain, ScoreProvider, SequentialPhragmen, VoteWeight,
};
use frame_support::{
	parameter_types,
	traits::{tokens::imbalance::ResolveTo, ConstBool, ConstU32, ConstU8},
	weights::Weight,
	PalletId,
};
use frame_system::EnsureRoot;
use ogpu_protocol::token::VOTE_UNIT;
use polkadot_sdk::*;
use sp_core::U256;
use sp_runtime::{
	traits::{Convert, Get},
	FixedU128, Perbill, SaturatedConversion,
};
use sp_staking::currency_to_vote::CurrencyToVote;

pub struct SessionsPerEra;
impl Get<u32> for SessionsPerEra {
	fn get() -> u32 {
		crate::timing::SessionsPerEra::<Runtime>::get()
	}
}

pub struct BondingDuration;
impl Get<u32> for BondingDuration {
	fn get() -> u32 {
		crate::timing::BondingEras::<Runtime>::get()
	}
}

/// Governance has all but the last era of unbonding to cancel a slash.
pub struct SlashDeferDuration;
impl Get<u32> for SlashDeferDuration {
	fn get() -> u32 {
		BondingDuration::get().saturating_sub(1)
	}
}

/// Balances in units of [`VOTE_UNIT`], because a vote is a `u64`.
pub struct Votes;
impl CurrencyToVote<Balance> for Votes {
	fn to_vote(value: Balance, _issuance: Balance) -> u64 {
		value.checked_div(VOTE_UNIT).unwrap_or_default().saturated_into()
	}

	fn to_currency(value: u128, _issuance: Balance) -> Balance {
		value.saturating_mul(VOTE_UNIT)
	}

	fn will_downscale(_issuance: Balance) -> Option<bool> {
		Some(true)
	}
}

parameter_types! {
	/// Validators that can be active at once. The election runs inside one block, so this and the two bounds below
	/// bound its time; they can grow with a measured reason.
	pub const MaxValidators: u32 = 100;
	/// Voters, those with the largest stakes, among whom seats are distributed. Members of a pool count as one.
	pub const MaxElectingVoters: u32 = 500;
	/// Candidates. One more than this and the election fails, so no more may ever declare themselves: the genesis
	/// presets set staking's `MaxValidatorsCount` to it, and [`super::guard`] keeps governance from raising it.
	pub const MaxElectableTargets: u16 = 300;
	pub const MaxNominations: u32 = 16;
	pub ElectionLimits: ElectionBounds = ElectionBoundsBuilder::default()
		.voters_count(MaxElectingVoters::get().into())
		.targets_count(u32::from(MaxElectableTargets::get()).into())
		.build();
	pub const HistoryDepth: u32 = 84;
	pub const BagThresholds: &'static [u64] = &crate::voter_bags::THRESHOLDS;
	pub TreasuryAccount: AccountId = crate::Treasury::account_id();
}

pub struct OnChainElection;
impl onchain::Config for OnChainElection {
	type Bounds = ElectionLimits;
	type DataProvider = Staking;
	type MaxBackersPerWinner = MaxElectingVoters;
	type MaxWinnersPerPage = MaxValidators;
	type Solver = SequentialPhragmen<AccountId, Perbill>;
	type Sort = ConstBool<true>;
	type System = Runtime;
	type WeightInfo = ElectionWeight;
}

/// The SDK measured elections of at most 16 winners. The time grows with their number, one round for each.
pub struct ElectionWeight;
impl ElectionWeight {
	fn scaled(measured: Weight) -> Weight {
		measured.saturating_mul(MaxValidators::get().div_ceil(16).into())
	}
}

impl frame_election_provider_support::WeightInfo for ElectionWeight {
	fn phragmen(voters: u32, targets: u32, votes: u32) -> Weight {
		Self::scaled(SdkElectionWeight::phragmen(voters, targets, votes))
	}

	fn phragmms(voters: u32, targets: u32, votes: u32) -> Weight {
		Self::scaled(SdkElectionWeight::phragmms(voters, targets, votes))
	}
}
type SdkElectionWeight = frame_election_provider_support::weights::SubstrateWeight<Runtime>;

pub struct StakingBenchmarks;
impl pallet_staking::BenchmarkingConfig for StakingBenchmarks {
	type MaxNominators = ConstU32<1_000>;
	type MaxValidators = ConstU32<100>;
}

impl pallet_staking::Config for Runtime {
	/// It can slash anyone by any part, so it is root alone.
	type AdminOrigin = EnsureRoot<AccountId>;
	type BenchmarkingConfig = StakingBenchmarks;
	type BondingDuration = BondingDuration;
	type Currency = Balances;
	type CurrencyBalance = Balance;
	type CurrencyToVote = Votes;
	type ElectionProvider = onchain::OnChainExecution<OnChainElection>;
	type EraPayout = super::token::Emission;
	type EventListeners = (NominationPools, DelegatedStaking);
	type Filter = pallet_nomination_pools::AllPoolMembers<Runtime>;
	type GenesisElectionProvider = onchain::OnChainExecution<OnChainElection>;
	type HistoryDepth = HistoryDepth;
	type MaxControllersInDeprecationBatch = ConstU32<100>;
	type MaxExposurePageSize = ConstU32<64>;
	type MaxUnlockingChunks = ConstU32<32>;
	type MaxValidatorSet = MaxValidators;
	type NextNewSession = Session;
	type NominationsQuota = pallet_staking::FixedNominationsQuota<{ MaxNominations::get() }>;
	type OldCurrency = Balances;
	type Reward = super::token::FromPot;
	type RewardRemainder = super::token::WithheldFromPot;
	type RuntimeEvent = RuntimeEvent;
	type RuntimeHoldReason = RuntimeHoldReason;
	type SessionInterface = Self;
	type SessionsPerEra = SessionsPerEra;
	type Slash = ResolveTo<TreasuryAccount, Balances>;
	type SlashDeferDuration = SlashDeferDuration;
	type TargetList = pallet_staking::UseValidatorsMap<Self>;
	type UnixTime = Timestamp;
	type VoterList = VoterList;
	type WeightInfo = pallet_staking::weights::SubstrateWeight<Runtime>;
}

/// Who votes, and with how much. Staking says this of everybody who has a bond: anybody could put those who neither
/// nominate nor validate among the voters, and nothing would take them out.
pub struct Voters;
impl ScoreProvider<AccountId> for Voters {
	type Score = VoteWeight;

	fn score(who: &AccountId) -> Option<VoteWeight> {
		let votes = pallet_staking::Nominators::<Runtime>::contains_key(who)
			|| pallet_staking::Validators::<Runtime>::contains_key(who);
		if votes {
			Staking::score(who)
		} else {
			None
		}
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn set_score_of(who: &AccountId, score: VoteWeight) {
		Staking::set_score_of(who, score);
		pallet_staking::Validators::<Runtime>::insert(who, pallet_staking::ValidatorPrefs::default());
	}
}

impl pallet_bags_list::Config<pallet_bags_list::Instance1> for Runtime {
	type BagThresholds = BagThresholds;
	type MaxAutoRebagPerBlock = ConstU32<10>;
	type RuntimeEvent = RuntimeEvent;
	type Score = VoteWeight;
	type ScoreProvider = Voters;
	type WeightInfo = pallet_bags_list::weights::SubstrateWeight<Runtime>;
}

parameter_types! {
	pub const PoolsPalletId: PalletId = PalletId(*b"og/pools");
	pub const DelegatedStakingPalletId: PalletId = PalletId(*b"og/dlstk");
	pub const SlashRewardFraction: Perbill = Perbill::from_percent(1);
}

impl pallet_delegated_staking::Config for Runtime {
	type CoreStaking = Staking;
	type Currency = Balances;
	type OnSlash = ResolveTo<TreasuryAccount, Balances>;
	type PalletId = DelegatedStakingPalletId;
	type RuntimeEvent = RuntimeEvent;
	type RuntimeHoldReason = RuntimeHoldReason;
	type SlashRewardFraction = SlashRewardFraction;
}

pub struct BalanceToU256;
impl Convert<Balance, U256> for BalanceToU256 {
	fn convert(balance: Balance) -> U256 {
		balance.into()
	}
}

pub struct U256ToBalance;
impl Convert<U256, Balance> for U256ToBalance {
	fn convert(balance: U256) -> Balance {
		balance.try_into().unwrap_or(Balance::MAX)
	}
}

impl pallet_nomination_pools::Config for Runtime {
	type AdminOrigin = EnsureRootOr<super::governance::ParametersAdmin>;
	type BalanceToU256 = BalanceToU256;
	type BlockNumberProvider = System;
	type Currency = Balances;
	type Filter = pallet_staking::AllStakers<Runtime>;
	type MaxMetadataLen = ConstU32<256>;
	type MaxPointsToBalance = ConstU8<10>;
	type MaxUnbonding = ConstU32<8>;
	type MaxUnbondingPools = ConstU32<32>;
	type PalletId = PoolsPalletId;
	type RewardCounter = FixedU128;
	type RuntimeEvent = RuntimeEvent;
	type RuntimeFreezeReason = RuntimeFreezeReason;
	type StakeAdapter = pallet_nomination_pools::adapter::DelegateStake<Self, Staking, DelegatedStaking>;
	type U256ToBalance = U256ToBalance;
	type WeightInfo = pallet_nomination_pools::weights::SubstrateWeight<Runtime>;
}
