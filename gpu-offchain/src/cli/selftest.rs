//! Whether this machine may take part.

use anyhow::Result;
use candle_core::Device;
use clap::Args;
use ogpu_worker::{kernels::Path, ops::Repro, selftest};
use std::process::ExitCode;

/// Compute every operation of the kernel set and a small job of every kind, and compare with the known answers.
///
/// With all instructions that this CPU has, on one thread and on several. Exits with 1 if any bit differs: such a
/// machine cannot take part.
#[derive(Debug, Args)]
pub struct SelftestCmd {
	/// Leave the jobs out, which take an emulated machine long.
	#[arg(long)]
	operations: bool,
	/// Print digests instead of comparing them.
	#[arg(long, hide = true)]
	print: bool,
}

impl SelftestCmd {
	pub fn run(&self) -> Result<ExitCode> {
		let cases = selftest::cases();
		if self.print {
			for case in &cases {
				super::print(&format!("{} {}\n", case.name, case.digest(&Repro::default(), &Device::Cpu)?))?;
			}
			for (name, root) in selftest::jobs(Path::best())? {
				super::print(&format!("{name} {root}\n"))?;
			}
			return Ok(ExitCode::SUCCESS);
		}
		let ways: Vec<(Path, usize)> =
			Path::available().into_iter().flat_map(|path| [1, 4].map(|threads| (path, threads))).collect();
		let name = |(path, threads): &(Path, usize)| format!("{:>14}", format!("{path:?} × {threads}"));
		super::print(&format!("{:<32}{}\n", "repro-1", ways.iter().map(name).collect::<String>()))?;
		let mut wrong = 0usize;
		let mut tell = |is_right: bool| {
			wrong = wrong.saturating_add(usize::from(!is_right));
			format!("{:>14}", if is_right { "same" } else { "DIFFERENT" })
		};
		let pools = ways
			.iter()
			.map(|(path, threads)| Ok((*path, rayon::ThreadPoolBuilder::new().num_threads(*threads).build()?)))
			.collect::<Result<Vec<_>>>()?;
		for case in &cases {
			let mut line = format!("{:<32}", case.name);
			for (path, pool) in &pools {
				let digest = pool.install(|| case.digest(&Repro { path: *path }, &Device::Cpu))?;
				line.push_str(&tell(case.expected() == Some(digest.to_hex().as_str())));
			}
			super::print(&format!("{line}\n"))?;
		}
		let jobs = pools
			.iter()
			.filter(|_| !self.operations)
			.map(|(path, pool)| Ok(pool.install(|| selftest::jobs(*path))?))
			.collect::<Result<Vec<_>>>()?;
		for (index, (name, _)) in jobs.first().into_iter().flatten().enumerate() {
			let mut line = format!("{name:<32}");
			for jobs in &jobs {
				let root = jobs.get(index).map(|(_, root)| root.to_string());
				line.push_str(&tell(root.is_some() && root.as_deref() == selftest::expected(name)));
			}
			super::print(&format!("{line}\n"))?;
		}
		let ok = wrong == 0;
		super::print(if ok { "All bits are those of repro-1.\n" } else { "This machine cannot take part.\n" })?;
		Ok(if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
	}
}
