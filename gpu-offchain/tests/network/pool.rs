//! Requests to a service.

use super::world::*;
use ogpu_protocol::{class::Class, token::OGPU};
use ogpu_worker::chain::{calls::operator, state, types::*};

/// One leaf is audited, once.
const ONCE: Class = Class { doubled_billionths: 0, leaves_billionths: 1, ..Class::STANDARD };

const PROVIDER: &str = "[[device]]\nid = DEVICE\nthreads = 1\n";
const VERIFIER: &str = "[verifier]\nenabled = true\nthreads = 1\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_is_answered_audited_and_paid() {
	let Some(world) = world().await else { return };
	let service = world.publish(1, ONCE).await;
	let provider = format!("{PROVIDER}services = [{service}]\n");
	let mut provider = world.operator("Bob", 1_000 * OGPU, &provider).await;
	let mut verifier = world.operator("Alice", 0, VERIFIER).await;
	provider.sender.send(&world.chain, &operator::join(service, provider.device)).await.unwrap();
	provider.start();
	verifier.start();
	world
		.until("the device is online", async |at| {
			at.get(&state::DEVICES, (provider.device,)).await.unwrap()?.heartbeat
		})
		.await;
	let had = world.wealth(provider.account()).await;
	let checked = world.wealth(verifier.account()).await;
	let request = world.request(service, &["a first text", "another one", "and a third", "the last"]).await;
	assert_eq!(world.conclusion(request).await, Conclusion::Accepted);
	let fee = 4 * OGPU / 1_000;
	let earned = world.wealth(provider.account()).await - had;
	assert!(earned > fee * 8 / 10, "{earned}");
	assert!(world.wealth(verifier.account()).await > checked, "whoever checked is paid");
}
