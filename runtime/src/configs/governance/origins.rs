//! The powers that a referendum can have besides root, each less than root and each with a track of its own.

pub use pallet::*;

use frame_support::traits::{EnsureOrigin, OriginTrait, TypedGet};
use ogpu_protocol::token::{Balance, OGPU};
use polkadot_sdk::*;

/// The most that one approval on a spending track may pay.
pub const SMALL_SPEND: Balance = 5_000 * OGPU;
pub const LARGE_SPEND: Balance = 250_000 * OGPU;

#[frame_support::pallet]
#[allow(clippy::expect_used, reason = "FRAME expands to it, for names of pallets that always exist")]
pub mod pallet {
	use super::*;
	use frame_support::pallet_prelude::*;

	#[pallet::config]
	pub trait Config: polkadot_sdk::frame_system::Config {}

	#[pallet::pallet]
	pub struct Pallet<T>(_);

	#[pallet::origin]
	#[derive(Clone, Copy, Eq, PartialEq, Encode, Decode, DecodeWithMemTracking, Debug, MaxEncodedLen, TypeInfo)]
	pub enum Origin {
		/// Changes parameters, the limits of pools and the identity registrars.
		ParametersAdmin,
		/// Spends up to [`SMALL_SPEND`] from the treasury.
		SmallSpender,
		/// Spends up to [`LARGE_SPEND`] from the treasury.
		LargeSpender,
		/// Stops a referendum, with its deposits returned, or a treasury payout.
		Canceller,
		/// Enters and leaves safe mode, pauses and unpauses calls.
		SafetyAdmin,
	}
}

/// Succeeds for the named origin alone.
macro_rules! ensure_origin {
	($name:ident) => {
		pub struct $name;
		ensure_origin!(@impl () $name, Success = (), |origin| matches!(origin, Origin::$name).then_some(()), Origin::$name);
	};
	(@impl ($($generics:tt)*) $name:ty, Success = $success:ty, |$origin:ident| $value:expr, $example:expr) => {
		impl<O: OriginTrait + From<Origin>, $($generics)*> EnsureOrigin<O> for $name
		where
			for<'a> &'a O::PalletsOrigin: TryInto<&'a Origin>,
		{
			type Success = $success;

			fn try_origin(o: O) -> Result<Self::Success, O> {
				let success = o.caller().try_into().ok().and_then(|$origin: &Origin| $value);
				success.ok_or(o)
			}

			#[cfg(feature = "runtime-benchmarks")]
			fn try_successful_origin() -> Result<O, ()> {
				Ok(O::from($example))
			}
		}
	};
}

ensure_origin!(ParametersAdmin);
ensure_origin!(Canceller);

/// Yields how much may be spent.
pub struct Spender;
ensure_origin!(@impl () Spender, Success = Balance, |origin| match origin {
	Origin::SmallSpender => Some(SMALL_SPEND),
	Origin::LargeSpender => Some(LARGE_SPEND),
	_ => None,
}, Origin::LargeSpender);

/// Yields `Value`: for safe mode, how many blocks it lasts.
pub struct SafetyAdmin<Value>(core::marker::PhantomData<Value>);
ensure_origin!(@impl (Value: TypedGet) SafetyAdmin<Value>, Success = Value::Type, |origin|
	matches!(origin, Origin::SafetyAdmin).then(Value::get), Origin::SafetyAdmin);
