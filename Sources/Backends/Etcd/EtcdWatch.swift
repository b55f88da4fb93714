import HTTP
import KeyValue

/// One stream that watches all ranges of a backend at one endpoint. Used by one thread, which waits in `next`.
package final class EtcdWatch {
    /// What a watch reports.
    package enum Update: Equatable, Sendable {
        case changes(WatchChanges)
        /// etcd no longer has all that came after the revision: a new snapshot and a new watch are needed.
        case compacted
    }

    private let endpoint: Endpoint
    private let stream: HTTP.Stream
    private var splitter: GRPCMessageSplitter
    private var machine: WatchMachine
    private var head: ResponseHead?
    private var outputs: [WatchMachine.Output] = []

    /// Opens the stream and asks for the watches; `waitUntilReady` tells whether they come about.
    init(_ spans: [KeySpan], after revision: Int64, _ channel: Channel, token: String?) {
        endpoint = channel.endpoint
        stream = channel.open(.watch, token: token)
        splitter = GRPCMessageSplitter(limit: channel.messageLimit)
        machine = WatchMachine(watchCount: spans.count, now: .now)
        for (index, span) in spans.enumerated() {
            send(.create(id: Int64(index + 1), span: span, startRevision: revision + 1))
        }
    }

    deinit { stream.cancel() }

    /// Waits for all watches. A compaction that shows already is reported by `next`.
    func waitUntilReady(until deadline: ContinuousClock.Instant) throws(EtcdFailure) {
        while true {
            switch try nextOutput(until: deadline) {
            case .ready: return
            case .compacted:
                outputs.insert(.compacted, at: 0)
                return
            case nil: throw EtcdFailure(endpoint, .watch, .timeIsOver)
            case .changes, .ask, .refused, .dead: continue
            }
        }
    }

    /// What changed, waiting until `deadline`; `nil` if nothing did.
    func nextUpdate(until deadline: ContinuousClock.Instant) throws(EtcdFailure) -> Update? {
        while let output = try nextOutput(until: deadline) {
            switch output {
            case .changes(let changes): return .changes(changes)
            case .compacted: return .compacted
            case .ready, .ask, .refused, .dead: continue
            }
        }
        return nil
    }

    /// What changed, waiting until `deadline`; `nil` if nothing did. After an error the watch is of no more use.
    package func next(until deadline: ContinuousClock.Instant) throws(BackendError) -> Update? {
        do { return try nextUpdate(until: deadline) } catch { throw EtcdFailure.error([error]) }
    }

    /// The next output for the caller: questions are sent, and ends are thrown here.
    private func nextOutput(until deadline: ContinuousClock.Instant) throws(EtcdFailure) -> WatchMachine.Output? {
        while true {
            while !outputs.isEmpty {
                let output = outputs.removeFirst()
                switch output {
                case .ask: send(.progress)
                case .dead: throw EtcdFailure(endpoint, .watch, .call(.transport(HTTPError(.answerTimeout))))
                case .refused(let reason): throw EtcdFailure(endpoint, .watch, .call(.status(EtcdWatch.status(reason))))
                case .ready, .changes, .compacted: return output
                }
            }
            let event: StreamEvent?
            do { event = try stream.next(until: min(deadline, machine.deadline)) } catch {
                throw EtcdFailure(endpoint, .watch, .call(.transport(error)))
            }
            if let event {
                try receive(event)
            } else {
                outputs += machine.timePassed(now: .now)
                if outputs.isEmpty && ContinuousClock.now >= deadline { return nil }
            }
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
            case .bytes(let bytes):
                splitter.append(bytes)
                while let message = try splitter.next() {
                    let response: WatchResponse
                    do { response = try WatchResponse.decode(message) } catch { throw .malformed(error.text) }
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

    private func send(_ request: WatchRequest) { stream.send(GRPCFrame.encode(request.encoded)) }

    /// etcd gives a reason as Go prints a status: `rpc error: code = PermissionDenied desc = etcdserver: permission denied`.
    private static func status(_ reason: String) -> GRPCStatus {
        let text = reason.split(separator: " desc = ", maxSplits: 1).last.map(String.init) ?? "canceled"
        let code = EtcdRefusal(rawValue: text) == .permissionDenied ? GRPCStatus.permissionDenied : 2
        return GRPCStatus(code: code, message: GRPCStatus.decode(text))
    }
}

extension EtcdBackend {
    /// Watches what `ranges` cover for all that comes after `revision`, at the first endpoint that lets us, within `timeout`.
    package func watch(_ ranges: [KeyRange], after revision: Int64, timeout: Duration) throws(BackendError) -> EtcdWatch
    {
        let spans = KeySpan.covering(ranges)
        let deadline = ContinuousClock.now.advanced(by: timeout)
        let first = session.withLock { $0.endpoint }
        var failures: [EtcdFailure] = []
        for step in endpoints.indices {
            let index = (first + step) % endpoints.count
            let isLast = step + 1 == endpoints.count
            let limit = isLast ? deadline : min(deadline, .now.advanced(by: EtcdBackend.failoverTime))
            do {
                let watch = try open(spans, after: revision, channel(to: endpoints[index]), limit)
                session.withLock { $0.endpoint = index }
                return watch
            } catch {
                failures.append(error)
                if error.concernsAllEndpoints && error.cause != .timeIsOver || ContinuousClock.now >= deadline { break }
            }
        }
        throw EtcdFailure.error(failures)
    }

    /// Makes the next snapshot or watch begin at another endpoint, after a watch has failed at this one.
    package func skipEndpoint() {
        session.withLock { $0.endpoint = ($0.endpoint + 1) % endpoints.count }
    }

    private func open(
        _ spans: [KeySpan], after revision: Int64, _ channel: Channel, _ deadline: ContinuousClock.Instant
    ) throws(EtcdFailure) -> EtcdWatch {
        try withToken(channel, deadline) { token throws(EtcdFailure) in
            let watch = EtcdWatch(spans, after: revision, channel, token: token)
            try watch.waitUntilReady(until: deadline)
            return watch
        }
    }
}
