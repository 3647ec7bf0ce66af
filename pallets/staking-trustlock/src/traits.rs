//! What other pallets may ask of a trust lock. Each trait is one concern; a pallet asks for those that it needs.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use ogpu_protocol::{cost::Work, token::Balance};
use polkadot_sdk::*;
use scale_info::TypeInfo;
use sp_core::H256;
use sp_runtime::DispatchResult;

/// Names a piece of work in all pallets: a task, a bid, a challenge.
pub type WorkId = H256;

/// Numbers a device.
pub type DeviceId = u32;

/// How a pin counts beside others of the same account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum Pin {
	/// One bond for all work that is pinned so: the largest counts. A conviction voids all unsettled pay, so that one
	/// bond is enough.
	Shared,
	/// A bond of its own, on top of all others.
	Own,
}

/// What an account was found to have done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum Fault {
	/// A provider's result is not what it claimed.
	Convicted,
	/// A provider was silent under audit: it did not show or serve what it had committed to.
	SilentProvider,
	/// A provider left its work, or let its deadline pass.
	Abandoned,
	/// A sealed bid was not revealed.
	UnrevealedBid,
	/// Inputs were missing or invalid.
	InputAtFault,
	/// An auditor, or a racer, called a result wrong that was right.
	FalseAlarm,
	/// An auditor called a result right that was wrong.
	WrongApproval,
	/// A juror named a result that lost.
	LostVote,
	/// An auditor could not fetch what jurors could.
	Unserved,
	/// A seat said nothing.
	SilentSeat,
	/// A challenge was false.
	FalseChallenge,
}

/// Collateral.
pub trait Collateral<AccountId> {
	/// What was taken out of a lock and still has to be given to somebody.
	type Credit;

	/// All that the account has locked, what is unbonding included.
	fn locked(who: &AccountId) -> Balance;

	/// What may still be pinned: neither pinned nor unbonding.
	fn free(who: &AccountId) -> Balance;

	/// Binds so much of the lock to a piece of work. Refused if the lock does not carry it beside its other pins, or the
	/// work has a pin already. A shared pin that is no larger than another takes nothing more; a pin of nothing is none.
	fn pin(who: &AccountId, work: WorkId, amount: Balance, pin: Pin) -> DispatchResult;

	/// Whether [`Self::pin`] would bind it now.
	fn could_pin(who: &AccountId, work: WorkId, amount: Balance, pin: Pin) -> bool;

	/// What is pinned for this work, zero if nothing is.
	fn pinned(who: &AccountId, work: WorkId) -> Balance;

	/// Ends a pin. Does nothing if there is none.
	fn unpin(who: &AccountId, work: WorkId);

	/// Takes up to so much out of the lock, be it pinned, free or unbonding, because of a fault that it records, also if
	/// there is nothing to take. What was bonded goes first, then what began to unbond last. Pins stay as they are, until
	/// they are ended.
	///
	/// Returns what it could take. Give it to whom it is due; what is dropped is burned.
	fn slash(who: &AccountId, amount: Balance, fault: Fault, work: WorkId) -> Self::Credit;
}

/// What accounts have shown.
pub trait Record<AccountId> {
	/// A task was audited and found clean.
	fn audited(who: &AccountId, fee: Balance);

	/// A task was settled.
	fn delivered(who: &AccountId, fee: Balance, is_late: bool);

	/// A provider was found guilty: what it had shown before counts no more. A slash for the same fault in the same work
	/// stands in the same entry of its faults.
	fn faulted(who: &AccountId, fault: Fault, work: WorkId);

	/// Between nothing and a billion.
	fn score_billionths(who: &AccountId) -> u32;

	/// How likely a task is audited while so much waits for settlement, in a class that asks for `class_billionths`.
	fn audit_billionths(who: &AccountId, at_stake: Balance, class_billionths: u32) -> u32;

	/// The account gets no work and no seats for a while.
	fn suspend(who: &AccountId);

	fn is_suspended(who: &AccountId) -> bool;
}

/// Hot keys.
pub trait Workers<AccountId> {
	/// For whom this key works: the operator that authorised it, or the account itself.
	fn operator(key: AccountId) -> AccountId;
}

/// What a device is known for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceInfo<AccountId> {
	pub operator: AccountId,
	pub worker: AccountId,
	pub kind: DeviceKind,
	pub memory_mb: u32,
	/// Multiply-adds in a block, as measured lately; `None` if it was not.
	pub measured: Option<Work>,
	/// Whether it sent its heartbeats, and neither it nor its operator is retired or suspended.
	pub is_online: bool,
}

/// What computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum DeviceKind {
	Cpu,
	Cuda,
	Metal,
	Rocm,
	Vulkan,
}

/// Devices of providers.
pub trait Devices<AccountId> {
	fn device(id: DeviceId) -> Option<DeviceInfo<AccountId>>;

	/// The number of the device that registers next: all that are registered have lower ones.
	fn next_device() -> DeviceId;

	/// What a benchmark measured.
	fn measured(id: DeviceId, work_per_block: Work);
}
