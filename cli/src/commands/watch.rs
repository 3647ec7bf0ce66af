//! Watching a task.

use super::{ask, connection::ClientArgs, live, say};
use anyhow::Result;
use clap::Args;
use ogpu::{home::Kind, Error};

/// Watch a task to its end
///
/// Serves your store meanwhile, as the task needs it. The answer to a request is printed when it can be had; of a job,
/// what is stopped here goes on, and `ogpu fetch` writes its result.
#[derive(Debug, Args)]
pub struct WatchCmd {
	/// The task, or the first digits of its name
	name: String,
	/// Waive windows for challenges, and so have the verdict earlier
	#[arg(long)]
	accept: bool,
	#[command(flatten)]
	connection: ClientArgs,
	/// Print one JSON object a line
	#[arg(long)]
	json: bool,
}

impl WatchCmd {
	pub async fn run(&self) -> Result<()> {
		let client = self.connection.client().await?;
		let name = client.find(&self.name).await?;
		let entry = client.entry(&name).await?;
		// So that whoever checks finds the inputs.
		client.depot_of(entry.store).await?;
		if entry.kind == Kind::Request {
			return ask::follow(&client, &name, self.json, self.accept).await;
		}
		let mut follow = client.follow(&name, self.accept).await?;
		let end = live::follow(&mut follow, self.json, async |_, part, _| {
			say(self.json, &format!("the result of part {part} is here"));
			Ok(())
		})
		.await?;
		client.close().await;
		say(self.json, &live::verdict(&end));
		if end.is_accepted {
			say(self.json, &format!("ogpu fetch {} writes the result", self.name));
			Ok(())
		} else {
			Err(Error::NotAccepted { task: ogpu::hex(&name), why: end.why }.into())
		}
	}
}
