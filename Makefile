# `make demo` and `make test` set up everything they need, a virtual environment included.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# Twice quiet: setuptools warns of what is meant in an editable installation.
PIP_INSTALL := $(BIN)/python -m pip install -qq --disable-pip-version-check

# Most tests wait for a server or a browser: more of them at once than there are cores. The tests of a
# file stay together, they share what they start. A process that crashes ends the run: another in its
# place would wait for ever for tests that nobody gives it.
TOGETHER := -n 3 --dist loadfile --max-worker-restart 0

# As root on Debian what is missing is installed, and its services are not started. Others are told.
IS_DEBIAN_ROOT := $(shell command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] && echo yes)
APT_INSTALL := DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
	apt-get install -y -qq --no-install-recommends

.PHONY: help demo test test-slow test-all test-pythons lint format tracker screenshots wheel bench \
	system accessibility clean

help:
	@echo "make demo      run the example site, wrapped, on http://127.0.0.1:8000"
	@echo "make test      all tests but the long ones"
	@echo "make test-all  all tests"
	@echo "make test-pythons  the package's tests on every supported Python found here"
	@echo "make lint      ruff and mypy"
	@echo "make format    let ruff rewrite what it can"
	@echo "make bench     the README's figures, measured here: an hour"
	@echo "make screenshots  make the pictures of the dashboard anew"
	@echo "make tracker   build the tracking script from its source (needs npm)"
	@echo "make wheel     build sdist and wheel into dist/, and try the wheel alone"

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo "Python 3.10 or newer is needed: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		if [ "$(IS_DEBIAN_ROOT)" ]; then apt-get update -qq && $(APT_INSTALL) python3-venv >/dev/null; \
		else echo "Python's venv module is needed: apt install python3-venv" >&2; exit 1; fi
	$(PYTHON) -m venv $(VENV)
	$(PIP_INSTALL) --upgrade pip

# One stamp each, so that a second run starts at once.
$(VENV)/demo.stamp: pyproject.toml | $(BIN)/python
	$(PIP_INSTALL) --editable '.[dashboard,serve]'
	@touch $@

$(VENV)/dev.stamp: pyproject.toml | $(BIN)/python
	$(PIP_INSTALL) --editable '.[dev]'
	@touch $@

demo: $(VENV)/demo.stamp
	$(BIN)/ztas demo

test: $(VENV)/dev.stamp system accessibility
	$(BIN)/python -m pytest $(TOGETHER)

test-slow: $(VENV)/dev.stamp system
	$(BIN)/python -m pytest -m slow

test-all: test test-slow

test-pythons: $(VENV)/dev.stamp
	tests/pythons.sh

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

screenshots: $(VENV)/dev.stamp system
	$(BIN)/python docs/images/screenshots.py

# Of the commit: who builds the same one gets the same wheel, byte for byte.
wheel: export SOURCE_DATE_EPOCH := $(shell git log -1 --format=%ct 2>/dev/null || date +%s)
wheel: $(VENV)/dev.stamp
	rm -rf dist build $(VENV)-wheel
	$(BIN)/python -m build
	$(BIN)/python -m twine check --strict dist/*
	cd dist && sha256sum *.whl *.tar.gz | tee SHA256SUMS
	$(PYTHON) -m venv $(VENV)-wheel
	$(VENV)-wheel/bin/python -m pip install --quiet --disable-pip-version-check dist/*.whl
	$(VENV)-wheel/bin/python -I -W error tests/wheel.py

# Sets up its own environments, peers included; BENCH=--quick for a rough look.
bench:
	$(PYTHON) -m benchmarks $(BENCH)

# What some tests drive; libatomic is what playwright lacks on a small Debian. Without them those tests say that they were skipped; CI fails.
system:
	@export PATH="$$PATH:/usr/sbin:/sbin"; missing=; \
	for programs in "chromium chromium-browser google-chrome" nginx caddy npm openssl \
		clickhouse-server; do \
		found=; for program in $$programs; do command -v $$program >/dev/null && found=yes; done; \
		[ "$$found" ] || missing="$$missing $${programs%% *}"; \
	done; \
	[ -e /usr/lib/apache2/modules/mod_wsgi.so ] || \
		missing="$$missing apache2 libapache2-mod-wsgi-py3"; \
	[ -e /usr/share/java/zookeeper.jar ] || missing="$$missing zookeeper"; \
	if command -v ldconfig >/dev/null && ! ldconfig -p | grep -q libatomic.so.1; then \
		missing="$$missing libatomic1"; fi; \
	if [ -z "$$missing" ]; then :; \
	elif [ "$(IS_DEBIAN_ROOT)" ]; then \
		apt-get update -qq; \
		for program in $$missing; do $(APT_INSTALL) $$program >/dev/null || \
			echo "$$program could not be installed; the tests that need it are skipped." >&2; done; \
	else echo "Not installed, and the tests that need them are skipped:$$missing" >&2; fi

# axe-core, the rules that the dashboard is checked against; without it CI fails.
accessibility:
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory node_modules/.package-lock.json; \
	else echo "No npm here: install it to check the dashboard's accessibility." >&2; fi

clean:
	rm -rf $(VENV) $(VENV)-* build dist *.egg-info node_modules
