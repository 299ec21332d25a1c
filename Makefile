# Every target sets up what it needs; nothing has to be done first. Works with GNU make 3.81, which macOS has.
.DEFAULT_GOAL := help
.PHONY: help setup setup-dev repro test lint docs ui bench share fetch clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# What builds the website wants other versions than the project (docs/site/requirements.txt).
DOCS_VENV := .venv-docs
# uv installs faster than pip. `make setup UV=` does without it.
UV ?= $(shell command -v uv 2>/dev/null)
# A comma in an argument of `call`.
comma := ,
# dvc runs the stages with the `python` that it finds first. make 3.81 does not hand on an exported PATH to commands that
# it starts without a shell, so the recipes name their programs and set the path where dvc needs it.
IN_VENV := PATH="$(CURDIR)/$(BIN):$$PATH"

help: ## show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1	/' | expand -t 18

setup: $(VENV)/ready ## make the virtual environment with the tested versions

setup-dev: $(VENV)/ready-dev ## the same with what tests and linters need

repro: $(VENV)/ready ## build everything that params.yaml names, up to the reports
	$(BIN)/poet check
	$(IN_VENV) $(BIN)/dvc repro
	@echo "Open reports/index.html in a browser; 'make ui' shows the runs."

test: $(VENV)/ready-dev ## run the tests
	$(IN_VENV) $(BIN)/pytest -q -n 2 --dist loadgroup

lint: $(VENV)/ready-dev ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(DOCS_VENV)/ready ## build the website of the documentation in site/
	$(DOCS_VENV)/bin/python docs/site/prepare.py build/docs
	$(DOCS_VENV)/bin/python -m zensical build --strict
	$(DOCS_VENV)/bin/python docs/site/check.py site
	@echo "Open site/index.html in a browser."

ui: $(VENV)/ready ## show all training runs in the browser
	$(IN_VENV) $(BIN)/poet ui

bench: $(VENV)/ready ## time this machine and save its figures for the team
	$(IN_VENV) $(BIN)/poet benchmark --save

share: $(VENV)/ready-team ## push data, models and finished stages to the team's remote
	$(IN_VENV) $(BIN)/poet remote check
	$(IN_VENV) $(BIN)/poet remote share
	$(IN_VENV) $(BIN)/dvc push --run-cache
	@echo "Commit what names it: git add dvc.lock reports data/own models"

fetch: $(VENV)/ready-team ## pull them; 'dvc repro --pull' then runs only what nobody has run
	$(IN_VENV) $(BIN)/poet remote check --read
	$(IN_VENV) $(BIN)/dvc pull --run-cache --allow-missing

clean: ## remove the virtual environment and caches, keep data, models and reports
	rm -rf $(VENV) $(DOCS_VENV) build site .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info

# Installs the project with the extras $(1). A `.venv` without an interpreter that runs, or without an installer, is what
# an interrupted or impossible setup left: it is made anew.
define install
	@if ! $(BIN)/python -c "" 2>/dev/null || { test -z "$(UV)" && ! $(BIN)/python -m pip --version >/dev/null 2>&1; }; then \
	  rm -rf $(VENV); \
	  $(if $(UV),"$(UV)" venv --quiet --python $(PYTHON),$(PYTHON) -m venv) $(VENV) || { rm -rf $(VENV); \
	    echo "$(PYTHON) could not make a virtual environment. On Debian and Ubuntu, install python3-venv" \
	      "(apt-get install python3-venv); elsewhere, a Python of version 3.11 or newer that has the module ensurepip." >&2; \
	    exit 1; }; \
	fi
	@echo "installing into $(VENV) by $(if $(UV),uv,pip): a few minutes"
	@$(if $(UV),"$(UV)" pip install --quiet --python $(BIN)/python,$(BIN)/python -m pip install --quiet --disable-pip-version-check) \
	  --constraint constraints.txt --editable '.[$(1)]'$(if $(UV), || { echo "uv does not read pip's settings. If it could not \
	  reach an index or a file of yours: set UV_DEFAULT_INDEX or UV_FIND_LINKS; or use pip: make $(MAKECMDGOALS) UV=" >&2; exit 1; })
	@touch $@
endef

$(VENV)/ready: pyproject.toml constraints.txt
	$(call install,formats)

$(VENV)/ready-team: $(VENV)/ready
	$(call install,formats$(comma)team)

$(VENV)/ready-dev: $(VENV)/ready
	$(call install,dev$(comma)formats$(comma)server$(comma)team)

$(DOCS_VENV)/ready: docs/site/requirements.txt
	rm -rf $(DOCS_VENV)
	$(if $(UV),"$(UV)" venv --quiet --python $(PYTHON),$(PYTHON) -m venv) $(DOCS_VENV)
	$(if $(UV),"$(UV)" pip install --quiet --python $(DOCS_VENV)/bin/python,$(DOCS_VENV)/bin/python -m pip install --quiet --disable-pip-version-check) --requirement $<
	@touch $@
