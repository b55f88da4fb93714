import RegularExpressions

/// Maps the characters of one text to another case.
///
/// Caches look-ups, because the standard library makes a `String` for each, and a text has few distinct characters. The
/// cache is indexed by a character's low bits, so that those of one script do not displace each other.
struct CaseMapping {
    private let target: UnicodeCase.Target
    /// A character in the upper 32 bits, its mapping in the lower ones. 0 is a valid entry: U+0000 maps to itself.
    private var known: [UInt64]

    /// `length` is that of the text.
    init(_ target: UnicodeCase.Target, length: Int) {
        self.target = target
        known = [UInt64](repeating: 0, count: length < 4096 ? 64 : 4096)
    }

    @inline(__always)
    mutating func map(_ scalar: UInt32) -> UInt32 {
        if scalar < 0x80 { return scalar ^ (target.asciiRange.contains(UInt8(scalar)) ? 0x20 : 0) }
        let place = Int(scalar) & (known.count - 1)
        if known[place] >> 32 == UInt64(scalar) { return UInt32(truncatingIfNeeded: known[place]) }
        return find(scalar, place)
    }

    @inline(never)
    private mutating func find(_ scalar: UInt32, _ place: Int) -> UInt32 {
        let mapped = target == .upper ? UnicodeCase.upper(scalar) : UnicodeCase.lower(scalar)
        known[place] = UInt64(scalar) << 32 | UInt64(mapped)
        return mapped
    }
}
