//! What was asked: where it stands, and what its client can do about it.

use crate::{
	answers::{unreadable, Job, Names, Task, Tasks},
	hex,
	home::{Entry, Kind},
	parse_hash,
	receipt::Receipt,
	AccountId, Balance, Client, Error, Hash, Name, Result,
};
use ogpu_protocol::{auction::offer_of_the_rest, slashing::challenge_bond};
use ogpu_worker::chain::{
	calls::client,
	sender::Sent,
	state,
	types::{JobKind, Stage},
	Call,
};
use serde_json::{json, Value};
use std::{
	collections::{BTreeMap, BTreeSet},
	time::{Duration, SystemTime, UNIX_EPOCH},
};

/// What is asked about and unknown to the node.
const UNKNOWN_TASK: i32 = 9005;
/// What was sent before a cut is looked for so long: then it can be in no block any more.
const LOOK_FOR: Duration = Duration::from_secs(3 * 40);
const BLOCK: Duration = Duration::from_secs(3);
/// Pages of names that are looked at.
const MOST_PAGES: usize = 1_000;
/// A name is as good as whole with so many digits.
const LEAST_DIGITS: usize = 4;

/// Seconds since 1970.
pub fn now() -> u64 {
	SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// What a challenge depends on, of the record of a validation.
mod judged {
	use super::*;
	use ogpu_worker::chain::{types::Stage, Entry};
	use subxt::ext::scale_decode::DecodeAsType;

	pub const TASKS: Entry<(Hash,), Judged> = Entry::new("ResultValidation", "Tasks");

	#[derive(DecodeAsType)]
	#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
	pub struct Judged {
		pub request: Claimed,
		pub stage: Stage,
		pub challenges: u32,
	}

	#[derive(DecodeAsType)]
	#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
	pub struct Claimed {
		pub client: AccountId,
		pub leaves: u32,
		pub class: Class,
		pub leaf_fee: Balance,
	}

	#[derive(DecodeAsType)]
	#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
	pub struct Class {
		pub jury: Jury,
	}

	#[derive(DecodeAsType)]
	#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
	pub struct Jury {
		pub draw_seats: u32,
	}
}

/// What is looked for when a connection was cut after sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
	Request,
	Job,
}

impl Client {
	/// Where a task stands. `None` if the chain knows none of this name, or no more.
	pub async fn task(&self, name: &Hash) -> Result<Option<Task>> {
		match self.node.ask::<Value>("ogpu_task", &[hex(name).into()]).await {
			Ok(answer) => Task::read(answer).map(Some),
			Err(error) if error.refusal() == Some(UNKNOWN_TASK) => Ok(None),
			Err(error) => Err(error),
		}
	}

	/// The open jobs and requests of an account, as a client or as a provider.
	pub async fn tasks_of(&self, account: &AccountId) -> Result<(Vec<Hash>, Vec<Hash>)> {
		let (mut jobs, mut requests) = (Vec::new(), Vec::new());
		let mut after = json!({});
		for _ in 0..MOST_PAGES {
			let answer: Value = self.node.ask("ogpu_tasks", &[crate::address(account).into(), after.clone()]).await?;
			let page: Tasks = serde_json::from_value(answer).map_err(|error| unreadable("ogpu_tasks", error))?;
			let take = |names: &Names| names.names.iter().map(|name| name.0).collect::<Vec<_>>();
			jobs.extend(take(&page.jobs));
			requests.extend(take(&page.requests));
			if page.jobs.next.is_none() && page.requests.next.is_none() {
				return Ok((jobs, requests));
			}
			after = json!({ "jobs": page.jobs.next, "requests": page.requests.next });
		}
		Err(Error::invalid("the node tells of more tasks than anybody has"))
	}

	/// The task that these digits begin, among those that were asked and those that are open.
	pub async fn find(&self, text: &str) -> Result<Hash> {
		if let Some(name) = parse_hash(text) {
			return Ok(name);
		}
		let digits = text.strip_prefix("0x").unwrap_or(text).to_lowercase();
		let is_name = digits.len() >= LEAST_DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
		if !is_name {
			return Err(Error::Invalid(format!(
				"{text:?} names no task: give 64 hexadecimal digits, or the first {LEAST_DIGITS} or more of them"
			)));
		}
		let mut known: BTreeSet<Hash> = self.journal.all()?.iter().map(|entry| entry.name.0).collect();
		if let Ok(account) = self.account() {
			let (jobs, requests) = self.tasks_of(&account).await?;
			known.extend(jobs);
			known.extend(requests);
		}
		let mut found = known.into_iter().filter(|name| Name(*name).to_string().starts_with(&digits));
		match (found.next(), found.next()) {
			(Some(name), None) => Ok(name),
			(Some(_), Some(_)) => Err(Error::Invalid(format!("several tasks begin with {digits}: give more digits"))),
			(None, _) => Err(Error::UnknownTask(format!("that begins with {digits}"))),
		}
	}

	/// What is remembered of a task; if it is nothing, what the chain says of it, which is remembered from now on.
	pub async fn entry(&self, name: &Hash) -> Result<Entry> {
		if let Some(entry) = self.journal.get(name)? {
			return Ok(entry);
		}
		let read = self
			.node
			.with(async |chain| {
				let at = chain.best().await?;
				let request = at.get(&state::REQUESTS, (*name,)).await?;
				let service = match &request {
					Some(request) => at.get(&state::SERVICES, (request.service,)).await?,
					None => None,
				};
				Ok((at.get(&state::JOBS, (*name,)).await?, request.zip(service)))
			})
			.await?;
		let entry = |kind, service, manifest, inputs, parts_in_all| Entry {
			name: Name(*name),
			kind,
			service,
			manifest: Name(manifest),
			inputs,
			asked: now(),
			store: 1,
			output: None,
			parts_in_all,
			parts: BTreeMap::new(),
			ended: None,
		};
		match read {
			(Some(job), _) => {
				let kind = match job.spec.kind {
					JobKind::Training => Kind::Training,
					JobKind::Rendering => Kind::Rendering,
				};
				Ok(entry(kind, None, job.spec.manifest, None, job.spec.parts()))
			}
			(None, Some((request, service))) => {
				let inputs = Some(Name(request.order.inputs));
				Ok(entry(Kind::Request, Some(request.service), service.manifest, inputs, 1))
			}
			(None, None) => Err(self.unknown(name)),
		}
	}

	/// Why a task is not known here: it may be one of another chain.
	pub(crate) fn unknown(&self, name: &Hash) -> Error {
		let others = self.home.chains_with(name);
		match others.iter().find(|folder| folder.as_path() != self.journal.folder()) {
			Some(folder) => Error::Invalid(format!(
				"{} was asked on another chain, or by another account: see {}. This node's genesis is {}",
				hex(name),
				folder.display(),
				hex(&self.node.genesis())
			)),
			None => Error::UnknownTask(hex(name)),
		}
	}

	/// The receipt of a task that has ended, as the node makes it. It is for [`crate::receipt::verify`] to say what it proves;
	/// here it is only seen to be about this task, on this chain.
	pub async fn receipt(&self, name: &Hash, since: Option<u64>) -> Result<Receipt> {
		let parameters: Vec<Value> = [hex(name).into()].into_iter().chain(since.map(Value::from)).collect();
		let receipt: Receipt = self.node.ask("ogpu_receipt", &parameters).await?;
		let is_about =
			receipt.job.is_some_and(|job| job.0 == *name) || receipt.names.iter().any(|known| known.0 == *name);
		if receipt.genesis.0 != self.node.genesis() || !is_about {
			return Err(unreadable("ogpu_receipt", "it is about another chain, or another task"));
		}
		Ok(receipt)
	}

	/// Takes a job back: what is verified, or committed and then verified, is paid; the rest returns.
	pub async fn cancel(&self, name: &Hash) -> Result<()> {
		self.own_job(name, "cancelled").await?;
		self.send(vec![client::cancel(*name)]).await.map(drop)
	}

	/// Adds to the budget of a job. Refused if the balance is too small, or the lock that answers for its inputs, unless
	/// `locks` says to lock what is missing. Returns what was done beside it, in words.
	pub async fn top_up(&self, name: &Hash, amount: Balance, locks: bool) -> Result<Vec<String>> {
		let job = self.own_job(name, "topped up").await?;
		if amount == 0 {
			return Err(Error::invalid("nothing would be added: say how much"));
		}
		if job.is_cancelled {
			return Err(Error::Invalid(format!("{} is cancelled: nothing more is bought for it", hex(name))));
		}
		let account = self.account()?;
		let (spec, pins) = self
			.node
			.with(async |chain| {
				let at = chain.best().await?;
				let job = at.get(&state::JOBS, (*name,)).await?;
				Ok((job.map(|job| job.spec), at.get(&state::PINS, (account,)).await?))
			})
			.await?;
		let spec = spec.ok_or_else(|| self.unknown(name))?;
		// The lock answers for what a part may cost.
		let of_part = |budget| {
			offer_of_the_rest(budget, spec.leaves_of(0).into(), spec.leaves.into(), Balance::MAX).unwrap_or(budget)
		};
		let more = of_part(job.budget.0.saturating_add(amount)).saturating_sub(of_part(job.budget.0));
		let pinned = pins.unwrap_or_default().into_iter().find(|pin| pin.work == *name).map_or(0, |pin| pin.amount);
		let prepared = self.prepare(amount, pinned.saturating_add(more), locks).await?;
		self.send(prepared.calls.into_iter().chain([client::top_up(*name, amount)]).collect()).await?;
		Ok(prepared.said)
	}

	async fn own_job(&self, name: &Hash, done: &str) -> Result<Job> {
		match self.task(name).await? {
			Some(Task::Job(job)) if job.client.0 == self.account()? => Ok(job),
			Some(Task::Job(job)) => Err(Error::NotYours { what: hex(name), owner: job.client.0, you: self.account()? }),
			Some(_) => Err(Error::Invalid(format!(
				"{} is no job: only jobs can be {done}; a request ends by itself, with your money back if nobody answers",
				hex(name)
			))),
			None => Err(self.unknown(name)),
		}
	}

	/// Validations of a task in whose window for challenges it is now: each with the number of its first leaf in the job,
	/// how many leaves it has, and what a challenge of one would hold.
	pub async fn challengeable(&self, name: &Hash) -> Result<Vec<Challengeable>> {
		let mut found = Vec::new();
		let candidates = match self.task(name).await? {
			Some(Task::Job(job)) => job.committed.iter().map(|part| part.task.0).collect(),
			Some(Task::Request(_) | Task::Validation(_)) => vec![*name],
			Some(Task::Ended(ended)) => {
				return Err(Error::Invalid(format!(
					"the validation has ended, and its conclusion is {}: nothing is to be accepted or challenged any more",
					ended.conclusion
				)))
			}
			None => return Err(self.unknown(name)),
		};
		for task in candidates {
			let read = self
				.node
				.with(async |chain| {
					let at = chain.best().await?;
					Ok((at.get(&judged::TASKS, (task,)).await?, at.get(&state::JOB_TASKS, (task,)).await?))
				})
				.await?;
			let (Some(record), of) = read else { continue };
			if record.stage != Stage::Challengeable {
				continue;
			}
			let bill = record.request.leaf_fee.saturating_mul(record.request.class.jury.draw_seats.into());
			let doubled = 1u128.checked_shl(record.challenges).unwrap_or(Balance::MAX);
			found.push(Challengeable {
				task,
				first_leaf: of.map_or(0, |of| of.first_leaf),
				leaves: record.request.leaves,
				client: record.request.client,
				bond: challenge_bond(bill).saturating_mul(doubled),
			});
		}
		if found.is_empty() {
			return Err(Error::Invalid(format!(
				"{} is not in its window for challenges now: `ogpu status {0}` says when",
				hex(name)
			)));
		}
		Ok(found)
	}

	/// Waives the rest of the window for challenges.
	pub async fn accept(&self, name: &Hash) -> Result<Vec<Hash>> {
		let account = self.account()?;
		let open = self.challengeable(name).await?;
		if let Some(other) = open.iter().find(|open| open.client != account) {
			return Err(Error::NotYours { what: hex(name), owner: other.client, you: account });
		}
		let tasks: Vec<Hash> = open.iter().map(|open| open.task).collect();
		self.send(tasks.iter().map(|task| client::accept(*task)).collect()).await?;
		Ok(tasks)
	}

	/// Challenges a leaf, of a job by its number in the job. Returns what was held for it.
	pub async fn challenge(&self, name: &Hash, leaf: u32) -> Result<(Hash, Balance)> {
		let account = self.account()?;
		let open = self.challengeable(name).await?;
		let within =
			|open: &&Challengeable| leaf.checked_sub(open.first_leaf).is_some_and(|within| within < open.leaves);
		let Some(open) = open.iter().find(within) else {
			let ranges: Vec<String> = open
				.iter()
				.map(|open| {
					let last = open.first_leaf.saturating_add(open.leaves).saturating_sub(1);
					format!("{} to {last}", open.first_leaf)
				})
				.collect();
			return Err(Error::Invalid(format!(
				"leaf {leaf} cannot be challenged now; leaves {} can",
				ranges.join(" and ")
			)));
		};
		let funds = self.funds().await?;
		if funds.spendable < open.bond {
			return Err(Error::Poor { account, has: funds.spendable, needs: open.bond });
		}
		self.send(vec![client::challenge(open.task, leaf.saturating_sub(open.first_leaf))]).await?;
		Ok((open.task, open.bond))
	}

	/// Sends something that must not be sent twice. If the connection is cut while it is on its way, or the node does not
	/// tell what became of it, it is looked for among what is open, and what is found is returned.
	pub(crate) async fn send_once(
		&self,
		calls: Vec<Call>,
		kind: Cut,
		is_it: impl Fn(&Value) -> bool,
	) -> Result<Result<Sent, Hash>> {
		let account = self.account()?;
		let open = async || -> Result<Vec<Hash>> {
			let (jobs, requests) = self.tasks_of(&account).await?;
			Ok(if kind == Cut::Job { jobs } else { requests })
		};
		let before: BTreeSet<Hash> = open().await?.into_iter().collect();
		let what = if kind == Cut::Job { "the job" } else { "the request" };
		match self.send(calls).await {
			Err(error) if error.is_of_connection() || error.is_lost() => {}
			end => return end.map(Ok),
		}
		let until = tokio::time::Instant::now().checked_add(LOOK_FOR);
		loop {
			self.node.mend(|_| {}).await?;
			for name in open().await?.into_iter().filter(|name| !before.contains(name)) {
				let answer: Value = self.node.ask("ogpu_task", &[hex(&name).into()]).await?;
				if is_it(&answer) {
					return Ok(Err(name));
				}
			}
			if until.is_none_or(|until| tokio::time::Instant::now() > until) {
				return Err(Error::Invalid(format!(
					"nobody told what became of {what} when it was on its way, and it has come into no block: ask again"
				)));
			}
			tokio::time::sleep(BLOCK).await;
		}
	}
}

/// A validation whose leaves can be challenged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challengeable {
	pub task: Hash,
	pub first_leaf: u32,
	pub leaves: u32,
	pub client: AccountId,
	pub bond: Balance,
}
