import Backends
import JSON
import KeyValue
import Posix
import TestSupport
import Testing

@testable import Configuration

/// A fenced block of a page.
struct PageBlock: Sendable, CustomTestStringConvertible {
    /// The path of the page, from the root of the project.
    let page: String
    let line: Int
    /// The word after the fence.
    let word: String
    let text: String

    var testDescription: String { "\(page):\(line) \(word)" }
}

/// README.md, docs/*.md and the pages of examples, as they stand in the source tree.
enum Pages {
    static let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

    static let all: [String] = {
        let examples = Files.tree(root + "/examples").files.filter { $0.hasSuffix(".md") }
        let docs = Files.tree(root + "/docs").files.filter { $0.hasSuffix(".md") }
        return ["README.md"] + (docs + examples).map { String($0.dropFirst(root.count + 1)) }
    }()

    static func text(_ page: String) -> String {
        // A page that cannot be read has no blocks, which fails the test that counts them.
        String(decoding: (try? Files.read("\(root)/\(page)")) ?? [], as: UTF8.self)
    }

    static let blocks = all.flatMap(blocks(of:))

    private static func blocks(of page: String) -> [PageBlock] {
        var blocks: [PageBlock] = []
        var open: (line: Int, indent: Int, word: String, lines: [Substring])?
        let lines = text(page).split(separator: "\n", omittingEmptySubsequences: false)
        for (number, line) in zip(1..., lines) {
            let content = line.drop { $0 == " " }
            if content.hasPrefix("```") {
                if let (start, _, word, lines) = open {
                    blocks.append(
                        PageBlock(page: page, line: start, word: word, text: lines.map { $0 + "\n" }.joined()))
                    open = nil
                } else {
                    open = (number, line.count - content.count, String(content.dropFirst(3)), [])
                }
            } else if let indent = open?.indent {
                open?.lines.append(line.dropFirst(indent))
            }
        }
        return blocks
    }

    /// A page without its blocks.
    static func prose(_ page: String) -> String {
        text(page).split(separator: "```", omittingEmptySubsequences: false).enumerated()
            .filter { $0.offset.isMultiple(of: 2) }.map(\.element).joined()
    }

    /// What stands between two single backquotes outside of blocks, with its page.
    static let spans = all.flatMap { page in
        prose(page).split(separator: "`", omittingEmptySubsequences: false).enumerated()
            .filter { !$0.offset.isMultiple(of: 2) }.map { (page: page, text: String($0.element)) }
    }

    /// The targets of links within the project, with their pages.
    static let links = (all + ["CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"]).flatMap { page in
        prose(page).split(separator: "](", omittingEmptySubsequences: false).dropFirst()
            .map { (page: page, target: String($0.prefix { $0 != ")" })) }.filter { !$0.target.contains("://") }
    }

    /// What a link may name in a page after `#`: its headings, in lower case, with hyphens for spaces and without punctuation.
    static func anchors(of page: String) -> Set<String> {
        let headings = prose(page).split(separator: "\n").filter { $0.hasPrefix("#") }
        return Set(
            headings.map { heading in
                let words = heading.drop { $0 == "#" }.dropFirst().lowercased()
                return String(
                    words.compactMap { $0 == " " ? "-" : $0.isLetter || $0.isNumber || "-_".contains($0) ? $0 : nil })
            })
    }
}

@Suite struct LinkTests {
    /// A link within the project leads to a file that is there, and to a heading of it.
    @Test func leadSomewhere() throws {
        #expect(Pages.links.count > 100)
        for (page, target) in Pages.links {
            let parts = target.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let folder = Files.split(page).folder
            let path = parts[0].isEmpty ? page : Files.join(folder == "." ? "" : folder, parts[0])
            #expect(Files.exists("\(Pages.root)/\(path)"), "\(page): \(target)")
            if parts.count > 1 { #expect(Pages.anchors(of: path).contains(parts[1]), "\(page): \(target)") }
        }
    }
}

/// confd accepts every example of README.md, docs and examples.
@Suite struct PageTests {
    /// What is tested, here or elsewhere: swift in LibraryUseTests; template, output, error and keys by Rendering's
    /// tests; ini, a part of a systemd unit, in Tests/Release/unit.sh; no word is what confd prints, compared in
    /// ValidateTests and LogTests.
    private static let words = [
        "toml", "sh", "yaml", "json", "dockerfile", "ini", "swift", "template", "output", "error", "keys", "",
    ]

    private static func blocks(_ word: String) -> [PageBlock] { Pages.blocks.filter { $0.word == word } }

    @Test func everyBlockIsOfAKnownKind() {
        for block in Pages.blocks {
            #expect(Self.words.contains(block.word), "\(block.testDescription)")
        }
        #expect(Self.blocks("toml").count >= 3 && Self.blocks("sh").count >= 8 && Self.blocks("yaml").count >= 2)
    }

    // MARK: TOML

    /// Resource files are loaded with `-strict`; everything else is confd.toml.
    @Test(arguments: blocks("toml"))
    func toml(_ block: PageBlock) throws {
        let isResource = ["[template]", "[[template]]", "[backend]", "[service]", "[[service]]"].contains {
            block.text.contains($0)
        }
        guard isResource else {
            let result = ConfigurationFile.parse(Array(block.text.utf8), path: block.page, strict: true)
            #expect(result.errors.isEmpty, "\(result.errors.map(\.text))")
            return
        }
        let minimal = "[template]\nsrc = \"nginx.conf.tmpl\"\ndest = \"/nowhere/x\"\n"
        let isComplete = block.text.contains("template]") || block.text.contains("service]")
        let text = isComplete ? block.text : minimal + block.text
        let loaded = try load(text)
        // Certificates are those of the reader's machine.
        let problems = (loaded.errors + loaded.warnings + loaded.advice).filter { !$0.isOfMissingFile }.map(\.text)
        #expect(problems.isEmpty, "\(problems)")
        let lacksFile = loaded.errors.contains(where: \.isOfMissingFile)
        #expect(!loaded.resources.isEmpty || !loaded.services.isEmpty || lacksFile)
    }

    /// Loads a resource file beside the templates of the project.
    private func load(_ text: String) throws -> ResourceLoader.Result {
        let confdir = try TemporaryDirectory()
        try Files.makeFolder(confdir("conf.d"))
        try Files.makeLink(confdir("templates"), to: Pages.root + "/templates")
        try confdir.write("conf.d/page.toml", text)
        let settings = try settings(of: ["-strict", "-confdir", confdir.path])
        return try ResourceLoader(settings, environment: [:]).load()
    }

    // MARK: Command lines

    private func settings(of arguments: [String]) throws -> Settings {
        var loader = SettingsLoader(environment: [:]) { _ in false }
        let settings = try loader.load(arguments)
        #expect(settings.warnings.isEmpty, "\(arguments): \(settings.warnings.map(\.text))")
        return settings
    }

    private static let commands = blocks("sh").flatMap { block in
        block.text.split(separator: "\n").flatMap { ShellLine.commands(in: String($0)) }
            .filter { $0.first == "confd" || $0.first?.hasSuffix("/confd") == true }.map { ($0, block.testDescription) }
    }

    /// Command lines in the text, but for those that are shortened or hold a placeholder.
    private static let mentions = Pages.spans.filter { $0.text.hasPrefix("confd ") && !$0.text.contains("…") }
        .flatMap { span in ShellLine.commands(in: span.text).map { ($0, span.page) } }
        .filter { words, _ in !words.contains { word in word.allSatisfy(\.isUppercase) } }

    @Test(arguments: commands + mentions)
    func commandLine(_ words: [String], _ place: String) throws {
        do {
            _ = try settings(of: Array(words.dropFirst()))
        } catch let error as SettingsError {
            Issue.record("\(place): \(words.joined(separator: " ")): \(error.text)")
        }
    }

    @Test func commandLinesAreFound() {
        #expect(Self.commands.count >= 12 && Self.mentions.count >= 5)
    }

    // MARK: Data

    @Test(arguments: blocks("yaml"))
    func yaml(_ block: PageBlock) throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("page.yaml", block.text)
        let snapshot = try FileBackend(paths: [path]).snapshot(
            of: [KeyRange(cleaned: Array("/".utf8))], timeout: .seconds(5))
        #expect(snapshot.view(of: [KeyRange(cleaned: Array("/".utf8))], strippingPrefix: []).count > 0)
    }

    @Test(arguments: blocks("json"))
    func json(_ block: PageBlock) throws {
        // A document over several lines, or one a line.
        let documents = block.text.hasPrefix("{\n") ? [block.text[...]] : block.text.split(separator: "\n")
        for document in documents {
            try Array(document.utf8).withUnsafeBufferPointer { _ = try JSONDocument(parsing: $0) }
        }
    }
}

extension ResourceError {
    fileprivate var isOfMissingFile: Bool {
        if case .unreadable(let error) = kind { error.code == Errno.noSuchFile } else { false }
    }
}

/// Each page says of which version it is.
@Suite struct PageVersionTests {
    @Test(arguments: Pages.all.filter { $0.hasPrefix("docs/") })
    func version(_ page: String) {
        let lines = Pages.text(page).split(separator: "\n")
        #expect(lines.count > 2 && lines[1] == "*confd \(Version.current)*", "\(page)")
    }
}

/// A line of a shell, as far as examples need it.
private enum ShellLine {
    /// The simple commands of `line`, each as words; assignments in front are left out, comments end the line.
    static func commands(in line: String) -> [[String]] {
        var commands: [[String]] = [[]]
        var word: String?
        var quote: Character?
        func endWord(_ commands: inout [[String]]) {
            if let word { commands[commands.count - 1].append(word) }
            word = nil
        }
        for character in line {
            if let open = quote {
                if character == open { quote = nil } else { word = (word ?? "") + String(character) }
            } else if character == "'" || character == "\"" {
                quote = character
                word = word ?? ""
            } else if character == "#", word == nil {
                break
            } else if "|&;".contains(character) {
                endWord(&commands)
                commands.append([])
            } else if character == " " {
                endWord(&commands)
            } else {
                word = (word ?? "") + String(character)
            }
        }
        endWord(&commands)
        return commands.map { words in
            Array(words.drop { $0.contains("=") && !$0.hasPrefix("-") }).map(expanded)
        }.filter { !$0.isEmpty }
    }

    /// A variable: `$revision` as a number, any other one as an address.
    private static func expanded(_ word: String) -> String {
        if word == "$revision" { return "7" }
        return word.hasPrefix("$") ? "http://127.0.0.1:2379" : word
    }
}
