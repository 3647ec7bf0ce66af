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
	time::SystemTime,
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
	/// What was read of works, until they are further: a client that asks without end costs no more than one that does not.
	read: Mutex<BTreeMap<WorkId, Summary>>,
}

/// What is told of a work.
#[derive(Clone, Debug)]
struct Summary {
	/// When its progress was written down.
	written: SystemTime,
	leaves: u32,
	bytes: u64,
	losses: Vec<f32>,
}

impl Desk {
	pub fn new(operator: AccountId, journal: Arc<Journal>, jobs: PathBuf) -> Self {
		Self { operator, journal, jobs, cases: Mutex::default(), read: Mutex::default() }
	}

	pub fn open(&self, cases: Cases) {
		let is_open = |id: &WorkId| {
			let mut ids = cases.values().flat_map(|case| case.works.iter().map(|(_, id)| id));
			ids.any(|open| open == id)
		};
		if let Ok(mut read) = self.read.try_lock() {
			read.retain(|id, _| is_open(id));
		}
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

	fn summary(&self, id: &WorkId) -> Result<Option<Summary>> {
		let folder = self.folder(id);
		let Some(written) = folder.written()? else { return Ok(None) };
		// One reader at a time: what is read may be large.
		let mut read = self.read.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
		if let Some(summary) = read.get(id).filter(|summary| summary.written == written) {
			return Ok(Some(summary.clone()));
		}
		let Some(saved) = folder.saved()? else { return Ok(None) };
		let summary = Summary {
			written,
			leaves: u32::try_from(saved.leaves.len())?,
			bytes: saved.output_bytes,
			losses: thinned(&folder.losses(&saved)?),
		};
		read.insert(id.clone(), summary.clone());
		Ok(Some(summary))
	}

	fn tell(&self, case: &Case) -> Result<Answer> {
		let mut committed = Vec::new();
		for (task, id) in case.committed.iter().take(MOST_RESULTS) {
			let place = Place { task: *task, round: 0, account: self.operator };
			let sealed = self.journal.sealed::<Outcome>(&place)?;
			// Another machine of this operator may have done it.
			let (Some(sealed), Some(Summary { leaves, bytes, .. })) = (sealed, self.summary(id)?) else { continue };
			let Outcome { root, output } = sealed.value;
			committed.push(Committed { task: *task, leaves, root, output, bytes, salt: sealed.salt });
		}
		let mut progress: Option<Progress> = None;
		for (before, id) in &case.works {
			let progress = progress.get_or_insert_with(Progress::default);
			let Some(Summary { leaves, losses, .. }) = self.summary(id)? else { continue };
			progress.done = progress.done.max(before.saturating_add(leaves));
			progress.losses.extend(losses);
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
	use crate::agent::engine;

	#[test]
	fn losses_are_thinned_to_what_can_be_told() {
		assert_eq!(thinned(&[]), [0.0; 0]);
		assert_eq!(thinned(&[3.0, 1.0]), [3.0, 1.0]);
		let many: Vec<f32> = (0..1_500u16).map(f32::from).collect();
		let few = thinned(&many);
		assert_eq!((few.len(), few[0], few[499]), (500, 1.0, 1_498.0));
	}

	const CLIENT: AccountId = [3; 32];
	const OPERATOR: AccountId = [1; 32];
	const JOB: Hash = [7; 32];

	/// A part that is so far, of five leaves with two losses each.
	fn save(desk: &Desk, id: &WorkId, leaves: u8, is_done: bool) {
		let folder = desk.folder(id);
		folder.create().unwrap();
		let leaf = [crate::artifacts::Name([1; 32]); 3];
		let saved = engine::Saved {
			leaves: vec![leaf; leaves.into()],
			output_bytes: 100,
			opening: crate::artifacts::Artifact::of(&[]),
			losses: u64::from(leaves).saturating_mul(2),
			is_done,
		};
		let losses: Vec<u8> = (0..leaves.saturating_mul(2)).flat_map(|step| f32::from(step).to_le_bytes()).collect();
		folder.write("losses", &losses).unwrap();
		folder.write("progress.json", &serde_json::to_vec(&saved).unwrap()).unwrap();
	}

	#[test]
	fn a_client_is_told_of_parts_that_the_chain_has_and_how_far_the_next_one_is() {
		let folder = tempfile::tempdir().unwrap();
		let journal = Arc::new(Journal::open(&folder.path().join("journal.redb"), &[0; 32], &[9; 32]).unwrap());
		let desk = Desk::new(OPERATOR, journal.clone(), folder.path().join("jobs"));
		let ask = |task: Hash, account| store::Desk::answer(&desk, &task, &account);
		assert_eq!(ask(JOB, CLIENT), Err(Denial::Unknown));

		let (task, part) = ([8; 32], |part| WorkId::Part { job: JOB, part });
		save(&desk, &part(0), 5, true);
		save(&desk, &part(1), 2, false);
		let works = vec![(0, part(0)), (5, part(1))];
		let mut case = Case { client: CLIENT, leaves: 20, committed: vec![], works };
		desk.open([(JOB, case.clone())].into());
		let answer = ask(JOB, CLIENT).unwrap();
		assert_eq!(answer.committed, [], "the commitment is in no block yet");
		let progress = answer.progress.unwrap();
		assert_eq!((progress.done, progress.leaves), (7, 20));
		assert_eq!(progress.losses, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 0.0, 1.0, 2.0, 3.0]);

		let place = Place { task, round: 0, account: OPERATOR };
		let sealed = journal.seal(&place, &Outcome { root: [5; 32], output: [6; 32] }).unwrap();
		case.committed.push((task, part(0)));
		desk.open([(JOB, case)].into());
		let told = ask(JOB, CLIENT).unwrap().committed;
		assert_eq!(told.len(), 1);
		assert!(told[0].opens(&OPERATOR, &sealed.commitment));
		assert_eq!((told[0].task, told[0].leaves, told[0].bytes), (task, 5, 100));
		assert_eq!(ask(task, CLIENT).unwrap().committed, told, "a job is known by its validations too");
		assert_eq!(ask(JOB, OPERATOR), Err(Denial::NotYours));
		assert_eq!(ask([4; 32], CLIENT), Err(Denial::Unknown));

		save(&desk, &part(1), 3, false);
		assert_eq!(
			ask(JOB, CLIENT).unwrap().progress.unwrap().done,
			8,
			"what was read is read again when it is further"
		);
	}
}
