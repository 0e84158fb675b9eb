# Thin: everything is in CMake and in the scripts that are called here. `make help` tells what there is.
SQUALL = build/release/bin/squall
DEMO = scripts/scenarios/bookinfo-canary.lua

help:
	@sed -n 's/^## //p' Makefile

## make demo     install the packages, build, and run the Bookinfo canary while a zone is cut off
demo: release
	$(SQUALL) run $(DEMO)

## make test     install, build, run all tests; ends with "N passed, N failed"
test: setup
	tests/run

## make bench    the table of speed and memory, against the peers that are installed
bench: release
	tests/bench/run

## make fidelity  how near the simulator is to closed forms, the kernel and other proxies (QUICK=--quick)
fidelity: setup
	tests/fidelity/run $(QUICK)

## make lint     layers, purity of the core, house limits
lint: release
	scripts/dev/lint

## make soak     longer fuzzing and the whole determinism matrix, for which `make test` has no time
soak: setup
	tests/run --soak

## make peers    install other people's proxies and clients for comparison (all may be absent)
peers:
	scripts/dev/setup peers

## make install  install the release build (PREFIX=/usr/local)
PREFIX = /usr/local
install: release
	cmake --install build/release --prefix $(PREFIX)

## make dev, release, fuzz, cover    one build each, under build/<name>
dev release fuzz cover: setup
	@cmake --preset $@ >/dev/null
	cmake --build --preset $@

setup:
	@scripts/dev/setup

clean:
	rm -rf build

.PHONY: help demo test bench fidelity lint soak peers install dev release fuzz cover setup clean
.NOTPARALLEL:
