import Foundation
import TestSupport
import Testing

/// `-log-format json`, the summary, and the line of progress.
@Suite struct LogFormatTests {
    /// The lines of a run as JSON objects; a line that is none fails the test.
    private func objects(_ done: Finished) throws -> [[String: Any]] {
        try done.errorLines.map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
        }
    }

    @Test func everyLineIsAnObject() async throws {
        try await withSandbox { box in
            try box.resource(
                "app",
                fields: "check_cmd = \"printf 'a\\\\001b\\\\n'\"\nreload_cmd = \"echo reloaded\"\nrelaod_cmd = \"\"",
                template: "new")
            try box.resource("bad", template: #"{{getv "/app/none"}}"#)
            try box.write("out/app", "old")
            let done = try await box.render("-log-format", "json", "-log-level", "debug")
            #expect(done.exitCode == 1, "\(done.testDescription)")
            let lines = try objects(done)
            for line in lines {
                let time = try #require(line["time"] as? String)
                #expect(time.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil, "\(time)")
                #expect(["DEBUG", "INFO", "WARNING", "ERROR"].contains(line["level"] as? String ?? ""))
                #expect(line["msg"] is String)
            }
            func line(_ text: String) throws -> [String: Any] {
                try #require(
                    lines.first { ($0["msg"] as? String ?? "").contains(text) }, "\(text): \(done.standardError)")
            }
            let updated = try line("has been updated")
            #expect(updated["resource"] as? String == "app.toml" && updated["dest"] as? String == "\(box.out)/app")
            #expect(try line("reload_cmd: reloaded")["command"] as? String == "reload_cmd")
            #expect(try line("a\u{1}b")["command"] as? String == "check_cmd")
            let missing = try line("key does not exist")
            #expect(missing["key"] as? String == "/app/none" && missing["resource"] as? String == "bad.toml")
            let unknown = try line("unknown key")
            #expect(unknown["line"] as? Int == 7 && unknown["file"] as? String == "\(box.confdir)/conf.d/app.toml")
            #expect(unknown["hint"] as? String == "did you mean \"reload_cmd\"?")
            #expect(try line("Backend source(s)")["backend"] as? String == "env")
            let summary = try line("1 changed, 0 in sync, 1 failed, in ")
            #expect(summary["changed"] as? Int == 1 && summary["failed"] as? Int == 1)
            #expect(summary["in_sync"] as? Int == 0 && summary["milliseconds"] is Int)
        }
    }

    @Test func summaryOfText() async throws {
        try await withSandbox { box in
            try box.resource("a", template: "x")
            try box.resource("b", template: "x")
            try box.write("out/b", "x")
            let done = try await box.render()
            #expect(done.exitCode == 0)
            #expect(
                done.errorLines.last?.firstMatch(of: /: INFO 1 changed, 1 in sync, 0 failed, in \d+ ms$/) != nil,
                "\(done.testDescription)")
        }
    }

    /// An error that repeats is logged a few times, and at the end with the number of repetitions.
    @Test func repeatsAreCounted() async throws {
        try await withSandbox { box in
            try box.resource("app", template: "x")
            let done = try await box.confd(
                "-onetime", "-retry-for", "10s", "-backend", "etcd", "-node", "http://127.0.0.1:\(try Ports.free())")
            #expect(done.exitCode == 4, "\(done.testDescription)")
            let errors = done.errorLines.filter { $0.contains("]: ERROR ") }
            #expect(errors.count == 4, "\(done.testDescription)")
            #expect(errors.last?.firstMatch(of: /\(repeated \d+ times\)$/) != nil)
        }
    }

    @Test func settingsErrorsAsJSON() async throws {
        try await withSandbox { box in
            try box.write("confd.toml", "interval = \"soon\"\n")
            let done = try await box.confd(
                "-onetime", "-backend", "env", "-log-format", "json", "-config-file", box.path("confd.toml"))
            #expect(done.exitCode == 2, "\(done.testDescription)")
            let line = try #require(try objects(done).first)
            #expect(line["line"] as? Int == 1 && line["column"] as? Int == 12)
        }
    }

    /// On a terminal, a step that takes more than a second shows a line of progress, which is erased at the end.
    @Test func progressOnTerminals() async throws {
        try await withSandbox { box in
            try box.resource("app", fields: "check_cmd = \"sleep 4\"", template: "x")
            let command = box.command(["-onetime", "-backend", "env"])
            let shown = try await run(box.onTerminal(command))
            #expect(shown.exitCode == 0, "\(shown.testDescription)")
            #expect(shown.standardOutput.contains(/rendering 0\/1 \(\d+ s\)/), "\(shown.testDescription)")
            let tail = try #require(shown.standardOutput.components(separatedBy: "rendering 0/1").last)
            #expect(tail.contains("\r\u{1B}[K"))
            let silent = try await run(command)
            #expect(silent.exitCode == 0)
            #expect(!silent.standardError.contains("rendering"))
        }
    }

    @Test func valuesStayOutOfJSON() async throws {
        try await withSandbox { box in
            let secret = "mArKeR7391"
            try box.resource("app", template: #"{{json (getv "/app/secret")}}"#)
            let done = try await box.render("-log-format=json", "-log-level=trace", keys: ["/app/secret": secret])
            #expect(done.exitCode == 1)
            #expect(!done.standardError.contains(secret), "\(done.testDescription)")
        }
    }
}
