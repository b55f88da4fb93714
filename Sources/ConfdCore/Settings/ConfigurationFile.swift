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

    /// Reads the options of the file at `path`; what cannot be used of it is told, and the rest is there.
    static func read(_ path: String, strict: Bool) -> Result {
        do {
            return parse(try Files.read(path), path: path, strict: strict)
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
            result.errors.append(result.showing(SettingsError(message), at: position))
            return result
        }
        for entry in table.entries {
            guard let option = OptionTable.option(key: entry.key) else {
                let warning = result.showing(unknown(entry, path), at: entry.position)
                if strict { result.errors.append(warning) } else { result.warnings.append(warning) }
                continue
            }
            let position = entry.value.position
            let origin = Origin.file(path: path, line: position.line, column: position.column, key: entry.key)
            do {
                for text in try texts(of: entry.value, origin) { result.options.add(text, to: option, origin: origin) }
            } catch {
                result.errors.append(result.showing(error, at: position))
            }
        }
        return result
    }

    private static func unknown(_ entry: TOMLTable.Entry, _ path: String) -> SettingsError {
        let keys = OptionTable.all.flatMap { [$0.name] + $0.keys }
        return SettingsError(
            "\(path):\(entry.position.line):\(entry.position.column): unknown key \"\(entry.key)\"",
            hint: Suggestion.nearest(to: entry.key, among: keys).map { "did you mean \"\($0)\"?" })
    }

    /// The value as it would stand on a command line; each element of an array by itself.
    private static func texts(of value: TOMLValue, _ origin: Origin) throws(SettingsError) -> [String] {
        switch value.kind {
        case .string(let text): return [text]
        case .integer(let number): return [String(number)]
        case .boolean(let flag): return [flag ? "true" : "false"]
        case .array(let elements):
            var all: [String] = []
            for element in elements { all += try texts(of: element, origin) }
            return all
        case .float, .offsetDateTime, .localDateTime, .localDate, .localTime, .table:
            throw SettingsError("\(origin.text): a text, number, true or false is expected")
        }
    }
}
