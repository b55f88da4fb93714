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
    func nestsTenThousandDeep(_ opening: String) {
        func nested(_ depth: Int) -> [UInt8] {
            let closing = opening == "[" ? "]" : "}"
            let text = String(repeating: opening, count: depth - 1) + (opening == "[" ? "[]" : "{}")
            return Array((text + String(repeating: closing, count: depth - 1)).utf8)
        }
        #expect(nested(10_000).withUnsafeBufferPointer { (try? JSONDocument(parsing: $0))?.tokens.count } != nil)
        #expect(answer(nested(10_001)) == "!exceeded max depth")
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
        for text in [#"["\n",1e999]"#, "[]", "7"] {
            try Array(text.utf8).withUnsafeBufferPointer { input in
                try document.parse(input)
                #expect((try? document.require(.any, in: input)) == nil || text != #"["\n",1e999]"#)
            }
        }
        #expect(document.tokens.count == 1)
        #expect(document.unescaped.isEmpty)
        let bad = Array("[".utf8)
        _ = bad.withUnsafeBufferPointer { input in
            #expect(throws: JSONError.self) { try document.parse(input) }
        }
        #expect(document.tokens.isEmpty)
    }

    /// Would take hours if any of these were not linear.
    @Test(arguments: [
        ("[", 300_000), (#"{"a":1,"#, 300_000), ("9", 300_000), (#""\u00e9"#, 300_000), ("\"\u{FFFD}", 900_000),
    ])
    func takesLinearTime(_ piece: String, _ count: Int) {
        let text =
            (piece.hasPrefix("\"") ? "[\"" : "")
            + String(repeating: piece.filter { $0 != "\"" || piece.hasPrefix("{") }, count: count)
        #expect(answer(Array(text.utf8)).hasPrefix("!"))
    }
}
