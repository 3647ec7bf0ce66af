//! `ogpu sim` without a command: the figures of the audit classes.

use super::{
	audit::{bond, detection, of_class, rerolled},
	exact::Conduct,
	jury::{plot, Exact},
	numbers::{part_of, readable},
	population::{byzantine_seats, thousand_operators},
};
use crate::output::{print, print_json};
use anyhow::{Context, Result};
use clap::Args;
use ogpu_protocol::{class::Class, random::CERTAIN_BILLIONTHS};
use serde::Serialize;
use std::{fmt::Write, path::PathBuf};

#[derive(Debug, Args)]
pub struct TableCmd {
	/// Plot the probabilities of a wrong verdict and of none against the byzantine share into this file too, as SVG.
	#[arg(long, value_name = "FILE")]
	svg: Option<PathBuf>,

	/// Print JSON, with all digits.
	#[arg(long)]
	json: bool,
}

/// The classes, by the names that clients know.
pub const CLASSES: [(&str, Class); 4] =
	[("economy", Class::ECONOMY), ("standard", Class::STANDARD), ("high", Class::HIGH), ("assured", Class::ASSURED)];

/// Byzantine shares, as people write them.
const SHARES: [(&str, f64); 2] = [("1/5", 1.0 / 5.0), ("1/3", 1.0 / 3.0)];

/// Shares of auditors that collude with the provider.
const COLLUDING: [(&str, f64); 2] = [("0", 0.0), ("1/5", 1.0 / 5.0)];

/// What of a job of a thousand leaves is wrong.
const LEAVES: u32 = 1_000;
const CHEATED: [f64; 4] = [0.001, 0.01, 0.1, 1.0];

#[derive(Serialize)]
struct Figures {
	jury: Vec<JuryRow>,
	audit: Vec<AuditRow>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JuryRow {
	class: &'static str,
	share: &'static str,
	byzantine_seats: u32,
	#[serde(flatten)]
	figures: Exact,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AuditRow {
	class: &'static str,
	leaves: u32,
	sampled: u32,
	cheated: f64,
	colluding: &'static str,
	detection: f64,
	detection_with_rerolls: Option<f64>,
	cost: f64,
	/// Per fee.
	bond: Option<f64>,
}

fn jury_rows() -> Result<Vec<JuryRow>> {
	let mut rows = Vec::new();
	for (class, rules) in CLASSES {
		for (name, share) in SHARES {
			let table = thousand_operators(share).context("there are seats")?;
			let figures = Exact::of(rules.jury, &table, Conduct::Wrong, share);
			rows.push(JuryRow { class, share: name, byzantine_seats: byzantine_seats(&table), figures });
		}
	}
	Ok(rows)
}

fn audit_rows() -> Result<Vec<AuditRow>> {
	let mut rows = Vec::new();
	for (class, rules) in CLASSES {
		for cheated in CHEATED {
			for (colluding, share) in COLLUDING {
				let sampling = of_class(&rules, LEAVES, share);
				let wrong = part_of(cheated, LEAVES);
				let cost = sampling.cost_billionths().context("something is computed")?;
				rows.push(AuditRow {
					class,
					leaves: LEAVES,
					sampled: sampling.drawn,
					cheated,
					colluding,
					detection: detection(&sampling, wrong)?,
					detection_with_rerolls: rerolled(&sampling, wrong, share),
					cost: cost as f64 / f64::from(CERTAIN_BILLIONTHS),
					bond: bond(&sampling),
				});
			}
		}
	}
	Ok(rows)
}

impl TableCmd {
	pub fn run(&self) -> Result<()> {
		let figures = Figures { jury: jury_rows()?, audit: audit_rows()? };
		if let Some(file) = &self.svg {
			plot(&[("standard", Class::STANDARD.jury), ("high", Class::HIGH.jury)], Conduct::Wrong)?.write(file)?;
		}
		if self.json {
			return print_json(&figures);
		}
		print(&figures.text()?)
	}
}

impl Figures {
	fn text(&self) -> Result<String> {
		let mut text = format!(
			"The jury on a disputed leaf. f: byzantine share of the seats, all of which vote for the same wrong verdict.\n\
			 any conduct: a bound on wrong verdicts, whatever they vote or keep silent about. re-rolled: they also skip blocks\n\
			 of their own to get other seeds. Executions are those of a thousand operators of equal stake.\n\n\
			 {:<9} {:>4}  {:>12} {:>12} {:>12}  {:>14} {:>14}  {:>6} {:>10}\n",
			"class", "f", "wrong accept", "wrong reject", "Void", "any conduct", "re-rolled", "rounds", "executions"
		);
		for JuryRow { class, share, figures: f, .. } in &self.jury {
			let [accept, reject, void, any, rerolls] =
				[f.wrong_accept, f.wrong_reject, f.void, f.wrong_by_any_conduct, f.wrong_with_rerolls].map(readable);
			writeln!(
				text,
				"{class:<9} {share:>4}  {accept:>12} {reject:>12} {void:>12}  {any:>14} {rerolls:>14}  {:>6.2} {:>10.2}",
				f.rounds, f.executions
			)?;
		}
		write!(
			text,
			"\nThe audit of a job of {LEAVES} leaves, s of which are drawn. φ: share of the leaves that are wrong.\n\
			 The bond, per fee, makes every φ a loss; the bill of a jury comes on top.\n\n\
			 {:<9} {:>5} {:>6} {:>9}  {:>10} {:>13}  {:>7} {:>9}\n",
			"class", "s", "φ", "colluding", "detected", "re-rolled", "cost", "bond"
		)?;
		for row in &self.audit {
			let rerolls = row.detection_with_rerolls.map_or("-".into(), readable);
			writeln!(
				text,
				"{:<9} {:>5} {:>6} {:>9}  {:>10} {rerolls:>13}  {:>5.1} % {:>9.5}",
				row.class,
				row.sampled,
				row.cheated,
				row.colluding,
				readable(row.detection),
				row.cost * 100.0,
				row.bond.unwrap_or(f64::INFINITY)
			)?;
		}
		Ok(text)
	}
}
