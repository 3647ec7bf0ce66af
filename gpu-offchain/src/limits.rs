//! What a job may ask of a machine. Checked before anything is read or allocated.

use crate::error::{ensure, Result};

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

/// The product of these, or an error if it is above `most`.
pub fn product(name: &str, factors: &[u64], most: u64) -> Result<u64> {
	let product = factors.iter().try_fold(1u64, |product, factor| product.checked_mul(*factor));
	match product.filter(|product| *product <= most) {
		Some(product) => Ok(product),
		None => Err(crate::error::Error::invalid(format_args!("{name} must be at most {most}"))),
	}
}
