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
        // At the end of the document there is no line.
        if line.isEmpty { return nil }
        if hides(source, at: position) { return nil }
        // TOML counts characters, the excerpt bytes.
        let before = line.unicodeScalars.prefix(position.column - 1).reduce(0) { $0 + String($1).utf8.count }
        return Excerpt.text(of: line.utf8, line: 1, column: before + 1)
    }

    /// Whether the line at `position` may hold a secret.
    static func hides(_ source: [UInt8], at position: TOMLPosition) -> Bool {
        let lines = source.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard lines.indices.contains(position.line - 1) else { return false }
        return holdsSecret(String(decoding: lines[position.line - 1], as: UTF8.self))
            || isInsideSecret(position.line - 1, lines)
    }

    /// Whether a name on the line looks like that of a secret, also mistyped or guessed, or a URL on it has credentials.
    private static func holdsSecret(_ line: String) -> Bool {
        let text = line.lowercased()
        return ["pass", "pwd", "tok", "sec", "auth", "cred"].contains { text.contains(text: $0) }
            || (text.contains(text: "://") && text.contains(text: "@"))
    }

    /// Whether the line belongs to a value of several lines whose first line names a secret.
    private static func isInsideSecret(_ index: Int, _ lines: [ArraySlice<UInt8>]) -> Bool {
        lines[..<index].lazy.map { String(decoding: $0, as: UTF8.self) }.contains { holdsSecret($0) && isOpen($0) }
    }

    /// Whether the value or table that begins on `line` continues on further lines; when in doubt, yes.
    private static func isOpen(_ line: String) -> Bool {
        if line.contains(text: "\"\"\"") || line.contains(text: "'''") { return true }
        guard line.utf8.contains(UInt8(ascii: "[")) else { return false }
        let isHeader = line.first { $0 != " " && $0 != "\t" } == "["
        let last = line.last { $0 != " " && $0 != "\t" && $0 != "\r" }
        // Exactly one pair of brackets that ends with the line, so neither is part of a string or a comment.
        let isClosed = last == "]" && line.count { "[]#".contains($0) } == 2
        return isHeader || !isClosed
    }
}
