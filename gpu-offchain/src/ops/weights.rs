//! Matrices of models that answer, as a kernel set multiplies with them: turned, or in panels, which CPUs read as they lie.

use super::{
	custom::{Input, Kernel},
	repro::{matrices, misfit},
};
use crate::kernels::{
	matmul::{product_with_panels, put_into_panels, Matrix, Panels},
	Path, LANES,
};
use candle_core::{bail, Error, Layout, Result, Shape, Tensor};

/// A matrix of a model that answers, as the kernel set that took it multiplies with it.
#[derive(Clone, Debug)]
pub struct Weights {
	pub(super) values: Tensor,
	pub(super) outputs: usize,
}

impl Weights {
	/// `[inputs, outputs]`, for any device.
	pub(super) fn turned(matrix: &Tensor) -> Result<Self> {
		Ok(Self { values: matrix.t()?.contiguous()?, outputs: matrix.dim(0)? })
	}

	pub(super) fn rows_of_turned(&self, ids: &Tensor) -> Result<Tensor> {
		self.values.index_select(ids, 1)?.t()?.contiguous()
	}
}

/// A matrix of `[outputs, inputs]` into panels, as CPUs read it: `[panels, inputs, 16]`.
pub(super) struct IntoPanels;

impl Kernel<1> for IntoPanels {
	const NAME: &'static str = "repro-panels";

	fn shape(&self, [matrix]: [&Layout; 1]) -> Result<Shape> {
		let (outputs, inputs) = matrix.shape().dims2()?;
		Ok(Shape::from((outputs.div_ceil(LANES), inputs, LANES)))
	}

	fn cpu(&self, path: Path, [matrix]: [Input<'_>; 1], out: &mut [f32]) -> Result<()> {
		let (outputs, inputs) = matrix.layout.shape().dims2()?;
		Matrix::new(matrix.numbers()?, [inputs, outputs], [1, inputs])
			.and_then(|matrix| put_into_panels(path, matrix, out))
			.ok_or_else(|| misfit(Self::NAME))
	}
}

/// A product with a matrix in panels, of so many columns.
pub(super) struct Through {
	pub outputs: usize,
}

impl Kernel<2> for Through {
	const NAME: &'static str = "repro-through";

	fn shape(&self, [x, panels]: [&Layout; 2]) -> Result<Shape> {
		let ((rows, inputs), (count, depth, width)) = (x.shape().dims2()?, panels.shape().dims3()?);
		if inputs != depth || width != LANES || count != self.outputs.div_ceil(LANES) {
			bail!("a product of {:?} with panels of {:?} for {} outputs", x.dims(), panels.dims(), self.outputs);
		}
		Ok(Shape::from((rows, self.outputs)))
	}

	fn cpu(&self, path: Path, [x, panels]: [Input<'_>; 2], out: &mut [f32]) -> Result<()> {
		let (_, inputs) = x.layout.shape().dims2()?;
		let panels = Panels::new(panels.numbers()?, inputs, self.outputs);
		matrices(&x)?
			.pop()
			.zip(panels)
			.and_then(|(x, panels)| product_with_panels(path, x, panels, out))
			.ok_or_else(|| misfit(Self::NAME))
	}
}

/// Rows of a matrix of so many, out of its panels.
pub(super) struct RowsOf {
	pub outputs: usize,
}

impl Kernel<2> for RowsOf {
	const NAME: &'static str = "repro-rows-of";

	fn shape(&self, [panels, ids]: [&Layout; 2]) -> Result<Shape> {
		let (count, width, _) = panels.shape().dims3()?;
		if count != self.outputs.div_ceil(LANES) {
			return Err(misfit(Self::NAME));
		}
		Ok(Shape::from((ids.shape().dims1()?, width)))
	}

	fn cpu(&self, _: Path, [panels, ids]: [Input<'_>; 2], out: &mut [f32]) -> Result<()> {
		let (_, width, _) = panels.layout.shape().dims3()?;
		let panels = Panels::new(panels.numbers()?, width, self.outputs).ok_or_else(|| misfit(Self::NAME))?;
		for (id, out) in ids.ids()?.iter().zip(out.chunks_exact_mut(width.max(1))) {
			let row = panels.column(*id as usize);
			let row = row.ok_or_else(|| Error::msg(format!("{}: there is no row {id}", Self::NAME)))?;
			out.iter_mut().zip(row).for_each(|(out, number)| *out = number);
		}
		Ok(())
	}
}
