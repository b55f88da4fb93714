# make demo   builds in release mode and renders the sample resource
# make test   the whole gate: style, layers, warnings, tests
# make bench  times the template engine in process
# make instruction-check   compares the instructions that the engine takes with those noted
# make fuzz   fuzzes each target of Tests/Fuzz for FUZZ_SECONDS; FUZZ_TARGETS chooses some
# make fuzz-check   compiles the fuzz targets only

SWIFT_FLAGS := --explicit-target-dependency-import-check error
FUZZ_SECONDS ?= 60

.PHONY: build demo test lint bench instruction-check fuzz fuzz-check clean

build:
	./.ci/install build
	swift build -c release $(SWIFT_FLAGS) --static-swift-stdlib --product confd

demo: build
	.build/release/confd -onetime -backend file -file examples/services.yaml -confdir .
	@echo
	@echo "out/nginx.conf:"
	@cat out/nginx.conf

lint:
	swift format lint --strict --recursive Sources Tests Benchmarks Package.swift

test: lint
	./.ci/install test
	swift build --build-tests $(SWIFT_FLAGS)
	swift test --skip-build
	$(MAKE) instruction-check
	$(MAKE) fuzz-check

bench:
	./.ci/install build
	swift build -c release $(SWIFT_FLAGS) --static-swift-stdlib --product EngineBenchmark
	.build/release/EngineBenchmark

instruction-check:
	./.ci/install test
	swift build -c release $(SWIFT_FLAGS) --static-swift-stdlib --product EngineBenchmark
	Benchmarks/Engine/instruction-check

fuzz:
	./.ci/install build
	FUZZ_SECONDS=$(FUZZ_SECONDS) Tests/Fuzz/fuzz run $(FUZZ_TARGETS)

fuzz-check:
	./.ci/install build
	Tests/Fuzz/fuzz check $(FUZZ_TARGETS)

clean:
	rm -rf .build out
