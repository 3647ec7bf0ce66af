//! Any bytes as a scene, of which a few pixels are rendered.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ogpu_worker::{
	artifacts::{Memory, Store},
	job::Job,
};

fuzz_target!(|bytes: &[u8]| {
	let store = Memory::default();
	let Ok(scene) = store.put(bytes) else { return };
	let manifest = format!(
		"version = 1\nkernels = \"repro-1\"\n[work.render]\nseed = 1\nscene = {{ hash = \"{}\", bytes = {} }}\nwidth = 4\n\
		height = 4\ntile = 4\nframes = 1\nsamples = 1\nrays = 4\nvisits = 64\n",
		scene.hash, scene.bytes
	);
	if let Ok(job) = Job::new(manifest.as_bytes(), None, None, &store) {
		assert!(job.work.recompute(0, &[], None).is_ok());
	}
});
