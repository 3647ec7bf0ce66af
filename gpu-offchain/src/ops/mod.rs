//! Kernel sets: the operations of which all models are made. [`Repro`] has the same bits everywhere; [`Fast`] is plain
//! candle, for jobs that ask for speed and accept a tolerance.
//!
//! Models call nothing else on numbers, except what moves them without arithmetic (views, concatenation), and sums,
//! products, quotients and square roots of single numbers, which candle rounds once each on every device.

#[cfg(feature = "cuda")]
mod cuda;
mod custom;
mod fast;
mod repro;
mod weights;

pub use crate::kernels::{
	attention::{Segment, Shape as AttentionShape},
	pointwise::{AdamW, Sgd, Unary},
	rows::{Norm, Reduction},
};
pub use custom::StandIn;
pub use fast::Fast;
pub use repro::Repro;
pub use weights::Weights;

use candle_core::{Device, Result, Tensor};
use serde::{Deserialize, Serialize};

/// The name of a kernel set in manifests. The digits are its version: another that gives other bits has another name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KernelSet {
	#[serde(rename = "repro-1")]
	Repro1,
	#[serde(rename = "fast")]
	Fast,
}

impl KernelSet {
	pub fn name(self) -> &'static str {
		match self {
			Self::Repro1 => "repro-1",
			Self::Fast => "fast",
		}
	}

	/// Its operations on a device.
	pub fn ops(self, device: &Device) -> Box<dyn Ops> {
		match self {
			Self::Repro1 => Box::new(Repro::on(device)),
			Self::Fast => Box::new(Fast::on(device)),
		}
	}
}

/// A kernel set. Numbers are fp32, ids and targets u32. "Rows" are along the last dimension.
pub trait Ops: Send + Sync {
	/// Where all tensors have to be.
	fn device(&self) -> &Device;

	/// Matrices, or equally many matrices each, `[…, m, k]` · `[…, k, n]`; transposed views are taken as they are.
	fn matmul(&self, a: &Tensor, b: &Tensor) -> Result<Tensor>;

	/// Takes a matrix of `[outputs, inputs]`, as checkpoints have it, for many products with [`through`](Self::through).
	fn weights(&self, matrix: &Tensor) -> Result<Weights> {
		Weights::turned(matrix)
	}
	/// `x` · `weightsᵀ`
	fn through(&self, x: &Tensor, weights: &Weights) -> Result<Tensor> {
		self.matmul(x, &weights.values)
	}
	/// Rows of the matrix that was taken, so that an embedding which is also a head is held once.
	fn rows_of(&self, weights: &Weights, ids: &Tensor) -> Result<Tensor> {
		weights.rows_of_turned(ids)
	}

	fn unary(&self, kind: Unary, x: &Tensor) -> Result<Tensor>;
	/// dy · f′(x)
	fn unary_grad(&self, kind: Unary, x: &Tensor, dy: &Tensor) -> Result<Tensor>;

	fn softmax(&self, x: &Tensor) -> Result<Tensor>;
	/// From what came out.
	fn softmax_grad(&self, y: &Tensor, dy: &Tensor) -> Result<Tensor>;

	fn norm(&self, norm: Norm, x: &Tensor, gain: &Tensor, bias: Option<&Tensor>) -> Result<Tensor>;
	fn norm_grad(&self, norm: Norm, x: &Tensor, gain: &Tensor, dy: &Tensor) -> Result<Tensor>;
	fn norm_gain_grad(&self, norm: Norm, x: &Tensor, dy: &Tensor) -> Result<Tensor>;

	/// All rows onto one.
	fn sum_rows(&self, x: &Tensor) -> Result<Tensor>;
	/// Each row to one number.
	fn reduce(&self, reduction: Reduction, x: &Tensor) -> Result<Tensor>;

	fn embedding(&self, table: &Tensor, ids: &Tensor) -> Result<Tensor>;
	/// For a table of so many rows.
	fn embedding_grad(&self, rows: usize, ids: &Tensor, dy: &Tensor) -> Result<Tensor>;

	/// Rotates the first `rotated` heads of each position's row by its angles: cosines, then sines.
	fn rope(&self, x: &Tensor, angles: &Tensor, rotated: usize, is_inverse: bool) -> Result<Tensor>;

	/// Rows of heads: `q` of queries, `k` and `v` of keys.
	fn attention(&self, shape: &AttentionShape, q: &Tensor, k: &Tensor, v: &Tensor) -> Result<Tensor>;
	/// The same where a row has the heads of queries, keys and values one after the other.
	fn attention_of_rows(&self, shape: &AttentionShape, qkv: &Tensor) -> Result<Tensor>;
	fn attention_of_rows_grad(&self, shape: &AttentionShape, qkv: &Tensor, dy: &Tensor) -> Result<Tensor>;

	/// The loss of each row.
	fn cross_entropy(&self, logits: &Tensor, targets: &Tensor) -> Result<Tensor>;
	fn cross_entropy_grad(&self, logits: &Tensor, targets: &Tensor, scale: f32) -> Result<Tensor>;

	/// `[images, channels, height, width]` with kernels `[outputs, channels, height, width]`.
	fn conv2d(&self, x: &Tensor, kernels: &Tensor, stride: usize, padding: usize) -> Result<Tensor>;
	/// For the images and for the kernels.
	fn conv2d_grad(
		&self,
		x: &Tensor,
		kernels: &Tensor,
		dy: &Tensor,
		stride: usize,
		padding: usize,
	) -> Result<(Tensor, Tensor)>;

	/// Of each square of `side` pixels the greatest; of equal ones the first counts as that.
	fn pool(&self, x: &Tensor, side: usize) -> Result<Tensor>;
	fn pool_grad(&self, x: &Tensor, dy: &Tensor, side: usize) -> Result<Tensor>;

	/// The next state `[3, n]`: parameters and two moments.
	fn adamw(&self, step: AdamW, state: &Tensor, grad: &Tensor) -> Result<Tensor>;
	/// The next state `[2, n]`: parameters and momentum.
	fn sgd(&self, step: Sgd, state: &Tensor, grad: &Tensor) -> Result<Tensor>;

	/// All numbers to one: rows of 4,096 first, then rows of what comes of them, until one is left. What is missing at
	/// the end of a row counts as zero.
	fn sum_all(&self, reduction: Reduction, x: &Tensor) -> Result<f32> {
		let mut x = x.flatten_all()?;
		let mut reduction = reduction;
		loop {
			let rows = x.elem_count().div_ceil(SUM_ROW).max(1);
			let missing = rows.saturating_mul(SUM_ROW).saturating_sub(x.elem_count());
			if missing > 0 {
				x = Tensor::cat(&[&x, &Tensor::zeros(missing, x.dtype(), x.device())?], 0)?;
			}
			x = self.reduce(reduction, &x.reshape((rows, SUM_ROW))?)?;
			if reduction == Reduction::SumOfSquares {
				reduction = Reduction::Sum;
			}
			if rows == 1 {
				return x.reshape(())?.to_scalar();
			}
		}
	}

	/// `x` · `weightᵀ` + `bias`: the weights of an output stand side by side, as checkpoints have them.
	fn linear(&self, x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
		let y = self.matmul(x, &weight.t()?)?;
		match bias {
			Some(bias) => y.broadcast_add(bias),
			None => Ok(y),
		}
	}
}

const SUM_ROW: usize = 4096;
