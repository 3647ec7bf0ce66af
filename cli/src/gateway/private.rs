//! Private requests of pages: whoever is drawn to check what came of one is let in from here, also when the page is closed.

use super::{answer, question, Gateway, Refusal};
use crate::{
	home::{Journal, PrivateRequest},
	node::{next, Node},
	parse_hash,
	private::let_in,
	tasks::now,
	AccountId, Error, Hash, Name, Result,
};
use axum::{body::Body, extract::State, http::StatusCode, response::Response};
use ogpu_worker::{
	artifacts::MOST_BYTES,
	chain::{state, At},
};
use serde::Deserialize;
use serde_json::json;
use std::{
	collections::{BTreeSet, HashMap},
	sync::{Arc, Mutex, MutexGuard},
	time::Duration,
};
use tokio::{sync::Notify, time::sleep};

const MOST_QUESTION: usize = 4 << 10;
/// Private requests that are open at once.
const MOST_OPEN: usize = 1_000;
/// What was asked just now may not be in the block that the node knows.
const YOUNG: u64 = 10 * 60;
/// Before a node that does not answer is called again.
const PAUSE: Duration = Duration::from_secs(10);

/// Those that are open.
pub(super) struct Private {
	open: Mutex<Vec<PrivateRequest>>,
	news: Notify,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
	request: String,
	inputs: String,
}

impl Private {
	pub(super) fn load(journal: &Journal) -> Result<Self> {
		Ok(Self { open: Mutex::new(journal.private()?), news: Notify::new() })
	}

	fn open(&self) -> MutexGuard<'_, Vec<PrivateRequest>> {
		self.open.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
	}
}

/// Takes a private request, whose inputs were sealed here.
pub(super) async fn tell(State(gateway): State<Arc<Gateway>>, body: Body) -> Result<Response, Refusal> {
	let asked: Asked = question(body, MOST_QUESTION).await?;
	let name = |what: &str, text: &str| {
		let name = parse_hash(text).map(Name);
		name.ok_or_else(|| Refusal::invalid(format!("`{what}` is named by 64 hexadecimal digits")))
	};
	let (request, inputs) = (name("request", &asked.request)?, name("inputs", &asked.inputs)?);
	let found = gateway.store().find(&inputs, MOST_BYTES, &[]).await;
	let found =
		found.map_err(|_| Refusal::new(StatusCode::NOT_FOUND, "these inputs are not here: put them here first"))?;
	if gateway.store().sealed_for(&found).await?.is_none() {
		return Err(Refusal::invalid("these inputs are for everybody: nobody has to be let in"));
	}
	let mut open = gateway.private.open();
	if !open.iter().any(|known| (known.request, known.inputs) == (request, inputs)) {
		if open.len() >= MOST_OPEN {
			let text = format!("{MOST_OPEN} private requests are open: wait until some have ended");
			return Err(Refusal::new(StatusCode::TOO_MANY_REQUESTS, text));
		}
		let all = [open.as_slice(), &[PrivateRequest { request, inputs, since: now() }]].concat();
		gateway.journal.put_private(&all)?;
		*open = all;
		gateway.private.news.notify_one();
	}
	Ok(answer(&json!({ "open": open.len() })))
}

impl Gateway {
	/// Follows the chain of a node while a private request is open, and lets those in who check it. Never ends.
	pub async fn attend(self: Arc<Self>, node: String) {
		loop {
			if self.private.open().is_empty() {
				self.private.news.notified().await;
			}
			// A node that does not answer may do so later.
			let _ = self.follow(&node).await;
			sleep(PAUSE).await;
		}
	}

	/// The same until all have ended, or the node does not answer.
	async fn follow(&self, node: &str) -> Result<()> {
		let node = Node::connect(node).await?;
		if node.genesis() != self.genesis {
			return Err(Error::invalid("the node is one of another chain now"));
		}
		let mut heads = std::pin::pin!(node.chain().await.heads().await?);
		let mut before = HashMap::new();
		while !self.private.open().is_empty() {
			self.look(&node.chain().await.best().await?, &mut before).await?;
			next(&mut heads).await?;
		}
		Ok(())
	}

	async fn look(&self, at: &At, before: &mut HashMap<Name, BTreeSet<AccountId>>) -> Result<()> {
		let all = self.private.open().clone();
		for PrivateRequest { request, inputs, since } in all {
			if !is_open(at, &request.0).await? && since.saturating_add(YOUNG) < now() {
				before.remove(&request);
				let mut open = self.private.open();
				let left: Vec<_> = open.iter().filter(|one| one.request != request).copied().collect();
				self.journal.put_private(&left)?;
				*open = left;
				continue;
			}
			let known = before.entry(request).or_default();
			match let_in(at, self.store(), &request.0, &inputs, known).await {
				Ok(let_in) => *known = let_in,
				Err(error) if error.is_of_connection() => return Err(error),
				// A disk that is full, say: it is tried again after the next block, and the others are not kept waiting.
				Err(_) => {}
			}
		}
		Ok(())
	}
}

/// Whether the chain still has something to say about it.
async fn is_open(at: &At, request: &Hash) -> Result<bool> {
	let is_asked = at.get(&state::REQUESTS, (*request,)).await?.is_some();
	Ok(is_asked || at.get(&state::TASKS, (*request,)).await?.is_some())
}
