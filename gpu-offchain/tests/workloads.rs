//! Every kind of work: recomputing a leaf gives what the run gave, threads change nothing, an interrupted run goes on to
//! the same end, and any changed bit changes the root.

#![allow(
	clippy::arithmetic_side_effects,
	clippy::expect_used,
	clippy::indexing_slicing,
	clippy::unwrap_used,
	reason = "tests"
)]

use candle_core::{Device, Tensor};
use ogpu_protocol::benchmark::BenchmarkParameters;
use ogpu_worker::{
	artifacts::{Artifact, Folder, Name, Store},
	error::Error,
	job::{blake2, Job, Piece, Progress, ResultFile, Verdict},
	kernels::random::Random,
	manifest::{Manifest, Work},
	models::{
		convolution::{Convolution, Part},
		decoder::Decoder,
		parameters, Trainable,
	},
	ops::{Fast, Ops, Repro, Unary},
};

struct Bench {
	_folder: tempfile::TempDir,
	store: Folder,
}

impl Bench {
	fn new() -> Self {
		let folder = tempfile::tempdir().unwrap();
		Self { store: Folder::new(folder.path()), _folder: folder }
	}

	/// Puts bytes among the artifacts, and says what a manifest calls them.
	fn add(&self, bytes: &[u8]) -> String {
		let Artifact { hash, bytes } = self.store.put(bytes).unwrap();
		format!("{{ hash = \"{hash}\", bytes = {bytes} }}")
	}

	fn job(&self, manifest: &str) -> Job {
		Job::new(manifest.as_bytes(), None, None, &self.store).unwrap_or_else(|error| panic!("{error}: {manifest}"))
	}

	fn refused(&self, manifest: &str) -> String {
		match Job::new(manifest.as_bytes(), None, None, &self.store) {
			Err(Error::Invalid(reason)) => reason,
			Err(other) => panic!("not refused as invalid: {other}"),
			Ok(_) => panic!("accepted"),
		}
	}

	/// All that must hold of any job. Returns its result, output and pieces.
	fn check(&self, manifest: &str) -> (ResultFile, Vec<u8>, Vec<Piece>) {
		let job = self.job(manifest);
		let mut pieces = Vec::new();
		let done = with_threads(1, || {
			let run = job.run(Progress::default(), |_, piece| {
				pieces.push(piece.clone());
				Ok(true)
			});
			run.unwrap()
		});
		assert!(done.is_done);
		let result = job.result(&done).unwrap();
		assert_eq!(result.output, Name::of(&done.output));
		assert_eq!(result.task.0, blake2(manifest.as_bytes()));
		assert_eq!(result.root.0, result.tree().unwrap().root());
		let opening = |index: usize| index.checked_sub(1).map_or(&[][..], |before| &pieces[before].carry);

		// Others, with other threads, from openings alone.
		for (index, piece) in pieces.iter().enumerate() {
			for (threads, claimed) in [(1, None), (3, Some(&piece.output[..])), (2, Some(&b"nonsense"[..]))] {
				let other = self.job(manifest);
				let again =
					with_threads(threads, || other.work.recompute(index as u32, opening(index), claimed)).unwrap();
				assert_eq!(again.leaf(), piece.leaf(), "leaf {index}");
				assert_eq!(&again, piece);
			}
			let slice = Some(&piece.output[..]);
			assert_eq!(job.verify(&result, index as u32, opening(index), slice).unwrap(), Verdict::Same);
			assert_ne!(job.verify(&result, index as u32, b"another opening", slice).unwrap(), Verdict::Same);
			for part in 0..3 {
				let mut changed = result.clone();
				changed.leaves[index][part].0[7] ^= 1;
				assert_eq!(job.verify(&changed, index as u32, opening(index), slice).unwrap(), Verdict::WrongRoot);
				changed.root = Name(changed.tree().unwrap().root());
				assert_ne!(changed.root, result.root);
				assert_eq!(job.verify(&changed, index as u32, opening(index), slice).unwrap(), Verdict::OtherLeaf);
			}
		}
		assert_eq!(job.verify(&result, pieces.len() as u32, &[], None).unwrap(), Verdict::NoSuchLeaf);
		let mut short = result.clone();
		if short.leaves.len() > 1 && !job.work.ends_anywhere() {
			short.leaves.pop();
			short.root = Name(short.tree().unwrap().root());
			let last = short.leaves.len() - 1;
			assert_eq!(job.verify(&short, last as u32, opening(last), None).unwrap(), Verdict::WrongEnd);
		}

		// Interrupted after each leaf, and gone on with by another process.
		let mut progress = Progress::default();
		while !progress.is_done {
			progress = with_threads(2, || self.job(manifest).run(progress.clone(), |_, _| Ok(false))).unwrap();
		}
		assert_eq!(progress, done);
		(result, done.output, pieces)
	}

	fn root(&self, manifest: &str) -> Name {
		let job = self.job(manifest);
		let done = job.run(Progress::default(), |_, _| Ok(true)).unwrap();
		// Under one task, so that only what was computed tells the roots apart.
		let mut result = job.result(&done).unwrap();
		result.task = Name([0; 32]);
		Name(result.tree().unwrap().root())
	}
}

fn with_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
	rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}

/// Points in a square, which belong to one of four classes, one for each quarter.
fn quarters(count: u64) -> Vec<u8> {
	let random = Random::new(4, 0);
	let point = |index: u64| {
		let [x, y] = [0, 1].map(|part| random.below(index * 2 + part, 256) as u8);
		[x, y, (x / 128) * 2 + y / 128]
	};
	(0..count).flat_map(point).collect()
}

fn mlp(data: &str, seed: u64, optimiser: &str, more: &str) -> String {
	format!(
		r#"
version = 1
kernels = "repro-1"

[work.train]
seed = {seed}
steps = 150
segment = 40
batch = 32
data = {data}
{more}

[work.train.model.mlp]
inputs = 2
hidden = [32, 16]
classes = 4
activation = "relu"

[work.train.optimiser.{optimiser}

[work.train.schedule]
rate = 0.03
warmup = 10
decline = "cosine"
floor = 0.1
clip = 1.0
"#
	)
}

const ADAMW: &str = "adamw]\nbeta1 = 0.9\nbeta2 = 0.99\nepsilon = 1e-8\ndecay = 0.01\n";
const SGD: &str = "sgd]\nmomentum = 0.9\ndecay = 0.0\n";

#[test]
fn a_classifier_learns_and_every_leaf_can_be_recomputed() {
	let bench = Bench::new();
	let data = bench.add(&quarters(2000));
	for optimiser in [ADAMW, SGD] {
		let (_, output, pieces) = bench.check(&mlp(&data, 1, optimiser, ""));
		assert_eq!(pieces.len(), 4, "150 steps in segments of 40");
		let losses: Vec<f32> = pieces.iter().flat_map(|piece| piece.note.losses.clone()).collect();
		assert_eq!(losses.len(), 150);
		assert!(losses[0] > 1.2 && losses[149] < 0.4, "{} {}", losses[0], losses[149]);
		let file = parameters::open(&output).unwrap();
		assert_eq!(file.tensor("layers.0.weight").unwrap().shape(), [32, 2]);
		assert_eq!(file.names().len(), 6, "the output has no optimiser");
	}
}

#[test]
fn any_changed_bit_of_training_changes_the_root() {
	let bench = Bench::new();
	let samples = quarters(200);
	let data = bench.add(&samples);
	let (_, model, pieces) = bench.check(&mlp(&data, 1, ADAMW, ""));
	let root = bench.root(&mlp(&data, 1, ADAMW, ""));
	assert_eq!(root, bench.root(&mlp(&data, 1, ADAMW, "")));
	assert_ne!(root, bench.root(&mlp(&data, 2, ADAMW, "")), "the seed");
	assert_ne!(root, bench.root(&mlp(&data, 1, SGD, "")), "the optimiser");
	let mut changed = samples;
	changed[30] ^= 1;
	assert_ne!(root, bench.root(&mlp(&bench.add(&changed), 1, ADAMW, "")), "the data");

	// Fine-tuning begins from a checkpoint, and any bit of it counts.
	let fine = |checkpoint: &[u8]| mlp(&data, 1, ADAMW, &format!("checkpoint = {}", bench.add(checkpoint)));
	let tuned = bench.root(&fine(&model));
	assert_ne!(tuned, root);
	let mut other = model.clone();
	let last = other.len() - 3;
	other[last] ^= 1;
	assert_ne!(bench.root(&fine(&other)), tuned, "the weights");

	// And the smallest bit of a carry.
	let job = bench.job(&mlp(&data, 1, ADAMW, ""));
	let mut opening = pieces[0].carry.clone();
	let last = opening.len() - 4;
	opening[last] ^= 1;
	assert_ne!(job.work.recompute(1, &opening, None).unwrap().leaf(), pieces[1].leaf());
}

fn example(name: &str) -> Vec<u8> {
	std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name)).unwrap()
}

#[test]
fn a_classifier_of_pictures_learns_and_every_leaf_can_be_recomputed() {
	let bench = Bench::new();
	let pictures = example("data/pictures.bin");
	bench.add(&pictures);
	let manifest = String::from_utf8(example("train-pictures.toml")).unwrap();
	let (_, output, pieces) = bench.check(&manifest);
	let losses: Vec<f32> = pieces.iter().flat_map(|piece| piece.note.losses.clone()).collect();
	assert!(losses[0] > 1.2 && losses[59] < 0.5, "{} {}", losses[0], losses[59]);
	let file = parameters::open(&output).unwrap();
	assert_eq!(file.tensor("convolutions.1.weight").unwrap().shape(), [16, 8, 3, 3]);
	assert_eq!(file.tensor("layers.0.weight").unwrap().shape(), [4, 64]);

	let mut changed = pictures.clone();
	// One bit of each picture, as not all are drawn.
	changed.iter_mut().step_by(65).for_each(|pixel| *pixel ^= 1);
	let other = manifest.replace(&bench.add(&pictures), &bench.add(&changed));
	assert_ne!(bench.root(&manifest), bench.root(&other), "the data");

	for (from, to, reason) in [
		("kernel = 3", "kernel = 30", "larger than its picture"),
		("pool = 2", "pool = 0", "pool"),
		("stride = 1", "stride = 0", "stride"),
		("padding = 1", "padding = 3", "padding"),
		("height = 8", "height = 4294967295", "side"),
		("outputs = 16", "outputs = 4294967295", "outputs"),
		("classes = 4", "classes = 3", "classes"),
	] {
		let refused = bench.refused(&manifest.replacen(from, to, 1));
		assert!(refused.contains(reason), "{to}: {refused}");
	}
}

#[test]
fn gradients_of_convolutions_are_slopes() {
	let part = |outputs, kernel, stride, padding, pool| Part { outputs, kernel, stride, padding, pool };
	let model = Convolution {
		channels: 2,
		height: 7,
		width: 6,
		layers: vec![part(3, 3, 1, 1, 2), part(4, 2, 1, 1, 1)],
		hidden: vec![5],
		classes: 3,
		activation: Unary::Silu,
	};
	model.check().unwrap();
	let all = model.parameters();
	let tensor = |seed: u64, shape: &[usize]| {
		let mut values = vec![0.0; shape.iter().product()];
		Random::new(seed, 0).fill_normal(&mut values);
		parameters::tensor(values, shape, &Device::Cpu).unwrap()
	};
	let values: Vec<Tensor> = (10..).zip(&all).map(|(seed, all)| (tensor(seed, &all.shape()) * 0.4).unwrap()).collect();
	let (inputs, targets) = (tensor(1, &[3, 2, 7, 6]), Tensor::new(&[0u32, 2, 1], &Device::Cpu).unwrap());
	let of = |ops: &dyn Ops, values: &[Tensor]| {
		let (losses, gradients) = model.losses_and_gradients(ops, values, &inputs, &targets).unwrap();
		(losses.to_vec1::<f32>().unwrap().iter().map(|loss| f64::from(*loss)).sum::<f64>() / 3.0, gradients)
	};
	let (_, gradients) = of(&Repro::default(), &values);
	let (_, fast) = of(&Fast::default(), &values);
	assert_eq!(gradients.len(), all.len());
	for (index, (gradient, fast)) in gradients.iter().zip(&fast).enumerate() {
		assert_eq!(gradient.dims(), all[index].shape(), "{:?}", all[index].parts);
		let gradient = gradient.flatten_all().unwrap().to_vec1::<f32>().unwrap();
		let fast = fast.flatten_all().unwrap().to_vec1::<f32>().unwrap();
		for place in 0..gradient.len() {
			assert!((gradient[place] - fast[place]).abs() < 1e-4, "{:?}", all[index].parts);
			let moved = |by: f32| {
				let mut values = values.clone();
				let mut numbers = values[index].flatten_all().unwrap().to_vec1::<f32>().unwrap();
				numbers[place] += by;
				values[index] = parameters::tensor(numbers, &all[index].shape(), &Device::Cpu).unwrap();
				of(&Repro::default(), &values).0
			};
			let measured = (moved(0.002) - moved(-0.002)) / 0.004;
			assert!((measured - f64::from(gradient[place])).abs() < 3e-3, "{:?} {place}", all[index].parts);
		}
	}
}

const SHAPE: &str = r#"vocabulary = 256
width = 48
layers = 2
heads = 4
key_heads = 2
hidden = 96
context = 96
rope_base = 10000.0
norm_epsilon = 1e-5
is_tied = "#;

const VERSE: &str = "the cat sat on the mat and the dog sat on the log. ";

fn decoder(data: &str, steps: u32, is_tied: bool) -> String {
	format!(
		r#"
version = 1
kernels = "repro-1"

[work.train]
seed = 7
steps = {steps}
segment = {}
batch = 8
data = {data}

[work.train.model.decoder]
positions = 48
tokens = "bytes"

[work.train.model.decoder.shape]
{SHAPE}{is_tied}

[work.train.optimiser.{ADAMW}

[work.train.schedule]
rate = 0.01
warmup = 10
decline = "linear"
floor = 0.0
"#,
		steps.div_ceil(3)
	)
}

fn generation(model: &str, prompts: &str, sampling: &str, seed: u64) -> String {
	format!(
		r#"
version = 1
kernels = "repro-1"

[work.generate]
seed = {seed}
model = {model}
prompts = {prompts}
prompt_tokens = 30
tokens = 40
block = 16
stop = [46]
sampling = {sampling}

[work.generate.shape]
{SHAPE}true
"#
	)
}

#[test]
fn a_model_that_a_job_trained_is_served_and_its_text_can_be_audited() {
	let bench = Bench::new();
	let data = bench.add(VERSE.repeat(40).as_bytes());
	let (_, model, pieces) = bench.check(&decoder(&data, 180, true));
	let losses: Vec<f32> = pieces.iter().flat_map(|piece| piece.note.losses.clone()).collect();
	assert!(losses[0] > 5.0 && losses[179] < 0.4, "{} {}", losses[0], losses[179]);

	let prompts = bench.add(br#"["the cat", "the dog sat", "and"]"#);
	let greedy = |model: &[u8]| generation(&bench.add(model), &prompts, "\"greedy\"", 3);
	let manifest = greedy(&model);
	let (result, output, pieces) = bench.check(&manifest);
	let Work::Generate(generate) = Manifest::parse(manifest.as_bytes()).unwrap().work else { panic!() };
	let texts = generate.texts(&output, &bench.store).unwrap();
	assert_eq!(texts.len(), 3);
	let rest = " sat on the mat and the dog sat on the log.";
	assert_eq!(texts[0], &rest[..texts[0].len()], "it has learnt the verse");
	assert!(pieces.len() < 9, "texts that end early leave blocks unused");

	let top = "{ top_p = { share = 0.95, temperature = 1.5 } }";
	let sampled = |seed: u64| generation(&bench.add(&model), &prompts, top, seed);
	let (drawn, ..) = bench.check(&sampled(3));
	assert_ne!(drawn.output, result.output);
	assert_ne!(bench.root(&sampled(3)), bench.root(&sampled(4)), "the seed");

	// The trace has what the model said, so that another model does not pass, even where it says the same words.
	let mut other = model.clone();
	let last = other.len() - 3;
	other[last] ^= 1;
	assert_ne!(bench.root(&greedy(&other)), bench.root(&manifest), "the weights");
}

#[test]
fn texts_that_are_written_together_are_those_that_are_written_alone() {
	let bench = Bench::new();
	let data = bench.add(VERSE.repeat(40).as_bytes());
	let model = bench.job(&decoder(&data, 20, true)).run(Progress::default(), |_, _| Ok(true)).unwrap().output;
	// More than there is room for at once, of all lengths, also of one token.
	let prompts: Vec<&str> = (0..40).map(|text: usize| &VERSE[..text % 30 + 1]).collect();
	let prompts = bench.add(&serde_json::to_vec(&prompts).unwrap());
	let top = "{ top_p = { share = 0.95, temperature = 1.5 } }";
	let manifest = generation(&bench.add(&model), &prompts, top, 5);
	let job = bench.job(&manifest);
	let mut pieces = Vec::new();
	let done = job.run(Progress::default(), |_, piece| {
		pieces.push(piece.clone());
		Ok(true)
	});
	let done = done.unwrap();
	let Work::Generate(generate) = Manifest::parse(manifest.as_bytes()).unwrap().work else { panic!() };
	assert_eq!(generate.texts(&done.output, &bench.store).unwrap().len(), 40);
	assert!((80..120).contains(&pieces.len()), "some end early, some do not: {}", pieces.len());
	let mut opening = Vec::new();
	for (index, piece) in (0..).zip(&pieces) {
		assert_eq!(&job.work.recompute(index, &opening, None).unwrap(), piece, "leaf {index}");
		opening.clone_from(&piece.carry);
	}
	// From the middle of a text on, for as many leaves as a part has.
	for (first, leaves) in [(1, 1), (7, 9), (30, 50)] {
		let mut run = job.work.start(first, leaves, &pieces[first as usize - 1].carry).unwrap();
		for piece in pieces.iter().skip(first as usize).take(leaves as usize) {
			assert_eq!(&run.next().unwrap(), piece);
		}
	}
	let end = pieces.last().unwrap();
	assert!(end.is_last && job.work.start(0, 1, &end.carry).is_err(), "nothing comes after the last text");
}

#[test]
fn gradients_of_a_decoder_are_slopes() {
	let text = r#"{ "vocabulary": 11, "width": 8, "layers": 2, "heads": 2, "key_heads": 1, "hidden": 12, "context": 16,
		"rope_base": 10000.0, "norm_epsilon": 1e-5, "is_tied": false }"#;
	for is_tied in [false, true] {
		let shape = Decoder { is_tied, ..serde_json::from_str(text).unwrap() };
		let all = shape.parameters();
		let values: Vec<Tensor> = all
			.iter()
			.enumerate()
			.map(|(index, parameter)| {
				// Larger than at the beginning of a training, so that slopes stand out of the rounding.
				let values: Vec<f32> = parameter.first_values(5, index).unwrap();
				let factor = if parameter.row.is_empty() { 1.0 } else { 20.0 };
				let values = values.into_iter().map(|value| value * factor).collect();
				parameters::tensor(values, &parameter.shape(), &Device::Cpu).unwrap()
			})
			.collect();
		let inputs = Tensor::new(&[[1u32, 5, 2, 9, 0], [3, 3, 10, 4, 7]], &Device::Cpu).unwrap();
		let targets = Tensor::new(&[[5u32, 2, 9, 0, 8], [3, 10, 4, 7, 1]], &Device::Cpu).unwrap();
		let of = |ops: &dyn Ops, values: &[Tensor]| {
			let (losses, gradients) = shape.losses_and_gradients(ops, values, &inputs, &targets).unwrap();
			(losses.to_vec1::<f32>().unwrap().iter().map(|loss| f64::from(*loss)).sum::<f64>() / 10.0, gradients)
		};
		let (loss, gradients) = of(&Repro::default(), &values);
		let (fast_loss, fast) = of(&Fast::default(), &values);
		assert!((loss - fast_loss).abs() < 1e-5);
		assert_eq!(gradients.len(), all.len());
		for (index, (gradient, fast)) in gradients.iter().zip(&fast).enumerate() {
			assert_eq!(gradient.dims(), all[index].shape(), "{:?}", all[index].parts);
			let gradient = gradient.flatten_all().unwrap().to_vec1::<f32>().unwrap();
			let fast = fast.flatten_all().unwrap().to_vec1::<f32>().unwrap();
			for place in (0..gradient.len()).step_by(3) {
				assert!((gradient[place] - fast[place]).abs() < 1e-4, "{:?}", all[index].parts);
				let moved = |by: f32| {
					let mut values = values.clone();
					let mut numbers = values[index].flatten_all().unwrap().to_vec1::<f32>().unwrap();
					numbers[place] += by;
					values[index] = parameters::tensor(numbers, &all[index].shape(), &Device::Cpu).unwrap();
					of(&Repro::default(), &values).0
				};
				let measured = (moved(0.002) - moved(-0.002)) / 0.004;
				let slope = f64::from(gradient[place]);
				assert!((measured - slope).abs() < 3e-3, "{:?} {place}: {measured} {slope}", all[index].parts);
			}
		}
	}
}

const SCENE: &str = r#"{
	"cameras": [
		{ "from": [0, 1, 4], "to": [0, 0.7, 0], "up": [0, 1, 0], "view": 0.8 },
		{ "from": [2, 2, 3], "to": [0, 0.7, 0], "up": [0, 1, 0], "view": 0.8 }
	],
	"materials": [
		{ "diffuse": { "colour": [0.8, 0.3, 0.2] } },
		{ "metal": { "colour": [0.9, 0.9, 0.9], "roughness": 0.1 } },
		{ "glass": { "index": 1.5 } },
		{ "glowing": { "colour": [4, 4, 3] } },
		{ "diffuse": { "colour": [0.5, 0.5, 0.5] } }
	],
	"spheres": [
		{ "centre": [-1, 0.7, 0], "radius": 0.7, "material": 0 },
		{ "centre": [0.6, 0.5, 0.3], "radius": 0.5, "material": 1 },
		{ "centre": [-0.1, 0.3, 1.2], "radius": 0.3, "material": 2 },
		{ "centre": [0, 3, 0], "radius": 0.5, "material": 3 }
	],
	"meshes": [
		{ "vertices": [[-5, 0, -5], [5, 0, -5], [5, 0, 5], [-5, 0, 5]], "triangles": [[0, 2, 1], [0, 3, 2]], "material": 4 }
	],
	"lights": [{ "at": [3, 4, 3], "colour": [30, 30, 30] }],
	"sky": [[0.4, 0.4, 0.5], [0.2, 0.3, 0.6]]
}"#;

fn render(scene: &str, seed: u64) -> String {
	format!(
		r#"
version = 1
kernels = "repro-1"

[work.render]
seed = {seed}
scene = {scene}
width = 40
height = 28
tile = 16
frames = 2
samples = 4
rays = 6
visits = 100
"#
	)
}

#[test]
fn a_picture_is_the_same_whoever_renders_its_tiles() {
	let bench = Bench::new();
	let scene = bench.add(SCENE.as_bytes());
	let manifest = render(&scene, 1);
	let (_, output, pieces) = bench.check(&manifest);
	assert_eq!(pieces.len(), 2 * 3 * 2);
	assert_eq!(output.len(), 2 * 40 * 28 * 3);
	let Work::Render(work) = Manifest::parse(manifest.as_bytes()).unwrap().work else { panic!() };
	let picture = work.picture(&output, 0).unwrap();
	let at = |x: usize, y: usize| [0, 1, 2].map(|part| i32::from(picture[(y * 40 + x) * 3 + part]));
	let [red, green, _] = at(9, 14);
	assert!(red > green + 30, "the red sphere is on the left: {:?}", at(9, 14));
	let [red, _, blue] = at(38, 1);
	assert!(blue > red, "the sky is blue: {:?}", at(38, 1));
	assert_ne!(work.picture(&output, 1).unwrap(), picture, "the second camera");
	assert!(work.picture(&output, 2).is_none());
	let png = work.png(&output, 0).unwrap();
	let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
	let mut decoded = vec![0; reader.output_buffer_size().unwrap()];
	reader.next_frame(&mut decoded).unwrap();
	assert_eq!(decoded, picture);

	assert_ne!(bench.root(&render(&scene, 2)), bench.root(&manifest), "the seed");
	let moved = bench.add(SCENE.replace("0.6, 0.5, 0.3", "0.6001, 0.5, 0.3").as_bytes());
	assert_ne!(bench.root(&render(&moved, 1)), bench.root(&manifest), "the scene");
}

#[test]
fn the_benchmark_is_a_chain() {
	let bench = Bench::new();
	let manifest = |seed: u64| {
		format!("version = 1\nkernels = \"repro-1\"\n[work.benchmark]\nseed = {seed}\nside = 40\nbank = 5\nsteps = 2\nleaves = 6\n")
	};
	let (_, output, pieces) = bench.check(&manifest(1));
	assert_eq!(pieces.len(), 6);
	assert!(output.is_empty(), "which leaf is the last one, nobody knows");
	let numbers: Vec<f32> =
		pieces[5].carry.as_chunks::<4>().0.iter().map(|number| f32::from_le_bytes(*number)).collect();
	assert_eq!(numbers.len(), 1600);
	let square = numbers.iter().map(|x| x * x).sum::<f32>() / 1600.0;
	assert!((square - 1.0).abs() < 1e-3, "it neither dies nor grows: {square}");
	assert_ne!(bench.root(&manifest(1)), bench.root(&manifest(2)));
}

/// On the chain, all that a benchmark is follows from the window's seed and the device's number.
#[test]
fn a_device_is_measured_by_as_many_leaves_as_it_has_time_for() {
	let rules = BenchmarkParameters { side: 32, steps: 3, ..Default::default() };
	let measured =
		|seed: u8, device: u32| Job::measuring(&rules, &[seed; 32], device, Box::new(Repro::default())).unwrap();
	let job = measured(7, 4);
	assert_eq!(job.task, ogpu_protocol::benchmark::task(blake2, &[7; 32], 4));
	assert_eq!(job.start(), job.task, "as the chain asks for it");
	assert_eq!(job.work.cost(0), rules.leaf());
	let mut left = 5;
	let mut carries = vec![Vec::new()];
	let progress = job
		.run(Progress::default(), |_, piece| {
			carries.push(piece.carry.clone());
			left -= 1;
			Ok(left > 0)
		})
		.unwrap();
	let result = job.result(&progress).unwrap();
	assert_eq!(result.leaves.len(), 5);
	for (index, opening) in (0..5).zip(&carries) {
		assert_eq!(measured(7, 4).verify(&result, index, opening, None).unwrap(), Verdict::Same);
		assert_eq!(measured(7, 5).verify(&result, index, opening, None).unwrap(), Verdict::NoSuchLeaf);
	}
	let others = [measured(8, 4), measured(7, 5)].map(|job| job.whole().recompute(0, &[], None).unwrap().carry);
	assert!(others[0] != carries[1] && others[1] != carries[1] && others[0] != others[1]);
}

/// A service says how; a request says of what.
#[test]
fn a_service_answers_what_a_request_brings() {
	let bench = Bench::new();
	let shape: Decoder = toml::from_str(&format!("{SHAPE}true")).unwrap();
	let all = shape.parameters();
	let values: Vec<_> = all.iter().enumerate().map(|(index, all)| all.first_values(9, index).unwrap()).collect();
	let model = bench.add(&parameters::write(&all, &[("", &values)]).unwrap());
	let asked = br#"["the cat", "a dog"]"#;
	let prompts = bench.add(asked);
	let whole = generation(&model, &prompts, "\"greedy\"", 3);
	let service = whole.replace(&format!("prompts = {prompts}\n"), "");
	let inputs = Artifact::of(asked);
	let order = |inputs, task| Job::new(service.as_bytes(), inputs, task, &bench.store);

	let job = order(Some(inputs), None).unwrap();
	assert_eq!(job.task, blake2(&[blake2(service.as_bytes()), inputs.hash.0].concat()), "of both");
	assert_eq!(job.start(), inputs.hash.0, "a request begins from its inputs");
	let mut carries = vec![Vec::new()];
	let done = job
		.run(Progress::default(), |_, piece| {
			carries.push(piece.carry.clone());
			Ok(true)
		})
		.unwrap();
	let result = job.result(&done).unwrap();
	let (of_whole, output, _) = bench.check(&whole);
	assert_eq!((&result.leaves, &done.output), (&of_whole.leaves, &output), "as if the manifest had named them");
	assert_ne!(result.root, of_whole.root, "but another task");

	// On the chain the request's name is the task, and auditors are given the inputs as the first opening.
	let task = [5; 32];
	let audited = order(Some(inputs), Some(task)).unwrap();
	let result = audited.result(&done).unwrap();
	assert_eq!(result.task.0, task);
	assert_eq!(audited.verify(&result, 0, asked, None).unwrap(), Verdict::Same);
	assert_eq!(audited.verify(&result, 0, b"[\"other\"]", None).unwrap(), Verdict::WrongOpening);
	assert_eq!(audited.verify(&result, 1, &carries[1], None).unwrap(), Verdict::Same);

	assert!(order(None, None).err().unwrap().to_string().contains("service"));
	let missing = Artifact::of(b"[\"not here\"]");
	assert!(matches!(order(Some(missing), None), Err(Error::Missing(_))));
	let twice = Job::new(whole.as_bytes(), Some(inputs), None, &bench.store).err().unwrap();
	assert!(twice.to_string().contains("names its inputs itself"), "{twice}");
}

/// In an auction, what lies between two milestones is a task of its own.
#[test]
fn a_job_is_done_in_parts_by_whoever_has_what_the_last_one_handed_on() {
	let bench = Bench::new();
	let data = bench.add(&quarters(300));
	let manifest = mlp(&data, 1, ADAMW, "").replace("segment = 40", "segment = 30");
	let (whole, output, pieces) = bench.check(&manifest);
	assert_eq!(pieces.len(), 5);
	let (mut carry, mut start) = (Vec::new(), bench.job(&manifest).start());
	let (mut leaves, mut outputs) = (Vec::new(), Vec::new());
	for (number, (first, count)) in [(0, 2), (2, 2), (4, 1)].into_iter().enumerate() {
		// Another provider each time, who was given the manifest and the last carry.
		let job = bench.job(&manifest);
		let task = [number as u8; 32];
		let part = job.part(task, first, count, start).unwrap();
		assert!(first == 0 || part.run(Progress::from(b"another".to_vec()), u32::MAX, |_, _| Ok(true)).is_err());
		let opening = carry.clone();
		let mut done = part.run(Progress::from(opening.clone()), 1, |_, _| Ok(false)).unwrap();
		assert_eq!(done.is_done, count == 1);
		done = part.run(done, u32::MAX, |_, _| Ok(true)).unwrap();
		assert!(done.is_done);
		let result = part.result(&done).unwrap();
		assert_eq!((result.task.0, result.leaves.len()), (task, count as usize));
		assert_eq!(result.output, Name::of(&done.output));
		let digest = part.digest(0, &pieces[first as usize].leaf());
		assert_eq!(digest, pieces[first as usize].leaf().digest(blake2, &task, 0), "numbered from zero");
		for index in 0..count {
			let place = (first + index) as usize;
			let opening = if index == 0 { opening.as_slice() } else { &pieces[place - 1].carry };
			assert_eq!(part.verify(&result, index, opening, None).unwrap(), Verdict::Same);
			assert_eq!(part.recompute(index, opening, None).unwrap(), pieces[place]);
			if place > 0 {
				assert_eq!(part.verify(&result, index, &[], None).unwrap(), Verdict::WrongOpening);
			}
		}
		assert_eq!(part.verify(&result, count, &[], None).unwrap(), Verdict::NoSuchLeaf);
		assert_eq!(job.verify(&result, 0, &[], None).unwrap(), Verdict::NoSuchLeaf, "of another task");
		leaves.extend(result.leaves.iter().copied());
		outputs.extend(done.output);
		start = done.leaves.last().unwrap().carry;
		carry = done.opening;
	}
	assert_eq!((leaves, outputs), (whole.leaves, output), "together they are the job");

	let job = bench.job(&manifest);
	assert!(job.part([0; 32], 4, 2, start).is_err(), "beyond the end");
	assert!(job.part([0; 32], 0, 0, job.start()).is_err(), "no leaves");
	assert!(job.part([0; 32], 0, 2, [1; 32]).is_err(), "another beginning");
}

#[test]
fn what_is_not_allowed_is_refused_before_it_costs() {
	let bench = Bench::new();
	let data = bench.add(&quarters(100));
	let good = mlp(&data, 1, ADAMW, "");
	let refused = |from: &str, to: &str| {
		assert!(good.contains(from), "{from}");
		bench.refused(&good.replace(from, to))
	};
	assert!(refused("version = 1", "version = 2").contains("version"));
	assert!(refused("repro-1", "repro-9").contains("repro-9"));
	assert!(refused("inputs = 2", "inputs = 2\nsecret = 1").contains("secret"), "unknown fields");
	assert!(refused("steps = 150", "steps = 0").contains("steps"));
	assert!(refused("steps = 150", "steps = 4294967295").contains("steps"));
	assert!(refused("hidden = [32, 16]", "hidden = [1048576, 1048576]").contains("parameters"));
	assert!(refused("batch = 32", "batch = 4294967295").contains("batch"));
	assert!(refused("rate = 0.03", "rate = nan").contains("rate"));
	assert!(refused("classes = 4", "classes = 2").contains("classes"), "the data have a third class");
	assert!(refused("hidden = [32, 16]", "hidden = []\n\nunknown = 1").contains("unknown"));
	assert!(bench.refused(&"#".repeat(70_000)).contains("64 KiB"));
	assert!(bench.refused("version = 1\nkernels = \"fast\"\nwork = {}").contains("work"));

	let bad = bench.add(b"\x10\0\0\0\0\0\0\0{\"a\":{\"dtype\":1}}");
	bench.refused(&mlp(&data, 1, ADAMW, &format!("checkpoint = {bad}")));
	let missing = mlp(
		"{ hash = \"0000000000000000000000000000000000000000000000000000000000000000\", bytes = 30 }",
		1,
		ADAMW,
		"",
	);
	assert!(matches!(Job::new(missing.as_bytes(), None, None, &bench.store), Err(Error::Missing(_))));

	let scene = bench.add(SCENE.replace("\"material\": 4", "\"material\": 40").as_bytes());
	assert!(bench.refused(&render(&scene, 1)).contains("material"));
	let scene = bench.add(SCENE.replace("[0, 2, 1]", "[0, 2, 11]").as_bytes());
	assert!(bench.refused(&render(&scene, 1)).contains("triangle"));
	let heavy = render(&bench.add(SCENE.as_bytes()), 1)
		.replace("tile = 16", "tile = 4096")
		.replace("samples = 4", "samples = 65536")
		.replace("visits = 100", "visits = 65536");
	assert!(bench.refused(&heavy).contains("verifier"));
}

/// Needs the model, 90 MB: `scripts/minilm.sh` fetches it and runs this.
#[test]
#[ignore = "needs all-MiniLM-L6-v2: scripts/minilm.sh"]
fn embeddings_of_minilm_are_those_of_transformers() {
	let folder = std::path::PathBuf::from(std::env::var("OGPU_MINILM").expect("OGPU_MINILM names the model's folder"));
	let reference: serde_json::Value = serde_json::from_str(include_str!("data/minilm.json")).unwrap();
	let bench = Bench::new();
	let add = |name: &str| bench.add(&std::fs::read(folder.join(name)).unwrap());
	let texts = bench.add(reference["texts"].to_string().as_bytes());
	let manifest = |slice: u32| {
		format!(
			r#"
version = 1
kernels = "repro-1"

[work.embed]
model = {}
tokenizer = {}
texts = {texts}
slice = {slice}
text_tokens = 128

[work.embed.shape]
vocabulary = 30522
width = 384
layers = 6
heads = 12
hidden = 1536
context = 512
kinds = 2
norm_epsilon = 1e-12
"#,
			add("model.safetensors"),
			add("tokenizer.json")
		)
	};
	let (_, output, _) = bench.check(&manifest(4));
	let numbers: Vec<f64> =
		output.as_chunks::<4>().0.iter().map(|number| f64::from(f32::from_le_bytes(*number))).collect();
	let expected: Vec<Vec<f64>> = serde_json::from_value(reference["embeddings"].clone()).unwrap();
	assert_eq!(numbers.len(), expected.len() * 384);
	let worst = numbers.iter().zip(expected.iter().flatten()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
	println!("the largest difference is {worst:.2e}");
	assert!(worst < 1e-5, "{worst}");
	let (_, alone, _) = bench.check(&manifest(1));
	assert_eq!(alone, output, "a text has the same bits in any company");
}
