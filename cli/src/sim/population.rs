//! Who holds the seats.

use super::numbers::{part_of, Share};
use crate::output::ensure_usage;
use anyhow::{Context, Result};
use clap::Args;
use ogpu_protocol::{
	seats::{allot, Table, SEATS},
	token::{Balance, CIRCULATING},
};

/// An operator of a verifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Operator {
	pub number: u32,
	pub is_byzantine: bool,
}

#[derive(Clone, Debug, Args)]
pub struct Population {
	/// The byzantine share of the stake: those who act together against the rules. As 0.2 or 1/5.
	#[arg(short = 'f', long = "byzantine", value_name = "SHARE", default_value = "1/5", allow_negative_numbers = true)]
	share: Share,

	/// How many honest operators there are.
	#[arg(long, value_name = "N", default_value_t = 100)]
	operators: u32,

	/// How unequal honest stakes are: the n-th largest is in proportion to 1 / n to this power (Zipf); 0: all are equal.
	#[arg(long, value_name = "EXPONENT", allow_negative_numbers = true)]
	zipf: Option<f64>,

	/// Over how many operators the byzantine stake is spread. Seats are then allotted by stakes, as by the chain, and
	/// may be more or fewer than the share by what is rounded.
	#[arg(long, value_name = "N")]
	sybils: Option<u32>,
}

/// More would take long.
const MOST_OPERATORS: u32 = 100_000;

impl Population {
	pub fn share(&self) -> Result<f64> {
		self.share.below_one("the byzantine share")
	}

	/// Without stakes to be rounded, the byzantine have their share of the seats, rounded up.
	pub fn table(&self) -> Result<Table<Operator>> {
		let (share, honest) = (self.share()?, self.operators);
		let sybils = self.sybils.unwrap_or(honest.div_ceil(2));
		ensure_usage!(honest > 0, "there must be honest operators");
		ensure_usage!(
			honest <= MOST_OPERATORS && sybils <= MOST_OPERATORS,
			"at most {MOST_OPERATORS} operators can be simulated"
		);
		ensure_usage!(sybils > 0 || share == 0.0, "somebody must hold the byzantine share, so --sybils cannot be 0");
		let zipf = self.zipf.unwrap_or(0.0);
		ensure_usage!((0.0..=10.0).contains(&zipf), "the exponent of Zipf's law must be from 0 to 10, not {zipf}");

		let seats = if self.zipf.is_none() && self.sybils.is_none() {
			shared(share, honest, sybils)
		} else {
			let sum: f64 = (1..=honest).map(|rank| f64::from(rank).powf(-zipf)).sum();
			let honest = (1..=honest).map(|rank| (1.0 - share) * f64::from(rank).powf(-zipf) / sum);
			let byzantine = (0..sybils).map(|_| share / f64::from(sybils));
			// The byzantine come last, so that of equal remainders they do not profit: that would be mere luck.
			let stakes: Vec<_> = honest.chain(byzantine).map(|share| (share * CIRCULATING as f64) as Balance).collect();
			allot(&stakes, SEATS).context("somebody must have a stake")?
		};
		held(seats, honest).context("there are too many seats")
	}
}

/// The table of operators that hold so many seats each, of which the first are honest.
fn held(seats: Vec<u32>, honest: u32) -> Option<Table<Operator>> {
	let operator = |number| Operator { number, is_byzantine: number >= honest };
	Table::new((0..).map(operator).zip(seats).collect())
}

/// All seats: the honest ones over the honest operators, the byzantine ones over the others.
fn shared(share: f64, honest: u32, sybils: u32) -> Vec<u32> {
	let byzantine = part_of(share, SEATS);
	[evenly(SEATS.saturating_sub(byzantine), honest), evenly(byzantine, sybils)].concat()
}

/// So many seats over so many operators.
fn evenly(seats: u32, operators: u32) -> Vec<u32> {
	let (each, more) = (seats.checked_div(operators), seats.checked_rem(operators));
	let (each, more) = (each.unwrap_or(0), more.unwrap_or(0));
	(0..operators).map(|number| each.saturating_add((number < more).into())).collect()
}

/// How many seats are byzantine.
pub fn byzantine_seats(table: &Table<Operator>) -> u32 {
	table.held().filter(|(operator, _)| operator.is_byzantine).map(|(_, seats)| seats).fold(0, u32::saturating_add)
}

/// A thousand operators, of equal stake as far as the byzantine share allows.
pub fn thousand_operators(share: f64) -> Option<Table<Operator>> {
	let sybils = part_of(share, 1_000);
	let honest = 1_000u32.saturating_sub(sybils);
	held(shared(share, honest, sybils), honest)
}
