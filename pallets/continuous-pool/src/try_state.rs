//! What must always hold.

use crate::*;
use alloc::collections::BTreeMap;
use frame_support::{ensure, traits::fungible::InspectHold};
use sp_runtime::TryRuntimeError;

/// Sums by account.
type Sums = BTreeMap<AccountId32, Balance>;

fn add(sums: &mut Sums, who: &AccountId32, amount: Balance) {
	let sum = sums.entry(who.clone()).or_default();
	*sum = sum.saturating_add(amount);
}

impl<T: Config> Pallet<T> {
	/// 1. What is held of an account for each reason is what its services, its members, and its requests say.
	/// 2. A service counts its members and its open requests; a retired one has some of either.
	/// 3. Members and settlements belong to a service.
	/// 4. Every open request has a stage in which it can go on: its leader has committed; the racers of its race are as
	///    many as were drawn, of different operators; and its client stands for the inputs.
	/// 5. Operators are counted in as many races as they are in.
	pub(crate) fn do_try_state() -> Result<(), TryRuntimeError> {
		let [mut services, mut members, mut requests] = [Sums::new(), Sums::new(), Sums::new()];
		for (id, service) in Services::<T>::iter() {
			ensure!(id < NextService::<T>::get(), "a service's number was given out");
			add(&mut services, &service.publisher, service.deposit);
			ensure!(service.members == Members::<T>::iter_prefix(id).count() as u32, "a service counts its members");
			ensure!(!service.is_retired || service.members > 0 || service.requests > 0, "a retired service goes");
			let open = Requests::<T>::iter_values().filter(|request| request.service == id).count();
			ensure!(service.requests == open as u32, "a service counts its requests");
		}
		for (service, _, member) in Members::<T>::iter() {
			ensure!(Services::<T>::contains_key(service), "a member has a service");
			add(&mut members, &member.operator, member.deposit);
		}
		ensure!(Settlements::<T>::iter_keys().all(Services::<T>::contains_key), "settlements belong to a service");
		let mut races = BTreeMap::<AccountId32, u32>::new();
		for (name, request) in Requests::<T>::iter() {
			ensure!(Services::<T>::contains_key(request.service), "a request has a service");
			add(&mut requests, &request.client, request.held);
			Self::check_request(name, &request)?;
			if matches!(request.stage, Stage::Drawing { .. } | Stage::Sharing { .. }) {
				continue;
			}
			for (_, racer) in request.running().filter(|(_, racer)| racer.racing != Racing::Out) {
				let races = races.entry(racer.operator.clone()).or_default();
				*races = races.saturating_add(1);
			}
		}
		ensure!(Races::<T>::iter().collect::<BTreeMap<_, _>>() == races, "races of operators are counted");
		for who in frame_system::Account::<T>::iter_keys() {
			let checks = [
				(HoldReason::Service, &services, "deposits for services are held"),
				(HoldReason::Member, &members, "deposits for members are held"),
				(HoldReason::Request, &requests, "what is held for requests is what they say"),
			];
			for (reason, sums, what) in checks {
				let held = T::Currency::balance_on_hold(&reason.into(), &who);
				ensure!(held == sums.get(&who).copied().unwrap_or_default(), what);
			}
		}
		ensure!(T::Currency::balance(&Self::pot()) >= T::Currency::minimum_balance(), "the pot is alive");
		Ok(())
	}

	fn check_request(name: H256, request: &RequestOf<T>) -> Result<(), TryRuntimeError> {
		let has_leader = |leader: u32| {
			let racer = request.racers.get(leader as usize);
			racer.is_some_and(|racer| matches!(racer.racing, Racing::Committed { .. }))
		};
		match request.stage {
			Stage::Drawing { .. } => {
				ensure!(request.running().count() == 0, "who is drawn races");
			}
			Stage::Racing => ensure!(request.running().count() > 0, "somebody races"),
			Stage::Validating { leader, .. } | Stage::AwaitingConfirmation { leader } => {
				ensure!(has_leader(leader), "a leader has committed");
				let mut racers = request.running().filter(|(_, racer)| racer.racing != Racing::Out);
				let is_pinned = |racer: &RacerRecord| T::TrustLock::pinned(&racer.operator, name) == request.bond;
				ensure!(racers.all(|(_, racer)| is_pinned(racer)), "racers stand for what they say");
			}
			Stage::Sharing { leader, .. } => ensure!(has_leader(leader), "a leader has committed"),
		}
		ensure!(request.held >= request.deposit, "a request's deposit is held until its end");
		ensure!(T::TrustLock::pinned(&request.client, name) == request.client_bond, "clients stand for their inputs");
		let mut operators: alloc::vec::Vec<_> = request.racers.iter().map(|racer| &racer.operator).collect();
		operators.sort();
		operators.dedup();
		ensure!(operators.len() == request.racers.len(), "an operator races once for a request");
		Ok(())
	}
}
