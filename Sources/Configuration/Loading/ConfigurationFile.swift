import Backends
import Diagnostics
import Posix
import TOML

/// confd.toml: options by their keys.
enum ConfigurationFile {
    /// The options of a file, with its errors and warnings.
    struct Result {
        var options = RawOptions()
        /// Unknown keys.
        var warnings: [SettingsError] = []
        var errors: [SettingsError] = []
        /// The backends of the `[[backend]]` tables.
        var layers: [BackendLayer] = []
        /// `[rollout]`, nil if there is none.
        var rollout: SettingsTable?
        /// The bytes of the file, to show its lines in errors.
        fileprivate(set) var source: [UInt8] = []
    }

    /// Reads the options of the file at `path`. Entries that cannot be used are returned as errors; the others apply.
    static func read(_ path: String, strict: Bool, environment: [String: String]) -> Result {
        do {
            let bytes = try Files.read(path, limit: FileLimit.settings)
            return parse(bytes, path: path, strict: strict, environment: environment)
        } catch {
            var result = Result()
            result.errors.append(SettingsError(.unreadable(error)))
            return result
        }
    }

    static func parse(
        _ bytes: [UInt8], path: String, strict: Bool, environment: [String: String] = [:]
    ) -> Result {
        var result = Result()
        result.source = bytes
        let table: TOMLTable
        do {
            table = try TOMLParser.parse(bytes)
        } catch {
            result.refuse(SettingsError(.notTOML(error), at: Location(path, error.position)))
            return result
        }
        for entry in result.withoutResource(table.entries, path, strict: strict) {
            if entry.key == "rollout" {
                result.takeRollout(entry.value, path, strict: strict, environment)
                continue
            }
            if entry.key.lowercased() == "backend", entry.value.isTable {
                result.addLayers(of: table, path, strict: strict)
                continue
            }
            guard let option = OptionTable.option(key: entry.key) else {
                result.warn(unknown(entry, path), strict: strict)
                continue
            }
            do {
                for (text, position) in try texts(of: entry.value, key: entry.key, path) {
                    result.options.add(text, to: option, origin: .file(Location(path, position), key: entry.key))
                }
            } catch {
                result.refuse(error)
            }
        }
        return result
    }

    private static func unknown(_ entry: TOMLTable.Entry, _ path: String) -> SettingsError {
        let advice = FormerName.advice(forKey: entry.key) ?? .nearest(to: entry.key, among: OptionTable.keyNames)
        return SettingsError(.unknownKey(entry.key, advice), at: Location(path, entry.position))
    }

    /// The value as it would stand on a command line; each element of an array by itself.
    private static func texts(
        of value: TOMLValue, key: String, _ path: String
    ) throws(SettingsError) -> [(text: String, position: TOMLPosition)] {
        switch value.kind {
        case .string(let text): return [(text, value.position)]
        case .integer(let number): return [(String(number), value.position)]
        case .boolean(let flag): return [(flag ? "true" : "false", value.position)]
        case .array(let elements):
            var all: [(text: String, position: TOMLPosition)] = []
            for element in elements { all += try texts(of: element, key: key, path) }
            return all
        case .float, .offsetDateTime, .localDateTime, .localDate, .localTime, .table:
            throw SettingsError(.wrongType(value.kind.type), of: .file(Location(path, value.position), key: key))
        }
    }
}

extension ConfigurationFile.Result {
    /// Records `error`.
    fileprivate mutating func refuse(_ error: SettingsError) { errors.append(error.showing(source)) }

    /// Records `warning`, an error with `strict`.
    fileprivate mutating func warn(_ warning: SettingsError, strict: Bool) {
        if strict { refuse(warning) } else { warnings.append(warning.showing(source)) }
    }

    /// Checks and keeps `[rollout]`: the defaults of fields that resources do not set.
    fileprivate mutating func takeRollout(
        _ value: TOMLValue, _ path: String, strict: Bool, _ environment: [String: String]
    ) {
        guard case .table(let table) = value.kind else {
            return refuse(
                SettingsError(ResourceError(path, value.position, .notTable(value.kind.type), field: "rollout")))
        }
        var reader = TableReader(table, file: path, at: value.position)
        _ = ResourceParser.withoutSettings(environment: environment).rolloutFields(&reader)
        rollout = SettingsTable(table: table, file: path, position: value.position)
        for error in reader.errors { refuse(SettingsError(error)) }
        for warning in reader.warnings + reader.unknownKeys(in: "[rollout]") {
            warn(SettingsError(warning), strict: strict)
        }
    }

    /// Reads the `[[backend]]` tables of the file.
    fileprivate mutating func addLayers(of file: TOMLTable, _ path: String, strict: Bool) {
        var top = TableReader(file, file: path, at: TOMLPosition(line: 1, column: 1))
        let tables = top.tables("backend")
        var problems = top.errors
        for (table, position) in tables {
            var reader = TableReader(table, file: path, at: position)
            layers.append(BackendLayer(&reader))
            problems += reader.errors
            for unknown in reader.unknownKeys(in: "[backend]", otherNames: BackendConfiguration.otherKeys) {
                warn(SettingsError(unknown), strict: strict)
            }
        }
        for problem in problems { refuse(SettingsError(problem)) }
    }

    /// `entries` without the tables of a template resource, which confd 0.17 ignores too: such a file was taken for the
    /// settings, and one warning says so.
    fileprivate mutating func withoutResource(
        _ entries: [TOMLTable.Entry], _ path: String, strict: Bool
    ) -> [TOMLTable.Entry] {
        guard let template = entries.first(where: { $0.key.lowercased() == "template" && $0.value.isTable }) else {
            return entries
        }
        warn(SettingsError(.isResource, at: Location(path, template.position)), strict: strict)
        return entries.filter { entry in
            !(["template", "backend"].contains(entry.key.lowercased()) && entry.value.isTable)
        }
    }
}

extension SettingsError {
    /// An error in a `[[backend]]` table of confd.toml.
    fileprivate init(_ error: ResourceError) {
        self.init(.backendTable(error.message, hint: error.hint), at: error.location)
    }
}

extension TOMLValue {
    /// Whether it is a table or an array of tables.
    fileprivate var isTable: Bool {
        switch kind {
        case .table: true
        case .array(let elements): elements.contains { if case .table = $0.kind { true } else { false } }
        default: false
        }
    }
}
