//! The whole runtime under hostile transactions: a bounded run of what `scripts/fuzz.sh` does for as long as wanted.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects)]

use ogpu_runtime_testing::fuzz;

/// Seeds and numbers of blocks; a line each in `fuzz-seeds`, of runs that once broke something.
fn seeds() -> impl Iterator<Item = (u64, u32)> {
	include_str!("fuzz-seeds").lines().filter(|line| !line.starts_with('#')).map(|line| {
		let mut numbers = line.split_whitespace();
		(numbers.next().unwrap().parse().unwrap(), numbers.next().unwrap().parse().unwrap())
	})
}

#[test]
fn strangers_send_whatever_they_like_and_nothing_breaks() {
	let tally = fuzz::run(1, 400, None);
	println!("{tally}");
	// What is refused or fails must not be all there is.
	assert!(tally.done > 600 && tally.failed > 600 && tally.refused > 300 && tally.undecodable > 150, "{tally}");
	assert!(tally.by_wasm > 20, "{tally}");
}

#[test]
fn what_once_broke_something_does_so_no_more() {
	for (seed, blocks) in seeds() {
		println!("seed {seed}: {}", fuzz::run(seed, blocks, None));
	}
}

#[test]
fn a_run_can_be_repeated_from_its_seed() {
	let runs = [2, 2, 3].map(|seed| fuzz::run(seed, 30, None).digest);
	assert_eq!(runs[0], runs[1]);
	assert_ne!(runs[0], runs[2]);
}
