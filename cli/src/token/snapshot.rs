//! `ogpu token snapshot`: from a list of holders to the tree that they claim from.

use super::{
	keccak,
	proof::{Proof, Snapshot},
};
use crate::{
	amount::Ogpu,
	output::{print, print_json, quoted, Progress},
};
use anyhow::{anyhow, bail, ensure, Context, Result};
use clap::Args;
use csv::{ErrorKind, ReaderBuilder, StringRecord, Terminator};
use ogpu_protocol::{
	claims::{checksummed, hex, leaf, parse_address, EthereumAddress, NotAnAddress, MAX_LEAVES},
	merkle::Tree,
	token::{Balance, CIRCULATING},
};
use polkadot_sdk::sp_core::H256;
use serde::Serialize;
use std::{
	collections::HashMap,
	fs::{self, File, Permissions},
	io::{self, BufWriter, IntoInnerError, Read, Write},
	os::unix::fs::PermissionsExt,
	path::{Path, PathBuf},
	time::Instant,
};
use tempfile::NamedTempFile;

/// Make the snapshot from which holders of the Ethereum token claim.
///
/// HOLDERS.csv has a line for each holder, a million at most: an Ethereum address, and what it
/// holds, in OGPU. The first line may be a header.
///
///   address,amount
///   0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed,12.5
///
/// Written are DIR/snapshot.json, which the genesis of a chain needs, and DIR/proofs.jsonl, which
/// holders need: a line for each of them, numbered from 0 in the order of HOLDERS.csv. Both may be
/// public. For a million holders they take 1.5 GB.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct SnapshotCmd {
	/// The holders and what they hold, as CSV.
	#[arg(value_name = "HOLDERS.csv")]
	holders: PathBuf,

	/// The directory for snapshot.json and proofs.jsonl; made if there is none.
	#[arg(long, value_name = "DIR")]
	out: PathBuf,

	/// Refuse holders who hold more than this together. What circulates on Ethereum, unless you say otherwise; subtract
	/// the balances that the genesis gives at once.
	#[arg(long, value_name = "OGPU", default_value_t = Ogpu(CIRCULATING))]
	at_most: Ogpu,

	/// Replace the files of an earlier snapshot in DIR.
	#[arg(long)]
	force: bool,

	/// Print the summary as JSON.
	#[arg(long)]
	json: bool,
}

struct Holder {
	address: EthereumAddress,
	amount: Balance,
}

#[derive(Serialize)]
struct Summary {
	leaves: u32,
	total: Ogpu,
	root: H256,
	files: [String; 2],
	seconds: f64,
}

impl SnapshotCmd {
	pub fn run(&self) -> Result<()> {
		let start = Instant::now();
		let files = ["snapshot.json", "proofs.jsonl"].map(|name| self.out.join(name));
		for file in &files {
			let name = file.display();
			ensure!(self.force || !file.exists(), "{name} exists; give another --out, or --force to replace it");
		}
		let progress = Progress::new();
		let (holders, total) =
			read(&self.holders, self.at_most.0, &progress).with_context(|| self.holders.display().to_string())?;
		let leaves = holders.iter().zip(0..).map(|(holder, index)| leaf(keccak, index, &holder.address, holder.amount));
		let tree = Tree::new(keccak, leaves.collect()).context("there must be holders")?;
		let snapshot =
			Snapshot { root: H256(tree.root()), leaves: u32::try_from(holders.len())?, unclaimed: Ogpu(total) };
		write(&files, &snapshot, &holders, &tree, &progress)
			.with_context(|| format!("cannot write to {}", self.out.display()))?;
		drop(progress);

		let summary = Summary {
			leaves: snapshot.leaves,
			total: snapshot.unclaimed,
			root: snapshot.root,
			files: files.map(|file| file.display().to_string()),
			seconds: (start.elapsed().as_secs_f64() * 1000.0).round() / 1000.0,
		};
		if self.json {
			return print_json(&summary);
		}
		let Summary { leaves, total, seconds, files: [snapshot, proofs], root } = summary;
		let root = hex(&root.0);
		print(&format!(
			"leaves  {leaves}\ntotal   {total} OGPU\nroot    {root}\nfiles   {snapshot}\n        {proofs}\ntime    {seconds} s\n"
		))
	}
}

/// Reads the holders and the sum of what they hold. The first thing that is wrong is an error that names its line.
fn read(file: &Path, at_most: Balance, progress: &Progress) -> Result<(Vec<Holder>, Balance)> {
	// Records end with a line feed, the last one too. So whenever one was read, the reader stands at the line after it.
	let mut reader = ReaderBuilder::new()
		.has_headers(false)
		.flexible(true)
		.terminator(Terminator::Any(b'\n'))
		.from_reader(File::open(file).context("cannot be read")?.chain(b"\n".as_slice()));
	let mut record = StringRecord::new();
	let (mut holders, mut total): (_, Balance) = (Vec::new(), 0);
	let mut lines = HashMap::new();
	let mut is_first = true;
	loop {
		let is_record = reader.read_record(&mut record);
		let line = reader.position().line().saturating_sub(1);
		match is_record.map_err(csv::Error::into_kind) {
			Ok(true) => {}
			Ok(false) => break,
			Err(ErrorKind::Io(error)) => return Err(error).context("cannot be read"),
			Err(_) => bail!("line {line}: this is not UTF-8 text"),
		}
		if record.as_slice().contains('\n') {
			let line = record.position().map_or(line, |start| start.line());
			bail!("line {line}: a quote is opened and not closed in the same line");
		}
		let mut fields = record.iter().map(str::trim);
		let (address, amount) = match (fields.next(), fields.next(), fields.next()) {
			(Some(""), None, _) => continue,
			(Some(address), Some(amount), None) => (address, amount),
			_ => bail!("line {line}: it must have two columns, address,amount, and has {}", record.len()),
		};
		let is_header = address.eq_ignore_ascii_case("address") && amount.eq_ignore_ascii_case("amount");
		if std::mem::take(&mut is_first) && is_header {
			continue;
		}
		let holder = holder(address, amount).with_context(|| format!("line {line}"))?;
		if let Some(first) = lines.insert(holder.address, line) {
			bail!("line {line}: {address} stands in line {first} already; make one line of the two");
		}
		total = total.checked_add(holder.amount).filter(|total| *total <= at_most).with_context(|| {
			let most = Ogpu(at_most);
			format!("line {line}: the amounts up to here exceed {most} OGPU; correct them, or give another --at-most")
		})?;
		ensure!(holders.len() < MAX_LEAVES as usize, "line {line}: more than {MAX_LEAVES} holders; leave some out");
		holders.push(holder);
		progress.show("holders read:", u32::try_from(holders.len())?);
	}
	ensure!(!holders.is_empty(), "it names no holder; write a line address,amount for each");
	Ok((holders, total))
}

fn holder(address: &str, amount: &str) -> Result<Holder> {
	let address = parse_address(keccak, address).map_err(|error| match error {
		NotAnAddress::Malformed => {
			anyhow!("{} is not an Ethereum address, 0x and 40 hexadecimal digits", quoted(address))
		}
		NotAnAddress::Checksum => {
			anyhow!("{address} is mistyped, for its checksum (EIP-55) is wrong; copy it again from its source")
		}
	})?;
	let amount = amount.parse::<Ogpu>().map_err(|error| anyhow!("{} is {error}", quoted(amount)))?.0;
	ensure!(amount > 0, "an amount of zero cannot be claimed; leave the line out");
	Ok(Holder { address, amount })
}

/// Writes both files under temporary names, which vanish on failure, and gives them their names at the end. Where there
/// is a `snapshot.json`, its proofs are beside it.
fn write(
	[snapshot_file, proofs_file]: &[PathBuf; 2],
	snapshot: &Snapshot,
	holders: &[Holder],
	tree: &Tree,
	progress: &Progress,
) -> Result<()> {
	let mut proofs = temporary(proofs_file)?;
	for (holder, index) in holders.iter().zip(0..) {
		let line = Proof {
			index,
			address: checksummed(keccak, &holder.address),
			amount: Ogpu(holder.amount),
			units: holder.amount.to_string(),
			proof: tree.proof(index).context("each leaf has a proof")?.into_iter().map(H256).collect(),
		};
		serde_json::to_writer(&mut proofs, &line)?;
		proofs.write_all(b"\n")?;
		progress.show("proofs written:", index);
	}
	let mut summary = temporary(snapshot_file)?;
	serde_json::to_writer_pretty(&mut summary, snapshot)?;
	summary.write_all(b"\n")?;

	let [proofs, summary] = [proofs, summary].map(|file| file.into_inner().map_err(IntoInnerError::into_error));
	let (proofs, summary) = (proofs?, summary?);
	match fs::remove_file(snapshot_file) {
		Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
		_ => {}
	}
	proofs.persist(proofs_file)?;
	summary.persist(snapshot_file)?;
	Ok(())
}

/// A file beside this one, with a name of its own and the permissions that any new file has.
fn temporary(file: &Path) -> Result<BufWriter<NamedTempFile>> {
	let dir = file.parent().context("a file lies in a directory")?;
	fs::create_dir_all(dir)?;
	let file = tempfile::Builder::new()
		.prefix(".ogpu-snapshot-")
		.permissions(Permissions::from_mode(0o666))
		.tempfile_in(dir)?;
	Ok(BufWriter::with_capacity(1 << 20, file))
}
