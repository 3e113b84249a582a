# Two commands on a fresh machine: `make demo` and `make test`. Needs Python 3.11 or newer, git and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test test-all types lint format docs guide-pictures bench face-model

demo: $(VENV)/.installed
	$(BIN)/understudy demo --out demo

# Everything but the long journeys and the studio in a browser, in a process for each core. A file's tests stay in one
# process, which makes what they share once; the longest file takes as long as an eighth of all, hence at most eight.
# Files keep their order, for the last are short. `make test TEST_PROCESSES=0` runs all in one process.
TEST_PROCESSES ?= auto
# Hundreds of processes begin in the tests; where no bytecode is kept, each would compile all that it imports again.
test test-all: export PYTHONDONTWRITEBYTECODE =
test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m "not journey" --durations=10 \
		-n $(TEST_PROCESSES) --maxprocesses 8 --dist loadfile --no-loadscope-reorder

# What continuous integration runs: all claims, the long journeys included, in a process for each core, and then the
# studio in a browser, one file after the other, since browsers that compete for the cores are late at random. Those
# need Chromium (Debian and Ubuntu: apt-get install chromium) and are skipped by name without;
# UNDERSTUDY_REQUIRE_BROWSER=1 makes them fail then. How both ended stays in build/, for `.ci/run`.
test-all: $(VENV)/.installed-dev
	@mkdir -p build
	@rm -f build/tests.exit build/browser.exit
	$(BIN)/python -m pytest --ignore tests/studio/web --durations=20 --junitxml=build/tests.xml \
		-n $(TEST_PROCESSES) --maxprocesses 8 --dist loadfile --no-loadscope-reorder; echo $$? > build/tests.exit
	$(BIN)/python -m pytest tests/studio/web --durations=20 --junitxml=build/browser.xml; echo $$? > build/browser.exit
	@[ "$$(cat build/tests.exit)" = 0 ] && [ "$$(cat build/browser.exit)" = 0 ]

# The type checker for the studio's JavaScript, from npm's registry; node itself comes with a wheel.
types: $(VENV)/.installed-types

lint: $(VENV)/.installed-types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/basedpyright src
	$(BIN)/lint-imports
	$(BIN)/python -m tests.house.typescript

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Pages that are made from the code; the tests fail when they are stale.
docs: $(VENV)/.installed-dev
	$(BIN)/python -m understudy.cli.reference docs/reference

# The pictures of the guide, made by its own commands on rendered clips; those of the studio by a browser (Chromium).
guide-pictures: $(VENV)/.installed-dev
	$(BIN)/python docs/guide/make_pictures.py
	$(BIN)/python docs/guide/make_merge_pictures.py
	$(BIN)/python docs/guide/make_studio_pictures.py

bench: $(VENV)/.installed-dev
	for script in startup finding_growth training_speed feeding extraction dense_face; do $(BIN)/python benchmarks/$$script.py || exit 1; done

# Our own face network from nothing: at most 2 h of rendering and 3 h of training on two cores; the same command goes
# on where it stopped. On a GPU beside its cores: make face-model FACE_MODEL="--beside --train-minutes 20 --batch 512"
face-model: $(VENV)/.installed
	$(BIN)/python -m understudy.training.dense_face run --data build/face-model --out build/face-model/model \
		--render-minutes 120 --train-minutes 180 --batch 96 $(FACE_MODEL)

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("understudy needs Python 3.11 or newer; name one: make PYTHON=python3.12 …" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.lock pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.lock
	touch $@

$(VENV)/.installed-types: tests/house/typescript.py $(VENV)/.installed-dev
	$(BIN)/python -m tests.house.typescript install
	touch $@
