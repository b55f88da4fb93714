import Backends

/// The texts of `-help` and `-help=all`, made from the option table.
enum HelpText {
    private static let width = 80

    /// One screen: the options of the common groups with their help, those of the others by name.
    static var summary: String {
        var lines = head
        for group in Option.Group.allCases where group != .compatibility && group.subcommand == nil {
            lines.append(group.rawValue + ":")
            let options = OptionTable.options(of: group)
            lines += group.isCommon ? options.flatMap { line($0, column: 22) } : wrapped(options.map(flag))
        }
        return (lines + tail).joined(separator: "\n")
    }

    /// Every option with its help.
    static var all: String {
        var lines = head
        for group in Option.Group.allCases where group != .compatibility {
            lines += ["", group.rawValue + ":"] + OptionTable.options(of: group).flatMap { line($0, column: 28) }
        }
        lines += ["", "\(Option.Group.compatibility.rawValue), without effect:"]
        lines += wrapped(OptionTable.options(of: .compatibility).filter { !$0.isForeign }.map(flag))
        lines += ["", "Of backends that are not built, ignored with a warning:"]
        lines += wrapped(OptionTable.options(of: .compatibility).filter(\.isForeign).map(flag))
        lines += ["", "Not taken from the environment:"]
        lines += wrapped(OptionTable.onlyOnCommandLine.sorted().map { "-\($0)" })
        return (lines + [""] + tail).joined(separator: "\n")
    }

    private static let head = [
        "usage: confd [OPTIONS] [BACKEND] [-- COMMAND...]   or, with own options:",
        "  confd status | wait | test | register KEY | render|explain|release|clean NAME",
        "  confd rollout status|halt|resume GROUP",
        "Keeps files in step with a key-value store: renders, checks, replaces, reloads.",
    ]

    private static let tail = [
        "Each option is also an environment variable (-log-level: CONFD_LOG_LEVEL) and a",
        "key of confd.toml. Exit codes: 0 done, 1 failed, 2 usage, 3 drift, 4 backend.",
    ]

    /// The option as it is typed: `-confdir DIR`.
    private static func flag(_ option: Option) -> String {
        "-\(option.name)" + (option.placeholder.isEmpty ? "" : " \(option.placeholder)")
    }

    /// The option and its help, which starts at `column` and is wrapped there.
    private static func line(_ option: Option, column: Int) -> [String] {
        let margin = String(repeating: " ", count: column)
        let start = "  " + flag(option)
        var lines = wrapped(option.help.split(separator: " ").map(String.init), separator: " ", margin: margin)
        lines[0] = start + " " + lines[0].dropFirst(min(start.count + 1, column))
        return lines
    }

    /// `words` in lines of at most 80 characters.
    static func wrapped(_ words: [String], separator: String = "  ", margin: String = "  ") -> [String] {
        var lines: [String] = []
        for word in words {
            if let last = lines.last, last.count + separator.count + word.count <= width {
                lines[lines.count - 1] += separator + word
            } else {
                lines.append(margin + word)
            }
        }
        return lines
    }
}

extension HelpPage {
    /// The page itself, without a final line break.
    package var text: String {
        switch self {
        case .summary: HelpText.summary
        case .all: HelpText.all
        case .man: ManualPage.text
        case .bash: Completions.bash
        case .zsh: Completions.zsh
        case .fish: Completions.fish
        case .schema: ConfigurationSchema.text
        }
    }
}

extension Option.Group {
    /// Whether the summary explains each option of the group.
    fileprivate var isCommon: Bool {
        switch self {
        case .mode, .files, .backend: true
        case .details, .security, .timing, .logging, .status, .registration, .rendering, .explaining, .testing,
            .waiting,
            .compatibility:
            false
        }
    }

    /// The sub-command that alone has the options of the group; nil for those that can always be given.
    fileprivate var subcommand: Subcommand? {
        switch self {
        case .registration: .register
        case .rendering: .render
        case .explaining: .explain
        case .testing: .test
        case .waiting: .wait
        case .mode, .files, .backend, .details, .security, .timing, .logging, .status, .compatibility: nil
        }
    }
}

extension OptionTable {
    /// The options of `group`, in the table's order.
    static func options(of group: Option.Group) -> [Option] {
        group.subcommand?.ownOptions ?? all.filter { $0.group == group }
    }
}
