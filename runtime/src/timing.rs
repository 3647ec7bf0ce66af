//! How long epochs and eras are. Set at genesis and fixed for ever, because BABE cannot change its epochs: so a
//! development chain sees an era in minutes with the very wasm that a public chain runs with hours.

pub use pallet::*;

use polkadot_sdk::*;

#[frame_support::pallet]
#[allow(clippy::expect_used, reason = "FRAME expands to it, for names of pallets that always exist")]
pub mod pallet {
	use super::*;
	use frame_support::pallet_prelude::*;
	use ogpu_protocol::time;

	#[pallet::config]
	pub trait Config: polkadot_sdk::frame_system::Config {}

	#[pallet::pallet]
	pub struct Pallet<T>(_);

	#[pallet::type_value]
	pub fn DefaultEpochBlocks() -> u32 {
		time::EPOCH_BLOCKS
	}

	#[pallet::type_value]
	pub fn DefaultSessionsPerEra() -> u32 {
		time::SESSIONS_PER_ERA
	}

	#[pallet::type_value]
	pub fn DefaultBondingEras() -> u32 {
		time::BONDING_ERAS
	}

	/// Slots of an epoch, which is a session.
	#[pallet::storage]
	pub type EpochBlocks<T> = StorageValue<_, u32, ValueQuery, DefaultEpochBlocks>;

	/// Sessions of an era.
	#[pallet::storage]
	pub type SessionsPerEra<T> = StorageValue<_, u32, ValueQuery, DefaultSessionsPerEra>;

	/// Eras that stake takes to unbond.
	#[pallet::storage]
	pub type BondingEras<T> = StorageValue<_, u32, ValueQuery, DefaultBondingEras>;

	#[pallet::genesis_config]
	pub struct GenesisConfig<T: Config> {
		pub epoch_blocks: u32,
		pub sessions_per_era: u32,
		pub bonding_eras: u32,
		#[serde(skip)]
		pub _config: PhantomData<T>,
	}

	impl<T: Config> Default for GenesisConfig<T> {
		fn default() -> Self {
			Self {
				epoch_blocks: time::EPOCH_BLOCKS,
				sessions_per_era: time::SESSIONS_PER_ERA,
				bonding_eras: time::BONDING_ERAS,
				_config: PhantomData,
			}
		}
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			assert!(self.epoch_blocks >= 4, "timing.epochBlocks must be 4 or more: BABE needs time to hand over");
			assert!(self.sessions_per_era >= 1, "timing.sessionsPerEra must be 1 or more");
			assert!(
				(2..32).contains(&self.bonding_eras),
				"timing.bondingEras must be 2 to 31: a slash is deferred by one less, and pools keep 32 eras of unbonding"
			);
			EpochBlocks::<T>::put(self.epoch_blocks);
			SessionsPerEra::<T>::put(self.sessions_per_era);
			BondingEras::<T>::put(self.bonding_eras);
		}
	}
}
