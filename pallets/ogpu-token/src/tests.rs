//! The mint under attack: every sequence of calls, eras, burns and slashes keeps the cap.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

use crate::{Claims, ClaimsRecord, EmissionLeft, Error, EthereumSignature, Ledger, Minted, Proof, LEAVES_PER_CHUNK};
use frame_support::{
	assert_noop, assert_ok, derive_impl,
	dispatch::RawOrigin,
	parameter_types,
	traits::{
		fungible::{Balanced, Mutate},
		tokens::{Fortitude::Force, Precision::BestEffort, Preservation::Expendable},
		Authorize, ConstU32, ConstU64, TryState, TryStateSelect,
	},
	PalletId,
};
use ogpu_protocol::{
	claims::{address_of, leaf, personal},
	emission::BUDGET,
	merkle::Tree,
	token::{Balance, CAP, OGPU},
};
use polkadot_sdk::*;
use proptest::prelude::*;
use sp_core::{ecdsa, Pair, H160, H256};
use sp_io::hashing::keccak_256;
use sp_runtime::{
	traits::{Dispatchable, IdentityLookup},
	transaction_validity::{InvalidTransaction, TransactionSource, TransactionValidityError},
	AccountId32, BuildStorage, DispatchError,
};

#[frame_support::runtime]
mod runtime {
	#[runtime::runtime]
	#[runtime::derive(
		RuntimeCall,
		RuntimeEvent,
		RuntimeError,
		RuntimeOrigin,
		RuntimeFreezeReason,
		RuntimeHoldReason,
		RuntimeSlashReason,
		RuntimeLockId,
		RuntimeTask,
		RuntimeViewFunction
	)]
	pub struct Test;

	#[runtime::pallet_index(0)]
	pub type System = polkadot_sdk::frame_system::Pallet<Test>;
	#[runtime::pallet_index(1)]
	pub type Balances = polkadot_sdk::pallet_balances::Pallet<Test>;
	#[runtime::pallet_index(2)]
	pub type Utility = polkadot_sdk::pallet_utility::Pallet<Test>;
	#[runtime::pallet_index(3)]
	pub type Token = crate::Pallet<Test>;
}

const TREASURY: AccountId32 = AccountId32::new([99; 32]);
const ERA_MILLIS: u64 = 6 * 3_600_000;
const DEADLINE: u64 = 100;

parameter_types! {
	pub const Pot: PalletId = PalletId(*b"og/emisn");
	pub const Treasury: AccountId32 = TREASURY;
	pub const ExistentialDeposit: Balance = OGPU / 1_000;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type AccountData = pallet_balances::AccountData<Balance>;
	type AccountId = AccountId32;
	type Block = frame_system::mocking::MockBlock<Test>;
	type Lookup = IdentityLookup<AccountId32>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
	type AccountStore = System;
	type Balance = Balance;
	type ExistentialDeposit = ExistentialDeposit;
}

impl pallet_utility::Config for Test {
	type PalletsOrigin = OriginCaller;
	type RuntimeCall = RuntimeCall;
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = ();
}

impl crate::WeightInfo for () {
	fn claim() -> frame_support::weights::Weight {
		Default::default()
	}
	fn authorize_claim() -> frame_support::weights::Weight {
		Default::default()
	}
	fn close_claims(_: u32) -> frame_support::weights::Weight {
		Default::default()
	}
}

impl crate::Config for Test {
	type CloseOrigin = frame_system::EnsureRoot<AccountId32>;
	type Currency = Balances;
	type EraMillis = ConstU64<ERA_MILLIS>;
	type Pot = Pot;
	type Treasury = Treasury;
	type WeightInfo = ();
	type YearlyShareBillionths = ConstU32<200_000_000>;
}

fn account(seed: u8) -> AccountId32 {
	AccountId32::new([seed; 32])
}

fn holder(index: u32) -> ecdsa::Pair {
	ecdsa::Pair::from_seed(&keccak_256(&index.to_be_bytes()))
}

fn sign(signer: &ecdsa::Pair, text: &str) -> EthereumSignature {
	signer.sign_prehashed(&keccak_256(&personal(text))).0
}

fn ethereum_address(signer: &ecdsa::Pair) -> H160 {
	let hash = [1; 32];
	let key = sp_io::crypto::secp256k1_ecdsa_recover(&signer.sign_prehashed(&hash).0, &hash).ok().unwrap();
	H160(address_of(keccak_256, &key))
}

/// Holders 0, 1, … hold 10, 20, … OGPU.
const HOLDERS: u32 = 5;
fn held(index: u32) -> Balance {
	Balance::from(index + 1) * 10 * OGPU
}

fn snapshot() -> Tree {
	let leaves = (0..HOLDERS).map(|i| leaf(keccak_256, i, &ethereum_address(&holder(i)).0, held(i))).collect();
	Tree::new(keccak_256, leaves).unwrap()
}

fn genesis(balance: Balance, emission: Balance) -> sp_io::TestExternalities {
	RuntimeGenesisConfig {
		balances: pallet_balances::GenesisConfig {
			balances: (1..=4).map(|seed| (account(seed), balance)).collect(),
			..Default::default()
		},
		token: crate::GenesisConfig {
			emission,
			claims: Some(ClaimsRecord {
				root: H256(snapshot().root()),
				leaves: HOLDERS,
				unclaimed: (0..HOLDERS).map(held).sum(),
				deadline: DEADLINE,
			}),
		},
		..Default::default()
	}
	.build_storage()
	.unwrap()
	.into()
}

/// Runs a scenario on a chain with a genesis hash, and checks every invariant at its end.
fn scenario(run: impl FnOnce()) {
	genesis(1_000 * OGPU, BUDGET).execute_with(|| {
		System::set_block_number(1);
		frame_system::BlockHash::<Test>::insert(0, H256::repeat_byte(7));
		run();
		check();
	});
}

fn check() {
	AllPalletsWithSystem::try_state(System::block_number(), TryStateSelect::All).unwrap();
}

#[derive(Clone)]
struct Claim {
	index: u32,
	address: H160,
	amount: Balance,
	proof: Proof,
	signature: EthereumSignature,
	destination: AccountId32,
}

impl Claim {
	/// What an honest holder sends.
	fn of(index: u32, destination: AccountId32) -> Self {
		let proof = snapshot().proof(index).unwrap().into_iter().map(H256).collect::<Vec<_>>().try_into().unwrap();
		let text = Token::message(index, held(index), &destination);
		let (amount, address) = (held(index), ethereum_address(&holder(index)));
		Self { index, address, amount, proof, signature: sign(&holder(index), &text), destination }
	}

	fn call(self) -> crate::Call<Test> {
		crate::Call::claim {
			index: self.index,
			ethereum_address: self.address,
			amount: self.amount,
			proof: self.proof,
			signature: self.signature,
			destination: self.destination,
		}
	}

	/// As the pool and the block do, in both forms of transaction.
	fn send(self) -> Result<(), DispatchError> {
		let call = self.call();
		let general = call.authorize(TransactionSource::External).unwrap().map(|_| ());
		#[allow(deprecated)]
		let bare = <Token as sp_runtime::traits::ValidateUnsigned>::validate_unsigned(TransactionSource::External, &call);
		assert_eq!(general, bare.map(|_| ()));
		let before = sp_io::storage::root(sp_core::storage::StateVersion::V1);
		let by_block = RuntimeCall::from(call).dispatch(RawOrigin::Authorized.into()).map(|_| ()).map_err(|e| e.error);
		assert_eq!(general.is_ok(), by_block.is_ok(), "what the pool takes, the block takes");
		if by_block.is_err() {
			assert_eq!(before, sp_io::storage::root(sp_core::storage::StateVersion::V1), "a refusal changes nothing");
		}
		if let (Err(refusal), Err(DispatchError::Module(error))) = (general, by_block) {
			let error = <Error<Test> as codec::Decode>::decode(&mut &error.error[..]).unwrap();
			let code = InvalidTransaction::Custom(error.refusal_code());
			assert_eq!(refusal, TransactionValidityError::Invalid(code));
			assert!(error.refusal_code() > 0);
		}
		by_block
	}
}

fn free(who: &AccountId32) -> Balance {
	Balances::free_balance(who)
}

#[test]
fn a_holder_claims_what_it_held_once_and_for_whom_it_signed() {
	scenario(|| {
		let before = Token::supply();
		assert_ok!(Claim::of(2, account(50)).send());
		assert_eq!(free(&account(50)), held(2));
		let after = Token::supply();
		assert_eq!(after.unclaimed, before.unclaimed - held(2));
		assert_eq!(after.minted, before.minted + held(2));
		assert_eq!(after.issued, before.issued + held(2));
		assert!(Token::is_claimed(2) && !Token::is_claimed(1) && !Token::is_claimed(2 + LEAVES_PER_CHUNK));

		assert_eq!(Claim::of(2, account(50)).send(), Err(Error::<Test>::AlreadyClaimed.into()));
		assert_eq!(Claim::of(2, account(51)).send(), Err(Error::<Test>::AlreadyClaimed.into()));
		assert_ok!(Claim::of(1, account(51)).send());
	});
}

#[test]
fn whatever_is_wrong_with_a_claim_is_refused_for_its_reason() {
	scenario(|| {
		let good = || Claim::of(1, account(50));
		let refused = |claim: Claim, reason: Error<Test>| assert_eq!(claim.send(), Err(reason.into()));

		refused(Claim { destination: account(51), ..good() }, Error::WrongSigner);
		refused(
			Claim { signature: sign(&holder(2), &Token::message(1, held(1), &account(50))), ..good() },
			Error::WrongSigner,
		);
		refused(Claim { signature: [255; 65], ..good() }, Error::BadSignature);
		refused(Claim { amount: held(1) + 1, ..good() }, Error::WrongProof);
		refused(Claim { address: ethereum_address(&holder(2)), ..good() }, Error::WrongProof);
		refused(Claim { index: 2, ..good() }, Error::WrongProof);
		refused(Claim { index: HOLDERS, ..good() }, Error::NoSuchLeaf);
		refused(Claim { index: u32::MAX, ..good() }, Error::NoSuchLeaf);
		refused(Claim { proof: Default::default(), ..good() }, Error::WrongProof);
		refused(Claim { proof: vec![H256::zero(); 32].try_into().unwrap(), ..good() }, Error::WrongProof);
		refused(Claim { amount: u128::MAX, ..good() }, Error::SnapshotExhausted);
		refused(Claim { amount: 0, ..good() }, Error::WrongProof);
		refused(Claim { amount: 1, ..good() }, Error::DestinationCannotReceive);

		// A signature for another chain.
		let here = frame_system::BlockHash::<Test>::get(0);
		frame_system::BlockHash::<Test>::insert(0, H256::repeat_byte(8));
		let elsewhere = good();
		frame_system::BlockHash::<Test>::insert(0, here);
		refused(elsewhere, Error::WrongSigner);

		System::set_block_number(DEADLINE + 1);
		refused(good(), Error::TooLate);
		System::set_block_number(DEADLINE);
		assert_ok!(good().send());
	});
}

#[test]
fn anybody_may_send_a_claim_but_nobody_a_wrong_one() {
	scenario(|| {
		let call = |claim: Claim| RuntimeCall::from(claim.call());
		let wrong = Claim { destination: account(1), ..Claim::of(0, account(50)) };
		for origin in [RawOrigin::Signed(account(1)), RawOrigin::None] {
			assert_noop!(call(wrong.clone()).dispatch(origin.into()), Error::<Test>::WrongSigner);
		}
		assert_noop!(call(Claim::of(0, account(50))).dispatch(RawOrigin::Root.into()), DispatchError::BadOrigin);
		assert_ok!(call(Claim::of(0, account(50))).dispatch(RawOrigin::Signed(account(1)).into()));
		assert_ok!(call(Claim::of(1, account(50))).dispatch(RawOrigin::None.into()));
		assert_eq!(free(&account(50)), held(0) + held(1));
	});
}

#[test]
fn after_the_deadline_governance_sends_the_rest_to_the_treasury() {
	scenario(|| {
		assert_ok!(Claim::of(0, account(50)).send());
		let close = || RuntimeCall::from(crate::Call::close_claims {}).dispatch(RawOrigin::Root.into());
		assert_noop!(close(), Error::<Test>::TooEarly);
		System::set_block_number(DEADLINE + 1);
		assert_noop!(Token::close_claims(RawOrigin::Signed(account(1)).into()), DispatchError::BadOrigin);
		let (rest, minted) = (Token::supply().unclaimed, Minted::<Test>::get());
		assert_ok!(close());
		assert_eq!(free(&TREASURY), rest);
		assert_eq!(Minted::<Test>::get(), minted + rest);
		assert_noop!(close(), Error::<Test>::NoClaims);
		assert_eq!(Claim::of(1, account(50)).send(), Err(Error::<Test>::NoClaims.into()));
	});
}

#[test]
fn an_era_is_paid_from_the_pot_and_rounding_comes_out_of_the_budget() {
	scenario(|| {
		let expected = Token::supply().next_era_payout;
		let left = EmissionLeft::<Test>::get();
		assert_eq!(Token::emit(ERA_MILLIS), expected);
		assert_eq!(EmissionLeft::<Test>::get(), left - expected);
		assert!(expected > 150 * OGPU && expected < 200 * OGPU, "{expected}");

		let issued = Balances::total_issuance();
		let pay = |amount| {
			let rewards = <Balances as Balanced<_>>::deposit(&account(1), amount, BestEffort).unwrap();
			Token::pay_rewards(rewards);
		};
		pay(expected / 3);
		assert_eq!(Balances::total_issuance(), issued, "what stakers get was minted before");
		// Seven units more than the pot has.
		pay(expected - expected / 3 + 7);
		assert_eq!(free(&account(1)), 1_000 * OGPU + expected + 7);
		assert_eq!(Balances::total_issuance(), issued + 7);
		assert_eq!(EmissionLeft::<Test>::get(), left - expected - 7);
		assert_eq!(free(&Token::pot()), ExistentialDeposit::get());
	});
}

#[test]
fn a_stalled_era_pays_no_more_than_two() {
	scenario(|| {
		let two = Token::payout(2 * ERA_MILLIS);
		assert_eq!(Token::emit(u64::MAX), two);
	});
}

#[test]
fn uncollected_and_withheld_rewards_go_to_the_treasury_and_nothing_is_minted_twice() {
	scenario(|| {
		let paid = Token::emit(ERA_MILLIS);
		let issued = Balances::total_issuance();
		Token::expire_rewards(OGPU);
		assert_eq!(free(&TREASURY), OGPU);
		let withheld = Token::replace_by_pot(<Balances as Balanced<_>>::issue(2 * OGPU));
		assert_eq!(Balances::total_issuance(), issued);
		<Balances as Balanced<_>>::resolve(&TREASURY, withheld).ok().unwrap();
		assert_eq!(free(&TREASURY), 3 * OGPU);
		Token::expire_rewards(Balance::MAX);
		assert_eq!(free(&TREASURY), paid);
		assert_eq!(Balances::total_issuance(), issued);
	});
}

/// As sudo and the scheduler dispatch for root.
fn as_root(call: impl Into<RuntimeCall>) -> Result<(), DispatchError> {
	Token::guarded(|| call.into().dispatch(RawOrigin::Root.into())).map(|_| ()).map_err(|error| error.error)
}

fn set_balance(who: u8, new_free: Balance) -> RuntimeCall {
	pallet_balances::Call::force_set_balance { who: account(who), new_free }.into()
}

fn batch(calls: Vec<RuntimeCall>) -> RuntimeCall {
	pallet_utility::Call::batch_all { calls }.into()
}

#[test]
fn root_cannot_mint_not_even_what_was_burned_but_may_move_and_burn() {
	scenario(|| {
		let breach = Err(Error::<Test>::CapBreached.into());
		assert_eq!(as_root(set_balance(1, 1_000 * OGPU + 1)), breach);
		assert_eq!(as_root(set_balance(60, OGPU)), breach);
		assert_eq!(as_root(batch(vec![set_balance(1, 0), batch(vec![set_balance(2, 2_000 * OGPU + 1)])])), breach);
		assert_eq!(free(&account(1)), 1_000 * OGPU, "nothing of the batch was done");

		assert_ok!(as_root(batch(vec![set_balance(1, 500 * OGPU), set_balance(2, 1_500 * OGPU)])));
		assert_ok!(as_root(set_balance(3, 0)));
		assert_eq!(as_root(set_balance(3, 1_000 * OGPU)), breach, "what is burned is not minted again");
		assert_eq!(Token::supply().burned, 1_000 * OGPU);

		let adjust = |delta| pallet_balances::Call::force_adjust_total_issuance {
			direction: pallet_balances::AdjustmentDirection::Increase,
			delta,
		};
		assert_eq!(as_root(adjust(1)), breach);
		assert_eq!(as_root(adjust(u128::MAX)), breach);
	});
}

#[test]
#[should_panic(expected = "exceed the cap")]
fn a_genesis_above_the_cap_does_not_start() {
	genesis(CAP / 4, OGPU);
}

#[test]
fn a_genesis_may_fill_the_cap_to_the_last_unit() {
	let claims: Balance = (0..HOLDERS).map(held).sum();
	let emission = CAP - claims - 4 * (CAP / 5);
	genesis(CAP / 5, emission).execute_with(|| {
		let Ledger { minted, mintable, .. } = Ledger::now::<Test>();
		assert_eq!(minted + mintable, CAP);
		check();
	});
}

#[derive(Clone, Debug)]
enum Step {
	Era(u64),
	Claim(u32),
	Close,
	Burn(u8, Balance),
	Slash(u8, Balance),
	Transfer(u8, u8, Balance),
	Reward(u8, Balance),
	Withhold(Balance),
	Expire(Balance),
	RootSets(u8, Balance),
	RootMoves(u8, u8, Balance),
	RootAdjusts(bool, Balance),
	Blocks(u64),
}

fn amount() -> impl Strategy<Value = Balance> {
	prop_oneof![0..2_000 * OGPU, 0..CAP, Just(0), Just(CAP), Just(u128::MAX), any::<u128>()]
}

fn step() -> impl Strategy<Value = Step> {
	let who = || 1u8..7;
	prop_oneof![
		prop_oneof![0..4 * ERA_MILLIS, any::<u64>()].prop_map(Step::Era),
		(0..HOLDERS + 1).prop_map(Step::Claim),
		Just(Step::Close),
		(who(), amount()).prop_map(|(who, amount)| Step::Burn(who, amount)),
		(who(), amount()).prop_map(|(who, amount)| Step::Slash(who, amount)),
		(who(), who(), amount()).prop_map(|(from, to, amount)| Step::Transfer(from, to, amount)),
		(who(), amount()).prop_map(|(who, amount)| Step::Reward(who, amount)),
		amount().prop_map(Step::Withhold),
		amount().prop_map(Step::Expire),
		(who(), amount()).prop_map(|(who, amount)| Step::RootSets(who, amount)),
		(who(), who(), amount()).prop_map(|(from, to, amount)| Step::RootMoves(from, to, amount)),
		(any::<bool>(), amount()).prop_map(|(up, amount)| Step::RootAdjusts(up, amount)),
		(0..200u64).prop_map(Step::Blocks),
	]
}

fn take(step: Step) {
	match step {
		Step::Era(millis) => {
			Token::emit(millis);
		}
		Step::Claim(index) if index < HOLDERS => {
			let _ = Claim::of(index, account(index as u8 + 1)).send();
		}
		Step::Claim(index) => assert!(Claim { index, ..Claim::of(0, account(1)) }.send().is_err()),
		Step::Close => {
			let _ = as_root(crate::Call::close_claims {});
		}
		Step::Burn(who, value) => {
			let _ = Balances::burn(RawOrigin::Signed(account(who)).into(), value, false);
		}
		Step::Slash(who, value) => {
			let _ = Balances::burn_from(&account(who), value, Expendable, BestEffort, Force);
		}
		Step::Transfer(from, to, value) => {
			let _ = Balances::transfer_allow_death(RawOrigin::Signed(account(from)).into(), account(to), value);
		}
		// Staking never pays more than it was given.
		Step::Reward(who, value) => {
			let value = value.min(free(&Token::pot()));
			if let Ok(rewards) = <Balances as Balanced<_>>::deposit(&account(who), value, BestEffort) {
				Token::pay_rewards(rewards);
			}
		}
		Step::Withhold(value) => {
			let value = value.min(free(&Token::pot()) - ExistentialDeposit::get());
			let withheld = Token::replace_by_pot(<Balances as Balanced<_>>::issue(value));
			drop(<Balances as Balanced<_>>::resolve(&TREASURY, withheld));
		}
		Step::Expire(value) => Token::expire_rewards(value),
		Step::RootSets(who, value) => {
			let _ = as_root(set_balance(who, value));
		}
		Step::RootMoves(from, to, value) => {
			let source = account(from);
			let _ = as_root(pallet_balances::Call::force_transfer { source, dest: account(to), value });
		}
		Step::RootAdjusts(up, delta) => {
			use pallet_balances::AdjustmentDirection::{Decrease, Increase};
			let direction = if up { Increase } else { Decrease };
			let _ = as_root(pallet_balances::Call::force_adjust_total_issuance { direction, delta });
		}
		Step::Blocks(blocks) => System::set_block_number(System::block_number() + blocks),
	}
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(256))]

	/// Any sequence of calls by anyone, root's included, of eras, burns and slashes.
	#[test]
	fn nothing_breaks_the_cap(steps in prop::collection::vec(step(), 1..40)) {
		genesis(1_000 * OGPU, BUDGET).execute_with(|| {
			System::set_block_number(1);
			let mut before = Ledger::now::<Test>();
			let open = Claims::<Test>::get().is_some();
			prop_assert!(open);
			for step in steps {
				take(step.clone());
				let now = Ledger::now::<Test>();
				prop_assert!(now.is_sound(), "{step:?}: {now:?}");
				prop_assert!(now.follows(&before), "{step:?}: {before:?} → {now:?}");
				before = now;
			}
			Token::do_try_state().unwrap();
			Ok(())
		})?;
	}

	/// There is no tax: what is sent arrives, and nobody else's balance moves.
	#[test]
	fn a_transfer_of_x_delivers_x(x in 0..=999 * OGPU, to in 2u8..9) {
		genesis(1_000 * OGPU, BUDGET).execute_with(|| {
			let (sender, receiver) = (account(1), account(to));
			let (had, issued) = (free(&receiver), Balances::total_issuance());
			let sent = Balances::transfer_keep_alive(RawOrigin::Signed(sender.clone()).into(), receiver.clone(), x);
			let x = if sent.is_ok() { x } else { 0 };
			prop_assert!(sent.is_ok() || had + x < ExistentialDeposit::get());
			prop_assert_eq!(free(&receiver), had + x);
			prop_assert_eq!(free(&sender), 1_000 * OGPU - x);
			prop_assert_eq!(Balances::total_issuance(), issued);
			check();
			Ok(())
		})?;
	}
}
