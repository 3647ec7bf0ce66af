//! From the leader to the end: validation, pay and refunds.

use crate::*;
use frame_support::{
	ensure,
	storage::with_storage_layer,
	traits::{
		fungible::{hold::Balanced as _, hold::Mutate as _},
		tokens::Precision::BestEffort,
		Imbalance as _,
	},
};
use ogpu_protocol::{
	commitment::{seed_not_before, Place},
	phases::is_in_time,
	slashing::Pay,
};
use sp_runtime::{DispatchError, TokenError};

impl<T: Config> Pallet<T> {
	/// Opens the validation of a racer's result. Changes nothing if that is refused.
	pub(crate) fn open(request: H256, record: &mut RequestOf<T>, place: usize) -> DispatchResult {
		let racer = record.racers.get(place).cloned().ok_or(Error::<T>::NotDrawn)?;
		let Racing::Committed { commitment, leaves, .. } = racer.racing else {
			return Err(Error::<T>::NothingCommitted.into());
		};
		let mut asked = Self::validation(request, record, &racer.operator, leaves, racer.lots);
		let fees = T::Validation::checking(&asked);
		let pay = Self::pay_of(record, leaves, racer.lots);
		ensure!(fees.provider <= pay.provider, Error::<T>::CheckingTooDear);
		let is_paid = record.terms.delivery == Delivery::FirstResponse;
		let checking = fees.class.saturating_add(fees.provider);
		// The client pays the provider's part of checking, too: it is taken out of the fee.
		asked.spent = checking;
		asked.commitment = commitment;
		// Its first block may have passed: the clock stood still, or the agenda had more to do.
		asked.seed_from = seed_not_before(record.race.seed_from, Self::block().saturating_add(1));
		let fee = asked.fee;
		with_storage_layer::<_, DispatchError, _>(|| {
			let mut held = record.clone();
			let taken = Self::take(&mut held, checking);
			T::Currency::resolve(&Self::pot(), taken).map_err(|_| TokenError::CannotCreate)?;
			T::Validation::open(asked, checking, &Self::pot())?;
			*record = held;
			Ok(())
		})?;
		let operator = racer.operator.clone();
		Self::deposit_event(Event::Led { request, operator, leaves, fee });
		record.checking = fees.provider;
		if is_paid {
			Self::pay_at_once(request, record, &racer);
		}
		let leader = place as u32;
		record.stage = match record.terms.delivery {
			Delivery::Verified | Delivery::FirstResponse => Stage::Validating { leader, is_paid },
			Delivery::Manual => Stage::AwaitingConfirmation { leader },
		};
		// What was not used returns now.
		let paid = if is_paid { Self::gross_of(record, leaves, racer.lots) } else { record.checking };
		let most = Self::fee_of(record, leaves).saturating_add(Self::pot_of(record, leaves));
		let needed = most.saturating_sub(paid).saturating_add(record.deposit);
		Self::refund_down_to(record, needed);
		Ok(())
	}

	/// The fee of a leader with its part of the pot, before anything is burned.
	fn gross_of(record: &RequestOf<T>, leaves: u32, lots: u32) -> Balance {
		let Pay { provider, burned } = Self::pay_of(record, leaves, lots);
		provider.saturating_add(burned)
	}

	/// So much of what is held for a request.
	fn take(record: &mut RequestOf<T>, amount: Balance) -> CreditOf<T> {
		let amount = amount.min(record.held);
		let (taken, _) = T::Currency::slash(&HoldReason::Request.into(), &record.client, amount);
		record.held = record.held.saturating_sub(taken.peek());
		taken
	}

	/// Returns what is held beyond what is needed.
	fn refund_down_to(record: &mut RequestOf<T>, needed: Balance) {
		let excess = record.held.saturating_sub(needed);
		if let Ok(released) = T::Currency::release(&HoldReason::Request.into(), &record.client, excess, BestEffort) {
			record.held = record.held.saturating_sub(released);
		}
	}

	/// Pays a racer, and burns what is to be burned of its pay.
	fn pay(request: H256, record: &mut RequestOf<T>, operator: &AccountId32, pay: Pay) {
		let taken = Self::take(record, pay.provider.saturating_add(pay.burned));
		let (due, _burned) = taken.split(pay.provider);
		let amount = due.peek();
		// Whoever has a lock has an account that can receive.
		let _ = T::Currency::resolve(operator, due);
		Self::deposit_event(Event::Paid { request, operator: operator.clone(), amount });
	}

	/// Pays the leader, and returns what that has cost the client.
	fn pay_leader(request: H256, record: &mut RequestOf<T>, racer: &RacerRecord) -> Balance {
		let Racing::Committed { leaves, .. } = racer.racing else { return 0 };
		let Pay { provider, burned } = Self::pay_of(record, leaves, racer.lots);
		let provider = provider.saturating_sub(record.checking);
		let held = record.held;
		Self::pay(request, record, &racer.operator, Pay { provider, burned });
		held.saturating_sub(record.held)
	}

	/// Pays the leader before the verdict.
	fn pay_at_once(request: H256, record: &mut RequestOf<T>, racer: &RacerRecord) {
		let paid = Self::pay_leader(request, record, racer);
		T::Validation::paid(request, paid);
	}

	pub(crate) fn do_confirm(client: AccountId32, request: H256) -> DispatchResult {
		let mut record = Requests::<T>::get(request).ok_or(Error::<T>::NoSuchRequest)?;
		ensure!(record.client == client, Error::<T>::NotYourRequest);
		let Stage::AwaitingConfirmation { leader } = record.stage else { return Err(Error::<T>::WrongStage.into()) };
		let racer = record.racers.get(leader as usize).cloned().ok_or(Error::<T>::NotDrawn)?;
		Self::deposit_event(Event::Confirmed { request });
		Self::pay_at_once(request, &mut record, &racer);
		record.stage = Stage::Validating { leader, is_paid: true };
		Requests::<T>::insert(request, record);
		Ok(())
	}

	pub(crate) fn do_alarm(who: AccountId32, request: H256) -> DispatchResult {
		let operator = T::TrustLock::operator(who);
		let record = Requests::<T>::get(request).ok_or(Error::<T>::NoSuchRequest)?;
		let (Stage::Validating { leader, .. } | Stage::AwaitingConfirmation { leader }) = record.stage else {
			return Err(Error::<T>::WrongStage.into());
		};
		Self::runner_up(&record, &operator, leader)?;
		T::Validation::alarm(request, &operator)
	}

	/// What an operator has committed to that does not lead.
	fn runner_up(
		record: &RequestOf<T>,
		operator: &AccountId32,
		leader: u32,
	) -> Result<(usize, RacerRecord, H256), Error<T>> {
		let racer = record.running().find(|(_, racer)| racer.operator == *operator);
		let (place, racer) = racer.ok_or(Error::<T>::NotDrawn)?;
		ensure!(place != leader as usize, Error::<T>::IsLeader);
		match racer.racing {
			Racing::Committed { commitment, .. } => Ok((place, racer.clone(), commitment)),
			Racing::Paid => Err(Error::<T>::AlreadyCommitted),
			Racing::Running | Racing::Out | Racing::Silent => Err(Error::<T>::NothingCommitted),
		}
	}

	pub(crate) fn do_claim_share(
		who: AccountId32,
		request: H256,
		outcome: Outcome,
		salt: H256,
		leader_salt: H256,
	) -> DispatchResult {
		let operator = T::TrustLock::operator(who);
		let mut record = Requests::<T>::get(request).ok_or(Error::<T>::NoSuchRequest)?;
		let Stage::Sharing { leader, ending } = record.stage else { return Err(Error::<T>::WrongStage.into()) };
		ensure!(is_in_time(Self::now(), record.due), Error::<T>::RaceClosed);
		let (place, racer, committed) = Self::runner_up(&record, &operator, leader)?;
		let leads = record.racers.get(leader as usize).cloned().ok_or(Error::<T>::NotDrawn)?;
		let Racing::Committed { commitment, leaves, .. } = leads.racing else {
			return Err(Error::<T>::WrongStage.into());
		};
		let sealed = |account: AccountId32, salt: H256| {
			let place = Place { task: request.0, round: 0, account: account.into() };
			H256(place.commit(blake2_256, &outcome, &salt.0))
		};
		ensure!(sealed(operator.clone(), salt) == committed, Error::<T>::WrongOpening);
		ensure!(sealed(leads.operator, leader_salt) == commitment, Error::<T>::WrongOpening);
		let share = Self::share_of(&record, leaves, racer.lots);
		Self::pay(request, &mut record, &operator, share);
		T::TrustLock::delivered(&operator, share.provider.saturating_add(share.burned), false);
		Self::count_served(&record, &racer, leaves);
		if let Some(racer) = record.racers.get_mut(place) {
			racer.racing = Racing::Paid;
		}
		if Self::owed_to_others(&record, leader) > 0 {
			Requests::<T>::insert(request, record);
		} else {
			T::Validation::cancel(request, record.due);
			Self::close(request, record, ending);
		}
		Ok(())
	}

	/// What those runners-up may claim of the pot who have committed and not been paid.
	fn owed_to_others(record: &RequestOf<T>, leader: u32) -> Balance {
		let leads = record.racers.get(leader as usize).map(|racer| racer.racing);
		let Some(Racing::Committed { leaves, .. }) = leads else { return 0 };
		let others = record.arrivals().filter(|(place, _)| *place != leader as usize);
		let lots = others.filter_map(|(place, _)| record.racers.get(place)).map(|racer| racer.lots);
		lots.fold(0, |sum: Balance, lots| {
			let Pay { provider, burned } = Self::share_of(record, leaves, lots);
			sum.saturating_add(provider).saturating_add(burned)
		})
	}

	/// The validation of a request's result has ended.
	fn conclude(request: H256, mut record: RequestOf<T>, leader: u32, is_paid: bool, conclusion: Conclusion) {
		let first = record.race.first as usize;
		let is_right = matches!(conclusion, Conclusion::Accepted | Conclusion::Forfeited);
		for (place, racer) in record.racers.iter_mut().enumerate() {
			if place >= first && racer.racing != Racing::Out {
				Self::dismiss(request, &racer.operator);
			}
			// Who was silent is seen to be slow, but only where somebody else could do it: otherwise a client could hide its
			// inputs, and so make others look slow for nothing.
			if is_right && matches!(racer.racing, Racing::Running | Racing::Silent) {
				Self::observe(record.service, racer, 0, None);
			}
		}
		let ending = match conclusion {
			Conclusion::Accepted => {
				Self::settle(request, &mut record, leader, is_paid);
				Ending::Settled
			}
			Conclusion::Void => Ending::Void,
			_ => Ending::Refunded,
		};
		let owed = Self::owed_to_others(&record, leader);
		if is_right && owed > 0 {
			let needed = owed.saturating_add(record.deposit);
			Self::refund_down_to(&mut record, needed);
			let due = Self::now().saturating_add(T::SharingBlocks::get());
			Self::deposit_event(Event::SharingOpened { request, due });
			Self::enter(request, record, Stage::Sharing { leader, ending }, due);
		} else {
			Self::close(request, record, ending);
		}
	}

	/// The leader has earned its pay.
	fn settle(request: H256, record: &mut RequestOf<T>, leader: u32, is_paid: bool) {
		let Some(racer) = record.racers.get(leader as usize).cloned() else { return };
		let Racing::Committed { leaves, block, .. } = racer.racing else { return };
		if !is_paid {
			Self::pay_leader(request, record, &racer);
		}
		T::TrustLock::delivered(&racer.operator, Self::gross_of(record, leaves, racer.lots), false);
		Self::count_served(record, &racer, leaves);
		let settlement = Settlement {
			leaf_price: record.leaf_price,
			matched_blocks: block.saturating_sub(record.made),
			at: Self::now(),
		};
		Settlements::<T>::mutate(record.service, |last| {
			// It cannot fail: the list has room for one, and the end is a place in it.
			let _ = last.force_insert_keep_right(last.len(), settlement);
		});
	}
}

impl<T: Config> Market for Pallet<T> {
	fn concluded(task: H256, conclusion: Conclusion) {
		let Some(record) = Requests::<T>::get(task) else { return };
		match record.stage {
			Stage::Validating { leader, is_paid } => Self::conclude(task, record, leader, is_paid, conclusion),
			Stage::AwaitingConfirmation { leader } => Self::conclude(task, record, leader, false, conclusion),
			Stage::Drawing { .. } | Stage::Racing | Stage::Sharing { .. } => {}
		}
	}

	fn concluded_weight(task: H256) -> Weight {
		match Requests::<T>::get(task) {
			Some(record) => T::WeightInfo::concluded(record.racers.len() as u32),
			None => frame_support::weights::constants::RocksDbWeight::get().reads(1),
		}
	}

	fn most_concluded_weight() -> Weight {
		T::WeightInfo::concluded(T::MaxRacers::get())
	}

	fn due(item: H256) -> Option<BlockNumber> {
		Requests::<T>::get(item).filter(RequestRecord::has_deadline).map(|record| record.due)
	}

	fn step(item: H256) {
		let Some(record) = Requests::<T>::get(item) else { return };
		match record.stage {
			Stage::Drawing { seed_from } => Self::draw(item, record, seed_from),
			Stage::Racing => Self::lead(item, record),
			Stage::Sharing { ending, .. } => Self::close(item, record, ending),
			Stage::Validating { .. } | Stage::AwaitingConfirmation { .. } => {}
		}
	}

	fn step_weight(item: H256) -> Weight {
		match Requests::<T>::get(item) {
			Some(RequestRecord { stage: Stage::Drawing { .. }, service, .. }) => {
				let members = Services::<T>::get(service).map_or(0, |service| service.members);
				T::WeightInfo::draw(members)
			}
			Some(_) => T::WeightInfo::step(),
			None => frame_support::weights::constants::RocksDbWeight::get().reads(1),
		}
	}

	fn most_step_weight() -> Weight {
		T::WeightInfo::draw(T::MaxMembers::get()).max(T::WeightInfo::step())
	}
}
