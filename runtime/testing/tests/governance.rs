//! Holders decide, in real blocks: from the preimage to the enactment.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

use codec::{Decode, Encode};
use frame_support::{
	assert_ok,
	traits::{schedule::DispatchTime, Bounded, Get},
};
use ogpu_protocol::{time::DAYS, token::OGPU};
use ogpu_runtime::{
	configs::{
		governance::origins::Origin,
		parameters::{dynamic_params::emission, RuntimeParameters},
		staking::{MaxElectableTargets, TreasuryAccount},
	},
	genesis_config_presets::LOCAL_TESTNET,
	Balance, OgpuToken, OriginCaller, Runtime, RuntimeCall, RuntimeEvent, System,
};
use ogpu_runtime_testing::{account, free, next_runtime, Chain};
use pallet_conviction_voting::{AccountVote, Conviction, Vote};
use pallet_referenda::{ReferendumInfo, ReferendumInfoFor};
use polkadot_sdk::*;
use sp_core::{traits::ReadRuntimeVersionExt, Hasher};
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Eve, Two};
use sp_runtime::{traits::BlakeTwo256, Perbill};

fn root() -> OriginCaller {
	frame_system::RawOrigin::Root.into()
}

/// Eve notes the call and proposes it, and pays the deposit of the track. Returns the referendum's number.
fn propose(chain: &mut Chain, power: impl Into<OriginCaller>, call: impl Into<RuntimeCall>) -> u32 {
	let index = chain.read(pallet_referenda::ReferendumCount::<Runtime>::get);
	let bytes = call.into().encode();
	let proposal = Bounded::Lookup { hash: BlakeTwo256::hash(&bytes), len: bytes.len() as u32 };
	chain.send(Eve, pallet_preimage::Call::note_preimage { bytes });
	chain.send(
		Eve,
		pallet_referenda::Call::submit {
			proposal_origin: Box::new(power.into()),
			proposal,
			enactment_moment: DispatchTime::After(1),
		},
	);
	chain.send(Eve, pallet_referenda::Call::place_decision_deposit { index });
	index
}

/// Most of the tokens say aye, one holder nay.
fn vote(chain: &mut Chain, poll_index: u32) {
	let standard = |aye, conviction, balance| AccountVote::Standard { vote: Vote { aye, conviction }, balance };
	for voter in Sr25519Keyring::iter() {
		let vote = if voter == Two {
			standard(false, Conviction::None, 10_000 * OGPU)
		} else {
			standard(true, Conviction::Locked1x, 80_000 * OGPU)
		};
		chain.send(voter, pallet_conviction_voting::Call::vote { poll_index, vote });
	}
}

/// Waits until the referendum is over, and returns whether it passed.
fn outcome(chain: &mut Chain, index: u32) -> bool {
	let ongoing = move || matches!(ReferendumInfoFor::<Runtime>::get(index), Some(ReferendumInfo::Ongoing(_)));
	chain.blocks_until(3 * DAYS, "the referendum must end", move || !ongoing());
	matches!(chain.read(|| ReferendumInfoFor::<Runtime>::get(index)), Some(ReferendumInfo::Approved(..)))
}

#[test]
fn holders_change_a_parameter() {
	let mut chain = Chain::from_preset(LOCAL_TESTNET);
	chain.block(vec![]);
	let key_value = RuntimeParameters::Emission(emission::Parameters::YearlyShare(
		emission::YearlyShare,
		Some(Perbill::from_percent(10)),
	));
	let payout = chain.read(OgpuToken::supply).next_era_payout;
	let index = propose(&mut chain, Origin::ParametersAdmin, pallet_parameters::Call::set_parameter { key_value });
	vote(&mut chain, index);
	assert!(outcome(&mut chain, index));
	let changed = || emission::YearlyShare::get() == Perbill::from_percent(10);
	assert!(!chain.read(changed), "it is enacted later");
	chain.blocks_until(DAYS, "the change must be enacted", changed);
	assert!(chain.read(OgpuToken::supply).next_era_payout <= payout / 2);
	// The deposits come back.
	chain.send(Eve, pallet_referenda::Call::refund_decision_deposit { index });
	chain.send(Eve, pallet_referenda::Call::refund_submission_deposit { index });
	chain.check();
}

#[test]
fn holders_spend_from_the_treasury_within_the_power_of_the_track() {
	let mut chain = Chain::from_preset(LOCAL_TESTNET);
	chain.block(vec![]);
	let treasury = ogpu_runtime::Address::Id(chain.read(TreasuryAccount::get));
	chain.send(Alice, pallet_balances::Call::transfer_keep_alive { dest: treasury, value: 10_000 * OGPU });
	let spend = |amount: Balance| pallet_treasury::Call::spend {
		asset_kind: Box::new(()),
		amount,
		beneficiary: Box::new(account(9)),
		valid_from: None,
	};
	let within = propose(&mut chain, Origin::SmallSpender, spend(4_000 * OGPU));
	let beyond = propose(&mut chain, Origin::SmallSpender, spend(5_001 * OGPU));
	vote(&mut chain, within);
	vote(&mut chain, beyond);
	assert!(outcome(&mut chain, within) && outcome(&mut chain, beyond));
	let spends = || pallet_treasury::Spends::<Runtime>::iter().count();
	chain.blocks_until(DAYS, "the spend must be approved", move || spends() > 0);
	(0..20).for_each(|_| drop(chain.block(vec![])));
	assert_eq!(chain.read(spends), 1, "the larger one exceeds the track's power");
	chain.send(Bob, pallet_treasury::Call::payout { index: 0 });
	assert_eq!(chain.read(|| free(&account(9))), 4_000 * OGPU);
	chain.check();
}

#[test]
fn a_referendum_without_votes_is_rejected_and_an_attack_is_cancelled_in_time() {
	let mut chain = Chain::from_preset(LOCAL_TESTNET);
	chain.block(vec![]);
	let attack = propose(
		&mut chain,
		root(),
		pallet_balances::Call::force_set_balance { who: ogpu_runtime::Address::Id(Eve.to_account_id()), new_free: 0 },
	);
	let cancel = propose(&mut chain, Origin::Canceller, pallet_referenda::Call::cancel { index: attack });
	vote(&mut chain, cancel);
	assert!(outcome(&mut chain, cancel));
	let cancelled = move || matches!(ReferendumInfoFor::<Runtime>::get(attack), Some(ReferendumInfo::Cancelled(..)));
	chain.blocks_until(DAYS, "the attack must be cancelled", cancelled);
	assert!(chain.head.number < DAYS / 8, "long before the attack could have passed");
	chain.check();
}

#[test]
fn holders_upgrade_the_runtime_and_blocks_go_on_with_the_new_one() {
	let mut chain = Chain::from_preset(LOCAL_TESTNET);
	chain.state.register_extension(ReadRuntimeVersionExt::new(executor()));
	chain.block(vec![]);
	let code = next_runtime().to_vec();
	let code_hash = BlakeTwo256::hash(&code);
	let index = propose(&mut chain, root(), frame_system::Call::authorize_upgrade { code_hash });
	vote(&mut chain, index);
	assert!(outcome(&mut chain, index));
	chain.blocks_until(3 * DAYS, "the upgrade must be authorised", || System::authorized_upgrade().is_some());

	// Another code than the one that holders chose is refused; theirs anyone may bring.
	let other = ogpu_runtime::wasm_binary().unwrap().to_vec();
	let other = chain.sign(Two, frame_system::Call::apply_authorized_upgrade { code: other }.into());
	assert!(!matches!(chain.block(vec![other])[0], Ok(Ok(()))));
	chain.check();
	let apply = chain.sign(Two, frame_system::Call::apply_authorized_upgrade { code: code.clone() }.into());
	assert_ok!(chain.block(vec![apply])[0].unwrap());
	let stored = chain.read(|| sp_io::storage::get(sp_core::storage::well_known_keys::CODE).unwrap());
	assert_eq!(stored.to_vec(), code);

	// From here on the state's own code runs: the next block is executed by the new wasm.
	let version = chain.call_wasm("Core_version", &[]);
	let version = sp_version::RuntimeVersion::decode(&mut version.as_slice()).unwrap();
	assert_eq!((version.spec_name.as_ref(), version.spec_version), ("ogpu", 2));
	chain.block_by_wasm();
	let upgraded = chain.read(frame_system::LastRuntimeUpgrade::<Runtime>::get).unwrap();
	assert_eq!(upgraded.spec_version.0, 2, "the new runtime has run its migrations");
}

fn executor() -> sc_executor::WasmExecutor<sp_io::SubstrateHostFunctions> {
	sc_executor::WasmExecutor::builder().build()
}

#[test]
fn what_root_dispatches_cannot_mint_or_stop_elections_not_from_sudo_nor_from_the_scheduler() {
	let mut chain = Chain::from_preset(LOCAL_TESTNET);
	chain.block(vec![]);
	let mint: RuntimeCall = pallet_balances::Call::force_set_balance {
		who: ogpu_runtime::Address::Id(account(66)),
		new_free: 1_000 * OGPU,
	}
	.into();
	let batch: RuntimeCall = pallet_utility::Call::batch_all { calls: vec![mint.clone()] }.into();
	let forced: RuntimeCall = pallet_utility::Call::force_batch { calls: vec![batch.clone()] }.into();
	let as_root: RuntimeCall =
		pallet_utility::Call::dispatch_as { as_origin: Box::new(root()), call: Box::new(mint.clone()) }.into();
	let too_many: RuntimeCall = pallet_staking::Call::set_staking_configs {
		min_nominator_bond: pallet_staking::ConfigOp::Noop,
		min_validator_bond: pallet_staking::ConfigOp::Noop,
		max_nominator_count: pallet_staking::ConfigOp::Noop,
		max_validator_count: pallet_staking::ConfigOp::Set(u32::from(MaxElectableTargets::get()) + 1),
		chill_threshold: pallet_staking::ConfigOp::Noop,
		min_commission: pallet_staking::ConfigOp::Noop,
		max_staked_rewards: pallet_staking::ConfigOp::Noop,
	}
	.into();
	let issued = chain.read(|| OgpuToken::supply().issued);
	let limit = chain.read(pallet_staking::MaxValidatorsCount::<Runtime>::get);
	for call in [mint, batch, forced, as_root, too_many] {
		// By sudo.
		chain.send(Alice, pallet_sudo::Call::sudo { call: Box::new(call.clone().into()) });
		let result = chain.read(|| {
			System::events().into_iter().rev().find_map(|record| match record.event {
				RuntimeEvent::Sudo(pallet_sudo::Event::Sudid { sudo_result }) => Some(sudo_result),
				_ => None,
			})
		});
		assert!(result.expect("sudo reports").is_err(), "{call:?}");
		// By the scheduler, as referenda are enacted.
		let when = chain.head.number + 2;
		let schedule: RuntimeCall = pallet_scheduler::Call::schedule {
			when,
			maybe_periodic: None,
			priority: 0,
			call: Box::new(call.clone().into()),
		}
		.into();
		chain.send(Alice, pallet_sudo::Call::sudo { call: Box::new(schedule.into()) });
		chain.block(vec![]);
		let dispatched = chain.read(|| {
			System::events().into_iter().find_map(|record| match record.event {
				RuntimeEvent::Scheduler(pallet_scheduler::Event::Dispatched { result, .. }) => Some(result),
				_ => None,
			})
		});
		assert!(dispatched.expect("the scheduler has run it").is_err(), "{call:?}");
		assert_eq!(chain.read(|| OgpuToken::supply().issued), issued);
		assert_eq!(chain.read(pallet_staking::MaxValidatorsCount::<Runtime>::get), limit);
	}
	assert_eq!(chain.read(|| free(&account(66))), 0);
	chain.check();
}
