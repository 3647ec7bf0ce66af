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

	/// Whether a text ends with this token, the last of so many.
	fn is_end(&self, token: &u32, count: usize) -> bool {
		self.generate.stop.contains(token) || count >= self.generate.tokens as usize
	}

	/// The leaf whose block these tokens are.
	fn piece(&self, place: &Place, tokens: &[u32], trace: Vec<u8>) -> Result<Piece> {
		let mut generated = place.generated.clone();
		generated.extend(tokens);
		let is_end = tokens.last().is_some_and(|last| self.is_end(last, generated.len()));
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
			trace,
			is_last: next.text as usize >= self.prompts.len(),
			note: Note { losses: Vec::new(), text: self.vocabulary.decode(tokens) },
		})
	}

	/// A text from this place on.
	fn open(&self, place: Place) -> Result<Open> {
		self.room(&place)?;
		let mut unread = self.prompt(place.text)?.to_vec();
		unread.extend(&place.generated);
		Ok(Open {
			count: place.generated.len(),
			place,
			cache: self.model.cache(self.longest()),
			unread,
			block: Block::default(),
			blocks: VecDeque::new(),
			is_whole: false,
		})
	}

	/// A token more for each of these texts, all of them at once.
	fn write(&self, texts: &mut [&mut Open]) -> Result<()> {
		let mut reading: Vec<_> = texts.iter_mut().map(|text| (&mut text.cache, text.unread.as_slice())).collect();
		let rows = self.model.read_tokens(self.ops.as_ref(), &mut reading, 1)?;
		let tokens = self.select_all(&rows, texts.iter().map(|text| (text.place.text, text.count)))?;
		for ((text, token), row) in texts.iter_mut().zip(tokens).zip(rows.to_vec2()?) {
			text.block.tokens.push(token);
			text.block.trace.extend(canonical_bytes(&row));
			text.unread = vec![token];
			text.count = text.count.saturating_add(1);
			text.is_whole = self.is_end(&token, text.count);
			if text.is_whole {
				text.cache = self.model.cache(0);
			}
			if text.is_whole || text.block.tokens.len() >= self.generate.block as usize {
				text.blocks.push_back(std::mem::take(&mut text.block));
			}
		}
		Ok(())
	}

	/// So many texts are written at once if so many leaves are wanted: as many as these leaves need at least, and as have
	/// room in what [`check`](Generate::check) counts for reading the model.
	fn most_at_once(&self, leaves: u32) -> usize {
		let generate = &self.generate;
		let (tokens, shape) = (generate.tokens as usize, &generate.shape);
		let (width, hidden, vocabulary) = (shape.width as usize, shape.hidden as usize, shape.vocabulary as usize);
		let numbers = [
			self.longest().saturating_mul(self.model.cached_numbers()),
			// Of blocks that are ready, the trace; and what a step holds.
			tokens.saturating_mul(width.saturating_add(1)),
			width
				.saturating_mul(8)
				.saturating_add(hidden.saturating_mul(6))
				.saturating_add(vocabulary.saturating_mul(3)),
		];
		let numbers = numbers.into_iter().fold(0, usize::saturating_add);
		let room = usize::try_from(generate.model.bytes).unwrap_or(usize::MAX);
		let fit = room.checked_div(numbers.saturating_mul(size_of::<f32>())).unwrap_or(usize::MAX);
		let needed = leaves.div_ceil(generate.blocks().max(1)) as usize;
		MOST_AT_ONCE.min(needed).min(fit).max(1)
	}

	fn writing(&self, place: Place, leaves: u32) -> Result<Writing<'_>> {
		let next = place.text.saturating_add(1);
		Ok(Writing { work: self, next, leaves, open: VecDeque::from([self.open(place)?]) })
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
			Ok(Some(self.piece(place, &found, canonical_bytes(&rows.flatten_all()?.to_vec1()?))?))
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

/// The most texts that are written at once: more would hardly be faster, and what is interrupted loses those that are not
/// at their turn.
const MOST_AT_ONCE: usize = 16;

/// A text that is being written.
struct Open {
	/// Where the next block begins that is handed out.
	place: Place,
	/// How many tokens were generated.
	count: usize,
	cache: Cache,
	/// What the model has yet to read.
	unread: Vec<u32>,
	/// What there is of the next block.
	block: Block,
	/// Those that are ready, first ones first.
	blocks: VecDeque<Block>,
	is_whole: bool,
}

#[derive(Default)]
struct Block {
	tokens: Vec<u32>,
	trace: Vec<u8>,
}

/// A run. Weights are read once for a token of all texts that are written at once; their blocks come out one text after the
/// other, as if there were no others.
struct Writing<'a> {
	work: &'a Generation,
	/// The text after those that were opened.
	next: u32,
	/// So many leaves are still wanted.
	leaves: u32,
	open: VecDeque<Open>,
}

impl Run for Writing<'_> {
	fn next(&mut self) -> Result<Piece> {
		let work = self.work;
		loop {
			if let Some(text) = self.open.front_mut() {
				if let Some(Block { tokens, trace }) = text.blocks.pop_front() {
					let piece = work.piece(&text.place, &tokens, trace)?;
					text.place = Place::read(&piece.carry)?;
					if text.is_whole && text.blocks.is_empty() {
						self.open.pop_front();
					}
					self.leaves = self.leaves.saturating_sub(1);
					return Ok(piece);
				}
			}
			if self.open.len() < work.most_at_once(self.leaves) && (self.next as usize) < work.prompts.len() {
				self.open.push_back(work.open(Place { text: self.next, generated: Vec::new() })?);
				self.next = self.next.saturating_add(1);
			}
			let (mut short, mut long): (Vec<_>, Vec<_>) =
				self.open.iter_mut().filter(|text| !text.is_whole).partition(|text| text.unread.len() == 1);
			// A text that was just opened is read alone.
			match long.first_mut() {
				Some(text) => work.write(&mut [text])?,
				None if short.is_empty() => return Err(Error::invalid("an opening after the last text")),
				None => work.write(&mut short)?,
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
		self.writing(place, 1)?.next()
	}

	fn start<'a>(&'a self, _: u32, leaves: u32, opening: &[u8]) -> Result<Box<dyn Run + 'a>> {
		Ok(Box::new(self.writing(Place::read(opening)?, leaves)?))
	}
}
