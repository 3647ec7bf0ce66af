//! How long each phase of a validation stays open, and when a result is late.

use crate::time::BlockNumber;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// What is sold, as far as deadlines differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum Sale {
	/// Requests to services.
	Pool,
	/// Training and rendering.
	Auction,
}

/// How long each phase of a validation stays open. They never close early, so each deadline is known when its phase
/// opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Phases {
	/// The provider posts the openings of the drawn leaves. Default: 10.
	pub openings_blocks: BlockNumber,
	/// Auditors or jurors commit: this long, and the leaf's time besides. Default: 20.
	pub votes_blocks: BlockNumber,
	/// The leaf's time counts so often. Default: 2.
	pub votes_leaf_times: u32,
	/// Whoever committed reveals. Default: 20.
	pub reveals_blocks: BlockNumber,
	/// Anyone challenges a request's result. Default: 200, ten minutes.
	pub pool_challenge_blocks: BlockNumber,
	/// Anyone challenges a training or rendering result. Default: 28,800, a day.
	pub auction_challenge_blocks: BlockNumber,
}

impl Default for Phases {
	fn default() -> Self {
		Self {
			openings_blocks: 10,
			votes_blocks: 20,
			votes_leaf_times: 2,
			reveals_blocks: 20,
			pool_challenge_blocks: 200,
			auction_challenge_blocks: 28_800,
		}
	}
}

impl Phases {
	/// The last block for openings.
	pub fn openings_due(&self, opened: BlockNumber) -> BlockNumber {
		opened.saturating_add(self.openings_blocks)
	}

	/// The last block for the commitments of auditors or jurors to a leaf that takes `leaf_blocks`.
	pub fn votes_due(&self, opened: BlockNumber, leaf_blocks: BlockNumber) -> BlockNumber {
		opened.saturating_add(self.votes_blocks).saturating_add(leaf_blocks.saturating_mul(self.votes_leaf_times))
	}

	/// The last block for reveals, of the provider, of auditors or of jurors.
	pub fn reveals_due(&self, opened: BlockNumber) -> BlockNumber {
		opened.saturating_add(self.reveals_blocks)
	}

	/// The last block for challenges.
	pub fn challenges_due(&self, opened: BlockNumber, sale: Sale) -> BlockNumber {
		opened.saturating_add(match sale {
			Sale::Pool => self.pool_challenge_blocks,
			Sale::Auction => self.auction_challenge_blocks,
		})
	}

	/// The longest way from a commitment to a verdict: after an audit, the challenge comes in the last block, and so many
	/// rounds of juries take place. Juries of a task sit one after the other, so that liars can make many of them: whoever
	/// answers for anything in the task stays pinned to its end, and unbonding takes longer than twice the path of an
	/// ordinary one.
	pub fn longest_path_blocks(&self, leaf_blocks: BlockNumber, seed_blocks: BlockNumber, rounds: u32) -> BlockNumber {
		let votes = seed_blocks.saturating_add(self.votes_due(0, leaf_blocks)).saturating_add(self.reveals_blocks);
		let audit = votes.saturating_add(self.openings_blocks).saturating_add(self.reveals_blocks);
		let challenge = self.pool_challenge_blocks.max(self.auction_challenge_blocks);
		audit.saturating_add(challenge).saturating_add(votes.saturating_mul(rounds))
	}
}

/// A call that is due by a block is in time in that block, too.
pub fn is_in_time(now: BlockNumber, due: BlockNumber) -> bool {
	now <= due
}

/// How a result stands against what its provider promised and what the client can bear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lateness {
	InTime,
	/// It took longer than promised, so many blocks in all.
	Late {
		taken_blocks: BlockNumber,
	},
	/// The client's deadline has passed: the work is given to another.
	Overdue,
}

pub fn lateness(started: BlockNumber, eta_blocks: BlockNumber, deadline: BlockNumber, now: BlockNumber) -> Lateness {
	let taken_blocks = now.saturating_sub(started);
	if !is_in_time(now, deadline) {
		Lateness::Overdue
	} else if taken_blocks <= eta_blocks {
		Lateness::InTime
	} else {
		Lateness::Late { taken_blocks }
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::cost::tests::{assert_documented, grouped};
	use alloc::{format, string::ToString};
	use proptest::prelude::*;

	#[test]
	fn the_deadlines_are_those_of_the_contract() {
		let phases = Phases::default();
		assert_eq!(phases.openings_due(1_000), 1_010);
		assert_eq!(phases.votes_due(1_000, 7), 1_034);
		assert_eq!(phases.reveals_due(1_000), 1_020);
		assert_eq!(phases.challenges_due(1_000, Sale::Pool), 1_200);
		assert_eq!(phases.challenges_due(1_000, Sale::Auction), 1_000 + crate::time::DAYS);
		let votes = 16 + 20 + 2 * 600 + 20;
		assert_eq!(phases.longest_path_blocks(600, 16, 9), (10 + 20 + votes) + 28_800 + 9 * votes);
	}

	#[test]
	fn a_result_is_in_time_late_or_overdue() {
		assert_eq!(lateness(100, 50, 200, 150), Lateness::InTime);
		assert_eq!(lateness(100, 50, 200, 151), Lateness::Late { taken_blocks: 51 });
		assert_eq!(lateness(100, 50, 200, 200), Lateness::Late { taken_blocks: 100 });
		assert_eq!(lateness(100, 50, 200, 201), Lateness::Overdue);
		assert_eq!(lateness(100, 50, 120, 130), Lateness::Overdue, "a promise does not outlive the deadline");
	}

	#[test]
	fn the_document_tells_the_deadlines() {
		let phases = Phases::default();
		assert_documented([
			format!("| the provider posts openings | {} |", phases.openings_due(0)),
			format!(
				"| auditors or jurors commit to a leaf of t blocks | {} + {}t |",
				phases.votes_due(0, 0),
				phases.votes_leaf_times
			),
			format!("| whoever committed reveals | {} |", phases.reveals_due(0)),
			format!("| anyone challenges a request | {} |", phases.challenges_due(0, Sale::Pool)),
			format!(
				"| anyone challenges training or rendering | {} |",
				grouped(&phases.challenges_due(0, Sale::Auction).to_string())
			),
		]);
	}

	proptest! {
		#[test]
		fn deadlines_never_come_before_their_phase(opened: u32, leaf_blocks: u32, seed: u32, rounds: u32) {
			let phases = Phases::default();
			let dues = [phases.openings_due(opened), phases.votes_due(opened, leaf_blocks), phases.reveals_due(opened)];
			prop_assert!(dues.iter().all(|due| *due >= opened));
			prop_assert!(phases.longest_path_blocks(leaf_blocks, seed, rounds) >= phases.auction_challenge_blocks);
		}
	}
}
