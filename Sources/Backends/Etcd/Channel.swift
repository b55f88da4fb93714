import HTTP
import Posix

/// gRPC calls to one endpoint.
struct Channel: Sendable {
    let client: Client
    let endpoint: Endpoint
    let tls: TLSOptions
    let connectTimeout: Duration
    let messageLimit: Int
    /// Ends calls; nil for those that end by their deadline alone.
    let cancellation: Cancellation?

    enum Method: String {
        case range = "/etcdserverpb.KV/Range"
        case transaction = "/etcdserverpb.KV/Txn"
        case authenticate = "/etcdserverpb.Auth/Authenticate"
        case watch = "/etcdserverpb.Watch/Watch"
        case leaseGrant = "/etcdserverpb.Lease/LeaseGrant"
        case leaseKeepAlive = "/etcdserverpb.Lease/LeaseKeepAlive"
        case leaseTimeToLive = "/etcdserverpb.Lease/LeaseTimeToLive"
        case leaseRevoke = "/etcdserverpb.Lease/LeaseRevoke"
    }

    /// Sends `message`; `firstByte` limits how long the first byte of the answer may take.
    func start(
        _ method: Method, _ message: [UInt8], token: String?, deadline: ContinuousClock.Instant,
        firstByte: Duration? = nil
    ) -> Call {
        var request = request(method, token: token)
        let left = max(.milliseconds(1), ContinuousClock.now.duration(to: deadline))
        request.headers.append(Header("grpc-timeout", Channel.timeoutText(left)))
        request.body = GRPCFrame.encode(message)
        request.timeout = left
        request.firstByteTimeout = firstByte
        request.bodyLimit = messageLimit
        request.announcedSize = { GRPCFrame.size($0) }
        return Call(response: client.start(request), cancellation: cancellation)
    }

    /// Opens a call with a stream of messages in both directions.
    func open(_ method: Method, token: String?) -> HTTP.Stream { client.open(request(method, token: token)) }

    /// A unary call in flight.
    struct Call {
        let response: PendingResponse
        let cancellation: Cancellation?

        /// The body of the answer and the range of its message.
        func wait() throws(GRPCFailure) -> (body: [UInt8], message: Range<Int>) {
            let answer: Response
            do { answer = try response.wait(cancellation) } catch { throw .transport(error) }
            try Channel.check(answer.head, trailers: answer.trailers)
            return (answer.body, try GRPCFrame.onlyMessage(answer.body))
        }
    }

    /// Checks what a call ended with.
    static func check(_ head: ResponseHead, trailers: [Header]) throws(GRPCFailure) {
        guard let status = GRPCStatus(trailers: trailers, head: head) else {
            guard isGRPC(head) else { throw .notGRPC(status: head.status) }
            throw .malformed("no grpc-status")
        }
        guard status.code == GRPCStatus.ok else { throw .status(status) }
    }

    static func isGRPC(_ head: ResponseHead) -> Bool {
        head.status == 200 && head.headers.first(named: "content-type")?.hasPrefix("application/grpc") == true
    }

    private func request(_ method: Method, token: String?) -> Request {
        var request = Request(url: endpoint.url + method.rawValue, method: .post, version: .http2)
        request.connectTo = endpoint.connectTo
        // With hasleader a member without a leader fails the call at once, instead of waiting for one.
        request.headers = [
            Header("content-type", "application/grpc"), Header("te", "trailers"), Header("user-agent", "confd"),
            Header("hasleader", "true"),
        ]
        if let token { request.headers.append(Header("token", token)) }
        request.tls = tls
        request.connectTimeout = connectTimeout
        return request
    }

    /// gRPC allows at most eight digits.
    private static func timeoutText(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        if seconds >= 10_000 { return "\(min(seconds, 99_999_999))S" }
        return "\(seconds * 1000 + attoseconds / 1_000_000_000_000_000 + 1)m"
    }
}
