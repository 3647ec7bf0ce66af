//! Measures.

use anyhow::Result;
use clap::{Args, ValueEnum};
use ogpu_worker::{bench, kernels::Path};
use std::process::ExitCode;

/// Measure the reproducible kernels against plain candle: ratios of the best of interleaved runs.
#[derive(Debug, Args)]
pub struct BenchCmd {
	/// What to measure; everything by default.
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
}

impl BenchCmd {
	pub fn run(&self) -> Result<ExitCode> {
		#[cfg(feature = "network")]
		if self.what == Some(What::Store) {
			return self.store();
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

	#[cfg(feature = "network")]
	fn store(&self) -> Result<ExitCode> {
		use ogpu_worker::store::bench;
		let bytes = self.mib.checked_mul(1 << 20).unwrap_or(u64::MAX);
		let transfer = bench::transfer(&self.folder, bytes, self.rounds);
		let best = tokio::runtime::Runtime::new()?.block_on(transfer)?;
		let speed = |took: std::time::Duration| self.mib as f64 / took.as_secs_f64();
		super::print(&format!(
			"{} MiB, best of {}\n  raw TCP copy to disk     {:>7.2} s {:>7.0} MiB/s\n  store to store, on disk  {:>7.2} s \
			 {:>7.0} MiB/s\n  hashing alone            {:>7.2} s {:>7.0} MiB/s\n  ratio to TCP             {:>7.2}\n{} \
			 artifacts of 1 KiB: {:.2} s\n",
			self.mib,
			self.rounds,
			best.tcp.as_secs_f64(),
			speed(best.tcp),
			best.store.as_secs_f64(),
			speed(best.store),
			best.hashing.as_secs_f64(),
			speed(best.hashing),
			best.ratio(),
			bench::SMALL,
			best.small.as_secs_f64(),
		))?;
		Ok(ExitCode::SUCCESS)
	}
}
