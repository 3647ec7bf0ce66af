//! Who is drawn: who may be, with what weight, and the draw.

use crate::{quote::Reason, services::in_billions, *};
use alloc::{collections::BTreeMap, vec::Vec};
use ogpu_protocol::{
	commitment::{seed_not_before, Domain},
	math::mul_div,
	pool::{draw, Candidate},
	random::Stream,
};
use ogpu_result_validation::NoSeed;
use ogpu_staking_trustlock::traits::Pin;

/// For what the seed of a race is used.
pub const RACE_DRAWS: Domain = *b"ogpu/racer-draws";

/// A device that may be drawn.
pub(crate) struct Runner {
	pub device: DeviceId,
	pub operator: AccountId32,
	pub weight: u64,
}

impl<T: Config> Pallet<T> {
	/// How the bond of a racer counts.
	pub(crate) fn pin_of(record: &RequestOf<T>) -> Pin {
		if record.terms.delivery.may_pay_early() {
			Pin::Own
		} else {
			Pin::Shared
		}
	}

	/// The weight with which a member may be drawn, or why it may not.
	pub(crate) fn weigh(
		request: H256,
		record: &RequestOf<T>,
		device: DeviceId,
		member: &MemberRecord,
	) -> Result<u64, Vec<Reason>> {
		let Some(info) = T::TrustLock::device(device) else { return Err(alloc::vec![Reason::Offline]) };
		let operator = &member.operator;
		let asked = record.terms.requirements;
		let score = info.measured.unwrap_or_default();
		let free = T::TrustLock::free(operator);
		let weight = T::Races::get().draw_weight(in_billions(score), member.observed, free);
		let carries = T::TrustLock::could_pin(operator, request, record.bond, Self::pin_of(record));
		let leaves = record.order.ceiling_leaves;
		let likely = Self::validation(request, record, operator, leaves, record.terms.width);
		let pay = Self::pay_of(record, leaves, record.terms.width);
		let client = T::TrustLock::operator(record.client.clone());
		let obstacles = [
			(member.left.is_some(), Reason::HasLeft),
			(!info.is_online, Reason::Offline),
			(asked.kind.is_some_and(|kind| kind != info.kind), Reason::Kind),
			(info.memory_mb < asked.memory_mb, Reason::Memory),
			(score < asked.score || in_billions(score) == 0, Reason::Score),
			(T::TrustLock::score_billionths(operator) < asked.reputation_billionths, Reason::Reputation),
			(*operator == client || *operator == record.client, Reason::Client),
			(Races::<T>::get(operator) >= T::MaxRaces::get(), Reason::Busy),
			(record.racers.iter().any(|racer| racer.operator == *operator), Reason::RanBefore),
			(free == 0 || (in_billions(score) > 0 && weight == 0) || !carries, Reason::Bond),
			(T::Validation::checking(&likely).provider > pay.provider, Reason::Checking),
		];
		let reasons: Vec<_> = obstacles.into_iter().filter_map(|(is_so, reason)| is_so.then_some(reason)).collect();
		if reasons.is_empty() {
			Ok(weight)
		} else {
			Err(reasons)
		}
	}

	/// Who may be drawn for a request, and with what weight. The free bond of an operator carries all of its devices
	/// together.
	pub(crate) fn runners(request: H256, record: &RequestOf<T>) -> Vec<Runner> {
		let members = Members::<T>::iter_prefix(record.service);
		let mut runners: Vec<_> = members
			.filter_map(|(device, member)| {
				let weight = Self::weigh(request, record, device, &member).ok()?;
				Some(Runner { device, operator: member.operator, weight })
			})
			.collect();
		let mut sums = BTreeMap::<AccountId32, u128>::new();
		for runner in &runners {
			let sum = sums.entry(runner.operator.clone()).or_default();
			*sum = sum.saturating_add(runner.weight.into());
		}
		for runner in &mut runners {
			let sum = sums.get(&runner.operator).copied().unwrap_or_default();
			let carried = T::Races::get().draw_weight(u64::MAX, None, T::TrustLock::free(&runner.operator));
			if sum > carried.into() {
				let part = mul_div(runner.weight.into(), carried.into(), sum).unwrap_or_default();
				runner.weight = part.try_into().unwrap_or(runner.weight);
			}
		}
		runners
	}

	/// Draws racers, if the seed is known.
	pub(crate) fn draw(request: H256, mut record: RequestOf<T>, seed_from: BlockNumber) {
		let seed = match T::Validation::seed(seed_from, T::DrawBlocks::get(), &request, record.redraws) {
			Ok(seed) => seed,
			Err(NoSeed::Early) => return Self::await_draw(request, record, seed_from),
			Err(NoSeed::Forgotten) => {
				let seed_from = seed_not_before(seed_from, Self::block().saturating_add(1));
				return Self::await_draw(request, record, seed_from);
			}
		};
		let runners = Self::runners(request, &record);
		let candidates: Vec<_> =
			runners.iter().map(|runner| Candidate { operator: &runner.operator, weight: runner.weight }).collect();
		let mut random = Stream::new(blake2_256, &RACE_DRAWS, &seed.0);
		let first = record.racers.len() as u32;
		for drawn in draw(&candidates, record.terms.width, &mut random) {
			let Some(Runner { device, operator, weight }) = runners.get(drawn.candidate) else { continue };
			let racer = RacerRecord {
				operator: operator.clone(),
				device: *device,
				lots: drawn.lots,
				weight: *weight,
				racing: Racing::Running,
			};
			// Its lock was asked a moment ago.
			if Self::engage(request, &record, operator).is_ok() {
				let _ = record.racers.try_push(racer);
			}
		}
		let racers = (record.racers.len() as u32).saturating_sub(first);
		if racers == 0 {
			// Somebody may come.
			let pause = record.order.window_blocks >> 2;
			return Self::redraw(request, record, pause);
		}
		let (now, window) = (Self::now(), record.order.window_blocks);
		let closes = now.saturating_add(window);
		let wait = window.saturating_add(T::AlarmBlocks::get());
		let after = |draw: BlockNumber| draw.saturating_add(wait);
		let next = Self::block().saturating_add(1);
		let seed_from = seed_not_before(after(T::Validation::after(record.due)), after(next));
		record.race = RaceRecord { first, drawn: now, closes, seed_from };
		Self::deposit_event(Event::Drawn { request, racers, closes, seed_from });
		Self::enter(request, record, Stage::Racing, closes);
	}

	/// Waits for the seed of a draw.
	pub(crate) fn await_draw(request: H256, record: RequestOf<T>, seed_from: BlockNumber) {
		let due = T::Validation::due(seed_from, T::DrawBlocks::get());
		Self::enter(request, record, Stage::Drawing { seed_from }, due);
	}

	/// Binds an operator to a race.
	fn engage(request: H256, record: &RequestOf<T>, operator: &AccountId32) -> DispatchResult {
		T::TrustLock::pin(operator, request, record.bond, Self::pin_of(record))?;
		Races::<T>::mutate(operator, |races| *races = races.saturating_add(1));
		Ok(())
	}

	/// Frees it again.
	pub(crate) fn dismiss(request: H256, operator: &AccountId32) {
		T::TrustLock::unpin(operator, request);
		Races::<T>::mutate_exists(operator, |races| {
			*races = races.and_then(|races| races.checked_sub(1)).filter(|left| *left > 0)
		});
	}
}
