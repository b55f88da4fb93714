/// The first packets of MySQL's protocol: the server's greeting, and with a user a login without a password.
///
///     packet = length (3 bytes, low first) sequence (1 byte) payload
struct MySQLConversation: Conversation {
    private enum Phase {
        case greeting, login
    }

    /// The most that a packet of these phases may have.
    private static let limit = 16 << 10
    private static let okay: UInt8 = 0x00
    private static let moreAuthentication: UInt8 = 0x01
    private static let switchAuthentication: UInt8 = 0xFE
    private static let error: UInt8 = 0xFF
    /// COM_QUIT: without it the server counts an aborted connection.
    private static let quit: [UInt8] = [1, 0, 0, 0, 1]

    private let user: String?
    private var phase = Phase.greeting
    private var received: [UInt8] = []
    /// How many packets of the login came: a server must not go on for ever.
    private var rounds = 0

    init(_ check: MySQLCheck) { user = check.user }

    mutating func open() -> ConversationStep { .wait }

    mutating func receive(_ bytes: ArraySlice<UInt8>) -> ConversationStep {
        received += bytes
        while received.count >= 4 {
            let length = Int(received[0]) | Int(received[1]) << 8 | Int(received[2]) << 16
            guard (1...Self.limit).contains(length) else {
                return .failed(.malformed("what came is no packet of MySQL's protocol"))
            }
            guard received.count >= 4 + length else { return .wait }
            let packet = Array(received[4..<4 + length])
            let sequence = received[3]
            received.removeFirst(4 + length)
            let step = take(packet, sequence: sequence)
            if step != .wait { return step }
        }
        return .wait
    }

    mutating func close() -> ProbeResult { .failure(.closed) }

    private mutating func take(_ packet: [UInt8], sequence: UInt8) -> ConversationStep {
        if packet[0] == Self.error { return .failed(.refused(Self.message(packet))) }
        switch phase {
        case .greeting:
            guard packet[0] == 10 else { return .failed(.malformed("greeting of protocol \(packet[0]), not 10")) }
            guard let user else { return .done(.success) }
            phase = .login
            return .send(Self.packet(Self.login(user), sequence: sequence &+ 1))
        case .login:
            rounds += 1
            guard rounds <= 8 else { return .failed(.malformed("the login does not end")) }
            switch packet[0] {
            case Self.okay: return .done(.success, farewell: Self.quit)
            // The empty password, by whatever method.
            case Self.switchAuthentication: return .send(Self.packet([], sequence: sequence &+ 1))
            case Self.moreAuthentication: return .wait
            default: return .failed(.malformed("unknown answer to the login"))
            }
        }
    }

    /// A handshake response with an empty password.
    private static func login(_ user: String) -> [UInt8] {
        // CLIENT_PROTOCOL_41, CLIENT_SECURE_CONNECTION and CLIENT_PLUGIN_AUTH, low byte first.
        let capabilities: [UInt8] = [0x00, 0x82, 0x08, 0x00]
        let largestPacket: [UInt8] = [0x00, 0x00, 0x01, 0x00]
        let utf8: UInt8 = 33
        let filler = [UInt8](repeating: 0, count: 23)
        let passwordLength: UInt8 = 0
        return capabilities + largestPacket + [utf8] + filler + Array(user.utf8) + [0, passwordLength]
            + Array("mysql_native_password".utf8) + [0]
    }

    private static func packet(_ payload: [UInt8], sequence: UInt8) -> [UInt8] {
        [UInt8(payload.count & 0xFF), UInt8(payload.count >> 8 & 0xFF), 0, sequence] + payload
    }

    /// error = 0xFF code (2 bytes, low first) [ "#" state (5 bytes) ] text
    private static func message(_ packet: [UInt8]) -> String {
        guard packet.count >= 3 else { return "error" }
        var text = packet[3...]
        if text.first == UInt8(ascii: "#") { text = text.dropFirst(6) }
        return "error \(Int(packet[1]) | Int(packet[2]) << 8): \(PeerText.line(text))"
    }
}
