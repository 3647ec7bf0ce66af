//! Encoders of the BERT family: each position looks at all of its text. Texts stand one after the other, without
//! padding, so a text has the same bits in any company.

use super::parameters::{numbers, tensor, Init, Parameter};
use crate::{
	error::{ensure, Result},
	limits,
	ops::{AttentionShape, Norm, Ops, Reduction, Segment, Unary, Weights},
};
use candle_core::Tensor;
use ogpu_protocol::cost::Transformer;
use safetensors::SafeTensors;
use serde::{Deserialize, Serialize};

/// Shape of the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bert {
	pub vocabulary: u32,
	pub width: u32,
	pub layers: u32,
	pub heads: u32,
	/// Inside of a feed-forward part.
	pub hidden: u32,
	/// The most positions.
	pub context: u32,
	/// Kinds of tokens; all are of the first.
	pub kinds: u32,
	pub norm_epsilon: f32,
}

impl Bert {
	pub fn check(&self) -> Result<()> {
		limits::within("vocabulary", self.vocabulary, 2, 1 << 20)?;
		limits::within("width", self.width, 1, 1 << 16)?;
		limits::within("layers", self.layers, 1, 512)?;
		limits::within("heads", self.heads, 1, self.width)?;
		limits::within("hidden", self.hidden, 1, 1 << 18)?;
		limits::within("context", self.context, 1, 1 << 16)?;
		limits::within("kinds", self.kinds, 1, 16)?;
		limits::within("norm_epsilon", self.norm_epsilon, 1e-13, 1.0)?;
		ensure(self.width.checked_rem(self.heads) == Some(0), "heads must divide width")?;
		limits::within(
			"parameters",
			u64::try_from(self.transformer().parameters()).unwrap_or(u64::MAX),
			1,
			limits::PARAMETERS,
		)
	}

	/// For the cost model.
	pub fn transformer(&self) -> Transformer {
		Transformer {
			layers: self.layers,
			width: self.width,
			heads: self.heads,
			key_heads: self.heads,
			head_width: self.width.checked_div(self.heads).unwrap_or_default(),
			hidden: self.hidden,
			hidden_matrices: 2,
			experts: 1,
			experts_used: 1,
			outputs: self.vocabulary,
		}
	}
}

impl Bert {
	/// All parameters, as files name them.
	pub fn parameters(&self) -> Vec<Parameter> {
		let (width, hidden) = (self.width as usize, self.hidden as usize);
		let normal = Init::Normal(0.02);
		let table = |name: &str, rows: u32| {
			Parameter::new(format!("embeddings.{name}_embeddings.weight"), &[rows as usize, width], normal)
		};
		let dense = |name: String, outputs: usize, inputs: usize| {
			[
				Parameter::new(format!("{name}.weight"), &[outputs, inputs], normal),
				Parameter::new(format!("{name}.bias"), &[outputs], Init::Zeros),
			]
		};
		let norm = |name: String| {
			[
				Parameter::new(format!("{name}.weight"), &[width], Init::Ones),
				Parameter::new(format!("{name}.bias"), &[width], Init::Zeros),
			]
		};
		let mut all =
			vec![table("word", self.vocabulary), table("position", self.context), table("token_type", self.kinds)];
		all.extend(norm("embeddings.LayerNorm".into()));
		for layer in 0..self.layers {
			let name = |name: &str| format!("encoder.layer.{layer}.{name}");
			for part in ["query", "key", "value"] {
				all.extend(dense(name(&format!("attention.self.{part}")), width, width));
			}
			all.extend(dense(name("attention.output.dense"), width, width));
			all.extend(norm(name("attention.output.LayerNorm")));
			all.extend(dense(name("intermediate.dense"), hidden, width));
			all.extend(dense(name("output.dense"), width, hidden));
			all.extend(norm(name("output.LayerNorm")));
		}
		all
	}
}

/// A matrix, and what is added.
struct Dense {
	weight: Weights,
	bias: Tensor,
}

struct NormPart {
	gain: Tensor,
	bias: Tensor,
}

struct Layer {
	qkv: Dense,
	out: Dense,
	out_norm: NormPart,
	up: Dense,
	down: Dense,
	down_norm: NormPart,
}

/// An encoder that is ready.
pub struct Encoder {
	shape: Bert,
	tokens: Tensor,
	/// Of positions, with the first kind of tokens added.
	positions: Tensor,
	norm: NormPart,
	layers: Vec<Layer>,
}

struct Reader<'a>(&'a SafeTensors<'a>, &'a dyn Ops);

impl Reader<'_> {
	fn tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor> {
		tensor(numbers(self.0, name, shape)?, shape, self.1.device())
	}

	/// Several matrices with the same input as one.
	fn dense(&self, names: &[String], outputs: usize, inputs: usize) -> Result<Dense> {
		let weights = names
			.iter()
			.map(|name| self.tensor(&format!("{name}.weight"), &[outputs, inputs]))
			.collect::<Result<Vec<_>>>()?;
		let biases =
			names.iter().map(|name| self.tensor(&format!("{name}.bias"), &[outputs])).collect::<Result<Vec<_>>>()?;
		Ok(Dense { weight: self.1.weights(&Tensor::cat(&weights, 0)?)?, bias: Tensor::cat(&biases, 0)? })
	}

	fn norm(&self, name: &str, width: usize) -> Result<NormPart> {
		Ok(NormPart {
			gain: self.tensor(&format!("{name}.weight"), &[width])?,
			bias: self.tensor(&format!("{name}.bias"), &[width])?,
		})
	}
}

impl Dense {
	fn apply(&self, ops: &dyn Ops, x: &Tensor) -> Result<Tensor> {
		Ok(ops.through(x, &self.weight)?.broadcast_add(&self.bias)?)
	}
}

impl Encoder {
	/// Out of a checkpoint with the names that BERT uses, with or without a prefix.
	pub fn read(shape: &Bert, file: &SafeTensors<'_>, ops: &dyn Ops) -> Result<Self> {
		let reader = Reader(file, ops);
		let (width, hidden) = (shape.width as usize, shape.hidden as usize);
		let plain = "embeddings.word_embeddings.weight";
		let prefix = if file.names().into_iter().any(|name| name == plain) { "" } else { "bert." };
		let name = |name: &str| format!("{prefix}{name}");
		let kinds = reader.tensor(&name("embeddings.token_type_embeddings.weight"), &[shape.kinds as usize, width])?;
		let positions =
			reader.tensor(&name("embeddings.position_embeddings.weight"), &[shape.context as usize, width])?;
		let layer = |index: u32| {
			let name = |name: &str| format!("{prefix}encoder.layer.{index}.{name}");
			let qkv = ["query", "key", "value"].map(|part| name(&format!("attention.self.{part}")));
			Ok(Layer {
				qkv: reader.dense(&qkv, width, width)?,
				out: reader.dense(&[name("attention.output.dense")], width, width)?,
				out_norm: reader.norm(&name("attention.output.LayerNorm"), width)?,
				up: reader.dense(&[name("intermediate.dense")], hidden, width)?,
				down: reader.dense(&[name("output.dense")], width, hidden)?,
				down_norm: reader.norm(&name("output.LayerNorm"), width)?,
			})
		};
		Ok(Self {
			shape: shape.clone(),
			tokens: reader.tensor(&name("embeddings.word_embeddings.weight"), &[shape.vocabulary as usize, width])?,
			positions: positions.broadcast_add(&kinds.get(0)?)?,
			norm: reader.norm(&name("embeddings.LayerNorm"), width)?,
			layers: (0..shape.layers).map(layer).collect::<Result<_>>()?,
		})
	}

	fn normed(&self, ops: &dyn Ops, x: &Tensor, part: &NormPart) -> Result<Tensor> {
		let norm = Norm { has_mean: true, epsilon: self.shape.norm_epsilon };
		Ok(ops.norm(norm, x, &part.gain, Some(&part.bias))?)
	}

	/// Each text as one row of length one: the mean of its positions.
	pub fn embed(&self, ops: &dyn Ops, texts: &[Vec<u32>]) -> Result<Tensor> {
		let mut segments = Vec::new();
		let (mut tokens, mut places): (Vec<u32>, Vec<u32>) = (Vec::new(), Vec::new());
		for text in texts {
			limits::within("tokens of a text", text.len(), 1, self.shape.context as usize)?;
			let range = [tokens.len(), text.len()];
			segments.push(Segment { queries: range, keys: range });
			tokens.extend(text);
			places.extend((0u32..).take(text.len()));
		}
		let head_width = (self.shape.width as usize).checked_div(self.shape.heads as usize).unwrap_or_default();
		let heads = self.shape.heads as usize;
		let scale = 1.0 / (head_width as f32).sqrt();
		let attention = AttentionShape { heads, key_heads: heads, head_width, is_causal: false, scale, segments };
		let device = ops.device();
		let positions = ops.embedding(&self.positions, &Tensor::new(places, device)?)?;
		let x = ops.embedding(&self.tokens, &Tensor::new(tokens, device)?)?.add(&positions)?;
		let mut x = self.normed(ops, &x, &self.norm)?;
		for layer in &self.layers {
			let qkv = layer.qkv.apply(ops, &x)?;
			let attended = layer.out.apply(ops, &ops.attention_of_rows(&attention, &qkv)?)?;
			x = self.normed(ops, &x.add(&attended)?, &layer.out_norm)?;
			let hidden = ops.unary(Unary::Gelu, &layer.up.apply(ops, &x)?)?;
			x = self.normed(ops, &x.add(&layer.down.apply(ops, &hidden)?)?, &layer.down_norm)?;
		}
		let mut rows = Vec::new();
		for segment in &attention.segments {
			let [first, count] = segment.queries;
			let sum = ops.sum_rows(&x.narrow(0, first, count)?.contiguous()?)?;
			let mean = sum.broadcast_div(&Tensor::new(count as f32, device)?)?;
			let length = ops.reduce(Reduction::SumOfSquares, &mean)?.sqrt()?;
			rows.push(mean.broadcast_div(&length)?);
		}
		Ok(Tensor::stack(&rows, 0)?)
	}
}
