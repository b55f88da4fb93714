import TestSupport
import Testing

@testable import JSON

@Suite struct EncodingTests {
    @Test(arguments: [
        ("[]", "[]"), ("{}", "{}"), ("[[],{}]", "[\n  [],\n  {}\n]"), ("1", "1"),
        (
            #"{"b":[1,{"x":null}],"a":"<"}"#,
            "{\n  \"a\": \"\\u003c\",\n  \"b\": [\n    1,\n    {\n      \"x\": null\n    }\n  ]\n}"
        ),
    ])
    func indentsAsGo(_ text: String, _ expected: String) throws {
        #expect(String(decoding: try rewrite(Array(text.utf8), indent: "  "), as: UTF8.self) == expected)
    }

    @Test(arguments: [
        (Int.min, "-9223372036854775808"), (Int.max, "9223372036854775807"), (0, "0"), (-10, "-10"), (1200, "1200"),
    ])
    func writesIntegers(_ value: Int, _ expected: String) {
        var writer = JSONWriter()
        writer.appendInt(value)
        #expect(String(decoding: writer.finish(), as: UTF8.self) == expected)
    }

    @Test(arguments: [
        (0.0, "0"), (-0.0, "-0"), (1e20, "100000000000000000000"), (1e21, "1e+21"),
        (123_456_789e12, "123456789000000000000"),
        (9.999999999999999e20, "999999999999999900000"), (1e-6, "0.000001"), (1e-7, "1e-7"),
        (1.5e-10, "1.5e-10"),
        (-2.5e100, "-2.5e+100"), (.leastNonzeroMagnitude, "5e-324"), (0.1, "0.1"), (100, "100"),
        (1e15, "1000000000000000"),
        (1_152_921_504_606_846_976, "1152921504606847000"), (0.30000000000000004, "0.30000000000000004"),
        (-1.25, "-1.25"),
    ])
    func writesFloats(_ value: Double, _ expected: String) throws {
        var writer = JSONWriter()
        try writer.appendNumber(value)
        #expect(String(decoding: writer.finish(), as: UTF8.self) == expected)
    }

    @Test(arguments: [(Double.nan, "NaN"), (.infinity, "+Inf"), (-.infinity, "-Inf")])
    func refusesWhatJSONHasNot(_ value: Double, _ name: String) {
        var writer = JSONWriter()
        do throws(JSONError) {
            try writer.appendNumber(value)
            Issue.record("written: \(name)")
        } catch {
            #expect(error.message == "json: unsupported value: \(name)")
        }
        #expect(writer.bytes.isEmpty)
    }

    @Test(
        arguments: [
            ([0x61, 0xFF, 0x62], "\"a\u{FFFD}b\""), ([0xE2, 0x80, 0xA8, 0xE2, 0x80, 0xA9], #""\u2028\u2029""#),
            ([0x3C, 0x3E, 0x26, 0x27], #""\u003c\u003e\u0026'""#), ([0x00, 0x1F, 0x7F], "\"\\u0000\\u001f\u{7F}\""),
            ([0x08, 0x0C, 0x0A, 0x0D, 0x09, 0x22, 0x5C, 0x2F], #""\b\f\n\r\t\"\\/""#), ([], "\"\""),
            ([0xED, 0xA0, 0x80], "\"\u{FFFD}\u{FFFD}\u{FFFD}\""), ([0xEF, 0xBF, 0xBD], "\"\u{FFFD}\""),
        ] as [([UInt8], String)])
    func writesStrings(_ bytes: [UInt8], _ expected: String) {
        var writer = JSONWriter()
        bytes.withUnsafeBufferPointer { writer.appendString($0) }
        #expect(String(decoding: writer.finish(), as: UTF8.self) == expected)
    }

    @Test func appendsToWhatIsThere() {
        var writer = JSONWriter(appendingTo: Array("x = ".utf8))
        writer.beginArray()
        writer.appendBool(true)
        writer.appendNull()
        writer.endArray()
        #expect(String(decoding: writer.finish(), as: UTF8.self) == "x = [true,null]")
    }

    @Test(arguments: [11, 12, 13, 14] as [UInt64])
    func readsWhatItWrites(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            var writer = JSONWriter(indent: Bool.random(using: &generator) ? [0x20] : nil)
            try writeRandom(&writer, depth: 0, &generator)
            let written = writer.finish()
            let again = try rewrite(written)
            // Keys come sorted and once after the first reading, so the second must change nothing.
            #expect(try rewrite(again) == again)
            #expect(try rewrite(rewrite(written, indent: "\t")) == again)
        }
    }

    private func writeRandom(_ writer: inout JSONWriter, depth: Int, _ generator: inout SeededGenerator) throws {
        switch Int.random(in: depth > 4 ? 2...6 : 0...6, using: &generator) {
        case 0:
            writer.beginArray()
            for _ in 0..<Int.random(in: 0...4, using: &generator) {
                try writeRandom(&writer, depth: depth + 1, &generator)
            }
            writer.endArray()
        case 1:
            writer.beginObject()
            for _ in 0..<Int.random(in: 0...4, using: &generator) {
                randomBytes(&generator).withUnsafeBufferPointer { writer.key($0) }
                try writeRandom(&writer, depth: depth + 1, &generator)
            }
            writer.endObject()
        case 2: writer.appendNull()
        case 3: writer.appendBool(Bool.random(using: &generator))
        case 4: writer.appendInt(Int.random(in: -1000...1000, using: &generator))
        case 5:
            let value = Double(bitPattern: generator.next())
            try writer.appendNumber(value.isFinite ? value : 0.5)
        default: randomBytes(&generator).withUnsafeBufferPointer { writer.appendString($0) }
        }
    }

    private func randomBytes(_ generator: inout SeededGenerator) -> [UInt8] {
        (0..<Int.random(in: 0...12, using: &generator)).map { _ in
            Bool.random(using: &generator) ? UInt8.random(in: 0...255, using: &generator) : 0x61
        }
    }

    @Test func floatsReadBackExactly() throws {
        var generator = SeededGenerator(seed: 99)
        for _ in 0..<5000 {
            let value = Double(bitPattern: generator.next())
            guard value.isFinite else { continue }
            var writer = JSONWriter()
            try writer.appendNumber(value)
            let text = writer.finish()
            let number = try text.withUnsafeBufferPointer { try JSONDocument(parsing: $0).tokens[0].number }
            #expect(number.bitPattern == value.bitPattern, "\(value)")
        }
    }
}
