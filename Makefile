# One entry point for every task. Needs Python 3.11+, make and a package registry.
.DEFAULT_GOAL := help
VENV := .venv
PY := $(VENV)/bin/python
# pyenv shims can stand on PATH and still not run: try each interpreter before taking it.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)

.PHONY: help
help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 16
