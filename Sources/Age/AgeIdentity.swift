import CCrypto

/// A secret key of age, of type X25519.
package final class AgeIdentity: Sendable {
    /// Overwritten when it is not needed any more.
    private let secret: SecretBytes
    let recipient: [UInt8]

    private static let mostIdentities = 32

    private init?(secret: [UInt8]) {
        guard secret.count == 32 else { return nil }
        var recipient = [UInt8](repeating: 0, count: 32)
        guard confd_x25519_public(secret, &recipient) == 1 else { return nil }
        self.secret = SecretBytes(secret)
        self.recipient = recipient
    }

    /// The identities in the file that age-keygen writes: one a line, besides empty lines and comments.
    package static func all(in file: [UInt8]) throws(AgeError) -> [AgeIdentity] {
        if AgeHeader.begins(file) || AgeArmor.begins(file[...]) { throw .encryptedIdentity }
        var identities: [AgeIdentity] = []
        for (index, line) in file.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            let text = line.filter { $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
            if text.isEmpty || text.first == UInt8(ascii: "#") { continue }
            if let kind = unsupported(text) { throw .unsupportedIdentity(line: index + 1, kind) }
            guard let secret = Bech32.decoded(text, prefix: "age-secret-key-"),
                let identity = AgeIdentity(secret: secret)
            else { throw .unknownIdentity(line: index + 1) }
            guard identities.count < mostIdentities else { throw .tooManyIdentities(limit: mostIdentities) }
            identities.append(identity)
        }
        if identities.isEmpty { throw .noIdentity }
        return identities
    }

    private static func unsupported(_ line: [UInt8]) -> String? {
        if line.starts(with: "AGE-PLUGIN-".utf8) { return "an identity of a plugin" }
        if line.starts(with: "-----BEGIN".utf8) { return "a key of ssh" }
        return line.starts(with: "age1".utf8) ? "a recipient, not an identity" : nil
    }

    /// The file's key, if `stanza` has it for this identity.
    func fileKey(in stanza: AgeHeader.Stanza, share: [UInt8]) -> [UInt8]? {
        var shared = [UInt8](repeating: 0, count: 32)
        let isDone = secret.withBytes { confd_x25519($0, share, &shared) } == 1
        defer { shared.wipe() }
        guard isDone else { return nil }
        var key = HKDF.key(of: shared, salt: share + recipient, info: "age-encryption.org/v1/X25519")
        defer { key.wipe() }
        return ChaCha20Poly1305.open(stanza.body[...], key: key, nonce: [UInt8](repeating: 0, count: 12))
    }
}

/// Bytes that are overwritten in the end.
private final class SecretBytes: Sendable {
    nonisolated(unsafe) private let memory: UnsafeMutableBufferPointer<UInt8>

    init(_ bytes: [UInt8]) {
        memory = .allocate(capacity: bytes.count)
        _ = memory.initialize(fromContentsOf: bytes)
    }

    deinit {
        confd_wipe(memory.baseAddress, memory.count)
        memory.deallocate()
    }

    func withBytes<Result>(_ body: (UnsafePointer<UInt8>) -> Result) -> Result {
        guard let start = memory.baseAddress else { preconditionFailure("a secret is not empty") }
        return body(start)
    }
}
