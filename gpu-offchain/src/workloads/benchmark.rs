//! The benchmark: a chain of square matrices, drawn from a seed. Each step multiplies the matrix so far with one of a
//! bank that fills memory, so that a device needs both its arithmetic and its memory. A leaf is some steps; its carry is
//! the matrix. It has no output, and any number of leaves is a result: on the chain, a device does as many as it has
//! time for.

use crate::{
	error::{ensure, Error, Result},
	job::{FromOpenings, Piece, Run, Workload},
	kernels::{canonical_bytes, random::Random},
	limits,
	ops::{Norm, Ops},
};
use candle_core::{DType, Tensor};
use ogpu_protocol::{
	benchmark::BenchmarkParameters,
	cost::{Leaf, LeafCost},
	merkle::Hash,
};
use serde::{Deserialize, Serialize};
use std::{collections::HashMap, sync::Mutex};

/// The manifest's part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Benchmark {
	pub seed: u64,
	/// Rows and columns.
	pub side: u32,
	/// Matrices of the bank.
	pub bank: u32,
	/// Multiplications of a leaf.
	pub steps: u32,
	/// The most leaves.
	pub leaves: u32,
}

/// Matrices of the bank of the chain's benchmark: 1 GiB of them, at the default side.
const CHAIN_BANK: u32 = 64;

impl Benchmark {
	/// What the chain asks of a device in a window: the seed is the first eight bytes of the task's name.
	pub fn of_task(rules: &BenchmarkParameters, task: &Hash) -> Self {
		let seed = task.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
		Self { seed, side: rules.side, bank: CHAIN_BANK, steps: rules.steps, leaves: limits::LEAVES }
	}
}

/// A chain that is ready to run.
pub struct Chain {
	benchmark: Benchmark,
	ops: Box<dyn Ops>,
	/// Matrices are drawn when they are asked for first, and kept.
	bank: Mutex<HashMap<u32, Tensor>>,
}

/// The stream of the matrix at the beginning; those of the bank follow.
const BEGINNING: u64 = 1;

impl Chain {
	pub fn new(benchmark: &Benchmark, ops: Box<dyn Ops>) -> Result<Self> {
		limits::within("side", benchmark.side, 1, 1 << 15)?;
		limits::within("bank", benchmark.bank, 1, 1 << 16)?;
		limits::within("steps", benchmark.steps, 1, 1 << 20)?;
		limits::within("leaves", benchmark.leaves, 1, limits::LEAVES)?;
		let side = u64::from(benchmark.side);
		let matrices = u64::from(benchmark.bank).saturating_add(6);
		limits::memory(limits::product("the bank", &[side, side, matrices, 4], limits::MEMORY)?)?;
		Ok(Self { benchmark: benchmark.clone(), ops, bank: Mutex::default() })
	}

	fn side(&self) -> usize {
		self.benchmark.side as usize
	}

	fn draw(&self, stream: u64) -> Result<Tensor> {
		let mut values = vec![0.0; self.side().saturating_mul(self.side())];
		Random::new(self.benchmark.seed, stream).fill_uniform(0, &mut values);
		values.iter_mut().for_each(|value| *value -= 0.5);
		Ok(Tensor::from_vec(values, (self.side(), self.side()), self.ops.device())?)
	}

	/// A matrix of the bank.
	fn of_bank(&self, index: u32) -> Result<Tensor> {
		let mut bank = self.bank.lock().map_err(|_| Error::Machine(anyhow::anyhow!("a thread has failed")))?;
		if let Some(matrix) = bank.get(&index) {
			return Ok(matrix.clone());
		}
		let matrix = self.draw(BEGINNING.saturating_add(1).saturating_add(index.into()))?;
		bank.insert(index, matrix.clone());
		Ok(matrix)
	}

	/// Step number `step` of the chain.
	fn step(&self, step: u64, matrix: &Tensor, gain: &Tensor) -> Result<Tensor> {
		// Which one follows from the matrix: nobody can fetch it before.
		let first = matrix.narrow(0, 0, 1)?.flatten_all()?.narrow(0, 0, 1)?.to_vec1::<f32>()?;
		let first = first.first().copied().unwrap_or_default();
		let random = Random::new(self.benchmark.seed ^ u64::from(first.to_bits()), 0);
		let next = self.of_bank(random.below(step, self.benchmark.bank))?;
		let product = self.ops.matmul(matrix, &next)?;
		// Rows of the same size again, so that the chain neither dies nor grows.
		Ok(self.ops.norm(Norm { has_mean: false, epsilon: 1e-6 }, &product, gain, None)?)
	}
}

impl Workload for Chain {
	fn most_leaves(&self) -> u32 {
		self.benchmark.leaves
	}

	fn ends_anywhere(&self) -> bool {
		true
	}

	fn cost(&self, _: u32) -> LeafCost {
		Leaf::Benchmark { side: self.benchmark.side, steps: self.benchmark.steps }.cost()
	}

	fn recompute(&self, leaf: u32, opening: &[u8], _: Option<&[u8]>) -> Result<Piece> {
		let device = self.ops.device();
		let mut matrix = if leaf == 0 {
			self.draw(BEGINNING)?
		} else {
			let (numbers, rest) = opening.as_chunks::<4>();
			let fits = rest.is_empty() && numbers.len() == self.side().saturating_mul(self.side());
			ensure(fits, "an opening that is no matrix of this size")?;
			let values = numbers.iter().map(|number| f32::from_le_bytes(*number)).collect::<Vec<_>>();
			Tensor::from_vec(values, (self.side(), self.side()), device)?
		};
		let gain = Tensor::ones(self.side(), DType::F32, device)?;
		let first = u64::from(leaf).saturating_mul(self.benchmark.steps.into());
		for step in (first..).take(self.benchmark.steps as usize) {
			matrix = self.step(step, &matrix, &gain)?;
		}
		let carry = canonical_bytes(&matrix.flatten_all()?.to_vec1()?);
		Ok(Piece { carry, is_last: leaf.saturating_add(1) == self.benchmark.leaves, ..Piece::default() })
	}

	fn start<'a>(&'a self, leaf: u32, _: u32, opening: &[u8]) -> Result<Box<dyn Run + 'a>> {
		Ok(FromOpenings::boxed(self, leaf, opening))
	}
}
