import Primitives

/// One code point at the front of some bytes, as Go's `utf8.DecodeRune` sees it: each byte that
/// is not part of a valid sequence stands alone and reads as U+FFFD.
struct Rune {
    let value: UInt32
    /// The number of bytes that the code point takes.
    let width: Int

    static let replacement = UTF8Scanner.replacement
    static let maximum: UInt32 = 0x10FFFF

    /// Whether this is a byte outside of any valid sequence. (A real U+FFFD takes three bytes.)
    var isInvalid: Bool { value == Rune.replacement && width == 1 }

    /// Decodes the code point at `offset`, which must be within `bytes`.
    @inline(__always)
    init(_ bytes: UnsafeBufferPointer<UInt8>, at offset: Int) {
        (value, width) = UTF8Scanner.decode(bytes, at: offset)
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
        UTF8Scanner.encode(isValid(value) ? value : replacement) { output.append($0) }
    }
}
