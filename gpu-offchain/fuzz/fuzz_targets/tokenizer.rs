//! Any bytes as a tokenizer, which reads some texts.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ogpu_worker::{
	artifacts::{Memory, Store},
	workloads::text::Vocabulary,
};
use std::sync::Once;

static QUIET: Once = Once::new();

fuzz_target!(|bytes: &[u8]| {
	// The library's panics are caught and become errors; the fuzzer's own hook would end the process at the first one.
	QUIET.call_once(|| std::panic::set_hook(Box::new(|_| ())));
	let store = Memory::default();
	let Ok(artifact) = store.put(bytes) else { return };
	if let Ok(vocabulary) = Vocabulary::new(Some(&artifact), &store) {
		for text in ["", "a text", "Zürich, 機械 \u{0}\u{301}!"] {
			if let Ok(tokens) = vocabulary.encode(text, u32::MAX) {
				vocabulary.decode(&tokens);
			}
		}
	}
});
