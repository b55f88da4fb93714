import KeyValue

// After a lost connection the address may belong to another store: wiped and filled anew, or restored from a backup and
// written to since. Cluster and member ids prove nothing (they come from names and addresses), nor does the raft term (a new
// store begins with the one that the old one had), nor that a revision is there. Only contents do. So everything is read
// anew and compared, which for few keys is one call. For many keys the proof is the last change that we know, which the
// watch has to repeat as it was, and a sample of values.
extension EtcdBackend {
    /// How many values are compared where not all are.
    static let sampleSize = 100
    /// How long the watch has to repeat the last change.
    private static let proofTime = Duration.seconds(2)

    /// The snapshot to go on from after `start`, which is of an earlier connection, and the watch that begins there.
    func goOn(
        _ ranges: [KeyRange], from start: Snapshot, timeout: Duration
    ) throws(BackendError) -> (Snapshot, EtcdWatch) {
        if let watch = try watchOfSameHistory(ranges, start, timeout: timeout) { return (start, watch) }
        let fresh = try self.snapshot(of: ranges, timeout: timeout)
        // Equal contents stay where they are in memory, so that others who hold them are not made to hold both.
        let snapshot = fresh.hasSameContents(as: start) ? start.moved(to: fresh) : fresh
        return (snapshot, try self.watch(ranges, after: snapshot.revision, timeout: timeout))
    }

    /// A watch that goes on after the last change in `start`, if that snapshot is a large one and etcd still has the history
    /// that it comes from.
    private func watchOfSameHistory(
        _ ranges: [KeyRange], _ start: Snapshot, timeout: Duration
    ) throws(BackendError) -> EtcdWatch? {
        // One page is read as quickly as it is proven.
        guard start.count > options.pageSize, start.newestChange > 0 else { return nil }
        // Not after the snapshot's revision: between the two another history may have changes of its own.
        let watch = try self.watch(ranges, after: start.newestChange, repeating: start, timeout: timeout)
        guard try watch.repeatsLastChange(until: .now.advanced(by: min(timeout, Self.proofTime))),
            try hasSample(of: start, timeout: timeout)
        else { return nil }
        return watch
    }

    /// Whether some keys, chosen by chance, have the values now that they have in `snapshot`, at its revision.
    private func hasSample(of snapshot: Snapshot, timeout: Duration) throws(BackendError) -> Bool {
        let indices = (0..<Self.sampleSize).map { _ in Int.random(in: 0..<snapshot.count) }
        let transaction = ReadTransaction(
            ranges: indices.map { index in
                RangeRequest(key: snapshot.key(at: index).array, rangeEnd: [], revision: snapshot.revision)
            })
        let deadline = ContinuousClock.now.advanced(by: timeout)
        return try members.first(until: deadline) { endpoint, _ throws(EtcdFailure) in
            let answer: (body: [UInt8], message: Range<Int>)
            do throws(EtcdFailure) {
                answer = try callTransaction(transaction, channel(to: endpoint), deadline)
            } catch {
                // What etcd refuses (a revision that it has not, a transaction as such) is not proven.
                guard case .call(.status) = error.cause else { throw error }
                return false
            }
            return answer.body.withUnsafeBytes { bytes in
                // Nor is an answer that cannot be read.
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
            try RangeResponse.forEachKey(bytes, message) { _, found in
                count += 1
                isEqual = value.array.elementsEqual(bytes[found])
            }
        } catch { return false }
        return count == 1 && isEqual
    }
}

extension Snapshot {
    /// The same keys and values, at the revision of `other`, which has them too.
    fileprivate func moved(to other: Snapshot) -> Snapshot {
        applying([], revision: other.revision, newestChange: other.newestChange)
    }
}

/// Whether a watch begins with the last change that a snapshot holds, as that snapshot has it.
struct LastChange {
    private let snapshot: Snapshot
    private let spans: [KeySpan]
    private(set) var isSeen = false
    /// Another change stood in its place: this is not the history that the snapshot is of.
    private(set) var isAnother = false

    init(_ snapshot: Snapshot, _ spans: [KeySpan]) {
        self.snapshot = snapshot
        self.spans = spans
    }

    /// Looks at what the one watch over all spans brings, from the first event on.
    mutating func look(at events: [WatchEvent]) {
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
