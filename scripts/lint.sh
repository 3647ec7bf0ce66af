#!/usr/bin/env bash
# Formatting and lints, with warnings denied.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/env.sh

cargo fmt --all --check
cargo fmt --manifest-path zombienet/Cargo.toml --check
# The sources of the wasm runtime are those of the native one, so it need not be built for this.
SKIP_WASM_BUILD=1 cargo clippy --release --workspace --all-targets --locked -- -D warnings
