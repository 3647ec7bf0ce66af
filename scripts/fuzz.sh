#!/usr/bin/env bash
# Fuzzes what strangers send. `fuzz.sh runtime [--seed S] [--blocks N] [--minutes M] [--calls]`: hostile transactions to the
# whole runtime. Otherwise, what they send to the engine: manifests, requests, safetensors, tokenizers and scenes, each for so
# many seconds (first argument, default 60). That begins with the examples and gpu-offchain/fuzz/seeds; what it finds beyond
# them it keeps in the build folder. With the coverage that a stable compiler can measure; `cargo +nightly fuzz run` works as
# well.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh
if [ "${1:-}" = runtime ]; then
	# Not `cargo run`: it selects one package, and with it other features.
	cargo build --quiet --release --workspace --locked --example fuzz
	exec "${CARGO_TARGET_DIR:-$PWD/target}/release/examples/fuzz" "${@:2}"
fi
seconds=${1:-60}
export CARGO_TARGET_DIR=${FUZZ_TARGET_DIR:-${CARGO_TARGET_DIR:-$PWD/target}/fuzz}
cd gpu-offchain/fuzz
host=$(rustc -vV | sed -n 's/host: //p')
targets=(manifest request safetensors tokenizer scene)
# By hand, because cargo-fuzz insists on a nightly compiler.
RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table -Cdebug-assertions" \
	cargo build --quiet --release --locked --target "$host" --bins
for name in "${targets[@]}"; do
	corpus=$CARGO_TARGET_DIR/corpus/$name
	mkdir -p "$corpus"
	case $name in
	manifest) cp ../examples/*.toml "$corpus" ;;
	request) cp ../examples/data/{prompts,texts}.json "$corpus" ;;
	scene) cp ../examples/data/scene.json "$corpus" ;;
	*) cp seeds/"$name".* "$corpus" ;;
	esac
	log=$CARGO_TARGET_DIR/$name.log
	if ! "$CARGO_TARGET_DIR/$host/release/$name" -max_total_time="$seconds" -rss_limit_mb=4096 -timeout=20 \
		-artifact_prefix="$CARGO_TARGET_DIR/$name-" "$corpus" >"$log" 2>&1; then
		tail -40 "$log" >&2
		echo "fuzz: error: $name, see above; what broke it lies in $CARGO_TARGET_DIR/$name-*" >&2
		exit 1
	fi
	echo "fuzz: $name, $(grep -oE 'Done [0-9]+ runs in [0-9]+ second' "$log")s"
done
