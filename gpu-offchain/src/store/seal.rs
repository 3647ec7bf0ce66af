//! Private inputs: sealed so that only those can read them whose transport keys were named. The format, byte by byte, is
//! in `docs/artifacts.md`.

use super::{
	endpoint::{Key, Secret},
	error::{Error, Result},
};
use crate::artifacts::MOST_BYTES;
use chacha20poly1305::{
	aead::{
		rand_core::RngCore,
		stream::{DecryptorBE32, EncryptorBE32, StreamBE32},
		OsRng, Payload,
	},
	ChaCha20Poly1305, KeyInit,
};
use std::{
	fmt,
	io::{ErrorKind, Read, Write},
};

const SEALED: &[u8; 8] = b"OGPUbox1";

/// Recipients of one sealed artifact: a service draws few devices, and others can ask a recipient for the key.
pub(super) const MOST_RECIPIENTS: usize = 256;

/// Plain bytes in a chunk, and what sealing adds to each.
const CHUNK: usize = 64 << 10;
const TAG: usize = 16;

/// A content key for one recipient: a sealed box of 32 bytes.
const BOX: usize = 32 + crypto_box::SEALBYTES;

/// Magic, commitment to the key, account of the client, plain size, number of boxes.
const HEADER: usize = 8 + 32 + 32 + 8 + 2;

/// Bytes in which a header ends, however many boxes it has.
pub(super) const MOST_HEADER: u64 = (HEADER + MOST_RECIPIENTS * BOX) as u64;

/// What opens one sealed artifact, whoever has it.
#[derive(Clone, PartialEq, Eq)]
pub struct ContentKey([u8; 32]);

impl fmt::Debug for ContentKey {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.write_str("a content key")
	}
}

impl ContentKey {
	fn generate() -> Self {
		let mut key = [0; 32];
		OsRng.fill_bytes(&mut key);
		Self(key)
	}

	pub(super) fn from_bytes(bytes: [u8; 32]) -> Self {
		Self(bytes)
	}

	/// As secret as what it opens.
	pub(super) fn bytes(&self) -> &[u8; 32] {
		&self.0
	}

	/// Names the key and whose request it is for, without giving it away. It is in the header, so that two recipients cannot
	/// be made to read different bytes out of one artifact: with ChaCha20-Poly1305 alone they could. And nobody who does not
	/// know the key can put an artifact under another client's name, and so have it opened for a request of its own.
	fn commitment(&self, client: &[u8; 32]) -> [u8; 32] {
		let both = [self.0.as_slice(), client].concat();
		blake3::derive_key("OGPU 2026 artifacts, commitment to a content key", &both)
	}

	fn cipher(&self) -> ChaCha20Poly1305 {
		let key = blake3::derive_key("OGPU 2026 artifacts, encryption by a content key", &self.0);
		ChaCha20Poly1305::new(&key.into())
	}

	fn wrap(&self, recipient: &Key) -> Result<Vec<u8>> {
		recipient.encryption()?.seal(&mut OsRng, &self.0).map_err(|_| Error::machine("a key cannot be sealed"))
	}
}

/// The key changes with each artifact, so the beginning of the nonce need not.
fn nonce() -> chacha20poly1305::aead::stream::Nonce<ChaCha20Poly1305, StreamBE32<ChaCha20Poly1305>> {
	Default::default()
}

/// How many bytes an artifact of so many has when it is sealed to so many recipients.
pub(super) fn sealed_bytes(plain: u64, recipients: usize) -> u64 {
	let chunks = plain.div_ceil(CHUNK as u64).max(1);
	let boxes = (recipients as u64).saturating_mul(BOX as u64);
	plain.saturating_add(chunks.saturating_mul(TAG as u64)).saturating_add(boxes).saturating_add(HEADER as u64)
}

/// What stands before the chunks.
struct Header {
	commitment: [u8; 32],
	client: [u8; 32],
	plain: u64,
	boxes: Vec<[u8; BOX]>,
}

impl Header {
	fn read(mut sealed: impl Read) -> Result<Self> {
		let mut magic = [0; 8];
		let (mut commitment, mut client, mut plain, mut count) = ([0; 32], [0; 32], [0; 8], [0; 2]);
		for part in [&mut magic[..], &mut commitment, &mut client, &mut plain, &mut count] {
			fill(&mut sealed, part)?;
		}
		if &magic != SEALED {
			return Err(Error::Sealed("it does not begin as sealed artifacts do"));
		}
		let plain = u64::from_le_bytes(plain);
		if plain > MOST_BYTES {
			return Err(Error::Sealed("it claims more than 8 GiB"));
		}
		let count = usize::from(u16::from_le_bytes(count));
		if count > MOST_RECIPIENTS {
			return Err(Error::Sealed("it claims too many recipients"));
		}
		let mut boxes = Vec::new();
		for _ in 0..count {
			let mut sealed_box = [0; BOX];
			fill(&mut sealed, &mut sealed_box)?;
			boxes.push(sealed_box);
		}
		Ok(Self { commitment, client, plain, boxes })
	}

	/// What every chunk is bound to.
	fn bound(&self) -> [u8; HEADER - 2] {
		let mut bound = [0; HEADER - 2];
		let names = SEALED.iter().chain(&self.commitment).chain(&self.client).copied();
		let parts = names.chain(self.plain.to_le_bytes());
		for (to, from) in bound.iter_mut().zip(parts) {
			*to = from;
		}
		bound
	}

	fn is_of(&self, key: &ContentKey) -> bool {
		key.commitment(&self.client) == self.commitment
	}
}

fn fill(mut from: impl Read, buffer: &mut [u8]) -> Result<()> {
	from.read_exact(buffer).map_err(|error| match error.kind() {
		ErrorKind::UnexpectedEof => Error::Sealed("it is cut off"),
		_ => error.into(),
	})
}

/// Seals exactly so many bytes to these keys, for requests of this client alone. Whoever has the key that comes out can open it.
pub(super) fn seal(
	client: &[u8; 32],
	mut plain: impl Read,
	bytes: u64,
	recipients: &[Key],
	mut sealed: impl Write,
) -> Result<ContentKey> {
	if recipients.len() > MOST_RECIPIENTS {
		return Err(Error::invalid(format_args!(
			"{} recipients: an artifact is sealed to at most {MOST_RECIPIENTS}, others can ask one for the key",
			recipients.len()
		)));
	}
	if sealed_bytes(bytes, recipients.len()) > MOST_BYTES {
		return Err(Error::invalid("what is sealed may have at most 8 GiB, all included"));
	}
	let key = ContentKey::generate();
	let header = Header { commitment: key.commitment(client), client: *client, plain: bytes, boxes: Vec::new() };
	let bound = header.bound();
	sealed.write_all(&bound)?;
	sealed.write_all(&(recipients.len() as u16).to_le_bytes())?;
	for recipient in recipients {
		sealed.write_all(&key.wrap(recipient)?)?;
	}
	let mut stream = EncryptorBE32::from_aead(key.cipher(), &nonce());
	let failed = |_| Error::machine("a chunk cannot be encrypted");
	let mut left = bytes;
	let mut chunk = vec![0; CHUNK];
	while left > CHUNK as u64 {
		plain.read_exact(&mut chunk)?;
		sealed.write_all(&stream.encrypt_next(Payload { msg: &chunk, aad: &bound }).map_err(failed)?)?;
		left = left.saturating_sub(CHUNK as u64);
	}
	chunk.truncate(left as usize);
	plain.read_exact(&mut chunk)?;
	sealed.write_all(&stream.encrypt_last(Payload { msg: &chunk, aad: &bound }).map_err(failed)?)?;
	if plain.read(&mut [0])? > 0 {
		return Err(Error::invalid("the file grew while it was sealed"));
	}
	sealed.flush()?;
	Ok(key)
}

/// Whose request an artifact that begins so is sealed for, if it is. No inputs begin so that are not: they are texts of JSON.
pub(super) fn client_of(begin: &[u8]) -> Result<Option<[u8; 32]>> {
	if begin.starts_with(SEALED) {
		Ok(Some(Header::read(begin)?.client))
	} else {
		Ok(None)
	}
}

/// The key of a sealed artifact, from its first [`MOST_HEADER`] bytes, if it is sealed to that secret.
pub(super) fn content_key(begin: &[u8], secret: &Secret) -> Result<Option<ContentKey>> {
	let header = Header::read(begin)?;
	let secret = secret.encryption();
	let opened = |sealed_box: &[u8; BOX]| Some(ContentKey(secret.unseal(sealed_box).ok()?.try_into().ok()?));
	Ok(header.boxes.iter().filter_map(opened).find(|key| header.is_of(key)))
}

/// Whether it is the key of the artifact that begins so.
pub(super) fn is_opened_by(begin: &[u8], key: &ContentKey) -> Result<bool> {
	Ok(Header::read(begin)?.is_of(key))
}

/// Opens a sealed artifact. What was written is worth nothing if it fails.
pub(super) fn unseal(mut sealed: impl Read, key: &ContentKey, mut plain: impl Write) -> Result<()> {
	let header = Header::read(&mut sealed)?;
	if !header.is_of(key) {
		return Err(Error::Sealed("it was sealed with another key"));
	}
	let bound = header.bound();
	let mut stream = DecryptorBE32::from_aead(key.cipher(), &nonce());
	let failed = |_| Error::Sealed("a chunk is not as it was sealed");
	let mut left = header.plain;
	let mut chunk = vec![0; CHUNK.saturating_add(TAG)];
	while left > CHUNK as u64 {
		fill(&mut sealed, &mut chunk)?;
		plain.write_all(&stream.decrypt_next(Payload { msg: &chunk, aad: &bound }).map_err(failed)?)?;
		left = left.saturating_sub(CHUNK as u64);
	}
	chunk.truncate((left as usize).saturating_add(TAG));
	fill(&mut sealed, &mut chunk)?;
	plain.write_all(&stream.decrypt_last(Payload { msg: &chunk, aad: &bound }).map_err(failed)?)?;
	if sealed.read(&mut [0])? > 0 {
		return Err(Error::Sealed("something was put behind its end"));
	}
	Ok(plain.flush()?)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	const CLIENT: [u8; 32] = [3; 32];

	fn sealed(plain: &[u8], recipients: &[Key]) -> (Vec<u8>, ContentKey) {
		let mut sealed = Vec::new();
		let key = seal(&CLIENT, plain, plain.len() as u64, recipients, &mut sealed).unwrap();
		assert_eq!(sealed.len() as u64, sealed_bytes(plain.len() as u64, recipients.len()));
		(sealed, key)
	}

	fn opened_by(sealed: &[u8], secret: &Secret) -> Result<Vec<u8>> {
		let key = content_key(sealed, secret)?.ok_or(Error::Sealed("to others"))?;
		assert!(is_opened_by(sealed, &key)?);
		let mut plain = Vec::new();
		unseal(sealed, &key, &mut plain)?;
		Ok(plain)
	}

	#[test]
	fn recipients_read_it_and_others_do_not() {
		let (alice, bob, eve) = (Secret::generate(), Secret::generate(), Secret::generate());
		for bytes in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK] {
			let plain: Vec<u8> = (0..bytes).map(|at| (at % 251) as u8).collect();
			let (sealed, _) = sealed(&plain, &[alice.key(), bob.key()]);
			assert_eq!(opened_by(&sealed, &alice).unwrap(), plain);
			assert_eq!(opened_by(&sealed, &bob).unwrap(), plain);
			assert_eq!(content_key(&sealed, &eve).unwrap(), None);
			if bytes > 16 {
				assert!(!sealed.windows(16).any(|window| window == &plain[..16]), "nothing of it can be seen");
			}
		}
	}

	#[test]
	fn a_key_opens_what_it_sealed_and_nothing_else() {
		let provider = Secret::generate();
		let (first, key) = sealed(b"an input", &[provider.key()]);
		let (second, _) = sealed(b"another", &[provider.key()]);
		assert!(is_opened_by(&first, &key).unwrap());
		assert!(!is_opened_by(&second, &key).unwrap());
		let mut plain = Vec::new();
		unseal(&first[..], &key, &mut plain).unwrap();
		assert_eq!(plain, b"an input");
		assert!(unseal(&second[..], &key, &mut plain).is_err());
	}

	#[test]
	fn nobody_puts_it_under_another_name() {
		let provider = Secret::generate();
		let (mut sealed, key) = sealed(b"an input", &[provider.key()]);
		assert_eq!(client_of(&sealed).unwrap(), Some(CLIENT));
		assert_eq!(client_of(&sealed[1..]).unwrap(), None);
		assert_eq!(client_of(b"[\"a text\"]").unwrap(), None);
		sealed[40..72].copy_from_slice(&[4; 32]);
		assert_eq!(client_of(&sealed).unwrap(), Some([4; 32]));
		assert_eq!(content_key(&sealed, &provider).unwrap(), None);
		assert!(!is_opened_by(&sealed, &key).unwrap());
		assert!(unseal(&sealed[..], &key, Vec::new()).is_err());
	}

	#[test]
	fn chunks_cannot_be_swapped_dropped_repeated_or_cut() {
		let secret = Secret::generate();
		let plain: Vec<u8> = (0..4 * CHUNK).map(|at| (at / CHUNK) as u8).collect();
		let (sealed, _) = sealed(&plain, &[secret.key()]);
		let chunks = HEADER + BOX;
		let of = |nth: usize| chunks + nth * (CHUNK + TAG)..chunks + (nth + 1) * (CHUNK + TAG);
		let build = |order: &[usize]| {
			let mut built = sealed[..chunks].to_vec();
			order.iter().for_each(|nth| built.extend(&sealed[of(*nth)]));
			built
		};
		assert_eq!(opened_by(&build(&[0, 1, 2, 3]), &secret).unwrap(), plain);
		for order in [&[1, 0, 2, 3][..], &[0, 1, 2], &[0, 1, 3], &[0, 0, 1, 2], &[0, 1, 2, 2], &[0, 1, 2, 3, 3], &[]] {
			assert!(opened_by(&build(order), &secret).is_err(), "{order:?}");
		}
		// A shorter artifact cannot be made of a longer one, though its header would say so.
		let mut shorter = build(&[0, 1]);
		shorter[72..80].copy_from_slice(&(2 * CHUNK as u64).to_le_bytes());
		assert!(opened_by(&shorter, &secret).is_err());
	}

	#[test]
	fn two_keys_cannot_be_put_under_one_commitment() {
		let (alice, bob) = (Secret::generate(), Secret::generate());
		let (mut sealed, _) = sealed(b"an input", &[alice.key(), bob.key()]);
		let other = ContentKey::generate().wrap(&bob.key()).unwrap();
		sealed[HEADER + BOX..HEADER + 2 * BOX].copy_from_slice(&other);
		assert!(opened_by(&sealed, &alice).is_ok());
		assert_eq!(content_key(&sealed, &bob).unwrap(), None, "a key that is not the one it was sealed with is none");
	}

	#[test]
	fn absurd_headers_are_refused_before_anything_is_allocated() {
		let secret = Secret::generate();
		let (good, _) = sealed(b"x", &[secret.key()]);
		let mut many = good.clone();
		many[80..82].copy_from_slice(&u16::MAX.to_le_bytes());
		let mut huge = good.clone();
		huge[72..80].copy_from_slice(&u64::MAX.to_le_bytes());
		for (bytes, reason) in
			[(many, "recipients"), (huge, "8 GiB"), (b"OGPU".to_vec(), "cut"), (vec![0; 99], "begin")]
		{
			assert!(
				matches!(opened_by(&bytes, &secret), Err(Error::Sealed(said)) if said.contains(reason)),
				"{reason}"
			);
		}
		let key = secret.key();
		assert!(seal(&CLIENT, &b""[..], 0, &vec![key; MOST_RECIPIENTS + 1], Vec::new()).is_err());
	}

	proptest! {
		#![proptest_config(ProptestConfig::with_cases(200))]
		#[test]
		fn a_changed_or_cut_byte_is_noticed(at in 0usize..300, bit in 0u8..8, cut: bool) {
			let secret = Secret::generate();
			let (mut sealed, _) = sealed(&[7; 100], &[secret.key()]);
			let at = at % sealed.len();
			if cut {
				sealed.truncate(at);
			} else {
				sealed[at] ^= 1 << bit;
			}
			prop_assert!(opened_by(&sealed, &secret).is_err());
		}
	}
}
