//! The rules of the OGPU network as pure code: numbers in, numbers out, without FRAME, I/O or a clock. The pallets, the
//! node and the tools all take their constants from here, so that none can drift from another.

#![cfg_attr(not(any(feature = "std", test)), no_std)]
#![cfg_attr(test, allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used))]

extern crate alloc;

pub mod auction;
pub mod audit;
pub mod benchmark;
pub mod claims;
pub mod class;
pub mod commitment;
pub mod cost;
pub mod detection;
pub mod emission;
pub mod jury;
pub mod leaf;
pub mod math;
pub mod merkle;
pub mod phases;
pub mod pool;
pub mod random;
#[cfg(feature = "serde")]
pub mod receipt;
pub mod record;
pub mod reputation;
pub mod seats;
pub mod slashing;
pub mod time;
pub mod token;
