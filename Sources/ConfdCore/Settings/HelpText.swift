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
        lines.append("\nTaken for compatibility, or known and refused")
        lines += wrapped(OptionTable.all.filter { $0.group == .compatibility }.map { "-\($0.name)" })
        lines.append(
            "\nEach flag is also an environment variable (-log-level: CONFD_LOG_LEVEL) and a key of confd.toml.")
        return lines.joined(separator: "\n")
    }

    /// `words` in lines that fit a terminal.
    private static func wrapped(_ words: [String]) -> [String] {
        var lines = [" "]
        for word in words {
            if lines[lines.count - 1].count + word.count > 100 { lines.append(" ") }
            lines[lines.count - 1] += " \(word)"
        }
        return lines
    }

    private static func line(_ option: Option) -> String {
        let flag = "  -\(option.name)" + (option.placeholder.isEmpty ? "" : " \(option.placeholder)")
        let padding = String(repeating: " ", count: max(2, 28 - flag.count))
        return flag + padding + option.help
    }
}
