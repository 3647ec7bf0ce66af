//! The two files of a snapshot, and `ogpu token verify-proof`.

use super::keccak;
use crate::{
	amount::Ogpu,
	output::{print, quoted},
};
use anyhow::{ensure, Context, Result};
use clap::Args;
use ogpu_protocol::{
	claims::{hex, leaf, parse_address},
	merkle::root_from,
};
use polkadot_sdk::sp_core::H256;
use serde::{Deserialize, Serialize};
use std::{
	fs::{self, File},
	io::{self, Read},
	path::{Path, PathBuf},
};

/// `snapshot.json`: what a chain must know of the snapshot.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
	pub root: H256,
	pub leaves: u32,
	/// The sum over all leaves.
	pub unclaimed: Ogpu,
}

/// A line of `proofs.jsonl`: all that a holder needs for a claim, beside the key.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
	pub index: u32,
	pub address: String,
	pub amount: Ogpu,
	/// The amount in the smallest unit, as the call takes it.
	pub units: String,
	pub proof: Vec<H256>,
}

impl Proof {
	/// A line is some 2 KB long; nothing beyond so many bytes is read.
	const MOST_BYTES: u64 = 65_536;

	/// Reads the only line of a file, or of stdin if it is called `-`.
	pub fn read(file: &Path) -> Result<Self> {
		let (name, input): (_, Box<dyn Read>) = if file.as_os_str() == "-" {
			("stdin".into(), Box::new(io::stdin().lock()))
		} else {
			let name = file.display().to_string();
			let opened = File::open(file).with_context(|| format!("cannot read {name}"))?;
			(name, Box::new(opened))
		};
		let mut text = String::new();
		input.take(Self::MOST_BYTES).read_to_string(&mut text).with_context(|| format!("cannot read {name}"))?;
		ensure!(
			text.trim().lines().count() <= 1,
			"{name} has several lines; give one: grep -i ADDRESS proofs.jsonl | ogpu … --proof -"
		);
		let line: Self =
			serde_json::from_str(&text).with_context(|| format!("{name} is not a line of proofs.jsonl"))?;
		ensure!(
			line.units == line.amount.0.to_string(),
			"{name} says two amounts, {} OGPU and {} units; get the line anew from proofs.jsonl",
			line.amount,
			quoted(&line.units)
		);
		Ok(line)
	}
}

impl Snapshot {
	/// Whether the line stands in this snapshot; if not, the error says why.
	fn check(&self, line: &Proof) -> Result<()> {
		let address = parse_address(keccak, &line.address)
			.ok()
			.with_context(|| format!("{} is not an Ethereum address", quoted(&line.address)))?;
		ensure!(line.index < self.leaves, "the snapshot has {} leaves, and none is number {}", self.leaves, line.index);
		let leaf = leaf(keccak, line.index, &address, line.amount.0);
		let hashes = line.proof.iter().map(|hash| hash.0);
		let root = root_from(keccak, self.leaves, line.index, leaf, hashes).with_context(|| {
			format!("{} hashes are not as many as number {} of {} needs", line.proof.len(), line.index, self.leaves)
		})?;
		ensure!(root == self.root.0, "the proof leads to the root {}, not to {}", hex(&root), hex(&self.root.0));
		Ok(())
	}
}

/// Check that a line of proofs.jsonl stands in a snapshot: say yes, or why not and exit with 1.
#[derive(Debug, Args)]
pub struct VerifyProofCmd {
	/// The snapshot.json that the chain's genesis was made with.
	#[arg(long, value_name = "FILE")]
	snapshot: PathBuf,

	/// The line of proofs.jsonl: a file that holds it alone, or - for stdin.
	#[arg(long, value_name = "FILE")]
	proof: PathBuf,
}

impl VerifyProofCmd {
	pub fn run(&self) -> Result<()> {
		let name = self.snapshot.display();
		let text = fs::read_to_string(&self.snapshot).with_context(|| format!("cannot read {name}"))?;
		let snapshot: Snapshot =
			serde_json::from_str(&text).with_context(|| format!("{name} is not a snapshot.json"))?;
		let line = Proof::read(&self.proof)?;
		snapshot
			.check(&line)
			.with_context(|| format!("no, it does not stand in {name}; take both files from the same snapshot"))?;
		print(&format!("yes: number {} of {name}, {}, holds {} OGPU\n", line.index, line.address, line.amount))
	}
}
