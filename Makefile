# `make demo` and `make test` set up everything they need, a virtual environment included.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
APT_GET := $(shell command -v apt-get)

.PHONY: screenshots accessibility help demo test test-slow test-all lint format tracker wheel bench browser clean

help:
	@echo "make demo      run the example site, wrapped, on http://127.0.0.1:8000"
	@echo "make test      all tests but the long ones"
	@echo "make test-all  all tests"
	@echo "make lint      ruff and mypy"
	@echo "make format    let ruff rewrite what it can"
	@echo "make bench     the README's figures, measured here: a quarter of an hour"
	@echo "make screenshots  make the pictures of the dashboard anew (needs Chromium)"
	@echo "make tracker   build the tracking script from its source (needs npm)"
	@echo "make wheel     build sdist and wheel into dist/, and try the wheel alone"

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip

# One stamp each, so that a second run starts at once.
$(VENV)/demo.stamp: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dashboard,serve]'
	@touch $@

$(VENV)/dev.stamp: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: $(VENV)/demo.stamp
	$(BIN)/ztas demo

test: $(VENV)/dev.stamp browser accessibility
	$(BIN)/python -m pytest

test-slow: $(VENV)/dev.stamp browser
	$(BIN)/python -m pytest -m slow

test-all: test test-slow

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(VENV)/dev.stamp
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

node_modules/.package-lock.json: package.json package-lock.json
	npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

tracker: node_modules/.package-lock.json
	npm run --silent build

screenshots: $(VENV)/dev.stamp browser
	$(BIN)/python docs/images/screenshots.py

wheel: $(VENV)/dev.stamp
	rm -rf dist build
	$(BIN)/python -m build
	rm -rf $(VENV)-wheel
	$(PYTHON) -m venv $(VENV)-wheel
	$(VENV)-wheel/bin/python -m pip install --quiet --disable-pip-version-check dist/*.whl
	cd dist && ../$(VENV)-wheel/bin/python -I -W error ../tests/wheel.py

# Sets up its own environments, peers included; BENCH=--quick for a rough look.
bench:
	$(PYTHON) -m benchmarks $(BENCH)

# The browser tests say so loudly when there is no browser; CI fails without one.
browser:
	@if command -v chromium chromium-browser google-chrome >/dev/null; then :; \
	elif [ -n "$(APT_GET)" ] && [ "$$(id -u)" = 0 ]; then \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
	else echo "No Chromium here: install it to run the browser tests." >&2; fi

# axe-core, the rules that the dashboard is checked against; again CI fails without.
accessibility:
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory node_modules/.package-lock.json; \
	else echo "No npm here: install it to check the dashboard's accessibility." >&2; fi

clean:
	rm -rf $(VENV) $(VENV)-wheel build dist *.egg-info node_modules
