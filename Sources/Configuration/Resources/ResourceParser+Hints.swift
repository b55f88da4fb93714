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
        "command_timeout": .calledHere("reload_cmd_timeout"), "wait": .writeFields(["debounce", "max_wait"]),
        "exec": .calledHere("reload_cmd"), "splay": .writeFields(["splay in confd.toml, for all resources"]),
        "contents": .writeFields(["it into a file below templates, which src names"]),
        "error_on_missing_key": .noEffect, "error_fatal": .noEffect, "function_denylist": .noEffect,
        "sandbox_path": .noEffect, "kill_signal": .calledHere("reload_signal"),
        "delimiters": .writeFields(["left_delimiter", "right_delimiter"]),
    ]

    /// Tables of other programs, and those that belong to a `[template]`.
    static let otherTables: [String: Advice] = [
        "resource": .templateTable, "exec": .commandOnCommandLine,
        "health_check": .tableOfTemplate("[[template.health_check]]"),
        "apply": .tableOfTemplate("[template.apply]"), "guard": .tableOfTemplate("[template.guard]"),
        "reload": .tableOfTemplate("[template.reload]"), "rollout": .tableOfTemplate("[template.rollout]"),
    ]

    /// Fields of a check by other names.
    static let otherCheckFields: [String: Advice] = [
        "url": .calledHere("path"), "uri": .calledHere("path"), "status": .calledHere("expect_status"),
        "body": .calledHere("expect_body"), "cmd": .calledHereAsArray("command"),
    ]

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
