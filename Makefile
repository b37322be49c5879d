# Everything a newcomer types. `make demo` needs Python 3.11 or newer (with its venv module), make, and a way to PyPI for
# the first installation; nothing else.

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: help demo rehearsal test lint bench bench-peer bench-parts fuzz e2e manifests image lock clean python
.DELETE_ON_ERROR:

help:
	@echo "make demo   a whole organisation, a simulated cloud, four syncs (about two minutes)"
	@echo "make rehearsal  a ramp to 250,000 members on a virtual clock, with its chart"
	@echo "make test   all tests that need no cluster"
	@echo "make lint   formatting, types and the layers of the code"
	@echo "make bench  what a whole sync costs, against ldapsearch, for SIZES=\"10000 100000 300000\" people (half an hour; SIZES=10000 takes three minutes); STORE=postgresql"
	@echo "make bench-peer  the same changes with one call for each object, as the open peer makes them, for SIZES people"
	@echo "make bench-parts  how fast its parts are: the codec against lxml, plans, ramps, reading a directory, a full synchronise, of PEOPLE=30000"
	@echo "make fuzz   random messages for the codec and the decoder of LDAP, for FUZZ_SECONDS=60"
	@echo "make e2e    scenarios against a real API server: of KUBEBUILDER_ASSETS, else of your kubeconfig"
	@echo "make manifests  write manifests/install.yaml again (needs kubectl 1.27 or newer)"
	@echo "make image  build the container image (needs docker, or DOCKER=podman)"
	@echo "make lock   pin the dependencies again"

demo: $(VENV)/.demo
	@$(BIN)/syncramp demo

rehearsal: $(VENV)/.dev
	@$(BIN)/syncramp ramp rehearse examples/09-ramp/syncconfig.yaml --promote \
	    --faults examples/09-ramp/faults.yaml --chart rehearsal.png

test: $(VENV)/.dev
	$(BIN)/python -m pytest

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

SIZES ?= 10000 100000 300000
STORE ?= file
bench: $(VENV)/.dev
	@PYTHONPATH=tests $(BIN)/python -m bench.cycle --people $(SIZES) --store $(STORE)

bench-peer: $(VENV)/.dev
	@PYTHONPATH=tests $(BIN)/python -m bench.peer --people $(SIZES)

PEOPLE ?= 30000
bench-parts: $(VENV)/.dev
	@PYTHONPATH=tests $(BIN)/python -m bench
	@PYTHONPATH=tests $(BIN)/python -m bench.expressions
	@PYTHONPATH=tests $(BIN)/python -m bench.plan --people $(PEOPLE)
	@PYTHONPATH=tests $(BIN)/python -m bench.ramps
	@PYTHONPATH=tests $(BIN)/python -m bench.ldap --people $(PEOPLE)
	@PYTHONPATH=tests $(BIN)/python -m bench.synchronise --people $(PEOPLE)

FUZZ_SECONDS ?= 60
fuzz: $(VENV)/.dev
	@PYTHONPATH=tests $(BIN)/python -m fuzz --seconds $(FUZZ_SECONDS)

e2e: $(VENV)/.dev
	$(BIN)/python -m pytest tests/e2e --cluster

manifests:
	manifests/generate.sh > manifests/install.new
	mv manifests/install.new manifests/install.yaml

DOCKER ?= docker
image:
	$(DOCKER) build -t syncramp:$$(sed -n 's/^__version__ = "\(.*\)"/\1/p' reconciler/syncramp/__init__.py) .

# hatchling and editables are locked too, so that the build of this project itself fetches nothing unpinned; so is what
# compiles gssapi, for the image.
lock: $(VENV)/.dev
	printf 'hatchling==1.33.0\neditables\n' > $(VENV)/build.in
	$(BIN)/uv pip compile --quiet pyproject.toml $(VENV)/build.in --extra charts --extra simulator --universal \
	    --python-version 3.11 --generate-hashes --no-annotate --no-header -o requirements/demo.txt
	$(BIN)/uv pip compile --quiet pyproject.toml $(VENV)/build.in --extra dev --universal \
	    --python-version 3.11 --generate-hashes --no-annotate --no-header -o requirements/dev.txt
	$(BIN)/uv pip compile --quiet pyproject.toml --extra operator --extra postgresql --extra simulator --universal \
	    --python-version 3.11 --generate-hashes --no-annotate --no-header -c requirements/dev.txt -o requirements/operator.txt
	printf 'hatchling==1.33.0\ncython\nsetuptools\n' | $(BIN)/uv pip compile --quiet - --universal \
	    --python-version 3.11 --generate-hashes --no-annotate --no-header -c requirements/dev.txt -o requirements/build.txt
	sed -n 's/^kerberos = \["\(.*\)"\].*/\1/p' pyproject.toml | $(BIN)/uv pip compile --quiet - --universal \
	    --python-version 3.11 --generate-hashes --no-annotate --no-header -o requirements/kerberos.txt

clean:
	rm -rf $(VENV) .demo dist

python:
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is missing; install it, for example: sudo apt-get install python3 python3-venv" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is older than 3.11; name a newer one: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Python's venv module is missing; install it, for example: sudo apt-get install python3-venv" >&2; exit 1; }

$(BIN)/python: | python
	@echo "Making a virtual environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: requirements/demo.txt pyproject.toml | $(BIN)/python
	@echo "Installing the locked dependencies"
	@$(PIP) install --require-hashes -r requirements/demo.txt
	@$(PIP) install --no-build-isolation --no-deps -e .
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(BIN)/python
	@echo "Installing the locked dependencies"
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@$(PIP) install --no-build-isolation --no-deps -e .
	@touch $@ $(VENV)/.demo
