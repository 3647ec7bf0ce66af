//! Measures the calls, each at its worst.
