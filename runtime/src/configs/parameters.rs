//! Numbers that governance may change without a new runtime.

use super::governance::{EnsureRootOr, ParametersAdmin};
use crate::{Runtime, RuntimeEvent};
use frame_support::{
	dynamic_params::{dynamic_pallet_params, dynamic_params},
	traits::AsEnsureOriginWithArg,
};
use ogpu_protocol::token::{Balance, MICRO_OGPU, MILLI_OGPU, OGPU};
use polkadot_sdk::*;
use sp_runtime::{Perbill, Percent};

#[dynamic_params(RuntimeParameters, pallet_parameters::Parameters::<Runtime>)]
pub mod dynamic_params {
	use super::*;

	/// What transactions cost, and who gets it.
	#[dynamic_pallet_params]
	#[codec(index = 0)]
	pub mod fees {
		/// The treasury's part of a fee; the rest is the block author's. Tips are the author's alone.
		#[codec(index = 0)]
		pub static TreasuryShare: Percent = Percent::from_percent(80);

		/// For each byte of a transaction.
		#[codec(index = 1)]
		pub static ByteFee: Balance = MICRO_OGPU;

		/// For the execution of an empty transaction; calls cost in proportion to their weight.
		#[codec(index = 2)]
		pub static BaseFee: Balance = MILLI_OGPU / 2;
	}

	/// What stakers earn beyond fees.
	#[dynamic_pallet_params]
	#[codec(index = 1)]
	pub mod emission {
		/// The share of what is left to emit that is emitted in a year.
		#[codec(index = 0)]
		pub static YearlyShare: Perbill = Perbill::from_parts(ogpu_protocol::emission::YEARLY_SHARE_BILLIONTHS);
	}

	/// How results are checked.
	#[dynamic_pallet_params]
	#[codec(index = 2)]
	pub mod validation {
		/// Operators with seats that a validation needs at least. One lets a development chain work; a public network
		/// wants more as soon as it has them.
		#[codec(index = 0)]
		pub static MinHolders: u32 = 1;

		/// What must be locked for verification seats.
		#[codec(index = 1)]
		pub static SeatBond: Balance = 100 * OGPU;

		/// What the treasury pays in a session, at most, to juries that nobody else pays.
		#[codec(index = 2)]
		pub static TreasuryGrant: Balance = 10 * OGPU;

		/// The largest fee, as a share of the stake behind the seats that validate it.
		#[codec(index = 3)]
		pub static FeeOfStake: Perbill = Perbill::from_percent(10);
	}
}

#[cfg(feature = "runtime-benchmarks")]
impl Default for RuntimeParameters {
	fn default() -> Self {
		Self::Fees(dynamic_params::fees::Parameters::ByteFee(dynamic_params::fees::ByteFee, Some(MICRO_OGPU)))
	}
}

impl pallet_parameters::Config for Runtime {
	type AdminOrigin = AsEnsureOriginWithArg<EnsureRootOr<ParametersAdmin>>;
	type RuntimeEvent = RuntimeEvent;
	type RuntimeParameters = RuntimeParameters;
	type WeightInfo = ();
}
