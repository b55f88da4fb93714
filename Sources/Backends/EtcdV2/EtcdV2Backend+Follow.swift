import HTTP
import KeyValue
import Posix

extension EtcdV2Backend {
    /// The result of a poll.
    private enum Finding {
        case event(EtcdV2Document.Event)
        /// A new read is needed: the poll was silent for long, events are missing, or another server may have taken the place of
        /// the one before.
        case unclear
        /// The user has no permission for the common directory of the ranges.
        case forbidden
    }

    /// The pause between reads where nothing can be watched.
    private static let unwatchedPause = Duration.seconds(2)

    /// After this long without an event a poll ends and everything is read again: the server may be gone, and etcd keeps only
    /// the last 1,000 events of all keys.
    private static let silence = Duration.seconds(60)

    /// Reads everything, and then polls for one event after the other and applies it to the snapshot.
    package func follow(
        _ ranges: [KeyRange], from start: Snapshot?, timeout: Duration, cancellation: Cancellation,
        deliver: (Snapshot) -> Void
    ) throws(BackendError) {
        // etcd keeps few events, so an old snapshot is no place to continue from.
        var snapshot = try self.snapshot(of: ranges, timeout: timeout, cancellation)
        deliver(snapshot)
        let spans = KeySpan.covering(ranges)
        let directories = KeySpan.directories(of: ranges)
        if directories.isEmpty { return try cancellation.wait() }
        let directory = KeySpan.commonDirectory(of: directories)
        var index = snapshot.revision
        var expired = ExpiredKeys()
        while !cancellation.isCancelled {
            switch try poll(directory, after: index, cancellation) {
            case .event(.key(let key, let value, let eventIndex, let isExpiry)):
                // Never backwards, whatever the server says.
                index = max(index + 1, eventIndex)
                guard KeySpan.contains(key, in: spans) else { continue }
                snapshot = snapshot.applying([Update(key: key, value: value)], revision: index)
                expired.note(key, isExpiry: isExpiry)
                snapshot.expired = expired.keys
                deliver(snapshot)
            case .forbidden:
                try cancellation.wait(EtcdV2Backend.unwatchedPause)
                fallthrough
            case .event(.directories), .unclear:
                let fresh = try self.snapshot(of: ranges, timeout: timeout, cancellation)
                index = fresh.revision
                if fresh.hasSameContents(as: snapshot) { continue }
                snapshot = fresh
                snapshot.expired = expired.keys
                deliver(snapshot)
            }
        }
    }

    /// The newest of the keys whose time was over.
    private struct ExpiredKeys {
        private static let limit = 1_000
        private(set) var keys: Set<[UInt8]> = []
        private var order: [[UInt8]] = []

        mutating func note(_ key: [UInt8], isExpiry: Bool) {
            if keys.remove(key) != nil { order.removeAll { $0 == key } }
            guard isExpiry else { return }
            if order.count == Self.limit { keys.remove(order.removeFirst()) }
            keys.insert(key)
            order.append(key)
        }
    }

    private func poll(
        _ directory: [UInt8], after index: Int64, _ cancellation: Cancellation
    ) throws(BackendError) -> Finding {
        let end = ContinuousClock.now.advanced(by: EtcdV2Backend.silence)
        var isFirst = true
        do {
            return try members.first(until: end) { endpoint, _ throws(EtcdFailure) in
                // The index is of the server that was read; another one may have another store.
                guard isFirst else { return .unclear }
                isFirst = false
                return try poll(directory, after: index, endpoint, until: end, cancellation)
            }
        } catch {
            members.skip()
            throw error
        }
    }

    private func poll(
        _ directory: [UInt8], after index: Int64, _ endpoint: Endpoint, until end: ContinuousClock.Instant,
        _ cancellation: Cancellation
    ) throws(EtcdFailure) -> Finding {
        let place = EtcdFailure.Place(endpoint: endpoint, call: .watch, cancellation: cancellation)
        var request = try request(endpoint, .watch, directory, query: "wait=true&recursive=true&waitIndex=\(index + 1)")
        request.timeout = max(.milliseconds(1), ContinuousClock.now.duration(to: end))
        // etcd sends the head of the answer at once, and the body with the event.
        request.firstByteTimeout = Members.failoverTime
        request.repeatsOnNewConnection = false
        let call = client.start(request)
        let response: Response
        do throws(EtcdFailure) { response = try place.wait(for: call, until: end) } catch {
            if error.isTimeOver { return .unclear }
            if case .answer(.refused(let refusal)) = error.cause {
                if refusal.isIndexCleared { return .unclear }
                if refusal.isForbidden { return .forbidden }
            }
            throw error
        }
        // A new connection may lead to a store that was restored or refilled, with equal ids, terms and indices.
        if response.isFirstOfConnection { return .unclear }
        // etcd ends a poll without an event after five minutes.
        if response.body.isEmpty { return .unclear }
        do throws(EtcdV2Malformed) { return .event(try EtcdV2Document(response.body).event()) } catch {
            throw place.failure(.answer(.malformed(error.reason)))
        }
    }
}
