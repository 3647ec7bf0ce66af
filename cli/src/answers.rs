//! What the node's own methods answer: `docs/api.md`. What they say beside is ignored, so that a newer node is understood.

use crate::{hex, parse_account, parse_hash, AccountId, Balance, BlockNumber, Error, Hash, Name, Result, ServiceId};
use ogpu_worker::chain::types::{Conclusion, Record};
use serde::{de, Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// An account, as an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Account(pub AccountId);

impl std::fmt::Display for Account {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		f.write_str(&crate::address(&self.0))
	}
}

impl Serialize for Account {
	fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
		serializer.collect_str(self)
	}
}

impl<'de> Deserialize<'de> for Account {
	fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
		let text = String::deserialize(deserializer)?;
		parse_account(&text).map(Self).map_err(de::Error::custom)
	}
}

/// What names a task, or a manifest: `0x` and 64 digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Digits(pub Hash);

impl std::fmt::Display for Digits {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		f.write_str(&hex(&self.0))
	}
}

impl std::fmt::Debug for Digits {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		std::fmt::Display::fmt(self, f)
	}
}

impl Serialize for Digits {
	fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
		serializer.collect_str(self)
	}
}

impl<'de> Deserialize<'de> for Digits {
	fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
		let text = String::deserialize(deserializer)?;
		parse_hash(&text).map(Self).ok_or_else(|| de::Error::custom("no 64 hexadecimal digits"))
	}
}

impl From<Digits> for Name {
	fn from(digits: Digits) -> Self {
		Self(digits.0)
	}
}

/// An amount: decimal text, in the smallest unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(pub Balance);

impl std::fmt::Display for Amount {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		write!(f, "{} OGPU", crate::format_ogpu(self.0))
	}
}

impl Serialize for Amount {
	fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
		serializer.collect_str(&self.0)
	}
}

impl<'de> Deserialize<'de> for Amount {
	fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
		let text = String::deserialize(deserializer)?;
		text.parse().map(Self).map_err(|_| de::Error::custom("no decimal number below 2^128"))
	}
}

/// What comes next, until when, and by whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Next {
	pub act: String,
	pub due: Option<BlockNumber>,
	pub by: Vec<Account>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Jury {
	pub leaf: u32,
	pub round: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Validation {
	pub client: Account,
	pub provider: Account,
	pub now: BlockNumber,
	pub next: Next,
	pub leaves: u32,
	pub fee: Amount,
	pub audit_billionths: u32,
	pub checked: u32,
	pub shown: u32,
	pub challenges: u32,
	pub juries: Vec<Jury>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Racer {
	pub operator: Account,
	pub device: u32,
	pub state: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
	pub service: ServiceId,
	pub client: Account,
	pub inputs: Digits,
	pub ceiling_leaves: u32,
	pub now: BlockNumber,
	pub next: Next,
	pub leaf_price: Amount,
	pub held: Amount,
	pub redraws: u32,
	pub racers: Vec<Racer>,
	pub leader: Option<Account>,
	pub validation: Option<Validation>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CommittedPart {
	pub task: Digits,
	pub committed: BlockNumber,
	pub state: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Job {
	pub kind: String,
	pub client: Account,
	pub manifest: Digits,
	pub leaves: u32,
	pub now: BlockNumber,
	pub next: Next,
	pub budget: Amount,
	pub held: Amount,
	pub sealed_bids: u32,
	pub provider: Option<Account>,
	pub fee: Amount,
	pub released: Amount,
	pub deadline: Option<BlockNumber>,
	pub parts: u32,
	pub verified_parts: u32,
	pub committed: Vec<CommittedPart>,
	pub is_cancelled: bool,
}

/// The result that a provider has revealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
	pub root: Digits,
	pub output: Digits,
}

/// What is left of a validation that has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ended {
	pub provider: Account,
	pub client: Option<Account>,
	pub manifest: Option<Digits>,
	pub start: Option<Digits>,
	pub outcome: Option<Outcome>,
	pub conclusion: String,
	pub leaves: u32,
	pub audit_billionths: u32,
	pub drawn: u32,
	pub juries: u32,
	pub detects_one_billionths: u32,
	pub detects_tenth_billionths: u32,
	pub closed: BlockNumber,
}

impl From<Record> for Ended {
	fn from(record: Record) -> Self {
		let outcome = record.outcome.map(|it| Outcome { root: Digits(it.root), output: Digits(it.output) });
		let conclusion = match record.conclusion {
			Conclusion::Accepted => "accepted",
			Conclusion::Forfeited => "forfeited",
			Conclusion::Convicted => "convicted",
			Conclusion::InputAtFault => "inputAtFault",
			Conclusion::Void => "void",
			Conclusion::Unfounded => "unfounded",
		};
		Self {
			provider: Account(record.provider),
			client: Some(Account(record.client)),
			manifest: Some(Digits(record.manifest)),
			start: Some(Digits(record.start)),
			outcome,
			conclusion: conclusion.into(),
			leaves: record.leaves,
			audit_billionths: record.audit_billionths,
			drawn: record.drawn,
			juries: record.juries,
			detects_one_billionths: record.detects_one_billionths,
			detects_tenth_billionths: record.detects_tenth_billionths,
			closed: record.closed,
		}
	}
}

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
	Job(Job),
	Request(Request),
	Validation(Validation),
	Ended(Ended),
}

impl Task {
	/// Tells by `is` which one it is.
	pub fn read(answer: Value) -> Result<Self> {
		let is = answer.get("is").and_then(Value::as_str).unwrap_or_default().to_owned();
		let read = match is.as_str() {
			"job" => serde_json::from_value(answer).map(Self::Job),
			"request" => serde_json::from_value(answer).map(Self::Request),
			"validation" => serde_json::from_value(answer).map(Self::Validation),
			"ended" => serde_json::from_value(answer).map(Self::Ended),
			_ => return Err(unreadable("ogpu_task", "it is none of what this version of ogpu knows")),
		};
		read.map_err(|error| unreadable("ogpu_task", error))
	}

	pub fn client(&self) -> Option<AccountId> {
		match self {
			Self::Job(job) => Some(job.client.0),
			Self::Request(request) => Some(request.client.0),
			Self::Validation(validation) => Some(validation.client.0),
			Self::Ended(ended) => ended.client.map(|client| client.0),
		}
	}
}

pub(crate) fn unreadable(method: &str, reason: impl std::fmt::Display) -> Error {
	Error::Chain(ogpu_worker::chain::Error::Unexpected(format!(
		"the node's answer to {method} cannot be read: {reason}"
	)))
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
	pub names: Vec<Digits>,
	pub next: Option<Digits>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tasks {
	pub jobs: Names,
	pub requests: Names,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Service {
	pub id: ServiceId,
	pub publisher: Account,
	pub manifest: Digits,
	pub leaf_price: Amount,
	pub floor: Amount,
	pub width: u32,
	pub delivery: String,
	pub members: u32,
	pub open_requests: u32,
	pub is_retired: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Services {
	pub services: Vec<Service>,
}

/// A device, and why it cannot do it: for no reason, if it can.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Candidate {
	pub device: u32,
	pub operator: Option<Account>,
	pub reasons: Vec<String>,
}

/// What a request would cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestQuote {
	pub leaf_price: Amount,
	pub is_affordable: bool,
	pub price_percentile: Option<u8>,
	pub fee: Amount,
	pub pot: Amount,
	pub checking: Amount,
	pub deposit: Amount,
	pub client_bond: Amount,
	pub bond: Amount,
	pub devices: Vec<Candidate>,
	pub matched_blocks: Option<BlockNumber>,
}

impl RequestQuote {
	pub fn held(&self) -> Balance {
		[self.fee, self.pot, self.checking, self.deposit].iter().fold(0, |sum, part| sum.saturating_add(part.0))
	}
}

/// What a job would cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JobQuote {
	pub parts: u32,
	pub leaf_blocks: BlockNumber,
	pub checking: Amount,
	pub held: Amount,
	pub deposit: Amount,
	pub client_bond: Amount,
	pub bond: Amount,
	pub usual_price: Option<Amount>,
	pub cheaper_billionths: Option<u32>,
	pub award_blocks: BlockNumber,
	pub result_blocks: BlockNumber,
	pub devices: Vec<Candidate>,
}

#[cfg(test)]
mod tests {
	use super::*;
	use serde_json::json;

	#[test]
	fn a_record_is_read_with_and_without_what_newer_runtimes_say() {
		let account = crate::address(&[1; 32]);
		let mut record = json!({
			"is": "ended", "block": hex(&[0; 32]), "provider": account, "conclusion": "accepted", "leaves": 4,
			"auditBillionths": 1, "drawn": 1, "juries": 0, "executions": 0, "detectsOneBillionths": 5,
			"detectsTenthBillionths": 6, "closed": 7, "somethingNew": [1],
		});
		let Ok(Task::Ended(old)) = Task::read(record.clone()) else { panic!("{record}") };
		assert_eq!((old.outcome, old.client), (None, None));
		record["client"] = account.into();
		record["outcome"] = json!({ "root": hex(&[2; 32]), "output": hex(&[3; 32]) });
		let Ok(Task::Ended(new)) = Task::read(record.clone()) else { panic!("{record}") };
		assert_eq!(new.outcome.map(|outcome| outcome.output), Some(Digits([3; 32])));
		assert_eq!(new.client, Some(Account([1; 32])));
	}

	#[test]
	fn what_is_no_answer_is_an_error_and_no_panic() {
		for answer in [json!(null), json!({}), json!({ "is": "job" }), json!({ "is": 3 }), json!([1, 2])] {
			assert!(Task::read(answer).is_err());
		}
		for amount in ["\"-1\"", "1", "\"1e3\"", "\"340282366920938463463374607431768211456\""] {
			assert!(serde_json::from_str::<Amount>(amount).is_err(), "{amount}");
		}
	}
}
