//! Juries, and auditors: those who do not compute, say nothing, lie, or are bribed.

use super::{percent, Market, Row, Rules, Search};
use crate::sim::{
	exact::{self, Conduct, Outcome, Provider, Seats},
	numbers::part_of,
	table::CLASSES,
};
use anyhow::{Context, Result};
use ogpu_protocol::{
	class::Class,
	commitment::{Finding, Obstacle, Vote},
	jury::{standings, Ballot, Standing, Verdict},
	merkle::Hash,
	seats::SEATS,
	slashing::{SeatFault, Unserved},
	token::{Balance, MILLI_OGPU, OGPU},
};

/// What a check pays, and what a seat has to lose.
const CHECK: Balance = MILLI_OGPU;
const STAKE: Balance = 1_000 * OGPU;

/// The provider's digest.
const CLAIMED: Hash = [1; 32];

/// What a juror does. Only who computes has the cost of it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Juror {
	Computes,
	/// Votes for the provider's digest, and has the bytes from it.
	Shown,
	/// Names the right digest, of which it has heard, without the bytes.
	Copies,
	/// Says that the provider serves nothing.
	Missing,
	Absent,
	/// Commits, and does not reveal.
	Withholds,
	/// Votes for what is wrong, with others who do.
	Lies,
}

impl Juror {
	fn words(self) -> &'static str {
		match self {
			Self::Computes => "computes",
			Self::Shown => "votes for what the provider shows it",
			Self::Copies => "copies a digest",
			Self::Missing => "says that data is missing",
			Self::Absent => "does not commit",
			Self::Withholds => "keeps its vote back",
			Self::Lies => "votes for what is wrong",
		}
	}

	fn finding(self, provider: Provider) -> Option<Finding<Vote>> {
		let wrong = |conduct| provider.byzantine_ballots(conduct, 1).first().and_then(|ballot| ballot.finding);
		match self {
			Self::Computes => provider.honest_ballot(1).finding,
			Self::Shown => Provider::Honest.honest_ballot(1).finding,
			Self::Copies => wrong(Conduct::Copy),
			Self::Missing => Some(Err(Obstacle::OutputMissing)),
			Self::Absent | Self::Withholds => None,
			Self::Lies => wrong(Conduct::Wrong),
		}
	}

	/// What it is paid, in checks, where a jury ends like this and all others vote for the same. Undecided, half of them
	/// are wrong.
	fn paid(self, rules: &Rules, provider: Provider, is_right: Option<bool>) -> f64 {
		let wrong_verdict = if provider == Provider::Honest { Verdict::Convicted } else { Verdict::Upheld };
		let verdict = is_right.map(|is_right| if is_right { provider.right() } else { wrong_verdict });
		let right = provider.honest_ballot(10);
		let wrong = provider.byzantine_ballots(Conduct::Wrong, 10);
		let mut round = match is_right {
			Some(true) => vec![right],
			Some(false) => wrong,
			None => [vec![right], wrong].concat(),
		};
		round.push(Ballot { seats: 1, finding: self.finding(provider) });
		let standing = standings(&CLAIMED, verdict, &[round]).pop().and_then(|mut round| round.pop());
		let fine = |fault: SeatFault| -(fault.penalty(STAKE, CHECK, &rules.slashing).taken as f64) / CHECK as f64;
		match standing {
			Some(Standing::Right) => 1.0,
			Some(Standing::Wrong | Standing::Copied) => fine(SeatFault::LostVote { jury_bill: 0 }),
			Some(Standing::Silent) if self == Self::Withholds => fine(SeatFault::SilentAfterCommit { jury_bill: 0 }),
			Some(Standing::Silent) => fine(SeatFault::SilentBeforeCommit),
			Some(Standing::Unpaid) | None => 0.0,
		}
	}
}

/// How a jury about a guilty and about an honest provider ends.
struct Juries {
	class: &'static str,
	share: f64,
	guilty: Outcome,
	honest: Outcome,
}

impl Juries {
	/// The juror's own seat is counted to the byzantine ones.
	fn of((name, class): (&'static str, Class), share: f64) -> Self {
		let byzantine = part_of(share, SEATS).saturating_add(1);
		let seats = Seats { honest: SEATS.saturating_sub(byzantine), byzantine };
		let [guilty, honest] = [Provider::Guilty, Provider::Honest]
			.map(|provider| exact::jury(class.jury, seats, provider, Conduct::Wrong));
		Self { class: name, share, guilty, honest }
	}

	/// What a juror expects, in checks, that takes the provider for guilty with this probability.
	fn expected(&self, rules: &Rules, juror: Juror, guilty: f64) -> f64 {
		let of = |provider, ends: &Outcome| {
			ends.right * juror.paid(rules, provider, Some(true))
				+ ends.wrong * juror.paid(rules, provider, Some(false))
				+ ends.void * juror.paid(rules, provider, None)
		};
		guilty * of(Provider::Guilty, &self.guilty) + (1.0 - guilty) * of(Provider::Honest, &self.honest)
	}

	fn words(&self, guilty: f64, cost: f64) -> String {
		format!(
			"class {}, {} of the seats lie, the provider is guilty with {}, and computing costs {} of its pay",
			self.class,
			percent(self.share),
			percent(guilty),
			percent(cost)
		)
	}
}

/// What computing costs, of what it pays.
const COSTS: [f64; 3] = [0.1, 0.5, 0.9];

/// In checks. As much as the fine of the chain's own rules, at most.
const BRIBES: [f64; 3] = [1.0, 2.5, 5.0];

const UNIT: &str = "a check's pay";

pub fn search(rules: &Rules) -> Result<Vec<Row>> {
	let kind = |deviation| Search::of(Market::Jury, deviation, UNIT);
	let mut lazy = kind("a juror that does not compute");
	let mut bribed = kind("a juror that lies or keeps its vote back, for up to the fine");
	let mut trusting = kind("a juror that trusts a provider it takes for honest")
		.known("nobody calls a jury over an honest provider for nothing: it costs more than the jury");
	let mut missing = kind("a juror that is bribed to stay away, or to say that data is missing")
		.known("neither is fined, or hardly: it may have been offline, and the data missing");
	for class in CLASSES {
		for share in [0.0, rules.share / 2.0, rules.share] {
			let juries = Juries::of(class, share);
			for cost in COSTS {
				let honest = |guilty| juries.expected(rules, Juror::Computes, guilty) - cost;
				for guilty in [0.25, 0.5, 0.75, 1.0] {
					lazy.environment();
					for juror in [Juror::Shown, Juror::Copies, Juror::Missing, Juror::Absent, Juror::Withholds] {
						let earned = juries.expected(rules, juror, guilty);
						lazy.play(honest(guilty), earned, || [juror.words().into(), juries.words(guilty, cost)]);
					}
				}
				for guilty in [0.0, 0.1] {
					trusting.environment();
					let earned = juries.expected(rules, Juror::Shown, guilty);
					trusting.play(honest(guilty), earned, || [Juror::Shown.words().into(), juries.words(guilty, cost)]);
				}
				// Whoever pays for a verdict knows that it is wrong.
				for guilty in [0.0, 1.0] {
					for (search, jurors) in [
						(&mut bribed, &[Juror::Lies, Juror::Withholds]),
						(&mut missing, &[Juror::Missing, Juror::Absent]),
					] {
						search.environment();
						for (juror, bribe) in jurors.iter().flat_map(|juror| BRIBES.map(|bribe| (*juror, bribe))) {
							let earned = juries.expected(rules, juror, guilty) + bribe;
							search.play(honest(guilty), earned, || {
								[format!("{} for {bribe} checks", juror.words()), juries.words(guilty, cost)]
							});
						}
					}
				}
			}
		}
	}
	let jurors = [lazy, bribed, trusting, missing].map(Search::finish);
	Ok(jurors.into_iter().chain(auditors(rules)?).collect())
}

/// Auditors, whose leaves a jury judges if they differ.
fn auditors(rules: &Rules) -> Result<Vec<Row>> {
	let kind = |deviation| Search::of(Market::Jury, deviation, UNIT);
	let mut idle = kind("an auditor that is silent, or alarms without cause");
	let mut trusting = kind("an auditor that approves what an honest provider tells it")
		.known("sealed tasks with a known wrong leaf will find it");
	let mut bribed = kind("an auditor that approves a wrong leaf for up to its fine")
		.known("a bribe moves the share of dishonest auditors, which the bond takes for a fifth");
	for (name, class) in CLASSES {
		for share in [0.0, rules.share / 2.0, rules.share] {
			let juries = Juries::of((name, class), share);
			let jury_bill = CHECK.checked_mul(class.jury.draw_seats.into()).context("sums overflow")?;
			let fine = |fault: SeatFault| fault.penalty(STAKE, CHECK, &rules.slashing).taken as f64 / CHECK as f64;
			// An honest second auditor differs, and a jury agrees with it.
			let second = f64::from(class.doubled_billionths) / 1e9 * (1.0 - share) * juries.guilty.right;
			let approval = second * (1.0 + fine(SeatFault::WrongApproval { jury_bill: 0 }));
			for cost in COSTS {
				let honest = 1.0 - cost;
				idle.environment();
				let unserved = Unserved { jury_bill, auditors: 2 }.auditors().last().context("there are auditors")?;
				for (words, fault) in [
					("does not commit", SeatFault::SilentBeforeCommit),
					("says that it was not served", unserved),
					("keeps its finding back", SeatFault::SilentAfterReveal { jury_bill }),
					("raises a false alarm", SeatFault::FalseAlarm { jury_bill }),
				] {
					idle.play(honest, -fine(fault), || [words.into(), juries.words(0.0, cost)]);
				}
				for guilty in [0.0, 0.01, 0.1] {
					trusting.environment();
					trusting.play(honest, 1.0 - guilty * approval, || {
						["approves what it is told".into(), juries.words(guilty, cost)]
					});
				}
				bribed.environment();
				for bribe in [1.0, 5.0, 20.0] {
					bribed.play(honest, 1.0 - approval + bribe, || {
						[format!("approves for {bribe} checks"), juries.words(1.0, cost)]
					});
				}
			}
		}
	}
	Ok([idle, trusting, bribed].map(Search::finish).into())
}
