import JSON

/// What confd up to 0.16 decrypted: `crypt set` writes a message of OpenPGP in base64.
enum OpenPGP {
    static func isMessage(_ value: [UInt8]) -> Bool {
        if value.starts(with: "-----BEGIN PGP MESSAGE".utf8) { return true }
        // A key encrypted for a recipient, or with a passphrase: the first packet, in the old form or the new one.
        let start = Array(value.drop { $0 == 10 || $0 == 13 || $0 == 32 }.prefix(64))
        let whole = start.prefix(start.count / 4 * 4)
        let first = (try? Array(whole).withUnsafeBufferPointer { try Base64.decoded($0) })?.first ?? value.first
        guard let first else { return false }
        return [0x84, 0x85, 0x86, 0x8c, 0x8d, 0xc1, 0xc3].contains(first)
    }
}
