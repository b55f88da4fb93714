import HTTP
import KeyValue
import Posix
import Synchronization

/// etcd's v3 API over gRPC.
package final class EtcdBackend: Backend {
    /// How to reach a cluster.
    package struct Options: Sendable {
        /// `[http://|https://]HOST[:PORT]`, at least one.
        package var endpoints = ["http://127.0.0.1:2379"]
        /// Where the members are looked up, in place of `endpoints`.
        package var discovery: Discovery?
        package var credentials: Credentials?
        package var tls = TLSOptions()
        /// The name in the members' certificates, where it is not the host of the endpoint.
        package var serverName: String?
        package var dialTimeout = Duration.seconds(5)
        /// The most keys that are asked for at first; further pages grow.
        package var pageSize = 10_000
        /// The largest answer that is taken, in bytes. A page that is larger is asked for again in smaller ones.
        package var messageLimit = MemoryLimit.bounded(64 << 20, to: 8)
        /// Gets what the operator should know although the work goes on.
        package var warn: @Sendable (String) -> Void = { _ in }

        package init() {}
    }

    /// What etcd knows us by.
    package struct Credentials: Sendable {
        /// Nil for a token that somebody else has got.
        let username: String?
        /// The password, or the token.
        let secret: @Sendable () throws(BackendError) -> [UInt8]

        /// `password` is asked before every authentication, so that it may come from a file that changes.
        package init(username: String, password: @escaping @Sendable () throws(BackendError) -> [UInt8]) {
            self.username = username
            secret = password
        }

        /// `token` is asked at first, and again when the last one was refused.
        package init(token: @escaping @Sendable () throws(BackendError) -> [UInt8]) {
            username = nil
            secret = token
        }
    }

    /// While there is another endpoint, one has to begin its answer to the first call, which is usually for one key,
    /// within this time: enough for any member that works, and failover takes less than two seconds.
    static let failoverTime = Duration.milliseconds(1500)

    /// What one read learns for the next.
    struct Session {
        var token: String?
        var hasWarnedOfAuthentication = false
        /// The cluster that the last snapshot came from; 0 if there is none.
        var cluster: UInt64 = 0
        /// Watches keep to the ranges, instead of covering what lies between them too.
        var watchesRanges = false
        var hasLookedForRelativeKeys = false
    }

    let options: Options
    let members: Members
    let client = Client()
    let session = Mutex(Session())

    /// Checks `options`; nothing is contacted yet.
    package convenience init(_ options: Options) throws(BackendError) {
        var generator = SystemRandomNumberGenerator()
        try self.init(options, using: &generator)
    }

    /// As `init(_:)`, with the source of the endpoints' order, so that many clients do not all begin with one member.
    package init(_ options: Options, using generator: inout some RandomNumberGenerator) throws(BackendError) {
        members = try Members(options, using: &generator)
        self.options = options
    }

    package func snapshot(of ranges: [KeyRange], timeout: Duration) throws(BackendError) -> Snapshot {
        let spans = KeySpan.covering(ranges)
        if spans.isEmpty { return Snapshot([]) }
        let deadline = ContinuousClock.now.advanced(by: timeout)
        return try members.first(until: deadline) { endpoint, isLast throws(EtcdFailure) in
            let channel = channel(to: endpoint)
            let snapshot = try read(
                spans, channel, deadline, firstByteTimeout: isLast ? nil : EtcdBackend.failoverTime)
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

    func channel(to endpoint: Endpoint) -> Channel {
        Channel(
            client: client, endpoint: endpoint, tls: options.tls, connectTimeout: options.dialTimeout,
            messageLimit: options.messageLimit)
    }

    /// Calls `body` with the token there is; one that is refused is renewed once.
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
            guard error.isTokenRefused, !hasAuthenticated, let credentials = options.credentials else { throw error }
            return try body(try authenticate(credentials, channel, deadline))
        }
    }
}

extension EtcdBackend {
    /// A new token, kept in the session; `nil` if etcd has authentication switched off.
    func authenticate(
        _ credentials: Credentials, _ channel: Channel, _ deadline: ContinuousClock.Instant
    ) throws(EtcdFailure) -> String? {
        session.withLock { $0.token = nil }
        let secret: [UInt8]
        do { secret = try credentials.secret() } catch {
            throw EtcdFailure(channel.endpoint, .authenticate, .password(error))
        }
        guard let username = credentials.username else {
            guard Self.isToken(secret) else {
                throw EtcdFailure(
                    channel.endpoint, .authenticate, .password(BackendError(.configuration, "etcd: no token given")))
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
        guard Self.isToken(token.utf8) else { throw .malformed("no token") }
        return token
    }

    /// Whether it can be a token. It becomes a header: anything but visible ASCII would be a second one.
    package static func isToken(_ bytes: some Collection<UInt8>) -> Bool {
        !bytes.isEmpty && bytes.allSatisfy { $0 > 0x20 && $0 < 0x7f }
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
