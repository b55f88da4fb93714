import HTTP
import KeyValue
import Posix

/// A reply of redis.
enum RedisReply: Equatable, Sendable {
    case text([UInt8])
    case error(RedisRefusal)
    case integer(Int64)
    case bulk([UInt8])
    case null
    case array([RedisReply])

    /// The bytes of a string.
    var bytes: [UInt8]? {
        switch self {
        case .text(let bytes), .bulk(let bytes): bytes
        case .error, .integer, .null, .array: nil
        }
    }

    var elements: [RedisReply]? { if case .array(let elements) = self { elements } else { nil } }
}

/// A connection to a redis server, as the user and in the database of the options. Used on one thread.
final class RedisSession {
    let node: RedisNode
    private let connection: Connection
    private var decoder: RESPDecoder
    private let memory: Int
    /// What the replies to come may still take, in bytes.
    private var left: Int
    /// The deadline of the current operation.
    var deadline: ContinuousClock.Instant

    /// The deepest nesting of arrays in a reply that is accepted.
    private static let deepest = 4
    /// What a part of a reply takes besides its bytes.
    private static let partSize = 32

    /// Connects and logs in until `deadline`; waits end with `cancellation`.
    init(
        _ node: RedisNode, _ options: RedisOptions, until deadline: ContinuousClock.Instant,
        _ cancellation: Cancellation?
    ) throws(RedisFailure) {
        self.node = node
        self.deadline = deadline
        decoder = RESPDecoder(limit: options.valueLimit)
        memory = options.memoryLimit
        left = memory
        var target = node.target
        target.tls = options.tls
        let time = min(options.dialTimeout, max(.milliseconds(1), ContinuousClock.now.duration(to: deadline)))
        do throws(HTTPError) {
            connection = try Connection(to: target, within: time, cancellation: cancellation)
        } catch {
            throw RedisFailure(node, .connect, .transport(error))
        }
        try logIn(options)
    }

    private func logIn(_ options: RedisOptions) throws(RedisFailure) {
        if let credentials = options.credentials {
            let secret: [UInt8]
            do throws(BackendError) { secret = try credentials.secret() } catch {
                throw failure(.authenticate, .secret(error))
            }
            let user = credentials.username.map { [Array($0.utf8)] } ?? []
            _ = try call([Array("AUTH".utf8)] + user + [secret], .authenticate)
        }
        if node.database > 0 { _ = try call(["SELECT", "\(node.database)"], .select) }
    }

    func failure(_ call: RedisFailure.Call, _ cause: RedisFailure.Cause) -> RedisFailure {
        RedisFailure(node, call, cause)
    }

    /// Allows the next replies their memory anew.
    func beginRead() { left = memory }

    /// Sends a command and waits for its reply; a refusal is an error.
    func call(_ words: [String], _ call: RedisFailure.Call) throws(RedisFailure) -> RedisReply {
        try self.call(words.map { Array($0.utf8) }, call)
    }

    func call(_ words: [[UInt8]], _ call: RedisFailure.Call) throws(RedisFailure) -> RedisReply {
        var commands = RESPEncoder()
        commands.add(words)
        try send(commands, call)
        let reply = try reply(call)
        if case .error(let refusal) = reply { throw failure(call, .answer(.refused(refusal))) }
        return reply
    }

    func send(_ commands: RESPEncoder, _ call: RedisFailure.Call) throws(RedisFailure) {
        do throws(HTTPError) { try connection.send(commands.bytes, until: deadline) } catch {
            throw failure(call, error.kind == .answerTimeout ? .timeIsOver : .transport(error))
        }
    }

    /// The next reply.
    func reply(_ call: RedisFailure.Call, depth: Int = 0) throws(RedisFailure) -> RedisReply {
        switch try part(call) {
        case .text(let bytes): return .text(bytes)
        case .error(let line): return .error(RedisRefusal(line))
        case .integer(let number): return .integer(number)
        case .bulk(let bytes): return .bulk(bytes)
        case .null: return .null
        case .array(let count):
            guard depth < Self.deepest else { throw failure(call, .answer(.unexpected)) }
            var elements: [RedisReply] = []
            for _ in 0..<count { elements.append(try reply(call, depth: depth + 1)) }
            return .array(elements)
        }
    }

    /// The next part of a reply, until the deadline.
    func part(_ call: RedisFailure.Call) throws(RedisFailure) -> RESPToken {
        if let part = try part(call, until: deadline) { return part }
        throw failure(call, .timeIsOver)
    }

    /// The next part of a reply, nil if none has come until `end`.
    func part(
        _ call: RedisFailure.Call, until end: ContinuousClock.Instant
    ) throws(RedisFailure) -> RESPToken? {
        while true {
            let part: RESPToken?
            do throws(RESPError) { part = try decoder.next() } catch { throw failure(call, .answer(.malformed(error))) }
            if let part {
                try charge(part, call)
                return part
            }
            do throws(HTTPError) {
                if try !connection.receive(into: &decoder.bytes, until: end) { return nil }
            } catch {
                throw failure(call, .transport(error))
            }
        }
    }

    private func charge(_ part: RESPToken, _ call: RedisFailure.Call) throws(RedisFailure) {
        left -= Self.partSize
        switch part {
        case .text(let bytes), .error(let bytes), .bulk(let bytes): left -= bytes.count
        case .integer, .null, .array: break
        }
        if left < 0 { throw failure(call, .answer(.tooMuch(limit: memory))) }
    }
}
