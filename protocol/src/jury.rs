//! The jury on one disputed leaf: repeated random sampling until one answer is far enough ahead.
//!
//! The votes of all rounds are one walk, and a tally wins when it is a margin ahead of everything else together. With a
//! share *f* of dishonest seats the wrong one gets there with a probability of at most (f / (1 − f))^margin, however
//! many seats each round draws; who disagrees can only prolong the walk. That a round may decide although some of its
//! seats were silent follows: the walk may stop anywhere.

use crate::{
	commitment::{Finding, Obstacle, Vote},
	merkle::Hash,
};
use alloc::{collections::BTreeMap, vec::Vec};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// How a jury is drawn and when it has decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Rules {
	/// How many seats a round draws.
	pub draw_seats: u32,
	/// How far a tally must be ahead of the others together.
	pub margin_seats: u32,
	/// How many seats are heard at most.
	pub cap_seats: u32,
	/// How many silent seats are replaced without counting as heard. Further ones count, so that every dispute ends.
	pub redraw_seats: u32,
}

/// What an operator said with the seats that were drawn for it in a round; `None` if it was silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ballot {
	pub seats: u32,
	pub finding: Option<Finding<Vote>>,
}

/// What a jury decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum Verdict {
	/// The leaf is what the provider says.
	Upheld,
	/// Nobody could compute it: what the client, or the service's publisher, has to supply is missing or invalid.
	InputAtFault,
	/// It is something else, or the provider does not serve it.
	Convicted,
}

/// The seats that stood for each verdict so far.
#[derive(
	Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Tally {
	pub upheld: u32,
	pub input_at_fault: u32,
	pub convicted: u32,
	/// Seats that named a digest without holding the leaf's bytes. They stand against whatever would win.
	pub copied: u32,
}

impl Tally {
	/// The verdict that is so many seats ahead of everything else together. There is at most one, since it has more
	/// than half of all; the margin is at least one.
	pub fn verdict(&self, margin_seats: u32) -> Option<Verdict> {
		let candidates = [
			(self.upheld, Verdict::Upheld),
			(self.input_at_fault, Verdict::InputAtFault),
			(self.convicted, Verdict::Convicted),
		];
		let wins = |seats: u32| {
			let others = self.heard_seats().saturating_sub(seats.into());
			u64::from(seats) >= others.saturating_add(margin_seats.max(1).into())
		};
		candidates.into_iter().find(|(seats, _)| wins(*seats)).map(|(_, verdict)| verdict)
	}

	/// How many seats have voted.
	pub fn heard_seats(&self) -> u64 {
		[self.upheld, self.input_at_fault, self.convicted, self.copied].map(u64::from).iter().sum()
	}

	fn add(&mut self, claimed: &Hash, round: &[Ballot]) {
		let bindings = bindings(round);
		for Ballot { seats, finding } in round {
			let tally = match finding {
				None => continue,
				Some(Ok(vote)) if bindings.get(&vote.digest) != Some(&vote.binding) => &mut self.copied,
				Some(Ok(vote)) if vote.digest == *claimed => &mut self.upheld,
				Some(Ok(_) | Err(Obstacle::OutputMissing)) => &mut self.convicted,
				Some(Err(Obstacle::InputMissing | Obstacle::InputInvalid)) => &mut self.input_at_fault,
			};
			*tally = tally.saturating_add(*seats);
		}
	}
}

/// Of each digest that a round names, the binding with the most seats: those who computed the digest agree on it, those
/// who only heard of the digest do not. Of equally many the lowest, so that never two count.
fn bindings(round: &[Ballot]) -> BTreeMap<Hash, Hash> {
	let mut seats = BTreeMap::<_, u64>::new();
	for (vote, weight) in votes(round) {
		let sum = seats.entry((vote.digest, vote.binding)).or_default();
		*sum = sum.saturating_add(weight);
	}
	let mut most = BTreeMap::<_, (u64, Hash)>::new();
	for ((digest, binding), seats) in seats {
		let best = most.entry(digest).or_insert((seats, binding));
		if seats > best.0 {
			*best = (seats, binding);
		}
	}
	most.into_iter().map(|(digest, (_, binding))| (digest, binding)).collect()
}

fn votes(round: &[Ballot]) -> impl Iterator<Item = (&Vote, u64)> {
	round.iter().filter_map(|ballot| Some((ballot.finding.as_ref()?.as_ref().ok()?, ballot.seats.into())))
}

/// A dispute that waits for the votes of a round. Plain numbers, to be stored, or made again by replaying its rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Dispute {
	pub rules: Rules,
	/// The digest that the provider's reveal proves.
	pub claimed: Hash,
	/// How many seats may be drawn in all.
	pub eligible_seats: u32,
	pub drawn_seats: u32,
	pub silent_seats: u32,
	pub tally: Tally,
}

/// How a dispute goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
	/// So many further seats are to be drawn; never none, and never more than there are.
	Draw(Dispute, u32),
	Decided(Verdict, Tally),
	/// Nobody may be drawn any more and nothing is decided.
	Void(Tally),
}

impl Dispute {
	/// A dispute among the seats of a table about the digest that the provider claims.
	pub fn open(rules: Rules, claimed: Hash, eligible_seats: u32) -> Next {
		let tally = Tally::default();
		Self { rules, claimed, eligible_seats, drawn_seats: 0, silent_seats: 0, tally }.draw(rules.draw_seats)
	}

	/// Counts the ballots of a round, of all who were drawn for it, in any order. While it is undecided, silent seats
	/// are replaced first, as a round of its own: what they cost is their own fault, and often decides.
	pub fn round(mut self, ballots: &[Ballot]) -> Next {
		let sum = |counts: fn(&&Ballot) -> bool| {
			ballots.iter().filter(counts).fold(0u32, |sum, ballot| sum.saturating_add(ballot.seats))
		};
		let drawn = sum(|_| true);
		let excused_before = self.excused_seats();
		self.drawn_seats = self.drawn_seats.saturating_add(drawn);
		self.silent_seats = self.silent_seats.saturating_add(sum(|ballot| ballot.finding.is_none()));
		self.tally.add(&self.claimed, ballots);

		if let Some(verdict) = self.tally.verdict(self.rules.margin_seats) {
			return Next::Decided(verdict, self.tally);
		}
		match self.excused_seats().saturating_sub(excused_before) {
			// Nobody was drawn, so nothing will ever change.
			_ if drawn == 0 => Next::Void(self.tally),
			0 => self.draw(self.rules.draw_seats),
			excused => self.draw(excused),
		}
	}

	/// How many seats have been silent without counting to the cap.
	fn excused_seats(&self) -> u32 {
		self.silent_seats.min(self.rules.redraw_seats)
	}

	fn draw(self, wanted_seats: u32) -> Next {
		let counted = self.drawn_seats.saturating_sub(self.excused_seats());
		let seats = wanted_seats
			.min(self.rules.cap_seats.saturating_sub(counted))
			.min(self.eligible_seats.saturating_sub(self.drawn_seats));
		if seats == 0 {
			Next::Void(self.tally)
		} else {
			Next::Draw(self, seats)
		}
	}
}

/// How a juror stands when its dispute has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum Standing {
	/// It computed what the jury established. Paid.
	Right,
	/// It named another digest than the one that the jury established. Fined.
	Wrong,
	/// It named a digest without holding the bytes. It counts as losing, like `Wrong`.
	Copied,
	/// It said that something is missing, or computed something although nothing was established.
	Unpaid,
	/// It said nothing.
	Silent,
}

/// How each juror stands: for the ballots of each round, in their order. Without a verdict (Void) nobody is fined, and
/// whoever computed is paid.
///
/// A juror is wrong only against a digest. Where the verdict rests on missing data there is none, and whether data
/// could be had may have differed from juror to juror. A conviction pays only for the digest that most of those who
/// convict agree on, or whoever expects a conviction could name any.
pub fn standings<R: AsRef<[Ballot]>>(claimed: &Hash, verdict: Option<Verdict>, rounds: &[R]) -> Vec<Vec<Standing>> {
	let established = verdict.and_then(|verdict| established(claimed, verdict, rounds));
	let standing = |bindings: &BTreeMap<Hash, Hash>, ballot: &Ballot| match (ballot.finding, established) {
		(None, _) => Standing::Silent,
		(Some(Err(_)), _) => Standing::Unpaid,
		(Some(Ok(vote)), _) if bindings.get(&vote.digest) != Some(&vote.binding) => {
			verdict.map_or(Standing::Unpaid, |_| Standing::Copied)
		}
		(Some(Ok(vote)), Some(digest)) if vote.digest == digest => Standing::Right,
		(Some(Ok(_)), Some(_)) => Standing::Wrong,
		(Some(Ok(_)), None) => verdict.map_or(Standing::Right, |_| Standing::Unpaid),
	};
	let of_round = |round: &R| {
		let bindings = bindings(round.as_ref());
		round.as_ref().iter().map(|ballot| standing(&bindings, ballot)).collect()
	};
	rounds.iter().map(of_round).collect()
}

/// The digest that a verdict rests on, if it rests on one.
fn established<R: AsRef<[Ballot]>>(claimed: &Hash, verdict: Verdict, rounds: &[R]) -> Option<Hash> {
	match verdict {
		Verdict::Upheld => return Some(*claimed),
		Verdict::InputAtFault => return None,
		Verdict::Convicted => {}
	}
	let mut reasons = BTreeMap::<Option<Hash>, u64>::new();
	for round in rounds.iter().map(AsRef::as_ref) {
		let bindings = bindings(round);
		let digests = votes(round)
			.filter(|(vote, _)| vote.digest != *claimed && bindings.get(&vote.digest) == Some(&vote.binding))
			.map(|(vote, seats)| (Some(vote.digest), seats));
		let missing = round
			.iter()
			.filter(|ballot| ballot.finding == Some(Err(Obstacle::OutputMissing)))
			.map(|ballot| (None, ballot.seats.into()));
		for (reason, seats) in digests.chain(missing) {
			let sum = reasons.entry(reason).or_default();
			*sum = sum.saturating_add(seats);
		}
	}
	let most = *reasons.values().max()?;
	let mut leading = reasons.into_iter().filter(|(_, seats)| *seats == most);
	let (reason, _) = leading.next()?;
	reason.filter(|_| leading.next().is_none())
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{
		class::Class,
		random::tests::stream,
		seats::{allot, draw, Table, SEATS},
	};
	use proptest::prelude::*;
	use std::collections::HashMap;

	const CLAIMED: Hash = [1; 32];
	const OTHER: Hash = [2; 32];
	const THIRD: Hash = [3; 32];
	const SMALL: Rules = Class::STANDARD.jury;

	fn ballot(seats: u32, finding: Option<Finding<Vote>>) -> Ballot {
		Ballot { seats, finding }
	}

	/// Of a juror that computed this digest: its binding is of the bytes.
	fn computed(seats: u32, digest: Hash) -> Ballot {
		ballot(seats, Some(Ok(Vote { digest, binding: digest })))
	}

	/// Of a juror that heard of this digest.
	fn heard(seats: u32, digest: Hash, guess: u8) -> Ballot {
		ballot(seats, Some(Ok(Vote { digest, binding: [guess; 32] })))
	}

	fn obstacle(seats: u32, obstacle: Obstacle) -> Ballot {
		ballot(seats, Some(Err(obstacle)))
	}

	fn silent(seats: u32) -> Ballot {
		ballot(seats, None)
	}

	fn opened(next: Next) -> (Dispute, u32) {
		match next {
			Next::Draw(dispute, seats) => (dispute, seats),
			over => panic!("{over:?}"),
		}
	}

	fn open() -> Dispute {
		opened(Dispute::open(SMALL, CLAIMED, 1_000)).0
	}

	fn verdict(ballots: &[Ballot]) -> Option<Verdict> {
		match open().round(ballots) {
			Next::Decided(verdict, _) => Some(verdict),
			_ => None,
		}
	}

	#[test]
	fn eleven_who_agree_decide_in_one_round() {
		assert_eq!(opened(Dispute::open(SMALL, CLAIMED, 1_000)).1, 11);
		assert_eq!(verdict(&[computed(11, CLAIMED)]), Some(Verdict::Upheld));
		assert_eq!(verdict(&[computed(4, OTHER), computed(7, OTHER)]), Some(Verdict::Convicted));
		assert_eq!(verdict(&[obstacle(11, Obstacle::OutputMissing)]), Some(Verdict::Convicted));
		let inputs = [obstacle(5, Obstacle::InputMissing), obstacle(6, Obstacle::InputInvalid)];
		assert_eq!(verdict(&inputs), Some(Verdict::InputAtFault));
		let against = [computed(5, OTHER), computed(3, THIRD), obstacle(3, Obstacle::OutputMissing)];
		assert_eq!(verdict(&against), Some(Verdict::Convicted), "whatever speaks against the provider adds up");
	}

	#[test]
	fn one_who_disagrees_calls_another_round_and_the_walk_goes_on() {
		let (second, seats) = opened(open().round(&[computed(10, CLAIMED), computed(1, OTHER)]));
		assert_eq!(seats, 11);
		let tally = Tally { upheld: 11, convicted: 1, ..Tally::default() };
		assert_eq!(second.round(&[computed(1, CLAIMED), silent(10)]), Next::Decided(Verdict::Upheld, tally));
	}

	#[test]
	fn a_digest_copied_without_the_bytes_is_no_vote_for_it_nor_for_anything_else() {
		let (dispute, _) = opened(open().round(&[computed(6, CLAIMED), heard(3, CLAIMED, 8), heard(2, CLAIMED, 9)]));
		assert_eq!(dispute.tally, Tally { upheld: 6, copied: 5, ..Tally::default() });
		// Ten copiers who each guess are not ten votes for a wrong digest.
		let guesses: Vec<_> = (10..20).map(|guess| heard(1, CLAIMED, guess)).collect();
		let (dispute, _) = opened(open().round(&guesses));
		assert_eq!(dispute.tally, Tally { upheld: 1, copied: 9, ..Tally::default() });
	}

	#[test]
	fn silent_seats_are_replaced_first_and_do_not_count_to_the_cap() {
		let (dispute, seats) = opened(open().round(&[computed(8, CLAIMED), silent(3)]));
		assert_eq!(seats, 3, "only those who were silent");
		let tally = Tally { upheld: 11, ..Tally::default() };
		assert_eq!(dispute.round(&[computed(3, CLAIMED)]), Next::Decided(Verdict::Upheld, tally));
	}

	#[test]
	fn who_is_always_silent_ends_the_dispute_after_cap_and_redraws() {
		let (mut next, mut drawn) = (Dispute::open(SMALL, CLAIMED, 1_000), 0);
		while let Next::Draw(dispute, seats) = next {
			drawn += seats;
			next = dispute.round(&[silent(seats)]);
		}
		assert_eq!(next, Next::Void(Tally::default()));
		assert_eq!(drawn, SMALL.cap_seats + SMALL.redraw_seats);
	}

	#[test]
	fn without_seats_or_without_anybody_drawn_it_is_void() {
		assert_eq!(Dispute::open(SMALL, CLAIMED, 0), Next::Void(Tally::default()));
		assert_eq!(open().round(&[]), Next::Void(Tally::default()));
		let (dispute, seats) = opened(Dispute::open(SMALL, CLAIMED, 5));
		assert_eq!(seats, 5, "as many as there are");
		assert!(matches!(dispute.round(&[computed(5, CLAIMED)]), Next::Void(_)));
	}

	#[test]
	fn jurors_stand_by_what_they_computed() {
		use Standing::*;
		let rounds = [
			vec![computed(7, OTHER), computed(1, CLAIMED), computed(1, THIRD), heard(1, OTHER, 9), silent(1)],
			vec![obstacle(2, Obstacle::OutputMissing), obstacle(1, Obstacle::InputMissing), computed(8, OTHER)],
		];
		let of = |verdict| standings(&CLAIMED, verdict, &rounds);
		assert_eq!(
			of(Some(Verdict::Convicted)),
			[vec![Right, Wrong, Wrong, Copied, Silent], vec![Unpaid, Unpaid, Right]],
			"who names any digest because a conviction is likely is wrong too"
		);
		assert_eq!(of(Some(Verdict::Upheld)), [vec![Wrong, Right, Wrong, Copied, Silent], vec![Unpaid, Unpaid, Wrong]]);
		assert_eq!(of(None), [vec![Right, Right, Right, Unpaid, Silent], vec![Unpaid, Unpaid, Right]]);
	}

	#[test]
	fn where_data_is_missing_nobody_is_wrong_who_had_it() {
		use Standing::*;
		let rounds = [[computed(1, CLAIMED), computed(1, OTHER), obstacle(15, Obstacle::OutputMissing)]];
		assert_eq!(standings(&CLAIMED, Some(Verdict::Convicted), &rounds), [[Unpaid; 3]]);
		let rounds = [[computed(1, CLAIMED), obstacle(12, Obstacle::InputMissing)]];
		assert_eq!(standings(&CLAIMED, Some(Verdict::InputAtFault), &rounds), [[Unpaid; 2]]);
	}

	/// Outcomes of disputes in which so many of a million seats vote for the wrong verdict, as probabilities, and the
	/// seats that are heard on average. Exact but for floating point: every draw is followed, through [`Dispute`].
	fn outcomes(rules: Rules, dishonest: u32) -> (f64, f64, f64) {
		let choose = |of: u32, count: u32| (0..count).fold(1.0, |ways, i| ways * f64::from(of - i) / f64::from(i + 1));
		let (mut wrong, mut void, mut heard) = (0.0, 0.0, 0.0);
		let (first, _) = opened(Dispute::open(rules, CLAIMED, SEATS));
		let mut waiting = HashMap::from([((0, 0), (first, rules.draw_seats, 1.0))]);
		while !waiting.is_empty() {
			for (_, (dispute, seats, probability)) in core::mem::take(&mut waiting) {
				let liars = dishonest - dispute.tally.convicted;
				let honest = SEATS - dishonest - dispute.tally.upheld;
				for lies in 0..=seats.min(liars) {
					let ways = choose(liars, lies) * choose(honest, seats - lies) / choose(liars + honest, seats);
					let probability = probability * ways;
					match dispute.round(&[computed(seats - lies, CLAIMED), computed(lies, OTHER)]) {
						Next::Draw(next, seats) => {
							let key = (next.tally.upheld, next.tally.convicted);
							waiting.entry(key).or_insert((next, seats, 0.0)).2 += probability;
							continue;
						}
						Next::Decided(verdict, tally) => {
							wrong += if verdict == Verdict::Convicted { probability } else { 0.0 };
							heard += probability * tally.heard_seats() as f64;
						}
						Next::Void(tally) => {
							void += probability;
							heard += probability * tally.heard_seats() as f64;
						}
					}
				}
			}
		}
		(wrong, void, heard)
	}

	#[test]
	fn juries_err_no_more_often_than_the_protocol_says() {
		let (small, large) = (Class::STANDARD.jury, Class::HIGH.jury);
		for (rules, dishonest, most) in
			[(small, 200_000, 1e-6), (small, 333_334, 3e-3), (large, 200_000, 1e-12), (large, 333_334, 1e-6)]
		{
			let (wrong, void, heard) = outcomes(rules, dishonest);
			assert!(
				wrong <= most,
				"{wrong} of {rules:?} with {dishonest} dishonest seats ({void} void, {heard} heard)"
			);
		}
		assert_eq!(outcomes(large, 0), (0.0, 0.0, 23.0));
		let (_, void, heard) = outcomes(large, 333_334);
		assert!(void <= 0.01 && (78.0..92.0).contains(&heard), "{void} void, {heard} heard");
	}

	/// From the table of seats to the verdicts: a fifth of the stake, in two operators, always names another digest.
	#[test]
	fn three_thousand_drawn_juries_uphold_an_honest_provider() {
		let stakes = [120, 110, 100, 90, 90, 80, 80, 80, 50, 80, 120];
		let allotted = allot(&stakes, SEATS).unwrap();
		let table = Table::new((0u32..).zip(allotted).collect()).unwrap();
		let mut heard = 0;
		for task in 0..3_000 {
			let (mut urn, mut random) = (table.urn(), stream(task));
			let mut next = Dispute::open(SMALL, CLAIMED, table.seats());
			while let Next::Draw(dispute, seats) = next {
				let drawn = draw(&mut urn, &mut random, seats);
				let vote = |operator: u32| if operator < 9 { CLAIMED } else { OTHER };
				let ballots = table.group(drawn).into_iter().map(|(operator, seats)| computed(seats, vote(*operator)));
				next = dispute.round(&ballots.collect::<Vec<_>>());
			}
			let Next::Decided(Verdict::Upheld, tally) = next else { panic!("{next:?}") };
			heard += tally.heard_seats();
		}
		let mean = heard as f64 / 3_000.0;
		assert!((22.0..23.4).contains(&mean), "{mean} heard where 22.7 are expected");
	}

	fn findings() -> impl Strategy<Value = Option<Finding<Vote>>> {
		let digests = prop::sample::select(vec![CLAIMED, CLAIMED, OTHER, THIRD]);
		let bindings = prop::sample::select(vec![CLAIMED, CLAIMED, OTHER]);
		let obstacles =
			prop::sample::select(vec![Obstacle::OutputMissing, Obstacle::InputMissing, Obstacle::InputInvalid]);
		prop_oneof![
			6 => (digests, bindings).prop_map(|(digest, binding)| Some(Ok(Vote { digest, binding }))),
			2 => obstacles.prop_map(|obstacle| Some(Err(obstacle))),
			1 => Just(None),
		]
	}

	/// A long dispute: enough operators for the rounds to be filled from.
	fn operators() -> impl Strategy<Value = Vec<Ballot>> {
		prop::collection::vec((1u32..5, findings()).prop_map(|(seats, finding)| ballot(seats, finding)), 0..150)
	}

	/// As many of the ballots as fill a round, the last one cut.
	fn fill(ballots: &mut Vec<Ballot>, seats: u32) -> Vec<Ballot> {
		let (mut round, mut left) = (Vec::new(), seats);
		while left > 0 {
			let ballot = ballots.pop().unwrap_or(silent(left));
			round.push(Ballot { seats: ballot.seats.min(left), ..ballot });
			left -= ballot.seats.min(left);
		}
		round
	}

	proptest! {
		#[test]
		fn no_tally_lets_two_verdicts_win(
			tally in any::<[u32; 4]>(), low in prop::array::uniform4(0u32..40), margin in 0u32..40,
		) {
			for [upheld, input_at_fault, convicted, copied] in [tally, low] {
				let tally = Tally { upheld, input_at_fault, convicted, copied };
				let margin_of = |seats: u32| 2 * i64::from(seats) - tally.heard_seats() as i64;
				let wins: Vec<_> = [
					(upheld, Verdict::Upheld),
					(input_at_fault, Verdict::InputAtFault),
					(convicted, Verdict::Convicted),
				]
				.into_iter()
				.filter(|(seats, _)| margin_of(*seats) >= i64::from(margin.max(1)))
				.map(|(_, verdict)| verdict)
				.collect();
				prop_assert!(wins.len() <= 1);
				prop_assert_eq!(tally.verdict(margin), wins.first().copied());
			}
		}

		#[test]
		fn the_order_of_votes_within_a_round_does_not_matter(
			(ballots, shuffled) in
				operators().prop_flat_map(|ballots| (Just(ballots.clone()), Just(ballots).prop_shuffle())),
		) {
			prop_assert_eq!(open().round(&ballots), open().round(&shuffled));
			let order = |ballots: &[Ballot]| {
				let mut pairs: Vec<_> = ballots
					.iter()
					.zip(standings(&CLAIMED, Some(Verdict::Convicted), &[ballots]).concat())
					.map(|pair| format!("{pair:?}"))
					.collect();
				pairs.sort();
				pairs
			};
			prop_assert_eq!(order(&ballots), order(&shuffled));
		}

		#[test]
		fn a_dispute_ends_at_the_cap_if_not_before_and_hears_no_more(
			mut ballots in operators(), redraw_seats in 0u32..120, eligible in 0u32..400,
		) {
			let rules = Rules { redraw_seats, ..SMALL };
			let mut next = Dispute::open(rules, CLAIMED, eligible);
			let (mut drawn, mut silent_seats, mut rounds) = (0, 0, vec![]);
			while let Next::Draw(dispute, seats) = next {
				prop_assert!(seats > 0 && seats <= rules.draw_seats);
				let round = fill(&mut ballots, seats);
				drawn += seats;
				let silent = round.iter().filter(|ballot| ballot.finding.is_none());
				silent_seats += silent.map(|ballot| ballot.seats).sum::<u32>();
				prop_assert!(drawn <= eligible);
				prop_assert!(drawn - silent_seats.min(redraw_seats) <= rules.cap_seats);
				next = dispute.round(&round);
				rounds.push(round);
			}
			// Stored rounds give the same dispute again.
			let replayed = rounds.iter().fold(Dispute::open(rules, CLAIMED, eligible), |next, round| match next {
				Next::Draw(dispute, _) => dispute.round(round),
				over => over,
			});
			prop_assert_eq!(replayed, next);
			match next {
				Next::Void(tally) => {
					prop_assert_eq!(tally.verdict(rules.margin_seats), None);
					let counted = drawn - silent_seats.min(redraw_seats);
					prop_assert!(counted == rules.cap_seats || drawn == eligible, "{counted} counted, {drawn} drawn");
				},
				Next::Decided(verdict, tally) => {
					prop_assert_eq!(tally.verdict(rules.margin_seats), Some(verdict));
					// Nobody is fined who named what was established, and nobody paid who did not compute.
					let established = established(&CLAIMED, verdict, &rounds);
					let standings = standings(&CLAIMED, Some(verdict), &rounds).concat();
					for (ballot, standing) in rounds.iter().flatten().zip(standings) {
						let digest = ballot.finding.and_then(Result::ok).map(|vote| vote.digest);
						match standing {
							Standing::Right => prop_assert!(digest.is_some() && digest == established),
							Standing::Wrong => {
								prop_assert!(digest.is_some() && established.is_some() && digest != established)
							},
							Standing::Copied => prop_assert!(digest.is_some()),
							Standing::Unpaid => prop_assert!(digest.is_none() || established.is_none()),
							Standing::Silent => prop_assert_eq!(ballot.finding, None),
						}
					}
				},
				Next::Draw(..) => unreachable!(),
			}
		}
	}
}
