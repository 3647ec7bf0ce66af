//! Functions made of additions, multiplications, fused multiply-adds and divisions alone, each rounded once, in one
//! order. The coefficients are fitted by least squares at Chebyshev nodes and rounded to fp32: they, not the functions
//! that they approach, are the definition.

#![allow(clippy::approx_constant, clippy::excessive_precision, reason = "fitted coefficients are what they are")]

use super::lanes::Lanes;

/// Horner's scheme: the coefficients from the highest power down.
#[inline(always)]
fn polynomial<V: Lanes, const N: usize>(x: V, coefficients: [f32; N]) -> V {
	let mut sum = V::splat(0.0);
	for (index, coefficient) in coefficients.into_iter().enumerate() {
		sum = if index == 0 { V::splat(coefficient) } else { sum.fma(x, V::splat(coefficient)) };
	}
	sum
}

/// Adding and subtracting it rounds to whole numbers, to even where it is a tie.
const ROUND: f32 = 12_582_912.0;
const LN_2_HIGH: f32 = 0.693_145_75;
const LN_2_LOW: f32 = 1.428_606_8e-6;
const INFINITE_EXP: f32 = 88.722_84;
const ZERO_EXP: f32 = -104.0;

#[inline(always)]
pub fn exp<V: Lanes>(x: V) -> V {
	let bounded = V::splat(INFINITE_EXP).if_greater(x, x, V::splat(INFINITE_EXP));
	let bounded = bounded.max(V::splat(ZERO_EXP));
	let whole = bounded.fma(V::splat(std::f32::consts::LOG2_E), V::splat(ROUND)).sub(V::splat(ROUND));
	let rest = whole.fma(V::splat(-LN_2_HIGH), bounded);
	let rest = whole.fma(V::splat(-LN_2_LOW), rest);
	let tail = polynomial(rest, [1.394_607_9e-3, 8.369_072e-3, 4.166_627e-2, 1.666_651_7e-1, 0.5]);
	let value = rest.mul(rest).fma(tail, rest).add(V::splat(1.0));
	// Two halves, because the power itself may lie beyond the normal numbers.
	let half = whole.fma(V::splat(0.5), V::splat(ROUND)).sub(V::splat(ROUND));
	let value = value.mul(half.exp2_whole()).mul(whole.sub(half).exp2_whole());
	let value = x.if_greater(V::splat(INFINITE_EXP), V::splat(f32::INFINITY), value);
	let value = V::splat(ZERO_EXP).if_greater(x, V::splat(0.0), value);
	x.if_equal(x, value, x)
}

/// Of zero −∞, of anything below no number.
#[inline(always)]
pub fn log<V: Lanes>(x: V) -> V {
	let smallest = V::splat(f32::MIN_POSITIVE);
	// What is below the normal numbers is lifted to them first.
	let lifted = smallest.if_greater(x, x.mul(V::splat(8_388_608.0)), x);
	let lift = smallest.if_greater(x, V::splat(23.0), V::splat(0.0));
	let (exponent, mantissa) = lifted.split();
	let exponent = exponent.sub(lift);
	let f = mantissa.sub(V::splat(1.0));
	let tail = polynomial(
		f,
		[
			6.800_567e-2,
			-1.172_491_1e-1,
			1.189_018_4e-1,
			-1.239_670_1e-1,
			1.421_792_4e-1,
			-1.666_850_2e-1,
			2.000_223_7e-1,
			-0.25,
			3.333_331e-1,
		],
	);
	let square = f.mul(f);
	let value = square.mul(f).fma(tail, exponent.mul(V::splat(LN_2_LOW)));
	let value = square.fma(V::splat(-0.5), value).add(f);
	let value = exponent.fma(V::splat(LN_2_HIGH), value);
	let value = x.if_greater(V::splat(f32::MAX), x, value);
	let nothing = V::splat(0.0).if_greater(x, V::splat(f32::NAN), V::splat(f32::NEG_INFINITY));
	let value = x.if_greater(V::splat(0.0), value, nothing);
	x.if_equal(x, value, x)
}

#[inline(always)]
pub fn tanh<V: Lanes>(x: V) -> V {
	let size = x.abs();
	let square = x.mul(x);
	let tail = polynomial(
		square,
		[2.295_826_8e-3, -8.346_965e-3, 2.176_995_4e-2, -5.395_940_3e-2, 1.333_330_4e-1, -3.333_333_4e-1],
	);
	let near = size.mul(square).fma(tail, size);
	let far = V::splat(1.0).sub(V::splat(2.0).div(exp(size.add(size)).add(V::splat(1.0))));
	size.if_greater(V::splat(0.625), far, near).with_sign_of(x)
}

#[inline(always)]
pub fn sigmoid<V: Lanes>(x: V) -> V {
	V::splat(1.0).div(exp(x.neg()).add(V::splat(1.0)))
}

#[inline(always)]
pub fn erf<V: Lanes>(x: V) -> V {
	let size = x.abs();
	let near = polynomial(
		x.mul(x),
		[
			-9.673_591e-6,
			1.126_825_4e-4,
			-8.484_396e-4,
			5.221_053_5e-3,
			-2.686_543_8e-2,
			1.128_378_3e-1,
			-3.761_263_8e-1,
			1.128_379_2,
		],
	)
	.mul(size);
	// The logarithm of what is missing to one. Beyond four nothing is.
	let bounded = V::splat(4.0).if_greater(size, size, V::splat(4.0));
	let missing = polynomial(
		bounded,
		[
			-7.893_804e-7,
			1.257_707_7e-5,
			-6.555_634e-5,
			-9.542_632e-5,
			3.340_336_3e-3,
			-2.379_668_1e-2,
			1.069_105_5e-1,
			6.342_366e-1,
			1.129_185_7,
			-1.217_635_7e-4,
		],
	);
	let far = V::splat(1.0).sub(exp(missing.neg()));
	let value = size.if_greater(V::splat(1.0), far, near).with_sign_of(x);
	x.if_equal(x, value, x)
}

/// π/2 in parts that are multiplied by whole numbers without rounding, for arguments up to some ten thousand.
const HALF_PI: [f32; 3] = [-1.570_312_5, -4.837_512_97e-4, -7.549_789_9e-8];

#[inline(always)]
fn sin_quarter<V: Lanes>(x: V, turns: f32) -> V {
	let whole = x.fma(V::splat(std::f32::consts::FRAC_2_PI), V::splat(ROUND)).sub(V::splat(ROUND));
	let mut rest = x;
	for part in HALF_PI {
		rest = whole.fma(V::splat(part), rest);
	}
	let square = rest.mul(rest);
	let sine = polynomial(square, [2.725_108_5e-6, -1.984_009_9e-4, 8.333_332e-3, -1.666_666_7e-1]);
	let sine = square.mul(rest).fma(sine, rest);
	let cosine = polynomial(square, [-2.742_799_3e-7, 2.480_197_1e-5, -1.388_889_2e-3, 4.166_666_8e-2]);
	let cosine = square.mul(square).fma(cosine, square.fma(V::splat(-0.5), V::splat(1.0)));
	// Which quarter of the turn it is: 0, 1, 2 or 3, halves rounded to even on the way, hence the shift by 3/8.
	let quarter = whole.add(V::splat(turns));
	let fours = quarter.fma(V::splat(0.25), V::splat(-0.375)).add(V::splat(ROUND)).sub(V::splat(ROUND));
	let quarter = fours.fma(V::splat(-4.0), quarter);
	// 0: sine, 1: cosine, 2: −sine, 3: −cosine.
	let odd = quarter.sub(V::splat(2.0)).abs();
	let value = odd.if_greater(V::splat(0.5), V::splat(1.5).if_greater(odd, cosine, sine), sine);
	quarter.if_greater(V::splat(1.5), value.neg(), value)
}

/// Good for angles up to some ten thousand; beyond, defined, but no sine.
#[inline(always)]
pub fn sin<V: Lanes>(x: V) -> V {
	sin_quarter(x, 0.0)
}

#[inline(always)]
pub fn cos<V: Lanes>(x: V) -> V {
	sin_quarter(x, 1.0)
}

/// The same functions in fp64, on the host, for what is computed once: angles of positions, schedules. Additions,
/// multiplications and divisions alone, so that every machine has the same bits.
pub mod host {
	#![allow(clippy::arithmetic_side_effects, reason = "small counters of loops")]

	use std::f64::consts::{FRAC_PI_2, LN_2};

	/// Of positive numbers.
	pub fn ln(x: f64) -> f64 {
		let (mut mantissa, mut exponent) = (x, 0.0);
		while mantissa > 1.5 {
			(mantissa, exponent) = (mantissa * 0.5, exponent + 1.0);
		}
		while mantissa < 0.75 && mantissa > 0.0 {
			(mantissa, exponent) = (mantissa * 2.0, exponent - 1.0);
		}
		// Twice the area tangent.
		let z = (mantissa - 1.0) / (mantissa + 1.0);
		let square = z * z;
		let (mut power, mut sum) = (z, 0.0);
		for odd in 0..20 {
			sum += power / f64::from(2 * odd + 1);
			power *= square;
		}
		exponent * LN_2 + 2.0 * sum
	}

	/// Of what is at most some hundreds.
	pub fn exp(x: f64) -> f64 {
		let mut rest = x;
		let mut halvings = 0;
		while rest.abs() > 0.5 && halvings < 64 {
			rest *= 0.5;
			halvings += 1;
		}
		let (mut term, mut sum) = (1.0, 1.0);
		for n in 1..20 {
			term *= rest / f64::from(n);
			sum += term;
		}
		for _ in 0..halvings {
			sum *= sum;
		}
		sum
	}

	/// Sine and cosine of angles up to some millions.
	pub fn sin_cos(x: f64) -> (f64, f64) {
		let whole = (x / FRAC_PI_2).round();
		let rest = whole.mul_add(-FRAC_PI_2, x);
		let rest = whole.mul_add(-6.123_233_995_736_766e-17, rest);
		let square = rest * rest;
		let (mut sine, mut cosine) = (0.0, 0.0);
		let (mut odd, mut even) = (rest, 1.0);
		for n in 0..12 {
			sine += odd;
			cosine += even;
			let n = f64::from(n);
			odd *= -square / ((2.0 * n + 2.0) * (2.0 * n + 3.0));
			even *= -square / ((2.0 * n + 1.0) * (2.0 * n + 2.0));
		}
		match whole.rem_euclid(4.0) as u8 {
			0 => (sine, cosine),
			1 => (cosine, -sine),
			2 => (-sine, -cosine),
			_ => (-cosine, sine),
		}
	}
}
