//! `ogpu claim`: gives the chain a holder's signature, and the holder the tokens.

use super::{keccak, proof::Proof};
use crate::{
	amount::Ogpu,
	commands::{connection::NodeArgs, wait},
	output::{ensure_usage, print, print_json, quoted},
};
use anyhow::{Context, Result};
use clap::Args;
use ogpu_protocol::{claims, token::SS58_PREFIX};
use ogpu_worker::chain::{
	calls::{bytes, list, number},
	hex, Call, Chain, Error,
};
use polkadot_sdk::sp_core::crypto::{AccountId32, Ss58Codec};
use std::{
	fs::File,
	io::Read,
	path::{Path, PathBuf},
};

/// Claim what an Ethereum account held in the snapshot: send the signature of the text that `ogpu token message` prints.
///
/// It is free, and needs no account with tokens. Anybody may send it: the tokens go where the signed text says.
#[derive(Debug, Args)]
pub struct ClaimCmd {
	/// The holder's line of proofs.jsonl: a file that holds it alone, or - for stdin.
	#[arg(long, value_name = "FILE")]
	proof: PathBuf,

	/// The account on this network that receives the tokens, as in the signed text.
	#[arg(long, value_name = "ADDRESS")]
	to: String,

	/// The signature: 0x and 130 digits, as a wallet prints it, or a file with it.
	#[arg(long, value_name = "HEX")]
	signature: String,

	#[command(flatten)]
	node: NodeArgs,

	/// Print JSON.
	#[arg(long)]
	json: bool,
}

impl ClaimCmd {
	pub fn run(&self) -> Result<()> {
		let line = Proof::read(&self.proof)?;
		let (account, _) = AccountId32::from_ss58check_with_version(&self.to).map_err(|error| {
			anyhow::anyhow!("{} is no address of an account: {error}; copy it again from the wallet", quoted(&self.to))
		})?;
		let to = account.to_ss58check_with_version(SS58_PREFIX.into());
		let address = claims::parse_address(keccak, &line.address)
			.ok()
			.with_context(|| format!("{} is not an Ethereum address; take the line anew", quoted(&line.address)))?;
		let call = Call::new("OgpuToken", "claim")
			.with("index", number(line.index))
			.with("ethereum_address", bytes(address))
			.with("amount", number(line.amount.0))
			.with("proof", list(line.proof.iter().map(|hash| bytes(hash.0))))
			.with("signature", bytes(signature(&self.signature)?))
			.with("destination", bytes(<[u8; 32]>::from(account)));
		wait(async {
			let chain = self.node.connect().await?;
			let block = match chain.send_unsigned(&call).await {
				Ok(block) => block,
				Err(error) => return Err(explained(error, &chain, &line, &to)),
			};
			if self.json {
				let amount = Ogpu(line.amount.0);
				return print_json(&serde_json::json!({ "to": to, "amount": amount, "block": hex(&block) }));
			}
			print(&format!("{to} has received {} OGPU, in block {}\n", line.amount, hex(&block)))
		})
	}
}

/// 65 bytes, from the command line or a file.
fn signature(text: &str) -> Result<[u8; 65]> {
	let read = if text.starts_with("0x") || !Path::new(text).is_file() {
		text.to_owned()
	} else {
		let mut read = String::new();
		File::open(text)?.take(1_024).read_to_string(&mut read).with_context(|| quoted(text))?;
		read
	};
	let digits = read.trim().strip_prefix("0x").unwrap_or_default();
	ensure_usage!(
		digits.len() == 130 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()),
		"--signature: {} is not 0x and 130 hexadecimal digits; copy it again from the wallet",
		quoted(read.trim())
	);
	let mut signature = [0; 65];
	for (byte, pair) in signature.iter_mut().zip(digits.as_bytes().chunks(2)) {
		*byte = u8::from_str_radix(std::str::from_utf8(pair)?, 16)?;
	}
	Ok(signature)
}

/// Why a claim is refused, as `docs/errors.md` tells it, and what to do.
fn explained(error: Error, chain: &Chain, line: &Proof, to: &str) -> anyhow::Error {
	let Error::Refused { refusal, .. } = &error else { return error.into() };
	if matches!(refusal.code, 1012 | 1013) {
		return anyhow::anyhow!(
			"this claim was sent before, so it waits for its block or is done: look at {to} in a moment"
		);
	}
	let why = match refusal.custom {
		Some(1) => "this chain has no claims, or they were closed; is it the right chain?".to_owned(),
		Some(2) => "the last block for claims has passed".to_owned(),
		Some(3) => format!("the snapshot has no number {}; is it the right chain?", line.index),
		Some(4) => format!("number {} was claimed before", line.index),
		Some(5) => {
			"the line does not lead to the root that the chain knows; `ogpu token verify-proof` says whether it \
			stands in the snapshot"
				.to_owned()
		}
		Some(6) => "these 65 bytes are no signature; copy it again".to_owned(),
		Some(7) => format!(
			"another key signed, or another text; sign what this prints, with the key of {}: ogpu token message --genesis \
			 {} --proof FILE --to {to}",
			line.address,
			hex(&chain.genesis())
		),
		Some(8) => "the amount is below the least that an account holds; claim for an account that exists".to_owned(),
		Some(9) => "it is more than is left of the snapshot's total; take the line anew".to_owned(),
		_ => return error.into(),
	};
	anyhow::anyhow!("the claim was refused: {why}")
}
