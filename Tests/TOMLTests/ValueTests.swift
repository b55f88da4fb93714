import Testing

@testable import TOML

@Suite struct ValueTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let input: String
        let value: Plain
        var testDescription: String { name }

        init(_ name: String, _ input: String, _ value: Plain) {
            self.name = name
            self.input = input
            self.value = value
        }
    }

    @Test("The value of a key", arguments: strings + multilineStrings + numbers + dateTimes + containers)
    func value(_ row: Row) throws {
        #expect(try parsed("v = " + row.input) == table(("v", row.value)))
    }

    static let strings = [
        Row("empty basic", #""""#, .string("")),
        Row("basic", #""a b""#, .string("a b")),
        Row("short escapes", #""\b\t\n\f\r\"\\""#, .string("\u{8}\t\n\u{c}\r\"\\")),
        Row("escape between text", #""a\tb\tc""#, .string("a\tb\tc")),
        Row("four digits", #""\u00E9\u00e9""#, .string("\u{e9}\u{e9}")),
        Row("eight digits", #""\U0001F600""#, .string("\u{1F600}")),
        Row("NUL as escape", #""\u0000""#, .string("\0")),
        Row("characters beyond ASCII", "\"ü€😀\"", .string("ü€😀")),
        Row("tab", "\"a\tb\"", .string("a\tb")),
        Row("hash inside", #""a # b" # comment"#, .string("a # b")),
        Row("literal", #"'C:\n'"#, .string(#"C:\n"#)),
        Row("empty literal", "''", .string("")),
        Row("quote in literal", #"'"'"#, .string("\"")),
    ]

    static let multilineStrings = [
        Row("empty", #""""""""#, .string("")),
        Row("first newline is trimmed", "\"\"\"\na\nb\"\"\"", .string("a\nb")),
        Row("only the first newline is trimmed", "\"\"\"\n\na\"\"\"", .string("\na")),
        Row("first CRLF is trimmed, others stay", "\"\"\"\r\na\r\nb\"\"\"", .string("a\r\nb")),
        Row("line-ending backslash", "\"\"\"a \\\n   b\"\"\"", .string("a b")),
        Row("backslash, spaces, newlines", "\"\"\"a\\  \n\n\t \r\n b\"\"\"", .string("ab")),
        Row("backslash at the end", "\"\"\"a\\\n  \"\"\"", .string("a")),
        Row("one quote inside", #""""a"b""""#, .string("a\"b")),
        Row("two quotes inside", #""""a""b""""#, .string("a\"\"b")),
        Row("one quote before the end", #""""a"""""#, .string("a\"")),
        Row("two quotes before the end", #""""a""""""#, .string("a\"\"")),
        Row("escaped quotes", #""""a\"""b""""#, .string("a\"\"\"b")),
        Row("literal", "'''\na\\\n'b''c'''", .string("a\\\n'b''c")),
        Row("literal, two apostrophes before the end", "'''a'''''", .string("a''")),
        Row("literal, empty", "''''''", .string("")),
        Row("literal, CRLF", "'''\r\na\r\n'''", .string("a\r\n")),
    ]

    static let numbers = [
        Row("zero", "0", .integer(0)),
        Row("signed zeros", "[+0, -0]", .array([.integer(0), .integer(0)])),
        Row("plus", "+99", .integer(99)),
        Row("underscores", "1_2_345", .integer(12345)),
        Row("largest", "9223372036854775807", .integer(.max)),
        Row("smallest", "-9223372036854775808", .integer(.min)),
        Row("hexadecimal", "0xDead_beef", .integer(0xDEAD_BEEF)),
        Row("largest hexadecimal", "0x7fffffffffffffff", .integer(.max)),
        Row("octal", "0o0755", .integer(0o755)),
        Row("binary", "0b1101_0110", .integer(0b1101_0110)),
        Row("float", "3.1415", .float(3.1415)),
        Row("negative zero", "-0.0", .float(-0.0)),
        Row("exponents", "[5e+22, 1E6, -2e-2, 1e06]", .array([.float(5e22), .float(1e6), .float(-0.02), .float(1e6)])),
        Row("fraction and exponent", "6.626e-34", .float(6.626e-34)),
        Row("float with underscores", "9_224.4_5e1_0", .float(9224.45e10)),
        Row("too small is zero", "1e-400", .float(0)),
        Row("infinities", "[inf, +inf, -inf]", .array([.float(.infinity), .float(.infinity), .float(-.infinity)])),
        Row("not a number", "[nan, +nan, -nan]", .array([.float(.nan), .float(.nan), .float(.nan)])),
        Row("booleans", "[true, false]", .array([.boolean(true), .boolean(false)])),
    ]

    static let dateTimes = [
        Row("offset", "1979-05-27T07:32:00Z", .offsetDateTime("1979-05-27T07:32:00Z")),
        Row("lower case", "1979-05-27t07:32:00z", .offsetDateTime("1979-05-27T07:32:00Z")),
        Row("space", "1979-05-27 07:32:00-07:00", .offsetDateTime("1979-05-27T07:32:00-07:00")),
        Row("fraction", "1979-05-27T00:32:00.999999+23:59", .offsetDateTime("1979-05-27T00:32:00.999999+23:59")),
        Row("leap second", "1990-12-31T23:59:60Z", .offsetDateTime("1990-12-31T23:59:60Z")),
        Row("local", "1979-05-27T07:32:00", .localDateTime("1979-05-27T07:32:00")),
        Row("local with space", "1979-05-27 07:32:00.5 # x", .localDateTime("1979-05-27T07:32:00.5")),
        Row("date", "1979-05-27", .localDate("1979-05-27")),
        Row("date, space, comment", "1979-05-27 # x", .localDate("1979-05-27")),
        Row(
            "dates in an array", "[1979-05-27 ,1979-05-28]",
            .array([.localDate("1979-05-27"), .localDate("1979-05-28")])),
        Row("leap day", "2000-02-29", .localDate("2000-02-29")),
        Row("time", "07:32:00", .localTime("07:32:00")),
        Row("time with fraction", "23:59:59.010", .localTime("23:59:59.010")),
    ]

    static let containers = [
        Row("empty array", "[ ]", .array([])),
        Row("mixed array", "[1, 'a', [true]]", .array([.integer(1), .string("a"), .array([.boolean(true)])])),
        Row("trailing comma", "[1,]", .array([.integer(1)])),
        Row("array over lines", "[ # c\n\n 1 # d\r\n , # e\n 2\n]", .array([.integer(1), .integer(2)])),
        Row("empty inline table", "{ }", table()),
        Row("inline table", "{a = 1, \"b c\".d = 2}", table(("a", .integer(1)), ("b c", table(("d", .integer(2)))))),
        Row("inline dotted keys", "{a.b=1, a.c=2}", table(("a", table(("b", .integer(1)), ("c", .integer(2)))))),
        Row("array inside over lines", "{a = [\n1\n]}", table(("a", .array([.integer(1)])))),
        Row("tables in an array", "[{a=1}, {a=2}]", .array([table(("a", .integer(1))), table(("a", .integer(2)))])),
        Row(
            "tables side by side", "{a={x=1},b={y.z={}}}",
            table(("a", table(("x", .integer(1)))), ("b", table(("y", table(("z", table()))))))),
    ]
}

@Suite struct DocumentTests {
    typealias Row = ValueTests.Row

    @Test("A document", arguments: documents)
    func document(_ row: Row) throws {
        #expect(try parsed(row.input) == row.value)
    }

    static let documents = [
        Row("empty", "", table()),
        Row("only a comment", "# x", table()),
        Row("byte order mark", "\u{FEFF}a = 1", table(("a", .integer(1)))),
        Row("CRLF", "a = 1\r\n\r\n[b]\r\n", table(("a", .integer(1)), ("b", table()))),
        Row("no newline at the end", "[a]", table(("a", table()))),
        Row("bare keys", "1-_a = 1\n- = 2", table(("1-_a", .integer(1)), ("-", .integer(2)))),
        Row("quoted keys", "\"a.b\" = 1\n'' = 2", table(("a.b", .integer(1)), ("", .integer(2)))),
        Row("spaces around dots", "a . 'b' .c = 1", table(("a", table(("b", table(("c", .integer(1)))))))),
        Row("a float as key", "3.14 = 1", table(("3", table(("14", .integer(1)))))),
        Row(
            "composed and decomposed characters differ", "\"\u{e9}\" = 1\n\"e\u{301}\" = 2",
            table(("\u{e9}", .integer(1)), ("e\u{301}", .integer(2)))),
        Row(
            "table before its parent", "[a.b]\nx=1\n[a]\ny=2",
            table(("a", table(("b", table(("x", .integer(1)))), ("y", .integer(2)))))),
        Row(
            "dotted keys go on in their table", "a.b=1\nc=2\na.d=3",
            table(("a", table(("b", .integer(1)), ("d", .integer(3)))), ("c", .integer(2)))),
        Row(
            "a header below dotted keys", "[a]\nb.c=1\n[a.b.d]\ne=2",
            table(("a", table(("b", table(("c", .integer(1)), ("d", table(("e", .integer(2)))))))))),
        Row(
            "array of tables", "[[a]]\nx=1\n[[a]]\n[[a]]\nx=3",
            table(("a", .array([table(("x", .integer(1))), table(), table(("x", .integer(3)))])))),
        Row(
            "tables and arrays below an element", "[[a]]\n[a.b]\nx=1\n[[a.c]]\n[[a]]\n[a.b]\nx=2",
            table(
                (
                    "a",
                    .array([
                        table(("b", table(("x", .integer(1)))), ("c", .array([table()]))),
                        table(("b", table(("x", .integer(2))))),
                    ])
                ))),
        Row(
            "spaces in headers", "  [ a . b ]  # c\n[[ d ]]",
            table(("a", table(("b", table()))), ("d", .array([table()])))),
    ]

    @Test func positions() throws {
        let text = "a = 'x'\n  [b]\n \"é\".d=  [1,\n  'ü', {e = 2}]\n[[f]]\n[[f]]\n"
        let root = try TOMLParser.parse(Array(text.utf8))
        var found: [String] = []
        func walk(_ table: TOMLTable, _ path: String) {
            for entry in table.entries {
                let name = path + entry.key
                found.append("\(name) \(entry.position.line):\(entry.position.column)")
                walk(entry.value, name)
            }
        }
        func walk(_ value: TOMLValue, _ name: String) {
            found.append("=\(name) \(value.position.line):\(value.position.column)")
            switch value.kind {
            case .table(let table): walk(table, name + ".")
            case .array(let values): for (place, value) in values.enumerated() { walk(value, name + "[\(place)]") }
            default: break
            }
        }
        walk(root, "")
        #expect(
            found == [
                "a 1:1", "=a 1:5",
                "b 2:4", "=b 2:4", "b.é 3:2", "=b.é 3:2", "b.é.d 3:6", "=b.é.d 3:10",
                "=b.é.d[0] 3:11", "=b.é.d[1] 4:3", "=b.é.d[2] 4:8", "b.é.d[2].e 4:9", "=b.é.d[2].e 4:13",
                "f 5:3", "=f 5:3", "=f[0] 5:3", "=f[1] 6:3",
            ])
    }

    @Test("A key is found in small and large tables", arguments: [1, 8, 9, 10, 100])
    func lookUp(count: Int) throws {
        let text = (0..<count).map { "k\($0) = \($0)\n" }.joined()
        let root = try TOMLParser.parse(Array(text.utf8))
        for number in 0..<count {
            guard case .integer(Int64(number))? = root["k\(number)"]?.kind else {
                Issue.record("k\(number) is not found")
                continue
            }
        }
        #expect(root["k"].map(Plain.init) == nil)
        #expect(root["k\(count)"].map(Plain.init) == nil)
    }

    @Test func tableOfEntries() {
        let position = TOMLPosition(line: 1, column: 1)
        let entries = (0..<12).map {
            TOMLTable.Entry(key: "k\($0)", position: position, value: TOMLValue(.integer($0), at: position))
        }
        #expect(TOMLTable(entries)["k11"].map(Plain.init) == .integer(11))
        #expect(TOMLTable()["k"].map(Plain.init) == nil)
    }
}
