/// AJP/1.3: a CPing, which a CPong answers.
struct AJPConversation: Conversation {
    /// Magic number, length 1, type 10.
    private static let ping: [UInt8] = [0x12, 0x34, 0x00, 0x01, 0x0A]
    /// `AB`, length 1, type 9.
    private static let pong: [UInt8] = [0x41, 0x42, 0x00, 0x01, 0x09]

    private var received: [UInt8] = []

    mutating func open() -> ConversationStep { .send(Self.ping) }

    mutating func receive(_ bytes: ArraySlice<UInt8>) -> ConversationStep {
        received += bytes.prefix(Self.pong.count - received.count)
        guard Self.pong.starts(with: received) else { return .failed(.malformed("the answer is no CPong")) }
        return received.count == Self.pong.count ? .done(.success) : .wait
    }

    mutating func close() -> ProbeResult { .failure(.closed) }
}
