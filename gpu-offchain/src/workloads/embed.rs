//! Embeddings of texts. A leaf is a slice of the list; there is nothing to hand on.

use super::{
	asked,
	text::{texts, Vocabulary},
};
use crate::{
	artifacts::{Artifact, Store},
	error::{Error, Result},
	job::{FromOpenings, Piece, Run, Workload},
	kernels::canonical_bytes,
	limits,
	models::{
		bert::{Bert, Encoder},
		parameters,
	},
	ops::Ops,
};
use ogpu_protocol::cost::{Leaf, LeafCost};
use serde::{Deserialize, Serialize};

/// The manifest's part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Embed {
	/// A safetensors file.
	pub model: Artifact,
	/// A tokenizer.json; without it, each byte is a token.
	pub tokenizer: Option<Artifact>,
	/// A JSON list of strings. A service has none: a request brings it.
	pub texts: Option<Artifact>,
	/// Texts of a leaf.
	pub slice: u32,
	/// Longer texts lose the tokens before the last one, which ends them.
	pub text_tokens: u32,
	pub shape: Bert,
}

/// Embedding that is ready to run.
pub struct Embedding {
	embed: Embed,
	ops: Box<dyn Ops>,
	model: Encoder,
	texts: Vec<Vec<u32>>,
}

impl Embed {
	/// Refuses what may not be run. Returns the bytes that whoever runs it holds at once, roughly.
	pub fn check(&self) -> Result<u64> {
		let shape = &self.shape;
		shape.check()?;
		limits::within("text_tokens", self.text_tokens, 1, shape.context)?;
		limits::within("slice", self.slice, 1, 1 << 16)?;
		let row = u64::from(shape.width).saturating_mul(8).saturating_add(u64::from(shape.hidden).saturating_mul(2));
		let rows = limits::product("memory", &[self.slice.into(), self.text_tokens.into(), row, 4], limits::MEMORY)?;
		let model = parameters::served_count(&shape.parameters()).saturating_mul(4);
		Ok(rows.saturating_add(model).saturating_add(self.model.bytes))
	}

	/// What a leaf weighs.
	pub fn cost(&self) -> LeafCost {
		let model = self.shape.transformer();
		Leaf::Encoded { model, items: self.slice, item_tokens: self.text_tokens }.cost()
	}
}

impl Embedding {
	pub fn new(embed: &Embed, store: &dyn Store, ops: Box<dyn Ops>) -> Result<Self> {
		let shape = &embed.shape;
		limits::memory(embed.check()?)?;
		let vocabulary = Vocabulary::new(embed.tokenizer.as_ref(), store)?;
		let texts = texts(asked(embed.texts.as_ref())?, store)?
			.iter()
			.map(|text| {
				let mut tokens = vocabulary.encode(text, shape.vocabulary)?;
				let most = embed.text_tokens as usize;
				if let Some(end) = tokens.last().copied().filter(|_| tokens.len() > most) {
					tokens.truncate(most.saturating_sub(1));
					tokens.push(end);
				}
				limits::within("tokens of a text", tokens.len(), 1, most)?;
				Ok(tokens)
			})
			.collect::<Result<Vec<_>>>()?;
		let file = store.get(&embed.model)?;
		let model = Encoder::read(shape, &parameters::open(&file)?, ops.as_ref())?;
		Ok(Self { embed: embed.clone(), ops, model, texts })
	}
}

impl Workload for Embedding {
	fn most_leaves(&self) -> u32 {
		u32::try_from(self.texts.len()).unwrap_or(u32::MAX).div_ceil(self.embed.slice)
	}

	fn cost(&self, _: u32) -> LeafCost {
		self.embed.cost()
	}

	fn recompute(&self, leaf: u32, _: &[u8], _: Option<&[u8]>) -> Result<Piece> {
		let slice = self.texts.chunks(self.embed.slice as usize).nth(leaf as usize);
		let slice = slice.ok_or_else(|| Error::invalid("no such leaf"))?;
		let rows = self.model.embed(self.ops.as_ref(), slice)?;
		Ok(Piece {
			output: canonical_bytes(&rows.flatten_all()?.to_vec1()?),
			is_last: leaf.saturating_add(1) == self.most_leaves(),
			..Piece::default()
		})
	}

	fn start<'a>(&'a self, leaf: u32, _: u32, opening: &[u8]) -> Result<Box<dyn Run + 'a>> {
		Ok(FromOpenings::boxed(self, leaf, opening))
	}
}
