//! What is here, for whom it is kept, until when, and who may have it. The records are tags of the blob store, written in
//! the database that also holds the artifacts; this is their image in memory.

use super::{
	endpoint::Key,
	error::{Error, Result},
};
use crate::artifacts::Name;
use std::{
	collections::{HashMap, HashSet},
	fmt,
	str::FromStr,
	time::{Duration, SystemTime, UNIX_EPOCH},
};

/// For whom an artifact is kept: a task, a service, or whatever else has 32 bytes to its name.
pub type Owner = [u8; 32];

/// Who keeps what has just come, so that there is time to say for whom it is.
pub(super) const NEWCOMER: Owner = [0; 32];

/// For how long newcomers and what is half here are kept.
pub(super) const GRACE: Duration = Duration::from_secs(60 * 60);
pub(super) const PARTIAL_GRACE: Duration = Duration::from_secs(24 * 60 * 60);

/// Seconds since 1970.
pub(super) fn seconds(time: SystemTime) -> u64 {
	time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// What a tag says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Record {
	Keep {
		owner: Owner,
		name: Name,
		until: u64,
	},
	/// Being fetched: `bytes` is its whole size.
	Partial {
		name: Name,
		bytes: u64,
		until: u64,
	},
	/// This key may have it, and who is not named may not.
	Only {
		name: Name,
		key: Key,
	},
}

impl Record {
	pub(super) fn name(&self) -> Name {
		match self {
			Self::Keep { name, .. } | Self::Partial { name, .. } | Self::Only { name, .. } => *name,
		}
	}

	/// The beginning of this record and of older ones that it replaced.
	pub(super) fn prefix(&self) -> String {
		let text = self.to_string();
		match (self, text.rsplit_once('/')) {
			(Self::Keep { .. } | Self::Partial { .. }, Some((prefix, _))) => format!("{prefix}/"),
			_ => text,
		}
	}

	/// The beginning of all tags of an owner.
	pub(super) fn of_owner(owner: &Owner) -> String {
		format!("keep/{}/", Name(*owner))
	}
}

impl fmt::Display for Record {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		match self {
			Self::Keep { owner, name, until } => write!(f, "keep/{}/{name}/{until}", Name(*owner)),
			Self::Partial { name, bytes, until } => write!(f, "partial/{name}/{bytes}/{until}"),
			Self::Only { name, key } => write!(f, "only/{name}/{}", Name(*key.bytes())),
		}
	}
}

impl FromStr for Record {
	type Err = Error;

	fn from_str(text: &str) -> Result<Self> {
		let unknown = || Error::invalid(format_args!("the store's database has an unknown tag {text:?}"));
		let name = |text: &str| text.parse::<Name>().map_err(|_| unknown());
		let number = |text: &str| text.parse::<u64>().map_err(|_| unknown());
		match text.split('/').collect::<Vec<_>>().as_slice() {
			["keep", owner, artifact, until] => {
				Ok(Self::Keep { owner: name(owner)?.0, name: name(artifact)?, until: number(until)? })
			}
			["partial", artifact, bytes, until] => {
				Ok(Self::Partial { name: name(artifact)?, bytes: number(bytes)?, until: number(until)? })
			}
			["only", artifact, key] => Ok(Self::Only { name: name(artifact)?, key: Key::new(name(key)?.0)? }),
			_ => Err(unknown()),
		}
	}
}

#[derive(Debug, Default)]
pub(super) struct Ledger {
	/// Whole sizes of what is here or on its way.
	sizes: HashMap<Name, u64>,
	/// Room promised to what is being added and has no name yet.
	promised: u64,
	kept: HashMap<Name, HashMap<Owner, u64>>,
	partial: HashMap<Name, (u64, u64)>,
	only: HashMap<Name, HashSet<Key>>,
}

/// What an artifact takes on disk: its bytes and its tree, 64 bytes for each 16 KiB.
pub(super) fn room(bytes: u64) -> u64 {
	bytes.saturating_add(bytes.div_ceil(256))
}

impl Ledger {
	pub(super) fn read(&mut self, record: Record) {
		match record {
			Record::Keep { owner, name, until } => {
				let kept = self.kept.entry(name).or_default().entry(owner).or_default();
				*kept = until.max(*kept);
			}
			Record::Partial { name, bytes, until } => {
				self.partial.insert(name, (bytes, until));
			}
			Record::Only { name, key } => {
				self.only.entry(name).or_default().insert(key);
			}
		}
	}

	/// The record that this one replaces.
	pub(super) fn replaced(&self, record: &Record) -> Option<Record> {
		match *record {
			Record::Keep { owner, name, .. } => {
				let until = *self.kept.get(&name)?.get(&owner)?;
				Some(Record::Keep { owner, name, until })
			}
			Record::Partial { name, .. } => {
				let (bytes, until) = *self.partial.get(&name)?;
				Some(Record::Partial { name, bytes, until })
			}
			Record::Only { .. } => None,
		}
	}

	pub(super) fn owners(&self, name: &Name) -> usize {
		self.kept.get(name).map_or(0, HashMap::len)
	}

	pub(super) fn release(&mut self, owner: &Owner) {
		self.kept.retain(|_, owners| {
			owners.remove(owner);
			!owners.is_empty()
		});
	}

	/// Forgets for whom an artifact is kept, and says which records said so.
	pub(super) fn forget(&mut self, name: &Name) -> Vec<Record> {
		let kept = self.kept.remove(name).into_iter().flatten();
		let mut records: Vec<_> = kept.map(|(owner, until)| Record::Keep { owner, name: *name, until }).collect();
		records.extend(self.settle(name));
		records
	}

	/// Forgets who alone may have it, and says which records said so.
	pub(super) fn lift(&mut self, name: &Name) -> Vec<Record> {
		let keys = self.only.remove(name).into_iter().flatten();
		keys.map(|key| Record::Only { name: *name, key }).collect()
	}

	/// It is no longer half here.
	pub(super) fn settle(&mut self, name: &Name) -> Option<Record> {
		let (bytes, until) = self.partial.remove(name)?;
		Some(Record::Partial { name: *name, bytes, until })
	}

	pub(super) fn is_partial(&self, name: &Name) -> bool {
		self.partial.contains_key(name)
	}

	/// Forgets what has run out, and says which records said so.
	pub(super) fn expire(&mut self, now: u64) -> Vec<Record> {
		let mut expired = Vec::new();
		self.kept.retain(|name, owners| {
			owners.retain(|owner, until| {
				let is_kept = *until >= now;
				if !is_kept {
					expired.push(Record::Keep { owner: *owner, name: *name, until: *until });
				}
				is_kept
			});
			!owners.is_empty()
		});
		self.partial.retain(|name, (bytes, until)| {
			let is_kept = *until >= now;
			if !is_kept {
				expired.push(Record::Partial { name: *name, bytes: *bytes, until: *until });
			}
			is_kept
		});
		let (kept, partial) = (&self.kept, &self.partial);
		self.only.retain(|name, keys| {
			let is_kept = kept.contains_key(name) || partial.contains_key(name);
			if !is_kept {
				expired.extend(keys.iter().map(|key| Record::Only { name: *name, key: *key }));
			}
			is_kept
		});
		expired
	}

	/// Only what is here, or still on its way, takes room. What has come in the meantime is kept for someone.
	pub(super) fn retain(&mut self, is_here: impl Fn(&Name) -> bool) {
		let (kept, partial) = (&self.kept, &self.partial);
		self.sizes.retain(|name, _| is_here(name) || kept.contains_key(name) || partial.contains_key(name));
	}

	/// What is half here takes as much room as the whole will.
	pub(super) fn count_partial(&mut self) {
		let Self { sizes, partial, .. } = self;
		for (name, (bytes, _)) in partial {
			sizes.entry(*name).or_insert(*bytes);
		}
	}

	pub(super) fn enter(&mut self, name: Name, bytes: u64) {
		self.sizes.insert(name, bytes);
	}

	pub(super) fn leave(&mut self, name: &Name) {
		self.sizes.remove(name);
	}

	pub(super) fn size(&self, name: &Name) -> Option<u64> {
		self.sizes.get(name).copied()
	}

	pub(super) fn all(&self) -> impl Iterator<Item = (&Name, &u64)> {
		self.sizes.iter()
	}

	pub(super) fn used(&self) -> u64 {
		self.sizes.values().fold(self.promised, |sum, bytes| sum.saturating_add(room(*bytes)))
	}

	pub(super) fn promise(&mut self, bytes: u64) {
		self.promised = self.promised.saturating_add(bytes);
	}

	pub(super) fn redeem(&mut self, bytes: u64) {
		self.promised = self.promised.saturating_sub(bytes);
	}

	/// Whether that peer may have it because it was named.
	pub(super) fn names(&self, name: &Name, key: &Key) -> bool {
		self.only.get(name).is_some_and(|keys| keys.contains(key))
	}

	/// Whether that peer may have it.
	pub(super) fn allows(&self, name: &Name, key: &Key) -> bool {
		self.only.get(name).is_none_or(|keys| keys.contains(key))
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn records_are_read_as_they_were_written() {
		let key = super::super::Secret::generate().key();
		let name = Name::of(b"x");
		for record in [
			Record::Keep { owner: [7; 32], name, until: 9 },
			Record::Partial { name, bytes: 5, until: 1 },
			Record::Only { name, key },
		] {
			assert_eq!(record.to_string().parse::<Record>().unwrap(), record);
		}
		for text in ["", "keep", "keep/x/y/z", "only/x", "auto-2026"] {
			assert!(text.parse::<Record>().is_err(), "{text}");
		}
	}

	#[test]
	fn what_runs_out_takes_its_restriction_along() {
		let key = super::super::Secret::generate().key();
		let name = Name::of(b"x");
		let mut ledger = Ledger::default();
		ledger.read(Record::Keep { owner: [1; 32], name, until: 10 });
		ledger.read(Record::Keep { owner: [2; 32], name, until: 20 });
		ledger.read(Record::Only { name, key });
		assert_eq!(ledger.expire(10), []);
		assert_eq!(ledger.expire(11), [Record::Keep { owner: [1; 32], name, until: 10 }]);
		assert!(!ledger.allows(&name, &super::super::Secret::generate().key()));
		assert_eq!(ledger.expire(21), [Record::Keep { owner: [2; 32], name, until: 20 }, Record::Only { name, key }]);
	}
}
