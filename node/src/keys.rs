//! `ogpu-node key`: the SDK's commands, made safer.

use crate::{
	cli::Cli,
	error::{naming, refusal},
};
use clap::ArgMatches;
use nix::sys::stat::{umask, Mode};
use polkadot_sdk::*;
use sc_cli::{KeySubcommand, Result};
use std::{
	fs,
	path::{Path, PathBuf},
};

/// The SDK keeps its arguments to itself, so they come from the command line as it was parsed.
pub fn run(command: &KeySubcommand, line: &ArgMatches, cli: &Cli) -> Result<()> {
	// Whatever these commands write is for the owner alone.
	umask(Mode::S_IRWXG | Mode::S_IRWXO);
	let Some((_, args)) = line.subcommand_matches("key").and_then(ArgMatches::subcommand) else {
		return command.run(cli);
	};
	let secret = ["suri", "uri"].into_iter().find_map(|id| args.try_get_one::<String>(id).ok().flatten());
	if let Some(secret) = secret {
		refuse_known_secret(secret)?;
	}
	let path = ["file", "base_path"].into_iter().find_map(|id| args.try_get_one::<PathBuf>(id).ok().flatten());
	command.run(cli).map_err(naming(path.map(PathBuf::as_path)))
}

/// The SDK takes the path of a file that does not exist for a derivation of the development phrase, and an empty secret
/// for that phrase itself: everybody knows the keys that come of it.
fn refuse_known_secret(given: &str) -> Result<()> {
	let is_file = Path::new(given).is_file();
	// `//Alice` and the like are no paths that anybody writes.
	let is_path = ["/", "./", "../", "~"].iter().any(|start| given.starts_with(start)) && !given.starts_with("//");
	if is_path && !is_file {
		return Err(refusal(format!(
			"there is no file '{given}'; if you mean a derivation of the development phrase, which everybody knows, \
			 write the phrase before it"
		)));
	}
	let secret = if is_file {
		fs::read_to_string(given).map_err(|error| refusal(format!("cannot read {given}: {error}")))?
	} else {
		given.into()
	};
	if secret.trim().is_empty() {
		return Err(refusal(format!(
			"'{given}' holds no secret, and an empty one counts as the development phrase, which everybody knows"
		)));
	}
	Ok(())
}
