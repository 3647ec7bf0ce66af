//! What anyone may ask about validations.

use crate::status::Status;
use polkadot_sdk::*;
use sp_core::H256;

sp_api::decl_runtime_apis! {
	/// Validations that have not ended.
	pub trait ValidationApi {
		/// Where it stands, what comes next, and who has to do it.
		fn status(task: H256) -> Option<Status>;
	}
}
