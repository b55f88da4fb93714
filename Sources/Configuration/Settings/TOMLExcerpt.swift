import Diagnostics
import KeyValue
import TOML

/// The line of a TOML file that an error is about, as it may be shown.
enum TOMLExcerpt {
    /// The line at `position` and a caret below the column; nil where the line may hold a secret.
    static func text(of source: [UInt8], at position: TOMLPosition) -> String? {
        let lines = source.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard lines.indices.contains(position.line - 1) else { return nil }
        let line = String(decoding: lines[position.line - 1], as: UTF8.self)
        // A document that ends too early: there is nothing to show.
        if line.isEmpty { return nil }
        if holdsSecret(line) || isInsideSecret(position.line - 1, lines) { return nil }
        // TOML counts characters, the excerpt bytes.
        let before = line.unicodeScalars.prefix(position.column - 1).reduce(0) { $0 + String($1).utf8.count }
        return Excerpt.text(of: line.utf8, line: 1, column: before + 1)
    }

    /// A password, a token, or a node with a user's password.
    private static func holdsSecret(_ line: String) -> Bool {
        let text = line.lowercased()
        return ["password", "passwd", "token", "secret"].contains { text.contains(text: $0) }
            || (text.contains(text: "://") && text.contains(text: "@"))
    }

    /// Whether the line belongs to a text of several lines that a secret's key began.
    private static func isInsideSecret(_ index: Int, _ lines: [ArraySlice<UInt8>]) -> Bool {
        lines[..<index].lazy.map { String(decoding: $0, as: UTF8.self) }.contains { holdsSecret($0) && isOpen($0) }
    }

    /// Whether the value that begins on `line`, or the table that its header begins, goes on in further lines. In doubt
    /// it does.
    private static func isOpen(_ line: String) -> Bool {
        if line.contains(text: "\"\"\"") || line.contains(text: "'''") { return true }
        guard line.utf8.contains(UInt8(ascii: "[")) else { return false }
        let isHeader = line.first { $0 != " " && $0 != "\t" } == "["
        let last = line.last { $0 != " " && $0 != "\t" && $0 != "\r" }
        // One pair, whose end ends the line, so that it stands in no string and no comment.
        let isClosed = last == "]" && line.count { "[]#".contains($0) } == 2
        return isHeader || !isClosed
    }
}
