import HTTP
import KeyValue
import Posix
import Synchronization

/// etcd's v3 API over gRPC.
package final class EtcdBackend: Backend {
    /// The state that is kept from one call to the next.
    struct Session {
        var token: String?
        var hasWarnedOfAuthentication = false
        /// The cluster that the last snapshot came from; 0 if there is none.
        var cluster: UInt64 = 0
        /// Whether each range gets a watch of its own, in place of one watch from the first to the last range.
        var watchesRanges = false
        var hasLookedForRelativeKeys = false
    }

    let options: EtcdOptions
    let members: Members
    let client = Client()
    let session = Mutex(Session())

    /// Checks `options`; nothing is contacted yet.
    package convenience init(_ options: EtcdOptions) throws(BackendError) {
        var generator = SystemRandomNumberGenerator()
        try self.init(options, using: &generator)
    }

    /// As `init(_:)`, with the source of the endpoints' order, so that many clients do not all begin with one member.
    package init(_ options: EtcdOptions, using generator: inout some RandomNumberGenerator) throws(BackendError) {
        members = try Members(options, using: &generator)
        self.options = options
    }

    package func snapshot(of ranges: [KeyRange], timeout: Duration) throws(BackendError) -> Snapshot {
        try snapshot(of: ranges, timeout: timeout, nil)
    }

    func snapshot(
        of ranges: [KeyRange], timeout: Duration, _ cancellation: Cancellation?
    ) throws(BackendError) -> Snapshot {
        let spans = KeySpan.covering(ranges)
        if spans.isEmpty { return Snapshot([]) }
        let deadline = ContinuousClock.now.advanced(by: timeout)
        return try members.first(until: deadline) { endpoint, isLast throws(EtcdFailure) in
            let channel = channel(to: endpoint, cancellation)
            let snapshot = try read(
                spans, channel, deadline, firstByteTimeout: isLast ? nil : Members.failoverTime)
            lookForRelativeKeys(ranges, snapshot, channel, deadline)
            return snapshot
        }
    }

    func read(
        _ spans: [KeySpan], _ channel: Channel, _ deadline: ContinuousClock.Instant, firstByteTimeout: Duration? = nil
    ) throws(EtcdFailure) -> Snapshot {
        let (snapshot, cluster) = try withToken(channel, deadline) { token throws(EtcdFailure) in
            try SnapshotReader(
                spans: spans, channel: channel, pageSize: options.pageSize, deadline: deadline,
                firstByteTimeout: firstByteTimeout, token: token
            ).read()
        }
        session.withLock { $0.cluster = cluster }
        return snapshot
    }

    func channel(to endpoint: Endpoint, _ cancellation: Cancellation? = nil) -> Channel {
        Channel(
            client: client, endpoint: endpoint, tls: options.tls, connectTimeout: options.dialTimeout,
            messageLimit: options.messageLimit, cancellation: cancellation)
    }

    /// Calls `body` with the session's token; if that is refused, once more with a new one.
    func withToken<Result>(
        _ channel: Channel, _ deadline: ContinuousClock.Instant, _ body: (String?) throws(EtcdFailure) -> Result
    ) throws(EtcdFailure) -> Result {
        var token = session.withLock { $0.token }
        var hasAuthenticated = false
        if token == nil, let credentials = options.credentials {
            token = try authenticate(credentials, channel, deadline)
            hasAuthenticated = true
        }
        do {
            return try body(token)
        } catch {
            // A token of a store that was replaced: etcd blocks the call until its log is as long as that of the old store.
            if error.isTimeOver || error.cause.isTimeout, options.credentials != nil {
                session.withLock { $0.token = nil }
            }
            guard error.isTokenRefused, !hasAuthenticated, let credentials = options.credentials else { throw error }
            return try body(try authenticate(credentials, channel, deadline))
        }
    }
}

extension EtcdBackend {
    /// A new token, kept in the session; `nil` if etcd has authentication switched off.
    func authenticate(
        _ credentials: EtcdCredentials, _ channel: Channel, _ deadline: ContinuousClock.Instant
    ) throws(EtcdFailure) -> String? {
        session.withLock { $0.token = nil }
        let secret: [UInt8]
        do { secret = try credentials.secret() } catch {
            throw EtcdFailure(channel.endpoint, .authenticate, .secret(error))
        }
        guard let username = credentials.username else {
            guard BearerToken.isValid(secret) else {
                throw EtcdFailure(channel.endpoint, .authenticate, .secret(ClusterProblem.noToken.backendError))
            }
            let token = String(decoding: secret, as: UTF8.self)
            session.withLock { $0.token = token }
            return token
        }
        let message = AuthenticateRequest(name: Array(username.utf8), password: secret).encoded
        let token: String
        do {
            let answer = try channel.start(.authenticate, message, token: nil, deadline: deadline).wait()
            token = try decodeToken(answer.body, answer.message)
        } catch {
            guard EtcdRefusal(error) == .authIsOff else {
                throw EtcdFailure(channel.endpoint, .authenticate, .call(error))
            }
            warnThatAuthenticationIsOff(channel.endpoint)
            return nil
        }
        session.withLock { $0.token = token }
        return token
    }

    private func decodeToken(_ body: [UInt8], _ message: Range<Int>) throws(GRPCFailure) -> String {
        let token: String
        do {
            token = try body.withUnsafeBufferPointer { bytes throws(ProtobufError) in
                try AuthenticateResponse.token(UnsafeRawBufferPointer(bytes), message)
            }
        } catch { throw .malformed(error.text) }
        guard BearerToken.isValid(token.utf8) else { throw .malformed("no token") }
        return token
    }

    private func warnThatAuthenticationIsOff(_ endpoint: Endpoint) {
        let isFirst = session.withLock { session in
            defer { session.hasWarnedOfAuthentication = true }
            return !session.hasWarnedOfAuthentication
        }
        if isFirst {
            options.warn(
                "etcd: \(endpoint.name): authentication is not enabled, going on without the user name that was given")
        }
    }
}
