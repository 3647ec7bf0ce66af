//! Artifacts: bytes named by their BLAKE3 hash. Whoever has a name can check what it was given, so nobody who serves
//! them needs to be trusted.

use crate::error::{ensure, Error, Result};
use serde::{de, Deserialize, Deserializer, Serialize, Serializer};
use std::{
	collections::HashMap,
	fmt, fs,
	io::{Read, Write},
	path::{Path, PathBuf},
	sync::Mutex,
};

/// The name of an artifact.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Name(pub [u8; 32]);

impl Name {
	pub fn of(bytes: &[u8]) -> Self {
		let mut hasher = blake3::Hasher::new();
		// Large inputs by all threads: the same hash.
		if bytes.len() > 1 << 20 {
			hasher.update_rayon(bytes);
		} else {
			hasher.update(bytes);
		}
		Self(*hasher.finalize().as_bytes())
	}
}

impl fmt::Display for Name {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.write_str(&blake3::Hash::from_bytes(self.0).to_hex())
	}
}

impl fmt::Debug for Name {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		fmt::Display::fmt(self, f)
	}
}

impl std::str::FromStr for Name {
	type Err = Error;

	fn from_str(text: &str) -> Result<Self> {
		let hash = blake3::Hash::from_hex(text).map_err(|_| Error::invalid("a name is 64 hexadecimal digits"))?;
		Ok(Self(*hash.as_bytes()))
	}
}

impl Serialize for Name {
	fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
		serializer.collect_str(self)
	}
}

impl<'de> Deserialize<'de> for Name {
	fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
		String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
	}
}

/// An artifact as manifests name it. The size is part of it, so that room is known before anything is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Artifact {
	pub hash: Name,
	pub bytes: u64,
}

impl Artifact {
	pub fn of(bytes: &[u8]) -> Self {
		Self { hash: Name::of(bytes), bytes: bytes.len() as u64 }
	}
}

/// From where artifacts come and to where they go.
pub trait Store: Send + Sync {
	/// Exactly the bytes of that name and size.
	fn get(&self, artifact: &Artifact) -> Result<Vec<u8>>;
	fn put(&self, bytes: &[u8]) -> Result<Artifact>;
}

/// No artifact is larger than this.
pub const MOST_BYTES: u64 = 8 << 30;

/// A folder in which each artifact is a file with its name.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

impl Folder {
	pub fn new(path: impl Into<PathBuf>) -> Self {
		Self(path.into())
	}

	pub fn path(&self, name: &Name) -> PathBuf {
		self.0.join(name.to_string())
	}
}

impl Folder {
	/// The bytes of that name, whatever their size. `None` if they are not here, or are others.
	pub fn find(&self, name: &Name) -> Option<Vec<u8>> {
		let bytes = read_file(&self.path(name), MOST_BYTES).ok()?;
		(Name::of(&bytes) == *name).then_some(bytes)
	}
}

/// Artifacts in memory.
#[derive(Debug, Default)]
pub struct Memory(Mutex<HashMap<Name, Vec<u8>>>);

impl Store for Memory {
	fn get(&self, artifact: &Artifact) -> Result<Vec<u8>> {
		let kept = self.0.lock().map_err(|_| anyhow::anyhow!("a thread has failed"))?;
		let bytes = kept.get(&artifact.hash).filter(|bytes| bytes.len() as u64 == artifact.bytes);
		bytes.cloned().ok_or_else(|| Error::Missing(artifact.hash.to_string()))
	}

	fn put(&self, bytes: &[u8]) -> Result<Artifact> {
		let artifact = Artifact::of(bytes);
		let mut kept = self.0.lock().map_err(|_| anyhow::anyhow!("a thread has failed"))?;
		kept.insert(artifact.hash, bytes.to_vec());
		Ok(artifact)
	}
}

/// A file of at most so many bytes.
pub fn read_file(path: &Path, most: u64) -> Result<Vec<u8>> {
	let file = fs::File::open(path)?;
	let size = file.metadata()?.len();
	ensure(size <= most, format_args!("{} has {size} bytes, more than {most}", path.display()))?;
	let mut bytes = Vec::new();
	file.take(most).read_to_end(&mut bytes)?;
	Ok(bytes)
}

impl Store for Folder {
	fn get(&self, artifact: &Artifact) -> Result<Vec<u8>> {
		ensure(artifact.bytes <= MOST_BYTES, "an artifact of more than 8 GiB")?;
		let path = self.path(&artifact.hash);
		let missing = || Error::Missing(artifact.hash.to_string());
		let size = fs::metadata(&path).map_err(|_| missing())?.len();
		if size != artifact.bytes {
			return Err(missing());
		}
		let bytes = read_file(&path, artifact.bytes)?;
		if Artifact::of(&bytes) == *artifact {
			Ok(bytes)
		} else {
			Err(missing())
		}
	}

	fn put(&self, bytes: &[u8]) -> Result<Artifact> {
		let artifact = Artifact::of(bytes);
		let path = self.path(&artifact.hash);
		if !path.exists() {
			fs::create_dir_all(&self.0)?;
			// Under another name first: who looks never finds half of it.
			let mut file = tempfile::NamedTempFile::new_in(&self.0)?;
			file.write_all(bytes)?;
			file.persist(&path).map_err(|error| error.error)?;
		}
		Ok(artifact)
	}
}
