import Diagnostics
import HTTP
import Posix
import Synchronization

/// A probe by the HTTP client, on whose thread libcurl runs: whatever needs TLS or HTTP/2.
final class ClientProbe: RunningProbe, Sendable {
    private struct State {
        var pending: PendingResponse?
        /// Which endpoint is tried.
        var index = 0
        var isEnded = false
    }

    private let request: Request
    private let timeout: Duration
    private let judge: @Sendable (Response) -> ProbeResult
    private let endpoints: [Endpoint]
    private let serial: UInt64
    private let client: Client
    private let inbox: Inbox
    private let state = Mutex(State())

    /// A probe that sends `request` to the first of `endpoints` that can be connected to. Its result comes through the inbox.
    init(
        _ request: Request, timeout: Duration, _ endpoints: [Endpoint], serial: UInt64, _ context: ProbeContext,
        judge: @escaping @Sendable (Response) -> ProbeResult
    ) {
        self.request = request
        self.timeout = timeout
        self.judge = judge
        self.endpoints = endpoints
        self.serial = serial
        client = context.client
        inbox = context.inbox
    }

    var phase: ProbePhase {
        state.withLock { $0.pending?.isConnected ?? false } ? .waiting : .connecting
    }

    func begin() -> ProbeResult? {
        attempt(0)
        return nil
    }

    func handle(_ event: EventPoll.Event) -> ProbeResult? { nil }

    func end() {
        let pending = state.withLock { state in
            state.isEnded = true
            defer { state.pending = nil }
            return state.pending
        }
        pending?.cancel()
    }

    private func attempt(_ index: Int) {
        guard case .address(let address, let port) = endpoints[index] else { preconditionFailure("has no TLS") }
        var request = request
        request.connectTo = "\(HostPort.bracketed(address.text)):\(port)"
        let pending = client.start(request) { [weak self] in self?.take($0, index) }
        let unwanted = state.withLock { state -> PendingResponse? in
            // Its end may be here already, and the next one have begun.
            guard !state.isEnded, state.index == index else { return pending }
            state.pending = pending
            return nil
        }
        unwanted?.cancel()
    }

    /// On the client's thread.
    private func take(_ outcome: Result<Response, HTTPError>, _ index: Int) {
        let goesOn = state.withLock { state in
            guard !state.isEnded, case .failure(let error) = outcome, index + 1 < endpoints.count,
                error.kind == .refused || error.kind == .unreachable
            else { return false }
            state.index = index + 1
            return true
        }
        if goesOn { return attempt(index + 1) }
        let result =
            switch outcome {
            case .success(let response): judge(response)
            case .failure(let error): Self.result(error, timeout)
            }
        inbox.post { $0.results.append((serial, result)) }
    }

    private static func result(_ error: HTTPError, _ timeout: Duration) -> ProbeResult {
        let words = PrintableText.line(error.message)
        switch error.kind {
        case .refused: return .failure(.system(Errno.connectionRefused))
        case .unreachable: return .failure(.system(error.systemError == 0 ? Errno.hostUnreachable : error.systemError))
        case .reset:
            return .failure(error.systemError == Errno.connectionReset ? .system(Errno.connectionReset) : .closed)
        case .connectTimeout: return .failure(.timeout(timeout, .connecting))
        case .answerTimeout: return .failure(.timeout(timeout, .waiting))
        case .certificate, .handshake: return .failure(.tls(words))
        // Our own files or our own libcurl.
        case .file, .invalidRequest, .cancelled: return .inconclusive(.local(words))
        case .other where error.code == 0 || Errno.isOfThisMachine(error.systemError):
            return .inconclusive(.local(words))
        case .resolve, .wrongVersion, .malformed, .tooLarge, .other: return .failure(.malformed(words))
        }
    }
}
