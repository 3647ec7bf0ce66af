//! The command line.

use crate::new_chain::NewChainCmd;
use clap::Parser;
use polkadot_sdk::*;
use std::path::PathBuf;

#[derive(Debug, Parser)]
#[command(after_help = "Start a chain of your own on this machine:  ogpu-node --dev\n\
		Guide for operators: docs/operators.md in the repository")]
pub struct Cli {
	#[command(subcommand)]
	pub subcommand: Option<Subcommand>,

	#[command(flatten)]
	pub run: sc_cli::RunCmd,

	#[command(flatten)]
	pub storage_monitor: sc_storage_monitor::StorageMonitorParams,

	/// Keep compiled runtimes in this folder, so that the node starts again in a second. Whoever can write there can have
	/// the node execute anything [default: `runtimes` beside the database]
	#[arg(long, value_name = "DIR")]
	pub wasm_cache: Option<PathBuf>,
}

#[derive(Debug, clap::Subcommand)]
#[allow(clippy::large_enum_variant, reason = "one value, built once")]
pub enum Subcommand {
	/// Generate, inspect and insert keys.
	#[command(subcommand)]
	Key(sc_cli::KeySubcommand),

	/// Write a chain spec (dev, local, testnet or a file), plain or raw, to a file or stdout.
	ExportChainSpec(sc_cli::ExportChainSpecCmd),

	/// Write a chain spec; kept for tools that know this name (see export-chain-spec).
	BuildSpec(sc_cli::BuildSpecCmd),

	NewChain(NewChainCmd),

	/// Execute a block of the database once more, and say whether it is valid.
	CheckBlock(sc_cli::CheckBlockCmd),

	/// Write blocks to a file or stdout.
	ExportBlocks(sc_cli::ExportBlocksCmd),

	/// Read blocks from a file or stdin.
	ImportBlocks(sc_cli::ImportBlocksCmd),

	/// Write the state of a block as a chain spec.
	ExportState(sc_cli::ExportStateCmd),

	/// Remove the database of a chain; asks first unless -y is given. Keys are kept.
	PurgeChain(sc_cli::PurgeChainCmd),

	/// Undo the last blocks that are not final.
	Revert(sc_cli::RevertCmd),

	/// Print what the database of a chain holds.
	ChainInfo(sc_cli::ChainInfoCmd),

	/// Measure the runtime's calls (`pallet`) or an empty block and transaction (`overhead`).
	#[cfg(feature = "runtime-benchmarks")]
	#[command(subcommand)]
	Benchmark(polkadot_sdk::frame_benchmarking_cli::BenchmarkCmd),
}
