//! `ogpu sim search`: nothing pays that is not known to; and what the rules are for is found without them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use serde_json::Value;
use std::process::{Command, Output};

fn search(args: &[&str]) -> Output {
	Command::new(env!("CARGO_BIN_EXE_ogpu")).args(["sim", "search"]).args(args).output().expect("ogpu must start")
}

/// All kinds of deviations. It fails if one pays, with one line, and only then.
fn rows(args: &[&str]) -> Vec<Value> {
	let output = search(&[args, &["--json"]].concat());
	let rows: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
	let pays = rows.iter().any(|row| row["verdict"] == "pays");
	let stderr = String::from_utf8(output.stderr).unwrap();
	assert_eq!(output.status.code(), Some(pays.into()), "{args:?}: {stderr}");
	assert_eq!(stderr.lines().count(), usize::from(pays), "{args:?}: {stderr}");
	for row in &rows {
		let gains = row["gain"].as_f64().unwrap() > 1e-6;
		assert_eq!(row["verdict"] != "does not pay", gains, "{row}");
		assert!(row["environments"].as_u64().unwrap() > 0 && row["plays"].as_u64() >= row["environments"].as_u64());
	}
	rows
}

fn paying(args: &[&str], verdict: &str) -> Vec<String> {
	let pays = |row: &Value| (row["verdict"] == verdict).then(|| row["deviation"].as_str().unwrap().into());
	rows(args).iter().filter_map(pays).collect()
}

#[test]
fn nothing_pays_that_is_not_known_to() {
	let rows = rows(&[]);
	for market in ["auction", "race", "audit", "jury"] {
		assert!(rows.iter().any(|row| row["market"] == market), "{market}");
	}
	assert_eq!(paying(&[], "pays"), [""; 0]);
}

#[test]
fn each_rule_is_missed_when_it_is_gone() {
	let cases: [(&[&str], &str); 7] = [
		(&["--market", "auction", "--abandoned", "0"], "leaving what has become late"),
		(&["--market", "auction", "--abandoned", "0.05"], "leaving what has become late"),
		(&["--market", "audit", "--bond-share", "0.5"], "faking leaves, with colluding auditors and jurors"),
		(&["--market", "audit", "-f", "1/3"], "faking leaves, with authors that skip blocks besides"),
		(&["--market", "audit", "--late-finder"], "faking leaves, with a friend who finds it once it is caught"),
		(&["--market", "jury", "--vote-tenths", "10"], "a juror that lies or keeps its vote back, for up to the fine"),
		(&["--market", "jury", "--vote-tenths", "0"], "a juror that does not compute"),
	];
	for (args, deviation) in cases {
		let paying = paying(args, "pays");
		assert!(paying.iter().any(|row| row == deviation), "{args:?}: {paying:?}");
	}
}

/// Where an unrevealed bid costs all of the ceiling, nothing is left to bribe for.
#[test]
fn what_is_known_to_pay_follows_its_rule() {
	let bribes = |args| paying(args, "pays, as known").iter().any(|row| row.starts_with("bribing a rival"));
	assert!(bribes(&["--market", "auction"]));
	assert!(!bribes(&["--market", "auction", "--unrevealed", "1"]));
}

#[test]
fn nonsense_is_refused_in_one_line() {
	for args in [["--bond-share", "2"], ["--lateness", "-1"], ["-f", "1"]] {
		let output = search(&args);
		assert_eq!(output.status.code(), Some(2), "{args:?}");
		assert!(output.stdout.is_empty());
		assert_eq!(String::from_utf8(output.stderr).unwrap().lines().count(), 1);
	}
}

#[test]
fn people_read_each_kind_with_its_best_play() {
	let text = String::from_utf8(search(&["--market", "auction"]).stdout).unwrap();
	assert!(text.contains("does not pay") && text.contains("pays, as known"), "{text}");
}
