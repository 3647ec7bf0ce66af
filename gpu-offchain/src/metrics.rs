//! What can be watched: figures for Prometheus, and whether the worker is well.

use anyhow::{Context, Result};
use axum::{extract::State, http::StatusCode, routing::get, Router};
use prometheus::{
	CounterVec, Encoder, Gauge, GaugeVec, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
	IntGaugeVec, Opts, Registry, TextEncoder,
};
use std::{
	net::SocketAddr,
	sync::{
		atomic::{AtomicU64, Ordering},
		Arc,
	},
	time::{Duration, SystemTime, UNIX_EPOCH},
};

/// A worker that has seen no block for so long is not well.
const UNWELL_AFTER: Duration = Duration::from_secs(60);

/// Where answers are counted.
const ANSWER_SECONDS: [f64; 10] = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];

#[derive(Clone)]
pub struct Metrics {
	registry: Registry,
	/// When the last block was looked at, in seconds since 1970.
	seen: Arc<AtomicU64>,
	pub jobs: IntCounterVec,
	pub leaves: IntCounterVec,
	pub queue: IntGaugeVec,
	pub works: IntGaugeVec,
	pub transactions: IntCounterVec,
	pub missed: IntCounterVec,
	pub block: IntGauge,
	pub final_block: IntGauge,
	pub clock: IntGauge,
	pub balance: Gauge,
	pub locked: Gauge,
	pub settled: IntCounter,
	pub earned_ogpu: CounterVec,
	pub store_bytes: IntGaugeVec,
	pub device_load: GaugeVec,
	pub device_memory: GaugeVec,
	pub answer_seconds: HistogramVec,
	pub foreign: IntGauge,
}

impl Metrics {
	pub fn new() -> Result<Self> {
		let registry = Registry::new_custom(Some("ogpu_worker".into()), None)?;
		macro_rules! register {
			($made:expr) => {{
				let made = $made?;
				registry.register(Box::new(made.clone()))?;
				made
			}};
		}
		let counters = |name: &str, help: &str, label: &str| IntCounterVec::new(Opts::new(name, help), &[label]);
		let gauges = |name: &str, help: &str, label: &str| IntGaugeVec::new(Opts::new(name, help), &[label]);
		let reals = |name: &str, help: &str, label: &str| GaugeVec::new(Opts::new(name, help), &[label]);
		Ok(Self {
			jobs: register!(counters("jobs_total", "Jobs that ended, by how", "end")),
			leaves: register!(counters("leaves_total", "Leaves that were computed, by what for", "for")),
			queue: register!(gauges("queue", "Jobs that wait, by device", "device")),
			works: register!(gauges("works", "Works in the journal, by phase", "phase")),
			transactions: register!(counters("transactions_total", "Transactions, by how they ended", "end")),
			missed: register!(counters("missed_deadlines_total", "Deadlines that passed, by what was due", "what")),
			block: register!(IntGauge::new("block", "The last block that was looked at")),
			final_block: register!(IntGauge::new("final_block", "The last block that is final")),
			clock: register!(IntGauge::new("clock", "What the network's clock shows")),
			balance: register!(Gauge::new("balance_ogpu", "What the worker key has for fees")),
			locked: register!(Gauge::new("locked_ogpu", "What the operator has locked")),
			settled: register!(IntCounter::new("settled_total", "Results that were settled")),
			earned_ogpu: register!(CounterVec::new(
				Opts::new("earned_ogpu_total", "What was paid for work since the start, by device or for checks"),
				&["device"]
			)),
			store_bytes: register!(gauges("store_bytes", "Bytes of artifacts", "what")),
			device_load: register!(reals("device_load", "How busy GPUs are, from 0 to 1", "gpu")),
			device_memory: register!(reals("device_memory", "How full the memory of GPUs is, from 0 to 1", "gpu")),
			answer_seconds: register!(HistogramVec::new(
				HistogramOpts::new(
					"answer_seconds",
					"From a block, or the end of a computation, to the transaction that the node has taken for it"
				)
				.buckets(ANSWER_SECONDS.to_vec()),
				&["what"]
			)),
			foreign: register!(IntGauge::new(
				"foreign_commitments",
				"Open commitments in this worker's name that its journal does not know"
			)),
			seen: Arc::default(),
			registry,
		})
	}

	/// A block was looked at.
	pub fn saw(&self) {
		let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
		self.seen.store(now.as_secs(), Ordering::Relaxed);
	}

	fn since_block(&self) -> Duration {
		let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
		Duration::from_secs(now.saturating_sub(self.seen.load(Ordering::Relaxed)))
	}

	/// Asks the GPUs of this machine how they are, where they can be asked.
	pub fn look_at_gpus(&self) {
		let Ok(nvml) = nvml_wrapper::Nvml::init() else { return };
		for index in 0..nvml.device_count().unwrap_or(0) {
			let Ok(gpu) = nvml.device_by_index(index) else { continue };
			let name = index.to_string();
			if let Ok(load) = gpu.utilization_rates() {
				self.device_load.with_label_values(&[&name]).set(f64::from(load.gpu) / 100.0);
			}
			if let Ok(memory) = gpu.memory_info() {
				let share = memory.used as f64 / memory.total.max(1) as f64;
				self.device_memory.with_label_values(&[&name]).set(share);
			}
		}
	}

	/// Answers `/metrics` and `/health`.
	pub async fn serve(self, listen: SocketAddr) -> Result<()> {
		let listener =
			tokio::net::TcpListener::bind(listen).await.with_context(|| format!("metrics.listen {listen}"))?;
		let router = Router::new().route("/metrics", get(figures)).route("/health", get(health)).with_state(self);
		Ok(axum::serve(listener, router).await?)
	}
}

async fn figures(State(metrics): State<Metrics>) -> Result<Vec<u8>, StatusCode> {
	let mut text = Vec::new();
	TextEncoder::new().encode(&metrics.registry.gather(), &mut text).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
	Ok(text)
}

async fn health(State(metrics): State<Metrics>) -> (StatusCode, String) {
	let since = metrics.since_block();
	let status = if since <= UNWELL_AFTER { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
	(status, format!("the last block was seen {} s ago\n", since.as_secs()))
}
