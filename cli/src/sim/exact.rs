//! Sums over everything that may be drawn, each weighted with its probability. All terms are positive, so that even
//! 10⁻¹³ comes with a dozen digits. Rounds, margin, cap and redraws are the chain's own [`Dispute`].

use super::{population::Operator, rerolls::best_seed};
use clap::ValueEnum;
use ogpu_protocol::{
	commitment::{Obstacle, Vote},
	jury::{Ballot, Dispute, Next, Rules, Tally, Verdict},
	merkle::Hash,
	seats::Table,
};
use std::{
	collections::{BTreeMap, HashMap},
	iter::once,
};

/// The digest that the provider claims, and another.
const CLAIMED: Hash = [1; 32];
const OTHER: Hash = [2; 32];

/// A binding without the bytes.
const GUESSED: Hash = [3; 32];

/// What the byzantine seats do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Conduct {
	/// All vote for the same wrong verdict.
	Wrong,
	/// Nobody votes, and others are drawn instead.
	Silent,
	/// They vote for whatever is wrong, but in equal parts for different things, so that nothing is decided.
	Stall,
	/// They copy the right digest without computing, and so without the bytes that would make it a vote.
	Copy,
}

/// The truth about the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
	Honest,
	Guilty,
}

impl Provider {
	pub fn right(self) -> Verdict {
		match self {
			Self::Honest => Verdict::Upheld,
			Self::Guilty => Verdict::Convicted,
		}
	}

	/// The vote of those who computed the leaf.
	pub fn honest_ballot(self, seats: u32) -> Ballot {
		let digest = if self == Self::Honest { CLAIMED } else { OTHER };
		Ballot { seats, finding: Some(Ok(Vote { digest, binding: digest })) }
	}

	/// The votes of byzantine seats.
	pub fn byzantine_ballots(self, conduct: Conduct, seats: u32) -> Vec<Ballot> {
		let (right, wrong) = if self == Self::Honest { (CLAIMED, OTHER) } else { (OTHER, CLAIMED) };
		let vote = |digest, binding| Some(Ok(Vote { digest, binding }));
		match conduct {
			Conduct::Wrong => vec![Ballot { seats, finding: vote(wrong, wrong) }],
			Conduct::Silent => vec![Ballot { seats, finding: None }],
			Conduct::Stall => {
				let half = seats / 2;
				let finding = Some(Err(Obstacle::InputMissing));
				let rest = Ballot { seats: seats.saturating_sub(half), finding };
				vec![Ballot { seats: half, finding: vote(wrong, wrong) }, rest]
			}
			Conduct::Copy => vec![Ballot { seats, finding: vote(right, GUESSED) }],
		}
	}
}

/// Seats to be drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seats {
	pub honest: u32,
	pub byzantine: u32,
}

impl Seats {
	const NONE: Self = Self { honest: 0, byzantine: 0 };

	pub fn all(&self) -> u32 {
		self.honest.saturating_add(self.byzantine)
	}

	fn without(&self, gone: Seats) -> Self {
		Self {
			honest: self.honest.saturating_sub(gone.honest),
			byzantine: self.byzantine.saturating_sub(gone.byzantine),
		}
	}

	fn with(&self, more: Seats) -> Self {
		Self {
			honest: self.honest.saturating_add(more.honest),
			byzantine: self.byzantine.saturating_add(more.byzantine),
		}
	}

	/// The probabilities that 0, 1, 2, … of so many drawn seats are byzantine: the hypergeometric distribution, one
	/// seat after the other.
	fn draw(&self, count: u32) -> Vec<f64> {
		let mut byzantine = vec![1.0];
		for drawn in 0..count {
			byzantine = self.draw_one_more(&byzantine, drawn);
		}
		byzantine
	}

	fn draw_one_more(&self, byzantine: &[f64], drawn: u32) -> Vec<f64> {
		let left = f64::from(self.all()) - f64::from(drawn);
		let of = |(gone, probability): (u32, &f64)| {
			let byzantine = (f64::from(self.byzantine) - f64::from(gone)).max(0.0) / left;
			let honest = (f64::from(self.honest) - (f64::from(drawn) - f64::from(gone))).max(0.0) / left;
			(probability * honest, probability * byzantine)
		};
		let (stay, move_on): (Vec<_>, Vec<_>) = (0..).zip(byzantine).map(of).unzip();
		stay.into_iter().chain(once(0.0)).zip(once(0.0).chain(move_on)).map(|(one, other)| one + other).collect()
	}
}

/// How a dispute ends.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
	pub right: f64,
	pub wrong: f64,
	pub void: f64,
	/// Means.
	pub rounds: f64,
	pub drawn_seats: f64,
	/// What was drawn in all, by its probability.
	ends: Vec<(Seats, f64)>,
}

impl Outcome {
	fn end(&mut self, is_right: Option<bool>, drawn: Seats, probability: f64) {
		*match is_right {
			Some(true) => &mut self.right,
			Some(false) => &mut self.wrong,
			None => &mut self.void,
		} += probability;
		self.drawn_seats += probability * f64::from(drawn.all());
		self.ends.push((drawn, probability));
	}

	/// How many operators compute, on average: each once, however many of its seats were drawn. Which seats of a kind
	/// are drawn says nothing about how the dispute goes on, so each set of them is equally likely.
	pub fn executions(&self, table: &Table<Operator>, seats: Seats) -> f64 {
		let mut holdings = BTreeMap::<_, f64>::new();
		for (operator, held) in table.held().filter(|(_, held)| *held > 0) {
			*holdings.entry((operator.is_byzantine, held)).or_default() += 1.0;
		}
		let distinct = |drawn: &Seats| -> f64 {
			let of = |((is_byzantine, held), operators): (&(bool, u32), &f64)| {
				let (all, drawn) =
					if *is_byzantine { (seats.byzantine, drawn.byzantine) } else { (seats.honest, drawn.honest) };
				// None of those that are held is drawn, none of those that are drawn is held: it is the same.
				let missed = (0..drawn.min(*held)).map(|seat| {
					let all = f64::from(all) - f64::from(seat);
					((all - f64::from(drawn.max(*held))) / all).max(0.0)
				});
				operators * (1.0 - missed.product::<f64>())
			};
			holdings.iter().map(of).sum()
		};
		self.ends.iter().map(|(drawn, probability)| probability * distinct(drawn)).sum()
	}
}

/// A dispute that goes on: as much of it as distinguishes it from others.
type Key = [u32; 6];

/// The disputes that go on: what was drawn for each, how many seats are drawn next, and its probability.
type Open = BTreeMap<Key, (Dispute, Seats, u32, f64)>;

pub fn open_dispute(rules: Rules, seats: u32) -> Next {
	Dispute::open(rules, CLAIMED, seats)
}

fn key(dispute: &Dispute, drawn: Seats, next: u32) -> Key {
	let Tally { upheld, convicted, input_at_fault, .. } = dispute.tally;
	[drawn.honest, drawn.byzantine, upheld, convicted, input_at_fault, next]
}

/// How a dispute among these seats ends, with its probabilities.
pub fn jury(rules: Rules, seats: Seats, provider: Provider, conduct: Conduct) -> Outcome {
	let mut outcome = Outcome::default();
	let mut open = Open::new();
	let settle = |next: Next, drawn: Seats, probability: f64, open: &mut Open, outcome: &mut Outcome| match next {
		Next::Draw(dispute, count) => {
			let entry = open.entry(key(&dispute, drawn, count)).or_insert((dispute, drawn, count, 0.0));
			entry.3 += probability;
		}
		Next::Decided(verdict, _) => outcome.end(Some(verdict == provider.right()), drawn, probability),
		Next::Void(_) => outcome.end(None, drawn, probability),
	};
	settle(open_dispute(rules, seats.all()), Seats::NONE, 1.0, &mut open, &mut outcome);
	while !open.is_empty() {
		for (dispute, drawn, count, probability) in std::mem::take(&mut open).into_values() {
			outcome.rounds += probability;
			for (byzantine, chance) in (0..).zip(seats.without(drawn).draw(count)).filter(|(_, chance)| *chance > 0.0) {
				let round = Seats { honest: count.saturating_sub(byzantine), byzantine };
				let mut ballots = provider.byzantine_ballots(conduct, byzantine);
				ballots.push(provider.honest_ballot(round.honest));
				settle(dispute.round(&ballots), drawn.with(round), probability * chance, &mut open, &mut outcome);
			}
		}
	}
	outcome
}

/// A dispute as a game of byzantine seats that know each other, for a wrong verdict.
#[derive(Clone, Copy)]
pub struct Game {
	pub seats: Seats,
	pub provider: Provider,
	/// Their share of the slots, with which they make seeds; 0: they do not.
	pub slots_share: f64,
	/// Whether they wait until all others have revealed, and then keep as many of their votes back as they like. If
	/// not, all vote for the same wrong verdict.
	pub may_hide: bool,
}

impl Game {
	/// The probability of a wrong verdict if they play as well as can be.
	pub fn wrong(&self, rules: Rules) -> f64 {
		self.value(open_dispute(rules, self.seats.all()), Seats::NONE, &mut HashMap::new())
	}

	fn value(&self, next: Next, drawn: Seats, known: &mut HashMap<Key, f64>) -> f64 {
		let (dispute, count) = match next {
			Next::Draw(dispute, count) => (dispute, count),
			Next::Decided(verdict, _) => return f64::from(u8::from(verdict != self.provider.right())),
			Next::Void(_) => return 0.0,
		};
		let key = key(&dispute, drawn, count);
		if let Some(value) = known.get(&key) {
			return *value;
		}
		let mut values = Vec::new();
		for (byzantine, chance) in (0..).zip(self.seats.without(drawn).draw(count)).filter(|(_, chance)| *chance > 0.0)
		{
			let round = Seats { honest: count.saturating_sub(byzantine), byzantine };
			let mut best = 0.0f64;
			for hidden in 0..=if self.may_hide { byzantine } else { 0 } {
				let mut ballots = vec![self.provider.honest_ballot(round.honest)];
				let shown = byzantine.saturating_sub(hidden);
				ballots.extend(self.provider.byzantine_ballots(Conduct::Wrong, shown));
				ballots.extend(self.provider.byzantine_ballots(Conduct::Silent, hidden));
				best = best.max(self.value(dispute.round(&ballots), drawn.with(round), known));
			}
			values.push((chance, best));
		}
		let value = best_seed(&values, self.slots_share);
		known.insert(key, value);
		value
	}
}

/// A bound on a wrong verdict whatever the byzantine seats say, keep silent about, and when: the probability that in the
/// order in which seats are drawn they are ever a margin ahead, as far as drawing may go. At the end of a round that
/// they win, they are.
pub fn any_conduct(rules: Rules, seats: Seats) -> f64 {
	let most = rules.cap_seats.saturating_add(rules.redraw_seats).min(seats.all());
	let (mut byzantine, mut won) = (vec![1.0], 0.0);
	for drawn in 0..most {
		byzantine = seats.draw_one_more(&byzantine, drawn);
		let heard = drawn.saturating_add(1);
		for (count, probability) in (0u32..).zip(byzantine.iter_mut()) {
			let honest = heard.saturating_sub(count);
			if count >= honest.saturating_add(rules.margin_seats) {
				won += std::mem::take(probability);
			}
		}
	}
	won
}

/// The probability that wrong leaves are detected although the adversary also makes the two seeds of an audit: the one
/// that draws leaves and their auditors, and the later one that draws second auditors.
///
/// `None` where that would take minutes.
pub fn rerolled_detection(audit: &AuditShape, share: f64) -> Option<f64> {
	// Which of the leaves are wrong and which are drawn may change places.
	let (few, many) = (audit.wrong.min(audit.drawn), audit.wrong.max(audit.drawn));
	if few > 10_000 {
		return None;
	}
	let leaves = Seats { honest: audit.leaves.saturating_sub(many), byzantine: many };
	let mut values = vec![(1.0 - audit.probability, 1.0)];
	for (wrong, chance) in (0..).zip(leaves.draw(few)) {
		let unseen = (1.0 - audit.doubled * (1.0 - audit.dishonest)).powi(wrong);
		let passed = best_seed(&[(unseen, 1.0), (1.0 - unseen, 0.0)], share);
		let all_dishonest = audit.dishonest.powi(wrong);
		values.push((audit.probability * chance * all_dishonest, passed));
		values.push((audit.probability * chance * (1.0 - all_dishonest), 0.0));
	}
	Some(1.0 - best_seed(&values, share))
}

/// An audit in plain numbers.
#[derive(Clone, Copy, Debug)]
pub struct AuditShape {
	pub leaves: u32,
	pub drawn: u32,
	pub wrong: u32,
	pub probability: f64,
	pub doubled: f64,
	pub dishonest: f64,
}
