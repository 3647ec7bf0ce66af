//! Services that are there at the start. Their models are made on the spot, from the manifests in `cli/examples/`, and are
//! as small as they can be: they know nothing.

use anyhow::{Context, Result};
use ogpu_protocol::class::Class;
use ogpu_worker::{
	artifacts::{Artifact, Memory, Store as Artifacts},
	chain::{
		calls::client::{self, Delivery, ServiceTerms},
		types::{LeafShape, Needs},
		Call,
	},
	job::{Job, Progress},
	manifest::{Manifest, Work},
	models::parameters,
	store::Store,
};
use std::time::{Duration, SystemTime};

/// Everything that this publisher serves is kept under this name.
const OWNER: [u8; 32] = *b"ogpu dev, services of Ferdie    ";
const A_YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// A leaf of a service costs at least so much: a thousandth of an OGPU.
const FLOOR: u128 = ogpu_protocol::token::OGPU / 1_000;

const EMBED: &str = include_str!("../../examples/tiny-embed.toml");
const GENERATE: &str = include_str!("../../examples/tiny-generate.toml");
const TRAIN: &str = include_str!("../../examples/tiny-train.toml");
const VERSES: &[u8] = include_bytes!("../../examples/verses.txt");

/// A service, before it is published.
pub struct Made {
	pub kind: &'static str,
	pub manifest: Vec<u8>,
	pub model: Vec<u8>,
	leaf: LeafShape,
}

/// Makes the models, which takes some seconds.
pub fn make() -> Result<Vec<Made>> {
	Ok(vec![embed().context("tiny-embed.toml")?, generate().context("tiny-generate.toml")?])
}

/// Turns texts into vectors, with numbers drawn by lot.
fn embed() -> Result<Made> {
	let mut manifest = Manifest::parse(EMBED.as_bytes())?;
	let Work::Embed(embed) = &mut manifest.work else { anyhow::bail!("it is not of the kind embed") };
	let parameters = embed.shape.parameters();
	let values = (0..).zip(&parameters).map(|(index, parameter)| parameter.first_values(1, index));
	let model = parameters::write(&parameters, &[("", &values.collect::<ogpu_worker::error::Result<Vec<_>>>()?)])?;
	embed.model = Artifact::of(&model);
	Made::new("embed", &manifest, model)
}

/// Writes on, as one does who has read some verses for four seconds.
fn generate() -> Result<Made> {
	let store = Memory::default();
	store.put(VERSES)?;
	let training = Job::new(TRAIN.as_bytes(), None, None, &store).context("tiny-train.toml")?;
	let model = training.run(Progress::default(), |_, _| Ok(true))?.output;
	let mut manifest = Manifest::parse(GENERATE.as_bytes())?;
	let Work::Generate(generate) = &mut manifest.work else { anyhow::bail!("it is not of the kind generate") };
	generate.model = Artifact::of(&model);
	Made::new("generate", &manifest, model)
}

impl Made {
	fn new(kind: &'static str, manifest: &Manifest, model: Vec<u8>) -> Result<Self> {
		let manifest = toml::to_string(manifest)?.into_bytes();
		// What a leaf weighs follows from the manifest; any request will do.
		let store = Memory::default();
		store.put(&model)?;
		let job = Job::new(&manifest, Some(store.put(br#"["a"]"#)?), None, &store)?;
		let cost = job.work.cost(0);
		let leaf =
			LeafShape { work: cost.work, recompute_work: cost.recompute_work, fetched_bytes: cost.fetched_bytes };
		Ok(Self { kind, manifest, model, leaf })
	}

	/// The manifest's name, by which a service is known on the chain.
	pub fn name(&self) -> [u8; 32] {
		Artifact::of(&self.manifest).hash.0
	}

	/// Puts what providers need into the publisher's store.
	pub async fn serve(&self, store: &Store) -> Result<()> {
		let until = SystemTime::now().checked_add(A_YEAR).context("the clock of this machine is wrong")?;
		for bytes in [&self.manifest, &self.model] {
			let artifact = store.add(bytes.clone()).await?;
			store.keep(&artifact, OWNER, until).await?;
		}
		Ok(())
	}

	/// Its races have so many lots.
	pub fn publish(&self, width: u32) -> Call {
		let terms = ServiceTerms {
			floor: FLOOR,
			class: Class::STANDARD,
			capability: 0,
			width,
			delivery: Delivery::Verified,
			needs: Needs { kind: None, memory_mb: 0, work_per_block: 0 },
			reputation_billionths: 0,
		};
		client::publish_service(self.name(), &self.leaf, &terms)
	}
}
