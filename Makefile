# make demo   builds in release mode and renders the sample resource
# make test   the whole gate: style, layers, warnings, tests

SWIFT_FLAGS := --explicit-target-dependency-import-check error

.PHONY: build demo test lint clean

build:
	./.ci/install build
	swift build -c release $(SWIFT_FLAGS) --static-swift-stdlib --product confd

demo: build
	.build/release/confd -onetime -backend file -file examples/services.yaml -confdir .
	@echo
	@echo "out/nginx.conf:"
	@cat out/nginx.conf

lint:
	swift format lint --strict --recursive Sources Tests Package.swift

test: lint
	./.ci/install test
	swift build --build-tests $(SWIFT_FLAGS)
	swift test --skip-build

clean:
	rm -rf .build out
