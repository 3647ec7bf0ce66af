//! The first step: a configuration and a key.

use super::network;
use anyhow::{Context, Result};
use clap::Args;
use ogpu_worker::{chain, config, keys};
use std::{
	fs,
	path::{Path, PathBuf},
	process::ExitCode,
};

/// Write a configuration in which everything is explained, and make a worker key.
#[derive(Debug, Args)]
pub struct InitCmd {
	#[arg(long, short, default_value = network::CONFIG)]
	config: PathBuf,
	/// Where the worker keeps everything.
	#[arg(long, default_value = "/var/lib/ogpu-worker")]
	data: PathBuf,
	/// The node to talk to.
	#[arg(long, default_value = "ws://127.0.0.1:9944")]
	node: String,
}

impl InitCmd {
	pub fn run(&self) -> Result<ExitCode> {
		let folder = self.config.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
		fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
		let folder = fs::canonicalize(folder)?;
		let key_file = folder.join("worker.key");
		let quoted = |path: &Path| toml::Value::from(path.display().to_string()).to_string();
		let text = config::DEFAULT
			.replace(r#"data = "/var/lib/ogpu-worker""#, &format!("data = {}", quoted(&self.data)))
			.replace(r#"file = "/etc/ogpu-worker/worker.key""#, &format!("file = {}", quoted(&key_file)))
			.replace(
				r#"nodes = ["ws://127.0.0.1:9944"]"#,
				&format!("nodes = [{}]", toml::Value::from(self.node.clone())),
			);
		// What is written must be what it says.
		config::Config::parse(&text, [])?;
		let mut file = fs::OpenOptions::new()
			.write(true)
			.create_new(true)
			.open(&self.config)
			.with_context(|| format!("{} (it is not overwritten)", self.config.display()))?;
		std::io::Write::write_all(&mut file, text.as_bytes())?;
		let account = if key_file.exists() {
			let source =
				keys::KeySource { file: Some(key_file.clone()), password_file: None, keystore: None, account: None };
			source.load()?.public_key().0
		} else {
			keys::create(&key_file)?.public_key().0
		};
		super::print(&format!(
			"configuration {}\nworker key {}\naccount {}\n\nNext: ogpu-worker check --config {}\n",
			self.config.display(),
			key_file.display(),
			chain::address(&account),
			self.config.display()
		))?;
		Ok(ExitCode::SUCCESS)
	}
}
