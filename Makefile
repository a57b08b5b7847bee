# Everything there is to do here. The scripts are in .ci, and install what is missing.
SHELL := bash
.DEFAULT_GOAL := help
.PHONY: help run test dev bench fuzz screenshots lighthouse set-up set-up-test server

help:
	@echo 'make run          the programme with demo content, on this machine (the first time takes a while)'
	@echo 'make dev          the same, rebuilt and reloaded while you edit'
	@echo 'make test         all checks: format, lints, tests on both databases, sizes, a real browser'
	@echo 'make bench        the load test'
	@echo 'make fuzz         odd input for every reader, MINUTES=10 each, two at a time'
	@echo 'make lighthouse   the Lighthouse scores of a mid-range phone'
	@echo 'make screenshots  pictures of the screens, into end2end/screenshots'

set-up:
	@.ci/setup

set-up-test:
	@.ci/setup test

server: set-up
	@.ci/client
	@. .ci/env.sh && cargo build --release -p server --bin compagnon

run: server
	@./target/release/compagnon demo load --if-empty
	@exec ./target/release/compagnon serve --demo

test: set-up-test
	@.ci/test

dev: set-up
	@. .ci/env.sh && exec cargo leptos watch -- serve --demo --watch-site

bench: set-up
	@. .ci/env.sh && cargo run --release -p server --bin bench

fuzz: MINUTES = 10
fuzz: set-up
	@. .ci/env.sh && BOLERO_RANDOM_TEST_TIME_MS=$$(($(MINUTES) * 60000)) cargo test -p server --test it fuzz:: -- \
		--test-threads=2 --nocapture

lighthouse: set-up-test server
	@node end2end/lighthouse.mjs

screenshots: set-up-test server
	@node end2end/screenshots.mjs end2end/screenshots
