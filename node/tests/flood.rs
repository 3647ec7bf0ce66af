//! A node under flood: transactions that are worth nothing, more subscriptions than anybody needs, readers that do not
//! read, peers that talk nonsense or nothing at all, everything at once. Blocks go on, an honest transfer enters, and the
//! node keeps no more of it than it is meant to.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod common;

use anyhow::{bail, ensure, Context, Result};
use codec::Encode;
use common::{raw::Socket, within, Node};
use futures::future::try_join_all;
use jsonrpsee::{
	core::client::{Subscription, SubscriptionClientT},
	rpc_params,
};
use ogpu_protocol::token::OGPU;
use ogpu_runtime::{Address, RuntimeCall, SignedPayload, UncheckedExtrinsic};
use ogpu_runtime_testing::transfer;
use polkadot_sdk::{
	sp_core::{bytes::to_hex, sr25519, Pair, H256},
	sp_keyring::Sr25519Keyring::{Alice, Bob, Charlie, Dave, Eve, Ferdie},
	sp_runtime::{AccountId32, MultiSignature},
	*,
};
use serde_json::{json, Value};
use std::time::{Duration, Instant};
use tokio::{
	io::{AsyncReadExt, AsyncWriteExt},
	net::TcpStream,
};

/// As many transactions as the node may keep, a tenth of its default so that the flood need not be larger.
const POOL: usize = 800;
/// Of each kind of spam.
const SPAM: u32 = 300;
/// As many subscriptions as a connection may have, by default.
const MOST_SUBSCRIPTIONS: usize = 1_024;
/// Together they want more than ten thousand, and more than they get.
const READERS: usize = 6;
const SLOW_READERS: usize = 6;
const WANTED: usize = 1_100;
const PEERS: usize = 300;
/// What all of it may cost the node, with a wide margin.
const MOST_MIB: u64 = 400;

fn transaction(signer: &sr25519::Pair, nonce: u32, tip: u128, call: RuntimeCall, genesis: H256) -> String {
	let (extension, implicit) = ogpu_runtime_testing::extension(nonce, tip, genesis, None);
	let payload = SignedPayload::from_raw(call.clone(), extension.clone(), implicit);
	let signature: MultiSignature = payload.using_encoded(|payload| signer.sign(payload)).into();
	let transaction = UncheckedExtrinsic::new_signed(call, Address::Id(signer.public().into()), signature, extension);
	to_hex(&transaction.encode(), false)
}

/// Sends transactions, and returns how many the node took.
async fn submit(node: &Node, transactions: Vec<String>) -> Result<usize> {
	let mut taken = 0;
	for some in transactions.chunks(100) {
		let call = |transaction: &String| json!({ "jsonrpc": "2.0", "id": 1, "method": "author_submitExtrinsic", "params": [transaction] });
		let answers = node.ask(&Value::from_iter(some.iter().map(call)).to_string()).await?;
		let answers = answers.as_array().with_context(|| format!("each has an answer: {answers}"))?;
		ensure!(answers.len() == some.len());
		for answer in answers {
			ensure!(answer.get("result").is_some() || answer["error"]["message"].is_string(), "{answer}");
		}
		taken += answers.iter().filter(|answer| answer.get("result").is_some()).count();
	}
	Ok(taken)
}

/// What no block is to be bothered with, of each kind.
fn spam(genesis: H256) -> Vec<(&'static str, Vec<String>)> {
	let worth = || transfer(&AccountId32::new([9; 32]), OGPU);
	let each = |make: &dyn Fn(u32) -> String| (0..SPAM).map(make).collect::<Vec<_>>();
	let alice = Alice.pair();
	vec![
		(
			"of nobody",
			each(&|number| {
				to_hex(
					&UncheckedExtrinsic::new_bare(transfer(&AccountId32::new([9; 32]), number.into())).encode(),
					false,
				)
			}),
		),
		(
			"without funds",
			each(&|number| {
				let pauper = sr25519::Pair::from_seed(&sp_io::hashing::blake2_256(&number.to_le_bytes()));
				transaction(&pauper, 0, 0, worth(), genesis)
			}),
		),
		("stale", each(&|number| transaction(&alice, 0, number.into(), worth(), genesis))),
		("for another chain", each(&|number| transaction(&alice, number, 0, worth(), H256::repeat_byte(1)))),
		(
			"claims of what nobody has",
			each(&|number| {
				let call = ogpu_token::Call::claim {
					index: number,
					ethereum_address: Default::default(),
					amount: OGPU,
					proof: Default::default(),
					signature: [7; 65],
					destination: AccountId32::new([9; 32]),
				};
				to_hex(&UncheckedExtrinsic::new_bare(call.into()).encode(), false)
			}),
		),
		(
			"heartbeats of no device",
			each(&|number| {
				let call = ogpu_staking_trustlock::Call::heartbeat { id: number };
				transaction(&Bob.pair(), 0, 0, call.into(), genesis)
			}),
		),
		(
			"commitments to no request",
			each(&|number| {
				let call = ogpu_continuous_pool::Call::commit {
					request: H256::from_low_u64_be(number.into()),
					commitment: H256::zero(),
					leaves: 1,
				};
				transaction(&Bob.pair(), 0, 0, call.into(), genesis)
			}),
		),
		("bytes", each(&|number| to_hex(&sp_io::hashing::blake2_256(&number.to_le_bytes()).repeat(20), false))),
	]
}

fn subscribe(socket_number: usize) -> impl Iterator<Item = String> {
	(0..WANTED).map(move |number| {
		let id = socket_number * WANTED + number;
		json!({ "jsonrpc": "2.0", "id": id, "method": "chain_subscribeAllHeads", "params": [] }).to_string()
	})
}

/// Asks for too many subscriptions, and reads on: what was granted, and what was refused.
async fn reader(node: &Node, number: usize) -> Result<(Socket, usize, usize)> {
	let mut socket = Socket::open(node).await?;
	for request in subscribe(number) {
		socket.send(&request).await?;
	}
	let (mut granted, mut refused) = (0, 0);
	while granted + refused < WANTED {
		let message: Value = serde_json::from_str(&socket.next().await?.context("a connection that stays")?)?;
		granted += usize::from(message.get("result").is_some());
		refused += usize::from(message.get("error").is_some());
	}
	Ok((socket, granted, refused))
}

/// Peers that send bytes that mean nothing, or begin to speak, or are silent.
async fn hostile_peers(address: &str) -> Result<Vec<TcpStream>> {
	let mut peers = Vec::new();
	for number in 0..PEERS {
		let mut peer = TcpStream::connect(address).await?;
		match number % 3 {
			0 => peer.write_all(&sp_io::hashing::blake2_256(&number.to_le_bytes()).repeat(100)).await?,
			1 => peer.write_all(b"\x13/multistream/1.0.0\n").await?,
			_ => {}
		}
		peers.push(peer);
	}
	Ok(peers)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_under_flood_goes_on_and_keeps_nothing_of_it() -> Result<()> {
	let folder = tempfile::tempdir()?;
	let pool = POOL.to_string();
	let node =
		Node::start("dev", &["--dev", "--base-path", common::path(folder.path()), "--pool-limit", &pool]).await?;
	let genesis: H256 = node.block_hash(0).await?.context("every chain has a genesis")?.parse()?;
	ensure!(
		submit(&node, vec![transaction(&Alice.pair(), 0, 0, transfer(&AccountId32::new([8; 32]), OGPU), genesis)])
			.await? == 1
	);
	node.finalised(3).await?;
	let (start, before) = (Instant::now(), node.memory_mib()?);
	let height = best(&node).await?;

	let address = node.address().await?;
	let port = address.split("/tcp/").nth(1).and_then(|rest| rest.split('/').next()).context("a port")?;
	let mut peers = hostile_peers(&format!("127.0.0.1:{port}")).await?;

	// Ten thousand subscriptions and more, of people who read and of people who do not.
	let mut tasks = Vec::new();
	for number in 0..READERS {
		let (mut socket, granted, refused) = reader(&node, number).await?;
		assert_eq!((granted, refused), (MOST_SUBSCRIPTIONS, WANTED - MOST_SUBSCRIPTIONS));
		tasks.push(tokio::spawn(async move { while let Ok(Some(_)) = socket.next().await {} }));
	}
	let mut slow = Vec::new();
	for number in 0..SLOW_READERS {
		let mut socket = Socket::open(&node).await?;
		for request in subscribe(READERS + number) {
			socket.send(&request).await?;
		}
		slow.push(socket);
	}

	// Spam is refused; what is valid but comes in masses does not grow beyond the pool.
	for (what, transactions) in spam(genesis) {
		let taken = submit(&node, transactions).await?;
		assert_eq!(taken, 0, "{what}");
	}
	let future = (0..2 * POOL as u32)
		.map(|nonce| transaction(&Dave.pair(), 10 + nonce, 0, transfer(&AccountId32::new([7; 32]), OGPU), genesis));
	let future = submit(&node, future.collect()).await?;
	let ready = (0..2 * POOL as u32)
		.map(|nonce| transaction(&Eve.pair(), nonce, 0, transfer(&AccountId32::new([7; 32]), OGPU), genesis));
	let ready = submit(&node, ready.collect()).await?;
	println!("of {} transactions that must wait {future} were taken, of {} that need not {ready}", 2 * POOL, 2 * POOL);
	let pending: Vec<String> = node.call("author_pendingExtrinsics", rpc_params![]).await?;
	ensure!(pending.len() <= POOL, "{} wait", pending.len());

	// Nobody else gets a connection when all are taken, but those who have one keep it.
	let mut more = Vec::new();
	let mut refused = 0;
	for _ in 0..120 {
		match Socket::open(&node).await {
			Ok(socket) => more.push(socket),
			Err(_) => refused += 1,
		}
	}
	ensure!(refused > 0 && more.len() < 100, "{} connections more", more.len());

	// An honest transfer enters meanwhile.
	let honest = transaction(&Charlie.pair(), 0, OGPU / 100, transfer(&Ferdie.to_account_id(), OGPU), genesis);
	let sent = best(&node).await?;
	let mut heads: Subscription<Value> =
		node.client.subscribe("chain_subscribeNewHeads", rpc_params![], "chain_unsubscribeNewHeads").await?;
	let _: String = node.call("author_submitExtrinsic", rpc_params![honest]).await?;
	let charlie = to_hex(&Charlie.to_account_id().encode(), false);
	let entered = async {
		while let Some(head) = heads.next().await {
			let height = common::height_of(&head?)?;
			let at = node.block_hash(height).await?;
			let nonce: String =
				node.call("state_call", rpc_params!["AccountNonceApi_account_nonce", &charlie, at]).await?;
			if nonce == to_hex(&1u32.encode(), false) {
				return Ok(height);
			}
		}
		bail!("the subscription ended")
	};
	let entered = within(entered, "Charlie's transfer must enter").await?;
	ensure!(entered - sent <= 10, "only after {} blocks", entered - sent);

	// So many blocks later, everybody who does not read has been dropped, and all hostile peers.
	node.finalised(entered + 6).await?;
	let memory = node.memory_mib()?;
	println!(
		"{} blocks in {:.0?}; honest after {}; memory from {before} to {memory} MiB; {refused} connections refused",
		best(&node).await? - height,
		start.elapsed(),
		entered - sent
	);
	ensure!(memory < before + MOST_MIB, "from {before} to {memory} MiB");
	drop(more);
	let quiet = slow.iter_mut().map(|socket| async {
		// Subscriptions that live tell of a block every three seconds.
		while let Ok(message) = tokio::time::timeout(Duration::from_secs(12), socket.next()).await {
			if message?.is_none() {
				break;
			}
		}
		Ok(())
	});
	within(try_join_all(quiet), "who does not read must be dropped").await?;
	for peer in &mut peers {
		let gone = async {
			let _ = peer.read_to_end(&mut Vec::new()).await;
			Ok(())
		};
		within(gone, "a hostile peer must be cut off").await?;
	}
	tasks.iter().for_each(|task| task.abort());
	let last = best(&node).await?;
	node.finalised(last + 1).await?;
	Ok(())
}

async fn best(node: &Node) -> Result<u32> {
	common::height_of(&node.call::<Value>("chain_getHeader", rpc_params![]).await?)
}
