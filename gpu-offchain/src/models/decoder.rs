//! Decoders of the Llama family: rotary positions, RMS norms, gated feed-forward parts, grouped heads. With 256 tokens,
//! one for each byte, it is the small model that jobs train from nothing; a trained one is served as any other.

use super::{
	parameters::{read, tensor, Init, Parameter},
	Trainable,
};
use crate::{
	error::{ensure, Error, Result},
	kernels::math::host,
	limits,
	ops::{AttentionShape, Norm, Ops, Segment, Unary, Weights},
};
use candle_core::{Device, Tensor};
use ogpu_protocol::cost::Transformer;
use safetensors::SafeTensors;
use serde::{Deserialize, Serialize};

/// Shape of the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decoder {
	pub vocabulary: u32,
	pub width: u32,
	pub layers: u32,
	pub heads: u32,
	/// Heads of keys and values.
	pub key_heads: u32,
	/// Inside of a feed-forward part.
	pub hidden: u32,
	/// The most positions.
	pub context: u32,
	/// The base of the rotary angles.
	pub rope_base: f64,
	pub norm_epsilon: f32,
	/// The output uses the matrix of the input.
	pub is_tied: bool,
}

impl Decoder {
	pub fn check(&self) -> Result<()> {
		limits::within("vocabulary", self.vocabulary, 2, 1 << 20)?;
		limits::within("width", self.width, 2, 1 << 16)?;
		limits::within("layers", self.layers, 1, 512)?;
		limits::within("heads", self.heads, 1, self.width)?;
		limits::within("key_heads", self.key_heads, 1, self.heads)?;
		limits::within("hidden", self.hidden, 1, 1 << 18)?;
		limits::within("context", self.context, 2, 1 << 17)?;
		limits::within("rope_base", self.rope_base, 1.0, 1e9)?;
		limits::within("norm_epsilon", self.norm_epsilon, 1e-12, 1.0)?;
		ensure(self.width.checked_rem(self.heads) == Some(0), "heads must divide width")?;
		ensure(self.heads.checked_rem(self.key_heads) == Some(0), "key_heads must divide heads")?;
		ensure(self.head_width().checked_rem(2) == Some(0), "the width of a head must be even")
	}

	fn head_width(&self) -> u32 {
		self.width.checked_div(self.heads).unwrap_or_default()
	}

	/// For the cost model.
	pub fn transformer(&self) -> Transformer {
		Transformer {
			layers: self.layers,
			width: self.width,
			heads: self.heads,
			key_heads: self.key_heads,
			head_width: self.head_width(),
			hidden: self.hidden,
			hidden_matrices: 3,
			experts: 1,
			experts_used: 1,
			outputs: self.vocabulary,
		}
	}

	fn norm(&self) -> Norm {
		Norm { has_mean: false, epsilon: self.norm_epsilon }
	}

	fn attention(&self, segments: Vec<Segment>) -> AttentionShape {
		let head_width = self.head_width() as usize;
		AttentionShape {
			heads: self.heads as usize,
			key_heads: self.key_heads as usize,
			head_width,
			is_causal: true,
			scale: 1.0 / (head_width as f32).sqrt(),
			segments,
		}
	}

	fn rotated(&self) -> usize {
		self.heads.saturating_add(self.key_heads) as usize
	}

	/// Cosines and sines of positions: from fp64 on the host, rounded once.
	fn angles(&self, positions: impl Iterator<Item = u32>, device: &Device) -> Result<Tensor> {
		let head_width = self.head_width();
		let half = head_width / 2;
		let base = host::ln(self.rope_base);
		let speeds: Vec<f64> =
			(0..half).map(|pair| host::exp(-base * f64::from(pair) * 2.0 / f64::from(head_width))).collect();
		let mut values = Vec::new();
		for position in positions {
			let turns: Vec<_> = speeds.iter().map(|speed| host::sin_cos(f64::from(position) * speed)).collect();
			values.extend(turns.iter().map(|(_, cosine)| *cosine as f32));
			values.extend(turns.iter().map(|(sine, _)| *sine as f32));
		}
		let rows = values.len().checked_div(head_width as usize).unwrap_or_default();
		tensor(values, &[rows, head_width as usize], device)
	}
}

/// How many parameters a layer has.
const OF_LAYER: usize = 6;

/// The parameters of a layer.
#[derive(Clone, Copy)]
struct Layer<'a> {
	attention_norm: &'a Tensor,
	qkv: &'a Tensor,
	out: &'a Tensor,
	hidden_norm: &'a Tensor,
	gate_up: &'a Tensor,
	down: &'a Tensor,
}

struct Split<'a> {
	embedding: &'a Tensor,
	layers: Vec<Layer<'a>>,
	norm: &'a Tensor,
	/// Also where it is the embedding.
	head: &'a Tensor,
}

impl Decoder {
	fn split<'a>(&self, parameters: &'a [Tensor]) -> Result<Split<'a>> {
		let lost = || Error::invalid("parameters do not fit the model");
		let (embedding, rest) = parameters.split_first().ok_or_else(lost)?;
		let of_layers = (self.layers as usize).checked_mul(OF_LAYER).ok_or_else(lost)?;
		let (layers, rest) = rest.split_at_checked(of_layers).ok_or_else(lost)?;
		let (layers, _) = layers.as_chunks::<OF_LAYER>();
		let layers = layers
			.iter()
			.map(|[attention_norm, qkv, out, hidden_norm, gate_up, down]| Layer {
				attention_norm,
				qkv,
				out,
				hidden_norm,
				gate_up,
				down,
			})
			.collect();
		match rest {
			[norm] if self.is_tied => Ok(Split { embedding, layers, norm, head: embedding }),
			[norm, head] if !self.is_tied => Ok(Split { embedding, layers, norm, head }),
			_ => Err(lost()),
		}
	}
}

/// What a layer keeps for its gradients.
struct Kept {
	x: Tensor,
	attention_in: Tensor,
	qkv: Tensor,
	attention_out: Tensor,
	middle: Tensor,
	hidden_in: Tensor,
	gate: Tensor,
	up: Tensor,
	hidden: Tensor,
}

/// The two halves of each row.
fn halves(x: &Tensor, width: usize) -> Result<(Tensor, Tensor)> {
	Ok((x.narrow(1, 0, width)?.contiguous()?, x.narrow(1, width, width)?.contiguous()?))
}

impl Trainable for Decoder {
	fn parameters(&self) -> Vec<Parameter> {
		let side = |value: u32| value as usize;
		let (width, hidden) = (side(self.width), side(self.hidden));
		let key_width = side(self.key_heads.saturating_mul(self.head_width()));
		let normal = Init::Normal(0.02);
		// What is added to the stream of a position, twice in each layer, is smaller, so that the sum keeps its size.
		let added = Init::Normal(0.02 / (2.0 * self.layers as f32).sqrt());
		let mut all = vec![Parameter::new("model.embed_tokens.weight", &[side(self.vocabulary), width], normal)];
		for layer in 0..self.layers {
			let name = |name: &str| format!("model.layers.{layer}.{name}.weight");
			let qkv = vec![
				(name("self_attn.q_proj"), width),
				(name("self_attn.k_proj"), key_width),
				(name("self_attn.v_proj"), key_width),
			];
			let gate_up = vec![(name("mlp.gate_proj"), hidden), (name("mlp.up_proj"), hidden)];
			all.extend([
				Parameter::new(name("input_layernorm"), &[width], Init::Ones),
				Parameter::stacked(qkv, width, normal),
				Parameter::new(name("self_attn.o_proj"), &[width, width], added),
				Parameter::new(name("post_attention_layernorm"), &[width], Init::Ones),
				Parameter::stacked(gate_up, width, normal),
				Parameter::new(name("mlp.down_proj"), &[width, hidden], added),
			]);
		}
		all.push(Parameter::new("model.norm.weight", &[width], Init::Ones));
		if !self.is_tied {
			all.push(Parameter::new("lm_head.weight", &[side(self.vocabulary), width], normal));
		}
		all
	}

	/// Inputs and targets are `[texts, positions]`.
	fn losses_and_gradients(
		&self,
		ops: &dyn Ops,
		parameters: &[Tensor],
		inputs: &Tensor,
		targets: &Tensor,
	) -> Result<(Tensor, Vec<Tensor>)> {
		let model = self.split(parameters)?;
		let (texts, positions) = inputs.dims2()?;
		let segments = (0..texts)
			.map(|text| [text.saturating_mul(positions), positions])
			.map(|range| Segment { queries: range, keys: range })
			.collect();
		let attention = self.attention(segments);
		let angles = self.angles((0..texts).flat_map(|_| 0..positions as u32), ops.device())?;
		let (norm, hidden) = (self.norm(), self.hidden as usize);
		let ids = inputs.flatten_all()?;

		let mut x = ops.embedding(model.embedding, &ids)?;
		let mut kept = Vec::new();
		for layer in &model.layers {
			let attention_in = ops.norm(norm, &x, layer.attention_norm, None)?;
			let qkv = ops.linear(&attention_in, layer.qkv, None)?;
			let qkv = ops.rope(&qkv, &angles, self.rotated(), false)?;
			let attention_out = ops.attention_of_rows(&attention, &qkv)?;
			let middle = x.add(&ops.linear(&attention_out, layer.out, None)?)?;
			let hidden_in = ops.norm(norm, &middle, layer.hidden_norm, None)?;
			let (gate, up) = halves(&ops.linear(&hidden_in, layer.gate_up, None)?, hidden)?;
			let hidden = ops.unary(Unary::Silu, &gate)?.mul(&up)?;
			let after = middle.add(&ops.linear(&hidden, layer.down, None)?)?;
			kept.push(Kept { x, attention_in, qkv, attention_out, middle, hidden_in, gate, up, hidden });
			x = after;
		}
		let last = ops.norm(norm, &x, model.norm, None)?;
		let logits = ops.linear(&last, model.head, None)?;
		let targets = targets.flatten_all()?;
		let losses = ops.cross_entropy(&logits, &targets)?;

		let slope = ops.cross_entropy_grad(&logits, &targets, 1.0 / targets.elem_count() as f32)?;
		let head = ops.matmul(&slope.t()?, &last)?;
		let slope = ops.matmul(&slope, model.head)?;
		// From the last parameter to the first.
		let mut gradients = vec![ops.norm_gain_grad(norm, &x, &slope)?];
		let mut slope = ops.norm_grad(norm, &x, model.norm, &slope)?;
		for (layer, kept) in model.layers.iter().zip(kept).rev() {
			gradients.push(ops.matmul(&slope.t()?, &kept.hidden)?);
			let through = ops.matmul(&slope, layer.down)?;
			let up = ops.unary(Unary::Silu, &kept.gate)?.mul(&through)?;
			let gate = ops.unary_grad(Unary::Silu, &kept.gate, &through.mul(&kept.up)?)?;
			let gate_up = Tensor::cat(&[&gate, &up], 1)?;
			gradients.push(ops.matmul(&gate_up.t()?, &kept.hidden_in)?);
			let through = ops.matmul(&gate_up, layer.gate_up)?;
			gradients.push(ops.norm_gain_grad(norm, &kept.middle, &through)?);
			slope = slope.add(&ops.norm_grad(norm, &kept.middle, layer.hidden_norm, &through)?)?;

			gradients.push(ops.matmul(&slope.t()?, &kept.attention_out)?);
			let through = ops.matmul(&slope, layer.out)?;
			let qkv = ops.attention_of_rows_grad(&attention, &kept.qkv, &through)?;
			let qkv = ops.rope(&qkv, &angles, self.rotated(), true)?;
			gradients.push(ops.matmul(&qkv.t()?, &kept.attention_in)?);
			let through = ops.matmul(&qkv, layer.qkv)?;
			gradients.push(ops.norm_gain_grad(norm, &kept.x, &through)?);
			slope = slope.add(&ops.norm_grad(norm, &kept.x, layer.attention_norm, &through)?)?;
		}
		let embedding = ops.embedding_grad(self.vocabulary as usize, &ids, &slope)?;
		gradients.push(if self.is_tied { embedding.add(&head)? } else { embedding });
		gradients.reverse();
		if !self.is_tied {
			gradients.push(head);
		}
		Ok((losses, gradients))
	}
}

struct ServedLayer {
	attention_norm: Tensor,
	qkv: Weights,
	out: Weights,
	hidden_norm: Tensor,
	gate_up: Weights,
	down: Weights,
}

/// A decoder that is ready to answer.
pub struct Served {
	pub shape: Decoder,
	/// `None` where it is the head.
	embedding: Option<Tensor>,
	layers: Vec<ServedLayer>,
	norm: Tensor,
	head: Weights,
}

/// Keys and values of the positions so far, for each layer: rows with room.
pub struct Cache {
	layers: Vec<[Tensor; 2]>,
	length: usize,
	room: usize,
}

impl Cache {
	/// Forgets all positions from this one on.
	pub fn truncate(&mut self, length: usize) {
		self.length = self.length.min(length);
	}
}

impl Served {
	/// Out of a checkpoint with the names that the Llama family uses.
	pub fn read(shape: &Decoder, file: &SafeTensors<'_>, ops: &dyn Ops) -> Result<Self> {
		let lost = || Error::invalid("parameters do not fit the model");
		let mut all = shape.parameters().into_iter();
		let mut next = || {
			let parameter = all.next().ok_or_else(lost)?;
			tensor(read(file, "", &parameter)?, &parameter.shape(), ops.device())
		};
		let embedding = next()?;
		let mut layers = Vec::new();
		for _ in 0..shape.layers {
			layers.push(ServedLayer {
				attention_norm: next()?,
				qkv: ops.weights(&next()?)?,
				out: ops.weights(&next()?)?,
				hidden_norm: next()?,
				gate_up: ops.weights(&next()?)?,
				down: ops.weights(&next()?)?,
			});
		}
		let norm = next()?;
		let (embedding, head) = match shape.is_tied {
			true => (None, ops.weights(&embedding)?),
			false => (Some(embedding), ops.weights(&next()?)?),
		};
		ensure(all.next().is_none(), "parameters do not fit the model")?;
		Ok(Self { shape: shape.clone(), embedding, layers, norm, head })
	}

	/// With room for so many positions.
	pub fn cache(&self, room: usize) -> Cache {
		Cache { layers: Vec::new(), length: 0, room: room.min(self.shape.context as usize) }
	}

	/// What one position of a text takes in its cache.
	pub fn cached_numbers(&self) -> usize {
		self.key_width().saturating_mul(2).saturating_mul(self.layers.len())
	}

	fn key_width(&self) -> usize {
		self.shape.key_heads.saturating_mul(self.shape.head_width()) as usize
	}

	/// Reads tokens of one or more texts, after those in their caches. Returns what the last `wanted` positions of each
	/// say, one text after the other: the numbers before the output matrix. The same for a text in any company.
	pub fn read_tokens(&self, ops: &dyn Ops, texts: &mut [(&mut Cache, &[u32])], wanted: usize) -> Result<Tensor> {
		let last = self.shape.layers.saturating_sub(1) as usize;
		let (norm, hidden) = (self.shape.norm(), self.shape.hidden as usize);
		let (width, key_width) = (self.shape.width as usize, self.key_width());
		let (mut tokens, mut positions): (Vec<u32>, Vec<u32>) = (Vec::new(), Vec::new());
		for (cache, unread) in texts.iter() {
			let length = cache.length.saturating_add(unread.len());
			ensure(length <= cache.room, "a text longer than it may be")?;
			ensure((1..=unread.len()).contains(&wanted), "more positions than are read")?;
			tokens.extend(*unread);
			positions.extend(cache.length as u32..length as u32);
		}
		let angles = self.shape.angles(positions.into_iter(), ops.device())?;

		let ids = Tensor::new(tokens, ops.device())?;
		let mut x = match &self.embedding {
			Some(embedding) => ops.embedding(embedding, &ids)?,
			None => ops.rows_of(&self.head, &ids)?,
		};
		for (index, layer) in self.layers.iter().enumerate() {
			let qkv = ops.through(&ops.norm(norm, &x, &layer.attention_norm, None)?, &layer.qkv)?;
			let qkv = ops.rope(&qkv, &angles, self.shape.rotated(), false)?;
			let (mut kept, mut attended) = (Vec::new(), Vec::new());
			let mut first = 0usize;
			for (cache, unread) in texts.iter_mut() {
				let (count, length) = (unread.len(), cache.length.saturating_add(unread.len()));
				let rows = qkv.narrow(0, first, count)?;
				let k = rows.narrow(1, width, key_width)?.contiguous()?;
				let v = rows.narrow(1, width.saturating_add(key_width), key_width)?.contiguous()?;
				if cache.layers.len() <= index {
					let room = (cache.room, key_width);
					let empty = || Tensor::zeros(room, x.dtype(), x.device());
					cache.layers.push([empty()?, empty()?]);
				}
				let [keys, values] = cache.layers.get(index).ok_or_else(|| Error::invalid("a lost cache"))?;
				keys.slice_set(&k, 0, cache.length)?;
				values.slice_set(&v, 0, cache.length)?;
				let (keys, values) = (keys.narrow(0, 0, length)?, values.narrow(0, 0, length)?);
				// In the last layer, nobody looks at positions that are not wanted.
				let looks = if index == last { wanted } else { count };
				let before = count.saturating_sub(looks);
				let q = rows.narrow(0, before, looks)?.narrow(1, 0, width)?.contiguous()?;
				let attention = self.shape.attention(vec![Segment { queries: [0, looks], keys: [0, length] }]);
				attended.push(ops.attention(&attention, &q, &keys, &values)?);
				kept.push(x.narrow(0, first.saturating_add(before), looks)?);
				first = first.saturating_add(count);
			}
			x = Tensor::cat(&kept, 0)?.add(&ops.through(&Tensor::cat(&attended, 0)?, &layer.out)?)?;
			let gate_up = ops.through(&ops.norm(norm, &x, &layer.hidden_norm, None)?, &layer.gate_up)?;
			let (gate, up) = halves(&gate_up, hidden)?;
			x = x.add(&ops.through(&ops.unary(Unary::Silu, &gate)?.mul(&up)?, &layer.down)?)?;
		}
		for (cache, unread) in texts {
			cache.length = cache.length.saturating_add(unread.len());
		}
		Ok(ops.norm(norm, &x, &self.norm, None)?)
	}

	/// The logits of rows that [`read_tokens`](Self::read_tokens) returned.
	pub fn logits(&self, ops: &dyn Ops, rows: &Tensor) -> Result<Tensor> {
		Ok(ops.through(rows, &self.head)?)
	}
}
