//! What people stand for, and how results are checked.

use super::{deposit, parameters::dynamic_params::validation, staking::TreasuryAccount, system::share_of_block};
use crate::{
	AccountId, Babe, Balance, Balances, BlockNumber, Clock, ContinuousPool, ResultValidation, Runtime,
	RuntimeHoldReason, SafeMode, Session, Staking, StakingTrustlock, TrainingAuction,
};
use alloc::vec::Vec;
use frame_support::{
	parameter_types,
	traits::{ConstU32, ConstU8, RewardsReporter},
	weights::Weight,
	PalletId,
};
use ogpu_protocol::{
	benchmark::BenchmarkParameters,
	cost::{CheckingTariff, ReferenceVerifier, Work},
	phases::Phases,
	random::CERTAIN_BILLIONTHS,
	reputation::ReputationParameters,
	slashing::SlashingParameters,
	time::DAYS,
	token::OGPU,
};
use pallet_session::SessionManager;
use polkadot_sdk::*;
use sp_core::H256;
use sp_runtime::traits::{Convert, Get};
use sp_staking::SessionIndex;

/// The clock stops in safe mode.
pub struct InSafeMode;
impl Get<bool> for InSafeMode {
	fn get() -> bool {
		SafeMode::is_entered()
	}
}

impl crate::clock::Config for Runtime {
	type IsPaused = InSafeMode;
}

parameter_types! {
	/// The way of a result: a day for challenges, and 23 rounds of juries over the longest leaf. More juries can meet over
	/// it, one after the other; pins bind until the last has decided.
	pub const LongestValidation: BlockNumber = 60_000;
	pub const UnbondingBlocks: BlockNumber = 7 * DAYS;
	pub const MinimumLock: Balance = OGPU;
	pub const WorkerDeposit: Balance = deposit(2, 96);
	pub const DeviceDeposit: Balance = deposit(1, 320);
	pub Reputation: ReputationParameters = ReputationParameters::default();
}

impl ogpu_staking_trustlock::Config for Runtime {
	type Clock = Clock;
	type Currency = Balances;
	type DeviceDeposit = DeviceDeposit;
	/// Ten minutes.
	type HeartbeatBlocks = ConstU32<200>;
	type LongestValidation = LongestValidation;
	type MaxDevices = ConstU32<256>;
	type MaxFaults = ConstU32<16>;
	type MaxPins = ConstU32<256>;
	type MaxUnbonding = ConstU32<32>;
	type MaxWorkers = ConstU32<256>;
	type MinimumLock = MinimumLock;
	type Reputation = Reputation;
	type RuntimeHoldReason = RuntimeHoldReason;
	/// A week.
	type ScoreBlocks = ConstU32<{ 7 * DAYS }>;
	type SuspensionBlocks = ConstU32<DAYS>;
	type UnbondingBlocks = UnbondingBlocks;
	type WeightInfo = crate::weights::ogpu_staking_trustlock::WeightInfo<Runtime>;
	type WorkerDeposit = WorkerDeposit;
}

parameter_types! {
	pub const CheckingPot: PalletId = PalletId(*b"og/check");
	pub const RecordBlocks: BlockNumber = 90 * DAYS;
	pub const AgendaWeight: Weight = share_of_block(20);
	pub PhasesOfValidation: Phases = Phases::default();
	pub Penalties: SlashingParameters = SlashingParameters::default();
	pub Measuring: BenchmarkParameters = BenchmarkParameters::default();
	pub Verifier: ReferenceVerifier = ReferenceVerifier::default();
	pub Tariff: CheckingTariff = CheckingTariff::default();
}

/// What the author of the last block added to the randomness: BABE keeps it until the end of this one.
pub struct AuthorOutput;
impl Get<Option<H256>> for AuthorOutput {
	fn get() -> Option<H256> {
		Babe::author_vrf_randomness().map(H256)
	}
}

/// Whoever validates blocks, by the stake behind it in this era.
pub struct ActiveStakes;
impl ogpu_result_validation::Stakes for ActiveStakes {
	fn active() -> Vec<(AccountId, Balance)> {
		let Some(era) = pallet_staking::ActiveEra::<Runtime>::get() else { return Vec::new() };
		let stake = |who: &AccountId| pallet_staking::ErasStakersOverview::<Runtime>::get(era.index, who);
		Session::validators().into_iter().filter_map(|who| Some((who.clone(), stake(&who)?.total))).collect()
	}
}

/// Verification is worth a quarter of what authoring is: so many points for a session of full duty, beside 20 for each
/// block.
pub struct DutyPoints;
impl ogpu_result_validation::Duty for DutyPoints {
	fn served(shares: Vec<(AccountId, u32)>) {
		let blocks = crate::timing::EpochBlocks::<Runtime>::get();
		let validators = (Session::validators().len() as u32).max(1);
		let quota = blocks.saturating_mul(5).checked_div(validators).unwrap_or_default();
		let points = |share: u32| {
			let points = u64::from(quota).saturating_mul(share.into()).checked_div(CERTAIN_BILLIONTHS.into());
			points.and_then(|points| points.try_into().ok()).unwrap_or(quota)
		};
		let rewarded: Vec<_> = shares.into_iter().map(|(who, share)| (who, points(share))).collect();
		<Staking as RewardsReporter<AccountId>>::reward_by_ids(rewarded);
	}
}

/// One capability so far, which every validator's machine has.
pub struct Capabilities;
impl Convert<u8, Option<Work>> for Capabilities {
	fn convert(capability: u8) -> Option<Work> {
		(capability == 0).then_some(0)
	}
}

#[cfg(feature = "runtime-benchmarks")]
pub struct Benchmarks;
#[cfg(feature = "runtime-benchmarks")]
impl ogpu_result_validation::BenchmarkHelper for Benchmarks {
	fn lock(who: &AccountId, amount: Balance) {
		use ogpu_staking_trustlock::{
			traits::{Fault, Pin},
			FaultRecord, Faults, PinRecord, Pins,
		};
		use sp_runtime::BoundedVec;
		let locked = StakingTrustlock::lock(frame_system::RawOrigin::Signed(who.clone()).into(), amount);
		assert!(locked.is_ok(), "the account must hold what is locked");
		let work = |number: u32| H256(sp_io::hashing::blake2_256(&number.to_le_bytes()));
		let pin = |number| PinRecord { work: work(number), amount: 1, pin: Pin::Shared };
		let fault = |number| FaultRecord { fault: Fault::Abandoned, work: work(number), at: 0, taken: 1 };
		Pins::<Runtime>::insert(who, BoundedVec::truncate_from((2..256).map(pin).collect()));
		Faults::<Runtime>::insert(who, BoundedVec::truncate_from((0..16).map(fault).collect()));
	}

	fn device(operator: &AccountId) -> ogpu_staking_trustlock::traits::DeviceId {
		use sp_runtime::BoundedVec;
		let id = ogpu_staking_trustlock::NextDevice::<Runtime>::get();
		let registered = StakingTrustlock::register_device(
			frame_system::RawOrigin::Signed(operator.clone()).into(),
			ogpu_staking_trustlock::traits::DeviceKind::Cuda,
			BoundedVec::truncate_from(b"bench".to_vec()),
			1,
			BoundedVec::truncate_from(b"/dns/bench".to_vec()),
			operator.clone(),
		);
		assert!(registered.is_ok(), "the operator must afford the deposit");
		<StakingTrustlock as ogpu_staking_trustlock::traits::Devices<AccountId>>::measured(id, 1_000_000_000_000_000);
		let beats = StakingTrustlock::heartbeat(frame_system::RawOrigin::Signed(operator.clone()).into(), id);
		assert!(beats.is_ok(), "a first heartbeat is in time");
		id
	}

	fn activate(validators: &[(AccountId, Balance)]) {
		let era = pallet_staking::ActiveEra::<Runtime>::get().map_or(0, |era| era.index);
		pallet_session::Validators::<Runtime>::put(validators.iter().map(|(who, _)| who.clone()).collect::<Vec<_>>());
		for (who, total) in validators {
			let overview =
				sp_staking::PagedExposureMetadata { total: *total, own: *total, nominator_count: 0, page_count: 0 };
			pallet_staking::ErasStakersOverview::<Runtime>::insert(era, who, overview);
		}
	}

	fn seats() {
		use frame_support::traits::fungible::Mutate;
		let verifiers: Vec<_> = (0..super::staking::MaxValidators::get())
			.map(|index| (frame_benchmarking::account::<AccountId>("verifier", index, 0), 1_000_000 * OGPU))
			.collect();
		for (who, _) in &verifiers {
			assert!(Balances::mint_into(who, 10_000 * OGPU).is_ok(), "an account can receive");
			Self::lock(who, 1_000 * OGPU);
			let offered = ResultValidation::offer_seats(frame_system::RawOrigin::Signed(who.clone()).into(), 1, None);
			assert!(offered.is_ok(), "the bond of a seat is locked");
		}
		Self::activate(&verifiers);
		ResultValidation::start_session();
	}

	fn outputs(from: BlockNumber, blocks: u32) {
		for block in from..from.saturating_add(blocks) {
			ogpu_result_validation::AuthorOutputs::<Runtime>::insert(block, H256::repeat_byte(1));
		}
	}
}

impl ogpu_result_validation::Config for Runtime {
	type AgendaWeight = AgendaWeight;
	type AuthorOutput = AuthorOutput;
	type Benchmark = Measuring;
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = Benchmarks;
	type Capabilities = Capabilities;
	type Clock = Clock;
	type Currency = Balances;
	type Duty = DutyPoints;
	type FeeOfStake = validation::FeeOfStake;
	type Market = (TrainingAuction, ContinuousPool);
	type MaxChallenges = ConstU32<16>;
	type MaxChecks = ConstU32<256>;
	type MaxHolders = super::staking::MaxValidators;
	type MaxOpen = ConstU32<256>;
	type MaxRedraws = ConstU8<3>;
	type MaxRoundSeats = ConstU32<32>;
	/// A day.
	type MaxSeedDelay = ConstU32<DAYS>;
	type MaxStrikes = ConstU32<3>;
	type MinHolders = validation::MinHolders;
	type Phases = PhasesOfValidation;
	type Pot = CheckingPot;
	type RecordBlocks = RecordBlocks;
	type RuntimeHoldReason = RuntimeHoldReason;
	type SeatBond = validation::SeatBond;
	/// A day.
	type SeedRetention = ConstU32<DAYS>;
	type Slashing = Penalties;
	type Stakes = ActiveStakes;
	type Tariff = Tariff;
	type Treasury = TreasuryAccount;
	type TreasuryGrant = validation::TreasuryGrant;
	type TrustLock = StakingTrustlock;
	type Verifier = Verifier;
	type WeightInfo = crate::weights::ogpu_result_validation::WeightInfo<Runtime>;
}

/// Rewards duty before a session ends, and allots seats after the next one has begun.
pub struct Seats<Inner>(core::marker::PhantomData<Inner>);
impl<Inner: SessionManager<AccountId>> SessionManager<AccountId> for Seats<Inner> {
	fn new_session(index: SessionIndex) -> Option<Vec<AccountId>> {
		Inner::new_session(index)
	}

	fn new_session_genesis(index: SessionIndex) -> Option<Vec<AccountId>> {
		Inner::new_session_genesis(index)
	}

	fn start_session(index: SessionIndex) {
		Inner::start_session(index);
		ResultValidation::start_session();
	}

	fn end_session(index: SessionIndex) {
		ResultValidation::end_session();
		Inner::end_session(index);
	}
}
