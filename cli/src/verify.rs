//! `ogpu verify`.

mod words;

use crate::output::{print, print_json, quoted, Usage};
use anyhow::{bail, ensure, Context, Result};
use clap::Args;
use ogpu::receipt::{
	self, known, Chain, Conclusion, Entry, Proven, Receipt, Trust, KNOWN, MOST_BYTES, MOST_SPEC_BYTES,
};
use polkadot_sdk::sp_core::H256;
use serde::Serialize;
use std::{
	error::Error,
	fmt,
	fs::File,
	io::{self, Read},
	path::{Path, PathBuf},
};

/// Check a receipt: what a chain recorded of a validation, and who signed it. Nothing is asked of anybody.
///
/// Exits with 0 if all is proven and every result was accepted, with 1 if something is not proven or a file is not what
/// was proven, and with 3 if it is proven that a result was not accepted.
#[derive(Debug, Args)]
pub struct VerifyCmd {
	/// The receipt, as ogpu_receipt of a node answers it; - for stdin.
	#[arg(value_name = "RECEIPT")]
	receipt: PathBuf,

	/// A file that must be a result that was proven.
	#[arg(long, value_name = "FILE")]
	result: Vec<PathBuf>,

	/// A file that must be what the work began from: the inputs of a request, the start of a job.
	#[arg(long, value_name = "FILE")]
	input: Option<PathBuf>,

	/// A file that must be the manifest, which says what was to be computed.
	#[arg(long, value_name = "FILE")]
	manifest: Option<PathBuf>,

	/// The chain whose first validators you trust: development, local, testnet, or the file of its raw spec. If you say
	/// nothing, it is looked for among those that come with this program and whose keys are not public.
	#[arg(long, value_name = "CHAIN", conflicts_with = "authorities")]
	chain: Option<PathBuf>,

	/// The hash of a set of validators that you trust, as an earlier receipt told it, for a receipt that begins with it.
	#[arg(long, value_name = "HASH")]
	authorities: Option<H256>,

	/// Write the same receipt to this new file, much shorter, for those who know the hash of the set of validators that
	/// signed the block and trust it.
	#[arg(long, value_name = "FILE")]
	shorten: Option<PathBuf>,

	/// Print what was proven as JSON.
	#[arg(long)]
	json: bool,
}

/// It is proven that a result was not accepted.
#[derive(Debug)]
pub struct NotAccepted(String);

impl fmt::Display for NotAccepted {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		self.0.fmt(f)
	}
}

impl Error for NotAccepted {}

impl VerifyCmd {
	pub fn run(&self) -> Result<()> {
		let name = quoted(&self.receipt.to_string_lossy());
		let receipt = receipt::parse(&self.bytes()?).with_context(|| format!("{name} proves nothing"))?;
		let (trust, chain) = self.trust(&receipt)?;
		let proven = receipt::verify(&receipt, &trust).with_context(|| format!("{name} proves nothing"))?;
		let files = self.files(&proven.records)?;
		if let Some(file) = &self.shorten {
			let name = quoted(&file.to_string_lossy());
			shorten(receipt, &proven, file).with_context(|| format!("cannot write {name}"))?;
		}
		if self.json {
			print_json(&words::Json::new(&proven, chain.as_ref(), &files))?;
		} else {
			print(&words::text(&proven, chain.as_ref(), &files))?;
		}
		let others: Vec<String> = proven
			.records
			.iter()
			.filter(|entry| !is_accepted(entry))
			.map(|entry| format!("{:?}: {:?}", entry.name, entry.record.conclusion))
			.collect();
		ensure!(others.is_empty(), NotAccepted(format!("proven, but not accepted: {}", others.join(", "))));
		Ok(())
	}

	fn bytes(&self) -> Result<Vec<u8>> {
		let name = self.receipt.to_string_lossy();
		if name == "-" {
			return read(io::stdin().lock(), MOST_BYTES as u64).context("cannot read stdin");
		}
		let file = File::open(&self.receipt).with_context(|| format!("cannot read {}", quoted(&name)))?;
		read(file, MOST_BYTES as u64).with_context(|| format!("cannot read {}", quoted(&name)))
	}

	/// What is trusted, and the chain that it is about if that is known.
	fn trust(&self, receipt: &Receipt) -> Result<(Trust, Option<Chain>)> {
		if let Some(hash) = self.authorities {
			return Ok((Trust::Authorities(hash), None));
		}
		let chain = match &self.chain {
			Some(named) => chain(named)?,
			None => usual_chain(receipt.genesis)?,
		};
		Ok((Trust::Chain(chain.clone()), Some(chain)))
	}

	/// What the given files are, if they are what was proven.
	fn files(&self, records: &[Entry]) -> Result<Vec<Given>> {
		let mut given = Vec::new();
		for file in &self.result {
			let hash = blake3_of(file)?;
			let mut of =
				records.iter().filter(|entry| entry.record.outcome.is_some_and(|outcome| outcome.output == hash));
			// Rather of a part that was accepted than of the one that was done again.
			let of = of.clone().find(|entry| is_accepted(entry)).or_else(|| of.next());
			given.push(Given::new(file, Role::Result, hash, of)?);
		}
		if let Some(file) = &self.input {
			let hash = blake3_of(file)?;
			let of = records.iter().find(|entry| entry.record.start == hash);
			given.push(Given::new(file, Role::Input, hash, of)?);
		}
		if let Some(file) = &self.manifest {
			let hash = blake3_of(file)?;
			let of = records.iter().find(|entry| entry.record.manifest == hash);
			given.push(Given::new(file, Role::Manifest, hash, of)?);
		}
		Ok(given)
	}
}

fn is_accepted(entry: &Entry) -> bool {
	entry.record.conclusion == Conclusion::Accepted
}

fn shorten(receipt: Receipt, proven: &Proven, file: &Path) -> Result<()> {
	let short = receipt.since(proven.authorities.since()).context("it begins with a later set already")?;
	let file = File::create_new(file)?;
	Ok(serde_json::to_writer(file, &short)?)
}

/// What a file is to a validation.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
enum Role {
	Result,
	Input,
	Manifest,
}

impl Role {
	fn word(self) -> &'static str {
		match self {
			Self::Result => "the result",
			Self::Input => "what the work began from",
			Self::Manifest => "the manifest",
		}
	}
}

/// A file that is what was proven.
#[derive(Debug, Serialize)]
struct Given {
	file: String,
	is: Role,
	of: H256,
}

impl Given {
	fn new(file: &Path, role: Role, hash: [u8; 32], of: Option<&Entry>) -> Result<Self> {
		let name = quoted(&file.to_string_lossy());
		let of = of.with_context(|| {
			let (is, hash) = (role.word(), H256(hash));
			format!("{name} is not {is} that the receipt proves: its BLAKE3 is {hash:?}; without this file, see what is proven")
		})?;
		Ok(Self { file: file.to_string_lossy().into_owned(), is: role, of: of.name })
	}
}

/// The chain that is called so, or that a file describes.
fn chain(named: &Path) -> Result<Chain> {
	if let Some((_, spec)) = KNOWN.iter().find(|(name, _)| Path::new(name) == named) {
		return Chain::of_spec(spec);
	}
	let name = quoted(&named.to_string_lossy());
	let file = File::open(named).with_context(|| {
		let names: Vec<&str> = KNOWN.iter().map(|(name, _)| *name).collect();
		Usage(format!("{name} is neither a file that can be read nor one of {}", names.join(", ")))
	})?;
	let text = read(file, MOST_SPEC_BYTES).with_context(|| format!("cannot read {name}"))?;
	ensure!(
		text.len() as u64 <= MOST_SPEC_BYTES,
		"{name} is too large for a chain spec: {} MiB is the most",
		MOST_SPEC_BYTES >> 20
	);
	let text = String::from_utf8(text).ok().with_context(|| format!("{name} is not a chain spec"))?;
	Chain::of_spec(&text).with_context(|| format!("{name} is of no use"))
}

/// The chain with this genesis among those that come with this program, if it is one that proves something.
fn usual_chain(genesis: H256) -> Result<Chain> {
	let Some((name, chain)) = known(genesis)? else {
		bail!(
			"this program does not know the chain with the genesis {genesis:?}; give its raw spec with --chain FILE \
			 (ogpu-node export-chain-spec --raw writes it), or --authorities HASH"
		);
	};
	ensure!(
		!chain.is_public(),
		"anybody could have made this receipt: the keys of the first validators of {} are public; if you know where it \
		 comes from, say --chain {name}",
		quoted(&chain.name)
	);
	Ok(chain)
}

/// All of it, or one byte too many.
fn read(input: impl Read, most: u64) -> io::Result<Vec<u8>> {
	let mut bytes = Vec::new();
	input.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
	Ok(bytes)
}

fn blake3_of(file: &Path) -> Result<[u8; 32]> {
	let name = quoted(&file.to_string_lossy());
	let mut hasher = blake3::Hasher::new();
	let opened = File::open(file).with_context(|| format!("cannot read {name}"))?;
	hasher.update_reader(opened).with_context(|| format!("cannot read {name}"))?;
	Ok(*hasher.finalize().as_bytes())
}
