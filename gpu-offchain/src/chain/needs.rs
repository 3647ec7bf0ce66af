//! What is needed of a runtime, and what of it is not there.

use super::{calls, state, At};

/// What a worker misses, in words. Empty if all is there.
pub fn missing(at: &At) -> Vec<String> {
	missing_of(at, state::ALL, calls::ALL)
}

/// What a client misses.
pub fn missing_of_clients(at: &At) -> Vec<String> {
	missing_of(at, state::OF_CLIENTS, calls::OF_CLIENTS)
}

fn missing_of(at: &At, entries: &[(&str, &str)], sent: &[(&str, &str, &[&str])]) -> Vec<String> {
	let metadata = at.metadata();
	let mut missing = Vec::new();
	for (pallet, entry) in entries {
		let found = metadata.pallet_by_name(pallet).and_then(|found| found.storage()?.entry_by_name(entry));
		if found.is_none() {
			missing.push(format!("the state has no {pallet}.{entry}"));
		}
	}
	for (pallet, call, arguments) in sent {
		let Some(found) = metadata.pallet_by_name(pallet).and_then(|found| found.call_variant_by_name(call)) else {
			missing.push(format!("there is no call {pallet}.{call}"));
			continue;
		};
		let named: Vec<&str> = found.fields.iter().filter_map(|field| field.name.as_deref()).collect();
		if named != *arguments {
			missing.push(format!(
				"the call {pallet}.{call} takes ({}), not ({})",
				named.join(", "),
				arguments.join(", ")
			));
		}
	}
	missing
}
