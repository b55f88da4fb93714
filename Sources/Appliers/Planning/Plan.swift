/// The least that makes the running servers the desired ones, in the order add, change, drain, remove.
///
/// Pure: what is desired, what there is, and the time in; steps out. What is equal is not touched.
package struct Plan: Equatable, Sendable {
    package private(set) var adds: [Step] = []
    package private(set) var changes: [Step] = []
    package private(set) var drains: [Step] = []
    package private(set) var removals: [Step] = []
    /// Why the servers are not as desired, besides the steps.
    package private(set) var debts: [Debt] = []
    /// The servers that have left but for their last connections.
    package private(set) var parked: [String] = []
    /// When the next step is due if nothing else happens.
    package private(set) var nextDue: Duration?
    /// Whether the servers are as desired; those that are parked may be removed still.
    package private(set) var isEqual = true

    /// All steps in order.
    package var steps: [Step] { adds + changes + drains + removals }

    /// At most 1/`replacedPart` of the desired servers, but at least one, is away at a time to be replaced.
    static let replacedPart = 4

    /// The plan from `actual` to `desired`; `departures` is carried from one plan to the next.
    package init(
        desired: [DesiredServer], actual: [RunningServer], traits: BalancerTraits, options: PlanOptions,
        departures: inout Departures, now: Duration
    ) {
        let wanted = traits.drains ? desired : desired.filter { !$0.isDrained }
        let match = Match(wanted, actual, traits)
        // How many that are up may be taken away or drained.
        var spare = actual.count { $0.isUp } - options.minUp
        adds = match.missing.map { .add($0) }
        for (running, server, fields) in match.changed { change(running, server, fields, &spare) }
        var leaving: [RunningServer] = []
        for running in match.surplus {
            if mayLeave(running, &spare) { leaving.append(running) } else { debts.append(.keptUp(running.key)) }
        }
        var places = max(1, (wanted.count + Self.replacedPart - 1) / Self.replacedPart)
        for running in match.replaced {
            debts.append(.replacing(running.key))
            guard places > 0, mayLeave(running, &spare) else { continue }
            places -= 1
            leaving.append(running)
        }
        departures.keep(leaving)
        for running in leaving {
            depart(running, since: departures.begin(running, at: now), traits, options, now)
        }
        if !adds.isEmpty || !changes.isEmpty || !debts.isEmpty { isEqual = false }
    }

    /// Changes what differs; what would take the server out of service only if there is one to spare.
    private mutating func change(
        _ running: RunningServer, _ server: DesiredServer, _ fields: [ServerField], _ spare: inout Int
    ) {
        var fields = fields
        let withdraws = server.isDrained && fields.contains(.state) || server.weight == 0 && fields.contains(.weight)
        if withdraws, running.isUp {
            if spare > 0 {
                spare -= 1
            } else {
                fields.removeAll { $0 == .state || $0 == .weight }
                debts.append(.keptUp(running.key))
            }
        }
        if !fields.isEmpty { changes.append(.change(running, to: server, fields)) }
    }

    /// Whether the server may leave: it is not up, or there is one to spare.
    private func mayLeave(_ running: RunningServer, _ spare: inout Int) -> Bool {
        guard running.isUp else { return true }
        guard spare > 0 else { return false }
        spare -= 1
        return true
    }

    /// The next step of a server that leaves.
    private mutating func depart(
        _ running: RunningServer, since began: Duration, _ traits: BalancerTraits, _ options: PlanOptions,
        _ now: Duration
    ) {
        let drained = began + (traits.drainsLeaving ? options.drain : .zero)
        if running.phase == .serving, now < drained {
            drains.append(.drain(running))
            due(drained)
            isEqual = false
        } else if running.phase == .draining, now < drained {
            debts.append(.draining(running.key))
            due(drained)
        } else {
            if traits.parks, !running.isParked {
                drains.append(.park(running))
                isEqual = false
            }
            end(running, at: drained + options.maxDrain, traits, now)
        }
    }

    private mutating func end(
        _ running: RunningServer, at end: Duration, _ traits: BalancerTraits, _ now: Duration
    ) {
        guard traits.parks else {
            removals.append(.remove(running))
            isEqual = false
            return
        }
        if running.isParked { parked.append(running.key) }
        removals.append(now >= end ? .disconnect(running) : .remove(running))
        if now < end { due(end) }
    }

    private mutating func due(_ time: Duration) { nextDue = min(nextDue ?? time, time) }
}

/// Which running server is which desired one.
private struct Match {
    private(set) var missing: [DesiredServer] = []
    private(set) var changed: [(RunningServer, DesiredServer, [ServerField])] = []
    /// Those to be added again, after they are gone; first those that are on their way.
    private(set) var replaced: [RunningServer] = []
    /// Those that nobody desires, and seconds of one key.
    private(set) var surplus: [RunningServer] = []

    init(_ desired: [DesiredServer], _ actual: [RunningServer], _ traits: BalancerTraits) {
        var running: [String: RunningServer] = [:]
        let keys = Set(desired.map { Self.key(of: $0, traits) })
        for server in actual {
            if keys.contains(server.key), running[server.key] == nil {
                running[server.key] = server
            } else {
                surplus.append(server)
            }
        }
        for server in desired {
            guard let current = running[Self.key(of: server, traits)] else {
                missing.append(server)
                continue
            }
            let fields = current.differences(from: server)
            if fields.isEmpty { continue }
            if fields.allSatisfy({ current.canChange($0, to: server, traits) }) {
                changed.append((current, server, fields))
            } else {
                replaced.append(current)
            }
        }
        replaced = replaced.filter { $0.phase != .serving } + replaced.filter { $0.phase == .serving }
    }

    private static func key(of server: DesiredServer, _ traits: BalancerTraits) -> String {
        switch traits.identity {
        case .id: server.id
        case .address: server.address.text
        }
    }
}
