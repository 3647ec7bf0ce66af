//! GRANDPA on four validators: it needs three.

use anyhow::{ensure, Result};
use ogpu_zombienet::{with_network, Head, Node};

async fn all_reach(nodes: &[&Node], head: Head, height: u32) -> Result<()> {
	for node in nodes {
		node.reach(head, height).await?;
	}
	Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn three_of_four_finalise_without_the_fourth_which_then_catches_up() -> Result<()> {
	with_network("network.toml", async |network| {
		let [alice, bob, charlie, dave] = &network.validators()?;
		all_reach(&[alice, bob, charlie, dave], Head::Finalized, 2).await?;

		dave.pause().await?;
		let built_after = alice.height(Head::Best).await?.saturating_add(2);
		all_reach(&[alice, bob, charlie], Head::Finalized, built_after).await?;

		dave.resume().await?;
		let missed = alice.height(Head::Finalized).await?;
		dave.reach(Head::Finalized, missed).await?;
		ensure!(dave.hashes_to(missed).await? == alice.hashes_to(missed).await?, "dave finalised another chain");
		Ok(())
	})
	.await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_of_four_cannot_finalise_and_go_on_from_there_when_the_others_return() -> Result<()> {
	with_network("network.toml", async |network| {
		let [alice, bob, charlie, dave] = &network.validators()?;
		all_reach(&[alice, bob, charlie, dave], Head::Finalized, 2).await?;

		charlie.pause().await?;
		dave.pause().await?;
		// Votes that were under way may still finalise a block; two blocks later they have arrived.
		let settled = alice.height(Head::Best).await?.saturating_add(2);
		all_reach(&[alice, bob], Head::Best, settled).await?;
		let before = (alice.height(Head::Finalized).await?, bob.height(Head::Finalized).await?);

		let built = settled.saturating_add(5);
		all_reach(&[alice, bob], Head::Best, built).await?;
		// Finality never steps back, so equal at both ends means unmoved in between.
		let after = (alice.height(Head::Finalized).await?, bob.height(Head::Finalized).await?);
		ensure!(before == after, "two of four finalised: from {before:?} to {after:?}");
		let finalised = alice.hashes_to(after.0).await?;

		charlie.resume().await?;
		dave.resume().await?;
		for node in [alice, bob, charlie, dave] {
			node.reach(Head::Finalized, built).await?;
			ensure!(node.hashes_to(after.0).await? == finalised, "{} lost finalised blocks", node.name());
		}
		Ok(())
	})
	.await
}
