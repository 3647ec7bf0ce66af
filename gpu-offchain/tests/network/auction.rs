//! A training job, sold by auction.

use super::world::*;
use ogpu_protocol::token::OGPU;
use ogpu_worker::{
	artifacts::Name,
	chain::{calls::client, state, types::*},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_training_job_is_sold_done_in_milestones_and_paid_though_its_worker_is_killed_in_between() {
	let world = world().await;
	let bids = "[[device]]\nid = DEVICE\nthreads = 1\nbids = true\n[market]\ncost_of_tera = 10.0\n";
	let mut bob = world.operator("Bob", 1_000 * OGPU, bids).await;
	let mut charlie = world.operator("Charlie", 1_000 * OGPU, &bids.replace("10.0", "20.0")).await;
	let mut verifier = world.operator("Alice", 0, "[verifier]\nenabled = true\nthreads = 1\n").await;
	for operator in [&mut bob, &mut charlie, &mut verifier] {
		operator.start();
	}
	world
		.until("the devices are online", async |at| {
			at.get(&state::DEVICES, (bob.device,)).await.unwrap()?.heartbeat?;
			at.get(&state::DEVICES, (charlie.device,)).await.unwrap()?.heartbeat
		})
		.await;
	let had = world.wealth(bob.account()).await;
	let data =
		world.keep((0..1_800u32).map(|byte| if byte % 3 == 2 { byte as u8 % 4 } else { byte as u8 }).collect()).await;
	let manifest = format!(
		"version = 1\nkernels = \"repro-1\"\n[work.train]\nseed = 1\nsteps = 40\nsegment = 10\nbatch = 8\ndata = {}\n\
		[work.train.model.mlp]\ninputs = 2\nhidden = [16]\nclasses = 4\nactivation = \"relu\"\n\
		[work.train.optimiser.sgd]\nmomentum = 0.9\ndecay = 0.0\n\
		[work.train.schedule]\nrate = 0.1\nwarmup = 0\ndecline = \"constant\"\nfloor = 0.0\n",
		named(&data)
	);
	let manifest = world.keep(manifest.into_bytes()).await;
	let job = client::NewJob {
		kind: JobKind::Training,
		manifest: manifest.hash.0,
		start: Name::of(&[]).0,
		leaves: 4,
		part_leaves: 2,
		leaf: LeafShape { work: 1_000_000_000, recompute_work: 1_000_000_000, fetched_bytes: 4_000_000 },
		assurance: client::Assurance::Standard,
		capability: 0,
		needs: Needs { kind: None, memory_mb: 1, work_per_block: 1 },
		speed_billionths: 0,
		bidding_blocks: 20,
		longest_blocks: 5_000,
		reopens: 0,
	};
	world.client.send(&world.chain, &client::create(&job, OGPU / 2)).await.unwrap();
	let find = async |at: &ogpu_worker::chain::At| at.all(&state::JOBS, (), 10).await.unwrap().into_iter().next();
	let ((name,), _) = world.until("the job is there", find).await;
	let first = world
		.until("the first part is committed", async |at| {
			let job = at.get(&state::JOBS, (name,)).await.unwrap()?;
			job.run?.parts.first().cloned()
		})
		.await;
	let (endpoint, client) = (bob.endpoint(&world).await, key("//Ferdie"));
	let (ferdie, genesis) = (&client, world.chain.genesis());
	let answer = world
		.until("the client is told of it", async |_| {
			let answer = world.store.ask(&endpoint, &name, ferdie, &genesis).await.ok()?;
			(!answer.committed.is_empty()).then_some(answer)
		})
		.await;
	let (told, progress) = (answer.committed[0], answer.progress.unwrap());
	let task = world.chain.best().await.unwrap().get(&state::TASKS, (first.task,)).await.unwrap().unwrap();
	assert_eq!((told.task, told.leaves), (first.task, 2));
	assert!(told.opens(&bob.account(), &task.request.commitment));
	assert!((2..=4).contains(&progress.done) && progress.leaves == 4, "{progress:?}");
	assert_eq!(progress.losses.len(), progress.done as usize * 10, "a loss of each step: {progress:?}");
	// In the middle of it all.
	bob.kill();
	bob.start();
	assert_eq!(world.conclusion(first.task).await, Conclusion::Accepted);
	let gone = async |at: &ogpu_worker::chain::At| at.get(&state::JOBS, (name,)).await.unwrap().is_none().then_some(());
	world.until("the job is settled", gone).await;
	let second = ogpu_worker::agent::plan::task_name(&name, 1);
	assert_eq!(world.conclusion(second).await, Conclusion::Accepted);
	assert!(world.wealth(bob.account()).await > had, "it was cheaper, won, and was paid");
}
