//! Who finalises blocks, whether they finalised one, and who comes after them.

use super::Fault;
use codec::{DecodeAll, Encode};
use finality_grandpa::{voter_set::VoterSet, Message};
use ogpu_protocol::receipt::{Bytes, Since};
use polkadot_sdk::{
	sp_consensus_grandpa::{
		check_message_signature, AuthorityId, AuthorityList, ConsensusLog, GrandpaJustification, GRANDPA_ENGINE_ID,
	},
	sp_core::H256,
	sp_crypto_hashing::blake2_256,
	sp_runtime::{
		generic,
		traits::{BlakeTwo256, Header as _},
	},
};
use std::collections::{BTreeSet, HashMap, HashSet};

pub(super) type Header = generic::Header<u32, BlakeTwo256>;
pub(super) type Justification = GrandpaJustification<Header>;

/// Reads a header.
pub(super) fn header(bytes: &Bytes) -> Result<Header, Fault> {
	Header::decode_all(&mut bytes.0.as_slice()).map_err(|_| Fault::Header)
}

pub(super) fn justification(bytes: &Bytes) -> Result<Justification, Fault> {
	Justification::decode_all(&mut bytes.0.as_slice()).map_err(|_| Fault::Justification)
}

/// A set of those who finalise blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorities {
	/// How many sets came before it.
	pub set: u64,
	list: AuthorityList,
	voters: VoterSet<AuthorityId>,
}

/// How many signed a block, and how much that weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signed {
	pub voters: usize,
	pub weight: u64,
	/// As much as this suffices, of so much in all.
	pub needed: u64,
	pub total: u64,
}

impl Authorities {
	fn new(set: u64, list: AuthorityList) -> Result<Self, Fault> {
		let voters = VoterSet::new(list.iter().cloned()).ok_or(Fault::NoSet)?;
		Ok(Self { set, list, voters })
	}

	/// Reads a list as SCALE encodes it.
	pub(super) fn read(set: u64, bytes: &Bytes) -> Result<Self, Fault> {
		Self::new(set, AuthorityList::decode_all(&mut bytes.0.as_slice()).map_err(|_| Fault::NoSet)?)
	}

	/// How many there are.
	pub fn size(&self) -> usize {
		self.voters.len().get()
	}

	/// By which others can trust this set: BLAKE2b-256 of its number and its list, as SCALE encodes them.
	pub fn hash(&self) -> H256 {
		H256(blake2_256(&(self.set, &self.list).encode()))
	}

	/// As a receipt may begin with it, for those who trust it.
	pub fn since(&self) -> Since {
		Since { set: self.set, authorities: Bytes(self.list.encode()) }
	}

	/// The weight of those of them whom a predicate knows.
	pub(super) fn weight_of(&self, known: impl Fn(&AuthorityId) -> bool) -> u64 {
		let known = self.voters.iter().filter(|(id, _)| known(id));
		known.fold(0, |sum, (_, voter)| sum.saturating_add(voter.weight().get()))
	}

	/// The weight that finalises.
	pub(super) fn needed(&self) -> u64 {
		self.voters.threshold().get()
	}

	/// Whether they finalised this very block: more than two thirds of them voted, in one round, for it or for blocks that
	/// follow it. All votes must be good; whoever voted twice counts once.
	pub(super) fn finalises(&self, header: &Header, justification: &Justification) -> Result<Signed, Fault> {
		let Justification { round, commit, votes_ancestries } = justification;
		if (commit.target_hash, commit.target_number) != (header.hash(), *header.number()) {
			return Err(Fault::OtherBlock);
		}
		// Of whoever votes for more than one block, GRANDPA keeps two votes.
		if commit.precommits.len() > self.size().saturating_mul(2) {
			return Err(Fault::TooMany);
		}
		let later: HashMap<H256, &Header> = votes_ancestries.iter().map(|header| (header.hash(), header)).collect();
		let mut following = HashSet::from([commit.target_hash]);
		let mut voted = BTreeSet::new();
		let mut weight = 0_u64;
		for vote in &commit.precommits {
			let voter = self.voters.get(&vote.id).ok_or(Fault::Stranger)?;
			let message = Message::Precommit(vote.precommit.clone());
			if !check_message_signature(&message, &vote.id, &vote.signature, *round, self.set).is_valid() {
				return Err(Fault::Signature);
			}
			let number = later.get(&vote.precommit.target_hash).map_or(commit.target_number, |header| *header.number());
			if number != vote.precommit.target_number {
				return Err(Fault::Elsewhere);
			}
			follow(&mut following, &later, vote.precommit.target_hash)?;
			if voted.insert(&vote.id) {
				weight = weight.saturating_add(voter.weight().get());
			}
		}
		let needed = self.needed();
		if weight < needed {
			return Err(Fault::TooFew { weight, needed });
		}
		// Without the block itself.
		if following.len().saturating_sub(1) != votes_ancestries.len() {
			return Err(Fault::Unneeded);
		}
		Ok(Signed { voters: voted.len(), weight, needed, total: self.voters.total_weight().get() })
	}

	/// Who comes after the block that they finalised.
	pub(super) fn next(&self, header: &Header) -> Result<Self, Fault> {
		let mut change = None;
		for log in header.digest().logs() {
			match log.consensus_try_to::<ConsensusLog<u32>>(&GRANDPA_ENGINE_ID) {
				Some(ConsensusLog::ForcedChange(..)) => return Err(Fault::Forced),
				// The first one counts.
				Some(ConsensusLog::ScheduledChange(scheduled)) if change.is_none() => change = Some(scheduled),
				_ => {}
			}
		}
		let change = change.ok_or(Fault::NoChange)?;
		if change.delay != 0 {
			return Err(Fault::Delayed);
		}
		Self::new(self.set.checked_add(1).ok_or(Fault::NoSet)?, change.next_authorities)
	}
}

/// Goes from a block back to one that is known to follow, or to be, the block that is finalised. Each block is passed once.
fn follow(following: &mut HashSet<H256>, later: &HashMap<H256, &Header>, block: H256) -> Result<(), Fault> {
	let mut at = block;
	let mut passed = Vec::new();
	while !following.contains(&at) {
		let header = later.get(&at).ok_or(Fault::Elsewhere)?;
		passed.push(at);
		at = *header.parent_hash();
	}
	following.extend(passed);
	Ok(())
}
