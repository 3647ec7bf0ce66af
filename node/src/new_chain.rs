//! `ogpu-node new-chain`: the spec of a network whose validators are known by their public keys alone.

use crate::chain_spec;
use clap::Parser;
use codec::{Decode, Encode};
use ogpu_protocol::{
	claims::MAX_LEAVES,
	time::DAYS,
	token::{self, format_ogpu, Balance, CIRCULATING, OGPU},
};
use ogpu_runtime::{
	configs::staking::MaxValidators,
	genesis_config_presets::{TESTNET, TESTNET_BOND},
	AccountId, SessionKeys,
};
use polkadot_sdk::*;
use sc_cli::Result;
use sc_service::ChainType;
use serde::Deserialize;
use serde_json::json;
use sp_core::{
	crypto::{ByteArray, Ss58AddressFormatRegistry, Ss58Codec},
	H256,
};
use std::{
	collections::{BTreeMap, BTreeSet},
	fs,
	io::Write,
	path::PathBuf,
};

/// Write the chain spec of a new network.
///
/// FILE is JSON; amounts are in OGPU, session keys as `author_rotateKeys` returns them (babe, grandpa,
/// authority_discovery, 96 bytes in hex):
///
///   {
///     "name": "My Network", "id": "my-network",
///     "validators": [{ "stash": "ADDRESS", "session_keys": "0x…", "bond": "1000" }],
///     "balances": { "ADDRESS": "12.5" },
///     "claims": { "root": "0x…", "leaves": 1, "unclaimed": "1000", "deadline_days": 365 }
///   }
///
/// Each stash must hold its bond and one OGPU more among the balances. `claims` lets the holders of the Ethereum token
/// claim theirs: its first three entries are the `snapshot.json` that `ogpu token snapshot` writes; leave it out if
/// there is nothing to claim. Balances and claims share the 19,639,104.8193 OGPU that circulate on Ethereum. Periods
/// and limits are those of the `testnet` preset; there is no sudo.
#[derive(Debug, Parser)]
#[command(verbatim_doc_comment)]
pub struct NewChainCmd {
	/// The file that names the network, its validators and its first balances.
	pub file: PathBuf,

	/// Where to write the spec; stdout if omitted.
	#[arg(long)]
	pub output: Option<PathBuf>,

	/// Write the raw spec, the one that every node of the network is started with.
	#[arg(long)]
	pub raw: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Network {
	name: String,
	id: String,
	validators: Vec<Validator>,
	balances: BTreeMap<String, String>,
	claims: Option<Claims>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
	root: H256,
	leaves: u32,
	unclaimed: String,
	deadline_days: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Validator {
	stash: String,
	session_keys: String,
	bond: String,
}

impl NewChainCmd {
	pub fn run(&self) -> Result<()> {
		let file = self.file.display();
		let text = fs::read_to_string(&self.file).map_err(|error| format!("cannot read {file}: {error}"))?;
		let network: Network = serde_json::from_str(&text).map_err(|error| format!("{file}: {error}"))?;
		let spec = network.spec().map_err(|reason| format!("{file}: {reason}"))?;
		// The raw form shows that the genesis can be built, whichever form is asked for.
		let raw = spec.as_json(true).map_err(|error| format!("{file}: the genesis cannot be built: {error}"))?;
		let json = if self.raw { raw } else { spec.as_json(false)? };
		match &self.output {
			Some(path) => fs::write(path, json).map_err(|error| format!("cannot write {}: {error}", path.display()))?,
			None => std::io::stdout().write_all(json.as_bytes())?,
		}
		Ok(())
	}
}

impl Network {
	fn spec(&self) -> std::result::Result<chain_spec::ChainSpec, String> {
		if self.validators.is_empty() {
			return Err("a network needs at least one validator".into());
		}
		// The id becomes the name of a directory.
		let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
		if self.id.is_empty() || !self.id.bytes().all(plain) {
			return Err(format!("'{}' is not an id: it takes letters, digits, - and _", self.id));
		}
		let most = MaxValidators::get() as usize;
		if self.validators.len() > most {
			return Err(format!("{} validators are too many, the runtime elects {most}", self.validators.len()));
		}
		let (balances, held) = self.balances()?;
		let mut owners = BTreeMap::new();
		let (mut keys, mut stakers) = (Vec::new(), Vec::new());
		let mut stashes = BTreeSet::new();
		for validator in &self.validators {
			let (stash, session_keys, bond) = validator.parse(&balances)?;
			if !stashes.insert(stash.clone()) {
				return Err(format!("validator {} stands twice", validator.stash));
			}
			for key in [session_keys.babe.to_raw_vec(), session_keys.grandpa.to_raw_vec()] {
				if let Some(other) = owners.insert(key, &validator.stash) {
					return Err(format!("validators {other} and {} share a session key", validator.stash));
				}
			}
			let stash = generic(&stash);
			keys.push(json!([
				stash,
				stash,
				{
					"babe": generic(&session_keys.babe),
					"grandpa": generic(&session_keys.grandpa),
					"authority_discovery": generic(&session_keys.authority_discovery),
				}
			]));
			stakers.push(json!([stash, stash, json_number(bond), "Validator"]));
		}
		let balances: Vec<_> =
			balances.into_iter().map(|(account, amount)| json!([generic(&account), json_number(amount)])).collect();
		let claims = self.claims.as_ref().map(|claims| claims.parse(held)).transpose()?;
		let patch = json!({
			"ogpuToken": { "claims": claims },
			"balances": { "balances": balances },
			"session": { "keys": keys },
			"staking": { "validatorCount": stakers.len(), "stakers": stakers },
		});
		let spec = chain_spec::builder(&self.name, &self.id, ChainType::Live)?
			.with_genesis_config_preset_name(TESTNET)
			.with_genesis_config_patch(patch)
			.build();
		Ok(spec)
	}

	/// The balances, and their sum.
	fn balances(&self) -> std::result::Result<(BTreeMap<AccountId, Balance>, Balance), String> {
		let mut balances = BTreeMap::from([(ogpu_runtime::Treasury::account_id(), OGPU)]);
		let mut total: Balance = OGPU;
		for (address, amount) in &self.balances {
			let balance = ogpu(amount)?;
			total = total.saturating_add(balance);
			if balances.insert(account(address)?, balance).is_some() {
				return Err(format!(
					"the balance of {address} stands twice, or is the treasury's, which the genesis gives 1 OGPU"
				));
			}
		}
		if total > CIRCULATING {
			return Err(format!(
				"the balances exceed the {} OGPU that circulate on Ethereum; what the cap leaves beyond is emitted to \
				 stakers",
				format_ogpu(CIRCULATING)
			));
		}
		Ok((balances, total))
	}
}

impl Claims {
	/// The genesis configuration of the claims, beside balances of this sum.
	fn parse(&self, held: Balance) -> std::result::Result<serde_json::Value, String> {
		if !(1..=MAX_LEAVES).contains(&self.leaves) {
			return Err(format!("claims.leaves is {}, and must be 1 to {MAX_LEAVES}", self.leaves));
		}
		let unclaimed = ogpu(&self.unclaimed)?;
		let left = CIRCULATING.saturating_sub(held);
		if unclaimed > left {
			return Err(format!(
				"claims.unclaimed is {}, but beside the balances {} OGPU are left of those that circulate: leave the \
				 holders out of the snapshot who have balances",
				self.unclaimed,
				format_ogpu(left)
			));
		}
		let deadline = self
			.deadline_days
			.checked_mul(DAYS)
			.filter(|blocks| *blocks > 0)
			.ok_or_else(|| format!("claims.deadline_days must be 1 to {}", u32::MAX / DAYS))?;
		Ok(json!({
			"root": self.root,
			"leaves": self.leaves,
			"unclaimed": json_number(unclaimed),
			"deadline": deadline,
		}))
	}
}

impl Validator {
	fn parse(
		&self,
		balances: &BTreeMap<AccountId, Balance>,
	) -> std::result::Result<(AccountId, SessionKeys, Balance), String> {
		let of = |reason: String| format!("validator {}: {reason}", self.stash);
		let stash = account(&self.stash)?;
		let bond = ogpu(&self.bond).map_err(of)?;
		if bond < TESTNET_BOND {
			return Err(of(format!(
				"its bond of {} OGPU is below the least bond of {}",
				self.bond,
				TESTNET_BOND / OGPU
			)));
		}
		let held = balances.get(&stash).copied().unwrap_or_default();
		if held < bond.saturating_add(OGPU) {
			return Err(of("its balance must be at least its bond and 1 OGPU more".into()));
		}
		let bytes = sp_core::bytes::from_hex(&self.session_keys)
			.map_err(|error| of(format!("its session keys are not hex: {error}")))?;
		let keys = SessionKeys::decode(&mut bytes.as_slice())
			.ok()
			.filter(|keys| keys.encode() == bytes)
			.ok_or_else(|| of(format!("its session keys have {} bytes; they are three keys, 96 bytes", bytes.len())))?;
		Ok((stash, keys, bond))
	}
}

fn account(address: &str) -> std::result::Result<AccountId, String> {
	AccountId::from_ss58check(address).map_err(|error| format!("'{address}' is not an address: {error}"))
}

/// The address in the format that all Substrate chains read, the runtime's genesis builder among them.
fn generic(key: &impl Ss58Codec) -> String {
	key.to_ss58check_with_version(Ss58AddressFormatRegistry::SubstrateAccount.into())
}

fn ogpu(text: &str) -> std::result::Result<Balance, String> {
	token::parse_ogpu(text).ok_or_else(|| format!("'{text}' is not an amount of OGPU, such as 1000 or 0.5"))
}

/// Amounts exceed a `u64`; the JSON library is built to keep all of their digits.
fn json_number(amount: Balance) -> serde_json::Value {
	serde_json::Number::from_u128(amount).map(Into::into).unwrap_or(serde_json::Value::Null)
}
