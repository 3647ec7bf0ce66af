//! Private requests: whoever is drawn to check what came of one is let in to its inputs by the client as well. It would be
//! enough that its provider does. But one that has something to hide does not, and then the inputs would be missing.

use crate::{AccountId, Hash, Name, Result};
use ogpu_worker::{
	agent::view,
	artifacts::MOST_BYTES,
	chain::{state, At},
	store::Store,
};
use std::collections::BTreeSet;

/// Lets in who checks now and is not among those who were let in before. Says who of those who check is in: nobody, if the
/// inputs are not in this store, or are for everybody.
pub(crate) async fn let_in(
	at: &At,
	store: &Store,
	request: &Hash,
	inputs: &Name,
	before: &BTreeSet<AccountId>,
) -> Result<BTreeSet<AccountId>> {
	let Ok(inputs) = store.find(inputs, MOST_BYTES, &[]).await else { return Ok(BTreeSet::new()) };
	let Some(client) = store.sealed_for(&inputs).await? else { return Ok(BTreeSet::new()) };
	// Another's request may name them as well.
	let task = at.get(&state::TASKS, (*request,)).await?.filter(|task| task.request.client == client);
	let Some(task) = task else { return Ok(BTreeSet::new()) };
	let mut let_in = BTreeSet::new();
	let mut keys = Vec::new();
	for checker in view::checkers_of(at, *request, &task).await?.into_keys() {
		if before.contains(&checker) {
			let_in.insert(checker);
			continue;
		}
		// Who has no device yet may still register one.
		let fresh = view::keys_of(at, checker).await?;
		if !fresh.is_empty() {
			let_in.insert(checker);
			keys.extend(fresh);
		}
	}
	if !keys.is_empty() {
		store.restrict(&inputs, &keys).await?;
	}
	Ok(let_in)
}
