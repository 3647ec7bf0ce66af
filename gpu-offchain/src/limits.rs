//! What a job may ask of a machine. Checked before anything is read or allocated.

use crate::error::{ensure, Error, Result};

/// A manifest is short: what is long it names.
pub const MANIFEST_BYTES: usize = 64 << 10;
/// Leaves of a job.
pub const LEAVES: u32 = 1 << 20;
/// Numbers of a model, without an optimiser's.
pub const PARAMETERS: u64 = 2 << 30;
/// Bytes that a leaf may hold at once.
pub const MEMORY: u64 = 16 << 30;
/// Multiply-adds of a leaf: what the reference verifier of a class can do within its bound.
pub const LEAF_WORK: u128 = 180_000_000_000_000;

/// Refuses a number outside of its bounds.
pub fn within<T: PartialOrd + std::fmt::Display>(name: &str, value: T, least: T, most: T) -> Result<()> {
	ensure(value >= least && value <= most, format_args!("{name} must be from {least} to {most}, not {value}"))
}

/// Refuses a job that holds more bytes at once than any may, or than this machine has: the first is the job's fault, the
/// second the machine's. Asked before anything is allocated, because an allocation that fails ends the process.
pub fn memory(bytes: u64) -> Result<()> {
	within("memory", bytes, 0, MEMORY)?;
	match available() {
		Some(here) if bytes > here => {
			Err(Error::Machine(anyhow::anyhow!("the job needs {bytes} bytes of memory, and {here} are free here")))
		}
		_ => Ok(()),
	}
}

/// Bytes that this machine can give, where it says so.
fn available() -> Option<u64> {
	let text = std::fs::read_to_string("/proc/meminfo").ok()?;
	let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
	line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// The product of these, or an error if it is above `most`.
pub fn product(name: &str, factors: &[u64], most: u64) -> Result<u64> {
	let product = factors.iter().try_fold(1u64, |product, factor| product.checked_mul(*factor));
	match product.filter(|product| *product <= most) {
		Some(product) => Ok(product),
		None => Err(Error::invalid(format_args!("{name} must be at most {most}"))),
	}
}
