//! `ogpu token emission`: what stakers are paid over the years.

use crate::{
	amount::Ogpu,
	output::{print, print_json},
	plot::{Chart, Line, SeriesLabelPosition},
};
use anyhow::{Context, Result};
use clap::{value_parser, Args};
use ogpu_protocol::{
	emission::{nominal_millis, payout, BUDGET, YEARLY_SHARE_BILLIONTHS, YEAR_MILLIS},
	time::{EPOCH_BLOCKS, SESSIONS_PER_ERA},
	token::{Balance, OGPU},
};
use serde::Serialize;
use std::{
	fmt::Write,
	iter::{once, successors},
	path::PathBuf,
};

/// Print what stakers are paid over the years, by the rules that a new network begins with.
///
/// In each era a share of what is left to emit is paid, so it falls smoothly and never ends. The years begin at genesis;
/// each era is taken to last as long as it should. Governance can change the share.
#[derive(Debug, Args)]
pub struct EmissionCmd {
	/// How many years.
	#[arg(long, value_name = "N", default_value_t = 30, value_parser = value_parser!(u16).range(1..=1000))]
	years: u16,

	/// Plot the curve into this file too, as SVG.
	#[arg(long, value_name = "FILE")]
	svg: Option<PathBuf>,

	/// Print JSON, with all digits.
	#[arg(long)]
	json: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Emission {
	budget: Ogpu,
	yearly_share_billionths: u32,
	eras_per_year: usize,
	years: Vec<Year>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Year {
	year: u16,
	/// In this year.
	paid: Ogpu,
	/// Since genesis.
	paid_in_all: Ogpu,
	left: Ogpu,
}

impl EmissionCmd {
	pub fn run(&self) -> Result<()> {
		let eras_per_year = YEAR_MILLIS.checked_div(era_millis()).context("an era must take time")?.try_into()?;
		let at_ends: Vec<Balance> =
			left_after_eras().step_by(eras_per_year).skip(1).take(usize::from(self.years)).collect();
		if let Some(file) = &self.svg {
			plot(self.years, eras_per_year).write(file)?;
		}
		if self.json {
			return print_json(&Emission {
				budget: Ogpu(BUDGET),
				yearly_share_billionths: YEARLY_SHARE_BILLIONTHS,
				eras_per_year,
				years: years(&at_ends),
			});
		}
		// Rounded once, so that the columns add up.
		let rounded: Vec<Balance> = at_ends.iter().map(|left| left.next_multiple_of(LAST_DIGIT)).collect();
		let mut text = format!(
			"Of the budget of {} OGPU, what is left is paid out at a rate of {} % a year, in {eras_per_year} eras.\n\n\
			 {:>4}  {:>16}  {:>16}  {:>16}\n",
			Ogpu(BUDGET),
			f64::from(YEARLY_SHARE_BILLIONTHS) / 10_000_000.0,
			"year",
			"paid in the year",
			"paid in all",
			"left",
		);
		for Year { year, paid, paid_in_all, left } in years(&rounded) {
			let [paid, paid_in_all, left] = [paid, paid_in_all, left].map(four_decimals);
			writeln!(text, "{year:>4}  {paid:>16}  {paid_in_all:>16}  {left:>16}")?;
		}
		print(&text)
	}
}

fn era_millis() -> u64 {
	nominal_millis(EPOCH_BLOCKS, SESSIONS_PER_ERA)
}

/// What is left to emit at genesis, after the first era, after the second, and so on.
fn left_after_eras() -> impl Iterator<Item = Balance> {
	let era = era_millis();
	successors(Some(BUDGET), move |left| Some(left.saturating_sub(payout(*left, YEARLY_SHARE_BILLIONTHS, era, era))))
}

/// The years at whose ends so much is left.
fn years(at_ends: &[Balance]) -> Vec<Year> {
	let at_beginnings = once(BUDGET).chain(at_ends.iter().copied());
	(1..)
		.zip(at_beginnings.zip(at_ends))
		.map(|(year, (before, left))| Year {
			year,
			paid: Ogpu(before.saturating_sub(*left)),
			paid_in_all: Ogpu(BUDGET.saturating_sub(*left)),
			left: Ogpu(*left),
		})
		.collect()
}

/// The table shows as many decimals as the budget has.
const LAST_DIGIT: Balance = OGPU / 10_000;
const _: () = assert!(BUDGET.is_multiple_of(LAST_DIGIT), "what the table shows must add up to the budget");

fn four_decimals(amount: Ogpu) -> String {
	format!("{}.{:04}", amount.0 / OGPU, amount.0 % OGPU / LAST_DIGIT)
}

/// The curve of what was emitted and what is left.
fn plot(years: u16, eras_per_year: usize) -> Chart {
	let million = |amount: Balance| amount as f64 / OGPU as f64 / 1e6;
	let eras = eras_per_year.saturating_mul(years.into());
	let left: Vec<(f64, f64)> = left_after_eras()
		.enumerate()
		.step_by((eras_per_year / 4).max(1))
		.take_while(|(era, _)| *era <= eras)
		.map(|(era, left)| (era as f64 / eras_per_year as f64, million(left)))
		.collect();
	let budget = million(BUDGET);
	let emitted = left.iter().map(|(year, left)| (*year, budget - left)).collect();
	let line = |name: &str, points| Line { name: name.into(), points, is_dashed: false };
	Chart {
		lines: vec![line("emitted", emitted), line("left", left)],
		x: ("years since genesis", 0.0..f64::from(years)),
		y: ("million OGPU", 0.0..budget * 1.02),
		is_logarithmic: false,
		legend: SeriesLabelPosition::MiddleRight,
	}
}
