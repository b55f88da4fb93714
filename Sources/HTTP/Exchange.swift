import Posix
import Synchronization

/// One request in flight: the state that the caller and the client's thread share.
///
/// The thread writes and the caller reads, both under the lock; libcurl's side is in `Transfer`, which stays on the thread.
final class Exchange: Sendable {
    enum Mode {
        /// The body is sent at once and the answer is handed over when it is complete.
        case whole
        /// Bytes are handed over in both directions as they come.
        case stream
    }

    /// The next thing to send on a stream.
    enum Outbound {
        case bytes(Int)
        case nothingYet
        case end
    }

    /// A stream stops reading from its connection when this much waits to be taken.
    static let inboundLimit = 1 << 20

    let request: Request
    let mode: Mode
    /// The deadline of a whole answer.
    let deadline: ContinuousClock.Instant?
    let firstByteDeadline: ContinuousClock.Instant?
    /// Called with the outcome, on the client's thread.
    private let whenDone: (@Sendable (Result<Response, HTTPError>) -> Void)?
    private let changed = Semaphore()
    private let state = Mutex(State())

    private struct State {
        var outbound: ArraySlice<UInt8> = []
        var outboundIsComplete = false
        var head: ResponseHead?
        var inbound: [UInt8] = []
        var inboundIsHeldBack = false
        var outcome: Result<Response, HTTPError>?
        var isCancelled = false
        var isConnected = false
    }

    init(
        _ request: Request, mode: Mode, whenDone: (@Sendable (Result<Response, HTTPError>) -> Void)? = nil
    ) {
        self.whenDone = whenDone
        self.request = request
        self.mode = mode
        let isWhole = mode == .whole
        deadline = isWhole ? request.timeout.map { .now.advanced(by: $0) } : nil
        firstByteDeadline = isWhole ? request.firstByteTimeout.map { .now.advanced(by: $0) } : nil
    }
}

// The caller's side.
extension Exchange {
    /// Waits for the complete answer.
    func wait() throws(HTTPError) -> Response {
        while true {
            if let outcome = state.withLock({ $0.outcome }) { return try outcome.get() }
            changed.wait()
        }
    }

    /// The next event, `nil` if there is none until `deadline`. `resume` is called when the thread held bytes
    /// back and there is room again.
    func next(until deadline: ContinuousClock.Instant, resume: () -> Void) throws(HTTPError) -> StreamEvent? {
        while true {
            var wasHeldBack = false
            let event = state.withLock { state -> Result<StreamEvent, HTTPError>? in
                if let head = state.head {
                    state.head = nil
                    return .success(.head(head))
                }
                if !state.inbound.isEmpty {
                    let bytes = state.inbound
                    state.inbound = []
                    wasHeldBack = state.inboundIsHeldBack
                    state.inboundIsHeldBack = false
                    return .success(.bytes(bytes))
                }
                return state.outcome.map { outcome in outcome.map { .end(trailers: $0.trailers) } }
            }
            if wasHeldBack { resume() }
            if let event { return try event.get() }
            if !changed.wait(atMost: ContinuousClock.now.duration(to: deadline)) { return nil }
        }
    }

    func send(_ bytes: [UInt8]) {
        state.withLock { $0.outbound.append(contentsOf: bytes) }
    }

    func finishSending() {
        state.withLock { $0.outboundIsComplete = true }
    }

    /// Whether there is a connection, TLS included.
    var isConnected: Bool { state.withLock { $0.isConnected } }

    /// False if there is nothing left to cancel.
    func cancel() -> Bool {
        state.withLock { state in
            state.isCancelled = true
            return state.outcome == nil
        }
    }
}

// The thread's side.
extension Exchange {
    var isCancelled: Bool { state.withLock { $0.isCancelled } }

    func noteConnected() { state.withLock { $0.isConnected = true } }

    func received(_ head: ResponseHead) {
        state.withLock { $0.head = head }
        changed.post()
    }

    /// Takes bytes of the body; false if the limit is reached and receiving has to pause for the caller.
    func received(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let (taken, wasEmpty) = state.withLock { state in
            guard state.inbound.count < Exchange.inboundLimit else {
                state.inboundIsHeldBack = true
                return (false, false)
            }
            let wasEmpty = state.inbound.isEmpty
            state.inbound.append(contentsOf: bytes)
            return (true, wasEmpty)
        }
        if wasEmpty { changed.post() }
        return taken
    }

    func takeOutbound(into buffer: UnsafeMutableRawBufferPointer) -> Outbound {
        state.withLock { state in
            if state.outbound.isEmpty { return state.outboundIsComplete ? .end : .nothingYet }
            let count = min(buffer.count, state.outbound.count)
            buffer.copyBytes(from: state.outbound.prefix(count))
            state.outbound.removeFirst(count)
            if state.outbound.isEmpty { state.outbound = [] }
            return .bytes(count)
        }
    }

    func finish(_ outcome: Result<Response, HTTPError>) {
        state.withLock { $0.outcome = outcome }
        changed.post()
        whenDone?(outcome)
    }
}
