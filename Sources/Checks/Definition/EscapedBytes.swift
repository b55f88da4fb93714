import Primitives

/// Bytes that are written as text with escapes, as `send` and `expect` of a check are.
package enum EscapedBytes {
    /// The bytes of `text`: `\r`, `\n`, `\t`, `\\` and `\xNN` (two hexadecimal digits) are one byte each, all else is itself.
    package static func parse(_ text: String) throws(EscapeError) -> [UInt8] {
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        var position = 0
        while position < bytes.count {
            guard bytes[position] == UInt8(ascii: "\\") else {
                result.append(bytes[position])
                position += 1
                continue
            }
            let escape = try escape(bytes[position...])
            result.append(escape.byte)
            position += escape.length
        }
        return result
    }

    /// The byte that the escape at the start of `text` stands for, and how long the escape is.
    private static func escape(_ text: ArraySlice<UInt8>) throws(EscapeError) -> (byte: UInt8, length: Int) {
        let start = text.startIndex
        guard text.count > 1 else { throw EscapeError(.unfinished, at: start) }
        switch text[start + 1] {
        case UInt8(ascii: "r"): return (13, 2)
        case UInt8(ascii: "n"): return (10, 2)
        case UInt8(ascii: "t"): return (9, 2)
        case UInt8(ascii: "\\"): return (UInt8(ascii: "\\"), 2)
        case UInt8(ascii: "x"):
            guard text.count >= 4, let high = Hexadecimal.value(of: text[start + 2]),
                let low = Hexadecimal.value(of: text[start + 3])
            else { throw EscapeError(.notTwoDigits, at: start) }
            return (high << 4 | low, 4)
        default: throw EscapeError(.unknown, at: start)
        }
    }
}

/// An escape that is none.
package struct EscapeError: Error, Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        /// The text ends after the backslash.
        case unfinished
        case unknown
        /// `\x` without two hexadecimal digits.
        case notTwoDigits
    }

    package let kind: Kind
    /// Of the backslash, in bytes from the start of the text.
    package let offset: Int

    init(_ kind: Kind, at offset: Int) {
        self.kind = kind
        self.offset = offset
    }

    /// One phrase, without the place.
    package var message: String {
        switch kind {
        case .unfinished: "nothing follows the backslash"
        case .unknown: #"unknown escape: there are \r, \n, \t, \\ and \xNN"#
        case .notTwoDigits: #"\x wants two hexadecimal digits"#
        }
    }
}
