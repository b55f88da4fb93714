import Applying
import Diagnostics
import Staging

/// The results of cases as text, and as XML for programs that collect results of tests.
struct TestReport {
    let results: [CaseResult]
    /// How differences are shown on the terminal.
    let style: DiffStyle

    var failedCount: Int { results.count { !$0.problems.isEmpty } }

    /// A line for each case, what is wrong with it, and a line that counts them.
    var text: [UInt8] {
        var output: [UInt8] = []
        for result in results {
            output += Array(
                "\(result.problems.isEmpty ? "ok    " : "FAILED") \(PrintableText.line(result.name))\n".utf8)
            for path in result.written { output += Self.lines("wrote \(path)") }
            for warning in result.warnings { output += Self.lines("warning: \(warning)") }
            for problem in result.problems { output += text(of: problem, style) }
        }
        let failed = failedCount
        return output + Array("\(results.count - failed) passed, \(failed) failed\n".utf8)
    }

    private func text(of problem: CaseResult.Problem, _ style: DiffStyle) -> [UInt8] {
        switch problem {
        case .error(let text): return Self.lines("error: \(text)")
        case .noSuchError(let wanted, let errors):
            let found = errors.isEmpty ? "; there is no error at all" : ", but these:"
            return Self.lines("error: there is no error with \"\(wanted)\"\(found)") + errors.flatMap { Self.lines($0) }
        case .differs(let difference):
            var output: [UInt8] = []
            difference.write(style) { output += $0 }
            return output
        }
    }

    private static func lines(_ text: String) -> [UInt8] { Array((PrintableText.text(text) + "\n").utf8) }

    /// The form of JUnit.
    var junit: String {
        let time = Self.seconds(results.reduce(.zero) { $0 + $1.duration })
        var lines = [
            #"<?xml version="1.0" encoding="UTF-8"?>"#,
            #"<testsuite name="confd" tests="\#(results.count)" failures="\#(failedCount)" time="\#(time)">"#,
        ]
        for result in results {
            let attributes =
                #"name="\#(Self.escaped(result.name))" classname="confd" time="\#(Self.seconds(result.duration))""#
            if result.problems.isEmpty {
                lines.append("  <testcase \(attributes)/>")
                continue
            }
            var plain = DiffStyle()
            plain.context = style.context
            let text = result.problems.flatMap { self.text(of: $0, plain) }
            lines.append("  <testcase \(attributes)>")
            lines.append(
                #"    <failure message="\#(Self.escaped(Self.summary(of: result)))">"#
                    + Self.escaped(String(decoding: text, as: UTF8.self)) + "</failure>")
            lines.append("  </testcase>")
        }
        return (lines + ["</testsuite>"]).map { $0 + "\n" }.joined()
    }

    private static func summary(of result: CaseResult) -> String {
        switch result.problems[0] {
        case .error(let text): String(text.prefix { $0 != "\n" })
        case .noSuchError(let wanted, _): "there is no error with \"\(wanted)\""
        case .differs(let difference): "\(difference.path) differs"
        }
    }

    private static func seconds(_ time: Duration) -> String {
        let milliseconds = time.components.seconds * 1_000 + time.components.attoseconds / 1_000_000_000_000_000
        let rest = String(milliseconds % 1_000)
        return "\(milliseconds / 1_000)." + String(repeating: "0", count: 3 - rest.count) + rest
    }

    /// `text` for XML 1.0, which cannot have most control characters.
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "&": result += "&amp;"
            case "\"": result += "&quot;"
            case "\n", "\t": result.unicodeScalars.append(scalar)
            case _ where scalar.value < 0x20 || scalar.value == 0xFFFE || scalar.value == 0xFFFF:
                result.unicodeScalars.append("\u{FFFD}")
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
