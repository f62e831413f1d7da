# Two commands on a fresh machine: `make demo` and `make test`. PYTHON chooses the interpreter (3.11 to 3.13).
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
MEETING = examples/meeting
SAMPLE  = $(shell $(BIN)/python -c "import importlib.util as u; print(next(iter(u.find_spec('pyannote.audio').submodule_search_locations)))")/sample/sample.wav
# Two processes share the tests; each takes over from the other what that has not begun.
SHARED  = -n 2 --dist worksteal
# The tests start hundreds of processes: each would compile all modules anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo test quick lint docs bench bench-diarization bench-names bench-roles bench-rules bench-minutes bench-redaction bench-batch bench-page bench-report bench-calls bench-server bench-gpu bench-speed clean
help:  ## what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/.done: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'pip>=23.2'
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --progress-bar on --editable '.[dev]'
	for extra in score simulate ray; do \
	  $(BIN)/python -m pip install --disable-pip-version-check --quiet --editable ".[dev,$$extra]" || true; done
	touch $@

setup: $(VENV)/.done  ## the environment (.venv) and the models, fetched once; says what was left out
	$(BIN)/transcribe models pull --preset default pyannote-segmentation resemblyzer
	$(BIN)/python -m tests.extras

demo: setup  ## transcribe a real telephone call, and make minutes of a simulated meeting of four people
	$(BIN)/transcribe "$(SAMPLE)" --speakers 2 --output-dir demo --format txt,json,srt,html
	@echo; echo "Written (open demo/sample.html in a browser):"; ls -l demo
	$(BIN)/transcribe $(MEETING)/meeting.m4a --speakers 4 --output-dir demo --format json,minutes-html --quiet \
	  --known Anna=$(MEETING)/anna.m4a,Ben=$(MEETING)/ben.m4a,Clara=$(MEETING)/clara.m4a,David=$(MEETING)/david.m4a
	$(BIN)/transcribe minutes demo/meeting.json --output-dir demo --format md,docx
	@echo; echo "Every line of the minutes plays in demo/meeting.minutes.html"

test: setup  ## lint, types and all tests
	$(MAKE) lint
	$(BIN)/python -m pytest $(SHARED)

quick: $(VENV)/.done  ## fast tests that need no model weights; fewer examples of each law
	$(BIN)/python -m pytest $(SHARED) -m 'not weights and not slow' --hypothesis-profile quick

lint: $(VENV)/.done  ## ruff and mypy --strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(VENV)/.done  ## the documentation, into site/; a broken link fails
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --editable '.[docs]'
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet --strict --config-file docs/mkdocs/mkdocs.yml

bench: setup  ## the project's own benchmark: accuracy, speed and memory beside the baseline system
	$(BIN)/python -m examples.benchmarks.project_bench --update

bench-diarization: setup  ## who speaks when, by itself, beside the stock pipeline; SENKO=python adds senko and speed
	$(BIN)/python -m examples.benchmarks.diarization_bench --update
	$(if $(SENKO),$(BIN)/python -m examples.benchmarks.senko_bench --senko $(SENKO) --update)

bench-names: setup  ## names by voice prints: wrong names, and known people left unnamed
	$(BIN)/python -m examples.benchmarks.names_bench --update

bench-roles: setup  ## roles on constructed mono calls: right, wrong and unknown
	$(BIN)/python -m examples.benchmarks.roles_bench --update

bench-minutes: setup  ## minutes: topics, decisions and key points, beside simple systems
	$(BIN)/python -m examples.benchmarks.minutes_bench --update
	$(BIN)/python -m examples.benchmarks.minutes_recognized --update

bench-redaction: $(VENV)/.done  ## personal data in constructed texts: what a plan covers, and what else; PRESIDIO=python adds it
	$(BIN)/python -m examples.benchmarks.redaction_bench --update $(if $(PRESIDIO),--presidio $(PRESIDIO))

bench-page: setup  ## the HTML page of an hour: size, time to open, to first sound, scrolling
	$(BIN)/python -m examples.benchmarks.page_bench --update

bench-report: setup  ## the report of 1,000 calls: size, time to open and to filter
	$(BIN)/python -m examples.benchmarks.report_bench --update

bench-rules: setup  ## phrases of rules: found under recognition errors, and false hits (minutes)
	$(BIN)/python -m examples.benchmarks.rules_bench --update

bench-batch: setup  ## nights of calls: one worker and two, overhead, the parent's memory; stereo calls (an hour)
	$(BIN)/python -m examples.benchmarks.batch_bench --update
	$(BIN)/python -m examples.benchmarks.stereo_bench --update
	$(BIN)/python -m examples.benchmarks.interruptions_bench --transcribe 6 --update

bench-server: setup  ## the server: overhead, many clients at once, memory, killed workers (minutes)
	$(BIN)/python -m examples.benchmarks.server_bench --update

bench-gpu: setup  ## a GPU: seconds by stage, memory, errors beside the CPU's (five minutes; needs an NVIDIA GPU)
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --editable '.[cuda]'
	$(BIN)/python -m examples.benchmarks.gpu_bench --update

bench-calls: setup  ## roles, rules and redaction on 200 constructed calls, made and transcribed where they are not there (an hour)
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --editable '.[demo]'
	$(BIN)/python -m examples.benchmarks.calls_data
	$(BIN)/python -m examples.benchmarks.calls_bench --recognize --update

bench-speed: setup  ## time and memory beside an earlier version, BEFORE=checkout; with nothing else running (half an hour)
	$(BIN)/python -m examples.benchmarks.speed_bench --before $(BEFORE) --update

clean:  ## remove the environment and what was made (not the models)
	rm -rf $(VENV) demo site build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
