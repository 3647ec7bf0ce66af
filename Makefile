# What people type. Every target does its own set-up, says what it does, and can be repeated.

SHELL := /bin/bash
# The environment is read in each recipe, because the set-up may just have created it.
CARGO := . scripts/env.sh && cargo
NODE = $(or $(CARGO_TARGET_DIR),target)/release/ogpu-node
SAY_BUILD_TIME = [ -e $(NODE) ] || echo "build: the first one compiles 1,100 crates, half an hour or more on two cores; later ones compile what changed"

.DEFAULT_GOAL := help
.PHONY: help setup build run test test-workers test-network fuzz lint doc check-features weights chain-specs

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 18

setup: ## Install what build and tests need (Debian, Ubuntu)
	@scripts/setup.sh --tests

build: ## Build ogpu-node, ogpu-worker and ogpu
	@scripts/setup.sh
	@$(SAY_BUILD_TIME)
	@$(CARGO) build --release --workspace --bins --locked

run: build ## Start a whole network of your own, and say what to try: http and ws on 127.0.0.1:9944
	@echo "run: a fresh chain with providers and a verifier, gone when you stop it with Ctrl-C (ogpu dev --help says more)"
	@$(dir $(NODE))ogpu dev

test: setup ## Unit, runtime and process tests
	@node protocol/tests/js/vectors.mjs
	@$(SAY_BUILD_TIME)
	@$(CARGO) nextest run --release --workspace --locked

test-workers: build ## Workers and clients with a real node: races, auctions, juries, kills; ten minutes a story
	@OGPU_NODE=$(abspath $(NODE)) bash -c '$(CARGO) nextest run --profile workers --release --workspace --locked'

test-network: build ## Tests on a zombienet network: pauses, lost finality, warp sync
	@scripts/setup.sh --network
	@OGPU_NODE=$(abspath $(NODE)) RUSTC_WORKSPACE_WRAPPER=clippy-driver CLIPPY_ARGS=-Dwarnings__CLIPPY_HACKERY__ \
		bash -c '$(CARGO) nextest run --release --locked --manifest-path zombienet/Cargo.toml'

fuzz: ## Fuzz what strangers send to the engine, a minute each
	@scripts/fuzz.sh

lint: ## Formatting and lints, warnings denied
	@scripts/lint.sh

doc: ## The documentation of the code, warnings denied
	@RUSTDOCFLAGS="-D warnings" bash -c '$(CARGO) doc --release --workspace --no-deps --document-private-items --locked'

check-features: ## Compile everything with runtime-benchmarks and try-runtime
	@SKIP_WASM_BUILD=1 bash -c '$(CARGO) check --release --locked --workspace --features ogpu-node/runtime-benchmarks,ogpu-node/try-runtime'

weights: ## Measure what calls cost; half an hour, on a machine that does nothing else
	@scripts/setup.sh
	@$(CARGO) build --release --workspace --bins --locked --features ogpu-node/runtime-benchmarks
	@scripts/weights.sh $(NODE)

chain-specs: build ## Write chain-specs/*.json anew
	@scripts/chain-specs.sh $(NODE)
