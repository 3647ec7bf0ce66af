//! Any bytes as a checkpoint of the classifier, and as the opening of a leaf.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ogpu_worker::{
	artifacts::{Memory, Store},
	job::Job,
};

const MANIFEST: &str = include_str!("../../examples/train-classifier.toml");

fuzz_target!(|bytes: &[u8]| {
	let store = Memory::default();
	let _ = store.put(include_bytes!("../../examples/data/quarters.bin"));
	let Ok(checkpoint) = store.put(bytes) else { return };
	let named = format!("checkpoint = {{ hash = \"{}\", bytes = {} }}\n", checkpoint.hash, checkpoint.bytes);
	let _ = Job::new(MANIFEST.replace("batch = 32\n", &format!("batch = 32\n{named}")).as_bytes(), None, None, &store);
	if let Ok(job) = Job::new(MANIFEST.as_bytes(), None, None, &store) {
		let _ = job.work.recompute(1, bytes, None);
	}
});
