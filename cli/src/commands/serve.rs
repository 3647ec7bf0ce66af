//! Publishing a service.

use super::{connection::ClientArgs, live, say, share, tell, ClassName, DeviceName};
use crate::{amount::Ogpu, output};
use anyhow::{ensure, Context, Result};
use clap::{Args, ValueEnum};
use ogpu::{format_ogpu, outcome::Answer, services::Listing, work::Work, Client, Error};
use ogpu_worker::{artifacts::Memory, chain::calls::client::Delivery};
use serde_json::json;
use std::path::{Path, PathBuf};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum DeliveryName {
	/// Providers are paid when their result is accepted.
	Verified,
	/// They are paid at once, and their bond stands for the request alone.
	FirstResponse,
	/// They are paid when the client confirms, or when it is accepted.
	Manual,
}

/// Publish a model as a service, and serve it to those who join
///
/// The manifest is one of `generate` without prompts, or of `embed` without texts. Nobody serves it yet when it is
/// published: providers join it, and fetch the model from here, so this goes on until Ctrl-C. `ogpu share` goes on with it
/// later.
#[derive(Debug, Args)]
pub struct ServeCmd {
	/// What the service is: docs/workloads.md says how it is written
	#[arg(value_name = "MANIFEST.toml")]
	manifest: PathBuf,
	/// The model, instead of the one in the manifest: a safetensors file, or the name of a training that has ended
	#[arg(long, value_name = "RESULT")]
	model: Option<String>,
	/// Files that the manifest names, or folders with them; those in `artifacts` and `data` beside it are found
	#[arg(long, value_name = "FILES", num_args = 1..)]
	data: Vec<PathBuf>,
	/// The lowest price of a leaf, in OGPU
	#[arg(long, value_name = "OGPU", default_value = "0.001")]
	price: Ogpu,
	/// How surely answers are checked
	#[arg(long, value_enum, default_value = "standard")]
	class: ClassName,
	/// How many lots a race has, from 1 to 8
	#[arg(long, default_value_t = 3)]
	width: u32,
	/// When providers are paid
	#[arg(long, value_enum, default_value = "verified")]
	delivery: DeliveryName,
	/// Only devices of this kind
	#[arg(long, value_enum)]
	device: Option<DeviceName>,
	/// Do not go on serving: `ogpu share` does
	#[arg(long)]
	detach: bool,
	#[command(flatten)]
	connection: ClientArgs,
	/// Print one JSON object a line
	#[arg(long)]
	json: bool,
}

impl ServeCmd {
	pub async fn run(&self) -> Result<()> {
		let mut work = Work::read(&self.manifest)?;
		ensure!(
			work.manifest.is_service(),
			Error::Invalid(format!(
				"{} is no service: one of `generate` without prompts, or of `embed` without texts, is",
				self.manifest.display()
			))
		);
		let client = self.connection.client().await?;
		if let Some(model) = &self.model {
			work = self.with_model(&client, &work, model).await?;
		}
		client.supply(&work, &self.data).await?;
		let shape = work.shape(1, &Memory::default())?;
		let listing = Listing {
			floor: self.price.0,
			class: self.class.class(),
			width: self.width,
			delivery: match self.delivery {
				DeliveryName::Verified => Delivery::Verified,
				DeliveryName::FirstResponse => Delivery::FirstResponse,
				DeliveryName::Manual => Delivery::Manual,
			},
			device: self.device.map(Into::into),
		};
		let (deposit, prepared) = client.prepare_publication().await?;
		say(
			self.json,
			&format!("holds a deposit of {} OGPU, which returns when the service is gone", format_ogpu(deposit)),
		);
		for line in &prepared.said {
			say(self.json, line);
		}
		let service = client.publish(&work, &shape, &listing, prepared).await?;
		if self.json {
			tell(&json!({ "event": "published", "service": service, "manifest": ogpu::hex(&work.hash()) }))?;
		} else {
			output::print(&format!("service {service}\n"))?;
		}
		say(
			self.json,
			&format!(
				"Providers join it with `ogpu-worker operator join {service} DEVICE`; then ask it: ogpu {} {service} \"…\"",
				if work.kind() == "embed" { "embed" } else { "ask" }
			),
		);
		if self.detach {
			say(self.json, "Serve it with `ogpu share`, until members have it.");
		} else {
			share::serve(&client, &[], self.json, live::stop()).await?;
		}
		client.close().await;
		Ok(())
	}

	/// The manifest with a model that is in a file, or that a training made.
	async fn with_model(&self, client: &Client, work: &Work, model: &str) -> Result<Work> {
		let depot = client.depot().await?;
		let artifact = if Path::new(model).is_file() {
			depot.store().add_file(model).await?
		} else {
			let name =
				client.find(model).await.with_context(|| format!("{} is no file either", output::quoted(model)))?;
			let mut entry = client.entry(&name).await?;
			let outputs = client.outputs(&mut entry).await?;
			let answer = client.read(&entry, &outputs).await?;
			ensure!(
				matches!(answer, Answer::Model(_)),
				Error::Invalid(format!("{} has made no model", ogpu::hex(&name)))
			);
			outputs.first().context("a training without a result")?.output
		};
		let changed = work.with_model(&artifact)?;
		depot.keep(&artifact, &changed.hash()).await?;
		Ok(changed)
	}
}
