//! Sharing work among threads: always whole outputs, never parts of a sum, so that no bit depends on their number. The
//! threads are those of the rayon pool in which a kernel is called.

#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "places in slices that exist")]

use rayon::prelude::*;

/// Less than this many numbers are not worth a second thread.
const GRAIN: usize = 1 << 14;

/// Whether it is worth sharing so much work.
pub fn is_worth(numbers: usize) -> bool {
	numbers >= 2 * GRAIN && rayon::current_num_threads() > 1
}

/// How many of `count` things one thread takes at once, a multiple of `unit`.
fn share(count: usize, unit: usize) -> usize {
	count.div_ceil(rayon::current_num_threads()).next_multiple_of(unit).max(unit)
}

/// Calls `f` for parts of `out` and of the inputs, which are as long.
pub fn zip<const N: usize>(inputs: [&[f32]; N], out: &mut [f32], f: impl Fn([&[f32]; N], &mut [f32]) + Sync) {
	zip_out(inputs, [out], |inputs, [out]| f(inputs, out));
}

/// The same with several outputs.
pub fn zip_out<const N: usize, const M: usize>(
	inputs: [&[f32]; N],
	outs: [&mut [f32]; M],
	f: impl Fn([&[f32]; N], [&mut [f32]; M]) + Sync,
) {
	let length = outs.first().map_or(0, |out| out.len());
	if !is_worth(length) {
		return f(inputs, outs);
	}
	let part = share(length, 1024);
	let mut rests = outs.map(|out| out.chunks_mut(part));
	let mut tasks = Vec::new();
	let mut start = 0;
	while start < length {
		let end = (start + part).min(length);
		let outs = rests.each_mut().map(|rest| rest.next().unwrap_or_default());
		tasks.push((inputs.map(|input| &input[start..end]), outs));
		start = end;
	}
	tasks.into_par_iter().for_each(|(inputs, outs)| f(inputs, outs));
}

/// Calls `f` with the number of the first row, and rows of `out`.
pub fn rows(out: &mut [f32], width: usize, f: impl Fn(usize, &mut [f32]) + Sync) {
	if width == 0 || !is_worth(out.len()) {
		return f(0, out);
	}
	let part = share(out.len() / width, 1);
	out.par_chunks_mut(part * width).enumerate().for_each(|(index, rows)| f(index * part, rows));
}
