# Source this before a plain `cargo` command: it finds cargo and, where rustup could not install the wasm target, names
# the compiler that `scripts/setup.sh` prepared instead. The Makefile does it for you.
case ":$PATH:" in
*":${CARGO_HOME:-$HOME/.cargo}/bin:"*) ;;
*) export PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH" ;;
esac
if [ -z "${WASM_BUILD_TOOLCHAIN:-}" ] && command -v rustup >/dev/null &&
	rustup toolchain list 2>/dev/null | grep -q '^ogpu-wasm\b'; then
	export WASM_BUILD_TOOLCHAIN=ogpu-wasm
fi
