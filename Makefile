# Python 3.11 or later and make are all it takes: everything else is installed in .venv, from the hashed locks.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test test-keycloak check format lock bench bench-ingest bench-freshness bench-values bench-growth \
	bench-projection bench-allocation bench-comite experience-entraide boucle-entraide kafka kafka-stop docs clean-tree

PYTHON ?= $(firstword $(foreach p,python3.11 python3.12 python3.13 python3,$(if $(shell command -v $(p) 2>/dev/null),$(p))))
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check --no-input --quiet
# Stamps: newer than the locks they were installed from.
RUNTIME := .venv/.runtime
DEV := .venv/.dev
UV := .cache/uv/bin/uv
LOCK := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--custom-compile-command "make lock"
ARGS ?=

# Never in a tracked file: addresses of registries, paths of one machine.
FORBIDDEN := pypi[.]org|pythonhosted[.]org|repo1?[.]maven|registry[.]npmjs|static[.]crates|index[-]url|(^|[^.a-zA-Z0-9_-])/(work|farm|root|home)/

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-19s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(BIN)/python:
	@$(or $(PYTHON),false) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Vigie needs Python 3.11 or later: make PYTHON=path" >&2; exit 1; }
	$(PYTHON) -m venv .venv

$(RUNTIME): requirements.lock pyproject.toml | $(BIN)/python
	$(PIP) --require-hashes --requirement requirements.lock
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV): requirements-dev.lock $(RUNTIME)
	$(PIP) --require-hashes --requirement requirements-dev.lock
	@touch $@

setup: $(RUNTIME) ## Install Vigie in .venv (a few seconds when nothing changed)

demo: $(RUNTIME) ## See the network live on this machine; ARGS="--once --json" for one bounded run
	$(BIN)/vigie demo $(ARGS)

test: $(DEV) ## Run every test this machine can; STRICT=1: none may be skipped; ARGS="-k word" to choose
	@if command -v java >/dev/null && command -v mvn >/dev/null; then \
		$(BIN)/python -c 'from vigie.kafka import preparer_jars; preparer_jars()' \
			|| echo "Kafka could not be fetched: its tests will say so" >&2; \
	fi
	$(BIN)/python -m pytest $(ARGS)

test-keycloak: $(DEV) ## Identity against a real Keycloak (Java; Maven fetches 148 MB the first time)
	$(BIN)/python -m pytest -m keycloak tests/integration/service/test_keycloak.py $(ARGS)

check: $(DEV) ## Lint, format, types, layers, generated files, clean tree
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m shared.events.generation --verifier
	$(BIN)/python -m deploy.grafana.generer --verifier
	$(BIN)/python -m shared.catalogue.documentation --verifier
	$(BIN)/python -m services.alerts.documentation --verifier
	@$(MAKE) --no-print-directory clean-tree

clean-tree:
	@git grep -nIE '$(FORBIDDEN)'; test $$? -eq 1 \
		|| { echo "registry address or machine path in a tracked file" >&2; exit 1; }

format: $(DEV) ## Format the code and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(DEV) ## Write generated files again: schemas, AsyncAPI, dashboards
	$(BIN)/python -m shared.events.generation
	$(BIN)/python -m deploy.grafana.generer
	$(BIN)/python -m shared.catalogue.documentation
	$(BIN)/python -m services.alerts.documentation

lock: ## Compile the two locks from pyproject.toml; ARGS=--upgrade for newer versions
	@test -x $(UV) || { $(PYTHON) -m venv .cache/uv && .cache/uv/bin/python -m pip install --quiet uv; }
	printf 'hatchling\neditables\n' | $(LOCK) $(ARGS) pyproject.toml - --output-file requirements.lock
	$(LOCK) $(ARGS) --extra dev --constraint requirements.lock pyproject.toml --output-file requirements-dev.lock

bench: bench-ingest bench-freshness bench-values bench-growth bench-projection bench-allocation bench-comite ## Run every benchmark (a quiet machine, Java and Maven)

bench-ingest: $(DEV) ## Events per second from a real Kafka to committed cells, with its rivals
	$(BIN)/python -m bench.ingestion $(ARGS)

bench-freshness: $(DEV) ## Seconds from an accepted event to the indicator that shows it; ARGS=--kafka
	$(BIN)/python -m bench.fraicheur $(ARGS)

bench-values: $(DEV) ## Latency of the indicator API over 36 national months of cells
	$(BIN)/python -m bench.valeurs $(ARGS)

bench-growth: $(DEV) ## Growth of the cells per million events, before and after the fold
	$(BIN)/python -m bench.croissance $(ARGS)

bench-projection: $(DEV) ## Projections against what happened: coverage and error
	$(BIN)/python -m bench.projection $(ARGS)

bench-allocation: $(DEV) ## Time and quality of the allocation at the size of the network
	$(BIN)/python -m bench.allocation $(ARGS)

bench-comite: $(DEV) ## Time to prepare a comité: 107 caisses, 10 indicators
	$(BIN)/python -m bench.comite_preparation $(ARGS)

experience-entraide: $(RUNTIME) ## Aid policies compared on the twin; ARGS="--graines 3 --mois 6"
	$(BIN)/python -m vigie.experience $(ARGS)

boucle-entraide: $(RUNTIME) ## A crisis in the twin through the real services, aid and its effect; ARGS=--json
	$(BIN)/python -m vigie.boucle $(ARGS)

kafka: $(RUNTIME) ## Start a local Apache Kafka on 127.0.0.1:9092 (Java; Maven the first time)
	$(BIN)/python -m vigie.kafka start

kafka-stop: $(RUNTIME) ## Stop it
	$(BIN)/python -m vigie.kafka stop
