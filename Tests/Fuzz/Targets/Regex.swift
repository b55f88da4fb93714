@testable import RegularExpressions
@testable import Rendering
@testable import TextTemplate

/// An expression is refused or compiled; matches lie in the text, and replaced by themselves leave it as it is.
///
/// The lines of an input: an expression, a replacement, and the rest is the text.
enum Target: FuzzTarget {
    static func run(_ input: UnsafeBufferPointer<UInt8>) {
        let (pattern, replacement, text) = parts(input)
        checkLiteral(text)
        guard let expression = compile(pattern) else { return }
        let match = expression.firstMatch(in: text)
        check(expression.matches(text) == (match != nil), "there is a match if one is found")
        check(expression.firstMatch(in: text) == match, "matching again gives the same")
        if let match { check(match.upperBound <= text.count, "the match lies in the text") }
        for whole in ["$0", "${0}"] as [ByteString] {
            let replaced = replaced(expression, text, whole)
            check(replaced == text, "replaced by themselves, matches leave the text")
        }
        _ = replaced(expression, text, replacement)
        guard let group = compile(ByteString(Array("(?:".utf8) + pattern.array + Array(")".utf8))) else { return }
        check(group.firstMatch(in: text) == match, "a group around the expression changes nothing")
    }

    static func work(_ input: UnsafeBufferPointer<UInt8>) {
        let (pattern, replacement, text) = parts(input)
        guard let expression = compile(pattern) else { return }
        _ = expression.matches(text)
        _ = replaced(expression, text, replacement)
    }

    private static func replaced(
        _ expression: RegularExpression, _ text: ByteString, _ replacement: ByteString
    ) -> ByteString? {
        do throws(RegularExpressionError) {
            return try expression.replacing(in: text, with: replacement, limit: 1 << 20)
        } catch {
            check(error.kind == .tooLarge, "only a limit stops replacing")
            return nil
        }
    }

    private static func compile(_ pattern: ByteString) -> RegularExpression? {
        do throws(RegularExpressionError) {
            return try RegularExpression(pattern)
        } catch {
            return nil
        }
    }

    private static func parts(_ input: UnsafeBufferPointer<UInt8>) -> (ByteString, ByteString, ByteString) {
        let lines = input.split(separator: UInt8(ascii: "\n"), maxSplits: 2, omittingEmptySubsequences: false)
        func text(_ index: Int) -> ByteString {
            index < lines.count ? ByteString(owner: nil, bytes: UnsafeBufferPointer(rebasing: lines[index])) : ""
        }
        return (text(0), text(1), text(2))
    }

    /// A text in which all special characters are escaped matches itself.
    private static func checkLiteral(_ text: ByteString) {
        guard text.count <= 300, Array(text.text.utf8) == text.array else { return }
        var escaped: [UInt8] = []
        for byte in text.array {
            let isWord =
                byte >= 0x80 || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
            if !isWord, byte > 0x20, byte < 0x7F, byte != UInt8(ascii: "_") { escaped.append(UInt8(ascii: "\\")) }
            escaped.append(byte)
        }
        guard let expression = compile(ByteString(escaped)) else { fatalError("an escaped text is refused") }
        check(expression.firstMatch(in: text) == 0..<text.count, "an escaped text matches itself")
    }

    static let pumps = [
        Pump("text without a match", "a+b\n\n") { _ in "aa" },
        Pump("text with many matches", "a+b?\nx$0\n") { _ in "aab" },
        Pump("empty matches", "x*\n-\n") { _ in "a" },
        Pump("nested repetitions", "(a*)*b\n$1\n") { _ in "a" },
        Pump("alternatives", "(a|aa)+$\n$1\n") { _ in "a" },
        Pump("word boundaries", "\\b\\w+\\b\n[$0]\n") { _ in "ab é " },
        Pump("long literal", "", suffix: "\n\naaaa") { _ in "a" },
        Pump("long alternation", "b", suffix: "\n\naaaa") { _ in "|a" },
        Pump("long class", "[", suffix: "]\n\naaaa") { _ in "a-z" },
        Pump("long class of characters apart", "[", suffix: "]\n\naaaa") {
            String(UnicodeScalar(UInt32(0x4E00 + $0 * 7919 % 16_000)) ?? "a")
        },
        Pump("open groups", "") { _ in "(" },
        Pump("groups", "", suffix: "\n$1\naaaa") { _ in "(a)" },
        Pump("long replacement", "a\n", suffix: "\naaa") { _ in "$1${x}$$" },
    ]
}
