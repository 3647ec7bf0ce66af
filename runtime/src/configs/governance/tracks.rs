//! The tracks of referenda: what each power costs in deposit, time and votes. `docs/governance.md` shows this table.

use super::origins::Origin;
use crate::{Balance, BlockNumber, OriginCaller};
use alloc::borrow::Cow;
use ogpu_protocol::{
	time::{DAYS, HOURS, MINUTES},
	token::OGPU,
};
use pallet_referenda::{Curve, Track, TrackInfo};
use polkadot_sdk::*;
use sp_runtime::{str_array, Perbill};

/// A share of votes that falls in a straight line through the whole decision period.
const fn falling(from_percent: u32, to_percent: u32) -> Curve {
	Curve::LinearDecreasing {
		length: Perbill::one(),
		floor: Perbill::from_percent(to_percent),
		ceil: Perbill::from_percent(from_percent),
	}
}

const ROOT: u16 = 0;
const PARAMETERS: u16 = 1;
const SMALL_SPEND: u16 = 10;
const LARGE_SPEND: u16 = 11;
const CANCEL: u16 = 20;
const SAFETY: u16 = 21;

const TRACKS: [Track<u16, Balance, BlockNumber>; 6] = [
	Track {
		id: ROOT,
		info: TrackInfo {
			name: str_array("root"),
			max_deciding: 2,
			decision_deposit: 10_000 * OGPU,
			prepare_period: 2 * HOURS,
			decision_period: 14 * DAYS,
			confirm_period: DAYS,
			min_enactment_period: DAYS,
			min_approval: falling(100, 60),
			min_support: falling(50, 5),
		},
	},
	Track {
		id: PARAMETERS,
		info: TrackInfo {
			name: str_array("parameters"),
			max_deciding: 10,
			decision_deposit: 1_000 * OGPU,
			prepare_period: 2 * HOURS,
			decision_period: 10 * DAYS,
			confirm_period: 12 * HOURS,
			min_enactment_period: 2 * HOURS,
			min_approval: falling(90, 55),
			min_support: falling(30, 3),
		},
	},
	Track {
		id: SMALL_SPEND,
		info: TrackInfo {
			name: str_array("small_spend"),
			max_deciding: 20,
			decision_deposit: 100 * OGPU,
			prepare_period: HOURS,
			decision_period: 7 * DAYS,
			confirm_period: 12 * HOURS,
			min_enactment_period: HOURS,
			min_approval: falling(90, 50),
			min_support: falling(20, 1),
		},
	},
	Track {
		id: LARGE_SPEND,
		info: TrackInfo {
			name: str_array("large_spend"),
			max_deciding: 10,
			decision_deposit: 1_000 * OGPU,
			prepare_period: 2 * HOURS,
			decision_period: 14 * DAYS,
			confirm_period: DAYS,
			min_enactment_period: DAYS,
			min_approval: falling(100, 60),
			min_support: falling(40, 4),
		},
	},
	Track {
		id: CANCEL,
		info: TrackInfo {
			name: str_array("cancel"),
			max_deciding: 50,
			decision_deposit: 1_000 * OGPU,
			prepare_period: 15 * MINUTES,
			decision_period: 7 * DAYS,
			confirm_period: HOURS,
			min_enactment_period: 5 * MINUTES,
			min_approval: falling(90, 55),
			min_support: falling(20, 2),
		},
	},
	Track {
		id: SAFETY,
		info: TrackInfo {
			name: str_array("safety"),
			max_deciding: 50,
			decision_deposit: 1_000 * OGPU,
			prepare_period: 5 * MINUTES,
			decision_period: 7 * DAYS,
			confirm_period: 15 * MINUTES,
			min_enactment_period: 1,
			min_approval: falling(95, 60),
			min_support: falling(20, 4),
		},
	},
];

pub struct Tracks;
impl pallet_referenda::TracksInfo<Balance, BlockNumber> for Tracks {
	type Id = u16;
	type RuntimeOrigin = OriginCaller;

	fn tracks() -> impl Iterator<Item = Cow<'static, Track<Self::Id, Balance, BlockNumber>>> {
		TRACKS.iter().map(Cow::Borrowed)
	}

	fn track_for(origin: &Self::RuntimeOrigin) -> Result<Self::Id, ()> {
		match origin {
			OriginCaller::system(frame_system::RawOrigin::Root) => Ok(ROOT),
			OriginCaller::Origins(origin) => Ok(match origin {
				Origin::ParametersAdmin => PARAMETERS,
				Origin::SmallSpender => SMALL_SPEND,
				Origin::LargeSpender => LARGE_SPEND,
				Origin::Canceller => CANCEL,
				Origin::SafetyAdmin => SAFETY,
			}),
			_ => Err(()),
		}
	}
}
