//! Whether a result is what its provider claims.
//!
//! A market [opens](traits::Validation) a validation when a provider has committed to a result. A seed that nobody could
//! know draws leaves and auditors; they recompute, blind; whatever differs, and whatever anybody challenges, goes to a
//! jury; and the market is told, once, how it [ended](Conclusion). The rules stand in `ogpu-protocol`; this pallet keeps
//! the time, the votes and the money. `docs/validation.md` says how sure a verdict is.
//!
//! # Time
//! Phases end when the agenda comes to their deadlines, by the network's clock, which may stand still. A call is in
//! time until the deadline, whenever the agenda comes. Whatever is due can also be moved on by [anybody](Call::advance).
//!
//! # Money
//! Fees for checking lie in a pot without a key: what is left of each open task's own, and the commons, out of which
//! tasks that are drawn are paid by those that are not. Fines come out of locks, see `ogpu-staking-trustlock`.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod agenda;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod jury;
mod money;
pub mod runtime_api;
mod scores;
mod seats;
pub mod status;
mod task;
#[cfg(test)]
mod tests;
pub mod traits;
#[cfg(feature = "try-runtime")]
mod try_state;
pub mod types;
pub mod weights;

#[cfg(feature = "runtime-benchmarks")]
pub use benchmarking::BenchmarkHelper;
pub use pallet::*;
pub use traits::{Checking, Conclusion, Deadlines, Duty, Market, NoSeed, Request, Seeds, Stakes, Validation};
pub use types::*;
pub use weights::WeightInfo;

use alloc::vec::Vec;
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
	benchmark::BenchmarkParameters,
	commitment::{Audit, Finding, Outcome, Vote},
	cost::{CheckingTariff, ReferenceVerifier, Work},
	jury::Verdict,
	leaf::Reveal,
	phases::Phases,
	slashing::SlashingParameters,
	time::BlockNumber,
	token::Balance,
};
use ogpu_staking_trustlock::traits::{Collateral, DeviceId, Devices, Fault, Record, WorkId, Workers};
use polkadot_sdk::*;
use sp_core::H256;
use sp_io::hashing::blake2_256;
use sp_runtime::{
	traits::{BlockNumberProvider, Convert},
	AccountId32, BoundedVec, Perbill, SaturatedConversion,
};

pub type CreditOf<T> = Credit<AccountId32, <T as Config>::Currency>;
pub type BallotOf<T> = BallotRecord<<T as Config>::MaxRoundSeats>;
pub type BallotsOf<T> = BoundedVec<BallotOf<T>, <T as Config>::MaxRoundSeats>;
pub type TableOf<T> = TableRecord<<T as Config>::MaxHolders>;
pub type ProviderOf<T> = ProviderRecord<<T as Config>::MaxOpen>;
/// The leaves that a provider shows in one call.
pub type RevealsOf<T> = BoundedVec<(u32, Reveal), <T as Config>::MaxChecks>;

/// Under this name a seat's bond is pinned.
pub const SEAT: WorkId = H256(*b"ogpu/the-bond-of-a-verifier-seat");

#[frame_support::pallet]
#[allow(clippy::expect_used, reason = "FRAME expands to it, for names of pallets that always exist")]
pub mod pallet {
	use super::*;
	use frame_support::{pallet_prelude::*, weights::WeightMeter};
	use frame_system::pallet_prelude::*;

	#[pallet::config]
	pub trait Config: polkadot_sdk::frame_system::Config<AccountId = AccountId32> {
		type Currency: Mutate<AccountId32>
			+ Balanced<AccountId32>
			+ Inspect<AccountId32, Balance = Balance>
			+ hold::Mutate<AccountId32, Reason = Self::RuntimeHoldReason>
			+ hold::Balanced<AccountId32>;

		type RuntimeHoldReason: From<HoldReason>;

		/// What providers, clients and seats stand for.
		type TrustLock: Collateral<AccountId32, Credit = CreditOf<Self>>
			+ Record<AccountId32>
			+ Workers<AccountId32>
			+ Devices<AccountId32>;

		/// Who is told how validations end.
		type Market: Market;

		/// Whose stake gives seats.
		type Stakes: Stakes;

		/// Where duty is rewarded.
		type Duty: Duty;

		/// The network's clock. It stands still while nobody can be expected to act.
		type Clock: BlockNumberProvider<BlockNumber = BlockNumberFor<Self>>;

		/// What the author of the block before this one added to the randomness.
		type AuthorOutput: Get<Option<H256>>;

		/// The account, without a key, in which fees for checking lie.
		#[pallet::constant]
		type Pot: Get<PalletId>;

		/// It pays juries that nobody else pays, within a limit.
		type Treasury: Get<AccountId32>;

		/// How much it pays in a session at most.
		#[pallet::constant]
		type TreasuryGrant: Get<Balance>;

		/// How long each phase takes.
		type Phases: Get<Phases>;

		/// How much each failure costs.
		type Slashing: Get<SlashingParameters>;

		/// How devices are measured.
		type Benchmark: Get<BenchmarkParameters>;

		/// How fast verifiers must be.
		type Verifier: Get<ReferenceVerifier>;

		/// What a check of a leaf pays.
		type Tariff: Get<CheckingTariff>;

		/// What a seat's device must do in a block to serve a capability; `None` if there is no such capability. Nothing
		/// is asked where the work is zero.
		type Capabilities: Convert<u8, Option<Work>>;

		/// What must be locked for a seat.
		#[pallet::constant]
		type SeatBond: Get<Balance>;

		/// Operators with seats that a validation needs at least.
		#[pallet::constant]
		type MinHolders: Get<u32>;

		/// A fee may be at most this share of the stake behind the seats that it is validated by: who buys a majority of
		/// them must lose more than it gains.
		#[pallet::constant]
		type FeeOfStake: Get<Perbill>;

		/// Silent seats that suspend an operator.
		#[pallet::constant]
		type MaxStrikes: Get<u32>;

		/// How often silent auditors are replaced before a jury looks at their leaves.
		#[pallet::constant]
		type MaxRedraws: Get<u8>;

		/// Leaves of a task that are looked at.
		#[pallet::constant]
		type MaxChecks: Get<u32>;

		/// Operators with seats.
		#[pallet::constant]
		type MaxHolders: Get<u32>;

		/// Seats that a jury's round draws.
		#[pallet::constant]
		type MaxRoundSeats: Get<u32>;

		/// Validations of a provider that are open at once.
		#[pallet::constant]
		type MaxOpen: Get<u32>;

		/// Leaves of a task that are challenged.
		#[pallet::constant]
		type MaxChallenges: Get<u32>;

		/// Blocks for which authors' outputs are kept.
		#[pallet::constant]
		type SeedRetention: Get<BlockNumber>;

		/// How far ahead a seed may be asked for.
		#[pallet::constant]
		type MaxSeedDelay: Get<BlockNumber>;

		/// For how long the record of a validation is kept.
		#[pallet::constant]
		type RecordBlocks: Get<BlockNumber>;

		/// The part of a block that deadlines may take.
		#[pallet::constant]
		type AgendaWeight: Get<Weight>;

		type WeightInfo: WeightInfo;

		/// Sets up what benchmarks need of other pallets.
		#[cfg(feature = "runtime-benchmarks")]
		type BenchmarkHelper: BenchmarkHelper;
	}

	#[pallet::pallet]
	pub struct Pallet<T>(_);

	/// Why this pallet holds tokens.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// They stand for a challenge.
		Challenge,
	}

	/// Validations that have not ended.
	#[pallet::storage]
	pub type Tasks<T> = StorageMap<_, Blake2_128Concat, H256, TaskRecord>;

	/// The leaves of a task that are looked at.
	#[pallet::storage]
	pub type Checks<T> = StorageDoubleMap<_, Blake2_128Concat, H256, Twox64Concat, u32, CheckRecord>;

	/// The juries of a task, by their leaves.
	#[pallet::storage]
	pub type Juries<T> = StorageDoubleMap<_, Blake2_128Concat, H256, Twox64Concat, u32, JuryRecord>;

	/// The leaves of a task that a jury still has to meet over, in their order. One jury sits at a time, so that each has
	/// one to pay it: what is pinned for a task reaches for one.
	#[pallet::storage]
	pub type Disputes<T: Config> =
		StorageMap<_, Blake2_128Concat, H256, BoundedVec<u32, <T as Config>::MaxChecks>, ValueQuery>;

	/// What the jurors of each leaf and round say.
	#[pallet::storage]
	pub type Ballots<T: Config> =
		StorageDoubleMap<_, Blake2_128Concat, H256, Twox64Concat, (u32, u32), BallotsOf<T>, ValueQuery>;

	/// How validations ended.
	#[pallet::storage]
	pub type Records<T> = StorageMap<_, Blake2_128Concat, H256, ValidationRecord>;

	/// The open validations of each provider.
	#[pallet::storage]
	pub type Providers<T: Config> = StorageMap<_, Blake2_128Concat, AccountId32, ProviderOf<T>, ValueQuery>;

	/// Validators that serve seats, and with which capabilities.
	#[pallet::storage]
	pub type Offers<T> = StorageMap<_, Blake2_128Concat, AccountId32, u32>;

	/// Validators that serve no more seats, and the last table in which they may have some. Their bonds are pinned.
	#[pallet::storage]
	pub type Leaving<T> = StorageMap<_, Blake2_128Concat, AccountId32, TableId>;

	/// The seats of this session and of earlier ones that are still drawn from.
	#[pallet::storage]
	pub type Tables<T: Config> = StorageMap<_, Twox64Concat, TableId, TableOf<T>>;

	/// The table of this session.
	#[pallet::storage]
	pub type CurrentTable<T> = StorageValue<_, TableId, ValueQuery>;

	/// No table before this one is drawn from any more.
	#[pallet::storage]
	pub type OldestTable<T> = StorageValue<_, TableId, ValueQuery>;

	/// How operators did their duty in this session.
	#[pallet::storage]
	pub type Duties<T> = StorageMap<_, Blake2_128Concat, AccountId32, DutyRecord, ValueQuery>;

	/// How often an operator's seats were silent since it was suspended last.
	#[pallet::storage]
	pub type Strikes<T> = StorageMap<_, Blake2_128Concat, AccountId32, u32, ValueQuery>;

	/// What authors added to the randomness, by the number of their block.
	#[pallet::storage]
	pub type AuthorOutputs<T> = StorageMap<_, Twox64Concat, BlockNumber, H256>;

	/// The benchmark of this session, until it is over.
	#[pallet::storage]
	pub type Window<T> = StorageValue<_, WindowRecord>;

	/// What is due, by its last block on the network's clock.
	#[pallet::storage]
	pub type Agenda<T> = StorageDoubleMap<_, Twox64Concat, BlockNumber, Blake2_128Concat, Item, ()>;

	/// Everything that was due before this block has been done.
	#[pallet::storage]
	pub type AgendaAt<T> = StorageValue<_, BlockNumber, ValueQuery>;

	/// What in the pot belongs to no open task.
	#[pallet::storage]
	pub type Commons<T> = StorageValue<_, Balance, ValueQuery>;

	/// What the treasury has paid to juries in this session.
	#[pallet::storage]
	pub type Granted<T> = StorageValue<_, Balance, ValueQuery>;

	#[pallet::genesis_config]
	#[derive(frame_support::DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		/// Validators that serve seats from the beginning, with all capabilities that ask for nothing. Their bonds must
		/// be locked.
		pub verifiers: Vec<AccountId32>,
		#[serde(skip)]
		pub _config: core::marker::PhantomData<T>,
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			let alive = T::Currency::minimum_balance();
			assert!(T::Currency::mint_into(&Pallet::<T>::pot(), alive).is_ok(), "the pot must be able to receive");
			for verifier in &self.verifiers {
				assert!(
					Pallet::<T>::do_offer_seats(verifier, 1, None).is_ok(),
					"resultValidation.verifiers: the bond of a seat must be locked in stakingTrustlock"
				);
			}
			Pallet::<T>::start_session();
		}
	}

	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A validator serves seats with these capabilities from the next session on.
		SeatsOffered { operator: AccountId32, capabilities: u32 },
		/// A validator serves no seats from the next session on.
		SeatsWithdrawn { operator: AccountId32 },
		/// Nothing is drawn any more from the seats that a validator had: its bond is free.
		SeatsFreed { operator: AccountId32 },
		/// A provider has committed to a result.
		Opened { task: H256, provider: AccountId32, seed_from: BlockNumber },
		/// A provider claims that its inputs are missing or invalid: a jury meets over the first leaf.
		Claimed { task: H256, provider: AccountId32 },
		/// Another result was committed to: the task is audited in full.
		Alarmed { task: H256, finder: AccountId32 },
		/// So many leaves are audited; `Checks` says which, and by whom.
		Drawn { task: H256, leaves: u32 },
		/// Auditors were silent and replaced.
		Redrawn { task: H256, seats: u32 },
		/// So many leaves are audited by a second auditor.
		Doubled { task: H256, leaves: u32 },
		/// A phase began that lasts until the network's clock shows `due`.
		Entered { task: H256, stage: Stage, due: BlockNumber },
		/// The provider posted what drawn leaves begin from.
		OpeningsPosted { task: H256, leaves: u32 },
		/// The provider's result is known.
		Revealed { task: H256, outcome: Outcome },
		/// Leaves were shown.
		LeavesRevealed { task: H256, leaves: u32 },
		/// The provider posted an opening that is not what the leaf before handed on.
		Contradicted { task: H256, leaf: u32 },
		/// A leaf is challenged.
		Challenged { task: H256, leaf: u32, challenger: AccountId32, bond: Balance },
		/// A jury meets over a leaf.
		JuryCalled { task: H256, leaf: u32 },
		/// The task ended before juries could meet over so many more leaves.
		DisputesDropped { task: H256, leaves: u32 },
		/// Jurors were drawn for a round; `Ballots` says who.
		JurorsDrawn { task: H256, leaf: u32, round: u32, seats: u32 },
		/// Jurors may reveal until the network's clock shows `due`.
		VotesCommitted { task: H256, leaf: u32, round: u32, due: BlockNumber },
		/// A jury decided, or (`None`) could not.
		JuryClosed { task: H256, leaf: u32, verdict: Option<Verdict>, rounds: u32 },
		/// A seat was fined.
		Fined { operator: AccountId32, task: H256, fault: Fault, amount: Balance },
		/// An operator was paid for checking.
		Paid { operator: AccountId32, task: H256, amount: Balance },
		/// A validation ended.
		Concluded { task: H256, conclusion: Conclusion },
		/// Devices with numbers below `devices` may commit to what they computed from this seed, until the network's clock
		/// shows `due`.
		BenchmarkOpened { seed: H256, devices: DeviceId, due: BlockNumber },
		/// The seats of a session.
		SeatsAllotted { table: TableId, holders: u32 },
	}

	#[pallet::error]
	#[derive(PartialEq, Eq)]
	pub enum Error<T> {
		/// No validation of this task is open.
		NoSuchTask,
		/// A validation of this task was opened before.
		AlreadyOpened,
		/// A task has at least one leaf.
		NoLeaves,
		/// More leaves of the task would be drawn than may be: cut it into fewer, or choose another class.
		TooManyLeaves,
		/// The class makes no sense, or its juries are too large.
		NonsensicalClass,
		/// A fee, or the fee for a check, is zero; or a leaf takes no time, or more than there is.
		NothingAtStake,
		/// The seed would be known already, or too far ahead.
		WrongSeedHeight,
		/// Too few operators serve the capability.
		TooFewSeats,
		/// The fee is too high for the stake of the seats that would validate it.
		FeeTooHigh,
		/// Checking costs more on average than is paid for it.
		CheckingTooLow,
		/// The provider has too many open validations: wait until some have ended.
		TooManyOpen,
		/// The call belongs to another phase; `Tasks` says in which the task is.
		WrongPhase,
		/// The deadline of the phase has passed.
		TooLate,
		/// The deadline of the phase has not passed.
		TooEarly,
		/// The caller works neither for the provider nor for whoever else may do this.
		NotYours,
		/// The caller's operator was not drawn for this leaf.
		NotDrawn,
		/// It was said before, and cannot be said again.
		AlreadySaid,
		/// Nothing was committed to, so nothing can be revealed.
		NothingCommitted,
		/// What is revealed is not what was committed to: check value, salt and account.
		WrongOpening,
		/// The leaf is not looked at.
		NoSuchLeaf,
		/// The proofs do not lead to the result's root.
		WrongProof,
		/// The result must be revealed first.
		NotRevealed,
		/// The leaf was judged before, or is challenged already.
		AlreadyJudged,
		/// So many leaves are challenged that no more can be.
		TooManyChallenges,
		/// A leaf is challenged, so the window stays open.
		Challenged,
		/// No jury sits on this leaf.
		NoSuchJury,
		/// There is no such capability.
		NoSuchCapability,
		/// The device is not the caller's, or was not measured as fast enough.
		DeviceTooSlow,
		/// The caller offers no seats.
		NoSeats,
		/// Open validations still draw from the caller's seats: call again when they have ended.
		StillSeated,
		/// Nothing is due.
		NothingDue,
		/// No window for benchmarks is open, or the device was registered after it had been drawn: wait for the next
		/// session's.
		NoBenchmark,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn on_initialize(_: BlockNumberFor<T>) -> Weight {
			Self::keep_output();
			T::WeightInfo::keep_output()
		}

		fn on_poll(_: BlockNumberFor<T>, weight: &mut WeightMeter) {
			Self::do_agenda(weight);
		}

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
		/// Serve verification seats with these capabilities, a bit for each, from the next session on.
		///
		/// For operators that validate blocks; their stake gives the seats. [`Config::SeatBond`] of their trust lock is
		/// pinned: fines come out of it. Capabilities that ask for speed need a `device` of the operator that was
		/// measured. Calling again changes the capabilities. Emits [`Event::SeatsOffered`].
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::offer_seats())]
		pub fn offer_seats(origin: OriginFor<T>, capabilities: u32, device: Option<DeviceId>) -> DispatchResult {
			let operator = ensure_signed(origin)?;
			Self::do_offer_seats(&operator, capabilities, device)
		}

		/// Serve no seats from the next session on, and, called once more, free their bond.
		///
		/// Work for which the seats are drawn remains to be done, and so the bond stays pinned until all validations have
		/// ended that may draw them. Emits [`Event::SeatsWithdrawn`], and then [`Event::SeatsFreed`].
		#[pallet::call_index(1)]
		#[pallet::weight(T::WeightInfo::withdraw_seats())]
		pub fn withdraw_seats(origin: OriginFor<T>) -> DispatchResult {
			let operator = ensure_signed(origin)?;
			Self::do_withdraw_seats(operator)
		}

		/// Add the client's secret to the seed of its task, after the provider has committed and before the first block
		/// of the seed. The seed then takes 4 blocks instead of 16.
		#[pallet::call_index(2)]
		#[pallet::weight(T::WeightInfo::reveal_secret())]
		pub fn reveal_secret(origin: OriginFor<T>, task: H256, secret: H256) -> DispatchResult {
			let client = T::TrustLock::operator(ensure_signed(origin)?);
			Self::do_reveal_secret(client, task, secret)
		}

		/// Post the hashes of what drawn leaves begin from, and serve the bytes. For the provider; all at once or in
		/// parts. What is not posted by the deadline convicts.
		///
		/// Emits [`Event::OpeningsPosted`].
		#[pallet::call_index(3)]
		#[pallet::weight(T::WeightInfo::post_openings(openings.len() as u32))]
		pub fn post_openings(
			origin: OriginFor<T>,
			task: H256,
			openings: BoundedVec<(u32, H256), T::MaxChecks>,
		) -> DispatchResult {
			let provider = T::TrustLock::operator(ensure_signed(origin)?);
			Self::do_post_openings(provider, task, openings)
		}

		/// Commit to what recomputing a leaf gave, in round 0 of the leaf. For its auditor.
		#[pallet::call_index(4)]
		#[pallet::weight(T::WeightInfo::commit_audit())]
		pub fn commit_audit(origin: OriginFor<T>, task: H256, leaf: u32, commitment: H256) -> DispatchResult {
			let operator = T::TrustLock::operator(ensure_signed(origin)?);
			Self::do_commit_audit(operator, task, leaf, commitment)
		}

		/// Reveal the result. Anybody who knows it may; by the deadline, or its provider is convicted.
		///
		/// Emits [`Event::Revealed`].
		#[pallet::call_index(5)]
		#[pallet::weight(T::WeightInfo::reveal())]
		pub fn reveal(origin: OriginFor<T>, task: H256, outcome: Outcome, salt: H256) -> DispatchResult {
			ensure_signed(origin)?;
			Self::do_reveal(task, outcome, salt)
		}

		/// Show drawn or challenged leaves with their proofs. Anybody may, since proofs prove themselves; what is not
		/// shown by the deadline convicts the provider, and so does an opening that is not what it posted.
		///
		/// Emits [`Event::LeavesRevealed`].
		#[pallet::call_index(6)]
		#[pallet::weight(T::WeightInfo::reveal_leaves(reveals.len() as u32))]
		pub fn reveal_leaves(origin: OriginFor<T>, task: H256, reveals: RevealsOf<T>) -> DispatchResult {
			ensure_signed(origin)?;
			Self::do_reveal_leaves(task, reveals)
		}

		/// Reveal what an audit found. For the auditor that committed to it.
		#[pallet::call_index(7)]
		#[pallet::weight(T::WeightInfo::reveal_audit())]
		pub fn reveal_audit(
			origin: OriginFor<T>,
			task: H256,
			leaf: u32,
			finding: Finding<Audit>,
			salt: H256,
		) -> DispatchResult {
			let operator = T::TrustLock::operator(ensure_signed(origin)?);
			Self::do_reveal_audit(operator, task, leaf, finding, salt)
		}

		/// Challenge a leaf of a revealed result: a jury will meet over it when the window has ended.
		///
		/// For anybody but the provider. A bond is held, twice the bill of a jury's first round, and twice as much again for
		/// each leaf of the task that is challenged already. Challenges are judged in the order in which they came, until one
		/// is right. Its bond returns, and whoever challenged a leaf that was not drawn is paid as the finder; bonds of those
		/// that come after it return as well. If a leaf is right, the bond pays the jury and the provider. Emits
		/// [`Event::Challenged`].
		#[pallet::call_index(8)]
		#[pallet::weight(T::WeightInfo::challenge())]
		pub fn challenge(origin: OriginFor<T>, task: H256, leaf: u32) -> DispatchResult {
			let challenger = ensure_signed(origin)?;
			Self::do_challenge(challenger, task, leaf)
		}

		/// Commit to a vote on a disputed leaf. For jurors of the round.
		#[pallet::call_index(9)]
		#[pallet::weight(T::WeightInfo::commit_vote())]
		pub fn commit_vote(origin: OriginFor<T>, task: H256, leaf: u32, commitment: H256) -> DispatchResult {
			let operator = T::TrustLock::operator(ensure_signed(origin)?);
			Self::do_commit_vote(operator, task, leaf, commitment)
		}

		/// Reveal a vote. For jurors of the round that committed to it.
		#[pallet::call_index(10)]
		#[pallet::weight(T::WeightInfo::reveal_vote())]
		pub fn reveal_vote(
			origin: OriginFor<T>,
			task: H256,
			leaf: u32,
			finding: Finding<Vote>,
			salt: H256,
		) -> DispatchResult {
			let operator = T::TrustLock::operator(ensure_signed(origin)?);
			Self::do_reveal_vote(operator, task, leaf, finding, salt)
		}

		/// Waive the rest of the window for challenges. For the client, unless a leaf is challenged already.
		#[pallet::call_index(11)]
		#[pallet::weight(T::WeightInfo::accept())]
		pub fn accept(origin: OriginFor<T>, task: H256) -> DispatchResult {
			let client = T::TrustLock::operator(ensure_signed(origin)?);
			Self::do_accept(client, task)
		}

		/// Do what is due of a task, of a jury or of a market before the agenda comes to it. For anybody.
		#[pallet::call_index(12)]
		#[pallet::weight(Pallet::<T>::most_weight())]
		pub fn advance(origin: OriginFor<T>, item: Item) -> DispatchResultWithPostInfo {
			ensure_signed(origin)?;
			Ok(Some(Self::do_advance(item)?).into())
		}

		/// Commit to what a device has computed of this session's benchmark, while its window is open: so many leaves of a
		/// chain that begins from the [task's name](ogpu_protocol::benchmark::task). Once in each window.
		///
		/// For operators and their workers. Part of the operator's lock is pinned, and it pays for checking. The result is
		/// validated like any other; if it is accepted, the device has a score. Emits [`Event::Opened`].
		#[pallet::call_index(13)]
		#[pallet::weight(T::WeightInfo::commit_benchmark())]
		pub fn commit_benchmark(
			origin: OriginFor<T>,
			device: DeviceId,
			leaves: u32,
			commitment: H256,
		) -> DispatchResult {
			let operator = T::TrustLock::operator(ensure_signed(origin)?);
			Self::do_commit_benchmark(operator, device, leaves, commitment)
		}
	}
}

impl<T: Config> Pallet<T> {
	/// The account in which fees for checking lie.
	pub fn pot() -> AccountId32 {
		use sp_runtime::traits::AccountIdConversion;
		T::Pot::get().into_account_truncating()
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
		assert!(Self::most_weight().all_lte(T::AgendaWeight::get()), "AgendaWeight must allow the dearest step");
		assert!(T::Slashing::get().is_sound(), "the parameters of slashing contradict each other");
		assert!(
			T::Benchmark::get().is_sound(&T::Verifier::get()),
			"the parameters of benchmarks contradict each other"
		);
		assert!(T::MinHolders::get() > 0 && T::MinHolders::get() <= T::MaxHolders::get());
		assert!(T::MaxChecks::get() > 0 && T::MaxOpen::get() > 0 && T::MaxRoundSeats::get() > 0);
		assert!(T::MaxChallenges::get() <= T::MaxChecks::get(), "challenged leaves must be few enough to be judged");
		assert!(T::SeedRetention::get() > ogpu_protocol::commitment::SEED_BLOCKS);
	}
}

/// Ballots of a jury, over all its rounds, at most: seats until the cap, and as many that were silent.
pub const MAX_JURY_BALLOTS: u32 = 414;
