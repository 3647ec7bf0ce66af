//! What must be so at any time, whatever is broken.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{ensure, Context, Result};
use serde_json::{json, Value as Json};
use zombienet_sdk::subxt::{ext::scale_value::At as _, utils::H256};

use crate::chain::{hex, number, variant, Account, Chain, Field};

/// A step that is due is done in the same block, unless the chain is busy.
const LATE_BLOCKS: u32 = 3;
/// What all have, free and held, is what was issued; the node says the same; what is held of an account has reasons.
pub async fn money_adds_up(chain: &Chain, at: H256) -> Result<u128> {
	let accounts = chain.balances(at).await?;
	let have: u128 = accounts.values().map(|balance| balance.all()).sum();
	let issued =
		chain.get(at, "Balances", "TotalIssuance", vec![]).await?.as_ref().and_then(number).unwrap_or_default();
	ensure!(have == issued, "accounts have {have}, and {issued} were issued");

	let supply = chain.request("ogpu_supply", &[json!(at)]).await?;
	let told = |name: &str| {
		let text = supply.get(name).and_then(Json::as_str).with_context(|| format!("ogpu_supply: no {name}"))?;
		anyhow::Ok(text.parse::<u128>()?)
	};
	let (cap, minted, burned) = (told("cap")?, told("minted")?, told("burned")?);
	ensure!(told("issued")? == issued, "ogpu_supply: {supply}, and {issued} were issued");
	ensure!(minted <= cap && minted.checked_sub(burned) == Some(issued), "ogpu_supply: {supply}");
	let to_come = told("unclaimed")?.saturating_add(told("emissionLeft")?);
	ensure!(minted.saturating_add(to_come) <= cap, "more than the cap may still be minted: {supply}");

	let holds: BTreeMap<_, _> = chain.all(at, "Balances", "Holds").await?.into_iter().collect();
	for (who, balance) in &accounts {
		let held: u128 = holds.get(who).map(sum_of_amounts).unwrap_or_default();
		ensure!(
			balance.reserved == held,
			"{}: {} are reserved, and {held} are held for a reason",
			hex(who),
			balance.reserved
		);
	}
	Ok(issued)
}

/// The sum of the fields `amount` in a list.
fn sum_of_amounts(list: &Field) -> u128 {
	let mut sum = 0u128;
	let mut index = 0usize;
	// A bounded list is a list in a wrapper, or the list itself.
	let list = list.at(0).filter(|first| first.at("amount").is_none()).unwrap_or(list);
	while let Some(held) = list.at(index) {
		sum = sum.saturating_add(held.at("amount").and_then(number).unwrap_or_default());
		index = index.saturating_add(1);
	}
	sum
}

/// All that is open has a deadline that has not passed, or waits for something that has one. Returns the names.
pub async fn nothing_is_stuck(chain: &Chain, at: H256) -> Result<Vec<Account>> {
	let now = chain.now(at).await?;
	let in_time = |what: &str, name: &Account, record: &Field| {
		let due = record.at("due").and_then(number).with_context(|| format!("{what}: no deadline"))?;
		let due = u32::try_from(due)?;
		ensure!(due.saturating_add(LATE_BLOCKS) >= now, "{what} {}: due at {due}, and it is {now}", hex(name));
		anyhow::Ok(due < u32::MAX)
	};
	let validations = chain.all(at, "ResultValidation", "Tasks").await?;
	let mut juries = 0usize;
	for (name, jury) in chain.all(at, "ResultValidation", "Juries").await? {
		if stage(&jury) != Some("Closed") {
			in_time("the jury", &name, &jury)?;
			juries = juries.saturating_add(1);
		}
	}
	for (name, validation) in &validations {
		let is_in_time = in_time("the validation", name, validation)?;
		match stage(validation) {
			Some("Judging") => ensure!(juries > 0, "the validation {} waits for no jury", hex(name)),
			// Its pay waits for others of the same provider.
			Some("Accepted") => ensure!(is_in_time || validations.len() > 1, "{} waits for nobody", hex(name)),
			_ => ensure!(is_in_time, "the validation {} has no deadline", hex(name)),
		}
	}
	let mut open: Vec<_> = validations.iter().map(|(name, _)| *name).collect();
	for (name, request) in chain.all(at, "ContinuousPool", "Requests").await? {
		// The validation of a request has its name, and the deadline.
		match stage(&request) {
			Some("Validating" | "AwaitingConfirmation") => {
				ensure!(open.contains(&name), "the request {} waits for no validation", hex(&name));
			}
			_ => ensure!(in_time("the request", &name, &request)?, "the request {} has no deadline", hex(&name)),
		}
		open.push(name);
	}
	for (name, job) in chain.all(at, "TrainingAuction", "Jobs").await? {
		let is_in_time = in_time("the job", &name, &job)?;
		ensure!(is_in_time || !validations.is_empty(), "the job {} waits for no validation", hex(&name));
		open.push(name);
	}
	Ok(open)
}

/// Where a record says that it stands.
fn stage(record: &Field) -> Option<&str> {
	record.at("stage").and_then(variant)
}

/// Locks of those who are honest are what they were, or more.
pub async fn honest_locks_are_whole(chain: &Chain, at: H256, locks: &BTreeMap<Account, (String, u128)>) -> Result<()> {
	for (who, (name, before)) in locks {
		let locked = chain.locked(at, who).await?;
		ensure!(locked >= *before, "{name} had {before} locked, and has {locked}");
	}
	Ok(())
}

/// What the processes of a network have in memory, in KiB: of each, by what it is and where its things lie.
pub fn memory(dir: &Path) -> BTreeMap<String, u64> {
	let dir = dir.display().to_string();
	let mut all = BTreeMap::new();
	for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
		let Ok(line) = fs::read(entry.path().join("cmdline")) else { continue };
		let line = String::from_utf8_lossy(&line).into_owned();
		if !line.contains(&dir) {
			continue;
		}
		let status = fs::read_to_string(entry.path().join("status")).unwrap_or_default();
		let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
		let Some(resident) = resident.and_then(|text| text.split_whitespace().next()?.parse().ok()) else { continue };
		if let Some(name) = name(&line, &dir) {
			let most = all.entry(name).or_default();
			*most = u64::max(*most, resident);
		}
	}
	all
}

/// The node of a name, or the worker or the tool of somebody. Engines and other children do not live long.
fn name(line: &str, dir: &str) -> Option<String> {
	let mut arguments = line.split('\0');
	let program = Path::new(arguments.next()?).file_name()?.to_string_lossy().into_owned();
	let what = match (program.as_str(), arguments.next()?) {
		("ogpu-node", _) => "node",
		("ogpu-worker", "start") => "worker",
		("ogpu", "serve") => "publisher",
		_ => return None,
	};
	let whose = line.split('\0').find_map(|argument| argument.strip_prefix(dir))?.trim_start_matches('/');
	let whose = whose.split('/').next()?.trim_start_matches("of-");
	Some(format!("{what} {whose}"))
}
