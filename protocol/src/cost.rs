//! What work weighs, how long a leaf takes, and what it costs to check it. All of it follows from shapes that the
//! client or the publisher declares in the manifest, so that no provider can choose it; and the kernel sets stop at the
//! declared shape, so that no work exceeds what was counted here.

use crate::{
	audit::drawn_leaves,
	class::Class,
	math::{mul_div_up, share_up},
	time::BlockNumber,
	token::Balance,
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// Multiply-adds, the unit of all work: the kernel sets are nothing but them.
pub type Work = u128;

/// Prices are for this much work: of a single multiply-add they would be mostly rounding.
pub const GIGA: Work = 1_000_000_000;

/// A square root, a division, an exponential or another function of the kernel sets, in multiply-adds, at most.
pub const FUNCTION_WORK: Work = 24;

/// The bytes of a number in fp32.
const NUMBER_BYTES: u128 = 4;

fn product<const N: usize>(factors: [u128; N]) -> u128 {
	factors.into_iter().fold(1, u128::saturating_mul)
}

fn sum<const N: usize>(terms: [u128; N]) -> u128 {
	terms.into_iter().fold(0, u128::saturating_add)
}

/// What a leaf asks of those who run and check it.
#[derive(
	Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct LeafCost {
	/// What its provider computes, who comes from the leaf before.
	pub work: Work,
	/// What a verifier computes, who has the opening alone: more where the opening is no whole state.
	pub recompute_work: Work,
	/// What a verifier fetches at most, who has nothing yet: artifacts, inputs and the opening.
	pub fetched_bytes: u128,
}

/// A transformer, with or without experts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transformer {
	pub layers: u32,
	/// Numbers of a position between layers.
	pub width: u32,
	pub heads: u32,
	/// Heads of keys and values; fewer than `heads` where heads share them.
	pub key_heads: u32,
	pub head_width: u32,
	/// Numbers of a position inside of a feed-forward part (of each expert).
	pub hidden: u32,
	/// Matrices of a feed-forward part: two, or three if it is gated.
	pub hidden_matrices: u32,
	/// One where there are no experts.
	pub experts: u32,
	/// How many of them a position passes.
	pub experts_used: u32,
	/// Tokens of the vocabulary, or classes.
	pub outputs: u32,
}

impl Transformer {
	fn attention_numbers(&self) -> u128 {
		let heads = u128::from(self.heads).saturating_add(self.key_heads.into()).saturating_mul(2);
		product([self.width.into(), self.head_width.into(), heads])
	}

	fn expert_numbers(&self) -> u128 {
		product([self.width.into(), self.hidden.into(), self.hidden_matrices.into()])
	}

	/// Numbers that training moves. Input and output embeddings are counted apart, also where they are one.
	pub fn parameters(&self) -> u128 {
		let experts = product([self.experts.into(), sum([self.expert_numbers(), self.width.into()])]);
		let norms = product([2, self.width.into()]);
		let layer = sum([self.attention_numbers(), experts, norms]);
		sum([product([self.layers.into(), layer]), product([2, self.width.into(), self.outputs.into()])])
	}

	/// All layers for one position, but for its looks at others.
	fn position_work(&self) -> Work {
		let used = product([self.experts_used.into(), self.expert_numbers()]);
		let router = product([self.experts.into(), sum([self.width.into(), FUNCTION_WORK])]);
		let activations = product([self.experts_used.into(), self.hidden.into(), FUNCTION_WORK]);
		let norms = product([4, self.width.into()]);
		product([self.layers.into(), sum([self.attention_numbers(), used, router, activations, norms])])
	}

	/// All heads of all layers for one look of a position at another.
	fn look_work(&self) -> Work {
		let head = sum([product([2, self.head_width.into()]), FUNCTION_WORK]);
		product([self.layers.into(), self.heads.into(), head])
	}

	fn output_work(&self) -> Work {
		product([self.outputs.into(), sum([self.width.into(), FUNCTION_WORK])])
	}

	/// The positions `from..to` of a text in which each looks at itself and all before, with outputs for `outputs` of
	/// them.
	fn causal_work(&self, from: u128, to: u128, outputs: u128) -> Work {
		let until = |end: u128| product([end, end.saturating_add(1)]) / 2;
		let looks = until(to).saturating_sub(until(from));
		sum([
			product([to.saturating_sub(from), self.position_work()]),
			product([looks, self.look_work()]),
			product([outputs, self.output_work()]),
		])
	}

	fn weight_bytes(&self) -> u128 {
		product([self.parameters(), NUMBER_BYTES])
	}
}

/// A layer of a network that is a plain chain of layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layer {
	Dense {
		inputs: u32,
		outputs: u32,
	},
	Convolution {
		/// Channels.
		inputs: u32,
		/// Channels.
		outputs: u32,
		groups: u32,
		/// Width × height of the kernel.
		kernel: u32,
		/// Width × height of what comes out.
		pixels: u64,
	},
}

impl Layer {
	fn parameters(&self) -> u128 {
		match *self {
			Self::Dense { inputs, outputs } => product([u128::from(inputs).saturating_add(1), outputs.into()]),
			Self::Convolution { inputs, outputs, groups, kernel, .. } => {
				let seen = product([inputs.div_ceil(groups.max(1)).into(), kernel.into()]);
				product([seen.saturating_add(1), outputs.into()])
			}
		}
	}

	fn work(&self) -> Work {
		let (pixels, outputs) = match *self {
			Self::Dense { outputs, .. } => (1, outputs),
			Self::Convolution { pixels, outputs, .. } => (pixels.into(), outputs),
		};
		product([pixels, sum([self.parameters(), product([outputs.into(), FUNCTION_WORK])])])
	}
}

/// What is trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network<'a> {
	/// On texts of so many tokens.
	Transformer {
		shape: Transformer,
		tokens: u32,
	},
	Layers(&'a [Layer]),
}

impl Network<'_> {
	pub fn parameters(&self) -> u128 {
		match self {
			Self::Transformer { shape, .. } => shape.parameters(),
			Self::Layers(layers) => layers.iter().map(Layer::parameters).fold(0, u128::saturating_add),
		}
	}

	/// One sample, forward.
	pub fn sample_work(&self) -> Work {
		match *self {
			Self::Transformer { shape, tokens } => shape.causal_work(0, tokens.into(), tokens.into()),
			Self::Layers(layers) => layers.iter().map(Layer::work).fold(0, u128::saturating_add),
		}
	}
}

/// The declared shape of a leaf. Where a number depends on the data, such as the length of a text, it is a ceiling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaf<'a> {
	/// A segment of an optimisation.
	Training {
		network: Network<'a>,
		steps: u32,
		/// Samples of a step.
		batch: u32,
		sample_bytes: u32,
		/// Numbers that the optimiser keeps for each parameter: two for Adam.
		optimiser_numbers: u32,
	},
	/// A block of generated tokens. Its opening is a text, so a verifier reads all of it again, in one pass; the
	/// provider has read it before, but for the prompt.
	Generated {
		model: Transformer,
		/// Tokens before the block: the prompt and what was generated.
		context_tokens: u32,
		block_tokens: u32,
		/// The context is the prompt alone.
		is_first: bool,
	},
	/// A slice of a batch to embed or to classify, where each position looks at all.
	Encoded { model: Transformer, items: u32, item_tokens: u32 },
	/// A tile of a frame. A path that reaches a ceiling ends there, in the same way everywhere: otherwise a scene could
	/// be made that costs far more than it says.
	Rendered {
		pixels: u32,
		/// Paths of a pixel.
		samples: u32,
		/// Rays of a path, at most.
		rays: u32,
		/// Nodes of the scene's tree that a ray visits, at most.
		visits: u32,
		scene_bytes: u64,
	},
	/// Steps of the benchmark's chain of square matrices.
	Benchmark { side: u32, steps: u32 },
}

/// Forward, and twice as much backward.
const TRAINED_PASSES: u128 = 3;
/// Two boxes or two triangles against a ray.
const VISIT_WORK: Work = 64;
/// Light and surface where a ray ends.
const RAY_WORK: Work = 512;

impl Leaf<'_> {
	pub fn cost(&self) -> LeafCost {
		match *self {
			Self::Training { network, steps, batch, sample_bytes, optimiser_numbers } => {
				let numbers = u128::from(optimiser_numbers).saturating_add(1);
				let samples = product([steps.into(), batch.into()]);
				let passes = product([TRAINED_PASSES, samples, network.sample_work()]);
				let updates = product([steps.into(), network.parameters(), numbers, FUNCTION_WORK]);
				let state_bytes = product([network.parameters(), numbers, NUMBER_BYTES]);
				LeafCost::recomputed_alike(
					sum([passes, updates]),
					sum([state_bytes, product([samples, sample_bytes.into()])]),
				)
			}
			Self::Generated { model, context_tokens, block_tokens, is_first } => {
				let end = u128::from(context_tokens).saturating_add(block_tokens.into());
				let from = if is_first { 0 } else { context_tokens.into() };
				LeafCost {
					work: model.causal_work(from, end, block_tokens.into()),
					recompute_work: model.causal_work(0, end, block_tokens.into()),
					fetched_bytes: sum([model.weight_bytes(), product([end, NUMBER_BYTES])]),
				}
			}
			Self::Encoded { model, items, item_tokens } => {
				let tokens = u128::from(item_tokens);
				let looks = product([tokens, tokens, model.look_work()]);
				let item = sum([product([tokens, model.position_work()]), looks, model.output_work()]);
				LeafCost::recomputed_alike(
					product([items.into(), item]),
					sum([model.weight_bytes(), product([items.into(), tokens, NUMBER_BYTES])]),
				)
			}
			Self::Rendered { pixels, samples, rays, visits, scene_bytes } => {
				let ray = sum([product([visits.into(), VISIT_WORK]), RAY_WORK]);
				LeafCost::recomputed_alike(
					product([pixels.into(), samples.into(), rays.into(), ray]),
					scene_bytes.into(),
				)
			}
			// One factor is the same in all steps and follows from the seed; the other is handed on.
			Self::Benchmark { side, steps } => {
				let side = u128::from(side);
				LeafCost::recomputed_alike(
					product([steps.into(), side, side, side]),
					product([side, side, NUMBER_BYTES]),
				)
			}
		}
	}
}

impl LeafCost {
	fn recomputed_alike(work: Work, fetched_bytes: u128) -> Self {
		Self { work, recompute_work: work, fetched_bytes }
	}
}

/// The verifier against whose speed a class measures time: its slowest seat must keep up with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReferenceVerifier {
	/// Multiply-adds in a block. Default: 100 billion in a second, eight good CPU cores.
	pub work_per_block: Work,
	/// Default: 100 Mbit in a second.
	pub bytes_per_block: u128,
	/// A leaf that takes it longer is refused. Default: 600, half an hour.
	pub most_leaf_blocks: BlockNumber,
}

impl Default for ReferenceVerifier {
	fn default() -> Self {
		Self { work_per_block: 300 * GIGA, bytes_per_block: 37_500_000, most_leaf_blocks: 600 }
	}
}

impl ReferenceVerifier {
	/// The time of a leaf: to fetch what it needs, then to compute it; a block at least. `None` if it exceeds the
	/// bound.
	///
	/// The bytes count, because otherwise a leaf that is small to compute and large to fetch would make honest
	/// verifiers late, and lateness costs them.
	pub fn leaf_blocks(&self, leaf: &LeafCost) -> Option<BlockNumber> {
		let blocks = |amount: u128, per_block: u128| match amount {
			0 => Some(0),
			amount => amount.checked_sub(1)?.checked_div(per_block)?.checked_add(1),
		};
		let compute = blocks(leaf.recompute_work, self.work_per_block)?;
		let total = compute.checked_add(blocks(leaf.fetched_bytes, self.bytes_per_block)?)?;
		BlockNumber::try_from(total.max(1)).ok().filter(|blocks| *blocks <= self.most_leaf_blocks)
	}
}

/// What one check of a leaf is paid, the "cost of the leaf" of all penalties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckingTariff {
	/// For any leaf: two transactions and the start. So no leaf is free to check, and no penalty rounds to nothing.
	/// Default: 0.0001 OGPU.
	pub leaf: Balance,
	/// For a billion multiply-adds. Default: 30 billionths of an OGPU.
	pub giga: Balance,
	/// For a million bytes to fetch. Default: 10 billionths of an OGPU.
	pub megabyte: Balance,
}

impl Default for CheckingTariff {
	fn default() -> Self {
		Self { leaf: 100_000_000_000_000, giga: 30_000_000_000, megabyte: 10_000_000_000 }
	}
}

const MEGABYTE: u128 = 1_000_000;

impl CheckingTariff {
	pub fn leaf_fee(&self, leaf: &LeafCost) -> Balance {
		let work = mul_div_up(self.giga, leaf.recompute_work, GIGA).unwrap_or(Balance::MAX);
		let bytes = mul_div_up(self.megabyte, leaf.fetched_bytes, MEGABYTE).unwrap_or(Balance::MAX);
		sum([self.leaf, work, bytes])
	}
}

/// How a class checks a task, as far as it costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checking {
	/// How likely the task is audited.
	pub audit_billionths: u32,
	/// How many of its leaves are, then.
	pub leaves_audited: u32,
	/// Leaves that are audited in any case: the last ones of milestones.
	pub milestones: u32,
	/// The share of all these that a second auditor recomputes.
	pub doubled_billionths: u32,
	/// How likely a jury meets over a leaf.
	pub jury_billionths: u32,
	/// How many jurors execute it, then, on average.
	pub jury_executions: u32,
}

impl Checking {
	/// A task of so many leaves in a class.
	pub fn of(class: &Class, leaves: u32, milestones: u32, jury_billionths: u32, jury_executions: u32) -> Self {
		Self {
			audit_billionths: class.audit_billionths,
			leaves_audited: drawn_leaves(leaves, class.leaves_billionths),
			milestones,
			doubled_billionths: class.doubled_billionths,
			jury_billionths,
			jury_executions,
		}
	}

	/// What checking costs on average: the client pays it whether or not its task is drawn, so that those drawn by
	/// chance pay no more than others.
	pub fn expected_fee(&self, leaf_fee: Balance) -> Balance {
		let audits = |leaves: u32| {
			let single = leaf_fee.saturating_mul(leaves.into());
			single.saturating_add(share_up(single, self.doubled_billionths))
		};
		let jury = leaf_fee.saturating_mul(self.jury_executions.into());
		sum([
			share_up(audits(self.leaves_audited), self.audit_billionths),
			audits(self.milestones),
			share_up(jury, self.jury_billionths),
		])
	}

	/// What a provider that must be audited more often than its class asks pays of its own fee for it. Were it the pot
	/// of the class that paid, fresh accounts dealing with themselves could empty it into the pockets of auditors.
	pub fn provider_fee(&self, leaf_fee: Balance, audit_billionths: u32) -> Balance {
		let audit_billionths = audit_billionths.max(self.audit_billionths);
		Self { audit_billionths, ..*self }.expected_fee(leaf_fee).saturating_sub(self.expected_fee(leaf_fee))
	}
}

/// Of every fee for work, in billionths: what is burned, so that dealing with oneself costs.
pub const BURNED_BILLIONTHS: u32 = 20_000_000;

/// What is burned of a fee for work. Rounded up, so that cutting a fee into dust burns no less.
pub fn burned(fee: Balance, burned_billionths: u32) -> Balance {
	share_up(fee, burned_billionths).min(fee)
}

/// The units that a client is charged for, and what returns to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charge {
	pub fee: Balance,
	pub refund: Balance,
}

/// What of the sum held for a ceiling of leaves is due when `used` were used. A count above the ceiling is the
/// provider's mistake: it is paid for the ceiling. `None` if the held sum exceeds a [`Balance`].
pub fn charge(leaf_price: Balance, ceiling_leaves: u32, used_leaves: u32) -> Option<Charge> {
	let held = leaf_price.checked_mul(ceiling_leaves.into())?;
	let fee = leaf_price.checked_mul(used_leaves.min(ceiling_leaves).into())?;
	Some(Charge { fee, refund: held.checked_sub(fee)? })
}

/// The leaves that a task counts as, where they are sold at one price: its work in the leaves that the service is
/// priced for, rounded up. So a long prompt, which the first block must read, is paid. `None` beyond a `u32`, or if the
/// service's leaf weighs nothing.
pub fn charged_leaves(work: Work, priced_leaf: Work) -> Option<u32> {
	let whole = work.checked_div(priced_leaf)?;
	let rest = work.checked_rem(priced_leaf)?;
	whole.checked_add(u128::from(rest > 0))?.try_into().ok()
}

#[cfg(test)]
pub(crate) mod tests {
	use super::*;
	use crate::{
		random::CERTAIN_BILLIONTHS,
		token::{format_ogpu, MICRO_OGPU, MILLI_OGPU, OGPU},
	};
	use alloc::{
		format,
		string::{String, ToString},
	};
	use proptest::prelude::*;

	/// The document for providers and clients says exactly this somewhere, line by line. So its numbers are the code's.
	pub fn assert_documented(lines: impl IntoIterator<Item = String>) {
		let document = include_str!("../../docs/economics.md");
		let missing: Vec<_> =
			lines.into_iter().filter(|line| !document.lines().any(|other| other.trim_start() == line)).collect();
		assert!(missing.is_empty(), "docs/economics.md must say\n{}", missing.join("\n"));
	}

	/// An amount as the document writes it: three decimals from one OGPU on, else six.
	pub fn ogpu(amount: Balance) -> String {
		let shown = if amount < OGPU { MICRO_OGPU } else { MILLI_OGPU };
		grouped(&format_ogpu(amount - amount % shown))
	}

	/// A number with a comma after every three digits.
	pub fn grouped(number: &str) -> String {
		let (whole, rest) = number.split_at(number.find('.').unwrap_or(number.len()));
		let is_cut = |place: usize| place > 0 && (whole.len() - place).is_multiple_of(3);
		let cut = |(place, digit)| if is_cut(place) { format!(",{digit}") } else { String::from(digit) };
		whole.chars().enumerate().map(cut).collect::<String>() + rest
	}

	/// Billionths as the document writes them.
	pub fn percent(billionths: u32) -> String {
		format!("{}.{} %", billionths / 10_000_000, billionths / 1_000_000 % 10)
	}

	fn gpt2() -> Transformer {
		Transformer {
			layers: 12,
			width: 768,
			heads: 12,
			key_heads: 12,
			head_width: 64,
			hidden: 3_072,
			hidden_matrices: 2,
			experts: 1,
			experts_used: 1,
			outputs: 50_257,
		}
	}

	fn block(context_tokens: u32, block_tokens: u32, is_first: bool) -> LeafCost {
		Leaf::Generated { model: gpt2(), context_tokens, block_tokens, is_first }.cost()
	}

	#[test]
	fn a_token_of_a_small_language_model_costs_about_its_parameters() {
		let (embeddings, parameters) = (2 * 768 * 50_257, gpt2().parameters());
		assert!((84_900_000..85_100_000).contains(&(parameters - embeddings)), "{parameters}");
		let token = block(0, 1, true).work;
		assert!((124_000_000..126_000_000).contains(&token), "{token}");
	}

	#[test]
	fn experts_that_are_not_used_cost_memory_but_hardly_work() {
		let many = Transformer { experts: 8, ..gpt2() };
		assert!(many.parameters() > 3 * gpt2().parameters());
		assert!(many.position_work() < gpt2().position_work() * 101 / 100);
		let two = Transformer { experts_used: 2, ..many };
		assert!(two.position_work() > many.position_work() * 3 / 2);
	}

	#[test]
	fn a_late_block_of_a_text_is_cheap_to_make_and_dear_to_check() {
		let late = block(4_000, 16, false);
		assert!(late.recompute_work > 150 * late.work, "the verifier reads 4,000 tokens again to check 16");
		let first = block(4_000, 16, true);
		assert_eq!(first.work, first.recompute_work, "who makes the first block reads the prompt, too");
	}

	#[test]
	fn a_long_prompt_is_charged_though_it_yields_one_block() {
		let priced = block(0, 16, true).work;
		assert_eq!(charged_leaves(block(0, 16, true).work, priced), Some(1));
		assert!(charged_leaves(block(4_000, 16, true).work, priced).unwrap() > 150);
		assert_eq!(charged_leaves(1, 0), None);
		assert_eq!(charged_leaves(u128::MAX, 1), None);
	}

	#[test]
	fn a_step_of_a_digit_classifier_is_three_passes_and_an_update() {
		let layers = [Layer::Dense { inputs: 784, outputs: 128 }, Layer::Dense { inputs: 128, outputs: 10 }];
		let network = Network::Layers(&layers);
		assert_eq!(network.parameters(), 785 * 128 + 129 * 10);
		assert_eq!(network.sample_work(), 785 * 128 + 129 * 10 + 138 * FUNCTION_WORK);
		let leaf = Leaf::Training { network, steps: 10, batch: 64, sample_bytes: 785, optimiser_numbers: 2 }.cost();
		assert_eq!(leaf.work, 3 * 640 * network.sample_work() + 10 * network.parameters() * 3 * FUNCTION_WORK);
		assert_eq!(leaf.fetched_bytes, network.parameters() * 3 * 4 + 640 * 785);
	}

	#[test]
	fn a_convolution_of_one_pixel_is_a_dense_layer() {
		let dense = Layer::Dense { inputs: 30, outputs: 7 };
		let convolution = Layer::Convolution { inputs: 30, outputs: 7, groups: 1, kernel: 1, pixels: 1 };
		assert_eq!((dense.work(), dense.parameters()), (convolution.work(), convolution.parameters()));
		let depthwise = Layer::Convolution { inputs: 64, outputs: 64, groups: 64, kernel: 9, pixels: 100 };
		assert_eq!(depthwise.work(), 100 * 64 * (9 + 1 + FUNCTION_WORK));
	}

	#[test]
	fn a_leaf_that_is_small_to_compute_but_large_to_fetch_is_not_called_quick() {
		let reference = ReferenceVerifier::default();
		let heavy = LeafCost { work: 1, recompute_work: 1, fetched_bytes: 3_750_000_000 };
		assert_eq!(reference.leaf_blocks(&heavy), Some(101));
		assert_eq!(reference.leaf_blocks(&LeafCost::default()), Some(1), "no leaf takes no time");
		let late_block = LeafCost { work: GIGA, recompute_work: 3_000 * GIGA, fetched_bytes: 1 };
		assert_eq!(reference.leaf_blocks(&late_block), Some(11), "time is the verifier's, not the provider's");
		let too_heavy = LeafCost { fetched_bytes: 600 * 37_500_000, ..heavy };
		assert_eq!(reference.leaf_blocks(&too_heavy), None);
		let no_verifier = ReferenceVerifier { work_per_block: 0, ..reference };
		assert_eq!(no_verifier.leaf_blocks(&heavy), None);
	}

	#[test]
	fn a_fresh_account_pays_the_checking_that_its_class_would_not_ask() {
		let economy = Checking::of(&Class::ECONOMY, 1_000, 0, 0, 11);
		assert_eq!(economy.expected_fee(MILLI_OGPU), 3 * MILLI_OGPU);
		assert_eq!(economy.provider_fee(MILLI_OGPU, CERTAIN_BILLIONTHS), 57 * MILLI_OGPU);
		assert_eq!(economy.provider_fee(MILLI_OGPU, 0), 0, "nobody is checked less than the class asks");
		let disputed = Checking { jury_billionths: CERTAIN_BILLIONTHS / 100, ..economy };
		assert_eq!(disputed.expected_fee(MILLI_OGPU), 3 * MILLI_OGPU + 110 * MICRO_OGPU);
		let training = Checking { milestones: 10, ..economy };
		assert_eq!(training.expected_fee(MILLI_OGPU), 15 * MILLI_OGPU, "milestones are audited in any case");
	}

	#[test]
	fn the_document_tells_what_leaves_weigh_and_what_checking_costs() {
		let minilm = Transformer {
			layers: 6,
			width: 384,
			heads: 12,
			key_heads: 12,
			head_width: 32,
			hidden: 1_536,
			hidden_matrices: 2,
			experts: 1,
			experts_used: 1,
			outputs: 30_522,
		};
		let layers = [Layer::Dense { inputs: 784, outputs: 128 }, Layer::Dense { inputs: 128, outputs: 10 }];
		let digits = Network::Layers(&layers);
		let leaves = [
			(
				"100 steps of a digit classifier, batch 64",
				Leaf::Training { network: digits, steps: 100, batch: 64, sample_bytes: 785, optimiser_numbers: 2 },
			),
			(
				"10 steps of GPT-2 small, 8 texts of 1,024 tokens",
				Leaf::Training {
					network: Network::Transformer { shape: gpt2(), tokens: 1_024 },
					steps: 10,
					batch: 8,
					sample_bytes: 4_096,
					optimiser_numbers: 2,
				},
			),
			(
				"16 tokens of GPT-2 small after 100",
				Leaf::Generated { model: gpt2(), context_tokens: 100, block_tokens: 16, is_first: false },
			),
			(
				"16 tokens of GPT-2 small after 1,000",
				Leaf::Generated { model: gpt2(), context_tokens: 1_000, block_tokens: 16, is_first: false },
			),
			(
				"64 sentences of 128 tokens, embedded by MiniLM",
				Leaf::Encoded { model: minilm, items: 64, item_tokens: 128 },
			),
			(
				"a tile of 64 × 64 pixels, 64 paths each",
				Leaf::Rendered { pixels: 64 * 64, samples: 64, rays: 8, visits: 100, scene_bytes: 50_000_000 },
			),
		];
		let (reference, tariff) = (ReferenceVerifier::default(), CheckingTariff::default());
		let giga = |work: Work| grouped(&format!("{:.1}", work as f64 / 1e9));
		assert_documented(leaves.map(|(name, leaf)| {
			let cost = leaf.cost();
			format!(
				"| {name} | {} | {} | {} | {} | {} |",
				giga(cost.work),
				giga(cost.recompute_work),
				grouped(&format!("{:.1}", cost.fetched_bytes as f64 / 1e6)),
				reference.leaf_blocks(&cost).unwrap(),
				ogpu(tariff.leaf_fee(&cost)),
			)
		}));
		let classes = [
			("economy", Class::ECONOMY),
			("standard", Class::STANDARD),
			("high", Class::HIGH),
			("assured", Class::ASSURED),
		];
		assert_documented(classes.map(|(name, class)| {
			let checking = Checking::of(&class, 1_000, 0, 0, 0);
			format!(
				"| {name} | {} of 1,000 | {} | {} | {} |",
				grouped(&checking.leaves_audited.to_string()),
				percent(checking.audit_billionths),
				ogpu(checking.expected_fee(MILLI_OGPU)),
				ogpu(checking.provider_fee(MILLI_OGPU, CERTAIN_BILLIONTHS)),
			)
		}));
	}

	fn transformers() -> impl Strategy<Value = Transformer> {
		any::<[u32; 10]>().prop_map(
			|[layers, width, heads, key_heads, head_width, hidden, hidden_matrices, experts, experts_used, outputs]| {
				Transformer {
					layers,
					width,
					heads,
					key_heads,
					head_width,
					hidden,
					hidden_matrices,
					experts,
					experts_used,
					outputs,
				}
			},
		)
	}

	fn leaves() -> impl Strategy<Value = Leaf<'static>> {
		prop_oneof![
			(transformers(), any::<[u32; 5]>()).prop_map(|(shape, [tokens, steps, batch, bytes, numbers])| {
				let network = Network::Transformer { shape, tokens };
				Leaf::Training { network, steps, batch, sample_bytes: bytes, optimiser_numbers: numbers }
			}),
			(transformers(), any::<(u32, u32, bool)>()).prop_map(
				|(model, (context_tokens, block_tokens, is_first))| {
					Leaf::Generated { model, context_tokens, block_tokens, is_first }
				}
			),
			(transformers(), any::<(u32, u32)>()).prop_map(|(model, (items, item_tokens))| Leaf::Encoded {
				model,
				items,
				item_tokens
			}),
			(any::<[u32; 4]>(), any::<u64>()).prop_map(|([pixels, samples, rays, visits], scene_bytes)| {
				Leaf::Rendered { pixels, samples, rays, visits, scene_bytes }
			}),
			any::<(u32, u32)>().prop_map(|(side, steps)| Leaf::Benchmark { side, steps }),
		]
	}

	proptest! {
		#[test]
		fn no_shape_makes_it_panic_and_checking_is_never_less_than_making(leaf in leaves(), speeds: (u128, u128, u32)) {
			let cost = leaf.cost();
			prop_assert!(cost.recompute_work >= cost.work);
			let (work_per_block, bytes_per_block, most_leaf_blocks) = speeds;
			let reference = ReferenceVerifier { work_per_block, bytes_per_block, most_leaf_blocks };
			if let Some(blocks) = reference.leaf_blocks(&cost) {
				prop_assert!((1..=most_leaf_blocks).contains(&blocks));
			}
			prop_assert!(CheckingTariff::default().leaf_fee(&cost) >= CheckingTariff::default().leaf);
		}

		#[test]
		fn no_layer_makes_it_panic(inputs: u32, outputs: u32, groups: u32, kernel: u32, pixels: u64) {
			let convolution = Layer::Convolution { inputs, outputs, groups, kernel, pixels };
			let layers = [Layer::Dense { inputs, outputs }, convolution];
			let network = Network::Layers(&layers);
			prop_assert!(network.sample_work() >= u128::from(inputs) * u128::from(outputs));
		}

		/// However a text is cut into blocks, making it weighs the same: a provider gains nothing by the cut.
		#[test]
		fn cutting_a_text_finer_does_not_make_more_of_it(
			prompt in 0u32..500, cuts in prop::collection::vec(1u32..50, 1..20),
		) {
			let whole = block(prompt, cuts.iter().sum(), true).work;
			let mut context_tokens = prompt;
			let mut parts = 0;
			for (index, tokens) in cuts.into_iter().enumerate() {
				parts += block(context_tokens, tokens, index == 0).work;
				context_tokens += tokens;
			}
			prop_assert_eq!(parts, whole);
		}

		#[test]
		fn more_is_never_cheaper(context in 0u32..10_000, tokens in 1u32..1_000, more in 0u32..1_000) {
			let (less, more) = (block(context, tokens, false), block(context + more, tokens + more, false));
			prop_assert!(less.work <= more.work && less.recompute_work <= more.recompute_work);
			let (reference, tariff) = (ReferenceVerifier::default(), CheckingTariff::default());
			prop_assert!(tariff.leaf_fee(&less) <= tariff.leaf_fee(&more));
			prop_assert!(reference.leaf_blocks(&less).is_some_and(|less| Some(less) <= reference.leaf_blocks(&more))
				|| reference.leaf_blocks(&more).is_none());
		}

		#[test]
		fn what_is_held_is_charged_or_returned(price: u128, ceiling: u32, used: u32) {
			if let Some(held) = price.checked_mul(ceiling.into()) {
				let charge = charge(price, ceiling, used).unwrap();
				prop_assert_eq!(charge.fee + charge.refund, held);
			} else {
				prop_assert_eq!(charge(price, ceiling, used), None);
			}
		}

		#[test]
		fn cutting_a_fee_into_dust_burns_no_less(
			fees in prop::collection::vec(0u128..1_000, 1..50), rate in 0..=CERTAIN_BILLIONTHS,
		) {
			let apart: u128 = fees.iter().map(|fee| burned(*fee, rate)).sum();
			prop_assert!(apart >= burned(fees.iter().sum(), rate));
		}

		#[test]
		fn the_expected_fee_never_panics_and_grows_with_all_it_is_made_of(fee: u128, parts: [u32; 6], more: u32) {
			let checking = Checking {
				audit_billionths: parts[0],
				leaves_audited: parts[1],
				milestones: parts[2],
				doubled_billionths: parts[3],
				jury_billionths: parts[4],
				jury_executions: parts[5],
			};
			let dearer = Checking {
				audit_billionths: parts[0].saturating_add(more),
				leaves_audited: parts[1].saturating_add(more),
				milestones: parts[2].saturating_add(more),
				jury_executions: parts[5].saturating_add(more),
				..checking
			};
			prop_assert!(checking.expected_fee(fee) <= dearer.expected_fee(fee));
			prop_assert_eq!(checking.provider_fee(fee, parts[0]), 0);
		}
	}
}
