//! Generated text. A leaf is a block of tokens of one text; its carry is which text comes next and what was generated of
//! it so far; its trace what the model said at each position. Who checks a block is given the claimed tokens and reads
//! all of them in one pass: the token that it finds at each place is its own, never the given one.

use super::{
	asked,
	text::{texts, Vocabulary},
};
use crate::{
	artifacts::{Artifact, Store},
	error::{ensure, Error, Result},
	job::{Note, Piece, Run, Workload},
	kernels::{canonical_bytes, random::Random},
	limits,
	models::{
		decoder::{Cache, Decoder, Served},
		parameters,
	},
	ops::Ops,
};
use candle_core::Tensor;
use ogpu_protocol::cost::{Leaf, LeafCost};
use serde::{Deserialize, Serialize};
use std::{collections::VecDeque, sync::Mutex};

/// The manifest's part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Generate {
	/// Of what is drawn.
	pub seed: u64,
	/// A safetensors file.
	pub model: Artifact,
	/// A tokenizer.json; without it, each byte is a token.
	pub tokenizer: Option<Artifact>,
	/// A JSON list of strings. A service has none: a request brings it.
	pub prompts: Option<Artifact>,
	/// The most tokens of a prompt.
	pub prompt_tokens: u32,
	/// The most tokens that are generated for a prompt.
	pub tokens: u32,
	/// Tokens of a leaf.
	pub block: u32,
	/// Tokens that end a text.
	pub stop: Vec<u32>,
	pub sampling: Sampling,
	pub shape: Decoder,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Sampling {
	/// Always the likeliest; of equally likely ones the first.
	Greedy,
	/// Drawn from the likeliest that together have this share.
	TopP { share: f32, temperature: f32 },
}

/// Ends each text in the output.
pub const END: u32 = u32::MAX;

impl Generate {
	/// Refuses what may not be run. Returns the bytes that whoever runs it holds at once, roughly.
	pub fn check(&self) -> Result<u64> {
		let shape = &self.shape;
		shape.check()?;
		limits::within("tokens", self.tokens, 1, shape.context)?;
		limits::within("prompt_tokens", self.prompt_tokens, 1, shape.context)?;
		let longest = self.tokens.saturating_add(self.prompt_tokens);
		ensure(longest <= shape.context, "prompt_tokens and tokens exceed the context")?;
		limits::within("block", self.block, 1, self.tokens)?;
		ensure(self.stop.len() <= 16, "at most 16 tokens may end a text")?;
		if let Sampling::TopP { share, temperature } = self.sampling {
			limits::within("share", share, 1e-6, 1.0)?;
			limits::within("temperature", temperature, 1e-3, 100.0)?;
		}
		let all = crate::models::Trainable::parameters(shape);
		parameters::check(&all)?;
		// Keys and values, and what a pass over the whole text keeps.
		let row = u64::from(shape.width).saturating_mul(u64::from(shape.layers).saturating_mul(2).saturating_add(8));
		let row = row.saturating_add(u64::from(shape.hidden).saturating_mul(4));
		let rows = u64::from(longest).saturating_mul(row);
		let logits = u64::from(self.block).saturating_mul(shape.vocabulary.into()).saturating_mul(3);
		let numbers = parameters::served_count(&all).saturating_mul(3).saturating_add(rows).saturating_add(logits);
		Ok(numbers.saturating_mul(4).saturating_add(self.model.bytes))
	}

	/// Leaves of a text, at most.
	pub fn blocks(&self) -> u32 {
		self.tokens.div_ceil(self.block.max(1))
	}

	/// What a leaf weighs. Where texts end depends on the data, so each leaf is taken for the last of a text: no later
	/// one exists.
	pub fn cost(&self) -> LeafCost {
		let before = self.tokens.saturating_sub(self.block);
		Leaf::Generated {
			model: self.shape.transformer(),
			context_tokens: self.prompt_tokens.saturating_add(before),
			block_tokens: self.block,
			is_first: before == 0,
		}
		.cost()
	}

	/// What reading a prompt weighs before the first leaf: nothing, where that leaf does it.
	pub fn prompt_work(&self) -> u128 {
		if self.tokens <= self.block {
			return 0;
		}
		let cost = Leaf::Generated {
			model: self.shape.transformer(),
			context_tokens: self.prompt_tokens,
			block_tokens: self.block,
			is_first: false,
		}
		.cost();
		cost.recompute_work.saturating_sub(cost.work)
	}

	/// The texts that an output is, for people.
	pub fn texts(&self, output: &[u8], store: &dyn Store) -> Result<Vec<String>> {
		let vocabulary = Vocabulary::new(self.tokenizer.as_ref(), store)?;
		let tokens: Vec<u32> = output.as_chunks::<4>().0.iter().map(|token| u32::from_le_bytes(*token)).collect();
		Ok(tokens
			.split_inclusive(|token| *token == END)
			.map(|text| vocabulary.decode(text.strip_suffix(&[END]).unwrap_or(text)))
			.collect())
	}
}

/// Generation that is ready to run.
pub struct Generation {
	generate: Generate,
	ops: Box<dyn Ops>,
	model: Served,
	vocabulary: Vocabulary,
	prompts: Vec<Vec<u32>>,
	seen: Mutex<Option<Seen>>,
}

/// Where a run stands: in which text, and what was generated of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Place {
	text: u32,
	generated: Vec<u32>,
}

impl Place {
	fn read(bytes: &[u8]) -> Result<Self> {
		let (words, rest) = bytes.as_chunks::<4>();
		ensure(rest.is_empty(), "an opening that is no tokens")?;
		let mut words = words.iter().map(|word| u32::from_le_bytes(*word));
		Ok(Self { text: words.next().unwrap_or_default(), generated: words.collect() })
	}

	fn write(&self) -> Vec<u8> {
		std::iter::once(&self.text).chain(&self.generated).flat_map(|word| word.to_le_bytes()).collect()
	}
}

impl Generation {
	pub fn new(generate: &Generate, store: &dyn Store, ops: Box<dyn Ops>) -> Result<Self> {
		let shape = &generate.shape;
		limits::memory(generate.check()?)?;
		let vocabulary = Vocabulary::new(generate.tokenizer.as_ref(), store)?;
		let prompts = texts(asked(generate.prompts.as_ref())?, store)?
			.iter()
			.map(|text| {
				let tokens = vocabulary.encode(text, shape.vocabulary)?;
				limits::within("tokens of a prompt", tokens.len(), 1, generate.prompt_tokens as usize)?;
				Ok(tokens)
			})
			.collect::<Result<Vec<_>>>()?;
		let file = store.get(&generate.model)?;
		let model = Served::read(shape, &parameters::open(&file)?, ops.as_ref())?;
		Ok(Self { generate: generate.clone(), ops, model, vocabulary, prompts, seen: Mutex::default() })
	}

	/// The token that logits and the seed select at a place: the number of the text, and of the token in it.
	fn select(&self, logits: &[f32], text: u32, place: usize) -> u32 {
		match self.generate.sampling {
			Sampling::Greedy => {
				let mut best = (0, f32::NEG_INFINITY);
				for (token, logit) in (0u32..).zip(logits) {
					if *logit > best.1 {
						best = (token, *logit);
					}
				}
				best.0
			}
			Sampling::TopP { share, .. } => {
				// Shares, equal ones by number. What is no number has none: its sign differs from device to device.
				let shares = logits.iter().map(|x| if x.is_nan() { 0.0 } else { *x });
				let mut order: Vec<(u32, f32)> = (0u32..).zip(shares).collect();
				order.sort_unstable_by(|(a, x), (b, y)| y.total_cmp(x).then(a.cmp(b)));
				let (mut total, mut kept) = (0f32, 0usize);
				for (_, x) in &order {
					kept = kept.saturating_add(1);
					total += x;
					if total >= share {
						break;
					}
				}
				let target = Random::new(self.generate.seed, u64::from(text)).uniform(place as u64) * total;
				let mut sum = 0f32;
				for (token, x) in order.iter().take(kept) {
					sum += x;
					if sum > target {
						return *token;
					}
				}
				order.first().map_or(0, |(token, _)| *token)
			}
		}
	}

	/// The tokens that rows of the model select, each at its place: the number of the text, and of the token in it.
	fn select_all(&self, rows: &Tensor, places: impl IntoIterator<Item = (u32, usize)>) -> Result<Vec<u32>> {
		let ops = self.ops.as_ref();
		let mut logits = self.model.logits(ops, rows)?;
		if let Sampling::TopP { temperature, .. } = self.generate.sampling {
			let temperature = Tensor::new(temperature, logits.device())?;
			logits = ops.softmax(&logits.broadcast_div(&temperature)?)?;
		}
		let logits: Vec<Vec<f32>> = logits.to_vec2()?;
		Ok(places.into_iter().zip(&logits).map(|((text, place), logits)| self.select(logits, text, place)).collect())
	}

	/// The most positions of a text.
	fn longest(&self) -> usize {
		self.generate.prompt_tokens.saturating_add(self.generate.tokens) as usize
	}

	/// How many tokens the block at this place has at most.
	fn room(&self, place: &Place) -> Result<usize> {
		let left = (self.generate.tokens as usize).checked_sub(place.generated.len()).filter(|left| *left > 0);
		Ok(left
			.ok_or_else(|| Error::invalid("an opening after the end of its text"))?
			.min(self.generate.block as usize))
	}

	fn prompt(&self, text: u32) -> Result<&[u32]> {
		Ok(self.prompts.get(text as usize).ok_or_else(|| Error::invalid("an opening of no text"))?)
	}

	/// The leaf whose block these tokens are, chosen from these rows.
	fn piece(&self, place: &Place, tokens: &[u32], rows: &Tensor) -> Result<Piece> {
		let mut generated = place.generated.clone();
		generated.extend(tokens);
		let is_stopped = tokens.last().is_some_and(|last| self.generate.stop.contains(last));
		let is_end = is_stopped || generated.len() >= self.generate.tokens as usize;
		let mut output: Vec<u8> = tokens.iter().flat_map(|token| token.to_le_bytes()).collect();
		let next = if is_end {
			output.extend(END.to_le_bytes());
			Place { text: place.text.saturating_add(1), generated: Vec::new() }
		} else {
			Place { text: place.text, generated }
		};
		Ok(Piece {
			output,
			carry: next.write(),
			trace: canonical_bytes(&rows.flatten_all()?.to_vec1()?),
			is_last: next.text as usize >= self.prompts.len(),
			note: Note { losses: Vec::new(), text: self.vocabulary.decode(tokens) },
		})
	}

	/// A text from this place on.
	fn open(&self, place: Place) -> Result<Open> {
		self.room(&place)?;
		let mut unread = self.prompt(place.text)?.to_vec();
		unread.extend(&place.generated);
		let cache = self.model.cache(self.longest());
		Ok(Open {
			place,
			cache,
			unread,
			tokens: Vec::new(),
			rows: Vec::new(),
			pieces: VecDeque::new(),
			is_whole: false,
		})
	}

	/// A token more for each of these texts, all of them at once.
	fn write(&self, texts: &mut [&mut Open]) -> Result<()> {
		let mut reading: Vec<_> = texts.iter_mut().map(|text| (&mut text.cache, text.unread.as_slice())).collect();
		let rows = self.model.read_tokens(self.ops.as_ref(), &mut reading, 1)?;
		let places =
			texts.iter().map(|text| (text.place.text, text.place.generated.len().saturating_add(text.tokens.len())));
		let tokens = self.select_all(&rows, places.collect::<Vec<_>>())?;
		for (index, (text, token)) in texts.iter_mut().zip(tokens).enumerate() {
			text.rows.push(rows.narrow(0, index, 1)?);
			text.tokens.push(token);
			text.unread = vec![token];
			if self.generate.stop.contains(&token) || text.tokens.len() >= self.room(&text.place)? {
				let piece = self.piece(&text.place, &text.tokens, &Tensor::cat(&text.rows, 0)?)?;
				let next = Place::read(&piece.carry)?;
				text.is_whole = next.text != text.place.text;
				if text.is_whole {
					text.cache = self.model.cache(0);
				}
				text.place = next;
				text.tokens.clear();
				text.rows.clear();
				text.pieces.push_back(piece);
			}
		}
		Ok(())
	}

	/// So many texts are written at once, of a run of so many leaves: as many as will be needed, and as have room in what
	/// the model took while it was read.
	fn most_at_once(&self, leaves: u32) -> usize {
		let generate = &self.generate;
		let numbers = self.longest().saturating_mul(self.model.cached_numbers());
		let numbers = numbers.saturating_add((generate.tokens as usize).saturating_mul(generate.shape.width as usize));
		let numbers = numbers.saturating_add((generate.shape.vocabulary as usize).saturating_mul(3));
		let model = usize::try_from(generate.model.bytes).unwrap_or(usize::MAX).max(LEAST_ROOM);
		let fit = model.checked_div(numbers.saturating_mul(size_of::<f32>())).unwrap_or(usize::MAX);
		let needed = leaves.div_ceil(generate.blocks().max(1)) as usize;
		MOST_AT_ONCE.min(needed).min(fit).max(1)
	}

	fn writing(&self, place: Place, leaves: u32) -> Writing<'_> {
		let (next, most) = (place.text.saturating_add(1), self.most_at_once(leaves));
		Writing { work: self, first: Some(place), next, most, open: VecDeque::new() }
	}

	/// All at once, if the claimed tokens are those that are found.
	fn audit(&self, place: &Place, claimed: &[u32]) -> Result<Option<Piece>> {
		let ops = self.ops.as_ref();
		let bound = self.generate.shape.vocabulary;
		if claimed.is_empty() || claimed.len() > self.room(place)? || claimed.iter().any(|token| *token >= bound) {
			return Ok(None);
		}
		let mut tokens = self.prompt(place.text)?.to_vec();
		tokens.extend(&place.generated);
		let first = tokens.len().saturating_sub(1);
		tokens.extend(claimed.iter().take(claimed.len().saturating_sub(1)));
		let lock = || self.seen.lock().map_err(|_| Error::Machine(anyhow::anyhow!("a thread has failed")));
		let seen = lock()?.take();
		let mut seen = seen.unwrap_or_else(|| Seen { tokens: Vec::new(), cache: self.model.cache(self.longest()) });
		let same = seen.tokens.iter().zip(&tokens).take_while(|(seen, token)| seen == token).count().min(first);
		seen.cache.truncate(same);
		let unread = tokens.get(same..).unwrap_or_default();
		let rows = self.model.read_tokens(ops, &mut [(&mut seen.cache, unread)], claimed.len())?;
		seen.tokens = tokens;
		*lock()? = Some(seen);
		let found = self.select_all(&rows, (place.generated.len()..).map(|token| (place.text, token)))?;
		let stops = |token: &u32| self.generate.stop.contains(token);
		let (last, before) = found.split_last().ok_or_else(|| Error::invalid("no tokens"))?;
		let is_whole = found.len() == self.room(place)? || stops(last);
		if found == claimed && is_whole && !before.iter().any(stops) {
			Ok(Some(self.piece(place, &found, &rows)?))
		} else {
			Ok(None)
		}
	}
}

/// What was read for the last audit. Blocks of one text are often audited one after the other, and keys and values of a
/// position follow from the tokens up to it alone.
struct Seen {
	tokens: Vec<u32>,
	cache: Cache,
}

/// The most texts that are written at once: more would hardly be faster, and none of them be ready soon.
const MOST_AT_ONCE: usize = 32;

/// Bytes that texts may take also where the model is small.
const LEAST_ROOM: usize = 64 << 20;

/// A text that is being written.
struct Open {
	/// Where its next block begins.
	place: Place,
	cache: Cache,
	/// What the model has yet to read.
	unread: Vec<u32>,
	/// Of the block so far.
	tokens: Vec<u32>,
	rows: Vec<Tensor>,
	/// Blocks that are ready, first ones first.
	pieces: VecDeque<Piece>,
	is_whole: bool,
}

/// A run. Weights are read once for a token of all texts that are written at once; their blocks come out one text after the
/// other, as if there were no others.
struct Writing<'a> {
	work: &'a Generation,
	/// Where it begins.
	first: Option<Place>,
	/// The text after those that were opened.
	next: u32,
	most: usize,
	open: VecDeque<Open>,
}

impl Run for Writing<'_> {
	fn next(&mut self) -> Result<Piece> {
		if let Some(place) = self.first.take() {
			self.open.push_back(self.work.open(place)?);
		}
		loop {
			if let Some(text) = self.open.front_mut() {
				if let Some(piece) = text.pieces.pop_front() {
					if text.is_whole && text.pieces.is_empty() {
						self.open.pop_front();
					}
					return Ok(piece);
				}
			}
			if self.open.len() < self.most && (self.next as usize) < self.work.prompts.len() {
				let place = Place { text: self.next, generated: Vec::new() };
				self.open.push_back(self.work.open(place)?);
				self.next = self.next.saturating_add(1);
			}
			let (mut short, mut long): (Vec<_>, Vec<_>) =
				self.open.iter_mut().filter(|text| !text.is_whole).partition(|text| text.unread.len() == 1);
			// A text that was just opened is read alone.
			match long.first_mut() {
				Some(text) => self.work.write(&mut [text])?,
				None if short.is_empty() => return Err(Error::invalid("an opening after the last text")),
				None => self.work.write(&mut short)?,
			}
		}
	}
}

impl Workload for Generation {
	fn most_leaves(&self) -> u32 {
		u32::try_from(self.prompts.len()).unwrap_or(u32::MAX).saturating_mul(self.generate.blocks())
	}

	fn cost(&self, _: u32) -> LeafCost {
		self.generate.cost()
	}

	fn recompute(&self, _: u32, opening: &[u8], claimed: Option<&[u8]>) -> Result<Piece> {
		let place = Place::read(opening)?;
		let bound = self.generate.shape.vocabulary;
		ensure(place.generated.iter().all(|token| *token < bound), "an opening with tokens beyond the vocabulary")?;
		if let Some(claimed) = claimed {
			let (words, _) = claimed.as_chunks::<4>();
			let tokens: Vec<u32> =
				words.iter().map(|word| u32::from_le_bytes(*word)).filter(|token| *token != END).collect();
			if let Some(piece) = self.audit(&place, &tokens)? {
				return Ok(piece);
			}
		}
		self.writing(place, 1).next()
	}

	fn start<'a>(&'a self, _: u32, leaves: u32, opening: &[u8]) -> Result<Box<dyn Run + 'a>> {
		Ok(Box::new(self.writing(Place::read(opening)?, leaves)))
	}
}
