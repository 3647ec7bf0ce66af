//! What a provider says of a task to its client, whose wallet has signed the question. It is null where who is asked
//! does not work on the task: it has not seen the block yet that says so, or has seen one that ended it, or does no work.

use super::{answer, question, Gateway, Refusal};
use crate::{hex, parse_account, parse_hash, Result};
use axum::{body::Body, extract::State, response::Response};
use ogpu_worker::store::{self, Answer, Denial, Endpoint};
use serde::Deserialize;
use serde_json::{json, Value};
use std::sync::Arc;

const MOST_QUESTION: usize = 4 << 10;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
	task: String,
	account: String,
	signature: String,
	endpoint: String,
}

pub(super) async fn ask(State(gateway): State<Arc<Gateway>>, body: Body) -> Result<Response, Refusal> {
	let asked: Question = question(body, MOST_QUESTION).await?;
	let task = parse_hash(&asked.task);
	let task = task.ok_or_else(|| Refusal::invalid("`task` is the name of a task: 64 hexadecimal digits"))?;
	let account = parse_account(&asked.account).map_err(|error| Refusal::invalid(error.to_string()))?;
	let signature = signature(&asked.signature);
	let signature =
		signature.ok_or_else(|| Refusal::invalid("`signature` is one of sr25519: 128 hexadecimal digits"))?;
	let endpoint: Endpoint = asked.endpoint.parse()?;
	match gateway.store().ask_signed(&endpoint, &task, &account, &signature).await {
		Ok(told) => Ok(answer(&as_json(&told))),
		Err(store::Error::Denied { denial: Denial::Unknown, .. }) => Ok(answer(&Value::Null)),
		Err(error) => Err(error.into()),
	}
}

/// 128 hexadecimal digits, with or without `0x` before them.
fn signature(text: &str) -> Option<[u8; 64]> {
	let digits = text.strip_prefix("0x").unwrap_or(text);
	let (first, second) = digits.split_at_checked(64)?;
	[parse_hash(first)?, parse_hash(second)?].concat().try_into().ok()
}

fn as_json(told: &Answer) -> Value {
	let committed = told.committed.iter().map(|result| {
		json!({
			"task": hex(&result.task), "leaves": result.leaves, "root": hex(&result.root),
			"output": hex(&result.output), "size": result.bytes, "salt": hex(&result.salt),
		})
	});
	let progress = told.progress.as_ref().map(|progress| {
		// A loss that is no number is null.
		json!({ "done": progress.done, "leaves": progress.leaves, "losses": progress.losses })
	});
	json!({ "committed": committed.collect::<Vec<_>>(), "progress": progress })
}
