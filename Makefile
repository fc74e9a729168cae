# Everything from a fresh clone: needs Python 3.11 to 3.13, git and make, and nothing else.
# The environment lives in $(VENV) and is brought up to date whenever requirements.lock or pyproject.toml change.

VENV ?= .venv
# another interpreter: make demo PYTHON=/path/to/python3.12
PYTHON ?=
# for example: make test ARGS="-k lattice"
ARGS ?=

# test processes: many tests wait for a daemon, so one more than cores does no harm
JOBS ?= 3

BIN = $(VENV)/bin
READY = $(VENV)/.ready

PYTEST = $(BIN)/pytest --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder

.PHONY: help demo ui test test-all lint types bench bench-full audit licenses lock clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(firstword $(MAKEFILE_LIST)) | awk -F'|' '{printf "make %-10s %s\n", $$1, $$2}'

demo: $(READY) ## make one specimen under three conditions, through Dagster, and show a picture of it
	$(BIN)/hrtem demo $(ARGS)

ui: $(READY) ## open the Dagster UI on what was made
	$(BIN)/hrtem ui $(ARGS)

test: $(READY) ## run the fast tests (those not marked slow), JOBS of them at once
	$(PYTEST) -m "not slow" $(ARGS)

test-all: $(READY) ## run every test, as the continuous integration does
	$(PYTEST) $(ARGS)

lint: $(READY) ## check style, formatting, and which way imports run
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports --no-logo

types: $(READY) ## check types
	$(BIN)/mypy

bench: $(READY) ## measure engines, assets and the plain script side by side: a table, and data/bench/bench.json
	$(BIN)/python -m benchmarks $(ARGS)

bench-full: $(READY) ## the same with all 8 phonons, growth, the loader; half an hour, an hour with Prismatic
	$(BIN)/python -m benchmarks --full $(ARGS)

audit: $(READY) ## ask about known vulnerabilities of every locked package; needs the network
	$(BIN)/python scripts/audit.py $(ARGS)

licenses: $(READY) ## list the licence of every locked package in docs/dependency-licences.md
	$(BIN)/python scripts/licences.py $(ARGS)

lock: ## bring requirements.lock up to date with pyproject.toml; ARGS=--upgrade takes the newest versions
	@sh scripts/lock.sh "$(PYTHON)" $(ARGS)

clean: ## remove the environment and caches; never data/
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info
	find hrtem_assets hrtem_assets_tests -type d -name __pycache__ -prune -exec rm -rf {} +

$(READY): requirements.lock pyproject.toml
	@sh scripts/environment.sh "$(VENV)" "$(PYTHON)"
	@touch $@
