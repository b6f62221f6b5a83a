# The commands that must always work. Only python3 (>= 3.11, with venv) and make are needed.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/pip install -q --disable-pip-version-check -c constraints.txt

.PHONY: setup run tour test test-slow test-browser check bench mutants coverage clean

$(VENV)/.core: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python >= 3.11 is needed: make PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) -e '.[test]'
	@touch $@
$(VENV)/.dev: $(VENV)/.core
	$(PIP) -e '.[dev]'
	@touch $@
$(VENV)/.browser: $(VENV)/.core
	$(PIP) -e '.[browser]'
	@touch $@
$(VENV)/.fuzz: $(VENV)/.core
	$(PIP) -e '.[fuzz]'
	@touch $@
$(VENV)/.bench: $(VENV)/.core
	$(PIP) -e '.[bench]'
	@touch $@

setup: $(VENV)/.dev                      ## an environment of its own in .venv

run: $(VENV)/.core                       ## the daemon with the shipped sites: board, API; ARGS="--listen 0.0.0.0:8080"
	@$(BIN)/huiyin serve $(ARGS)

tour: $(VENV)/.core                      ## a shipped site checked, its scenarios played, one told as a timeline
	@$(BIN)/python -m engine.cli.tour

test: $(VENV)/.core                      ## the fast suite: `make test ARGS="-k worktime"`
	$(BIN)/python -m pytest -q $(ARGS)

test-slow: $(VENV)/.fuzz                 ## the long proofs
	$(BIN)/python -m pytest -q -m slow $(ARGS)

test-browser: $(VENV)/.browser           ## the board in a headless Chromium
	$(BIN)/python -m pytest -q -m browser $(ARGS)

check: $(VENV)/.dev                      ## format, lint, types, import contracts, docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/docs

bench: $(VENV)/.bench                    ## ratios to named peers, equal results asserted first
	$(BIN)/python -m benchmarks $(ARGS)

mutants: $(VENV)/.dev                    ## a seeded sample of mutants of worktime and core
	$(BIN)/python -m benchmarks.mutants $(ARGS)

coverage: $(VENV)/.dev                     ## branch coverage of the three rooms that decide
	$(BIN)/python -m pytest -q --cov=engine/worktime --cov=engine/core --cov=engine/policy --cov-branch \
		--cov-report=term:skip-covered --cov-fail-under=95 $(ARGS)

clean:
	rm -rf $(VENV) huiyin-data .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis dist
