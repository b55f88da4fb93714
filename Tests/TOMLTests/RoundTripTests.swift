import TestSupport
import Testing

@testable import TOML

/// Property tests over seeded random documents.
@Suite struct RoundTripTests {
    @Test("What is printed is parsed to the same", arguments: 0..<300 as Range<UInt64>)
    func roundTrip(seed: UInt64) throws {
        var printer = Printer(random: SeededGenerator(seed: seed))
        let document = printer.randomTable(depth: 0)
        let text = printer.document(document)
        #expect(try parsed(text).sorted == document.sorted, "\(text)")
    }

    @Test(
        "A damaged document is refused or parsed, and what is parsed survives printing",
        arguments: 0..<300 as Range<UInt64>)
    func damaged(seed: UInt64) throws {
        var printer = Printer(random: SeededGenerator(seed: seed))
        var bytes = Array(printer.document(printer.randomTable(depth: 0)).utf8)
        for _ in 0..<Int.random(in: 1...3, using: &printer.random) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &printer.random)
            switch Int.random(in: 0..<3, using: &printer.random) {
            case 0: bytes.remove(at: place)
            case 1: bytes.insert(bytes.randomElement(using: &printer.random) ?? 0, at: place)
            default:
                bytes[place] = Array("[]{}.=,\"'\\#\n\r\t 0a_-+:eTZ\0".utf8).randomElement(using: &printer.random) ?? 0
            }
        }
        // The parser may refuse the document, but must not crash.
        guard let table = try? TOMLParser.parse(bytes) else { return }
        #expect(try parsed(printer.document(Plain(table))).sorted == Plain(table).sorted)
    }
}

/// Makes random values and prints them as TOML in randomly chosen spellings.
private struct Printer {
    var random: SeededGenerator

    private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    // MARK: Values

    mutating func randomTable(depth: Int) -> Plain {
        var entries: [Plain.Entry] = []
        for _ in 0..<Int.random(in: 0...12, using: &random) {
            let key = randomText()
            if entries.contains(where: { $0.key.utf8.elementsEqual(key.utf8) }) { continue }
            entries.append(Plain.Entry(key: key, value: randomValue(depth: depth + 1)))
        }
        return .table(entries)
    }

    private mutating func randomValue(depth: Int) -> Plain {
        switch Int.random(in: depth < 4 ? 0..<14 : 0..<10, using: &random) {
        case 0: return .integer([0, 1, -1, .max, .min].randomElement(using: &random) ?? 0)
        case 1: return .integer(Int64.random(in: .min ... .max, using: &random))
        case 2: return .boolean(chance(50))
        case 3: return .float([0.0, -0.0, .infinity, -.infinity, .nan, 1e300].randomElement(using: &random) ?? 0)
        case 4: return .float(Double(bitPattern: random.next()))
        case 5: return .offsetDateTime("2024-02-29T23:59:60.5+01:30")
        case 6: return .localDateTime("0000-01-01T00:00:00")
        case 7:
            return [.localDate("1999-12-31"), .localTime("12:30:00.25")].randomElement(using: &random) ?? .integer(0)
        case 10, 11: return randomTable(depth: depth)
        case 12: return .array((0..<Int.random(in: 0...4, using: &random)).map { _ in randomValue(depth: depth + 1) })
        case 13: return .array((0..<Int.random(in: 1...3, using: &random)).map { _ in randomTable(depth: depth + 1) })
        default: return .string(randomText())
        }
    }

    private mutating func randomText() -> String {
        let pieces = [
            "a", "b-c", "_9", " ", "\"", "'", "\\", "\n", "\r", "\t", "\0", "é", "e\u{301}", "😀", "\u{7F}", "#", ".",
            "\"\"\"", "'''",
        ]
        return (0..<Int.random(in: 0...4, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }
            .joined()
    }

    // MARK: Documents

    mutating func document(_ table: Plain) -> String { tableBody(table, path: []) }

    /// Values first, then the tables as headers or inline.
    private mutating func tableBody(_ table: Plain, path: [String]) -> String {
        guard case .table(let entries) = table else { return "" }
        var values = ""
        var tables = ""
        for entry in entries {
            let below = path + [key(entry.key)]
            switch entry.value {
            case .table where chance(60):
                tables += "[" + below.joined(separator: chance(20) ? " . " : ".") + "]" + newline()
                tables += tableBody(entry.value, path: below)
            case .table(let inner) where !inner.isEmpty && chance(30):
                for innerEntry in inner {
                    values += key(entry.key) + "." + key(innerEntry.key) + " = " + value(innerEntry.value) + newline()
                }
            case .array(let elements) where !elements.isEmpty && elements.allSatisfy(\.isTable) && chance(60):
                for element in elements {
                    tables += "[[" + below.joined(separator: ".") + "]]" + newline()
                    tables += tableBody(element, path: below)
                }
            default:
                values += key(entry.key) + (chance(50) ? " = " : "=") + value(entry.value) + newline()
            }
        }
        return values + tables
    }

    private mutating func newline() -> String {
        ["\n", "\r\n", " # comment é\n", "\t\n\n"].randomElement(using: &random) ?? "\n"
    }

    private mutating func key(_ key: String) -> String {
        let isBare = !key.isEmpty && key.utf8.allSatisfy(Byte.isBareKey)
        return isBare && chance(80) ? key : singleLineString(key)
    }

    private mutating func value(_ value: Plain) -> String {
        switch value {
        case .string(let text): return string(text)
        case .integer(let integer):
            return integer >= 0 && chance(30) ? "0x" + String(integer, radix: 16, uppercase: chance(50)) : "\(integer)"
        case .float(let float):
            if float.isNaN { return "nan" }
            let text = "\(float)"
            return text.hasPrefix("inf") && chance(50) ? "+" + text : text
        case .boolean(let boolean): return "\(boolean)"
        case .offsetDateTime(let text), .localDateTime(let text):
            return chance(50) ? text : text.split(separator: "T").joined(separator: " ")
        case .localDate(let text), .localTime(let text): return text
        case .array(let elements):
            let separator = chance(30) ? " ,\n# comment\n " : ", "
            let trailing = !elements.isEmpty && chance(30) ? "," : ""
            return "[" + elements.map { self.value($0) }.joined(separator: separator) + trailing + "]"
        case .table(let entries):
            return "{" + entries.map { key($0.key) + " = " + self.value($0.value) }.joined(separator: ", ") + " }"
        }
    }

    private mutating func string(_ text: String) -> String {
        if chance(30) { return "\"\"\"\n" + escaped(text, keepingNewlines: true) + "\"\"\"" }
        if chance(30) && canBeLiteral(text, multiline: true) { return "'''\n" + text + "'''" }
        return singleLineString(text)
    }

    private mutating func singleLineString(_ text: String) -> String {
        chance(50) && canBeLiteral(text, multiline: false) ? "'" + text + "'" : "\"" + escaped(text) + "\""
    }

    private func canBeLiteral(_ text: String, multiline: Bool) -> Bool {
        text.utf8.allSatisfy { $0 != Byte.apostrophe && (!Byte.isControl($0) || multiline && $0 == Byte.lineFeed) }
    }

    private mutating func escaped(_ text: String, keepingNewlines: Bool = false) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n" where keepingNewlines: result += "\n"
            case "\n" where chance(50): result += "\\n"
            case "\"": result += "\\\""
            case "\\": result += chance(90) || !keepingNewlines ? "\\\\" : "\\\\\\\n \t\n"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F || chance(5):
                let digits = String(scalar.value, radix: 16)
                result += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

extension Plain {
    fileprivate var isTable: Bool {
        if case .table = self { return true }
        return false
    }
}
