//! Drawing at random, many times, on all processors: the same for the same seed, whatever the machine.

use crate::output::{ensure_usage, Progress};
use anyhow::Result;
use clap::Args;
use ogpu_protocol::random::Random;
use std::{
	sync::atomic::{AtomicU32, Ordering},
	thread,
};

#[derive(Clone, Copy, Debug, Args)]
pub struct Trials {
	/// How many trials are drawn at random, to be held against the exact figures; 0: none (default: 100000, or fewer
	/// of those that take long).
	#[arg(long, value_name = "N")]
	trials: Option<u32>,

	/// What the trials are drawn from: the same seed, the same trials.
	#[arg(long, value_name = "N", default_value_t = 1)]
	seed: u64,
}

/// What many trials add up to.
pub trait Counts: Default + Send {
	fn add(&mut self, other: Self);
}

/// More would take longer than minutes.
const MOST_DRAWS: u32 = 1_000_000_000;

/// Unless somebody wants more: as many draws take seconds.
const DEFAULT_TRIALS: u32 = 100_000;
const DEFAULT_DRAWS: u32 = 20_000_000;

impl Trials {
	/// How many trials, each of so many draws, are wanted.
	pub fn count(&self, draws: u32) -> Result<u32> {
		let fitting = DEFAULT_DRAWS.checked_div(draws).unwrap_or(DEFAULT_TRIALS).clamp(1, DEFAULT_TRIALS);
		let count = self.trials.unwrap_or(fitting);
		let most = MOST_DRAWS.checked_div(draws).unwrap_or(MOST_DRAWS);
		ensure_usage!(count <= most, "at most {most} trials of {draws} draws each, not {count}");
		Ok(count)
	}

	/// Each trial draws from a source of its own.
	pub fn run<C: Counts>(&self, count: u32, what: &str, trial: impl Fn(&mut Fast, &mut C) + Sync) -> C {
		let (progress, done) = (Progress::new(), AtomicU32::new(0));
		let threads = thread::available_parallelism().map_or(1, |threads| threads.get()).min(64);
		let work = |first: usize| {
			let mut counts = C::default();
			for number in (0..count).skip(first).step_by(threads) {
				trial(&mut Fast::new(self.seed, number), &mut counts);
				progress.show(what, done.fetch_add(1, Ordering::Relaxed).saturating_add(1));
			}
			counts
		};
		let mut sum = C::default();
		thread::scope(|scope| {
			let workers: Vec<_> = (0..threads).map(|first| scope.spawn(move || work(first))).collect();
			for worker in workers {
				match worker.join() {
					Ok(counts) => sum.add(counts),
					Err(panic) => std::panic::resume_unwind(panic),
				}
			}
		});
		sum
	}
}

/// SplitMix64: fast, and good enough to count with. The chain hashes instead.
pub struct Fast(u64);

impl Fast {
	fn new(seed: u64, trial: u32) -> Self {
		let mut seeded = Self(seed);
		let start = seeded.word();
		Self(Self(start ^ u64::from(trial)).word())
	}

	fn word(&mut self) -> u64 {
		self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
		let word = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
		let word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
		word ^ word >> 31
	}
}

impl Random for Fast {
	/// Of 2⁶⁴ words some numbers get one more than others: for the bounds here, one in 10¹⁰ at most.
	fn below(&mut self, bound: u64) -> u64 {
		(u128::from(self.word()).saturating_mul(bound.into()) >> 64) as u64
	}
}
