#!/usr/bin/env bash
# Writes every spec of chain-specs/ from the presets of the runtime, plain and raw: scripts/chain-specs.sh PATH_OF_NODE
set -euo pipefail
node=$(realpath "${1:?usage: scripts/chain-specs.sh PATH_OF_NODE}")
cd "$(dirname "${BASH_SOURCE[0]}")/../chain-specs"
for chain in development local testnet; do
	"$node" export-chain-spec --chain "$chain" --output "$chain.json"
	"$node" export-chain-spec --chain "$chain" --raw --output "$chain-raw.json"
done
