# Few words: demo test lint pull paper clean. `make demo` and `make test` set up all they need in .venv.
.SUFFIXES:
.ONESHELL:
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help install demo reduced paper test lint schema bench pull pull-demo clean

PYTHON ?= python3
# nproc counts by OMP_NUM_THREADS where it is set, and make 4.4 hands the one below on to it.
CORES ?= $(shell env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc)
BIN := .venv/bin
STAMP := .venv/.installed
# Work of one job stays on the threads that the job declares.
export OMP_NUM_THREADS ?= 1
export PATH := $(CURDIR)/$(BIN):$(PATH)

help:  ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(STAMP)  ## make .venv with the pinned packages

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11, 4) and "Python 3.11.4 or newer is needed, found " + sys.version.split()[0])'
	echo "Installing the pinned packages into .venv (a few minutes, once) ..."
	$(PYTHON) -m venv .venv
	if ! { $(BIN)/python -m pip install --quiet --requirement requirements.lock &&
		$(BIN)/python -m pip install --quiet --no-deps --editable .; } > .venv/install.log 2>&1; then
		tail -n 20 .venv/install.log; echo "Installation failed; the whole log is .venv/install.log"; exit 1
	fi
	touch $(STAMP)

demo: $(STAMP)  ## the whole house on data that ships with a dependency: two cores, minutes
	@snakemake --directory demo --cores $(CORES) --quiet rules
	python -m pushforward --directory demo say table1

reduced: $(STAMP)  ## real data sets, hours on two cores or minutes on a GPU
	@snakemake --directory reduced --cores $(CORES)

paper: $(STAMP)  ## everything at the paper's scale: needs GPUs
	@snakemake --cores $(CORES)

test: $(STAMP)  ## the test suite
	@python -m pytest

lint: $(STAMP)  ## formatting, lint, imports that only go down, types, schema and counts up to date
	@ruff check .
	ruff format --check .
	snakefmt --check Snakefile workflow
	lint-imports
	mypy
	python -m pushforward check --schema work/schema.json
	diff work/schema.json workflow/schemas/params.schema.json
	python -m pushforward check --counts work/counted.csv
	diff work/counted.csv src/pushforward/ledger/counted.csv

schema: $(STAMP)  ## write anew what follows from params.yaml: its JSON schema, and what trainings cost
	@python -m pushforward check --schema workflow/schemas/params.schema.json
	python -m pushforward check --counts src/pushforward/ledger/counted.csv

bench: $(STAMP)  ## measure against peers, interleaved; writes benchmarks/results
	@for bench in benchmarks/bench_*.py; do python $$bench; done

pull: $(STAMP)  ## fetch shared data, checkpoints and results; nothing is retrained after it
	@for scale in . demo reduced; do python -m pushforward --directory $$scale pull --allow-missing; done

clean:  ## remove logs, locks and caches of jobs (never results, never training states)
	@for scale in . demo reduced; do (cd $$scale; rm -rf .snakemake; ! cd work 2>/dev/null || rm -rf log specs digests.json locks); done
