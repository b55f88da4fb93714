import Diagnostics
import TOML

/// Names from other programs that people write in resource files, and their names here.
extension ResourceParser {
    /// Fields of consul-template and remco.
    static let otherFields: [String: Advice] = [
        "source": .calledHere("src"), "destination": .calledHere("dest"), "target": .calledHere("dest"),
        "dst": .calledHere("dest"), "perms": .calledHere("mode"), "user": .calledHere("owner"),
        "command": .calledHere("reload_cmd"), "reload_command": .calledHere("reload_cmd"),
        "check_command": .calledHere("check_cmd"), "key": .calledHereAsArray("keys"),
        "create_dest_dirs": .calledHere("make_dirs"), "make_directories": .calledHere("make_dirs"),
        "kill_signal": .calledHere("reload_signal"), "delimiters": .writeFields(["left_delimiter", "right_delimiter"]),
    ]

    /// Tables of other programs.
    static let otherTables: [String: Advice] = ["resource": .templateTable, "exec": .commandOnCommandLine]

    /// The error of a file without a `[template]`: the entry that was probably meant, or what the file looks like.
    func missingTemplate(_ top: TableReader, _ path: String) -> ResourceError {
        let entries = top.sortedEntries
        let near = entries.first { Suggestion.nearest(to: $0.key.lowercased(), among: ["template"]) != nil }
        if let near { return ResourceError(path, near.position, .noTemplate(.misspelled)) }
        let keys = Set(entries.map { $0.key.lowercased() })
        let missing: ResourceError.MissingTemplate =
            if keys.contains("src") || keys.contains("dest") {
                .fieldsAtTop
            } else if !keys.isEmpty, keys.allSatisfy({ OptionTable.option(key: $0) != nil }) {
                .settings
            } else {
                .other
            }
        return ResourceError(path, entries.first?.position, .noTemplate(missing))
    }
}

extension BackendConfiguration {
    /// Keys of the fork's `[backend]` table for backends that are not built.
    static let otherKeys: [String: Advice] = {
        var keys: [String: Advice] = ["certificate_arn": .noEffect, "role": .noEffect]
        for option in OptionTable.all {
            guard case .foreign(_, let backend) = option.setter else { continue }
            let key = String(
                decoding: option.name.utf8.map { $0 == UInt8(ascii: "-") ? UInt8(ascii: "_") : $0 }, as: UTF8.self)
            keys[key] = .ofBackend(backend)
        }
        return keys
    }()
}
