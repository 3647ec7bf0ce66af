//! The engine of OGPU: does the work of the network and checks it, with the same bits on every machine. It knows no
//! chain.

#[cfg(feature = "network")]
pub mod agent;
pub mod artifacts;
pub mod bench;
#[cfg(feature = "network")]
pub mod chain;
#[cfg(feature = "network")]
pub mod config;
pub mod device;
pub mod error;
pub mod job;
#[cfg(feature = "network")]
pub mod journal;
pub mod kernels;
#[cfg(feature = "network")]
pub mod keys;
pub mod limits;
pub mod manifest;
#[cfg(feature = "network")]
pub mod metrics;
pub mod models;
pub mod ops;
pub mod selftest;
#[cfg(feature = "network")]
pub mod store;
pub mod workloads;
