import JSON

/// The text form of an age file: base64 between two lines.
enum AgeArmor {
    private static let begin = Array("-----BEGIN AGE ENCRYPTED FILE-----".utf8)
    private static let end = Array("-----END AGE ENCRYPTED FILE-----".utf8)
    private static let lineLength = 64

    /// Whether `text` begins as one, but for white space.
    static func begins(_ text: ArraySlice<UInt8>) -> Bool { trimmed(text).starts(with: begin) }

    /// The file in `text`. Lines may end with CR LF, and white space may stand around it.
    static func decoded(_ text: ArraySlice<UInt8>) throws(AgeError) -> [UInt8] {
        let lines = trimmed(text).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .map { $0.last == UInt8(ascii: "\r") ? $0.dropLast() : $0 }
        guard lines.first?.elementsEqual(begin) == true else { throw .malformed("no first line of an armor", line: 1) }
        guard lines.count >= 2, lines[lines.count - 1].elementsEqual(end) else {
            throw .malformed("no last line of an armor", line: lines.count)
        }
        let body = lines[1..<(lines.count - 1)]
        for (index, line) in body.enumerated() {
            let isLast = index == body.count - 1
            guard isLast ? (1...lineLength).contains(line.count) : line.count == lineLength else {
                throw .malformed("not a line of base64", line: index + 2)
            }
        }
        guard let bytes = Base64.canonical(Array(body.joined())) else { throw .malformed("not base64", line: 2) }
        return bytes
    }

    private static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var text = text
        while let first = text.first, isSpace(first) { text = text.dropFirst() }
        while let last = text.last, isSpace(last) { text = text.dropLast() }
        return text
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }
}

extension Base64 {
    /// The bytes of `text`, which must be written as an encoder writes it, with padding; nil if it is not.
    static func canonical(_ text: [UInt8]) -> [UInt8]? {
        guard let bytes = try? text.withUnsafeBufferPointer({ try decoded($0) }), encoded(bytes) == text else {
            return nil
        }
        return bytes
    }

    /// The same without padding, as in headers.
    static func unpadded(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        let missing = (4 - text.count % 4) % 4
        guard missing < 3, text.last != UInt8(ascii: "=") else { return nil }
        return canonical(Array(text) + [UInt8](repeating: UInt8(ascii: "="), count: missing))
    }
}
