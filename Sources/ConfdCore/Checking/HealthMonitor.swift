import Checks
import Posix

/// The targets that are probed for all resources and services. Used by the engine's thread; `CheckEngine` delivers verdicts.
final class HealthMonitor {
    /// Whose targets are probed.
    enum Owner: Hashable {
        /// By its number in the engine.
        case resource(Int)
        case services
    }

    private let makeEngine: () throws(SystemError) -> CheckEngine
    private var wanted: [Owner: Set<CheckedTarget>] = [:]
    /// Made when there is something to probe: without health checks there is no thread for them.
    private(set) var engine: CheckEngine?

    init(_ makeEngine: @escaping () throws(SystemError) -> CheckEngine) { self.makeEngine = makeEngine }

    /// Has exactly `targets` probed for `owner`. What several owners want is probed once.
    func set(_ targets: Set<CheckedTarget>, for owner: Owner) throws(SystemError) {
        guard wanted[owner, default: []] != targets else { return }
        wanted[owner] = targets.isEmpty ? nil : targets
        if engine == nil { engine = try makeEngine() }
        engine?.set(all)
    }

    /// Has nothing more probed for `owner`.
    func remove(_ owner: Owner) {
        guard wanted.removeValue(forKey: owner) != nil else { return }
        engine?.set(all)
    }

    private var all: Set<CheckedTarget> { wanted.values.reduce(into: []) { $0.formUnion($1) } }

    /// What is known of a target, nil if it is not probed.
    func health(of target: CheckedTarget) -> Health? { engine?.health(of: target) }

    /// Ends all probes at once.
    func stop() {
        engine?.stop()
        engine = nil
        wanted = [:]
    }
}
