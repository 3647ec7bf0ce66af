//! What anyone may ask about validations.

use crate::{status::Status, ValidationRecord};
use polkadot_sdk::*;
use sp_core::H256;

sp_api::decl_runtime_apis! {
	/// Validations, open and ended.
	pub trait ValidationApi {
		/// Where it stands, what comes next, and who has to do it.
		fn status(task: H256) -> Option<Status>;

		/// What is left of one that has ended, as long as the chain keeps it.
		fn record(task: H256) -> Option<ValidationRecord>;
	}
}
