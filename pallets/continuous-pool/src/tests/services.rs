//! Services come, change and go; devices join and leave them.

use super::*;

#[test]
fn a_service_goes_when_its_last_request_and_its_last_member_have_gone() {
	story(|| {
		let service = serve(terms(), 1);
		assert_eq!(held(&publisher(), HoldReason::Service), FOR_SERVICE);
		assert_eq!(held(&provider(0), HoldReason::Member), FOR_MEMBER);
		let request = ask(service, order(5));
		send(publisher(), Call::retire_service { service }).unwrap();
		refused(publisher(), Call::retire_service { service }, Error::<Test>::Retired);
		refused(publisher(), Call::update_service { service, terms: terms() }, Error::<Test>::Retired);
		refused(client(), Call::request { service, order: order(5) }, Error::<Test>::Retired);
		refused(provider(1), Call::join { service, device: device(1) }, Error::<Test>::Retired);
		assert_eq!(World::default().until_ended(request), Ending::Settled, "what was asked is served");
		assert!(Services::<Test>::contains_key(service));
		send(provider(0), Call::leave { service, device: device(0) }).unwrap();
		assert!(!Services::<Test>::contains_key(service) && !Settlements::<Test>::contains_key(service));
		assert_eq!(held(&publisher(), HoldReason::Service), 0);
		assert_eq!(held(&provider(0), HoldReason::Member), 0);
		assert_ne!(publish(terms()), service, "numbers are never used twice");
	});
}

#[test]
fn a_service_that_nobody_uses_goes_at_once() {
	story(|| {
		let service = publish(terms());
		refused(client(), Call::retire_service { service }, Error::<Test>::NotYourService);
		refused(client(), Call::update_service { service, terms: terms() }, Error::<Test>::NotYourService);
		send(publisher(), Call::retire_service { service }).unwrap();
		refused(publisher(), Call::retire_service { service }, Error::<Test>::NoSuchService);
	});
}

#[test]
fn terms_that_make_no_sense_are_refused() {
	story(|| {
		let publish = |leaf, terms| Call::publish_service { manifest: H256::zero(), leaf, terms };
		let no = |leaf, terms, why: Error<Test>| refused(publisher(), publish(leaf, terms), why);
		no(LEAF, Terms { floor: 0, ..terms() }, Error::NonsensicalFloor);
		no(LEAF, Terms { floor: Balance::MAX, ..terms() }, Error::NonsensicalFloor);
		no(LEAF, wide(0), Error::WrongWidth);
		no(LEAF, wide(6), Error::WrongWidth);
		let never = Class { audit_billionths: 0, ..Class::STANDARD };
		no(LEAF, Terms { class: never, ..terms() }, Error::NonsensicalClass);
		no(LeafCost { work: 0, ..LEAF }, terms(), Error::NonsensicalLeaf);
		no(LeafCost { work: LEAF.recompute_work + 1, ..LEAF }, terms(), Error::NonsensicalLeaf);
		no(LeafCost { recompute_work: u128::MAX, ..LEAF }, terms(), Error::LeafTooLong);
		no(LeafCost { fetched_bytes: u128::MAX, ..LEAF }, terms(), Error::LeafTooLong);
		let service = super::world::publish(terms());
		let update = |terms| Call::update_service { service, terms };
		refused(publisher(), update(wide(6)), Error::<Test>::WrongWidth);
		refused(publisher(), update(Terms { floor: 0, ..terms() }), Error::<Test>::NonsensicalFloor);
		let poor = account(200);
		let call = publish(LEAF, terms());
		refused(poor, call, sp_runtime::TokenError::FundsUnavailable);
	});
}

#[test]
fn only_devices_that_fit_join() {
	story(|| {
		let asked = |requirements| publish(Terms { requirements, ..terms() });
		let any = terms().requirements;
		let join = |service| Call::join { service, device: device(0) };
		let no = |service, why: Error<Test>| refused(provider(0), join(service), why);
		no(asked(Requirements { kind: Some(DeviceKind::Metal), ..any }), Error::WrongKind);
		no(asked(Requirements { memory_mb: 80_001, ..any }), Error::TooLittleMemory);
		no(asked(Requirements { score: u128::from(SPEED) * 1_000_000_000 + 1, ..any }), Error::TooSlow);
		no(1_000, Error::NoSuchService);
		let service = asked(Requirements { kind: Some(DeviceKind::Cuda), memory_mb: 80_000, ..any });
		refused(provider(1), join(service), Error::<Test>::NotYourDevice);
		refused(provider(1), Call::join { service, device: 99 }, Error::<Test>::NoDevice);
		send(provider(0), join(service)).unwrap();
		no(service, Error::AlreadyJoined);
		refused(provider(1), Call::leave { service, device: device(1) }, Error::<Test>::NotJoined);
		refused(provider(1), Call::leave { service, device: device(0) }, Error::<Test>::NotYourDevice);
		refused(provider(1), Call::leave { service: 99, device: device(0) }, Error::<Test>::NoSuchService);
		// It never served.
		send(provider(0), Call::leave { service, device: device(0) }).unwrap();
		assert_eq!(Members::<Test>::iter().count(), 0);
	});
}

#[test]
fn a_device_that_has_served_leaves_in_two_steps_so_that_it_is_not_counted_twice() {
	story(|| {
		let service = serve(terms(), 1);
		let world = World::default();
		world.play(service, order(5));
		let leave = Call::leave { service, device: device(0) };
		send(provider(0), leave.clone()).unwrap();
		refused(provider(0), leave.clone(), Error::<Test>::TooEarly);
		// Coming back brings back what was seen of it.
		let served = Members::<Test>::get(service, device(0)).unwrap().served;
		join(service, 0);
		assert_eq!(Members::<Test>::get(service, device(0)).unwrap().served, served);
		assert_eq!(held(&provider(0), HoldReason::Member), FOR_MEMBER, "for one deposit");
		send(provider(0), leave.clone()).unwrap();
		world.blocks(Pool::hour() - 1);
		refused(provider(0), leave.clone(), Error::<Test>::TooEarly);
		world.block();
		send(provider(0), leave).unwrap();
		assert_eq!(held(&provider(0), HoldReason::Member), 0);
	});
}

#[test]
fn who_is_not_there_does_not_keep_others_out() {
	story(|| {
		let service = serve(terms(), PROVIDERS);
		let sleeper = account(20);
		newcomer(&sleeper, 10 * OGPU);
		let first = equip(&sleeper, SPEED);
		for _ in 0..7 {
			equip(&sleeper, SPEED);
		}
		let other = account(21);
		newcomer(&other, 10 * OGPU);
		let others: Vec<_> = (0..4).map(|_| equip(&other, SPEED)).collect();
		(first..first + 8).for_each(|device| send(sleeper.clone(), Call::join { service, device }).unwrap());
		others[..3].iter().for_each(|device| send(other.clone(), Call::join { service, device: *device }).unwrap());
		let join = Call::join { service, device: others[3] };
		refused(other.clone(), join.clone(), Error::<Test>::ServiceFull);
		let make_room = Call::leave { service, device: first };
		refused(other.clone(), make_room.clone(), Error::<Test>::NotYourDevice);
		// It sends no more heartbeats.
		(0..250).for_each(|_| next_block(0));
		send(other.clone(), make_room.clone()).unwrap();
		assert_eq!(held(&sleeper, HoldReason::Member), 7 * FOR_MEMBER, "its deposit is its own again");
		send(other.clone(), join).unwrap();
		send(other.clone(), Call::leave { service, device: others[3] }).unwrap();
		let make_room = Call::leave { service, device: first + 1 };
		refused(other, make_room, Error::<Test>::NotYourDevice);
	});
}
