@testable import TOML

/// A TOML value without positions, for comparisons: floats are equal bit by bit, texts by code points.
enum Plain: Equatable, Sendable {
    case string(String)
    case integer(Int64)
    case float(Double)
    case boolean(Bool)
    case offsetDateTime(String)
    case localDateTime(String)
    case localDate(String)
    case localTime(String)
    case array([Plain])
    case table([Entry])

    struct Entry: Equatable, Sendable {
        let key: String
        let value: Plain

        static func == (left: Entry, right: Entry) -> Bool {
            left.key.utf8.elementsEqual(right.key.utf8) && left.value == right.value
        }
    }

    init(_ value: TOMLValue) {
        self =
            switch value.kind {
            case .string(let text): .string(text)
            case .integer(let integer): .integer(integer)
            case .float(let float): .float(float)
            case .boolean(let boolean): .boolean(boolean)
            case .offsetDateTime(let text): .offsetDateTime(text)
            case .localDateTime(let text): .localDateTime(text)
            case .localDate(let text): .localDate(text)
            case .localTime(let text): .localTime(text)
            case .array(let values): .array(values.map(Plain.init))
            case .table(let table): Plain(table)
            }
    }

    init(_ table: TOMLTable) {
        self = .table(table.entries.map { Entry(key: $0.key, value: Plain($0.value)) })
    }

    static func == (left: Plain, right: Plain) -> Bool {
        switch (left, right) {
        case (.string(let left), .string(let right)): left.utf8.elementsEqual(right.utf8)
        case (.integer(let left), .integer(let right)): left == right
        case (.float(let left), .float(let right)): left.bitPattern == right.bitPattern || left.isNaN && right.isNaN
        case (.boolean(let left), .boolean(let right)): left == right
        case (.offsetDateTime(let left), .offsetDateTime(let right)): left == right
        case (.localDateTime(let left), .localDateTime(let right)): left == right
        case (.localDate(let left), .localDate(let right)): left == right
        case (.localTime(let left), .localTime(let right)): left == right
        case (.array(let left), .array(let right)): left == right
        case (.table(let left), .table(let right)): left == right
        default: false
        }
    }

    /// The same with the keys of all tables in order of their bytes.
    var sorted: Plain {
        switch self {
        case .array(let values): .array(values.map(\.sorted))
        case .table(let entries):
            .table(
                entries.map { Entry(key: $0.key, value: $0.value.sorted) }
                    .sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) })
        default: self
        }
    }
}

/// What the parser makes of `text`.
func parsed(_ text: String) throws(TOMLError) -> Plain { Plain(try TOMLParser.parse(Array(text.utf8))) }

/// The first error of `bytes` as `line:column: message`.
func firstError(_ bytes: [UInt8]) -> String {
    do {
        return "no error: \(Plain(try TOMLParser.parse(bytes)))"
    } catch {
        return "\(error.position.line):\(error.position.column): \(error.message)"
    }
}

/// `[("a", value)]` as a table.
func table(_ entries: (String, Plain)...) -> Plain {
    .table(entries.map { Plain.Entry(key: $0.0, value: $0.1) })
}
