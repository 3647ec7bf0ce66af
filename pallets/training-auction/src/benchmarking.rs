//! Measures the calls, each at its worst, and the dearest steps of jobs.
//!
//! Jobs have as many parts as they may, locks and records of accounts are as long as they can be. What is put into storage
//! here is what calls and steps would have left there, but for validations, which are opened for real.

use super::*;
use frame_benchmarking::v2::*;
use frame_system::RawOrigin;
use ogpu_protocol::{
	auction::{Award, Bar, Offer},
	commitment::Place,
	cost::{LeafCost, GIGA},
	token::OGPU,
};
use ogpu_result_validation::BenchmarkHelper as _;

const SALT: H256 = H256([3; 32]);
/// What is measured is due at this block of the network's clock.
const DUE: BlockNumber = 1_000;
const CEILING: Balance = OGPU;

fn set_clock<T: Config>(block: BlockNumber) {
	T::Clock::set_block_number(block.into());
}

fn funded<T: Config>(name: &'static str, index: u32) -> Result<AccountId32, BenchmarkError> {
	let who = account(name, index, 0);
	T::Currency::mint_into(&who, 100_000 * OGPU)?;
	T::BenchmarkHelper::lock(&who, 50_000 * OGPU);
	Ok(who)
}

fn spec<T: Config>() -> Spec {
	Spec {
		kind: Kind::Training,
		manifest: SALT,
		start: SALT,
		leaves: T::MaxParts::get(),
		part_leaves: 1,
		leaf: LeafCost { work: GIGA, recompute_work: GIGA, fetched_bytes: 1 },
		assurance: Assurance::Standard,
		capability: 0,
		needs: Needs { kind: None, memory_mb: 0, work_per_block: 0 },
		speed_billionths: 500_000_000,
		bidding_blocks: T::MinBiddingBlocks::get(),
		longest_blocks: T::MaxJobBlocks::get() / 2,
		reopens: T::MaxReopens::get(),
	}
}

fn bidder() -> AccountId32 {
	account("provider", 0, 0)
}

/// A job that is for sale.
fn job<T: Config>() -> Result<JobOf<T>, BenchmarkError> {
	T::BenchmarkHelper::seats();
	let client = funded::<T>("client", 0)?;
	Pallet::<T>::do_create(client, spec::<T>(), CEILING)?;
	let job = Jobs::<T>::iter_values().next().ok_or("it was created")?;
	Ok(job)
}

fn put<T: Config>(job: JobOf<T>, stage: Stage) {
	Pallet::<T>::enter(job, stage, DUE);
}

/// A revealed bid, for which its operator is bound.
fn bid<T: Config>(job: &JobOf<T>, name: &'static str, tie: u8) -> Result<Bid<Bidder>, BenchmarkError> {
	let operator = funded::<T>(name, 0)?;
	T::TrustLock::pin(&operator, Pallet::<T>::bid_name(&job.id, &operator), job.bond, Pin::Shared)?;
	let device = T::BenchmarkHelper::device(&operator);
	let tie = [tie; 32];
	Ok(Bid { bidder: Bidder { operator, device }, price: CEILING / 2, eta_blocks: 1, reputation_billionths: 0, tie })
}

/// A job that is offered to a winner, with another one that stands by.
fn offered<T: Config>() -> Result<JobOf<T>, BenchmarkError> {
	let mut job = job::<T>()?;
	let winner = bid::<T>(&job, "provider", 1)?;
	job.runner_up = Some(bid::<T>(&job, "substitute", 2)?);
	let terms = job.terms;
	let award = Award { fee: CEILING / 2, bar: Bar { score: u64::MAX / 4, must_beat: true }, reputation_billionths: 0 };
	let id = job.id;
	Pallet::<T>::offer(job, winner, award, terms, true);
	Ok(Jobs::<T>::get(id).ok_or("it is offered")?)
}

/// The same, with a provider that works.
fn working<T: Config>() -> Result<H256, BenchmarkError> {
	let job = offered::<T>()?;
	let id = job.id;
	put::<T>(job, Stage::Working);
	Ok(id)
}

/// All parts but so many are verified, and those are open. Returns their tasks.
fn almost_done<T: Config>(id: H256, open: u32) -> Result<Vec<H256>, BenchmarkError> {
	let mut job = Jobs::<T>::get(id).ok_or("it is there")?;
	let mut run = job.run.take().ok_or("it was offered")?;
	let (parts, mut tasks) = (job.spec.parts(), Vec::new());
	for part in 0..parts {
		let is_open = part >= parts.saturating_sub(open);
		let task = Pallet::<T>::next_task(&mut job, part);
		let state = if is_open { PartState::Open } else { PartState::Verified { carry: SALT } };
		run.parts.try_push(PartRecord { task, committed: DUE, state }).map_err(|_| "there may be so many parts")?;
		if is_open {
			T::TrustLock::pin(&run.bid.bidder.operator, task, OGPU, Pin::Shared)?;
			tasks.push(task);
		} else {
			Tasks::<T>::remove(task);
		}
	}
	job.verified = parts.saturating_sub(open);
	job.run = Some(run);
	Pallet::<T>::enter(job, Stage::Ending, BlockNumber::MAX);
	Ok(tasks)
}

/// So many bids are sealed, and one more, by whoever is the best.
fn sealed<T: Config>(mut job: JobOf<T>, bids: u32) -> Result<(), BenchmarkError> {
	for index in 0..bids {
		let who = funded::<T>("bidder", index)?;
		T::TrustLock::pin(&who, Pallet::<T>::bid_name(&job.id, &who), job.bond, Pin::Shared)?;
		let deposit = T::BidDeposit::get();
		Pallet::<T>::hold(HoldReason::Bid, &who, deposit)?;
		Bids::<T>::insert(job.id, who, SealedBid { commitment: SALT, reputation_billionths: 0, deposit });
	}
	job.sealed = bids;
	job.winner = Some(bid::<T>(&job, "provider", 1)?);
	job.runner_up = Some(bid::<T>(&job, "substitute", 2)?);
	put::<T>(job, Stage::Revealing { seed: SALT });
	Ok(())
}

/// As many sales as are remembered.
fn remember_sales<T: Config>() {
	let sale = Sold { settled: DUE, giga_price: 1, work: GIGA };
	let sales = alloc::vec![sale; MOST_SALES];
	Sales::<T>::insert(Kind::Training, BoundedVec::<_, _>::truncate_from(sales));
}

/// What the agenda does.
fn step<T: Config>(id: H256) {
	if let Some(job) = Jobs::<T>::get(id) {
		T::Validation::cancel(id, job.due);
	}
	<Pallet<T> as Market>::step(id);
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn create() -> Result<(), BenchmarkError> {
		T::BenchmarkHelper::seats();
		let client = funded::<T>("client", 0)?;
		#[extrinsic_call]
		_(RawOrigin::Signed(client), spec::<T>(), CEILING);
		assert!(Jobs::<T>::iter_values().next().is_some());
		Ok(())
	}

	#[benchmark]
	fn top_up() -> Result<(), BenchmarkError> {
		let job = job::<T>()?;
		#[extrinsic_call]
		_(RawOrigin::Signed(job.client), job.id, OGPU);
		assert!(Jobs::<T>::get(job.id).is_some_and(|it| it.terms.ceiling > CEILING));
		Ok(())
	}

	#[benchmark]
	fn extend() -> Result<(), BenchmarkError> {
		let job = job::<T>()?;
		#[extrinsic_call]
		_(RawOrigin::Signed(job.client), job.id, 1);
		assert!(Jobs::<T>::get(job.id).is_some_and(|it| it.terms.longest_blocks > job.terms.longest_blocks));
		Ok(())
	}

	#[benchmark]
	fn cancel() -> Result<(), BenchmarkError> {
		let job = job::<T>()?;
		let (id, client) = (job.id, job.client.clone());
		sealed::<T>(job, COUNTED)?;
		#[extrinsic_call]
		_(RawOrigin::Signed(client), id);
		assert!(!Jobs::<T>::contains_key(id));
		Ok(())
	}

	#[benchmark]
	fn commit_bid() -> Result<(), BenchmarkError> {
		let job = job::<T>()?;
		let who = funded::<T>("provider", 0)?;
		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), job.id, SALT);
		assert!(Bids::<T>::contains_key(job.id, who));
		Ok(())
	}

	#[benchmark]
	fn reveal_bid() -> Result<(), BenchmarkError> {
		let mut job = job::<T>()?;
		job.winner = Some(bid::<T>(&job, "first", 1)?);
		job.runner_up = Some(bid::<T>(&job, "second", 2)?);
		let who = funded::<T>("provider", 0)?;
		let device = T::BenchmarkHelper::device(&who);
		let offer = OfferRecord { price: 1, eta_blocks: 1, worker: who.clone() };
		let place = Place { task: job.id.0, round: 0, account: who.clone().into() };
		let commitment = H256(place.commit(blake2_256, &Offer::from(&offer), &SALT.0));
		let id = job.id;
		Jobs::<T>::insert(id, job);
		Pallet::<T>::do_commit_bid(who.clone(), id, commitment)?;
		put::<T>(Jobs::<T>::get(id).ok_or("it is there")?, Stage::Revealing { seed: SALT });
		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), id, offer, device, SALT);
		assert!(Jobs::<T>::get(id).and_then(|job| job.winner).is_some_and(|bid| bid.bidder.operator == who));
		Ok(())
	}

	#[benchmark]
	fn start() -> Result<(), BenchmarkError> {
		let job = offered::<T>()?;
		#[extrinsic_call]
		_(RawOrigin::Signed(bidder()), job.id);
		assert!(Jobs::<T>::get(job.id).is_some_and(|job| job.stage == Stage::Working));
		Ok(())
	}

	#[benchmark]
	fn commit_part() -> Result<(), BenchmarkError> {
		let id = working::<T>()?;
		#[extrinsic_call]
		report_progress(RawOrigin::Signed(bidder()), id, SALT);
		assert!(Jobs::<T>::get(id).and_then(|job| job.run).is_some_and(|run| run.parts.len() == 1));
		Ok(())
	}

	#[benchmark]
	fn claim_inputs() -> Result<(), BenchmarkError> {
		let id = working::<T>()?;
		#[extrinsic_call]
		_(RawOrigin::Signed(bidder()), id);
		assert!(Jobs::<T>::get(id).is_some_and(|job| job.stage == Stage::Claimed));
		Ok(())
	}

	#[benchmark]
	fn abandon() -> Result<(), BenchmarkError> {
		let id = working::<T>()?;
		#[extrinsic_call]
		_(RawOrigin::Signed(bidder()), id);
		assert!(Jobs::<T>::get(id).and_then(|job| job.run).is_some_and(|run| run.is_substitute));
		Ok(())
	}

	/// The deadline has passed, and whoever stood by is offered the rest.
	#[benchmark]
	fn step() -> Result<(), BenchmarkError> {
		let id = working::<T>()?;
		set_clock::<T>(DUE.saturating_add(1));
		#[block]
		{
			super::step::<T>(id);
		}
		assert!(Jobs::<T>::get(id).and_then(|job| job.run).is_some_and(|run| run.is_substitute));
		Ok(())
	}

	/// Bids are fined, and the work is awarded.
	#[benchmark]
	fn count() -> Result<(), BenchmarkError> {
		let job = job::<T>()?;
		let id = job.id;
		remember_sales::<T>();
		sealed::<T>(job, COUNTED)?;
		set_clock::<T>(DUE.saturating_add(1));
		#[block]
		{
			super::step::<T>(id);
		}
		assert!(Jobs::<T>::get(id).is_some_and(|job| job.stage == Stage::Offered));
		Ok(())
	}

	/// The last part is accepted, late, so that the lock pays as well, and the sale is noted.
	#[benchmark]
	fn conclude() -> Result<(), BenchmarkError> {
		let id = working::<T>()?;
		remember_sales::<T>();
		let tasks = almost_done::<T>(id, 1)?;
		set_clock::<T>(DUE.saturating_add(1));
		#[block]
		{
			for task in tasks {
				Pallet::<T>::part_concluded(task, Conclusion::Accepted);
			}
		}
		assert!(!Jobs::<T>::contains_key(id));
		Ok(())
	}

	/// The last part is convicted, and whoever stood by is offered the rest.
	#[benchmark(extra)]
	fn conclude_convicted() -> Result<(), BenchmarkError> {
		let id = working::<T>()?;
		let tasks = almost_done::<T>(id, 1)?;
		#[block]
		{
			for task in tasks {
				Pallet::<T>::part_concluded(task, Conclusion::Convicted);
			}
		}
		assert!(Jobs::<T>::get(id).and_then(|job| job.run).is_some_and(|run| run.is_substitute));
		Ok(())
	}

	impl_benchmark_test_suite!(Pallet, crate::tests::new_test_ext(), crate::tests::Test);
}
