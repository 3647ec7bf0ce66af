use super::Plan;
use crate::{events::Fields, AccountId, BlockNumber, Hash};
use ogpu_worker::chain::Told;
use serde::Serialize;
use std::{
	collections::{BTreeMap, HashMap, VecDeque},
	time::{SystemTime, UNIX_EPOCH},
};
use subxt::Metadata;

/// Reasons that are told apart.
const MOST_REASONS: usize = 50;
const REASON_LETTERS: usize = 160;

/// Milliseconds since 1970, as authors of blocks write them.
type Time = u64;

fn now() -> Time {
	SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// A block, and when it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Moment {
	block: BlockNumber,
	time: Time,
}

/// A request that is in a block.
#[derive(Debug)]
struct Times {
	/// When the node took it.
	sent: Option<Time>,
	asked: Moment,
	committed: Option<Moment>,
	revealed: Option<Moment>,
	verdict: Option<(Moment, String)>,
	/// As what it was closed.
	closed: Option<String>,
}

/// What became of all requests.
#[derive(Debug, Default)]
pub(super) struct Book {
	/// When the requests of an account were taken that are in no block yet, the first one first.
	waiting: HashMap<AccountId, VecDeque<Time>>,
	requests: HashMap<Hash, Times>,
	submitted: u64,
	refused: BTreeMap<String, u64>,
	failed: BTreeMap<String, u64>,
	begun: Time,
	/// The block after which the last was submitted.
	quiet_since: BlockNumber,
	last: Option<Moment>,
	memory: Option<Sample>,
	/// All that is planned was sent or refused.
	pub is_asked: bool,
	pub is_over: bool,
	pub is_stopped: bool,
}

/// The memory of the node, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Sample {
	pub start: u64,
	pub peak: u64,
	pub end: u64,
}

impl Book {
	pub fn begin(&mut self, memory: Option<u64>) {
		self.begun = now();
		self.memory = memory.map(|bytes| Sample { start: bytes, peak: bytes, end: bytes });
	}

	pub fn submit(&mut self, account: AccountId) {
		self.submitted = self.submitted.saturating_add(1);
		self.waiting.entry(account).or_default().push_back(now());
		self.quiet_since = self.last.map_or(0, |last| last.block);
	}

	pub fn refuse(&mut self, reason: &str) {
		count(&mut self.refused, reason);
	}

	pub fn sample(&mut self, bytes: Option<u64>) {
		if let (Some(memory), Some(bytes)) = (&mut self.memory, bytes) {
			*memory = Sample { peak: memory.peak.max(bytes), end: bytes, ..*memory };
		}
	}

	/// Reads what happened in a block.
	pub fn read(&mut self, block: BlockNumber, time: Time, happened: &[Told], metadata: &Metadata) {
		let moment = Moment { block, time };
		self.last = Some(moment);
		let mut payer = None;
		for told in happened {
			let fields = Fields(&told.fields);
			match (told.pallet.as_str(), told.name.as_str()) {
				// It is told of a transaction before how that ended.
				("TransactionPayment", "TransactionFeePaid") => payer = fields.bytes("who"),
				("System", "ExtrinsicFailed") => {
					let sent = payer.take().and_then(|payer| self.waiting.get_mut(&payer)?.pop_front());
					if sent.is_some() {
						count(&mut self.failed, &failure(&fields, metadata));
					}
				}
				("ContinuousPool", "Requested") => self.asked(&fields, moment),
				("ContinuousPool", name) => {
					let Some(times) = fields.bytes("request").and_then(|name| self.requests.get_mut(&name)) else {
						continue;
					};
					match name {
						"Committed" => times.committed = times.committed.or(Some(moment)),
						"Closed" => times.closed = Some(fields.text("ending")),
						_ => {}
					}
				}
				("ResultValidation", name) => {
					let Some(times) = fields.bytes("task").and_then(|name| self.requests.get_mut(&name)) else {
						continue;
					};
					match name {
						"Revealed" => times.revealed = times.revealed.or(Some(moment)),
						"Concluded" => times.verdict = Some((moment, fields.text("conclusion"))),
						_ => {}
					}
				}
				_ => {}
			}
		}
	}

	fn asked(&mut self, fields: &Fields, asked: Moment) {
		let (Some(name), Some(client)) = (fields.bytes("request"), fields.bytes("client")) else { return };
		let Some(sent) = self.waiting.get_mut(&client).and_then(VecDeque::pop_front) else { return };
		let times = Times { sent: Some(sent), asked, committed: None, revealed: None, verdict: None, closed: None };
		self.requests.insert(name, times);
	}

	/// Submitted, refused, open and settled ones.
	pub fn counts(&self) -> (u64, u64, u64, u64) {
		let open = self.requests.values().filter(|times| times.is_open()).count() as u64;
		let settled = self.requests.values().filter(|times| times.is_settled()).count() as u64;
		(self.submitted, self.refused.values().sum(), open, settled)
	}

	/// Whether nothing more is to come: after so many blocks what was sent can be in none any more.
	pub fn is_done(&self, block: BlockNumber, life: BlockNumber) -> bool {
		let is_waiting = self.waiting.values().any(|waiting| !waiting.is_empty());
		let is_lost = block > self.quiet_since.saturating_add(life);
		self.is_asked && (!is_waiting || is_lost) && !self.requests.values().any(Times::is_open)
	}

	pub fn report(&self, plan: &Plan) -> Report {
		let all = || self.requests.values();
		let mut not_accepted = BTreeMap::new();
		for times in all().filter(|times| !times.is_settled()) {
			if let Some(end) = times.verdict.as_ref().map(|(_, conclusion)| conclusion).or(times.closed.as_ref()) {
				count(&mut not_accepted, end);
			}
		}
		let verdicts = || all().filter(|times| times.is_settled()).filter_map(|times| Some(times.verdict.as_ref()?.0));
		let settled = verdicts().count() as u64;
		let times = |moments: &mut dyn Iterator<Item = Time>| -> Option<f64> {
			let (first, last) = moments.fold((Time::MAX, 0), |(first, last), time| (first.min(time), last.max(time)));
			last.checked_sub(first).filter(|span| *span > 0).map(|span| span as f64 / 1_000.0)
		};
		let per_second = |count: u64, span: Option<f64>| span.map(|span| count as f64 / span);
		let included = times(&mut all().map(|times| times.asked.time));
		let (submitted, _, open, _) = self.counts();
		Report {
			service: plan.service,
			accounts: plan.accounts,
			planned: plan.requests,
			rate: plan.rate,
			seconds: now().saturating_sub(self.begun) as f64 / 1_000.0,
			is_whole: !self.is_over && !self.is_stopped,
			submitted,
			refused: self.refused.clone(),
			failed: self.failed.clone(),
			in_no_block: self.waiting.values().map(|waiting| waiting.len() as u64).sum(),
			in_blocks: self.requests.len() as u64,
			settled,
			not_accepted,
			open,
			in_blocks_per_second: per_second(self.requests.len() as u64, included),
			settled_per_second: per_second(settled, times(&mut verdicts().map(|moment| moment.time))),
			to_a_block_seconds: Centiles::of(
				all().filter_map(|times| Some(times.asked.time.saturating_sub(times.sent?) as f64 / 1_000.0)),
			),
			to_commitment: Latencies::of(all().filter_map(|times| Some((times.asked, times.committed?)))),
			to_reveal: Latencies::of(all().filter_map(|times| Some((times.asked, times.revealed?)))),
			to_verdict: Latencies::of(all().filter_map(|times| Some((times.asked, times.verdict.as_ref()?.0)))),
			node_memory: self.memory,
		}
	}
}

impl Times {
	fn is_settled(&self) -> bool {
		self.verdict.as_ref().is_some_and(|(_, conclusion)| conclusion == "Accepted")
	}

	fn is_open(&self) -> bool {
		self.verdict.is_none() && self.closed.is_none()
	}
}

/// One more of a reason; of too many, the others are one.
fn count(reasons: &mut BTreeMap<String, u64>, reason: &str) {
	let short: String = reason.chars().take(REASON_LETTERS).collect();
	let is_room = reasons.len() < MOST_REASONS || reasons.contains_key(&short);
	let times = reasons.entry(if is_room { short } else { "others".into() }).or_default();
	*times = times.saturating_add(1);
}

/// The name of the error with which a transaction failed.
fn failure(fields: &Fields, metadata: &Metadata) -> String {
	let said = fields.text("dispatch_error");
	let named = || {
		let mut words = said.strip_prefix("Module ")?.split_whitespace();
		let pallet = metadata.pallet_by_error_index(words.next()?.parse().ok()?)?;
		let error = pallet.error_variant_by_index(words.next()?.parse().ok()?)?;
		Some(format!("{}.{}", pallet.name(), error.name))
	};
	named().unwrap_or(said.clone())
}

/// What came of a load.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
	pub service: u32,
	pub accounts: u16,
	pub planned: u32,
	pub rate: f64,
	/// From the first request to the end.
	pub seconds: f64,
	/// Whether it went on until nothing was open.
	pub is_whole: bool,
	/// Taken by the node.
	pub submitted: u64,
	/// Not taken, by reason.
	pub refused: BTreeMap<String, u64>,
	/// Failed in a block, by error.
	pub failed: BTreeMap<String, u64>,
	/// Taken, and in no block so far.
	pub in_no_block: u64,
	pub in_blocks: u64,
	/// Accepted.
	pub settled: u64,
	/// Ended otherwise, by how.
	pub not_accepted: BTreeMap<String, u64>,
	pub open: u64,
	/// From the first to the last that came into a block.
	pub in_blocks_per_second: Option<f64>,
	/// From the first to the last verdict.
	pub settled_per_second: Option<f64>,
	/// From when the node took a request to when the block was made that has it.
	pub to_a_block_seconds: Option<Centiles>,
	/// From the block with the request on.
	pub to_commitment: Option<Latencies>,
	pub to_reveal: Option<Latencies>,
	pub to_verdict: Option<Latencies>,
	/// `None` if the node is elsewhere.
	pub node_memory: Option<Sample>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Latencies {
	pub count: u64,
	pub blocks: Centiles,
	pub seconds: Centiles,
}

impl Latencies {
	fn of(moments: impl Iterator<Item = (Moment, Moment)>) -> Option<Self> {
		let moments: Vec<_> = moments.collect();
		let blocks = moments.iter().map(|(from, to)| f64::from(to.block.saturating_sub(from.block)));
		let seconds = moments.iter().map(|(from, to)| to.time.saturating_sub(from.time) as f64 / 1_000.0);
		Some(Self { count: moments.len() as u64, blocks: Centiles::of(blocks)?, seconds: Centiles::of(seconds)? })
	}
}

/// So many of a hundred take no more.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Centiles {
	pub p50: f64,
	pub p95: f64,
	pub p99: f64,
}

impl Centiles {
	/// By the nearest rank.
	fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
		let mut sorted: Vec<f64> = values.collect();
		sorted.sort_by(f64::total_cmp);
		let at = |percent: usize| {
			let rank = sorted.len().saturating_mul(percent).div_ceil(100).saturating_sub(1);
			sorted.get(rank).copied()
		};
		Some(Self { p50: at(50)?, p95: at(95)?, p99: at(99)? })
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn of_a_hundred_the_ranks_are_what_they_are_called() {
		let all = Centiles::of((1..=100u8).rev().map(f64::from)).unwrap();
		assert_eq!(all, Centiles { p50: 50.0, p95: 95.0, p99: 99.0 });
		assert_eq!(Centiles::of([7.0].into_iter()).unwrap(), Centiles { p50: 7.0, p95: 7.0, p99: 7.0 });
		assert_eq!(Centiles::of(std::iter::empty()), None);
	}

	#[test]
	fn reasons_do_not_grow_without_end() {
		let mut reasons = BTreeMap::new();
		for number in 0..1_000 {
			count(&mut reasons, &format!("{number} {}", "x".repeat(1_000)));
		}
		assert_eq!(reasons.len(), MOST_REASONS + 1);
		assert_eq!(reasons["others"], 950);
		assert!(reasons.keys().all(|reason| reason.len() <= REASON_LETTERS));
	}

	fn request(book: &mut Book, name: u8, asked: u32, verdict: Option<(u32, &str)>) {
		let at = |block: u32| Moment { block, time: u64::from(block) * 3_000 };
		let verdict = verdict.map(|(block, conclusion)| (at(block), conclusion.to_owned()));
		let committed = verdict.is_some().then(|| at(asked.saturating_add(2)));
		let times = Times { sent: None, asked: at(asked), committed, revealed: committed, verdict, closed: None };
		book.requests.insert([name; 32], times);
	}

	#[test]
	fn a_load_is_done_when_nothing_is_open_and_nothing_can_come_any_more() {
		let mut book = Book::default();
		book.submit([1; 32]);
		assert!(!book.is_done(1_000, 48), "more will be asked");
		book.is_asked = true;
		assert!(!book.is_done(48, 48), "it may come into a block");
		assert!(book.is_done(49, 48));
		request(&mut book, 1, 10, None);
		assert!(!book.is_done(49, 48), "it is open");
		request(&mut book, 1, 10, Some((20, "Accepted")));
		request(&mut book, 2, 10, Some((30, "Accepted")));
		request(&mut book, 3, 10, Some((30, "Void")));
		assert!(book.is_done(49, 48));
		let plan = Plan {
			service: 0,
			requests: 3,
			accounts: 1,
			rate: 1.0,
			limit: std::time::Duration::MAX,
			window_blocks: 60,
			max_price: None,
		};
		let report = book.report(&plan);
		assert_eq!((report.settled, report.open, report.in_blocks, report.in_no_block), (2, 0, 3, 1));
		assert_eq!(report.not_accepted, BTreeMap::from([("Void".to_owned(), 1)]));
		assert_eq!(report.settled_per_second, Some(2.0 / 30.0));
		let verdict = report.to_verdict.unwrap();
		assert_eq!((verdict.blocks.p50, verdict.blocks.p99, verdict.seconds.p50), (20.0, 20.0, 60.0));
		assert_eq!(report.to_commitment.unwrap().blocks.p50, 2.0);
	}
}
