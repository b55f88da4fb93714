import Posix
import Synchronization

/// Looks host names up on threads of its own, because the system's resolver may take half a minute. Nothing is remembered;
/// who asks for a name that is being looked up gets that answer.
final class NameLookups: Sendable {
    private struct State {
        var queue: [String] = []
        /// In the queue or at the resolver.
        var names: Set<String> = []
        var threads = 0
        var idle = 0
        var stops = false
    }

    /// More names than this at a time wait for each other.
    private static let threadLimit = 8

    private let state = Mutex(State())
    private let work = Semaphore()
    private let inbox: Inbox

    /// Answers go to `inbox`.
    init(_ inbox: Inbox) { self.inbox = inbox }

    /// Looks `host` up. Throws if there is no thread for it, and none can be started.
    func request(_ host: String) throws(SystemError) {
        let needsThread = state.withLock { state -> Bool in
            guard state.names.insert(host).inserted else { return false }
            state.queue.append(host)
            guard state.idle < state.queue.count, state.threads < Self.threadLimit else { return false }
            state.threads += 1
            return true
        }
        if needsThread { try startThread(for: host) }
        work.post()
    }

    /// Ends the threads, those that wait for the resolver when it answers.
    func stop() {
        let count = state.withLock { state in
            state.stops = true
            return state.threads
        }
        for _ in 0..<count { work.post() }
    }

    private func startThread(for host: String) throws(SystemError) {
        do throws(SystemError) {
            try Thread.detach(stackSize: 256 << 10, blocksSignals: true) { self.run() }
        } catch {
            let isAlone = state.withLock { state in
                state.threads -= 1
                guard state.threads == 0 else { return false }
                state.queue.removeAll { $0 == host }
                state.names.remove(host)
                return true
            }
            if isAlone { throw error }
        }
    }

    private func run() {
        while let host = next() {
            let outcome: Result<[ResolvedAddress], LookupError>
            do throws(LookupError) {
                outcome = .success(try Resolver.addresses(of: host).compactMap { ResolvedAddress($0) })
            } catch {
                outcome = .failure(error)
            }
            state.withLock { _ = $0.names.remove(host) }
            inbox.post { $0.lookups.append((host, outcome)) }
        }
    }

    /// The next name, nil at the end.
    private func next() -> String? {
        while true {
            state.withLock { $0.idle += 1 }
            work.wait()
            let (host, stops) = state.withLock { state -> (String?, Bool) in
                state.idle -= 1
                return (state.queue.isEmpty ? nil : state.queue.removeFirst(), state.stops)
            }
            if stops { return nil }
            if let host { return host }
        }
    }
}
