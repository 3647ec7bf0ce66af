//! `ogpu token message`: the text that a holder signs with the Ethereum key.

use super::proof::Proof;
use crate::{
	amount::Ogpu,
	output::{print, quoted},
};
use anyhow::{bail, Context, Result};
use clap::Args;
use ogpu_protocol::{claims, token::SS58_PREFIX};
use polkadot_sdk::sp_core::{
	crypto::{AccountId32, Ss58Codec},
	H256,
};
use std::{
	io::{stdout, IsTerminal},
	path::PathBuf,
};

/// Print the text to sign with the Ethereum key for a claim, exactly, without an end of line.
///
/// A wallet signs it with `personal_sign`. The signature is worth nothing on another chain, for another leaf or another
/// account, so it may be public.
#[derive(Debug, Args)]
pub struct MessageCmd {
	/// The hash of the chain's first block: what its RPC method chain_getBlockHash answers for block 0.
	#[arg(long, value_name = "HASH", value_parser = hash)]
	genesis: H256,

	/// The number of the holder's leaf in the snapshot.
	#[arg(long, value_name = "N", required_unless_present = "proof", conflicts_with = "proof")]
	index: Option<u32>,

	/// What the holder held, in OGPU.
	#[arg(long, value_name = "OGPU", required_unless_present = "proof", conflicts_with = "proof")]
	amount: Option<Ogpu>,

	/// The holder's line of proofs.jsonl, instead of --index and --amount: a file that holds it alone, or - for stdin.
	#[arg(long, value_name = "FILE")]
	proof: Option<PathBuf>,

	/// The account on this network that will receive the tokens.
	#[arg(long, value_name = "ADDRESS")]
	to: String,
}

impl MessageCmd {
	pub fn run(&self) -> Result<()> {
		let (index, amount) = match (&self.proof, self.index, self.amount) {
			(Some(file), ..) => Proof::read(file).map(|line| (line.index, line.amount))?,
			(None, Some(index), Some(amount)) => (index, amount),
			_ => bail!("whose claim? Give --proof, or --index and --amount"),
		};
		let (account, _) = AccountId32::from_ss58check_with_version(&self.to).map_err(|error| {
			anyhow::anyhow!("{} is no address of an account: {error}; copy it again from the wallet", quoted(&self.to))
		})?;
		let to = account.to_ss58check_with_version(SS58_PREFIX.into());
		if to != self.to {
			eprintln!("Note: {} is written {to} on this network, and so in the text.", self.to);
		}
		print(&claims::message(&self.genesis.0, index, amount.0, &to))?;
		if stdout().is_terminal() {
			print("\n")?;
		}
		Ok(())
	}
}

fn hash(text: &str) -> Result<H256> {
	text.strip_prefix("0x")
		.and_then(|digits| digits.parse().ok())
		.context("not a hash, which is 0x and 64 hexadecimal digits")
}
