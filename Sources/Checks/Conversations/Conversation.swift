/// One side of a short talk with a server: bytes in, bytes and a result out. Pure; how bytes travel and how long it may take
/// is another's business.
protocol Conversation {
    /// What is said once connected.
    mutating func open() -> ConversationStep

    /// Takes what came, in pieces of any size.
    mutating func receive(_ bytes: ArraySlice<UInt8>) -> ConversationStep

    /// The peer has ended its side.
    mutating func close() -> ProbeResult
}

/// What comes next.
enum ConversationStep: Equatable {
    /// Nothing is to be sent, and more must come.
    case wait
    case send([UInt8])
    /// It is over, after these last words.
    case done(ProbeResult, farewell: [UInt8] = [])

    static func failed(_ failure: ProbeFailure) -> ConversationStep { .done(.failure(failure)) }
}
