//! Sixteen numbers side by side: the one shape in which all CPU kernels are written. Every operation here is rounded
//! once and correctly, as IEEE 754 asks, so a kernel written on [`Lanes`] has the same bits whichever path runs it.

#![allow(unsafe_code, reason = "vector instructions; each path is entered only where the CPU was asked for it")]
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "places in arrays of fixed length")]

/// How many numbers stand side by side. A part of the definition of reductions, whatever the hardware has.
pub const LANES: usize = 16;

/// Which instructions the kernels use. The bits are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
	/// Plain Rust: any CPU.
	Portable,
	/// AVX2 with fused multiply-add.
	Avx2,
	Avx512,
}

impl Path {
	/// All that this CPU has, slowest first.
	pub fn available() -> Vec<Self> {
		[Self::Portable, Self::Avx2, Self::Avx512].into_iter().filter(|path| path.is_here()).collect()
	}

	/// The fastest that this CPU has.
	pub fn best() -> Self {
		Self::available().last().copied().unwrap_or(Self::Portable)
	}

	#[cfg(target_arch = "x86_64")]
	fn is_here(self) -> bool {
		match self {
			Self::Portable => true,
			Self::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
			Self::Avx512 => is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq"),
		}
	}

	#[cfg(not(target_arch = "x86_64"))]
	fn is_here(self) -> bool {
		self == Self::Portable
	}
}

/// Sixteen fp32 numbers.
pub trait Lanes: Copy {
	/// Rows of the tile of the product of matrices that fits this path's registers.
	const TILE_ROWS: usize;

	fn splat(value: f32) -> Self;
	fn load(from: &[f32; LANES]) -> Self;
	fn store(self, to: &mut [f32; LANES]);
	fn add(self, other: Self) -> Self;
	fn sub(self, other: Self) -> Self;
	fn mul(self, other: Self) -> Self;
	fn div(self, other: Self) -> Self;
	fn sqrt(self) -> Self;
	/// `self` · `times` + `plus`, rounded once.
	fn fma(self, times: Self, plus: Self) -> Self;
	/// Lane by lane: `then` where `self` > `than`, else `otherwise`; `otherwise` where one is no number.
	fn if_greater(self, than: Self, then: Self, otherwise: Self) -> Self;
	/// Lane by lane: `then` where both are equal, else `otherwise`; nothing equals what is no number.
	fn if_equal(self, to: Self, then: Self, otherwise: Self) -> Self;
	/// Without its sign.
	fn abs(self) -> Self;
	/// With the sign of the other.
	fn with_sign_of(self, other: Self) -> Self;
	/// Two to the power of these whole numbers, from −126 to 127.
	fn exp2_whole(self) -> Self;
	/// Of positive normal numbers: the exponent as a number, and the rest, from √½ up to √2.
	fn split(self) -> (Self, Self);
	/// Sixteen by sixteen numbers, rows to columns. Rows are `stride` apart, columns will be `step` apart.
	///
	/// # Safety
	///
	/// There are 15 · `stride` + 16 numbers, and room for 15 · `step` + 16 elsewhere.
	unsafe fn turn(from: *const f32, stride: usize, to: *mut f32, step: usize);
	/// Asks for what is there to be near soon, where the CPU can be asked.
	fn prefetch(_place: *const f32) {}

	/// The greater one: `self` where it is greater, else the other; so the other where one is no number, and of −0 and 0.
	#[inline(always)]
	fn max(self, other: Self) -> Self {
		self.if_greater(other, self, other)
	}

	#[inline(always)]
	fn neg(self) -> Self {
		Self::splat(-0.0).sub(self)
	}

	#[inline(always)]
	fn to_array(self) -> [f32; LANES] {
		let mut array = [0.0; LANES];
		self.store(&mut array);
		array
	}
}

/// The sum of the lanes in the order of all reductions: halves onto halves.
#[inline(always)]
pub fn fold(lanes: [f32; LANES], with: impl Fn(f32, f32) -> f32) -> f32 {
	let mut lanes = lanes;
	let mut half = LANES / 2;
	while half > 0 {
		for lane in 0..half {
			lanes[lane] = with(lanes[lane], lanes[lane + half]);
		}
		half /= 2;
	}
	lanes[0]
}

/// Mantissas are taken from here, √½, so that they stand around one.
const SPLIT: i32 = 0x3f35_04f3;

/// Rows to columns, of up to sixteen by sixteen numbers; sixteen are written of each column, zero where no row is.
#[inline(always)]
pub fn turn<V: Lanes>(from: &[f32], stride: usize, size: [usize; 2], to: &mut [f32], step: usize) {
	if size == [LANES; 2] {
		let last = LANES - 1;
		assert!(from.len() >= last * stride + LANES && to.len() >= last * step + LANES);
		// SAFETY: all of it is there, as was asserted; no slice overlaps one that can be written.
		return unsafe { V::turn(from.as_ptr(), stride, to.as_mut_ptr(), step) };
	}
	let (mut rows, mut columns) = ([0.0; LANES * LANES], [0.0; LANES * LANES]);
	for (row, place) in rows.chunks_exact_mut(LANES).take(size[0]).enumerate() {
		place[..size[1]].copy_from_slice(&from[row * stride..][..size[1]]);
	}
	// SAFETY: both are sixteen by sixteen.
	unsafe { V::turn(rows.as_ptr(), LANES, columns.as_mut_ptr(), LANES) };
	for (column, values) in columns.chunks_exact(LANES).take(size[1]).enumerate() {
		to[column * step..][..LANES].copy_from_slice(values);
	}
}

/// The lanes of a slice from place 16 · `index` on. Where it ends within them, the rest is this padding.
#[inline(always)]
pub fn lanes_at<V: Lanes>(values: &[f32], index: usize, padding: f32) -> V {
	let rest = &values[index * LANES..];
	match rest.first_chunk() {
		Some(lanes) => V::load(lanes),
		None => {
			let mut lanes = [padding; LANES];
			lanes[..rest.len()].copy_from_slice(rest);
			V::load(&lanes)
		}
	}
}

/// Puts lanes where [`lanes_at`] reads them.
#[inline(always)]
pub fn put_at<V: Lanes>(values: &mut [f32], index: usize, lanes: V) {
	let rest = &mut values[index * LANES..];
	match rest.first_chunk_mut() {
		Some(place) => lanes.store(place),
		None => {
			let length = rest.len();
			rest.copy_from_slice(&lanes.to_array()[..length]);
		}
	}
}

// What follows are macros, not functions of closures: the compiler need not inline a closure, and one that it does not
// inline lacks the instructions of the path.

/// Makes each number of an output from those at its place in the inputs, which are as long.
macro_rules! map {
	($v:ty, [$($name:ident = $input:expr),*] => $out:expr, $body:expr) => {{
		let out: &mut [f32] = $out;
		let length = out.len();
		$(let $name: &[f32] = &$input[..length];)*
		for index in 0..length.div_ceil($crate::kernels::LANES) {
			$(let $name: $v = $crate::kernels::lanes::lanes_at($name, index, 0.0);)*
			$crate::kernels::lanes::put_at::<$v>(out, index, $body);
		}
	}};
}

/// As `map`, upon what is already in the output.
macro_rules! update {
	($v:ty, $old:ident in $out:expr, [$($name:ident = $input:expr),*], $body:expr) => {{
		let out: &mut [f32] = $out;
		let length = out.len();
		$(let $name: &[f32] = &$input[..length];)*
		for index in 0..length.div_ceil($crate::kernels::LANES) {
			let $old: $v = $crate::kernels::lanes::lanes_at(out, index, 0.0);
			$(let $name: $v = $crate::kernels::lanes::lanes_at($name, index, 0.0);)*
			$crate::kernels::lanes::put_at::<$v>(out, index, $body);
		}
	}};
}

/// The sum of what is made of each place of the inputs, which are equally long: sixteen sums, of every sixteenth, each
/// from the first to the last and from zero, then halves onto halves. Beyond the end, inputs are zero.
macro_rules! sum {
	($v:ty, $sum:ident, [$first:ident = $input:expr $(, $name:ident = $more:expr)*], $body:expr) => {{
		let $first: &[f32] = &$input[..];
		let length = $first.len();
		$(let $name: &[f32] = &$more[..length];)*
		let mut $sum = <$v>::splat(0.0);
		for index in 0..length.div_ceil($crate::kernels::LANES) {
			let $first: $v = $crate::kernels::lanes::lanes_at($first, index, 0.0);
			$(let $name: $v = $crate::kernels::lanes::lanes_at($name, index, 0.0);)*
			$sum = $body;
		}
		$crate::kernels::lanes::fold($sum.to_array(), |a, b| a + b)
	}};
}

pub(crate) use {map, sum, update};

/// The greatest number, −∞ of none; what is no number is passed over.
#[inline(always)]
pub fn greatest<V: Lanes>(values: &[f32]) -> f32 {
	let mut most = V::splat(f32::NEG_INFINITY);
	for index in 0..values.len().div_ceil(LANES) {
		most = lanes_at::<V>(values, index, f32::NEG_INFINITY).max(most);
	}
	fold(most.to_array(), |a, b| if b > a { b } else { a })
}

/// Sixteen numbers in an array, for which the compiler finds what instructions there are.
#[derive(Clone, Copy)]
pub struct Portable([f32; LANES]);

impl Portable {
	#[inline(always)]
	fn with(self, other: Self, op: impl Fn(f32, f32) -> f32) -> Self {
		let mut out = self.0;
		for (a, b) in out.iter_mut().zip(other.0) {
			*a = op(*a, b);
		}
		Self(out)
	}
}

impl Lanes for Portable {
	const TILE_ROWS: usize = 4;

	#[inline(always)]
	fn splat(value: f32) -> Self {
		Self([value; LANES])
	}
	#[inline(always)]
	fn load(from: &[f32; LANES]) -> Self {
		Self(*from)
	}
	#[inline(always)]
	fn store(self, to: &mut [f32; LANES]) {
		*to = self.0;
	}
	#[inline(always)]
	fn add(self, other: Self) -> Self {
		self.with(other, |a, b| a + b)
	}
	#[inline(always)]
	fn sub(self, other: Self) -> Self {
		self.with(other, |a, b| a - b)
	}
	#[inline(always)]
	fn mul(self, other: Self) -> Self {
		self.with(other, |a, b| a * b)
	}
	#[inline(always)]
	fn div(self, other: Self) -> Self {
		self.with(other, |a, b| a / b)
	}
	#[inline(always)]
	fn sqrt(self) -> Self {
		Self(self.0.map(f32::sqrt))
	}
	#[inline(always)]
	fn fma(self, times: Self, plus: Self) -> Self {
		let mut out = plus.0;
		for ((out, a), b) in out.iter_mut().zip(self.0).zip(times.0) {
			*out = a.mul_add(b, *out);
		}
		Self(out)
	}
	#[inline(always)]
	fn if_greater(self, than: Self, then: Self, otherwise: Self) -> Self {
		let mut out = otherwise.0;
		for ((out, then), (value, than)) in out.iter_mut().zip(then.0).zip(self.0.iter().zip(than.0)) {
			if *value > than {
				*out = then;
			}
		}
		Self(out)
	}
	#[inline(always)]
	fn if_equal(self, to: Self, then: Self, otherwise: Self) -> Self {
		let mut out = otherwise.0;
		for ((out, then), (value, to)) in out.iter_mut().zip(then.0).zip(self.0.iter().zip(to.0)) {
			if *value == to {
				*out = then;
			}
		}
		Self(out)
	}
	#[inline(always)]
	fn abs(self) -> Self {
		Self(self.0.map(f32::abs))
	}
	#[inline(always)]
	fn with_sign_of(self, other: Self) -> Self {
		self.with(other, f32::copysign)
	}
	#[inline(always)]
	fn exp2_whole(self) -> Self {
		Self(self.0.map(|whole| f32::from_bits(((whole as i32).wrapping_add(127) as u32).wrapping_shl(23))))
	}
	#[inline(always)]
	fn split(self) -> (Self, Self) {
		let exponent = |value: f32| (value.to_bits() as i32).wrapping_sub(SPLIT) >> 23;
		let rest = |value: f32| f32::from_bits((value.to_bits() as i32).wrapping_sub(exponent(value) << 23) as u32);
		(Self(self.0.map(|value| exponent(value) as f32)), Self(self.0.map(rest)))
	}
	#[inline(always)]
	unsafe fn turn(from: *const f32, stride: usize, to: *mut f32, step: usize) {
		for row in 0..LANES {
			for column in 0..LANES {
				// SAFETY: by the caller.
				unsafe { *to.add(column * step + row) = *from.add(row * stride + column) };
			}
		}
	}
}

#[cfg(target_arch = "x86_64")]
pub use x86::{Avx2, Avx512};

#[cfg(target_arch = "x86_64")]
mod x86 {
	use super::{Lanes, LANES, SPLIT};
	use std::arch::x86_64::*;

	/// Two registers of eight.
	#[derive(Clone, Copy)]
	pub struct Avx2(__m256, __m256);

	macro_rules! both {
		($f:ident, $a:expr, $b:expr) => {
			// SAFETY: this type is used only on the path of its instructions, see `on`.
			unsafe { Avx2($f($a.0, $b.0), $f($a.1, $b.1)) }
		};
	}

	/// SAFETY: needs AVX2.
	#[inline(always)]
	unsafe fn exp2_8(whole: __m256) -> __m256 {
		// SAFETY: by the caller.
		unsafe {
			let biased = _mm256_add_epi32(_mm256_cvtps_epi32(whole), _mm256_set1_epi32(127));
			_mm256_castsi256_ps(_mm256_slli_epi32::<23>(biased))
		}
	}

	/// SAFETY: needs AVX2.
	#[inline(always)]
	unsafe fn split_8(value: __m256) -> (__m256, __m256) {
		// SAFETY: by the caller.
		unsafe {
			let bits = _mm256_castps_si256(value);
			let exponent = _mm256_srai_epi32::<23>(_mm256_sub_epi32(bits, _mm256_set1_epi32(SPLIT)));
			let rest = _mm256_sub_epi32(bits, _mm256_slli_epi32::<23>(exponent));
			(_mm256_cvtepi32_ps(exponent), _mm256_castsi256_ps(rest))
		}
	}

	impl Lanes for Avx2 {
		const TILE_ROWS: usize = 6;

		#[inline(always)]
		fn splat(value: f32) -> Self {
			// SAFETY: as in `both`.
			unsafe { Self(_mm256_set1_ps(value), _mm256_set1_ps(value)) }
		}
		#[inline(always)]
		fn load(from: &[f32; LANES]) -> Self {
			// SAFETY: as in `both`; sixteen numbers are there.
			unsafe { Self(_mm256_loadu_ps(from.as_ptr()), _mm256_loadu_ps(from.as_ptr().add(8))) }
		}
		#[inline(always)]
		fn store(self, to: &mut [f32; LANES]) {
			// SAFETY: as in `load`.
			unsafe {
				_mm256_storeu_ps(to.as_mut_ptr(), self.0);
				_mm256_storeu_ps(to.as_mut_ptr().add(8), self.1);
			}
		}
		#[inline(always)]
		fn add(self, other: Self) -> Self {
			both!(_mm256_add_ps, self, other)
		}
		#[inline(always)]
		fn sub(self, other: Self) -> Self {
			both!(_mm256_sub_ps, self, other)
		}
		#[inline(always)]
		fn mul(self, other: Self) -> Self {
			both!(_mm256_mul_ps, self, other)
		}
		#[inline(always)]
		fn div(self, other: Self) -> Self {
			both!(_mm256_div_ps, self, other)
		}
		#[inline(always)]
		fn sqrt(self) -> Self {
			// SAFETY: as in `both`.
			unsafe { Self(_mm256_sqrt_ps(self.0), _mm256_sqrt_ps(self.1)) }
		}
		#[inline(always)]
		fn fma(self, times: Self, plus: Self) -> Self {
			// SAFETY: as in `both`.
			unsafe { Self(_mm256_fmadd_ps(self.0, times.0, plus.0), _mm256_fmadd_ps(self.1, times.1, plus.1)) }
		}
		#[inline(always)]
		fn if_greater(self, than: Self, then: Self, otherwise: Self) -> Self {
			// SAFETY: as in `both`.
			unsafe {
				let mask = [_mm256_cmp_ps::<_CMP_GT_OQ>(self.0, than.0), _mm256_cmp_ps::<_CMP_GT_OQ>(self.1, than.1)];
				Self(_mm256_blendv_ps(otherwise.0, then.0, mask[0]), _mm256_blendv_ps(otherwise.1, then.1, mask[1]))
			}
		}
		#[inline(always)]
		fn if_equal(self, to: Self, then: Self, otherwise: Self) -> Self {
			// SAFETY: as in `both`.
			unsafe {
				let mask = [_mm256_cmp_ps::<_CMP_EQ_OQ>(self.0, to.0), _mm256_cmp_ps::<_CMP_EQ_OQ>(self.1, to.1)];
				Self(_mm256_blendv_ps(otherwise.0, then.0, mask[0]), _mm256_blendv_ps(otherwise.1, then.1, mask[1]))
			}
		}
		#[inline(always)]
		fn abs(self) -> Self {
			both!(_mm256_andnot_ps, Self::splat(-0.0), self)
		}
		#[inline(always)]
		fn with_sign_of(self, other: Self) -> Self {
			let sign = both!(_mm256_and_ps, Self::splat(-0.0), other);
			both!(_mm256_or_ps, sign, self.abs())
		}
		#[inline(always)]
		fn exp2_whole(self) -> Self {
			// SAFETY: as in `both`.
			unsafe { Self(exp2_8(self.0), exp2_8(self.1)) }
		}
		#[inline(always)]
		fn split(self) -> (Self, Self) {
			// SAFETY: as in `both`.
			unsafe {
				let (low, high) = (split_8(self.0), split_8(self.1));
				(Self(low.0, high.0), Self(low.1, high.1))
			}
		}
		#[inline(always)]
		fn prefetch(place: *const f32) {
			// SAFETY: it reads nothing, wherever that is.
			unsafe { _mm_prefetch::<_MM_HINT_T1>(place.cast()) }
		}
		#[inline(always)]
		unsafe fn turn(from: *const f32, stride: usize, to: *mut f32, step: usize) {
			// Eight rows by four: they meet in their register by loading, and only their fours are shuffled.
			for (half, quarter) in [(0, 0), (0, 1), (0, 2), (0, 3), (1, 0), (1, 1), (1, 2), (1, 3)] {
				// SAFETY: as in `both`, and by the caller.
				unsafe {
					let from = from.add(half * 8 * stride + quarter * 4);
					let to = to.add(quarter * 4 * step + half * 8);
					let mut rows = [_mm256_setzero_ps(); 4];
					for (index, row) in rows.iter_mut().enumerate() {
						let low = _mm256_castps128_ps256(_mm_loadu_ps(from.add(index * stride)));
						*row = _mm256_insertf128_ps::<1>(low, _mm_loadu_ps(from.add((index + 4) * stride)));
					}
					let [a, b, c, d] = rows;
					let (ab, ab1) = (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
					let (cd, cd1) = (_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
					_mm256_storeu_ps(to, _mm256_shuffle_ps::<0x44>(ab, cd));
					_mm256_storeu_ps(to.add(step), _mm256_shuffle_ps::<0xee>(ab, cd));
					_mm256_storeu_ps(to.add(2 * step), _mm256_shuffle_ps::<0x44>(ab1, cd1));
					_mm256_storeu_ps(to.add(3 * step), _mm256_shuffle_ps::<0xee>(ab1, cd1));
				}
			}
		}
	}

	/// One register of sixteen.
	#[derive(Clone, Copy)]
	pub struct Avx512(__m512);

	impl Lanes for Avx512 {
		const TILE_ROWS: usize = 12;

		#[inline(always)]
		fn splat(value: f32) -> Self {
			// SAFETY: this type is used only on the path of its instructions, see `on`; so below.
			unsafe { Self(_mm512_set1_ps(value)) }
		}
		#[inline(always)]
		fn load(from: &[f32; LANES]) -> Self {
			// SAFETY: sixteen numbers are there.
			unsafe { Self(_mm512_loadu_ps(from.as_ptr())) }
		}
		#[inline(always)]
		fn store(self, to: &mut [f32; LANES]) {
			// SAFETY: there is room for sixteen.
			unsafe { _mm512_storeu_ps(to.as_mut_ptr(), self.0) }
		}
		#[inline(always)]
		fn add(self, other: Self) -> Self {
			// SAFETY: as in `splat`.
			unsafe { Self(_mm512_add_ps(self.0, other.0)) }
		}
		#[inline(always)]
		fn sub(self, other: Self) -> Self {
			// SAFETY: as in `splat`.
			unsafe { Self(_mm512_sub_ps(self.0, other.0)) }
		}
		#[inline(always)]
		fn mul(self, other: Self) -> Self {
			// SAFETY: as in `splat`.
			unsafe { Self(_mm512_mul_ps(self.0, other.0)) }
		}
		#[inline(always)]
		fn div(self, other: Self) -> Self {
			// SAFETY: as in `splat`.
			unsafe { Self(_mm512_div_ps(self.0, other.0)) }
		}
		#[inline(always)]
		fn sqrt(self) -> Self {
			// SAFETY: as in `splat`.
			unsafe { Self(_mm512_sqrt_ps(self.0)) }
		}
		#[inline(always)]
		fn fma(self, times: Self, plus: Self) -> Self {
			// SAFETY: as in `splat`.
			unsafe { Self(_mm512_fmadd_ps(self.0, times.0, plus.0)) }
		}
		#[inline(always)]
		fn if_greater(self, than: Self, then: Self, otherwise: Self) -> Self {
			// SAFETY: as in `splat`.
			unsafe {
				let mask = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(self.0, than.0);
				Self(_mm512_mask_blend_ps(mask, otherwise.0, then.0))
			}
		}
		#[inline(always)]
		fn if_equal(self, to: Self, then: Self, otherwise: Self) -> Self {
			// SAFETY: as in `splat`.
			unsafe {
				let mask = _mm512_cmp_ps_mask::<_CMP_EQ_OQ>(self.0, to.0);
				Self(_mm512_mask_blend_ps(mask, otherwise.0, then.0))
			}
		}
		#[inline(always)]
		fn abs(self) -> Self {
			// SAFETY: as in `splat`.
			unsafe { Self(_mm512_abs_ps(self.0)) }
		}
		#[inline(always)]
		fn with_sign_of(self, other: Self) -> Self {
			// SAFETY: as in `splat`; DQ was asked for with F.
			unsafe { Self(_mm512_or_ps(_mm512_and_ps(Self::splat(-0.0).0, other.0), self.abs().0)) }
		}
		#[inline(always)]
		fn exp2_whole(self) -> Self {
			// SAFETY: as in `splat`.
			unsafe {
				let biased = _mm512_add_epi32(_mm512_cvtps_epi32(self.0), _mm512_set1_epi32(127));
				Self(_mm512_castsi512_ps(_mm512_slli_epi32::<23>(biased)))
			}
		}
		#[inline(always)]
		fn split(self) -> (Self, Self) {
			// SAFETY: as in `splat`.
			unsafe {
				let bits = _mm512_castps_si512(self.0);
				let exponent = _mm512_srai_epi32::<23>(_mm512_sub_epi32(bits, _mm512_set1_epi32(SPLIT)));
				let rest = _mm512_sub_epi32(bits, _mm512_slli_epi32::<23>(exponent));
				(Self(_mm512_cvtepi32_ps(exponent)), Self(_mm512_castsi512_ps(rest)))
			}
		}
		#[inline(always)]
		fn prefetch(place: *const f32) {
			// SAFETY: it reads nothing, wherever that is.
			unsafe { _mm_prefetch::<_MM_HINT_T1>(place.cast()) }
		}
		#[inline(always)]
		unsafe fn turn(from: *const f32, stride: usize, to: *mut f32, step: usize) {
			// As with AVX2, with all sixteen rows.
			for quarter in 0..4 {
				// SAFETY: as in `splat`, and by the caller.
				unsafe {
					let (from, to) = (from.add(quarter * 4), to.add(quarter * 4 * step));
					let mut rows = [_mm512_setzero_ps(); 4];
					for (index, row) in rows.iter_mut().enumerate() {
						let first = _mm512_castps128_ps512(_mm_loadu_ps(from.add(index * stride)));
						let two = _mm512_insertf32x4::<1>(first, _mm_loadu_ps(from.add((index + 4) * stride)));
						let three = _mm512_insertf32x4::<2>(two, _mm_loadu_ps(from.add((index + 8) * stride)));
						*row = _mm512_insertf32x4::<3>(three, _mm_loadu_ps(from.add((index + 12) * stride)));
					}
					let [a, b, c, d] = rows;
					let (ab, ab1) = (_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
					let (cd, cd1) = (_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
					_mm512_storeu_ps(to, _mm512_shuffle_ps::<0x44>(ab, cd));
					_mm512_storeu_ps(to.add(step), _mm512_shuffle_ps::<0xee>(ab, cd));
					_mm512_storeu_ps(to.add(2 * step), _mm512_shuffle_ps::<0x44>(ab1, cd1));
					_mm512_storeu_ps(to.add(3 * step), _mm512_shuffle_ps::<0xee>(ab1, cd1));
				}
			}
		}
	}
}

/// Work that can be done on any [`Lanes`].
pub trait OnLanes {
	type Out;

	/// Implementations are `#[inline(always)]`, so that they are compiled once for each path.
	fn on<V: Lanes>(self) -> Self::Out;
}

/// Does the work with the instructions of this path, or of the portable one where the CPU lacks them.
pub fn on<W: OnLanes>(path: Path, work: W) -> W::Out {
	#[cfg(target_arch = "x86_64")]
	{
		#[target_feature(enable = "avx2,fma")]
		unsafe fn avx2<W: OnLanes>(work: W) -> W::Out {
			work.on::<Avx2>()
		}
		#[target_feature(enable = "avx512f,avx512dq,avx2,fma")]
		unsafe fn avx512<W: OnLanes>(work: W) -> W::Out {
			work.on::<Avx512>()
		}
		match path {
			// SAFETY: the CPU has been asked for the instructions.
			Path::Avx512 if path.is_here() => return unsafe { avx512(work) },
			// SAFETY: the CPU has been asked for the instructions.
			Path::Avx2 if path.is_here() => return unsafe { avx2(work) },
			_ => {}
		}
	}
	work.on::<Portable>()
}
