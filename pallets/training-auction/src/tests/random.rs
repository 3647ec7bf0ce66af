//! Anything in any order, with a look at the books after each step; and whatever was left off, it ends by itself.

use super::*;
use ogpu_protocol::commitment::Obstacle;
use ogpu_result_validation::Item;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Something that somebody does, be it in place or not.
#[derive(Clone, Debug)]
enum Step {
	Create {
		leaves: u32,
		part_leaves: u32,
		speed: u32,
		assurance: u8,
		longest: u32,
		reopens: u8,
		ceiling: u32,
	},
	TopUp(u8, u32),
	Extend(u8, u32),
	Cancel(u8),
	Bid {
		job: u8,
		who: u8,
		price: u32,
		eta: u32,
	},
	Reveal {
		job: u8,
		who: u8,
		is_wrong: bool,
	},
	/// All who have bid for a job reveal.
	RevealAll(u8),
	Start(u8),
	Commit {
		job: u8,
		wrong: Option<u32>,
		hides: bool,
	},
	Claim(u8),
	Abandon(u8),
	/// Somebody who has nothing to do with it does that.
	Intrude(u8, u8, u8),
	/// The client waives its windows for challenges.
	Accept,
	/// A lock loses so many OGPU for something else.
	Slash(u8, u32),
	Session,
	Suspend(u8),
	Obstacle(bool),
	Divide(bool),
	Silence(bool),
	Halt(bool),
	/// So few steps fit into a block; none if zero.
	Room(u64),
	Advance(u8),
	Blocks(u16),
	/// Until the next deadline of a job has passed.
	Wait(u8),
}

fn step() -> impl Strategy<Value = Step> {
	let job = || 0..4u8;
	let who = || 0..PROVIDERS;
	let spec = (1..40u32, 1..20u32, 0..=900_000_000u32, 0..4u8, 1..600u32, 0..=2u8, 0..200u32);
	prop_oneof![
		4 => spec.prop_map(|(leaves, part_leaves, speed, assurance, longest, reopens, ceiling)| Step::Create {
			leaves, part_leaves, speed, assurance, longest, reopens, ceiling
		}),
		1 => (job(), 0..100u32).prop_map(|(job, amount)| Step::TopUp(job, amount)),
		1 => (job(), 0..200u32).prop_map(|(job, blocks)| Step::Extend(job, blocks)),
		1 => job().prop_map(Step::Cancel),
		10 => (job(), who(), 0..200u32, 0..700u32)
			.prop_map(|(job, who, price, eta)| Step::Bid { job, who, price, eta }),
		4 => (job(), who(), prop::bool::weighted(0.1))
			.prop_map(|(job, who, is_wrong)| Step::Reveal { job, who, is_wrong }),
		4 => job().prop_map(Step::RevealAll),
		6 => job().prop_map(Step::Start),
		12 => (job(), prop::option::weighted(0.2, 0..20u32), prop::bool::weighted(0.1))
			.prop_map(|(job, wrong, hides)| Step::Commit { job, wrong, hides }),
		2 => job().prop_map(Step::Claim),
		1 => job().prop_map(Step::Abandon),
		2 => (job(), who(), 0..9u8).prop_map(|(job, who, call)| Step::Intrude(job, who, call)),
		2 => Just(Step::Accept),
		1 => (0..8u8, 0..12_000u32).prop_map(|(who, amount)| Step::Slash(who, amount)),
		1 => Just(Step::Session),
		1 => (0..8u8).prop_map(Step::Suspend),
		1 => any::<bool>().prop_map(Step::Obstacle),
		1 => any::<bool>().prop_map(Step::Divide),
		1 => prop::bool::weighted(0.3).prop_map(Step::Silence),
		1 => prop::bool::weighted(0.3).prop_map(Step::Halt),
		1 => (0..4u64).prop_map(Step::Room),
		2 => job().prop_map(Step::Advance),
		6 => (1..150u16).prop_map(Step::Blocks),
		8 => job().prop_map(Step::Wait),
	]
}

/// What was sealed.
type Sealed = BTreeMap<(H256, u8), (Balance, u32)>;

/// The n-th of the jobs that there are.
fn nth(number: u8) -> Option<JobOf<Test>> {
	let mut jobs: Vec<_> = Jobs::<Test>::iter_values().collect();
	jobs.sort_by_key(|job| job.id);
	(!jobs.is_empty()).then(|| jobs[usize::from(number) % jobs.len()].clone())
}

fn anybody(number: u8) -> AccountId32 {
	match number {
		0..PROVIDERS => provider(number),
		PROVIDERS => client(),
		_ => verifier(0),
	}
}

/// Sends a call that is refused or not. What is refused changes nothing.
fn tries(who: AccountId32, call: Call<Test>) -> bool {
	let root = || sp_io::storage::root(sp_runtime::StateVersion::V1);
	let (before, told) = (root(), format!("{call:?}"));
	let sent = send(who, call);
	assert!(sent.is_ok() || root() == before, "{told}");
	sent.is_ok()
}

impl Step {
	fn happen(&self, world: &World, bids: &mut Sealed) {
		let run = |number| nth(number).and_then(|job: JobOf<Test>| Some((job.id, job.run?.bid.bidder.operator)));
		let number = |who: &AccountId32| providers().position(|it| it == *who).unwrap() as u8;
		match *self {
			Self::Create { leaves, part_leaves, speed, assurance, longest, reopens, ceiling } => {
				let classes = [Assurance::Economy, Assurance::Standard, Assurance::High, Assurance::Assured];
				let assurance = classes[usize::from(assurance)];
				let (speed_billionths, longest_blocks, bidding_blocks) = (speed, longest, 5 + longest % 10);
				let spec = Spec {
					leaves,
					part_leaves,
					speed_billionths,
					longest_blocks,
					bidding_blocks,
					assurance,
					reopens,
					..spec()
				};
				tries(client(), Call::create { spec, ceiling: Balance::from(ceiling) * OGPU / 10 });
			}
			Self::TopUp(job, amount) => {
				let Some(job) = nth(job) else { return };
				tries(client(), Call::top_up { job: job.id, amount: Balance::from(amount) * OGPU / 10 });
			}
			Self::Extend(job, blocks) => {
				let Some(job) = nth(job) else { return };
				tries(client(), Call::extend { job: job.id, blocks });
			}
			Self::Cancel(job) => {
				let Some(job) = nth(job) else { return };
				tries(client(), Call::cancel { job: job.id });
			}
			Self::Bid { job, who, price, eta } => {
				let Some(job) = nth(job) else { return };
				let price = Balance::from(price) * OGPU / 10;
				let commitment = sealed(who, &job.id, price, eta);
				if tries(provider(who), Call::commit_bid { job: job.id, commitment }) {
					bids.insert((job.id, who), (price, eta));
				}
			}
			Self::Reveal { job, who, is_wrong } => {
				let Some(job) = nth(job) else { return };
				let (price, eta) = bids.get(&(job.id, who)).copied().unwrap_or_default();
				let offer = offer_of(who, price + Balance::from(is_wrong), eta);
				tries(provider(who), Call::reveal_bid { job: job.id, offer, device: who.into(), salt: SALT });
			}
			Self::RevealAll(job) => {
				for who in 0..PROVIDERS {
					Self::Reveal { job, who, is_wrong: false }.happen(world, bids);
				}
			}
			Self::Start(job) => {
				let Some((job, who)) = run(job) else { return };
				tries(who, Call::start { job });
			}
			Self::Commit { job, wrong, hides } => {
				let Some((job, who)) = run(job) else { return };
				let wrong: Vec<_> = wrong.into_iter().collect();
				if let Ok(task) = world.commit(number(&who), job, &wrong) {
					world.played.borrow_mut().get_mut(&task).unwrap().shows = !hides;
				}
			}
			Self::Claim(job) => {
				let Some((job, who)) = run(job) else { return };
				tries(who, Call::claim_inputs { job });
			}
			Self::Abandon(job) => {
				let Some((job, who)) = run(job) else { return };
				tries(who, Call::abandon { job });
			}
			Self::Intrude(job, who, call) => {
				let Some(job) = nth(job).map(|job| job.id) else { return };
				let commitment = SALT;
				let calls = [
					Call::start { job },
					Call::report_progress { job, commitment },
					Call::commit_result { job, commitment },
					Call::claim_inputs { job },
					Call::abandon { job },
					Call::cancel { job },
					Call::top_up { job, amount: 1 },
					Call::extend { job, blocks: 1 },
					Call::commit_bid { job, commitment },
				];
				tries(provider(who), calls[usize::from(call)].clone());
			}
			Self::Accept => {
				for task in ogpu_result_validation::Tasks::<Test>::iter_keys().collect::<Vec<_>>() {
					let _ = Validations::accept(RuntimeOrigin::signed(client()), task);
				}
			}
			Self::Slash(who, amount) => {
				let amount = Balance::from(amount) * OGPU;
				drop(<TrustLock as Collateral<_>>::slash(&anybody(who), amount, Fault::Abandoned, SALT));
			}
			Self::Session => {
				Validations::end_session();
				Validations::start_session();
			}
			Self::Suspend(who) => <TrustLock as Record<_>>::suspend(&anybody(who)),
			Self::Obstacle(is_there) => {
				*world.obstacle.borrow_mut() = is_there.then_some(Obstacle::InputMissing);
			}
			Self::Divide(is_divided) => *world.is_divided.borrow_mut() = is_divided,
			Self::Silence(is_silent) => *world.is_silent.borrow_mut() = is_silent,
			Self::Halt(is_stopped) => IsClockStopped::set(&is_stopped),
			Self::Room(steps) => {
				let all = AgendaWeight::get().ref_time();
				StepWeight::set(&all.checked_div(steps).unwrap_or(all + 1));
			}
			Self::Advance(job) => {
				let Some(job) = nth(job) else { return };
				let _ = Validations::advance(RuntimeOrigin::signed(account(77)), Item::Market(job.id));
			}
			Self::Blocks(blocks) => world.blocks(blocks.into()),
			Self::Wait(job) => {
				let Some(job) = nth(job) else { return };
				for _ in 0..700 {
					if Jobs::<Test>::get(job.id).is_none_or(|it| it.stage != job.stage) {
						break;
					}
					world.block();
				}
			}
		}
	}
}

/// The longest that a job may take with everybody silent: each time it is sold, three windows and the time that the
/// client waits, and then validations.
const LONGEST: u32 = 3 * (1_000 + 6_000);

fn ends_by_itself(world: &World) {
	IsClockStopped::set(&false);
	StepWeight::set(&0);
	*world.is_silent.borrow_mut() = true;
	world.played.borrow_mut().values_mut().for_each(|played| played.shows = false);
	for _ in 0..LONGEST {
		if Jobs::<Test>::iter().next().is_none() {
			break;
		}
		world.block();
	}
	assert_all_is_over();
	check_books();
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(48))]

	#[test]
	fn whatever_anybody_does_the_books_balance_and_all_jobs_end(luck: u64, steps in prop::collection::vec(step(), 1..250)) {
		story(|_| {
			let world = World { luck, ..World::default() };
			let mut bids = Sealed::new();
			let mut issued = Balances::total_issuance();
			for step in steps {
				step.happen(&world, &mut bids);
				check_books();
				let now = Balances::total_issuance();
				assert!(now <= issued, "nothing is minted");
				issued = now;
			}
			ends_by_itself(&world);
		});
	}
}

/// From each stage on, with everybody silent.
#[test]
fn a_job_that_everybody_forgets_ends_and_gives_back_what_is_due() {
	let bids = [(ADA, 40 * OGPU, 400), (BOB, 50 * OGPU, 500)];
	let until: [Until; 7] = [
		&|_, _| (),
		&|world, id| {
			bids.iter().for_each(|(who, price, eta)| bid(*who, id, *price, *eta));
			world.until_stage(&id, |stage| matches!(stage, Stage::Revealing { .. }));
		},
		&|world, id| world.auction(id, &bids),
		&|world, id| {
			world.auction(id, &bids);
			start(ADA, id);
		},
		&|world, id| {
			world.auction(id, &bids);
			start(ADA, id);
			world.deliver(ADA, id, &[]);
		},
		&|world, id| {
			world.auction(id, &bids);
			start(ADA, id);
			world.deliver_all(ADA, id);
		},
		&|world, id| {
			world.auction(id, &bids);
			start(ADA, id);
			send(provider(ADA), Call::claim_inputs { job: id }).unwrap();
		},
	];
	for forget in until {
		story(|world| {
			let before = wealth(&client());
			let id = create(Spec { longest_blocks: 600, reopens: 2, ..with_milestones() }, 100 * OGPU);
			forget(world, id);
			ends_by_itself(world);
			// All is back but for milestones that were verified in time, checking, and half of a jury.
			let paid = |event| match event {
				Event::PartsPaid { paid, .. } => paid * 100 / 98,
				_ => 0,
			};
			let paid: Balance = events().into_iter().map(paid).sum();
			assert!(wealth(&client()) + paid + OGPU / 10 >= before);
		});
	}
}
