//! `ogpu token`, as people and scripts run it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use anyhow::Result;
use ogpu_protocol::{
	claims::{checksummed, hex, leaf, message, parse_address, EthereumAddress, MAX_LEAVES},
	emission::{BUDGET, YEARLY_SHARE_BILLIONTHS},
	merkle::{root_from, Hash},
	token::{format_ogpu, parse_ogpu, Balance, OGPU as UNIT, SS58_PREFIX},
};
use polkadot_sdk::sp_core::{
	crypto::{AccountId32, Ss58Codec},
	H256,
};
use proptest::prelude::*;
use serde_json::{json, Value};
use sha3::{Digest, Keccak256};
use std::{
	collections::BTreeMap,
	fs,
	io::Write,
	path::{Path, PathBuf},
	process::{Command, Output, Stdio},
};
use tempfile::TempDir;

const OGPU: &str = env!("CARGO_BIN_EXE_ogpu");

/// Runs `ogpu token` with something on its stdin.
fn run(args: &[&str], stdin: &str) -> Output {
	let mut child = Command::new(OGPU)
		.arg("token")
		.args(args)
		.stdin(Stdio::piped())
		.stdout(Stdio::piped())
		.stderr(Stdio::piped())
		.spawn()
		.expect("ogpu must start");
	// It may end without reading.
	let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
	child.wait_with_output().expect("ogpu must end")
}

/// Its stdout, when it must succeed.
fn success(args: &[&str]) -> String {
	let output = run(args, "");
	assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
	String::from_utf8(output.stdout).unwrap()
}

/// The one line that it says, when it must refuse.
fn refusal_of(args: &[&str], stdin: &str) -> String {
	let output = run(args, stdin);
	let stderr = String::from_utf8(output.stderr).unwrap();
	assert_eq!(output.status.code(), Some(1), "{args:?} must be refused, but: {stderr}");
	assert!(output.stdout.is_empty(), "no output for {args:?}");
	assert!(stderr.starts_with("Error: ") && stderr.lines().count() == 1, "one line for {args:?}, not: {stderr}");
	stderr
}

fn refusal(args: &[&str]) -> String {
	refusal_of(args, "")
}

fn text(path: &Path) -> &str {
	path.to_str().unwrap()
}

fn keccak(bytes: &[u8]) -> Hash {
	Keccak256::digest(bytes).into()
}

/// A directory with a file of holders, and the place of their snapshot.
struct Files {
	dir: TempDir,
	holders: PathBuf,
	out: PathBuf,
}

impl Files {
	fn new(holders: impl AsRef<[u8]>) -> Self {
		let dir = tempfile::tempdir().unwrap();
		let files = Self { holders: dir.path().join("holders.csv"), out: dir.path().join("out"), dir };
		fs::write(&files.holders, holders).unwrap();
		files
	}

	fn args(&self) -> Vec<&str> {
		vec!["snapshot", text(&self.holders), "--out", text(&self.out)]
	}

	/// Makes the snapshot, checks all that is in its files against the protocol, and returns the holders in order.
	fn snapshot(&self) -> Vec<(EthereumAddress, Balance)> {
		let summary: Value = serde_json::from_str(&success(&[self.args(), vec!["--json"]].concat())).unwrap();
		let snapshot: Value = serde_json::from_slice(&fs::read(self.out.join("snapshot.json")).unwrap()).unwrap();
		assert_eq!(summary["root"], snapshot["root"]);
		assert_eq!(summary["leaves"], snapshot["leaves"]);
		assert_eq!(summary["total"], snapshot["unclaimed"]);
		assert!(summary["seconds"].as_f64().unwrap() >= 0.0);

		let root: H256 = serde_json::from_value(snapshot["root"].clone()).unwrap();
		let leaves = u32::try_from(snapshot["leaves"].as_u64().unwrap()).unwrap();
		let mut holders = Vec::new();
		for (line, index) in fs::read_to_string(self.out.join("proofs.jsonl")).unwrap().lines().zip(0..) {
			let line: Value = serde_json::from_str(line).unwrap();
			assert_eq!(line.as_object().unwrap().len(), 5);
			assert_eq!(line["index"], json!(index));
			let address = parse_address(keccak, line["address"].as_str().unwrap()).unwrap();
			assert_eq!(line["address"], checksummed(keccak, &address));
			let amount = parse_ogpu(line["amount"].as_str().unwrap()).unwrap();
			assert_eq!(line["amount"], format_ogpu(amount));
			assert_eq!(line["units"], amount.to_string());
			let proof: Vec<H256> = serde_json::from_value(line["proof"].clone()).unwrap();
			let leaf = leaf(keccak, index, &address, amount);
			let proven = root_from(keccak, leaves, index, leaf, proof.iter().map(|hash| hash.0));
			assert_eq!(proven, Some(root.0), "the proof of number {index}");
			holders.push((address, amount));
		}
		assert_eq!(holders.len(), leaves as usize);
		let total: Balance = holders.iter().map(|(_, amount)| amount).sum();
		assert_eq!(snapshot, json!({ "root": hex(&root.0), "leaves": leaves, "unclaimed": format_ogpu(total) }));
		holders
	}

	fn proof_line(&self, index: usize) -> String {
		fs::read_to_string(self.out.join("proofs.jsonl")).unwrap().lines().nth(index).unwrap().to_owned()
	}

	/// What lies in a directory, by name.
	fn names(dir: &Path) -> Vec<String> {
		let mut names: Vec<_> =
			fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
		names.sort();
		names
	}
}

const FIRST: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
const SECOND: &str = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359";
const THIRD: &str = "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB";

fn three_holders() -> Files {
	Files::new(format!("{FIRST},12.5\n{SECOND},1000\n{THIRD},0.000000000000000001\n"))
}

#[test]
fn holders_become_a_snapshot_in_which_each_proof_holds() {
	let expected = [(FIRST, 25 * UNIT / 2), (SECOND, 1000 * UNIT), (THIRD, 1)]
		.map(|(address, amount)| (parse_address(keccak, address).unwrap(), amount));
	let second = SECOND.to_lowercase();
	for (what, holders) in [
		("plain", format!("{FIRST},12.5\n{SECOND},1000\n{THIRD},0.000000000000000001\n")),
		("no end of line", format!("{FIRST},12.5\n{second},1000\n{THIRD},0.000000000000000001")),
		("header and quotes", format!("Address,\"AMOUNT\"\n\"{FIRST}\",12.50\n{second},\"1000\"\n{THIRD},0.000000000000000001\n")),
		(
			"as spreadsheets write it",
			format!("\u{feff}address,amount\r\n{FIRST},12.5\r\n\r\n{second} ,\"1000\"\r\n{THIRD},0.000000000000000001\r\n\r\n"),
		),
	] {
		assert_eq!(Files::new(holders).snapshot(), expected, "{what}");
	}
}

#[test]
fn a_summary_is_printed_for_people() {
	let files = three_holders();
	let summary = success(&files.args());
	for part in ["leaves  3\n", "total   1012.500000000000000001 OGPU\n", "root    0x", "proofs.jsonl\n", " s\n"] {
		assert!(summary.contains(part), "{part} is not in {summary}");
	}
	assert_eq!(Files::names(&files.out), ["proofs.jsonl", "snapshot.json"]);
}

#[test]
fn whatever_is_wrong_with_the_holders_is_refused_with_its_line_and_leaves_nothing_behind() {
	let mistyped = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD";
	let good = format!("{FIRST},1\n");
	for (holders, reasons) in [
		("".into(), vec!["names no holder"]),
		("address,amount\n\n".into(), vec!["names no holder"]),
		("holder,balance\n".into(), vec!["line 1", "'holder' is not an Ethereum address"]),
		("address,amount\naddress,amount\n".into(), vec!["line 2", "'address' is not an Ethereum address"]),
		(format!("{good}0x12,1\n"), vec!["line 2", "'0x12' is not an Ethereum address"]),
		(format!("{good}{},1\n", &SECOND[2..]), vec!["line 2", "is not an Ethereum address"]),
		(format!("{good}0x{},1\n", "é".repeat(20)), vec!["line 2", "is not an Ethereum address"]),
		(format!("\n\n{mistyped},1\n"), vec!["line 3", mistyped, "checksum"]),
		(format!("\r\n\r\n{SECOND},1\r\n\r\n{mistyped},1\r\n"), vec!["line 5", mistyped, "checksum"]),
		(format!("{good}\n{SECOND},2\n{FIRST},3\n"), vec!["line 4", "in line 1 already"]),
		(format!("{good}{},1\n", FIRST.to_lowercase()), vec!["line 2", "in line 1 already"]),
		(format!("{good}{SECOND},0\n"), vec!["line 2", "zero"]),
		(format!("{good}{SECOND},0.0\n"), vec!["line 2", "zero"]),
		(format!("{good}{SECOND},-1\n"), vec!["line 2", "'-1' is not an amount of OGPU"]),
		(format!("{good}{SECOND},\"1,000\"\n"), vec!["line 2", "'1,000' is not an amount of OGPU"]),
		(format!("{good}{SECOND},1e3\n"), vec!["line 2", "'1e3' is not an amount of OGPU"]),
		(format!("{good}{SECOND},0.0000000000000000001\n"), vec!["line 2", "18 decimals"]),
		(format!("{good}{SECOND},\n"), vec!["line 2", "'' is not an amount of OGPU"]),
		(format!("{good}{SECOND}\n"), vec!["line 2", "two columns", "has 1"]),
		(format!("{good}{SECOND},1,\n"), vec!["line 2", "two columns", "has 3"]),
		(format!("{FIRST},1,x\n{SECOND},1,x\n"), vec!["line 1", "two columns", "has 3"]),
		(format!("{good}\"{SECOND},1\n{THIRD},1\n"), vec!["line 2", "quote"]),
		(format!("{good}{SECOND},\"1\n{THIRD},1\n"), vec!["line 2", "quote"]),
		(
			format!("{good}{SECOND},19639103.8193\n{THIRD},0.000000000000000001\n"),
			vec!["line 3", "19639104.8193", "--at-most"],
		),
		(format!("{good}{SECOND},340282366920938463463\n"), vec!["line 2", "--at-most"]),
	] {
		let files = Files::new(&holders);
		let error = refusal(&files.args());
		assert!(error.contains("holders.csv: "), "{error}");
		for reason in reasons {
			assert!(error.contains(reason), "'{reason}' is not in: {error}");
		}
		assert_eq!(Files::names(files.dir.path()), ["holders.csv"], "for {holders}");
	}
	let error = refusal(&Files::new(b"\xff\xfe,1\n").args());
	assert!(error.contains("line 1") && error.contains("UTF-8"), "{error}");
}

#[test]
fn what_cannot_be_read_or_written_is_refused() {
	let files = three_holders();
	let (nothing, dir) = (files.dir.path().join("nothing.csv"), text(files.dir.path()));
	for unreadable in [text(&nothing), dir] {
		let error = refusal(&["snapshot", unreadable, "--out", text(&files.out)]);
		assert!(error.contains(unreadable) && error.contains("cannot be read"), "{error}");
	}
	let error = refusal(&["snapshot", text(&files.holders), "--out", text(&files.holders)]);
	assert!(error.contains("cannot write to"), "{error}");
	assert_eq!(Files::names(files.dir.path()), ["holders.csv"]);
}

#[test]
fn more_holders_than_a_snapshot_may_have_are_refused() {
	let holders: String = (0..=MAX_LEAVES).map(|number| format!("0x{number:040x},0.1\n")).collect();
	let error = refusal(&Files::new(holders).args());
	assert!(error.contains("line 1000001") && error.contains("more than 1000000 holders"), "{error}");
}

#[test]
fn the_most_that_holders_may_hold_can_be_given() {
	let files = three_holders();
	let limited = |most| [files.args(), vec!["--at-most", most]].concat();
	let error = refusal(&limited("1012.5"));
	assert!(error.contains("line 3") && error.contains("exceed 1012.5 OGPU"), "{error}");
	success(&limited("1012.500000000000000001"));
	assert_eq!(run(&limited("plenty"), "").status.code(), Some(2), "a usage error");
}

#[test]
fn an_earlier_snapshot_is_kept_unless_it_is_to_be_replaced() {
	let files = three_holders();
	files.snapshot();
	let read = || ["snapshot.json", "proofs.jsonl"].map(|name| fs::read_to_string(files.out.join(name)).unwrap());
	let before = read();
	fs::write(&files.holders, format!("{FIRST},1\n")).unwrap();
	let error = refusal(&files.args());
	assert!(error.contains("snapshot.json exists") && error.contains("--force"), "{error}");
	assert_eq!(read(), before);

	let forced = [files.args(), vec!["--force"]].concat();
	let replaced = read_leaves(&success(&[forced.clone(), vec!["--json"]].concat()));
	assert_eq!(replaced, 1);
	assert_ne!(read(), before);

	// What fails replaces nothing.
	let before = read();
	fs::write(&files.holders, "nonsense\n").unwrap();
	refusal(&forced);
	assert_eq!(read(), before);
	assert_eq!(Files::names(&files.out), ["proofs.jsonl", "snapshot.json"]);

	fs::remove_file(files.out.join("snapshot.json")).unwrap();
	assert!(refusal(&files.args()).contains("proofs.jsonl exists"));
}

fn read_leaves(summary: &str) -> u64 {
	serde_json::from_str::<Value>(summary).unwrap()["leaves"].as_u64().unwrap()
}

#[test]
fn a_proof_is_verified_or_the_reason_given() {
	let files = three_holders();
	files.snapshot();
	let snapshot = files.out.join("snapshot.json");
	let args = ["verify-proof", "--snapshot", text(&snapshot), "--proof", "-"];
	for index in 0..3 {
		let line = files.proof_line(index);
		assert!(run(&args, &line).status.success(), "{line}");
		let file = files.dir.path().join("line.json");
		fs::write(&file, line + "\n").unwrap();
		let said = success(&["verify-proof", "--snapshot", text(&snapshot), "--proof", text(&file)]);
		assert!(said.starts_with(&format!("yes: number {index} ")), "{said}");
	}
	let changed = |change: fn(&mut Value)| {
		let mut line: Value = serde_json::from_str(&files.proof_line(1)).unwrap();
		change(&mut line);
		refusal_of(&args, &line.to_string())
	};
	for (error, reason) in [
		(changed(|line| line["index"] = json!(0)), "leads to the root 0x"),
		(changed(|line| line["index"] = json!(3)), "the snapshot has 3 leaves, and none is number 3"),
		(changed(|line| line["address"] = json!(FIRST)), "leads to the root 0x"),
		(
			changed(|line| line["address"] = json!("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD")),
			"is not an Ethereum address",
		),
		(changed(|line| line["amount"] = json!("1001")), "says two amounts"),
		(changed(|line| line["amount"] = json!("many")), "not an amount of OGPU"),
		(changed(|line| line["proof"] = json!([])), "0 hashes are not as many as number 1 of 3 needs"),
		(changed(|line| line["proof"][0] = json!(hex(&[7; 32]))), "leads to the root 0x"),
		(changed(|line| line["proof"][0] = json!("0x07")), "is not a line of proofs.jsonl"),
		(changed(|line| line["more"] = json!(true)), "unknown field `more`"),
		(refusal_of(&args, ""), "is not a line of proofs.jsonl"),
		(refusal_of(&args, &fs::read_to_string(files.out.join("proofs.jsonl")).unwrap()), "several lines"),
	] {
		assert!(error.contains(reason), "'{reason}' is not in: {error}");
	}
	let error = refusal_of(&["verify-proof", "--snapshot", text(&files.holders), "--proof", "-"], &files.proof_line(0));
	assert!(error.contains("is not a snapshot.json"), "{error}");
	let error = refusal(&["verify-proof", "--snapshot", "/does/not/exist.json", "--proof", "-"]);
	assert!(error.contains("cannot read /does/not/exist.json"), "{error}");
}

#[test]
fn the_text_to_sign_is_the_protocols() {
	let genesis = [0xab; 32];
	let account = AccountId32::new([7; 32]);
	let to = account.to_ss58check_with_version(SS58_PREFIX.into());
	let generic = account.to_ss58check_with_version(42u16.into());
	let genesis_text = hex(&genesis);
	let args = |to| vec!["message", "--genesis", &genesis_text, "--index", "1", "--amount", "1000.50", "--to", to];
	let expected = message(&genesis, 1, 2001 * UNIT / 2, &to);

	let output = run(&args(&to), "");
	assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
	assert!(output.status.success() && output.stderr.is_empty());

	let output = run(&args(&generic), "");
	assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
	assert!(String::from_utf8_lossy(&output.stderr).contains(&format!("{generic} is written {to}")));

	let mut mistyped = to.clone();
	let last = mistyped.pop().unwrap();
	mistyped.push(if last == 'x' { 'y' } else { 'x' });
	for wrong in [mistyped.as_str(), FIRST, "", "//Alice"] {
		assert!(refusal(&args(wrong)).contains("is no address of an account"), "{wrong}");
	}

	let files = three_holders();
	files.snapshot();
	let with_proof = ["message", "--genesis", &genesis_text, "--to", &to, "--proof", "-"];
	let output = run(&with_proof, &files.proof_line(1));
	assert_eq!(String::from_utf8_lossy(&output.stdout), message(&genesis, 1, 1000 * UNIT, &to));

	for usage in [
		&with_proof[..5],
		&[args(&to), vec!["--proof", "-"]].concat(),
		&["message", "--genesis", "0xab", "--index", "1", "--amount", "1", "--to", &to],
		&["message", "--genesis", &genesis_text, "--index", "-1", "--amount", "1", "--to", &to],
		&["message", "--genesis", &genesis_text, "--index", "1", "--amount", "1.", "--to", &to],
	] {
		assert_eq!(run(usage, "").status.code(), Some(2), "{usage:?}");
	}
}

#[test]
fn what_is_emitted_and_what_is_left_add_up_to_the_budget() {
	let amount = |value: &Value| parse_ogpu(value.as_str().unwrap()).unwrap();
	let emission: Value = serde_json::from_str(&success(&["emission", "--json"])).unwrap();
	assert_eq!(amount(&emission["budget"]), BUDGET);
	assert_eq!(emission["yearlyShareBillionths"], json!(YEARLY_SHARE_BILLIONTHS));
	assert_eq!(emission["erasPerYear"], json!(1461), "four in each day of a Julian year");
	let years = emission["years"].as_array().unwrap();
	assert_eq!(years.len(), 30);
	let (mut paid, mut last) = (0, Balance::MAX);
	for (year, number) in years.iter().zip(1..) {
		assert_eq!(year["year"], json!(number));
		paid += amount(&year["paid"]);
		assert_eq!(amount(&year["paidInAll"]), paid);
		assert_eq!(amount(&year["left"]), BUDGET - paid);
		assert!(amount(&year["paid"]) < last, "it falls");
		last = amount(&year["paid"]);
	}

	let table = success(&["emission", "--years", "5"]);
	assert!(table.contains(&format!("budget of {} OGPU", format_ogpu(BUDGET))), "{table}");
	let rows: Vec<Vec<Balance>> = table
		.lines()
		.map(|line| line.split_whitespace().map_while(parse_ogpu).collect())
		.filter(|row: &Vec<_>| row.len() == 4)
		.collect();
	assert_eq!(rows.len(), 5, "{table}");
	let mut paid = 0;
	for (row, year) in rows.iter().zip(years) {
		paid += row[1];
		assert_eq!(row[2], paid, "what is shown adds up too: {table}");
		assert_eq!(row[2] + row[3], BUDGET, "{table}");
		assert!(amount(&year["left"]).abs_diff(row[3]) < UNIT / 10_000, "{table}");
	}
	for years in ["0", "1001", "x"] {
		assert_eq!(run(&["emission", "--years", years], "").status.code(), Some(2), "{years} years");
	}
}

#[test]
fn the_plot_in_the_documentation_is_of_these_rules() -> Result<()> {
	let dir = tempfile::tempdir()?;
	let plot = |name: &str, years: &str| -> Result<String> {
		let file = dir.path().join(name);
		success(&["emission", "--years", years, "--svg", text(&file)]);
		Ok(fs::read_to_string(file)?)
	};
	let svg = plot("a.svg", "30")?;
	assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>") && svg.matches("<polyline").count() >= 2);
	assert_eq!(svg, plot("b.svg", "30")?, "the same bytes each time");
	for years in ["1", "1000"] {
		assert_ne!(svg, plot("c.svg", years)?);
	}
	let documented = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/emission.svg");
	if documented.exists() {
		assert!(
			fs::read_to_string(documented)? == svg,
			"docs/emission.svg is stale; in the root of the repository, run: {OGPU} token emission --svg docs/emission.svg"
		);
	}
	assert!(refusal(&["emission", "--svg", "/does/not/exist/a.svg"]).contains("cannot write /does/not/exist/a.svg"));
	Ok(())
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(24))]

	#[test]
	fn all_holders_find_their_proof_in_the_order_of_the_lines(
		holders in prop::collection::hash_map(any::<EthereumAddress>(), 1..=100_000 * UNIT, 1..100),
		header: bool,
		spelling in prop::collection::vec(0..4, 100),
	) {
		let holders: Vec<_> = holders.into_iter().collect();
		let mut csv = String::from(if header { "ADDRESS,Amount\n" } else { "" });
		for ((address, amount), spelling) in holders.iter().zip(&spelling) {
			let (whole, fraction) = (amount / UNIT, amount % UNIT);
			csv += &match spelling {
				0 => format!("{},{}\n", checksummed(keccak, address), format_ogpu(*amount)),
				1 => format!("{},{whole}.{fraction:018}\n", hex(address)),
				2 => format!("\"{}\",\"00{whole}.{fraction:018}\"\r\n", checksummed(keccak, address)),
				_ => format!("\n 0x{} ,{}\n", hex(address)[2..].to_uppercase(), format_ogpu(*amount)),
			};
		}
		prop_assert_eq!(Files::new(csv).snapshot(), holders);
	}

	#[test]
	fn one_broken_byte_is_found_in_its_line_or_changes_no_other(at in 0..1_000usize, byte: u8) {
		let lines: Vec<_> = [FIRST, SECOND, THIRD].iter().map(|address| format!("{address},12.5\n")).collect();
		let mut csv = lines.concat().into_bytes();
		let at = at % csv.len();
		csv[at] = byte;
		let broken = at / lines[0].len();
		let files = Files::new(&csv);
		let output = run(&files.args(), "");
		if output.status.success() {
			let expected: BTreeMap<_, _> = [FIRST, SECOND, THIRD]
				.iter()
				.enumerate()
				.filter(|(line, _)| *line != broken)
				.map(|(_, address)| (parse_address(keccak, address).unwrap(), 25 * UNIT / 2))
				.collect();
			fs::remove_dir_all(&files.out).unwrap();
			let found: BTreeMap<_, _> = files.snapshot().into_iter().collect();
			prop_assert!(expected.iter().all(|(address, amount)| found.get(address) == Some(amount)));
		} else {
			prop_assert_eq!(output.status.code(), Some(1));
			let error = String::from_utf8(output.stderr).unwrap();
			// A line feed more moves the fault to the next line, and one less joins two lines.
			let named = [broken + 1, broken + 2].iter().any(|line| error.contains(&format!("line {line}:")));
			prop_assert!(named, "line {}: {error}", broken + 1);
			prop_assert_eq!(Files::names(files.dir.path()), ["holders.csv"]);
		}
	}
}
