//! Measures.

use anyhow::Result;
use clap::{Args, ValueEnum};
use ogpu_worker::{bench, kernels::Path};
use std::process::ExitCode;

/// Measure the reproducible kernels against plain candle: ratios of the best of interleaved runs.
#[derive(Debug, Args)]
pub struct BenchCmd {
	/// What to measure; all but `audit` and `store` by default.
	what: Option<What>,
	/// Runs of each, of which the best counts.
	#[arg(long, default_value_t = 7)]
	rounds: usize,
	/// MiB to transfer.
	#[cfg(feature = "network")]
	#[arg(long, default_value_t = 1024)]
	mib: u64,
	/// The disk on which the stores are measured.
	#[cfg(feature = "network")]
	#[arg(long, default_value = ".")]
	folder: std::path::PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
	/// Products of matrices.
	Matmul,
	/// Other operations.
	Ops,
	/// Whole workloads, audits and hashing.
	Workloads,
	/// Transfer of artifacts between two stores on this machine against a raw TCP copy; only when it is named.
	#[cfg(feature = "network")]
	Store,
	/// Checking what a model of 1.15 GB wrote: needs 6 GB of memory, and some minutes.
	Audit,
}

impl BenchCmd {
	pub fn run(&self) -> Result<ExitCode> {
		#[cfg(feature = "network")]
		if self.what == Some(What::Store) {
			return self.store();
		}
		if self.what == Some(What::Audit) {
			return self.audit();
		}
		let is_asked = |what| self.what.is_none_or(|asked| asked == what);
		let paths = Path::available().into_iter().filter(|path| *path != Path::Portable);
		for path in paths {
			for threads in [1, 2] {
				let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
				super::print(&format!(
					"\n{path:?}, {threads} threads: candle's time over ours, above 1 we are faster\n"
				))?;
				if is_asked(What::Matmul) {
					for row in pool.install(|| bench::matmul(path, self.rounds))? {
						let shape = row.shape.map(|side| side.to_string()).join(" × ");
						let name = format!("{} {shape}", row.name);
						super::print(&format!("  {name:<44}{:>6.2}  {:>6.1} G/s\n", row.to_candle, row.giga))?;
					}
				}
				if is_asked(What::Ops) {
					for (name, ratio) in pool.install(|| bench::operations(path, self.rounds))? {
						super::print(&format!("  {name:<44}{ratio:>6.2}\n"))?;
					}
				}
				if is_asked(What::Workloads) {
					for (name, value) in pool.install(|| bench::workloads(path, self.rounds))? {
						super::print(&format!("  {name:<60}{value:>8.3}\n"))?;
					}
				}
			}
		}
		Ok(ExitCode::SUCCESS)
	}

	fn audit(&self) -> Result<ExitCode> {
		for threads in [1, 2] {
			let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
			for (name, value) in pool.install(|| bench::audit(Path::best(), self.rounds.min(3)))? {
				super::print(&format!("{threads} threads, {name:<76}{value:>8.3}\n"))?;
			}
		}
		Ok(ExitCode::SUCCESS)
	}

	#[cfg(feature = "network")]
	fn store(&self) -> Result<ExitCode> {
		use ogpu_worker::store::bench;
		let bytes = self.mib.saturating_mul(1 << 20);
		let transfer = bench::transfer(&self.folder, bytes, self.rounds);
		let best = tokio::runtime::Runtime::new()?.block_on(transfer)?;
		let speed = |took: std::time::Duration| self.mib as f64 / took.as_secs_f64();
		let line = |name: &str, took: bench::Took| {
			let (time, processor) = (took.time.as_secs_f64(), took.processor.as_secs_f64());
			format!("  {name:<24} {time:>7.2} s {:>7.0} MiB/s, {processor:>6.2} s of processors\n", speed(took.time))
		};
		super::print(&format!(
			"{} MiB, best of {}\n{}{}  {:<24} {:>7.2} s {:>7.0} MiB/s\n  {:<24} {:>7.2}\n  {:<24} {:>7.2}\n{} artifacts of 1 \
			 KiB: {:.2} s\n",
			self.mib,
			self.rounds,
			line("raw TCP copy to disk", best.tcp),
			line("store to store, on disk", best.store),
			"hashing alone",
			best.hashing.as_secs_f64(),
			speed(best.hashing),
			"ratio to TCP",
			best.ratio(),
			"ratio of processors",
			best.processor_ratio(),
			bench::SMALL,
			best.small.as_secs_f64(),
		))?;
		Ok(ExitCode::SUCCESS)
	}
}
