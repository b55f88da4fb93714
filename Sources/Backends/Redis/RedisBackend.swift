import KeyValue
import Posix
import Synchronization

/// Reads redis as a tree of keys; `RedisNames` maps their names to paths.
package final class RedisBackend: Backend {
    let options: RedisOptions
    let names: RedisNames
    let warnings: Warnings
    /// Names of hashes that were found, as a guess for the next read.
    let hashes = Mutex<Set<[UInt8]>>([])

    /// Nothing is contacted yet.
    package init(_ options: RedisOptions) {
        self.options = options
        names = RedisNames(separator: options.separator)
        warnings = Warnings(options.warn)
    }

    package func snapshot(of ranges: [KeyRange], timeout: Duration) throws(BackendError) -> Snapshot {
        if ranges.isEmpty { return Snapshot([]) }
        let deadline = ContinuousClock.now.advanced(by: timeout)
        return try firstNode(until: deadline, nil) { session throws(RedisFailure) in
            let reader = reader(session, ranges)
            defer { remember(reader) }
            let proof = try proof(reader)
            if proof == .twice, try session.reasonAgainstWatching() == nil {
                let other = try RedisSession(session.node, options, until: deadline, nil)
                let watch = try RedisWatch(other, reader.ranges)
                return try RedisFollower(reader, watch, timeout).readAll().contents.snapshot
            }
            return try reader.readAll(proof).snapshot
        }
    }

    func reader(_ session: RedisSession, _ ranges: [KeyRange]) -> RedisReader {
        RedisReader(session, names, ranges, hashes.withLock { $0 }, warnings)
    }

    /// The proof for a read without a subscription.
    func proof(_ reader: RedisReader) throws(RedisFailure) -> RedisProof {
        try reader.size().map { $0 <= options.mostKeysAtOnce } == true ? .inTransaction : .twice
    }

    func remember(_ reader: RedisReader) { hashes.withLock { $0 = reader.hashes } }

    /// The result of `body` with a session at the first node where it does not throw, in the order of the options.
    func firstNode<Result>(
        until deadline: ContinuousClock.Instant, _ cancellation: Cancellation?,
        _ body: (RedisSession) throws(RedisFailure) -> Result
    ) throws(BackendError) -> Result {
        try RedisFailure.first(of: options.nodes, until: deadline) { node throws(RedisFailure) in
            try body(try RedisSession(node, options, until: deadline, cancellation))
        }
    }
}
