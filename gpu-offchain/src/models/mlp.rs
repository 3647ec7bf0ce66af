//! Dense layers, one after the other: classifiers of small things.

use super::{
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
pub struct Mlp {
	pub inputs: u32,
	/// Widths of the layers between.
	pub hidden: Vec<u32>,
	pub classes: u32,
	/// Between layers.
	pub activation: Unary,
}

impl Mlp {
	pub fn check(&self) -> Result<()> {
		ensure(self.hidden.len() <= 64, "at most 64 layers")?;
		limits::within("classes", self.classes, 2, 256)?;
		for (inputs, outputs) in self.sides() {
			limits::within("the width of a layer", inputs, 1, 1 << 20)?;
			limits::within("the width of a layer", outputs, 1, 1 << 20)?;
		}
		Ok(())
	}

	fn sides(&self) -> Vec<(u32, u32)> {
		let from = std::iter::once(self.inputs).chain(self.hidden.iter().copied());
		from.zip(self.hidden.iter().copied().chain([self.classes])).collect()
	}

	/// For the cost model.
	pub fn layers(&self) -> Vec<Layer> {
		self.sides().into_iter().map(|(inputs, outputs)| Layer::Dense { inputs, outputs }).collect()
	}
}

impl Trainable for Mlp {
	fn parameters(&self) -> Vec<Parameter> {
		let layer = |(index, (inputs, outputs)): (usize, (u32, u32))| {
			let deviation = (2.0 / inputs as f32).sqrt();
			let shape = [outputs as usize, inputs as usize];
			[
				Parameter::new(format!("layers.{index}.weight"), &shape, Init::Normal(deviation)),
				Parameter::new(format!("layers.{index}.bias"), &[outputs as usize], Init::Zeros),
			]
		};
		self.sides().into_iter().enumerate().flat_map(layer).collect()
	}

	fn losses_and_gradients(
		&self,
		ops: &dyn Ops,
		parameters: &[Tensor],
		inputs: &Tensor,
		targets: &Tensor,
	) -> Result<(Tensor, Vec<Tensor>)> {
		let (losses, gradients, _) = self.through(ops, parameters, inputs, targets, false)?;
		Ok((losses, gradients))
	}
}

impl Mlp {
	/// Numbers that a step keeps for a sample.
	pub fn kept(&self) -> u64 {
		let widths = self.hidden.iter().map(|width| u64::from(*width)).fold(0, u64::saturating_add);
		widths.saturating_mul(3).saturating_add(u64::from(self.inputs).saturating_mul(2))
	}

	/// Losses, gradients, and where they are asked for, those of the inputs.
	pub fn through(
		&self,
		ops: &dyn Ops,
		parameters: &[Tensor],
		inputs: &Tensor,
		targets: &Tensor,
		has_before: bool,
	) -> Result<(Tensor, Vec<Tensor>, Option<Tensor>)> {
		let (layers, _) = parameters.as_chunks::<2>();
		// What goes into each layer, and what comes out before the activation.
		let mut seen: Vec<(Tensor, Tensor)> = Vec::new();
		for [weight, bias] in layers {
			let input = match seen.last() {
				Some((_, before)) => ops.unary(self.activation, before)?,
				None => inputs.clone(),
			};
			let output = ops.linear(&input, weight, Some(bias))?;
			seen.push((input, output));
		}
		let logits = seen.last().map(|(_, logits)| logits).ok_or_else(|| Error::invalid("no layers"))?;
		let losses = ops.cross_entropy(logits, targets)?;
		let mut slope = ops.cross_entropy_grad(logits, targets, 1.0 / targets.elem_count() as f32)?;
		let (mut gradients, mut of_inputs) = (Vec::new(), None);
		for (index, ([weight, _], (input, _))) in layers.iter().zip(&seen).enumerate().rev() {
			gradients.push(ops.sum_rows(&slope)?);
			gradients.push(ops.matmul(&slope.t()?, input)?);
			if let Some((_, before)) = index.checked_sub(1).and_then(|before| seen.get(before)) {
				slope = ops.unary_grad(self.activation, before, &ops.matmul(&slope, weight)?)?;
			} else if has_before {
				of_inputs = Some(ops.matmul(&slope, weight)?);
			}
		}
		gradients.reverse();
		Ok((losses, gradients, of_inputs))
	}
}
