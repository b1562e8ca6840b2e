# fastsmtp: what a contributor and a curious user type. `make` alone explains.
# Everything happens in .venv; .ci/prepare makes it, and as root installs the Debian packages that are missing.

VENV := .venv
BIN := $(VENV)/bin
TYPED := tests/support tests/end_to_end tests/crash tests/test_house.py benchmarks
SHELL := /bin/bash
SANITIZERS := -fsanitize=address,undefined
export PYTHON

.DEFAULT_GOAL := help
.PHONY: help demo test quick lint bench micro build annotate debug fuzz sanitize clean

help:  ## this list
	@echo 'fastsmtp: a bulk mailing daemon. Two commands to start with: make demo, make test.'
	@sed -n 's/^\([a-z]*\):.*## /\1|/p' Makefile | awk -F'|' '{ printf "  make %-9s %s\n", $$1, $$2 }'

demo: $(VENV)/.demo build  ## send the example newsletter to a local test sink, with a progress bar
	@examples/demo.sh $(BIN)

test: $(VENV)/.test build  ## everything: unit, wire, real peers, crashes (as root it installs what they need)
	@$(BIN)/python -m pytest $(TESTFLAGS)

quick: $(VENV)/.test build  ## unit and wire tests alone, two minutes
	@$(BIN)/python -m pytest tests/unit tests/wire -m 'not peer' $(TESTFLAGS)

lint: $(VENV)/.test  ## format, lint, types, house rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy --strict
	$(BIN)/mypy --strict $(TYPED)
	$(BIN)/python -m pytest tests/test_house.py

bench: $(VENV)/.test build  ## fastsmtp, Postfix, aiosmtplib, smtp-source side by side (BENCHFLAGS=--short: a minute)
	@$(BIN)/python -m benchmarks.compare $(BENCHFLAGS)
	@[ -n '$(BENCHFLAGS)' ] || $(BIN)/python -m benchmarks.figures.round_trips --results

micro: $(VENV)/.test build  ## the compiled modules against their plain twins
	@$(BIN)/python -m benchmarks.micro.encoder --results
	@$(BIN)/python -m benchmarks.micro.tables --results
	@for file in $(filter-out %/encoder.py %/tables.py,$(wildcard benchmarks/micro/[a-z]*.py)); do $(BIN)/python -m benchmarks.micro.$$(basename $$file .py) || exit; done

build: $(VENV)/.demo  ## compile ext/*.pyx in place, where a source is newer
	@$(BIN)/python setup.py -q build_ext --inplace

annotate: $(VENV)/.demo  ## Cython's listings, ext/*.html: yellow lines call Python
	@FASTSMTP_ANNOTATE=1 $(BIN)/python setup.py -q build_ext --inplace --force
	@ls ext/*.html

debug: $(VENV)/.test  ## the whole suite on modules with bounds checks and assertions; then the fast ones again
	@FASTSMTP_DEBUG=1 $(BIN)/python setup.py -q build_ext --inplace --force
	@result=0; $(BIN)/python -m pytest $(TESTFLAGS) || result=$$?; \
	  $(BIN)/python setup.py -q build_ext --inplace --force; exit $$result

fuzz: $(VENV)/.test build  ## random messages and peers, judged by plain twins (SECONDS=60 each); all mixtures of replies
	@$(BIN)/python -m tests.fuzz.encoder --seconds $(or $(SECONDS),60)
	@$(BIN)/python -m tests.fuzz.engine --seconds $(or $(SECONDS),60)
	@$(BIN)/python -m tests.fuzz.model

sanitize: $(VENV)/.test  ## the same, and tests, with AddressSanitizer and UBSan in the compiled modules
	@CFLAGS="$(SANITIZERS) -fno-omit-frame-pointer -g" LDFLAGS="$(SANITIZERS)" $(BIN)/python setup.py -q build \
	  --build-base build/sanitized --build-lib build/sanitized/lib
	@set -e; export PYTHONSAFEPATH=1 PYTHONPATH=build/sanitized/lib:. PYTHONMALLOC=malloc \
	  ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1 \
	  LD_PRELOAD="$$(gcc -print-file-name=libasan.so) $$(gcc -print-file-name=libubsan.so)"; \
	  $(BIN)/python -m tests.fuzz.encoder --seconds $(or $(SECONDS),60); \
	  $(BIN)/python -m tests.fuzz.engine --seconds $(or $(SECONDS),60); \
	  $(BIN)/python -m pytest -o pythonpath=build/sanitized/lib tests/unit/wire -k "not memory"; \
	  $(BIN)/python -m pytest -o pythonpath=build/sanitized/lib tests/unit/delivery tests/unit/queue tests/wire/test_scenarios.py

clean:  ## all that was built, .venv too
	rm -rf $(VENV) build dist *.egg-info ext/*.c ext/*.html fastsmtp/*/*.so
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.demo: pyproject.toml .ci/prepare
	@.ci/prepare demo

$(VENV)/.test: pyproject.toml .ci/prepare
	@.ci/prepare test
