//! Transfer measured against a raw TCP copy.
