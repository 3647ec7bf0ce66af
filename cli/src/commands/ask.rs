//! Asking a service.

use super::{blocks, connection::ClientArgs, live, quote, say, tell};
use crate::{amount::Ogpu, output};
use anyhow::Result;
use clap::Args;
use ogpu::{
	format_ogpu,
	orders::Question,
	outcome::{Answer, Provenance},
	Client, Error,
};
use serde_json::json;

/// What is asked, and for how much.
#[derive(Clone, Debug, Args)]
pub struct QuestionArgs {
	/// The most that you pay for a leaf, in OGPU [default: whatever it costs now]
	#[arg(long, value_name = "OGPU")]
	pub max_price: Option<Ogpu>,
	/// For how long whoever is drawn may compute
	#[arg(long, value_name = "TIME", default_value = "3m", value_parser = blocks)]
	pub window: u32,
	/// Seal the texts: only devices that may be drawn now, and who checks them, can read them
	#[arg(long)]
	pub private: bool,
	/// Lock what is missing to answer for your inputs
	#[arg(long)]
	pub lock: bool,
	#[command(flatten)]
	pub connection: ClientArgs,
	/// Print one JSON object a line
	#[arg(long)]
	pub json: bool,
}

impl QuestionArgs {
	pub fn question(&self, texts: &[String]) -> Question {
		Question {
			max_price: self.max_price.map(|price| price.0),
			window_blocks: self.window,
			is_private: self.private,
			locks: self.lock,
			..Question::new(texts.to_vec())
		}
	}
}

/// How long to wait, and for what.
#[derive(Clone, Debug, Args)]
struct Waiting {
	/// Waive the window for challenges, and so have the verdict ten minutes earlier
	#[arg(long)]
	accept: bool,
	/// Do not wait for the answer: `ogpu share` serves the question, `ogpu watch` and `ogpu fetch` go on
	#[arg(long)]
	detach: bool,
}

/// Ask a service that generates text
///
/// Prints the answer on stdout as soon as it can be had: unverified at first, as is said on stderr, until the verdict. The
/// question is served from here while others check the answer, so this waits for the verdict.
#[derive(Debug, Args)]
pub struct AskCmd {
	/// The number of the service: `ogpu quote ask` lists them
	service: u32,
	/// What to ask; several texts are answered one by one
	#[arg(required = true)]
	text: Vec<String>,
	#[command(flatten)]
	waiting: Waiting,
	#[command(flatten)]
	question: QuestionArgs,
}

/// Have a service turn texts into vectors
///
/// Prints a JSON list with a list of numbers for each text.
#[derive(Debug, Args)]
pub struct EmbedCmd {
	/// The number of the service: `ogpu quote ask` lists them
	service: u32,
	/// The texts
	#[arg(required = true)]
	text: Vec<String>,
	#[command(flatten)]
	waiting: Waiting,
	#[command(flatten)]
	question: QuestionArgs,
}

impl AskCmd {
	pub async fn run(&self) -> Result<()> {
		run("generate", self.service, &self.text, &self.waiting, &self.question).await
	}
}

impl EmbedCmd {
	pub async fn run(&self) -> Result<()> {
		run("embed", self.service, &self.text, &self.waiting, &self.question).await
	}
}

async fn run(kind: &str, service: u32, texts: &[String], waiting: &Waiting, args: &QuestionArgs) -> Result<()> {
	let client = args.connection.client().await?;
	let json = args.json;
	let offer = client.offer(service).await?;
	if offer.work.kind() != kind {
		let command = if kind == "embed" { "ask" } else { "embed" };
		return Err(Error::Invalid(format!(
			"service {service} is one of {}: say `ogpu {command} {service} …`",
			offer.work.kind()
		))
		.into());
	}
	let question = args.question(texts);
	let asked = client.quote_request(&offer, &question).await?;
	let prepared = client.prepare_request(&asked, &question).await?;
	if !asked.devices.iter().any(|device| device.reasons.is_empty()) {
		return Err(Error::Invalid(format!("nobody can answer now: {}", quote::why(&asked.devices))).into());
	}
	say(
		json,
		&format!(
			"at most {} OGPU for the answer, {} for who runs along, {} for checking",
			format_ogpu(asked.fee.0),
			format_ogpu(asked.pot.0),
			format_ogpu(asked.checking.0)
		),
	);
	for line in &prepared.said {
		say(json, line);
	}
	let entry = client.request(&offer, &question, &asked, prepared).await?;
	let name = entry.name.0;
	if json {
		tell(&json!({ "event": "asked", "name": ogpu::hex(&name) }))?;
	}
	say(json, &format!("request {}", ogpu::hex(&name)));
	if waiting.detach {
		say(json, "Serve the question with `ogpu share`, until it has ended.");
		client.close().await;
		return Ok(());
	}
	follow(&client, &name, json, waiting.accept).await
}

/// Follows a request to its end, and prints its answer once.
pub async fn follow(client: &Client, name: &ogpu::Hash, json: bool, accept: bool) -> Result<()> {
	let mut follow = client.follow(name, accept).await?;
	let mut is_told = false;
	let end = live::follow(&mut follow, json, async |follow, part, provenance| {
		if is_told {
			return Ok(());
		}
		let Some(delivered) = follow.delivered().get(&part) else { return Ok(()) };
		let answer = client.read(&follow.entry, &[*delivered]).await?;
		print(&answer, provenance, json)?;
		is_told = true;
		Ok(())
	})
	.await?;
	client.close().await;
	say(json, &live::verdict(&end));
	if !end.is_accepted {
		let warning = if is_told { "what was printed is not to be trusted; " } else { "" };
		return Err(Error::NotAccepted { task: ogpu::hex(name), why: format!("{warning}{}", end.why) }.into());
	}
	if !is_told {
		return Err(Error::Invalid(format!(
			"it was accepted, and its provider does not give the answer now: try `ogpu fetch {}` later",
			ogpu::hex(name)
		))
		.into());
	}
	Ok(())
}

/// Prints an answer, and says how sure it is.
fn print(answer: &Answer, provenance: Provenance, json: bool) -> Result<()> {
	let is_verified = provenance == Provenance::Accepted;
	if json {
		let value = match answer {
			Answer::Texts(texts) => json!(texts),
			Answer::Vectors(vectors) => json!(vectors),
			Answer::Model(_) | Answer::Pictures(_) => json!(null),
		};
		return tell(&json!({ "event": "answer", "verified": is_verified, "answer": value }));
	}
	match answer {
		Answer::Texts(texts) => {
			for text in texts {
				output::print(&format!("{}\n", output::shown(text)))?;
			}
		}
		Answer::Vectors(vectors) => output::print(&format!("{}\n", serde_json::to_string(vectors)?))?,
		Answer::Model(_) | Answer::Pictures(_) => say(false, "the result is no text: `ogpu fetch` writes it"),
	}
	if !is_verified {
		say(false, "unverified: its provider is committed to it, and the verdict is still to come");
	}
	Ok(())
}
