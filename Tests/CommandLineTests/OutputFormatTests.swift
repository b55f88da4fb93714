import Foundation
import Glibc
import TestSupport
import Testing

/// `output_format`, `required` and `fail` from outside: what is broken is never installed.
@Suite struct OutputFormatTests {
    /// A format, a template that is valid with the value `1` of /app/value, and what is wrong with the value `broken`.
    struct Case: Sendable, CustomTestStringConvertible {
        let format: String
        let template: String
        let broken: String
        let place: String
        let reason: String

        var testDescription: String { format }
    }

    static let cases = [
        Case(
            format: "json", template: "{\n  \"port\": {{getv \"/app/value\"}}\n}\n", broken: "1,", place: "3:1",
            reason: "not JSON: invalid character '}' looking for beginning of object key string"),
        Case(
            format: "yaml", template: "server:\n  port: {{getv \"/app/value\"}}\n", broken: "a: b", place: "2:10",
            reason: "not YAML: mapping values are not allowed in this context"),
        Case(
            format: "toml", template: "[server]\nport = {{getv \"/app/value\"}}\n", broken: "1\nport = 2",
            place: "3:1", reason: "not TOML: key \"port\" is defined twice (first at line 2)"),
    ]

    private func add(_ test: Case, to box: Sandbox) throws {
        try box.resource(
            "app",
            fields: """
                output_format = "\(test.format)"
                check_cmd = "\(box.counting("check")); true {{.src}}"
                reload_cmd = "\(box.counting("reload"))"
                """, template: test.template)
    }

    @Test(arguments: cases) func brokenIsNotInstalled(_ test: Case) async throws {
        try await withSandbox { box in
            try add(test, to: box)
            let good = try await box.render(keys: ["/app/value": "1"])
            #expect(good.exitCode == 0, "\(good.testDescription)")
            let old = try #require(box.output("app"))
            #expect(old == test.template.replacingOccurrences(of: "{{getv \"/app/value\"}}", with: "1"))
            let message = "\(box.out)/app:\(test.place): output_format: \(test.reason)"
            for (flag, code) in [("-onetime", Int32(1)), ("-check", 1)] {
                let bad = try await run(
                    box.command([flag, "-backend", "env"], environment: keyEnvironment(["/app/value": test.broken])))
                #expect(bad.exitCode == code, "\(bad.testDescription)")
                #expect(bad.standardError.contains("ERROR app.toml: \(message)"), "\(bad.testDescription)")
            }
            #expect(box.output("app") == old)
            #expect(try box.names("out") == ["app"])
            // What does not parse is not given to the check either.
            #expect(box.runs(of: "check") == 1 && box.runs(of: "reload") == 1)
            let drift = try await run(
                box.command(["-check", "-backend", "env"], environment: keyEnvironment(["/app/value": "2"])))
            #expect(drift.exitCode == 3, "\(drift.testDescription)")
        }
    }

    /// A daemon keeps the old file, says why in its status, and installs the next rendering that parses.
    @Test func aDaemonWaitsForOneThatParses() async throws {
        try await withSandbox { box in
            try box.resource(
                "app", fields: "output_format = \"json\"", template: "{\"port\": {{getv \"/app/port\"}}}\n")
            try box.write("keys.yaml", "app: {port: \"80\"}\n")
            let socket = ["-control-socket", box.path("run/control")]
            let daemon = try Child(
                box.command(
                    ["-watch", "-interval", "0", "-backend", "file", "-file", box.path("keys.yaml")] + socket))
            #expect(try await eventually { box.output("app") == "{\"port\": 80}\n" }, "\(daemon.standardError)")
            try box.write("keys.yaml", "app: {port: \"80}\"}\n")
            let message = "\(box.out)/app:1:13: output_format: not JSON: invalid character '}' after top-level value"
            #expect(
                try await eventually { daemon.standardError.contains("ERROR app.toml: \(message)") },
                "\(daemon.standardError)")
            // The line is written before the state is changed.
            let isTold = try await eventually {
                let status = try await run(box.command(["status"] + socket, confdir: false))
                return status.standardOutput.contains("app.toml  failed")
                    && status.standardOutput.contains("app.toml: \(message)\n")
            }
            #expect(isTold, "\(daemon.standardError)")
            #expect(box.output("app") == "{\"port\": 80}\n")
            try box.write("keys.yaml", "app: {port: \"81\"}\n")
            #expect(try await eventually { box.output("app") == "{\"port\": 81}\n" }, "\(daemon.standardError)")
            daemon.send(SIGTERM)
            #expect(try await daemon.wait().exitCode == 0)
        }
    }

    /// XML is refused by name, with a hint at a program that checks it; -validate finds it too.
    @Test(arguments: ["-onetime", "-validate"]) func xmlIsRefused(_ flag: String) async throws {
        try await withSandbox { box in
            try box.resource("app", fields: "output_format = \"xml\"", template: "<a/>\n")
            let done = try await run(box.command([flag, "-backend", "env"]))
            #expect(done.exitCode == (flag == "-validate" ? 2 : 1), "\(done.testDescription)")
            #expect(done.standardError.contains("app.toml:5:17: output_format: \"xml\" is not checked by confd"))
            #expect(done.standardError.contains("hint: check_cmd = \"xmllint --noout {{.src}}\""))
            #expect(box.output("app") == nil)
        }
    }

    /// `required` and `fail` name their place in the template, and the old file stays.
    @Test(arguments: [
        (#"{{required "name the app" (getv "/app/name" "")}}"#, "2:3", "error calling required: name the app"),
        (
            #"{{if getv "/app/old" ""}}{{fail "/app/old is gone since 2.0"}}{{end}}"#, "2:28",
            "error calling fail: /app/old is gone since 2.0"
        ),
    ])
    func theAuthorRefuses(_ template: String, _ place: String, _ reason: String) async throws {
        try await withSandbox { box in
            try box.resource("app", template: "# app\n\(template)\n")
            try box.write("out/app", "old\n")
            let bad = try await box.render(keys: ["/app/old": "x"])
            #expect(bad.exitCode == 1, "\(bad.testDescription)")
            let start = "ERROR app.toml: \(box.confdir)/templates/app.tmpl:\(place): "
            #expect(bad.standardError.contains(start) && bad.standardError.contains(reason), "\(bad.testDescription)")
            #expect(box.output("app") == "old\n")
            let good = try await box.render(keys: ["/app/name": "shop"])
            #expect(good.exitCode == 0, "\(good.testDescription)")
        }
    }
}
