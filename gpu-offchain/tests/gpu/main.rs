//! The kernels for GPUs, on a stand-in for one: their very source, compiled for this CPU by the C++ compiler, launched by
//! the code that launches them on GPUs. All must have the known bits.

#![allow(
	clippy::arithmetic_side_effects,
	clippy::expect_used,
	clippy::indexing_slicing,
	clippy::unwrap_used,
	reason = "tests"
)]

use candle_core::{Device, Result, Tensor};
use ogpu_worker::{
	artifacts::{Memory, Store},
	job::{Job, Progress},
	kernels::{
		canonical_bytes,
		gpu::{Launcher, Pointer, Product},
		random::Random,
	},
	ops::{AttentionShape, Norm, Ops, Reduction, Repro, Segment, StandIn, Unary},
	selftest::{cases, expected},
};
use proptest::prelude::*;
use std::{
	io::{Read, Write},
	path::Path,
	process::{Child, ChildStdin, ChildStdout, Command, Stdio},
	sync::{Arc, Mutex},
};

/// The other side of `stand_in.cpp`.
#[derive(Debug)]
struct Process {
	child: Child,
	to: ChildStdin,
	from: ChildStdout,
	rooms: Vec<(u64, u64)>,
}

#[derive(Debug)]
struct Emulated(Mutex<Process>);

impl Emulated {
	fn new() -> Arc<Self> {
		let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("stand-in-{}", std::process::id()));
		let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".into());
		let output = Command::new(&compiler)
			.args([
				"-O2",
				"-std=c++17",
				"-ffp-contract=off",
				"-march=native",
				"-U_FORTIFY_SOURCE",
				"-fcf-protection=none",
			])
			.args(["-Wall", "-Wno-unknown-pragmas", "-o"])
			.arg(&program)
			.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/gpu/stand_in.cpp"))
			.output()
			.unwrap_or_else(|error| panic!("a C++ compiler is needed, `{compiler}` or what CXX names: {error}"));
		assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
		let mut child = Command::new(&program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
		std::fs::remove_file(&program).unwrap();
		let (to, from) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
		Arc::new(Self(Mutex::new(Process { child, to, from, rooms: Vec::new() })))
	}

	fn ops(self: &Arc<Self>) -> Repro {
		Repro::on_stand_in(self.clone())
	}
}

impl Drop for Process {
	fn drop(&mut self) {
		self.child.kill().unwrap();
		self.child.wait().unwrap();
	}
}

impl StandIn for Emulated {
	fn with(&self, work: &mut dyn FnMut(&mut dyn Launcher) -> Result<()>) -> Result<()> {
		let mut process = self.0.lock().unwrap();
		let result = work(&mut *process);
		for (pointer, bytes) in std::mem::take(&mut process.rooms) {
			process.say(b'f', &[pointer, bytes]);
		}
		result
	}
}

impl Process {
	fn say(&mut self, what: u8, words: &[u64]) {
		let mut message = vec![what];
		message.extend(words.iter().flat_map(|word| word.to_le_bytes()));
		self.to.write_all(&message).expect("the stand-in has died, see above");
	}

	fn hear(&mut self, bytes: usize) -> Vec<u8> {
		let mut heard = vec![0; bytes];
		self.from.read_exact(&mut heard).expect("the stand-in has died, see above");
		heard
	}
}

impl Launcher for Process {
	fn room(&mut self, numbers: usize) -> Result<Pointer> {
		let bytes = 4 * numbers as u64;
		self.say(b'r', &[bytes]);
		let pointer = u64::from_le_bytes(self.hear(8).try_into().unwrap());
		self.rooms.push((pointer, bytes));
		Ok(Pointer(pointer))
	}

	fn put(&mut self, words: &[u32]) -> Result<Pointer> {
		let room = self.room(words.len())?;
		self.say(b'p', &[room.0, 4 * words.len() as u64]);
		let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
		self.to.write_all(&bytes).unwrap();
		Ok(room)
	}

	fn get(&mut self, from: Pointer, words: usize) -> Result<Vec<u32>> {
		self.say(b'g', &[from.0, 4 * words as u64]);
		let bytes = self.hear(4 * words);
		Ok(bytes.chunks(4).map(|word| u32::from_le_bytes(word.try_into().unwrap())).collect())
	}

	fn launch(&mut self, kernel: &'static str, blocks: [u32; 3], threads: u32, words: &[u64]) -> Result<()> {
		self.say(b'l', &[kernel.len() as u64]);
		let mut message = kernel.as_bytes().to_vec();
		message.extend(blocks.iter().chain(&[threads]).flat_map(|number| number.to_le_bytes()));
		message.extend((words.len() as u64).to_le_bytes());
		message.extend(words.iter().flat_map(|word| word.to_le_bytes()));
		self.to.write_all(&message).unwrap();
		Ok(())
	}
}

fn bits(tensor: &Tensor) -> Vec<u8> {
	canonical_bytes(&tensor.flatten_all().unwrap().to_vec1().unwrap())
}

fn normal(seed: u64, shape: impl Into<candle_core::Shape>) -> Tensor {
	let shape = shape.into();
	let mut values = vec![0.0; shape.elem_count()];
	Random::new(seed, 0).fill_normal(&mut values);
	Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
}

#[test]
fn every_operation_gives_its_known_answer() {
	let ops = Emulated::new().ops();
	for case in cases() {
		assert_eq!(Some(case.digest(&ops).unwrap().to_hex().as_str()), case.expected(), "{}", case.name);
	}
}

/// A GPU runs all jobs in its self-test; here threads take turns, so the smallest one must do.
#[test]
fn a_classifier_trained_on_it_has_its_known_root() {
	let store = Memory::default();
	store.put(include_bytes!("../../examples/data/quarters.bin")).unwrap();
	let manifest = include_bytes!("../../examples/train-classifier.toml");
	let job = Job::with_ops(manifest, None, None, &store, Box::new(Emulated::new().ops())).unwrap();
	let done = job.run(Progress::default(), |_, _| Ok(true)).unwrap();
	let root = job.result(&done).unwrap().root.to_string();
	assert_eq!(Some(root.as_str()), expected("job-train-classifier"));
}

/// Which kernel multiplies is a matter of speed. Each must do what the others do, whatever the shape.
#[test]
fn every_kernel_of_products_has_the_same_bits() {
	let gpu = Emulated::new();
	for [m, k, n] in
		[[1, 7, 5], [4, 64, 64], [5, 33, 130], [16, 100, 65], [64, 16, 64], [129, 47, 131], [200, 300, 70], [3, 0, 2]]
	{
		for turned in [[false, false], [true, false], [false, true], [true, true]] {
			let tensor = |seed: u64, rows: usize, columns: usize, is_turned: bool| match is_turned {
				true => normal(seed, (columns, rows)).t().unwrap(),
				false => normal(seed, (rows, columns)),
			};
			let (a, b) = (tensor(1, m, k, turned[0]), tensor(2, k, n, turned[1]));
			let known = bits(&Repro::default().matmul(&a, &b).unwrap());
			let words = |tensor: &Tensor| -> Vec<u32> {
				let tensor = if tensor.is_contiguous() { tensor.clone() } else { tensor.t().unwrap() };
				tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap().iter().map(|number| number.to_bits()).collect()
			};
			let strides =
				|rows: usize, columns: usize, is_turned: bool| if is_turned { [1, rows] } else { [columns, 1] };
			gpu.with(&mut |on| {
				let (pa, pb, pc) = (on.put(&words(&a))?, on.put(&words(&b))?, on.room(m * n)?);
				let product = Product {
					size: [m, k, n],
					batch: [1, 1],
					a: (pa, strides(m, k, turned[0]), [0, 0]),
					b: (pb, strides(k, n, turned[1]), [0, 0]),
					c: (pc, [n, 1], [0, 0]),
					is_more: false,
					limits: None,
				};
				product.launch_each(on, &mut |on: &mut dyn Launcher| {
					let found = on.get(pc, m * n)?;
					let found: Vec<f32> = found.into_iter().map(f32::from_bits).collect();
					assert_eq!(canonical_bytes(&found), known, "{m} {k} {n} {turned:?}");
					Ok(())
				})
			})
			.unwrap();
		}
	}
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(12))]

	/// Against the kernels for CPUs, over shapes that fit no block.
	#[test]
	fn operations_have_the_bits_of_the_cpu(rows in 1usize..70, width in 1usize..150, seed: u64) {
		thread_local! { static GPU: Arc<Emulated> = Emulated::new(); }
		let (gpu, cpu) = (GPU.with(|gpu| gpu.ops()), Repro::default());
		let (x, dy, gain) = (normal(seed, (rows, width)), normal(seed ^ 1, (rows, width)), normal(seed ^ 2, width));
		let weight = normal(seed ^ 3, (31, width));
		let norm = Norm { has_mean: seed % 2 == 0, epsilon: 1e-5 };
		let all = |ops: &dyn Ops| {
			vec![
				ops.linear(&x, &weight, None), ops.matmul(&x.t().unwrap(), &dy), ops.softmax(&x), ops.softmax_grad(&x, &dy),
				ops.norm(norm, &x, &gain, None), ops.norm(norm, &x, &gain, Some(&gain)), ops.norm_grad(norm, &x, &gain, &dy),
				ops.norm_gain_grad(norm, &x, &dy), ops.sum_rows(&x), ops.reduce(Reduction::Sum, &x),
				ops.reduce(Reduction::Greatest, &x), ops.unary(Unary::Gelu, &x), ops.unary_grad(Unary::Silu, &x, &dy),
			]
		};
		for (index, (gpu, cpu)) in all(&gpu).into_iter().zip(all(&cpu)).enumerate() {
			prop_assert_eq!(bits(&gpu.unwrap()), bits(&cpu.unwrap()), "number {}", index);
		}
	}

	#[test]
	fn attention_has_the_bits_of_the_cpu(
		lengths in prop::collection::vec(1usize..110, 1..3), before in 0usize..60, group in 1usize..4, key_heads in 1usize..3,
		is_causal: bool, seed: u64, hostile in prop::option::of(0usize..100),
	) {
		thread_local! { static GPU: Arc<Emulated> = Emulated::new(); }
		let (gpu, cpu) = (GPU.with(|gpu| gpu.ops()), Repro::default());
		let heads = key_heads * group;
		let shape = |extra: usize| {
			let mut starts = [0, 0];
			let segments = lengths.iter().map(|length| {
				let segment = Segment { queries: [starts[0], *length], keys: [starts[1], length + extra] };
				starts = [starts[0] + length, starts[1] + length + extra];
				segment
			});
			AttentionShape { heads, key_heads, head_width: 12, is_causal, scale: 0.3, segments: segments.collect() }
		};
		let total: usize = lengths.iter().sum();
		let spoilt = |tensor: Tensor| match hostile {
			Some(row) if row < tensor.dim(0).unwrap() => {
				let mut rows: Vec<Vec<f32>> = tensor.to_vec2().unwrap();
				rows[row][0] = f32::INFINITY;
				Tensor::new(rows, &Device::Cpu).unwrap()
			}
			_ => tensor,
		};
		let qkv = spoilt(normal(seed, (total, (heads + 2 * key_heads) * 12)));
		let dy = normal(seed ^ 1, (total, heads * 12));
		let keys = total + before * lengths.len();
		let (q, k, v) = (dy.clone(), spoilt(normal(seed ^ 2, (keys, key_heads * 12))), normal(seed ^ 3, (keys, key_heads * 12)));
		let all = |ops: &dyn Ops| {
			[
				ops.attention_of_rows(&shape(0), &qkv), ops.attention_of_rows_grad(&shape(0), &qkv, &dy),
				ops.attention(&shape(before), &q, &k, &v),
			]
		};
		for (index, (gpu, cpu)) in all(&gpu).into_iter().zip(all(&cpu)).enumerate() {
			prop_assert_eq!(bits(&gpu.unwrap()), bits(&cpu.unwrap()), "number {}", index);
		}
	}
}
