//! The places in the chain's state that are read.

use super::{types::*, Entry};

const LOCKS_PALLET: &str = "StakingTrustlock";
const VALIDATION: &str = "ResultValidation";
const POOL: &str = "ContinuousPool";
const AUCTION: &str = "TrainingAuction";

/// What the network's clock shows.
pub const NOW: Entry<(), BlockNumber> = Entry::new("Clock", "Now");
/// When the block was made, in milliseconds since 1970.
pub const TIMESTAMP: Entry<(), u64> = Entry::new("Timestamp", "Now");
pub const ACCOUNTS: Entry<(AccountId,), Account> = Entry::new("System", "Account");

pub const LOCKS: Entry<(AccountId,), Lock> = Entry::new(LOCKS_PALLET, "Locks");
pub const PINS: Entry<(AccountId,), Vec<Pinned>> = Entry::new(LOCKS_PALLET, "Pins");
pub const OPERATORS: Entry<(AccountId,), Operator> = Entry::new(LOCKS_PALLET, "Operators");
pub const WORKERS: Entry<(AccountId,), Worker> = Entry::new(LOCKS_PALLET, "Workers");
pub const DEVICES: Entry<(DeviceId,), Device> = Entry::new(LOCKS_PALLET, "Devices");
pub const NEXT_DEVICE: Entry<(), DeviceId> = Entry::new(LOCKS_PALLET, "NextDevice");
pub const SUSPENDED: Entry<(AccountId,), BlockNumber> = Entry::new(LOCKS_PALLET, "Suspended");

pub const FAULTS: Entry<(AccountId,), Vec<FaultRecord>> = Entry::new(LOCKS_PALLET, "Faults");

pub const SERVICES: Entry<(ServiceId,), Service> = Entry::new(POOL, "Services");
pub const NEXT_SERVICE: Entry<(), ServiceId> = Entry::new(POOL, "NextService");
pub const MEMBERS: Entry<(ServiceId, DeviceId), Member> = Entry::new(POOL, "Members");
pub const REQUESTS: Entry<(Hash,), Request> = Entry::new(POOL, "Requests");

pub const JOBS: Entry<(Hash,), Job> = Entry::new(AUCTION, "Jobs");
pub const BIDS: Entry<(Hash, AccountId), SealedBid> = Entry::new(AUCTION, "Bids");
pub const JOB_TASKS: Entry<(Hash,), JobTask> = Entry::new(AUCTION, "Tasks");

pub const TASKS: Entry<(Hash,), Task> = Entry::new(VALIDATION, "Tasks");
pub const CHECKS: Entry<(Hash, u32), Check> = Entry::new(VALIDATION, "Checks");
pub const JURIES: Entry<(Hash, u32), Jury> = Entry::new(VALIDATION, "Juries");
pub const BALLOTS: Entry<(Hash, (u32, u32)), Vec<Ballot>> = Entry::new(VALIDATION, "Ballots");
pub const RECORDS: Entry<(Hash,), Record> = Entry::new(VALIDATION, "Records");
pub const OFFERS: Entry<(AccountId,), u32> = Entry::new(VALIDATION, "Offers");
pub const WINDOW: Entry<(), Window> = Entry::new(VALIDATION, "Window");

/// What clients read, for [`super::needs`].
pub const OF_CLIENTS: &[(&str, &str)] = &[
	("Clock", "Now"),
	("System", "Account"),
	(LOCKS_PALLET, "Locks"),
	(LOCKS_PALLET, "Pins"),
	(LOCKS_PALLET, "Operators"),
	(LOCKS_PALLET, "Workers"),
	(LOCKS_PALLET, "Devices"),
	(POOL, "Services"),
	(POOL, "Members"),
	(POOL, "Requests"),
	(AUCTION, "Jobs"),
	(VALIDATION, "Tasks"),
	(VALIDATION, "Checks"),
];

/// All of them, for [`super::needs`].
pub const ALL: &[(&str, &str)] = &[
	("Clock", "Now"),
	("Timestamp", "Now"),
	("System", "Account"),
	(LOCKS_PALLET, "Locks"),
	(LOCKS_PALLET, "Pins"),
	(LOCKS_PALLET, "Operators"),
	(LOCKS_PALLET, "Workers"),
	(LOCKS_PALLET, "Devices"),
	(LOCKS_PALLET, "NextDevice"),
	(LOCKS_PALLET, "Suspended"),
	(LOCKS_PALLET, "Faults"),
	(POOL, "Services"),
	(POOL, "NextService"),
	(POOL, "Members"),
	(POOL, "Requests"),
	(AUCTION, "Jobs"),
	(AUCTION, "Bids"),
	(AUCTION, "Tasks"),
	(VALIDATION, "Tasks"),
	(VALIDATION, "Checks"),
	(VALIDATION, "Juries"),
	(VALIDATION, "Ballots"),
	(VALIDATION, "Records"),
	(VALIDATION, "Offers"),
	(VALIDATION, "Window"),
];
