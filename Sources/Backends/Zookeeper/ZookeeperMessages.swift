/// A request to ZooKeeper.
enum ZookeeperRequest {
    /// A user and password, `NAME:PASSWORD`, for ACLs of the scheme digest.
    case authenticate([UInt8])
    /// Has the server catch up with its leader.
    case synchronize
    /// Whether a node is there; its creation, deletion or next value is reported.
    case exists([UInt8])
    /// The value of a node; its next value or deletion is reported.
    case value([UInt8])
    /// The names of a node's children; the next change of them or the node's deletion is reported.
    case children([UInt8])
    /// A sign of life.
    case ping
    /// The end of the session.
    case close

    /// The numbers of messages that have no place in the order of requests and replies.
    enum Number {
        static let event: Int32 = -1
        static let ping: Int32 = -2
        static let authentication: Int32 = -4
    }

    /// The message with the number `number`, after its length.
    func frame(_ number: Int32) -> [UInt8] {
        var writer = JuteWriter()
        switch self {
        case .authenticate(let login):
            writer.header(number, 100)
            writer.int(0)
            writer.buffer(Array("digest".utf8))
            writer.buffer(login)
        case .synchronize:
            writer.header(number, 9)
            writer.buffer([UInt8(ascii: "/")])
        case .exists(let path): writer.read(number, 3, path)
        case .value(let path): writer.read(number, 4, path)
        case .children(let path): writer.read(number, 8, path)
        case .ping: writer.header(number, 11)
        case .close: writer.header(number, -11)
        }
        return Self.framed(writer.bytes)
    }

    /// The first message on a connection. It asks for a new session, and names no change that was seen before: the server's data
    /// may have been wiped since.
    static func connect(timeout: Duration) -> [UInt8] {
        var writer = JuteWriter()
        writer.int(0)  // the version of the protocol
        writer.long(0)  // the newest change seen
        writer.int(Int32(clamping: Int64(timeout / .milliseconds(1))))
        writer.long(0)  // no session yet
        writer.buffer([UInt8](repeating: 0, count: 16))
        writer.flag(false)  // not from a server that has lost its leader
        return framed(writer.bytes)
    }

    private static func framed(_ message: [UInt8]) -> [UInt8] {
        var writer = JuteWriter()
        writer.buffer(message)
        return writer.bytes
    }
}

extension JuteWriter {
    fileprivate mutating func header(_ number: Int32, _ operation: Int32) {
        int(number)
        int(operation)
    }

    /// A read that has the next change reported.
    fileprivate mutating func read(_ number: Int32, _ operation: Int32, _ path: [UInt8]) {
        header(number, operation)
        buffer(path)
        flag(true)
    }
}

/// A change that ZooKeeper reports, once for each read that asked for it.
struct ZookeeperEvent: Equatable {
    enum Kind: Int32 {
        case created = 1
        case deleted = 2
        case valueChanged = 3
        case childrenChanged = 4
    }

    let kind: Kind
    let path: [UInt8]
}

/// A message of the server.
enum ZookeeperMessage {
    case event(ZookeeperEvent)
    /// The answer to the request `number`.
    case reply(number: Int32, code: ZookeeperCode, body: JuteReader)
    /// The answer to a sign of life.
    case pong
    /// A report that we do not ask for.
    case other

    init(_ frame: [UInt8]) throws(JuteReader.Malformed) {
        var reader = JuteReader(frame)
        let number = try reader.int()
        _ = try reader.long()  // the newest change
        let code = ZookeeperCode(rawValue: try reader.int())
        switch number {
        case ZookeeperRequest.Number.ping: self = .pong
        case ZookeeperRequest.Number.event:
            let kind = try reader.int()
            _ = try reader.int()  // the state of the session
            let path = try reader.buffer()
            self = ZookeeperEvent.Kind(rawValue: kind).map { .event(ZookeeperEvent(kind: $0, path: path)) } ?? .other
        default: self = .reply(number: number, code: code, body: reader)
        }
    }
}

/// The result of a request.
struct ZookeeperCode: RawRepresentable, Equatable {
    let rawValue: Int32

    static let success = ZookeeperCode(rawValue: 0)
    static let connectionLoss = ZookeeperCode(rawValue: -4)
    static let unimplemented = ZookeeperCode(rawValue: -6)
    static let noNode = ZookeeperCode(rawValue: -101)
    /// The ACL of a node does not allow the request.
    static let noAuth = ZookeeperCode(rawValue: -102)
    static let sessionExpired = ZookeeperCode(rawValue: -112)
    /// The server does not take users of the scheme digest.
    static let authFailed = ZookeeperCode(rawValue: -115)
    static let sessionMoved = ZookeeperCode(rawValue: -118)
    /// The server serves only clients that have authenticated in another way.
    static let needsSASL = ZookeeperCode(rawValue: -124)
    static let throttled = ZookeeperCode(rawValue: -127)
}

/// Why bytes are no messages of ZooKeeper, or too large ones.
enum ZookeeperMalformed: Error, Equatable {
    /// A message of so many bytes.
    case length(Int)
    /// A message that ends before what it announces.
    case incomplete
    /// An answer to something that was not asked.
    case unexpected
    /// A name of a node that ZooKeeper does not allow.
    case name([UInt8])
}

/// Splits received bytes into messages.
struct ZookeeperFrames {
    /// The bytes that have come, from `start` on not taken.
    var bytes: [UInt8] = []
    private var start = 0
    /// The longest message.
    let limit: Int

    init(limit: Int) { self.limit = limit }

    /// The next message without its length, nil if more bytes have to come first.
    mutating func next() throws(ZookeeperMalformed) -> [UInt8]? {
        guard bytes.count - start >= 4 else { return nil }
        let length = Int(Int32(truncatingIfNeeded: bytes[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }))
        guard length >= 0, length <= limit else { throw .length(length) }
        let end = start + 4 + length
        guard bytes.count >= end else {
            // Grown once, not by doubling.
            bytes.reserveCapacity(end + (64 << 10))
            return nil
        }
        defer { start = bytes.removeTaken(upTo: end) }
        return Array(bytes[start + 4..<end])
    }
}
