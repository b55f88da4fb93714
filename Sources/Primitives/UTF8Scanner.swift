/// UTF-8 as Go's `unicode/utf8` reads and writes it: an invalid byte stands for U+FFFD and is one byte wide.
package enum UTF8Scanner {
    package static let replacement: UInt32 = 0xFFFD

    /// The character at `position` and its width; `position` must be inside `bytes`.
    @inlinable @inline(__always)
    package static func decode(
        _ bytes: UnsafeBufferPointer<UInt8>, at position: Int
    ) -> (scalar: UInt32, width: Int) {
        let first = bytes[position]
        return first < 0x80 ? (UInt32(first), 1) : decodeMultiple(bytes, at: position)
    }

    @inlinable
    static func decodeMultiple(
        _ bytes: UnsafeBufferPointer<UInt8>, at position: Int
    ) -> (scalar: UInt32, width: Int) {
        let first = UInt32(bytes[position])
        func continuation(_ offset: Int, _ allowed: ClosedRange<UInt8> = 0x80...0xBF) -> UInt32? {
            guard position + offset < bytes.count, allowed.contains(bytes[position + offset]) else { return nil }
            return UInt32(bytes[position + offset] & 0x3F)
        }
        // The bounds of the second byte shut out overlong forms, surrogates and what lies above U+10FFFF.
        switch first {
        case 0xC2...0xDF:
            if let second = continuation(1) { return ((first & 0x1F) << 6 | second, 2) }
        case 0xE0...0xEF:
            let allowed: ClosedRange<UInt8> = first == 0xE0 ? 0xA0...0xBF : first == 0xED ? 0x80...0x9F : 0x80...0xBF
            if let second = continuation(1, allowed), let third = continuation(2) {
                return ((first & 0x0F) << 12 | second << 6 | third, 3)
            }
        case 0xF0...0xF4:
            let allowed: ClosedRange<UInt8> = first == 0xF0 ? 0x90...0xBF : first == 0xF4 ? 0x80...0x8F : 0x80...0xBF
            if let second = continuation(1, allowed), let third = continuation(2), let fourth = continuation(3) {
                return ((first & 0x07) << 18 | second << 12 | third << 6 | fourth, 4)
            }
        default:
            break
        }
        return (replacement, 1)
    }

    /// Writes the bytes of a code point that UTF-8 can have.
    @inlinable @inline(__always)
    package static func encode(_ scalar: UInt32, _ write: (UInt8) -> Void) {
        switch scalar {
        case ..<0x80: write(UInt8(scalar))
        case ..<0x800:
            write(UInt8(0xC0 | scalar >> 6))
            write(UInt8(0x80 | scalar & 0x3F))
        case ..<0x10000:
            write(UInt8(0xE0 | scalar >> 12))
            write(UInt8(0x80 | scalar >> 6 & 0x3F))
            write(UInt8(0x80 | scalar & 0x3F))
        default:
            write(UInt8(0xF0 | scalar >> 18))
            write(UInt8(0x80 | scalar >> 12 & 0x3F))
            write(UInt8(0x80 | scalar >> 6 & 0x3F))
            write(UInt8(0x80 | scalar & 0x3F))
        }
    }

    /// Calls `body` with each character of `bytes`.
    @inlinable @inline(__always)
    package static func forEach(in bytes: UnsafeBufferPointer<UInt8>, _ body: (UInt32) -> Void) {
        var position = 0
        while position < bytes.count {
            let (scalar, width) = decode(bytes, at: position)
            body(scalar)
            position += width
        }
    }

    /// The character that ends just before `position`, which must be above 0, and its width.
    package static func decodeLast(
        _ bytes: UnsafeBufferPointer<UInt8>, before position: Int
    ) -> (scalar: UInt32, width: Int) {
        var start = position - 1
        if bytes[start] < 0x80 { return (UInt32(bytes[start]), 1) }
        let limit = max(0, position - 4)
        while start > limit && bytes[start] & 0xC0 == 0x80 { start -= 1 }
        let prefix = UnsafeBufferPointer(rebasing: bytes[..<position])
        let (scalar, width) = decode(prefix, at: start)
        return start + width == position ? (scalar, width) : (replacement, 1)
    }

    /// Whether all of `bytes` is UTF-8.
    package static func isValid(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool { firstInvalid(bytes) == nil }

    /// The offset of the first byte that is not part of a valid character, nil if all are.
    package static func firstInvalid(_ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
        var position = 0
        while position < bytes.count {
            let (scalar, width) = decode(bytes, at: position)
            if scalar == replacement && width == 1 { return position }
            position += width
        }
        return nil
    }
}
