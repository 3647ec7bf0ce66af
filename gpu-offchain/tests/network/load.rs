//! More than a worker can do at once.

use super::{
	pool::{is_online, ONCE, PROVIDER, TEXTS},
	world::*,
};
use ogpu_protocol::token::OGPU;
use ogpu_worker::chain::{calls::operator, At};

/// An idle worker has no more of the machine's memory.
const IDLE_BYTES: u64 = 100 << 20;
/// A thousand requests may take so much more.
const GROWTH_BYTES: u64 = 64 << 20;
/// No account has more open at once: a lock answers for 256 things.
const OF_CLIENT: usize = 250;
/// So many of them the worker has at once, at least: an operator is in at most 128 races.
const QUEUED: usize = 120;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_is_small_and_a_thousand_requests_that_wait_do_not_make_it_large() {
	let world = world().await;
	let service = world.publish(1, ONCE).await;
	let config = format!("{PROVIDER}queue = 1000\nservices = [{service}]\n");
	let mut bob = world.operator("Bob", 1_000 * OGPU, &config).await;
	bob.sender.send(&world.chain, &operator::join(service, bob.device)).await.unwrap();
	bob.start();
	is_online(&world, &[&bob]).await;
	let idle = bob.running().memory();
	println!("idle: {} MiB", idle >> 20);
	assert!(idle < IDLE_BYTES, "{idle}");

	world.request_often(&world.client, service, &TEXTS[..1], OF_CLIENT).await;
	for name in ["Charlie", "Dave", "Eve"] {
		let client = world.client(name).await;
		world.request_often(&client, service, &TEXTS[..1], OF_CLIENT).await;
	}
	let mut most = idle;
	let mut computed = 0;
	let done = async |_: &At| {
		let worker = bob.running();
		most = most.max(worker.memory());
		computed += worker.said().iter().filter(|line| line.contains("phase=Computed")).count();
		(computed >= QUEUED).then_some(())
	};
	world.until("what it was drawn for is computed", done).await;
	println!("with a thousand: {} MiB", most >> 20);
	assert!(most < idle + GROWTH_BYTES, "{idle} {most}");
}
