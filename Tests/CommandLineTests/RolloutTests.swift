import Foundation
import Glibc
import TestSupport
import Testing

/// `[template.rollout]`: many hosts with real daemons.
@Suite(.enabled(if: Machine.hasEtcd && Machine.canBindMount)) struct RolloutTests {
    private static let refusesPoison = "verify_cmd = '! grep -q poison {{.dest}}'"

    @Test func aCanaryGoesFirstAndTheOthersFollow() async throws {
        try await withHosts(4, "canary = 1\nsoak = \"2s\"\nmax_parallel = 2") { hosts, rig in
            try rig.client.put("/app/a", "1")
            #expect(try await hosts.allHold("1"), "\(hosts.files)")
            #expect(try await eventually { hosts.reloads.count == 4 }, "\(hosts.reloads)")
            let reloads = hosts.reloads
            #expect(reloads[1].seconds - reloads[0].seconds >= 2, "the soak: \(reloads)")
            let canary = try #require(Int(reloads[0].host.dropFirst("host".count)))
            #expect(hosts.log(canary).contains("it is this host's turn, as a canary"))
            #expect(
                try await eventually(answer: { try await hosts.rollout("status").standardOutput.contains(" done ") }))
            let isClean = try await eventually { try rig.box.names("out").allSatisfy { !$0.hasPrefix(".") } }
            #expect(isClean, "nothing is left of the turns")
        }
    }

    /// With a poisoned key only one host reloads, which goes back to the previous file. The next change is rolled out again.
    @Test func aPoisonedKeyTouchesTheCanaryOnly() async throws {
        let settings = "canary = 1\nsoak = \"1s\"\nmax_parallel = 2"
        try await withHosts(3, settings, verification: Self.refusesPoison) { hosts, rig in
            try rig.client.put("/app/a", "poison")
            #expect(try await eventually { (1...3).allSatisfy { hosts.log($0).contains("halted: host") } })
            #expect(try await hosts.allHold("0"))
            let poisoned = hosts.reloads.filter { $0.value == "poison" }
            #expect(poisoned.count == 1 && hosts.reloads.count == 2, "\(hosts.reloads)")
            #expect(hosts.reloads.last?.host == poisoned.first?.host)
            // Report: the log said of the old file that it has been updated.
            let isSaid = try await eventually { (1...3).contains { hosts.log($0).contains("INFO The previous ") } }
            #expect(isSaid, "\(hosts.log(1)) \(hosts.log(2)) \(hosts.log(3))")
            let status = try await hosts.rollout("status")
            #expect(
                status.standardOutput.contains(
                    "app.toml is halted: \(poisoned[0].host): verify_cmd failed: exit status 1"))
            for number in 1...3 {
                let wait = try await rig.box.confd(
                    "wait", "-control-socket", rig.box.path("host\(number)/socket"), confdir: false)
                #expect(
                    wait.exitCode == 1 && wait.standardError.contains("rollout: halted: "), "\(wait.testDescription)")
            }
            // Report: the status of the host that went back had the revision and size of the refused file.
            let folder = rig.box.path(poisoned[0].host)
            let socket = ["-control-socket", "\(folder)/socket"]
            let explain = ["explain", "-last", "app.toml", "-confdir", folder, "-node", rig.node]
            let last = try await run(rig.box.command(explain + socket, confdir: false))
            #expect(
                last.standardOutput.contains("its turn in the rollout failed, the previous file was put back"),
                "\(last.testDescription)")
            let table = try await run(rig.box.command(["status"] + socket, confdir: false))
            let row = table.standardOutput.split(separator: "\n").first { $0.hasPrefix("app.toml ") }
            let cells = row?.split(separator: " ").dropFirst().prefix(4)
            #expect(cells == ["halted", "-", "-", "-"], "\(table.testDescription)")
            try rig.client.put("/app/a", "2")
            #expect(try await hosts.allHold("2"))
        }
    }

    /// Found by reading: a resource whose rollout was taken away while it was halted was not in sync any more.
    @Test func withoutItsRolloutAResourceIsInSync() async throws {
        try await withRig { rig in
            let reload = "reload_cmd = \"true\"\n"
            let rollout = "[template.rollout]\ngroup = \"web\"\nsoak = \"1s\"\n\(Self.refusesPoison)\n"
            let template = "{{getv \"/app/a\"}}\n"
            try rig.client.put("/app/a", "0")
            try rig.box.resource("app", keys: ["/app"], fields: reload + rollout, template: template)
            let socket = rig.box.path("control")
            let daemon = try rig.daemon("-control-socket", socket, "-state-dir", rig.box.path("state"))
            #expect(try await rig.holds("app", "0"), "\(daemon.standardError)")
            try rig.client.put("/app/a", "poison")
            #expect(try await eventually { daemon.standardError.contains("halted: ") }, "\(daemon.standardError)")
            try rig.box.resource("app", keys: ["/app"], fields: reload, template: template)
            daemon.send(SIGHUP)
            #expect(try await rig.holds("app", "poison"), "\(daemon.standardError)")
            let wait = try await rig.box.confd("wait", "-control-socket", socket, confdir: false)
            #expect(wait.exitCode == 0, "\(wait.testDescription)")
            try await stop(daemon)
        }
    }

    /// A host that dies in its turn has failed: the others wait until somebody says that they may go on.
    @Test func aCanaryThatDiesHaltsTheOthers() async throws {
        try await withHosts(3, "canary = 1\nsoak = \"600s\"\nmax_parallel = 2") { hosts, rig in
            try rig.client.put("/app/a", "1")
            #expect(try await eventually { hosts.files.contains("1") })
            let canary = try #require(hosts.files.firstIndex(of: "1")) + 1
            hosts.kill(canary)
            let others = (1...3).filter { $0 != canary }
            #expect(
                try await eventually {
                    others.allSatisfy {
                        hosts.log($0).contains("halted: host\(canary): its lease ended before it was done")
                    }
                }, "\(hosts.log(others[0]))")
            #expect(hosts.files.count { $0 == "1" } == 1)
            let resumed = try await hosts.rollout("resume")
            #expect(
                resumed.exitCode == 0 && resumed.standardOutput == "app.toml: goes on\n", "\(resumed.testDescription)")
            #expect(try await eventually { hosts.files.count { $0 == "1" } == 2 }, "another canary")
            let halted = try await hosts.rollout("halt")
            #expect(halted.exitCode == 0 && halted.standardOutput == "app.toml: halted\n", "\(halted.testDescription)")
            #expect(
                try await eventually { others.contains { hosts.log($0).contains("halted: halted by an operator at ") } }
            )
        }
    }

    /// A newer change takes the place of one whose canary is not done: that one never reaches the others.
    @Test func aNewerChangeSupersedes() async throws {
        try await withHosts(3, "canary = 1\nsoak = \"12s\"\nmax_parallel = 2") { hosts, rig in
            try rig.client.put("/app/a", "1")
            #expect(try await eventually { hosts.files.contains("1") })
            try rig.client.put("/app/a", "2")
            #expect(try await hosts.allHold("2"), "\(hosts.files)")
            #expect(hosts.reloads.count { $0.value == "1" } <= 1, "\(hosts.reloads)")
            #expect(try await eventually { Set(hosts.reloads.filter { $0.value == "2" }.map(\.host)).count == 3 })
        }
    }

    /// What a check refuses is not even written, and halts the change like a failed service. A reload that fails is undone.
    @Test(arguments: [
        ("check_cmd = \"! grep -q bad {{.src}}\"", "halted: host1: Config check failed: exit status 1", 0),
        ("rollback = true\nreload_cmd_timeout = \"9s\"", "halted: host1: its reload failed: exit status 1", 1),
    ])
    func aFailureBeforeTheServiceHasItHalts(_ fields: String, _ words: String, _ failures: Int) async throws {
        let settings = "canary = \"host1\"\nsoak = \"1s\"\nmax_parallel = 1"
        let reload = failures == 0 ? "" : "! grep -q bad {{.dest}} || exit 1; "
        try await withHosts(2, settings, reload: reload, fields: fields) { hosts, rig in
            try rig.client.put("/app/a", "bad")
            #expect(try await eventually { hosts.log(2).contains(words) }, "\(hosts.log(1)) \(hosts.log(2))")
            #expect(try await hosts.allHold("0"))
            try rig.client.put("/app/a", "1")
            #expect(try await hosts.allHold("1"), "\(hosts.log(1))")
            #expect(try await eventually { try rig.box.names("out").allSatisfy { !$0.hasPrefix(".") } })
        }
    }

    /// A restart of confd during its turn is no failure, even if the new daemon registers a service before it reads that it has
    /// the turn.
    @Test func goesOnWithItsTurnAfterARestart() async throws {
        try await withHosts(2, "canary = 1\nsoak = \"12s\"\nmax_parallel = 1") { hosts, rig in
            try rig.client.put("/app/a", "1")
            #expect(try await eventually { hosts.files.contains("1") })
            let canary = try #require(hosts.files.firstIndex(of: "1")) + 1
            try await hosts.stop(canary)
            try hosts.addServices()
            try hosts.start(canary)
            #expect(try await hosts.allHold("1"), "\(hosts.log(canary))")
            #expect(!hosts.log(3 - canary).contains("halted"))
        }
    }

    /// 40 hosts, and never more reloads at a time than `max_parallel` allows, as the reload commands record them; etcd restarts
    /// meanwhile.
    @Test func neverMoreAtATimeThanThereMayBe() async throws {
        let begin = "echo $(date +%s.%N) begins >>turns; sleep 0.05; echo $(date +%s.%N) ends >>turns; "
        let folder = "cd $(dirname {{.dest}})/..; "
        try await withHosts(40, "canary = 0\nmax_parallel = \"10%\"", reload: folder + begin) { hosts, rig in
            for value in 1...3 {
                try rig.client.put("/app/a", "\(value)")
                if value == 2 {
                    #expect(try await eventually { hosts.files.contains("2") })
                    rig.etcd.kill()
                    try await rig.etcd.start()
                }
                #expect(try await hosts.allHold("\(value)"), "\(hosts.files) \(hosts.log(1).suffix(1_000))")
            }
            var running = 0
            var most = 0
            for line in (rig.box.read("turns") ?? "").split(separator: "\n").sorted() {
                running += line.hasSuffix("begins") ? 1 : -1
                most = max(most, running)
            }
            #expect((2...4).contains(most), "\(most) at a time")
            #expect(try await eventually { Set(hosts.reloads.filter { $0.value == "3" }.map(\.host)).count == 40 })
        }
    }

    @Test func namesHostsWithOtherSettings() async throws {
        try await withRig { rig in
            try rig.client.put("/app/a", "0")
            let hosts = try Hosts(
                rig.box, nodes: [rig.node], node: rig.etcd.endpoint, count: 2, settings: "canary = 1\nsoak = \"1s\"")
            try rig.box.write("host2/confd.toml", "[rollout]\ngroup = \"web\"\ncanary = 0\n")
            try hosts.startAll()
            let words = "app.toml: rollout web: host2 has other settings: canary 0, max_parallel 10%, soak 60s there"
            #expect(try await eventually { hosts.log(1).contains(words) }, "\(hosts.log(1))")
            try await hosts.stopAll()
        }
    }

    /// A user who may read the keys and not write those of the rollout is named, by `-preflight` and by the daemon, whose file
    /// stays as it is.
    @Test func namesAUserWhoMayNotWrite() async throws {
        try await withRig { rig in
            try rig.client.put("/app/a", "1")
            try rig.box.resource(
                "app", fields: "[template.rollout]\ngroup = \"web\"", template: "{{getv \"/app/a\"}}")
            try rig.box.write("out/app", "0")
            try await rig.etcd.addReader("reader", password: "secret", prefix: "/")
            try await rig.etcd.enableAuthentication(password: "root")
            let user = ["-node", rig.node, "-basic-auth", "-username", "reader", "-password", "secret"]
            let preflight = try await run(rig.box.command(["-preflight"] + user))
            #expect(preflight.exitCode == 4, "\(preflight.testDescription)")
            #expect(
                preflight.standardError.contains("app.toml: rollout: ")
                    && preflight.standardError.contains("permission denied"), "\(preflight.testDescription)")
            let socket = rig.box.path("control")
            let daemon = try Child(
                rig.box.command(["-watch", "-interval", "0", "-control-socket", socket] + user))
            let names = "/_confd/rollout/web/app.toml/members/\(Machine.hostname)"
            #expect(
                try await eventually {
                    daemon.standardError.split(separator: "\n").contains {
                        $0.contains(names) && $0.contains("permission denied")
                    }
                }, "\(daemon.standardError)")
            #expect(rig.box.output("app") == "0")
            var status = ""
            let isSaid = try await eventually(answer: {
                status = try await rig.box.confd("status", "-control-socket", socket, confdir: false).standardOutput
                return status.contains("its turn cannot be noted in the store: etcd")
                    && status.contains("permission denied")
            })
            #expect(isSaid, "\(status)")
            try await stop(daemon)
        }
    }

    /// A host without a file gets it as soon as the canaries have theirs, and not while the change is halted.
    @Test func aHostWithoutAFileWaitsForTheCanaries() async throws {
        let settings = "canary = \"host1\"\nsoak = \"1s\"\nmax_parallel = 1"
        try await withHosts(2, settings, verification: Self.refusesPoison) { hosts, rig in
            try await hosts.stop(2)
            try FileManager.default.removeItem(atPath: rig.box.path("out/host2"))
            try rig.client.put("/app/a", "poison")
            #expect(try await eventually { hosts.log(1).contains("halted: host1: verify_cmd failed") })
            try hosts.start(2)
            #expect(try await eventually { hosts.log(2).contains("halted: host1: verify_cmd failed") })
            #expect(rig.box.output("host2") == nil)
            try rig.client.put("/app/a", "1")
            #expect(try await hosts.allHold("1"), "\(hosts.log(2))")
        }
    }

    /// Members of a cluster of three are killed and cut off in the middle of rollouts. Each rollout ends, if need be after
    /// `confd rollout resume` for a host whose lease ended meanwhile.
    @Test func endsWhateverHappensToTheCluster() async throws {
        try await withSandbox { box in
            let cluster = try await EtcdCluster.start(in: box)
            // The last member is never cut off.
            let last = cluster.members[2]
            let client = EtcdClient(port: last.port)
            try client.put("/app/a", "0")
            let hosts = try Hosts(
                box, nodes: cluster.endpoints, node: last.endpoint, count: 6,
                settings: "canary = 1\nsoak = \"1s\"\nmax_parallel = 2")
            try hosts.startAll()
            #expect(try await hosts.areThere(), "\(hosts.log(1))")
            for value in 1...4 {
                #expect(try await eventually { (try? client.put("/app/a", "\(value)")) != nil })
                #expect(try await eventually { hosts.files.contains("\(value)") }, "\(hosts.log(1))")
                if value < 4 {
                    let member = cluster.members[value - 1]
                    member.kill()
                    try member.launch()
                    try await member.waitUntilHealthy()
                } else {
                    cluster.isolate(0)
                }
                let ends = try await eventually(answer: {
                    if hosts.files.allSatisfy({ $0 == "\(value)" }) { return true }
                    // Nothing to resume, or no leader, is no failure.
                    if try await hosts.rollout("status").standardOutput.contains("is halted") {
                        _ = try await hosts.rollout("resume")
                    }
                    return false
                })
                #expect(ends, "\(value) \(hosts.files) \(hosts.log(1).suffix(2_000))")
            }
            cluster.heal()
            try await hosts.stopAll()
        }
    }
}
