//! `ogpu dev` as people start it: real processes, real work, and what becomes of the money. The node is the one beside
//! `ogpu`, or the one that `OGPU_NODE` names.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

use futures::StreamExt;
use nix::{
	sys::signal::{kill, Signal},
	unistd::Pid,
};
use ogpu_protocol::token::{Balance, OGPU};
use ogpu_worker::{
	artifacts::{Artifact, Memory, Name, Store as _},
	chain::{
		calls::{client, operator},
		state,
		types::*,
		At, Chain, Entry, Sender,
	},
	job::Job,
	store::{Settings, Store},
};
use polkadot_sdk::sp_core::{ecdsa, Pair};
use serde_json::Value as Json;
use sha3::{Digest, Keccak256};
use std::{
	collections::BTreeSet,
	io::{BufRead, BufReader},
	net::TcpStream,
	path::{Path, PathBuf},
	process::{Child, Command, Stdio},
	str::FromStr,
	sync::mpsc,
	time::{Duration, Instant},
};
use subxt::ext::scale_value::Value;
use subxt_signer::{sr25519::Keypair, SecretUri};

const PROGRAM: &str = env!("CARGO_BIN_EXE_ogpu");
/// Nothing that a test waits for takes longer.
const PATIENCE: Duration = Duration::from_secs(40 * 60);

/// A running `ogpu dev --json`.
struct Network {
	child: Child,
	lines: mpsc::Receiver<Json>,
	ready: Json,
	/// All that it said until now.
	told: Vec<Json>,
}

impl Drop for Network {
	fn drop(&mut self) {
		let _ = self.child.kill();
		let _ = self.child.wait();
	}
}

impl Network {
	fn start(more: &[&str]) -> Self {
		let beside = Path::new(PROGRAM).with_file_name("ogpu-node");
		let node = std::env::var_os("OGPU_NODE").map_or(beside, PathBuf::from);
		assert!(node.is_file(), "no ogpu-node beside ogpu: `make build`, or name one in OGPU_NODE");
		let mut command = Command::new(PROGRAM);
		command.args(["dev", "--json", "--port", "0", "--node-bin"]).arg(node).args(more);
		let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
		let stdout = child.stdout.take().unwrap();
		let (sender, lines) = mpsc::channel();
		std::thread::spawn(move || {
			for line in BufReader::new(stdout).lines().map_while(Result::ok) {
				let json: Json = serde_json::from_str(&line).unwrap();
				match json["text"].as_str() {
					Some(text) => println!("block {}: {text}", json["block"]),
					None => println!("{line}"),
				}
				let _ = sender.send(json);
			}
		});
		let ready = lines.recv_timeout(PATIENCE).expect("it never was ready");
		assert_eq!(ready["ready"], true);
		Self { child, lines, ready, told: Vec::new() }
	}

	fn text(&self, pointer: &str) -> &str {
		self.ready.pointer(pointer).and_then(Json::as_str).unwrap_or_else(|| panic!("{pointer}: {}", self.ready))
	}

	fn service(&self, kind: &str) -> ServiceId {
		let services = self.ready["services"].as_array().unwrap();
		let found = services.iter().find(|service| service["kind"] == kind).unwrap();
		found["id"].as_u64().unwrap() as u32
	}

	fn signal(&self, signal: Signal) {
		kill(Pid::from_raw(self.child.id() as i32), signal).unwrap();
	}

	/// The events of this name that it told.
	fn events(&mut self, name: &str) -> Vec<Json> {
		self.told.extend(self.lines.try_iter());
		self.told.iter().filter(|line| line["event"] == name).cloned().collect()
	}

	/// Waits until nothing of it is left.
	fn is_gone(&self) {
		let address = self.text("/node").trim_start_matches("ws://").parse().unwrap();
		let folder = Path::new(self.text("/folder"));
		let end = Instant::now() + Duration::from_secs(30);
		let is_left = || folder.exists() || !processes_of(folder).is_empty();
		while is_left() || TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok() {
			assert!(Instant::now() < end, "left of {}: {:?}", folder.display(), processes_of(folder));
			std::thread::sleep(Duration::from_millis(100));
		}
	}
}

/// What runs with this path on its command line: its number, and that line.
fn processes_of(path: &Path) -> Vec<(i32, String)> {
	let path = path.to_str().unwrap();
	let all = std::fs::read_dir("/proc").unwrap().filter_map(|entry| {
		let entry = entry.ok()?;
		let line = std::fs::read(entry.path().join("cmdline")).ok()?;
		Some((entry.file_name().to_str()?.parse().ok()?, String::from_utf8_lossy(&line).replace('\0', " ")))
	});
	all.filter(|(_, line)| line.contains(path)).collect()
}

/// A worker of the network, which is stopped and goes on as it is told.
struct Worker(Pid);

impl Worker {
	fn of(network: &Network, name: &str) -> Self {
		let config = Path::new(network.text("/folder")).join(name).join("config.toml");
		let found = processes_of(&config);
		let [(number, _)] = found.as_slice() else { panic!("{}: {found:?}", config.display()) };
		Self(Pid::from_raw(*number))
	}

	fn signal(&self, signal: Signal) {
		kill(self.0, signal).unwrap();
	}
}

fn sender(name: &str) -> Sender {
	Sender::new(Keypair::from_uri(&SecretUri::from_str(&format!("//{name}")).unwrap()).unwrap())
}

/// A client of the network, whose store serves what it has done.
struct Client {
	sender: Sender,
	store: Store,
	_folder: tempfile::TempDir,
}

impl Client {
	async fn new(chain: &Chain, name: &str) -> Self {
		let folder = tempfile::tempdir().unwrap();
		let mut settings = Settings::new(folder.path().join("store"));
		settings.listen = "127.0.0.1:0".parse().unwrap();
		let store = Store::open(settings).await.unwrap();
		let sender = sender(name);
		let endpoint = store.endpoint().to_string();
		let worker = sender.account();
		let spec = operator::DeviceSpec { kind: DeviceKind::Cpu, name, memory_mb: 1, endpoint: &endpoint, worker };
		sender.send(chain, &operator::register_device(&spec)).await.unwrap();
		Self { sender, store, _folder: folder }
	}

	async fn keep(&self, bytes: &[u8]) -> Artifact {
		let artifact = self.store.add(bytes).await.unwrap();
		let until = std::time::SystemTime::now() + Duration::from_secs(86_400);
		self.store.keep(&artifact, [1; 32], until).await.unwrap();
		artifact
	}

	/// Asks a service; the request's name, and what sending it cost.
	async fn ask(&self, chain: &Chain, service: ServiceId, texts: &[&str]) -> (Hash, Balance) {
		let inputs = self.keep(&serde_json::to_vec(texts).unwrap()).await;
		let order = client::NewOrder {
			inputs: inputs.hash.0,
			ceiling_leaves: 4,
			prompt_work: 0,
			max_price: OGPU,
			window_blocks: 20,
			secret: None,
		};
		let sent = self.sender.send(chain, &client::request(service, &order)).await.unwrap();
		let at = chain.at(sent.block).await.unwrap();
		let requests = at.all(&state::REQUESTS, (), 1_000).await.unwrap();
		let own = requests
			.into_iter()
			.find(|(_, request)| request.client == self.sender.account() && request.order.inputs == inputs.hash.0);
		(own.expect("the request is there").0 .0, fee_of(&at, &self.sender.account()).await)
	}

	/// A job of the tiny GPT of `cli/examples`, in two parts: what stands between them is a checkpoint.
	async fn train(&self, chain: &Chain) -> Hash {
		let verses = include_bytes!("../examples/verses.txt");
		self.keep(verses).await;
		self.create(chain, include_str!("../examples/tiny-train.toml"), verses, 5_000).await
	}

	/// The same job with data that it never shows to anybody. A provider looks for it for half of the time that it has.
	async fn train_on_nothing(&self, chain: &Chain) -> Hash {
		let verses = include_str!("../examples/verses.txt").to_uppercase();
		let manifest = include_str!("../examples/tiny-train.toml");
		let shown = Artifact::of(include_bytes!("../examples/verses.txt")).hash.to_string();
		let hidden = Artifact::of(verses.as_bytes()).hash.to_string();
		assert!(manifest.contains(&shown));
		self.create(chain, &manifest.replace(&shown, &hidden), verses.as_bytes(), 320).await
	}

	async fn create(&self, chain: &Chain, manifest: &str, data: &[u8], longest_blocks: BlockNumber) -> Hash {
		let name = self.keep(manifest.as_bytes()).await;
		let memory = Memory::default();
		memory.put(data).unwrap();
		let job = Job::new(manifest.as_bytes(), None, None, &memory).unwrap();
		let cost = job.work.cost(0);
		let shape =
			LeafShape { work: cost.work, recompute_work: cost.recompute_work, fetched_bytes: cost.fetched_bytes };
		let job = client::NewJob {
			kind: JobKind::Training,
			manifest: name.hash.0,
			start: Name::of(&[]).0,
			leaves: job.work.most_leaves(),
			part_leaves: 2,
			leaf: shape,
			assurance: client::Assurance::Standard,
			capability: 0,
			needs: Needs { kind: None, memory_mb: 1, work_per_block: 1 },
			speed_billionths: 0,
			bidding_blocks: 20,
			longest_blocks,
			reopens: 0,
		};
		let sent = self.sender.send(chain, &client::create(&job, OGPU)).await.unwrap();
		let jobs = chain.at(sent.block).await.unwrap().all(&state::JOBS, (), 10).await.unwrap();
		let own =
			jobs.into_iter().find(|(_, own)| own.client == self.sender.account() && own.spec.manifest == job.manifest);
		own.expect("the job is there").0 .0
	}

	/// Waives the windows for challenges of its own tasks.
	async fn accept(&self, chain: &Chain, at: &At) {
		let now = at.get(&state::NOW, ()).await.unwrap().unwrap();
		for ((task,), record) in at.all(&state::TASKS, (), 1_000).await.unwrap() {
			let is_own = record.request.client == self.sender.account();
			if is_own && record.stage == Stage::Challengeable && record.due > now + 1 {
				let _ = self.sender.send(chain, &client::accept(task)).await;
			}
		}
	}
}

/// The fee that an account paid for its transaction in this block.
async fn fee_of(at: &At, who: &AccountId) -> Balance {
	let told = at.told().await.unwrap().into_iter().filter(|event| event.name == "TransactionFeePaid");
	let mut paid = told.filter_map(|event| {
		let fields: Vec<Value> = event.fields.into_values().collect();
		fields[1].as_u128().filter(|_| fields[0] == of(who))
	});
	paid.next().expect("a fee was paid")
}

/// An account as events hold it.
fn of(account: &AccountId) -> Value {
	Value::unnamed_composite([Value::unnamed_composite(account.iter().map(|byte| Value::u128((*byte).into())))])
}

/// What an account has, free and held.
async fn wealth(at: &At, account: &AccountId) -> Balance {
	let account = at.get(&state::ACCOUNTS, (*account,)).await.unwrap();
	account.map_or(0, |account| account.data.free + account.data.reserved)
}

/// Nothing was made and nothing lost: what all accounts have, free and held, is what was issued.
async fn adds_up(at: &At) {
	const ISSUANCE: Entry<(), Balance> = Entry::new("Balances", "TotalIssuance");
	let issued = at.get(&ISSUANCE, ()).await.unwrap().unwrap();
	let accounts = at.all(&state::ACCOUNTS, (), 10_000).await.unwrap();
	let sum: Balance = accounts.iter().map(|(_, account)| account.data.free + account.data.reserved).sum();
	assert_eq!(issued, sum, "at block {}", at.number());
	println!("block {}: {} accounts have {sum}, as was issued", at.number(), accounts.len());
}

/// What the holder of an Ethereum account does, from the list of holders to the tokens.
async fn a_holder_claims(node: &str, chain: &Chain) {
	// The first accounts of the phrase that Ethereum's tools use in development, and the key of the first.
	const HOLDERS: &str = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266,1000\n\
		0x70997970C51812dc3A010C7d01b50e0d17dc79C8,2000\n0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC,3000\n";
	const KEY: &str = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
	let folder = tempfile::tempdir().unwrap();
	let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
	let run = |arguments: &[&str]| {
		let output = Command::new(PROGRAM).args(arguments).output().unwrap();
		let said = String::from_utf8(output.stdout).unwrap();
		let error = String::from_utf8(output.stderr).unwrap();
		if output.status.success() {
			Ok(said)
		} else {
			Err(error)
		}
	};
	std::fs::write(file("holders.csv"), HOLDERS).unwrap();
	run(&["token", "snapshot", &file("holders.csv"), "--out", &file("")]).unwrap();
	let lines = std::fs::read_to_string(file("proofs.jsonl")).unwrap();
	std::fs::write(file("line"), lines.lines().next().unwrap()).unwrap();
	let account = [7; 32];
	let to = ogpu_worker::chain::address(&account);
	let genesis = ogpu_worker::chain::hex(&chain.genesis());
	let line = file("line");
	let message = run(&["token", "message", "--genesis", &genesis, "--proof", &line, "--to", &to]).unwrap();
	let signed = |text: &str| {
		let digest: [u8; 32] = Keccak256::digest(ogpu_protocol::claims::personal(text)).into();
		let signature = ecdsa::Pair::from_string(KEY, None).unwrap().sign_prehashed(&digest);
		ogpu_worker::chain::hex(signature.as_ref())
	};
	let claim = |to: &str, signature: &str| {
		run(&["claim", "--proof", &line, "--to", to, "--node", node, "--signature", signature])
	};
	let refused = claim(&to, &signed("I claim everything")).unwrap_err();
	assert!(refused.contains("another key signed, or another text") && refused.contains(&genesis), "{refused}");
	let said = claim(&to, &signed(&message)).unwrap();
	assert!(said.contains(&to) && said.contains("1000 OGPU"), "{said}");
	assert_eq!(wealth(&chain.best().await.unwrap(), &account).await, 1_000 * OGPU);
	// The same bytes again, or for somebody else.
	assert!(claim(&to, &signed(&message)).unwrap_err().contains("was sent before"));
	let again = claim(&ogpu_worker::chain::address(&[8; 32]), &signed(&message)).unwrap_err();
	assert!(again.contains("number 0 was claimed before"), "{again}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_network_for_development_work_is_sold_and_a_liar_pays() {
	let mut network = Network::start(&["--dishonest"]);
	let folder = PathBuf::from(network.text("/folder"));
	let chain = Chain::connect(&[network.text("/node").to_owned()], None).await.unwrap();
	let liar = network.ready["parties"].as_array().unwrap().iter().find(|party| party["dishonest"] == true).unwrap();
	let liar = ogpu_worker::chain::parse_account(liar["account"].as_str().unwrap()).unwrap();
	let (honest, embed) = (network.service("generate"), network.service("embed"));
	// What anybody can ask about a provider, with the tool.
	let asked = Command::new(PROGRAM).args(["provider", "bob", "--node", network.text("/node")]).output().unwrap();
	let said = String::from_utf8(asked.stdout).unwrap();
	assert!(asked.status.success() && said.contains("10000 OGPU") && said.contains("online"), "{said}");

	a_holder_claims(network.text("/node"), &chain).await;

	let dave = Client::new(&chain, "Dave").await;
	let eve = Client::new(&chain, "Eve").await;
	let job = dave.train(&chain).await;
	let withheld = dave.train_on_nothing(&chain).await;
	let (question, _) = dave.ask(&chain, honest, &["the cat"]).await;
	let mut heads = chain.heads().await.unwrap();
	let end = Instant::now() + PATIENCE;
	// Eve asks where the liar serves, until it leads: mostly at once.
	let mut lie: Option<(Hash, Balance, Balance)> = None;
	let mut convicted = None;
	let mut is_answered = false;
	let mut stages = BTreeSet::new();
	let at = loop {
		assert!(Instant::now() < end, "it never ended; seen: {stages:?}");
		let at = chain.best().await.unwrap();
		let Some((request, had, fee)) = lie else {
			let had = wealth(&at, &eve.sender.account()).await;
			let (request, fee) = eve.ask(&chain, embed, &["a first text", "another one", "a third", "the last"]).await;
			lie = Some((request, had, fee));
			continue;
		};
		dave.accept(&chain, &at).await;
		if convicted.is_none() && at.get(&state::REQUESTS, (request,)).await.unwrap().is_none() {
			let record = at.get(&state::RECORDS, (request,)).await.unwrap().expect("it was validated");
			if record.provider == liar {
				assert_eq!(record.conclusion, Conclusion::Convicted);
				convicted = Some((request, had, fee, at.number()));
			} else {
				assert_eq!(record.conclusion, Conclusion::Accepted);
				lie = None;
			}
		}
		if !is_answered {
			let record = at.get(&state::RECORDS, (question,)).await.unwrap();
			is_answered = record.is_some_and(|record| {
				assert_eq!(record.conclusion, Conclusion::Accepted);
				true
			});
		}
		let running = at.get(&state::JOBS, (job,)).await.unwrap();
		stages.extend(running.iter().map(|job| format!("{:?}", job.stage).chars().take(8).collect::<String>()));
		let is_withheld = at.get(&state::JOBS, (withheld,)).await.unwrap().is_some();
		if running.is_none() && !is_withheld && is_answered && convicted.is_some() {
			break at;
		}
		heads.next().await.unwrap().unwrap();
	};

	// The training job went through all of it, in two parts, each of which was paid.
	for (part, task) in [0, 1].map(|part| (part, ogpu_worker::agent::plan::task_name(&job, part))) {
		let record = at.get(&state::RECORDS, (task,)).await.unwrap().unwrap();
		assert_eq!(record.conclusion, Conclusion::Accepted, "part {part}");
	}
	// What is told of it is told a moment later.
	let hex = ogpu_worker::chain::hex;
	let of_job = |network: &mut Network, name: &str, job: &Hash| {
		network.events(name).into_iter().filter(|event| event["fields"]["job"] == *hex(job)).count()
	};
	while [job, withheld].iter().any(|job| of_job(&mut network, "TrainingAuction.Closed", job) == 0) {
		heads.next().await.unwrap().unwrap();
	}
	assert_eq!(of_job(&mut network, "TrainingAuction.PartCommitted", &job), 2);
	assert!(of_job(&mut network, "TrainingAuction.PartsPaid", &job) > 0);
	assert_eq!(of_job(&mut network, "TrainingAuction.Settled", &job), 1);

	// Of the other job nobody could do anything: a jury could not have its data either, and the client paid for the time.
	let records = at.all(&state::RECORDS, (), 1_000).await.unwrap();
	let at_fault = records.iter().filter(|(_, record)| record.conclusion == Conclusion::InputAtFault);
	let [((claimed,), _)] = at_fault.collect::<Vec<_>>()[..] else { panic!("one claim: {records:?}") };
	let faults = at.get(&state::FAULTS, (dave.sender.account(),)).await.unwrap().unwrap();
	assert!(faults.iter().any(|fault| fault.work == *claimed && fault.taken > 0), "{faults:?}");

	// The liar paid, and its client has all of it back, and a tenth of the fee more.
	let (request, had, sending, convicted_at) = convicted.unwrap();
	let faults = at.get(&state::FAULTS, (liar,)).await.unwrap().unwrap();
	assert!(faults.iter().any(|fault| fault.work == request && fault.taken > 0), "{faults:?}");
	let name = ogpu_worker::chain::hex(&request);
	let led = network.events("ContinuousPool.Led").into_iter().find(|led| led["fields"]["request"] == *name).unwrap();
	let fee: Balance = led["fields"]["fee"].as_str().unwrap().parse().unwrap();
	let has = wealth(&at, &eve.sender.account()).await;
	println!("Eve had {had}, paid {sending} for sending, and has {has}; the fee was {fee}");
	assert_eq!(has, had - sending + fee / 10);
	let is_told = |network: &mut Network| {
		network.events("StakingTrustlock.Slashed").iter().any(|slash| slash["fields"]["work"] == *name)
	};
	while !is_told(&mut network) {
		heads.next().await.unwrap().unwrap();
	}
	println!("convicted by block {convicted_at}, all done by block {}", at.number());
	adds_up(&at).await;

	// Ctrl-C, and it is as if it had never been.
	network.signal(Signal::SIGINT);
	assert!(network.child.wait().unwrap().success());
	network.is_gone();
	assert!(!folder.exists());
}

/// Somebody at a terminal.
struct Person<'a> {
	name: &'static str,
	node: &'a str,
	folder: &'a Path,
}

impl Person<'_> {
	fn command(&self, arguments: &[&str]) -> Command {
		let mut command = Command::new(PROGRAM);
		command.args(arguments).args(["--dev", self.name, "--node", self.node, "--json", "--home"]);
		command.arg(self.folder.join(self.name)).current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
		command
	}

	/// Runs to its end, and returns the lines that it printed.
	async fn run(&self, arguments: &[&str]) -> Vec<Json> {
		println!("$ ogpu {} --dev {}", arguments.join(" "), self.name);
		let mut command = self.command(arguments);
		let output = tokio::task::spawn_blocking(move || command.stderr(Stdio::inherit()).output().unwrap()).await;
		let output = output.unwrap();
		let said = String::from_utf8(output.stdout).unwrap();
		println!("{said}");
		assert_eq!(output.status.code(), Some(0), "{arguments:?}");
		said.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
	}

	/// Runs until it is dropped, from the moment at which it says this.
	fn start(&self, arguments: &[&str], event: &str) -> (Running, Json) {
		let mut child = self.command(arguments).stdout(Stdio::piped()).spawn().unwrap();
		let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
		let line = lines.find_map(|line| {
			let line: Json = serde_json::from_str(&line.unwrap()).unwrap();
			(line["event"] == event).then_some(line)
		});
		std::thread::spawn(move || lines.for_each(drop));
		(Running(child), line.unwrap_or_else(|| panic!("{arguments:?} never said {event}")))
	}
}

struct Running(Child);

impl Drop for Running {
	fn drop(&mut self) {
		let _ = self.0.kill();
		let _ = self.0.wait();
	}
}

fn line<'v>(lines: &'v [Json], event: &str) -> &'v Json {
	lines.iter().find(|line| line["event"] == event).unwrap_or_else(|| panic!("no {event} in {lines:?}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newcomer_trains_a_model_proves_it_serves_it_asks_it_and_has_texts_embedded_and_a_picture_rendered() {
	let minilm =
		std::env::var("OGPU_MINILM").expect("OGPU_MINILM names all-MiniLM-L6-v2: `make test-workers` fetches it");
	let network = Network::start(&[]);
	let node = network.text("/node").to_owned();
	let chain = Chain::connect(std::slice::from_ref(&node), None).await.unwrap();
	let folder = tempfile::tempdir().unwrap();
	let person = |name| Person { name, node: &node, folder: folder.path() };
	let (dave, eve) = (person("dave"), person("eve"));
	let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
	let (model, picture) = (file("model.safetensors"), file("picture.png"));
	// There are two frames.
	let first = file("picture-0.png");

	// Two jobs at once: a model, and a picture.
	let train =
		["train", "cli/examples/tiny-train.toml", "--data", "cli/examples/verses.txt", "--ceiling", "1", "--accept"];
	let train = [train.as_slice(), &["-o", &model]].concat();
	let render = ["render", "gpu-offchain/examples/render.toml", "--ceiling", "1", "--accept", "-o", &picture];
	let (trained, _) = tokio::join!(dave.run(&train), eve.run(&render));
	let job = line(&trained, "created")["name"].as_str().unwrap().to_owned();
	assert_eq!(line(&trained, "ended")["accepted"], true);
	let png = std::fs::read(&first).unwrap();
	// The width and the height of the first frame stand in its head.
	assert_eq!((&png[..8], &png[16..24]), (b"\x89PNG\r\n\x1a\n".as_slice(), &[0, 0, 0, 160, 0, 0, 0, 100][..]));

	// Anybody can be shown that this model is what came out of it.
	let mut heads = chain.heads().await.unwrap();
	let receipt: Json = loop {
		match chain.request("ogpu_receipt", &[job.clone().into()]).await {
			Ok(receipt) => break receipt,
			// Not final yet.
			Err(_) => heads.next().await.unwrap().unwrap(),
		};
	};
	std::fs::write(file("receipt.json"), receipt.to_string()).unwrap();
	let verify = |result: &str| {
		let arguments = ["verify", &file("receipt.json"), "--chain", "development", "--result", result];
		let output = Command::new(PROGRAM).args(arguments).output().unwrap();
		println!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
		output.status.code()
	};
	assert_eq!(verify(&model), Some(0));
	assert_eq!(verify(&first), Some(1), "another file is no result of it");

	// What was trained is served, and asked by somebody else.
	let serve = ["serve", "cli/examples/tiny-generate.toml", "--model", &model, "--width", "2"];
	let (_serving, published) = dave.start(&serve, "published");
	let service = published["service"].as_u64().unwrap();
	while at_least_two_serve(&chain, service as u32).await.is_none() {
		heads.next().await.unwrap().unwrap();
	}
	let asked = eve.run(&["ask", &service.to_string(), "the cat", "--window", "60s", "--accept"]).await;
	assert_eq!(line(&asked, "answer")["verified"], false, "the answer comes before the verdict");
	assert_eq!(line(&asked, "ended")["accepted"], true);

	// A model that others have trained: what comes back is what its makers' own software says.
	let manifest = include_str!("../../gpu-offchain/examples/embed.toml");
	let lines = manifest.lines().filter(|line| !line.starts_with("texts = "));
	std::fs::write(file("minilm.toml"), lines.collect::<Vec<_>>().join("\n")).unwrap();
	let (_serving_too, published) =
		dave.start(&["serve", &file("minilm.toml"), "--data", &minilm, "--width", "2"], "published");
	let service = published["service"].as_u64().unwrap();
	while at_least_two_serve(&chain, service as u32).await.is_none() {
		heads.next().await.unwrap().unwrap();
	}
	let reference: Json = serde_json::from_str(include_str!("../../gpu-offchain/tests/data/minilm.json")).unwrap();
	let texts: Vec<String> = serde_json::from_value(reference["texts"].clone()).unwrap();
	let mut arguments = vec!["embed".to_owned(), service.to_string()];
	arguments.extend(texts);
	arguments.extend(["--window", "90s", "--accept", "--private"].map(String::from));
	let embedded = eve.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).await;
	let vectors = |value: &Json| -> Vec<Vec<f64>> { serde_json::from_value(value.clone()).unwrap() };
	let (got, expected) = (vectors(&line(&embedded, "answer")["answer"]), vectors(&reference["embeddings"]));
	assert_eq!(got.iter().map(Vec::len).collect::<Vec<_>>(), vec![384; expected.len()]);
	let worst = got.iter().flatten().zip(expected.iter().flatten()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
	println!("the largest difference to transformers is {worst:.2e}");
	assert!(worst < 1e-5, "{worst}");
	assert_eq!(line(&embedded, "ended")["accepted"], true);
	adds_up(&chain.best().await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_checks_a_private_request_is_let_in_by_its_client_when_the_provider_does_not() {
	let network = Network::start(&["--providers", "1", "--width", "1"]);
	let node = network.text("/node").to_owned();
	let chain = Chain::connect(std::slice::from_ref(&node), None).await.unwrap();
	let folder = tempfile::tempdir().unwrap();
	let eve = Person { name: "eve", node: &node, folder: folder.path() };
	let (provider, verifier) = (Worker::of(&network, "bob"), Worker::of(&network, "alice"));
	let stands_at = async |wanted: Stage| {
		let mut heads = chain.heads().await.unwrap();
		loop {
			let at = chain.best().await.unwrap();
			let tasks = at.all(&state::TASKS, (), 1_000).await.unwrap();
			let is_eves = |task: &Task| task.request.client == sender("Eve").account();
			if tasks.iter().any(|(_, task)| is_eves(task) && task.stage == wanted) {
				return;
			}
			heads.next().await.unwrap().unwrap();
		}
	};
	let service = network.service("embed").to_string();
	let ask = ["embed", &service, "a secret", "--private", "--window", "60s", "--accept"];
	let steps = async {
		stands_at(Stage::Sealed).await;
		// Whoever checks looks for the inputs when the leaves are shown. Then the provider is silent.
		verifier.signal(Signal::SIGSTOP);
		stands_at(Stage::Auditing).await;
		provider.signal(Signal::SIGSTOP);
		verifier.signal(Signal::SIGCONT);
		// All have said what they found: now it has to show its result.
		stands_at(Stage::Revealing).await;
		provider.signal(Signal::SIGCONT);
	};
	let (asked, ()) = tokio::join!(eve.run(&ask), steps);
	assert_eq!(line(&asked, "ended")["accepted"], true);
}

async fn at_least_two_serve(chain: &Chain, service: ServiceId) -> Option<()> {
	let members = chain.best().await.unwrap().all(&state::MEMBERS, (service,), 10).await.unwrap();
	(members.len() >= 2).then_some(())
}

#[test]
fn a_network_that_is_killed_leaves_nothing_behind() {
	let mut network = Network::start(&["--no-services"]);
	let folder = PathBuf::from(network.text("/folder"));
	assert!(processes_of(&folder).len() >= 4, "a node and three workers");
	network.signal(Signal::SIGKILL);
	network.child.wait().unwrap();
	network.is_gone();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_that_is_kept_goes_on_where_it_was() {
	let folder = tempfile::tempdir().unwrap();
	let place = folder.path().join("network");
	let kept = ["--base-path", place.to_str().unwrap()];
	let mut numbers = Vec::new();
	for _ in 0..2 {
		let mut network = Network::start(&kept);
		let chain = Chain::connect(&[network.text("/node").to_owned()], None).await.unwrap();
		let at = chain.best().await.unwrap();
		let devices = at.get(&state::NEXT_DEVICE, ()).await.unwrap().unwrap();
		let services = at.get(&state::NEXT_SERVICE, ()).await.unwrap().unwrap();
		numbers.push((devices, services, network.ready["parties"].clone()));
		network.signal(Signal::SIGTERM);
		assert!(network.child.wait().unwrap().success());
		assert!(place.is_dir());
	}
	assert_eq!(numbers[0], numbers[1], "nothing is registered twice");
}
