//! What clients and providers ask a node about work: quotes, the state of jobs and requests, operators, services.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod common;

use anyhow::{Context, Result};
use codec::Encode;
use common::{openrpc::Document, within, Node};
use jsonrpsee::{
	core::{
		client::{Error as ClientError, SubscriptionClientT},
		params::ArrayParams,
	},
	rpc_params,
};
use ogpu_continuous_pool::{Delivery, Order, Requirements, Terms};
use ogpu_protocol::{
	class::Class,
	cost::{LeafCost, GIGA},
	token::{OGPU, SS58_PREFIX},
};
use ogpu_runtime::{Address, RuntimeCall, SignedPayload, UncheckedExtrinsic};
use ogpu_staking_trustlock::traits::DeviceKind;
use polkadot_sdk::{
	sp_core::{bytes::to_hex, crypto::set_default_ss58_version, sr25519, Pair, H256},
	sp_runtime::{AccountId32, MultiSignature},
};
use serde_json::{json, Value};

/// Somebody who sends one transaction after the other, each valid for ever.
struct Sender<'a> {
	node: &'a Node,
	key: sr25519::Pair,
	genesis: H256,
	nonce: u32,
}

impl<'a> Sender<'a> {
	async fn new(node: &'a Node, name: &str) -> Result<Self> {
		let genesis = node.block_hash(0).await?.context("every chain has a genesis")?.parse()?;
		Ok(Self { node, key: sr25519::Pair::from_string(name, None)?, genesis, nonce: 0 })
	}

	fn account(&self) -> AccountId32 {
		self.key.public().into()
	}

	/// Sends calls, and waits until the last of them is in a block.
	async fn send(&mut self, calls: impl IntoIterator<Item = RuntimeCall>) -> Result<()> {
		for call in calls {
			let (extension, implicit) = ogpu_runtime_testing::extension(self.nonce, 0, self.genesis, None);
			let payload = SignedPayload::from_raw(call.clone(), extension.clone(), implicit);
			let signature: MultiSignature = payload.using_encoded(|payload| self.key.sign(payload)).into();
			let transaction = UncheckedExtrinsic::new_signed(call, Address::Id(self.account()), signature, extension);
			let hex = to_hex(&transaction.encode(), false);
			let mut states = self
				.node
				.client
				.subscribe::<Value, _>("author_submitAndWatchExtrinsic", rpc_params![hex], "author_unwatchExtrinsic")
				.await?;
			self.nonce += 1;
			let included = async {
				while let Some(state) = states.next().await {
					if state?.get("inBlock").is_some() {
						return Ok(());
					}
				}
				anyhow::bail!("the node dropped the transaction")
			};
			within(included, "the transaction must be in a block").await?;
		}
		Ok(())
	}
}

fn terms() -> Terms {
	Terms {
		floor: OGPU / 1_000,
		class: Class::STANDARD,
		capability: 0,
		width: 1,
		delivery: Delivery::Verified,
		requirements: Requirements { kind: None, memory_mb: 0, score: 0, reputation_billionths: 0 },
	}
}

/// Asks a node, and holds what it answers against the document.
struct Asker<'a> {
	node: &'a Node,
	document: Document,
}

impl Asker<'_> {
	async fn ask(&self, method: &'static str, parameters: Value) -> Result<Value> {
		let given = parameters.as_array().context("parameters are a list")?;
		let mut encoded = ArrayParams::new();
		for parameter in given {
			encoded.insert(parameter)?;
		}
		let answer = self.node.call::<Value>(method, encoded).await;
		match &answer {
			Ok(answer) => {
				self.document.takes(method, given)?;
				self.document.answers(method, answer)?;
			}
			Err(error) => match error.downcast_ref::<ClientError>() {
				// Whatever makes no sense is refused with this code.
				Some(ClientError::Call(error)) if error.code() == -32_602 => {
					assert!(
						self.document.takes(method, given).is_err(),
						"{method} is described as taking {parameters}"
					);
				}
				Some(ClientError::Call(error)) => self.document.refuses(method, error.code())?,
				_ => {}
			},
		}
		answer
	}
}

fn code(error: &anyhow::Error) -> String {
	format!("{error:?}")
}

#[tokio::test]
async fn clients_and_providers_are_told_where_their_work_stands() -> Result<()> {
	set_default_ss58_version(SS58_PREFIX.into());
	let node = Node::start("dev", &["--dev"]).await?;
	let (mut client, mut provider) = (Sender::new(&node, "//Bob").await?, Sender::new(&node, "//Charlie").await?);
	let bob = client.account().to_string();
	let asker = Asker { node: &node, document: Document::read()? };
	let ask = |method: &'static str, parameters| asker.ask(method, parameters);

	let trust = |call: ogpu_staking_trustlock::Call<ogpu_runtime::Runtime>| RuntimeCall::from(call);
	let text = |text: &str| text.as_bytes().to_vec().try_into().unwrap();
	let register = ogpu_staking_trustlock::Call::register_device {
		kind: DeviceKind::Cuda,
		name: text("H200 in the cellar"),
		memory_mb: 143_771,
		endpoint: b"somewhere".to_vec().try_into().unwrap(),
		worker: provider.account(),
	};
	let lock = || trust(ogpu_staking_trustlock::Call::lock { amount: 100 * OGPU });
	provider.send([lock(), register.into()]).await?;
	let leaf = LeafCost { work: GIGA, recompute_work: GIGA, fetched_bytes: 1_000_000 };
	let publish = ogpu_continuous_pool::Call::publish_service { manifest: H256::repeat_byte(1), leaf, terms: terms() };
	client.send([lock(), publish.into()]).await?;

	let told = ask("ogpu_provider", json!([provider.account().to_string()])).await?;
	let charlie = provider.account().to_string();
	let device = json!({
		"id": 0, "kind": "cuda", "name": "H200 in the cellar", "memoryMb": 143_771, "endpoint": "somewhere",
		"worker": charlie, "workPerBlock": null, "measuredAt": null, "isOnline": false,
	});
	assert_eq!((&told["locked"], &told["devices"]), (&json!((100 * OGPU).to_string()), &json!([device])));
	assert_eq!(told["reputation"]["faultlessnessBillionths"], json!(1_000_000_000));

	let services = ask("ogpu_services", json!([])).await?["services"].clone();
	assert_eq!((&services[0]["id"], &services[0]["publisher"]), (&json!(0), &json!(bob)));
	assert_eq!((&services[0]["leafPrice"], &services[0]["members"]), (&json!((OGPU / 1_000).to_string()), &json!(0)));

	let quote = ask("ogpu_quote", json!([json!({ "client": bob, "service": 0, "ceilingLeaves": 10 })])).await?;
	assert_eq!((&quote["of"], &quote["fee"]), (&json!("request"), &json!((OGPU / 100).to_string())));
	assert_eq!(quote["devices"], json!([]), "nobody has joined");
	let nowhere = json!({ "client": bob, "service": 7, "ceilingLeaves": 10 });
	let refused = ask("ogpu_quote", json!([nowhere])).await.unwrap_err();
	assert!(code(&refused).contains("9006") && code(&refused).contains("NoSuchService"), "{refused:?}");
	let job = json!({
		"client": bob, "ceiling": OGPU.to_string(), "job": "training", "leaves": 100, "partLeaves": 50,
		"leafWork": GIGA.to_string(), "recomputeWork": GIGA.to_string(), "fetchedBytes": 1_000_000, "class": "standard",
		"biddingBlocks": 20, "longestBlocks": 5_000, "device": "cuda", "devices": [0, 1],
	});
	let quote = ask("ogpu_quote", json!([job.clone()])).await?;
	assert_eq!((&quote["of"], &quote["parts"]), (&json!("job"), &json!(2)));
	assert_eq!(quote["devices"][1]["reasons"], json!(["noSuchDevice"]));
	assert!(quote["devices"][0]["reasons"].as_array().unwrap().contains(&json!("offline")), "{quote}");

	let order = Order {
		inputs: H256::repeat_byte(9),
		ceiling_leaves: 10,
		prompt_work: 0,
		max_price: OGPU,
		window_blocks: 60,
		secret: None,
	};
	client.send([ogpu_continuous_pool::Call::request { service: 0, order }.into()]).await?;
	let tasks = ask("ogpu_tasks", json!([bob.clone()])).await?;
	let name = tasks["requests"]["names"][0].as_str().context("the request is there")?.to_owned();
	assert_eq!(tasks["requests"]["next"], Value::Null);
	let after = json!({ "requests": name });
	assert_eq!(ask("ogpu_tasks", json!([bob.clone(), after])).await?["requests"]["names"], json!([]));

	let mut changes = node
		.client
		.subscribe::<Value, _>("ogpu_subscribeTask", rpc_params![name.clone()], "ogpu_unsubscribeTask")
		.await?;
	let first = within(async { Ok(changes.next().await.context("it goes on")??) }, "the state must be told").await?;
	asker.document.tells("ogpu_subscribeTask", &first)?;
	assert_eq!((&first["task"]["is"], &first["task"]["client"]), (&json!("request"), &json!(bob)));
	assert_eq!(first["task"]["next"]["by"], json!([]));
	// Nobody serves it: the client has its money back after some draws.
	let mut before = first["task"].clone();
	let ended = async {
		while let Some(change) = changes.next().await {
			let mut change = change?;
			asker.document.tells("ogpu_subscribeTask", &change)?;
			let mut task = change["task"].take();
			if task.is_null() {
				return Ok(());
			}
			before["now"] = task["now"].clone();
			assert_ne!(task, before, "nothing but the clock has changed");
			before = task.take();
		}
		anyhow::bail!("the node dropped the subscription")
	};
	within(ended, "the request must end").await?;
	let refused = ask("ogpu_task", json!([name])).await.unwrap_err();
	assert!(code(&refused).contains("9005"), "{refused:?}");
	let refused = ask("ogpu_receipt", json!([name])).await.unwrap_err();
	assert!(code(&refused).contains("9005"), "{refused:?}");

	let bad = ask("ogpu_quote", json!([json!({ "client": bob, "service": "none" })])).await.unwrap_err();
	assert!(code(&bad).contains("InvalidParams") && code(&bad).contains("expected u32"), "{bad:?}");

	ask("ogpu_supply", json!([])).await?;
	let served: Value = node.call("rpc_methods", rpc_params![]).await?;
	let served = served["methods"].as_array().context("a list")?.iter().filter_map(Value::as_str);
	let mut served: Vec<_> = served.filter(|name| name.starts_with("ogpu_")).collect();
	let mut described = asker.document.names();
	served.sort_unstable();
	described.sort_unstable();
	assert_eq!(served, described, "docs/openrpc.json describes what there is");
	Ok(())
}
