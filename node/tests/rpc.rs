//! A node answers whatever is sent to its RPC: with an error, soon, in bounded memory, and goes on.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod common;

use anyhow::{ensure, Context, Result};
use common::{openrpc::Document, raw::Socket, within, Node};
use jsonrpsee::rpc_params;
use serde_json::{json, Value};
use std::time::{Duration, Instant};

/// How JSON-RPC says that parameters, or the whole, are not what they should be.
const INVALID_PARAMS: i64 = -32_602;
const PARSE_ERROR: i64 = -32_700;
const INVALID_REQUEST: i64 = -32_600;
const TOO_LARGE: i64 = -32_007;
const BATCH_TOO_LARGE: i64 = -32_011;

/// More than this, and somebody can make a node run out of memory.
const MOST_MIB: u64 = 600;

/// No answer to nonsense takes longer, even on a busy machine.
const SOON: Duration = Duration::from_secs(20);

fn call(method: &str, parameters: &str) -> String {
	format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{parameters}}}"#)
}

/// Values that no method takes, or that are about nothing.
fn nonsense() -> Vec<String> {
	let long = "x".repeat(1_000_000);
	let digits = "9".repeat(1_000_000);
	let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
	let mut values: Vec<String> = [
		"null",
		"true",
		"-1",
		"0",
		"1.5",
		"1e400",
		"4294967296",
		"18446744073709551616",
		"\"\"",
		"\"0x\"",
		"\"0xzz\"",
		"\"340282366920938463463374607431768211456\"",
		"\"\\u0000\"",
		"\"\\ud800\"",
		"[]",
		"{}",
		"[[]]",
		"{\"service\":{}}",
		"{\"jobs\":\"0x\",\"requests\":[]}",
		"{\"client\":null,\"service\":0}",
	]
	.map(String::from)
	.to_vec();
	values.push(format!("\"0x{}\"", "0".repeat(64)));
	values.push(format!("\"0x{}\"", "f".repeat(64)));
	values.push(format!("\"0x{}\"", "f".repeat(1_000_000)));
	values.push(format!("\"{long}\""));
	// The alphabet of addresses, as long as addresses are not.
	values.push(format!("\"{}\"", "5GrwvaEF".repeat(120_000)));
	values.push(digits);
	values.push(nested(100));
	values.push(nested(100_000));
	values.push(format!("[{}0]", "0,".repeat(200_000)));
	values.push(format!("{{\"{long}\":1}}"));
	values.push(format!("{{\"client\":\"{long}\",\"service\":0,\"ceilingLeaves\":1}}"));
	values
}

/// The node lives and makes blocks, in bounded memory.
async fn is_well(node: &Node) -> Result<()> {
	let best = async { common::height_of(&node.call::<Value>("chain_getHeader", rpc_params![]).await?) };
	let height: u32 = within(best, "the node must answer").await?;
	node.finalised(height + 1).await?;
	let memory = node.memory_mib()?;
	ensure!(memory < MOST_MIB, "it has {memory} MiB");
	Ok(())
}

/// A question of so many devices as nobody has, and a price beyond all numbers.
fn questions_beyond_measure() -> Vec<String> {
	let client = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
	let job = |devices: usize, leaves: &str| {
		let devices: Vec<_> = (0..devices).collect();
		let most = u128::MAX.to_string();
		json!({
			"client": client, "ceiling": most, "job": "training", "leaves": leaves.parse::<u32>().unwrap(),
			"partLeaves": u32::MAX, "leafWork": most, "recomputeWork": most, "fetchedBytes": most, "class": "high",
			"biddingBlocks": u32::MAX, "longestBlocks": u32::MAX, "workPerBlock": most, "devices": devices,
		})
	};
	let request = json!({
		"client": client, "service": u32::MAX, "ceilingLeaves": u32::MAX, "promptWork": u128::MAX.to_string(),
		"maxPrice": u128::MAX.to_string(), "windowBlocks": u32::MAX,
	});
	[job(1_001, "1"), job(1_000, "4294967295"), job(0, "0"), request].iter().map(|asked| format!("[{asked}]")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_is_answered_with_an_error_by_every_method() -> Result<()> {
	let folder = tempfile::tempdir()?;
	let node = Node::start("dev", &["--dev", "--base-path", common::path(folder.path())]).await?;
	let document = Document::read()?;
	let mut slowest = (Duration::ZERO, String::new());
	let mut count = 0;
	let mut names: Vec<_> = document.names().into_iter().filter(|name| !name.contains("ubscribe")).collect();
	// The one method of the SDK that takes an address.
	names.extend(["system_accountNextIndex", "account_nextIndex"]);
	for name in names {
		let alone =
			nonsense().into_iter().flat_map(|value| [format!("[{value}]"), format!("[{value},{value}]"), value]);
		let beyond = questions_beyond_measure();
		for parameters in alone.chain(beyond) {
			let start = Instant::now();
			let answer = node.ask(&call(name, &parameters)).await.with_context(|| name.to_owned())?;
			let time = start.elapsed();
			let shown: String = parameters.chars().take(100).collect();
			ensure!(time < SOON, "{name}({shown}) took {time:?}");
			if time > slowest.0 {
				slowest = (time, format!("{name}({shown})"));
			}
			let Some(code) = answer["error"]["code"].as_i64() else {
				// Some nonsense has a meaning: nothing is like no parameter, and zero is a number of services.
				ensure!(!answer["result"].is_null(), "{name}({shown}): {answer}");
				continue;
			};
			let of_ours = i32::try_from(code).is_ok_and(|code| document.refuses(name, code).is_ok());
			ensure!(
				of_ours || [INVALID_PARAMS, PARSE_ERROR, INVALID_REQUEST].contains(&code),
				"{name}({shown}): {answer}"
			);
			count += 1;
		}
	}
	println!("{count} refusals; the slowest took {:?}: {}", slowest.0, slowest.1);
	ensure!(count > 500, "{count} refusals");
	is_well(&node).await
}

#[tokio::test(flavor = "multi_thread")]
async fn bombs_and_garbage_are_refused_and_cost_no_memory() -> Result<()> {
	let folder = tempfile::tempdir()?;
	let node = Node::start("dev", &["--dev", "--base-path", common::path(folder.path())]).await?;
	node.finalised(1).await?;
	let before = node.memory_mib()?;
	let code = |answer: &Value| answer["error"]["code"].as_i64();

	// Too much, in every shape.
	let (status, answer) = node.post(&vec![b' '; 40 << 20]).await?;
	ensure!(status == 413 && code(&serde_json::from_slice(&answer)?) == Some(TOO_LARGE), "{status}");
	let metadata = call("state_getMetadata", "[]");
	let batch = |one: &str, times: usize| format!("[{}{one}]", format!("{one},").repeat(times - 1));
	let supply = call("ogpu_supply", "[]");
	for bomb in [batch(&metadata, 2_000), batch(&supply, 100_000), batch("[]", 1_000_000), batch("1", 5_000_000)] {
		let answer = node.ask(&bomb).await?;
		ensure!(code(&answer) == Some(BATCH_TOO_LARGE), "{answer}");
	}
	let answer = node.ask("[]").await?;
	ensure!(code(&answer) == Some(INVALID_REQUEST), "{answer}");

	// Bytes that are no JSON, no text, no HTTP, or never end.
	let (status, _) = node.post(&[0xff; 10_000]).await?;
	ensure!(status == 200 || status == 400, "{status}");
	for garbage in [&[0u8; 10_000][..], b"GET / HTTP/1.1\r\n\r\n", b"PUT / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00"] {
		let _ = tokio::time::timeout(Duration::from_secs(5), node.exchange(garbage)).await;
	}
	let mut waiting = Vec::new();
	for _ in 0..40 {
		let mut stream = tokio::net::TcpStream::connect(node.rpc_address()).await?;
		let promise = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 15000000\r\n\r\n[";
		tokio::io::AsyncWriteExt::write_all(&mut stream, promise).await?;
		waiting.push(stream);
	}

	// WebSockets that say what is no JSON-RPC; a good question after it is answered, or the connection is over.
	for (first, body) in [
		(0x81, b"{".to_vec()),
		(0x81, vec![0xff; 1_000]),
		(0x82, vec![0; 1_000]),
		(0x83, vec![1; 100]),
		(0xff, vec![2; 100]),
		(0x01, b"[".repeat(100_000)),
		(0x81, b"[".repeat(1_000_000)),
		(0x81, vec![b' '; 20 << 20]),
		(0x89, vec![0; 125]),
	] {
		let mut socket = Socket::open(&node).await?;
		if socket.frame(first, &body).await.is_ok() && socket.send(&supply).await.is_ok() {
			let answer = socket.next().await;
			println!("{first:#x}, {} bytes: {answer:.200?}", body.len());
		}
	}
	let mut socket = Socket::open(&node).await?;
	socket.raw(&[0x5a; 5_000]).await?;
	let _ = socket.next().await;

	drop(waiting);
	is_well(&node).await?;
	println!("from {before} to {} MiB", node.memory_mib()?);
	Ok(())
}
