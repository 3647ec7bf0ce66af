//! Accounts as strangers name them. Reading an address takes time that grows with the square of its length, so one of a
//! megabyte would keep a thread of the node busy for minutes: what is longer than any address is refused unread.

use crate::service::{Block, FullClient};
use jsonrpsee::{
	core::{async_trait, RpcResult},
	proc_macros::rpc,
};
use ogpu_runtime::{AccountId, Hash, Nonce};
use polkadot_sdk::{
	sc_transaction_pool::TransactionPoolHandle,
	substrate_frame_rpc_system::{System, SystemApiServer},
};
use serde::{
	de::{self, IntoDeserializer},
	Deserialize, Deserializer,
};

/// An address has 49 letters here, and a few more or less on other networks.
const MOST_LETTERS: usize = 64;

/// An account that a stranger names by its address.
#[derive(Clone, Debug)]
pub struct Named(pub AccountId);

impl<'de> Deserialize<'de> for Named {
	fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
		named(deserializer).map(Self)
	}
}

/// For fields that are read from JSON.
pub fn named<'de, D: Deserializer<'de>>(deserializer: D) -> Result<AccountId, D::Error> {
	let text = String::deserialize(deserializer)?;
	if text.len() > MOST_LETTERS {
		return Err(de::Error::custom(format!("an address has no more than {MOST_LETTERS} letters")));
	}
	AccountId::deserialize(text.into_deserializer())
}

/// The SDK's method of this name, for addresses of the length that addresses have.
#[rpc(server)]
pub trait NonceApi {
	/// The next nonce of an account, after those of its transactions that wait.
	#[method(name = "system_accountNextIndex", aliases = ["account_nextIndex"])]
	async fn next_nonce(&self, account: Named) -> RpcResult<Nonce>;
}

#[async_trait]
impl NonceApiServer for System<TransactionPoolHandle<Block, FullClient>, FullClient, Block> {
	async fn next_nonce(&self, Named(account): Named) -> RpcResult<Nonce> {
		SystemApiServer::<Hash, AccountId, Nonce>::nonce(self, account).await
	}
}
