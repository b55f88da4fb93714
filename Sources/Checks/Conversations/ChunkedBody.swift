/// Takes a body apart that is sent with `Transfer-Encoding: chunked` (RFC 9112, section 7.1).
struct ChunkedBody {
    private enum Phase {
        case size, data, lineAfterData, trailer, end
    }

    /// The most that a line may have: a size with its extensions, or a trailer.
    private static let lineLimit = 4_096

    private var phase = Phase.size
    private var line: [UInt8] = []
    /// How many bytes of the chunk are still to come.
    private var left = 0

    /// Whether the last chunk and the trailers have come.
    var isComplete: Bool { phase == .end }

    /// Hands the parts of `bytes` that belong to the body to `body`. Throws what is malformed.
    mutating func take(_ bytes: ArraySlice<UInt8>, _ body: (ArraySlice<UInt8>) -> Void) throws(ProbeFailure) {
        var rest = bytes
        while !rest.isEmpty, phase != .end {
            if phase == .data {
                let data = rest.prefix(left)
                body(data)
                left -= data.count
                rest = rest.dropFirst(data.count)
                if left == 0 { phase = .lineAfterData }
            } else if let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                line += rest[..<end]
                rest = rest[(end + 1)...]
                if line.last == UInt8(ascii: "\r") { line.removeLast() }
                try takeLine()
                line = []
            } else {
                line += rest
                rest = []
            }
            guard line.count <= Self.lineLimit else { throw .malformed("a line of a chunk is too long") }
        }
    }

    private mutating func takeLine() throws(ProbeFailure) {
        switch phase {
        case .size:
            let digits = line.prefix { $0 != UInt8(ascii: ";") && $0 != UInt8(ascii: " ") }
            guard digits.count <= 8, digits.first != UInt8(ascii: "+"), digits.first != UInt8(ascii: "-"),
                let size = Int(String(decoding: digits, as: UTF8.self), radix: 16)
            else { throw .malformed("no valid size of a chunk") }
            left = size
            phase = size == 0 ? .trailer : .data
        case .lineAfterData:
            guard line.isEmpty else { throw .malformed("a chunk is longer than its size") }
            phase = .size
        case .trailer:
            if line.isEmpty { phase = .end }
        case .data, .end: preconditionFailure("has no lines")
        }
    }
}
