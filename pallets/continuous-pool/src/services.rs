//! Services, and the devices that serve them.

use crate::*;
use frame_support::{
	ensure,
	traits::{
		fungible::hold::Mutate as _,
		tokens::Precision::{BestEffort, Exact},
	},
};
use ogpu_protocol::{
	cost::{LeafCost, Work, GIGA},
	pool::{Market, SLOTS},
};

/// Seeing that one was drawn, fetching inputs, and getting a commitment into a block take this long, however fast a
/// device is: as much again of what it is measured to do is taken for granted.
const GRACE_BLOCKS: BlockNumber = 10;

impl<T: Config> Pallet<T> {
	pub(crate) fn do_publish(publisher: AccountId32, manifest: H256, leaf: LeafCost, terms: Terms) -> DispatchResult {
		ensure!(leaf.work > 0 && leaf.work <= leaf.recompute_work, Error::<T>::NonsensicalLeaf);
		Self::leaf_terms(leaf)?;
		Self::check_terms(&terms)?;
		let service = NextService::<T>::get();
		NextService::<T>::put(service.checked_add(1).ok_or(Error::<T>::NoServiceLeft)?);
		let deposit = T::ServiceDeposit::get();
		T::Currency::hold(&HoldReason::Service.into(), &publisher, deposit)?;
		let record = ServiceRecord {
			publisher: publisher.clone(),
			manifest,
			leaf,
			terms,
			market: Market::new(Self::now(), terms.floor),
			members: 0,
			requests: 0,
			is_retired: false,
			deposit,
		};
		Services::<T>::insert(service, record);
		Self::deposit_event(Event::ServicePublished { service, publisher });
		Ok(())
	}

	/// What a leaf takes the reference verifier, and what one check of it pays.
	pub(crate) fn leaf_terms(leaf: LeafCost) -> Result<(BlockNumber, Balance), Error<T>> {
		let blocks = T::Reference::get().leaf_blocks(&leaf).ok_or(Error::<T>::LeafTooLong)?;
		Ok((blocks, T::Tariff::get().leaf_fee(&leaf)))
	}

	fn check_terms(terms: &Terms) -> Result<(), Error<T>> {
		let most = terms.floor.checked_mul(T::Prices::get().most_floors.into());
		ensure!(terms.floor > 0 && most.is_some(), Error::<T>::NonsensicalFloor);
		terms.class.validate().map_err(|_| Error::<T>::NonsensicalClass)?;
		ensure!((1..=T::MaxWidth::get()).contains(&terms.width), Error::<T>::WrongWidth);
		Ok(())
	}

	fn own_service(publisher: &AccountId32, service: ServiceId) -> Result<ServiceRecord, Error<T>> {
		let record = Services::<T>::get(service).ok_or(Error::<T>::NoSuchService)?;
		ensure!(record.publisher == *publisher, Error::<T>::NotYourService);
		ensure!(!record.is_retired, Error::<T>::Retired);
		Ok(record)
	}

	pub(crate) fn do_update(publisher: AccountId32, service: ServiceId, terms: Terms) -> DispatchResult {
		let mut record = Self::own_service(&publisher, service)?;
		Self::check_terms(&terms)?;
		let mut market = Self::market_of(&record);
		let most = terms.floor.saturating_mul(T::Prices::get().most_floors.into());
		market.leaf_price = market.leaf_price.clamp(terms.floor, most);
		(record.market, record.terms) = (market, terms);
		Services::<T>::insert(service, record);
		Self::deposit_event(Event::ServiceUpdated { service });
		Ok(())
	}

	pub(crate) fn do_retire(publisher: AccountId32, service: ServiceId) -> DispatchResult {
		let record = Self::own_service(&publisher, service)?;
		Self::deposit_event(Event::ServiceRetired { service });
		Self::put_service(service, ServiceRecord { is_retired: true, ..record });
		Ok(())
	}

	/// Stores a service, or removes it if it is retired and nothing depends on it any more.
	pub(crate) fn put_service(service: ServiceId, record: ServiceRecord) {
		if record.is_retired && record.members == 0 && record.requests == 0 {
			let _ = T::Currency::release(&HoldReason::Service.into(), &record.publisher, record.deposit, BestEffort);
			Services::<T>::remove(service);
			Settlements::<T>::remove(service);
			Self::deposit_event(Event::ServiceRemoved { service });
		} else {
			Services::<T>::insert(service, record);
		}
	}

	/// The market of a service as it stands now.
	pub(crate) fn market_of(record: &ServiceRecord) -> Market {
		record.market.at(Self::now(), record.terms.floor, &T::Prices::get())
	}

	pub(crate) fn do_join(operator: AccountId32, service: ServiceId, device: DeviceId) -> DispatchResult {
		let mut record = Services::<T>::get(service).ok_or(Error::<T>::NoSuchService)?;
		ensure!(!record.is_retired, Error::<T>::Retired);
		let info = T::TrustLock::device(device).ok_or(Error::<T>::NoDevice)?;
		ensure!(info.operator == operator, Error::<T>::NotYourDevice);
		let asked = record.terms.requirements;
		ensure!(asked.kind.is_none_or(|kind| kind == info.kind), Error::<T>::WrongKind);
		ensure!(info.memory_mb >= asked.memory_mb, Error::<T>::TooLittleMemory);
		ensure!(info.measured.is_some_and(|measured| measured >= asked.score), Error::<T>::TooSlow);
		if let Some(member) = Members::<T>::get(service, device) {
			ensure!(member.left.is_some(), Error::<T>::AlreadyJoined);
			Members::<T>::insert(service, device, MemberRecord { left: None, ..member });
		} else {
			ensure!(record.members < T::MaxMembers::get(), Error::<T>::ServiceFull);
			let deposit = T::MemberDeposit::get();
			T::Currency::hold(&HoldReason::Member.into(), &operator, deposit)?;
			record.members = record.members.saturating_add(1);
			Services::<T>::insert(service, record);
			let member = MemberRecord {
				operator: operator.clone(),
				observed: None,
				served: None,
				committed: 0,
				declines: 0,
				declined_since: Self::now(),
				left: None,
				deposit,
			};
			Members::<T>::insert(service, device, member);
		}
		Self::deposit_event(Event::Joined { service, device, operator });
		Ok(())
	}

	pub(crate) fn do_leave(who: AccountId32, service: ServiceId, device: DeviceId) -> DispatchResult {
		let record = Services::<T>::get(service).ok_or(Error::<T>::NoSuchService)?;
		let member = Members::<T>::get(service, device).ok_or(Error::<T>::NotJoined)?;
		if who != member.operator {
			// Who is not there may not keep others out, or a service from ending.
			let is_in_the_way = record.is_retired || record.members >= T::MaxMembers::get();
			let is_online = T::TrustLock::device(device).is_some_and(|device| device.is_online);
			ensure!(is_in_the_way && !is_online, Error::<T>::NotYourDevice);
			return Self::remove_member(service, device, record, member);
		}
		// Who could leave and join at will would be counted twice, and never known for being slow.
		let now = Self::now();
		let is_free = |left: BlockNumber| now >= left.saturating_add(Self::hour());
		if member.served.is_none() && member.observed.is_none() || record.is_retired || member.left.is_some_and(is_free)
		{
			return Self::remove_member(service, device, record, member);
		}
		ensure!(member.left.is_none(), Error::<T>::TooEarly);
		Members::<T>::insert(service, device, MemberRecord { left: Some(now), ..member });
		Self::deposit_event(Event::Left { service, device });
		Ok(())
	}

	fn remove_member(
		service: ServiceId,
		device: DeviceId,
		mut record: ServiceRecord,
		member: MemberRecord,
	) -> DispatchResult {
		T::Currency::release(&HoldReason::Member.into(), &member.operator, member.deposit, Exact)?;
		Members::<T>::remove(service, device);
		record.members = record.members.saturating_sub(1);
		Self::deposit_event(Event::MemberRemoved { service, device });
		Self::put_service(service, record);
		Ok(())
	}

	/// Changes what is known of a member, if it still is one.
	pub(crate) fn change_member(service: ServiceId, device: DeviceId, change: impl FnOnce(&mut MemberRecord)) {
		Members::<T>::mutate_exists(service, device, |member| {
			if let Some(member) = member {
				change(member);
			}
		});
	}

	/// Over which demand and capacity are counted: an hour, by default.
	pub(crate) fn hour() -> BlockNumber {
		T::Prices::get().slot_blocks.saturating_mul(SLOTS as BlockNumber)
	}

	/// Remembers what was seen of a device: that it took so many blocks for so much work, or that it was silent. What is
	/// seen moves by a quarter of the way, and never to nothing, so that it can recover.
	pub(crate) fn observe(service: ServiceId, racer: &RacerRecord, work: Work, taken: Option<BlockNumber>) {
		let device = T::TrustLock::device(racer.device);
		let score = device.and_then(|device| device.measured).map_or(racer.weight, in_billions);
		Self::change_member(service, racer.device, |member| {
			let grace = score.saturating_mul(GRACE_BLOCKS.into());
			let seen = taken.map_or(0, |taken| {
				let done = in_billions(work).saturating_add(grace);
				done.checked_div(taken.into()).unwrap_or(score).min(score)
			});
			let before = member.observed.unwrap_or(score);
			member.observed = Some((before.saturating_mul(3).saturating_add(seen) >> 2).max(1));
		});
	}

	/// A racer's result was found right: the service has served so many leaves more, with its device.
	pub(crate) fn count_served(request: &RequestOf<T>, racer: &RacerRecord, leaves: u32) {
		let charged = request.charged_leaves(leaves);
		let capacity = u128::from(racer.weight)
			.saturating_mul(GIGA)
			.saturating_mul(T::Prices::get().slot_blocks.into())
			.checked_div(request.leaf_work)
			.and_then(|leaves| u64::try_from(leaves).ok())
			.unwrap_or(u64::MAX);
		Services::<T>::mutate_extant(request.service, |service| {
			let mut market = Self::market_of(service);
			let served = Members::<T>::get(request.service, racer.device).and_then(|member| member.served);
			let served = market.settle(charged, capacity, served);
			service.market = market;
			Self::change_member(request.service, racer.device, |member| member.served = Some(served));
		});
		if let Racing::Committed { since, block, .. } = racer.racing {
			let taken = block.saturating_sub(since);
			Self::observe(request.service, racer, request.leaf_work.saturating_mul(charged.into()), Some(taken));
		}
	}
}

/// Work in the unit of draw weights.
pub(crate) fn in_billions(work: Work) -> u64 {
	work.checked_div(GIGA).and_then(|work| work.try_into().ok()).unwrap_or(u64::MAX)
}
