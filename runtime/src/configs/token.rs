//! The token's mint, and how stakers are paid from it.

use super::{parameters::dynamic_params, staking::TreasuryAccount};
use crate::{AccountId, Balance, Balances, OgpuToken, Runtime};
use alloc::vec::Vec;
use frame_support::{
	parameter_types,
	traits::{
		fungible::{Credit, Debt},
		tokens::imbalance::ResolveTo,
		OnUnbalanced,
	},
	PalletId,
};
use frame_system::EnsureRoot;
use ogpu_protocol::time::BLOCK_MILLIS;
use pallet_session::SessionManager;
use pallet_staking::{
	ClaimedRewards, CurrentEra, ErasRewardPoints, ErasStakersOverview, ErasStakersPaged, ErasValidatorReward,
};
use polkadot_sdk::*;
use sp_runtime::{traits::Get, Perbill};
use sp_staking::{EraIndex, SessionIndex};

parameter_types! {
	pub const EmissionPot: PalletId = PalletId(*b"og/emisn");
}

/// Whatever governance sets, no more of what is left than this is emitted in a year.
pub const MAX_YEARLY_SHARE: Perbill = Perbill::from_percent(50);

pub struct YearlyShareBillionths;
impl Get<u32> for YearlyShareBillionths {
	fn get() -> u32 {
		dynamic_params::emission::YearlyShare::get().min(MAX_YEARLY_SHARE).deconstruct()
	}
}

pub struct EraMillis;
impl Get<u64> for EraMillis {
	fn get() -> u64 {
		ogpu_protocol::emission::nominal_millis(
			crate::timing::EpochBlocks::<Runtime>::get(),
			super::staking::SessionsPerEra::get(),
		)
	}
}

impl ogpu_token::Config for Runtime {
	type CloseOrigin = EnsureRoot<AccountId>;
	type Currency = Balances;
	type EraMillis = EraMillis;
	type Pot = EmissionPot;
	type Treasury = TreasuryAccount;
	type WeightInfo = crate::weights::ogpu_token::WeightInfo<Runtime>;
	type YearlyShareBillionths = YearlyShareBillionths;
}

/// At the end of an era its whole payout is minted into the pot.
pub struct Emission;
impl pallet_staking::EraPayout<Balance> for Emission {
	fn era_payout(_total_staked: Balance, _total_issuance: Balance, era_millis: u64) -> (Balance, Balance) {
		// Staking measures from the era's first block to its last, so that the time of one block is missing.
		(OgpuToken::emit(era_millis.saturating_add(BLOCK_MILLIS)), 0)
	}
}

/// Rewards that staking pays come out of the pot.
pub struct FromPot;
impl OnUnbalanced<Debt<AccountId, Balances>> for FromPot {
	fn on_nonzero_unbalanced(rewards: Debt<AccountId, Balances>) {
		OgpuToken::pay_rewards(rewards);
	}
}

/// So does the part of an era's payout that governance withholds from stakers.
pub struct WithheldFromPot;
impl OnUnbalanced<Credit<AccountId, Balances>> for WithheldFromPot {
	fn on_nonzero_unbalanced(withheld: Credit<AccountId, Balances>) {
		ResolveTo::<TreasuryAccount, Balances>::on_unbalanced(OgpuToken::replace_by_pot(withheld));
	}
}

/// Sends rewards that nobody collected from the pot to the treasury, in the moment in which staking forgets their era.
pub struct ExpireRewards<Inner>(core::marker::PhantomData<Inner>);
impl<Inner: SessionManager<AccountId>> SessionManager<AccountId> for ExpireRewards<Inner> {
	fn new_session(index: SessionIndex) -> Option<Vec<AccountId>> {
		let oldest = CurrentEra::<Runtime>::get().and_then(|era| era.checked_sub(super::staking::HistoryDepth::get()));
		let uncollected = oldest.and_then(|era| Some((era, uncollected_rewards(era)?)));
		let validators = Inner::new_session(index);
		if let Some((era, amount)) = uncollected {
			if !ErasValidatorReward::<Runtime>::contains_key(era) {
				OgpuToken::expire_rewards(amount);
			}
		}
		validators
	}

	fn new_session_genesis(index: SessionIndex) -> Option<Vec<AccountId>> {
		Inner::new_session_genesis(index)
	}

	fn start_session(index: SessionIndex) {
		Inner::start_session(index);
	}

	fn end_session(index: SessionIndex) {
		crate::Liveness::end_session(index);
		Inner::end_session(index);
	}
}

/// What is left of an era's payout: all of it but the pages that were collected. `None` if the era has no payout.
fn uncollected_rewards(era: EraIndex) -> Option<Balance> {
	let payout = ErasValidatorReward::<Runtime>::get(era)?;
	let points = ErasRewardPoints::<Runtime>::get(era);
	let collected = points.individual.into_iter().fold(0, |sum: Balance, (validator, own_points)| {
		let share = Perbill::from_rational(own_points, points.total).mul_floor(payout);
		sum.saturating_add(collected_stake(era, &validator).mul_floor(share))
	});
	Some(payout.saturating_sub(collected))
}

/// The part of the stake behind a validator whose rewards for the era were collected, page by page.
fn collected_stake(era: EraIndex, validator: &AccountId) -> Perbill {
	let pages = ClaimedRewards::<Runtime>::get(era, validator);
	let Some(overview) = ErasStakersOverview::<Runtime>::get(era, validator) else { return Perbill::zero() };
	if pages.len() >= overview.page_count.max(1) as usize {
		return Perbill::one();
	}
	let stake = pages.into_iter().fold(0, |sum: Balance, page| {
		let nominated = ErasStakersPaged::<Runtime>::get((era, validator, page)).map(|page| page.page_total);
		let own = if page == 0 { overview.own } else { 0 };
		sum.saturating_add(nominated.unwrap_or_default()).saturating_add(own)
	});
	Perbill::from_rational(stake, overview.total)
}
