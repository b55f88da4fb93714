import Primitives

/// Writes JSON as Go 1.27's `json.Marshal`, or as `json.MarshalIndent` if an indent is given.
///
/// The caller goes through its values and calls, for an object, `beginObject`, then `key` and a value for each
/// member in the order of the keys' bytes (Go sorts them), then `endObject`.
package struct JSONWriter: ~Copyable {
    /// The bytes written so far.
    package private(set) var bytes: [UInt8]
    private let indent: [UInt8]?
    private let limit: Int
    private var depth = 0
    private var position = Position.first

    private enum Position {
        /// Right after the start of an array or object, or of everything.
        case first
        case afterKey
        case afterValue
    }

    /// Appends to `bytes`. With an `indent`, each element is on a line of its own, indented once for each open array
    /// or object. A string is cut where its escapes go beyond `limit` bytes in all: callers that have a limit compare the count.
    package init(appendingTo bytes: consuming [UInt8] = [], indent: [UInt8]? = nil, limit: Int = .max) {
        self.bytes = bytes
        self.indent = indent
        self.limit = limit
    }

    /// The bytes written, taken out of the writer.
    package consuming func finish() -> [UInt8] { bytes }

    package mutating func beginArray() { begin(UInt8(ascii: "[")) }

    package mutating func endArray() { end(UInt8(ascii: "]")) }

    package mutating func beginObject() { begin(UInt8(ascii: "{")) }

    package mutating func endObject() { end(UInt8(ascii: "}")) }

    /// Writes the key of the member whose value comes next.
    package mutating func key(_ key: UnsafeBufferPointer<UInt8>) {
        separate()
        appendQuoted(key)
        bytes.append(UInt8(ascii: ":"))
        if indent != nil { bytes.append(UInt8(ascii: " ")) }
        position = .afterKey
    }

    package mutating func appendNull() { appendRaw("null") }

    package mutating func appendBool(_ value: Bool) { appendRaw(value ? "true" : "false") }

    /// Writes an integer.
    package mutating func appendInt(_ value: Int) {
        separate()
        appendDecimal(value)
        position = .afterValue
    }

    /// Writes a number; throws Go's `unsupported value` for one that is not finite.
    package mutating func appendNumber(_ value: Double) throws(JSONError) {
        guard value.isFinite else { throw JSONError(kind: .unsupportedValue(value), offset: bytes.count) }
        separate()
        appendFloat(value)
        position = .afterValue
    }

    /// Writes a string: quotes, backslashes, control characters, `<`, `>`, `&`, U+2028 and U+2029 are escaped, and
    /// bytes that are not UTF-8 become U+FFFD.
    package mutating func appendString(_ text: UnsafeBufferPointer<UInt8>) {
        separate()
        appendQuoted(text)
        position = .afterValue
    }

    private mutating func appendRaw(_ text: StaticString) {
        separate()
        append(text)
        position = .afterValue
    }

    private mutating func begin(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        depth += 1
        position = .first
    }

    private mutating func end(_ bracket: UInt8) {
        depth -= 1
        // An empty array or object stays on its line.
        if position != .first { breakLine() }
        bytes.append(bracket)
        position = .afterValue
    }

    /// Writes what goes between the last thing written and the next one.
    private mutating func separate() {
        switch position {
        case .afterKey: return
        case .afterValue: bytes.append(UInt8(ascii: ","))
        case .first: if depth == 0 { return }
        }
        breakLine()
    }

    private mutating func breakLine() {
        guard let indent else { return }
        bytes.append(UInt8(ascii: "\n"))
        for _ in 0..<depth { bytes += indent }
    }

}

// MARK: - Scalars

extension JSONWriter {
    private mutating func append(_ text: StaticString) {
        bytes += UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    }

    private mutating func appendQuoted(_ text: UnsafeBufferPointer<UInt8>) {
        bytes.append(UInt8(ascii: "\""))
        var plain = 0
        var offset = 0
        while offset < text.count {
            let byte = text[offset]
            var length = 1
            if byte < 0x80 {
                if !needsEscape(byte) {
                    offset += 1
                    continue
                }
                bytes += text[plain..<offset]
                appendEscaped(byte)
            } else {
                let character: UInt32
                (character, length) = UTF8Scanner.decode(text, at: offset)
                if length > 1, character != 0x2028, character != 0x2029 {
                    offset += length
                    continue
                }
                bytes += text[plain..<offset]
                append(length == 1 ? "\u{FFFD}" : character == 0x2028 ? "\\u2028" : "\\u2029")
            }
            offset += length
            plain = offset
            if bytes.count > limit { return }
        }
        bytes += text[plain...]
        bytes.append(UInt8(ascii: "\""))
    }

    @inline(__always)
    private func needsEscape(_ byte: UInt8) -> Bool {
        switch byte {
        case ..<0x20, UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"):
            true
        default: false
        }
    }

    private mutating func appendEscaped(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): append("\\\"")
        case UInt8(ascii: "\\"): append("\\\\")
        case 0x08: append("\\b")
        case 0x0C: append("\\f")
        case UInt8(ascii: "\n"): append("\\n")
        case UInt8(ascii: "\r"): append("\\r")
        case UInt8(ascii: "\t"): append("\\t")
        default:
            append("\\u00")
            bytes.append(Hexadecimal.digit(byte >> 4))
            bytes.append(Hexadecimal.digit(byte & 15))
        }
    }

    private mutating func appendDecimal(_ value: Int) {
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        let start = bytes.count
        var rest = value.magnitude
        repeat {
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0
        bytes[start...].reverse()
    }

    /// Writes the shortest digits that read back as `value`: without an exponent from 1e-6 to below 1e21, as
    /// JavaScript does.
    private mutating func appendFloat(_ value: Double) {
        if value.magnitude < 1e15, value.rounded() == value, value != 0 || value.sign == .plus {
            return appendDecimal(Int(value))
        }
        if value.sign == .minus { bytes.append(UInt8(ascii: "-")) }
        let (digits, point) = shortestDigits(value.magnitude)
        switch point {
        case _ where value == 0: bytes.append(UInt8(ascii: "0"))
        case 1...21:
            bytes += digits.prefix(point)
            bytes += repeatElement(UInt8(ascii: "0"), count: max(0, point - digits.count))
            if digits.count > point {
                bytes.append(UInt8(ascii: "."))
                bytes += digits.dropFirst(point)
            }
        case -5...0:
            append("0.")
            bytes += repeatElement(UInt8(ascii: "0"), count: -point)
            bytes += digits
        default:
            bytes.append(digits[0])
            if digits.count > 1 {
                bytes.append(UInt8(ascii: "."))
                bytes += digits.dropFirst()
            }
            append(point > 0 ? "e+" : "e-")
            appendDecimal(abs(point - 1))
        }
    }

    /// The digits of `value`, without zeros at either end, and how many of them are before the decimal point.
    private func shortestDigits(_ value: Double) -> (digits: [UInt8], point: Int) {
        let parts = value.description.utf8.split(separator: UInt8(ascii: "e"))
        let exponent = parts.count > 1 ? Int(Substring(parts[1])) ?? 0 : 0
        var point = exponent
        var digits: [UInt8] = []
        var isFraction = false
        for byte in parts[0] {
            if byte == UInt8(ascii: ".") {
                isFraction = true
            } else if !digits.isEmpty || byte != UInt8(ascii: "0") {
                digits.append(byte)
                if !isFraction { point += 1 }
            } else if isFraction {
                point -= 1
            }
        }
        while digits.last == UInt8(ascii: "0") { digits.removeLast() }
        return (digits, point)
    }
}
