//! The commands that talk to a node, one file each.

pub mod completions;
pub mod connection;
pub mod lock;
pub mod provider;
