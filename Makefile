# Everything a person or CI does here. `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

export CAUDAL_CACHE ?= $(HOME)/.cache/caudal
PYTHON := $(CAUDAL_CACHE)/python/bin/python
FUZZ_SECONDS ?= 10
JOBS ?= $(shell nproc)
SETUP = scripts/setup
# cmake is asked only once a folder; ninja asks it again when a list file changes.
configure = $(SETUP) $(2); [ -f build/$(1)/build.ninja ] || cmake --preset $(1) >/dev/null

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

.PHONY: build
build: ## Build build/release/caudal (installs what is missing)
	@$(call configure,release,build)
	@ninja -C build/release -j $(JOBS) caudal

.PHONY: run
run: build ## Start the example platform on http://127.0.0.1:8080 and stay (Ctrl-C stops it)
	@exec build/release/caudal up --config examples/platform/caudal.yaml

.PHONY: demo
demo: build ## Show uploads, events and recovery on a private server, in a minute
	@$(SETUP) demo
	@CAUDAL_BINARY=build/release/caudal PYTHONPATH=test $(PYTHON) -B scripts/demo.py

.PHONY: dev
dev: ## Build build/dev (failpoints, assertions) and its tests
	@$(call configure,dev,test)
	@ninja -C build/dev -j $(JOBS)

.PHONY: test
test: ## Run everything: lint, unit, end-to-end, sanitizers, fuzzing, a short crash loop
	@$(SETUP) test
	@$(PYTHON) scripts/run_stages.py lint test-unit test-e2e test-asan test-tsan fuzz test-crash

.PHONY: test-unit
test-unit: dev ## Run the unit tests
	@ctest --test-dir build/dev -L unit -j $(JOBS) --output-on-failure --no-tests=error

.PHONY: test-e2e
test-e2e: dev ## Run the end-to-end tests with real clients (ARGS="-k name" selects)
	@CAUDAL_BINARY=build/dev/caudal $(PYTHON) -m pytest -c test/pytest.ini test/e2e $(ARGS)

.PHONY: test-trino
test-trino: dev ## Run Trino on tables; not part of `make test`, since it downloads 900 MB (ARGS="-k name" selects)
	@$(SETUP) trino
	@CAUDAL_BINARY=build/dev/caudal $(PYTHON) -m pytest -c test/pytest.ini test/trino $(ARGS)

.PHONY: test-pg-versions
test-pg-versions: dev ## Run the tests of sources on PostgreSQL 12 to 18 (VERSIONS="12 18" selects; ARGS as for test-e2e)
	@$(SETUP) pg-versions
	@scripts/test_pg_versions "$(VERSIONS)" $(ARGS)

.PHONY: test-asan
test-asan: ## Run unit tests and abuse tests with AddressSanitizer and UBSan
	@$(call configure,asan,test)
	@ninja -C build/asan -j $(JOBS)
	@ctest --test-dir build/asan -L unit -j $(JOBS) --output-on-failure --no-tests=error
	@CAUDAL_BINARY=build/asan/caudal $(PYTHON) -m pytest -c test/pytest.ini -o timeout=600 test/e2e -m asan $(ARGS)

.PHONY: test-tsan
test-tsan: ## Run the concurrent tests with ThreadSanitizer
	@$(call configure,tsan,test)
	@ninja -C build/tsan -j $(JOBS)
	@ctest --test-dir build/tsan -L unit -R '$(TSAN_TESTS)' -E '^capture\.' -j $(JOBS) --output-on-failure --no-tests=error
	@TSAN_OPTIONS=detect_deadlocks=0 ctest --test-dir build/tsan -L unit -R '^query\.($(TSAN_QUERY))|^capture\..*Thread' -j $(JOBS) --output-on-failure --no-tests=error
# The longest are left out: a busy table that is kept small, and the model of writers and compaction.
# DuckDB's allocator takes all its locks before a fork, more than the detector of deadlocks has room for.
TSAN_QUERY := Turnstile|QueryControl|QueriesTest\.(EndsAtItsTime|WaitsForAPlace)
TSAN_LAKE := WritersAtOnce|ForeignTurns|UpkeepTest\.(Applies|Compacts|ACommit)
TSAN_REST := KeyStoreTest\.VerifiesWhile|QueryApi\.(AClient|Lists|EndsWith)
# Modules that start threads, whatever says in its name that it runs several at once, and of the other modules what does.
TSAN_TESTS := ^(http|meta|engine|events|objects|sched|functions|app)\.|[Cc]oncurren|[Tt]hread|[Pp]arallel|$(TSAN_LAKE)|$(TSAN_REST)

.PHONY: test-crash
test-crash: dev ## Kill the server and cut the power for a few rounds, and check what is left
	@CAUDAL_BINARY=build/dev/caudal $(PYTHON) -m pytest -c test/pytest.ini -o timeout=900 test/chaos $(ARGS)

.PHONY: soak
soak: dev ## Crash loops for ROUNDS rounds (500) from SEED; goes on where it stopped
	@CAUDAL_BINARY=build/dev/caudal $(PYTHON) test/chaos/soak.py --rounds $${ROUNDS:-500} $${SEED:+--seed $$SEED}

.PHONY: soak-functions
soak-functions: dev ## The same with functions of each kind, for ROUNDS rounds (300)
	@CAUDAL_BINARY=build/dev/caudal $(PYTHON) test/chaos/functions_soak.py --rounds $${ROUNDS:-300} $${SEED:+--seed $$SEED}

.PHONY: soak-tables
soak-tables: dev ## The same with tables, for ROUNDS rounds (300)
	@CAUDAL_BINARY=build/dev/caudal $(PYTHON) test/chaos/tables_soak.py --rounds $${ROUNDS:-300} $${SEED:+--seed $$SEED}

.PHONY: soak-sources
soak-sources: dev ## The same with a PostgreSQL that is copied, for ROUNDS rounds (300), always anew
	@CAUDAL_BINARY=build/dev/caudal $(PYTHON) test/chaos/source_soak.py --rounds $${ROUNDS:-300} $${SEED:+--seed $$SEED}

.PHONY: fuzz
fuzz: ## Run every libFuzzer target for FUZZ_SECONDS (10)
	@$(call configure,fuzz,test)
	@ninja -C build/fuzz -j $(JOBS)
	@scripts/run_fuzzers build/fuzz/fuzz $(FUZZ_SECONDS)

.PHONY: bench
bench: build ## Measure against what others reach; prints the figures of docs/benchmarks.md
	@$(SETUP) bench
	@ninja -C build/release -j $(JOBS)
	@bench/setup
	@status=0; for one in bench/run.py bench/functions/run.py bench/lake/run.py bench/cdc/run.py; do $(PYTHON) $$one $(ARGS) || status=$$?; done; exit $$status

.PHONY: lint
lint: ## Check layers, format and shell scripts, and clang-tidy on changed files (TIDY=all: on all)
	@$(SETUP) test
	@scripts/lint

.PHONY: fmt
fmt: ## Format the C++ sources
	@$(SETUP) test
	@git ls-files '*.cc' '*.h' | xargs clang-format-16 -i

.PHONY: lock
lock: ## Write the Python lock files anew from the requirements.in of test/support and below
	@scripts/lock_python

.PHONY: clean
clean: ## Remove what was built (the cache folder stays)
	@rm -rf build
