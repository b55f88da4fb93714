/// A line of a file with a caret below the place that an error is about.
///
///     listen {{getv "/port"}};
///              ^
package enum Excerpt {
    /// The longest part of a line that is shown, in bytes.
    private static let width = 120

    /// The line of `source` and a caret below the byte `column` of it, both counted from 1; each ends with a line feed.
    /// Of a long line, the part around the caret. Empty if there is no such line.
    package static func bytes(of source: UnsafeBufferPointer<UInt8>, line: Int, column: Int) -> [UInt8] {
        var start = 0
        for _ in 1..<max(line, 1) {
            guard let newline = source[start...].firstIndex(of: UInt8(ascii: "\n")) else { return [] }
            start = newline + 1
        }
        var end = source[start...].firstIndex(of: UInt8(ascii: "\n")) ?? source.count
        let caret = min(start + column - 1, end)
        start = max(start, caret - width / 2)
        end = min(end, start + width)
        var shown: [UInt8] = []
        var padding: [UInt8] = []
        for offset in start..<end {
            // A tab is kept in both lines, so that the caret stands right whatever its width; other control characters
            // could upset a terminal.
            let isControl = source[offset] < 0x20 && source[offset] != UInt8(ascii: "\t")
            let byte = isControl ? UInt8(ascii: " ") : source[offset]
            shown.append(byte)
            let isContinuation = byte & 0xC0 == 0x80
            if offset < caret, !isContinuation { padding.append(byte == UInt8(ascii: "\t") ? byte : UInt8(ascii: " ")) }
        }
        return shown + [UInt8(ascii: "\n")] + padding + "^\n".utf8
    }

    /// As `bytes`, decoded and without the last line feed.
    package static func text(of source: some Sequence<UInt8>, line: Int, column: Int) -> String {
        let lines = Array(source).withUnsafeBufferPointer { Self.bytes(of: $0, line: line, column: column) }
        return String(decoding: lines.dropLast(), as: UTF8.self)
    }
}
