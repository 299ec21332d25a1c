# Every target sets up what it needs; nothing has to be done first.
.DEFAULT_GOAL := help
.PHONY: help setup setup-dev repro test lint ui clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# dvc runs the stages with the `python` it finds first.
export PATH := $(CURDIR)/$(BIN):$(PATH)

help: ## show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 18

setup: $(VENV)/ready ## make the virtual environment with the tested versions

setup-dev: $(VENV)/ready-dev ## the same with what tests and linters need

repro: $(VENV)/ready ## build everything that params.yaml names, up to the reports
	poet check
	dvc repro
	@echo "Open reports/index.html in a browser; 'make ui' shows the runs."

test: $(VENV)/ready-dev ## run the tests
	pytest -q -n 2 --dist loadgroup

lint: $(VENV)/ready-dev ## check style and types
	ruff check .
	ruff format --check .
	mypy

ui: $(VENV)/ready ## show all training runs in the browser
	poet ui

clean: ## remove the virtual environment and caches, keep data, models and reports
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info

$(VENV)/ready: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[formats]'
	@touch $@

$(VENV)/ready-dev: $(VENV)/ready
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,formats]'
	@touch $@
