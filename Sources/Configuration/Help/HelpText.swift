import Backends
import Rendering

/// The texts of `-help` and `-help=all`, made from the option table.
enum HelpText {
    private static let width = 80

    /// One screen: the options of the common groups with their help, those of the others by name.
    static var summary: String {
        var lines = head
        for group in Option.Group.allCases where group != .compatibility && group.subcommand == nil {
            lines.append(group.rawValue + ":")
            let options = OptionTable.options(of: group)
            lines += group.isCommon ? options.flatMap { entry(flag($0), $0.help, at: 22) } : wrapped(options.map(flag))
        }
        return (lines + tail).joined(separator: "\n")
    }

    /// What one sub-command does, and the options that it alone has.
    static func page(of command: Subcommand) -> String {
        var lines = paragraph("usage: confd \(command.rawValue) \(command.usage)")
        lines += paragraph(command.summary.prefix(1).uppercased() + command.summary.dropFirst() + ".")
        if !command.ownOptions.isEmpty {
            lines += ["", "Options of \(command.rawValue):"] + command.ownOptions.flatMap { entry(flag($0), $0.help) }
        }
        return (lines + ["", "confd -help lists the options of all commands."]).joined(separator: "\n")
    }

    /// Everything that can be written: sub-commands, options, fields of tables, functions of templates.
    static var all: String {
        var lines = head + ["", "Sub-commands:"]
        for command in Subcommand.allCases { lines += entry("\(command.rawValue) \(command.usage)", command.summary) }
        lines += options + tables + functions + ["", "Not taken from the environment:"]
        lines += wrapped(OptionTable.onlyOnCommandLine.sorted().map { "-\($0)" })
        return (lines + [""] + tail).joined(separator: "\n")
    }

    /// Every option with its help.
    private static var options: [String] {
        var lines: [String] = []
        for group in Option.Group.allCases where group != .compatibility {
            lines += ["", group.rawValue + ":"] + OptionTable.options(of: group).flatMap { entry(flag($0), $0.help) }
        }
        lines += ["", "\(Option.Group.compatibility.rawValue), without effect:"]
        lines += wrapped(OptionTable.options(of: .compatibility).filter { !$0.isForeign }.map(flag))
        lines += ["", "Of backends that are not built, ignored with a warning:"]
        return lines + wrapped(OptionTable.options(of: .compatibility).filter(\.isForeign).map(flag))
    }

    /// Every field of resource files and of the tables of confd.toml.
    private static var tables: [String] {
        var lines = ["", "Fields of resource files (CONFDIR/conf.d/**/*.toml), table by table."]
        lines += paragraph(TableHelp.legend)
        for table in TableHelp.all {
            lines += [""] + paragraph("\(table.title): \(table.summary)")
            for field in table.fields {
                lines += entry("\(field.names.joined(separator: ", ")) \(table.placeholder(of: field))", field.help)
            }
        }
        lines += ["", "A health_check is healthy with, by its type:"]
        return lines + CheckTypeHelp.all.flatMap { entry($0.name, $0.healthy) }
    }

    private static var functions: [String] {
        var lines = ["", "Functions of templates, besides the language of Go's text/template."]
        for section in FunctionHelp.sections {
            lines += ["", section.title + ":"] + section.functions.flatMap { entry($0.call, $0.summary) }
        }
        return lines
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

    /// A name and what it means, which starts at `column` and is wrapped there; on the next line where the name is too long.
    private static func entry(_ name: String, _ help: String, at column: Int = 28) -> [String] {
        let margin = String(repeating: " ", count: column)
        let start = "  " + name
        var lines = wrapped(help.split(separator: " ").map(String.init), separator: " ", margin: margin)
        if start.count >= column { return paragraph(start) + lines }
        lines[0] = start + lines[0].dropFirst(start.count)
        return lines
    }

    private static func paragraph(_ text: String) -> [String] {
        let margin = String(text.prefix { $0 == " " })
        return wrapped(text.split(separator: " ").map(String.init), separator: " ", margin: margin)
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
    /// The page itself, without a final line break; the summary of a sub-command is about that alone.
    package func text(of command: Subcommand?) -> String {
        guard self == .summary, let command else { return text }
        return HelpText.page(of: command)
    }

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
