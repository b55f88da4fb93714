import HTTP
import KeyValue

/// What failed at one redis server.
struct RedisFailure: ServerFailure, Equatable {
    static let program = ServerProgram.redis.name

    enum Call: Equatable, Sendable {
        case connect, authenticate, select, scan, look, watch
        case read(KeyRange)
    }

    enum Cause: Equatable, Sendable {
        case transport(HTTPError)
        case malformed(RESPError)
        /// A reply that is no answer to what was asked.
        case unexpected
        /// More than the memory for one read.
        case tooMuch(limit: Int)
        case refused(RedisRefusal)
        /// The time limit of the whole read has passed.
        case timeIsOver
        /// Keys came and went while they were read, until the time was over.
        case changing
        /// The password could not be read.
        case secret(BackendError)
    }

    let node: RedisNode
    let call: Call
    let cause: Cause

    init(_ node: RedisNode, _ call: Call, _ cause: Cause) {
        self.node = node
        self.call = call
        self.cause = cause
    }

    var transport: HTTPError? { if case .transport(let error) = cause { error } else { nil } }
    var isRefusal: Bool { refusal.map { ["NOAUTH", "WRONGPASS", "NOPERM", "DENIED"].contains($0.code) } ?? false }
    var secret: BackendError? { if case .secret(let error) = cause { error } else { nil } }
    var refusal: RedisRefusal? { if case .refused(let refusal) = cause { refusal } else { nil } }

    /// Whether every node would answer the same.
    var concernsAllNodes: Bool {
        switch cause {
        case .secret: true
        case .transport(let error): error.concernsAllNodes
        case .malformed, .unexpected, .tooMuch, .refused, .timeIsOver, .changing: false
        }
    }
}

/// An error that redis answers with: `-CODE words`.
struct RedisRefusal: Error, Equatable, Sendable {
    let code: String
    /// The words after the code, printable and not long; they may repeat what was asked.
    let words: String

    init(_ line: [UInt8]) {
        let parts = line.split(separator: 32, maxSplits: 1)
        let isCode = parts.first?.allSatisfy { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) } == true
        code = isCode ? String(decoding: parts[0].prefix(20), as: UTF8.self) : ""
        words = printable(Array(isCode ? parts.dropFirst().first ?? [] : line[...]))
    }

    /// The user may not use a command, or not with these keys.
    var isForbidden: Bool { code == "NOPERM" }
    /// A key is not of the type that was expected.
    var isWrongType: Bool { code == "WRONGTYPE" }
    /// The server does not know the command: it is older, or something in its place.
    var isUnknownCommand: Bool { code == "ERR" && words.hasPrefix("unknown ") }
}
