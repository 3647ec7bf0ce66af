//! What is stored.

use super::*;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{CloneNoBound, DebugNoBound, DefaultNoBound, EqNoBound, PartialEqNoBound};
use scale_info::TypeInfo;
use sp_core::ConstU32;
use sp_runtime::BoundedVec;

/// A device's name, in UTF-8.
pub type Name = BoundedVec<u8, ConstU32<64>>;
/// Where a device is reached, in UTF-8.
pub type Endpoint = BoundedVec<u8, ConstU32<128>>;

/// A lock. It is kept while anything is locked.
#[derive(
	CloneNoBound, DebugNoBound, DefaultNoBound, EqNoBound, PartialEqNoBound, Encode, Decode, MaxEncodedLen, TypeInfo,
)]
#[scale_info(skip_type_params(T))]
pub struct LockRecord<T: Config> {
	/// All of it, what is unbonding included.
	pub locked: Balance,
	/// What is unbonding, in the order in which it began to.
	pub unbonding: BoundedVec<Unbonding, T::MaxUnbonding>,
}

/// Part of a lock that is unbonding.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Unbonding {
	pub amount: Balance,
	/// From this block of the network's clock on it can be withdrawn.
	pub free_at: BlockNumber,
}

/// A piece of work that a lock answers for.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct PinRecord {
	pub work: WorkId,
	pub amount: Balance,
	pub pin: Pin,
}

/// What belongs to an operator. It is kept while anything does.
#[derive(
	CloneNoBound, DebugNoBound, DefaultNoBound, EqNoBound, PartialEqNoBound, Encode, Decode, MaxEncodedLen, TypeInfo,
)]
#[scale_info(skip_type_params(T))]
pub struct OperatorRecord<T: Config> {
	pub workers: BoundedVec<AccountId32, T::MaxWorkers>,
	pub devices: BoundedVec<DeviceId, T::MaxDevices>,
}

/// A worker key.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct WorkerRecord {
	pub operator: AccountId32,
	/// What the operator deposited for it.
	pub deposit: Balance,
}

/// What an operator says about a device.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct DeviceSpec {
	pub kind: DeviceKind,
	pub name: Name,
	pub memory_mb: u32,
	pub endpoint: Endpoint,
	/// The key that acts for it: a worker key of its operator, or the operator's own.
	pub worker: AccountId32,
}

/// A device.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct DeviceRecord {
	pub operator: AccountId32,
	pub spec: DeviceSpec,
	/// `None` until a benchmark measured it as it is now.
	pub measured: Option<Measurement>,
	/// When it sent its last heartbeat, by the network's clock.
	pub heartbeat: Option<BlockNumber>,
	/// What the operator deposited for it.
	pub deposit: Balance,
}

/// What a benchmark found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Measurement {
	/// Multiply-adds in a block.
	pub work_per_block: Work,
	/// When, by the network's clock.
	pub at: BlockNumber,
}

/// A fault, and what it cost.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct FaultRecord {
	pub fault: Fault,
	pub work: WorkId,
	/// When it was first recorded, by the network's clock.
	pub at: BlockNumber,
	/// What was taken for it, in all.
	pub taken: Balance,
}
