import Foundation
import TestSupport
import Testing

/// A confdir of `Golden/Inputs`, run over one backend; what it renders lies in `Golden/<backend>/<name>`.
struct GoldenCase: CustomTestStringConvertible {
    let name: String
    let inputs: String
    let backend: String
    let arguments: [String]

    var testDescription: String { "\(backend)/\(name)" }

    static let all: [GoldenCase] = [
        expand("integration", over: ["file", "env", "etcdv3", "redis", "zookeeper"]),
        expand(
            "integration-prefix", inputs: "integration", over: ["file", "env", "etcdv3", "redis"],
            ["-prefix", "/prefix"]),
        expand("functions", over: ["file", "env", "etcdv3", "redis", "zookeeper"]),
        expand("values", over: ["file", "env", "etcdv3", "redis", "zookeeper"]),
        // The environment holds neither capital letters nor most signs in a name.
        expand("names", over: ["file", "etcdv3", "redis", "zookeeper"]),
        expand("prefix", over: ["file", "env", "etcdv3", "redis", "zookeeper"]),
        expand("prefix-global", inputs: "prefix", over: ["file", "env", "etcdv3"], ["-prefix", "/staging"]),
        expand("upstream", over: ["file", "env", "etcdv3", "redis", "zookeeper"]),
        expand("scalars", over: ["file"]),
        expand("filter", over: ["file"], ["-filter", "*.yaml"]),
        expand("filter-none", inputs: "filter", over: ["file"]),
    ].flatMap { $0 }

    private static func expand(
        _ name: String, inputs: String? = nil, over backends: [String], _ arguments: [String] = []
    ) -> [GoldenCase] {
        backends.map { GoldenCase(name: name, inputs: inputs ?? name, backend: $0, arguments: arguments) }
    }
}

/// The same bytes as confd 0.17. How they were recorded: `Golden/README.md`.
@Suite struct GoldenTests {
    @Test(arguments: GoldenCase.all.filter { ["file", "env"].contains($0.backend) })
    func sameBytes(_ golden: GoldenCase) async throws {
        try await withSandbox { box in
            try await check(golden, in: box, source: golden.source)
        }
    }

    // Without etcd-server and etcd-client there is no store to read from.
    @Test(.enabled(if: Machine.hasEtcd, "etcd and etcdctl are not installed"))
    func sameBytesFromEtcd() async throws {
        try await withSandbox { box in
            let etcd = try await Etcd.start(in: box)
            for golden in GoldenCase.all where golden.backend == "etcdv3" {
                try await etcd.deleteAll()
                try await etcd.put(golden.keys())
                try await check(golden, in: box, source: ["-node", etcd.endpoint])
            }
        }
    }

    @Test(.enabled(if: Machine.hasRedis, "redis-server and redis-cli are not installed"))
    func sameBytesFromRedis() async throws {
        try await withSandbox { box in
            let redis = try await RedisServer.start()
            for golden in GoldenCase.all where golden.backend == "redis" {
                try await redis.cli(["FLUSHALL"])
                try await redis.set(golden.keys())
                try await check(golden, in: box, source: ["-node", redis.node])
            }
        }
    }

    @Test(.enabled(if: Machine.hasZookeeper, "libzookeeper-java or a JRE is not installed"))
    func sameBytesFromZookeeper() async throws {
        try await withSandbox { box in
            let server = try TestZookeeper()
            for golden in GoldenCase.all where golden.backend == "zookeeper" {
                let keys = try golden.keys()
                try server.write(keys)
                try await check(golden, in: box, source: ["-node", server.node])
                try server.write(keys.map { ($0.key, nil) })
            }
        }
    }

    private func check(_ golden: GoldenCase, in box: Sandbox, source: [String]) async throws {
        // An unusual dest: relative to the working directory, as the fixtures cannot know the sandbox.
        try FileManager.default.removeItem(atPath: box.out)
        try FileManager.default.createDirectory(atPath: box.out, withIntermediateDirectories: true)
        let variables = golden.backend == "env" ? keyEnvironment(try golden.keys()) : [:]
        var command = box.command(
            ["-onetime", "-backend", golden.backend, "-confdir", golden.inputFolder, "-log-level", "warn"] + source
                + golden.arguments,
            environment: variables.merging(["HOSTNAME": "localhost", "GOLDEN_VALUE": "from the environment"]) { $1 },
            confdir: false)
        if let recorder = GoldenCase.recorder { command.executable = recorder }
        let done = try await run(command)
        #expect(done.exitCode == 0, "\(golden.testDescription): \(done.testDescription)")

        if GoldenCase.recorder != nil {
            try golden.record(from: box)
            Issue.record("recorded \(golden.testDescription): look at the difference and run again without recording")
            return
        }
        let expected = try golden.expected()
        #expect(try box.names("out") == expected.keys.sorted(), "\(golden.testDescription)")
        for (name, bytes) in expected {
            let rendered = box.bytes("out/\(name)") ?? []
            #expect(
                rendered == bytes,
                """
                \(golden.testDescription)/\(name) differs
                --- confd 0.17
                \(String(decoding: bytes, as: UTF8.self))
                --- rendered
                \(String(decoding: rendered, as: UTF8.self))
                """)
            #expect(try box.mode("out/\(name)") == 0o644)
        }
    }
}

extension GoldenCase {
    /// The real confd 0.17, when the expected files are to be written anew.
    static let recorder = ProcessInfo.processInfo.environment["CONFD_GOLDEN_RECORDER"]

    var inputFolder: String { "\(Machine.testFolder)/Golden/Inputs/\(inputs)" }
    private var expectedFolder: String { "\(Machine.testFolder)/Golden/\(backend)/\(name)" }

    var source: [String] {
        backend == "file" ? ["-file", inputFolder + "/data"] : []
    }

    /// The keys of `keys.json`, for the backends that have no files of their own.
    func keys() throws -> [String: String] {
        let data = try Data(contentsOf: URL(fileURLWithPath: inputFolder + "/keys.json"))
        guard let keys = try JSONSerialization.jsonObject(with: data) as? [String: String] else {
            throw SupportError("\(inputFolder)/keys.json is not an object of strings")
        }
        return keys
    }

    func expected() throws -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: expectedFolder) {
            files[name] = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(expectedFolder)/\(name)")))
        }
        if files.isEmpty { throw SupportError("\(expectedFolder) is empty") }
        return files
    }

    func record(from box: Sandbox) throws {
        // Nothing to remove on the first recording.
        try? FileManager.default.removeItem(atPath: expectedFolder)
        try FileManager.default.createDirectory(atPath: expectedFolder, withIntermediateDirectories: true)
        for name in try box.names("out") {
            try FileManager.default.copyItem(atPath: box.path("out/\(name)"), toPath: "\(expectedFolder)/\(name)")
        }
    }
}
