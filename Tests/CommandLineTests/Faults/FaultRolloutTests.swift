import Foundation
import Glibc
import TestSupport
import Testing

/// Fault 15: hosts of a rollout whose confd is killed at any moment.
@Suite(.enabled(if: Machine.hasEtcd && Machine.canBindMount)) struct FaultRolloutTests {
    /// What has happened to the keys of the group, as `etcdctl watch` prints it: each event is a line with its kind, one with
    /// the key and one with the value.
    private struct Turns {
        /// The most hosts that had their turn at the same time, over all changes.
        private(set) var most = 0
        /// How many turns began.
        private(set) var count = 0
        /// The keys of the turns that have begun and not ended.
        private(set) var left: Set<Substring> = []
        /// Of those left, the turns of hosts whose lease has ended since, which a newer change does not wait for.
        private var ended: Set<Substring> = []
        /// How many turns began while such a one was left.
        private(set) var besideEnded = 0
        /// All events, for messages.
        private(set) var events: [String] = []

        init(_ text: String) {
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            for (kind, key) in zip(lines, lines.dropFirst()) where kind == "PUT" || kind == "DELETE" {
                take(isPut: kind == "PUT", key)
            }
        }

        private mutating func take(isPut: Bool, _ key: Substring) {
            events.append("\(isPut ? "put" : "delete") \(key)")
            guard let host = key.split(separator: "/").last else { return }
            if key.contains("/started/") {
                if isPut, left.insert(key).inserted {
                    count += 1
                    besideEnded += ended.isEmpty ? 0 : 1
                }
                if !isPut { left.remove(key) }
                ended.remove(key)
            } else if key.contains("/members/") {
                // A host that comes back goes on with its turn.
                let turns = left.filter { $0.hasSuffix("/\(host)") }
                if isPut { ended.subtract(turns) } else { ended.formUnion(turns) }
            }
            most = max(most, left.count - ended.count)
        }
    }

    /// How many daemons died of their faults, and how many halts the test has ended.
    private struct Tally {
        var kills = 0
        var resumes = 0
    }

    /// A random host is killed before a random system call, started again, and then the next one, while its group rolls out one change
    /// after the other: never two have their turn at a time, and in the end all have the last change.
    @Test(.enabled(if: Machine.injectsFaults, Machine.needsFaults)) func killedInARollout() async throws {
        let changes = FaultScale.rounds(12, full: 1_000)
        var report = FaultReport("15 rollout", "a random one of 3 daemons is killed before a random system call")
        var random = SeededGenerator(seed: 15)
        var tally = Tally()
        try await withRig { rig in
            try rig.client.put("/app/a", "0")
            let hosts = try Hosts(
                rig.box, nodes: [rig.node], node: rig.etcd.endpoint, count: 3,
                settings: "canary = 0\nmax_parallel = 1")
            try hosts.addServices()
            let watch = try Child(
                ChildCommand(
                    executable: "etcdctl",
                    // From the beginning: etcdctl may start later than the daemons.
                    arguments: [
                        "--endpoints", rig.etcd.endpoint, "watch", "--rev", "1", "--prefix", "/_confd/rollout/",
                    ],
                    environment: Machine.environment))
            try hosts.startAll()
            #expect(try await hosts.areThere(), "\(hosts.log(1))")
            #expect(try await eventually { watch.standardOutput.contains("/members/host1") })
            try await arm(hosts, &random, &tally)
            for change in 1...changes {
                try rig.client.put("/app/a", "\(change)")
                // Now and then a change comes before the last one is everywhere.
                if Int.random(in: 0..<5, using: &random) == 0, change < changes { continue }
                if try await !isEverywhere("\(change)", hosts, &random, &tally) {
                    report.lost += 1
                    Issue.record("\(change): \(hosts.files) \(try await hosts.rollout("status").testDescription)")
                    break
                }
            }
            let isOver = try await eventually(answer: {
                try revive(hosts, &tally)
                return Turns(watch.standardOutput).left.isEmpty
            })
            #expect(isOver, "no turn is left: \(Turns(watch.standardOutput).left)")
            for number in 1...hosts.count { try await end(number, hosts, &tally) }
            let turns = Turns(watch.standardOutput)
            report.times = changes
            report.lost += max(0, turns.most - 1)
            report.measured =
                "\(turns.count) turns, \(tally.kills) kills, \(tally.resumes) halts after a lease that ended, "
                + "\(turns.besideEnded) turns after one whose host had lost its lease"
            #expect(turns.most == 1 && turns.count >= changes, "\(turns.events.joined(separator: "\n"))")
            #expect(tally.kills > 0)
            watch.send(SIGTERM)
            _ = try await watch.wait()
        }
        report.print()
    }

    /// Restarts the daemon of a random host with a fault that kills it. A daemon makes some hundreds of system calls during its
    /// start, and some tens for a change.
    private func arm(_ hosts: Hosts, _ random: inout SeededGenerator, _ tally: inout Tally) async throws {
        let number = Int.random(in: 1...hosts.count, using: &random)
        try await end(number, hosts, &tally)
        try hosts.start(number, faults: "*:\(Int.random(in: 1...1_200, using: &random))=kill")
    }

    /// Ends a daemon, which may die of its fault meanwhile.
    private func end(_ number: Int, _ hosts: Hosts, _ tally: inout Tally) async throws {
        guard let done = try await hosts.end(number) else { return }
        switch done.ending {
        case .signalled(SIGKILL): tally.kills += 1
        // It had not yet set up its signal handling.
        case .signalled(SIGTERM): break
        default: #expect(done.exitCode == 0, "\(done.testDescription)")
        }
    }

    /// Waits until all files hold `value`; meanwhile hosts die and come back, and a halt for a lease that ended is taken back.
    private func isEverywhere(
        _ value: String, _ hosts: Hosts, _ random: inout SeededGenerator, _ tally: inout Tally
    ) async throws -> Bool {
        var looks = 0
        return try await eventually(
            seconds: 120,
            answer: {
                if hosts.files.allSatisfy({ $0 == value }) { return true }
                if try revive(hosts, &tally) { try await arm(hosts, &random, &tally) }
                looks += 1
                if looks.isMultiple(of: 200) { try await endHalt(hosts, &tally) }
                return false
            })
    }

    /// Restarts a daemon that has died; false if there is none.
    @discardableResult
    private func revive(_ hosts: Hosts, _ tally: inout Tally) throws -> Bool {
        guard let dead = (1...hosts.count).first(where: { !hosts.isRunning($0) }) else { return false }
        tally.kills += 1
        try hosts.start(dead)
        return true
    }

    private func endHalt(_ hosts: Hosts, _ tally: inout Tally) async throws {
        let status = try await hosts.rollout("status").standardOutput
        guard status.contains(" is halted: ") else { return }
        #expect(status.contains("its lease ended before it was done"), "\(status)")
        tally.resumes += 1
        _ = try await hosts.rollout("resume")
    }
}
