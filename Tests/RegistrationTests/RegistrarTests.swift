import Backends
import Checks
import Testing

@testable import Registration

@Suite struct RegistrarTests {
    private func simulation(_ services: [Service], health: ServiceHealth? = .up, hasLeases: Bool = true) -> Simulation {
        var simulation = Simulation(seed: 1, hasLeases: hasLeases)
        _ = simulation.addNode(services, health: health)
        return simulation
    }

    private let a = bytes("/a")

    @Test(arguments: [true, false])
    func aKeyIsThereWhileItsServiceIsUp(_ hasLeases: Bool) {
        var simulation = simulation([Service("/a")], health: .down, hasLeases: hasLeases)
        simulation.run(for: .seconds(60))
        #expect(simulation.texts == [:])
        simulation.setHealth(.up, a, 0)
        simulation.run(for: .milliseconds(200))
        #expect(simulation.texts == ["/a": "up"])
        simulation.run(for: .seconds(60))
        #expect(simulation.texts == ["/a": "up"])
        simulation.setHealth(.down, a, 0)
        simulation.run(for: .milliseconds(200))
        #expect(simulation.texts == [:])
        #expect(simulation.store.events == 2)
        #expect(simulation.takeReports() == [.registered(key: a, wasThere: false), .removed(key: a)])
    }

    /// A check whose results are good and bad in turn.
    @Test(arguments: [false, true])
    func aFlappingCheckWritesNothing(_ startsUp: Bool) {
        var simulation = simulation([Service("/a")], health: startsUp ? .up : .down)
        simulation.run(for: .seconds(1))
        let events = simulation.store.events
        var options = HealthCheck.Options()
        options.firstProbeDecides = false
        var check = CheckState(initial: startsUp ? .up : .down, at: .zero)
        for round in 0..<1_000 {
            let isGood = round.isMultiple(of: 2) != startsUp
            _ = check.take(isGood ? .success : .failure(.closed), options, at: .seconds(round))
            simulation.setHealth(check.verdict == .up ? .up : .down, a, 0)
            simulation.run(for: .seconds(1))
        }
        #expect(simulation.store.events == events && events == (startsUp ? 1 : 0))
    }

    @Test(arguments: [true, false])
    func aDownServiceCanKeepItsKey(_ hasLeases: Bool) {
        var simulation = simulation([Service("/a", "1", downValue: "0")], health: .down, hasLeases: hasLeases)
        simulation.run(for: .seconds(30))
        #expect(simulation.texts == ["/a": "0"])
        simulation.setHealth(.up, a, 0)
        simulation.run(for: .seconds(30))
        #expect(simulation.texts == ["/a": "1"])
        #expect(simulation.takeReports() == [.marked(key: a), .updated(key: a)])
    }

    // MARK: Restarts

    @Test func aRestartTakesOverWithoutAWrite() {
        var simulation = simulation([Service("/a")])
        simulation.run(for: .seconds(5))
        let version = simulation.store.keys[a]?.version
        simulation.restart(0, knowsHealth: false)
        // Longer than the lease: it is kept alive while the checks have not run.
        simulation.run(for: .seconds(30))
        #expect(simulation.store.keys[a]?.version == version)
        simulation.setHealth(.up, a, 0)
        simulation.run(for: .seconds(30))
        #expect(simulation.store.keys[a]?.version == version && simulation.store.events == 1)
        #expect(simulation.takeReports().last == .registered(key: a, wasThere: true))
    }

    /// Without leases, a key that has our value and is not refreshed by anybody is taken for one of an earlier run.
    @Test func aRestartTakesOverInTheOldAPI() {
        var simulation = simulation([Service("/a", ttl: .seconds(12))], hasLeases: false)
        simulation.run(for: .seconds(9))
        simulation.restart(0)
        for _ in 0..<120 {
            simulation.run(for: .milliseconds(250))
            #expect(simulation.texts == ["/a": "up"])
        }
        #expect(simulation.store.events == 1)
        #expect(simulation.takeReports().last == .registered(key: a, wasThere: true))
    }

    @Test func whatIsDownAfterARestartIsRemoved() {
        var simulation = simulation([Service("/a")])
        simulation.run(for: .seconds(5))
        simulation.health(.down, a)
        simulation.restart(0)
        simulation.run(for: .seconds(1))
        #expect(simulation.texts == [:])
    }

    @Test func aServiceThatWasTakenAwayWhileNothingRanIsRemoved() {
        var simulation = simulation([Service("/a"), Service("/b")])
        simulation.run(for: .seconds(5))
        simulation.nodes[0].services = [Service("/b")]
        simulation.restart(0)
        simulation.run(for: .seconds(10))
        #expect(simulation.texts == ["/b": "up"])
    }

    /// For example after a restart of the machine: the key is attached to a lease with another id.
    @Test func aLeaseOfAnEarlierRunIsOurs() {
        var simulation = simulation([Service("/a")])
        simulation.run(for: .seconds(5))
        let earlier = simulation.nodes[0].registrar.leaseIDs
        for leases in [earlier, []] {
            var other = simulation
            let identity = LeaseIdentity(machine: "machine", boot: "next", host: "host0", purpose: "/etc/confd")
            other.nodes = []
            _ = other.addNode([], health: nil)
            other.nodes[0].registrar = Registrar(identity: identity, earlierLeases: leases, random: { 0.5 })
            other.setHealth(.up, a, 0)
            other.set([Service("/a")], 0)
            other.run(for: .seconds(1))
            #expect(other.store.events == (leases.isEmpty ? 1 : 2))
            other.run(for: .seconds(30))
            #expect(other.texts == ["/a": "up"] && other.store.events == 2)
        }
    }

    @Test func anotherTTLMovesTheKeyToAnotherLease() {
        var simulation = simulation([Service("/a", ttl: .seconds(10))])
        simulation.run(for: .seconds(5))
        simulation.set([Service("/a", ttl: .seconds(30))], 0)
        for _ in 0..<200 {
            simulation.run(for: .milliseconds(250))
            #expect(simulation.texts == ["/a": "up"])
        }
        #expect(simulation.store.events == 2)
    }

    // MARK: The store

    @Test func aLostLeaseIsGrantedAgain() {
        var simulation = simulation([Service("/a"), Service("/b")])
        simulation.run(for: .seconds(5))
        for _ in 0..<3 {
            simulation.store.endAllLeases()
            #expect(simulation.texts == [:])
            simulation.run(for: .seconds(4))
            #expect(simulation.texts == ["/a": "up", "/b": "up"])
        }
        #expect(simulation.takeReports().contains(.leaseEnded(keys: 2)))
    }

    @Test func aFrozenProgramRegistersAgain() {
        var simulation = simulation([Service("/a")])
        simulation.run(for: .seconds(5))
        simulation.nodes[0].frozenUntil = simulation.now + .seconds(60)
        simulation.run(for: .seconds(30))
        #expect(simulation.texts == [:])
        simulation.run(for: .seconds(31))
        #expect(simulation.texts == ["/a": "up"])
    }

    @Test func anOutageIsSaidOnce() {
        var simulation = simulation([Service("/a")])
        simulation.run(for: .seconds(5))
        _ = simulation.takeReports()
        simulation.faults = [.refused, .lost]
        // Report: while the store was away the status said "registered" without a word, also when the lease had ended.
        #expect(simulation.nodes[0].registrar.problems.isEmpty)
        simulation.run(for: .seconds(5))
        #expect(simulation.nodes[0].registrar.registered(at: simulation.now) == [a])
        #expect(simulation.nodes[0].registrar.problems == [a: Report.unreachable(Simulation.unreachable).message])
        simulation.run(for: .seconds(3595))
        #expect(simulation.nodes[0].registrar.registered(at: simulation.now).isEmpty)
        #expect(simulation.takeReports() == [.unreachable(Simulation.unreachable)])
        simulation.faults = [.none]
        simulation.run(for: .seconds(6))
        #expect(simulation.texts == ["/a": "up"])
        #expect(simulation.nodes[0].registrar.registered(at: simulation.now) == [a])
        #expect(simulation.nodes[0].registrar.problems.isEmpty)
        #expect(
            simulation.takeReports() == [
                .reachedAgain, .leaseEnded(keys: 1), .registered(key: a, wasThere: false),
            ])
    }

    @Test func whatAStrangerDeletesIsThereAgain() {
        var simulation = simulation([Service("/a")])
        simulation.run(for: .seconds(5))
        _ = simulation.takeReports()
        simulation.store.interfere(a, nil)
        simulation.run(for: .seconds(4))
        #expect(simulation.texts == ["/a": "up"])
        #expect(simulation.takeReports() == [.lost(key: a)])
    }

    /// An etcd member hangs and does a delete late, when the service has been up again for long: the key must stay.
    @Test(arguments: 0..<20)
    func aLateDeleteRemovesNothing(_ seed: Int) {
        var simulation = Simulation(seed: seed)
        _ = simulation.addNode([Service("/a")])
        simulation.run(for: .seconds(5))
        simulation.faults = [.late]
        simulation.setHealth(.down, a, 0)
        simulation.run(for: .milliseconds(10))
        simulation.faults = [.none]
        simulation.setHealth(.up, a, 0)
        // Longer than the time limit of the delete and the pause after it.
        simulation.run(for: .seconds(6))
        for _ in 0..<100 {
            #expect(simulation.texts == ["/a": "up"])
            simulation.run(for: .milliseconds(100))
        }
    }

    /// A store that contradicts its own answers gets few requests at a time.
    @Test(arguments: [
        WriteOutcome.absent, .leaseEnded,
        .found(StoredKey(value: [], version: 7, holder: .nobody)),
        .refused(Simulation.unreachable), .failed(Simulation.unreachable),
    ])
    func aContraryStoreIsNotFlooded(_ outcome: WriteOutcome) {
        let identity = LeaseIdentity(machine: "m", boot: "b", host: "h", purpose: "/etc/confd")
        var registrar = Registrar(identity: identity, random: { 0.5 })
        registrar.set([Service("/a")])
        registrar.setHealth(.up, of: a)
        var requests = 0
        while requests < 100, let request = registrar.nextRequest(now: .zero) {
            requests += 1
            switch request {
            case .grant: registrar.finish(.granted(lifetime: .seconds(10)), now: .zero)
            case .write(let writes, _): registrar.finish(.written(writes.map { _ in outcome }), now: .zero)
            case .keepAlive, .revoke: Issue.record("asked for too early")
            }
        }
        #expect(requests < 10)
        #expect(registrar.deadline.map { $0 > .zero } == true)
    }

    @Test func aLongerLeaseIsSaid() {
        var simulation = simulation([Service("/a", ttl: .seconds(1))])
        simulation.run(for: .seconds(60))
        #expect(simulation.texts == ["/a": "up"])
        #expect(simulation.takeReports().first == .longerLease(asked: .seconds(1), granted: .seconds(2)))
        #expect(simulation.store.events == 1)
    }

    @Test func verifyingWritesNothing() {
        for hasLeases in [true, false] {
            var simulation = simulation([Service("/a"), Service("/b")], hasLeases: hasLeases)
            simulation.run(for: .seconds(5))
            _ = simulation.takeReports()
            simulation.nodes[0].registrar.verify()
            simulation.run(for: .seconds(20))
            #expect(simulation.store.events == 2 && simulation.takeReports() == [])
        }
    }

    /// More keys than fit into one request; all are kept alive.
    @Test func thousandServices() {
        let services = (0..<1_000).map { Service("/s/\($0)") }
        var simulation = simulation(services)
        simulation.run(for: .seconds(60))
        #expect(simulation.differences(0) == [] && simulation.store.events == 1_000)
    }

    // MARK: Conflicts

    @Test func waitsForAStrangersKey() {
        var simulation = simulation([Service("/a")], health: .down)
        simulation.store.interfere(a, bytes("other"))
        simulation.setHealth(.up, a, 0)
        simulation.run(for: .seconds(60))
        #expect(simulation.texts == ["/a": "other"])
        #expect(simulation.takeReports() == [.conflict(key: a, .nobody, waits: true)])
        simulation.store.interfere(a, nil)
        simulation.run(for: .seconds(4))
        #expect(simulation.texts == ["/a": "up"])
        // A key that a stranger overwrote is not ours any more.
        simulation.store.interfere(a, bytes("other"))
        simulation.setHealth(.down, a, 0)
        simulation.run(for: .seconds(60))
        #expect(simulation.texts == ["/a": "other"])
        #expect(simulation.store.violations == [])
    }

    @Test func givesUpAStrangersKey() {
        var simulation = simulation([Service("/a", onConflict: .fail)], health: .down)
        simulation.store.interfere(a, bytes("other"))
        simulation.setHealth(.up, a, 0)
        simulation.run(for: .seconds(60))
        simulation.store.interfere(a, nil)
        simulation.run(for: .seconds(60))
        #expect(simulation.texts == [:])
        #expect(simulation.takeReports() == [.conflict(key: a, .nobody, waits: false)])
    }

    /// Without leases, another program with the same value is recognized by its refreshes.
    @Test func anotherHolderOfTheSameValue() {
        var simulation = Simulation(seed: 1, hasLeases: false)
        for _ in 0..<2 { _ = simulation.addNode([Service("/a", "same")]) }
        simulation.run(for: .seconds(120))
        let others = simulation.nodes.filter { $0.registrar.registered.isEmpty }
        #expect(others.map(\.reports) == [[.conflict(key: a, .unknown, waits: true)]])
    }

    // MARK: The end

    @Test func theEndRemovesAndDrains() {
        var simulation = simulation([Service("/a", drain: .seconds(5)), Service("/b", drain: .seconds(1))])
        simulation.run(for: .seconds(5))
        simulation.stop(0)
        simulation.run(for: .milliseconds(200))
        #expect(simulation.texts == [:] && !simulation.nodes[0].registrar.isFinished)
        simulation.run(for: .milliseconds(4_700))
        #expect(!simulation.nodes[0].registrar.isFinished)
        simulation.run(for: .milliseconds(300))
        #expect(simulation.nodes[0].registrar.isFinished)
        let reports = simulation.takeReports().suffix(3)
        #expect(reports.last == .draining(.seconds(5)))
        #expect(reports.dropLast().allSatisfy { [.removed(key: a), .removed(key: bytes("/b"))].contains($0) })
    }

    /// Found by a test of the whole program: if the end began while the key was being written, the key was removed without a log
    /// line, and its service was not drained; also if the write is cancelled, and has reached the store.
    @Test(arguments: [false, true], [false, true])
    func aKeyThatComesAtTheEndIsDrainedToo(_ skips: Bool, _ isCancelled: Bool) {
        var simulation = simulation([Service("/a", drain: .seconds(5))])
        while simulation.texts.isEmpty { simulation.run(for: .milliseconds(1)) }
        #expect(simulation.nodes[0].registrar.registered.isEmpty, "the answer has not arrived yet")
        if isCancelled { simulation.nodes[0].answer?.content = .written([.failed(Simulation.unreachable)]) }
        simulation.stop(0)
        if skips { simulation.nodes[0].registrar.skipDrain() }
        simulation.run(for: .seconds(1))
        #expect(simulation.texts == [:] && simulation.nodes[0].registrar.isFinished == skips)
        #expect(simulation.takeReports() == [.removed(key: a)] + (skips ? [] : [.draining(.seconds(5))]))
    }

    @Test func drainingCanBeSkipped() {
        var simulation = simulation([Service("/a", drain: .seconds(60))])
        simulation.run(for: .seconds(5))
        simulation.stop(0)
        simulation.run(for: .seconds(1))
        #expect(!simulation.nodes[0].registrar.isFinished)
        simulation.nodes[0].registrar.skipDrain()
        #expect(simulation.nodes[0].registrar.isFinished && simulation.texts == [:])
    }

    @Test func nothingToRemoveIsNothingToDrain() {
        var simulation = simulation([Service("/a", drain: .seconds(60))], health: .down)
        simulation.run(for: .seconds(5))
        simulation.stop(0)
        simulation.run(for: .milliseconds(200))
        #expect(simulation.nodes[0].registrar.isFinished)
    }

    @Test func whatIsKeptLastsForItsWholeTime() {
        var simulation = simulation([Service("/a", onStop: .keep), Service("/b", onStop: .delete)])
        simulation.run(for: .milliseconds(12_900))
        simulation.stop(0)
        simulation.run(for: .seconds(1))
        #expect(simulation.texts == ["/a": "up"] && simulation.nodes[0].registrar.isFinished)
        simulation.run(for: .milliseconds(8_900))
        #expect(simulation.texts == ["/a": "up"])
        simulation.run(for: .seconds(1))
        #expect(simulation.texts == [:])
    }

    /// Report: a confd that had never reached its store said at its end that a key could not be removed.
    @Test func theEndOfOneThatNeverReachedTheStoreIsSilent() {
        var simulation = simulation([Service("/a")])
        simulation.faults = [.lost]
        simulation.run(for: .seconds(5))
        _ = simulation.takeReports()
        simulation.stop(0)
        simulation.run(for: .milliseconds(2_100))
        #expect(simulation.nodes[0].registrar.isFinished)
        #expect(simulation.takeReports() == [])
    }

    /// Report: a second TERM did not shorten the two seconds in which keys are removed.
    @Test func theAttemptsToRemoveCanBeEnded() {
        var simulation = simulation([Service("/a")])
        simulation.run(for: .seconds(5))
        simulation.faults = [.refused]
        simulation.stop(0)
        simulation.run(for: .milliseconds(500))
        #expect(!simulation.nodes[0].registrar.isFinished)
        simulation.nodes[0].registrar.stopRemoving()
        simulation.run(for: .milliseconds(200))
        #expect(simulation.nodes[0].registrar.isFinished)
    }

    @Test func theEndTriesForTwoSeconds() {
        var simulation = simulation([Service("/a")])
        simulation.run(for: .seconds(5))
        _ = simulation.takeReports()
        simulation.faults = [.lost]
        simulation.stop(0)
        simulation.run(for: .milliseconds(1_900))
        #expect(!simulation.nodes[0].registrar.isFinished)
        simulation.run(for: .milliseconds(200))
        #expect(simulation.nodes[0].registrar.isFinished)
        #expect(simulation.takeReports() == [.notRemoved(keys: [Array("/a".utf8)], within: .seconds(10))])
    }

    /// Another program with the same lease: only our keys go.
    @Test func aSharedLeaseIsNotRevoked() {
        var simulation = simulation([Service("/a")])
        simulation.run(for: .seconds(5))
        simulation.store.keys[bytes("/other")] = simulation.store.keys[a]
        simulation.stop(0)
        simulation.run(for: .seconds(1))
        #expect(simulation.texts == ["/other": "up"] && simulation.nodes[0].registrar.isFinished)
    }
}

extension Simulation {
    /// Sets the verdict that the first node gets after its next start.
    fileprivate mutating func health(_ health: ServiceHealth, _ key: [UInt8]) { nodes[0].health[key] = health }
}
