//! What this worker needs of a runtime, and what of it is not there.

use super::{calls, state, At};

/// What is missing, in words. Empty if all is there.
pub fn missing(at: &At) -> Vec<String> {
	let metadata = at.metadata();
	let mut missing = Vec::new();
	for (pallet, entry) in state::ALL {
		let found = metadata.pallet_by_name(pallet).and_then(|found| found.storage()?.entry_by_name(entry));
		if found.is_none() {
			missing.push(format!("the state has no {pallet}.{entry}"));
		}
	}
	for (pallet, call, arguments) in calls::ALL {
		let Some(found) = metadata.pallet_by_name(pallet).and_then(|found| found.call_variant_by_name(call)) else {
			missing.push(format!("there is no call {pallet}.{call}"));
			continue;
		};
		let named: Vec<&str> = found.fields.iter().filter_map(|field| field.name.as_deref()).collect();
		if named != *arguments {
			missing.push(format!(
				"the call {pallet}.{call} takes ({}), and this worker gives ({})",
				named.join(", "),
				arguments.join(", ")
			));
		}
	}
	missing
}
