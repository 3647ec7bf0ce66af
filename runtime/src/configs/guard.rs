//! What root may not break by mistake. Root passes every filter, also inside batches, so the check stands where root's
//! calls are dispatched: sudo and the scheduler, which runs what referenda decide, take [`GuardedCall`]s. Replacing the
//! runtime, or the storage that the guard reads, remains possible: that is governance's last word.

use crate::{BlockNumber, OgpuToken, OriginCaller, Runtime, RuntimeCall, RuntimeOrigin, Scheduler};
use codec::{Decode, DecodeWithMemTracking, Encode, EncodeLike};
use frame_support::{
	dispatch::{DispatchInfo, DispatchResultWithPostInfo, GetDispatchInfo, PostDispatchInfo},
	ensure,
	traits::{
		schedule::{
			v3::{Anon, Named, TaskName},
			DispatchTime, Period, Priority,
		},
		Bounded, UnfilteredDispatchable,
	},
};
use pallet_staking::MaxValidatorsCount;
use polkadot_sdk::*;
use scale_info::TypeInfo;
use sp_runtime::{
	traits::{BlakeTwo256, Dispatchable},
	DispatchError,
};

/// A call that is taken back as a whole if it mints beside the token's mint, exceeds the cap, or admits so many candidates
/// that no election succeeds any more. Encoded and described as the call inside.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking)]
pub struct GuardedCall(RuntimeCall);

/// The sums of the token and the limit of candidates, before and after.
const GUARD_READS: u64 = 10;

fn guarded(dispatch: impl FnOnce() -> DispatchResultWithPostInfo) -> DispatchResultWithPostInfo {
	let candidates_before = MaxValidatorsCount::<Runtime>::get();
	OgpuToken::guarded(|| {
		let done = dispatch()?;
		let candidates = MaxValidatorsCount::<Runtime>::get();
		let electable = u32::from(super::staking::MaxElectableTargets::get());
		ensure!(
			candidates == candidates_before || candidates.is_some_and(|most| most <= electable),
			pallet_staking::Error::<Runtime>::TooManyValidators
		);
		Ok(done)
	})
}

impl Dispatchable for GuardedCall {
	type Config = <RuntimeCall as Dispatchable>::Config;
	type Info = DispatchInfo;
	type PostInfo = PostDispatchInfo;
	type RuntimeOrigin = RuntimeOrigin;

	fn dispatch(self, origin: RuntimeOrigin) -> DispatchResultWithPostInfo {
		guarded(|| self.0.dispatch(origin))
	}
}

impl UnfilteredDispatchable for GuardedCall {
	type RuntimeOrigin = RuntimeOrigin;

	fn dispatch_bypass_filter(self, origin: RuntimeOrigin) -> DispatchResultWithPostInfo {
		guarded(|| self.0.dispatch_bypass_filter(origin))
	}
}

impl GetDispatchInfo for GuardedCall {
	fn get_dispatch_info(&self) -> DispatchInfo {
		let mut info = self.0.get_dispatch_info();
		info.call_weight.saturating_accrue(<Runtime as frame_system::Config>::DbWeight::get().reads(GUARD_READS));
		info
	}
}

impl TypeInfo for GuardedCall {
	type Identity = RuntimeCall;

	fn type_info() -> scale_info::Type {
		RuntimeCall::type_info()
	}
}

impl<C: Into<RuntimeCall>> From<C> for GuardedCall {
	fn from(call: C) -> Self {
		Self(call.into())
	}
}

impl EncodeLike<GuardedCall> for RuntimeCall {}

/// The scheduler as referenda know it, who schedule plain calls.
pub struct GuardedScheduler;

type BoundedCall = Bounded<RuntimeCall, BlakeTwo256>;
type Address = <Scheduler as Anon<BlockNumber, GuardedCall, OriginCaller>>::Address;

impl Anon<BlockNumber, RuntimeCall, OriginCaller> for GuardedScheduler {
	type Address = Address;
	type Hasher = BlakeTwo256;

	fn schedule(
		when: DispatchTime<BlockNumber>,
		maybe_periodic: Option<Period<BlockNumber>>,
		priority: Priority,
		origin: OriginCaller,
		call: BoundedCall,
	) -> Result<Address, DispatchError> {
		<Scheduler as Anon<_, GuardedCall, _>>::schedule(when, maybe_periodic, priority, origin, call.transmute())
	}

	fn cancel(address: Address) -> Result<(), DispatchError> {
		<Scheduler as Anon<BlockNumber, GuardedCall, OriginCaller>>::cancel(address)
	}

	fn reschedule(address: Address, when: DispatchTime<BlockNumber>) -> Result<Address, DispatchError> {
		<Scheduler as Anon<BlockNumber, GuardedCall, OriginCaller>>::reschedule(address, when)
	}

	fn next_dispatch_time(address: Address) -> Result<BlockNumber, DispatchError> {
		<Scheduler as Anon<BlockNumber, GuardedCall, OriginCaller>>::next_dispatch_time(address)
	}
}

impl Named<BlockNumber, RuntimeCall, OriginCaller> for GuardedScheduler {
	type Address = Address;
	type Hasher = BlakeTwo256;

	fn schedule_named(
		id: TaskName,
		when: DispatchTime<BlockNumber>,
		maybe_periodic: Option<Period<BlockNumber>>,
		priority: Priority,
		origin: OriginCaller,
		call: BoundedCall,
	) -> Result<Address, DispatchError> {
		<Scheduler as Named<_, GuardedCall, _>>::schedule_named(
			id,
			when,
			maybe_periodic,
			priority,
			origin,
			call.transmute(),
		)
	}

	fn cancel_named(id: TaskName) -> Result<(), DispatchError> {
		<Scheduler as Named<BlockNumber, GuardedCall, OriginCaller>>::cancel_named(id)
	}

	fn reschedule_named(id: TaskName, when: DispatchTime<BlockNumber>) -> Result<Address, DispatchError> {
		<Scheduler as Named<BlockNumber, GuardedCall, OriginCaller>>::reschedule_named(id, when)
	}

	fn next_dispatch_time(id: TaskName) -> Result<BlockNumber, DispatchError> {
		<Scheduler as Named<BlockNumber, GuardedCall, OriginCaller>>::next_dispatch_time(id)
	}
}
