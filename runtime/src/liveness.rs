//! Validators that produce no blocks are reported as an offence: no extra messages are needed, since with secondary
//! slots every validator is due one block in as many as there are validators.

pub use pallet::*;

use alloc::{collections::BTreeMap, vec::Vec};
use frame_support::BoundedBTreeMap;
use pallet_session::historical::IdentificationTuple;
use polkadot_sdk::*;
use sp_runtime::{
	traits::{Convert, Saturating},
	Perbill,
};
use sp_staking::{
	offence::{Kind, Offence, ReportOffence},
	SessionIndex,
};

/// A validator that is due so many blocks is certain to have authored one: by chance, an honest one has not once in
/// 10¹⁷ times.
pub const DUE_BLOCKS: u32 = 40;

#[frame_support::pallet]
#[allow(clippy::expect_used, reason = "FRAME expands to it, for names of pallets that always exist")]
pub mod pallet {
	use super::*;
	use frame_support::pallet_prelude::*;
	use frame_system::pallet_prelude::BlockNumberFor;

	#[pallet::config]
	pub trait Config:
		polkadot_sdk::frame_system::Config
		+ pallet_session::Config<ValidatorId = <Self as frame_system::Config>::AccountId>
		+ pallet_session::historical::Config
	{
		/// No more validators than this are active.
		type MaxValidators: Get<u32>;

		/// Who punishes.
		type Report: ReportOffence<Self::AccountId, IdentificationTuple<Self>, Silence<IdentificationTuple<Self>>>;
	}

	#[pallet::pallet]
	pub struct Pallet<T>(_);

	/// The authors of this session's blocks.
	#[pallet::storage]
	pub type Authors<T: Config> = StorageMap<_, Twox64Concat, T::AccountId, ()>;

	/// The block in which this session began.
	#[pallet::storage]
	pub type SessionStart<T: Config> = StorageValue<_, BlockNumberFor<T>, ValueQuery>;

	/// Validators that authored nothing lately, and how many blocks there were since.
	#[pallet::storage]
	pub type Silent<T: Config> = StorageValue<_, BoundedBTreeMap<T::AccountId, u32, T::MaxValidators>, ValueQuery>;

	impl<T: Config> pallet_authorship::EventHandler<T::AccountId, BlockNumberFor<T>> for Pallet<T> {
		fn note_author(author: T::AccountId) {
			if !Authors::<T>::contains_key(&author) {
				Authors::<T>::insert(author, ());
			}
		}
	}
}

impl<T: Config> Pallet<T> {
	/// Counts for whom the session was silent, and reports those who were due [`DUE_BLOCKS`].
	pub fn end_session(session_index: SessionIndex) {
		use sp_runtime::traits::SaturatedConversion;
		let now = frame_system::Pallet::<T>::block_number();
		let blocks: u32 = now.saturating_sub(SessionStart::<T>::get()).saturated_into();
		SessionStart::<T>::put(now);

		let validators = pallet_session::Validators::<T>::get();
		let count = validators.len() as u32;
		let disabled: Vec<u32> = pallet_session::Pallet::<T>::disabled_validators();
		let before = Silent::<T>::take();
		let mut silent = BTreeMap::new();
		let mut offenders = Vec::new();
		for (index, validator) in (0u32..).zip(validators) {
			// Who may not author is not silent.
			if Authors::<T>::take(&validator).is_some() || disabled.contains(&index) {
				continue;
			}
			let since = before.get(&validator).copied().unwrap_or_default().saturating_add(blocks);
			if since < count.saturating_mul(DUE_BLOCKS) {
				silent.insert(validator, since);
			} else if let Some(identity) = T::FullIdentificationOf::convert(validator.clone()) {
				// Who is reported begins anew, so that lasting silence is reported again.
				offenders.push((validator, identity));
			}
		}
		// Whoever authored and left has left a mark.
		let _ = Authors::<T>::clear(u32::MAX, None);
		if let Ok(silent) = BoundedBTreeMap::<_, _, T::MaxValidators>::try_from(silent) {
			Silent::<T>::put(silent);
		}
		if !offenders.is_empty() {
			let offence = Silence { session_index, validator_set_count: count, offenders };
			if let Err(error) = T::Report::report_offence(Vec::new(), offence) {
				log::error!(target: "runtime::liveness", "the silence of validators could not be reported: {error:?}");
			}
		}
	}
}

/// Validators authored none of the blocks that they were due.
pub struct Silence<Offender> {
	pub session_index: SessionIndex,
	pub validator_set_count: u32,
	pub offenders: Vec<Offender>,
}

impl<Offender: Clone> Offence<Offender> for Silence<Offender> {
	type Slot = SessionIndex;

	const ID: Kind = *b"ogpu:silent-node";

	fn offenders(&self) -> Vec<Offender> {
		self.offenders.clone()
	}

	fn session_index(&self) -> SessionIndex {
		self.session_index
	}

	fn validator_set_count(&self) -> u32 {
		self.validator_set_count
	}

	fn slot(&self) -> SessionIndex {
		self.session_index
	}

	/// One machine in ten, and one more, may fail without a slash: it earns nothing meanwhile. More at once endanger
	/// finality, and are slashed by up to 7 % when a third is silent.
	fn slash_fraction(&self, offenders_count: u32) -> Perbill {
		let tolerated = self.validator_set_count.saturating_div(10).saturating_add(1);
		let excess = offenders_count.saturating_sub(tolerated).saturating_mul(3);
		let part = Perbill::from_rational(excess.min(self.validator_set_count), self.validator_set_count.max(1));
		Perbill::from_percent(7).saturating_mul(part)
	}
}
