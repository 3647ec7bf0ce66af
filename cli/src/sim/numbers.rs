//! Shares as people write them, and numbers as they read them.

use crate::output::ensure_usage;
use anyhow::{anyhow, Result};
use ogpu_protocol::random::CERTAIN_BILLIONTHS;
use serde::Serialize;
use std::{fmt, str::FromStr};

/// A share of a whole, written as `0.2` or `1/5`. That it is one is checked later, with the reason why it must be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share(pub f64);

impl FromStr for Share {
	type Err = anyhow::Error;

	fn from_str(text: &str) -> Result<Self> {
		let number = |text: &str| text.trim().parse::<f64>().map_err(|_| anyhow!("neither a number nor a fraction"));
		match text.split_once('/') {
			Some((part, whole)) => Ok(Self(number(part)? / number(whole)?)),
			None => number(text).map(Self),
		}
	}
}

impl fmt::Display for Share {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		self.0.fmt(f)
	}
}

impl Share {
	/// Refuses what is no share, or all of it.
	pub fn below_one(self, what: &str) -> Result<f64> {
		ensure_usage!((0.0..1.0).contains(&self.0), "{what} must be at least 0 and less than 1, not {}", self.0);
		Ok(self.0)
	}

	/// Refuses what is no share; all of it is one.
	pub fn at_most_one(self, what: &str) -> Result<f64> {
		ensure_usage!((0.0..=1.0).contains(&self.0), "{what} must be from 0 to 1, not {}", self.0);
		Ok(self.0)
	}
}

/// How the chain writes a share.
pub fn billionths(share: f64) -> u32 {
	(share * f64::from(CERTAIN_BILLIONTHS)).round() as u32
}

/// So many of all, rounded up: the byzantine ones of a share.
pub fn part_of(share: f64, all: u32) -> u32 {
	// A third of 999 must not become 334 because a third is not exact.
	((share * f64::from(all) - 1e-9).ceil().max(0.0) as u32).min(all)
}

/// A probability from events that were counted, and the interval that holds the true one in 99.9 % of all such counts.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Estimate {
	pub events: u64,
	pub trials: u64,
	pub low: f64,
	pub high: f64,
}

/// Standard deviations of a normal distribution that hold 99.9 %.
const DEVIATIONS: f64 = 3.290_526_731;

impl Estimate {
	/// Wilson's interval: it stays sound where an event never, or always, happened.
	pub fn new(events: u64, trials: u64) -> Self {
		let (n, z2) = (trials.max(1) as f64, DEVIATIONS * DEVIATIONS);
		let share = events as f64 / n;
		let centre = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
		let half = DEVIATIONS / (1.0 + z2 / n) * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
		let low = if events == 0 { 0.0 } else { (centre - half).max(0.0) };
		let high = if events == trials { 1.0 } else { (centre + half).min(1.0) };
		Self { events, trials, low, high }
	}

	pub fn holds(&self, probability: f64) -> bool {
		// What rounding does to a probability of 0 or 1 is no deviation.
		(self.low - 1e-12..=self.high + 1e-12).contains(&probability)
	}
}

impl fmt::Display for Estimate {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(f, "{} to {}", readable(self.low), readable(self.high))
	}
}

/// A probability with three digits that count.
pub fn readable(probability: f64) -> String {
	match probability {
		0.0 => "0".into(),
		1.0 => "1".into(),
		small if small < 0.001 => format!("{small:.2e}"),
		large if large > 0.9995 => format!("1-{:.1e}", 1.0 - large),
		other => format!("{other:.4}"),
	}
}
