//! What stands about an operator: for whoever asks a node.

use crate::*;
use alloc::vec::Vec;
use codec::{Decode, Encode};
use ogpu_protocol::reputation::Assessment;
use scale_info::TypeInfo;

/// A device as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct DeviceStatus {
	pub id: DeviceId,
	pub spec: DeviceSpec,
	pub measured: Option<Measurement>,
	/// Whether it sent its heartbeats, and its operator is not suspended.
	pub is_online: bool,
}

/// An account that has locked something, as an operator, a client or both.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct OperatorStatus {
	/// What the network's clock shows.
	pub now: BlockNumber,
	/// All that is locked, and what of it may still be pinned.
	pub locked: Balance,
	pub free: Balance,
	pub unbonding: Vec<Unbonding>,
	pub pins: Vec<PinRecord>,
	/// Its score, and why.
	pub assessment: Assessment,
	/// Its last faults.
	pub faults: Vec<FaultRecord>,
	pub suspended_until: Option<BlockNumber>,
	pub workers: Vec<AccountId32>,
	pub devices: Vec<DeviceStatus>,
}

impl<T: Config> Pallet<T> {
	/// What stands about an operator; an account of which nothing is known has the status of a beginner.
	pub fn status(who: AccountId32) -> OperatorStatus {
		let OperatorRecord { workers, devices } = Operators::<T>::get(&who);
		let devices = devices.into_iter().filter_map(|id| {
			let device = Devices::<T>::get(id)?;
			let is_online = Self::is_online(&device);
			Some(DeviceStatus { id, spec: device.spec, measured: device.measured, is_online })
		});
		let now = Self::now();
		OperatorStatus {
			now,
			locked: <Self as traits::Collateral<_>>::locked(&who),
			free: <Self as traits::Collateral<_>>::free(&who),
			unbonding: Locks::<T>::get(&who).map(|lock| lock.unbonding.into_inner()).unwrap_or_default(),
			pins: Pins::<T>::get(&who).into_inner(),
			assessment: Self::assessment(&who),
			faults: Faults::<T>::get(&who).into_inner(),
			suspended_until: Suspended::<T>::get(&who).filter(|until| now < *until),
			workers: workers.into_inner(),
			devices: devices.collect(),
		}
	}
}
