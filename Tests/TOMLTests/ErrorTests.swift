import Testing

@testable import TOML

/// Every error with its whole message and its exact position.
@Suite struct ErrorTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let input: [UInt8]
        let error: String
        var testDescription: String { String(decoding: input, as: UTF8.self).debugDescription }

        init(_ input: String, _ error: String) {
            self.input = Array(input.utf8)
            self.error = error
        }

        init(_ input: [UInt8], _ error: String) {
            self.input = input
            self.error = error
        }
    }

    @Test(arguments: encoding + grammar + strings + numbers + dateTimes + definitions)
    func error(_ row: Row) {
        #expect(firstError(row.input) == row.error)
    }

    static let encoding = [
        Row([0xFF], "1:1: invalid UTF-8"),
        Row(Array("a = 1\n# é ".utf8) + [0xC3, 0x0A], "2:5: invalid UTF-8"),
        Row([0xEF, 0xBB, 0xBF, 0x23, 0x80], "1:2: invalid UTF-8"),
        Row(Array("a = '".utf8) + [0xED, 0xA0, 0x80] + Array("'".utf8), "1:6: invalid UTF-8"),
        Row([0xFF, 0xFE, 0x61, 0x00], "1:1: the file is UTF-16; TOML must be UTF-8"),
        Row([0xFE, 0xFF, 0x00, 0x61], "1:1: the file is UTF-16; TOML must be UTF-8"),
        Row("a = 1\n\u{FEFF}b = 2", "2:1: expected a key, found \"\u{FEFF}\""),
        Row("\0", "1:1: control character U+0000 is not allowed"),
        Row("a = 1 \u{7}", "1:7: control character U+0007 is not allowed"),
        Row("# \u{1F}", "1:3: control character U+001F in a comment"),
        Row("# \u{7F}", "1:3: control character U+007F in a comment"),
        Row("# a\rb", "1:4: control character U+000D in a comment"),
        Row("a = '\u{1}'", "1:6: control character U+0001 in a string; write it as an escape"),
        Row("a = \"\u{7F}\"", "1:6: control character U+007F in a string; write it as an escape"),
        Row("a = \"\r\"", "1:6: control character U+000D in a string; write it as an escape"),
        Row("a = \"\"\"x\n\u{1}\"\"\"", "2:1: control character U+0001 in a string; write it as an escape"),
        Row("a = '''\n\n\0'''", "3:1: control character U+0000 in a string; write it as an escape"),
        Row("a = '''\rx'''", "1:9: expected a line feed after a carriage return, found \"x\""),
        Row("a = 1\rb = 2", "1:7: expected a line feed after a carriage return, found \"b\""),
        Row("\r", "1:2: expected a line feed after a carriage return, found the end of the file"),
    ]

    static let grammar = [
        Row("a = ]", "1:5: expected a value, found \"]\""),
        Row("a =", "1:4: expected a value, found the end of the file"),
        Row("a = \nb = 1", "1:5: expected a value, found the end of the line"),
        Row("a = \r\nb = 1", "1:5: expected a value, found the end of the line"),
        Row("a = # b", "1:5: expected a value, found a comment"),
        Row("a = foo", "1:5: expected a value, found \"foo\"; strings need quotes"),
        Row("a = foo bar", "1:5: expected a value, found \"foo\"; strings need quotes"),
        Row("a = _1", "1:5: expected a value, found \"_1\"; strings need quotes"),
        Row("a = /etc/x", "1:5: expected a value, found \"/\""),
        Row("a = é", "1:5: expected a value, found \"é\""),
        Row("a = True", "1:5: \"True\" is not a boolean; write it in lower case"),
        Row("a = truer", "1:5: expected a value, found \"truer\"; strings need quotes"),
        Row("a = 1 b = 2", "1:7: expected the end of the line, found \"b\""),
        Row("é = 1", "1:1: expected a key, found \"é\""),
        Row("= 1", "1:1: expected a key, found \"=\""),
        Row(".a = 1", "1:1: expected a key, found \".\""),
        Row("a. = 1", "1:4: expected a key after \".\", found \"=\""),
        Row("a..b = 1", "1:3: expected a key after \".\", found \".\""),
        Row("a", "1:2: expected \"=\" after key \"a\", found the end of the file"),
        Row("a\n= 1", "1:2: expected \"=\" after key \"a\", found the end of the line"),
        Row("a b = 1", "1:3: expected \"=\" after key \"a\", found \"b\""),
        Row("a.b: 1", "1:4: expected \"=\" after key \"a.b\", found \":\""),
        Row("\"\"\"a\"\"\" = 1", "1:1: a multi-line string cannot be a key"),
        Row("a.'''b''' = 1", "1:3: a multi-line string cannot be a key"),
        Row("[", "1:2: expected a key, found the end of the file"),
        Row("[]", "1:2: expected a key, found \"]\""),
        Row("[a.]", "1:4: expected a key after \".\", found \"]\""),
        Row("[a", "1:3: expected \"]\" after the table's name, found the end of the file"),
        Row("[a b]", "1:4: expected \"]\" after the table's name, found \"b\""),
        Row("[[a]", "1:4: expected \"]]\" after the table's name, found \"]\""),
        Row("[[a] ]", "1:4: expected \"]]\" after the table's name, found \"]\""),
        Row("[a]]", "1:4: expected the end of the line, found \"]\""),
        Row("[a] b = 1", "1:5: expected the end of the line, found \"b\""),
        Row("a = [1 2]", "1:8: expected \",\" or \"]\" in the array that begins at line 1, found \"2\""),
        Row("a = [1", "1:7: expected \",\" or \"]\" in the array that begins at line 1, found the end of the file"),
        Row("a = [1\nb = 2", "2:1: expected \",\" or \"]\" in the array that begins at line 1, found \"b\""),
        Row("a = [,]", "1:6: expected a value, found \",\""),
        Row("a = [1,,2]", "1:8: expected a value, found \",\""),
        Row("a = [", "1:6: expected a value, found the end of the file"),
        Row("a = {b = 1 c = 2}", "1:12: expected \",\" or \"}\" in the inline table, found \"c\""),
        Row("a = {b = 1", "1:11: expected \",\" or \"}\" in the inline table, found the end of the file"),
        Row("a = {b = 1,}", "1:12: expected a key after \",\", found \"}\""),
        Row("a = {,}", "1:6: expected a key, found \",\""),
        Row("a = {\nb = 1}", "1:6: an inline table must be closed on its line"),
        Row("a = {b = 1,\r\nc = 1}", "1:12: an inline table must be closed on its line"),
        Row("a = {b = 1 # c", "1:12: an inline table must be closed on its line"),
        Row(
            "a = " + String(repeating: "x", count: 100),
            "1:5: expected a value, found \"\(String(repeating: "x", count: 60))…\"; strings need quotes"),
    ]

    static let strings = [
        Row("a = \"b", "1:5: string is not closed at the end of its line"),
        Row("a = \"b\n\"", "1:5: string is not closed at the end of its line"),
        Row("a = 'b\r\n'", "1:5: string is not closed at the end of its line"),
        Row("a = 'b", "1:5: string is not closed at the end of its line"),
        Row("'b\n' = 1", "1:1: string is not closed at the end of its line"),
        Row("a = \"\"\"b\n\"\"", "1:5: multi-line string is not closed"),
        Row("\n  a = '''b\n''", "2:7: multi-line string is not closed"),
        Row(#"a = """b"""""""#, "1:14: expected the end of the line, found \"\"\""),
        Row(#"a = "é\q""#, #"1:7: unknown escape "\q"; write "\\" for a backslash"#),
        Row(#"a = "\é""#, #"1:6: unknown escape "\é"; write "\\" for a backslash"#),
        Row("a = \"\\\n\"", #"1:6: unknown escape "\"; write "\\" for a backslash"#),
        Row("a = \"\\", #"1:6: unknown escape "\"; write "\\" for a backslash"#),
        Row("a = \"\"\"\n\\ x\"\"\"", #"2:1: unknown escape "\ "; write "\\" for a backslash"#),
        Row(#"a = "\x41""#, #"1:6: unknown escape "\x"; write "\\" for a backslash"#),
        Row(#"a = "\u12g4""#, #"1:6: "\u" needs 4 hexadecimal digits"#),
        Row(#"a = "\U1234567""#, #"1:6: "\U" needs 8 hexadecimal digits"#),
        Row(#"a = "\ud800""#, #"1:6: "\ud800" is not a Unicode character"#),
        Row(#"a = "\U00110000""#, #"1:6: "\U00110000" is not a Unicode character"#),
        Row(#"a = "\UFFFFFFFF""#, #"1:6: "\UFFFFFFFF" is not a Unicode character"#),
    ]

    static let numbers = [
        Row("a = 1.2.3", "1:5: \"1.2.3\" is not a number; strings need quotes"),
        Row("a = 10.0.0.1", "1:5: \"10.0.0.1\" is not a number; strings need quotes"),
        Row("a = 5m", "1:5: \"5m\" is not a number; strings need quotes"),
        Row("a = .5", "1:5: \".5\" is not a number; strings need quotes"),
        Row("a = 5.", "1:5: \"5.\" is not a number; strings need quotes"),
        Row("a = 5.e1", "1:5: \"5.e1\" is not a number; strings need quotes"),
        Row("a = 1e", "1:5: \"1e\" is not a number; strings need quotes"),
        Row("a = 1e+", "1:5: \"1e+\" is not a number; strings need quotes"),
        Row("a = 1e1.5", "1:5: \"1e1.5\" is not a number; strings need quotes"),
        Row("a = +", "1:5: \"+\" is not a number; strings need quotes"),
        Row("a = --1", "1:5: \"--1\" is not a number; strings need quotes"),
        Row("a = +Inf", "1:5: \"+Inf\" is not a number; strings need quotes"),
        Row("a = 0x", "1:5: \"0x\" is not a number; strings need quotes"),
        Row("a = 0xg", "1:5: \"0xg\" is not a number; strings need quotes"),
        Row("a = 0o8", "1:5: \"0o8\" is not a number; strings need quotes"),
        Row("a = 0b12", "1:5: \"0b12\" is not a number; strings need quotes"),
        Row("a = 0XF", "1:5: \"0XF\" is not a number; strings need quotes"),
        Row("a = 012", "1:5: number \"012\" must not begin with 0"),
        Row("a = -01.5", "1:5: number \"-01.5\" must not begin with 0"),
        Row("a = +0x1", "1:5: number \"+0x1\" must not have a sign: only decimal numbers may"),
        Row("a = 1__0", "1:6: \"_\" must stand between two digits"),
        Row("a = 1_", "1:6: \"_\" must stand between two digits"),
        Row("a = 0x_1", "1:7: \"_\" must stand between two digits"),
        Row("a = 1_.5", "1:6: \"_\" must stand between two digits"),
        Row("a = 1._5", "1:7: \"_\" must stand between two digits"),
        Row("a = 1e_5", "1:7: \"_\" must stand between two digits"),
        Row("a = 9223372036854775808", "1:5: integer does not fit in 64 bits"),
        Row("a = -9223372036854775809", "1:5: integer does not fit in 64 bits"),
        Row("a = 0x8000000000000000", "1:5: integer does not fit in 64 bits"),
        Row("a = 1e400", "1:5: float is out of range"),
    ]

    private static let dateTimeForms = "write YYYY-MM-DD, hh:mm:ss or YYYY-MM-DDThh:mm:ssZ"

    static let dateTimes = [
        Row("a = 1979-13-01", "1:10: month 13 is not between 1 and 12"),
        Row("a = 1979-00-01", "1:10: month 0 is not between 1 and 12"),
        Row("a = 1979-04-31", "1:13: day 31 is not between 1 and 30"),
        Row("a = 1900-02-29", "1:13: day 29 is not between 1 and 28"),
        Row("a = 2000-02-30", "1:13: day 30 is not between 1 and 29"),
        Row("a = 1979-01-00", "1:13: day 0 is not between 1 and 31"),
        Row("a = 24:00:00", "1:5: hour 24 is not between 0 and 23"),
        Row("a = 00:60:00", "1:8: minute 60 is not between 0 and 59"),
        Row("a = 00:00:61", "1:11: second 61 is not between 0 and 60"),
        Row("a = 1979-01-01T00:00:00+24:00", "1:25: offset hour 24 is not between 0 and 23"),
        Row("a = 1979-01-01 00:00:00+00:60", "1:28: offset minute 60 is not between 0 and 59"),
        Row("a = 1979-1-1", "1:5: \"1979-1-1\" is not a date or time; \(dateTimeForms)"),
        Row("a = 19790-01-01", "1:5: \"19790-01-01\" is not a date or time; \(dateTimeForms)"),
        Row("a = 1-2", "1:5: \"1-2\" is not a date or time; \(dateTimeForms)"),
        Row("a = 7:32:00", "1:5: \"7:32:00\" is not a date or time; \(dateTimeForms)"),
        Row("a = 07:32", "1:5: \"07:32\" is not a date or time; \(dateTimeForms)"),
        Row("a = 07:32:00.", "1:5: \"07:32:00.\" is not a date or time; \(dateTimeForms)"),
        Row("a = 07:32:00Z", "1:5: \"07:32:00Z\" is not a date or time; \(dateTimeForms)"),
        Row("a = 1979-01-01T", "1:5: \"1979-01-01T\" is not a date or time; \(dateTimeForms)"),
        Row("a = 1979-01-01x00:00:00", "1:5: \"1979-01-01x00:00:00\" is not a date or time; \(dateTimeForms)"),
        Row("a = 1979-01-01 00:00", "1:5: \"1979-01-01 00:00\" is not a date or time; \(dateTimeForms)"),
        Row("a = 1979-01-01T00:00:00x", "1:5: \"1979-01-01T00:00:00x\" is not a date or time; \(dateTimeForms)"),
        Row("a = 1979-01-01T00:00:00+00", "1:5: \"1979-01-01T00:00:00+00\" is not a date or time; \(dateTimeForms)"),
        Row("a = 1979-01-01T00:00:00ZZ", "1:5: \"1979-01-01T00:00:00ZZ\" is not a date or time; \(dateTimeForms)"),
        Row(
            "a = 1979-01-01T00:00:00+00:000",
            "1:5: \"1979-01-01T00:00:00+00:000\" is not a date or time; \(dateTimeForms)"),
        Row("a = 1979-01-01 x", "1:16: expected the end of the line, found \"x\""),
    ]

    static let definitions = [
        Row("a = 1\n\na = 2", "3:1: key \"a\" is defined twice (first at line 1)"),
        Row("a.b = 1\n\"a\" . b = 2", "2:7: key \"a.b\" is defined twice (first at line 1)"),
        Row("[x]\na = 1\n'a' = 2", "3:1: key \"a\" is defined twice (first at line 2)"),
        Row("a = {b = 1, b = 2}", "1:13: key \"b\" is defined twice (first at line 1)"),
        Row("[a.b]\n[a]\nb = 1", "3:1: key \"b\" is defined twice (first at line 1)"),
        Row("a = 1\n[a]", "2:2: key \"a\" is defined twice (first at line 1)"),
        Row("a = 1\n[[a]]", "2:3: key \"a\" is defined twice (first at line 1)"),
        Row("[a]\n[b]\n[a]", "3:2: table \"a\" is defined twice (first at line 1)"),
        Row("[a.b]\n[a]\n[a]", "3:2: table \"a\" is defined twice (first at line 2)"),
        Row("[a]\nb.c = 1\n[a.b]", "3:4: table \"a.b\" is already defined by a dotted key at line 2"),
        Row("[a.b]\n[a]\nb.c = 1", "3:1: table \"b\" is defined at line 1; a dotted key cannot add to it"),
        Row("[a.b.c]\n[a]\nb.c.d = 1", "3:3: table \"b.c\" is defined at line 1; a dotted key cannot add to it"),
        Row("a = {}\na.b = 1", "2:1: \"a\" is an inline table (defined at line 1); nothing can be added to it"),
        Row("a = {}\n[a.b]", "2:2: \"a\" is an inline table (defined at line 1); nothing can be added to it"),
        Row("a = {}\n[a]", "2:2: \"a\" is an inline table (defined at line 1); nothing can be added to it"),
        Row("a.b = {}\n[[a.b]]", "2:5: \"a.b\" is an inline table (defined at line 1); nothing can be added to it"),
        Row("a = []\n[[a]]", "2:3: \"a\" is an array (defined at line 1); nothing can be added to it"),
        Row("a = [{}]\n[a.b]", "2:2: \"a\" is an array (defined at line 1); nothing can be added to it"),
        Row("a = []\na.b = 1", "2:1: \"a\" is an array (defined at line 1); nothing can be added to it"),
        Row(
            "[[a.b]]\n[a]\nb.c = 1",
            "3:1: \"b\" is an array of tables (first at line 1); a dotted key cannot add to it"),
        Row("[[a]]\n[a]", "2:2: \"a\" is an array of tables (first at line 1); write [[a]] to add to it"),
        Row("[a]\n[[a]]", "2:3: \"a\" is a table (defined at line 1), not an array of tables"),
        Row("[a.b]\n[[a]]", "2:3: \"a\" is a table (defined at line 1), not an array of tables"),
        Row("a = 'x'\na.b = 1", "2:1: \"a\" is not a table: it is defined as a string at line 1"),
        Row("a = 1\n[a.b]", "2:2: \"a\" is not a table: it is defined as an integer at line 1"),
        Row("a = 1.5\n[[a.b]]", "2:3: \"a\" is not a table: it is defined as a float at line 1"),
        Row("a = true\na.b = 1", "2:1: \"a\" is not a table: it is defined as a boolean at line 1"),
        Row("a = 07:32:00\na.b = 1", "2:1: \"a\" is not a table: it is defined as a date or time at line 1"),
    ]
}
