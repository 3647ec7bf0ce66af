//! Parameters: their names, shapes and first values, and the safetensors files in which they travel.

use crate::{
	error::{ensure, Error, Result},
	kernels::{canonical_bytes, random::Random, LANES},
	limits,
};
use candle_core::{Device, Tensor};
use safetensors::{tensor::TensorView, Dtype, SafeTensors};

/// What a parameter is before the first step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
	/// Normal, with this deviation.
	Normal(f32),
	Ones,
	Zeros,
}

/// A parameter. Where a model multiplies with several matrices at once, it is all of them, row upon row.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
	/// Names and rows in files.
	pub parts: Vec<(String, usize)>,
	/// The other dimensions.
	pub row: Vec<usize>,
	pub init: Init,
}

impl Parameter {
	pub fn new(name: impl Into<String>, shape: &[usize], init: Init) -> Self {
		let (rows, row) = shape.split_first().unwrap_or((&1, &[]));
		Self { parts: vec![(name.into(), *rows)], row: row.to_vec(), init }
	}

	/// Several matrices of the same width, one upon the other.
	pub fn stacked(parts: Vec<(String, usize)>, width: usize, init: Init) -> Self {
		Self { parts, row: vec![width], init }
	}

	fn shape_of(&self, rows: usize) -> Vec<usize> {
		[&[rows], self.row.as_slice()].concat()
	}

	pub fn shape(&self) -> Vec<usize> {
		self.shape_of(self.parts.iter().map(|(_, rows)| rows).fold(0, |sum, rows| sum.saturating_add(*rows)))
	}

	pub fn count(&self) -> usize {
		self.shape().iter().fold(1, |product, side| product.saturating_mul(*side))
	}

	/// The first values: of parameter number `index`.
	pub fn first_values(&self, seed: u64, index: usize) -> Result<Vec<f32>> {
		let mut values = vec![0.0; self.count()];
		match self.init {
			Init::Zeros => {}
			Init::Ones => values.fill(1.0),
			Init::Normal(deviation) => {
				Random::new(seed, STREAM.wrapping_add(index as u64)).fill_normal(&mut values);
				values.iter_mut().for_each(|value| *value *= deviation);
			}
		}
		Ok(values)
	}
}

/// Streams from here on are those of parameters.
const STREAM: u64 = 1 << 32;

/// Refuses a model with too many numbers, before any is allocated.
pub fn check(parameters: &[Parameter]) -> Result<()> {
	let total = parameters.iter().map(|parameter| parameter.count() as u64).fold(0, u64::saturating_add);
	limits::within("parameters", total, 1, limits::PARAMETERS)
}

/// How many numbers they are where a model answers, whose [weights](crate::ops::Ops::weights) have room for outputs in
/// sixteens.
pub fn served_count(parameters: &[Parameter]) -> u64 {
	let count = |parameter: &Parameter| {
		let shape = parameter.shape();
		let (rows, row) = shape.split_first().unwrap_or((&1, &[]));
		let rows = (*rows as u64).div_ceil(LANES as u64).saturating_mul(LANES as u64);
		row.iter().fold(rows, |product, side| product.saturating_mul(*side as u64))
	};
	parameters.iter().map(count).fold(0, u64::saturating_add)
}

/// Opens a safetensors file: its header is checked against its length.
pub fn open(bytes: &[u8]) -> Result<SafeTensors<'_>> {
	SafeTensors::deserialize(bytes).map_err(Error::invalid)
}

/// The numbers of a tensor of this shape, as fp32: from fp32, fp16 or bf16, all without rounding.
pub fn numbers(file: &SafeTensors<'_>, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
	let tensor = file.tensor(name).map_err(|_| Error::invalid(format_args!("the file has no tensor {name}")))?;
	let found = tensor.shape();
	ensure(found == shape, format_args!("{name} has the shape {found:?}, not {shape:?}"))?;
	let bytes = tensor.data();
	match tensor.dtype() {
		Dtype::F32 => Ok(bytes.as_chunks::<4>().0.iter().map(|number| f32::from_le_bytes(*number)).collect()),
		Dtype::F16 => {
			Ok(bytes.as_chunks::<2>().0.iter().map(|number| half::f16::from_le_bytes(*number).to_f32()).collect())
		}
		Dtype::BF16 => {
			Ok(bytes.as_chunks::<2>().0.iter().map(|number| half::bf16::from_le_bytes(*number).to_f32()).collect())
		}
		other => Err(Error::invalid(format_args!("{name} has numbers of type {other:?}"))),
	}
}

/// A parameter out of a file, under a prefix.
pub fn read(file: &SafeTensors<'_>, prefix: &str, parameter: &Parameter) -> Result<Vec<f32>> {
	let mut values = Vec::with_capacity(parameter.count());
	for (name, rows) in &parameter.parts {
		values.extend(numbers(file, &format!("{prefix}{name}"), &parameter.shape_of(*rows))?);
	}
	Ok(values)
}

/// A tensor on this device.
pub fn tensor(values: Vec<f32>, shape: &[usize], device: &Device) -> Result<Tensor> {
	Ok(Tensor::from_vec(values, shape, device)?)
}

/// Copies of all parameters, each under its prefix, as a safetensors file: the same bytes for the same numbers.
pub fn write(parameters: &[Parameter], copies: &[(&str, &[Vec<f32>])]) -> Result<Vec<u8>> {
	let mut tensors = Vec::new();
	for (prefix, values) in copies {
		for (parameter, values) in parameters.iter().zip(*values) {
			let mut rest = values.as_slice();
			for (name, rows) in &parameter.parts {
				let shape = parameter.shape_of(*rows);
				let count = shape.iter().product();
				let (part, after) =
					rest.split_at_checked(count).ok_or_else(|| Error::invalid("a parameter has lost numbers"))?;
				rest = after;
				tensors.push((format!("{prefix}{name}"), shape, canonical_bytes(part)));
			}
		}
	}
	let views: std::result::Result<Vec<_>, _> = tensors
		.iter()
		.map(|(name, shape, bytes)| Ok((name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes)?)))
		.collect();
	let views = views.map_err(|error: safetensors::SafeTensorError| Error::invalid(error))?;
	safetensors::serialize(views, None).map_err(Error::invalid)
}
