import Diagnostics
import Posix
import TOML

/// confd.toml: options by their keys.
enum ConfigurationFile {
    /// What a file says, and what is wrong with it.
    struct Result {
        var options = RawOptions()
        /// Keys that mean nothing.
        var warnings: [SettingsError] = []
        var errors: [SettingsError] = []
        fileprivate(set) var path = ""
        fileprivate(set) var source: [UInt8] = []

        /// `error` with the place that it is about.
        func showing(_ error: SettingsError, at position: TOMLPosition) -> SettingsError {
            error.located(
                SettingsError.Place(file: path, line: position.line, column: position.column),
                excerpt: TOMLExcerpt.text(of: source, at: position))
        }
    }

    /// Reads the options of the file at `path`. Entries that cannot be used are returned as errors; the others apply.
    static func read(_ path: String, strict: Bool) -> Result {
        do {
            return parse(try Files.read(path, limit: FileLimit.settings), path: path, strict: strict)
        } catch {
            var result = Result()
            result.errors.append(SettingsError(error.message))
            return result
        }
    }

    static func parse(_ bytes: [UInt8], path: String, strict: Bool) -> Result {
        var result = Result()
        result.path = path
        result.source = bytes
        let table: TOMLTable
        do {
            table = try TOMLParser.parse(bytes)
        } catch {
            let position = error.position
            let message = "\(path):\(position.line):\(position.column): \(error.message)"
            result.errors.append(result.showing(SettingsError(message, hint: error.hint), at: position))
            return result
        }
        for entry in result.withoutResource(table.entries, strict: strict) {
            guard let option = OptionTable.option(key: entry.key) else {
                result.warn(unknown(entry, path), at: entry.position, strict: strict)
                continue
            }
            do {
                for (text, position) in try texts(of: entry.value, key: entry.key, path) {
                    result.options.add(text, to: option, origin: origin(path, position, entry.key))
                }
            } catch {
                result.errors.append(result.showing(error.error, at: error.position))
            }
        }
        return result
    }

    private static func unknown(_ entry: TOMLTable.Entry, _ path: String) -> SettingsError {
        let near = { Suggestion.nearest(to: entry.key, among: OptionTable.keyNames).map { "did you mean \"\($0)\"?" } }
        return SettingsError(
            "\(path):\(entry.position.line):\(entry.position.column): unknown key \"\(entry.key)\"",
            hint: FormerName.keyHint(for: entry.key) ?? near())
    }

    private static func origin(_ path: String, _ position: TOMLPosition, _ key: String) -> Origin {
        .file(path: path, line: position.line, column: position.column, key: key)
    }

    /// An error about the value at `position`.
    private struct ValueError: Error {
        let error: SettingsError
        let position: TOMLPosition
    }

    /// The value as it would stand on a command line; each element of an array by itself.
    private static func texts(
        of value: TOMLValue, key: String, _ path: String
    ) throws(ValueError) -> [(text: String, position: TOMLPosition)] {
        switch value.kind {
        case .string(let text): return [(text, value.position)]
        case .integer(let number): return [(String(number), value.position)]
        case .boolean(let flag): return [(flag ? "true" : "false", value.position)]
        case .array(let elements):
            var all: [(text: String, position: TOMLPosition)] = []
            for element in elements { all += try texts(of: element, key: key, path) }
            return all
        case .float, .offsetDateTime, .localDateTime, .localDate, .localTime, .table:
            let place = origin(path, value.position, key).text
            let message = "\(place): \(value.kind.typeName) where a string, an integer or a boolean is expected"
            throw ValueError(error: SettingsError(message), position: value.position)
        }
    }
}

extension ConfigurationFile.Result {
    /// Records `warning`, an error with `strict`.
    fileprivate mutating func warn(_ warning: SettingsError, at position: TOMLPosition, strict: Bool) {
        let warning = showing(warning, at: position)
        if strict { errors.append(warning) } else { warnings.append(warning) }
    }

    /// `entries` without the tables of a template resource, which confd 0.17 ignores too: such a file was taken for the
    /// settings, and one warning says so.
    fileprivate mutating func withoutResource(
        _ entries: [TOMLTable.Entry], strict: Bool
    ) -> [TOMLTable.Entry] {
        guard let template = entries.first(where: { $0.key.lowercased() == "template" && $0.value.isTable }) else {
            return entries
        }
        let position = template.position
        let warning = SettingsError(
            "\(path):\(position.line):\(position.column): this is a template resource, not a settings file",
            hint: "resources stand in conf.d below -confdir, and are found there; -config-file names confd.toml")
        warn(warning, at: position, strict: strict)
        return entries.filter { entry in
            !(["template", "backend"].contains(entry.key.lowercased()) && entry.value.isTable)
        }
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
