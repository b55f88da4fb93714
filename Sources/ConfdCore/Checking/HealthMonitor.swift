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
    private let warn: (String) -> Void
    private var backoff = Backoff()
    /// When the engine is tried to be made again; nil if it is there or not needed.
    private(set) var retryAt: Duration?
    private var wanted: [Owner: Set<CheckedTarget>] = [:]
    /// Made when there is something to probe: without health checks there is no thread for them.
    private(set) var engine: CheckEngine?

    /// `warn` gets a line if the engine cannot be made.
    init(_ makeEngine: @escaping () throws(SystemError) -> CheckEngine, warn: @escaping (String) -> Void) {
        self.makeEngine = makeEngine
        self.warn = warn
    }

    /// Has exactly `targets` probed for `owner`. What several owners want is probed once. Where there is no descriptor or
    /// thread for that, `retry` makes up for it.
    func set(_ targets: Set<CheckedTarget>, for owner: Owner, at now: Duration) {
        guard wanted[owner, default: []] != targets else { return }
        wanted[owner] = targets.isEmpty ? nil : targets
        if engine == nil, retryAt == nil { start(at: now, isFirst: true) }
        engine?.set(all)
    }

    /// Makes the engine if it could not be made before, and a pause is over.
    func retry(at now: Duration) {
        guard let retryAt, now >= retryAt else { return }
        self.retryAt = nil
        if !wanted.isEmpty { start(at: now, isFirst: false) }
        engine?.set(all)
    }

    private func start(at now: Duration, isFirst: Bool) {
        do throws(SystemError) {
            engine = try makeEngine()
        } catch {
            if isFirst { warn("no health checks: \(error.message), trying again") }
            retryAt = now + backoff.next()
        }
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
        retryAt = nil
        wanted = [:]
    }
}
