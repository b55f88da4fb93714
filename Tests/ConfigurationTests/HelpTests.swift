import Testing

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
        for field in ResourceField.all.flatMap(\.names) { #expect(page.contains(field), "\(field)") }
        #expect(page.contains("getv KEY [DEFAULT]"))
        #expect(page.contains(".SH RESOURCES") && page.contains(".SH TEMPLATES"))
    }

    @Test func unknownPage() {
        var loader = SettingsLoader(environment: [:]) { _ in false }
        #expect(throws: SettingsError(.notBoolean("html"), of: .flag("help"))) {
            try loader.load(["-help=html"])
        }
    }
}
