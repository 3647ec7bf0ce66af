//! Audit classes: how much of a job is checked, and how sure a jury must be. A client chooses one and pays for it.

use crate::{jury::Rules, random::CERTAIN_BILLIONTHS};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// The parameters of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Class {
	/// The probability that a task of a well-known provider is audited at all.
	pub audit_billionths: u32,
	/// The share of its leaves that is then drawn.
	pub leaves_billionths: u32,
	/// The probability that a drawn leaf has a second auditor.
	pub doubled_billionths: u32,
	/// How a difference is decided.
	pub jury: Rules,
}

const SMALL_JURY: Rules = Rules { draw_seats: 11, margin_seats: 10, cap_seats: 99, redraw_seats: 99 };
const LARGE_JURY: Rules = Rules { draw_seats: 23, margin_seats: 22, cap_seats: 207, redraw_seats: 207 };

impl Class {
	/// One task in twenty is audited; the bond makes up for it.
	pub const ECONOMY: Self = Self { audit_billionths: CERTAIN_BILLIONTHS / 20, ..Self::STANDARD };

	/// One leaf in twenty of every task.
	pub const STANDARD: Self = Self {
		audit_billionths: CERTAIN_BILLIONTHS,
		leaves_billionths: CERTAIN_BILLIONTHS / 20,
		doubled_billionths: CERTAIN_BILLIONTHS / 5,
		jury: SMALL_JURY,
	};

	/// As many leaves, and a jury that withstands a third of dishonest seats.
	pub const HIGH: Self = Self { jury: LARGE_JURY, ..Self::STANDARD };

	/// Every leaf: not even one that is wrong goes unseen.
	pub const ASSURED: Self = Self { leaves_billionths: CERTAIN_BILLIONTHS, ..Self::HIGH };

	/// Refuses parameters with which a class would promise nothing or never end.
	pub fn validate(self) -> Result<Self, Nonsense> {
		let Rules { draw_seats, margin_seats, cap_seats, .. } = self.jury;
		let shares = [self.audit_billionths, self.leaves_billionths, self.doubled_billionths];
		if shares.into_iter().any(|share| share > CERTAIN_BILLIONTHS) {
			Err(Nonsense::ShareAboveOne)
		} else if self.audit_billionths == 0 || self.leaves_billionths == 0 {
			Err(Nonsense::NeverChecked)
		} else if draw_seats == 0 {
			Err(Nonsense::NobodyDrawn)
		} else if margin_seats == 0 {
			Err(Nonsense::NoMargin)
		} else if draw_seats > cap_seats || margin_seats > cap_seats {
			Err(Nonsense::CapTooLow)
		} else {
			Ok(self)
		}
	}
}

/// Why the parameters of a class make no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nonsense {
	/// A probability or a share is more than one.
	ShareAboveOne,
	/// No task is audited, or no leaf of it.
	NeverChecked,
	/// A jury's round draws no seat.
	NobodyDrawn,
	/// A jury would decide without being sure.
	NoMargin,
	/// A jury ends before its first round is heard, or before it can be sure.
	CapTooLow,
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn the_four_classes_make_sense_and_each_is_at_least_as_strict_as_the_one_before() {
		let classes = [Class::ECONOMY, Class::STANDARD, Class::HIGH, Class::ASSURED];
		for class in classes {
			assert_eq!(class.validate(), Ok(class));
			assert_eq!(class.jury.cap_seats % class.jury.draw_seats, 0, "a last round is as large as the others");
		}
		for pair in classes.windows(2) {
			assert!(pair[0].audit_billionths <= pair[1].audit_billionths);
			assert!(pair[0].leaves_billionths <= pair[1].leaves_billionths);
			assert!(pair[0].jury.margin_seats <= pair[1].jury.margin_seats);
		}
	}

	#[test]
	fn nonsense_is_refused_with_its_reason() {
		let class = Class::STANDARD;
		let jury = |change: fn(&mut Rules)| {
			let mut class = Class::STANDARD;
			change(&mut class.jury);
			class.validate()
		};
		assert_eq!(Class { audit_billionths: 0, ..class }.validate(), Err(Nonsense::NeverChecked));
		assert_eq!(Class { leaves_billionths: 0, ..class }.validate(), Err(Nonsense::NeverChecked));
		assert_eq!(
			Class { doubled_billionths: CERTAIN_BILLIONTHS + 1, ..class }.validate(),
			Err(Nonsense::ShareAboveOne)
		);
		assert_eq!(jury(|rules| rules.draw_seats = 0), Err(Nonsense::NobodyDrawn));
		assert_eq!(jury(|rules| rules.margin_seats = 0), Err(Nonsense::NoMargin));
		assert_eq!(jury(|rules| rules.margin_seats = 100), Err(Nonsense::CapTooLow));
		assert_eq!(jury(|rules| rules.cap_seats = 10), Err(Nonsense::CapTooLow));
		assert_eq!(
			Class { doubled_billionths: 0, ..class }.validate().map(|_| ()),
			Ok(()),
			"single auditors are a choice"
		);
	}
}
