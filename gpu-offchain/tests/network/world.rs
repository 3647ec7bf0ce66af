//! A development chain, operators with workers, and a client.

use codec::{Decode, Encode};
use ogpu_protocol::{class::Class, token::OGPU};
use ogpu_worker::{
	artifacts::Artifact,
	chain::{
		calls::{self, client, operator},
		state,
		types::*,
		Call, Chain, Sender,
	},
	keys,
	models::{bert::Bert, parameters},
	store::{Endpoint, Settings, Store},
};
use std::{
	collections::{BTreeMap, BTreeSet},
	fs,
	io::{BufRead, BufReader},
	path::{Path, PathBuf},
	process::{Child, Command, Stdio},
	str::FromStr,
	sync::{
		atomic::{AtomicBool, Ordering},
		mpsc, Arc,
	},
	time::{Duration, Instant},
};
use subxt_signer::{sr25519::Keypair, SecretUri};
use tempfile::TempDir;

/// Nothing that a test waits for takes longer.
pub const PATIENCE: Duration = Duration::from_secs(40 * 60);
/// As fast as devices are taken to be, so that a race has time.
const SPEED: Work = 1_000_000_000_000;

pub fn key(uri: &str) -> Keypair {
	Keypair::from_uri(&SecretUri::from_str(uri).unwrap()).unwrap()
}

/// A running process, killed when dropped, whose log is shown when a test fails.
pub struct Process {
	pub child: Child,
	pub lines: mpsc::Receiver<String>,
}

impl Drop for Process {
	fn drop(&mut self) {
		self.kill();
	}
}

impl Process {
	pub fn start(name: &str, command: &mut Command) -> Self {
		let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
		let stderr = child.stderr.take().unwrap();
		let (sender, lines) = mpsc::channel();
		let label = name.to_owned();
		std::thread::spawn(move || {
			for line in BufReader::new(stderr).lines().map_while(Result::ok) {
				println!("{label}: {line}");
				let _ = sender.send(line);
			}
		});
		Self { child, lines }
	}

	/// Sends a signal, such as `STOP`.
	pub fn signal(&self, name: &str) {
		let id = self.child.id().to_string();
		assert!(Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap().success());
	}

	/// What it has of the machine's memory, in bytes.
	pub fn memory(&self) -> u64 {
		let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
		let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
		line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
	}

	/// Ends the process without a chance to clean up, as a crash does.
	pub fn kill(&mut self) {
		let _ = self.child.kill();
		let _ = self.child.wait();
	}

	/// What it has said since it was last asked.
	pub fn said(&self) -> Vec<String> {
		self.lines.try_iter().collect()
	}

	/// Waits until the process says this, and returns what it said.
	pub fn wait_for(&self, part: &str) -> String {
		let end = Instant::now() + PATIENCE;
		loop {
			let left = end.saturating_duration_since(Instant::now());
			let line = self.lines.recv_timeout(left).unwrap_or_else(|_| panic!("it never said: {part}"));
			if line.contains(part) {
				return line;
			}
		}
	}
}

/// The worker: of this package, or beside the binary of the package whose tests these are.
fn worker_binary() -> PathBuf {
	let beside = option_env!("CARGO_BIN_EXE_ogpu").map(|ogpu| Path::new(ogpu).with_file_name("ogpu-worker"));
	option_env!("CARGO_BIN_EXE_ogpu-worker").map(PathBuf::from).or(beside).unwrap()
}

/// The node binary: beside the worker's, or the one that the environment names.
pub fn node_binary() -> Option<PathBuf> {
	let beside = worker_binary().with_file_name("ogpu-node");
	let named = std::env::var_os("OGPU_NODE").map(PathBuf::from);
	[named, Some(beside)].into_iter().flatten().find(|path| path.is_file())
}

/// An operator and its worker process.
pub struct Party {
	pub name: &'static str,
	pub key: Keypair,
	pub sender: Sender,
	pub device: DeviceId,
	pub folder: TempDir,
	pub worker: Option<Process>,
	stop: Arc<AtomicBool>,
}

impl Party {
	pub fn account(&self) -> AccountId {
		self.key.public_key().0
	}

	/// Where it serves artifacts.
	pub async fn endpoint(&self, world: &World) -> Endpoint {
		let device = world.chain.best().await.unwrap().get(&state::DEVICES, (self.device,)).await.unwrap().unwrap();
		device.endpoint().unwrap().parse().unwrap()
	}

	pub fn config(&self) -> PathBuf {
		self.folder.path().join("config.toml")
	}

	/// Starts its worker, or starts it again.
	pub fn start(&mut self) {
		self.worker = Some(start_worker(self.name, &self.config()));
	}

	/// Lets the worker compute with a binary that makes each leaf of its results another one. Its checks it does rightly.
	pub fn lie(&self) {
		let path = self.folder.path().join("liar.sh");
		// The first digit of what each leaf put out is another one, whatever it was.
		let script = format!(
			"#!/bin/sh\n{:?} \"$@\" || exit\n[ -f \"$2/progress.json\" ] && sed -i \
			-e 's/\\[\"[0-7]/[@8/g' -e 's/\\[\"[89a-f]/[@0/g' -e 's/\\[@/[\"/g' \"$2/progress.json\"\nexit 0\n",
			worker_binary()
		);
		fs::write(&path, script).unwrap();
		fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
		let config = fs::read_to_string(self.config()).unwrap();
		fs::write(self.config(), format!("engine = {path:?}\n{config}")).unwrap();
	}

	/// Starts its worker, and kills it whenever it has written something new into its journal, until it has done so often
	/// enough or has nothing more to write. Returns what it had written when it was killed.
	pub fn start_restless(&mut self) -> std::thread::JoinHandle<BTreeSet<String>> {
		let (name, config) = (self.name, self.config());
		let stop = self.stop.clone();
		std::thread::spawn(move || {
			let mut killed_at = BTreeSet::new();
			loop {
				let mut worker = start_worker(name, &config);
				loop {
					if stop.load(Ordering::SeqCst) {
						return killed_at;
					}
					let Ok(line) = worker.lines.recv_timeout(Duration::from_millis(200)) else { continue };
					let Some((_, step)) = line.split_once("journal work=") else { continue };
					if killed_at.insert(step.to_owned()) {
						worker.kill();
						// What it had written besides, before it was gone.
						while let Ok(line) = worker.lines.recv() {
							killed_at.extend(line.split_once("journal work=").map(|(_, step)| step.to_owned()));
						}
						break;
					}
				}
			}
		})
	}

	/// Ends its worker without a chance to clean up.
	pub fn kill(&mut self) {
		if let Some(mut worker) = self.worker.take() {
			worker.kill();
		}
	}

	/// Tells its worker to stop, and waits until it has.
	pub fn stop(&mut self) -> std::process::ExitStatus {
		let mut worker = self.worker.take().unwrap();
		worker.signal("TERM");
		worker.child.wait().unwrap()
	}

	pub fn running(&self) -> &Process {
		self.worker.as_ref().unwrap()
	}

	/// Changes its configuration, from its next start on.
	pub fn reconfigure(&self, from: &str, to: &str) {
		let config = fs::read_to_string(self.config()).unwrap();
		assert!(config.contains(from), "{config}");
		fs::write(self.config(), config.replace(from, to)).unwrap();
	}

	/// Starts a second worker with the same key and a copy of the data that the first has now.
	pub fn start_copy(&self) -> Process {
		let (data, copy) = (self.folder.path().join("data"), self.folder.path().join("copy"));
		assert!(Command::new("cp").arg("-r").args([&data, &copy]).status().unwrap().success());
		let config = fs::read_to_string(self.config()).unwrap();
		let listen = config.split_once("[store]\nlisten = \"").unwrap().1.split('"').next().unwrap();
		let config = config.replace(listen, &free_address().to_string());
		let path = self.folder.path().join("copy.toml");
		fs::write(&path, config.replace(data.to_str().unwrap(), copy.to_str().unwrap())).unwrap();
		start_worker("the copy", &path)
	}

	/// Starts its worker with its data on a disk of so many MiB of its own.
	pub fn start_on_small_disk(&mut self, mib: u32) {
		let data = self.folder.path().join("data");
		let script =
			"cp -r \"$0\" \"$0.seed\" && mount -t tmpfs -o size=$1m none \"$0\" && cp -r \"$0.seed/.\" \"$0\" && \
			shift && exec \"$@\"";
		let mut command = Command::new("unshare");
		command.args(["--map-root-user", "--mount", "sh", "-c", script]).arg(&data).arg(mib.to_string());
		command.arg(worker_binary()).arg("start").arg("--config").arg(self.config()).env("RUST_LOG", LOG);
		self.worker = Some(Process::start(self.name, &mut command));
	}

	/// The file that takes what its small disk had left.
	fn filling(&self) -> PathBuf {
		let inside = self.folder.path().join("data/filling");
		Path::new("/proc").join(format!("{}/root{}", self.running().child.id(), inside.display()))
	}

	/// Fills its small disk to the last byte.
	pub fn fill_disk(&self) {
		let mut file = fs::File::create(self.filling()).unwrap();
		let error = std::io::copy(&mut std::io::repeat(1), &mut file).unwrap_err();
		assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
	}

	pub fn empty_disk(&self) {
		fs::remove_file(self.filling()).unwrap();
	}

	/// Has the restless worker stop.
	pub fn calm(&self) {
		self.stop.store(true, Ordering::SeqCst);
	}
}

const LOG: &str = "warn,ogpu_worker=debug";

fn start_worker(name: &str, config: &Path) -> Process {
	let mut command = Command::new(worker_binary());
	command.arg("start").arg("--config").arg(config).env("RUST_LOG", LOG);
	Process::start(name, &mut command)
}

pub struct World {
	pub chain: Chain,
	pub url: String,
	pub client: Sender,
	/// From which the client serves.
	pub store: Store,
	_folder: TempDir,
	pub node: Process,
}

/// A node that makes blocks alone, and where it answers. Two of them have the same genesis, and each a chain of its own.
pub fn start_node() -> (Process, String) {
	let binary = node_binary().expect("no ogpu-node beside the worker: `make build`, or name one in OGPU_NODE");
	let mut command = Command::new(binary);
	command.args(["--dev", "--tmp", "--rpc-port", "0", "--port", "0", "--no-prometheus", "--no-mdns"]);
	let node = Process::start("node", &mut command);
	let line = node.wait_for("Running JSON-RPC server: addr=");
	let address = line.split_once("addr=").unwrap().1.split(',').next().unwrap();
	let url = format!("ws://{address}");
	(node, url)
}

/// A chain with a client that has a lock and serves its artifacts.
pub async fn world() -> World {
	let folder = tempfile::tempdir().unwrap();
	let (node, url) = start_node();
	let chain = Chain::connect(std::slice::from_ref(&url), None).await.unwrap();
	let mut settings = Settings::new(folder.path().join("store"));
	settings.listen = "127.0.0.1:0".parse().unwrap();
	let store = Store::open(settings).await.unwrap();
	let client = Sender::new(key("//Ferdie"));
	let world = World { chain, url, client, store, _folder: folder, node };
	world.enter(&world.client).await;
	world
}

impl World {
	/// Another client, whose artifacts the same store serves.
	pub async fn client(&self, name: &str) -> Sender {
		let client = Sender::new(key(&format!("//{name}")));
		self.enter(&client).await;
		client
	}

	async fn enter(&self, client: &Sender) {
		let endpoint = self.store.endpoint().to_string();
		let spec = operator::DeviceSpec {
			kind: DeviceKind::Cpu,
			name: "the client's",
			memory_mb: 1,
			endpoint: &endpoint,
			worker: client.account(),
		};
		let calls = [operator::lock(200 * OGPU), operator::register_device(&spec)];
		self.all(client, calls).await;
	}

	/// Sends calls of one account together.
	pub async fn all(&self, sender: &Sender, calls: impl IntoIterator<Item = Call>) {
		let batch = Call::new("Utility", "batch_all").with("calls", calls::list(calls.into_iter().map(Call::value)));
		sender.send(&self.chain, &batch).await.unwrap();
	}

	/// Something that nobody could do but on a development chain.
	pub async fn as_root(&self, call: Call) {
		let sudo = Call::new("Sudo", "sudo").with("call", call.value());
		Sender::new(key("//Alice")).send(&self.chain, &sudo).await.unwrap();
	}

	/// An operator with a lock, a worker key, and a device that is taken to be measured.
	pub async fn operator(&self, name: &'static str, lock: Balance, extra: &str) -> Party {
		let operator_key = key(&format!("//{name}"));
		let sender = Sender::new(operator_key.clone());
		let folder = tempfile::tempdir().unwrap();
		let worker = keys::create(&folder.path().join("worker.key")).unwrap();
		let account = worker.public_key().0;
		let consent = worker.sign(&keys::consent(&self.chain.genesis(), &sender.account())).0;
		// The store makes its key at its first start.
		let listen = free_address();
		let mut settings = Settings::new(folder.path().join("data/store"));
		settings.listen = listen;
		let store = Store::open(settings).await.unwrap();
		let endpoint = store.endpoint().to_string();
		store.close().await;
		drop(store);
		let spec = operator::DeviceSpec {
			kind: DeviceKind::Cpu,
			name,
			memory_mb: 4_096,
			endpoint: &endpoint,
			worker: account,
		};
		let mut calls = Vec::new();
		if lock > 0 {
			calls.push(operator::lock(lock));
		}
		calls.extend([
			operator::authorise_worker(&account, consent),
			operator::transfer(&account, 10 * OGPU),
			operator::register_device(&spec),
		]);
		self.all(&sender, calls).await;
		let at = self.chain.best().await.unwrap();
		let devices = at.get(&state::OPERATORS, (sender.account(),)).await.unwrap().unwrap().devices;
		let device = devices.into_iter().max().unwrap();
		self.measure(device).await;
		let config = format!(
			"data = {:?}\n[chain]\nnodes = [{:?}]\n[key]\nfile = {:?}\n[store]\nlisten = \"{listen}\"\n[metrics]\n\
			listen = \"127.0.0.1:0\"\n{}",
			folder.path().join("data"),
			self.url,
			folder.path().join("worker.key"),
			extra.replace("DEVICE", &device.to_string()),
		);
		fs::write(folder.path().join("config.toml"), config).unwrap();
		Party { name, key: operator_key, sender, device, folder, worker: None, stop: Arc::default() }
	}

	/// Writes a score into the chain's state, as a benchmark would within half an hour.
	async fn measure(&self, device: DeviceId) {
		type Record = ([u8; 32], u8, Vec<u8>, u32, Vec<u8>, [u8; 32], Option<(u128, u32)>, Option<u32>, u128);
		let client = subxt::OnlineClient::<subxt::SubstrateConfig>::from_insecure_url(&self.url).await.unwrap();
		let best = self.chain.best().await.unwrap();
		let at = client.at_block(subxt::utils::H256(best.hash())).await.unwrap();
		let storage = at.storage();
		let entry =
			storage.entry(subxt::dynamic::storage::<(u32,), subxt::dynamic::Value>("StakingTrustlock", "Devices"));
		let key = entry.unwrap().fetch_key((device,)).unwrap();
		let bytes = storage.fetch_raw(key.clone()).await.unwrap();
		let mut record = Record::decode(&mut bytes.as_slice()).unwrap();
		record.6 = Some((SPEED, best.get(&state::NOW, ()).await.unwrap().unwrap()));
		let items = calls::list([calls::list([calls::bytes(key), calls::bytes(record.encode())])]);
		self.as_root(Call::new("System", "set_storage").with("items", items)).await;
	}

	/// A tiny model that turns texts into vectors, as a service.
	pub async fn publish(&self, width: u32, class: Class) -> ServiceId {
		let shape = "vocabulary = 1000\nwidth = 64\nlayers = 2\nheads = 4\nhidden = 128\ncontext = 512\nkinds = 2\n\
			norm_epsilon = 1e-12\n";
		let bert: Bert = toml::from_str(shape).unwrap();
		let all = bert.parameters();
		let values = all.iter().enumerate().map(|(index, parameter)| parameter.first_values(3, index).unwrap());
		let model =
			self.store.add(parameters::write(&all, &[("", &values.collect::<Vec<_>>())]).unwrap()).await.unwrap();
		let manifest = format!(
			"version = 1\nkernels = \"repro-1\"\n[work.embed]\nmodel = {}\nslice = 1\ntext_tokens = 64\n\
			[work.embed.shape]\n{shape}",
			named(&model)
		);
		let manifest = self.keep(manifest.into_bytes()).await;
		self.keep_artifact(&model).await;
		let terms = client::ServiceTerms {
			floor: OGPU / 1_000,
			class,
			capability: 0,
			width,
			delivery: client::Delivery::Verified,
			needs: Needs { kind: None, memory_mb: 0, work_per_block: 0 },
			reputation_billionths: 0,
		};
		let leaf = LeafShape { work: 1_000_000_000, recompute_work: 1_000_000_000, fetched_bytes: 4_000_000 };
		let service = self.chain.best().await.unwrap().get(&state::NEXT_SERVICE, ()).await.unwrap().unwrap();
		self.client.send(&self.chain, &client::publish_service(manifest.hash.0, &leaf, &terms)).await.unwrap();
		service
	}

	pub async fn keep(&self, bytes: Vec<u8>) -> Artifact {
		let artifact = self.store.add(bytes).await.unwrap();
		self.keep_artifact(&artifact).await;
		artifact
	}

	async fn keep_artifact(&self, artifact: &Artifact) {
		let until = std::time::SystemTime::now() + Duration::from_secs(86_400);
		self.store.keep(artifact, [1; 32], until).await.unwrap();
	}

	/// Asks a service, and returns the request's name.
	pub async fn request(&self, service: ServiceId, texts: &[&str]) -> Hash {
		let inputs = self.keep(serde_json::to_vec(texts).unwrap()).await;
		self.order(service, &inputs, texts.len()).await
	}

	/// The same with inputs that are sealed for these devices.
	pub async fn request_privately(
		&self,
		service: ServiceId,
		texts: &[&str],
		devices: &[DeviceId],
	) -> (Hash, Artifact) {
		let bytes = serde_json::to_vec(texts).unwrap();
		let at = self.chain.best().await.unwrap();
		let mut keys = Vec::new();
		for device in devices {
			let endpoint = at.get(&state::DEVICES, (*device,)).await.unwrap().unwrap();
			keys.push(endpoint.endpoint().unwrap().parse::<Endpoint>().unwrap().key());
		}
		let size = bytes.len() as u64;
		let inputs = self.store.seal(self.client.account(), std::io::Cursor::new(bytes), size, &keys).await.unwrap();
		self.keep_artifact(&inputs).await;
		(self.order(service, &inputs, texts.len()).await, inputs)
	}

	/// A client asks a service so many times for the same, and has much time.
	pub async fn request_often(&self, client: &Sender, service: ServiceId, texts: &[&str], times: usize) {
		let inputs = self.keep(serde_json::to_vec(texts).unwrap()).await;
		let order = client::NewOrder { window_blocks: 1_000, ..order(&inputs, texts.len()) };
		for start in (0..times).step_by(50) {
			let calls = (start..times.min(start + 50)).map(|_| client::request(service, &order));
			self.all(client, calls).await;
		}
	}

	async fn order(&self, service: ServiceId, inputs: &Artifact, leaves: usize) -> Hash {
		let order = order(inputs, leaves);
		let before = self.requests().await;
		self.client.send(&self.chain, &client::request(service, &order)).await.unwrap();
		self.requests().await.into_iter().find(|request| !before.contains(request)).unwrap()
	}

	async fn requests(&self) -> Vec<Hash> {
		let all = self.chain.best().await.unwrap().all(&state::REQUESTS, (), 1_000).await.unwrap();
		all.into_iter().map(|((request,), _)| request).collect()
	}

	/// What an account has, free and held.
	pub async fn wealth(&self, account: AccountId) -> Balance {
		let account = self.chain.best().await.unwrap().get(&state::ACCOUNTS, (account,)).await.unwrap();
		account.map_or(0, |account| account.data.free + account.data.reserved)
	}

	/// Waits until it is so. Meanwhile the client waives windows for challenges.
	pub async fn until<T>(&self, what: &str, mut is_so: impl AsyncFnMut(&ogpu_worker::chain::At) -> Option<T>) -> T {
		use futures::StreamExt;
		let mut heads = self.chain.heads().await.unwrap();
		let mut stages = BTreeMap::new();
		let end = Instant::now() + PATIENCE;
		loop {
			assert!(Instant::now() < end, "it never happened: {what}");
			let at = self.chain.best().await.unwrap();
			if let Some(found) = is_so(&at).await {
				return found;
			}
			for ((task,), record) in at.all(&state::TASKS, (), 1_000).await.unwrap() {
				let now = at.get(&state::NOW, ()).await.unwrap().unwrap();
				let is_own = record.request.client == self.client.account();
				if is_own && record.stage == Stage::Challengeable && record.due > now + 1 {
					let _ = self.client.send(&self.chain, &client::accept(task)).await;
				}
				if stages.insert(task, record.stage.clone()) != Some(record.stage.clone()) {
					println!(
						"block {}: {} is {:?}, due {}",
						at.number(),
						blake3::Hash::from(task),
						record.stage,
						record.due
					);
				}
			}
			heads.next().await.unwrap().unwrap();
		}
	}

	/// What an account was found to have done wrong.
	pub async fn faults(&self, account: AccountId) -> Vec<FaultRecord> {
		self.chain.best().await.unwrap().get(&state::FAULTS, (account,)).await.unwrap().unwrap_or_default()
	}

	/// How the validation of a task ended.
	pub async fn conclusion(&self, task: Hash) -> Conclusion {
		let record =
			self.until("the validation ends", async |at| at.get(&state::RECORDS, (task,)).await.unwrap()).await;
		record.conclusion
	}
}

fn order(inputs: &Artifact, leaves: usize) -> client::NewOrder {
	client::NewOrder {
		inputs: inputs.hash.0,
		ceiling_leaves: leaves as u32,
		prompt_work: 0,
		max_price: OGPU,
		window_blocks: 10,
		secret: None,
	}
}

pub fn named(artifact: &Artifact) -> String {
	format!("{{ hash = \"{}\", bytes = {} }}", artifact.hash, artifact.bytes)
}

/// An address at which nobody listens.
fn free_address() -> std::net::SocketAddr {
	std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}
