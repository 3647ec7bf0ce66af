//! What is hashed: trees, claims, commitments and leaves.

use super::{
	any, blake2,
	json::{bytes, case, name, object, Json, ToJson},
	Area,
};
use ogpu_protocol::{
	claims,
	commitment::{
		binding, secret_commitment, seed, seed_with_secret, Audit, Finding, Obstacle, Outcome, Place, Value, Vote,
		SECRET_SEED_BLOCKS, SEED_BLOCKS,
	},
	leaf::{self, Job, Leaf, Proven, Reveal},
	merkle::{self, root_from, Hash, Tree},
	token::{format_ogpu, parse_ogpu, Balance, CAP, CIRCULATING, OGPU},
};
use sha3::{Digest, Keccak256};

pub fn merkle() -> Area {
	let leaf = |content: &[u8]| merkle::leaf(blake2, content);
	let leaves = |count: u32| (0..count).map(|index| leaf(&index.to_le_bytes())).collect::<Vec<_>>();
	let tree = |count: u32| Tree::new(blake2, leaves(count));
	let tree_case = |count: u32| {
		let contents: Vec<_> = (0..count).map(|index| bytes(&index.to_le_bytes())).collect();
		let out = tree(count).map(|tree| {
			let proofs: Vec<_> = (0..count).map(|index| tree.proof(index)).collect();
			object! { root: tree.root(), proofs }
		});
		case(object! { contents }, out)
	};
	let root_case = |count: u32, index: u32, leaf: Hash, proof: &[Hash]| {
		case(object! { count, index, leaf, proof }, root_from(blake2, count, index, leaf, proof.iter().copied()))
	};
	let proof = tree(7).unwrap().proof(5).unwrap();
	let of_last = tree(7).unwrap().proof(6).unwrap();
	let five = leaves(7)[5];
	let deep: Vec<_> = (0..32).map(|level| any(&format!("level {level}"))).collect();
	Area {
		name: "merkle",
		description: "Merkle trees: the hash of a leaf with a content, roots and proofs of whole trees \
			(the proof of each leaf in order), and the root that a proof leads to.",
		sections: vec![
			(
				"leaves",
				[&b""[..], b"\0", b"ogpu", &[0xff; 200]]
					.map(|content| case(object! { content: bytes(content) }, leaf(content)))
					.to_vec(),
			),
			("trees", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 13].map(tree_case).to_vec()),
			(
				"roots",
				vec![
					root_case(7, 5, five, &proof),
					root_case(7, 6, leaves(7)[6], &of_last),
					// Another place, and none.
					root_case(7, 4, five, &proof),
					root_case(7, 7, five, &proof),
					root_case(0, 0, five, &[]),
					root_case(1, 0, five, &[]),
					// Too short, too long.
					root_case(7, 5, five, &proof[1..]),
					root_case(7, 5, five, &[proof.as_slice(), &[[0; 32]]].concat()),
					root_case(1, 0, five, &[[0; 32]]),
					// The largest tree: all 32 siblings, and for its last leaf as many since every level is odd.
					root_case(u32::MAX, 0, five, &deep),
					root_case(u32::MAX, u32::MAX - 1, five, &deep[..31]),
					root_case(u32::MAX, u32::MAX - 1, five, &deep),
					root_case(1 << 31 | 1, 1 << 31, five, &deep[..1]),
				],
			),
		],
	}
}

fn keccak(bytes: &[u8]) -> Hash {
	Keccak256::digest(bytes).into()
}

pub fn claims() -> Area {
	let addresses = ["0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"]
		.map(|text| claims::parse_address(keccak, text).unwrap());
	let ends = [[0; 20], [0xff; 20]];
	let addresses: Vec<_> = addresses.into_iter().chain(ends).collect();
	let amounts = [0, 1, OGPU / 2, CIRCULATING, CAP, Balance::MAX];
	let holders =
		[(0, 0, OGPU), (1, 1, CIRCULATING), (2, 2, 0), (u32::MAX, 3, Balance::MAX), (claims::MAX_LEAVES, 0, 1)];
	let leaf_case = |(index, holder, amount): (u32, usize, Balance)| {
		let address = addresses[holder];
		case(object! { index, address, amount }, claims::leaf(keccak, index, &address, amount))
	};
	let destination = "iNDW7QrAUDFTBs2X1x3EEGdcUvXJXfRqqNCDZHEiFFKXKFZ1M";
	let message_case = |index: u32, amount: Balance, genesis: Hash| {
		let message = claims::message(&genesis, index, amount, destination);
		let signed_hash = keccak(&claims::personal(&message));
		case(object! { genesis, index, amount, destination }, object! { message, signed_hash })
	};
	let key = |what: &str| {
		let mut key = [0; 64];
		key[..32].copy_from_slice(&any(what));
		key[32..].copy_from_slice(&any(&what.repeat(2)));
		key
	};
	let key_case = |key: [u8; 64]| {
		let address = claims::address_of(keccak, &key);
		case(
			object! { public_key: bytes(&key) },
			object! { address, checksummed: claims::checksummed(keccak, &address) },
		)
	};
	let read = [
		"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
		"0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
		"0x5AAEB6053F3E94C9B9A09F33669435E7EF1BEAED",
		"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD",
		"5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
		"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe",
		"0X5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
		"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAg0",
	];
	let texts =
		["0", "1000", "0.5", "0.000000000000000001", "12.50", "21000000", "1.", ".5", "-1", "0.0000000000000000001"];
	Area {
		name: "claims",
		description: "Claims from Ethereum, hashed with Keccak-256: the leaves of the snapshot, the \
			message that a holder signs (EIP-191) and its hash, addresses with their checksum \
			(EIP-55), and amounts as people write them.",
		sections: vec![
			("leaves", holders.map(leaf_case).to_vec()),
			(
				"messages",
				[(0, OGPU), (7, 25 * OGPU / 2), (999_999, 1), (u32::MAX, Balance::MAX)]
					.map(|(index, amount)| message_case(index, amount, any("genesis")))
					.to_vec(),
			),
			("keys", [key("one"), key("two"), [0; 64]].map(key_case).to_vec()),
			(
				"addresses",
				read.map(|address| {
					case(
						object! { text: address },
						claims::parse_address(keccak, address).map_or_else(name, |read| read.json()),
					)
				})
				.to_vec(),
			),
			("formatted", amounts.map(|amount| case(object! { amount }, format_ogpu(amount))).to_vec()),
			("parsed", texts.map(|amount| case(object! { text: amount }, parse_ogpu(amount))).to_vec()),
		],
	}
}

/// What a juror or an auditor found: two hashes by name, or the obstacle.
fn finding<T: Copy>(finding: &Finding<T>, hashes: impl Fn(T) -> Json) -> Json {
	finding.map_or_else(name, hashes)
}

pub fn audit_json(audit: &Finding<Audit>) -> Json {
	finding(audit, |Audit { opening, digest }| object! { opening, digest })
}

pub fn vote_json(vote: &Finding<Vote>) -> Json {
	finding(vote, |Vote { digest, binding }| object! { digest, binding })
}

pub fn commitment() -> Area {
	fn commit<V: Value>(value: &V, json: Json, round: u32) -> Json {
		let place = Place { task: any("task"), round, account: any("account") };
		let Place { task, account, .. } = place;
		let salt = any("salt");
		case(object! { task, round, account, value: json, salt }, place.commit(blake2, value, &salt))
	}
	let outcomes = [(any("root"), any("output"), 0), ([0; 32], [0xff; 32], u32::MAX)]
		.map(|(root, output, round)| commit(&Outcome { root, output }, object! { root, output }, round));
	let obstacles = [Obstacle::OutputMissing, Obstacle::InputMissing, Obstacle::InputInvalid];
	let audits =
		[Ok(Audit { opening: any("opening"), digest: any("digest") }), Ok(Audit { opening: [0; 32], digest: [0; 32] })]
			.into_iter()
			.chain(obstacles.map(Err));
	let votes =
		[Ok(Vote { digest: any("digest"), binding: any("binding") }), Ok(Vote { digest: [0; 32], binding: [0; 32] })]
			.into_iter()
			.chain(obstacles.map(Err));
	let authors = |count: u32| (0..count).map(|block| any(&format!("author of block {block}"))).collect::<Vec<_>>();
	let seed_case = |blocks: u32, round: u32| {
		let (author_outputs, task) = (authors(blocks), any("task"));
		let out = seed(blake2, &author_outputs, &task, round);
		case(object! { author_outputs, task, round }, out)
	};
	let secret_seed_case = |blocks: u32, round: u32| {
		let (author_outputs, secret, task) = (authors(blocks), any("secret"), any("task"));
		let out = seed_with_secret(blake2, &author_outputs, &secret, &task, round);
		case(object! { author_outputs, secret, task, round }, out)
	};
	let secret_case =
		|client: Hash, secret: Hash| case(object! { client, secret }, secret_commitment(blake2, &client, &secret));
	let binding_case = |leaf_bytes: &[u8]| {
		let round_seed = any("round seed");
		case(object! { round_seed, leaf_bytes: bytes(leaf_bytes) }, binding(blake2, &round_seed, leaf_bytes))
	};
	Area {
		name: "commitment",
		description: "Commitments of providers (results), auditors and jurors, seeds of rounds with and \
			without a client's secret, the commitment to that secret, and what binds a vote to a \
			leaf's bytes.",
		sections: vec![
			("results", outcomes.to_vec()),
			("audits", audits.map(|audit| commit(&audit, audit_json(&audit), 0)).collect()),
			("votes", votes.map(|vote| commit(&vote, vote_json(&vote), 3)).collect()),
			(
				"seeds",
				vec![seed_case(SEED_BLOCKS, 0), seed_case(SEED_BLOCKS, u32::MAX), seed_case(1, 0), seed_case(0, 0)],
			),
			(
				"secret_seeds",
				vec![
					secret_seed_case(SECRET_SEED_BLOCKS, 0),
					secret_seed_case(SECRET_SEED_BLOCKS, 7),
					secret_seed_case(0, 0),
				],
			),
			("secrets", vec![secret_case(any("client"), any("secret")), secret_case([0; 32], [0xff; 32])]),
			("bindings", [&b""[..], b"a leaf's bytes", &[7; 300]].map(binding_case).to_vec()),
		],
	}
}

fn leaf_of(index: u32) -> Leaf {
	let hash = |part: &str| any(&format!("{part} {index}"));
	Leaf { output: hash("output"), carry: hash("carry"), trace: hash("trace") }
}

fn leaf_json(Leaf { output, carry, trace }: &Leaf) -> Json {
	object! { output, carry, trace }
}

fn proven_json(Proven { leaf, proof }: &Proven) -> Json {
	object! { leaf: leaf_json(leaf), proof }
}

pub fn leaf() -> Area {
	let task = any("task");
	let empty = blake2(b"");
	let digest_case = |index: u32, leaf: Leaf| {
		case(object! { task, index, leaf: leaf_json(&leaf) }, leaf.digest(blake2, &task, index))
	};
	let all: Vec<_> = (0..5).map(leaf_of).collect();
	let tree = leaf::tree(blake2, &task, &all).unwrap();
	let job = Job { task, leaves: 5, root: tree.root(), start: any("start") };
	let proven = |index: u32| Proven { leaf: all[index as usize], proof: tree.proof(index).unwrap() };
	let reveal = |index: u32| Reveal { leaf: proven(index), before: index.checked_sub(1).map(proven) };
	let check_case = |job: Job, index: u32, opening: Hash, reveal: Reveal| {
		let out = job.check(blake2, index, &opening, &reveal);
		let Job { task, leaves, root, start } = job;
		let shown = object! { leaf: proven_json(&reveal.leaf), before: reveal.before.as_ref().map(proven_json) };
		let job = object! { task, leaves, root, start };
		let out = match out {
			Ok(digest) => object! { digest },
			Err(mismatch) => object! { mismatch: name(mismatch) },
		};
		case(object! { job, index, opening, reveal: shown }, out)
	};
	let honest = |index: u32| {
		let opening = index.checked_sub(1).map_or(job.start, |before| all[before as usize].carry);
		check_case(job, index, opening, reveal(index))
	};
	let carry = all[1].carry;
	let changed = Proven { leaf: Leaf { trace: empty, ..all[2] }, ..proven(2) };
	let changed_before = Proven { leaf: Leaf { output: empty, ..all[1] }, ..proven(1) };
	let mut checks: Vec<_> = (0..5).map(honest).collect();
	checks.extend([
		check_case(job, 2, carry, Reveal { leaf: changed.clone(), ..reveal(2) }),
		check_case(job, 3, all[2].carry, reveal(2)),
		check_case(job, 5, all[4].carry, Reveal { leaf: proven(4), before: Some(proven(4)) }),
		check_case(Job { leaves: 6, ..job }, 2, carry, reveal(2)),
		check_case(Job { task: any("another task"), ..job }, 2, carry, reveal(2)),
		check_case(job, 2, carry, Reveal { before: Some(changed_before), ..reveal(2) }),
		check_case(job, 2, all[0].carry, Reveal { before: Some(proven(0)), ..reveal(2) }),
		check_case(job, 2, carry, Reveal { before: None, ..reveal(2) }),
		check_case(job, 0, job.start, Reveal { before: Some(proven(4)), ..reveal(0) }),
		check_case(job, 2, any("elsewhere"), reveal(2)),
		check_case(job, 0, any("elsewhere"), reveal(0)),
		// Several faults: the first is named.
		check_case(job, 2, any("elsewhere"), Reveal { leaf: changed, before: None }),
	]);
	let root_case = |count: u32| {
		let leaves: Vec<_> = (0..count).map(leaf_of).collect();
		let json: Vec<_> = leaves.iter().map(leaf_json).collect();
		case(object! { task, leaves: json }, leaf::tree(blake2, &task, &leaves).map(|tree| tree.root()))
	};
	let bare = Leaf { output: any("output"), carry: empty, trace: empty };
	Area {
		name: "leaf",
		description: "Leaves of a job: their digests, the root that is its result, and the check of what a \
			provider shows of a drawn leaf.",
		sections: vec![
			("digests", vec![digest_case(0, leaf_of(0)), digest_case(u32::MAX, leaf_of(1)), digest_case(1, bare)]),
			("roots", [0, 1, 2, 3, 5].map(root_case).to_vec()),
			("checks", checks),
		],
	}
}
