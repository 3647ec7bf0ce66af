//! What anyone may ask about services.

use crate::{
	quote::{Quote, Standing},
	status::{RequestStatus, ServiceStatus},
	Order, ServiceId,
};
use alloc::vec::Vec;
use ogpu_result_validation::status::Page;
use ogpu_staking_trustlock::traits::DeviceId;
use polkadot_sdk::*;
use sp_core::H256;
use sp_runtime::{AccountId32, DispatchError};

sp_api::decl_runtime_apis! {
	/// Requests, before and after.
	pub trait PoolApi {
		/// What such a request would cost, and who could serve it; or why it would be refused.
		fn quote(service: ServiceId, client: AccountId32, order: Order) -> Result<Quote, DispatchError>;

		/// Why a device is, or is not, in the race of an open request.
		fn standing(request: H256, device: DeviceId) -> Result<Standing, DispatchError>;

		/// Where an open request stands, what comes next, and who has to do it.
		fn status(request: H256) -> Option<RequestStatus>;

		/// The open requests of a client, or in which an operator was drawn, after this one.
		fn requests_of(who: AccountId32, after: Option<H256>) -> Page;

		/// Services by their numbers, from this one on.
		fn services_from(first: ServiceId) -> Vec<ServiceStatus>;
	}
}
