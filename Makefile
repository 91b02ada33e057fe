# What a developer types. `make` alone lists it.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run watch test soak bench lint build deploy clean binaries no-crash-points documents-lint archive-lint \
    contracts clients-lint contract-test screenshots
export SAM_CLI_TELEMETRY ?= 0

TARGET := $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)
VENV := $(CURDIR)/.venv
NODE_TOOLS := contracts/node_modules/.package-lock.json
ARCH ?= arm64
SEEDS ?= 200000
MACHETE_VERSION := 0.9.2

# The local stack, the tests and clippy share one profile, so that the embedded broker is compiled once. A dependency of
# the broker declares rustc 1.96 and works with 1.95. Crash points are for this machine only: `make build` has none.
DEPLOYED_FLAGS = --profile local --workspace \
    $(shell rustc --version | awk '{ split($$2, v, "."); if (v[1] == 1 && v[2] < 96) print "--ignore-rust-version" }')
CARGO_FLAGS = $(DEPLOYED_FLAGS) --features millrace-platform/crash-points
# The tests, their runtime, the benchmarks and the judge, which `make run` does without.
NOT_RUN = --exclude end-to-end --exclude local-simulation --exclude millrace-judge \
    --exclude millrace-compatibility

# Fails where one of the given binaries has crash points, or none is given.
NO_CRASH_POINTS = grep -qa AWS_LAMBDA_FUNCTION_NAME $(1) && \
    { ! grep -la MILLRACE_CRASH_POINTS $(1) || { echo "ERROR: these binaries have crash points." >&2; exit 1; }; }

help: ## Lists these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: binaries ## Starts the whole stack on this machine; ARGS="--http-port 0" passes flags on
	@exec "$(TARGET)/local/millrace-local" $(ARGS)

# Builds as `binaries` does, so that nothing is compiled twice.
watch: binaries ## The same, and replaces functions when their code changes; data and offsets stay
	@exec "$(TARGET)/local/millrace-local" --watch functions --watch shared \
	    --rebuild "cargo build --quiet $(CARGO_FLAGS) $(NOT_RUN)" $(ARGS)

# All tests together say what they have seen of the contract; a choice of them does not count.
test: binaries ## Runs every test, the end-to-end tests included; ONLY="--bin stock" or ONLY="--test orders" chooses
	@echo "Testing."
	$(if $(ONLY),,@rm -rf "$(TARGET)/contract-seen")
	cargo test $(CARGO_FLAGS) $(ONLY)
	$(if $(ONLY),,cargo test $(CARGO_FLAGS) --test openapi -- --ignored --nocapture contract_seen)
	$(if $(ONLY),,@$(MAKE) --no-print-directory contract-test SIZE=short STACKS=--auth)

soak: binaries ## Runs the tests of failures and of the contract in their full sizes; takes about an hour
	@echo "Breaking things."
	MILLRACE_SOAK=1 MILLRACE_SEEDS=$(SEEDS) cargo test $(CARGO_FLAGS) --test crash_points --test failures --test orders --test stock --test edge --test simulation --test activity --test activity_order --test timers --test timer_races --test webhook --test webhook_crash --test notifications -- --nocapture --test-threads 1
	@$(MAKE) --no-print-directory contract-test SIZE=full STACKS="--auth --open"

# schemathesis makes requests of its own from contracts/openapi.yaml. It is the only test that is not Rust.
contract-test:
	@lacks() { \
	    [ "$${CI:-}" = true ] && { echo "ERROR: $$1, so the contract cannot be asked." >&2; exit 1; }; \
	    echo "WARNING: the contract was NOT ASKED by schemathesis, because $$1." >&2; exit 0; \
	}; \
	python3 -c 'import ensurepip, venv' 2>/dev/null || lacks "Python 3 with venv is missing"; \
	$(MAKE) --no-print-directory $(VENV)/bin/schemathesis || lacks "schemathesis could not be installed"; \
	for stack in $(STACKS); do \
	    echo "Asking the contract, on a stack with $$stack."; \
	    local/with-stack.sh "$(TARGET)/local" $${stack/--open/} local/schemathesis.sh $(VENV)/bin/schemathesis $(SIZE); \
	done

bench: binaries ## Prints init times, sizes, latency, requests and events per second, CPU time and memory
	cargo bench $(CARGO_FLAGS) --bench backbone -- $(ARGS)
	cargo bench $(CARGO_FLAGS) --bench pipeline -- $(ARGS)

# Cargo says how far it is; how long it took is kept for the next time.
binaries:
	@command -v cargo >/dev/null || { echo "Rust is missing. Install it from https://rustup.rs" >&2; exit 1; }
	@command -v cc >/dev/null || { echo "A C compiler is missing (package build-essential, or Xcode's tools)." >&2; exit 1; }
	@took="$(TARGET)/local/build-seconds"; \
	if [ -f "$$took" ]; then echo "Building the functions and the local stack. The last build took $$(cat "$$took") s."; \
	else echo "Building the functions and the local stack. The first build takes about 12 minutes on two cores."; fi; \
	started=$$(date +%s); cargo build $(CARGO_FLAGS) $(NOT_RUN); \
	echo $$(($$(date +%s) - started)) > "$$took"; echo "Built in $$(cat "$$took") s."

lint: $(VENV)/bin/cargo-machete ## Checks format, code, unused dependencies, template, contracts, clients, and what is deployed
	cargo fmt --all --check
	cargo clippy $(CARGO_FLAGS) --all-targets -- -D warnings
	$(VENV)/bin/cargo-machete shared functions local
	@$(MAKE) --no-print-directory no-crash-points
	@if python3 -c 'import ensurepip, venv' 2>/dev/null; then \
	    $(MAKE) --no-print-directory documents-lint archive-lint; \
	elif [ "$${CI:-}" = true ]; then \
	    echo "ERROR: Python 3 with venv is missing, so template.yaml and contracts/ cannot be checked." >&2; exit 1; \
	else \
	    echo "WARNING: template.yaml and contracts/ were NOT CHECKED, because Python 3 with venv is missing." >&2; \
	fi
	@if node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null && command -v npm >/dev/null; then \
	    $(MAKE) --no-print-directory clients-lint; \
	elif [ "$${CI:-}" = true ]; then \
	    echo "ERROR: Node 20 with npm is missing, so contracts/typescript, contracts/postman.json and the console cannot be checked." >&2; exit 1; \
	else \
	    echo "WARNING: contracts/typescript, contracts/postman.json and the console were NOT CHECKED, because Node 20 with npm is missing." >&2; \
	fi

# A build without the feature, as `make build` makes it, on the quick profile.
no-crash-points:
	cargo build $(DEPLOYED_FLAGS) $(NOT_RUN)
	@$(call NO_CRASH_POINTS,$(addprefix "$(TARGET)/local/",$(notdir $(wildcard functions/*))))

documents-lint: $(VENV)/requirements
	$(VENV)/bin/sam validate --lint
	$(VENV)/bin/cfn-lint template.yaml
	$(VENV)/bin/openapi-spec-validator contracts/openapi.yaml

# With the binaries that `no-crash-points` has built.
archive-lint: $(VENV)/requirements
	$(VENV)/bin/python contracts/archive/check.py "$(TARGET)/local/millrace-local"

contracts: $(NODE_TOOLS) ## Makes contracts/typescript and contracts/postman.json from the contracts; needs Node 20
	node contracts/generate.mjs

clients-lint: $(NODE_TOOLS)
	npm --prefix contracts run --silent check
	local/with-stack.sh "$(TARGET)/local" npm --prefix contracts run --silent try
	local/with-stack.sh "$(TARGET)/local" npm --prefix contracts run --silent console
	local/with-stack.sh "$(TARGET)/local" --auth npm --prefix contracts run --silent docs

screenshots: binaries $(NODE_TOOLS) ## Writes a picture of each screen of the console into target/screenshots; needs Node 20 and Chrome
	SCREENSHOTS="$(TARGET)/screenshots" local/with-stack.sh "$(TARGET)/local" \
	    node --test --test-reporter=spec contracts/browser/screens.test.mjs

# The binaries and the template's Architecture have to agree.
build: $(VENV)/requirements ## Builds every function for Lambda into .aws-sam; ARCH=x86_64 for Intel
	PATH="$(VENV)/bin:$$PATH" sam build --parameter-overrides Architecture=$(ARCH)
	@$(call NO_CRASH_POINTS,.aws-sam/build/*/bootstrap)

deploy: build ## Deploys to AWS; PARAMETERS="KafkaMode=existing ..." sets parameters, ARGS passes flags on
	$(VENV)/bin/sam deploy --parameter-overrides Architecture=$(ARCH) $(PARAMETERS) $(ARGS)

clean: ## Deletes everything that was built, .venv and contracts/node_modules
	cargo clean
	rm -rf .aws-sam $(VENV) contracts/node_modules

$(VENV)/requirements: requirements-dev.txt
	@echo "Installing the SAM tools into .venv."
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@cp requirements-dev.txt $@

# Without the other tools, which the tests do not need.
$(VENV)/bin/schemathesis: requirements-dev.txt
	@echo "Installing schemathesis into .venv."
	python3 -m venv $(VENV)
	grep '^schemathesis==' requirements-dev.txt | $(VENV)/bin/pip install --quiet --disable-pip-version-check -r /dev/stdin
	@touch $@

$(NODE_TOOLS): contracts/package-lock.json contracts/package.json
	@echo "Installing the tools for the contracts into contracts/node_modules."
	npm --prefix contracts ci
	@touch $@

$(VENV)/bin/cargo-machete:
	cargo install cargo-machete --version $(MACHETE_VERSION) --locked --root $(VENV)
