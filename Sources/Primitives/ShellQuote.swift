/// Quoting for `/bin/sh`.
package enum ShellQuote {
    /// `text` as one word of the shell, quoted only if it needs to be.
    package static func quote(_ text: String) -> String {
        String(decoding: quote(Array(text.utf8)), as: UTF8.self)
    }

    /// `bytes` as one word of the shell, quoted only if they need to be. A zero byte cannot be in a word: it is
    /// left out, as shells do.
    package static func quote(_ bytes: [UInt8]) -> [UInt8] {
        if !bytes.isEmpty && bytes.allSatisfy(isLiteral) { return bytes }
        let quote = UInt8(ascii: "'")
        // Between single quotes all is literal but the quote itself: '\''.
        let body = bytes.flatMap { $0 == quote ? Array("'\\''".utf8) : $0 == 0 ? [] : [$0] }
        return [quote] + body + [quote]
    }

    /// Whether the byte means itself wherever in a word it is.
    private static func isLiteral(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "-"),
            UInt8(ascii: "_"), UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "@"), UInt8(ascii: "+"):
            true
        default: false
        }
    }
}
