/// The text of `-help`, made from the option table.
package enum HelpText {
    /// Usage and all options that have an effect, by groups.
    package static var text: String {
        var lines = [
            "usage: confd [flags] [BACKEND]",
            "Keeps configuration files in step with the keys of a backend: \(BackendName.built.joined(separator: ", ")).",
        ]
        for group in Option.Group.allCases where group != .compatibility {
            lines.append("\n\(group.rawValue)")
            for option in OptionTable.all where option.group == group { lines.append(line(option)) }
        }
        lines.append(
            "\nEach flag is also an environment variable (-log-level: CONFD_LOG_LEVEL) and a key of confd.toml.")
        return lines.joined(separator: "\n")
    }

    private static func line(_ option: Option) -> String {
        let flag = "  -\(option.name)" + (option.placeholder.isEmpty ? "" : " \(option.placeholder)")
        let padding = String(repeating: " ", count: max(2, 28 - flag.count))
        return flag + padding + option.help
    }
}
