//! The engine of OGPU: does the work of the network and checks it, with the same bits on every machine. It knows no
//! chain.

pub mod artifacts;
pub mod bench;
pub mod device;
pub mod error;
pub mod job;
pub mod kernels;
pub mod limits;
pub mod manifest;
pub mod models;
pub mod ops;
pub mod selftest;
#[cfg(feature = "network")]
pub mod store;
pub mod workloads;
