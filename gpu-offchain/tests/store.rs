//! The store, over real QUIC on this machine, between real processes where it matters.

#![cfg(feature = "network")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use ogpu_worker::{
	artifacts::{self, Artifact, Name},
	store::{Endpoint, Error, Key, Secret, Settings, Store},
};
use std::{
	fs,
	path::{Path, PathBuf},
	time::{Duration, SystemTime},
};

const MIB: usize = 1 << 20;

/// Bytes that compress to nothing and are the same every time.
fn noise(bytes: usize, seed: u64) -> Vec<u8> {
	let mut noise = vec![0; bytes];
	let mut hasher = blake3::Hasher::new();
	hasher.update(&seed.to_le_bytes()).finalize_xof().fill(&mut noise);
	noise
}

struct Place(tempfile::TempDir);

impl Place {
	fn new() -> Self {
		Self(tempfile::tempdir().unwrap())
	}

	fn at(&self, name: &str) -> PathBuf {
		self.0.path().join(name)
	}

	fn settings(&self, name: &str) -> Settings {
		let mut settings = Settings::new(self.at(name));
		settings.listen = "127.0.0.1:0".parse().unwrap();
		settings.patience.silence = Duration::from_secs(2);
		settings.patience.connect = Duration::from_secs(2);
		settings
	}

	async fn open(&self, name: &str) -> Store {
		Store::open(self.settings(name)).await.unwrap()
	}
}

async fn fetch(to: &Store, artifact: &Artifact, from: &[&Store]) -> Result<ogpu_worker::store::Fetched, Error> {
	let sources: Vec<_> = from.iter().map(|store| store.endpoint().clone()).collect();
	to.fetch(artifact, &sources, |_| {}).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_adds_another_fetches() {
	let place = Place::new();
	let (giver, taker) = (place.open("giver").await, place.open("taker").await);
	for bytes in [0, 1, 1000, 16 << 10, (16 << 10) + 1, 5 * MIB + 7, 40 * MIB] {
		let bytes = noise(bytes, 1);
		let artifact = giver.add(bytes.clone()).await.unwrap();
		assert_eq!(artifact, Artifact::of(&bytes));
		assert_eq!(giver.get(&artifact).await.unwrap(), bytes);
		let mut heard = Vec::new();
		let fetched =
			taker.fetch(&artifact, &[giver.endpoint().clone()], |here| heard.push(here)).await.unwrap();
		assert!(heard.is_sorted() && *heard.last().unwrap() == artifact.bytes, "{heard:?}");
		assert_eq!(fetched.received(), artifact.bytes);
		assert_eq!(taker.get(&artifact).await.unwrap(), bytes);
		let file = place.at("out/file");
		taker.export(&artifact, &file).await.unwrap();
		assert_eq!(fs::read(&file).unwrap(), bytes);
		assert_eq!(taker.add_file(&file).await.unwrap(), artifact);
		assert_eq!(fetch(&taker, &artifact, &[&giver]).await.unwrap().received(), 0, "not twice");
	}
	giver.close().await;
	taker.close().await;
}
