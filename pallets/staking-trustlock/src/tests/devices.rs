//! Devices: how they are described, measured, seen and retired.

use super::*;
use crate::traits::{DeviceInfo, Devices as _, Record};

fn is_online(id: DeviceId) -> bool {
	Trustlock::device(id).unwrap().is_online
}

fn update(id: DeviceId, change: impl FnOnce(&mut DeviceSpec)) -> Result<(), DispatchError> {
	let device = Devices::<Test>::get(id).unwrap();
	let mut spec = device.spec;
	change(&mut spec);
	let DeviceSpec { kind, name, memory_mb, endpoint, worker } = spec;
	send(device.operator, crate::Call::update_device { id, kind, name, memory_mb, endpoint, worker })
}

#[test]
fn a_provider_registers_its_devices_and_everyone_sees_what_they_are() {
	scenario(|| {
		assert_ok!(authorise(ada(), 0));
		let (first, second) = (register(ada(), key(0)).unwrap(), register(bob(), bob()).unwrap());
		assert_eq!((first, second), (0, 1));
		let expected = DeviceInfo {
			operator: ada(),
			worker: key(0),
			kind: DeviceKind::Cuda,
			memory_mb: 143_771,
			measured: None,
			is_online: false,
		};
		assert_eq!(Trustlock::device(first), Some(expected));
		assert_eq!(Trustlock::device(2), None);
		assert_eq!(free_balance(&bob()), ENDOWMENT - DeviceDeposit::get());
	});
}

#[test]
fn a_device_is_described_in_text_and_works_with_a_key_of_its_operator() {
	scenario(|| {
		assert_ok!(authorise(ada(), 0));
		assert_ok!(authorise(bob(), 1));
		let garbage: Vec<u8> = vec![0xC3, 0x28];
		let call = |name: Name, endpoint: Endpoint, worker| crate::Call::register_device {
			kind: DeviceKind::Cpu,
			name,
			memory_mb: 0,
			endpoint,
			worker,
		};
		let wrong = Name::try_from(garbage.clone()).unwrap();
		assert_noop!(send(ada(), call(wrong.clone(), Endpoint::default(), key(0))), Error::<Test>::NotText);
		let nowhere = Endpoint::try_from(garbage).unwrap();
		assert_noop!(send(ada(), call(Name::default(), nowhere, key(0))), Error::<Test>::NotText);
		for stranger in [key(1), key(2), bob()] {
			assert_noop!(register(ada(), stranger), Error::<Test>::NotYourWorker);
		}

		let full = (name(&"é".repeat(32)), endpoint(&"x".repeat(128)));
		assert_ok!(send(ada(), call(full.0, full.1, key(0))));
		assert_noop!(update(0, |spec| spec.name = wrong), Error::<Test>::NotText);
		assert_noop!(update(0, |spec| spec.worker = key(1)), Error::<Test>::NotYourWorker);
	});
}

#[test]
fn an_operator_has_as_many_devices_as_it_may_and_pays_for_each() {
	scenario(|| {
		for _ in 0..3 {
			assert_ok!(register(ada(), ada()));
		}
		assert_noop!(register(ada(), ada()), Error::<Test>::TooManyDevices);
		assert_eq!(Balances::reserved_balance(ada()), 3 * DeviceDeposit::get());
		assert_ok!(lock(bob(), ENDOWMENT - LEAST_BALANCE - DeviceDeposit::get() + 1));
		assert_noop!(register(bob(), bob()), Error::<Test>::InsufficientBalance);
		NextDevice::<Test>::put(DeviceId::MAX);
		assert_noop!(register(eve(), eve()), Error::<Test>::NoDeviceLeft);
	});
}

#[test]
fn a_device_belongs_to_its_operator() {
	scenario(|| {
		assert_ok!(authorise(ada(), 0));
		assert_ok!(authorise(ada(), 1));
		let id = register(ada(), key(0)).unwrap();
		assert_noop!(retire(bob(), id), Error::<Test>::NotYourDevice);
		let (kind, memory_mb, worker) = (DeviceKind::Cpu, 1, bob());
		let (name, endpoint) = (Name::default(), Endpoint::default());
		let call = |id| crate::Call::update_device {
			id,
			kind,
			name: name.clone(),
			memory_mb,
			endpoint: endpoint.clone(),
			worker: worker.clone(),
		};
		assert_noop!(send(bob(), call(id)), Error::<Test>::NotYourDevice);
		assert_noop!(send(bob(), call(9)), Error::<Test>::NoDevice);
		assert_noop!(retire(ada(), 9), Error::<Test>::NoDevice);
		assert_noop!(heartbeat(bob(), id), Error::<Test>::NotYourDevice);
		assert_noop!(heartbeat(key(1), id), Error::<Test>::NotYourDevice);
		assert_noop!(heartbeat(ada(), 9), Error::<Test>::NoDevice);
	});
}

#[test]
fn a_retired_device_is_gone_and_its_number_is_not_used_again() {
	scenario(|| {
		let id = register(ada(), ada()).unwrap();
		assert_ok!(heartbeat(ada(), id));
		assert_ok!(retire(ada(), id));
		assert_eq!(Trustlock::device(id), None);
		assert_eq!(free_balance(&ada()), ENDOWMENT);
		assert_noop!(retire(ada(), id), Error::<Test>::NoDevice);
		wait(HEARTBEAT);
		assert_noop!(heartbeat(ada(), id), Error::<Test>::NoDevice);
		Trustlock::measured(id, 1);
		assert_eq!(register(ada(), ada()), Ok(id + 1));
	});
}

#[test]
fn another_kind_or_memory_is_measured_anew_and_another_key_shows_itself_first() {
	scenario(|| {
		assert_ok!(authorise(ada(), 0));
		let id = register(ada(), ada()).unwrap();
		let score = || Trustlock::device(id).unwrap().measured;
		wait(3);
		Trustlock::measured(id, 5_000);
		assert_ok!(heartbeat(ada(), id));
		assert_eq!(Devices::<Test>::get(id).unwrap().measured, Some(Measurement { work_per_block: 5_000, at: 3 }));

		assert_ok!(update(id, |spec| (spec.name, spec.endpoint) = (name("in the attic"), endpoint(""))));
		assert_eq!((score(), is_online(id)), (Some(5_000), true));
		assert_ok!(update(id, |spec| spec.worker = key(0)));
		assert_eq!((score(), is_online(id)), (Some(5_000), false));
		assert_ok!(heartbeat(key(0), id));
		assert_ok!(update(id, |spec| spec.memory_mb += 1));
		assert_eq!((score(), is_online(id)), (None, true));
		Trustlock::measured(id, 6_000);
		wait(500);
		assert_eq!(score(), Some(6_000));
		wait(1);
		assert_eq!(score(), None, "what was measured long ago counts no more");
		Trustlock::measured(id, 6_000);
		assert_ok!(update(id, |spec| spec.kind = DeviceKind::Vulkan));
		assert_eq!(score(), None);
		assert_eq!(Balances::reserved_balance(ada()), DeviceDeposit::get() + WorkerDeposit::get());
	});
}

#[test]
fn a_heartbeat_is_free_once_in_each_window() {
	scenario(|| {
		let id = register(ada(), ada()).unwrap();
		assert_ok!(heartbeat(ada(), id));
		assert_noop!(heartbeat(ada(), id), Error::<Test>::TooEarly);
		wait(HEARTBEAT - 1);
		assert_noop!(heartbeat(ada(), id), Error::<Test>::TooEarly);
		wait(1);
		assert_ok!(heartbeat(ada(), id));
		// The last block of one window and the first of the next.
		wait(2 * HEARTBEAT - 1);
		assert_ok!(heartbeat(ada(), id));
		wait(1);
		assert_ok!(heartbeat(ada(), id));
	});
}

#[test]
fn a_silent_device_is_offline_after_this_window_and_the_next() {
	scenario(|| {
		wait(HEARTBEAT - 1);
		let id = register(ada(), ada()).unwrap();
		assert!(!is_online(id), "it has not shown itself");
		assert_ok!(heartbeat(ada(), id));
		wait(HEARTBEAT);
		assert!(is_online(id), "the last block of the next window");
		wait(1);
		assert!(!is_online(id));
		assert_ok!(heartbeat(ada(), id));
		assert!(is_online(id));
		wait(2 * HEARTBEAT - 1);
		assert!(is_online(id));
		wait(1);
		assert!(!is_online(id));
	});
}

#[test]
fn devices_stay_online_while_the_clock_stands_still() {
	scenario(|| {
		let id = register(ada(), ada()).unwrap();
		assert_ok!(heartbeat(ada(), id));
		System::set_block_number(1_000_000);
		assert!(is_online(id));
		assert_noop!(heartbeat(ada(), id), Error::<Test>::TooEarly);
	});
}

#[test]
fn a_suspended_operator_has_no_device_online() {
	scenario(|| {
		let (id, other) = (register(ada(), ada()).unwrap(), register(bob(), bob()).unwrap());
		assert_ok!(heartbeat(ada(), id));
		assert_ok!(heartbeat(bob(), other));
		Trustlock::suspend(&ada());
		assert!(!is_online(id) && is_online(other));
		wait(SUSPENSION - 1);
		assert_ok!(heartbeat(ada(), id));
		assert!(!is_online(id));
		wait(1);
		assert!(is_online(id), "it kept its heartbeats");
	});
}

#[test]
fn nobody_but_a_signer_sends_a_heartbeat() {
	scenario(|| {
		let id = register(ada(), ada()).unwrap();
		let call = RuntimeCall::from(crate::Call::heartbeat { id });
		for origin in [RawOrigin::None, RawOrigin::Root] {
			assert!(!call.is_feeless(&origin.clone().into()));
			assert_noop!(call.clone().dispatch(origin.into()), DispatchError::BadOrigin);
		}
	});
}
