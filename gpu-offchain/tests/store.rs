//! The store, over real QUIC on this machine, between real processes where it matters.

#![cfg(feature = "network")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod ask;
mod private;
mod rogue;

use ogpu_worker::{
	artifacts::{self, Artifact, Name},
	store::{Endpoint, Error, Fetched, Secret, Settings, Store, ENDPOINT_BYTES},
};
use rogue::{Rogue, Trick};
use serde_json::Value;
use std::{
	fs,
	io::{BufRead, BufReader},
	os::unix::fs::{FileExt, PermissionsExt},
	path::PathBuf,
	process::{Child, Command, Output, Stdio},
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

async fn fetch(to: &Store, artifact: &Artifact, from: &[&Store]) -> Result<Fetched, Error> {
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
		let fetched = taker.fetch(&artifact, &[giver.endpoint().clone()], |here| heard.push(here)).await.unwrap();
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

#[tokio::test(flavor = "multi_thread")]
async fn a_large_artifact_comes_from_all_who_have_it() {
	let place = Place::new();
	let (one, two, taker) = (place.open("one").await, place.open("two").await, place.open("taker").await);
	let bytes = noise(150 * MIB, 2);
	let artifact = one.add(bytes.clone()).await.unwrap();
	two.add(bytes.clone()).await.unwrap();
	let fetched = fetch(&taker, &artifact, &[&one, &two]).await.unwrap();
	assert_eq!(fetched.from.len(), 2, "{fetched:?}");
	assert!(fetched.refusals.is_empty(), "{fetched:?}");
	assert_eq!(taker.get(&artifact).await.unwrap(), bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_lies_stalls_or_goes_is_dropped_and_the_others_go_on() {
	let place = Place::new();
	let honest = place.open("honest").await;
	let bytes = noise(50 * MIB, 3);
	let artifact = honest.add(bytes.clone()).await.unwrap();
	for (nth, (trick, reason)) in [
		(Trick::Flip(5 * MIB as u64), "wrong bytes"),
		(Trick::Flip(100), "wrong bytes"),
		(Trick::Size(artifact.bytes + 1), "offers"),
		(Trick::Size(u64::MAX), "offers"),
		(Trick::Size(0), "offers"),
		(Trick::Cut(3 * MIB as u64), "cut off"),
		(Trick::Hang(0), "silent"),
		(Trick::Hang(3 * MIB as u64), "silent"),
		(Trick::Drip, "bytes in"),
		(Trick::Nothing, "does not have it"),
	]
	.into_iter()
	.enumerate()
	{
		let rogue = Rogue::new(&bytes, trick).await;
		let mut settings = place.settings(&format!("taker {nth}"));
		settings.patience.least_bytes_per_second = 1 << 20;
		let taker = Store::open(settings).await.unwrap();
		let alone = taker.fetch(&artifact, std::slice::from_ref(&rogue.endpoint), |_| {}).await.unwrap_err();
		assert!(matches!(&alone, Error::Unfetched { .. }) && alone.to_string().contains(reason), "{trick:?}: {alone}");
		assert!(!taker.has(&artifact).await.unwrap());
		assert!(matches!(taker.get(&artifact).await, Err(Error::Missing(_))), "half of it is nothing");
		let both = [rogue.endpoint.clone(), honest.endpoint().clone()];
		let fetched = taker.fetch(&artifact, &both, |_| {}).await.unwrap();
		assert!(fetched.from.iter().any(|(from, _)| from == honest.endpoint()), "{trick:?}: {fetched:?}");
		assert_eq!(taker.get(&artifact).await.unwrap(), bytes, "{trick:?}");
		taker.close().await;
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_silent_is_not_waited_for_while_another_has_it() {
	let place = Place::new();
	let giver = place.open("giver").await;
	let mut settings = place.settings("taker");
	settings.patience.connect = Duration::from_secs(600);
	let taker = Store::open(settings).await.unwrap();
	// They take what is sent, and answer nothing.
	let silent: Vec<_> = (0..2).map(|_| std::net::UdpSocket::bind("127.0.0.1:0").unwrap()).collect();
	let nobody = |socket: &std::net::UdpSocket| {
		Endpoint::new(Secret::generate().key(), vec![socket.local_addr().unwrap()], None).unwrap()
	};
	let mut sources: Vec<_> = silent.iter().map(nobody).collect();
	sources.extend([sources[0].clone(), giver.endpoint().clone()]);
	for (size, nth) in [(1_000, 1), (3 * MIB, 2)] {
		let artifact = giver.add(noise(size, nth)).await.unwrap();
		let fetching = async {
			assert_eq!(taker.find(&artifact.hash, u64::MAX, &sources).await.unwrap(), artifact);
			taker.fetch(&artifact, &sources, |_| {}).await.unwrap()
		};
		let fetched = tokio::time::timeout(Duration::from_secs(300), fetching).await.expect("it waits for nobody");
		assert_eq!(fetched.received(), size as u64);
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_home_is_said_soon() {
	let place = Place::new();
	let taker = place.open("taker").await;
	let gone = Secret::generate().key();
	let nobody = Endpoint::new(gone, vec!["127.0.0.1:9".parse().unwrap()], None).unwrap();
	let artifact = Artifact::of(b"nowhere");
	let error = taker.fetch(&artifact, &[nobody], |_| {}).await.unwrap_err();
	assert!(error.to_string().contains("does not answer"), "{error}");
	let error = taker.fetch(&artifact, &[], |_| {}).await.unwrap_err();
	assert!(error.to_string().contains("none to ask"), "{error}");
	let own = taker.endpoint().clone();
	assert!(taker.fetch(&artifact, &[own], |_| {}).await.is_err());
	assert_eq!(taker.usage().artifacts, 0, "what never came takes no room");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_with_a_wrong_size_harms_nothing() {
	let place = Place::new();
	let (giver, taker) = (place.open("giver").await, place.open("taker").await);
	let bytes = noise(20 * MIB, 4);
	let artifact = giver.add(bytes.clone()).await.unwrap();
	let wrong = Artifact { bytes: artifact.bytes - 5, ..artifact };
	// A rogue that agrees with the wrong name gets as far as the tree allows.
	let rogue = Rogue::new(&bytes, Trick::Size(wrong.bytes)).await;
	taker.fetch(&wrong, std::slice::from_ref(&rogue.endpoint), |_| {}).await.unwrap_err();
	fetch(&taker, &artifact, &[&giver]).await.unwrap();
	assert_eq!(taker.get(&artifact).await.unwrap(), bytes);
	assert!(matches!(taker.get(&wrong).await, Err(Error::Missing(_))));
	assert!(matches!(fetch(&taker, &wrong, &[&giver]).await, Err(Error::Invalid(_))));
	let absurd = Artifact { hash: Name::of(b"?"), bytes: u64::MAX };
	assert!(matches!(fetch(&taker, &absurd, &[&giver]).await, Err(Error::Invalid(_))));
	let empty = Artifact { hash: Name::of(b"?"), bytes: 0 };
	assert!(matches!(fetch(&taker, &empty, &[&giver]).await, Err(Error::Invalid(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_gives_all_bytes_in_order_and_ends_where_one_has_rotted() {
	let place = Place::new();
	let store = place.open("one").await;
	let bytes = noise(1_000_000, 7);
	let artifact = store.add(bytes.clone()).await.unwrap();
	let read = async || {
		let (mut stream, mut read) = (store.stream(&artifact).await?, Vec::new());
		while let Some(piece) = stream.recv().await {
			read.extend(piece?);
		}
		Ok::<_, Error>(read)
	};
	assert_eq!(read().await.unwrap(), bytes);
	// Somebody reads a little and goes.
	drop(store.stream(&artifact).await.unwrap());
	let file = fs::OpenOptions::new().write(true).open(place.at(&format!("one/data/{}.data", artifact.hash))).unwrap();
	file.write_all_at(&[bytes[500_000] ^ 1], 500_000).unwrap();
	assert!(matches!(read().await, Err(Error::Damaged(name)) if name == artifact.hash));
	assert!(matches!(store.stream(&artifact).await, Err(Error::Missing(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_restricted_goes_only_to_those_named() {
	let place = Place::new();
	let (giver, friend, stranger) =
		(place.open("giver").await, place.open("friend").await, place.open("stranger").await);
	let bytes = noise(100_000, 5);
	let artifact = Artifact::of(&bytes);
	giver.restrict(&artifact, &[friend.key()]).await.unwrap();
	giver.add(bytes).await.unwrap();
	let refused = fetch(&stranger, &artifact, &[&giver]).await.unwrap_err();
	assert!(refused.to_string().contains("refuses"), "{refused}");
	assert_eq!(giver.usage().refused, 1);
	fetch(&friend, &artifact, &[&giver]).await.unwrap();

	// What is served to everybody again is, until it is restricted anew.
	giver.lift(&artifact).await.unwrap();
	fetch(&place.open("another").await, &artifact, &[&giver]).await.unwrap();
	giver.restrict(&artifact, &[friend.key()]).await.unwrap();
	fetch(&stranger, &artifact, &[&giver]).await.unwrap_err();

	// A public list of hashes is no way around it.
	let list = giver.add(artifact.hash.0.to_vec()).await.unwrap();
	assert!(rogue::asks_for_a_list(giver.endpoint(), &list).await.contains("refused"));
	assert!(rogue::pushes(giver.endpoint()).await.contains("refused"));

	// It is still so after a restart, and ends with the artifact.
	giver.close().await;
	drop(giver);
	let giver = place.open("giver").await;
	fetch(&stranger, &artifact, &[&giver]).await.unwrap_err();
	giver.collect(SystemTime::now() + Duration::from_secs(3601)).await.unwrap();
	giver.add(noise(100_000, 5)).await.unwrap();
	fetch(&stranger, &artifact, &[&giver]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_stays_and_the_rest_makes_room() {
	let place = Place::new();
	let mut settings = place.settings("store");
	settings.quota_bytes = 10 * MIB as u64;
	let store = Store::open(settings.clone()).await.unwrap();
	let (now, later) = (SystemTime::now(), SystemTime::now() + Duration::from_secs(7200));
	let (task, other) = ([1; 32], [2; 32]);
	let first = store.add(noise(4 * MIB, 6)).await.unwrap();
	let second = store.add(noise(4 * MIB, 7)).await.unwrap();
	store.keep(&first, task, later).await.unwrap();
	store.keep(&first, other, later).await.unwrap();
	store.keep(&second, task, later).await.unwrap();

	let full = store.add(noise(4 * MIB, 8)).await.unwrap_err();
	let Error::Quota { missing, quota } = full else { panic!("{full}") };
	let trees = 3 * 4 * MIB as u64 / 256;
	assert_eq!((missing, quota), (2 * MIB as u64 + trees, 10 * MIB as u64));
	let giver = place.open("giver").await;
	let third = giver.add(noise(4 * MIB, 8)).await.unwrap();
	assert!(matches!(fetch(&store, &third, &[&giver]).await, Err(Error::Quota { .. })), "before the first byte");
	assert_eq!(giver.usage().served_bytes, 0);

	// Released by one of two, then by the other, across a restart: newcomers stay for their hour.
	store.release(task).await.unwrap();
	store.close().await;
	drop(store);
	let store = Store::open(settings).await.unwrap();
	assert_eq!(store.collect(now).await.unwrap(), 0);
	let after = now + Duration::from_secs(3700);
	assert!(store.collect(after).await.unwrap() >= 4 * MIB as u64);
	assert_eq!(store.list(), [(first, 1)]);
	assert!(matches!(store.get(&second).await, Err(Error::Missing(_))));
	fetch(&store, &third, &[&giver]).await.unwrap();
	store.keep(&third, task, after).await.unwrap();
	store.release(other).await.unwrap();
	store.collect(after).await.unwrap();
	assert!(matches!(store.get(&first).await, Err(Error::Missing(_))));
	assert!(matches!(store.keep(&first, task, later).await, Err(Error::Missing(_))), "too late");

	// What is kept runs out.
	store.collect(after + Duration::from_secs(10)).await.unwrap();
	assert_eq!(store.usage().artifacts, 0);
	assert_eq!(store.usage().bytes, 0);
	assert_eq!(fs::read_dir(place.at("store/data")).unwrap().count(), 0, "nothing is left on the disk");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_without_room_is_said_before_the_first_byte() {
	let place = Place::new();
	let giver = place.open("giver").await;
	let artifact = giver.add(noise(MIB, 9)).await.unwrap();
	let mut settings = place.settings("taker");
	settings.spare_bytes = 1 << 60;
	let taker = Store::open(settings).await.unwrap();
	assert!(matches!(fetch(&taker, &artifact, &[&giver]).await, Err(Error::Disk { .. })));
	assert!(matches!(taker.add(noise(MIB, 9)).await, Err(Error::Disk { .. })));
	assert_eq!(giver.usage().served_bytes, 0);
	assert_eq!(taker.usage().bytes, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_small_artifacts() {
	let place = Place::new();
	let (giver, taker) = (place.open("giver").await, place.open("taker").await);
	let mut artifacts = Vec::new();
	for nth in 0..1000 {
		artifacts.push(giver.add(noise(1 + nth * 7, nth as u64)).await.unwrap());
	}
	let from = [&giver];
	for chunk in artifacts.chunks(50) {
		let fetches = chunk.iter().map(|artifact| fetch(&taker, artifact, &from));
		for fetched in futures::future::join_all(fetches).await {
			fetched.unwrap();
		}
	}
	for (nth, artifact) in artifacts.iter().enumerate() {
		assert_eq!(taker.get(artifact).await.unwrap(), noise(1 + nth * 7, nth as u64));
	}
	taker.close().await;
	drop(taker);
	let taker = place.open("taker").await;
	assert_eq!(taker.usage().artifacts, 1000);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tasks_that_want_the_same_fetch_it_once() {
	let place = Place::new();
	let (giver, taker) = (place.open("giver").await, place.open("taker").await);
	let artifact = giver.add(noise(8 * MIB, 10)).await.unwrap();
	let from = [&giver];
	let (one, two) = tokio::join!(fetch(&taker, &artifact, &from), fetch(&taker, &artifact, &from));
	assert_eq!(one.unwrap().received() + two.unwrap().received(), artifact.bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_who_takes_everything_and_reads_nothing_keeps_nobody_out() {
	let place = Place::new();
	let giver = place.open("giver").await;
	let artifact = giver.add(noise(40 * MIB, 11)).await.unwrap();
	let greedy = rogue::Greedy::new(giver.endpoint(), &artifact, 6).await;
	let asked = greedy.is_left_with(4).await;
	assert!((64..=96).contains(&asked), "{asked} requests: no more on one connection");
	let taker = place.open("taker").await;
	fetch(&taker, &artifact, &[&giver]).await.unwrap();
	greedy.is_left_with(4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_byte_that_rots_on_the_disk_is_noticed_and_mended() {
	let place = Place::new();
	let (giver, taker) = (place.open("giver").await, place.open("taker").await);
	let bytes = noise(3 * MIB, 12);
	let artifact = giver.add(bytes.clone()).await.unwrap();
	fetch(&taker, &artifact, &[&giver]).await.unwrap();
	taker.keep(&artifact, [1; 32], SystemTime::now() + Duration::from_secs(9999)).await.unwrap();
	let file =
		fs::OpenOptions::new().write(true).open(place.at(&format!("taker/data/{}.data", artifact.hash))).unwrap();
	file.write_all_at(&[bytes[MIB] ^ 1], MIB as u64).unwrap();
	assert!(matches!(taker.get(&artifact).await, Err(Error::Damaged(name)) if name == artifact.hash));
	assert!(!taker.has(&artifact).await.unwrap());
	assert_eq!(fetch(&taker, &artifact, &[&giver]).await.unwrap().had, 0);
	assert_eq!(taker.get(&artifact).await.unwrap(), bytes);
}

#[test]
fn the_engine_reads_and_writes_it() {
	let place = Place::new();
	let runtime = tokio::runtime::Runtime::new().unwrap();
	let store = runtime.block_on(async { place.open("store").await.blocking() });
	let engine: &dyn artifacts::Store = &store;
	let artifact = engine.put(b"carry").unwrap();
	assert_eq!(engine.get(&artifact).unwrap(), b"carry");
	let missing = engine.get(&Artifact::of(b"nothing")).unwrap_err();
	assert!(matches!(missing, ogpu_worker::error::Error::Missing(_)));
}

#[test]
fn endpoints_are_text_that_the_registry_takes() {
	let key = Secret::generate().key();
	let sockets = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<_>>();
	let longest = sockets(&["[2001:db8:1111:2222:3333:4444:5555:6666]:65535", "255.255.255.254:65535"]);
	for (addresses, relay) in [
		(longest.clone(), None),
		(sockets(&["127.0.0.1:1", "10.0.0.1:2", "10.0.0.3:2"]), None),
		(vec![], Some("https://relay.example.org/".into())),
	] {
		let endpoint = Endpoint::new(key, addresses, relay).unwrap();
		let text = endpoint.to_string();
		assert!(text.len() <= ENDPOINT_BYTES, "{text}");
		assert_eq!(text.parse::<Endpoint>().unwrap(), endpoint);
		assert_eq!(Endpoint::try_from(text.as_bytes()).unwrap(), endpoint);
	}
	let many = [longest.clone(), longest].concat();
	assert!(Endpoint::new(key, many.clone(), None).is_err());
	assert_eq!(Endpoint::fitting(key, &many, None).unwrap().addresses().len(), 2);
	let weak = "y".repeat(52);
	for (text, reason) in [
		("", "KEY@ADDRESS"),
		("127.0.0.1:1", "KEY@ADDRESS"),
		(&format!("{key}@"), "no address"),
		(&format!("{key}@localhost:1"), "no address"),
		(&format!("{key}@0.0.0.0:1"), "nobody"),
		(&format!("{key}@224.0.0.1:1"), "nobody"),
		(&format!("{key}@10.0.0.1:0"), "nobody"),
		(&format!("{key}@http://,https://x"), "one relay"),
		(&format!("{key}@ftp://x"), "relay"),
		("x@10.0.0.1:1", "transport key"),
		(&format!("{weak}@10.0.0.1:1"), "small order"),
		(&"x".repeat(129), "128 bytes"),
	] {
		let error = text.parse::<Endpoint>().unwrap_err().to_string();
		assert!(error.contains(reason), "{text}: {error}");
	}
	assert!(Endpoint::try_from(&[0xff, 0xfe][..]).is_err());
}

proptest::proptest! {
	#[test]
	fn whatever_stands_in_the_registry_is_an_endpoint_or_an_error(
		text in ".{0,140}",
		addresses in "[0-9a-f:.\\[\\],/@]{0,70}",
		bytes in proptest::collection::vec(proptest::arbitrary::any::<u8>(), 0..140),
	) {
		let key = Secret::generate().key();
		for bytes in [text.into_bytes(), format!("{key}@{addresses}").into_bytes(), bytes] {
			if let Ok(endpoint) = Endpoint::try_from(&bytes[..]) {
				assert_eq!(endpoint.to_string().parse::<Endpoint>().unwrap(), endpoint);
			}
		}
	}
}

#[test]
fn the_key_is_ours_alone_and_never_half() {
	let place = Place::new();
	let path = place.at("keys/transport");
	let key = Secret::load(&path).unwrap().key();
	assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
	assert_eq!(Secret::load(&path).unwrap().key(), key);
	fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
	assert!(Secret::load(&path).unwrap_err().to_string().contains("chmod 600"));
	fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
	for wrong in [0, 31, 33] {
		fs::write(&path, vec![1; wrong]).unwrap();
		assert!(Secret::load(&path).unwrap_err().to_string().contains("exactly 32 bytes"), "{wrong}");
	}
}

/// A process of the command line, ended with the test.
struct Process(Child);

impl Drop for Process {
	fn drop(&mut self) {
		self.0.kill().ok();
		self.0.wait().ok();
	}
}

impl Place {
	fn command(&self, args: &[&str]) -> Command {
		let mut command = Command::new(env!("CARGO_BIN_EXE_ogpu-worker"));
		command.current_dir(self.0.path()).args(args);
		command
	}

	fn run(&self, args: &[&str]) -> Output {
		self.command(args).output().unwrap()
	}

	fn start(&self, args: &[&str]) -> (Process, impl Iterator<Item = Value>) {
		let mut child = self.command(args).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
		let lines = BufReader::new(child.stdout.take().unwrap()).lines();
		(Process(child), lines.map_while(Result::ok).map(|line| serde_json::from_str(&line).unwrap()))
	}
}

fn last_line(output: &Output) -> Value {
	assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
	let text = String::from_utf8_lossy(&output.stdout);
	serde_json::from_str(text.lines().last().unwrap()).unwrap()
}

#[test]
fn people_serve_and_fetch_files_and_go_on_after_a_kill() {
	let place = Place::new();
	let bytes = noise(80 * MIB, 14);
	fs::write(place.at("model"), &bytes).unwrap();
	let serve = |store: &str| {
		let args = ["serve", "model", "--store", store, "--listen", "127.0.0.1:0", "--upload", "30000000", "--json"];
		let (process, mut lines) = place.start(&args);
		let name = lines.next().unwrap()["name"].as_str().unwrap().to_owned();
		(process, name, lines.next().unwrap()["endpoint"].as_str().unwrap().to_owned())
	};
	let (mut one, name, first) = serve("one");
	let (_two, _, second) = serve("two");
	let fetch = ["fetch", &name, "--listen", "127.0.0.1:0", "-o", "copy", "--json", "--from", &first, &second];

	// Killed in the middle, and the first source with it.
	let (mut fetching, mut lines) = place.start(&fetch);
	let here = lines.find(|line| line["bytes"].as_u64().unwrap() > 40 * MIB as u64).unwrap()["bytes"].as_u64().unwrap();
	fetching.0.kill().unwrap();
	fetching.0.wait().unwrap();
	one.0.kill().unwrap();
	one.0.wait().unwrap();
	assert!(here < bytes.len() as u64 && !place.at("copy").exists());

	let done = last_line(&place.run(&fetch));
	let (had, received) = (done["had"].as_u64().unwrap(), done["received"].as_u64().unwrap());
	assert_eq!(had + received, bytes.len() as u64, "nothing came twice: {done}");
	// What was announced may have been on its way to the disk.
	assert!(had + 12 * MIB as u64 > here, "{had} of {here} were kept");
	assert_eq!(done["from"].as_array().unwrap().len(), 1, "{done}");
	assert!(fs::read(place.at("copy")).unwrap() == bytes);
}

#[test]
fn killed_while_it_adds_it_never_has_half() {
	let place = Place::new();
	let bytes = noise(64 * MIB, 15);
	fs::write(place.at("model"), &bytes).unwrap();
	let artifact = Artifact::of(&bytes);
	let temporary = place.at("store/temp");
	let is_at_work = || fs::read_dir(&temporary).is_ok_and(|mut files| files.next().is_some());
	for _ in 0..3 {
		let (mut adding, _) = place.start(&["serve", "model", "--listen", "127.0.0.1:0", "--json"]);
		while !is_at_work() {
			assert!(adding.0.try_wait().unwrap().is_none(), "it must run");
			std::thread::yield_now();
		}
		adding.0.kill().unwrap();
		adding.0.wait().unwrap();
	}
	tokio::runtime::Runtime::new().unwrap().block_on(async {
		let store = place.open("store").await;
		assert!(!is_at_work(), "leavings are swept");
		if store.has(&artifact).await.unwrap() {
			assert!(store.get(&artifact).await.unwrap() == bytes);
		}
		store.add_file(place.at("model")).await.unwrap();
		assert!(store.get(&artifact).await.unwrap() == bytes);
	});
}

#[test]
fn a_folder_belongs_to_one_process() {
	let place = Place::new();
	let (process, mut lines) = place.start(&["serve", "--listen", "127.0.0.1:0", "--json"]);
	lines.next().unwrap();
	let second = place.run(&["serve", "--listen", "127.0.0.1:0"]);
	let error = String::from_utf8(second.stderr).unwrap();
	assert_eq!(second.status.code(), Some(1));
	assert!(error.contains(&format!("in use by process {}", process.0.id())), "{error}");
	assert_eq!(error.lines().count(), 1, "{error}");
	drop(process);
	let (_process, mut lines) = place.start(&["serve", "--listen", "127.0.0.1:0", "--json"]);
	assert!(lines.next().is_some(), "a killed process holds nothing");
}

#[test]
fn a_disk_that_takes_no_more_is_an_error_that_harms_nothing() {
	let place = Place::new();
	let runtime = tokio::runtime::Runtime::new().unwrap();
	let giver = runtime.block_on(place.open("giver"));
	let bytes = noise(40 * MIB, 16);
	let artifact = runtime.block_on(giver.add(bytes.clone())).unwrap();
	let name = format!("{}:{}", artifact.hash, artifact.bytes);
	let endpoint = giver.endpoint().to_string();
	let fetch = ["fetch", &name, "--listen", "127.0.0.1:0", "-o", "copy", "--json", "--from", &endpoint];
	// No file may grow beyond 20 MiB, as on a disk that is full there.
	let mut limited = Command::new("bash");
	let script = format!("trap '' XFSZ; ulimit -f 20480; exec {} \"$@\"", env!("CARGO_BIN_EXE_ogpu-worker"));
	let full = limited.current_dir(place.0.path()).args(["-c", &script, "bash"]).args(fetch).output().unwrap();
	let error = String::from_utf8(full.stderr).unwrap();
	assert_eq!(full.status.code(), Some(1), "{error}");
	assert!(error.contains("the disk did not take it") && error.contains("File too large"), "{error}");
	assert!(!place.at("copy").exists());
	let done = last_line(&place.run(&fetch));
	assert!(done["had"].as_u64().unwrap() > 0, "what was written before is used: {done}");
	assert!(fs::read(place.at("copy")).unwrap() == bytes);
}

#[test]
fn wrong_words_are_refused_in_one_line() {
	let place = Place::new();
	let endpoint = format!("{}@127.0.0.1:1", Secret::generate().key());
	let name = "0".repeat(64) + ":1";
	for (args, reason) in [
		(["fetch", "x", "--from", &endpoint, "-o", "copy"], "HASH:BYTES"),
		(["fetch", "x:1", "--from", &endpoint, "-o", "copy"], "64 hexadecimal"),
		(["fetch", &name, "--from", "nobody", "-o", "copy"], "KEY@ADDRESS"),
		(["serve", "nothing", "--listen", "127.0.0.1:0", "--store", "s"], "No such file"),
		(["serve", ".", "--listen", "127.0.0.1:0", "--store", "s"], "no file"),
	] {
		let output = place.run(&args);
		let error = String::from_utf8(output.stderr).unwrap();
		assert!(!output.status.success() && error.contains(reason), "{args:?}: {error}");
	}
}
