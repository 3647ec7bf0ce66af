//! The golden vectors stand as the rules make them. That other languages compute the same from them is tested in
//! `js/vectors.mjs`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

#[path = "../examples/vectors/mod.rs"]
mod areas;

use std::collections::BTreeSet;

const ADVICE: &str = "A change of a vector is a change of the protocol: programs that follow the old one will disagree with \
	the chain. If it is meant, write the vectors anew with\n\n    cargo run --release -p ogpu-protocol --example vectors\n\n\
	and let tests/js/vectors.mjs follow.";

#[test]
fn the_rules_still_make_the_golden_vectors() {
	for (name, text) in areas::files() {
		let stored = std::fs::read_to_string(format!("{}/{name}.json", areas::folder())).unwrap_or_default();
		let differ = stored.lines().zip(text.lines()).position(|(stored, made)| stored != made);
		let line = differ.unwrap_or_else(|| stored.lines().count().min(text.lines().count()));
		let [stored_line, made_line] =
			[&stored, &text].map(|text| text.lines().nth(line).unwrap_or("(nothing)").trim());
		assert!(
			stored == text,
			"protocol/vectors/{name}.json differs from line {}:\n  it says     {stored_line}\n  rules make  {made_line}\n\n{ADVICE}",
			line + 1,
		);
	}
}

#[test]
fn no_golden_vector_is_of_a_rule_that_is_gone() {
	let made: BTreeSet<_> = areas::files().into_iter().map(|(name, _)| format!("{name}.json")).collect();
	let stored: BTreeSet<_> = std::fs::read_dir(areas::folder())
		.unwrap()
		.map(|entry| entry.unwrap().file_name().into_string().unwrap())
		.collect();
	assert_eq!(stored, made, "{ADVICE}");
}
