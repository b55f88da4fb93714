import CCrypto

/// HMAC-SHA-256 and what age derives with it.
enum HKDF {
    static func code(of data: some Collection<UInt8>, key: [UInt8]) -> [UInt8] {
        var code = [UInt8](repeating: 0, count: 32)
        let data = Array(data)
        precondition(
            confd_hmac_sha256(key, key.count, data, data.count, &code) == 1, "HMAC takes any key and data")
        return code
    }

    /// The first 32 bytes of HKDF-SHA-256 (RFC 5869).
    static func key(of secret: [UInt8], salt: [UInt8], info: String) -> [UInt8] {
        // No salt is as many zeros as the hash has bytes; HMAC fills keys up with zeros anyway.
        code(of: Array(info.utf8) + [1], key: code(of: secret, key: salt))
    }
}

enum ChaCha20Poly1305 {
    static let tagSize = 16

    /// What `sealed` holds; nil if it was not made with this key and nonce.
    static func open(_ sealed: ArraySlice<UInt8>, key: [UInt8], nonce: [UInt8]) -> [UInt8]? {
        guard sealed.count >= tagSize else { return nil }
        let size = sealed.count - tagSize
        var isOpen = false
        let plain = [UInt8](unsafeUninitializedCapacity: size + 1) { output, count in
            isOpen = sealed.withUnsafeBufferPointer { input in
                guard let input = input.baseAddress, let output = output.baseAddress else { return false }
                return confd_chacha20_poly1305_open(key, nonce, input, sealed.count, output) == 1
            }
            count = isOpen ? size : 0
        }
        return isOpen ? plain : nil
    }
}

extension [UInt8] {
    /// Overwrites a secret.
    mutating func wipe() { withUnsafeMutableBytes { confd_wipe($0.baseAddress, $0.count) } }
}
