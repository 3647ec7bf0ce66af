//! Calls that cost nothing as long as they are of use: a device's heartbeat, a racer's commitment or refusal. What is of no
//! use any more is refused before it enters a block, with a reason, and costs nothing either.

use crate::{AccountId, ContinuousPool, Runtime, RuntimeCall, RuntimeOrigin, StakingTrustlock};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode};
use frame_support::{dispatch::DispatchResult, pallet_prelude::TransactionSource, weights::Weight};
use polkadot_sdk::*;
use scale_info::{StaticTypeInfo, TypeInfo};
use sp_runtime::{
	traits::{
		AsSystemOriginSigner, DispatchInfoOf, Implication, PostDispatchInfoOf, TransactionExtension,
		TransactionExtensionMetadata, ValidateResult,
	},
	transaction_validity::{InvalidTransaction, TransactionPriority, TransactionValidityError},
};

/// Before all that pay without a tip: otherwise whoever fills blocks could make others miss their deadlines. They can
/// be no more than devices and racers are.
const PRIORITY: TransactionPriority = 1 << 40;

/// Why a free call is of no use. The number reaches the sender as `Custom error: N`; `docs/errors.md` explains it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Useless {
	NoDevice = 20,
	NotYourDevice = 21,
	HeartbeatTooEarly = 22,
	NoSuchRequest = 30,
	NotDrawn = 31,
	RaceClosed = 32,
	AlreadyCommitted = 33,
	RaceFull = 34,
	SeedKnown = 35,
	WrongLeaves = 36,
	TooManyDeclines = 37,
	Other = 38,
}

impl Useless {
	pub const ALL: [Self; 12] = [
		Self::NoDevice,
		Self::NotYourDevice,
		Self::HeartbeatTooEarly,
		Self::NoSuchRequest,
		Self::NotDrawn,
		Self::RaceClosed,
		Self::AlreadyCommitted,
		Self::RaceFull,
		Self::SeedKnown,
		Self::WrongLeaves,
		Self::TooManyDeclines,
		Self::Other,
	];
}

impl From<ogpu_staking_trustlock::Error<Runtime>> for Useless {
	fn from(error: ogpu_staking_trustlock::Error<Runtime>) -> Self {
		use ogpu_staking_trustlock::Error;
		match error {
			Error::NoDevice => Self::NoDevice,
			Error::NotYourDevice => Self::NotYourDevice,
			Error::TooEarly => Self::HeartbeatTooEarly,
			_ => Self::Other,
		}
	}
}

impl From<ogpu_continuous_pool::Error<Runtime>> for Useless {
	fn from(error: ogpu_continuous_pool::Error<Runtime>) -> Self {
		use ogpu_continuous_pool::Error;
		match error {
			Error::NoSuchRequest => Self::NoSuchRequest,
			Error::NotDrawn => Self::NotDrawn,
			Error::RaceClosed => Self::RaceClosed,
			Error::AlreadyCommitted => Self::AlreadyCommitted,
			Error::RaceFull => Self::RaceFull,
			Error::SeedKnown => Self::SeedKnown,
			Error::WrongLeaves => Self::WrongLeaves,
			Error::TooManyDeclines => Self::TooManyDeclines,
			_ => Self::Other,
		}
	}
}

/// Whether a call is one of those that can be free, and of what use it is now.
fn is_of_use(who: &AccountId, call: &RuntimeCall) -> Option<Result<(), Useless>> {
	use ogpu_continuous_pool::Call::{commit, decline};
	use ogpu_staking_trustlock::Call::heartbeat;
	Some(match call {
		RuntimeCall::StakingTrustlock(heartbeat { id }) => {
			StakingTrustlock::check_heartbeat(who, *id).map(|_| ()).map_err(Into::into)
		}
		RuntimeCall::ContinuousPool(commit { request, leaves, .. }) => {
			ContinuousPool::check_commit(who, request, *leaves).map_err(Into::into)
		}
		RuntimeCall::ContinuousPool(decline { request }) => {
			ContinuousPool::check_decline(who, request).map_err(Into::into)
		}
		_ => return None,
	})
}

/// Refuses free calls that are of no use, and lets the others pass before those that pay. From outside it cannot be told
/// from what it wraps.
#[derive(Clone, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking)]
pub struct RefuseUseless<S>(pub S);

impl<S> From<S> for RefuseUseless<S> {
	fn from(inner: S) -> Self {
		Self(inner)
	}
}

impl<S: StaticTypeInfo> TypeInfo for RefuseUseless<S> {
	type Identity = S;

	fn type_info() -> scale_info::Type {
		S::type_info()
	}
}

impl<S: core::fmt::Debug> core::fmt::Debug for RefuseUseless<S> {
	fn fmt(&self, formatter: &mut core::fmt::Formatter) -> core::fmt::Result {
		self.0.fmt(formatter)
	}
}

impl<S: TransactionExtension<RuntimeCall>> TransactionExtension<RuntimeCall> for RefuseUseless<S> {
	const IDENTIFIER: &'static str = S::IDENTIFIER;
	type Implicit = S::Implicit;
	type Val = S::Val;
	type Pre = S::Pre;

	fn metadata() -> Vec<TransactionExtensionMetadata> {
		S::metadata()
	}

	fn implicit(&self) -> Result<Self::Implicit, TransactionValidityError> {
		self.0.implicit()
	}

	fn weight(&self, call: &RuntimeCall) -> Weight {
		self.0.weight(call)
	}

	fn validate(
		&self,
		origin: RuntimeOrigin,
		call: &RuntimeCall,
		info: &DispatchInfoOf<RuntimeCall>,
		len: usize,
		implicit: Self::Implicit,
		implication: &impl Implication,
		source: TransactionSource,
	) -> ValidateResult<Self::Val, RuntimeCall> {
		let use_of_it = origin.as_system_origin_signer().and_then(|who| is_of_use(who, call));
		if let Some(Err(useless)) = use_of_it {
			return Err(InvalidTransaction::Custom(useless as u8).into());
		}
		let (mut valid, val, origin) = self.0.validate(origin, call, info, len, implicit, implication, source)?;
		if use_of_it.is_some() {
			valid.priority = valid.priority.max(PRIORITY);
		}
		Ok((valid, val, origin))
	}

	fn prepare(
		self,
		val: Self::Val,
		origin: &RuntimeOrigin,
		call: &RuntimeCall,
		info: &DispatchInfoOf<RuntimeCall>,
		len: usize,
	) -> Result<Self::Pre, TransactionValidityError> {
		self.0.prepare(val, origin, call, info, len)
	}

	fn post_dispatch_details(
		pre: Self::Pre,
		info: &DispatchInfoOf<RuntimeCall>,
		post_info: &PostDispatchInfoOf<RuntimeCall>,
		len: usize,
		result: &DispatchResult,
	) -> Result<Weight, TransactionValidityError> {
		S::post_dispatch_details(pre, info, post_info, len, result)
	}
}
