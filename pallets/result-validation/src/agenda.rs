//! What is due, and doing it: as much in a block as fits, the rest in the next ones, in order. Nothing is dropped.

use crate::{
	task::{CLEARED, RELEASED},
	*,
};
use frame_support::{ensure, weights::WeightMeter};

impl<T: Config> Pallet<T> {
	/// Has an item done once the network's clock is beyond `due`.
	pub(crate) fn schedule(item: Item, due: BlockNumber) {
		Agenda::<T>::insert(due, item, ());
	}

	/// Does what is due, oldest first, as far as the weight reaches.
	pub(crate) fn do_agenda(block: &mut WeightMeter) {
		let mut meter = WeightMeter::with_limit(T::AgendaWeight::get().min(block.remaining()));
		let (first, now) = (AgendaAt::<T>::get(), Self::now());
		let mut at = first;
		// A call is in time in the block of its deadline.
		'agenda: while at < now && meter.try_consume(T::WeightInfo::agenda_look()).is_ok() {
			for item in Agenda::<T>::iter_key_prefix(at) {
				// It may end a validation, but that is dear, and most steps do not.
				let weight = Self::item_weight(&item);
				if !meter.can_consume(weight.most()) {
					break 'agenda;
				}
				Agenda::<T>::remove(at, item);
				meter.consume(weight.of(Self::step(item)));
			}
			at = at.saturating_add(1);
		}
		if at != first {
			AgendaAt::<T>::put(at);
		}
		block.consume(meter.consumed());
	}

	/// Returns what it has cost.
	pub(crate) fn do_advance(item: Item) -> Result<Weight, Error<T>> {
		let due = Self::due(&item).ok_or(Error::<T>::NothingDue)?;
		ensure!(due < Self::now(), Error::<T>::TooEarly);
		let weight = Self::item_weight(&item);
		Agenda::<T>::remove(due, item);
		Ok(weight.of(Self::step(item)))
	}

	/// When this item is due, if anything of it is.
	pub(crate) fn due(item: &Item) -> Option<BlockNumber> {
		match item {
			Item::Task(task) => Tasks::<T>::get(task).filter(TaskRecord::has_deadline).map(|record| record.due),
			Item::Jury(task, leaf) => Juries::<T>::get(task, leaf).filter(JuryRecord::is_sitting).map(|jury| jury.due),
			Item::Record(task) => {
				Records::<T>::get(task).map(|record| record.closed.saturating_add(T::RecordBlocks::get()))
			}
			Item::Market(item) => T::Market::due(*item),
			Item::Window => Window::<T>::get().map(|window| window.due),
		}
	}

	/// What the next step of an item costs.
	pub(crate) fn item_weight(item: &Item) -> StepWeight {
		match item {
			Item::Task(task) => {
				let record = Tasks::<T>::get(task);
				let leaves = record.as_ref().map_or(0, Self::looked_at);
				let is_over = record.as_ref().is_none_or(|record| matches!(record.stage, Stage::Closing { .. }));
				let end = record.filter(|_| !is_over).map_or(Weight::zero(), |record| Self::end_weight(&record));
				StepWeight { step: T::WeightInfo::task_step(leaves, Self::operators(leaves)), end }
			}
			Item::Jury(task, leaf) => {
				let seats =
					Juries::<T>::get(task, leaf).map_or(0, |jury| jury.dispute.drawn_seats.saturating_add(jury.draws));
				let end = Tasks::<T>::get(task).map_or(Weight::zero(), |record| Self::end_weight(&record));
				StepWeight { step: T::WeightInfo::jury_step(seats, Self::operators(seats)), end }
			}
			Item::Record(_) => StepWeight::sure(T::WeightInfo::agenda_look()),
			Item::Window => StepWeight::sure(T::WeightInfo::window_step()),
			Item::Market(item) => {
				StepWeight::sure(T::WeightInfo::agenda_look().saturating_add(T::Market::step_weight(*item)))
			}
		}
	}

	/// At how many leaves the next step of a task looks, or how many entries it forgets, at most.
	fn looked_at(record: &TaskRecord) -> u32 {
		let checks = record.drawn.saturating_add(record.challenges);
		match record.stage {
			Stage::Sealed => Self::drawn_at_most(record),
			Stage::Closing { .. } if record.juries > 0 => checks.max(CLEARED),
			_ => checks,
		}
	}

	/// So many operators at most have so many seats.
	fn operators(seats: u32) -> u32 {
		seats.min(T::MaxHolders::get())
	}

	/// What it costs besides if a step ends a task.
	fn end_weight(record: &TaskRecord) -> Weight {
		let Request { task, provider, .. } = &record.request;
		let open = Providers::<T>::get(provider).open.len() as u32;
		Self::conclude_weight(open).saturating_add(T::Market::concluded_weight(*task))
	}

	/// What concluding costs here, of a provider that has so many open: this one, and those that it releases.
	fn conclude_weight(open: u32) -> Weight {
		T::WeightInfo::conclude(open.min(RELEASED.saturating_add(1)))
	}

	/// What the dearest step of any item costs.
	pub(crate) fn most_weight() -> Weight {
		let (leaves, holders) = (T::MaxChecks::get().saturating_add(T::MaxChallenges::get()), T::MaxHolders::get());
		let task = T::WeightInfo::task_step(leaves.max(CLEARED), holders);
		let step = task.max(T::WeightInfo::jury_step(MAX_JURY_BALLOTS, holders));
		let end = Self::conclude_weight(T::MaxOpen::get()).saturating_add(T::Market::most_concluded_weight());
		let market = T::WeightInfo::agenda_look().saturating_add(T::Market::most_step_weight());
		step.saturating_add(end).max(market).max(T::WeightInfo::window_step())
	}

	/// Does what is due of an item, and says whether that ended a validation. What was put off meanwhile, by another
	/// entry, is left alone.
	fn step(item: Item) -> bool {
		if Self::due(&item).is_none_or(|due| due >= Self::now()) {
			return false;
		}
		let has_ended = || match item {
			Item::Task(task) | Item::Jury(task, _) => Records::<T>::contains_key(task),
			Item::Record(_) | Item::Market(_) | Item::Window => false,
		};
		let had_ended = has_ended();
		match item {
			Item::Task(task) => Self::step_task(task),
			Item::Jury(task, leaf) => Self::step_jury(task, leaf),
			Item::Record(task) => Records::<T>::remove(task),
			Item::Market(item) => T::Market::step(item),
			Item::Window => Self::step_window(),
		}
		has_ended() && !had_ended
	}
}

/// What a step costs, and what it costs besides if it ends a validation.
pub(crate) struct StepWeight {
	step: Weight,
	end: Weight,
}

impl StepWeight {
	fn sure(step: Weight) -> Self {
		Self { step, end: Weight::zero() }
	}

	fn most(&self) -> Weight {
		self.of(true)
	}

	fn of(&self, has_ended: bool) -> Weight {
		if has_ended {
			self.step.saturating_add(self.end)
		} else {
			self.step
		}
	}
}

impl<T: Config> Deadlines for Pallet<T> {
	fn schedule(item: H256, due: BlockNumber) {
		Self::schedule(Item::Market(item), due);
	}

	fn cancel(item: H256, due: BlockNumber) {
		Agenda::<T>::remove(due, Item::Market(item));
	}
}

impl TaskRecord {
	/// Whether the task itself waits for its deadline: neither juries nor other validations of its provider come first.
	pub fn has_deadline(&self) -> bool {
		!matches!(self.stage, Stage::Judging { .. }) && self.due < BlockNumber::MAX
	}
}

impl JuryRecord {
	/// Whether it has not decided.
	pub fn is_sitting(&self) -> bool {
		!matches!(self.stage, JuryStage::Closed { .. })
	}
}
