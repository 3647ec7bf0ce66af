//! Receipts, as their readers get them: honest ones, forged ones, and broken ones.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod command;
mod world;

use codec::Encode;
use ogpu::receipt::{parse, verify, Chain, Conclusion, Proven, Receipt, Refusal, Trust, KNOWN};
use ogpu_protocol::{
	receipt::{Bytes, MOST_BYTES},
	record::{record_key, GENESIS_HASH, RECORDS, TIME},
};
use polkadot_sdk::{
	sp_consensus_grandpa::{ConsensusLog, ScheduledChange},
	sp_core::H256,
	sp_crypto_hashing::{blake2_128, twox_128},
	sp_runtime::traits::Header as _,
};
use proptest::prelude::*;
use std::{collections::BTreeSet, sync::OnceLock};
use world::*;

const TASK: H256 = H256::repeat_byte(8);

fn proven(story: &Story) -> Proven {
	// By way of the file, as everybody does.
	let file = serde_json::to_vec(&story.receipt()).unwrap();
	verify(&parse(&file).unwrap(), &story.trust()).unwrap_or_else(|refusal| panic!("{refusal}"))
}

fn refusal(story: &Story) -> String {
	verify(&story.receipt(), &story.trust()).unwrap_err().to_string()
}

#[test]
fn whoever_trusts_the_genesis_follows_two_changes_to_the_record() {
	let story = Story::of(Conclusion::Accepted);
	let proven = proven(&story);
	assert_eq!((proven.genesis, proven.number, proven.block), (story.genesis, 100, story.block.0.hash()));
	assert_eq!((proven.time, proven.changes, proven.authorities.set, proven.authorities.size()), (MADE, 2, 2, 6));
	assert_eq!((proven.signed.voters, proven.signed.weight, proven.signed.needed, proven.signed.total), (6, 6, 5, 6));
	assert_eq!(proven.records.len(), 1);
	assert_eq!((proven.records[0].name, proven.records[0].part), (TASK, None));
	assert_eq!(proven.records[0].record, record(Conclusion::Accepted));
}

#[test]
fn a_job_is_proven_by_its_parts() {
	let parts: Vec<_> = proven(&Story::of_job()).records.into_iter().map(|entry| entry.part).collect();
	assert_eq!(parts, [Some(0), Some(2), Some(3)]);
}

#[test]
fn whoever_knows_a_later_set_needs_no_genesis() {
	let story = Story::of(Conclusion::Accepted);
	let whole = proven(&story);
	let hash = whole.authorities.hash();
	let short = story.receipt().since(since(2)).unwrap();
	assert!(short.authorities.is_empty());
	let again = verify(&short, &Trust::Authorities(hash)).unwrap();
	assert_eq!((again.records, again.authorities), (whole.records, whole.authorities));
	// A receipt since genesis may say so as well.
	verify(&story.receipt().since(since(0)).unwrap(), &story.trust()).unwrap();
	assert_eq!(story.receipt().since(since(3)), None, "it does not reach so far");
	assert_eq!(story.receipt().since(since(2)).unwrap().since(since(1)), None, "nor back");
}

#[test]
fn votes_for_later_blocks_count_and_nobody_counts_twice() {
	let mut story = Story::of(Conclusion::Accepted);
	let (block, set) = (story.block.0.clone(), keys(2));
	let child = Header::new(101, H256::zero(), H256::zero(), block.hash(), Default::default());
	let fork = Header::new(101, H256::repeat_byte(1), H256::zero(), block.hash(), Default::default());
	let grandchild = Header::new(102, H256::zero(), H256::zero(), child.hash(), Default::default());
	let votes =
		[(&set[0], &block), (&set[1], &grandchild), (&set[2], &child), (&set[3], &fork), (&set[4], &grandchild)];
	let between = [&grandchild, &fork, &child];
	story.block.1 = justify(&block, 2, &votes, &between);
	assert_eq!(proven(&story).signed.weight, 5);
	// Somebody who voted for two blocks is one voter, also twice in the same way.
	let twice = [&votes[..4], [(&set[0], &child), (&set[0], &block)].as_slice()].concat();
	story.block.1 = justify(&block, 2, &twice, &between);
	assert!(refusal(&story).contains("the weight of its votes is 4, and 5 is needed"), "{}", refusal(&story));
	story.block.1 = justify(&block, 2, &[&votes[..], [(&set[0], &child)].as_slice()].concat(), &between);
	assert_eq!(proven(&story).signed.voters, 5);
}

#[test]
fn every_forgery_is_told_apart() {
	let mut told = BTreeSet::new();
	let mut refused = |why: &str, change: &dyn Fn(&mut Story)| {
		let mut story = Story::of(Conclusion::Accepted);
		change(&mut story);
		let said = refusal(&story);
		assert!(said.contains(why), "instead of {why:?} it was said: {said}");
		assert!(told.insert(said.clone()), "said twice: {said}");
	};
	refused("of the chain with the genesis 0x0000", &|it| it.genesis = H256::zero());
	refused("names the validation 0x0808", &|it| it.names.push(TASK));
	refused("the 1st change of authorities has a justification of another block", &|it| {
		it.changes[0].1 = it.changes[1].1.clone()
	});
	refused("the 2nd change of authorities is not signed by two thirds of the set before it: the weight of its votes is 2, and 3", &|it| {
		let header = &it.changes[1].0;
		it.changes[1].1 = all(header, 1, &keys(1)[..2]);
	});
	refused("the 2nd change of authorities carries a vote of somebody who is not in the set", &|it| {
		it.changes[1].1 = all(&it.changes[1].0, 1, &keys(0));
	});
	refused("the 1st change of authorities carries a vote whose signature is wrong", &|it| {
		it.changes[0].1 = all(&it.changes[0].0, 1, &keys(0));
	});
	refused("the 1st change of authorities changes nothing", &|it| {
		let empty = header(20, H256::zero(), vec![]);
		it.changes[0] = (empty.clone(), all(&empty, 0, &keys(0)));
	});
	refused("the 1st change of authorities forces new authorities", &|it| {
		let logs = [
			ConsensusLog::ScheduledChange(scheduled(&keys(1), 0)),
			ConsensusLog::ForcedChange(1, scheduled(&keys(1), 0)),
		];
		let forced = header(20, H256::zero(), logs.map(log).to_vec());
		it.changes[0] = (forced.clone(), all(&forced, 0, &keys(0)));
	});
	refused("the 1st change of authorities changes authorities later", &|it| {
		let late = header(20, H256::zero(), vec![log(ConsensusLog::ScheduledChange(scheduled(&keys(1), 1)))]);
		it.changes[0] = (late.clone(), all(&late, 0, &keys(0)));
	});
	refused("the 1st change of authorities is no set that could sign anything", &|it| {
		let nobody = ScheduledChange { next_authorities: vec![], delay: 0 };
		let nobody = header(20, H256::zero(), vec![log(ConsensusLog::ScheduledChange(nobody))]);
		it.changes[0] = (nobody.clone(), all(&nobody, 0, &keys(0)));
	});
	refused("the 2nd change of authorities is not higher", &|it| {
		let low = change(20, &keys(2));
		it.changes[1] = (low.clone(), all(&low, 1, &keys(1)));
	});
	refused("the block is not higher", &|it| {
		let low = header(50, it.block.0.state_root, vec![]);
		it.block = (low.clone(), all(&low, 2, &keys(2)));
	});
	refused("the block has a justification of another block", &|it| it.block.1 = it.changes[1].1.clone());
	refused("the block carries a vote of somebody who is not in the set", &|it| {
		it.changes.pop();
	});
	refused("the block carries a vote for a block that is not shown", &|it| {
		let child = Header::new(101, H256::zero(), H256::zero(), it.block.0.hash(), Default::default());
		let set = keys(2);
		let votes: Vec<_> = set.iter().map(|key| (key, &child)).collect();
		it.block.1 = justify(&it.block.0, 2, &votes, &[]);
	});
	refused("the block carries more than two votes for each", &|it| {
		let set = keys(2);
		let votes: Vec<_> = set.iter().cycle().take(13).map(|key| (key, &it.block.0)).collect();
		it.block.1 = justify(&it.block.0, 2, &votes, &[]);
	});
	refused("the block carries a header that no vote needs", &|it| {
		it.block.1.votes_ancestries.push(it.block.0.clone());
	});
	refused("the state is of a block of another chain", &|it| {
		let other = [(GENESIS_HASH.to_vec(), [7; 32].to_vec()), (TIME.to_vec(), MADE.encode())];
		*it = it.clone().with_state(&other);
	});
	refused("do not reach from the block to the hash of the first block", &|it| it.state.clear());
	refused("the block has no record of 0x0808", &|it| {
		*it = it.clone().with_state(&[(GENESIS_HASH.to_vec(), it.genesis.encode()), (TIME.to_vec(), MADE.encode())]);
	});
	refused("the record of 0x0808080808080808080808080808080808080808080808080808080808080808 is encoded", &|it| {
		let record = [record(Conclusion::Accepted).encode(), vec![0]].concat();
		let values = [(GENESIS_HASH.to_vec(), it.genesis.encode()), (record_key(blake2_128, &TASK.0), record)];
		*it = it.clone().with_state(&values);
	});
	refused("is no validation of the job", &|it| it.job = Some(H256::repeat_byte(6)));
	refused("has another client or manifest", &|it| {
		let job = Story::of_job();
		let other = ogpu::receipt::Record { manifest: [0; 32], ..record(Conclusion::Accepted) };
		let records: Vec<_> = job
			.names
			.iter()
			.zip([record(Conclusion::Accepted), record(Conclusion::Accepted), other])
			.map(|(name, record)| (*name, record))
			.collect();
		*it = Story::with(job.job, &records);
	});

	let receipt = Story::of(Conclusion::Accepted).receipt();
	let trust = Story::of(Conclusion::Accepted).trust();
	let mut said = |receipt: &Receipt, trust: &Trust, why: &str| {
		let said = verify(receipt, trust).unwrap_err().to_string();
		assert!(said.contains(why), "instead of {why:?} it was said: {said}");
		assert!(told.insert(said.clone()), "said twice: {said}");
	};
	let short = receipt.clone().since(since(1)).unwrap();
	said(&short, &trust, "begins with set 1 of authorities, not with the chain's first");
	said(&short, &Trust::Authorities(H256::zero()), "are not those that you trust");
	said(&receipt, &Trust::Authorities(H256::zero()), "does not say with which set");
	let mut broken = short.clone();
	broken.since.as_mut().unwrap().authorities = Bytes(vec![4]);
	said(&broken, &trust, "the set of authorities that it begins with is no set");
	let mut broken = receipt.clone();
	broken.block.header.0.push(0);
	said(&broken, &trust, "the block has a header that cannot be decoded");
	let mut broken = receipt.clone();
	broken.authorities[1].justification.0.pop();
	said(&broken, &trust, "the 2nd change of authorities has a justification that cannot be decoded");
}

#[test]
fn what_is_no_receipt_is_refused_before_it_is_looked_at() {
	let said = |file: &[u8]| parse(file).unwrap_err().to_string();
	assert!(said(b"{").contains("not a receipt"));
	assert!(said(&vec![b' '; MOST_BYTES + 1]).contains("16 MiB"));
	let mut receipt = Story::of(Conclusion::Accepted).receipt();
	receipt.version = 2;
	assert!(said(&serde_json::to_vec(&receipt).unwrap()).contains("format 2"));
	receipt.version = 1;
	for names in [0, 1_001] {
		receipt.names = (0..names).map(H256::from_low_u64_be).collect();
		assert!(said(&serde_json::to_vec(&receipt).unwrap()).contains(&format!("names {names} validations")));
	}
	let text = serde_json::to_string(&Story::of(Conclusion::Accepted).receipt()).unwrap();
	assert!(said(text.replacen("\"version\"", "\"trusted\":true,\"version\"", 1).as_bytes()).contains("unknown field"));
}

#[test]
fn the_places_in_the_state_are_where_the_runtime_puts_them() {
	assert_eq!(RECORDS.to_vec(), [twox_128(b"ResultValidation"), twox_128(b"Records")].concat());
	assert_eq!(TIME.to_vec(), [twox_128(b"Timestamp"), twox_128(b"Now")].concat());
	assert_eq!(GENESIS_HASH.to_vec(), block_hash_key(0));
}

#[test]
fn the_chains_that_come_along_are_for_trying_things_out() {
	let mut genesis = BTreeSet::new();
	for (name, spec) in KNOWN {
		let chain = Chain::of_spec(spec).unwrap();
		assert!(chain.is_public(), "{name} has public keys, and nobody may take its receipts for proofs");
		assert!(genesis.insert(chain.genesis), "{name} has a genesis of its own");
		assert_eq!(ogpu::receipt::known(chain.genesis).unwrap().unwrap().0, name);
	}
	assert!(!Chain::of_spec(&spec(&keys(0))).unwrap().is_public());
}

#[test]
fn a_spec_that_says_too_little_is_refused() {
	let refused = |spec: &str| format!("{:#}", Chain::of_spec(spec).unwrap_err());
	assert!(refused("").contains("not a chain spec"));
	assert!(refused(r#"{"name":"","genesis":{"runtimeGenesis":{}}}"#).contains("not raw"));
	assert!(
		refused(r#"{"name":"","genesis":{"raw":{"top":{},"childrenDefault":{"0x00":{}}}}}"#).contains("child tries")
	);
	assert!(refused(r#"{"name":"","genesis":{"raw":{"top":{}}}}"#).contains("does not say who finalises"));
	assert!(refused(&spec(&[])).contains("makes no sense"));
}

/// A receipt with later votes, so that there are bytes of every kind in it.
fn sample() -> &'static (Receipt, Trust, Proven, String) {
	static SAMPLE: OnceLock<(Receipt, Trust, Proven, String)> = OnceLock::new();
	SAMPLE.get_or_init(|| {
		let mut story = Story::of_job();
		let (block, set) = (story.block.0.clone(), keys(2));
		let child = Header::new(101, H256::zero(), H256::zero(), block.hash(), Default::default());
		let votes: Vec<_> =
			set.iter().enumerate().map(|(at, key)| (key, if at < 4 { &block } else { &child })).collect();
		story.block.1 = justify(&block, 2, &votes, &[&child]);
		let receipt = story.receipt().since(since(0)).unwrap();
		let text = serde_json::to_string(&receipt).unwrap();
		(receipt.clone(), story.trust(), verify(&receipt, &story.trust()).unwrap(), text)
	})
}

/// All bytes that a receipt carries.
fn bytes_of(receipt: &mut Receipt) -> Vec<&mut Vec<u8>> {
	let mut all: Vec<&mut Vec<u8>> = receipt.since.iter_mut().map(|since| &mut since.authorities.0).collect();
	for part in receipt.authorities.iter_mut().chain([&mut receipt.block]) {
		all.extend([&mut part.header.0, &mut part.justification.0]);
	}
	all.extend(receipt.state.iter_mut().map(|node| &mut node.0));
	all
}

fn same_or_refused(result: Result<Proven, Refusal>, expected: &Proven) -> Result<(), TestCaseError> {
	match result {
		Ok(proven) => prop_assert_eq!(&proven, expected),
		Err(refusal) => prop_assert!(!refusal.to_string().is_empty()),
	}
	Ok(())
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(400))]

	#[test]
	fn a_changed_byte_is_refused(at in any::<prop::sample::Index>(), byte in any::<prop::sample::Index>(), flip in 1_u8..) {
		let (receipt, trust, ..) = sample();
		let mut changed = receipt.clone();
		let mut all = bytes_of(&mut changed);
		let part = at.index(all.len());
		let place = byte.index(all[part].len());
		all[part][place] ^= flip;
		prop_assert!(verify(&changed, trust).is_err(), "byte {place} of part {part} may be anything");
	}

	#[test]
	fn bytes_that_are_lost_or_added_are_refused(at in any::<prop::sample::Index>(), byte in any::<prop::sample::Index>(), more in prop::option::of(any::<u8>())) {
		let (receipt, trust, expected, _) = sample();
		let mut changed = receipt.clone();
		let mut all = bytes_of(&mut changed);
		let part = at.index(all.len());
		let place = byte.index(all[part].len());
		match more {
			Some(more) => all[part].insert(place, more),
			None => all[part].truncate(place),
		}
		same_or_refused(verify(&changed, trust), expected)?;
	}

	#[test]
	fn a_changed_letter_of_the_file_is_refused(at in any::<prop::sample::Index>(), letter in any::<u8>()) {
		let (_, trust, expected, text) = sample();
		let mut file = text.clone().into_bytes();
		let place = at.index(file.len());
		file[place] = letter;
		same_or_refused(parse(&file).and_then(|receipt| verify(&receipt, trust)), expected)?;
	}

	#[test]
	fn any_bytes_are_read_without_harm(parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 20)) {
		let (receipt, trust, expected, _) = sample();
		let mut changed = receipt.clone();
		for (bytes, part) in bytes_of(&mut changed).into_iter().zip(parts).filter(|(_, part)| part.first() != Some(&0)) {
			*bytes = part;
		}
		same_or_refused(verify(&changed, trust), expected)?;
	}
}
