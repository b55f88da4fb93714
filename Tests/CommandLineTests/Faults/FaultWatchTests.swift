import Foundation
import Glibc
import TestSupport
import Testing

/// Faults 3 to 7: failures between confd and etcd.
@Suite(.enabled(if: Machine.hasEtcd)) struct FaultWatchTests {
    // MARK: 3 A dead watch that looks alive

    /// Tokens expire, and the etcd that issued them is restarted.
    @Test func watchOutlivesItsToken() async throws {
        var report = FaultReport("3 dead watch", "token runs out (TTL 2 s), etcd restarted")
        try await withRig(arguments: ["--auth-token-ttl", "2"]) { rig in
            try rig.client.put("/app", "start")
            try await rig.etcd.enableAuthentication(password: "secret")
            try rig.resource("app", key: "/app")
            let daemon = try rig.daemon("-basic-auth", "-username", "root", "-password", "secret")
            #expect(try await rig.holds("app", "start"), "\(daemon.standardError)")
            for round in 1...FaultScale.rounds(1, full: 6) {
                // Longer than the two seconds that a token is valid.
                try await Task.sleep(for: .milliseconds(3_500))
                if round % 2 == 1 {
                    rig.etcd.stop()
                    try await rig.etcd.start()
                }
                try await rig.etcd.put("/app", "value \(round)")
                let arrived = try await rig.holds("app", "value \(round)")
                report.times += 1
                if !arrived { report.lost += 1 }
                #expect(arrived, "\(daemon.standardError)")
            }
            try await stop(daemon)
        }
        report.print()
    }

    /// The proxy holds all bytes back without a reset, for longer than the heartbeat waits; a key is written meanwhile.
    @Test func blackHoleIsNoticed() async throws {
        var report = FaultReport("3 dead watch", "black hole without RST for longer than the heartbeat")
        let seconds = FaultScale.seconds(24, full: 60)
        try await withRig { rig in
            try rig.client.put("/app", "start")
            try rig.resource("app", key: "/app")
            let daemon = try rig.daemon()
            #expect(try await rig.holds("app", "start"), "\(daemon.standardError)")
            rig.proxy.hold()
            try rig.client.put("/app", "unseen")
            let noticed = try await eventually(seconds: seconds) { daemon.standardError.contains("ERROR") }
            #expect(noticed, "the log says that the backend does not answer\n\(daemon.standardError)")
            try await Task.sleep(for: .seconds(FaultScale.seconds(0, full: 40)))
            // The bytes held back never arrive: only a new stream shows the changes.
            rig.proxy.cut()
            try rig.client.put("/app", "after")
            let healed = ContinuousClock.now
            rig.proxy.release()
            let arrived = try await rig.holds("app", "after")
            report.times += 1
            if !arrived { report.lost += 1 }
            #expect(arrived, "\(daemon.standardError)")
            report.measured = String(format: "%.1f s after the heal", (ContinuousClock.now - healed) / .seconds(1))
            try await stop(daemon)
        }
        report.print()
    }

    /// One member of three is cut off from the others: a daemon that knows all three goes to another member, a daemon that
    /// knows only this one catches up when it is back.
    @Test func isolatedMember() async throws {
        var report = FaultReport("3 dead watch", "the watched member of three is cut off from its peers")
        var elsewhere = 0.0
        var pinnedBack = 0.0
        try await withSandbox { box in
            let cluster = try await EtcdCluster.start(in: box)
            let clients = cluster.members.map { EtcdClient(port: $0.port) }
            try clients[0].put("/app", "start")
            try box.resource("app", keys: ["/app"], template: "{{getv \"/app\"}}\n")
            try box.write(
                "pinned/conf.d/app.toml",
                "[template]\nsrc = \"app.tmpl\"\ndest = \"\(box.out)/pinned\"\nkeys = [\"/app\"]\n")
            try box.write("pinned/templates/app.tmpl", "{{getv \"/app\"}}\n")
            let nodes = cluster.endpoints.flatMap { ["-node", $0] }
            let free = try Child(box.command(["-watch", "-interval", "0"] + nodes))
            let pinned = try Child(
                box.command(
                    ["-watch", "-interval", "0", "-node", cluster.endpoints[0], "-confdir", box.path("pinned")],
                    confdir: false))
            let started = try await eventually { box.output("app") == "start\n" && box.output("pinned") == "start\n" }
            #expect(started, "\(free.standardError)\(pinned.standardError)")
            for round in 1...FaultScale.rounds(1, full: 5) {
                cluster.isolate(0)
                let put = try await eventually {
                    (try? clients[1].put("/app", "value \(round)")) != nil
                }
                #expect(put, "the others go on")
                let since = ContinuousClock.now
                let arrived = try await eventually { box.output("app") == "value \(round)\n" }
                elsewhere = max(elsewhere, (ContinuousClock.now - since) / .seconds(1))
                #expect(arrived, "\(free.standardError)")
                // Later rounds fail in the same words, which are not logged as errors each time.
                let noticed = try await eventually { pinned.standardError.contains("ERROR") }
                #expect(noticed, "\(pinned.standardError)")
                #expect(box.output("pinned") != "value \(round)\n", "it is cut off")
                cluster.heal()
                let healed = ContinuousClock.now
                let caughtUp = try await eventually { box.output("pinned") == "value \(round)\n" }
                pinnedBack = max(pinnedBack, (ContinuousClock.now - healed) / .seconds(1))
                #expect(caughtUp, "\(pinned.standardError)")
                report.times += 1
                if !arrived || !caughtUp { report.lost += 1 }
            }
            try await stop(free)
            try await stop(pinned)
        }
        report.measured = String(format: "elsewhere after %.1f s, back %.1f s after the heal", elsewhere, pinnedBack)
        report.print()
    }

    // MARK: 4 A burst

    @Test(arguments: ["watch", "interval", "watch and interval"])
    func lastChangeOfABurst(_ mode: String) async throws {
        var report = FaultReport("4 burst", "puts over 50 keys as fast as possible, reload takes 0 to 200 ms: \(mode)")
        let options = [
            "watch": ["-watch", "-interval", "0"], "interval": ["-interval", "1s"],
            "watch and interval": ["-watch", "-interval", "1s"],
        ]
        var puts = 0
        try await withRig { rig in
            let recorder = Recorder(rig.box, "burst")
            try rig.box.resource(
                "burst", keys: ["/k"],
                fields: """
                    reload_cmd = '''\(recorder.command()); sleep 0.$(($$ % 20 / 10))$(($$ % 10))'''
                    debounce = "20ms"
                    max_wait = "100ms"
                    """, template: "{{range gets \"/k/*\"}}{{.Value}} {{end}}\n")
            for key in 0..<50 { try rig.client.put("/k/\(key)", "start") }
            let daemon = try Child(rig.box.command((options[mode] ?? []) + ["-node", rig.node]))
            #expect(try await eventually { recorder.runs.count == 1 }, "\(daemon.standardError)")
            var random = SeededGenerator(seed: 4)
            for round in 1...FaultScale.rounds(3, full: 60) {
                let began = ContinuousClock.now
                let reloadsBefore = recorder.runs.count
                let count =
                    round == 1 ? FaultScale.rounds(2_000, full: 10_000) : Int.random(in: 2...200, using: &random)
                for put in 0..<count {
                    try rig.client.put("/k/\(Int.random(in: 0..<50, using: &random))", "\(round).\(put)")
                }
                puts += count
                let state = try rig.client.all("/k/")
                let expected = state.sorted { $0.key < $1.key }.map { $0.value + " " }.joined()
                let arrived = try await eventually {
                    rig.box.output("burst") == expected + "\n" && recorder.runs.last?.content == expected
                }
                report.times += 1
                if !arrived { report.lost += 1 }
                #expect(arrived, "round \(round)\n\(daemon.standardError.suffix(2_000))")
                // At most one reload for each max_wait, and one at the end.
                let seconds = (ContinuousClock.now - began) / .seconds(1)
                #expect(recorder.runs.count - reloadsBefore <= Int(seconds / 0.1) + 2)
            }
            try await stop(daemon)
        }
        report.measured = "\(puts) puts"
        report.print()
    }

    // MARK: 5 Compaction

    /// The proxy lets nothing through while thousands of revisions are written and compacted.
    @Test func compactionWhileAway() async throws {
        var report = FaultReport("5 compaction", "5,000 revisions with deletes, compaction and defragmentation unseen")
        try await withRig { rig in
            for key in 0..<100 { try rig.client.put("/k/\(key)", "start") }
            try rig.box.resource(
                "all", keys: ["/k"], template: "{{range gets \"/k/*\"}}{{.Key}}={{.Value}} {{end}}\n")
            let daemon = try rig.daemon()
            #expect(try await eventually { rig.box.output("all")?.contains("/k/99=start") ?? false })
            var random = SeededGenerator(seed: 5)
            for round in 1...FaultScale.rounds(1, full: 5) {
                let before = try #require(Usage(of: daemon.processID))
                let reads = try Self.reads(rig)
                rig.proxy.hold()
                // Every second time the stream itself survives.
                if round % 2 == 1 { rig.proxy.cut() }
                for revision in 0..<5_000 {
                    let key = "/k/\(Int.random(in: 0..<100, using: &random))"
                    if revision % 3 == 0 {
                        try rig.client.delete(key)
                    } else {
                        try rig.client.put(key, "\(round).\(revision)")
                    }
                }
                try rig.client.compactAndDefragment()
                rig.proxy.release()
                let state = try rig.client.all("/k/")
                let ours = 2.0  // The calls of compactAndDefragment() and all(_:).
                let expected = state.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value) " }.joined() + "\n"
                let arrived = try await eventually { rig.box.output("all") == expected }
                report.times += 1
                if !arrived { report.lost += 1 }
                #expect(arrived, "\(daemon.standardError)")
                // Time in which needless further reads would show.
                try await Task.sleep(for: .seconds(FaultScale.seconds(3, full: 20)))
                let isBounded = try await before.holds(for: daemon.processID, descriptors: 2)
                let after = try #require(Usage(of: daemon.processID))
                let lists = try Self.reads(rig) - reads - ours
                #expect(lists < 4 && (lists > 0 || round % 2 == 0), "\(lists) reads")
                #expect(isBounded, "\(before) \(after)")
                report.measured = "\(Int(lists)) reads, \(after.descriptors) descriptors, \(after.threads) threads"
            }
            // The next change comes as an event again.
            try rig.client.put("/k/0", "end")
            #expect(try await eventually { rig.box.output("all")?.contains("/k/0=end ") ?? false })
            let idle = try #require(Usage(of: daemon.processID))
            let start = ContinuousClock.now
            try await Task.sleep(for: .seconds(FaultScale.seconds(2, full: 60)))
            let later = try #require(Usage(of: daemon.processID))
            let pause = (ContinuousClock.now - start) / .seconds(1)
            #expect(later.cpuSeconds - idle.cpuSeconds < 0.1 * pause, "CPU at rest")
            try await stop(daemon)
        }
        report.print()
    }

    /// How often keys were read since etcd was started, in transactions and without.
    private static func reads(_ rig: FaultRig) throws -> Double {
        try ["Range", "Txn"].reduce(0) { sum, method in
            sum
                + (try rig.client.metric(
                    "grpc_server_started_total", label: "grpc_method=\"\(method)\",grpc_service=\"etcdserverpb.KV\""))
        }
    }

    // MARK: 6 Outage

    /// etcd is unreachable at the start, and then gone and back again and again.
    @Test func outage() async throws {
        var report = FaultReport("6 outage", "etcd absent at start, then gone and back again and again")
        let away = FaultScale.seconds(6, full: 120)
        try await withRig { rig in
            rig.proxy.refuse()
            try rig.client.put("/app", "start")
            try rig.resource("app", key: "/app")
            let daemon = try rig.daemon()
            let start = ContinuousClock.now
            try await Task.sleep(for: .seconds(away))
            let absent = try #require(Usage(of: daemon.processID))
            let absence = (ContinuousClock.now - start) / .seconds(1)
            let lines = daemon.standardError.split(separator: "\n").count
            #expect(lines < 12, "the log stays short\n\(daemon.standardError)")
            try rig.proxy.accept()
            #expect(try await rig.holds("app", "start", seconds: 60), "\(daemon.standardError)")
            var first: Usage?
            for round in 1...FaultScale.rounds(20, full: 500) {
                rig.proxy.refuse()
                try rig.client.put("/app", "value \(round)")
                try await Task.sleep(for: .milliseconds(20))
                try rig.proxy.accept()
                let arrived = try await rig.holds("app", "value \(round)", seconds: 60)
                report.times += 1
                if !arrived { report.lost += 1 }
                #expect(arrived, "round \(round)\n\(daemon.standardError.suffix(3_000))")
                if round == 10 { first = Usage(of: daemon.processID) }
            }
            let base = try #require(first)
            #expect(absent.cpuSeconds < 0.5 + 0.05 * absence, "\(absent)")
            // Up to eight dead connections stay until the next one is made.
            let isBounded = try await base.holds(for: daemon.processID, descriptors: 8)
            let last = try #require(Usage(of: daemon.processID))
            #expect(isBounded, "\(base) \(last)")
            #expect(Double(last.residentKiB) < 1.05 * Double(base.residentKiB) + 2_000, "\(base) \(last)")
            report.measured =
                String(format: "%.2f s of CPU in %.0f s away", absent.cpuSeconds, absence)
                + ", \(base.residentKiB / 1_024) → \(last.residentKiB / 1_024) MiB, \(last.descriptors) descriptors"
            try await stop(daemon)
        }
        report.print()
    }

    /// The server itself is killed and started again.
    @Test func etcdIsKilled() async throws {
        var report = FaultReport("6 outage", "etcd killed with SIGKILL and started again")
        try await withRig { rig in
            try rig.client.put("/app", "start")
            try rig.resource("app", key: "/app")
            let daemon = try rig.daemon()
            #expect(try await rig.holds("app", "start"), "\(daemon.standardError)")
            for round in 1...FaultScale.rounds(2, full: 20) {
                rig.etcd.kill()
                try await rig.etcd.start()
                try rig.client.put("/app", "value \(round)")
                let arrived = try await rig.holds("app", "value \(round)", seconds: 60)
                report.times += 1
                if !arrived { report.lost += 1 }
                #expect(arrived, "round \(round)\n\(daemon.standardError)")
            }
            try await stop(daemon)
        }
        report.print()
    }

    // MARK: 7 Blank or mixed

    /// Answers are cut after n bytes, for ever more n, while a and b change together.
    @Test func neverBlankNeverMixed() async throws {
        var report = FaultReport(
            "7 blank or mixed", "answers cut after n bytes, for ever larger n, a = b in one transaction")
        var renderings = 0
        try await withRig { rig in
            let recorder = Recorder(rig.box, "seen")
            // The check sees every rendering, also those that something newer would replace at once.
            try rig.box.resource(
                "pair", keys: ["/a", "/b", "/fill"], fields: "check_cmd = '''\(recorder.command("{{.src}}"))'''",
                template: "{{getv \"/a\"}} {{getv \"/b\"}} {{len (gets \"/fill/*\")}}\n")
            let keys = (0..<200).map { ("/fill/\($0)", "x") }
            try rig.client.putTogether(keys + [("/a", "0"), ("/b", "0")])
            let daemon = try rig.daemon()
            #expect(try await rig.holds("pair", "0 0 200"), "\(daemon.standardError)")
            var value = 0
            let step = FaultScale.rounds(1_500, full: 101)
            for bytes in stride(from: 1, to: 12_000, by: step) {
                rig.proxy.refuse()
                rig.proxy.truncate(after: bytes)
                try rig.proxy.accept()
                for _ in 0..<20 {
                    value += 1
                    try rig.client.putTogether([("/a", "\(value)"), ("/b", "\(value)")])
                }
                report.times += 1
                let arrived = try await rig.holds("pair", "\(value) \(value) 200", seconds: 60)
                if !arrived { report.lost += 1 }
                #expect(arrived, "after \(bytes)\n\(daemon.standardError.suffix(3_000))")
            }
            for run in recorder.runs {
                let words = run.content.split(separator: " ")
                let isWhole = words.count == 3 && words[0] == words[1] && words[2] == "200"
                if !isWhole { report.lost += 1 }
                #expect(isWhole, "rendered: \(run.content)")
            }
            renderings = recorder.runs.count
            try await stop(daemon)
        }
        report.measured = "\(renderings) renderings, each of one revision"
        report.print()
    }
}
