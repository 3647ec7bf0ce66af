//! JSON as the vectors need it: keys in the order in which they are written, and the same bytes everywhere. (The order
//! of serde_json depends on what other crates of the build ask of it.)

use core::fmt::Write;
use ogpu_protocol::claims;

#[derive(Clone)]
pub enum Json {
	Plain(String),
	List(Vec<Json>),
	Object(Vec<(String, Json)>),
}

/// An object from names and values; a name alone stands for the variable of that name.
macro_rules! object {
	(@value $key:ident) => { $key };
	(@value $key:ident $value:expr) => { $value };
	($($key:ident $(: $value:expr)?),* $(,)?) => {
		$crate::areas::json::Json::Object(vec![$((
			stringify!($key).to_string(),
			$crate::areas::json::ToJson::json(&object!(@value $key $($value)?)),
		)),*])
	};
}
pub(crate) use object;

/// Inputs and what the rules make of them.
pub fn case(input: Json, output: impl ToJson) -> Json {
	Json::Object(vec![("in".into(), input), ("out".into(), output.json())])
}

pub fn text(text: &str) -> Json {
	let mut quoted = String::from('"');
	for character in text.chars() {
		match character {
			'"' => quoted.push_str("\\\""),
			'\\' => quoted.push_str("\\\\"),
			'\n' => quoted.push_str("\\n"),
			character => quoted.push(character),
		}
	}
	quoted.push('"');
	Json::Plain(quoted)
}

/// Bytes of any number, in hexadecimal.
pub fn bytes(bytes: &[u8]) -> Json {
	text(&claims::hex(bytes))
}

/// The name of a variant.
pub fn name(variant: impl core::fmt::Debug) -> Json {
	text(&format!("{variant:?}"))
}

const WIDTH: usize = 120;
/// What a tab takes of it.
const TAB: usize = 4;

impl Json {
	fn flat(&self) -> String {
		let join = |parts: Vec<String>| parts.join(", ");
		match self {
			Self::Plain(text) => text.clone(),
			Self::List(items) => format!("[{}]", join(items.iter().map(Self::flat).collect())),
			Self::Object(fields) => {
				let field = |(key, value): &(String, Json)| format!("\"{key}\": {}", value.flat());
				format!("{{ {} }}", join(fields.iter().map(field).collect()))
			}
		}
	}

	/// In one line if it fits into it after what already stands there.
	fn write(&self, out: &mut String, depth: usize, before: usize) {
		let flat = self.flat();
		let fits = depth > 0 && before + flat.chars().count() < WIDTH;
		let (open, close, parts): (_, _, Vec<(String, &Json)>) = match self {
			Self::List(items) if !fits => ('[', ']', items.iter().map(|item| (String::new(), item)).collect()),
			Self::Object(fields) if !fits => {
				('{', '}', fields.iter().map(|(key, value)| (format!("\"{key}\": "), value)).collect())
			}
			_ => return out.push_str(&flat),
		};
		let line = |out: &mut String, depth| {
			out.push('\n');
			out.extend(core::iter::repeat_n('\t', depth));
		};
		out.push(open);
		for (place, (key, value)) in parts.iter().enumerate() {
			if place > 0 {
				out.push(',');
			}
			line(out, depth + 1);
			out.push_str(key);
			value.write(out, depth + 1, (depth + 1) * TAB + key.len());
		}
		line(out, depth);
		out.push(close);
	}

	/// The text of a file.
	pub fn file(&self) -> String {
		let mut out = String::new();
		self.write(&mut out, 0, 0);
		writeln!(out).unwrap();
		out
	}
}

/// How a value of the rules stands in a vector. The type decides: what is an `u64` or `u128` is a string, also where it
/// is small.
pub trait ToJson {
	fn json(&self) -> Json;
}

macro_rules! to_json {
	($($kind:ty: |$value:ident| $json:expr;)*) => {
		$(impl ToJson for $kind {
			fn json(&self) -> Json {
				let $value = self;
				$json
			}
		})*
	};
}

to_json! {
	Json: |json| json.clone();
	bool: |truth| Json::Plain(truth.to_string());
	u32: |number| Json::Plain(number.to_string());
	usize: |number| Json::Plain(number.to_string());
	u64: |number| text(&number.to_string());
	u128: |number| text(&number.to_string());
	str: |words| text(words);
	String: |words| text(words);
	[u8; 32]: |hash| bytes(hash);
	[u8; 20]: |address| bytes(address);
	[u8; 16]: |tag| text(core::str::from_utf8(tag).unwrap());
}

impl<T: ToJson + ?Sized> ToJson for &T {
	fn json(&self) -> Json {
		(*self).json()
	}
}

impl<T: ToJson> ToJson for Option<T> {
	fn json(&self) -> Json {
		self.as_ref().map_or(Json::Plain("null".into()), ToJson::json)
	}
}

impl<T: ToJson> ToJson for [T] {
	fn json(&self) -> Json {
		Json::List(self.iter().map(ToJson::json).collect())
	}
}

impl<T: ToJson> ToJson for Vec<T> {
	fn json(&self) -> Json {
		self.as_slice().json()
	}
}
