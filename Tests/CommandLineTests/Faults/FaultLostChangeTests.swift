import Foundation
import Glibc
import TestSupport
import Testing

/// Fault 1: applying a change fails once, and no further event comes.
@Suite(.enabled(if: Machine.hasEtcd)) struct FaultLostChangeTests {
    /// What makes one step fail until it is removed.
    enum Obstacle: String, CaseIterable {
        case get, render, write, check, reload, destination

        /// Makes the step fail for the resource `name`.
        func set(_ rig: FaultRig, _ name: String) throws {
            let box = rig.box
            switch self {
            case .get: rig.proxy.refuse()
            case .render: try box.write("\(name).broken", "")
            case .write: rename(box.path("files-\(name)"), box.path("away-\(name)"))
            case .check: try box.write("\(name).refused", "")
            case .reload: try box.write("\(name).down", "")
            case .destination:
                unlink(box.path("files-\(name)/app"))
                mkdir(box.path("files-\(name)/app"), 0o755)
            }
        }

        func remove(_ rig: FaultRig, _ name: String) throws {
            let box = rig.box
            switch self {
            case .get: try rig.proxy.accept()
            case .render: unlink(box.path("\(name).broken"))
            case .write: rename(box.path("away-\(name)"), box.path("files-\(name)"))
            case .check: unlink(box.path("\(name).refused"))
            case .reload: unlink(box.path("\(name).down"))
            case .destination: rmdir(box.path("files-\(name)/app"))
            }
        }
    }

    private func addResource(_ box: Sandbox, _ name: String) throws {
        try box.write("files-\(name)/app", "")
        // confd does not watch the files that `fileExists` looks for, so no event comes when the obstacle is removed.
        try box.write(
            "confdir/templates/\(name).tmpl",
            "{{if fileExists \"\(box.root)/\(name).broken\"}}{{atoi \"x\"}}{{end}}{{getv \"/\(name)\"}}\n")
        // The check times out, and thus says nothing about the content: it has to be tried again.
        try box.write(
            "confdir/conf.d/\(name).toml",
            """
            [template]
            src = "\(name).tmpl"
            dest = "\(box.root)/files-\(name)/app"
            keys = ["/\(name)"]
            check_cmd = '''test ! -e \(box.root)/\(name).refused || sleep 9'''
            check_cmd_timeout = "1s"
            reload_cmd = '''test ! -e \(box.root)/\(name).down && cp {{.dest}} \(box.root)/\(name).service'''

            """)
    }

    /// In each round, an obstacle is in the way of exactly one change of its resource, and then removed.
    @Test func changeArrivesWhateverFailed() async throws {
        var report = FaultReport("1 lost change", "get, render, write, check, reload or dest fails for one change")
        var slowest = 0.0
        try await withRig { rig in
            let box = rig.box
            let names = Obstacle.allCases.map { "\($0)" }
            for name in names { try addResource(box, name) }
            for name in names { try rig.client.put("/\(name)", "start") }
            let daemon = try rig.daemon()
            let start = try await eventually { names.allSatisfy { box.read("\($0).service") == "start\n" } }
            #expect(start, "\(daemon.standardError)")
            var random = SeededGenerator(seed: 1)
            for round in 1...FaultScale.rounds(2, full: 40) {
                // Without the store no other step is reached, so it is unavailable in rounds of its own.
                let isStoresRound = round.isMultiple(of: FaultScale.rounds(2, full: 4))
                let inTheWay = Obstacle.allCases.filter { ($0 == .get) == isStoresRound }
                for obstacle in inTheWay { try obstacle.set(rig, "\(obstacle)") }
                for name in names { try rig.client.put("/\(name)", "value \(round)") }
                // Long enough for confd to fail at the obstacle, in some rounds several times.
                try await Task.sleep(for: .milliseconds(Int.random(in: 300...1_500, using: &random)))
                for obstacle in inTheWay { try obstacle.remove(rig, "\(obstacle)") }
                let healed = ContinuousClock.now
                for obstacle in Obstacle.allCases {
                    let name = "\(obstacle)"
                    let arrived = try await eventually {
                        box.read("\(name).service") == "value \(round)\n"
                    }
                    report.times += 1
                    if !arrived { report.lost += 1 }
                    #expect(arrived, "\(name), round \(round)\n\(daemon.standardError)")
                    #expect(box.read("files-\(name)/app") == "value \(round)\n")
                }
                slowest = max(slowest, (ContinuousClock.now - healed) / .seconds(1))
            }
            try await stop(daemon)
        }
        report.measured = "slowest \(String(format: "%.1f", slowest)) s after the heal"
        report.print()
    }

    /// The check refuses a content for a reason that goes away: without a change it is checked again, but not often. This
    /// takes up to a minute; SchedulerTests has the same with a manual clock.
    @Test(.enabled(if: FaultScale.isFull)) func refusedContentIsCheckedAgain() async throws {
        var report = FaultReport("1 lost change", "check_cmd exits with 1 for one change")
        try await withRig { rig in
            let recorder = Recorder(rig.box, "checks")
            let check = "\(recorder.command("{{.src}}")); test ! -e \(rig.box.root)/refused"
            try rig.client.put("/app", "start")
            try rig.resource("app", key: "/app", fields: "check_cmd = '''\(check)'''")
            let daemon = try rig.daemon()
            #expect(try await rig.holds("app", "start"), "\(daemon.standardError)")
            try rig.box.write("refused", "")
            try rig.client.put("/app", "changed")
            // The run is recorded before the check has looked.
            #expect(try await eventually { daemon.standardError.contains("Config check failed") })
            #expect(recorder.runs.count == 2)
            unlink(rig.box.path("refused"))
            let healed = ContinuousClock.now
            report.times = 1
            let arrived = try await rig.holds("app", "changed", seconds: 70)
            if !arrived { report.lost = 1 }
            #expect(arrived, "\(daemon.standardError)")
            #expect(recorder.runs.count == 3, "not checked at each opportunity")
            report.measured = String(format: "%.0f s after the heal", (ContinuousClock.now - healed) / .seconds(1))
            try await stop(daemon)
        }
        report.print()
    }

    /// Three system calls of the daemon fail, at random points that the seed gives: the change arrives nevertheless.
    @Test(.enabled(if: Machine.injectsFaults, Machine.needsFaults)) func changeArrivesWhateverSystemCallFailed()
        async throws
    {
        var report = FaultReport("1 lost change", "a system call of a random step fails, once or several times")
        let calls = [
            "open", "fstat", "fchmod", "fsync", "rename", "write", "lstat", "pipe2", "posix_spawn", "read", "poll",
            "fsetxattr", "fremovexattr", "stat", "pthread_create", "eventfd", "pidfd_open", "inotify_add_watch",
        ]
        try await withRig { rig in
            let seeds = FaultScale.rounds(12, full: 200)
            for first in stride(from: 0, to: seeds, by: 6) {
                let batch = first..<min(first + 6, seeds)
                let lost = try await round(batch, calls, rig)
                report.times += batch.count
                report.lost += lost
            }
        }
        report.print()
    }

    /// One failure of `call`, in the syntax of CONFD_FAULTS.
    private func fault(_ call: String, _ random: inout SeededGenerator) -> String {
        // The first reads are those of the program's start, which may end it.
        let nth = Int.random(in: 1...20, using: &random) + (call == "read" ? 40 : 3)
        // The kernel has one reason only to refuse a poll.
        let codes = call == "poll" ? [ENOMEM] : [EIO, ENOMEM, EMFILE, ENOSPC]
        return "\(call):\(nth)=\(codes.randomElement(using: &random) ?? EIO)"
    }

    /// Runs one daemon for each seed, all at once, and returns how many did not apply the change.
    private func round(_ seeds: Range<Int>, _ calls: [String], _ rig: FaultRig) async throws -> Int {
        var running: [(seed: Int, faults: String, child: Child)] = []
        for seed in seeds {
            var random = SeededGenerator(seed: UInt64(seed))
            let name = "s\(seed)"
            let faults = (0..<3).map { _ in fault(calls.randomElement(using: &random) ?? "rename", &random) }
                .joined(separator: " ")
            let folder = "dir\(seed)"
            try rig.client.put("/\(name)", "start")
            try rig.box.write(
                "\(folder)/conf.d/app.toml",
                """
                [template]
                src = "app.tmpl"
                dest = "\(rig.box.root)/\(folder)/app"
                keys = ["/\(name)"]
                check_cmd = "true"
                reload_cmd = "cp {{.dest}} \(rig.box.root)/\(folder)/service"

                """)
            try rig.box.write("\(folder)/templates/app.tmpl", "{{getv \"/\(name)\"}}\n")
            let command = rig.box.command(
                ["-watch", "-interval", "0", "-node", rig.node, "-confdir", rig.box.path(folder)],
                environment: ["CONFD_FAULTS": faults], confdir: false)
            running.append((seed, faults, try Child(command)))
        }
        // Time for the daemons to start, and for some of the faults to occur before the change.
        try await Task.sleep(for: .milliseconds(700))
        for one in running { try rig.client.put("/s\(one.seed)", "changed") }
        var lost = 0
        for (seed, faults, child) in running {
            // A daemon that has ended will not apply the change: there is no use in waiting.
            let arrived = try await eventually(seconds: 20) {
                rig.box.read("dir\(seed)/service") == "changed\n" || !child.isRunning
            }
            if !arrived || !child.isRunning { lost += 1 }
            #expect(arrived && child.isRunning, "seed \(seed): \(faults)\n\(child.standardError)")
            child.send(SIGTERM)
        }
        for one in running { _ = try await one.child.wait() }
        return lost
    }
}
