import Foundation
import Testing

/// Flag before environment before confd.toml before default.
@Suite struct PrecedenceTests {
    /// Each level sets a prefix, and the rendering shows which one held.
    @Test(
        arguments: [
            ([], nil, nil, "default"), ([], nil, "toml", "toml"), ([], "env", nil, "env"), ([], "env", "toml", "env"),
            (["-prefix", "/flag"], "env", "toml", "flag"), (["-prefix=/flag"], nil, "toml", "flag"),
        ] as [([String], String?, String?, String)])
    func prefix(_ flags: [String], _ variable: String?, _ toml: String?, _ winner: String) async throws {
        try await withSandbox { box in
            try box.resource("app", keys: ["/name"], fields: "prefix = \"/default\"", template: #"{{getv "/name"}}"#)
            var arguments = ["-onetime", "-backend", "env"] + flags
            if let toml {
                try box.write("confd.toml", "prefix = \"/\(toml)\"\n")
                arguments += ["-config-file", box.path("confd.toml")]
            }
            var environment = keyEnvironment(
                Dictionary(uniqueKeysWithValues: ["default", "toml", "env", "flag"].map { ("/\($0)/name", $0) }))
            environment["CONFD_PREFIX"] = variable.map { "/\($0)" }
            let done = try await run(box.command(arguments, environment: environment))
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.output("app") == winner)
        }
    }

    /// A flag beats confd.toml even where it says what the default says; confd 0.17 has it the other way round.
    @Test func flagEqualToTheDefault() async throws {
        try await withSandbox { box in
            try box.resource("app", template: "x")
            try box.write("confd.toml", "noop = true\nlog-level = \"error\"\n")
            let done = try await box.confd(
                "-onetime", "-backend", "env", "-noop=false", "-log-level", "info", "-config-file",
                box.path("confd.toml"))
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.output("app") == "x")
            #expect(done.standardError.contains("INFO Backend set to env"))
        }
    }

    @Test func everyFlagHasAVariable() async throws {
        try await withSandbox { box in
            try box.resource("app", template: #"{{getv "/app/name"}}"#)
            try box.write("keys.yaml", "app: {name: x}\n")
            let done = try await box.confd(
                environment: [
                    "CONFD_ONETIME": "true", "CONFD_BACKEND": "file", "CONFD_FILE": box.path("keys.yaml"),
                    "CONFD_CONFDIR": box.confdir, "CONFD_LOG_LEVEL": "debug", "CONFD_KEEP_STAGE_FILE": "false",
                ], confdir: false)
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.output("app") == "x")
            #expect(done.standardError.contains("DEBUG"))
        }
    }

    @Test func configurationFile() async throws {
        try await withSandbox { box in
            try box.resource("app", template: #"{{getv "/app/name"}}"#)
            try box.write("keys.yaml", "app: {name: x}\n")
            try box.write(
                "confd.toml",
                """
                backend = "file"
                file = ["\(box.root)/keys.yaml"]
                confdir = "\(box.confdir)"
                interval = 30
                onetime = true
                log-level = "debug"
                sync_only = true
                client_cakeys = ""

                """)
            let done = try await box.confd("-config-file", box.path("confd.toml"), confdir: false)
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.output("app") == "x")
            #expect(done.standardError.contains("DEBUG"))
        }
    }

    /// An error names where its value came from.
    @Test(
        arguments: [
            (["-interval", "soon"], [:], "", ["-interval", "soon"]),
            ([], ["CONFD_INTERVAL": "soon"], "", ["CONFD_INTERVAL", "soon"]),
            ([], [:], "\ninterval = \"soon\"\n", ["ROOT/confd.toml:2:", "interval"]),
            ([], [:], "backend = 5\n", ["ROOT/confd.toml:1:", "backend"]),
            ([], [:], "nodes = \"one\nx\"\n", ["ROOT/confd.toml:1:"]),
            ([], ["CONFD_LOG_LEVEL": "loud"], "", ["CONFD_LOG_LEVEL", "loud"]),
            ([], ["CONFD_NOOP": "perhaps"], "", ["CONFD_NOOP", "perhaps"]),
            ([], [:], "log-level = \"loud\"\n", ["ROOT/confd.toml:1:", "loud"]),
        ] as [([String], [String: String], String, [String])])
    func originOfAnError(_ flags: [String], _ environment: [String: String], _ toml: String, _ says: [String])
        async throws
    {
        try await withSandbox { box in
            try box.resource("app", template: "x")
            try box.write("confd.toml", toml)
            let done = try await run(
                box.command(["-onetime", "-config-file", box.path("confd.toml")] + flags, environment: environment))
            #expect(done.exitCode == 2, "\(done.testDescription)")
            for text in says.map({ $0.replacingOccurrences(of: "ROOT", with: box.root) }) {
                #expect(done.standardError.contains(text), "\(text) is missing in\n\(done.testDescription)")
            }
            #expect(box.output("app") == nil)
        }
    }

    @Test func unknownConfigurationKeyIsAWarning() async throws {
        try await withSandbox { box in
            try box.resource("app", fields: "reload_cmdd = \"x\"", template: "x")
            try box.write("confd.toml", "intervall = 5\n")
            let done = try await box.confd("-onetime", "-backend", "env", "-config-file", box.path("confd.toml"))
            #expect(done.exitCode == 0, "\(done.testDescription)")
            for text in ["confd.toml:1:", "interval", "app.toml:5:", "did you mean", "reload_cmd"] {
                #expect(done.standardError.contains(text), "\(text) is missing in\n\(done.testDescription)")
            }
            #expect(box.output("app") == "x")
        }
    }

    @Test(
        .enabled(if: Machine.hasEtcd, "etcd or etcdctl is not installed"),
        arguments: ["ETCDCTL_PEERS", "ETCDCTL_ENDPOINTS"])
    func nodesOfEtcdctl(_ variable: String) async throws {
        try await withSandbox { box in
            let etcd = try await Etcd.start(in: box)
            try await etcd.put("/app/name", "found")
            try box.resource("app", template: #"{{getv "/app/name"}}"#)
            let done = try await box.confd("-onetime", environment: [variable: etcd.endpoint])
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.output("app") == "found")
        }
    }

    @Test(.enabled(if: Machine.hasEtcd, "etcd or etcdctl is not installed"))
    func nodeWithoutAScheme() async throws {
        try await withSandbox { box in
            let etcd = try await Etcd.start(in: box)
            try await etcd.put("/app/name", "found")
            try box.resource("app", template: #"{{getv "/app/name"}}"#)
            let done = try await box.confd("-onetime", "-node", "127.0.0.1:\(etcd.port)")
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.output("app") == "found")
        }
    }
}
