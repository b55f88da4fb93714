/// One request to a FastCGI responder (FastCGI specification 1.0), whose answer is a CGI response.
///
///     record = version type requestId (2) contentLength (2) paddingLength reserved content padding
struct FastCGIConversation: Conversation {
    private enum RecordType {
        static let beginRequest: UInt8 = 1
        static let endRequest: UInt8 = 3
        static let parameters: UInt8 = 4
        static let input: UInt8 = 5
        static let output: UInt8 = 6
    }

    private static let headerLength = 8
    /// The most of an answer that is read.
    private static let limit = 64 << 10

    private let check: FastCGICheck
    private let request: [UInt8]
    private var search: PatternSearch
    private var received: [UInt8] = []
    private var head = CGIHeadReader()
    private var count = 0

    init(_ check: FastCGICheck) {
        self.check = check
        request = Self.request(check)
        search = PatternSearch(check.expectedBody ?? [])
    }

    mutating func open() -> ConversationStep { .send(request) }

    mutating func receive(_ bytes: ArraySlice<UInt8>) -> ConversationStep {
        received += bytes
        count += bytes.count
        do throws(ProbeFailure) {
            while let (type, content) = try nextRecord() {
                if let step = try take(type, content) { return step }
            }
            return count < Self.limit ? .wait : .failed(.unexpected)
        } catch {
            return .failed(error)
        }
    }

    mutating func close() -> ProbeResult { .failure(.closed) }

    /// The first record, once it is complete.
    private mutating func nextRecord() throws(ProbeFailure) -> (type: UInt8, content: ArraySlice<UInt8>)? {
        guard let version = received.first else { return nil }
        guard version == 1 else { throw .malformed("the answer is not FastCGI") }
        guard received.count >= Self.headerLength else { return nil }
        let length = Int(received[4]) << 8 | Int(received[5])
        let end = Self.headerLength + length
        let total = end + Int(received[6])
        guard received.count >= total else { return nil }
        let record = received[..<end]
        received = Array(received[total...])
        return (record[1], record[Self.headerLength...])
    }

    private mutating func take(_ type: UInt8, _ content: ArraySlice<UInt8>) throws(ProbeFailure) -> ConversationStep? {
        switch type {
        case RecordType.output:
            let wasComplete = head.isComplete
            guard let body = try head.take(content) else { return nil }
            if !wasComplete, !check.expectedStatus.contains(head.status) { throw .status(head.status) }
            search.take(body)
            return search.isFound ? .done(.success) : nil
        case RecordType.endRequest:
            // content = application status (4) protocol status
            guard content.count >= 5 else { throw .malformed("the answer is not FastCGI") }
            let status = content[content.startIndex + 4]
            guard status == 0 else { throw .refused(Self.refusal(status)) }
            throw head.isComplete ? ProbeFailure.unexpected : ProbeFailure.closed
        default: return nil
        }
    }

    private static func refusal(_ status: UInt8) -> String {
        switch status {
        case 1: "cannot multiplex"
        case 2: "overloaded"
        case 3: "unknown role"
        default: "protocol status \(status)"
        }
    }

    private static func request(_ check: FastCGICheck) -> [UInt8] {
        let parts = check.path.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let script = String(parts[0])
        let query = parts.count == 2 ? String(parts[1]) : ""
        let parameters = [
            ("SCRIPT_NAME", script), ("SCRIPT_FILENAME", script), ("REQUEST_METHOD", "GET"), ("QUERY_STRING", query),
            ("REQUEST_URI", check.path), ("SERVER_PROTOCOL", "HTTP/1.1"), ("GATEWAY_INTERFACE", "CGI/1.1"),
            ("SERVER_SOFTWARE", "confd"), ("REMOTE_ADDR", "127.0.0.1"),
        ]
        let responder: [UInt8] = [0, 1, 0, 0, 0, 0, 0, 0]
        return record(RecordType.beginRequest, responder)
            + record(RecordType.parameters, parameters.flatMap { pair($0.0, $0.1) })
            + record(RecordType.parameters, []) + record(RecordType.input, [])
    }

    private static func record(_ type: UInt8, _ content: [UInt8]) -> [UInt8] {
        [1, type, 0, 1, UInt8(content.count >> 8), UInt8(content.count & 0xFF), 0, 0] + content
    }

    /// pair = length of the name, length of the value, name, value
    private static func pair(_ name: String, _ value: String) -> [UInt8] {
        length(name.utf8.count) + length(value.utf8.count) + Array(name.utf8) + Array(value.utf8)
    }

    /// One byte up to 127, else four with the highest bit set.
    private static func length(_ count: Int) -> [UInt8] {
        if count < 128 { return [UInt8(count)] }
        return [
            UInt8(count >> 24 & 0x7F) | 0x80, UInt8(count >> 16 & 0xFF), UInt8(count >> 8 & 0xFF), UInt8(count & 0xFF),
        ]
    }
}

/// The headers of a CGI response (RFC 3875, section 6): without `Status` it is 200.
private struct CGIHeadReader {
    private static let limit = 16 << 10

    private(set) var status = 200
    private(set) var isComplete = false
    private var line: [UInt8] = []
    private var count = 0

    /// What follows the head in `bytes`; nil if it is not complete.
    mutating func take(_ bytes: ArraySlice<UInt8>) throws(ProbeFailure) -> ArraySlice<UInt8>? {
        if isComplete { return bytes }
        var rest = bytes
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            line += rest[..<end]
            rest = rest[(end + 1)...]
            if line.last == UInt8(ascii: "\r") { line.removeLast() }
            if line.isEmpty {
                isComplete = true
                return rest
            }
            try takeHeader()
            line = []
        }
        line += rest
        count += bytes.count
        guard count <= Self.limit else { throw .malformed("more than 16 KiB of headers") }
        return nil
    }

    private mutating func takeHeader() throws(ProbeFailure) {
        let text = String(decoding: line, as: UTF8.self)
        guard text.lowercased().hasPrefix("status:") else { return }
        let digits = text.dropFirst("status:".count).drop { $0 == " " }.prefix { $0 != " " }
        guard digits.utf8.count == 3, let number = Int(digits), number >= 100 else {
            throw .malformed("no valid status")
        }
        status = number
    }
}
