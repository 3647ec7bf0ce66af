//! Who has seats, the seeds that draw them, and whether they do their duty.

use crate::*;
use alloc::{collections::BTreeMap, vec::Vec};
use frame_support::ensure;
use ogpu_protocol::{
	commitment::{seed, seed_not_before, seed_with_secret, SECRET_SEED_BLOCKS, SEED_BLOCKS},
	merkle::Hash,
	random::CERTAIN_BILLIONTHS,
	seats::{allot, Table, SEATS},
};
use ogpu_staking_trustlock::traits::Pin;

/// So many tables at most are passed at once when the oldest is forgotten.
const TABLES_PASSED: TableId = 8;

impl<T: Config> Pallet<T> {
	pub(crate) fn do_offer_seats(
		operator: &AccountId32,
		capabilities: u32,
		device: Option<DeviceId>,
	) -> DispatchResult {
		ensure!(capabilities > 0, Error::<T>::NoSuchCapability);
		let measured = match device {
			None => 0,
			Some(device) => {
				let device = T::TrustLock::device(device).filter(|device| device.operator == *operator);
				device.and_then(|device| device.measured).ok_or(Error::<T>::DeviceTooSlow)?
			}
		};
		for capability in (0..32u8).filter(|bit| capabilities >> bit & 1 == 1) {
			let asked = T::Capabilities::convert(capability).ok_or(Error::<T>::NoSuchCapability)?;
			ensure!(measured >= asked, Error::<T>::DeviceTooSlow);
		}
		let is_pinned = Leaving::<T>::take(operator).is_some() || Offers::<T>::contains_key(operator);
		if !is_pinned {
			T::TrustLock::pin(operator, SEAT, T::SeatBond::get(), Pin::Own)?;
		}
		Offers::<T>::insert(operator, capabilities);
		Self::deposit_event(Event::SeatsOffered { operator: operator.clone(), capabilities });
		Ok(())
	}

	pub(crate) fn do_withdraw_seats(operator: AccountId32) -> DispatchResult {
		if Offers::<T>::take(&operator).is_some() {
			Leaving::<T>::insert(&operator, CurrentTable::<T>::get());
			Self::deposit_event(Event::SeatsWithdrawn { operator });
			return Ok(());
		}
		// Fines come out of the bond, however long validations take.
		let last = Leaving::<T>::get(&operator).ok_or(Error::<T>::NoSeats)?;
		ensure!(last < OldestTable::<T>::get(), Error::<T>::StillSeated);
		Leaving::<T>::remove(&operator);
		T::TrustLock::unpin(&operator, SEAT);
		Self::deposit_event(Event::SeatsFreed { operator });
		Ok(())
	}

	/// Rewards the duty of the session that ends. For the runtime, in its last block.
	pub fn end_session() {
		let holders = Tables::<T>::get(CurrentTable::<T>::get()).map(|table| table.holders).unwrap_or_default();
		let share = |holder: &SeatHolder| {
			let DutyRecord { drawn, served } = Duties::<T>::get(&holder.operator);
			let part = u64::from(served).saturating_mul(CERTAIN_BILLIONTHS.into()).checked_div(drawn.into());
			// Who was not drawn did all that it was asked for.
			part.map_or(CERTAIN_BILLIONTHS, |part| part.min(CERTAIN_BILLIONTHS.into()) as u32)
		};
		T::Duty::served(holders.iter().map(|holder| (holder.operator.clone(), share(holder))).collect());
		let _ = Duties::<T>::clear(u32::MAX, None);
		Granted::<T>::kill();
	}

	/// Allots the seats of the session that begins. For the runtime, once its validators are known.
	pub fn start_session() {
		let last = CurrentTable::<T>::get();
		let next = last.saturating_add(1);
		let holders = Self::allotted();
		Self::deposit_event(Event::SeatsAllotted { table: next, holders: holders.len() as u32 });
		Tables::<T>::insert(next, TableRecord { holders, users: 0 });
		CurrentTable::<T>::put(next);
		Self::forget_table(last);
		Self::place_window();
	}

	/// The seats of the active stake, of those who offer them and may.
	fn allotted() -> BoundedVec<SeatHolder, T::MaxHolders> {
		let mut active = T::Stakes::active();
		active.sort();
		let stakes: Vec<_> = active.iter().map(|(_, stake)| *stake).collect();
		let seats = allot(&stakes, SEATS).unwrap_or_default();
		let holder = |((operator, stake), seats): ((AccountId32, Balance), u32)| {
			let capabilities = Offers::<T>::get(&operator)?;
			let may = T::TrustLock::pinned(&operator, SEAT) <= T::TrustLock::locked(&operator);
			(may && !T::TrustLock::is_suspended(&operator)).then_some(SeatHolder {
				operator,
				seats,
				stake,
				capabilities,
			})
		};
		BoundedVec::truncate_from(active.into_iter().zip(seats).filter_map(holder).collect())
	}

	/// Notes that one validation more, or one less, draws from a table.
	pub(crate) fn use_table(table: TableId) {
		Tables::<T>::mutate_extant(table, |record| record.users = record.users.saturating_add(1));
	}

	pub(crate) fn release_table(table: TableId) {
		Tables::<T>::mutate_extant(table, |record| record.users = record.users.saturating_sub(1));
		Self::forget_table(table);
	}

	fn forget_table(table: TableId) {
		let is_used = Tables::<T>::get(table).is_none_or(|record| record.users > 0);
		let current = CurrentTable::<T>::get();
		if is_used || table == current {
			return;
		}
		Tables::<T>::remove(table);
		let oldest = OldestTable::<T>::get();
		// More tables are forgotten than made only as far as older ones have waited for them: some at a time are enough.
		let later = oldest.saturating_add(TABLES_PASSED).min(current);
		let next = (oldest..later).find(|table| Tables::<T>::contains_key(table)).unwrap_or(later);
		OldestTable::<T>::put(next);
	}

	/// Those who may sit over a request: of its capability, and neither its provider nor its client. Their stake as well.
	pub(crate) fn sitting(table: TableId, request: &Request) -> Vec<SeatHolder> {
		let parties = [&request.provider, &request.client];
		let bit = 1u32.checked_shl(request.capability.into()).unwrap_or(0);
		let holders = Tables::<T>::get(table).map(|table| table.holders).unwrap_or_default();
		holders
			.into_iter()
			.filter(|holder| holder.capabilities & bit > 0 && holder.seats > 0 && !parties.contains(&&holder.operator))
			.collect()
	}

	/// Their seats, to be drawn from. There always is a table, since there are no more seats than [`SEATS`].
	pub(crate) fn seats_of(holders: &[SeatHolder]) -> Option<Table<AccountId32>> {
		let seats: BTreeMap<_, _> = holders.iter().map(|holder| (holder.operator.clone(), holder.seats)).collect();
		Table::new(seats)
	}

	/// Keeps what the author of the last block added to the randomness.
	pub(crate) fn keep_output() {
		let block = Self::block();
		if let (Some(last), Some(output)) = (block.checked_sub(1), T::AuthorOutput::get()) {
			AuthorOutputs::<T>::insert(last, output);
		}
		if let Some(old) = block.checked_sub(T::SeedRetention::get()) {
			AuthorOutputs::<T>::remove(old);
		}
	}

	/// The first block of a seed for what follows on a deadline: the one after that in which the clock had passed it,
	/// whenever the agenda comes to it. Whoever could move something on when it likes could otherwise wait for friendly
	/// authors.
	pub(crate) fn seed_after(due: BlockNumber) -> BlockNumber {
		let late = Self::now().saturating_sub(due.saturating_add(1));
		Self::block().saturating_sub(late).saturating_add(1)
	}

	/// From where to try a seed again.
	pub(crate) fn retry_from(no_seed: NoSeed, seed_from: BlockNumber) -> BlockNumber {
		match no_seed {
			NoSeed::Early => seed_from,
			NoSeed::Forgotten => seed_not_before(seed_from, Self::block().saturating_add(1)),
		}
	}

	/// The last block, by the network's clock, before the seed from so many blocks can be known.
	pub(crate) fn seed_due(seed_from: BlockNumber, blocks: u32) -> BlockNumber {
		let until_known = seed_from.saturating_add(blocks).saturating_sub(Self::block());
		Self::now().saturating_add(until_known.saturating_sub(1))
	}

	/// The seed from the authors of the blocks from a height on, and from a secret if there is one.
	pub(crate) fn seed_at(
		seed_from: BlockNumber,
		secret: Option<H256>,
		task: &H256,
		round: u32,
	) -> Result<H256, NoSeed> {
		let blocks = if secret.is_some() { SECRET_SEED_BLOCKS } else { SEED_BLOCKS };
		let outputs = Self::outputs(seed_from, blocks)?;
		Ok(H256(match secret {
			None => seed(blake2_256, &outputs, &task.0, round),
			Some(secret) => seed_with_secret(blake2_256, &outputs, &secret.0, &task.0, round),
		}))
	}

	/// What the authors of so many blocks from a height on added to the randomness.
	fn outputs(from: BlockNumber, blocks: u32) -> Result<Vec<Hash>, NoSeed> {
		let end = from.saturating_add(blocks);
		if Self::block() < end {
			return Err(NoSeed::Early);
		}
		let outputs = (from..end).map(|block| AuthorOutputs::<T>::get(block).map(|output| output.0));
		outputs.collect::<Option<_>>().ok_or(NoSeed::Forgotten)
	}

	/// A seat that was drawn has done its duty.
	pub(crate) fn served(operator: &AccountId32) {
		Self::count_duty(operator, 1);
	}

	/// A seat's duty is over. It counts now and not when it was drawn: the session may have ended meanwhile, or the
	/// provider may have left it nothing to do.
	fn count_duty(operator: &AccountId32, served: u32) {
		Duties::<T>::mutate(operator, |duty| {
			duty.drawn = duty.drawn.saturating_add(1);
			duty.served = duty.served.saturating_add(served);
		});
	}

	/// A seat was silent. Too many suspend its operator.
	pub(crate) fn strike(operator: &AccountId32) {
		Self::count_duty(operator, 0);
		let strikes = Strikes::<T>::get(operator).saturating_add(1);
		if strikes < T::MaxStrikes::get() {
			Strikes::<T>::insert(operator, strikes);
		} else {
			Strikes::<T>::remove(operator);
			T::TrustLock::suspend(operator);
		}
	}
}

impl<T: Config> Seeds for Pallet<T> {
	fn seed(from: BlockNumber, blocks: u32, name: &H256, round: u32) -> Result<H256, NoSeed> {
		Ok(H256(seed(blake2_256, &Self::outputs(from, blocks)?, &name.0, round)))
	}

	fn due(from: BlockNumber, blocks: u32) -> BlockNumber {
		Self::seed_due(from, blocks)
	}

	fn after(due: BlockNumber) -> BlockNumber {
		Self::seed_after(due)
	}
}
