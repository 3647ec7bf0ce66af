//! How a kernel becomes a custom op of candle: what comes out, and how each device makes it.

use crate::kernels::Path;
use candle_core::{bail, CpuStorage, CustomOp1, CustomOp2, CustomOp3, Layout, Result, Shape};

/// What goes into a kernel on a CPU.
#[derive(Clone, Copy)]
pub struct Input<'a> {
	storage: &'a CpuStorage,
	pub layout: &'a Layout,
}

impl<'a> Input<'a> {
	/// All numbers from the first on, whatever the layout; gaps and repetitions included.
	pub fn numbers_on(&self) -> Result<&'a [f32]> {
		let start = self.layout.start_offset();
		self.storage.as_slice::<f32>()?.get(start..).ok_or_else(|| candle_core::Error::msg("outside of its storage"))
	}

	/// Numbers without gaps.
	pub fn numbers(&self) -> Result<&'a [f32]> {
		dense(self.storage.as_slice()?, self.layout)
	}

	/// Ids without gaps.
	pub fn ids(&self) -> Result<&'a [u32]> {
		dense(self.storage.as_slice()?, self.layout)
	}
}

fn dense<'a, T>(values: &'a [T], layout: &Layout) -> Result<&'a [T]> {
	match layout.contiguous_offsets().and_then(|(from, to)| values.get(from..to)) {
		Some(values) => Ok(values),
		None => bail!("a kernel needs its input without gaps"),
	}
}

/// A kernel with so many inputs.
pub trait Kernel<const N: usize> {
	const NAME: &'static str;

	/// What comes out; an error if the inputs do not fit. Whatever passes here, the implementations may rely on.
	fn shape(&self, inputs: [&Layout; N]) -> Result<Shape>;

	/// `out` is zero before.
	fn cpu(&self, path: Path, inputs: [Input<'_>; N], out: &mut [f32]) -> Result<()>;
}

/// A kernel as an op of candle.
pub struct Custom<K> {
	pub path: Path,
	pub kernel: K,
}

impl<K> Custom<K> {
	fn run<const N: usize>(&self, inputs: [(&CpuStorage, &Layout); N]) -> Result<(CpuStorage, Shape)>
	where
		K: Kernel<N>,
	{
		let shape = self.kernel.shape(inputs.map(|(_, layout)| layout))?;
		let mut out = vec![0.0; shape.elem_count()];
		self.kernel.cpu(self.path, inputs.map(|(storage, layout)| Input { storage, layout }), &mut out)?;
		Ok((CpuStorage::F32(out), shape))
	}
}

impl<K: Kernel<1>> CustomOp1 for Custom<K> {
	fn name(&self) -> &'static str {
		K::NAME
	}

	fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
		self.run([(storage, layout)])
	}
}

impl<K: Kernel<2>> CustomOp2 for Custom<K> {
	fn name(&self) -> &'static str {
		K::NAME
	}

	fn cpu_fwd(&self, s1: &CpuStorage, l1: &Layout, s2: &CpuStorage, l2: &Layout) -> Result<(CpuStorage, Shape)> {
		self.run([(s1, l1), (s2, l2)])
	}
}

impl<K: Kernel<3>> CustomOp3 for Custom<K> {
	fn name(&self) -> &'static str {
		K::NAME
	}

	fn cpu_fwd(
		&self,
		s1: &CpuStorage,
		l1: &Layout,
		s2: &CpuStorage,
		l2: &Layout,
		s3: &CpuStorage,
		l3: &Layout,
	) -> Result<(CpuStorage, Shape)> {
		self.run([(s1, l1), (s2, l2), (s3, l3)])
	}
}
