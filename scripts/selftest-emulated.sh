#!/usr/bin/env bash
# Runs the engine's self-test on emulated CPUs (Debian: qemu-user): one of 2008 without fused multiply-add, one of 2013
# with AVX2, and the newest that the emulator knows. All must find the bits of the kernel set. A minute.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh
qemu=${QEMU:-qemu-x86_64}
command -v "$qemu" >/dev/null || { echo "selftest-emulated: install qemu-user, or say where it is with QEMU=…" >&2; exit 1; }
cargo build --release --locked -p ogpu-worker
for cpu in Nehalem Haswell max; do
	echo "selftest-emulated: $cpu"
	"$qemu" -cpu "$cpu" "${CARGO_TARGET_DIR:-target}/release/ogpu-worker" selftest --operations 2>/dev/null | tail -1
done
