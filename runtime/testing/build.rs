//! The runtime once more, under the next version number: what tests upgrade a chain to.

#![allow(clippy::expect_used)]

fn main() {
	std::env::remove_var("RUSTC_WORKSPACE_WRAPPER");
	let runtime = std::path::Path::new("..").canonicalize().expect("the runtime lies above");
	// The runtime's own build script builds in the same folder.
	let _turn = std::fs::File::open("../build.rs").and_then(|file| file.lock().map(|()| file));
	substrate_wasm_builder::WasmBuilder::new()
		.with_project(runtime.join("Cargo.toml"))
		.expect("the runtime is the crate above")
		.enable_feature("next-version")
		.set_file_name("next_runtime.rs")
		.export_heap_base()
		.import_memory()
		.build();
}
