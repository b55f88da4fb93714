import Diagnostics
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
    /// What cannot be done as asked, and does not stop the rest; an error with `-strict`.
    private(set) var warnings: [ResourceError] = []
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
        guard case .string(let text) = value.kind else { return refuseType(of: key, value, "a string") }
        return text
    }

    mutating func flag(_ key: String) -> Bool? {
        guard let value = value(key) else { return nil }
        guard case .boolean(let flag) = value.kind else { return refuseType(of: key, value, "a boolean") }
        return flag
    }

    mutating func integer(_ key: String) -> Int64? {
        guard let value = value(key) else { return nil }
        guard case .integer(let number) = value.kind else { return refuseType(of: key, value, "an integer") }
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
        let hint = "write \"30s\", \"1m30s\" or a number of seconds"
        switch value.kind {
        case .string(let text): return refuse(key, "\"\(text)\" is not a time", hint: hint)
        case .integer(let number): return refuse(key, "\(number) is not a time", hint: hint)
        default: return refuseType(of: key, value, "a duration")
        }
    }

    mutating func texts(_ key: String) -> [(text: String, position: TOMLPosition)]? {
        guard let value = value(key) else { return nil }
        guard case .array(let elements) = value.kind else { return refuseType(of: key, value, "an array of strings") }
        var all: [(text: String, position: TOMLPosition)] = []
        for element in elements {
            if case .string(let text) = element.kind {
                all.append((text, element.position))
            } else {
                noteType(of: key, element, "a string")
            }
        }
        return all
    }

    /// The keys that were asked for.
    var knownKeys: Set<String> { Set(asked) }

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

    /// Notes that what `key` asks for cannot be done and is left out.
    mutating func warn(_ key: String, _ message: String) {
        warnings.append(ResourceError(file, place(of: key), "\(key): \(message)"))
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
        note(
            key, at: value.position, "\(value.kind.typeName) where \(wanted) is expected",
            hint: Self.typeHint(key, value, wanted))
    }

    /// How to write `value` as what is wanted, where that can be said.
    private static func typeHint(_ key: String, _ value: TOMLValue, _ wanted: String) -> String? {
        switch (value.kind, wanted) {
        case (.string, "an array of strings"): "write \(key) = [\"...\"]"
        case (.string(let text), "a boolean") where ["true", "false"].contains(text.lowercased()):
            "write \(text.lowercased()) without quotes"
        case (.string, "a boolean"): "write true or false, without quotes"
        case (.string(let text), "an integer") where Int64(text) != nil: "write it without quotes"
        case (.string, "an integer") where key == "uid": "a name goes into \"owner\""
        case (.string, "an integer") where key == "gid": "a name goes into \"group\""
        // Not repeated: it may be a password.
        case (.integer, "a string"), (.boolean, "a string"): "write it in quotes"
        case (.array(let elements), "a string") where elements.count == 1: "write the string without brackets"
        default: nil
        }
    }

    /// An error for each key that was never asked for, with what `otherNames` says about it or the nearest known one.
    func unknownKeys(in table: String, otherNames: [String: String] = [:]) -> [ResourceError] {
        sortedEntries.compactMap { entry in
            let key = Self.normalized(entry.key)
            if asked.contains(key) { return nil }
            let near = { Suggestion.nearest(to: key, among: asked.sorted()).map { "did you mean \"\($0)\"?" } }
            return ResourceError(
                file, entry.position, "unknown key \"\(entry.key)\" in \(table)", hint: otherNames[key] ?? near())
        }
    }

    /// The entries in the order of their places.
    var sortedEntries: [TOMLTable.Entry] {
        entries.values.sorted {
            ($0.position.line, $0.position.column) < ($1.position.line, $1.position.column)
        }
    }
}

extension TOMLValue.Kind {
    /// The kind of value, with its article, as errors call it.
    var typeName: String {
        switch self {
        case .string: "a string"
        case .integer: "an integer"
        case .float: "a float"
        case .boolean: "a boolean"
        case .offsetDateTime, .localDateTime, .localDate, .localTime: "a date or time"
        case .array: "an array"
        case .table: "a table"
        }
    }
}
