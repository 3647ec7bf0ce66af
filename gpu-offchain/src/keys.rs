//! Keys: read from files that nobody else can read, never from a command line or an environment, which others see.
//!
//! A key file is one of three: an account that polkadot.js exported (JSON, under a password), a text with a secret URI
//! (words, or 0x and 64 digits, with `//paths` behind), or a folder that is a node's keystore.

use crate::chain::{hex, types::AccountId};
use anyhow::{bail, ensure, Context, Result};
use serde::{Deserialize, Serialize};
use std::{
	fs,
	io::{self, BufRead, Write},
	path::{Path, PathBuf},
	str::FromStr,
};
use subxt_signer::{sr25519::Keypair, SecretUri};

/// No key file is longer.
const MOST_BYTES: u64 = 16 << 10;
/// An exported account is at least so long before it is decoded: salt, parameters, nonce.
const LEAST_ENCODED: usize = 124;

/// Where a key is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeySource {
	/// A JSON file of polkadot.js, or a file with a secret URI.
	pub file: Option<PathBuf>,
	/// The password of the JSON file, in a file of its own. Without it, it is asked for at the start.
	pub password_file: Option<PathBuf>,
	/// Instead of a file: the folder of a substrate keystore, in which the key is the one of `account`.
	pub keystore: Option<PathBuf>,
	/// The public key in the keystore: an address, or 0x and 64 digits.
	pub account: Option<String>,
}

impl KeySource {
	/// Reads the key.
	pub fn load(&self) -> Result<Keypair> {
		match (&self.file, &self.keystore) {
			(Some(file), None) => self.load_file(file).with_context(|| format!("the key in {}", file.display())),
			(None, Some(folder)) => {
				self.load_keystore(folder).with_context(|| format!("the keystore {}", folder.display()))
			}
			_ => bail!("say where the key is: either `file` or `keystore`"),
		}
	}

	fn load_file(&self, path: &Path) -> Result<Keypair> {
		let text = read_secret(path)?;
		let text = text.trim();
		if text.starts_with('{') {
			let password = match &self.password_file {
				Some(path) => read_secret(path)?.trim_end_matches(['\r', '\n']).to_owned(),
				None => ask_password(path)?,
			};
			return from_json(text, &password);
		}
		from_uri(text)
	}

	fn load_keystore(&self, folder: &Path) -> Result<Keypair> {
		let account = self.account.as_deref().context("say with `account` which key of the keystore it is")?;
		let account = crate::chain::parse_account(account)?;
		let digits = hex(&account);
		let digits = digits.trim_start_matches("0x");
		// Its name is four bytes for the purpose, and the public key.
		let mut names = fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path()));
		let found = names.find(|path| {
			let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
			name.len() == digits.len().saturating_add(8) && name.ends_with(digits)
		});
		let path = found.with_context(|| format!("there is no key of {} in it", crate::chain::address(&account)))?;
		let text: String = serde_json::from_str(read_secret(&path)?.trim()).context("it is no JSON text")?;
		let key = from_uri(&text)?;
		ensure!(key.public_key().0 == account, "it is not an sr25519 key of this account");
		Ok(key)
	}
}

fn from_uri(text: &str) -> Result<Keypair> {
	let uri = SecretUri::from_str(text).map_err(|_| anyhow::anyhow!("it is neither JSON nor a secret URI"))?;
	Keypair::from_uri(&uri).map_err(|error| anyhow::anyhow!("it is no secret URI: {error}"))
}

fn from_json(text: &str, password: &str) -> Result<Keypair> {
	#[derive(Deserialize)]
	struct Exported {
		encoded: String,
	}
	let exported: Exported = serde_json::from_str(text).context("it is no account exported by polkadot.js")?;
	ensure!(exported.encoded.len() >= LEAST_ENCODED, "it is cut off");
	subxt_signer::polkadot_js_compat::decrypt_json(text, password)
		.map_err(|error| anyhow::anyhow!("the password is wrong, or the file is damaged: {error}"))
}

/// Reads a file that nobody else may read.
fn read_secret(path: &Path) -> Result<String> {
	let about = fs::metadata(path).with_context(|| path.display().to_string())?;
	ensure!(about.len() <= MOST_BYTES, "{} is too long for a key", path.display());
	#[cfg(unix)]
	{
		use std::os::unix::fs::PermissionsExt;
		let mode = about.permissions().mode() & 0o777;
		ensure!(
			mode.trailing_zeros() >= 6,
			"others may read {} (mode {mode:o}). Say: chmod 600 {}",
			path.display(),
			path.display()
		);
	}
	fs::read_to_string(path).with_context(|| path.display().to_string())
}

/// Asks whoever sits at the terminal.
fn ask_password(path: &Path) -> Result<String> {
	use std::io::IsTerminal;
	ensure!(
		io::stdin().is_terminal(),
		"{} has a password. Say with `password_file` where it is, or start at a terminal",
		path.display()
	);
	eprint!("Password of {}: ", path.display());
	io::stderr().flush()?;
	let echo = |on: bool| {
		let state = if on { "echo" } else { "-echo" };
		let _ = std::process::Command::new("stty").arg(state).stdin(std::process::Stdio::inherit()).status();
	};
	echo(false);
	let mut line = String::new();
	let read = io::stdin().lock().read_line(&mut line);
	echo(true);
	eprintln!();
	read?;
	Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// Makes a new key in a file that nobody else can read, and says what it is.
pub fn create(path: &Path) -> Result<Keypair> {
	let mut seed = [0; 32];
	fill_random(&mut seed)?;
	let uri = hex(&seed);
	let mut options = fs::OpenOptions::new();
	options.write(true).create_new(true);
	#[cfg(unix)]
	{
		use std::os::unix::fs::OpenOptionsExt;
		options.mode(0o600);
	}
	let mut file = options.open(path).with_context(|| path.display().to_string())?;
	writeln!(file, "{uri}")?;
	file.sync_all()?;
	from_uri(&uri)
}

/// Random bytes of the system.
pub fn fill_random(bytes: &mut [u8]) -> Result<()> {
	use chacha20poly1305::aead::{rand_core::RngCore, OsRng};
	OsRng.try_fill_bytes(bytes).map_err(|error| anyhow::anyhow!("the system gives no random numbers: {error}"))
}

/// What a worker key signs, raw, to work for an operator.
pub fn consent(genesis: &[u8; 32], operator: &AccountId) -> Vec<u8> {
	[b"ogpu/worker-keys".as_slice(), genesis, operator].concat()
}

#[cfg(test)]
mod tests {
	use super::*;

	const ALICE: &str = "0xd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d";

	fn write(path: &Path, text: &str, mode: u32) {
		use std::os::unix::fs::PermissionsExt;
		fs::write(path, text).unwrap();
		fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
	}

	fn source(file: &Path) -> KeySource {
		KeySource { file: Some(file.into()), password_file: None, keystore: None, account: None }
	}

	#[test]
	fn a_secret_uri_is_read_if_nobody_else_can_read_it() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("key");
		write(&path, "//Alice\n", 0o600);
		assert_eq!(hex(&source(&path).load().unwrap().public_key().0), ALICE);
		write(&path, "//Alice\n", 0o640);
		assert!(format!("{:#}", source(&path).load().unwrap_err()).contains("chmod 600"));
		write(&path, "not//a key at all", 0o600);
		assert!(source(&path).load().is_err());
		assert!(source(&folder.path().join("nowhere")).load().is_err());
	}

	#[test]
	fn a_new_key_is_nobody_elses_and_is_not_overwritten() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("key");
		let key = create(&path).unwrap();
		assert_eq!(source(&path).load().unwrap().public_key().0, key.public_key().0);
		assert!(create(&path).is_err());
	}

	#[test]
	fn a_keystore_is_searched_for_the_account() {
		let folder = tempfile::tempdir().unwrap();
		let name = format!("62616265{}", ALICE.trim_start_matches("0x"));
		write(&folder.path().join(name), "\"//Alice\"", 0o600);
		let keystore = |account: &str| KeySource {
			file: None,
			password_file: None,
			keystore: Some(folder.path().into()),
			account: Some(account.into()),
		};
		assert_eq!(hex(&keystore(ALICE).load().unwrap().public_key().0), ALICE);
		assert!(keystore("5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty").load().is_err());
		assert!(keystore("nobody").load().is_err());
	}

	#[test]
	fn an_account_that_is_cut_off_is_refused() {
		let folder = tempfile::tempdir().unwrap();
		let (path, password) = (folder.path().join("key.json"), folder.path().join("password"));
		let text = r#"{"encoded":"AAAA","encoding":{"content":["pkcs8","sr25519"],"type":["scrypt","xsalsa20-poly1305"],
			"version":"3"},"address":"5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"}"#;
		write(&path, text, 0o600);
		write(&password, "secret\n", 0o600);
		let source = KeySource { password_file: Some(password), ..source(&path) };
		assert!(format!("{:#}", source.load().unwrap_err()).contains("cut off"));
	}
}
