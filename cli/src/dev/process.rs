//! Processes that end with `ogpu dev`, whatever ends it.
//!
//! Who is killed cannot tidy up. So each child asks the kernel to end it when its parent has ended ([`BecomeCmd`]), and a
//! process of its own, which waits for the end of its input, removes the folder of a network that nobody keeps
//! ([`SweepCmd`]).

use anyhow::{bail, ensure, Context, Result};
use clap::Args;
use nix::{
	sys::signal::{kill, Signal},
	unistd::Pid,
};
use std::{
	collections::VecDeque,
	ffi::OsString,
	fs,
	io::{self, ErrorKind, Read},
	os::unix::process::CommandExt,
	path::{Path, PathBuf},
	process::{ExitStatus, Stdio},
	sync::{Arc, Mutex},
	time::Duration,
};
use tempfile::TempDir;
use tokio::{
	fs::File,
	io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
	process::{Child, ChildStdin, Command},
	sync::mpsc,
	task::JoinHandle,
};

/// Folders that may be swept are named so.
const PREFIX: &str = "ogpu-dev-";
/// Who is told to stop and has not by then is killed.
const PATIENCE: Duration = Duration::from_secs(10);
/// Of a log, so much is shown when its process ends by itself.
const LAST_LINES: usize = 12;

/// Become another program, which the kernel ends when PARENT has ended.
#[derive(Debug, Args)]
#[command(disable_help_flag = true)]
pub struct BecomeCmd {
	parent: i32,
	program: PathBuf,
	#[arg(trailing_var_arg = true, allow_hyphen_values = true)]
	arguments: Vec<OsString>,
}

impl BecomeCmd {
	pub fn run(&self) -> Result<()> {
		#[cfg(target_os = "linux")]
		nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)?;
		// It may have ended before it was asked.
		ensure!(nix::unistd::getppid().as_raw() == self.parent, "the process {} has ended", self.parent);
		let error = std::process::Command::new(&self.program).args(&self.arguments).exec();
		Err(error).with_context(|| self.program.display().to_string())
	}
}

/// Remove the folder of a network for development when the input ends.
#[derive(Debug, Args)]
pub struct SweepCmd {
	folder: PathBuf,
}

impl SweepCmd {
	/// Whoever was killed with the parent may still write for a moment.
	const TRIES: u32 = 100;

	pub fn run(&self) -> Result<()> {
		let name = self.folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
		ensure!(name.starts_with(PREFIX), "{} is no folder of `ogpu dev`", self.folder.display());
		io::stdin().lock().read_to_end(&mut Vec::new())?;
		for _ in 0..Self::TRIES {
			match fs::remove_dir_all(&self.folder) {
				Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
				_ => std::thread::sleep(Duration::from_millis(50)),
			}
		}
		bail!("{} could not be removed", self.folder.display())
	}
}

/// This program, for the hidden commands above.
pub fn itself() -> Result<PathBuf> {
	std::env::current_exe().context("where this program is")
}

/// Where a network lies: for good, or until it ends.
pub struct Place {
	path: PathBuf,
	sweeper: Option<(Child, ChildStdin)>,
}

impl Place {
	pub fn kept(path: &Path) -> Result<Self> {
		fs::create_dir_all(path).with_context(|| path.display().to_string())?;
		Ok(Self { path: path.canonicalize()?, sweeper: None })
	}

	pub fn passing() -> Result<Self> {
		let folder: TempDir = tempfile::Builder::new().prefix(PREFIX).tempdir()?;
		let mut command = Command::new(itself()?);
		command.arg("sweep").arg(folder.path()).stdin(Stdio::piped()).stdout(Stdio::null()).process_group(0);
		let mut child = command.spawn().context("who removes the folder at the end cannot be started")?;
		let input = child.stdin.take().context("who removes the folder at the end has no input")?;
		Ok(Self { path: folder.keep(), sweeper: Some((child, input)) })
	}

	pub fn path(&self) -> &Path {
		&self.path
	}

	/// Ends what is not kept, and waits for that.
	pub async fn leave(self) -> Result<()> {
		let Some((mut child, input)) = self.sweeper else { return Ok(()) };
		drop(input);
		let status = child.wait().await?;
		ensure!(status.success(), "{} was not removed; remove it by hand", self.path.display());
		Ok(())
	}
}

/// A child, whose standard error goes into a file.
pub struct Process {
	name: String,
	child: Child,
	log: PathBuf,
	last: Arc<Mutex<VecDeque<String>>>,
	reader: JoinHandle<()>,
}

impl Process {
	/// Starts a program. `lines` hears what it says as long as somebody listens.
	///
	/// The kernel looks at the thread that started a child: call it from one that lives as long as this process.
	pub async fn start(
		name: &str,
		program: &Path,
		arguments: &[OsString],
		environment: &[(&str, OsString)],
		log: PathBuf,
		lines: Option<mpsc::UnboundedSender<String>>,
	) -> Result<Self> {
		let file = File::options().create(true).append(true).open(&log).await;
		let mut file = file.with_context(|| log.display().to_string())?;
		let mut command = Command::new(itself()?);
		command.arg("become").arg(std::process::id().to_string()).arg(program).args(arguments);
		command.envs(environment.iter().map(|(name, value)| (name, value)));
		// In a group of its own: Ctrl-C at a terminal is for us, and we say in which order all end.
		command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).process_group(0).kill_on_drop(true);
		let mut child = command.spawn().with_context(|| program.display().to_string())?;
		let said = child.stderr.take().context("a process without standard error")?;
		let last = Arc::new(Mutex::new(VecDeque::new()));
		let remembered = last.clone();
		let reader = tokio::spawn(async move {
			let mut said = BufReader::new(said);
			let mut bytes = Vec::new();
			while said.read_until(b'\n', &mut bytes).await.is_ok_and(|read| read > 0) {
				let line = String::from_utf8_lossy(&bytes).trim_end().to_owned();
				let _ = file.write_all(&bytes).await;
				bytes.clear();
				if let Ok(mut last) = remembered.lock() {
					last.push_back(line.clone());
					if last.len() > LAST_LINES {
						last.pop_front();
					}
				}
				if let Some(lines) = &lines {
					let _ = lines.send(line);
				}
			}
			let _ = file.flush().await;
		});
		Ok(Self { name: name.into(), child, log, last, reader })
	}

	/// Waits until it ends, which it should not.
	pub async fn ended(&mut self) -> anyhow::Error {
		match self.child.wait().await {
			Ok(status) => {
				// All that it said is in the log before it is shown.
				let _ = (&mut self.reader).await;
				self.why(status)
			}
			Err(error) => error.into(),
		}
	}

	fn why(&self, status: ExitStatus) -> anyhow::Error {
		let last =
			self.last.lock().map(|last| last.iter().cloned().collect::<Vec<_>>().join("\n  ")).unwrap_or_default();
		eprintln!("The last lines of {}:\n  {last}", self.log.display());
		anyhow::anyhow!("{} has ended by itself: {status}", self.name)
	}

	/// Tells it to stop. See [`Self::stopped`].
	pub fn stop(&self) {
		if let Some(id) = self.child.id().and_then(|id| i32::try_from(id).ok()) {
			let _ = kill(Pid::from_raw(id), Signal::SIGTERM);
		}
	}

	/// Waits until it has stopped, but not for ever.
	pub async fn stopped(&mut self) {
		if tokio::time::timeout(PATIENCE, self.child.wait()).await.is_err() {
			let _ = self.child.kill().await;
		}
	}
}
