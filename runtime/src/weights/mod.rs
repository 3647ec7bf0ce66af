//! What calls cost, measured: see `make weights`.

pub mod ogpu_result_validation;
pub mod ogpu_staking_trustlock;
pub mod ogpu_token;
