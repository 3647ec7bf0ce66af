//! A node that joins late does not have to execute the past.

use anyhow::{ensure, Context, Result};
use ogpu_zombienet::{with_network, Head};

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_node_warps_across_authority_sets_and_follows_finality() -> Result<()> {
	with_network("short-eras.toml", async |network| {
		let [alice, ..] = network.validators()?;
		// From here on, a proof of finality has to hand over from one set to the next.
		alice.log("Applying GRANDPA set change").await?;

		let eve = network.join("eve", &["--no-mdns", "--sync=warp"]).await?;
		eve.log("Warp sync is complete").await?;
		let next = alice.height(Head::Finalized).await?.saturating_add(2);
		eve.reach(Head::Finalized, next).await?;

		let hashes = alice.hashes_to(next).await?;
		let (first, last) = (hashes.get(1).context("block 1")?, hashes.last().context("the last block")?);
		ensure!(eve.has_state(*last).await?, "eve does not execute the blocks that she follows");
		// A node that executed the chain has it: nothing is pruned at this height.
		ensure!(alice.has_state(*first).await?, "alice has no state of block 1 to compare with");
		ensure!(!eve.has_state(*first).await?, "eve has executed block 1, so she did not warp");
		Ok(())
	})
	.await
}
