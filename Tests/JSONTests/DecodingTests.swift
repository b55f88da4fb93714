import Testing

@testable import JSON

@Suite struct DecodingTests {
    @Test(arguments: ["values", "errors"])
    func decodesAsGo(_ table: String) throws {
        let rows = (table == "values" ? goldenValues : goldenErrors).split(separator: "\n")
        #expect(rows.count > 200)
        for row in rows {
            let fields = row.split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false)
            let expected = String(decoding: unescaped(try #require(fields.last)), as: UTF8.self)
            #expect(answer(unescaped(fields[0])) == expected, "\(fields[0])")
        }
    }

    static let array = "json: cannot unmarshal array into Go value of type map[string]interface {}"
    static let object = "json: cannot unmarshal object into Go value of type []interface {}"

    @Test(arguments: [
        ("{}", "={}", "!" + object), ("null", "=null", "=null"), ("[]", "!" + array, "=[]"),
        ("[1]", "!" + array, "=[1]"),
        (
            "1", "!json: cannot unmarshal number into Go value of type map[string]interface {}",
            "!json: cannot unmarshal number into Go value of type []interface {}"
        ),
        (
            #""s""#, "!json: cannot unmarshal string into Go value of type map[string]interface {}",
            "!json: cannot unmarshal string into Go value of type []interface {}"
        ),
        (
            "true", "!json: cannot unmarshal bool into Go value of type map[string]interface {}",
            "!json: cannot unmarshal bool into Go value of type []interface {}"
        ),
        ("", "!unexpected end of JSON input", "!unexpected end of JSON input"),
        ("[1e999]", "!" + array, "!json: cannot unmarshal number 1e999 into .0 of type float64"),
        (#"{"a":1e999}"#, "!json: cannot unmarshal number 1e999 into Go struct field .a of type float64", "!" + object),
        ("[1", "!unexpected end of JSON input", "!unexpected end of JSON input"),
    ])
    func decodesForTargets(_ text: String, _ object: String, _ array: String) {
        #expect(answer(Array(text.utf8), as: .object) == object)
        #expect(answer(Array(text.utf8), as: .array) == array)
    }

    @Test(arguments: [
        ("[1,]", 3), ("", 0), ("  x", 2), (#"{"a":tru}"#, 8), ("[1e999]", 1), ("\"\\x\"", 1), ("[1", 2), ("[] x", 3),
    ])
    func saysWhere(_ text: String, _ offset: Int) {
        #expect(throws: JSONError.self) { try rewrite(Array(text.utf8)) }
        do throws(JSONError) { _ = try rewrite(Array(text.utf8)) } catch { #expect(error.offset == offset) }
    }

    @Test(arguments: ["[", #"{"a":"#])
    func nestsTenThousandDeep(_ opening: String) throws {
        func nested(_ depth: Int) -> [UInt8] {
            let closing = opening == "[" ? "]" : "}"
            let text = String(repeating: opening, count: depth - 1) + (opening == "[" ? "[]" : "{}")
            return Array((text + String(repeating: closing, count: depth - 1)).utf8)
        }
        func parse(_ depth: Int) throws(JSONError) -> Int {
            try nested(depth).withUnsafeBufferPointer { input throws(JSONError) in
                try JSONDocument(parsing: input).tokens.count
            }
        }
        #expect(try parse(10_000) == (opening == "[" ? 10_000 : 19_999))
        let error = #expect(throws: JSONError.self) { try parse(10_001) }
        #expect(error?.message == "exceeded max depth")
    }

    @Test func tapeLeadsFromValueToValue() throws {
        let input = Array(#"{"a":[1,[2],{"x":[]}],"b\n":"c","d":-0.50}"#.utf8)
        try input.withUnsafeBufferPointer { input in
            let document = try JSONDocument(parsing: input)
            let keys = document.keys(of: 0)
            #expect(keys.map { document.withString(at: $0, in: input) { Array($0) } } == [[97], [98, 10], [100]])
            #expect(document.tokens[0].count == 3)
            #expect(document.tokens[0].end == document.tokens.count)
            let elements = document.elements(of: keys[0] + 1)
            #expect(elements.map { document.tokens[$0].kind } == [.number, .array, .object])
            #expect(document.tokens[keys[1]].isUnescaped && !document.tokens[keys[1] + 1].isUnescaped)
            let number = document.tokens[keys[2] + 1]
            #expect(number.number == -0.5)
            #expect(String(decoding: input[number.range], as: UTF8.self) == "-0.50")
        }
    }

    @Test func parsingAgainForgetsWhatWasThere() throws {
        var document = JSONDocument()
        try parse(#"["\n",1e999]"#, &document)
        #expect(document.tokens.count == 3 && document.unescaped == [10])
        try parse("7", &document)
        #expect(document.tokens.count == 1 && document.unescaped.isEmpty)
        #expect(throws: JSONError.self) { try parse("[", &document) }
        #expect(document.tokens.isEmpty)
        try parse("[8]", &document)
        #expect(document.tokens.map(\.number) == [0, 8])
    }

    private func parse(_ text: String, _ document: inout JSONDocument) throws(JSONError) {
        try Array(text.utf8).withUnsafeBufferPointer { input throws(JSONError) in
            try document.parse(input)
            if text.contains("999") { return }
            try document.require(.any, in: input)
        }
    }

    /// Each of these but the first, which is limited, would take minutes if the time grew with the square of the length.
    @Test(
        .timeLimit(.minutes(5)),
        arguments: [
            ("open arrays", "", "[", 9_000), ("members", "{", #""a":1,"#, 300_000), ("elements", "[", "[],", 300_000),
            ("digits", "", "9", 900_000), ("escapes", "\"", #"\u00e9"#, 300_000),
            ("plain text", "\"", "abcdefg", 300_000), ("not ASCII", "\"", "\u{00FF}", 300_000),
            ("space", "", " ", 900_000),
        ])
    func takesLinearTime(_ name: String, _ start: String, _ piece: String, _ count: Int) {
        let text = start + String(repeating: piece, count: count)
        // None of them ends as it should, but for the number, which is too large.
        #expect(answer(Array(text.utf8)).hasPrefix(name == "digits" ? "!json: cannot" : "!unexpected end"))
    }
}
