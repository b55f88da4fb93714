/// What a server was added with and haproxy does not tell again: its words, whether it is a backup, the path of its socket.
///
/// haproxy keeps a number that we choose for each server, so a fingerprint of these serves as that number: a confd that was
/// restarted sees from it whether the server is as it is wanted now. Numbers of ours are from 2^30 on; those that haproxy
/// gives itself, and those that people write in haproxy.cfg, are below.
package struct WordsFingerprint: Hashable, Sendable {
    /// `1 << 30 ..< 1 << 31`
    package let number: UInt32

    /// The fingerprints that may stand for `server`: if another server of its backend has the first, the next is taken.
    package static func candidates(for server: DesiredServer) -> [WordsFingerprint] {
        (0..<4).map { WordsFingerprint(server, salt: $0) }
    }

    /// Whether we have given the number.
    package static func isOurs(_ number: Int) -> Bool { (1 << 30..<1 << 31).contains(number) }

    private init(_ server: DesiredServer, salt: UInt8) {
        var hash = FowlerNollVo()
        hash.add([salt, server.isBackup ? 1 : 0])
        hash.add(server.id.utf8)
        if server.address.isUnix { hash.add(server.address.text.utf8) }
        for word in server.words {
            hash.add(word.name.utf8)
            hash.add(word.value.text.utf8)
        }
        number = 1 << 30 | UInt32(truncatingIfNeeded: hash.value ^ hash.value >> 32) & (1 << 30 - 1)
    }
}

/// FNV-1a in 64 bits, the same in each run, which Swift's own hash is not.
private struct FowlerNollVo {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    /// Adds `bytes` and their end.
    mutating func add(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { mix(byte) }
        mix(0xFF)
    }

    private mutating func mix(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }
}
