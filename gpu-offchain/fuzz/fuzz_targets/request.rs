//! Any bytes as what a request brings to a service, and as the opening of a leaf of it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ogpu_worker::{
	artifacts::{Artifact, Memory, Store},
	job::Job,
	models::{decoder::Decoder, parameters, Trainable},
};

const SHAPE: &str = "vocabulary = 256\nwidth = 4\nlayers = 1\nheads = 1\nkey_heads = 1\nhidden = 4\ncontext = 64\n\
	rope_base = 10000.0\nnorm_epsilon = 1e-5\nis_tied = true\n";

fn job(inputs: &[u8]) -> Option<Job> {
	let store = Memory::default();
	let all = toml::from_str::<Decoder>(SHAPE).ok()?.parameters();
	let values = all.iter().enumerate().map(|(index, parameter)| parameter.first_values(1, index));
	let file = parameters::write(&all, &[("", &values.collect::<Result<Vec<_>, _>>().ok()?)]).ok()?;
	let Artifact { hash, bytes } = store.put(&file).ok()?;
	let inputs = store.put(inputs).ok()?;
	let manifest = format!(
		"version = 1\nkernels = \"repro-1\"\n[work.generate]\nseed = 1\nmodel = {{ hash = \"{hash}\", bytes = {bytes} }}\n\
		prompt_tokens = 16\ntokens = 8\nblock = 4\nstop = [7]\nsampling = \"greedy\"\n[work.generate.shape]\n{SHAPE}"
	);
	Job::new(manifest.as_bytes(), Some(inputs), None, &store).ok()
}

fuzz_target!(|bytes: &[u8]| {
	if let Some(job) = job(bytes) {
		assert!(job.whole().recompute(0, bytes, Some(bytes)).is_ok());
	}
	if let Some(job) = job(b"[\"a\", \"b\"]") {
		let _ = job.whole().recompute(1, bytes, Some(bytes));
	}
});
