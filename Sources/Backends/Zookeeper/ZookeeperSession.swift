import HTTP
import Posix

/// A connection to a ZooKeeper server with a session of its own. Used on one thread; dropping it ends the session.
///
/// ZooKeeper's own library for C is not used, because it trusts the sizes of messages and lists that the server sends. A message
/// of 2 GiB fills the memory, and `zoo_get_children` returns success with a list of 2,147,483,632 elements from a message of 20
/// bytes (3.8.0).
final class ZookeeperSession {
    let node: ZookeeperNode
    private let connection: Connection
    private var frames: ZookeeperFrames
    /// How long the server keeps the session without a sign of life.
    private var timeout: Duration
    /// The numbers of the last request, and of the request whose reply came last.
    private var asked: Int32 = 0
    private var answered: Int32 = 0
    /// Whether a sign of life was sent, and not answered yet.
    private var isPinged = false
    private var lastSent = ContinuousClock.now
    private var lastHeard = ContinuousClock.now

    /// Bounds the rate of pings: a session that the server keeps for less is kept alive as if it lasted this long.
    private static let shortestTimeout = Duration.milliseconds(300)

    /// Connects and logs in within the time of the options, and has the server catch up with its leader, all until `deadline`;
    /// waits end with `cancellation`.
    init(
        _ node: ZookeeperNode, _ options: ZookeeperOptions, until deadline: ContinuousClock.Instant,
        _ cancellation: Cancellation?
    ) throws(ZookeeperFailure) {
        self.node = node
        frames = ZookeeperFrames(limit: options.messageLimit)
        timeout = options.sessionTimeout
        var target = node.target
        target.tls = options.tls
        let now = ContinuousClock.now
        let limit = min(now.advanced(by: options.dialTimeout), max(deadline, now.advanced(by: .milliseconds(1))))
        do throws(HTTPError) {
            connection = try Connection(to: target, within: now.duration(to: limit), cancellation: cancellation)
        } catch {
            throw ZookeeperFailure(node, .connect, .transport(error))
        }
        try begin(until: limit)
        try logIn(options, until: limit)
        try send([.synchronize], .connect, until: deadline)
        guard case .reply(let code, _)? = try message(.connect, until: deadline) else {
            throw failure(.connect, .timeIsOver)
        }
        guard code == .success else { throw failure(.connect, .answer(.refused(code))) }
    }

    deinit {
        // Without this the server keeps it until its time is over, which does no harm.
        try? send([.close], .watch, until: .now)
    }

    private func begin(until limit: ContinuousClock.Instant) throws(ZookeeperFailure) {
        try send(ZookeeperRequest.connect(timeout: timeout), .connect, until: limit)
        var reader = JuteReader(try first(.connect, until: limit))
        let granted: Int32
        do throws(JuteReader.Malformed) {
            _ = try reader.int()  // the version of the protocol
            granted = try reader.int()
            _ = try reader.long()  // the session
            _ = try reader.buffer()  // its password, which a session that is not resumed does not need
        } catch {
            throw failure(.connect, .answer(.malformed(.incomplete)))
        }
        guard granted > 0 else { throw failure(.connect, .answer(.refused(.sessionExpired))) }
        timeout = min(timeout, max(Self.shortestTimeout, .milliseconds(Int(granted))))
    }

    private func logIn(_ options: ZookeeperOptions, until limit: ContinuousClock.Instant) throws(ZookeeperFailure) {
        guard let credentials = options.credentials else { return }
        let password: [UInt8]
        do throws(BackendError) { password = try credentials.secret() } catch {
            throw failure(.authenticate, .secret(error))
        }
        let login = Array(credentials.username.utf8) + [UInt8(ascii: ":")] + password
        let number = ZookeeperRequest.Number.authentication
        try send(ZookeeperRequest.authenticate(login).frame(number), .authenticate, until: limit)
        guard case .reply(number, let code, _) = try message(try first(.authenticate, until: limit), .authenticate)
        else { throw failure(.authenticate, .answer(.malformed(.unexpected))) }
        guard code == .success else { throw failure(.authenticate, .answer(.refused(code))) }
    }

    func failure(_ call: ZookeeperFailure.Call, _ cause: ZookeeperFailure.Cause) -> ZookeeperFailure {
        ZookeeperFailure(node, call, cause)
    }
}

// Requests and the messages of the server.
extension ZookeeperSession {
    /// An answer to the first request that has none, or an event.
    enum Message {
        case event(ZookeeperEvent)
        case reply(ZookeeperCode, JuteReader)
    }

    /// Sends requests; their replies come in the same order.
    func send(
        _ requests: [ZookeeperRequest], _ call: ZookeeperFailure.Call, until deadline: ContinuousClock.Instant
    ) throws(ZookeeperFailure) {
        var bytes: [UInt8] = []
        for request in requests {
            asked = Self.number(after: asked)
            bytes += request.frame(asked)
        }
        try send(bytes, call, until: deadline)
    }

    /// The next message; nil if none has come until `end`. Meanwhile the session is kept alive.
    func message(
        _ call: ZookeeperFailure.Call, until end: ContinuousClock.Instant
    ) throws(ZookeeperFailure) -> Message? {
        while ContinuousClock.now < end {
            if let frame = try frame(call) {
                if let message = try take(try message(frame, call), call) { return message }
                continue
            }
            // A request is a sign of life as well.
            let nextPing = isPinged ? end : lastSent.advanced(by: timeout / 3)
            let limit = isWaiting ? max(lastSent, lastHeard).advanced(by: timeout / 2) : end
            if try receive(call, until: min(end, nextPing, limit)) { continue }
            let now = ContinuousClock.now
            if isWaiting, now >= limit { throw failure(call, .answer(.silent)) }
            if !isPinged, now >= nextPing {
                isPinged = true
                try send(
                    ZookeeperRequest.ping.frame(ZookeeperRequest.Number.ping), call, until: now.advanced(by: timeout))
            }
        }
        return nil
    }

    /// Whether a reply or a pong is outstanding.
    private var isWaiting: Bool { isPinged || asked != answered }

    private static func number(after number: Int32) -> Int32 { number == .max ? 1 : number + 1 }

    /// The message for the caller; nil for a pong, and for what confd does not use.
    private func take(
        _ message: ZookeeperMessage, _ call: ZookeeperFailure.Call
    ) throws(ZookeeperFailure) -> Message? {
        switch message {
        case .event(let event): return .event(event)
        case .other: return nil
        case .pong where isPinged:
            isPinged = false
            return nil
        case .reply(Self.number(after: answered), let code, let body) where answered != asked:
            answered = Self.number(after: answered)
            return .reply(code, body)
        case .pong, .reply: throw failure(call, .answer(.malformed(.unexpected)))
        }
    }

    private func message(
        _ frame: [UInt8], _ call: ZookeeperFailure.Call
    ) throws(ZookeeperFailure) -> ZookeeperMessage {
        do throws(JuteReader.Malformed) { return try ZookeeperMessage(frame) } catch {
            throw failure(call, .answer(.malformed(.incomplete)))
        }
    }

    private func frame(_ call: ZookeeperFailure.Call) throws(ZookeeperFailure) -> [UInt8]? {
        do throws(ZookeeperMalformed) { return try frames.next() } catch {
            throw failure(call, .answer(.malformed(error)))
        }
    }

    /// A message while the session begins.
    private func first(
        _ call: ZookeeperFailure.Call, until limit: ContinuousClock.Instant
    ) throws(ZookeeperFailure) -> [UInt8] {
        while true {
            if let frame = try frame(call) { return frame }
            if try !receive(call, until: limit) { throw failure(call, .transport(HTTPError(.answerTimeout))) }
        }
    }

    /// Takes what comes; false if nothing has come until `end`.
    private func receive(
        _ call: ZookeeperFailure.Call, until end: ContinuousClock.Instant
    ) throws(ZookeeperFailure) -> Bool {
        do throws(HTTPError) {
            guard try connection.receive(into: &frames.bytes, until: end) else { return false }
        } catch {
            // The server closes connections of sessions that it has ended.
            let isExpired = error.kind == .reset && lastHeard.duration(to: .now) >= timeout
            throw failure(call, isExpired ? .answer(.refused(.sessionExpired)) : .transport(error))
        }
        lastHeard = .now
        return true
    }

    private func send(
        _ bytes: [UInt8], _ call: ZookeeperFailure.Call, until deadline: ContinuousClock.Instant
    ) throws(ZookeeperFailure) {
        do throws(HTTPError) { try connection.send(bytes, until: deadline) } catch {
            throw failure(call, error.kind == .answerTimeout ? .timeIsOver : .transport(error))
        }
        lastSent = .now
    }
}
