import Foundation
import Glibc
import TestSupport
import Testing

/// Faults 8 and 9: a bad resource does not keep others from being updated.
@Suite(.enabled(if: Machine.hasEtcd)) struct FaultNeighbourTests {
    /// One bad resource: lines of its TOML after `[template]`, or the whole file, and its template.
    private struct Bad {
        let name: String
        var fields = ""
        var toml: String?
        var template = "x\n"
        /// What the log says of it.
        let says: String
    }

    private func bad(_ box: Sandbox) -> [Bad] {
        let base = "src = \"good0.tmpl\"\nkeys = [\"/app\"]\n"
        func dest(_ path: String) -> String { "[template]\n\(base)dest = \"\(path)\"\n" }
        return [
            Bad(name: "toml", toml: "[template\n", says: "toml.toml:1:"),
            Bad(name: "type", toml: "[template]\nsrc = 1\n", says: "type.toml"),
            Bad(name: "source", toml: "[template]\nsrc = \"none.tmpl\"\ndest = \"/none/x\"\n", says: "none.tmpl"),
            Bad(name: "owner", fields: "owner = \"nobody-at-all\"", says: "nobody-at-all"),
            Bad(name: "mode", fields: "mode = \"9\"", says: "mode.toml"),
            Bad(name: "field", fields: "check_cmd = \"{{.nothing}}\"", says: "nothing"),
            Bad(name: "syntax", template: "{{if}}\n", says: "syntax.tmpl"),
            Bad(name: "function", template: "{{nothing 1}}\n", says: "function \"nothing\" not defined"),
            Bad(name: "missing", template: "{{getv \"/none\"}}\n", says: "/none"),
            Bad(name: "panic", template: "{{index \"abc\" 9}}\n", says: "index out of range"),
            Bad(name: "include", template: "{{include \"none.tmpl\"}}\n", says: "none.tmpl"),
            Bad(
                name: "recursion", template: "{{define \"t\"}}{{template \"t\"}}{{end}}{{template \"t\"}}\n",
                says: "depth"),
            Bad(name: "folder", toml: dest(box.root), says: box.root),
            Bad(name: "nowhere", toml: dest("/proc/none/x"), says: "/proc/none"),
            Bad(
                name: "notfolder", toml: dest("\(box.confdir)/conf.d/good0.toml/x"),
                says: "good0.toml: not a directory"),
            Bad(name: "loop", toml: dest("\(box.root)/loop"), says: "\(box.root)/loop"),
            Bad(name: "check", fields: "check_cmd = \"exit 3\"", says: "exit status 3"),
            Bad(name: "hangs", fields: "check_cmd = \"sleep 1000\"\ncheck_cmd_timeout = \"1s\"", says: "timed out"),
            Bad(name: "reload", fields: "reload_cmd = \"exit 4\"", says: "exit status 4"),
            Bad(name: "chatty", fields: "reload_cmd = \"head -c 1000000000 /dev/zero; exit 5\"", says: "exit status 5"),
        ]
    }

    private func write(_ box: Sandbox, _ all: [Bad]) throws {
        symlink("loop", box.path("loop"))
        for bad in all {
            if let toml = bad.toml {
                try box.write("confdir/conf.d/\(bad.name).toml", toml)
            } else {
                try box.resource(bad.name, fields: bad.fields, template: bad.template)
            }
        }
        for index in 0..<20 { try box.resource("good\(index)", template: "{{getv \"/app/name\"}}\n") }
    }

    @Test func badNeighboursOfGoodResources() async throws {
        var report = FaultReport("8 bad resource", "20 kinds of bad resources beside 20 good ones")
        var slowest = 0.0
        try await withRig { rig in
            let all = bad(rig.box)
            try write(rig.box, all)
            try rig.client.put("/app/name", "start")
            let once = try await run(rig.box.command(["-onetime", "-node", rig.node]), seconds: 60)
            #expect(once.exitCode == 1, "\(once.testDescription)")
            for bad in all {
                #expect(once.standardError.contains(bad.says), "\(bad.name)\n\(once.standardError.prefix(9_000))")
            }
            #expect(
                (0..<20).allSatisfy { rig.box.output("good\($0)") == "start\n" }, "\(once.standardError.prefix(9_000))")

            let daemon = try rig.daemon()
            // Time for the first pass, which the rounds are not to measure.
            try await Task.sleep(for: .seconds(1))
            for round in 1...FaultScale.rounds(8, full: 100) {
                let began = ContinuousClock.now
                try rig.client.put("/app/name", "value \(round)")
                let arrived = try await eventually {
                    (0..<20).allSatisfy { rig.box.output("good\($0)") == "value \(round)\n" }
                }
                slowest = max(slowest, (ContinuousClock.now - began) / .seconds(1))
                report.times += all.count
                if !arrived { report.lost += 1 }
                #expect(arrived, "round \(round)\n\(daemon.standardError.suffix(3_000))")
                try await Task.sleep(for: .milliseconds(200))
            }
            let usage = try #require(Usage(of: daemon.processID))
            report.measured =
                String(format: "slowest good update %.2f s, ", slowest) + "\(usage.residentKiB / 1_024) MiB"
            #expect(usage.residentKiB < 200 << 10)
            try await stop(daemon)
        }
        report.print()
    }

    /// Templates that run into their limit of a minute, more of them than there are processors.
    @Test func endlessTemplates() async throws {
        var report = FaultReport("8 bad resource", "more endless templates than processors")
        try await withRig { rig in
            let endless = "{{range seq 1 100000}}{{range seq 1 100000}}{{end}}{{end}}"
            for index in 0..<6 { try rig.box.resource("endless\(index)", template: endless) }
            try rig.resource("good", key: "/app")
            try rig.client.put("/app", "start")
            let daemon = try rig.daemon("-shutdown-timeout", "500ms")
            var slowest = 0.0
            for round in 1...FaultScale.rounds(3, full: 30) {
                let began = ContinuousClock.now
                try rig.client.put("/app", "value \(round)")
                let arrived = try await rig.holds("good", "value \(round)")
                report.times += 1
                if !arrived { report.lost += 1 }
                #expect(arrived, "\(daemon.standardError)")
                slowest = max(slowest, (ContinuousClock.now - began) / .seconds(1))
            }
            report.measured = String(format: "slowest good update %.2f s", slowest)
            // Without the short `-shutdown-timeout` this would wait for the templates, up to a minute.
            try await stop(daemon)
        }
        report.print()
    }

    // MARK: 9 Commands that hang

    /// One kind of command that does not end as it should.
    enum Hanging: String, CaseIterable {
        case sleeps = "PROGRAM"
        case daemonised = "nohup PROGRAM >/dev/null & nohup PROGRAM &"
        case ignoresTerm = "trap '' TERM; (trap '' TERM; PROGRAM; PROGRAM) & PROGRAM; PROGRAM"
        case chatty = "yes | PROGRAM"

        /// A program with an argument that no other process has, also where these tests run twice on one machine: it ends with
        /// the ID of this process.
        var program: String {
            switch self {
            case .sleeps: "sleep 1005.\(getpid())"
            case .daemonised: "sleep 1006.\(getpid())"
            case .ignoresTerm: "sleep 1007.\(getpid())"
            case .chatty: "head -c 10000\(getpid())"
            }
        }

        var command: String { rawValue.replacingOccurrences(of: "PROGRAM", with: program) }

        /// The command in docs/reliability.md.
        var title: String {
            rawValue.replacingOccurrences(of: "PROGRAM", with: self == .chatty ? "head -c 1000000000" : "sleep 1000")
                .replacingOccurrences(of: "|", with: "\\|")
        }
    }

    @Test(arguments: Hanging.allCases) func hangingCommand(_ kind: Hanging) async throws {
        var report = FaultReport(
            "9 hanging command", "`\(kind.title)` as reload_cmd")
        try await withRig { rig in
            let recorder = Recorder(rig.box, "good")
            let timeout = kind == .daemonised ? "60s" : "1s"
            try rig.resource(
                "bad", key: "/bad",
                fields: "reload_cmd = '''\(kind.command) # \(rig.box.root)'''\nreload_cmd_timeout = \"\(timeout)\"")
            try rig.resource("good", key: "/good", fields: "reload_cmd = '''\(recorder.command())'''")
            try rig.client.put("/bad", "start")
            try rig.client.put("/good", "start")
            let daemon = try rig.daemon()
            var slowest = 0.0
            var newest = "start"
            for round in 1...FaultScale.rounds(10, full: 200) {
                try rig.client.put("/good", "value \(round)")
                if round % 5 == 1 {
                    newest = "value \(round)"
                    try rig.client.put("/bad", newest)
                }
                let began = ContinuousClock.now
                let arrived = try await eventually { recorder.runs.last?.content == "value \(round)" }
                slowest = max(slowest, (ContinuousClock.now - began) / .seconds(1))
                report.times += 1
                if !arrived { report.lost += 1 }
                #expect(arrived, "\(daemon.standardError.suffix(2_000))")
            }
            #expect(try await rig.holds("bad", newest))
            let usage = try #require(Usage(of: daemon.processID))
            #expect(usage.residentKiB < 120 << 10, "\(usage)")
            report.measured = String(format: "slowest neighbour %.2f s, ", slowest) + "\(usage.residentKiB / 1_024) MiB"
            if kind == .daemonised {
                #expect(!daemon.standardError.contains("timed out"), "\(daemon.standardError)")
                #expect(isRunning(kind.program), "a daemon is left alone")
            } else if kind != .chatty {
                #expect(try await eventually { daemon.standardError.contains("timed out after 1s") })
            }
            daemon.send(SIGTERM)
            let done = try await daemon.wait(seconds: 40)
            #expect(done.exitCode == 0, "\(done.testDescription.suffix(2_000))")
            let isOver = try await eventually {
                // One may not have become the program yet when the first ones are ended.
                if kind == .daemonised { try endDaemons(kind.program) }
                return !isRunning(kind.program)
            }
            #expect(isOver, "the whole group has ended")
        }
        report.print()
    }

    private func endDaemons(_ program: String) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: "/proc") {
            guard let id = pid_t(name), let data = FileManager.default.contents(atPath: "/proc/\(id)/cmdline") else {
                continue
            }
            let line = String(decoding: data, as: UTF8.self).split(separator: "\0").joined(separator: " ")
            if line == program { kill(id, SIGKILL) }
        }
    }
}
