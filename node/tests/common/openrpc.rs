//! What `docs/openrpc.json` says of the network's own methods, held against what a node answers.

use anyhow::{bail, ensure, Context, Result};
use regex::Regex;
use serde_json::Value;

/// The document. Its schemas keep to a few words of JSON Schema; another word is an error.
pub struct Document(Value);

impl Document {
	pub fn read() -> Result<Self> {
		let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openrpc.json");
		Ok(Self(serde_json::from_str(&std::fs::read_to_string(path)?)?))
	}

	pub fn names(&self) -> Vec<&str> {
		self.methods().filter_map(|method| method["name"].as_str()).collect()
	}

	fn methods(&self) -> impl Iterator<Item = &Value> {
		self.0["methods"].as_array().into_iter().flatten()
	}

	fn method(&self, name: &str) -> Result<&Value> {
		self.methods().find(|method| method["name"] == name).with_context(|| format!("{name} is not described"))
	}

	/// Whether these are parameters of a method.
	pub fn takes(&self, name: &str, parameters: &[Value]) -> Result<()> {
		let described = self.method(name)?["params"].as_array().context("params is a list")?;
		ensure!(parameters.len() <= described.len(), "{name} takes no more than {} parameters", described.len());
		for (index, parameter) in described.iter().enumerate() {
			match parameters.get(index) {
				Some(given) => self.fits(given, &parameter["schema"], &format!("{name}({})", parameter["name"]))?,
				None => ensure!(parameter["required"] != true, "{name} needs {}", parameter["name"]),
			}
		}
		Ok(())
	}

	/// Whether a method may answer this.
	pub fn answers(&self, name: &str, answer: &Value) -> Result<()> {
		self.fits(answer, &self.method(name)?["result"]["schema"], name)
	}

	/// Whether those who subscribe may be told this.
	pub fn tells(&self, name: &str, told: &Value) -> Result<()> {
		let notification = &self.method(name)?["x-notification"];
		ensure!(notification.is_object(), "{name} is no subscription");
		self.fits(told, &notification["result"], name)
	}

	/// Whether a method may refuse with this code.
	pub fn refuses(&self, name: &str, code: i32) -> Result<()> {
		for error in self.method(name)?["errors"].as_array().context("errors is a list")? {
			if self.meant(error)?["code"] == code {
				return Ok(());
			}
		}
		bail!("{name} is not described as refusing with {code}")
	}

	/// What stands where a reference points to.
	fn meant<'a>(&'a self, value: &'a Value) -> Result<&'a Value> {
		let Some(reference) = value.get("$ref") else { return Ok(value) };
		let pointer =
			reference.as_str().and_then(|text| text.strip_prefix('#')).context("references are of this file")?;
		self.0.pointer(pointer).with_context(|| format!("nothing is at {pointer}"))
	}

	fn fits(&self, value: &Value, schema: &Value, at: &str) -> Result<()> {
		let schema = schema.as_object().with_context(|| format!("{at}: a schema is an object, not {schema}"))?;
		let numbers = |bound: &Value| (value.as_f64(), bound.as_f64());
		for (word, said) in schema {
			let fits = match word.as_str() {
				"description" | "title" => true,
				"$ref" => {
					self.fits(value, self.meant(&Value::Object(schema.clone()))?, at)?;
					true
				}
				"type" => match said.as_str().context("one type")? {
					"object" => value.is_object(),
					"array" => value.is_array(),
					"string" => value.is_string(),
					"boolean" => value.is_boolean(),
					"null" => value.is_null(),
					"integer" => value.is_u64() || value.is_i64(),
					"number" => value.is_number(),
					other => bail!("{at}: no such type: {other}"),
				},
				"enum" => said.as_array().context("a list")?.contains(value),
				"const" => value == said,
				"pattern" => {
					let pattern = Regex::new(said.as_str().context("a text")?)?;
					value.as_str().is_none_or(|text| pattern.is_match(text))
				}
				"minimum" => !matches!(numbers(said), (Some(value), Some(least)) if value < least),
				"maximum" => !matches!(numbers(said), (Some(value), Some(most)) if value > most),
				"minItems" => {
					value.as_array().is_none_or(|items| items.len() as u64 >= said.as_u64().unwrap_or(u64::MAX))
				}
				"maxItems" => value.as_array().is_none_or(|items| items.len() as u64 <= said.as_u64().unwrap_or(0)),
				"items" => {
					for (index, item) in value.as_array().into_iter().flatten().enumerate() {
						self.fits(item, said, &format!("{at}[{index}]"))?;
					}
					true
				}
				"properties" => {
					for (name, schema) in said.as_object().context("an object")? {
						if let Some(inner) = value.get(name) {
							self.fits(inner, schema, &format!("{at}.{name}"))?;
						}
					}
					true
				}
				"required" => {
					let names = said.as_array().context("a list")?;
					let missing = names.iter().filter_map(Value::as_str).find(|name| value.get(name).is_none());
					ensure!(missing.is_none(), "{at}: {} is missing in {value}", missing.unwrap_or_default());
					true
				}
				"additionalProperties" => {
					ensure!(*said == false, "{at}: additionalProperties is false or absent");
					let known = schema.get("properties").and_then(Value::as_object);
					let mut names = value.as_object().into_iter().flatten().map(|(name, _)| name);
					let stranger = names.find(|name| known.is_none_or(|known| !known.contains_key(*name)));
					ensure!(stranger.is_none(), "{at}: {} is not described", stranger.map_or("", String::as_str));
					true
				}
				"oneOf" => {
					let all = said.as_array().context("a list")?;
					let misfits: Vec<_> = all.iter().filter_map(|schema| self.fits(value, schema, at).err()).collect();
					ensure!(misfits.len() + 1 == all.len(), "{at}: not one of the kinds: {value}: {misfits:?}");
					true
				}
				"allOf" => {
					for schema in said.as_array().context("a list")? {
						self.fits(value, schema, at)?;
					}
					true
				}
				other => {
					bail!("{at}: the document uses {other}, which is not among the words that it says it keeps to")
				}
			};
			ensure!(fits, "{at}: {value} is not what `{word}` says: {said}");
		}
		Ok(())
	}
}
