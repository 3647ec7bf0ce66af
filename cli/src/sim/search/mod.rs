//! `ogpu sim search`: whether any deviation from honest play pays.
//!
//! Each market has a few kinds of deviations. Of each, every play of a small grid meets every environment of another,
//! through the rules that the chain runs. So what is found is true, and what is not found may lie beyond the grid.

mod auction;
mod audit;
mod jury;
mod race;

use super::numbers::{billionths, Share};
use crate::output::{print, print_json, Progress};
use anyhow::{bail, Result};
use clap::{Args, ValueEnum};
use ogpu_protocol::{
	auction::AuctionParameters,
	pool::{PriceParameters, RaceParameters},
	slashing::SlashingParameters,
};
use serde::Serialize;
use std::fmt::Write;

/// Search for deviations from honest play that pay, in auctions, races, audits and juries.
///
/// It fails if one pays that is not known to, so that a test can hold the rules. With flags for other rules it shows
/// what each of them is for.
#[derive(Debug, Args)]
pub struct SearchCmd {
	/// Search only here.
	#[arg(long, value_enum)]
	market: Option<Market>,

	/// The share of the seats, and of the authors of blocks, that are of the cheater's alliance, at most.
	#[arg(short = 'f', long = "byzantine", value_name = "SHARE", default_value = "1/5", allow_negative_numbers = true)]
	share: Share,

	/// The share of the bond that is pinned.
	#[arg(long, value_name = "SHARE", default_value = "1", allow_negative_numbers = true)]
	bond_share: Share,

	/// What is burned of each fee.
	#[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
	burned: Option<Share>,

	/// What is burned of what a price exceeds its floor by.
	#[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
	surcharge_burned: Option<Share>,

	/// What lateness costs, of the fee.
	#[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
	lateness: Option<Share>,

	/// What it costs to leave work, of the fee.
	#[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
	abandoned: Option<Share>,

	/// What it costs not to reveal a bid, of the ceiling.
	#[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
	unrevealed: Option<Share>,

	/// The fine of a vote that loses, or is not revealed: tenths of what a check pays.
	#[arg(long, value_name = "TENTHS")]
	vote_tenths: Option<u32>,

	/// Pay finders also when leaves of the task have been drawn.
	#[arg(long)]
	late_finder: bool,

	/// Print JSON, with all digits.
	#[arg(long)]
	json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
enum Market {
	Auction,
	Race,
	Audit,
	Jury,
}

/// The rules under which is played.
struct Rules {
	auction: AuctionParameters,
	prices: PriceParameters,
	race: RaceParameters,
	slashing: SlashingParameters,
	bond_billionths: u32,
	/// Whether a finder is paid although leaves of the task were drawn.
	late_finder: bool,
	/// The alliance's share of seats and of blocks, at most.
	share: f64,
}

/// A smaller gain is none: probabilities are rounded, and a jury may err as often.
const NOTHING: f64 = 1e-6;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
enum Verdict {
	#[serde(rename = "does not pay")]
	DoesNotPay,
	#[serde(rename = "pays, as known")]
	Known,
	#[serde(rename = "pays")]
	Pays,
}

/// The best play of one kind of deviation.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
	market: Market,
	deviation: &'static str,
	/// How many environments it was tried in, and how many plays in all.
	environments: u32,
	plays: u32,
	/// What is gained over honest play.
	gain: f64,
	unit: &'static str,
	play: String,
	environment: String,
	verdict: Verdict,
	/// Why it is left, if it is known to pay.
	known: Option<&'static str>,
}

/// Tries plays, and keeps the best.
struct Search {
	row: Row,
	progress: Progress,
}

impl Search {
	/// Of this kind of deviation. Gains are in parts of the unit.
	fn of(market: Market, deviation: &'static str, unit: &'static str) -> Self {
		let row = Row {
			market,
			deviation,
			environments: 0,
			plays: 0,
			gain: f64::NEG_INFINITY,
			unit,
			play: String::new(),
			environment: String::new(),
			verdict: Verdict::DoesNotPay,
			known: None,
		};
		Self { row, progress: Progress::new() }
	}

	/// It is known to pay, and why it is left at that.
	fn known(mut self, why: &'static str) -> Self {
		self.row.known = Some(why);
		self
	}

	fn environment(&mut self) {
		self.row.environments = self.row.environments.saturating_add(1);
	}

	/// A play, against what honest play earns in the same environment; `words` tells both.
	fn play(&mut self, honest: f64, deviating: f64, words: impl FnOnce() -> [String; 2]) {
		self.row.plays = self.row.plays.saturating_add(1);
		self.progress.show("plays tried:", self.row.plays);
		let gain = deviating - honest;
		// Of plays that differ by rounding alone the first is kept.
		if gain > self.row.gain + 1e-12 {
			self.row.gain = gain;
			[self.row.play, self.row.environment] = words();
		}
	}

	fn finish(mut self) -> Row {
		self.row.verdict = match self.row.known {
			_ if self.row.gain <= NOTHING => Verdict::DoesNotPay,
			Some(_) => Verdict::Known,
			None => Verdict::Pays,
		};
		self.row
	}
}

impl SearchCmd {
	fn rules(&self) -> Result<Rules> {
		let (mut prices, mut slashing) = (PriceParameters::default(), SlashingParameters::default());
		let change = |flag: Option<Share>, what, parameter: &mut u32| -> Result<()> {
			if let Some(share) = flag {
				*parameter = billionths(share.at_most_one(what)?);
			}
			Ok(())
		};
		change(self.burned, "what is burned", &mut slashing.burned_billionths)?;
		change(self.surcharge_burned, "what is burned of the rest", &mut prices.surcharge_burned_billionths)?;
		change(self.lateness, "what lateness costs", &mut slashing.lateness_billionths)?;
		change(self.abandoned, "what leaving costs", &mut slashing.abandoned_billionths)?;
		change(self.unrevealed, "what an unrevealed bid costs", &mut slashing.unrevealed_billionths)?;
		prices.burned_billionths = slashing.burned_billionths;
		slashing.vote_tenths = self.vote_tenths.unwrap_or(slashing.vote_tenths);
		Ok(Rules {
			auction: AuctionParameters::default(),
			prices,
			race: RaceParameters::default(),
			slashing,
			bond_billionths: billionths(self.bond_share.at_most_one("the share of the bond")?),
			late_finder: self.late_finder,
			share: self.share.below_one("the byzantine share")?,
		})
	}

	pub fn run(&self) -> Result<()> {
		let rules = self.rules()?;
		let mut rows = Vec::new();
		for market in Market::value_variants().iter().filter(|market| self.market.is_none_or(|only| only == **market)) {
			rows.extend(match market {
				Market::Auction => auction::search(&rules)?,
				Market::Race => race::search(&rules)?,
				Market::Audit => audit::search(&rules)?,
				Market::Jury => jury::search(&rules)?,
			});
		}
		if self.json {
			print_json(&rows)?;
		} else {
			print(&text(&rows)?)?;
		}
		let best = rows.iter().filter(|row| row.verdict == Verdict::Pays).max_by(|a, b| a.gain.total_cmp(&b.gain));
		match best {
			Some(row) => bail!("{} pays {}: {}, where {}", row.deviation, row.gained(), row.play, row.environment),
			None => Ok(()),
		}
	}
}

impl Row {
	fn gained(&self) -> String {
		format!("{:+.6} of {}", self.gain, self.unit)
	}
}

/// The environments, plays and gains of each kind; below it the play that gains most, or loses least.
fn text(rows: &[Row]) -> Result<String> {
	let mut text = format!(
		"The best of each kind of deviation, against honest play.\n\n{:<8} {:<58} {:>12} {:>9}  {:<26}  {}\n",
		"market", "deviation", "environments", "plays", "gain", "verdict"
	);
	for row in rows {
		let market = row.market.to_possible_value().map_or(String::new(), |name| name.get_name().into());
		let verdict = match row.verdict {
			Verdict::DoesNotPay => "does not pay",
			Verdict::Known => "pays, as known",
			Verdict::Pays => "PAYS",
		};
		writeln!(
			text,
			"{market:<8} {:<58} {:>12} {:>9}  {:<26}  {verdict}",
			row.deviation,
			row.environments,
			row.plays,
			row.gained()
		)?;
		writeln!(text, "{:<8}   {}; {}", "", row.play, row.environment)?;
		if let Some(why) = row.known {
			writeln!(text, "{:<8}   {why}", "")?;
		}
	}
	Ok(text)
}

/// A share as people read it.
fn percent(share: f64) -> String {
	format!("{} %", (share * 1_000.0).round() / 10.0)
}
