import HTTP
import KeyValue

extension EtcdV2Backend {
    /// What a poll found.
    private enum Finding {
        case event(EtcdV2Document.Event)
        /// A fresh read has to tell: nothing was heard for long, events are missing, or another server may have taken the place
        /// of the one that was asked before.
        case unclear
        /// The directory of all ranges is closed to us, though they are not.
        case closed
    }

    /// How long to wait between reads where nothing can be watched.
    private static let closedPause = Duration.seconds(2)

    /// A poll that is silent for longer is given up and everything is read anew: the server may be gone, and the index may
    /// fall out of the 1,000 events of all keys that etcd keeps.
    private static let silence = Duration.seconds(60)

    /// Reads everything and then asks for one event after the other, each put into the snapshot.
    package func follow(
        _ ranges: [KeyRange], from start: Snapshot?, timeout: Duration, cancellation: Cancellation,
        deliver: (Snapshot) -> Void
    ) throws(BackendError) {
        // An index is not kept for long, so an old snapshot is not gone on from.
        var snapshot = try self.snapshot(of: ranges, timeout: timeout)
        deliver(snapshot)
        let spans = KeySpan.covering(ranges)
        let folders = KeySpan.folders(of: ranges)
        if folders.isEmpty { return try cancellation.wait() }
        let folder = EtcdV2Backend.commonFolder(of: folders)
        var index = snapshot.revision
        while !cancellation.isCancelled {
            switch try poll(folder, after: index, cancellation) {
            case .event(.key(let key, let value, let eventIndex)):
                // Never backwards, whatever the server says.
                index = max(index + 1, eventIndex)
                guard KeySpan.contains(key, in: spans) else { continue }
                snapshot = snapshot.applying([Update(key: key, value: value)], revision: index)
                deliver(snapshot)
            case .closed:
                try cancellation.wait(EtcdV2Backend.closedPause)
                fallthrough
            case .event(.folders), .unclear:
                let fresh = try self.snapshot(of: ranges, timeout: timeout)
                index = fresh.revision
                if fresh.hasSameContents(as: snapshot) { continue }
                snapshot = fresh
                deliver(snapshot)
            }
        }
    }

    private func poll(
        _ folder: [UInt8], after index: Int64, _ cancellation: Cancellation
    ) throws(BackendError) -> Finding {
        let end = ContinuousClock.now.advanced(by: EtcdV2Backend.silence)
        var isFirst = true
        do {
            return try members.first(until: end) { endpoint, _ throws(EtcdFailure) in
                // An index says nothing about a server that we have not just read from: its store may be another one.
                guard isFirst else { return .unclear }
                isFirst = false
                return try poll(folder, after: index, endpoint, until: end, cancellation)
            }
        } catch {
            members.skip()
            throw error
        }
    }

    private func poll(
        _ folder: [UInt8], after index: Int64, _ endpoint: Endpoint, until end: ContinuousClock.Instant,
        _ cancellation: Cancellation
    ) throws(EtcdFailure) -> Finding {
        let place = EtcdFailure.Place(endpoint: endpoint, call: .watch)
        var request = try request(endpoint, .watch, folder, query: "wait=true&recursive=true&waitIndex=\(index + 1)")
        request.timeout = max(.milliseconds(1), ContinuousClock.now.duration(to: end))
        // The head of the answer comes at once, the event when there is one.
        request.firstByteTimeout = EtcdBackend.failoverTime
        request.repeatsOnNewConnection = false
        let call = client.start(request)
        cancellation.onCancel { call.cancel() }
        let response: Response
        do throws(EtcdFailure) { response = try place.wait(for: call, until: end) } catch {
            if error.cause == .timeIsOver { return .unclear }
            if case .refused(let refusal) = error.cause {
                if refusal.isIndexCleared { return .unclear }
                if refusal.isForbidden { return .closed }
            }
            throw error
        }
        // Contents of a store that was set back or filled anew cannot be told from others: ids, terms and indices may be equal.
        if response.isFirstOfConnection { return .unclear }
        // etcd ends a poll without an event after five minutes.
        if response.body.isEmpty { return .unclear }
        do throws(EtcdV2Malformed) { return .event(try EtcdV2Document(response.body).event()) } catch {
            throw place.failure(.malformed(error.reason))
        }
    }
}
