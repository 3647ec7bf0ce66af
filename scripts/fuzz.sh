#!/usr/bin/env bash
# Fuzzes what strangers send to the engine: manifests, safetensors, tokenizers and scenes, each for so many seconds
# (first argument, default 60). The corpus begins with the examples and grows in gpu-offchain/fuzz/corpus. With the
# sanitizers of coverage that a stable compiler has; `cargo +nightly fuzz run` works as well.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh
seconds=${1:-60}
export CARGO_TARGET_DIR=${FUZZ_TARGET_DIR:-${CARGO_TARGET_DIR:-$PWD/target}/fuzz}
cd gpu-offchain/fuzz
# By hand, because cargo-fuzz insists on a nightly compiler.
RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table -Cdebug-assertions -Ccodegen-units=1" \
	cargo build --release --target "$(rustc -vV | sed -n 's/host: //p')" --bins
for name in manifest safetensors tokenizer scene; do
	mkdir -p "corpus/$name"
done
cp ../examples/*.toml corpus/manifest/
cp ../examples/data/scene.json corpus/scene/
cp tokenizer.json corpus/tokenizer/
for name in manifest safetensors tokenizer scene; do
	echo "fuzz: $name, $seconds s"
	"$CARGO_TARGET_DIR/$(rustc -vV | sed -n 's/host: //p')/release/$name" -max_total_time="$seconds" -rss_limit_mb=4096 -timeout=20 "corpus/$name"
done
