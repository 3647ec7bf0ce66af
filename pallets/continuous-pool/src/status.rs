//! Where a request stands, what comes next, and who has to do it: for whoever asks a node.

use crate::*;
use alloc::vec::Vec;
use codec::{Decode, Encode};
use ogpu_result_validation::status::{Next, Page};
use scale_info::TypeInfo;

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub enum Act {
	/// The authors of blocks make a seed, which draws the racers.
	AwaitSeed,
	/// Racers compute, and commit.
	Commit,
	/// The result is validated: the validation has the request's name.
	AwaitVerdict,
	/// So it is, and the client may confirm it before.
	Confirm,
	/// Runners-up show that they had the same.
	ClaimShare,
}

/// A service as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct ServiceStatus {
	pub id: ServiceId,
	pub record: ServiceRecord,
	/// What a leaf costs at this moment.
	pub leaf_price: Balance,
}

/// An open request.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct RequestStatus {
	pub service: ServiceId,
	pub client: AccountId32,
	pub order: Order,
	/// What the network's clock shows.
	pub now: BlockNumber,
	/// Without a deadline of its own where it waits for a validation.
	pub next: Next<Act>,
	pub leaf_price: Balance,
	/// What is held of the client's balance.
	pub held: Balance,
	pub redraws: u32,
	/// Those of this race by rank.
	pub racers: Vec<RacerRecord>,
	/// Whose result is validated, or was found right.
	pub leader: Option<AccountId32>,
}

impl<T: Config> Pallet<T> {
	/// Where a request stands that has not ended.
	pub fn status(request: H256) -> Option<RequestStatus> {
		let record = Requests::<T>::get(request)?;
		let operators = |has_to: fn(&Racing) -> bool| {
			let racers = record.running().filter(|(_, racer)| has_to(&racer.racing));
			racers.map(|(_, racer)| racer.operator.clone()).collect()
		};
		let (act, by) = match record.stage {
			Stage::Drawing { .. } => (Act::AwaitSeed, Vec::new()),
			Stage::Racing => (Act::Commit, operators(|racing| matches!(racing, Racing::Running))),
			Stage::Validating { .. } => (Act::AwaitVerdict, Vec::new()),
			Stage::AwaitingConfirmation { .. } => (Act::Confirm, alloc::vec![record.client.clone()]),
			Stage::Sharing { .. } => (Act::ClaimShare, operators(|racing| matches!(racing, Racing::Committed { .. }))),
		};
		let leader = match record.stage {
			Stage::Drawing { .. } | Stage::Racing => None,
			Stage::Validating { leader, .. }
			| Stage::AwaitingConfirmation { leader }
			| Stage::Sharing { leader, .. } => record.racers.get(leader as usize).map(|racer| racer.operator.clone()),
		};
		let due = if record.has_deadline() { record.due } else { BlockNumber::MAX };
		let racers = record.running().map(|(_, racer)| racer.clone()).collect();
		let RequestRecord { service, client, order, leaf_price, held, redraws, .. } = record;
		let next = Next { act, due, by };
		Some(RequestStatus {
			service,
			client,
			order,
			now: Self::now(),
			next,
			leaf_price,
			held,
			redraws,
			racers,
			leader,
		})
	}

	/// The open requests of a client, or in which an operator was drawn, after this one.
	pub fn requests_of(who: AccountId32, after: Option<H256>) -> Page {
		let requests = match after {
			Some(name) => Requests::<T>::iter_from(Requests::<T>::hashed_key_for(name)),
			None => Requests::<T>::iter(),
		};
		Page::of(requests, |record| record.client == who || record.racers.iter().any(|racer| racer.operator == who))
	}

	/// Services by their numbers, from this one on.
	pub fn services_from(first: ServiceId) -> Vec<ServiceStatus> {
		let ids = (first..NextService::<T>::get()).take(Page::LOOKS);
		let services = ids.filter_map(|id| {
			let record = Services::<T>::get(id)?;
			Some(ServiceStatus { id, leaf_price: Self::market_of(&record).leaf_price, record })
		});
		services.collect()
	}
}
