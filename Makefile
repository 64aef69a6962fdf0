# Python 3.11 or later and make are all it takes: everything else is installed in .venv, from the hashed locks.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test test-keycloak check audit format docs lock clean-tree images kafka kafka-stop chaos fuzz restauration \
	bench bench-ingest bench-freshness bench-values bench-growth bench-projection bench-allocation bench-comite bench-pairs \
	bench-lecteurs bench-pages bench-annee bench-scale bench-capacity experience-entraide boucle-entraide

PYTHON ?= $(firstword $(foreach p,python3.11 python3.12 python3.13 python3,$(if $(shell command -v $(p) 2>/dev/null),$(p))))
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check --no-input --quiet
# Stamps: newer than the locks they were installed from.
RUNTIME := .venv/.runtime
DEV := .venv/.dev
UV := .cache/uv/bin/uv
PAIRES := .cache/paires
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
	$(BIN)/python -m compileall -q services shared simulator vigie
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
	$(BIN)/python -m pytest -m keycloak tests/integration/service/test_keycloak.py tests/e2e/console/test_connexion_keycloak.py $(ARGS)

check: $(DEV) ## Lint, format, types, layers, generated files, clean tree
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m shared.events.generation --verifier
	$(BIN)/python -m deploy.grafana.generer --verifier
	$(BIN)/python -m shared.catalogue.documentation --verifier
	$(BIN)/python -m shared.network.generation --verifier
	$(BIN)/python -m services.alerts.documentation --verifier
	@$(MAKE) --no-print-directory clean-tree

audit: $(DEV) ## Known faults of the locked dependencies (asks PyPI's advisories: not a part of check)
	$(BIN)/pip-audit --strict --disable-pip --require-hashes \
		--requirement requirements.lock --requirement requirements-dev.lock $(ARGS)

clean-tree:
	@git grep -nIE '$(FORBIDDEN)'; test $$? -eq 1 \
		|| { echo "registry address or machine path in a tracked file" >&2; exit 1; }

format: $(DEV) ## Format the code and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(DEV) ## Write generated files again: schemas, AsyncAPI, dashboards, holidays
	$(BIN)/python -m shared.events.generation
	$(BIN)/python -m deploy.grafana.generer
	$(BIN)/python -m shared.catalogue.documentation
	$(BIN)/python -m shared.network.generation
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

# The rivals live apart from Vigie. One that cannot be installed is a line of the table that says so.
$(PAIRES)/.pret: bench/paires/requirements.txt | $(BIN)/python
	$(PYTHON) -m venv $(PAIRES)
	$(PAIRES)/bin/python -m pip install --disable-pip-version-check --no-input --quiet --requirement $< \
		|| sed -n 's/^[a-z].*/&/p' $< | xargs -n 1 $(PAIRES)/bin/python -m pip install --no-input --quiet || true
	@touch $@

bench-pairs: $(DEV) $(PAIRES)/.pret ## The same job by Vigie and its rivals; ARGS="--n 50000 --rondes 1 --pairs vigie,quix"
	$(BIN)/python -m bench.paires $(ARGS)

restauration: $(DEV) ## Restore elsewhere and lose a site, on both engines; writes docs/reprise.md; ARGS="--journal kafka"
	$(BIN)/python -m bench.reprise --inscrire $(ARGS)

bench-capacity: $(DEV) ## Disk per million events; writes docs/capacite.md
	$(BIN)/python -m bench.capacite --inscrire $(ARGS)

bench-lecteurs: $(DEV) ## 50 readers of the API and console while events come in; start of vigie up; speed of vigie verify
	$(BIN)/python -m bench.lecteurs $(ARGS)

bench-scale: $(DEV) ## How the cost of an event grows: events, caisses, days, partitions, consumers; ARGS="--n 40000 --grand 2"
	$(BIN)/python -m bench.echelle $(ARGS)

bench-pages: $(DEV) ## Milliseconds, processor time and kB of every page of the console; ARGS="--home DIR" of a demo that runs
	$(BIN)/python -m bench.pages $(ARGS)

bench-annee: $(DEV) ## National days and their nights; ARGS="--jours 5 --duree 60 --par-jour 20000" for the small form
	$(BIN)/python -m bench.annee $(ARGS)

experience-entraide: $(RUNTIME) ## Aid policies compared on the twin; ARGS="--graines 3 --mois 6"
	$(BIN)/python -m vigie.experience $(ARGS)

boucle-entraide: $(RUNTIME) ## A crisis in the twin through the real services, aid and its effect; ARGS=--json
	$(BIN)/python -m vigie.boucle $(ARGS)

chaos: $(DEV) ## Every fault under load, on both engines; ARGS="--graine 7 --pannes base_tuee --moteur kafka"
	$(BIN)/python -m tests.chaos $(ARGS)

images: $(DEV) ## Take the README's pictures in the demonstration's console (Chromium; a minute or two)
	$(BIN)/python -m tests.e2e.console.images $(ARGS)

fuzz: $(DEV) ## Hostile calls on every API and a million hostile lines; ARGS="--service alerts --graine 2 --minutes 1 --lignes 0"
	$(BIN)/python -m bench.fuzz $(ARGS)

kafka: $(RUNTIME) ## Start a local Apache Kafka on 127.0.0.1:9092 (Java; Maven the first time)
	$(BIN)/python -m vigie.kafka start

kafka-stop: $(RUNTIME) ## Stop it
	$(BIN)/python -m vigie.kafka stop
