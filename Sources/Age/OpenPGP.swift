import JSON

/// What confd up to 0.16 decrypted: `crypt set` writes a message of OpenPGP in base64.
enum OpenPGP {
    static func isMessage(_ value: [UInt8]) -> Bool {
        if value.starts(with: "-----BEGIN PGP MESSAGE".utf8) { return true }
        let start = Array(value.drop { $0 == 10 || $0 == 13 || $0 == 32 }.prefix(64))
        let whole = start.prefix(start.count / 4 * 4)
        return isPacket((try? Array(whole).withUnsafeBufferPointer { try Base64.decoded($0) }) ?? value)
    }

    /// Whether the first packet is a session key, encrypted for a recipient or with a passphrase (RFC 9580, 4.2, 5.1 and 5.3): its
    /// type and the size of its length, in the old form or the new one, and its version.
    private static func isPacket(_ bytes: [UInt8]) -> Bool {
        guard bytes.count > 6 else { return false }
        let newLength = bytes[1] < 192 ? 1 : bytes[1] < 224 ? 2 : bytes[1] == 255 ? 4 + 1 : 0
        switch bytes[0] {
        case 0x84: return isRecipient(bytes[2])
        case 0x85: return isRecipient(bytes[3])
        case 0x86: return isRecipient(bytes[5])
        case 0x8c: return isPassphrase(bytes[2])
        case 0x8d: return isPassphrase(bytes[3])
        case 0xc1: return newLength > 0 && isRecipient(bytes[1 + newLength])
        case 0xc3: return newLength > 0 && isPassphrase(bytes[1 + newLength])
        default: return false
        }
    }

    private static func isRecipient(_ version: UInt8) -> Bool { [2, 3, 6].contains(version) }
    private static func isPassphrase(_ version: UInt8) -> Bool { [4, 5, 6].contains(version) }
}
