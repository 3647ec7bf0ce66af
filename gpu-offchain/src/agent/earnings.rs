//! What this worker's devices have earned, counted from blocks that are final: nothing that a fork took back is in it. It
//! stands in a file beside the journal, where `ogpu-worker check` finds it while the worker runs.

use super::plan::Works;
use crate::{
	chain::{self, types::*, Chain, Payment, Purpose},
	config::Config,
	journal::WorkId,
	metrics::Metrics,
};
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::{
	collections::BTreeMap,
	io::Write,
	path::{Path, PathBuf},
};

/// Blocks that are looked at in one go.
const MOST_BLOCKS: BlockNumber = 64;
/// Nodes forget the state of blocks that are older than some 256.
const MOST_BEHIND: BlockNumber = 200;
/// What checks earn stands under this name.
const VERIFIER: &str = "verifier";

/// What the file says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Earned {
	/// When counting began, in seconds since 1970.
	pub since: u64,
	/// The last block that was counted.
	pub until: BlockNumber,
	/// By device, or `verifier`. Amounts as text: JSON knows no numbers so large.
	amounts: BTreeMap<String, String>,
}

impl Earned {
	fn file(data: &Path) -> PathBuf {
		data.join("earned.json")
	}

	/// What was counted, if anything was.
	pub fn load(data: &Path) -> Result<Option<Self>> {
		let path = Self::file(data);
		match std::fs::read(&path) {
			Ok(text) => Ok(Some(serde_json::from_slice(&text).with_context(|| path.display().to_string())?)),
			Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
			Err(error) => Err(error).with_context(|| path.display().to_string()),
		}
	}

	fn save(&self, data: &Path) -> Result<()> {
		let mut file = tempfile::NamedTempFile::new_in(data)?;
		file.write_all(&serde_json::to_vec(self)?)?;
		file.persist(Self::file(data)).map_err(|error| error.error)?;
		Ok(())
	}

	/// By device, or for checks, in the smallest unit.
	pub fn amounts(&self) -> impl Iterator<Item = (&str, Balance)> {
		self.amounts.iter().map(|(name, amount)| (name.as_str(), amount.parse().unwrap_or_default()))
	}

	fn add(&mut self, name: &str, amount: Balance) {
		let entry = self.amounts.entry(name.to_owned()).or_default();
		*entry = entry.parse::<Balance>().unwrap_or_default().saturating_add(amount).to_string();
	}
}

/// Counts.
pub struct Earnings {
	data: PathBuf,
	operator: AccountId,
	checks: bool,
	earned: Option<Earned>,
}

impl Earnings {
	pub fn open(config: &Config, operator: AccountId) -> Self {
		// Figures for people: where they cannot be read, they begin anew.
		let earned = Earned::load(&config.data).unwrap_or_else(|error| {
			tracing::warn!("what was earned is counted anew: {error:#}");
			None
		});
		Self { data: config.data.clone(), operator, checks: config.verifier.enabled, earned }
	}

	/// Counts what has become final since the last time.
	pub async fn count(
		&mut self,
		chain: &Chain,
		last_final: BlockNumber,
		works: &Works,
		metrics: &Metrics,
	) -> chain::Result<()> {
		let fresh = || Earned { since: super::lane::now(), until: last_final, amounts: BTreeMap::new() };
		let earned = self.earned.get_or_insert_with(fresh);
		if last_final <= earned.until && self.data.join("earned.json").exists() {
			return Ok(());
		}
		let oldest = last_final.saturating_sub(MOST_BEHIND);
		if earned.until < oldest {
			tracing::info!("what was earned in blocks {} to {oldest} is not counted: they are long ago", earned.until);
			earned.until = oldest;
		}
		let last = last_final.min(earned.until.saturating_add(MOST_BLOCKS));
		while earned.until < last {
			let number = earned.until.saturating_add(1);
			for payment in payments(chain, number, &self.operator).await? {
				let Some(name) = earner(&payment, works, self.checks) else { continue };
				let ogpu = payment.amount as f64 / ogpu_protocol::token::OGPU as f64;
				tracing::info!(by = name, ogpu, "earned");
				metrics.earned_ogpu.with_label_values(&[&name]).inc_by(ogpu);
				earned.add(&name, payment.amount);
			}
			earned.until = number;
		}
		// Nothing depends on the file but what people read.
		if let Err(error) = earned.save(&self.data) {
			tracing::warn!("what was earned cannot be written down: {error:#}");
		}
		Ok(())
	}
}

async fn payments(chain: &Chain, number: BlockNumber, operator: &AccountId) -> chain::Result<Vec<Payment>> {
	let Some(block) = chain.block(number).await? else { return Ok(Vec::new()) };
	let found = async { chain.at(block).await?.payments(operator).await };
	match found.await {
		// A node that was synchronised lately has no state of older blocks.
		Err(error) if error.to_string().contains("discarded") => Ok(Vec::new()),
		// Nor does a runtime that tells of payments in other words stop the work.
		Err(error @ chain::Error::Incompatible(_)) => {
			tracing::warn!("what was earned in block {number} is not counted: {error}");
			Ok(Vec::new())
		}
		found => found,
	}
}

/// Which device of this worker was paid for, if one was: others of the operator count their own.
fn earner(payment: &Payment, works: &Works, checks: bool) -> Option<String> {
	let device = match payment.purpose {
		Purpose::Check => return checks.then(|| VERIFIER.into()),
		Purpose::Request => works.get(&WorkId::Result { task: payment.about })?.device,
		Purpose::Job => works.iter().find_map(|(id, work)| match id {
			WorkId::Part { job, .. } if *job == payment.about => work.device,
			_ => None,
		}),
	};
	device.map(|device| device.to_string())
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::journal::Work;

	#[test]
	fn what_was_earned_is_kept_by_device() {
		let folder = tempfile::tempdir().unwrap();
		assert_eq!(Earned::load(folder.path()).unwrap(), None);
		let mut earned = Earned { since: 1, until: 2, amounts: BTreeMap::new() };
		earned.add("4", u128::from(u64::MAX));
		earned.add("4", 1);
		earned.add(VERIFIER, 5);
		earned.save(folder.path()).unwrap();
		let found = Earned::load(folder.path()).unwrap().unwrap();
		assert_eq!(found, earned);
		assert_eq!(found.amounts().collect::<Vec<_>>(), [("4", 1 << 64), (VERIFIER, 5)]);
		std::fs::write(folder.path().join("earned.json"), "{").unwrap();
		assert!(Earned::load(folder.path()).is_err());
	}

	#[test]
	fn each_device_has_what_it_worked_for_and_nobody_what_others_did() {
		let works: Works = [
			(WorkId::Result { task: [1; 32] }, Work::accepted(Some(4), None)),
			(WorkId::Part { job: [2; 32], part: 3 }, Work::accepted(Some(5), None)),
		]
		.into();
		let of = |purpose, about| earner(&Payment { purpose, about: [about; 32], amount: 1 }, &works, true);
		assert_eq!(of(Purpose::Request, 1), Some("4".into()));
		assert_eq!(of(Purpose::Job, 2), Some("5".into()));
		assert_eq!(of(Purpose::Request, 2), None, "another machine of the operator did it");
		assert_eq!(of(Purpose::Job, 1), None);
		assert_eq!(of(Purpose::Check, 9), Some("verifier".into()));
		let check = Payment { purpose: Purpose::Check, about: [1; 32], amount: 1 };
		assert_eq!(earner(&check, &works, false), None);
	}
}
