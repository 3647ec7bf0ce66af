//! Whether somebody else acts in this worker's name. Nothing is sent that is not in the journal before, so an open
//! commitment that the journal does not know was made by another worker, with this one's key and perhaps with a copy of its
//! data, or by this one before its data was lost or put back. Either way nobody here can reveal it, and whoever took more
//! on would soon have committed to two results of the same work.

use super::view::View;
use crate::{
	chain::types::*,
	config::Config,
	job::blake2,
	journal::{Journal, Kept, WorkId},
};
use anyhow::Result;
use ogpu_protocol::commitment::{leaf_task, Audit, Finding, Outcome, Place, Vote};
use std::collections::BTreeSet;

/// What somebody else has committed to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Foreign {
	/// The result of a request, of a part of a job, or of a benchmark.
	Result(Hash),
	/// What was found of a leaf, in an audit (round 0) or for a jury.
	Finding { task: Hash, leaf: u32, round: u32 },
}

impl std::fmt::Display for Foreign {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		match self {
			Self::Result(task) => WorkId::Result { task: *task }.fmt(f),
			Self::Finding { task, leaf, round } => {
				write!(f, "{}, round {round},", WorkId::Check { task: *task, leaf: *leaf })
			}
		}
	}
}

/// Open commitments in this worker's name that its journal does not know.
pub fn foreign(view: &View, config: &Config, journal: &Journal) -> Result<BTreeSet<Foreign>> {
	fn is_known<V: Kept>(journal: &Journal, place: Place, commitment: &Hash) -> Result<bool> {
		Ok(journal.sealed::<V>(&place)?.is_some_and(|sealed| sealed.commitment == *commitment))
	}
	let place = |task: Hash, round: u32| Place { task, round, account: view.operator };
	let mut foreign = BTreeSet::new();
	for (name, request) in &view.requests {
		let racer = request.racer(&view.operator).filter(|racer| config.has(Some(racer.device)));
		let Some(Racing::Committed { commitment, .. }) = racer.map(|racer| &racer.racing) else { continue };
		if !is_known::<Outcome>(journal, place(*name, 0), commitment)? {
			foreign.insert(Foreign::Result(*name));
		}
	}
	for (name, task) in &view.tasks {
		let claim = &task.task.request;
		let is_own = claim.provider == view.operator && config.has(task.origin.device());
		if is_own && !task.task.is_claim && !is_known::<Outcome>(journal, place(*name, 0), &claim.commitment)? {
			foreign.insert(Foreign::Result(*name));
		}
		if !config.verifier.enabled {
			continue;
		}
		for (leaf, check) in &task.checks {
			let Some((Auditor { answer: Answer::Committed(commitment), .. }, _)) = check.auditor(&view.operator) else {
				continue;
			};
			if !is_known::<Finding<Audit>>(journal, place(leaf_task(blake2, name, *leaf), 0), commitment)? {
				foreign.insert(Foreign::Finding { task: *name, leaf: *leaf, round: 0 });
			}
		}
		for (leaf, (jury, ballot)) in &task.juries {
			let round = jury.round;
			let Some(Ballot { answer: Answer::Committed(commitment), .. }) = ballot else { continue };
			if !is_known::<Finding<Vote>>(journal, place(leaf_task(blake2, name, *leaf), round), commitment)? {
				foreign.insert(Foreign::Finding { task: *name, leaf: *leaf, round });
			}
		}
	}
	Ok(foreign)
}
