@testable import Configuration

/// Durations, variables in texts and command lines are understood or refused.
///
/// The lines of an input are the words of a command line; each is also a duration and a text with variables.
enum Target: FuzzTarget {
    static func run(_ input: UnsafeBufferPointer<UInt8>) {
        let words = self.words(input)
        for word in words {
            checkDuration(word)
            checkExpansion(word)
        }
        do throws(SettingsError) {
            let result = try CommandLineParser.parse(words)
            let given = result.options.values.values.reduce(0) { $0 + $1.count }
            check(given + result.command.count <= words.count, "no more values than words")
        } catch {
            check(!error.message.isEmpty && error.message != error.hint, "the error says something")
        }
    }

    static func work(_ input: UnsafeBufferPointer<UInt8>) {
        let words = self.words(input)
        for word in words {
            _ = GoDuration.parse(word)
            do throws(VariableExpansion.Failure) { _ = try VariableExpansion.expand(word, environment) } catch {}
        }
        do throws(SettingsError) { _ = try CommandLineParser.parse(words) } catch {}
    }

    private static func words(_ input: UnsafeBufferPointer<UInt8>) -> [String] {
        input.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
    }

    /// The text of a duration, which is exact to the millisecond, reads back.
    private static func checkDuration(_ word: String) {
        guard let duration = GoDuration.parse(word) else { return }
        check(duration >= .zero, "a duration is not negative")
        let (seconds, attoseconds) = duration.components
        // Go's durations end at 292 years.
        guard seconds < 9_000_000_000 else { return }
        let text = GoDuration.text(duration)
        let rounded = Duration.seconds(seconds) + .milliseconds(attoseconds / 1_000_000_000_000_000)
        check(GoDuration.parse(text) == rounded, "\(text) reads back")
    }

    private static let environment = ["A": "x", "EMPTY": "", "NESTED": "${A} $${A}"]

    private static func checkExpansion(_ word: String) {
        do throws(VariableExpansion.Failure) {
            let expanded = try VariableExpansion.expand(word, environment)
            if !word.utf8.contains(UInt8(ascii: "$")) { check(expanded == word, "a plain text is not changed") }
        } catch {
            check(word.utf8.contains(UInt8(ascii: "$")), "only variables are refused")
        }
        let escaped = word.utf8.reduce(into: [UInt8]()) { escaped, byte in
            if byte == UInt8(ascii: "{"), escaped.last == UInt8(ascii: "$") { escaped.append(UInt8(ascii: "$")) }
            escaped.append(byte)
        }
        do throws(VariableExpansion.Failure) {
            let text = String(decoding: escaped, as: UTF8.self)
            check(
                Array(try VariableExpansion.expand(text, environment).utf8) == Array(word.utf8),
                "escaped, a text is itself")
        } catch {
            fatalError("an escaped text is refused: \(error)")
        }
    }

    static let pumps = [
        Pump("units") { _ in "1h" },
        Pump("digits") { _ in "1" },
        Pump("digits of a fraction", "0.", suffix: "s") { _ in "1" },
        Pump("variables") { _ in "${A}" },
        Pump("defaults") { _ in "${B:-x}" },
        Pump("dollars") { _ in "$$" },
        Pump("escaped variables") { _ in "$${A}" },
        Pump("long name", "${", suffix: "}") { _ in "A" },
        Pump("repeated flags") { _ in "-node=a\n" },
        Pump("words after dashes", "--\n") { _ in "word\n" },
        Pump("dashes", "-") { _ in "-" },
        Pump("unknown flag", "-") { _ in "x" },
    ]
}
