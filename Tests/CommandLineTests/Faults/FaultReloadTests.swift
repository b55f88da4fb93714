import Foundation
import Glibc
import TestSupport
import Testing

/// Fault 2: a reload that failed, came too early or was killed is run all the same.
@Suite(.enabled(if: Machine.hasEtcd)) struct FaultReloadTests {
    /// One change, and a reload that fails k times: k + 1 runs, each later than the one before.
    @Test func failedReloadsAreRepeatedWithPauses() async throws {
        var report = FaultReport("2 reload", "reload_cmd fails 1 to k times, one change only")
        try await withRig { rig in
            let most = FaultScale.rounds(2, full: 5)
            let recorders = (1...most).map { Recorder(rig.box, "r\($0)") }
            for failures in 1...most {
                let recorder = recorders[failures - 1]
                let command =
                    "\(recorder.command()); test $(wc -l < \(rig.box.root)/r\(failures).record) -gt \(failures)"
                try rig.client.put("/r\(failures)", "one")
                try rig.resource("r\(failures)", key: "/r\(failures)", fields: "reload_cmd = '''\(command)'''")
            }
            let daemon = try rig.daemon()
            for failures in 1...most {
                let recorder = recorders[failures - 1]
                #expect(
                    try await eventually(seconds: 60) { recorder.runs.count == failures + 1 }, "\(daemon.standardError)"
                )
            }
            // Time in which a needless further run would show.
            try await Task.sleep(for: .seconds(FaultScale.seconds(1, full: 10)))
            for failures in 1...most {
                let runs = recorders[failures - 1].runs
                report.times += failures
                if runs.count != failures + 1 { report.lost += 1 }
                #expect(runs.count == failures + 1, "neither too few nor too many")
                for (index, (one, next)) in zip(runs, runs.dropFirst()).enumerated() {
                    // The pause doubles, and at least half of it is kept.
                    #expect(next.seconds - one.seconds > 0.45 * Double(1 << index))
                }
            }
            try await stop(daemon)
        }
        report.print()
    }

    /// Changes that come faster than `min_reload_interval` allows: the last content gets its reload.
    @Test func reloadThatCameTooEarlyIsNotDropped() async throws {
        var report = FaultReport("2 reload", "two changes within min_reload_interval")
        try await withRig { rig in
            let recorder = Recorder(rig.box, "early")
            try rig.client.put("/early", "start")
            try rig.resource(
                "early", key: "/early",
                fields: "reload_cmd = '''\(recorder.command())'''\nmin_reload_interval = \"700ms\"")
            let daemon = try rig.daemon()
            #expect(try await eventually { recorder.runs.last?.content == "start" }, "\(daemon.standardError)")
            for round in 1...FaultScale.rounds(3, full: 40) {
                try rig.client.put("/early", "first \(round)")
                // Shorter than `min_reload_interval`, and long enough for the first change to be applied, as a rule.
                try await Task.sleep(for: .milliseconds(100))
                try rig.client.put("/early", "last \(round)")
                let arrived = try await eventually { recorder.runs.last?.content == "last \(round)" }
                report.times += 1
                if !arrived { report.lost += 1 }
                #expect(arrived, "\(daemon.standardError)")
            }
            // The start of the shell takes more or less time, so the average interval is checked and not each one.
            let runs = recorder.runs
            let seconds = (runs.last?.seconds ?? 0) - (runs.first?.seconds ?? 0)
            #expect(Double(runs.count - 1) <= seconds / 0.7 + 1, "\(runs)")
            try await stop(daemon)
        }
        report.print()
    }

    /// `kill -9` before each system call of a pass in turn, then a run that is not killed: the file is old or new in
    /// full, and the service has been reloaded with the new content once, or twice at the most.
    @Test(
        .enabled(if: Machine.injectsFaults, Machine.needsFaults),
        arguments: ["file that is renamed", "sidecar mark", "first file"])
    func killedAtEverySystemCall(_ kind: String) async throws {
        var report = FaultReport("2 reload", "kill -9 before each system call of a pass: \(kind)")
        var stepsSeen: Set<String> = []
        try await withSandbox { box in
            let attributes = kind == "sidecar mark" ? " fsetxattr:1=95 fsetxattr:2=95" : ""
            let step = FaultScale.isFull ? 1 : 3
            var nth = 1
            while true {
                // The command of a killed confd goes on: it must not write into the record of the next round.
                let recorder = Recorder(box, "reload\(nth)")
                try box.resource(
                    "app", fields: "check_cmd = \"true\"\nreload_cmd = '''\(recorder.command())'''",
                    template: #"{{getv "/app/name"}}"# + "\n")
                if kind == "first file" { unlink(box.path("out/app")) } else { try settle(box) }
                let killed = try await box.render(
                    keys: ["/app/name": "new"], environment: ["CONFD_FAULTS": "*:\(nth)=kill\(attributes)"])
                if killed.exitCode == 0 { break }
                #expect(killed.ending == .signalled(SIGKILL), "\(killed.testDescription)")
                report.times += 1
                let content = box.output("app")
                let isWhole = content == "new\n" || content == (kind == "first file" ? nil : "old\n")
                #expect(isWhole, "call \(nth): \(content ?? "no file")")
                stepsSeen.insert(content == "new\n" ? "after the rename" : "before the rename")
                let again = try await box.render(keys: ["/app/name": "new"])
                #expect(again.exitCode == 0, "\(again.testDescription)")
                let isRight = box.output("app") == "new\n" && recorder.runs.last?.content == "new"
                if !isRight || !isWhole { report.lost += 1 }
                #expect(isRight, "call \(nth)\n\(again.testDescription)")
                #expect(recorder.runs.count <= 2, "call \(nth): at most one reload is needless")
                let idle = try await box.render(keys: ["/app/name": "new"])
                #expect(idle.exitCode == 0 && recorder.runs.count <= 2, "nothing is owed any more")
                nth += step
            }
            #expect(stepsSeen.count == 2)
        }
        report.print()
    }

    private func settle(_ box: Sandbox) throws {
        unlink(box.path("out/app"))
        try box.write("out/app", "old\n")
    }
}
