//! The runtime as users meet it, in real blocks.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

use frame_support::{dispatch::DispatchResult, traits::Contains};
use ogpu_protocol::token::{MILLI_OGPU, OGPU};
use ogpu_runtime::{
	configs::{
		accounts::ProxyType,
		governance::NeverPaused,
		parameters::RuntimeParameters,
		staking::{MaxElectableTargets, TreasuryAccount},
	},
	genesis_config_presets::{preset_names, DEVELOPMENT, LOCAL_TESTNET, TESTNET},
	Balances, Runtime, RuntimeCall, System,
};
use ogpu_runtime_testing::{account, free, transfer, Chain};
use polkadot_sdk::{frame_support::traits::InstanceFilter, *};
use proptest::prelude::*;
use sp_keyring::Sr25519Keyring::{Alice, Bob, Charlie, Dave};
use sp_runtime::{traits::Dispatchable, transaction_validity::InvalidTransaction, Percent};

fn as_root(chain: &mut Chain, call: impl Into<RuntimeCall>) -> DispatchResult {
	let call = call.into();
	chain.read(|| call.dispatch(frame_system::RawOrigin::Root.into())).map(|_| ()).map_err(|error| error.error)
}

#[test]
fn the_configuration_of_all_pallets_makes_sense() {
	use frame_support::traits::IntegrityTest;
	sp_io::TestExternalities::default().execute_with(ogpu_runtime::AllPalletsWithSystem::integrity_test);
}

fn byte_fee(fee: u128) -> RuntimeParameters {
	use ogpu_runtime::configs::parameters::dynamic_params::fees::{ByteFee, Parameters};
	RuntimeParameters::Fees(Parameters::ByteFee(ByteFee, Some(fee)))
}

#[test]
fn every_preset_starts_a_chain() {
	for preset in preset_names() {
		let mut chain = Chain::from_preset(preset.as_ref());
		chain.block(vec![]);
		chain.block(vec![]);
		assert_eq!(chain.read(System::block_number), 2, "{preset:?}");
		assert!(chain.read(|| free(&TreasuryAccount::get())) > 0, "{preset:?}: the treasury must be alive");
		// One candidate more than the election takes, and no election succeeds any more.
		let candidates = chain.read(pallet_staking::MaxValidatorsCount::<Runtime>::get);
		assert!(candidates.is_some_and(|most| most <= MaxElectableTargets::get().into()), "{preset:?}: {candidates:?}");
	}
}

#[test]
fn only_development_chains_have_sudo() {
	for (preset, key) in [(DEVELOPMENT, true), (LOCAL_TESTNET, true), (TESTNET, false)] {
		let mut chain = Chain::from_preset(preset);
		assert_eq!(chain.read(|| pallet_sudo::Key::<Runtime>::get().is_some()), key, "{preset}");
	}
}

#[test]
fn fees_go_to_treasury_and_author_tips_to_the_author_alone_and_nothing_is_lost() {
	let mut chain = Chain::from_preset(LOCAL_TESTNET);
	chain.block(vec![]);
	let accounts = [Alice, Bob, Charlie, Dave].map(|key| key.to_account_id());
	let sender = sp_keyring::Sr25519Keyring::Eve;
	let balances = |chain: &mut Chain| chain.read(|| accounts.clone().map(|account| free(&account)));
	let (before, treasury, issuance) =
		(balances(&mut chain), chain.read(|| free(&TreasuryAccount::get())), chain.read(Balances::total_issuance));
	let sender_before = chain.read(|| free(&sender.to_account_id()));

	let tip = OGPU / 7;
	let recipient = account(9);
	let transaction = chain.sign_with_tip(sender, transfer(&recipient, 5 * OGPU), tip);
	chain.block(vec![transaction])[0].unwrap().unwrap();

	assert_eq!(chain.read(|| free(&recipient)), 5 * OGPU, "a transfer of x delivers x");
	let paid = sender_before - chain.read(|| free(&sender.to_account_id())) - 5 * OGPU;
	let fee = paid - tip;
	assert!(fee > MILLI_OGPU / 10 && fee < 10 * MILLI_OGPU, "a transfer costs about a thousandth of an OGPU: {fee}");
	let to_treasury = chain.read(|| free(&TreasuryAccount::get())) - treasury;
	assert_eq!(to_treasury, Percent::from_percent(80).mul_ceil(fee));
	let to_authors: u128 = balances(&mut chain).iter().sum::<u128>() - before.iter().sum::<u128>();
	assert_eq!(to_authors, fee - to_treasury + tip);
	assert_eq!(chain.read(Balances::total_issuance), issuance);
}

#[test]
fn sessions_and_eras_follow_each_other_and_elect_the_same_honest_validators() {
	let mut chain = Chain::from_preset(LOCAL_TESTNET);
	let era = || pallet_staking::ActiveEra::<Runtime>::get().map(|era| era.index).unwrap_or_default();
	chain.blocks_until(200, "the third era must begin", || era() == 2);
	let validators = chain.read(pallet_session::Validators::<Runtime>::get);
	let expected: std::collections::BTreeSet<_> =
		[Alice, Bob, Charlie, Dave].iter().map(|key| key.to_account_id()).collect();
	assert_eq!(validators.into_iter().collect::<std::collections::BTreeSet<_>>(), expected);
	let randomness = chain.read(pallet_babe::Randomness::<Runtime>::get);
	assert_ne!(randomness, [0; 32], "the blocks' VRF outputs make the randomness of later epochs");
	chain.read(|| {
		let points = pallet_staking::ErasRewardPoints::<Runtime>::get(1);
		assert_eq!(points.individual.len(), 4, "every author earns points");
	});
}

#[test]
fn safe_mode_stops_transfers_but_never_governance() {
	let mut chain = Chain::from_preset(LOCAL_TESTNET);
	chain.block(vec![]);
	as_root(&mut chain, pallet_safe_mode::Call::force_enter {}).unwrap();

	let blocked = chain.sign(Bob, transfer(&account(9), OGPU));
	assert!(chain.block(vec![blocked])[0].unwrap().is_err(), "transfers wait");
	let preimage = chain.sign(Bob, pallet_preimage::Call::note_preimage { bytes: vec![1; 64] }.into());
	chain.block(vec![preimage])[0].unwrap().unwrap();

	// What referenda decide goes on, batched or proxied too; what is inside the wrapper passes the filter by itself.
	let admin = ogpu_runtime::configs::governance::origins::Origin::ParametersAdmin;
	let set = pallet_parameters::Call::set_parameter { key_value: byte_fee(MILLI_OGPU / 100) };
	chain.read(|| RuntimeCall::from(set).dispatch(admin.into())).unwrap();
	let hidden = pallet_utility::Call::batch_all { calls: vec![transfer(&account(9), OGPU)] };
	let hidden = chain.sign(Bob, hidden.into());
	assert!(chain.block(vec![hidden])[0].unwrap().is_err(), "a batch hides nothing");

	as_root(&mut chain, pallet_safe_mode::Call::force_exit {}).unwrap();
	let transfer = chain.sign(Bob, transfer(&account(9), OGPU));
	chain.block(vec![transfer])[0].unwrap().unwrap();
}

#[test]
fn a_call_can_be_paused_but_not_those_that_unpause_it() {
	let mut chain = Chain::from_preset(LOCAL_TESTNET);
	chain.block(vec![]);
	let name = |pallet: &[u8], call: &[u8]| (pallet.to_vec().try_into().unwrap(), call.to_vec().try_into().unwrap());
	let keep_alive = name(b"Balances", b"transfer_keep_alive");
	as_root(&mut chain, pallet_tx_pause::Call::pause { full_name: keep_alive.clone() }).unwrap();
	let blocked = chain.sign(Bob, transfer(&account(9), OGPU));
	assert!(chain.block(vec![blocked])[0].unwrap().is_err());
	as_root(&mut chain, pallet_tx_pause::Call::unpause { ident: keep_alive }).unwrap();

	for (pallet, call) in [("ConvictionVoting", "vote"), ("Proxy", "proxy"), ("TxPause", "unpause")] {
		let full_name = name(pallet.as_bytes(), call.as_bytes());
		assert!(NeverPaused::contains(&full_name));
		assert!(as_root(&mut chain, pallet_tx_pause::Call::pause { full_name }).is_err(), "{pallet}.{call}");
	}
}

#[test]
fn a_parameter_changes_what_the_next_transaction_costs() {
	use ogpu_runtime::configs::parameters::dynamic_params::fees::{BaseFee, Parameters};
	let mut chain = Chain::from_preset(LOCAL_TESTNET);
	chain.block(vec![]);
	let cost = |chain: &mut Chain| {
		let before = chain.read(|| free(&sp_keyring::Sr25519Keyring::Eve.to_account_id()));
		let call = frame_system::Call::remark { remark: vec![] }.into();
		let transaction = chain.sign(sp_keyring::Sr25519Keyring::Eve, call);
		chain.block(vec![transaction])[0].unwrap().unwrap();
		before - chain.read(|| free(&sp_keyring::Sr25519Keyring::Eve.to_account_id()))
	};
	let usual = cost(&mut chain);
	let key_value = RuntimeParameters::Fees(Parameters::BaseFee(BaseFee, Some(MILLI_OGPU * 5)));
	as_root(&mut chain, pallet_parameters::Call::set_parameter { key_value }).unwrap();
	assert!(cost(&mut chain) > 5 * usual);

	// No mistake makes the votes unaffordable that would undo it.
	let key_value = RuntimeParameters::Fees(Parameters::BaseFee(BaseFee, Some(u128::MAX)));
	as_root(&mut chain, pallet_parameters::Call::set_parameter { key_value }).unwrap();
	as_root(&mut chain, pallet_parameters::Call::set_parameter { key_value: byte_fee(u128::MAX) }).unwrap();
	assert!(cost(&mut chain) < OGPU);
}

#[test]
fn a_transaction_for_another_chain_of_another_signer_or_with_an_old_nonce_is_refused_and_changes_nothing() {
	let mut chain = Chain::from_preset(LOCAL_TESTNET);
	let mut other = Chain::from_preset(DEVELOPMENT);
	chain.block(vec![]);
	other.block(vec![]);
	// In memory, the hash of the genesis is nowhere recorded: give each chain its own.
	chain.read(|| frame_system::BlockHash::<Runtime>::insert(0, sp_core::H256::repeat_byte(1)));
	other.read(|| frame_system::BlockHash::<Runtime>::insert(0, sp_core::H256::repeat_byte(2)));

	let first = chain.sign(Bob, transfer(&account(9), OGPU));
	chain.block(vec![first.clone()])[0].unwrap().unwrap();
	let balance = chain.read(|| free(&Bob.to_account_id()));
	assert_eq!(chain.block(vec![first])[0], Err(InvalidTransaction::Stale.into()));

	let foreign = other.sign_as(Bob, transfer(&account(9), OGPU), 0, 1);
	assert_eq!(chain.block(vec![foreign])[0], Err(InvalidTransaction::BadProof.into()));

	let mut stolen = chain.sign(Bob, transfer(&account(9), OGPU));
	if let sp_runtime::generic::Preamble::Signed(address, ..) = &mut stolen.preamble {
		*address = ogpu_runtime::Address::Id(Charlie.to_account_id());
	}
	assert_eq!(chain.block(vec![stolen])[0], Err(InvalidTransaction::BadProof.into()));
	assert_eq!(chain.read(|| free(&Bob.to_account_id())), balance);
}

/// Bob makes Charlie his proxy of this type, and Charlie tries to send an OGPU of Bob's away, wrapped in a batch.
fn sent_by_proxy(proxy_type: ProxyType) -> u128 {
	let mut chain = Chain::from_preset(LOCAL_TESTNET);
	chain.block(vec![]);
	let to = account(9);
	let delegate = ogpu_runtime::Address::Id(Charlie.to_account_id());
	let add = pallet_proxy::Call::add_proxy { delegate, proxy_type, delay: 0 };
	let add = chain.sign(Bob, add.into());
	chain.block(vec![add])[0].unwrap().unwrap();

	let batch = RuntimeCall::Utility(pallet_utility::Call::batch { calls: vec![transfer(&to, OGPU)] });
	let real = ogpu_runtime::Address::Id(Bob.to_account_id());
	let proxy = pallet_proxy::Call::proxy { real, force_proxy_type: None, call: Box::new(batch) };
	let proxy = chain.sign(Charlie, proxy.into());
	chain.block(vec![proxy])[0].unwrap().unwrap();
	chain.read(|| free(&to))
}

#[test]
fn narrow_proxies_cannot_move_money_or_widen_themselves() {
	let to = account(9);
	let add_proxy = RuntimeCall::Proxy(pallet_proxy::Call::add_proxy {
		delegate: ogpu_runtime::Address::Id(to.clone()),
		proxy_type: ProxyType::Any,
		delay: 0,
	});
	for narrow in [ProxyType::Governance, ProxyType::Staking, ProxyType::Validator, ProxyType::CancelProxy] {
		assert!(!narrow.filter(&transfer(&to, OGPU)), "{narrow:?}");
		assert!(!narrow.filter(&add_proxy), "{narrow:?}");
		assert!(!narrow.is_superset(&ProxyType::Any), "{narrow:?}");
	}
	assert_eq!(sent_by_proxy(ProxyType::Any), OGPU);
	assert_eq!(sent_by_proxy(ProxyType::Staking), 0, "the transfer inside the batch must be filtered");
	assert_eq!(sent_by_proxy(ProxyType::Governance), 0);
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(64))]

	/// A vote never weighs more than the stake behind it, and the whole cap fits.
	#[test]
	fn votes_keep_the_order_of_stakes(a in 0..=ogpu_protocol::token::CAP, b in 0..=ogpu_protocol::token::CAP) {
		use ogpu_runtime::configs::staking::Votes;
		use sp_staking::currency_to_vote::CurrencyToVote;
		let (va, vb) = (Votes::to_vote(a, 0), Votes::to_vote(b, 0));
		prop_assert!(a < b || va >= vb);
		prop_assert!(Votes::to_currency(va.into(), 0) <= a);
		prop_assert!(a - Votes::to_currency(va.into(), 0) < ogpu_protocol::token::VOTE_UNIT);
	}
}
