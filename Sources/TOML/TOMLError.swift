/// Why a document is not TOML 1.0, and where.
package struct TOMLError: Error, Equatable, Sendable {
    package let position: TOMLPosition
    package let kind: Kind

    /// An error of `kind` at `position`.
    package init(_ kind: Kind, at position: TOMLPosition) {
        self.kind = kind
        self.position = position
    }

    /// The kinds of errors, with the values that the message shows. Lines count from 1.
    package enum Kind: Equatable, Sendable {
        case invalidUTF8
        case utf16
        case controlCharacter(UInt8, Context)
        case expected(Expectation, found: Found)
        case unquotedText(String)
        case booleanCase(String)
        case multilineKey
        case newlineInInlineTable
        case nestedTooDeep(limit: Int)

        case unclosedString
        case unclosedMultilineString
        case unknownEscape(String)
        case escapeDigits(String, count: Int)
        case escapeOutOfRange(String)

        case notANumber(String)
        case misplacedUnderscore
        case leadingZero(String)
        case signBeforeRadix(String)
        case integerOverflow
        case floatOverflow
        case notADateTime(String)
        case dateTimeRange(DateTimeField, Int, ClosedRange<Int>)

        case duplicateKey(String, firstLine: Int)
        case duplicateTable(String, firstLine: Int)
        case tableOfDottedKeys(String, firstLine: Int)
        case dottedKeyIntoTable(String, firstLine: Int)
        case intoInlineTable(String, firstLine: Int)
        case intoArray(String, firstLine: Int)
        case intoArrayOfTables(String, firstLine: Int)
        case arrayOfTablesNotTable(String, firstLine: Int)
        case tableNotArrayOfTables(String, firstLine: Int)
        case notATable(String, TypeName, firstLine: Int)
    }

    /// Where a control character was met.
    package enum Context: Equatable, Sendable { case string, comment, document }

    /// What the grammar allows at a place.
    package enum Expectation: Equatable, Sendable {
        case key
        case keyAfterDot
        case keyAfterComma
        case equals(key: String)
        case value
        case endOfLine
        case lineFeedAfterCarriageReturn
        case arraySeparator(openedAtLine: Int)
        case inlineTableSeparator
        case headerEnd(String)
    }

    /// The text that is there instead.
    package enum Found: Equatable, Sendable {
        case endOfFile, endOfLine, comment
        case text(String)
    }

    /// A part of a date or time.
    package enum DateTimeField: String, Sendable {
        case month, day, hour, minute, second
        case offsetHour = "offset hour"
        case offsetMinute = "offset minute"
    }

    /// The types that are neither table nor array.
    package enum TypeName: String, Sendable {
        case string, integer, float, boolean
        case dateTime = "date or time"
    }
}

extension TOMLError {
    /// Lower case, no final period, for example `key "a" is defined twice (first at line 3)`.
    package var message: String { kind.message }
}

extension TOMLError.Kind {
    fileprivate var message: String {
        switch self {
        case .invalidUTF8: "invalid UTF-8"
        case .utf16: "the file is UTF-16; TOML must be UTF-8"
        case .controlCharacter(let byte, .string):
            "control character \(codePoint(byte)) in a string; write it as an escape"
        case .controlCharacter(let byte, .comment): "control character \(codePoint(byte)) in a comment"
        case .controlCharacter(let byte, .document): "control character \(codePoint(byte)) is not allowed"
        case .expected(let expectation, let found): "expected \(expectation.text), found \(found.text)"
        case .unquotedText(let text): "expected a value, found \"\(text)\"; strings need quotes"
        case .booleanCase(let text): "\"\(text)\" is not a boolean; write it in lower case"
        case .multilineKey: "a multi-line string cannot be a key"
        case .newlineInInlineTable: "an inline table must be closed on its line"
        case .nestedTooDeep(let limit): "tables and arrays are nested more than \(limit) levels deep"

        case .unclosedString: "string is not closed at the end of its line"
        case .unclosedMultilineString: "multi-line string is not closed"
        case .unknownEscape(let escape): "unknown escape \"\(escape)\"; write \"\\\\\" for a backslash"
        case .escapeDigits(let escape, let count): "\"\(escape)\" needs \(count) hexadecimal digits"
        case .escapeOutOfRange(let escape): "\"\(escape)\" is not a Unicode character"

        case .notANumber(let text): "\"\(text)\" is not a number; strings need quotes"
        case .misplacedUnderscore: "\"_\" must stand between two digits"
        case .leadingZero(let text): "number \"\(text)\" must not begin with 0"
        case .signBeforeRadix(let text): "number \"\(text)\" must not have a sign: only decimal numbers may"
        case .integerOverflow: "integer does not fit in 64 bits"
        case .floatOverflow: "float is out of range"
        case .notADateTime(let text):
            "\"\(text)\" is not a date or time; write YYYY-MM-DD, hh:mm:ss or YYYY-MM-DDThh:mm:ssZ"
        case .dateTimeRange(let field, let value, let range):
            "\(field.rawValue) \(value) is not between \(range.lowerBound) and \(range.upperBound)"

        case .duplicateKey(let key, let line): "key \"\(key)\" is defined twice (first at line \(line))"
        case .duplicateTable(let key, let line): "table \"\(key)\" is defined twice (first at line \(line))"
        case .tableOfDottedKeys(let key, let line):
            "table \"\(key)\" is already defined by a dotted key at line \(line)"
        case .dottedKeyIntoTable(let key, let line):
            "table \"\(key)\" is defined at line \(line); a dotted key cannot add to it"
        case .intoInlineTable(let key, let line):
            "\"\(key)\" is an inline table (defined at line \(line)); nothing can be added to it"
        case .intoArray(let key, let line):
            "\"\(key)\" is an array (defined at line \(line)); nothing can be added to it"
        case .intoArrayOfTables(let key, let line):
            "\"\(key)\" is an array of tables (first at line \(line)); a dotted key cannot add to it"
        case .arrayOfTablesNotTable(let key, let line):
            "\"\(key)\" is an array of tables (first at line \(line)); write [[\(key)]] to add to it"
        case .tableNotArrayOfTables(let key, let line):
            "\"\(key)\" is a table (defined at line \(line)), not an array of tables"
        case .notATable(let key, let type, let line):
            "\"\(key)\" is not a table: it is defined as \(type.withArticle) at line \(line)"
        }
    }

    private func codePoint(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16, uppercase: true)
        return "U+" + String(repeating: "0", count: 4 - digits.count) + digits
    }
}

extension TOMLError.Expectation {
    fileprivate var text: String {
        switch self {
        case .key: "a key"
        case .keyAfterDot: "a key after \".\""
        case .keyAfterComma: "a key after \",\""
        case .equals(let key): "\"=\" after key \"\(key)\""
        case .value: "a value"
        case .endOfLine: "the end of the line"
        case .lineFeedAfterCarriageReturn: "a line feed after a carriage return"
        case .arraySeparator(let line): "\",\" or \"]\" in the array that begins at line \(line)"
        case .inlineTableSeparator: "\",\" or \"}\" in the inline table"
        case .headerEnd(let end): "\"\(end)\" after the table's name"
        }
    }
}

extension TOMLError.Found {
    fileprivate var text: String {
        switch self {
        case .endOfFile: "the end of the file"
        case .endOfLine: "the end of the line"
        case .comment: "a comment"
        case .text(let text): "\"\(text)\""
        }
    }
}

extension TOMLError.TypeName {
    fileprivate var withArticle: String { self == .integer ? "an \(rawValue)" : "a \(rawValue)" }
}
