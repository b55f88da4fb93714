import TOML

/// Reads the fields of one TOML table by type, notes everything that is wrong with them, and knows which keys nobody
/// asked for. What is wrong reads as absent, so that one look finds all errors of a table.
///
/// Keys are compared as confd's TOML library does, in any case, and `-` is `_`.
struct TableReader {
    let file: String
    private let position: TOMLPosition
    private let entries: [String: TOMLTable.Entry]
    private var asked: [String] = []
    /// What was refused so far.
    private(set) var errors: [ResourceError] = []
    /// What is allowed, and hardly meant.
    private(set) var advice: [ResourceError] = []

    init(_ table: TOMLTable, file: String, at position: TOMLPosition) {
        self.file = file
        self.position = position
        entries = Dictionary(table.entries.map { (Self.normalized($0.key), $0) }) { first, _ in first }
    }

    private static func normalized(_ key: String) -> String {
        let bytes = key.lowercased().utf8.map { $0 == UInt8(ascii: "-") ? UInt8(ascii: "_") : $0 }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The value of `key`, nil if it is absent; `key` counts as known from now on.
    mutating func value(_ key: String) -> TOMLValue? {
        asked.append(key)
        return entries[key]?.value
    }

    mutating func text(_ key: String) -> String? {
        guard let value = value(key) else { return nil }
        guard case .string(let text) = value.kind else { return refuseType(of: key, value, "a text") }
        return text
    }

    mutating func flag(_ key: String) -> Bool? {
        guard let value = value(key) else { return nil }
        guard case .boolean(let flag) = value.kind else { return refuseType(of: key, value, "true or false") }
        return flag
    }

    mutating func integer(_ key: String) -> Int64? {
        guard let value = value(key) else { return nil }
        guard case .integer(let number) = value.kind else { return refuseType(of: key, value, "a whole number") }
        return number
    }

    /// A duration: text in Go's form, or whole seconds.
    mutating func duration(_ key: String) -> Duration? {
        guard let value = value(key) else { return nil }
        let parsed: Duration? =
            switch value.kind {
            case .string(let text): GoDuration.parse(text)
            case .integer(let seconds) where seconds >= 0: .seconds(seconds)
            default: nil
            }
        if let parsed { return parsed }
        guard case .string(let text) = value.kind else { return refuseType(of: key, value, "a time") }
        return refuse(key, "\"\(text)\" is not a time", hint: "write \"30s\", \"1m30s\" or a number of seconds")
    }

    mutating func texts(_ key: String) -> [(text: String, position: TOMLPosition)]? {
        guard let value = value(key) else { return nil }
        guard case .array(let elements) = value.kind else { return refuseType(of: key, value, "an array of texts") }
        var all: [(text: String, position: TOMLPosition)] = []
        for element in elements {
            if case .string(let text) = element.kind {
                all.append((text, element.position))
            } else {
                noteType(of: key, element, "a text")
            }
        }
        return all
    }

    /// Where the value of `key` stands, or the table if the key is absent.
    func place(of key: String) -> TOMLPosition { entries[key]?.value.position ?? position }

    /// Notes an error about the value of `key`.
    mutating func note(_ key: String, at place: TOMLPosition? = nil, _ message: String, hint: String? = nil) {
        errors.append(ResourceError(file, place ?? self.place(of: key), "\(key): \(message)", hint: hint))
    }

    /// Notes an error about the value of `key`, and stands for the value.
    mutating func refuse<Value>(_ key: String, _ message: String, hint: String? = nil) -> Value? {
        note(key, message, hint: hint)
        return nil
    }

    /// Notes that the value of `key` is hardly what was meant.
    mutating func advise(_ key: String, at place: TOMLPosition? = nil, _ message: String, hint: String? = nil) {
        advice.append(ResourceError(file, place ?? self.place(of: key), "\(key): \(message)", hint: hint))
    }

    private mutating func refuseType<Value>(of key: String, _ value: TOMLValue, _ wanted: String) -> Value? {
        noteType(of: key, value, wanted)
        return nil
    }

    private mutating func noteType(of key: String, _ value: TOMLValue, _ wanted: String) {
        note(key, at: value.position, "\(value.kind.typeName) where \(wanted) is expected")
    }

    /// An error for each key that was never asked for, with the nearest known one.
    func unknownKeys(in table: String) -> [ResourceError] {
        entries.filter { !asked.contains($0.key) }
            .sorted {
                ($0.value.position.line, $0.value.position.column) < ($1.value.position.line, $1.value.position.column)
            }
            .map { key, entry in
                ResourceError(
                    file, entry.position, "unknown key \"\(entry.key)\" in \(table)",
                    hint: Suggestion.nearest(to: key, among: asked.sorted()).map { "did you mean \"\($0)\"?" })
            }
    }
}

extension TOMLValue.Kind {
    /// The kind of value, with its article, as errors call it.
    var typeName: String {
        switch self {
        case .string: "a text"
        case .integer: "a whole number"
        case .float: "a fraction"
        case .boolean: "true or false"
        case .offsetDateTime, .localDateTime, .localDate, .localTime: "a date or time"
        case .array: "an array"
        case .table: "a table"
        }
    }
}
