//! Emission to stakers: minted once at the end of an era into a pot, from which each staker's share is paid when it is
//! collected.

use super::*;
use frame_support::traits::{
	fungible::{Credit, Debt},
	tokens::{Fortitude::Polite, Preservation::Preserve},
	Defensive, Imbalance,
};
use sp_runtime::traits::AccountIdConversion;

impl<T: Config> Pallet<T> {
	/// The account from which stakers are paid. It has no key.
	pub fn pot() -> AccountId32 {
		T::Pot::get().into_account_truncating()
	}

	/// What an era of this length pays.
	pub(crate) fn payout(elapsed_millis: u64) -> Balance {
		let (left, share) = (EmissionLeft::<T>::get(), T::YearlyShareBillionths::get());
		ogpu_protocol::emission::payout(left, share, elapsed_millis, T::EraMillis::get())
	}

	/// Mints the payout of an era that ends after so long into the pot, and returns it.
	pub fn emit(elapsed_millis: u64) -> Balance {
		let amount = Self::payout(elapsed_millis);
		if Self::mint(&Self::pot(), amount).defensive_proof("the pot is alive and can receive").is_err() {
			return 0;
		}
		let left = EmissionLeft::<T>::mutate(|left| {
			*left = left.saturating_sub(amount);
			*left
		});
		Self::deposit_event(Event::Emitted { amount, left });
		amount
	}

	/// Pays from the pot for rewards that staking has just put into accounts.
	///
	/// Staking rounds each share to the nearest unit, so that together they can exceed the payout by a few units. Those
	/// come out of what is left to emit.
	pub fn pay_rewards(rewards: Debt<AccountId32, T::Currency>) {
		let pot = Self::pot();
		let in_pot = T::Currency::reducible_balance(&pot, Preserve, Polite);
		let (covered, rounding) = rewards.split(in_pot);
		let _ = T::Currency::settle(&pot, covered, Preserve).defensive_proof("the pot holds it");
		let excess = rounding.peek();
		if excess > 0 {
			let left = EmissionLeft::<T>::get().checked_sub(excess).defensive_unwrap_or_default();
			EmissionLeft::<T>::put(left);
			Minted::<T>::mutate(|minted| *minted = minted.saturating_add(excess));
		}
		// Dropped, it becomes part of what is issued.
		drop(rounding);
	}

	/// Takes from the pot what staking has issued anew for the treasury, so that it is not issued twice.
	pub fn replace_by_pot(issued: Credit<AccountId32, T::Currency>) -> Credit<AccountId32, T::Currency> {
		let in_pot = T::Currency::withdraw(
			&Self::pot(),
			issued.peek(),
			frame_support::traits::tokens::Precision::BestEffort,
			Preserve,
			Polite,
		);
		// Dropped, the newly issued ones are gone.
		drop(issued);
		in_pot.defensive_unwrap_or_else(Credit::<AccountId32, T::Currency>::zero)
	}

	/// Moves rewards that can no longer be collected from the pot to the treasury.
	pub fn expire_rewards(amount: Balance) {
		let pot = Self::pot();
		let amount = amount.min(T::Currency::reducible_balance(&pot, Preserve, Polite));
		let moved = T::Currency::transfer(&pot, &T::Treasury::get(), amount, Preserve);
		if amount > 0 && moved.is_ok() {
			Self::deposit_event(Event::RewardsExpired { amount });
		}
	}
}
