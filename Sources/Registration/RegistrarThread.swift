import Backends
import Posix
import Synchronization

/// Performs the requests of a registrar, on a thread of its own.
package final class RegistrarThread: Sendable {
    private let backend: any LeasingBackend
    private let report: @Sendable (Report) -> Void
    private let registrar: Mutex<Registrar>
    /// Posted when the registrar may have something to do.
    private let changed = Semaphore()
    private let finished = Semaphore()
    /// Cancels requests from before the stop, so that the removal need not wait for them.
    private let running: Cancellation
    private let removing: Cancellation

    /// `report` is called on the thread. Throws if the process has no descriptors left.
    package init(
        _ backend: any LeasingBackend, _ registrar: Registrar, report: @escaping @Sendable (Report) -> Void
    ) throws(SystemError) {
        self.backend = backend
        self.report = report
        self.registrar = Mutex(registrar)
        running = try Cancellation()
        removing = try Cancellation()
    }

    /// Starts the thread, which ends when the registrar has finished.
    package func start() throws(SystemError) {
        try Thread.detach(blocksSignals: true) { [self] in run() }
    }

    /// As `Registrar.set`.
    package func set(_ services: [Service]) { change { $0.set(services) } }

    /// As `Registrar.setHealth`.
    package func setHealth(_ health: ServiceHealth, of key: [UInt8]) { change { $0.setHealth(health, of: key) } }

    /// As `Registrar.verify`.
    package func verify() { change { $0.verify() } }

    /// As `Registrar.stop`; requests that are out are given up.
    package func stop() {
        change { $0.stop(now: Clock.monotonic()) }
        running.cancel()
    }

    /// As `Registrar.skipDrain`.
    package func skipDrain() { change { $0.skipDrain() } }

    /// As `Registrar.stopRemoving`; requests that are out are given up. To be called after `stop`.
    package func stopRemoving() {
        change { $0.stopRemoving() }
        removing.cancel()
    }

    /// Ends at once, whatever is left in the store.
    package func abandon() {
        change { $0.abandon() }
        running.cancel()
        removing.cancel()
    }

    /// Waits until keys are removed and readers have had their time, once `stop` was called; false if `time` is over.
    package func waitUntilFinished(atMost time: Duration) -> Bool {
        guard finished.wait(atMost: time) else { return false }
        // For the next waiter.
        finished.post()
        return true
    }

    /// As `Registrar.registered`.
    package var registered: [[UInt8]: [UInt8]] { registrar.withLock { $0.registered } }

    /// As `Registrar.registered(at:)`.
    package func registered(at now: Duration) -> Set<[UInt8]> { registrar.withLock { $0.registered(at: now) } }

    /// As `Registrar.problems`.
    package var problems: [[UInt8]: String] { registrar.withLock { $0.problems } }

    /// As `Registrar.leaseIDs`.
    package var leaseIDs: Set<Int64> { registrar.withLock { $0.leaseIDs } }

    private func change(_ body: (inout Registrar) -> Void) {
        registrar.withLock { body(&$0) }
        changed.post()
    }

    /// The next step of the thread.
    private enum Step {
        case request(Registrar.Request, timeout: Duration)
        /// nil: until something changes.
        case wait(Duration?)
        case end
    }

    private func run() {
        while true {
            let now = Clock.monotonic()
            let (step, reports) = registrar.withLock { registrar in
                let step: Step
                if let request = registrar.nextRequest(now: now) {
                    step = .request(request, timeout: registrar.timeLimit(now: now))
                } else {
                    step = registrar.isFinished ? .end : .wait(registrar.deadline.map { $0 - now })
                }
                return (step, registrar.takeReports())
            }
            for entry in reports { report(entry) }
            switch step {
            case .request(let request, let timeout):
                let answer = perform(request, timeout)
                registrar.withLock { $0.finish(answer, now: Clock.monotonic()) }
            case .wait(let time?): _ = changed.wait(atMost: time)
            case .wait(nil): changed.wait()
            case .end: return finished.post()
            }
        }
    }

    private func perform(_ request: Registrar.Request, _ timeout: Duration) -> Registrar.Answer {
        let cancellation = running.isCancelled ? removing : running
        do throws(BackendError) {
            switch request {
            case .grant(let lease):
                return .granted(
                    lifetime: try backend.grant(lease, timeout: timeout, cancellation: cancellation))
            case .keepAlive(let lease, let keys):
                return .kept(
                    try backend.keepAlive(lease, holding: keys, timeout: timeout, cancellation: cancellation))
            case .write(let writes, let lease):
                return .written(backend.write(writes, lease, timeout: timeout, cancellation: cancellation))
            case .revoke(let lease, let keys):
                return .revoked(
                    try backend.revoke(
                        lease, unlessItHoldsMoreThan: keys, timeout: timeout, cancellation: cancellation))
            }
        } catch {
            return .failed(error)
        }
    }
}
