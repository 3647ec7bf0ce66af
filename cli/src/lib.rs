//! What the command line is made of, for other programs.

pub mod receipt;
