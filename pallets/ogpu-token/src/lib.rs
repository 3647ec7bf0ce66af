//! The only mint of OGPU, and the keeper of its cap.
//!
//! Tokens come into being in three ways: at genesis; when a holder of the Ethereum token [claims](Call::claim) with a
//! proof that stands in the snapshot's Merkle tree; and when an era ends and a fixed share of the remaining
//! [emission](Pallet::emit) goes into a pot without a key, from which stakers are paid. What was minted is counted and
//! never counted back, so what is burned is not minted again.
//!
//! The invariant, for ever: *issued ≤ minted*, and *minted + still mintable ≤ cap*. No signed call can break it, because
//! none but those of this pallet mint. Root can mint in other ways, so whoever dispatches for root does it through
//! [`Pallet::guarded`], which takes back whatever breaks it.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod claims;
mod emission;
pub mod runtime_api;
#[cfg(test)]
mod tests;
pub mod weights;

pub use pallet::*;
pub use runtime_api::Supply;
pub use weights::WeightInfo;

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
	dispatch::{DispatchResult, DispatchResultWithPostInfo},
	ensure,
	traits::{
		fungible::{Balanced, Inspect, Mutate},
		Get,
	},
};
use ogpu_protocol::{
	merkle::MAX_PROOF,
	token::{Balance, CAP},
};
use polkadot_sdk::*;
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_core::{ConstU32, H160, H256};
use sp_runtime::{AccountId32, BoundedVec};

/// The siblings of a leaf on the way to the root.
pub type Proof = BoundedVec<H256, ConstU32<MAX_PROOF>>;
/// A signature of an Ethereum wallet: r, s and v.
pub type EthereumSignature = [u8; 65];

/// Claims that are open: the snapshot's tree, and how much of it has not been claimed.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo, Serialize, Deserialize,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClaimsRecord<BlockNumber> {
	/// The root of the snapshot's tree.
	pub root: H256,
	/// How many leaves it has.
	pub leaves: u32,
	/// What can still be claimed; at genesis, the sum over all leaves.
	pub unclaimed: Balance,
	/// The last block in which a claim is accepted.
	pub deadline: BlockNumber,
}

/// So many leaves share one entry of storage.
pub const LEAVES_PER_CHUNK: u32 = 1024;
/// A bit for each leaf of a chunk: set once it is claimed.
type Chunk = [u8; (LEAVES_PER_CHUNK / 8) as usize];

#[frame_support::pallet]
#[allow(clippy::expect_used, reason = "FRAME expands to it, for names of pallets that always exist")]
#[allow(deprecated, clippy::let_unit_value, reason = "bare transactions: see `ValidateUnsigned` below")]
pub mod pallet {
	use super::*;
	use frame_support::{pallet_prelude::*, PalletId};
	use frame_system::pallet_prelude::*;

	#[pallet::config]
	pub trait Config: polkadot_sdk::frame_system::Config<AccountId = AccountId32> {
		type Currency: Mutate<AccountId32> + Balanced<AccountId32> + Inspect<AccountId32, Balance = Balance>;

		/// The account, without a key, from which stakers are paid.
		#[pallet::constant]
		type Pot: Get<PalletId>;

		/// Where rewards go that nobody collected, and tokens that nobody claimed.
		type Treasury: Get<AccountId32>;

		/// Of what is left to emit, so many billionths are emitted in a year.
		type YearlyShareBillionths: Get<u32>;

		/// How long an era is meant to take.
		type EraMillis: Get<u64>;

		/// Closes the claims once they are over: governance, never a person.
		type CloseOrigin: EnsureOrigin<Self::RuntimeOrigin>;

		type WeightInfo: WeightInfo;
	}

	#[pallet::pallet]
	pub struct Pallet<T>(_);

	/// All that was ever minted, at genesis included. It never falls.
	#[pallet::storage]
	pub type Minted<T> = StorageValue<_, Balance, ValueQuery>;

	/// What is left to emit to stakers.
	#[pallet::storage]
	pub type EmissionLeft<T> = StorageValue<_, Balance, ValueQuery>;

	/// The claims of Ethereum holders, while they are open.
	#[pallet::storage]
	pub type Claims<T: Config> = StorageValue<_, ClaimsRecord<BlockNumberFor<T>>>;

	/// Which leaves have been claimed, [`LEAVES_PER_CHUNK`] in each entry.
	#[pallet::storage]
	pub type Claimed<T> = StorageMap<_, Identity, u32, Chunk>;

	#[pallet::genesis_config]
	pub struct GenesisConfig<T: Config> {
		/// What may be emitted to stakers in all.
		pub emission: Balance,
		/// The snapshot whose holders may claim.
		pub claims: Option<ClaimsRecord<BlockNumberFor<T>>>,
	}

	impl<T: Config> Default for GenesisConfig<T> {
		fn default() -> Self {
			Self { emission: ogpu_protocol::emission::BUDGET, claims: None }
		}
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			let alive = T::Currency::minimum_balance();
			assert!(self.emission >= alive, "ogpuToken.emission must at least keep the pot's account alive");
			assert!(T::Currency::mint_into(&Pallet::<T>::pot(), alive).is_ok(), "the pot must be able to receive");
			EmissionLeft::<T>::put(self.emission.saturating_sub(alive));
			Minted::<T>::put(T::Currency::total_issuance());
			if let Some(claims) = &self.claims {
				assert!(
					claims.leaves > 0 && claims.leaves <= ogpu_protocol::claims::MAX_LEAVES,
					"ogpuToken.claims.leaves must be 1 to {}",
					ogpu_protocol::claims::MAX_LEAVES
				);
				Claims::<T>::put(claims);
			}
			assert!(
				Ledger::now::<T>().is_sound(),
				"the balances, ogpuToken.claims.unclaimed and ogpuToken.emission exceed the cap of 21,000,000 OGPU together"
			);
		}
	}

	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// The holder of an Ethereum account claimed what it held.
		Claimed { index: u32, ethereum_address: H160, destination: AccountId32, amount: Balance },
		/// The claims are over; what nobody claimed was minted for the treasury.
		ClaimsClosed { unclaimed: Balance },
		/// An era's payout to stakers was minted into the pot.
		Emitted { amount: Balance, left: Balance },
		/// Rewards that nobody collected in time went from the pot to the treasury.
		RewardsExpired { amount: Balance },
	}

	#[pallet::error]
	#[derive(PartialEq, Eq)]
	pub enum Error<T> {
		/// This chain has no claims, or they were closed.
		NoClaims,
		/// The deadline for claims has passed.
		TooLate,
		/// The snapshot has no leaf of this index.
		NoSuchLeaf,
		/// This leaf was claimed before.
		AlreadyClaimed,
		/// The proof does not lead from this index, address and amount to the snapshot's root.
		WrongProof,
		/// These 65 bytes are no signature.
		BadSignature,
		/// Another key signed, or another message: another chain, leaf, amount or destination.
		WrongSigner,
		/// The destination cannot receive the amount: it is below the least that an account holds.
		DestinationCannotReceive,
		/// The leaves add up to more than the snapshot's total.
		SnapshotExhausted,
		/// Claims are open until their deadline.
		TooEarly,
		/// The call would have minted beside this pallet, or more than the cap allows; nothing of it was done.
		CapBreached,
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Mint for `destination` what an Ethereum account held in the snapshot.
		///
		/// Sent without a signer and free of fees, or by anybody who pays the fee: the signature inside is the authority.
		/// It is an Ethereum
		/// `personal_sign` of the text of [`ogpu_protocol::claims::message`], which names this chain's genesis, the leaf,
		/// the amount and the destination, so nobody else can use it, nor send the tokens elsewhere.
		///
		/// Refused before it enters a block, with the codes of `docs/errors.md`, if anything is wrong with it.
		/// Emits [`Event::Claimed`].
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::claim().saturating_add(T::WeightInfo::authorize_claim()))]
		#[pallet::authorize(Self::authorize_claim)]
		#[pallet::weight_of_authorize(T::WeightInfo::authorize_claim())]
		pub fn claim(
			origin: OriginFor<T>,
			index: u32,
			ethereum_address: H160,
			amount: Balance,
			proof: Proof,
			signature: EthereumSignature,
			destination: AccountId32,
		) -> DispatchResult {
			let unsigned = frame_system::ensure_authorized(origin.clone()).or_else(|_| ensure_none(origin.clone()));
			unsigned.or_else(|_| ensure_signed(origin).map(|_| ()))?;
			Self::check_claim(index, ethereum_address, amount, &proof, &signature, &destination)?;
			Self::do_claim(index, ethereum_address, amount, destination)
		}

		/// End the claims after their deadline: what nobody claimed is minted for the treasury.
		///
		/// For governance. Emits [`Event::ClaimsClosed`].
		#[pallet::call_index(1)]
		#[pallet::weight(T::WeightInfo::close_claims(MAX_CHUNKS))]
		pub fn close_claims(origin: OriginFor<T>) -> DispatchResultWithPostInfo {
			T::CloseOrigin::ensure_origin(origin)?;
			let chunks = Self::do_close_claims()?;
			Ok(Some(T::WeightInfo::close_claims(chunks)).into())
		}
	}

	/// Claims come as bare transactions too, as @polkadot/api sends them by default, while the SDK supports those.
	#[pallet::validate_unsigned]
	impl<T: Config> ValidateUnsigned for Pallet<T> {
		type Call = Call<T>;

		fn validate_unsigned(_source: TransactionSource, call: &Call<T>) -> TransactionValidity {
			match call {
				Call::claim { index, ethereum_address, amount, proof, signature, destination } => {
					Self::claim_validity(*index, *ethereum_address, *amount, proof, signature, destination)
				}
				_ => Err(InvalidTransaction::Call.into()),
			}
		}
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}
}

/// The most chunks that a snapshot can have.
pub const MAX_CHUNKS: u32 = ogpu_protocol::claims::MAX_LEAVES.div_ceil(LEAVES_PER_CHUNK);

/// The sums that the cap is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ledger {
	issued: Balance,
	minted: Balance,
	mintable: Balance,
}

impl Ledger {
	fn now<T: Config>() -> Self {
		let claimable = Claims::<T>::get().map(|claims| claims.unclaimed).unwrap_or_default();
		Self {
			issued: T::Currency::total_issuance(),
			minted: Minted::<T>::get(),
			mintable: EmissionLeft::<T>::get().saturating_add(claimable),
		}
	}

	fn is_sound(&self) -> bool {
		self.issued <= self.minted && self.minted.saturating_add(self.mintable) <= CAP
	}

	/// Whether nothing was minted since `before` but through this pallet. What was burned stays burned: the distance
	/// between what was minted and what is issued does not shrink.
	fn follows(&self, before: &Self) -> bool {
		let cap = before.minted.saturating_add(before.mintable).max(CAP);
		self.minted >= before.minted
			&& self.minted.saturating_add(self.mintable) <= cap
			&& matches!(
				(self.issued.checked_add(before.minted), before.issued.checked_add(self.minted)),
				(Some(now), Some(then)) if now <= then
			)
	}
}

impl<T: Config> Pallet<T> {
	/// Dispatches a call and takes all of it back if it minted beside this pallet or broke the cap. For those who
	/// dispatch with root's origin: sudo and the scheduler.
	pub fn guarded(dispatch: impl FnOnce() -> DispatchResultWithPostInfo) -> DispatchResultWithPostInfo {
		let before = Ledger::now::<T>();
		frame_support::storage::with_storage_layer(|| {
			let done = dispatch()?;
			ensure!(Ledger::now::<T>().follows(&before), Error::<T>::CapBreached);
			Ok(done)
		})
	}

	/// What exists, what may still come, and what the next era will pay if it takes as long as it should.
	pub fn supply() -> Supply<u32> {
		let Ledger { issued, minted, .. } = Ledger::now::<T>();
		let claims = Claims::<T>::get();
		Supply {
			cap: CAP,
			minted,
			issued,
			burned: minted.saturating_sub(issued),
			unclaimed: claims.as_ref().map(|claims| claims.unclaimed).unwrap_or_default(),
			claims_deadline: claims.and_then(|claims| claims.deadline.try_into().ok()),
			emission_left: EmissionLeft::<T>::get(),
			next_era_payout: Self::payout(T::EraMillis::get()),
		}
	}

	/// The one place where tokens come into being.
	fn mint(to: &AccountId32, amount: Balance) -> DispatchResult {
		T::Currency::mint_into(to, amount)?;
		Minted::<T>::mutate(|minted| *minted = minted.saturating_add(amount));
		Ok(())
	}

	/// 1. What is issued was minted, and with what may still be minted it stays within the cap.
	/// 2. No leaf beyond the snapshot's is marked as claimed.
	/// 3. The pot's account is alive.
	#[cfg(any(test, feature = "try-runtime"))]
	pub fn do_try_state() -> Result<(), sp_runtime::TryRuntimeError> {
		ensure!(Ledger::now::<T>().is_sound(), "issued ≤ minted and minted + mintable ≤ cap must hold");
		let chunks = Claims::<T>::get().map(|claims| claims.leaves.div_ceil(LEAVES_PER_CHUNK)).unwrap_or_default();
		ensure!(Claimed::<T>::iter_keys().all(|chunk| chunk < chunks), "claimed leaves must be of the snapshot");
		ensure!(T::Currency::total_balance(&Self::pot()) > 0, "the pot must be alive");
		Ok(())
	}
}
