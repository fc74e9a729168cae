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

.PHONY: help demo ui test lint types bench bench-full lock clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(firstword $(MAKEFILE_LIST)) | awk -F'|' '{printf "make %-10s %s\n", $$1, $$2}'

demo: $(READY) ## make one specimen under three conditions, through Dagster, and show a picture of it
	$(BIN)/hrtem demo $(ARGS)

ui: $(READY) ## open the Dagster UI on what was made
	$(BIN)/hrtem ui $(ARGS)

test: $(READY) ## run the tests, JOBS of them at once
	$(BIN)/pytest --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

lint: $(READY) ## check style and formatting
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(READY) ## check types
	$(BIN)/mypy

bench: $(READY) ## measure engines, stages and the plain script side by side: a table, and data/bench/bench.json
	$(BIN)/python -m hrtem_assets_tests.benchmarks $(ARGS)

bench-full: $(READY) ## the same with all 8 phonons, growth, the loader; half an hour, an hour with Prismatic
	$(BIN)/python -m hrtem_assets_tests.benchmarks --full $(ARGS)

lock: ## bring requirements.lock up to date with pyproject.toml; ARGS=--upgrade takes the newest versions
	@sh scripts/lock.sh "$(PYTHON)" $(ARGS)

clean: ## remove the environment and caches; never data/
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info
	find hrtem_assets hrtem_assets_tests -type d -name __pycache__ -prune -exec rm -rf {} +

$(READY): requirements.lock pyproject.toml
	@sh scripts/environment.sh "$(VENV)" "$(PYTHON)"
	@touch $@
