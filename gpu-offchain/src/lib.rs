//! The engine of OGPU: does the work of the network and checks it, with the same bits on every machine. It knows no
//! chain.

pub mod bench;
pub mod kernels;
pub mod ops;
pub mod selftest;
