import TestSupport
import Testing

@testable import YAML

/// How texts are written in lists and maps; the corpus of `toYaml` in RenderingTests has many more, recorded from Go.
@Suite struct WriterTests {
    private static func write(_ body: (inout YAMLWriter) -> Void) -> String {
        var writer = YAMLWriter()
        body(&writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private static func text(_ text: String) -> String {
        write { writer in Array(text.utf8).withUnsafeBufferPointer { writer.text($0) } }
    }

    @Test(arguments: [
        ("", "\"\"\n"), ("a b", "a b\n"), ("yes", "\"yes\"\n"), ("1_0", "\"1_0\"\n"), ("2001-1-1", "\"2001-1-1\"\n"),
        ("2001-02-30", "2001-02-30\n"), ("1:30", "\"1:30\"\n"), ("1:60", "1:60\n"), ("a: b", "'a: b'\n"),
        ("it's: x", "'it''s: x'\n"), ("a\tb", "\"a\\tb\"\n"), ("a\nb", "|-\n  a\n  b\n"), ("a\n", "|\n  a\n"),
        ("a\n\n", "|+\n  a\n\n"), (" a\nb", "|2-\n   a\n  b\n"), ("a \nb", "\"a \\nb\"\n"), ("😀", "\"\\U0001F600\"\n"),
        ("- a", "'- a'\n"), ("-a", "-a\n"), ("<<", "<<\n"), ("\u{85}", "\"\\N\"\n"),
    ])
    func scalar(_ text: String, _ yaml: String) {
        #expect(Self.text(text) == yaml)
    }

    @Test func collections() {
        let yaml = Self.write { writer in
            writer.beginMapping()
            key("list", &writer)
            writer.beginList()
            writer.beginList()
            writer.plain(Array("1".utf8))
            writer.emptyList()
            writer.endList()
            writer.beginMapping()
            key("a", &writer)
            writer.emptyMapping()
            key("b\nc", &writer)
            writer.plain(Array("null".utf8))
            writer.endMapping()
            writer.endList()
            writer.endMapping()
        }
        #expect(yaml == "list:\n- - 1\n  - []\n- a: {}\n  ? |-\n    b\n    c\n  : null\n")
    }

    private func key(_ text: String, _ writer: inout YAMLWriter) {
        Array(text.utf8).withUnsafeBufferPointer { writer.key($0) }
    }

    @Test func longLines() {
        let words = String(repeating: "word ", count: 20) + "end"
        #expect(Self.text(words) == String(repeating: "word ", count: 16) + "word\n  word word word end\n")
    }

    /// Deep indentation of many short lines stops at the limit.
    @Test func limit() {
        var writer = YAMLWriter(limit: 10_000)
        for _ in 0..<500 { writer.beginList() }
        Array(String(repeating: "x\n", count: 100_000).utf8).withUnsafeBufferPointer { writer.text($0) }
        let (isFull, count) = (writer.isFull, writer.bytes.count)
        #expect(isFull)
        #expect(count < 20_000)
    }

    /// A text that was written reads back as the same text, and not as a number or the like.
    @Test func textsReadBack() throws {
        var random = SeededGenerator(seed: 1)
        let parts = [
            "a", "b", " ", " ", ":", "#", "-", "'", "\"", "\n", "\t", "1", "0", ".", "é", "?", ",", "[", "}", "\\", "~",
            "y",
            "😀", "&", "*", "%", ": ", " #", "- ", "\n\n", "word ", "\r", "\u{7F}", "\u{85}", "null", "0x1f", "|", ">",
            "!",
        ]
        for _ in 0..<2_000 {
            let text = (0..<Int.random(in: 1...40, using: &random)).map { _ in parts.randomElement(using: &random)! }
                .joined()
            let yaml = Self.write { writer in
                writer.beginMapping()
                key(text, &writer)
                writer.beginList()
                Array(text.utf8).withUnsafeBufferPointer { writer.text($0) }
                writer.endList()
                writer.endMapping()
            }
            #expect(try scalars(of: yaml) == [text, text], "\(yaml.debugDescription)")
        }
    }

    /// The scalars of a document that are strings.
    private func scalars(of yaml: String) throws -> [String] {
        try Array(yaml.utf8).withUnsafeBufferPointer { bytes in
            let events = YAMLEvents(bytes)
            var scalars: [String] = []
            while true {
                let event = try events.next()
                switch event.kind {
                case .streamEnd: return scalars
                case .scalar(let text, _, let isPlain):
                    if isPlain {
                        guard case .string = PlainScalar(text) else { continue }
                    }
                    scalars.append(String(decoding: text, as: UTF8.self))
                default: break
                }
            }
        }
    }
}
