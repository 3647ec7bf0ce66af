//! What an operator says: a TOML file, changed by the environment.
//!
//! `ogpu-worker init` writes [`DEFAULT`], in which everything is explained. Each value can be set by a variable:
//! `OGPU_WORKER_CHAIN__NODES='["ws://…"]'` stands for `nodes` under `[chain]`.

use crate::{
	chain::{
		parse_hash,
		types::{DeviceId, ServiceId},
	},
	keys::KeySource,
};
use anyhow::{bail, ensure, Context, Result};
use serde::{Deserialize, Serialize};
use std::{
	net::SocketAddr,
	path::{Path, PathBuf},
};

/// With every explanation.
pub const DEFAULT: &str = include_str!("config.toml");

/// Variables begin so. Two underlines stand between names.
const PREFIX: &str = "OGPU_WORKER_";

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
	/// Where everything lies that the worker keeps.
	pub data: PathBuf,
	pub chain: ChainConfig,
	pub key: KeySource,
	/// Only where the operator's own key may lie on this machine.
	pub operator: Option<KeySource>,
	#[serde(default, rename = "device")]
	pub devices: Vec<DeviceConfig>,
	#[serde(default)]
	pub market: MarketConfig,
	#[serde(default)]
	pub verifier: VerifierConfig,
	#[serde(default)]
	pub store: StoreConfig,
	#[serde(default)]
	pub metrics: MetricsConfig,
	#[serde(default)]
	pub log: LogConfig,
	#[serde(default)]
	pub shutdown: ShutdownConfig,
	/// A binary that computes, instead of this one. It is started as this one would be.
	pub engine: Option<PathBuf>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainConfig {
	/// The first that answers is used.
	pub nodes: Vec<String>,
	/// The genesis hash of the network.
	pub genesis: Option<String>,
}

/// A device that works for money.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceConfig {
	/// Its number on the chain.
	pub id: u32,
	/// What computes: cpu, cuda, cuda:1.
	#[serde(default = "cpu")]
	pub engine: String,
	/// Threads of the kernels, all cores if 0.
	#[serde(default)]
	pub threads: usize,
	/// What a job may take of the machine's memory; 0 for no limit.
	#[serde(default)]
	pub memory_mb: u64,
	/// Jobs that wait for it at most. More are declined.
	#[serde(default = "queue")]
	pub queue: usize,
	/// Services for whose requests it races.
	#[serde(default)]
	pub services: Vec<ServiceId>,
	/// Whether it bids in auctions.
	#[serde(default)]
	pub bids: bool,
	/// Whether it takes part in benchmarks.
	#[serde(default = "yes")]
	pub benchmarks: bool,
}

/// What work must bring.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MarketConfig {
	/// What a trillion multiply-adds cost you, in OGPU: power, wear, rent.
	pub cost_of_tera: f64,
	/// What you want above that, as a share of it.
	pub margin: f64,
	/// By how much longer than measured a job may take, in the time that a bid promises.
	pub slack: f64,
	/// Requests whose leaves bring less than this, in OGPU, are declined.
	pub least_leaf_price: f64,
	/// Jobs that bind more of the lock than this, in OGPU, are left alone.
	pub most_bond: f64,
	/// Whether to raise an alarm where the leader of a race must have another result.
	pub alarms: bool,
	/// What may be bonded for a challenge, in OGPU. None is raised if this is 0.
	pub most_challenge_bond: f64,
}

impl Default for MarketConfig {
	fn default() -> Self {
		Self {
			cost_of_tera: 0.000_02,
			margin: 0.25,
			slack: 1.5,
			least_leaf_price: 0.0,
			most_bond: 1_000_000.0,
			alarms: true,
			most_challenge_bond: 0.0,
		}
	}
}

/// Checking others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VerifierConfig {
	/// Whether audits and juries are done for which the operator is drawn.
	pub enabled: bool,
	/// Offers the operator's seats; needs its key.
	pub offer_seats: bool,
	/// What computes.
	pub engine: String,
	pub threads: usize,
	pub memory_mb: u64,
	/// Leaves that wait at most.
	pub queue: usize,
}

impl Default for VerifierConfig {
	fn default() -> Self {
		Self { enabled: false, offer_seats: false, engine: cpu(), threads: 0, memory_mb: 0, queue: 64 }
	}
}

/// Artifacts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreConfig {
	/// Where others reach this machine. UDP.
	pub listen: SocketAddr,
	/// Under which addresses others reach it; those of this machine if there are none.
	pub announce: Vec<SocketAddr>,
	/// What it may hold on disk.
	pub quota_gb: f64,
	/// For how many hours results are served after they were settled.
	pub serve_hours: u32,
	/// A relay, where no address can be reached from outside. None by default.
	pub relay: Option<String>,
}

impl Default for StoreConfig {
	fn default() -> Self {
		Self {
			listen: SocketAddr::from(([0, 0, 0, 0], 4071)),
			announce: Vec::new(),
			quota_gb: 100.0,
			serve_hours: 72,
			relay: None,
		}
	}
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MetricsConfig {
	/// `/metrics` and `/health`. Nothing of it is secret, but it is nobody's business.
	pub listen: Option<SocketAddr>,
}

impl Default for MetricsConfig {
	fn default() -> Self {
		Self { listen: Some(SocketAddr::from(([127, 0, 0, 1], 9617))) }
	}
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogConfig {
	/// As in `RUST_LOG`: info, debug, ogpu_worker=trace.
	pub level: Option<String>,
	/// One JSON object in each line.
	pub json: bool,
}

/// Being told to stop.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ShutdownConfig {
	/// For how long, at most, it goes on with what would be late by the next start.
	pub patience_seconds: u64,
}

impl Default for ShutdownConfig {
	fn default() -> Self {
		Self { patience_seconds: 60 }
	}
}

fn cpu() -> String {
	"cpu".into()
}

const fn queue() -> usize {
	4
}

const fn yes() -> bool {
	true
}

impl Config {
	/// Reads the file and the environment.
	pub fn load(path: &Path) -> Result<Self> {
		let text = std::fs::read_to_string(path)
			.with_context(|| format!("{} (write one with `ogpu-worker init`)", path.display()))?;
		let variables = std::env::vars_os().filter_map(|(name, value)| {
			Some((name.to_str()?.strip_prefix(PREFIX)?.to_owned(), value.to_str()?.to_owned()))
		});
		Self::parse(&text, variables).with_context(|| path.display().to_string())
	}

	/// Reads a text, and values that stand in its place.
	pub fn parse(text: &str, variables: impl IntoIterator<Item = (String, String)>) -> Result<Self> {
		let mut table: toml::Table = toml::from_str(text)?;
		for (name, value) in variables {
			override_by(&mut table, &name, &value).with_context(|| format!("the variable {PREFIX}{name}"))?;
		}
		let config: Self = table.try_into()?;
		config.validate()?;
		Ok(config)
	}

	fn validate(&self) -> Result<()> {
		ensure!(!self.chain.nodes.is_empty(), "chain.nodes: name a node");
		for node in &self.chain.nodes {
			let is_known = ["ws://", "wss://"].iter().any(|scheme| node.starts_with(scheme));
			ensure!(is_known, "chain.nodes: `{node}` must begin with ws:// or wss://");
		}
		self.genesis()?;
		let mut ids: Vec<_> = self.devices.iter().map(|device| device.id).collect();
		ids.sort_unstable();
		ids.dedup();
		ensure!(ids.len() == self.devices.len(), "device: a number stands there twice");
		for device in &self.devices {
			ensure!(device.queue > 0, "device {}: queue must be at least 1", device.id);
		}
		let MarketConfig { cost_of_tera, margin, slack, least_leaf_price, most_bond, alarms: _, most_challenge_bond } =
			self.market;
		for (name, value) in [
			("cost_of_tera", cost_of_tera),
			("margin", margin),
			("least_leaf_price", least_leaf_price),
			("most_bond", most_bond),
			("most_challenge_bond", most_challenge_bond),
			("slack", slack),
		] {
			ensure!(value.is_finite() && value >= 0.0, "market.{name} must be a number of at least 0");
		}
		ensure!(slack >= 1.0, "market.slack must be at least 1");
		ensure!(self.store.quota_gb.is_finite() && self.store.quota_gb > 0.0, "store.quota_gb must be above 0");
		ensure!(
			!self.verifier.offer_seats || self.operator.is_some(),
			"verifier.offer_seats needs the operator's key: give [operator], or offer seats with \
			 `ogpu-worker operator offer-seats` from another machine"
		);
		Ok(())
	}

	/// Whether a device is one of this worker's. Where it is not known which it is, it may be.
	pub fn has(&self, device: Option<DeviceId>) -> bool {
		device.is_none_or(|device| self.devices.iter().any(|config| config.id == device))
	}

	/// The genesis hash, if one is given.
	pub fn genesis(&self) -> Result<Option<[u8; 32]>> {
		let Some(text) = &self.chain.genesis else { return Ok(None) };
		Ok(Some(parse_hash(text).context("chain.genesis: 0x and 64 hexadecimal digits")?))
	}
}

/// Puts a value in the place that a variable names.
fn override_by(table: &mut toml::Table, name: &str, value: &str) -> Result<()> {
	let lower = name.to_ascii_lowercase();
	let mut path: Vec<&str> = lower.split("__").collect();
	let Some(last) = path.pop().filter(|last| !last.is_empty()) else { bail!("it names nothing") };
	let mut place = table;
	for step in path {
		let next = place.entry(step.to_owned()).or_insert_with(|| toml::Value::Table(toml::Table::new()));
		place = next.as_table_mut().with_context(|| format!("`{step}` is no section"))?;
	}
	// What reads as TOML is meant so, all else is text.
	let parsed = toml::from_str::<toml::Table>(&format!("value = {value}"));
	let value = parsed.ok().and_then(|mut table| table.remove("value")).unwrap_or_else(|| value.into());
	place.insert(last.to_owned(), value);
	Ok(())
}

#[cfg(test)]
mod tests {
	use super::*;

	fn parsed(variables: &[(&str, &str)]) -> Result<Config> {
		Config::parse(DEFAULT, variables.iter().map(|(name, value)| (name.to_string(), value.to_string())))
	}

	#[test]
	fn what_init_writes_is_the_default() {
		let config = parsed(&[]).unwrap();
		assert_eq!(config.market, MarketConfig::default());
		assert_eq!(config.store, StoreConfig::default());
		assert_eq!(config.verifier, VerifierConfig::default());
		assert_eq!(config.metrics, MetricsConfig::default());
		assert_eq!(config.shutdown, ShutdownConfig::default());
	}

	#[test]
	fn variables_stand_in_the_place_of_what_is_written() {
		let config = parsed(&[
			("DATA", "/elsewhere"),
			("CHAIN__NODES", r#"["ws://one", "wss://two"]"#),
			("VERIFIER__ENABLED", "true"),
			("METRICS__LISTEN", "0.0.0.0:1"),
		])
		.unwrap();
		assert_eq!(config.data, PathBuf::from("/elsewhere"));
		assert_eq!(config.chain.nodes, ["ws://one", "wss://two"]);
		assert!(config.verifier.enabled);
		assert_eq!(config.metrics.listen, Some("0.0.0.0:1".parse().unwrap()));
	}

	#[test]
	fn nonsense_is_refused_with_its_place() {
		let refused = |name: &str, value: &str, part: &str| {
			let error = format!("{:#}", parsed(&[(name, value)]).unwrap_err());
			assert!(error.contains(part), "{error}");
		};
		refused("CHAIN__NODES", "[]", "chain.nodes");
		refused("CHAIN__NODES", r#"["http://x"]"#, "ws://");
		refused("CHAIN__GENESIS", "0x12", "chain.genesis");
		refused("MARKET__SLACK", "0.5", "market.slack");
		refused("MARKET__MARGIN", "nan", "market.margin");
		refused("VERIFIER__OFFER_SEATS", "true", "[operator]");
		refused("NOBODY__KNOWS", "1", "nobody");
		refused("DATA__X", "1", "section");
	}
}
