//! Any bytes as a manifest: parsed, and prepared with the data of the examples at hand.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ogpu_worker::{
	artifacts::{Memory, Store},
	job::Job,
};

fuzz_target!(|bytes: &[u8]| {
	let store = Memory::default();
	for data in [
		&include_bytes!("../../examples/data/quarters.bin")[..],
		include_bytes!("../../examples/data/verses.txt"),
		include_bytes!("../../examples/data/prompts.json"),
		include_bytes!("../../examples/data/scene.json"),
	] {
		let _ = store.put(data);
	}
	let _ = Job::new(bytes, None, None, &store);
});
