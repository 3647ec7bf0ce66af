//! Convolutions with pools between them, and a dense head: classifiers of small pictures.

use super::{
	mlp::Mlp,
	parameters::{Init, Parameter},
	Trainable,
};
use crate::{
	error::{ensure, Error, Result},
	limits,
	ops::{Ops, Unary},
};
use candle_core::Tensor;
use ogpu_protocol::cost::Layer;
use serde::{Deserialize, Serialize};

/// Shape of the network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Convolution {
	/// Of a picture.
	pub channels: u32,
	pub height: u32,
	pub width: u32,
	pub layers: Vec<Part>,
	/// Widths of the dense layers between the last pool and the classes.
	pub hidden: Vec<u32>,
	pub classes: u32,
	/// After each layer but the last.
	pub activation: Unary,
}

/// A convolution, the activation, a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
	/// Channels.
	pub outputs: u32,
	/// The side of its square kernels.
	pub kernel: u32,
	/// Pixels from one window to the next.
	pub stride: u32,
	/// Zeros around a picture.
	pub padding: u32,
	/// The side of the squares of which the greatest is kept; 1 keeps all.
	pub pool: u32,
}

/// Channels, height and width.
type Size = [u32; 3];

impl Part {
	/// What comes out of the convolution, and of the pool.
	fn sizes(&self, [channels, height, width]: Size) -> Result<[Size; 2]> {
		limits::within("outputs", self.outputs, 1, 1 << 16)?;
		limits::within("kernel", self.kernel, 1, 1 << 10)?;
		limits::within("stride", self.stride, 1, 1 << 10)?;
		limits::within("padding", self.padding, 0, self.kernel.saturating_sub(1))?;
		limits::within("pool", self.pool, 1, 1 << 10)?;
		ensure(channels > 0, "a layer without inputs")?;
		let side = |length: u32| {
			let padded = length.saturating_add(self.padding.saturating_mul(2));
			let rest = padded.checked_sub(self.kernel)?;
			let convolved = rest.checked_div(self.stride)?.checked_add(1)?;
			Some((convolved, convolved.checked_div(self.pool).filter(|pooled| *pooled > 0)?))
		};
		let sides = side(height).zip(side(width));
		let ((height, pooled_height), (width, pooled_width)) =
			sides.ok_or_else(|| Error::invalid("a kernel or a pool larger than its picture"))?;
		Ok([[self.outputs, height, width], [self.outputs, pooled_height, pooled_width]])
	}
}

fn numbers(size: Size) -> u64 {
	size.iter().fold(1, |product, side| product.saturating_mul((*side).into()))
}

impl Convolution {
	pub fn check(&self) -> Result<()> {
		ensure(self.layers.len() <= 64, "at most 64 layers")?;
		for side in [self.channels, self.height, self.width] {
			limits::within("a side of a picture", side, 1, 1 << 14)?;
		}
		limits::within("numbers of a picture", numbers(self.picture()), 1, 1 << 26)?;
		for [_, convolved, _] in self.sizes()? {
			limits::within("numbers of a layer", numbers(convolved), 1, 1 << 26)?;
		}
		self.head()?.check()
	}

	pub fn picture(&self) -> Size {
		[self.channels, self.height, self.width]
	}

	/// What goes into each convolution, what comes out of it, and out of its pool.
	fn sizes(&self) -> Result<Vec<[Size; 3]>> {
		let mut size = self.picture();
		let step = |part: &Part| {
			let [convolved, pooled] = part.sizes(size)?;
			Ok([std::mem::replace(&mut size, pooled), convolved, pooled])
		};
		self.layers.iter().map(step).collect()
	}

	/// The dense layers at the end.
	fn head(&self) -> Result<Mlp> {
		let last = self.sizes()?.last().map_or(self.picture(), |[_, _, pooled]| *pooled);
		let inputs = u32::try_from(numbers(last)).map_err(|_| Error::invalid("too many numbers for the dense layers"))?;
		Ok(Mlp { inputs, hidden: self.hidden.clone(), classes: self.classes, activation: self.activation })
	}

	/// For the cost model.
	pub fn layers(&self) -> Result<Vec<Layer>> {
		let convolutions = self.layers.iter().zip(self.sizes()?).map(|(part, [[inputs, ..], convolved, _])| {
			let [outputs, height, width] = convolved;
			let pixels = u64::from(height).saturating_mul(width.into());
			Layer::Convolution { inputs, outputs, groups: 1, kernel: part.kernel.saturating_mul(part.kernel), pixels }
		});
		Ok(convolutions.chain(self.head()?.layers()).collect())
	}

	/// Numbers that a step keeps for a sample, roughly, and not too few: each layer's inputs and outputs with their
	/// gradients, and the windows of one picture.
	pub fn kept(&self) -> Result<u64> {
		let layers = self.layers.iter().zip(self.sizes()?).map(|(part, [from, convolved, pooled])| {
			let window = u64::from(part.kernel).saturating_mul(part.kernel.into()).saturating_mul(from[0].into());
			let pixels = numbers([1, convolved[1], convolved[2]]);
			let around = numbers(from).saturating_add(numbers(convolved).saturating_mul(4)).saturating_add(numbers(pooled));
			around.saturating_mul(2).saturating_add(window.saturating_mul(pixels))
		});
		Ok(layers.fold(numbers(self.picture()), u64::saturating_add).saturating_add(self.head()?.kept()))
	}
}

impl Trainable for Convolution {
	fn parameters(&self) -> Vec<Parameter> {
		let mut all = Vec::new();
		let mut channels = self.channels;
		for (index, part) in self.layers.iter().enumerate() {
			let (outputs, kernel) = (part.outputs as usize, part.kernel as usize);
			let inputs = (channels as f32) * (part.kernel as f32) * (part.kernel as f32);
			let deviation = (2.0 / inputs).sqrt();
			let shape = [outputs, channels as usize, kernel, kernel];
			all.push(Parameter::new(format!("convolutions.{index}.weight"), &shape, Init::Normal(deviation)));
			all.push(Parameter::new(format!("convolutions.{index}.bias"), &[outputs], Init::Zeros));
			channels = part.outputs;
		}
		// `check` has found that there is a head.
		all.extend(self.head().map(|head| head.parameters()).unwrap_or_default());
		all
	}

	fn losses_and_gradients(
		&self,
		ops: &dyn Ops,
		parameters: &[Tensor],
		inputs: &Tensor,
		targets: &Tensor,
	) -> Result<(Tensor, Vec<Tensor>)> {
		let split = self.layers.len().saturating_mul(2);
		let (convolutions, dense) =
			parameters.split_at_checked(split).ok_or_else(|| Error::invalid("parameters do not fit the model"))?;
		let (convolutions, _) = convolutions.as_chunks::<2>();
		let images = inputs.dim(0)?;
		// What goes into each convolution, what comes out before the activation, and after it.
		let mut seen = Vec::new();
		let mut x = inputs.clone();
		for (part, [weight, bias]) in self.layers.iter().zip(convolutions) {
			let bias = bias.reshape((1, part.outputs as usize, 1, 1))?;
			let y = ops.conv2d(&x, weight, part.stride as usize, part.padding as usize)?.broadcast_add(&bias)?;
			let active = ops.unary(self.activation, &y)?;
			let pooled = if part.pool > 1 { ops.pool(&active, part.pool as usize)? } else { active.clone() };
			seen.push((x, y, active));
			x = pooled;
		}
		let flat = x.reshape((images, ()))?;
		let (losses, of_dense, slope) = self.head()?.through(ops, dense, &flat, targets, !seen.is_empty())?;

		// From the last parameter to the first.
		let mut gradients = Vec::new();
		let mut slope = slope.map(|slope| slope.reshape(x.shape())).transpose()?;
		for (index, ((part, [weight, _]), (x, y, active))) in
			self.layers.iter().zip(convolutions).zip(&seen).enumerate().rev()
		{
			let Some(above) = slope.take() else { break };
			let above = if part.pool > 1 { ops.pool_grad(active, &above, part.pool as usize)? } else { above };
			let above = ops.unary_grad(self.activation, y, &above)?;
			// A row for each pixel of each picture, so that the sum runs through pictures, and in each through pixels.
			let rows = above.permute((0, 2, 3, 1))?.contiguous()?.reshape(((), part.outputs as usize))?;
			gradients.push(ops.sum_rows(&rows)?);
			let (stride, padding) = (part.stride as usize, part.padding as usize);
			let (of_x, of_weight) = ops.conv2d_grad(x, weight, &above, stride, padding)?;
			gradients.push(of_weight);
			slope = (index > 0).then_some(of_x);
		}
		gradients.reverse();
		gradients.extend(of_dense);
		Ok((losses, gradients))
	}
}
