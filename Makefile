# Everything a newcomer does, each from nothing: virtual environment, locked dependencies and a browser are made on the
# way, and what is there already is skipped.
SHELL := /bin/sh
VENV ?= .venv
PY := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed
BROWSER := $(VENV)/.browser
# More options for the command at hand: make demo ARGS="--scenario rival", make test ARGS="-k consent".
ARGS ?=
# The tests wait for servers and browsers more than they compute.
TEST_WORKERS ?= 4
# Dozens of daemons are started: each would compile the whole tree anew.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help demo test lint lint-api units postman bench run docs lock setup browser clean

help: ## Show what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: setup browser ## Play one whole meeting against the fake world, with live progress
	$(VENV)/bin/meetbot demo $(ARGS)

test: setup browser ## Run every test
	$(PY) -m pytest -n $(TEST_WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

lint: setup ## Check style, types and the direction of imports
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

units: setup ## Check the systemd units, offline: they load, and exposure is at most 1.8
	@where=$$(mktemp -d) && trap 'rm -rf "$$where"' EXIT && \
	sed 's|/opt/meetbot/bin/meetbot|$(abspath $(VENV))/bin/meetbot|' systemd/meetbot.service > "$$where/meetbot.service" && \
	cp systemd/meetbot.socket "$$where" && \
	systemd-analyze verify "$$where/meetbot.service" "$$where/meetbot.socket" && \
	{ systemd-analyze security --no-pager --offline=true --threshold=18 systemd/meetbot.service >"$$where/exposure" \
	  || { cat "$$where/exposure"; exit 1; }; } && \
	tail -n 1 "$$where/exposure"

bench: setup browser ## Measure, and print one table
	$(PY) -m bench $(ARGS)

run: setup browser ## Serve, with the settings in meetbot.toml
	$(VENV)/bin/meetbot serve $(ARGS)

docs: setup ## Write again what is generated
	$(VENV)/bin/meetbot config reference --example > config.example.toml
	$(VENV)/bin/meetbot config reference > docs/configuration.md
	$(PY) -m agent.web.publish docs
	$(PY) docs/render_states.py

lint-api: ## Lint the description of the API by two public linters; needs npx
	npx --yes @stoplight/spectral-cli@6 lint docs/openapi.json --ruleset .ci/spectral.yaml --fail-severity warn
	npx --yes @redocly/cli@2 lint --extends recommended docs/openapi.json

postman: setup browser ## Run the Postman collection against a server in the fake world; needs npx
	$(PY) -m tests.postman_run

lock: setup ## Resolve the dependencies anew; add ARGS=--upgrade for newer ones
	$(VENV)/bin/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
	  --no-header --no-annotate --no-emit-index-url --quiet $(ARGS) -o requirements.lock

clean: ## Remove what was made here
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache meetbot.egg-info

setup: $(INSTALLED)

# The first Python of at least 3.11 that can make a virtual environment; uv where there is none.
$(PY):
	@for python in python3.11 python3.12 python3.13 python3.14 python3 python; do \
	  if $$python -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "Making $(VENV) with $$($$python --version)"; exec $$python -m venv $(VENV); \
	  fi; \
	done; \
	if command -v uv >/dev/null; then exec uv venv --seed --python '>=3.11' $(VENV); fi; \
	echo "No Python of at least 3.11 with venv was found. Install one (Debian 12: apt-get install python3 python3-venv)." >&2; \
	exit 1

$(INSTALLED): $(PY) requirements.lock pyproject.toml
	@echo "Installing locked dependencies into $(VENV)"
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# An installed browser, else Playwright's own, else the system's package manager.
browser: setup
	@for name in chromium chromium-browser google-chrome google-chrome-stable; do \
	  command -v $$name >/dev/null && exit 0; \
	done; \
	if [ -s $(BROWSER) ] && "$$(cat $(BROWSER))" --version >/dev/null 2>&1; then exit 0; fi; \
	echo "Fetching a browser (Playwright's Chromium)"; \
	timeout 900 $(VENV)/bin/playwright install chromium >$(VENV)/browser.log 2>&1; \
	$(PY) -c 'from playwright.sync_api import sync_playwright as p; m = p().start(); print(m.chromium.executable_path); m.stop()' >$(BROWSER) 2>/dev/null; \
	if "$$(cat $(BROWSER))" --version >/dev/null 2>&1; then exit 0; fi; \
	if command -v apt-get >/dev/null; then \
	  echo "Fetching a browser (apt-get install chromium)"; \
	  as_root=; [ "$$(id -u)" = 0 ] || as_root="sudo -n"; export DEBIAN_FRONTEND=noninteractive; \
	  { $$as_root apt-get update -qq && $$as_root apt-get install -y -qq --no-install-recommends chromium; } >>$(VENV)/browser.log 2>&1; \
	  command -v chromium >/dev/null && exit 0; \
	fi; \
	echo "No browser could be had (see $(VENV)/browser.log). Install Chromium or Chrome, so that it is on the PATH, and try again." >&2; \
	exit 1
