//! Says what happens on the chain, one line for each thing, so that one sees work and money move.

use ogpu::events::Fields;
use ogpu_worker::chain::{address, hex, AccountId, Hash, Told};
use serde_json::{json, Map, Value as Json};
use std::collections::BTreeMap;

/// Parts of jobs that are remembered, to say to which job a verdict belongs.
const MOST_PARTS: usize = 10_000;

/// Knows names.
pub struct Teller {
	names: BTreeMap<AccountId, String>,
	/// To which job a part belongs, and which one it is.
	parts: BTreeMap<Hash, (Hash, u128)>,
}

/// Something that happened.
pub struct Line {
	pub text: String,
	event: String,
	fields: Map<String, Json>,
}

impl Line {
	pub fn json(self, block: u32) -> Json {
		json!({ "block": block, "event": self.event, "text": self.text, "fields": self.fields })
	}
}

impl Teller {
	pub fn new(names: impl IntoIterator<Item = (AccountId, String)>) -> Self {
		Self { names: names.into_iter().collect(), parts: BTreeMap::new() }
	}

	/// What an event means, if it is one that people want to see.
	pub fn line(&mut self, told: &Told) -> Option<Line> {
		let fields = Fields(&told.fields);
		if told.name == "PartCommitted" && self.parts.len() < MOST_PARTS {
			self.parts.insert(fields.bytes("task")?, (fields.bytes("job")?, fields.number("part")?));
		}
		let text = match told.pallet.as_str() {
			"ContinuousPool" => self.of_pool(&told.name, &fields),
			"TrainingAuction" => self.of_auction(&told.name, &fields),
			"ResultValidation" => self.of_validation(&told.name, &fields),
			"StakingTrustlock" => self.of_locks(&told.name, &fields),
			"OgpuToken" if told.name == "Claimed" => {
				Some(format!("{} claims {} from Ethereum", self.who(&fields, "destination"), fields.ogpu("amount")))
			}
			_ => None,
		}?;
		Some(Line { text, event: format!("{}.{}", told.pallet, told.name), fields: fields.json() })
	}

	fn of_pool(&self, event: &str, fields: &Fields) -> Option<String> {
		let about = self.about(fields, "request");
		let operator = || self.who(fields, "operator");
		Some(match event {
			"Requested" => format!(
				"{about}: {} asks service {}, for {} a leaf; {} are held",
				self.who(fields, "client"),
				fields.text("service"),
				fields.ogpu("leaf_price"),
				fields.ogpu("held")
			),
			"Drawn" => format!("{about}: drawn by lot to race: {}", some(fields, "racers", "provider")),
			"Redrawn" => format!("{about}: nobody raced; there will be another draw"),
			"Declined" => format!("{about}: {} declines", operator()),
			"Committed" => format!("{about}: {} has a result of {}", operator(), some(fields, "leaves", "leaf")),
			"Rejected" => format!("{about}: the result of {} could not be validated", operator()),
			"Led" => format!("{about}: {} leads, for {}; its result is checked now", operator(), fields.ogpu("fee")),
			"Paid" => format!("{about}: {} is paid {}", operator(), fields.ogpu("amount")),
			"SharingOpened" => format!("{about}: runners-up may show that they had the same"),
			"Closed" => {
				format!(
					"{about}: closed as {}; {} return to the client",
					fields.text("ending"),
					fields.ogpu("refunded")
				)
			}
			"ServicePublished" => {
				format!("{} publishes service {}", self.who(fields, "publisher"), fields.text("service"))
			}
			_ => return None,
		})
	}

	fn of_auction(&self, event: &str, fields: &Fields) -> Option<String> {
		let about = self.about(fields, "job");
		let provider = || self.who(fields, "provider");
		let bidder = || self.who(fields, "bidder");
		Some(match event {
			"Created" => format!(
				"{about}: {} has {} for sale, for {} at most",
				self.who(fields, "client"),
				fields.text("kind").to_lowercase(),
				fields.ogpu("ceiling")
			),
			"BidSealed" => format!("{about}: {} bids, under seal", bidder()),
			"BidRevealed" => format!(
				"{about}: {} asked for {} and {} blocks",
				bidder(),
				fields.ogpu("price"),
				fields.text("eta_blocks")
			),
			"BidForfeited" => format!("{about}: {} did not show its bid, and loses {}", bidder(), fields.ogpu("taken")),
			"Offered" => format!("{about}: {} has won, for {}", provider(), fields.ogpu("fee")),
			"Started" => format!("{about}: {} has begun", provider()),
			"PartCommitted" => format!("{about}: part {} is done, and checked now", fields.text("part")),
			"PartsPaid" => {
				format!("{about}: {} is paid {} for {}", provider(), fields.ogpu("paid"), some(fields, "parts", "part"))
			}
			"Abandoned" => format!("{about}: {} left, and loses {}", provider(), fields.ogpu("taken")),
			"Reopened" => format!("{about}: the rest is for sale again"),
			"Cancelled" => format!("{about}: cancelled by the client"),
			"Settled" => format!("{about}: done by {} for {} in all", provider(), fields.ogpu("fee")),
			"Closed" => {
				format!("{about}: closed as {}; {} return to the client", fields.text("end"), fields.ogpu("refunded"))
			}
			_ => return None,
		})
	}

	fn of_validation(&self, event: &str, fields: &Fields) -> Option<String> {
		let about = self.about(fields, "task");
		let operator = || self.who(fields, "operator");
		Some(match event {
			"Drawn" => format!("{about}: drawn by lot to be computed again: {}", some(fields, "leaves", "leaf")),
			"Alarmed" => format!("{about}: {} found another result", self.who(fields, "finder")),
			"Contradicted" => format!("{about}: the provider contradicts itself at leaf {}", fields.text("leaf")),
			"Challenged" => {
				format!("{about}: {} challenges leaf {}", self.who(fields, "challenger"), fields.text("leaf"))
			}
			"JuryCalled" => format!("{about}: a jury meets over leaf {}", fields.text("leaf")),
			"JuryClosed" => {
				format!("{about}: the jury on leaf {} says {}", fields.text("leaf"), fields.text("verdict"))
			}
			"Fined" => format!("{about}: {} is fined {}", operator(), fields.ogpu("amount")),
			"Paid" => format!("{about}: {} is paid {} for checking", operator(), fields.ogpu("amount")),
			"Concluded" => format!("{about}: the verdict is {}", fields.text("conclusion")),
			_ => return None,
		})
	}

	fn of_locks(&self, event: &str, fields: &Fields) -> Option<String> {
		let who = || self.who(fields, "who");
		Some(match event {
			"Locked" => format!("{} locks {}", who(), fields.ogpu("amount")),
			"Slashed" => format!(
				"{}: {} loses {} of its lock ({})",
				self.about(fields, "work"),
				who(),
				fields.ogpu("amount"),
				fields.text("fault")
			),
			"Suspended" => format!("{} gets no work before block {}", who(), fields.text("until")),
			_ => return None,
		})
	}

	fn who(&self, fields: &Fields, name: &str) -> String {
		let Some(account) = fields.bytes(name) else { return "somebody".into() };
		self.names.get(&account).cloned().unwrap_or_else(|| address(&account))
	}

	/// What it is about, by the first digits of its name.
	fn about(&self, fields: &Fields, name: &str) -> String {
		let Some(hash) = fields.bytes(name) else { return "?".into() };
		match self.parts.get(&hash) {
			Some((job, part)) if name != "job" => format!("{} part {part}", short(job)),
			_ => short(&hash),
		}
	}
}

fn short(hash: &Hash) -> String {
	hex(hash).chars().take(10).collect()
}

/// A number of things.
fn some(fields: &Fields, name: &str, thing: &str) -> String {
	let things = match thing {
		"leaf" => "leaves".to_owned(),
		thing => format!("{thing}s"),
	};
	match fields.number(name) {
		Some(1) => format!("1 {thing}"),
		Some(number) => format!("{number} {things}"),
		None => things,
	}
}
