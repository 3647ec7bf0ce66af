//! The same kernels on GPUs: what each operation launches, and over how many threads. What is launched is written in
//! CUDA, in the folder `cuda`; who launches it is behind [`Launcher`], so that all of this is tested where no GPU is.

#![allow(
	clippy::arithmetic_side_effects,
	clippy::indexing_slicing,
	reason = "places in tensors whose sizes the ops have checked"
)]

use super::{
	attention::{Segment, Shape, BLOCK},
	gather::{Pools, Windows},
	pointwise::{AdamW, Sgd, Unary},
	rows::{Norm, Reduction},
};
use candle_core::{bail, Result};

/// The name of a number in the memory of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pointer(pub u64);

impl Pointer {
	/// So many numbers further on.
	pub fn at(self, place: usize) -> Self {
		Self(self.0.wrapping_add(4 * place as u64))
	}
}

/// Launches kernels, one after the other, for one operation.
pub trait Launcher {
	/// Room for so many numbers, all zero, until the operation is done.
	fn room(&mut self, numbers: usize) -> Result<Pointer>;
	/// The same, with these in it.
	fn put(&mut self, words: &[u32]) -> Result<Pointer>;
	/// Waits, and reads.
	fn get(&mut self, from: Pointer, words: usize) -> Result<Vec<u32>>;
	/// A kernel of `cuda/repro.cu`, whose structure of arguments these words are.
	fn launch(&mut self, kernel: &'static str, blocks: [u32; 3], threads: u32, words: &[u64]) -> Result<()>;
}

/// What stands among a kernel's words.
trait Word {
	fn word(self) -> u64;
}

impl Word for Pointer {
	fn word(self) -> u64 {
		self.0
	}
}

impl Word for usize {
	fn word(self) -> u64 {
		self as u64
	}
}

impl Word for i64 {
	fn word(self) -> u64 {
		self as u64
	}
}

impl Word for bool {
	fn word(self) -> u64 {
		self.into()
	}
}

impl Word for f32 {
	fn word(self) -> u64 {
		self.to_bits().into()
	}
}

macro_rules! words {
	($($value:expr),* $(,)?) => { &[$($value.word()),*] };
}

/// No scratch is larger than so many numbers, 256 MiB, unless a single row is.
const SCRATCH: usize = 64 << 20;

fn blocks(count: usize, of: usize) -> Result<u32> {
	match u32::try_from(count.div_ceil(of)) {
		Ok(blocks) if blocks <= 1 << 30 => Ok(blocks),
		_ => bail!("too large for a GPU's grid"),
	}
}

/// A thread for each of `count` things.
fn each(on: &mut dyn Launcher, kernel: &'static str, count: usize, words: &[u64]) -> Result<()> {
	const THREADS: u32 = 256;
	match count {
		0 => Ok(()),
		_ => on.launch(kernel, [blocks(count, THREADS as usize)?, 1, 1], THREADS, words),
	}
}

/// Sixteen threads for each row.
fn by_rows(on: &mut dyn Launcher, kernel: &'static str, rows: usize, words: &[u64]) -> Result<()> {
	const ROWS: usize = 8;
	match rows {
		0 => Ok(()),
		_ => on.launch(kernel, [blocks(rows, ROWS)?, 1, 1], 128, words),
	}
}

/// Where element (row, column) is.
pub type Strides = [usize; 2];

/// What limits the sum of row r: queries that may not look at all keys, and keys at which not all queries look.
#[derive(Clone, Copy, Debug)]
pub enum Limits {
	/// Up to `before` plus r + 1, rounded up to a multiple of `step`.
	Until { before: usize, step: usize },
	/// From r − `before` on, cut down to a multiple of `step`.
	From { before: usize, step: usize },
}

/// Products `c` = `a` · `b` of a batch, `[m, k]` · `[k, n]`. Matrix number i begins at the jumps times i's two digits,
/// of which the second counts to `batch[1]`.
#[derive(Clone, Copy, Debug)]
pub struct Product {
	pub size: [usize; 3],
	pub batch: [usize; 2],
	pub a: (Pointer, Strides, [usize; 2]),
	pub b: (Pointer, Strides, [usize; 2]),
	pub c: (Pointer, Strides, [usize; 2]),
	/// Upon what is in `c`.
	pub is_more: bool,
	pub limits: Option<Limits>,
}

/// The kernels of products, and what a block of each makes.
const TILES: [(&str, [usize; 2]); 4] = [
	("repro_product_one", [4, 64]),
	("repro_product_few", [16, 64]),
	("repro_product_medium", [64, 64]),
	("repro_product_large", [128, 128]),
];
const LIMITED: (&str, [usize; 2]) = ("repro_product_limited", [64, 64]);
/// Large tiles pay where there are as many as a large GPU has processors.
const MANY: usize = 128;
/// Of each of these kernels.
const THREADS: u32 = 256;

impl Product {
	/// Which kernel; all give the same bits.
	fn tile(&self) -> (&'static str, [usize; 2]) {
		let [m, _, n] = self.size;
		let large = m.div_ceil(128) * n.div_ceil(128) * self.batch[0] * self.batch[1];
		match m {
			_ if self.limits.is_some() => LIMITED,
			0..=4 => TILES[0],
			5..=16 => TILES[1],
			17..=64 => TILES[2],
			_ if large < MANY => TILES[2],
			_ => TILES[3],
		}
	}

	pub fn launch(&self, on: &mut dyn Launcher) -> Result<()> {
		self.launch_as(on, self.tile())
	}

	/// With each kernel that can: to compare them.
	pub fn launch_each(&self, on: &mut dyn Launcher, mut then: impl FnMut(&mut dyn Launcher) -> Result<()>) -> Result<()> {
		for tile in TILES {
			self.launch_as(on, tile)?;
			then(on)?;
		}
		Ok(())
	}

	fn launch_as(&self, on: &mut dyn Launcher, (kernel, [rows, columns]): (&'static str, [usize; 2])) -> Result<()> {
		let ([m, k, n], [outer, inner]) = (self.size, self.batch);
		let count = outer * inner;
		if m == 0 || n == 0 || count == 0 {
			return Ok(());
		}
		let down = blocks(m, rows)?;
		if down > 65_535 {
			bail!("a matrix with too many rows for a GPU's grid");
		}
		let (from_before, from_step, until_before, until_step) = match self.limits {
			None => (i64::MAX, 1, k as i64, 1),
			Some(Limits::Until { before, step }) => (i64::MAX, 1, before as i64, step),
			Some(Limits::From { before, step }) => (before as i64, step, k as i64, 1),
		};
		let ((a, of_a, jumps_a), (b, of_b, jumps_b), (c, of_c, jumps_c)) = (self.a, self.b, self.c);
		let words = words![
			a, b, c, m, n, k, of_a[0], of_a[1], of_b[0], of_b[1], of_c[0], of_c[1], count, inner, jumps_a[0], jumps_a[1],
			jumps_b[0], jumps_b[1], jumps_c[0], jumps_c[1], self.is_more, from_before, from_step, until_before, until_step,
		];
		on.launch(kernel, [blocks(n, columns)?, down, count.min(65_535) as u32], THREADS, words)
	}
}

pub fn unary(on: &mut dyn Launcher, kind: Unary, x: Pointer, count: usize, out: Pointer) -> Result<()> {
	each(on, "repro_unary", count, words![x, out, count, kind as usize])
}

pub fn unary_grad(on: &mut dyn Launcher, kind: Unary, [x, dy]: [Pointer; 2], count: usize, out: Pointer) -> Result<()> {
	each(on, "repro_unary_grad", count, words![x, dy, out, count, kind as usize])
}

/// Rows of queries: so many for each head, the first of which has a number; how far they look.
#[derive(Clone, Copy)]
struct Queries {
	count: usize,
	first: usize,
	before: usize,
	step: usize,
}

fn softmax_of(
	on: &mut dyn Launcher,
	[rows, width]: [usize; 2],
	scale: f32,
	q: Queries,
	x: Pointer,
	out: Pointer,
) -> Result<()> {
	let words = words![x, out, rows, width, scale, q.count, q.first, q.before, q.step, width];
	by_rows(on, "repro_softmax", rows, words)
}

fn softmax_grad_of(
	on: &mut dyn Launcher,
	[rows, width]: [usize; 2],
	scale: f32,
	q: Queries,
	[y, dy]: [Pointer; 2],
	out: Pointer,
) -> Result<()> {
	let words = words![y, dy, out, rows, width, scale, q.count, q.first, q.before, q.step, width];
	by_rows(on, "repro_softmax_grad", rows, words)
}

/// All of each row.
fn whole([rows, width]: [usize; 2]) -> Queries {
	Queries { count: rows.max(1), first: 0, before: width, step: 1 }
}

pub fn softmax(on: &mut dyn Launcher, size: [usize; 2], x: Pointer, out: Pointer) -> Result<()> {
	softmax_of(on, size, 1.0, whole(size), x, out)
}

pub fn softmax_grad(on: &mut dyn Launcher, size: [usize; 2], inputs: [Pointer; 2], out: Pointer) -> Result<()> {
	softmax_grad_of(on, size, 1.0, whole(size), inputs, out)
}

pub fn norm(
	on: &mut dyn Launcher,
	norm: Norm,
	[rows, width]: [usize; 2],
	[x, gain]: [Pointer; 2],
	bias: Option<Pointer>,
	out: Pointer,
) -> Result<()> {
	let bias = bias.unwrap_or(Pointer(0));
	by_rows(on, "repro_norm", rows, words![x, gain, bias, out, rows, width, norm.has_mean, norm.epsilon])
}

pub fn norm_grad(
	on: &mut dyn Launcher,
	norm: Norm,
	[rows, width]: [usize; 2],
	[x, gain, dy]: [Pointer; 3],
	out: Pointer,
) -> Result<()> {
	by_rows(on, "repro_norm_grad", rows, words![x, gain, dy, out, rows, width, norm.has_mean, norm.epsilon])
}

pub fn norm_gain_grad(
	on: &mut dyn Launcher,
	norm: Norm,
	[rows, width]: [usize; 2],
	[x, dy]: [Pointer; 2],
	out: Pointer,
) -> Result<()> {
	let stats = on.room(2 * rows)?;
	by_rows(on, "repro_norm_stats", rows, words![x, stats, rows, width, norm.has_mean, norm.epsilon])?;
	each(on, "repro_norm_gain_grad", width, words![x, dy, stats, out, rows, width])
}

pub fn sum_rows(on: &mut dyn Launcher, [rows, width]: [usize; 2], x: Pointer, out: Pointer) -> Result<()> {
	each(on, "repro_sum_rows", width, words![x, out, rows, width])
}

pub fn reduce(
	on: &mut dyn Launcher,
	reduction: Reduction,
	[rows, width]: [usize; 2],
	x: Pointer,
	out: Pointer,
) -> Result<()> {
	by_rows(on, "repro_reduce", rows, words![x, out, rows, width, reduction as usize])
}

pub fn cross_entropy(
	on: &mut dyn Launcher,
	[rows, width]: [usize; 2],
	[logits, targets]: [Pointer; 2],
	out: Pointer,
) -> Result<()> {
	by_rows(on, "repro_cross_entropy", rows, words![logits, targets, out, rows, width])
}

pub fn cross_entropy_grad(
	on: &mut dyn Launcher,
	scale: f32,
	[rows, width]: [usize; 2],
	[logits, targets]: [Pointer; 2],
	out: Pointer,
) -> Result<()> {
	by_rows(on, "repro_cross_entropy_grad", rows, words![logits, targets, out, rows, width, scale])
}

pub fn embedding(
	on: &mut dyn Launcher,
	[count, width]: [usize; 2],
	[table, ids]: [Pointer; 2],
	out: Pointer,
) -> Result<()> {
	each(on, "repro_embedding", count * width, words![table, ids, out, count, width])
}

/// `out` is zero before.
pub fn embedding_grad(on: &mut dyn Launcher, ids: &[u32], width: usize, dy: Pointer, out: Pointer) -> Result<()> {
	// Positions of the same id side by side, the first one first: then each row is one thread's sum.
	let mut positions: Vec<u32> = (0u32..).take(ids.len()).collect();
	positions.sort_by_key(|position| ids[*position as usize]);
	let (mut starts, mut of_rows) = (Vec::new(), Vec::new());
	for (place, position) in (0u32..).zip(&positions) {
		let id = ids[*position as usize];
		if of_rows.last() != Some(&id) {
			starts.push(place);
			of_rows.push(id);
		}
	}
	let count = of_rows.len();
	if count == 0 {
		return Ok(());
	}
	starts.push(ids.len() as u32);
	let (positions, starts, of_rows) = (on.put(&positions)?, on.put(&starts)?, on.put(&of_rows)?);
	each(on, "repro_embedding_grad", count * width, words![dy, positions, starts, of_rows, out, count, width])
}

pub fn rope(
	on: &mut dyn Launcher,
	[positions, width]: [usize; 2],
	(head_width, rotated, is_inverse): (usize, usize, bool),
	[x, angles]: [Pointer; 2],
	out: Pointer,
) -> Result<()> {
	let words = words![x, angles, out, positions, width, head_width, rotated, is_inverse];
	each(on, "repro_rope", positions * width, words)
}

pub fn adamw(
	on: &mut dyn Launcher,
	step: AdamW,
	[state, grad]: [Pointer; 2],
	count: usize,
	out: Pointer,
) -> Result<()> {
	let (rest1, rest2) = (1.0 - step.beta1, 1.0 - step.beta2);
	let (c1, c2, keep) = (step.correction1, step.correction2, 1.0 - step.decay);
	let words = words![
		state,
		grad,
		out,
		count,
		step.beta1,
		rest1,
		step.beta2,
		rest2,
		c1,
		c2,
		step.epsilon,
		-step.rate,
		keep
	];
	each(on, "repro_adamw", count, words)
}

pub fn sgd(on: &mut dyn Launcher, step: Sgd, [state, grad]: [Pointer; 2], count: usize, out: Pointer) -> Result<()> {
	let keep = 1.0 - step.decay;
	each(on, "repro_sgd", count, words![state, grad, out, count, step.momentum, -step.rate, keep])
}

/// A convolution of so many images.
#[derive(Clone, Copy)]
pub struct Convolution {
	pub images: usize,
	pub outputs: usize,
	pub windows: Windows,
	/// Height and width of what comes out.
	pub pixels: [usize; 2],
}

impl Convolution {
	fn area(&self) -> usize {
		self.pixels[0] * self.pixels[1]
	}

	fn image(&self) -> usize {
		self.windows.channels * self.windows.height * self.windows.width
	}

	/// Calls `f` with the number of the first image and how many, as many as there is room for windows of.
	fn groups(&self, mut f: impl FnMut(usize, usize) -> Result<()>) -> Result<()> {
		let one = self.windows.size() * self.area();
		let group = (SCRATCH / one.max(1)).clamp(1, 65_535);
		for first in (0..self.images).step_by(group) {
			f(first, group.min(self.images - first))?;
		}
		Ok(())
	}

	fn columns(&self, on: &mut dyn Launcher) -> Result<Pointer> {
		let one = self.windows.size() * self.area();
		on.room(one * (SCRATCH / one.max(1)).clamp(1, 65_535).min(self.images))
	}

	fn move_windows(
		&self,
		on: &mut dyn Launcher,
		kernel: &'static str,
		images: usize,
		from: Pointer,
		to: Pointer,
	) -> Result<()> {
		let w = &self.windows;
		let count =
			if kernel == "repro_windows" { images * w.size() * self.area() } else { images * self.image() };
		let words = words![
			from, to, images, w.channels, w.height, w.width, w.kernel[0], w.kernel[1], w.stride, w.padding, self.pixels[0],
			self.pixels[1],
		];
		each(on, kernel, count, words)
	}

	pub fn forward(&self, on: &mut dyn Launcher, [x, kernels]: [Pointer; 2], out: Pointer) -> Result<()> {
		let (size, area, result) = (self.windows.size(), self.area(), self.outputs * self.area());
		let columns = self.columns(on)?;
		self.groups(|first, images| {
			self.move_windows(on, "repro_windows", images, x.at(first * self.image()), columns)?;
			Product {
				size: [self.outputs, size, area],
				batch: [1, images],
				a: (kernels, [size, 1], [0, 0]),
				b: (columns, [area, 1], [0, size * area]),
				c: (out.at(first * result), [area, 1], [0, result]),
				is_more: false,
				limits: None,
			}
			.launch(on)
		})
	}

	pub fn image_grad(&self, on: &mut dyn Launcher, [kernels, dy]: [Pointer; 2], out: Pointer) -> Result<()> {
		let (size, area, result) = (self.windows.size(), self.area(), self.outputs * self.area());
		let columns = self.columns(on)?;
		self.groups(|first, images| {
			Product {
				size: [size, self.outputs, area],
				batch: [1, images],
				a: (kernels, [1, size], [0, 0]),
				b: (dy.at(first * result), [area, 1], [0, result]),
				c: (columns, [area, 1], [0, size * area]),
				is_more: false,
				limits: None,
			}
			.launch(on)?;
			self.move_windows(on, "repro_windows_grad", images, columns, out.at(first * self.image()))
		})
	}

	/// Images one after the other, each upon the sum so far.
	pub fn kernel_grad(&self, on: &mut dyn Launcher, [x, dy]: [Pointer; 2], out: Pointer) -> Result<()> {
		let (size, area, result) = (self.windows.size(), self.area(), self.outputs * self.area());
		let columns = self.columns(on)?;
		self.groups(|first, images| {
			self.move_windows(on, "repro_windows", images, x.at(first * self.image()), columns)?;
			(0..images).try_for_each(|image| {
				Product {
					size: [self.outputs, area, size],
					batch: [1, 1],
					a: (dy.at((first + image) * result), [area, 1], [0, 0]),
					b: (columns.at(image * size * area), [1, area], [0, 0]),
					c: (out, [size, 1], [0, 0]),
					is_more: first + image > 0,
					limits: None,
				}
				.launch(on)
			})
		})
	}
}

pub fn pool(on: &mut dyn Launcher, pools: &Pools, x: Pointer, out: Pointer) -> Result<()> {
	let words = words![x, Pointer(0), out, pools.planes, pools.height, pools.width, pools.side];
	each(on, "repro_pool", pools.outputs(), words)
}

/// `out` is zero before.
pub fn pool_grad(on: &mut dyn Launcher, pools: &Pools, [x, dy]: [Pointer; 2], out: Pointer) -> Result<()> {
	let words = words![x, dy, out, pools.planes, pools.height, pools.width, pools.side];
	each(on, "repro_pool_grad", pools.outputs(), words)
}

/// Rows of positions, in which the first head starts at the pointer.
#[derive(Clone, Copy)]
pub struct Side {
	pub first: Pointer,
	pub row_stride: usize,
}

impl Side {
	/// Head number `head` of a position.
	fn at(self, position: usize, head: usize, width: usize) -> Pointer {
		self.first.at(position * self.row_stride + head * width)
	}

	fn strides(self) -> Strides {
		[self.row_stride, 1]
	}

	fn turned(self) -> Strides {
		[1, self.row_stride]
	}
}

/// How many keys stand before those of the queries; all, where each query looks at all.
fn before(shape: &Shape, segment: &Segment) -> usize {
	if shape.is_causal {
		segment.keys[1] - segment.queries[1]
	} else {
		segment.keys[1]
	}
}

/// `out` is zero before, and has a row of all heads for each query.
pub fn attention(on: &mut dyn Launcher, shape: &Shape, [q, k, v]: [Side; 3], out: Pointer) -> Result<()> {
	let (width, group) = (shape.head_width, shape.heads / shape.key_heads);
	let out = Side { first: out, row_stride: shape.heads * width };
	let most_of = |segment: &Segment| (SCRATCH / (shape.heads * segment.keys[1])).clamp(1, segment.queries[1]);
	let segments = shape.segments.iter().filter(|segment| segment.keys[1] > 0 && segment.queries[1] > 0);
	let room = segments.clone().map(|segment| shape.heads * most_of(segment) * segment.keys[1]).max();
	let scores = on.room(room.unwrap_or_default())?;
	for segment in segments {
		let ([first_query, queries], [first_key, keys]) = (segment.queries, segment.keys);
		let most = most_of(segment);
		for from in (0..queries).step_by(most) {
			let count = most.min(queries - from);
			let before = before(shape, segment);
			let batch = [shape.key_heads, group];
			let of_scores = (scores, [keys, 1], [group * count * keys, count * keys]);
			Product {
				size: [count, width, keys],
				batch,
				a: (q.at(first_query + from, 0, width), q.strides(), [group * width, width]),
				b: (k.at(first_key, 0, width), k.turned(), [width, 0]),
				c: of_scores,
				is_more: false,
				limits: None,
			}
			.launch(on)?;
			let rows = Queries { count, first: from, before, step: 1 };
			softmax_of(on, [shape.heads * count, keys], shape.scale, rows, scores, scores)?;
			Product {
				size: [count, keys, width],
				batch,
				a: of_scores,
				b: (v.at(first_key, 0, width), v.strides(), [width, 0]),
				c: (out.at(first_query + from, 0, width), out.strides(), [group * width, width]),
				is_more: false,
				limits: shape.is_causal.then_some(Limits::Until { before: before + from, step: 1 }),
			}
			.launch(on)?;
		}
	}
	Ok(())
}

/// Of rows with queries, keys and values of a position one after the other. `out` has the same rows, and is zero before.
pub fn attention_grad(on: &mut dyn Launcher, shape: &Shape, qkv: Side, dy: Side, out: Side) -> Result<()> {
	let (width, group) = (shape.head_width, shape.heads / shape.key_heads);
	let (keys_at, values_at) = (shape.heads, shape.heads + shape.key_heads);
	let segments = shape.segments.iter().filter(|segment| segment.queries[1] > 0);
	// Key heads at once, and the scores of one.
	let sizes = |segment: &Segment| {
		let square = segment.queries[1] * segment.queries[1];
		((SCRATCH / (2 * square)).clamp(1, shape.key_heads), square)
	};
	let room = segments.clone().map(|segment| sizes(segment).0 * sizes(segment).1).max().unwrap_or_default();
	let (shares, slopes) = (on.room(room)?, on.room(room)?);
	for segment in segments {
		let [first, length] = segment.queries;
		let (most, square) = sizes(segment);
		let before = before(shape, segment);
		for key_head in (0..shape.key_heads).step_by(most) {
			let count = most.min(shape.key_heads - key_head);
			let batch = [1, count];
			let (of_shares, of_slopes) = ((shares, [length, 1], [0, square]), (slopes, [length, 1], [0, square]));
			let (shares_turned, slopes_turned) = ((shares, [1, length], [0, square]), (slopes, [1, length], [0, square]));
			let until = shape.is_causal.then_some(Limits::Until { before, step: BLOCK });
			let from = shape.is_causal.then_some(Limits::From { before, step: BLOCK });
			// Heads of a group one after the other: sums for keys and values run through them.
			for member in 0..group {
				let head = key_head * group + member;
				let of_head = |side: Side| (side.at(first, head, width), side.strides(), [0, group * width]);
				let of_keys = |side: Side, part: usize| (side.at(first, part + key_head, width), side.strides(), [0, width]);
				let turned = |part: usize| (qkv.at(first, part + key_head, width), qkv.turned(), [0, width]);
				let through = |size, a, b, c, is_more, limits| Product { size, batch, a, b, c, is_more, limits };
				let (across, back) = ([length, width, length], [length, length, width]);
				through(across, of_head(qkv), turned(keys_at), of_shares, false, None).launch(on)?;
				let rows = [count * length, length];
				let seen = Queries { count: length, first: 0, before, step: 1 };
				softmax_of(on, rows, shape.scale, seen, shares, shares)?;
				// dV += Pᵀ · dY, dP = dY · Vᵀ, and through the softmax
				through(back, shares_turned, of_head(dy), of_keys(out, values_at), member > 0, from).launch(on)?;
				through(across, of_head(dy), turned(values_at), of_slopes, false, None).launch(on)?;
				let seen = Queries { step: BLOCK, ..seen };
				softmax_grad_of(on, rows, shape.scale, seen, [shares, slopes], slopes)?;
				// dQ = dS · K, dK += dSᵀ · Q
				through(back, of_slopes, of_keys(qkv, keys_at), of_head(out), false, until).launch(on)?;
				through(back, slopes_turned, of_head(qkv), of_keys(out, keys_at), member > 0, from).launch(on)?;
			}
		}
	}
	Ok(())
}
