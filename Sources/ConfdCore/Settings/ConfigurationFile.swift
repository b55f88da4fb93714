import Posix
import TOML

/// confd.toml: options by their keys.
enum ConfigurationFile {
    /// Reads the options of the file at `path`, and warnings for keys that mean nothing.
    static func read(_ path: String, strict: Bool) throws(SettingsError) -> (options: RawOptions, warnings: [String]) {
        let bytes: [UInt8]
        do {
            bytes = try Files.read(path)
        } catch {
            throw SettingsError(error.message)
        }
        return try parse(bytes, path: path, strict: strict)
    }

    static func parse(
        _ bytes: [UInt8], path: String, strict: Bool
    ) throws(SettingsError) -> (options: RawOptions, warnings: [String]) {
        let table: TOMLTable
        do {
            table = try TOMLParser.parse(bytes)
        } catch {
            throw SettingsError("\(path):\(error.position.line):\(error.position.column): \(error.message)")
        }
        var options = RawOptions()
        var warnings: [String] = []
        for entry in table.entries {
            guard let option = OptionTable.option(key: entry.key) else {
                let warning = unknown(entry, path)
                if strict { throw SettingsError(warning) }
                warnings.append(warning)
                continue
            }
            let origin = Origin.file(path: path, line: entry.position.line, key: entry.key)
            for text in try texts(of: entry.value, origin) { options.add(text, to: option, origin: origin) }
        }
        return (options, warnings)
    }

    private static func unknown(_ entry: TOMLTable.Entry, _ path: String) -> String {
        let keys = OptionTable.all.flatMap { [$0.name] + $0.keys }
        let hint = Suggestion.nearest(to: entry.key, among: keys).map { ", did you mean \"\($0)\"?" } ?? ""
        return "\(path):\(entry.position.line):\(entry.position.column): unknown key \"\(entry.key)\"\(hint)"
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
