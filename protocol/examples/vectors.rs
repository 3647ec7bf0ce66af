//! Writes the golden vectors of the protocol, `protocol/vectors/*.json`, anew. What they are: `vectors/mod.rs`.
//!
//!   cargo run --release -p ogpu-protocol --example vectors

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

#[path = "vectors/mod.rs"]
mod areas;

fn main() -> std::io::Result<()> {
	std::fs::create_dir_all(areas::folder())?;
	for (name, text) in areas::files() {
		let path = format!("{}/{name}.json", areas::folder());
		if std::fs::read_to_string(&path).is_ok_and(|old| old == text) {
			println!("{name}.json stands");
		} else {
			std::fs::write(&path, text)?;
			println!("{name}.json is written anew");
		}
	}
	Ok(())
}
