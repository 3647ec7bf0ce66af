//! Compiles the kernels for GPUs where they are asked for. scripts/cuda.sh finds the compiler.

use std::{env, error::Error, path::PathBuf, process::Command};

/// As the kernel set asks: no contraction, nothing flushed to zero, divisions and roots rounded as IEEE 754 says.
const FLAGS: [&str; 7] =
	["--ptx", "-O3", "--std=c++17", "--fmad=false", "--ftz=false", "--prec-div=true", "--prec-sqrt=true"];

fn main() -> Result<(), Box<dyn Error>> {
	println!("cargo:rerun-if-changed=build.rs");
	if env::var_os("CARGO_FEATURE_CUDA").is_none() {
		return Ok(());
	}
	println!("cargo:rerun-if-changed=src/kernels/cuda");
	for variable in ["CUDA_COMPUTE_CAP", "CUDA_PATH", "NVCC"] {
		println!("cargo:rerun-if-env-changed={variable}");
	}
	let capability = env::var("CUDA_COMPUTE_CAP").unwrap_or_else(|_| "80".into());
	let compiler = env::var("NVCC").unwrap_or_else(|_| match env::var("CUDA_PATH") {
		Ok(path) => format!("{path}/bin/nvcc"),
		Err(_) => "nvcc".into(),
	});
	let to = PathBuf::from(env::var("OUT_DIR")?).join("repro.ptx");
	let output = Command::new(&compiler)
		.args(FLAGS)
		.arg(format!("-arch=compute_{capability}"))
		.arg("-o")
		.arg(to)
		.arg("src/kernels/cuda/repro.cu")
		.output()
		.map_err(|error| format!("{compiler} could not be started ({error}): run scripts/cuda.sh"))?;
	if !output.status.success() {
		return Err(format!("{compiler}: {}", String::from_utf8_lossy(&output.stderr)).into());
	}
	if let Ok(path) = env::var("CUDA_PATH") {
		println!("cargo:rustc-link-arg-bins=-Wl,-rpath,{path}/lib64");
	}
	Ok(())
}
