//! How a kernel becomes a custom op of candle: what comes out, and how each device makes it.

#[cfg(feature = "cuda")]
use super::cuda::{self, CudaStorage};
use crate::kernels::{
	gpu::{Launcher, Pointer},
	Path,
};
use candle_core::{bail, CpuStorage, CustomOp1, CustomOp2, CustomOp3, Error, Layout, Result, Shape};
use std::{fmt, sync::Arc};

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
		self.storage.as_slice::<f32>()?.get(start..).ok_or_else(|| Error::msg("outside of its storage"))
	}

	/// Numbers without gaps.
	pub fn numbers(&self) -> Result<&'a [f32]> {
		dense(self.storage.as_slice()?, self.layout)
	}

	/// Ids without gaps.
	pub fn ids(&self) -> Result<&'a [u32]> {
		dense(self.storage.as_slice()?, self.layout)
	}

	/// Its bits, from the first number on.
	fn words(&self) -> Result<Vec<u32>> {
		match self.storage {
			CpuStorage::U32(_) => Ok(self.ids()?.to_vec()),
			_ => Ok(self.numbers_on()?.iter().map(|number| number.to_bits()).collect()),
		}
	}
}

fn dense<'a, T>(values: &'a [T], layout: &Layout) -> Result<&'a [T]> {
	match layout.contiguous_offsets().and_then(|(from, to)| values.get(from..to)) {
		Some(values) => Ok(values),
		None => bail!("a kernel needs its input without gaps"),
	}
}

/// What goes into a kernel on a GPU.
#[derive(Clone, Copy)]
pub struct Place<'a> {
	/// Where the first number is.
	pub first: Pointer,
	pub layout: &'a Layout,
	pub is_ids: bool,
}

impl Place<'_> {
	/// Numbers, whatever the layout.
	pub fn numbers_on(&self) -> Result<Pointer> {
		match self.is_ids {
			false => Ok(self.first),
			true => bail!("ids where a kernel needs numbers"),
		}
	}

	/// Numbers without gaps.
	pub fn numbers(&self) -> Result<Pointer> {
		match self.layout.is_contiguous() {
			true => self.numbers_on(),
			false => bail!("a kernel needs its input without gaps"),
		}
	}

	/// Ids without gaps, and what they are.
	pub fn ids(&self, on: &mut dyn Launcher) -> Result<(Pointer, Vec<u32>)> {
		if !self.is_ids || !self.layout.is_contiguous() {
			bail!("a kernel needs ids without gaps");
		}
		Ok((self.first, on.get(self.first, self.layout.shape().elem_count())?))
	}
}

/// A kernel with so many inputs.
pub trait Kernel<const N: usize> {
	const NAME: &'static str;

	/// What comes out; an error if the inputs do not fit. Whatever passes here, the implementations may rely on.
	fn shape(&self, inputs: [&Layout; N]) -> Result<Shape>;

	/// `out` is zero before.
	fn cpu(&self, path: Path, inputs: [Input<'_>; N], out: &mut [f32]) -> Result<()>;

	/// `out` is zero before. What only a CPU needs has none.
	fn gpu(&self, _on: &mut dyn Launcher, _inputs: [Place<'_>; N], _out: Pointer) -> Result<()> {
		bail!("{} is for CPUs", Self::NAME)
	}
}

/// A stand-in for a GPU, with a memory of its own: so the kernels for GPUs are tested where there is none.
pub trait StandIn: Send + Sync + fmt::Debug {
	/// Calls `work` with a launcher, whose rooms end with it.
	fn with(&self, work: &mut dyn FnMut(&mut dyn Launcher) -> Result<()>) -> Result<()>;
}

/// A kernel as an op of candle.
pub struct Custom<K> {
	pub path: Path,
	pub stand_in: Option<Arc<dyn StandIn>>,
	pub kernel: K,
}

impl<K> Custom<K> {
	fn run<const N: usize>(&self, inputs: [(&CpuStorage, &Layout); N]) -> Result<(CpuStorage, Shape)>
	where
		K: Kernel<N>,
	{
		let shape = self.kernel.shape(inputs.map(|(_, layout)| layout))?;
		let inputs = inputs.map(|(storage, layout)| Input { storage, layout });
		let mut out = vec![0.0; shape.elem_count()];
		match &self.stand_in {
			None => self.kernel.cpu(self.path, inputs, &mut out)?,
			Some(stand_in) => stand_in.with(&mut |on| {
				let mut places = inputs.map(|input| Place {
					first: Pointer(0),
					layout: input.layout,
					is_ids: matches!(input.storage, CpuStorage::U32(_)),
				});
				for (place, input) in places.iter_mut().zip(&inputs) {
					place.first = on.put(&input.words()?)?;
				}
				let to = on.room(out.len())?;
				self.kernel.gpu(on, places, to)?;
				let words = on.get(to, out.len())?;
				out.iter_mut().zip(words).for_each(|(out, word)| *out = f32::from_bits(word));
				Ok(())
			})?,
		}
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

	#[cfg(feature = "cuda")]
	fn cuda_fwd(&self, storage: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
		cuda::run(&self.kernel, [(storage, layout)])
	}
}

impl<K: Kernel<2>> CustomOp2 for Custom<K> {
	fn name(&self) -> &'static str {
		K::NAME
	}

	fn cpu_fwd(&self, s1: &CpuStorage, l1: &Layout, s2: &CpuStorage, l2: &Layout) -> Result<(CpuStorage, Shape)> {
		self.run([(s1, l1), (s2, l2)])
	}

	#[cfg(feature = "cuda")]
	fn cuda_fwd(&self, s1: &CudaStorage, l1: &Layout, s2: &CudaStorage, l2: &Layout) -> Result<(CudaStorage, Shape)> {
		cuda::run(&self.kernel, [(s1, l1), (s2, l2)])
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

	#[cfg(feature = "cuda")]
	fn cuda_fwd(
		&self,
		s1: &CudaStorage,
		l1: &Layout,
		s2: &CudaStorage,
		l2: &Layout,
		s3: &CudaStorage,
		l3: &Layout,
	) -> Result<(CudaStorage, Shape)> {
		cuda::run(&self.kernel, [(s1, l1), (s2, l2), (s3, l3)])
	}
}
