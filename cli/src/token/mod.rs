//! `ogpu token`.

mod claim;
mod emission;
mod message;
mod proof;
mod snapshot;

pub use claim::ClaimCmd;

use anyhow::Result;
use clap::Subcommand;
use ogpu_protocol::merkle::Hash;
use sha3::{Digest, Keccak256};

#[derive(Debug, Subcommand)]
pub enum TokenCmd {
	Snapshot(snapshot::SnapshotCmd),
	VerifyProof(proof::VerifyProofCmd),
	Message(message::MessageCmd),
	Emission(emission::EmissionCmd),
}

impl TokenCmd {
	pub fn run(&self) -> Result<()> {
		match self {
			Self::Snapshot(command) => command.run(),
			Self::VerifyProof(command) => command.run(),
			Self::Message(command) => command.run(),
			Self::Emission(command) => command.run(),
		}
	}
}

/// The hash of Ethereum, with which the snapshot's tree is built.
fn keccak(bytes: &[u8]) -> Hash {
	Keccak256::digest(bytes).into()
}
