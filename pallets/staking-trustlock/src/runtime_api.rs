//! What anyone may ask about operators.

use crate::status::OperatorStatus;
use polkadot_sdk::*;
use sp_runtime::AccountId32;

sp_api::decl_runtime_apis! {
	/// Operators: locks, devices and reputation.
	pub trait TrustApi {
		/// What stands about an operator.
		fn status(operator: AccountId32) -> OperatorStatus;
	}
}
