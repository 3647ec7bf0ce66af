//! The chain, for the worker and for any other client of the network.
//!
//! Nothing here is compiled against a runtime. What is read and sent is matched, by its names, with what the node says
//! about its runtime when it is used: an upgrade that keeps the names changes nothing here, and one that does not is told
//! by [`needs`], before anything is lost.

pub mod calls;
pub mod error;
pub mod needs;
pub mod sender;
pub mod state;
pub mod types;

pub use calls::Call;
pub use error::{Error, Refusal, Result};
pub use sender::Sender;
pub use types::{AccountId, Hash};

use futures::{stream, Stream, StreamExt};
use std::{sync::Arc, time::Duration};
use subxt::{
	backend::LegacyBackend,
	client::OnlineClientAtBlock,
	config::substrate::SubstrateConfig,
	ext::{
		frame_decode::storage::{IntoDecodableValues, IntoEncodableValues},
		scale_decode::{DecodeAsFields, DecodeAsType},
		scale_value::{scale::encode_as_type, Composite, Value},
	},
	rpcs::{rpc_params, RpcClient},
	storage::PrefixOf,
	OnlineClient,
};

/// The address format of the network.
pub const SS58_PREFIX: u16 = 1071;

/// A node that does not answer for so long is as good as gone.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection to a node. When it fails, connect again.
#[derive(Clone, Debug)]
pub struct Chain {
	client: OnlineClient<SubstrateConfig>,
	rpc: RpcClient,
	url: Arc<str>,
}

/// A place in the chain's state.
pub struct Entry<K, V> {
	pub pallet: &'static str,
	pub name: &'static str,
	kind: std::marker::PhantomData<fn(K) -> V>,
}

impl<K, V> Entry<K, V> {
	pub const fn new(pallet: &'static str, name: &'static str) -> Self {
		Self { pallet, name, kind: std::marker::PhantomData }
	}
}

/// What keys of the state are made of.
pub trait Key: IntoEncodableValues + IntoDecodableValues + Send + Sync + 'static {}
impl<K: IntoEncodableValues + IntoDecodableValues + Send + Sync + 'static> Key for K {}

/// A block that is new, at the head or final.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Head {
	Best { hash: Hash, number: u32 },
	Final { hash: Hash, number: u32 },
}

/// A block that was final.
pub type Settled = (u32, Hash);

impl Chain {
	/// Connects to the first of these nodes that answers and is of the right chain.
	pub async fn connect(urls: &[String], genesis: Option<Hash>) -> Result<Self> {
		Self::connect_after(urls, genesis, None).await
	}

	/// The same, passing over nodes that do not have a block that was final: they are far behind, on a branch that leads
	/// nowhere, or lie.
	pub async fn connect_after(urls: &[String], genesis: Option<Hash>, last_final: Option<Settled>) -> Result<Self> {
		let mut reasons = Vec::new();
		for url in urls {
			match tokio::time::timeout(PATIENCE, Self::connect_to(url, genesis, last_final)).await {
				Ok(Ok(chain)) => return Ok(chain),
				Ok(Err(error @ Error::OtherChain { .. })) => return Err(error),
				Ok(Err(Error::Unreachable(reason))) => reasons.push(reason),
				Ok(Err(error)) => reasons.push(error.to_string()),
				Err(_) => reasons.push(format!("{url} did not answer within {PATIENCE:?}")),
			}
		}
		Err(Error::Unreachable(reasons.join("; ")))
	}

	async fn connect_to(url: &str, genesis: Option<Hash>, last_final: Option<Settled>) -> Result<Self> {
		let unreachable = |error: &dyn std::fmt::Display| Error::Unreachable(format!("{url}: {error}"));
		let rpc = RpcClient::from_insecure_url(url).await.map_err(|error| unreachable(&error))?;
		let backend = LegacyBackend::<SubstrateConfig>::builder().build(rpc.clone());
		let client = OnlineClient::from_backend_with_config(SubstrateConfig::new(), Arc::new(backend)).await;
		let client = client.map_err(|error| unreachable(&error))?;
		let found = client.genesis_hash().0;
		if let Some(expected) = genesis.filter(|expected| *expected != found) {
			return Err(Error::OtherChain { url: url.into(), expected: hex(&expected), found: hex(&found) });
		}
		let chain = Self { client, rpc, url: url.into() };
		if let Some((number, hash)) = last_final {
			if chain.block(number).await? != Some(hash) {
				let lacks = format!("it does not have block {number} that was final: it is behind, or lies");
				return Err(unreachable(&lacks));
			}
		}
		Ok(chain)
	}

	pub fn url(&self) -> &str {
		&self.url
	}

	pub fn genesis(&self) -> Hash {
		self.client.genesis_hash().0
	}

	/// The state after a block.
	pub async fn at(&self, block: Hash) -> Result<At> {
		let inner = patient(self.client.at_block(subxt::config::substrate::H256(block))).await?;
		Ok(At { inner })
	}

	/// The state at the head, which may still change.
	pub async fn best(&self) -> Result<At> {
		let best: subxt::config::substrate::H256 =
			patient(self.rpc.request("chain_getBlockHash", rpc_params![])).await?;
		self.at(best.0).await
	}

	/// The state that stays.
	pub async fn last_final(&self) -> Result<At> {
		Ok(At { inner: patient(self.client.at_current_block()).await? })
	}

	/// The block of this height, as the node sees it now.
	pub async fn block(&self, number: u32) -> Result<Option<Hash>> {
		let found: Option<subxt::config::substrate::H256> =
			patient(self.rpc.request("chain_getBlockHash", rpc_params![number])).await?;
		Ok(found.map(|hash| hash.0))
	}

	/// The block before.
	pub async fn parent(&self, block: Hash) -> Result<Option<Hash>> {
		let at = self.at(block).await?;
		let header = patient(at.inner.block_header()).await?;
		Ok((header.number > 0).then_some(header.parent_hash.0))
	}

	/// New heads and new final blocks, as they come. The stream ends with the connection.
	pub async fn heads(&self) -> Result<impl Stream<Item = Result<Head>> + Unpin + Send> {
		let best = patient(self.client.stream_best_blocks()).await?.map(|block| {
			let block = block.map_err(Error::from_rpc)?;
			Ok(Head::Best { hash: block.hash().0, number: block.number() as u32 })
		});
		let last = patient(self.client.stream_blocks()).await?.map(|block| {
			let block = block.map_err(Error::from_rpc)?;
			Ok(Head::Final { hash: block.hash().0, number: block.number() as u32 })
		});
		Ok(stream::select(best.boxed(), last.boxed()))
	}

	/// The nonce of the next transaction of an account, those that wait in the node's pool counted.
	pub async fn next_nonce(&self, account: &AccountId) -> Result<u64> {
		let address = subxt::utils::AccountId32(*account).to_string();
		patient(self.rpc.request("system_accountNextIndex", rpc_params![address])).await
	}

	/// What a method of the node answers.
	pub async fn request<T: serde::de::DeserializeOwned>(
		&self,
		method: &str,
		parameters: &[serde_json::Value],
	) -> Result<T> {
		let unreadable = |error: &dyn std::fmt::Display| Error::Unexpected(format!("{method}: {error}"));
		let mut params = subxt::rpcs::client::RpcParams::new();
		for parameter in parameters {
			params.push(parameter).map_err(|error| unreadable(&error))?;
		}
		let answered = tokio::time::timeout(PATIENCE, self.rpc.request(method, params)).await;
		match answered {
			Ok(Ok(answer)) => Ok(answer),
			Ok(Err(subxt::rpcs::Error::User(refused))) => {
				Err(Error::Refused { call: method.into(), refusal: Refusal::of(&refused) })
			}
			Ok(Err(subxt::rpcs::Error::Deserialization(error))) => Err(unreadable(&error)),
			Ok(Err(error)) => Err(Error::Unreachable(format!("{}: {error}", self.url))),
			Err(_) => Err(Error::Unreachable(format!("{} did not answer within {PATIENCE:?}", self.url))),
		}
	}

	/// What kind of chain its specification says it is: `Development`, `Local` or `Live`.
	pub async fn kind(&self) -> Result<String> {
		let kind: serde_json::Value = self.request("system_chainType", &[]).await?;
		Ok(kind.as_str().unwrap_or("another").to_owned())
	}

	/// Sends a call that needs no signer, and waits until it has succeeded in a block that is final.
	pub async fn send_unsigned(&self, call: &Call) -> Result<Hash> {
		sender::send_unsigned(self, call).await
	}

	/// Whether the node is still catching up.
	pub async fn is_syncing(&self) -> Result<bool> {
		let health: serde_json::Value = patient(self.rpc.request("system_health", rpc_params![])).await?;
		Ok(health.get("isSyncing").and_then(serde_json::Value::as_bool).unwrap_or(false))
	}
}

/// Waits for an answer, but not for ever.
async fn patient<T, E>(work: impl std::future::IntoFuture<Output = std::result::Result<T, E>>) -> Result<T>
where
	E: Into<subxt::Error>,
{
	match tokio::time::timeout(PATIENCE, work.into_future()).await {
		Ok(result) => result.map_err(|error| Error::from_rpc(error)),
		Err(_) => Err(Error::Unreachable(format!("the node did not answer within {PATIENCE:?}"))),
	}
}

/// The state after a block.
#[derive(Clone, Debug)]
pub struct At {
	inner: OnlineClientAtBlock<SubstrateConfig>,
}

/// Something that happened in a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happened {
	pub pallet: String,
	pub name: String,
	/// What it is about: a task, a request or a job.
	pub about: Option<Hash>,
}

/// For what an operator was paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
	/// The result of a request, as its leader or a runner-up.
	Request,
	Job,
	/// An audit, or a jury.
	Check,
}

/// Something that an operator was paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payment {
	pub purpose: Purpose,
	/// The request, the job or the validation.
	pub about: Hash,
	pub amount: types::Balance,
}

/// An event as the metadata describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
	pub pallet: String,
	pub name: String,
	pub fields: Composite<()>,
}

impl At {
	pub fn number(&self) -> u32 {
		self.inner.block_number() as u32
	}

	pub fn hash(&self) -> Hash {
		self.inner.block_ref().hash().0
	}

	pub fn spec_version(&self) -> u32 {
		self.inner.spec_version()
	}

	pub fn metadata(&self) -> &subxt::Metadata {
		self.inner.metadata_ref()
	}

	/// What stands under a key.
	pub async fn get<K: Key, V: DecodeAsType>(&self, entry: &Entry<K, V>, key: K) -> Result<Option<V>> {
		let address = subxt::dynamic::storage::<K, V>(entry.pallet, entry.name);
		let storage = self.inner.storage();
		match patient(storage.try_fetch(address, key)).await? {
			Some(value) => Ok(Some(value.decode().map_err(|error| Error::misfit(entry.pallet, entry.name, error))?)),
			None => Ok(None),
		}
	}

	/// All that stands under a beginning of keys, as long as it is no more than so many.
	pub async fn all<K: Key, V: DecodeAsType, P: PrefixOf<K>>(
		&self,
		entry: &Entry<K, V>,
		prefix: P,
		most: usize,
	) -> Result<Vec<(K, V)>> {
		let address = subxt::dynamic::storage::<K, V>(entry.pallet, entry.name);
		let storage = self.inner.storage();
		let mut entries = patient(storage.iter(address, prefix)).await?;
		let mut found = Vec::new();
		while let Some(next) = entries.next().await {
			if found.len() >= most {
				return Err(Error::TooMuch { pallet: entry.pallet, name: entry.name, most });
			}
			let next = next.map_err(Error::from_rpc)?;
			let misfit = |error: subxt::Error| Error::misfit(entry.pallet, entry.name, error);
			let key = next.key().map_err(|error| misfit(error.into()))?.decode();
			let value = next.value().decode().map_err(|error| misfit(error.into()))?;
			found.push((key.map_err(|error| misfit(error.into()))?, value));
		}
		Ok(found)
	}

	/// A constant of the runtime.
	pub fn constant<V: DecodeAsType>(&self, pallet: &str, name: &str) -> Result<V> {
		let constants = self.inner.constants();
		let entry = constants.entry(subxt::dynamic::constant::<V>(pallet, name));
		entry.map_err(|error| Error::misfit(pallet, name, error))
	}

	/// What a function of the runtime answers.
	pub async fn ask<A: IntoEncodableValues, R: DecodeAsType>(
		&self,
		api: &str,
		method: &str,
		arguments: A,
	) -> Result<R> {
		let payload = subxt::dynamic::runtime_api_call::<A, R>(api, method, arguments);
		let apis = self.inner.runtime_apis();
		patient(apis.call(payload)).await
	}

	/// What happened in the block, as far as it concerns this network's pallets.
	pub async fn happened(&self) -> Result<Vec<Happened>> {
		let client = self.inner.events();
		let events = patient(client.fetch()).await?;
		let mut happened = Vec::new();
		for event in events.iter() {
			let event = event.map_err(Error::from_rpc)?;
			fn about<E: DecodeAsFields>(event: &subxt::events::Event<'_, SubstrateConfig>) -> Option<E> {
				event.decode_fields_unchecked_as().ok()
			}
			let about = match event.pallet_name() {
				"ResultValidation" => about::<types::AboutTask>(&event).map(|about| about.task),
				"ContinuousPool" => about::<types::AboutRequest>(&event).map(|about| about.request),
				"TrainingAuction" => about::<types::AboutJob>(&event).map(|about| about.job),
				"StakingTrustlock" => None,
				_ => continue,
			};
			happened.push(Happened { pallet: event.pallet_name().into(), name: event.event_name().into(), about });
		}
		Ok(happened)
	}

	/// What an operator was paid in the block for its work.
	pub async fn payments(&self, operator: &AccountId) -> Result<Vec<Payment>> {
		let client = self.inner.events();
		let events = patient(client.fetch()).await?;
		let mut payments = Vec::new();
		let mut last_deposit = 0;
		for event in events.iter() {
			let event = event.map_err(Error::from_rpc)?;
			let is = |pallet, name| event.pallet_name() == pallet && event.event_name() == name;
			let misfit = |error: subxt::error::EventsError| {
				Error::Incompatible(format!("the event {}.{}: {error}", event.pallet_name(), event.event_name()))
			};
			let (purpose, to, about, amount) = if is("Balances", "Deposit") {
				let deposit: types::Deposit = event.decode_fields_unchecked_as().map_err(misfit)?;
				if deposit.who == *operator {
					last_deposit = deposit.amount;
				}
				continue;
			} else if is("ContinuousPool", "Paid") {
				let paid: types::RacerPaid = event.decode_fields_unchecked_as().map_err(misfit)?;
				(Purpose::Request, paid.operator, paid.request, paid.amount)
			} else if is("ResultValidation", "Paid") {
				let paid: types::CheckerPaid = event.decode_fields_unchecked_as().map_err(misfit)?;
				(Purpose::Check, paid.operator, paid.task, paid.amount)
			} else if is("TrainingAuction", "PartsPaid") {
				let paid: types::PartsPaid = event.decode_fields_unchecked_as().map_err(misfit)?;
				(Purpose::Job, paid.provider, paid.job, paid.paid)
			} else if is("TrainingAuction", "Settled") {
				// It tells the whole fee. What is paid at the end is the deposit right before it.
				let settled: types::JobSettled = event.decode_fields_unchecked_as().map_err(misfit)?;
				(Purpose::Job, settled.provider, settled.job, std::mem::take(&mut last_deposit))
			} else {
				continue;
			};
			if to == *operator && amount > 0 {
				payments.push(Payment { purpose, about, amount });
			}
		}
		Ok(payments)
	}

	/// Everything that happened in the block, in its order.
	pub async fn told(&self) -> Result<Vec<Told>> {
		let client = self.inner.events();
		let events = patient(client.fetch()).await?;
		let mut told = Vec::new();
		for event in events.iter() {
			let event = event.map_err(Error::from_rpc)?;
			let fields = event.decode_fields_unchecked_as().map_err(Error::from_rpc)?;
			told.push(Told { pallet: event.pallet_name().into(), name: event.event_name().into(), fields });
		}
		Ok(told)
	}

	/// What stands under a key once it is changed: the raw key and the encoded value, without knowing more of the record
	/// than what changes. `None` where nothing stands. Written back by whoever may, which is nobody but on chains for
	/// development.
	pub async fn changed<K: Key + Clone>(
		&self,
		pallet: &str,
		name: &str,
		key: K,
		change: impl FnOnce(&mut Value),
	) -> Result<Option<(Vec<u8>, Vec<u8>)>> {
		let misfit = |error: &dyn std::fmt::Display| Error::misfit(pallet, name, error);
		let metadata = self.inner.metadata_ref();
		let entry = metadata.pallet_by_name(pallet).and_then(|found| found.storage()?.entry_by_name(name));
		let shape = entry.ok_or_else(|| misfit(&"the state has no such place"))?.value_ty();
		let storage = self.inner.storage();
		let address = subxt::dynamic::storage::<K, Value>(pallet, name);
		let entry = storage.entry(address).map_err(|error| misfit(&error))?;
		let Some(found) = patient(entry.try_fetch(key.clone())).await? else { return Ok(None) };
		let mut value = found.decode().map_err(|error| misfit(&error))?;
		change(&mut value);
		let mut bytes = Vec::new();
		encode_as_type(&value, shape, metadata.types(), &mut bytes).map_err(|error| misfit(&error))?;
		Ok(Some((entry.fetch_key(key).map_err(|error| misfit(&error))?, bytes)))
	}

	/// The arguments of a kind of call, wherever somebody sent it in this block, as its own transaction.
	pub async fn sent<A: DecodeAsFields>(&self, pallet: &str, call: &str) -> Result<Vec<A>> {
		let client = self.inner.extrinsics();
		let extrinsics = patient(client.fetch()).await?;
		let mut found = Vec::new();
		for extrinsic in extrinsics.iter() {
			let extrinsic = extrinsic.map_err(|error| Error::Unexpected(error.to_string()))?;
			if extrinsic.pallet_name() == pallet && extrinsic.call_name() == call {
				if let Ok(arguments) = extrinsic.decode_call_data_fields_unchecked_as() {
					found.push(arguments);
				}
			}
		}
		Ok(found)
	}
}

/// An account as people write it.
pub fn address(account: &AccountId) -> String {
	let prefix = SS58_PREFIX;
	// Two bytes, as formats above 63 are written.
	let first = ((prefix & 0b1111_1100) >> 2) as u8 | 0b0100_0000;
	let second = (prefix >> 8) as u8 | ((prefix & 0b11) << 6) as u8;
	let mut bytes = vec![first, second];
	bytes.extend_from_slice(account);
	let checksum = blake2b_simd::Params::new().hash_length(64).to_state().update(b"SS58PRE").update(&bytes).finalize();
	bytes.extend(checksum.as_bytes().iter().take(2));
	base58(&bytes)
}

/// An account as people write it, in any format of addresses, or as 64 hexadecimal digits.
pub fn parse_account(text: &str) -> Result<AccountId> {
	let wrong =
		|| Error::Unexpected(format!("`{text}` is no account: give an address or 0x and 64 hexadecimal digits"));
	if let Some(digits) = text.strip_prefix("0x") {
		return parse_hash(digits).ok_or_else(wrong);
	}
	// The checksum is looked at by the parser, which knows formats of one byte and of two.
	text.parse::<subxt::utils::AccountId32>().map(|account| account.0).map_err(|_| wrong())
}

/// 64 hexadecimal digits, with or without `0x` before them.
pub fn parse_hash(text: &str) -> Option<Hash> {
	let digits = text.strip_prefix("0x").unwrap_or(text);
	blake3::Hash::from_hex(digits).ok().map(|hash| *hash.as_bytes())
}

/// Bytes as people write them.
pub fn hex(bytes: &[u8]) -> String {
	use std::fmt::Write;
	bytes.iter().fold(String::from("0x"), |mut text, byte| {
		let _ = write!(text, "{byte:02x}");
		text
	})
}

fn base58(bytes: &[u8]) -> String {
	const DIGITS: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
	let mut digits: Vec<u8> = Vec::new();
	for byte in bytes {
		let mut carry = u32::from(*byte);
		for digit in &mut digits {
			carry = carry.saturating_add(u32::from(*digit) << 8);
			*digit = carry.checked_rem(58).unwrap_or_default() as u8;
			carry = carry.checked_div(58).unwrap_or_default();
		}
		while carry > 0 {
			digits.push(carry.checked_rem(58).unwrap_or_default() as u8);
			carry = carry.checked_div(58).unwrap_or_default();
		}
	}
	let zeros = bytes.iter().take_while(|byte| **byte == 0).map(|_| 0);
	let all: Vec<u8> = zeros.chain(digits.into_iter().rev()).collect();
	all.iter().filter_map(|digit| DIGITS.get(usize::from(*digit)).map(|digit| char::from(*digit))).collect()
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn an_address_is_what_people_know() {
		let alice: AccountId = parse_account("5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY").unwrap();
		assert_eq!(hex(&alice), "0xd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d");
		let written = address(&alice);
		assert_eq!(parse_account(&written).unwrap(), alice);
		assert_eq!(parse_account(&hex(&alice)).unwrap(), alice);
		assert!(parse_account(&written[1..]).is_err());
		assert!(parse_account("0x12").is_err());
	}
}
