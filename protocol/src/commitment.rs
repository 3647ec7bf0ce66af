//! Commitments: what somebody fixes before it may see what others say. And the seeds, which nobody could know while the
//! commitments were made.
//!
//! Everything that is hashed begins with a [`Domain`] of its own and has parts of fixed length around at most one part
//! of variable length, so no two different things are ever the same bytes.

use crate::{merkle::Hash, time::BlockNumber};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// What a hash is for. No tag begins like a node or a leaf of a [tree](crate::merkle).
pub type Domain = [u8; 16];

/// The purposes of this crate's hashes.
pub mod domain {
	use super::Domain;

	/// What a provider commits to.
	pub const RESULT: Domain = *b"ogpu/task-result";
	/// What an auditor commits to.
	pub const AUDIT: Domain = *b"ogpu/audit-votes";
	/// What a juror commits to.
	pub const JURY: Domain = *b"ogpu/juror-votes";
	/// A client's share of a seed, before it is revealed.
	pub const SECRET: Domain = *b"ogpu/seed-secret";
	/// A seed that the authors of blocks make.
	pub const SEED: Domain = *b"ogpu/public-seed";
	/// A seed to which the client adds a secret.
	pub const SECRET_SEED: Domain = *b"ogpu/shared-seed";
	/// That a juror holds the bytes of a leaf.
	pub const BINDING: Domain = *b"ogpu/bound-bytes";
	/// Whether a task is audited, which of its leaves, and by whom.
	pub const AUDIT_DRAWS: Domain = *b"ogpu/audit-draws";
	/// Which leaves have a second auditor.
	pub const SECOND_DRAWS: Domain = *b"ogpu/twice-drawn";
	/// A leaf of a task, where commitments and seeds are about it alone.
	pub const LEAF: Domain = *b"ogpu/single-leaf";
	/// Who sits on a jury.
	pub const JUROR_DRAWS: Domain = *b"ogpu/juror-draws";
	/// When devices are measured, and what they compute then.
	pub const BENCHMARK: Domain = *b"ogpu/measurement";
}

/// An account's public key or identifier.
pub type Account = [u8; 32];

/// How many blocks make a seed.
pub const SEED_BLOCKS: u32 = 16;

/// How many suffice when the client adds a secret: no author knows it.
pub const SECRET_SEED_BLOCKS: u32 = 4;

/// Something that can be committed to.
pub trait Value {
	/// Tells this kind of value from all others.
	const DOMAIN: Domain;

	fn bytes(&self) -> Vec<u8>;
}

/// Where a commitment counts: nowhere else, so that copying somebody's commitment, from another account, round or task,
/// gives a commitment that cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
	pub task: Hash,
	pub round: u32,
	pub account: Account,
}

impl Place {
	/// The commitment to a value. The salt must be secret and fresh, or others find the value by trying.
	pub fn commit<V: Value>(&self, hash: impl Fn(&[u8]) -> Hash, value: &V, salt: &Hash) -> Hash {
		let round = self.round.to_le_bytes();
		hash(&[V::DOMAIN.as_slice(), &self.task, &round, &self.account, &value.bytes(), salt].concat())
	}
}

/// What stands for the task in commitments and seeds that are about one of its leaves: of auditors, in round 0, and of
/// its jury, from round 1.
pub fn leaf_task(hash: impl Fn(&[u8]) -> Hash, task: &Hash, leaf: u32) -> Hash {
	hash(&[domain::LEAF.as_slice(), task, &leaf.to_le_bytes()].concat())
}

/// What a provider commits to: the root of its leaves and the hash of the whole output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Outcome {
	pub root: Hash,
	pub output: Hash,
}

impl Value for Outcome {
	const DOMAIN: Domain = domain::RESULT;

	fn bytes(&self) -> Vec<u8> {
		[self.root, self.output].concat()
	}
}

/// Why a leaf cannot be recomputed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum Obstacle {
	/// The provider does not serve what it has to.
	OutputMissing,
	/// What the client, or the service's publisher, has to supply is not there.
	InputMissing,
	/// It is there, and no input that the manifest allows.
	InputInvalid,
}

/// What came of recomputing a leaf.
pub type Finding<T> = Result<T, Obstacle>;

/// What an auditor found, never whether it agrees: it does not know with what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Audit {
	/// The hash of the bytes that it began from.
	pub opening: Hash,
	/// The digest of the leaf.
	pub digest: Hash,
}

impl Value for Finding<Audit> {
	const DOMAIN: Domain = domain::AUDIT;

	fn bytes(&self) -> Vec<u8> {
		finding_bytes(self.map(|audit| [audit.opening, audit.digest]))
	}
}

/// What a juror found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Vote {
	/// The digest of the leaf.
	pub digest: Hash,
	/// That the juror holds the leaf's bytes: [`binding`] under the seed of its round. Who only heard of a digest has
	/// none.
	pub binding: Hash,
}

impl Value for Finding<Vote> {
	const DOMAIN: Domain = domain::JURY;

	fn bytes(&self) -> Vec<u8> {
		finding_bytes(self.map(|vote| [vote.digest, vote.binding]))
	}
}

/// One byte that says what came of it, and two hashes, zero where nothing was computed.
fn finding_bytes(finding: Finding<[Hash; 2]>) -> Vec<u8> {
	let (kind, hashes) = match finding {
		Ok(hashes) => (0, hashes),
		Err(Obstacle::OutputMissing) => (1, Default::default()),
		Err(Obstacle::InputMissing) => (2, Default::default()),
		Err(Obstacle::InputInvalid) => (3, Default::default()),
	};
	[&[kind], hashes.concat().as_slice()].concat()
}

/// So many blocks lie between the heights at which a seed may begin that cannot begin where it was to.
pub const SEED_STRIDE_BLOCKS: BlockNumber = 100;

/// Where a seed begins that was to begin at `from` and cannot before `earliest`: so many whole strides later. Whoever has
/// it asked for again has one height in five minutes to choose from.
pub fn seed_not_before(from: BlockNumber, earliest: BlockNumber) -> BlockNumber {
	let strides = earliest.saturating_sub(from).div_ceil(SEED_STRIDE_BLOCKS);
	from.saturating_add(strides.saturating_mul(SEED_STRIDE_BLOCKS))
}

/// The seed of a round, from the VRF outputs of the authors of consecutive blocks ([`SEED_BLOCKS`] of them), in order.
/// Which blocks they are is fixed before anybody commits: who knows its own output cannot choose when it counts.
pub fn seed(hash: impl Fn(&[u8]) -> Hash, author_outputs: &[Hash], task: &Hash, round: u32) -> Hash {
	hash(&[domain::SEED.as_slice(), &author_outputs.concat(), task, &round.to_le_bytes()].concat())
}

/// The seed of a round to which the client adds the secret that it [committed to](secret_commitment) in its request and
/// revealed after the commit phase; fewer blocks suffice ([`SECRET_SEED_BLOCKS`]).
pub fn seed_with_secret(
	hash: impl Fn(&[u8]) -> Hash,
	author_outputs: &[Hash],
	secret: &Hash,
	task: &Hash,
	round: u32,
) -> Hash {
	let round = round.to_le_bytes();
	hash(&[domain::SECRET_SEED.as_slice(), &author_outputs.concat(), secret, task, &round].concat())
}

/// What a client's request says of its secret. The account keeps others from using the same one; there is no salt,
/// because the secret is one.
pub fn secret_commitment(hash: impl Fn(&[u8]) -> Hash, client: &Account, secret: &Hash) -> Hash {
	hash(&[domain::SECRET.as_slice(), client, secret].concat())
}

/// Binds a vote to the bytes of the leaf (output slice, carry and trace): only who has them can compute it, and not
/// before the seed of the round is known. Who streams large leaves hashes [`binding_prefix`] and then the bytes.
pub fn binding(hash: impl Fn(&[u8]) -> Hash, round_seed: &Hash, leaf_bytes: &[u8]) -> Hash {
	hash(&[binding_prefix(round_seed).as_slice(), leaf_bytes].concat())
}

/// What stands before the bytes of the leaf in a [`binding`].
pub fn binding_prefix(round_seed: &Hash) -> Vec<u8> {
	[domain::BINDING.as_slice(), round_seed].concat()
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::random::tests::keccak;
	use proptest::prelude::*;
	use std::collections::BTreeSet;

	fn findings<T>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Finding<T>>
	where
		T: Clone + core::fmt::Debug + 'static,
	{
		let obstacle =
			prop::sample::select(vec![Obstacle::OutputMissing, Obstacle::InputMissing, Obstacle::InputInvalid]);
		prop_oneof![3 => value.prop_map(Ok), 1 => obstacle.prop_map(Err)]
	}

	fn audits() -> impl Strategy<Value = Finding<Audit>> {
		findings(any::<[Hash; 2]>().prop_map(|[opening, digest]| Audit { opening, digest }))
	}

	fn votes() -> impl Strategy<Value = Finding<Vote>> {
		findings(any::<[Hash; 2]>().prop_map(|[digest, binding]| Vote { digest, binding }))
	}

	fn flipped(mut hash: Hash, bit: u8) -> Hash {
		hash[usize::from(bit / 8)] ^= 1 << (bit % 8);
		hash
	}

	#[test]
	fn no_purpose_shares_its_tag_with_another() {
		use domain::*;
		let all = [RESULT, AUDIT, JURY, SECRET, SEED, SECRET_SEED, BINDING, AUDIT_DRAWS, SECOND_DRAWS, JUROR_DRAWS];
		assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
		assert!(all.iter().all(|tag| tag.starts_with(b"ogpu/")));
	}

	proptest! {
		#[test]
		fn a_commitment_binds_its_place_its_salt_and_every_bit_of_its_value(
			task: Hash, account: Account, salt: Hash, round: u32, root: Hash, output: Hash, bit: u8, shift in 0u32..32,
		) {
			let place = Place { task, round, account };
			let value = Outcome { root, output };
			let this = place.commit(keccak, &value, &salt);
			prop_assert_eq!(this, place.commit(keccak, &value, &salt));
			for other in [
				Place { task: flipped(task, bit), ..place }.commit(keccak, &value, &salt),
				Place { round: round ^ 1 << shift, ..place }.commit(keccak, &value, &salt),
				Place { account: flipped(account, bit), ..place }.commit(keccak, &value, &salt),
				place.commit(keccak, &Outcome { root: flipped(root, bit), output }, &salt),
				place.commit(keccak, &Outcome { root, output: flipped(output, bit) }, &salt),
				place.commit(keccak, &value, &flipped(salt, bit)),
			] {
				prop_assert_ne!(this, other);
			}
		}

		#[test]
		fn different_findings_are_different_bytes_of_one_length(one in audits(), other in audits(), vote in votes()) {
			prop_assert_eq!(one == other, one.bytes() == other.bytes());
			prop_assert_eq!(one.bytes().len(), 65);
			prop_assert_eq!(vote.bytes().len(), 65);
		}

		#[test]
		fn an_auditors_commitment_is_no_vote_of_a_juror(hashes: [Hash; 2], task: Hash, account: Account, salt: Hash) {
			let place = Place { task, round: 0, account };
			let audit: Finding<Audit> = Ok(Audit { opening: hashes[0], digest: hashes[1] });
			let vote: Finding<Vote> = Ok(Vote { digest: hashes[0], binding: hashes[1] });
			prop_assert_eq!(audit.bytes(), vote.bytes());
			prop_assert_ne!(place.commit(keccak, &audit, &salt), place.commit(keccak, &vote, &salt));
		}

		#[test]
		fn a_seed_depends_on_every_author_and_their_order_on_the_task_and_the_round(
			outputs in prop::collection::vec(any::<Hash>(), 16), task: Hash, round: u32, secret: Hash,
			at in 0usize..16, bit: u8,
		) {
			let this = seed(keccak, &outputs, &task, round);
			let mut changed = outputs.clone();
			changed[at] = flipped(changed[at], bit);
			let mut turned = outputs.clone();
			turned.rotate_left(1);
			for other in [
				seed(keccak, &changed, &task, round),
				seed(keccak, &turned, &task, round),
				seed(keccak, &outputs[1..], &task, round),
				seed(keccak, &outputs, &flipped(task, bit), round),
				seed(keccak, &outputs, &task, round ^ 1),
				seed_with_secret(keccak, &outputs, &secret, &task, round),
				// The secret takes no author's place.
				seed_with_secret(keccak, &outputs[..15], &outputs[15], &task, round),
			] {
				prop_assert_ne!(this, other);
			}
			let shared = seed_with_secret(keccak, &outputs[..4], &secret, &task, round);
			prop_assert_ne!(shared, seed_with_secret(keccak, &outputs[..4], &flipped(secret, bit), &task, round));
		}

		#[test]
		fn a_copied_digest_has_no_binding_without_the_bytes_and_none_of_an_earlier_round(
			seed: Hash, other: Hash, bytes: Vec<u8>, guess: Vec<u8>,
		) {
			prop_assume!(seed != other && bytes != guess);
			let this = binding(keccak, &seed, &bytes);
			prop_assert_ne!(this, binding(keccak, &other, &bytes));
			prop_assert_ne!(this, binding(keccak, &seed, &guess));
			prop_assert_eq!(this, keccak(&[binding_prefix(&seed), bytes].concat()));
		}

		#[test]
		fn each_leaf_of_each_task_stands_for_itself(task: Hash, bit: u8, leaf: u32, other: u32) {
			let this = leaf_task(keccak, &task, leaf);
			prop_assert_eq!(this == leaf_task(keccak, &task, other), leaf == other);
			prop_assert_ne!(this, leaf_task(keccak, &flipped(task, bit), leaf));
		}

		#[test]
		fn a_secret_is_committed_by_one_client(client: Account, secret: Hash, bit: u8) {
			let this = secret_commitment(keccak, &client, &secret);
			prop_assert_ne!(this, secret_commitment(keccak, &flipped(client, bit), &secret));
			prop_assert_ne!(this, secret_commitment(keccak, &client, &flipped(secret, bit)));
		}
	}
}
