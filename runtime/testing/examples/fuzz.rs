//! Fuzzes the whole runtime, for as long as wanted. `scripts/fuzz.sh runtime` builds and starts it.

use clap::Parser;
use ogpu_runtime_testing::fuzz;
use std::time::{Duration, Instant};

/// Fuzz the whole runtime: hostile transactions in real blocks, all invariants after each of them.
#[derive(Parser)]
struct Options {
	/// The first seed; the next ones follow. What breaks something says with which seed it can be repeated.
	#[arg(long, default_value_t = 1)]
	seed: u64,
	/// So many blocks of each seed. Epochs of 20 blocks and eras of 60 pass.
	#[arg(long, default_value_t = 400)]
	blocks: u32,
	/// Goes on with other seeds for so many minutes; without it, one seed is enough.
	#[arg(long)]
	minutes: Option<u64>,
	/// Prints what became of each call.
	#[arg(long)]
	calls: bool,
}

fn main() {
	let Options { seed, blocks, minutes, calls } = Options::parse();
	let until = minutes.and_then(|minutes| Instant::now().checked_add(Duration::from_secs(minutes.saturating_mul(60))));
	for seed in seed.. {
		let start = Instant::now();
		let tally = fuzz::run(seed, blocks, until);
		println!("seed {seed}: {tally}, in {:.0?}", start.elapsed());
		if calls {
			for ((pallet, call), (done, failed)) in &tally.calls {
				println!("{done:>8} done {failed:>8} failed  {pallet}.{call}");
			}
		}
		if until.is_none_or(|until| Instant::now() >= until) {
			break;
		}
	}
}
