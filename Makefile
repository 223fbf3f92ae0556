# Everything a person or CI does here. Needs Python 3.11+ and make, nothing else.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: help run dev test test-root test-full smoke lowest check bench soak faults snapshots pictures guides recording engine lock constraints clean

## This list
help:
	@awk '/^## /{said=substr($$0,4)} /^[a-z-]+:/&&said{printf "  make %-12s %s\n", substr($$1,1,index($$1,":")-1), said; said=""} !/^## /&&!/^[a-z-]+:/{if($$0!~/^$$/)said=""}' $(firstword $(MAKEFILE_LIST))

## Open the console
run: $(READY)
	@$(BIN)/openhqm-tui

## The console while you work on it: its style sheets are read anew whenever one is saved
dev: $(READY)
	@TEXTUAL=debug $(BIN)/openhqm-tui

## All tests: unit, snapshots, and the real engine's where one is or can be had (ONLY="not engine": those without; TESTS=tests/tui: some)
test: $(READY)
	@$(BIN)/python -m pytest --numprocesses auto --dist loadgroup $(if $(ONLY),-m "$(ONLY)") $(TESTS)

## The engine tests that need root, by sudo (`test` runs them too where you are root)
test-root: $(READY)
	@$(if $(filter 0,$(shell id -u)),,sudo --preserve-env) env PATH="$$PATH" PYTHONDONTWRITEBYTECODE=1 \
	  $(BIN)/python -m pytest -p no:cacheprovider -m root tests/real

## As `test`, and those that need no engine on the oldest and the newest Python of this machine too
test-full: test
	@for version in $$($(BIN)/python -m tests.pythons others); do \
	  $(MAKE) --no-print-directory test ONLY="not engine" VENV=.venv-$$version \
	    PYTHON=$$($(BIN)/python -m tests.pythons $$version) || exit 1; \
	done

## The installed console in a real terminal, on every Python of this machine
smoke: $(READY)
	@$(BIN)/python -m pytest --numprocesses auto -k every_python tests/package/test_smoke.py

## The installed console on the lowest versions of its direct dependencies
lowest: $(READY)
	@$(BIN)/python -m pytest tests/package/test_smoke.py -k lowest

## Style and types
check: $(READY)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

## Ours beside its peers, all in one run (PARTS="console history": some; FULL=1: the classic way too)
bench: $(READY)
	@$(BIN)/python -m tests.bench $(PARTS) $(if $(FULL),--full)

## Rounds of bad luck on a real engine: kill -9 of console and runner, two at once, damaged journals
soak: $(READY)
	@for name in $(or $(NAME),console runner two equal streams); do \
	  $(BIN)/python -m tests.soak $$name $(if $(TIMES),--times $(TIMES)) $(if $(SEED),--seed $(SEED)) || exit 1; \
	done

## Planted faults on a real engine: is each caught by the check meant for it? (a table, after `make test`)
faults: $(READY)
	@$(BIN)/python -m tests.real.faults $(if $(NAME),--name $(NAME))

## Accept the screens as they are now (look at them first: snapshot_report.html)
snapshots: $(READY)
	@$(BIN)/python -m pytest tests/tui --snapshot-update

## The pictures in assets/screens, taken of the real console on recorded runs, and the film
pictures: $(READY)
	@$(BIN)/python -m tests.pictures
	@$(BIN)/python -m tests.moving_picture

## The guides that are measured, of a real run of all 16 images: results, and the tables of variants
guides: $(READY)
	@$(BIN)/python -m tests.guides

## The run that ships for `replay`, recorded anew on the real engine: 16 images, some minutes
recording: $(READY)
	@$(BIN)/python -m tests.record shipped

## A Docker engine with Buildx, QEMU and a base image (asks before it changes anything; YES=1 does not ask)
engine: $(READY)
	@$(BIN)/openhqm-tui doctor --fix $(if $(YES),--yes)

## Resolve the dependencies anew
lock: $(READY)
	@$(BIN)/uv pip compile pyproject.toml --group dev --universal --generate-hashes \
	  --no-emit-index-url --no-header --python-version 3.11 --upgrade --quiet -o requirements.lock

## Pin what the images' requirements ask for and constraints.txt lacks (UPGRADE=1: today's versions of all)
constraints: $(READY)
	@cd assets/context && grep '^#' constraints.txt > constraints.new && \
	  ../../$(BIN)/uv pip compile --quiet --universal --python-version 3.13 --no-header --no-annotate \
	    $(if $(UPGRADE),--upgrade) requirements*.txt -o constraints.txt && \
	  grep -v '^#' constraints.txt >> constraints.new && mv constraints.new constraints.txt

## Remove the environment and what tools have left
clean:
	rm -rf $(VENV) .venv-* dist build .pytest_cache .mypy_cache .ruff_cache

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("openhqm-tui needs Python 3.11 or later; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.13") if sys.version_info < (3, 11) else None'
	@echo "Setting up $(VENV) (once)…"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
