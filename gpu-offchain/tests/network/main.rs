//! A real node and real workers, which earn real (development) money. Without a node these stories are left out, and say
//! so: build one with `cargo build --release -p ogpu-node`, or name one in `OGPU_NODE`.

#![cfg(feature = "network")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

mod auction;
mod pool;
mod world;
