//! How long a validator takes to execute a block of others: an empty one, one as full of transfers as its weight limit
//! allows, one of claims from Ethereum, one in which as many stakers vote as an election takes, and one with many open
//! validations; and what a validation costs. The wasm blob runs as in the node, on a state in memory; the disk is not
//! measured.
//!
//!   cargo bench --workspace --bench block

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

use frame_support::{traits::fungible::Mutate, weights::Weight};
use ogpu_protocol::{claims, merkle::Tree, token::OGPU};
use ogpu_result_validation::WeightInfo as _;
use ogpu_runtime::{
	configs::staking::{
		ElectionWeight, MaxElectableTargets, MaxElectingVoters, MaxNominations, MaxValidators, OnChainElection,
	},
	genesis_config_presets::LOCAL_TESTNET,
	AccountId, Address, Balances, OgpuToken, ResultValidation, Runtime, Staking, StakingTrustlock, UncheckedExtrinsic,
};
use ogpu_runtime_testing::{
	import::{self, Executor, RUNS},
	Chain,
};
use ogpu_token::ClaimsRecord;
use polkadot_sdk::*;
use sp_core::{ecdsa, Pair};
use sp_io::hashing::keccak_256;
use sp_state_machine::{backend::IterArgs, Backend};
use std::time::Duration;

/// What the calls and steps of validations cost.
type Checks = <Runtime as ogpu_result_validation::Config>::WeightInfo;

/// So many validations are open in a busy network, and not more than so many of one provider.
const MOST_VALIDATIONS: u32 = 100_000;
const OPEN_OF_A_PROVIDER: u32 = 64;

fn main() {
	let executor = Executor::builder().build();
	let mut chain = Chain::from_preset(LOCAL_TESTNET);
	chain.block(vec![]);

	let (empty, _) = import::time(&executor, &mut chain, vec![], RUNS);
	let transfers = import::transfers(&mut chain);
	let offered = transfers.len() as u32;
	let (full, count) = import::time(&executor, &mut chain, transfers, RUNS);
	assert!(count < offered, "the block must be full");

	println!("wasm blob                      {:>10} bytes, compressed", ogpu_runtime::wasm_binary().unwrap().len());
	println!("empty block                    {empty:>10.2?}");
	println!("full block, {count:>5} transfers    {full:>10.2?}");
	println!("one transfer more              {:>10.2?}", full.saturating_sub(empty) / count);
	println!("full / empty                   {:>10.1}", full.as_secs_f64() / empty.as_secs_f64());
	println!("full / time its weight allows  {:>10.2}", full.as_secs_f64() / 0.75);

	let claims = claims(&mut chain);
	let (claims, claimed) = import::time(&executor, &mut chain, claims, RUNS);
	let (transfer, claim) = (full.saturating_sub(empty) / count, claims.saturating_sub(empty) / claimed);
	println!("one claim of a million leaves  {claim:>10.2?}");
	println!("claim / transfer               {:>10.2}", claim.as_secs_f64() / transfer.as_secs_f64());

	let (election, weight) = election(&executor);
	println!("block with the largest election{election:>10.2?}");
	println!("election / its weight          {:>10.2}", election.as_secs_f64() / weight.as_secs_f64());

	let (mut few, few_bytes) = open_validations(100);
	let (mut many, many_bytes) = open_validations(MOST_VALIDATIONS);
	import::compare(&executor, &mut few, &mut many, "validations");
	println!("an open validation             {:>10} bytes, {few_bytes} of the first 100", many_bytes);
	println!("one audit of 50 leaves         {:>10.1} transfers", audit_weight() / transfer_weight());
	println!("one jury of 23 operators       {:>10.1} transfers", jury_weight() / transfer_weight());
}

/// A chain on which so many validations are open, of which one is due; and how many bytes each takes. The accounts are the
/// same whatever the number, so that nothing but the validations is compared.
fn open_validations(count: u32) -> (Chain, usize) {
	use ogpu_protocol::{class::Class, phases::Sale};
	use ogpu_result_validation::{Request, Validation};
	use ogpu_staking_trustlock::traits::{Collateral, Pin};
	let mut chain = Chain::from_preset(LOCAL_TESTNET);
	chain.block(vec![]);
	let account = |index: u32| AccountId::new(sp_io::hashing::blake2_256(&[index.to_le_bytes(), [2; 4]].concat()));
	chain.read(|| {
		for provider in (0..MOST_VALIDATIONS / OPEN_OF_A_PROVIDER + 1).map(account) {
			Balances::mint_into(&provider, 1_000 * OGPU).unwrap();
			StakingTrustlock::lock(frame_system::RawOrigin::Signed(provider).into(), 100 * OGPU).unwrap();
		}
	});
	// Keys and values; the nodes of the trie above them come on top.
	let bytes = |chain: &mut Chain| -> usize {
		chain.state.commit_all().unwrap();
		let state = chain.state.as_backend();
		let pairs = state.pairs(IterArgs::default()).unwrap();
		pairs.map(|pair| pair.map(|(key, value)| key.len() + value.len()).unwrap()).sum()
	};
	let open = |chain: &mut Chain, from: u32, to: u32| {
		chain.read(|| {
			let height = ogpu_runtime::System::block_number();
			for index in from..to {
				let provider = account(index / OPEN_OF_A_PROVIDER);
				let task = sp_core::H256(sp_io::hashing::blake2_256(&[index.to_le_bytes(), [1; 4]].concat()));
				StakingTrustlock::pin(&provider, task, OGPU, Pin::Shared).unwrap();
				let request = Request {
					task,
					client: account(u32::MAX),
					provider: provider.clone(),
					commitment: task,
					manifest: task,
					start: task,
					leaves: 1_000,
					class: Class::STANDARD,
					capability: 0,
					leaf_blocks: 1,
					leaf_fee: OGPU / 1_000,
					fee: OGPU,
					spent: 0,
					sale: Sale::Pool,
					seed_from: height + if index == 0 { 1 } else { 28_000 },
					secret: None,
					is_milestone: false,
				};
				let checking = ResultValidation::checking(&request);
				ResultValidation::open(request, checking.class + checking.provider, &provider).unwrap();
			}
		})
	};
	let before = bytes(&mut chain);
	open(&mut chain, 0, count);
	let each = bytes(&mut chain).saturating_sub(before) / count as usize;
	// The seed of the first becomes known.
	for _ in 0..17 {
		chain.block(vec![]);
	}
	(chain, each)
}

fn ref_time(weights: impl IntoIterator<Item = Weight>) -> f64 {
	weights.into_iter().map(|weight| weight.ref_time()).sum::<u64>() as f64
}

fn transaction(weight: Weight) -> Weight {
	weight + frame_support::weights::constants::ExtrinsicBaseWeight::get()
}

fn transfer_weight() -> f64 {
	use pallet_balances::WeightInfo;
	ref_time([transaction(<Runtime as pallet_balances::Config>::WeightInfo::transfer_keep_alive())])
}

/// All transactions and steps of an audit of 50 leaves, a fifth of them twice.
fn audit_weight() -> f64 {
	let verifiers = 60.0 * ref_time([transaction(Checks::commit_audit()), transaction(Checks::reveal_audit())]);
	let provider = [Checks::post_openings(50), Checks::reveal(), Checks::reveal_leaves(50)].map(transaction);
	verifiers + ref_time(provider) + 7.0 * ref_time([Checks::task_step(50, 50)])
}

/// All transactions and steps of a jury of one round, with as many operators as class high draws seats.
fn jury_weight() -> f64 {
	let vote = ref_time([transaction(Checks::commit_vote()), transaction(Checks::reveal_vote())]);
	23.0 * vote + 3.0 * ref_time([Checks::jury_step(23, 23)])
}

/// Claims from the largest snapshot, as bare transactions; the chain is made to know its root.
fn claims(chain: &mut Chain) -> Vec<UncheckedExtrinsic> {
	const CLAIMS: u32 = 500;
	let holder = |index: u32| ecdsa::Pair::from_seed(&keccak_256(&index.to_be_bytes()));
	let sign = |holder: &ecdsa::Pair, hash: [u8; 32]| holder.sign_prehashed(&hash).0;
	let address = |holder: &ecdsa::Pair| {
		let key = sp_io::crypto::secp256k1_ecdsa_recover(&sign(holder, [1; 32]), &[1; 32]).ok().unwrap();
		claims::address_of(keccak_256, &key)
	};
	let addresses: Vec<_> = (0..CLAIMS).map(|index| address(&holder(index))).collect();
	let leaves = (0..claims::MAX_LEAVES)
		.map(|index| claims::leaf(keccak_256, index, addresses.get(index as usize).unwrap_or(&[0; 20]), OGPU))
		.collect();
	let tree = Tree::new(keccak_256, leaves).unwrap();
	chain.read(|| {
		ogpu_token::Claims::<Runtime>::put(ClaimsRecord {
			root: tree.root().into(),
			leaves: claims::MAX_LEAVES,
			unclaimed: 1_000 * OGPU,
			deadline: u32::MAX,
		});
		let claim = |index: u32| {
			let destination = AccountId::new(sp_io::hashing::blake2_256(&index.to_le_bytes()));
			let text = OgpuToken::message(index, OGPU, &destination);
			let call = ogpu_token::Call::claim {
				index,
				ethereum_address: addresses[index as usize].into(),
				amount: OGPU,
				proof: tree.proof(index).unwrap().into_iter().map(Into::into).collect::<Vec<_>>().try_into().unwrap(),
				signature: sign(&holder(index), keccak_256(&claims::personal(&text))),
				destination,
			};
			UncheckedExtrinsic::new_bare(call.into())
		};
		(0..CLAIMS).map(claim).collect()
	})
}

/// The slowest block of an era in which as many candidates and voters stand as an election takes, each voting for as many
/// as it may; and the time that the weight of the election stands for.
fn election(executor: &Executor) -> (Duration, Duration) {
	use frame_election_provider_support::{onchain, ElectionProvider, WeightInfo};
	let mut chain = Chain::from_preset(LOCAL_TESTNET);
	chain.block(vec![]);
	let account = |kind: u8, index: u32| {
		AccountId::new(sp_io::hashing::blake2_256(&[[kind].as_slice(), &index.to_le_bytes()].concat()))
	};
	let (candidates, voters) = (u32::from(MaxElectableTargets::get()) - 4, MaxElectingVoters::get());
	chain.read(|| {
		pallet_staking::ValidatorCount::<Runtime>::put(MaxValidators::get());
		let bond = |who: &AccountId, value: u128| {
			let origin = || frame_system::RawOrigin::Signed(who.clone());
			Balances::mint_into(who, 2 * value).unwrap();
			Staking::bond(origin().into(), value, pallet_staking::RewardDestination::Staked).unwrap();
			origin()
		};
		for index in 0..candidates {
			let origin = bond(&account(0, index), (10 + u128::from(index)) * OGPU);
			Staking::validate(origin.into(), Default::default()).unwrap();
		}
		for index in 0..voters {
			let origin = bond(&account(1, index), (1_000 + u128::from(index)) * OGPU);
			let targets = (0..MaxNominations::get()).map(|vote| account(0, (index * 7 + vote * 13) % candidates));
			Staking::nominate(origin.into(), targets.map(Address::Id).collect()).unwrap();
		}
	});
	let slowest = (0..60).map(|_| {
		let (time, _) = import::time(executor, &mut chain, vec![], 1);
		chain.block(vec![]);
		time
	});
	let slowest = slowest.max().unwrap();
	let elected = chain.read(|| {
		<onchain::OnChainExecution<OnChainElection> as ElectionProvider>::elect(0).map(|winners| winners.len()).ok()
	});
	assert_eq!(elected, Some(MaxValidators::get() as usize), "all seats must have been filled");
	let weight = ElectionWeight::phragmen(voters, candidates + 4, MaxNominations::get());
	(slowest, Duration::from_nanos(weight.ref_time() / 1_000))
}
