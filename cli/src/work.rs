//! Manifests as clients have them: files, which name artifacts.

use crate::{Artifact, Error, Hash, Name, Result};
use ogpu_worker::{
	agent::engine::artifacts_of,
	artifacts::{read_file, Store},
	limits,
	manifest::{self, Manifest},
	workloads::{self, Shape},
};
use std::path::{Path, PathBuf};

/// A manifest, and where it was.
#[derive(Clone, Debug, PartialEq)]
pub struct Work {
	pub bytes: Vec<u8>,
	pub manifest: Manifest,
	/// What it names.
	pub named: Vec<Artifact>,
	/// The folder in which it was.
	pub beside: PathBuf,
}

impl Work {
	pub fn read(path: &Path) -> Result<Self> {
		let wrong = |error: &dyn std::fmt::Display| Error::Invalid(format!("{}: {error}", path.display()));
		let bytes = read_file(path, limits::MANIFEST_BYTES as u64).map_err(|error| wrong(&error))?;
		let beside = path.parent().unwrap_or(Path::new("")).to_owned();
		let work = Self::parse(bytes).map_err(|error| wrong(&error))?;
		Ok(Self { beside, ..work })
	}

	pub fn parse(bytes: Vec<u8>) -> Result<Self> {
		let manifest = Manifest::parse(&bytes)?;
		let named = artifacts_of(&bytes)?;
		Ok(Self { bytes, manifest, named, beside: PathBuf::new() })
	}

	pub fn name(&self) -> Name {
		Name::of(&self.bytes)
	}

	pub fn hash(&self) -> Hash {
		self.name().0
	}

	/// What it weighs, with so many texts if it is a service.
	pub fn shape(&self, texts: u32, store: &dyn Store) -> Result<Shape> {
		Ok(workloads::shape(&self.manifest, texts, store)?)
	}

	/// What kind of work it is.
	pub fn kind(&self) -> &'static str {
		match self.manifest.work {
			manifest::Work::Train(_) => "train",
			manifest::Work::Embed(_) => "embed",
			manifest::Work::Generate(_) => "generate",
			manifest::Work::Render(_) => "render",
			manifest::Work::Benchmark(_) => "benchmark",
		}
	}

	/// The same service with another model: what training has made. The manifest is written anew.
	pub fn with_model(&self, model: &Artifact) -> Result<Self> {
		let text = std::str::from_utf8(&self.bytes).map_err(Error::invalid)?;
		let mut table: toml::Table = toml::from_str(text).map_err(Error::invalid)?;
		let work = table.get_mut("work").and_then(toml::Value::as_table_mut);
		let inner = work.and_then(|work| Some(work.iter_mut().next()?.1)).and_then(toml::Value::as_table_mut);
		let inner = inner.filter(|inner| inner.contains_key("model") && self.manifest.is_service());
		let inner = inner.ok_or_else(|| Error::invalid("this manifest is no service of a model"))?;
		inner.insert("model".into(), toml::Value::try_from(model).map_err(Error::invalid)?);
		let bytes = toml::to_string(&table).map_err(Error::invalid)?.into_bytes();
		Ok(Self { beside: self.beside.clone(), ..Self::parse(bytes)? })
	}
}

/// How long so many blocks take, in words.
pub fn in_time(blocks: u32) -> String {
	let seconds = u64::from(blocks).saturating_mul(3);
	match seconds {
		0..120 => format!("{seconds} s"),
		120..7_200 => format!("{} min", seconds.div_ceil(60)),
		7_200..172_800 => format!("{} h", seconds.div_ceil(3_600)),
		_ => format!("{} days", seconds.div_ceil(86_400)),
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use ogpu_worker::artifacts::Memory;

	fn example(name: &str) -> Work {
		Work::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../gpu-offchain/examples").join(name)).unwrap()
	}

	#[test]
	fn a_service_takes_another_model_and_nothing_else_changes() {
		let (service, model) = (example("service.toml"), Artifact::of(b"a model"));
		let changed = service.with_model(&model).unwrap();
		assert_eq!(changed.named, [model]);
		let before = service.shape(1, &Memory::default()).unwrap();
		let after = changed.shape(1, &Memory::default()).unwrap();
		assert_eq!((before.leaves, before.leaf), (after.leaves, after.leaf));
		assert!(example("render.toml").with_model(&model).is_err());
	}

	#[test]
	fn what_training_weighs_follows_from_its_manifest_alone() {
		let shape = example("train-text.toml").shape(0, &Memory::default()).unwrap();
		assert_eq!(shape.leaves, 4);
		assert!(shape.leaf.work > 0 && shape.memory_bytes > 0);
	}

	#[test]
	fn a_manifest_that_is_none_says_which_file_it_is() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("job.toml");
		std::fs::write(&path, "version = 2").unwrap();
		assert!(Work::read(&path).unwrap_err().to_string().contains("job.toml"));
		assert!(Work::read(&folder.path().join("none")).is_err());
	}

	#[test]
	fn blocks_are_told_as_time() {
		for (blocks, said) in [(1, "3 s"), (40, "2 min"), (2_400, "2 h"), (57_600, "2 days")] {
			assert_eq!(in_time(blocks), said);
		}
	}
}
