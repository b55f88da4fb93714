# make demo   builds in release mode and renders the sample resource
# make test   the whole gate: style, layers, warnings, tests
# make bench  times the template engine in process
# make fault  injects every fault of docs/reliability.md many times and prints its table, in about 20 minutes
# make soak   random keys, faults and signals for SOAK_SECONDS
# make tsan   runs the tests under ThreadSanitizer
# make asan   hostile files through a program built with AddressSanitizer
# make fuzz   fuzzes each target of Tests/Fuzz for FUZZ_SECONDS; FUZZ_TARGETS chooses some
# make fuzz-check   compiles the fuzz targets only

SWIFT_FLAGS := --explicit-target-dependency-import-check error
FUZZ_SECONDS ?= 60

.PHONY: build demo test lint bench fault soak tsan asan fuzz fuzz-check clean

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
	$(MAKE) fuzz-check

bench:
	./.ci/install build
	swift build -c release $(SWIFT_FLAGS) --static-swift-stdlib --product EngineBenchmark
	.build/release/EngineBenchmark

fault:
	./.ci/install test
	swift build --build-tests $(SWIFT_FLAGS)
	CONFD_FAULT=full swift test --skip-build --filter 'CommandLineTests\.(Fault|Load|HalfWritten)' >fault.log; \
	status=$$?; sed -n 's/^fault|/|/p' fault.log | sort -V; grep -E '^(✘|↳)' fault.log; exit $$status

SOAK_SECONDS ?= 1800
soak:
	./.ci/install test
	swift build --build-tests $(SWIFT_FLAGS)
	SOAK_SECONDS=$(SOAK_SECONDS) swift test --skip-build --filter 'CommandLineTests\.Soak'

# The tests that the sanitizer makes too slow for their limits of time are left out; the counter must be reported with
# its race and must not be without it.
TSAN := .build-tsan
tsan:
	./.ci/install test
	swift build --build-tests --sanitize=thread --scratch-path $(TSAN)
	Tests/ThreadSanitizer/run $(TSAN)

ASAN := .build-asan
asan:
	./.ci/install test
	swift build --product confd --sanitize=address --scratch-path $(ASAN)
	swift build --build-tests $(SWIFT_FLAGS)
	CONFD_BINARY=$(CURDIR)/$(ASAN)/debug/confd \
	swift test --skip-build --filter 'CommandLineTests\.(SecurityTests|BadInputTests)'

fuzz:
	./.ci/install build
	FUZZ_SECONDS=$(FUZZ_SECONDS) Tests/Fuzz/fuzz run $(FUZZ_TARGETS)

fuzz-check:
	./.ci/install build
	Tests/Fuzz/fuzz check $(FUZZ_TARGETS)

clean:
	rm -rf .build out
