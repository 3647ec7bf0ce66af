//! What accounts can do beyond holding a balance: batches, multisigs, proxies, identities, vesting.

use super::{deposit, governance::EnsureRootOr};
use crate::{Balance, Balances, OriginCaller, Runtime, RuntimeCall, RuntimeEvent, Signature, System};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
	parameter_types,
	traits::{ConstU32, InstanceFilter, WithdrawReasons},
};
use ogpu_protocol::{time::DAYS, token::OGPU};
use polkadot_sdk::*;
use sp_runtime::traits::{BlakeTwo256, ConvertInto, Verify};

impl pallet_utility::Config for Runtime {
	type PalletsOrigin = OriginCaller;
	type RuntimeCall = RuntimeCall;
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = pallet_utility::weights::SubstrateWeight<Runtime>;
}

parameter_types! {
	pub const MultisigDepositBase: Balance = deposit(1, 88);
	pub const MultisigDepositFactor: Balance = deposit(0, 32);
	pub const ProxyDepositBase: Balance = deposit(1, 8);
	pub const ProxyDepositFactor: Balance = deposit(0, 33);
	pub const AnnouncementDepositBase: Balance = deposit(1, 8);
	pub const AnnouncementDepositFactor: Balance = deposit(0, 66);
	pub const IdentityDeposit: Balance = deposit(1, 258);
	pub const IdentityByteDeposit: Balance = deposit(0, 1);
	pub const SubAccountDeposit: Balance = deposit(1, 53);
	pub const UsernameDeposit: Balance = deposit(0, 32);
	pub const MinVestedTransfer: Balance = OGPU;
	pub UnvestedWithdrawReasons: WithdrawReasons =
		WithdrawReasons::except(WithdrawReasons::TRANSFER | WithdrawReasons::RESERVE);
}

impl pallet_multisig::Config for Runtime {
	type BlockNumberProvider = System;
	type Currency = Balances;
	type DepositBase = MultisigDepositBase;
	type DepositFactor = MultisigDepositFactor;
	type MaxSignatories = ConstU32<100>;
	type RuntimeCall = RuntimeCall;
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = pallet_multisig::weights::SubstrateWeight<Runtime>;
}

/// What a proxy may do for the account that named it. All but `Any` list the calls they allow, so that a pallet that
/// comes later is not opened to them by accident.
#[derive(
	Copy,
	Clone,
	Default,
	Eq,
	PartialEq,
	Ord,
	PartialOrd,
	Encode,
	Decode,
	DecodeWithMemTracking,
	Debug,
	MaxEncodedLen,
	scale_info::TypeInfo,
)]
pub enum ProxyType {
	/// Everything.
	#[default]
	Any,
	/// Votes, delegations and referenda.
	Governance,
	/// Bonds, nominations, pools, payouts and session keys. It cannot move free balance, but it can name who receives
	/// future rewards, and wrong session keys get a stash slashed: give it to nobody but yourself.
	Staking,
	/// A validator's daily work: session keys, validate, chill. For the machine that runs the node.
	Validator,
	/// Only to reject what other proxies announced.
	CancelProxy,
}

impl InstanceFilter<RuntimeCall> for ProxyType {
	fn filter(&self, call: &RuntimeCall) -> bool {
		use pallet_staking::Call as StakingCall;
		// A batch is filtered call by call, since utility dispatches with the proxy's filtered origin.
		let batch = matches!(
			call,
			RuntimeCall::Utility(
				pallet_utility::Call::batch { .. }
					| pallet_utility::Call::batch_all { .. }
					| pallet_utility::Call::force_batch { .. }
			)
		);
		match self {
			Self::Any => true,
			Self::Governance => {
				batch
					|| matches!(
						call,
						RuntimeCall::ConvictionVoting(..)
							| RuntimeCall::Referenda(..)
							| RuntimeCall::Preimage(
								pallet_preimage::Call::note_preimage { .. }
									| pallet_preimage::Call::unnote_preimage { .. }
							)
					)
			}
			Self::Staking => {
				batch
					|| matches!(
						call,
						RuntimeCall::Staking(..)
							| RuntimeCall::NominationPools(..)
							| RuntimeCall::VoterList(..)
							| RuntimeCall::Session(..)
					)
			}
			Self::Validator => {
				batch
					|| matches!(
						call,
						RuntimeCall::Session(..)
							| RuntimeCall::Staking(
								StakingCall::validate { .. }
									| StakingCall::chill { .. } | StakingCall::payout_stakers { .. }
									| StakingCall::payout_stakers_by_page { .. }
							)
					)
			}
			Self::CancelProxy => {
				matches!(call, RuntimeCall::Proxy(pallet_proxy::Call::reject_announcement { .. }))
			}
		}
	}

	fn is_superset(&self, other: &Self) -> bool {
		match (self, other) {
			(Self::Any, _) | (Self::Staking, Self::Validator) => true,
			_ => self == other,
		}
	}
}

impl pallet_proxy::Config for Runtime {
	type AnnouncementDepositBase = AnnouncementDepositBase;
	type AnnouncementDepositFactor = AnnouncementDepositFactor;
	type BlockNumberProvider = System;
	type CallHasher = BlakeTwo256;
	type Currency = Balances;
	type MaxPending = ConstU32<32>;
	type MaxProxies = ConstU32<32>;
	type ProxyDepositBase = ProxyDepositBase;
	type ProxyDepositFactor = ProxyDepositFactor;
	type ProxyType = ProxyType;
	type RuntimeCall = RuntimeCall;
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = pallet_proxy::weights::SubstrateWeight<Runtime>;
}

impl pallet_identity::Config for Runtime {
	type BasicDeposit = IdentityDeposit;
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = ();
	type ByteDeposit = IdentityByteDeposit;
	type Currency = Balances;
	type ForceOrigin = EnsureRootOr<super::governance::ParametersAdmin>;
	type IdentityInformation = pallet_identity::legacy::IdentityInfo<ConstU32<10>>;
	type MaxRegistrars = ConstU32<20>;
	type MaxSubAccounts = ConstU32<100>;
	type MaxSuffixLength = ConstU32<7>;
	type MaxUsernameLength = ConstU32<32>;
	type OffchainSignature = Signature;
	type PendingUsernameExpiration = ConstU32<{ 7 * DAYS }>;
	type RegistrarOrigin = EnsureRootOr<super::governance::ParametersAdmin>;
	type RuntimeEvent = RuntimeEvent;
	type SigningPublicKey = <Signature as Verify>::Signer;
	type Slashed = crate::Treasury;
	type SubAccountDeposit = SubAccountDeposit;
	type UsernameAuthorityOrigin = EnsureRootOr<super::governance::ParametersAdmin>;
	type UsernameDeposit = UsernameDeposit;
	type UsernameGracePeriod = ConstU32<{ 30 * DAYS }>;
	type WeightInfo = pallet_identity::weights::SubstrateWeight<Runtime>;
}

impl pallet_vesting::Config for Runtime {
	const MAX_VESTING_SCHEDULES: u32 = 28;

	type BlockNumberProvider = System;
	type BlockNumberToBalance = ConvertInto;
	type Currency = Balances;
	type MinVestedTransfer = MinVestedTransfer;
	type RuntimeEvent = RuntimeEvent;
	type UnvestedFundsAllowedWithdrawReasons = UnvestedWithdrawReasons;
	type WeightInfo = pallet_vesting::weights::SubstrateWeight<Runtime>;
}
