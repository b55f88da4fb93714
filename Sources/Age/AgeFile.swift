import CCrypto
import JSON

/// Files that were encrypted with age for X25519 recipients.
package enum AgeFile {
    private static let chunkSize = 64 << 10
    private static let nonceSize = 16

    /// The plaintext of `value`, an age file in its binary or text (armor) form. It is shorter than `value`.
    package static func decrypted(_ value: [UInt8], for identities: [AgeIdentity]) throws(AgeError) -> [UInt8] {
        let file: [UInt8]
        if AgeHeader.begins(value) {
            file = value
        } else if AgeArmor.begins(value[...]) {
            file = try AgeArmor.decoded(value[...])
        } else {
            throw OpenPGP.isMessage(value) ? .openPGP : .notAge
        }
        let header = try AgeHeader(parsing: file[...])
        var fileKey = try fileKey(header, identities)
        defer { fileKey.wipe() }
        var codeKey = HKDF.key(of: fileKey, salt: [], info: "header")
        defer { codeKey.wipe() }
        let code = HKDF.code(of: file.prefix(header.coveredCount), key: codeKey)
        guard confd_equal(code, header.code, code.count) == 1 else { throw .corrupt }
        return try payload(file[header.count...], fileKey)
    }

    private static func fileKey(_ header: AgeHeader, _ identities: [AgeIdentity]) throws(AgeError) -> [UInt8] {
        if header.stanzas.contains(where: { $0.type.elementsEqual("scrypt".utf8) }) { throw .passphrase }
        for stanza in header.stanzas where stanza.type.elementsEqual("X25519".utf8) {
            guard stanza.arguments.count == 1, let share = Base64.unpadded(stanza.arguments[0][...]), share.count == 32,
                stanza.body.count == 32
            else { throw .malformed("not of the type X25519", line: 2) }
            for identity in identities {
                if let key = identity.fileKey(in: stanza, share: share) { return key }
            }
        }
        throw .notForUs
    }

    /// Chunks, each encrypted by itself; the last one is marked, so that none can be left out.
    private static func payload(_ bytes: ArraySlice<UInt8>, _ fileKey: [UInt8]) throws(AgeError) -> [UInt8] {
        guard bytes.count >= nonceSize else { throw .corrupt }
        var key = HKDF.key(of: fileKey, salt: Array(bytes.prefix(nonceSize)), info: "payload")
        defer { key.wipe() }
        var rest = bytes.dropFirst(nonceSize)
        var plain: [UInt8] = []
        plain.reserveCapacity(rest.count)
        var number: UInt64 = 0
        while true {
            let chunk = rest.prefix(chunkSize + ChaCha20Poly1305.tagSize)
            rest = rest.dropFirst(chunk.count)
            // Eleven bytes of the number and one that marks the last chunk.
            let counter = (0..<8).map { UInt8(number >> (56 - 8 * UInt64($0)) & 255) }
            let nonce = [0, 0, 0] + counter + [rest.isEmpty ? 1 : 0]
            guard let part = ChaCha20Poly1305.open(chunk, key: key, nonce: nonce) else { throw .corrupt }
            // Only an empty file has an empty chunk.
            if part.isEmpty, number > 0 { throw .corrupt }
            plain += part
            number += 1
            if rest.isEmpty { return plain }
        }
    }
}
