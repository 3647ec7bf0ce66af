//! Random numbers that are a function of a seed and a place: any of them can be had alone, in any order, on any device.
//! Philox 4x32-10 (Salmon and others, 2011).

use super::{
	lanes::{Lanes, Portable, LANES},
	math,
};

/// A stream of random numbers: the seed, and what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Random {
	pub seed: u64,
	/// Purposes that share a seed have different streams.
	pub stream: u64,
}

impl Random {
	pub fn new(seed: u64, stream: u64) -> Self {
		Self { seed, stream }
	}

	/// Four words of 32 random bits: those of block number `block`.
	pub fn words(&self, block: u64) -> [u32; 4] {
		let halves = |value: u64| [value as u32, (value >> 32) as u32];
		let [mut k0, mut k1] = halves(self.seed);
		let ([b0, b1], [s0, s1]) = (halves(block), halves(self.stream));
		let mut counter = [b0, b1, s0, s1];
		for _ in 0..10 {
			let [a, b, c, d] = counter;
			let [low0, high0] = halves(u64::from(a).wrapping_mul(0xd251_1f53));
			let [low1, high1] = halves(u64::from(c).wrapping_mul(0xcd9e_8d57));
			counter = [high1 ^ b ^ k0, low1, high0 ^ d ^ k1, low0];
			k0 = k0.wrapping_add(0x9e37_79b9);
			k1 = k1.wrapping_add(0xbb67_ae85);
		}
		counter
	}

	/// Number `place`.
	pub fn word(&self, place: u64) -> u32 {
		let [a, b, c, d] = self.words(place >> 2);
		match place & 3 {
			0 => a,
			1 => b,
			2 => c,
			_ => d,
		}
	}

	/// From zero up to one, exclusive: a multiple of 2⁻²⁴.
	pub fn uniform(&self, place: u64) -> f32 {
		unit(self.word(place))
	}

	/// Below `bound`, which is not zero: the high half of the product, so the bias is below `bound` / 2³².
	pub fn below(&self, place: u64, bound: u32) -> u32 {
		(u64::from(self.word(place)).wrapping_mul(bound.into()) >> 32) as u32
	}

	/// Fills with uniform numbers, the first of which is number `first`.
	pub fn fill_uniform(&self, first: u64, out: &mut [f32]) {
		// Whole blocks of four words at once.
		let to_block = (first.wrapping_neg() & 3) as usize;
		let to_block = to_block.min(out.len());
		let (before, rest) = out.split_at_mut(to_block);
		for (place, out) in (first..).zip(before) {
			*out = self.uniform(place);
		}
		let block = first.div_ceil(4);
		for (block, out) in (block..).zip(rest.chunks_mut(4)) {
			for (out, word) in out.iter_mut().zip(self.words(block)) {
				*out = unit(word);
			}
		}
	}

	/// Fills with normal numbers: two of each two words (Box and Muller), sixteen words at a time. From place zero.
	pub fn fill_normal(&self, out: &mut [f32]) {
		for (group, out) in (0u64..).zip(out.chunks_mut(LANES)) {
			let mut bits = [0; LANES];
			for (block, four) in (group.wrapping_mul(4)..).zip(bits.chunks_exact_mut(4)) {
				four.copy_from_slice(&self.words(block));
			}
			// The first eight words give distances, the others directions.
			let (near, far) = bits.split_at(8);
			let (mut distance, mut direction) = ([1.0; LANES], [0.0; LANES]);
			for (((a, b), near), far) in distance.iter_mut().zip(&mut direction).zip(near).zip(far) {
				// From above zero to one.
				*a = 1.0 - unit(*near);
				*b = unit(*far) * std::f32::consts::TAU;
			}
			let radius = math::log(Portable::load(&distance)).mul(Portable::splat(-2.0)).sqrt();
			let angle = Portable::load(&direction);
			let cosines = radius.mul(math::cos(angle)).to_array();
			let sines = radius.mul(math::sin(angle)).to_array();
			let both = cosines.iter().take(8).chain(sines.iter().take(8));
			for (out, value) in out.iter_mut().zip(both) {
				*out = *value;
			}
		}
	}
}

fn unit(word: u32) -> f32 {
	(word >> 8) as f32 / 16_777_216.0
}
