# What people type. `make demo` and `make test` work on a fresh machine with Python, gcc, make and git.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
SAMPLE := build/sample

.PHONY: demo test test-browser test-slow docs train-avdcnn train-live bench torture install-check lint lint-types lint-rest hashes bom clean

$(VENV)/.installed: pyproject.toml packages/avse-avdcnn/pyproject.toml packages/avse-vatt/pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[all,demo,server,docs,dev]' --editable packages/avse-avdcnn --editable packages/avse-vatt
	touch $@

demo: $(VENV)/.installed  ## generate a talking head in noise, enhance it, print the scores
	$(BIN)/python -m avse.synthetic.talker $(SAMPLE) --force
	$(BIN)/avse-enhance $(SAMPLE)/noisy.wav --video $(SAMPLE)/talk.mp4 -o $(SAMPLE)/enhanced.wav --force
	$(BIN)/avse-score --reference $(SAMPLE)/clean.wav --estimate $(SAMPLE)/enhanced.wav \
	  --noisy $(SAMPLE)/noisy.wav --html $(SAMPLE)/report.html --force
	@echo "noisy:    $(SAMPLE)/noisy.wav"
	@echo "enhanced: $(SAMPLE)/enhanced.wav"
	@echo "report:   $(SAMPLE)/report.html"

# loadscope: what a module makes for its tests, such as trained networks, is made once and not by each process. In the
# order of tests/conftest.py: by the number of their tests, the modules that take minutes would come last, on one core.
# A third process uses the cores while another waits: for its child processes, for a restart, for what is live.
test: $(VENV)/.installed lint  ## everything but the slow checks; about 10 minutes on 2 cores
	$(BIN)/python -m pytest -m 'not slow' -n 3 --dist loadscope --no-loadscope-reorder

test-slow: $(VENV)/.installed  ## the training checks that take minutes
	$(BIN)/python -m pytest -m slow --ignore tests/browser

# AVSE_SCREENSHOTS=1 make test-browser: writes the pages' images of the documentation, too.
test-browser: $(VENV)/.installed  ## avse-demo in headless Chromium (apt-get install chromium), about two minutes
	$(BIN)/python -m pytest tests/browser -m slow

docs: $(VENV)/.installed  ## the documentation site, in build/site; needs no network
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --clean
	@echo "open build/site/index.html"

train-avdcnn: $(VENV)/.installed  ## from the data pack in AVSE_DATA to egs/grid/RESULTS.md; about an hour on 2 cores
	egs/grid/run.sh

train-live: $(VENV)/.installed  ## the same for the live model; about two hours on 2 cores
	egs/grid/run.sh --model live

bench: $(VENV)/.installed  ## speed beside other enhancers, time and memory on long videos, what scoring costs; faces, by the data pack in AVSE_DATA
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[bench]'
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.enhance --write
	$(BIN)/python benchmarks/long_files.py
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/scoring.py
	$(BIN)/python -m benchmarks.video_time --write
	$(BIN)/python -m benchmarks.faces --json build/faces.jsonl --write
	$(BIN)/python -m benchmarks.overlap --write
	$(BIN)/python egs/grid/prepare.py manifest build/sync/manifest.jsonl
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.sync build/sync/manifest.jsonl build/sync/crops --splits test_unseen --write

install-check:  ## build the wheel, install it into a clean environment without a compiler, enhance and score; needs the network
	$(PYTHON) tests/distribution/install_check.py

lint: $(VENV)/.installed  ## two cores: the types take as long as all else
	@$(MAKE) --no-print-directory --jobs 2 lint-types lint-rest

lint-types: $(VENV)/.installed
	$(BIN)/mypy

lint-rest: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/python -m benchmarks.torture.audit

# strace shows what is asked of the network. Hours on two cores; every part runs alone, too.
torture: $(VENV)/.installed  ## hostile and damaged media, kill every command, watch the network, put faults into the code; benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks.torture.media
	$(BIN)/python -m benchmarks.torture.kills
	$(BIN)/python -m benchmarks.torture.network
	$(BIN)/python -m benchmarks.torture.mutants

hashes: $(VENV)/.installed  ## constraints-hashed.txt: the core install's versions with the hashes of their files
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --constraints constraints.txt --universal --python-version 3.11 \
	  --generate-hashes --no-annotate --custom-compile-command 'make hashes' --quiet -o constraints-hashed.txt

bom: $(VENV)/.installed  ## the bill of materials, with what is known against it: build/bom.json
	$(BIN)/python -m benchmarks.torture.audit --bom build/bom.json

clean:
	rm -rf build $(VENV)
