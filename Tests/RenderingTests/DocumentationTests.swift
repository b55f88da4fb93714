import KeyValue
import Posix
import Testing
import TextTemplate

@testable import Rendering

/// The examples of docs/templates.md do what they say.
@Suite struct DocumentationTests {
    /// A template of the page, and the result that the page shows for it.
    struct Example: Sendable, CustomTestStringConvertible {
        /// The heading above it.
        let heading: String
        let template: String
        /// The word after the fence: `output` or `error`.
        let kind: String
        let result: String

        var testDescription: String { "\(heading): \(template)" }
    }

    private struct Block {
        let heading: String
        let word: String
        let text: String
    }

    private static let blocks = readBlocks()
    static let examples = zip(blocks, blocks.dropFirst()).filter { $0.0.word == "template" }.map { template, result in
        Example(heading: template.heading, template: template.text, kind: result.word, result: result.text)
    }

    /// The fenced blocks of the page.
    private static func readBlocks() -> [Block] {
        let source = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        let path = source.dropLast(3).joined(separator: "/") + "/docs/templates.md"
        guard let bytes = try? Files.read(path) else { return [] }
        var blocks: [Block] = []
        var heading = ""
        var open: (word: String, lines: [Substring])?
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("```") {
                if let (word, lines) = open {
                    blocks.append(Block(heading: heading, word: word, text: lines.joined(separator: "\n")))
                    open = nil
                } else {
                    open = (String(line.dropFirst(3)), [])
                }
            } else if open != nil {
                open?.lines.append(line)
            } else if line.hasPrefix("#") {
                heading = String(line.drop { $0 == "#" || $0 == " " })
            }
        }
        return blocks
    }

    private var keys: Snapshot {
        let lines = Self.blocks.first { $0.word == "keys" }?.text.split(separator: "\n") ?? []
        return Snapshot(
            lines.map { line in
                let parts = line.split(separator: " ", maxSplits: 1)
                return (Array(parts[0].utf8), parts.count > 1 ? Array(parts[1].utf8) : [])
            })
    }

    /// One of the servers in the examples of the page is down.
    private struct Health: HealthSource {
        func health(ofKey key: ByteString) -> HealthRecord? {
            let isUp = key != "/services/shop/servers/b"
            return HealthRecord(
                isUp: isUp, status: isUp ? "up" : "down", rise: isUp ? 8 : 0, fall: isUp ? 0 : 3, type: "http",
                since: Time(unixSeconds: 1_700_000_000, nanoseconds: 0, local: .utc),
                error: isUp ? "" : "http: status 503")
        }
    }

    private var environment: TestEnvironment {
        var environment = TestEnvironment()
        environment.variables["APP_ENV"] = "production"
        environment.templates["partials/motd"] = #"Today: {{getv "/motd"}}"#
        environment.plainTexts = ["age-encryption.org/v1...db": "s3cret", "age-encryption.org/v1...api": "k3y"]
        environment.records = [ServiceRecord(target: "etcd1.shop.test.", port: 2380, priority: 0, weight: 0)]
        return environment
    }

    @Test(arguments: examples)
    func example(_ example: Example) throws {
        let template = try CompiledTemplate(ByteString(example.template), name: "example")
        let rendered = Renderer().render(template, over: keys, in: environment, health: Health())
        if example.kind == "error" {
            #expect(rendered.failure?.description.text == example.result)
        } else {
            #expect(rendered.failure == nil)
            #expect(String(decoding: rendered.output, as: UTF8.self) == example.result)
        }
    }

    /// The manual page is made from these.
    @Test func everyFunctionIsInTheManual() throws {
        let usages = FunctionHelp.sections.flatMap(\.functions)
        #expect(usages.map(\.name).sorted() == (FunctionTable.all.keys + Template.builtinNames).sorted())
        let source = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        let path = source.dropLast(3).joined(separator: "/") + "/docs/templates.md"
        let page = String(decoding: try Files.read(path), as: UTF8.self)
        for usage in usages {
            #expect(page.contains("`\(usage.call)`"), "\(usage.call) is not in docs/templates.md")
            #expect(!usage.summary.isEmpty)
        }
    }

    /// Each function has a heading of its own, with an example that calls it below.
    @Test func everyFunctionHasAnExample() {
        for name in FunctionTable.all.keys.sorted() {
            #expect(Self.examples.contains { $0.heading == name && $0.template.contains(name) }, "\(name)")
        }
    }
}
