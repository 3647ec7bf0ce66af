//! What became of a work, asked at whoever does it: a client need not wait until the chain is told.
//!
//! A protocol of its own beside the one for artifacts, on the same connections' keys: a question of 128 bytes, an answer of
//! at most [`MOST_ANSWER`]. Only the client of a work is answered, and proves that it is by a signature that names both
//! ends and the chain: whoever overhears or is asked cannot ask the same elsewhere. What is told can be checked: the salt
//! opens the commitment that the chain has.

use super::{serve::Server, Endpoint, Error, Inner, Key, Result, Store};
use crate::artifacts::{Artifact, Name};
use codec::{Decode, DecodeAll, Encode};
use iroh::endpoint::Connection;
use ogpu_protocol::commitment::{Outcome, Place};
use std::{
	fmt,
	sync::{atomic::Ordering, Arc, Weak},
};
use subxt_signer::sr25519::{self, Keypair, PublicKey, Signature};

/// The name of the protocol, and its version.
pub(super) const ALPN: &[u8] = b"ogpu/result/1";
/// What clients sign begins so.
const DOMAIN: &[u8; 16] = b"ogpu/result-ask1";
const QUESTION_BYTES: usize = 128;
/// An answer is no longer.
pub const MOST_ANSWER: usize = 64 << 10;
/// Results in an answer: a job has no more parts.
pub const MOST_RESULTS: usize = 256;
/// Losses in an answer, however many steps there were.
pub const MOST_LOSSES: usize = 512;
/// A result that was committed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Committed {
	/// Under which name the chain validates it: of a request its own, of a job that of the part.
	pub task: [u8; 32],
	pub leaves: u32,
	pub root: [u8; 32],
	/// The hash of the output, and how long it is.
	pub output: [u8; 32],
	pub bytes: u64,
	/// With which it was committed to.
	pub salt: [u8; 32],
}

impl Committed {
	/// Under which name the output is served.
	pub fn artifact(&self) -> Artifact {
		Artifact { hash: Name(self.output), bytes: self.bytes }
	}

	pub fn outcome(&self) -> Outcome {
		Outcome { root: self.root, output: self.output }
	}

	/// Whether this is what that operator committed to. The commitment is what the chain says, not the one who is asked.
	pub fn opens(&self, provider: &[u8; 32], commitment: &[u8; 32]) -> bool {
		let place = Place { task: self.task, round: 0, account: *provider };
		place.commit(crate::job::blake2, &self.outcome(), &self.salt) == *commitment
	}
}

/// How far a work is. Only the provider says so: nothing of it is proven.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct Progress {
	/// Leaves that are done, of a job those before its part included.
	pub done: u32,
	/// All there are, or the most that the client allows.
	pub leaves: u32,
	/// The losses so far, of what this provider did: means of equal numbers of steps, where there are too many.
	pub losses: Vec<f32>,
}

/// What a client is told.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct Answer {
	/// What the chain has commitments of: the result of a request, or the parts of a job in order.
	pub committed: Vec<Committed>,
	/// `None` if nothing was begun.
	pub progress: Option<Progress>,
}

/// Why somebody is told nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Denial {
	/// The signature is not this account's, or of another question, other ends or another chain.
	Unsigned,
	/// It works on nothing of this name.
	Unknown,
	/// Another account is the client.
	NotYours,
	/// Its disk failed.
	Trouble,
}

impl fmt::Display for Denial {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.write_str(match self {
			Self::Unsigned => {
				"the signature is not that of the account over this question: sign for this chain's genesis, \
				with the transport key of the store that asks"
			}
			Self::Unknown => "it does not work on this: ask the device that leads, or read from the chain how it ended",
			Self::NotYours => "only the client is told, and the question is signed by another account",
			Self::Trouble => "its disk failed; ask again later",
		})
	}
}

/// Who knows what became of works.
pub trait Desk: Send + Sync + 'static {
	/// Called where waiting for the disk harms nobody. That the account asks is proven.
	fn answer(&self, task: &[u8; 32], account: &[u8; 32]) -> std::result::Result<Answer, Denial>;
}

/// The desk of a store, and for which chain it answers.
#[derive(Clone)]
pub(super) struct Reception {
	genesis: [u8; 32],
	desk: Arc<dyn Desk>,
}

#[derive(Encode, Decode)]
struct Question {
	task: [u8; 32],
	account: [u8; 32],
	signature: [u8; 64],
}

/// What is signed: nothing of it is left to whoever carries it.
fn signed(genesis: &[u8; 32], task: &[u8; 32], asked: &Key, asking: &Key) -> Vec<u8> {
	[DOMAIN.as_slice(), genesis, task, asked.bytes(), asking.bytes()].concat()
}

/// Whether it is the account's signature: over the message, or over the message as wallets of browsers wrap it, so that
/// nobody signs a transaction by mistake.
fn is_signed(message: &[u8], signature: &Signature, account: &PublicKey) -> bool {
	let wrapped = [b"<Bytes>".as_slice(), message, b"</Bytes>"].concat();
	sr25519::verify(signature, message, account) || sr25519::verify(signature, wrapped, account)
}

impl Store {
	/// From now on clients are answered, on this chain.
	pub fn open_desk(&self, genesis: [u8; 32], desk: Arc<dyn Desk>) {
		*self.0.reception.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(Reception { genesis, desk });
	}

	/// Asks a provider what became of a request or job of this account. An answer without results is no refusal: there is
	/// no commitment on the chain yet that others cannot copy any more.
	pub async fn ask(&self, endpoint: &Endpoint, task: &[u8; 32], key: &Keypair, genesis: &[u8; 32]) -> Result<Answer> {
		let signature = key.sign(&signed(genesis, task, &endpoint.key(), &self.key())).0;
		self.ask_signed(endpoint, task, &key.public_key().0, &signature).await
	}

	/// The same with a signature that was made elsewhere, by a wallet that keeps its key to itself. It names this store's
	/// transport key as the one that asks.
	pub async fn ask_signed(
		&self,
		endpoint: &Endpoint,
		task: &[u8; 32],
		account: &[u8; 32],
		signature: &[u8; 64],
	) -> Result<Answer> {
		let unanswered = |reason: String| Error::Unanswered { by: endpoint.clone(), reason };
		let question = Question { task: *task, account: *account, signature: *signature }.encode();
		let bytes = self.0.question(endpoint, ALPN, &question, MOST_ANSWER).await?;
		let answer = std::result::Result::<Answer, Denial>::decode_all(&mut bytes.as_slice())
			.map_err(|_| unanswered("answers in another form".into()))?
			.map_err(|denial| Error::Denied { by: endpoint.clone(), denial })?;
		let losses = answer.progress.as_ref().map_or(0, |progress| progress.losses.len());
		if answer.committed.len() > MOST_RESULTS || losses > MOST_LOSSES {
			return Err(unanswered("says more than there can be".into()));
		}
		Ok(answer)
	}
}

impl Inner {
	/// What this peer is told.
	fn reply(&self, question: &Question, asking: &Key) -> std::result::Result<Answer, Denial> {
		let reception = self.reception.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone();
		let Reception { genesis, desk } = reception.ok_or(Denial::Unknown)?;
		let message = signed(&genesis, &question.task, &self.secret.key(), asking);
		let (signature, account) = (Signature(question.signature), PublicKey(question.account));
		if !is_signed(&message, &signature, &account) {
			return Err(Denial::Unsigned);
		}
		desk.answer(&question.task, &question.account)
	}
}

impl Server {
	/// Answers the questions of a peer, as long as it has any.
	pub(super) async fn inform(self: Arc<Self>, connection: Connection, key: Key, store: Weak<Inner>) {
		let reply = |question: Vec<u8>| {
			let (server, inner) = (self.clone(), store.upgrade());
			async move {
				let question = Question::decode_all(&mut question.as_slice()).ok()?;
				let inner = inner?;
				let reply = tokio::task::spawn_blocking(move || inner.reply(&question, &key)).await;
				let reply = reply.unwrap_or(Err(Denial::Trouble));
				if let Err(denial) = &reply {
					tracing::debug!(%key, ?denial, "a question was refused");
					server.counters.refused.fetch_add(1, Ordering::Relaxed);
				}
				Some(reply.encode())
			}
		};
		self.converse(&connection, key, QUESTION_BYTES, reply).await;
	}
}
