//! BABE authors, GRANDPA finalises, sessions change the keys, offences punish.

use super::deposit;
use crate::{
	AccountId, Babe, Balance, Balances, Historical, Liveness, Offences, Runtime, RuntimeEvent, Session, SessionKeys,
	Staking,
};
use frame_support::{parameter_types, traits::ConstU64};
use ogpu_protocol::time::BLOCK_MILLIS;
use polkadot_sdk::*;
use sp_runtime::traits::{Get, OpaqueKeys};

/// Only validators that are elected have authority keys: see [`super::staking::MaxValidators`].
type MaxAuthorities = super::staking::MaxValidators;

/// Slots that know no primary author are filled by a secondary one with a VRF output of its own, so that every block
/// adds to the randomness.
pub const BABE_GENESIS_EPOCH_CONFIG: sp_consensus_babe::BabeEpochConfiguration =
	sp_consensus_babe::BabeEpochConfiguration {
		c: (1, 4),
		allowed_slots: sp_consensus_babe::AllowedSlots::PrimaryAndSecondaryVRFSlots,
	};

pub struct EpochDuration;
impl Get<u64> for EpochDuration {
	fn get() -> u64 {
		crate::timing::EpochBlocks::<Runtime>::get().into()
	}
}

/// An equivocation can be reported for as long as the stake behind it can be slashed.
pub struct ReportLongevity;
impl Get<u64> for ReportLongevity {
	fn get() -> u64 {
		BondedSessions::get().saturating_mul(EpochDuration::get())
	}
}

pub struct BondedSessions;
impl Get<u64> for BondedSessions {
	fn get() -> u64 {
		let sessions: u64 = super::staking::SessionsPerEra::get().into();
		sessions.saturating_mul(super::staking::BondingDuration::get().into())
	}
}

impl pallet_babe::Config for Runtime {
	type DisabledValidators = Session;
	type EpochChangeTrigger = pallet_babe::ExternalTrigger;
	type EpochDuration = EpochDuration;
	type EquivocationReportSystem = pallet_babe::EquivocationReportSystem<Self, Offences, Historical, ReportLongevity>;
	type ExpectedBlockTime = ConstU64<BLOCK_MILLIS>;
	type KeyOwnerProof = sp_session::MembershipProof;
	type MaxAuthorities = MaxAuthorities;
	type MaxNominators = super::staking::MaxElectingVoters;
	type WeightInfo = ();
}

impl pallet_grandpa::Config for Runtime {
	type EquivocationReportSystem =
		pallet_grandpa::EquivocationReportSystem<Self, Offences, Historical, ReportLongevity>;
	type KeyOwnerProof = sp_session::MembershipProof;
	type MaxAuthorities = MaxAuthorities;
	type MaxNominators = super::staking::MaxElectingVoters;
	type MaxSetIdSessionEntries = BondedSessions;
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = ();
}

impl pallet_authorship::Config for Runtime {
	type EventHandler = (Staking, Liveness);
	type FindAuthor = pallet_session::FindAccountFromAuthorIndex<Self, Babe>;
}

parameter_types! {
	pub const KeyDeposit: Balance = deposit(4, 3 * 64);
}

impl pallet_session::Config for Runtime {
	type Currency = Balances;
	type DisablingStrategy = pallet_session::disabling::UpToLimitWithReEnablingDisablingStrategy;
	type KeyDeposit = KeyDeposit;
	type Keys = SessionKeys;
	type NextSessionRotation = Babe;
	type RuntimeEvent = RuntimeEvent;
	type SessionHandler = <SessionKeys as OpaqueKeys>::KeyTypeIdProviders;
	type SessionManager = super::validation::Seats<
		super::token::ExpireRewards<pallet_session::historical::NoteHistoricalRoot<Self, Staking>>,
	>;
	type ShouldEndSession = Babe;
	type ValidatorId = AccountId;
	type ValidatorIdOf = sp_runtime::traits::ConvertInto;
	type WeightInfo = pallet_session::weights::SubstrateWeight<Runtime>;
}

impl pallet_session::historical::Config for Runtime {
	type FullIdentification = ();
	type FullIdentificationOf = pallet_staking::UnitIdentificationOf<Self>;
	type RuntimeEvent = RuntimeEvent;
}

impl crate::liveness::Config for Runtime {
	type MaxValidators = super::staking::MaxValidators;
	type Report = Offences;
}

impl pallet_offences::Config for Runtime {
	type IdentificationTuple = pallet_session::historical::IdentificationTuple<Self>;
	type OnOffenceHandler = Staking;
	type RuntimeEvent = RuntimeEvent;
}

impl pallet_authority_discovery::Config for Runtime {
	type MaxAuthorities = MaxAuthorities;
}
