//! Showing how a task goes on, to people and to scripts, until it ends or somebody stops it.

use super::{curve, say, tell};
use crate::output::Stopped;
use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use ogpu::{
	answers::{Job, Next, Request, Task, Validation},
	follow::{End, Follow, Update},
	home::Entry,
	outcome::Provenance,
	work::in_time,
};
use ogpu_worker::store::Progress;
use serde_json::{json, Value};
use std::{io::IsTerminal, time::Duration};

/// The curve of losses, in letters.
const CURVE_ROWS: usize = 6;
const CURVE_COLUMNS: usize = 60;

/// Who has to act, as one line.
fn by(next: &Next, now: u32) -> String {
	let mut text = String::new();
	if let [one] = next.by.as_slice() {
		text = format!(", by {one}");
	} else if !next.by.is_empty() {
		text = format!(", by {} accounts", next.by.len());
	}
	match next.due {
		Some(due) if due >= now => format!("{text}, until block {due} (in {})", in_time(due.saturating_sub(now))),
		Some(due) => format!("{text}, overdue since block {due}"),
		None => text,
	}
}

/// What a validation waits for.
fn of_validation(validation: &Validation) -> String {
	let Validation { next, now, checked, shown, .. } = validation;
	let act = match next.act.as_str() {
		"awaitSeed" => "committed; the authors of blocks make the seed that decides what is audited".into(),
		"postOpenings" => "the provider shows where the drawn leaves begin".into(),
		"commitAudits" => format!("{checked} leaves are audited"),
		"reveal" => format!("the provider reveals its result ({shown} of {checked} leaves shown)"),
		"revealAudits" => "auditors say what they found".into(),
		"commitVotes" | "revealVotes" => format!("a jury judges {} leaves", validation.juries.len()),
		"challenge" => "nothing was found; anyone may challenge (`ogpu accept` waives the window)".into(),
		"answer" => "the provider shows what was challenged".into(),
		"awaitOthers" => "accepted; the pay waits for the provider's other work".into(),
		"close" => "it ends".into(),
		other => other.to_owned(),
	};
	format!("{act}{}", by(next, *now))
}

fn of_request(request: &Request) -> String {
	if let Some(validation) = &request.validation {
		return of_validation(validation);
	}
	let act = match request.next.act.as_str() {
		"awaitSeed" => "it is drawn who runs".into(),
		"commit" => {
			let running = request.racers.iter().filter(|racer| racer.state == "running").count();
			format!("{running} of {} racers compute", request.racers.len())
		}
		"awaitVerdict" => "it is validated".into(),
		"confirm" => "you may confirm it".into(),
		"claimShare" => "accepted; those that ran along claim their share".into(),
		other => other.to_owned(),
	};
	format!("{act}{}", by(&request.next, request.now))
}

fn of_job(job: &Job) -> String {
	let act = match job.next.act.as_str() {
		"bid" => format!("bids are taken, {} so far", job.sealed_bids),
		"awaitSeed" => "the authors of blocks make the seed for ties".into(),
		"revealBids" => "bids are revealed".into(),
		"count" => "bids are counted".into(),
		"start" => "the winner is to start".into(),
		"work" => format!(
			"at work; of {} parts {} are committed and {} verified",
			job.parts,
			job.committed.len(),
			job.verified_parts
		),
		"awaitJury" => "a jury looks whether your inputs are there".into(),
		"awaitVerdicts" => {
			format!("all is committed; {} of {} parts are verified", job.verified_parts, job.parts)
		}
		other => other.to_owned(),
	};
	format!("{act}{}", by(&job.next, job.now))
}

/// Where a task stands, in one line.
pub fn describe(task: &Task) -> String {
	match task {
		Task::Job(job) => of_job(job),
		Task::Request(request) => of_request(request),
		Task::Validation(validation) => of_validation(validation),
		Task::Ended(ended) => ogpu::outcome::why(&ended.conclusion).to_owned(),
	}
}

/// The same for scripts.
pub fn as_json(task: &Task) -> Value {
	let (is, value) = match task {
		Task::Job(job) => ("job", serde_json::to_value(job)),
		Task::Request(request) => ("request", serde_json::to_value(request)),
		Task::Validation(validation) => ("validation", serde_json::to_value(validation)),
		Task::Ended(ended) => ("ended", serde_json::to_value(ended)),
	};
	let mut value = value.unwrap_or_default();
	if let Some(fields) = value.as_object_mut() {
		fields.insert("is".into(), is.into());
	}
	value
}

/// A line that changes on a terminal, and lines elsewhere.
struct Line {
	bar: Option<ProgressBar>,
	/// Where it stands.
	last: String,
	/// How far it is, under that.
	curve: String,
}

impl Line {
	fn new(json: bool) -> Result<Self> {
		let bar = (!json && std::io::stderr().is_terminal()).then(ProgressBar::new_spinner);
		if let Some(bar) = &bar {
			bar.set_style(ProgressStyle::with_template("{spinner} {elapsed_precise} {msg}")?);
			bar.enable_steady_tick(Duration::from_millis(120));
		}
		Ok(Self { bar, last: String::new(), curve: String::new() })
	}

	fn show(&mut self, json: bool, text: String) {
		if self.bar.is_none() && text != self.last {
			say(json, &text);
		}
		self.last = text;
		self.draw();
	}

	fn progress(&mut self, json: bool, progress: &Progress) {
		let text =
			format!("{} {} of {} leaves", curve::bar(progress.done, progress.leaves), progress.done, progress.leaves);
		let loss = progress.losses.last().map(|loss| format!(", loss {loss:.4}")).unwrap_or_default();
		match &self.bar {
			Some(_) => {
				let rows = curve::plot(&progress.losses, CURVE_ROWS, CURVE_COLUMNS);
				self.curve = format!("\n{text}{loss}\n{rows}");
				self.draw();
			}
			None => say(json, &format!("{text}{loss} {}", curve::line(&progress.losses, CURVE_COLUMNS / 2))),
		}
	}

	fn draw(&self) {
		if let Some(bar) = &self.bar {
			bar.set_message(format!("{}{}", self.last, self.curve));
		}
	}

	/// Something that stays.
	fn say(&self, json: bool, text: &str) {
		match &self.bar {
			Some(bar) => bar.suspend(|| say(json, text)),
			None => say(json, text),
		}
	}
}

impl Drop for Line {
	fn drop(&mut self) {
		if let Some(bar) = &self.bar {
			bar.finish_and_clear();
		}
	}
}

/// What is said when somebody stops it.
fn farewell(entry: &Entry) -> String {
	let name: String = entry.name.to_string().chars().take(12).collect();
	let (who, what) = match entry.kind {
		ogpu::home::Kind::Request => ("the request", "your question"),
		_ => ("the job", "what the manifest names"),
	};
	format!(
		"\n{who} goes on without this command, but {what} is no longer served from here. Until the verdict keep it served, \
		 or your lock pays for what is missing:\n  ogpu share\nand go on with\n  ogpu watch {name}\n  ogpu fetch {name}"
	)
}

/// Follows a task to its end. `on` hears of each part's result. Ends with [`Stopped`] at Ctrl-C.
pub async fn follow(
	follow: &mut Follow,
	json: bool,
	mut on: impl AsyncFnMut(&Follow, u32, Provenance) -> Result<()>,
) -> Result<End> {
	let mut line = Line::new(json)?;
	let is_own = follow.entry.ended.is_none();
	loop {
		let update = tokio::select! {
			update = follow.next() => update?,
			() = stop() => {
				drop(line);
				if is_own {
					say(json, &farewell(&follow.entry));
				}
				return Err(Stopped.into());
			}
		};
		match update {
			Some(Update::Standing(task)) => {
				if json {
					tell(&json!({ "event": "standing", "task": as_json(&task) }))?;
				}
				line.show(json, describe(&task));
			}
			Some(Update::Delivered { part, delivered }) => {
				if json {
					tell(&json!({
						"event": "delivered", "part": part, "provenance": delivered.provenance,
						"output": delivered.output, "root": delivered.outcome.root,
					}))?;
				}
				let said = on(follow, part, delivered.provenance);
				said.await?;
			}
			Some(Update::Progress(progress)) => {
				if json {
					tell(&json!({
						"event": "progress", "done": progress.done, "leaves": progress.leaves, "losses": progress.losses,
					}))?;
				}
				line.progress(json, &progress);
			}
			Some(Update::Withheld { part, reason }) => {
				if json {
					tell(&json!({ "event": "withheld", "part": part, "reason": reason }))?;
				}
				line.say(json, &format!("the result of part {part} is revealed, and cannot be had yet: {reason}"));
			}
			Some(Update::Waived { .. }) => line.say(json, "you waived the rest of the window for challenges"),
			Some(Update::Cut { reason }) => line.say(json, &format!("{reason}; trying again, nothing is lost")),
			Some(Update::Mended) => line.say(json, "connected again"),
			Some(Update::Ended(end)) => {
				if json {
					let record = end.record.as_ref().map(|record| as_json(&Task::Ended(record.clone())));
					tell(&json!({ "event": "ended", "accepted": end.is_accepted, "why": end.why, "record": record }))?;
				}
				return Ok(end);
			}
			None => anyhow::bail!("it had ended before"),
		}
	}
}

/// Waits until somebody wants this process to end.
pub async fn stop() {
	use tokio::signal::unix::{signal, SignalKind};
	let interrupt = tokio::signal::ctrl_c();
	match signal(SignalKind::terminate()) {
		Ok(mut terminate) => tokio::select! {
			_ = interrupt => {}
			_ = terminate.recv() => {}
		},
		Err(_) => {
			let _ = interrupt.await;
		}
	}
}

/// The verdict, and what it is worth.
pub fn verdict(end: &End) -> String {
	let mut text = format!("accepted: {}", end.why);
	if !end.is_accepted {
		text = format!("not accepted: {}", end.why);
	}
	if let Some(record) = end.record.as_ref().filter(|record| record.drawn > 0) {
		let percent = |billionths: u32| f64::from(billionths) / 10_000_000.0;
		text.push_str(&format!(
			" ({} of {} leaves audited; one wrong leaf had been found with {:.1} %, one in ten with {:.1} %)",
			record.drawn,
			record.leaves,
			percent(record.detects_one_billionths),
			percent(record.detects_tenth_billionths)
		));
	}
	text
}
