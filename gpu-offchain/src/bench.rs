//! Measures the kernel sets against each other: ratios of the best of several interleaved runs, because one machine's
//! seconds say little and its noise much.

use crate::{
	artifacts::{Artifact, Memory, Store},
	error::{Error, Result},
	job::{Job, Piece, Progress},
	kernels::{random::Random, Path},
	models::{
		bert::Bert,
		decoder::Decoder,
		parameters::{self, Parameter},
		Trainable,
	},
	ops::{AttentionShape, Fast, Norm, Ops, Repro, Segment, Unary, Weights},
};
use candle_core::{Device, Tensor};
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

/// One time over the other.
pub fn ratio(a: Duration, b: Duration) -> f64 {
	a.as_secs_f64() / b.as_secs_f64()
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

/// How the second matrix lies.
#[derive(Clone, Copy, PartialEq)]
enum Lies {
	Plain,
	Turned,
	/// As a model that answers has it, in either kernel set.
	AsWeights,
}

const SHAPES: [(&str, [usize; 4], Lies); 14] = [
	("square", [1, 192, 192, 192], Lies::Plain),
	("square", [1, 384, 384, 384], Lies::Plain),
	("square", [1, 768, 768, 768], Lies::Plain),
	("square", [1, 1024, 1024, 1024], Lies::Plain),
	("square", [1, 1536, 1536, 1536], Lies::Plain),
	("tall", [1, 4096, 256, 256], Lies::Plain),
	("wide", [1, 128, 768, 3072], Lies::Plain),
	("wide, turned", [1, 128, 768, 3072], Lies::Turned),
	("wide, weights", [1, 128, 768, 3072], Lies::AsWeights),
	("batched", [12, 128, 64, 128], Lies::Plain),
	("batched, turned", [12, 128, 64, 128], Lies::Turned),
	("one row", [1, 1, 768, 3072], Lies::Plain),
	("one row, turned", [1, 1, 768, 3072], Lies::Turned),
	("one row, weights", [1, 1, 768, 3072], Lies::AsWeights),
];

/// On the threads of the current pool, which candle's kernels use as well.
pub fn matmul(path: Path, rounds: usize) -> Result<Vec<MatMul>> {
	let (ours, theirs) = (Repro::with_path(path), Fast::default());
	let tensor = |stream: u64, shape: (usize, usize, usize)| -> Result<Tensor> {
		let mut values = vec![0.0; shape.0.saturating_mul(shape.1).saturating_mul(shape.2)];
		Random::new(1, stream).fill_uniform(0, &mut values);
		Ok(Tensor::from_vec(values, shape, &Device::Cpu)?)
	};
	SHAPES
		.into_iter()
		.map(|(name, shape, lies)| {
			let [batch, m, k, n] = shape;
			let a = tensor(1, (batch, m, k))?;
			let b = if lies == Lies::Plain { tensor(2, (batch, k, n))? } else { tensor(2, (batch, n, k))?.t()? };
			let [a, b] = if batch == 1 { [a.squeeze(0)?, b.squeeze(0)?] } else { [a, b] };
			let work: f64 = shape.iter().map(|side| *side as f64).product();
			let repeat = (2e8 / work).ceil().clamp(1.0, 200.0) as usize;
			let weights = match lies {
				Lies::AsWeights => Some([ours.weights(&b.t()?)?, theirs.weights(&b.t()?)?]),
				_ => None,
			};
			let [our_weights, their_weights] = match &weights {
				Some([ours, theirs]) => [Some(ours), Some(theirs)],
				None => [None, None],
			};
			let many = |ops: &dyn Ops, weights: Option<&Weights>| {
				(0..repeat).try_for_each(|_| {
					let product = match weights {
						Some(weights) => ops.through(&a, weights)?,
						None => ops.matmul(&a, &b)?,
					};
					drop(product);
					Ok(())
				})
			};
			let [us, them] =
				best_of(rounds, [Box::new(|| many(&ours, our_weights)), Box::new(|| many(&theirs, their_weights))])?;
			let giga = work * repeat as f64 / us.as_secs_f64() / 1e9;
			Ok(MatMul { name, shape, giga, to_candle: ratio(them, us) })
		})
		.collect()
}

/// Ratios of other operations, at sizes of a small transformer: candle's time over ours.
pub fn operations(path: Path, rounds: usize) -> Result<Vec<(String, f64)>> {
	let (ours, theirs) = (Repro::with_path(path), Fast::default());
	let tensor = |stream: u64, shape: (usize, usize)| -> Result<Tensor> {
		let mut values = vec![0.0; shape.0.saturating_mul(shape.1)];
		Random::new(2, stream).fill_normal(&mut values);
		Ok(Tensor::from_vec(values, shape, &Device::Cpu)?)
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
	type Work<'a> = (&'a str, Box<dyn Fn(&dyn Ops) -> candle_core::Result<Tensor> + 'a>);
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
			let [us, them] =
				best_of(rounds, [Box::new(|| Ok(work(&ours).map(drop)?)), Box::new(|| Ok(work(&theirs).map(drop)?))])?;
			Ok((name.to_string(), ratio(them, us)))
		})
		.collect()
}

/// A model whose numbers are drawn, among the artifacts.
fn drawn(parameters: &[Parameter], store: &dyn Store) -> Result<String> {
	let values = parameters.iter().enumerate().map(|(index, parameter)| parameter.first_values(3, index));
	let file = parameters::write(parameters, &[("", &values.collect::<Result<Vec<_>>>()?)])?;
	named(store.put(&file)?)
}

fn named(artifact: Artifact) -> Result<String> {
	Ok(format!("{{ hash = \"{}\", bytes = {} }}", artifact.hash, artifact.bytes))
}

const HEAD: &str = "version = 1\nkernels = \"repro-1\"\n";

const DECODER: &str = "vocabulary = 4096\nwidth = 512\nlayers = 8\nheads = 8\nkey_heads = 4\nhidden = 1408\n\
	context = 512\nrope_base = 10000.0\nnorm_epsilon = 1e-5\nis_tied = true\n";

const SMALL: &str = "vocabulary = 256\nwidth = 256\nlayers = 4\nheads = 8\nkey_heads = 8\nhidden = 704\n\
	context = 128\nrope_base = 10000.0\nnorm_epsilon = 1e-5\nis_tied = true\n";

const BERT: &str = "vocabulary = 1000\nwidth = 384\nlayers = 6\nheads = 12\nhidden = 1536\ncontext = 512\n\
	kinds = 2\nnorm_epsilon = 1e-12\n";

fn shape<T: serde::de::DeserializeOwned>(text: &str) -> Result<T> {
	toml::from_str(text).map_err(Error::invalid)
}

/// Whole workloads: a name and a number each.
pub fn workloads(path: Path, rounds: usize) -> Result<Vec<(String, f64)>> {
	let store = Memory::default();
	let mut rows = Vec::new();
	let texts: Vec<String> =
		(0..16).map(|text: usize| "a text of some words, ".repeat(text.rem_euclid(5).saturating_add(1))).collect();
	let texts = named(store.put(&serde_json::to_vec(&texts).map_err(Error::invalid)?)?)?;
	let prompts = named(store.put(br#"["A prompt of sixty-four bytes, so that there is something to read."]"#)?)?;
	let data = named(store.put(&b"the cat sat on the mat. ".repeat(200))?)?;

	let train = format!(
		"{HEAD}[work.train]\nseed = 1\nsteps = 1\nsegment = 1\nbatch = 8\ndata = {data}\n\
		[work.train.model.decoder]\npositions = 128\ntokens = \"bytes\"\n[work.train.model.decoder.shape]\n{SMALL}\
		[work.train.optimiser.adamw]\nbeta1 = 0.9\nbeta2 = 0.99\nepsilon = 1e-8\ndecay = 0.01\n\
		[work.train.schedule]\nrate = 0.001\nwarmup = 0\ndecline = \"constant\"\nfloor = 0.0\n"
	);
	let model = drawn(&shape::<Bert>(BERT)?.parameters(), &store)?;
	let embed = format!(
		"{HEAD}[work.embed]\nmodel = {model}\ntexts = {texts}\nslice = 16\ntext_tokens = 512\n[work.embed.shape]\n{BERT}"
	);
	let model = drawn(&shape::<Decoder>(DECODER)?.parameters(), &store)?;
	let generation = |prompts: &str| {
		format!(
			"{HEAD}[work.generate]\nseed = 1\nmodel = {model}\nprompts = {prompts}\nprompt_tokens = 100\ntokens = 48\n\
			block = 16\nstop = []\nsampling = \"greedy\"\n[work.generate.shape]\n{DECODER}"
		)
	};
	let generate = generation(&prompts);

	let ours =
		|manifest: &str| Job::with_ops(manifest.as_bytes(), None, None, &store, Box::new(Repro::with_path(path)));
	let theirs = |manifest: &str| Job::with_ops(manifest.as_bytes(), None, None, &store, Box::new(Fast::default()));
	let whole = |job: &Job| job.run(Progress::default(), |_, _| Ok(true)).map(drop);
	for (name, manifest) in
		[("train, one step of a GPT", &train), ("embed, 16 texts", &embed), ("generate, 48 tokens", &generate)]
	{
		let (us, them) = (ours(manifest)?, theirs(manifest)?);
		let [us, them] = best_of(rounds, [Box::new(|| whole(&us)), Box::new(|| whole(&them))])?;
		rows.push((format!("{name}: repro's time over fast's"), ratio(us, them)));
	}

	// The second block: made by a provider who has read the text before, and checked by who has not.
	let job = ours(&generate)?;
	let mut pieces = Vec::new();
	job.run(Progress::default(), |_, piece| {
		pieces.push(piece.clone());
		Ok(true)
	})?;
	let [first, second, ..] = pieces.as_slice() else { return Err(Error::invalid("too few blocks")) };
	let mut made = Duration::MAX;
	for _ in 0..rounds {
		let mut run = job.work.start(0, 1, &[])?;
		run.next()?;
		let start = Instant::now();
		run.next()?;
		made = made.min(start.elapsed());
	}
	let claimed = Some(second.output.as_slice());
	let [checked] = best_of(rounds, [Box::new(|| job.work.recompute(1, &first.carry, claimed).map(drop))])?;
	rows.push(("a block of 16 tokens: checking it over making it".into(), ratio(checked, made)));

	let prompts: Vec<String> = (10..26).map(|text: usize| "A prompt of some bytes. ".repeat(text / 8)).collect();
	let prompts = named(store.put(&serde_json::to_vec(&prompts).map_err(Error::invalid)?)?)?;
	let job = ours(&generation(&prompts))?;
	let all = |leaves: u32| {
		let mut run = job.work.start(0, leaves, &[])?;
		while !run.next()?.is_last {}
		Ok(())
	};
	let [together, alone] = best_of(rounds, [Box::new(|| all(job.work.most_leaves())), Box::new(|| all(1))])?;
	rows.push(("generate, 16 texts: together over one after the other".into(), ratio(together, alone)));

	for (name, manifest) in [("train", &train), ("embed", &embed), ("generate", &generate)] {
		let job = ours(manifest)?;
		let piece = job.work.recompute(0, &[], None)?;
		let [hashing, making] = best_of(
			rounds,
			[
				Box::new(|| {
					std::hint::black_box(piece.leaf());
					Ok(())
				}),
				Box::new(|| job.work.recompute(0, &[], None).map(drop)),
			],
		)?;
		rows.push((format!("{name}: hashing a leaf over making it"), ratio(hashing, making)));
	}
	Ok(rows)
}

/// A model that fits no cache of a CPU: 1.15 GB.
const LARGE: &str = "vocabulary = 8192\nwidth = 2048\nlayers = 6\nheads = 16\nkey_heads = 4\nhidden = 5632\n\
	context = 512\nrope_base = 10000.0\nnorm_epsilon = 1e-5\nis_tied = true\n";

/// What it costs to check a block of a text that a large model wrote, over making it.
pub fn audit(path: Path, rounds: usize) -> Result<Vec<(String, f64)>> {
	const BLOCK: u32 = 64;
	let store = Memory::default();
	let all = shape::<Decoder>(LARGE)?.parameters();
	let bytes = all.iter().map(|parameter| parameter.count()).sum::<usize>() as f64 * 4.0;
	let model = drawn(&all, &store)?;
	// Two texts, so that the second is new to whoever has just checked the first.
	let prompts = ["A prompt of sixty-four bytes, so that there is something to read.", "Another one."];
	let prompts = named(store.put(&serde_json::to_vec(&prompts).map_err(Error::invalid)?)?)?;
	let manifest = format!(
		"{HEAD}[work.generate]\nseed = 1\nmodel = {model}\nprompts = {prompts}\nprompt_tokens = 100\ntokens = 128\n\
		block = {BLOCK}\nstop = []\nsampling = \"greedy\"\n[work.generate.shape]\n{LARGE}"
	);
	let job = Job::with_ops(manifest.as_bytes(), None, None, &store, Box::new(Repro::with_path(path)))?;
	let (mut pieces, mut made) = (Vec::new(), Vec::new());
	let mut run = job.work.start(0, 1, &[])?;
	for _ in 0..4 {
		let start = Instant::now();
		pieces.push(run.next()?);
		made.push(start.elapsed());
	}
	drop(run);
	let [first, second, other, _] = pieces.as_slice() else { return Err(Error::invalid("too few blocks")) };
	let [_, made, ..] = made.as_slice() else { return Err(Error::invalid("too few blocks")) };
	let check = |leaf: u32, opening: &[u8], piece: &Piece| {
		let start = Instant::now();
		let found = job.work.recompute(leaf, opening, Some(&piece.output))?;
		crate::error::ensure(found == *piece, "a check that finds something else")?;
		Result::Ok(start.elapsed())
	};
	let (mut alone, mut after) = (Duration::MAX, Duration::MAX);
	for _ in 0..rounds {
		check(2, &second.carry, other)?;
		alone = alone.min(check(1, &first.carry, second)?);
		check(0, &[], first)?;
		after = after.min(check(1, &first.carry, second)?);
	}
	let name = |what: &str| format!("a block of {BLOCK} tokens, {:.2} GB of weights: {what}", bytes / 1e9);
	Ok(vec![
		(name("checking it over making it"), ratio(alone, *made)),
		(name("after the block before it"), ratio(after, *made)),
	])
}
