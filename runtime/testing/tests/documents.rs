//! Numbers in `docs/` are those of the code.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects)]

use ogpu_protocol::{
	time::{DAYS, HOURS, MINUTES},
	token::OGPU,
};
use ogpu_runtime::configs::governance::tracks::Tracks;
use pallet_referenda::{Curve, TracksInfo};
use polkadot_sdk::*;

fn time(blocks: u32) -> String {
	match blocks {
		1 => "1 block".into(),
		days if days % DAYS == 0 && days > DAYS => format!("{} d", days / DAYS),
		hours if hours % HOURS == 0 => format!("{} h", hours / HOURS),
		minutes => format!("{} min", minutes / MINUTES),
	}
}

fn falling(curve: &Curve) -> String {
	let Curve::LinearDecreasing { floor, ceil, .. } = curve else { panic!("all curves are straight lines") };
	let percent = |share: &sp_runtime::Perbill| share.deconstruct() / 10_000_000;
	format!("{} → {} %", percent(ceil), percent(floor))
}

#[test]
fn the_table_of_tracks_is_true() {
	let document = include_str!("../../../docs/governance.md");
	for track in Tracks::tracks() {
		let info = &track.info;
		let name = String::from_utf8(info.name.iter().copied().take_while(|byte| *byte != 0).collect()).unwrap();
		let start = format!("| {} {name} |", track.id);
		let row = document.lines().find(|line| line.starts_with(&start)).unwrap_or_else(|| panic!("no row '{start}'"));
		let cells: Vec<_> = row.split('|').map(str::trim).skip(3).filter(|cell| !cell.is_empty()).collect();
		let expected = [
			(info.decision_deposit / OGPU).to_string(),
			time(info.prepare_period),
			time(info.decision_period),
			time(info.confirm_period),
			time(info.min_enactment_period),
			falling(&info.min_approval),
			falling(&info.min_support),
		];
		assert_eq!(cells, expected, "track {name}");
	}
}

#[test]
fn every_reason_to_refuse_a_free_call_is_explained() {
	use ogpu_runtime::free_calls::Useless;
	let document = include_str!("../../../docs/errors.md");
	for reason in Useless::ALL {
		let start = format!("| {} | {reason:?} |", reason as u8);
		assert!(document.lines().any(|line| line.starts_with(&start)), "no row '{start}'");
	}
}
