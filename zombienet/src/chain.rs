//! What the chain says, read through one node by the names that its runtime gives.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{anyhow, bail, Context, Result};
use serde_json::{json, Value as Json};
use tokio::time::timeout;
use zombienet_sdk::{
	subxt::{
		dynamic,
		ext::{
			scale_value::{At as _, Composite, Primitive, Value, ValueDef},
			subxt_rpcs::{
				client::{RpcParams, RpcSubscription},
				RpcClient,
			},
		},
		tx::DynamicPayload,
		utils::{AccountId32, H256},
		OnlineClient, PolkadotConfig,
	},
	subxt_signer::sr25519::Keypair,
};

/// A node answers within this, or is as good as gone.
const ANSWERS: Duration = Duration::from_secs(60);

/// Where no block comes for so long, the connection may be dead.
const SILENCE: Duration = Duration::from_secs(120);

pub type Account = [u8; 32];
pub type Field = Value<u32>;

/// A connection to a node. Where the runtime was upgraded, connect anew.
#[derive(Clone)]
pub struct Chain {
	api: OnlineClient<PolkadotConfig>,
	rpc: RpcClient,
}

/// New blocks, as a node tells of them.
pub struct Heads(RpcSubscription<Json>);

impl Heads {
	/// Waits for the next. Whoever hears nothing for long had better connect again.
	pub async fn next(&mut self) -> Result<()> {
		let next = timeout(SILENCE, self.0.next()).await;
		next.with_context(|| format!("no block for {SILENCE:?}"))?.context("the node has closed the connection")??;
		Ok(())
	}
}

/// Something that happened in a block.
#[derive(Clone, Debug)]
pub struct Event {
	pub block: u32,
	/// The pallet and the event, as `ContinuousPool.Led`.
	pub name: String,
	pub fields: Field,
}

/// What an account has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balance {
	pub free: u128,
	pub reserved: u128,
}

impl Balance {
	pub fn all(&self) -> u128 {
		self.free.saturating_add(self.reserved)
	}
}

impl Chain {
	pub async fn connect(url: &str) -> Result<Self> {
		let connected = async {
			let rpc = RpcClient::from_insecure_url(url).await?;
			anyhow::Ok(Self { api: OnlineClient::from_rpc_client(rpc.clone()).await?, rpc })
		};
		timeout(ANSWERS, connected).await.with_context(|| format!("{url} did not answer"))?.context(url.to_owned())
	}

	/// What a method of the node answers.
	pub async fn request(&self, method: &str, parameters: &[Json]) -> Result<Json> {
		let mut params = RpcParams::new();
		for parameter in parameters {
			params.push(parameter)?;
		}
		let answer = timeout(ANSWERS, self.rpc.request(method, params)).await;
		answer.with_context(|| format!("{method}: no answer"))?.with_context(|| method.to_owned())
	}

	/// The best block, or the last that is final, and its height.
	pub async fn head(&self, is_final: bool) -> Result<(H256, u32)> {
		let method = if is_final { "chain_getFinalizedHead" } else { "chain_getBlockHash" };
		let hash: H256 = serde_json::from_value(self.request(method, &[]).await?)?;
		Ok((hash, self.height(hash).await?))
	}

	async fn height(&self, hash: H256) -> Result<u32> {
		let header = self.request("chain_getHeader", &[json!(hash)]).await?;
		let number = header.get("number").and_then(Json::as_str).context("a header without a number")?;
		Ok(u32::from_str_radix(number.trim_start_matches("0x"), 16)?)
	}

	pub async fn hash(&self, height: u32) -> Result<H256> {
		let hash = self.request("chain_getBlockHash", &[json!(height)]).await?;
		serde_json::from_value(hash).with_context(|| format!("there is no block {height}"))
	}

	/// Tells when there are new heads, or new final blocks.
	pub async fn heads(&self, is_final: bool) -> Result<Heads> {
		let [subscribe, end] = match is_final {
			true => ["chain_subscribeFinalizedHeads", "chain_unsubscribeFinalizedHeads"],
			false => ["chain_subscribeNewHeads", "chain_unsubscribeNewHeads"],
		};
		let subscribed = timeout(ANSWERS, self.rpc.subscribe(subscribe, RpcParams::new(), end)).await;
		Ok(Heads(subscribed.with_context(|| format!("{subscribe}: no answer"))??))
	}

	/// What stands in a place of the state after a block.
	pub async fn get(&self, at: H256, pallet: &str, entry: &str, keys: Vec<Value>) -> Result<Option<Field>> {
		let address = dynamic::storage(pallet, entry, keys);
		let found = timeout(ANSWERS, self.api.storage().at(at).fetch(&address)).await;
		let found = found.with_context(|| format!("{pallet}.{entry}: no answer"))??;
		Ok(found.map(|found| found.to_value()).transpose()?)
	}

	/// All that stands in a place, by the ends of the raw keys, which hold what was hashed last.
	pub async fn all(&self, at: H256, pallet: &str, entry: &str) -> Result<Vec<(Account, Field)>> {
		let all = async {
			let mut entries = self.api.storage().at(at).iter(dynamic::storage(pallet, entry, vec![])).await?;
			let mut found = Vec::new();
			while let Some(entry) = entries.next().await {
				let entry = entry?;
				let start = entry.key_bytes.len().checked_sub(32).context("a short key")?;
				let key = entry.key_bytes.get(start..).unwrap_or_default();
				found.push((key.try_into()?, entry.value.to_value()?));
			}
			anyhow::Ok(found)
		};
		timeout(ANSWERS, all).await.with_context(|| format!("{pallet}.{entry}: no answer"))?
	}

	/// What happened in a block.
	pub async fn events(&self, at: H256, block: u32) -> Result<Vec<Event>> {
		let events = timeout(ANSWERS, self.api.events().at(at)).await.context("events: no answer")??;
		let mut told = Vec::new();
		for event in events.iter() {
			let event = event?;
			let name = format!("{}.{}", event.pallet_name(), event.variant_name());
			let fields = Value { value: ValueDef::Composite(event.field_values()?), context: 0 };
			told.push(Event { block, name, fields });
		}
		Ok(told)
	}

	/// The network's clock.
	pub async fn now(&self, at: H256) -> Result<u32> {
		let now = self.get(at, "Clock", "Now", vec![]).await?.and_then(|now| number(&now));
		Ok(u32::try_from(now.unwrap_or_default())?)
	}

	/// What everybody has.
	pub async fn balances(&self, at: H256) -> Result<BTreeMap<Account, Balance>> {
		let accounts = self.all(at, "System", "Account").await?;
		let balance = |account: &Field| {
			let field = |name: &str| account.at("data")?.at(name).and_then(number);
			Some(Balance { free: field("free")?, reserved: field("reserved")? })
		};
		let balances = accounts.iter().map(|(who, account)| Some((*who, balance(account)?)));
		balances.collect::<Option<_>>().context("accounts have another form")
	}

	pub async fn balance(&self, at: H256, who: &Account) -> Result<Balance> {
		Ok(self.balances(at).await?.get(who).copied().unwrap_or_default())
	}

	/// What an account has locked.
	pub async fn locked(&self, at: H256, who: &Account) -> Result<u128> {
		let lock = self.get(at, "StakingTrustlock", "Locks", vec![Value::from_bytes(who)]).await?;
		Ok(lock.as_ref().and_then(|lock| lock.at("locked")).and_then(number).unwrap_or_default())
	}

	/// Sends a call that must succeed, and waits until it is final.
	pub async fn send(&self, signer: &Keypair, call: &DynamicPayload) -> Result<()> {
		let sent = self.api.tx().sign_and_submit_then_watch_default(call, signer).await?;
		let done = timeout(crate::PATIENCE, sent.wait_for_finalized_success()).await;
		done.map_err(|_| anyhow!("a transaction of {} was not final in time", signer.public_key().to_account_id()))??;
		Ok(())
	}

	/// Something that nobody could do but on a chain for development.
	pub async fn as_root(&self, call: DynamicPayload) -> Result<()> {
		let sudo = dynamic::tx("Sudo", "sudo", vec![("call", call.into_value())]);
		self.send(&zombienet_sdk::subxt_signer::sr25519::dev::alice(), &sudo).await
	}

	/// The version number of the runtime.
	pub async fn version(&self) -> Result<u64> {
		let version = self.request("state_getRuntimeVersion", &[]).await?;
		version.get("specVersion").and_then(Json::as_u64).context("a runtime without a version")
	}

	/// Puts another runtime in the place of this one, as governance may.
	pub async fn upgrade(&self, wasm: &[u8]) -> Result<()> {
		self.as_root(dynamic::tx("System", "set_code", vec![("code", Value::from_bytes(wasm))])).await
	}

	/// Writes into the chain's state how fast devices are, which benchmarks would find within half an hour.
	pub async fn measure(&self, devices: &[(u32, u128)]) -> Result<()> {
		let (at, _) = self.head(false).await?;
		let now = self.now(at).await?;
		let mut items = Vec::new();
		for (device, speed) in devices {
			let address = dynamic::storage("StakingTrustlock", "Devices", vec![Value::u128((*device).into())]);
			let key = self.api.storage().address_bytes(&address)?;
			let found = self.api.storage().at(at).fetch(&address).await?;
			let mut record =
				found.with_context(|| format!("there is no device {device}"))?.to_value()?.remove_context();
			let measured =
				Value::named_composite([("work_per_block", Value::u128(*speed)), ("at", Value::u128(now.into()))]);
			set(&mut record, "measured", Value::unnamed_variant("Some", [measured]))?;
			let metadata = self.api.metadata();
			let entry = metadata.pallet_by_name("StakingTrustlock").and_then(|pallet| pallet.storage());
			let entry =
				entry.and_then(|storage| storage.entry_by_name("Devices")).context("no Devices in the state")?;
			let mut bytes = Vec::new();
			zombienet_sdk::subxt::ext::scale_value::scale::encode_as_type(
				&record,
				entry.entry_type().value_ty(),
				metadata.types(),
				&mut bytes,
			)?;
			items.push(Value::unnamed_composite([Value::from_bytes(key), Value::from_bytes(bytes)]));
		}
		let call = dynamic::tx("System", "set_storage", vec![("items", Value::unnamed_composite(items))]);
		self.as_root(call).await
	}
}

/// Puts another value in the place of a field.
fn set(record: &mut Value, name: &str, value: Value) -> Result<()> {
	let ValueDef::Composite(Composite::Named(fields)) = &mut record.value else { bail!("it has no fields") };
	let field = fields.iter_mut().find(|(field, _)| field == name).with_context(|| format!("it has no {name}"))?;
	field.1 = value;
	Ok(())
}

/// A number, however it is wrapped.
pub fn number(value: &Field) -> Option<u128> {
	match &value.value {
		ValueDef::Primitive(Primitive::U128(number)) => Some(*number),
		ValueDef::Composite(composite) if composite.len() == 1 => number(composite.values().next()?),
		_ => None,
	}
}

/// The name of a variant.
pub fn variant(value: &Field) -> Option<&str> {
	match &value.value {
		ValueDef::Variant(variant) => Some(&variant.name),
		_ => None,
	}
}

/// A hash or an account, however deep it is wrapped.
pub fn bytes(value: &Field) -> Option<Account> {
	let ValueDef::Composite(composite) = &value.value else { return None };
	if composite.len() == 1 {
		return bytes(composite.values().next()?);
	}
	let found: Option<Vec<u8>> = composite.values().map(|byte| u8::try_from(number(byte)?).ok()).collect();
	found?.try_into().ok()
}

impl Event {
	pub fn field(&self, name: &str) -> Option<&Field> {
		self.fields.at(name)
	}

	pub fn number(&self, name: &str) -> Option<u128> {
		self.field(name).and_then(number)
	}

	/// A hash or an account.
	pub fn bytes(&self, name: &str) -> Option<Account> {
		self.field(name).and_then(bytes)
	}

	pub fn variant(&self, name: &str) -> Option<&str> {
		self.field(name).and_then(variant)
	}
}

/// An account as people write it here: its public key.
pub fn account(key: &Keypair) -> Account {
	AccountId32(key.public_key().0).0
}

pub fn hex(bytes: &[u8]) -> String {
	bytes.iter().fold(String::from("0x"), |text, byte| format!("{text}{byte:02x}"))
}
