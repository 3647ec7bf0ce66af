//! What came of a task, as files.

use super::{connection::ClientArgs, say, tell};
use crate::output;
use anyhow::{ensure, Context, Result};
use clap::Args;
use ogpu::{
	home::Entry,
	outcome::{Answer, Delivered, Provenance},
	Client, Error,
};
use serde_json::json;
use std::{
	fs,
	io::Write,
	path::{Path, PathBuf},
};

/// Fetch the result of a task, checked against what the chain accepted
///
/// Writes what the task made, a model, pictures, texts or vectors, and `NAME.result.json`, which says to which hashes its
/// provider committed and how it was judged. Of what is not a model, `NAME.output` has the very bytes that were committed
/// to, for `ogpu verify`. A result that is not judged yet is fetched as well, and said to be unverified.
#[derive(Debug, Args)]
pub struct FetchCmd {
	/// The task, or the first digits of its name
	name: String,
	/// The folder to write into
	#[arg(short, long, value_name = "DIR", default_value = ".")]
	output: PathBuf,
	#[command(flatten)]
	connection: ClientArgs,
	/// Print one JSON object
	#[arg(long)]
	json: bool,
}

impl FetchCmd {
	pub async fn run(&self) -> Result<()> {
		let client = self.connection.client().await?;
		let name = client.find(&self.name).await?;
		let mut entry = match client.entry(&name).await {
			Ok(entry) => entry,
			Err(error) => return Err(error.into()),
		};
		client.depot_of(entry.store).await?;
		let outputs = client.outputs(&mut entry).await?;
		let answer = client.read(&entry, &outputs).await?;
		fs::create_dir_all(&self.output).with_context(|| self.output.display().to_string())?;
		let mut files = write_into(&self.output, &entry, &answer)?;
		// A model is the very bytes of its output.
		if !matches!(answer, Answer::Model(_)) {
			files.extend(self.write_outputs(&client, &entry, &outputs).await?);
		}
		files.push(write_result(&self.output, &entry, &outputs)?);
		let is_verified = outputs.iter().all(|output| output.provenance == Provenance::Accepted);
		if self.json {
			tell(&json!({ "name": ogpu::hex(&name), "verified": is_verified, "files": files }))?;
		} else {
			for file in &files {
				output::print(&format!("{}\n", file.display()))?;
			}
			if !is_verified {
				say(false, "unverified: the chain has not judged it yet");
			}
		}
		client.close().await;
		Ok(())
	}
}

impl FetchCmd {
	/// What was committed to, byte for byte; of a task of several parts that of each.
	async fn write_outputs(&self, client: &Client, entry: &Entry, outputs: &[Delivered]) -> Result<Vec<PathBuf>> {
		let mut files = Vec::new();
		for (number, delivered) in outputs.iter().enumerate() {
			let part = if outputs.len() > 1 { format!("-{number}") } else { String::new() };
			let path = self.output.join(format!("{}{part}.output", short(entry)));
			files.extend(write(&path, &client.depot().await?.get(&delivered.output).await?)?);
		}
		Ok(files)
	}
}

/// The first digits of a name, for files.
pub fn short(entry: &Entry) -> String {
	entry.name.to_string().chars().take(12).collect()
}

/// Writes an answer under the name of its task into a folder.
pub fn write_into(folder: &Path, entry: &Entry, answer: &Answer) -> Result<Vec<PathBuf>> {
	let extension = match answer {
		Answer::Model(_) => "safetensors",
		Answer::Pictures(_) => "png",
		Answer::Texts(_) | Answer::Vectors(_) => "json",
	};
	write_to(&folder.join(short(entry)).with_extension(extension), answer)
}

/// Writes an answer into a file; several pictures into as many files.
pub fn write_to(path: &Path, answer: &Answer) -> Result<Vec<PathBuf>> {
	match answer {
		Answer::Model(bytes) => write(path, bytes),
		Answer::Texts(texts) => write(path, &serde_json::to_vec_pretty(texts)?),
		Answer::Vectors(vectors) => write(path, &serde_json::to_vec(vectors)?),
		Answer::Pictures(pictures) => {
			if let [picture] = pictures.as_slice() {
				return write(path, picture);
			}
			let mut files = Vec::new();
			for (number, picture) in (0u32..).zip(pictures) {
				let stem = path.file_stem().context("a picture has no name")?.to_string_lossy().into_owned();
				files.extend(write(&path.with_file_name(format!("{stem}-{number}.png")), picture)?);
			}
			Ok(files)
		}
	}
}

fn write_result(folder: &Path, entry: &Entry, outputs: &[Delivered]) -> Result<PathBuf> {
	let parts: Vec<_> = outputs
		.iter()
		.map(|part| {
			json!({
				"root": part.outcome.root, "output": part.outcome.output, "bytes": part.output.bytes,
				"provenance": part.provenance,
			})
		})
		.collect();
	let result = json!({
		"name": ogpu::hex(&entry.name.0), "kind": entry.kind, "service": entry.service, "manifest": entry.manifest,
		"inputs": entry.inputs, "results": parts,
	});
	let path = folder.join(format!("{}.result.json", short(entry)));
	let mut written = write(&path, &serde_json::to_vec_pretty(&result)?)?;
	written.pop().context("nothing was written")
}

/// As a whole, and never over something else: the same again is no harm.
pub fn write(path: &Path, bytes: &[u8]) -> Result<Vec<PathBuf>> {
	let at = || path.display().to_string();
	if path.exists() {
		let is_result = path.to_string_lossy().ends_with(".result.json");
		let is_same = fs::read(path).is_ok_and(|there| there == bytes);
		ensure!(
			is_same || is_result,
			Error::Invalid(format!("{} is there already, with something else in it", path.display()))
		);
	}
	let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
	let mut file = tempfile::Builder::new()
		.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
		.tempfile_in(folder)
		.with_context(at)?;
	file.write_all(bytes).with_context(at)?;
	file.persist(path).with_context(at)?;
	Ok(vec![path.to_owned()])
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn nothing_else_is_written_over_and_frames_have_numbers() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("a.png");
		let one = Answer::Pictures(vec![vec![1]]);
		assert_eq!(write_to(&path, &one).unwrap(), std::slice::from_ref(&path));
		write_to(&path, &one).unwrap();
		let error = write_to(&path, &Answer::Pictures(vec![vec![2]])).unwrap_err().to_string();
		assert!(error.contains("already"), "{error}");
		let two = write_to(&path, &Answer::Pictures(vec![vec![1], vec![2]])).unwrap();
		assert_eq!(two, [folder.path().join("a-0.png"), folder.path().join("a-1.png")]);
	}
}
