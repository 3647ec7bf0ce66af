//! Verification seats: the active stake cut into equal seats, and drawing among them. Seats follow stake, not
//! identities: rounding gives or takes each operator less than one seat. There are so many seats that this is nothing: of
//! a thousand, a third of the stake in many accounts, each just above a remainder, would get 426.

use crate::{
	random::{Random, Urn, Weights},
	token::Balance,
};
use alloc::{collections::BTreeMap, vec::Vec};
use core::cmp::Reverse;
use primitive_types::U256;

/// How many seats there are.
pub const SEATS: u32 = 1_000_000;

/// How many of the seats each stake gives, in the order of the stakes: its exact share rounded down, and one more for
/// the largest remainders. Of equal remainders the earlier wins, so pass the stakes in an order that cannot be chosen
/// (the accounts'). `None` if nothing is staked, or more than a balance holds.
pub fn allot(stakes: &[Balance], seats: u32) -> Option<Vec<u32>> {
	let total = stakes.iter().try_fold(0, |sum: Balance, stake| sum.checked_add(*stake)).filter(|total| *total > 0)?;
	let mut allotted = Vec::with_capacity(stakes.len());
	let mut remainders = Vec::with_capacity(stakes.len());
	for (place, stake) in stakes.iter().enumerate() {
		let (whole, remainder) = U256::from(*stake).checked_mul(seats.into())?.div_mod(total.into());
		allotted.push(u32::try_from(whole).ok()?);
		remainders.push((Reverse(remainder), place));
	}
	remainders.sort_unstable();
	let given = allotted.iter().fold(0, |sum: u32, whole| sum.saturating_add(*whole));
	for (_, place) in remainders.into_iter().take(seats.saturating_sub(given) as usize) {
		if let Some(seats) = allotted.get_mut(place) {
			*seats = seats.saturating_add(1);
		}
	}
	Some(allotted)
}

/// Who holds the seats: numbered one after the other, operator by operator in ascending order, so that everybody who
/// knows the numbers of seats has the same table. It grows with operators, not with seats or stake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table<Operator> {
	operators: Vec<Operator>,
	seats: Weights,
}

impl<Operator: Ord> Table<Operator> {
	/// `None` if there are more seats than a `u32` counts.
	pub fn new(seats: BTreeMap<Operator, u32>) -> Option<Self> {
		let (operators, seats): (Vec<_>, Vec<_>) = seats.into_iter().unzip();
		let seats = Weights::new(seats.into_iter().map(u64::from))?;
		u32::try_from(seats.total()).ok()?;
		Some(Self { operators, seats })
	}

	/// The table of those who may sit: of the class that is asked for, and neither judge in their own cause (the
	/// provider, the client, whoever already found something about the leaf) nor suspended. It must be made once and
	/// kept, or made from the same facts again, as long as seats are drawn from it.
	pub fn only(&self, may_sit: impl Fn(&Operator) -> bool) -> Self
	where
		Operator: Clone,
	{
		let sitting = self.held().filter(|(operator, _)| may_sit(operator));
		let (operators, seats): (Vec<_>, Vec<_>) = sitting.map(|(operator, seats)| (operator.clone(), seats)).unzip();
		// A part of what could be summed can be.
		let seats = Weights::new(seats.into_iter().map(u64::from)).unwrap_or_default();
		Self { operators, seats }
	}

	/// The operators and how many seats each holds.
	pub fn held(&self) -> impl Iterator<Item = (&Operator, u32)> {
		let seats = |place| self.seats.points(place).and_then(|seats| number(seats.end.saturating_sub(seats.start)));
		self.operators.iter().enumerate().map(move |(place, operator)| (operator, seats(place).unwrap_or(0)))
	}

	/// How many seats there are.
	pub fn seats(&self) -> u32 {
		number(self.seats.total()).unwrap_or(u32::MAX)
	}

	/// Who holds this seat.
	pub fn operator(&self, seat: u32) -> Option<&Operator> {
		self.operators.get(self.seats.at(seat.into())?)
	}

	/// All seats, to be drawn from. One urn serves a whole dispute: no seat comes twice, and a silent one is replaced
	/// by the next of the same permutation.
	pub fn urn(&self) -> Urn {
		Urn::new(self.seats.total())
	}

	/// One seat, which may come again. `None` if there is none.
	pub fn any(&self, random: &mut impl Random) -> Option<u32> {
		self.urn().draw(random).and_then(number)
	}

	/// One seat of another operator than that of this seat. `None` if there is no other.
	pub fn other(&self, seat: u32, random: &mut impl Random) -> Option<u32> {
		self.seats.point_outside(self.seats.at(seat.into())?, random).and_then(number)
	}

	/// The seats by operator: each executes once and votes with all of its seats that were drawn.
	pub fn group(&self, seats: impl IntoIterator<Item = u32>) -> BTreeMap<&Operator, u32> {
		let mut groups = BTreeMap::<_, u32>::new();
		for operator in seats.into_iter().filter_map(|seat| self.operator(seat)) {
			let group = groups.entry(operator).or_default();
			*group = group.saturating_add(1);
		}
		groups
	}
}

/// The next seats from an urn, fewer if it has not so many.
pub fn draw(urn: &mut Urn, random: &mut impl Random, count: u32) -> Vec<u32> {
	(0..count).map_while(|_| urn.draw(random)).filter_map(number).collect()
}

fn number(seat: u64) -> Option<u32> {
	seat.try_into().ok()
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{
		random::tests::{assert_follows, assert_uniform, stream},
		token::OGPU,
	};
	use proptest::prelude::*;

	fn table(seats: &[u32]) -> Table<usize> {
		Table::new(seats.iter().copied().enumerate().collect()).unwrap()
	}

	#[test]
	fn three_equal_stakes_share_a_million_seats_and_the_first_gets_the_odd_one() {
		assert_eq!(allot(&[5 * OGPU; 3], SEATS), Some(vec![333_334, 333_333, 333_333]));
		assert_eq!(allot(&[1, 1, 4], 3), Some(vec![1, 0, 2]), "halves remain twice");
		assert_eq!(allot(&[], SEATS), None);
		assert_eq!(allot(&[0, 0], SEATS), None);
		assert_eq!(allot(&[Balance::MAX, 1], SEATS), None);
		assert_eq!(allot(&[Balance::MAX, 0], u32::MAX), Some(vec![u32::MAX, 0]));
	}

	/// A third of the stake, spread over any number of accounts among three hundred unequal ones.
	#[test]
	fn splitting_a_stake_gains_less_than_a_seat_for_each_of_the_others() {
		let others: Vec<Balance> = (1..=300u32).map(|rank| (1e24 / f64::from(rank).sqrt()) as Balance).collect();
		let third = others.iter().sum::<Balance>() / 2;
		for accounts in (1..=1_000).step_by(3) {
			let stakes = [others.clone(), vec![third / accounts as Balance; accounts]].concat();
			let seats: u32 = allot(&stakes, SEATS).unwrap()[300..].iter().sum();
			assert!(seats <= SEATS / 3 + 300, "{seats} seats for {accounts} accounts");
		}
	}

	#[test]
	fn seats_are_drawn_uniformly_so_operators_by_their_seats() {
		let (table, mut random) = (table(&[1, 4, 0, 10, 5]), stream(1));
		let (mut by_seat, mut by_operator, mut second) = (vec![0; 20], vec![0; 5], vec![0; 20]);
		for _ in 0..10_000 {
			for seat in draw(&mut table.urn(), &mut random, 3) {
				by_seat[seat as usize] += 1;
				by_operator[*table.operator(seat).unwrap()] += 1;
			}
			second[table.other(7, &mut random).unwrap() as usize] += 1;
		}
		assert_uniform(&by_seat);
		by_operator.remove(2);
		assert_follows(&by_operator, &[1.0, 4.0, 10.0, 5.0]);
		// Seat 7 is of the operator of seats 5 to 14.
		assert!(second.drain(5..15).all(|count| count == 0));
		assert_uniform(&second);
	}

	#[test]
	fn the_only_operator_has_nobody_beside_it() {
		let table = table(&[0, 9, 0]);
		assert_eq!(table.other(3, &mut stream(1)), None);
		assert_eq!(table.only(|operator| *operator != 1).any(&mut stream(1)), None);
	}

	proptest! {
		#[test]
		fn seats_sum_to_their_number_and_no_share_is_missed_by_one(
			stakes in prop::collection::vec(0..crate::token::CAP, 1..60), seats in 1u32..3_000,
		) {
			prop_assume!(stakes.iter().any(|stake| *stake > 0));
			let total: Balance = stakes.iter().sum();
			let allotted = allot(&stakes, seats).unwrap();
			prop_assert_eq!(allotted.iter().sum::<u32>(), seats);
			for (stake, got) in stakes.iter().zip(&allotted) {
				let whole = (stake * Balance::from(seats) / total) as u32;
				prop_assert!(*got == whole || *got == whole + 1, "{got} for {whole} and a rest");
				prop_assert!(*stake > 0 || *got == 0);
			}
			for (one, seats_of_one) in stakes.iter().zip(&allotted) {
				for (other, seats_of_other) in stakes.iter().zip(&allotted) {
					prop_assert!(one <= other || seats_of_one >= seats_of_other, "more stake, fewer seats");
				}
			}
		}

		#[test]
		fn whoever_is_excluded_is_never_drawn_and_the_others_keep_their_seats(
			seats in prop::collection::vec(0u32..30, 1..30), excluded: u64, seed: u64, count in 0u32..400,
		) {
			let all = table(&seats);
			let may_sit = |operator: &usize| excluded >> operator & 1 == 0;
			let eligible = all.only(may_sit);
			let drawn = draw(&mut eligible.urn(), &mut stream(seed), count);
			prop_assert_eq!(drawn.len() as u32, count.min(eligible.seats()));
			prop_assert!(drawn.iter().all(|seat| may_sit(eligible.operator(*seat).unwrap())));
			let expected: Vec<_> = all.held().filter(|(operator, _)| may_sit(operator)).collect();
			prop_assert_eq!(eligible.held().collect::<Vec<_>>(), expected);
		}

		#[test]
		fn in_a_whole_dispute_no_seat_is_drawn_twice_and_every_drawn_seat_votes(
			seats in prop::collection::vec(0u32..30, 1..30), rounds in prop::collection::vec(0u32..50, 0..9), seed: u64,
		) {
			let (table, mut urn) = (table(&seats), table(&seats).urn());
			let mut drawn = Vec::new();
			for (round, count) in rounds.into_iter().enumerate() {
				drawn.extend(draw(&mut urn, &mut stream(seed ^ round as u64), count));
			}
			let groups = table.group(drawn.iter().copied());
			prop_assert_eq!(groups.values().sum::<u32>() as usize, drawn.len());
			prop_assert!(groups.iter().all(|(operator, votes)| *votes <= seats[**operator]));
			let count = drawn.len();
			drawn.sort();
			drawn.dedup();
			prop_assert_eq!(drawn.len(), count);
		}

		#[test]
		fn a_second_auditor_is_of_another_operator(
			seats in prop::collection::vec(0u32..30, 1..30), seat: u32, seed: u64,
		) {
			let table = table(&seats);
			prop_assume!(table.seats() > 0);
			let seat = seat % table.seats();
			match table.other(seat, &mut stream(seed)) {
				Some(other) => prop_assert_ne!(table.operator(seat), table.operator(other)),
				None => prop_assert_eq!(table.held().filter(|(_, seats)| *seats > 0).count(), 1),
			}
			prop_assert_eq!(table.operator(table.seats()), None);
		}
	}
}
