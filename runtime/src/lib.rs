//! The OGPU runtime: the state transition of the chain, compiled to wasm and stored on the chain itself.
//!
//! The pallets are configured under [`configs`], one file for each concern; what the outside may ask stands in
//! [`apis`]; the genesis states that operators start from are in [`genesis_config_presets`].

#![cfg_attr(not(feature = "std"), no_std)]
#![recursion_limit = "512"]

#[cfg(feature = "std")]
include!(concat!(env!("OUT_DIR"), "/wasm_binary.rs"));

extern crate alloc;

pub mod apis;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarks;
pub mod clock;
pub mod configs;
pub mod free_calls;
pub mod genesis_config_presets;
pub mod liveness;
pub mod timing;
mod voter_bags;
pub mod weights;

use alloc::{borrow::Cow, vec::Vec};
// FRAME's macros look for the SDK's crates by name: through the umbrella they must be in scope.
use polkadot_sdk::*;

use sp_runtime::{
	generic, impl_opaque_keys,
	traits::{BlakeTwo256, IdentifyAccount, Verify},
	MultiAddress, MultiSignature,
};
use sp_version::RuntimeVersion;

pub use ogpu_protocol::{time::BlockNumber, token::Balance};

/// The code of the `wasm` blob as a node loads it.
#[cfg(feature = "std")]
pub fn wasm_binary() -> Result<&'static [u8], &'static str> {
	WASM_BINARY.ok_or("this binary was built with SKIP_WASM_BUILD and holds no runtime: build it again without it")
}

pub type Signature = MultiSignature;
pub type AccountId = <<Signature as Verify>::Signer as IdentifyAccount>::AccountId;
pub type Address = MultiAddress<AccountId, ()>;
pub type Hash = sp_core::H256;
pub type Nonce = u32;
pub type Header = generic::Header<BlockNumber, BlakeTwo256>;
pub type Block = generic::Block<Header, UncheckedExtrinsic>;
pub type BlockId = generic::BlockId<Block>;
pub type SignedBlock = generic::SignedBlock<Block>;

/// What surrounds a call in a transaction: who may send it, when, and what it costs.
pub type TxExtension = (
	frame_system::AuthorizeCall<Runtime>,
	frame_system::CheckNonZeroSender<Runtime>,
	frame_system::CheckSpecVersion<Runtime>,
	frame_system::CheckTxVersion<Runtime>,
	frame_system::CheckGenesis<Runtime>,
	frame_system::CheckMortality<Runtime>,
	frame_system::CheckNonce<Runtime>,
	frame_system::CheckWeight<Runtime>,
	free_calls::RefuseUseless<
		pallet_skip_feeless_payment::SkipCheckIfFeeless<
			Runtime,
			pallet_transaction_payment::ChargeTransactionPayment<Runtime>,
		>,
	>,
	frame_metadata_hash_extension::CheckMetadataHash<Runtime>,
	frame_system::WeightReclaim<Runtime>,
);
pub type UncheckedExtrinsic = generic::UncheckedExtrinsic<Address, RuntimeCall, Signature, TxExtension>;
pub type SignedPayload = generic::SignedPayload<RuntimeCall, TxExtension>;

/// Migrations that run in the first block of a new runtime version. A release adds its own and drops those of the
/// release before the last.
pub type Migrations = ();

pub type Executive =
	frame_executive::Executive<Runtime, Block, frame_system::ChainContext<Runtime>, Runtime, AllPalletsWithSystem>;

impl_opaque_keys! {
	pub struct SessionKeys {
		pub babe: Babe,
		pub grandpa: Grandpa,
		pub authority_discovery: AuthorityDiscovery,
	}
}

macro_rules! version {
	($spec_version:tt) => {
		#[sp_version::runtime_version]
		pub const VERSION: RuntimeVersion = RuntimeVersion {
			spec_name: Cow::Borrowed("ogpu"),
			impl_name: Cow::Borrowed("ogpu-node"),
			authoring_version: 1,
			spec_version: $spec_version,
			impl_version: 0,
			apis: apis::RUNTIME_API_VERSIONS,
			transaction_version: 1,
			system_version: 1,
		};
	};
}
// The number rises with each release. Tests of upgrades build the runtime a second time, under the next one.
#[cfg(not(feature = "next-version"))]
version!(1);
#[cfg(feature = "next-version")]
version!(2);

#[frame_support::runtime]
mod runtime {
	use super::*;

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
	pub struct Runtime;

	// Foundations. The order is part of the protocol: hooks run in it, and indices are encoded into every call.
	#[runtime::pallet_index(0)]
	pub type System = frame_system::Pallet<Runtime>;
	#[runtime::pallet_index(1)]
	pub type Timing = timing::Pallet<Runtime>;
	#[runtime::pallet_index(2)]
	pub type Timestamp = pallet_timestamp::Pallet<Runtime>;
	#[runtime::pallet_index(3)]
	pub type Parameters = pallet_parameters::Pallet<Runtime>;
	#[runtime::pallet_index(4)]
	pub type MultiBlockMigrations = pallet_migrations::Pallet<Runtime>;
	/// Before all that have deadlines.
	#[runtime::pallet_index(5)]
	pub type Clock = clock::Pallet<Runtime>;

	// Consensus. BABE comes before session, whose rotation it triggers; authorship before staking, which it informs.
	#[runtime::pallet_index(10)]
	pub type Babe = pallet_babe::Pallet<Runtime>;
	#[runtime::pallet_index(11)]
	pub type Authorship = pallet_authorship::Pallet<Runtime>;
	#[runtime::pallet_index(12)]
	pub type Liveness = liveness::Pallet<Runtime>;

	// Money.
	#[runtime::pallet_index(20)]
	pub type Balances = pallet_balances::Pallet<Runtime>;
	#[runtime::pallet_index(21)]
	pub type TransactionPayment = pallet_transaction_payment::Pallet<Runtime>;
	#[runtime::pallet_index(23)]
	pub type FeelessPayment = pallet_skip_feeless_payment::Pallet<Runtime>;
	#[runtime::pallet_index(22)]
	pub type Vesting = pallet_vesting::Pallet<Runtime>;

	// Stake.
	#[runtime::pallet_index(30)]
	pub type Staking = pallet_staking::Pallet<Runtime>;
	#[runtime::pallet_index(31)]
	pub type VoterList = pallet_bags_list::Pallet<Runtime, Instance1>;
	#[runtime::pallet_index(32)]
	pub type DelegatedStaking = pallet_delegated_staking::Pallet<Runtime>;
	#[runtime::pallet_index(33)]
	pub type NominationPools = pallet_nomination_pools::Pallet<Runtime>;

	// Validators. Offences and historical come before session, whose genesis asks staking for validators.
	#[runtime::pallet_index(40)]
	pub type Offences = pallet_offences::Pallet<Runtime>;
	#[runtime::pallet_index(41)]
	pub type Historical = pallet_session::historical::Pallet<Runtime>;
	#[runtime::pallet_index(42)]
	pub type Session = pallet_session::Pallet<Runtime>;
	#[runtime::pallet_index(43)]
	pub type Grandpa = pallet_grandpa::Pallet<Runtime>;
	#[runtime::pallet_index(44)]
	pub type AuthorityDiscovery = pallet_authority_discovery::Pallet<Runtime>;

	// Governance.
	#[runtime::pallet_index(50)]
	pub type Preimage = pallet_preimage::Pallet<Runtime>;
	#[runtime::pallet_index(51)]
	pub type Scheduler = pallet_scheduler::Pallet<Runtime>;
	#[runtime::pallet_index(52)]
	pub type Origins = configs::governance::origins::Pallet<Runtime>;
	#[runtime::pallet_index(53)]
	pub type Referenda = pallet_referenda::Pallet<Runtime>;
	#[runtime::pallet_index(54)]
	pub type ConvictionVoting = pallet_conviction_voting::Pallet<Runtime>;
	#[runtime::pallet_index(55)]
	pub type Treasury = pallet_treasury::Pallet<Runtime>;
	#[runtime::pallet_index(56)]
	pub type SafeMode = pallet_safe_mode::Pallet<Runtime>;
	#[runtime::pallet_index(57)]
	pub type TxPause = pallet_tx_pause::Pallet<Runtime>;

	// Accounts.
	#[runtime::pallet_index(60)]
	pub type Utility = pallet_utility::Pallet<Runtime>;
	#[runtime::pallet_index(61)]
	pub type Multisig = pallet_multisig::Pallet<Runtime>;
	#[runtime::pallet_index(62)]
	pub type Proxy = pallet_proxy::Pallet<Runtime>;
	#[runtime::pallet_index(63)]
	pub type Identity = pallet_identity::Pallet<Runtime>;

	// The network.
	#[runtime::pallet_index(66)]
	pub type TrainingAuction = ogpu_training_auction::Pallet<Runtime>;
	#[runtime::pallet_index(67)]
	pub type ContinuousPool = ogpu_continuous_pool::Pallet<Runtime>;
	#[runtime::pallet_index(68)]
	pub type StakingTrustlock = ogpu_staking_trustlock::Pallet<Runtime>;
	#[runtime::pallet_index(69)]
	pub type ResultValidation = ogpu_result_validation::Pallet<Runtime>;
	/// Its genesis counts what all others have issued, so its index is the highest of those that issue.
	#[runtime::pallet_index(70)]
	pub type OgpuToken = ogpu_token::Pallet<Runtime>;

	/// Has a key in the development presets only; without one, every call of it is refused.
	#[runtime::pallet_index(255)]
	pub type Sudo = pallet_sudo::Pallet<Runtime>;
}

impl<C> frame_system::offchain::CreateTransactionBase<C> for Runtime
where
	RuntimeCall: From<C>,
{
	type Extrinsic = UncheckedExtrinsic;
	type RuntimeCall = RuntimeCall;
}

/// Reports of equivocations, which nodes submit without a signer.
impl<C> frame_system::offchain::CreateBare<C> for Runtime
where
	RuntimeCall: From<C>,
{
	fn create_bare(call: RuntimeCall) -> UncheckedExtrinsic {
		UncheckedExtrinsic::new_bare(call)
	}
}
