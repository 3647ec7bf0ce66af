//! Things break in the middle of live jobs, and every job ends as the rules say: docs/markets.md, docs/validation.md.

use std::collections::BTreeMap;

use anyhow::{ensure, Context, Result};
use ogpu_zombienet::{
	chain::{bytes, hex, variant, Account, Chain, Event, Field},
	checks,
	chronicle::Chronicle,
	world::{with_world, Cast, Order, World, HONEST},
	Head,
};
use tokio::sync::Mutex;
use zombienet_sdk::subxt::{dynamic::Value, ext::scale_value::At as _};

/// What everybody with a worker has locked.
async fn locks(world: &World<'_>, chain: &Chain) -> Result<BTreeMap<&'static str, (Account, u128)>> {
	let (at, _) = chain.head(true).await?;
	let mut locks = BTreeMap::new();
	for worker in world.providers.iter().chain(&world.verifiers) {
		locks.insert(worker.name, (worker.account, chain.locked(at, &worker.account).await?));
	}
	Ok(locks)
}

/// All that is open comes to its end: runners-up may claim their shares until then. Then the money adds up, and a lock is
/// smaller by what events say was taken of it, for faults of those who may have had one.
async fn all_is_well(
	world: &World<'_>,
	chronicle: &Chronicle,
	before: &BTreeMap<&'static str, (Account, u128)>,
	at_fault: &[&str],
) -> Result<()> {
	let ended = world.watch.until("nothing is open", async |chain, _| {
		let (last, height) = chain.head(true).await?;
		Ok(checks::nothing_is_stuck(chain, last).await?.is_empty().then_some((last, height)))
	});
	let (at, height) = ended.await?;
	let chain = world.watch.chain().await?;
	checks::money_adds_up(&chain, at).await?;
	chronicle.reach(height).await?;
	let slashes = chronicle.all("StakingTrustlock.Slashed");
	for (name, (who, had)) in before {
		let of_it = |event: &&Event| event.block <= height && event.bytes("who") == Some(*who);
		let taken: u128 = slashes.iter().filter(of_it).filter_map(|event| event.number("amount")).sum();
		let has = chain.locked(at, who).await?;
		ensure!(
			*had == has.saturating_add(taken),
			"{name} had {had} locked and has {has}, of which {taken} were taken"
		);
		ensure!(taken == 0 || at_fault.contains(name), "{name} is honest, and lost {taken}");
		eprintln!("{name}: {had} locked at first, {taken} taken");
	}
	Ok(())
}

/// What an event says that is about this work.
async fn of(chronicle: &Chronicle, name: &str, field: &str, about: Account) -> Result<Event> {
	chronicle.event(name, |event| event.bytes(field) == Some(about)).await
}

const TWO_AND_THREE: Cast =
	Cast { providers: &["One", "Two"], verifiers: &["Alice", "Bob", "Charlie"], class: "standard", engines: HONEST };

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_and_a_verifier_are_killed_and_a_validator_hangs_and_all_work_is_done() -> Result<()> {
	with_world(&TWO_AND_THREE, async |world| {
		let chronicle = Chronicle::begin(world.watch.url()).await?;
		let before = locks(world, &world.watch.chain().await?).await?;
		let mut asked = world.order("Eve", Order::Ask, 1)?;
		let mut trained = world.order("Bob//stash", Order::Train, 2)?;
		let (question, job) = tokio::try_join!(asked.name(), trained.name())?;
		let accounts: Vec<_> = world.verifiers.iter().map(|worker| (worker.name, worker.account)).collect();
		let [one, two] = ["One", "Two"].map(|name| world.worker(name).map(|worker| worker.account));
		let (one, two, watch) = (one?, two?, world.watch.clone());
		let [.., dave] = world.network.validators()?;
		let shared = &Mutex::new(&mut *world);

		// A verifier is killed between its commitment and its reveal, and stays away until its silence is known.
		let verified = async {
			let committed = watch.until("an auditor has committed", async |chain, at| {
				for leaf in 0..4u32 {
					let keys = vec![Value::from_bytes(question), Value::u128(leaf.into())];
					let check = chain.get(at, "ResultValidation", "Checks", keys).await?;
					let auditor = check.as_ref().and_then(|check| check.at("first")?.at(0));
					let is_it = |auditor: &&Field| auditor.at("answer").and_then(variant) == Some("Committed");
					if let Some(auditor) = auditor.filter(is_it) {
						return Ok(auditor.at("operator").and_then(bytes));
					}
				}
				Ok(None)
			});
			let account = committed.await?;
			let silent = accounts.iter().find(|(_, verifier)| *verifier == account).context("a stranger audits")?.0;
			shared.lock().await.worker(silent)?.kill().await?;
			eprintln!("{silent} was killed after its commitment");
			of(&chronicle, "ResultValidation.JuryCalled", "task", question).await?;
			shared.lock().await.start(silent)?;
			let judged = of(&chronicle, "ResultValidation.JuryClosed", "task", question).await?;
			eprintln!("the jury has closed: {:?}", judged.field("verdict"));
			let is_fined =
				|event: &Event| event.bytes("operator") == Some(account) && event.bytes("task") == Some(question);
			chronicle.event("ResultValidation.Fined", is_fined).await?;
			let ended = asked.ended().await?;
			ensure!(ended.is_accepted, "the answer was right, and is not accepted: {}", ended.why);
			Ok(silent)
		};

		// A validator hangs while bids are taken. The others go on without it. Then the provider commits to the first part, and
		// is killed for good before it can show any of it.
		let done = async {
			dave.pause().await?;
			let started = of(&chronicle, "TrainingAuction.Started", "job", job).await?;
			ensure!(started.bytes("provider") == Some(one), "One is cheaper, and did not win");
			dave.resume().await?;
			dave.reach(Head::Finalized, started.block).await?;

			let committed = of(&chronicle, "TrainingAuction.PartCommitted", "job", job).await?;
			ensure!(committed.number("part") == Some(0), "{committed:?}");
			shared.lock().await.worker("One")?.kill().await?;
			eprintln!("One was killed in block {}, after its first commitment", chronicle.height());
			let is_substitute = |event: &Event| event.bytes("job") == Some(job) && event.bytes("provider") != Some(one);
			let offered = chronicle.event("TrainingAuction.Offered", is_substitute).await?;
			ensure!(offered.number("part") == Some(0), "nothing is verified yet: {offered:?}");
			eprintln!("Two is offered the job in block {}", offered.block);
			let ended = trained.ended().await?;
			ensure!(ended.is_accepted, "the runner-up has done the work, and it is not accepted: {}", ended.why);
			let settled = of(&chronicle, "TrainingAuction.Settled", "job", job).await?;
			ensure!(settled.bytes("provider") == Some(two), "{settled:?}");
			anyhow::Ok(())
		};
		let (silent, ()) = tokio::try_join!(verified, done)?;
		all_is_well(world, &chronicle, &before, &["One", silent]).await
	})
	.await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_is_cut_restarted_and_upgraded_finishes_what_was_begun() -> Result<()> {
	with_world(&TWO_AND_THREE, async |world| {
		let chronicle = Chronicle::begin(world.watch.url()).await?;
		let chain = world.watch.chain().await?;
		let before = locks(world, &chain).await?;
		let mut asked = world.order("Eve", Order::Embed, 1)?;
		let trained = world.order("Bob//stash", Order::Train, 2)?;
		let rendered = world.order("Charlie//stash", Order::Render, 3)?;
		let question = asked.name().await?;
		of(&chronicle, "ContinuousPool.Led", "request", question).await?;

		// Two halves, of which neither hears the other: first one makes blocks, then the other makes others.
		let [alice, bob, charlie, dave] = &world.network.validators()?;
		let watch = world.watch.clone();
		for node in [charlie, dave] {
			node.pause().await?;
		}
		let parted = alice.height(Head::Best).await?;
		alice.reach(Head::Best, parted.saturating_add(4)).await?;
		let (first_half, fork) = (alice.hashes_to(alice.height(Head::Best).await?).await?, parted.saturating_add(3));
		for node in [alice, bob, &watch] {
			node.pause().await?;
		}
		for node in [charlie, dave] {
			node.resume().await?;
		}
		charlie.reach(Head::Best, parted.saturating_add(4)).await?;
		let second_half = charlie.hashes_to(fork).await?;
		let last = |hashes: &[_]| hashes.get(fork as usize).copied();
		ensure!(last(&first_half) != last(&second_half), "both halves have made the same block {fork}");
		for node in [alice, bob, &watch] {
			node.resume().await?;
		}
		for node in [alice, bob, charlie, dave, &watch] {
			node.reach(Head::Finalized, parted.saturating_add(8)).await?;
		}
		let healed = alice.hashes_to(parted).await?;
		for node in [bob, charlie, dave] {
			ensure!(node.hashes_to(parted).await? == healed, "{} finalised another chain", node.name());
		}

		// Every node crashes, and is started again.
		for node in [alice, bob, charlie, dave, &watch] {
			node.restart().await?;
		}
		for node in [alice, bob, charlie, dave, &watch] {
			let height = chronicle.height().saturating_add(3);
			node.reach(Head::Finalized, height).await?;
		}

		// The runtime is replaced by the next one while all of it goes on.
		let chain = world.watch.chain().await?;
		let version = chain.version().await?;
		chain.upgrade(&next_runtime()?).await?;
		watch
			.until("the next runtime is there", async |_, _| {
				Ok((watch.chain().await?.version().await? > version).then_some(()))
			})
			.await?;
		let last = world.order("Eve", Order::Ask, 4)?;

		for order in [asked, trained, rendered, last] {
			let what = order.what;
			let ended = order.ended().await?;
			ensure!(ended.is_accepted, "{what:?} is not accepted: {}", ended.why);
		}
		all_is_well(world, &chronicle, &before, &[]).await
	})
	.await
}

/// The wasm of the runtime under the next version number, which the build of the tests leaves beside the node.
fn next_runtime() -> Result<Vec<u8>> {
	let beside = || Some(ogpu_zombienet::node_binary().ok()?.parent()?.join(NEXT_RUNTIME));
	let path = std::env::var_os("OGPU_NEXT_RUNTIME").map(Into::into).or_else(beside).context("there is no node")?;
	std::fs::read(&path)
		.with_context(|| format!("{}: say `make test-network`, or name one in OGPU_NEXT_RUNTIME", path.display()))
}

const NEXT_RUNTIME: &str = "wbuild/ogpu-runtime/next_runtime.rs.compact.compressed.wasm";

/// Computes rightly, and says that each leaf put out something else: the first digit is another one, in what was run and
/// in what was checked. So liars agree with each other and with nobody else.
const LIE: &str = "\"$ENGINE\" \"$@\" || exit\n\
	for file in progress.json checked.json; do\n\
	[ -f \"$2/$file\" ] && sed -i -e 's/\\[\"[0-7]/[@8/g' -e 's/\\[\"[89a-f]/[@0/g' -e 's/\\[@/[\"/g' \"$2/$file\"\n\
	done\nexit 0\n";

/// The auditor of a leaf does not sit on its jury: of the three that are left, Dave has a third of the seats.
const LEAGUE: Cast = Cast {
	providers: &["One", "Two"],
	verifiers: &["Alice", "Bob", "Charlie", "Dave"],
	class: "assured",
	engines: |name| matches!(name, "Two" | "Dave").then_some(LIE),
};

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_and_a_verifier_lie_in_concert_and_only_they_pay() -> Result<()> {
	with_world(&LEAGUE, async |world| {
		let chronicle = Chronicle::begin(world.watch.url()).await?;
		let before = locks(world, &world.watch.chain().await?).await?;
		let (one, two) = (world.worker("One")?.account, world.worker("Two")?.account);
		let (mut convicted, mut accepted) = (0, 0);
		let mut number = 0;
		// Who leads is drawn by lot: until both have.
		while convicted == 0 || accepted == 0 {
			let mut orders = Vec::new();
			for client in ["Eve", "Bob//stash", "Charlie//stash"] {
				number += 1;
				orders.push(world.order(client, Order::Embed, number)?);
			}
			for mut order in orders {
				let request = order.name().await?;
				let ended = order.ended().await?;
				let led = of(&chronicle, "ContinuousPool.Led", "request", request).await?;
				let leader = led.field("operator").and_then(bytes).context("nobody leads")?;
				let concluded = of(&chronicle, "ResultValidation.Concluded", "task", request).await?;
				let conclusion = concluded.variant("conclusion").unwrap_or_default();
				eprintln!("request {}: {conclusion}, of {}", hex(&request), if leader == two { "Two" } else { "One" });
				if leader == one {
					ensure!(
						ended.is_accepted && conclusion == "Accepted",
						"One is honest: {conclusion}, {}",
						ended.why
					);
					accepted += 1;
				} else {
					ensure!(!ended.is_accepted && conclusion == "Convicted", "Two lies: {conclusion}, {}", ended.why);
					convicted += 1;
				}
			}
			ensure!(number < 30, "{convicted} were convicted and {accepted} accepted of {number}");
		}
		eprintln!("{convicted} lies were found, and {accepted} right results were accepted");
		all_is_well(world, &chronicle, &before, &["Two", "Dave"]).await
	})
	.await
}
