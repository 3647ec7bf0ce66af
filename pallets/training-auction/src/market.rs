//! What the agenda and validations tell this market.

use crate::*;

impl<T: Config> Market for Pallet<T> {
	fn concluded(task: H256, conclusion: Conclusion) {
		Self::part_concluded(task, conclusion);
	}

	fn concluded_weight(task: H256) -> Weight {
		if Tasks::<T>::contains_key(task) {
			T::WeightInfo::conclude()
		} else {
			T::DbWeight::get().reads(1)
		}
	}

	fn most_concluded_weight() -> Weight {
		T::WeightInfo::conclude()
	}

	fn due(item: H256) -> Option<BlockNumber> {
		Jobs::<T>::get(item).filter(JobRecord::has_deadline).map(|job| job.due)
	}

	fn step(item: H256) {
		let Some(job) = Jobs::<T>::get(item) else { return };
		match job.stage {
			Stage::Bidding => Self::end_bidding(job),
			Stage::Drawing { seed_from } => Self::end_drawing(job, seed_from),
			Stage::Revealing { .. } | Stage::Counting => Self::count(job),
			Stage::Offered => Self::offer_lapsed(job),
			Stage::Working => Self::abandoned(job),
			// They have no deadline.
			Stage::Claimed | Stage::Ending => {}
		}
	}

	fn step_weight(item: H256) -> Weight {
		let look = T::DbWeight::get().reads(1);
		match Jobs::<T>::get(item).map(|job| job.stage) {
			None => look,
			Some(Stage::Revealing { .. } | Stage::Counting) => T::WeightInfo::count(),
			Some(_) => T::WeightInfo::step(),
		}
	}

	fn most_step_weight() -> Weight {
		T::WeightInfo::count().max(T::WeightInfo::step())
	}
}

impl<T: Config> Pallet<T> {
	/// Puts a job into a stage that lasts until `due`, or until its validations have ended.
	pub(crate) fn enter(mut job: JobOf<T>, stage: Stage, due: BlockNumber) {
		if job.has_deadline() {
			T::Validation::cancel(job.id, job.due);
		}
		if (job.stage, job.due) != (stage, due) {
			Self::deposit_event(Event::Entered { job: job.id, stage, due });
		}
		(job.stage, job.due) = (stage, due);
		if job.has_deadline() {
			T::Validation::schedule(job.id, due);
		}
		Jobs::<T>::insert(job.id, job);
	}

	/// The job, if it is in such a stage and in time.
	pub(crate) fn in_stage(id: &H256, is_it: impl Fn(&Stage) -> bool) -> Result<JobOf<T>, Error<T>> {
		let job = Jobs::<T>::get(id).ok_or(Error::<T>::NoSuchJob)?;
		ensure!(is_it(&job.stage), Error::<T>::WrongStage);
		ensure!(is_in_time(Self::now(), job.due), Error::<T>::TooLate);
		Ok(job)
	}
}
