//! What clients are told of their works as soon as it cannot harm anybody.
//!
//! A result is told once the chain has a commitment to it that leads its race: then ties are over, and whoever hears of
//! it, from the client, can no longer be first with it. What a client that passes it on to a friend among the runners-up
//! can move is a part of the pot, which it pays itself. The salt is told as well: with it the client sees that this is what
//! was committed to. It opens nothing before the chain takes reveals, and gives no claim to anything: whoever claims a
//! share needs a commitment of its own.

use super::{engine::JobFolder, view::View};
use crate::{
	chain::types::*,
	journal::{Journal, WorkId},
	store::{self, Answer, Committed, Denial, Progress, MOST_LOSSES, MOST_RESULTS},
};
use anyhow::{Context, Result};
use ogpu_protocol::commitment::{Outcome, Place};
use std::{
	collections::BTreeMap,
	path::PathBuf,
	sync::{Arc, Mutex},
};

/// What may be told of a request or a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
	pub client: AccountId,
	/// All leaves, or the most that the client allows.
	pub leaves: u32,
	/// Under which name the chain validates which work.
	pub committed: Vec<(Hash, WorkId)>,
	/// What was begun, and how many leaves are before it.
	pub works: Vec<(u32, WorkId)>,
}

pub type Cases = BTreeMap<Hash, Case>;

/// What may be told after this block.
pub fn cases(view: &View, works: &super::plan::Works) -> Cases {
	let mut cases = Cases::new();
	for (name, request) in &view.requests {
		let id = WorkId::Result { task: *name };
		let leads = request.leader().is_some_and(|leader| leader.operator == view.operator);
		let committed = if leads { vec![(*name, id.clone())] } else { Vec::new() };
		let begun = if works.contains_key(&id) { vec![(0, id)] } else { Vec::new() };
		let (client, leaves) = (request.client, request.order.ceiling_leaves);
		cases.insert(*name, Case { client, leaves, committed, works: begun });
	}
	for (name, job) in &view.jobs {
		let Some(run) = job.run.as_ref().filter(|run| run.bid.bidder.operator == view.operator) else { continue };
		let committed = (run.first..).zip(&run.parts).filter(|(_, part)| part.state != PartState::Failed);
		let committed = committed.map(|(part, record)| (record.task, WorkId::Part { job: *name, part })).collect();
		let begun = works.keys().filter_map(|id| match id {
			WorkId::Part { job: of, part } if of == name => Some((job.spec.leaves_before(*part), id.clone())),
			_ => None,
		});
		let (client, leaves) = (job.client, job.spec.leaves);
		cases.insert(*name, Case { client, leaves, committed, works: begun.collect() });
	}
	cases
}

/// Answers clients, from what the journal and the folders of jobs have.
pub struct Desk {
	operator: AccountId,
	journal: Arc<Journal>,
	/// Folders of jobs.
	jobs: PathBuf,
	cases: Mutex<Cases>,
}

impl Desk {
	pub fn new(operator: AccountId, journal: Arc<Journal>, jobs: PathBuf) -> Self {
		Self { operator, journal, jobs, cases: Mutex::default() }
	}

	pub fn open(&self, cases: Cases) {
		*self.cases.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = cases;
	}

	/// A request or a job by its name, or a job by the name of a validation of it.
	fn case(&self, name: &Hash) -> Option<Case> {
		let cases = self.cases.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
		let of_part = || cases.values().find(|case| case.committed.iter().any(|(task, _)| task == name));
		cases.get(name).or_else(of_part).cloned()
	}

	fn folder(&self, id: &WorkId) -> JobFolder {
		JobFolder::new(self.jobs.join(id.to_string()))
	}

	fn tell(&self, case: &Case) -> Result<Answer> {
		let mut committed = Vec::new();
		for (task, id) in case.committed.iter().take(MOST_RESULTS) {
			let place = Place { task: *task, round: 0, account: self.operator };
			let sealed = self.journal.sealed::<Outcome>(&place)?;
			// Another machine of this operator may have done it.
			let (Some(sealed), Some(saved)) = (sealed, self.folder(id).saved()?) else { continue };
			let Outcome { root, output } = sealed.value;
			let leaves = u32::try_from(saved.leaves.len())?;
			committed.push(Committed {
				task: *task,
				leaves,
				root,
				output,
				bytes: saved.output_bytes,
				salt: sealed.salt,
			});
		}
		let mut progress: Option<Progress> = None;
		for (before, id) in &case.works {
			let folder = self.folder(id);
			let saved = folder.saved()?;
			let here = saved.as_ref().map_or(0, |saved| u32::try_from(saved.leaves.len()).unwrap_or(u32::MAX));
			let progress = progress.get_or_insert_with(Progress::default);
			progress.done = progress.done.max(before.saturating_add(here));
			progress.losses.extend(saved.map(|saved| folder.losses(&saved)).transpose()?.unwrap_or_default());
		}
		if let Some(progress) = &mut progress {
			progress.leaves = case.leaves;
			progress.losses = thinned(&progress.losses);
		}
		Ok(Answer { committed, progress })
	}
}

impl store::Desk for Desk {
	fn answer(&self, task: &Hash, account: &AccountId) -> std::result::Result<Answer, Denial> {
		let case = self.case(task).ok_or(Denial::Unknown)?;
		if case.client != *account {
			return Err(Denial::NotYours);
		}
		self.tell(&case).context("a client asks").map_err(|error| {
			tracing::error!("{error:#}");
			Denial::Trouble
		})
	}
}

/// No more than can be told, each the mean of as many.
fn thinned(losses: &[f32]) -> Vec<f32> {
	let share = losses.len().div_ceil(MOST_LOSSES).max(1);
	losses.chunks(share).map(|part| part.iter().sum::<f32>() / part.len() as f32).collect()
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn losses_are_thinned_to_what_can_be_told() {
		assert_eq!(thinned(&[]), [0.0; 0]);
		assert_eq!(thinned(&[3.0, 1.0]), [3.0, 1.0]);
		let many: Vec<f32> = (0..1_500u16).map(f32::from).collect();
		let few = thinned(&many);
		assert_eq!((few.len(), few[0], few[499]), (500, 1.0, 1_498.0));
	}
}
