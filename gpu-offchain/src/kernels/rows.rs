//! What is computed of rows: softmax, norms, sums, losses. Each row is computed alone, so a batch changes no bit.

#![allow(
	clippy::arithmetic_side_effects,
	clippy::indexing_slicing,
	reason = "places in slices whose lengths the ops have checked"
)]

use super::{
	lanes::{fold, greatest, map, on, sum, update, Lanes, OnLanes, Path},
	math, parallel,
};

/// A row scaled and made positive with sum one, in place.
#[inline(always)]
pub(super) fn softmax_row<V: Lanes>(row: &mut [f32], scale: f32) {
	update!(V, x in row, [], x.mul(V::splat(scale)));
	let most = V::splat(greatest::<V>(row));
	update!(V, x in row, [], math::exp(x.sub(most)));
	let total = V::splat(sum!(V, sum, [x = row], sum.add(x)));
	update!(V, x in row, [], x.div(total));
}

/// The gradient at a row of a softmax y: y · (dy − Σ y · dy), times the scale.
#[inline(always)]
pub(super) fn softmax_grad_row<V: Lanes>(y: &[f32], dy: &[f32], scale: f32, out: &mut [f32]) {
	let total = V::splat(sum!(V, sum, [y = y, dy = dy], y.fma(dy, sum)));
	map!(V, [y = y, dy = dy] => out, y.mul(dy.sub(total)).mul(V::splat(scale)));
}

/// Work on rows: knows how to make row number i.
trait Row: Sync {
	fn row<V: Lanes>(&self, index: usize, out: &mut [f32]);
}

struct Rows<'a, R> {
	work: &'a R,
	first: usize,
	width: usize,
	out: &'a mut [f32],
}

impl<R: Row> OnLanes for Rows<'_, R> {
	type Out = ();
	#[inline(always)]
	fn on<V: Lanes>(self) {
		for (index, out) in self.out.chunks_exact_mut(self.width).enumerate() {
			self.work.row::<V>(self.first + index, out);
		}
	}
}

/// Makes all rows of `out`, each this wide.
fn each_row(path: Path, work: impl Row, width: usize, out: &mut [f32]) {
	if width > 0 {
		let work = &work;
		parallel::rows(out, width, |first, out| on(path, Rows { work, first, width, out }));
	}
}

fn row(values: &[f32], index: usize, width: usize) -> &[f32] {
	&values[index * width..][..width]
}

struct Softmax<'a>(&'a [f32]);

impl Row for Softmax<'_> {
	#[inline(always)]
	fn row<V: Lanes>(&self, index: usize, out: &mut [f32]) {
		out.copy_from_slice(row(self.0, index, out.len()));
		softmax_row::<V>(out, 1.0);
	}
}

pub fn softmax(path: Path, width: usize, x: &[f32], out: &mut [f32]) {
	each_row(path, Softmax(x), width, out);
}

struct SoftmaxGrad<'a>(&'a [f32], &'a [f32]);

impl Row for SoftmaxGrad<'_> {
	#[inline(always)]
	fn row<V: Lanes>(&self, index: usize, out: &mut [f32]) {
		let width = out.len();
		softmax_grad_row::<V>(row(self.0, index, width), row(self.1, index, width), 1.0, out);
	}
}

pub fn softmax_grad(path: Path, width: usize, y: &[f32], dy: &[f32], out: &mut [f32]) {
	each_row(path, SoftmaxGrad(y, dy), width, out);
}

/// Which norm: of what is left when the mean is taken away, or of the numbers as they are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Norm {
	pub has_mean: bool,
	pub epsilon: f32,
}

impl Norm {
	/// What is taken away from a row, and by what the rest is multiplied.
	#[inline(always)]
	fn of<V: Lanes>(self, x: &[f32]) -> (V, V) {
		let count = x.len() as f32;
		let mean = if self.has_mean { sum!(V, sum, [x = x], sum.add(x)) / count } else { 0.0 };
		let mean = V::splat(mean);
		// Beyond the end of a row, zeros are read, whose distance from the mean must not count.
		let whole = x.len() - x.len() % super::LANES;
		let mut squares = V::splat(0.0);
		for index in 0..whole / super::LANES {
			let x = super::lanes::lanes_at::<V>(x, index, 0.0).sub(mean);
			squares = x.fma(x, squares);
		}
		let mut squares = squares.to_array();
		let mean_value = mean.to_array()[0];
		for (square, x) in squares.iter_mut().zip(&x[whole..]) {
			let x = x - mean_value;
			*square = x.mul_add(x, *square);
		}
		let variance = fold(squares, |a, b| a + b) / count;
		(mean, V::splat(1.0 / (variance + self.epsilon).sqrt()))
	}
}

struct Normed<'a>(Norm, &'a [f32], &'a [f32], Option<&'a [f32]>);

impl Row for Normed<'_> {
	#[inline(always)]
	fn row<V: Lanes>(&self, index: usize, out: &mut [f32]) {
		let &Self(norm, x, gain, bias) = self;
		let x = row(x, index, out.len());
		let (mean, factor) = norm.of::<V>(x);
		match bias {
			Some(bias) => map!(V, [x = x, g = gain, b = bias] => out, x.sub(mean).mul(factor).fma(g, b)),
			None => map!(V, [x = x, g = gain] => out, x.sub(mean).mul(factor).mul(g)),
		}
	}
}

pub fn norm(path: Path, norm: Norm, x: &[f32], gain: &[f32], bias: Option<&[f32]>, out: &mut [f32]) {
	each_row(path, Normed(norm, x, gain, bias), gain.len(), out);
}

struct NormGrad<'a>(Norm, &'a [f32], &'a [f32], &'a [f32]);

impl Row for NormGrad<'_> {
	#[inline(always)]
	fn row<V: Lanes>(&self, index: usize, out: &mut [f32]) {
		let &Self(norm, x, gain, dy) = self;
		let width = out.len();
		let (x, dy) = (row(x, index, width), row(dy, index, width));
		let (mean, factor) = norm.of::<V>(x);
		let count = width as f32;
		let along = sum!(V, sum, [x = x, g = gain, dy = dy], dy.mul(g).fma(x.sub(mean).mul(factor), sum));
		let along = V::splat(-(along / count));
		let level = if norm.has_mean { sum!(V, sum, [g = gain, dy = dy], dy.fma(g, sum)) / count } else { 0.0 };
		let level = V::splat(level);
		map!(V, [x = x, g = gain, dy = dy] => out, {
			x.sub(mean).mul(factor).fma(along, dy.mul(g).sub(level)).mul(factor)
		});
	}
}

/// The gradient of a norm for what goes into it.
pub fn norm_grad(path: Path, norm: Norm, x: &[f32], gain: &[f32], dy: &[f32], out: &mut [f32]) {
	each_row(path, NormGrad(norm, x, gain, dy), gain.len(), out);
}

struct NormGainGrad<'a> {
	norm: Norm,
	x: &'a [f32],
	dy: &'a [f32],
	out: &'a mut [f32],
}

impl OnLanes for NormGainGrad<'_> {
	type Out = ();
	#[inline(always)]
	fn on<V: Lanes>(self) {
		let width = self.out.len();
		for (x, dy) in self.x.chunks_exact(width).zip(self.dy.chunks_exact(width)) {
			let (mean, factor) = self.norm.of::<V>(x);
			update!(V, sum in self.out, [x = x, dy = dy], dy.fma(x.sub(mean).mul(factor), sum));
		}
	}
}

/// The gradient of a norm for its gain: row upon row.
pub fn norm_gain_grad(path: Path, norm: Norm, x: &[f32], dy: &[f32], out: &mut [f32]) {
	if !out.is_empty() {
		on(path, NormGainGrad { norm, x, dy, out });
	}
}

struct SumRows<'a>(&'a [f32], &'a mut [f32]);

impl OnLanes for SumRows<'_> {
	type Out = ();
	#[inline(always)]
	fn on<V: Lanes>(self) {
		for row in self.0.chunks_exact(self.1.len()) {
			update!(V, sum in self.1, [x = row], sum.add(x));
		}
	}
}

/// Row upon row, from the first to the last: `out`, which begins with zeros, is as wide as one.
pub fn sum_rows(path: Path, x: &[f32], out: &mut [f32]) {
	if !out.is_empty() {
		on(path, SumRows(x, out));
	}
}

/// What a row is reduced to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
	Sum,
	SumOfSquares,
	Greatest,
}

struct Reduced<'a>(Reduction, usize, &'a [f32]);

impl Row for Reduced<'_> {
	#[inline(always)]
	fn row<V: Lanes>(&self, index: usize, out: &mut [f32]) {
		let &Self(reduction, width, x) = self;
		let x = row(x, index, width);
		out[0] = match reduction {
			Reduction::Sum => sum!(V, sum, [x = x], sum.add(x)),
			Reduction::SumOfSquares => sum!(V, sum, [x = x], x.fma(x, sum)),
			Reduction::Greatest => greatest::<V>(x),
		};
	}
}

/// Each row of this width to one number.
pub fn reduce(path: Path, reduction: Reduction, width: usize, x: &[f32], out: &mut [f32]) {
	each_row(path, Reduced(reduction, width, x), 1, out);
}

struct CrossEntropy<'a>(&'a [f32], &'a [u32], usize);

impl Row for CrossEntropy<'_> {
	#[inline(always)]
	fn row<V: Lanes>(&self, index: usize, out: &mut [f32]) {
		let &Self(logits, targets, width) = self;
		let x = row(logits, index, width);
		let most = greatest::<V>(x);
		let mut shares = x.to_vec();
		update!(V, x in &mut shares, [], math::exp(x.sub(V::splat(most))));
		let total = sum!(V, sum, [x = &shares], sum.add(x));
		let log = math::log(V::splat(total)).to_array()[0];
		out[0] = log - (x[targets[index] as usize] - most);
	}
}

/// The loss of each row: − ln of the share that its target has in the softmax. Targets lie within rows.
pub fn cross_entropy(path: Path, width: usize, logits: &[f32], targets: &[u32], out: &mut [f32]) {
	each_row(path, CrossEntropy(logits, targets, width), 1, out);
}

struct CrossEntropyGrad<'a>(&'a [f32], &'a [u32], f32);

impl Row for CrossEntropyGrad<'_> {
	#[inline(always)]
	fn row<V: Lanes>(&self, index: usize, out: &mut [f32]) {
		let &Self(logits, targets, scale) = self;
		out.copy_from_slice(row(logits, index, out.len()));
		softmax_row::<V>(out, 1.0);
		out[targets[index] as usize] -= 1.0;
		update!(V, x in out, [], x.mul(V::splat(scale)));
	}
}

/// Its gradient, times a scale.
pub fn cross_entropy_grad(path: Path, scale: f32, width: usize, logits: &[f32], targets: &[u32], out: &mut [f32]) {
	each_row(path, CrossEntropyGrad(logits, targets, scale), width, out);
}
