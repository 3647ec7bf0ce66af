//! Private requests: whoever is drawn to check what came of one is let in to its inputs by the client as well. It would be
//! enough that its provider does. But one that has something to hide does not, and then the inputs would be missing.

use crate::{AccountId, Hash, Name, Result};
use ogpu_worker::{agent::view, artifacts::MOST_BYTES, chain::At, store::Store};
use std::collections::BTreeSet;

/// Lets in who checks now and is not among those who were let in before. Says who checks: nobody, if the inputs are not
/// in this store, or are for everybody.
pub(crate) async fn let_in(
	at: &At,
	store: &Store,
	request: &Hash,
	inputs: &Name,
	before: &BTreeSet<AccountId>,
) -> Result<BTreeSet<AccountId>> {
	let Ok(inputs) = store.find(inputs, MOST_BYTES, &[]).await else { return Ok(BTreeSet::new()) };
	if !store.is_sealed(&inputs).await? {
		return Ok(BTreeSet::new());
	}
	let checkers: BTreeSet<_> = view::checkers_of(at, *request).await?.into_keys().collect();
	let mut keys = Vec::new();
	for checker in checkers.difference(before) {
		keys.extend(view::keys_of(at, *checker).await?);
	}
	if !keys.is_empty() {
		store.restrict(&inputs, &keys).await?;
	}
	Ok(checkers)
}
