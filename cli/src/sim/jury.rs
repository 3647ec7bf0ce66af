//! `ogpu sim jury`: who wins on a jury.

use super::{
	chance::{Counts, Fast},
	exact::{self, open_dispute, Conduct, Game, Provider, Seats},
	numbers::{billionths, readable, Estimate, Share},
	population::{byzantine_seats, Operator},
	Common,
};
use crate::{
	output::{ensure_usage, print, print_json, Usage},
	plot::{Chart, Line, SeriesLabelPosition},
};
use anyhow::{bail, Result};
use clap::Args;
use ogpu_protocol::{
	class::{Class, Nonsense},
	commitment::Obstacle,
	jury::{Ballot, Next, Rules},
	random::{Random, CERTAIN_BILLIONTHS},
	seats::{draw, Table, SEATS},
};
use serde::Serialize;
use std::{fmt::Write, path::PathBuf};

/// Compute who wins on a jury, exactly and by drawing at random.
#[derive(Debug, Args)]
pub struct JuryCmd {
	/// How many seats a round draws (default: as class high).
	#[arg(short, long, value_name = "SEATS", default_value_t = Class::HIGH.jury.draw_seats)]
	k: u32,

	/// How far ahead of all others together a verdict must be.
	#[arg(short, long, value_name = "SEATS", default_value_t = Class::HIGH.jury.margin_seats)]
	m: u32,

	/// After how many seats a jury ends undecided.
	#[arg(long, value_name = "SEATS", default_value_t = Class::HIGH.jury.cap_seats)]
	cap: u32,

	/// How many silent seats are replaced without counting to the cap (default: as many as the cap).
	#[arg(long, value_name = "SEATS")]
	redraws: Option<u32>,

	/// What the byzantine seats do.
	#[arg(long, value_enum, default_value = "wrong")]
	conduct: Conduct,

	/// The share of honest votes that never come, for no fault of their own. Only drawn at random, not exact.
	#[arg(long, value_name = "SHARE", default_value = "0", allow_negative_numbers = true)]
	offline: Share,

	/// Search for the best play of byzantine seats that also reveal last, and only if they want to. Takes long, so the
	/// cap and the redraws must not be many.
	#[arg(long)]
	best_play: bool,

	#[command(flatten)]
	common: Common,

	/// Plot the probability of a wrong verdict against the byzantine share into this file too, as SVG.
	#[arg(long, value_name = "FILE")]
	svg: Option<PathBuf>,
}

/// More would take long.
const MOST_SEATS_HEARD: u32 = 1_000;

/// Refuses what the chain refuses, in words.
pub fn checked(rules: Rules) -> Result<Rules> {
	let Rules { draw_seats, margin_seats, cap_seats, redraw_seats } = rules;
	match (Class { jury: rules, ..Class::STANDARD }).validate() {
		Ok(_) => {}
		Err(Nonsense::NobodyDrawn) => bail!(Usage("k must be at least 1, or nobody is ever asked".into())),
		Err(Nonsense::NoMargin) => bail!(Usage("m must be at least 1, or nothing is ever sure".into())),
		Err(_) if draw_seats > cap_seats => {
			bail!(Usage(format!("the cap of {cap_seats} is less than a round, k = {draw_seats}")))
		}
		Err(_) => bail!(Usage(format!("m = {margin_seats} cannot be reached, for the cap is {cap_seats}"))),
	}
	ensure_usage!(
		cap_seats <= MOST_SEATS_HEARD && redraw_seats <= MOST_SEATS_HEARD,
		"juries of at most {MOST_SEATS_HEARD} seats, and as many redraws, can be computed"
	);
	Ok(rules)
}

/// So that it takes seconds, not hours.
const MOST_SEATS_PLAYED: u32 = 200;

/// The seats of a table, by kind.
pub fn seats_of(table: &Table<Operator>) -> Seats {
	let byzantine = byzantine_seats(table);
	Seats { honest: table.seats().saturating_sub(byzantine), byzantine }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
	seats: u32,
	byzantine_seats: u32,
	exact: Option<Exact>,
	drawn: Option<Drawn>,
	/// Whether the exact figures are within the intervals of those that were drawn.
	agree: Option<bool>,
}

/// The figures of a jury, of which none is drawn at random.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Exact {
	/// A guilty provider wins.
	pub wrong_accept: f64,
	/// An honest provider is slashed.
	pub wrong_reject: f64,
	pub void: f64,
	/// A wrong verdict, where the byzantine may be silent or vote as and when they like: at most.
	pub wrong_by_any_conduct: f64,
	/// A wrong verdict, where the byzantine make seeds too.
	pub wrong_with_rerolls: f64,
	/// The same where they also reveal last, and only if they want to. Takes long, so only if asked for.
	#[serde(skip_serializing_if = "Option::is_none")]
	pub wrong_by_best_play: Option<f64>,
	pub rounds: f64,
	/// Seats drawn.
	pub heard: f64,
	/// Operators that compute.
	pub executions: f64,
}

impl Exact {
	pub fn of(rules: Rules, table: &Table<Operator>, conduct: Conduct, share: f64) -> Self {
		let seats = seats_of(table);
		let game = Game { seats, provider: Provider::Honest, slots_share: share, may_hide: false };
		let guilty = exact::jury(rules, seats, Provider::Guilty, conduct);
		let honest = exact::jury(rules, seats, Provider::Honest, conduct);
		Self {
			wrong_accept: guilty.wrong,
			wrong_reject: honest.wrong,
			void: honest.void.max(guilty.void),
			wrong_by_any_conduct: exact::any_conduct(rules, seats),
			wrong_with_rerolls: game.wrong(rules),
			wrong_by_best_play: None,
			rounds: honest.rounds,
			heard: honest.drawn_seats,
			executions: honest.executions(table, seats),
		}
	}
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Drawn {
	wrong_accept: Estimate,
	wrong_reject: Estimate,
	void: Estimate,
	rounds: f64,
	executions: f64,
}

/// What was counted in disputes about honest and about guilty providers.
#[derive(Default)]
struct Tallies {
	disputes: u64,
	wrong_accept: u64,
	wrong_reject: u64,
	void: u64,
	rounds: u64,
	executions: u64,
}

impl Counts for Tallies {
	fn add(&mut self, other: Self) {
		for (sum, more) in [
			(&mut self.disputes, other.disputes),
			(&mut self.wrong_accept, other.wrong_accept),
			(&mut self.wrong_reject, other.wrong_reject),
			(&mut self.void, other.void),
			(&mut self.rounds, other.rounds),
			(&mut self.executions, other.executions),
		] {
			*sum = sum.saturating_add(more);
		}
	}
}

/// A jury that is drawn at random.
pub struct Jury<'a> {
	pub rules: Rules,
	pub table: &'a Table<Operator>,
	pub conduct: Conduct,
	pub offline_billionths: u32,
	/// With what probability the provider serves an honest juror.
	pub served_billionths: u32,
}

/// How a dispute ended.
pub struct Ended {
	/// `None`: undecided.
	pub is_right: Option<bool>,
	pub rounds: u32,
	pub operators: usize,
}

impl Jury<'_> {
	/// Holds a dispute as the chain does: one urn, rounds by operators, ballots into the chain's count.
	pub fn dispute(&self, provider: Provider, random: &mut Fast) -> Ended {
		let (mut urn, mut rounds) = (self.table.urn(), 0u32);
		let mut operators = std::collections::BTreeSet::new();
		let mut next = open_dispute(self.rules, self.table.seats());
		loop {
			let (dispute, count) = match next {
				Next::Draw(dispute, count) => (dispute, count),
				Next::Decided(verdict, _) => {
					let is_right = Some(verdict == provider.right());
					return Ended { is_right, rounds, operators: operators.len() };
				}
				Next::Void(_) => return Ended { is_right: None, rounds, operators: operators.len() },
			};
			rounds = rounds.saturating_add(1);
			let (mut ballots, mut byzantine) = (Vec::new(), 0u32);
			for (operator, seats) in self.table.group(draw(&mut urn, random, count)) {
				operators.insert(operator.number);
				if operator.is_byzantine {
					byzantine = byzantine.saturating_add(seats);
				} else if self.offline_billionths > 0 && random.chance(self.offline_billionths) {
					ballots.push(Ballot { seats, finding: None });
				} else if self.served_billionths < CERTAIN_BILLIONTHS && !random.chance(self.served_billionths) {
					ballots.push(Ballot { seats, finding: Some(Err(Obstacle::OutputMissing)) });
				} else {
					ballots.push(provider.honest_ballot(seats));
				}
			}
			ballots.extend(provider.byzantine_ballots(self.conduct, byzantine));
			next = dispute.round(&ballots);
		}
	}
}

impl JuryCmd {
	pub fn run(&self) -> Result<()> {
		let redraw_seats = self.redraws.unwrap_or(self.cap);
		let rules = checked(Rules { draw_seats: self.k, margin_seats: self.m, cap_seats: self.cap, redraw_seats })?;
		let offline = self.offline.below_one("the share of lost votes")?;
		let (table, share) = (self.common.population.table()?, self.common.population.share()?);
		let mut exact = (offline == 0.0).then(|| Exact::of(rules, &table, self.conduct, share));
		if let Some(exact) = exact.as_mut().filter(|_| self.best_play) {
			ensure_usage!(
				self.cap.saturating_add(redraw_seats) <= MOST_SEATS_PLAYED,
				"the best play is only searched for up to {MOST_SEATS_PLAYED} seats, cap and redraws together"
			);
			let seats = seats_of(&table);
			let game = Game { seats, provider: Provider::Honest, slots_share: share, may_hide: true };
			exact.wrong_by_best_play = Some(game.wrong(rules));
		}
		let jury = Jury {
			rules,
			table: &table,
			conduct: self.conduct,
			offline_billionths: billionths(offline),
			served_billionths: CERTAIN_BILLIONTHS,
		};
		let trials = self.common.trials.count(rules.draw_seats)?;
		let drawn = (trials > 0).then(|| self.draw(&jury, trials));
		let agree = exact.zip(drawn.as_ref()).map(|(exact, drawn)| {
			drawn.wrong_accept.holds(exact.wrong_accept)
				&& drawn.wrong_reject.holds(exact.wrong_reject)
				&& drawn.void.holds(exact.void)
		});
		if let Some(file) = &self.svg {
			plot(&[("wrong verdict", rules)], self.conduct)?.write(file)?;
		}
		let report = Report { seats: table.seats(), byzantine_seats: byzantine_seats(&table), exact, drawn, agree };
		if self.common.json {
			return print_json(&report);
		}
		print(&report.text(rules)?)
	}

	fn draw(&self, jury: &Jury, trials: u32) -> Drawn {
		let counted: Tallies = self.common.trials.run(trials, "disputes drawn:", |random, sum: &mut Tallies| {
			for provider in [Provider::Guilty, Provider::Honest] {
				let ended = jury.dispute(provider, random);
				let wrong = match provider {
					Provider::Guilty => &mut sum.wrong_accept,
					Provider::Honest => &mut sum.wrong_reject,
				};
				*wrong = wrong.saturating_add((ended.is_right == Some(false)).into());
				sum.disputes = sum.disputes.saturating_add(1);
				sum.void = sum.void.saturating_add(ended.is_right.is_none().into());
				sum.rounds = sum.rounds.saturating_add(ended.rounds.into());
				sum.executions = sum.executions.saturating_add(ended.operators as u64);
			}
		});
		let mean = |sum: u64| sum as f64 / counted.disputes as f64;
		Drawn {
			wrong_accept: Estimate::new(counted.wrong_accept, counted.disputes / 2),
			wrong_reject: Estimate::new(counted.wrong_reject, counted.disputes / 2),
			void: Estimate::new(counted.void, counted.disputes),
			rounds: mean(counted.rounds),
			executions: mean(counted.executions),
		}
	}
}

impl Report {
	fn text(&self, rules: Rules) -> Result<String> {
		let Rules { draw_seats, margin_seats, cap_seats, .. } = rules;
		let mut text = format!(
			"A jury with k = {draw_seats}, m = {margin_seats} and a cap of {cap_seats}; {} of {} seats are byzantine.\n\n\
			 {:<32}  {:>10}  {}\n",
			self.byzantine_seats, self.seats, "", "exact", "drawn at random (99.9 %)"
		);
		let mut row = |name: &str, exact: Option<String>, drawn: Option<String>| {
			writeln!(text, "{name:<32}  {:>10}  {}", exact.unwrap_or("-".into()), drawn.unwrap_or("-".into()))
		};
		let (exact, drawn) = (self.exact.as_ref(), self.drawn.as_ref());
		let probability = |figure: fn(&Exact) -> f64| exact.map(|exact| readable(figure(exact)));
		let mean = |figure: fn(&Exact) -> f64| exact.map(|exact| format!("{:.2}", figure(exact)));
		let interval = |figure: fn(&Drawn) -> Estimate| drawn.map(|drawn| figure(drawn).to_string());
		row("a guilty provider is accepted", probability(|e| e.wrong_accept), interval(|d| d.wrong_accept))?;
		row("an honest provider is slashed", probability(|e| e.wrong_reject), interval(|d| d.wrong_reject))?;
		row("undecided (Void)", probability(|e| e.void), interval(|d| d.void))?;
		row("wrong, whatever they say: at most", probability(|e| e.wrong_by_any_conduct), None)?;
		row("wrong, if they re-roll seeds", probability(|e| e.wrong_with_rerolls), None)?;
		if let Some(wrong) = exact.and_then(|exact| exact.wrong_by_best_play) {
			row("the same, if they reveal last", Some(readable(wrong)), None)?;
		}
		row("rounds", mean(|e| e.rounds), drawn.map(|d| format!("{:.2}", d.rounds)))?;
		row("seats drawn", mean(|e| e.heard), None)?;
		row("operators that compute", mean(|e| e.executions), drawn.map(|d| format!("{:.2}", d.executions)))?;
		if let Some(agree) = self.agree {
			writeln!(text, "\nExact and drawn figures {}.", if agree { "agree" } else { "DISAGREE" })?;
		}
		Ok(text)
	}
}

/// Wrong verdicts against the byzantine share.
pub fn plot(juries: &[(&str, Rules)], conduct: Conduct) -> Result<Chart> {
	let mut lines = Vec::new();
	for (name, rules) in juries {
		let (mut wrong, mut void) = (Vec::new(), Vec::new());
		for byzantine in (SEATS / 100..=SEATS / 2).step_by(SEATS as usize / 100) {
			let seats = Seats { honest: SEATS.saturating_sub(byzantine), byzantine };
			let share = f64::from(byzantine) / f64::from(SEATS);
			let outcome = exact::jury(*rules, seats, Provider::Honest, conduct);
			wrong.push((share, outcome.wrong));
			void.push((share, outcome.void));
		}
		let label = format!("{name}, m = {}", rules.margin_seats);
		lines.push(Line { name: format!("{label}: wrong"), points: wrong, is_dashed: false });
		lines.push(Line { name: format!("{label}: Void"), points: void, is_dashed: true });
	}
	Ok(Chart {
		lines,
		x: ("byzantine share of the seats", 0.0..0.5),
		y: ("probability", 1e-14..1.0),
		is_logarithmic: true,
		legend: SeriesLabelPosition::LowerRight,
	})
}
