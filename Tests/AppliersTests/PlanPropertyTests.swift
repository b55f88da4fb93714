import TestSupport
import Testing

@testable import Appliers

/// Plans for random pairs of desired and running servers.
@Suite struct PlanPropertyTests {
    @Test(arguments: [
        BalancerTraits.haproxy, BalancerTraits.nginx, BalancerTraits.caddy, BalancerTraits.plain,
    ])
    func plansEndInWhatIsDesired(_ traits: BalancerTraits) {
        for seed in 0..<500 {
            var random = SeededGenerator(seed: UInt64(seed))
            var round = Round(traits, &random)
            round.run(&random)
            #expect(round.problem == nil, "seed \(seed)")
        }
    }

    private struct Round {
        private let desired: [DesiredServer]
        private let options: PlanOptions
        private var model: ModelBalancer
        private(set) var problem: String?

        init(_ traits: BalancerTraits, _ random: inout SeededGenerator) {
            desired = Self.servers(&random)
            model = ModelBalancer(traits)
            for server in Self.servers(&random) { _ = model.take(.add(server)) }
            // Some servers are parked, drained or busy, as commands of an operator may leave them.
            for index in model.servers.indices where Bool.random(using: &random) {
                if traits.parks, Bool.random(using: &random) { _ = model.take(.park(model.servers[index])) }
                if traits.drainsLeaving, Bool.random(using: &random) { _ = model.take(.drain(model.servers[index])) }
                if Bool.random(using: &random) { model.busy.insert(model.servers[index].handle) }
            }
            if !traits.parks { model.busy = [] }
            var options = PlanOptions()
            options.minUp = Int.random(in: 0...2, using: &random)
            options.drain = .seconds(Int.random(in: 0...3, using: &random))
            options.maxDrain = .seconds(5)
            self.options = options
        }

        mutating func run(_ random: inout SeededGenerator) {
            var departures = Departures()
            var now = Duration.zero
            for _ in 0..<200 {
                let plan = Plan(
                    desired: desired, actual: model.servers, traits: model.traits, options: options,
                    departures: &departures, now: now)
                check(plan)
                if plan.steps.isEmpty || problem != nil {
                    if plan.isEqual { return finish() }
                    // What is left is a wait until `nextDue`, or a server that must be kept up.
                    if plan.nextDue == nil { return finishOwed(plan) }
                }
                let up = model.servers.count { $0.isUp }
                for step in plan.steps {
                    _ = model.take(step)
                    let left = model.servers.count { $0.isUp }
                    if left < min(up, options.minUp) { problem = "only \(left) are up after \(step)" }
                }
                now += .milliseconds(Int64.random(in: 100...1_500, using: &random))
            }
            problem = problem ?? "no end"
        }

        /// No step touches a server that is as desired.
        private mutating func check(_ plan: Plan) {
            for step in plan.steps {
                switch step {
                case .add(let server):
                    if model.servers.contains(where: { $0.key == key(server) }) { problem = "\(server.id) twice" }
                case .change(let running, let server, let fields):
                    let differing = Set(running.differences(from: server))
                    if fields.isEmpty || !differing.isSuperset(of: fields) { problem = "\(fields) of \(running.key)" }
                case .drain(let running), .park(let running), .remove(let running), .disconnect(let running):
                    let wanted = wanted.first { key($0) == running.key }
                    let isSecond = model.servers.first { $0.key == running.key }?.handle != running.handle
                    if let wanted, !isSecond, running.differences(from: wanted).isEmpty {
                        problem = "\(running.key) is taken away"
                    }
                }
            }
        }

        private mutating func finish() {
            let remaining = model.servers.filter { running in wanted.contains { key($0) == running.key } }
            if remaining.count != wanted.count { problem = "\(remaining.count) of \(wanted.count)" }
            for server in wanted {
                let running = model.servers.first { $0.key == key(server) }
                if running?.differences(from: server) != [] { problem = "\(server.id) differs" }
            }
            let others = model.servers.filter { running in !wanted.contains { key($0) == running.key } }
            if !others.isEmpty { problem = "\(others.map(\.key)) are left" }
        }

        /// A plan may end with debts only where servers are kept up for `minUp`.
        private mutating func finishOwed(_ plan: Plan) {
            if plan.debts.isEmpty { problem = "nothing to do, and not equal" }
            if model.servers.count(where: { $0.isUp }) > options.minUp { problem = "held without a need" }
        }

        private var wanted: [DesiredServer] { model.traits.drains ? desired : desired.filter { !$0.isDrained } }

        private func key(_ server: DesiredServer) -> String {
            model.traits.identity == .id ? server.id : server.address.text
        }

        /// Up to eight servers with ids, addresses and words from small sets, so that many pairs have something in common.
        private static func servers(_ random: inout SeededGenerator) -> [DesiredServer] {
            let ids = (0..<8).shuffled(using: &random).prefix(Int.random(in: 0...8, using: &random))
            let ports = (1...10).map { UInt16($0) }.shuffled(using: &random)
            return zip(ids, ports).map { id, port in
                let words = Int.random(in: 0...3, using: &random) == 0 ? [ServerWord("check", .flag(true))] : []
                return .local(
                    "s\(id)", Bool.random(using: &random) ? UInt16(100 + id) : port,
                    weight: Int.random(in: 0...2, using: &random),
                    isDrained: Int.random(in: 0...4, using: &random) == 0,
                    isBackup: Int.random(in: 0...6, using: &random) == 0, words: words)
            }
        }
    }
}
