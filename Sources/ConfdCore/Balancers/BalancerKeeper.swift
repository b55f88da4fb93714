import Appliers
import Configuration
import Posix

/// The sessions that keep the servers of running balancers as resources list them, each on a thread of its own, by the number
/// of the resource. Used by the engine's thread, which it never holds up.
final class BalancerKeeper {
    /// What a session reports: of which resource, which session it is, and how the servers are.
    typealias Report = @Sendable (_ resource: Int, _ session: Int, ApplierStatus) -> Void

    private struct Entry {
        let number: Int
        let session: ApplierSession
    }

    private let makeDriver: @Sendable (BalancerTarget) -> any BalancerDriver
    private let report: Report
    private var entries: [Int: Entry] = [:]
    private var lastNumber = 0

    /// `report` is called on any thread.
    init(
        makeDriver: @escaping @Sendable (BalancerTarget) -> any BalancerDriver = { $0.makeDriver() },
        report: @escaping Report
    ) {
        self.makeDriver = makeDriver
        self.report = report
    }

    /// Makes `servers` those of the balancer of `id`; the number that reports about them will have. Throws if there is no
    /// descriptor or thread to be had.
    func desire(
        _ servers: [DesiredServer], of id: Int, _ definition: ApplyDefinition
    ) throws(SystemError) -> Int {
        if let entry = entries[id] { return entry.session.desire(servers) }
        lastNumber += 1
        let number = lastNumber
        let (makeDriver, report) = (makeDriver, report)
        let session = try ApplierSession(
            definition.sessionOptions, { makeDriver(definition.target) }, report: { report(id, number, $0) })
        entries[id] = Entry(number: number, session: session)
        return session.desire(servers)
    }

    /// Whether this is the current session of `id`: reports of ended sessions are ignored.
    func isCurrent(_ id: Int, session: Int) -> Bool { entries[id]?.number == session }

    /// Has the servers compared now.
    func compare(_ id: Int) { entries[id]?.session.compare() }

    /// Ends what keeps the servers of `id`, which stay as they are.
    func remove(_ id: Int) {
        guard let session = entries.removeValue(forKey: id)?.session else { return }
        session.cancel()
        // Its connection is cut off, so its thread ends soon. If no thread can be made to join it, it is joined here.
        do throws(SystemError) {
            try Thread.detach { session.stop() }
        } catch {
            session.stop()
        }
    }

    /// Ends all of them, and waits for their threads.
    func stop() {
        for entry in entries.values { entry.session.cancel() }
        for entry in entries.values { entry.session.stop() }
        entries = [:]
    }
}
