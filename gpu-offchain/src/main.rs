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
		return;
	}
	for case in ogpu_worker::selftest::cases() {
		if let Ok(digest) = case.digest(&ogpu_worker::ops::Repro::default(), &candle_core::Device::Cpu) {
			println!("{} {digest}", case.name);
		}
	}
}
