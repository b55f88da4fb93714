/// Bech32 (BIP 173), in which age writes its keys.
enum Bech32 {
    private static let digits = Array("qpzry9x8gf2tvdw0s3jn54khce6mua7l".utf8)
    private static let generators: [UInt32] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3]
    private static let checksumLength = 6

    /// The bytes of `text`, which begins with `prefix` and `1`, all of it in lower or all in upper case; nil if it does not, or
    /// a letter is wrong.
    static func decoded(_ text: [UInt8], prefix: String) -> [UInt8]? {
        let lower = text.map { $0 >= 65 && $0 <= 90 ? $0 + 32 : $0 }
        guard lower == text || !text.contains(where: { $0 >= 97 && $0 <= 122 }) else { return nil }
        let head = Array(prefix.utf8) + [UInt8(ascii: "1")]
        guard lower.starts(with: head), lower.count >= head.count + checksumLength else { return nil }
        var values: [UInt8] = []
        for byte in lower[head.count...] {
            guard let value = digits.firstIndex(of: byte) else { return nil }
            values.append(UInt8(value))
        }
        let expanded = prefix.utf8.map { $0 >> 5 } + [0] + prefix.utf8.map { $0 & 31 }
        guard checksum(expanded + values) == 1 else { return nil }
        return bytes(of: values.dropLast(checksumLength))
    }

    private static func checksum(_ values: [UInt8]) -> UInt32 {
        values.reduce(1) { sum, value in
            let top = sum >> 25
            let next = (sum & 0x1ff_ffff) << 5 ^ UInt32(value)
            return generators.indices.reduce(next) { top >> UInt32($1) & 1 == 1 ? $0 ^ generators[$1] : $0 }
        }
    }

    /// Groups of five bits as bytes; nil if what is left over is not zero, or a whole group.
    private static func bytes(of values: some Collection<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        var bits = 0
        var count = 0
        for value in values {
            bits = bits << 5 | Int(value)
            count += 5
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(bits >> count & 255))
                bits &= 1 << count - 1
            }
        }
        return count < 5 && bits == 0 ? bytes : nil
    }
}
