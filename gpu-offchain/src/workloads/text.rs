//! Texts in and out: lists of strings, and tokenizers.

use crate::{
	artifacts::{Artifact, Store},
	error::{ensure, Error, Result},
	limits,
};
use std::panic::{catch_unwind, AssertUnwindSafe};
use tokenizers::Tokenizer;

/// A tokenizer.json is not larger.
const TOKENIZER_BYTES: u64 = 64 << 20;
/// A list of texts is not larger.
const TEXTS_BYTES: u64 = 64 << 20;
/// Nor is one of them.
const TEXT_BYTES: usize = 1 << 20;

/// A JSON list of strings.
pub fn texts(artifact: &Artifact, store: &dyn Store) -> Result<Vec<String>> {
	limits::within("bytes of texts", artifact.bytes, 2, TEXTS_BYTES)?;
	let texts: Vec<String> = serde_json::from_slice(&store.get(artifact)?).map_err(Error::invalid)?;
	ensure(!texts.is_empty(), "no texts")?;
	ensure(texts.iter().all(|text| text.len() <= TEXT_BYTES), "a text of more than a MiB")?;
	Ok(texts)
}

/// What a tokenizer does, with its panics as errors: the library has some for files that are JSON but no tokenizers.
fn guarded<T>(work: impl FnOnce() -> tokenizers::Result<T>) -> Result<T> {
	match catch_unwind(AssertUnwindSafe(work)) {
		Ok(result) => result.map_err(Error::invalid),
		Err(_) => Err(Error::invalid("a tokenizer that cannot be used")),
	}
}

/// How texts become tokens.
pub enum Vocabulary {
	/// Each byte is a token.
	Bytes,
	File(Box<Tokenizer>),
}

impl Vocabulary {
	pub fn new(artifact: Option<&Artifact>, store: &dyn Store) -> Result<Self> {
		let Some(artifact) = artifact else { return Ok(Self::Bytes) };
		limits::within("bytes of a tokenizer", artifact.bytes, 2, TOKENIZER_BYTES)?;
		let bytes = store.get(artifact)?;
		let mut tokenizer = guarded(|| Tokenizer::from_bytes(bytes))?;
		// How long a text may be is the manifest's to say, and nothing is padded.
		guarded(|| tokenizer.with_truncation(None).map(drop))?;
		tokenizer.with_padding(None);
		Ok(Self::File(Box::new(tokenizer)))
	}

	/// Tokens of a text, with those that the tokenizer puts around it.
	pub fn encode(&self, text: &str, vocabulary: u32) -> Result<Vec<u32>> {
		let tokens: Vec<u32> = match self {
			Self::Bytes => text.bytes().map(u32::from).collect(),
			Self::File(tokenizer) => guarded(|| tokenizer.encode(text, true))?.get_ids().to_vec(),
		};
		ensure(tokens.iter().all(|token| *token < vocabulary), "a token beyond the model's vocabulary")?;
		Ok(tokens)
	}

	/// For people.
	pub fn decode(&self, tokens: &[u32]) -> String {
		match self {
			Self::Bytes => {
				let bytes: Vec<u8> = tokens.iter().filter_map(|token| u8::try_from(*token).ok()).collect();
				String::from_utf8_lossy(&bytes).into_owned()
			}
			Self::File(tokenizer) => guarded(|| tokenizer.decode(tokens, false)).unwrap_or_default(),
		}
	}
}
