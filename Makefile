# One entry point for every task. Needs Python 3.11+, make and a package registry (or a wheelhouse).
.DEFAULT_GOAL := help
SHELL := /bin/bash
VENV := .venv
PY := $(VENV)/bin/python
# Interpreters are run before they are taken: a pyenv shim on PATH can exist and exit 127.
CANDIDATES := python3 python3.11 python3.12 python3.13 python3.14 $(wildcard $(HOME)/.pyenv/versions/*/bin/python3)
find_python = $(shell for p in $(CANDIDATES); do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < ($(1)))' 2>/dev/null && { echo $$p; break; }; done)
PYTHON ?= $(call find_python,3$(comma) 11)
comma := ,
CORES ?= 2
# A folder made by "make wheelhouse" on a machine with a registry serves one without.
INDEX := $(if $(wildcard wheelhouse),--no-index --find-links wheelhouse)
PIP = $(1)/bin/python -m pip --disable-pip-version-check -q install $(INDEX)
PYTEST := $(PY) -m pytest $(if $(JUNIT),--junitxml=$(JUNIT)/$(1).xml)

.PHONY: help demo test checks test-main test-slow test-pulp4 serve bench peers wheelhouse lock lint format types imports catalogue clean
help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

demo: $(VENV)/.base  ## plan the embedded county into out/demo: map, workbook, GeoPackage, certificates
	$(VENV)/bin/wangdian demo --out out/demo

serve: $(VENV)/.base  ## the site on this machine, port 8000: planning, the service check, OGC APIs
	$(VENV)/bin/wangdian serve

test: checks test-main  ## lint, types, import rules, tests; under ten minutes

# What takes one core each goes side by side; the tests themselves then take all.
checks: $(VENV)/.test
	+@$(MAKE) --no-print-directory --output-sync=target -j $(CORES) types lint imports test-pulp4

test-main: $(VENV)/.test
	$(call PYTEST,main) -m "not slow" -n $(CORES) --dist worksteal

test-slow: $(VENV)/.test  ## the long checks: ten thousand fuzzed instances, scale runs
	$(call PYTEST,slow) -m slow --timeout 1800 -n $(CORES) --dist worksteal

# What meets PuLP again under PuLP 4, which needs Python 3.12; passed over where that is not on the machine.
PYTHON312 := $(call find_python,3$(comma) 12)
test-pulp4: $(if $(PYTHON312),.venv-pulp4/.solver)
ifneq ($(PYTHON312),)
	.venv-pulp4/bin/python -m pytest -p no:cacheprovider tests/planner --ignore tests/planner/routes -m "pulp and not slow" $(if $(JUNIT),--junitxml=$(JUNIT)/pulp4.xml)
else
	@echo "no Python 3.12 or newer here: the solver tests under PuLP 4 are passed over"
endif

lint: $(VENV)/.test
	$(VENV)/bin/ruff format --check -q .
	$(VENV)/bin/ruff check -q .

format: $(VENV)/.test  ## rewrite to the house's format
	$(VENV)/bin/ruff check -q --fix . ; $(VENV)/bin/ruff format -q .

types: $(VENV)/.test
	$(VENV)/bin/mypy

imports: $(VENV)/.test
	$(VENV)/bin/lint-imports --no-cache >/dev/null || $(VENV)/bin/lint-imports --no-cache

catalogue: $(VENV)/.test  ## collect user-read words into the catalogue and compile it
	@mkdir -p build
	$(VENV)/bin/pybabel -q extract -F babel.cfg -k N_ --no-location --sort-output --omit-header \
		-o build/wangdian.pot geodata planner scenarios api
	$(VENV)/bin/pybabel -q update -i build/wangdian.pot -d scenarios/locale -D wangdian -l zh \
		--no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date --no-wrap
	$(VENV)/bin/pybabel -q compile -d scenarios/locale -D wangdian

bench: $(VENV)/.bench  ## measure against the peers; JSON into out/bench
	$(PY) -m benchmarks

peers: .venv-peers/.peers  ## the peers that need an environment of their own (Python 3.12+)

wheelhouse: $(VENV)/.base  ## everything for a machine with no registry, into wheelhouse/
	$(PY) -m pip download -q --require-hashes -r requirements-test.lock -d wheelhouse.part
	rm -rf wheelhouse && mv wheelhouse.part wheelhouse

UV_COMPILE = $(VENV)/bin/uv pip compile -q --universal --generate-hashes --no-annotate --no-header \
	--no-emit-index-url --no-emit-find-links pyproject.toml
lock: $(VENV)/.base  ## resolve the versions anew into the lock files
	$(PY) -m pip install -q uv
	$(UV_COMPILE) --upgrade --python-version 3.11 --group build --extra test --extra bench --group solver -o requirements-bench.lock
	$(UV_COMPILE) --python-version 3.11 --group build --extra test -c requirements-bench.lock -o requirements-test.lock
	$(UV_COMPILE) --python-version 3.11 --group build -c requirements-bench.lock -o requirements.lock
	$(VENV)/bin/uv pip compile -q --universal --generate-hashes --no-annotate --no-header --no-emit-index-url \
		--python-version 3.12 --group pyproject.toml:solver -c requirements-bench.lock -o requirements-solver.lock
	$(VENV)/bin/uv pip compile -q --universal --generate-hashes --no-annotate --no-header --no-emit-index-url \
		--python-version 3.12 --group pyproject.toml:peers -o requirements-peers.lock

clean:  ## remove what was made here, but no plan
	rm -rf .venv .venv-pulp4 .venv-peers .mypy_cache .ruff_cache .pytest_cache .hypothesis

# Each stamp stands for a venv that holds just what its lock file names.
$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer with venv is needed"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.base: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "installing the locked versions into $(VENV) (once)"
	$(call PIP,$(VENV)) --require-hashes -r requirements.lock
	$(call PIP,$(VENV)) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.test: requirements-test.lock $(VENV)/.base
	$(call PIP,$(VENV)) --require-hashes -r requirements-test.lock
	@touch $@

$(VENV)/.bench: requirements-bench.lock $(VENV)/.test
	$(call PIP,$(VENV)) --require-hashes -r requirements-bench.lock
	@touch $@

.venv-pulp4/.solver: requirements-solver.lock
	test -x .venv-pulp4/bin/python || $(PYTHON312) -m venv .venv-pulp4
	$(call PIP,.venv-pulp4) --require-hashes -r requirements-solver.lock
	@touch $@

.venv-peers/.peers: requirements-peers.lock
	@test -n "$(PYTHON312)" || { echo "spopt needs Python 3.12 or newer"; exit 1; }
	test -x .venv-peers/bin/python || $(PYTHON312) -m venv .venv-peers
	$(call PIP,.venv-peers) --require-hashes -r requirements-peers.lock
	@touch $@
