import Foundation
import TestSupport
import Testing

/// `-interval`: everything is read anew each time, until a signal comes.
@Suite struct IntervalTests {
    private func daemon(_ box: Sandbox, _ arguments: String...) throws -> Child {
        try box.write("keys.yaml", "app: {name: first}\n")
        return try Child(
            box.command(["-interval", "1", "-backend", "file", "-file", box.path("keys.yaml")] + arguments))
    }

    @Test func readsKeysTemplatesAndResourcesAnew() async throws {
        try await withSandbox { box in
            try box.resource("app", template: #"name {{getv "/app/name"}}"#)
            let daemon = try daemon(box)
            #expect(try await eventually { box.output("app") == "name first" }, "\(daemon.standardError)")

            try box.write("keys.yaml", "app: {name: second}\n")
            #expect(try await eventually { box.output("app") == "name second" }, "a changed key")

            try box.write("confdir/templates/app.tmpl", #"edited {{getv "/app/name"}}"#)
            #expect(try await eventually { box.output("app") == "edited second" }, "a changed template")

            try box.resource("late", template: #"late {{getv "/app/name"}}"#)
            #expect(try await eventually { box.output("late") == "late second" }, "a new resource")

            try box.resource("late", fields: "mode = \"0600\"", template: #"late {{getv "/app/name"}}"#)
            #expect(try await eventually { try box.mode("out/late") == 0o600 }, "a changed resource")

            try FileManager.default.removeItem(atPath: box.path("confdir/conf.d/late.toml"))
            try box.write("keys.yaml", "app: {name: third}\n")
            #expect(try await eventually { box.output("app") == "edited third" })
            // The pass that saw the third name may have read the resources before; the next one has not.
            try FileManager.default.removeItem(atPath: box.path("out/late"))
            try box.write("keys.yaml", "app: {name: fourth}\n")
            #expect(try await eventually { box.output("app") == "edited fourth" })
            #expect(box.output("late") == nil, "a resource that is gone is not rendered")

            daemon.send(SIGTERM)
            let done = try await daemon.wait()
            #expect(done.exitCode == 0, "\(done.testDescription)")
        }
    }

    @Test func badInputDoesNotEndIt() async throws {
        try await withSandbox { box in
            try box.resource("app", template: #"{{getv "/app/name"}}"#)
            let daemon = try daemon(box)
            #expect(try await eventually { box.output("app") == "first" }, "\(daemon.standardError)")

            try box.write("confdir/conf.d/broken.toml", "[template\n")
            try box.write("confdir/templates/app.tmpl", "{{")
            #expect(try await eventually { daemon.standardError.contains("broken.toml:1:") })
            #expect(try await eventually { daemon.standardError.contains("app.tmpl:1:") })
            #expect(box.output("app") == "first")

            try box.write("keys.yaml", "app: [unclosed\n")
            #expect(try await eventually { daemon.standardError.contains("keys.yaml") })
            #expect(daemon.isRunning)

            try box.write("keys.yaml", "app: {name: healed}\n")
            try box.write("confdir/templates/app.tmpl", #"{{getv "/app/name"}}"#)
            #expect(try await eventually { box.output("app") == "healed" })
            daemon.send(SIGTERM)
            #expect(try await daemon.wait().exitCode == 0)
        }
    }

    @Test func waitsForAFirstResource() async throws {
        try await withSandbox { box in
            let daemon = try daemon(box)
            #expect(
                try await eventually { daemon.standardError.contains("WARNING") }, "it says that it has nothing to do")
            try box.resource("app", template: "here")
            #expect(try await eventually { box.output("app") == "here" })
            daemon.send(SIGTERM)
            #expect(try await daemon.wait().exitCode == 0)
        }
    }

    @Test(arguments: [(SIGTERM, "Captured terminated. Exiting..."), (SIGINT, "Captured interrupt. Exiting...")])
    func stopsOnSignal(_ signal: Int32, _ message: String) async throws {
        try await withSandbox { box in
            try box.resource("app", template: "x")
            // A long interval: the signal must end the wait, not the wait itself.
            let daemon = try Child(box.command(["-interval", "600", "-backend", "env"]))
            #expect(try await eventually { box.output("app") == "x" }, "\(daemon.standardError)")
            daemon.send(signal)
            let done = try await daemon.wait()
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(done.standardError.contains("INFO \(message)"), "\(done.testDescription)")
            #expect(try box.names("out") == ["app"])
        }
    }

    /// The command that runs when TERM comes is let finish, so nothing stays half done.
    @Test func finishesTheResourceInProgress() async throws {
        try await withSandbox { box in
            try box.resource(
                "app", fields: "reload_cmd = \"touch \(box.root)/begun; sleep 1; \(box.counting("reload"))\"",
                template: "x")
            let daemon = try Child(box.command(["-interval", "600", "-backend", "env"]))
            #expect(try await eventually { box.read("begun") != nil }, "\(daemon.standardError)")
            daemon.send(SIGTERM)
            let done = try await daemon.wait()
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.runs(of: "reload") == 1)
        }
    }

    @Test func unchangedKeysReloadNothing() async throws {
        try await withSandbox { box in
            try box.resource(
                "app", fields: "reload_cmd = \"\(box.counting("reload"))\"", template: #"{{getv "/app/name"}}"#)
            let daemon = try daemon(box, "-log-level", "debug")
            let passes = {
                daemon.standardError.components(separatedBy: "Target config \(box.out)/app in sync").count - 1
            }
            #expect(try await eventually { passes() >= 2 }, "\(daemon.standardError)")
            #expect(box.runs(of: "reload") == 1)
            daemon.send(SIGTERM)
            #expect(try await daemon.wait().exitCode == 0)
        }
    }
}
