//! Races: names, the time of a commitment, and the price of a service.

use super::{percent, Market as Where, Row, Rules, Search};
use anyhow::{Context, Result};
use ogpu_protocol::{
	cost::burned,
	pool::{draw, leader, pot_share, Arrival, Candidate, Market, Served, SLOTS},
	random::Random,
	token::{Balance, MILLI_OGPU, OGPU},
};

pub fn search(rules: &Rules) -> Result<Vec<Row>> {
	let kind = |deviation, unit| Search::of(Where::Race, deviation, unit);
	let mut names = kind("one device under several names", "the fee");
	let mut later = kind("committing later than one could", "the fee");
	let mut hold = kind("an author that holds back the commitments of others", "the fee")
		.known("whatever depends on time depends on who writes it down; the wider the tie, the rarer it decides");
	let mut lift = kind("ordering from oneself, with a quarter of the market at most", HONEST_FEES);
	let mut scarce = kind("keeping devices back, with a quarter of the market at most", HONEST_FEES)
		.known("half of the surcharge burns, and a dear service draws others");
	let mut power = kind("either, with half of the market or more", HONEST_FEES)
		.known("whoever is most of a market sets its price, up to what clients accept");

	with_several_names(rules, &mut names);
	with_other_times(rules, &mut later, &mut hold);
	for share in [0.125, 0.25] {
		with_prices(rules, share, &ORDERING, &mut lift)?;
		with_prices(rules, share, &SCARCE, &mut scarce)?;
	}
	for share in [0.5, 1.0] {
		with_prices(rules, share, &[ORDERING, SCARCE].concat(), &mut power)?;
	}
	Ok([names, later, hold, lift, scarce, power].map(Search::finish).into())
}

const FEE: Balance = OGPU;

/// A source of lots that goes through all of them.
#[derive(Default)]
struct Every {
	lots: Vec<u64>,
	bounds: Vec<u64>,
}

impl Random for Every {
	fn below(&mut self, bound: u64) -> u64 {
		self.bounds.push(bound);
		if self.lots.len() < self.bounds.len() {
			self.lots.push(0);
		}
		self.lots.get(self.bounds.len().saturating_sub(1)).copied().unwrap_or(0)
	}
}

impl Every {
	/// The mean over all lots.
	fn mean(mut each: impl FnMut(&mut Self) -> f64) -> f64 {
		let (mut lots, mut mean) = (Self::default(), 0.0);
		loop {
			let value = each(&mut lots);
			mean += value / lots.bounds.iter().map(|bound| *bound as f64).product::<f64>();
			if !lots.advance() {
				return mean;
			}
		}
	}

	fn advance(&mut self) -> bool {
		let bounds = std::mem::take(&mut self.bounds);
		for bound in bounds.into_iter().rev() {
			match self.lots.pop().and_then(|lot| lot.checked_add(1)).filter(|lot| *lot < bound) {
				Some(lot) => {
					self.lots.push(lot);
					return true;
				}
				None => continue,
			}
		}
		false
	}
}

/// What the first operators earn of a race, as a share of its fee, if all are theirs and commit so many blocks after or
/// before the others. One computation serves all of their names.
fn raced(rules: &Rules, weights: &[u64], mine: usize, width: u32, blocks: [u32; 2]) -> f64 {
	let candidates: Vec<_> =
		weights.iter().enumerate().map(|(operator, weight)| Candidate { operator, weight: *weight }).collect();
	let pot = rules.race.pot(FEE, width);
	let paid = |fee| fee as f64 - burned(fee, rules.slashing.burned_billionths) as f64;
	let earned = Every::mean(|lots| {
		let racers = draw(&candidates, width, lots);
		let [my_block, their_block] = blocks;
		let is_mine = |candidate: usize| candidate < mine;
		let arrivals: Vec<_> = (0..)
			.zip(&racers)
			.map(|(rank, racer)| Arrival { rank, block: if is_mine(racer.candidate) { my_block } else { their_block } })
			.collect();
		let first = leader(&arrivals, &rules.race);
		let mine = racers.iter().enumerate().filter(|(_, racer)| is_mine(racer.candidate));
		mine.map(|(place, racer)| {
			let fee = if first == Some(place) { FEE } else { 0 };
			paid(fee.saturating_add(pot_share(pot, racer.lots, width)))
		})
		.sum()
	});
	earned / FEE as f64
}

fn with_several_names(rules: &Rules, search: &mut Search) {
	for others in [&[][..], &[2], &[4], &[8], &[1, 3], &[2, 2], &[1, 1, 1]] {
		for width in 1..=3 {
			for blocks in [[4, 4], [4, 6], [4, 8], [6, 4], [8, 4]] {
				let honest = raced(rules, &[&[4], others].concat(), 1, width, blocks);
				search.environment();
				for names in [&[2, 2][..], &[1, 3], &[1, 1, 2]] {
					let split = raced(rules, &[names, others].concat(), names.len(), width, blocks);
					search.play(honest, split, || {
						let [mine, theirs] = blocks;
						let environment = format!(
							"others weigh {others:?}, {width} are drawn, it needs {mine} blocks and they need {theirs}"
						);
						[format!("a device of weight 4 as {names:?}"), environment]
					});
				}
			}
		}
	}
}

/// Blocks over which both racers' results are spread evenly, each on its own.
const SPREADS: [u32; 4] = [1, 2, 5, 20];

/// How often I lead one race of two, if each block adds a delay to my commitment and to the other's.
fn leads(rules: &Rules, spread: u32, my_delay: u32, their_delay: u32) -> f64 {
	let blocks = || 0..spread;
	let races = blocks().flat_map(|mine| blocks().flat_map(move |theirs| [0, 1].map(|rank| (mine, theirs, rank))));
	let led = races.clone().filter(|(mine, theirs, rank)| {
		let mine = Arrival { rank: *rank, block: mine.saturating_add(my_delay) };
		let theirs = Arrival { rank: 1u32.saturating_sub(*rank), block: theirs.saturating_add(their_delay) };
		leader(&[mine, theirs], &rules.race) == Some(0)
	});
	led.count() as f64 / races.count() as f64
}

fn with_other_times(rules: &Rules, later: &mut Search, hold: &mut Search) {
	for spread in SPREADS {
		let honest = leads(rules, spread, 0, 0);
		let environment = || format!("results of two racers are spread over {spread} blocks");
		later.environment();
		hold.environment();
		for delay in 1..=3 {
			later.play(honest, leads(rules, spread, delay, 0), || [format!("waits {delay} blocks"), environment()]);
			// It is the author of so many blocks in a row.
			let chance = rules.share.powf(delay.into());
			let held = chance * leads(rules, spread, 0, delay) + (1.0 - chance) * honest;
			hold.play(honest, held, || [format!("leaves the other out of {delay} of its blocks"), environment()]);
		}
	}
}

/// What price play is measured in.
const HONEST_FEES: &str = "the fees at the floor";

const FLOOR: Balance = MILLI_OGPU;

/// What all devices can make in a slot, and for how long the market is watched: half a day.
const CAPACITY: f64 = 10_000.0;
const WATCHED_SLOTS: u32 = 144;

/// A service, and a provider that is a share of its capacity.
#[derive(Clone, Copy)]
struct Service<'a> {
	rules: &'a Rules,
	share: f64,
	/// What clients use of the capacity at the floor.
	used: f64,
	/// By how many percent they order less where the price is a percent higher.
	elasticity: f64,
	/// What a leaf costs, of what the floor pays.
	cost: f64,
}

/// What it does until the price is so many floors. Beyond, it does it as far as keeps the price there.
#[derive(Clone, Copy)]
struct Press {
	floors: f64,
	how: How,
}

#[derive(Clone, Copy)]
enum How {
	/// It orders from itself, so that so much of the capacity is used, in so many of twelve slots.
	Orders(f64, u32),
	/// It keeps this part of its devices back.
	Scarce(f64),
}

const ORDERING: [How; 4] = [How::Orders(0.8, 7), How::Orders(0.8, 12), How::Orders(1.0, 7), How::Orders(1.0, 12)];
const SCARCE: [How; 4] = [How::Scarce(0.25), How::Scarce(0.5), How::Scarce(0.75), How::Scarce(1.0)];
const NO_PRESS: Press = Press { floors: 1.0, how: How::Scarce(0.0) };

impl Service<'_> {
	/// What it earns, as a share of the fees at the floor.
	fn earned(&self, press: Press) -> Option<f64> {
		let prices = &self.rules.prices;
		let (mut market, mut mine, mut theirs) = (Market::new(0, FLOOR), None::<Served>, None::<Served>);
		let (mut now, mut earned) = (0u32, 0.0);
		for slot in 0..WATCHED_SLOTS {
			let floors = market.leaf_price as f64 / FLOOR as f64;
			let is_pressing = floors < press.floors;
			let target = f64::from(prices.target_billionths) / 1e9;
			let (use_to, slots, kept_back) = match press.how {
				How::Orders(used, slots) => (if is_pressing { used } else { target }, slots, 0.0),
				How::Scarce(part) => (0.0, 0, if is_pressing { part } else { 0.0 }),
			};
			let my_capacity = CAPACITY * self.share * (1.0 - kept_back);
			let capacity = CAPACITY * (1.0 - self.share) + my_capacity;
			let ordered = (CAPACITY * self.used * floors.powf(-self.elasticity)).min(capacity);
			let is_ordering = slot.checked_rem(SLOTS.try_into().ok()?)? < slots;
			let own = if is_ordering { (capacity * use_to - ordered).max(0.0) } else { 0.0 };

			let my_part = if capacity > 0.0 { my_capacity / capacity } else { 0.0 };
			let my_leaves = ((ordered + own) * my_part).round();
			let their_leaves = ((ordered + own) * (1.0 - my_part)).round();
			let pay = prices.pay(market.leaf_price, FLOOR, my_leaves as u32)?.provider as f64;
			let at_floor = prices.pay(FLOOR, FLOOR, my_leaves as u32)?.provider as f64;
			earned += pay - self.cost * at_floor - own * market.leaf_price as f64;
			for (leaves, capacity, served) in
				[(my_leaves, my_capacity, &mut mine), (their_leaves, capacity - my_capacity, &mut theirs)]
			{
				if leaves > 0.0 {
					*served = Some(market.settle(leaves as u32, capacity as u64, *served));
				}
			}
			now = now.saturating_add(prices.slot_blocks);
			market = market.at(now, FLOOR, prices);
		}
		Some(earned / (CAPACITY * self.share * self.used * f64::from(WATCHED_SLOTS) * FLOOR as f64))
	}
}

fn with_prices(rules: &Rules, share: f64, hows: &[How], search: &mut Search) -> Result<()> {
	for used in [0.3, 0.5, 0.7, 0.74, 0.9] {
		for (elasticity, cost) in [(1.0, 0.5), (1.0, 0.9), (2.0, 0.5), (2.0, 0.9)] {
			let service = Service { rules, share, used, elasticity, cost };
			let honest = service.earned(NO_PRESS).context("sums overflow")?;
			search.environment();
			for how in hows {
				for floors in [1.1, 1.5, 3.0, 10.0] {
					let press = Press { floors, how: *how };
					let earned = service.earned(press).context("sums overflow")?;
					search.play(honest, earned, || [press.words(), service.words()]);
				}
			}
		}
	}
	Ok(())
}

impl Press {
	fn words(&self) -> String {
		let how = match self.how {
			How::Orders(used, slots) => {
				format!("orders from itself until {} are used, in {slots} of {SLOTS} slots", percent(used))
			}
			How::Scarce(part) => format!("keeps {} of its devices back", percent(part)),
		};
		format!("{how}, up to {} floors", self.floors)
	}
}

impl Service<'_> {
	fn words(&self) -> String {
		format!(
			"it is {} of the market, others use {} at the floor, elasticity {}, a leaf costs {} of its pay",
			percent(self.share),
			percent(self.used),
			self.elasticity,
			percent(self.cost)
		)
	}
}
