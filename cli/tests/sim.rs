//! `ogpu sim`, as people and scripts run it; and every figure of docs/validation.md.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use ogpu_protocol::class::Class;
use serde_json::Value;
use std::{
	fs,
	path::{Path, PathBuf},
	process::{Command, Output},
};

const OGPU: &str = env!("CARGO_BIN_EXE_ogpu");

fn run(args: &[&str]) -> Output {
	Command::new(OGPU).arg("sim").args(args).output().expect("ogpu must start")
}

/// Its stdout, when it must succeed.
fn success(args: &[&str]) -> String {
	let output = run(args);
	assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
	assert!(output.stderr.is_empty(), "nobody looks at a terminal: {}", String::from_utf8_lossy(&output.stderr));
	String::from_utf8(output.stdout).unwrap()
}

fn json(args: &[&str]) -> Value {
	serde_json::from_str(&success(&[args, &["--json"]].concat())).unwrap()
}

/// The one line that it says, when it must refuse, with this exit code.
fn refusal(args: &[&str], code: i32) -> String {
	let output = run(args);
	let stderr = String::from_utf8(output.stderr).unwrap();
	assert_eq!(output.status.code(), Some(code), "{args:?} must be refused, but: {stderr}");
	assert!(output.stdout.is_empty(), "no output for {args:?}");
	assert!(stderr.starts_with("Error: ") && stderr.lines().count() == 1, "one line for {args:?}, not: {stderr}");
	stderr
}

/// A figure by its path, such as `exact.void`.
fn figure(value: &Value, path: &str) -> f64 {
	path.split('.').fold(value, |value, key| &value[key]).as_f64().unwrap_or_else(|| panic!("no {path} in {value}"))
}

fn docs(name: &str) -> PathBuf {
	Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name)
}

/// The rows of the table in docs/validation.md that begins with these columns.
fn documented(header: &[&str]) -> Vec<Vec<String>> {
	let text = fs::read_to_string(docs("validation.md")).unwrap();
	let cells = |line: &str| -> Vec<String> {
		line.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`').into()).collect()
	};
	let mut lines = text.lines().skip_while(|line| !line.starts_with('|') || cells(line) != header).skip(2);
	let rows: Vec<_> = lines.by_ref().take_while(|line| line.starts_with('|')).map(cells).collect();
	assert!(!rows.is_empty(), "docs/validation.md must have a table with the columns {header:?}");
	assert!(rows.iter().all(|row| row.len() == header.len()), "{rows:?}");
	rows
}

/// What is written is what is computed, rounded to the digits that are written.
fn assert_says(written: &str, computed: f64, what: &str) {
	let (digits, exponent) = written.split_once('e').unwrap_or((written, "0"));
	let decimals = digits.split_once('.').map(|(_, decimals)| decimals.len() as i32);
	let last_digit = decimals.map_or(0.0, |decimals| 10f64.powi(exponent.parse::<i32>().unwrap() - decimals));
	let off = (written.parse::<f64>().unwrap() - computed).abs();
	// And a little for those digits that end with a five.
	assert!(off <= last_digit * 0.5001 + 1e-12, "{what} is documented as {written}, and is {computed}");
}

fn share(text: &str) -> f64 {
	match text.split_once('/') {
		Some((part, whole)) => part.parse::<f64>().unwrap() / whole.parse::<f64>().unwrap(),
		None => text.parse().unwrap(),
	}
}

#[test]
fn the_documented_figures_of_juries_are_those_that_are_computed() {
	let columns =
		["class", "f", "wrong accept", "wrong reject", "Void", "any conduct", "re-rolled", "rounds", "executions"];
	let keys = ["wrongAccept", "wrongReject", "void", "wrongByAnyConduct", "wrongWithRerolls", "rounds", "executions"];
	let (written, computed) = (documented(&columns), json(&[]));
	let computed = computed["jury"].as_array().unwrap();
	assert_eq!(written.len(), computed.len(), "all rows are documented");
	for (written, computed) in written.iter().zip(computed) {
		assert_eq!([&written[0], &written[1]], [&computed["class"], &computed["share"]]);
		for (key, cell) in keys.iter().zip(&written[2..]) {
			assert_says(cell, figure(computed, key), &format!("{key} of {} at {}", written[0], written[1]));
		}
	}
}

#[test]
fn the_documented_figures_of_audits_are_those_that_are_computed() {
	let columns = ["class", "s", "φ", "colluding", "detected", "re-rolled", "cost", "bond"];
	let keys = ["sampled", "cheated", "detection", "detectionWithRerolls", "cost", "bond"];
	let computed = json(&[]);
	let computed = computed["audit"].as_array().unwrap();
	for written in documented(&columns) {
		let is_it = |row: &&Value| {
			written[0] == row["class"] && written[3] == row["colluding"] && share(&written[2]) == figure(row, "cheated")
		};
		let row = computed.iter().find(is_it).unwrap();
		let cells = [&written[1..3], &written[4..]].concat();
		for (key, cell) in keys.iter().zip(cells) {
			assert_says(&cell, figure(row, key), &format!("{key} of {written:?}"));
		}
	}
	let of_class = |class: &str| -> Vec<_> {
		computed.iter().filter(|row| row["class"] == class).map(|row| row["detection"].clone()).collect()
	};
	assert_eq!(of_class("high"), of_class("standard"), "as the page says");
}

#[test]
fn every_documented_command_gives_the_documented_figure() {
	let mut last = (String::new(), Value::Null);
	for row in documented(&["command", "figure", "value"]) {
		let [command, path, value] = &row[..] else { panic!("{row:?}") };
		if last.0 != *command {
			let args: Vec<_> = command.strip_prefix("ogpu sim ").unwrap().split(' ').collect();
			last = (command.clone(), json(&args));
		}
		// What was drawn at random is not so exact, but the same seed draws the same.
		assert_says(value, figure(&last.1, path), &format!("{path} of {command}"));
	}
}

#[test]
fn the_table_of_classes_on_the_page_is_that_of_the_chain() {
	let classes = [Class::ECONOMY, Class::STANDARD, Class::HIGH, Class::ASSURED];
	for (row, class) in documented(&["class", "tasks audited", "leaves drawn", "k", "m", "cap"]).iter().zip(classes) {
		let jury = class.jury;
		assert_eq!(row[3..], [jury.draw_seats, jury.margin_seats, jury.cap_seats].map(|seats| seats.to_string()));
		let percent = |billionths: u32| match billionths / 10_000_000 {
			100 => "all".into(),
			percent => format!("{percent} %"),
		};
		assert!(row[1].starts_with(&percent(class.audit_billionths)), "{row:?}");
		assert_eq!(row[2], percent(class.leaves_billionths));
	}
}

#[test]
fn no_class_errs_more_than_the_protocol_promises_even_if_byzantine_authors_skip_blocks() {
	let computed = json(&[]);
	for row in computed["jury"].as_array().unwrap() {
		let is_fifth = row["share"] == "1/5";
		let promised = match row["class"].as_str().unwrap() {
			"economy" | "standard" => [1e-6, 3e-3][usize::from(!is_fifth)],
			_ => [1e-12, 1e-6][usize::from(!is_fifth)],
		};
		for key in ["wrongAccept", "wrongReject", "wrongByAnyConduct", "wrongWithRerolls"] {
			assert!(figure(row, key) <= promised, "{key} in {row}");
		}
		assert!(figure(row, "void") <= 0.01, "{row}");
	}
}

#[test]
fn exact_and_drawn_figures_agree_whatever_the_jury_and_whoever_sits_on_it() {
	for jury in [
		"-f 1/3",
		"-f 1/5 --k 11 -m 10 --cap 99",
		"-f 0.45 --k 11 -m 10 --cap 99",
		"-f 0.45 --k 5 -m 3 --cap 20 --operators 7 --sybils 3",
		"-f 1/3 --k 1 -m 4 --cap 30 --zipf 1",
		"-f 0.6 --k 7 -m 7 --cap 21 --zipf 0.5 --operators 300 --sybils 200",
		"-f 0.4 --k 5 -m 4 --cap 15 --conduct silent --redraws 4",
		"-f 0.4 --k 5 -m 4 --cap 15 --conduct stall",
		"-f 0.4 --k 5 -m 4 --cap 15 --conduct copy",
		"-f 0 --k 5 -m 4 --cap 15",
		"-f 0.9 --k 100 -m 80 --cap 1000",
	] {
		let args: Vec<_> = ["jury"].into_iter().chain(jury.split(' ')).chain(["--trials", "10000"]).collect();
		let report = json(&args);
		assert_eq!(report["agree"], true, "{jury}: {report}");
		for (exact, drawn) in [("exact.rounds", "drawn.rounds"), ("exact.executions", "drawn.executions")] {
			let (exact, drawn) = (figure(&report, exact), figure(&report, drawn));
			assert!((exact - drawn).abs() < 0.04 * exact, "{jury}: {exact} but {drawn} drawn");
		}
	}
	for audit in [
		"",
		"-f 0",
		"-f 1/3 --leaves 100 --sampled 20 --cheated 0.05",
		"-f 1/5 --leaves 40 --sampled 40 --cheated 0.05 --doubled 1",
		"-f 1/5 --audited 0.05 --cheated 1 --zipf 0.3",
		"-f 1/5 --lazy 0.5 --cheated 0.02",
		"--leaves 1 --sampled 1 --cheated 1",
	] {
		let args: Vec<_> = ["audit"].into_iter().chain(audit.split_whitespace()).chain(["--trials", "20000"]).collect();
		let report = json(&args);
		assert_eq!(report["agree"], true, "{audit}: {report}");
	}
}

#[test]
fn a_jury_of_one_seat_is_a_coin_and_seats_one_by_one_are_the_gamblers_ruin() {
	let jury = |k: &str, m: &str, cap: &str| {
		json(&["jury", "--k", k, "-m", m, "--cap", cap, "--redraws", "0", "-f", "1/4", "--trials", "0"])
	};
	let one = jury("1", "1", "1");
	assert_eq!(figure(&one, "exact.wrongReject"), 0.25);
	assert_eq!(figure(&one, "exact.wrongByAnyConduct"), 0.25);
	for m in 2..=8 {
		let walk = jury("1", &m.to_string(), "1000");
		let (wrong, odds) = (figure(&walk, "exact.wrongReject"), 3f64.powi(-m));
		let ruin = odds / (1.0 + odds);
		assert!(wrong < ruin && wrong > ruin * 0.99, "a little less, for no seat is drawn twice: {wrong}, {ruin}");
		assert!(figure(&walk, "exact.wrongByAnyConduct") < odds, "{walk}");
		assert!(figure(&walk, "exact.void") < 1e-12, "hardly ever is it a walk of a thousand: {walk}");
	}
}

#[test]
fn whoever_skips_blocks_gains_what_the_model_allows_and_no_more() {
	for (share, times) in [("1/5", 4.0 / 3.0), ("1/3", 2.01)] {
		// One round alone, and then there are no more seeds.
		let one = json(&["jury", "--k", "11", "-m", "11", "--cap", "11", "-f", share, "--trials", "0"]);
		let (plain, rerolled) = (figure(&one, "exact.wrongReject"), figure(&one, "exact.wrongWithRerolls"));
		assert!(rerolled > plain * times * 0.99 && rerolled < plain * times * 1.001, "{plain} becomes {rerolled}");
	}
}

#[test]
fn what_is_drawn_depends_on_the_seed_alone() {
	let draw = |seed| success(&["jury", "-f", "0.45", "--trials", "2000", "--seed", seed]);
	assert_eq!(draw("7"), draw("7"));
	assert_ne!(draw("7"), draw("8"));
}

#[test]
fn the_documented_plots_are_those_that_are_drawn() {
	let dir = tempfile::tempdir().unwrap();
	let file = dir.path().join("plot.svg");
	let plot = |args: &[&str]| {
		success(&[args, &["--svg", file.to_str().unwrap()]].concat());
		fs::read_to_string(&file).unwrap()
	};
	for (args, name) in [(&[][..], "validation-jury.svg"), (&["audit", "--trials", "0"], "validation-audit.svg")] {
		assert_eq!(plot(args), fs::read_to_string(docs(name)).unwrap(), "docs/{name} must be drawn anew");
	}
	assert!(plot(&["jury", "--trials", "0"]).starts_with("<svg"));
	let nowhere = dir.path().join("missing/plot.svg");
	assert!(refusal(&["--svg", nowhere.to_str().unwrap()], 1).contains("cannot write"));
}

#[test]
fn nonsense_is_refused_in_one_line_that_says_why() {
	for (args, reason) in [
		("jury --k 0", "k must be at least 1"),
		("jury -m 0", "m must be at least 1"),
		("jury -m 208", "m = 208 cannot be reached"),
		("jury --cap 22", "the cap of 22 is less than a round"),
		("jury --cap 1001", "juries of at most 1000 seats"),
		("jury --redraws 1001", "as many redraws"),
		("jury -f 1", "the byzantine share must be at least 0 and less than 1, not 1"),
		("jury -f -0.1", "not -0.1"),
		("jury -f NaN", "not NaN"),
		("jury -f 1/0", "not inf"),
		("jury -f 0/0", "not NaN"),
		("jury --offline 1", "the share of lost votes"),
		("jury --zipf NaN", "Zipf"),
		("jury --zipf -1", "Zipf"),
		("jury --operators 0", "there must be honest operators"),
		("jury --sybils 0", "--sybils cannot be 0"),
		("jury --operators 4000000000", "at most 100000 operators"),
		("jury --trials 4000000000", "at most 43478260 trials of 23 draws"),
		("audit --leaves 1000000 --sampled 50000 --trials 100000", "at most 20000 trials of 50000 draws"),
		("jury --best-play", "the best play is only searched"),
		("audit --leaves 0", "at least one leaf"),
		("audit --sampled 0", "at least one leaf must be drawn"),
		("audit --sampled 1001", "1001 leaves cannot be drawn, for there are 1000"),
		("audit --cheated 1.5", "the cheated share must be from 0 to 1, not 1.5"),
		("audit --cheated NaN", "not NaN"),
		("audit --audited 0", "must not be 0"),
		("audit --doubled 2", "second auditor"),
		("audit -f 1", "less than 1"),
		("audit --lazy 1", "lazy"),
		("attack --trials 0", "--trials cannot be 0"),
		("attack --cheated -1", "not -1"),
		("attack --leaves 0", "at least one leaf"),
		("attack --leaves 10000001", "at most 10000000 leaves"),
		("audit --leaves 10000001", "at most 10000000 leaves"),
	] {
		let line = refusal(&args.split(' ').collect::<Vec<_>>(), 2);
		assert!(line.contains(reason), "{args}: {line}");
	}
	assert_eq!(run(&["jury", "-f", "a fifth"]).status.code(), Some(2), "no number at all");
}

#[test]
fn an_honest_provider_is_paid_and_whoever_serves_only_accomplices_is_not() {
	let attack = |args: &str| {
		json(&["attack", "--trials", "2000"].into_iter().chain(args.split_whitespace()).collect::<Vec<_>>())
	};
	let honest = attack("");
	assert_eq!((figure(&honest, "accepted.events"), figure(&honest, "disputesPerTask")), (2_000.0, 0.0));
	assert!((figure(&honest, "checking") - 0.06).abs() < 0.001, "six percent: {honest}");

	for disturbed in ["--auditors lie", "--auditors silent", "--lazy 0.5 --lazy-conduct guess", "--serves jurors"] {
		let task = attack(disturbed);
		assert_eq!(figure(&task, "convicted.events"), 0.0, "{disturbed}: {task}");
		assert!(figure(&task, "disputesPerTask") > 5.0, "{disturbed}: {task}");
	}
	let unserved = attack("--serves jurors");
	assert!(figure(&unserved, "unserved") > 0.3, "it pays half of the juries that it calls: {unserved}");
	assert_eq!(figure(&unserved, "profit"), -figure(&unserved, "unserved"));
	assert_eq!(figure(&attack("--lazy 0.5 --lazy-conduct guess"), "unserved"), 0.0, "whoever guesses pays alone");

	for secretive in ["--serves accomplices", "--serves accomplices --cheated 0.01 --class high"] {
		assert_eq!(figure(&attack(secretive), "accepted.events"), 0.0, "{secretive}");
	}
	let blatant = attack("--cheated 1");
	assert_eq!(figure(&blatant, "accepted.events"), 0.0);
	assert!((figure(&blatant, "profit") + figure(&blatant, "bond")).abs() < 1e-9, "it loses the bond: {blatant}");
	assert!(figure(&attack("--class economy --cheated 1 -f 0"), "profit") < 0.3, "what is drawn scatters");
}

#[test]
fn the_bond_makes_every_share_a_loss_although_seeds_are_re_rolled() {
	for class in ["economy", "standard", "high", "assured"] {
		for cheated in ["0.001", "0.002", "0.005", "0.01", "0.03", "0.1", "0.5", "1"] {
			let report = json(&["attack", "--trials", "1", "--class", class, "--cheated", cheated, "-f", "1/5"]);
			let rerolled = figure(&report, "exactProfitWithRerolls");
			assert!(rerolled <= 0.0, "{class} {cheated}: {report}");
			assert!(rerolled >= figure(&report, "exactProfit"), "skipping blocks never hurts: {report}");
			let honest = json(&["attack", "--trials", "1", "--class", class, "--cheated", cheated, "-f", "0"]);
			assert!(figure(&honest, "exactProfit") <= figure(&report, "exactProfit"));
		}
	}
}

#[test]
fn people_see_tables_in_lines_that_fit() {
	for args in [&[][..], &["jury", "--trials", "100"], &["audit", "--trials", "100"], &["attack", "--trials", "100"]] {
		let text = success(args);
		assert!(text.lines().count() > 5 && text.lines().all(|line| line.chars().count() <= 120), "{text}");
		assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
	}
	assert!(success(&["--help"]).contains("four audit classes"));
}
