//! Amounts as people and files give them: in OGPU, as decimal text.

use ogpu_protocol::token::{format_ogpu, parse_ogpu, Balance};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// An amount in the smallest unit, read and written in OGPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Ogpu(pub Balance);

impl fmt::Display for Ogpu {
	fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
		formatter.pad(&format_ogpu(self.0))
	}
}

impl FromStr for Ogpu {
	type Err = &'static str;

	fn from_str(text: &str) -> Result<Self, Self::Err> {
		parse_ogpu(text).map(Self).ok_or("not an amount of OGPU, such as 1000 or 0.5, with 18 decimals at most")
	}
}

impl TryFrom<String> for Ogpu {
	type Error = &'static str;

	fn try_from(text: String) -> Result<Self, Self::Error> {
		text.parse()
	}
}

impl From<Ogpu> for String {
	fn from(amount: Ogpu) -> Self {
		amount.to_string()
	}
}
