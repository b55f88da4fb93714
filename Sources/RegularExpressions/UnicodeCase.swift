/// Simple case mappings, one character to one character, as Go's package `unicode` has them.
package enum UnicodeCase {
    /// All characters that have another case lie in here.
    static let folding: ClosedRange<UInt32> = 0x41...0x1E943

    package enum Target {
        case upper, lower

        /// The ASCII characters that become others.
        @inlinable
        package var asciiRange: ClosedRange<UInt8> { self == .upper ? 0x61...0x7A : 0x41...0x5A }
    }

    /// Go's `unicode.ToUpper`.
    package static func upper(_ scalar: UInt32) -> UInt32 {
        if scalar < 0x80 { return scalar >= 0x61 && scalar <= 0x7A ? scalar - 0x20 : scalar }
        guard let properties = Unicode.Scalar(scalar)?.properties else { return scalar }
        // Where upper case takes several characters, there may still be a single one for titles: U+1F80.
        return single(properties.uppercaseMapping) ?? single(properties.titlecaseMapping) ?? scalar
    }

    /// Go's `unicode.ToLower`.
    package static func lower(_ scalar: UInt32) -> UInt32 {
        if scalar < 0x80 { return scalar >= 0x41 && scalar <= 0x5A ? scalar + 0x20 : scalar }
        // The only character whose lower case takes two; the simple mapping drops the dot.
        if scalar == 0x130 { return 0x69 }
        guard let properties = Unicode.Scalar(scalar)?.properties else { return scalar }
        return single(properties.lowercaseMapping) ?? scalar
    }

    /// Go's `unicode.ToTitle`.
    package static func title(_ scalar: UInt32) -> UInt32 {
        if scalar < 0x80 { return upper(scalar) }
        guard let properties = Unicode.Scalar(scalar)?.properties else { return scalar }
        return single(properties.titlecaseMapping) ?? scalar
    }

    /// The next character of those that are equal but for case, around to `scalar` itself: Go's `SimpleFold`.
    package static func nextFold(_ scalar: UInt32) -> UInt32 {
        if scalar < 0x80 {
            switch scalar {
            case 0x4B, 0x53: return scalar + 0x20
            case 0x6B: return 0x212A
            case 0x73: return 0x17F
            case 0x41...0x5A: return scalar + 0x20
            case 0x61...0x7A: return scalar - 0x20
            default: return scalar
            }
        }
        if let next = orbits[scalar] { return next }
        let lower = lower(scalar)
        return lower != scalar ? lower : upper(scalar)
    }

    @inlinable
    package static func isUpper(_ scalar: UInt32) -> Bool {
        scalar < 0x80 ? scalar >= 0x41 && scalar <= 0x5A : category(scalar) == .uppercaseLetter
    }

    @inlinable
    package static func isLower(_ scalar: UInt32) -> Bool {
        scalar < 0x80 ? scalar >= 0x61 && scalar <= 0x7A : category(scalar) == .lowercaseLetter
    }

    /// Letters and decimal digits: what a name in a replacement is made of, besides `_`.
    package static func isLetterOrDigit(_ scalar: UInt32) -> Bool {
        if scalar < 0x80 {
            switch UInt8(scalar) {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "a")...UInt8(ascii: "z"):
                return true
            default: return false
            }
        }
        return switch category(scalar) {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber: true
        default: false
        }
    }

    /// Go's `unicode.IsSpace`.
    @inlinable
    package static func isSpace(_ scalar: UInt32) -> Bool {
        if scalar < 0x80 { return scalar == 0x20 || scalar >= 0x09 && scalar <= 0x0D }
        return Unicode.Scalar(scalar)?.properties.isWhitespace ?? false
    }

    @usableFromInline
    static func category(_ scalar: UInt32) -> Unicode.GeneralCategory? {
        Unicode.Scalar(scalar)?.properties.generalCategory
    }

    private static func single(_ text: String) -> UInt32? {
        let scalars = text.unicodeScalars
        guard let first = scalars.first, scalars.count == 1 else { return nil }
        return first.value
    }

    /// Where the next fold is neither the lower nor the upper case of a character: Unicode 17.
    private static let orbits: [UInt32: UInt32] = [
        0xDF: 0x1E9E, 0xE5: 0x212B, 0x130: 0x130, 0x131: 0x131, 0x1C4: 0x1C5, 0x1C7: 0x1C8, 0x1CA: 0x1CB,
        0x1F1: 0x1F2, 0x390: 0x1FD3, 0x3A3: 0x3C2, 0x3B0: 0x1FE3, 0x3B2: 0x3D0, 0x3B5: 0x3F5, 0x3B8: 0x3D1,
        0x3B9: 0x1FBE, 0x3BA: 0x3F0, 0x3BC: 0xB5, 0x3C0: 0x3D6, 0x3C1: 0x3F1, 0x3C2: 0x3C3, 0x3C6: 0x3D5,
        0x3C9: 0x2126, 0x3D1: 0x3F4, 0x3F4: 0x398, 0x432: 0x1C80, 0x434: 0x1C81, 0x43E: 0x1C82, 0x441: 0x1C83,
        0x442: 0x1C84, 0x44A: 0x1C86, 0x463: 0x1C87, 0x1C84: 0x1C85, 0x1E61: 0x1E9B, 0x1FBE: 0x345, 0x1FD3: 0x390,
        0x1FE3: 0x3B0, 0x2126: 0x3A9, 0x212A: 0x4B, 0x212B: 0xC5, 0xA64B: 0x1C88, 0xFB05: 0xFB06, 0xFB06: 0xFB05,
    ]
}
