//! The genesis states that a chain can start from.
//!
//! All three begin with validators whose keys are public, because a preset can hold no secret: `testnet` shows the
//! periods and limits of a real network, and `ogpu-node new-chain` puts an operator's own validators in their place.

use crate::{
	configs::{
		consensus::BABE_GENESIS_EPOCH_CONFIG,
		staking::{MaxElectableTargets, TreasuryAccount},
	},
	timing, AccountId, BabeConfig, Balance, BalancesConfig, BlockNumber, NominationPoolsConfig, OgpuTokenConfig,
	ResultValidationConfig, RuntimeGenesisConfig, SessionConfig, SessionKeys, StakingConfig, StakingTrustlockConfig,
	SudoConfig, TimingConfig,
};
use alloc::{vec, vec::Vec};
use frame_support::build_struct_json_patch;
use ogpu_protocol::{
	claims::{leaf, EthereumAddress},
	emission,
	merkle::Tree,
	time::DAYS,
	token::OGPU,
};
use ogpu_token::ClaimsRecord;
use polkadot_sdk::*;
use sp_genesis_builder::PresetId;
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};
use sp_runtime::Perbill;

/// One validator that produces blocks at once, short epochs, and sudo in Alice's hands.
pub const DEVELOPMENT: &str = sp_genesis_builder::DEV_RUNTIME_PRESET;
/// Four validators, Alice to Dave, otherwise as `development`.
pub const LOCAL_TESTNET: &str = sp_genesis_builder::LOCAL_TESTNET_RUNTIME_PRESET;
/// A public network: real periods, no sudo. Its four validators are placeholders.
pub const TESTNET: &str = "testnet";

/// The least bond of a validator on development chains, and theirs: tools read it as a `u64`.
const DEVELOPMENT_BOND: Balance = 10 * OGPU;
/// The least bond of a validator on a public network: it makes filling the list of candidates expensive.
pub const TESTNET_BOND: Balance = 1_000 * OGPU;
/// What stands for the seats of a validator on development chains: the default of the parameter.
const SEAT_BOND: Balance = 100 * OGPU;
const DEVELOPER_BALANCE: Balance = 100_000 * OGPU;
const VALIDATOR_BALANCE: Balance = 10_000 * OGPU;
/// Keeps the treasury's account alive, so that the first small fee is not lost as dust.
const TREASURY_BALANCE: Balance = OGPU;

const VALIDATORS: [(Sr25519Keyring, Ed25519Keyring); 4] = [
	(Sr25519Keyring::Alice, Ed25519Keyring::Alice),
	(Sr25519Keyring::Bob, Ed25519Keyring::Bob),
	(Sr25519Keyring::Charlie, Ed25519Keyring::Charlie),
	(Sr25519Keyring::Dave, Ed25519Keyring::Dave),
];

fn validator((sr25519, ed25519): (Sr25519Keyring, Ed25519Keyring)) -> (AccountId, SessionKeys) {
	let keys = SessionKeys {
		babe: sr25519.public().into(),
		grandpa: ed25519.public().into(),
		authority_discovery: sr25519.public().into(),
	};
	(sr25519.to_account_id(), keys)
}

fn genesis(
	timing: TimingConfig,
	bond: Balance,
	validators: impl Iterator<Item = (AccountId, SessionKeys)>,
	mut balances: Vec<(AccountId, Balance)>,
	sudo: Option<AccountId>,
	claims: Option<ClaimsRecord<BlockNumber>>,
) -> serde_json::Value {
	let validators: Vec<_> = validators.collect();
	// On development chains, which have a key for sudo, validators serve seats at once; elsewhere they offer them.
	let verifiers: Vec<_> = validators.iter().map(|(stash, _)| stash.clone()).filter(|_| sudo.is_some()).collect();
	balances.push((TreasuryAccount::get(), TREASURY_BALANCE));
	build_struct_json_patch!(RuntimeGenesisConfig {
		timing,
		balances: BalancesConfig { balances },
		babe: BabeConfig { epoch_config: BABE_GENESIS_EPOCH_CONFIG },
		session: SessionConfig {
			keys: validators.iter().map(|(stash, keys)| (stash.clone(), stash.clone(), keys.clone())).collect(),
		},
		staking: StakingConfig {
			validator_count: validators.len() as u32,
			minimum_validator_count: 1,
			slash_reward_fraction: Perbill::from_percent(10),
			stakers: validators
				.iter()
				.map(|(stash, _)| (stash.clone(), stash.clone(), bond, pallet_staking::StakerStatus::Validator))
				.collect::<Vec<_>>(),
			min_nominator_bond: OGPU,
			min_validator_bond: bond,
			max_validator_count: Some(MaxElectableTargets::get().into()),
		},
		// Without limits of our own, the pallet's test defaults would hold: 16 pools of 32 members.
		nomination_pools: NominationPoolsConfig {
			min_join_bond: OGPU,
			min_create_bond: 100 * OGPU,
			max_pools: Some(1_000),
			max_members_per_pool: None,
			max_members: None,
			global_max_commission: Some(Perbill::from_percent(20)),
		},
		ogpu_token: OgpuTokenConfig { emission: emission::BUDGET, claims },
		staking_trustlock: StakingTrustlockConfig {
			locks: verifiers.iter().map(|verifier| (verifier.clone(), SEAT_BOND)).collect(),
		},
		result_validation: ResultValidationConfig { verifiers },
		sudo: SudoConfig { key: sudo },
	})
}

/// An epoch a minute and an era each three, so that a developer sees elections and payouts.
fn short_timing() -> TimingConfig {
	TimingConfig { epoch_blocks: 20, sessions_per_era: 3, bonding_eras: 3, ..Default::default() }
}

fn developers() -> Vec<(AccountId, Balance)> {
	Sr25519Keyring::iter().map(|key| (key.to_account_id(), DEVELOPER_BALANCE)).collect()
}

/// The first accounts of the mnemonic that Ethereum's tools use in development, "test test test test test test test test
/// test test test junk": they hold 1,000, 2,000 and 3,000 OGPU in the snapshot of development chains.
pub const DEVELOPMENT_HOLDERS: [EthereumAddress; 3] = [
	sp_core::hex2array!("f39Fd6e51aad88F6F4ce6aB8827279cffFb92266"),
	sp_core::hex2array!("70997970C51812dc3A010C7d01b50e0d17dc79C8"),
	sp_core::hex2array!("3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"),
];

/// The snapshot of development chains: each holder and what it may claim.
pub fn development_snapshot() -> impl Iterator<Item = (u32, EthereumAddress, Balance)> {
	(0u32..).zip(DEVELOPMENT_HOLDERS).map(|(index, holder)| (index, holder, development_claim(index)))
}

fn development_claim(index: u32) -> Balance {
	Balance::from(index).saturating_add(1).saturating_mul(1_000 * OGPU)
}

fn development_claims() -> Option<ClaimsRecord<BlockNumber>> {
	let keccak = sp_io::hashing::keccak_256;
	let leaves = development_snapshot().map(|(index, holder, amount)| leaf(keccak, index, &holder, amount)).collect();
	Some(ClaimsRecord {
		root: Tree::new(keccak, leaves)?.root().into(),
		leaves: DEVELOPMENT_HOLDERS.len() as u32,
		unclaimed: development_snapshot().map(|(_, _, amount)| amount).sum(),
		deadline: 365 * DAYS,
	})
}

fn development_chain(validators: usize) -> serde_json::Value {
	let sudo = Sr25519Keyring::Alice.to_account_id();
	let validators = VALIDATORS.into_iter().take(validators).map(validator);
	genesis(short_timing(), DEVELOPMENT_BOND, validators, developers(), Some(sudo), development_claims())
}

fn testnet() -> serde_json::Value {
	let balances = VALIDATORS.iter().map(|(key, _)| (key.to_account_id(), VALIDATOR_BALANCE)).collect();
	genesis(timing::GenesisConfig::default(), TESTNET_BOND, VALIDATORS.into_iter().map(validator), balances, None, None)
}

/// The JSON patch of the preset, for the genesis builder.
pub fn get_preset(id: &PresetId) -> Option<Vec<u8>> {
	let patch = match id.as_ref() {
		DEVELOPMENT => development_chain(1),
		LOCAL_TESTNET => development_chain(VALIDATORS.len()),
		TESTNET => testnet(),
		_ => return None,
	};
	serde_json::to_vec(&patch).ok()
}

pub fn preset_names() -> Vec<PresetId> {
	vec![DEVELOPMENT.into(), LOCAL_TESTNET.into(), TESTNET.into()]
}
