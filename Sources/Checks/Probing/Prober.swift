import Posix
import Synchronization

/// The thread of the probes: begins what is due, follows what is under way, ends what is late.
final class Prober {
    /// A probe between its start and its result.
    private struct Probe {
        let id: CheckSchedule.ProbeID
        let target: CheckedTarget
        let startedAt: Duration
        /// The name that is being looked up; nil afterwards.
        var host: String?
        var running: (any RunningProbe)?
    }

    /// How many probes begin before events are looked at again.
    private static let startsAtATime = 64
    /// No probe has this serial.
    private static let inboxToken: UInt64 = 0
    /// How long a killed command may take to end when all ends.
    private static let killedLimit = Duration.seconds(1)

    private let shared: ProberState
    private let limit: Int
    private let events: EventPoll
    private let context: ProbeContext
    private let factory: ProbeFactory
    private let lookups: NameLookups
    private var probes: [UInt64: Probe] = [:]
    /// Which probes wait for the address of a name.
    private var waiting: [String: [UInt64]] = [:]
    /// Commands whose end no descriptor tells.
    private var polled: Set<UInt64> = []
    private var hasMail = false

    /// Probes by `shared.schedule`, at most `limit` at a time. Throws if there are no descriptors left.
    init(
        _ shared: ProberState, limit: Int, environment: @escaping @Sendable () -> [[UInt8]]
    ) throws(SystemError) {
        self.shared = shared
        self.limit = limit
        events = try EventPoll()
        try events.add(shared.inbox.descriptor, token: Self.inboxToken, .readable)
        context = ProbeContext(events, shared.inbox, environment: environment)
        factory = ProbeFactory(context: context)
        lookups = NameLookups(shared.inbox)
    }

    /// Runs until the inbox says that it stops.
    func run() {
        while !hasMail || takeMail() {
            expire()
            let isBehind = start()
            handleEvents(timeout: isBehind ? .zero : timeout())
        }
        for probe in probes.values { probe.running?.end() }
        lookups.stop()
        context.killed.finish(atMost: Self.killedLimit)
    }

    // MARK: What comes in

    /// False at the end.
    private func takeMail() -> Bool {
        hasMail = false
        let mail = shared.inbox.take()
        for id in mail.cancelled { drop(id.serial)?.running?.end() }
        for (host, outcome) in mail.lookups {
            for serial in waiting.removeValue(forKey: host) ?? [] { takeAddresses(outcome, serial) }
        }
        for (serial, result) in mail.results { finish(serial, result) }
        return !mail.stops
    }

    /// Handles all that has happened, so that no answer that is here is taken for missing.
    private func handleEvents(timeout: Duration) {
        var timeout = timeout
        for _ in 0..<100 {
            let ready = wait(timeout)
            for event in ready {
                if event.token == Self.inboxToken { hasMail = true } else { handle(event) }
            }
            if ready.count < EventPoll.batch { break }
            timeout = .zero
        }
        if !context.killed.isEmpty { context.killed.collect() }
        for serial in polled {
            handle(EventPoll.Event(token: serial, canRead: true, canWrite: false, hasFailed: false))
        }
    }

    private func handle(_ event: EventPoll.Event) {
        if let result = probes[event.token]?.running?.handle(event) { finish(event.token, result) }
    }

    private func wait(_ timeout: Duration) -> [EventPoll.Event] {
        do throws(SystemError) {
            return try events.wait(timeout: timeout)
        } catch {
            // The kernel has no memory for the call: the thread must not end because of one bad moment.
            Clock.sleep(.milliseconds(10))
            return []
        }
    }

    private func timeout() -> Duration {
        let now = Clock.monotonic()
        let next = shared.schedule.withLock { schedule in
            // What is due waits where too many are under way.
            let due = probes.count < limit ? schedule.nextDue : nil
            return [due, schedule.nextDeadline].compactMap { $0 }.min()
        }
        let wait = next.map { max($0 - now, .zero) } ?? .seconds(3_600)
        return polled.isEmpty && context.killed.isEmpty ? wait : min(wait, KilledCommands.period)
    }

    // MARK: From the start to the result

    /// Begins what is due; whether there is more.
    private func start() -> Bool {
        for _ in 0..<Self.startsAtATime {
            guard probes.count < limit else { return false }
            let now = Clock.monotonic()
            guard let start = shared.schedule.withLock({ $0.start(at: now) }) else { return false }
            shared.statistics.withLock { $0.lateness.add(start.lateness) }
            begin(Probe(id: start.id, target: start.target, startedAt: now))
        }
        return true
    }

    private func begin(_ probe: Probe) {
        let serial = probe.id.serial
        probes[serial] = probe
        let options = probe.target.check.options
        switch probe.target.destination {
        case .path(let path) where options.allow.isEmpty: run(serial, [.path(path)])
        case .path: finish(serial, .failure(.notAllowed(probe.target.description)))
        case .host(let host, _):
            if let address = ResolvedAddress(host) { return takeAddresses(.success([address]), serial) }
            // The command does that itself.
            if case .exec = probe.target.check.kind, options.allow.isEmpty { return run(serial, []) }
            lookUp(host, serial)
        }
    }

    private func lookUp(_ host: String, _ serial: UInt64) {
        do throws(SystemError) {
            try lookups.request(host)
            probes[serial]?.host = host
            waiting[host, default: []].append(serial)
        } catch {
            finish(serial, .inconclusive(.local(error.message)))
        }
    }

    private func takeAddresses(_ outcome: Result<[ResolvedAddress], LookupError>, _ serial: UInt64) {
        probes[serial]?.host = nil
        guard let target = probes[serial]?.target, case .host(_, let port) = target.destination else { return }
        switch outcome {
        case .failure(let error): finish(serial, .inconclusive(.lookup(error.reason)))
        case .success(let addresses) where addresses.isEmpty:
            finish(serial, .inconclusive(.lookup("no address")))
        case .success(let addresses):
            switch Endpoint.allowed(addresses, port: port, in: target.check.options.allow) {
            case .success(let endpoints): run(serial, endpoints)
            case .failure(let failure): finish(serial, .failure(failure))
            }
        }
    }

    private func run(_ serial: UInt64, _ endpoints: [Endpoint]) {
        guard let target = probes[serial]?.target else { return }
        switch factory.probe(target, endpoints, serial: serial) {
        case .failure(let refusal): finish(serial, .inconclusive(refusal.obstacle))
        case .success(let running):
            probes[serial]?.running = running
            if let result = running.begin() { return finish(serial, result) }
            if let command = running as? ExecProbe, command.needsPolling { polled.insert(serial) }
        }
    }

    /// Ends the probes whose time is over.
    private func expire() {
        let now = Clock.monotonic()
        while let (id, isDelayed) = shared.schedule.withLock({ $0.expire(at: now) }) {
            guard let probe = probes[id.serial] else { continue }
            let timeout = probe.target.check.options.timeout
            if isDelayed {
                finish(id.serial, .inconclusive(.delayed))
            } else if let running = probe.running {
                finish(id.serial, .failure(.timeout(timeout, running.phase)))
            } else {
                finish(id.serial, .inconclusive(.lookup("no answer after \(timeout.goText)")))
            }
        }
    }

    private func finish(_ serial: UInt64, _ result: ProbeResult) {
        guard let probe = drop(serial) else { return }
        probe.running?.end()
        let now = Clock.monotonic()
        if let report = shared.schedule.withLock({ $0.finish(probe.id, result, at: now) }) {
            shared.take(report, result, duration: now - probe.startedAt, at: now)
        }
    }

    private func drop(_ serial: UInt64) -> Probe? {
        guard let probe = probes.removeValue(forKey: serial) else { return nil }
        polled.remove(serial)
        if let host = probe.host {
            waiting[host]?.removeAll { $0 == serial }
            if waiting[host]?.isEmpty == true { waiting[host] = nil }
        }
        return probe
    }
}
