#!/usr/bin/env bash
# Formatting and lints of the workspace, with warnings denied.
#
# Clippy runs as the compiler of our own crates in an ordinary build: `cargo clippy` would check all 900 dependencies
# once more.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/env.sh

cargo fmt --all --check
cargo fmt --manifest-path zombienet/Cargo.toml --check
RUSTC_WORKSPACE_WRAPPER=clippy-driver CLIPPY_ARGS="-Dwarnings__CLIPPY_HACKERY__" \
	cargo build --release --workspace --all-targets --locked
