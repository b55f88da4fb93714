/// A TOML value with the place where it was defined.
package struct TOMLValue: Sendable {
    /// The types of TOML 1.0.
    package enum Kind: Sendable {
        case string(String)
        case integer(Int64)
        case float(Double)
        case boolean(Bool)
        /// Dates and times, as written (normalised: `T` between date and time, `Z` in upper case).
        case offsetDateTime(String)
        case localDateTime(String)
        case localDate(String)
        case localTime(String)
        case array([TOMLValue])
        case table(TOMLTable)
    }
    package let kind: Kind
    /// The first character of the value; of a table that a header or a dotted key defines, its name there.
    package let position: TOMLPosition

    /// A value that was defined at `position`.
    package init(_ kind: Kind, at position: TOMLPosition) {
        self.kind = kind
        self.position = position
    }
}

/// A table: keys in the order of their first appearance.
package struct TOMLTable: Sendable {
    /// A key and its value.
    package struct Entry: Sendable {
        package let key: String
        /// Where the key stands.
        package let position: TOMLPosition
        package let value: TOMLValue

        /// An entry whose key stands at `position`.
        package init(key: String, position: TOMLPosition, value: TOMLValue) {
            self.key = key
            self.position = position
            self.value = value
        }
    }
    package let entries: [Entry]
    private let index: KeyIndex

    /// A table of `entries`, whose keys are distinct.
    package init(_ entries: [Entry] = []) {
        self.init(entries, index: KeyIndex(entries.map(\.key)))
    }

    init(_ entries: [Entry], index: KeyIndex) {
        self.entries = entries
        self.index = index
    }

    /// The value of `key`, compared code point by code point; looked up by hash in a large table.
    package subscript(key: String) -> TOMLValue? { index[key].map { entries[$0].value } }
}

/// A place in a TOML file: line and column (in characters, which are Unicode scalars) count from 1.
package struct TOMLPosition: Equatable, Sendable {
    package let line: Int
    package let column: Int

    /// The place at `line` and `column`, both from 1.
    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}

/// Parses TOML 1.0 documents.
package enum TOMLParser {
    /// How many tables and arrays may stand inside each other, whether by brackets, dots or headers.
    /// TOML has no limit; without one a file could exhaust the stack.
    package static let maximumDepth = 128

    /// The root table of `bytes`. Throws the first error of the document; time is linear in `bytes`.
    package static func parse(_ bytes: [UInt8]) throws(TOMLError) -> TOMLTable {
        var parser = Parser(bytes)
        return try parser.document()
    }
}
