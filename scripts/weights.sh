#!/usr/bin/env bash
# Measures the calls of our own pallets and writes runtime/src/weights/*.rs: scripts/weights.sh PATH_OF_NODE
# The node must have been built with --features ogpu-node/runtime-benchmarks.
set -euo pipefail
node=$(realpath "${1:?usage: scripts/weights.sh PATH_OF_NODE}")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
for pallet in ogpu_continuous_pool ogpu_result_validation ogpu_staking_trustlock ogpu_token ogpu_training_auction; do
	"$node" benchmark pallet --chain dev --pallet "$pallet" --extrinsic '*' --steps 20 --repeat 20 \
		--template scripts/weights.hbs --output "runtime/src/weights/$pallet.rs"
done
