# Everything here needs Python 3.11 or newer and nothing else.
PYTHON ?= python3
VENV := .venv
TESTS :=
# Processes among which the files of tests are divided: 0 for none beside pytest itself, as -s and --pdb need.
WORKERS := 2
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
DEMO := demo-results.csv

.PHONY: help demo demo-cluster test test-all forward storm bench bench-lock sdk-lock bench-durability bench-ledgers bench-cluster bench-cluster-rate bench-cluster-accounts bench-encodings lint types check coverage docs lock sbom audit clean

help:
	@echo 'make demo      run the main job against the built-in simulator: no account needed'
	@echo 'make demo-cluster  the same with two workers and PostgreSQL from a wheel; one worker is killed in the middle'
	@echo 'make test      run every test, in two processes (TESTS="tests/unit -x" to run some, WORKERS=0 for one process)'
	@echo 'make test-all  run them on every Python from 3.11 to 3.14 that the machine has'
	@echo 'make forward   test the connections with the newest aiohttp, pre-releases included, in an environment of its own'
	@echo 'make storm     kill the program 300 times under every fault, and count (STORM="--seed 7 --kills 50 --tls 1.2")'
	@echo '               and workers of one job 100 times, frozen 30 times (CLUSTER_STORM="--kills 20 --freezes 5")'
	@echo 'make bench     measure it beside its peers, 15 minutes at most (BENCH="--write --cookbook PATH")'
	@echo '               what is asked of the speed alone: BENCH="--only targets --against COMMIT"'
	@echo 'make bench-durability  what it costs that every intent and outcome is on disk'
	@echo 'make bench-ledgers     what a ledger costs in a file and in a database (BENCH="--rows 1000000")'
	@echo 'make bench-cluster     what a job takes with one, two and four workers, and how soon one takes over'
	@echo 'make bench-cluster-rate  how precisely several workers keep one shared rate'
	@echo 'make bench-cluster-accounts  how precisely two workers keep the rates of twenty accounts'
	@echo 'make bench-encodings   how often a legacy encoding is left open or guessed wrongly (BENCH="--peers")'
	@echo 'make lint      ruff: rules and format'
	@echo 'make types     mypy --strict'
	@echo 'make check     test, lint and types, as CI does'
	@echo 'make coverage  tests with branch coverage'
	@echo 'make docs      write the reference of options and their Python keywords anew'
	@echo 'make lock      renew the lock files'
	@echo 'make sbom      write sbom.cdx.json: the libraries of requirements.lock as CycloneDX'
	@echo 'make audit     ask for known vulnerabilities of these libraries; needs the package index'

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.run: $(VENV)/.made requirements.lock
	$(PIP) --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.lock pyproject.toml
	$(PIP) --require-hashes -r requirements-dev.lock
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(VENV)/.run
	@rm -rf $(DEMO) $(DEMO).ledger
	$(BIN)/python -m provisioner run samples/customers.csv -o $(DEMO) --key crm_id --simulate
	@echo
	@head -n 4 $(DEMO)

$(VENV)/.embedded: $(VENV)/.made requirements-embedded.lock
	$(PIP) --require-hashes -r requirements-embedded.lock
	@touch $@

demo-cluster: $(VENV)/.embedded
	@rm -rf $(DEMO) $(DEMO).ledger
	PYTHONPATH=. $(BIN)/python samples/cluster/demo.py samples/customers.csv $(DEMO)

test: $(VENV)/.dev
	$(BIN)/python -m pytest --numprocesses=$(WORKERS) --dist=loadfile --no-loadscope-reorder $(TESTS)

# uv looks for each version on the search path; pyenv's versions stand behind it, of which its shims show one alone.
test-all: $(VENV)/.dev
	@found= failed=; for version in 3.11 3.12 3.13 3.14; do \
		pyenv=$$(printf '%s:' "$$(pyenv root 2>/dev/null)/versions/$$version".*/bin); \
		python=$$(PATH="$$PATH:$$pyenv" $(BIN)/uv python find --no-project --no-python-downloads --system $$version 2>/dev/null) \
			|| { echo "--- Python $$version: not found"; continue; }; \
		echo "--- Python $$version: $$python"; found=yes; \
		$(MAKE) test PYTHON="$$python" VENV=.venv-$$version || failed="$$failed $$version"; \
	done; \
	echo "failed on:$${failed:- none}"; [ -n "$$found" ] && [ -z "$$failed" ]

# What sends requests, over every wire and on both event loops. The two versions left out are of 2019.
FORWARD := 'aiohttp!=4.0.0a0,!=4.0.0a1'
SOCKET_TESTS := tests/unit/http_client tests/integration/http_client tests/integration/twilio \
	tests/contract/test_creator_contract.py tests/contract/test_messenger_contract.py
forward: $(VENV)/.made requirements-dev.lock
	$(PYTHON) -m venv .venv-forward
	.venv-forward/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	.venv-forward/bin/python -m pip install --quiet --disable-pip-version-check --pre --upgrade $(FORWARD)
	@.venv-forward/bin/python -c 'import aiohttp; print("aiohttp", aiohttp.__version__)'
	timeout 900 .venv-forward/bin/python -m pytest --numprocesses=$(WORKERS) --dist=loadfile $(SOCKET_TESTS)

storm: $(VENV)/.dev
	$(BIN)/python -m tests.storm $(STORM)
	$(BIN)/python -m tests.storm.cluster $(CLUSTER_STORM)
	$(BIN)/python -m tests.storm.api_description

bench: $(VENV)/.dev .venv-bench/.done .node-bench/.done
	$(BIN)/python -m benchmarks $(BENCH)

.venv-bench/.done: benchmarks/requirements.txt
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $< \
		&& touch $@ || echo 'pip failed: the peers written in Python will be skipped'

.node-bench/.done: benchmarks/package.json
	@mkdir -p .node-bench && cp $< .node-bench
	npm install --prefix .node-bench --no-package-lock --ignore-scripts --no-audit --no-fund --silent \
		&& touch $@ || echo 'npm is missing or failed: the peers that run on Node.js will be skipped'

bench-lock: $(VENV)/.dev
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header benchmarks/requirements.in -o benchmarks/requirements.txt

sdk-lock: $(VENV)/.dev
	cd tests/integration/simulator/clients && $(abspath $(BIN))/uv pip compile --quiet --universal --generate-hashes \
		--no-header requirements.in -o requirements.txt

bench-durability: $(VENV)/.dev
	$(BIN)/python -m benchmarks.durability

bench-ledgers: $(VENV)/.dev
	$(BIN)/python -m benchmarks.ledgers $(BENCH)

bench-cluster: $(VENV)/.dev
	$(BIN)/python -m benchmarks.cluster $(BENCH)
	$(BIN)/python -m benchmarks.cluster_takeover

bench-cluster-rate: $(VENV)/.dev
	$(BIN)/python -m benchmarks.cluster_rate $(BENCH)

bench-cluster-accounts: $(VENV)/.dev
	$(BIN)/python -m benchmarks.cluster_accounts $(BENCH)

bench-encodings: $(VENV)/.dev .venv-bench/.done .node-bench/.done
	$(BIN)/python -m benchmarks.encodings $(BENCH)

lint: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(VENV)/.dev
	$(BIN)/mypy

check: test lint types

coverage: $(VENV)/.dev
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

docs: $(VENV)/.dev
	$(BIN)/python docs/generate_options.py
	$(BIN)/python docs/generate_keywords.py

lock: $(VENV)/.dev
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header pyproject.toml --extra dask --extra objects --extra otel --extra parquet --extra postgres --extra uvloop --group dev -o requirements-dev.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header pyproject.toml --extra embedded -o requirements-embedded.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header pyproject.toml samples/cluster/requirements.in --extra dask --extra objects --extra postgres --extra uvloop -o samples/cluster/requirements.txt

# Both tools run apart from the project, in an environment of their own, at these versions.
sbom: $(VENV)/.dev
	$(BIN)/uv tool run --quiet --from cyclonedx-bom==7.5.0 cyclonedx-py requirements \
		--pyproject pyproject.toml --output-reproducible -o sbom.cdx.json requirements.lock

# --strict: a library that cannot be looked up fails the audit instead of passing it.
audit: $(VENV)/.dev
	$(BIN)/uv tool run --quiet --from pip-audit==2.10.1 pip-audit \
		--strict --disable-pip --require-hashes -r requirements.lock

clean:
	rm -rf .venv .venv-3.* .venv-bench .node-bench .coverage* .mypy_cache .pytest_cache .ruff_cache .hypothesis $(DEMO) $(DEMO).ledger sbom.cdx.json
