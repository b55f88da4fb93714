import RegularExpressions
import Testing
import TextTemplate

@testable import Rendering

/// What Go's package `regexp` answers; hundreds of further rows are in `Conformance/extra-regex.json`.
@Suite struct RegularExpressionTests {
    struct Row: CustomTestStringConvertible, Sendable {
        let name: String
        let pattern: ByteString
        let text: ByteString
        /// Nil for no match.
        let match: Range<Int>?

        init(_ name: String, _ pattern: ByteString, _ text: ByteString, _ match: Range<Int>?) {
            (self.name, self.pattern, self.text, self.match) = (name, pattern, text, match)
        }

        var testDescription: String { name }
    }

    @Test(arguments: [
        Row("literal", "b", "abc", 1..<2),
        Row("no match", "x", "abc", nil),
        Row("empty pattern", "", "abc", 0..<0),
        Row("leftmost, first alternative", "a|ab", "ab", 0..<1),
        Row("greedy", "a+", "baaa", 1..<4),
        Row("lazy", "a+?", "baaa", 1..<2),
        Row("ungreedy flag", "(?U)a+", "aaa", 0..<1),
        Row("ungreedy flag, made greedy", "(?U)a+?", "aaa", 0..<3),
        Row("counted", "a{2,3}", "aaaa", 0..<3),
        Row("counted, none", "xa{0}y", "xy", 0..<2),
        Row("a brace that counts nothing", "a{,2}", "a{,2}", 0..<5),
        Row("class", "[b-d]+", "abcde", 1..<4),
        Row("class that starts with a bracket", "[]a]+", "]a]", 0..<3),
        Row("negated class takes the newline", "[^a]", "a\n", 1..<2),
        Row("point does not", "a.b", "a\nb", nil),
        Row("point does, with the flag", "(?s)a.b", "a\nb", 0..<3),
        Row("Perl class", "\\d+", "ab12c", 2..<4),
        Row("POSIX class", "[[:^alpha:]]+", "ab12c", 2..<4),
        Row("script", "\\p{Greek}+", "abγδ", 2..<6),
        Row("category, negated", "\\PL+", "ab12", 2..<4),
        Row("category alias", "\\p{Uppercase_Letter}", "aB", 1..<2),
        Row("category and case", "(?i)\\p{Lu}+", "aB1", 0..<2),
        Row("class of categories, negated", "[^\\pL\\d]+", "a1-_", 2..<4),
        Row("case: the Kelvin sign", "(?i)k", "\u{212A}", 0..<3),
        Row("case: final sigma", "(?i)Σ", "ς", 0..<2),
        Row("text start", "\\Ab", "a\nb", nil),
        Row("line start", "(?m)^b$", "a\nb\nc", 2..<3),
        Row("text end", "b$", "b\n", nil),
        Row("word boundary", "\\bfoo\\b", "a foo b", 2..<5),
        Row("no word boundary", "\\Bo\\B", "oo foo", 4..<5),
        Row("quotation", "\\Qa.b\\E+", "a.bb", 0..<4),
        Row("hexadecimal and octal", "\\x41\\x{42}\\103", "ABC", 0..<3),
        Row("star of what can be empty", "(|a)*", "aa", 0..<0),
        Row("plus of what can be empty", "(|a)+", "aa", 0..<0),
    ])
    func finds(_ row: Row) throws {
        let expression = try RegularExpression(row.pattern)
        #expect(expression.firstMatch(in: row.text) == row.match)
        #expect(expression.matches(row.text) == (row.match != nil))
    }

    @Test func invalidBytesAreOneCharacterEach() throws {
        let text = ByteString([0xFF, 0xE6, 0x61])
        #expect(try RegularExpression("^...$").firstMatch(in: text) == 0..<3)
        #expect(try RegularExpression("\u{FFFD}a").firstMatch(in: text) == 1..<3)
    }

    @Test(
        arguments: [
            ("groups", "(a)(b)?", "abac", "[$1|$2]", "[a|b][a|]c"),
            ("braces end a name", "q(z*)w", "+qzzw+", "${1}W", "+zzW+"),
            ("a name goes as far as it can", "q(z*)w", "+qzzw+", "$1W", "++"),
            ("named groups", "(?P<l>\\w+):(?<r>\\w+)", "ab:cd", "$r:$l", "cd:ab"),
            ("the whole match", "\\w+", "a b", "<$0>", "<a> <b>"),
            ("dollar signs", "b", "abc", "$$-$", "a$-$c"),
            ("no such group", "b", "abc", "$9", "ac"),
            ("empty matches", "x*", "abc", "-", "-a-b-c-"),
            ("no empty match behind a match", "b*", "abbbc", "-", "-a-c-"),
            ("empty matches between characters", "", "é日", ".", ".é.日."),
            ("deletion", "[aeiou]", "education", "", "dctn"),
            ("nothing to replace", "x", "abc", "y", "abc"),
        ] as [(String, ByteString, ByteString, ByteString, ByteString)])
    func replaces(_ name: String, pattern: ByteString, text: ByteString, with: ByteString, expected: ByteString) throws
    {
        #expect(try RegularExpression(pattern).replacing(in: text, with: with) == expected, "\(name)")
    }

    @Test(
        arguments: [
            ("[a", "missing closing ]: `[a`"),
            ("(a", "missing closing ): `(a`"),
            ("a)", "unexpected ): `a)`"),
            ("*a", "missing argument to repetition operator: `*`"),
            ("a**", "invalid nested repetition operator: `**`"),
            ("a{2}{3}", "invalid nested repetition operator: `{2}{3}`"),
            ("\\", "trailing backslash at end of expression: ``"),
            ("\\q", "invalid escape sequence: `\\q`"),
            ("(a)\\1", "invalid escape sequence: `\\1`"),
            ("(?=a)", "invalid or unsupported Perl syntax: `(?=`"),
            ("(?P<n-x>a)", "invalid named capture: `(?P<n-x>`"),
            ("a{1001}", "invalid repeat count: `{1001}`"),
            ("((a{100}){100}){100}", "invalid repeat count: `{100}`"),
            ("[z-a]", "invalid character class range: `z-a`"),
            ("[[:foo:]]", "invalid character class range: `[:foo:]`"),
            ("\\p{Foo}", "invalid character class range: `\\p{Foo}`"),
        ] as [(ByteString, String)])
    func refuses(_ pattern: ByteString, reason: String) {
        #expect {
            try RegularExpression(pattern)
        } throws: { error in
            guard let error = error as? RegularExpressionError else { return false }
            return Failure.regularExpression(error).message == ByteString("error parsing regexp: \(reason)")
        }
    }

    @Test func nestingIsLimited() throws {
        func nested(_ depth: Int) -> ByteString {
            ByteString(String(repeating: "(", count: depth) + "a" + String(repeating: ")", count: depth))
        }
        #expect(throws: Never.self) { try RegularExpression(nested(999)) }
        #expect(throws: RegularExpressionError(kind: .nestsTooDeeply, expression: nested(1000).array)) {
            try RegularExpression(nested(1000))
        }
    }

    @Test func sizeIsLimited() {
        let pattern = ByteString(String(repeating: "x{1000}", count: 3400))
        #expect(throws: RegularExpressionError(kind: .tooLarge, expression: pattern.array)) {
            try RegularExpression(pattern)
        }
    }

    /// Patterns for which a backtracking matcher takes exponential time; in linear time a minute is far more than is needed.
    @Test(.timeLimit(.minutes(1)), arguments: ["(a*)*b", "(a|a)*b", "(a|aa)+$b", "(.*)(.*)(.*)(.*)x"] as [ByteString])
    func timeIsLinear(_ pattern: ByteString) throws {
        let text = ByteString(String(repeating: "a", count: 3000))
        #expect(try RegularExpression(pattern).matches(text) == false)
    }
}
