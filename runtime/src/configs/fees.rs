//! What a transaction costs: its bytes and its weight, times a factor that follows how full blocks are.

use super::{parameters::dynamic_params::fees, staking::TreasuryAccount};
use crate::{AccountId, Authorship, Balance, Balances, Runtime, RuntimeEvent};
use frame_support::{
	parameter_types,
	traits::{
		fungible::{Balanced, Credit},
		tokens::imbalance::ResolveTo,
		ConstU8, Imbalance, OnUnbalanced,
	},
	weights::{constants::ExtrinsicBaseWeight, ConstantMultiplier, Weight, WeightToFee},
};
use ogpu_protocol::token::{MILLI_OGPU, OGPU};
use pallet_transaction_payment::{FungibleAdapter, Multiplier, TargetedFeeAdjustment};
use polkadot_sdk::*;
use sp_runtime::{traits::Bounded, traits::Get, FixedPointNumber, Perquintill};

parameter_types! {
	/// Blocks fuller than this make fees rise, emptier ones make them fall.
	pub const TargetBlockFullness: Perquintill = Perquintill::from_percent(25);
	/// Fees rise by about a third in a day of full blocks, and fall by about a tenth in a day of empty ones.
	pub AdjustmentVariable: Multiplier = Multiplier::saturating_from_rational(15, 1_000_000);
	pub MinimumMultiplier: Multiplier = Multiplier::saturating_from_rational(1, 10);
	pub MaximumMultiplier: Multiplier = Bounded::max_value();
}

/// Whatever governance sets, fees stay below these: otherwise one mistake could make the votes that undo it unaffordable.
pub const MAX_BASE_FEE: Balance = OGPU / 10;
pub const MAX_BYTE_FEE: Balance = MILLI_OGPU;

pub struct ByteFee;
impl Get<Balance> for ByteFee {
	fn get() -> Balance {
		fees::ByteFee::get().min(MAX_BYTE_FEE)
	}
}

/// Proportional to the time that a call takes.
pub struct TimeToFee;
impl WeightToFee for TimeToFee {
	type Balance = Balance;

	fn weight_to_fee(weight: &Weight) -> Balance {
		let base_time = Balance::from(ExtrinsicBaseWeight::get().ref_time());
		Balance::from(weight.ref_time())
			.saturating_mul(fees::BaseFee::get().min(MAX_BASE_FEE))
			.checked_div(base_time)
			.unwrap_or(Balance::MAX)
	}
}

/// Fees go to the treasury and to the author of the block, tips to the author alone.
pub struct ShareFees;
impl OnUnbalanced<Credit<AccountId, Balances>> for ShareFees {
	fn on_unbalanceds(mut fees_then_tips: impl Iterator<Item = Credit<AccountId, Balances>>) {
		let Some(fee) = fees_then_tips.next() else { return };
		let to_treasury = fees::TreasuryShare::get().mul_ceil(fee.peek());
		let (treasury, mut author) = fee.split(to_treasury);
		fees_then_tips.for_each(|tip| author.subsume(tip));
		ResolveTo::<TreasuryAccount, Balances>::on_unbalanced(treasury);
		Self::pay_author(author);
	}
}

impl ShareFees {
	/// What cannot reach the author, because its account is gone or below the existential deposit, is the treasury's.
	fn pay_author(credit: Credit<AccountId, Balances>) {
		let left = match Authorship::author() {
			Some(author) => Balances::resolve(&author, credit).err(),
			None => Some(credit),
		};
		if let Some(left) = left {
			ResolveTo::<TreasuryAccount, Balances>::on_unbalanced(left);
		}
	}
}

/// Calls that say when they are free, such as a device's heartbeat.
impl pallet_skip_feeless_payment::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
}

impl pallet_transaction_payment::Config for Runtime {
	type FeeMultiplierUpdate =
		TargetedFeeAdjustment<Self, TargetBlockFullness, AdjustmentVariable, MinimumMultiplier, MaximumMultiplier>;
	type LengthToFee = ConstantMultiplier<Balance, ByteFee>;
	type OnChargeTransaction = FungibleAdapter<Balances, ShareFees>;
	type OperationalFeeMultiplier = ConstU8<5>;
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = pallet_transaction_payment::weights::SubstrateWeight<Runtime>;
	type WeightToFee = TimeToFee;
}
