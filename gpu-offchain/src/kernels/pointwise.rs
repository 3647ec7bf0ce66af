//! Functions of single numbers, their gradients, and the steps of optimisers.

#![allow(
	clippy::arithmetic_side_effects,
	clippy::indexing_slicing,
	reason = "places in slices whose lengths the ops have checked"
)]

use super::{
	lanes::{map, on, Lanes, OnLanes, Path},
	math, parallel,
};
use serde::{Deserialize, Serialize};

/// A function of one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unary {
	Exp,
	Log,
	Sqrt,
	Sin,
	Cos,
	Tanh,
	Erf,
	Sigmoid,
	Relu,
	/// x · sigmoid(x).
	Silu,
	/// With erf, as in BERT.
	Gelu,
	/// With tanh, as in GPT-2.
	GeluTanh,
}

impl Unary {
	pub const ALL: [Self; 12] = [
		Self::Exp,
		Self::Log,
		Self::Sqrt,
		Self::Sin,
		Self::Cos,
		Self::Tanh,
		Self::Erf,
		Self::Sigmoid,
		Self::Relu,
		Self::Silu,
		Self::Gelu,
		Self::GeluTanh,
	];
}

const SQRT_HALF: f32 = std::f32::consts::FRAC_1_SQRT_2;
/// √(2/π)
const GELU: f32 = 0.797_884_6;
const GELU_CUBE: f32 = 0.044_715;
/// 1/√(2π)
const DENSITY: f32 = 0.398_942_3;
/// 2/√π
const ERF_SLOPE: f32 = std::f32::consts::FRAC_2_SQRT_PI;

#[inline(always)]
fn gelu_tanh<V: Lanes>(x: V) -> V {
	let cube = x.mul(x).mul(x);
	math::tanh(cube.fma(V::splat(GELU_CUBE), x).mul(V::splat(GELU)))
}

#[inline(always)]
fn normal_share<V: Lanes>(x: V) -> V {
	math::erf(x.mul(V::splat(SQRT_HALF))).add(V::splat(1.0)).mul(V::splat(0.5))
}

#[inline(always)]
fn value<V: Lanes>(kind: Unary, x: V) -> V {
	let (zero, one, half) = (V::splat(0.0), V::splat(1.0), V::splat(0.5));
	match kind {
		Unary::Exp => math::exp(x),
		Unary::Log => math::log(x),
		Unary::Sqrt => x.sqrt(),
		Unary::Sin => math::sin(x),
		Unary::Cos => math::cos(x),
		Unary::Tanh => math::tanh(x),
		Unary::Erf => math::erf(x),
		Unary::Sigmoid => math::sigmoid(x),
		Unary::Relu => x.if_equal(x, x.max(zero), x),
		Unary::Silu => x.div(math::exp(x.neg()).add(one)),
		Unary::Gelu => x.mul(normal_share(x)),
		Unary::GeluTanh => x.mul(half).mul(gelu_tanh(x).add(one)),
	}
}

/// The derivative at x.
#[inline(always)]
fn slope<V: Lanes>(kind: Unary, x: V) -> V {
	let (zero, one, half) = (V::splat(0.0), V::splat(1.0), V::splat(0.5));
	match kind {
		Unary::Exp => math::exp(x),
		Unary::Log => one.div(x),
		Unary::Sqrt => half.div(x.sqrt()),
		Unary::Sin => math::cos(x),
		Unary::Cos => math::sin(x).neg(),
		Unary::Tanh => {
			let y = math::tanh(x);
			y.neg().fma(y, one)
		}
		Unary::Erf => math::exp(x.mul(x).neg()).mul(V::splat(ERF_SLOPE)),
		Unary::Sigmoid => {
			let y = math::sigmoid(x);
			y.mul(one.sub(y))
		}
		Unary::Relu => x.if_greater(zero, one, zero),
		Unary::Silu => {
			let y = math::sigmoid(x);
			y.mul(x.fma(one.sub(y), one))
		}
		Unary::Gelu => {
			let density = math::exp(x.mul(x).mul(V::splat(-0.5))).mul(V::splat(DENSITY));
			x.fma(density, normal_share(x))
		}
		Unary::GeluTanh => {
			let t = gelu_tanh(x);
			let inner = x.mul(x).fma(V::splat(3.0 * GELU_CUBE), one).mul(V::splat(GELU));
			let bend = x.mul(half).mul(t.neg().fma(t, one)).mul(inner);
			t.add(one).fma(half, bend)
		}
	}
}

struct Apply<'a>(Unary, &'a [f32], &'a mut [f32]);

impl OnLanes for Apply<'_> {
	type Out = ();
	#[inline(always)]
	fn on<V: Lanes>(self) {
		let Self(kind, x, out) = self;
		// One loop for each function, without a choice within.
		macro_rules! each_kind {
			($($kind:ident),*) => {
				match kind { $(Unary::$kind => map!(V, [x = x] => out, value(Unary::$kind, x)),)* }
			};
		}
		each_kind!(Exp, Log, Sqrt, Sin, Cos, Tanh, Erf, Sigmoid, Relu, Silu, Gelu, GeluTanh);
	}
}

/// out = f(x)
pub fn unary(path: Path, kind: Unary, x: &[f32], out: &mut [f32]) {
	parallel::zip([x], out, |[x], out| on(path, Apply(kind, x, out)));
}

struct Slope<'a>(Unary, [&'a [f32]; 2], &'a mut [f32]);

impl OnLanes for Slope<'_> {
	type Out = ();
	#[inline(always)]
	fn on<V: Lanes>(self) {
		let Self(kind, [x, dy], out) = self;
		macro_rules! each_kind {
			($($kind:ident),*) => {
				match kind {
					$(Unary::$kind => map!(V, [x = x, dy = dy] => out, dy.mul(slope(Unary::$kind, x))),)*
				}
			};
		}
		each_kind!(Exp, Log, Sqrt, Sin, Cos, Tanh, Erf, Sigmoid, Relu, Silu, Gelu, GeluTanh);
	}
}

/// out = dy · f′(x)
pub fn unary_grad(path: Path, kind: Unary, x: &[f32], dy: &[f32], out: &mut [f32]) {
	parallel::zip([x, dy], out, |inputs, out| on(path, Slope(kind, inputs, out)));
}

/// What AdamW needs to know at a step, in fp32; whoever steps computes the corrections.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamW {
	pub rate: f32,
	pub beta1: f32,
	pub beta2: f32,
	pub epsilon: f32,
	/// Weight decay, times the rate.
	pub decay: f32,
	/// 1 − β₁ᵗ and 1 − β₂ᵗ.
	pub correction1: f32,
	pub correction2: f32,
}

struct AdamWStep<'a> {
	step: AdamW,
	old: [&'a [f32]; 4],
	new: [&'a mut [f32]; 3],
}

impl OnLanes for AdamWStep<'_> {
	type Out = ();
	#[inline(always)]
	fn on<V: Lanes>(self) {
		let Self { step, old: [p, m, v, g], new: [new_p, new_m, new_v] } = self;
		let (beta1, rest1) = (V::splat(step.beta1), V::splat(1.0 - step.beta1));
		let (beta2, rest2) = (V::splat(step.beta2), V::splat(1.0 - step.beta2));
		map!(V, [m = m, g = g] => new_m, m.fma(beta1, g.mul(rest1)));
		map!(V, [v = v, g = g] => new_v, v.fma(beta2, g.mul(g).mul(rest2)));
		let (c1, c2) = (V::splat(step.correction1), V::splat(step.correction2));
		let (rate, keep) = (V::splat(-step.rate), V::splat(1.0 - step.decay));
		let epsilon = V::splat(step.epsilon);
		map!(V, [p = p, m = new_m, v = new_v] => new_p, {
			let direction = m.div(c1).div(v.div(c2).sqrt().add(epsilon));
			direction.fma(rate, p.mul(keep))
		});
	}
}

/// A step of AdamW. The state is the parameters and the two moments, one after the other.
pub fn adamw(path: Path, step: AdamW, state: &[f32], grad: &[f32], out: &mut [f32]) {
	let n = grad.len();
	let (p, rest) = state.split_at(n);
	let (m, v) = rest.split_at(n);
	let (new_p, rest) = out.split_at_mut(n);
	let (new_m, new_v) = rest.split_at_mut(n);
	parallel::zip_out([p, m, v, grad], [new_p, new_m, new_v], |old, new| on(path, AdamWStep { step, old, new }));
}

/// What a step of gradient descent needs to know.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd {
	pub rate: f32,
	pub momentum: f32,
	/// Weight decay, times the rate.
	pub decay: f32,
}

struct SgdStep<'a> {
	step: Sgd,
	old: [&'a [f32]; 3],
	new: [&'a mut [f32]; 2],
}

impl OnLanes for SgdStep<'_> {
	type Out = ();
	#[inline(always)]
	fn on<V: Lanes>(self) {
		let Self { step, old: [p, m, g], new: [new_p, new_m] } = self;
		let (momentum, rate, keep) = (V::splat(step.momentum), V::splat(-step.rate), V::splat(1.0 - step.decay));
		map!(V, [m = m, g = g] => new_m, m.fma(momentum, g));
		map!(V, [p = p, m = new_m] => new_p, m.fma(rate, p.mul(keep)));
	}
}

/// A step of gradient descent. The state is the parameters and the momentum, one after the other.
pub fn sgd(path: Path, step: Sgd, state: &[f32], grad: &[f32], out: &mut [f32]) {
	let n = grad.len();
	let (p, m) = state.split_at(n);
	let (new_p, new_m) = out.split_at_mut(n);
	parallel::zip_out([p, m, grad], [new_p, new_m], |old, new| on(path, SgdStep { step, old, new }));
}
