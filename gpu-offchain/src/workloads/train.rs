//! Training. A leaf is a segment of steps; its carry is the checkpoint after them, optimiser included, as a safetensors
//! file; its trace the loss of every step. The output is the trained model, a safetensors file that can be served.

use super::Shape;
use crate::{
	artifacts::{Artifact, Store},
	error::{ensure, Error, Result},
	job::{FromOpenings, Note, Piece, Run, Workload},
	kernels::{canonical_bytes, math::host, random::Random},
	limits,
	models::{
		convolution::Convolution,
		decoder::Decoder,
		mlp::Mlp,
		parameters::{self, Parameter},
		Trainable,
	},
	ops::{AdamW, Ops, Reduction, Sgd},
};
use candle_core::Tensor;
use ogpu_protocol::cost::{Leaf, LeafCost, Network};
use serde::{Deserialize, Serialize};

/// The manifest's part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Train {
	/// Of first values and of the order of samples.
	pub seed: u64,
	pub steps: u32,
	/// Steps of a leaf.
	pub segment: u32,
	/// Samples of a step.
	pub batch: u32,
	pub data: Artifact,
	/// A safetensors file with all parameters, to go on from. Without it, first values are drawn.
	pub checkpoint: Option<Artifact>,
	pub model: Model,
	pub optimiser: Optimiser,
	pub schedule: Schedule,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Model {
	/// The data are samples of fixed length: a byte for each input, which counts as a 255th, then the class.
	Mlp(Mlp),
	/// The same data: the bytes of a picture, channel by channel, row by row, then the class.
	Convolution(Convolution),
	/// The data are a text, of which windows are drawn.
	Decoder(Text),
}

impl Model {
	/// Of a classifier: the shape of what it sees, and how many classes there are.
	fn classes(&self) -> Option<(Vec<usize>, u32)> {
		match self {
			Self::Mlp(mlp) => Some((vec![mlp.inputs as usize], mlp.classes)),
			Self::Convolution(model) => Some((model.picture().map(|side| side as usize).to_vec(), model.classes)),
			Self::Decoder(_) => None,
		}
	}
}

/// A decoder and what it learns from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
	/// Positions of a window.
	pub positions: u32,
	pub tokens: Tokens,
	pub shape: Decoder,
}

/// How a text is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tokens {
	/// Each byte is a token.
	Bytes,
	/// Four bytes each, little endian.
	U32,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Optimiser {
	Adamw { beta1: f32, beta2: f32, epsilon: f32, decay: f32 },
	Sgd { momentum: f32, decay: f32 },
}

/// The rate of each step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
	/// The highest.
	pub rate: f64,
	/// Steps in which it grows from zero.
	pub warmup: u32,
	/// How it falls after them.
	pub decline: Decline,
	/// To what share of the highest.
	pub floor: f64,
	/// Gradients longer than this are shortened to it.
	pub clip: Option<f32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decline {
	/// Not at all.
	Constant,
	Linear,
	Cosine,
}

impl Schedule {
	/// The rate of this step, of so many.
	pub fn rate(&self, step: u32, steps: u32) -> f64 {
		if step < self.warmup {
			return self.rate * (f64::from(step) + 1.0) / f64::from(self.warmup);
		}
		let rest = f64::from(steps.saturating_sub(self.warmup).max(1));
		let done = f64::from(step.saturating_sub(self.warmup)) / rest;
		let height = match self.decline {
			Decline::Constant => 1.0,
			Decline::Linear => 1.0 - done,
			Decline::Cosine => (host::sin_cos(std::f64::consts::PI * done).1 + 1.0) * 0.5,
		};
		self.rate * (self.floor + (1.0 - self.floor) * height)
	}

	fn check(&self) -> Result<()> {
		limits::within("rate", self.rate, 0.0, 1e3)?;
		limits::within("floor", self.floor, 0.0, 1.0)?;
		match self.clip {
			Some(clip) => limits::within("clip", clip, 1e-9, 1e9),
			None => Ok(()),
		}
	}
}

impl Optimiser {
	fn check(&self) -> Result<()> {
		match *self {
			Self::Adamw { beta1, beta2, epsilon, decay } => {
				limits::within("beta1", beta1, 0.0, 0.999_999)?;
				limits::within("beta2", beta2, 0.0, 0.999_999)?;
				limits::within("epsilon", epsilon, 1e-30, 1.0)?;
				limits::within("decay", decay, 0.0, 100.0)
			}
			Self::Sgd { momentum, decay } => {
				limits::within("momentum", momentum, 0.0, 0.999_999)?;
				limits::within("decay", decay, 0.0, 100.0)
			}
		}
	}

	/// Prefixes in checkpoints of what is kept for each parameter: itself first.
	fn copies(&self) -> &'static [&'static str] {
		match self {
			Self::Adamw { .. } => &["", "adamw.mean.", "adamw.square."],
			Self::Sgd { .. } => &["", "sgd.momentum."],
		}
	}

	/// The state of a parameter after step number `step`, the first of which is zero.
	fn step(
		&self,
		ops: &dyn Ops,
		(step, rate): (u32, f64),
		has_decay: bool,
		state: &Tensor,
		gradient: &Tensor,
	) -> Result<Tensor> {
		let decay = |decay: f32| if has_decay { (rate * f64::from(decay)) as f32 } else { 0.0 };
		Ok(match *self {
			Self::Adamw { beta1, beta2, epsilon, decay: share } => {
				let exponent = f64::from(step) + 1.0;
				let correction = |beta: f32| match beta {
					0.0 => 1.0,
					beta => (1.0 - host::exp(exponent * host::ln(f64::from(beta)))) as f32,
				};
				let step = AdamW {
					rate: rate as f32,
					beta1,
					beta2,
					epsilon,
					decay: decay(share),
					correction1: correction(beta1),
					correction2: correction(beta2),
				};
				ops.adamw(step, state, gradient)?
			}
			Self::Sgd { momentum, decay: share } => {
				ops.sgd(Sgd { rate: rate as f32, momentum, decay: decay(share) }, state, gradient)?
			}
		})
	}
}

/// Random numbers from here on draw samples; those of parameters come later.
const SAMPLES: u64 = 1;

/// Training that is ready to run.
pub struct Training {
	train: Train,
	ops: Box<dyn Ops>,
	data: Vec<u8>,
	checkpoint: Option<Vec<u8>>,
	model: Box<dyn Trainable>,
	parameters: Vec<Parameter>,
}

impl Training {
	/// What the manifest says, before anything that it names is read.
	pub fn draft(train: &Train, ops: Box<dyn Ops>) -> Result<Self> {
		limits::within("steps", train.steps, 1, 1 << 30)?;
		limits::within("segment", train.segment, 1, train.steps)?;
		limits::within("batch", train.batch, 1, 1 << 16)?;
		train.optimiser.check()?;
		train.schedule.check()?;
		let model: Box<dyn Trainable> = match &train.model {
			Model::Mlp(mlp) => {
				mlp.check()?;
				Box::new(mlp.clone())
			}
			Model::Convolution(convolution) => {
				convolution.check()?;
				Box::new(convolution.clone())
			}
			Model::Decoder(text) => {
				text.shape.check()?;
				limits::within("positions", text.positions, 1, text.shape.context)?;
				ensure(text.tokens == Tokens::U32 || text.shape.vocabulary >= 256, "bytes need 256 tokens")?;
				Box::new(text.shape.clone())
			}
		};
		let parameters = model.parameters();
		parameters::check(&parameters)?;
		let training = Self { train: train.clone(), ops, data: Vec::new(), checkpoint: None, model, parameters };
		let (sample, count) = training.samples();
		ensure(count > 0, format_args!("the data have not one sample of {sample} bytes"))?;
		Ok(training)
	}

	pub fn new(train: &Train, store: &dyn Store, ops: Box<dyn Ops>) -> Result<Self> {
		let mut training = Self::draft(train, ops)?;
		limits::memory(training.memory()?)?;
		training.data = store.get(&train.data)?;
		training.check_data()?;
		if let Some(checkpoint) = &train.checkpoint {
			let bytes = store.get(checkpoint)?;
			let file = parameters::open(&bytes)?;
			training.parameters.iter().try_for_each(|parameter| parameters::read(&file, "", parameter).map(drop))?;
			drop(file);
			training.checkpoint = Some(bytes);
		}
		Ok(training)
	}

	pub fn shape(&self) -> Result<Shape> {
		Ok(Shape { leaves: self.most_leaves(), leaf: self.cost(0), memory_bytes: self.memory()? })
	}

	/// Bytes at the same time, roughly, and not too few: states twice, gradients, and what a step keeps.
	fn memory(&self) -> Result<u64> {
		let parameters: u64 = self.parameters.iter().map(|p| p.count() as u64).fold(0, u64::saturating_add);
		let samples = u64::from(self.train.batch);
		let kept = match &self.train.model {
			Model::Mlp(mlp) => mlp.kept(),
			Model::Convolution(convolution) => convolution.kept()?,
			Model::Decoder(text) => {
				let shape = &text.shape;
				let layer = u64::from(shape.width).saturating_mul(10).saturating_add(u64::from(shape.hidden) * 8);
				let all = layer.saturating_mul(shape.layers.into()).saturating_add(u64::from(shape.vocabulary) * 3);
				all.saturating_mul(text.positions.into())
			}
		};
		let copies = self.train.optimiser.copies().len() as u64;
		let states = parameters.saturating_mul(copies.saturating_mul(2).saturating_add(2));
		let numbers = states.saturating_add(kept.saturating_mul(samples));
		Ok(numbers.saturating_mul(4).saturating_add(self.train.data.bytes))
	}

	/// Bytes of a sample, and where one can begin.
	fn samples(&self) -> (u64, u64) {
		let bytes = self.train.data.bytes;
		match &self.train.model {
			Model::Mlp(_) | Model::Convolution(_) => {
				let shape = self.train.model.classes().map(|(shape, _)| shape).unwrap_or_default();
				let inputs = shape.iter().fold(1u64, |product, side| product.saturating_mul(*side as u64));
				let sample = inputs.saturating_add(1);
				(sample, bytes.checked_div(sample).unwrap_or_default())
			}
			Model::Decoder(text) => {
				let size = text.tokens.bytes();
				let positions = u64::from(text.positions).saturating_add(1);
				let tokens = bytes.checked_div(size).unwrap_or_default();
				(positions.saturating_mul(size), tokens.saturating_sub(positions.saturating_sub(1)))
			}
		}
	}

	/// Whether all classes and tokens are within the model.
	fn check_data(&self) -> Result<()> {
		let fits = match &self.train.model {
			Model::Mlp(_) | Model::Convolution(_) => {
				let classes = self.train.model.classes().map_or(0, |(_, classes)| classes);
				let mut samples = self.data.chunks_exact(self.samples().0 as usize);
				samples.all(|sample| sample.last().is_some_and(|class| u32::from(*class) < classes))
			}
			Model::Decoder(text) => {
				let vocabulary = text.shape.vocabulary;
				text.tokens == Tokens::Bytes
					|| self.data.as_chunks::<4>().0.iter().all(|token| u32::from_le_bytes(*token) < vocabulary)
			}
		};
		ensure(fits, "the data have classes or tokens beyond the model")
	}

	/// Inputs and targets of a step.
	fn batch(&self, step: u32) -> Result<(Tensor, Tensor)> {
		let random = Random::new(self.train.seed, SAMPLES);
		let (sample, count) = self.samples();
		let bound = u32::try_from(count).unwrap_or(u32::MAX);
		let first = u64::from(step).wrapping_mul(self.train.batch.into());
		let drawn = (first..).take(self.train.batch as usize).map(|place| u64::from(random.below(place, bound)));
		let lost = || Error::invalid("a sample beyond the data");
		let device = self.ops.device();
		let batch = self.train.batch as usize;
		match &self.train.model {
			Model::Mlp(_) | Model::Convolution(_) => {
				let (mut inputs, mut classes) = (Vec::new(), Vec::new());
				for index in drawn {
					let start = index.saturating_mul(sample) as usize;
					let bytes = self.data.get(start..).and_then(|data| data.get(..sample as usize)).ok_or_else(lost)?;
					let (class, pixels) = bytes.split_last().ok_or_else(lost)?;
					inputs.extend(pixels.iter().map(|pixel| f32::from(*pixel) / 255.0));
					classes.push(u32::from(*class));
				}
				let (mut shape, _) = self.train.model.classes().ok_or_else(lost)?;
				shape.insert(0, batch);
				let inputs = Tensor::from_vec(inputs, shape, device)?;
				Ok((inputs, Tensor::from_vec(classes, batch, device)?))
			}
			Model::Decoder(text) => {
				let (mut inputs, mut targets): (Vec<u32>, Vec<u32>) = (Vec::new(), Vec::new());
				for index in drawn {
					let start = index.saturating_mul(text.tokens.bytes()) as usize;
					let bytes = self.data.get(start..).and_then(|data| data.get(..sample as usize)).ok_or_else(lost)?;
					let tokens = text.tokens.read(bytes);
					inputs.extend(tokens.iter().take(text.positions as usize));
					targets.extend(tokens.iter().skip(1));
				}
				let shape = (batch, text.positions as usize);
				Ok((Tensor::from_vec(inputs, shape, device)?, Tensor::from_vec(targets, shape, device)?))
			}
		}
	}

	/// The state of each parameter: itself and what the optimiser keeps, `[copies, numbers]`.
	fn first_states(&self) -> Result<Vec<Tensor>> {
		let file = self.checkpoint.as_deref().map(parameters::open).transpose()?;
		let copies = self.train.optimiser.copies().len();
		let state = |(index, parameter): (usize, &Parameter)| {
			let mut values = match &file {
				Some(file) => parameters::read(file, "", parameter)?,
				None => parameter.first_values(self.train.seed, index)?,
			};
			let count = values.len();
			values.resize(count.saturating_mul(copies), 0.0);
			parameters::tensor(values, &[copies, count], self.ops.device())
		};
		self.parameters.iter().enumerate().map(state).collect()
	}

	fn read_states(&self, opening: &[u8]) -> Result<Vec<Tensor>> {
		let file = parameters::open(opening)?;
		let copies = self.train.optimiser.copies();
		let state = |parameter: &Parameter| {
			let mut values = Vec::new();
			for prefix in copies {
				values.extend(parameters::read(&file, prefix, parameter)?);
			}
			parameters::tensor(values, &[copies.len(), parameter.count()], self.ops.device())
		};
		self.parameters.iter().map(state).collect()
	}

	/// All copies of all parameters: one list for each copy.
	fn copies(&self, states: &[Tensor], most: usize) -> Result<Vec<Vec<Vec<f32>>>> {
		let copy = |copy: usize| states.iter().map(|state| Ok(state.get(copy)?.to_vec1()?)).collect();
		(0..self.train.optimiser.copies().len().min(most)).map(copy).collect()
	}

	fn file(&self, states: &[Tensor], most: usize) -> Result<Vec<u8>> {
		let copies = self.copies(states, most)?;
		let prefixes = self.train.optimiser.copies().iter();
		let named: Vec<_> = prefixes.zip(&copies).map(|(prefix, values)| (*prefix, values.as_slice())).collect();
		parameters::write(&self.parameters, &named)
	}

	/// One step: the new states and the loss.
	fn step(&self, step: u32, states: &[Tensor]) -> Result<(Vec<Tensor>, f32)> {
		let ops = self.ops.as_ref();
		let (inputs, targets) = self.batch(step)?;
		let values = states.iter().zip(&self.parameters).map(|(state, parameter)| {
			let value = state.narrow(0, 0, 1)?.reshape(parameter.shape())?;
			Ok(value)
		});
		let values = values.collect::<Result<Vec<_>>>()?;
		let (losses, gradients) = self.model.losses_and_gradients(ops, &values, &inputs, &targets)?;
		let loss = ops.sum_all(Reduction::Sum, &losses)? / losses.elem_count() as f32;
		let scale = match self.train.schedule.clip {
			Some(clip) => {
				let mut total = 0.0;
				for gradient in &gradients {
					total += ops.sum_all(Reduction::SumOfSquares, gradient)?;
				}
				let length = total.sqrt();
				(length > clip).then(|| clip / length)
			}
			None => None,
		};
		let rate = self.train.schedule.rate(step, self.train.steps);
		let next = states.iter().zip(&self.parameters).zip(gradients).map(|((state, parameter), gradient)| {
			let mut gradient = gradient.flatten_all()?;
			if let Some(scale) = scale {
				gradient = gradient.broadcast_mul(&Tensor::new(scale, gradient.device())?)?;
			}
			let has_decay = !parameter.row.is_empty();
			self.train.optimiser.step(ops, (step, rate), has_decay, state, &gradient)
		});
		Ok((next.collect::<Result<_>>()?, loss))
	}

	/// The steps of a leaf.
	fn segment(&self, leaf: u32) -> Result<std::ops::Range<u32>> {
		let first = leaf.checked_mul(self.train.segment).filter(|first| *first < self.train.steps);
		let first = first.ok_or_else(|| Error::invalid("no such leaf"))?;
		Ok(first..first.saturating_add(self.train.segment).min(self.train.steps))
	}

	fn run_segment(&self, leaf: u32, mut states: Vec<Tensor>) -> Result<(Piece, Vec<Tensor>)> {
		let steps = self.segment(leaf)?;
		let is_last = steps.end == self.train.steps;
		let mut losses = Vec::new();
		for step in steps {
			let (next, loss) = self.step(step, &states)?;
			states = next;
			losses.push(loss);
		}
		let output = if is_last { self.file(&states, 1)? } else { Vec::new() };
		let carry = self.file(&states, usize::MAX)?;
		let trace = canonical_bytes(&losses);
		let note = Note { losses, text: String::new() };
		Ok((Piece { output, carry, trace, is_last, note }, states))
	}
}

impl Tokens {
	fn bytes(self) -> u64 {
		match self {
			Self::Bytes => 1,
			Self::U32 => 4,
		}
	}

	fn read(self, bytes: &[u8]) -> Vec<u32> {
		match self {
			Self::Bytes => bytes.iter().map(|byte| u32::from(*byte)).collect(),
			Self::U32 => bytes.as_chunks::<4>().0.iter().map(|token| u32::from_le_bytes(*token)).collect(),
		}
	}
}

impl Workload for Training {
	fn most_leaves(&self) -> u32 {
		self.train.steps.div_ceil(self.train.segment)
	}

	fn cost(&self, _: u32) -> LeafCost {
		let layers;
		let (network, sample_bytes) = match &self.train.model {
			Model::Mlp(mlp) => {
				layers = mlp.layers();
				(Network::Layers(&layers), mlp.inputs.saturating_add(1))
			}
			Model::Convolution(convolution) => {
				// `new` has found that the layers fit.
				layers = convolution.layers().unwrap_or_default();
				(Network::Layers(&layers), u32::try_from(self.samples().0).unwrap_or(u32::MAX))
			}
			Model::Decoder(text) => {
				let bytes = (text.positions.saturating_add(1)).saturating_mul(text.tokens.bytes() as u32);
				(Network::Transformer { shape: text.shape.transformer(), tokens: text.positions }, bytes)
			}
		};
		Leaf::Training {
			network,
			steps: self.train.segment,
			batch: self.train.batch,
			sample_bytes,
			optimiser_numbers: self.train.optimiser.copies().len().saturating_sub(1) as u32,
		}
		.cost()
	}

	fn recompute(&self, leaf: u32, opening: &[u8], _: Option<&[u8]>) -> Result<Piece> {
		let states = if leaf == 0 { self.first_states()? } else { self.read_states(opening)? };
		Ok(self.run_segment(leaf, states)?.0)
	}

	fn start<'a>(&'a self, leaf: u32, _: u32, opening: &[u8]) -> Result<Box<dyn Run + 'a>> {
		Ok(FromOpenings::boxed(self, leaf, opening))
	}
}
