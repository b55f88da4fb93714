import Backends
import TestSupport

@testable import Registration

/// Registrars and a store in memory. Requests and answers are subject to faults, and time is simulated.
struct Simulation {
    /// What happens to a request.
    enum Fault: CaseIterable {
        case none
        /// Fails at once; nothing is done.
        case refused
        /// Nothing done, and no answer.
        case lost
        /// Done, and no answer.
        case unanswered
        /// No answer, and done some time later.
        case late
        /// Of several writes only the first ones are done.
        case half
    }

    /// A program that registers.
    final class Node {
        let number: Int
        let identity: LeaseIdentity
        var registrar: Registrar
        var services: [Service] = []
        /// The verdicts of the checks.
        var health: [[UInt8]: ServiceHealth] = [:]
        var isStopped = false
        var frozenUntil = Duration.zero
        /// The answer to the request under way, which arrives at `at`.
        var answer: (content: Registrar.Answer, at: Duration)?
        var reports: [Report] = []
        /// Steps since the clock last moved.
        fileprivate var steps = 0

        fileprivate init(_ number: Int, _ identity: LeaseIdentity, _ registrar: Registrar) {
            self.number = number
            self.identity = identity
            self.registrar = registrar
        }

        /// When it has something to do next; nil: never.
        fileprivate var wakeTime: Duration? {
            (answer?.at ?? registrar.deadline).map { max($0, frozenUntil) }
        }
    }

    var now = Duration.zero
    var store: ModelStore
    var nodes: [Node] = []
    var generator: SeededGenerator
    /// The faults that requests can meet, each with the same probability.
    var faults = [Fault.none]
    private var late: [(request: Registrar.Request, node: Int, at: Duration)] = []
    private(set) var violations: [String] = []

    static let unreachable = BackendError(.unreachable, "no answer")

    init(seed: Int, hasLeases: Bool = true) {
        store = ModelStore(hasLeases: hasLeases)
        generator = SeededGenerator(seed: UInt64(seed))
    }

    /// Another program; returns its number.
    mutating func addNode(_ services: [Service], health: ServiceHealth? = .up) -> Int {
        let number = nodes.count
        let identity = LeaseIdentity(machine: "machine", boot: "boot", host: "host\(number)", purpose: "/etc/confd")
        nodes.append(Node(number, identity, Self.registrar(identity, &generator)))
        set(services, number)
        if let health { for service in services { setHealth(health, service.key, number) } }
        return number
    }

    private static func registrar(_ identity: LeaseIdentity, _ generator: inout SeededGenerator) -> Registrar {
        let share = Double.random(in: 0..<1, using: &generator)
        return Registrar(identity: identity, random: { share })
    }

    mutating func set(_ services: [Service], _ node: Int) {
        nodes[node].services = services
        nodes[node].registrar.set(services)
        for service in services {
            guard let health = nodes[node].health[service.key] else { continue }
            nodes[node].registrar.setHealth(health, of: service.key)
        }
    }

    mutating func setHealth(_ health: ServiceHealth, _ key: [UInt8], _ node: Int) {
        nodes[node].health[key] = health
        nodes[node].registrar.setHealth(health, of: key)
    }

    /// Kills the program, which sends nothing more, and starts it again; `knowsHealth`: its checks have run.
    mutating func restart(_ node: Int, knowsHealth: Bool = true) {
        nodes[node].registrar = Self.registrar(nodes[node].identity, &generator)
        nodes[node].answer = nil
        nodes[node].isStopped = false
        nodes[node].registrar.set(nodes[node].services)
        if knowsHealth {
            for (key, health) in nodes[node].health { nodes[node].registrar.setHealth(health, of: key) }
        }
    }

    mutating func stop(_ node: Int) {
        nodes[node].isStopped = true
        nodes[node].registrar.stop(now: now)
    }

    /// Lets time pass.
    mutating func run(for time: Duration) {
        let end = now + time
        while true {
            for node in nodes where node.wakeTime.map({ $0 <= now }) ?? false { step(node) }
            let next = nodes.compactMap(\.wakeTime) + late.map(\.at)
            let time = min(end, max(now, next.min() ?? end))
            if time > now { for node in nodes { node.steps = 0 } }
            now = time
            store.advance(to: now)
            deliverLate()
            if now >= end, (next.min() ?? end) >= end { return }
        }
    }

    private mutating func deliverLate() {
        if late.isEmpty { return }
        let due = late.filter { $0.at <= now }
        late.removeAll { $0.at <= now }
        for (request, node, _) in due { _ = store.perform(request, by: node) }
    }

    private mutating func step(_ node: Node) {
        node.steps += 1
        if node.steps == 1_000 { violations.append("node \(node.number) does not wait") }
        guard node.steps < 1_000 else {
            // Pauses the node, so that the simulation goes on.
            node.frozenUntil = now + .seconds(1)
            return
        }
        if let answer = node.answer {
            guard answer.at <= now else { return }
            node.answer = nil
            node.registrar.finish(answer.content, now: now)
        }
        if let request = node.registrar.nextRequest(now: now) { send(request, node) }
        node.reports += node.registrar.takeReports()
    }

    private mutating func send(_ request: Registrar.Request, _ node: Node) {
        check(request, node)
        let limit = node.registrar.timeLimit(now: now)
        let failure = Self.failure(request)
        let quick = min(limit, .milliseconds(Int.random(in: 1...50, using: &generator)))
        // The list is not empty.
        switch faults.randomElement(using: &generator) ?? .none {
        case .none: node.answer = (store.perform(request, by: node.number), now + quick)
        case .refused: node.answer = (failure, now + quick)
        case .lost: node.answer = (failure, now + limit)
        case .unanswered:
            _ = store.perform(request, by: node.number)
            node.answer = (failure, now + limit)
        case .late:
            late.append((request, node.number, now + .milliseconds(Int.random(in: 1...15_000, using: &generator))))
            node.answer = (failure, now + limit)
        case .half:
            guard case .written(var outcomes) = store.perform(request, by: node.number) else {
                node.answer = (failure, now + limit)
                return
            }
            for place in outcomes.indices.dropFirst(outcomes.count / 2) { outcomes[place] = .failed(Self.unreachable) }
            node.answer = (.written(outcomes), now + limit)
        }
    }

    private static func failure(_ request: Registrar.Request) -> Registrar.Answer {
        if case .write(let writes, _) = request { return .written(writes.map { _ in .failed(unreachable) }) }
        return .failed(unreachable)
    }

    /// A key is never deleted while its service is up, whatever the store does.
    private mutating func check(_ request: Registrar.Request, _ node: Node) {
        guard !node.isStopped else { return }
        switch request {
        case .revoke: violations.append("a lease is revoked by node \(node.number), which runs")
        case .write(let writes, _):
            for write in writes where write.value == nil {
                let isWanted = node.services.contains { $0.key == write.key }
                guard isWanted, node.health[write.key] == .up else { continue }
                violations.append("\(String(decoding: write.key, as: UTF8.self)) is deleted, which is up")
            }
        case .grant, .keepAlive: break
        }
    }

    /// The differences between the store and what the node's services should have there.
    func differences(_ index: Int) -> [String] {
        let node = nodes[index]
        return node.services.compactMap { service in
            let wanted: [UInt8]? =
                switch node.health[service.key] {
                case .up: service.value
                case .down: service.downValue
                case .undecided, nil: nil
                }
            let found = store.keys[service.key]?.value
            if found == wanted { return nil }
            return "\(text(service.key)) is \(text(found)) and not \(text(wanted))"
        }
    }

    private func text(_ bytes: [UInt8]?) -> String { bytes.map { String(decoding: $0, as: UTF8.self) } ?? "absent" }
}
