import TOML

/// Reads the fields of one TOML table by type, collects their errors, and knows which keys were never asked for. A
/// wrong value reads as absent, so that one pass finds all errors of a table.
///
/// Keys are compared as confd's TOML library does, in any case, and `-` is `_`.
struct TableReader {
    let file: String
    private let position: TOMLPosition
    private let entries: [String: TOMLTable.Entry]
    /// The fields that were asked for, and in which form.
    private(set) var forms: [String: FieldForm] = [:]
    /// Errors so far.
    private(set) var errors: [ResourceError] = []
    /// Requests that are ignored because they cannot be fulfilled; errors with `-strict`.
    private(set) var warnings: [ResourceError] = []
    private var acceptsAllKeys = false
    /// Valid but probably a mistake.
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
    mutating func value(_ key: String, _ form: FieldForm = .any) -> TOMLValue? {
        forms[key] = forms[key]?.refined(by: form) ?? form
        return entries[key]?.value
    }

    /// Notes that the text `key` has to be one of `choices`.
    mutating func limit(_ key: String, to choices: [String]) { _ = value(key, .choice(choices)) }

    mutating func text(_ key: String) -> String? {
        guard let value = value(key, .text) else { return nil }
        guard case .string(let text) = value.kind else { return refuseType(of: key, value, .string) }
        return text
    }

    mutating func flag(_ key: String) -> Bool? {
        guard let value = value(key, .flag) else { return nil }
        guard case .boolean(let flag) = value.kind else { return refuseType(of: key, value, .boolean) }
        return flag
    }

    mutating func integer(_ key: String) -> Int64? {
        guard let value = value(key, .integer) else { return nil }
        guard case .integer(let number) = value.kind else { return refuseType(of: key, value, .integer) }
        return number
    }

    /// A duration: text in Go's form, or whole seconds.
    mutating func duration(_ key: String) -> Duration? {
        guard let value = value(key, .duration) else { return nil }
        let parsed: Duration? =
            switch value.kind {
            case .string(let text): GoDuration.parse(text)
            case .integer(let seconds): GoDuration.seconds(seconds)
            default: nil
            }
        if let parsed { return parsed }
        switch value.kind {
        case .string(let text): return refuse(key, .notDuration(.text(text)))
        case .integer(let number): return refuse(key, .notDuration(.number(number)))
        default: return refuseType(of: key, value, .duration)
        }
    }

    mutating func texts(_ key: String) -> [(text: String, position: TOMLPosition)]? {
        guard let value = value(key, .texts) else { return nil }
        guard case .array(let elements) = value.kind else { return refuseType(of: key, value, .strings) }
        var all: [(text: String, position: TOMLPosition)] = []
        for element in elements {
            if case .string(let text) = element.kind {
                all.append((text, element.position))
            } else {
                noteType(of: key, element, .string)
            }
        }
        return all
    }

    /// The tables under `key`: one table, or an array of them. Anything else is noted as an error.
    mutating func tables(_ key: String) -> [(table: TOMLTable, position: TOMLPosition)] {
        guard let value = value(key, .tables) else { return [] }
        switch value.kind {
        case .table(let table): return [(table, value.position)]
        case .array(let elements):
            var tables: [(table: TOMLTable, position: TOMLPosition)] = []
            for element in elements {
                if case .table(let table) = element.kind {
                    tables.append((table, element.position))
                } else {
                    note(key, at: element.position, .notTable(element.kind.type))
                }
            }
            return tables
        default:
            note(key, at: value.position, .notTable(value.kind.type))
            return []
        }
    }

    /// Takes over errors of a table inside this one.
    mutating func add(_ errors: [ResourceError]) { self.errors += errors }

    /// Likewise its warnings.
    mutating func addWarnings(_ warnings: [ResourceError]) { self.warnings += warnings }

    /// Whether the table has the entry `key`.
    func has(_ key: String) -> Bool { entries[key] != nil }

    /// Whether it has a string there.
    func isText(_ key: String) -> Bool {
        if case .string = entries[key]?.value.kind { true } else { false }
    }

    /// Where the value of `key` stands, or the table if the key is absent.
    func place(of key: String) -> TOMLPosition { entries[key]?.value.position ?? position }

    /// Notes an error about the value of `key`.
    mutating func note(_ key: String, at place: TOMLPosition? = nil, _ kind: ResourceError.Kind) {
        errors.append(ResourceError(file, place ?? self.place(of: key), kind, field: key))
    }

    /// Notes an error about the value of `key`; returns nil, for the value.
    mutating func refuse<Value>(_ key: String, _ kind: ResourceError.Kind) -> Value? {
        note(key, kind)
        return nil
    }

    /// Notes that what `key` asks for cannot be done and is left out.
    mutating func warn(_ key: String, _ kind: ResourceError.Kind) {
        warnings.append(ResourceError(file, place(of: key), kind, field: key))
    }

    /// Notes that the value of `key` is valid but probably a mistake.
    mutating func advise(_ key: String, at place: TOMLPosition, _ kind: ResourceError.Kind) {
        advice.append(ResourceError(file, place, kind, field: key))
    }

    private mutating func refuseType<Value>(of key: String, _ value: TOMLValue, _ wanted: ValueType) -> Value? {
        noteType(of: key, value, wanted)
        return nil
    }

    private mutating func noteType(of key: String, _ value: TOMLValue, _ wanted: ValueType) {
        note(key, at: value.position, .wrongType(value.kind.type, wanted: wanted, Self.remedy(key, value, wanted)))
    }

    /// How to write `value` as one of the type `wanted`, nil if that is unclear.
    private static func remedy(_ key: String, _ value: TOMLValue, _ wanted: ValueType) -> ResourceError.Remedy? {
        switch (value.kind, wanted) {
        case (.string, .strings): .array(key)
        case (.string(let text), .boolean) where text.lowercased() == "true": .withoutQuotes(true)
        case (.string(let text), .boolean) where text.lowercased() == "false": .withoutQuotes(false)
        case (.string, .boolean): .booleanWithoutQuotes
        case (.string(let text), .integer) where Int64(text) != nil: .withoutQuotes(nil)
        case (.string, .integer) where key == "uid": .otherField("owner")
        case (.string, .integer) where key == "gid": .otherField("group")
        // The hint does not repeat the value: it may be a password.
        case (.integer, .string), (.boolean, .string): .quotes
        case (.array(let elements), .string) where elements.count == 1: .withoutBrackets
        default: nil
        }
    }

    /// Has `unknownKeys` find none: which there are depends on something that is not known.
    mutating func acceptAllKeys() { acceptsAllKeys = true }

    /// An error for each key that was never asked for, with the advice of `otherNames` or the known keys.
    func unknownKeys(in table: String, otherNames: [String: Advice] = [:]) -> [ResourceError] {
        if acceptsAllKeys { return [] }
        return sortedEntries.compactMap { entry in
            let key = Self.normalized(entry.key)
            if forms[key] != nil { return nil }
            let advice = otherNames[key] ?? .nearestOrAll(key, among: forms.keys.sorted())
            return ResourceError(file, entry.position, .unknownKey(entry.key, table: table, advice))
        }
    }

    /// The entries in the order of their places.
    var sortedEntries: [TOMLTable.Entry] {
        entries.values.sorted {
            ($0.position.line, $0.position.column) < ($1.position.line, $1.position.column)
        }
    }
}
