//! Measures the kernel sets against each other: ratios of the best of several interleaved runs, because one machine's
//! seconds say little and its noise much.

use crate::{
	kernels::{random::Random, Path},
	ops::{AttentionShape, Fast, Norm, Ops, Repro, Segment, Unary},
};
use candle_core::{Device, Result, Tensor};
use std::time::{Duration, Instant};

/// The best of `rounds` runs of each, interleaved.
pub fn best_of<const N: usize>(
	rounds: usize,
	mut works: [Box<dyn FnMut() -> Result<()> + '_>; N],
) -> Result<[Duration; N]> {
	let mut best = [Duration::MAX; N];
	for _ in 0..rounds {
		for (best, work) in best.iter_mut().zip(&mut works) {
			let start = Instant::now();
			work()?;
			*best = start.elapsed().min(*best);
		}
	}
	Ok(best)
}

/// How much faster `ours` is.
pub fn ratio(theirs: Duration, ours: Duration) -> f64 {
	theirs.as_secs_f64() / ours.as_secs_f64()
}

/// A product of matrices, and how its speed compares.
#[derive(Clone, Debug, serde::Serialize)]
pub struct MatMul {
	pub name: &'static str,
	pub shape: [usize; 4],
	/// Billions of multiply-adds in a second.
	pub giga: f64,
	/// Candle's time over ours: above one, we are faster.
	pub to_candle: f64,
}

const SHAPES: [(&str, [usize; 4], bool); 12] = [
	("square", [1, 192, 192, 192], false),
	("square", [1, 384, 384, 384], false),
	("square", [1, 768, 768, 768], false),
	("square", [1, 1024, 1024, 1024], false),
	("square", [1, 1536, 1536, 1536], false),
	("tall", [1, 4096, 256, 256], false),
	("wide", [1, 128, 768, 3072], false),
	("linear", [1, 128, 768, 3072], true),
	("batched", [12, 128, 64, 128], false),
	("batched, turned", [12, 128, 64, 128], true),
	("one row", [1, 1, 768, 3072], false),
	("one row, linear", [1, 1, 768, 3072], true),
];

/// On the threads of the current pool, which candle's kernels use as well.
pub fn matmul(path: Path, rounds: usize) -> Result<Vec<MatMul>> {
	let ours = Repro { path };
	let tensor = |stream: u64, shape: (usize, usize, usize)| {
		let mut values = vec![0.0; shape.0.saturating_mul(shape.1).saturating_mul(shape.2)];
		Random::new(1, stream).fill_uniform(0, &mut values);
		Tensor::from_vec(values, shape, &Device::Cpu)
	};
	SHAPES
		.into_iter()
		.map(|(name, shape, is_turned)| {
			let [batch, m, k, n] = shape;
			let a = tensor(1, (batch, m, k))?;
			let b = if is_turned { tensor(2, (batch, n, k))?.t()? } else { tensor(2, (batch, k, n))? };
			let [a, b] = if batch == 1 { [a.squeeze(0)?, b.squeeze(0)?] } else { [a, b] };
			let work: f64 = shape.iter().map(|side| *side as f64).product();
			let repeat = (2e8 / work).ceil().clamp(1.0, 200.0) as usize;
			let many = |ops: &dyn Ops| (0..repeat).try_for_each(|_| ops.matmul(&a, &b).map(drop));
			let [us, them] = best_of(rounds, [Box::new(|| many(&ours)), Box::new(|| many(&Fast))])?;
			let giga = work * repeat as f64 / us.as_secs_f64() / 1e9;
			Ok(MatMul { name, shape, giga, to_candle: ratio(them, us) })
		})
		.collect()
}

/// Ratios of other operations, at sizes of a small transformer: candle's time over ours.
pub fn operations(path: Path, rounds: usize) -> Result<Vec<(String, f64)>> {
	let ours = Repro { path };
	let tensor = |stream: u64, shape: (usize, usize)| {
		let mut values = vec![0.0; shape.0.saturating_mul(shape.1)];
		Random::new(2, stream).fill_normal(&mut values);
		Tensor::from_vec(values, shape, &Device::Cpu)
	};
	let (x, dy) = (tensor(1, (128, 3072))?, tensor(2, (128, 3072))?);
	let gain = x.get(0)?;
	let (qkv, out) = (tensor(3, (256, 3 * 768))?, tensor(4, (256, 768))?);
	let layer = Norm { has_mean: true, epsilon: 1e-5 };
	let rms = Norm { has_mean: false, epsilon: 1e-5 };
	let text = Segment { queries: [0, 256], keys: [0, 256] };
	let heads = AttentionShape {
		heads: 12,
		key_heads: 12,
		head_width: 64,
		is_causal: true,
		scale: 0.125,
		segments: vec![text],
	};
	type Work<'a> = (&'a str, Box<dyn Fn(&dyn Ops) -> Result<Tensor> + 'a>);
	let works: [Work; 9] = [
		("exp", Box::new(|ops| ops.unary(Unary::Exp, &x))),
		("gelu", Box::new(|ops| ops.unary(Unary::Gelu, &x))),
		("silu", Box::new(|ops| ops.unary(Unary::Silu, &x))),
		("softmax", Box::new(|ops| ops.softmax(&x))),
		("layer norm", Box::new(|ops| ops.norm(layer, &x, &gain, Some(&gain)))),
		("rms norm", Box::new(|ops| ops.norm(rms, &x, &gain, None))),
		("layer norm, gradient", Box::new(|ops| ops.norm_grad(layer, &x, &gain, &dy))),
		("attention", Box::new(|ops| ops.attention_of_rows(&heads, &qkv))),
		("attention, gradient", Box::new(|ops| ops.attention_of_rows_grad(&heads, &qkv, &out))),
	];
	works
		.iter()
		.map(|(name, work)| {
			let [us, them] = best_of(rounds, [Box::new(|| work(&ours).map(drop)), Box::new(|| work(&Fast).map(drop))])?;
			Ok((name.to_string(), ratio(them, us)))
		})
		.collect()
}

/// Ratios of whole workloads.
pub fn workloads(_path: Path, _rounds: usize) -> Result<Vec<(String, f64)>> {
	Ok(Vec::new())
}
