//! Auctions: other prices and times than the true ones, leaving, second names, bids that are kept back.

use super::{percent, Market, Row, Rules, Search};
use anyhow::{Context, Result};
use ogpu_protocol::{
	auction::{offer_of_the_rest, Award, Bid, Standing, Terms},
	random::CERTAIN_BILLIONTHS,
	slashing::{pin, unrevealed_bid, Escrow, Pay},
	time::BlockNumber,
	token::{Balance, OGPU},
};

const CEILING: Balance = 100 * OGPU;
const LONGEST: BlockNumber = 3_000;

/// A price, and the time that it comes with.
#[derive(Clone, Copy, PartialEq)]
struct Offer {
	price: Balance,
	blocks: BlockNumber,
}

impl Offer {
	fn words(&self) -> String {
		format!("{} in {} blocks", percent(self.price as f64 / CEILING as f64), self.blocks)
	}
}

/// Fifths of the ceiling, and thirds of the longest time.
fn offers() -> impl Iterator<Item = Offer> + Clone {
	let prices = (0..=5u128).map(|fifths| fifths.saturating_mul(CEILING / 5));
	prices.flat_map(|price| times().map(move |blocks| Offer { price, blocks }))
}

fn times() -> impl Iterator<Item = BlockNumber> + Clone {
	(0..=LONGEST).step_by(1_000)
}

/// My first name, whose lot lies between those of rivals. The next ones follow.
const FIRST: u8 = 100;

/// What the winner does with the work.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Plan {
	Finish,
	LeaveHalfway,
	LeaveAtOnce,
}

const PLANS: [Plan; 3] = [Plan::Finish, Plan::LeaveHalfway, Plan::LeaveAtOnce];

impl Plan {
	/// How many halves of the work it does.
	fn halves(self) -> u8 {
		match self {
			Self::Finish => 2,
			Self::LeaveHalfway => 1,
			Self::LeaveAtOnce => 0,
		}
	}

	fn words(self) -> &'static str {
		match self {
			Self::Finish => "",
			Self::LeaveHalfway => ", and leaves halfway",
			Self::LeaveAtOnce => ", and leaves at once",
		}
	}
}

/// What one of my bids has won.
struct Won {
	award: Award,
	eta_blocks: BlockNumber,
	/// The runner-up, if it is me as well.
	next: Option<Bid<u8>>,
}

struct Paid {
	pay: f64,
	/// How much of the work was done for it.
	done: f64,
}

impl Paid {
	/// Less what it cost: all of the work as much as the true price pays.
	fn less(&self, truth: Offer, rules: &Rules) -> f64 {
		self.pay - self.done * Pay::of(truth.price, &rules.slashing).provider as f64 / CEILING as f64
	}
}

/// An auction before I bid.
#[derive(Clone)]
struct Auction<'a> {
	rules: &'a Rules,
	terms: Terms,
	rivals: Vec<Bid<u8>>,
	reputation_billionths: u32,
	usual_price: Option<Balance>,
}

impl Auction<'_> {
	fn words(&self, truth: Offer) -> String {
		let rivals: Vec<_> =
			self.rivals.iter().map(|bid| Offer { price: bid.price, blocks: bid.eta_blocks }.words()).collect();
		let rivals = if rivals.is_empty() { "nobody".into() } else { rivals.join(" and ") };
		let usual = self
			.usual_price
			.map_or(String::new(), |price| format!(", usually {}", percent(price as f64 / CEILING as f64)));
		let speed = f64::from(self.terms.speed_billionths) / f64::from(CERTAIN_BILLIONTHS);
		format!("its work is worth {}, against {rivals}{usual}, and speed counts {}", truth.words(), percent(speed))
	}

	fn bid(&self, bidder: u8, offer: Offer) -> Bid<u8> {
		let reputation_billionths = self.reputation_billionths;
		Bid { bidder, price: offer.price, eta_blocks: offer.blocks, reputation_billionths, tie: [bidder; 32] }
	}

	fn standing(&self, mine: &[Bid<u8>]) -> Standing<u8> {
		let mut standing = Standing::default();
		for bid in self.rivals.iter().chain(mine) {
			standing.rank(*bid, &self.terms);
		}
		standing
	}

	/// What these bids win, if they do.
	fn won(&self, mine: &[Offer]) -> Option<Won> {
		let bids: Vec<_> = (FIRST..).zip(mine).map(|(bidder, offer)| self.bid(bidder, *offer)).collect();
		let standing = self.standing(&bids);
		let is_mine = |bid: &Bid<u8>| bid.bidder >= FIRST;
		let winner = standing.winner.filter(is_mine)?;
		let award = standing.award(&self.terms, self.usual_price)?;
		Some(Won { award, eta_blocks: winner.eta_blocks, next: standing.runner_up.filter(is_mine) })
	}

	/// What is paid for work that takes so long, as a share of the ceiling, and how much of it is done.
	fn paid(&self, won: &Option<Won>, taken: BlockNumber, plan: Plan) -> Result<Paid> {
		let Some(won) = won else { return Ok(Paid { pay: 0.0, done: 0.0 }) };
		let (mut pay, held) = self.work(&won.award, won.eta_blocks, taken, plan).context(OVERFLOW)?;
		let mut halves = plan.halves();
		if let Some(next) = won.next.filter(|_| halves < 2) {
			pay += self.rest(next, held, taken, 2u8.saturating_sub(halves)).context(OVERFLOW)?;
			halves = 2;
		}
		Ok(Paid { pay: pay / CEILING as f64, done: f64::from(halves) / 2.0 })
	}

	/// Who bids the truth.
	fn honest(&self, truth: Offer) -> Result<f64> {
		Ok(self.paid(&self.won(&[truth]), truth.blocks, Plan::Finish)?.less(truth, self.rules))
	}

	/// What the winner is paid and loses, and what is still held for the work. There is a milestone halfway.
	fn work(&self, award: &Award, eta: BlockNumber, taken: BlockNumber, plan: Plan) -> Option<(f64, Balance)> {
		let rules = &self.rules.slashing;
		let bond = pin(0, 0, award.fee, 0, rules);
		let mut job = Escrow { held: CEILING, fee: award.fee, released: 0, bond };
		let mut pay = 0.0;
		if plan != Plan::LeaveAtOnce {
			let on_course = award.fee_on_course(&self.terms, eta, taken / 2, 1, 2);
			let release = job.milestone(1, 2, on_course, rules)?;
			pay += release.to.provider as f64;
			job.held = job.held.saturating_sub(release.from_held);
			job.released = release.from_held;
		}
		if plan != Plan::Finish {
			return Some((pay - job.abandoned(rules).taken as f64, job.held));
		}
		let is_late = taken > eta;
		let end = if is_late {
			job.finished_late(award.fee_when_late(&self.terms, taken), rules)
		} else {
			job.finished(rules)
		};
		Some((pay + end.to.provider as f64 - end.from_bond as f64, 0))
	}

	/// What a runner-up is paid for the halves that are left. It is held to its own promise, as if it had won alone.
	fn rest(&self, next: Bid<u8>, held: Balance, taken: BlockNumber, halves: u8) -> Option<f64> {
		let own = Standing { winner: Some(next), runner_up: None }.award(&self.terms, None)?;
		let part = |price| offer_of_the_rest(price, halves.into(), 2, held);
		let fee = part(own.fee)?;
		let rules = &self.rules.slashing;
		let job = Escrow { held, fee, released: 0, bond: pin(0, 0, fee, 0, rules) };
		let is_late = taken > next.eta_blocks;
		let end = if is_late {
			job.finished_late(part(own.fee_when_late(&self.terms, taken))?, rules)
		} else {
			job.finished(rules)
		};
		Some(end.to.provider as f64 - end.from_bond as f64)
	}

	/// What a bid that is kept back costs, as a share of the ceiling.
	fn kept_back(&self) -> f64 {
		unrevealed_bid(CEILING, CEILING, &self.rules.slashing).taken as f64 / CEILING as f64
	}
}

/// All rivals of the grid: one, with a better or a worse lot than mine, or two.
fn rivals() -> Vec<Vec<Bid<u8>>> {
	let rival = |bidder: u8, lot: u8, offer: Offer| Bid {
		bidder,
		price: offer.price,
		eta_blocks: offer.blocks,
		reputation_billionths: CERTAIN_BILLIONTHS,
		tie: [lot; 32],
	};
	let single = offers().flat_map(|offer| [0, u8::MAX].map(|lot| vec![rival(1, lot, offer)]));
	let pairs = offers().enumerate().flat_map(|(place, one)| {
		offers().skip(place).map(move |other| vec![rival(1, 0, one), rival(2, u8::MAX, other)])
	});
	single.chain(pairs).collect()
}

/// What speed counts for.
const SPEEDS: [u32; 3] = [0, CERTAIN_BILLIONTHS / 2, CERTAIN_BILLIONTHS / 10 * 9];

fn terms(rules: &Rules) -> Result<Vec<Terms>> {
	let terms = |speed| Terms::new(CEILING, LONGEST, speed, &rules.auction).context("the terms are refused");
	SPEEDS.into_iter().map(terms).collect()
}

pub fn search(rules: &Rules) -> Result<Vec<Row>> {
	let kind = |deviation| Search::of(Market::Auction, deviation, "the ceiling");
	let mut lie = kind("another price or another time, or leaving the work");
	let mut option = kind("sealing two bids and revealing the one that suits");
	let mut names = kind("a second name, which may take over from the first");
	let mut late = kind("leaving what has become late");
	let mut alone = kind("asking for more where nobody else bids")
		.known("the ceiling is the client's protection where it expects few bids");
	let mut double = kind("a second name where nobody else bids")
		.known("the ceiling is the client's protection where it expects few bids");
	let mut bribe = kind("bribing a rival to keep its bid back")
		.known("the winner is still never paid more than the ceiling, and the rival loses a tenth of it");

	for terms in terms(rules)? {
		for reputation_billionths in [0, CERTAIN_BILLIONTHS] {
			let empty = Auction { rules, terms, rivals: Vec::new(), reputation_billionths, usual_price: None };
			for rivals in rivals() {
				let auction = Auction { rivals, ..empty.clone() };
				against_rivals(&auction, [&mut lie, &mut option, &mut bribe])?;
				if let [_] = auction.rivals.as_slice() {
					with_two_names(&auction, &mut names)?;
				}
			}
			becoming_late(&empty, &mut late)?;
			for usual_price in [None, Some(CEILING / 5 * 2), Some(CEILING / 5 * 4)] {
				let auction = Auction { usual_price, ..empty.clone() };
				with_nobody(&auction, &mut alone)?;
				with_two_names(&auction, &mut double)?;
			}
		}
	}
	Ok([lie, option, names, late, alone, double, bribe].map(Search::finish).into())
}

const OVERFLOW: &str = "sums overflow";

/// Tries these bids with each plan, whatever the truth. It comes with what honest play earns.
fn try_bids(
	auction: &Auction,
	honest: &[(Offer, f64)],
	mine: &[Offer],
	plans: &[Plan],
	mut play: impl FnMut(Offer, f64, f64, Plan),
) -> Result<()> {
	let won = auction.won(mine);
	for taken in times() {
		for plan in plans {
			let paid = auction.paid(&won, taken, *plan)?;
			for (truth, honest) in honest.iter().filter(|(truth, _)| truth.blocks == taken) {
				let is_honest = *plan == Plan::Finish && mine == [*truth];
				if !is_honest {
					play(*truth, *honest, paid.less(*truth, auction.rules), *plan);
				}
			}
		}
	}
	Ok(())
}

fn honest(auction: &Auction) -> Result<Vec<(Offer, f64)>> {
	offers().map(|truth| Ok((truth, auction.honest(truth)?))).collect()
}

fn against_rivals(auction: &Auction, [lie, option, bribe]: [&mut Search; 3]) -> Result<()> {
	let honest = honest(auction)?;
	honest.iter().for_each(|_| {
		lie.environment();
		option.environment();
	});
	let kept_back = auction.kept_back();
	for offer in offers() {
		try_bids(auction, &honest, &[offer], &PLANS, |truth, honest, earned, plan| {
			let words = || [format!("bids {}{}", offer.words(), plan.words()), auction.words(truth)];
			lie.play(honest, earned, words);
			option.play(honest, earned - kept_back, words);
		})?;
	}
	// With the best rival gone.
	let best = auction.standing(&[]).winner.map(|best| best.bidder);
	let rivals: Vec<_> = auction.rivals.iter().copied().filter(|bid| Some(bid.bidder) != best).collect();
	if rivals.is_empty() {
		return Ok(());
	}
	let without = Auction { rivals, ..auction.clone() };
	for (truth, honest) in honest.into_iter().filter(|(_, honest)| *honest > 0.0) {
		bribe.environment();
		bribe.play(honest, without.honest(truth)? - kept_back, || {
			["the best rival does not reveal".into(), auction.words(truth)]
		});
	}
	Ok(())
}

fn with_two_names(auction: &Auction, search: &mut Search) -> Result<()> {
	let honest = honest(auction)?;
	honest.iter().for_each(|_| search.environment());
	for first in offers().step_by(2) {
		for second in offers() {
			let plans = [Plan::Finish, Plan::LeaveAtOnce];
			try_bids(auction, &honest, &[first, second], &plans, |truth, honest, earned, plan| {
				search.play(honest, earned, || {
					let [first, second] = [first, second].map(|offer| offer.words());
					[format!("bids {first} and {second}{}", plan.words()), auction.words(truth)]
				});
			})?;
		}
	}
	Ok(())
}

fn with_nobody(auction: &Auction, search: &mut Search) -> Result<()> {
	let honest = honest(auction)?;
	honest.iter().for_each(|_| search.environment());
	for offer in offers() {
		try_bids(auction, &honest, &[offer], &[Plan::Finish], |truth, honest, earned, _| {
			search.play(honest, earned, || [format!("bids {}", offer.words()), auction.words(truth)]);
		})?;
	}
	Ok(())
}

/// A winner whose work is done, but too late: whether it delivers.
fn becoming_late(auction: &Auction, search: &mut Search) -> Result<()> {
	for (promised, taken) in offers().flat_map(|promised| {
		offers()
			.filter(move |later| later.price == promised.price && later.blocks > promised.blocks)
			.map(move |later| (promised, later.blocks))
	}) {
		let award = auction.standing(&[auction.bid(FIRST, promised)]).award(&auction.terms, None).context(OVERFLOW)?;
		let paid = |plan| -> Result<f64> {
			let (pay, _) = auction.work(&award, promised.blocks, taken, plan).context(OVERFLOW)?;
			Ok(pay / CEILING as f64)
		};
		let delivered = paid(Plan::Finish)?;
		search.environment();
		for plan in [Plan::LeaveHalfway, Plan::LeaveAtOnce] {
			search.play(delivered, paid(plan)?, || {
				let environment = format!("it promised {}, needed {taken}, and has borne the cost", promised.words());
				[plan.words().trim_start_matches(", and ").into(), environment]
			});
		}
	}
	Ok(())
}
