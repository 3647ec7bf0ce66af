//! `ogpu sim attack`: whole tasks, from the drawing of leaves to the last verdict, with everybody who cheats.

use super::{
	audit::{bond, checks, detection, rerolled, MOST_LEAVES},
	chance::{Counts, Fast},
	exact::{self, Conduct, Provider},
	jury::{seats_of, Ended, Jury},
	numbers::{billionths, part_of, readable, Estimate, Share},
	population::{byzantine_seats, Operator},
	table::CLASSES,
	Common,
};
use crate::output::{ensure_usage, print, print_json};
use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use ogpu_protocol::{
	audit::{is_unanimous, Check},
	class::Class,
	commitment::{Audit, Finding, Obstacle},
	detection::Sampling,
	merkle::Hash,
	random::{Random, CERTAIN_BILLIONTHS},
	seats::Table,
};
use serde::Serialize;
use std::fmt::Write;

/// Draw whole tasks at random: what a cheating provider earns, and what happens to an honest one.
///
/// Each task is audited, every difference goes to a jury, and one conviction decides. Byzantine jurors vote as --conduct
/// says; byzantine auditors as --auditors says. Without --cheated the provider is honest.
#[derive(Debug, Args)]
pub struct AttackCmd {
	/// The audit class.
	#[arg(long, value_enum, default_value = "standard")]
	class: ClassName,

	/// Leaves of the job.
	#[arg(long, value_name = "S", default_value_t = 1_000)]
	leaves: u32,

	/// The share φ of the leaves that the provider did not compute.
	#[arg(long, value_name = "SHARE", default_value = "0", allow_negative_numbers = true)]
	cheated: Share,

	/// What the byzantine auditors do.
	#[arg(long, value_enum, default_value = "collude")]
	auditors: Auditors,

	/// The share of the other auditors that do not compute.
	#[arg(long, value_name = "SHARE", default_value = "0", allow_negative_numbers = true)]
	lazy: Share,

	/// What those lazy auditors do instead.
	#[arg(long, value_enum, default_value = "copy")]
	lazy_conduct: Lazy,

	/// What the byzantine jurors do.
	#[arg(long, value_enum, default_value = "wrong")]
	conduct: Conduct,

	/// Whom the provider serves the openings of leaves.
	#[arg(long, value_enum, default_value = "all")]
	serves: Serves,

	#[command(flatten)]
	common: Common,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ClassName {
	Economy,
	Standard,
	High,
	Assured,
}

impl ClassName {
	fn class(self) -> Result<Class> {
		CLASSES.get(self as usize).map(|(_, class)| *class).context("there is no such class")
	}
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Auditors {
	/// They find whatever the provider claims.
	Collude,
	/// They find something else, whatever it is.
	Lie,
	/// They do not reveal.
	Silent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Lazy {
	/// They vote for what the provider tells them.
	Copy,
	/// Nobody tells them: they vote for what is nobody's result.
	Guess,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Serves {
	/// Everybody.
	All,
	/// Only byzantine auditors and jurors.
	Accomplices,
	/// Jurors, and no honest auditor.
	Jurors,
	/// Each honest auditor and juror with probability ½.
	Half,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
	wrong_leaves: u32,
	byzantine_seats: u32,
	/// The chain's, with a fifth of dishonest auditors; per fee.
	bond: f64,
	/// The provider is paid.
	accepted: Estimate,
	/// The provider is slashed: wrongly if it did not cheat.
	convicted: Estimate,
	void: Estimate,
	disputes_per_task: f64,
	/// Of auditors and jurors, as a share of the work.
	checking: f64,
	/// Per fee: what the provider pays of juries over leaves that auditors were not served. Those auditors pay as much.
	unserved: f64,
	/// Means per fee: φ where it is paid, minus the bond where it is slashed, minus what it pays of juries.
	profit: f64,
	/// The same, as the chain's detection and a jury that never errs give it.
	exact_profit: Option<f64>,
	/// The same again, where the byzantine stake also skips blocks to get seeds in which the cheating is not found.
	exact_profit_with_rerolls: Option<f64>,
	/// For an honest provider and byzantine auditors that lie.
	false_slash_at_most: Option<f64>,
}

#[derive(Default)]
struct Tallies {
	tasks: u64,
	convicted: u64,
	void: u64,
	disputes: u64,
	executions: u64,
	/// In juries that provider and auditors share.
	shared: u64,
}

impl Counts for Tallies {
	fn add(&mut self, other: Self) {
		for (sum, more) in [
			(&mut self.tasks, other.tasks),
			(&mut self.convicted, other.convicted),
			(&mut self.void, other.void),
			(&mut self.disputes, other.disputes),
			(&mut self.executions, other.executions),
			(&mut self.shared, other.shared),
		] {
			*sum = sum.saturating_add(more);
		}
	}
}

const OPENING: Hash = [4; 32];
const CLAIMED: Hash = [1; 32];
const OTHER: Hash = [2; 32];

/// One task and those who look at it.
struct Task<'a> {
	command: &'a AttackCmd,
	sampling: Sampling,
	wrong: u32,
	table: &'a Table<Operator>,
	jury: Jury<'a>,
	lazy_billionths: u32,
}

/// Whether the only complaint about a leaf is that it was not served: whoever says something else that is wrong, or
/// nothing, pays the jury alone.
fn nobody_else_pays(findings: &[Option<Finding<Audit>>]) -> bool {
	let claimed = Audit { opening: OPENING, digest: CLAIMED };
	findings
		.iter()
		.all(|finding| matches!(finding, Some(Err(Obstacle::OutputMissing))) || *finding == Some(Ok(claimed)))
}

impl Task<'_> {
	fn run(&self, random: &mut Fast, sum: &mut Tallies) {
		let (mut is_convicted, mut is_void) = (false, false);
		for check in checks(random, &self.sampling, self.table) {
			let findings = self.findings(&check, random);
			sum.executions = sum.executions.saturating_add(findings.len() as u64);
			if is_unanimous(&OPENING, &CLAIMED, &findings) {
				continue;
			}
			let truth = if check.leaf < self.wrong { Provider::Guilty } else { Provider::Honest };
			let Ended { is_right, operators, .. } = self.jury.dispute(truth, random);
			sum.disputes = sum.disputes.saturating_add(1);
			sum.executions = sum.executions.saturating_add(operators as u64);
			let is_upheld = is_right == Some(truth == Provider::Honest);
			if is_upheld && nobody_else_pays(&findings) {
				sum.shared = sum.shared.saturating_add(operators as u64);
			}
			is_convicted |= is_right == Some(truth == Provider::Guilty);
			is_void |= is_right.is_none();
		}
		sum.tasks = sum.tasks.saturating_add(1);
		sum.convicted = sum.convicted.saturating_add(is_convicted.into());
		sum.void = sum.void.saturating_add((is_void && !is_convicted).into());
	}

	fn findings(&self, check: &Check, random: &mut Fast) -> Vec<Option<Finding<Audit>>> {
		let found = |digest| Some(Ok(Audit { opening: OPENING, digest }));
		let truth = if check.leaf < self.wrong { OTHER } else { CLAIMED };
		let operators = [Some(check.seat), check.second_seat].into_iter().flatten();
		let finding = |operator: &Operator| {
			if operator.is_byzantine {
				return match self.command.auditors {
					Auditors::Collude => found(CLAIMED),
					Auditors::Lie => found(OTHER),
					Auditors::Silent => None,
				};
			}
			if self.lazy_billionths > 0 && random.chance(self.lazy_billionths) {
				return match self.command.lazy_conduct {
					Lazy::Copy => found(CLAIMED),
					Lazy::Guess => found(OTHER),
				};
			}
			let is_served = match self.command.serves {
				Serves::All => true,
				Serves::Accomplices | Serves::Jurors => false,
				Serves::Half => random.chance(CERTAIN_BILLIONTHS / 2),
			};
			if is_served {
				found(truth)
			} else {
				Some(Err(Obstacle::OutputMissing))
			}
		};
		operators.filter_map(|seat| self.table.operator(seat)).map(finding).collect()
	}
}

impl AttackCmd {
	pub fn run(&self) -> Result<()> {
		ensure_usage!(self.leaves > 0, "a job has at least one leaf");
		ensure_usage!(self.leaves <= MOST_LEAVES, "jobs of at most {MOST_LEAVES} leaves can be simulated");
		let cheated = self.cheated.at_most_one("the cheated share")?;
		let lazy = self.lazy.below_one("the share of lazy auditors")?;
		let (class, share) = (self.class.class()?, self.common.population.share()?);
		let (table, wrong) = (self.common.population.table()?, part_of(cheated, self.leaves));
		let sampling = Sampling::of(&class, self.leaves);
		let trials = self.common.trials.count(sampling.drawn)?;
		ensure_usage!(trials > 0, "an attack is only drawn at random, so --trials cannot be 0");
		let bond = bond(&sampling).context("no bond suffices")?;
		let served_billionths = match self.serves {
			Serves::All | Serves::Jurors => CERTAIN_BILLIONTHS,
			Serves::Half => CERTAIN_BILLIONTHS / 2,
			Serves::Accomplices => 0,
		};
		let jury =
			Jury { rules: class.jury, table: &table, conduct: self.conduct, offline_billionths: 0, served_billionths };
		let task = Task { command: self, sampling, wrong, table: &table, jury, lazy_billionths: billionths(lazy) };
		let counted: Tallies = self.common.trials.run(trials, "tasks drawn:", |random, sum| task.run(random, sum));

		let estimate = |events| Estimate::new(events, counted.tasks);
		let per_task = |sum: u64| sum as f64 / counted.tasks as f64;
		let phi = f64::from(wrong) / f64::from(self.leaves);
		let sampled = Sampling { dishonest_billionths: billionths(share + (1.0 - share) * lazy), ..sampling };
		let (is_plain, profit) = (self.only_detection(wrong), |found: f64| phi * (1.0 - found) - bond * found);
		let accepted = counted.tasks.saturating_sub(counted.convicted).saturating_sub(counted.void);
		// An execution costs what a leaf does.
		let unserved = per_task(counted.shared) / 2.0 / f64::from(self.leaves);
		let report = Report {
			wrong_leaves: wrong,
			byzantine_seats: byzantine_seats(&table),
			bond,
			accepted: estimate(accepted),
			convicted: estimate(counted.convicted),
			void: estimate(counted.void),
			disputes_per_task: per_task(counted.disputes),
			checking: per_task(counted.executions) / f64::from(self.leaves),
			unserved,
			profit: phi * per_task(accepted) - bond * per_task(counted.convicted) - unserved,
			exact_profit: if is_plain { Some(profit(detection(&sampled, wrong)?)) } else { None },
			exact_profit_with_rerolls: if is_plain { rerolled(&sampled, wrong, share).map(profit) } else { None },
			false_slash_at_most: (wrong == 0 && self.serves == Serves::All)
				.then(|| self.false_slash(&class, &sampling, &table, share + (1.0 - share) * lazy)),
		};
		if self.common.json {
			return print_json(&report);
		}
		print(&report.text()?)
	}

	/// Whether nothing but detection decides what cheating earns.
	fn only_detection(&self, wrong: u32) -> bool {
		wrong > 0 && self.auditors == Auditors::Collude && self.lazy_conduct == Lazy::Copy && self.serves == Serves::All
	}

	/// Every auditor that does not compute calls a jury, and each jury may err.
	fn false_slash(&self, class: &Class, sampling: &Sampling, table: &Table<Operator>, disturbing: f64) -> f64 {
		let plain = |billionths: u32| f64::from(billionths) / f64::from(CERTAIN_BILLIONTHS);
		let auditors =
			plain(sampling.audit_billionths) * f64::from(sampling.drawn) * (1.0 + plain(sampling.doubled_billionths));
		(auditors * disturbing * exact::any_conduct(class.jury, seats_of(table))).min(1.0)
	}
}

impl Report {
	fn text(&self) -> Result<String> {
		let mut text = format!(
			"{} tasks of which {} leaves are wrong; {} seats are byzantine. Intervals hold with 99.9 %.\n\n",
			self.accepted.trials, self.wrong_leaves, self.byzantine_seats
		);
		let mut row = |name: &str, value: String| writeln!(text, "{name:<44}  {value}");
		row("the provider is paid", self.accepted.to_string())?;
		let is_wrong = self.false_slash_at_most.is_some();
		let slashed = if is_wrong { "the provider is slashed, wrongly" } else { "the provider is slashed" };
		row(slashed, self.convicted.to_string())?;
		row("undecided (Void)", self.void.to_string())?;
		if let Some(bound) = self.false_slash_at_most {
			row("slashed wrongly, exact: at most", readable(bound))?;
		}
		row("disputes per task", format!("{:.3}", self.disputes_per_task))?;
		row("audits and juries, of the work", format!("{:.2} %", self.checking * 100.0))?;
		row("bond, without the bill of a jury", format!("{:.5} of the fee", self.bond))?;
		if self.unserved > 0.0 {
			row("its half of juries over unserved leaves", format!("{:.5} of the fee", self.unserved))?;
		}
		row("what the provider gains by it", format!("{:.5} of the fee", self.profit))?;
		if let Some(profit) = self.exact_profit {
			row("the same, if juries never err", format!("{profit:.5} of the fee"))?;
		}
		if let Some(profit) = self.exact_profit_with_rerolls {
			row("and if the byzantine stake re-rolls seeds", format!("{profit:.5} of the fee"))?;
		}
		Ok(text)
	}
}
