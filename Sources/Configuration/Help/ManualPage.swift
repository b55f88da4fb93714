import Backends
import Rendering

/// The manual page confd(1) in the macros of man(7), made from the tables of options, resource fields and functions.
enum ManualPage {
    /// The release date of the version.
    private static let date = "2026-11-21"

    static var text: String {
        let title = ".TH CONFD 1 \(date) \"confd \(Version.current)\" \"User Commands\""
        return ([title] + introduction + options + resources + functions + ending).flatMap(wrapped).joined(
            separator: "\n")
    }

    private static let introduction = [
        ".SH NAME",
        "confd \\- keep configuration files in step with a key\\-value store",
        ".SH SYNOPSIS",
        ".B confd",
        "[\\fIOPTIONS\\fR] [\\fIBACKEND\\fR] [\\fB\\-\\-\\fR \\fICOMMAND\\fR [\\fIARGUMENT\\fR ...]]",
        ".br",
        ".B confd register",
        "\\fIKEY\\fR \\fIVALUE\\fR [\\fIOPTIONS\\fR] [\\fB\\-\\-\\fR \\fICOMMAND\\fR [\\fIARGUMENT\\fR\\ ...]]",
        ".br",
        ".B confd render",
        "\\fIRESOURCE\\fR | \\fB\\-template\\fR \\fIFILE\\fR [\\fB\\-file\\fR \\fIKEYS\\fR] [\\fIOPTIONS\\fR]",
        ".br",
        ".B confd explain",
        "\\fIDEST\\fR:\\fILINE\\fR | \\fIRESOURCE\\fR | \\fB\\-key\\fR \\fIKEY\\fR [\\fB\\-what\\-if\\fR \\fIVALUE\\fR] | \\fB\\-last\\fR \\fIRESOURCE\\fR [\\fIOPTIONS\\fR]",
        ".br",
        ".B confd test",
        "[\\fIDIR\\fR] [\\fIOPTIONS\\fR]",
        ".br",
        ".B confd status",
        "[\\fB\\-json\\fR]",
        ".br",
        ".B confd wait",
        "[\\fB\\-revision\\fR \\fINUMBER\\fR] [\\fB\\-timeout\\fR \\fITIME\\fR]",
        ".br",
        ".B confd release",
        "\\fIRESOURCE\\fR",
        ".br",
        ".B confd clean",
        "\\fIRESOURCE\\fR",
        ".br",
        ".B confd rollout",
        "\\fBstatus\\fR [\\fB\\-json\\fR] | \\fBhalt\\fR | \\fBresume\\fR \\fIGROUP\\fR",
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
        "\\fBconfd status\\fR asks a daemon for its state, and \\fBconfd release\\fR has it apply what the guard of a resource holds.",
        "\\fBconfd clean\\fR removes the files that the items of a resource have left which is not in conf.d any more.",
        "\\fBconfd rollout\\fR tells how far the hosts of a group are with a change, halts it, or has it go on.",
        ".PP",
        "\\fIBACKEND\\fR is the same as \\fB\\-backend\\fR; there are "
            + roff(BackendRegistry.names.joined(separator: ", ")) + ".",
    ]

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
            "Its fields, with their defaults:",
        ]
        for field in ResourceField.all { lines += entry(field.names.joined(separator: ", "), field.help) }
        return lines + [
            ".PP",
            "A table \\fB[backend]\\fR beside it gives the file's resources a backend of their own, with the keys of the",
            "settings file.",
        ]
    }

    private static var functions: [String] {
        var lines = [
            ".SH TEMPLATES",
            "Templates are those of Go's text/template, with its functions and these:",
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
