//! A connection to a node that mends itself.

use crate::{Error, Hash, Result};
use futures::{Stream, StreamExt};
use ogpu_worker::chain::{self, needs, Chain, Head};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::{sync::Arc, time::Duration};
use tokio::sync::RwLock;

/// Between two tries to reach a node, at first and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(15));
/// A question is asked again so often before its asker hears of it.
const TRIES: u32 = 4;

/// A node that tells of no block for so long is taken for gone.
const SILENCE: Duration = Duration::from_secs(45);

/// The next block of which a node tells.
pub(crate) async fn next(heads: &mut (impl Stream<Item = chain::Result<Head>> + Unpin)) -> Result<Head> {
	let gone = || Error::Chain(chain::Error::Unreachable("the node stopped telling".into()));
	let head = tokio::time::timeout(SILENCE, heads.next()).await.map_err(|_| gone())?;
	Ok(head.ok_or_else(gone)??)
}

/// A node of one chain. Clones are the same connection.
#[derive(Clone)]
pub struct Node {
	url: Arc<str>,
	genesis: Hash,
	chain: Arc<RwLock<Chain>>,
}

impl Node {
	/// Connects, and looks whether the runtime has all that clients need.
	pub async fn connect(url: &str) -> Result<Self> {
		let chain = Chain::connect(&[url.to_owned()], None).await?;
		let missing = needs::missing_of_clients(&chain.best().await?);
		if !missing.is_empty() {
			return Err(chain::Error::Incompatible(missing.join("; ")).into());
		}
		Ok(Self { url: url.into(), genesis: chain.genesis(), chain: Arc::new(RwLock::new(chain)) })
	}

	pub fn url(&self) -> &str {
		&self.url
	}

	pub fn genesis(&self) -> Hash {
		self.genesis
	}

	/// The connection as it is now.
	pub async fn chain(&self) -> Chain {
		self.chain.read().await.clone()
	}

	/// Connects anew, once, to a node of the same chain.
	pub async fn reconnect(&self) -> Result<()> {
		let fresh = Chain::connect(&[self.url.to_string()], Some(self.genesis)).await?;
		*self.chain.write().await = fresh;
		Ok(())
	}

	/// Connects anew, however long it takes. `told` hears what stands in the way.
	pub async fn mend(&self, mut told: impl FnMut(&Error)) -> Result<()> {
		let (mut pause, most) = PAUSES;
		loop {
			match self.reconnect().await {
				Err(error) if error.is_of_connection() => told(&error),
				end => return end,
			}
			tokio::time::sleep(pause).await;
			pause = pause.saturating_mul(2).min(most);
		}
	}

	/// Does something with the connection. If it is cut, it is mended and the same is done again, a few times.
	pub async fn with<T>(&self, work: impl AsyncFn(Chain) -> Result<T>) -> Result<T> {
		let (mut pause, most) = PAUSES;
		for _ in 1..TRIES {
			match work(self.chain().await).await {
				Err(error) if error.is_of_connection() => {}
				end => return end,
			}
			tokio::time::sleep(pause).await;
			pause = pause.saturating_mul(2).min(most);
			// If it fails, the next try says so.
			let _ = self.reconnect().await;
		}
		work(self.chain().await).await
	}

	/// What a method of the node answers.
	pub async fn ask<T: DeserializeOwned>(&self, method: &str, parameters: &[Value]) -> Result<T> {
		self.with(async |chain| Ok(chain.request(method, parameters).await?)).await
	}
}
