import HTTP
import KeyValue
import Posix

/// One stream that watches all ranges of a backend at one endpoint. Used by one thread, which waits in `next`.
///
/// Usually one watch spans everything from the first to the last range, and the keys between the ranges are dropped here: etcd
/// then sends each transaction in one piece. Where the user has no permission for the keys in between, or they change too
/// often, each range has a watch of its own.
package final class EtcdWatch {
    /// A report of a watch.
    package enum Update: Equatable, Sendable {
        case changes(WatchChanges)
        /// etcd has compacted changes after the revision: a new snapshot and a new watch are needed.
        case compacted
        /// The member has not reached the revision where the watch begins: a snapshot tells whether its store was restored from
        /// an older state. The watch goes on.
        case behind
        /// The keys between the ranges change too often: a new watch after `revision` covers only the ranges.
        case reopen
    }

    /// Which watches a stream holds.
    enum Scope {
        /// One, from the first to the last range.
        case span
        /// One for each range.
        case ranges
    }

    /// The one watch is replaced by one per range after this many events in a row that concerned none of them.
    static let noiseLimit = 10_000

    private let backend: EtcdBackend
    private let endpoint: Endpoint
    private let spans: [KeySpan]
    private let scope: Scope
    private let stream: HTTP.Stream
    private var splitter: GRPCMessageSplitter
    private var machine: WatchMachine
    private var head: ResponseHead?
    private var outputs: [WatchMachine.Output] = []
    private var noise = 0
    /// The change that has to come first; nil where the watch begins at a snapshot of the same connection.
    private var lastChange: LastChange?

    /// Opens the stream and requests the watches; `waitUntilReady` waits until they are confirmed.
    init(
        _ backend: EtcdBackend, _ spans: [KeySpan], _ scope: Scope, after revision: Int64,
        repeating known: Snapshot? = nil, _ channel: Channel, token: String?
    ) {
        self.backend = backend
        lastChange = known.map { LastChange($0, spans) }
        endpoint = channel.endpoint
        self.spans = spans
        self.scope = scope
        stream = channel.open(.watch, token: token)
        splitter = GRPCMessageSplitter(limit: channel.messageLimit)
        let watched = scope == .span ? [KeySpan.enclosing(of: spans)] : spans
        machine = WatchMachine(
            watchCount: watched.count, revision: revision, cluster: backend.session.withLock { $0.cluster }, now: .now)
        // One revision earlier than needed: a watch that begins right after the compacted revision succeeds, though etcd before
        // 3.4.36 and 3.5.18 has lost the deletes of that revision. From the compacted revision itself it reports the compaction.
        for (index, span) in watched.enumerated() {
            send(.create(id: Int64(index + 1), span: span, startRevision: max(1, revision)))
        }
    }

    /// Everything up to this revision has been reported; a next watch continues after it.
    package var revision: Int64 { machine.revision }

    deinit { stream.cancel() }

    /// Makes `next` throw at once; may be called from any thread.
    var canceller: @Sendable () -> Void { { [stream] in stream.cancel() } }

    /// Waits until all watches are confirmed. A compaction that is reported meanwhile is left to `next`.
    func waitUntilReady(until deadline: ContinuousClock.Instant) throws(EtcdFailure) {
        while true {
            switch try nextOutput(until: deadline) {
            case .ready: return
            case .changes(let changes):
                // They may come before the last watch is confirmed.
                outputs.insert(.changes(changes), at: 0)
                return
            case .compacted:
                outputs.insert(.compacted, at: 0)
                return
            case nil: throw EtcdFailure(endpoint, .watch, .timeIsOver)
            case .behind, .ask, .refused, .dead: continue
            }
        }
    }

    /// Whether the first change that the watch reports is the last change of the snapshot that it continues from.
    func repeatsLastChange(until deadline: ContinuousClock.Instant) throws(BackendError) -> Bool {
        // Several watches have no common order.
        guard scope == .span else { return false }
        do throws(EtcdFailure) {
            while let lastChange, !lastChange.isAnother, !outputs.contains(.compacted), !outputs.contains(.behind) {
                if lastChange.isSeen { return true }
                guard let event = try nextEvent(until: deadline) else { return false }
                try receive(event)
            }
            return false
        } catch {
            throw EtcdFailure.error([error])
        }
    }

    /// The next update, `nil` if there is none until `deadline`.
    func nextUpdate(until deadline: ContinuousClock.Instant) throws(EtcdFailure) -> Update? {
        while let output = try nextOutput(until: deadline) {
            switch output {
            case .changes(let changes): return .changes(changes)
            case .compacted: return .compacted
            case .behind: return .behind
            case .ready, .ask, .refused, .dead: continue
            }
        }
        guard noise >= EtcdWatch.noiseLimit else { return nil }
        backend.session.withLock { $0.watchesRanges = true }
        return .reopen
    }

    /// The next update, `nil` if there is none until `deadline`. After an error the watch cannot be used any more.
    package func next(until deadline: ContinuousClock.Instant) throws(BackendError) -> Update? {
        do { return try nextUpdate(until: deadline) } catch { throw EtcdFailure.error([error]) }
    }

    /// The next output for the caller. Progress requests are sent, and the end of a watch is thrown, here.
    private func nextOutput(until deadline: ContinuousClock.Instant) throws(EtcdFailure) -> WatchMachine.Output? {
        while true {
            while !outputs.isEmpty {
                let output = outputs.removeFirst()
                switch output {
                case .ask: send(.progress)
                case .dead: throw EtcdFailure(endpoint, .watch, .transport(HTTPError(.answerTimeout)))
                case .refused(let reason):
                    throw EtcdFailure(endpoint, .watch, .answer(.status(EtcdWatch.status(reason))))
                case .ready, .changes, .compacted, .behind: return output
                }
            }
            if let event = try nextEvent(until: min(deadline, machine.deadline)) { try receive(event) }
            outputs += machine.timePassed(now: .now)
            let isOver = noise >= EtcdWatch.noiseLimit || ContinuousClock.now >= deadline
            if isOver && outputs.isEmpty { return nil }
        }
    }

    private func nextEvent(until deadline: ContinuousClock.Instant) throws(EtcdFailure) -> StreamEvent? {
        do { return try stream.next(until: deadline) } catch {
            throw EtcdFailure(endpoint, .watch, .transport(error))
        }
    }

    private func receive(_ event: StreamEvent) throws(EtcdFailure) {
        do throws(GRPCFailure) {
            switch event {
            case .head(let head):
                self.head = head
                guard Channel.isGRPC(head) else {
                    try Channel.check(head, trailers: [])
                    throw .notGRPC(status: head.status)
                }
                // An answer without a body: libcurl would go on waiting for our side to end.
                if GRPCStatus(trailers: [], head: head) != nil {
                    try Channel.check(head, trailers: [])
                    throw .malformed("the watch ended")
                }
            case .bytes(let bytes):
                splitter.append(bytes)
                while let message = try splitter.next() {
                    var response: WatchResponse
                    do { response = try WatchResponse.decode(message) } catch { throw .malformed(error.text) }
                    lastChange?.receive(response.events)
                    // The last change may be spread over several messages.
                    if lastChange?.isAnother == true { outputs.append(.compacted) }
                    dropNoise(&response)
                    outputs += machine.receive(response, now: .now)
                }
            case .end(let trailers):
                if let head { try Channel.check(head, trailers: trailers) }
                throw .malformed(splitter.isInsideMessage ? "message cut short" : "the watch ended")
            }
        } catch {
            throw EtcdFailure(endpoint, .watch, .call(error))
        }
    }

    private func dropNoise(_ response: inout WatchResponse) {
        guard scope == .span, !response.events.isEmpty else { return }
        let count = response.events.count
        response.events.removeAll { $0.revision <= machine.start || !KeySpan.contains($0.key, in: spans) }
        noise = response.events.isEmpty ? noise + count : 0
    }

    private func send(_ request: WatchRequest) { stream.send(GRPCFrame.encode(request.encoded)) }

    /// etcd gives a reason as Go prints a status: `rpc error: code = PermissionDenied desc = etcdserver: permission denied`.
    private static func status(_ reason: String) -> GRPCStatus {
        let text = reason.split(at: " desc = ", maxSplits: 1).last.map(String.init) ?? "canceled"
        let code = EtcdRefusal(rawValue: text) == .permissionDenied ? GRPCStatus.permissionDenied : 2
        return GRPCStatus(code: code, message: GRPCStatus.decode(text))
    }
}

extension EtcdBackend {
    /// Watches `ranges` (at least one) for all changes after `revision`, at the first endpoint that accepts it within `timeout`.
    /// With `known`, a snapshot of an earlier connection whose last change is `revision`, the watch can tell whether etcd
    /// repeats that change.
    package func watch(
        _ ranges: [KeyRange], after revision: Int64, repeating known: Snapshot? = nil, timeout: Duration,
        _ cancellation: Cancellation? = nil
    ) throws(BackendError) -> EtcdWatch {
        precondition(!ranges.isEmpty, "nothing to watch")
        let spans = KeySpan.covering(ranges)
        let deadline = ContinuousClock.now.advanced(by: timeout)
        return try members.first(until: deadline) { endpoint, isLast throws(EtcdFailure) in
            let limit = isLast ? deadline : min(deadline, .now.advanced(by: Members.failoverTime))
            return try open(spans, after: revision, known, channel(to: endpoint, cancellation), limit)
        }
    }

    private func open(
        _ spans: [KeySpan], after revision: Int64, _ known: Snapshot?, _ channel: Channel,
        _ deadline: ContinuousClock.Instant
    ) throws(EtcdFailure) -> EtcdWatch {
        if !session.withLock({ $0.watchesRanges }) {
            do {
                return try open(spans, .span, after: revision, known, channel, deadline)
            } catch {
                guard error.refusal == .permissionDenied, spans.count > 1 else { throw error }
                session.withLock { $0.watchesRanges = true }
            }
        }
        do {
            return try open(spans, .ranges, after: revision, nil, channel, deadline)
        } catch {
            // etcd does not say which range of a watch it refuses; a read finds out.
            if error.refusal == .permissionDenied { _ = try read(spans, channel, deadline) }
            throw error
        }
    }

    private func open(
        _ spans: [KeySpan], _ scope: EtcdWatch.Scope, after revision: Int64, _ known: Snapshot?, _ channel: Channel,
        _ deadline: ContinuousClock.Instant
    ) throws(EtcdFailure) -> EtcdWatch {
        try withToken(channel, deadline) { token throws(EtcdFailure) in
            let watch = EtcdWatch(
                self, spans, scope, after: revision, repeating: known, channel, token: token)
            channel.cancellation?.onCancel(watch.canceller)
            try watch.waitUntilReady(until: deadline)
            return watch
        }
    }
}
