//! What goes wrong around a worker.

use super::{
	pool::{is_online, provider, ONCE, TEXTS, VERIFIER},
	world::*,
};
use ogpu_worker::chain::{state, types::*, At};

/// A service of width one with a provider and a verifier.
async fn market(world: &World) -> (ServiceId, Party, Party) {
	let service = world.publish(1, ONCE).await;
	let bob = provider(world, "Bob", service).await;
	let verifier = world.operator("Alice", 0, VERIFIER).await;
	(service, bob, verifier)
}

async fn is_committed(world: &World, request: Hash) {
	let committed = async |at: &At| {
		let request = at.get(&state::REQUESTS, (request,)).await.unwrap()?;
		request.racers.iter().any(|racer| matches!(racer.racing, Racing::Committed { .. })).then_some(())
	};
	world.until("the result is committed to", committed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_believes_no_node_that_knows_another_chain_and_loses_nothing_where_it_has_no_choice() {
	let world = world().await;
	let (service, mut bob, mut verifier) = market(&world).await;
	// The same genesis, and other blocks.
	let (_other, elsewhere) = start_node();
	let urls = [format!("[{:?}]", world.url), format!("[{:?}, {elsewhere:?}]", world.url), format!("[{elsewhere:?}]")];
	bob.reconfigure(&urls[0], &urls[1]);
	bob.start();
	verifier.start();
	is_online(&world, &[&bob]).await;
	let request = world.request(service, &TEXTS).await;
	is_committed(&world, request).await;

	// Its node is gone, and the only one that is left has never heard of what was final.
	world.node.signal("STOP");
	bob.running().wait_for("that was final: it is behind, or lies");
	// A new process does not know what was final. It is told that nothing is open, and keeps what it may have to show.
	bob.kill();
	bob.reconfigure(&urls[1], &urls[2]);
	bob.start();
	bob.running().wait_for("settled");
	bob.kill();
	bob.reconfigure(&urls[2], &urls[0]);
	world.node.signal("CONT");
	bob.start();
	assert_eq!(world.conclusion(request).await, Conclusion::Accepted);
	assert_eq!(world.faults(bob.account()).await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_of_a_worker_is_noticed_and_nothing_is_lost_by_it() {
	let world = world().await;
	let (service, mut bob, mut verifier) = market(&world).await;
	bob.start();
	verifier.start();
	is_online(&world, &[&bob]).await;
	assert!(bob.stop().success());
	let copy = bob.start_copy();
	bob.start();
	copy.wait_for("connected");
	bob.running().wait_for("connected");
	let request = world.request(service, &TEXTS).await;
	is_committed(&world, request).await;
	let noticed = "was committed to in this worker's name, and not by it";
	world
		.until("one of them notices the other", async |_| {
			let said = [&copy, bob.running()].map(Process::said).concat();
			said.iter().any(|line| line.contains(noticed)).then_some(())
		})
		.await;
	assert_eq!(world.conclusion(request).await, Conclusion::Accepted);
	assert_eq!(world.faults(bob.account()).await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_whose_disks_are_full_reveal_what_they_have_committed_to_and_take_nothing_on() {
	let world = world().await;
	let (service, mut bob, mut verifier) = market(&world).await;
	bob.start_on_small_disk(400);
	verifier.start_on_small_disk(400);
	is_online(&world, &[&bob]).await;
	let request = world.request(service, &TEXTS).await;
	bob.running().wait_for("phase=Committed");
	bob.fill_disk();
	verifier.running().wait_for("phase=Committed");
	verifier.fill_disk();
	let another = world.request(service, &TEXTS).await;
	let declined = async |at: &At| {
		let request = at.get(&state::REQUESTS, (another,)).await.unwrap();
		let is_out = |racer: &Racer| racer.operator == bob.account() && racer.racing == Racing::Out;
		request.is_none_or(|request| request.racers.iter().any(is_out)).then_some(())
	};
	world.until("the other request is declined", declined).await;
	assert_eq!(world.conclusion(request).await, Conclusion::Accepted);
	for party in [&bob, &verifier] {
		assert_eq!(world.faults(party.account()).await, []);
		party.empty_disk();
	}
	let third = world.request(service, &TEXTS).await;
	is_committed(&world, third).await;
}
