//! A network at work, with faults at random, for as long as one likes.

use std::{
	collections::{BTreeMap, BTreeSet},
	fs,
	path::Path,
	time::{Duration, Instant},
};

use anyhow::{anyhow, ensure, Context, Result};
use fastrand::Rng;
use nix::sys::signal::Signal;
use serde_json::{json, Value as Json};
use tokio::{
	signal::ctrl_c,
	task::JoinSet,
	time::{sleep, sleep_until},
};

use crate::{
	chain::{account, Account, Chain},
	checks,
	chronicle::Chronicle,
	process::Process,
	world::{key, with_world, Cast, Ended, Order, World, CLIENTS, HONEST},
	LONGEST,
};

const CAST: Cast = Cast {
	providers: &["One", "Two", "Alice//stash"],
	verifiers: &["Alice", "Bob", "Charlie"],
	class: "standard",
	engines: HONEST,
};
const VALIDATORS: [&str; 4] = ["alice", "bob", "charlie", "dave"];

/// So many orders are under way at once.
const AT_ONCE: usize = 5;
/// Between two looks at everything.
const LOOK: Duration = Duration::from_secs(30);
/// Finality may be behind for so long after a fault is over, where a small machine has much to do.
const RECOVERS: Duration = Duration::from_secs(240);
/// Final blocks that are fewer than this behind the best are not behind.
const BEHIND: u32 = 12;
/// A process of this network never needs more memory, in KiB.
const MOST_MEMORY: u64 = 2_000_000;

/// What to do, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Soak {
	pub minutes: u64,
	pub seed: u64,
	pub json: bool,
}

/// Something that breaks, and for how many seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
	/// A worker is killed, and started again.
	Worker { who: usize, seconds: u64 },
	/// A worker hangs.
	Hang { who: usize, seconds: u64 },
	/// A validator hangs.
	Pause { node: usize, seconds: u64 },
	/// Two of four hang, so that nothing is final.
	Stall { nodes: [usize; 2], seconds: u64 },
	/// First one half makes blocks, then the other, each without hearing the other.
	Cut { seconds: u64 },
	/// A validator crashes, and is started again.
	Crash { node: usize },
	/// The node of all workers and clients crashes, and is started again.
	CrashWatch,
}

impl Fault {
	fn draw(lot: &mut Rng, workers: usize) -> Self {
		let node = lot.usize(..VALIDATORS.len());
		let other =
			node.saturating_add(lot.usize(1..VALIDATORS.len())).checked_rem(VALIDATORS.len()).unwrap_or_default();
		let who = lot.usize(..workers);
		match lot.u32(..16) {
			0..=4 => Self::Worker { who, seconds: lot.u64(0..5) },
			5..=6 => Self::Hang { who, seconds: lot.u64(1..8) },
			7..=9 => Self::Pause { node, seconds: lot.u64(5..60) },
			10 => Self::Stall { nodes: [node, other], seconds: lot.u64(10..60) },
			11 => Self::Cut { seconds: lot.u64(10..30) },
			12..=14 => Self::Crash { node },
			_ => Self::CrashWatch,
		}
	}

	fn name(&self) -> &'static str {
		match self {
			Self::Worker { .. } => "worker killed",
			Self::Hang { .. } => "worker hung",
			Self::Pause { .. } => "validator hung",
			Self::Stall { .. } => "two validators hung",
			Self::Cut { .. } => "network cut",
			Self::Crash { .. } => "validator killed",
			Self::CrashWatch => "node of the workers killed",
		}
	}

	async fn strike(&self, world: &mut World<'_>) -> Result<()> {
		let names: Vec<_> = world.providers.iter().chain(&world.verifiers).map(|worker| worker.name).collect();
		let name = |who: usize| names.get(who).copied().context("nobody");
		let nodes = world.network.validators()?;
		let node = |number: usize| nodes.get(number).context("no node");
		let for_seconds = |seconds: u64| sleep(Duration::from_secs(seconds));
		match *self {
			Self::Worker { who, seconds } => {
				world.worker(name(who)?)?.kill().await?;
				for_seconds(seconds).await;
				world.start(name(who)?)?;
			}
			Self::Hang { who, seconds } => {
				let worker = world.worker(name(who)?)?.running()?;
				worker.signal(Signal::SIGSTOP)?;
				for_seconds(seconds).await;
				worker.signal(Signal::SIGCONT)?;
			}
			Self::Pause { node: number, seconds } => {
				node(number)?.pause().await?;
				for_seconds(seconds).await;
				node(number)?.resume().await?;
			}
			Self::Stall { nodes: [one, other], seconds } => {
				node(one)?.pause().await?;
				node(other)?.pause().await?;
				for_seconds(seconds).await;
				node(one)?.resume().await?;
				node(other)?.resume().await?;
			}
			Self::Cut { seconds } => {
				let [alice, bob, charlie, dave] = &nodes;
				for node in [charlie, dave] {
					node.pause().await?;
				}
				for_seconds(seconds).await;
				// The node of the workers knows what the first half has made, and would tell the second.
				for node in [alice, bob, &world.watch] {
					node.pause().await?;
				}
				for node in [charlie, dave] {
					node.resume().await?;
				}
				for_seconds(seconds).await;
				for node in [alice, bob, &world.watch] {
					node.resume().await?;
				}
			}
			Self::Crash { node: number } => node(number)?.restart().await?,
			Self::CrashWatch => world.watch.restart().await?,
		}
		Ok(())
	}
}

/// What came of it.
#[derive(Default)]
pub struct Report {
	soak: Option<Soak>,
	seconds: u64,
	blocks: u32,
	/// Of each kind of work: how many were asked for, and how they ended.
	orders: BTreeMap<&'static str, Orders>,
	faults: BTreeMap<&'static str, u64>,
	looks: u64,
	/// The most that each process had in memory, in KiB, and what it had at the end.
	memory: BTreeMap<String, [u64; 2]>,
	/// The longest time for which finality was behind after a fault was over, in seconds.
	slowest_recovery: u64,
	events: BTreeMap<String, u64>,
	issued: [u128; 2],
	/// What should not have been.
	violations: Vec<String>,
}

#[derive(Default)]
struct Orders {
	asked: u64,
	accepted: u64,
	refused: Vec<String>,
	failed: Vec<String>,
	seconds: Vec<u64>,
}

impl Report {
	pub fn is_good(&self) -> bool {
		let failed = self.orders.values().any(|orders| !orders.failed.is_empty() || !orders.refused.is_empty());
		self.violations.is_empty() && !failed && self.orders.values().any(|orders| orders.accepted > 0)
	}

	pub fn json(&self) -> Json {
		let orders = self.orders.iter().map(|(name, orders)| {
			let [half, most] = orders.times();
			let value = json!({
				"asked": orders.asked, "accepted": orders.accepted, "refused": orders.refused, "failed": orders.failed,
				"secondsToVerdict": { "p50": half, "p95": most },
			});
			((*name).to_owned(), value)
		});
		let memory =
			self.memory.iter().map(|(name, [most, last])| (name.clone(), json!({ "most": most, "last": last })));
		json!({
			"good": self.is_good(),
			"seed": self.soak.map(|soak| soak.seed),
			"minutes": self.soak.map(|soak| soak.minutes),
			"seconds": self.seconds,
			"blocks": self.blocks,
			"orders": orders.collect::<serde_json::Map<_, _>>(),
			"faults": self.faults,
			"looks": self.looks,
			"memoryKib": memory.collect::<serde_json::Map<_, _>>(),
			"slowestRecoverySeconds": self.slowest_recovery,
			"events": self.events,
			"issued": self.issued.map(|issued| issued.to_string()),
			"violations": self.violations,
		})
	}

	pub fn text(&self) -> String {
		let mut text = format!(
			"seed {}: {} minutes, {} final blocks\n\n",
			self.soak.map(|soak| soak.seed).unwrap_or_default(),
			self.seconds / 60,
			self.blocks
		);
		text.push_str("work      asked  accepted  refused  failed  seconds to the verdict: half, 95 %\n");
		for (name, orders) in &self.orders {
			let [half, most] = orders.times();
			text.push_str(&format!(
				"{name:<8} {:>6} {:>9} {:>8} {:>7}  {half}, {most}\n",
				orders.asked,
				orders.accepted,
				orders.refused.len(),
				orders.failed.len()
			));
			let wrong = orders.refused.iter().chain(&orders.failed);
			wrong.for_each(|reason| text.push_str(&format!("  {reason}\n")));
		}
		text.push_str("\nfaults\n");
		for (name, number) in &self.faults {
			text.push_str(&format!("{number:>6} {name}\n"));
		}
		text.push_str(&format!("\nfinality was behind for {} s at most after a fault\n", self.slowest_recovery));
		text.push_str("\nmemory, MiB        most  at the end\n");
		for (name, [most, last]) in &self.memory {
			text.push_str(&format!("{name:<17} {:>5} {:>6}\n", most / 1_024, last / 1_024));
		}
		let [before, after] = self.issued;
		text.push_str(&format!(
			"\nissued: {before} at first, {after} at the end; all of it was found {} times\n",
			self.looks
		));
		match self.violations.as_slice() {
			[] => text.push_str("\nnothing was wrong\n"),
			wrong => {
				text.push_str("\nWRONG\n");
				wrong.iter().for_each(|what| text.push_str(&format!("  {what}\n")));
			}
		}
		text
	}
}

impl Orders {
	/// The time to the verdict of half of them, and of 95 %.
	fn times(&self) -> [u64; 2] {
		let mut sorted = self.seconds.clone();
		sorted.sort_unstable();
		let last = sorted.len().saturating_sub(1);
		[50, 95].map(|percent| sorted.get(last.saturating_mul(percent).div_ceil(100)).copied().unwrap_or_default())
	}
}

/// Runs it, and says what came of it; of what there was until then, if it is stopped by Ctrl-C. It fails only where the
/// network could not be started.
pub async fn run(soak: Soak) -> Result<Report> {
	let mut report = Report { soak: Some(soak), ..Default::default() };
	with_world(&CAST, async |world| {
		let ended = tokio::select! {
			ended = work(world, soak, &mut report) => ended,
			_ = ctrl_c() => Err(anyhow!("it was stopped before its time")),
		};
		ended.unwrap_or_else(|error| report.violations.push(format!("{error:#}")));
		if !report.is_good() {
			keep_logs(world.network.dir())?;
		}
		Ok(())
	})
	.await?;
	Ok(report)
}

/// Copies all logs to where they stay, and says where that is.
fn keep_logs(dir: &Path) -> Result<()> {
	let kept = tempfile::Builder::new().prefix("ogpu-soak-logs-").tempdir()?.keep();
	for folder in fs::read_dir(dir)?.flatten() {
		for file in fs::read_dir(folder.path()).into_iter().flatten().flatten() {
			if file.path().extension().is_some_and(|ending| ending == "log") {
				let name = format!("{}-{}", folder.file_name().display(), file.file_name().display());
				fs::copy(file.path(), kept.join(name))?;
			}
		}
	}
	eprintln!("the logs are in {}", kept.display());
	Ok(())
}

async fn work(world: &mut World<'_>, soak: Soak, report: &mut Report) -> Result<()> {
	let start = Instant::now();
	let end = start + Duration::from_secs(soak.minutes.saturating_mul(60));
	let chronicle = Chronicle::begin(world.watch.url()).await?;
	let begun = chronicle.height();
	let mut lot = Rng::with_seed(soak.seed);
	let chain = world.watch.chain().await?;
	let (first, _) = chain.head(true).await?;
	report.issued = [checks::money_adds_up(&chain, first).await?; 2];
	let locks = locks(world, &chain).await?;

	let mut orders: JoinSet<(Order, u64, Result<Ended>)> = JoinSet::new();
	let mut number = 0u64;
	let mut next_fault = Instant::now() + Duration::from_secs(lot.u64(20..60));
	let mut next_look = Instant::now() + LOOK;
	// Since when finality is behind, and since when nothing is broken.
	let mut behind: Option<Instant> = None;
	let mut open = 1;
	// What is open at the end is finished in peace.
	while Instant::now() < end || !orders.is_empty() || open > 0 {
		let is_over = Instant::now() >= end;
		ensure!(Instant::now() < end + LONGEST, "{open} tasks and {} clients never ended", orders.len());
		while !is_over && orders.len() < AT_ONCE {
			let what = *lot.choice(&Order::ALL).context("no orders")?;
			let client = *lot.choice(&CLIENTS).context("no clients")?;
			number = number.saturating_add(1);
			eprintln!("[{:>5} s] {client} wants order {number}: {}", start.elapsed().as_secs(), what.name());
			report.orders.entry(what.name()).or_default().asked += 1;
			let ordered = world.order(client, what, number)?;
			let begun = Instant::now();
			orders.spawn(async move {
				let ended = ordered.ended().await;
				(what, begun.elapsed().as_secs(), ended)
			});
		}
		tokio::select! {
			Some(ended) = orders.join_next() => {
				let (what, seconds, ended) = ended?;
				let orders = report.orders.entry(what.name()).or_default();
				match ended {
					Ok(Ended { is_accepted: true, .. }) => {
						orders.accepted += 1;
						orders.seconds.push(seconds);
					}
					Ok(Ended { why, .. }) => orders.refused.push(why),
					Err(error) => orders.failed.push(format!("{error:#}")),
				}
				eprintln!("[{:>5} s] a client has its {} after {seconds} s", start.elapsed().as_secs(), what.name());
			}
			() = sleep_until(next_fault.into()), if !is_over => {
				let fault = Fault::draw(&mut lot, CAST.providers.len() + CAST.verifiers.len());
				eprintln!("[{:>5} s] {fault:?}", start.elapsed().as_secs());
				*report.faults.entry(fault.name()).or_default() += 1;
				fault.strike(world).await.with_context(|| format!("{fault:?}"))?;
				behind = None;
				next_fault = Instant::now() + Duration::from_secs(lot.u64(20..60));
			}
			() = sleep_until(next_look.into()) => {
				report.looks += 1;
				match look(world, &locks, report, begun).await {
					Ok((gap, left)) => {
						open = left;
						match (gap > BEHIND, behind) {
							(false, _) => behind = None,
							(true, None) => behind = Some(Instant::now()),
							(true, Some(since)) => {
								report.slowest_recovery = report.slowest_recovery.max(since.elapsed().as_secs());
								if since.elapsed() > RECOVERS {
									report.violations.push(format!("finality is {gap} blocks behind for {:.0?}", since.elapsed()));
									behind = None;
								}
							}
						}
					}
					Err(error) => {
						eprintln!("[{:>5} s] WRONG: {error:#}", start.elapsed().as_secs());
						report.violations.push(format!("{} s: {error:#}", start.elapsed().as_secs()));
					}
				}
				next_look = Instant::now() + LOOK;
			}
		}
	}
	report.seconds = start.elapsed().as_secs();
	report.blocks = chronicle.height().saturating_sub(begun);
	report.events = chronicle.counts();
	workers_are_there(world)?;
	Ok(())
}

/// What everybody has locked who is honest, which all are.
async fn locks(world: &World<'_>, chain: &Chain) -> Result<BTreeMap<Account, (String, u128)>> {
	let (at, _) = chain.head(true).await?;
	let mut locks = BTreeMap::new();
	let workers = world.providers.iter().chain(&world.verifiers).map(|worker| (worker.name, worker.account));
	let mut everybody: Vec<_> = workers.collect();
	for client in CLIENTS {
		everybody.push((client, account(&key(client)?)));
	}
	for (name, who) in everybody {
		locks.insert(who, (name.to_owned(), chain.locked(at, &who).await?));
	}
	Ok(locks)
}

/// Looks at everything. Says how far finality is behind, and how much is open.
async fn look(
	world: &World<'_>,
	locks: &BTreeMap<Account, (String, u128)>,
	report: &mut Report,
	begun: u32,
) -> Result<(u32, usize)> {
	let chain = world.watch.chain().await?;
	let (at, last_final) = chain.head(true).await?;
	let (_, best) = chain.head(false).await?;
	let [_, issued] = &mut report.issued;
	*issued = checks::money_adds_up(&chain, at).await?;
	let open = checks::nothing_is_stuck(&chain, at).await?;
	checks::honest_locks_are_whole(&chain, at, locks).await?;
	for (name, resident) in checks::memory(world.network.dir()) {
		let [most, last] = report.memory.entry(name.clone()).or_default();
		*most = resident.max(*most);
		*last = resident;
		ensure!(resident < MOST_MEMORY, "{name} has {resident} KiB in memory");
	}
	report.blocks = last_final.saturating_sub(begun);
	let open: BTreeSet<_> = open.into_iter().collect();
	Ok((best.saturating_sub(last_final), open.len()))
}

/// Nobody's worker has ended by itself.
fn workers_are_there(world: &mut World<'_>) -> Result<()> {
	for worker in world.providers.iter_mut().chain(&mut world.verifiers) {
		let runs = worker.process.as_ref().and_then(Process::id).is_some();
		ensure!(runs, "the worker of {} has ended", worker.name);
	}
	Ok(())
}
