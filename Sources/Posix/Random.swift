import CPosix
import Glibc

/// Randomness from the kernel.
package enum Random {
    /// `count` random bytes.
    package static func bytes(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let got = bytes.withUnsafeMutableBytes { raw in
                getrandom(raw.baseAddress.map { $0 + done }, min(count - done, 256), 0)
            }
            // Up to 256 bytes at a time cannot fail once the kernel has started, but for EINTR.
            precondition(got > 0 || errno == EINTR, "the kernel gives no random bytes")
            done += max(got, 0)
        }
        return bytes
    }

    /// `count` characters of `a-z0-9`, for names of files.
    package static func letters(_ count: Int) -> String {
        let alphabet = Array("abcdefghijklmnopqrstuvwxyz0123456789".utf8)
        return String(decoding: bytes(count).map { alphabet[Int($0) % alphabet.count] }, as: UTF8.self)
    }
}
