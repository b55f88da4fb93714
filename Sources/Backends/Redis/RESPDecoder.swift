/// A part of a reply of RESP2, the protocol of redis: replies are sequences of such parts.
enum RESPToken: Equatable, Sendable {
    case text([UInt8])
    case error([UInt8])
    case integer(Int64)
    case bulk([UInt8])
    /// A null string or array.
    case null
    /// The head of an array: this many replies follow as its elements.
    case array(Int)
}

/// Why bytes are no replies of RESP2, or too large ones.
enum RESPError: Error, Equatable, Sendable {
    /// The first byte of a reply is not one of those that RESP2 has.
    case unknownType(UInt8)
    case notANumber
    case noLineEnd
    case lineTooLong
    /// A string of this many bytes, or an array of this many elements.
    case tooLarge(Int)
}

/// Takes replies apart, as their bytes come. Every size that the server chooses is limited.
struct RESPDecoder {
    /// The bytes that have come, from `start` on not taken.
    var bytes: [UInt8] = []
    private var start = 0
    /// The length of the string that has begun.
    private var awaited: Int?
    /// The longest string.
    let limit: Int

    private static let longestLine = 64 << 10
    /// The longest array: more keys than this are not in one reply.
    private static let longestArray = 1 << 24

    init(limit: Int) { self.limit = limit }

    /// The next part of a reply, nil if more bytes have to come first.
    mutating func next() throws(RESPError) -> RESPToken? {
        if let awaited { return try string(awaited) }
        guard let line = try line() else { return nil }
        guard let type = line.first else { throw .unknownType(13) }
        let rest = line.dropFirst()
        switch type {
        case UInt8(ascii: "+"): return .text(Array(rest))
        case UInt8(ascii: "-"): return .error(Array(rest))
        case UInt8(ascii: ":"): return .integer(try Self.number(rest))
        case UInt8(ascii: "$"):
            let length = try Self.number(rest)
            if length == -1 { return .null }
            guard let count = Int(exactly: length), count >= 0 else { throw .notANumber }
            guard count <= limit else { throw .tooLarge(count) }
            awaited = count
            return try string(count)
        case UInt8(ascii: "*"):
            let count = Int(try Self.number(rest))
            if count == -1 { return .null }
            guard count >= 0 else { throw .notANumber }
            guard count <= Self.longestArray else { throw .tooLarge(count) }
            return .array(count)
        default: throw .unknownType(type)
        }
    }

    private mutating func string(_ count: Int) throws(RESPError) -> RESPToken? {
        guard bytes.count - start >= count + 2 else {
            // Grown once, not by doubling.
            bytes.reserveCapacity(start + count + 2 + (64 << 10))
            return nil
        }
        let end = start + count
        guard bytes[end] == 13, bytes[end + 1] == 10 else { throw .noLineEnd }
        let string = Array(bytes[start..<end])
        awaited = nil
        start = bytes.removeTaken(upTo: end + 2)
        return .bulk(string)
    }

    /// The next line without its end, nil if it is not complete.
    private mutating func line() throws(RESPError) -> [UInt8]? {
        guard let end = bytes[start...].firstIndex(of: 13), end + 1 < bytes.count else {
            if bytes.count - start > Self.longestLine { throw .lineTooLong }
            return nil
        }
        guard bytes[end + 1] == 10 else { throw .noLineEnd }
        guard end - start <= Self.longestLine else { throw .lineTooLong }
        defer { start = bytes.removeTaken(upTo: end + 2) }
        return Array(bytes[start..<end])
    }

    private static func number(_ digits: ArraySlice<UInt8>) throws(RESPError) -> Int64 {
        guard digits.count <= 20, let number = Int64(String(decoding: digits, as: UTF8.self)) else { throw .notANumber }
        return number
    }
}

/// Commands as redis takes them: arrays of strings.
struct RESPEncoder {
    private(set) var bytes: [UInt8] = []
    /// How many commands.
    private(set) var count = 0

    mutating func add(_ words: [[UInt8]]) {
        count += 1
        bytes += Array("*\(words.count)\r\n".utf8)
        for word in words {
            bytes += Array("$\(word.count)\r\n".utf8)
            bytes += word
            bytes += [13, 10]
        }
    }
}
