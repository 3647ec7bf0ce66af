//! The product of matrices. Each element is a sum over k from the first to the last, from zero, with one fused
//! multiply-add for each step. Blocks only change when a step is done, never its place in the sum: where a block ends,
//! the sum so far is put into the output and read again by the next.

#![allow(unsafe_code, reason = "threads write to different parts of the same rows; all bounds are asserted before")]
#![allow(
	clippy::arithmetic_side_effects,
	clippy::indexing_slicing,
	reason = "places within matrices whose bounds `Matrix::new` has checked"
)]

use super::lanes::{on, turn, Lanes, OnLanes, Path, LANES};
use rayon::prelude::*;
use std::cell::Cell;

/// How much of k, and how many rows and columns are worked on at once, to fit the caches.
const DEPTH: usize = 384;
const ROWS: usize = 240;
const COLUMNS: usize = 1536;
/// Columns at once where all rows are: what is packed of them is still near when the few rows come to it.
const FEW_COLUMNS: usize = 256;
/// Up to so many parts of k, all of the packed rows stay: 6 MB for each thread.
const MOST_DEPTHS: usize = 16;
/// Up to this many rows, packing another matrix whose rows have no gaps does not pay.
const FEW_ROWS: usize = 6;
/// Rows of the largest tile.
const TILE: usize = 12;
/// Less than this many multiply-adds are not worth a second thread.
const GRAIN: usize = 1 << 18;

/// A matrix within a slice: where element (row, column) is.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a> {
	values: &'a [f32],
	rows: usize,
	columns: usize,
	row_stride: usize,
	column_stride: usize,
}

impl<'a> Matrix<'a> {
	/// `None` if the slice does not hold it.
	pub fn new(values: &'a [f32], size: [usize; 2], strides: [usize; 2]) -> Option<Self> {
		let [rows, columns] = size;
		if rows > 0 && columns > 0 {
			let last = (rows - 1).checked_mul(strides[0])?.checked_add((columns - 1).checked_mul(strides[1])?)?;
			values.get(last)?;
		}
		Some(Self { values, rows, columns, row_stride: strides[0], column_stride: strides[1] })
	}

	/// Row by row, without gaps.
	pub fn dense(values: &'a [f32], rows: usize, columns: usize) -> Option<Self> {
		Self::new(values, [rows, columns], [columns, 1])
	}

	fn part(self, rows: [usize; 2], columns: [usize; 2]) -> Self {
		let size = [rows[1] - rows[0], columns[1] - columns[0]];
		let values = match size {
			[0, _] | [_, 0] => &[],
			_ => &self.values[rows[0] * self.row_stride + columns[0] * self.column_stride..],
		};
		Self { values, rows: size[0], columns: size[1], ..self }
	}

	#[inline(always)]
	fn at(&self, row: usize, column: usize) -> f32 {
		self.values[row * self.row_stride + column * self.column_stride]
	}
}

/// A part of the output, to which one thread writes.
#[derive(Clone, Copy)]
struct Target {
	start: *mut f32,
	rows: usize,
	columns: usize,
	row_stride: usize,
}

// SAFETY: targets that exist at the same time are disjoint: `shares`, and what calls it, cut them so.
unsafe impl Send for Target {}
// SAFETY: as above.
unsafe impl Sync for Target {}

impl Target {
	/// SAFETY: `rows` and `columns` lie within this target.
	unsafe fn part(self, rows: [usize; 2], columns: [usize; 2]) -> Self {
		// SAFETY: by the caller.
		let start = unsafe { self.start.add(rows[0] * self.row_stride + columns[0]) };
		Self { start, rows: rows[1] - rows[0], columns: columns[1] - columns[0], ..self }
	}

	/// Sixteen numbers. SAFETY: they lie within this target, and no other reference to them lives.
	#[inline(always)]
	unsafe fn lanes<'a>(self, row: usize, column: usize) -> &'a mut [f32; LANES] {
		// SAFETY: by the caller.
		unsafe { &mut *self.start.add(row * self.row_stride + column).cast() }
	}

	/// Asks for all of it.
	#[inline(always)]
	fn ask<V: Lanes>(self) {
		for row in 0..self.rows {
			let start = self.start.wrapping_add(row * self.row_stride);
			// Where a row does not begin a line of the cache, it ends in one more.
			for column in (0..self.columns).step_by(LANES).chain([self.columns - 1]) {
				V::prefetch(start.wrapping_add(column));
			}
		}
	}
}

/// A matrix in panels of sixteen columns, one after the other, each row by row; zero beyond the last column. So a product
/// reads it, whatever the CPU.
#[derive(Clone, Copy, Debug)]
pub struct Panels<'a> {
	values: &'a [f32],
	rows: usize,
	columns: usize,
	/// From panel to panel.
	apart: usize,
}

impl<'a> Panels<'a> {
	/// How many numbers a matrix of this size has in panels.
	pub fn count(rows: usize, columns: usize) -> Option<usize> {
		columns.div_ceil(LANES).checked_mul(LANES)?.checked_mul(rows)
	}

	/// `None` if the slice does not hold it.
	pub fn new(values: &'a [f32], rows: usize, columns: usize) -> Option<Self> {
		let values = values.get(..Self::count(rows, columns)?)?;
		Some(Self { values, rows, columns, apart: rows.checked_mul(LANES)? })
	}

	/// `None` if there is no such column.
	pub fn column(self, column: usize) -> Option<impl Iterator<Item = f32> + 'a> {
		let panel = self.values.get(column / LANES * self.apart..).filter(|_| column < self.columns)?;
		Some(panel.iter().skip(column % LANES).step_by(LANES).take(self.rows).copied())
	}

	/// `columns` begin with a panel.
	fn part(self, rows: [usize; 2], columns: [usize; 2]) -> Self {
		let values = &self.values[columns[0] / LANES * self.apart + rows[0] * LANES..];
		Self { values, rows: rows[1] - rows[0], columns: columns[1] - columns[0], ..self }
	}
}

/// What is multiplied with.
#[derive(Clone, Copy)]
enum Right<'a> {
	Plain(Matrix<'a>),
	Panels(Panels<'a>),
}

impl Right<'_> {
	fn size(&self) -> [usize; 2] {
		match self {
			Self::Plain(b) => [b.rows, b.columns],
			Self::Panels(b) => [b.rows, b.columns],
		}
	}

	fn part(self, rows: [usize; 2], columns: [usize; 2]) -> Self {
		match self {
			Self::Plain(b) => Self::Plain(b.part(rows, columns)),
			Self::Panels(b) => Self::Panels(b.part(rows, columns)),
		}
	}
}

/// One product: `c` = `a` · `b`, upon what is in `c` if `is_more`.
struct Product<'a> {
	a: Matrix<'a>,
	b: Right<'a>,
	c: Target,
	is_more: bool,
}

/// From row to row of what is packed of `a`: a constant, so that a step needs no address of each row; and no power of
/// two, so that rows do not meet in the cache.
const ROW: usize = DEPTH + LANES;

thread_local! {
	/// Room for what is packed, and for a tile at an edge: kept, because memory that is new each time costs more than packing.
	static ROOMS: Cell<[Vec<f32>; 3]> = const { Cell::new([Vec::new(), Vec::new(), Vec::new()]) };
}

/// So many numbers, whatever they are, from the start of a line of the cache on.
fn room(buffer: &mut Vec<f32>, count: usize) -> &mut [f32] {
	if buffer.len() < count + LANES {
		buffer.resize(count + LANES, 0.0);
	}
	let start = buffer.as_ptr().align_offset(LANES * size_of::<f32>()).min(LANES);
	&mut buffer[start..][..count]
}

/// `a` in rows of [`ROW`] places, of which the first are those of k.
#[inline(always)]
fn pack_a<V: Lanes>(a: Matrix<'_>, packed: &mut [f32]) {
	if a.column_stride == 1 {
		for (row, out) in packed.chunks_exact_mut(ROW).take(a.rows).enumerate() {
			out[..a.columns].copy_from_slice(&a.values[row * a.row_stride..][..a.columns]);
		}
	} else if a.row_stride == 1 {
		for first in (0..a.rows).step_by(LANES) {
			for k in (0..a.columns).step_by(LANES) {
				let size = [(a.columns - k).min(LANES), (a.rows - first).min(LANES)];
				let from = &a.values[first + k * a.column_stride..];
				turn::<V>(from, a.column_stride, size, &mut packed[first * ROW + k..], ROW);
			}
		}
	} else {
		for (row, out) in packed.chunks_exact_mut(ROW).take(a.rows).enumerate() {
			for (k, out) in out.iter_mut().enumerate().take(a.columns) {
				*out = a.at(row, k);
			}
		}
	}
}

/// `b` in panels, so far apart.
#[inline(always)]
fn pack_b<V: Lanes>(b: Matrix<'_>, apart: usize, packed: &mut [f32]) {
	if b.column_stride == 1 {
		// Row by row, as they lie in memory.
		for k in 0..b.rows {
			let row = &b.values[k * b.row_stride..][..b.columns];
			for panel in 0..b.columns.div_ceil(LANES) {
				let lanes: V = super::lanes::lanes_at(row, panel, 0.0);
				super::lanes::put_at(&mut packed[panel * apart + k * LANES..], 0, lanes);
			}
		}
		return;
	}
	for first in (0..b.columns).step_by(LANES) {
		let out = &mut packed[first / LANES * apart..][..b.rows * LANES];
		let valid = (b.columns - first).min(LANES);
		if b.row_stride == 1 {
			for k in (0..b.rows).step_by(LANES) {
				let size = [valid, (b.rows - k).min(LANES)];
				turn::<V>(
					&b.values[k + first * b.column_stride..],
					b.column_stride,
					size,
					&mut out[k * LANES..],
					LANES,
				);
			}
		} else {
			for (k, out) in out.chunks_exact_mut(LANES).enumerate() {
				for (column, out) in out.iter_mut().enumerate() {
					*out = if column < valid { b.at(k, first + column) } else { 0.0 };
				}
			}
		}
	}
}

/// What a tile reads.
#[derive(Clone, Copy)]
struct Steps {
	/// Rows of [`ROW`] places, of which `depth` count.
	a: *const f32,
	/// Panels of `depth` rows, and how far they are apart.
	b: (*const f32, usize),
	depth: usize,
	/// What it asks for with its first step, and how far it goes from there with each.
	ahead: Option<(*const f32, usize)>,
}

/// The tile at the start of `c`: `R` rows of `C` times sixteen columns. `IS_AHEAD` where there is something to ask for.
///
/// SAFETY: there are `R` rows of `a` and `C` panels of `b`; all of the tile lies within `c`.
#[inline(always)]
unsafe fn tile<V: Lanes, const R: usize, const C: usize, const IS_AHEAD: bool>(steps: Steps, c: Target, is_more: bool) {
	let Steps { mut a, b: (mut b, apart), depth, ahead } = steps;
	let (mut ahead, step) = ahead.unwrap_or((b, 0));
	let mut sums = [[V::splat(0.0); C]; R];
	// SAFETY: by the caller, for all that follows.
	unsafe {
		if is_more {
			for (row, sums) in sums.iter_mut().enumerate() {
				for (column, sum) in sums.iter_mut().enumerate() {
					*sum = V::load(c.lanes(row, column * LANES));
				}
			}
		}
		for _ in 0..depth {
			if IS_AHEAD {
				V::prefetch(ahead);
				ahead = ahead.wrapping_add(step);
			}
			let mut columns = [V::splat(0.0); C];
			for (index, column) in columns.iter_mut().enumerate() {
				*column = V::load(&*b.add(index * apart).cast());
			}
			for (row, sums) in sums.iter_mut().enumerate() {
				let times = V::splat(*a.add(row * ROW));
				for (sum, column) in sums.iter_mut().zip(columns) {
					*sum = times.fma(column, *sum);
				}
			}
			a = a.add(1);
			b = b.add(LANES);
		}
		for (row, sums) in sums.into_iter().enumerate() {
			for (column, sum) in sums.into_iter().enumerate() {
				sum.store(c.lanes(row, column * LANES));
			}
		}
	}
}

/// The same where `c` may be smaller than a tile: then through `edge`, which is as large.
///
/// SAFETY: as of [`tile`], of which only `c`'s own rows and columns are written.
#[inline(always)]
unsafe fn tile_within<V: Lanes, const R: usize, const C: usize>(
	steps: Steps,
	c: Target,
	is_more: bool,
	edge: *mut f32,
) {
	let size = [c.rows, c.columns];
	// SAFETY: by the caller.
	unsafe {
		if size == [R, C * LANES] {
			return match steps.ahead {
				Some(_) => tile::<V, R, C, true>(steps, c, is_more),
				None => tile::<V, R, C, false>(steps, c, is_more),
			};
		}
		let whole = Target { start: edge, rows: R, columns: C * LANES, row_stride: C * LANES };
		if is_more {
			copy(c, whole, size);
		}
		tile::<V, R, C, false>(steps, whole, is_more);
		copy(whole, c, size);
	}
}

/// What is read next, of which each tile asks for a little: a line of the cache with each step of k.
#[derive(Clone, Copy)]
struct Ahead {
	start: *const f32,
	/// From step to step, and from tile to tile.
	apart: [usize; 2],
	/// So many tiles have something to ask for.
	tiles: usize,
}

impl Ahead {
	fn new(next: Right<'_>) -> Self {
		let (start, apart, tiles) = match next {
			Right::Plain(b) if b.column_stride == 1 => (b.values, [b.row_stride, LANES], b.columns.div_ceil(LANES)),
			Right::Plain(b) if b.row_stride == 1 => (b.values, [b.column_stride, LANES], b.rows.div_ceil(LANES)),
			// What has gaps both ways is left to itself.
			Right::Plain(b) => (b.values, [0; 2], 0),
			Right::Panels(b) => (b.values, [LANES, b.apart], b.columns.div_ceil(LANES)),
		};
		Self { start: start.as_ptr(), apart, tiles }
	}

	/// For this tile: where the first line is, and how far it is from step to step.
	fn of(self, tile: usize) -> Option<(*const f32, usize)> {
		(tile < self.tiles).then(|| (self.start.wrapping_add(tile * self.apart[1]), self.apart[0]))
	}
}

#[inline(always)]
fn blocked<V: Lanes, const R: usize, const C: usize>(product: &Product<'_>) {
	let &Product { a, b, c, is_more } = product;
	let width = C * LANES;
	let [mut room_a, mut room_b, mut edge] = ROOMS.take();
	let edge_tile = room(&mut edge, R * width).as_mut_ptr();
	let depths = a.columns.div_ceil(DEPTH);
	let are_all_rows = c.rows <= ROWS;
	// Ready panels are read from the first k to the last, one tile's after the other's; unless that needs too much room.
	let has_panels = matches!(b, Right::Panels(_));
	let is_each_whole = has_panels && are_all_rows && depths <= MOST_DEPTHS;
	// Else all rows are packed once for each part of k, or parts of `b` are.
	let is_each_k = are_all_rows && !is_each_whole;
	let most_columns = match (has_panels, are_all_rows) {
		(true, true) => width,
		(false, true) => FEW_COLUMNS,
		(_, false) => COLUMNS,
	};
	let strips = c.columns.div_ceil(most_columns);
	for step in 0..depths * strips {
		let place = |step: usize| {
			let (k, column) = if is_each_k { (step / strips, step % strips) } else { (step % depths, step / depths) };
			let (k, column) = (k * DEPTH, column * most_columns);
			([k, (k + DEPTH).min(a.columns)], [column, (column + most_columns).min(c.columns)])
		};
		let (ks, columns) = place(step);
		let is_packed = are_all_rows && columns[0] > 0;
		let depth = ks[1] - ks[0];
		let is_more = is_more || ks[0] > 0;
		let panels = match b.part(ks, columns) {
			Right::Panels(panels) => panels,
			Right::Plain(b) => {
				// No power of two, as with `ROW`.
				let apart = depth * LANES + LANES;
				let values = room(&mut room_b, b.columns.div_ceil(LANES) * apart);
				pack_b::<V>(b, apart, values);
				Panels { values, rows: depth, columns: b.columns, apart }
			}
		};
		let ahead = (are_all_rows && step + 1 < depths * strips).then(|| {
			let (ks, columns) = place(step + 1);
			Ahead::new(b.part(ks, columns))
		});
		let mut tiles = 0;
		for row in (0..c.rows).step_by(ROWS) {
			let rows = [row, (row + ROWS).min(c.rows)];
			let size = (rows[1] - rows[0]).next_multiple_of(R) * ROW;
			let parts = if is_each_whole { [depths, ks[0] / DEPTH] } else { [1, 0] };
			let packed_a = &mut room(&mut room_a, parts[0] * size)[parts[1] * size..][..size];
			if !is_packed {
				pack_a::<V>(a.part(rows, ks), packed_a);
			}
			let mut left = 0;
			while left < panels.columns {
				let from = left / LANES * panels.apart;
				// Too few panels for a whole tile: each is one, and the other columns of the tile are not looked at.
				let is_whole = panels.columns - left > width - LANES;
				let (wide, apart) = if is_whole { (width, panels.apart) } else { (LANES, 0) };
				let b = panels.values[from..][..apart * (C - 1) + depth * LANES].as_ptr();
				let sides = [columns[0] + left, columns[0] + (left + wide).min(panels.columns)];
				for (index, a) in packed_a.chunks_exact(R * ROW).enumerate() {
					let top = row + index * R;
					let bottom = (top + R).min(rows[1]);
					let a = a.as_ptr();
					let steps = Steps { a, b: (b, apart), depth, ahead: ahead.and_then(|ahead| ahead.of(tiles)) };
					tiles += 1;
					// SAFETY: the tile lies within `c`, and `edge_tile` has its full size; the panels have `depth` rows, and
					// `a` holds the rows of smaller tiles as well.
					unsafe {
						if is_more && bottom < rows[1] {
							c.part([bottom, (bottom + R).min(rows[1])], sides).ask::<V>();
						}
						let c = c.part([top, bottom], sides);
						match (R, c.rows) {
							(5.., 0..=4) => tile_within::<V, 4, C>(steps, c, is_more, edge_tile),
							(9.., 0..=8) => tile_within::<V, 8, C>(steps, c, is_more, edge_tile),
							_ => tile_within::<V, R, C>(steps, c, is_more, edge_tile),
						}
					}
				}
				left += wide;
			}
		}
	}
	ROOMS.set([room_a, room_b, edge]);
	if a.columns == 0 && !is_more {
		for row in 0..c.rows {
			// SAFETY: the row lies within `c`.
			unsafe { std::slice::from_raw_parts_mut(c.start.add(row * c.row_stride), c.columns) }.fill(0.0);
		}
	}
}

/// SAFETY: both hold this many rows and columns, and do not overlap.
#[inline(always)]
unsafe fn copy(from: Target, to: Target, size: [usize; 2]) {
	for row in 0..size[0] {
		// SAFETY: by the caller.
		unsafe {
			let (from, to) = (from.start.add(row * from.row_stride), to.start.add(row * to.row_stride));
			std::ptr::copy_nonoverlapping(from, to, size[1]);
		}
	}
}

/// How many rows of `b` are read side by side.
const STREAMS: usize = 8;
/// How many columns at once, so that what is read of `b` stays in the nearest cache for all rows of `a`.
const STRIP: usize = 512;

/// Few rows of `a`: each row of `b`, which has no gaps, is read once, and added to the outputs.
#[inline(always)]
fn streamed<V: Lanes>(product: &Product<'_>, b: Matrix<'_>) {
	let &Product { a, c, is_more, .. } = product;
	let mut rows: Vec<&mut [f32]> = (0..c.rows)
		// SAFETY: the rows lie within `c`, and do not overlap.
		.map(|row| unsafe { std::slice::from_raw_parts_mut(c.start.add(row * c.row_stride), c.columns) })
		.collect();
	if !is_more {
		rows.iter_mut().for_each(|row| row.fill(0.0));
	}
	for left in (0..c.columns).step_by(STRIP) {
		let right = (left + STRIP).min(c.columns);
		let mut k = 0;
		while k + STREAMS <= a.columns {
			let streams: [&[f32]; STREAMS] =
				std::array::from_fn(|i| &b.values[(k + i) * b.row_stride + left..][..right - left]);
			for (index, row) in rows.iter_mut().enumerate() {
				let times: [f32; STREAMS] = std::array::from_fn(|i| a.at(index, k + i));
				accumulate::<V, STREAMS>(times, streams, &mut row[left..right]);
			}
			k += STREAMS;
		}
		for k in k..a.columns {
			let stream = &b.values[k * b.row_stride + left..][..right - left];
			for (index, row) in rows.iter_mut().enumerate() {
				accumulate::<V, 1>([a.at(index, k)], [stream], &mut row[left..right]);
			}
		}
	}
}

/// `sums` += `times[0]` · `streams[0]`, then the next.
#[inline(always)]
fn accumulate<V: Lanes, const N: usize>(times: [f32; N], streams: [&[f32]; N], sums: &mut [f32]) {
	let mut factors = [V::splat(0.0); N];
	for (factor, times) in factors.iter_mut().zip(times) {
		*factor = V::splat(times);
	}
	let length = sums.len();
	assert!(streams.iter().all(|stream| stream.len() == length));
	// Four lanes at once, as the steps of one must wait for each other.
	const TOGETHER: usize = 4;
	let whole = length - length % (TOGETHER * LANES);
	for from in (0..whole).step_by(TOGETHER * LANES) {
		let mut lanes = [V::splat(0.0); TOGETHER];
		// SAFETY: all of these places are below `length`, which all of the slices have.
		unsafe {
			let place: *mut [f32; LANES] = sums.as_mut_ptr().add(from).cast();
			for (index, lanes) in lanes.iter_mut().enumerate() {
				*lanes = V::load(&*place.add(index));
			}
			for (factor, stream) in factors.into_iter().zip(streams) {
				let stream: *const [f32; LANES] = stream.as_ptr().add(from).cast();
				for (index, lanes) in lanes.iter_mut().enumerate() {
					*lanes = factor.fma(V::load(&*stream.add(index)), *lanes);
				}
			}
			for (index, lanes) in lanes.into_iter().enumerate() {
				lanes.store(&mut *place.add(index));
			}
		}
	}
	for (place, sum) in (whole..).zip(&mut sums[whole..]) {
		for (times, stream) in times.into_iter().zip(streams) {
			*sum = times.mul_add(stream[place], *sum);
		}
	}
}

/// How many times sixteen columns of a turned `b` are read side by side.
const GROUPS: usize = 2;

/// Few rows of `a` and a turned `b`, whose columns have no gaps: sixteen by sixteen, which stay in the nearest cache.
#[inline(always)]
fn turned<V: Lanes, const R: usize>(product: &Product<'_>, b: Matrix<'_>) {
	let &Product { a, c, is_more, .. } = product;
	let whole_k = a.columns - a.columns % LANES;
	for first in (0..c.columns).step_by(GROUPS * LANES) {
		let mut sums = [[V::splat(0.0); GROUPS]; R];
		let mut so_far = [[[0.0; LANES]; GROUPS]; R];
		let mut steps = [[[0.0; LANES]; LANES]; GROUPS];
		let columns = (c.columns - first).min(GROUPS * LANES);
		if is_more {
			for (row, so_far) in so_far.iter_mut().enumerate() {
				for column in 0..columns {
					// SAFETY: the place lies within `c`.
					so_far[column / LANES][column % LANES] =
						unsafe { *c.start.add(row * c.row_stride + first + column) };
				}
			}
			for (sums, so_far) in sums.iter_mut().zip(&so_far) {
				for (sum, so_far) in sums.iter_mut().zip(so_far) {
					*sum = V::load(so_far);
				}
			}
		}
		for k in (0..whole_k).step_by(LANES) {
			for (group, steps) in steps.iter_mut().enumerate() {
				let valid = columns.saturating_sub(group * LANES).min(LANES);
				let from = b.values.get((first + group * LANES) * b.column_stride + k..).unwrap_or_default();
				turn::<V>(from, b.column_stride, [valid, LANES], steps.as_flattened_mut(), LANES);
			}
			for step in 0..LANES {
				for (row, sums) in sums.iter_mut().enumerate() {
					let times = V::splat(a.at(row, k + step));
					for (sum, steps) in sums.iter_mut().zip(&steps) {
						*sum = times.fma(V::load(&steps[step]), *sum);
					}
				}
			}
		}
		for (row, sums) in sums.into_iter().enumerate() {
			for column in 0..columns {
				let mut sum = sums[column / LANES].to_array()[column % LANES];
				for k in whole_k..a.columns {
					sum = a.at(row, k).mul_add(b.at(k, first + column), sum);
				}
				// SAFETY: the place lies within `c`.
				unsafe { *c.start.add(row * c.row_stride + first + column) = sum };
			}
		}
	}
}

impl OnLanes for &Product<'_> {
	type Out = ();
	#[inline(always)]
	fn on<V: Lanes>(self) {
		if let Right::Plain(b) = self.b {
			match self.c.rows {
				1..=FEW_ROWS if b.column_stride == 1 && b.rows > 0 => return streamed::<V>(self, b),
				1 if b.row_stride == 1 => return turned::<V, 1>(self, b),
				2 if b.row_stride == 1 => return turned::<V, 2>(self, b),
				3 if b.row_stride == 1 => return turned::<V, 3>(self, b),
				_ => {}
			}
		}
		// The largest tile that fits the registers, and a smaller one where rows are few.
		match (V::TILE_ROWS, self.c.rows) {
			(_, 0..=2) => blocked::<V, 1, 4>(self),
			(12, 3..=4) => blocked::<V, 4, 4>(self),
			(12, 5..=8) => blocked::<V, 8, 2>(self),
			(12, _) => blocked::<V, 12, 2>(self),
			(6, 5..) => blocked::<V, 6, 1>(self),
			_ => blocked::<V, 4, 1>(self),
		}
	}
}

/// Where an element of the output is: row by row with this many numbers between the starts of rows.
pub struct Output<'a> {
	values: &'a mut [f32],
	row_stride: usize,
}

impl<'a> Output<'a> {
	pub fn new(values: &'a mut [f32], row_stride: usize) -> Self {
		Self { values, row_stride }
	}

	/// `None` unless the slice holds a matrix of this size.
	fn target(&mut self, rows: usize, columns: usize) -> Option<Target> {
		if rows > 0 && columns > 0 {
			if columns > self.row_stride && rows > 1 {
				return None;
			}
			self.values.get((rows - 1).checked_mul(self.row_stride)?.checked_add(columns - 1)?)?;
		}
		Some(Target { start: self.values.as_mut_ptr(), rows, columns, row_stride: self.row_stride })
	}
}

/// On this thread: `c` = `a` · `b`, upon what is in `c` if `is_more`. `None` if the sizes do not fit.
pub fn product(path: Path, a: Matrix<'_>, b: Matrix<'_>, mut c: Output<'_>, is_more: bool) -> Option<()> {
	let c = c.target(a.rows, b.columns).filter(|_| a.columns == b.rows)?;
	on(path, &Product { a, b: Right::Plain(b), c, is_more });
	Some(())
}

/// Many products `c` = `a` · `b`, each into its part of `c`, which are dense and one after the other. `None` if the
/// sizes do not fit.
pub fn products(path: Path, pairs: &[(Matrix<'_>, Matrix<'_>)], c: &mut [f32]) -> Option<()> {
	let mut tasks = Vec::new();
	let mut rest = c;
	for &(a, b) in pairs {
		let (this, after) = rest.split_at_mut_checked(a.rows.checked_mul(b.columns)?)?;
		rest = after;
		let c = Output::new(this, b.columns).target(a.rows, b.columns)?;
		let is_along_rows = a.rows >= b.columns;
		let most = if pairs.len() >= 2 * rayon::current_num_threads() { 1 } else { usize::MAX };
		tasks.extend(shares(Product { a, b: Right::Plain(b), c, is_more: false }, is_along_rows, most)?);
	}
	all(path, &tasks);
	Some(())
}

/// `c` = `a` · `b`, where `b` was put into panels. `None` if the sizes do not fit.
pub fn product_with_panels(path: Path, a: Matrix<'_>, b: Panels<'_>, c: &mut [f32]) -> Option<()> {
	let c = Output::new(c, b.columns).target(a.rows, b.columns).filter(|_| a.columns == b.rows)?;
	if a.rows == 0 || b.columns == 0 {
		return Some(());
	}
	let mut tasks = Vec::new();
	// Never more than `ROWS`, so that all rows are packed once.
	let most = a.rows.div_ceil(a.rows.div_ceil(ROWS)).next_multiple_of(TILE);
	for row in (0..a.rows).step_by(most) {
		let rows = [row, (row + most).min(a.rows)];
		// SAFETY: the parts lie within `c`, and none overlaps another.
		let c = unsafe { c.part(rows, [0, b.columns]) };
		let a = a.part(rows, [0, a.columns]);
		tasks.extend(shares(Product { a, b: Right::Panels(b), c, is_more: false }, false, usize::MAX)?);
	}
	all(path, &tasks);
	Some(())
}

/// A matrix into panels, for which there has to be room. `None` if there is not.
pub fn put_into_panels(path: Path, matrix: Matrix<'_>, panels: &mut [f32]) -> Option<()> {
	struct Pack<'a>(Matrix<'a>, &'a mut [f32]);
	impl OnLanes for Pack<'_> {
		type Out = ();
		#[inline(always)]
		fn on<V: Lanes>(self) {
			pack_b::<V>(self.0, self.0.rows * LANES, self.1);
		}
	}
	let panels = panels.get_mut(..Panels::count(matrix.rows, matrix.columns)?)?;
	if panels.is_empty() {
		return Some(());
	}
	let apart = matrix.rows * LANES;
	// Sixteen at a time, so that a matrix whose rows have no gaps is read in pieces of some length.
	panels.par_chunks_mut(LANES * apart).enumerate().for_each(|(index, panels)| {
		let from = index * LANES * LANES;
		let columns = [from, (from + LANES * LANES).min(matrix.columns)];
		on(path, Pack(matrix.part([0, matrix.rows], columns), panels));
	});
	Some(())
}

/// Parts of a product for the threads, at most so many, in multiples of whole tiles. `None` if its sizes do not fit.
fn shares(product: Product<'_>, is_along_rows: bool, most: usize) -> Option<impl Iterator<Item = Product<'_>>> {
	let Product { a, b, c, is_more } = product;
	let [depth, width] = b.size();
	if depth != a.columns {
		return None;
	}
	let work = a.rows.saturating_mul(width).saturating_mul(depth);
	let cuts = rayon::current_num_threads().min(work / GRAIN).clamp(1, most);
	let (length, unit) = match is_along_rows {
		_ if a.rows == 0 || width == 0 => (0, 1),
		true => (a.rows, TILE),
		false => (width, 4 * LANES),
	};
	let share = length.div_ceil(cuts).next_multiple_of(unit).max(1);
	Some((0..length).step_by(share).map(move |from| {
		let range = [from, (from + share).min(length)];
		let (rows, columns) = if is_along_rows { (range, [0, width]) } else { ([0, a.rows], range) };
		// SAFETY: the ranges lie within `c`, and none overlaps another.
		let c = unsafe { c.part(rows, columns) };
		Product { a: a.part(rows, [0, depth]), b: b.part([0, depth], columns), c, is_more }
	}))
}

fn all(path: Path, tasks: &[Product<'_>]) {
	match tasks {
		[task] => on(path, task),
		_ if rayon::current_num_threads() == 1 => tasks.iter().for_each(|task| on(path, task)),
		_ => tasks.par_iter().for_each(|task| on(path, task)),
	}
}
