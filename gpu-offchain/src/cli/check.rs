//! What is wrong, and what to do about it.

use super::network;
use anyhow::Result;
use clap::Args;
use ogpu_worker::{
	agent::{self, earnings::Earned},
	chain::{address, hex, needs, state, types::*, At, Chain},
	config::Config,
	device::DeviceName,
	ops::Repro,
	selftest,
	store::{Endpoint, Secret},
};
use serde::Serialize;
use std::{
	net::UdpSocket,
	path::PathBuf,
	process::ExitCode,
	time::{Duration, SystemTime, UNIX_EPOCH},
};

/// A key with less than this cannot pay for the transactions of a day.
const LEAST_BALANCE: Balance = ogpu_protocol::token::OGPU / 10;
/// A clock that is off by more makes logs useless, and certificates fail.
const MOST_DRIFT: Duration = Duration::from_secs(15);

/// Look at everything that the worker needs, and say what is wrong and what to do next. Exits with 1 if anything is.
#[derive(Debug, Args)]
pub struct CheckCmd {
	#[arg(long, short, default_value = network::CONFIG)]
	config: PathBuf,
	/// Print JSON.
	#[arg(long)]
	json: bool,
	/// Leave the self-test of the kernels out, which takes a while.
	#[arg(long)]
	quick: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
	Good,
	/// It works, but not as well as it could.
	Warning,
	Wrong,
}

/// What was looked at.
#[derive(Debug, Serialize)]
struct Finding {
	what: &'static str,
	verdict: Verdict,
	found: String,
	/// What to do.
	#[serde(skip_serializing_if = "Option::is_none")]
	next: Option<String>,
}

#[derive(Debug, Default)]
struct Findings(Vec<Finding>);

impl Findings {
	fn good(&mut self, what: &'static str, found: impl Into<String>) {
		self.0.push(Finding { what, verdict: Verdict::Good, found: found.into(), next: None });
	}

	fn warn(&mut self, what: &'static str, found: impl Into<String>, next: impl Into<String>) {
		self.0.push(Finding { what, verdict: Verdict::Warning, found: found.into(), next: Some(next.into()) });
	}

	fn wrong(&mut self, what: &'static str, found: impl Into<String>, next: impl Into<String>) {
		self.0.push(Finding { what, verdict: Verdict::Wrong, found: found.into(), next: Some(next.into()) });
	}

	fn is_good(&self) -> bool {
		self.0.iter().all(|finding| finding.verdict != Verdict::Wrong)
	}

	fn print(&self, json: bool) -> Result<()> {
		if json {
			return super::print(&format!("{}\n", serde_json::to_string_pretty(&self.0)?));
		}
		for Finding { what, verdict, found, next } in &self.0 {
			let sign = match verdict {
				Verdict::Good => "ok     ",
				Verdict::Warning => "warning",
				Verdict::Wrong => "WRONG  ",
			};
			super::print(&format!("{sign}  {what:<12} {found}\n"))?;
			if let Some(next) = next {
				super::print(&format!("{:<22}→ {next}\n", ""))?;
			}
		}
		Ok(())
	}
}

impl CheckCmd {
	pub fn run(&self) -> Result<ExitCode> {
		let mut findings = Findings::default();
		match Config::load(&self.config) {
			Ok(config) => {
				findings.good("configured", self.config.display().to_string());
				self.machine(&config, &mut findings);
				network::runtime()?.block_on(network_of(&config, &mut findings));
			}
			Err(error) => findings.wrong("configured", format!("{error:#}"), "correct the configuration"),
		}
		findings.print(self.json)?;
		Ok(if findings.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
	}

	/// This machine.
	fn machine(&self, config: &Config, findings: &mut Findings) {
		match std::fs::create_dir_all(&config.data).and_then(|()| tempfile::tempfile_in(&config.data)) {
			Ok(_) => findings.good("data", config.data.display().to_string()),
			Err(error) => findings.wrong(
				"data",
				format!("{}: {error}", config.data.display()),
				format!("make a folder that this user may write: install -d -o $USER {}", config.data.display()),
			),
		}
		let quota = (config.store.quota_gb * 1e9) as u64;
		if let Ok(about) = rustix::fs::statvfs(&config.data) {
			let free = about.f_bavail.saturating_mul(about.f_frsize);
			let found = format!("{} GB free, {} GB may be used", free / 1_000_000_000, config.store.quota_gb);
			if free < quota {
				findings.warn("disk", found, "free some, or set store.quota_gb to less");
			} else {
				findings.good("disk", found);
			}
		}
		match UdpSocket::bind(config.store.listen) {
			Ok(_) => findings.good("artifacts", format!("UDP {} is free", config.store.listen)),
			Err(error) => findings.warn(
				"artifacts",
				format!("UDP {}: {error}", config.store.listen),
				"if the worker is running, that is why; else choose another address in store.listen",
			),
		}
		match Earned::load(&config.data) {
			Ok(Some(earned)) => findings.good("earned", told(&earned)),
			Ok(None) => findings.good("earned", "nothing was counted yet"),
			Err(error) => {
				findings.warn("earned", format!("{error:#}"), "remove the file: it is for show, and begins anew")
			}
		}
		if self.quick {
			return;
		}
		let mut engines: Vec<&str> = config.devices.iter().map(|device| device.engine.as_str()).collect();
		if config.verifier.enabled {
			engines.push(&config.verifier.engine);
		}
		engines.sort_unstable();
		engines.dedup();
		for engine in engines {
			match selftest_of(engine) {
				Ok(0) => findings.good("selftest", format!("{engine} finds all bits of repro-1")),
				Ok(wrong) => findings.wrong(
					"selftest",
					format!("{engine} finds {wrong} other results"),
					"this device cannot take part: it would be convicted. Run ogpu-worker selftest for details",
				),
				Err(error) => findings.wrong("selftest", format!("{engine}: {error:#}"), "choose another engine"),
			}
		}
	}
}

/// How many operations have other bits than the known ones.
fn selftest_of(engine: &str) -> Result<usize> {
	let device = engine.parse::<DeviceName>()?.open()?;
	let ops = Repro::on(&device);
	let mut wrong = 0usize;
	for case in selftest::cases() {
		let digest = case.digest(&ops)?;
		wrong = wrong.saturating_add(usize::from(case.expected() != Some(digest.to_hex().as_str())));
	}
	Ok(wrong)
}

/// Everything that the chain has to say.
async fn network_of(config: &Config, findings: &mut Findings) {
	let worker = match config.key.load() {
		Ok(key) => {
			findings.good("key", address(&key.public_key().0));
			key.public_key().0
		}
		Err(error) => {
			findings.wrong("key", format!("{error:#}"), "make one with ogpu-worker init, or name another in [key]");
			return;
		}
	};
	let genesis = match config.genesis() {
		Ok(genesis) => genesis,
		Err(error) => return findings.wrong("node", format!("{error:#}"), "correct chain.genesis"),
	};
	let chain = match Chain::connect(&config.chain.nodes, genesis).await {
		Ok(chain) => chain,
		Err(error) => {
			let next = "start a node (ogpu-node), or name one that answers in chain.nodes";
			return findings.wrong("node", error.to_string(), next);
		}
	};
	if let Err(error) = look(config, &chain, &worker, findings).await {
		findings.wrong("chain", format!("{error:#}"), "try again; if it stays so, ask another node");
	}
}

async fn look(config: &Config, chain: &Chain, worker: &AccountId, findings: &mut Findings) -> Result<()> {
	let found = format!("{}, genesis {}", chain.url(), hex(&chain.genesis()));
	if chain.is_syncing().await? {
		findings.warn("node", found, "it is still catching up; wait until it is in sync");
	} else if config.chain.genesis.is_none() {
		findings.warn(
			"node",
			found,
			"write this genesis into chain.genesis, so that no other chain is ever taken for it",
		);
	} else {
		findings.good("node", found);
	}
	let at = chain.best().await?;
	let missing = needs::missing(&at);
	if missing.is_empty() {
		findings.good("runtime", format!("version {} has all that this worker needs", at.spec_version()));
	} else {
		let next = "install the version of the worker that belongs to this runtime";
		findings.wrong("runtime", missing.join("; "), next);
		return Ok(());
	}
	clock(&at, findings).await?;
	let operator = agent::operator_of(&at, worker).await?;
	if operator == *worker {
		findings.wrong(
			"operator",
			"no operator has authorised this key",
			"let the operator say: ogpu-worker operator --key OPERATOR.key authorise",
		);
	} else {
		findings.good("operator", address(&operator));
	}
	let balance = at.get(&state::ACCOUNTS, (*worker,)).await?.map_or(0, |account| account.data.free);
	if balance < LEAST_BALANCE {
		let next =
			format!("send some OGPU to {}: commitments of races are free, but not all that follows", address(worker));
		findings.warn("fees", format!("the worker key has {}", ogpu(balance)), next);
	} else {
		findings.good("fees", format!("the worker key has {}", ogpu(balance)));
	}
	lock(&at, operator, findings).await?;
	devices(config, &at, operator, worker, findings).await?;
	services(config, &at, findings).await?;
	seats(config, &at, operator, findings).await
}

async fn clock(at: &At, findings: &mut Findings) -> Result<()> {
	let milliseconds = at.get(&state::TIMESTAMP, ()).await?.unwrap_or_default();
	let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
	let block = Duration::from_millis(milliseconds);
	let drift = now.abs_diff(block);
	if drift > MOST_DRIFT {
		let found = format!("the last block is {} s away from this machine's clock", drift.as_secs());
		findings.warn(
			"clock",
			found,
			"set the clock (timedatectl set-ntp true), or look whether the chain makes blocks",
		);
	} else {
		findings.good("clock", format!("{} ms from the last block", drift.as_millis()));
	}
	Ok(())
}

async fn lock(at: &At, operator: AccountId, findings: &mut Findings) -> Result<()> {
	let now = at.get(&state::NOW, ()).await?.unwrap_or_default();
	let locked = at.get(&state::LOCKS, (operator,)).await?.map_or(0, |lock| lock.locked);
	if locked == 0 {
		let next = "lock some: ogpu-worker operator --key OPERATOR.key lock AMOUNT";
		findings.wrong("lock", "the operator has locked nothing", next);
	} else {
		findings.good("lock", ogpu(locked));
	}
	if at.get(&state::SUSPENDED, (operator,)).await?.is_some_and(|until| until > now) {
		findings.wrong("suspended", "the operator gets no work and no seats for a while", "see docs/locks.md, Records");
	}
	Ok(())
}

async fn devices(
	config: &Config,
	at: &At,
	operator: AccountId,
	worker: &AccountId,
	findings: &mut Findings,
) -> Result<()> {
	if config.devices.is_empty() && !config.verifier.enabled {
		findings.wrong("device", "there is nothing to do", "add a [[device]], or set verifier.enabled");
	}
	let key = Secret::load(&agent::store_settings(config).key_file).map(|secret| secret.key());
	for device in &config.devices {
		let id = device.id;
		let Some(record) = at.get(&state::DEVICES, (id,)).await? else {
			let next = "register it: ogpu-worker operator --key OPERATOR.key register NAME --kind KIND --memory-mb MB";
			findings.wrong("device", format!("{id} is not registered"), next);
			continue;
		};
		if record.operator != operator || record.spec.worker != *worker {
			let next = format!("ogpu-worker operator --key OPERATOR.key update {id}, or correct its number");
			findings.wrong("device", format!("{id} is another operator's, or has another worker key"), next);
			continue;
		}
		let score = record.measured.as_ref().map(|measured| measured.work_per_block);
		match score {
			Some(score) => findings.good("device", format!("{id} does {:.1} tera in a block", score as f64 / 1e12)),
			None => findings.warn(
				"device",
				format!("{id} has not been measured"),
				"start the worker: it takes part in the next benchmark, one in each session",
			),
		}
		let endpoint = record.endpoint().and_then(|endpoint| endpoint.parse::<Endpoint>().ok());
		match (endpoint, &key) {
			(Some(endpoint), Ok(key)) if endpoint.key() == *key => {
				findings.good("endpoint", endpoint.to_string());
			}
			(_, Ok(_)) => {
				let next = format!("ogpu-worker operator --key OPERATOR.key update {id}");
				findings.wrong("endpoint", format!("the chain sends others elsewhere than to device {id}"), next);
			}
			(_, Err(error)) => findings.wrong("endpoint", error.to_string(), "look at the store's folder"),
		}
	}
	Ok(())
}

async fn services(config: &Config, at: &At, findings: &mut Findings) -> Result<()> {
	for device in &config.devices {
		for service in &device.services {
			let found = at.get(&state::SERVICES, (*service,)).await?;
			let member = at.get(&state::MEMBERS, (*service, device.id)).await?;
			match (found, member) {
				(None, _) => {
					findings.wrong("service", format!("{service} does not exist"), "take it out of `services`");
				}
				(Some(_), Some(member)) if member.left.is_none() => {
					findings.good("service", format!("device {} serves {service}", device.id));
				}
				(Some(_), _) => {
					let next = format!("ogpu-worker operator --key OPERATOR.key join {service} {}", device.id);
					findings.warn("service", format!("device {} has not joined {service}", device.id), next);
				}
			}
		}
	}
	Ok(())
}

async fn seats(config: &Config, at: &At, operator: AccountId, findings: &mut Findings) -> Result<()> {
	if !config.verifier.enabled {
		return Ok(());
	}
	if at.get(&state::OFFERS, (operator,)).await?.is_some() {
		findings.good("seats", "are offered");
	} else {
		let next = "ogpu-worker operator --key OPERATOR.key offer-seats (the operator must be a validator)";
		findings.wrong("seats", "the operator offers none, so it is drawn for nothing", next);
	}
	let devices = at.get(&state::OPERATORS, (operator,)).await?.map_or(0, |operator| operator.devices.len());
	if devices == 0 {
		let next = "ogpu-worker operator --key OPERATOR.key register NAME --kind cpu --memory-mb MB";
		let found = "the verifier has no device, so nobody gives it the inputs that it has to check";
		findings.wrong("seats", found, next);
	}
	Ok(())
}

/// What was earned, in words.
fn told(earned: &Earned) -> String {
	let parts: Vec<_> = earned
		.amounts()
		.map(|(name, amount)| match name.parse::<DeviceId>() {
			Ok(device) => format!("device {device} {}", ogpu(amount)),
			Err(_) => format!("checks {}", ogpu(amount)),
		})
		.collect();
	let parts = if parts.is_empty() { "nothing".into() } else { parts.join(", ") };
	let hours = agent::lane::now().saturating_sub(earned.since) / 3600;
	format!("{parts} in {} days and {} hours, up to block {}", hours / 24, hours % 24, earned.until)
}

fn ogpu(amount: Balance) -> String {
	format!("{:.3} OGPU", amount as f64 / ogpu_protocol::token::OGPU as f64)
}
