import HTTP

/// gRPC's framing: every message follows one byte that says whether it is compressed and four of length.
enum GRPCFrame {
    static let headerSize = 5

    /// `message` as it goes over the wire.
    static func encode(_ message: [UInt8]) -> [UInt8] {
        let count = UInt32(message.count)
        var frame: [UInt8] = [0]
        frame.reserveCapacity(headerSize + message.count)
        for shift in [24, 16, 8, 0] as [UInt32] { frame.append(UInt8(truncatingIfNeeded: count >> shift)) }
        return frame + message
    }

    /// The size of the frame that begins with `bytes`, header included; `nil` while that cannot be told.
    static func size(_ bytes: UnsafeRawBufferPointer) -> Int? {
        // Another first byte is no frame: a page of HTML, for example.
        guard bytes.count >= headerSize, bytes[0] <= 1 else { return nil }
        return headerSize + bytes[1..<headerSize].reduce(0) { $0 << 8 | Int($1) }
    }

    /// Where the one message of a unary answer is in its body.
    static func onlyMessage(_ body: [UInt8]) throws(GRPCFailure) -> Range<Int> {
        guard let flag = body.first else { throw .malformed("no message") }
        try check(flag: flag)
        guard let size = body.withUnsafeBytes({ size($0) }), size <= body.count else {
            throw .malformed("message cut short")
        }
        guard size == body.count else { throw .malformed("more than one message") }
        return headerSize..<size
    }

    /// We do not offer compression, so a server may not use it.
    fileprivate static func check(flag: UInt8) throws(GRPCFailure) {
        switch flag {
        case 0: return
        case 1: throw .malformed("compressed message")
        default: throw .malformed("not a gRPC frame")
        }
    }
}

/// Cuts the bytes of a stream into messages, however they are divided.
struct GRPCMessageSplitter {
    /// A longer message is refused as soon as its header is there.
    let limit: Int
    private var buffer: [UInt8] = []
    private var start = 0

    init(limit: Int) { self.limit = limit }

    mutating func append(_ bytes: [UInt8]) {
        buffer.removeSubrange(..<start)
        start = 0
        if buffer.isEmpty { buffer = bytes } else { buffer += bytes }
    }

    /// The next complete message, without its header.
    mutating func next() throws(GRPCFailure) -> ArraySlice<UInt8>? {
        guard start < buffer.count else { return nil }
        try GRPCFrame.check(flag: buffer[start])
        let size = buffer.withUnsafeBytes { GRPCFrame.size(UnsafeRawBufferPointer(rebasing: $0[start...])) }
        guard let size else { return nil }
        guard size <= limit else { throw .transport(HTTPError(.tooLarge(size))) }
        guard size <= buffer.count - start else { return nil }
        defer { start += size }
        return buffer[start + GRPCFrame.headerSize..<start + size]
    }

    /// Whether a message has begun that is not complete.
    var isInsideMessage: Bool { start < buffer.count }
}

/// What a call ended with, from its trailers; an answer without a body carries it in its headers.
struct GRPCStatus: Equatable, Sendable {
    let code: Int
    let message: String

    static let ok = 0
    static let deadlineExceeded = 4
    static let permissionDenied = 7
    static let unimplemented = 12
    static let unavailable = 14

    init(code: Int, message: String) {
        self.code = code
        self.message = message
    }

    /// `nil` if there is none.
    init?(trailers: [Header], head: ResponseHead) {
        let headers = trailers.first(named: "grpc-status") == nil ? head.headers : trailers
        guard let text = headers.first(named: "grpc-status") else { return nil }
        // 2 is UNKNOWN, which gRPC prescribes for a code that is no number.
        code = Int(text) ?? 2
        message = GRPCStatus.decode(headers.first(named: "grpc-message") ?? "")
    }

    /// Percent-decodes `text`; what is not an escape stays as it is. Control characters become spaces and the length is
    /// limited, because the text ends up in log lines.
    static func decode(_ text: String) -> String {
        let bytes = Array(text.utf8.prefix(4096))
        var decoded: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
                let high = hexDigit(bytes[index + 1]), let low = hexDigit(bytes[index + 2])
            {
                decoded.append(high << 4 | low)
                index += 3
            } else {
                decoded.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: decoded.prefix(500).map { $0 < 32 || $0 == 127 ? 32 : $0 }, as: UTF8.self)
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

/// Why a gRPC call failed.
enum GRPCFailure: Error, Equatable, Sendable {
    case transport(HTTPError)
    /// An HTTP answer that is not gRPC's, by its status.
    case notGRPC(status: Int)
    case status(GRPCStatus)
    case malformed(String)
}
