import Backends
import KeyValue
import Rendering

/// The manual page confd(1) in the macros of man(7), made from the tables of sub-commands, options, fields and functions.
enum ManualPage {
    /// The release date of the version.
    private static let date = "2026-11-21"

    static var text: String {
        let title = ".TH CONFD 1 \(date) \"confd \(Version.current)\" \"User Commands\""
        return ([title] + introduction + commands + options + resources + functions + ending).flatMap(wrapped).joined(
            separator: "\n")
    }

    private static var introduction: [String] {
        let name = [
            ".SH NAME",
            "confd \\- keep configuration files in step with a key\\-value store",
            ".SH SYNOPSIS",
            ".B confd",
            synopsis("[OPTIONS] [BACKEND] [-- COMMAND [ARGUMENT ...]]"),
        ]
        let subcommands = Subcommand.allCases.flatMap { command in
            [".br", ".B confd \(command.rawValue)", synopsis(command.usage)]
        }
        return name + subcommands + description
    }

    /// Options and fixed words are bold, what the user chooses is in italics.
    private static func synopsis(_ usage: String) -> String {
        usage.split(separator: " ").map { part -> String in
            let word = part.filter { $0 != "[" && $0 != "]" }
            let font = word.contains { $0.isUppercase } ? "I" : "B"
            let isPlain = word.isEmpty || word == "|" || word == "..."
            let text = isPlain ? roff(word) : "\\f\(font)\(roff(word))\\fR"
            return String(part.prefix { $0 == "[" }) + text + String(part.reversed().prefix { $0 == "]" })
        }.joined(separator: " ")
    }

    private static let description = [
        ".SH DESCRIPTION",
        ".B confd",
        "takes a snapshot of keys, renders Go templates over it, writes each result atomically, checks it and reloads the",
        "service, only where something changed.",
        "Resources in \\fI/etc/confd/conf.d\\fR say which template makes which file, from which keys, and what checks and",
        "reloads it.",
        ".PP",
        "With \\fB\\-onetime\\fR it does so once.",
        "Without it, it stays: it looks at everything again after each \\fB\\-interval\\fR, or with \\fB\\-watch\\fR follows changes",
        "as they happen.",
        "With a \\fICOMMAND\\fR it renders everything, starts the command and reloads it, and ends with its exit code.",
        ".PP",
        "\\fIBACKEND\\fR is the same as \\fB\\-backend\\fR; there are "
            + roff(BackendRegistry.names.joined(separator: ", ")) + ".",
    ]

    private static let commands =
        [".SH SUB\\-COMMANDS", "The first word of a command line may be:"]
        + Subcommand.allCases.flatMap { entry("\($0.rawValue) \($0.usage)", $0.summary) }

    private static var options: [String] {
        var lines = [".SH OPTIONS"]
        lines.append("An option is written with one dash or two, its value after a space or an equals sign.")
        for group in Option.Group.allCases where group != .compatibility {
            lines.append(".SS \(roff(group.rawValue))")
            for option in OptionTable.options(of: group) { lines += entry(option) }
        }
        lines.append(".SS \(roff(Option.Group.compatibility.rawValue))")
        lines.append("Without effect:")
        lines += names(OptionTable.options(of: .compatibility).filter { !$0.isForeign })
        lines += [".PP", "Of backends that are not built, ignored with a warning:"]
        lines += names(OptionTable.options(of: .compatibility).filter(\.isForeign))
        return lines
    }

    private static func entry(_ option: Option) -> [String] {
        let names = ([option.name] + option.aliases).map { "\\fB\\-\(roff($0))\\fR" }.joined(separator: ", ")
        let value = option.placeholder.isEmpty ? "" : " \\fI\(roff(option.placeholder))\\fR"
        return [".TP", names + value, roff(option.help)]
    }

    private static func names(_ options: [Option]) -> [String] {
        options.enumerated().map { index, option in
            "\\fB\\-\(roff(option.name))\\fR" + (index + 1 < options.count ? "," : ".")
        }
    }

    private static var resources: [String] {
        var lines = [
            ".SH RESOURCES",
            "A file below \\fI/etc/confd/conf.d\\fR whose name ends in toml holds a table \\fB[template]\\fR, or several",
            "\\fB[[template]]\\fR:",
            ".PP",
            ".nf",
            "    [template]",
            "    src = \"app.conf.tmpl\"",
            "    dest = \"/etc/app/app.conf\"",
            "    keys = [\"/app\"]",
            "    check_cmd = \"app \\-\\-check {{.src}}\"",
            "    reload_cmd = \"systemctl reload app\"",
            ".fi",
            ".PP",
            "These are the tables and their fields, with their defaults.",
            roff(TableHelp.legend),
        ]
        for table in TableHelp.all { lines += section(table) }
        lines += [".SS Types of health checks", "A server is healthy with:"]
        for type in CheckTypeHelp.all {
            let fields = type.fields.isEmpty ? "" : " (\(type.fields.joined(separator: ", ")))"
            lines += entry(type.name, type.healthy + fields)
        }
        return lines
    }

    private static func section(_ table: TableHelp) -> [String] {
        let summary = roff(table.summary.prefix(1).uppercased() + table.summary.dropFirst()) + "."
        return [".SS \"\(roff(table.title))\"", summary]
            + table.fields.flatMap { field in
                let names = field.names.map { "\\fB\(roff($0))\\fR" }.joined(separator: ", ")
                return [".TP", "\(names) \\fI\(roff(table.placeholder(of: field)))\\fR", roff(field.help)]
            }
    }

    private static var functions: [String] {
        var lines = [
            ".SH TEMPLATES",
            "Templates are those of Go's text/template, with these functions:",
        ]
        for section in FunctionHelp.sections {
            lines.append(".SS \(roff(section.title))")
            for function in section.functions { lines += entry(function.call, function.summary) }
        }
        return lines
    }

    private static let ending =
        environment + [".SH FILES"] + files.flatMap(entry) + [".SH EXIT STATUS"] + statuses.flatMap(entry) + usage

    private static let environment = [
        ".SH ENVIRONMENT",
        "Each option is also an environment variable, \\fBCONFD_\\fR and its name in capitals with underscores:",
        "\\fB\\-log\\-level\\fR is \\fBCONFD_LOG_LEVEL\\fR.",
        "Not from the environment come " + actions + ".",
        "The command line prevails over the environment, and the environment over the settings file.",
        "\\fBETCDCTL_ENDPOINTS\\fR and \\fBETCDCTL_PEERS\\fR stand in for \\fB\\-node\\fR.",
    ]

    private static let actions = OptionTable.onlyOnCommandLine.sorted().map { "\\fB\\-\(roff($0))\\fR" }
        .joined(separator: ", ")

    private static let files = [
        ("/etc/confd/confd.toml", "settings: each option is a key, with underscores or dashes"),
        ("/etc/confd/conf.d/**/*.toml", "resources"),
        ("/etc/confd/templates", "templates"),
    ]

    private static let statuses = [
        ("0", "done"),
        ("1", "at least one resource failed"),
        ("2", "usage or configuration error, or nothing to do"),
        ("3", "with -check: something would change"),
        ("4", "the backend could not be reached, or refused; with status and wait: no daemon answers"),
        ("5", "with wait: the time is up"),
    ]

    private static let usage = [
        ".PP",
        "With a \\fICOMMAND\\fR, the command's own status, or 128 and the number of the signal that ended it.",
        ".SH SIGNALS",
        "HUP reads resources and templates anew.",
        "TERM and INT finish what is in progress and end with status 0.",
        "With a \\fICOMMAND\\fR all signals are passed on to it.",
        ".SH EXAMPLES",
        "Render once from etcd, and from a file:",
        ".PP",
        ".nf",
        "    confd \\-onetime \\-node http://10.0.0.1:2379",
        "    confd \\-onetime \\-backend file \\-file /etc/confd/data.yaml",
        ".fi",
        ".PP",
        "Keep nginx in step, as the first process of a container:",
        ".PP",
        ".nf",
        "    confd \\-watch \\-node http://etcd:2379 \\-\\- nginx \\-g \\(aqdaemon off;\\(aq",
        ".fi",
        ".SH SEE ALSO",
        ".BR etcd (1),",
        ".BR nginx (8)",
    ]

    private static func entry(_ name: String, _ meaning: String) -> [String] {
        [".TP", ".B " + roff(name), roff(meaning)]
    }

    /// Wraps a line of text to 80 columns; requests and examples stay as they are.
    private static func wrapped(_ line: String) -> [String] {
        if line.hasPrefix(".") || line.hasPrefix(" ") { return [line] }
        return HelpText.wrapped(line.split(separator: " ").map(String.init), separator: " ", margin: "")
    }

    /// `text` with the characters escaped that are special to roff: dashes, backslashes, and dots and quotes that
    /// wrapping could move to the start of a line.
    private static func roff(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "-": result += "\\-"
            case "\\": result += "\\e"
            case ".", "'": result += (result.last ?? " ") == " " ? "\\&\(character)" : String(character)
            default: result.append(character)
            }
        }
        return result
    }
}
