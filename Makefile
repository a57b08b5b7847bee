# Everything there is to do here. The scripts are in .ci, and install what is missing.
SHELL := bash
.DEFAULT_GOAL := help
.PHONY: help run test soak fuzz mutations mutants dev bench screenshots lighthouse set-up set-up-dev set-up-test server

help:
	@echo 'make run          the programme with demo content, on this machine (the first time takes a while)'
	@echo 'make dev          the same, rebuilt and reloaded while you edit'
	@echo 'make test         all checks: format, lints, tests on both databases, sizes, a real browser'
	@echo 'make bench        speed as ratios, on both databases (SCALE=1m: with a million members)'
	@echo 'make soak         the long tests: a thousand kills, 100,000 stories (SEEDS=)'
	@echo 'make mutations    switches on known faults, and shows that the tests notice each (half an hour; WORDS: some of them)'
	@echo 'make mutants      breaks what was changed since BASE (main) in many small ways, and lists what no test notices'
	@echo 'make fuzz         odd input for every reader, MINUTES=10 each, two at a time'
	@echo 'make lighthouse   the Lighthouse scores of a mid-range phone'
	@echo 'make screenshots  pictures of the screens, into end2end/screenshots'

set-up:
	@.ci/setup

set-up-dev:
	@.ci/setup dev

set-up-test:
	@.ci/setup test

server: set-up
	@.ci/client
	@. .ci/env.sh && cargo build --release -p server --bin compagnon

# Why not optimised: it takes half as long to build, and a first round still takes 23 ms instead of 18.
run: set-up
	@.ci/client
	@. .ci/env.sh && cargo build -p server --bin compagnon
	@./target/debug/compagnon demo load --if-empty
	@exec ./target/debug/compagnon serve --demo

test: set-up-test
	@.ci/test

soak: set-up-test
	@.ci/soak

dev: set-up-dev
	@. .ci/env.sh && exec cargo leptos watch --split -- serve --demo --watch-site

bench: set-up-test
	@. .ci/env.sh && cargo build --release -p server --bins
	@.ci/with-postgres target/release/bench

mutations: set-up-test
	@.ci/mutations $(WORDS)

mutants: set-up-test
	@.ci/mutants $(BASE)

fuzz: MINUTES = 10
fuzz: set-up
	@. .ci/env.sh && BOLERO_RANDOM_TEST_TIME_MS=$$(($(MINUTES) * 60000)) cargo test -p server --test it fuzz:: -- \
		--test-threads=2 --nocapture

lighthouse: set-up-test server
	@node end2end/lighthouse.mjs

screenshots: set-up-test server
	@node end2end/screenshots.mjs end2end/screenshots
