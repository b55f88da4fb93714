import Backends
import Posix
import Testing

@testable import Rollout

/// In random schedules there are never more hosts at a time than `max_parallel`, never canaries of two changes, and in the end each
/// host has the newest file or a reason why it waits.
///
/// A host that is frozen between the check of its lease and the reload is not simulated: no other host can notice that.
@Suite struct RolloutScheduleTests {
    private func policy(_ seed: Int) -> RolloutPolicy {
        let canary: RolloutPolicy.Canary =
            switch seed % 4 {
            case 0: .none
            case 1: .first(.hosts(1))
            case 2: .first(.percent(30))
            default: .named(["host1*", "host0"])
            }
        return RolloutPolicy(
            canary: canary, maxParallel: .hosts(1 + seed / 4 % 3), soak: .seconds(seed % 2 * 20), verifies: true)
    }

    /// 30 schedules of twelve hosts that die, are cut off and lose answers, while keys change.
    @Test(arguments: 0..<6)
    func endsOrIsHalted(_ block: Int) {
        for seed in block * 5..<(block + 1) * 5 {
            var fleet = Fleet(
                policy(seed), hosts: 12, seed: seed, unconcerned: seed % 5 == 0 ? 2 : 0, lags: seed % 7 > 0)
            fleet.lossRate = seed % 3 == 0 ? 6 : 0
            disturb(&fleet)
            fleet.lossRate = 0
            for host in fleet.hosts where host.isDead { fleet.start(host) }
            for host in fleet.hosts { fleet.reconnect(host) }
            if seed % 2 == 0 { fleet.change() }
            fleet.run(2_500)
            let problems = fleet.violations + fleet.stuck + (seed % 2 > 0 || fleet.isDone ? [] : ["not done"])
            if problems.isEmpty { continue }
            Issue.record("seed \(seed): \(problems.prefix(5).joined(separator: "; "))")
            return
        }
    }

    private func disturb(_ fleet: inout Fleet) {
        for _ in 0..<12 {
            let host = fleet.hosts[Int.random(in: 0..<12, using: &fleet.generator)]
            switch Int.random(in: 0..<8, using: &fleet.generator) {
            case 0, 1: fleet.change()
            case 2:
                fleet.change()
                fleet.poison()
            case 3: if !host.isDead { fleet.kill(host) }
            case 4: if host.isDead { fleet.start(host) }
            case 5: fleet.cutOff(host)
            case 6: fleet.reconnect(host)
            default:
                fleet.change()
                fleet.deadly = [fleet.data.id]
            }
            fleet.run(Int.random(in: 0..<150, using: &fleet.generator))
        }
    }

    /// Without optimization 10,000 hosts take half a minute: `CONFD_SIMULATED_HOSTS=10000` asks for them.
    private static let manyHosts = Environment.text("CONFD_SIMULATED_HOSTS").flatMap { Int($0) } ?? 1_500

    /// A change that works reaches all of many hosts, with `max_parallel` of them at a time, though some die before their turn.
    @Test func reachesAllHosts() {
        let count = Self.manyHosts
        let policy = RolloutPolicy(
            canary: .first(.hosts(3)), maxParallel: .percent(30), soak: .zero, verifies: false)
        var fleet = Fleet(policy, hosts: count, seed: 1, lags: false)
        fleet.change()
        fleet.stepAll()
        for number in 0..<10 { fleet.kill(fleet.hosts[count / 11 * number + 100]) }
        for _ in 0..<60 where !fleet.isDone { fleet.stepAll() }
        #expect(fleet.isDone, "\(fleet.stuck.prefix(3))")
        #expect(fleet.violations == [])
        #expect(fleet.mostHolders == count * 3 / 10)
    }

    /// A change that breaks the service, or confd itself, reaches only canaries, which roll back; the next change reaches all.
    @Test(arguments: [false, true])
    func stopsAtTheCanary(_ isDeadly: Bool) {
        let policy = RolloutPolicy(
            canary: .first(.hosts(2)), maxParallel: .percent(10), soak: .seconds(30), verifies: true)
        var fleet = Fleet(policy, hosts: 300, seed: 2, lags: false)
        fleet.change()
        if isDeadly { fleet.deadly = [fleet.data.id] } else { fleet.poison() }
        for _ in 0..<20 { fleet.stepAll() }
        #expect((1...2).contains(fleet.harmed.count))
        #expect(!fleet.hosts.contains { $0.file == fleet.data.id && !$0.isDead })
        #expect(fleet.store.fresh.currentChange?.halt?.text.isEmpty == false)
        fleet.change()
        for _ in 0..<200 where !fleet.isDone { fleet.stepAll() }
        #expect(fleet.isDone, "\(fleet.stuck.prefix(3))")
        #expect(fleet.violations == [])
    }
}
