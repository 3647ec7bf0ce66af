//! What an order comes to: what it costs, what is pinned for it, and what its validation is asked.

use crate::*;
use frame_support::ensure;
use ogpu_protocol::{
	audit::drawn_leaves,
	commitment::Domain,
	cost::{charged_leaves, Checking},
	detection::Sampling,
	phases::Sale,
	pool::pot_share,
	random::CERTAIN_BILLIONTHS,
	slashing::{pin, Pay, SeatFault},
};
use ogpu_result_validation::Request as Validated;
use sp_runtime::DispatchError;

/// With this begins what the names of requests are hashes of.
pub const REQUEST_NAMES: Domain = *b"ogpu/pool-orders";

impl<T: Config> Pallet<T> {
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
		let share = pot_share(Self::pot_of(record, leaves), lots, record.terms.width);
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
		let released = if delivery.may_pay_early() { spent.checked_add(fee)? } else { spent };
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
		let prompt_leaves = charged_leaves(order.prompt_work, record.leaf.work);
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
	) -> Validated {
		let share = pot_share(Self::pot_of(record, leaves), lots, record.terms.width);
		Validated {
			task: request,
			client: record.client.clone(),
			provider: provider.clone(),
			commitment: H256::zero(),
			manifest: Services::<T>::get(record.service).map_or(H256::zero(), |service| service.manifest),
			start: record.order.inputs,
			leaves,
			class: record.terms.class,
			capability: record.terms.capability,
			leaf_blocks: record.leaf_blocks,
			leaf_fee: record.leaf_fee,
			fee: Self::fee_of(record, leaves).saturating_add(share),
			spent: 0,
			sale: Sale::Pool,
			seed_from: 0,
			secret: record.order.secret,
			// That there are no more leaves is for the last one to say.
			is_milestone: leaves < record.order.ceiling_leaves,
		}
	}

	/// Whether a result of all leaves could be validated.
	fn ensure_validatable(request: H256, record: &RequestOf<T>) -> DispatchResult {
		let leaves = record.order.ceiling_leaves;
		let likely = Self::validation(request, record, &Self::pot(), leaves, record.terms.width);
		// Of fewer leaves one more is looked at.
		let likely = Validated { is_milestone: true, ..likely };
		T::Validation::admits(&likely)
	}
}
