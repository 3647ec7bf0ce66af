//! Who is drawn: who may be, with what weight, and the draw.

use crate::{quote::Reason, services::in_billions, *};
use alloc::{collections::BTreeMap, vec::Vec};
use frame_support::{
	ensure,
	storage::{with_transaction, TransactionOutcome},
};
use ogpu_protocol::{
	commitment::Domain,
	cost::Checking,
	math::mul_div,
	pool::{draw, Candidate},
	random::{Stream, CERTAIN_BILLIONTHS},
	slashing::Pay,
};
use ogpu_result_validation::NoSeed;
use ogpu_staking_trustlock::traits::Pin;
use sp_runtime::DispatchError;

/// For what the seed of a race is used.
pub const RACE_DRAWS: Domain = *b"ogpu/racer-draws";
/// With this begins what the names of requests are hashes of.
pub const REQUEST_NAMES: Domain = *b"ogpu/pool-orders";

/// A device that may be drawn.
pub(crate) struct Runner {
	pub device: DeviceId,
	pub operator: AccountId32,
	pub weight: u64,
}

impl<T: Config> Pallet<T> {
	/// How the bond of a racer counts.
	pub(crate) fn pin_of(record: &RequestOf<T>) -> Pin {
		match record.terms.delivery {
			Delivery::FirstResponse => Pin::Own,
			Delivery::Verified | Delivery::Manual => Pin::Shared,
		}
	}

	/// The weight with which a member may be drawn, or why it may not.
	pub(crate) fn weigh(
		request: H256,
		record: &RequestOf<T>,
		device: DeviceId,
		member: &MemberRecord,
	) -> Result<u64, Vec<Reason>> {
		let operator = &member.operator;
		let asked = record.terms.requirements;
		let info = T::TrustLock::device(device);
		let score = info.as_ref().and_then(|info| info.measured).unwrap_or_default();
		let weight = T::Races::get().draw_weight(in_billions(score), member.observed, T::TrustLock::free(operator));
		let carries = || Self::would(|| T::TrustLock::pin(operator, request, record.bond, Self::pin_of(record)));
		let checking_fits = || {
			let likely = Self::validation(request, record, operator, record.order.ceiling_leaves, record.terms.width);
			let pay = Self::pay_of(record, record.order.ceiling_leaves, record.terms.width);
			T::Validation::checking(&likely).provider <= pay.provider
		};
		let client = T::TrustLock::operator(record.client.clone());
		let is = |what: fn(&ogpu_staking_trustlock::traits::DeviceInfo<AccountId32>) -> bool| {
			info.as_ref().is_some_and(what)
		};
		let kind_fits = info.as_ref().is_some_and(|info| asked.kind.is_none_or(|kind| kind == info.kind));
		let obstacles = [
			(member.left.is_some(), Reason::HasLeft),
			(!is(|info| info.is_online), Reason::Offline),
			(!kind_fits, Reason::Kind),
			(info.as_ref().is_none_or(|info| info.memory_mb < asked.memory_mb), Reason::Memory),
			(score < asked.score || in_billions(score) == 0, Reason::Score),
			(T::TrustLock::score_billionths(operator) < asked.reputation_billionths, Reason::Reputation),
			(*operator == client || *operator == record.client, Reason::Client),
			(Races::<T>::get(operator) >= T::MaxRaces::get(), Reason::Busy),
			(record.racers.iter().any(|racer| racer.operator == *operator), Reason::RanBefore),
			((in_billions(score) > 0 && weight == 0) || !carries(), Reason::Bond),
			(!checking_fits(), Reason::Checking),
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
			Err(NoSeed::Forgotten) => return Self::await_draw(request, record, Self::block().saturating_add(1)),
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
		let after = window.saturating_add(T::AlarmBlocks::get()).saturating_add(1);
		let seed_from = Self::block().saturating_add(after);
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

	/// What a leader is paid for a result of so many leaves, before what its audits cost beyond the class: the fee, and
	/// its part of the pot.
	pub(crate) fn pay_of(record: &RequestOf<T>, leaves: u32, lots: u32) -> Pay {
		let (price, floor) = (record.leaf_price, record.terms.floor);
		let fee = T::Prices::get().pay(price, floor, record.charged_leaves(leaves)).unwrap_or_default();
		let share = Self::share_of(record, leaves, lots);
		Pay { provider: fee.provider.saturating_add(share.provider), burned: fee.burned.saturating_add(share.burned) }
	}

	/// What of the pot is paid for so many lots.
	pub(crate) fn share_of(record: &RequestOf<T>, leaves: u32, lots: u32) -> Pay {
		let share = ogpu_protocol::pool::pot_share(Self::pot_of(record, leaves), lots, record.terms.width);
		Pay::of(share, &T::Slashing::get())
	}

	pub(crate) fn fee_of(record: &RequestOf<T>, leaves: u32) -> Balance {
		record.leaf_price.saturating_mul(record.charged_leaves(leaves).into())
	}

	pub(crate) fn pot_of(record: &RequestOf<T>, leaves: u32) -> Balance {
		T::Races::get().pot(Self::fee_of(record, leaves), record.terms.width)
	}

	/// What each racer pins: what a conviction as the leader must cost, or a false alarm, whichever is more.
	pub(crate) fn bond_of(record: &RequestOf<T>, spent: Balance) -> Option<Balance> {
		use ogpu_protocol::{
			audit::drawn_leaves,
			detection::Sampling,
			slashing::{pin, SeatFault},
		};
		let Terms { class, delivery, .. } = record.terms;
		let ceiling = record.order.ceiling_leaves;
		let at_stake = |leaves| Self::fee_of(record, leaves).checked_add(Self::pot_of(record, leaves));
		let jury_bill = record.leaf_fee.checked_mul(class.jury.draw_seats.into())?;
		let bond = |leaves| Sampling::of(&class, leaves).bond(at_stake(leaves)?, jury_bill);
		// A result of fewer leaves may be audited worse. Of those of which equally many are drawn, the longest is worst.
		let fewer = 1..drawn_leaves(ceiling, class.leaves_billionths);
		let longest = |drawn| {
			let leaves = u64::from(drawn).saturating_mul(CERTAIN_BILLIONTHS.into());
			u32::try_from(leaves.checked_div(class.leaves_billionths.into())?).ok()
		};
		let bond = fewer.map(longest).try_fold(bond(ceiling)?, |most, leaves| Some(most.max(bond(leaves?)?)))?;
		let fee = at_stake(ceiling)?;
		let released = match delivery {
			Delivery::FirstResponse => spent.checked_add(fee)?,
			Delivery::Verified | Delivery::Manual => spent,
		};
		let slashing = T::Slashing::get();
		let audit = SeatFault::FalseAlarm { jury_bill: record.leaf_fee.checked_mul(ceiling.into())? };
		let alarm = audit.penalty(Balance::MAX, record.leaf_fee, &slashing).taken;
		Some(pin(bond, jury_bill, fee, released, &slashing).max(alarm))
	}

	/// A request as it would be made now, with nothing held and nothing stored. Refused if its result could not be
	/// validated.
	pub(crate) fn draft(
		request: H256,
		service: ServiceId,
		client: AccountId32,
		order: Order,
	) -> Result<RequestOf<T>, DispatchError> {
		let record = Services::<T>::get(service).ok_or(Error::<T>::NoSuchService)?;
		ensure!(!record.is_retired, Error::<T>::Retired);
		ensure!(T::TrustLock::operator(client.clone()) == client, Error::<T>::IsWorker);
		ensure!(order.ceiling_leaves > 0, Error::<T>::NoLeaves);
		ensure!((1..=T::MaxWindow::get()).contains(&order.window_blocks), Error::<T>::WrongWindow);
		ensure!(order.prompt_work <= record.leaf.recompute_work, Error::<T>::PromptTooLong);
		let leaf_price = Self::market_of(&record).leaf_price;
		ensure!(leaf_price <= order.max_price, Error::<T>::Overpriced);
		let (leaf_blocks, leaf_fee) = Self::leaf_terms(record.leaf)?;
		let prompt_leaves = ogpu_protocol::cost::charged_leaves(order.prompt_work, record.leaf.work);
		let prompt_leaves = prompt_leaves.ok_or(Error::<T>::PromptTooLong)?;
		let charged = order.ceiling_leaves.checked_add(prompt_leaves).ok_or(Error::<T>::FeeTooLarge)?;
		let fee = leaf_price.checked_mul(charged.into()).ok_or(Error::<T>::FeeTooLarge)?;
		let deposit = T::RequestDeposit::get();
		let mut draft = RequestRecord {
			service,
			client,
			order,
			terms: record.terms,
			leaf_work: record.leaf.work,
			leaf_blocks,
			leaf_fee,
			leaf_price,
			prompt_leaves,
			bond: 0,
			client_bond: 0,
			held: 0,
			deposit,
			checking: 0,
			made: Self::now(),
			redraws: 0,
			race: RaceRecord::default(),
			racers: BoundedVec::new(),
			stage: Stage::Drawing { seed_from: 0 },
			due: 0,
		};
		// It also bounds how many leaves are drawn, and so what follows.
		Self::ensure_validatable(request, &draft)?;
		let class = &record.terms.class;
		let pot = Self::pot_of(&draft, order.ceiling_leaves);
		// With the last leaf, which is audited besides if there are fewer.
		let checking = Checking::of(class, order.ceiling_leaves, 1, 0, 0);
		let class_fee = checking.expected_fee(leaf_fee);
		let most_spent = class_fee.saturating_add(checking.provider_fee(leaf_fee, CERTAIN_BILLIONTHS));
		let sum = |terms: &[Balance]| terms.iter().try_fold(0, |sum: Balance, term| sum.checked_add(*term));
		draft.held = sum(&[fee, pot, class_fee, deposit]).ok_or(Error::<T>::FeeTooLarge)?;
		draft.bond = Self::bond_of(&draft, most_spent).ok_or(Error::<T>::FeeTooLarge)?;
		let jury_bill = leaf_fee.checked_mul(class.jury.draw_seats.into());
		draft.client_bond = jury_bill.and_then(|bill| sum(&[fee, pot, bill])).ok_or(Error::<T>::FeeTooLarge)?;
		Ok(draft)
	}

	/// What is asked of the validation of a result of so many leaves by a racer with so many lots. The commitment and the
	/// seed are still missing.
	pub(crate) fn validation(
		request: H256,
		record: &RequestOf<T>,
		provider: &AccountId32,
		leaves: u32,
		lots: u32,
	) -> ogpu_result_validation::Request {
		let share = ogpu_protocol::pool::pot_share(Self::pot_of(record, leaves), lots, record.terms.width);
		ogpu_result_validation::Request {
			task: request,
			client: record.client.clone(),
			provider: provider.clone(),
			// Whoever serves a service holds its artifacts: what the provider cannot give is not missing input.
			supplier: record.client.clone(),
			commitment: H256::zero(),
			start: record.order.inputs,
			leaves,
			class: record.terms.class,
			capability: record.terms.capability,
			leaf_blocks: record.leaf_blocks,
			leaf_fee: record.leaf_fee,
			fee: Self::fee_of(record, leaves).saturating_add(share),
			spent: 0,
			sale: ogpu_protocol::phases::Sale::Pool,
			seed_from: 0,
			secret: record.order.secret,
			// That there are no more leaves is for the last one to say.
			is_milestone: leaves < record.order.ceiling_leaves,
		}
	}

	/// Whether a result of all leaves could be validated. A claim asks for all that opening does but the fee; it is taken
	/// back at once.
	fn ensure_validatable(request: H256, record: &RequestOf<T>) -> DispatchResult {
		let leaves = record.order.ceiling_leaves;
		let likely = Self::validation(request, record, &Self::pot(), leaves, record.terms.width);
		// Of fewer leaves one more is looked at.
		let likely = ogpu_result_validation::Request { is_milestone: true, ..likely };
		with_transaction::<(), DispatchError, _>(|| TransactionOutcome::Rollback(T::Validation::claim(likely)))
	}
}
