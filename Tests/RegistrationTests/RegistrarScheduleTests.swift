import Backends
import TestSupport
import Testing

@testable import Registration

/// Random schedules with faults: once the faults are over, a key is in the store exactly while its service is up.
@Suite struct RegistrarScheduleTests {
    /// 2,000 schedules in the gate, 10,000 with `make fault`.
    @Test(arguments: 0..<20)
    func registeredIsUp(_ block: Int) {
        let size = FaultScale.rounds(100, full: 500)
        for seed in block * size..<(block + 1) * size {
            var schedule = Schedule(seed: seed)
            schedule.run()
            if schedule.problems.isEmpty { continue }
            Issue.record("seed \(seed): \(schedule.problems.joined(separator: "; "))")
            return
        }
    }

    /// Two hosts that fight for one key never both hold it, and one of them does.
    @Test(arguments: 0..<200)
    func oneOfTwoHoldsAKey(_ seed: Int) {
        var simulation = Simulation(seed: seed, hasLeases: seed % 2 == 0)
        let key = bytes("/shared")
        for number in 0..<2 { _ = simulation.addNode([Service("/shared", "of host \(number)")]) }
        for _ in 0..<10 {
            simulation.faults = Bool.random(using: &simulation.generator) ? Simulation.Fault.allCases : [.none]
            let node = Int.random(in: 0..<2, using: &simulation.generator)
            if Bool.random(using: &simulation.generator) { simulation.restart(node) }
            simulation.run(for: .milliseconds(Int.random(in: 0..<30_000, using: &simulation.generator)))
        }
        simulation.faults = [.none]
        simulation.run(for: .seconds(60))
        let holders = simulation.nodes.filter { $0.registrar.registered[key] != nil }
        #expect(holders.count == 1)
        #expect(simulation.store.keys[key]?.value == holders.first?.services.first?.value)
        #expect(simulation.violations + simulation.store.violations == [])
    }
}

/// One random schedule.
private struct Schedule {
    private var simulation: Simulation
    private(set) var problems: [String] = []

    init(seed: Int) {
        simulation = Simulation(seed: seed, hasLeases: seed % 3 != 0)
        for number in 0..<Int.random(in: 1...2, using: &simulation.generator) {
            let services = (0..<3).map { service(number, $0) }
            _ = simulation.addNode(services, health: Bool.random(using: &simulation.generator) ? .up : nil)
        }
    }

    mutating func run() {
        for _ in 0..<20 {
            disturb()
            simulation.run(for: .milliseconds(number(0..<6_000)))
        }
        settle()
        if problems.isEmpty { end() }
    }

    private mutating func number(_ range: Range<Int>) -> Int { Int.random(in: range, using: &simulation.generator) }

    private mutating func service(_ node: Int, _ index: Int) -> Service {
        let isMarked = index == 2
        return Service(
            "/node\(node)/\(index)", "value \(number(0..<3))", downValue: isMarked ? "down" : nil,
            ttl: .seconds([3, 6, 10][number(0..<3)]), drain: .seconds(number(0..<3)),
            onStop: Bool.random(using: &simulation.generator) ? .delete : .keep)
    }

    private mutating func disturb() {
        let node = number(0..<simulation.nodes.count)
        let index = number(0..<3)
        let key = bytes("/node\(node)/\(index)")
        switch number(0..<11) {
        case 0, 1: simulation.setHealth(.up, key, node)
        case 2, 3: simulation.setHealth(.down, key, node)
        case 4: simulation.faults = [.none]
        case 5: simulation.faults = Simulation.Fault.allCases.filter { _ in number(0..<2) == 0 } + [.none]
        case 6: simulation.faults = [Simulation.Fault.allCases[number(1..<6)]]
        case 7:
            switch number(0..<4) {
            case 0: simulation.store.wipe()
            case 1: simulation.store.endAllLeases()
            case 2: simulation.store.interfere(key, nil)
            default: simulation.store.interfere(key, bytes("a stranger's"))
            }
        case 8: simulation.restart(node, knowsHealth: number(0..<2) == 0)
        case 9: simulation.nodes[node].frozenUntil = simulation.now + .milliseconds(number(0..<20_000))
        default:
            // The service `index` changes, comes back or is removed.
            var services = (0..<3).map { old in
                old == index
                    ? service(node, old) : simulation.nodes[node].services.first { $0.key.last == 48 + UInt8(old) }
            }
            if number(0..<2) == 0 { services[index] = nil }
            simulation.set(services.compactMap { $0 }, node)
        }
    }

    /// Time passes without faults. Then the store must have what the services should have there, and no more is
    /// written.
    private mutating func settle() {
        simulation.faults = [.none]
        for (key, entry) in simulation.store.keys where entry.writer < 0 { simulation.store.interfere(key, nil) }
        for index in simulation.nodes.indices {
            for service in simulation.nodes[index].services {
                simulation.setHealth(simulation.nodes[index].health[service.key] ?? .down, service.key, index)
            }
        }
        simulation.run(for: .seconds(45))
        let events = simulation.store.events
        simulation.run(for: .seconds(12))
        if simulation.store.events != events { problems.append("it writes though nothing happens") }
        for index in simulation.nodes.indices { problems += simulation.differences(index) }
        let wanted = Set(simulation.nodes.flatMap { $0.services.map(\.key) })
        for key in simulation.store.keys.keys where !wanted.contains(key) {
            problems.append("\(String(decoding: key, as: UTF8.self)) is left")
        }
        problems += simulation.violations + simulation.store.violations
    }

    /// Stops all nodes: keys to be deleted at the end are gone within a second, and the others when their lease ends.
    private mutating func end() {
        for index in simulation.nodes.indices { simulation.stop(index) }
        simulation.run(for: .seconds(1))
        for node in simulation.nodes {
            for service in node.services where service.onStop == .delete && simulation.store.keys[service.key] != nil {
                problems.append("\(String(decoding: service.key, as: UTF8.self)) is not deleted at the end")
            }
        }
        simulation.run(for: .seconds(4))
        if !simulation.nodes.allSatisfy({ $0.registrar.isFinished }) { problems.append("it does not end") }
        simulation.run(for: .seconds(20))
        if !simulation.store.keys.isEmpty { problems.append("keys outlive their lease") }
    }
}
