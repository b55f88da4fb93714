import Foundation
import TestSupport
import Testing

/// `-interval`: everything is read anew each time, until a signal comes.
@Suite struct IntervalTests {
    /// Keys, templates and resources at one time; what each pass finds is tested in process (EngineIntervalTests).
    @Test func readsEverythingAnew() async throws {
        try await withSandbox { box in
            try box.write("keys.yaml", "app: {name: first}\n")
            try box.resource("app", template: #"name {{getv "/app/name"}}"#)
            let daemon = try Child(
                box.command(["-interval", "1", "-backend", "file", "-file", box.path("keys.yaml")]))
            #expect(try await eventually { box.output("app") == "name first" }, "\(daemon.standardError)")
            try box.write("keys.yaml", "app: {name: second}\n")
            try box.write("confdir/templates/app.tmpl", #"edited {{getv "/app/name"}}"#)
            try box.resource("late", template: #"late {{getv "/app/name"}}"#)
            #expect(try await eventually { box.output("app") == "edited second" }, "\(daemon.standardError)")
            #expect(try await eventually { box.output("late") == "late second" }, "\(daemon.standardError)")
            daemon.send(SIGTERM)
            let done = try await daemon.wait()
            #expect(done.exitCode == 0, "\(done.testDescription)")
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
}
