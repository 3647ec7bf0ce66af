//! The kernel set `fast`: plain candle.

#![allow(clippy::arithmetic_side_effects, reason = "of tensors: what goes wrong is returned as an error")]

use super::{AdamW, AttentionShape, Norm, Ops, Reduction, Segment, Sgd, Unary};
use candle_core::{bail, DType, Device, Result, Tensor, Var, D};
use candle_nn::ops::{layer_norm, rms_norm, sigmoid, softmax_last_dim};

/// Plain candle: its bits depend on the device, its version and the number of threads.
#[derive(Clone, Debug)]
pub struct Fast {
	device: Device,
}

impl Default for Fast {
	fn default() -> Self {
		Self::on(&Device::Cpu)
	}
}

impl Fast {
	pub fn on(device: &Device) -> Self {
		Self { device: device.clone() }
	}
}

/// The gradient that candle finds itself.
fn through(x: &Tensor, dy: &Tensor, f: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Tensor> {
	let x = Var::from_tensor(x)?;
	let gradients = f(&x)?.mul(dy)?.sum_all()?.backward()?;
	match gradients.get(&x) {
		Some(gradient) => Ok(gradient.clone()),
		None => bail!("no gradient"),
	}
}

/// `[positions, heads · width]` of a segment as `[heads, positions, width]`.
fn heads(x: &Tensor, [first, count]: [usize; 2], heads: usize) -> Result<Tensor> {
	let x = x.narrow(0, first, count)?;
	x.reshape((count, heads, ()))?.transpose(0, 1)?.contiguous()
}

/// Heads of keys or values, each as often as heads of queries share it.
fn repeated(x: &Tensor, times: usize) -> Result<Tensor> {
	if times == 1 {
		return Ok(x.clone());
	}
	let (heads, positions, width) = x.dims3()?;
	x.unsqueeze(1)?.expand((heads, times, positions, width))?.reshape(((), positions, width))
}

/// Queries, keys, values and the shares that queries give.
fn shares(shape: &AttentionShape, segment: &Segment, qkv: [&Tensor; 3]) -> Result<[Tensor; 4]> {
	let group = shape.heads.checked_div(shape.key_heads).unwrap_or(1);
	let q = heads(qkv[0], segment.queries, shape.heads)?;
	let k = repeated(&heads(qkv[1], segment.keys, shape.key_heads)?, group)?;
	let v = repeated(&heads(qkv[2], segment.keys, shape.key_heads)?, group)?;
	let mut scores = (q.matmul(&k.t()?)? * f64::from(shape.scale))?;
	let [queries, keys] = [segment.queries[1], segment.keys[1]];
	if shape.is_causal && queries > 1 {
		let before = keys.saturating_sub(queries);
		let mask: Vec<f32> = (0..queries)
			.flat_map(|query| {
				(0..keys).map(move |key| if key <= query.saturating_add(before) { 0.0 } else { f32::NEG_INFINITY })
			})
			.collect();
		scores = scores.broadcast_add(&Tensor::from_vec(mask, (queries, keys), q.device())?)?;
	}
	Ok([q, k, v, softmax_last_dim(&scores)?])
}

/// Back to rows.
fn to_rows(x: &Tensor) -> Result<Tensor> {
	let (_, positions, _) = x.dims3()?;
	x.transpose(0, 1)?.reshape((positions, ()))
}

/// Onto heads that were repeated.
fn gathered(x: &Tensor, key_heads: usize) -> Result<Tensor> {
	let (_, positions, width) = x.dims3()?;
	x.reshape((key_heads, (), positions, width))?.sum(1)
}

fn split(shape: &AttentionShape, qkv: &Tensor) -> Result<[Tensor; 3]> {
	let queries = shape.heads.saturating_mul(shape.head_width);
	let keys = shape.key_heads.saturating_mul(shape.head_width);
	Ok([qkv.narrow(1, 0, queries)?, qkv.narrow(1, queries, keys)?, qkv.narrow(1, queries.saturating_add(keys), keys)?])
}

/// A row without its mean, and divided by its size.
fn normed(norm: Norm, x: &Tensor) -> Result<(Tensor, Tensor)> {
	let x = if norm.has_mean { x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)? } else { x.clone() };
	let size = (x.sqr()?.mean_keepdim(D::Minus1)? + f64::from(norm.epsilon))?.sqrt()?;
	Ok((x.broadcast_div(&size)?, size))
}

impl Ops for Fast {
	fn device(&self) -> &Device {
		&self.device
	}

	fn matmul(&self, a: &Tensor, b: &Tensor) -> Result<Tensor> {
		a.matmul(b)
	}

	fn unary(&self, kind: Unary, x: &Tensor) -> Result<Tensor> {
		match kind {
			Unary::Exp => x.exp(),
			Unary::Log => x.log(),
			Unary::Sqrt => x.sqrt(),
			Unary::Sin => x.sin(),
			Unary::Cos => x.cos(),
			Unary::Tanh => x.tanh(),
			Unary::Erf => x.erf(),
			Unary::Sigmoid => sigmoid(x),
			Unary::Relu => x.relu(),
			Unary::Silu => x.silu(),
			Unary::Gelu => x.gelu_erf(),
			Unary::GeluTanh => x.gelu(),
		}
	}

	fn unary_grad(&self, kind: Unary, x: &Tensor, dy: &Tensor) -> Result<Tensor> {
		match kind {
			Unary::Silu => {
				let y = sigmoid(x)?;
				let bend = (x.mul(&(1.0 - &y)?)? + 1.0)?;
				dy.mul(&y.mul(&bend)?)
			}
			Unary::Relu => dy.mul(&x.gt(0.0)?.to_dtype(DType::F32)?),
			_ => through(x, dy, |x| self.unary(kind, x)),
		}
	}

	fn softmax(&self, x: &Tensor) -> Result<Tensor> {
		softmax_last_dim(x)
	}

	fn softmax_grad(&self, y: &Tensor, dy: &Tensor) -> Result<Tensor> {
		let total = y.mul(dy)?.sum_keepdim(D::Minus1)?;
		y.mul(&dy.broadcast_sub(&total)?)
	}

	fn norm(&self, norm: Norm, x: &Tensor, gain: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
		match (norm.has_mean, bias) {
			(true, Some(bias)) => layer_norm(x, gain, bias, norm.epsilon),
			(true, None) => layer_norm(x, gain, &gain.zeros_like()?, norm.epsilon),
			(false, Some(bias)) => rms_norm(x, gain, norm.epsilon)?.broadcast_add(bias),
			(false, None) => rms_norm(x, gain, norm.epsilon),
		}
	}

	fn norm_grad(&self, norm: Norm, x: &Tensor, gain: &Tensor, dy: &Tensor) -> Result<Tensor> {
		let (y, size) = normed(norm, x)?;
		let dy = dy.broadcast_mul(gain)?;
		let along = dy.mul(&y)?.mean_keepdim(D::Minus1)?;
		let straight = if norm.has_mean { dy.broadcast_sub(&dy.mean_keepdim(D::Minus1)?)? } else { dy };
		straight.sub(&y.broadcast_mul(&along)?)?.broadcast_div(&size)
	}

	fn norm_gain_grad(&self, norm: Norm, x: &Tensor, dy: &Tensor) -> Result<Tensor> {
		self.sum_rows(&normed(norm, x)?.0.mul(dy)?)
	}

	fn sum_rows(&self, x: &Tensor) -> Result<Tensor> {
		match x.dims().last() {
			Some(width) => x.reshape(((), *width))?.sum(0),
			None => bail!("no rows"),
		}
	}

	fn reduce(&self, reduction: Reduction, x: &Tensor) -> Result<Tensor> {
		match reduction {
			Reduction::Sum => x.sum(D::Minus1),
			Reduction::SumOfSquares => x.sqr()?.sum(D::Minus1),
			Reduction::Greatest => x.max(D::Minus1),
		}
	}

	fn embedding(&self, table: &Tensor, ids: &Tensor) -> Result<Tensor> {
		table.index_select(ids, 0)
	}

	fn embedding_grad(&self, rows: usize, ids: &Tensor, dy: &Tensor) -> Result<Tensor> {
		Tensor::zeros((rows, dy.dim(1)?), DType::F32, dy.device())?.index_add(ids, dy, 0)
	}

	fn rope(&self, x: &Tensor, angles: &Tensor, rotated: usize, is_inverse: bool) -> Result<Tensor> {
		let (positions, width) = x.dims2()?;
		let head_width = angles.dim(1)?;
		let half = head_width.checked_div(2).unwrap_or_default();
		let turned = rotated.saturating_mul(head_width);
		let (cos, sin) = (angles.narrow(1, 0, half)?.contiguous()?, angles.narrow(1, half, half)?.contiguous()?);
		let sin = if is_inverse { sin.neg()? } else { sin };
		let heads = x.narrow(1, 0, turned)?.reshape((1, positions, rotated, head_width))?.contiguous()?;
		let heads = candle_nn::rotary_emb::rope_thd(&heads, &cos, &sin)?.reshape((positions, turned))?;
		if turned == width {
			return Ok(heads);
		}
		Tensor::cat(&[&heads, &x.narrow(1, turned, width.saturating_sub(turned))?], 1)
	}

	fn attention(&self, shape: &AttentionShape, q: &Tensor, k: &Tensor, v: &Tensor) -> Result<Tensor> {
		let mut rows = Vec::new();
		for segment in &shape.segments {
			let [_, _, v, shares] = shares(shape, segment, [q, k, v])?;
			rows.push(to_rows(&shares.matmul(&v)?)?);
		}
		Tensor::cat(&rows, 0)
	}

	fn attention_of_rows(&self, shape: &AttentionShape, qkv: &Tensor) -> Result<Tensor> {
		let [q, k, v] = split(shape, qkv)?;
		self.attention(shape, &q, &k, &v)
	}

	fn attention_of_rows_grad(&self, shape: &AttentionShape, qkv: &Tensor, dy: &Tensor) -> Result<Tensor> {
		let [q, k, v] = split(shape, qkv)?;
		let mut rows = Vec::new();
		for segment in &shape.segments {
			let [q, k, v, shares] = shares(shape, segment, [&q, &k, &v])?;
			let dy = heads(dy, segment.queries, shape.heads)?;
			let dv = shares.t()?.contiguous()?.matmul(&dy)?;
			let ds = (self.softmax_grad(&shares, &dy.matmul(&v.t()?)?)? * f64::from(shape.scale))?;
			let dq = ds.matmul(&k)?;
			let dk = ds.t()?.contiguous()?.matmul(&q)?;
			let [dk, dv] = [gathered(&dk, shape.key_heads)?, gathered(&dv, shape.key_heads)?];
			rows.push(Tensor::cat(&[to_rows(&dq)?, to_rows(&dk)?, to_rows(&dv)?], 1)?);
		}
		Tensor::cat(&rows, 0)
	}

	fn cross_entropy(&self, logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
		let logs = candle_nn::ops::log_softmax(logits, D::Minus1)?;
		logs.gather(&targets.unsqueeze(1)?, 1)?.squeeze(1)?.neg()
	}

	fn cross_entropy_grad(&self, logits: &Tensor, targets: &Tensor, scale: f32) -> Result<Tensor> {
		let minus = Tensor::full(-1f32, (logits.dim(0)?, 1), logits.device())?;
		let shares = softmax_last_dim(logits)?.scatter_add(&targets.unsqueeze(1)?, &minus, 1)?;
		shares * f64::from(scale)
	}

	fn conv2d(&self, x: &Tensor, kernels: &Tensor, stride: usize, padding: usize) -> Result<Tensor> {
		x.conv2d(kernels, padding, stride, 1, 1)
	}

	fn conv2d_grad(
		&self,
		x: &Tensor,
		kernels: &Tensor,
		dy: &Tensor,
		stride: usize,
		padding: usize,
	) -> Result<(Tensor, Tensor)> {
		let dx = through(x, dy, |x| self.conv2d(x, kernels, stride, padding))?;
		Ok((dx, through(kernels, dy, |kernels| self.conv2d(x, kernels, stride, padding))?))
	}

	fn pool(&self, x: &Tensor, side: usize) -> Result<Tensor> {
		x.max_pool2d(side)
	}

	/// Candle's own shares a gradient among equal ones, which are rare.
	fn pool_grad(&self, x: &Tensor, dy: &Tensor, side: usize) -> Result<Tensor> {
		through(x, dy, |x| self.pool(x, side))
	}

	fn adamw(&self, step: AdamW, state: &Tensor, grad: &Tensor) -> Result<Tensor> {
		let (p, m, v) = (state.get(0)?, state.get(1)?, state.get(2)?);
		let (beta1, beta2) = (f64::from(step.beta1), f64::from(step.beta2));
		let m = ((m * beta1)? + (grad * (1.0 - beta1))?)?;
		let v = ((v * beta2)? + (grad.sqr()? * (1.0 - beta2))?)?;
		let size = ((&v / f64::from(step.correction2))?.sqrt()? + f64::from(step.epsilon))?;
		let direction = (&m / f64::from(step.correction1))?.div(&size)?;
		let p = ((p * (1.0 - f64::from(step.decay)))? - (direction * f64::from(step.rate))?)?;
		Tensor::stack(&[p, m, v], 0)
	}

	fn sgd(&self, step: Sgd, state: &Tensor, grad: &Tensor) -> Result<Tensor> {
		let (p, m) = (state.get(0)?, state.get(1)?);
		let m = ((m * f64::from(step.momentum))? + grad)?;
		let p = ((p * (1.0 - f64::from(step.decay)))? - (&m * f64::from(step.rate))?)?;
		Tensor::stack(&[p, m], 0)
	}
}
