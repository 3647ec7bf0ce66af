//! The benchmark: a chain of square matrices, drawn from a seed. Each step multiplies the matrix so far with one of a
//! bank that fills memory, so that a device needs both its arithmetic and its memory. A leaf is a step; its carry and
//! output are the matrix.

use crate::{
	error::{Error, Result},
	job::{FromOpenings, Piece, Run, Workload},
	kernels::{canonical_bytes, random::Random},
	limits,
	ops::{Norm, Ops},
};
use candle_core::{Device, Tensor};
use ogpu_protocol::cost::{Leaf, LeafCost};
use serde::{Deserialize, Serialize};
use std::sync::Mutex;

/// The manifest's part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Benchmark {
	pub seed: u64,
	/// Rows and columns.
	pub side: u32,
	/// Matrices of the bank.
	pub bank: u32,
	/// Multiplications.
	pub steps: u32,
}

/// A chain that is ready to run.
pub struct Chain {
	benchmark: Benchmark,
	ops: Box<dyn Ops>,
	/// Drawn when the first leaf asks.
	bank: Mutex<Option<Vec<Tensor>>>,
}

/// The stream of the matrix at the beginning; those of the bank follow.
const BEGINNING: u64 = 1;

impl Chain {
	pub fn new(benchmark: &Benchmark, ops: Box<dyn Ops>) -> Result<Self> {
		limits::within("side", benchmark.side, 1, 1 << 15)?;
		limits::within("bank", benchmark.bank, 1, 1 << 16)?;
		limits::within("steps", benchmark.steps, 1, limits::LEAVES)?;
		let side = u64::from(benchmark.side);
		let matrices = u64::from(benchmark.bank).saturating_add(6);
		limits::memory(limits::product("the bank", &[side, side, matrices, 4], limits::MEMORY)?)?;
		Ok(Self { benchmark: benchmark.clone(), ops, bank: Mutex::new(None) })
	}

	fn side(&self) -> usize {
		self.benchmark.side as usize
	}

	fn draw(&self, stream: u64) -> Result<Tensor> {
		let mut values = vec![0.0; self.side().saturating_mul(self.side())];
		Random::new(self.benchmark.seed, stream).fill_uniform(0, &mut values);
		values.iter_mut().for_each(|value| *value -= 0.5);
		Ok(Tensor::from_vec(values, (self.side(), self.side()), &Device::Cpu)?)
	}

	/// A matrix of the bank, which is drawn as a whole: who wants to answer fast keeps it in memory.
	fn of_bank(&self, index: u32) -> Result<Tensor> {
		let mut bank = self.bank.lock().map_err(|_| Error::Machine(anyhow::anyhow!("a thread has failed")))?;
		if bank.is_none() {
			let streams = (BEGINNING.saturating_add(1)..).take(self.benchmark.bank as usize);
			*bank = Some(streams.map(|stream| self.draw(stream)).collect::<Result<_>>()?);
		}
		let matrix = bank.as_ref().and_then(|bank| bank.get(index as usize)).cloned();
		matrix.ok_or_else(|| Error::invalid("no such matrix"))
	}
}

impl Workload for Chain {
	fn most_leaves(&self) -> u32 {
		self.benchmark.steps
	}

	fn cost(&self, _: u32) -> LeafCost {
		Leaf::Benchmark { side: self.benchmark.side, steps: 1 }.cost()
	}

	fn recompute(&self, leaf: u32, opening: &[u8], _: Option<&[u8]>) -> Result<Piece> {
		let matrix = if leaf == 0 {
			self.draw(BEGINNING)?
		} else {
			let (numbers, rest) = opening.as_chunks::<4>();
			crate::error::ensure(rest.is_empty(), "an opening that is no matrix")?;
			let values = numbers.iter().map(|number| f32::from_le_bytes(*number)).collect::<Vec<_>>();
			Tensor::from_vec(values, (self.side(), self.side()), &Device::Cpu)?
		};
		// Which one follows from the matrix: nobody can fetch it before.
		let first = matrix.flatten_all()?.get(0)?.to_scalar::<f32>()?;
		let random = Random::new(self.benchmark.seed ^ u64::from(first.to_bits()), 0);
		let next = self.of_bank(random.below(leaf.into(), self.benchmark.bank))?;
		let product = self.ops.matmul(&matrix, &next)?;
		// Rows of the same size again, so that the chain neither dies nor grows.
		let gain = Tensor::ones(self.side(), candle_core::DType::F32, &Device::Cpu)?;
		let matrix = self.ops.norm(Norm { has_mean: false, epsilon: 1e-6 }, &product, &gain, None)?;
		let carry = canonical_bytes(&matrix.flatten_all()?.to_vec1()?);
		let is_last = leaf.saturating_add(1) == self.benchmark.steps;
		let output = if is_last { carry.clone() } else { Vec::new() };
		Ok(Piece { output, carry, is_last, ..Piece::default() })
	}

	fn start<'a>(&'a self, leaf: u32, opening: &[u8]) -> Result<Box<dyn Run + 'a>> {
		Ok(FromOpenings::boxed(self, leaf, opening))
	}
}
