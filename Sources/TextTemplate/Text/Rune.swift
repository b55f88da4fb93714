/// One code point at the front of some bytes, as Go's `utf8.DecodeRune` sees it: each byte that
/// is not part of a valid sequence stands alone and reads as U+FFFD.
struct Rune {
    let value: UInt32
    /// The number of bytes that the code point takes.
    let width: Int

    static let replacement: UInt32 = 0xFFFD
    static let maximum: UInt32 = 0x10FFFF

    /// Whether this is a byte outside of any valid sequence. (A real U+FFFD takes three bytes.)
    var isInvalid: Bool { value == Rune.replacement && width == 1 }

    private init(_ value: UInt32, _ width: Int) {
        self.value = value
        self.width = width
    }

    /// Decodes the code point at `offset`, which must be within `bytes`.
    @inline(__always)
    init(_ bytes: UnsafeBufferPointer<UInt8>, at offset: Int) {
        let first = bytes[offset]
        if first < 0x80 {
            self.init(UInt32(first), 1)
        } else {
            self = Rune.multibyte(first, bytes, at: offset)
        }
    }

    private static func multibyte(_ first: UInt8, _ bytes: UnsafeBufferPointer<UInt8>, at offset: Int) -> Rune {
        let invalid = Rune(replacement, 1)
        let width: Int
        switch first {
        case 0xC2...0xDF: width = 2
        case 0xE0...0xEF: width = 3
        case 0xF0...0xF4: width = 4
        default: return invalid
        }
        guard bytes.count - offset >= width else { return invalid }
        var value = UInt32(first) & (0x7F >> UInt32(width))
        for next in 1..<width {
            let byte = bytes[offset + next]
            guard byte & 0xC0 == 0x80 else { return invalid }
            value = value << 6 | UInt32(byte & 0x3F)
        }
        let isOverlong = width == 3 && value < 0x800 || width == 4 && value < 0x10000
        guard !isOverlong, isValid(value) else { return invalid }
        return Rune(value, width)
    }

    /// Whether `value` is a code point that UTF-8 may encode: in range and no surrogate.
    static func isValid(_ value: UInt32) -> Bool {
        value < 0xD800 || value > 0xDFFF && value <= maximum
    }

    /// The number of code points in `bytes`, as `utf8.RuneCount`.
    static func count(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
        // Text is ASCII most of the time: eight bytes in a step as long as it is.
        var offset = 0
        while offset + 8 <= bytes.count,
            UnsafeRawPointer(bytes.baseAddress! + offset).loadUnaligned(as: UInt64.self) & 0x8080_8080_8080_8080 == 0
        {
            offset += 8
        }
        var count = offset
        while offset < bytes.count {
            offset += Rune(bytes, at: offset).width
            count += 1
        }
        return count
    }

    /// Appends the UTF-8 form of `value`; of U+FFFD if it has none, as `utf8.AppendRune`.
    static func append(_ value: UInt32, into output: inout some ByteOutput & ~Copyable) {
        switch isValid(value) ? value : replacement {
        case let value where value < 0x80:
            output.append(UInt8(value))
        case let value where value < 0x800:
            output.append(UInt8(0xC0 | value >> 6))
            output.append(UInt8(0x80 | value & 0x3F))
        case let value where value < 0x10000:
            output.append(UInt8(0xE0 | value >> 12))
            output.append(UInt8(0x80 | value >> 6 & 0x3F))
            output.append(UInt8(0x80 | value & 0x3F))
        case let value:
            output.append(UInt8(0xF0 | value >> 18))
            output.append(UInt8(0x80 | value >> 12 & 0x3F))
            output.append(UInt8(0x80 | value >> 6 & 0x3F))
            output.append(UInt8(0x80 | value & 0x3F))
        }
    }
}
