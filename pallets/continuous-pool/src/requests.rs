//! The way of a request until a leader is known.

use crate::*;
use frame_support::{
	ensure,
	traits::{fungible::hold::Mutate as _, tokens::Precision::BestEffort},
};
use ogpu_protocol::{
	commitment::seed_not_before,
	phases::is_in_time,
	pool::{leader, Arrival, NoRace, Race},
};
use ogpu_staking_trustlock::traits::Pin;

impl<T: Config> Pallet<T> {
	pub(crate) fn do_request(client: AccountId32, service: ServiceId, order: Order) -> DispatchResult {
		let count = RequestCount::<T>::get();
		RequestCount::<T>::put(count.saturating_add(1));
		let name = [REQUEST_NAMES.as_slice(), client.as_ref(), &count.to_le_bytes()].concat();
		let request = H256(blake2_256(&name));
		let record = Self::draft(request, service, client.clone(), order)?;
		let RequestRecord { leaf_price, held, client_bond, .. } = record;
		T::Currency::hold(&HoldReason::Request.into(), &client, held)?;
		T::TrustLock::pin(&client, request, client_bond, Pin::Own)?;
		Services::<T>::mutate_extant(service, |service| service.requests = service.requests.saturating_add(1));
		Self::deposit_event(Event::Requested { request, service, client, leaf_price, held });
		Self::await_draw(request, record, Self::block().saturating_add(1));
		Ok(())
	}

	/// Puts a request into a stage that is due, or waits for a validation.
	pub(crate) fn enter(request: H256, mut record: RequestOf<T>, stage: Stage, due: BlockNumber) {
		(record.stage, record.due) = (stage, due);
		if record.has_deadline() {
			T::Validation::schedule(request, due);
		}
		Requests::<T>::insert(request, record);
	}

	/// Moves the deadline of the stage.
	fn hasten(request: H256, record: RequestOf<T>, due: BlockNumber) {
		T::Validation::cancel(request, record.due);
		let stage = record.stage;
		Self::enter(request, record, stage, due);
	}

	/// The racer of this key, in the present race, and its place.
	fn racer(who: &AccountId32, request: &H256) -> Result<(RequestOf<T>, usize), Error<T>> {
		let record = Requests::<T>::get(request).ok_or(Error::<T>::NoSuchRequest)?;
		let operator = T::TrustLock::operator(who.clone());
		ensure!(!matches!(record.stage, Stage::Drawing { .. }), Error::<T>::WrongStage);
		let place = record.running().find(|(_, racer)| racer.operator == operator).map(|(place, _)| place);
		Ok((record, place.ok_or(Error::<T>::NotDrawn)?))
	}

	/// Whether a commitment to so many leaves by this key can earn: all that [`Call::commit`] asks.
	pub fn check_commit(who: &AccountId32, request: &H256, leaves: u32) -> Result<(), Error<T>> {
		Self::admit(who, request, leaves).map(|_| ())
	}

	fn admit(who: &AccountId32, request: &H256, leaves: u32) -> Result<(RequestOf<T>, usize), Error<T>> {
		let (record, place) = Self::racer(who, request)?;
		let arrivals: alloc::vec::Vec<Arrival> = record.arrivals().map(|(_, arrival)| arrival).collect();
		let race = Race {
			drawn: (record.racers.len() as u32).saturating_sub(record.race.first),
			arrivals: &arrivals,
			closes: record.race.closes,
			has_ended: matches!(record.stage, Stage::Sharing { .. }),
		};
		let is_out = record.racers.get(place).is_none_or(|racer| racer.racing == Racing::Out);
		let rank = (place as u32).checked_sub(record.race.first).filter(|_| !is_out);
		race.admit(rank, Self::now()).map_err(|no_race| match no_race {
			NoRace::Ended | NoRace::Closed => Error::<T>::RaceClosed,
			NoRace::NotDrawn => Error::<T>::NotDrawn,
			NoRace::AlreadyCommitted => Error::<T>::AlreadyCommitted,
			NoRace::Full => Error::<T>::RaceFull,
		})?;
		// Where the clock stood still, blocks went on.
		ensure!(Self::block() < record.race.seed_from, Error::<T>::SeedKnown);
		ensure!((1..=record.order.ceiling_leaves).contains(&leaves), Error::<T>::WrongLeaves);
		Ok((record, place))
	}

	pub(crate) fn do_commit(who: AccountId32, request: H256, commitment: H256, leaves: u32) -> DispatchResult {
		let (mut record, place) = Self::admit(&who, &request, leaves)?;
		let now = Self::now();
		let is_first = record.arrivals().next().is_none();
		let racer = record.racers.get_mut(place).ok_or(Error::<T>::NotDrawn)?;
		let mut since = record.race.drawn;
		// A device that has several requests at once does one after the other, as far as anybody can see.
		Self::change_member(record.service, racer.device, |member| {
			since = since.max(member.committed);
			member.committed = now;
		});
		racer.racing = Racing::Committed { commitment, leaves, since, block: now };
		let operator = racer.operator.clone();
		Self::deposit_event(Event::Committed { request, operator, leaves });
		let tied_until = now.saturating_add(T::Races::get().tie_blocks).min(record.race.closes);
		Self::react(request, record, is_first.then_some(tied_until));
		Ok(())
	}

	/// Stores a request after something has happened in its race. A race in which nobody runs any more need not wait.
	fn react(request: H256, record: RequestOf<T>, due: Option<BlockNumber>) {
		let runs = record.running().any(|(_, racer)| racer.racing == Racing::Running);
		let due = if runs { due } else { Some(Self::now()) };
		match due.filter(|due| record.stage == Stage::Racing && *due < record.due) {
			Some(due) => Self::hasten(request, record, due),
			None => Requests::<T>::insert(request, record),
		}
	}

	/// Whether this key may decline for its operator: all that [`Call::decline`] asks.
	pub fn check_decline(who: &AccountId32, request: &H256) -> Result<(), Error<T>> {
		Self::may_decline(who, request).map(|_| ())
	}

	fn may_decline(who: &AccountId32, request: &H256) -> Result<(RequestOf<T>, usize), Error<T>> {
		let (record, place) = Self::racer(who, request)?;
		let racer = record.racers.get(place).ok_or(Error::<T>::NotDrawn)?;
		match racer.racing {
			Racing::Running => {}
			Racing::Out | Racing::Silent => return Err(Error::<T>::NotDrawn),
			Racing::Committed { .. } | Racing::Paid => return Err(Error::<T>::AlreadyCommitted),
		}
		ensure!(is_in_time(Self::now(), record.race.closes), Error::<T>::RaceClosed);
		// A device that is no member any more has its deposit back, and will not be drawn again.
		let member = Members::<T>::get(record.service, racer.device);
		let declines = member.map_or(0, |member| Self::declines(&member));
		ensure!(declines < T::FreeDeclines::get(), Error::<T>::TooManyDeclines);
		Ok((record, place))
	}

	/// How often a member has declined in this hour.
	fn declines(member: &MemberRecord) -> u32 {
		let is_over = Self::now() >= member.declined_since.saturating_add(Self::hour());
		if is_over {
			0
		} else {
			member.declines
		}
	}

	pub(crate) fn do_decline(who: AccountId32, request: H256) -> DispatchResult {
		let (mut record, place) = Self::may_decline(&who, &request)?;
		let racer = record.racers.get_mut(place).ok_or(Error::<T>::NotDrawn)?;
		racer.racing = Racing::Out;
		let RacerRecord { operator, device, .. } = racer.clone();
		Self::change_member(record.service, device, |member| {
			let declines = Self::declines(member);
			if declines == 0 {
				member.declined_since = Self::now();
			}
			member.declines = declines.saturating_add(1);
		});
		Self::dismiss(request, &operator);
		Self::deposit_event(Event::Declined { request, operator });
		Self::react(request, record, None);
		Ok(())
	}

	/// The race has closed, or ties have: the leader's result goes into validation. In one step at most one, so that a
	/// step is bounded; who cannot be validated is out.
	pub(crate) fn lead(request: H256, mut record: RequestOf<T>) {
		let (places, arrivals): (alloc::vec::Vec<_>, alloc::vec::Vec<_>) = record.arrivals().unzip();
		let Some(place) = leader(&arrivals, &T::Races::get()).and_then(|leads| places.get(leads).copied()) else {
			let runs = record.running().any(|(_, racer)| racer.racing == Racing::Running);
			let (now, closes) = (Self::now(), record.race.closes);
			return if runs && is_in_time(now, closes) && Self::block() < record.race.seed_from {
				// Whoever committed is out.
				Self::enter(request, record, Stage::Racing, closes)
			} else {
				Self::redraw(request, record, 0)
			};
		};
		if Self::open(request, &mut record, place).is_ok() {
			return Requests::<T>::insert(request, record);
		}
		if let Some(racer) = record.racers.get_mut(place) {
			racer.racing = Racing::Out;
			let operator = racer.operator.clone();
			Self::dismiss(request, &operator);
			Self::deposit_event(Event::Rejected { request, operator });
		}
		let now = Self::now();
		Self::enter(request, record, Stage::Racing, now);
	}

	/// A race ended without a commitment: there is another one, among others, or the client has its money back.
	pub(crate) fn redraw(request: H256, mut record: RequestOf<T>, pause: BlockNumber) {
		let first = record.race.first as usize;
		for racer in record.racers.iter_mut().skip(first).filter(|racer| racer.racing == Racing::Running) {
			racer.racing = Racing::Silent;
			Self::dismiss(request, &racer.operator);
		}
		if record.redraws >= T::MaxRedraws::get() {
			return Self::close(request, record, Ending::Refunded);
		}
		record.redraws = record.redraws.saturating_add(1);
		record.race.first = record.racers.len() as u32;
		Self::deposit_event(Event::Redrawn { request, redraws: record.redraws });
		let after = T::Validation::after(record.due).saturating_add(pause);
		// Who may be drawn has joined before the seed is known.
		let seed_from = seed_not_before(after, Self::block().saturating_add(1));
		Self::await_draw(request, record, seed_from);
	}

	/// Ends a request: what is left of what was held is the client's.
	pub(crate) fn close(request: H256, record: RequestOf<T>, ending: Ending) {
		let RequestRecord { service, client, held, .. } = record;
		let _ = T::Currency::release(&HoldReason::Request.into(), &client, held, BestEffort);
		T::TrustLock::unpin(&client, request);
		Requests::<T>::remove(request);
		if let Some(mut record) = Services::<T>::get(service) {
			record.requests = record.requests.saturating_sub(1);
			Self::put_service(service, record);
		}
		Self::deposit_event(Event::Closed { request, ending, refunded: held });
	}
}
