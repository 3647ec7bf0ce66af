//! Serving the client's store.

use super::{connection::ClientArgs, live, say, tell};
use anyhow::Result;
use clap::Args;
use futures::{stream::FuturesUnordered, StreamExt};
use ogpu::{depot::Depot, follow::Update, home::Entry, Client};
use ogpu_worker::store::Store;
use serde_json::json;
use std::future::Future;

/// Serve your store until Ctrl-C: what commands with --detach, or stopped ones, leave to be served
///
/// Watches your open tasks meanwhile, and says when a result is here.
#[derive(Debug, Args)]
pub struct ShareCmd {
	#[command(flatten)]
	connection: ClientArgs,
	/// Print one JSON object a line
	#[arg(long)]
	json: bool,
}

impl ShareCmd {
	pub async fn run(&self) -> Result<()> {
		let client = self.connection.client().await?;
		let others = client.other_depots().await?;
		for depot in [client.depot().await?].into_iter().chain(&others) {
			let prepared = client.prepare_sharing(depot).await?;
			for line in &prepared.said {
				say(self.json, line);
			}
			if !prepared.calls.is_empty() {
				client.send(prepared.calls).await?;
			}
		}
		serve(&client, &others, self.json, live::stop()).await?;
		for depot in &others {
			depot.store().close().await;
		}
		client.close().await;
		Ok(())
	}
}

/// Serves until somebody says to stop, and follows what is open.
pub async fn serve(client: &Client, others: &[Depot], json: bool, stop: impl Future<Output = ()>) -> Result<()> {
	let depot = client.depot().await?;
	let usage = depot.store().usage();
	if json {
		tell(&json!({ "event": "sharing", "endpoint": depot.store().endpoint().to_string() }))?;
	}
	say(
		json,
		&format!(
			"serving {} artifacts, {} bytes, at {}; Ctrl-C to stop",
			usage.artifacts,
			usage.bytes,
			depot.store().endpoint()
		),
	);
	let open = client.journal().all()?.into_iter().filter(|entry| entry.ended.is_none());
	let store_of =
		|entry: &Entry| others.iter().find(|other| other.number == entry.store).unwrap_or(depot).store().clone();
	let mut followed: FuturesUnordered<_> =
		open.map(|entry| watch(client.clone(), entry.name.0, store_of(&entry), json)).collect();
	tokio::pin!(stop);
	loop {
		tokio::select! {
			() = &mut stop => break,
			Some(ended) = followed.next(), if !followed.is_empty() => {
				// What one task comes to does not stop the others.
				if let Err(error) = ended {
					say(json, &format!("{error:#}"));
				}
			}
		}
	}
	let served = depot.store().usage().served_bytes;
	say(json, &format!("\nserved {served} bytes; what is open still needs `ogpu share`"));
	if json {
		tell(&json!({ "event": "stopped", "servedBytes": served }))?;
	}
	Ok(())
}

async fn watch(client: Client, name: ogpu::Hash, store: Store, json: bool) -> Result<()> {
	let mut follow = client.follow(&name, false).await?.serving_from(store);
	while let Some(update) = follow.next().await? {
		let (event, line) = match &update {
			Update::Delivered { part, .. } => ("delivered", format!("the result of part {part} is here")),
			Update::Ended(end) => ("ended", live::verdict(end)),
			_ => continue,
		};
		if json {
			tell(&json!({ "event": event, "name": ogpu::hex(&name) }))?;
		}
		say(json, &format!("{}: {line}", ogpu::hex(&name)));
	}
	Ok(())
}
