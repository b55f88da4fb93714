/// An error for people: where it is, what it is, the line of the source with a caret, and what to do.
///
///     nginx.tmpl:2:9: executing "nginx.tmpl" at <getv "/port">: error calling getv: key does not exist: /port
///     listen {{getv "/port"}};
///              ^
public struct Diagnostic: Sendable {
    /// The text, which ends with a newline. May hold bytes of the data.
    public let text: ByteString

    /// The longest part of a line that is shown, in bytes.
    private static let width = 120

    /// An error of the template that was read from `path` as `source`.
    public init(_ error: TemplateError, path: String, source: ByteString) {
        text =
            Wording.diagnostic(
                path: path, line: error.line, column: error.column, message: error.reason,
                excerpt: source.withBytes { Diagnostic.excerpt($0, line: error.line, column: error.column - 1) },
                hint: error.hint
            ).byteString
    }

    /// The line of `source` with a caret below the byte `column` of it, both counted from 1; ends with a newline. Of a
    /// long line, the part around it.
    package static func excerpt(of source: ByteString, line: Int, column: Int) -> ByteString {
        source.withBytes { excerpt($0, line: line, column: column - 1) }.byteString
    }

    /// The line with a caret below the column; of a long line, the part around it.
    private static func excerpt(_ source: UnsafeBufferPointer<UInt8>, line: Int, column: Int) -> Message {
        var start = 0
        for _ in 1..<max(line, 1) {
            guard let newline = source.firstOffset(of: UInt8(ascii: "\n"), from: start) else { return "" }
            start = newline + 1
        }
        var end = source.firstOffset(of: UInt8(ascii: "\n"), from: start) ?? source.count
        let caret = min(start + column, end)
        start = max(start, caret - width / 2)
        end = min(end, start + width)
        var shown: [UInt8] = []
        var padding: [UInt8] = []
        for offset in start..<end {
            // A tab is kept in both lines, so that the caret stands right whatever its width; other control
            // characters could upset a terminal.
            let byte =
                source[offset] < 0x20 && source[offset] != UInt8(ascii: "\t") ? UInt8(ascii: " ") : source[offset]
            shown.append(byte)
            let isContinuation = byte & 0xC0 == 0x80
            if offset < caret && !isContinuation {
                padding.append(byte == UInt8(ascii: "\t") ? byte : UInt8(ascii: " "))
            }
        }
        return Message(bytes: shown + [UInt8(ascii: "\n")] + padding + Array("^\n".utf8))
    }
}
