//! Requests to a service.

use super::world::*;
use ogpu_protocol::{class::Class, token::OGPU};
use ogpu_worker::{
	chain::{calls::operator, state, types::*, At},
	store::{Denial, Error},
};

/// One leaf is audited, once.
pub const ONCE: Class = Class { doubled_billionths: 0, leaves_billionths: 1, ..Class::STANDARD };

pub const PROVIDER: &str = "[[device]]\nid = DEVICE\nthreads = 1\n";
pub const VERIFIER: &str = "[verifier]\nenabled = true\nthreads = 1\n";

/// A provider of a service, whose worker has not started.
pub async fn provider(world: &World, name: &'static str, service: ServiceId) -> Party {
	let provider = world.operator(name, 1_000 * OGPU, &format!("{PROVIDER}services = [{service}]\n")).await;
	provider.sender.send(&world.chain, &operator::join(service, provider.device)).await.unwrap();
	provider
}

pub async fn is_online(world: &World, operators: &[&Party]) {
	for operator in operators {
		let heartbeat = async |at: &At| at.get(&state::DEVICES, (operator.device,)).await.unwrap()?.heartbeat;
		world.until("the device is online", heartbeat).await;
	}
}

pub const TEXTS: [&str; 4] = ["a first text", "another one", "and a third", "the last"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_is_answered_audited_and_paid() {
	let world = world().await;
	let service = world.publish(1, ONCE).await;
	let mut bob = provider(&world, "Bob", service).await;
	let mut verifier = world.operator("Alice", 0, VERIFIER).await;
	bob.start();
	verifier.start();
	is_online(&world, &[&bob]).await;
	let had = world.wealth(bob.account()).await;
	let checked = world.wealth(verifier.account()).await;
	let request = world.request(service, &TEXTS).await;
	assert_eq!(world.conclusion(request).await, Conclusion::Accepted);
	let fee = 4 * OGPU / 1_000;
	let earned = world.wealth(bob.account()).await - had;
	assert!(earned > fee * 8 / 10, "{earned}");
	assert!(world.wealth(verifier.account()).await > checked, "whoever checked is paid");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_hears_its_result_before_the_chain_does_and_a_worker_that_is_told_to_stop_commits_first() {
	let world = world().await;
	let service = world.publish(1, ONCE).await;
	let mut bob = provider(&world, "Bob", service).await;
	let mut verifier = world.operator("Alice", 0, VERIFIER).await;
	bob.start();
	verifier.start();
	is_online(&world, &[&bob]).await;
	let request = world.request(service, &TEXTS).await;
	bob.worker.as_ref().unwrap().wait_for("taken on");
	// What is computed by then is committed to before it goes: its race closes soon, or the call is on its way.
	bob.worker.as_ref().unwrap().wait_for("phase=Committed");
	assert!(bob.stop().success());
	let leads = async |at: &At| {
		let request = at.get(&state::REQUESTS, (request,)).await.unwrap()?;
		request.leader().map(|leader| leader.operator)
	};
	assert_eq!(world.until("somebody leads", leads).await, bob.account());
	bob.start();

	let (endpoint, client) = (bob.endpoint(&world).await, key("//Ferdie"));
	let (ferdie, dave) = (&client, &key("//Dave"));
	let genesis = world.chain.genesis();
	let told = world
		.until("it is told", async |_| {
			let answer = world.store.ask(&endpoint, &request, ferdie, &genesis).await.ok()?;
			answer.committed.first().copied()
		})
		.await;
	let task = world.chain.best().await.unwrap().get(&state::TASKS, (request,)).await.unwrap().unwrap();
	assert_eq!(task.outcome, None, "the chain knows nothing of it");
	assert!(told.opens(&bob.account(), &task.request.commitment), "but it is what the chain has a commitment of");
	assert_eq!((told.leaves, told.bytes), (4, 4 * 64 * 4));
	world.store.fetch(&told.artifact(), std::slice::from_ref(&endpoint), |_| {}).await.unwrap();
	let refused = world.store.ask(&endpoint, &request, dave, &genesis).await.unwrap_err();
	assert!(matches!(refused, Error::Denied { denial: Denial::NotYours, .. }), "{refused}");

	let revealed = async |at: &At| at.get(&state::TASKS, (request,)).await.unwrap()?.outcome;
	assert_eq!(world.until("it is revealed", revealed).await.output, told.output);
	assert_eq!(world.conclusion(request).await, Conclusion::Accepted);
	bob.worker.as_ref().unwrap().wait_for(&format!("earned by=\"{}\" ogpu=", bob.device));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_that_are_killed_at_every_step_lose_nothing() {
	let world = world().await;
	let service = world.publish(1, ONCE).await;
	let mut bob = provider(&world, "Bob", service).await;
	let mut verifier = world.operator("Alice", 0, VERIFIER).await;
	let bobs = bob.start_restless();
	let verifiers = verifier.start_restless();
	is_online(&world, &[&bob]).await;
	let (request, _) = world.request_privately(service, &TEXTS, &[bob.device]).await;
	assert_eq!(world.conclusion(request).await, Conclusion::Accepted);
	bob.calm();
	verifier.calm();
	let steps = |killed: std::collections::BTreeSet<String>| {
		let phase = |step: &String| step.split_once("phase=").unwrap().1.to_owned();
		killed.iter().map(phase).collect::<Vec<_>>()
	};
	let bobs = steps(bobs.join().unwrap());
	for phase in ["Computing", "Computed", "Committed"] {
		assert!(bobs.iter().any(|killed| killed == phase), "{phase}: {bobs:?}");
	}
	let verifiers = steps(verifiers.join().unwrap());
	for phase in ["Computing", "Computed", "Committed", "Revealed"] {
		assert!(verifiers.iter().any(|killed| killed == phase), "{phase}: {verifiers:?}");
	}
	let at = world.chain.best().await.unwrap();
	assert_eq!(at.get(&state::FAULTS, (bob.account(),)).await.unwrap().unwrap_or_default(), []);
	assert_eq!(at.get(&state::FAULTS, (verifier.account(),)).await.unwrap().unwrap_or_default(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_three_racers_one_lies_and_a_jury_convicts_it() {
	let world = world().await;
	let service = world.publish(3, ONCE).await;
	let mut racers = Vec::new();
	for name in ["Bob", "Charlie", "Dave"] {
		racers.push(provider(&world, name, service).await);
	}
	let mut verifier = world.operator("Alice", 0, VERIFIER).await;
	// All of them lie: whoever leads is convicted.
	for racer in &mut racers {
		racer.lie();
		racer.start();
	}
	verifier.start();
	is_online(&world, &racers.iter().collect::<Vec<_>>()).await;
	let request = world.request(service, &TEXTS).await;
	assert_eq!(world.conclusion(request).await, Conclusion::Convicted);
	let at = world.chain.best().await.unwrap();
	let record = at.get(&state::RECORDS, (request,)).await.unwrap().unwrap();
	let liar = racers.iter().find(|racer| racer.account() == record.provider).unwrap();
	let faults = at.get(&state::FAULTS, (liar.account(),)).await.unwrap().unwrap();
	assert!(faults.iter().any(|fault| fault.work == request && fault.taken > 0), "{faults:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn private_inputs_reach_whoever_runs_and_checks_them_and_nobody_else() {
	let world = world().await;
	let service = world.publish(8, ONCE).await;
	let mut bob = provider(&world, "Bob", service).await;
	let mut charlie = provider(&world, "Charlie", service).await;
	let mut verifier = world.operator("Alice", 0, VERIFIER).await;
	for operator in [&mut bob, &mut charlie, &mut verifier] {
		operator.start();
	}
	is_online(&world, &[&bob, &charlie]).await;
	let devices = [bob.device, charlie.device];
	let (request, inputs) = world.request_privately(service, &TEXTS, &devices).await;
	let had = [world.wealth(bob.account()).await, world.wealth(charlie.account()).await];
	let racers = world
		.until("both have committed", async |at| {
			let request = at.get(&state::REQUESTS, (request,)).await.unwrap()?;
			let have = request.racers.iter().all(|racer| matches!(racer.racing, Racing::Committed { .. }));
			(have && !request.racers.is_empty()).then_some(request.racers)
		})
		.await;
	world
		.until("somebody audits", async |at| {
			let task = at.get(&state::TASKS, (request,)).await.unwrap()?;
			(task.stage == Stage::Revealing).then_some(())
		})
		.await;
	// A stranger asks everybody who has them.
	let folder = tempfile::tempdir().unwrap();
	let mut settings = ogpu_worker::store::Settings::new(folder.path());
	settings.listen = "127.0.0.1:0".parse().unwrap();
	let stranger = ogpu_worker::store::Store::open(settings).await.unwrap();
	let mut sources = vec![world.store.endpoint().clone()];
	for operator in [&bob, &charlie, &verifier] {
		sources.push(operator.endpoint(&world).await);
	}
	assert!(stranger.fetch(&inputs, &sources, |_| {}).await.is_err());
	// Nor does the key get to one that has them in their sealed form.
	let sealed = world.store.get(&inputs).await.unwrap();
	assert!(!sealed.windows(8).any(|window| window == &TEXTS[0].as_bytes()[..8]), "it is sealed");
	assert_eq!(stranger.add(sealed).await.unwrap(), inputs);
	let locked = stranger.content_key(&inputs, &sources).await.unwrap_err().to_string();
	assert_eq!(locked.matches("does not let us in").count(), sources.len(), "{locked}");
	stranger.close().await;
	assert_eq!(world.conclusion(request).await, Conclusion::Accepted);
	// All had the same result: runners-up claim their shares when the leader's is known to be right.
	for (operator, had) in [&bob, &charlie].into_iter().zip(had) {
		if racers.iter().any(|racer| racer.operator == operator.account()) {
			let is_paid = async |_: &At| (world.wealth(operator.account()).await > had).then_some(());
			world.until("leader and runner-up are paid", is_paid).await;
		}
	}
}
