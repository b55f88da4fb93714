// swift-tools-version: 6.2
import PackageDescription

/// The layers of the program: a target may import only targets of a lower number.
/// SwiftPM alone would accept an upward dependency, so the precondition below refuses it, and the
/// gate builds with `--explicit-target-dependency-import-check error`.
struct Layer {
    let number: Int
    let name: String
    let imports: [String]
}

let layers: [Layer] = [
    Layer(number: 0, name: "CPosix", imports: []),
    Layer(number: 0, name: "CCurl", imports: []),
    Layer(number: 0, name: "CYAML", imports: []),
    Layer(number: 0, name: "CCrypto", imports: []),
    Layer(number: 0, name: "Primitives", imports: []),
    Layer(number: 0, name: "Diagnostics", imports: []),
    Layer(number: 1, name: "TOML", imports: ["Primitives"]),
    Layer(number: 1, name: "JSON", imports: ["Primitives"]),
    Layer(number: 1, name: "KeyValue", imports: ["Primitives"]),
    Layer(number: 1, name: "RegularExpressions", imports: ["Primitives"]),
    Layer(number: 1, name: "TextTemplate", imports: ["Diagnostics", "Primitives"]),
    Layer(number: 1, name: "YAML", imports: ["Diagnostics", "Primitives", "CYAML"]),
    Layer(number: 1, name: "Posix", imports: ["CPosix", "Primitives"]),
    Layer(number: 2, name: "Age", imports: ["CCrypto", "JSON"]),
    Layer(number: 1, name: "Digests", imports: ["CCrypto"]),
    Layer(number: 2, name: "HTTP", imports: ["CCurl", "Posix"]),
    Layer(number: 3, name: "Checks", imports: ["Diagnostics", "HTTP", "Posix", "Primitives"]),
    Layer(
        number: 3, name: "Backends",
        imports: ["Diagnostics", "KeyValue", "JSON", "Primitives", "YAML", "HTTP", "Posix"]),
    Layer(
        number: 2, name: "Rendering",
        imports: [
            "Diagnostics", "Digests", "Primitives", "TextTemplate", "RegularExpressions", "KeyValue", "JSON", "YAML",
        ]),
    Layer(number: 2, name: "Staging", imports: ["Diagnostics", "Digests", "Posix"]),
    Layer(number: 3, name: "Appliers", imports: ["Diagnostics", "JSON", "KeyValue", "HTTP", "Posix", "Primitives"]),
    Layer(
        number: 5, name: "Configuration",
        imports: [
            "Diagnostics", "TOML", "JSON", "YAML", "KeyValue", "TextTemplate", "Posix", "Backends", "Rendering",
            "Staging", "Checks", "Appliers", "HTTP", "Primitives", "Rollout",
        ]),
    Layer(number: 4, name: "Registration", imports: ["Backends", "Diagnostics", "JSON", "Posix"]),
    Layer(
        number: 4, name: "Rollout",
        imports: ["Backends", "Diagnostics", "Digests", "KeyValue", "Posix", "Primitives", "Rendering"]),
    Layer(
        number: 6, name: "Applying",
        imports: [
            "Age", "Diagnostics", "Digests", "JSON", "KeyValue", "TextTemplate", "Posix", "HTTP", "Backends",
            "Rendering",
            "Staging",
            "Appliers", "Configuration", "Rollout",
        ]),
    Layer(
        number: 7, name: "ConfdCore",
        imports: [
            "Diagnostics", "Digests", "JSON", "KeyValue", "Primitives", "TextTemplate", "Posix", "Backends",
            "Rendering",
            "Staging", "Configuration", "Checks", "Registration", "Rollout", "Applying", "Appliers",
        ]),
    Layer(number: 8, name: "confd", imports: ["ConfdCore"]),
]

let numbers = Dictionary(uniqueKeysWithValues: layers.map { ($0.name, $0.number) })
for layer in layers {
    for imported in layer.imports {
        precondition(
            numbers[imported]! < layer.number,
            "\(layer.name) (layer \(layer.number)) must not import \(imported) (layer \(numbers[imported]!))")
    }
}

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
]

/// What waits for other programs or the disk most of the time, or runs once: compiled for size, which keeps the static binary below 16 MiB.
let small: Set = [
    "Age", "Appliers", "Applying", "Checks", "ConfdCore", "Configuration", "Diagnostics", "HTTP", "Posix",
    "Registration", "Rollout", "Staging", "TOML",
]
let forSize = strict + [.unsafeFlags(["-Osize"], .when(configuration: .release))]

func target(_ layer: Layer) -> Target {
    let dependencies = layer.imports.map { Target.Dependency.target(name: $0) }
    switch layer.name {
    case "CPosix":
        return .target(name: layer.name)
    case "CCrypto":
        return .target(name: layer.name, linkerSettings: [.linkedLibrary("crypto")])
    case "CCurl":
        return .systemLibrary(
            name: layer.name, pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])])
    case "CYAML":
        return .systemLibrary(name: layer.name, pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])])
    case "confd":
        return .executableTarget(name: layer.name, dependencies: dependencies, swiftSettings: strict)
    default:
        return .target(
            name: layer.name, dependencies: dependencies, swiftSettings: small.contains(layer.name) ? forSize : strict)
    }
}

/// Test data in `data` is read from the source tree.
func tests(_ name: String, _ imports: [String], data: [String] = []) -> Target {
    .testTarget(
        name: name, dependencies: imports.map { .target(name: $0) }, exclude: data, swiftSettings: strict)
}

let package = Package(
    name: "confd",
    products: [
        .library(name: "TextTemplate", targets: ["TextTemplate"]),
        .executable(name: "confd", targets: ["confd"]),
    ],
    targets: layers.map(target) + [
        .target(name: "CTestSupport", path: "Tests/CTestSupport"),
        .target(
            name: "TestSupport", dependencies: ["CTestSupport", "Posix"], path: "Tests/TestSupport",
            swiftSettings: strict),
        .executableTarget(
            name: "EngineBenchmark", dependencies: ["KeyValue", "Posix", "Rendering", "TextTemplate"],
            path: "Benchmarks/Engine", exclude: ["instruction-check", "instructions.txt"], swiftSettings: strict),
        .executableTarget(
            name: "CheckBenchmark", dependencies: ["Checks", "Posix"], path: "Benchmarks/Checks", swiftSettings: strict),
        tests("PrimitivesTests", ["Primitives"]),
        tests("TOMLTests", ["TOML", "TestSupport"]),
        tests("JSONTests", ["JSON", "TestSupport"]),
        tests("AgeTests", ["Age", "JSON"]),
        tests("DigestsTests", ["Digests"]),
        tests("YAMLTests", ["YAML", "Diagnostics", "TestSupport"]),
        tests("KeyValueTests", ["KeyValue", "TestSupport"]),
        tests("TextTemplateTests", ["Primitives", "TestSupport", "TextTemplate"], data: ["Golden"]),
        tests("DiagnosticsTests", ["Diagnostics"]),
        tests("PosixTests", ["Posix", "TestSupport"]),
        tests("ChecksTests", ["Checks", "HTTP", "Posix", "TestSupport"]),
        tests(
            "BackendsTests", ["Backends", "HTTP", "JSON", "KeyValue", "Posix", "TestSupport"], data: ["Golden"]),
        tests(
            "RenderingTests", ["Rendering", "RegularExpressions", "TextTemplate", "KeyValue", "Posix"],
            data: ["Conformance"]),
        tests("StagingTests", ["Staging", "Digests", "Posix", "TestSupport"]),
        tests("AppliersTests", ["Appliers", "Diagnostics", "HTTP", "JSON", "Posix", "TestSupport"]),
        tests(
            "ConfigurationTests",
            [
                "Configuration", "Appliers", "Checks", "Staging", "Diagnostics", "Backends", "JSON", "KeyValue",
                "Posix", "Rendering", "TextTemplate", "TOML",
                "TestSupport",
            ]),
        tests("RegistrationTests", ["Registration", "Backends", "Checks", "Posix", "TestSupport"]),
        tests("RolloutTests", ["Rollout", "Backends", "KeyValue", "Posix", "TestSupport"]),
        tests(
            "ConfdCoreTests",
            [
                "ConfdCore", "Applying", "Appliers", "Configuration", "Checks", "Registration", "Staging",
                "Diagnostics", "Primitives",
                "Backends",
                "Rendering",
                "KeyValue", "Posix", "TestSupport",
            ]),
        tests("CommandLineTests", ["Posix", "TestSupport"], data: ["Golden"]),
    ]
)
