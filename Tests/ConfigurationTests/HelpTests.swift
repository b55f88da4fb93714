import KeyValue
import Rendering
import Testing
import TextTemplate

@testable import Configuration

@Suite struct HelpTests {
    private static let effective = OptionTable.all.filter { $0.group != .compatibility }

    @Test func summaryFitsOneScreen() {
        let lines = HelpPage.summary.text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count <= 50)
        for line in lines { #expect(line.count <= 80, "\(line)") }
    }

    @Test func allFitsATerminal() {
        for line in HelpPage.all.text.split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
    }

    @Test("every option with an effect stands on every page", arguments: HelpPage.allCases.filter { $0 != .schema })
    func options(_ page: HelpPage) {
        // The manual writes its dashes so that they stay dashes, fish has the names without one.
        let text = page == .man ? page.text.split(separator: "\\").joined() : page.text
        for option in Self.effective {
            let name = page == .fish ? "-o \(option.name)" : "-\(option.name)"
            #expect(text.contains(name), "\(option.name)")
        }
    }

    @Test("every known option is told of", arguments: [HelpPage.all, .man])
    func compatibility(_ page: HelpPage) {
        let text = page.text.split(separator: "\\").joined()
        for option in OptionTable.all { #expect(text.contains("-\(option.name)"), "\(option.name)") }
    }

    @Test(
        "a flag chooses the page",
        arguments: [
            (["-help"], HelpPage.summary), (["-h"], .summary), (["-help=true"], .summary), (["-help=false"], nil),
            (["-help=all"], .all), (["--help=man"], .man), (["-help=bash"], .bash), (["-help=zsh"], .zsh),
            (["-help=fish"], .fish), (["-help=schema"], .schema),
        ])
    func pages(_ arguments: [String], _ page: HelpPage?) throws {
        var loader = SettingsLoader(environment: [:]) { _ in false }
        #expect(try loader.load(arguments).help == page)
    }

    /// Report: the manual page printed `\fB`.
    @Test func manualHasNoEscapedRequests() {
        let page = HelpPage.man.text
        for font in ["B", "I", "R"] { #expect(!page.contains("\\ef" + font)) }
        #expect(page.contains("getv KEY [DEFAULT]"))
        #expect(page.contains(".SH RESOURCES") && page.contains(".SH TEMPLATES"))
    }

    /// A page without line breaks, and the manual without its requests.
    private static func plain(_ page: HelpPage) -> String {
        var text = page.text
        if page == .man {
            for request in [".TP", ".B "] { text = text.split(at: request).joined() }
            text = withoutEscapes(text)
        }
        return text.split { $0 == " " || $0 == "\n" }.joined(separator: " ")
    }

    /// `text` with what the escapes of roff stand for.
    private static func withoutEscapes(_ text: String) -> String {
        var result = ""
        var rest = text[...]
        while let start = rest.firstIndex(of: "\\") {
            result += rest[..<start]
            rest = rest[rest.index(after: start)...]
            let escape = rest.popFirst()
            switch escape {
            case "-": result += "-"
            case "e": result += "\\"
            case "f": _ = rest.popFirst()
            case "&": break
            default: result += escape.map { "\\\($0)" } ?? "\\"
            }
        }
        return result + rest
    }

    @Test("every sub-command stands on it, with its own options", arguments: [HelpPage.all, .man])
    func subcommands(_ page: HelpPage) {
        let text = Self.plain(page)
        for command in Subcommand.allCases {
            #expect(text.contains("\(command.rawValue) \(command.usage) \(command.summary)"), "\(command)")
            for option in command.ownOptions {
                let placeholder = option.placeholder.isEmpty ? "" : " \(option.placeholder)"
                #expect(text.contains("-\(option.name)\(placeholder) \(option.help)"), "\(command) -\(option.name)")
            }
            #expect(HelpPage.summary.text.contains(command.rawValue))
        }
    }

    @Test("every field of every table stands on it", arguments: [HelpPage.all, .man])
    func fields(_ page: HelpPage) {
        let text = Self.plain(page)
        for table in TableHelp.all {
            #expect(text.contains(table.title), "\(table.title)")
            for field in table.fields {
                let names = field.names.joined(separator: ", ")
                let entry = "\(names) \(table.placeholder(of: field)) \(field.help)"
                #expect(text.contains(entry), "\(table.title): \(names)")
            }
        }
        for type in CheckTypeHelp.all { #expect(text.contains("\(type.name) \(type.healthy)")) }
    }

    @Test("every function stands on it", arguments: [HelpPage.all, .man])
    func functions(_ page: HelpPage) {
        let text = Self.plain(page)
        for usage in FunctionHelp.sections.flatMap(\.functions) {
            #expect(text.contains("\(usage.call) \(usage.summary)"), "\(usage.call)")
        }
        #expect(FunctionHelp.builtins.functions.map(\.name).sorted() == Template.builtinNames.sorted())
    }

    @Test func unknownPage() {
        var loader = SettingsLoader(environment: [:]) { _ in false }
        #expect(throws: SettingsError(.notBoolean("html"), of: .flag("help"))) {
            try loader.load(["-help=html"])
        }
    }
}
