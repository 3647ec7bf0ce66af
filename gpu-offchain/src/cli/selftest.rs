//! Whether this machine may take part.

use anyhow::Result;
use clap::Args;
use ogpu_worker::{
	device::DeviceName,
	kernels::Path,
	ops::{Ops, Repro},
	selftest,
};
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::process::ExitCode;

/// Compute every operation of the kernel set and a small job of every kind, and compare with the known answers.
///
/// On a CPU with all instructions that it has, on one thread and on several. Exits with 1 if any bit differs: such a
/// device cannot take part.
#[derive(Debug, Args)]
pub struct SelftestCmd {
	/// What is tested: cpu, cuda, cuda:1.
	#[arg(long, default_value_t)]
	device: DeviceName,
	/// Leave the jobs out, which take an emulated machine long.
	#[arg(long)]
	operations: bool,
	/// Print digests instead of comparing them.
	#[arg(long, hide = true)]
	print: bool,
}

/// A way to compute.
struct Way {
	name: String,
	ops: Repro,
	pool: ThreadPool,
}

impl SelftestCmd {
	fn ways(&self) -> Result<Vec<Way>> {
		let pool = |threads: usize| ThreadPoolBuilder::new().num_threads(threads).build();
		if self.device != DeviceName::Cpu {
			let ops = Repro::on(&self.device.open()?);
			return Ok(vec![Way { name: self.device.to_string(), ops, pool: pool(0)? }]);
		}
		let all = Path::available().into_iter().flat_map(|path| [1, 4].map(|threads| (path, threads)));
		all.map(|(path, threads)| {
			let name = format!("{path:?} × {threads}");
			Ok(Way { name, ops: Repro::with_path(path), pool: pool(threads)? })
		})
		.collect()
	}

	pub fn run(&self) -> Result<ExitCode> {
		let cases = selftest::cases();
		let jobs = |ops: &Repro| selftest::jobs(|| Box::new(ops.clone()) as Box<dyn Ops>);
		if self.print {
			let ops = Repro::on(&self.device.open()?);
			for case in &cases {
				super::print(&format!("{} {}\n", case.name, case.digest(&ops)?))?;
			}
			for (name, root) in jobs(&ops)? {
				super::print(&format!("{name} {root}\n"))?;
			}
			return Ok(ExitCode::SUCCESS);
		}
		let ways = self.ways()?;
		let head = ways.iter().map(|way| format!("{:>14}", way.name)).collect::<String>();
		super::print(&format!("{:<32}{head}\n", "repro-1"))?;
		let mut wrong = 0usize;
		let mut tell = |is_right: bool| {
			wrong = wrong.saturating_add(usize::from(!is_right));
			format!("{:>14}", if is_right { "same" } else { "DIFFERENT" })
		};
		for case in &cases {
			let mut line = format!("{:<32}", case.name);
			for way in &ways {
				let digest = way.pool.install(|| case.digest(&way.ops))?;
				line.push_str(&tell(case.expected() == Some(digest.to_hex().as_str())));
			}
			super::print(&format!("{line}\n"))?;
		}
		let jobs = ways
			.iter()
			.filter(|_| !self.operations)
			.map(|way| Ok(way.pool.install(|| jobs(&way.ops))?))
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
		super::print(if ok { "All bits are those of repro-1.\n" } else { "This device cannot take part.\n" })?;
		Ok(if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
	}
}
