# Every command of the house. A bare Debian with Python 3.11, make and git is enough.
SHELL := /bin/sh
PYTHON ?= python3
V := .venv
RUN := $(V)/bin/python -m tools.run
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup dev demo demo-reset test test-fast e2e lint format bench simulate soak kill-sweep load browser lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

setup: $(V)/.base node_modules/.ready ## Python and browser packages, nothing else
	@echo "Roomhold is set up. Next: make demo"

dev: $(V)/.dev node_modules/.ready ## the same, and what tests and lint need

demo: $(V)/.base node_modules/.ready ## everything up and seeded, one URL (PORT, SANDBOX_PORT, HOST)
	@exec $(RUN) demo

demo-reset: $(V)/.base ## forget the demo's data
	@$(RUN) reset

test: dev ## everything: lint, checks, unit, flows, browser (ARGS="-k name")
	@exec $(RUN) test $(ARGS)

test-fast: dev ## unit and race tests only
	@exec $(RUN) fast $(ARGS)

e2e: dev ## browser tests only
	@exec $(RUN) e2e $(ARGS)

lint: dev ## ruff, the import direction and types
	@exec $(RUN) lint

format: dev ## let ruff put the code in order
	@$(V)/bin/ruff format . && $(V)/bin/ruff check --fix .

bench: dev ## measure; prints a table, writes bench/results.json
	@exec $(RUN) exec -- $(V)/bin/python -m bench $(ARGS)

simulate: dev ## histories under faults (ARGS="--histories N --seed S --layer pure|db --json")
	@exec $(V)/bin/python -m tests.simulation $(ARGS)

soak: dev ## the long run of the simulator, goes on where it was stopped (ARGS="--restart")
	@exec $(V)/bin/python -m tests.simulation.soak $(ARGS)

kill-sweep: dev ## kill every process at every named point; goes on where it stopped (FRESH=1, PROCESSES=3)
	@exec $(V)/bin/python -m tests.kill_sweep $(ARGS)

load: dev ## 200 webhooks a second beside guests, with a Redis flush and a PostgreSQL restart
	@exec $(V)/bin/python -m tests.load

browser: $(V)/.base ## Chromium for the browser tests (apt, as root)
	@$(RUN) browser

lock: $(V)/.dev ## work the lock files out again
	@sh tools/lock.sh

clean: ## remove what can be made again (not the demo's data)
	rm -rf $(V) node_modules .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .local/test

$(V)/.base: requirements-demo.txt requirements.txt tools/uv.txt tools/install.sh
	@PYTHON="$(PYTHON)" sh tools/install.sh python requirements-demo.txt
	@touch $@

$(V)/.dev: requirements-dev.txt requirements-demo.txt requirements.txt tools/uv.txt tools/install.sh
	@PYTHON="$(PYTHON)" sh tools/install.sh python requirements-dev.txt
	@touch $(V)/.base $@

node_modules/.ready: package.json package-lock.json tools/node.txt | $(V)/.base
	@PYTHON="$(PYTHON)" sh tools/install.sh node
	@touch $@
