import Foundation
import TestSupport
import Testing

/// Report: `ulimit -n 64` made 189 of 200 resources fail.
@Suite struct DescriptorLimitTests {
    /// Commands get the limit that confd was started with.
    @Test("Few files may be open", arguments: [32, 64])
    func aRoundOverManyResources(_ limit: Int) async throws {
        try await withSandbox { box in
            let names = (0..<100).map { "app\($0)" }
            for name in names {
                let fields = "check_cmd = \"test -s {{.src}}\"\nreload_cmd = \"ulimit -n > \(box.root)/\(name).limit\""
                try box.resource(name, fields: fields, template: #"{{getv "/app/name"}}"#)
            }
            let done = try await run(
                limited(box.command(["-onetime", "-backend", "env"], environment: ["APP_NAME": "value"]), limit),
                seconds: 120)
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(names.allSatisfy { box.output($0) == "value" }, "\(done.testDescription)")
            #expect(names.allSatisfy { box.read("\($0).limit") == "\(limit)\n" })
        }
    }

    @Test("As few, in a daemon")
    func aDaemonOverManyResources() async throws {
        try await withSandbox { box in
            let names = (0..<100).map { "app\($0)" }
            for name in names {
                let fields = "check_cmd = \"test -s {{.src}}\"\nreload_cmd = \"\(box.counting(name))\""
                try box.resource(name, fields: fields, template: #"{{getv "/app/name"}}"#)
            }
            let daemon = try Child(
                limited(
                    box.command(
                        ["-interval", "3600", "-backend", "env"], environment: ["APP_NAME": "value"]), 64))
            #expect(
                try await eventually(seconds: 120) { names.allSatisfy { box.runs(of: $0) == 1 } },
                "\(daemon.standardError)")
            #expect(!daemon.standardError.contains("too many open files"), "\(daemon.standardError)")
            daemon.send(SIGTERM)
            let done = try await daemon.wait()
            #expect(done.exitCode == 0, "\(done.testDescription)")
        }
    }

    private func limited(_ command: ChildCommand, _ limit: Int) -> ChildCommand {
        var limited = command
        limited.executable = "/bin/sh"
        limited.arguments =
            ["-c", "ulimit -n \(limit); exec \"$0\" \"$@\"", command.executable] + command.arguments
        return limited
    }
}
