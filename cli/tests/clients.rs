//! The commands of clients, as people run them, as far as no node is needed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::{
	io::{Read, Write},
	net::{TcpListener, TcpStream},
	path::{Path, PathBuf},
	process::{Command, Output},
	thread,
};
use tempfile::TempDir;

const OGPU: &str = env!("CARGO_BIN_EXE_ogpu");

/// Runs `ogpu` with a home of its own, and no key or node from outside.
fn run(folder: &Path, args: &[&str]) -> Output {
	let mut command = Command::new(OGPU);
	command.args(args).current_dir(folder).env_remove("OGPU_KEY").env_remove("OGPU_NODE_URL").env("HOME", folder);
	command.output().unwrap()
}

/// The one line that it says when it refuses, with its exit code.
fn refusal(folder: &Path, args: &[&str]) -> (i32, String) {
	let output = run(folder, args);
	let stderr = String::from_utf8(output.stderr).unwrap();
	assert!(output.stdout.is_empty(), "{args:?} prints nothing");
	assert!(stderr.starts_with("Error: ") && stderr.lines().count() == 1, "{args:?}: {stderr}");
	(output.status.code().unwrap(), stderr)
}

fn example(name: &str) -> String {
	PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../gpu-offchain/examples").join(name).display().to_string()
}

fn folder() -> TempDir {
	tempfile::tempdir().unwrap()
}

/// Somebody who answers every question over a WebSocket with these bytes, or with nothing.
fn impostor(answer: &'static [u8]) -> String {
	let listener = TcpListener::bind("127.0.0.1:0").unwrap();
	let url = format!("ws://{}", listener.local_addr().unwrap());
	thread::spawn(move || {
		for stream in listener.incoming().map_while(Result::ok) {
			thread::spawn(move || pretend(stream, answer));
		}
	});
	url
}

fn pretend(mut stream: TcpStream, answer: &[u8]) {
	let mut asked = [0; 1 << 12];
	if stream.read(&mut asked).is_ok() {
		let _ = stream.write_all(answer);
	}
}

const COMMANDS: [&str; 16] = [
	"quote",
	"train",
	"render",
	"serve",
	"ask",
	"embed",
	"status",
	"watch",
	"fetch",
	"receipt",
	"cancel",
	"top-up",
	"accept",
	"challenge",
	"share",
	"load",
];

#[test]
fn every_command_of_clients_explains_itself() {
	let folder = folder();
	let all = String::from_utf8(run(folder.path(), &["--help"]).stdout).unwrap();
	for command in COMMANDS {
		assert!(all.contains(&format!("\n  {command} ")), "{command}: {all}");
		let output = run(folder.path(), &[command, "--help"]);
		assert!(output.status.success());
		let help = String::from_utf8(output.stdout).unwrap();
		let text = if command == "quote" {
			String::from_utf8(run(folder.path(), &["quote", "train", "--help"]).stdout).unwrap()
		} else {
			help
		};
		for option in ["--node", "--key", "--dev", "--home", "--json"] {
			assert!(text.contains(option), "{command} has {option}: {text}");
		}
	}
}

#[test]
fn docs_know_every_command() {
	let docs = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/cli.md")).unwrap();
	let quotes = ["quote train", "quote render", "quote ask"];
	for command in quotes.into_iter().chain(COMMANDS.into_iter().filter(|command| *command != "quote")) {
		assert!(docs.contains(&format!("ogpu {command}")), "docs/cli.md shows `ogpu {command}`");
	}
}

#[test]
fn the_readme_shows_the_example_that_is_compiled() {
	let package = Path::new(env!("CARGO_MANIFEST_DIR"));
	let read = |path: &str| std::fs::read_to_string(package.join(path)).unwrap();
	assert!(read("README.md").contains(&read("examples/ask.rs")));
}

#[test]
fn whoever_signs_has_to_say_with_what() {
	let folder = folder();
	for args in [&["status"][..], &["ask", "0", "hello"], &["cancel", "abcd"], &["share"]] {
		let (code, said) = refusal(folder.path(), args);
		assert_eq!(code, 2, "{said}");
		assert!(said.contains("--key") && said.contains("--dev alice"), "{said}");
	}
}

#[test]
fn a_key_that_others_can_read_is_refused_before_anybody_is_asked() {
	use std::os::unix::fs::PermissionsExt;
	let folder = folder();
	let key = folder.path().join("key");
	std::fs::write(&key, "//Alice").unwrap();
	std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
	let (code, said) = refusal(folder.path(), &["status", "--key", &key.display().to_string()]);
	assert_eq!(code, 1);
	assert!(said.contains("chmod 600"), "{said}");
}

#[test]
fn a_node_that_is_not_there_is_named_and_has_a_code_of_its_own() {
	let folder = folder();
	let unused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
	let url = format!("ws://{unused}");
	for args in [
		&["status", "--dev", "alice"][..],
		&["quote", "ask"],
		&["fetch", "abcd", "--dev", "alice"],
		&["receipt", "abcd"],
		&["load", "0", "--dev", "alice"],
		&["dashboard", "--port", "0"],
	] {
		let args: Vec<&str> = args.iter().copied().chain(["--node", &url]).collect();
		let (code, said) = refusal(folder.path(), &args);
		assert_eq!(code, 5, "{said}");
		assert!(said.contains(&url), "{said}");
	}
}

#[test]
fn what_is_no_node_is_no_node_whatever_it_answers() {
	let folder = folder();
	let answers: [&[u8]; 4] = [
		b"",
		b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi",
		b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n\xff\xff\xff\xff",
		b"\x00\x01\x02\x03",
	];
	for answer in answers {
		let url = impostor(answer);
		let (code, said) = refusal(folder.path(), &["quote", "ask", "--node", &url]);
		assert_eq!(code, 5, "{said}");
	}
}

#[test]
fn a_manifest_is_read_before_anybody_is_asked_or_paid() {
	let folder = folder();
	let path = folder.path().join("job.toml");
	let wrong: [&[u8]; 4] = [b"", b"version = 1\n[work", b"\xff\xfe", &[b'#'; 70_000]];
	for bytes in wrong {
		std::fs::write(&path, bytes).unwrap();
		for command in ["train", "render", "serve"] {
			let (code, said) = refusal(folder.path(), &[command, "job.toml", "--dev", "alice"]);
			assert_eq!(code, 1, "{said}");
			assert!(said.contains("job.toml"), "{said}");
		}
	}
	let (_, said) = refusal(folder.path(), &["train", &example("render.toml"), "--dev", "alice"]);
	assert!(said.contains("a manifest of render, not of train"), "{said}");
	let (_, said) = refusal(folder.path(), &["serve", &example("generate.toml"), "--dev", "alice"]);
	assert!(said.contains("without prompts"), "{said}");
	let (_, said) = refusal(folder.path(), &["train", "nowhere.toml", "--dev", "alice"]);
	assert!(said.contains("nowhere.toml"), "{said}");
}

#[test]
fn a_result_is_not_written_over_what_is_there() {
	let folder = folder();
	std::fs::write(folder.path().join("train-text.safetensors"), "mine").unwrap();
	let (code, said) = refusal(folder.path(), &["train", &example("train-text.toml"), "--dev", "alice"]);
	assert_eq!(code, 1);
	assert!(said.contains("train-text.safetensors is there already") && said.contains("-o"), "{said}");
}

#[test]
fn what_makes_no_sense_is_a_usage_error() {
	let folder = folder();
	for args in [
		&["ask", "many", "hello"][..],
		&["ask", "0"],
		&["train"],
		&["train", "job.toml", "--ceiling", "-1"],
		&["train", "job.toml", "--ceiling", "1e3"],
		&["train", "job.toml", "--bidding", "soon"],
		&["train", "job.toml", "--class", "best"],
		&["challenge", "abcd"],
		&["top-up", "abcd", "much"],
		&["status", "--dev", "alice", "--key", "file"],
		&["share", "--listen", "here"],
		&["load", "0", "--requests", "0"],
		&["load", "0", "--requests", "1000001"],
		&["load", "0", "--accounts", "1001"],
		&["load", "0", "--rate", "0"],
		&["load", "0", "--rate", "NaN"],
		&["load", "0", "--rate", "inf"],
		&["dashboard", "--port", "70000"],
	] {
		let output = run(folder.path(), args);
		assert_eq!(output.status.code(), Some(2), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
	}
}

#[test]
fn a_dashboard_says_before_it_asks_a_node_what_stands_in_its_way() {
	let folder = folder();
	let empty = folder.path().display().to_string();
	let (code, said) = refusal(folder.path(), &["dashboard", "--port", "0", "--page", &empty]);
	assert_eq!(code, 1);
	assert!(said.contains("has no index.html"), "{said}");
	let taken = TcpListener::bind("127.0.0.1:0").unwrap();
	let port = taken.local_addr().unwrap().port().to_string();
	let (code, said) = refusal(folder.path(), &["dashboard", "--port", &port]);
	assert_eq!(code, 1);
	assert!(said.contains(&format!("port {port} is taken")) && said.contains("--port"), "{said}");
}
