//! Events of blocks, read by the names of their fields.

use crate::{address, format_ogpu, hex, AccountId};
use serde_json::{Map, Value as Json};
use subxt::ext::scale_value::{Composite, Primitive, Value, ValueDef};

/// What an event says of itself.
#[derive(Clone, Copy)]
pub struct Fields<'a>(pub &'a Composite<()>);

impl Fields<'_> {
	pub fn get(&self, name: &str) -> Option<&Value> {
		match self.0 {
			Composite::Named(fields) => fields.iter().find(|(field, _)| field == name).map(|(_, value)| value),
			Composite::Unnamed(_) => None,
		}
	}

	pub fn number(&self, name: &str) -> Option<u128> {
		self.get(name)?.as_u128()
	}

	/// A hash or an account.
	pub fn bytes(&self, name: &str) -> Option<[u8; 32]> {
		bytes(self.get(name)?)?.try_into().ok()
	}

	/// An amount, for people.
	pub fn ogpu(&self, name: &str) -> String {
		self.number(name).map_or_else(|| "?".into(), |amount| format!("{} OGPU", format_ogpu(amount)))
	}

	/// A number, or the name of a variant with what is in it.
	pub fn text(&self, name: &str) -> String {
		self.get(name).map_or_else(|| "?".into(), text)
	}

	/// All of them, for scripts.
	pub fn json(&self) -> Map<String, Json> {
		const ACCOUNTS: [&str; 10] = [
			"client",
			"operator",
			"provider",
			"bidder",
			"publisher",
			"finder",
			"challenger",
			"who",
			"destination",
			"worker",
		];
		let Composite::Named(fields) = self.0 else { return Map::new() };
		let told = fields.iter().map(|(name, value)| {
			let said = match bytes(value) {
				Some(bytes) => match AccountId::try_from(bytes.as_slice()) {
					Ok(account) if ACCOUNTS.contains(&name.as_str()) => address(&account),
					_ => hex(&bytes),
				},
				None => text(value),
			};
			(name.clone(), Json::String(said))
		});
		told.collect()
	}
}

fn text(value: &Value) -> String {
	match &value.value {
		ValueDef::Primitive(Primitive::U128(number)) => number.to_string(),
		ValueDef::Primitive(Primitive::Bool(is_so)) => is_so.to_string(),
		ValueDef::Variant(variant) => {
			let inner: Vec<String> = variant.values.values().map(text).filter(|text| !text.is_empty()).collect();
			// What is optional is what it holds.
			match (variant.name.as_str(), inner.as_slice()) {
				("Some", [inner]) => inner.clone(),
				(name, []) => name.to_owned(),
				(name, inner) => format!("{name} {}", inner.join(" ")),
			}
		}
		ValueDef::Composite(composite) => match bytes(value) {
			Some(bytes) => hex(&bytes).chars().take(10).collect(),
			None => composite.values().map(text).collect::<Vec<_>>().join(" "),
		},
		_ => String::new(),
	}
}

/// A hash or an account, however deep it is wrapped.
fn bytes(value: &Value) -> Option<Vec<u8>> {
	let ValueDef::Composite(composite) = &value.value else { return None };
	let mut inner = composite.values();
	if inner.len() == 1 {
		return bytes(inner.next()?);
	}
	let found: Option<Vec<u8>> = inner.map(|byte| u8::try_from(byte.as_u128()?).ok()).collect();
	found.filter(|bytes| bytes.len() >= 20)
}
