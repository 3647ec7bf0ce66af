//! Selling a job: sealed bids, one winner, a price that the winner's own bid does not decide.
//!
//! The score adds what a bid costs the client, price and time, each as a share of the most that the client accepts, and
//! is worse for bidders without a name. The winner is paid the highest price with which it would still have won. So the
//! price that a bidder names decides only whether it wins: naming less than its cost wins jobs that lose money, naming
//! more loses jobs that make some. The promised time is bound in the same way by what lateness costs, see
//! [`Award::fee_when_late`].

use crate::{
	commitment::{Domain, Value},
	cost::{Work, GIGA},
	math::{mul_div_up, share},
	merkle::Hash,
	random::CERTAIN_BILLIONTHS,
	time::{BlockNumber, DAYS},
	token::Balance,
};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use primitive_types::U256;
use scale_info::TypeInfo;

/// How auctions are scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuctionParameters {
	/// The most that a client may weigh speed. Default: 0.9. Where price counted for nothing, second price would be
	/// without bound.
	pub most_speed_billionths: u32,
	/// By how much a bidder without any reputation scores worse than one with all of it. Default: 0.1. It must stay
	/// small: whoever deals with itself can buy a name for what is burned and what checking costs.
	pub handicap_billionths: u32,
	/// Sales older than this no longer count for the usual price. Default: 30 days.
	pub window_blocks: BlockNumber,
}

impl Default for AuctionParameters {
	fn default() -> Self {
		Self { most_speed_billionths: 900_000_000, handicap_billionths: 100_000_000, window_blocks: 30 * DAYS }
	}
}

impl AuctionParameters {
	/// Whether the parameters make sense together.
	pub fn is_sound(&self) -> bool {
		self.most_speed_billionths < CERTAIN_BILLIONTHS
			&& self.handicap_billionths <= CERTAIN_BILLIONTHS
			&& self.window_blocks > 0
	}
}

/// What a bidder seals: the value of its commitment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
	pub price: Balance,
	/// How long the work takes, from the award to the result.
	pub eta_blocks: BlockNumber,
	/// The worker key of the device that will do it.
	pub device: Hash,
}

impl Value for Offer {
	const DOMAIN: Domain = *b"ogpu/auction-bid";

	fn bytes(&self) -> Vec<u8> {
		[self.price.to_le_bytes().as_slice(), &self.eta_blocks.to_le_bytes(), &self.device].concat()
	}
}

const TIE: Domain = *b"ogpu/auction-tie";

/// What decides between equal scores, the lower the better. The seed must come after the last bid was sealed, or
/// bidders try accounts until one wins; and before the first is revealed, so that each reveal can be ranked at once.
pub fn tie(hash: impl Fn(&[u8]) -> Hash, seed: &Hash, operator: &Hash) -> Hash {
	hash(&[TIE.as_slice(), seed, operator].concat())
}

/// How good a bid is for the client, in parts of 10⁻¹⁸; the lower the better. One half is all of the ceiling for no
/// time at all, if the client weighs both alike.
pub type Score = u64;

/// What the client asks for, with the rules as they were when it asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Terms {
	/// The most that the client pays.
	pub ceiling: Balance,
	/// The most that it waits.
	pub longest_blocks: BlockNumber,
	/// What speed counts for; the price counts for the rest.
	pub speed_billionths: u32,
	/// See [`AuctionParameters::handicap_billionths`].
	pub handicap_billionths: u32,
}

/// A revealed bid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Bid<Bidder> {
	pub bidder: Bidder,
	pub price: Balance,
	pub eta_blocks: BlockNumber,
	/// The bidder's score when bids were sealed, so that nothing done afterwards changes the result.
	pub reputation_billionths: u32,
	/// From [`tie`].
	pub tie: Hash,
}

impl Terms {
	/// `None` if there is nothing to pay or no time, or if speed counts for more than is allowed.
	pub fn new(
		ceiling: Balance,
		longest_blocks: BlockNumber,
		speed_billionths: u32,
		parameters: &AuctionParameters,
	) -> Option<Self> {
		let most_speed = parameters.most_speed_billionths.min(CERTAIN_BILLIONTHS.saturating_sub(1));
		let is_sound = ceiling > 0 && longest_blocks > 0 && speed_billionths <= most_speed;
		let handicap_billionths = parameters.handicap_billionths;
		is_sound.then_some(Self { ceiling, longest_blocks, speed_billionths, handicap_billionths })
	}

	/// The score, `None` for a bid above the ceiling or beyond the deadline.
	pub fn score<Bidder>(&self, bid: &Bid<Bidder>) -> Option<Score> {
		if bid.price > self.ceiling {
			return None;
		}
		let cost = self.price_part(bid.price)?.checked_add(self.time_part(bid.eta_blocks)?)?;
		cost.checked_mul(self.factor(bid.reputation_billionths))?.checked_div(self.unit()?)?.try_into().ok()
	}

	/// The highest price, not above the ceiling, with which a bidder that takes so long scores no worse than the bar.
	/// `None` if not even work for nothing would.
	fn price_at(&self, bar: Bar, taken_blocks: BlockNumber, reputation_billionths: u32) -> Option<Balance> {
		let score = if bar.must_beat { bar.score.checked_sub(1)? } else { bar.score };
		// The score is rounded down, so the highest cost with it lies just below the next score's.
		let above = U256::from(score).checked_add(U256::one())?.checked_mul(self.unit()?)?;
		let cost = above.checked_sub(U256::one())?.checked_div(self.factor(reputation_billionths))?;
		let price = cost.checked_sub(self.time_part(taken_blocks)?)?.checked_div(self.price_weight()?)?;
		Some(Balance::try_from(price).unwrap_or(Balance::MAX).min(self.ceiling))
	}

	// Price and time are brought to one denominator, ceiling × longest, so that nothing is rounded before the end. With
	// the weights (30 bits) and the factor (31 bits) the products stay within 221 bits.

	fn price_part(&self, price: Balance) -> Option<U256> {
		self.price_weight()?.checked_mul(price.into())
	}

	fn price_weight(&self) -> Option<U256> {
		U256::from(CERTAIN_BILLIONTHS.saturating_sub(self.speed_billionths)).checked_mul(self.longest_blocks.into())
	}

	fn time_part(&self, blocks: BlockNumber) -> Option<U256> {
		let weight = U256::from(self.speed_billionths).checked_mul(blocks.into())?;
		(blocks <= self.longest_blocks).then_some(weight)?.checked_mul(self.ceiling.into())
	}

	fn unit(&self) -> Option<U256> {
		U256::from(self.ceiling).checked_mul(self.longest_blocks.into())
	}

	/// A billion for a bidder with all the reputation there is, more for others.
	fn factor(&self, reputation_billionths: u32) -> U256 {
		let missing = CERTAIN_BILLIONTHS.saturating_sub(reputation_billionths);
		let handicap = share(self.handicap_billionths.min(CERTAIN_BILLIONTHS).into(), missing);
		U256::from(u128::from(CERTAIN_BILLIONTHS).saturating_add(handicap))
	}
}

/// What the winner had to reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Bar {
	pub score: Score,
	/// An equal score would have lost the tie.
	pub must_beat: bool,
}

/// The two best bids of an auction so far. Whatever the order of the reveals, the end is the same; so each costs the
/// chain as little as the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing<Bidder> {
	pub winner: Option<Bid<Bidder>>,
	/// Who sets the price, and is offered the work if the winner fails.
	pub runner_up: Option<Bid<Bidder>>,
}

impl<Bidder> Default for Standing<Bidder> {
	fn default() -> Self {
		Self { winner: None, runner_up: None }
	}
}

/// Who gets the job, and for how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Award {
	/// What is paid for a result in time.
	pub fee: Balance,
	pub bar: Bar,
	/// The winner's, when bids were sealed.
	pub reputation_billionths: u32,
}

impl<Bidder> Standing<Bidder> {
	/// Ranks one more revealed bid; one of each operator, which the caller sees to. Gives back who is out of the
	/// running, and the bid itself if the terms do not admit it.
	pub fn rank(&mut self, bid: Bid<Bidder>, terms: &Terms) -> Option<Bid<Bidder>> {
		let Some(rank) = Self::rank_of(&bid, terms) else { return Some(bid) };
		let is_behind = |other: &Option<Bid<Bidder>>| {
			other.as_ref().and_then(|other| Self::rank_of(other, terms)).is_some_and(|other| other <= rank)
		};
		if is_behind(&self.runner_up) {
			return Some(bid);
		}
		let second = if is_behind(&self.winner) { Some(bid) } else { self.winner.replace(bid) };
		core::mem::replace(&mut self.runner_up, second)
	}

	fn rank_of(bid: &Bid<Bidder>, terms: &Terms) -> Option<(Score, Hash)> {
		Some((terms.score(bid)?, bid.tie))
	}

	/// What the winner is paid: the highest price with which it would have won against the runner-up. If it is alone,
	/// the usual price of such work, unless its bid is higher. Never above the ceiling, never below its bid. `None`
	/// without bids.
	pub fn award(&self, terms: &Terms, usual_price: Option<Balance>) -> Option<Award> {
		let winner = self.winner.as_ref()?;
		let reputation_billionths = winner.reputation_billionths;
		let (fee, bar) = if let Some(runner_up) = &self.runner_up {
			let bar = Bar { score: terms.score(runner_up)?, must_beat: runner_up.tie < winner.tie };
			(terms.price_at(bar, winner.eta_blocks, reputation_billionths)?, bar)
		} else {
			let fee = usual_price.unwrap_or(0).max(winner.price).min(terms.ceiling);
			let paid =
				Bid { bidder: (), price: fee, tie: winner.tie, eta_blocks: winner.eta_blocks, reputation_billionths };
			(fee, Bar { score: terms.score(&paid)?, must_beat: false })
		};
		Some(Award { fee, bar, reputation_billionths })
	}
}

impl Award {
	/// The fee for a result after so many blocks: what it would have been, had the winner promised this time. Never
	/// more than the fee, nothing where the promise was needed to win at all. With the penalty that comes on top, a
	/// promise that one cannot keep earns less than the truth.
	pub fn fee_when_late(&self, terms: &Terms, taken_blocks: BlockNumber) -> Balance {
		terms.price_at(self.bar, taken_blocks, self.reputation_billionths).unwrap_or(0).min(self.fee)
	}

	/// The fee for a result that comes at the pace so far: `verified` of `total` work after so many blocks, of
	/// `eta_blocks` that were promised for all.
	pub fn fee_on_course(
		&self,
		terms: &Terms,
		eta_blocks: BlockNumber,
		elapsed_blocks: BlockNumber,
		verified: Work,
		total: Work,
	) -> Balance {
		let expected_blocks = mul_div_up(elapsed_blocks.into(), total, verified)
			.and_then(|blocks| BlockNumber::try_from(blocks).ok())
			.unwrap_or(BlockNumber::MAX);
		if expected_blocks <= eta_blocks {
			self.fee
		} else {
			self.fee_when_late(terms, expected_blocks)
		}
	}
}

/// What a runner-up is offered for the work that is left: its own bid in proportion, and no more than is left to spend.
/// `None` if there was no work.
pub fn offer_of_the_rest(bid: Balance, left: Work, total: Work, left_to_spend: Balance) -> Option<Balance> {
	Some(mul_div_up(bid, left.min(total), total)?.min(left_to_spend))
}

/// The most sales that are remembered for the usual price.
pub const MOST_SALES: usize = 32;

/// A settled auction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Sold {
	pub settled: BlockNumber,
	/// For a billion multiply-adds.
	pub giga_price: Balance,
	pub work: Work,
}

/// The recent sales of one kind of work, from which the usual price follows: the median by work.
///
/// By work and not by number, so that moving it takes more verified work than all the others did, and not some tasks of
/// dust. When there is no room, the lightest sale goes, so that dust cannot push out what counts. Note what was really
/// computed: a ceiling that was declared and not reached is no work.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RecentSales(Vec<Sold>);

impl RecentSales {
	/// As it was kept: what exceeds the bound is left out.
	pub fn resume(sales: impl IntoIterator<Item = Sold>) -> Self {
		Self(sales.into_iter().take(MOST_SALES).collect())
	}

	/// In the order in which they were settled.
	pub fn sales(&self) -> &[Sold] {
		&self.0
	}

	/// Notes a sale in which two bids or more met. A lone winner's fee must not be noted: it would set its own price
	/// the next time.
	pub fn note(&mut self, now: BlockNumber, fee: Balance, work: Work, parameters: &AuctionParameters) {
		let Some(giga_price) = mul_div_up(fee, GIGA, work) else { return };
		self.0.retain(|sale| is_recent(sale, now, parameters));
		self.0.push(Sold { settled: now, giga_price, work });
		if self.0.len() > MOST_SALES {
			let lightest = self.0.iter().enumerate().min_by_key(|(_, sale)| sale.work).map(|(place, _)| place);
			if let Some(place) = lightest {
				self.0.remove(place);
			}
		}
	}

	/// The usual price of this much work: half of all recent work was sold at no more. `None` if nothing was sold.
	pub fn usual_price(&self, now: BlockNumber, work: Work, parameters: &AuctionParameters) -> Option<Balance> {
		let mut sales: Vec<&Sold> = self.0.iter().filter(|sale| is_recent(sale, now, parameters)).collect();
		sales.sort_unstable_by_key(|sale| sale.giga_price);
		let total = sales.iter().fold(U256::zero(), |sum, sale| sum.saturating_add(sale.work.into()));
		let mut sold = U256::zero();
		let median = sales.iter().find(|sale| {
			sold = sold.saturating_add(sale.work.into());
			sold >= total.saturating_sub(sold)
		})?;
		mul_div_up(median.giga_price, work, GIGA)
	}
}

fn is_recent(sale: &Sold, now: BlockNumber, parameters: &AuctionParameters) -> bool {
	now.saturating_sub(sale.settled) <= parameters.window_blocks
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{
		cost::{burned, BURNED_BILLIONTHS},
		slashing::{Escrow, Pay, SlashingParameters},
	};
	use proptest::prelude::*;
	use sha3::{Digest, Keccak256};

	fn keccak(bytes: &[u8]) -> Hash {
		Keccak256::digest(bytes).into()
	}

	fn terms(ceiling: Balance, longest_blocks: BlockNumber, speed_billionths: u32) -> Terms {
		Terms::new(ceiling, longest_blocks, speed_billionths, &AuctionParameters::default()).unwrap()
	}

	fn bid(bidder: u8, price: Balance, eta_blocks: BlockNumber) -> Bid<u8> {
		Bid { bidder, price, eta_blocks, reputation_billionths: CERTAIN_BILLIONTHS, tie: [bidder; 32] }
	}

	fn standing(terms: &Terms, bids: impl IntoIterator<Item = Bid<u8>>) -> Standing<u8> {
		let mut standing = Standing::default();
		for bid in bids {
			standing.rank(bid, terms);
		}
		standing
	}

	#[test]
	fn the_cheapest_of_three_is_paid_what_the_second_asked() {
		let terms = terms(100, 1_000, 0);
		let standing = standing(&terms, [bid(1, 70, 10), bid(2, 40, 900), bid(3, 55, 10)]);
		assert_eq!(standing.winner.unwrap().bidder, 2);
		assert_eq!(standing.runner_up.unwrap().bidder, 3);
		assert_eq!(standing.award(&terms, Some(1)).unwrap().fee, 55);
	}

	#[test]
	fn whoever_is_faster_may_be_dearer_as_far_as_the_client_said() {
		// A fifth of the longest time is worth a fifth of the ceiling.
		let terms = terms(100, 1_000, CERTAIN_BILLIONTHS / 2);
		let standing = standing(&terms, [bid(1, 60, 200), bid(2, 50, 400)]);
		assert_eq!(standing.winner.unwrap().bidder, 1);
		assert_eq!(standing.award(&terms, None).unwrap().fee, 70, "a tie, and the winner has the better lot");
		let unlucky = Bid { tie: [3; 32], ..bid(1, 60, 200) };
		let standing = self::standing(&terms, [unlucky, bid(2, 50, 400)]);
		assert_eq!(standing.award(&terms, None).unwrap().fee, 69, "70 would tie, and lose by lot");
	}

	#[test]
	fn a_lone_bidder_gets_the_usual_price_unless_it_asks_for_more() {
		let terms = terms(100, 1_000, 0);
		let fee = |price, usual| standing(&terms, [bid(1, price, 10)]).award(&terms, usual).unwrap().fee;
		assert_eq!(fee(20, Some(30)), 30);
		assert_eq!(fee(50, Some(30)), 50);
		assert_eq!(fee(50, Some(1_000)), 100, "never above the ceiling");
		assert_eq!(fee(50, None), 50, "nothing was sold lately");
		assert_eq!(Standing::<u8>::default().award(&terms, Some(30)), None);
	}

	#[test]
	fn equal_bids_are_told_apart_by_lot_and_not_by_who_came_first() {
		let seed = [7; 32];
		let lot = |operator: u8| tie(keccak, &seed, &[operator; 32]);
		let lucky = if lot(1) < lot(2) { 1 } else { 2 };
		let terms = terms(100, 1_000, CERTAIN_BILLIONTHS / 3);
		let [one, two] = [1, 2].map(|bidder| Bid { tie: lot(bidder), ..bid(bidder, 50, 500) });
		for bids in [[one, two], [two, one]] {
			let standing = standing(&terms, bids);
			assert_eq!(standing.winner.unwrap().bidder, lucky);
			assert_eq!(standing.award(&terms, None).unwrap().fee, 50);
		}
		assert_ne!(lot(1), tie(keccak, &[8; 32], &[1; 32]), "another auction, another lot");
	}

	#[test]
	fn a_bid_above_the_ceiling_or_beyond_the_deadline_is_no_bid() {
		let terms = terms(100, 1_000, 0);
		let mut standing = Standing::default();
		for refused in [bid(1, 101, 10), bid(1, 10, 1_001)] {
			assert_eq!(standing.rank(refused, &terms), Some(refused));
		}
		assert_eq!(standing, Standing::default());
		assert_eq!(Terms::new(0, 10, 0, &AuctionParameters::default()), None);
		assert_eq!(Terms::new(10, 0, 0, &AuctionParameters::default()), None);
		assert_eq!(Terms::new(10, 10, CERTAIN_BILLIONTHS, &AuctionParameters::default()), None, "price must count");
	}

	#[test]
	fn a_stranger_must_be_a_tenth_better_than_a_name() {
		let terms = terms(1_000, 1_000, 0);
		let known = bid(1, 500, 10);
		let stranger = |price| Bid { reputation_billionths: 0, ..bid(2, price, 10) };
		assert_eq!(standing(&terms, [known, stranger(460)]).winner.unwrap().bidder, 1);
		let standing = standing(&terms, [known, stranger(450)]);
		assert_eq!(standing.winner.unwrap().bidder, 2);
		assert_eq!(standing.award(&terms, None).unwrap().fee, 454, "500 of a name are 454 of a stranger");
	}

	#[test]
	fn the_usual_price_is_the_median_by_work() {
		let usual = |sold: &[(u128, u128)]| {
			let mut sales = RecentSales::default();
			for (price, work) in sold {
				sales.note(1, price * work, work * GIGA, &AuctionParameters::default());
			}
			sales.usual_price(1, 10 * GIGA, &AuctionParameters::default())
		};
		assert_eq!(usual(&[]), None);
		assert_eq!(usual(&[(30, 1), (10, 1), (20, 1)]), Some(200));
		assert_eq!(usual(&[(10, 1), (20, 1), (30, 3)]), Some(300), "most of the work was sold for 30");
		assert_eq!(usual(&[(10, 2), (30, 2)]), Some(100), "half of the work at no more");
	}

	#[test]
	fn a_winner_that_falls_behind_sees_its_fee_shrink_before_the_end() {
		let terms = terms(100, 1_000, CERTAIN_BILLIONTHS / 2);
		let award = standing(&terms, [bid(1, 40, 200), bid(2, 50, 400)]).award(&terms, None).unwrap();
		assert_eq!(award.fee, 70);
		assert_eq!(award.fee_on_course(&terms, 200, 100, 50, 100), 70, "half of the work in half of the time");
		assert_eq!(award.fee_on_course(&terms, 200, 150, 50, 100), 60, "300 blocks instead of 200");
		assert_eq!(award.fee_on_course(&terms, 200, 200, 50, 100), award.fee_when_late(&terms, 400));
		assert_eq!(award.fee_on_course(&terms, 200, 10, 0, 100), 0, "nothing was verified");
	}

	#[test]
	fn what_is_sealed_is_all_that_was_offered() {
		let offer = Offer { price: 1, eta_blocks: 2, device: [3; 32] };
		for other in [Offer { price: 2, ..offer }, Offer { eta_blocks: 3, ..offer }, Offer { device: [4; 32], ..offer }]
		{
			assert_ne!(offer.bytes(), other.bytes());
		}
	}

	/// What a bidder gains that needs `cost` and `taken` blocks for the work, and says `price` and `eta`.
	fn gain(terms: &Terms, rivals: &[Bid<u8>], me: Bid<u8>, cost: Balance, taken: BlockNumber) -> i128 {
		let standing = standing(terms, rivals.iter().copied().chain([me]));
		if standing.winner.is_none_or(|winner| winner.bidder != me.bidder) {
			return 0;
		}
		let (award, rules) = (standing.award(terms, None).unwrap(), SlashingParameters::default());
		let job = Escrow { held: terms.ceiling, fee: award.fee, released: 0, bond: terms.ceiling };
		let end = if taken <= me.eta_blocks {
			job.finished(&rules)
		} else {
			job.finished_late(award.fee_when_late(terms, taken), &rules)
		};
		end.to.provider as i128 - end.from_bond as i128 - cost as i128
	}

	/// The least price that covers the cost after the burn.
	fn honest_price(cost: Balance) -> Balance {
		(cost..).find(|price| price - burned(*price, BURNED_BILLIONTHS) >= cost).unwrap()
	}

	/// Every client's weight, every rival, every cost and every lie of a small market: none pays.
	#[test]
	fn on_a_small_grid_no_lie_about_price_or_time_pays() {
		const MOST: Balance = 6;
		const LONGEST: BlockNumber = 4;
		for speed in [0, CERTAIN_BILLIONTHS / 4, CERTAIN_BILLIONTHS / 2, 900_000_000] {
			let terms = terms(MOST, LONGEST, speed);
			let offers = || (0..=MOST).flat_map(|price| (0..=LONGEST).map(move |eta| (price, eta)));
			for ((rival_price, rival_eta), rival_lot) in offers().flat_map(|offer| [(offer, 1), (offer, 3)]) {
				let rivals = [bid(rival_lot, rival_price, rival_eta)];
				for (cost, taken) in offers() {
					let truth = gain(&terms, &rivals, bid(2, honest_price(cost), taken), cost, taken);
					assert!(truth >= 0, "the truth never loses money");
					for (price, eta) in offers() {
						let lie = gain(&terms, &rivals, bid(2, price, eta), cost, taken);
						assert!(
							lie <= truth,
							"{cost} in {taken} as {price} in {eta} against {rivals:?}: {lie} > {truth}"
						);
					}
				}
			}
		}
	}

	#[test]
	fn the_document_tells_an_auction() {
		use crate::{
			cost::tests::{assert_documented, grouped, ogpu},
			token::OGPU,
		};
		use alloc::{format, string::ToString};
		let terms = terms(1_000 * OGPU, 10_000, 300_000_000);
		let known = |bidder, price, eta, reputation: u32| Bid {
			reputation_billionths: reputation * 10_000_000,
			..bid(bidder, price * OGPU, eta)
		};
		let bids = [known(1, 520, 4_000, 80), known(2, 480, 6_000, 0), known(3, 700, 2_000, 50)];
		assert_documented(bids.iter().map(|bid| {
			let name = ["Ada", "Bob", "Eve"][usize::from(bid.bidder) - 1];
			let score = terms.score(bid).unwrap() as f64 / 1e18;
			let reputation = bid.reputation_billionths / 10_000_000;
			format!(
				"| {name} | {} | {} | {reputation} % | {score:.4} |",
				ogpu(bid.price),
				grouped(&bid.eta_blocks.to_string())
			)
		}));
		let standing = standing(&terms, bids);
		let award = standing.award(&terms, None).unwrap();
		assert_eq!(standing.winner.unwrap().bidder, 1);
		let rules = SlashingParameters::default();
		let pay = Pay::of(award.fee, &rules);
		assert_documented([format!(
			"Ada wins, and is paid {} OGPU: {} for her, {} burned, {} back to the client.",
			ogpu(award.fee),
			ogpu(pay.provider),
			ogpu(pay.burned),
			ogpu(terms.ceiling - award.fee),
		)]);
		let job = Escrow { held: terms.ceiling, fee: award.fee, released: 0, bond: 200 * OGPU };
		assert_documented([4_000, 5_000, 6_000, 8_000].map(|taken| {
			let fee = award.fee_when_late(&terms, taken);
			let end = if taken <= 4_000 { job.finished(&rules) } else { job.finished_late(fee, &rules) };
			format!(
				"| {} | {} | {} | {} | {} |",
				grouped(&taken.to_string()),
				ogpu(fee),
				ogpu(end.to.provider),
				ogpu(end.to.client),
				ogpu(end.from_bond)
			)
		}));
	}

	fn many() -> impl Strategy<Value = Vec<Bid<u8>>> {
		let one = (0..=1_000_000u128, 0u32..=5_000, 0..=CERTAIN_BILLIONTHS);
		prop::collection::vec(one, 1..6).prop_map(|bids| {
			let number = |(index, (price, eta_blocks, reputation_billionths))| {
				let bidder = 2 * index as u8 + 1;
				Bid { reputation_billionths, ..bid(bidder, price, eta_blocks) }
			};
			bids.into_iter().enumerate().map(number).collect()
		})
	}

	proptest! {
		#[test]
		fn no_lie_about_price_or_time_pays(
			rivals in many(),
			speed in 0..=900_000_000u32,
			(lot, reputation_billionths) in (0u8..12, 0..=CERTAIN_BILLIONTHS),
			(cost, taken) in (0..=1_000_000u128, 0u32..=5_000),
			(price, eta) in (0..=1_000_000u128, 0u32..=5_000),
		) {
			let terms = terms(1_000_000, 5_000, speed);
			let me = |price, eta| Bid { tie: [lot; 32], reputation_billionths, ..bid(100, price, eta) };
			let truth = gain(&terms, &rivals, me(honest_price(cost), taken), cost, taken);
			prop_assert!(truth >= 0);
			prop_assert!(gain(&terms, &rivals, me(price, eta), cost, taken) <= truth);
		}

		/// With a rival, a second bid under another name only lowers what the first is paid.
		#[test]
		fn a_second_identity_gains_nothing_against_rivals(
			rivals in many(),
			speed in 0..=900_000_000u32,
			(cost, price, shill) in (0..=1_000_000u128, 0..=1_000_000u128, 0..=1_000_000u128),
		) {
			let terms = terms(1_000_000, 5_000, speed);
			let truth = gain(&terms, &rivals, bid(100, honest_price(cost), 100), cost, 100);
			let with = |me, other| gain(&terms, &[rivals.as_slice(), &[other]].concat(), me, cost, 100);
			let (first, second) = (bid(100, price, 100), bid(102, shill, 100));
			prop_assert!(with(first, second) + with(second, first) <= truth);
		}

		/// Without a rival it gains at most what bidding the ceiling would: the ceiling is the client's own protection.
		#[test]
		fn alone_nobody_gets_more_than_the_ceiling(
			price in 0..=1_000u128, shill in 0..=1_000u128, usual: Option<u128>,
		) {
			let terms = terms(1_000, 5_000, 0);
			let with_shill = standing(&terms, [bid(1, price, 1), bid(2, shill, 1)]);
			for standing in [with_shill, standing(&terms, [bid(1, price, 1)])] {
				prop_assert!(standing.award(&terms, usual).unwrap().fee <= 1_000);
			}
		}

		#[test]
		fn the_fee_is_the_highest_price_that_would_have_won(rivals in many(), speed in 0..=900_000_000u32) {
			let terms = terms(1_000_000, 5_000, speed);
			let before = standing(&terms, rivals.clone());
			let (winner, fee) = (before.winner.unwrap(), before.award(&terms, None).unwrap().fee);
			prop_assert!((winner.price..=terms.ceiling).contains(&fee));
			if before.runner_up.is_some() {
				let wins = |price| {
					let others = rivals.iter().copied().filter(|bid| bid.bidder != winner.bidder);
					let best = standing(&terms, others.chain([Bid { price, ..winner }])).winner;
					best.is_some_and(|best| best.bidder == winner.bidder)
				};
				prop_assert!(wins(fee));
				prop_assert!(fee == terms.ceiling || !wins(fee + 1));
			}
		}

		#[test]
		fn the_order_of_reveals_does_not_matter(bids in many().prop_shuffle(), speed in 0..=900_000_000u32) {
			let terms = terms(1_000_000, 5_000, speed);
			let mut sorted = bids.clone();
			sorted.sort_by_key(|bid| (terms.score(bid), bid.tie));
			let standing = standing(&terms, bids);
			prop_assert_eq!(standing.winner, sorted.first().copied());
			prop_assert_eq!(standing.runner_up, sorted.get(1).copied());
		}

		#[test]
		fn cheaper_faster_and_better_known_is_never_worse(
			terms in (1u128.., 1u32.., 0..=900_000_000u32).prop_map(|(most, time, speed)| terms(most, time, speed)),
			price: u128, eta: u32, reputation in 0..=CERTAIN_BILLIONTHS, less: (u128, u32, u32),
		) {
			let (price, eta) = (price % terms.ceiling, eta % terms.longest_blocks);
			let this = Bid { reputation_billionths: reputation, ..bid(1, price, eta) };
			let score = terms.score(&this).unwrap();
			let cheaper = Bid { price: this.price.saturating_sub(less.0), ..this };
			let faster = Bid { eta_blocks: this.eta_blocks.saturating_sub(less.1), ..this };
			let known = Bid { reputation_billionths: reputation.saturating_add(less.2), ..this };
			prop_assert!([cheaper, faster, known].iter().all(|better| terms.score(better).unwrap() <= score));
		}

		#[test]
		fn the_later_the_less_and_in_time_the_fee(
			rivals in many(), speed in 0..=900_000_000u32, taken: u32, more: u32,
		) {
			let terms = terms(1_000_000, 5_000, speed);
			let standing = standing(&terms, rivals);
			let award = standing.award(&terms, Some(500_000)).unwrap();
			prop_assert_eq!(award.fee_when_late(&terms, standing.winner.unwrap().eta_blocks), award.fee);
			let late = award.fee_when_late(&terms, taken);
			prop_assert!(late <= award.fee);
			prop_assert!(award.fee_when_late(&terms, taken.saturating_add(more)) <= late);
		}

		/// At the pace at which it will be late, milestones release no more than the late fee: there is nothing to take
		/// back at the end.
		#[test]
		fn milestones_do_not_outrun_lateness(
			rivals in many(),
			(speed, taken) in (0..=900_000_000u32, 1u32..=5_000),
			mut verified in prop::collection::vec(1u128..=100, 1..10),
		) {
			let terms = terms(1_000_000, 5_000, speed);
			let standing = standing(&terms, rivals);
			let (award, eta) = (standing.award(&terms, None).unwrap(), standing.winner.unwrap().eta_blocks);
			let late = if taken <= eta { award.fee } else { award.fee_when_late(&terms, taken) };
			let mut job = Escrow { held: terms.ceiling, fee: award.fee, released: 0, bond: 0 };
			verified.sort_unstable();
			for verified in verified {
				let elapsed = (u128::from(taken) * verified).div_ceil(100) as u32;
				let on_course = award.fee_on_course(&terms, eta, elapsed, verified, 100);
				let release = job.milestone(verified, 100, on_course, &SlashingParameters::default()).unwrap();
				job = Escrow { held: job.held - release.from_held, released: job.released + release.from_held, ..job };
			}
			prop_assert!(job.released <= late);
		}

		#[test]
		fn nothing_makes_it_panic(
			numbers: (u128, u32, u32, u32),
			bids: Vec<(u128, u32, u32, Hash)>,
			(usual, taken) in any::<(Option<u128>, u32)>(),
			works: (u128, u128, u128),
		) {
			let (ceiling, longest_blocks, speed_billionths, handicap_billionths) = numbers;
			let terms = Terms { ceiling, longest_blocks, speed_billionths, handicap_billionths };
			let mut standing = Standing::default();
			for (price, eta_blocks, reputation_billionths, tie) in bids {
				standing.rank(Bid { bidder: (), price, eta_blocks, reputation_billionths, tie }, &terms);
			}
			if let Some(award) = standing.award(&terms, usual) {
				prop_assert!(award.fee <= ceiling && award.fee >= standing.winner.unwrap().price);
				prop_assert!(award.fee_when_late(&terms, taken) <= award.fee);
			}
			let (left, total, left_to_spend) = works;
			prop_assert!(offer_of_the_rest(ceiling, left, total, left_to_spend).unwrap_or(0) <= left_to_spend);
		}

		/// Whoever sells itself less work than all others cannot move the usual price beyond what the others sold for.
		#[test]
		fn the_usual_price_follows_the_work_and_not_the_noise(
			honest in prop::collection::vec((100u128..200, 1_000_000u128..2_000_000), 5..20),
			dust in prop::collection::vec((0u128.., 1u128..100_000), 0..200),
		) {
			let parameters = AuctionParameters::default();
			let mut sales = RecentSales::default();
			for (price, work) in honest.iter().copied().chain(dust) {
				let work = work * GIGA;
				sales.note(1, price.saturating_mul(work / GIGA), work, &parameters);
				prop_assert!(sales.sales().len() <= MOST_SALES);
			}
			let usual = sales.usual_price(1, GIGA, &parameters).unwrap();
			prop_assert!((100..200).contains(&usual), "{}", usual);
			prop_assert_eq!(RecentSales::resume(sales.sales().iter().copied()), sales);
		}

		#[test]
		fn old_sales_and_absurd_ones_do_no_harm(
			sales: Vec<(u32, u128, u128)>, now: u32, work: u128, window_blocks: u32,
		) {
			let parameters = AuctionParameters { window_blocks, ..AuctionParameters::default() };
			let mut recent = RecentSales::default();
			for (settled, fee, work) in &sales {
				recent.note(*settled, *fee, *work, &parameters);
			}
			let _ = recent.usual_price(now, work, &parameters);
			let mut aged = RecentSales::default();
			aged.note(0, 1_000, GIGA, &AuctionParameters::default());
			prop_assert_eq!(aged.usual_price(30 * DAYS, GIGA, &AuctionParameters::default()), Some(1_000));
			prop_assert_eq!(aged.usual_price(30 * DAYS + 1, GIGA, &AuctionParameters::default()), None);
		}
	}
}
