import Diagnostics
import Testing

@testable import YAML

@Suite struct SyntaxTests {
    @Test(arguments: [
        "", "# nothing\n", "a: 1\n", "- a\n- b: [1, {c: d}]\n", "a: &x 1\nb: *x\n", "a: 1\n---\nb: 2\n...\n---\n- c\n",
        "text",
        "%YAML 1.1\n---\na: |\n  b\n", "a: 1\na: 2\n", "&a [*a]",
    ])
    func good(_ text: String) throws {
        try YAMLSyntax.check(Array(text.utf8))
    }

    @Test(
        arguments: [
            (
                "a: [1, 2\nb: 3\n", 2, 2,
                "while parsing a flow sequence that begins at line 1: did not find expected ',' or ']'"
            ),
            ("a: b: c\n", 1, 5, "mapping values are not allowed in this context"),
            (
                "a: 1\n\tb: 2\n", 2, 1,
                "while scanning a plain scalar that begins at line 1: found a tab character that violates indentation"
            ),
            ("a: *b\n", 1, 4, "unknown anchor \"b\""), ("a: &b 1\n---\nc: *b\n", 3, 4, "unknown anchor \"b\""),
            ("a: 1\n---\nb: [\n", 4, 1, "while parsing a flow node: did not find expected node content"),
            ("é: \"x\n", 2, 1, "while scanning a quoted scalar that begins at line 1: found unexpected end of stream"),
            ("a: \u{1}\n", 1, 4, "control characters are not allowed"),
        ] as [(String, Int, Int, String)])
    func bad(_ text: String, line: Int, column: Int, message: String) {
        #expect(throws: YAMLError(message, at: TextPosition(line: line, column: column))) {
            try YAMLSyntax.check(Array(text.utf8))
        }
    }

    @Test func bytesThatAreNoUTF8() {
        #expect(throws: YAMLError("invalid leading UTF-8 octet", at: TextPosition(line: 2, column: 4))) {
            try YAMLSyntax.check(Array("a: 1\nb: ".utf8) + [0xFF])
        }
    }

    @Test func depth() throws {
        let limit = YAMLSyntax.maximumDepth
        try YAMLSyntax.check(Array((String(repeating: "[", count: limit) + String(repeating: "]", count: limit)).utf8))
        let error = YAMLError(
            "mappings and lists are nested more than \(limit) levels deep", at: TextPosition(line: 1, column: limit + 1)
        )
        #expect(throws: error) { try YAMLSyntax.check(Array(String(repeating: "[", count: 100_000).utf8)) }
    }

    /// Each line multiplies the values by ten: following the aliases would not end.
    @Test func aliasesAreNotFollowed() throws {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...30 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(aliases)]\n"
        }
        try YAMLSyntax.check(Array(text.utf8))
    }
}
