# What a developer types. `make` alone lists it.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run test bench lint build deploy clean binaries template-lint
export SAM_CLI_TELEMETRY ?= 0

TARGET := $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)
VENV := $(CURDIR)/.venv
ARCH ?= arm64
MACHETE_VERSION := 0.9.2

# The local stack, the tests and clippy share one profile, so that the embedded broker is compiled once. A dependency of
# the broker declares rustc 1.96 and works with 1.95.
CARGO_FLAGS = --profile local --workspace \
    $(shell rustc --version | awk '{ split($$2, v, "."); if (v[1] == 1 && v[2] < 96) print "--ignore-rust-version" }')

help: ## Lists these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: binaries ## Starts the whole stack on this machine; ARGS="--http-port 0" passes flags on
	@exec "$(TARGET)/local/millrace-local" $(ARGS)

test: binaries ## Runs every test, the end-to-end tests included
	@echo "Testing."
	cargo test $(CARGO_FLAGS)

bench: binaries ## Prints requests per second, latency, events per second and memory of the local stack
	cargo bench $(CARGO_FLAGS) --bench backbone

binaries:
	@command -v cargo >/dev/null || { echo "Rust is missing. Install it from https://rustup.rs" >&2; exit 1; }
	@command -v cc >/dev/null || { echo "A C compiler is missing (package build-essential, or Xcode's tools)." >&2; exit 1; }
	@echo "Building the functions and the local stack. The first time takes a quarter of an hour on two cores."
	cargo build $(CARGO_FLAGS)

lint: $(VENV)/bin/cargo-machete ## Checks format, code, unused dependencies and the template
	cargo fmt --all --check
	cargo clippy $(CARGO_FLAGS) --all-targets -- -D warnings
	$(VENV)/bin/cargo-machete shared functions local
	@if python3 -c 'import ensurepip, venv' 2>/dev/null; then \
	    $(MAKE) --no-print-directory template-lint; \
	elif [ "$${CI:-}" = true ]; then \
	    echo "ERROR: Python 3 with venv is missing, so template.yaml cannot be checked." >&2; exit 1; \
	else \
	    echo "WARNING: template.yaml was NOT CHECKED, because Python 3 with venv is missing." >&2; \
	fi

template-lint: $(VENV)/requirements
	$(VENV)/bin/sam validate --lint
	$(VENV)/bin/cfn-lint template.yaml

# The binaries and the template's Architecture have to agree.
build: $(VENV)/requirements ## Builds every function for Lambda into .aws-sam; ARCH=x86_64 for Intel
	PATH="$(VENV)/bin:$$PATH" sam build --parameter-overrides Architecture=$(ARCH)

deploy: build ## Deploys to AWS; PARAMETERS="KafkaMode=existing ..." sets parameters, ARGS passes flags on
	$(VENV)/bin/sam deploy --parameter-overrides Architecture=$(ARCH) $(PARAMETERS) $(ARGS)

clean: ## Deletes everything that was built, and .venv
	cargo clean
	rm -rf .aws-sam $(VENV)

$(VENV)/requirements: requirements-dev.txt
	@echo "Installing the SAM tools into .venv."
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@cp requirements-dev.txt $@

$(VENV)/bin/cargo-machete:
	cargo install cargo-machete --version $(MACHETE_VERSION) --locked --root $(VENV)
