//! Short questions, on connections of their own beside those for artifacts: one stream for each question and its answer.

use super::{serve::Server, Endpoint, Error, Inner, Key, Result};
use iroh::endpoint::Connection;
use iroh_blobs::protocol::{ERR_LIMIT, ERR_PERMISSION};
use std::{future::Future, sync::atomic::Ordering};
use tokio::time::timeout;

/// Questions on one connection. Whoever has more calls again.
const MOST_QUESTIONS: usize = 16;

impl Inner {
	/// Asks a peer, and gives its answer of at most so many bytes.
	pub(super) async fn question(
		&self,
		endpoint: &Endpoint,
		protocol: &[u8],
		question: &[u8],
		most: usize,
	) -> Result<Vec<u8>> {
		if endpoint.key() == self.secret.key() {
			return Err(Error::invalid("a store that asks itself"));
		}
		let unanswered = |reason: String| Error::Unanswered { by: endpoint.clone(), reason };
		let connection = self.connect(endpoint, protocol).await.map_err(|fault| fault.or_else(unanswered))?;
		let asking = async {
			let (mut writer, mut reader) = connection.open_bi().await.map_err(|error| error.to_string())?;
			writer.write_all(question).await.map_err(|error| error.to_string())?;
			writer.finish().map_err(|error| error.to_string())?;
			reader.read_to_end(most).await.map_err(|error| error.to_string())
		};
		let answer = timeout(self.patience.silence, asking).await;
		connection.close(0u32.into(), b"");
		match answer {
			Ok(Ok(bytes)) => Ok(bytes),
			Ok(Err(reason)) => Err(unanswered(format!("was cut off: {reason}"))),
			Err(_) => Err(unanswered("does not answer".into())),
		}
	}
}

impl Server {
	/// Answers questions of at most so many bytes, one after the other, as long as the peer has any. What `reply` has no
	/// answer to was no question, and whoever said it is cut off.
	pub(super) async fn converse<Reply: Future<Output = Option<Vec<u8>>>>(
		&self,
		connection: &Connection,
		key: Key,
		bytes: usize,
		reply: impl Fn(Vec<u8>) -> Reply,
	) {
		for _ in 0..MOST_QUESTIONS {
			let Ok(Ok((mut writer, mut reader))) = timeout(self.limits.silence, connection.accept_bi()).await else {
				return connection.close(0u32.into(), b"no question for too long");
			};
			// One byte more than a question has, to tell it from what only begins like one.
			let read = timeout(self.limits.silence, reader.read_to_end(bytes.saturating_add(1))).await;
			let Some(_turn) = self.turn(key).await else { return };
			let answer = match read {
				Ok(Ok(question)) => reply(question).await,
				_ => None,
			};
			let Some(answer) = answer else {
				self.counters.refused.fetch_add(1, Ordering::Relaxed);
				return connection.close(ERR_PERMISSION, b"no question");
			};
			let sending = async {
				writer.write_all(&answer).await.ok()?;
				writer.finish().ok()?;
				writer.stopped().await.ok()
			};
			if timeout(self.limits.silence, sending).await.ok().flatten().is_none() {
				return connection.close(0u32.into(), b"the answer was not read");
			}
		}
		connection.close(ERR_LIMIT, b"too many questions: call again");
	}
}
