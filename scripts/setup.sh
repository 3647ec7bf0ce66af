#!/usr/bin/env bash
# Installs what the build and the tests need on Debian or Ubuntu: system packages, Rust, the wasm target, cargo-nextest
# and the packages of the JavaScript tests. Safe to run again: it only adds what is missing.
#
#   scripts/setup.sh            what `make run` and `make build` need
#   scripts/setup.sh --page     what the dashboard needs besides
#   scripts/setup.sh --tests    the tools of `make test` as well
#   scripts/setup.sh --network  and what zombienet needs, for `make test-network`
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf 'setup: %s\n' "$*" >&2; }
die() {
	printf 'setup: error: %s\n' "$*" >&2
	exit 1
}

with_page=false
with_tests=false
with_network=false
case "${1:-}" in
"") ;;
--page) with_page=true ;;
--tests) with_page=true with_tests=true ;;
--network) with_page=true with_tests=true with_network=true ;;
*) die "unknown option '$1'; usage: scripts/setup.sh [--page|--tests|--network]" ;;
esac

as_root() {
	if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

apt_updated=false
apt_install() {
	command -v apt-get >/dev/null ||
		die "cannot install ($*): this script knows Debian and Ubuntu; install their equivalents by hand and run it again"
	[ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null ||
		die "installing $* needs root: run this as root, install sudo, or ask an administrator to run: apt-get install $*"
	say "installing Debian packages: $*"
	local apt=(apt-get -qq -o DPkg::Lock::Timeout=300) log
	log=$(mktemp)
	if ! $apt_updated; then
		as_root "${apt[@]}" update >"$log" 2>&1 || say "apt-get update had problems, going on with the lists at hand"
		apt_updated=true
	fi
	if ! as_root env DEBIAN_FRONTEND=noninteractive "${apt[@]}" install -y --no-install-recommends "$@" >"$log" 2>&1; then
		tail -n 20 "$log" >&2
		die "apt-get could not install: $* (its last lines stand above, the whole output in $log)"
	fi
	rm -f "$log"
}

# --- system packages -------------------------------------------------------------------------------------------------

missing=()
need() { command -v "$1" >/dev/null || missing+=("$2"); }
need cc gcc
need c++ g++        # wasm-opt
need make make      # OpenSSL of the WebRTC transport
need perl perl      # the same
need pkg-config pkg-config
need protoc protobuf-compiler
need curl curl
need git git
if $with_page; then
	need node nodejs
	need npm npm
fi
$with_tests && need chromium chromium
[ -e /etc/ssl/certs/ca-certificates.crt ] || missing+=(ca-certificates)
if $with_network; then
	[ -e /usr/include/openssl/ssl.h ] || missing+=(libssl-dev)
fi
[ ${#missing[@]} -eq 0 ] || apt_install "${missing[@]}"
if $with_page; then
	node_version=$(node --version)
	node --eval 'const [major, minor] = process.versions.node.split("."); process.exit(major * 1000 + +minor >= 20019 ? 0 : 1)' ||
		die "the dashboard needs Node.js 20.19 or newer, and this is $node_version: install one from https://nodejs.org and run this again"
fi

# --- Rust ------------------------------------------------------------------------------------------------------------

. scripts/env.sh
# Where RUSTUP_AUTO_INSTALL=0 stands, rustup must not install anything, and is not asked to.
may_install_rust() { [ "${RUSTUP_AUTO_INSTALL:-1}" != 0 ]; }

if ! command -v rustup >/dev/null; then
	may_install_rust || die "rustup is missing and RUSTUP_AUTO_INSTALL=0 forbids installing it; install it or unset the variable"
	say "installing rustup, the Rust toolchain manager, from https://rustup.rs"
	curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y -q --no-modify-path --default-toolchain none ||
		die "rustup could not be installed; install it by hand (https://rustup.rs) and run this again"
	. scripts/env.sh
fi

if ! rustc --version >/dev/null 2>&1; then
	may_install_rust ||
		die "the toolchain of rust-toolchain.toml is missing and RUSTUP_AUTO_INSTALL=0 forbids installing it; install it or unset the variable"
	say "installing the Rust toolchain of rust-toolchain.toml"
	rustup toolchain install >/dev/null || die "rustup could not install the toolchain; is the network reachable?"
fi

# --- the wasm target of the runtime ----------------------------------------------------------------------------------

wasm_lib() { printf '%s/lib/rustlib/wasm32v1-none/lib' "$("$1" --print sysroot)"; }
# Where rustc looks for the linker of wasm, by its own name for it.
wasm_linker() { printf '%s/lib/rustlib/%s/bin/rust-lld' "$("$1" --print sysroot)" "$("$1" --print host-tuple)"; }
# The libraries that we built are of one compiler, and apt may have brought another since.
wasm_is_built() {
	[ "$(cat "$(wasm_lib /usr/bin/rustc)/built-by" 2>/dev/null)" = "$(/usr/bin/rustc --version)" ] &&
		[ -e "$(wasm_linker /usr/bin/rustc)" ]
}

# Debian's own Rust carries the sources of its standard library: `core` and `alloc` for wasm are built from them once.
build_wasm_toolchain() {
	say "rustup may not install the wasm target: preparing Debian's Rust instead (about a minute)"
	[ -x /usr/bin/rustc ] && [ -x /usr/bin/cargo ] && [ -d /usr/lib/rustlib/src ] && command -v wasm-ld-22 >/dev/null ||
		apt_install rustc-web cargo-web rust-web-src lld-22
	local dir lib rlibs linker
	dir=$(mktemp -d)
	lib=$(wasm_lib /usr/bin/rustc)
	mkdir "$dir/src"
	printf '[package]\nname = "empty"\nversion = "0.0.0"\nedition = "2021"\n' >"$dir/Cargo.toml"
	printf '#![no_std]\n' >"$dir/src/lib.rs"
	# Bitcode, because the runtime is linked with LTO.
	(cd "$dir" && env -u RUSTUP_TOOLCHAIN -u CARGO_TARGET_DIR PATH="/usr/bin:$PATH" RUSTC=/usr/bin/rustc \
		RUSTC_BOOTSTRAP=1 RUSTFLAGS="-C embed-bitcode=yes" /usr/bin/cargo build -q --release \
		-Z build-std=core,alloc,compiler_builtins --target wasm32v1-none) ||
		die "the standard library for wasm32v1-none could not be built from Debian's rust-web-src"
	rlibs=("$dir"/target/wasm32v1-none/release/deps/lib{core,alloc,compiler_builtins}-*.rlib)
	/usr/bin/rustc --version >"$dir/built-by"
	as_root rm -rf "$lib"
	as_root mkdir -p "$lib"
	as_root cp "${rlibs[@]}" "$dir/built-by" "$lib/"
	rm -rf "$dir"
	linker=$(wasm_linker /usr/bin/rustc)
	as_root mkdir -p "$(dirname "$linker")"
	as_root ln -sf /usr/bin/lld-22 "$linker"
	rustup toolchain link ogpu-wasm /usr
}

if [ -e "$(wasm_lib rustc)" ]; then
	:
elif may_install_rust; then
	say "adding the wasm32v1-none target"
	rustup target add wasm32v1-none >/dev/null || die "rustup could not add the target wasm32v1-none"
elif ! rustup toolchain list | grep -q '^ogpu-wasm\b' || ! wasm_is_built; then
	build_wasm_toolchain
fi

# --- test tools ------------------------------------------------------------------------------------------------------

install_js() {
	cmp -s "$1/package-lock.json" "$1/node_modules/.installed" && return
	say "installing the JavaScript packages of $1"
	npm ci --prefix "$1" --silent --no-audit --no-fund || die "npm could not install the packages of $1/package-lock.json"
	cp "$1/package-lock.json" "$1/node_modules/.installed"
}
if $with_page; then
	install_js dashboard
fi
if $with_tests; then
	if ! cargo nextest --version >/dev/null 2>&1; then
		say "building cargo-nextest, the test runner (a few minutes, once)"
		cargo install -q --locked cargo-nextest --version 0.9.143 ||
			die "cargo-nextest could not be installed; see https://nexte.st and run this again"
	fi
	install_js node/tests/js
	install_js protocol/tests/js
fi
say "everything needed is here"
