/// Sends bytes, and waits for others.
struct TCPConversation: Conversation {
    /// The most that is looked through.
    private static let limit = 64 << 10

    private let send: [UInt8]
    private var search: PatternSearch
    private var count = 0

    init(_ check: TCPCheck) {
        send = check.send
        search = PatternSearch(check.expect)
    }

    mutating func open() -> ConversationStep {
        if search.isFound { return .done(.success, farewell: send) }
        return send.isEmpty ? .wait : .send(send)
    }

    mutating func receive(_ bytes: ArraySlice<UInt8>) -> ConversationStep {
        search.take(bytes.prefix(Self.limit - count))
        if search.isFound { return .done(.success) }
        count += bytes.count
        return count < Self.limit ? .wait : .failed(.unexpected)
    }

    mutating func close() -> ProbeResult { .failure(count == 0 ? .closed : .unexpected) }
}
