//! How holders of the Ethereum token claim theirs: the leaves of the snapshot's tree, and the message that a holder
//! signs with the key of the Ethereum account.

use crate::{
	merkle::{self, Hash},
	token::{format_ogpu, Balance},
};
use alloc::{
	format,
	string::{String, ToString},
	vec::Vec,
};
use core::fmt::Write;

/// The account of a holder on Ethereum.
pub type EthereumAddress = [u8; 20];

/// The most leaves that a snapshot may have.
pub const MAX_LEAVES: u32 = 1_000_000;

/// The leaf of a holder: its place, its account and what it held. All numbers big-endian, as Ethereum packs them.
pub fn leaf(hash: impl Fn(&[u8]) -> Hash, index: u32, address: &EthereumAddress, amount: Balance) -> Hash {
	merkle::leaf(hash, &[index.to_be_bytes().as_slice(), address, &amount.to_be_bytes()].concat())
}

/// What the holder signs. It names the chain, the leaf and the destination, so that the signature is worth nothing
/// anywhere else; `destination` is the account's address on this network (prefix 1071).
pub fn message(genesis: &Hash, index: u32, amount: Balance, destination: &str) -> String {
	format!(
		"I claim {} OGPU, number {index} of the snapshot,\nfor the account {destination}\non the chain with the genesis {}",
		format_ogpu(amount),
		hex(genesis),
	)
}

/// The bytes that an Ethereum wallet hashes with Keccak-256 and signs when it is asked for a `personal_sign` (EIP-191).
pub fn personal(message: &str) -> Vec<u8> {
	let mut bytes = b"\x19Ethereum Signed Message:\n".to_vec();
	bytes.extend_from_slice(message.len().to_string().as_bytes());
	bytes.extend_from_slice(message.as_bytes());
	bytes
}

/// The account of a public key, given as the 64 bytes of its point.
pub fn address_of(hash: impl Fn(&[u8]) -> Hash, public_key: &[u8; 64]) -> EthereumAddress {
	let mut address = [0; 20];
	address.copy_from_slice(hash(public_key).split_at(12).1);
	address
}

/// An address as Ethereum's wallets write it, with the checksum of EIP-55 in its capitals.
pub fn checksummed(hash: impl Fn(&[u8]) -> Hash, address: &EthereumAddress) -> String {
	let plain = hex(address).split_off(2);
	let nibbles = hash(plain.as_bytes()).into_iter().flat_map(|byte| [byte >> 4, byte & 15]);
	let capital = |(digit, nibble): (char, u8)| if nibble >= 8 { digit.to_ascii_uppercase() } else { digit };
	"0x".chars().chain(plain.chars().zip(nibbles).map(capital)).collect()
}

/// Why a text is not the address of an Ethereum account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAnAddress {
	/// It is not `0x` and forty hexadecimal digits.
	Malformed,
	/// Its capitals are not those of its checksum: a digit is mistyped.
	Checksum,
}

/// Reads an Ethereum address. In mixed case its checksum must hold; in one case it carries none.
pub fn parse_address(hash: impl Fn(&[u8]) -> Hash, text: &str) -> Result<EthereumAddress, NotAnAddress> {
	let digits = text.strip_prefix("0x").filter(|digits| digits.len() == 40).ok_or(NotAnAddress::Malformed)?;
	let mut address = EthereumAddress::default();
	for (byte, pair) in address.iter_mut().zip(digits.as_bytes().chunks(2)) {
		let mut digits = pair.iter().map(|digit| char::from(*digit).to_digit(16));
		let (Some(Some(high)), Some(Some(low))) = (digits.next(), digits.next()) else {
			return Err(NotAnAddress::Malformed);
		};
		*byte = u8::try_from(high << 4 | low).map_err(|_| NotAnAddress::Malformed)?;
	}
	let one_case = |is: fn(&u8) -> bool| !digits.bytes().any(|digit| is(&digit));
	let has_checksum = !one_case(u8::is_ascii_uppercase) && !one_case(u8::is_ascii_lowercase);
	if has_checksum && checksummed(hash, &address) != text {
		return Err(NotAnAddress::Checksum);
	}
	Ok(address)
}

/// Bytes in hexadecimal, after `0x`.
pub fn hex(bytes: &[u8]) -> String {
	bytes.iter().fold("0x".into(), |mut text: String, byte| {
		// Writing to a string cannot fail.
		let _ = write!(text, "{byte:02x}");
		text
	})
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::token::OGPU;
	use proptest::prelude::*;
	use sha3::{Digest, Keccak256};

	fn keccak(bytes: &[u8]) -> Hash {
		Keccak256::digest(bytes).into()
	}

	#[test]
	fn the_message_says_what_is_claimed_for_whom_and_where() {
		assert_eq!(
			message(&[0xab; 32], 7, 25 * OGPU / 2, "5F…"),
			"I claim 12.5 OGPU, number 7 of the snapshot,\nfor the account 5F…\non the chain with the genesis 0xabab\
			 abababababababababababababababababababababababababababababab"
		);
		assert!(personal("abc").ends_with(b"Message:\n3abc"));
	}

	#[test]
	fn the_examples_of_eip_55_are_read_and_written() {
		for address in [
			"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
			"0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
			"0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
			"0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
		] {
			let bytes = parse_address(keccak, address).unwrap();
			assert_eq!(checksummed(keccak, &bytes), address);
			assert_eq!(parse_address(keccak, &address.to_lowercase()), Ok(bytes));
		}
		let mistyped = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD";
		assert_eq!(parse_address(keccak, mistyped), Err(NotAnAddress::Checksum));
		for malformed in
			["", "0x", "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe"]
		{
			assert_eq!(parse_address(keccak, malformed), Err(NotAnAddress::Malformed), "{malformed}");
		}
	}

	proptest! {
		#[test]
		fn no_text_makes_the_reader_of_addresses_panic(text in ".*", digits in "0x.{40}") {
			let _ = parse_address(keccak, &text);
			let _ = parse_address(keccak, &digits);
		}

		#[test]
		fn leaves_differ_in_each_of_their_parts(index: u32, address: [u8; 20], amount: u128) {
			let this = leaf(keccak, index, &address, amount);
			prop_assert_ne!(this, leaf(keccak, index ^ 1, &address, amount));
			prop_assert_ne!(this, leaf(keccak, index, &address, amount ^ 1));
			let mut other = address;
			other[19] ^= 1;
			prop_assert_ne!(this, leaf(keccak, index, &other, amount));
		}
	}
}
