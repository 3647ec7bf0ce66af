//! The network's clock: it counts blocks, but stands still while nobody can be expected to act: while finality lags, in
//! safe mode, and during migrations of many blocks. Whatever has a deadline that punishes goes by it.
//!
//! The chain cannot see what is final, so each author adds what it sees; of the last lags the median counts, which no
//! minority of the authors can move beyond what honest ones see.

pub use pallet::*;

use codec::{Decode, Encode};
use frame_support::{traits::Get, BoundedVec};
use ogpu_protocol::time::BlockNumber;
use polkadot_sdk::*;
use sp_inherents::{InherentIdentifier, IsFatalError};
use sp_runtime::traits::{BlockNumberProvider, ConstU32, SaturatedConversion};

/// Under this name an author adds the number of the last block that it sees final.
pub const INHERENT_IDENTIFIER: InherentIdentifier = *b"ogpufin0";

/// Finality is on time while it is no more than so many blocks behind: usually it is three.
pub const MAX_LAG: BlockNumber = 8;

/// Of so many lags, the median counts.
pub const LAGS: u32 = 11;

/// Why an author's word about finality is refused.
#[derive(Debug, Encode, Decode)]
pub enum InherentError {
	/// What it calls final does not exist yet.
	NotYet,
}

impl IsFatalError for InherentError {
	fn is_fatal_error(&self) -> bool {
		true
	}
}

#[frame_support::pallet]
#[allow(clippy::expect_used, reason = "FRAME expands to it, for names of pallets that always exist")]
pub mod pallet {
	use super::*;
	use frame_support::{inherent::ProvideInherent, pallet_prelude::*, weights::WeightMeter};
	use frame_system::pallet_prelude::*;
	use sp_inherents::InherentData;

	#[pallet::config]
	pub trait Config: polkadot_sdk::frame_system::Config {
		/// Whether governance or a guardian has stopped the chain.
		type IsPaused: Get<bool>;
	}

	#[pallet::pallet]
	pub struct Pallet<T>(_);

	/// What the clock shows.
	#[pallet::storage]
	pub type Now<T> = StorageValue<_, BlockNumber, ValueQuery>;

	/// By how many blocks finality was behind, as the authors of the last blocks saw it; the latest last.
	#[pallet::storage]
	pub type Lags<T> = StorageValue<_, BoundedVec<BlockNumber, ConstU32<LAGS>>, ValueQuery>;

	#[pallet::error]
	pub enum Error<T> {
		/// A block that does not exist yet cannot be final.
		NotYet,
		/// A block says once what is final.
		AlreadySaid,
	}

	/// Whether this block has said what is final.
	#[pallet::storage]
	#[pallet::whitelist_storage]
	pub type HasSaid<T> = StorageValue<_, bool, ValueQuery>;

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn on_initialize(_: BlockNumberFor<T>) -> Weight {
			HasSaid::<T>::kill();
			T::DbWeight::get().reads_writes(3, 3)
		}

		fn on_poll(_: BlockNumberFor<T>, _: &mut WeightMeter) {
			if !T::IsPaused::get() && Self::lag() <= MAX_LAG {
				Now::<T>::mutate(|now| *now = now.saturating_add(1));
			}
		}
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Say which block the author of this one sees final. Authors add it to their blocks; it cannot be sent.
		#[pallet::call_index(0)]
		#[pallet::weight((T::DbWeight::get().reads_writes(2, 2), DispatchClass::Mandatory))]
		pub fn note_final(origin: OriginFor<T>, number: BlockNumber) -> DispatchResult {
			ensure_none(origin)?;
			ensure!(!HasSaid::<T>::get(), Error::<T>::AlreadySaid);
			let lag = Self::parent().checked_sub(number).ok_or(Error::<T>::NotYet)?;
			Lags::<T>::mutate(|lags| {
				if lags.is_full() {
					lags.remove(0);
				}
				lags.try_push(lag)
			})
			.map_err(|_| Error::<T>::AlreadySaid)?;
			HasSaid::<T>::put(true);
			Ok(())
		}
	}

	#[pallet::inherent]
	impl<T: Config> ProvideInherent for Pallet<T> {
		type Call = Call<T>;
		type Error = InherentError;

		const INHERENT_IDENTIFIER: InherentIdentifier = INHERENT_IDENTIFIER;

		fn create_inherent(data: &InherentData) -> Option<Call<T>> {
			let number = data.get_data::<BlockNumber>(&INHERENT_IDENTIFIER).ok().flatten()?;
			// A fork may be shorter than what is final elsewhere.
			Some(Call::note_final { number: number.min(Self::parent()) })
		}

		fn check_inherent(call: &Call<T>, _: &InherentData) -> Result<(), InherentError> {
			match call {
				Call::note_final { number } if *number > Self::parent() => Err(InherentError::NotYet),
				_ => Ok(()),
			}
		}

		fn is_inherent(call: &Call<T>) -> bool {
			matches!(call, Call::note_final { .. })
		}
	}
}

impl<T: Config> Pallet<T> {
	/// The number of the block before this one.
	fn parent() -> BlockNumber {
		let block: BlockNumber = frame_system::Pallet::<T>::block_number().saturated_into();
		block.saturating_sub(1)
	}

	/// By how many blocks finality is behind.
	pub fn lag() -> BlockNumber {
		let mut lags = Lags::<T>::get().into_inner();
		lags.sort_unstable();
		let middle = lags.len() / 2;
		lags.get(middle).copied().unwrap_or_default()
	}
}

impl<T: Config> BlockNumberProvider for Pallet<T> {
	type BlockNumber = frame_system::pallet_prelude::BlockNumberFor<T>;

	fn current_block_number() -> Self::BlockNumber {
		Now::<T>::get().saturated_into()
	}

	#[cfg(any(feature = "std", feature = "runtime-benchmarks"))]
	fn set_block_number(block: Self::BlockNumber) {
		Now::<T>::put(block.saturated_into::<BlockNumber>());
	}
}
