//! Results: what a provider committed to, and the bytes.

use crate::{
	answers::{Ended, Task},
	home::{Committed, Entry, Kind},
	work::Work,
	AccountId, Artifact, Client, Error, Hash, Name, Result,
};
use ogpu_worker::{
	agent::view,
	artifacts::MOST_BYTES,
	chain::{state, types::Stage},
	limits, manifest, store,
	store::Endpoint,
};

/// How sure a result is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Provenance {
	/// Its provider says that it is what it committed to, and it opens the commitment.
	Told,
	/// The provider has revealed on the chain that it is; whether it is right is not decided.
	Revealed,
	/// The chain has accepted it.
	Accepted,
}

/// A result that is here: bytes that have the hash to which its provider committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivered {
	pub outcome: Committed,
	/// In the client's store.
	pub output: Artifact,
	pub provenance: Provenance,
}

/// What is known of a validation.
#[derive(Clone, Debug, Default)]
pub struct Known {
	pub provider: Option<AccountId>,
	/// To what the provider committed, as long as it is validated.
	pub commitment: Option<Hash>,
	pub outcome: Option<Committed>,
	/// How it ended.
	pub ended: Option<Ended>,
	/// The outcome is what the provider says, and opens its commitment. The chain does not know it yet.
	pub is_told: bool,
}

impl Known {
	/// How sure its result is; what is only remembered was told.
	pub fn provenance(&self) -> Provenance {
		if self.ended.as_ref().is_some_and(|ended| is_right(&ended.conclusion)) {
			Provenance::Accepted
		} else if self.is_told || self.outcome.is_none() {
			Provenance::Told
		} else {
			Provenance::Revealed
		}
	}

	/// Takes what a provider says for true as far as its commitment bears it out.
	pub fn hear(&mut self, told: &store::Committed) {
		let (Some(provider), Some(commitment)) = (self.provider, self.commitment) else { return };
		if self.outcome.is_none() && told.opens(&provider, &commitment) {
			self.outcome = Some(Committed { root: Name(told.root), output: Name(told.output) });
			self.is_told = true;
		}
	}
}

/// Whether the result stands. What is forfeited is right, and its provider is not paid, for something else that it did.
pub fn is_right(conclusion: &str) -> bool {
	matches!(conclusion, "accepted" | "forfeited")
}

impl Client {
	/// What the chain says of a validation. Nothing, if it knows none of this name.
	pub async fn known(&self, task: &Hash) -> Result<Known> {
		let open = self.node.with(async |chain| Ok(chain.best().await?.get(&state::TASKS, (*task,)).await?)).await?;
		// What is being removed has ended.
		if let Some(open) = open.filter(|open| !matches!(open.stage, Stage::Closing { .. })) {
			let outcome = open.outcome.map(|it| Committed { root: Name(it.root), output: Name(it.output) });
			return Ok(Known {
				provider: Some(open.request.provider),
				commitment: Some(open.request.commitment),
				outcome,
				..Known::default()
			});
		}
		// Of a request that has been judged the record stands beside it.
		Ok(match self.record(task).await? {
			Some(ended) => {
				let outcome = ended.outcome;
				let outcome = outcome.map(|it| Committed { root: it.root.into(), output: it.output.into() });
				Known { provider: Some(ended.provider.0), outcome, ended: Some(ended), ..Known::default() }
			}
			None => Known::default(),
		})
	}

	/// What whoever does the work says of it: results that it has committed to, and how far it is. `None` if nobody does it
	/// now. Nothing of it is proven: see [`Known::hear`].
	pub async fn told(&self, name: &Hash) -> Result<Option<store::Answer>> {
		let endpoint = self
			.node
			.with(async |chain| {
				let at = chain.best().await?;
				let request = at.get(&state::REQUESTS, (*name,)).await?;
				let device = match request.as_ref().and_then(|request| request.leader()) {
					Some(leader) => Some(leader.device),
					None => {
						at.get(&state::JOBS, (*name,)).await?.and_then(|job| job.run).map(|run| run.bid.bidder.device)
					}
				};
				let Some(device) = device else { return Ok(None) };
				Ok(view::endpoint_of(&at, device).await?)
			})
			.await?;
		let Some(endpoint) = endpoint.and_then(|text| text.parse::<Endpoint>().ok()) else { return Ok(None) };
		let depot = self.depot().await?;
		Ok(Some(depot.store().ask(&endpoint, name, self.key()?, &self.node.genesis()).await?))
	}

	/// The result of a validation, as soon as it can be had: by what is `known` of it, or was remembered. The answer to a
	/// request is for its client alone.
	pub async fn outcome(
		&self,
		kind: Kind,
		task: &Hash,
		known: &Known,
		remembered: Option<Committed>,
	) -> Result<Option<Delivered>> {
		let Some(outcome) = known.outcome.or(remembered) else { return Ok(None) };
		let Some(provider) = known.provider else { return Ok(None) };
		let depot = self.depot().await?;
		let mut sources = self.sources(&provider).await?;
		// Another store of the account may have it.
		let own = match self.account() {
			Ok(account) => self.sources(&account).await?,
			Err(_) => Vec::new(),
		};
		sources.extend(own.iter().cloned());
		let output = if kind == Kind::Request {
			let keys: Vec<_> = own.iter().map(Endpoint::key).collect();
			depot.fetch_for(&keys, &outcome.output, MOST_BYTES, &sources, task).await?
		} else {
			depot.fetch(&outcome.output, MOST_BYTES, &sources, task).await?
		};
		Ok(Some(Delivered { outcome, output, provenance: known.provenance() }))
	}

	/// Where an account's artifacts are.
	async fn sources(&self, account: &AccountId) -> Result<Vec<Endpoint>> {
		let texts = self.node.with(async |chain| Ok(view::endpoints_of(&chain.best().await?, *account).await?)).await?;
		Ok(texts.iter().filter_map(|text| text.parse().ok()).collect())
	}

	/// The manifest of what was asked: from the store, or from whoever serves it.
	pub async fn manifest(&self, entry: &Entry) -> Result<Work> {
		let depot = self.depot().await?;
		let own = match self.account() {
			Ok(account) => self.sources(&account).await?,
			Err(_) => Vec::new(),
		};
		let most = limits::MANIFEST_BYTES as u64;
		match (depot.fetch(&entry.manifest, most, &own, &entry.manifest.0).await, entry.service) {
			(Ok(manifest), _) => Work::parse(depot.get(&manifest).await?),
			(Err(_), Some(service)) => Ok(self.offer(service).await?.work),
			(Err(error), None) => Err(error),
		}
	}

	/// What a result says, read by its manifest.
	pub async fn read(&self, entry: &Entry, outputs: &[Delivered]) -> Result<Answer> {
		let work = self.manifest(entry).await?;
		let depot = self.depot().await?;
		let mut bytes = Vec::new();
		for delivered in outputs {
			let size = bytes.len() as u64;
			if size.saturating_add(delivered.output.bytes) > MOST_BYTES {
				return Err(Error::invalid("the result is longer than any may be"));
			}
			bytes.extend(depot.get(&delivered.output).await?);
		}
		match work.manifest.work {
			manifest::Work::Train(_) => Ok(Answer::Model(bytes)),
			manifest::Work::Render(render) => {
				let frames = (0..render.frames).map(|frame| Ok(render.png(&bytes, frame)?));
				frames.collect::<Result<_>>().map(Answer::Pictures)
			}
			manifest::Work::Embed(embed) => vectors(&bytes, embed.shape.width).map(Answer::Vectors),
			manifest::Work::Generate(generate) => {
				if let Some(tokenizer) = &generate.tokenizer {
					let sources = match entry.service {
						Some(service) => self.offer(service).await?.sources,
						None => Vec::new(),
					};
					depot.fetch(&tokenizer.hash, tokenizer.bytes, &sources, &entry.manifest.0).await?;
				}
				let store = depot.store().blocking();
				let read = tokio::task::spawn_blocking(move || generate.texts(&bytes, &store)).await;
				Ok(Answer::Texts(read.map_err(anyhow::Error::from)??))
			}
			manifest::Work::Benchmark(_) => Err(Error::invalid("a benchmark has no result")),
		}
	}

	/// The outputs of a task that has all of them, in the order of its parts; of a training only the last counts. With
	/// how sure the least sure of them is.
	pub async fn outputs(&self, entry: &mut Entry) -> Result<Vec<Delivered>> {
		let parts = self.parts(entry).await?;
		let wanted = match entry.kind {
			Kind::Training => {
				parts.iter().filter(|(part, _)| part.saturating_add(1) == entry.parts_in_all).collect::<Vec<_>>()
			}
			Kind::Rendering | Kind::Request => parts.iter().collect(),
		};
		let mut outputs = Vec::new();
		for (number, task) in wanted {
			let known = self.known(task).await?;
			let part = entry.note(*number, *task);
			let (remembered, conclusion) = (part.outcome, part.conclusion.clone());
			if let Some(ended) = known.ended.as_ref().filter(|ended| !is_right(&ended.conclusion)) {
				return Err(not_accepted(&entry.name, &ended.conclusion));
			}
			let provider = known.provider.or(part.provider.map(|provider| provider.0));
			let known = Known { provider, ..known };
			let delivered = self.outcome(entry.kind, task, &known, remembered).await?;
			let mut delivered = delivered.ok_or_else(|| {
				Error::Invalid(format!("the result of part {number} is not revealed yet: `ogpu watch {}`", entry.name))
			})?;
			// The record of an old validation may be gone; how it ended is remembered.
			if conclusion.as_deref().is_some_and(is_right) {
				delivered.provenance = Provenance::Accepted;
			}
			outputs.push(delivered);
		}
		let is_whole = match entry.kind {
			Kind::Training => !outputs.is_empty(),
			Kind::Rendering | Kind::Request => outputs.len() == entry.parts_in_all as usize,
		};
		if !is_whole {
			return Err(Error::Invalid(format!(
				"{} has no whole result yet: `ogpu status {0}` says where it stands",
				entry.name
			)));
		}
		Ok(outputs)
	}

	/// The validations of the parts of a task, by their numbers, as far as they are known.
	async fn parts(&self, entry: &mut Entry) -> Result<Vec<(u32, Hash)>> {
		if entry.kind == Kind::Request {
			return Ok(vec![(0, entry.name.0)]);
		}
		self.note_parts(entry).await?;
		if entry.parts.is_empty() {
			// Nobody watched. They are called by the job's name and a number, and those that were accepted come in order.
			let mut accepted = Vec::new();
			for number in 0..entry.parts_in_all.saturating_mul(2) {
				let task = ogpu_worker::agent::plan::task_name(&entry.name.0, number);
				if self.record(&task).await?.is_some_and(|ended| is_right(&ended.conclusion)) {
					accepted.push(task);
				}
			}
			return Ok((0..).zip(accepted).collect());
		}
		Ok(entry.parts.iter().map(|(number, part)| (*number, part.task.0)).collect())
	}

	/// Remembers the validations of a job's parts that are open now.
	pub(crate) async fn note_parts(&self, entry: &mut Entry) -> Result<()> {
		let name = entry.name.0;
		let job = self.node.with(async |chain| Ok(chain.best().await?.get(&state::JOBS, (name,)).await?)).await?;
		let Some(run) = job.and_then(|job| job.run) else { return Ok(()) };
		for (number, part) in (run.first..).zip(&run.parts) {
			entry.note(number, part.task);
		}
		Ok(())
	}

	/// The record of a validation that has ended.
	async fn record(&self, task: &Hash) -> Result<Option<Ended>> {
		match self.task(task).await? {
			Some(Task::Ended(ended)) => Ok(Some(ended)),
			// A request stays a while after its verdict, for those that ran along; the record stands beside it.
			Some(Task::Request(request)) if request.next.act == "claimShare" => {
				let record =
					self.node.with(async |chain| Ok(chain.best().await?.get(&state::RECORDS, (*task,)).await?));
				Ok(record.await?.map(Into::into))
			}
			_ => Ok(None),
		}
	}
}

pub(crate) fn not_accepted(name: &Name, conclusion: &str) -> Error {
	Error::NotAccepted { task: name.to_string(), why: why(conclusion).into() }
}

/// A conclusion, in words.
pub fn why(conclusion: &str) -> &'static str {
	match conclusion {
		"accepted" => "it was accepted",
		"forfeited" => "its provider did not show what it was asked to, and lost its bond; your money is back",
		"convicted" => {
			"it was wrong: its provider was convicted and lost its bond; your money is back, and a tenth more"
		}
		"inputAtFault" => "your inputs were missing or could not be used: your lock paid for it",
		"void" => "the jury could not agree; your money is back",
		"unfounded" => "the claim that inputs were missing was unfounded",
		_ => "the chain says something that this version of ogpu does not know",
	}
}

/// A result, as its kind is read.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
	/// A safetensors file.
	Model(Vec<u8>),
	/// PNG files, one for each frame.
	Pictures(Vec<Vec<u8>>),
	Texts(Vec<String>),
	Vectors(Vec<Vec<f32>>),
}

/// Rows of numbers.
fn vectors(bytes: &[u8], width: u32) -> Result<Vec<Vec<f32>>> {
	let wrong = || Error::invalid("the result is no rows of numbers of the width that the manifest says");
	let row = (width as usize).checked_mul(4).filter(|row| *row > 0).ok_or_else(wrong)?;
	if bytes.len().checked_rem(row) != Some(0) {
		return Err(wrong());
	}
	let numbers = |row: &[u8]| row.as_chunks::<4>().0.iter().map(|number| f32::from_le_bytes(*number)).collect();
	Ok(bytes.chunks_exact(row).map(numbers).collect())
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn rows_of_numbers_are_as_wide_as_the_manifest_says_or_refused() {
		let bytes: Vec<u8> = [1f32, 2.0, 3.0, 4.0].iter().flat_map(|number| number.to_le_bytes()).collect();
		assert_eq!(vectors(&bytes, 2).unwrap(), [[1.0, 2.0], [3.0, 4.0]]);
		assert!(vectors(&bytes, 3).is_err());
		assert!(vectors(&bytes, 0).is_err());
		assert!(vectors(&[], 2).unwrap().is_empty());
	}
}
