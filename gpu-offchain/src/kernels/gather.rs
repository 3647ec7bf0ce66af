//! Moving rows: embeddings, rotation by position, and the windows of convolutions.

#![allow(
	clippy::arithmetic_side_effects,
	clippy::indexing_slicing,
	reason = "places in slices whose lengths the ops have checked"
)]

use super::{
	lanes::{on, update, Lanes, OnLanes, Path},
	parallel,
};

/// Rows of a table. Every id is within it.
pub fn embedding(table: &[f32], width: usize, ids: &[u32], out: &mut [f32]) {
	for (id, out) in ids.iter().zip(out.chunks_exact_mut(width.max(1))) {
		out.copy_from_slice(&table[*id as usize * width..][..width]);
	}
}

struct EmbeddingGrad<'a>(&'a [u32], &'a [f32], usize, &'a mut [f32]);

impl OnLanes for EmbeddingGrad<'_> {
	type Out = ();
	#[inline(always)]
	fn on<V: Lanes>(self) {
		let Self(ids, dy, width, out) = self;
		for (id, dy) in ids.iter().zip(dy.chunks_exact(width)) {
			update!(V, sum in &mut out[*id as usize * width..][..width], [dy = dy], sum.add(dy));
		}
	}
}

/// The gradient for the table: positions from the first to the last, each upon the row of its id. `out` is zero before.
pub fn embedding_grad(path: Path, ids: &[u32], dy: &[f32], width: usize, out: &mut [f32]) {
	if width > 0 {
		on(path, EmbeddingGrad(ids, dy, width, out));
	}
}

/// Rotates pairs (i, i + half) of each head by the angles of its position. `angles` has, for each position, cosines and
/// then sines, `half` of each. Heads from `rotated` on stay as they are.
pub fn rope(x: &[f32], angles: &[f32], head_width: usize, rotated: usize, is_inverse: bool, out: &mut [f32]) {
	let half = head_width / 2;
	let positions = angles.len() / head_width.max(1);
	let width = x.len() / positions.max(1);
	parallel::rows(out, width, |first, out| {
		for (index, out) in out.chunks_exact_mut(width).enumerate() {
			let x = &x[(first + index) * width..][..width];
			let (cos, sin) = angles[(first + index) * head_width..][..head_width].split_at(half);
			let (turned, kept) = out.split_at_mut(rotated * head_width);
			kept.copy_from_slice(&x[rotated * head_width..]);
			for (x, out) in x.chunks_exact(head_width).zip(turned.chunks_exact_mut(head_width)) {
				let (a, b) = x.split_at(half);
				let (out_a, out_b) = out.split_at_mut(half);
				for i in 0..half {
					let sin = if is_inverse { -sin[i] } else { sin[i] };
					// Three roundings each: two products, one sum.
					out_a[i] = a[i] * cos[i] - b[i] * sin;
					out_b[i] = b[i] * cos[i] + a[i] * sin;
				}
			}
		}
	});
}

/// A convolution of images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
	pub channels: usize,
	pub height: usize,
	pub width: usize,
	pub kernel: [usize; 2],
	pub stride: usize,
	pub padding: usize,
}

impl Windows {
	/// Height and width of what comes out. `None` if a window does not fit, or numbers overflow.
	pub fn output(&self) -> Option<[usize; 2]> {
		let side = |length: usize, kernel: usize| {
			let padded = length.checked_add(self.padding.checked_mul(2)?)?;
			padded.checked_sub(kernel)?.checked_div(self.stride)?.checked_add(1)
		};
		Some([side(self.height, self.kernel[0])?, side(self.width, self.kernel[1])?])
	}

	/// How many numbers a window has.
	pub fn size(&self) -> usize {
		self.channels * self.kernel[0] * self.kernel[1]
	}

	/// Calls `f` for each number of each window with its place in the image, if it has one.
	#[inline(always)]
	fn each(&self, [height, width]: [usize; 2], mut f: impl FnMut(usize, Option<usize>)) {
		let pixels = height * width;
		for channel in 0..self.channels {
			for ky in 0..self.kernel[0] {
				for kx in 0..self.kernel[1] {
					let number = (channel * self.kernel[0] + ky) * self.kernel[1] + kx;
					for y in 0..height {
						for x in 0..width {
							let row = (y * self.stride + ky).checked_sub(self.padding).filter(|row| *row < self.height);
							let column =
								(x * self.stride + kx).checked_sub(self.padding).filter(|column| *column < self.width);
							let place = row
								.zip(column)
								.map(|(row, column)| (channel * self.height + row) * self.width + column);
							f(number * pixels + y * width + x, place);
						}
					}
				}
			}
		}
	}
}

/// An image to its windows: a row for each number of a window (channel, row, column), a column for each pixel that
/// comes out. What lies outside of the image is zero.
pub fn windows(windows: &Windows, output: [usize; 2], image: &[f32], out: &mut [f32]) {
	windows.each(output, |to, place| out[to] = place.map_or(0.0, |place| image[place]));
}

/// Back: each number upon its place in the image, in the order of [`windows`]. `out` is zero before.
pub fn windows_grad(windows: &Windows, output: [usize; 2], columns: &[f32], out: &mut [f32]) {
	windows.each(output, |from, place| {
		if let Some(place) = place {
			out[place] += columns[from];
		}
	});
}

/// Pools of images: of each square of so many pixels the greatest. What is left over at the right and below is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pools {
	/// Images times channels.
	pub planes: usize,
	pub height: usize,
	pub width: usize,
	pub side: usize,
}

impl Pools {
	/// Height and width of what comes out.
	pub fn pixels(&self) -> [usize; 2] {
		[self.height, self.width].map(|length| length.checked_div(self.side).unwrap_or_default())
	}

	pub fn outputs(&self) -> usize {
		let [height, width] = self.pixels();
		self.planes * height * width
	}

	/// Calls `f` with the number of each output and the place of its winner: the first of its square, replaced by each
	/// that is greater.
	fn each(&self, x: &[f32], mut f: impl FnMut(usize, usize)) {
		let [height, width] = self.pixels();
		for output in 0..self.outputs() {
			let (plane, pixel) = (output / (height * width), output % (height * width));
			let top = plane * self.height + pixel / width * self.side;
			let left = pixel % width * self.side;
			let mut best = top * self.width + left;
			for row in top..top + self.side {
				for place in row * self.width + left..row * self.width + left + self.side {
					if x[place] > x[best] {
						best = place;
					}
				}
			}
			f(output, best);
		}
	}
}

pub fn pool(pools: &Pools, x: &[f32], out: &mut [f32]) {
	pools.each(x, |output, best| out[output] = x[best]);
}

/// To where the greatest came from. `out` is zero before.
pub fn pool_grad(pools: &Pools, x: &[f32], dy: &[f32], out: &mut [f32]) {
	pools.each(x, |output, best| out[best] = dy[output]);
}
