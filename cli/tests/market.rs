//! The commands of clients with a real node and real workers, which are paid for what they do. The binaries of the worker
//! and of the node are beside `ogpu`, or `OGPU_NODE` names the node.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

#[allow(dead_code, reason = "the worker's tests use the rest")]
#[path = "../../gpu-offchain/tests/network/world.rs"]
mod world;

use ogpu_protocol::token::OGPU;
use ogpu_worker::{
	artifacts::Artifact,
	chain::{
		calls::{self, operator},
		state,
		types::Conclusion,
		At, Call,
	},
	models::{decoder::Decoder, parameters, Trainable},
};
use serde_json::Value;
use std::{
	fs,
	io::{BufRead, BufReader},
	path::Path,
	process::{Command, Output, Stdio},
};
use tempfile::TempDir;
use world::{named, Party, Process, World};

const BINARY: &str = env!("CARGO_BIN_EXE_ogpu");
const PROVIDER: &str = "[[device]]\nid = DEVICE\nthreads = 1\n";
const VERIFIER: &str = "[verifier]\nenabled = true\nthreads = 1\n";

/// Somebody at a terminal, with a home of its own.
struct Person<'a> {
	name: &'static str,
	world: &'a World,
	folder: TempDir,
}

impl<'a> Person<'a> {
	fn new(world: &'a World, name: &'static str) -> Self {
		Self { name, world, folder: tempfile::tempdir().unwrap() }
	}

	fn path(&self) -> &Path {
		self.folder.path()
	}

	fn command(&self, args: &[&str]) -> Command {
		let mut command = Command::new(BINARY);
		command
			.args(args)
			.args(["--dev", self.name, "--node", &self.world.url, "--home"])
			.arg(self.path().join("home"));
		command.current_dir(self.path());
		command
	}

	/// Runs to its end. What it says goes where a test that fails shows it.
	async fn run(&self, args: &[&str]) -> Output {
		let mut command = self.command(args);
		let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
		println!("$ ogpu {}", args.join(" "));
		println!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
		output
	}

	/// The lines of JSON that it prints when it succeeds.
	async fn lines(&self, args: &[&str]) -> Vec<Value> {
		let output = self.run(args).await;
		assert_eq!(output.status.code(), Some(0), "{args:?}");
		let text = String::from_utf8(output.stdout).unwrap();
		text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
	}

	/// Runs until it is killed, from the moment at which it serves.
	fn share(&self) -> Process {
		let process = Process::start(self.name, &mut self.command(&["share"]));
		process.wait_for("serving ");
		process
	}
}

fn of<'v>(lines: &'v [Value], event: &str) -> &'v Value {
	lines.iter().find(|line| line["event"] == event).unwrap_or_else(|| panic!("no {event} in {lines:?}"))
}

async fn is_online(world: &World, party: &Party) {
	let heartbeat = async |at: &At| at.get(&state::DEVICES, (party.device,)).await.unwrap()?.heartbeat;
	world.until("the device is online", heartbeat).await;
}

/// A model that nobody has trained: it knows nothing, and writes something.
fn model(folder: &Path) -> std::path::PathBuf {
	let shape: Decoder = toml::from_str(SHAPE).unwrap();
	let all = shape.parameters();
	let values = all.iter().enumerate().map(|(index, parameter)| parameter.first_values(3, index).unwrap());
	let path = folder.join("model.safetensors");
	fs::write(&path, parameters::write(&all, &[("", &values.collect::<Vec<_>>())]).unwrap()).unwrap();
	path
}

const SHAPE: &str = "vocabulary = 256\nwidth = 32\nlayers = 1\nheads = 2\nkey_heads = 1\nhidden = 64\ncontext = 64\n\
	rope_base = 10000.0\nnorm_epsilon = 1e-5\nis_tied = true\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_is_published_asked_answers_before_the_verdict_and_its_result_is_fetched() {
	let world = world::world().await;
	// Eve publishes: a manifest of some model, and her own instead of it.
	let eve = Person::new(&world, "eve");
	let manifest = format!(
		"version = 1\nkernels = \"repro-1\"\n[work.generate]\nseed = 3\nmodel = {}\nprompt_tokens = 32\ntokens = 24\n\
		 block = 8\nstop = []\nsampling = \"greedy\"\n[work.generate.shape]\n{SHAPE}",
		named(&Artifact::of(b"another model"))
	);
	fs::write(eve.path().join("service.toml"), manifest).unwrap();
	model(eve.path());
	let refused = eve.run(&["serve", "service.toml", "--detach"]).await;
	assert_eq!(refused.status.code(), Some(1), "the manifest names a model that is nowhere");
	let args = ["serve", "service.toml", "--model", "model.safetensors", "--width", "1", "--detach", "--json"];
	let lines = eve.lines(&args).await;
	let service = of(&lines, "published")["service"].as_u64().unwrap() as u32;
	let number = service.to_string();
	// Those who join fetch the model from her.
	let _share = eve.share();

	let dave = Person::new(&world, "dave");
	let nobody = dave.run(&["ask", &number, "Once upon a time", "--lock"]).await;
	assert_eq!(nobody.status.code(), Some(1), "nobody serves it yet");
	assert!(String::from_utf8_lossy(&nobody.stderr).contains("no device serves it"));

	let mut bob = world.operator("Bob", 1_000 * OGPU, &format!("{PROVIDER}services = [{service}]\n")).await;
	bob.sender.send(&world.chain, &operator::join(service, bob.device)).await.unwrap();
	let mut verifier = world.operator("Alice", 0, VERIFIER).await;
	bob.start();
	verifier.start();
	is_online(&world, &bob).await;

	let quote = dave.lines(&["quote", "ask", &number, "Once upon a time", "--json"]).await;
	assert_eq!(quote[0]["quote"]["devices"][0]["reasons"], serde_json::json!([]), "Bob can do it: {quote:?}");

	let unlocked = dave.run(&["ask", &number, "Once upon a time"]).await;
	assert_eq!(unlocked.status.code(), Some(4), "a lock has to answer for the question");
	assert!(String::from_utf8_lossy(&unlocked.stderr).contains("ogpu lock "));

	let had = world.wealth(bob.account()).await;
	let args = ["ask", &number, "Once upon a time", "--window", "30s", "--lock", "--accept", "--json"];
	let lines = dave.lines(&args).await;
	let place = |event: &str| lines.iter().position(|line| line["event"] == event).unwrap();
	assert!(place("answer") < place("ended"), "the answer comes before the verdict");
	let answer = of(&lines, "answer");
	assert_eq!(answer["verified"], false);
	assert_eq!(answer["answer"].as_array().unwrap().len(), 1);
	assert_eq!(of(&lines, "ended")["accepted"], true);
	let name = of(&lines, "asked")["name"].as_str().unwrap();

	let fetched = dave.lines(&["fetch", &name[..12], "-o", "results", "--json"]).await;
	assert_eq!(fetched[0]["verified"], true);
	let file = fetched[0]["files"][0].as_str().unwrap();
	let written: Value = serde_json::from_slice(&fs::read(dave.path().join(file)).unwrap()).unwrap();
	assert_eq!(written, answer["answer"], "the same as was printed before the verdict");
	// Beside it lie the very bytes that were committed to, of which receipts speak.
	let files: Vec<&str> = fetched[0]["files"].as_array().unwrap().iter().map(|file| file.as_str().unwrap()).collect();
	let read = |end: &str| fs::read(dave.path().join(files.iter().find(|file| file.ends_with(end)).unwrap())).unwrap();
	let told: Value = serde_json::from_slice(&read(".result.json")).unwrap();
	assert_eq!(told["results"][0]["output"], Artifact::of(&read(".output")).hash.to_string());
	// It can be had when the verdict is final.
	let had_receipt = async |_: &At| {
		let output = dave.run(&["receipt", name, "-o", "receipt.json"]).await;
		output.status.success().then_some(())
	};
	world.until("Dave has a receipt", had_receipt).await;
	let receipt: Value = serde_json::from_slice(&fs::read(dave.path().join("receipt.json")).unwrap()).unwrap();
	assert_eq!(receipt["names"], serde_json::json!([name]));

	let status = dave.lines(&["status", "--json"]).await;
	assert!(status.iter().any(|line| line["name"] == name));
	let is_paid = async |_: &At| (world.wealth(bob.account()).await > had).then_some(());
	world.until("Bob is paid", is_paid).await;
	// What is somebody else's stays so.
	let others = Person::new(&world, "charlie").run(&["cancel", name]).await;
	assert_eq!(others.status.code(), Some(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_is_trained_while_its_client_stops_goes_on_and_fetches_it_and_is_served_afterwards() {
	let world = world::world().await;
	let bids = format!("{PROVIDER}bids = true\n[market]\ncost_of_tera = 10.0\n");
	let mut bob = world.operator("Bob", 1_000 * OGPU, &bids).await;
	let mut verifier = world.operator("Alice", 0, VERIFIER).await;
	bob.start();
	verifier.start();
	is_online(&world, &bob).await;

	let dave = Person::new(&world, "dave");
	let text = "All work and no play makes a dull model. ".repeat(40);
	fs::write(dave.path().join("text.txt"), &text).unwrap();
	let manifest = format!(
		"version = 1\nkernels = \"repro-1\"\n[work.train]\nseed = 7\nsteps = 12\nsegment = 3\nbatch = 4\ndata = {}\n\
		 [work.train.model.decoder]\npositions = 24\ntokens = \"bytes\"\n[work.train.model.decoder.shape]\n{SHAPE}\
		 [work.train.optimiser.adamw]\nbeta1 = 0.9\nbeta2 = 0.99\nepsilon = 1e-8\ndecay = 0.01\n\
		 [work.train.schedule]\nrate = 0.01\nwarmup = 2\ndecline = \"linear\"\nfloor = 0.0\nclip = 1.0\n",
		named(&Artifact::of(text.as_bytes()))
	);
	fs::write(dave.path().join("train.toml"), manifest).unwrap();
	let quote = dave.lines(&["quote", "train", "train.toml", "--ceiling", "1", "--json"]).await;
	assert_eq!(quote[0]["leaves"], 4);
	let missing = dave.run(&["train", "train.toml", "--ceiling", "1"]).await;
	assert_eq!(missing.status.code(), Some(1), "the text is not beside the manifest");
	assert!(String::from_utf8_lossy(&missing.stderr).contains("--data"));

	let args = ["train", "train.toml", "--data", "text.txt", "--ceiling", "1", "--lock", "--accept", "--json"];
	let mut command = dave.command(&args);
	let mut child = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
	let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
	let created: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
	assert_eq!(created["event"], "created");
	let name = created["name"].as_str().unwrap().to_owned();
	// Ctrl-C, in the middle of it.
	interrupt(child.id());
	assert_eq!(child.wait().unwrap().code(), Some(130));

	let watched = dave.lines(&["watch", &name, "--accept", "--json"]).await;
	assert_eq!(of(&watched, "ended")["accepted"], true);
	let fetched = dave.lines(&["fetch", &name, "-o", "results", "--json"]).await;
	assert_eq!(fetched[0]["verified"], true);
	let file = fetched[0]["files"][0].as_str().unwrap();
	let bytes = fs::read(dave.path().join(file)).unwrap();
	let shape: Decoder = toml::from_str(SHAPE).unwrap();
	let opened = parameters::open(&bytes).unwrap();
	for parameter in shape.parameters() {
		parameters::read(&opened, "", &parameter).expect("it is a model of the shape that was asked for");
	}

	// What was trained is served.
	let manifest = format!(
		"version = 1\nkernels = \"repro-1\"\n[work.generate]\nseed = 3\nmodel = {}\nprompt_tokens = 32\ntokens = 24\n\
		 block = 8\nstop = []\nsampling = \"greedy\"\n[work.generate.shape]\n{SHAPE}",
		named(&Artifact::of(b"another model"))
	);
	fs::write(dave.path().join("service.toml"), manifest).unwrap();
	let served = dave.lines(&["serve", "service.toml", "--model", &name, "--detach", "--json"]).await;
	assert!(of(&served, "published")["service"].is_u64());
}

/// What Ctrl-C does.
fn interrupt(process: u32) {
	let status = Command::new("kill").args(["-INT", &process.to_string()]).status().unwrap();
	assert!(status.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_runtime_upgrade_in_the_middle_of_a_request_changes_nothing_for_its_workers() {
	let world = world::world().await;
	let once = ogpu_protocol::class::Class {
		doubled_billionths: 0,
		leaves_billionths: 1,
		..ogpu_protocol::class::Class::STANDARD
	};
	let service = world.publish(1, once).await;
	let mut bob = world.operator("Bob", 1_000 * OGPU, &format!("{PROVIDER}services = [{service}]\n")).await;
	bob.sender.send(&world.chain, &operator::join(service, bob.device)).await.unwrap();
	let mut verifier = world.operator("Alice", 0, VERIFIER).await;
	bob.start();
	verifier.start();
	let heartbeat = async |at: &At| at.get(&state::DEVICES, (bob.device,)).await.unwrap()?.heartbeat;
	world.until("the device is online", heartbeat).await;
	let request = world.request(service, &["a text", "and another"]).await;
	bob.running().wait_for("phase=Committed");
	let before = world.chain.best().await.unwrap().spec_version();
	let code = calls::bytes(ogpu_runtime_testing::next_runtime());
	world.as_root(Call::new("System", "set_code").with("code", code)).await;
	world.until("the runtime is the next one", async |at| (at.spec_version() > before).then_some(())).await;
	assert_eq!(world.conclusion(request).await, Conclusion::Accepted);
	for party in [&mut bob, &mut verifier] {
		assert_eq!(world.faults(party.account()).await, []);
		let worker = party.worker.as_mut().unwrap();
		assert_eq!(worker.child.try_wait().unwrap(), None, "it is the process that was started first");
	}
}
