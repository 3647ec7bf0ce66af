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
const DEPTH: usize = 256;
const ROWS: usize = 240;
const COLUMNS: usize = 1536;
/// Columns at once where all rows are: what is packed of them is still near when the few rows come to it.
const FEW_COLUMNS: usize = 512;
/// Up to this many rows, packing the other matrix does not pay.
const FEW_ROWS: usize = 3;
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
		let at = rows[0] * self.row_stride + columns[0] * self.column_stride;
		let size = [rows[1] - rows[0], columns[1] - columns[0]];
		let values = if size[0] == 0 || size[1] == 0 { &[] } else { &self.values[at..] };
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

// SAFETY: targets that exist at the same time are disjoint: `products` cuts them so.
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
}

/// One product: `c` = `a` · `b`, upon what is in `c` if `is_more`.
struct Product<'a> {
	a: Matrix<'a>,
	b: Matrix<'a>,
	c: Target,
	is_more: bool,
}

/// From row to row of a packed panel of `a`: a constant, so that a step needs no address of each row; and no power of
/// two, so that rows do not meet in the cache.
const PANEL: usize = DEPTH + LANES;

thread_local! {
	/// Room for panels: kept, because memory that is new each time costs more than packing.
	static PANELS: Cell<[Vec<f32>; 3]> = const { Cell::new([Vec::new(), Vec::new(), Vec::new()]) };
}

/// So many numbers, whatever they are.
fn room(buffer: &mut Vec<f32>, count: usize) -> &mut [f32] {
	if buffer.len() < count {
		buffer.resize(count, 0.0);
	}
	&mut buffer[..count]
}

/// `a` in panels of so many rows, each with [`PANEL`] places, of which the first are those of k.
#[inline(always)]
fn pack_a<V: Lanes>(a: Matrix<'_>, rows: usize, packed: &mut Vec<f32>) {
	let packed = room(packed, a.rows.next_multiple_of(rows) * PANEL);
	if a.column_stride == 1 {
		for (row, out) in packed.chunks_exact_mut(PANEL).take(a.rows).enumerate() {
			out[..a.columns].copy_from_slice(&a.values[row * a.row_stride..][..a.columns]);
		}
	} else if a.row_stride == 1 {
		for first in (0..a.rows).step_by(LANES) {
			for k in (0..a.columns).step_by(LANES) {
				let size = [(a.columns - k).min(LANES), (a.rows - first).min(LANES)];
				let from = &a.values[first + k * a.column_stride..];
				turn::<V>(from, a.column_stride, size, &mut packed[first * PANEL + k..], PANEL);
			}
		}
	} else {
		for (row, out) in packed.chunks_exact_mut(PANEL).take(a.rows).enumerate() {
			for (k, out) in out.iter_mut().enumerate().take(a.columns) {
				*out = a.at(row, k);
			}
		}
	}
}

/// From panel to panel of a packed `b`, of so many columns and so much of k. As with [`PANEL`], no power of two.
const fn panel_b(columns: usize, depth: usize) -> usize {
	columns * depth + LANES
}

/// `b` in panels of so many columns: all of them for the first k, for the second and so on, zero beyond the last column.
#[inline(always)]
fn pack_b<'p, V: Lanes>(b: Matrix<'_>, columns: usize, packed: &'p mut Vec<f32>) -> &'p [f32] {
	let depth = b.rows;
	let step = panel_b(columns, depth);
	let packed = room(packed, b.columns.div_ceil(columns) * step);
	if b.column_stride == 1 {
		// Row by row, as they lie in memory.
		for k in 0..depth {
			let row = &b.values[k * b.row_stride..][..b.columns];
			for (panel, values) in row.chunks(columns).enumerate() {
				let out = &mut packed[panel * step + k * columns..][..columns];
				for group in 0..columns / LANES {
					let lanes = if group * LANES < values.len() {
						super::lanes::lanes_at(values, group, 0.0)
					} else {
						V::splat(0.0)
					};
					super::lanes::put_at(out, group, lanes);
				}
			}
		}
		return packed;
	}
	for (panel, out) in packed.chunks_exact_mut(step).enumerate() {
		let out = &mut out[..columns * depth];
		let first = panel * columns;
		let valid = (b.columns - first).min(columns);
		if b.row_stride == 1 {
			// Sixteen columns at a time, so that not too many are read side by side.
			for column in (0..columns).step_by(LANES) {
				for k in (0..depth).step_by(LANES) {
					let size = [valid.saturating_sub(column).min(LANES), (depth - k).min(LANES)];
					let from = b.values.get(k + (first + column) * b.column_stride..).unwrap_or_default();
					turn::<V>(from, b.column_stride, size, &mut out[k * columns + column..], columns);
				}
			}
		} else {
			for (k, out) in out.chunks_exact_mut(columns).enumerate() {
				for (column, out) in out.iter_mut().enumerate() {
					*out = if column < valid { b.at(k, first + column) } else { 0.0 };
				}
			}
		}
	}
	packed
}

/// The tile at the start of `c`: `R` rows of `C` times sixteen columns, from packed panels.
///
/// SAFETY: `a` holds `R` rows of [`PANEL`] places, of which `depth` count, `b` `depth` times `C` · 16 numbers; all of the
/// tile lies within `c`.
#[inline(always)]
unsafe fn tile<V: Lanes, const R: usize, const C: usize>(
	a: *const f32,
	b: *const f32,
	depth: usize,
	c: Target,
	is_more: bool,
) {
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
		let (mut a, mut b) = (a, b.cast::<[f32; LANES]>());
		for _ in 0..depth {
			let mut columns = [V::splat(0.0); C];
			for (index, column) in columns.iter_mut().enumerate() {
				*column = V::load(&*b.add(index));
			}
			for (row, sums) in sums.iter_mut().enumerate() {
				let times = V::splat(*a.add(row * PANEL));
				for (sum, column) in sums.iter_mut().zip(columns) {
					*sum = times.fma(column, *sum);
				}
			}
			a = a.add(1);
			b = b.add(C);
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
	a: *const f32,
	b: *const f32,
	depth: usize,
	c: Target,
	is_more: bool,
	edge: *mut f32,
) {
	let size = [c.rows, c.columns];
	// SAFETY: by the caller.
	unsafe {
		if size == [R, C * LANES] {
			return tile::<V, R, C>(a, b, depth, c, is_more);
		}
		let whole = Target { start: edge, rows: R, columns: C * LANES, row_stride: C * LANES };
		copy(c, whole, size);
		tile::<V, R, C>(a, b, depth, whole, is_more);
		copy(whole, c, size);
	}
}

/// What is read next, of which a little is asked for with each tile.
struct Ahead<'a> {
	values: &'a [f32],
	stride: usize,
	/// Rows, or columns of a turned matrix, and how many lines of the cache each of them has.
	rows: usize,
	lines: usize,
	/// How many lines with each tile.
	share: usize,
	row: usize,
	line: usize,
}

impl<'a> Ahead<'a> {
	#[inline(always)]
	fn new(next: Matrix<'a>, tiles: usize) -> Self {
		let Matrix { values, rows, columns, row_stride, column_stride } = next;
		let (rows, length, stride) =
			if column_stride == 1 { (rows, columns, row_stride) } else { (columns, rows, column_stride) };
		let lines = length.div_ceil(LANES);
		let share = (rows * lines).div_ceil(tiles.max(1));
		// What has gaps both ways is left to itself.
		let rows = if row_stride == 1 || column_stride == 1 { rows } else { 0 };
		Self { values, stride, rows, lines, share, row: 0, line: 0 }
	}

	#[inline(always)]
	fn ask<V: Lanes>(&mut self) {
		for _ in 0..self.share {
			if self.row == self.rows {
				return;
			}
			V::prefetch(self.values.as_ptr().wrapping_add(self.row * self.stride + self.line * LANES));
			self.line += 1;
			if self.line == self.lines {
				(self.row, self.line) = (self.row + 1, 0);
			}
		}
	}
}

#[inline(always)]
fn blocked<V: Lanes, const R: usize, const C: usize>(product: &Product<'_>) {
	let &Product { a, b, c, is_more } = product;
	let width = C * LANES;
	let [mut room_a, mut room_b, mut edge] = PANELS.take();
	let edge_tile = room(&mut edge, R * width);
	let are_all_rows = c.rows <= ROWS;
	let most_columns = if are_all_rows { FEW_COLUMNS } else { COLUMNS };
	let (depths, strips) = (a.columns.div_ceil(DEPTH), c.columns.div_ceil(most_columns));
	for step in 0..depths * strips {
		// All rows are packed once for each part of k; else parts of `b` are.
		let place = |step: usize| {
			let (k, column) =
				if are_all_rows { (step / strips, step % strips) } else { (step % depths, step / depths) };
			let (k, column) = (k * DEPTH, column * most_columns);
			([k, (k + DEPTH).min(a.columns)], [column, (column + most_columns).min(c.columns)])
		};
		let (ks, columns) = place(step);
		let is_packed = are_all_rows && columns[0] > 0;
		let depth = ks[1] - ks[0];
		let is_more = is_more || ks[0] > 0;
		let packed_b = pack_b::<V>(b.part(ks, columns), width, &mut room_b);
		let mut ahead = None;
		if are_all_rows && step + 1 < depths * strips {
			let (ks, columns) = place(step + 1);
			let tiles = c.rows.div_ceil(R) * (columns[1] - columns[0]).div_ceil(width);
			ahead = Some(Ahead::new(b.part(ks, columns), tiles));
		}
		for row in (0..c.rows).step_by(ROWS) {
			let rows = [row, (row + ROWS).min(c.rows)];
			if !is_packed {
				pack_a::<V>(a.part(rows, ks), R, &mut room_a);
			}
			let packed_a = &room_a[..(rows[1] - rows[0]).next_multiple_of(R) * PANEL];
			for (panel_b, b) in packed_b.chunks_exact(panel_b(width, depth)).enumerate() {
				for (panel_a, a) in packed_a.chunks_exact(R * PANEL).enumerate() {
					if let Some(ahead) = &mut ahead {
						ahead.ask::<V>();
					}
					let (top, left) = (row + panel_a * R, columns[0] + panel_b * width);
					let size = [(rows[1] - top).min(R), (columns[1] - left).min(width)];
					let (a, b, edge) = (a.as_ptr(), b.as_ptr(), edge_tile.as_mut_ptr());
					// SAFETY: the tile lies within `c`, and `edge` has its full size; the panels are cut to `depth` steps
					// of full width, and hold the rows of smaller tiles as well.
					unsafe {
						let c = c.part([top, top + size[0]], [left, left + size[1]]);
						match (R, size[0]) {
							(5.., 0..=4) => tile_within::<V, 4, C>(a, b, depth, c, is_more, edge),
							(9.., 0..=8) => tile_within::<V, 8, C>(a, b, depth, c, is_more, edge),
							_ => tile_within::<V, R, C>(a, b, depth, c, is_more, edge),
						}
					}
				}
			}
		}
	}
	PANELS.set([room_a, room_b, edge]);
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
fn streamed<V: Lanes>(product: &Product<'_>) {
	let &Product { a, b, c, is_more } = product;
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
fn turned<V: Lanes, const R: usize>(product: &Product<'_>) {
	let &Product { a, b, c, is_more } = product;
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
		if self.c.rows <= FEW_ROWS && self.b.column_stride == 1 && self.a.columns > 0 {
			return streamed::<V>(self);
		}
		if self.b.row_stride == 1 {
			match self.c.rows {
				1 => return turned::<V, 1>(self),
				2 => return turned::<V, 2>(self),
				3 => return turned::<V, 3>(self),
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
	on(path, &Product { a, b, c, is_more });
	Some(())
}

/// Many products `c` = `a` · `b`, each into its part of `c`, which are dense and one after the other. `None` if the
/// sizes do not fit.
pub fn products(path: Path, pairs: &[(Matrix<'_>, Matrix<'_>)], c: &mut [f32]) -> Option<()> {
	let mut tasks = Vec::new();
	let threads = rayon::current_num_threads();
	let mut rest = c;
	for &(a, b) in pairs {
		let (this, after) = rest.split_at_mut_checked(a.rows.checked_mul(b.columns)?)?;
		rest = after;
		let c = Output::new(this, b.columns).target(a.rows, b.columns).filter(|_| a.columns == b.rows)?;
		let work = a.rows.saturating_mul(b.columns).saturating_mul(a.columns);
		let cuts = if pairs.len() >= 2 * threads { 1 } else { threads.min(work / GRAIN).max(1) };
		// Along the longer side, in multiples of whole tiles.
		let is_along_rows = a.rows >= b.columns;
		let (length, unit) = if is_along_rows { (a.rows, 12) } else { (b.columns, 2 * LANES) };
		let share = length.div_ceil(cuts).next_multiple_of(unit).max(1);
		for from in (0..length).step_by(share) {
			let range = [from, (from + share).min(length)];
			let (rows, columns) = if is_along_rows { (range, [0, b.columns]) } else { ([0, a.rows], range) };
			// SAFETY: the ranges lie within `c`, and none overlaps another.
			let c = unsafe { c.part(rows, columns) };
			let (a, b) = (a.part(rows, [0, a.columns]), b.part([0, b.rows], columns));
			tasks.push(Product { a, b, c, is_more: false });
		}
	}
	match tasks.as_slice() {
		[task] => on(path, task),
		_ if threads == 1 => tasks.iter().for_each(|task| on(path, task)),
		_ => tasks.par_iter().for_each(|task| on(path, task)),
	}
	Some(())
}
