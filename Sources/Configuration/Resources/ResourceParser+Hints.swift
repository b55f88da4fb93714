import Diagnostics
import TOML

/// What people write in resource files who come from elsewhere, and what it is called here.
extension ResourceParser {
    /// Fields of consul-template and remco.
    static let otherFields = [
        "source": "it is called \"src\" here", "destination": "it is called \"dest\" here",
        "target": "it is called \"dest\" here", "dst": "it is called \"dest\" here",
        "perms": "it is called \"mode\" here", "user": "it is called \"owner\" here",
        "command": "it is called \"reload_cmd\" here", "key": "it is called \"keys\" here, and is an array",
        "create_dest_dirs": "it is called \"make_dirs\" here", "make_directories": "it is called \"make_dirs\" here",
        "kill_signal": "it is called \"reload_signal\" here", "delimiters": "write left_delimiter and right_delimiter",
    ]

    /// Tables of other programs.
    static let otherTables = [
        "resource": "a resource file begins with [template] here", "exec": "a command to supervise comes after -- here",
    ]

    /// The error of a file without a `[template]`: the entry that was probably meant, or what the file looks like.
    func missingTemplate(_ top: TableReader, _ path: String) -> ResourceError {
        let message = "there is no [template] table"
        let entries = top.sortedEntries
        let near = entries.first { Suggestion.nearest(to: $0.key.lowercased(), among: ["template"]) != nil }
        if let near {
            return ResourceError(path, near.position, message, hint: "did you mean \"template\"?")
        }
        let keys = Set(entries.map { $0.key.lowercased() })
        let hint =
            if keys.contains("src") || keys.contains("dest") {
                "write [template] above the fields"
            } else if !keys.isEmpty, keys.allSatisfy({ OptionTable.option(key: $0) != nil }) {
                "these are settings, which belong in confd.toml"
            } else {
                "a resource file begins with [template]"
            }
        return ResourceError(path, entries.first?.position, message, hint: hint)
    }
}

extension TOMLError {
    /// What to do about a document that is not TOML; nil where the message says it.
    var hint: String? {
        switch kind {
        case .leadingZero(let digits): "write a file mode in quotes: \"\(digits)\""
        case .unknownEscape: "in single quotes a backslash stands for itself"
        case .expected(.key, found: .text("{")): "this is TOML, not JSON: write key = value"
        case .expected(.equals, found: .text(":")): "this is TOML, not YAML: write key = value"
        case .expected(.value, found: .endOfFile): "an array or table before it is not closed"
        default: nil
        }
    }
}

extension BackendConfiguration {
    /// Keys of the fork's `[backend]` table for backends that are not built.
    static let otherKeys: [String: String] = {
        var keys = ["certificate_arn": "it has no effect", "role": "it has no effect"]
        for option in OptionTable.all {
            guard case .foreign(_, let backend) = option.setter else { continue }
            let key = String(
                decoding: option.name.utf8.map { $0 == UInt8(ascii: "-") ? UInt8(ascii: "_") : $0 }, as: UTF8.self)
            keys[key] = "it belongs to the \(backend) backend, and is ignored"
        }
        return keys
    }()
}
