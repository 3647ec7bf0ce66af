//! Measures the calls: a claim from the largest snapshot, and the end of the claims.

use super::*;
use frame_benchmarking::v2::*;
use frame_support::pallet_prelude::{Authorize, TransactionSource};
use ogpu_protocol::{
	claims::{address_of, leaf, personal, MAX_LEAVES},
	merkle::root_from,
	token::OGPU,
};
use sp_core::crypto::KeyTypeId;
use sp_io::{crypto, hashing::keccak_256};

const KEYS: KeyTypeId = KeyTypeId(*b"claw");

/// Opens the claims of a snapshot whose first leaf is a key's, and claims it.
fn claim<T: Config>() -> Call<T> {
	let key = crypto::ecdsa_generate(KEYS, Some(b"//Holder".to_vec()));
	let sign = |hash: &[u8; 32]| {
		crypto::ecdsa_sign_prehashed(KEYS, &key, hash).map(|signature| signature.0).unwrap_or([0; 65])
	};
	let (amount, destination) = (OGPU, AccountId32::new([7; 32]));
	let signature = sign(&keccak_256(&personal(&Pallet::<T>::message(0, amount, &destination))));
	let hash = keccak_256(b"any");
	let public_key = crypto::secp256k1_ecdsa_recover(&sign(&hash), &hash).unwrap_or([0; 64]);
	let ethereum_address = H160(address_of(keccak_256, &public_key));

	let depth = u32::BITS.saturating_sub(MAX_LEAVES.leading_zeros());
	let proof: Proof = (0..depth)
		.map(|level| H256::repeat_byte(level as u8))
		.collect::<alloc::vec::Vec<_>>()
		.try_into()
		.unwrap_or_default();
	let leaf = leaf(keccak_256, 0, &ethereum_address.0, amount);
	let root = root_from(keccak_256, MAX_LEAVES, 0, leaf, proof.iter().map(|hash| hash.0)).unwrap_or_default();
	open::<T>(root);
	Call::claim { index: 0, ethereum_address, amount, proof, signature, destination }
}

fn open<T: Config>(root: [u8; 32]) {
	EmissionLeft::<T>::put(0);
	let claims = ClaimsRecord { root: H256(root), leaves: MAX_LEAVES, unclaimed: 1_000 * OGPU, deadline: 10u32.into() };
	Claims::<T>::put(claims);
	frame_system::Pallet::<T>::set_block_number(1u32.into());
}

#[benchmarks]
mod benchmarks {
	use super::*;
	use frame_support::traits::{EnsureOrigin, UnfilteredDispatchable};

	#[benchmark]
	fn claim() -> Result<(), BenchmarkError> {
		let call = super::claim::<T>();
		let origin = frame_system::RawOrigin::Authorized.into();
		#[block]
		{
			call.dispatch_bypass_filter(origin)?;
		}
		assert!(Pallet::<T>::is_claimed(0));
		Ok(())
	}

	#[benchmark]
	fn authorize_claim() -> Result<(), BenchmarkError> {
		let call = super::claim::<T>();
		#[block]
		{
			call.authorize(TransactionSource::External).ok_or("a claim authorises itself")??;
		}
		Ok(())
	}

	#[benchmark]
	fn close_claims(c: Linear<0, MAX_CHUNKS>) -> Result<(), BenchmarkError> {
		open::<T>([0; 32]);
		(0..c).for_each(|chunk| Claimed::<T>::insert(chunk, [255; size_of::<Chunk>()]));
		frame_system::Pallet::<T>::set_block_number(11u32.into());
		let origin = T::CloseOrigin::try_successful_origin().map_err(|_| "governance closes")?;
		#[extrinsic_call]
		_(origin as T::RuntimeOrigin);
		assert!(Claims::<T>::get().is_none());
		Ok(())
	}
}
