import KeyValue

// An etcd v3 key is any bytes, so `app/name` and `/app/name` are two keys. confd reads only keys that begin with a slash, as
// all did in the v2 API, whether a prefix is written with one or without; a warning points to keys without it.
extension EtcdBackend {
    /// The most ranges that are checked, all in one transaction.
    private static let relativeRanges = 50

    /// Warns, once, if a range is empty and there are keys that only lack its slash.
    func lookForRelativeKeys(
        _ ranges: [KeyRange], _ snapshot: Snapshot, _ channel: Channel, _ deadline: ContinuousClock.Instant
    ) {
        let isFirst = session.withLock { session in
            defer { session.hasLookedForRelativeKeys = true }
            return !session.hasLookedForRelativeKeys
        }
        guard isFirst else { return }
        let empty = ranges.filter { range in
            range.path.count > 1 && snapshot.view(of: [range], strippingPrefix: []).isEmpty
        }.prefix(Self.relativeRanges)
        if empty.isEmpty { return }
        let spans = KeySpan.covering(Array(empty)).map { span in
            KeySpan(start: Array(span.start.dropFirst()), end: Array(span.end.dropFirst()))
        }
        let requests = spans.map { RangeRequest(key: $0.start, rangeEnd: $0.end, limit: 1, keysOnly: true) }
        guard let found = firstKeys(requests, channel, deadline) else { return }
        for case let key? in found {
            let absolute = [UInt8(ascii: "/")] + key
            let range = empty.first { range in absolute.withUnsafeBufferPointer { range.contains($0) } }
            guard let range else { continue }
            return options.warn(
                "etcd: nothing is below \"\(printable(range.path))\", but there is a key \"\(printable(key))\": confd reads"
                    + " only keys that begin with a slash")
        }
    }

    /// The first key of each range; nil if the call fails, which is ignored because only a hint depends on it.
    private func firstKeys(
        _ requests: [RangeRequest], _ channel: Channel, _ deadline: ContinuousClock.Instant
    ) -> [[UInt8]?]? {
        let call = channel.start(
            .transaction, ReadTransaction(ranges: requests).encoded, token: session.withLock { $0.token },
            deadline: deadline)
        do {
            let answer = try call.wait()
            return try answer.body.withUnsafeBytes { bytes in
                try ReadTransaction.decode(bytes, answer.message).answers.map { message in
                    try RangeResponse(bytes, message).lastKey.map { Array(bytes[$0]) }
                }
            }
        } catch { return nil }
    }
}
