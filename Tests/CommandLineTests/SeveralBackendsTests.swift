import Foundation
import Glibc
import TestSupport
import Testing

/// Several `[[backend]]` tables, as a user sees them.
@Suite struct SeveralBackendsTests {
    /// confd.toml with the environment below /env, a file that is not there, and defaults.
    private func prepare(_ box: Sandbox) throws {
        try box.write(
            "confd.toml",
            """
            [[backend]]
            backend = "env"
            mount = "/env"
            [[backend]]
            backend = "file"
            file = ["\(box.path("site.yaml"))"]
            optional = true
            [[backend]]
            backend = "file"
            file = ["\(box.path("defaults.yaml"))"]
            """)
        try box.write("defaults.yaml", "app: {name: default, color: red}\n")
        try box.resource(
            "app", keys: ["/app", "/env/app"], fields: #"reload_cmd = "cp $CONFD_CHANGES changes""#,
            template: #"{{getv "/app/name"}} {{getv "/app/color"}} {{getv "/env/app/mode"}}"#)
    }

    private static let environment = ["APP_MODE": "test"]

    @Test func rendersWhatTheyHaveTogether() async throws {
        try await withSandbox { box in
            try prepare(box)
            let arguments = ["-onetime", "-config-file", box.path("confd.toml")]
            let without = try await run(box.command(arguments, environment: Self.environment))
            #expect(without.exitCode == 0, "\(without.testDescription)")
            #expect(box.output("app") == "default red test")
            #expect(without.standardError.contains("WARNING") && without.standardError.contains("site.yaml"))
            try box.write("site.yaml", "app: {name: site}\n")
            let with = try await run(box.command(arguments, environment: Self.environment))
            #expect(with.exitCode == 0 && box.output("app") == "site red test", "\(with.testDescription)")
            #expect(
                box.read("changes") == """
                    {"action":"reset","revision":0}
                    {"action":"set","key":"/app/color","backend":"file#2","revision":0}
                    {"action":"set","key":"/app/name","backend":"file","revision":0}
                    {"action":"set","key":"/env/app/mode","backend":"env","revision":0}

                    """)
            let rendered = try await run(
                box.command(
                    ["render", "app.toml", "-config-file", box.path("confd.toml")], environment: Self.environment))
            #expect(rendered.standardOutput == "site red test", "\(rendered.testDescription)")
        }
    }

    @Test func checksAndRefusals() async throws {
        try await withSandbox { box in
            try prepare(box)
            let file = ["-config-file", box.path("confd.toml")]
            let valid = try await run(box.command(file + ["-validate"]))
            #expect(valid.exitCode == 0, "\(valid.testDescription)")
            let preflight = try await run(box.command(file + ["-preflight"], environment: Self.environment))
            #expect(preflight.exitCode == 0, "\(preflight.testDescription)")
            #expect(preflight.standardError.contains("app.toml: 3 keys found"), "\(preflight.testDescription)")
            let refused = try await run(box.command(file + ["-onetime", "-node", "x:1"]))
            #expect(refused.exitCode == 2, "\(refused.testDescription)")
            #expect(
                refused.standardError.contains("-node: which of the [[backend]] tables of confd.toml is meant?"),
                "\(refused.testDescription)")
        }
    }

    @Test func statusHasALineForEach() async throws {
        try await withSandbox { box in
            try prepare(box)
            let socket = box.path("run/control")
            let daemon = try Child(
                box.command(
                    [
                        "-watch", "-interval", "0", "-config-file", box.path("confd.toml"), "-control-socket", socket,
                        "-state-dir", "none",
                    ], environment: Self.environment))
            var shown = ""
            for _ in 0..<1_000 where !shown.contains(": ready") {
                shown = try await run(box.command(["status", "-control-socket", socket], confdir: false)).standardOutput
                try await Task.sleep(for: .milliseconds(10))
            }
            #expect(shown.contains("env environment variables: connected, "), "\(shown)")
            #expect(shown.contains("file \(box.path("site.yaml")): not connected (optional), "), "\(shown)")
            #expect(shown.contains("file \(box.path("defaults.yaml")): connected, "), "\(shown)")
            try box.write("site.yaml", "app: {name: site}\n")
            #expect(try await eventually { box.output("app") == "site red test" })
            daemon.send(SIGTERM)
            #expect(try await daemon.wait().exitCode == 0)
        }
    }
}
