//! Processes of the people of a network, which end with this one.

use std::{
	fs::File,
	io::Write,
	path::Path,
	process::{ExitStatus, Stdio},
};

use anyhow::{bail, Context, Result};
use nix::{
	sys::signal::{kill, Signal},
	unistd::Pid,
};
use serde_json::Value as Json;
use tokio::{
	io::{AsyncBufReadExt, AsyncRead, BufReader},
	process::{Child, Command},
	sync::broadcast::{self, error::RecvError},
	time::timeout,
};

use crate::LONGEST;

/// Lines that somebody who listens may be behind.
const BEHIND: usize = 4_096;

/// A running process, of which all that it says goes into a file. It is killed when dropped.
pub struct Process {
	child: Child,
	lines: broadcast::Sender<String>,
}

/// Writes down what is said, and passes it on.
fn tell(said: impl AsyncRead + Send + Unpin + 'static, mut file: File, lines: broadcast::Sender<String>) {
	tokio::spawn(async move {
		let mut said = BufReader::new(said).lines();
		while let Ok(Some(line)) = said.next_line().await {
			// A full disk ends the log, not the process; and nobody may be listening.
			let _ = writeln!(file, "{line}");
			let _ = lines.send(line);
		}
	});
}

impl Process {
	/// Starts it, and listens from the beginning.
	pub fn start(mut command: Command, log: &Path) -> Result<(Self, Lines)> {
		let file = File::options().create(true).append(true).open(log).context(log.display().to_string())?;
		command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
		// Ctrl-C at a terminal is for whoever looks after all of them.
		command.process_group(0);
		let mut child = command.spawn().with_context(|| format!("{:?}", command.as_std().get_program()))?;
		let (lines, first) = broadcast::channel(BEHIND);
		tell(child.stdout.take().context("a process without an output")?, file.try_clone()?, lines.clone());
		tell(child.stderr.take().context("a process without an output")?, file, lines.clone());
		Ok((Self { child, lines }, Lines(first)))
	}

	/// What it says from now on.
	pub fn listen(&self) -> Lines {
		Lines(self.lines.subscribe())
	}

	pub fn id(&self) -> Option<u32> {
		self.child.id()
	}

	pub fn signal(&self, signal: Signal) -> Result<()> {
		let id = self.child.id().context("it has ended")?;
		Ok(kill(Pid::from_raw(i32::try_from(id)?), signal)?)
	}

	/// Ends it without a chance to clean up, as a crash does.
	pub async fn kill(mut self) -> Result<()> {
		Ok(self.child.kill().await?)
	}

	/// Waits until it ends by itself.
	pub async fn ended(&mut self) -> Result<ExitStatus> {
		Ok(self.child.wait().await?)
	}
}

/// What a process says.
pub struct Lines(broadcast::Receiver<String>);

impl Lines {
	/// The next line, or `None` when the process has ended.
	pub async fn next(&mut self) -> Result<Option<String>> {
		match self.0.recv().await {
			Ok(line) => Ok(Some(line)),
			Err(RecvError::Lagged(missed)) => bail!("{missed} lines were missed"),
			Err(RecvError::Closed) => Ok(None),
		}
	}

	/// Waits for a line with all of these texts in it.
	pub async fn with(&mut self, texts: &[&str]) -> Result<String> {
		let heard = async {
			while let Some(line) = self.next().await? {
				if texts.iter().all(|text| line.contains(text)) {
					return Ok(line);
				}
			}
			bail!("the process has ended")
		};
		match timeout(LONGEST, heard).await {
			Ok(line) => line.with_context(|| format!("waiting for {texts:?}")),
			Err(_) => bail!("no line with {texts:?} within {LONGEST:?}"),
		}
	}

	/// Waits for a line of JSON with this event.
	pub async fn event(&mut self, event: &str) -> Result<Json> {
		let line = self.with(&[&format!("\"event\":\"{event}\"")]).await?;
		Ok(serde_json::from_str(&line)?)
	}
}
