//! The kernel set `repro-1`: each operation as a custom op of candle.

use super::{
	custom::{Custom, Input, Kernel, Place, StandIn},
	weights::{IntoPanels, RowsOf, Through, Weights},
	AdamW, AttentionShape, Norm, Ops, Reduction, Sgd, Unary,
};
use crate::kernels::{
	attention::{attention, attention_grad, Side},
	gather::{embedding, embedding_grad, pool, pool_grad, rope, windows, windows_grad, Pools, Windows},
	gpu::{self, Launcher, Pointer},
	matmul::{product, products, Matrix, Output},
	pointwise::{adamw, sgd, unary, unary_grad},
	rows, Path,
};
use candle_core::{bail, Device, Error, Layout, Result, Shape, Tensor};
use std::sync::Arc;

/// The reproducible kernels, on the device where the tensors are.
#[derive(Clone, Debug)]
pub struct Repro {
	device: Device,
	/// Which instructions a CPU uses: a matter of speed alone.
	path: Path,
	/// Instead of the CPU: to test what is written for GPUs.
	stand_in: Option<Arc<dyn StandIn>>,
}

impl Default for Repro {
	fn default() -> Self {
		Self::on(&Device::Cpu)
	}
}

impl Repro {
	pub fn on(device: &Device) -> Self {
		Self { device: device.clone(), path: Path::best(), stand_in: None }
	}

	/// On the CPU with these instructions.
	pub fn with_path(path: Path) -> Self {
		Self { path, ..Self::default() }
	}

	/// The kernels for GPUs, on a stand-in for one.
	pub fn on_stand_in(stand_in: Arc<dyn StandIn>) -> Self {
		Self { stand_in: Some(stand_in), ..Self::default() }
	}

	fn is_cpu(&self) -> bool {
		self.device.is_cpu() && self.stand_in.is_none()
	}

	fn custom<K>(&self, kernel: K) -> Custom<K> {
		Custom { path: self.path, stand_in: self.stand_in.clone(), kernel }
	}

	fn one<K: Kernel<1>>(&self, kernel: K, x: &Tensor) -> Result<Tensor> {
		x.apply_op1_no_bwd(&self.custom(kernel))
	}

	fn two<K: Kernel<2>>(&self, kernel: K, x: &Tensor, y: &Tensor) -> Result<Tensor> {
		x.apply_op2_no_bwd(y, &self.custom(kernel))
	}

	fn three<K: Kernel<3>>(&self, kernel: K, x: &Tensor, y: &Tensor, z: &Tensor) -> Result<Tensor> {
		x.apply_op3_no_bwd(y, z, &self.custom(kernel))
	}
}

pub(super) fn misfit(name: &str) -> Error {
	Error::msg(format!("{name}: the inputs do not fit"))
}

/// How many rows, and how wide.
fn size(layout: &Layout) -> Result<[usize; 2]> {
	let width = width(layout)?;
	Ok([layout.shape().elem_count().checked_div(width).unwrap_or_default(), width])
}

/// The last dimension.
fn width(layout: &Layout) -> Result<usize> {
	layout.dims().last().copied().ok_or_else(|| misfit("a row"))
}

fn same(name: &str, a: &Layout, b: &Layout) -> Result<Shape> {
	if a.shape() == b.shape() {
		Ok(a.shape().clone())
	} else {
		Err(misfit(name))
	}
}

struct MatMul;

/// The dimensions before the last two, and those.
fn split_matrix(layout: &Layout) -> Result<(&[usize], [usize; 2])> {
	match layout.dims().split_last_chunk::<2>() {
		Some((batch, size)) => Ok((batch, *size)),
		None => Err(misfit("matmul")),
	}
}

/// Where number `index` begins, counted in these dimensions, the last one fastest.
fn offset(index: usize, lengths: &[usize], strides: &[usize]) -> usize {
	let (mut rest, mut offset) = (index, 0usize);
	for (length, stride) in lengths.iter().zip(strides).rev() {
		let place = rest.checked_rem(*length).unwrap_or_default();
		rest = rest.checked_div(*length).unwrap_or_default();
		offset = offset.saturating_add(place.saturating_mul(*stride));
	}
	offset
}

/// The matrices of a batch, whose dimensions before the last two have no gaps among each other or are one.
pub(super) fn matrices<'a>(input: &Input<'a>) -> Result<Vec<Matrix<'a>>> {
	let (batch, size) = split_matrix(input.layout)?;
	let values = input.numbers_on()?;
	let (batch_strides, strides) = input.layout.stride().split_last_chunk::<2>().ok_or_else(|| misfit("matmul"))?;
	let count = batch.iter().product::<usize>();
	(0..count)
		.map(|index| {
			values
				.get(offset(index, batch, batch_strides)..)
				.and_then(|values| Matrix::new(values, size, *strides))
				.ok_or_else(|| misfit("matmul"))
		})
		.collect()
}

impl Kernel<2> for MatMul {
	const NAME: &'static str = "repro-matmul";

	fn shape(&self, [a, b]: [&Layout; 2]) -> Result<Shape> {
		let ((batch_a, [m, k]), (batch_b, [k_b, n])) = (split_matrix(a)?, split_matrix(b)?);
		if batch_a != batch_b || k != k_b {
			bail!("matmul of {:?} and {:?}", a.dims(), b.dims());
		}
		Ok(Shape::from_dims(&[batch_a, &[m, n]].concat()))
	}

	fn cpu(&self, path: Path, [a, b]: [Input<'_>; 2], out: &mut [f32]) -> Result<()> {
		let pairs: Vec<_> = matrices(&a)?.into_iter().zip(matrices(&b)?).collect();
		products(path, &pairs, out).ok_or_else(|| misfit(Self::NAME))
	}

	fn gpu(&self, on: &mut dyn Launcher, [a, b]: [Place<'_>; 2], out: Pointer) -> Result<()> {
		let ((batch, [m, k]), (_, [_, n])) = (split_matrix(a.layout)?, split_matrix(b.layout)?);
		let (from_a, of_a) = a.layout.stride().split_last_chunk::<2>().ok_or_else(|| misfit(Self::NAME))?;
		let (from_b, of_b) = b.layout.stride().split_last_chunk::<2>().ok_or_else(|| misfit(Self::NAME))?;
		let (a, b) = (a.numbers_on()?, b.numbers_on()?);
		// The last two dimensions of the batch at once; those before, one matrix of matrices after the other.
		let digits = |all: &[usize], none: usize| match all.split_last_chunk::<2>() {
			Some((before, last)) => (before.to_vec(), *last),
			None => (Vec::new(), [none, all.first().copied().unwrap_or(none)]),
		};
		let ((before, batch), (before_a, jumps_a), (before_b, jumps_b)) =
			(digits(batch, 1), digits(from_a, 0), digits(from_b, 0));
		let size = m.saturating_mul(n);
		let inner = batch.last().copied().unwrap_or(1).saturating_mul(size);
		let all = batch.iter().product::<usize>().saturating_mul(size);
		for index in 0..before.iter().product() {
			gpu::Product {
				size: [m, k, n],
				batch,
				a: (a.at(offset(index, &before, &before_a)), *of_a, jumps_a),
				b: (b.at(offset(index, &before, &before_b)), *of_b, jumps_b),
				c: (out.at(all.saturating_mul(index)), [n, 1], [inner, size]),
				is_more: false,
				limits: None,
			}
			.launch(on)?;
		}
		Ok(())
	}
}

struct Apply(Unary);

impl Kernel<1> for Apply {
	const NAME: &'static str = "repro-unary";

	fn shape(&self, [x]: [&Layout; 1]) -> Result<Shape> {
		Ok(x.shape().clone())
	}

	fn cpu(&self, path: Path, [x]: [Input<'_>; 1], out: &mut [f32]) -> Result<()> {
		unary(path, self.0, x.numbers()?, out);
		Ok(())
	}

	fn gpu(&self, on: &mut dyn Launcher, [x]: [Place<'_>; 1], out: Pointer) -> Result<()> {
		gpu::unary(on, self.0, x.numbers()?, x.layout.shape().elem_count(), out)
	}
}

struct ApplyGrad(Unary);

impl Kernel<2> for ApplyGrad {
	const NAME: &'static str = "repro-unary-grad";

	fn shape(&self, [x, dy]: [&Layout; 2]) -> Result<Shape> {
		same(Self::NAME, x, dy)
	}

	fn cpu(&self, path: Path, [x, dy]: [Input<'_>; 2], out: &mut [f32]) -> Result<()> {
		unary_grad(path, self.0, x.numbers()?, dy.numbers()?, out);
		Ok(())
	}

	fn gpu(&self, on: &mut dyn Launcher, [x, dy]: [Place<'_>; 2], out: Pointer) -> Result<()> {
		gpu::unary_grad(on, self.0, [x.numbers()?, dy.numbers()?], x.layout.shape().elem_count(), out)
	}
}

struct Softmax;

impl Kernel<1> for Softmax {
	const NAME: &'static str = "repro-softmax";

	fn shape(&self, [x]: [&Layout; 1]) -> Result<Shape> {
		Ok(x.shape().clone())
	}

	fn cpu(&self, path: Path, [x]: [Input<'_>; 1], out: &mut [f32]) -> Result<()> {
		rows::softmax(path, width(x.layout)?, x.numbers()?, out);
		Ok(())
	}

	fn gpu(&self, on: &mut dyn Launcher, [x]: [Place<'_>; 1], out: Pointer) -> Result<()> {
		gpu::softmax(on, size(x.layout)?, x.numbers()?, out)
	}
}

struct SoftmaxGrad;

impl Kernel<2> for SoftmaxGrad {
	const NAME: &'static str = "repro-softmax-grad";

	fn shape(&self, [y, dy]: [&Layout; 2]) -> Result<Shape> {
		same(Self::NAME, y, dy)
	}

	fn cpu(&self, path: Path, [y, dy]: [Input<'_>; 2], out: &mut [f32]) -> Result<()> {
		rows::softmax_grad(path, width(y.layout)?, y.numbers()?, dy.numbers()?, out);
		Ok(())
	}

	fn gpu(&self, on: &mut dyn Launcher, [y, dy]: [Place<'_>; 2], out: Pointer) -> Result<()> {
		gpu::softmax_grad(on, size(y.layout)?, [y.numbers()?, dy.numbers()?], out)
	}
}

fn fits_gain(x: &Layout, gain: &Layout) -> Result<Shape> {
	if gain.dims() == [width(x)?] {
		Ok(x.shape().clone())
	} else {
		Err(misfit("a norm"))
	}
}

struct Gained(Norm);

impl Kernel<2> for Gained {
	const NAME: &'static str = "repro-norm";

	fn shape(&self, [x, gain]: [&Layout; 2]) -> Result<Shape> {
		fits_gain(x, gain)
	}

	fn cpu(&self, path: Path, [x, gain]: [Input<'_>; 2], out: &mut [f32]) -> Result<()> {
		rows::norm(path, self.0, x.numbers()?, gain.numbers()?, None, out);
		Ok(())
	}

	fn gpu(&self, on: &mut dyn Launcher, [x, gain]: [Place<'_>; 2], out: Pointer) -> Result<()> {
		gpu::norm(on, self.0, size(x.layout)?, [x.numbers()?, gain.numbers()?], None, out)
	}
}

impl Kernel<3> for Gained {
	const NAME: &'static str = "repro-norm-bias";

	fn shape(&self, [x, gain, bias]: [&Layout; 3]) -> Result<Shape> {
		fits_gain(x, bias)?;
		fits_gain(x, gain)
	}

	fn cpu(&self, path: Path, [x, gain, bias]: [Input<'_>; 3], out: &mut [f32]) -> Result<()> {
		rows::norm(path, self.0, x.numbers()?, gain.numbers()?, Some(bias.numbers()?), out);
		Ok(())
	}

	fn gpu(&self, on: &mut dyn Launcher, [x, gain, bias]: [Place<'_>; 3], out: Pointer) -> Result<()> {
		gpu::norm(on, self.0, size(x.layout)?, [x.numbers()?, gain.numbers()?], Some(bias.numbers()?), out)
	}
}

struct NormGrad(Norm);

impl Kernel<3> for NormGrad {
	const NAME: &'static str = "repro-norm-grad";

	fn shape(&self, [x, gain, dy]: [&Layout; 3]) -> Result<Shape> {
		same("norm-grad", x, dy)?;
		fits_gain(x, gain)
	}

	fn cpu(&self, path: Path, [x, gain, dy]: [Input<'_>; 3], out: &mut [f32]) -> Result<()> {
		rows::norm_grad(path, self.0, x.numbers()?, gain.numbers()?, dy.numbers()?, out);
		Ok(())
	}

	fn gpu(&self, on: &mut dyn Launcher, [x, gain, dy]: [Place<'_>; 3], out: Pointer) -> Result<()> {
		gpu::norm_grad(on, self.0, size(x.layout)?, [x.numbers()?, gain.numbers()?, dy.numbers()?], out)
	}
}

struct NormGainGrad(Norm);

impl Kernel<2> for NormGainGrad {
	const NAME: &'static str = "repro-norm-gain-grad";

	fn shape(&self, [x, dy]: [&Layout; 2]) -> Result<Shape> {
		same(Self::NAME, x, dy)?;
		Ok(width(x)?.into())
	}

	fn cpu(&self, path: Path, [x, dy]: [Input<'_>; 2], out: &mut [f32]) -> Result<()> {
		rows::norm_gain_grad(path, self.0, x.numbers()?, dy.numbers()?, out);
		Ok(())
	}

	fn gpu(&self, on: &mut dyn Launcher, [x, dy]: [Place<'_>; 2], out: Pointer) -> Result<()> {
		gpu::norm_gain_grad(on, self.0, size(x.layout)?, [x.numbers()?, dy.numbers()?], out)
	}
}

struct SumRows;

impl Kernel<1> for SumRows {
	const NAME: &'static str = "repro-sum-rows";

	fn shape(&self, [x]: [&Layout; 1]) -> Result<Shape> {
		Ok(width(x)?.into())
	}

	fn cpu(&self, path: Path, [x]: [Input<'_>; 1], out: &mut [f32]) -> Result<()> {
		rows::sum_rows(path, x.numbers()?, out);
		Ok(())
	}

	fn gpu(&self, on: &mut dyn Launcher, [x]: [Place<'_>; 1], out: Pointer) -> Result<()> {
		gpu::sum_rows(on, size(x.layout)?, x.numbers()?, out)
	}
}

struct Reduce(Reduction);

impl Kernel<1> for Reduce {
	const NAME: &'static str = "repro-reduce";

	fn shape(&self, [x]: [&Layout; 1]) -> Result<Shape> {
		match x.dims().split_last() {
			Some((_, rows)) => Ok(Shape::from_dims(rows)),
			None => Err(misfit(Self::NAME)),
		}
	}

	fn cpu(&self, path: Path, [x]: [Input<'_>; 1], out: &mut [f32]) -> Result<()> {
		rows::reduce(path, self.0, width(x.layout)?, x.numbers()?, out);
		Ok(())
	}

	fn gpu(&self, on: &mut dyn Launcher, [x]: [Place<'_>; 1], out: Pointer) -> Result<()> {
		gpu::reduce(on, self.0, size(x.layout)?, x.numbers()?, out)
	}
}

fn check_ids(ids: &[u32], bound: usize) -> Result<()> {
	match ids.iter().find(|id| **id as usize >= bound) {
		Some(id) => bail!("there is no row {id} among {bound}"),
		None => Ok(()),
	}
}

struct Embedding;

impl Kernel<2> for Embedding {
	const NAME: &'static str = "repro-embedding";

	fn shape(&self, [table, ids]: [&Layout; 2]) -> Result<Shape> {
		match (table.dims(), ids.dims()) {
			([_, width], [count]) => Ok((*count, *width).into()),
			_ => Err(misfit(Self::NAME)),
		}
	}

	fn cpu(&self, _: Path, [table, ids]: [Input<'_>; 2], out: &mut [f32]) -> Result<()> {
		check_ids(ids.ids()?, table.layout.dims().first().copied().unwrap_or_default())?;
		embedding(table.numbers()?, width(table.layout)?, ids.ids()?, out);
		Ok(())
	}

	fn gpu(&self, on: &mut dyn Launcher, [table, ids]: [Place<'_>; 2], out: Pointer) -> Result<()> {
		let (ids, values) = ids.ids(on)?;
		check_ids(&values, table.layout.dims().first().copied().unwrap_or_default())?;
		gpu::embedding(on, [values.len(), width(table.layout)?], [table.numbers()?, ids], out)
	}
}

struct EmbeddingGrad {
	rows: usize,
}

impl Kernel<2> for EmbeddingGrad {
	const NAME: &'static str = "repro-embedding-grad";

	fn shape(&self, [ids, dy]: [&Layout; 2]) -> Result<Shape> {
		match (ids.dims(), dy.dims()) {
			([count], [rows, width]) if count == rows => Ok((self.rows, *width).into()),
			_ => Err(misfit(Self::NAME)),
		}
	}

	fn cpu(&self, path: Path, [ids, dy]: [Input<'_>; 2], out: &mut [f32]) -> Result<()> {
		check_ids(ids.ids()?, self.rows)?;
		embedding_grad(path, ids.ids()?, dy.numbers()?, width(dy.layout)?, out);
		Ok(())
	}

	fn gpu(&self, on: &mut dyn Launcher, [ids, dy]: [Place<'_>; 2], out: Pointer) -> Result<()> {
		let (_, ids) = ids.ids(on)?;
		check_ids(&ids, self.rows)?;
		gpu::embedding_grad(on, &ids, width(dy.layout)?, dy.numbers()?, out)
	}
}

struct Rope {
	rotated: usize,
	is_inverse: bool,
}

impl Kernel<2> for Rope {
	const NAME: &'static str = "repro-rope";

	fn shape(&self, [x, angles]: [&Layout; 2]) -> Result<Shape> {
		match (x.dims(), angles.dims()) {
			([positions, width], [count, head_width])
				if positions == count
					&& head_width.checked_rem(2) == Some(0)
					&& width.checked_rem(*head_width) == Some(0)
					&& self.rotated.checked_mul(*head_width).is_some_and(|rotated| rotated <= *width) =>
			{
				Ok(x.shape().clone())
			}
			_ => Err(misfit(Self::NAME)),
		}
	}

	fn cpu(&self, _: Path, [x, angles]: [Input<'_>; 2], out: &mut [f32]) -> Result<()> {
		rope(x.numbers()?, angles.numbers()?, width(angles.layout)?, self.rotated, self.is_inverse, out);
		Ok(())
	}

	fn gpu(&self, on: &mut dyn Launcher, [x, angles]: [Place<'_>; 2], out: Pointer) -> Result<()> {
		let how = (width(angles.layout)?, self.rotated, self.is_inverse);
		gpu::rope(on, size(x.layout)?, how, [x.numbers()?, angles.numbers()?], out)
	}
}

/// A row of heads, all the same.
fn side<'a>(input: &Input<'a>, start: usize) -> Result<Side<'a>> {
	Ok(Side { values: input.numbers()?, start, row_stride: width(input.layout)? })
}

fn rows_of(layout: &Layout) -> Result<[usize; 2]> {
	layout.dims().try_into().map_err(|_| misfit("rows"))
}

struct Attention<'a>(&'a AttentionShape);

impl Kernel<3> for Attention<'_> {
	const NAME: &'static str = "repro-attention";

	fn shape(&self, [q, k, v]: [&Layout; 3]) -> Result<Shape> {
		let ([queries, width], [keys, key_width]) = (rows_of(q)?, rows_of(k)?);
		let of_heads = |heads: usize| heads.checked_mul(self.0.head_width);
		let fits = self.0.check(queries, keys)
			&& of_heads(self.0.heads) == Some(width)
			&& of_heads(self.0.key_heads) == Some(key_width)
			&& k.shape() == v.shape();
		if fits {
			Ok((queries, width).into())
		} else {
			Err(misfit(<Self as Kernel<3>>::NAME))
		}
	}

	fn cpu(&self, path: Path, [q, k, v]: [Input<'_>; 3], out: &mut [f32]) -> Result<()> {
		let sides = [side(&q, 0)?, side(&k, 0)?, side(&v, 0)?];
		attention(path, self.0, sides, out).ok_or_else(|| misfit(<Self as Kernel<3>>::NAME))
	}

	fn gpu(&self, on: &mut dyn Launcher, [q, k, v]: [Place<'_>; 3], out: Pointer) -> Result<()> {
		let side =
			|place: Place<'_>| Result::Ok(gpu::Side { first: place.numbers()?, row_stride: width(place.layout)? });
		gpu::attention(on, self.0, [side(q)?, side(k)?, side(v)?], out)
	}
}

/// Where queries, keys and values start in a row.
fn starts(shape: &AttentionShape) -> [usize; 3] {
	let keys = shape.heads.saturating_mul(shape.head_width);
	[0, keys, keys.saturating_add(shape.key_heads.saturating_mul(shape.head_width))]
}

fn sides<'a>(shape: &AttentionShape, qkv: &Input<'a>) -> Result<[Side<'a>; 3]> {
	let [queries, keys, values] = starts(shape);
	Ok([side(qkv, queries)?, side(qkv, keys)?, side(qkv, values)?])
}

fn check_qkv(shape: &AttentionShape, qkv: &Layout) -> Result<[usize; 2]> {
	let [rows, width] = rows_of(qkv)?;
	let heads = shape.key_heads.checked_mul(2).and_then(|keys| keys.checked_add(shape.heads));
	let fits = shape.check(rows, rows)
		&& heads.and_then(|heads| heads.checked_mul(shape.head_width)) == Some(width)
		&& shape.segments.iter().all(|segment| segment.queries == segment.keys);
	if fits {
		Ok([rows, shape.heads.saturating_mul(shape.head_width)])
	} else {
		Err(misfit("attention of rows"))
	}
}

impl Kernel<1> for Attention<'_> {
	const NAME: &'static str = "repro-attention-of-rows";

	fn shape(&self, [qkv]: [&Layout; 1]) -> Result<Shape> {
		Ok(Shape::from_dims(&check_qkv(self.0, qkv)?))
	}

	fn cpu(&self, path: Path, [qkv]: [Input<'_>; 1], out: &mut [f32]) -> Result<()> {
		attention(path, self.0, sides(self.0, &qkv)?, out).ok_or_else(|| misfit(<Self as Kernel<1>>::NAME))
	}

	fn gpu(&self, on: &mut dyn Launcher, [qkv]: [Place<'_>; 1], out: Pointer) -> Result<()> {
		let row_stride = width(qkv.layout)?;
		let first = qkv.numbers()?;
		let sides = starts(self.0).map(|start| gpu::Side { first: first.at(start), row_stride });
		gpu::attention(on, self.0, sides, out)
	}
}

struct AttentionGrad<'a>(&'a AttentionShape);

impl Kernel<2> for AttentionGrad<'_> {
	const NAME: &'static str = "repro-attention-of-rows-grad";

	fn shape(&self, [qkv, dy]: [&Layout; 2]) -> Result<Shape> {
		if check_qkv(self.0, qkv)? == rows_of(dy)? {
			Ok(qkv.shape().clone())
		} else {
			Err(misfit(Self::NAME))
		}
	}

	fn cpu(&self, path: Path, [qkv, dy]: [Input<'_>; 2], out: &mut [f32]) -> Result<()> {
		let qkv = sides(self.0, &qkv)?;
		attention_grad(path, self.0, qkv, side(&dy, 0)?, out).ok_or_else(|| misfit(Self::NAME))
	}

	fn gpu(&self, on: &mut dyn Launcher, [qkv, dy]: [Place<'_>; 2], out: Pointer) -> Result<()> {
		let side = |first: Pointer, row_stride: usize| gpu::Side { first, row_stride };
		let row = width(qkv.layout)?;
		let dy = side(dy.numbers()?, width(dy.layout)?);
		gpu::attention_grad(on, self.0, side(qkv.numbers()?, row), dy, side(out, row))
	}
}

struct CrossEntropy;

fn targets_of(logits: &Layout, targets: &Layout) -> Result<usize> {
	match (logits.dims(), targets.dims()) {
		([rows, _], [count]) if rows == count => Ok(*rows),
		_ => Err(misfit("cross entropy")),
	}
}

impl Kernel<2> for CrossEntropy {
	const NAME: &'static str = "repro-cross-entropy";

	fn shape(&self, [logits, targets]: [&Layout; 2]) -> Result<Shape> {
		Ok(targets_of(logits, targets)?.into())
	}

	fn cpu(&self, path: Path, [logits, targets]: [Input<'_>; 2], out: &mut [f32]) -> Result<()> {
		let width = width(logits.layout)?;
		check_ids(targets.ids()?, width)?;
		rows::cross_entropy(path, width, logits.numbers()?, targets.ids()?, out);
		Ok(())
	}

	fn gpu(&self, on: &mut dyn Launcher, [logits, targets]: [Place<'_>; 2], out: Pointer) -> Result<()> {
		let (targets, values) = targets.ids(on)?;
		check_ids(&values, width(logits.layout)?)?;
		gpu::cross_entropy(on, size(logits.layout)?, [logits.numbers()?, targets], out)
	}
}

struct CrossEntropyGrad {
	scale: f32,
}

impl Kernel<2> for CrossEntropyGrad {
	const NAME: &'static str = "repro-cross-entropy-grad";

	fn shape(&self, [logits, targets]: [&Layout; 2]) -> Result<Shape> {
		targets_of(logits, targets)?;
		Ok(logits.shape().clone())
	}

	fn cpu(&self, path: Path, [logits, targets]: [Input<'_>; 2], out: &mut [f32]) -> Result<()> {
		let width = width(logits.layout)?;
		check_ids(targets.ids()?, width)?;
		rows::cross_entropy_grad(path, self.scale, width, logits.numbers()?, targets.ids()?, out);
		Ok(())
	}

	fn gpu(&self, on: &mut dyn Launcher, [logits, targets]: [Place<'_>; 2], out: Pointer) -> Result<()> {
		let (targets, values) = targets.ids(on)?;
		check_ids(&values, width(logits.layout)?)?;
		gpu::cross_entropy_grad(on, self.scale, size(logits.layout)?, [logits.numbers()?, targets], out)
	}
}

/// A convolution: its windows and what they are multiplied with.
#[derive(Clone, Copy)]
struct Convolution {
	images: usize,
	outputs: usize,
	windows: Windows,
	/// Height and width of what comes out.
	pixels: [usize; 2],
}

impl Convolution {
	fn new(x: &[usize], kernels: &[usize], stride: usize, padding: usize) -> Result<Self> {
		match (x, kernels) {
			(&[images, channels, height, width], &[outputs, of_channels, kernel_height, kernel_width])
				if channels == of_channels =>
			{
				let kernel = [kernel_height, kernel_width];
				let windows = Windows { channels, height, width, kernel, stride, padding };
				let pixels = windows.output().ok_or_else(|| misfit("conv2d"))?;
				Ok(Self { images, outputs, windows, pixels })
			}
			_ => Err(misfit("conv2d")),
		}
	}

	fn on_gpu(&self) -> gpu::Convolution {
		let &Self { images, outputs, windows, pixels } = self;
		gpu::Convolution { images, outputs, windows, pixels }
	}

	fn area(&self) -> usize {
		self.pixels.iter().product()
	}

	fn image(&self) -> usize {
		[self.windows.channels, self.windows.height, self.windows.width].iter().product()
	}

	fn result(&self) -> usize {
		self.outputs.saturating_mul(self.area())
	}
}

struct Conv2d(Convolution);

impl Kernel<2> for Conv2d {
	const NAME: &'static str = "repro-conv2d";

	fn shape(&self, _: [&Layout; 2]) -> Result<Shape> {
		let Convolution { images, outputs, pixels: [height, width], .. } = self.0;
		Ok((images, outputs, height, width).into())
	}

	fn cpu(&self, path: Path, [x, kernels]: [Input<'_>; 2], out: &mut [f32]) -> Result<()> {
		let (c, size) = (&self.0, self.0.windows.size());
		let kernels = Matrix::dense(kernels.numbers()?, c.outputs, size).ok_or_else(|| misfit(Self::NAME))?;
		let mut columns = vec![0.0; size.saturating_mul(c.area())];
		let parts = x.numbers()?.chunks_exact(c.image().max(1)).zip(out.chunks_exact_mut(c.result().max(1)));
		for (image, out) in parts {
			windows(&c.windows, c.pixels, image, &mut columns);
			Matrix::dense(&columns, size, c.area())
				.and_then(|columns| products(path, &[(kernels, columns)], out))
				.ok_or_else(|| misfit(Self::NAME))?;
		}
		Ok(())
	}

	fn gpu(&self, on: &mut dyn Launcher, [x, kernels]: [Place<'_>; 2], out: Pointer) -> Result<()> {
		self.0.on_gpu().forward(on, [x.numbers()?, kernels.numbers()?], out)
	}
}

struct Conv2dImageGrad(Convolution);

impl Kernel<2> for Conv2dImageGrad {
	const NAME: &'static str = "repro-conv2d-image-grad";

	fn shape(&self, _: [&Layout; 2]) -> Result<Shape> {
		let Convolution { images, windows: Windows { channels, height, width, .. }, .. } = self.0;
		Ok((images, channels, height, width).into())
	}

	fn cpu(&self, path: Path, [kernels, dy]: [Input<'_>; 2], out: &mut [f32]) -> Result<()> {
		let (c, size) = (&self.0, self.0.windows.size());
		let turned = Matrix::new(kernels.numbers()?, [size, c.outputs], [1, size]).ok_or_else(|| misfit(Self::NAME))?;
		let mut columns = vec![0.0; size.saturating_mul(c.area())];
		let parts = dy.numbers()?.chunks_exact(c.result().max(1)).zip(out.chunks_exact_mut(c.image().max(1)));
		for (dy, out) in parts {
			Matrix::dense(dy, c.outputs, c.area())
				.and_then(|dy| products(path, &[(turned, dy)], &mut columns))
				.ok_or_else(|| misfit(Self::NAME))?;
			windows_grad(&c.windows, c.pixels, &columns, out);
		}
		Ok(())
	}

	fn gpu(&self, on: &mut dyn Launcher, [kernels, dy]: [Place<'_>; 2], out: Pointer) -> Result<()> {
		self.0.on_gpu().image_grad(on, [kernels.numbers()?, dy.numbers()?], out)
	}
}

struct Conv2dKernelGrad(Convolution);

impl Kernel<2> for Conv2dKernelGrad {
	const NAME: &'static str = "repro-conv2d-kernel-grad";

	fn shape(&self, _: [&Layout; 2]) -> Result<Shape> {
		let Convolution { outputs, windows: Windows { channels, kernel: [height, width], .. }, .. } = self.0;
		Ok((outputs, channels, height, width).into())
	}

	fn cpu(&self, path: Path, [x, dy]: [Input<'_>; 2], out: &mut [f32]) -> Result<()> {
		let (c, size) = (&self.0, self.0.windows.size());
		let mut columns = vec![0.0; size.saturating_mul(c.area())];
		let images = x.numbers()?.chunks_exact(c.image().max(1));
		for (index, (image, dy)) in images.zip(dy.numbers()?.chunks_exact(c.result().max(1))).enumerate() {
			windows(&c.windows, c.pixels, image, &mut columns);
			let turned = Matrix::new(&columns, [c.area(), size], [1, c.area()]);
			let dy = Matrix::dense(dy, c.outputs, c.area());
			dy.zip(turned)
				.and_then(|(dy, turned)| product(path, dy, turned, Output::new(out, size), index > 0))
				.ok_or_else(|| misfit(Self::NAME))?;
		}
		Ok(())
	}

	fn gpu(&self, on: &mut dyn Launcher, [x, dy]: [Place<'_>; 2], out: Pointer) -> Result<()> {
		self.0.on_gpu().kernel_grad(on, [x.numbers()?, dy.numbers()?], out)
	}
}

struct Pool(Pools);

impl Pool {
	/// Of `[images, channels, height, width]`.
	fn new(dims: &[usize], side: usize) -> Result<Self> {
		match *dims {
			[images, channels, height, width] if side > 0 => {
				Ok(Self(Pools { planes: images.saturating_mul(channels), height, width, side }))
			}
			_ => Err(misfit("pool")),
		}
	}

	fn shape_of(&self, x: &Layout) -> Result<Shape> {
		let [height, width] = self.0.pixels();
		match *x.dims() {
			[images, channels, _, _] => Ok((images, channels, height, width).into()),
			_ => Err(misfit("pool")),
		}
	}
}

impl Kernel<1> for Pool {
	const NAME: &'static str = "repro-pool";

	fn shape(&self, [x]: [&Layout; 1]) -> Result<Shape> {
		self.shape_of(x)
	}

	fn cpu(&self, _: Path, [x]: [Input<'_>; 1], out: &mut [f32]) -> Result<()> {
		pool(&self.0, x.numbers()?, out);
		Ok(())
	}

	fn gpu(&self, on: &mut dyn Launcher, [x]: [Place<'_>; 1], out: Pointer) -> Result<()> {
		gpu::pool(on, &self.0, x.numbers()?, out)
	}
}

impl Kernel<2> for Pool {
	const NAME: &'static str = "repro-pool-grad";

	fn shape(&self, [x, dy]: [&Layout; 2]) -> Result<Shape> {
		if self.shape_of(x)? == *dy.shape() {
			Ok(x.shape().clone())
		} else {
			Err(misfit(<Self as Kernel<2>>::NAME))
		}
	}

	fn cpu(&self, _: Path, [x, dy]: [Input<'_>; 2], out: &mut [f32]) -> Result<()> {
		pool_grad(&self.0, x.numbers()?, dy.numbers()?, out);
		Ok(())
	}

	fn gpu(&self, on: &mut dyn Launcher, [x, dy]: [Place<'_>; 2], out: Pointer) -> Result<()> {
		gpu::pool_grad(on, &self.0, [x.numbers()?, dy.numbers()?], out)
	}
}

/// State `[copies, n]` with a gradient of n numbers.
fn fits_state(name: &str, copies: usize, state: &Layout, grad: &Layout) -> Result<Shape> {
	if state.dims() == [copies, grad.shape().elem_count()] {
		Ok(state.shape().clone())
	} else {
		Err(misfit(name))
	}
}

struct AdamWStep(AdamW);

impl Kernel<2> for AdamWStep {
	const NAME: &'static str = "repro-adamw";

	fn shape(&self, [state, grad]: [&Layout; 2]) -> Result<Shape> {
		fits_state(Self::NAME, 3, state, grad)
	}

	fn cpu(&self, path: Path, [state, grad]: [Input<'_>; 2], out: &mut [f32]) -> Result<()> {
		adamw(path, self.0, state.numbers()?, grad.numbers()?, out);
		Ok(())
	}

	fn gpu(&self, on: &mut dyn Launcher, [state, grad]: [Place<'_>; 2], out: Pointer) -> Result<()> {
		gpu::adamw(on, self.0, [state.numbers()?, grad.numbers()?], grad.layout.shape().elem_count(), out)
	}
}

struct SgdStep(Sgd);

impl Kernel<2> for SgdStep {
	const NAME: &'static str = "repro-sgd";

	fn shape(&self, [state, grad]: [&Layout; 2]) -> Result<Shape> {
		fits_state(Self::NAME, 2, state, grad)
	}

	fn cpu(&self, path: Path, [state, grad]: [Input<'_>; 2], out: &mut [f32]) -> Result<()> {
		sgd(path, self.0, state.numbers()?, grad.numbers()?, out);
		Ok(())
	}

	fn gpu(&self, on: &mut dyn Launcher, [state, grad]: [Place<'_>; 2], out: Pointer) -> Result<()> {
		gpu::sgd(on, self.0, [state.numbers()?, grad.numbers()?], grad.layout.shape().elem_count(), out)
	}
}

impl Ops for Repro {
	fn device(&self) -> &Device {
		&self.device
	}

	fn matmul(&self, a: &Tensor, b: &Tensor) -> Result<Tensor> {
		self.two(MatMul, a, b)
	}

	fn weights(&self, matrix: &Tensor) -> Result<Weights> {
		if self.is_cpu() {
			Ok(Weights { values: self.one(IntoPanels, &matrix.contiguous()?)?, outputs: matrix.dim(0)? })
		} else {
			Weights::turned(matrix)
		}
	}

	fn through(&self, x: &Tensor, weights: &Weights) -> Result<Tensor> {
		if self.is_cpu() {
			self.two(Through { outputs: weights.outputs }, x, &weights.values)
		} else {
			self.matmul(x, &weights.values)
		}
	}

	fn rows_of(&self, weights: &Weights, ids: &Tensor) -> Result<Tensor> {
		if self.is_cpu() {
			self.two(RowsOf { outputs: weights.outputs }, &weights.values, ids)
		} else {
			weights.rows_of_turned(ids)
		}
	}

	fn unary(&self, kind: Unary, x: &Tensor) -> Result<Tensor> {
		self.one(Apply(kind), x)
	}

	fn unary_grad(&self, kind: Unary, x: &Tensor, dy: &Tensor) -> Result<Tensor> {
		self.two(ApplyGrad(kind), x, dy)
	}

	fn softmax(&self, x: &Tensor) -> Result<Tensor> {
		self.one(Softmax, x)
	}

	fn softmax_grad(&self, y: &Tensor, dy: &Tensor) -> Result<Tensor> {
		self.two(SoftmaxGrad, y, dy)
	}

	fn norm(&self, norm: Norm, x: &Tensor, gain: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
		match bias {
			Some(bias) => self.three(Gained(norm), x, gain, bias),
			None => self.two(Gained(norm), x, gain),
		}
	}

	fn norm_grad(&self, norm: Norm, x: &Tensor, gain: &Tensor, dy: &Tensor) -> Result<Tensor> {
		self.three(NormGrad(norm), x, gain, dy)
	}

	fn norm_gain_grad(&self, norm: Norm, x: &Tensor, dy: &Tensor) -> Result<Tensor> {
		self.two(NormGainGrad(norm), x, dy)
	}

	fn sum_rows(&self, x: &Tensor) -> Result<Tensor> {
		self.one(SumRows, x)
	}

	fn reduce(&self, reduction: Reduction, x: &Tensor) -> Result<Tensor> {
		self.one(Reduce(reduction), x)
	}

	fn embedding(&self, table: &Tensor, ids: &Tensor) -> Result<Tensor> {
		self.two(Embedding, table, ids)
	}

	fn embedding_grad(&self, rows: usize, ids: &Tensor, dy: &Tensor) -> Result<Tensor> {
		self.two(EmbeddingGrad { rows }, ids, dy)
	}

	fn rope(&self, x: &Tensor, angles: &Tensor, rotated: usize, is_inverse: bool) -> Result<Tensor> {
		self.two(Rope { rotated, is_inverse }, x, angles)
	}

	fn attention(&self, shape: &AttentionShape, q: &Tensor, k: &Tensor, v: &Tensor) -> Result<Tensor> {
		self.three(Attention(shape), q, k, v)
	}

	fn attention_of_rows(&self, shape: &AttentionShape, qkv: &Tensor) -> Result<Tensor> {
		self.one(Attention(shape), qkv)
	}

	fn attention_of_rows_grad(&self, shape: &AttentionShape, qkv: &Tensor, dy: &Tensor) -> Result<Tensor> {
		self.two(AttentionGrad(shape), qkv, dy)
	}

	fn cross_entropy(&self, logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
		self.two(CrossEntropy, logits, targets)
	}

	fn cross_entropy_grad(&self, logits: &Tensor, targets: &Tensor, scale: f32) -> Result<Tensor> {
		self.two(CrossEntropyGrad { scale }, logits, targets)
	}

	fn conv2d(&self, x: &Tensor, kernels: &Tensor, stride: usize, padding: usize) -> Result<Tensor> {
		self.two(Conv2d(Convolution::new(x.dims(), kernels.dims(), stride, padding)?), x, kernels)
	}

	fn conv2d_grad(
		&self,
		x: &Tensor,
		kernels: &Tensor,
		dy: &Tensor,
		stride: usize,
		padding: usize,
	) -> Result<(Tensor, Tensor)> {
		let convolution = Convolution::new(x.dims(), kernels.dims(), stride, padding)?;
		let [height, width] = convolution.pixels;
		if dy.dims() != [convolution.images, convolution.outputs, height, width] {
			return Err(misfit("conv2d-grad"));
		}
		let dx = self.two(Conv2dImageGrad(convolution), kernels, dy)?;
		Ok((dx, self.two(Conv2dKernelGrad(convolution), x, dy)?))
	}

	fn pool(&self, x: &Tensor, side: usize) -> Result<Tensor> {
		self.one(Pool::new(x.dims(), side)?, x)
	}

	fn pool_grad(&self, x: &Tensor, dy: &Tensor, side: usize) -> Result<Tensor> {
		self.two(Pool::new(x.dims(), side)?, x, dy)
	}

	fn adamw(&self, step: AdamW, state: &Tensor, grad: &Tensor) -> Result<Tensor> {
		self.two(AdamWStep(step), state, grad)
	}

	fn sgd(&self, step: Sgd, state: &Tensor, grad: &Tensor) -> Result<Tensor> {
		self.two(SgdStep(step), state, grad)
	}
}
