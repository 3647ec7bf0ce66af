//! What everybody may ask before and after: a client, what a request would cost and who could serve it; a provider, why
//! it was not drawn.

use crate::*;
use alloc::vec::Vec;
use codec::{Decode, Encode};
use scale_info::TypeInfo;
use sp_runtime::DispatchError;

/// Why a device cannot be drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub enum Reason {
	/// It has left the service.
	HasLeft,
	/// It did not send its heartbeats, it was retired, or its operator is suspended.
	Offline,
	/// The service wants another kind.
	Kind,
	/// The service wants more memory.
	Memory,
	/// It was not measured, or the service wants a faster one.
	Score,
	/// The service wants an operator with a higher score.
	Reputation,
	/// It is the client's own.
	Client,
	/// Its operator is in as many races as it may.
	Busy,
	/// Its operator was in an earlier race of this request.
	RanBefore,
	/// The free part of its operator's lock does not carry the bond, or no weight.
	Bond,
	/// Its operator is audited more often than the class asks, and would pay more for that than it earns.
	Checking,
}

/// A device that could be drawn.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct Eligible {
	pub device: DeviceId,
	pub operator: AccountId32,
	/// Each lot falls on it in proportion to this.
	pub weight: u64,
}

/// A device that could not.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct Ineligible {
	pub device: DeviceId,
	pub operator: AccountId32,
	pub reasons: Vec<Reason>,
}

/// What a request would cost, and who could serve it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct Quote {
	/// The price of a leaf.
	pub leaf_price: Balance,
	/// Whether the order allows this price.
	pub is_affordable: bool,
	/// Of 100 recent settlements, how many were not dearer; `None` if there was none.
	pub price_percentile: Option<u8>,
	/// For all leaves of the order.
	pub fee: Balance,
	/// What is paid on top to whoever runs along.
	pub pot: Balance,
	/// What checking costs on average.
	pub checking: Balance,
	/// What is deposited and returns.
	pub deposit: Balance,
	/// What of the client's lock is pinned, in case that the inputs are missing.
	pub client_bond: Balance,
	/// What is pinned of each racer's lock.
	pub bond: Balance,
	pub eligible: Vec<Eligible>,
	pub ineligible: Vec<Ineligible>,
	/// How long recent requests took until a result was committed, the median; `None` if there was none, or nobody could
	/// be drawn.
	pub matched_blocks: Option<BlockNumber>,
}

/// How a device stands to an open request.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub enum Standing {
	/// The request is still to be drawn, and the device may be: each lot falls on it with `weight` of `total`.
	MayBeDrawn { weight: u64, total: u64 },
	/// Its operator was drawn with this device, at this rank.
	Drawn { rank: u32 },
	/// Its operator was drawn with another device.
	OtherDevice { device: DeviceId },
	/// It could have been drawn; as things are now, each lot would have fallen on it with `weight` of `total`.
	Unlucky { weight: u64, total: u64 },
	/// It cannot be drawn, as things are now.
	Ineligible(Vec<Reason>),
	/// It has not joined the service.
	NoMember,
}

impl<T: Config> Pallet<T> {
	/// What such a request would cost, and who could serve it. Nothing is paid for asking. Refused for what a request
	/// would be refused for, but for its price.
	pub fn quote(service: ServiceId, client: AccountId32, order: Order) -> Result<Quote, DispatchError> {
		let request = H256::zero();
		let any_price = Order { max_price: Balance::MAX, ..order };
		let draft = Self::draft(request, service, client, any_price)?;
		let leaves = order.ceiling_leaves;
		let (fee, pot) = (Self::fee_of(&draft, leaves), Self::pot_of(&draft, leaves));
		let rest = fee.saturating_add(pot).saturating_add(draft.deposit);
		let runners = Self::runners(request, &draft);
		let eligible: Vec<_> = runners
			.into_iter()
			.map(|draw::Runner { device, operator, weight }| Eligible { device, operator, weight })
			.collect();
		let ineligible = Members::<T>::iter_prefix(service).filter_map(|(device, member)| {
			let reasons = Self::weigh(request, &draft, device, &member).err()?;
			Some(Ineligible { device, operator: member.operator, reasons })
		});
		let ineligible = ineligible.collect();
		let last = Settlements::<T>::get(service);
		let no_dearer = last.iter().filter(|settled| settled.leaf_price <= draft.leaf_price).count();
		let price_percentile = no_dearer.saturating_mul(100).checked_div(last.len());
		let mut matched: Vec<_> = last.iter().map(|settled| settled.matched_blocks).collect();
		matched.sort_unstable();
		let median = matched.get(matched.len().saturating_sub(1) >> 1).copied();
		Ok(Quote {
			leaf_price: draft.leaf_price,
			is_affordable: draft.leaf_price <= order.max_price,
			price_percentile: price_percentile.and_then(|percentile| percentile.try_into().ok()),
			fee,
			pot,
			checking: draft.held.saturating_sub(rest),
			deposit: draft.deposit,
			client_bond: draft.client_bond,
			bond: draft.bond,
			matched_blocks: median.filter(|_| !eligible.is_empty()),
			eligible,
			ineligible,
		})
	}

	/// Why a device is, or is not, in the race of an open request.
	pub fn standing(request: H256, device: DeviceId) -> Result<Standing, Error<T>> {
		let record = Requests::<T>::get(request).ok_or(Error::<T>::NoSuchRequest)?;
		let Some(member) = Members::<T>::get(record.service, device) else { return Ok(Standing::NoMember) };
		let drawn = record.running().zip(0u32..).find(|((_, racer), _)| racer.operator == member.operator);
		if let Some(((_, racer), rank)) = drawn {
			let other = racer.device;
			return Ok(if other == device {
				Standing::Drawn { rank }
			} else {
				Standing::OtherDevice { device: other }
			});
		}
		if let Err(reasons) = Self::weigh(request, &record, device, &member) {
			return Ok(Standing::Ineligible(reasons));
		}
		let runners = Self::runners(request, &record);
		let total = runners.iter().fold(0, |sum: u64, runner| sum.saturating_add(runner.weight));
		let weight = runners.iter().find(|runner| runner.device == device).map_or(0, |runner| runner.weight);
		Ok(match record.stage {
			Stage::Drawing { .. } => Standing::MayBeDrawn { weight, total },
			_ => Standing::Unlucky { weight, total },
		})
	}
}
