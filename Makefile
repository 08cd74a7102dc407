# `make help` lists every command. Each one makes what it needs: no step before it, and the second time it is quick and offline.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
STAMPS := $(VENV)/stamps
# Plain settings of whoever calls `make` must not leak into our environment.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV
export UV_NO_PROGRESS := 1
# Trust what this machine trusts, as pip does: some networks have a certificate of their own.
ifneq ($(wildcard /etc/ssl/certs/*),)
export UV_SYSTEM_CERTS := 1
endif
export UV_PYTHON := $(BIN)/python

UV_COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-header --no-annotate --upgrade
UV_INSTALL = $(UV) pip install --quiet --require-hashes --no-build-isolation

.PHONY: help
help: ## list the commands
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- what people run ---------------------------------------------------------------------------------------------------

.PHONY: demo
demo: $(STAMPS)/nostop $(STAMPS)/online-events ## set up, then run the whole line on the sample data
	@$(BIN)/nostop demo

.PHONY: test
test: $(STAMPS)/dev $(STAMPS)/online-events ## set up, then run every test
	@$(BIN)/python -m pytest -n 2 --dist loadfile -q

.PHONY: check
check: $(STAMPS)/dev ## everything else CI runs: format, lint, types, imports, rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/nostop rules check
	$(BIN)/nostop rules test

.PHONY: nightly
nightly: $(STAMPS)/dev ## the tests that have far more to do at night: random cases, kills, attacks (docs/promises.md)
	NOSTOP_NIGHTLY=1 $(BIN)/python -m pytest -n 2 --dist loadfile -q tests/rulebook tests/determination tests/events/test_equal.py tests/scheduler/test_two_schedulers.py tests/store/test_audit.py tests/store/test_interrupted_upgrade.py tests/store/test_parity.py tests/app/test_incremental_runs.py tests/app/test_resumed_runs.py tests/outreach_faults

.PHONY: rules
rules: $(STAMPS)/nostop ## only the rule packs: check them, then run their cases
	$(BIN)/nostop rules check
	$(BIN)/nostop rules test

.PHONY: sample
sample: $(STAMPS)/nostop ## make sample_data again from its seed, after a change of rules or of the made-up people
	$(BIN)/nostop synth --people 5000 --seed 1 --out sample_data

.PHONY: golden
golden: $(STAMPS)/dev ## put what commands print now into README and guides; review the difference like code
	$(BIN)/python -m tests.golden

.PHONY: format
format: $(STAMPS)/dev ## put the code in the project's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: install
install: $(STAMPS)/nostop $(STAMPS)/online-events ## only set up: the `nostop` command is then .venv/bin/nostop

.PHONY: clean
clean: ## remove the environment and everything that runs wrote
	rm -rf $(VENV) out build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

# --- the environment ---------------------------------------------------------------------------------------------------

# The first Python that runs, is 3.11 or later and can make environments. 3.12 and 3.11 come first: `durable-rules` imports there only.
# Each is tried by running it: a version manager may put a name on the path that does not run.
$(BIN)/python:
	@for name in $(PYTHON) python3.12 python3.11 python3.13 python3.14 python3 python; do \
	  if "$$name" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	    echo "Setting up $(VENV) with $$("$$name" --version) (once; needs the network)"; \
	    exec "$$name" -m venv --clear $(VENV); \
	  fi; \
	done; \
	echo "nostop needs Python 3.11 or later with its venv module; none was found. Debian and Ubuntu: apt install python3-venv." >&2; \
	echo "Or name one: make PYTHON=/path/to/python3.12 demo" >&2; \
	exit 1

$(STAMPS)/tools: requirements-tools.txt | $(BIN)/python
	@echo "Installing from the lock files (versions and hashes)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-tools.txt
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/nostop: requirements.txt pyproject.toml $(STAMPS)/tools
	@$(UV_INSTALL) -r requirements.txt
	@$(UV) pip install --quiet --offline --no-deps --no-build-isolation --editable .
	@touch $@

$(STAMPS)/dev: requirements-dev.txt $(STAMPS)/nostop
	@$(UV_INSTALL) -r requirements-dev.txt
	@touch $@

# durable-rules has no wheel and imports only before Python 3.13, so it is installed where it can be built and used.
$(STAMPS)/online-events: requirements-online-events.txt $(STAMPS)/tools
	@if ! $(BIN)/python -c 'import sys; sys.exit(sys.version_info >= (3, 13))'; then \
	  echo "Online events: not installed (durable-rules needs Python 3.11 or 3.12); polars alone serves."; \
	elif ! command -v cc >/dev/null || ! $(BIN)/python -c \
	  'import pathlib, sys, sysconfig; sys.exit(not pathlib.Path(sysconfig.get_path("include"), "Python.h").exists())'; then \
	  echo "Online events: not installed (no C compiler, or no Python headers); polars alone serves."; \
	elif ! $(UV_INSTALL) -r requirements-online-events.txt; then \
	  echo "Online events: durable-rules could not be built (see above); polars alone serves."; \
	fi
	@touch $@

# --- the lock ----------------------------------------------------------------------------------------------------------

.PHONY: lock
lock: $(STAMPS)/tools ## choose versions anew within pyproject.toml: names, versions and hashes, no addresses
	$(UV_COMPILE) pyproject.toml -o requirements.txt
	$(UV_COMPILE) -c requirements.txt --group dev -o requirements-dev.txt
	$(UV_COMPILE) -c requirements.txt -c requirements-dev.txt --group tools -o requirements-tools.txt
	@$(BIN)/python -c 'import pathlib, tomllib; \
	  print(*tomllib.loads(pathlib.Path("pyproject.toml").read_text())["project"]["optional-dependencies"]["online-events"])' \
	  | $(UV_COMPILE) -c requirements.txt - -o requirements-online-events.txt
