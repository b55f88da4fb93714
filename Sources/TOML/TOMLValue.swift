/// A TOML value with the place where it was defined.
package struct TOMLValue: Sendable {
    package enum Kind: Sendable {
        case string(String)
        case integer(Int64)
        case float(Double)
        case boolean(Bool)
        /// Dates and times, as written (normalised: `T` between date and time).
        case offsetDateTime(String), localDateTime(String), localDate(String), localTime(String)
        case array([TOMLValue])
        case table(TOMLTable)
    }
    package let kind: Kind
    package let position: TOMLPosition

    package init(_ kind: Kind, at position: TOMLPosition) {
        self.kind = kind
        self.position = position
    }
}

/// A table: keys in the order of their first appearance.
package struct TOMLTable: Sendable {
    package struct Entry: Sendable {
        package let key: String
        /// Where the key stands.
        package let position: TOMLPosition
        package let value: TOMLValue
    }
    package let entries: [Entry]

    package subscript(key: String) -> TOMLValue? { entries.first { $0.key == key }?.value }
}

/// A place in a TOML file: line and column (in characters) count from 1.
package struct TOMLPosition: Equatable, Sendable {
    package let line: Int
    package let column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}

/// Why a document is not TOML 1.0.
package struct TOMLError: Error, Equatable, Sendable {
    package let position: TOMLPosition
    /// Lower case, no final period, for example `key "a" is defined twice`.
    package let message: String

    package init(_ message: String, at position: TOMLPosition) {
        self.message = message
        self.position = position
    }
}

/// Parses TOML 1.0 documents.
package enum TOMLParser {
    /// The root table of `bytes`.
    package static func parse(_ bytes: [UInt8]) throws(TOMLError) -> TOMLTable {
        throw TOMLError("not implemented", at: TOMLPosition(line: 1, column: 1))
    }
}
