//! A tiny encoder with numbers drawn by lot, for a service that turns texts into vectors: that of
//! `cli/examples/tiny-embed.toml`. It knows nothing.

use serde_json::{json, Map, Value};

const VOCABULARY: usize = 1_000;
const CONTEXT: usize = 512;
const KINDS: usize = 2;
const WIDTH: usize = 64;
const HIDDEN: usize = 128;
const LAYERS: usize = 2;

/// Its file, as safetensors: the length of the head, the head, and the numbers one after the other.
pub fn encoder() -> Vec<u8> {
	let mut lot = fastrand::Rng::with_seed(1);
	let mut head = Map::new();
	let mut numbers = Vec::new();
	for (name, shape) in parameters() {
		let start = numbers.len();
		for _ in 0..shape.iter().product() {
			let number = match name.rsplit_once('.') {
				Some((_, "bias")) => 0.0,
				_ if name.contains("LayerNorm") => 1.0,
				_ => (lot.f32() - 0.5) / 10.0,
			};
			numbers.extend_from_slice(&number.to_le_bytes());
		}
		head.insert(name, json!({ "dtype": "F32", "shape": shape, "data_offsets": [start, numbers.len()] }));
	}
	let mut head = Value::from(head).to_string();
	// Numbers begin at a multiple of eight.
	head.extend(std::iter::repeat_n(' ', head.len().next_multiple_of(8) - head.len()));
	[&(head.len() as u64).to_le_bytes(), head.as_bytes(), &numbers].concat()
}

fn parameters() -> Vec<(String, Vec<usize>)> {
	let tables = [("word", VOCABULARY), ("position", CONTEXT), ("token_type", KINDS)];
	let tables = tables.map(|(name, rows)| (format!("embeddings.{name}_embeddings.weight"), vec![rows, WIDTH]));
	let mut all = Vec::from(tables);
	let mut part = |name: &str, shape: &[usize]| {
		let outputs = shape.iter().take(1).copied().collect();
		all.push((format!("{name}.weight"), shape.to_vec()));
		all.push((format!("{name}.bias"), outputs));
	};
	part("embeddings.LayerNorm", &[WIDTH]);
	for layer in 0..LAYERS {
		let mut part = |name: &str, shape: &[usize]| part(&format!("encoder.layer.{layer}.{name}"), shape);
		for name in ["attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"] {
			part(name, &[WIDTH, WIDTH]);
		}
		part("attention.output.LayerNorm", &[WIDTH]);
		part("intermediate.dense", &[HIDDEN, WIDTH]);
		part("output.dense", &[WIDTH, HIDDEN]);
		part("output.LayerNorm", &[WIDTH]);
	}
	all
}
