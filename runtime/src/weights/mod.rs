//! What calls cost, measured: see `make weights`.

pub mod ogpu_token;
