//! Whether this device computes the bits of the kernel set: every operation on fixed inputs, and a small job of every
//! kind, against the digests in `vectors/repro-1.txt`. A provider runs it before it registers.

use crate::{
	artifacts::{Memory, Name, Store},
	error::Error,
	job::{Job, Progress},
	kernels::{canonical_bytes, random::Random},
	models::{bert::Bert, parameters},
	ops::{AdamW, AttentionShape, Norm, Ops, Reduction, Segment, Sgd, Unary},
};
use candle_core::{Device, Result, Tensor};

/// The digests of `repro-1`: a name and a BLAKE3 hash in a line.
pub const VECTORS: &str = include_str!("../vectors/repro-1.txt");

type Run = dyn Fn(&dyn Ops, &Device) -> Result<Vec<Tensor>> + Send + Sync;

/// An operation on fixed inputs.
pub struct Case {
	pub name: String,
	run: Box<Run>,
}

impl Case {
	fn new(
		name: impl Into<String>,
		run: impl Fn(&dyn Ops, &Device) -> Result<Vec<Tensor>> + Send + Sync + 'static,
	) -> Self {
		Self { name: name.into(), run: Box::new(run) }
	}

	/// What comes out.
	pub fn outputs(&self, ops: &dyn Ops) -> Result<Vec<Tensor>> {
		(self.run)(ops, ops.device())
	}

	/// Its hash: of all numbers in their canonical bytes.
	pub fn digest(&self, ops: &dyn Ops) -> Result<blake3::Hash> {
		let mut hasher = blake3::Hasher::new();
		for tensor in self.outputs(ops)? {
			hasher.update(&canonical_bytes(&tensor.flatten_all()?.to_vec1()?));
		}
		Ok(hasher.finalize())
	}

	/// What it must be, if it is known.
	pub fn expected(&self) -> Option<&'static str> {
		expected(&self.name)
	}
}

/// The known digest of that name.
pub fn expected(name: &str) -> Option<&'static str> {
	VECTORS.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
}

/// The inputs of the examples.
const DATA: [&[u8]; 5] = [
	include_bytes!("../examples/data/pictures.bin"),
	include_bytes!("../examples/data/quarters.bin"),
	include_bytes!("../examples/data/verses.txt"),
	include_bytes!("../examples/data/prompts.json"),
	include_bytes!("../examples/data/scene.json"),
];

/// The examples, in an order in which each finds what it needs: the trained model writes the texts.
const EXAMPLES: [(&str, &str); 6] = [
	("job-train-classifier", include_str!("../examples/train-classifier.toml")),
	("job-train-pictures", include_str!("../examples/train-pictures.toml")),
	("job-train-text", include_str!("../examples/train-text.toml")),
	("job-generate", include_str!("../examples/generate.toml")),
	("job-render", include_str!("../examples/render.toml")),
	("job-benchmark", include_str!("../examples/benchmark.toml")),
];

/// A small encoder.
const BERT: &str = "vocabulary = 256\nwidth = 48\nlayers = 2\nheads = 4\nhidden = 96\ncontext = 64\nkinds = 2\n\
	norm_epsilon = 1e-12\n";

/// A job of every kind, and its root.
pub fn jobs(ops: impl Fn() -> Box<dyn Ops>) -> crate::error::Result<Vec<(&'static str, Name)>> {
	let store = Memory::default();
	for bytes in DATA {
		store.put(bytes)?;
	}
	let shape: Bert = toml::from_str(BERT).map_err(Error::invalid)?;
	let all = shape.parameters();
	let values = all.iter().enumerate().map(|(index, parameter)| parameter.first_values(1071, index));
	let model = parameters::write(&all, &[("", &values.collect::<crate::error::Result<Vec<_>>>()?)])?;
	let [model, texts] = [&model[..], b"[\"one text\", \"and another, which is longer\", \"end\"]"].map(|bytes| {
		store.put(bytes).map(|artifact| format!("{{ hash = \"{}\", bytes = {} }}", artifact.hash, artifact.bytes))
	});
	let embed = format!(
		"version = 1\nkernels = \"repro-1\"\n[work.embed]\nmodel = {}\ntexts = {}\nslice = 2\ntext_tokens = 64\n\
		[work.embed.shape]\n{BERT}",
		model?, texts?
	);
	EXAMPLES
		.into_iter()
		.chain([("job-embed", embed.as_str())])
		.map(|(name, manifest)| {
			let job = Job::with_ops(manifest.as_bytes(), None, None, &store, ops())?;
			let done = job.run(Progress::default(), |_, _| Ok(true))?;
			store.put(&done.output)?;
			Ok((name, job.result(&done)?.root))
		})
		.collect()
}

/// Normal numbers, other ones for each `stream`.
fn normal(stream: u64, shape: impl Into<candle_core::Shape>, device: &Device) -> Result<Tensor> {
	let shape = shape.into();
	let mut values = vec![0.0; shape.elem_count()];
	Random::new(1071, stream).fill_normal(&mut values);
	Tensor::from_vec(values, shape, device)
}

fn ids(stream: u64, count: usize, bound: u32, device: &Device) -> Result<Tensor> {
	let random = Random::new(1071, stream);
	let ids: Vec<u32> = (0u64..).take(count).map(|place| random.below(place, bound)).collect();
	Tensor::from_vec(ids, count, device)
}

/// Numbers at which functions go wrong: of all sizes, at the ends, and none.
fn special(device: &Device) -> Result<Tensor> {
	let mut values =
		vec![0.0, -0.0, 1.0, -1.0, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, f32::MAX, f32::MIN_POSITIVE];
	for exponent in -149..128 {
		let power = 2f32.powi(exponent);
		values.extend([power, -power, power * 1.37, -power * 1.71]);
	}
	let mut dense = vec![0.0; 4000];
	Random::new(1071, 99).fill_uniform(0, &mut dense);
	values.extend(dense.iter().map(|value| (value - 0.5) * 220.0));
	values.extend(dense.iter().map(|value| (value - 0.5) * 12.0));
	let count = values.len();
	Tensor::from_vec(values, count, device)
}

fn text(queries: [usize; 2], keys: [usize; 2]) -> Segment {
	Segment { queries, keys }
}

fn heads(heads: usize, key_heads: usize, is_causal: bool, segments: Vec<Segment>) -> AttentionShape {
	AttentionShape { heads, key_heads, head_width: 20, is_causal, scale: 0.22, segments }
}

type Hostile = fn(&dyn Ops, &Device) -> Result<Vec<Tensor>>;

/// Operations on what is infinite, no number, or below the normal numbers: bits that hostile weights would bring.
fn hostile() -> [(&'static str, Hostile); 5] {
	/// Mostly normal numbers, with special ones among them.
	fn mixed(stream: u64, rows: usize, width: usize, device: &Device) -> Result<Tensor> {
		let special = [f32::INFINITY, f32::NEG_INFINITY, f32::NAN, 1e-40, -1e-42, 3e38, -3e38, 0.0, -0.0];
		let count = rows.saturating_mul(width);
		let mut values = vec![0.0; count];
		let random = Random::new(1071, stream);
		random.fill_normal(&mut values);
		for (place, value) in (0u64..).zip(&mut values) {
			let roll = random.below(place, 900) as usize;
			*value = special.get(roll).copied().unwrap_or(*value);
		}
		Tensor::from_vec(values, (rows, width), device)
	}
	[
		("hostile-matmul", |ops, device| {
			let (a, b) = (mixed(11, 30, 70, device)?, mixed(12, 40, 70, device)?);
			Ok(vec![ops.matmul(&a, &b.t()?)?])
		}),
		("hostile-softmax", |ops, device| {
			let (x, dy) = (mixed(13, 30, 70, device)?, mixed(14, 30, 70, device)?);
			Ok(vec![ops.softmax(&x)?, ops.softmax_grad(&x, &dy)?, ops.reduce(Reduction::Greatest, &x)?])
		}),
		("hostile-norm", |ops, device| {
			let (x, dy) = (mixed(15, 30, 70, device)?, mixed(16, 30, 70, device)?);
			let (norm, gain) = (Norm { has_mean: true, epsilon: 1e-5 }, normal(17, 70, device)?);
			Ok(vec![ops.norm(norm, &x, &gain, None)?, ops.norm_grad(norm, &x, &gain, &dy)?])
		}),
		("hostile-attention", |ops, device| {
			let shape = heads(4, 2, true, vec![text([0, 60], [0, 60])]);
			let qkv = mixed(18, 60, 160, device)?;
			Ok(vec![ops.attention_of_rows(&shape, &qkv)?])
		}),
		("hostile-loss", |ops, device| {
			let (logits, targets) = (mixed(19, 30, 65, device)?, ids(2, 30, 65, device)?);
			Ok(vec![ops.cross_entropy(&logits, &targets)?, ops.cross_entropy_grad(&logits, &targets, 1.0)?])
		}),
	]
}

/// All operations, forward and backward.
pub fn cases() -> Vec<Case> {
	let mut cases = Vec::new();
	for [m, k, n] in [[1, 7, 5], [1, 300, 77], [3, 520, 1100], [13, 257, 33], [24, 64, 64], [130, 300, 100], [5, 0, 3]]
	{
		cases.push(Case::new(format!("matmul-{m}x{k}x{n}"), move |ops, device| {
			Ok(vec![ops.matmul(&normal(1, (m, k), device)?, &normal(2, (k, n), device)?)?])
		}));
		cases.push(Case::new(format!("matmul-turned-{m}x{k}x{n}"), move |ops, device| {
			let (a, b) = (normal(1, (k, m), device)?.t()?, normal(2, (n, k), device)?.t()?);
			Ok(vec![ops.matmul(&a, &b)?])
		}));
	}
	cases.push(Case::new("matmul-batched", |ops, device| {
		let b = normal(2, (2, 3, 31, 40), device)?.transpose(2, 3)?;
		Ok(vec![ops.matmul(&normal(1, (2, 3, 17, 40), device)?, &b)?])
	}));
	cases.push(Case::new("linear", |ops, device| {
		let (x, weight, bias) = (normal(1, (9, 50), device)?, normal(2, (70, 50), device)?, normal(3, 70, device)?);
		Ok(vec![ops.linear(&x, &weight, Some(&bias))?])
	}));
	for kind in Unary::ALL {
		cases.push(Case::new(format!("unary-{kind:?}").to_lowercase(), move |ops, device| {
			Ok(vec![ops.unary(kind, &special(device)?)?])
		}));
		cases.push(Case::new(format!("unary-grad-{kind:?}").to_lowercase(), move |ops, device| {
			let x = special(device)?;
			let dy = normal(4, x.dims(), device)?;
			Ok(vec![ops.unary_grad(kind, &x, &dy)?])
		}));
	}
	cases.push(Case::new("softmax", |ops, device| {
		let y = ops.softmax(&normal(1, (20, 77), device)?)?;
		let dy = normal(2, (20, 77), device)?;
		Ok(vec![ops.softmax_grad(&y, &dy)?, y])
	}));
	for (name, has_mean) in [("layer-norm", true), ("rms-norm", false)] {
		let norm = Norm { has_mean, epsilon: 1e-5 };
		cases.push(Case::new(name, move |ops, device| {
			let (x, gain, bias) = (normal(1, (20, 77), device)?, normal(2, 77, device)?, normal(3, 77, device)?);
			Ok(vec![ops.norm(norm, &x, &gain, Some(&bias))?, ops.norm(norm, &x, &gain, None)?])
		}));
		cases.push(Case::new(format!("{name}-grad"), move |ops, device| {
			let (x, gain, dy) = (normal(1, (20, 77), device)?, normal(2, 77, device)?, normal(3, (20, 77), device)?);
			Ok(vec![ops.norm_grad(norm, &x, &gain, &dy)?, ops.norm_gain_grad(norm, &x, &dy)?])
		}));
	}
	cases.push(Case::new("sum-rows", |ops, device| Ok(vec![ops.sum_rows(&normal(1, (301, 77), device)?)?])));
	for reduction in [Reduction::Sum, Reduction::SumOfSquares, Reduction::Greatest] {
		cases.push(Case::new(format!("reduce-{reduction:?}").to_lowercase(), move |ops, device| {
			Ok(vec![ops.reduce(reduction, &normal(1, (30, 177), device)?)?])
		}));
	}
	cases.push(Case::new("sum-all", |ops, device| {
		let x = normal(1, 10_000, device)?;
		let sums = [Reduction::Sum, Reduction::SumOfSquares].map(|reduction| ops.sum_all(reduction, &x));
		sums.into_iter().map(|sum| Tensor::new(sum?, device)).collect()
	}));
	cases.push(Case::new("embedding", |ops, device| {
		let (table, ids, dy) = (normal(1, (50, 33), device)?, ids(2, 200, 50, device)?, normal(3, (200, 33), device)?);
		Ok(vec![ops.embedding(&table, &ids)?, ops.embedding_grad(50, &ids, &dy)?])
	}));
	cases.push(Case::new("rope", |ops, device| {
		let (x, angles) = (normal(1, (40, 5 * 16), device)?, normal(2, (40, 16), device)?);
		Ok(vec![ops.rope(&x, &angles, 3, false)?, ops.rope(&x, &angles, 5, true)?])
	}));
	cases.push(Case::new("attention-causal", |ops, device| {
		let shape = heads(4, 2, true, vec![text([0, 70], [0, 90]), text([70, 1], [90, 60]), text([71, 60], [150, 60])]);
		let (q, k, v) = (normal(1, (131, 80), device)?, normal(2, (210, 40), device)?, normal(3, (210, 40), device)?);
		Ok(vec![ops.attention(&shape, &q, &k, &v)?])
	}));
	for is_causal in [true, false] {
		cases.push(Case::new(format!("attention-of-rows-{is_causal}"), move |ops, device| {
			let shape = heads(4, 2, is_causal, vec![text([0, 50], [0, 50]), text([50, 70], [50, 70])]);
			let (qkv, dy) = (normal(1, (120, 160), device)?, normal(2, (120, 80), device)?);
			Ok(vec![ops.attention_of_rows(&shape, &qkv)?, ops.attention_of_rows_grad(&shape, &qkv, &dy)?])
		}));
	}
	cases.push(Case::new("cross-entropy", |ops, device| {
		let (logits, targets) = (normal(1, (30, 65), device)?, ids(2, 30, 65, device)?);
		Ok(vec![ops.cross_entropy(&logits, &targets)?, ops.cross_entropy_grad(&logits, &targets, 0.05)?])
	}));
	cases.push(Case::new("conv2d", |ops, device| {
		let (x, kernels) = (normal(1, (3, 4, 13, 11), device)?, normal(2, (6, 4, 3, 3), device)?);
		let y = ops.conv2d(&x, &kernels, 2, 1)?;
		let (dx, dk) = ops.conv2d_grad(&x, &kernels, &normal(3, y.dims(), device)?, 2, 1)?;
		Ok(vec![y, dx, dk])
	}));
	cases.push(Case::new("pool", |ops, device| {
		let x = normal(1, (2, 3, 9, 11), device)?;
		let y = ops.pool(&x, 2)?;
		let dx = ops.pool_grad(&x, &normal(2, y.dims(), device)?, 2)?;
		Ok(vec![y, dx])
	}));
	cases.push(Case::new("adamw", |ops, device| {
		let step = AdamW {
			rate: 1e-3,
			beta1: 0.9,
			beta2: 0.99,
			epsilon: 1e-8,
			decay: 1e-5,
			correction1: 0.19,
			correction2: 0.0199,
		};
		let state = normal(1, (3, 777), device)?;
		let state = state.mul(&state)?;
		Ok(vec![ops.adamw(step, &state, &normal(2, 777, device)?)?])
	}));
	cases.push(Case::new("sgd", |ops, device| {
		let step = Sgd { rate: 0.1, momentum: 0.9, decay: 1e-4 };
		Ok(vec![ops.sgd(step, &normal(1, (2, 777), device)?, &normal(2, 777, device)?)?])
	}));
	for (name, run) in hostile() {
		cases.push(Case::new(name, run));
	}
	cases.push(Case::new("random", |_, device| {
		let mut uniform = vec![0.0; 1000];
		Random::new(u64::MAX, 7).fill_uniform(u64::from(u32::MAX), &mut uniform);
		Ok(vec![Tensor::from_vec(uniform, 1000, device)?, normal(5, 1001, device)?])
	}));
	cases
}
