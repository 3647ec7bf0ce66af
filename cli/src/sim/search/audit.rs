//! Audits: leaves that were not computed, with accomplices among auditors, jurors, authors, clients and finders.

use super::{percent, Market, Row, Rules, Search};
use crate::sim::{
	audit::{detection, of_class, rerolled},
	exact::{self, Conduct, Outcome, Provider, Seats},
	numbers::part_of,
	table::CLASSES,
};
use anyhow::{Context, Result};
use ogpu_protocol::{
	class::Class,
	cost::Checking,
	detection::Sampling,
	math::mul_div,
	random::CERTAIN_BILLIONTHS,
	seats::SEATS,
	slashing::{pin, Conviction, Pay},
	token::{Balance, OGPU},
};

const FEE: Balance = 100 * OGPU;

/// A task, and what would be taken of its provider.
struct Task<'a> {
	rules: &'a Rules,
	name: &'static str,
	class: Class,
	leaves: u32,
	/// What a check pays, and the first round of a jury.
	leaf_fee: Balance,
	jury_bill: Balance,
	/// What the client has paid before the audit: milestones, or a first response.
	released: Balance,
	pinned: Balance,
}

/// Who is of the provider's alliance.
#[derive(Clone, Copy)]
struct Alliance {
	/// Their share of the seats.
	share: f64,
	/// Whether they skip blocks, too.
	rerolls: bool,
	is_client: bool,
	is_finder: bool,
}

/// How the provider cheats.
#[derive(Clone, Copy)]
struct Fake {
	wrong: u32,
	/// Whether openings are served to honest auditors and jurors. If not, any leaf that one of them draws convicts.
	serves_all: bool,
}

impl<'a> Task<'a> {
	/// A check pays a share of what a leaf does.
	fn new(
		rules: &'a Rules,
		(name, class): (&'static str, Class),
		leaves: u32,
		check_share: u32,
		released: Balance,
	) -> Option<Self> {
		let leaf_fee = mul_div(FEE.checked_div(leaves.into())?, check_share.into(), 100)?;
		let jury_bill = leaf_fee.checked_mul(class.jury.draw_seats.into())?;
		let bond = Sampling::of(&class, leaves).bond(FEE, jury_bill)?;
		let bond = mul_div(bond, rules.bond_billionths.into(), CERTAIN_BILLIONTHS.into())?;
		let pinned = pin(bond, jury_bill, FEE, released, &rules.slashing);
		Some(Self { rules, name, class, leaves, leaf_fee, jury_bill, released, pinned })
	}

	/// The probability that a jury meets over what is wrong.
	fn detected(&self, alliance: Alliance, fake: Fake) -> Result<f64> {
		let sampling = of_class(&self.class, self.leaves, alliance.share);
		let wrong = if fake.serves_all { fake.wrong } else { self.leaves };
		if alliance.rerolls {
			rerolled(&sampling, wrong, alliance.share).context("too many leaves")
		} else {
			detection(&sampling, wrong)
		}
	}

	/// What faking earns the alliance more than honest work would, as a share of the fee. The work costs all that it
	/// pays, so that skipping it is worth most.
	fn earned(&self, alliance: Alliance, fake: Fake, jury: &Outcome) -> Result<f64> {
		let rules = &self.rules.slashing;
		let pay = |fee| Pay::of(fee, rules).provider as f64;
		let done = 1.0 - f64::from(fake.wrong) / f64::from(self.leaves);
		let computed = pay(FEE) * done;
		let conviction = Conviction {
			lock: self.pinned,
			bond: self.pinned,
			jury_bill: self.jury_bill,
			fee: FEE,
			spent_by_client: self.released,
			has_finder: alliance.is_finder,
		};
		let penalty = conviction.penalty(rules);
		let returned = alliance.share * penalty.to.jury as f64
			+ penalty.to.finder as f64
			+ if alliance.is_client { penalty.to.client as f64 } else { 0.0 };
		let mut paid = pay(FEE) - computed;
		let mut undecided = pay(self.released) - computed;
		if alliance.is_client {
			let checking = Checking::of(&self.class, self.leaves, 0, 0, 0).expected_fee(self.leaf_fee);
			paid -= FEE as f64 + (1.0 - alliance.share) * checking as f64;
			undecided -= self.released as f64;
		}
		let convicted = undecided - penalty.taken as f64 + returned;
		let detected = self.detected(alliance, fake)?;
		let disputed = jury.right * convicted + jury.wrong * paid + jury.void * undecided;
		Ok(((1.0 - detected) * paid + detected * disputed) / FEE as f64)
	}

	fn words(&self, alliance: Alliance) -> String {
		format!(
			"class {}, {} leaves, a check pays {} of a leaf, {} paid in advance, {} of the seats are accomplices",
			self.name,
			self.leaves,
			percent(self.leaf_fee as f64 * f64::from(self.leaves) / FEE as f64),
			percent(self.released as f64 / FEE as f64),
			percent(alliance.share)
		)
	}
}

impl Fake {
	fn words(&self, task: &Task) -> String {
		let serves = if self.serves_all { "" } else { ", and serves accomplices alone" };
		format!("fakes {} of {} leaves{serves}", self.wrong, task.leaves)
	}
}

/// Numbers of leaves to fake: one, some, all.
fn wrongs(leaves: u32) -> Vec<u32> {
	let mut wrongs: Vec<_> =
		[0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.3, 1.0].map(|share| part_of(share, leaves)).into();
	wrongs.dedup();
	wrongs
}

pub fn search(rules: &Rules) -> Result<Vec<Row>> {
	let kind = |deviation| Search::of(Market::Audit, deviation, "the fee");
	let mut fair = kind("faking leaves, with colluding auditors and jurors");
	let mut rerolling = kind("faking leaves, with authors that skip blocks besides");
	let mut paid = kind("faking leaves of work that is paid at once");
	let mut finder = kind("faking leaves, with a friend who finds it once it is caught");
	let mut own = kind("ordering fakes from oneself, against not ordering");
	let fakes = |serves_all| move |wrong| Fake { wrong, serves_all };

	for class in CLASSES {
		for share in [0.0, rules.share / 2.0, rules.share] {
			let byzantine = part_of(share, SEATS);
			let seats = Seats { honest: SEATS.saturating_sub(byzantine), byzantine };
			let jury = exact::jury(class.1.jury, seats, Provider::Guilty, Conduct::Wrong);
			let alone = Alliance { share, rerolls: false, is_client: false, is_finder: false };
			let skipping = Alliance { rerolls: true, ..alone };
			for (leaves, check_share) in
				[1, 20, 1_000].into_iter().flat_map(|leaves| [1, 100].map(|check| (leaves, check)))
			{
				for (search, alliance, released) in [
					(&mut fair, alone, 0),
					(&mut rerolling, skipping, 0),
					(&mut paid, skipping, FEE),
					(&mut finder, Alliance { is_finder: rules.late_finder, ..skipping }, 0),
					(&mut own, Alliance { is_client: true, ..skipping }, 0),
				] {
					let task = Task::new(rules, class, leaves, check_share, released).context("no bond suffices")?;
					search.environment();
					let wrongs = wrongs(leaves).into_iter();
					for fake in wrongs.clone().map(fakes(true)).chain(wrongs.map(fakes(false))) {
						let earned = task.earned(alliance, fake, &jury)?;
						search.play(0.0, earned, || [fake.words(&task), task.words(alliance)]);
					}
				}
			}
		}
	}
	Ok([fair, rerolling, paid, finder, own].map(Search::finish).into())
}
