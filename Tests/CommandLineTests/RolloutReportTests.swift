import Foundation
import TestSupport
import Testing

/// Reports on rollouts: services that verify over HTTP, `confd rollout status -json` and `-validate`.
@Suite struct RolloutReportTests {
    /// A service that says over HTTP whether it works with the file of `host1`, the canary; it repeats what it was sent.
    private func service(_ box: Sandbox) throws -> HTTPServer {
        try HTTPServer { [path = "\(box.out)/host1"] call in
            let isGood = FileManager.default.contents(atPath: path) != Data("poison".utf8)
            let sent = [call.headers["authorization"], call.headers["x-key"]].compactMap { $0 }.joined(separator: " ")
            return isGood
                ? .init(204) : .init(503, "bad\u{1B}[1m file: \(sent)\n" + String(repeating: "x", count: 9_000))
        }
    }

    /// `verify_http` in place of a command: a status that is not expected fails the turn, with what the server said and
    /// without what it was sent.
    @Test(.enabled(if: Machine.hasEtcd && Machine.canBindMount)) func aServiceIsAskedByHTTP() async throws {
        try await withRig { rig in
            let server = try service(rig.box)
            try rig.box.write("token", "s3cr-et\n")
            try rig.client.put("/app/a", "0")
            let request =
                "url = \"\(server.url)/health?key=abc\", headers = { X-Key = \"k3y\" }, "
                + "token_file = \"\(rig.box.root)/token\", expect_status = \"204\""
            let hosts = try Hosts(
                rig.box, nodes: [rig.node], node: rig.etcd.endpoint, count: 2,
                settings: "canary = \"host1\"\nsoak = \"1s\"\nmax_parallel = 1",
                verification: "verify_http = { \(request) }")
            try hosts.startAll()
            #expect(try await hosts.areThere(), "\(hosts.log(1))")
            try rig.client.put("/app/a", "1")
            #expect(try await hosts.allHold("1"), "\(hosts.log(1))")
            #expect(try await eventually { server.calls.count == 3 }, "the canary twice, then the other")
            #expect(server.calls.allSatisfy { $0.method == "GET" && $0.body.isEmpty })
            #expect(server.calls.allSatisfy { $0.path == "/health?key=abc" && $0.headers["x-key"] == "k3y" })
            try rig.client.put("/app/a", "poison")
            let words = "verify_http failed: GET \(server.url)/health: status 503: bad\\x1b[1m file: Bearer *** ***"
            #expect(
                try await eventually { (1...2).allSatisfy { hosts.log($0).contains("halted: host1: \(words)") } },
                "\(hosts.log(1))")
            #expect(try await hosts.allHold("1"))
            for secret in ["s3cr-et", "k3y", "key=abc"] {
                #expect(!hosts.log(1).contains(secret) && !hosts.log(2).contains(secret))
            }
            let longest = hosts.log(1).split(separator: "\n").map(\.utf8.count).max() ?? 0
            #expect(longest < 5_000, "4 KiB of what was said are enough")
            try await hosts.stopAll()
        }
    }

    /// A command as a list runs without a shell; a server that does not answer is a failure like any other.
    @Test(
        .enabled(if: Machine.hasEtcd && Machine.canBindMount),
        arguments: [
            ("verify_cmd = [\"grep\", \"-q\", \"it's good\", \"{{.dest}}\"]", "verify_cmd failed: exit status 1"),
            ("verify_http = { url = \"http://127.0.0.1:1/\" }", "verify_http failed: GET http://127.0.0.1:1/: "),
        ])
    func otherForms(_ verification: String, _ words: String) async throws {
        let settings = "canary = \"host1\"\nsoak = \"1s\"\nmax_parallel = 1\n\(verification)"
        try await withHosts(2, settings) { hosts, rig in
            try rig.client.put("/app/a", "1")
            #expect(try await eventually { hosts.log(2).contains("halted: host1: \(words)") }, "\(hosts.log(1))")
            #expect(try await hosts.allHold("0"))
            if verification.hasPrefix("verify_cmd") {
                try rig.client.put("/app/a", "it's good")
                #expect(try await hosts.allHold("it's good"), "\(hosts.log(1))")
            }
        }
    }

    // MARK: - JSON

    /// The schema in docs/fleet.md.
    private static func schema() throws -> String {
        let page = try String(contentsOfFile: "\(ExampleCasesTests.root)/docs/fleet.md", encoding: .utf8)
        let block = try #require(page.components(separatedBy: "```json\n").last?.components(separatedBy: "\n```").first)
        try #require(block.contains("\"$schema\""))
        return block
    }

    private static let validator = """
        import json, jsonschema, sys
        schema = json.load(open(sys.argv[1]))
        jsonschema.Draft7Validator.check_schema(schema)
        text = open(sys.argv[2]).read()
        assert all(" " <= character or character == "\\n" for character in text), "control characters"
        jsonschema.Draft7Validator(schema).validate(json.loads(text))
        """

    private struct Report: Decodable {
        struct Resource: Decodable {
            let resource: String
            let change: String?
            let state: String
            let hosts, done, waiting: Int
            let turn: [String]
            let halt: String?
        }

        let `protocol`: Int
        let group: String
        let resources: [Resource]
    }

    /// What `confd rollout status web -json` prints, which the schema of the documentation describes.
    private func report(_ hosts: Hosts) async throws -> Report {
        let done = try await hosts.rollout("status", "-json")
        try #require(done.exitCode == 0, "\(done.testDescription)")
        try hosts.box.write("schema.json", Self.schema())
        try hosts.box.write("report.json", done.standardOutput)
        let command = ChildCommand(
            executable: "python3",
            arguments: ["-c", Self.validator, hosts.box.path("schema.json"), hosts.box.path("report.json")],
            environment: Machine.environment)
        let validated = try await run(command)
        try #require(validated.exitCode == 0, "\(validated.testDescription)\n\(done.standardOutput)")
        return try JSONDecoder().decode(Report.self, from: Data(done.standardOutput.utf8))
    }

    /// In each state of a change, with a reason and a name that hold control characters.
    @Test(.enabled(if: Machine.hasEtcd && Machine.canBindMount)) func statusAsJSON() async throws {
        let settings = "canary = \"host1\"\nsoak = \"600s\"\nmax_parallel = 1"
        try await withHosts(2, settings) { hosts, rig in
            let none = try await report(hosts)
            #expect(none.protocol == 1 && none.group == "web" && none.resources.map(\.resource) == ["app.toml"])
            #expect(
                none.resources[0].state == "none" && none.resources[0].change == nil && none.resources[0].hosts == 2)
            try rig.client.put("/app/a", "1")
            let hasBegun = try await eventually(answer: {
                let part = try await report(hosts).resources[0]
                return part.state == "canary" && part.turn == ["host1"] && part.waiting == 1 && part.halt == nil
            })
            #expect(hasBegun, "\(hosts.log(1))")
            let change = try #require(try await report(hosts).resources[0].change)
            #expect(change.split(separator: "-").last?.count == 32, "the whole name")
            let path = "/_confd/rollout/web/app.toml/\(change)"
            try rig.client.put("\(path)/halt", "an\u{1B}[2Joperator\n")
            try rig.client.put("\(path)/started/h\u{7}\u{202E}", "")
            let halted = try await report(hosts).resources[0]
            #expect(halted.state == "halted" && halted.halt == "an\\x1b[2Joperator\\n", "\(halted)")
            #expect(halted.turn.count == 2 && halted.turn.contains("h\u{7}\u{202E}"), "\(halted)")
        }
    }

    @Test func jsonIsOfStatusAlone() async throws {
        try await withSandbox { box in
            let done = try await box.confd(
                "rollout", "halt", "web", "-json", "-node", "http://127.0.0.1:1", confdir: false)
            #expect(done.exitCode == 2, "\(done.testDescription)")
            #expect(done.standardError.contains("-json: needs status, explain or rollout status"))
        }
    }

    // MARK: - Combinations

    /// Refused by name and place before anything is written.
    @Test(arguments: [
        ("for_each = \"/app/*\"", "out/{{.name}}", "", "for_each"),
        (
            "", "out/x", "[template.apply]\ndriver = \"haproxy\"\nsocket = \"/run/h.sock\"\nbackend = \"b\"\n",
            "[template.apply]"
        ),
    ])
    func namesWhatItDoesNotGoWith(
        _ fields: String, _ destination: String, _ more: String, _ name: String
    ) async throws {
        try await withSandbox { box in
            try box.write("confdir/templates/a.tmpl", "x\n")
            try box.write(
                "confdir/conf.d/a.toml",
                """
                [template]
                src = "a.tmpl"
                dest = "\(box.root)/\(destination)"
                keys = ["/app"]
                \(fields)
                [template.rollout]
                group = "web"
                \(more)
                """)
            let options = ["-backend", "etcd", "-node", "http://127.0.0.1:1"]
            let place = "\(box.confdir)/conf.d/a.toml:6:11: rollout: cannot be used with \(name)"
            let done = try await run(box.command(["-validate"] + options))
            #expect(done.exitCode == 2, "\(done.testDescription)")
            #expect(done.standardError.contains(place), "\(done.testDescription)")
            #expect(done.standardError.contains("hint: a turn that fails puts "), "\(done.testDescription)")
            // A daemon stays up and waits for a resource file that it can use.
            let daemon = try Child(box.command(["-watch", "-interval", "0"] + options))
            #expect(try await eventually { daemon.standardError.contains(place) }, "\(daemon.standardError)")
            try await stop(daemon)
            #expect(try box.names("out").isEmpty)
        }
    }
}
