//! Worker keys: who may become one, what they may do, and how they go.

use super::*;
use crate::traits::Workers as _;
use frame_support::dispatch::{DispatchInfo, GetDispatchInfo};
use sp_runtime::traits::DispatchTransaction;

/// Whether the chain takes the first transaction of this account, if it is free.
fn may_send(who: &AccountId32) -> bool {
	let call = RuntimeCall::from(crate::Call::heartbeat { id: 0 });
	let info: DispatchInfo = call.get_dispatch_info();
	let nonce = System::account_nonce(who);
	let check = frame_system::CheckNonce::<Test>::from(nonce);
	check
		.validate_only(
			Some(who.clone()).into(),
			&call,
			&info,
			0,
			frame_support::pallet_prelude::TransactionSource::External,
			0,
		)
		.is_ok()
}

#[test]
fn a_key_without_a_balance_works_for_its_operator_and_sends_for_free() {
	scenario(|| {
		assert!(!may_send(&key(0)));
		assert_ok!(authorise(ada(), 0));
		assert!(may_send(&key(0)));
		assert_eq!(Trustlock::operator(key(0)), ada());
		assert_eq!(Trustlock::operator(ada()), ada());
		assert_eq!(Trustlock::operator(key(1)), key(1), "a stranger works for itself");
		assert_eq!(free_balance(&ada()), ENDOWMENT - WorkerDeposit::get());

		let id = register(ada(), key(0)).unwrap();
		assert_ok!(heartbeat(key(0), id));

		assert_ok!(retire(ada(), id));
		assert_ok!(revoke(ada(), 0));
		assert!(!may_send(&key(0)));
		assert_eq!(Trustlock::operator(key(0)), key(0));
		assert_eq!(free_balance(&ada()), ENDOWMENT);
		assert!(!Operators::<Test>::contains_key(ada()));
		assert!(!frame_system::Account::<Test>::contains_key(key(0)), "nothing is left of it");
	});
}

#[test]
fn nobody_is_made_a_worker_against_its_will() {
	scenario(|| {
		let refused = |consent: MultiSignature| {
			let call = crate::Call::authorise_worker { worker: key(0), consent };
			assert_noop!(send(ada(), call), Error::<Test>::BadConsent);
		};
		refused(MultiSignature::Sr25519(sr25519::Signature::from_raw([0; 64])));
		refused(consent(1, &ada()));
		refused(consent(0, &bob()));
		refused(pair(100).sign(b"anything else").into());
		// Consent on another chain.
		frame_system::BlockHash::<Test>::insert(0, H256::repeat_byte(8));
		let elsewhere = consent(0, &ada());
		frame_system::BlockHash::<Test>::insert(0, H256::repeat_byte(7));
		refused(elsewhere);
		assert_ok!(authorise(ada(), 0));
	});
}

#[test]
fn what_a_key_signs_names_the_use_the_chain_and_the_operator() {
	scenario(|| {
		let expected = [b"ogpu/worker-keys".as_slice(), &[7; 32], ada().as_ref()].concat();
		assert_eq!(Trustlock::consent(&ada()), expected);
	});
}

#[test]
fn a_key_works_for_one_operator() {
	scenario(|| {
		assert_ok!(authorise(ada(), 0));
		assert_noop!(authorise(ada(), 0), Error::<Test>::AlreadyWorker);
		assert_noop!(authorise(bob(), 0), Error::<Test>::AlreadyWorker);
		assert_noop!(revoke(bob(), 0), Error::<Test>::NotYourWorker);
		assert_ok!(revoke(ada(), 0));
		assert_noop!(revoke(ada(), 0), Error::<Test>::NotYourWorker);
		assert_ok!(authorise(bob(), 0));
		assert_eq!(Trustlock::operator(key(0)), bob());
	});
}

#[test]
fn whoever_acts_for_itself_works_for_nobody() {
	scenario(|| {
		let hire = |seed: u8| {
			let consent = pair(seed).sign(&Trustlock::consent(&ada())).into();
			send(ada(), crate::Call::authorise_worker { worker: account(seed), consent })
		};
		assert_noop!(hire(1), Error::<Test>::IsOperator);

		assert_ok!(lock(bob(), 10 * OGPU));
		assert_noop!(hire(2), Error::<Test>::IsOperator);
		assert_ok!(pin_own(bob(), 1, OGPU));
		drop(Trustlock::slash(&bob(), u128::MAX, Fault::Convicted, work(1)));
		assert_noop!(hire(2), Error::<Test>::IsOperator);
		Trustlock::unpin(&bob(), work(1));
		assert_ok!(hire(2));

		let id = register(eve(), eve()).unwrap();
		assert_noop!(hire(3), Error::<Test>::IsOperator);
		assert_ok!(authorise(eve(), 0));
		assert_ok!(retire(eve(), id));
		assert_noop!(hire(3), Error::<Test>::IsOperator);
		assert_ok!(revoke(eve(), 0));
		assert_ok!(hire(3));
	});
}

#[test]
fn a_worker_sends_no_call_of_operators() {
	scenario(|| {
		// One with a balance, so that nothing else stands in its way.
		let consent = pair(2).sign(&Trustlock::consent(&ada())).into();
		assert_ok!(send(ada(), crate::Call::authorise_worker { worker: bob(), consent }));
		let id = register(ada(), bob()).unwrap();
		let refused = |call| {
			assert_noop!(send(bob(), call), Error::<Test>::IsWorker);
		};
		refused(crate::Call::lock { amount: OGPU });
		refused(crate::Call::unlock { amount: OGPU });
		refused(crate::Call::cancel_unlock { amount: OGPU });
		refused(crate::Call::withdraw {});
		refused(crate::Call::authorise_worker { worker: key(1), consent: super::consent(1, &bob()) });
		refused(crate::Call::rotate_worker { old: bob(), new: key(1), consent: super::consent(1, &bob()) });
		refused(crate::Call::revoke_worker { worker: bob() });
		let (kind, memory_mb, worker) = (DeviceKind::Cpu, 1, bob());
		let (name, endpoint) = (Name::default(), Endpoint::default());
		refused(crate::Call::register_device {
			kind,
			name: name.clone(),
			memory_mb,
			endpoint: endpoint.clone(),
			worker: worker.clone(),
		});
		refused(crate::Call::update_device { id, kind, name, memory_mb, endpoint, worker });
		refused(crate::Call::retire_device { id });
		assert_ok!(heartbeat(bob(), id));
	});
}

#[test]
fn an_operator_has_as_many_keys_as_it_may_and_pays_for_each() {
	scenario(|| {
		for index in 0..3 {
			assert_ok!(authorise(ada(), index));
		}
		assert_noop!(authorise(ada(), 3), Error::<Test>::TooManyWorkers);
		assert_eq!(Balances::reserved_balance(ada()), 3 * WorkerDeposit::get());
		assert_ok!(rotate(ada(), 2, 3));
		assert_eq!(Balances::reserved_balance(ada()), 3 * WorkerDeposit::get());

		assert_ok!(lock(bob(), ENDOWMENT - LEAST_BALANCE - WorkerDeposit::get() + 1));
		assert_noop!(authorise(bob(), 4), Error::<Test>::InsufficientBalance);
	});
}

#[test]
fn a_deposit_comes_back_as_it_was_paid() {
	scenario(|| {
		assert_ok!(authorise(ada(), 0));
		let id = register(ada(), ada()).unwrap();
		WorkerDeposit::set(7 * OGPU);
		DeviceDeposit::set(7 * OGPU);
		assert_ok!(rotate(ada(), 0, 1));
		assert_ok!(revoke(ada(), 1));
		assert_ok!(retire(ada(), id));
		assert_eq!(free_balance(&ada()), ENDOWMENT);
	});
}

#[test]
fn a_rotated_key_keeps_its_devices_online_and_the_old_one_can_do_nothing() {
	scenario(|| {
		assert_ok!(authorise(ada(), 0));
		assert_ok!(authorise(ada(), 1));
		let (first, second) = (register(ada(), key(0)).unwrap(), register(ada(), key(1)).unwrap());
		assert_ok!(heartbeat(key(0), first));
		assert_ok!(rotate(ada(), 0, 2));
		assert_eq!(Devices::<Test>::get(first).unwrap().spec.worker, key(2));
		assert_eq!(Devices::<Test>::get(second).unwrap().spec.worker, key(1));
		assert!(<Trustlock as traits::Devices<_>>::device(first).unwrap().is_online);
		wait(HEARTBEAT);
		assert_noop!(heartbeat(key(0), first), Error::<Test>::NotYourDevice);
		assert!(!may_send(&key(0)));
		assert_ok!(heartbeat(key(2), first));
		assert_eq!(Trustlock::operator(key(2)), ada());

		assert_noop!(rotate(ada(), 0, 3), Error::<Test>::NotYourWorker);
		assert_noop!(rotate(bob(), 2, 3), Error::<Test>::NotYourWorker);
		assert_noop!(rotate(ada(), 2, 1), Error::<Test>::AlreadyWorker);
		assert_noop!(rotate(ada(), 2, 2), Error::<Test>::AlreadyWorker);
		let (old, new, consent) = (key(2), key(3), consent(3, &bob()));
		assert_noop!(send(ada(), crate::Call::rotate_worker { old, new, consent }), Error::<Test>::BadConsent);
		let (old, new, consent) = (key(2), ada(), pair(1).sign(&Trustlock::consent(&ada())).into());
		assert_noop!(send(ada(), crate::Call::rotate_worker { old, new, consent }), Error::<Test>::IsOperator);
	});
}

#[test]
fn a_stolen_key_is_revoked_whatever_the_thief_did_with_it() {
	scenario(|| {
		assert_ok!(authorise(ada(), 0));
		let id = register(ada(), key(0)).unwrap();
		assert_ok!(heartbeat(key(0), id));
		// The thief makes the account indispensable, as holds and session keys do.
		assert_ok!(Balances::transfer_allow_death(RawOrigin::Signed(eve()).into(), key(0), OGPU));
		assert_ok!(System::inc_consumers(&key(0)));
		assert_ok!(revoke(ada(), 0));

		let device = <Trustlock as traits::Devices<_>>::device(id).unwrap();
		assert_eq!((device.worker, device.is_online), (ada(), false), "its device waits for its operator");
		assert_noop!(heartbeat(key(0), id), Error::<Test>::NotYourDevice);
		assert_ok!(heartbeat(ada(), id));
		assert_eq!(free_balance(&key(0)), OGPU);
		assert_eq!(System::sufficients(&key(0)), 0);
	});
}

#[test]
fn a_key_may_have_a_balance_of_its_own() {
	scenario(|| {
		assert_ok!(authorise(ada(), 0));
		assert_ok!(Balances::transfer_allow_death(RawOrigin::Signed(eve()).into(), key(0), OGPU));
		assert_ok!(Balances::transfer_allow_death(RawOrigin::Signed(key(0)).into(), eve(), OGPU));
		assert!(may_send(&key(0)), "it is alive without it");
		assert_ok!(revoke(ada(), 0));
	});
}
