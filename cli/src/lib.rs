//! The OGPU network for programs: have models trained and pictures rendered, publish services and ask them, and check
//! what comes back against what the chain accepted.
//!
#![doc = include_str!("../README.md")]

pub mod answers;
pub mod client;
pub mod depot;
pub mod error;
pub mod events;
pub mod follow;
pub mod funds;
pub mod gateway;
pub mod home;
pub mod jobs;
pub mod load;
pub mod node;
pub mod orders;
pub mod outcome;
mod private;
pub mod receipt;
pub mod services;
pub mod tasks;
pub mod work;

pub use client::{Client, Key, Options};
pub use error::{Error, Result};
pub use ogpu_protocol::token::{format_ogpu, parse_ogpu, Balance, OGPU};
pub use ogpu_worker::{
	artifacts::{Artifact, Name},
	chain::{
		types::{AccountId, BlockNumber, Hash, ServiceId},
		{address, hex, parse_account, parse_hash},
	},
};
