//! Who takes part, and what they send: what is theirs to send, and what is not.

use super::values::{damaged, Lexicon, Types, MOST_NESTED};
use crate::{
	world::{self, World, CLIENT, ONCE, SALT},
	UncheckedExtrinsic,
};
use codec::{Compact, Encode};
use ogpu_continuous_pool::{Delivery, Requests, Services};
use ogpu_protocol::{
	claims,
	class::Class,
	merkle::Tree,
	token::{CAP, MILLI_OGPU, OGPU},
};
use ogpu_result_validation::{Item, Juries, Records, Tasks};
use ogpu_runtime::{
	configs::accounts::ProxyType, genesis_config_presets::development_snapshot, AccountId, Address, Balance, Balances,
	Nonce, OgpuToken, Runtime, RuntimeCall, StakingTrustlock, System,
};
use ogpu_staking_trustlock::traits::Devices;
use ogpu_training_auction::{Assurance, Jobs, OfferRecord, Spec, Stage};
use polkadot_sdk::*;
use rand::{seq::SliceRandom, Rng};
use rand_chacha::ChaCha8Rng;
use sp_core::{ecdsa, Pair, H256};
use sp_io::hashing::keccak_256;
use sp_keyring::Sr25519Keyring::{AliceStash, BobStash, CharlieStash, Eve, One, Two};
use sp_runtime::{ApplyExtrinsicResult, MultiSignature};
use std::collections::{BTreeMap, BTreeSet};

/// The devices of these members work.
const PROVIDERS: [sp_keyring::Sr25519Keyring; 5] = [Eve, One, Two, AliceStash, BobStash];

/// The keys of those who hold something in the snapshot of development chains, known to everybody.
const HOLDERS: [[u8; 32]; 3] = [
	sp_core::hex2array!("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"),
	sp_core::hex2array!("59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"),
	sp_core::hex2array!("5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a"),
];

/// Of so many calls that were good once, others are made.
const MOST_REMEMBERED: usize = 400;

/// Whoever has so many open requests or jobs waits.
const MOST_OPEN: usize = 12;

type Sent = (AccountId, RuntimeCall);

/// A network of people, most of whom do what is theirs to do.
pub struct Network {
	pub world: World,
	pub lexicon: Lexicon,
	members: Vec<AccountId>,
	/// What was bid and has not been revealed.
	offers: BTreeMap<(H256, AccountId), OfferRecord>,
	/// Calls that were done.
	good: Vec<Sent>,
	/// Whole transactions that were in blocks.
	sent: Vec<UncheckedExtrinsic>,
}

impl Network {
	pub fn at_work() -> Self {
		let mut world = World::default();
		// Whoever may do all can break all: that is what it is for.
		world.change(pallet_sudo::Key::<Runtime>::kill);
		let worker = sp_core::sr25519::Pair::from_seed(&[7; 32]);
		let operator = CharlieStash.to_account_id();
		let consent: MultiSignature = worker.sign(&world.chain.read(|| StakingTrustlock::consent(&operator))).into();
		let key = AccountId::from(worker.public());
		world.keys.insert(key.clone(), worker);
		world.send(&operator, ogpu_staking_trustlock::Call::authorise_worker { worker: key, consent });
		let client = CLIENT.to_account_id();
		for (width, delivery, class) in [
			(1, Delivery::Verified, ONCE),
			(3, Delivery::FirstResponse, Class::STANDARD),
			(2, Delivery::Manual, Class::HIGH),
		] {
			world.send(&client, world::service(width, delivery, class));
		}
		for provider in PROVIDERS {
			let who = provider.to_account_id();
			world.provider(&who);
			let device = world.devices[&who];
			for service in 0..3 {
				world.send(&who, ogpu_continuous_pool::Call::join { service, device });
			}
		}
		let delegations =
			[(One, Two, ProxyType::Any), (Two, Eve, ProxyType::Staking), (BobStash, Eve, ProxyType::Governance)];
		for (of, to, proxy_type) in delegations {
			let delegate = Address::Id(to.to_account_id());
			world.send(&of.to_account_id(), pallet_proxy::Call::add_proxy { delegate, proxy_type, delay: 0 });
		}
		let members: Vec<_> = world.keys.keys().cloned().collect();
		for who in members.iter().skip(2) {
			let may_lock = || {
				!ogpu_staking_trustlock::Locks::<Runtime>::contains_key(who) && Balances::free_balance(who) > 200 * OGPU
			};
			if world.chain.read(may_lock) {
				world.lock(who, 100 * OGPU);
			}
		}
		world.begin();
		let (offers, good, sent) = (BTreeMap::new(), Vec::new(), Vec::new());
		Self { world, lexicon: Lexicon::default(), members, offers, good, sent }
	}

	pub fn nonce(&mut self, who: &AccountId) -> Nonce {
		self.world.chain.read(|| System::account_nonce(who))
	}

	pub fn sign(&mut self, who: &AccountId, call: RuntimeCall, tip: Balance, nonce: Nonce) -> UncheckedExtrinsic {
		self.world.chain.sign_by(&self.world.keys[who], call, tip, nonce)
	}

	/// What there is to name, and how people feel today.
	pub fn learn(&mut self, chance: &mut ChaCha8Rng) {
		let members = self.members.clone();
		self.lexicon = self.world.chain.read(|| {
			let mut names: Vec<_> = Tasks::<Runtime>::iter_keys().collect();
			names.extend(Requests::<Runtime>::iter_keys());
			names.extend(Jobs::<Runtime>::iter_keys());
			names.extend(Records::<Runtime>::iter_keys().take(20));
			names.extend(pallet_preimage::RequestStatusFor::<Runtime>::iter_keys());
			names.extend([SALT, H256::zero(), H256::repeat_byte(255)]);
			let block = u128::from(System::block_number());
			let now = u128::from(ogpu_runtime::clock::Now::<Runtime>::get());
			let mut numbers = vec![block, now, block + 20, now + 20, 64, 128, 1_000];
			numbers.extend(0..u128::from(<StakingTrustlock as Devices<AccountId>>::next_device()));
			numbers.extend(Services::<Runtime>::iter_keys().map(u128::from));
			let mut accounts = members;
			accounts.extend([ogpu_runtime::configs::staking::TreasuryAccount::get(), OgpuToken::pot()]);
			let mut amounts: Vec<_> = accounts.iter().map(Balances::free_balance).collect();
			let locks = ogpu_staking_trustlock::Locks::<Runtime>::iter_values();
			amounts.extend(locks.map(|lock| lock.locked));
			amounts.extend([MILLI_OGPU, OGPU, 10 * OGPU, 100 * OGPU, CAP, Balances::total_issuance()]);
			Lexicon { accounts, names, amounts, numbers }
		});
		let world = &mut self.world;
		if chance.gen_ratio(1, 40) {
			let mut some = |most: usize| -> BTreeSet<AccountId> {
				let count = chance.gen_range(0..=most);
				PROVIDERS.choose_multiple(chance, count).map(|key| key.to_account_id()).collect()
			};
			(world.liars, world.gone, world.idle) = (some(2), some(2), some(1));
			world.is_content = chance.gen();
			world.chain.finality_lag = if chance.gen_ratio(1, 8) { 30 } else { 3 };
		}
	}

	/// What is sent for the next block, with good signatures.
	pub fn calls(&mut self, types: &Types, chance: &mut ChaCha8Rng) -> Vec<Sent> {
		let mut honest = self.world.calls();
		honest.extend(self.bids());
		honest.retain(|(who, _)| self.world.keys.contains_key(who) && chance.gen_ratio(9, 10));
		let open =
			self.world.chain.read(|| Requests::<Runtime>::iter_keys().count() + Jobs::<Runtime>::iter_keys().count());
		if open < MOST_OPEN && chance.gen_ratio(1, 3) {
			honest.push(self.order(chance));
		}
		let mut calls = Vec::new();
		for _ in 0..chance.gen_range(2..14) {
			let who = self.anybody(chance);
			let call =
				match chance.gen_range(0..10) {
					0..4 => types.call_of(pallet(types, chance), chance, &self.lexicon).map(|call| (who, call)),
					4..8 => {
						let original = honest.choose(chance).or_else(|| self.good.choose(chance)).cloned();
						original.and_then(|(sender, call)| {
							let sender = if chance.gen_ratio(3, 4) { sender } else { who };
							let call = if chance.gen_ratio(1, 8) {
								Some(call)
							} else {
								types.mutated(&call, chance, &self.lexicon)
							};
							call.map(|call| (sender, call))
						})
					}
					8 => self.good.choose(chance).cloned().and_then(|(sender, call)| {
						types.mutated(&call, chance, &self.lexicon).map(|call| (sender, call))
					}),
					_ => Some((who, self.ours(chance))),
				};
			calls.extend(call.map(|(who, call)| self.wrapped(who, call, chance)));
		}
		honest.extend(calls.into_iter().filter(|(who, _)| self.world.keys.contains_key(who)));
		honest
	}

	fn anybody(&self, chance: &mut ChaCha8Rng) -> AccountId {
		self.members.choose(chance).expect("there are members").clone()
	}

	/// A request for work, or a job.
	fn order(&mut self, chance: &mut ChaCha8Rng) -> Sent {
		let who = if chance.gen() { CLIENT.to_account_id() } else { self.anybody(chance) };
		let call = if chance.gen_ratio(2, 3) {
			let order = world::order(chance.gen_range(1..40));
			ogpu_continuous_pool::Call::request { service: chance.gen_range(0..3), order }.into()
		} else {
			let assurances = [Assurance::Economy, Assurance::Standard, Assurance::High, Assurance::Assured];
			let (spec, ceiling) = world::job(*assurances.choose(chance).expect("there are four"));
			let spec = Spec { longest_blocks: chance.gen_range(200..2_000), reopens: chance.gen_range(0..2), ..spec };
			ogpu_training_auction::Call::create { spec, ceiling }.into()
		};
		(who, call)
	}

	/// All providers bid for all jobs.
	fn bids(&mut self) -> Vec<Sent> {
		use ogpu_training_auction::{Bids, Call};
		let jobs: Vec<_> = self.world.chain.read(|| Jobs::<Runtime>::iter().collect());
		let mut calls = Vec::new();
		for (job, record) in &jobs {
			for (place, key) in PROVIDERS.iter().enumerate() {
				let who = key.to_account_id();
				let Some(device) = self.world.devices.get(&who).copied() else { continue };
				let has_bid = self.world.chain.read(|| Bids::<Runtime>::contains_key(job, &who));
				match record.stage {
					Stage::Bidding if !has_bid => {
						let worker = who.clone();
						let offer = OfferRecord {
							price: OGPU + OGPU / 10 * place as u128,
							eta_blocks: 100 + 40 * place as u32,
							worker,
						};
						let round = record.round;
						let commitment =
							world::commitment(job.0, round, &who, &ogpu_protocol::auction::Offer::from(&offer));
						self.offers.insert((*job, who.clone()), offer);
						calls.push((who, Call::commit_bid { job: *job, commitment }.into()));
					}
					Stage::Revealing { .. } if has_bid => {
						if let Some(offer) = self.offers.get(&(*job, who.clone())).cloned() {
							calls.push((who, Call::reveal_bid { job: *job, offer, device, salt: SALT }.into()));
						}
					}
					_ => {}
				}
			}
		}
		self.offers.retain(|(job, _), _| jobs.iter().any(|(open, _)| open == job));
		calls
	}

	/// Something that is said of what goes on, by whoever thinks so.
	fn ours(&mut self, chance: &mut ChaCha8Rng) -> RuntimeCall {
		use ogpu_result_validation::Call;
		let name = *self.lexicon.names.choose(chance).expect("there are some");
		let leaf = chance.gen_range(0..30);
		let hash = H256(chance.gen());
		let juries: Vec<_> = self.world.chain.read(|| Juries::<Runtime>::iter_keys().collect());
		match chance.gen_range(0..12) {
			0 => Call::challenge { task: name, leaf }.into(),
			1 => Call::advance { item: Item::Task(name) }.into(),
			2 => match juries.choose(chance) {
				Some((task, leaf)) => Call::advance { item: Item::Jury(*task, *leaf) }.into(),
				None => Call::advance { item: Item::Window }.into(),
			},
			3 => Call::advance { item: Item::Market(name) }.into(),
			4 => Call::offer_seats { capabilities: chance.gen(), device: None }.into(),
			5 => ogpu_continuous_pool::Call::alarm { request: name }.into(),
			6 => ogpu_continuous_pool::Call::confirm { request: name }.into(),
			7 => ogpu_continuous_pool::Call::commit { request: name, commitment: hash, leaves: leaf + 1 }.into(),
			8 => ogpu_continuous_pool::Call::decline { request: name }.into(),
			9 => ogpu_training_auction::Call::cancel { job: name }.into(),
			10 => ogpu_training_auction::Call::abandon { job: name }.into(),
			_ => ogpu_training_auction::Call::report_progress { job: name, commitment: hash }.into(),
		}
	}

	/// The call as it is, or in a batch, by a proxy, or by a multisig.
	fn wrapped(&mut self, who: AccountId, call: RuntimeCall, chance: &mut ChaCha8Rng) -> Sent {
		use pallet_utility::Call as Utility;
		if chance.gen_ratio(7, 10) {
			return (who, call);
		}
		let other = self.good.choose(chance).map_or_else(|| call.clone(), |(_, good)| good.clone());
		let some = self.anybody(chance);
		let mut others: Vec<_> =
			self.members.choose_multiple(chance, 2).filter(|member| **member != who).cloned().collect();
		others.sort();
		let weight = frame_support::weights::Weight::from_parts(chance.gen::<u64>() >> chance.gen_range(0..64), 0);
		let wrapped: RuntimeCall = match chance.gen_range(0..9) {
			0 => Utility::batch { calls: vec![call, other] }.into(),
			1 => Utility::batch_all { calls: vec![other, call] }.into(),
			2 => Utility::force_batch { calls: vec![call.clone(), other, call] }.into(),
			3 => Utility::as_derivative { index: chance.gen_range(0..3), call: Box::new(call) }.into(),
			4 => Utility::if_else { main: Box::new(call), fallback: Box::new(other) }.into(),
			5 | 6 => {
				let (real, delegate) =
					*[(One, Two), (Two, Eve), (BobStash, Eve)].choose(chance).expect("there are three");
				let real = Address::Id(real.to_account_id());
				let call = pallet_proxy::Call::proxy { real, force_proxy_type: None, call: Box::new(call) };
				return (delegate.to_account_id(), call.into());
			}
			7 => pallet_multisig::Call::as_multi_threshold_1 { other_signatories: others, call: Box::new(call) }.into(),
			_ => {
				let pending = self.world.chain.read(|| pallet_multisig::Multisigs::<Runtime>::iter().next());
				let maybe_timepoint = pending.map(|(_, _, multisig)| multisig.when);
				let call = Box::new(if chance.gen() { call } else { crate::transfer(&some, OGPU) });
				pallet_multisig::Call::as_multi {
					threshold: 2,
					other_signatories: others,
					maybe_timepoint,
					call,
					max_weight: weight,
				}
				.into()
			}
		};
		(who, wrapped)
	}

	/// Bytes that somebody sends as a transaction.
	pub fn bytes(&mut self, types: &Types, chance: &mut ChaCha8Rng) -> Vec<u8> {
		let who = self.anybody(chance);
		let nonce = self.nonce(&who);
		let any = |network: &mut Self, chance: &mut ChaCha8Rng| {
			let pallet = pallet(types, chance);
			types.call_of(pallet, chance, &network.lexicon).unwrap_or_else(|| network.ours(chance))
		};
		match chance.gen_range(0..10) {
			0..3 => {
				let call = any(self, chance);
				let good = self.sign(&who, call, 0, nonce).encode();
				damaged(&good, chance)
			}
			3 => match self.sent.choose(chance) {
				Some(before) if chance.gen() => before.encode(),
				Some(before) => damaged(&before.encode(), chance),
				None => Vec::new(),
			},
			4 => {
				let call = any(self, chance);
				let wrong =
					nonce.wrapping_add(*[1, 2, 1_000, u32::MAX, u32::MAX - 1].choose(chance).expect("there are five"));
				self.sign(&who, call, 0, wrong).encode()
			}
			5 => UncheckedExtrinsic::new_bare(any(self, chance)).encode(),
			6 => {
				let (extension, _) = crate::extension(nonce, chance.gen(), H256(chance.gen()), None);
				UncheckedExtrinsic::new_transaction(any(self, chance), extension).encode()
			}
			7 => UncheckedExtrinsic::new_bare(self.claim(chance).into()).encode(),
			8 => deep(chance),
			_ => (0..chance.gen_range(0..200)).map(|_| chance.gen::<u8>()).collect(),
		}
	}

	/// A claim with a good signature, or nearly.
	fn claim(&mut self, chance: &mut ChaCha8Rng) -> ogpu_token::Call<Runtime> {
		let destination = self.anybody(chance);
		let leaves =
			development_snapshot().map(|(index, holder, amount)| claims::leaf(keccak_256, index, &holder, amount));
		let tree = Tree::new(keccak_256, leaves.collect()).expect("there are leaves");
		let (index, holder, amount) = development_snapshot().nth(chance.gen_range(0..3)).expect("there are three");
		let text = self.world.chain.read(|| OgpuToken::message(index, amount, &destination));
		let pair = ecdsa::Pair::from_seed(&HOLDERS[index as usize]);
		let signature = pair.sign_prehashed(&keccak_256(&claims::personal(&text))).0;
		let proof: Vec<_> = tree.proof(index).expect("it is a leaf").into_iter().map(Into::into).collect();
		let mut is_wrong = || chance.gen_ratio(1, 4);
		ogpu_token::Call::claim {
			index: if is_wrong() { index + 1 } else { index },
			ethereum_address: holder.into(),
			amount: if is_wrong() { amount + 1 } else { amount },
			proof: proof.try_into().expect("it is short"),
			signature,
			destination: if is_wrong() { AccountId::new([3; 32]) } else { destination },
		}
	}

	/// What was done may be done again, a bit differently.
	pub fn note(
		&mut self,
		transactions: &[UncheckedExtrinsic],
		results: &[ApplyExtrinsicResult],
		chance: &mut ChaCha8Rng,
	) {
		for (transaction, result) in transactions.iter().zip(results) {
			let sp_runtime::generic::Preamble::Signed(Address::Id(who), ..) = &transaction.preamble else { continue };
			if result == &Ok(Ok(())) && transaction.function.encoded_size() < 10_000 {
				let (sent, whole) = ((who.clone(), transaction.function.clone()), transaction.clone());
				if self.good.len() < MOST_REMEMBERED {
					self.good.push(sent);
					self.sent.push(whole);
				} else {
					let place = chance.gen_range(0..MOST_REMEMBERED);
					self.good[place] = sent;
					self.sent[place] = whole;
				}
			}
		}
	}
}

/// A pallet, more often one of this project's.
fn pallet<'a>(types: &'a Types, chance: &mut ChaCha8Rng) -> &'a str {
	const OURS: [&str; 5] = ["StakingTrustlock", "TrainingAuction", "ContinuousPool", "ResultValidation", "OgpuToken"];
	let all: Vec<_> = types.pallets().collect();
	if chance.gen_ratio(3, 5) {
		let ours = OURS[chance.gen_range(0..OURS.len())];
		all.into_iter().find(|name| *name == ours).expect("it has calls")
	} else {
		all.choose(chance).expect("there are some")
	}
}

/// Batches in batches, as deep as a transaction may be or deeper.
fn deep(chance: &mut ChaCha8Rng) -> Vec<u8> {
	let depth =
		*[1, 10, 60, MOST_NESTED - 2, MOST_NESTED, MOST_NESTED + 1, 1_000, 100_000].choose(chance).expect("some");
	let mut call = RuntimeCall::System(frame_system::Call::remark { remark: vec![1] }).encode();
	let batch = RuntimeCall::Utility(pallet_utility::Call::batch { calls: Vec::new() }).encode();
	let head: Vec<u8> = (0..depth).flat_map(|_| [batch[0], batch[1], 4]).collect();
	call.splice(0..0, head);
	// A bare transaction of the latest version, with its length before it.
	let whole = [vec![5], call].concat();
	let mut bytes = Compact(whole.len() as u32).encode();
	bytes.extend(whole);
	bytes
}
