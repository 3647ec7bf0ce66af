//! The pallets' configuration, one file for each concern. Constants that other programs need stand in `ogpu-protocol`.

pub mod accounts;
pub mod consensus;
pub mod fees;
pub mod governance;
pub mod guard;
pub mod markets;
pub mod parameters;
pub mod staking;
pub mod system;
pub mod token;
pub mod validation;

use ogpu_protocol::token::{Balance, MILLI_OGPU, OGPU};

/// What state costs whoever makes the chain keep it: paid back when the state is gone.
pub const fn deposit(items: u32, bytes: u32) -> Balance {
	(items as Balance).saturating_mul(OGPU / 20).saturating_add((bytes as Balance).saturating_mul(MILLI_OGPU / 2))
}
