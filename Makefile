# Mecha's commands. `make help` lists them.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
PREFIX ?= /usr/local

# One self-contained binary: Swift's runtime, SQLite, zlib and the C++ support library are linked in.
STATIC := $(CURDIR)/.build/static
RELEASE_FLAGS := -c release --static-swift-stdlib -Xswiftc -cross-module-optimization \
	-Xlinker -L$(STATIC) -Xlinker --gc-sections -Xlinker -s
VENV := .build/venv

# What people write: all of it is formatted and linted, unlike Sources/MechaProto/Generated.
HAND_WRITTEN = Package.swift Tests Benchmarks $(filter-out Sources/MechaProto,$(wildcard Sources/*)) $(wildcard Sources/MechaProto/*.swift)

.PHONY: help demo test build bench soak check fmt protos install prepare prepare-test

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

prepare: ## install what a build needs (C headers)
	@scripts/prepare.sh build

prepare-test: prepare ## install what the tests need (servers, Python clients)
	@scripts/prepare.sh test

build: prepare ## release build: .build/release/mecha
	@scripts/static-libraries.sh "$(STATIC)"
	swift build $(RELEASE_FLAGS) --product mecha

demo: build ## two apps, one HTTP and one gRPC, on embedded defaults
	@scripts/prepare.sh demo
	@Examples/demo/run.sh

test: prepare-test ## every test, fast ones first
	@scripts/test.sh

bench: build prepare-test ## CPU time per request as ratios, on release builds
	@scripts/prepare.sh bench
	swift build $(RELEASE_FLAGS) --product mecha-bench
	@Benchmarks/run.sh

soak: prepare-test ## messages under random faults for an hour (SOAK_SECONDS, for each broker); SEED repeats a run
	swift build --product mecha
	SOAK_SECONDS=$${SOAK_SECONDS:-1800} .build/venv/bin/python -m pytest -s -q Tests/EndToEnd/test_soak.py

check: prepare ## formatting, warnings as errors, layer test
	swift format lint --strict --recursive --parallel $(HAND_WRITTEN)
	# Other settings mean another build: in a place of its own, it leaves the usual one as it is.
	MECHA_STRICT=1 swift build --scratch-path .build/check --product mecha
	MECHA_STRICT=1 swift build --scratch-path .build/check --product mechaPackageTests
	MECHA_STRICT=1 swift test --skip-build --scratch-path .build/check --filter ArchitectureTests

fmt: ## format all sources
	swift format --in-place --recursive --parallel $(HAND_WRITTEN)

protos: ## regenerate Sources/MechaProto from Protos
	@scripts/protos.sh

install: build ## install mecha under PREFIX
	install -D -m 0755 .build/release/mecha "$(DESTDIR)$(PREFIX)/bin/mecha"
	@[ ! -e .build/wasmtime/libwasmtime.so ] || \
		install -D -m 0755 .build/wasmtime/libwasmtime.so "$(DESTDIR)$(PREFIX)/lib/mecha/libwasmtime.so"
