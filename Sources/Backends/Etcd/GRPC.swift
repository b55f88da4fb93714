import HTTP

/// gRPC's framing: every message follows one byte that says whether it is compressed and four of length.
enum GRPCFrame {
    static let headerSize = 5

    /// The frame of `message`.
    static func encode(_ message: [UInt8]) -> [UInt8] {
        let count = UInt32(message.count)
        var frame: [UInt8] = [0]
        frame.reserveCapacity(headerSize + message.count)
        for shift in [24, 16, 8, 0] as [UInt32] { frame.append(UInt8(truncatingIfNeeded: count >> shift)) }
        return frame + message
    }

    /// The size of the frame that begins with `bytes`, header included; `nil` while the header is incomplete.
    static func size(_ bytes: UnsafeRawBufferPointer) -> Int? {
        // Any other first byte is not a frame, but a page of HTML, for example.
        guard bytes.count >= headerSize, bytes[0] <= 1 else { return nil }
        return headerSize + bytes[1..<headerSize].reduce(0) { $0 << 8 | Int($1) }
    }

    /// The range of the only message of a unary answer in its body.
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

/// Splits the bytes of a stream into messages, wherever its chunks end.
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

    /// Whether a message has begun and is incomplete.
    var isInsideMessage: Bool { start < buffer.count }
}
