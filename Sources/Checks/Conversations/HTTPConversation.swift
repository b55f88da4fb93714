/// A request of HTTP/1.1, whose answer is read as far as it matters: the head, and the body if something must be in it.
struct HTTPConversation: Conversation {
    private enum Framing {
        case length(Int)
        case chunked(ChunkedBody)
        case untilEnd
    }

    private let check: HTTPCheck
    private let request: [UInt8]
    private var head = ResponseHeadReader()
    private var framing = Framing.untilEnd
    private var search: PatternSearch
    private var headIsComplete = false
    /// How many bytes of the body have come.
    private var bodyCount = 0

    /// The most that is looked through.
    private static let bodyLimit = 64 << 10

    /// `authority` is the target as the header `Host` has it.
    init(_ check: HTTPCheck, authority: String) {
        self.check = check
        request = Self.request(check, authority: authority)
        search = PatternSearch(check.expectedBody ?? [])
    }

    mutating func open() -> ConversationStep { .send(request) }

    mutating func receive(_ bytes: ArraySlice<UInt8>) -> ConversationStep {
        do throws(ProbeFailure) {
            var rest = bytes
            if !headIsComplete {
                guard let body = try head.take(bytes) else { return .wait }
                rest = body
                headIsComplete = true
                guard check.expectedStatus.contains(head.status) else { throw .status(head.status) }
                framing = try Self.framing(head, method: check.method)
            }
            return try takeBody(rest)
        } catch {
            return .failed(error)
        }
    }

    mutating func close() -> ProbeResult {
        guard headIsComplete else { return .failure(.closed) }
        if case .untilEnd = framing { return .failure(.unexpected) }
        return .failure(.closed)
    }

    private mutating func takeBody(_ bytes: ArraySlice<UInt8>) throws(ProbeFailure) -> ConversationStep {
        let isComplete: Bool
        switch framing {
        case .untilEnd:
            look(bytes)
            isComplete = false
        case .length(let length):
            look(bytes.prefix(length - bodyCount))
            isComplete = bodyCount == length
        case .chunked(var body):
            try body.take(bytes) { look($0) }
            framing = .chunked(body)
            isComplete = body.isComplete
        }
        if search.isFound { return .done(.success) }
        return isComplete || bodyCount >= Self.bodyLimit ? .failed(.unexpected) : .wait
    }

    private mutating func look(_ bytes: ArraySlice<UInt8>) {
        search.take(bytes.prefix(max(0, Self.bodyLimit - bodyCount)))
        bodyCount += bytes.count
    }

    private static func framing(_ head: ResponseHeadReader, method: String) throws(ProbeFailure) -> Framing {
        if method == "HEAD" || head.status == 204 || head.status == 304 { return .length(0) }
        if head.isChunked { return .chunked(ChunkedBody()) }
        guard let text = head.contentLength else { return .untilEnd }
        guard text.utf8.count <= 18, text.utf8.allSatisfy({ (48...57).contains($0) }), let length = Int(text) else {
            throw .malformed("no valid Content-Length")
        }
        return .length(length)
    }

    private static func request(_ check: HTTPCheck, authority: String) -> [UInt8] {
        let given = Set(check.headers.map { $0.name.lowercased() })
        let ours = [
            ("Host", check.host ?? authority), ("User-Agent", "confd"), ("Accept", "*/*"), ("Connection", "close"),
        ].filter { !given.contains($0.0.lowercased()) }
        // A POST has a body, if only an empty one.
        let length = check.method == "POST" && !given.contains("content-length") ? [("Content-Length", "0")] : []
        let lines = (ours + length + check.headers.map { ($0.name, $0.value) }).map { "\($0.0): \($0.1)\r\n" }
        return Array("\(check.method) \(check.path) HTTP/1.1\r\n\(lines.joined())\r\n".utf8)
    }
}
