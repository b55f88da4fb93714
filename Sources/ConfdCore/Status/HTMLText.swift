import Diagnostics

/// Text in HTML. Names of keys and files may hold anything.
enum HTMLText {
    /// Of longer texts the beginning is shown: a key's name can have megabytes.
    private static let longest = 2_000

    /// `text` for an element or for an attribute in double quotes: control characters are escaped as in the log, and `&`, `<`,
    /// `>` and quotes are written as character references.
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in PrintableText.line(shortened(text)).unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func shortened(_ text: String) -> String {
        guard text.utf8.count > longest else { return text }
        return String(decoding: text.utf8.prefix(longest), as: UTF8.self) + "…"
    }
}
