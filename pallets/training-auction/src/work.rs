//! The work: who is offered it, what it commits to, how that ends, and who takes over.

use crate::*;
use ogpu_protocol::{
	auction::{offer_of_the_rest, Award, Standing},
	math::mul_div,
	phases::{lateness, Lateness},
	slashing::{Metered, Settlement},
};

/// Calls of providers.
impl<T: Config> Pallet<T> {
	pub(crate) fn do_start(provider: AccountId32, id: H256) -> DispatchResult {
		let (job, run) = Self::own_run(&provider, &id, |stage| matches!(stage, Stage::Offered))?;
		let deadline = run.deadline;
		Self::deposit_event(Event::Started { job: id, provider, deadline });
		Self::enter(job, Stage::Working, deadline);
		Ok(())
	}

	pub(crate) fn do_commit_part(provider: AccountId32, id: H256, commitment: H256, is_result: bool) -> DispatchResult {
		let (mut job, mut run) = Self::own_run(&provider, &id, |stage| matches!(stage, Stage::Working))?;
		// A claim that came to nothing gains no time.
		ensure!(is_in_time(Self::now(), run.deadline), Error::<T>::TooLate);
		let part = run.next();
		ensure!(part >= job.spec.last_part() || !is_result, Error::<T>::MilestonesMissing);
		ensure!(part < job.spec.last_part() || is_result, Error::<T>::NoMilestoneLeft);
		let fee = Self::share(&job, run.award.fee, part, job.spec.leaves_from(run.first));
		let mut request = Self::request(&job, part, provider.clone(), fee);
		request.start = Self::opening(&job, &run)?;
		request.task = Self::next_task(&mut job, part);
		request.commitment = commitment;
		request.seed_from = Self::seed_from();

		// Checking comes out of what is held, through the provider. What its own lack of a record costs is an advance on
		// its fee, and where that does not reach, its own money.
		let checking = T::Validation::checking(&request);
		let advance = checking.provider.min(run.award.fee.saturating_sub(run.released));
		let from_held = checking.class.saturating_add(advance);
		ensure!(Self::pay(&mut job, &provider, from_held, 0) == from_held, Error::<T>::CheckingNotPaid);
		run.released = run.released.saturating_add(advance);
		run.spent = run.spent.saturating_add(from_held);
		request.spent = run.spent;

		// Never more than was asked for when it bid.
		let bond = Self::bond_of(&job, part, fee, run.spent).ok_or(Error::<T>::NoBondSuffices)?.min(job.bond);
		T::TrustLock::pin(&provider, request.task, bond, Pin::Shared)?;
		let (task, committed) = (request.task, Self::now());
		T::Validation::open(request, checking.class.saturating_add(checking.provider), &provider)?;
		let record = PartRecord { task, committed, state: PartState::Open };
		run.parts.try_push(record).map_err(|_| Error::<T>::TooManyParts)?;
		Self::deposit_event(Event::PartCommitted { job: id, part, task });
		job.run = Some(run);
		if is_result {
			Self::enter(job, Stage::Ending, BlockNumber::MAX);
		} else {
			Jobs::<T>::insert(id, job);
		}
		Ok(())
	}

	pub(crate) fn do_claim_inputs(provider: AccountId32, id: H256) -> DispatchResult {
		let (mut job, mut run) = Self::own_run(&provider, &id, |stage| matches!(stage, Stage::Working))?;
		ensure!(!run.has_claimed, Error::<T>::AlreadyClaimed);
		let part = run.next();
		let leaves = job.spec.leaves_from(run.first);
		// What it can have computed since it committed last, but no more than the part, and a leaf at least.
		let device = T::TrustLock::device(run.bid.bidder.device).and_then(|device| device.measured);
		let since = Metered {
			anchored: job.spec.work_of(job.spec.leaves_of(part)),
			work_per_block: device.unwrap_or(0),
			elapsed_blocks: Self::now().saturating_sub(run.last_committed()),
		};
		let work = since.work().max(job.spec.leaf.work);
		let fee = mul_div(run.award.fee, work, job.spec.work_of(leaves)).unwrap_or(0).max(1);
		let mut request = Self::request(&job, part, provider.clone(), fee);
		request.start = Self::opening(&job, &run)?;
		request.seed_from = Self::seed_from();
		request.task = Self::next_task(&mut job, part);
		let task = request.task;
		T::Validation::claim(request)?;
		run.claim = Some(task);
		run.has_claimed = true;
		job.run = Some(run);
		Self::deposit_event(Event::InputsClaimed { job: id, provider, task, fee });
		Self::enter(job, Stage::Claimed, BlockNumber::MAX);
		Ok(())
	}

	pub(crate) fn do_abandon(provider: AccountId32, id: H256) -> DispatchResult {
		let is_it = |stage: &Stage| matches!(stage, Stage::Offered | Stage::Working);
		let (job, _) = Self::own_run(&provider, &id, is_it)?;
		if job.stage == Stage::Offered {
			Self::offer_lapsed(job);
		} else {
			Self::abandoned(job);
		}
		Ok(())
	}

	/// A job in such a stage, and its run, which is this provider's.
	fn own_run(
		provider: &AccountId32,
		id: &H256,
		is_it: impl Fn(&Stage) -> bool,
	) -> Result<(JobOf<T>, RunOf<T>), Error<T>> {
		let job = Self::in_stage(id, is_it)?;
		let run = job.run.clone().filter(|run| run.bid.bidder.operator == *provider).ok_or(Error::<T>::NotYours)?;
		Ok((job, run))
	}

	/// From what the next part begins: what the last one handed on, be it verified or only shown.
	fn opening(job: &JobOf<T>, run: &RunOf<T>) -> Result<H256, Error<T>> {
		match run.parts.last().map(|part| (part.task, part.state)) {
			None => Ok(job.carry),
			Some((_, PartState::Verified { carry })) => Ok(carry),
			Some((task, PartState::Open | PartState::Failed)) => T::Validation::carry(task).ok_or(Error::<T>::NotShown),
		}
	}

	/// From where the authors of blocks make the seed of a result that is committed to now. Only some heights begin a
	/// seed: who would wait for friendly authors has few to choose from, and pays for waiting.
	fn seed_from() -> BlockNumber {
		let stride = T::SeedStride::get().max(1);
		let strides = Self::block().checked_div(stride).unwrap_or(0);
		strides.saturating_add(1).saturating_mul(stride)
	}
}

/// Who is offered the work.
impl<T: Config> Pallet<T> {
	pub(crate) fn offer(mut job: JobOf<T>, bid: Bid<Bidder>, award: Award, terms: Terms, is_contested: bool) {
		let since = Self::now();
		let deadline = since.saturating_add(terms.longest_blocks);
		let due = since.saturating_add(T::StartBlocks::get()).min(deadline);
		let is_substitute = job.run.is_some();
		Self::deposit_event(Event::Offered {
			job: job.id,
			provider: bid.bidder.operator.clone(),
			fee: award.fee,
			part: job.verified,
			is_substitute,
		});
		job.run = Some(Run {
			bid,
			terms,
			award,
			is_substitute,
			is_contested,
			first: job.verified,
			since,
			deadline,
			released: 0,
			on_course: award.fee,
			spent: 0,
			parts: Default::default(),
			claim: None,
			has_claimed: false,
			failure: None,
		});
		Self::enter(job, Stage::Offered, due);
	}

	/// Nobody began. A winner is bound by its bid; whoever stood by may say no.
	pub(crate) fn offer_lapsed(job: JobOf<T>) {
		if job.run.as_ref().is_some_and(|run| run.is_substitute) {
			Self::hand_over(job, Failure::Abandoned);
		} else {
			Self::abandoned(job);
		}
	}

	/// The provider left, or let the deadline pass.
	pub(crate) fn abandoned(mut job: JobOf<T>) {
		let Some(mut run) = job.run.take() else { return };
		let provider = run.bid.bidder.operator.clone();
		let penalty = run.escrow(job.held, Self::pinned(&job, &run)).abandoned(&T::Slashing::get());
		let taken = Self::compensate(&job, &provider, penalty.taken);
		T::TrustLock::delivered(&provider, run.award.fee, true);
		run.failure = run.failure.max(Some(Failure::Abandoned));
		job.run = Some(run);
		Self::deposit_event(Event::Abandoned { job: job.id, provider, taken });
		Self::end_run(job);
	}

	/// Ends a run that commits to nothing more, once all that it committed to is known to be right or wrong.
	pub(crate) fn end_run(job: JobOf<T>) {
		if job.run.as_ref().is_some_and(Run::is_idle) {
			Self::wind_up(job);
		} else {
			Self::enter(job, Stage::Ending, BlockNumber::MAX);
		}
	}

	fn wind_up(mut job: JobOf<T>) {
		let Some(run) = job.run.clone() else { return };
		let is_done = job.verified == job.spec.parts();
		match run.failure {
			None if is_done => {
				Self::finish(&mut job, &run);
				Self::close(job, End::Settled);
			}
			Some(failure) if !failure.is_excused() => {
				if is_done || job.is_cancelled {
					Self::close(job, End::Failed(failure));
				} else {
					Self::hand_over(job, failure);
				}
			}
			excused => {
				Self::pay_verified(&mut job, &run);
				Self::close(job, excused.map_or(End::Cancelled, End::Failed));
			}
		}
	}

	/// All is done, and right.
	fn finish(job: &mut JobOf<T>, run: &RunOf<T>) {
		let (rules, terms, award) = (T::Slashing::get(), run.terms, run.award);
		let escrow = run.escrow(job.held, Self::pinned(job, run));
		let committed = run.last_committed();
		let (settlement, fee, is_late) = match lateness(run.since, run.bid.eta_blocks, run.deadline, committed) {
			Lateness::InTime => (escrow.finished(&rules), award.fee, false),
			Lateness::Late { .. } | Lateness::Overdue => {
				// A client that waits longer than it first would asks for no more than its first deadline costs.
				let taken = committed.saturating_sub(run.since).min(terms.longest_blocks);
				let fee = award.fee_when_late(&terms, taken);
				(escrow.finished_late(fee, &rules), fee, true)
			}
		};
		let provider = &run.bid.bidder.operator;
		// What is the client's stays held until the job is closed.
		Self::pay(job, provider, settlement.to.provider, settlement.to.burned);
		if settlement.from_bond > 0 {
			Self::compensate(job, provider, settlement.from_bond);
		}
		T::TrustLock::delivered(provider, award.fee, is_late);
		if run.is_contested {
			Self::note_sale(job, run, fee);
		}
		Self::deposit_event(Event::Settled { job: job.id, provider: provider.clone(), fee, is_late });
	}

	fn note_sale(job: &JobOf<T>, run: &RunOf<T>, fee: Balance) {
		let work = job.spec.work_of(job.spec.leaves_from(run.first));
		let mut sales = Self::sales(job.spec.kind);
		sales.note(Self::now(), fee, work, &T::Auction::get());
		Sales::<T>::insert(job.spec.kind, BoundedVec::<Sold, _>::truncate_from(sales.sales().to_vec()));
	}

	/// The run ends by nobody's fault, or the client's: what is verified is paid, and nothing is retained. What was
	/// anchored has been validated by now, so nothing is left to be metered.
	fn pay_verified(job: &mut JobOf<T>, run: &RunOf<T>) {
		let (verified, leaves) = Self::verified_of(job, run);
		let escrow = run.escrow(job.held, 0);
		let nothing = Metered::default();
		let end = escrow.cancelled(verified.into(), leaves.into(), nothing, run.on_course, &T::Slashing::get());
		let Some(Settlement { to, .. }) = end.filter(|_| verified > 0) else { return };
		let provider = &run.bid.bidder.operator;
		let paid = Self::pay(job, provider, to.provider, to.burned);
		let fee = offer_of_the_rest(run.award.fee, verified.into(), leaves.into(), Balance::MAX);
		T::TrustLock::delivered(provider, fee.unwrap_or(0), false);
		Self::deposit_event(Event::PartsPaid { job: job.id, provider: provider.clone(), parts: job.verified, paid });
	}

	/// The provider is out: the rest is offered to whoever stood by, or sold anew, or not done.
	fn hand_over(mut job: JobOf<T>, failure: Failure) {
		if let Some(run) = &job.run {
			T::TrustLock::unpin(&run.bid.bidder.operator, Self::bid_name(&job.id, &run.bid.bidder.operator));
		}
		if let Some(bid) = job.runner_up.take() {
			let most = Self::left_to_spend(&job);
			let third = job.third.take();
			let offer = if job.verified == job.first {
				Self::offer_of_all(&job, bid.clone(), third, most)
			} else {
				Self::offer_for_the_rest(&job, bid.clone(), most)
			};
			let offer = offer.filter(|_| most > 0);
			if let Some((bid, award, terms)) = offer {
				return Self::offer(job, bid, award, terms, false);
			}
			T::TrustLock::unpin(&bid.bidder.operator, Self::bid_name(&job.id, &bid.bidder.operator));
		}
		(job.run, job.third) = (None, None);
		if job.round < job.spec.reopens.into() && Self::set_terms(&mut job).is_ok() {
			job.round = job.round.saturating_add(1);
			Self::deposit_event(Event::Reopened { job: job.id, part: job.verified, ceiling: job.terms.ceiling });
			Self::open_bidding(job);
		} else {
			Self::close(job, End::Failed(failure));
		}
	}

	/// Where nothing is verified, whoever stood by is offered the whole work, for what it would have been paid had the
	/// winner never bid. So a client gains nothing by a friend who wins and does not work.
	fn offer_of_all(
		job: &JobOf<T>,
		bid: Bid<Bidder>,
		third: Option<Bid<Bidder>>,
		most: Balance,
	) -> Option<(Bid<Bidder>, Award, Terms)> {
		let terms = job.terms;
		let standing = Standing { winner: Some(bid.clone()), runner_up: third };
		let work = job.spec.work_of(job.left());
		let usual = Self::sales(job.spec.kind).usual_price(Self::now(), work, &T::Auction::get());
		let award = standing.award(&terms, usual)?;
		Some((bid, Award { fee: award.fee.min(most), ..award }, terms))
	}

	/// What whoever stood by is offered: its own bid, its own time and the client's, in proportion to what is left. It
	/// is held to its time as if it had bid alone on the rest.
	fn offer_for_the_rest(job: &JobOf<T>, mut bid: Bid<Bidder>, most: Balance) -> Option<(Bid<Bidder>, Award, Terms)> {
		let terms = job.terms;
		let sold = job.spec.leaves_from(job.first);
		let time = |blocks| job.time_of_the_rest(blocks, sold);
		bid.price = job.of_the_rest(bid.price, sold, most);
		bid.eta_blocks = time(bid.eta_blocks);
		let ceiling = job.of_the_rest(terms.ceiling, sold, Balance::MAX);
		let terms = Terms { ceiling, longest_blocks: time(terms.longest_blocks), ..terms };
		let alone = Standing { winner: Some(bid.clone()), runner_up: None };
		Some((bid, alone.award(&terms, None)?, terms))
	}
}

/// How validations end.
impl<T: Config> Pallet<T> {
	pub(crate) fn part_concluded(task: H256, conclusion: Conclusion) {
		let Some(mut job) = Tasks::<T>::take(task).and_then(|task| Jobs::<T>::get(task.job)) else { return };
		let Some(mut run) = job.run.take() else { return };
		T::TrustLock::unpin(&run.bid.bidder.operator, task);
		run.failure = run.failure.max(match conclusion {
			Conclusion::Accepted | Conclusion::Unfounded => None,
			Conclusion::Forfeited => Some(Failure::Forfeited),
			Conclusion::Convicted => Some(Failure::Convicted),
			Conclusion::Void => Some(Failure::Undecided),
			Conclusion::InputAtFault => Some(Failure::InputAtFault),
		});
		if run.claim == Some(task) {
			run.claim = None;
		} else if let Some(part) = run.parts.iter_mut().find(|part| part.task == task) {
			part.state = match conclusion {
				// Its last leaf was shown, or it would not have been accepted.
				Conclusion::Accepted | Conclusion::Forfeited => {
					PartState::Verified { carry: T::Validation::carry(task).unwrap_or_default() }
				}
				_ => PartState::Failed,
			};
			Self::note_verified(&mut job, &mut run);
		}
		let is_over = run.failure.is_some() || job.stage == Stage::Ending;
		let (claims, deadline) = (run.claim.is_some(), run.deadline);
		job.run = Some(run);
		if is_over {
			Self::end_run(job);
		} else if job.stage == Stage::Claimed && !claims {
			// The agenda does not go back.
			Self::enter(job, Stage::Working, deadline.max(Self::now()));
		} else {
			Jobs::<T>::insert(job.id, job);
		}
	}

	/// Notes which parts are verified in a row, and pays for milestones. All parts that lie before an accepted one are
	/// accepted as well, but the market may hear of them later.
	fn note_verified(job: &mut JobOf<T>, run: &mut RunOf<T>) {
		let before = job.verified;
		let mut committed = run.since;
		let known = job.verified.saturating_sub(run.first) as usize;
		for part in run.parts.iter().skip(known) {
			let PartState::Verified { carry } = part.state else { break };
			committed = part.committed;
			job.carry = carry;
			job.verified = job.verified.saturating_add(1);
		}
		let is_due = job.verified > before && job.verified < job.spec.parts();
		if !is_due || run.failure.is_some_and(Failure::is_guilt) {
			return;
		}
		let (verified, leaves) = Self::verified_of(job, run);
		let elapsed = committed.saturating_sub(run.since);
		let (award, terms) = (run.award, run.terms);
		run.on_course = award.fee_on_course(&terms, run.bid.eta_blocks, elapsed, verified.into(), leaves.into());
		let escrow = run.escrow(job.held, 0);
		let Some(Settlement { from_held, to, .. }) =
			escrow.milestone(verified.into(), leaves.into(), run.on_course, &T::Slashing::get())
		else {
			return;
		};
		let provider = &run.bid.bidder.operator;
		let paid = Self::pay(job, provider, to.provider, to.burned);
		run.released = run.released.saturating_add(from_held);
		run.spent = run.spent.saturating_add(from_held);
		Self::deposit_event(Event::PartsPaid { job: job.id, provider: provider.clone(), parts: job.verified, paid });
	}

	/// How many leaves of a run are verified, of how many.
	fn verified_of(job: &JobOf<T>, run: &RunOf<T>) -> (u32, u32) {
		let leaves = job.spec.leaves_from(run.first);
		(leaves.saturating_sub(job.left()), leaves)
	}

	/// What is pinned for a run.
	fn pinned(job: &JobOf<T>, run: &RunOf<T>) -> Balance {
		T::TrustLock::pinned(&run.bid.bidder.operator, Self::bid_name(&job.id, &run.bid.bidder.operator))
	}
}
