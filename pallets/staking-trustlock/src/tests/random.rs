//! Any sequence of calls by anyone, and of what other pallets do to locks, keeps the books.

use super::*;
use crate::traits::Record;
use frame_support::traits::{fungible::Balanced, Imbalance};
use proptest::prelude::*;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
enum Step {
	Lock(Balance),
	Unlock(Balance),
	CancelUnlock(Balance),
	Withdraw,
	Authorise(u8),
	Rotate(u8, u8),
	Revoke(u8),
	Register(u8),
	Update(DeviceId, u8, u32),
	Retire(DeviceId),
	Heartbeat(DeviceId),
	Pin(u64, Balance, bool),
	Unpin(u64),
	Slash(Balance, u64),
	Suspend,
	Show(Balance, bool),
	Measure(DeviceId, u128),
	Transfer(u8, Balance),
	Wait(u32),
	Blocks(u64),
}

/// Of the accounts, three have tokens and four are keys.
const ACCOUNTS: u8 = 7;

fn seed(index: u8) -> u8 {
	if index < 3 {
		index + 1
	} else {
		100 + index - 3
	}
}

/// Mostly such as leave room for more.
fn amount() -> impl Strategy<Value = Balance> {
	prop_oneof![
		12 => (1..60u128).prop_map(|amount| amount * OGPU),
		2 => 0..ENDOWMENT,
		1 => prop_oneof![Just(0), Just(1), Just(LEAST_BALANCE), Just(ENDOWMENT), Just(u128::MAX), any::<u128>()],
	]
}

/// Mostly accounts with tokens.
fn actor() -> impl Strategy<Value = u8> {
	prop_oneof![5 => 0..3u8, 1 => 0..ACCOUNTS]
}

/// Mostly keys.
fn worker() -> impl Strategy<Value = u8> {
	prop_oneof![5 => 3..ACCOUNTS, 1 => 0..ACCOUNTS]
}

fn step() -> impl Strategy<Value = Step> {
	let device = || any::<DeviceId>();
	prop_oneof![
		4 => amount().prop_map(Step::Lock),
		4 => amount().prop_map(Step::Unlock),
		2 => amount().prop_map(Step::CancelUnlock),
		2 => Just(Step::Withdraw),
		3 => worker().prop_map(Step::Authorise),
		2 => (worker(), worker()).prop_map(|(old, new)| Step::Rotate(old, new)),
		2 => worker().prop_map(Step::Revoke),
		3 => (0..ACCOUNTS).prop_map(Step::Register),
		2 => (device(), 0..ACCOUNTS, 0..2u32).prop_map(|(id, worker, memory)| Step::Update(id, worker, memory)),
		1 => device().prop_map(Step::Retire),
		4 => device().prop_map(Step::Heartbeat),
		4 => (0..6u64, amount(), any::<bool>()).prop_map(|(work, amount, is_shared)| Step::Pin(work, amount, is_shared)),
		3 => (0..6u64).prop_map(Step::Unpin),
		2 => (amount(), 0..6u64).prop_map(|(amount, work)| Step::Slash(amount, work)),
		1 => Just(Step::Suspend),
		1 => (amount(), any::<bool>()).prop_map(|(fee, is_late)| Step::Show(fee, is_late)),
		1 => (device(), any::<u128>()).prop_map(|(id, score)| Step::Measure(id, score)),
		2 => (0..ACCOUNTS, amount()).prop_map(|(to, amount)| Step::Transfer(to, amount)),
		2 => (0..UNBONDING).prop_map(Step::Wait),
		1 => (0..1_000u64).prop_map(Step::Blocks),
	]
}

fn signed_consent(worker: u8, operator: &AccountId32) -> MultiSignature {
	pair(seed(worker)).sign(&Trustlock::consent(operator)).into()
}

/// What the step does besides what its account sends; returns what was burned.
fn take(who: AccountId32, step: Step) -> Balance {
	let to = |index: u8| account(seed(index));
	let send = |call| {
		let before = sp_io::storage::root(sp_core::storage::StateVersion::V1);
		if send(who.clone(), call).is_err() {
			assert_eq!(before, sp_io::storage::root(sp_core::storage::StateVersion::V1), "a refusal changes nothing");
		}
	};
	// A number that was given out, or the next.
	let device = |any: DeviceId| any % (NextDevice::<Test>::get() + 1);
	let (kind, name, endpoint) = (DeviceKind::Metal, name("any"), endpoint(""));
	match step {
		Step::Lock(amount) => send(crate::Call::lock { amount }),
		Step::Unlock(amount) => send(crate::Call::unlock { amount }),
		Step::CancelUnlock(amount) => send(crate::Call::cancel_unlock { amount }),
		Step::Withdraw => send(crate::Call::withdraw {}),
		Step::Authorise(worker) => {
			let consent = signed_consent(worker, &who);
			send(crate::Call::authorise_worker { worker: to(worker), consent })
		}
		Step::Rotate(old, new) => {
			let consent = signed_consent(new, &who);
			send(crate::Call::rotate_worker { old: to(old), new: to(new), consent })
		}
		Step::Revoke(worker) => send(crate::Call::revoke_worker { worker: to(worker) }),
		Step::Register(worker) => {
			send(crate::Call::register_device { kind, name, memory_mb: 0, endpoint, worker: to(worker) })
		}
		Step::Update(id, worker, memory_mb) => {
			let id = device(id);
			send(crate::Call::update_device { id, kind, name, memory_mb, endpoint, worker: to(worker) })
		}
		Step::Retire(id) => send(crate::Call::retire_device { id: device(id) }),
		Step::Heartbeat(id) => drop(heartbeat(who, device(id))),
		Step::Pin(index, amount, is_shared) => {
			let pin = if is_shared { Pin::Shared } else { Pin::Own };
			let free = Trustlock::free(&who);
			let pinned = Trustlock::pin(&who, work(index), amount, pin).is_ok();
			assert!(!pinned || Trustlock::free(&who) <= free);
		}
		Step::Unpin(index) => Trustlock::unpin(&who, work(index)),
		Step::Slash(amount, index) => {
			let locked = Trustlock::locked(&who);
			let taken = Trustlock::slash(&who, amount, Fault::Convicted, work(index));
			assert_eq!(taken.peek(), amount.min(locked), "all that is due, as far as it reaches");
			assert_eq!(Trustlock::locked(&who), locked - taken.peek());
			let (paid, burned) = taken.split(amount / 2);
			let burned = burned.peek();
			// What its payee cannot take burns as well.
			return burned + Balances::resolve(&ada(), paid).err().map(|credit| credit.peek()).unwrap_or_default();
		}
		Step::Suspend => Trustlock::suspend(&who),
		Step::Show(fee, is_late) => {
			Trustlock::audited(&who, fee);
			Trustlock::delivered(&who, fee, is_late);
			Trustlock::faulted(&who, Fault::Convicted, work(0));
		}
		Step::Measure(id, score) => <Trustlock as traits::Devices<_>>::measured(device(id), score),
		Step::Transfer(receiver, amount) => {
			let _ = Balances::transfer_allow_death(RawOrigin::Signed(who).into(), to(receiver), amount);
		}
		Step::Wait(blocks) => wait(blocks),
		Step::Blocks(blocks) => System::set_block_number(System::block_number() + blocks),
	}
	0
}

fn balances() -> BTreeMap<u8, Balance> {
	(0..ACCOUNTS).map(|index| (index, Balances::total_balance(&account(seed(index))))).collect()
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(64))]

	#[test]
	fn nothing_breaks_the_books(steps in prop::collection::vec((actor(), step()), 1..300)) {
		genesis().execute_with(|| {
			System::set_block_number(1);
			for (who, step) in steps {
				let (issued, had) = (Balances::total_issuance(), balances());
				let moves = matches!(step, Step::Slash(..) | Step::Transfer(..));
				let burned = take(account(seed(who)), step.clone());
				let now = Balances::total_issuance();
				match step {
					// Dust goes with an account that ends.
					Step::Transfer(..) => prop_assert!(now <= issued && issued - now < LEAST_BALANCE),
					_ => prop_assert_eq!(now, issued - burned),
				}
				prop_assert!(moves || balances() == had, "{:?}: nobody's tokens go anywhere", step);
				check();
			}
			Ok(())
		})?;
	}
}
