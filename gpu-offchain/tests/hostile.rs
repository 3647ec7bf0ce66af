//! Whoever sends a manifest or an artifact may be an enemy: changed, cut and made-up bytes are refused with an error, and
//! never bring a panic, an endless loop or an allocation that was not counted.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use ogpu_worker::{
	artifacts::{Artifact, Memory, Store},
	job::Job,
	manifest::Manifest,
	models::parameters,
	ops::Repro,
	selftest,
	workloads::render::Scene,
};
use proptest::prelude::*;
use std::path::PathBuf;

const TOKENIZER: &str = r###"{
	"version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
	"normalizer": { "type": "Lowercase" }, "pre_tokenizer": { "type": "Whitespace" },
	"post_processor": null, "decoder": null,
	"model": { "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
		"max_input_chars_per_word": 100, "vocab": { "[UNK]": 0, "a": 1, "##b": 2, "text": 3 } }
}"###;

fn example(name: &str) -> Vec<u8> {
	let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "examples", name].iter().collect();
	std::fs::read(path).unwrap()
}

/// Bytes that were cut, doubled, flipped or overwritten with what parsers fear.
fn broken(bytes: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
	let change = (any::<prop::sample::Index>(), 0u8..7, any::<u8>());
	prop::collection::vec(change, 1..6).prop_map(move |changes| {
		let mut bytes = bytes.clone();
		for (place, kind, byte) in changes {
			if bytes.is_empty() {
				break;
			}
			let at = place.index(bytes.len());
			match kind {
				0 => bytes.truncate(at),
				1 => bytes[at] = byte,
				2 => bytes[at] ^= 1 << (byte % 8),
				3 => bytes.insert(at, byte),
				4 => {
					let part = bytes[at..].iter().copied().take(usize::from(byte)).collect::<Vec<_>>();
					bytes.splice(at..at, part);
				}
				5 => {
					bytes.splice(at..at, *b"99999999999999999999");
				}
				_ => {
					bytes.remove(at);
				}
			}
		}
		bytes
	})
}

fn named(artifact: Artifact) -> String {
	format!("{{ hash = \"{}\", bytes = {} }}", artifact.hash, artifact.bytes)
}

/// A manifest that names these bytes in the place of this one file.
fn with(store: &Memory, manifest: &str, file: &str, bytes: &[u8]) -> String {
	let text = String::from_utf8(example(manifest)).unwrap();
	let honest = named(Artifact::of(&example(file)));
	assert!(text.contains(&honest), "{file} in {manifest}");
	text.replace(&honest, &named(store.put(bytes).unwrap()))
}

fn with_tokenizer(store: &Memory, tokenizer: &[u8]) -> String {
	let texts = named(store.put(br#"["a text", "ab"]"#).unwrap());
	let model = named(store.put(b"no model").unwrap());
	let tokenizer = named(store.put(tokenizer).unwrap());
	format!(
		"version = 1\nkernels = \"repro-1\"\n[work.embed]\nmodel = {model}\ntokenizer = {tokenizer}\ntexts = {texts}\n\
		slice = 1\ntext_tokens = 8\n[work.embed.shape]\nvocabulary = 4\nwidth = 4\nlayers = 1\nheads = 1\nhidden = 4\n\
		context = 8\nkinds = 1\nnorm_epsilon = 1e-5\n"
	)
}

#[test]
fn the_honest_ones_are_accepted() {
	let store = Memory::default();
	store.put(&example("data/quarters.bin")).unwrap();
	assert!(Job::new(&example("train-classifier.toml"), None, None, &store).is_ok());
	let scene = with(&store, "render.toml", "data/scene.json", &example("data/scene.json"));
	assert!(Job::new(scene.as_bytes(), None, None, &store).is_ok());
	let Err(reason) = Job::new(with_tokenizer(&store, TOKENIZER.as_bytes()).as_bytes(), None, None, &store) else {
		panic!()
	};
	assert!(reason.to_string().contains("header"), "the tokenizer is read, the model refused: {reason}");
	assert!(selftest::jobs(|| Box::new(Repro::default())).is_ok());
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(300))]

	#[test]
	fn manifests(bytes in prop_oneof![
		broken(example("train-text.toml")), broken(example("generate.toml")), broken(example("embed.toml")),
		broken(example("render.toml")), broken(example("benchmark.toml")), broken(example("train-classifier.toml")),
	]) {
		let _ = Manifest::parse(&bytes);
		let store = Memory::default();
		store.put(&example("data/quarters.bin")).unwrap();
		store.put(&example("data/verses.txt")).unwrap();
		let _ = Job::new(&bytes, None, None, &store);
	}

	#[test]
	fn safetensors(bytes in broken({
		let parameter = parameters::Parameter::new("layers.0.weight", &[3, 2], parameters::Init::Ones);
		let values = parameter.first_values(0, 0).unwrap();
		parameters::write(&[parameter], &[("", &[values])]).unwrap()
	})) {
		if let Ok(file) = parameters::open(&bytes) {
			let _ = parameters::numbers(&file, "layers.0.weight", &[3, 2]);
		}
		let store = Memory::default();
		store.put(&example("data/quarters.bin")).unwrap();
		let checkpoint = named(store.put(&bytes).unwrap());
		let text = String::from_utf8(example("train-classifier.toml")).unwrap();
		let manifest = text.replace("batch = 32", &format!("batch = 32\ncheckpoint = {checkpoint}"));
		prop_assert!(Job::new(manifest.as_bytes(), None, None, &store).is_err());
	}

	#[test]
	fn openings(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
		let store = Memory::default();
		store.put(&example("data/quarters.bin")).unwrap();
		for name in ["train-classifier.toml", "benchmark.toml"] {
			let job = Job::new(&example(name), None, None, &store).unwrap();
			prop_assert!(job.work.recompute(1, &bytes, None).is_err());
		}
	}

	#[test]
	fn tokenizers(bytes in broken(TOKENIZER.into())) {
		let store = Memory::default();
		prop_assert!(Job::new(with_tokenizer(&store, &bytes).as_bytes(), None, None, &store).is_err());
	}

	#[test]
	fn scenes(bytes in broken(example("data/scene.json"))) {
		let _ = serde_json::from_slice::<Scene>(&bytes);
		let store = Memory::default();
		let manifest = with(&store, "render.toml", "data/scene.json", &bytes)
			.replace("samples = 16", "samples = 1").replace("width = 160", "width = 8").replace("height = 100", "height = 8");
		if let Ok(job) = Job::new(manifest.as_bytes(), None, None, &store) {
			prop_assert!(job.work.recompute(0, &[], None).is_ok());
		}
	}
}
