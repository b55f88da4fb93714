import KeyValue
import Posix

// After a lost connection the address may lead to another store: wiped and filled again, or restored from a backup and
// written to since. Cluster and member ids do not tell (they are derived from names and addresses), nor does the raft
// term (a new store may have the term of the old one), nor the existence of a revision. Only contents do. So all keys
// are read again and compared, which for few keys is one call. For many keys two checks stand in for that: the watch
// has to repeat the last change that we know, and a random sample of values has to be equal.
extension EtcdBackend {
    /// The size of the sample.
    static let sampleSize = 100
    /// The time that the watch has to repeat the last change.
    private static let proofTime = Duration.seconds(2)

    /// The snapshot to continue from after `start`, which is of an earlier connection, and the watch that begins there.
    func goOn(
        _ ranges: [KeyRange], from start: Snapshot, timeout: Duration, _ cancellation: Cancellation
    ) throws(BackendError) -> (Snapshot, EtcdWatch) {
        if let watch = try watchOfSameHistory(ranges, start, timeout: timeout, cancellation) { return (start, watch) }
        let fresh = try self.snapshot(of: ranges, timeout: timeout, cancellation)
        // If the contents are equal, the old storage is kept: others hold it, and both would take twice the memory.
        let snapshot = fresh.hasSameContents(as: start) ? start.moved(to: fresh) : fresh
        return (snapshot, try self.watch(ranges, after: snapshot.revision, timeout: timeout, cancellation))
    }

    /// A watch that continues after the last change in `start`, if that snapshot is large and etcd still has its history.
    private func watchOfSameHistory(
        _ ranges: [KeyRange], _ start: Snapshot, timeout: Duration, _ cancellation: Cancellation
    ) throws(BackendError) -> EtcdWatch? {
        // Reading one page again costs no more than these checks.
        guard start.count > options.pageSize, start.newestChange > 0 else { return nil }
        // Not from the snapshot's revision on: another history may have other changes between the two revisions.
        let watch = try self.watch(
            ranges, after: start.newestChange, repeating: start, timeout: timeout, cancellation)
        guard try watch.repeatsLastChange(until: .now.advanced(by: min(timeout, Self.proofTime))),
            try hasSample(of: start, timeout: timeout, cancellation)
        else { return nil }
        return watch
    }

    /// Whether a random sample of keys has, at the revision of `snapshot`, the values that it has there.
    private func hasSample(
        of snapshot: Snapshot, timeout: Duration, _ cancellation: Cancellation
    ) throws(BackendError) -> Bool {
        let indices = (0..<Self.sampleSize).map { _ in Int.random(in: 0..<snapshot.count) }
        let transaction = ReadTransaction(
            ranges: indices.map { index in
                RangeRequest(key: snapshot.key(at: index).array, rangeEnd: [], revision: snapshot.revision)
            })
        let deadline = ContinuousClock.now.advanced(by: timeout)
        return try members.first(until: deadline) { endpoint, _ throws(EtcdFailure) in
            let answer: (body: [UInt8], message: Range<Int>)
            do throws(EtcdFailure) {
                answer = try callTransaction(transaction, channel(to: endpoint, cancellation), deadline)
            } catch {
                // If etcd refuses (the revision does not exist, or the transaction is not supported), nothing is proven.
                guard case .answer(.status) = error.cause else { throw error }
                return false
            }
            return answer.body.withUnsafeBytes { bytes in
                // A malformed answer proves nothing either.
                guard let decoded = try? ReadTransaction.decode(bytes, answer.message) else { return false }
                return decoded.answers.count == indices.count
                    && zip(indices, decoded.answers).allSatisfy { index, message in
                        Self.isOnlyValue(snapshot.value(at: index), bytes, message)
                    }
            }
        }
    }

    private func callTransaction(
        _ transaction: ReadTransaction, _ channel: Channel, _ deadline: ContinuousClock.Instant
    ) throws(EtcdFailure) -> (body: [UInt8], message: Range<Int>) {
        try withToken(channel, deadline) { token throws(EtcdFailure) in
            do throws(GRPCFailure) {
                return try channel.start(.transaction, transaction.encoded, token: token, deadline: deadline).wait()
            } catch {
                throw EtcdFailure(channel.endpoint, .watch, .call(error))
            }
        }
    }

    /// Whether the `RangeResponse` at `message` holds one key, with `value`.
    private static func isOnlyValue(_ value: Window, _ bytes: UnsafeRawBufferPointer, _ message: Range<Int>) -> Bool {
        var count = 0
        var isEqual = false
        do {
            try RangeResponse.forEachKey(bytes, message) { _, found, _ in
                count += 1
                isEqual = value.array.elementsEqual(bytes[found])
            }
        } catch { return false }
        return count == 1 && isEqual
    }
}

extension Snapshot {
    /// The same keys and values at the revision of `other`, which has equal contents.
    fileprivate func moved(to other: Snapshot) -> Snapshot {
        applying([], revision: other.revision, newestChange: other.newestChange)
    }
}

/// Checks whether a watch begins with the last change of a snapshot.
struct LastChange {
    private let snapshot: Snapshot
    private let spans: [KeySpan]
    private(set) var isSeen = false
    /// Another change came in its place: etcd has a different history.
    private(set) var isAnother = false

    init(_ snapshot: Snapshot, _ spans: [KeySpan]) {
        self.snapshot = snapshot
        self.spans = spans
    }

    /// Takes the next events of the one watch over all spans.
    mutating func receive(_ events: [WatchEvent]) {
        for event in events where !isAnother && event.revision >= snapshot.newestChange {
            guard KeySpan.contains(event.key, in: spans) else { continue }
            if event.revision > snapshot.newestChange {
                if !isSeen { isAnother = true }
                return
            }
            let known = event.key.withUnsafeBufferPointer { snapshot.find($0) }.map { snapshot.value(at: $0).array }
            if known == event.value { isSeen = true } else { isAnother = true }
        }
    }
}
