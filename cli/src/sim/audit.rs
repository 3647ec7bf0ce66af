//! `ogpu sim audit`: what an audit finds.

use super::{
	chance::Counts,
	exact::{rerolled_detection, AuditShape},
	numbers::{billionths, part_of, readable, Estimate, Share},
	population::Operator,
	Common,
};
use crate::{
	output::{ensure_usage, print, print_json},
	plot::{Chart, Line, SeriesLabelPosition},
};
use anyhow::{Context, Result};
use clap::Args;
use ogpu_protocol::{
	audit::{assign, double, Check},
	class::Class,
	detection::Sampling,
	random::{sample, Random, CERTAIN_BILLIONTHS},
	seats::Table,
	token::OGPU,
};
use serde::Serialize;
use std::{fmt::Write, path::PathBuf};

/// Compute with what probability an audit finds a provider that cheats, and the bond that makes cheating a loss.
#[derive(Debug, Args)]
pub struct AuditCmd {
	/// Leaves of the job.
	#[arg(long, value_name = "S", default_value_t = 1_000)]
	leaves: u32,

	/// How many of them are drawn.
	#[arg(long, value_name = "s", default_value_t = 50)]
	sampled: u32,

	/// The share φ of the leaves that the provider did not compute.
	#[arg(long, value_name = "SHARE", default_value = "0.1", allow_negative_numbers = true)]
	cheated: Share,

	/// The probability that the task is audited at all.
	#[arg(long, value_name = "SHARE", default_value = "1", allow_negative_numbers = true)]
	audited: Share,

	/// The probability that a drawn leaf has a second auditor.
	#[arg(long, value_name = "SHARE", default_value = "1/5", allow_negative_numbers = true)]
	doubled: Share,

	/// The share of the other auditors that do not compute, but vote for what the provider tells them.
	#[arg(long, value_name = "SHARE", default_value = "0", allow_negative_numbers = true)]
	lazy: Share,

	#[command(flatten)]
	common: Common,

	/// Plot the detection against the cheated share into this file too, as SVG.
	#[arg(long, value_name = "FILE")]
	svg: Option<PathBuf>,
}

/// More would take minutes.
pub const MOST_LEAVES: u32 = 10_000_000;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
	leaves: u32,
	sampled: u32,
	wrong_leaves: u32,
	/// As the chain quotes it: in billionths, rounded down.
	detection: f64,
	/// Where the colluding auditors' stake also makes seeds.
	detection_with_rerolls: Option<f64>,
	/// What is computed for checking, as a share of the work.
	cost: f64,
	/// Per fee, where seeds are re-rolled; without the bill of a jury. `None`: no bond suffices.
	bond: Option<f64>,
	/// What cheating earns on average with this bond, per fee, where seeds are re-rolled.
	profit: Option<f64>,
	drawn: Option<Estimate>,
	agree: Option<bool>,
}

#[derive(Default)]
struct Found(u64, u64);

impl Counts for Found {
	fn add(&mut self, other: Self) {
		self.0 = self.0.saturating_add(other.0);
		self.1 = self.1.saturating_add(other.1);
	}
}

/// Draws auditors, as the chain does, for leaves that are drawn.
pub fn checks(random: &mut impl Random, sampling: &Sampling, table: &Table<Operator>) -> Vec<Check> {
	let Sampling { leaves, drawn, audit_billionths, doubled_billionths, .. } = *sampling;
	let drawn = if random.chance(audit_billionths) { sample(random, leaves, drawn) } else { Vec::new() };
	let mut checks = assign(random, drawn, table).unwrap_or_default();
	double(random, &mut checks, doubled_billionths, table);
	checks
}

/// The auditors of a leaf: whether each is byzantine.
pub fn auditors<'a>(check: &'a Check, table: &'a Table<Operator>) -> impl Iterator<Item = bool> + 'a {
	[Some(check.seat), check.second_seat]
		.into_iter()
		.flatten()
		.filter_map(|seat| table.operator(seat))
		.map(|o| o.is_byzantine)
}

impl AuditCmd {
	fn sampling(&self) -> Result<Sampling> {
		let (leaves, sampled) = (self.leaves, self.sampled);
		ensure_usage!(leaves > 0, "a job has at least one leaf");
		ensure_usage!(leaves <= MOST_LEAVES, "jobs of at most {MOST_LEAVES} leaves can be simulated");
		ensure_usage!(sampled > 0, "at least one leaf must be drawn, or nothing is ever found");
		ensure_usage!(sampled <= leaves, "{sampled} leaves cannot be drawn, for there are {leaves}");
		let lazy = self.lazy.below_one("the share of lazy auditors")?;
		let byzantine = self.common.population.share()?;
		let sampling = Sampling {
			leaves,
			drawn: sampled,
			audit_billionths: billionths(self.audited.at_most_one("the probability of an audit")?),
			doubled_billionths: billionths(self.doubled.at_most_one("the probability of a second auditor")?),
			dishonest_billionths: billionths(byzantine + (1.0 - byzantine) * lazy),
			skipping_billionths: billionths(byzantine),
		};
		ensure_usage!(
			sampling.audit_billionths > 0,
			"the probability of an audit must not be 0, or nothing is ever found"
		);
		Ok(sampling)
	}

	pub fn run(&self) -> Result<()> {
		let sampling = self.sampling()?;
		let cheated = self.cheated.at_most_one("the cheated share")?;
		let wrong = part_of(cheated, sampling.leaves);
		let detection = detection(&sampling, wrong)?;
		let (bond, rerolled) = (bond(&sampling), rerolled(&sampling, wrong, self.common.population.share()?));
		let share = f64::from(wrong) / f64::from(sampling.leaves);
		let trials = self.common.trials.count(sampling.drawn)?;
		let drawn = if trials > 0 { Some(self.draw(&sampling, wrong, trials)?) } else { None };
		if let Some(file) = &self.svg {
			plot(&sampling)?.write(file)?;
		}
		let report = Report {
			leaves: sampling.leaves,
			sampled: sampling.drawn,
			wrong_leaves: wrong,
			detection,
			detection_with_rerolls: rerolled,
			cost: sampling.cost_billionths().context("nothing is computed")? as f64 / f64::from(CERTAIN_BILLIONTHS),
			bond,
			profit: bond.zip(rerolled).map(|(bond, found)| share * (1.0 - found) - bond * found),
			agree: drawn.map(|drawn| drawn.holds(detection)),
			drawn,
		};
		if self.common.json {
			return print_json(&report);
		}
		print(&report.text()?)
	}

	/// A wrong leaf is found if one of its auditors computes it. Auditors of an operator act alike.
	fn draw(&self, sampling: &Sampling, wrong: u32, trials: u32) -> Result<Estimate> {
		let table = self.common.population.table()?;
		let lazy = billionths(self.lazy.0);
		let found: Found = self.common.trials.run(trials, "audits drawn:", |random, sum: &mut Found| {
			let checks = checks(random, sampling, &table);
			// Which leaves are drawn does not depend on which are wrong, so let those be the first.
			let wrong = checks.iter().filter(|check| check.leaf < wrong);
			let mut is_found = false;
			for check in wrong {
				for is_byzantine in auditors(check, &table) {
					let computes = !is_byzantine && (lazy == 0 || !random.chance(lazy));
					is_found |= computes;
				}
			}
			sum.add(Found(is_found.into(), 1));
		});
		Ok(Estimate::new(found.0, found.1))
	}
}

/// The chain's figure, while seeds are fair.
pub fn detection(sampling: &Sampling, wrong: u32) -> Result<f64> {
	let billionths =
		sampling.with_fair_seeds().detection_billionths(wrong).context("more leaves are wrong than there are")?;
	Ok(f64::from(billionths) / f64::from(CERTAIN_BILLIONTHS))
}

/// The chain's bond, per fee, without the bill of a jury.
pub fn bond(sampling: &Sampling) -> Option<f64> {
	sampling.bond(OGPU, 0).map(|bond| bond as f64 / OGPU as f64)
}

pub fn rerolled(sampling: &Sampling, wrong: u32, share: f64) -> Option<f64> {
	let plain = |billionths: u32| f64::from(billionths) / f64::from(CERTAIN_BILLIONTHS);
	let audit = AuditShape {
		leaves: sampling.leaves,
		drawn: sampling.drawn,
		wrong,
		probability: plain(sampling.audit_billionths),
		doubled: plain(sampling.doubled_billionths),
		dishonest: plain(sampling.dishonest_billionths),
	};
	// The chain rounds its figure down; what is not more than that, is that.
	let quoted = detection(sampling, wrong).ok()?;
	rerolled_detection(&audit, share).map(|detection| detection.min(quoted))
}

impl Report {
	fn text(&self) -> Result<String> {
		let mut text =
			format!("Of {} leaves, {} are wrong and {} are drawn.\n\n", self.leaves, self.wrong_leaves, self.sampled);
		let mut row = |name: &str, value: String| writeln!(text, "{name:<42}  {value}");
		let per_fee =
			|value: Option<f64>| value.map_or("none suffices".into(), |value| format!("{value:.5} of the fee"));
		row("detected", readable(self.detection))?;
		if let Some(drawn) = &self.drawn {
			row("detected, drawn at random (99.9 %)", drawn.to_string())?;
		}
		if let Some(detection) = self.detection_with_rerolls {
			row("detected, if they re-roll seeds", readable(detection))?;
		}
		row("cost of checking, of the work", format!("{:.2} %", self.cost * 100.0))?;
		row("bond, without the bill of a jury", per_fee(self.bond))?;
		if self.profit.is_some() {
			row("what cheating earns with it", per_fee(self.profit))?;
		}
		if let Some(agree) = self.agree {
			writeln!(text, "\nExact and drawn figures {}.", if agree { "agree" } else { "DISAGREE" })?;
		}
		Ok(text)
	}
}

/// Detection against the cheated share, with honest auditors and with those of the sampling.
fn plot(sampling: &Sampling) -> Result<Chart> {
	let all = Sampling { drawn: sampling.leaves, ..*sampling };
	let honest = Sampling { dishonest_billionths: 0, ..*sampling };
	let colluding = f64::from(sampling.dishonest_billionths) / f64::from(CERTAIN_BILLIONTHS) * 100.0;
	let mut lines = Vec::new();
	for (name, sampling, is_dashed) in [
		(format!("{} drawn, auditors honest", sampling.drawn), honest, false),
		(format!("{} drawn, {colluding:.0} % collude", sampling.drawn), *sampling, true),
		(format!("every leaf, {colluding:.0} % collude"), all, true),
	] {
		let mut points = Vec::new();
		for wrong in (0..=sampling.leaves / 5).step_by(sampling.leaves.div_ceil(1_000).max(1) as usize) {
			let share = f64::from(wrong) / f64::from(sampling.leaves);
			points.push((share, detection(&sampling, wrong)?));
		}
		lines.push(Line { name, points, is_dashed });
	}
	Ok(Chart {
		lines,
		x: ("share of the leaves that are wrong", 0.0..0.2),
		y: ("probability that the provider is found", 0.0..1.0),
		is_logarithmic: false,
		legend: SeriesLabelPosition::LowerRight,
	})
}

/// The figures of the classes, for the table.
pub fn of_class(class: &Class, leaves: u32, dishonest: f64) -> Sampling {
	let dishonest_billionths = billionths(dishonest);
	Sampling { dishonest_billionths, skipping_billionths: dishonest_billionths, ..Sampling::of(class, leaves) }
}
