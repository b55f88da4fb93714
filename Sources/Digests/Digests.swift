import CCrypto

/// MD5 (RFC 1321) of bytes that come in parts: for confd's log lines, and to tell a torn file from a whole one; not for secrets.
package struct MD5 {
    private var state = confd_md5()

    package init() { confd_md5_begin(&state) }

    /// Takes the next bytes.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        confd_md5_add(&state, bytes.baseAddress, bytes.count)
    }

    /// The digest of all bytes so far in hexadecimal digits.
    package var hex: String {
        var state = state
        return Digest.hexadecimal(Digest.bytes(16) { confd_md5_end(&state, $0) })
    }

    /// The 16 bytes of the digest.
    package static func digest(of bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var md5 = MD5()
        md5.update(bytes)
        return Digest.bytes(16) { confd_md5_end(&md5.state, $0) }
    }

    /// The digest of `bytes` in hexadecimal digits.
    package static func hex(_ bytes: some Collection<UInt8>) -> String {
        var md5 = MD5()
        let isContiguous: Void? = bytes.withContiguousStorageIfAvailable { md5.update(UnsafeRawBufferPointer($0)) }
        if isContiguous == nil { Array(bytes).withUnsafeBytes { md5.update($0) } }
        return md5.hex
    }
}

/// SHA-1 (FIPS 180-4). Not for security: texts with the same digest can be made.
package enum SHA1 {
    /// The 20 bytes of the digest.
    package static func digest(of bytes: UnsafeRawBufferPointer) -> [UInt8] {
        Digest.bytes(20) { confd_sha1(bytes.baseAddress, bytes.count, $0) }
    }
}

/// SHA-256 (FIPS 180-4).
package enum SHA256 {
    /// The 32 bytes of the digest.
    package static func digest(of bytes: UnsafeRawBufferPointer) -> [UInt8] {
        Digest.bytes(32) { confd_sha256(bytes.baseAddress, bytes.count, $0) }
    }

    package static func digest(of bytes: [UInt8]) -> [UInt8] { bytes.withUnsafeBytes { digest(of: $0) } }

    /// The digest as four numbers, the first byte the highest of the first one.
    package static func words(of bytes: [UInt8]) -> SIMD4<UInt64> {
        let digest = digest(of: bytes)
        return SIMD4((0..<4).map { word in digest[word * 8..<word * 8 + 8].reduce(0) { $0 << 8 | UInt64($1) } })
    }
}

/// What all digests have in common.
package enum Digest {
    fileprivate static func bytes(_ count: Int, _ write: (UnsafeMutablePointer<UInt8>) -> Void) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            buffer.initialize(repeating: 0)
            if let start = buffer.baseAddress { write(start) }
            initialized = count
        }
    }

    /// The digits of `digest`, two for each byte.
    package static func hexadecimal(_ digest: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
