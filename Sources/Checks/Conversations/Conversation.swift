/// The client side of one protocol: bytes in, bytes and a result out. Pure: sockets and timeouts are the caller's
/// (`SocketProbe`).
protocol Conversation {
    /// The first step, once connected.
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
