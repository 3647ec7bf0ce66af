//! What calls cost, measured: see `make weights`.

pub mod ogpu_continuous_pool;
pub mod ogpu_result_validation;
pub mod ogpu_staking_trustlock;
pub mod ogpu_token;
pub mod ogpu_training_auction;
