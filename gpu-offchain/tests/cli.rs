//! `ogpu-worker`, as people and scripts run it: every example of docs/workloads.md.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use ogpu_worker::selftest::expected;
use serde_json::Value;
use std::{
	fs,
	path::{Path, PathBuf},
	process::{Command, Output},
};

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples");

struct Place(tempfile::TempDir);

impl Place {
	/// The examples, with their data among the artifacts.
	fn new() -> Self {
		let place = Self(tempfile::tempdir().unwrap());
		for file in fs::read_dir(EXAMPLES).unwrap().map(|file| file.unwrap().path()) {
			if file.extension().is_some_and(|ending| ending == "toml") {
				fs::copy(&file, place.at(file.file_name().unwrap())).unwrap();
			}
		}
		let data: Vec<PathBuf> =
			fs::read_dir(Path::new(EXAMPLES).join("data")).unwrap().map(|file| file.unwrap().path()).collect();
		let mut add = place.command(&["add"]);
		assert!(add.args(data).output().unwrap().status.success());
		place
	}

	fn at(&self, name: impl AsRef<Path>) -> PathBuf {
		self.0.path().join(name)
	}

	fn command(&self, args: &[&str]) -> Command {
		let mut command = Command::new(env!("CARGO_BIN_EXE_ogpu-worker"));
		command.current_dir(self.0.path()).args(args);
		command
	}

	fn run(&self, args: &[&str]) -> Output {
		self.command(args).output().expect("ogpu-worker must start")
	}

	fn good(&self, args: &[&str]) -> String {
		let output = self.run(args);
		assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
		String::from_utf8(output.stdout).unwrap()
	}

	fn root(&self, name: &str) -> String {
		let result: Value =
			serde_json::from_slice(&fs::read(self.at(format!("{name}.out/result.json"))).unwrap()).unwrap();
		result["root"].as_str().unwrap().to_owned()
	}
}

#[test]
fn a_model_is_trained_interrupted_served_and_checked() {
	let place = Place::new();
	let stopped = place.good(&["run", "train-text.toml", "--leaves", "1"]);
	assert!(stopped.contains("stopped after 1"), "{stopped}");
	assert!(!place.at("train-text.out/result.json").exists());
	let done = place.good(&["--threads", "2", "run", "train-text.toml"]);
	assert!(done.contains("loss █"), "{done}");
	assert_eq!(place.root("train-text"), expected("job-train-text").unwrap(), "interrupted or not");
	assert_eq!(fs::read_to_string(place.at("train-text.out/losses.csv")).unwrap().lines().count(), 160);
	let checked = place.good(&["verify", "train-text.toml", "train-text.out/result.json", "--leaves", "0,3"]);
	assert_eq!(checked.lines().filter(|line| line.contains("same")).count(), 2, "{checked}");

	// The example names the model that comes out, before it is trained.
	place.good(&["add", "train-text.out/model.safetensors"]);
	let texts = place.good(&["run", "generate.toml"]);
	assert_eq!(texts.lines().filter(|line| line.starts_with('>')).count(), 3, "{texts}");
	assert_eq!(place.root("generate"), expected("job-generate").unwrap());
	place.good(&["verify", "generate.toml", "generate.out/result.json"]);

	// As a service it answers whatever a request brings.
	fs::write(place.at("asked.json"), r#"["the cat", "a fish"]"#).unwrap();
	let refused = place.run(&["run", "service.toml"]);
	assert!(String::from_utf8_lossy(&refused.stderr).contains("service"));
	let texts = place.good(&["run", "service.toml", "--inputs", "asked.json"]);
	assert_eq!(texts.lines().filter(|line| line.starts_with('>')).count(), 2, "{texts}");
	let checked = place.good(&["verify", "service.toml", "service.out/result.json", "--inputs", "asked.json"]);
	assert!(checked.lines().all(|line| line.contains("same")), "{checked}");

	// Who changes a bit is found, and scripts see it.
	let path = place.at("generate.out/result.json");
	let mut result: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
	result["leaves"][1][2] = result["leaves"][0][2].clone();
	fs::write(&path, result.to_string()).unwrap();
	let found = place.run(&["verify", "generate.toml", "generate.out/result.json", "--leaves", "1"]);
	assert_eq!(found.status.code(), Some(1));
	assert!(String::from_utf8_lossy(&found.stdout).contains("the root is not that of the leaves"));
}

#[test]
fn pictures_classifiers_and_benchmarks_run_and_verify() {
	let place = Place::new();
	for name in ["render", "train-classifier", "train-pictures", "benchmark"] {
		place.good(&["run", &format!("{name}.toml")]);
		assert_eq!(place.root(name), expected(&format!("job-{name}")).unwrap());
		let checked = place.good(&["verify", &format!("{name}.toml"), &format!("{name}.out/result.json")]);
		assert!(checked.lines().all(|line| line.contains("same")), "{checked}");
	}
	let png = fs::read(place.at("render.out/frame-1.png")).unwrap();
	assert!(png.starts_with(b"\x89PNG"));
}

#[test]
fn what_cannot_be_done_is_said_in_one_line() {
	let place = Place::new();
	for (args, reason) in [
		(vec!["run", "generate.toml"], "is not here"),
		(vec!["run", "nothing.toml"], "No such file"),
		(vec!["verify", "render.toml", "render.toml"], "result"),
		(vec!["run", "render.toml", "--device", "metal"], "Metal"),
	] {
		let output = place.run(&args);
		let error = String::from_utf8(output.stderr).unwrap();
		assert_eq!(output.status.code(), Some(1), "{args:?}");
		assert!(error.contains(reason) && error.lines().count() == 1, "{error}");
	}
}

#[test]
fn the_documents_show_the_examples_as_they_are() {
	let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/workloads.md")).unwrap();
	for file in fs::read_dir(EXAMPLES).unwrap().map(|file| file.unwrap().path()) {
		if file.extension().is_some_and(|ending| ending == "toml") {
			let example = fs::read_to_string(&file).unwrap();
			assert!(text.contains(&example), "{} is not in docs/workloads.md as it is", file.display());
		}
	}
}

#[cfg(feature = "network")]
#[test]
fn a_worker_that_is_told_to_stop_does_so_though_no_node_answers() {
	use std::io::{BufRead, BufReader};
	let place = Place(tempfile::tempdir().unwrap());
	place.good(&["init", "--config", "config.toml", "--data", "data", "--node", "ws://127.0.0.1:1"]);
	for signal in ["-TERM", "-INT"] {
		let mut start = place.command(&["start", "--config", "config.toml"]);
		start.env("OGPU_WORKER_STORE__LISTEN", "127.0.0.1:0").env("OGPU_WORKER_METRICS__LISTEN", "127.0.0.1:0");
		let mut worker = start.stderr(std::process::Stdio::piped()).spawn().unwrap();
		let mut lines = BufReader::new(worker.stderr.take().unwrap()).lines().map(Result::unwrap);
		assert!(lines.any(|line| line.contains("trying again")), "it tries for ever");
		let id = worker.id().to_string();
		assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
		let told: Vec<String> = lines.collect();
		assert!(worker.wait().unwrap().success(), "{told:?}");
		assert!(told.iter().any(|line| line.contains("what is not finished goes on")), "{told:?}");
		assert!(!told.iter().any(|line| line.contains("though something")), "{told:?}");
	}
}
