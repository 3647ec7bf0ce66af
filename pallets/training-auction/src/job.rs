//! What a client asks for, pays and takes back.

use crate::*;
use ogpu_protocol::{
	auction::{offer_of_the_rest, RecentSales},
	detection::Sampling,
	record::part_name,
	slashing::{pin, unrevealed_bid, Escrow},
};
use ogpu_result_validation::Checking;
use sp_runtime::DispatchError;

/// Begins the bytes that name a job, before the client's account and the number of the job.
const JOB: Domain = *b"ogpu/auction-job";
/// Begins the bytes under whose hash a bid is pinned, before the job's name and the bidder's account.
const BID: Domain = *b"ogpu/bidder-bond";
/// Stands for a provider of whom nothing is known.
pub(crate) const STRANGER: AccountId32 = AccountId32::new([0; 32]);

/// Calls of clients.
impl<T: Config> Pallet<T> {
	pub(crate) fn do_create(client: AccountId32, spec: Spec, ceiling: Balance) -> DispatchResult {
		let mut job = Self::draft(client, spec, ceiling)?;
		let number = NextJob::<T>::get();
		NextJob::<T>::put(number.saturating_add(1));
		job.id = H256(blake2_256(&[JOB.as_slice(), job.client.as_ref(), &number.to_le_bytes()].concat()));
		Self::hold(HoldReason::Job, &job.client, job.held.saturating_add(job.deposit))?;
		T::TrustLock::pin(&job.client, job.id, Self::client_bond(&job), Pin::Shared)?;
		let due = Self::now().saturating_add(job.spec.bidding_blocks);
		Self::deposit_event(Event::Created {
			job: job.id,
			client: job.client.clone(),
			kind: job.spec.kind,
			ceiling,
			bond: job.bond,
		});
		Self::enter(job, Stage::Bidding, due);
		Ok(())
	}

	pub(crate) fn do_top_up(client: AccountId32, id: H256, amount: Balance) -> DispatchResult {
		let mut job = Self::own_job(client, &id)?;
		ensure!(amount > 0, Error::<T>::ZeroAmount);
		ensure!(job.stage != Stage::Ending && !job.is_cancelled, Error::<T>::WrongStage);
		Self::hold(HoldReason::Job, &job.client, amount)?;
		job.held = job.held.saturating_add(amount);
		job.budget = job.budget.saturating_add(amount);
		if job.stage == Stage::Bidding && job.sealed == 0 {
			Self::set_terms(&mut job)?;
			Self::admit(&job)?;
		}
		T::TrustLock::unpin(&job.client, id);
		T::TrustLock::pin(&job.client, id, Self::client_bond(&job), Pin::Shared)?;
		let ceiling = job.terms.ceiling;
		Self::deposit_event(Event::ToppedUp { job: id, amount, ceiling });
		Jobs::<T>::insert(id, job);
		Ok(())
	}

	pub(crate) fn do_extend(client: AccountId32, id: H256, blocks: BlockNumber) -> DispatchResult {
		let mut job = Self::own_job(client, &id)?;
		ensure!(blocks > 0, Error::<T>::ZeroAmount);
		ensure!(is_in_time(Self::now(), job.due), Error::<T>::TooLate);
		let most = T::MaxJobBlocks::get();
		match (&job.stage, &mut job.run) {
			(Stage::Bidding, _) if job.sealed > 0 => return Err(Error::<T>::BidsSealed.into()),
			(Stage::Bidding, _) => {
				let longest = job.spec.longest_blocks.saturating_add(blocks);
				ensure!(longest <= most, Error::<T>::TooLong);
				job.spec.longest_blocks = longest;
				Self::set_terms(&mut job)?;
			}
			(Stage::Offered | Stage::Working | Stage::Claimed, Some(run)) => {
				let deadline = run.deadline.saturating_add(blocks);
				ensure!(deadline.saturating_sub(run.since) <= most, Error::<T>::TooLong);
				run.deadline = deadline;
			}
			_ => return Err(Error::<T>::WrongStage.into()),
		}
		let deadline = job.run.as_ref().map(|run| run.deadline);
		Self::deposit_event(Event::Extended { job: id, blocks, deadline });
		match (job.stage, deadline) {
			(Stage::Working, Some(deadline)) => Self::enter(job, Stage::Working, deadline),
			_ => Jobs::<T>::insert(id, job),
		}
		Ok(())
	}

	pub(crate) fn do_cancel(client: AccountId32, id: H256) -> DispatchResult {
		let mut job = Self::own_job(client, &id)?;
		ensure!(!job.is_cancelled, Error::<T>::WrongStage);
		match job.stage {
			Stage::Bidding | Stage::Drawing { .. } | Stage::Revealing { .. } | Stage::Offered | Stage::Working => {}
			// A bid that was not revealed is fined, whatever the client wants by then.
			Stage::Counting | Stage::Claimed | Stage::Ending => return Err(Error::<T>::WrongStage.into()),
		}
		ensure!(is_in_time(Self::now(), job.due), Error::<T>::TooLate);
		job.is_cancelled = true;
		Self::deposit_event(Event::Cancelled { job: id });
		if job.run.is_some() {
			Self::end_run(job);
		} else {
			Self::count(job);
		}
		Ok(())
	}

	fn own_job(client: AccountId32, id: &H256) -> Result<JobOf<T>, Error<T>> {
		let job = Jobs::<T>::get(id).ok_or(Error::<T>::NoSuchJob)?;
		ensure!(job.client == client, Error::<T>::NotYours);
		Ok(job)
	}
}

/// What a job comes to.
impl<T: Config> Pallet<T> {
	/// A job as it would be created, refused if nothing could come of it.
	pub(crate) fn draft(client: AccountId32, spec: Spec, ceiling: Balance) -> Result<JobOf<T>, DispatchError> {
		ensure!(spec.leaves > 0, Error::<T>::NoLeaves);
		ensure!(spec.leaf.work > 0 && spec.leaf.recompute_work >= spec.leaf.work, Error::<T>::ImplausibleLeaf);
		ensure!(spec.part_leaves > 0 && spec.part_leaves <= spec.leaves, Error::<T>::WrongPartLength);
		ensure!(spec.parts() <= T::MaxParts::get(), Error::<T>::TooManyParts);
		let bidding = T::MinBiddingBlocks::get()..=T::MaxBiddingBlocks::get();
		ensure!(bidding.contains(&spec.bidding_blocks), Error::<T>::WrongBiddingTime);
		ensure!(spec.longest_blocks <= T::MaxJobBlocks::get(), Error::<T>::TooLong);
		ensure!(spec.reopens <= T::MaxReopens::get(), Error::<T>::TooManyReopens);
		let leaf_blocks = T::Verifier::get().leaf_blocks(&spec.leaf).ok_or(Error::<T>::LeafTooLong)?;
		let terms = Terms::new(ceiling, spec.longest_blocks, spec.speed_billionths, &T::Auction::get());
		let mut job = JobRecord {
			id: H256::zero(),
			client,
			leaf_blocks,
			leaf_fee: T::Tariff::get().leaf_fee(&spec.leaf),
			deposit: T::JobDeposit::get(),
			budget: ceiling,
			held: 0,
			stage: Stage::Bidding,
			due: BlockNumber::MAX,
			is_cancelled: false,
			round: 0,
			terms: terms.ok_or(Error::<T>::NonsensicalTerms)?,
			bond: 0,
			sealed: 0,
			winner: None,
			runner_up: None,
			third: None,
			tasks: 0,
			first: 0,
			verified: 0,
			carry: spec.start,
			run: None,
			spec,
		};
		let checking = Self::checking_of_the_rest(&job).class;
		job.held = ceiling.checked_add(checking).ok_or(Error::<T>::NonsensicalTerms)?;
		Self::set_terms(&mut job)?;
		Self::admit(&job)?;
		Ok(job)
	}

	/// The terms on which what is left of a job is sold, and the bond that goes with them: budget and time in proportion
	/// to the leaves that are left, and no more than there is to spend.
	pub(crate) fn set_terms(job: &mut JobOf<T>) -> DispatchResult {
		let Spec { speed_billionths, longest_blocks, .. } = job.spec;
		job.first = job.verified;
		let ceiling = job.of_the_rest(job.budget, job.spec.leaves, Self::left_to_spend(job));
		let longest_blocks = job.time_of_the_rest(longest_blocks, job.spec.leaves);
		let terms = Terms::new(ceiling, longest_blocks, speed_billionths, &T::Auction::get());
		job.terms = terms.ok_or(Error::<T>::NonsensicalTerms)?;
		job.bond = Self::bond(job).ok_or(Error::<T>::NoBondSuffices)?;
		Ok(())
	}

	/// What is held and not needed to check what is left.
	pub(crate) fn left_to_spend(job: &JobOf<T>) -> Balance {
		job.held.saturating_sub(Self::checking_of_the_rest(job).class)
	}

	/// What checking costs for all parts that are left, if nothing is known of the provider.
	pub(crate) fn checking_of_the_rest(job: &JobOf<T>) -> Checking {
		let of = |part| T::Validation::checking(&Self::request(job, part, STRANGER, 0));
		let last = job.spec.last_part();
		let milestones = Balance::from(last.saturating_sub(job.verified));
		let (milestone, result) = (of(job.verified), of(last));
		let all = |each: Balance, last: Balance| each.saturating_mul(milestones).saturating_add(last);
		Checking { class: all(milestone.class, result.class), provider: all(milestone.provider, result.provider) }
	}

	/// What a fee for so many leaves, from a part on, is for this part.
	pub(crate) fn share(job: &JobOf<T>, fee: Balance, part: u32, leaves: u32) -> Balance {
		let share = offer_of_the_rest(fee, job.spec.leaves_of(part).into(), leaves.into(), Balance::MAX);
		// Nothing cannot be at stake.
		share.unwrap_or(fee).max(1)
	}

	pub(crate) fn jury_bill(job: &JobOf<T>) -> Balance {
		job.leaf_fee.saturating_mul(job.spec.assurance.class().jury.draw_seats.into())
	}

	/// What a result of this part has to be pinned with. `None` if no bond suffices.
	pub(crate) fn bond_of(job: &JobOf<T>, part: u32, fee: Balance, spent: Balance) -> Option<Balance> {
		let bill = Self::jury_bill(job);
		let bond = Sampling::of(&job.spec.assurance.class(), job.spec.leaves_of(part)).bond(fee, bill)?;
		Some(pin(bond, bill, fee, spent, &T::Slashing::get()))
	}

	/// What every bid pins: what any result can ask for later, what leaving costs, and what not revealing costs, for
	/// the highest fee. So whoever could bid can also deliver.
	fn bond(job: &JobOf<T>) -> Option<Balance> {
		let (rules, ceiling, left) = (T::Slashing::get(), job.terms.ceiling, job.left());
		let last = job.spec.last_part();
		let all = Escrow { held: ceiling, fee: ceiling, released: 0, bond: Balance::MAX };
		let before_last = left.saturating_sub(job.spec.leaves_of(last));
		let released = all.milestone(before_last.into(), left.into(), ceiling, &rules)?.from_held;
		let checking = Self::checking_of_the_rest(job);
		let spent = released.saturating_add(checking.provider).min(ceiling).saturating_add(checking.class);
		// All parts but the last are as long as the first.
		let of = |part| Self::bond_of(job, part, Self::share(job, ceiling, part, left), spent);
		let results = of(job.verified)?.max(of(last)?);
		let left_or_sealed = all.abandoned(&rules).taken.max(unrevealed_bid(Balance::MAX, ceiling, &rules).taken);
		Some(results.max(left_or_sealed))
	}

	/// What the client's lock answers for: inputs that are missing when a part is audited, and their jury.
	pub(crate) fn client_bond(job: &JobOf<T>) -> Balance {
		let longest = job.spec.leaves_of(0).into();
		let fee = offer_of_the_rest(job.budget, longest, job.spec.leaves.into(), Balance::MAX).unwrap_or(job.budget);
		fee.saturating_add(Self::jury_bill(job))
	}

	/// Whether such results would be validated: enough seats of the capability, with enough stake for the fee, and a
	/// class that they can serve.
	fn admit(job: &JobOf<T>) -> DispatchResult {
		T::Validation::admits(&Self::request(job, job.verified, STRANGER, job.terms.ceiling))
	}

	/// What is asked of validation for a part, as far as it is known before somebody commits to it.
	pub(crate) fn request(job: &JobOf<T>, part: u32, provider: AccountId32, fee: Balance) -> Request {
		Request {
			task: H256::zero(),
			client: job.client.clone(),
			provider,
			commitment: H256::zero(),
			manifest: job.spec.manifest,
			start: job.carry,
			leaves: job.spec.leaves_of(part),
			class: job.spec.assurance.class(),
			capability: job.spec.capability,
			leaf_blocks: job.leaf_blocks,
			leaf_fee: job.leaf_fee,
			fee,
			spent: 0,
			sale: Sale::Auction,
			seed_from: 0,
			secret: None,
			is_milestone: part < job.spec.last_part(),
		}
	}

	/// Names the next validation of a job, which is of this part.
	pub(crate) fn next_task(job: &mut JobOf<T>, part: u32) -> H256 {
		let first_leaf = job.spec.leaves_before(part);
		let task = Self::task_name(&job.id, job.tasks);
		job.tasks = job.tasks.saturating_add(1);
		Tasks::<T>::insert(task, TaskRecord { job: job.id, first_leaf });
		task
	}

	/// The name of a validation of a job: its next one has as number what `Jobs` says it had so far.
	pub fn task_name(job: &H256, number: u32) -> H256 {
		H256(part_name(blake2_256, job.as_fixed_bytes(), number))
	}

	/// Under this name a bid is pinned, and then the work that it won.
	pub fn bid_name(job: &H256, bidder: &AccountId32) -> WorkId {
		H256(blake2_256(&[BID.as_slice(), job.as_ref(), bidder.as_ref()].concat()))
	}

	/// What was sold lately of a kind of work.
	pub(crate) fn sales(kind: Kind) -> RecentSales {
		RecentSales::resume(Sales::<T>::get(kind))
	}

	/// Ends a job: all that is still held returns to the client, and nobody is bound any more.
	pub(crate) fn close(mut job: JobOf<T>, end: End) {
		let run = job.run.take().map(|run| run.bid);
		for bid in [job.winner.take(), job.runner_up.take(), run].into_iter().flatten() {
			T::TrustLock::unpin(&bid.bidder.operator, Self::bid_name(&job.id, &bid.bidder.operator));
		}
		if job.has_deadline() {
			T::Validation::cancel(job.id, job.due);
		}
		T::TrustLock::unpin(&job.client, job.id);
		Self::release(HoldReason::Job, &job.client, job.held.saturating_add(job.deposit));
		Jobs::<T>::remove(job.id);
		Self::deposit_event(Event::Closed { job: job.id, end, refunded: job.held });
	}
}
