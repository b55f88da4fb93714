@testable import TOML

/// A document is refused with an error that points into it, or parsed; what is parsed survives printing.
enum Target: FuzzTarget {
    static func run(_ input: UnsafeBufferPointer<UInt8>) {
        let bytes = Array(input)
        let lines = Lines(bytes)
        do throws(TOMLError) {
            let table = try TOMLParser.parse(bytes)
            checkPositions(of: table, in: lines)
            let document = Plain(table)
            for text in [TOMLPrinter.headers(document), TOMLPrinter.inline(document)] {
                checkParses(Array(text.utf8), to: document.sorted)
            }
            checkParses(bytes + Array("\n# end".utf8), to: document.sorted)
        } catch {
            check(lines.contains(error.position), "\(error.position) is in the document")
            check(error.message.utf8.count < 2_000, "the message is short")
            if let line = error.kind.firstLine {
                check(line >= 1 && line <= error.position.line, "line \(line) is before the error")
            }
        }
    }

    static func work(_ input: UnsafeBufferPointer<UInt8>) {
        do throws(TOMLError) { _ = try TOMLParser.parse(Array(input)) } catch { _ = error.message }
    }

    private static func checkParses(_ bytes: [UInt8], to document: Plain) {
        do throws(TOMLError) {
            check(Plain(try TOMLParser.parse(bytes)).sorted == document, "equal when parsed again")
        } catch {
            fatalError("\(error.position.line):\(error.position.column): \(error.message)")
        }
    }

    private static func checkPositions(of table: TOMLTable, in lines: Lines) {
        for entry in table.entries {
            check(lines.contains(entry.position), "the key's position is in the document")
            check(table[entry.key] != nil, "the key is found")
            checkPositions(of: entry.value, in: lines)
        }
    }

    private static func checkPositions(of value: TOMLValue, in lines: Lines) {
        check(lines.contains(value.position), "the value's position is in the document")
        switch value.kind {
        case .array(let values): for value in values { checkPositions(of: value, in: lines) }
        case .table(let table): checkPositions(of: table, in: lines)
        case .string, .integer, .float, .boolean, .offsetDateTime, .localDateTime, .localDate, .localTime: break
        }
    }

    static let pumps = [
        Pump("keys") { "k\($0)=1\n" },
        Pump("headers") { "[t\($0)]\n" },
        Pump("headers below one") { "[a.b.c\($0)]\n" },
        Pump("dotted keys") { "a.b.c\($0)=1\n" },
        Pump("tables of an array") { _ in "[[a]]\nb=1\n" },
        Pump("tables in tables of an array") { _ in "[[a]]\n[a.b]\n[[a.c]]\n" },
        Pump("long key", suffix: "=1") { _ in "k" },
        Pump("integer", "a=") { _ in "1" },
        Pump("hexadecimal integer", "a=0x") { _ in "0" },
        Pump("digits of a float", "a=1.") { _ in "1" },
        Pump("digits before the point", "a=1", suffix: ".5") { _ in "9" },
        Pump("exponent", "a=1e-") { _ in "1" },
        Pump("underscores", "a=1") { _ in "_1" },
        Pump("array", "a=[", suffix: "]") { "\($0)," },
        Pump("arrays in an array", "a=[", suffix: "]") { _ in "[1],{b=1}," },
        Pump("lines in an array", "a=[", suffix: "]") { _ in " # c\n\n" },
        Pump("inline table", "a={k=1", suffix: "}") { ",k\($0)=1" },
        Pump("dots in an inline table", "a={k=1", suffix: "}") { ",k.l\($0)={}" },
        Pump("error at the end", suffix: "=") { "k\($0)=[1]\n" },
        Pump("error at the end of a line", "a=[", suffix: "}") { _ in "[1]," },
        Pump("duplicate at the end", "x=1\n", suffix: "x=1") { "k\($0)=1\n" },
        Pump("escapes", "a=\"", suffix: "\"") { _ in "\\u0041\\n" },
        Pump("line-ending backslashes", "a=\"\"\"", suffix: "\"\"\"") { _ in "\\\n \n" },
        Pump("quotes in a multi-line string", "a=\"\"\"", suffix: "\"\"\"") { _ in "x\"\"" },
        Pump("apostrophes in a multi-line string", "a='''", suffix: "'''") { _ in "x''" },
        Pump("characters of three bytes", "a='", suffix: "'=") { _ in "€" },
        Pump("carriage returns") { _ in "\r\n" },
    ]
}

/// How many characters each line of a document has.
private struct Lines {
    private var counts = [0]

    init(_ bytes: [UInt8]) {
        let start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        for byte in bytes[start...] {
            if byte == UInt8(ascii: "\n") {
                counts.append(0)
            } else if byte & 0xC0 != 0x80 {
                counts[counts.count - 1] += 1
            }
        }
    }

    /// Whether the position is that of a character, or of the end of a line.
    func contains(_ position: TOMLPosition) -> Bool {
        position.line >= 1 && position.line <= counts.count && position.column >= 1
            && position.column <= counts[position.line - 1] + 1
    }
}

extension TOMLError.Kind {
    /// The earlier line that the message names.
    fileprivate var firstLine: Int? {
        switch self {
        case .duplicateKey(_, let line), .duplicateTable(_, let line), .tableOfDottedKeys(_, let line),
            .dottedKeyIntoTable(_, let line), .intoInlineTable(_, let line), .intoArray(_, let line),
            .intoArrayOfTables(_, let line), .arrayOfTablesNotTable(_, let line),
            .tableNotArrayOfTables(_, let line), .notATable(_, _, let line),
            .expected(.arraySeparator(let line), _):
            line
        default: nil
        }
    }
}

/// Prints documents, with tables inline or under headers.
private enum TOMLPrinter {
    static func inline(_ document: Plain) -> String {
        guard case .table(let entries) = document else { fatalError("a document is a table") }
        return entries.map { "\(quoted($0.key)) = \(value($0.value))\n" }.joined()
    }

    static func headers(_ document: Plain) -> String { body(document, path: []) }

    /// Values first, as a header ends them.
    private static func body(_ table: Plain, path: [String]) -> String {
        guard case .table(let entries) = table else { fatalError("a header is that of a table") }
        var values = ""
        var tables = ""
        for entry in entries {
            let below = path + [quoted(entry.key)]
            switch entry.value {
            case .table:
                tables += "[\(below.joined(separator: "."))]\n" + body(entry.value, path: below)
            case .array(let elements) where !elements.isEmpty && elements.allSatisfy(isTable):
                for element in elements {
                    tables += "[[\(below.joined(separator: " . "))]]\r\n" + body(element, path: below)
                }
            default:
                values += "\(quoted(entry.key))=\(value(entry.value))\n"
            }
        }
        return values + tables
    }

    private static func isTable(_ value: Plain) -> Bool {
        if case .table = value { true } else { false }
    }

    private static func value(_ value: Plain) -> String {
        switch value {
        case .string(let text): quoted(text)
        case .integer(let integer): "\(integer)"
        case .float(let float): float.isNaN ? "nan" : "\(float)"
        case .boolean(let boolean): "\(boolean)"
        case .offsetDateTime(let text), .localDateTime(let text), .localDate(let text), .localTime(let text): text
        case .array(let values): "[" + values.map { self.value($0) }.joined(separator: ", ") + "]"
        case .table(let entries):
            "{" + entries.map { "\(quoted($0.key)) = \(self.value($0.value))" }.joined(separator: ", ") + "}"
        }
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\":
                result += "\\\(scalar)"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default:
                result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
