# What people type. Every target does its own set-up, says what it does, and can be repeated.

SHELL := /bin/bash
# The environment is read in each recipe, because the set-up may just have created it.
CARGO := . scripts/env.sh && cargo
NODE = $(or $(CARGO_TARGET_DIR),target)/release/ogpu-node
SAY_BUILD_TIME = [ -e $(NODE) ] || echo "build: the first one compiles 1,100 crates, half an hour or more on two cores; later ones compile what changed"

.DEFAULT_GOAL := help
.PHONY: help setup build dashboard run test test-workers test-network soak fuzz lint doc check-features weights chain-specs

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 18

setup: ## Install what build and tests need (Debian, Ubuntu)
	@scripts/setup.sh --tests

build: ## Build ogpu-node, ogpu-worker and ogpu
	@scripts/setup.sh
	@$(SAY_BUILD_TIME)
	@$(CARGO) build --release --workspace --bins --locked

dashboard: ## Build the page in which people see and steer their work, into dashboard/dist
	@scripts/setup.sh --page
	@npm run --silent --prefix dashboard build

run: build ## Start a whole network of your own, and say what to try: http and ws on 127.0.0.1:9944
	@echo "run: a fresh chain with providers and a verifier, gone when you stop it with Ctrl-C (ogpu dev --help says more)"
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory dashboard || echo "run: going on without the page"; \
		else echo "run: going on without the page: install Node.js 20.19 or newer and say \`make dashboard\`"; fi
	@$(dir $(NODE))ogpu dev

test: setup ## Unit, runtime and process tests, and those of the page in a browser
	@node protocol/tests/js/vectors.mjs
	@$(SAY_BUILD_TIME)
	@$(CARGO) nextest run --release --workspace --locked
	@OGPU=$(abspath $(dir $(NODE))ogpu) npm run --silent --prefix dashboard verify

test-workers: build ## Workers and clients with a real node: races, auctions, juries, kills; ten minutes a story
	@minilm=$$(scripts/minilm.sh --fetch) && export OGPU_MINILM=$$minilm OGPU_NODE=$(abspath $(NODE)) && \
		$(CARGO) nextest run --profile workers --release --workspace --locked
	@scripts/setup.sh --tests
	@OGPU=$(abspath $(dir $(NODE))ogpu) npm run --silent --prefix dashboard verify:long

test-network: build ## Tests on a zombienet network: pauses, cuts, kills, an upgrade and liars while work is done; two hours
	@scripts/setup.sh --network
	@# What is beside the binaries is the runtime to upgrade to.
	@$(CARGO) build --release --workspace --locked
	@OGPU_NODE=$(abspath $(NODE)) RUSTC_WORKSPACE_WRAPPER=clippy-driver CLIPPY_ARGS=-Dwarnings__CLIPPY_HACKERY__ \
		bash -c '$(CARGO) nextest run --release --locked --manifest-path zombienet/Cargo.toml'

MINUTES ?= 60
soak: build ## A network at work with faults at random, for MINUTES=60; SEED=7 for those of that number, JSON=1
	@scripts/setup.sh --network
	@OGPU_NODE=$(abspath $(NODE)) bash -c '$(CARGO) run --release --locked --manifest-path zombienet/Cargo.toml --bin soak -- \
		--minutes $(MINUTES) $(if $(SEED),--seed $(SEED)) $(if $(JSON),--json)'

fuzz: ## Fuzz what strangers send to the engine, a minute each, and ten minutes to the runtime
	@scripts/fuzz.sh
	@scripts/fuzz.sh runtime --minutes 10

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
