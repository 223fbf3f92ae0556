# All development tasks, for people and CI. Needs only Python 3.11+ and make.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
# Tests wait more than they compute, so there are two more processes than cores.
JOBS   ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 2)
# Tests marked `full` are left out of `test`; `test-full` runs them.
CHOSEN  = $(if $(FULL),$(ONLY),$(if $(ONLY),($(ONLY)) and )not full)

.PHONY: help run dev test test-root test-full smoke lowest check bench soak faults snapshots pictures guides recording engine lock constraints clean

## List the targets
help:
	@awk '/^## /{said=substr($$0,4)} /^[a-z-]+:/&&said{printf "  make %-12s %s\n", substr($$1,1,index($$1,":")-1), said; said=""} !/^## /&&!/^[a-z-]+:/{if($$0!~/^$$/)said=""}' $(firstword $(MAKEFILE_LIST))

## Open the console
run: $(READY)
	@$(BIN)/openhqm-tui

## Open the console and reload its style sheets whenever one is saved
dev: $(READY)
	@TEXTUAL=debug $(BIN)/openhqm-tui

## Run the tests; engine tests need a Docker engine (ONLY="not engine" skips them; TESTS=tests/tui selects a folder)
test: $(READY)
	@$(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadgroup -m "$(CHOSEN)" $(TESTS)

# Root doesn't read the calling user's Docker context, so its engine is passed on.
## Run the engine tests that need root, with sudo (as root, `test` includes them)
test-root: $(READY)
	@engine=$$(docker context inspect --format '{{.Endpoints.docker.Host}}' 2>/dev/null); \
	  $(if $(filter 0,$(shell id -u)),,sudo --preserve-env) env PATH="$$PATH:/usr/sbin:/sbin" \
	  DOCKER_HOST="$${DOCKER_HOST:-$$engine}" PYTHONDONTWRITEBYTECODE=1 \
	  $(BIN)/python -m pytest -p no:cacheprovider -m root tests/real

## Run all tests including the long ones, then those without an engine on the oldest and newest installed Python
test-full: $(READY)
	@$(MAKE) --no-print-directory test FULL=1
	@for version in $$($(BIN)/python -m tests.pythons others); do \
	  $(MAKE) --no-print-directory test FULL=1 ONLY="not engine" VENV=.venv-$$version \
	    PYTHON=$$($(BIN)/python -m tests.pythons $$version) || exit 1; \
	done

## Test the installed console in a real terminal on every installed Python
smoke: $(READY)
	@$(BIN)/python -m pytest --numprocesses auto -k every_python tests/package/test_smoke.py

## Test the installed console with the lowest allowed versions of its direct dependencies
lowest: $(READY)
	@$(BIN)/python -m pytest tests/package/test_smoke.py -k lowest

## Check formatting, lint and types
check: $(READY)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

## Run the benchmarks against their baselines (PARTS="console history" selects some; FULL=1 adds the sequential build)
bench: $(READY)
	@$(BIN)/python -m tests.bench $(PARTS) $(if $(FULL),--full)

## Run fault injection on a real engine: kill -9 of console and runner, concurrent runs, damaged journals
soak: $(READY)
	@for name in $(or $(NAME),console runner two equal streams); do \
	  $(BIN)/python -m tests.soak $$name $(if $(TIMES),--times $(TIMES)) $(if $(SEED),--seed $(SEED)) || exit 1; \
	done

## Build images with deliberate faults and show which check finds each (needs an engine; NAME="…" selects some)
faults: $(READY)
	@$(BIN)/python -m tests.real.faults $(if $(NAME),--only $(NAME))

## Update the screen snapshots (review snapshot_report.html first)
snapshots: $(READY)
	@$(BIN)/python -m pytest tests/tui --snapshot-update

## Regenerate the pictures and the film in assets/screens from recorded runs
pictures: $(READY)
	@$(BIN)/python -m tests.pictures
	@$(BIN)/python -m tests.moving_picture

## Regenerate the measured guides (results, tables of variants) from a real run of all 16 images
guides: $(READY)
	@$(BIN)/python -m tests.guides

## Record the bundled run for `replay` on a real engine (16 images, a few minutes)
recording: $(READY)
	@$(BIN)/python -m tests.record shipped

## Set up Docker with Buildx, QEMU and a base image (asks before each change; YES=1 skips the questions)
engine: $(READY)
	@$(BIN)/openhqm-tui doctor --fix $(if $(YES),--yes)

## Upgrade the locked dependencies
lock: $(READY)
	@$(BIN)/uv pip compile pyproject.toml --group dev --universal --generate-hashes \
	  --no-emit-index-url --no-header --python-version 3.11 --upgrade --quiet -o requirements.lock

## Pin the images' new requirements (UPGRADE=1 upgrades all), list the variants in docker-bake.hcl
constraints: $(READY)
	@cd assets/context && grep '^#' constraints.txt > constraints.new && \
	  ../../$(BIN)/uv pip compile --quiet --universal --python-version 3.13 --no-header --no-annotate \
	    $(if $(UPGRADE),--upgrade) requirements*.txt -o constraints.txt && \
	  grep -v '^#' constraints.txt >> constraints.new && mv constraints.new constraints.txt
	@$(BIN)/python -m tests.images.bake_file

## Remove the virtual environments and all caches
clean:
	rm -rf $(VENV) .venv-* dist build .pytest_cache .mypy_cache .ruff_cache

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("openhqm-tui needs Python 3.11 or later; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.13") if sys.version_info < (3, 11) else None'
	@echo "Setting up $(VENV) (once)…"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
