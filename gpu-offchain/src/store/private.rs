//! Sealed artifacts in the store: [`super::seal`] over what it holds, and their keys for those who are let in later.

use super::{
	blocking,
	error::{Error, Result},
	fetch::Fault,
	folder,
	ledger::Ledger,
	room,
	seal::{
		client_of, content_key, is_opened_by, seal, sealed_bytes, unseal, ContentKey, MOST_HEADER, MOST_RECIPIENTS,
	},
	serve::Server,
	Endpoint, Inner, Key, Store,
};
use crate::artifacts::{Artifact, Name};
use codec::{DecodeAll, Encode};
use iroh::endpoint::Connection;
use std::{
	collections::{HashMap, HashSet},
	fs,
	io::{BufReader, BufWriter, Read, Write},
	path::Path,
	sync::{atomic::Ordering, Arc, MutexGuard, Weak},
};

/// The name of the protocol by which keys are asked for, and its version.
pub(super) const ALPN: &[u8] = b"ogpu/key/1";
/// A question is the name of a sealed artifact, an answer its key, or that there is none for whoever asks.
const QUESTION_BYTES: usize = 32;
const ANSWER_BYTES: usize = 33;
/// Keys that were given and are remembered.
const MOST_KEYS: usize = 1 << 14;

impl Store {
	/// Seals so many bytes to these keys, for requests of this client alone, and serves what comes out to these alone. This
	/// store opens it as well, and gives the key to those whom [`Store::restrict`] names later.
	pub async fn seal(
		&self,
		client: [u8; 32],
		plain: impl Read + Send + 'static,
		bytes: u64,
		recipients: &[Key],
	) -> Result<Artifact> {
		let mut seen = HashSet::new();
		let all = [self.key()].into_iter().chain(recipients.iter().copied());
		let boxes: Vec<Key> = all.filter(|key| seen.insert(*key)).take(MOST_RECIPIENTS).collect();
		let _room = self.promise(0, sealed_bytes(bytes, boxes.len())).await?;
		let folder = self.0.folder.clone();
		let (file, artifact) = blocking(move || {
			let mut sealed = Named::new(folder::passing(&folder)?);
			seal(&client, plain, bytes, &boxes, BufWriter::with_capacity(1 << 20, &mut sealed))?;
			Ok(sealed.finish())
		})
		.await?;
		self.restrict(&artifact, recipients).await?;
		self.add_file(file.path()).await
	}

	/// For whose requests an artifact is sealed that is here; nobody's, if it is not.
	pub async fn sealed_for(&self, artifact: &Artifact) -> Result<Option<[u8; 32]>> {
		client_of(&self.begin(artifact, MOST_HEADER).await?)
	}

	/// The key of a sealed artifact that is here: from its box for this store, or else from a peer that lets us in.
	pub async fn content_key(&self, sealed: &Artifact, sources: &[Endpoint]) -> Result<ContentKey> {
		let begin = self.begin(sealed, MOST_HEADER).await?;
		if let Some(key) = self.own_key(&sealed.hash, begin.clone()).await? {
			return Ok(key);
		}
		let (name, begin) = (sealed.hash, Arc::from(begin));
		let ask = |source| self.0.clone().key_at(source, name, Arc::clone(&begin));
		let key = self.0.first(sources, ask, |refusals| Error::Locked { name, refusals }).await?;
		self.0.remember(name, key.clone(), &self.ledger());
		Ok(key)
	}

	/// Opens a sealed artifact into a file of this folder that has the name of the plain one, and that only its owner may
	/// read. It appears when all of it is opened.
	pub async fn open_sealed(&self, sealed: &Artifact, key: &ContentKey, folder: &Path) -> Result<Artifact> {
		let _room = self.promise(0, room(sealed.bytes).saturating_add(sealed.bytes)).await?;
		let exported = folder::passing(&self.0.folder)?;
		self.export(sealed, exported.path()).await?;
		let (key, folder) = (key.clone(), folder.to_owned());
		blocking(move || {
			let reader = BufReader::with_capacity(1 << 20, fs::File::open(exported.path())?);
			let mut opened = Named::new(tempfile::NamedTempFile::new_in(&folder)?);
			unseal(reader, &key, BufWriter::with_capacity(1 << 20, &mut opened))?;
			let (file, plain) = opened.finish();
			file.as_file().sync_all()?;
			file.persist(folder.join(plain.hash.to_string())).map_err(|error| error.error)?;
			Ok(plain)
		})
		.await
	}

	/// The key that is in our box, or that we were given.
	async fn own_key(&self, name: &Name, begin: Vec<u8>) -> Result<Option<ContentKey>> {
		let known = self.0.keys().get(name).cloned();
		if known.is_some() {
			return Ok(known);
		}
		let secret = self.0.secret.clone();
		blocking(move || content_key(&begin, &secret)).await
	}

	/// The key of a sealed artifact for a peer that was let in by its name. What everybody may have is sealed for nobody
	/// else's sake.
	async fn key_for(&self, name: Name, asking: &Key) -> Option<ContentKey> {
		let bytes = {
			let ledger = self.ledger();
			ledger.size(&name).filter(|_| ledger.names(&name, asking))?
		};
		let begin = self.begin(&Artifact { hash: name, bytes }, MOST_HEADER).await;
		match begin.map(|begin| self.own_key(&name, begin)) {
			Ok(key) => key.await.ok()?,
			Err(error) => {
				tracing::debug!(%name, "{error}");
				None
			}
		}
	}
}

impl Inner {
	/// Asks a peer for the key of the artifact that begins so.
	async fn key_at(
		self: Arc<Self>,
		source: Endpoint,
		name: Name,
		begin: Arc<[u8]>,
	) -> (Endpoint, std::result::Result<ContentKey, Fault>) {
		let asking = async {
			let answer = match self.question(&source, ALPN, &name.0, ANSWER_BYTES).await {
				Err(Error::Unanswered { reason, .. }) => return Err(Fault::Source(reason)),
				answer => answer.map_err(Fault::Here)?,
			};
			match Option::<[u8; 32]>::decode_all(&mut answer.as_slice()).map(|key| key.map(ContentKey::from_bytes)) {
				Ok(Some(key)) if is_opened_by(&begin, &key).map_err(Fault::Here)? => Ok(key),
				Ok(None) => Err(Fault::Source("does not let us in".into())),
				_ => Err(Fault::Source("gives another key".into())),
			}
		};
		let key = asking.await;
		(source, key)
	}

	fn keys(&self) -> MutexGuard<'_, HashMap<Name, ContentKey>> {
		self.keys.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
	}

	/// Remembers a key that was given, until this process ends, or its artifact is gone and room is needed.
	fn remember(&self, name: Name, key: ContentKey, ledger: &Ledger) {
		let mut keys = self.keys();
		if keys.len() >= MOST_KEYS {
			keys.retain(|name, _| ledger.size(name).is_some());
		}
		if keys.len() < MOST_KEYS {
			keys.insert(name, key);
		}
	}
}

impl Server {
	/// Gives keys of sealed artifacts to a peer that was let in.
	pub(super) async fn let_in(self: Arc<Self>, connection: Connection, key: Key, store: Weak<Inner>) {
		let reply = |question: Vec<u8>| {
			let (server, inner) = (self.clone(), store.upgrade());
			async move {
				let name = Name(question.try_into().ok()?);
				let given = Store(inner?).key_for(name, &key).await;
				if given.is_none() {
					tracing::debug!(%key, %name, "was not let in");
					server.counters.refused.fetch_add(1, Ordering::Relaxed);
				}
				Some(given.map(|given| *given.bytes()).encode())
			}
		};
		self.converse(&connection, key, QUESTION_BYTES, reply).await;
	}
}

/// A file that is named while it is written.
struct Named {
	file: tempfile::NamedTempFile,
	hasher: blake3::Hasher,
}

impl Named {
	fn new(file: tempfile::NamedTempFile) -> Self {
		Self { file, hasher: blake3::Hasher::new() }
	}

	fn finish(self) -> (tempfile::NamedTempFile, Artifact) {
		let artifact = Artifact { hash: Name(*self.hasher.finalize().as_bytes()), bytes: self.hasher.count() };
		(self.file, artifact)
	}
}

impl Write for Named {
	fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
		let written = self.file.write(bytes)?;
		self.hasher.update(bytes.get(..written).unwrap_or_default());
		Ok(written)
	}

	fn flush(&mut self) -> std::io::Result<()> {
		self.file.flush()
	}
}
