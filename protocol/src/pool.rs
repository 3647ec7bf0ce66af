//! Selling requests to services: a price that floats with demand, and a race among a few providers drawn by lot.

use crate::{
	cost::{burned, BURNED_BILLIONTHS},
	math::{mul_div, share, share_up},
	random::{Random, Weights, CERTAIN_BILLIONTHS},
	slashing::Pay,
	time::{BlockNumber, MINUTES},
	token::{Balance, OGPU},
};
use alloc::{collections::BTreeMap, vec::Vec};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// How prices float.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriceParameters {
	/// The price may move once in this time. Default: 5 minutes, so that [`SLOTS`] are an hour.
	pub slot_blocks: BlockNumber,
	/// The use of the capacity at which the price stands still. Default: 75 %.
	pub target_billionths: u32,
	/// By how much of itself a price moves at most in a slot. Default: 5 %, which is 1.8 times in an hour at most.
	pub step_billionths: u32,
	/// No price exceeds so many floors. Default: 100.
	pub most_floors: u32,
	/// Of what a price exceeds its floor by: burned. Default: 50 %, so that providers gain little by making themselves
	/// scarce.
	pub surcharge_burned_billionths: u32,
	/// Of every fee for work: burned. Default: 2 %.
	pub burned_billionths: u32,
}

impl Default for PriceParameters {
	fn default() -> Self {
		Self {
			slot_blocks: 5 * MINUTES,
			target_billionths: CERTAIN_BILLIONTHS / 4 * 3,
			step_billionths: CERTAIN_BILLIONTHS / 20,
			most_floors: 100,
			surcharge_burned_billionths: CERTAIN_BILLIONTHS / 2,
			burned_billionths: BURNED_BILLIONTHS,
		}
	}
}

impl PriceParameters {
	/// Whether the parameters make sense together.
	pub fn is_sound(&self) -> bool {
		self.slot_blocks > 0
			&& (1..CERTAIN_BILLIONTHS).contains(&self.target_billionths)
			&& (CERTAIN_BILLIONTHS / 100..=CERTAIN_BILLIONTHS / 4).contains(&self.step_billionths)
			&& (1..=1_000_000).contains(&self.most_floors)
			&& self.surcharge_burned_billionths.saturating_add(self.burned_billionths) <= CERTAIN_BILLIONTHS
	}

	/// The price for the next slot. It moves by a step at most, and within what a service may ask; where there is no
	/// capacity, nothing was used of it.
	pub fn next_price(&self, price: Balance, floor: Balance, used: u64, capacity: u64) -> Balance {
		let use_billionths = mul_div(used.into(), CERTAIN_BILLIONTHS.into(), capacity.into())
			.and_then(|used| u32::try_from(used).ok())
			.map_or(if capacity == 0 { 0 } else { CERTAIN_BILLIONTHS }, |used| used.min(CERTAIN_BILLIONTHS));
		let target = self.target_billionths.min(CERTAIN_BILLIONTHS);
		let step = u128::from(self.step_billionths.min(CERTAIN_BILLIONTHS));
		let change = |off: u32, most: u32| {
			let part = mul_div(step, off.into(), most.max(1).into()).unwrap_or(step);
			// Where a step is less than a unit, a price would be stuck.
			share(price, part).max(u128::from(part > 0))
		};
		let next = if use_billionths > target {
			price.saturating_add(change(
				use_billionths.saturating_sub(target),
				CERTAIN_BILLIONTHS.saturating_sub(target),
			))
		} else {
			price.saturating_sub(change(target.saturating_sub(use_billionths), target))
		};
		let floor = floor.max(1);
		next.clamp(floor, floor.saturating_mul(self.most_floors.max(1).into()))
	}

	/// What becomes of the fee for leaves that were sold at this price.
	pub fn pay(&self, leaf_price: Balance, floor: Balance, leaves: u32) -> Option<Pay> {
		let fee = leaf_price.checked_mul(leaves.into())?;
		let surcharge = leaf_price.saturating_sub(floor).checked_mul(leaves.into())?;
		let burned = burned(fee, self.burned_billionths)
			.saturating_add(share_up(surcharge, self.surcharge_burned_billionths))
			.min(fee);
		Some(Pay { provider: fee.saturating_sub(burned), burned })
	}
}

/// Slots over which demand and capacity are counted.
pub const SLOTS: usize = 12;

/// After so many slots without a look (two weeks) the market starts anew, at its floor; where parameters are sound, it
/// is there long before.
const FORGOTTEN_SLOTS: u32 = 4_032;

/// The price of a service, and what it follows from.
///
/// Demand is the median of the slots, so that who wants to lift it must have leaves settled, and so paid, burned and
/// checked, in more than half of an hour. Capacity counts each device that served in the hour, once: devices that only
/// stand by neither press the price nor lift it when they leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Market {
	pub leaf_price: Balance,
	/// The number of the slot that is open, since the service began.
	pub slot: u32,
	/// When it opened.
	pub opened: BlockNumber,
	/// Leaves settled in each slot, the open one last.
	pub settled: [u64; SLOTS],
	/// Leaves in a slot of which the devices are capable that served last in each slot, the open one last.
	pub capacity: [u64; SLOTS],
}

/// When and as how much a device was counted last. The chain keeps it for each device that has joined a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Served {
	pub slot: u32,
	pub capacity: u64,
}

impl Market {
	/// A new service starts at its floor.
	pub fn new(now: BlockNumber, floor: Balance) -> Self {
		Self { leaf_price: floor.max(1), slot: 0, opened: now, settled: [0; SLOTS], capacity: [0; SLOTS] }
	}

	/// The market at a later time: each slot that has passed moves the price once. Nobody needs to call this in time;
	/// the result is the same.
	pub fn at(&self, now: BlockNumber, floor: Balance, parameters: &PriceParameters) -> Self {
		let passed = now.saturating_sub(self.opened).checked_div(parameters.slot_blocks).unwrap_or(0);
		let mut market = if passed > FORGOTTEN_SLOTS { Self::new(now, floor) } else { *self };
		for _ in 0..passed.min(FORGOTTEN_SLOTS) {
			let before = market;
			market.close(floor, parameters);
			// An empty hour at the floor: the slots that are left change nothing.
			if market == before {
				break;
			}
		}
		market.slot = self.slot.saturating_add(passed);
		market.opened = self.opened.saturating_add(passed.saturating_mul(parameters.slot_blocks));
		market
	}

	fn close(&mut self, floor: Balance, parameters: &PriceParameters) {
		let capacity = self.capacity.iter().fold(0, |sum: u64, devices| sum.saturating_add(*devices));
		self.leaf_price = parameters.next_price(self.leaf_price, floor, self.demand(), capacity);
		for slots in [&mut self.settled, &mut self.capacity] {
			slots.rotate_left(1);
			if let Some(open) = slots.last_mut() {
				*open = 0;
			}
		}
	}

	/// The lower median of the leaves settled in a slot.
	fn demand(&self) -> u64 {
		let mut settled = self.settled;
		settled.sort_unstable();
		settled.get(SLOTS.saturating_sub(1) / 2).copied().unwrap_or(0)
	}

	/// Counts leaves that were settled now (bring the market to the present before), and the device that made them.
	/// `capacity` is what it can make in a slot, from its draw weight; `served` what was returned for it the last time.
	pub fn settle(&mut self, leaves: u32, capacity: u64, served: Option<Served>) -> Served {
		if let Some(settled) = self.settled.last_mut() {
			*settled = settled.saturating_add(leaves.into());
		}
		// A device that served before in this hour is taken out where it was counted.
		let age = served.and_then(|served| self.slot.checked_sub(served.slot));
		let before = age.and_then(|age| self.capacity.iter_mut().rev().nth(usize::try_from(age).ok()?));
		if let (Some(before), Some(served)) = (before, served) {
			*before = before.saturating_sub(served.capacity);
		}
		if let Some(open) = self.capacity.last_mut() {
			*open = open.saturating_add(capacity);
		}
		Served { slot: self.slot, capacity }
	}
}

/// How races are drawn and paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RaceParameters {
	/// A commitment so many blocks after the first is still a tie. Default: 2, so that the author of a block that holds
	/// back the commitments of others decides only races that are as close as that.
	pub tie_blocks: BlockNumber,
	/// The draw weight that an OGPU of free bond carries at most, in billions of multiply-adds in a block. Default:
	/// 1,000.
	pub weight_per_ogpu: u64,
	/// The pot of a race of more than one, as a share of the fee. The client pays it on top. Default: 25 %.
	pub pot_billionths: u32,
}

impl Default for RaceParameters {
	fn default() -> Self {
		Self { tie_blocks: 2, weight_per_ogpu: 1_000, pot_billionths: CERTAIN_BILLIONTHS / 4 }
	}
}

impl RaceParameters {
	/// Whether the parameters make sense together.
	pub fn is_sound(&self) -> bool {
		self.weight_per_ogpu > 0 && self.pot_billionths <= CERTAIN_BILLIONTHS
	}

	/// The weight of a device in draws: the lower of what the benchmark measured and what it really delivers between a
	/// draw and its commitment (idle time does not count, or idle devices would look like small and busy ones), in
	/// billions of multiply-adds in a block, as far as the free bond carries it. Each part is linear, so a device or a
	/// bond cut in pieces weighs no more.
	pub fn draw_weight(&self, score: u64, observed: Option<u64>, free_bond: Balance) -> u64 {
		let carried = mul_div(free_bond, self.weight_per_ogpu.into(), OGPU).unwrap_or(u128::MAX);
		score.min(observed.unwrap_or(score)).min(carried.try_into().unwrap_or(u64::MAX))
	}

	/// What a client pays on top of the fee for a race of this width.
	pub fn pot(&self, fee: Balance, width: u32) -> Balance {
		if width > 1 {
			share_up(fee, self.pot_billionths)
		} else {
			0
		}
	}
}

/// A device that may be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate<Operator> {
	pub operator: Operator,
	/// From [`RaceParameters::draw_weight`].
	pub weight: u64,
}

/// A device that was drawn. Its place among the drawn is its rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Racer {
	/// Its place among the candidates.
	pub candidate: usize,
	/// How many of the race's lots fell on its operator: so many parts it has in the pot.
	pub lots: u32,
}

/// No race is wider.
pub const MOST_WIDTH: u32 = 16;

/// Draws up to `width` operators, each once, and one device of each.
///
/// So many lots fall on operators in proportion to their weights, and may fall twice on one, which then has two parts in
/// the pot and leaves a place free. Were such places filled, a slow device behind several names could crowd out a faster
/// one. As it is, names change nothing at all: each lot falls on the same device as before, however many names it has.
pub fn draw<Operator: Ord>(candidates: &[Candidate<Operator>], width: u32, random: &mut impl Random) -> Vec<Racer> {
	let total = candidates.iter().fold(0, |sum: u128, candidate| sum.saturating_add(candidate.weight.into()));
	// A lot has 64 bits; whatever exceeds them is scaled down alike for all.
	let shift = u128::BITS.saturating_sub(total.leading_zeros()).saturating_sub(u64::BITS);
	let mut operators = BTreeMap::<&Operator, Vec<(usize, u64)>>::new();
	for (place, candidate) in candidates.iter().enumerate() {
		let weight = candidate.weight.checked_shr(shift).unwrap_or(0);
		operators.entry(&candidate.operator).or_default().push((place, weight));
	}
	let operators: Vec<_> = operators.into_values().collect();
	let lots = operator_lots(&operators, width.min(MOST_WIDTH), random).unwrap_or_default();
	let racer = |(operator, lots): (usize, u32)| {
		let devices = operators.get(operator)?;
		let device = *Weights::new(devices.iter().map(|(_, weight)| *weight))?.draw(random, 1).first()?;
		let (candidate, _) = *devices.get(device)?;
		Some(Racer { candidate, lots })
	};
	lots.into_iter().filter_map(racer).collect()
}

/// Which operators are drawn, by rank, and how many lots fell on each.
fn operator_lots(operators: &[Vec<(usize, u64)>], width: u32, random: &mut impl Random) -> Option<Vec<(usize, u32)>> {
	let weight_of =
		|devices: &Vec<(usize, u64)>| devices.iter().fold(0, |sum: u64, (_, weight)| sum.saturating_add(*weight));
	let weights = Weights::new(operators.iter().map(weight_of))?;
	let mut drawn = Vec::<(usize, u32)>::new();
	for _ in 0..width {
		let operator = weights.at(random.below(weights.total()))?;
		match drawn.iter_mut().find(|(other, _)| *other == operator) {
			Some((_, lots)) => *lots = lots.saturating_add(1),
			None => drawn.push((operator, 1)),
		}
	}
	Some(drawn)
}

/// A racer's commitment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
	/// The racer's place among the drawn.
	pub rank: u32,
	/// The block with the commitment.
	pub block: BlockNumber,
}

/// Whose result the client receives: of those that came with the first or within the tie, the one with the lowest rank.
/// Gives its place among the arrivals.
pub fn leader(arrivals: &[Arrival], parameters: &RaceParameters) -> Option<usize> {
	let first = arrivals.iter().map(|arrival| arrival.block).min()?;
	let is_tied = |arrival: &Arrival| arrival.block.saturating_sub(first) <= parameters.tie_blocks;
	let tied = arrivals.iter().enumerate().filter(|(_, arrival)| is_tied(arrival));
	tied.min_by_key(|(_, arrival)| (arrival.rank, arrival.block)).map(|(place, _)| place)
}

/// A race, as far as it decides who may still commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Race<'a> {
	/// How many were drawn.
	pub drawn: u32,
	pub arrivals: &'a [Arrival],
	/// The last block for commitments. It was fixed with the request and does not depend on who commits when.
	pub closes: BlockNumber,
	/// The task has come to its end, whatever it was.
	pub has_ended: bool,
}

/// Why a commitment can no longer earn. It is refused before it enters a block, and costs nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoRace {
	/// The task has ended.
	Ended,
	/// The window for commitments has closed.
	Closed,
	/// The operator was not drawn, or this device of it was not.
	NotDrawn,
	/// The operator has committed.
	AlreadyCommitted,
	/// All that were drawn have committed.
	Full,
}

impl Race<'_> {
	/// Whether a commitment of the racer with this rank can earn at `now`; `None` stands for one who was not drawn.
	pub fn admit(&self, rank: Option<u32>, now: BlockNumber) -> Result<u32, NoRace> {
		if self.has_ended {
			return Err(NoRace::Ended);
		}
		if now > self.closes {
			return Err(NoRace::Closed);
		}
		let rank = rank.filter(|rank| *rank < self.drawn).ok_or(NoRace::NotDrawn)?;
		if self.arrivals.iter().any(|arrival| arrival.rank == rank) {
			return Err(NoRace::AlreadyCommitted);
		}
		if u32::try_from(self.arrivals.len()).map_or(true, |arrived| arrived >= self.drawn) {
			return Err(NoRace::Full);
		}
		Ok(rank)
	}
}

/// What a matching commitment gets of the pot: its parts of those that the race had lots. The leader's are paid to it
/// like the others', or an operator with two names would earn by being its own runner-up; those of racers that were
/// silent or differed return to the client.
pub fn pot_share(pot: Balance, lots: u32, width: u32) -> Balance {
	mul_div(pot, lots.into(), width.min(MOST_WIDTH).into()).unwrap_or(0).min(pot)
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;
	use std::collections::BTreeMap;

	const FLOOR: Balance = OGPU / 1_000;

	fn prices() -> PriceParameters {
		PriceParameters::default()
	}

	/// A market of one device, after slots in which so many of its hundred leaves were settled.
	fn after(slots: impl IntoIterator<Item = u32>) -> Market {
		let (mut market, mut now, mut served) = (Market::new(0, FLOOR), 0, None);
		for leaves in slots {
			if leaves > 0 {
				served = Some(market.settle(leaves, 100, served));
			}
			now += prices().slot_blocks;
			market = market.at(now, FLOOR, &prices());
		}
		market
	}

	#[test]
	fn the_defaults_are_sound() {
		assert!(prices().is_sound() && RaceParameters::default().is_sound());
		assert!(!PriceParameters { step_billionths: CERTAIN_BILLIONTHS, ..prices() }.is_sound());
		assert!(!PriceParameters { target_billionths: 0, ..prices() }.is_sound());
		assert_eq!(SLOTS as u32 * prices().slot_blocks, crate::time::HOURS);
	}

	#[test]
	fn a_price_rises_while_devices_are_busy_and_returns_when_they_are_not() {
		let quiet = after([50; 24]);
		assert_eq!(quiet.leaf_price, FLOOR, "below three quarters nothing rises");
		let busy = after([100; 18]);
		let expected = (0..12).fold(FLOOR, |price, _| price + price / 20);
		assert_eq!(busy.leaf_price, expected, "half an hour to be believed, then a twentieth in each five minutes");
		let evening = busy.at(18 * prices().slot_blocks + crate::time::DAYS, FLOOR, &prices());
		assert_eq!(evening.leaf_price, FLOOR);
	}

	#[test]
	fn a_burst_moves_no_price() {
		let calm = after([40; 12]);
		let burst = after([vec![40; 6], vec![100; 6]].concat());
		assert_eq!(burst.leaf_price, calm.leaf_price, "six of twelve slots are not yet an hour");
		let lasting = after([vec![40; 5], vec![100; 8]].concat());
		assert!(lasting.leaf_price > calm.leaf_price);
	}

	#[test]
	fn devices_that_only_stand_by_do_not_press_the_price() {
		// Whoever joins and serves nothing never calls `settle`, so this is the market of the one that serves.
		let market = after([100; 12]);
		assert_eq!(market.capacity.iter().sum::<u64>(), 100, "and that one counts once, however often it served");
	}

	#[test]
	fn a_price_of_one_unit_is_not_stuck() {
		let up = prices().next_price(1, 1, 10, 10);
		assert_eq!(up, 2);
		assert_eq!(prices().next_price(2, 1, 0, 10), 1);
		assert_eq!(prices().next_price(0, 0, 0, 0), 1);
	}

	#[test]
	fn half_of_the_surcharge_is_burned() {
		let pay = prices().pay(150, 100, 10).unwrap();
		assert_eq!(pay, Pay { provider: 1_500 - 30 - 250, burned: 30 + 250 });
		assert_eq!(prices().pay(100, 100, 10).unwrap().burned, 20, "at the floor only the usual part");
		assert_eq!(prices().pay(u128::MAX, 0, 2), None);
	}

	/// A source of lots that has written down what it will say.
	struct Script {
		lots: Vec<u64>,
		bounds: Vec<u64>,
	}

	impl Random for Script {
		fn below(&mut self, bound: u64) -> u64 {
			self.bounds.push(bound);
			if self.lots.len() < self.bounds.len() {
				self.lots.push(0);
			}
			self.lots[self.bounds.len() - 1].checked_rem(bound).unwrap_or(0)
		}
	}

	/// Goes through all lots there are, and says how likely each sequence is.
	fn for_all_lots(mut each: impl FnMut(&mut Script, &dyn Fn(&Script) -> f64)) {
		let mut script = Script { lots: Vec::new(), bounds: Vec::new() };
		loop {
			each(&mut script, &|script| script.bounds.iter().map(|bound| 1.0 / *bound as f64).product());
			let mut bounds = core::mem::take(&mut script.bounds);
			while script.lots.last().zip(bounds.last()).is_some_and(|(lot, bound)| lot + 1 == *bound) {
				script.lots.pop();
				bounds.pop();
			}
			match script.lots.last_mut() {
				Some(lot) => *lot += 1,
				None => return,
			}
		}
	}

	/// How likely each rank is the best of mine (and, at the end, that I have none), and what I get of the pot on
	/// average, when the first operators are all me.
	fn prospects(weights: &[u64], mine: usize, width: u32) -> (Vec<f64>, f64) {
		let candidates: Vec<_> =
			weights.iter().enumerate().map(|(operator, weight)| Candidate { operator, weight: *weight }).collect();
		let (mut best, mut share) = (vec![0.0; width as usize + 1], 0.0);
		for_all_lots(|script, probability| {
			let racers = draw(&candidates, width, script);
			let probability = probability(script);
			let first = racers.iter().position(|racer| racer.candidate < mine).unwrap_or(width as usize);
			best[first] += probability;
			let lots = racers.iter().filter(|racer| racer.candidate < mine).map(|racer| racer.lots).sum();
			assert_eq!(racers.iter().map(|racer| racer.lots).sum::<u32>(), width);
			share += probability * pot_share(6_000, lots, width) as f64 / 6_000.0;
		});
		(best, share)
	}

	/// Exactly, over all lots of small markets: a device behind two or three names leads no more often, comes no
	/// earlier, and gets no more of the pot. Also where the market is smaller than the race, and where it is the whole
	/// market.
	#[test]
	fn a_device_behind_several_names_wins_no_more() {
		for others in [&[][..], &[2], &[4], &[1, 3], &[2, 2], &[1, 1, 1]] {
			for width in 1..=3 {
				let (best, share) = prospects(&[&[4], others].concat(), 1, width);
				let weight = 4.0 / (4 + others.iter().sum::<u64>()) as f64;
				assert!((best[0] - weight).abs() < 1e-9 && (share - weight).abs() < 1e-9, "both are its weight");
				for names in [&[2, 2][..], &[1, 3], &[1, 1, 2]] {
					let (split_best, split_share) = prospects(&[names, others].concat(), names.len(), width);
					assert!((share - split_share).abs() < 1e-9, "{names:?} against {others:?}: {share} {split_share}");
					for (whole, split) in best.iter().zip(&split_best) {
						assert!((whole - split).abs() < 1e-9, "{names:?} against {others:?}: {best:?} {split_best:?}");
					}
				}
			}
		}
	}

	/// Whatever was drawn before, a lot falls on the same operators.
	#[test]
	fn lots_are_drawn_with_putting_back() {
		let weights = [3u64, 2, 1];
		let candidates = [0, 1, 2].map(|operator| Candidate { operator, weight: weights[operator] });
		let mut orders = BTreeMap::<Vec<usize>, f64>::new();
		for_all_lots(|script, probability| {
			let racers = draw(&candidates, 2, script);
			*orders.entry(racers.iter().map(|racer| racer.candidate).collect()).or_default() += probability(script);
		});
		assert_eq!(orders.len(), 9);
		for (order, found) in orders {
			let [first, second] = [order.first(), order.last()].map(|racer| weights[*racer.unwrap()] as f64 / 6.0);
			assert!((found - first * second).abs() < 1e-9, "{order:?}: {found}");
		}
	}

	#[test]
	fn an_operator_is_drawn_once_by_the_weight_of_all_its_devices() {
		let candidates =
			[("ada", 2), ("bob", 3), ("ada", 1), ("eve", 0)].map(|(operator, weight)| Candidate { operator, weight });
		let mut first = BTreeMap::new();
		for_all_lots(|script, probability| {
			let racers = draw(&candidates, 4, script);
			let operators: Vec<_> = racers.iter().map(|racer| candidates[racer.candidate].operator).collect();
			let possible: [&[&str]; 4] = [&["ada"], &["bob"], &["ada", "bob"], &["bob", "ada"]];
			assert!(possible.contains(&operators.as_slice()), "nobody twice, and nothing weighs nothing");
			assert_eq!(racers.iter().map(|racer| racer.lots).sum::<u32>(), 4);
			*first.entry(racers[0].candidate).or_insert(0.0) += probability(script);
		});
		let expected = [(0, 2.0 / 6.0), (1, 3.0 / 6.0), (2, 1.0 / 6.0)];
		assert!(expected.iter().all(|(candidate, share): &(usize, f64)| (first[candidate] - share).abs() < 1e-9));
	}

	#[test]
	fn the_first_leads_unless_a_better_rank_comes_within_two_blocks() {
		let arrival = |rank, block| Arrival { rank, block };
		let leads = |arrivals: &[Arrival]| leader(arrivals, &RaceParameters::default());
		assert_eq!(leads(&[]), None);
		assert_eq!(leads(&[arrival(2, 100)]), Some(0));
		assert_eq!(leads(&[arrival(2, 100), arrival(0, 102)]), Some(1));
		assert_eq!(leads(&[arrival(2, 100), arrival(0, 103)]), Some(0), "too late, whatever the rank");
		assert_eq!(leads(&[arrival(2, 100), arrival(1, 102), arrival(0, 104)]), Some(1), "ties do not chain");
	}

	#[test]
	fn what_can_no_longer_earn_is_refused() {
		let arrivals = [Arrival { rank: 1, block: 90 }];
		let race = Race { drawn: 3, arrivals: &arrivals, closes: 100, has_ended: false };
		assert_eq!(race.admit(Some(0), 100), Ok(0));
		assert_eq!(race.admit(Some(0), 101), Err(NoRace::Closed));
		assert_eq!(race.admit(Some(1), 95), Err(NoRace::AlreadyCommitted));
		assert_eq!(race.admit(Some(3), 95), Err(NoRace::NotDrawn));
		assert_eq!(race.admit(None, 95), Err(NoRace::NotDrawn));
		assert_eq!(Race { has_ended: true, ..race }.admit(Some(0), 95), Err(NoRace::Ended));
		let full = [Arrival { rank: 1, block: 90 }, Arrival { rank: 1, block: 90 }, Arrival { rank: 2, block: 91 }];
		assert_eq!(Race { arrivals: &full, ..race }.admit(Some(0), 95), Err(NoRace::Full));
	}

	#[test]
	fn a_device_is_drawn_by_what_it_delivers_and_what_its_owner_has_at_stake() {
		let parameters = RaceParameters::default();
		assert_eq!(parameters.draw_weight(5_000, None, 100 * OGPU), 5_000, "measured, not yet observed");
		assert_eq!(parameters.draw_weight(5_000, Some(3_000), 100 * OGPU), 3_000, "a rented benchmark does not last");
		assert_eq!(parameters.draw_weight(5_000, Some(9_000), 100 * OGPU), 5_000);
		assert_eq!(parameters.draw_weight(5_000, Some(3_000), OGPU), 1_000);
		assert_eq!(parameters.pot(1_000, 1), 0);
		assert_eq!(parameters.pot(1_000, 3), 250);
	}

	#[test]
	fn the_document_tells_prices_and_races() {
		use crate::cost::tests::{assert_documented, ogpu};
		use alloc::format;
		assert_documented([("none", 12), ("1 hour", 18), ("2 hours", 30), ("4 hours", 54)].map(|(name, slots)| {
			let price = if name == "none" { FLOOR } else { after(vec![100; slots]).leaf_price };
			let pay = prices().pay(price, FLOOR, 1_000).unwrap();
			format!(
				"| {name} | {} | {} | {} | {} |",
				ogpu(price),
				ogpu(price * 1_000),
				ogpu(pay.provider),
				ogpu(pay.burned)
			)
		}));
		let parameters = RaceParameters::default();
		let (fee, width) = (OGPU, 3);
		let pot = parameters.pot(fee, width);
		let burned_of = |amount| burned(amount, BURNED_BILLIONTHS);
		let [leader, other] = [fee + pot_share(pot, 1, width), pot_share(pot, 1, width)];
		assert_documented([
			format!("| the leader | {} |", ogpu(leader - burned_of(leader))),
			format!("| each other | {} |", ogpu(other - burned_of(other))),
			format!("| burned | {} |", ogpu(burned_of(leader) + 2 * burned_of(other))),
		]);
	}

	fn price_parameters() -> impl Strategy<Value = PriceParameters> {
		prop_oneof![
			Just(prices()),
			any::<[u32; 6]>().prop_map(|[slot_blocks, target, step, most_floors, surcharge, burned]| PriceParameters {
				slot_blocks,
				target_billionths: target,
				step_billionths: step,
				most_floors,
				surcharge_burned_billionths: surcharge,
				burned_billionths: burned,
			}),
		]
	}

	proptest! {
		#[test]
		fn a_price_never_moves_by_more_than_a_step(
			(floor, floors) in (1..=crate::token::CAP, 1u128..=100),
			(used, capacity) in any::<(u64, u64)>(),
			step in CERTAIN_BILLIONTHS / 100..=CERTAIN_BILLIONTHS / 4,
		) {
			let parameters = PriceParameters { step_billionths: step, ..prices() };
			let price = floor * floors;
			let next = parameters.next_price(price, floor, used, capacity);
			prop_assert!(next.abs_diff(price) <= share(price, step).max(1));
			prop_assert!((floor..=floor * 100).contains(&next));
			let busier = parameters.next_price(price, floor, used.saturating_add(1), capacity);
			prop_assert!(busier >= next, "more demand never lowers it");
			let roomier = parameters.next_price(price, floor, used, capacity.saturating_add(1));
			prop_assert!(capacity == 0 || roomier <= next, "more capacity never raises it");
		}

		#[test]
		fn nothing_makes_prices_panic(
			market: (u128, u32, u32, [u64; SLOTS], [u64; SLOTS]), parameters in price_parameters(),
			floor: u128, now: u32, leaves: u32, capacity: u64, served: Option<(u32, u64)>,
		) {
			let (leaf_price, slot, opened, settled, capacities) = market;
			let market = Market { leaf_price, slot, opened, settled, capacity: capacities };
			let mut market = market.at(now, floor, &parameters);
			market.settle(leaves, capacity, served.map(|(slot, capacity)| Served { slot, capacity }));
			let _ = parameters.is_sound();
			if let Some(pay) = parameters.pay(market.leaf_price, floor, leaves) {
				prop_assert_eq!(Some(pay.provider + pay.burned), market.leaf_price.checked_mul(leaves.into()));
			}
		}

		/// Looking at a market, or not looking for days, does not change it.
		#[test]
		fn a_market_is_the_same_however_often_it_is_looked_at(
			slots in prop::collection::vec(0u32..120, 0..30),
			mut looks in prop::collection::vec(0u32..2_000_000, 1..10),
		) {
			let start = after(slots);
			looks.sort_unstable();
			let start_block = start.opened;
			let looked = looks.iter().fold(start, |market, passed| market.at(start_block + passed, FLOOR, &prices()));
			let at_once = start.at(start_block + looks.last().unwrap(), FLOOR, &prices());
			prop_assert_eq!(looked, at_once);
		}

		/// Each device counts once, with what it was last counted as, for an hour after it served.
		#[test]
		fn capacity_is_that_of_the_devices_that_served_in_the_hour(
			events in prop::collection::vec((0u8..5, 0u32..400, 0u64..100), 1..80),
		) {
			let (mut market, mut now) = (Market::new(0, FLOOR), 0);
			let mut devices = BTreeMap::<u8, Served>::new();
			for (device, passed, capacity) in events {
				now += passed;
				market = market.at(now, FLOOR, &prices());
				let served = market.settle(1, capacity, devices.get(&device).copied());
				devices.insert(device, served);
				let is_recent = |served: &&Served| market.slot - served.slot < SLOTS as u32;
				let expected: u64 = devices.values().filter(is_recent).map(|served| served.capacity).sum();
				prop_assert_eq!(market.capacity.iter().sum::<u64>(), expected);
			}
		}

		#[test]
		fn a_higher_price_never_pays_a_provider_less(
			floor in 0..=OGPU, price in 0..=OGPU, more in 0..=OGPU, leaves in 0u32..1_000,
		) {
			let pay = |price| prices().pay(price, floor, leaves).unwrap();
			prop_assert!(pay(price + more).provider + 2 >= pay(price).provider, "but for the rounding of two burns");
			prop_assert!(pay(price + more).burned >= pay(price).burned);
		}

		#[test]
		fn a_draw_never_panics_and_draws_nobody_twice(
			weights in prop::collection::vec((0u8..6, any::<u64>()), 0..20), width: u32, lots: Vec<u64>,
		) {
			let candidate = |(operator, weight): &(u8, u64)| Candidate { operator: *operator, weight: *weight };
			let candidates: Vec<_> = weights.iter().map(candidate).collect();
			let mut script = Script { lots, bounds: Vec::new() };
			let racers = draw(&candidates, width, &mut script);
			let mut operators: Vec<_> = racers.iter().map(|racer| candidates[racer.candidate].operator).collect();
			operators.sort_unstable();
			operators.dedup();
			prop_assert_eq!(operators.len(), racers.len());
			prop_assert!(racers.len() as u64 <= width.into());
			prop_assert!(racers.iter().all(|racer| candidates[racer.candidate].weight > 0));
		}

		#[test]
		fn the_order_of_arrivals_in_the_list_does_not_matter(
			(arrivals, shuffled) in prop::collection::vec((0u32..1_000, 0u32..10), 1..10).prop_flat_map(|arrivals| {
				(Just(arrivals.clone()), Just(arrivals).prop_shuffle())
			}),
		) {
			let of = |list: &[(u32, u32)]| {
				let list: Vec<_> = list.iter().map(|(rank, block)| Arrival { rank: *rank, block: *block }).collect();
				list[leader(&list, &RaceParameters::default()).unwrap()]
			};
			prop_assert_eq!(of(&arrivals), of(&shuffled));
		}

		#[test]
		fn a_pot_is_fixed_whatever_the_number_of_racers(pot: u128, width in 1..=MOST_WIDTH, seed: Vec<u64>) {
			let candidates = [0, 1, 2, 3].map(|operator| Candidate { operator, weight: 100 << (8 * operator) });
			let racers = draw(&candidates, width, &mut Script { lots: seed, bounds: Vec::new() });
			let paid: u128 = racers.iter().map(|racer| pot_share(pot, racer.lots, width)).sum();
			prop_assert!(paid <= pot && pot - paid < 4, "all of it, but for the rounding of each");
			prop_assert!(pot_share(pot, u32::MAX, width) <= pot);
		}

		/// A device or a bond that is cut in two weighs no more.
		#[test]
		fn draw_weights_do_not_grow_by_cutting(scores: [u32; 2], observed: [u32; 2], bonds: [u64; 2]) {
			let parameters = RaceParameters::default();
			let weight = |score: u64, observed: u64, bond: u128| parameters.draw_weight(score, Some(observed), bond);
			let part = |part: usize| weight(scores[part].into(), observed[part].into(), bonds[part].into());
			let parts = part(0) + part(1);
			let sum = |pair: [u32; 2]| u64::from(pair[0]) + u64::from(pair[1]);
			prop_assert!(parts <= weight(sum(scores), sum(observed), u128::from(bonds[0]) + u128::from(bonds[1])));
		}
	}
}
