//! `ogpu verify`, as people and scripts run it.

use super::{world::*, TASK};
use ogpu::receipt::{Chain, Conclusion, KNOWN};
use serde_json::Value;
use std::{
	fs,
	path::PathBuf,
	process::{Command, Output},
};
use tempfile::TempDir;

/// A folder with a receipt, the spec of its chain, and what it is about.
struct Folder(TempDir);

impl Folder {
	fn new(story: &Story) -> Self {
		let folder = Self(tempfile::tempdir().unwrap());
		fs::write(folder.at("receipt.json"), serde_json::to_vec(&story.receipt()).unwrap()).unwrap();
		fs::write(folder.at("chain.json"), &story.spec).unwrap();
		fs::write(folder.at("result"), RESULT).unwrap();
		fs::write(folder.at("input"), INPUT).unwrap();
		fs::write(folder.at("manifest"), MANIFEST).unwrap();
		folder
	}

	fn at(&self, name: &str) -> PathBuf {
		self.0.path().join(name)
	}

	fn run(&self, args: &[&str]) -> Output {
		let mut command = Command::new(env!("CARGO_BIN_EXE_ogpu"));
		command.current_dir(self.0.path()).arg("verify").args(args).output().expect("ogpu must start")
	}

	/// What it prints, when it must succeed.
	fn good(&self, args: &[&str]) -> String {
		let output = self.run(args);
		assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
		String::from_utf8(output.stdout).unwrap()
	}

	/// The one line that it says, when it must refuse.
	fn refusal(&self, args: &[&str], code: i32) -> String {
		let output = self.run(args);
		let stderr = String::from_utf8(output.stderr).unwrap();
		assert_eq!(output.status.code(), Some(code), "{args:?}: {stderr}");
		assert_eq!(output.stdout.is_empty(), code != 3, "a refusal prints no proof");
		assert!(stderr.starts_with("Error: ") && stderr.lines().count() == 1, "one line for {args:?}, not: {stderr}");
		stderr
	}
}

const OF: [&str; 3] = ["receipt.json", "--chain", "chain.json"];

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
	[OF.as_slice(), more].concat()
}

#[test]
fn a_client_shows_a_stranger_what_was_computed() {
	let folder = Folder::new(&Story::of(Conclusion::Accepted));
	let said = folder.good(&with(&["--result", "result", "--input", "input", "--manifest", "manifest"]));
	for line in [
		"'A small chain', genesis 0x",
		"made 2026-11-21T21:00:00Z",
		"6 of 6 validators of set 2, with weight 6 of 6 (5 is needed)",
		"that were followed: 2;",
		"accepted: nothing was found against it",
		"50 of 1000 leaves were audited; the chance of an audit was 100 %",
		"4 % if one leaf was wrong, 98.5 % if one leaf in ten was",
		"'result' is the result of 0x0808",
		"'input' is what the work began from",
		"'manifest' is the manifest",
		"not proven:",
		"that a result is right",
	] {
		assert!(said.contains(line), "{line:?} is missing in:\n{said}");
	}
	assert!(!said.contains("keys of the chain's first validators"));
}

#[test]
fn a_script_reads_the_same() {
	let folder = Folder::new(&Story::of_job());
	let said: Value = serde_json::from_str(&folder.good(&with(&["--json", "--result", "result"]))).unwrap();
	assert_eq!((&said["accepted"], &said["publicKeys"]), (&Value::Bool(true), &Value::Bool(false)));
	assert_eq!((&said["block"]["number"], &said["authorities"]["neededWeight"]), (&100.into(), &5.into()));
	assert_eq!(said["records"].as_array().unwrap().len(), 3);
	assert_eq!((&said["records"][1]["part"], &said["records"][1]["conclusion"]), (&2.into(), &"accepted".into()));
	assert_eq!(said["files"][0]["is"], "result");
}

#[test]
fn another_file_is_not_the_result() {
	let folder = Folder::new(&Story::of(Conclusion::Accepted));
	for (option, word) in
		[("--result", "the result"), ("--input", "what the work began from"), ("--manifest", "the manifest")]
	{
		let said = folder.refusal(&with(&[option, "chain.json"]), 1);
		assert!(said.contains(&format!("'chain.json' is not {word} that the receipt proves")), "{said}");
	}
	assert!(folder.refusal(&with(&["--result", "nowhere"]), 1).contains("cannot read 'nowhere'"));
}

#[test]
fn a_verdict_against_the_provider_is_proven_too() {
	for conclusion in [Conclusion::Convicted, Conclusion::Void, Conclusion::InputAtFault] {
		let folder = Folder::new(&Story::of(conclusion));
		let said = folder.refusal(&OF, 3);
		assert!(said.contains(&format!("not accepted: {TASK:?}: {conclusion:?}")), "{said}");
	}
}

#[test]
fn a_chain_must_be_known_and_its_keys_secret() {
	let mut story = Story::of(Conclusion::Accepted);
	let folder = Folder::new(&story);
	let said = folder.refusal(&["receipt.json"], 1);
	assert!(said.contains("does not know the chain with the genesis") && said.contains("--chain FILE"), "{said}");
	assert!(folder.refusal(&["receipt.json", "--chain", "nowhere"], 2).contains("development, local, testnet"));
	assert!(folder.refusal(&["receipt.json", "--chain", "local"], 1).contains("is of the chain with the genesis"));
	// Anybody can sign for the validators of the chains that come along.
	story.genesis = Chain::of_spec(KNOWN[0].1).unwrap().genesis;
	let folder = Folder::new(&story);
	let said = folder.refusal(&["receipt.json"], 1);
	assert!(said.contains("anybody could have made this") && said.contains("--chain development"), "{said}");
	assert!(folder.refusal(&["receipt.json", "--chain", "development"], 1).contains("1st change of authorities"));
}

#[test]
fn a_set_that_is_known_from_elsewhere_suffices() {
	let story = Story::of(Conclusion::Accepted);
	let folder = Folder::new(&story);
	let said: Value = serde_json::from_str(&folder.good(&with(&["--json", "--shorten", "short.json"]))).unwrap();
	let hash = said["authorities"]["hash"].as_str().unwrap();
	assert!(folder.good(&["short.json", "--authorities", hash]).contains("that were followed: 0;"));
	let said = folder.refusal(&["short.json", "--chain", "chain.json"], 1);
	assert!(said.contains(&format!("--authorities {hash}")), "{said}");
	let output = folder.run(&with(&["--shorten", "short.json"]));
	assert_eq!(output.status.code(), Some(1), "no file is written over");
}

#[test]
fn of_a_part_that_was_done_again_the_accepted_result_is_named() {
	let mut story = Story::of_job();
	let accepted = story.names[1];
	let ends = [Conclusion::Convicted, Conclusion::Accepted, Conclusion::Accepted];
	let records: Vec<_> = story.names.iter().copied().zip(ends.map(record)).collect();
	story = Story::with(story.job, &records);
	let folder = Folder::new(&story);
	let output = folder.run(&with(&["--result", "result"]));
	assert_eq!(output.status.code(), Some(3));
	let said = String::from_utf8(output.stdout).unwrap();
	assert!(said.contains(&format!("'result' is the result of {accepted:?}")), "{said}");
	assert!(said.contains("that these are all parts of the job"), "{said}");
}
