//! Requests to services.

use crate::{
	answers::{RequestQuote, Services},
	client::NOBODY,
	funds::Prepared,
	home::{Entry, Kind},
	tasks::{now, Cut},
	work::Work,
	Balance, BlockNumber, Client, Error, Hash, Name, Result, ServiceId,
};
use ogpu_worker::{
	agent::view,
	artifacts::Memory,
	chain::{
		calls::client::{self, NewOrder},
		state,
		types::{AboutRequest, Service},
	},
	limits, manifest,
	store::Endpoint,
};
use serde_json::{json, Value};
use std::{collections::BTreeMap, io::Cursor};

/// Members of a service that are asked for its artifacts.
const MOST_MEMBERS: usize = 8;

/// A service, and what it does.
#[derive(Clone, Debug)]
pub struct Offer {
	pub id: ServiceId,
	pub service: Service,
	pub work: Work,
	/// Who has its artifacts.
	pub sources: Vec<Endpoint>,
}

/// What is asked of a service.
#[derive(Clone, Debug)]
pub struct Question {
	pub texts: Vec<String>,
	/// The most for a leaf; any price if it is `None`.
	pub max_price: Option<Balance>,
	/// For how long racers may commit.
	pub window_blocks: BlockNumber,
	/// The texts are sealed, for the devices that may be drawn now; those who check are let in when they are drawn.
	pub is_private: bool,
	/// Lock what is missing to answer for the inputs.
	pub locks: bool,
}

impl Question {
	pub fn new(texts: Vec<String>) -> Self {
		Self { texts, max_price: None, window_blocks: 60, is_private: false, locks: false }
	}

	fn inputs(&self) -> Result<Vec<u8>> {
		if self.texts.is_empty() {
			return Err(Error::invalid("nothing is asked: give a text"));
		}
		Ok(serde_json::to_vec(&self.texts).map_err(anyhow::Error::from)?)
	}

	fn count(&self) -> Result<u32> {
		u32::try_from(self.texts.len()).map_err(|_| Error::invalid("too many texts"))
	}
}

impl Client {
	/// What is published, and what it costs now.
	pub async fn services(&self) -> Result<Services> {
		self.node.ask("ogpu_services", &[]).await
	}

	/// A service with its manifest, which is fetched from whoever serves it.
	pub async fn offer(&self, id: ServiceId) -> Result<Offer> {
		let (service, sources) = self
			.node
			.with(async |chain| {
				let at = chain.best().await?;
				let service = at.get(&state::SERVICES, (id,)).await?;
				let service = service.ok_or_else(|| {
					Error::Invalid(format!("there is no service {id}; `ogpu quote ask` without one lists them"))
				})?;
				let mut sources = view::members_of(&at, id, MOST_MEMBERS).await?;
				sources.extend(view::endpoints_of(&at, service.publisher).await?);
				Ok((service, sources))
			})
			.await?;
		let sources: Vec<Endpoint> = sources.iter().filter_map(|text| text.parse().ok()).collect();
		let name = Name(service.manifest);
		let depot = self.depot().await?;
		let manifest = depot.fetch(&name, limits::MANIFEST_BYTES as u64, &sources, &service.manifest).await;
		let manifest = manifest.map_err(|error| {
			Error::Invalid(format!(
				"the manifest of service {id} cannot be had: {error}. Is its publisher, or a member, there?"
			))
		})?;
		let work = Work::parse(depot.get(&manifest).await?)?;
		if !work.manifest.is_service() {
			return Err(Error::Invalid(format!("the manifest of service {id} takes no requests")));
		}
		Ok(Offer { id, service, work, sources })
	}

	/// What it would cost, and who could answer. Nothing is paid.
	pub async fn quote_request(&self, offer: &Offer, question: &Question) -> Result<RequestQuote> {
		// Their name costs nothing, and private ones have none yet: they are sealed for those whom the quote names.
		let order = order(offer, question, Name([0; 32]))?;
		let asked = json!({
			"client": crate::address(&self.account().unwrap_or(NOBODY)),
			"service": offer.id,
			"ceilingLeaves": order.ceiling_leaves,
			"promptWork": order.prompt_work.to_string(),
			"maxPrice": order.max_price.to_string(),
			"windowBlocks": order.window_blocks,
		});
		self.node.ask("ogpu_quote", &[asked]).await
	}

	/// What has to be sent for it, or what is missing.
	pub async fn prepare_request(&self, quote: &RequestQuote, question: &Question) -> Result<Prepared> {
		if !quote.is_affordable {
			return Err(Error::Invalid(format!(
				"a leaf costs {} OGPU now, more than you allow: raise --max-price, or wait",
				crate::format_ogpu(quote.leaf_price.0)
			)));
		}
		self.prepare(quote.held(), quote.client_bond.0, question.locks).await
	}

	/// Asks: puts the texts into the store, from where they are fetched, and sends the request.
	pub async fn request(
		&self,
		offer: &Offer,
		question: &Question,
		quote: &RequestQuote,
		prepared: Prepared,
	) -> Result<Entry> {
		let depot = self.depot().await?;
		let bytes = question.inputs()?;
		let inputs = if question.is_private {
			let devices: Vec<u32> =
				quote.devices.iter().filter(|device| device.reasons.is_empty()).map(|device| device.device).collect();
			let (size, keys) = (bytes.len() as u64, self.keys_of(&devices).await?);
			if keys.is_empty() {
				return Err(Error::invalid("no device that may be drawn now can be reached: try again later"));
			}
			let inputs = depot.store().seal(self.account()?, Cursor::new(bytes), size, &keys).await?;
			depot.keep(&inputs, &inputs.hash.0).await?;
			inputs
		} else {
			let keeper = Name::of(&bytes).0;
			depot.add(bytes, &keeper).await?
		};
		let order = order(offer, question, inputs.hash)?;
		let mut calls = prepared.calls;
		calls.push(client::request(offer.id, &order));
		let is_it =
			|task: &Value| task.get("inputs").and_then(Value::as_str) == Some(crate::hex(&inputs.hash.0).as_str());
		let name = match self.send_once(calls, Cut::Request, is_it).await? {
			Ok(sent) => sent.event::<AboutRequest>("ContinuousPool", "Requested")?.request,
			Err(found) => found,
		};
		let entry = Entry {
			name: Name(name),
			kind: Kind::Request,
			service: Some(offer.id),
			manifest: offer.work.name(),
			inputs: Some(inputs.hash),
			asked: now(),
			store: self.depot().await?.number,
			output: None,
			parts_in_all: 1,
			parts: BTreeMap::new(),
			ended: None,
		};
		self.journal.put(&entry)?;
		Ok(entry)
	}

	/// The transport keys of devices.
	async fn keys_of(&self, devices: &[u32]) -> Result<Vec<ogpu_worker::store::Key>> {
		self.node
			.with(async |chain| {
				let at = chain.best().await?;
				let mut keys = Vec::new();
				for device in devices {
					keys.extend(view::key_of(&at, *device).await?);
				}
				Ok(keys)
			})
			.await
	}
}

/// The work of reading so many texts, which the chain is told with a request. No more counts than a leaf may weigh.
pub fn prompt_work(work: &Work, texts: u32, leaf_work: u128) -> u128 {
	let prompts = match &work.manifest.work {
		manifest::Work::Generate(generate) => generate.prompt_work().saturating_mul(texts.into()),
		_ => 0,
	};
	prompts.min(leaf_work)
}

/// What the chain is asked. How many leaves it takes follows from the manifest.
fn order(offer: &Offer, question: &Question, inputs: Name) -> Result<NewOrder> {
	let texts = question.count()?;
	let shape = offer.work.shape(texts, &Memory::default())?;
	Ok(NewOrder {
		inputs: inputs.0,
		ceiling_leaves: shape.leaves,
		prompt_work: prompt_work(&offer.work, texts, offer.service.leaf.recompute_work),
		max_price: question.max_price.unwrap_or(Balance::MAX),
		window_blocks: question.window_blocks,
		secret: None,
	})
}

impl Offer {
	/// The name of what keeps its artifacts.
	pub fn keeper(&self) -> Hash {
		self.service.manifest
	}
}
