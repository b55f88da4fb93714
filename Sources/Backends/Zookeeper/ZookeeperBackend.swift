import KeyValue
import Posix

/// ZooKeeper: the nodes without children are keys.
package final class ZookeeperBackend: Backend {
    private let options: ZookeeperOptions

    /// Nothing is contacted yet.
    package init(_ options: ZookeeperOptions) { self.options = options }

    package func snapshot(of ranges: [KeyRange], timeout: Duration) throws(BackendError) -> Snapshot {
        let folders = KeySpan.directories(of: ranges)
        if folders.isEmpty { return Snapshot([]) }
        let deadline = ContinuousClock.now.advanced(by: timeout)
        return try firstNode(until: deadline, nil) { session throws(ZookeeperFailure) in
            try reader(session, folders).read(until: deadline) ?? Snapshot([])
        }
    }

    /// Reads everything, and then again what ZooKeeper says has changed.
    package func follow(
        _ ranges: [KeyRange], from start: Snapshot?, timeout: Duration, cancellation: Cancellation,
        deliver: (Snapshot) -> Void
    ) throws(BackendError) {
        let folders = KeySpan.directories(of: ranges)
        if folders.isEmpty {
            deliver(Snapshot([]))
            return try cancellation.wait()
        }
        do throws(BackendError) {
            let session = try firstNode(until: .now.advanced(by: timeout), cancellation) { $0 }
            do throws(ZookeeperFailure) {
                let reader = reader(session, folders)
                while !cancellation.isCancelled {
                    if let snapshot = try reader.read(until: .now.advanced(by: timeout)) { deliver(snapshot) }
                    try reader.waitForChange()
                }
            } catch {
                throw ZookeeperFailure.error([error])
            }
        } catch {
            if !cancellation.isCancelled { throw error }
        }
    }

    private func reader(_ session: ZookeeperSession, _ folders: [[UInt8]]) -> ZookeeperReader {
        ZookeeperReader(session, folders, options)
    }

    /// The result of `body` with a session at the first node where it does not throw. The order is chosen by chance, so that many
    /// clients do not all ask the same server.
    private func firstNode<Result>(
        until deadline: ContinuousClock.Instant, _ cancellation: Cancellation?,
        _ body: (ZookeeperSession) throws(ZookeeperFailure) -> Result
    ) throws(BackendError) -> Result {
        try ZookeeperFailure.first(of: options.nodes.shuffled(), until: deadline) { node throws(ZookeeperFailure) in
            try body(try ZookeeperSession(node, options, until: deadline, cancellation))
        }
    }
}
