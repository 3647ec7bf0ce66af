//! The kernel set: its bits do not depend on instructions, threads or batches, and its numbers are those that they
//! stand for.

#![allow(
	clippy::arithmetic_side_effects,
	clippy::expect_used,
	clippy::indexing_slicing,
	clippy::unwrap_used,
	reason = "tests"
)]

use candle_core::{Device, Tensor, D};
use ogpu_worker::{
	kernels::{
		canonical_bytes,
		math::host,
		matmul::{product, product_with_panels, products, put_into_panels, Matrix, Output, Panels},
		random::Random,
		Path,
	},
	ops::{AttentionShape, Fast, Norm, Ops, Reduction, Repro, Segment, Unary},
	selftest::{cases, expected, jobs, VECTORS},
};
use proptest::prelude::*;

fn normal(seed: u64, count: usize) -> Vec<f32> {
	let mut values = vec![0.0; count];
	Random::new(seed, 0).fill_normal(&mut values);
	values
}

fn with_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
	rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}

fn bits(tensor: &Tensor) -> Vec<u8> {
	canonical_bytes(&tensor.flatten_all().unwrap().to_vec1().unwrap())
}

#[test]
fn every_operation_gives_its_known_answer_on_every_path_and_with_any_threads() {
	let all = cases();
	let of_operations = VECTORS.lines().filter(|line| !line.starts_with("job-")).count();
	assert_eq!(of_operations, all.len(), "each vector has its case");
	for path in Path::available() {
		for threads in [1, 2, 7] {
			with_threads(threads, || {
				for case in &all {
					let digest = case.digest(&Repro::with_path(path)).unwrap();
					assert_eq!(Some(digest.to_hex().as_str()), case.expected(), "{} {path:?} {threads}", case.name);
				}
			});
		}
	}
}

#[test]
fn a_job_of_every_kind_has_its_known_root_on_every_path_and_with_any_threads() {
	for path in Path::available().into_iter().filter(|path| *path != Path::Portable) {
		for threads in [1, 3] {
			let roots = with_threads(threads, || jobs(|| Box::new(Repro::with_path(path)))).unwrap();
			assert_eq!(VECTORS.lines().filter(|line| line.starts_with("job-")).count(), roots.len());
			for (name, root) in roots {
				assert_eq!(Some(root.to_string().as_str()), expected(name), "{name} {path:?} {threads}");
			}
		}
	}
}

/// Candle's kernels are written by others: that both agree up to rounding says that both mean the same.
#[test]
fn every_operation_agrees_with_plain_candle() {
	for case in cases() {
		if case.name.contains("x0x") || case.name.starts_with("unary") || case.name.starts_with("hostile") {
			continue;
		}
		let ours = case.outputs(&Repro::default()).unwrap();
		let theirs = case.outputs(&Fast::default()).unwrap();
		assert_eq!(ours.len(), theirs.len());
		for (ours, theirs) in ours.iter().zip(&theirs) {
			assert_eq!(ours.dims(), theirs.dims(), "{}", case.name);
			let difference = (ours - theirs).unwrap().abs().unwrap().flatten_all().unwrap();
			let size = theirs.abs().unwrap().flatten_all().unwrap().max(0).unwrap().to_scalar::<f32>().unwrap();
			let most = difference.max(0).unwrap().to_scalar::<f32>().unwrap();
			assert!(most <= 2e-5 * size.max(1.0), "{}: {most} of {size}", case.name);
		}
	}
}

#[test]
fn functions_are_near_what_they_are_named_after() {
	let points: Vec<f32> = (-40_000..40_000).map(|i| i as f32 * 5e-4).collect();
	let erf = |x: f64| {
		// The series, summed in fp64 until nothing is added.
		let (mut term, mut sum, mut n) = (x, x, 0.0);
		while term.abs() > 1e-18 && n < 400.0 {
			n += 1.0;
			term *= -x * x / n;
			sum += term / (2.0 * n + 1.0);
		}
		if x.abs() > 5.0 {
			x.signum()
		} else {
			sum * 2.0 / std::f64::consts::PI.sqrt()
		}
	};
	type Known<'a> = (Unary, &'a dyn Fn(f64) -> f64, f64);
	let known: [Known; 8] = [
		(Unary::Exp, &f64::exp, 2e-7),
		(Unary::Sin, &f64::sin, 2e-7),
		(Unary::Cos, &f64::cos, 2e-7),
		(Unary::Tanh, &f64::tanh, 3e-7),
		(Unary::Erf, &erf, 3e-7),
		(Unary::Sigmoid, &|x| 1.0 / (1.0 + (-x).exp()), 3e-7),
		(Unary::Silu, &|x| x / (1.0 + (-x).exp()), 5e-7),
		(Unary::Gelu, &|x| x * 0.5 * (1.0 + erf(x / 2f64.sqrt())), 1e-6),
	];
	let x = Tensor::new(points.as_slice(), &Device::Cpu).unwrap();
	for (kind, exact, relative) in known {
		let values = Repro::default().unary(kind, &x).unwrap().to_vec1::<f32>().unwrap();
		for (x, value) in points.iter().zip(values) {
			let exact = exact(f64::from(*x));
			let error = (f64::from(value) - exact).abs();
			let allowed = relative * if kind == Unary::Exp { exact } else { exact.abs().max(1.0) };
			assert!(error <= allowed, "{kind:?}({x}) = {value}, not {exact}");
		}
	}
	let positive: Vec<f32> =
		(1..40_000).map(|i| (i as f32 * 1e-3).powi(3)).chain([1e-40, 3e38, f32::MIN_POSITIVE]).collect();
	let x = Tensor::new(positive.as_slice(), &Device::Cpu).unwrap();
	for (x, value) in positive.iter().zip(Repro::default().unary(Unary::Log, &x).unwrap().to_vec1::<f32>().unwrap()) {
		let exact = f64::from(*x).ln();
		assert!((f64::from(value) - exact).abs() <= 2e-7 * exact.abs().max(0.5), "ln {x} = {value}, not {exact}");
	}
}

#[test]
fn functions_say_what_is_no_number_and_what_is_infinite() {
	let ends = [f32::NEG_INFINITY, f32::INFINITY, f32::NAN, 0.0, -0.0, -1.0];
	let x = Tensor::new(&ends, &Device::Cpu).unwrap();
	let of = |kind| Repro::default().unary(kind, &x).unwrap().to_vec1::<f32>().unwrap();
	let bits =
		|values: Vec<f32>| values.into_iter().map(|v| if v.is_nan() { 1 } else { v.to_bits() }).collect::<Vec<_>>();
	let (inf, nan) = (f32::INFINITY, f32::NAN);
	assert_eq!(bits(of(Unary::Exp)), bits(vec![0.0, inf, nan, 1.0, 1.0, of(Unary::Exp)[5]]));
	assert_eq!(bits(of(Unary::Log)), bits(vec![nan, inf, nan, -inf, -inf, nan]));
	assert_eq!(bits(of(Unary::Erf)), bits(vec![-1.0, 1.0, nan, 0.0, -0.0, of(Unary::Erf)[5]]));
	assert_eq!(bits(of(Unary::Tanh)), bits(vec![-1.0, 1.0, nan, 0.0, -0.0, of(Unary::Tanh)[5]]));
	assert_eq!(bits(of(Unary::Relu)), bits(vec![0.0, inf, nan, 0.0, 0.0, 0.0]));
}

#[test]
fn functions_of_the_host_are_exact_enough_for_angles_and_schedules() {
	for i in 1..20_000 {
		let x = f64::from(i) * 0.37;
		assert!((host::ln(x) - x.ln()).abs() < 1e-14 * x.ln().abs().max(1.0));
		assert!((host::exp(-x / 100.0) / (-x / 100.0).exp() - 1.0).abs() < 1e-12);
		let (sine, cosine) = host::sin_cos(x);
		assert!((sine - x.sin()).abs() < 1e-12 && (cosine - x.cos()).abs() < 1e-12, "{x}");
	}
}

/// The random generator's authors publish what it gives for these.
#[test]
fn random_words_are_those_of_philox() {
	let zero = Random::new(0, 0);
	assert_eq!(zero.words(0), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
	let ones = Random::new(u64::MAX, u64::MAX);
	assert_eq!(ones.words(u64::MAX), [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
	let all: Vec<u32> = (0..8).map(|place| zero.word(place)).collect();
	assert_eq!(all, [zero.words(0), zero.words(1)].concat());
}

#[test]
fn normal_numbers_are_normal() {
	let values = normal(3, 100_000);
	let mean = values.iter().sum::<f32>() / 1e5;
	let square = values.iter().map(|x| x * x).sum::<f32>() / 1e5;
	let beyond_two = values.iter().filter(|x| x.abs() > 2.0).count();
	assert!(mean.abs() < 0.01 && (square - 1.0).abs() < 0.02, "{mean} {square}");
	assert!((4_350..4_750).contains(&beyond_two), "{beyond_two}");
}

/// Holds a product of these sizes against the definition, written out: alone, and upon what is there, between other numbers.
fn is_the_chain([m, k, n]: [usize; 3], seed: u64, [turn_a, turn_b]: [bool; 2], threads: usize) {
	let (a, b, start) = (normal(seed, m * k), normal(seed ^ 1, k * n), normal(seed ^ 2, m * n));
	let at = |row: usize, column: usize, rows: usize, columns: usize, turned: bool| {
		if turned {
			column * rows + row
		} else {
			row * columns + column
		}
	};
	let chain = |mut sums: Vec<f32>| {
		for i in 0..m {
			for l in 0..k {
				let times = a[at(i, l, m, k, turn_a)];
				for j in 0..n {
					let sum = &mut sums[i * n + j];
					*sum = times.mul_add(b[at(l, j, k, n, turn_b)], *sum);
				}
			}
		}
		sums
	};
	let (alone, upon) = (chain(vec![0.0; m * n]), chain(start.clone()));
	let strides = |rows, columns, turned| if turned { [1, rows] } else { [columns, 1] };
	let a = Matrix::new(&a, [m, k], strides(m, k, turn_a)).unwrap();
	let b = Matrix::new(&b, [k, n], strides(k, n, turn_b)).unwrap();
	for path in Path::available() {
		let about = format!("{path:?}: {m} × {k} × {n}, turned {turn_a} {turn_b}");
		let mut c = vec![f32::NAN; m * n];
		with_threads(threads, || products(path, &[(a, b)], &mut c)).unwrap();
		assert!(canonical_bytes(&c) == canonical_bytes(&alone), "{about}");
		let mut panels = vec![f32::NAN; Panels::count(k, n).unwrap()];
		let mut c = vec![f32::NAN; m * n];
		with_threads(threads, || {
			put_into_panels(path, b, &mut panels).unwrap();
			product_with_panels(path, a, Panels::new(&panels, k, n).unwrap(), &mut c).unwrap();
		});
		assert!(canonical_bytes(&c) == canonical_bytes(&alone), "{about}, in panels");
		let gap = 7;
		let mut c = vec![-1.5; m * (n + gap)];
		for (row, start) in c.chunks_exact_mut(n + gap).zip(start.chunks_exact(n)) {
			row[..n].copy_from_slice(start);
		}
		product(path, a, b, Output::new(&mut c, n + gap), true).unwrap();
		for (row, upon) in c.chunks_exact(n + gap).zip(upon.chunks_exact(n)) {
			assert!(canonical_bytes(&row[..n]) == canonical_bytes(upon), "{about}, upon what is there");
			assert_eq!(row[n..], [-1.5; 7], "{about}: what lies between is not touched");
		}
	}
}

#[test]
fn a_product_of_many_blocks_is_the_chain_of_fused_steps() {
	let shapes = [
		[5, 300, 1100],
		[64, 513, 515],
		[240, 385, 264],
		[241, 400, 1600],
		[253, 17, 33],
		[3, 40, 1030],
		[7, 40, 1030],
		[1, 900, 70],
		// More parts of k than packed rows are kept of.
		[14, 12_400, 40],
	];
	for (seed, shape) in (1..).zip(shapes) {
		for turned in [[false, false], [false, true], [true, false], [true, true]] {
			is_the_chain(shape, seed, turned, 1 + seed as usize % 2);
		}
	}
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(60))]

	/// The definition, written out.
	#[test]
	fn a_product_is_the_chain_of_fused_steps(
		m in 1usize..60, n in 1usize..90, k in 0usize..600, seed: u64, turn_a: bool, turn_b: bool, threads in 1usize..4,
	) {
		is_the_chain([m, k, n], seed, [turn_a, turn_b], threads);
	}

	/// Alone, after a cache of what came before, or among others: a position has the same bits.
	#[test]
	fn attention_of_a_position_is_the_same_alone_and_among_others(
		length in 1usize..130, cached in 0usize..130, group in 1usize..4, seed: u64, hostile in prop::option::of(0usize..130),
	) {
		let (ops, cached) = (Repro::default(), cached.min(length - 1));
		let heads = 2 * group;
		let shape = |queries: [usize; 2], keys: [usize; 2]| AttentionShape {
			heads, key_heads: 2, head_width: 8, is_causal: true, scale: 0.35, segments: vec![Segment { queries, keys }],
		};
		let tensor = |seed: u64, width: usize| {
			let mut values = normal(seed, length * width);
			// What is infinite in the future must not be seen now.
			if let Some(place) = hostile.filter(|place| *place < length) {
				values[place * width] = f32::INFINITY;
			}
			Tensor::from_vec(values, (length, width), &Device::Cpu).unwrap()
		};
		let (q, k, v) = (tensor(seed, heads * 8), tensor(seed ^ 1, 16), tensor(seed ^ 2, 16));
		let whole = ops.attention(&shape([0, length], [0, length]), &q, &k, &v).unwrap();
		let rest = length - cached;
		let tail = ops.attention(&shape([0, rest], [0, length]), &q.narrow(0, cached, rest).unwrap(), &k, &v).unwrap();
		prop_assert_eq!(bits(&tail), bits(&whole.narrow(0, cached, rest).unwrap()));
		let now = cached + 1;
		let one = ops.attention(
			&shape([0, 1], [0, now]), &q.narrow(0, cached, 1).unwrap(),
			&k.narrow(0, 0, now).unwrap(), &v.narrow(0, 0, now).unwrap(),
		).unwrap();
		prop_assert_eq!(bits(&one), bits(&whole.narrow(0, cached, 1).unwrap()));
	}

	#[test]
	fn a_row_has_the_same_bits_in_any_batch(width in 1usize..200, seed: u64) {
		let ops = Repro::default();
		let x = Tensor::from_vec(normal(seed, 32 * width), (32, width), &Device::Cpu).unwrap();
		let weight = Tensor::from_vec(normal(seed ^ 1, 50 * width), (50, width), &Device::Cpu).unwrap();
		let weights = ops.weights(&weight).unwrap();
		let gain = Tensor::from_vec(normal(seed ^ 2, width), width, &Device::Cpu).unwrap();
		let all = |x: &Tensor| {
			let norm = Norm { has_mean: true, epsilon: 1e-12 };
			vec![
				ops.linear(x, &weight, None).unwrap(),
				ops.through(x, &weights).unwrap(),
				ops.softmax(x).unwrap(),
				ops.norm(norm, x, &gain, Some(&gain)).unwrap(),
				ops.reduce(Reduction::Sum, x).unwrap(),
				ops.unary(Unary::Gelu, x).unwrap(),
			]
		};
		let ids = Tensor::new(&[7u32, 49, 0, 7, 16], &Device::Cpu).unwrap();
		prop_assert_eq!(bits(&ops.rows_of(&weights, &ids).unwrap()), bits(&ops.embedding(&weight, &ids).unwrap()));
		let batch = all(&x);
		prop_assert_eq!(bits(&batch[0]), bits(&batch[1]));
		for row in [0, 13, 31] {
			for (one, batch) in all(&x.narrow(0, row, 1).unwrap()).iter().zip(&batch) {
				prop_assert_eq!(bits(one), bits(&batch.narrow(0, row, 1).unwrap()));
			}
		}
	}
}

/// A gradient is how much the output changes: measured in small steps.
#[test]
fn gradients_are_slopes() {
	let ops = Repro::default();
	let x = Tensor::from_vec(normal(5, 6 * 7), (6, 7), &Device::Cpu).unwrap();
	let dy = Tensor::from_vec(normal(6, 6 * 7), (6, 7), &Device::Cpu).unwrap();
	let gain = Tensor::from_vec(normal(7, 7), 7, &Device::Cpu).unwrap();
	let norm = Norm { has_mean: true, epsilon: 1e-5 };
	let along = |y: Tensor| (y * &dy).unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap();
	let check = |name: &str, f: &dyn Fn(&Tensor) -> Tensor, gradient: Tensor| {
		let gradient = gradient.flatten_all().unwrap().to_vec1::<f32>().unwrap();
		for (place, slope) in gradient.iter().enumerate() {
			let step = |size: f32| {
				let mut moved = x.flatten_all().unwrap().to_vec1::<f32>().unwrap();
				moved[place] += size;
				along(f(&Tensor::from_vec(moved, (6, 7), &Device::Cpu).unwrap()))
			};
			let measured = (step(0.01) - step(-0.01)) / 0.02;
			assert!((measured - slope).abs() < 0.02 * slope.abs().max(1.0), "{name}: {measured} not {slope}");
		}
	};
	for kind in [
		Unary::Silu,
		Unary::Gelu,
		Unary::GeluTanh,
		Unary::Tanh,
		Unary::Sigmoid,
		Unary::Erf,
		Unary::Sin,
		Unary::Cos,
		Unary::Exp,
	] {
		check(&format!("{kind:?}"), &|x| ops.unary(kind, x).unwrap(), ops.unary_grad(kind, &x, &dy).unwrap());
	}
	check("norm", &|x| ops.norm(norm, x, &gain, None).unwrap(), ops.norm_grad(norm, &x, &gain, &dy).unwrap());
	let y = ops.softmax(&x).unwrap();
	check("softmax", &|x| ops.softmax(x).unwrap(), ops.softmax_grad(&y, &dy).unwrap());
}

#[test]
fn what_does_not_fit_is_refused() {
	let ops = Repro::default();
	let x = Tensor::zeros((3, 4), candle_core::DType::F32, &Device::Cpu).unwrap();
	assert!(ops.matmul(&x, &x).is_err());
	let numbers = [0.0; 3 * 16];
	let three = |rows| Matrix::dense(&numbers, rows, 3).unwrap();
	let panels = Panels::new(&numbers, 3, 5).unwrap();
	let mut c = [1.0; 10];
	assert!(Panels::new(&numbers, 3, 17).is_none() && Panels::new(&numbers, usize::MAX, 0).is_none());
	assert!(put_into_panels(Path::best(), three(5), &mut [0.0; 5 * 16 - 1]).is_none());
	assert!(product_with_panels(Path::best(), three(3), panels, &mut c).is_none(), "no room for three rows of five");
	for rows in [0, 2] {
		let four = Matrix::dense(&numbers, rows, 4).unwrap();
		assert!(product_with_panels(Path::best(), four, panels, &mut c).is_none(), "four numbers for three");
	}
	assert!(product_with_panels(Path::best(), three(0), panels, &mut c).is_some() && c == [1.0; 10], "nothing to do");
	let nothing = Panels::new(&[], 0, 5).unwrap();
	product_with_panels(Path::best(), Matrix::dense(&[], 2, 0).unwrap(), nothing, &mut c).unwrap();
	assert_eq!(c, [0.0; 10], "sums of nothing");
	let weights = ops.weights(&x).unwrap();
	assert_eq!(ops.through(&x, &weights).unwrap().dims(), [3, 3]);
	assert!(ops.through(&x.t().unwrap(), &weights).is_err(), "three numbers for weights of four");
	assert!(ops.weights(&x.flatten_all().unwrap()).is_err(), "no matrix");
	assert!(
		ops.rows_of(&weights, &Tensor::new(&[0u32, 3], &Device::Cpu).unwrap()).is_err(),
		"three rows, and a fourth"
	);
	assert!(ops.embedding(&x, &Tensor::new(&[3u32], &Device::Cpu).unwrap()).is_err());
	assert!(ops.cross_entropy(&x, &Tensor::new(&[0u32, 4, 0], &Device::Cpu).unwrap()).is_err());
	assert!(ops.softmax(&x.t().unwrap()).is_err(), "gaps");
	assert!(ops.reduce(Reduction::Sum, &x.sum(D::Minus1).unwrap().to_dtype(candle_core::DType::F64).unwrap()).is_err());
	let shape = AttentionShape {
		heads: 2,
		key_heads: 1,
		head_width: 2,
		is_causal: true,
		scale: 1.0,
		segments: vec![Segment { queries: [0, 3], keys: [0, 4] }],
	};
	assert!(ops.attention(&shape, &x, &x, &x).is_err());
}
