//! Attention of positions to those before them, or to all of their text. A position's sums stop exactly where it may not
//! look further, so it has the same bits alone, after a cache of earlier positions, and among many.

#![allow(
	clippy::arithmetic_side_effects,
	clippy::indexing_slicing,
	reason = "places in slices whose lengths `Shape::check` has checked"
)]

use super::{
	lanes::{on, update, Lanes, OnLanes, Path},
	matmul::{product, Matrix, Output},
	rows::{softmax_grad_row, softmax_row},
};
use rayon::prelude::*;

/// Positions that look at positions: a text, or the end of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
	/// First query and how many.
	pub queries: [usize; 2],
	/// First key and how many. Causal: the last query is at the place of the last key.
	pub keys: [usize; 2],
}

/// Heads, and what looks at what.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
	pub heads: usize,
	/// Heads of keys and values, each shared by `heads / key_heads`.
	pub key_heads: usize,
	pub head_width: usize,
	pub is_causal: bool,
	pub scale: f32,
	pub segments: Vec<Segment>,
}

impl Shape {
	/// Whether all segments lie within so many queries and keys, and queries do not overlap.
	pub fn check(&self, queries: usize, keys: usize) -> bool {
		let mut end = 0usize;
		let fits = |range: [usize; 2], count: usize| range[0].checked_add(range[1]).is_some_and(|end| end <= count);
		let is_in_order = self.segments.iter().all(|segment| {
			let is_after = segment.queries[0] >= end;
			end = segment.queries[0].saturating_add(segment.queries[1]);
			let is_causal_possible = !self.is_causal || segment.keys[1] >= segment.queries[1];
			is_after && fits(segment.queries, queries) && fits(segment.keys, keys) && is_causal_possible
		});
		is_in_order
			&& self.key_heads > 0
			&& self.heads > 0
			&& self.heads.is_multiple_of(self.key_heads)
			&& self.head_width > 0
	}

	/// How many keys a query of a segment looks at.
	#[inline(always)]
	fn limit(&self, segment: &Segment, query: usize) -> usize {
		if self.is_causal {
			segment.keys[1] - segment.queries[1] + query + 1
		} else {
			segment.keys[1]
		}
	}
}

/// Numbers of positions, one row each, in which a head starts at some place.
#[derive(Clone, Copy)]
pub struct Side<'a> {
	pub values: &'a [f32],
	/// Where the first head starts in a row.
	pub start: usize,
	pub row_stride: usize,
}

impl<'a> Side<'a> {
	fn head(&self, first: usize, count: usize, head: usize, width: usize) -> Option<Matrix<'a>> {
		let values = self.values.get(first * self.row_stride + self.start + head * width..)?;
		Matrix::new(values, [count, width], [self.row_stride, 1])
	}

	fn transposed(&self, first: usize, count: usize, head: usize, width: usize) -> Option<Matrix<'a>> {
		let values = self.values.get(first * self.row_stride + self.start + head * width..)?;
		Matrix::new(values, [width, count], [1, self.row_stride])
	}
}

/// So many queries at once.
pub(super) const BLOCK: usize = 48;

/// The shares that a block of queries gives to keys: rows of `width`, zero beyond each limit.
#[inline(always)]
fn shares<V: Lanes>(
	path: Path,
	shape: &Shape,
	(q, k): (Side<'_>, Side<'_>),
	(segment, head): (&Segment, usize),
	block: [usize; 2],
	out: &mut [f32],
) -> Option<()> {
	let width = shape.limit(segment, block[1] - 1);
	let key_head = head / (shape.heads / shape.key_heads);
	let queries = q.head(segment.queries[0] + block[0], block[1] - block[0], head, shape.head_width)?;
	let keys = k.transposed(segment.keys[0], width, key_head, shape.head_width)?;
	product(path, queries, keys, Output::new(out, width), false)?;
	for (query, row) in (block[0]..block[1]).zip(out.chunks_exact_mut(width)) {
		let (seen, beyond) = row.split_at_mut(shape.limit(segment, query));
		softmax_row::<V>(seen, shape.scale);
		beyond.fill(0.0);
	}
	Some(())
}

struct Forward<'a> {
	path: Path,
	shape: &'a Shape,
	q: Side<'a>,
	k: Side<'a>,
	v: Side<'a>,
	segment: &'a Segment,
	head: usize,
	block: [usize; 2],
}

impl OnLanes for &Forward<'_> {
	/// Rows of one head.
	type Out = Option<Vec<f32>>;

	#[inline(always)]
	fn on<V: Lanes>(self) -> Self::Out {
		let Forward { path, shape, q, k, v, segment, head, block } = *self;
		let (first, last) = (shape.limit(segment, block[0]), shape.limit(segment, block[1] - 1));
		let width = shape.head_width;
		let mut weights = vec![0.0; (block[1] - block[0]) * last];
		shares::<V>(path, shape, (q, k), (segment, head), block, &mut weights)?;
		let key_head = head / (shape.heads / shape.key_heads);
		let mut out = vec![0.0; (block[1] - block[0]) * width];
		// What all of the block look at, together; then each the few that come after.
		let common = Matrix::new(&weights, [block[1] - block[0], first], [last, 1])?;
		product(path, common, v.head(segment.keys[0], first, key_head, width)?, Output::new(&mut out, width), false)?;
		for ((query, row), out) in (block[0]..block[1]).zip(weights.chunks_exact(last)).zip(out.chunks_exact_mut(width))
		{
			for (key, share) in (0..shape.limit(segment, query)).zip(row).skip(first) {
				let value = (segment.keys[0] + key) * v.row_stride + v.start + key_head * width;
				let share = V::splat(*share);
				update!(V, sum in out, [v = &v.values[value..][..width]], share.fma(v, sum));
			}
		}
		Some(out)
	}
}

/// Attention. `out` has a row of all heads for each query. `None` if the sizes do not fit.
pub fn attention(path: Path, shape: &Shape, [q, k, v]: [Side<'_>; 3], out: &mut [f32]) -> Option<()> {
	let mut tasks = Vec::new();
	for segment in shape.segments.iter().filter(|segment| segment.keys[1] > 0) {
		for head in 0..shape.heads {
			for from in (0..segment.queries[1]).step_by(BLOCK) {
				let block = [from, (from + BLOCK).min(segment.queries[1])];
				tasks.push(Forward { path, shape, q, k, v, segment, head, block });
			}
		}
	}
	let work: usize = tasks.iter().map(|task| (task.block[1] - task.block[0]) * task.segment.keys[1]).sum();
	let row = shape.heads * shape.head_width;
	let mut put = |task: &Forward<'_>, head: &[f32]| {
		for (query, values) in (task.block[0]..).zip(head.chunks_exact(shape.head_width)) {
			let at = (task.segment.queries[0] + query) * row + task.head * shape.head_width;
			out[at..at + shape.head_width].copy_from_slice(values);
		}
	};
	if super::parallel::is_worth(work * shape.head_width / 16) {
		// In groups, so that outputs of heads do not pile up.
		for group in tasks.chunks(64 * rayon::current_num_threads()) {
			let heads: Option<Vec<_>> = group.par_iter().map(|task| on(path, task)).collect();
			group.iter().zip(heads?).for_each(|(task, head)| put(task, &head));
		}
	} else {
		for task in &tasks {
			put(task, &on(path, task)?);
		}
	}
	Some(())
}

struct Backward<'a> {
	path: Path,
	shape: &'a Shape,
	qkv: [Side<'a>; 3],
	dy: Side<'a>,
	segment: &'a Segment,
	key_head: usize,
}

/// The gradients of the queries of one group of heads, and of its keys and values.
struct Gradients {
	queries: Vec<Vec<f32>>,
	keys: Vec<f32>,
	values: Vec<f32>,
}

impl OnLanes for &Backward<'_> {
	type Out = Option<Gradients>;

	/// Blocks of queries one after the other, heads of a group one after the other: a sum over queries runs through heads,
	/// and in each through queries, from the first to the last.
	#[inline(always)]
	fn on<V: Lanes>(self) -> Self::Out {
		let Backward { path, shape, qkv: [q, k, v], dy, segment, key_head } = *self;
		let (width, keys) = (shape.head_width, segment.keys[1]);
		let group = shape.heads / shape.key_heads;
		let mut out = Gradients { queries: Vec::new(), keys: vec![0.0; keys * width], values: vec![0.0; keys * width] };
		let mut weights = vec![0.0; BLOCK * keys];
		let mut slopes = vec![0.0; BLOCK * keys];
		for head in key_head * group..(key_head + 1) * group {
			let mut queries = vec![0.0; segment.queries[1] * width];
			for from in (0..segment.queries[1]).step_by(BLOCK) {
				let block = [from, (from + BLOCK).min(segment.queries[1])];
				let rows = block[1] - block[0];
				let last = shape.limit(segment, block[1] - 1);
				let weights = &mut weights[..rows * last];
				shares::<V>(path, shape, (q, k), (segment, head), block, weights)?;
				let dy = dy.head(segment.queries[0] + from, rows, head, width)?;
				// dV += Pᵀ · dY
				let turned = Matrix::new(weights, [last, rows], [1, last])?;
				product(path, turned, dy, Output::new(&mut out.values, width), true)?;
				// dP = dY · Vᵀ, and through the softmax
				let slopes = &mut slopes[..rows * last];
				product(
					path,
					dy,
					v.transposed(segment.keys[0], last, key_head, width)?,
					Output::new(slopes, last),
					false,
				)?;
				let mut through = vec![0.0; rows * last];
				for ((p, dp), ds) in
					weights.chunks_exact(last).zip(slopes.chunks_exact(last)).zip(through.chunks_exact_mut(last))
				{
					softmax_grad_row::<V>(p, dp, shape.scale, ds);
				}
				// dQ = dS · K, dK += dSᵀ · Q
				let straight = Matrix::dense(&through, rows, last)?;
				let keys = k.head(segment.keys[0], last, key_head, width)?;
				product(path, straight, keys, Output::new(&mut queries[from * width..], width), false)?;
				let turned = Matrix::new(&through, [last, rows], [1, last])?;
				let block_queries = q.head(segment.queries[0] + from, rows, head, width)?;
				product(path, turned, block_queries, Output::new(&mut out.keys, width), true)?;
			}
			out.queries.push(queries);
		}
		Some(out)
	}
}

/// The gradient of [`attention`] of rows that hold queries, keys and values of a position one after the other: `out` has
/// the same rows. Segments have keys where they have queries.
pub fn attention_grad(path: Path, shape: &Shape, qkv: [Side<'_>; 3], dy: Side<'_>, out: &mut [f32]) -> Option<()> {
	let tasks: Vec<_> = shape
		.segments
		.iter()
		.filter(|segment| segment.queries[1] > 0)
		.flat_map(|segment| (0..shape.key_heads).map(move |key_head| (segment, key_head)))
		.map(|(segment, key_head)| Backward { path, shape, qkv, dy, segment, key_head })
		.collect();
	let group = shape.heads / shape.key_heads;
	let width = shape.head_width;
	let row = (shape.heads + 2 * shape.key_heads) * width;
	for tasks in tasks.chunks(rayon::current_num_threads()) {
		let gradients: Option<Vec<_>> = tasks.par_iter().map(|task| on(path, task)).collect();
		for (task, gradients) in tasks.iter().zip(gradients?) {
			let mut put = |head: usize, values: &[f32]| {
				for (position, values) in values.chunks_exact(width).enumerate() {
					let at = (task.segment.queries[0] + position) * row + head * width;
					out[at..at + width].copy_from_slice(values);
				}
			};
			for (head, values) in (task.key_head * group..).zip(&gradients.queries) {
				put(head, values);
			}
			put(shape.heads + task.key_head, &gradients.keys);
			put(shape.heads + shape.key_heads + task.key_head, &gradients.values);
		}
	}
	Some(())
}
