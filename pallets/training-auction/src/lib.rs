//! Selling training and rendering: sealed bids, the second price, milestones, and whoever takes over.
//!
//! A client [creates](Call::create) a job: what is to be done, the most that it pays, how long it waits, and how sure it
//! wants to be. Providers [seal](Call::commit_bid) bids and [reveal](Call::reveal_bid) them. The best one wins and is paid
//! what the second best would have allowed it to ask. The winner commits to one part of the work after another; each is
//! a validation of its own, after which its share of the fee is released. `docs/economics.md` tells the rules, which
//! stand in `ogpu-protocol`; this pallet keeps time, bids and money.
//!
//! # The way of a job
//! ```text
//! Bidding → Drawing → Revealing → Counting → Offered → Working ⇄ Claimed
//!    ↑                                          ↑  ╰───────┴──→ Ending → closed
//!    ╰──────────── reopened ────────────────────┴─ handed over ───╯
//! ```
//! | stage | until | what then |
//! |---|---|---|
//! | [`Stage::Bidding`] | what the client said | without bids the job is closed |
//! | [`Stage::Drawing`] | the seed is known | |
//! | [`Stage::Revealing`] | [`Config::RevealBlocks`] | what is still sealed is fined, in as many steps as it takes |
//! | [`Stage::Counting`] | at once | the work is awarded |
//! | [`Stage::Offered`] | [`Config::StartBlocks`] | a winner that does not start has left; whoever stood by may say no |
//! | [`Stage::Working`] | the client's deadline | the provider has left |
//! | [`Stage::Claimed`] | the claim is judged | the provider works on, or the job ends |
//! | [`Stage::Ending`] | all that was committed is judged | the job is settled, handed over, sold anew, or given up |
//!
//! So each job has one deadline in the chain's agenda, or waits for validations, each of which has one. Nothing waits for
//! anybody: after a deadline `advance` of `ogpu-result-validation` lets anyone move a job on.
//!
//! # Parts
//! The client says of how many leaves the job consists and after how many of them a milestone lies. What lies between two
//! of them is a *part*. A part begins from what the last leaf of the one before handed on, as soon as that leaf was shown;
//! it is *verified* when its validation is accepted. Whoever takes over begins after the last part that is verified, and
//! a run that ends early waits until that is known of all its parts.
//!
//! # Money
//! The client's budget, and what checking all parts costs, are held. What a part's validation costs, and the provider's
//! pay, leave that sum; the rest returns when the job is closed. *What is held of an account for jobs = what its jobs say*,
//! checked by `try_state`; so are the deposits for sealed bids. Fines come out of locks, see `ogpu-staking-trustlock`.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod bidding;
mod job;
mod market;
mod money;
pub mod quote;
pub mod runtime_api;
#[cfg(test)]
mod tests;
#[cfg(feature = "try-runtime")]
mod try_state;
pub mod types;
pub mod weights;
mod work;

pub use bidding::COUNTED;
pub use pallet::*;
pub use types::*;
pub use weights::WeightInfo;

use alloc::vec::Vec;
use frame_support::{
	dispatch::DispatchResult,
	ensure,
	traits::{
		fungible::{hold, Balanced, Credit, Inspect, Mutate},
		Get,
	},
	weights::Weight,
};
use ogpu_protocol::{
	auction::{AuctionParameters, Bid, Score, Sold, Terms, MOST_SALES},
	commitment::Domain,
	cost::{CheckingTariff, ReferenceVerifier},
	phases::{is_in_time, Sale},
	slashing::SlashingParameters,
	time::BlockNumber,
	token::Balance,
};
use ogpu_result_validation::{Conclusion, Deadlines, Market, NoSeed, Request, Seeds, Validation};
use ogpu_staking_trustlock::traits::{Collateral, DeviceId, DeviceInfo, Devices, Fault, Pin, Record, WorkId, Workers};
use polkadot_sdk::*;
use sp_core::H256;
use sp_io::hashing::blake2_256;
use sp_runtime::{
	traits::{BlockNumberProvider, SaturatedConversion},
	AccountId32, BoundedVec,
};

pub type CreditOf<T> = Credit<AccountId32, <T as Config>::Currency>;
pub type JobOf<T> = JobRecord<<T as Config>::MaxParts>;
pub type RunOf<T> = Run<<T as Config>::MaxParts>;

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

		/// What clients and providers stand for.
		type TrustLock: Collateral<AccountId32, Credit = CreditOf<Self>>
			+ Record<AccountId32>
			+ Workers<AccountId32>
			+ Devices<AccountId32>;

		/// Who validates results, and keeps deadlines and seeds.
		type Validation: Validation + Deadlines + Seeds;

		/// The network's clock. It stands still while nobody can be expected to act.
		type Clock: BlockNumberProvider<BlockNumber = BlockNumberFor<Self>>;

		/// It is paid what bids that are not revealed cost.
		type Treasury: Get<AccountId32>;

		/// How auctions are scored.
		type Auction: Get<AuctionParameters>;

		/// How much each failure costs.
		type Slashing: Get<SlashingParameters>;

		/// Against whose speed the time of a leaf is measured.
		type Verifier: Get<ReferenceVerifier>;

		/// What one check of a leaf pays.
		type Tariff: Get<CheckingTariff>;

		/// Bids are taken for so long at least.
		#[pallet::constant]
		type MinBiddingBlocks: Get<BlockNumber>;

		/// Bids are taken for so long at most.
		#[pallet::constant]
		type MaxBiddingBlocks: Get<BlockNumber>;

		/// For how long bids are revealed.
		#[pallet::constant]
		type RevealBlocks: Get<BlockNumber>;

		/// For how long the work is offered to somebody.
		#[pallet::constant]
		type StartBlocks: Get<BlockNumber>;

		/// The longest that a client may wait for a result.
		#[pallet::constant]
		type MaxJobBlocks: Get<BlockNumber>;

		/// Seeds of results begin at blocks whose numbers are multiples of this.
		#[pallet::constant]
		type SeedStride: Get<BlockNumber>;

		/// The parts of a job: milestones and the result.
		#[pallet::constant]
		type MaxParts: Get<u32>;

		/// How often a job is sold anew at most.
		#[pallet::constant]
		type MaxReopens: Get<u8>;

		/// What a client deposits for the record of a job.
		#[pallet::constant]
		type JobDeposit: Get<Balance>;

		/// What a bidder deposits for the record of a sealed bid.
		#[pallet::constant]
		type BidDeposit: Get<Balance>;

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
		/// They pay for a job, its checking, and the record of it.
		Job,
		/// They are deposited for a sealed bid, and come back when it is revealed.
		Bid,
	}

	/// Jobs that have not ended.
	#[pallet::storage]
	pub type Jobs<T: Config> = StorageMap<_, Blake2_128Concat, H256, JobOf<T>>;

	/// The number of the job that is created next. Numbers are never used twice.
	#[pallet::storage]
	pub type NextJob<T> = StorageValue<_, u64, ValueQuery>;

	/// Bids that are sealed.
	#[pallet::storage]
	pub type Bids<T> = StorageDoubleMap<_, Blake2_128Concat, H256, Blake2_128Concat, AccountId32, SealedBid>;

	/// The jobs of open validations.
	#[pallet::storage]
	pub type Tasks<T> = StorageMap<_, Blake2_128Concat, H256, TaskRecord>;

	/// What was sold lately, from which the usual price follows.
	#[pallet::storage]
	pub type Sales<T> =
		StorageMap<_, Twox64Concat, Kind, BoundedVec<Sold, ConstU32<{ MOST_SALES as u32 }>>, ValueQuery>;

	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A client wants a job done, and pays up to `ceiling`. A bid pins `bond`.
		Created { job: H256, client: AccountId32, kind: Kind, ceiling: Balance, bond: Balance },
		/// A stage began that lasts until the network's clock shows `due`, or until validations have ended.
		Entered { job: H256, stage: Stage, due: BlockNumber },
		/// A client pays so much more. `ceiling` is that of the current auction, which does not change once somebody has
		/// bid.
		ToppedUp { job: H256, amount: Balance, ceiling: Balance },
		/// A client waits so much longer, until `deadline` if the work is given out.
		Extended { job: H256, blocks: BlockNumber, deadline: Option<BlockNumber> },
		/// A client wants no more of a job. What was committed to by then is still validated and paid.
		Cancelled { job: H256 },
		/// A provider sealed a bid. Its reputation counts as it was then.
		BidSealed { job: H256, bidder: AccountId32, reputation_billionths: u32 },
		/// A bid was revealed. The lower the score the better; none is admitted beyond ceiling or deadline.
		BidRevealed { job: H256, bidder: AccountId32, price: Balance, eta_blocks: BlockNumber, score: Option<Score> },
		/// Two others bid better, or the bid was not admitted. Its bond is free.
		Outbid { job: H256, bidder: AccountId32 },
		/// A bid was not revealed.
		BidForfeited { job: H256, bidder: AccountId32, taken: Balance },
		/// The work, from a part on, is offered to the winner, or to whoever stood by. It has to start.
		Offered { job: H256, provider: AccountId32, fee: Balance, part: u32, is_substitute: bool },
		/// A provider works. The client waits until the network's clock shows `deadline`.
		Started { job: H256, provider: AccountId32, deadline: BlockNumber },
		/// A provider committed to a part, which is validated as `task`.
		PartCommitted { job: H256, part: u32, task: H256 },
		/// A provider claims that inputs are missing or invalid. If so, the client's lock pays `fee`.
		InputsClaimed { job: H256, provider: AccountId32, task: H256, fee: Balance },
		/// So many parts of a job are verified, and what was due for them was paid.
		PartsPaid { job: H256, provider: AccountId32, parts: u32, paid: Balance },
		/// A provider did not begin, left, or let the deadline pass. The client got `taken` of its lock.
		Abandoned { job: H256, provider: AccountId32, taken: Balance },
		/// The rest of a job, from a part on, is sold anew.
		Reopened { job: H256, part: u32, ceiling: Balance },
		/// A job is done. `fee` is what came of the fee at the time that it took.
		Settled { job: H256, provider: AccountId32, fee: Balance, is_late: bool },
		/// A job ended, and `refunded` of what was held for it returned to its client, beside the deposit.
		Closed { job: H256, end: End, refunded: Balance },
	}

	#[pallet::error]
	#[derive(PartialEq, Eq)]
	pub enum Error<T> {
		/// There is no such job, or it has ended.
		NoSuchJob,
		/// The call belongs to another stage; `Jobs` says in which the job is.
		WrongStage,
		/// The deadline of the stage has passed.
		TooLate,
		/// The job is not the caller's, or the work was not given to it.
		NotYours,
		/// An amount, or a time, of nothing. Give one above zero.
		ZeroAmount,
		/// A job has at least one leaf.
		NoLeaves,
		/// A leaf without work, or one that is less work to check than to make.
		ImplausibleLeaf,
		/// A part has at least one leaf, and no more than there are.
		WrongPartLength,
		/// The job has too many milestones. Let them lie further apart.
		TooManyParts,
		/// Bids would be taken for too short or too long.
		WrongBiddingTime,
		/// The client would wait too long.
		TooLong,
		/// The job would be sold anew too often.
		TooManyReopens,
		/// There is nothing to pay or no time, or speed counts for too much.
		NonsensicalTerms,
		/// A leaf takes verifiers too long. Cut the job into smaller ones.
		LeafTooLong,
		/// No bond makes up for audits that are so unlikely to find anything. Choose another class.
		NoBondSuffices,
		/// Clients do not bid for their own jobs.
		OwnJob,
		/// The operator is suspended.
		Suspended,
		/// The operator has bid. There is one bid of each.
		AlreadyBid,
		/// The operator has no sealed bid.
		NoBid,
		/// What is revealed is not what was sealed: check price, time, key, salt and account.
		WrongOpening,
		/// There is no such device of this operator, or another key works for it.
		NotYourDevice,
		/// The job asks for another kind of device.
		WrongDeviceKind,
		/// The job asks for more memory.
		TooLittleMemory,
		/// The device was not measured to be as fast as the job asks.
		DeviceTooSlow,
		/// The device is offline. Send a heartbeat first.
		DeviceOffline,
		/// Somebody has bid on the terms as they are.
		BidsSealed,
		/// Milestones come before the result.
		MilestonesMissing,
		/// What is left is the result.
		NoMilestoneLeft,
		/// What the part before handed on is not known yet. Wait until its last leaf is shown.
		NotShown,
		/// The provider has made its claim.
		AlreadyClaimed,
		/// The fee for checking could not be paid out of what is held.
		CheckingNotPaid,
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
		/// Have a job done by whoever bids best.
		///
		/// - `spec`: what is to be done, how surely, until when, and by what kind of device.
		/// - `ceiling`: the most that is paid for the work. It is your protection where few bid.
		///
		/// For any account with a lock. Holds the ceiling, what checking costs and a deposit; what is not used returns.
		/// Pins of the lock what missing inputs would cost. Emits [`Event::Created`] with the job's name. Refused, for the
		/// fee of the call, if the job makes no sense, if a leaf would take verifiers too long, if too few of them or too
		/// little stake would check it, or if the sender has not enough.
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::create())]
		pub fn create(origin: OriginFor<T>, spec: Spec, ceiling: Balance) -> DispatchResult {
			Self::do_create(ensure_signed(origin)?, spec, ceiling)
		}

		/// Add `amount` to the budget of a job, before its result is committed.
		///
		/// As long as nobody has bid, it raises the ceiling. Later it is there for whoever takes over the work, or bids
		/// when the rest is sold anew; nobody is paid more than was agreed. For the client. Emits [`Event::ToppedUp`].
		#[pallet::call_index(1)]
		#[pallet::weight(T::WeightInfo::top_up())]
		pub fn top_up(origin: OriginFor<T>, job: H256, amount: Balance) -> DispatchResult {
			Self::do_top_up(ensure_signed(origin)?, job, amount)
		}

		/// Wait so many blocks longer.
		///
		/// For the client, as long as nobody has bid, or once the work is given out. It does not change what the provider
		/// promised: a result that comes later than that is paid less. Emits [`Event::Extended`].
		#[pallet::call_index(2)]
		#[pallet::weight(T::WeightInfo::extend())]
		pub fn extend(origin: OriginFor<T>, job: H256, blocks: BlockNumber) -> DispatchResult {
			Self::do_extend(ensure_signed(origin)?, job, blocks)
		}

		/// Want no more of a job, before its result is committed.
		///
		/// For the client. If nobody works on it yet, everybody gets back what it gave. Else what was verified is paid,
		/// and so is what the provider has committed to by now, once it is verified; the rest returns then. Emits
		/// [`Event::Cancelled`].
		#[pallet::call_index(3)]
		#[pallet::weight(T::WeightInfo::cancel())]
		pub fn cancel(origin: OriginFor<T>, job: H256) -> DispatchResult {
			Self::do_cancel(ensure_signed(origin)?, job)
		}

		/// Bid for a job, under seal.
		///
		/// - `commitment`: to price, time and the key of the device, under the job's name, its round and the operator's
		///   account; see `ogpu_protocol::commitment`.
		///
		/// For operators and their workers, but not the client's. Pins the job's bond until another bid is better or the
		/// job has ended, and holds a deposit until the bid is revealed. A bid that is not revealed costs a tenth of the
		/// ceiling. Emits [`Event::BidSealed`].
		#[pallet::call_index(4)]
		#[pallet::weight(T::WeightInfo::commit_bid())]
		pub fn commit_bid(origin: OriginFor<T>, job: H256, commitment: H256) -> DispatchResult {
			let bidder = T::TrustLock::operator(ensure_signed(origin)?);
			Self::do_commit_bid(bidder, job, commitment)
		}

		/// Reveal a bid.
		///
		/// - `offer`, `salt`: what was sealed.
		/// - `device`: the number of the device that does the work; its key stands in the offer. It must be online and
		///   what the job asks for, or the call is refused, and so the bid remains unrevealed: do not change the device
		///   or its key after sealing.
		///
		/// For operators and their workers. Emits [`Event::BidRevealed`], and [`Event::Outbid`] for whoever has no chance
		/// any more.
		#[pallet::call_index(5)]
		#[pallet::weight(T::WeightInfo::reveal_bid())]
		pub fn reveal_bid(
			origin: OriginFor<T>,
			job: H256,
			offer: OfferRecord,
			device: DeviceId,
			salt: H256,
		) -> DispatchResult {
			let bidder = T::TrustLock::operator(ensure_signed(origin)?);
			Self::do_reveal_bid(bidder, job, offer, device, salt)
		}

		/// Begin the work that is offered.
		///
		/// For the winner, which is bound by its bid, and for whoever stood by, which may let the offer lapse. The time
		/// that was promised began with the offer. Emits [`Event::Started`].
		#[pallet::call_index(6)]
		#[pallet::weight(T::WeightInfo::start())]
		pub fn start(origin: OriginFor<T>, job: H256) -> DispatchResult {
			let provider = T::TrustLock::operator(ensure_signed(origin)?);
			Self::do_start(provider, job)
		}

		/// Commit to the next milestone.
		///
		/// - `commitment`: to the root of its leaves and the hash of its output, in round 0 of the task that the event
		///   names. It is named ahead, see [`Pallet::task_name`].
		///
		/// For the provider, once the last leaf of the milestone before was shown. Its bond is pinned, and its validation
		/// begins, which is paid out of what is held; where the provider is audited more often than the class asks, it
		/// pays the difference of its fee. Emits [`Event::PartCommitted`].
		#[pallet::call_index(7)]
		#[pallet::weight(T::WeightInfo::commit_part())]
		pub fn report_progress(origin: OriginFor<T>, job: H256, commitment: H256) -> DispatchResult {
			let provider = T::TrustLock::operator(ensure_signed(origin)?);
			Self::do_commit_part(provider, job, commitment, false)
		}

		/// Commit to the last part, and so to the result. Like [`Call::report_progress`] otherwise.
		#[pallet::call_index(8)]
		#[pallet::weight(T::WeightInfo::commit_part())]
		pub fn commit_result(origin: OriginFor<T>, job: H256, commitment: H256) -> DispatchResult {
			let provider = T::TrustLock::operator(ensure_signed(origin)?);
			Self::do_commit_part(provider, job, commitment, true)
		}

		/// Claim that inputs of the next part cannot be fetched, or make no sense. A jury looks for them.
		///
		/// For the provider, once. Nobody has left while the jury meets, but time passes. If it fails as well, the client's lock pays what the
		/// device can have done since the last commitment, and the job ends. If not, both pay half of the jury, and the
		/// provider works on. Emits [`Event::InputsClaimed`].
		#[pallet::call_index(9)]
		#[pallet::weight(T::WeightInfo::claim_inputs())]
		pub fn claim_inputs(origin: OriginFor<T>, job: H256) -> DispatchResult {
			let provider = T::TrustLock::operator(ensure_signed(origin)?);
			Self::do_claim_inputs(provider, job)
		}

		/// Leave the work, or refuse it. It costs what letting the deadline pass would: a fifth of the fee and what was
		/// retained; whoever stood by and was offered the work refuses it for free.
		///
		/// For the provider. Emits [`Event::Abandoned`].
		#[pallet::call_index(10)]
		#[pallet::weight(T::WeightInfo::abandon())]
		pub fn abandon(origin: OriginFor<T>, job: H256) -> DispatchResult {
			let provider = T::TrustLock::operator(ensure_signed(origin)?);
			Self::do_abandon(provider, job)
		}
	}
}

impl<T: Config> Pallet<T> {
	/// The network's clock.
	fn now() -> BlockNumber {
		T::Clock::current_block_number().saturated_into()
	}

	/// The number of this block, which seeds are counted in.
	fn block() -> BlockNumber {
		frame_system::Pallet::<T>::block_number().saturated_into()
	}

	fn check_config() {
		assert!(T::Auction::get().is_sound(), "the parameters of auctions contradict each other");
		assert!(T::Slashing::get().is_sound(), "the parameters of slashing contradict each other");
		assert!(T::MinBiddingBlocks::get() > 0 && T::MinBiddingBlocks::get() <= T::MaxBiddingBlocks::get());
		assert!(T::RevealBlocks::get() > 0 && T::StartBlocks::get() > 0 && T::MaxJobBlocks::get() > 0);
		assert!(T::SeedStride::get() > 0 && T::MaxParts::get() > 0);
	}
}
