//! Where tasks stand.

use super::{connection::ClientArgs, live, tell};
use crate::output;
use anyhow::Result;
use clap::Args;
use ogpu::{answers::Task, home::Entry, Client, Hash};
use serde_json::json;
use std::collections::BTreeSet;

/// Say where a task stands, who must act next and until when; without a name, where all of yours do
#[derive(Debug, Args)]
pub struct StatusCmd {
	/// The task, or the first digits of its name
	name: Option<String>,
	#[command(flatten)]
	connection: ClientArgs,
	/// Print one JSON object for each task
	#[arg(long)]
	json: bool,
}

impl StatusCmd {
	pub async fn run(&self) -> Result<()> {
		let Some(name) = &self.name else {
			let client = self.connection.client().await?;
			return self.all(&client).await;
		};
		let client = self.connection.reader().await?;
		let name = client.find(name).await?;
		let entry = client.journal().get(&name)?;
		let task = client.task(&name).await?;
		if task.is_none() && entry.is_none() {
			// It says where it may be known.
			client.entry(&name).await?;
		}
		self.show(&name, task, entry, true)
	}

	async fn all(&self, client: &Client) -> Result<()> {
		let entries = client.journal().all()?;
		let (jobs, requests) = client.tasks_of(&client.account()?).await?;
		let known: BTreeSet<Hash> = entries.iter().map(|entry| entry.name.0).collect();
		let others = jobs.into_iter().chain(requests).filter(|name| !known.contains(name));
		let names: Vec<Hash> = others.chain(entries.iter().map(|entry| entry.name.0)).collect();
		if names.is_empty() && !self.json {
			return output::print("nothing was asked yet\n");
		}
		for name in names {
			let entry = entries.iter().find(|entry| entry.name.0 == name).cloned();
			let is_over = entry.as_ref().is_some_and(|entry| entry.ended.is_some());
			let task = if is_over { None } else { client.task(&name).await? };
			self.show(&name, task, entry, false)?;
		}
		Ok(())
	}

	fn show(&self, name: &Hash, task: Option<Task>, entry: Option<Entry>, in_full: bool) -> Result<()> {
		if self.json {
			let task = task.as_ref().map(live::as_json);
			return tell(&json!({ "name": ogpu::hex(name), "task": task, "asked": entry }));
		}
		let kind = match (&entry, &task) {
			(Some(entry), _) => entry.kind.to_string(),
			(None, Some(Task::Job(job))) => job.kind.clone(),
			(None, Some(Task::Request(_))) => "request".into(),
			_ => "validation".into(),
		};
		let standing = match (&task, entry.as_ref().and_then(|entry| entry.ended.clone())) {
			(Some(task), _) => live::describe(task),
			(None, Some(ended)) => format!("ended: {ended}"),
			(None, None) => "the chain says nothing of it any more; `ogpu watch` finds out how it ended".into(),
		};
		output::print(&format!("{}  {}  {standing}\n", ogpu::hex(name), output::shown(&kind)))?;
		if in_full {
			output::print(&details(task.as_ref()))?;
		}
		Ok(())
	}
}

fn details(task: Option<&Task>) -> String {
	match task {
		Some(Task::Job(job)) => format!(
			"  budget {}, held {}, fee {}, paid {}; {} sealed bids; provider {}\n",
			job.budget,
			job.held,
			job.fee,
			job.released,
			job.sealed_bids,
			job.provider.map_or("none yet".into(), |provider| provider.to_string())
		),
		Some(Task::Request(request)) => {
			let mut text = format!(
				"  service {}, {} a leaf, {} leaves at most, held {}\n",
				request.service, request.leaf_price, request.ceiling_leaves, request.held
			);
			for racer in &request.racers {
				let leads = if request.leader == Some(racer.operator) { ", leads" } else { "" };
				text.push_str(&format!(
					"  {} with device {}: {}{leads}\n",
					racer.operator,
					racer.device,
					output::shown(&racer.state)
				));
			}
			text
		}
		Some(Task::Validation(validation)) => {
			format!("  by {}, {} leaves, fee {}\n", validation.provider, validation.leaves, validation.fee)
		}
		Some(Task::Ended(ended)) => format!(
			"  by {}, {} leaves of which {} were audited, {} juries, closed at block {}\n",
			ended.provider, ended.leaves, ended.drawn, ended.juries, ended.closed
		),
		None => String::new(),
	}
}
