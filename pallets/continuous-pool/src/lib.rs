//! Selling requests to services.
//!
//! A publisher [publishes](Call::publish_service) a model as a service; providers [join](Call::join) it with devices. A
//! client [requests](Call::request) answers: its fee is held at the price of the moment, and a seed that nobody could
//! know draws racers. Who [commits](Call::commit) first to a result leads, and its result goes into validation; how that
//! ends decides who is paid. The rules of prices and races stand in `ogpu-protocol`; this pallet keeps the time, the
//! records and the money.
//!
//! # The way of a request
//! *Drawing → Racing → Validating (or AwaitingConfirmation) → Sharing*, and then it is gone. A race in which nobody
//! commits is drawn again, among others, a few times; then the client has its money back. Every stage has a deadline in
//! the chain's agenda, or waits for a validation, which has one: nothing is ever stuck.
//!
//! # Seeds and other results
//! When a race is drawn, two heights are fixed for good, whoever commits when: its close, and, some blocks later, the
//! first block whose author adds to the seed of the validation. So nobody who can still commit knows what will be
//! audited. A racer that has committed, and sees in what the leader serves that its own result is another, has until
//! that block to [say so](Call::alarm): then the task is audited in full, and the racer is its finder, or pays for the
//! audit. Nothing needs to be proven for it, because it costs whoever is wrong.
//!
//! # Silence
//! Nobody is punished for silence: it may be that the inputs were not there. Where somebody else has delivered what was
//! right, those who were silent are seen to be slow, and are drawn less often.
//!
//! # The pot
//! Results stay sealed until a leader's has been found right. Then runners-up [open](Call::claim_share) their own
//! commitments, together with the leader's, whose result and salt are public by then: who committed to the same before
//! anybody could copy it has its part.
//!
//! # Money
//! Fees are held in the client's account: *tokens held for requests = the sum of what their records say*, and so for the
//! deposits of services and members. Fees for checking pass through a pot without a key, so that a client cannot get in
//! the way by freezing its balance.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod draw;
mod orders;
pub mod quote;
mod requests;
pub mod runtime_api;
mod services;
mod settle;
#[cfg(test)]
mod tests;
#[cfg(feature = "try-runtime")]
mod try_state;
pub mod types;
pub mod weights;

pub use draw::RACE_DRAWS;
pub use orders::REQUEST_NAMES;
pub use pallet::*;
pub use types::*;
pub use weights::WeightInfo;

use frame_support::{
	dispatch::DispatchResult,
	traits::{
		fungible::{hold, Balanced, Credit, Inspect, Mutate},
		Get,
	},
	weights::Weight,
	PalletId,
};
use ogpu_protocol::{
	commitment::Outcome,
	cost::{CheckingTariff, LeafCost, ReferenceVerifier},
	pool::{PriceParameters, RaceParameters, MOST_WIDTH},
	slashing::SlashingParameters,
	time::BlockNumber,
	token::Balance,
};
use ogpu_result_validation::{Conclusion, Deadlines, Market, Seeds, Validation};
use ogpu_staking_trustlock::traits::{Collateral, DeviceId, Devices, Record, Workers};
use polkadot_sdk::*;
use sp_core::H256;
use sp_io::hashing::blake2_256;
use sp_runtime::{
	traits::{BlockNumberProvider, SaturatedConversion},
	AccountId32, BoundedVec,
};

pub type CreditOf<T> = Credit<AccountId32, <T as Config>::Currency>;
pub type RequestOf<T> = RequestRecord<<T as Config>::MaxRacers>;

#[frame_support::pallet]
#[allow(clippy::expect_used, reason = "FRAME expands to it, for names of pallets that always exist")]
pub mod pallet {
	use super::*;
	use frame_support::pallet_prelude::*;
	use frame_system::pallet_prelude::*;

	#[pallet::config]
	pub trait Config: polkadot_sdk::frame_system::Config<AccountId = AccountId32> {
		type Currency: Mutate<AccountId32>
			+ Balanced<AccountId32>
			+ Inspect<AccountId32, Balance = Balance>
			+ hold::Mutate<AccountId32, Reason = Self::RuntimeHoldReason>
			+ hold::Balanced<AccountId32>;

		type RuntimeHoldReason: From<HoldReason>;

		/// What providers and clients stand for.
		type TrustLock: Collateral<AccountId32> + Record<AccountId32> + Workers<AccountId32> + Devices<AccountId32>;

		/// Validates results, makes seeds, and keeps the agenda.
		type Validation: Validation + Deadlines + Seeds;

		/// The network's clock. It stands still while nobody can be expected to act.
		type Clock: BlockNumberProvider<BlockNumber = BlockNumberFor<Self>>;

		/// The account, without a key, through which fees for checking pass.
		#[pallet::constant]
		type Pot: Get<PalletId>;

		/// How prices float.
		type Prices: Get<PriceParameters>;

		/// How races are drawn and paid.
		type Races: Get<RaceParameters>;

		/// How much each failure costs.
		type Slashing: Get<SlashingParameters>;

		/// Against whose speed leaves are timed.
		type Reference: Get<ReferenceVerifier>;

		/// What checking a leaf pays.
		type Tariff: Get<CheckingTariff>;

		/// What a publisher deposits for a service.
		#[pallet::constant]
		type ServiceDeposit: Get<Balance>;

		/// What an operator deposits for a device that joins a service.
		#[pallet::constant]
		type MemberDeposit: Get<Balance>;

		/// What a client deposits for a request.
		#[pallet::constant]
		type RequestDeposit: Get<Balance>;

		/// Devices that serve a service.
		#[pallet::constant]
		type MaxMembers: Get<u32>;

		/// Lots of a race.
		#[pallet::constant]
		type MaxWidth: Get<u32>;

		/// How often a request is drawn again.
		#[pallet::constant]
		type MaxRedraws: Get<u32>;

		/// Racers of all races of a request: as many as can be drawn.
		#[pallet::constant]
		type MaxRacers: Get<u32>;

		/// Races of an operator that are open at once. Fewer than the validations that it may have open, or it could not
		/// be paid for some of them.
		#[pallet::constant]
		type MaxRaces: Get<u32>;

		/// How long a race may stay open. Authors' outputs are kept for longer.
		#[pallet::constant]
		type MaxWindow: Get<BlockNumber>;

		/// The authors of so many blocks make the seed of a draw.
		#[pallet::constant]
		type DrawBlocks: Get<BlockNumber>;

		/// From the close of a race until the first block of its validation's seed. In these blocks a racer that has seen
		/// another result than its own may say so.
		#[pallet::constant]
		type AlarmBlocks: Get<BlockNumber>;

		/// How long runners-up may show that their results are the leader's.
		#[pallet::constant]
		type SharingBlocks: Get<BlockNumber>;

		/// How often a device may decline in an hour.
		#[pallet::constant]
		type FreeDeclines: Get<u32>;

		/// Settlements of a service that are remembered.
		#[pallet::constant]
		type MaxSettlements: Get<u32>;

		type WeightInfo: WeightInfo;

		/// Sets up what benchmarks need of other pallets.
		#[cfg(feature = "runtime-benchmarks")]
		type BenchmarkHelper: ogpu_result_validation::BenchmarkHelper;
	}

	#[pallet::pallet]
	pub struct Pallet<T>(_);

	/// Why this pallet holds tokens.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// They are deposited for services.
		Service,
		/// They are deposited for devices that serve.
		Member,
		/// They are to pay for a request.
		Request,
	}

	/// What is published.
	#[pallet::storage]
	pub type Services<T> = StorageMap<_, Twox64Concat, ServiceId, ServiceRecord>;

	/// The number of the service that is published next. Numbers are never used twice.
	#[pallet::storage]
	pub type NextService<T> = StorageValue<_, ServiceId, ValueQuery>;

	/// The devices that serve each service.
	#[pallet::storage]
	pub type Members<T> = StorageDoubleMap<_, Twox64Concat, ServiceId, Twox64Concat, DeviceId, MemberRecord>;

	/// The last settlements of each service, the oldest first.
	#[pallet::storage]
	pub type Settlements<T: Config> =
		StorageMap<_, Twox64Concat, ServiceId, BoundedVec<Settlement, T::MaxSettlements>, ValueQuery>;

	/// Requests that have not ended.
	#[pallet::storage]
	pub type Requests<T: Config> = StorageMap<_, Blake2_128Concat, H256, RequestOf<T>>;

	/// How many requests there have been. Each has a name of its own from it.
	#[pallet::storage]
	pub type RequestCount<T> = StorageValue<_, u64, ValueQuery>;

	/// In how many races each operator is.
	#[pallet::storage]
	pub type Races<T> = StorageMap<_, Blake2_128Concat, AccountId32, u32, ValueQuery>;

	#[pallet::genesis_config]
	#[derive(frame_support::DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		#[serde(skip)]
		pub _config: core::marker::PhantomData<T>,
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			let alive = T::Currency::minimum_balance();
			assert!(T::Currency::mint_into(&Pallet::<T>::pot(), alive).is_ok(), "the pot must be able to receive");
		}
	}

	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A service takes requests.
		ServicePublished { service: ServiceId, publisher: AccountId32 },
		/// Requests are made under other terms from now on.
		ServiceUpdated { service: ServiceId },
		/// A service takes no more requests.
		ServiceRetired { service: ServiceId },
		/// A service is gone, and its deposit with its publisher.
		ServiceRemoved { service: ServiceId },
		/// A device serves a service.
		Joined { service: ServiceId, device: DeviceId, operator: AccountId32 },
		/// A device is not drawn any more.
		Left { service: ServiceId, device: DeviceId },
		/// A device is no longer a member, and its deposit is with its operator.
		MemberRemoved { service: ServiceId, device: DeviceId },
		/// A client asks for something, at this price of a leaf; so much of its balance is held.
		Requested { request: H256, service: ServiceId, client: AccountId32, leaf_price: Balance, held: Balance },
		/// Racers were drawn; `Requests` says who. They may commit until the network's clock shows `closes`.
		Drawn { request: H256, racers: u32, closes: BlockNumber, seed_from: BlockNumber },
		/// Nobody committed, or nobody could be drawn: there will be another draw.
		Redrawn { request: H256, redraws: u32 },
		/// A racer declined.
		Declined { request: H256, operator: AccountId32 },
		/// A racer committed to a result of so many leaves.
		Committed { request: H256, operator: AccountId32, leaves: u32 },
		/// The result of a racer could not be validated.
		Rejected { request: H256, operator: AccountId32 },
		/// The result of this racer is the client's. Its fee for so many leaves is at stake, and what exceeds it was
		/// refunded.
		Led { request: H256, operator: AccountId32, leaves: u32, fee: Balance },
		/// The client has confirmed the result.
		Confirmed { request: H256 },
		/// A racer was paid.
		Paid { request: H256, operator: AccountId32, amount: Balance },
		/// The result was right. Runners-up may show theirs until the network's clock shows `due`.
		SharingOpened { request: H256, due: BlockNumber },
		/// A request has ended; so much was left for its client.
		Closed { request: H256, ending: Ending, refunded: Balance },
	}

	#[pallet::error]
	#[derive(PartialEq, Eq)]
	pub enum Error<T> {
		/// There is no service of this number.
		NoSuchService,
		/// The service takes no more requests.
		Retired,
		/// The service belongs to another publisher.
		NotYourService,
		/// No number is left for another service.
		NoServiceLeft,
		/// The floor is zero, or so high that prices could not float.
		NonsensicalFloor,
		/// The class makes no sense.
		NonsensicalClass,
		/// A race has at least one lot, and no more than it may have.
		WrongWidth,
		/// A leaf of the price weighs nothing, or more than a verifier computes.
		NonsensicalLeaf,
		/// The reference verifier could not recompute a leaf in time. Cut the work into smaller ones.
		LeafTooLong,
		/// There is no device of this number, or it was retired.
		NoDevice,
		/// The device is another operator's.
		NotYourDevice,
		/// The service wants another kind of device.
		WrongKind,
		/// The service wants more memory.
		TooLittleMemory,
		/// The device was not measured, or the service wants a faster one.
		TooSlow,
		/// The device has joined already.
		AlreadyJoined,
		/// The device has not joined, or has left.
		NotJoined,
		/// The device was counted in the last hour. An hour after it left, its deposit can be had.
		TooEarly,
		/// The service has as many members as it may.
		ServiceFull,
		/// A worker key sent a call of clients. Send it from an account of its own.
		IsWorker,
		/// A request is for at least one leaf.
		NoLeaves,
		/// A race is open for at least one block, and no longer than it may be.
		WrongWindow,
		/// The prompt weighs more than a leaf of the service may.
		PromptTooLong,
		/// The price of a leaf is above the client's limit.
		Overpriced,
		/// The fee is more than there is.
		FeeTooLarge,
		/// There is no such request, or it has ended.
		NoSuchRequest,
		/// The request is in another stage.
		WrongStage,
		/// The request is another client's.
		NotYourRequest,
		/// The caller's operator was not drawn, or it declined.
		NotDrawn,
		/// The race has closed.
		RaceClosed,
		/// The operator has committed already.
		AlreadyCommitted,
		/// All that were drawn have committed.
		RaceFull,
		/// The seed of the validation may be known: it is too late to commit.
		SeedKnown,
		/// A result has at least one leaf, and no more than the client allows.
		WrongLeaves,
		/// The device has declined as often as it may in an hour.
		TooManyDeclines,
		/// The caller's operator has not committed.
		NothingCommitted,
		/// The leader has no other result than itself, and is paid without a claim.
		IsLeader,
		/// What is opened is not what was committed to: check result, salts and account.
		WrongOpening,
		/// The provider would pay more for being audited than it earns.
		CheckingTooDear,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn integrity_test() {
			Self::check_config();
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Publish a model as a service, for requests from now on.
		///
		/// - `manifest`: the hash of the document that fixes everything that could change a result.
		/// - `leaf`: the declared shape of a leaf, which no leaf of a request exceeds. It cannot be changed later, nor can
		///   the manifest: publish another service.
		/// - `terms`: the rest.
		///
		/// For anybody. Holds [`Config::ServiceDeposit`]. Emits [`Event::ServicePublished`], with its number. Refused, for
		/// the fee of the call, if the terms make no sense, or a leaf would take a verifier too long.
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::publish_service())]
		pub fn publish_service(origin: OriginFor<T>, manifest: H256, leaf: LeafCost, terms: Terms) -> DispatchResult {
			Self::do_publish(ensure_signed(origin)?, manifest, leaf, terms)
		}

		/// Change the terms of a service for requests to come.
		///
		/// For its publisher. The price stays what it is, within what the new floor allows. Emits
		/// [`Event::ServiceUpdated`].
		#[pallet::call_index(1)]
		#[pallet::weight(T::WeightInfo::update_service())]
		pub fn update_service(origin: OriginFor<T>, service: ServiceId, terms: Terms) -> DispatchResult {
			Self::do_update(ensure_signed(origin)?, service, terms)
		}

		/// Take no more requests. The deposit returns when the last request has ended and the last member has left.
		///
		/// For its publisher. Emits [`Event::ServiceRetired`].
		#[pallet::call_index(2)]
		#[pallet::weight(T::WeightInfo::retire_service())]
		pub fn retire_service(origin: OriginFor<T>, service: ServiceId) -> DispatchResult {
			Self::do_retire(ensure_signed(origin)?, service)
		}

		/// Serve a service with a device. It must hold the artifacts of the service and serve them to those who verify.
		///
		/// For the operator of a device of the right kind that was measured fast enough. Holds
		/// [`Config::MemberDeposit`]; for a device that has left and is still a member, this takes back its leaving.
		/// Emits [`Event::Joined`].
		#[pallet::call_index(3)]
		#[pallet::weight(T::WeightInfo::join())]
		pub fn join(origin: OriginFor<T>, service: ServiceId, device: DeviceId) -> DispatchResult {
			Self::do_join(ensure_signed(origin)?, service, device)
		}

		/// Be drawn no more. For what the device is drawn already, it stays due.
		///
		/// For its operator. A device that never served is removed at once. One that did is still counted as capacity, and
		/// what was seen of it is remembered: an hour later the same call removes it and returns its deposit. For anybody,
		/// if the service is full or retired and the device is offline. Emits [`Event::Left`] or [`Event::MemberRemoved`].
		#[pallet::call_index(4)]
		#[pallet::weight(T::WeightInfo::leave())]
		pub fn leave(origin: OriginFor<T>, service: ServiceId, device: DeviceId) -> DispatchResult {
			Self::do_leave(ensure_signed(origin)?, service, device)
		}

		/// Ask something of a service.
		///
		/// The fee for all leaves of the order at the price of the moment, the pot of the race, what checking costs, and a
		/// deposit are held; what is not used returns. A part of the client's trust lock is pinned, in case that the
		/// inputs are missing.
		///
		/// For any account but worker keys. Emits [`Event::Requested`], with the request's name. Refused, for the fee of
		/// the call, if the price is above `max_price`, or such a result could not be validated.
		#[pallet::call_index(5)]
		#[pallet::weight(T::WeightInfo::request())]
		pub fn request(origin: OriginFor<T>, service: ServiceId, order: Order) -> DispatchResult {
			Self::do_request(ensure_signed(origin)?, service, order)
		}

		/// Decline to run in a race, a few times in an hour.
		///
		/// For a racer that has not committed. Emits [`Event::Declined`].
		#[pallet::call_index(6)]
		#[pallet::weight(T::WeightInfo::decline())]
		#[pallet::feeless_if(|origin: &OriginFor<T>, request: &H256| -> bool {
			ensure_signed(origin.clone()).is_ok_and(|who| Pallet::<T>::check_decline(&who, request).is_ok())
		})]
		pub fn decline(origin: OriginFor<T>, request: H256) -> DispatchResult {
			Self::do_decline(ensure_signed(origin)?, request)
		}

		/// Commit to a result.
		///
		/// - `commitment`: to root and output, in round 0 of the request, by the operator's account.
		/// - `leaves`: how many it has. The client is charged for them.
		///
		/// For a racer, until its race closes. Free if it can still earn, else refused before it enters a block. Emits
		/// [`Event::Committed`].
		#[pallet::call_index(7)]
		#[pallet::weight(T::WeightInfo::commit())]
		#[pallet::feeless_if(|origin: &OriginFor<T>, request: &H256, _: &H256, leaves: &u32| -> bool {
			ensure_signed(origin.clone()).is_ok_and(|who| Pallet::<T>::check_commit(&who, request, *leaves).is_ok())
		})]
		pub fn commit(origin: OriginFor<T>, request: H256, commitment: H256, leaves: u32) -> DispatchResult {
			Self::do_commit(ensure_signed(origin)?, request, commitment, leaves)
		}

		/// Say that one's own result is another than the leader's. The task is audited in full; if the leader is convicted,
		/// the caller is rewarded as the finder, else it pays for the audit.
		///
		/// For a racer that has committed, before the first block of the validation's seed. Free if it is the first.
		#[pallet::call_index(8)]
		#[pallet::weight(T::WeightInfo::alarm())]
		#[pallet::feeless_if(|origin: &OriginFor<T>, request: &H256| -> bool {
			ensure_signed(origin.clone()).is_ok_and(|who| Pallet::<T>::would(|| Pallet::<T>::do_alarm(who, *request)))
		})]
		pub fn alarm(origin: OriginFor<T>, request: H256) -> DispatchResult {
			Self::do_alarm(ensure_signed(origin)?, request)
		}

		/// Confirm a result: its provider is paid at once, for good.
		///
		/// For the client, where delivery is [`Delivery::Manual`]. Emits [`Event::Confirmed`].
		#[pallet::call_index(9)]
		#[pallet::weight(T::WeightInfo::confirm())]
		pub fn confirm(origin: OriginFor<T>, request: H256) -> DispatchResult {
			Self::do_confirm(ensure_signed(origin)?, request)
		}

		/// Show that one's own result is the leader's, and be paid one's part of the pot.
		///
		/// - `outcome`, `leader_salt`: what the leader has revealed.
		/// - `salt`: of the own commitment.
		///
		/// For a racer that committed, after the result was found right. Free if it is true. Emits [`Event::Paid`].
		#[pallet::call_index(10)]
		#[pallet::weight(T::WeightInfo::claim_share())]
		#[pallet::feeless_if(|
			origin: &OriginFor<T>, request: &H256, outcome: &Outcome, salt: &H256, leader_salt: &H256,
		| -> bool {
			let claim = |who| Pallet::<T>::do_claim_share(who, *request, *outcome, *salt, *leader_salt);
			ensure_signed(origin.clone()).is_ok_and(|who| Pallet::<T>::would(|| claim(who)))
		})]
		pub fn claim_share(
			origin: OriginFor<T>,
			request: H256,
			outcome: Outcome,
			salt: H256,
			leader_salt: H256,
		) -> DispatchResult {
			Self::do_claim_share(ensure_signed(origin)?, request, outcome, salt, leader_salt)
		}
	}
}

impl<T: Config> Pallet<T> {
	/// The account through which fees for checking pass.
	pub fn pot() -> AccountId32 {
		use sp_runtime::traits::AccountIdConversion;
		T::Pot::get().into_account_truncating()
	}

	/// Whether a call would succeed. Nothing of it stays.
	fn would(call: impl FnOnce() -> DispatchResult) -> bool {
		use frame_support::storage::{with_transaction, TransactionOutcome};
		with_transaction(|| TransactionOutcome::Rollback(call())).is_ok()
	}

	/// The network's clock.
	fn now() -> BlockNumber {
		T::Clock::current_block_number().saturated_into()
	}

	/// The number of this block, which seeds are counted in.
	fn block() -> BlockNumber {
		frame_system::Pallet::<T>::block_number().saturated_into()
	}

	fn check_config() {
		assert!(T::Prices::get().is_sound(), "the parameters of prices contradict each other");
		assert!(T::Races::get().is_sound(), "the parameters of races contradict each other");
		assert!(T::Slashing::get().is_sound(), "the parameters of slashing contradict each other");
		assert!((1..=MOST_WIDTH).contains(&T::MaxWidth::get()), "a race has lots, and not too many");
		let racers = T::MaxWidth::get().saturating_mul(T::MaxRedraws::get().saturating_add(1));
		assert!(T::MaxRacers::get() >= racers, "there must be room for the racers of all draws");
		assert!(T::MaxMembers::get() > 0 && T::MaxRaces::get() > 0 && T::MaxSettlements::get() > 0);
		assert!(T::MaxWindow::get() > 0 && T::DrawBlocks::get() > 0, "draws and races take time");
		assert!(T::AlarmBlocks::get() > T::Races::get().tie_blocks, "a leader is known before the seed begins");
	}
}
