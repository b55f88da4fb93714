/// A place in a text: line and column count from 1, and a column is a character.
package struct TextPosition: Equatable, Sendable {
    package let line: Int
    package let column: Int

    /// The place at `line` and `column`.
    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    /// The place of the byte at `offset` of `bytes`, which are UTF-8 up to there.
    package init(of offset: Int, in bytes: UnsafeBufferPointer<UInt8>) {
        var line = 1
        var column = 1
        for byte in bytes.prefix(offset) {
            if byte == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                // Continuation bytes of UTF-8 are not columns of their own.
                column += 1
            }
        }
        self.init(line: line, column: column)
    }
}
