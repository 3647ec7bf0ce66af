//! Blocks, time, migrations and the filters that every call passes.

use crate::{
	AccountId, Babe, Balance, Block, BlockNumber, Hash, Migrations, MultiBlockMigrations, Nonce, PalletInfo, Runtime,
	RuntimeCall, RuntimeEvent, RuntimeFreezeReason, RuntimeHoldReason, RuntimeOrigin, RuntimeTask, SafeMode, System,
	TxPause, VERSION,
};
use frame_support::{
	derive_impl,
	dispatch::DispatchClass,
	migrations::{FailedMigrationHandler, FailedMigrationHandling},
	parameter_types,
	traits::{self, ConstU32, ConstU64, InsideBoth, VariantCountOf},
	weights::{
		constants::{BlockExecutionWeight, ExtrinsicBaseWeight, ParityDbWeight, WEIGHT_REF_TIME_PER_SECOND},
		Weight,
	},
};
use frame_system::limits::{BlockLength, BlockWeights};
use ogpu_protocol::{time::BLOCK_MILLIS, token};
use polkadot_sdk::*;
use sp_runtime::Perbill;
use sp_version::RuntimeVersion;

/// A third of a block's time may go into executing it: the rest is for building, sending and importing it. Nobody
/// proves a block of this chain to another, so the size of such a proof is not limited.
const MAX_BLOCK_WEIGHT: Weight = Weight::from_parts(WEIGHT_REF_TIME_PER_SECOND, u64::MAX);

/// So many percent of a block.
pub const fn share_of_block(percent: u64) -> Weight {
	Weight::from_parts(WEIGHT_REF_TIME_PER_SECOND.saturating_div(100).saturating_mul(percent), u64::MAX)
}

/// Hooks are expected to take no more than this.
const ON_INITIALIZE_RATIO: Perbill = Perbill::from_percent(10);

/// What ordinary transactions leave free is for inherents and operational ones.
const NORMAL_PERCENT: u32 = 75;

const MAX_BLOCK_BYTES: u32 = 5 * 1024 * 1024;

parameter_types! {
	pub const BlockHashCount: BlockNumber = 4096;
	pub const Version: RuntimeVersion = VERSION;
	pub const SS58Prefix: u16 = token::SS58_PREFIX;
	pub const ExistentialDeposit: Balance = token::MILLI_OGPU;
	pub Weights: BlockWeights = BlockWeights::builder()
		.base_block(BlockExecutionWeight::get())
		.for_class(DispatchClass::all(), |weights| weights.base_extrinsic = ExtrinsicBaseWeight::get())
		.for_class(DispatchClass::Normal, |weights| weights.max_total = Some(share_of_block(NORMAL_PERCENT.into())))
		.for_class(DispatchClass::Operational, |weights| {
			weights.max_total = Some(MAX_BLOCK_WEIGHT);
			weights.reserved = Some(share_of_block(25));
		})
		.avg_block_initialization(ON_INITIALIZE_RATIO)
		.build_or_panic();
	pub Length: BlockLength = BlockLength::builder()
		.max_length(MAX_BLOCK_BYTES)
		.modify_max_length_for_class(DispatchClass::Normal, |max| *max = Perbill::from_percent(NORMAL_PERCENT).mul_floor(*max))
		.build();
	pub const MigrationServiceWeight: Weight = share_of_block(80);
}

#[derive_impl(frame_system::config_preludes::SolochainDefaultConfig)]
impl frame_system::Config for Runtime {
	type AccountData = pallet_balances::AccountData<Balance>;
	type AccountId = AccountId;
	type BaseCallFilter = InsideBoth<SafeMode, TxPause>;
	type Block = Block;
	type BlockHashCount = BlockHashCount;
	type BlockLength = Length;
	type BlockWeights = Weights;
	type DbWeight = ParityDbWeight;
	type ExtensionsWeightInfo = frame_system::SubstrateExtensionsWeight<Runtime>;
	type Hash = Hash;
	type Lookup = sp_runtime::traits::AccountIdLookup<AccountId, ()>;
	type MaxConsumers = ConstU32<64>;
	type MultiBlockMigrator = MultiBlockMigrations;
	type Nonce = Nonce;
	type SingleBlockMigrations = Migrations;
	type SS58Prefix = SS58Prefix;
	type SystemWeightInfo = frame_system::weights::SubstrateWeight<Runtime>;
	type Version = Version;
}

impl crate::timing::Config for Runtime {}

impl pallet_timestamp::Config for Runtime {
	type MinimumPeriod = ConstU64<{ BLOCK_MILLIS / 2 }>;
	type Moment = u64;
	type OnTimestampSet = Babe;
	type WeightInfo = pallet_timestamp::weights::SubstrateWeight<Runtime>;
}

/// A migration that fails leaves the chain to governance: safe mode keeps everybody else out, and lets the votes in that
/// replace the code. Blocks with nothing but inherents, the alternative, would end the chain.
pub struct ToSafeMode;
impl FailedMigrationHandler for ToSafeMode {
	fn failed(_migration: Option<u32>) -> FailedMigrationHandling {
		let forever = BlockNumber::MAX;
		let entered = match <SafeMode as traits::SafeMode>::is_entered() {
			true => <SafeMode as traits::SafeMode>::extend(forever),
			false => <SafeMode as traits::SafeMode>::enter(forever),
		};
		match entered {
			Ok(()) => FailedMigrationHandling::ForceUnstuck,
			Err(_) => FailedMigrationHandling::KeepStuck,
		}
	}
}

impl pallet_migrations::Config for Runtime {
	type CursorMaxLen = ConstU32<65_536>;
	type FailedMigrationHandler = ToSafeMode;
	type IdentifierMaxLen = ConstU32<256>;
	type MaxServiceWeight = MigrationServiceWeight;
	type MigrationStatusHandler = ();
	#[cfg(not(feature = "runtime-benchmarks"))]
	type Migrations = ();
	#[cfg(feature = "runtime-benchmarks")]
	type Migrations = pallet_migrations::mock_helpers::MockedMigrations;
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = pallet_migrations::weights::SubstrateWeight<Runtime>;
}

impl pallet_balances::Config for Runtime {
	type AccountStore = System;
	type Balance = Balance;
	type DoneSlashHandler = ();
	type DustRemoval = ();
	type ExistentialDeposit = ExistentialDeposit;
	type FreezeIdentifier = RuntimeFreezeReason;
	type MaxFreezes = VariantCountOf<RuntimeFreezeReason>;
	type MaxLocks = ConstU32<50>;
	type MaxReserves = ConstU32<50>;
	type ReserveIdentifier = [u8; 8];
	type RuntimeEvent = RuntimeEvent;
	type RuntimeFreezeReason = RuntimeFreezeReason;
	type RuntimeHoldReason = RuntimeHoldReason;
	type WeightInfo = pallet_balances::weights::SubstrateWeight<Runtime>;
}

impl pallet_sudo::Config for Runtime {
	type RuntimeCall = super::guard::GuardedCall;
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = pallet_sudo::weights::SubstrateWeight<Runtime>;
}
