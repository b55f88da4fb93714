import TestSupport
import Testing

/// Report: 14 MB of keys under `ulimit -v` of 200 MB ended the program with an abort.
@Suite struct MemoryLimitTests {
    @Test("Little address space is enough for a small multiple of the keys", arguments: [200, 300])
    func aFileOfKeys(_ megabytes: Int) async throws {
        try await withSandbox { box in
            let value = String(repeating: "v", count: 1_000_000)
            let members = (0..<14).map { "\"k\($0)\": \"\(value)\"" }
            try box.write("keys.json", "{\"s\": {" + members.joined(separator: ", ") + "}}")
            try box.resource("a", keys: ["/s"], template: #"{{range gets "/s/*"}}{{.Value}}\#n{{end}}"#)
            let done = try await run(
                box.command(["-onetime", "-backend", "file", "-file", box.path("keys.json")])
                    .limited(toMegabytes: megabytes),
                seconds: 120)
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.output("a")?.utf8.count == 14_000_014)
        }
    }

    private static let values = Dictionary(
        uniqueKeysWithValues: (0..<14).map { ("/s/k\($0)", String(repeating: "v", count: 1_000_000)) })

    /// Renders 14 MB of keys of a store within 300 MB of address space; for ZooKeeper that is in its own suite.
    private func rendersLittle(_ box: Sandbox, _ arguments: [String]) async throws {
        try box.resource("a", keys: ["/s"], template: #"{{range gets "/s/*"}}{{.Value}}\#n{{end}}"#)
        let done = try await run(box.command(["-onetime"] + arguments).limited(toMegabytes: 300), seconds: 120)
        #expect(done.exitCode == 0, "\(done.testDescription)")
        #expect(box.output("a")?.utf8.count == 14_000_014)
    }

    @Test(.enabled(if: Machine.hasEtcd), arguments: ["etcd", "etcdv2"]) func keysOfEtcd(_ backend: String) async throws
    {
        try await withSandbox { box in
            let etcd = try await Etcd.start(in: box, arguments: ["--enable-v2=true"])
            for (key, value) in Self.values {
                if backend == "etcd" {
                    try await etcd.put(key, value)
                } else {
                    let put = "curl -sfo /dev/null -X PUT --data-urlencode value@- \(etcd.endpoint)/v2/keys\(key)"
                    let done = try await run(
                        ChildCommand(
                            executable: "/bin/sh", arguments: ["-c", put], environment: Machine.environment,
                            input: Array(value.utf8)))
                    #expect(done.exitCode == 0, "\(done.testDescription)")
                }
            }
            try await rendersLittle(box, ["-backend", backend, "-node", etcd.endpoint])
        }
    }

    @Test(.enabled(if: Machine.hasRedis)) func keysOfRedis() async throws {
        try await withSandbox { box in
            let redis = try await RedisServer.start(password: "s3cret")
            for (key, value) in Self.values { try await redis.cli(["-x", "SET", key], input: Array(value.utf8)) }
            try await rendersLittle(box, ["-backend", "redis", "-node", redis.node, "-client-key", "s3cret"])
        }
    }

    @Test func keysOfConsul() async throws {
        try await withSandbox { box in
            let consul = try ConsulStandIn(token: "token")
            consul.write(Self.values.map { (String($0.key.dropFirst()), $0.value) })
            try await rendersLittle(
                box, ["-backend", "consul", "-node", "127.0.0.1:\(consul.port)", "-auth-token", "token"])
        }
    }

    @Test("What is too much for the limit is a named error")
    func aTextThatIsTooLong() async throws {
        try await withSandbox { box in
            try box.resource("a", template: #"{{len (repeat 100000000 "x")}}"#)
            let done = try await run(
                box.command(["-onetime", "-backend", "env"]).limited(toMegabytes: 300), seconds: 120)
            #expect(done.exitCode == 1, "\(done.testDescription)")
            #expect(
                done.standardError.contains("error calling repeat: the text would be longer than 78643200 bytes"),
                "\(done.testDescription)")
        }
    }
}

extension ChildCommand {
    /// The same command with its address space limited.
    func limited(toMegabytes megabytes: Int) -> ChildCommand {
        var limited = self
        limited.executable = "/bin/sh"
        limited.arguments =
            ["-c", "ulimit -v \(megabytes * 1024); exec \"$0\" \"$@\"", executable] + arguments
        return limited
    }
}
