//! A small chain, made by hand: its spec, three sets of validators, and a block with records, final.

use codec::Encode;
use finality_grandpa::{Message, Precommit, SignedPrecommit};
use ogpu::receipt::{Chain, Conclusion, Receipt, Record, Since, Trust};
use ogpu_protocol::{
	commitment::Outcome,
	receipt::{Bytes, Final, VERSION},
	record::{part_name, record_key, GENESIS_HASH, TIME},
};
use polkadot_sdk::{
	sp_consensus_grandpa::{
		localized_payload, AuthorityList, Commit, ConsensusLog, GrandpaJustification, ScheduledChange,
		GRANDPA_ENGINE_ID,
	},
	sp_core::{crypto::AccountId32, ed25519, Pair, H256},
	sp_crypto_hashing::{blake2_128, blake2_256, twox_128, twox_64},
	sp_runtime::{
		generic::{self, Digest, DigestItem},
		traits::{BlakeTwo256, Header as _},
	},
	sp_trie::{read_trie_value, recorder::Recorder, LayoutV1, MemoryDB, TrieDBMutBuilder, TrieMut},
};
use serde_json::json;

pub type Header = generic::Header<u32, BlakeTwo256>;
pub type Justification = GrandpaJustification<Header>;
type Layout = LayoutV1<BlakeTwo256>;

pub const RESULT: &[u8] = b"the weights of a model";
pub const INPUT: &[u8] = b"what was asked";
pub const MANIFEST: &[u8] = b"kind = \"generate\"";
/// A Saturday.
pub const MADE: u64 = 1_795_294_800_000;
pub const ROUND: u64 = 7;

/// The keys of a set: the first has four, the second three, the third six.
pub fn keys(set: u8) -> Vec<ed25519::Pair> {
	let size = match set {
		0 => 4,
		1 => 3,
		_ => 6,
	};
	(0..size).map(|number| ed25519::Pair::from_seed(&[set * 16 + number + 1; 32])).collect()
}

pub fn list(keys: &[ed25519::Pair]) -> AuthorityList {
	keys.iter().map(|key| (key.public().into(), 1)).collect()
}

/// A chain spec whose blocks these finalise.
pub fn spec(keys: &[ed25519::Pair]) -> String {
	let hex = |bytes: &[u8]| serde_json::to_value(Bytes(bytes.to_vec())).unwrap();
	let authorities = [twox_128(b"Grandpa"), twox_128(b"Authorities")].concat();
	let top = json!({
		hex(&authorities).as_str().unwrap(): hex(&list(keys).encode()),
		hex(b":code").as_str().unwrap(): hex(&[7; 3_000]),
	});
	json!({ "name": "A small chain", "genesis": { "raw": { "top": top, "childrenDefault": {} } } }).to_string()
}

pub fn header(number: u32, state_root: H256, logs: Vec<DigestItem>) -> Header {
	Header::new(number, H256::repeat_byte(1), state_root, H256::repeat_byte(2), Digest { logs })
}

pub fn log(log: ConsensusLog<u32>) -> DigestItem {
	DigestItem::Consensus(GRANDPA_ENGINE_ID, log.encode())
}

pub fn scheduled(next: &[ed25519::Pair], delay: u32) -> ScheduledChange<u32> {
	ScheduledChange { next_authorities: list(next), delay }
}

/// A block that hands over to these.
pub fn change(number: u32, next: &[ed25519::Pair]) -> Header {
	// Others write there too.
	let other = DigestItem::Consensus(*b"BABE", vec![1, 2, 3]);
	header(number, H256::zero(), vec![other, log(ConsensusLog::ScheduledChange(scheduled(next, 0)))])
}

/// A justification of a block by these votes, and the headers between.
pub fn justify(block: &Header, set: u64, votes: &[(&ed25519::Pair, &Header)], between: &[&Header]) -> Justification {
	let vote = |(key, target): &(&ed25519::Pair, &Header)| {
		let precommit = Precommit { target_hash: target.hash(), target_number: *target.number() };
		let signature = key.sign(&localized_payload(ROUND, set, &Message::Precommit(precommit.clone())));
		SignedPrecommit { precommit, signature: signature.into(), id: key.public().into() }
	};
	let precommits = votes.iter().map(vote).collect();
	let commit = Commit::<Header> { target_hash: block.hash(), target_number: *block.number(), precommits };
	let votes_ancestries = between.iter().map(|header| (*header).clone()).collect();
	Justification { round: ROUND, commit, votes_ancestries }
}

/// All of them vote for this very block.
pub fn all(block: &Header, set: u64, keys: &[ed25519::Pair]) -> Justification {
	let votes: Vec<_> = keys.iter().map(|key| (key, block)).collect();
	justify(block, set, &votes, &[])
}

pub fn record(conclusion: Conclusion) -> Record<AccountId32> {
	let hash = |bytes| *blake3::hash(bytes).as_bytes();
	Record {
		provider: AccountId32::new([3; 32]),
		client: AccountId32::new([4; 32]),
		manifest: hash(MANIFEST),
		start: hash(INPUT),
		outcome: (conclusion != Conclusion::InputAtFault).then(|| Outcome { root: [9; 32], output: hash(RESULT) }),
		conclusion,
		leaves: 1_000,
		audit_billionths: 1_000_000_000,
		drawn: 50,
		juries: 0,
		executions: 0,
		detects_one_billionths: 40_000_000,
		detects_tenth_billionths: 985_000_000,
		closed: 4_321,
	}
}

/// The state of a block, as far as anybody may ask for it.
pub struct State {
	nodes: MemoryDB<BlakeTwo256>,
	pub root: H256,
}

impl State {
	pub fn new(values: &[(Vec<u8>, Vec<u8>)]) -> Self {
		let (mut nodes, mut root) = (MemoryDB::default(), H256::zero());
		let mut trie = TrieDBMutBuilder::<Layout>::new(&mut nodes, &mut root).build();
		for number in 0..300_u32 {
			trie.insert(&blake2_256(&number.encode()), &[5; 40]).unwrap();
		}
		for (key, value) in values {
			trie.insert(key, value).unwrap();
		}
		drop(trie);
		Self { nodes, root }
	}

	/// The nodes on the way to these keys, as a node proves them.
	pub fn prove(&self, keys: &[Vec<u8>]) -> Vec<Vec<u8>> {
		let recorder = Recorder::<BlakeTwo256>::default();
		for key in keys {
			let mut recording = recorder.as_trie_recorder(self.root);
			read_trie_value::<Layout, _>(&self.nodes, &self.root, key, Some(&mut recording), None).unwrap();
		}
		recorder.drain_storage_proof().into_iter_nodes().collect()
	}
}

/// A receipt that can be changed before it is written.
#[derive(Clone)]
pub struct Story {
	pub spec: String,
	pub genesis: H256,
	pub job: Option<H256>,
	pub names: Vec<H256>,
	pub changes: Vec<(Header, Justification)>,
	pub block: (Header, Justification),
	pub state: Vec<Vec<u8>>,
}

impl Story {
	/// A chain that changed its validators twice, and whose third set finalised block 100, in whose state these are.
	pub fn with(job: Option<H256>, records: &[(H256, Record<AccountId32>)]) -> Self {
		let spec = spec(&keys(0));
		let genesis = Chain::of_spec(&spec).unwrap().genesis;
		let mut values = vec![(GENESIS_HASH.to_vec(), genesis.encode()), (TIME.to_vec(), MADE.encode())];
		for (name, record) in records {
			values.push((record_key(blake2_128, &name.0), record.encode()));
		}
		let state = State::new(&values);
		let names: Vec<H256> = records.iter().map(|(name, _)| *name).collect();
		let (first, second, block) = (change(20, &keys(1)), change(50, &keys(2)), header(100, state.root, vec![]));
		Self {
			spec,
			genesis,
			job,
			changes: vec![(first.clone(), all(&first, 0, &keys(0))), (second.clone(), all(&second, 1, &keys(1)))],
			block: (block.clone(), all(&block, 2, &keys(2))),
			state: state.prove(&Receipt::keys(blake2_128, &names)),
			names,
		}
	}

	/// Of one result, which ended so.
	pub fn of(conclusion: Conclusion) -> Self {
		Self::with(None, &[(H256::repeat_byte(8), record(conclusion))])
	}

	/// Of a job in three parts, the second of which had to be done again.
	pub fn of_job() -> Self {
		let job = H256::repeat_byte(6);
		let parts =
			[0, 2, 3].map(|number| (part_name(blake2_256, &job.0, number).into(), record(Conclusion::Accepted)));
		Self::with(Some(job), &parts)
	}

	pub fn trust(&self) -> Trust {
		Trust::Chain(Chain::of_spec(&self.spec).unwrap())
	}

	pub fn receipt(&self) -> Receipt {
		let part = |(header, justification): &(Header, Justification)| Final {
			header: Bytes(header.encode()),
			justification: Bytes(justification.encode()),
		};
		Receipt {
			version: VERSION,
			genesis: self.genesis,
			job: self.job,
			names: self.names.clone(),
			since: None,
			authorities: self.changes.iter().map(part).collect(),
			block: part(&self.block),
			state: self.state.iter().cloned().map(Bytes).collect(),
		}
	}

	/// Gives the block another state, and has it signed anew.
	pub fn with_state(mut self, values: &[(Vec<u8>, Vec<u8>)]) -> Self {
		let state = State::new(values);
		let block = header(100, state.root, vec![]);
		self.state = state.prove(&Receipt::keys(blake2_128, &self.names));
		self.block = (block.clone(), all(&block, 2, &keys(2)));
		self
	}
}

/// A set as a receipt may begin with it.
pub fn since(set: u8) -> Since {
	Since { set: set.into(), authorities: Bytes(list(&keys(set)).encode()) }
}

/// Where a number of a block finds its hash.
pub fn block_hash_key(number: u32) -> Vec<u8> {
	let number = number.encode();
	[twox_128(b"System").as_slice(), &twox_128(b"BlockHash"), &twox_64(&number), &number].concat()
}
