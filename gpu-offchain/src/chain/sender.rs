//! Sending transactions of one key.

use super::{error::Error, state::ACCOUNTS, At, Call, Chain, Hash, Refusal, Result};
use std::{sync::Arc, time::Duration};
use subxt::{
	config::{substrate::SubstrateConfig, DefaultExtrinsicParamsBuilder},
	ext::scale_decode::DecodeAsFields,
	extrinsics::ExtrinsicEvents,
	tx::{TransactionInBlock, TransactionProgress, TransactionStatus},
};
use subxt_signer::sr25519::Keypair;
use tokio::sync::Mutex;

/// After so many blocks a transaction that is in none can never be in one.
const LIFE_BLOCKS: u64 = 32;
/// How often a transaction that is refused for what passes is made anew.
const TRIES: u8 = 3;
/// A node takes a transaction, or not, within this.
const PATIENCE: Duration = Duration::from_secs(30);
/// A transaction that is in no block by then never will be.
const LIFE: Duration = Duration::from_secs(3 * (LIFE_BLOCKS + 8));
/// Where the node has not told of a transaction for so long, it is asked whether it still has it.
const SILENCE: Duration = Duration::from_secs(10);

/// Sends transactions of one key, each with the nonce after the one before it. Where the node drops one, those after it wait
/// for another one with its nonce, which the next to be sent has.
#[derive(Clone)]
pub struct Sender {
	key: Arc<Keypair>,
	/// Held while a nonce is asked for and used.
	next: Arc<Mutex<()>>,
}

/// Where a transaction came to.
pub struct Sent {
	pub block: Hash,
	events: ExtrinsicEvents<SubstrateConfig>,
	call: String,
}

type InBlock = TransactionInBlock<SubstrateConfig, subxt::client::OnlineClientAtBlockImpl<SubstrateConfig>>;

type Progress = TransactionProgress<SubstrateConfig, subxt::client::OnlineClientAtBlockImpl<SubstrateConfig>>;

impl Sender {
	pub fn new(key: Keypair) -> Self {
		Self { key: Arc::new(key), next: Arc::default() }
	}

	pub fn account(&self) -> super::AccountId {
		self.key.public_key().0
	}

	/// Sends a call, and waits until it has succeeded in a block. The block may still turn out to be no part of the
	/// chain: who needs to know looks at the state.
	pub async fn send(&self, chain: &Chain, call: &Call) -> Result<Sent> {
		self.send_and_tell(chain, call, || {}).await
	}

	/// The same, and says when the node has taken it.
	pub async fn send_and_tell(&self, chain: &Chain, call: &Call, taken: impl FnOnce()) -> Result<Sent> {
		let lost = |reason: &str| Error::Lost { call: call.to_string(), reason: reason.into() };
		let (mut progress, nonce) = self.submit(chain, call).await?;
		taken();
		let included = async {
			let mut was_in_block = false;
			loop {
				let Ok(told) = tokio::time::timeout(SILENCE, progress.next()).await else {
					// A node that does not answer now may still tell.
					match self.fate(chain, nonce).await.unwrap_or(Fate::Waits) {
						Fate::Dropped => return Err(lost("the node has dropped it")),
						// It may be about to tell.
						Fate::InBlock if was_in_block => {
							return Err(lost("a block has it, and the node does not tell"))
						}
						fate => was_in_block = fate == Fate::InBlock,
					}
					continue;
				};
				let Some(status) = told else { return Err(lost("the node stopped telling")) };
				match status.map_err(Error::from_rpc)? {
					TransactionStatus::InBestBlock(block) | TransactionStatus::InFinalizedBlock(block) => {
						return Ok(block)
					}
					TransactionStatus::Invalid { message }
					| TransactionStatus::Dropped { message }
					| TransactionStatus::Error { message } => return Err(lost(&message)),
					TransactionStatus::Validated
					| TransactionStatus::Broadcasted
					| TransactionStatus::NoLongerInBestBlock => {}
				}
			}
		};
		let transaction = tokio::time::timeout(LIFE, included).await.map_err(|_| lost("its time is over"))??;
		Sent::check(&transaction, call).await
	}

	/// Sends a call, and waits until it has succeeded in a block that is final.
	pub async fn send_for_good(&self, chain: &Chain, call: &Call) -> Result<()> {
		let (progress, _) = self.submit(chain, call).await?;
		let lost = |reason: String| Error::Lost { call: call.to_string(), reason };
		let transaction = progress.wait_for_finalized().await.map_err(|error| lost(error.to_string()))?;
		Sent::check(&transaction, call).await.map(drop)
	}

	/// Signs a call with this nonce, for the blocks after `at`, and gives it to the node. What becomes of it, its sender
	/// sees in the blocks: for those who send more than they could wait for one by one.
	pub async fn post(&self, chain: &Chain, at: &At, call: &Call, nonce: u64) -> Result<()> {
		let params = DefaultExtrinsicParamsBuilder::<SubstrateConfig>::new().nonce(nonce).mortal(LIFE_BLOCKS).build();
		let mut transactions = at.inner.transactions();
		let signing = transactions.create_signed(&call.payload(), &*self.key, params).await;
		let signed = signing.map_err(|error| Error::from_submission(&call.to_string(), error))?;
		let bytes = super::hex(signed.encoded());
		let _: serde_json::Value =
			chain.request("author_submitExtrinsic", &[bytes.into()]).await.map_err(|error| match error {
				Error::Refused { refusal, .. } => Error::Refused { call: call.to_string(), refusal },
				error => error,
			})?;
		Ok(())
	}

	/// What became of a transaction, by what the node says of its account. A busy one may tell nothing of a transaction that
	/// it has put into a block, or dropped.
	async fn fate(&self, chain: &Chain, nonce: u64) -> Result<Fate> {
		let account = self.account();
		let (next, best) = futures::try_join!(chain.next_nonce(&account), chain.best())?;
		let counted = best.get(&ACCOUNTS, (account,)).await?.map_or(0, |account| u64::from(account.nonce));
		Ok(Fate::of(nonce, counted, next))
	}

	/// Signs a call and gives it to the node. Returns its nonce too.
	async fn submit(&self, chain: &Chain, call: &Call) -> Result<(Progress, u64)> {
		let _turn = self.next.lock().await;
		let mut tries = 0u8;
		loop {
			let nonce = chain.next_nonce(&self.account()).await?;
			let at = birth(chain).await?;
			let params =
				DefaultExtrinsicParamsBuilder::<SubstrateConfig>::new().nonce(nonce).mortal(LIFE_BLOCKS).build();
			let payload = call.payload();
			let submitting = async {
				let mut transactions = at.inner.transactions();
				let transaction = transactions.create_signed(&payload, &*self.key, params).await?;
				transaction.submit_and_watch().await
			};
			let submitted = tokio::time::timeout(PATIENCE, submitting).await;
			let submitted = submitted.map_err(|_| Error::Unreachable("the node did not answer".into()))?;
			let error = match submitted {
				Ok(progress) => return Ok((progress, nonce)),
				Err(error) => Error::from_submission(&call.to_string(), error),
			};
			let pause = match &error {
				Error::Refused { refusal, .. } if tries < TRIES => pause_after(refusal),
				_ => None,
			};
			tokio::time::sleep(pause.ok_or(error)?).await;
			tries = tries.saturating_add(1);
		}
	}
}

/// The block that a transaction is born after: the last final one, since no fork can take that away and the signature
/// holds for it. The head where finality is far behind, or where the runtime has changed since.
async fn birth(chain: &Chain) -> Result<At> {
	let (last, best) = futures::try_join!(chain.last_final(), chain.best())?;
	let age = u64::from(best.number().saturating_sub(last.number()));
	Ok(if age < LIFE_BLOCKS / 2 && last.spec_version() == best.spec_version() { last } else { best })
}

/// What became of a transaction of which the node tells nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
	Waits,
	/// A block has it, or another one with its nonce.
	InBlock,
	Dropped,
}

impl Fate {
	/// Of the transaction with this nonce, where blocks have counted so many of its account, and the node expects `next`
	/// from it.
	fn of(nonce: u64, counted: u64, next: u64) -> Self {
		if counted > nonce {
			Self::InBlock
		} else if next == nonce {
			Self::Dropped
		} else {
			// Where one before it was dropped it waits for another one with that nonce.
			Self::Waits
		}
	}
}

/// How long after a refusal the same may be accepted, with another nonce or born after another block.
fn pause_after(refusal: &Refusal) -> Option<Duration> {
	// Another one was faster, or the node has just seen another head.
	let is_late = matches!(refusal.code, 1013 | 1014) || refusal.text.contains("outdated");
	// A busy node tells of a head before its pool has seen it: its block is too old or unknown there, as on a fork.
	let is_elsewhere = refusal.text.contains("ancient birth block") || refusal.text.contains("bad signature");
	match (is_late, is_elsewhere) {
		(true, _) => Some(Duration::from_millis(200)),
		(_, true) => Some(Duration::from_secs(1)),
		_ => None,
	}
}

/// Sends a call that needs no signer.
pub(super) async fn send_unsigned(chain: &Chain, call: &Call) -> Result<Hash> {
	let at = chain.best().await?;
	let payload = call.payload();
	let submitting = async {
		let transactions = at.inner.transactions();
		transactions.create_unsigned(&payload)?.submit_and_watch().await
	};
	let submitted = tokio::time::timeout(PATIENCE, submitting).await;
	let submitted = submitted.map_err(|_| Error::Unreachable("the node did not answer".into()))?;
	let progress = submitted.map_err(|error| Error::from_submission(&call.to_string(), error))?;
	let lost = |reason: String| Error::Lost { call: call.to_string(), reason };
	let included = tokio::time::timeout(LIFE, progress.wait_for_finalized()).await;
	let included = included.map_err(|_| lost("its time is over".into()))?;
	let transaction = included.map_err(|error| lost(error.to_string()))?;
	Ok(Sent::check(&transaction, call).await?.block)
}

impl Sent {
	/// Whether it did what it should.
	async fn check(transaction: &InBlock, call: &Call) -> Result<Self> {
		use subxt::error::TransactionEventsError;
		let call = call.to_string();
		match tokio::time::timeout(PATIENCE, transaction.wait_for_success()).await {
			Ok(Ok(events)) => Ok(Self { block: transaction.block_hash().0, events, call }),
			Ok(Err(TransactionEventsError::ExtrinsicFailed(error))) => {
				Err(Error::Failed { call, reason: error.to_string() })
			}
			Ok(Err(error)) => Err(Error::Lost { call, reason: error.to_string() }),
			Err(_) => Err(Error::Unreachable("the node did not answer".into())),
		}
	}

	/// The first event of this kind that it had.
	pub fn event<E: DecodeAsFields>(&self, pallet: &str, name: &str) -> Result<E> {
		for event in self.events.iter() {
			let event = event.map_err(Error::from_rpc)?;
			if event.pallet_name() == pallet && event.event_name() == name {
				return event.decode_fields_unchecked_as().map_err(|error| Error::misfit(pallet, name, error));
			}
		}
		Err(Error::Unexpected(format!("{} had no event {pallet}.{name}", self.call)))
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_transaction_of_which_nobody_tells_is_given_up_when_a_block_has_it_or_the_node_dropped_it() {
		// Five are in blocks, and the node has two more: those with the nonces 5 and 6.
		assert_eq!(
			[4, 5, 6, 7].map(|nonce| Fate::of(nonce, 5, 7)),
			[Fate::InBlock, Fate::Waits, Fate::Waits, Fate::Dropped]
		);
		// It has dropped that with the nonce 5. Those after it come into a block when there is another one.
		assert_eq!([5, 6].map(|nonce| Fate::of(nonce, 5, 5)), [Fate::Dropped, Fate::Waits]);
	}
}
