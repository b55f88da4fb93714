import Posix

@testable import Appliers

extension DesiredServer {
    /// A server at 127.0.0.1.
    static func local(
        _ id: String, _ port: UInt16, weight: Int = 1, isDrained: Bool = false, isBackup: Bool = false,
        words: [ServerWord] = []
    ) -> DesiredServer {
        DesiredServer(
            id: id, address: .internet(host: "127.0.0.1", port: port), weight: weight, isDrained: isDrained,
            isBackup: isBackup, words: words)
    }
}

/// Traits as those of the drivers; a `plain` balancer can only add and remove servers.
extension BalancerTraits {
    static let haproxy = BalancerTraits(
        identity: .id, live: [.address, .weight, .checks, .state], parks: true, drains: true, drainsLeaving: true)
    static let nginx = BalancerTraits(
        identity: .address, live: [.weight, .words, .state], parks: false, drains: true, drainsLeaving: true)
    static let caddy = BalancerTraits(
        identity: .address, live: [.words], parks: false, drains: false, drainsLeaving: false)
    static let plain = BalancerTraits(
        identity: .id, live: [], parks: false, drains: false, drainsLeaving: false)
}

/// The time limit of one call in a test.
func patience(_ limit: Duration = .seconds(5)) throws -> Patience {
    Patience(limit: limit, cancellation: try Cancellation())
}

/// A balancer in memory that carries out each step exactly.
struct ModelBalancer {
    let traits: BalancerTraits
    var servers: [RunningServer] = []
    /// Handles of servers that have connections, and cannot be removed.
    var busy: Set<String> = []
    private var nextHandle = 0

    init(_ traits: BalancerTraits) { self.traits = traits }

    /// The running server that `desired` becomes.
    func running(_ desired: DesiredServer, handle: String) -> RunningServer {
        var server = RunningServer(key: traits.identity == .id ? desired.id : desired.address.text, handle: handle)
        server.address = desired.address.isUnix ? .somewhereUnix : .known([desired.address])
        server.weight = desired.weight
        server.isBackup = desired.isBackup
        server.phase = desired.isDrained ? .draining : .serving
        server.words = .fingerprint(WordsFingerprint.candidates(for: desired)[0].number)
        server.isUp = server.phase == .serving && desired.weight > 0
        return server
    }

    /// Carries out a step; returns it if that was not possible.
    mutating func take(_ step: Step) -> Step? {
        switch step {
        case .add(let desired):
            nextHandle += 1
            servers.append(running(desired, handle: "h\(nextHandle)"))
        case .change(let old, let desired, let fields): update(old) { $0.become(desired, fields) }
        case .drain(let old): update(old) { $0.set(.draining) }
        case .park(let old):
            update(old) { server in
                server.set(.stopped)
                server.weight = 0
            }
        case .remove(let old):
            if busy.contains(old.handle) { return step }
            servers.removeAll { $0.handle == old.handle }
        case .disconnect(let old):
            busy.remove(old.handle)
            servers.removeAll { $0.handle == old.handle }
        }
        return nil
    }

    private mutating func update(_ old: RunningServer, _ change: (inout RunningServer) -> Void) {
        guard let index = servers.firstIndex(where: { $0.handle == old.handle }) else { return }
        change(&servers[index])
    }
}

extension RunningServer {
    fileprivate mutating func become(_ desired: DesiredServer, _ fields: [ServerField]) {
        for field in fields {
            switch field {
            case .address: address = .known([desired.address])
            case .weight: weight = desired.weight
            case .backup: isBackup = desired.isBackup
            case .words: words = .fingerprint(WordsFingerprint.candidates(for: desired)[0].number)
            case .checks: lacksChecks = false
            case .state: phase = desired.isDrained ? .draining : .serving
            }
        }
        isUp = phase == .serving && weight != 0
    }

    fileprivate mutating func set(_ phase: Phase) {
        self.phase = phase
        isUp = phase == .serving && weight != 0
    }
}
