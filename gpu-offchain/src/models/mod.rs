//! Models, written on [`Ops`], with their own gradients.

pub mod bert;
pub mod convolution;
pub mod decoder;
pub mod mlp;
pub mod parameters;

use crate::{error::Result, ops::Ops};
use candle_core::Tensor;
use parameters::Parameter;

/// A model that can be trained.
pub trait Trainable: Send + Sync {
	fn parameters(&self) -> Vec<Parameter>;

	/// The loss of each sample, or position, and the gradient of their mean for each parameter.
	fn losses_and_gradients(
		&self,
		ops: &dyn Ops,
		parameters: &[Tensor],
		inputs: &Tensor,
		targets: &Tensor,
	) -> Result<(Tensor, Vec<Tensor>)>;
}
