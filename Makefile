# Pilotage: the commands of every day. `make` alone lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := aide
VENV := .venv
PY := $(VENV)/bin/python
UV := $(VENV)/bin/uv
PYTHON ?= $(shell command -v python3.11 || command -v python3)
SOURCES ?= simulation
COMMUNES ?= 1200
SECONDES ?= 60
GRAINE ?= 1
MIROIR ?= ../shared/mirror
export UV_NO_PROGRESS := 1
export PILOTAGE_COMMUNES := $(COMMUNES)

.PHONY: epreuves machine serveurs aide installer installer-dev site bi immeubles banc-immeubles datagouv navigateur test-nuits test-reste run up down test lint audit format exercice bench fuzz charge profil distribution clean lock pages

aide: ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

$(VENV)/installe: requirements-uv.lock requirements.lock
	test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --require-hashes --no-deps -r requirements-uv.lock
	$(UV) pip install --quiet --python $(PY) --require-hashes --no-deps --compile-bytecode -r requirements.lock
	touch $@

$(VENV)/installe-dev: $(VENV)/installe site/construit/territoire.js requirements-dev.lock
	$(UV) pip install --quiet --python $(PY) --require-hashes --no-deps -r requirements-dev.lock
	touch $@

# The site's scripts: built once from site/src by the Node.js of the environment; nights only copy them.
site/construit/territoire.js: $(VENV)/installe site/package-lock.json site/construire.mjs $(wildcard site/src/*)
	cd site && PATH="$(abspath $(VENV)/bin):$$PATH" npm ci --silent && PATH="$(abspath $(VENV)/bin):$$PATH" npm run --silent build
	touch $@

site: site/construit/territoire.js ## The scripts of the planner's site

# Superset wants other versions of the same libraries: an environment of its own.
$(VENV)-bi/installe: $(VENV)/installe bi/superset.lock
	test -x $(VENV)-bi/bin/python || $(UV) venv --quiet --python $(PY) $(VENV)-bi
	$(UV) pip install --quiet --python $(VENV)-bi/bin/python --require-hashes --no-deps -r bi/superset.lock
	touch $@

# The same models on DuckDB and on Spark: an environment of its own (Spark alone weighs 440 MB; it needs Java 17).
$(VENV)-immeubles/installe: $(VENV)/installe pilotage/immeubles/requirements.lock
	test -x $(VENV)-immeubles/bin/python || $(UV) venv --quiet --python $(PY) $(VENV)-immeubles
	$(UV) pip install --quiet --python $(VENV)-immeubles/bin/python --require-hashes --no-deps -r pilotage/immeubles/requirements.lock
	touch $@

.pilotage/client_datagouv/installe: $(VENV)/installe requirements-datagouv.lock
	$(UV) pip install --quiet --python $(PY) --require-hashes --no-deps --target .pilotage/client_datagouv -r requirements-datagouv.lock
	touch $@

datagouv: .pilotage/client_datagouv/installe ## The official client of data.gouv.fr, in a folder of its own

immeubles: $(VENV)-immeubles/installe ## What reduces building-level files of fibre: dbt on DuckDB and on Spark
	@command -v java >/dev/null || echo 'Java is absent: DuckDB will do, Spark will not (openjdk-17-jre-headless)'

banc-immeubles: installer-dev immeubles ## Cost curves of both engines, up to 30 million buildings
	$(PY) -m tests.banc_immeubles

bi: installer $(VENV)-bi/installe ## Dashboards in Apache Superset, imported and served on 127.0.0.1 until Ctrl-C
	$(PY) -m bi importer
	$(PY) -m bi servir

installer: $(VENV)/installe site/construit/territoire.js ## The environment, from requirements.lock, and the site's scripts
installer-dev: $(VENV)/installe-dev ## The environment with what tests and checks need

run: installer ## One nightly refresh, start to stop (SOURCES=simulation|folder|url|internet, COMMUNES=1200)
	PILOTAGE_SOURCES='$(SOURCES)' $(PY) -m pilotage executer

up: installer ## Start and keep running: PostgreSQL, Airflow and its page
	PILOTAGE_SOURCES='$(SOURCES)' $(PY) -m pilotage demarrer

down: ## Stop what `make up` started
	test ! -x $(PY) || PILOTAGE_SOURCES='$(SOURCES)' $(PY) -m pilotage arreter

# Debian's servers that some tests start by themselves on 127.0.0.1; RUNLEVEL=1 keeps the packages from starting any.
serveurs:
	@command -v redis-server >/dev/null && command -v nginx >/dev/null && command -v openssl >/dev/null || { test "$$(id -u)" = 0 && apt-get update -qq && RUNLEVEL=1 apt-get install -y -qq --no-install-recommends redis-server nginx openssl >/dev/null; } || echo 'Redis or nginx is absent: the tests that start them will skip'

# Debian's packages one after the other: apt has one lock.
machine:
	@$(MAKE) --no-print-directory --jobs=1 navigateur serveurs

# Chromium is Debian's; where it can be neither found nor installed, the tests of pages say that they skip.
navigateur:
	@command -v chromium >/dev/null || { test "$$(id -u)" = 0 && apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-liberation >/dev/null; } || echo 'Chromium is absent: the tests of pages will skip'

test: installer-dev ## All tests, in two processes side by side
	@$(MAKE) --no-print-directory --jobs=4 --output-sync=target machine datagouv $(VENV)-bi/installe $(VENV)-immeubles/installe
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target --keep-going test-nuits test-reste

# The two processes fill the cores: threads of BLAS or OpenMP beside them only wait for each other.
test-nuits test-reste:
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 PILOTAGE_MIROIR='$(MIROIR)' $(PY) -m pytest -m '$(if $(filter test-nuits,$@),nuit,not nuit)'

lint: installer-dev ## Style and form of code, SQL and YAML; derived files up to date
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/yamllint --strict .
	$(PY) -m pilotage pages --verifier
	$(PY) -m pilotage.audit --hors-ligne

audit: installer-dev ## Dependencies against the OSV advisories of PILOTAGE_AVIS (folder or zip); bill of materials
	$(PY) -m pilotage.audit --registre --nomenclature .pilotage/nomenclature.cdx.json

format: installer-dev ## Rewrite the code in its form
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

pages: installer ## Write derived files again: dbt sources, pages of sources, models and traceability, schemas of apports
	$(PY) -m pilotage pages

exercice: installer ## A drill of recovery: back up, lose, restore beside, compare table by table, time it
	PILOTAGE_SOURCES='$(SOURCES)' $(PY) -m pilotage sauvegarder exercice

FAUTES ?= 220
GRAINE ?= 1
epreuves: installer-dev ## Inject faults (kill -9, full disk, bad upstream, clock) and say what became of the data (FAUTES=220 GRAINE=1)
	@test -e /usr/share/doc/faketime || test "$$(id -u)" != 0 || { apt-get update -qq && apt-get install -y -qq --no-install-recommends faketime >/dev/null; } || echo 'faketime is absent: faults of the clock are left out'
	PILOTAGE_MIROIR='$(MIROIR)' $(PY) -m tests.epreuves --fautes $(FAUTES) --graine $(GRAINE)

profil: installer-dev ## What two nights in a row cost in processor, by sort of process
	PILOTAGE_SOURCES='$(SOURCES)' $(PY) -m tests.banc_nuit

bench: installer-dev ## Speed and memory, as ratios of sides measured in one run
	PILOTAGE_MIROIR='$(MIROIR)' $(PY) -m tests.bancs

distribution: installer-dev ## Three machines on one (root): a night over two workers, one of them cut off and frozen
	$(PY) -m tests.distribution $(if $(filter simulation,$(SOURCES)),,--sources '$(SOURCES)')

charge: installer-dev ## Fifty BI readers during a refresh of the warehouse of the last run
	$(PY) -m tests.banc_charge

fuzz: installer-dev ## Coverage-guided fuzzing of what reads files, packages and words from outside (SECONDES=60 a target)
	$(PY) -m tests.fuzz --secondes $(SECONDES) --graine $(GRAINE)

clean: down ## Forget all that runs wrote (landing included) and the environment
	rm -rf .pilotage $(VENV) $(VENV)-bi $(VENV)-immeubles site/construit site/node_modules .pytest_cache .ruff_cache .hypothesis

LOCK := $(UV) pip compile --quiet --generate-hashes --no-header --no-annotate --python-version 3.11
lock: installer ## Resolve the locks again
	$(LOCK) requirements.in -o requirements.lock
	$(LOCK) requirements-dev.in -o requirements-dev.lock
	$(LOCK) bi/superset.in -o bi/superset.lock
	$(LOCK) pilotage/immeubles/requirements.in -o pilotage/immeubles/requirements.lock
	$(LOCK) requirements-datagouv.in -o requirements-datagouv.lock
	$(LOCK) requirements-uv.in -o requirements-uv.lock
	$(LOCK) docker/helm/kubernetes.in $$(sed -n 's/^\([a-z0-9._-]*\)==.*/--no-emit-package \1/p' requirements.lock) -o docker/helm/kubernetes.lock
