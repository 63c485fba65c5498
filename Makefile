# Everything a developer runs. Each target sets up what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
RUNTIME := $(VENV)/.runtime
# What is imported is compiled then, and kept for the many processes of tests and checkers; most never is.
INSTALL := $(BIN)/python -m pip install -q --disable-pip-version-check --no-compile
export PYTHONDONTWRITEBYTECODE :=

.PHONY: install demo compare-demo test suite pages check lint types mypy pyright fmt docs figures bench bench-quick fuzz soak simulate clean

install: $(STAMP)  ## a virtual environment with the package and all tools

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(RUNTIME): pyproject.toml | $(BIN)/python
	$(INSTALL) -e '.[simulators,images]'
	touch $@

# pip knows dependency groups since 25.1.
$(STAMP): pyproject.toml $(RUNTIME)
	$(INSTALL) --upgrade 'pip>=25.1'
	$(INSTALL) --group dev
	touch $@

demo: $(RUNTIME)  ## the main job at all simulated vendors
	$(BIN)/python -m portraitkit.simulators.demo

compare-demo: $(BIN)/python  ## five simulated vendors compared, in build/comparison
	$(INSTALL) -e '.[likeness]'
	rm -rf build/comparison
	$(BIN)/python examples/compare_vendors.py build/comparison

# The code in the pages mostly waits: it is played beside the tests.
test: $(STAMP)  ## the whole suite, offline
	$(MAKE) --no-print-directory -j2 suite pages

suite: $(STAMP)
	$(BIN)/python -m pytest -q -n auto --dist worksteal $(CELLS) tests

pages: $(STAMP)
	$(BIN)/python -m pytest -q README.md README.zh.md docs

check: lint types test  ## all that has to pass

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: mypy pyright

mypy: $(STAMP)
	$(BIN)/mypy

pyright: $(STAMP)
	$(BIN)/pyright

fmt: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(STAMP)  ## the site, in build/site; a link that leads nowhere fails
	$(INSTALL) --group docs
	$(BIN)/zensical build --strict

figures: $(STAMP)  ## sizes, import times, requests for each vendor
	$(BIN)/python benchmarks/figures.py

bench: $(STAMP)  ## what the library costs beside its peers, and the page and pictures that tell it
	$(INSTALL) --group bench
	$(BIN)/python benchmarks/speed $(if $(BEFORE),--before $(BEFORE)) --out benchmarks/speed/results.json
	$(BIN)/python tools/performance.py

bench-quick: $(STAMP)  ## the same in fewer rounds, printed alone
	$(BIN)/python benchmarks/speed --quick $(if $(BEFORE),--before $(BEFORE))

fuzz: $(STAMP)  ## guided by coverage, FUZZ_SECONDS (60) for answers and as long for inputs
	$(INSTALL) --group fuzz
	$(BIN)/python fuzz/fuzz_answers.py
	$(BIN)/python fuzz/fuzz_inputs.py

soak: $(STAMP)  ## 10,000 assets and 1,000 videos at a vendor that fails all the time, some minutes
	$(BIN)/python benchmarks/soak.py

simulate: $(STAMP)  ## SEED=42 tells one simulated world step by step; WORLDS=100000 plays many
	PYTHONPATH=tests $(BIN)/python -m worlds.simulate $(if $(SEED),seed "$(SEED)",worlds $(or $(WORLDS),10000))

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist
