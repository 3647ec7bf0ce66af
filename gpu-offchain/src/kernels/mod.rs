//! The kernel set `repro-1` on CPUs: every output bit follows from the inputs alone, not from instructions, threads,
//! blocks or batches. docs/reproducibility.md has the rules in a form to implement elsewhere.

pub mod attention;
pub mod gather;
pub mod gpu;
pub mod lanes;
pub mod math;
pub mod matmul;
mod parallel;
pub mod pointwise;
pub mod random;
pub mod rows;

pub use lanes::{Path, LANES};

/// The one pattern for what is no number, whatever a device made of it.
pub const NAN_BITS: u32 = 0x7fc0_0000;

/// The bytes in which numbers are hashed and stored: little endian, with one pattern for what is no number.
pub fn canonical_bytes(values: &[f32]) -> Vec<u8> {
	values.iter().flat_map(|value| if value.is_nan() { NAN_BITS } else { value.to_bits() }.to_le_bytes()).collect()
}
