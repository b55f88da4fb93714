import Testing

@testable import TOML

/// Nesting at the limit and one past it, and inputs that a careless parser takes quadratic time or all of the stack for.
@Suite struct LimitTests {
    struct Nesting: Sendable, CustomTestStringConvertible {
        let name: String
        /// A document with containers nested so deep, and where one too deep is reported.
        let document: @Sendable (Int) -> String
        let position: String
        var testDescription: String { name }
    }

    @Test("Nesting is limited", arguments: nestings)
    func nesting(_ nesting: Nesting) throws {
        let limit = TOMLParser.maximumDepth
        _ = try parsed(nesting.document(limit))
        let message = "tables and arrays are nested more than 128 levels deep"
        #expect(firstError(Array(nesting.document(limit + 1).utf8)) == nesting.position + ": " + message)
        #expect(firstError(Array(nesting.document(300_000).utf8)).hasSuffix(message))
    }

    static let nestings = [
        Nesting(
            name: "arrays",
            document: { "a = " + String(repeating: "[", count: $0) + String(repeating: "]", count: $0) },
            position: "1:133"),
        Nesting(
            name: "inline tables",
            document: { "a = " + String(repeating: "{b=", count: $0 - 1) + "{" + String(repeating: "}", count: $0) },
            position: "1:389"),
        Nesting(
            name: "dotted key",
            document: { String(repeating: "a.", count: $0) + "b = 1" },
            position: "1:257"),
        Nesting(
            name: "header",
            document: { "[" + String(repeating: "a.", count: $0 - 1) + "b]" },
            position: "1:258"),
        Nesting(
            name: "array header",
            document: { "[[" + String(repeating: "a.", count: $0 - 2) + "b]]" },
            position: "1:257"),
        Nesting(
            name: "header, dotted key and brackets together",
            document: {
                "[[a]]\nb.c = [{d = " + String(repeating: "[", count: $0 - 5) + String(repeating: "]", count: $0 - 5)
                    + "}]"
            },
            position: "2:136"),
    ]

    struct Hostile: Sendable, CustomTestStringConvertible {
        let name: String
        /// A document of about so many bytes.
        let document: @Sendable (Int) -> String
        var testDescription: String { name }
    }

    /// Linear time is about a second here in a debug build; quadratic time would be minutes. Hence the limit of 30 s.
    @Test("A hostile document is parsed in linear time", .timeLimit(.minutes(1)), arguments: hostile)
    func linear(_ hostile: Hostile) {
        let document = Array(hostile.document(300_000).utf8)
        // Some are refused: that must be quick as well.
        let duration = ContinuousClock().measure { _ = try? TOMLParser.parse(document) }
        #expect(duration < .seconds(30))
    }

    static let hostile = [
        Hostile(name: "keys of one table", document: { size in (0..<size / 10).map { "k\($0)=1\n" }.joined() }),
        Hostile(
            name: "keys of one inline table on one line",
            document: { size in "a={" + (0..<size / 10).map { "k\($0)=1" }.joined(separator: ",") + "}" }),
        Hostile(name: "numbers on one line", document: { "a=[" + String(repeating: "1,", count: $0 / 2) + "]" }),
        Hostile(
            name: "inline tables on one line", document: { "a=[" + String(repeating: "{b.c=1},", count: $0 / 8) + "]" }),
        Hostile(name: "array of tables", document: { String(repeating: "[[a]]\n", count: $0 / 6) }),
        Hostile(
            name: "arrays of tables below elements",
            document: { String(repeating: "[[a]]\n[[a.b]]\n[a.b.c]\n", count: $0 / 23) }),
        Hostile(name: "tables", document: { size in (0..<size / 12).map { "[a.b.k\($0)]\n" }.joined() }),
        Hostile(name: "dotted keys", document: { size in (0..<size / 14).map { "a.b.c.k\($0)=1\n" }.joined() }),
        Hostile(
            name: "deep dotted keys",
            document: { size in (0..<size / 250).map { String(repeating: "a.", count: 120) + "k\($0)=1\n" }.joined() }),
        Hostile(name: "one long dotted key", document: { String(repeating: "a.", count: $0 / 2) + "b=1" }),
        Hostile(
            name: "one long key, twice",
            document: { String(repeating: String(repeating: "a", count: $0 / 2) + "=1\n", count: 2) }),
        Hostile(name: "newlines", document: { String(repeating: "\n", count: $0) }),
        Hostile(name: "comment", document: { "#" + String(repeating: "é", count: $0 / 2) }),
        Hostile(name: "comments in an array", document: { "a=[" + String(repeating: "#\n", count: $0 / 2) + "]" }),
        Hostile(
            name: "quotes in a multi-line string", document: { "a='''" + String(repeating: "''\n", count: $0 / 3) }),
        Hostile(name: "escapes", document: { "a=\"" + String(repeating: "\\t", count: $0 / 2) + "\"" }),
        Hostile(
            name: "backslashes at line ends",
            document: { "a=\"\"\"" + String(repeating: "\\\n", count: $0 / 2) + "\"\"\"" }),
        Hostile(
            name: "backslashes before spaces",
            document: { "a=\"\"\"" + String(repeating: "\\    \n", count: $0 / 6) + "\"\"\"" }),
        Hostile(name: "digits of a float", document: { "a=1." + String(repeating: "1", count: $0) }),
        Hostile(name: "digits of an integer", document: { "a=" + String(repeating: "1", count: $0) }),
        Hostile(name: "an unquoted word", document: { "a=" + String(repeating: "x", count: $0) }),
        Hostile(name: "a date without end", document: { "a=2000-01-01 " + String(repeating: "1", count: $0) }),
    ]
}
