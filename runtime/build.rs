fn main() {
	// The lints put clippy in the compiler's place for this workspace; the inner build has a compiler of its own.
	std::env::remove_var("RUSTC_WORKSPACE_WRAPPER");

	#[cfg(feature = "std")]
	{
		// `testing/build.rs` builds in the same folder.
		let _turn = std::fs::File::open("build.rs").and_then(|file| file.lock().map(|()| file));
		substrate_wasm_builder::WasmBuilder::init_with_defaults()
			// Wallets without an internet connection show what they sign with the help of this hash.
			.enable_metadata_hash("OGPU", 18)
			.build();
	}
}
