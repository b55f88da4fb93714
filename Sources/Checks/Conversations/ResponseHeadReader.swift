/// Reads the head of an HTTP/1 answer from pieces: status line, headers, empty line. Interim answers (1xx) are skipped.
struct ResponseHeadReader {
    /// The most that heads may have, interim ones included.
    private static let limit = 16 << 10

    private(set) var status = 0
    private(set) var isChunked = false
    private(set) var contentLength: String?
    private var line: [UInt8] = []
    private var count = 0
    private var statusLineIsComplete = false

    /// What follows the head in `bytes`; nil if it is not complete. Throws what is no answer of HTTP/1.
    mutating func take(_ bytes: ArraySlice<UInt8>) throws(ProbeFailure) -> ArraySlice<UInt8>? {
        var rest = bytes
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            try keep(rest[...end])
            rest = rest[(end + 1)...]
            if try takeLine() { return rest }
        }
        try keep(rest)
        // Garbage is recognized without the end of its first line.
        if !statusLineIsComplete, !"HTTP/1.".utf8.starts(with: line.prefix(7)) { throw Self.notHTTP }
        return nil
    }

    private static let notHTTP = ProbeFailure.malformed("the answer is not HTTP/1")

    private mutating func keep(_ bytes: ArraySlice<UInt8>) throws(ProbeFailure) {
        count += bytes.count
        guard count <= Self.limit else { throw .malformed("more than 16 KiB of headers") }
        line += bytes
    }

    /// Whether the head is complete with this line.
    private mutating func takeLine() throws(ProbeFailure) -> Bool {
        line.removeLast()
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        defer { line = [] }
        guard statusLineIsComplete else {
            status = try Self.status(line)
            statusLineIsComplete = true
            return false
        }
        guard line.isEmpty else {
            takeHeader()
            return false
        }
        // 101 is the last one: no request of ours asks for another protocol.
        guard (100..<200).contains(status), status != 101 else { return true }
        statusLineIsComplete = false
        isChunked = false
        contentLength = nil
        return false
    }

    /// status-line = "HTTP/1." digit " " three digits [ " " reason ]
    private static func status(_ line: [UInt8]) throws(ProbeFailure) -> Int {
        guard line.count >= 12, "HTTP/1.".utf8.elementsEqual(line[..<7]), line[8] == UInt8(ascii: " "),
            line[9..<12].allSatisfy({ (48...57).contains($0) }), line.count == 12 || line[12] == UInt8(ascii: " ")
        else { throw notHTTP }
        return line[9..<12].reduce(0) { $0 * 10 + Int($1 - 48) }
    }

    private mutating func takeHeader() {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return }
        let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
        guard name == "transfer-encoding" || name == "content-length" else { return }
        let value = line[(colon + 1)...].filter { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
        let text = String(decoding: value, as: UTF8.self).lowercased()
        if name == "content-length" { contentLength = text } else { isChunked = text.hasSuffix("chunked") }
    }
}
