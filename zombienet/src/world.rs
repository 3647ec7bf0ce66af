//! Who works on a network, and for whom: providers and verifiers with their workers, and clients at their terminals. All
//! of them use the programs as people do.

use std::{
	fs,
	future::Future,
	net::UdpSocket,
	os::unix::fs::PermissionsExt,
	path::{Path, PathBuf},
	str::FromStr,
	time::Instant,
};

use anyhow::{bail, ensure, Context, Result};
use serde_json::Value as Json;
use tokio::{process::Command, time::timeout};
use zombienet_sdk::{
	subxt::{dynamic::Value, ext::scale_value::At as _, utils::H256},
	subxt_signer::{sr25519::Keypair, SecretUri},
};

use crate::{
	chain::{account, number, variant, Account, Chain},
	model,
	process::{Lines, Process},
	with_network, Head, Node, TestNetwork, LONGEST,
};

/// What stands for the work of a provider, in OGPU.
const PROVIDERS_LOCK: &str = "10000";
/// What stands for the inputs of a client, and for services.
const CLIENTS_LOCK: &str = "1000";
/// In multiply-adds for a block: more than any machine has, so that no work is declined as too much.
const SPEED: u128 = 1_000_000_000_000;
/// A device that is taken to be this many times as fast is drawn first that many times as often.
const HASTE: u128 = 3;

/// Who takes part, by the paths of well-known keys.
pub struct Cast {
	/// In the order of their prices, the cheapest first.
	pub providers: &'static [&'static str],
	/// Validators that check work. Those that are not named withdraw their seats.
	pub verifiers: &'static [&'static str],
	/// How surely answers of the services are checked.
	pub class: &'static str,
	/// Those of both whose workers compute with another engine, which is given the path of the honest one.
	pub engines: fn(&str) -> Option<&'static str>,
}

/// All honest.
pub const HONEST: fn(&str) -> Option<&'static str> = |_| None;

const VALIDATORS: [&str; 4] = ["Alice", "Bob", "Charlie", "Dave"];
const PUBLISHER: &str = "Ferdie";
/// Clients. Each of them may ask many things at once.
pub const CLIENTS: [&str; 3] = ["Eve", "Bob//stash", "Charlie//stash"];

/// A network with people.
pub struct World<'n> {
	pub network: &'n mut TestNetwork,
	/// A node without keys, through which people and we look at the chain.
	pub watch: Node,
	pub providers: Vec<Worker>,
	pub verifiers: Vec<Worker>,
	/// The services of the kinds generate and embed.
	pub services: [u32; 2],
	tools: Tools,
	_publisher: Vec<Process>,
}

/// Runs `story` among people on a fresh network.
pub async fn with_world(cast: &Cast, story: impl AsyncFnOnce(&mut World) -> Result<()>) -> Result<()> {
	with_network("network.toml", async |network| {
		let mut world = World::begin(network, cast).await?;
		story(&mut world).await
	})
	.await
}

impl<'n> World<'n> {
	async fn begin(network: &'n mut TestNetwork, cast: &Cast) -> Result<Self> {
		let start = Instant::now();
		let watch = network.join("watch", &["--no-mdns"]).await?;
		watch.reach(Head::Finalized, 1).await?;
		let alice = network.node("alice")?;
		let tools = Tools::new(network.dir(), [&watch, &alice])?;
		let chain = Chain::connect(watch.url()).await?;

		let mut people = Vec::new();
		for (number, name) in cast.providers.iter().enumerate() {
			people.push(tools.worker(name, Some(number), cast)?);
		}
		for name in cast.verifiers {
			people.push(tools.worker(name, None, cast)?);
		}
		let introduced = async {
			let mut tasks = Vec::new();
			for person in &people {
				tasks.push(person.introduce(&tools, &chain));
			}
			try_all(tasks).await
		};
		let idle: Vec<_> = VALIDATORS.iter().filter(|name| !cast.verifiers.contains(name)).collect();
		let idle = async { try_all(idle.iter().map(|name| tools.withdraws_seats(name))).await };
		let clients = async { try_all(CLIENTS.iter().map(|name| tools.locks(name, CLIENTS_LOCK))).await };
		let (devices, services, ..) = tokio::try_join!(introduced, tools.publish(cast.class), idle, clients)?;
		for (person, device) in people.iter_mut().zip(devices) {
			person.device = device;
		}
		let ([generate, embed], publisher) = services;
		let services = [generate, embed];
		let verifiers = people.split_off(cast.providers.len());
		let providers = people;
		let fast: Vec<_> = providers.iter().map(|worker| (worker.device, worker.speed())).collect();
		let joins = async {
			let each = providers.iter().flat_map(|worker| services.map(|service| (worker, service)));
			// Of one account, one after the other.
			for service in services {
				try_all(
					each.clone().filter(|(_, which)| *which == service).map(|(worker, _)| tools.joins(worker, service)),
				)
				.await?;
			}
			anyhow::Ok(())
		};
		chain.measure(&fast).await?;
		joins.await?;

		let mut world = Self { network, watch, providers, verifiers, services, tools, _publisher: publisher };
		let services = world.services;
		for worker in world.providers.iter_mut().chain(&mut world.verifiers) {
			worker.services = services;
			worker.start(&world.tools)?;
		}
		let devices: Vec<_> = world.providers.iter().map(|worker| worker.device).collect();
		world
			.watch
			.until("all providers are online", async |chain, at| {
				for device in &devices {
					let device =
						chain.get(at, "StakingTrustlock", "Devices", vec![Value::u128((*device).into())]).await?;
					let heartbeat = device.as_ref().and_then(|device| device.at("heartbeat")).and_then(variant);
					if heartbeat != Some("Some") {
						return Ok(None);
					}
				}
				Ok(Some(()))
			})
			.await?;
		eprintln!("everybody is at work after {:.1?}", start.elapsed());
		Ok(world)
	}

	/// A client begins something with the tool.
	pub fn order(&self, client: &str, what: Order, number: u64) -> Result<Ordered> {
		let out = self.tools.home(client)?.join(format!("{number}.out"));
		let arguments = what.arguments(self.services, number, &out);
		let log = self.tools.home(client)?.join(format!("{}-{number}.log", what.name()));
		let (process, lines) = Process::start(self.tools.client(client, &arguments)?, &log)?;
		Ok(Ordered { process, lines, what, client: client.to_owned(), number })
	}

	pub fn worker(&mut self, name: &str) -> Result<&mut Worker> {
		let all = self.providers.iter_mut().chain(&mut self.verifiers);
		all.into_iter().find(|worker| worker.name == name).with_context(|| format!("nobody is called {name}"))
	}

	/// Starts somebody's worker, or starts it again.
	pub fn start(&mut self, name: &str) -> Result<Lines> {
		let tools = self.tools.clone();
		self.worker(name)?.start(&tools)
	}
}

impl Node {
	/// A connection to its chain as it is now.
	pub async fn chain(&self) -> Result<Chain> {
		Chain::connect(self.url()).await
	}

	/// Waits until something is so in a new block. Where the node is gone for a while, it waits for the node as well.
	pub async fn until<T>(
		&self,
		what: &str,
		mut is_so: impl AsyncFnMut(&Chain, H256) -> Result<Option<T>>,
	) -> Result<T> {
		let waiting = async {
			loop {
				let watching = async {
					let chain = self.chain().await?;
					let mut heads = chain.heads(false).await?;
					loop {
						let (best, _) = chain.head(false).await?;
						if let Some(found) = is_so(&chain, best).await? {
							return anyhow::Ok(found);
						}
						heads.next().await?;
					}
				};
				match watching.await {
					Ok(found) => return found,
					Err(error) => eprintln!("{what}: {error:#}; trying again"),
				}
				tokio::time::sleep(std::time::Duration::from_secs(2)).await;
			}
		};
		let start = Instant::now();
		let found = timeout(LONGEST, waiting).await.with_context(|| format!("not within {LONGEST:?}: {what}"))?;
		eprintln!("{what}: after {:.1?}", start.elapsed());
		Ok(found)
	}
}

/// What clients ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
	Ask,
	Embed,
	Train,
	Render,
}

impl Order {
	pub const ALL: [Self; 4] = [Self::Ask, Self::Embed, Self::Train, Self::Render];

	pub fn name(self) -> &'static str {
		match self {
			Self::Ask => "ask",
			Self::Embed => "embed",
			Self::Train => "train",
			Self::Render => "render",
		}
	}

	fn arguments(self, [generate, embed]: [u32; 2], number: u64, out: &Path) -> Vec<String> {
		let text = |text: &str| format!("{text} {number}");
		let out = out.display().to_string();
		let own = match self {
			Self::Ask => vec![generate.to_string(), text("the cat"), "--window".into(), "90s".into()],
			Self::Embed => {
				vec![
					embed.to_string(),
					text("a text"),
					text("another"),
					text("a third"),
					"--window".into(),
					"90s".into(),
				]
			}
			Self::Train => vec![
				example("cli/examples/tiny-train.toml"),
				"--data".into(),
				example("cli/examples/verses.txt"),
				"--parts".into(),
				"2".into(),
				"--ceiling".into(),
				"1".into(),
				"-o".into(),
				out,
			],
			Self::Render => {
				vec![example("gpu-offchain/examples/render.toml"), "--ceiling".into(), "1".into(), "-o".into(), out]
			}
		};
		[vec![self.name().into()], own, vec!["--accept".into(), "--json".into()]].concat()
	}
}

/// A file of the repository.
fn example(path: &str) -> String {
	Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path).display().to_string()
}

/// Something that a client has asked for, and waits for.
pub struct Ordered {
	process: Process,
	lines: Lines,
	pub what: Order,
	pub client: String,
	pub number: u64,
}

/// How it ended.
#[derive(Clone, Debug)]
pub struct Ended {
	pub is_accepted: bool,
	pub why: String,
}

impl Ordered {
	/// Its name on the chain, once it is there.
	pub async fn name(&mut self) -> Result<Account> {
		let event = if matches!(self.what, Order::Ask | Order::Embed) { "asked" } else { "created" };
		let told = self.lines.event(event).await?;
		let name = told.get("name").and_then(Json::as_str).context("an order without a name")?;
		let digits = H256::from_str(name)?;
		Ok(digits.0)
	}

	/// Waits for the verdict.
	pub async fn ended(mut self) -> Result<Ended> {
		let told = self.lines.event("ended").await;
		let status = timeout(LONGEST, self.process.ended()).await.context("it never ended")??;
		let told = told.with_context(|| format!("{} of {}: {status}", self.what.name(), self.client))?;
		let is_accepted = told.get("accepted").and_then(Json::as_bool).context("no verdict")?;
		let why = told.get("why").and_then(Json::as_str).unwrap_or_default().to_owned();
		ensure!(status.success() == is_accepted, "{}: {why}, and {status}", self.what.name());
		Ok(Ended { is_accepted, why })
	}

	pub fn process(&self) -> &Process {
		&self.process
	}
}

/// Somebody with a worker.
pub struct Worker {
	pub name: &'static str,
	pub account: Account,
	pub device: u32,
	/// How dear it is, if it provides.
	price: Option<usize>,
	services: [u32; 2],
	engine: Option<PathBuf>,
	listen: String,
	pub process: Option<Process>,
}

impl Worker {
	/// What its configuration says beside what `init` writes.
	fn settings(&self, tools: &Tools) -> Vec<(&'static str, String)> {
		let nodes = tools.nodes.iter().map(|node| format!("{node:?}")).collect::<Vec<_>>().join(", ");
		let mut settings = vec![
			("CHAIN__NODES", format!("[{nodes}]")),
			("STORE__LISTEN", format!("{:?}", self.listen)),
			("METRICS__LISTEN", "\"127.0.0.1:0\"".into()),
		];
		if let Some(engine) = &self.engine {
			settings.push(("ENGINE", format!("{engine:?}")));
		}
		match self.price {
			Some(price) => {
				let (device, [generate, embed]) = (self.device, self.services);
				let device = format!(
					"[{{ id = {device}, threads = 1, queue = 16, services = [{generate}, {embed}], bids = true, benchmarks = false }}]"
				);
				settings
					.extend([("DEVICE", device), ("MARKET__COST_OF_TERA", format!("{}.0", price.saturating_add(1)))]);
			}
			None => settings.push(("VERIFIER__ENABLED", "true".into())),
		}
		settings
	}

	fn command(&self, tools: &Tools, arguments: &[&str]) -> Result<Command> {
		let mut command = tools.command("ogpu-worker", self.name)?;
		command.args(arguments).arg("--config").arg(tools.home(self.name)?.join("config.toml"));
		Ok(command)
	}

	/// Locks what it needs to, and registers its worker key and its device, of which it returns the number.
	async fn introduce(&self, tools: &Tools, chain: &Chain) -> Result<u32> {
		let data = tools.home(self.name)?.join("data");
		let node = tools.nodes.first().context("there is no node")?;
		run(self.command(tools, &["init", "--data", &data.to_string_lossy(), "--node", node])?).await?;
		let key = tools.key(self.name)?.display().to_string();
		let steps: [&[&str]; 3] = [
			&["lock", PROVIDERS_LOCK],
			&["authorise", "--fees", "10"],
			&["register", self.name, "--kind", "cpu", "--memory-mb", "16384"],
		];
		// Validators have locked the bond of their seats at genesis.
		for step in steps.iter().skip(usize::from(self.price.is_none())) {
			let mut command = self.command(tools, &["operator", "--key", &key])?;
			command.args(*step);
			for (name, value) in self.settings(tools).into_iter().take(3) {
				command.env(format!("OGPU_WORKER_{name}"), value);
			}
			run(command).await?;
		}
		let (at, _) = chain.head(true).await?;
		let operator = chain.get(at, "StakingTrustlock", "Operators", vec![Value::from_bytes(self.account)]).await?;
		let devices = operator.as_ref().and_then(|operator| operator.at("devices"));
		let device = devices.and_then(|devices| devices.at(0)).or(devices).and_then(number);
		Ok(u32::try_from(device.with_context(|| format!("{} has no device", self.name))?)?)
	}

	/// Starts it, and listens from the beginning.
	fn start(&mut self, tools: &Tools) -> Result<Lines> {
		let mut command = self.command(tools, &["start"])?;
		command.env("RUST_LOG", "warn,ogpu_worker=debug");
		for (name, value) in self.settings(tools) {
			command.env(format!("OGPU_WORKER_{name}"), value);
		}
		let (process, lines) = Process::start(command, &tools.log(self.name)?)?;
		self.process = Some(process);
		Ok(lines)
	}

	/// Ends it without a chance to clean up.
	pub async fn kill(&mut self) -> Result<()> {
		match self.process.take() {
			Some(process) => process.kill().await,
			None => Ok(()),
		}
	}

	/// Who does not compute as others do is drawn before them more often.
	fn speed(&self) -> u128 {
		match self.engine {
			Some(_) => SPEED.saturating_mul(HASTE),
			None => SPEED,
		}
	}

	pub fn running(&self) -> Result<&Process> {
		self.process.as_ref().with_context(|| format!("the worker of {} does not run", self.name))
	}
}

/// The programs, and where people keep their things.
#[derive(Clone)]
struct Tools {
	programs: PathBuf,
	dir: PathBuf,
	nodes: Vec<String>,
}

impl Tools {
	fn new(dir: &Path, nodes: [&Node; 2]) -> Result<Self> {
		let node = crate::node_binary()?;
		let programs = node.parent().context("the node lies nowhere")?.to_owned();
		for program in ["ogpu", "ogpu-worker"] {
			ensure!(programs.join(program).is_file(), "no {program} beside {}: say `make build`", node.display());
		}
		Ok(Self { programs, dir: dir.to_owned(), nodes: nodes.map(|node| node.url().to_owned()).into() })
	}

	/// The folder of an account.
	fn home(&self, name: &str) -> Result<PathBuf> {
		let home = self.dir.join(format!("of-{}", name.replace('/', "-")));
		fs::create_dir_all(&home)?;
		Ok(home)
	}

	fn log(&self, name: &str) -> Result<PathBuf> {
		let home = self.home(name)?;
		let own = home.file_name().unwrap_or_default().to_owned();
		Ok(home.join(own).with_extension("log"))
	}

	/// A file with the well-known key of an account.
	fn key(&self, name: &str) -> Result<PathBuf> {
		let path = self.home(name)?.join("key");
		if !path.exists() {
			fs::write(&path, format!("//{name}\n"))?;
			fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
		}
		Ok(path)
	}

	fn command(&self, program: &str, name: &str) -> Result<Command> {
		let mut command = Command::new(self.programs.join(program));
		command.env("HOME", self.home(name)?).env("TMPDIR", self.home(name)?);
		Ok(command)
	}

	fn client(&self, name: &str, arguments: &[String]) -> Result<Command> {
		let mut command = self.command("ogpu", name)?;
		let node = self.nodes.first().context("there is no node")?;
		command.args(arguments).args(["--node", node]).arg("--key").arg(self.key(name)?);
		if !matches!(arguments.first().map(String::as_str), Some("lock")) {
			command.arg("--home").arg(self.home(name)?.join("home"));
		}
		Ok(command)
	}

	fn worker(&self, name: &'static str, price: Option<usize>, cast: &Cast) -> Result<Worker> {
		let engine = (cast.engines)(name).map(|script| self.engine(name, script)).transpose()?;
		// Free now, and nobody else here asks for it.
		let listen = UdpSocket::bind("127.0.0.1:0")?.local_addr()?.to_string();
		let account = account(&key(name)?);
		Ok(Worker { name, account, device: 0, price, services: [0; 2], engine, listen, process: None })
	}

	/// A script that computes instead of the worker's own engine, which it knows as `$ENGINE`.
	fn engine(&self, name: &str, script: &str) -> Result<PathBuf> {
		let path = self.home(name)?.join("engine.sh");
		let honest = self.programs.join("ogpu-worker");
		fs::write(&path, format!("#!/bin/sh\nENGINE={honest:?}\n{script}"))?;
		fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
		Ok(path)
	}

	async fn locks(&self, name: &str, ogpu: &str) -> Result<()> {
		run(self.client(name, &["lock".into(), ogpu.into()])?).await
	}

	async fn joins(&self, worker: &Worker, service: u32) -> Result<()> {
		let key = self.key(worker.name)?.display().to_string();
		let mut command = worker.command(self, &["operator", "--key", &key])?;
		command.args(["join", &service.to_string(), &worker.device.to_string()]);
		run(command).await
	}

	async fn withdraws_seats(&self, name: &str) -> Result<()> {
		let home = self.home(name)?;
		let config = home.join("config.toml").display().to_string();
		let node = self.nodes.first().context("there is no node")?;
		let mut command = self.command("ogpu-worker", name)?;
		command.args(["init", "--config", &config, "--data", &home.join("data").to_string_lossy(), "--node", node]);
		run(command).await?;
		let mut command = self.command("ogpu-worker", name)?;
		command.args(["operator", "--config", &config, "--key"]).arg(self.key(name)?).arg("withdraw-seats");
		match run(command).await {
			// It was heard before.
			Err(error) if error.to_string().contains("StillSeated") => Ok(()),
			done => done,
		}
	}

	/// Publishes the two services, which the processes serve.
	async fn publish(&self, class: &str) -> Result<([u32; 2], Vec<Process>)> {
		self.locks(PUBLISHER, CLIENTS_LOCK).await?;
		let home = self.home(PUBLISHER)?;
		let (artifacts, out) = (home.join("artifacts"), home.join("trained"));
		let mut add = self.command("ogpu-worker", PUBLISHER)?;
		add.args(["add", &example("cli/examples/verses.txt"), "--artifacts"]).arg(&artifacts);
		run(add).await?;
		let mut train = self.command("ogpu-worker", PUBLISHER)?;
		train
			.args(["run", &example("cli/examples/tiny-train.toml"), "--artifacts"])
			.arg(&artifacts)
			.arg("--out")
			.arg(&out);
		run(train).await?;
		let encoder = home.join("encoder.safetensors");
		fs::write(&encoder, model::encoder())?;
		let mut services = Vec::new();
		let mut serving = Vec::new();
		for (kind, model) in [("generate", out.join("output")), ("embed", encoder)] {
			let manifest = example(&format!("cli/examples/tiny-{kind}.toml"));
			let arguments = ["serve", &manifest, "--model", &model.to_string_lossy(), "--class", class, "--json"];
			let (process, mut lines) = Process::start(
				self.client(PUBLISHER, &arguments.map(str::to_owned))?,
				&home.join(format!("{kind}.log")),
			)?;
			let published = lines.event("published").await?;
			let service = published.get("service").and_then(Json::as_u64).context("a service without a number")?;
			services.push(u32::try_from(service)?);
			serving.push(process);
		}
		let services = services.try_into().ok().context("two services")?;
		Ok((services, serving))
	}
}

/// The well-known key of an account.
pub fn key(name: &str) -> Result<Keypair> {
	Ok(Keypair::from_uri(&SecretUri::from_str(&format!("//{name}"))?)?)
}

/// Runs a program to its end, which must be a good one. What a node refuses though it is right is sent again, as whoever sits
/// at the terminal would.
async fn run(mut command: Command) -> Result<()> {
	const TRIES: usize = 5;
	command.kill_on_drop(true);
	for number in 1..=TRIES {
		let output = timeout(LONGEST, command.output()).await.context("it never ended")??;
		if output.status.success() {
			break;
		}
		let said = String::from_utf8_lossy(&output.stderr);
		if number == TRIES || !said.contains("it is made anew") {
			bail!("{:?} ended with {}: {}", command.as_std(), output.status, said.trim());
		}
	}
	Ok(())
}

/// Does all at once, and ends with the first that fails.
async fn try_all<T>(tasks: impl IntoIterator<Item = impl Future<Output = Result<T>>>) -> Result<Vec<T>> {
	zombienet_sdk::subxt::ext::futures::future::try_join_all(tasks).await
}
