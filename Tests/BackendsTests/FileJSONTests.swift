import Testing

@testable import Backends

/// JSON as the file backend reads it.
@Suite struct FileJSONTests {
    @Test(arguments: documents)
    func document(text: String, expected: [String]) throws {
        let pairs = try JSONReader.pairs(Array(text.utf8))
        let lines = pairs.map { String(decoding: $0.key + [UInt8(ascii: "=")] + $0.value, as: UTF8.self) }
        #expect(lines == expected)
    }

    static let documents: [(text: String, expected: [String])] = [
        ("{}", []),
        ("null", []),
        (#"{"a": {"b": "c"}, "d": [1, [true, {"e": false}]]}"#, ["/a/b=c", "/d/0=1", "/d/1/0=true", "/d/1/1/e=false"]),
        (#"{"a": null, "b": {}, "c": [], "d": [null, 1]}"#, ["/d/1=1"]),
        (#"{"a": "yes", "b": "12", "c": ""}"#, ["/a=yes", "/b=12", "/c="]),
        (#"{"y": 1, "12": 2, "null": 3}"#, ["/y=1", "/12=2", "/null=3"]),
        (#"{"a": "\u00e9\ud83d\ude00\/\n"}"#, ["/a=é😀/\n"]),
        (#"{"a/b": 1, "a": {"": 2, "..": 3}}"#, ["/a/b=1", "/a=2", "/=3"]),
        (#"{"a": {"x": 1}, "a": {"y": 2}}"#, ["/a/y=2"]),
        ("{\n\t\"a\":\t1\n}", ["/a=1"]),
        // Integers keep all digits, where a float64 would not.
        (
            "{\"a\": [9007199254740993, 18446744073709551615, -9223372036854775808, 0, -0]}",
            ["/a/0=9007199254740993", "/a/1=18446744073709551615", "/a/2=-9223372036854775808", "/a/3=0", "/a/4=0"]
        ),
        (
            "{\"a\": [1.0, 1.50, 1e3, 1E-7, 1e21, -0.0, 123456789.125, 1e400]}",
            [
                "/a/0=1", "/a/1=1.5", "/a/2=1000", "/a/3=0.0000001", "/a/4=1000000000000000000000", "/a/5=-0",
                "/a/6=123456789.125", "/a/7=1e400",
            ]
        ),
    ]

    @Test(arguments: errors)
    func error(text: String, message: String) {
        #expect(firstError("f.json", Array(text.utf8)) == message)
    }

    static let errors: [(text: String, message: String)] = [
        ("", "f.json:1:1: unexpected end of JSON input"),
        ("[1]", "f.json:1:1: expected a mapping at the top level, found a list"),
        (" 1", "f.json:1:2: expected a mapping at the top level, found a single value"),
        ("{\n  \"é\": tru\n}", "f.json:2:11: invalid character '\\n' in literal true (expecting 'e')"),
        ("{\"a\": 1,}", "f.json:1:9: invalid character '}' looking for beginning of object key string"),
        ("{\"a\": 1} x", "f.json:1:10: invalid character 'x' after top-level value"),
    ]
}
