//! What of `ogpu dev`, and of the commands beside it, can be seen without a node.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use std::{
	fs,
	net::TcpListener,
	os::unix::fs::PermissionsExt,
	path::Path,
	process::{Command, Output, Stdio},
};

const OGPU: &str = env!("CARGO_BIN_EXE_ogpu");

fn ogpu(args: &[&str]) -> Output {
	Command::new(OGPU).args(args).stdin(Stdio::null()).output().unwrap()
}

/// The one line that it says, when it must refuse.
fn refusal(output: Output, code: i32) -> String {
	let stderr = String::from_utf8(output.stderr).unwrap();
	assert_eq!(output.status.code(), Some(code), "{stderr}");
	stderr.lines().last().unwrap_or_default().to_owned()
}

#[test]
fn who_has_not_built_it_all_is_told_how() {
	let folder = tempfile::tempdir().unwrap();
	// Alone in its folder, with nothing on the PATH.
	let alone = folder.path().join("ogpu");
	fs::copy(OGPU, &alone).unwrap();
	let output = Command::new(&alone).arg("dev").env("PATH", folder.path()).output().unwrap();
	let said = refusal(output, 1);
	assert!(said.contains("ogpu-node") && said.contains("make build") && said.contains("--node-bin"), "{said}");
	let said = refusal(ogpu(&["dev", "--node-bin", "/bin/true", "--worker-bin", "/nowhere"]), 1);
	assert!(said.contains("--worker-bin: /nowhere is no file"), "{said}");
}

#[test]
fn a_port_that_is_taken_is_said_before_anything_starts() {
	let taken = TcpListener::bind("127.0.0.1:0").unwrap();
	let port = taken.local_addr().unwrap().port().to_string();
	let said = refusal(ogpu(&["dev", "--node-bin", "/bin/true", "--worker-bin", "/bin/true", "--port", &port]), 1);
	assert!(said.contains(&format!("port {port} is taken")) && said.contains("--port"), "{said}");
	let programs = ["dev", "--port", "0", "--node-bin", "/bin/true", "--worker-bin", "/bin/true"];
	let said = refusal(ogpu(&[&programs[..], &["--dashboard-port", &port]].concat()), 1);
	assert!(said.contains(&format!("port {port} is taken")) && said.contains("--dashboard-port"), "{said}");
}

#[test]
fn a_liar_alone_makes_no_sense() {
	let programs = ["--node-bin", "/bin/true", "--worker-bin", "/bin/true"];
	for more in [&["--dishonest", "--providers", "1"], &["--dishonest", "--no-services"][..]] {
		let said = refusal(ogpu(&[&["dev"], &programs[..], more].concat()), 2);
		assert!(said.contains("--dishonest"), "{said}");
	}
}

#[test]
fn more_than_there_can_be_is_refused() {
	refusal(ogpu(&["dev", "--providers", "17"]), 2);
	refusal(ogpu(&["dev", "--width", "9"]), 2);
}

#[test]
fn a_node_that_ends_by_itself_is_reported_and_nothing_is_left() {
	let folder = tempfile::tempdir().unwrap();
	let node = folder.path().join("node");
	script(&node, "echo the disk is full >&2; exit 3");
	let tmp = folder.path().join("tmp");
	fs::create_dir(&tmp).unwrap();
	let output = Command::new(OGPU)
		.args(["dev", "--port", "0", "--no-services", "--worker-bin", "/bin/true", "--node-bin"])
		.arg(&node)
		.env("TMPDIR", &tmp)
		.output()
		.unwrap();
	let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
	let said = refusal(output, 1);
	assert!(said.contains("the node has ended by itself") && said.contains('3'), "{said}");
	assert!(stderr.contains("the disk is full"), "its last words: {stderr}");
	assert_eq!(fs::read_dir(&tmp).unwrap().count(), 0);
}

#[test]
fn a_liar_changes_what_leaves_put_out_and_nothing_else() {
	let folder = tempfile::tempdir().unwrap();
	let honest = folder.path().join("honest");
	let [one, two, three] = ["1", "2", "3"].map(|digit| digit.repeat(64));
	let run = format!(
		r#"{{"leaves":[["{one}","{two}","{three}"]],"output_bytes":7,"opening":{{"hash":"{two}","bytes":1}},"losses":0,"is_done":true}}"#
	);
	let lying = |what: &str| {
		script(&honest, what);
		let mut command = Command::new(OGPU);
		command.arg("engine").arg(folder.path()).env("OGPU_DEV_HONEST_ENGINE", &honest).output().unwrap()
	};
	// A check of somebody else's leaf leaves no run, and nothing to lie about.
	assert!(lying("echo right > \"$2/checked.json\"").status.success());
	assert_eq!(fs::read_to_string(folder.path().join("checked.json")).unwrap(), "right\n");
	assert!(lying(&format!("[ \"$1\" = engine ] && echo '{run}' > \"$2/progress.json\"")).status.success());
	let told = fs::read_to_string(folder.path().join("progress.json")).unwrap();
	assert!(!told.contains(&one), "{told}");
	let (begin, end) = (told.find(&two).unwrap(), run.find(&two).unwrap());
	assert_eq!(told[begin..], run[end..], "the rest is as it was");
	let said = refusal(lying("exit 1"), 1);
	assert!(said.contains("the engine ended"), "{said}");
}

#[test]
fn helpers_of_a_network_do_no_harm_to_others() {
	let folder = tempfile::tempdir().unwrap();
	let said = refusal(ogpu(&["sweep", folder.path().to_str().unwrap()]), 1);
	assert!(said.contains("is no folder of `ogpu dev`") && folder.path().is_dir(), "{said}");
	let swept = tempfile::Builder::new().prefix("ogpu-dev-").tempdir().unwrap();
	fs::create_dir_all(swept.path().join("node/chains")).unwrap();
	assert!(ogpu(&["sweep", swept.path().to_str().unwrap()]).status.success());
	assert!(!swept.path().exists());
	// What should become another program does not, if whoever wanted it has gone.
	let said = refusal(ogpu(&["become", "1", "/bin/echo", "hello"]), 1);
	assert!(said.contains("has ended"), "{said}");
	let us = std::process::id().to_string();
	let output = ogpu(&["become", &us, "/bin/sh", "-c", "echo $1 $2", "sh", "--help", "--dev"]);
	assert_eq!(String::from_utf8_lossy(&output.stdout), "--help --dev\n");
}

#[test]
fn shells_complete_what_people_see() {
	for shell in ["bash", "zsh", "fish"] {
		let output = ogpu(&["completions", shell]);
		let script = String::from_utf8(output.stdout).unwrap();
		assert!(output.status.success() && script.contains("withdraw"), "{shell}");
	}
	let help = String::from_utf8(ogpu(&["--help"]).stdout).unwrap();
	assert!(help.contains("completions") && !help.contains("become") && !help.contains("sweep"), "{help}");
}

#[test]
fn commands_that_need_a_node_say_that_there_is_none() {
	let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
	let node = format!("ws://{nobody}");
	for command in [&["lock", "1", "--dev", "dave"][..], &["withdraw", "--dev", "dave"], &["provider", "bob"]] {
		let said = refusal(ogpu(&[command, &["--node", &node]].concat()), 5);
		assert!(said.contains("no node can be reached") && said.contains(&node), "{said}");
	}
	refusal(ogpu(&["lock", "much", "--dev", "dave"]), 2);
}

#[test]
fn a_claim_is_looked_at_before_it_is_sent() {
	let folder = tempfile::tempdir().unwrap();
	let line = folder.path().join("line.json");
	let text = r#"{"index":0,"address":"0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266","amount":"1000","units":"1000000000000000000000","proof":[]}"#;
	fs::write(&line, text).unwrap();
	let claim = |to: &str, signature: &str| {
		ogpu(&[
			"claim",
			"--proof",
			line.to_str().unwrap(),
			"--to",
			to,
			"--signature",
			signature,
			"--node",
			"ws://127.0.0.1:1",
		])
	};
	const ALICE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
	assert!(refusal(claim("nobody", "0x00"), 1).contains("is no address of an account"));
	assert!(refusal(claim(ALICE, "0x00"), 2).contains("130 hexadecimal digits"));
	assert!(refusal(claim(ALICE, &format!("0x{}", "g".repeat(130))), 2).contains("130 hexadecimal digits"));
	let file = folder.path().join("signature");
	fs::write(&file, format!("0x{}\n", "1".repeat(130))).unwrap();
	assert!(refusal(claim(ALICE, file.to_str().unwrap()), 5).contains("no node can be reached"));
}

/// Writes a program.
fn script(path: &Path, text: &str) {
	fs::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
	fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}
