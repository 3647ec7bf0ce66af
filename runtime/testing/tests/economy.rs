//! Those who secure the chain are paid, those who harm it are slashed, to the last unit, in real blocks.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

use codec::Encode;
use frame_support::traits::{fungible::InspectHold, Currency, KeyOwnerProofSystem};
use ogpu_protocol::{emission, token::OGPU};
use ogpu_runtime::{
	configs::staking::TreasuryAccount,
	genesis_config_presets::{DEVELOPMENT, LOCAL_TESTNET},
	liveness, AccountId, Address, Balance, Balances, Header, Historical, NominationPools, OgpuToken, Runtime, Staking,
};
use ogpu_runtime_testing::{account, free, Chain};
use pallet_staking::{ErasStakersOverview, ErasStakersPaged, ErasValidatorReward, RewardDestination, ValidatorPrefs};
use polkadot_sdk::*;
use sp_consensus_babe::{digests::CompatibleDigestItem, EquivocationProof};
use sp_core::Pair;
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Charlie, Dave, Eve, Ferdie, One, Two};
use sp_runtime::{
	generic::{Digest, DigestItem},
	traits::Header as _,
	Perbill,
};

const ERA_MILLIS: u64 = 3 * 20 * 3_000;

fn address(key: Sr25519Keyring) -> Address {
	Address::Id(key.to_account_id())
}

fn total(who: Sr25519Keyring) -> Balance {
	<Balances as Currency<_>>::total_balance(&who.to_account_id())
}

/// Everything that exists, account by account.
fn everything() -> Balance {
	frame_system::Account::<Runtime>::iter().map(|(_, info)| info.data.free + info.data.reserved).sum()
}

#[test]
fn stakers_are_paid_era_by_era_from_the_emission_and_every_unit_is_accounted_for() {
	let mut chain = Chain::from_preset(LOCAL_TESTNET);
	chain.block(vec![]);
	chain.send(Eve, pallet_staking::Call::bond { value: 5 * OGPU, payee: RewardDestination::Account(account(77)) });
	chain.send(Eve, pallet_staking::Call::nominate { targets: vec![address(Alice)] });
	chain.send(
		Ferdie,
		pallet_nomination_pools::Call::create {
			amount: 100 * OGPU,
			root: address(Ferdie),
			nominator: address(Ferdie),
			bouncer: address(Ferdie),
		},
	);
	chain.send(Ferdie, pallet_nomination_pools::Call::nominate { pool_id: 1, validators: vec![Bob.to_account_id()] });
	chain.send(One, pallet_nomination_pools::Call::join { amount: 300 * OGPU, pool_id: 1 });
	let prefs = ValidatorPrefs { commission: Perbill::from_percent(10), blocked: false };
	chain.send(Bob, pallet_staking::Call::validate { prefs });
	// Bond and nominations count from the era after the next.
	chain.until_era(3);
	let before = chain.read(OgpuToken::supply);
	chain.until_era(4);
	chain.check();

	// The pot got what the rule says, to the unit, and nothing else was minted.
	let after = chain.read(OgpuToken::supply);
	let payout = chain.read(|| ErasValidatorReward::<Runtime>::get(3)).unwrap();
	assert_eq!(
		payout,
		emission::payout(before.emission_left, emission::YEARLY_SHARE_BILLIONTHS, ERA_MILLIS, ERA_MILLIS)
	);
	assert_eq!(payout, before.next_era_payout);
	assert_eq!(after.minted, before.minted + payout);
	assert_eq!(after.emission_left, before.emission_left - payout);
	assert_eq!(chain.read(everything), after.issued);

	// Anyone may call for the payouts. All four validators authored alike.
	let points = chain.read(|| pallet_staking::ErasRewardPoints::<Runtime>::get(3));
	let part =
		|of: Sr25519Keyring| Perbill::from_rational(points.individual[&of.to_account_id()], points.total) * payout;
	let exposure = |chain: &mut Chain, of: Sr25519Keyring| {
		chain.read(|| ErasStakersOverview::<Runtime>::get(3, of.to_account_id())).unwrap()
	};
	let pot = chain.read(OgpuToken::pot);
	let pay = |chain: &mut Chain, validator: Sr25519Keyring| {
		let before = chain.read(|| (free(&pot), total(validator)));
		let call = pallet_staking::Call::payout_stakers { validator_stash: validator.to_account_id(), era: 3 };
		chain.send(Two, call);
		let after = chain.read(|| (free(&pot), total(validator)));
		(before.0 - after.0, after.1 - before.1)
	};

	// Alice shares with Eve, by stake.
	let (alice, whole) = (exposure(&mut chain, Alice), part(Alice));
	assert_eq!(alice.total, 15 * OGPU);
	let (paid, own) = pay(&mut chain, Alice);
	let author_fees = own - Perbill::from_rational(10 * OGPU, 15 * OGPU) * whole;
	assert!(author_fees < OGPU / 1_000, "she may have authored the block, and earned its fees: {author_fees}");
	let eve = chain.read(|| free(&account(77)));
	assert_eq!(eve, Perbill::from_rational(5 * OGPU, 15 * OGPU) * whole);
	assert_eq!(paid, own - author_fees + eve);

	// Bob takes his commission first; the rest is his and the pool's, whose members collect their parts.
	let (bob, whole) = (exposure(&mut chain, Bob), part(Bob));
	assert_eq!(bob.total, 410 * OGPU);
	let commission = Perbill::from_percent(10) * whole;
	let for_pool = Perbill::from_rational(400 * OGPU, bob.total) * (whole - commission);
	let page = chain.read(|| ErasStakersPaged::<Runtime>::get((3, Bob.to_account_id(), 0))).unwrap();
	assert_eq!(page.page_total, 400 * OGPU);
	pay(&mut chain, Bob);
	let pending = |who: Sr25519Keyring| NominationPools::api_pending_rewards(who.to_account_id()).unwrap_or_default();
	let (ferdie, one) = chain.read(|| (pending(Ferdie), pending(One)));
	// Pools count in 18 digits for each point, and round down.
	assert!(ferdie + one <= for_pool && ferdie + one + 1_000 >= for_pool, "{ferdie} + {one} of {for_pool}");
	assert!(one.abs_diff(3 * ferdie) <= 1_000);
	let had = chain.read(|| free(&One.to_account_id()));
	chain.send(One, pallet_nomination_pools::Call::claim_payout {});
	let has = chain.read(|| free(&One.to_account_id()));
	assert!(has + OGPU / 100 > had + one, "the fee is small");

	// Nobody is paid twice, and payouts mint nothing.
	let again = pallet_staking::Call::payout_stakers { validator_stash: Alice.to_account_id(), era: 3 };
	let again = chain.sign(Two, again.into());
	assert!(chain.block(vec![again])[0].unwrap().is_err());
	pay(&mut chain, Charlie);
	pay(&mut chain, Dave);
	let end = chain.read(OgpuToken::supply);
	assert_eq!(end.minted - after.minted, chain.read(|| minted_in_later_eras(4)));
	assert_eq!(end.burned, 0);
	assert_eq!(chain.read(everything), end.issued);
	chain.check();
}

/// The payouts of eras from this one on.
fn minted_in_later_eras(first: u32) -> Balance {
	ErasValidatorReward::<Runtime>::iter().filter(|(era, _)| *era >= first).map(|(_, payout)| payout).sum()
}

#[test]
fn rewards_that_nobody_collects_go_to_the_treasury_when_their_era_is_forgotten() {
	let mut chain = Chain::from_preset(DEVELOPMENT);
	chain.until_era(2);
	let payouts = chain.read(|| [0, 1].map(|era| ErasValidatorReward::<Runtime>::get(era).unwrap()));
	// The first era's reward is collected, the second's is not.
	chain.send(Two, pallet_staking::Call::payout_stakers { validator_stash: Alice.to_account_id(), era: 0 });
	let treasury = |chain: &mut Chain| chain.read(|| free(&TreasuryAccount::get()));
	let gone = |era: u32| move || ErasValidatorReward::<Runtime>::get(era).is_none();
	let before = treasury(&mut chain);
	chain.blocks_until(90 * 60, "the first era must be forgotten", gone(0));
	assert_eq!(treasury(&mut chain), before, "nothing of it was left");
	chain.blocks_until(90, "the second era must be forgotten", gone(1));
	assert_eq!(treasury(&mut chain), before + payouts[1]);
	assert_eq!(chain.read(everything), chain.read(OgpuToken::supply).issued);
	chain.check();
}

#[test]
fn who_leaves_is_elected_no_more_and_gets_the_bond_back_when_it_is_unbonded() {
	let mut chain = Chain::from_preset(LOCAL_TESTNET);
	chain.block(vec![]);
	chain.send(Dave, pallet_staking::Call::chill {});
	chain.send(Dave, pallet_staking::Call::unbond { value: 10 * OGPU });
	let active = || pallet_session::Validators::<Runtime>::get().contains(&Dave.to_account_id());
	assert!(chain.read(active));
	chain.until_era(2);
	assert!(!chain.read(active));

	let held = || Balances::balance_on_hold(&pallet_staking::HoldReason::Staking.into(), &Dave.to_account_id());
	let withdraw = || pallet_staking::Call::withdraw_unbonded { num_slashing_spans: 0 };
	chain.send(Dave, withdraw());
	assert_eq!(chain.read(held), 10 * OGPU, "the bond can still be slashed");
	chain.until_era(3);
	chain.send(Dave, withdraw());
	assert_eq!(chain.read(held), 0);
	chain.check();
}

/// A header of this slot, sealed by the author.
fn sealed(author: Sr25519Keyring, slot: u64, salt: u8) -> Header {
	use sp_consensus_babe::digests::{PreDigest, SecondaryPlainPreDigest};
	let claim = PreDigest::SecondaryPlain(SecondaryPlainPreDigest { authority_index: 0, slot: slot.into() });
	let digest = Digest { logs: vec![DigestItem::babe_pre_digest(claim)] };
	let mut header = Header::new(1, [salt; 32].into(), Default::default(), Default::default(), digest);
	let seal = author.pair().sign(header.hash().as_ref());
	header.digest_mut().push(DigestItem::babe_seal(seal.into()));
	header
}

#[test]
fn who_authors_two_blocks_in_one_slot_is_reported_and_slashed_after_governance_had_its_time() {
	let mut chain = Chain::from_preset(LOCAL_TESTNET);
	chain.until_era(1);
	let offender = Charlie.public().into();
	let key = (sp_consensus_babe::KEY_TYPE, Charlie.public());
	let key_owner_proof = chain.read(|| Historical::prove((key.0, key.1.encode()))).expect("Charlie validates");
	let slot = chain.read(|| u64::from(pallet_babe::CurrentSlot::<Runtime>::get()));
	let equivocation_proof = EquivocationProof {
		offender,
		slot: slot.into(),
		first_header: sealed(Charlie, slot, 1),
		second_header: sealed(Charlie, slot, 2),
	};
	let report =
		pallet_babe::Call::report_equivocation { equivocation_proof: Box::new(equivocation_proof), key_owner_proof };
	let bonded = |who: Sr25519Keyring| Staking::ledger(who.to_account_id().into()).unwrap().total;
	// A block in which its own author is disabled cannot be.
	chain.silent = vec![Charlie.to_account_id()];
	chain.send(Eve, report.clone());
	assert!(chain.read(pallet_session::Pallet::<Runtime>::disabled_validators).len() == 1, "it authors no more");
	let again = chain.sign(Eve, report.into());
	assert!(chain.block(vec![again])[0].unwrap().is_err(), "once is enough");

	let era = chain.read(|| pallet_staking::ActiveEra::<Runtime>::get().unwrap().index);
	let (treasury, eve) = chain.read(|| (free(&TreasuryAccount::get()), free(&Eve.to_account_id())));
	let issued = chain.read(Balances::total_issuance);
	assert_eq!(chain.read(|| bonded(Charlie)), 10 * OGPU, "governance could cancel it now");
	chain.until_era(era + 3);
	// One of four: the square of three fourths. A tenth of it is for who reported.
	let slashed = Perbill::from_rational(9u32, 16) * (10 * OGPU);
	assert_eq!(chain.read(|| bonded(Charlie)), 10 * OGPU - slashed);
	let reward = chain.read(|| free(&Eve.to_account_id())) - eve;
	let to_treasury = chain.read(|| free(&TreasuryAccount::get())) - treasury;
	assert_eq!(reward + to_treasury, slashed);
	assert!(reward > 0 && reward <= slashed / 10, "{reward}");
	assert!(chain.read(Balances::total_issuance) > issued, "only eras were paid");
	assert_eq!(chain.read(everything), chain.read(OgpuToken::supply).issued);
	chain.check();
}

#[test]
fn one_silent_machine_is_forgiven_two_of_four_are_slashed() {
	for (silent, slash) in
		[(vec![Dave], Perbill::zero()), (vec![Charlie, Dave], Perbill::from_rational(525u32, 10_000))]
	{
		let mut chain = Chain::from_preset(LOCAL_TESTNET);
		chain.until_era(1);
		chain.silent = silent.iter().map(|key| key.to_account_id()).collect();
		let start = chain.head.number;
		let reported = || pallet_offences::Reports::<Runtime>::iter().count() > 0;
		chain.blocks_until(400, "their silence must be noticed", reported);
		assert!(chain.head.number - start >= 4 * liveness::DUE_BLOCKS, "not before 40 blocks of each were due");

		let era = chain.read(|| pallet_staking::ActiveEra::<Runtime>::get().unwrap().index);
		chain.silent.clear();
		chain.until_era(era + 4);
		let bonded = |who: &Sr25519Keyring| Staking::ledger(who.to_account_id().into()).unwrap().total;
		for key in [Alice, Bob, Charlie, Dave] {
			let expected = if silent.contains(&key) { 10 * OGPU - slash * (10 * OGPU) } else { 10 * OGPU };
			assert_eq!(chain.read(|| bonded(&key)), expected, "{key:?}");
		}
		chain.check();
	}
}

#[test]
fn bags_order_voters_by_stake_and_anyone_may_move_one_that_stands_wrong() {
	let mut chain = Chain::from_preset(LOCAL_TESTNET);
	chain.block(vec![]);
	let bond = |value| pallet_staking::Call::bond { value, payee: RewardDestination::Staked };
	chain.send(Eve, bond(2 * OGPU));
	chain.send(Eve, pallet_staking::Call::nominate { targets: vec![address(Alice)] });
	let bag = |who: AccountId| {
		pallet_bags_list::ListNodes::<Runtime, pallet_bags_list::Instance1>::get(who).unwrap().bag_upper
	};
	let before = chain.read(|| bag(Eve.to_account_id()));
	chain.send(Eve, pallet_staking::Call::bond_extra { max_additional: 50_000 * OGPU });
	let after = chain.read(|| bag(Eve.to_account_id()));
	assert!(after > before, "more stake is found earlier: {before} → {after}");
	chain.check();
}

#[test]
fn who_votes_for_nobody_is_put_among_the_voters_by_nobody() {
	let mut chain = Chain::from_preset(LOCAL_TESTNET);
	chain.block(vec![]);
	chain.send(Eve, pallet_staking::Call::bond { value: 2 * OGPU, payee: RewardDestination::Staked });
	let rebag = pallet_bags_list::Call::rebag { dislocated: address(Eve) };
	let rebag = chain.sign(Ferdie, rebag.into());
	assert!(chain.block(vec![rebag]).pop().unwrap().unwrap().is_err());
	chain.check();
}
