//! Claims of Ethereum holders: each leaf of the snapshot once, for whoever holds its key.

use super::*;
use frame_support::pallet_prelude::{
	InvalidTransaction, TransactionSource, TransactionValidity, TransactionValidityWithRefund, ValidTransaction, Weight,
};
use frame_support::traits::tokens::{DepositConsequence, Provenance};
use ogpu_protocol::{
	claims::{address_of, leaf, message, personal},
	merkle,
};
use sp_core::crypto::{Ss58AddressFormat, Ss58Codec};
use sp_io::{crypto::secp256k1_ecdsa_recover, hashing::keccak_256};
use sp_runtime::{traits::Zero, transaction_validity::TransactionValidityError};

impl<T: Config> Pallet<T> {
	/// Everything that can be wrong with a claim, the cheap checks first.
	pub(crate) fn check_claim(
		index: u32,
		ethereum_address: H160,
		amount: Balance,
		proof: &Proof,
		signature: &EthereumSignature,
		destination: &AccountId32,
	) -> Result<(), Error<T>> {
		let claims = Claims::<T>::get().ok_or(Error::<T>::NoClaims)?;
		ensure!(frame_system::Pallet::<T>::block_number() <= claims.deadline, Error::<T>::TooLate);
		ensure!(index < claims.leaves, Error::<T>::NoSuchLeaf);
		ensure!(!Self::is_claimed(index), Error::<T>::AlreadyClaimed);
		ensure!(amount <= claims.unclaimed, Error::<T>::SnapshotExhausted);
		let receives = T::Currency::can_deposit(destination, amount, Provenance::Minted);
		ensure!(receives == DepositConsequence::Success, Error::<T>::DestinationCannotReceive);

		let leaf = leaf(keccak_256, index, &ethereum_address.0, amount);
		let siblings = proof.iter().map(|hash| hash.0);
		let root = merkle::root_from(keccak_256, claims.leaves, index, leaf, siblings);
		ensure!(root == Some(claims.root.0), Error::<T>::WrongProof);

		let signed = personal(&Self::message(index, amount, destination));
		let key = secp256k1_ecdsa_recover(signature, &keccak_256(&signed)).map_err(|_| Error::<T>::BadSignature)?;
		ensure!(address_of(keccak_256, &key) == ethereum_address.0, Error::<T>::WrongSigner);
		Ok(())
	}

	/// The text that the holder signs for this claim on this chain.
	pub fn message(index: u32, amount: Balance, destination: &AccountId32) -> alloc::string::String {
		let genesis = frame_system::Pallet::<T>::block_hash(frame_system::pallet_prelude::BlockNumberFor::<T>::zero());
		let mut genesis_bytes = [0; 32];
		genesis_bytes.iter_mut().zip(genesis.as_ref()).for_each(|(to, from)| *to = *from);
		let format = Ss58AddressFormat::custom(T::SS58Prefix::get());
		message(&genesis_bytes, index, amount, &destination.to_ss58check_with_version(format))
	}

	pub(crate) fn claim_validity(
		index: u32,
		ethereum_address: H160,
		amount: Balance,
		proof: &Proof,
		signature: &EthereumSignature,
		destination: &AccountId32,
	) -> TransactionValidity {
		Self::check_claim(index, ethereum_address, amount, proof, signature, destination)?;
		// One claim of a leaf is in the pool at a time: the first one stays.
		ValidTransaction::with_tag_prefix("OgpuTokenClaim").and_provides(index).propagate(true).build()
	}

	#[allow(clippy::too_many_arguments, reason = "they are the call's")]
	pub(crate) fn authorize_claim(
		_source: TransactionSource,
		index: &u32,
		ethereum_address: &H160,
		amount: &Balance,
		proof: &Proof,
		signature: &EthereumSignature,
		destination: &AccountId32,
	) -> TransactionValidityWithRefund {
		let validity = Self::claim_validity(*index, *ethereum_address, *amount, proof, signature, destination)?;
		Ok((validity, Weight::zero()))
	}

	/// The claim has passed [`Self::check_claim`].
	pub(crate) fn do_claim(
		index: u32,
		ethereum_address: H160,
		amount: Balance,
		destination: AccountId32,
	) -> DispatchResult {
		Self::mint(&destination, amount)?;
		Claims::<T>::mutate_extant(|claims| claims.unclaimed = claims.unclaimed.saturating_sub(amount));
		Claimed::<T>::mutate(index / LEAVES_PER_CHUNK, |chunk| {
			if let Some(byte) = chunk.get_or_insert([0; size_of::<Chunk>()]).get_mut(byte_of(index)) {
				*byte |= bit_of(index);
			}
		});
		Self::deposit_event(Event::Claimed { index, ethereum_address, destination, amount });
		Ok(())
	}

	/// Returns how many chunks of marks it removed.
	pub(crate) fn do_close_claims() -> Result<u32, sp_runtime::DispatchError> {
		let claims = Claims::<T>::get().ok_or(Error::<T>::NoClaims)?;
		ensure!(frame_system::Pallet::<T>::block_number() > claims.deadline, Error::<T>::TooEarly);
		Self::mint(&T::Treasury::get(), claims.unclaimed)?;
		Claims::<T>::kill();
		let removed = Claimed::<T>::clear(MAX_CHUNKS, None).unique;
		Self::deposit_event(Event::ClaimsClosed { unclaimed: claims.unclaimed });
		Ok(removed)
	}

	/// Whether this leaf of the snapshot has been claimed.
	pub fn is_claimed(index: u32) -> bool {
		Claimed::<T>::get(index / LEAVES_PER_CHUNK)
			.and_then(|chunk| chunk.get(byte_of(index)).map(|byte| byte & bit_of(index) != 0))
			.unwrap_or(false)
	}
}

const fn byte_of(index: u32) -> usize {
	(index % LEAVES_PER_CHUNK / 8) as usize
}

const fn bit_of(index: u32) -> u8 {
	1 << (index % 8)
}

impl<T> Error<T> {
	/// The code with which the pool refuses a claim, from the table in `docs/errors.md`.
	pub const fn refusal_code(&self) -> u8 {
		match self {
			Self::NoClaims => 1,
			Self::TooLate => 2,
			Self::NoSuchLeaf => 3,
			Self::AlreadyClaimed => 4,
			Self::WrongProof => 5,
			Self::BadSignature => 6,
			Self::WrongSigner => 7,
			Self::DestinationCannotReceive => 8,
			Self::SnapshotExhausted => 9,
			// No reason to refuse a transaction: these belong to calls of governance.
			Self::TooEarly | Self::CapBreached | Self::__Ignore(..) => 0,
		}
	}
}

impl<T> From<Error<T>> for TransactionValidityError {
	fn from(error: Error<T>) -> Self {
		InvalidTransaction::Custom(error.refusal_code()).into()
	}
}
