//! What work needs, brought from wherever the chain says that it is.

use super::{engine, plan::What, view, view::Origin};
use crate::{
	artifacts::{Artifact, Folder, Name, Store as _, MOST_BYTES},
	chain::{types::*, Chain},
	limits,
	store::{Endpoint, Error as StoreError, Key, Store},
};
use anyhow::{Context, Result};
use std::{
	path::{Path, PathBuf},
	time::{Duration, SystemTime},
};
use tokio::time::Instant;

/// Members of a service that are asked for its artifacts.
const MOST_MEMBERS: usize = 8;
/// Between two tries to fetch something.
const PAUSE: Duration = Duration::from_secs(2);
/// Of an opening or inputs whose size is not declared.
const UNDECLARED_BYTES: u64 = 1 << 30;

/// Artifacts of work, on disk where engines find them.
#[derive(Clone)]
pub struct Library {
	store: Store,
	folder: PathBuf,
}

/// What could not be brought.
#[derive(Debug)]
pub enum Missing {
	/// The provider has to serve it: its openings, and the artifacts of a service.
	Output(String),
	/// The client has to supply it.
	Input(String),
	/// It is there, and nothing that may be run.
	Invalid(String),
	/// This machine failed.
	Machine(anyhow::Error),
}

impl std::fmt::Display for Missing {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		match self {
			Self::Output(reason) => write!(f, "what the provider must serve is missing: {reason}"),
			Self::Input(reason) => write!(f, "what the client must supply is missing: {reason}"),
			Self::Invalid(reason) => write!(f, "what was supplied may not be run: {reason}"),
			Self::Machine(error) => write!(f, "{error:#}"),
		}
	}
}

/// What an engine needs beside its order.
#[derive(Clone, Debug, Default)]
pub struct Brought {
	/// None of a benchmark.
	pub manifest: Option<Vec<u8>>,
	/// Of a request.
	pub inputs: Option<Inputs>,
	/// The bytes of the opening are in this file.
	pub opening: Option<Artifact>,
	/// Of a request: the client's devices, which may have all of it.
	pub clients: Vec<Key>,
}

impl Brought {
	/// Inputs that there is something to keep of, as they are served on.
	pub fn given(&self) -> Option<Artifact> {
		self.inputs.map(|inputs| inputs.given).filter(|given| given.bytes > 0)
	}
}

/// What a client asks.
#[derive(Clone, Copy, Debug)]
pub struct Inputs {
	/// As the chain names them, which is how they are served on.
	pub given: Artifact,
	/// As they are read: if they were sealed, what was in them.
	pub plain: Artifact,
}

/// Who may have what.
#[derive(Default)]
struct Sources {
	/// Manifest and what it names.
	shared: Vec<Endpoint>,
	inputs: Vec<Endpoint>,
	opening: Vec<Endpoint>,
}

/// Of each in turns: whoever names many that are silent keeps nobody from the other's.
fn in_turns(first: &[Endpoint], second: &[Endpoint]) -> Vec<Endpoint> {
	let longest = first.len().max(second.len());
	(0..longest).flat_map(|nth| first.get(nth).into_iter().chain(second.get(nth))).cloned().collect()
}

impl Library {
	pub fn new(store: Store, folder: PathBuf) -> Result<Self> {
		std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
		Ok(Self { store, folder })
	}

	pub fn store(&self) -> &Store {
		&self.store
	}

	/// Where engines find artifacts.
	pub fn folder(&self) -> &Path {
		&self.folder
	}

	/// Brings what a work needs, and tries until then.
	pub async fn bring(&self, chain: &Chain, what: &What, until: Instant) -> std::result::Result<Brought, Missing> {
		let sources = self.sources(chain, what).await.map_err(Missing::Machine)?;
		match what {
			What::Benchmark { .. } => Ok(Brought::default()),
			What::Request { client, manifest, inputs, most_bytes, .. } => {
				let manifest = self.manifest(manifest, &sources.shared, until, Missing::Output).await?;
				let inputs = self.secret(client, inputs, *most_bytes, &sources.inputs, &sources.inputs, until).await?;
				let clients = sources.inputs.iter().map(Endpoint::key).collect();
				Ok(Brought { manifest: Some(manifest), inputs: Some(inputs), opening: None, clients })
			}
			What::Part { manifest, first, start, most_bytes, .. } => {
				let manifest = self.manifest(manifest, &sources.shared, until, Missing::Input).await?;
				let opening = if *first == 0 {
					None
				} else {
					Some(self.named(start, *most_bytes, &sources.opening, until, Missing::Output).await?)
				};
				Ok(Brought { manifest: Some(manifest), inputs: None, opening, clients: Vec::new() })
			}
			What::Check { leaf, opening, origin, .. } => {
				self.bring_check(&sources, *leaf, opening, origin, until).await
			}
		}
	}

	async fn bring_check(
		&self,
		sources: &Sources,
		leaf: u32,
		opening: &Hash,
		origin: &Origin,
		until: Instant,
	) -> std::result::Result<Brought, Missing> {
		let mut brought = Brought::default();
		let mut begins = leaf > 0;
		match origin {
			Origin::Request { client, manifest, inputs, most_bytes, .. } => {
				// Whoever checks serves inputs to nobody.
				brought.inputs = Some(self.secret(client, inputs, *most_bytes, &sources.inputs, &[], until).await?);
				brought.manifest = Some(self.manifest(manifest, &sources.shared, until, Missing::Output).await?);
			}
			Origin::Part { manifest, first_leaf, .. } => {
				brought.manifest = Some(self.manifest(manifest, &sources.shared, until, Missing::Input).await?);
				begins |= *first_leaf > 0;
			}
			Origin::Benchmark { .. } => {}
			Origin::Unknown => {
				return Err(Missing::Machine(anyhow::anyhow!("the chain no longer says what the task is about")))
			}
		}
		if begins {
			let most = match origin {
				Origin::Request { most_bytes, .. } | Origin::Part { most_bytes, .. } => *most_bytes,
				_ => UNDECLARED_BYTES.into(),
			};
			brought.opening = Some(self.named(opening, most, &sources.opening, until, Missing::Output).await?);
		}
		Ok(brought)
	}

	async fn sources(&self, chain: &Chain, what: &What) -> Result<Sources> {
		let at = chain.best().await?;
		let parse =
			|texts: Vec<String>| -> Vec<Endpoint> { texts.iter().filter_map(|text| text.parse().ok()).collect() };
		let members = async |service: ServiceId| -> Result<Vec<Endpoint>> {
			let mut all = view::members_of(&at, service, MOST_MEMBERS).await?;
			let record = at.get(&crate::chain::state::SERVICES, (service,)).await?;
			if let Some(record) = record {
				all.extend(view::endpoints_of(&at, record.publisher).await?);
			}
			Ok(parse(all))
		};
		let of =
			async |account: AccountId| -> Result<Vec<Endpoint>> { Ok(parse(view::endpoints_of(&at, account).await?)) };
		Ok(match what {
			What::Benchmark { .. } => Sources::default(),
			What::Request { service, client, .. } => {
				Sources { shared: members(*service).await?, inputs: of(*client).await?, opening: Vec::new() }
			}
			What::Part { client, job, .. } => {
				let shared = of(*client).await?;
				// Whoever worked on it before, and those who checked it, keep what the last part handed on.
				let mut opening = shared.clone();
				if let Some(job) = at.get(&crate::chain::state::JOBS, (*job,)).await? {
					for part in job.run.iter().flat_map(|run| &run.parts) {
						if let Some(record) = at.get(&crate::chain::state::RECORDS, (part.task,)).await? {
							opening.extend(of(record.provider).await?);
						}
					}
				}
				Sources { shared, inputs: Vec::new(), opening }
			}
			What::Check { provider, origin, .. } => {
				let mut served = Vec::new();
				if let Some(device) = origin.device() {
					served.extend(view::endpoint_of(&at, device).await?);
				}
				let mut served = parse(served);
				served.extend(of(*provider).await?);
				match origin {
					Origin::Request { service, client, .. } => {
						let inputs = in_turns(&served, &of(*client).await?);
						let mut shared = served.clone();
						shared.extend(members(*service).await?);
						Sources { shared, inputs, opening: served }
					}
					Origin::Part { client, .. } => {
						let mut shared = of(*client).await?;
						shared.extend(served.clone());
						Sources { shared, inputs: Vec::new(), opening: served }
					}
					_ => Sources { opening: served, ..Sources::default() },
				}
			}
		})
	}

	/// A manifest and all that it names.
	async fn manifest(
		&self,
		name: &Hash,
		sources: &[Endpoint],
		until: Instant,
		missing: fn(String) -> Missing,
	) -> std::result::Result<Vec<u8>, Missing> {
		let artifact = self.named(name, limits::MANIFEST_BYTES as u128, sources, until, missing).await?;
		// The store may have it no more: what engines read is here longer.
		let manifest = Folder::new(&self.folder).get(&artifact).map_err(|error| Missing::Machine(error.into()))?;
		let named = engine::artifacts_of(&manifest).map_err(|error| Missing::Invalid(format!("{error:#}")))?;
		for artifact in named {
			self.fetch(&artifact, sources, until, missing).await?;
		}
		Ok(manifest)
	}

	/// What a client has given to some: from before it comes, only these may have it from here.
	async fn secret(
		&self,
		client: &AccountId,
		name: &Hash,
		most: u128,
		sources: &[Endpoint],
		allowed: &[Endpoint],
		until: Instant,
	) -> std::result::Result<Inputs, Missing> {
		let given = self.found(name, most, sources, until, Missing::Input).await?;
		if given.bytes == 0 {
			self.fetch(&given, sources, until, Missing::Input).await?;
			return Ok(Inputs { given, plain: given });
		}
		let wrong = |error: StoreError| match error {
			StoreError::Sealed(_) => Missing::Invalid(error.to_string()),
			error => Missing::Machine(error.into()),
		};
		if !self.store.has(&given).await.map_err(wrong)? {
			// A file that is left of another time cannot be served on.
			let _ = std::fs::remove_file(self.folder.join(given.hash.to_string()));
		}
		self.store.restrict(&given, &[]).await.map_err(wrong)?;
		self.fetch(&given, sources, until, Missing::Input).await?;
		// Whoever names what another has sealed is not let in to it by that.
		let owner = self.store.sealed_for(&given).await.map_err(wrong)?;
		if owner.is_some_and(|owner| owner != *client) {
			return Err(Missing::Invalid("the inputs are sealed for a request of another client".into()));
		}
		let keys: Vec<_> = allowed.iter().map(Endpoint::key).collect();
		self.store.restrict(&given, &keys).await.map_err(wrong)?;
		if owner.is_none() {
			return Ok(Inputs { given, plain: given });
		}
		let key = loop {
			match tokio::time::timeout_at(until, self.store.content_key(&given, sources)).await {
				Ok(Ok(key)) => break key,
				Ok(Err(error @ StoreError::Locked { .. })) => self.or_again(error, until, Missing::Input).await?,
				Ok(Err(error)) => return Err(wrong(error)),
				Err(_) => {
					return Err(Missing::Input(format!("the key of artifact {} did not come in time", given.hash)))
				}
			}
		};
		let plain = self.store.open_sealed(&given, &key, &self.folder).await.map_err(wrong)?;
		Ok(Inputs { given, plain })
	}

	/// An artifact of which only the name is known.
	async fn named(
		&self,
		name: &Hash,
		most: u128,
		sources: &[Endpoint],
		until: Instant,
		missing: fn(String) -> Missing,
	) -> std::result::Result<Artifact, Missing> {
		let artifact = self.found(name, most, sources, until, missing).await?;
		self.fetch(&artifact, sources, until, missing).await?;
		Ok(artifact)
	}

	/// Its size, as one of the sources proves it.
	async fn found(
		&self,
		name: &Hash,
		most: u128,
		sources: &[Endpoint],
		until: Instant,
		missing: fn(String) -> Missing,
	) -> std::result::Result<Artifact, Missing> {
		let most = u64::try_from(most).unwrap_or(MOST_BYTES).clamp(1 << 20, MOST_BYTES);
		loop {
			match tokio::time::timeout_at(until, self.store.find(&Name(*name), most, sources)).await {
				Ok(Ok(artifact)) => return Ok(artifact),
				Ok(Err(error)) => self.or_again(error, until, missing).await?,
				Err(_) => return Err(missing(format!("artifact {} was not found in time", Name(*name)))),
			}
		}
	}

	async fn fetch(
		&self,
		artifact: &Artifact,
		sources: &[Endpoint],
		until: Instant,
		missing: fn(String) -> Missing,
	) -> std::result::Result<(), Missing> {
		let path = self.folder.join(artifact.hash.to_string());
		if artifact.bytes == 0 {
			return std::fs::write(&path, []).map_err(|error| Missing::Machine(error.into()));
		}
		if std::fs::metadata(&path).is_ok_and(|about| about.len() == artifact.bytes) {
			// It is looked at again: see `sweep`.
			let _ = std::fs::File::open(&path).and_then(|file| file.set_modified(SystemTime::now()));
			return Ok(());
		}
		let machine = |error: StoreError| Missing::Machine(error.into());
		while !self.store.has(artifact).await.map_err(machine)? {
			match tokio::time::timeout_at(until, self.store.fetch(artifact, sources, |_| {})).await {
				Ok(Ok(_)) => {}
				Ok(Err(error)) => self.or_again(error, until, missing).await?,
				Err(_) => return Err(missing(format!("artifact {} did not come in time", artifact.hash))),
			}
		}
		self.store.export(artifact, &path).await.map_err(machine)
	}

	/// Waits for another try, unless it is too late, or useless.
	async fn or_again(
		&self,
		error: StoreError,
		until: Instant,
		missing: fn(String) -> Missing,
	) -> std::result::Result<(), Missing> {
		match error {
			StoreError::Machine(_) | StoreError::Quota { .. } | StoreError::Disk { .. } | StoreError::InUse { .. } => {
				Err(Missing::Machine(error.into()))
			}
			error if until.saturating_duration_since(Instant::now()) <= PAUSE => Err(missing(error.to_string())),
			error => {
				tracing::debug!("{error}; trying again");
				tokio::time::sleep(PAUSE).await;
				Ok(())
			}
		}
	}

	/// Removes what engines have not needed for so long.
	pub fn sweep(&self, older: Duration) -> Result<()> {
		for file in std::fs::read_dir(&self.folder)? {
			let file = file?;
			let age = file.metadata()?.modified()?.elapsed().unwrap_or_default();
			if age > older {
				std::fs::remove_file(file.path())?;
			}
		}
		Ok(())
	}
}
