//! A real node and real workers, which earn real (development) money. The node is the one beside the worker, or the one
//! that `OGPU_NODE` names.

#![cfg(feature = "network")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

mod auction;
mod faults;
mod load;
mod pool;
mod world;
