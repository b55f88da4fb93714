import Diagnostics
import JSON
import TOML
import YAML

/// A format that a rendered file must have before it is installed: the field `output_format`.
package enum OutputFormat: Equatable, Sendable {
    case json, yaml, toml

    /// The formats by the names that a resource gives them.
    static let named: [String: OutputFormat] = ["json": .json, "yaml": .yaml, "yml": .yaml, "toml": .toml]

    /// The bytes that are looked at: what a parser makes of a text takes many times its memory.
    package var largest: Int {
        switch self {
        case .json, .yaml: 64 << 20
        case .toml: 16 << 20
        }
    }

    /// Throws the first error of `content`, the rendered file. Values are not compared with any schema: a text that parses is
    /// good. YAML may have any number of documents. Time and memory are linear in `content`.
    package func check(_ content: [UInt8]) throws(OutputFormatError) {
        if content.count > largest {
            throw OutputFormatError(self, .tooLarge(limit: largest), at: TextPosition(line: 1, column: 1))
        }
        switch self {
        case .json: try checkJSON(content)
        case .yaml:
            do throws(YAMLError) {
                try YAMLSyntax.check(content)
            } catch {
                throw OutputFormatError(self, .syntax(error.message), at: error.position)
            }
        case .toml:
            do throws(TOMLError) {
                _ = try TOMLParser.parse(content)
            } catch {
                let position = TextPosition(line: error.position.line, column: error.position.column)
                throw OutputFormatError(self, .syntax(error.withoutValues.message), at: position)
            }
        }
    }

    private func checkJSON(_ content: [UInt8]) throws(OutputFormatError) {
        try content.withUnsafeBufferPointer { (bytes) throws(OutputFormatError) in
            do throws(JSONError) {
                _ = try JSONDocument(parsing: bytes)
            } catch {
                throw OutputFormatError(self, .syntax(error.message), at: TextPosition(of: error.offset, in: bytes))
            }
        }
    }
}

/// Why a rendered file is not what its resource's `output_format` says.
package struct OutputFormatError: Error, Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        /// The parser's words. They show none of the file's values.
        case syntax(String)
        /// The file has more bytes than are looked at.
        case tooLarge(limit: Int)
    }

    package let format: OutputFormat
    package let kind: Kind
    /// The place in the rendered file.
    package let position: TextPosition

    init(_ format: OutputFormat, _ kind: Kind, at position: TextPosition) {
        self.format = format
        self.kind = kind
        self.position = position
    }

    /// For example `output_format: not JSON: unexpected end of JSON input`.
    package var message: String {
        switch kind {
        case .syntax(let reason): "output_format: not \(format.title): \(reason)"
        case .tooLarge(let limit): "output_format: more than \(limit) bytes of \(format.title) are not checked"
        }
    }

    /// The error as people read it; `path` is what the rendered file is called. The line is not shown: it may hold a secret.
    package func report(of path: String) -> ErrorReport {
        ErrorReport(message, at: Location(path, line: position.line, column: position.column), hint: hint)
    }

    /// What was probably done wrong, and how to see the text, which is not in place.
    private var hint: String? {
        guard case .syntax(let reason) = kind else { return nil }
        let followsComma =
            reason == "invalid character ']' looking for beginning of value"
            || reason == "invalid character '}' looking for beginning of object key string"
        let guess = followsComma ? "is there a comma after the last element? " : ""
        return "\(guess)the place is in the new text, which confd render prints"
    }
}

extension OutputFormat {
    fileprivate var title: String {
        switch self {
        case .json: "JSON"
        case .yaml: "YAML"
        case .toml: "TOML"
        }
    }
}

extension TOMLError {
    /// The same without texts of the file that may be values. Names of keys stay.
    var withoutValues: TOMLError {
        let hidden = "…"
        let kind: Kind =
            switch kind {
            case .expected(let expectation, .text): .expected(expectation, found: .text(hidden))
            case .unquotedText: .unquotedText(hidden)
            case .booleanCase: .booleanCase(hidden)
            case .unknownEscape: .unknownEscape(hidden)
            case .escapeDigits(_, let count): .escapeDigits(hidden, count: count)
            case .escapeOutOfRange: .escapeOutOfRange(hidden)
            case .notANumber: .notANumber(hidden)
            case .leadingZero: .leadingZero(hidden)
            case .signBeforeRadix: .signBeforeRadix(hidden)
            case .notADateTime: .notADateTime(hidden)
            default: self.kind
            }
        return TOMLError(kind, at: position)
    }
}
