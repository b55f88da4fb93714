import Foundation
import Glibc
import TestSupport
import Testing

/// `-preflight`: backends are contacted, keys are read, nothing is written; and `-failure-mode`.
@Suite struct PreflightTests {
    @Test func keysAreCounted() async throws {
        try await withSandbox { box in
            try box.resource("app", template: "never written")
            try box.resource("empty", keys: ["/none", "/nothing"], template: "never written")
            try box.resource("free", keys: [], template: "never written")
            let command = box.command(
                ["-preflight", "-backend", "env"], environment: keyEnvironment(["/app/a": "1", "/app/b": "2"]))
            let done = try await run(command)
            #expect(done.exitCode == 1, "\(done.testDescription)")
            for line in [
                "INFO app.toml: 2 keys found", "WARNING empty.toml: no keys found under /none, /nothing",
                "INFO free.toml: needs no keys",
            ] {
                #expect(done.standardError.contains("]: \(line)\n"), "\(line)\n\(done.testDescription)")
            }
            #expect(try box.names("out").isEmpty)
        }
    }

    @Test func failures() async throws {
        try await withSandbox { box in
            try box.resource("good", template: "x")
            let away = try await box.confd(
                "-preflight", "-backend", "etcd", "-node", "http://127.0.0.1:\(try Ports.free())")
            #expect(away.exitCode == 4, "\(away.testDescription)")
            #expect(away.standardError.contains("good.toml: its backend could not be read"))
            try box.resource("bad", fields: "mode = \"9\"", template: "x")
            let bad = try await box.confd("-preflight", "-backend", "env")
            #expect(bad.exitCode == 1, "\(bad.testDescription)")
            #expect(
                bad.standardError.contains("bad.toml:5:8: mode") && bad.standardError.contains("good.toml: no keys"))
            let one = try await box.confd("-preflight", "-backend", "env", "-resource", "good.toml")
            #expect(one.exitCode == 1, "\(one.testDescription)")
        }
    }

    /// A backend that takes the connection and says nothing.
    @Test func timeIsLimited() async throws {
        try await withSandbox { box in
            let port = try Ports.Silent()
            try box.resource("app", template: "x")
            let start = ContinuousClock.now
            let done = try await box.confd(
                "-preflight", "-preflight-timeout", "300ms", "-backend-timeout", "100s", "-backend", "etcd", "-node",
                "http://127.0.0.1:\(port.number)")
            #expect(done.exitCode == 4, "\(done.testDescription)")
            #expect(ContinuousClock.now - start < .seconds(90), "not the 100 s that a read may take")
        }
    }

    @Test(arguments: [("best-effort", ["a", "c"]), ("fail-fast", ["a"])])
    func failureMode(_ mode: String, _ written: [String]) async throws {
        try await withSandbox { box in
            for (name, template) in [("a", "x"), ("b", #"{{getv "/none"}}"#), ("c", "x")] {
                try box.resource(name, template: template)
            }
            let done = try await box.render("-failure-mode", mode)
            #expect(done.exitCode == 1, "\(done.testDescription)")
            #expect(try box.names("out") == written)
            let says = done.standardError.contains("Fail-fast mode: stopping after error in \(box.out)/b")
            #expect(says == (mode == "fail-fast"))
        }
    }

    /// With fail-fast, a resource file that cannot be used stops everything before anything is written.
    @Test func failFastOfFiles() async throws {
        try await withSandbox { box in
            try box.resource("a", template: "x")
            try box.resource("b", fields: "mode = \"9\"", template: "x")
            let done = try await box.render("-failure-mode=fail-fast")
            #expect(done.exitCode == 1, "\(done.testDescription)")
            #expect(try box.names("out").isEmpty)
        }
    }
}

/// Whether somebody listens on the port.
func canConnect(_ port: UInt16) -> Bool {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    defer { close(descriptor) }
    var address = loopback(port)
    return withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
    }
}
