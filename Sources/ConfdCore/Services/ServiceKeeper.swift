import Applying
import Backends
import Checks
import Configuration
import KeyValue
import Posix
import Registration
import Rendering

/// Keeps the keys of services in their stores: evaluates what is to be registered, combines the verdicts of checks, and hands
/// both to a registrar for each store. Used by the engine's thread.
final class ServiceKeeper {
    /// A service as it was evaluated last.
    private struct Entry {
        let definition: ServiceDefinition
        let service: Service
    }

    /// What one registrar keeps. Services and places in rollouts are on leases of their own: after a restart the services are
    /// known before the places, and what is on a lease and not known is removed.
    private struct Holding: Hashable {
        let backend: BackendConfiguration
        let isOfRollouts: Bool
    }

    /// What the keeper needs of the rest.
    struct Parts {
        let logger: Logger
        let backends: BackendPool
        /// What confd does on this host: its configuration directory, or the key of `confd register`.
        let purpose: String
        let isNoop: Bool
        /// The leases of earlier runs: keys on them are ours.
        let earlierLeases: Set<Int64>
        /// Evaluates services on another thread, as their functions may wait for a resolver: `take` gets what came of it.
        let evaluate: ([ServiceDefinition]) -> Void
        /// Called when other leases are in use than before.
        let keepLeases: (Set<Int64>) -> Void
        /// Called on any thread, when a registrar has ended.
        let finished: @Sendable () -> Void
        /// Likewise, when a key belongs to another registrar and is not waited for.
        let gaveUp: @Sendable () -> Void
        /// Likewise, when something was reported.
        let changed: @Sendable () -> Void
    }

    private let parts: Parts
    private let monitor: HealthMonitor
    private var definitions: [ServiceDefinition] = []
    private var registrars: [Holding: RegistrarThread] = [:]
    private var entries: [BackendConfiguration: [Entry]] = [:]
    /// Keys beside those of services: the places of this host in rollouts.
    private var places: [BackendConfiguration: [Service]] = [:]
    /// Whether services are being evaluated, and whether that has to be done once more.
    private var isEvaluating = false
    private var evaluatesAgain = false
    /// The errors of services that could not be evaluated, by service: each is logged once.
    private var failures: [String: String] = [:]
    /// How many registrars have not ended yet, once `isStopping`.
    private var running = 0
    private var keptLeases: Set<Int64>
    /// Whether the command after `--`, if there is one, runs.
    private var childRuns: Bool
    private(set) var isStopping = false

    /// With `waitsForChild` services without checks are down until the command after `--` runs.
    init(_ parts: Parts, _ monitor: HealthMonitor, waitsForChild: Bool) {
        self.parts = parts
        keptLeases = parts.earlierLeases
        self.monitor = monitor
        childRuns = !waitsForChild
    }

    /// When a service that could not be evaluated is tried again; nil if there is none.
    private(set) var retryAt: Duration?

    /// Whether there is anything to keep, or to take out at the end.
    var isEmpty: Bool { definitions.isEmpty && registrars.isEmpty }

    /// Whether all is taken out that has to be.
    var isFinished: Bool { registrars.isEmpty || isStopping && running == 0 }

    // MARK: - Events

    /// Registers these and no others; keys and values are evaluated anew.
    func set(_ definitions: [ServiceDefinition], at now: Duration) {
        if isStopping { return }
        self.definitions = definitions
        let targets = definitions.flatMap { $0.checks.map { CheckedTarget($0.target, $0.check) } }
        monitor.set(Set(targets), for: .services, at: now)
        evaluate(at: now)
        for registrar in registrars.values { registrar.verify() }
    }

    /// Registers the services as they are now; `evaluate` has asked for them.
    func take(_ evaluated: [EvaluatedService], at now: Duration) {
        isEvaluating = false
        if isStopping { return }
        // Of other services by now, the old values would take out what has only changed.
        if evaluated.map(\.definition) == definitions {
            var new: [BackendConfiguration: [Entry]] = [:]
            for service in evaluated {
                guard let entry = entry(service, at: now) else { continue }
                new[service.definition.backend, default: []].append(entry)
            }
            entries = new
            register(at: now)
        }
        if evaluatesAgain { evaluate(at: now) }
    }

    /// Registers these keys, whose host is always up, and no others beside those of services.
    func setPlaces(_ new: [BackendConfiguration: [Service]], at now: Duration) {
        if isStopping || new == places { return }
        places = new
        register(at: now)
    }

    /// Tries again what could not be evaluated or registered.
    func retry(at now: Duration) {
        guard let retryAt, now >= retryAt, !isStopping else { return }
        evaluate(at: now)
    }

    /// Takes a verdict of a health check.
    func take(_ change: VerdictChange) {
        for (backend, entries) in entries {
            for entry in entries where entry.definition.uses(change.target) { tellHealth(of: entry, backend) }
        }
    }

    /// The command after `--` runs, or has ended: then its keys go at once.
    func childChanged(runs: Bool) {
        childRuns = runs
        if !runs {
            definitions = []
            entries = [:]
            for (holding, registrar) in registrars where !holding.isOfRollouts { registrar.set([]) }
        }
        for (backend, entries) in entries { for entry in entries { tellHealth(of: entry, backend) } }
    }

    /// Removes the keys that are to go when confd ends; `finished` is called by each registrar that is done.
    func stop() {
        if isStopping { return }
        isStopping = true
        running = registrars.count
        for registrar in registrars.values { end(registrar) }
        if registrars.isEmpty { parts.finished() }
    }

    /// A registrar has ended.
    func noteFinished() { running = max(0, running - 1) }

    /// Ends the drain time at once.
    func skipDrain() { for registrar in registrars.values { registrar.skipDrain() } }

    /// After `stop`: ends the attempts to remove keys too.
    func stopRemoving() { for registrar in registrars.values { registrar.stopRemoving() } }

    private func end(_ registrar: RegistrarThread) {
        registrar.stop()
        let finished = parts.finished
        let wait: @Sendable () -> Void = {
            // The registrar has limits of its own: two seconds to remove, and the drain time.
            _ = registrar.waitUntilFinished(atMost: .seconds(86_400))
            finished()
        }
        do throws(SystemError) {
            try Thread.detach(wait)
        } catch {
            // Without a thread it is waited for here.
            wait()
        }
    }

    // MARK: - What is to be registered

    private func evaluate(at now: Duration) {
        retryAt = nil
        if definitions.isEmpty {
            evaluatesAgain = false
            entries = [:]
            return register(at: now)
        }
        // Not beside each other: a resolver that is slow would be asked by ever more threads.
        evaluatesAgain = isEvaluating
        if isEvaluating { return }
        isEvaluating = true
        parts.evaluate(definitions)
    }

    private func register(at now: Duration) {
        for holding in holdings {
            guard let registrar = registrar(for: holding, at: now) else { continue }
            if holding.isOfRollouts {
                let places = places[holding.backend, default: []]
                registrar.set(places)
                for place in places { registrar.setHealth(.up, of: place.key) }
            } else {
                let entries = entries[holding.backend, default: []]
                registrar.set(entries.map(\.service))
                for entry in entries { tellHealth(of: entry, holding.backend) }
            }
        }
        let inUse = registrars.values.reduce(into: Set<Int64>()) { $0.formUnion($1.leaseIDs) }
        if inUse != keptLeases { parts.keepLeases(inUse) }
        keptLeases = inUse
    }

    /// What is held, or has to be.
    private var holdings: Set<Holding> {
        Set(registrars.keys)
            .union(entries.keys.map { Holding(backend: $0, isOfRollouts: false) })
            .union(places.keys.map { Holding(backend: $0, isOfRollouts: true) })
    }

    /// The service as it is now. If it cannot be evaluated, it is tried again soon, and the last one stays; nil if there is none.
    private func entry(_ evaluated: EvaluatedService, at now: Duration) -> Entry? {
        let definition = evaluated.definition
        switch evaluated.result {
        case .success(let service):
            failures[definition.name] = nil
            if parts.isNoop { tellNoop(service) }
            return Entry(definition: definition, service: service)
        case .failure(let error):
            retryAt = now + .seconds(5)
            if failures[definition.name] != error.message {
                parts.logger.error("\(definition.name): \(error.message), trying again")
            }
            failures[definition.name] = error.message
            // What is registered stays as it is.
            return entries[definition.backend]?.first { $0.definition == definition }
        }
    }

    private func tellNoop(_ service: Service) {
        let key = String(decoding: service.key, as: UTF8.self)
        parts.logger.warning("Noop mode enabled. \(key) will not be registered")
    }

    private func registrar(for holding: Holding, at now: Duration) -> RegistrarThread? {
        if parts.isNoop { return nil }
        if let registrar = registrars[holding] { return registrar }
        let backend = holding.backend
        do {
            guard let store = try parts.backends.backend(for: backend) as? any LeasingBackend else {
                preconditionFailure("only backends that take registrations have services")
            }
            let identity = LeaseIdentity.current(
                purpose: holding.isOfRollouts ? "rollouts of " + parts.purpose : parts.purpose)
            let (logger, gaveUp, changed) = (parts.logger, parts.gaveUp, parts.changed)
            let state = Registrar(identity: identity, earlierLeases: parts.earlierLeases)
            let registrar = try RegistrarThread(store, state) { report in
                // Places come and go with each change.
                if holding.isOfRollouts, report.severity == .information {
                    logger.debug(report.message, backend)
                } else {
                    logger.report(report, backend)
                }
                if case .conflict(_, _, waits: false) = report { gaveUp() }
                changed()
            }
            try registrar.start()
            registrars[holding] = registrar
            return registrar
        } catch let error as BackendError {
            parts.logger.error(error.message, error.logFields(backend))
        } catch let error as SystemError {
            parts.logger.error("services: \(error.message)")
        } catch {
            preconditionFailure("the two errors above are all that can be thrown")
        }
        retryAt = now + .seconds(5)
        return nil
    }

    // MARK: - Whether it is up

    private func tellHealth(of entry: Entry, _ backend: BackendConfiguration) {
        registrars[Holding(backend: backend, isOfRollouts: false)]?
            .setHealth(health(of: entry.definition), of: entry.service.key)
    }

    /// Up if all checks are; undecided until each has a verdict: then the key that an earlier run left in the store stays.
    private func health(of definition: ServiceDefinition) -> ServiceHealth {
        if !childRuns { return .down }
        var isUndecided = false
        for check in definition.checks {
            guard let health = monitor.health(of: CheckedTarget(check.target, check.check)), health.hasVerdict else {
                isUndecided = true
                continue
            }
            if !health.isUp { return .down }
        }
        return isUndecided ? .undecided : .up
    }

    /// The services that are not registered and wait for `target` to be up: their keys, or their names if the keys are not
    /// evaluated yet.
    func names(waitingFor target: CheckedTarget) -> [String] {
        let registered = registered
        return definitions.filter { $0.uses(target) }.compactMap { definition in
            guard let entry = entries[definition.backend]?.first(where: { $0.definition == definition }) else {
                return definition.name
            }
            let key = entry.service.key
            return registered[key] == nil ? String(decoding: key, as: UTF8.self) : nil
        }
    }

    /// Why a service is down; nil if it is up, or nothing has failed yet.
    private func failure(of definition: ServiceDefinition) -> String? {
        if !childRuns { return "the command after -- does not run" }
        let failing = definition.checks.lazy.compactMap { [monitor] check -> String? in
            let target = CheckedTarget(check.target, check.check)
            guard let health = monitor.health(of: target), !health.isUp, health.fall > 0 else { return nil }
            return "\(target) is down" + (health.error.map { ": " + $0 } ?? "")
        }
        return failing.first
    }

    // MARK: - Status

    /// The registered keys of services, without the places in rollouts.
    var registeredServices: Set<[UInt8]> {
        Set(registrars.filter { !$0.key.isOfRollouts }.values.flatMap(\.registered.keys))
    }

    /// The registered keys and values of all stores.
    var registered: [[UInt8]: [UInt8]] {
        registrars.values.reduce(into: [:]) { all, registrar in all.merge(registrar.registered) { first, _ in first } }
    }

    /// Why keys of all stores that are to be registered are not.
    var problems: [[UInt8]: String] {
        registrars.values.reduce(into: [:]) { all, registrar in all.merge(registrar.problems) { first, _ in first } }
    }

    /// Every service at `now`, for `confd status` and metrics.
    func statuses(at now: Duration) -> [ServiceStatus] {
        let registered = registrars.values.reduce(into: Set()) { $0.formUnion($1.registered(at: now)) }
        let problems = problems
        return entries.values.flatMap { $0 }.map { entry in
            ServiceStatus(
                name: entry.definition.name, key: String(decoding: entry.service.key, as: UTF8.self),
                isRegistered: registered.contains(entry.service.key), isUp: health(of: entry.definition) == .up,
                problem: failure(of: entry.definition) ?? problems[entry.service.key])
        }.sorted { $0.key < $1.key }
    }
}

extension Logger {
    /// Logs what a registrar reports.
    func report(_ report: Report, _ backend: BackendConfiguration) {
        let subject = backend.logFields.explained(hint: report.hint)
        switch report.severity {
        case .information: info(report.message, subject)
        case .warning: warning(report.message, subject)
        case .error: error(report.message, subject)
        }
    }
}
