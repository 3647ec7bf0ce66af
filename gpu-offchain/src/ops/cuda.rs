//! Launching kernels on GPUs of NVIDIA.

#![allow(unsafe_code, reason = "the driver takes pointers and launches what it is given")]

use super::custom::{Kernel, Place};
use crate::kernels::gpu::{Launcher, Pointer};
pub use candle_core::CudaStorage;
use candle_core::{
	backend::BackendStorage,
	bail,
	cuda_backend::{
		cudarc::driver::{CudaSlice, DevicePtr, DeviceRepr, LaunchConfig, PushKernelArg, SyncOnDrop},
		CudaStorageSlice, WrapErr,
	},
	CudaDevice, Layout, Result, Shape,
};

/// The kernels, as `build.rs` has compiled them.
const PTX: &str = include_str!(concat!(env!("OUT_DIR"), "/repro.ptx"));

/// As many words as a kernel may take. It reads as many as it has.
const WORDS: usize = 32;

#[repr(C)]
#[derive(Clone, Copy)]
struct Words([u64; WORDS]);

// SAFETY: plain words, and the driver copies as many as the kernel's structure has.
unsafe impl DeviceRepr for Words {}

/// All launches of one operation go to the stream of the tensors, one after the other.
struct Stream<'a> {
	device: &'a CudaDevice,
	/// Freed in the order of the stream, so not before what was launched has used them.
	rooms: Vec<CudaSlice<u32>>,
}

impl Stream<'_> {
	fn keep(&mut self, room: CudaSlice<u32>) -> Pointer {
		let stream = self.device.cuda_stream();
		let pointer = Pointer(room.device_ptr(&stream).0);
		self.rooms.push(room);
		pointer
	}
}

impl Launcher for Stream<'_> {
	fn room(&mut self, numbers: usize) -> Result<Pointer> {
		let room = self.device.alloc_zeros::<u32>(numbers.max(1))?;
		Ok(self.keep(room))
	}

	fn put(&mut self, words: &[u32]) -> Result<Pointer> {
		let room = if words.is_empty() { self.device.alloc_zeros::<u32>(1)? } else { self.device.clone_htod(words)? };
		Ok(self.keep(room))
	}

	fn get(&mut self, from: Pointer, words: usize) -> Result<Vec<u32>> {
		if words == 0 {
			return Ok(Vec::new());
		}
		let stream = self.device.cuda_stream();
		// SAFETY: the caller has so many words there; the view is forgotten, not freed.
		let view = std::mem::ManuallyDrop::new(unsafe { stream.upgrade_device_ptr::<u32>(from.0, words) });
		self.device.clone_dtoh(&*view)
	}

	fn launch(&mut self, kernel: &'static str, blocks: [u32; 3], threads: u32, words: &[u64]) -> Result<()> {
		let function = self.device.get_or_load_custom_func(kernel, "ogpu-repro", PTX)?;
		let mut all = Words([0; WORDS]);
		if words.len() > WORDS {
			bail!("{kernel} takes too many words");
		}
		all.0.iter_mut().zip(words).for_each(|(to, word)| *to = *word);
		let [x, y, z] = blocks;
		let config = LaunchConfig { grid_dim: (x, y, z), block_dim: (threads, 1, 1), shared_mem_bytes: 0 };
		let mut launch = function.builder();
		launch.arg(&all);
		// SAFETY: the kernel takes one structure of such words; its pointers are of rooms and tensors that live until the
		// stream has passed the launch.
		unsafe { launch.launch(config) }.w()?;
		Ok(())
	}
}

/// Runs a kernel where its inputs are.
pub fn run<const N: usize, K: Kernel<N>>(
	kernel: &K,
	inputs: [(&CudaStorage, &Layout); N],
) -> Result<(CudaStorage, Shape)> {
	let shape = kernel.shape(inputs.map(|(_, layout)| layout))?;
	let Some((first, _)) = inputs.first() else { bail!("a kernel without inputs") };
	let device = first.device().clone();
	let stream = device.cuda_stream();
	let mut guards: Vec<SyncOnDrop<'_>> = Vec::new();
	let mut places = Vec::new();
	for (storage, layout) in inputs {
		let (pointer, is_ids) = match &storage.slice {
			CudaStorageSlice::F32(slice) => {
				let (pointer, guard) = slice.device_ptr(&stream);
				guards.push(guard);
				(pointer, false)
			}
			CudaStorageSlice::U32(slice) => {
				let (pointer, guard) = slice.device_ptr(&stream);
				guards.push(guard);
				(pointer, true)
			}
			_ => bail!("a kernel needs fp32 numbers, or ids"),
		};
		places.push(Place { first: Pointer(pointer).at(layout.start_offset()), layout, is_ids });
	}
	let Ok(places) = <[Place<'_>; N]>::try_from(places) else { bail!("a kernel has lost an input") };
	let out = device.alloc_zeros::<f32>(shape.elem_count().max(1))?;
	{
		let (to, _guard) = out.device_ptr(&stream);
		kernel.gpu(&mut Stream { device: &device, rooms: Vec::new() }, places, Pointer(to))?;
	}
	drop(guards);
	Ok((CudaStorage::wrap_cuda_slice(out, device), shape))
}
