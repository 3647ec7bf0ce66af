//! Measures the calls of every pallet: `ogpu-node benchmark pallet`, in a build with `--features runtime-benchmarks`.

use crate::*;
use alloc::{string::String, vec::Vec};
use codec::Encode;
use frame_benchmarking::{BenchmarkBatch, BenchmarkConfig, BenchmarkList};
use frame_support::traits::{StorageInfo, StorageInfoTrait, WhitelistedStorageKeys};
use pallet_election_provider_support_benchmarking::Pallet as ElectionSupport;
use pallet_offences_benchmarking::Pallet as OffencesBench;
use pallet_session_benchmarking::Pallet as SessionBench;

frame_benchmarking::define_benchmarks!(
	[frame_system, frame_system_benchmarking::Pallet::<Runtime>]
	[frame_system_extensions, frame_system_benchmarking::extensions::Pallet::<Runtime>]
	[ogpu_continuous_pool, ContinuousPool]
	[ogpu_result_validation, ResultValidation]
	[ogpu_staking_trustlock, StakingTrustlock]
	[ogpu_token, OgpuToken]
	[ogpu_training_auction, TrainingAuction]
	[pallet_babe, Babe]
	[pallet_bags_list, VoterList]
	[pallet_balances, Balances]
	[pallet_conviction_voting, ConvictionVoting]
	[pallet_election_provider_support_benchmarking, ElectionSupport::<Runtime>]
	[pallet_grandpa, Grandpa]
	[pallet_identity, Identity]
	[pallet_migrations, MultiBlockMigrations]
	[pallet_multisig, Multisig]
	[pallet_offences, OffencesBench::<Runtime>]
	[pallet_parameters, Parameters]
	[pallet_preimage, Preimage]
	[pallet_proxy, Proxy]
	[pallet_referenda, Referenda]
	[pallet_safe_mode, SafeMode]
	[pallet_scheduler, Scheduler]
	[pallet_session, SessionBench::<Runtime>]
	[pallet_staking, Staking]
	[pallet_sudo, Sudo]
	[pallet_timestamp, Timestamp]
	[pallet_transaction_payment, TransactionPayment]
	[pallet_treasury, Treasury]
	[pallet_tx_pause, TxPause]
	[pallet_utility, Utility]
	[pallet_vesting, Vesting]
);

impl frame_system_benchmarking::Config for Runtime {}
impl pallet_election_provider_support_benchmarking::Config for Runtime {}
impl pallet_offences_benchmarking::Config for Runtime {}
impl pallet_session_benchmarking::Config for Runtime {
	fn generate_session_keys_and_proof(owner: AccountId) -> (SessionKeys, Vec<u8>) {
		let generated = SessionKeys::generate(&owner.encode(), None);
		(generated.keys, generated.proof.encode())
	}
}
impl pallet_transaction_payment::BenchmarkConfig for Runtime {}

/// Treasury spends are in the native token and go to an account.
pub struct TreasuryArguments;
impl pallet_treasury::ArgumentsFactory<(), AccountId> for TreasuryArguments {
	fn create_asset_kind(_seed: u32) {}

	fn create_beneficiary(seed: [u8; 32]) -> AccountId {
		AccountId::from(seed)
	}
}

pub fn list(extra: bool) -> (Vec<BenchmarkList>, Vec<StorageInfo>) {
	let mut list = Vec::<BenchmarkList>::new();
	list_benchmarks!(list, extra);
	(list, AllPalletsWithSystem::storage_info())
}

pub fn dispatch(config: BenchmarkConfig) -> Result<Vec<BenchmarkBatch>, String> {
	let mut batches = Vec::<BenchmarkBatch>::new();
	let whitelist = AllPalletsWithSystem::whitelisted_storage_keys();
	let params = (&config, &whitelist);
	add_benchmarks!(params, batches);
	Ok(batches)
}
