/// MD5 (RFC 1321), for confd's log lines and to tell a torn file from a whole one; not for secrets.
package struct MD5 {
    private var state: [UInt32] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476]
    /// The bytes that do not fill a block of 64 yet.
    private var pending: [UInt8] = []
    private var count = 0

    /// Takes the next bytes.
    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        count += bytes.count
        var rest = bytes[...]
        if !pending.isEmpty {
            let head = rest.prefix(64 - pending.count)
            pending += head
            rest = rest.dropFirst(head.count)
            if pending.count < 64 { return }
            pending.withUnsafeBytes { Self.add($0, to: &state) }
            pending = []
        }
        let whole = rest.count / 64 * 64
        let blocks = UnsafeRawBufferPointer(rebasing: rest.prefix(whole))
        for start in stride(from: 0, to: whole, by: 64) {
            Self.add(UnsafeRawBufferPointer(rebasing: blocks[start..<start + 64]), to: &state)
        }
        pending = Array(rest.dropFirst(whole))
    }

    /// The digest of all bytes so far in 32 hexadecimal digits.
    var hex: String {
        // The rest, a one bit, zeros, and the length in bits.
        var tail = pending + [0x80]
        tail += [UInt8](repeating: 0, count: (120 - tail.count) % 64)
        tail += (0..<8).map { UInt8(truncatingIfNeeded: (UInt64(count) << 3) >> ($0 * 8)) }
        var state = state
        tail.withUnsafeBytes { tail in
            for start in stride(from: 0, to: tail.count, by: 64) {
                Self.add(UnsafeRawBufferPointer(rebasing: tail[start..<start + 64]), to: &state)
            }
        }
        return state.map { word in
            (0..<4).map { Self.hexadecimal(UInt8(truncatingIfNeeded: word >> ($0 * 8))) }.joined()
        }.joined()
    }

    /// The digest of `bytes` in 32 hexadecimal digits.
    package static func hex(_ bytes: some Collection<UInt8>) -> String {
        var digest = MD5()
        let isContiguous: Void? = bytes.withContiguousStorageIfAvailable { digest.update(UnsafeRawBufferPointer($0)) }
        if isContiguous == nil { Array(bytes).withUnsafeBytes { digest.update($0) } }
        return digest.hex
    }

    private static func hexadecimal(_ byte: UInt8) -> String {
        (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }

    private static func add(_ raw: UnsafeRawBufferPointer, to state: inout [UInt32]) {
        var (a, b, c, d) = (state[0], state[1], state[2], state[3])
        for step in 0..<64 {
            let mixed: UInt32
            let word: Int
            switch step >> 4 {
            case 0: (mixed, word) = ((b & c) | (~b & d), step)
            case 1: (mixed, word) = ((d & b) | (~d & c), (5 * step + 1) & 15)
            case 2: (mixed, word) = (b ^ c ^ d, (3 * step + 5) & 15)
            default: (mixed, word) = (c ^ (b | ~d), (7 * step) & 15)
            }
            let value = UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: word * 4, as: UInt32.self))
            let sum = a &+ mixed &+ sines[step] &+ value
            let shift = shifts[(step >> 4) * 4 + (step & 3)]
            (a, b, c, d) = (d, b &+ (sum << shift | sum >> (32 - shift)), b, c)
        }
        state[0] &+= a
        state[1] &+= b
        state[2] &+= c
        state[3] &+= d
    }

    private static let shifts: [UInt32] = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21]

    /// The whole part of 2³² × |sin(step + 1)|.
    private static let sines: [UInt32] = [
        0xd76a_a478, 0xe8c7_b756, 0x2420_70db, 0xc1bd_ceee, 0xf57c_0faf, 0x4787_c62a, 0xa830_4613, 0xfd46_9501,
        0x6980_98d8, 0x8b44_f7af, 0xffff_5bb1, 0x895c_d7be, 0x6b90_1122, 0xfd98_7193, 0xa679_438e, 0x49b4_0821,
        0xf61e_2562, 0xc040_b340, 0x265e_5a51, 0xe9b6_c7aa, 0xd62f_105d, 0x0244_1453, 0xd8a1_e681, 0xe7d3_fbc8,
        0x21e1_cde6, 0xc337_07d6, 0xf4d5_0d87, 0x455a_14ed, 0xa9e3_e905, 0xfcef_a3f8, 0x676f_02d9, 0x8d2a_4c8a,
        0xfffa_3942, 0x8771_f681, 0x6d9d_6122, 0xfde5_380c, 0xa4be_ea44, 0x4bde_cfa9, 0xf6bb_4b60, 0xbebf_bc70,
        0x289b_7ec6, 0xeaa1_27fa, 0xd4ef_3085, 0x0488_1d05, 0xd9d4_d039, 0xe6db_99e5, 0x1fa2_7cf8, 0xc4ac_5665,
        0xf429_2244, 0x432a_ff97, 0xab94_23a7, 0xfc93_a039, 0x655b_59c3, 0x8f0c_cc92, 0xffef_f47d, 0x8584_5dd1,
        0x6fa8_7e4f, 0xfe2c_e6e0, 0xa301_4314, 0x4e08_11a1, 0xf753_7e82, 0xbd3a_f235, 0x2ad7_d2bb, 0xeb86_d391,
    ]
}
