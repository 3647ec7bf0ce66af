fn main() {
	if std::env::args().nth(1).as_deref() == Some("bench") {
		for path in ogpu_worker::kernels::Path::available() {
			if path == ogpu_worker::kernels::Path::Portable {
				continue;
			}
			for row in ogpu_worker::bench::matmul(path, 7).unwrap() {
				println!("{path:?} {row:?}");
			}
		}
		use candle_core::*;
		use ogpu_worker::bench::*;
		use ogpu_worker::ops::*;
		let x = Tensor::rand(-3f32, 3f32, (128, 3072), &Device::Cpu).unwrap();
		let dy = Tensor::rand(-3f32, 3f32, (128, 3072), &Device::Cpu).unwrap();
		let g = Tensor::rand(-3f32, 3f32, 3072, &Device::Cpu).unwrap();
		let n = Norm { has_mean: true, epsilon: 1e-5 };
		let r = Norm { has_mean: false, epsilon: 1e-5 };
		for kind in Unary::ALL {
			let [a, b] = best_of(
				9,
				[Box::new(|| Repro::default().unary(kind, &x).map(drop)), Box::new(|| Fast.unary(kind, &x).map(drop))],
			)
			.unwrap();
			println!("{kind:?} {a:?} {b:?} {}", ratio(b, a));
		}
		let shape = AttentionShape {
			heads: 12,
			key_heads: 12,
			head_width: 64,
			is_causal: true,
			scale: 0.125,
			segments: vec![Segment { queries: [0, 128], keys: [0, 128] }],
		};
		let qkv = Tensor::rand(-3f32, 3f32, (128, 3 * 768), &Device::Cpu).unwrap();
		let da = Tensor::rand(-3f32, 3f32, (128, 768), &Device::Cpu).unwrap();
		let fs: Vec<(&str, Box<dyn Fn(&dyn Ops) -> Result<Tensor>>)> = vec![
			("softmax", Box::new(|o: &dyn Ops| o.softmax(&x))),
			("ln", Box::new(|o: &dyn Ops| o.norm(n, &x, &g, Some(&g)))),
			("rms", Box::new(|o: &dyn Ops| o.norm(r, &x, &g, None))),
			("lngrad", Box::new(|o: &dyn Ops| o.norm_grad(n, &x, &g, &dy))),
			("gaingrad", Box::new(|o: &dyn Ops| o.norm_gain_grad(n, &x, &dy))),
			("silugrad", Box::new(|o: &dyn Ops| o.unary_grad(Unary::Silu, &x, &dy))),
			("sumrows", Box::new(|o: &dyn Ops| o.sum_rows(&x))),
			("att", Box::new(|o: &dyn Ops| o.attention_of_rows(&shape, &qkv))),
			("attgrad", Box::new(|o: &dyn Ops| o.attention_of_rows_grad(&shape, &qkv, &da))),
			("add", Box::new(|_: &dyn Ops| &x + &dy)),
		];
		for (name, f) in &fs {
			let [a, b] =
				best_of(9, [Box::new(|| f(&Repro::default()).map(drop)), Box::new(|| f(&Fast).map(drop))]).unwrap();
			println!("{name} {a:?} {b:?} {}", ratio(b, a));
		}
		return;
	}
	for case in ogpu_worker::selftest::cases() {
		if let Ok(digest) = case.digest(&ogpu_worker::ops::Repro::default(), &candle_core::Device::Cpu) {
			println!("{} {digest}", case.name);
		}
	}
}
