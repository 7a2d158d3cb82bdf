# `make demo` and `make test` need Python 3.11 or newer and nothing else: the first of them builds .venv.
SHELL := /bin/sh
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# The first interpreter that is new enough; choose another with `make PYTHON=/path/to/python`.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)
WORKERS ?= 2
PYTEST := $(BIN)/python -m pytest
# Neighbours share compiled programs, and so a worker.
SHARED := -n $(WORKERS) --dist worksteal

.PHONY: help install demo test test-docs test-parity test-slow test-gpu coverage capabilities lint format types layers check benchmarks benchmarks-gpu notebooks clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "  make %-12s %s\n", $$1, $$2}'

install: $(STAMP) ## build .venv with everything that the targets below need

$(STAMP): pyproject.toml
	@test -n "$(PYTHON)" || { echo "No Python 3.11+ found. Install one, or name it: make PYTHON=/path/to/python"; exit 1; }
	@test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV) || \
		{ echo "Python cannot make virtual environments here (Debian, Ubuntu: install python3-venv)."; rm -rf $(VENV); exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --editable '.[dev]'
	@$(BIN)/python -m compileall -qq -j $(WORKERS) -x /tests/ $(VENV)/lib || true  # pip would do it on one core, tests and all
	@touch $@

demo: $(STAMP) ## price a book on real DAX volatilities: risk table, files and a picture in demo-output/
	$(BIN)/greeks demo --out demo-output

test: $(STAMP) ## the fast tests and the doctests
	$(PYTEST) -q $(SHARED)

test-docs: $(STAMP) ## every snippet of docs/ and the notebooks, run and compared with what they show
	$(PYTEST) -q $(SHARED) -m docs

test-parity: $(STAMP) ## every kind of contract in the CUDA simulator, every program as PTX: no device is needed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,ptx]' || \
		echo "No compiler for devices to be had here: what needs it is skipped."
	$(PYTEST) -q -rs $(SHARED) -m "slow and not gpu" tests/parity

test-slow: $(STAMP) ## the tests that take minutes
	$(PYTEST) -q $(SHARED) -m slow
	$(PYTEST) -q benchmarks/test_rivals.py

test-gpu: $(STAMP) ## the tests that need a CUDA device (the environment of `pip install -e '.[dev,cuda13]'`)
	$(PYTEST) -q -rs -m gpu

benchmarks-gpu: $(STAMP) ## speeds on a CUDA device, written to benchmarks/gpu/RESULTS.md
	$(BIN)/python -m benchmarks.gpu

coverage: $(STAMP) ## how often 95 % intervals hold the truth, for all that is offered (hours; a part: CASES="Heston CEV*Digital*" COVERAGE=--continue)
	$(BIN)/python -m tests.coverage.truths $(CASES)
	$(BIN)/python -m tests.coverage.truths --sharper $(CASES)
	WORKERS=$(WORKERS) $(BIN)/python -m tests.coverage.report $(COVERAGE) $(CASES)

capabilities: $(STAMP) ## write docs/capabilities.md, the matrix of what is offered, from the code (minutes)
	$(BIN)/python -m tests.coverage.matrix

lint: $(STAMP) ## ruff, rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(STAMP) ## let ruff put the format right
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(STAMP) ## mypy --strict
	$(BIN)/mypy --strict greeks tests benchmarks

layers: $(STAMP) ## who may import whom
	$(BIN)/lint-imports

check: lint types layers test test-docs test-parity ## what the continuous integration runs

benchmarks: $(STAMP) ## speed bars, and rivals side by side where `pip install -e '.[rivals]'` has put them
	$(PYTEST) -q benchmarks/test_rivals.py
	$(BIN)/python -m benchmarks.bars
	$(BIN)/python -m benchmarks.side_by_side

notebooks: $(STAMP) ## execute the notebooks in place
	$(BIN)/jupyter-execute --inplace notebooks/*.ipynb

clean: ## remove what the targets have made, .venv included
	rm -rf $(VENV) build dist demo-output .pytest_cache .mypy_cache .ruff_cache .import_linter_cache *.egg-info
