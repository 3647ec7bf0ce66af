//! What was proven, in words and as JSON, and what was not.

use super::{is_accepted, Given};
use crate::output::quoted;
use chrono::{DateTime, SecondsFormat};
use ogpu::receipt::{Chain, Conclusion, Entry, Proven};
use ogpu_protocol::{random::CERTAIN_BILLIONTHS, token::SS58_PREFIX};
use polkadot_sdk::sp_core::{
	crypto::{AccountId32, Ss58AddressFormat, Ss58Codec},
	H256,
};
use serde::Serialize;

fn address(account: &AccountId32) -> String {
	account.to_ss58check_with_version(Ss58AddressFormat::custom(SS58_PREFIX))
}

/// A time of the chain, unless it is none.
fn date(time_ms: u64) -> Option<String> {
	let time = DateTime::from_timestamp_millis(i64::try_from(time_ms).ok()?)?;
	Some(time.to_rfc3339_opts(SecondsFormat::Secs, true))
}

fn percent(billionths: u32) -> String {
	let exact = format!("{:.7}", f64::from(billionths) / f64::from(CERTAIN_BILLIONTHS) * 100.0);
	format!("{} %", exact.trim_end_matches('0').trim_end_matches('.'))
}

/// What the chain means by a conclusion.
fn meaning(conclusion: Conclusion) -> &'static str {
	match conclusion {
		Conclusion::Accepted => "accepted: nothing was found against it",
		Conclusion::Forfeited => {
			"forfeited: nothing was found against it, but its provider was convicted of another result"
		}
		Conclusion::Convicted => "convicted: the result is wrong, or was not shown",
		Conclusion::InputAtFault => "inputs are missing or invalid",
		Conclusion::Void => "void: nobody knows whether it is right",
		Conclusion::Unfounded => "the provider said without reason that inputs are missing or invalid",
	}
}

pub(super) fn text(proven: &Proven, chain: Option<&Chain>, files: &[Given]) -> String {
	let mut lines = Vec::new();
	let name = chain.map_or_else(|| "not known by name".into(), |chain| quoted(&chain.name));
	lines.push(format!("chain       {name}, genesis {:?}", proven.genesis));
	let made = date(proven.time).map_or_else(String::new, |date| format!(", made {date} by its author's clock"));
	lines.push(format!("block       {}, {:?}{made}", proven.number, proven.block));
	let (set, signed) = (&proven.authorities, &proven.signed);
	lines.push(format!(
		"signed by   {} of {} validators of set {}, with weight {} of {} ({} is needed)",
		signed.voters,
		set.size(),
		set.set,
		signed.weight,
		signed.total,
		signed.needed
	));
	lines.push(format!(
		"            changes of the set that were followed: {}; its hash is {:?}",
		proven.changes,
		set.hash()
	));
	if let Some(job) = proven.job {
		lines.push(format!("job         {job:?}"));
	}
	for entry in &proven.records {
		lines.push(String::new());
		lines.extend(entry_lines(entry));
	}
	if !files.is_empty() {
		lines.push(String::new());
	}
	for given in files {
		let file = quoted(&given.file);
		lines.push(format!("{file} is {} of {:?}", given.is.word(), given.of));
	}
	lines.push(String::new());
	lines.push("not proven:".into());
	lines.extend(not_proven(proven, chain).into_iter().map(|it| format!("- {it}")));
	lines.push(String::new());
	lines.join("\n")
}

fn entry_lines(entry: &Entry) -> Vec<String> {
	let record = &entry.record;
	let hash = |hash: [u8; 32]| format!("{:?}", H256(hash));
	let part = entry.part.map_or_else(String::new, |number| format!(", validation {number} of the job"));
	let mut lines = vec![
		format!("task        {:?}{part}", entry.name),
		format!("conclusion  {}", meaning(record.conclusion)),
		format!("client      {}", address(&record.client)),
		format!("provider    {}", address(&record.provider)),
		format!("manifest    {}", hash(record.manifest)),
		format!("began from  {}", hash(record.start)),
	];
	match record.outcome {
		Some(outcome) => {
			lines.push(format!("result      {}", hash(outcome.output)));
			lines.push(format!("            its {} leaves have the root {}", record.leaves, hash(outcome.root)));
		}
		None => lines.push("result      none was shown".into()),
	}
	lines.push(format!(
		"checked     {} of {} leaves were audited; the chance of an audit was {}",
		record.drawn,
		record.leaves,
		percent(record.audit_billionths)
	));
	lines.push(format!(
		"            {} juries sat, whose jurors computed a leaf {} times",
		record.juries, record.executions
	));
	lines.push(format!(
		"found with  {} if one leaf was wrong, {} if one leaf in ten was",
		percent(record.detects_one_billionths),
		percent(record.detects_tenth_billionths)
	));
	lines.push(format!("closed      at block {} of the network's clock", record.closed));
	lines
}

/// What nobody should read into it.
fn not_proven(proven: &Proven, chain: Option<&Chain>) -> Vec<String> {
	let mut not = Vec::new();
	if chain.is_some_and(Chain::is_public) {
		not.push("anything at all to others: the keys of the chain's first validators are public".into());
	}
	not.push(
		"that a result is right: how likely a wrong one would have been found stands above, where a fifth of the auditors \
		 and of the authors of blocks are taken for dishonest"
			.into(),
	);
	not.push(
		"that validators were honest: two thirds of a set, also of one whose stake was withdrawn since, can sign what they \
		 like; the hash of a set that you know from elsewhere (--authorities) shortens that chain of trust"
			.into(),
	);
	if proven.job.is_some() {
		not.push("that these are all parts of the job, or that each begins where another ended".into());
	}
	not.push("what the chain did after this block".into());
	not
}

/// What was proven, for scripts.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Json<'a> {
	accepted: bool,
	chain: Option<&'a str>,
	public_keys: bool,
	genesis: H256,
	block: Block,
	authorities: Authorities,
	job: Option<H256>,
	records: Vec<Record>,
	files: &'a [Given],
	not_proven: Vec<String>,
}

#[derive(Serialize)]
struct Block {
	hash: H256,
	number: u32,
	/// In milliseconds since 1970.
	time: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Authorities {
	set: u64,
	hash: H256,
	changes: usize,
	validators: usize,
	signed: usize,
	weight: u64,
	needed_weight: u64,
	total_weight: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Record {
	task: H256,
	part: Option<u32>,
	conclusion: String,
	client: String,
	provider: String,
	manifest: H256,
	start: H256,
	outcome: Option<Outcome>,
	leaves: u32,
	audit_billionths: u32,
	drawn: u32,
	juries: u32,
	executions: u32,
	detects_one_billionths: u32,
	detects_tenth_billionths: u32,
	closed: u32,
}

#[derive(Serialize)]
struct Outcome {
	root: H256,
	output: H256,
}

impl<'a> Json<'a> {
	pub(super) fn new(proven: &Proven, chain: Option<&'a Chain>, files: &'a [Given]) -> Self {
		let (set, signed) = (&proven.authorities, &proven.signed);
		Self {
			accepted: proven.records.iter().all(is_accepted),
			chain: chain.map(|chain| chain.name.as_str()),
			public_keys: chain.is_some_and(Chain::is_public),
			genesis: proven.genesis,
			block: Block { hash: proven.block, number: proven.number, time: proven.time },
			authorities: Authorities {
				set: set.set,
				hash: set.hash(),
				changes: proven.changes,
				validators: set.size(),
				signed: signed.voters,
				weight: signed.weight,
				needed_weight: signed.needed,
				total_weight: signed.total,
			},
			job: proven.job,
			records: proven.records.iter().map(Record::new).collect(),
			files,
			not_proven: not_proven(proven, chain),
		}
	}
}

impl Record {
	fn new(entry: &Entry) -> Self {
		let record = &entry.record;
		let conclusion = match record.conclusion {
			Conclusion::Accepted => "accepted",
			Conclusion::Forfeited => "forfeited",
			Conclusion::Convicted => "convicted",
			Conclusion::InputAtFault => "inputAtFault",
			Conclusion::Void => "void",
			Conclusion::Unfounded => "unfounded",
		};
		Self {
			task: entry.name,
			part: entry.part,
			conclusion: conclusion.into(),
			client: address(&record.client),
			provider: address(&record.provider),
			manifest: H256(record.manifest),
			start: H256(record.start),
			outcome: record.outcome.map(|outcome| Outcome { root: H256(outcome.root), output: H256(outcome.output) }),
			leaves: record.leaves,
			audit_billionths: record.audit_billionths,
			drawn: record.drawn,
			juries: record.juries,
			executions: record.executions,
			detects_one_billionths: record.detects_one_billionths,
			detects_tenth_billionths: record.detects_tenth_billionths,
			closed: record.closed,
		}
	}
}
