import HTTP
import KeyValue

/// A call that failed at one redis server.
typealias RedisFailure = ServerFailure<RedisAPI>

extension RedisFailure {
    var refusal: RedisRefusal? { if case .answer(.refused(let refusal)) = cause { refusal } else { nil } }
}

/// The protocol of redis.
enum RedisAPI: ServerAPI {
    typealias Node = RedisNode

    static let program = ServerProgram.redis.name

    enum Call: Equatable {
        case connect, authenticate, select, scan, look, watch
        case read(KeyRange)
    }

    enum Problem {
        case malformed(RESPError)
        /// A reply that is no answer to what was asked.
        case unexpected
        /// More than the memory for one read.
        case tooMuch(limit: Int)
        case refused(RedisRefusal)
        /// Keys came and went while they were read, until the time was over.
        case changing
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
